//! The API from outside, over real sockets: what it refuses, what it answers,
//! and what listeners hear.

#![allow(clippy::unwrap_used)] // Helpers fail a test as an assertion does.

mod common;

use std::{
    io::{Read, Write},
    net::TcpStream,
    path::Path,
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use common::{Ask, HANG, Running, serve};
use hushwing_api::{
    Backend, Frame, Limits,
    schema::{Command, CommandError, ErrorCode, Event, Reply, SecretText, VaultState},
    session::{DaemonLock, SESSION_FILE},
};
use tokio::sync::broadcast;
use tungstenite::{
    Message, WebSocket, client::IntoClientRequest, error::Error as WsError, http::HeaderValue,
};

const EVENT_CAPACITY: usize = 16;

/// Answers by the passphrase or the name that it is given.
struct Fake {
    events: broadcast::Sender<Event>,
}

#[async_trait]
impl Backend for Fake {
    async fn call(&self, command: Command) -> Result<Reply, CommandError> {
        match command {
            Command::RelayList => Ok(Reply::Relays { relays: vec![] }),
            Command::Contacts => Err(CommandError::new(ErrorCode::Locked, "closed")),
            Command::Unlock { passphrase } if passphrase.expose() != "right" => {
                Err(CommandError::new(ErrorCode::WrongPassphrase, "no"))
            }
            Command::Lock => panic!("a marked payload"),
            Command::RetryNow => std::future::pending().await,
            _ => Ok(Reply::Done),
        }
    }

    fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }
}

async fn running(limits: Limits) -> Running {
    telling(limits).await.0
}

/// A server, and the way to tell its listeners something.
async fn telling(limits: Limits) -> (Running, broadcast::Sender<Event>) {
    let (events, _) = broadcast::channel(EVENT_CAPACITY);
    let fake = Arc::new(Fake {
        events: events.clone(),
    });
    (serve(fake, limits).await, events)
}

#[tokio::test]
async fn a_caller_who_passes_every_check_is_answered() {
    let running = running(Limits::default()).await;
    let origin = format!("http://{}", running.address);
    let good = Ask::good(&running);
    for ask in [
        good.clone(),
        good.clone()
            .with("Origin", origin)
            .with("Sec-Fetch-Site", "same-origin"),
        good.clone().with("Sec-Fetch-Site", "none"),
        good.instead("Content-Type", "application/json; charset=utf-8"),
    ] {
        let answer = ask.send(running.address).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.body, r#"{"reply":"relays","relays":[]}"#);
    }
}

