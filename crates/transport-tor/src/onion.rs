//! Onion services as their owner sees them.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use hushwing_transport::{Listen, Stream};
use hushwing_wire::address::OnionAddress;
use tokio::sync::{mpsc, watch};
use tor_hscrypto::pk::HsIdKeypair;
use tor_llcrypto::pk::ed25519;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// The Ed25519 seed (RFC 8032 §5.1.5) that an onion service's identity is made
/// from: 32 secret bytes. Whoever has them can take the service's place.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct OnionSeed([u8; 32]);

impl OnionSeed {
    /// The seed with these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn duplicate(&self) -> Self {
        Self(self.0)
    }

    /// The service's identity key, as arti takes it.
    pub(crate) fn keypair(&self) -> HsIdKeypair {
        let keypair = ed25519::Keypair::from_bytes(&self.0);
        HsIdKeypair::from(ed25519::ExpandedKeypair::from(&keypair))
    }
}

impl std::fmt::Debug for OnionSeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnionSeed(..)")
    }
}

/// The address of the service with this seed.
#[must_use]
pub fn onion_address(seed: &OnionSeed) -> OnionAddress {
    let keypair = ed25519::Keypair::from_bytes(&seed.0);
    OnionAddress::from_public_key(keypair.verifying_key().to_bytes())
}

/// Why an onion service is not hosted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// The caller's mistake: this address is hosted already, by a listener that
    /// still lives.
    #[error("this onion service is hosted already")]
    AlreadyHosted,
    /// Tor was shut down.
    #[error("Tor was shut down")]
    Stopped,
}

/// How far an onion service is on its way to being found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnionState {
    /// Tor is not there; it will be launched when it is.
    Waiting,
    /// Launched; its descriptor is not at the directories yet.
    Publishing,
    /// Its descriptor was published: whoever knows the address can connect.
    /// Stays so until Tor itself is lost.
    Published,
}

/// One hosted service, shared by the listener, the registry and the task that
/// serves it.
#[derive(Debug)]
pub(crate) struct Hosted {
    pub(crate) id: u64,
    pub(crate) seed: OnionSeed,
    pub(crate) port: u16,
    pub(crate) streams: mpsc::Sender<Stream>,
    pub(crate) state: watch::Sender<OnionState>,
    pub(crate) circuits: Arc<AtomicU64>,
    /// Rendezvous circuits at a time.
    pub(crate) most_circuits: usize,
}

impl Hosted {
    pub(crate) fn is_abandoned(&self) -> bool {
        self.streams.is_closed()
    }
}

/// Takes the connections of one onion service. It stays the same when Tor is
/// lost and comes back: the service is launched again under the same address.
/// Dropping it ends the service.
#[derive(Debug)]
pub struct OnionListener {
    address: OnionAddress,
    port: u16,
    streams: mpsc::Receiver<Stream>,
    state: watch::Receiver<OnionState>,
    circuits: Arc<AtomicU64>,
}

impl OnionListener {
    pub(crate) fn new(hosted: &Hosted, streams: mpsc::Receiver<Stream>) -> Self {
        Self {
            address: onion_address(&hosted.seed),
            port: hosted.port,
            streams,
            state: hosted.state.subscribe(),
            circuits: Arc::clone(&hosted.circuits),
        }
    }

    /// The service's address.
    #[must_use]
    pub fn address(&self) -> OnionAddress {
        self.address
    }

    /// The virtual port it listens on.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How far it is on its way to being found.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<OnionState> {
        self.state.clone()
    }

    /// Waits until the descriptor is published; `false` if Tor was shut down
    /// before.
    pub async fn published(&mut self) -> bool {
        self.state
            .wait_for(|state| *state == OnionState::Published)
            .await
            .is_ok()
    }

    /// How many rendezvous circuits were accepted so far. Several streams of
    /// one caller and class come on one circuit.
    #[must_use]
    pub fn circuits(&self) -> u64 {
        self.circuits.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Listen for OnionListener {
    async fn accept(&mut self) -> Option<Stream> {
        self.streams.recv().await
    }
}

#[cfg(test)]
mod tests {
    use super::{OnionSeed, onion_address};

    /// RFC 8032 §7.1, test 1: the public key of this seed.
    #[test]
    fn the_address_is_that_of_the_seeds_public_key() {
        let seed = OnionSeed::new([
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec,
            0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03,
            0x1c, 0xae, 0x7f, 0x60,
        ]);
        let public = [
            0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64,
            0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68,
            0xf7, 0x07, 0x51, 0x1a,
        ];
        assert_eq!(onion_address(&seed).public_key(), &public);
        assert_eq!(format!("{seed:?}"), "OnionSeed(..)");
    }
}
