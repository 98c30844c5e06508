//! The local API: who passes its guard, and what it takes for a command.

use axum::{body::Body, extract::Request};
use hushwing_api::{
    Frame, fuzzing, passphrase,
    schema::{Command, CommandError, ErrorCode, Event, Reply},
    session::Session,
};
use serde::{Serialize, de::DeserializeOwned};

/// The body of a request. A command reads the same when it is written and read
/// again; a refusal repeats nothing of what stood there.
pub fn api_command(input: &[u8]) {
    match fuzzing::command(input.to_vec()) {
        Ok(command) => {
            let written = serde_json::to_vec(&command).unwrap();
            let again: Command = serde_json::from_slice(&written).unwrap();
            assert_eq!(serde_json::to_vec(&again).unwrap(), written);
            // Nothing of it shows where a log would show it: its name alone does.
            let shown = format!("{command:?}");
            assert!(shown.len() < 24 && shown.chars().all(char::is_alphabetic));
            if let Command::Create { passphrase } | Command::Unlock { passphrase } = &command {
                assert!(passphrase.expose().len() <= input.len());
            }
            if let Command::Create { passphrase } = &command {
                // How hard it is to guess is judged in bounded time.
                if let Err(weak) = passphrase::check(passphrase.expose()) {
                    assert!(!weak.to_string().is_empty());
                }
            }
        }
        Err(error) => {
            assert_eq!(error.code, ErrorCode::BadInput);
            let place = error
                .message
                .strip_prefix("this is not a command of version 0 (line ")
                .and_then(|rest| rest.strip_suffix(')'))
                .unwrap();
            let (line, column) = place.split_once(", column ").unwrap();
            assert!(line.parse::<usize>().is_ok() && column.parse::<usize>().is_ok());
        }
    }
}

/// What a front end reads from the daemon: an answer, an error, an event. What
/// reads, reads the same when it is written and read again.
pub fn api_answer(input: &[u8]) {
    reads_alike::<Reply>(input);
    reads_alike::<CommandError>(input);
    reads_alike::<Event>(input);
    reads_alike::<Frame>(input);
}

fn reads_alike<T: Serialize + DeserializeOwned>(input: &[u8]) {
    if let Ok(read) = serde_json::from_slice::<T>(input) {
        let written = serde_json::to_vec(&read).unwrap();
        let again: T = serde_json::from_slice(&written).unwrap();
        assert_eq!(serde_json::to_vec(&again).unwrap(), written);
    }
}

const SESSION: &str =
    r#"{"address":"127.0.0.1:41000","secret":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}"#;
const HOST: &[u8] = b"127.0.0.1:41000";
const ORIGIN: &[u8] = b"http://127.0.0.1:41000";
const TOKEN: &[u8] = b"hushwing.token.";
const BEARER: &[u8] = b"Bearer AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// A request's target in the first line, behind `GET ` if it is no POST, then a header in
/// each: name, colon, value. The guard lets through what keeps each of its rules, and nothing else.
/// The same bytes are read as a session's file.
pub fn api_guard(input: &[u8]) {
    if let Ok(session) = serde_json::from_slice::<Session>(input) {
        let written = serde_json::to_vec(&session).unwrap();
        assert!(serde_json::from_slice::<Session>(&written).is_ok());
    }
    let mut lines = input.split(|&byte| byte == b'\n');
    let target = lines.next().unwrap_or_default();
    let (method, target) = match target.strip_prefix(b"GET ") {
        Some(target) => ("GET", target),
        None => ("POST", target),
    };
    let mut builder = Request::builder().method(method).uri(target);
    let mut headers = Vec::new();
    for line in lines {
        let Some(colon) = line.iter().position(|&byte| byte == b':') else {
            continue;
        };
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        builder = builder.header(name, value);
        headers.push((name.to_ascii_lowercase(), value));
    }
    let Ok(request) = builder.body(Body::empty()) else {
        return;
    };
    let session: Session = serde_json::from_str(SESSION).unwrap();
    let verdict = fuzzing::admits(&session, &request);
    let all = |name: &[u8]| -> Vec<&[u8]> {
        let of_name = headers.iter().filter(|(other, _)| other == name);
        of_name.map(|(_, value)| *value).collect()
    };
    let ours = request.uri().authority().is_none()
        && all(b"host") == [HOST]
        && matches!(all(b"origin")[..], [] | [ORIGIN])
        && (matches!(
            all(b"sec-fetch-site")[..],
            [] | [b"none"] | [b"same-origin"]
        ) || (method == "GET"
            && request.uri() == "/"
            && all(b"origin").is_empty()
            && all(b"sec-fetch-site").len() == 1
            && all(b"sec-fetch-mode") == [b"navigate"]
            && all(b"sec-fetch-dest") == [b"document"]));
    let path = request.uri().path();
    let open_to_all = match method {
        "GET" => request.uri().query().is_none() && fuzzing::is_page(path),
        _ => path == "/v0/session",
    };
    let offered = || match all(b"sec-websocket-protocol")[..] {
        // Only the first one that names a token counts.
        [offered] => offered
            .split(|&byte| byte == b',')
            .map(<[u8]>::trim_ascii)
            .find(|offered| offered.starts_with(TOKEN))
            .is_some_and(|offered| offered[TOKEN.len()..] == BEARER[b"Bearer ".len()..]),
        _ => false,
    };
    let known = open_to_all
        || all(b"authorization") == [BEARER]
        || (path == "/v0/events" && all(b"authorization").is_empty() && offered());
    let expected = match (ours, known) {
        (false, _) => Err(403),
        (true, false) => Err(401),
        (true, true) => Ok(()),
    };
    assert_eq!(verdict, expected);
}

/// A request that passes.
pub(crate) fn good_request() -> Vec<u8> {
    let lines: [&[u8]; 5] = [
        b"/v0/command",
        &[b"host:", HOST].concat(),
        &[b"origin:", ORIGIN].concat(),
        b"sec-fetch-site:same-origin",
        &[b"authorization:", BEARER].concat(),
    ];
    lines.join(&b'\n')
}

/// A session's file.
pub(crate) fn session() -> Vec<u8> {
    SESSION.as_bytes().to_vec()
}