/// Claim L1.
#[tokio::test]
async fn each_check_refuses_alone_and_says_nothing() {
    let running = running(Limits::default()).await;
    let good = Ask::good(&running);
    let port = running.address.port();
    let secret = running.secret.clone();
    let mut wrong_secret = secret.clone().into_bytes();
    wrong_secret[42] ^= 1;
    let wrong_secret = String::from_utf8(wrong_secret).unwrap();
    let bearer = |text: &str| format!("Bearer {text}");
    let with_target = |target: String| Ask {
        target,
        ..good.clone()
    };
    let cases: Vec<(&str, u16, Ask)> = vec![
        ("no secret", 401, good.clone().without("Authorization")),
        (
            "empty secret",
            401,
            good.clone().instead("Authorization", "Bearer "),
        ),
        (
            "wrong secret",
            401,
            good.clone().instead("Authorization", bearer(&wrong_secret)),
        ),
        (
            "cut secret",
            401,
            good.clone().instead("Authorization", bearer(&secret[..42])),
        ),
        (
            "other scheme",
            401,
            good.clone()
                .instead("Authorization", format!("Basic {secret}")),
        ),
        (
            "two secrets",
            401,
            good.clone().with("Authorization", bearer(&secret)),
        ),
        (
            "secret in the target",
            401,
            Ask {
                target: format!("/v0/command?secret={secret}"),
                ..good.clone().without("Authorization")
            },
        ),
        (
            "no secret, unknown path",
            401,
            Ask {
                target: "/nothing".into(),
                ..good.clone().without("Authorization")
            },
        ),
        (
            "rebinding",
            403,
            good.clone().instead("Host", format!("evil.example:{port}")),
        ),
        (
            "localhost",
            403,
            good.clone().instead("Host", format!("localhost:{port}")),
        ),
        (
            "other port",
            403,
            good.clone().instead("Host", "127.0.0.1:1"),
        ),
        ("no port", 403, good.clone().instead("Host", "127.0.0.1")),
        ("no host", 403, good.clone().without("Host")),
        (
            "two hosts",
            403,
            good.clone().with("Host", running.address.to_string()),
        ),
        (
            "absolute target",
            403,
            with_target(format!("http://evil.example:{port}/v0/command")),
        ),
        (
            "foreign origin",
            403,
            good.clone().with("Origin", "https://evil.example"),
        ),
        ("sandboxed origin", 403, good.clone().with("Origin", "null")),
        (
            "origin of another port",
            403,
            good.clone().with("Origin", "http://127.0.0.1:1"),
        ),
        (
            "two origins",
            403,
            good.clone()
                .with("Origin", format!("http://127.0.0.1:{port}"))
                .with("Origin", "https://evil.example"),
        ),
        (
            "cross-site fetch",
            403,
            good.clone().with("Sec-Fetch-Site", "cross-site"),
        ),
        (
            "same-site fetch",
            403,
            good.clone().with("Sec-Fetch-Site", "same-site"),
        ),
        (
            "preflight",
            403,
            Ask {
                method: "OPTIONS",
                ..good
                    .clone()
                    .without("Authorization")
                    .with("Origin", "https://evil.example")
            },
        ),
    ];
    for (what, status, ask) in cases {
        let answer = ask.send(running.address).await;
        assert_eq!(answer.status, status, "{what}: {answer:?}");
        assert_eq!(answer.body, "", "{what}");
        assert!(
            !answer.head.contains("access-control"),
            "{what}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn every_answer_forbids_storing_sniffing_framing_and_lending() {
    let running = running(Limits::default()).await;
    let good = Ask::good(&running);
    for ask in [
        good.clone(),
        good.clone().without("Authorization"),
        good.body("{"),
    ] {
        let answer = ask.send(running.address).await;
        for line in [
            "cache-control: no-store",
            "x-content-type-options: nosniff",
            "content-security-policy: default-src 'none'; frame-ancestors 'none'",
            "cross-origin-resource-policy: same-origin",
            "x-frame-options: deny",
        ] {
            assert!(answer.head.contains(line), "{line}: {answer:?}");
        }
    }
}

/// Claim L1.
#[tokio::test]
async fn a_form_cannot_send_a_command() {
    let running = running(Limits::default()).await;
    let good = Ask::good(&running);
    for ask in [
        good.clone().instead("Content-Type", "text/plain"),
        good.clone()
            .instead("Content-Type", "application/x-www-form-urlencoded"),
        good.clone().instead(
            "Content-Type",
            "multipart/form-data; boundary=application/json",
        ),
        good.without("Content-Type"),
    ] {
        let answer = ask.send(running.address).await;
        assert_eq!(answer.status, 415);
        assert_eq!(answer.error().code, ErrorCode::BadInput);
    }
}

#[tokio::test]
async fn an_oversized_body_is_refused_however_it_comes() {
    let running = running(Limits::default()).await;
    let limit = Limits::default().max_body_len;
    let padded = |len: usize| {
        let mut body = br#"{"command":"relay_list"}"#.to_vec();
        body.resize(len, b' ');
        Ask::good(&running).body(body)
    };
    assert_eq!(padded(limit).send(running.address).await.status, 200);
    let answer = padded(limit + 1).send(running.address).await;
    assert_eq!(answer.status, 413);
    assert_eq!(answer.error().code, ErrorCode::BadInput);

    // No length told: chunks without end.
    let address = running.address;
    let secret = running.secret.clone();
    let answer = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(HANG)).unwrap();
        write!(
            stream,
            "POST /v0/command HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {secret}\r\n\
             Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
        while stream.write_all(chunk.as_bytes()).is_ok() {}
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    })
    .await
    .unwrap();
    // The answer may be lost when the connection is reset; that it ended is what counts.
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.is_empty() || answer.contains("413"), "{answer}");
}

