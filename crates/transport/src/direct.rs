//! Plain TCP: to this machine always, anywhere else only by explicit order.

use std::{io, net::SocketAddr, time::Duration};

use async_trait::async_trait;
use hushwing_wire::address::Endpoint;
use tokio::net::TcpStream;

use crate::{Dial, DialError, IsolationClass, Stream};

/// The most that making a TCP connection may take. A machine that answers at
/// all does so within three retransmissions (1, 2 and 4 s).
pub const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// Connects by TCP, outside Tor. `[HW-NET-4]`
///
/// Loopback endpoints are always allowed; endpoints in the clear only if the
/// dialer was made for them. Onion addresses and host names are refused before
/// anything is resolved or sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectDialer {
    reach: Reach,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Loopback,
    LoopbackAndClear,
}

impl DirectDialer {
    /// Reaches this machine only.
    #[must_use]
    pub const fn loopback_only() -> Self {
        Self {
            reach: Reach::Loopback,
        }
    }

    /// Reaches addresses in the clear too, which shows this machine's address
    /// to them and to everybody on the way. The caller states by the name that
    /// a person gave the flag for it.
    #[must_use]
    pub const fn dangerously_outside_tor() -> Self {
        Self {
            reach: Reach::LoopbackAndClear,
        }
    }

    fn permitted(self, to: &Endpoint) -> Result<SocketAddr, DialError> {
        match to {
            Endpoint::Loopback(address) => Ok(address.socket_addr()),
            Endpoint::Clear(address) if self.reach == Reach::LoopbackAndClear => {
                Ok(address.socket_addr())
            }
            Endpoint::Clear(_) => Err(DialError::Forbidden {
                rule: "connections outside Tor are not allowed",
            }),
            Endpoint::Onion { .. } | Endpoint::Host { .. } => Err(DialError::Forbidden {
                rule: "this address is reached through Tor only",
            }),
        }
    }
}

#[async_trait]
impl Dial for DirectDialer {
    async fn dial(&self, to: &Endpoint, _class: IsolationClass) -> Result<Stream, DialError> {
        let address = self.permitted(to)?;
        let stream = tokio::time::timeout(CONNECT_DEADLINE, TcpStream::connect(address))
            .await
            .map_err(|_| DialError::TimedOut)?
            .map_err(|error| why(&error))?;
        // Whole frames are written at once, so waiting for more gains nothing.
        stream.set_nodelay(true).map_err(|error| why(&error))?;
        Ok(Box::new(stream))
    }
}

fn why(error: &io::Error) -> DialError {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => DialError::Refused,
        io::ErrorKind::TimedOut => DialError::TimedOut,
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::AddrNotAvailable => DialError::NetworkDown {
            reason: "this machine has no route there".to_owned(),
        },
        _ => DialError::Broken {
            what: "the system could not open a TCP connection",
        },
    }
}
