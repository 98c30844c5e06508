//! The guard's verdict and the reading of a command, without sockets, for the
//! fuzz targets. Only with the feature `fuzzing`, which no program turns on.

use std::{sync::Arc, time::Duration};

use axum::extract::Request;
use zeroize::Zeroizing;

use crate::{
    command,
    guard::Guard,
    page,
    pages::Pages,
    schema::{Command, CommandError},
    session::Session,
};

/// Whether a server with this session lets the request through; otherwise the
/// status that it answers with.
///
/// # Errors
/// The status.
pub fn admits(session: &Session, request: &Request) -> Result<(), u16> {
    let pages = Arc::new(Pages::new(Duration::ZERO));
    let guard = Guard::new(session.address, session.secret.clone(), pages);
    guard.admits(request)
}

/// Whether a file of the app has this address.
#[must_use]
pub fn is_page(path: &str) -> bool {
    page::is_page(path)
}

/// The command in a request's body.
///
/// # Errors
/// What the caller is told.
pub fn command(body: Vec<u8>) -> Result<Command, CommandError> {
    command::parse(Zeroizing::new(body)).map_err(command::Failure::into_told)
}
