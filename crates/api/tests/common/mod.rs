//! A server on its own folder, and requests of which a test changes one thing.

#![allow(dead_code)] // Each test file uses its part.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::Arc,
    time::Duration,
};

use hushwing_api::{
    Backend, Limits, Server,
    schema::CommandError,
    session::{DaemonLock, Session},
};
use tempfile::TempDir;

/// So that a broken server fails a test instead of hanging it.
pub(crate) const HANG: Duration = Duration::from_secs(30);

/// A running server.
pub(crate) struct Running {
    pub(crate) dir: TempDir,
    pub(crate) server: Server,
    pub(crate) address: SocketAddr,
    pub(crate) secret: String,
}

/// Serves `backend` on a folder of its own.
pub(crate) async fn serve(backend: Arc<dyn Backend>, limits: Limits) -> Running {
    let dir = tempfile::tempdir().unwrap();
    let lock = DaemonLock::acquire(dir.path()).unwrap();
    let server = Server::start(lock, backend, limits).await.unwrap();
    let session = Session::read(dir.path()).unwrap();
    Running {
        address: session.address,
        secret: session.secret.expose().to_owned(),
        dir,
        server,
    }
}

/// A request, of which a test changes one thing.
#[derive(Clone)]
pub(crate) struct Ask {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Ask {
    pub(crate) fn good(running: &Running) -> Self {
        Self {
            method: "POST",
            target: "/v0/command".into(),
            headers: vec![
                ("Host", running.address.to_string()),
                ("Authorization", format!("Bearer {}", running.secret)),
                ("Content-Type", "application/json".into()),
            ],
            body: br#"{"command":"relay_list"}"#.to_vec(),
        }
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(there, _)| *there != name);
        self
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn instead(self, name: &'static str, value: impl Into<String>) -> Self {
        self.without(name).with(name, value)
    }

    pub(crate) async fn send(self, to: SocketAddr) -> Answer {
        tokio::task::spawn_blocking(move || self.send_blocking(to))
            .await
            .unwrap()
    }

    fn send_blocking(self, to: SocketAddr) -> Answer {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!(
            "Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.body.len()
        );
        let mut stream = TcpStream::connect(to).unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        // A refused request may find the connection closed under its body.
        let _ = stream.write_all(&self.body);
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        Answer::parse(&String::from_utf8(bytes).unwrap())
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        Self {
            status: head
                .split(' ')
                .nth(1)
                .and_then(|code| code.parse().ok())
                .unwrap_or_else(|| panic!("not an answer: {text:?}")),
            head: head.to_ascii_lowercase(),
            body: body.into(),
        }
    }

    pub(crate) fn error(&self) -> CommandError {
        serde_json::from_str(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }
}
