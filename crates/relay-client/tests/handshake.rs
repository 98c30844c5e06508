//! Who is refused before a single frame passes.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{sync::Arc, time::Duration};

use common::{MemoryService, client, info, pipe, seed, serve};
use hushwing_relay_client::{
    ConnectError, ConnectionLimits, Misbehaviour, RelayClient, ServeError, TlsSeed, tls,
};
use hushwing_transport::Stream;
use rustls::{
    ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, SupportedKxGroup, aws_lc_rs},
    pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
    server::AlwaysResolvesServerRawPublicKeys,
    sign::{CertifiedKey, SigningKey},
    version::{TLS12, TLS13},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// Only there so that a refusal that fails to come ends the test.
const HANG: Duration = Duration::from_secs(20);

fn serving() -> (Stream, JoinHandle<Result<(), ServeError>>) {
    serve(
        Arc::new(MemoryService::default()),
        ConnectionLimits::default(),
    )
}

fn provider(group: &'static dyn SupportedKxGroup) -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        kx_groups: vec![group],
        ..aws_lc_rs::default_provider()
    })
}

/// Trusts anybody, so that whatever refuses is the other side.
#[derive(Debug)]
struct Anybody {
    raw_keys: bool,
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
    fn requires_raw_public_keys(&self) -> bool {
        self.raw_keys
    }
}

/// A client that is right but for what its caller changes.
fn foreign_client(
    group: &'static dyn SupportedKxGroup,
    version: &'static rustls::SupportedProtocolVersion,
    raw_keys: bool,
    alpn: Option<&[u8]>,
) -> Arc<ClientConfig> {
    let mut config = ClientConfig::builder_with_provider(provider(group))
        .with_protocol_versions(&[version])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody { raw_keys }))
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Arc::new(config)
}

/// How our server ends a connection with such a client; the client must not
/// get a single byte of the application.
async fn refused_client(config: Arc<ClientConfig>) -> ServeError {
    let (stream, serving) = serving();
    let name = ServerName::try_from("relay.invalid").unwrap();
    let trying = async {
        if let Ok(mut stream) = TlsConnector::from(config).connect(name, stream).await {
            let mut bytes = Vec::new();
            let _ = stream.read_to_end(&mut bytes).await;
            assert!(bytes.is_empty());
        }
    };
    timeout(HANG, trying).await.expect("the server kept it");
    serving.await.unwrap().unwrap_err()
}

fn signing_key(seed: &TlsSeed) -> Arc<dyn SigningKey> {
    // RFC 8410 §7.
    let mut der = vec![
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    der.extend_from_slice(seed.as_bytes());
    aws_lc_rs::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(der)).unwrap()
}

/// A server with our key that is right but for what its caller changes.
fn foreign_server(
    group: &'static dyn SupportedKxGroup,
    version: &'static rustls::SupportedProtocolVersion,
    alpn: Option<&[u8]>,
) -> Arc<ServerConfig> {
    let key = signing_key(&seed());
    let spki = CertificateDer::from(key.public_key().unwrap().as_ref().to_vec());
    foreign_server_with(CertifiedKey::new(vec![spki], key), group, version, alpn)
}

fn foreign_server_with(
    shown: CertifiedKey,
    group: &'static dyn SupportedKxGroup,
    version: &'static rustls::SupportedProtocolVersion,
    alpn: Option<&[u8]>,
) -> Arc<ServerConfig> {
    let mut config = ServerConfig::builder_with_provider(provider(group))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(Arc::new(
            shown,
        ))));
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Arc::new(config)
}

async fn refused_server(config: Arc<ServerConfig>) -> ConnectError {
    let (ours, theirs) = pipe();
    let accepting = tokio::spawn(async move { TlsAcceptor::from(config).accept(theirs).await });
    let error = RelayClient::connect(ours, &seed().pin()).await.unwrap_err();
    accepting.abort();
    error
}

