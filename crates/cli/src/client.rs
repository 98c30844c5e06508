//! The client half of the local API.

use std::{net::TcpStream, path::Path, time::Duration};

use hushwing_api::{
    Code, CodeUsed, Frame,
    schema::{Command, CommandError, Event, Reply},
    session::{Session, SessionSecret},
};
use serde::{Serialize, de::DeserializeOwned};
use tungstenite::{
    HandshakeError, Message,
    client::IntoClientRequest,
    http::{HeaderValue, header::AUTHORIZATION},
};
use ureq::Agent;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// Until the daemon must have answered. The slowest command, a relay's test,
/// builds circuits and has its own shorter deadline; this one is for a daemon
/// that hangs.
const ANSWER_DEADLINE: Duration = Duration::from_secs(300);

/// Until a connection on the same machine must be there.
const CONNECT_DEADLINE: Duration = Duration::from_secs(5);

/// Bytes of an answer: 1,000 messages of 8 KiB, which JSON escapes to at most
/// six times their length.
const MAX_ANSWER_LEN: u64 = 64 * 1024 * 1024;

/// Bytes of one event: a message of 8 KiB, escaped, and room.
const MAX_EVENT_LEN: usize = 128 * 1024;

/// Without a sign of life for this long the daemon is gone: it pings four times
/// as often.
const SILENCE_DEADLINE: Duration = Duration::from_secs(60);

/// A daemon to talk to.
pub(crate) struct Client {
    session: Session,
    agent: Agent,
}

impl Client {
    /// Finds the daemon of `dir`.
    ///
    /// `[HW-CLI-7]` No proxy, whatever the environment says, and no redirect:
    /// the secret and the passphrase go to 127.0.0.1 and nowhere else.
    pub(crate) fn of(dir: &Path) -> Result<Self, Failure> {
        let session = Session::read(dir)?;
        let agent = Agent::config_builder()
            .proxy(None)
            .max_redirects(0)
            .http_status_as_error(false)
            .user_agent("")
            .timeout_connect(Some(CONNECT_DEADLINE))
            .timeout_global(Some(ANSWER_DEADLINE))
            .build()
            .new_agent();
        Ok(Self { session, agent })
    }

    /// Asks the daemon to carry out `command`.
    pub(crate) fn call(&self, command: &Command) -> Result<Reply, Failure> {
        self.post("/v0/command", command)
    }

    /// A code that opens the app once.
    pub(crate) fn make_code(&self) -> Result<SessionSecret, Failure> {
        let Code { code } = self.post("/v0/codes", &serde_json::Value::Null)?;
        Ok(code)
    }

    /// The address that opens the app with `code`.
    pub(crate) fn app_address(&self, code: &SessionSecret) -> Zeroizing<String> {
        self.session.app_address(code)
    }

    /// Waits until `code` was used, or can no longer be; says which.
    pub(crate) fn wait_for_code(&self, code: &SessionSecret) -> Result<bool, Failure> {
        let code = code.clone();
        let CodeUsed { used } = self.post("/v0/codes/wait", &Code { code })?;
        Ok(used)
    }

    fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        question: &impl Serialize,
    ) -> Result<T, Failure> {
        let body = serde_json::to_vec(question)
            .map(Zeroizing::new)
            .map_err(|e| Failure::Here(format!("the command cannot be written down: {e}")))?;
        let mut answer = self
            .agent
            .post(format!("http://{}{path}", self.session.address))
            .header("Authorization", &*self.bearer())
            .header("Content-Type", "application/json")
            .send(&body[..])
            .map_err(|e| unanswered(&e))?;
        let success = answer.status().is_success();
        let body = answer
            .body_mut()
            .with_config()
            .limit(MAX_ANSWER_LEN)
            .read_to_vec()
            .map(Zeroizing::new)
            .map_err(|e| unanswered(&e))?;
        if success {
            return serde_json::from_slice(&body).map_err(|_| other_version());
        }
        Err(match serde_json::from_slice::<CommandError>(&body) {
            Ok(error) => Failure::Command(error),
            Err(_) => other_version(),
        })
    }

    /// Hands every event to `tell` until the daemon ends.
    pub(crate) fn listen(
        &self,
        mut tell: impl FnMut(&Event) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let gone = || Failure::NoDaemon("the daemon has stopped".into());
        let address = self.session.address;
        let stream = TcpStream::connect_timeout(&address, CONNECT_DEADLINE).map_err(|_| gone())?;
        stream.set_read_timeout(Some(SILENCE_DEADLINE))?;
        let mut request = format!("ws://{address}/v0/events")
            .into_client_request()
            .map_err(|_| other_version())?;
        let mut bearer = HeaderValue::from_str(&self.bearer()).map_err(|_| other_version())?;
        bearer.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, bearer);
        let config = tungstenite::protocol::WebSocketConfig::default()
            .max_message_size(Some(MAX_EVENT_LEN))
            .max_frame_size(Some(MAX_EVENT_LEN));
        let (mut socket, _) =
            tungstenite::client::client_with_config(request, stream, Some(config))
                .map_err(refused_to_listen)?;
        loop {
            match socket.read() {
                Ok(Message::Text(text)) => {
                    let frame = serde_json::from_str(&text).map_err(|_| other_version())?;
                    if let Frame::Told(told) = frame {
                        tell(&told.event)?;
                    }
                }
                Ok(Message::Close(_)) | Err(_) => return Err(gone()),
                Ok(_) => {}
            }
        }
    }

    fn bearer(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("Bearer {}", self.session.secret.expose()))
    }
}

fn unanswered(error: &ureq::Error) -> Failure {
    match error {
        ureq::Error::Timeout(_) => Failure::Here(
            "the daemon does not answer; whether the command was carried out is not known. Look \
             with: hushwing status"
                .into(),
        ),
        _ => Failure::NoDaemon(
            "the daemon cannot be reached; it may have just stopped. Start it with: hushwing run"
                .into(),
        ),
    }
}

type Handshake = tungstenite::handshake::client::ClientHandshake<TcpStream>;

fn refused_to_listen(error: HandshakeError<Handshake>) -> Failure {
    let HandshakeError::Failure(tungstenite::Error::Http(response)) = error else {
        return Failure::NoDaemon("the daemon has stopped".into());
    };
    let body = response.body().as_deref().unwrap_or_default();
    match serde_json::from_slice::<CommandError>(body) {
        Ok(error) => Failure::Command(error),
        Err(_) => other_version(),
    }
}

fn other_version() -> Failure {
    Failure::Here(
        "the daemon and this command do not understand each other; restart the daemon, so that \
         both are of one version"
            .into(),
    )
}
