//! A connection, whatever carries it.

use tokio::io::{AsyncRead, AsyncWrite};

/// Bytes in both directions, in order. Implemented by whatever can be.
pub trait AsyncStream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send + ?Sized> AsyncStream for T {}

/// A connection that hides what carries it. Writers flush: Tor packs bytes into
/// cells of 498, and sends a cell that is not full only when told to.
pub type Stream = Box<dyn AsyncStream>;
