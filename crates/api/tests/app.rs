//! The app from outside, over real sockets: who gets its files, how it is opened, and
//! what other pages, other programs and old codes get.

#![allow(clippy::unwrap_used)] // Helpers fail a test as an assertion does.

mod common;

use std::{
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use common::{Answer, Ask, HANG, Running, serve};
use hushwing_api::{
    Backend, Beginning, Frame, Limits,
    schema::{BackupView, Command, CommandError, ErrorCode, Event, Reply, VaultState},
};
use tokio::sync::broadcast;
use tungstenite::{Message, WebSocket, client::IntoClientRequest, http::HeaderValue};

const ID: &str = "00112233445566778899aabbccddeeff";
const OTHER_ID: &str = "ffeeddccbbaa99887766554433221100";

/// Counts what it is asked to do, and makes and reads the files that it is told of.
struct Counting {
    asked: AtomicUsize,
    events: broadcast::Sender<Event>,
}

#[async_trait]
impl Backend for Counting {
    async fn call(&self, command: Command) -> Result<Reply, CommandError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let backup = |len| BackupView {
            made_at_ms: 1,
            contacts: 2,
            messages: 3,
            len,
        };
        let failed = |e: std::io::Error| CommandError::new(ErrorCode::Machine, e.to_string());
        match command {
            Command::RelayList => Ok(Reply::Relays { relays: vec![] }),
            Command::BackupCreate { file, .. } => {
                std::fs::write(&file, vec![7; 200_000]).map_err(failed)?;
                Ok(Reply::Backup(backup(200_000)))
            }
            Command::BackupCheck { file, .. } | Command::Restore { file, .. } => {
                let len = std::fs::read(&file).map_err(failed)?.len();
                Ok(Reply::Backup(backup(len as u64)))
            }
            _ => Ok(Reply::Done),
        }
    }

    fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }
}

struct App {
    running: Running,
    backend: Arc<Counting>,
}

impl App {
    async fn start(limits: Limits) -> Self {
        let (events, _) = broadcast::channel(64);
        let backend = Arc::new(Counting {
            asked: AtomicUsize::new(0),
            events,
        });
        let running = serve(backend.clone(), limits).await;
        Self { running, backend }
    }

    fn asked(&self) -> usize {
        self.backend.asked.load(Ordering::SeqCst)
    }

    fn origin(&self) -> String {
        format!("http://{}", self.running.address)
    }

    /// What a browser sends to load a file, by itself.
    fn get(&self, target: &str) -> Ask {
        Ask {
            method: "GET",
            target: target.into(),
            headers: vec![("Host", self.running.address.to_string())],
            body: vec![],
        }
    }

    async fn send(&self, ask: Ask) -> Answer {
        ask.send(self.running.address).await
    }

    async fn make_code(&self) -> String {
        let ask = Ask {
            target: "/v0/codes".into(),
            ..Ask::good(&self.running).body("null")
        };
        field(&self.send(ask).await, "code")
    }

    /// What the page sends to exchange a code.
    fn exchange(&self, code: &str) -> Ask {
        Ask {
            target: "/v0/session".into(),
            ..Ask::good(&self.running)
                .without("Authorization")
                .with("Origin", self.origin())
                .with("Sec-Fetch-Site", "same-origin")
                .body(format!(r#"{{"code":"{code}"}}"#))
        }
    }

    /// Opens the app; gives the token and the code for once more.
    async fn open(&self) -> (String, String) {
        let code = self.make_code().await;
        let opened = self.send(self.exchange(&code)).await;
        (field(&opened, "token"), field(&opened, "again"))
    }

    /// A command that a page with `token` sends.
    fn command(&self, token: &str) -> Ask {
        Ask::good(&self.running)
            .instead("Authorization", format!("Bearer {token}"))
            .with("Origin", self.origin())
            .with("Sec-Fetch-Site", "same-origin")
    }

    fn file(&self, method: &'static str, id: &str, token: &str) -> Ask {
        Ask {
            method,
            target: format!("/v0/files/{id}"),
            ..self
                .command(token)
                .instead("Content-Type", "application/octet-stream")
                .body("")
        }
    }

    fn listen(&self, query: &str, protocols: &str) -> Result<Listener, u16> {
        let address = self.running.address;
        let mut request = format!("ws://{address}/v0/events{query}")
            .into_client_request()
            .unwrap();
        let headers = request.headers_mut();
        headers.insert("origin", HeaderValue::from_str(&self.origin()).unwrap());
        headers.insert(
            "sec-websocket-protocol",
            HeaderValue::from_str(protocols).unwrap(),
        );
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        match tungstenite::client(request, stream) {
            Ok((socket, response)) => {
                let chosen = response.headers().get("sec-websocket-protocol");
                assert_eq!(chosen.unwrap(), "hushwing.v0");
                Ok(Listener(socket))
            }
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(response))) => {
                Err(response.status().as_u16())
            }
            Err(other) => panic!("{other}"),
        }
    }

