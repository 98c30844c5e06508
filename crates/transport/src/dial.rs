//! Making connections.

use std::fmt;

use async_trait::async_trait;
use hushwing_wire::address::Endpoint;

use crate::Stream;

/// Who may share a circuit: two streams of different classes never share one,
/// so nobody on the way can tell that one person made both. `[HW-NET-3]`
///
/// The bytes name a conversation and purpose on this machine and go nowhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IsolationClass([u8; 16]);

impl IsolationClass {
    /// The class with this name of 16 bytes.
    #[must_use]
    pub const fn new(name: [u8; 16]) -> Self {
        Self(name)
    }
}

impl fmt::Debug for IsolationClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IsolationClass(..)")
    }
}

/// Makes connections to endpoints.
#[async_trait]
pub trait Dial: Send + Sync + 'static {
    /// Connects to `to`, on a path that no stream of another class shares.
    ///
    /// # Errors
    /// [`DialError`]; the endpoint was then not reached by any other way either.
    async fn dial(&self, to: &Endpoint, class: IsolationClass) -> Result<Stream, DialError>;
}

/// Why there is no connection. Says no address, so it may be logged and shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DialError {
    /// Our side: the network that leads there is not there. Nothing was sent.
    #[error("the network cannot be reached: {reason}")]
    NetworkDown {
        /// In plain words.
        reason: String,
    },
    /// Their side: the onion service is not on the network now.
    #[error("the other side is not online")]
    PeerOffline,
    /// Their side: it is there, and does not take the connection.
    #[error("the other side refused the connection")]
    Refused,
    /// Their side: nobody knows a host of this name.
    #[error("there is no host of this name")]
    NoSuchHost,
    /// Nobody answered in time; whose fault it is cannot be known.
    #[error("the other side did not answer in time")]
    TimedOut,
    /// Ours: this dialer must not reach such an address.
    #[error("{rule}")]
    Forbidden {
        /// The rule, as a sentence.
        rule: &'static str,
    },
    /// Something on the way broke the rules of its protocol, or we did.
    #[error("the connection could not be made: {what}")]
    Broken {
        /// What went wrong, in plain words.
        what: &'static str,
    },
}