#[tokio::test]
async fn malformed_commands_get_a_typed_error_that_repeats_nothing() {
    let running = running(Limits::default()).await;
    let good = r#"{"command":"unlock","passphrase":"right"}"#;
    let truncated = (0..good.len()).map(|end| good.as_bytes()[..end].to_vec());
    let others = [
        r#"{"command":"hunter2hunter2"}"#,
        r#"{"command":"unlock","passphrase":["hunter2hunter2"]}"#,
        r#"{"command":"unlock","passphrase":7}"#,
        r#"{"command":"read","contact":"a","limit":"hunter2hunter2","after":null}"#,
        r#"{"command":"unlock","passphrase":"right"}x"#,
        r#"[{"command":"status"}]"#,
        "\u{feff}{}",
    ]
    .into_iter()
    .map(|text| text.as_bytes().to_vec())
    .chain([
        b"{\"command\":\"unlock\",\"passphrase\":\"\xff\"}".to_vec(),
        [b"[".repeat(10_000), b"]".repeat(10_000)].concat(),
    ]);
    for body in truncated.chain(others) {
        let answer = Ask::good(&running)
            .body(body.clone())
            .send(running.address)
            .await;
        assert_eq!(answer.status, 400, "{}", String::from_utf8_lossy(&body));
        assert_eq!(answer.error().code, ErrorCode::BadInput);
        assert!(!answer.body.contains("hunter2"), "{answer:?}");
    }
}

#[tokio::test]
async fn failures_have_a_status_and_a_code() {
    let running = running(Limits::default()).await;
    let wrong = r#"{"command":"unlock","passphrase":"wrong"}"#;
    for (body, status, code) in [
        (r#"{"command":"contacts"}"#, 423, ErrorCode::Locked),
        (wrong, 403, ErrorCode::WrongPassphrase),
    ] {
        let answer = Ask::good(&running).body(body).send(running.address).await;
        assert_eq!((answer.status, answer.error().code), (status, code));
    }
}

/// Claim S1.
#[tokio::test]
async fn a_weak_passphrase_makes_no_vault_in_any_front_end() {
    let running = running(Limits::default()).await;
    let create = |passphrase: &str| {
        let command = Command::Create {
            passphrase: SecretText::new(passphrase.into()),
        };
        Ask::good(&running).body(serde_json::to_vec(&command).unwrap())
    };
    let answer = create("Password1!").send(running.address).await;
    assert_eq!(answer.status, 400);
    assert!(answer.error().message.contains("too easy to guess"));
    assert!(!answer.body.contains("Password1!"));
    let change = |new: &str| {
        let command = Command::PassphraseChange {
            present: SecretText::new("any".into()),
            new: SecretText::new(new.into()),
        };
        Ask::good(&running).body(serde_json::to_vec(&command).unwrap())
    };
    let answer = change("Password1!").send(running.address).await;
    assert_eq!(answer.status, 400);
    assert!(answer.error().message.contains("too easy to guess"));
    let answer = change("plover tundra eggshell wharf mimic")
        .send(running.address)
        .await;
    assert_eq!(answer.status, 200);
    let answer = create("plover tundra eggshell wharf mimic")
        .send(running.address)
        .await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, r#"{"reply":"done"}"#)
    );
}