const HYBRID: &dyn SupportedKxGroup = aws_lc_rs::kx_group::X25519MLKEM768;
const CLASSICAL: &dyn SupportedKxGroup = aws_lc_rs::kx_group::X25519;

#[tokio::test]
async fn the_foreign_ends_work_when_nothing_is_changed() {
    let (stream, serving) = serving();
    let config = foreign_client(HYBRID, &TLS13, true, Some(tls::ALPN));
    let name = ServerName::try_from("relay.invalid").unwrap();
    let stream = TlsConnector::from(config).connect(name, stream).await;
    drop(stream.unwrap());
    assert_eq!(serving.await.unwrap(), Ok(()));

    let (ours, theirs) = pipe();
    let config = foreign_server(HYBRID, &TLS13, Some(tls::ALPN));
    let accepting = tokio::spawn(async move { TlsAcceptor::from(config).accept(theirs).await });
    assert!(RelayClient::connect(ours, &seed().pin()).await.is_ok());
    drop(accepting.await);
}

/// Claim Q2.
#[tokio::test]
async fn a_server_with_another_key_is_refused() {
    let (stream, serving) = serving();
    let other = TlsSeed::new([4; 32]).pin();
    assert_eq!(
        RelayClient::connect(stream, &other).await.unwrap_err(),
        ConnectError::WrongKey
    );
    assert_eq!(
        serving.await.unwrap().unwrap_err(),
        ServeError::Incompatible
    );
}

#[tokio::test]
async fn a_relay_whose_key_was_swapped_is_refused() {
    // The address still names the old key; somebody else answers with a new one.
    let pinned = seed().pin();
    let (ours, theirs) = pipe();
    let swapped = tls::server_config(&TlsSeed::new([9; 32]));
    let accepting = tokio::spawn(async move { TlsAcceptor::from(swapped).accept(theirs).await });
    assert_eq!(
        RelayClient::connect(ours, &pinned).await.unwrap_err(),
        ConnectError::WrongKey
    );
    assert!(accepting.await.unwrap().is_err());
}

/// Claim Q2.
#[tokio::test]
async fn a_server_that_shows_the_key_but_does_not_hold_it_is_refused() {
    let shown = signing_key(&seed()).public_key().unwrap().as_ref().to_vec();
    let held = signing_key(&TlsSeed::new([9; 32]));
    let config = foreign_server_with(
        CertifiedKey::new(vec![CertificateDer::from(shown)], held),
        HYBRID,
        &TLS13,
        Some(tls::ALPN),
    );
    assert_eq!(refused_server(config).await, ConnectError::WrongKey);
}

/// Claim Q2.
#[tokio::test]
async fn a_classical_client_is_refused() {
    let config = foreign_client(CLASSICAL, &TLS13, true, Some(tls::ALPN));
    assert_eq!(refused_client(config).await, ServeError::Incompatible);
}

/// Claim Q2.
#[tokio::test]
async fn a_client_of_the_kem_without_the_curve_is_refused() {
    let config = foreign_client(aws_lc_rs::kx_group::MLKEM768, &TLS13, true, Some(tls::ALPN));
    assert_eq!(refused_client(config).await, ServeError::Incompatible);
}

/// Claim Q2.
#[tokio::test]
async fn a_classical_server_is_refused() {
    let config = foreign_server(CLASSICAL, &TLS13, Some(tls::ALPN));
    assert_eq!(refused_server(config).await, ConnectError::Incompatible);
}

#[tokio::test]
async fn a_client_of_tls_1_2_is_refused() {
    let config = foreign_client(CLASSICAL, &TLS12, false, Some(tls::ALPN));
    assert_eq!(refused_client(config).await, ServeError::Incompatible);
}

/// Claim Q2.
#[tokio::test]
async fn a_server_of_tls_1_2_is_refused() {
    let config = foreign_server(CLASSICAL, &TLS12, Some(tls::ALPN));
    assert_eq!(refused_server(config).await, ConnectError::Incompatible);
}

