//! The MLS library by itself: a group of two with the same suite and settings as
//! ours, its own storage in memory, and nothing else.

use anyhow::{Context as _, Result, bail, ensure};
use ed25519_dalek::{Signer as _, SigningKey};
use openmls::prelude::{
    BasicCredential, Capabilities, Ciphersuite, CredentialType, CredentialWithKey, KeyPackage,
    MlsGroup, MlsGroupCreateConfig, MlsMessageBodyIn, MlsMessageIn,
    PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, ProcessedMessageContent, ProtocolVersion,
    SenderRatchetConfiguration, StagedWelcome,
};
use openmls_libcrux_crypto::Provider;
use openmls_traits::{
    signatures::{Signer, SignerError},
    types::SignatureScheme,
};
use tls_codec::{DeserializeBytes as _, Serialize as _};

const SUITE: Ciphersuite = Ciphersuite::MLS_256_XWING_CHACHA20POLY1305_SHA256_Ed25519;

struct Key(SigningKey);

impl Signer for Key {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.0.sign(payload).to_bytes().to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

struct Member {
    provider: Provider,
    key: Key,
    group: MlsGroup,
}

/// Two members of a group.
pub struct BarePair {
    writer: Member,
    reader: Member,
}

impl std::fmt::Debug for BarePair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BarePair(..)")
    }
}

impl BarePair {
    /// A group of two in its second epoch, which the writer made.
    ///
    /// # Errors
    /// When the library fails.
    pub fn new() -> Result<Self> {
        let (founder, joiner) = (provider()?, provider()?);
        let (key, other) = (key(1), key(2));
        let package = KeyPackage::builder()
            .leaf_node_capabilities(capabilities())
            .build(SUITE, &joiner, &other, credential(&other))
            .context("a key package")?;
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(SUITE)
            .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .padding_size(0)
            .max_past_epochs(2)
            .number_of_resumption_psks(0)
            .use_ratchet_tree_extension(true)
            .sender_ratchet_configuration(SenderRatchetConfiguration::new(1_032, 5_000))
            .capabilities(capabilities())
            .build();
        let mut group = MlsGroup::new(&founder, &key, &config, credential(&key))
            .context("founding the group")?;
        let (_, welcome, _) = group
            .add_members(&founder, &key, &[package.key_package().clone()])
            .context("adding the other")?;
        group.merge_pending_commit(&founder).context("merging")?;
        let welcome = welcome.tls_serialize_detached().context("encoding")?;
        let message = MlsMessageIn::tls_deserialize_exact_bytes(&welcome).context("decoding")?;
        let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
            bail!("a Welcome decodes to something else");
        };
        let joined = StagedWelcome::new_from_welcome(&joiner, config.join_config(), welcome, None)
            .and_then(|staged| staged.into_group(&joiner))
            .context("joining")?;
        Ok(Self {
            writer: Member {
                provider: founder,
                key,
                group,
            },
            reader: Member {
                provider: joiner,
                key: other,
                group: joined,
            },
        })
    }

    /// Encrypts one text, encodes, decodes and decrypts it.
    ///
    /// # Errors
    /// When the library fails, or another text comes out.
    pub fn pass(&mut self, text: &str) -> Result<()> {
        let Member {
            provider,
            key,
            group,
        } = &mut self.writer;
        let bytes = group
            .create_message(provider, key, text.as_bytes())
            .context("encrypting")?
            .tls_serialize_detached()
            .context("encoding")?;
        let message = MlsMessageIn::tls_deserialize_exact_bytes(&bytes)
            .context("decoding")?
            .try_into_protocol_message()
            .context("a protocol message")?;
        let Member {
            provider, group, ..
        } = &mut self.reader;
        let processed = group
            .process_message(provider, message)
            .context("decrypting")?;
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(content) => {
                ensure!(
                    content.into_bytes() == text.as_bytes(),
                    "another text came out"
                );
                Ok(())
            }
            _ => bail!("something else came out"),
        }
    }
}

fn provider() -> Result<Provider> {
    Provider::new().map_err(|error| anyhow::anyhow!("no randomness: {error:?}"))
}

fn key(seed: u8) -> Key {
    Key(SigningKey::from_bytes(&[seed; 32]))
}

fn credential(key: &Key) -> CredentialWithKey {
    CredentialWithKey {
        credential: BasicCredential::new(vec![7; 32]).into(),
        signature_key: key.0.verifying_key().to_bytes().as_slice().into(),
    }
}

fn capabilities() -> Capabilities {
    Capabilities::new(
        Some(&[ProtocolVersion::Mls10]),
        Some(&[SUITE]),
        Some(&[]),
        Some(&[]),
        Some(&[CredentialType::Basic]),
    )
}