/// Claim Z1.
#[tokio::test]
async fn a_panic_is_an_error_without_its_words() {
    let running = running(Limits::default()).await;
    let answer = Ask::good(&running)
        .body(r#"{"command":"lock"}"#)
        .send(running.address)
        .await;
    assert_eq!(
        (answer.status, answer.error().code),
        (500, ErrorCode::Machine)
    );
    assert!(!answer.body.contains("marked payload"));
    let answer = Ask::good(&running).send(running.address).await;
    assert_eq!(answer.status, 200, "the server goes on");
}

#[tokio::test]
async fn commands_in_progress_are_bounded() {
    let limits = Limits {
        max_commands: 2,
        shutdown_grace: Duration::from_millis(10),
        ..Limits::default()
    };
    let running = running(limits).await;
    let endless = Ask::good(&running).body(r#"{"command":"retry_now"}"#);
    // The callers hang up; their commands go on.
    for _ in 0..2 {
        let (ask, address) = (endless.clone(), running.address);
        let mut stream = TcpStream::connect(address).unwrap();
        let mut head = String::from("POST /v0/command HTTP/1.1\r\n");
        for (name, value) in &ask.headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\n\r\n", ask.body.len());
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&ask.body).unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let answer = Ask::good(&running).send(running.address).await;
    assert_eq!(
        (answer.status, answer.error().code),
        (429, ErrorCode::Limit)
    );
}

#[tokio::test]
async fn a_caller_who_sends_nothing_is_put_out() {
    let limits = Limits {
        header_deadline: Duration::from_millis(100),
        max_connections: 1,
        ..Limits::default()
    };
    let running = running(limits).await;
    let _silent = TcpStream::connect(running.address).unwrap();
    let answer = Ask::good(&running).send(running.address).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_clean_end_removes_the_session_file_and_keeps_the_lock() {
    let running = running(Limits::default()).await;
    let file = running.dir.path().join(SESSION_FILE);
    assert!(file.exists());
    let lock = running.server.shutdown().await;
    assert!(!file.exists());
    assert!(TcpStream::connect(running.address).is_err());
    assert!(DaemonLock::acquire(running.dir.path()).is_err());
    drop(lock);
    assert!(DaemonLock::acquire(running.dir.path()).is_ok());
}

// Listeners.

type Listener = WebSocket<TcpStream>;

fn listen(running: &Running, extra: &[(&'static str, &str)]) -> Result<Listener, u16> {
    let mut request = format!("ws://{}/v0/events", running.address)
        .into_client_request()
        .unwrap();
    for (name, value) in extra {
        request
            .headers_mut()
            .insert(*name, HeaderValue::from_str(value).unwrap());
    }
    let stream = TcpStream::connect(running.address).unwrap();
    stream.set_read_timeout(Some(HANG)).unwrap();
    match tungstenite::client(request, stream) {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::HandshakeError::Failure(WsError::Http(response))) => {
            Err(response.status().as_u16())
        }
        Err(other) => panic!("{other}"),
    }
}

fn listen_well(running: &Running) -> Result<Listener, u16> {
    listen(
        running,
        &[("authorization", &format!("Bearer {}", running.secret))],
    )
}

fn heard(socket: &mut Listener) -> Option<Event> {
    loop {
        match socket.read() {
            Ok(Message::Text(text)) => match serde_json::from_str(&text).unwrap() {
                Frame::Told(told) => return Some(told.event),
                Frame::Beginning(_) => {}
            },
            Ok(Message::Ping(_) | Message::Pong(_)) => {}
            Ok(Message::Close(_)) | Err(_) => return None,
            Ok(other) => panic!("{other:?}"),
        }
    }
}

fn warning(text: impl Into<String>) -> Event {
    Event::Warning { text: text.into() }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_listener_hears_every_event_in_order() {
    let (running, events) = telling(Limits::default()).await;
    let mut listeners = [
        listen_well(&running).unwrap(),
        listen_well(&running).unwrap(),
    ];
    let told = [
        Event::Vault {
            vault: VaultState::Open,
        },
        warning("one"),
        warning("two"),
    ];
    for event in &told {
        events.send(event.clone()).unwrap();
    }
    for listener in &mut listeners {
        for event in &told {
            assert_eq!(heard(listener).as_ref(), Some(event));
        }
    }
}

/// Claim L1.
#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_foreign_pages_do_not_listen() {
    let running = running(Limits::default()).await;
    let right = format!("Bearer {}", running.secret);
    let own = format!("http://{}", running.address);
    assert_eq!(listen(&running, &[]).err(), Some(401));
    assert_eq!(
        listen(&running, &[("authorization", "Bearer x")]).err(),
        Some(401)
    );
    assert_eq!(
        listen(
            &running,
            &[
                ("authorization", &right),
                ("origin", "https://evil.example")
            ]
        )
        .err(),
        Some(403)
    );
    assert_eq!(
        listen(
            &running,
            &[("authorization", &right), ("host", "evil.example")]
        )
        .err(),
        Some(403)
    );
    assert!(listen(&running, &[("authorization", &right), ("origin", &own)]).is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_listener_is_told_that_it_missed_something_and_stops_nobody() {
    let limits = Limits {
        heartbeat: HANG,
        send_deadline: HANG,
        ..Limits::default()
    };
    let (running, events) = telling(limits).await;
    let mut slow = listen_well(&running).unwrap();
    let mut quick = listen_well(&running).unwrap();
    // More than the sockets' buffers hold, while only one of them reads.
    let text = "x".repeat(60_000);
    for n in 0..400 {
        events.send(warning(format!("{n} {text}"))).unwrap();
        assert_eq!(heard(&mut quick), Some(warning(format!("{n} {text}"))));
    }
    events.send(warning("last")).unwrap();
    let mut count = 0;
    let mut lagged = false;
    loop {
        match heard(&mut slow).expect("still connected") {
            Event::Lagged => lagged = true,
            event if event == warning("last") => break,
            _ => count += 1,
        }
    }
    assert!(lagged);
    assert!(count < 400, "something was dropped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_takes_nothing_is_dropped() {
    let limits = Limits {
        send_deadline: Duration::from_millis(100),
        max_listeners: 1,
        ..Limits::default()
    };
    let (running, events) = telling(limits).await;
    let stuck = listen_well(&running).unwrap();
    let text = "x".repeat(60_000);
    let deadline = std::time::Instant::now() + HANG;
    // Its place is free again only once it is dropped.
    let mut next = loop {
        assert!(std::time::Instant::now() < deadline, "it is never dropped");
        let _ = events.send(warning(text.clone()));
        tokio::time::sleep(Duration::from_millis(5)).await;
        if let Ok(next) = listen_well(&running) {
            break next;
        }
    };
    events.send(warning("for the next")).unwrap();
    while heard(&mut next).expect("connected") != warning("for the next") {}
    drop(stuck);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_answers_no_ping_is_dropped_and_one_that_does_stays() {
    let limits = Limits {
        heartbeat: Duration::from_millis(100),
        max_listeners: 2,
        ..Limits::default()
    };
    let (running, events) = telling(limits).await;
    let _mute = listen_well(&running).unwrap();
    let mut alive = listen_well(&running).unwrap();
    let alive = std::thread::spawn(move || heard(&mut alive));
    let deadline = std::time::Instant::now() + HANG;
    while listen_well(&running).is_err() {
        assert!(
            std::time::Instant::now() < deadline,
            "the mute one is never dropped"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    events.send(warning("still there")).unwrap();
    assert_eq!(alive.join().unwrap(), Some(warning("still there")));
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_are_bounded_and_may_not_talk() {
    let limits = Limits {
        max_listeners: 1,
        ..Limits::default()
    };
    let running = running(limits).await;
    let mut first = listen_well(&running).unwrap();
    assert_eq!(listen_well(&running).err(), Some(429));
    assert!(
        matches!(first.read(), Ok(Message::Text(_))),
        "its beginning"
    );
    first.send(Message::text("hello")).unwrap();
    let Ok(Message::Close(Some(frame))) = first.read() else {
        panic!("not closed");
    };
    assert_eq!(u16::from(frame.code), 1008);
}

#[tokio::test(flavor = "multi_thread")]
async fn listeners_are_told_when_the_daemon_stops() {
    let running = running(Limits::default()).await;
    let mut listener = listen_well(&running).unwrap();
    assert!(
        matches!(listener.read(), Ok(Message::Text(_))),
        "its beginning"
    );
    let stopping = tokio::spawn(running.server.shutdown());
    let Ok(Message::Close(Some(frame))) = listener.read() else {
        panic!("not closed");
    };
    assert_eq!(u16::from(frame.code), 1001);
    drop(listener);
    stopping.await.unwrap();
    assert!(!Path::new(running.dir.path()).join(SESSION_FILE).exists());
}
