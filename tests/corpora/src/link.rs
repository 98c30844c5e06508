//! The TLS of the relay link: who gets through its handshake.

use std::sync::Arc;

use async_trait::async_trait;
use hushwing_relay_client::{
    ConnectError, ConnectionLimits, RelayClient, ServeError, Service, TlsSeed, serve_connection,
    tls,
};
use hushwing_transport::Stream;
use hushwing_wire::{RequestOp, ResponseOp, ServerKeyPin};
use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
    server::AlwaysResolvesServerRawPublicKeys,
    sign::{CertifiedKey, SigningKey},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
    runtime::Builder,
};
use tokio_rustls::TlsAcceptor;

use crate::edits::edited;

/// Bytes that the simulated network holds in each direction.
const PIPE_LEN: usize = 256 * 1024;

const SEED: [u8; 32] = [3; 32];
const OTHER_SEED: [u8; 32] = [4; 32];

/// Nobody who cannot finish a handshake reaches this.
struct Unreachable;

#[async_trait]
impl Service for Unreachable {
    async fn call(&self, op: RequestOp) -> ResponseOp {
        panic!("a request without a handshake: {op:?}");
    }
}

/// A client's first bytes. The server refuses with a reason; without the keys of
/// a handshake nothing gets to the service.
pub fn tls_client_hello(input: &[u8]) {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let (mut client, server) = duplex(PIPE_LEN);
        client.write_all(input).await.unwrap();
        client.shutdown().await.unwrap();
        let config = tls::server_config(&TlsSeed::new(SEED));
        let server: Stream = Box::new(server);
        let limits = ConnectionLimits::default();
        let served = serve_connection(server, config, Arc::new(Unreachable), limits).await;
        assert!(
            matches!(
                served,
                Err(ServeError::Incompatible | ServeError::Misbehaved(_) | ServeError::Lost)
            ),
            "{served:?}"
        );
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert!(answer.len() < PIPE_LEN);
    });
}

/// What a server shows as its raw public key, by whom it is signed, and which
/// protocol it agrees to. The client connects to the pinned key, its holder and
/// our protocol, and to nothing else.
///
/// The first byte: how the rest is to be read as the key (bit 0: whole or
/// edits), who signs (bit 1), which protocols are offered (bits 2 and 3).
pub fn tls_raw_key(input: &[u8]) {
    let Some((&how, rest)) = input.split_first() else {
        return;
    };
    let sound = public_key(&SEED);
    let shown = if how & 1 == 0 {
        rest.to_vec()
    } else {
        edited(&sound, rest)
    };
    let signed_by_other = how & 2 != 0;
    let protocols: &[&[u8]] = match how >> 2 & 3 {
        0 => &[tls::ALPN],
        1 => &[],
        2 => &[b"h2", tls::ALPN],
        _ => &[b"hushwing/2", b"hushwing/"],
    };
    let ours = protocols.contains(&tls::ALPN);
    let signer = if signed_by_other { OTHER_SEED } else { SEED };
    let connected = connect(shown.clone(), &signer, protocols);
    let right = shown == sound && !signed_by_other;
    match connected {
        Ok(()) => assert!(right && ours, "a wrong server was trusted"),
        Err(error) => {
            assert!(!(right && ours), "the right server was refused: {error}");
            if right {
                assert_eq!(error, ConnectError::Incompatible);
            } else if shown != sound && ours {
                assert!(
                    matches!(error, ConnectError::WrongKey | ConnectError::Misbehaved),
                    "{error:?}"
                );
            }
        }
    }
}

fn connect(shown: Vec<u8>, signer: &[u8; 32], protocols: &[&[u8]]) -> Result<(), ConnectError> {
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let (client, server) = duplex(PIPE_LEN);
        let acceptor = TlsAcceptor::from(server_config(shown, signer, protocols));
        let serving = tokio::spawn(async move {
            // Held open until the client has made up its mind.
            let stream = acceptor.accept(server).await;
            if let Ok(mut stream) = stream {
                let _ = stream.read(&mut [0]).await;
            }
        });
        let pin = pin();
        let client: Stream = Box::new(client);
        let connected = RelayClient::connect(client, &pin).await.map(drop);
        serving.abort();
        connected
    })
}

/// Our own server's settings but for what it shows, who signs, and the protocols.
fn server_config(shown: Vec<u8>, signer: &[u8; 32], protocols: &[&[u8]]) -> Arc<ServerConfig> {
    let ours = tls::server_config(&TlsSeed::new(SEED));
    let key = signing_key(signer);
    let shown = CertifiedKey::new(vec![CertificateDer::from(shown)], key);
    let mut config = ServerConfig::builder_with_provider(ours.crypto_provider().clone())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(AlwaysResolvesServerRawPublicKeys::new(Arc::new(
            shown,
        ))));
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    Arc::new(config)
}

fn signing_key(seed: &[u8; 32]) -> Arc<dyn SigningKey> {
    // PKCS#8 of an Ed25519 seed (RFC 8410 §7).
    let mut der = vec![
        0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04,
        0x20,
    ];
    der.extend_from_slice(seed);
    aws_lc_rs::sign::any_eddsa_type(&PrivatePkcs8KeyDer::from(der)).unwrap()
}

fn public_key(seed: &[u8; 32]) -> Vec<u8> {
    let key = signing_key(seed);
    key.public_key().unwrap().as_ref().to_vec()
}

fn pin() -> ServerKeyPin {
    TlsSeed::new(SEED).pin()
}

/// The first bytes of an honest client.
pub(crate) fn client_hello() -> Vec<u8> {
    let name = "relay.invalid".try_into().unwrap();
    let mut client = rustls::ClientConnection::new(tls::client_config(&pin()), name).unwrap();
    let mut hello = Vec::new();
    client.write_tls(&mut hello).unwrap();
    hello
}

/// The public key that the pin is of.
pub(crate) fn sound_key() -> Vec<u8> {
    public_key(&SEED)
}