    fn listen_as(&self, query: &str, token: &str) -> Result<Listener, u16> {
        self.listen(query, &format!("hushwing.v0, hushwing.token.{token}"))
    }

    fn warn(&self, text: &str) {
        let event = Event::Warning { text: text.into() };
        self.backend.events.send(event).unwrap();
    }
}

struct Listener(WebSocket<TcpStream>);

impl Listener {
    fn frame(&mut self) -> Option<Frame> {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => return Some(serde_json::from_str(&text).unwrap()),
                Ok(Message::Ping(_) | Message::Pong(_)) => {}
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(other) => panic!("{other:?}"),
            }
        }
    }

    /// The run, the serial, and whether it goes on.
    fn beginning(&mut self) -> (String, u64, bool) {
        match self.frame() {
            Some(Frame::Beginning(Beginning::Listening {
                run,
                serial,
                resumed,
            })) => (run, serial, resumed),
            other => panic!("{other:?}"),
        }
    }

    fn warning(&mut self) -> (u64, String) {
        match self.frame() {
            Some(Frame::Told(told)) => match told.event {
                Event::Warning { text } => (told.serial, text),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }
}

fn field(answer: &Answer, name: &str) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    let value: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    value[name].as_str().unwrap().to_owned()
}

/// Claim L1.
#[tokio::test]
async fn the_app_can_do_nothing_but_load_its_own_files_and_talk_to_the_daemon() {
    let app = App::start(Limits::default()).await;
    let answer = app.send(app.get("/")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.contains("<title>Hushwing</title>"));
    let address = app.running.address;
    for line in [
        "content-type: text/html; charset=utf-8",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
        "x-frame-options: deny",
        "referrer-policy: no-referrer",
        "cross-origin-opener-policy: same-origin",
        "cross-origin-embedder-policy: require-corp",
        "cross-origin-resource-policy: same-origin",
        &format!(
            "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; \
             img-src 'self' blob:; font-src 'self'; connect-src 'self' ws://{address}; \
             frame-ancestors 'none'; base-uri 'none'; form-action 'none'; \
             require-trusted-types-for 'script'; trusted-types svelte-trusted-html\r\n"
        ),
    ] {
        assert!(answer.head.contains(line), "{line}: {answer:?}");
    }
    for feature in ["camera", "microphone", "geolocation", "display-capture"] {
        assert!(answer.head.contains(&format!("{feature}=()")), "{feature}");
    }
    assert!(!answer.head.contains("set-cookie"));
    assert!(!answer.body.contains(&app.running.secret));
    // Nothing in an answer that is no file of it may run at all.
    let answer = app.send(Ask::good(&app.running)).await;
    assert!(
        answer
            .head
            .contains("policy: default-src 'none'; frame-ancestors 'none'\r\n")
    );
}

