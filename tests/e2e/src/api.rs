//! The daemon's local API, spoken as any program could: HTTP/1.1 by hand.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::wait::HANG_GUARD;

/// What stands in `api.json`.
#[derive(Deserialize)]
struct Session {
    address: SocketAddr,
    secret: String,
}

/// Sends one command to the daemon whose folder is `dir`; returns its reply.
///
/// # Errors
/// When no daemon listens there, or the answer is not a success.
pub fn command(dir: &Path, command: &Value) -> Result<Value> {
    let file = std::fs::read_to_string(dir.join("api.json")).context("no api.json")?;
    let session: Session = serde_json::from_str(&file).context("api.json is not one")?;
    let body = command.to_string();
    let request = format!(
        "POST /v0/command HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        session.address,
        session.secret,
        body.len(),
    );
    let mut stream = TcpStream::connect(session.address).context("the API does not answer")?;
    stream.set_read_timeout(Some(HANG_GUARD))?;
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .context("the API's answer has no body")?;
    let status = head.lines().next().unwrap_or_default();
    ensure!(status.contains(" 200 "), "the API answers {status}: {body}");
    serde_json::from_str(body).with_context(|| format!("the API answers no JSON: {body}"))
}
