//! The one ciphersuite, and the settings that every group has.

use openmls::prelude::{
    Capabilities, Ciphersuite, CredentialType, Lifetime, MlsGroupCreateConfig, MlsGroupJoinConfig,
    PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, ProtocolVersion, SenderRatchetConfiguration,
};
use openmls_traits::types::HpkeConfig;

use crate::conversation::{MAX_IN_FLIGHT, RECEIPT_RESERVE};

/// X-Wing (X25519 with ML-KEM-768), ChaCha20-Poly1305, SHA-256, Ed25519: code
/// point 0x004D of draft-ietf-mls-pq-ciphersuites-05. `[HW-CONV-2]`
pub(super) const SUITE: Ciphersuite = Ciphersuite::MLS_256_XWING_CHACHA20POLY1305_SHA256_Ed25519;

/// Its code point, as in key packages and Welcomes.
pub(super) const SUITE_CODE: [u8; 2] = [0x00, 0x4D];

/// How the suite uses HPKE.
pub(crate) fn hpke_config() -> HpkeConfig {
    SUITE.hpke_config()
}

/// Past epochs whose message keys are kept for late boxes. That two are enough
/// is argued at [`CommitPolicy`](crate::conversation::policy::CommitPolicy).
pub(super) const MAX_PAST_EPOCHS: usize = 2;

/// Skipped message keys of a sender that are kept within an epoch: all boxes
/// that a writer may have on their way, so a box never arrives too late.
const OUT_OF_ORDER: u32 = 1_000 + 32;
const _: () = assert!(OUT_OF_ORDER as u64 == MAX_IN_FLIGHT + RECEIPT_RESERVE);

/// Largest jump forward of a sender within an epoch; a writer can be ahead by
/// what it has on its way, so this leaves room and bounds the work of one box.
const MAX_FORWARD: u32 = 5_000;

pub(super) fn ratchet() -> SenderRatchetConfiguration {
    SenderRatchetConfiguration::new(OUT_OF_ORDER, MAX_FORWARD)
}

pub(super) fn join_config() -> MlsGroupJoinConfig {
    MlsGroupJoinConfig::builder()
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .padding_size(0)
        .max_past_epochs(MAX_PAST_EPOCHS)
        .number_of_resumption_psks(0)
        .use_ratchet_tree_extension(true)
        .sender_ratchet_configuration(ratchet())
        .build()
}

pub(super) fn create_config() -> MlsGroupCreateConfig {
    MlsGroupCreateConfig::builder()
        .ciphersuite(SUITE)
        .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
        .padding_size(0)
        .max_past_epochs(MAX_PAST_EPOCHS)
        .number_of_resumption_psks(0)
        .use_ratchet_tree_extension(true)
        .sender_ratchet_configuration(ratchet())
        .capabilities(capabilities())
        .lifetime(lifetime())
        .build()
}

/// What a leaf says that it can do: nothing beyond the base protocol.
pub(super) fn capabilities() -> Capabilities {
    Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(&[SUITE]),
        Some(&[]),
        Some(&[]),
        Some(&[CredentialType::Basic]),
    )
}

/// All of time. The library compares lifetimes with the system's clock; this
/// makes that comparison say nothing, and invites expire by our own rule.
pub(super) fn lifetime() -> Lifetime {
    Lifetime::init(0, u64::MAX)
}
