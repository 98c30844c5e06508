//! The TLS of the relay link: post-quantum or nothing.
//!
//! TLS 1.3 (RFC 8446) with the hybrid group X25519MLKEM768 alone, so recorded
//! traffic stays closed unless both of its halves fall. The server shows a raw
//! Ed25519 public key (RFC 7250) whose hash the client knows from the address:
//! no certificate authority, no name, no expiry, nothing to parse. Neither
//! side keeps anything that would link two connections: no tickets, no
//! resumption, no early data, no server name. `[HW-TLS-2]`

use std::{fmt, sync::Arc};

use hushwing_wire::ServerKeyPin;
use rustls::{
    ClientConfig, DigitallySignedStruct, Error as TlsError, PeerIncompatible, PeerMisbehaved,
    ServerConfig, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls13_signature_with_raw_key,
    },
    pki_types::{
        CertificateDer, PrivatePkcs8KeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime,
    },
    server::{AlwaysResolvesServerRawPublicKeys, NoServerSessionStorage},
    sign::{CertifiedKey, SigningKey},
};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

/// The application protocol that both sides must agree on (RFC 7301).
/// `[HW-TLS-3]`
pub const ALPN: &[u8] = b"hushwing/1";

/// DER in front of an Ed25519 seed in its PKCS#8 form (RFC 8410 §7).
const PKCS8_PREFIX: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];

/// The Ed25519 seed (RFC 8032 §5.1.5) of a server's TLS key, 32 bytes.
/// Zeroized on drop.
pub struct TlsSeed([u8; 32]);

impl TlsSeed {
    /// The seed of these bytes, which must come from a secure random source.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        Self(seed)
    }

    /// Its bytes, for its keeper to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// What clients pin: the hash of the public key of this seed.
    #[must_use]
    pub fn pin(&self) -> ServerKeyPin {
        let key = self.signing_key();
        let spki = public_key(key.as_ref());
        ServerKeyPin::new(Sha256::digest(spki.as_ref()).into())
    }

    fn signing_key(&self) -> Arc<dyn SigningKey> {
        let mut der = Zeroizing::new([0; PKCS8_PREFIX.len() + 32]);
        der[..PKCS8_PREFIX.len()].copy_from_slice(&PKCS8_PREFIX);
        der[PKCS8_PREFIX.len()..].copy_from_slice(&self.0);
        aws_lc_rs::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(der.as_slice()))
            .expect("any 32 bytes are an Ed25519 seed")
    }
}

impl Drop for TlsSeed {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for TlsSeed {}

impl fmt::Debug for TlsSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsSeed(..)")
    }
}

/// The client's side: accepts the server whose key has this pin and no other.
#[must_use]
pub fn client_config(pin: &ServerKeyPin) -> Arc<ClientConfig> {
    let provider = Arc::new(provider());
    let verifier = PinnedKey {
        pin: *pin,
        algorithms: provider.signature_verification_algorithms,
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the provider has TLS 1.3 suites and a group")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    config.enable_sni = false;
    Arc::new(config)
}

/// The server's side: shows the public key of `seed`.
#[must_use]
pub fn server_config(seed: &TlsSeed) -> Arc<ServerConfig> {
    let key = seed.signing_key();
    let spki = CertificateDer::from(public_key(key.as_ref()).as_ref().to_vec());
    let shown = Arc::new(CertifiedKey::new(vec![spki], key));
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("the provider has TLS 1.3 suites and a group")
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(shown)));
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Arc::new(config)
}

/// The one name that the TLS library asks for; it is neither sent nor checked.
pub(crate) fn unused_name() -> ServerName<'static> {
    ServerName::try_from("relay.invalid").expect("a valid DNS name")
}

/// One hybrid group and the two suites of TLS 1.3 with a 256-bit key.
fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![
            aws_lc_rs::cipher_suite::TLS13_AES_256_GCM_SHA384,
            aws_lc_rs::cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
        ],
        kx_groups: vec![aws_lc_rs::kx_group::X25519MLKEM768],
        ..aws_lc_rs::default_provider()
    }
}

fn public_key(key: &dyn SigningKey) -> SubjectPublicKeyInfoDer<'_> {
    key.public_key()
        .expect("an Ed25519 key knows its public half")
}

/// Accepts one raw public key: that with the pinned hash. `[HW-TLS-1]`
#[derive(Debug)]
struct PinnedKey {
    pin: ServerKeyPin,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for PinnedKey {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        let shown: [u8; 32] = Sha256::digest(end_entity.as_ref()).into();
        let same = bool::from(shown.ct_eq(self.pin.as_bytes()));
        if same && intermediates.is_empty() {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(rustls::CertificateError::ApplicationVerificationFailure.into())
        }
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        Err(PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        if dss.scheme != SignatureScheme::ED25519 {
            return Err(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        let spki = SubjectPublicKeyInfoDer::from(cert.as_ref());
        verify_tls13_signature_with_raw_key(message, &spki, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pin_of_a_seed_is_that_of_its_public_key() {
        // RFC 8032 §7.1, test 1.
        let seed = TlsSeed::new([
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec,
            0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03,
            0x1c, 0xae, 0x7f, 0x60,
        ]);
        let public = [
            0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64,
            0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68,
            0xf7, 0x07, 0x51, 0x1a,
        ];
        assert_eq!(seed.pin(), ServerKeyPin::of_ed25519(&public));
        assert_eq!(format!("{seed:?}"), "TlsSeed(..)");
    }

    /// Claim Q2.
    #[test]
    fn both_sides_offer_the_hybrid_group_alone() {
        let seed = TlsSeed::new([7; 32]);
        let client = client_config(&seed.pin());
        let server = server_config(&seed);
        for provider in [client.crypto_provider(), server.crypto_provider()] {
            let groups: Vec<_> = provider
                .kx_groups
                .iter()
                .map(|group| group.name())
                .collect();
            assert_eq!(groups, [rustls::NamedGroup::X25519MLKEM768]);
            assert!(
                provider
                    .cipher_suites
                    .iter()
                    .all(|suite| suite.tls13().is_some())
            );
        }
        assert_eq!(server.send_tls13_tickets, 0);
        assert!(!client.enable_sni);
    }
}
