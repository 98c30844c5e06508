//! The guard's verdict and the reading of a command, without sockets, for the
//! fuzz targets. Only with the feature `fuzzing`, which no program turns on.

use axum::extract::Request;
use zeroize::Zeroizing;

use crate::{
    command,
    guard::Guard,
    schema::{Command, CommandError},
    session::Session,
};

/// Whether a server with this session lets the request through; otherwise the
/// status that it answers with.
///
/// # Errors
/// The status.
pub fn admits(session: &Session, request: &Request) -> Result<(), u16> {
    let guard = Guard::new(session.address, session.secret.clone());
    guard.admits(request)
}

/// The command in a request's body.
///
/// # Errors
/// What the caller is told.
pub fn command(body: Vec<u8>) -> Result<Command, CommandError> {
    command::parse(Zeroizing::new(body)).map_err(command::Failure::into_told)
}