#[tokio::test]
async fn a_client_of_another_or_no_protocol_is_refused() {
    for alpn in [None, Some(&b"http/1.1"[..]), Some(b"hushwing/2")] {
        let config = foreign_client(HYBRID, &TLS13, true, alpn);
        assert_eq!(refused_client(config).await, ServeError::Incompatible);
    }
}

/// Claim Q2.
#[tokio::test]
async fn a_server_of_another_or_no_protocol_is_refused() {
    for alpn in [None, Some(&b"http/1.1"[..]), Some(b"hushwing/2")] {
        let config = foreign_server(HYBRID, &TLS13, alpn);
        assert_eq!(refused_server(config).await, ConnectError::Incompatible);
    }
}

#[tokio::test]
async fn a_client_that_expects_a_certificate_is_refused() {
    let config = foreign_client(HYBRID, &TLS13, false, Some(tls::ALPN));
    assert_eq!(refused_client(config).await, ServeError::Incompatible);

    // The ordinary client of the web, with its certificate authorities.
    let mut config = ClientConfig::builder_with_provider(provider(HYBRID))
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    config.alpn_protocols = vec![tls::ALPN.to_vec()];
    assert_eq!(
        refused_client(Arc::new(config)).await,
        ServeError::Incompatible
    );
}

#[tokio::test]
async fn garbage_instead_of_a_handshake_is_refused_and_harms_no_other() {
    let (client, _serving) = client().await;
    for garbage in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0; 1_000], &[0xff; 40_000]] {
        let (mut stream, serving) = serving();
        let writing = tokio::spawn(async move {
            let _ = stream.write_all(garbage).await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        });
        let ended = serving.await.unwrap().unwrap_err();
        assert_eq!(ended, ServeError::Misbehaved(Misbehaviour::Tls));
        writing.await.unwrap();
    }
    assert_eq!(client.info().await, Ok(info()));
}

#[tokio::test]
async fn garbage_instead_of_a_server_is_refused() {
    for garbage in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], &[0; 1_000]] {
        let (ours, mut theirs) = pipe();
        let writing = tokio::spawn(async move {
            let _ = theirs.write_all(garbage).await;
            let _ = theirs.read_to_end(&mut Vec::new()).await;
        });
        let error = RelayClient::connect(ours, &seed().pin()).await.unwrap_err();
        assert_eq!(error, ConnectError::Misbehaved);
        writing.await.unwrap();
    }
}

#[tokio::test]
async fn a_stream_that_ends_in_the_handshake_is_lost() {
    let (mut stream, serving) = serving();
    stream.write_all(&[22, 3, 1, 2, 0, 1]).await.unwrap();
    drop(stream);
    assert_eq!(serving.await.unwrap().unwrap_err(), ServeError::Lost);

    let (ours, theirs) = pipe();
    drop(theirs);
    let error = RelayClient::connect(ours, &seed().pin()).await.unwrap_err();
    assert_eq!(error, ConnectError::Lost);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_dawdles_in_the_handshake_is_cut_off() {
    let (mut stream, serving) = serving();
    let dawdling = tokio::spawn(async move {
        // The head of a plausible record, then its body byte by byte.
        let mut sent = 0;
        let mut next = [22, 3, 1, 2, 0].into_iter().chain(std::iter::repeat(1));
        while stream.write_all(&[next.next().unwrap()]).await.is_ok() {
            sent += 1;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        sent
    });
    assert_eq!(
        serving.await.unwrap().unwrap_err(),
        ServeError::HandshakeTimedOut
    );
    assert!(dawdling.await.unwrap() <= 32);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_keeps_silent_is_given_up() {
    let (ours, _theirs) = pipe();
    let error = RelayClient::connect(ours, &seed().pin()).await.unwrap_err();
    assert_eq!(error, ConnectError::TimedOut);
}
