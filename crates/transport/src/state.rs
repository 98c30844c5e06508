//! What a person is told about the network.

use std::fmt;

/// Whether streams can be made, and if not, why. The texts are sentences or
/// parts of sentences for people, and name no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkState {
    /// Nobody asked for the network: the vault is locked, or it was shut down.
    Off,
    /// On the way. `stage` says what is being done right now.
    Starting {
        /// How far, 0 to 100.
        percent: u8,
        /// What is being done.
        stage: String,
    },
    /// Streams can be made.
    Ready,
    /// Streams cannot be made; it is tried again by itself.
    Blocked {
        /// What stands in the way.
        reason: String,
    },
}

impl NetworkState {
    /// Whether streams can be made.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        *self == Self::Ready
    }

    /// Why no stream can be made; `None` when one can.
    #[must_use]
    pub fn why_not(&self) -> Option<String> {
        match self {
            Self::Off => Some("the network is switched off".to_owned()),
            Self::Starting { percent, stage } => {
                Some(format!("Tor is still starting, {percent} %: {stage}"))
            }
            Self::Ready => None,
            Self::Blocked { reason } => Some(reason.clone()),
        }
    }
}

impl fmt::Display for NetworkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("off"),
            Self::Starting { percent, stage } => write!(f, "starting, {percent} %: {stage}"),
            Self::Ready => f.write_str("ready"),
            Self::Blocked { reason } => write!(f, "blocked: {reason}"),
        }
    }
}
