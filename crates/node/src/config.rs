//! What a node is started with.

use std::path::PathBuf;

use hushwing_transport_tor::Network;
use hushwing_vault::{KdfCost, KdfParams};

/// What a node is started with.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// The folder of the vault and of Tor's state.
    pub dir: PathBuf,
    /// The way out.
    pub way_out: WayOut,
    /// Whether relays on this machine may be used and named by peers: for a
    /// whole network on one machine, never on the public one.
    pub allow_loopback: bool,
    /// How hard a new vault's passphrase is to guess.
    pub key_derivation: KeyDerivation,
}

/// The way out of this machine.
#[derive(Debug, Clone)]
pub enum WayOut {
    /// Tor, and nothing else.
    Tor(Network),
    /// None: only relays on this machine can be reached, and no onion service
    /// is hosted. For tests and for trying things out.
    Nothing,
}

/// How much work one guess of a passphrase costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyDerivation {
    /// As much as an owner will wait for: half a second to a second on this machine.
    Normal,
    /// Next to none: for tests that make many vaults. Protects nothing.
    DangerouslyWeak,
}

impl KeyDerivation {
    pub(crate) fn cost(self) -> KdfCost {
        match self {
            Self::Normal => KdfCost::Calibrated,
            Self::DangerouslyWeak => KdfCost::Fixed(KdfParams::dangerously_weak_for_tests()),
        }
    }
}
