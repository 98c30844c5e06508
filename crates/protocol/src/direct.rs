//! The keys of a person's own node in one conversation: the direct path.

use ed25519_dalek::SigningKey;
use hushwing_wire::{
    RelayAddress, ServerKeyPin,
    address::{Endpoint, OnionAddress},
};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};

use crate::secret::Secret32;

/// The virtual port of every onion service of a node: one for all, so that it
/// tells nothing.
pub const DIRECT_PORT: u16 = 443;

/// Seeds of the onion service and of the TLS server key of one conversation.
/// Made afresh for each, so two contacts cannot compare them. `[HW-ID-5]`
#[derive(Serialize, Deserialize)]
pub struct DirectKeys {
    onion_seed: Secret32,
    tls_seed: Secret32,
}

impl DirectKeys {
    /// Fresh keys.
    #[must_use]
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        Self {
            onion_seed: Secret32::random(rng),
            tls_seed: Secret32::random(rng),
        }
    }

    /// The keys of these Ed25519 seeds.
    #[must_use]
    pub fn from_seeds(onion: [u8; 32], tls: [u8; 32]) -> Self {
        Self {
            onion_seed: Secret32::new(onion),
            tls_seed: Secret32::new(tls),
        }
    }

    /// Ed25519 seed of the onion service's identity.
    #[must_use]
    pub fn onion_seed(&self) -> &[u8; 32] {
        self.onion_seed.expose()
    }

    /// Ed25519 seed of the TLS server key.
    #[must_use]
    pub fn tls_seed(&self) -> &[u8; 32] {
        self.tls_seed.expose()
    }

    /// Where the other side finds the node.
    #[must_use]
    pub fn address(&self) -> RelayAddress {
        let onion = SigningKey::from_bytes(self.onion_seed()).verifying_key();
        let tls = SigningKey::from_bytes(self.tls_seed()).verifying_key();
        RelayAddress {
            endpoint: Endpoint::Onion {
                address: OnionAddress::from_public_key(onion.to_bytes()),
                port: DIRECT_PORT,
            },
            pin: ServerKeyPin::of_ed25519(tls.as_bytes()),
            access: None,
        }
    }
}

impl std::fmt::Debug for DirectKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DirectKeys(..)")
    }
}