/// Claim L1.
#[tokio::test]
async fn without_a_secret_there_is_nothing_but_the_files() {
    let app = App::start(Limits::default()).await;
    let post = |target: &str| Ask {
        method: "POST",
        ..app.get(target).with("Content-Type", "application/json")
    };
    for (ask, status) in [
        (app.get("/?x=1"), 401),
        (app.get("/index.html"), 401),
        (app.get("/.gitignore"), 401),
        (app.get("/assets/../../Cargo.toml"), 401),
        (app.get("//"), 401),
        (app.get("/api.json"), 401),
        (app.get("/v0/command"), 401),
        (app.get("/v0/session"), 401),
        (app.get("/v0/codes"), 401),
        (app.get("/v0/events"), 401),
        (app.get(&format!("/v0/files/{ID}")), 401),
        (post("/"), 401),
        (post("/v0/command").body(r#"{"command":"relay_list"}"#), 401),
        (post("/v0/codes").body("null"), 401),
        (post("/v0/codes/wait").body(r#"{"code":"x"}"#), 401),
        (post("/v0/strength").body(r#"{"passphrase":"x"}"#), 401),
        (post("/v0/session/").body(r#"{"code":"x"}"#), 401),
        (post("/v0/session").body(r#"{"code":"x"}"#), 401),
        (post("/v0/session").body(r#"{"code":""}"#), 401),
        (post("/v0/session").body("{}"), 400),
        (post("/v0/session").body(r#"{"code":7}"#), 400),
        (
            post("/v0/session")
                .instead("Content-Type", "text/plain")
                .body(r#"{"code":"x"}"#),
            415,
        ),
        (
            post("/v0/session").body(format!(r#"{{"code":"{}"}}"#, "x".repeat(300))),
            413,
        ),
    ] {
        let what = format!("{} {}", ask.method, ask.target);
        let answer = app.send(ask).await;
        assert_eq!(answer.status, status, "{what}: {answer:?}");
    }
    assert_eq!(app.send(app.get("/")).await.status, 200);
    assert_eq!(app.asked(), 0);
}

/// Claim L1. What a browser sends for other pages: forms, fetch, images, frames, scripts,
/// and links, which alone lead to the page, and to nothing else.
#[tokio::test]
async fn another_page_gets_no_further_than_a_link() {
    let app = App::start(Limits::default()).await;
    let (token, _) = app.open().await;
    let code = app.make_code().await;
    let from = |ask: Ask, site: &str, mode: &str, dest: &str| {
        ask.without("Sec-Fetch-Site")
            .with("Sec-Fetch-Site", site)
            .with("Sec-Fetch-Mode", mode)
            .with("Sec-Fetch-Dest", dest)
    };
    for site in ["cross-site", "same-site"] {
        for (mode, dest, status) in [
            ("navigate", "document", 200),
            ("navigate", "iframe", 403),
            ("navigate", "frame", 403),
            ("navigate", "embed", 403),
            ("navigate", "object", 403),
            ("no-cors", "image", 403),
            ("no-cors", "script", 403),
            ("no-cors", "document", 403),
            ("cors", "empty", 403),
            ("websocket", "websocket", 403),
        ] {
            let answer = app.send(from(app.get("/"), site, mode, dest)).await;
            assert_eq!(answer.status, status, "{site} {mode} {dest}");
            assert!(answer.head.contains("x-frame-options: deny"));
        }
        // Whatever they know: not even with what opens the app.
        for ask in [
            from(app.get("/v0/events"), site, "navigate", "document"),
            from(
                app.get(&format!("/v0/files/{ID}")),
                site,
                "navigate",
                "document",
            ),
            from(app.get("/?x"), site, "navigate", "document"),
            from(app.get("/assets/x.js"), site, "navigate", "document"),
            from(app.command(&token), site, "navigate", "document"),
            from(app.exchange(&code), site, "navigate", "document"),
            from(app.exchange(&code), site, "cors", "empty"),
        ] {
            let what = format!("{site} {} {}", ask.method, ask.target);
            let answer = app.send(ask).await;
            assert_eq!((answer.status, &*answer.body), (403, ""), "{what}");
        }
    }
    // A form's request for the page itself has an origin, unlike a link.
    let link = from(app.get("/"), "cross-site", "navigate", "document");
    for (ask, status) in [
        (link.clone().with("Origin", "https://evil.example"), 403),
        (link.clone().with("Origin", "null"), 403),
        (link.clone().instead("Host", "evil.example"), 403),
        (link.clone().with("Sec-Fetch-Site", "none"), 403),
        (
            Ask {
                method: "POST",
                ..link
            },
            403,
        ),
    ] {
        let answer = app.send(ask).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
    for (header, value) in [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Host", "evil.example"),
        ("Host", "localhost"),
    ] {
        for ask in [app.exchange(&code), app.command(&token), app.get("/")] {
            let answer = app.send(ask.instead(header, value)).await;
            assert_eq!(
                (answer.status, &*answer.body),
                (403, ""),
                "{header}: {value}"
            );
        }
    }
    assert_eq!(app.asked(), 0);
    // The code was not used up by any of them.
    assert_eq!(app.send(app.exchange(&code)).await.status, 200);
}

/// Claim L1.
#[tokio::test]
async fn a_code_opens_the_app_once() {
    let app = App::start(Limits::default()).await;
    let code = app.make_code().await;
    assert_eq!(code.len(), 43);
    // It opens nothing by itself.
    assert_eq!(app.send(app.command(&code)).await.status, 401);
    let mut wrong = code.clone().into_bytes();
    wrong[7] ^= 1;
    let wrong = String::from_utf8(wrong).unwrap();
    assert_eq!(app.send(app.exchange(&wrong)).await.status, 401);
    let opened = app.send(app.exchange(&code)).await;
    let (token, again) = (field(&opened, "token"), field(&opened, "again"));
    let replayed = app.send(app.exchange(&code)).await;
    assert_eq!((replayed.status, &*replayed.body), (401, ""));
    assert_eq!(app.send(app.command(&token)).await.status, 200);
    assert_eq!(app.asked(), 1);
    // Loaded again: a new token, and the old one is over.
    let reloaded = app.send(app.exchange(&again)).await;
    let newer = field(&reloaded, "token");
    assert_eq!(app.send(app.command(&token)).await.status, 401);
    assert_eq!(app.send(app.command(&newer)).await.status, 200);
    assert_eq!(app.send(app.exchange(&again)).await.status, 401);
    assert_eq!(app.send(app.exchange(&token)).await.status, 401);
    let secret = app.running.secret.clone();
    assert_eq!(app.send(app.exchange(&secret)).await.status, 401);
}

/// Claim L1.
#[tokio::test]
async fn an_old_code_and_a_forgotten_page_open_nothing() {
    let limits = Limits {
        code_lifetime: Duration::from_millis(150),
        max_idle: Duration::from_millis(150),
        ..Limits::default()
    };
    let app = App::start(limits).await;
    let (token, again) = app.open().await;
    let code = app.make_code().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(app.send(app.exchange(&code)).await.status, 401);
    assert_eq!(app.send(app.command(&token)).await.status, 401);
    assert_eq!(app.send(app.exchange(&again)).await.status, 401);
    assert_eq!(app.asked(), 0);
}

/// Claim L1.
#[tokio::test]
async fn a_page_cannot_open_another_or_name_a_file() {
    let app = App::start(Limits::default()).await;
    let (token, _) = app.open().await;
    for (target, body) in [("/v0/codes", "null"), ("/v0/codes/wait", r#"{"code":"x"}"#)] {
        let ask = Ask {
            target: target.into(),
            ..app.command(&token).body(body)
        };
        let answer = app.send(ask).await;
        assert_eq!((answer.status, &*answer.body), (403, ""), "{target}");
    }
    let elsewhere = app.running.dir.path().join("elsewhere");
    let elsewhere = elsewhere.to_str().unwrap();
    for file in [
        elsewhere,
        "/etc/passwd",
        "spool:",
        "spool:../../api.json",
        "spool:00112233445566778899AABBCCDDEEFF",
        "spool:00112233445566778899aabbccddeef",
        "spool:00112233445566778899aabbccddeeff0",
    ] {
        for command in ["backup_create", "backup_check", "restore"] {
            let body = format!(
                r#"{{"command":"{command}","file":"{file}","passphrase":"plover tundra eggshell wharf"}}"#
            );
            let answer = app.send(app.command(&token).body(body)).await;
            assert_eq!(answer.status, 400, "{command} {file}");
            assert_eq!(answer.error().code, ErrorCode::BadInput);
        }
    }
    assert_eq!(app.asked(), 0);
    // A program of this user can.
    let body = format!(r#"{{"command":"backup_create","file":"{elsewhere}","passphrase":"x"}}"#);
    let answer = app.send(Ask::good(&app.running).body(body)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn whoever_opens_the_app_learns_whether_it_was_opened() {
    let limits = Limits {
        code_lifetime: Duration::from_millis(400),
        ..Limits::default()
    };
    let app = App::start(limits).await;
    let wait = |code: &str| Ask {
        target: "/v0/codes/wait".into(),
        ..Ask::good(&app.running).body(format!(r#"{{"code":"{code}"}}"#))
    };
    let code = app.make_code().await;
    let (waited, opened) = tokio::join!(app.send(wait(&code)), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        app.send(app.exchange(&code)).await
    });
    assert_eq!(opened.status, 200);
    assert_eq!(waited.body, r#"{"used":true}"#);
    let unused = app.make_code().await;
    assert_eq!(app.send(wait(&unused)).await.body, r#"{"used":false}"#);
    assert_eq!(app.send(wait("nobody's")).await.body, r#"{"used":false}"#);
}

/// Claim L1.
#[tokio::test(flavor = "multi_thread")]
async fn a_page_listens_with_its_token_alone_and_not_longer_than_it_holds() {
    let app = App::start(Limits::default()).await;
    let (token, again) = app.open().await;
    for protocols in [
        "hushwing.v0".to_owned(),
        "hushwing.v0, hushwing.token.".to_owned(),
        format!("hushwing.v0, hushwing.token.{again}"),
        format!("hushwing.v0, hushwing.token.x, hushwing.token.{token}"),
        format!("hushwing.v0, {token}"),
    ] {
        assert_eq!(app.listen("", &protocols).err(), Some(401), "{protocols}");
    }
    // A token among subprotocols opens nothing but the stream.
    let ask = app.command(&token).without("Authorization");
    let ask = ask.with("Sec-WebSocket-Protocol", format!("hushwing.token.{token}"));
    assert_eq!(app.send(ask).await.status, 401);

    let mut listener = app.listen_as("", &token).unwrap();
    assert!(!listener.beginning().2);
    app.warn("one");
    assert_eq!(listener.warning(), (1, "one".into()));
    assert_eq!(app.send(app.exchange(&again)).await.status, 200);
    assert!(listener.frame().is_none(), "the page was opened again");
    assert_eq!(app.listen_as("", &token).err(), Some(401));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_listens_is_not_forgotten() {
    let limits = Limits {
        max_idle: Duration::from_millis(100),
        ..Limits::default()
    };
    let app = App::start(limits).await;
    let (token, _) = app.open().await;
    let mut listener = app.listen_as("", &token).unwrap();
    listener.beginning();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(app.send(app.command(&token)).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_comes_back_misses_nothing() {
    let app = App::start(Limits::default()).await;
    let (token, _) = app.open().await;
    let mut listener = app.listen_as("", &token).unwrap();
    let (run, serial, resumed) = listener.beginning();
    assert_eq!((serial, resumed), (0, false));
    app.warn("one");
    assert_eq!(listener.warning(), (1, "one".into()));
    drop(listener);
    app.warn("two");
    app.warn("three");
    let mut back = app
        .listen_as(&format!("?run={run}&after=1"), &token)
        .unwrap();
    assert_eq!(back.beginning(), (run.clone(), 1, true));
    assert_eq!(back.warning(), (2, "two".into()));
    assert_eq!(back.warning(), (3, "three".into()));
    // Another run's place means nothing, and neither does one that is not reached yet.
    for query in [
        "?run=0011223344556677&after=1".to_owned(),
        format!("?run={run}&after=9"),
        "?after=1".to_owned(),
        format!("?run={run}"),
    ] {
        let mut other = app.listen_as(&query, &token).unwrap();
        assert_eq!(other.beginning(), (run.clone(), 3, false), "{query}");
    }
    for query in [format!("?run={run}&after=x"), "?after=-1".to_owned()] {
        assert_eq!(app.listen_as(&query, &token).err(), Some(400), "{query}");
    }
}

/// Claim Z1.
#[tokio::test(flavor = "multi_thread")]
async fn after_a_lock_nobody_hears_what_was_before_it() {
    let app = App::start(Limits::default()).await;
    let (token, _) = app.open().await;
    let mut first = app.listen_as("", &token).unwrap();
    let (run, ..) = first.beginning();
    app.warn("a secret");
    assert_eq!(first.warning(), (1, "a secret".into()));
    let locked = Event::Vault {
        vault: VaultState::Locked,
    };
    app.backend.events.send(locked.clone()).unwrap();
    match first.frame() {
        Some(Frame::Told(told)) => assert_eq!((told.serial, told.event), (2, locked)),
        other => panic!("{other:?}"),
    }
    let mut back = app
        .listen_as(&format!("?run={run}&after=0"), &token)
        .unwrap();
    assert_eq!(back.beginning(), (run, 2, false));
}

#[tokio::test]
async fn a_backup_reaches_a_page_and_comes_back_from_it() {
    let app = App::start(Limits::default()).await;
    let (token, _) = app.open().await;
    let command = |name: &str, id: &str| {
        app.command(&token).body(format!(
            r#"{{"command":"{name}","file":"spool:{id}","passphrase":"x"}}"#
        ))
    };
    assert_eq!(app.send(app.file("GET", ID, &token)).await.status, 404);
    assert_eq!(app.send(command("backup_create", ID)).await.status, 200);
    let fetched = app.send(app.file("GET", ID, &token)).await;
    assert_eq!((fetched.status, fetched.body.len()), (200, 200_000));
    assert!(
        fetched
            .head
            .contains("content-type: application/octet-stream")
    );
    assert!(fetched.head.contains("content-length: 200000"));

    let sent = app.file("PUT", OTHER_ID, &token).body(vec![1; 100_000]);
    let sent = app.send(sent).await;
    assert_eq!((sent.status, &*sent.body), (200, r#"{"len":100000}"#));
    for _ in 0..2 {
        let checked = app.send(command("backup_check", OTHER_ID)).await;
        assert!(checked.body.contains(r#""len":100000"#), "{checked:?}");
    }
    // No others can be opened by their owner's name, and all are private.
    let dir = app.running.dir.path().join("spool");
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(&dir.join(OTHER_ID)), 0o600);

    // Bounded in number.
    let third = app.file("PUT", &"1".repeat(32), &token).body("x");
    let third = app.send(third).await;
    assert_eq!((third.status, third.error().code), (429, ErrorCode::Limit));
    let third = app.send(command("backup_create", &"2".repeat(32))).await;
    assert_eq!((third.status, third.error().code), (429, ErrorCode::Limit));
    for id in [ID, OTHER_ID, ID] {
        let deleted = app.send(app.file("DELETE", id, &token)).await;
        assert_eq!(deleted.status, 204);
    }
    assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 0);
}

#[tokio::test]
async fn what_is_handed_in_is_bounded_and_leaves_nothing_behind() {
    let limits = Limits {
        max_spool_file_len: 1000,
        max_spool_age: Duration::from_millis(200),
        body_deadline: Duration::from_millis(200),
        ..Limits::default()
    };
    let app = App::start(limits).await;
    let (token, _) = app.open().await;
    let dir = app.running.dir.path().join("spool");
    let count = || std::fs::read_dir(&dir).unwrap().count();
    let put = |id: &str| app.file("PUT", id, &token);
    let too_long = app.send(put(ID).body(vec![1; 1001])).await;
    assert_eq!(too_long.status, 413, "{too_long:?}");
    let form = put(ID).instead("Content-Type", "multipart/form-data");
    assert_eq!(app.send(form.body("x")).await.status, 415);
    assert_eq!(app.send(put("../api.json").body("x")).await.status, 404);
    assert_eq!(app.send(put("..%2fapi.json").body("x")).await.status, 400);
    assert_eq!(app.send(put("ab").body("x")).await.status, 400);
    assert_eq!(count(), 0);
    // It breaks off.
    {
        use std::io::Write;
        let mut stream = TcpStream::connect(app.running.address).unwrap();
        let address = app.running.address;
        write!(
            stream,
            "PUT /v0/files/{ID} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/octet-stream\r\nContent-Length: 900\r\n\r\nabc"
        )
        .unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(count(), 1, "it is under way");
    }
    let deadline = std::time::Instant::now() + HANG;
    while count() > 0 {
        assert!(std::time::Instant::now() < deadline, "a part stays");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(app.send(put(ID).body(vec![1; 1000])).await.status, 200);
    assert_eq!(
        app.send(put(ID).body("x")).await.status,
        400,
        "never replaced"
    );
    let deadline = std::time::Instant::now() + HANG;
    while count() > 0 {
        assert!(std::time::Instant::now() < deadline, "it is kept for ever");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(app.running.server.shutdown().await);
    assert!(!dir.exists());
}

#[tokio::test]
async fn the_page_judges_a_passphrase_as_the_daemon_does() {
    let app = App::start(Limits::default()).await;
    let (token, _) = app.open().await;
    let judge = |passphrase: &str| Ask {
        target: "/v0/strength".into(),
        ..app
            .command(&token)
            .body(format!(r#"{{"passphrase":"{passphrase}"}}"#))
    };
    let weak = app.send(judge("password")).await;
    assert!(weak.body.contains(r#""enough":false"#), "{weak:?}");
    assert!(weak.body.contains(r#""because":"common""#), "{weak:?}");
    let good = app.send(judge("plover tundra eggshell wharf mimic")).await;
    assert!(good.body.contains(r#""enough":true"#), "{good:?}");
}
