//! Taking connections.

use std::{io, net::SocketAddr, time::Duration};

use async_trait::async_trait;
use hushwing_wire::address::{ClearAddr, LoopbackAddr};
use tokio::net::TcpListener;

use crate::Stream;

/// How long a listener rests when the system cannot accept, usually for want of
/// file descriptors: long enough not to spin, short against any deadline.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// Takes connections from whoever comes.
#[async_trait]
pub trait Listen: Send {
    /// The next connection; `None` when this listener is closed for good.
    async fn accept(&mut self) -> Option<Stream>;
}

/// Why a TCP listener cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// Another program, or this one, listens there already.
    #[error("another program already listens on this port")]
    InUse,
    /// The system does not let us listen there.
    #[error("cannot listen there: {0}")]
    System(io::ErrorKind),
}

/// A TCP listener, on loopback unless the caller holds a [`ClearAddr`].
#[derive(Debug)]
pub struct TcpListen {
    listener: TcpListener,
    local: SocketAddr,
}

impl TcpListen {
    /// Listens on this machine's loopback interface; port 0 takes a free one.
    ///
    /// # Errors
    /// [`ListenError`]
    pub async fn bind(address: LoopbackAddr) -> Result<Self, ListenError> {
        Self::bind_any(address.socket_addr()).await
    }

    /// Listens where anybody may connect in the clear.
    ///
    /// # Errors
    /// [`ListenError`]
    pub async fn dangerously_bind_clear(address: ClearAddr) -> Result<Self, ListenError> {
        Self::bind_any(address.socket_addr()).await
    }

    /// Where it listens, with the port that was taken.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    async fn bind_any(address: SocketAddr) -> Result<Self, ListenError> {
        let why = |error: io::Error| match error.kind() {
            io::ErrorKind::AddrInUse => ListenError::InUse,
            kind => ListenError::System(kind),
        };
        let listener = TcpListener::bind(address).await.map_err(why)?;
        let local = listener.local_addr().map_err(why)?;
        Ok(Self { listener, local })
    }
}

#[async_trait]
impl Listen for TcpListen {
    async fn accept(&mut self) -> Option<Stream> {
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => {
                    // A stream that fails here is dead; its reader will see it.
                    let _ = stream.set_nodelay(true);
                    return Some(Box::new(stream));
                }
                // The caller went away before we came to it.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                Err(_) => tokio::time::sleep(ACCEPT_RETRY).await,
            }
        }
    }
}
