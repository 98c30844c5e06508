//! The MLS group of a conversation (RFC 9420), behind types of our own.

pub(crate) mod crypto;
pub(crate) mod overlay;
pub(crate) mod provider;
mod storage;
#[cfg(test)]
mod storage_tests;
mod suite;
#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
pub(crate) mod vector_tests;

use ed25519_dalek::{Signer as _, SigningKey};
use openmls::{
    prelude::{
        BasicCredential, ContentType, CredentialWithKey, GroupId, KeyPackage, KeyPackageIn,
        LeafNode, LeafNodeIndex, MlsGroup, MlsMessageBodyIn, MlsMessageIn, MlsMessageOut,
        PreSharedKeyProposal, ProcessedMessageContent, Proposal, ProtocolMessage, ProtocolVersion,
        Sender, StagedCommit, StagedWelcome, WireFormat,
    },
    schedule::{PreSharedKeyId, Psk},
};
use openmls_traits::{
    OpenMlsProvider as _,
    signatures::{Signer, SignerError},
    types::SignatureScheme,
};
use tls_codec::{DeserializeBytes as _, Serialize as _, VLBytes};

use crate::{error::Fault, secret::Secret32, store::StoreError};
use provider::Provider;
pub(crate) use suite::hpke_config;
use suite::{SUITE, SUITE_CODE};

/// MLS refused, or could not do, a thing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MlsError {
    /// The peer's bytes are not what they must be; the text says which.
    #[error("the message of the other side was refused: {0}")]
    Refused(&'static str),
    /// Bytes of a ciphersuite other than X-Wing with Ed25519.
    #[error("the other side uses a ciphersuite that is not allowed")]
    Suite,
    /// The library failed where it cannot with a sound state.
    #[error("a defect in the encryption: {0}")]
    Internal(&'static str),
    /// The machine failed.
    #[error("{0}")]
    Environment(&'static str),
    /// The vault failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl MlsError {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Refused(_) | Self::Suite => Fault::Peer,
            Self::Internal(_) => Fault::Ours,
            Self::Environment(_) | Self::Store(_) => Fault::Environment,
        }
    }
}

/// The key of our MLS leaf, kept as a seed.
pub(crate) struct LeafSigner(SigningKey);

impl LeafSigner {
    pub(crate) fn new(seed: &Secret32) -> Self {
        Self(SigningKey::from_bytes(seed.expose()))
    }

    pub(crate) fn public(&self) -> [u8; 32] {
        self.0.verifying_key().to_bytes()
    }

    fn credential(&self, fingerprint: &[u8; 32]) -> CredentialWithKey {
        CredentialWithKey {
            credential: BasicCredential::new(fingerprint.to_vec()).into(),
            signature_key: self.public().as_slice().into(),
        }
    }
}

impl Signer for LeafSigner {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.0.sign(payload).to_bytes().to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// What a leaf shows: its credential (a fingerprint) and its signature key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) credential: Vec<u8>,
    pub(crate) key: Vec<u8>,
}

/// A key package of the peer that passed every check of RFC 9420 §10.1.
pub(crate) struct PeerKeyPackage(KeyPackage);

impl PeerKeyPackage {
    /// Parses and checks an encoded KeyPackage. `[HW-INV-4]`
    pub(crate) fn parse(provider: &Provider<'_>, bytes: &[u8]) -> Result<Self, MlsError> {
        const WHAT: MlsError = MlsError::Refused("the key package");
        // ProtocolVersion (2 bytes), then CipherSuite: looked at first, so that
        // nothing of another suite is even parsed.
        match bytes.get(2..4) {
            Some(code) if code == SUITE_CODE => {}
            Some(_) => return Err(MlsError::Suite),
            None => return Err(WHAT),
        }
        let parsed = KeyPackageIn::tls_deserialize_exact_bytes(bytes).map_err(|_| WHAT)?;
        let checked = parsed
            .validate(provider.crypto(), ProtocolVersion::Mls10)
            .map_err(|_| WHAT)?;
        if checked.ciphersuite() != SUITE {
            return Err(MlsError::Suite);
        }
        let plain = !checked.last_resort()
            && checked.extensions().iter().next().is_none()
            && checked.leaf_node().extensions().iter().next().is_none();
        let usable = provider
            .crypto()
            .takes_public_key(checked.hpke_init_key().as_slice())
            && takes_leaf(provider, checked.leaf_node());
        if plain && usable {
            Ok(Self(checked))
        } else {
            Err(WHAT)
        }
    }

    pub(crate) fn leaf(&self) -> Leaf {
        let leaf = self.0.leaf_node();
        Leaf {
            credential: leaf.credential().serialized_content().to_vec(),
            key: leaf.signature_key().as_slice().to_vec(),
        }
    }
}

/// Whether our next commit could be sealed to this leaf. `[HW-KEM-3]`
fn takes_leaf(provider: &Provider<'_>, leaf: &LeafNode) -> bool {
    // An opaque vector (RFC 9420, section 7.1).
    let key = leaf.encryption_key().tls_serialize_detached().ok();
    let key = key.and_then(|key| VLBytes::tls_deserialize_exact_bytes(&key).ok());
    key.is_some_and(|key| provider.crypto().takes_public_key(key.as_slice()))
}

/// Makes our key package; its private parts go to the provider's storage.
pub(crate) fn make_key_package(
    provider: &Provider<'_>,
    signer: &LeafSigner,
    fingerprint: &[u8; 32],
) -> Result<Vec<u8>, MlsError> {
    let bundle = KeyPackage::builder()
        .key_package_lifetime(suite::lifetime())
        .leaf_node_capabilities(suite::capabilities())
        .build(SUITE, provider, signer, signer.credential(fingerprint))
        .map_err(|_| failed(provider, MlsError::Internal("making a key package")))?;
    bundle
        .key_package()
        .tls_serialize_detached()
        .map_err(|_| MlsError::Internal("encoding a key package"))
}

/// An epoch that was just entered: its number and what is derived from it.
pub(crate) struct Entered {
    pub(crate) epoch: u64,
    pub(crate) authenticator: [u8; 32],
    pub(crate) lane_root: Secret32,
}

/// A group, loaded for one step.
pub(crate) struct Group(MlsGroup);

/// MLS exporter label (RFC 9420 §8.5) of the secret that the lanes of an epoch
/// start from. `[HW-SLOT-2]`
const LANES_LABEL: &str = "hushwing 1 lanes";

impl Group {
    /// The stored group.
    pub(crate) fn load(provider: &Provider<'_>, group_id: &[u8]) -> Result<Self, MlsError> {
        MlsGroup::load(provider.storage(), &GroupId::from_slice(group_id))?
            .map(Self)
            .ok_or(MlsError::Store(StoreError::Damaged("an MLS group")))
    }

    /// Makes the group of two: us, and the owner of `key_package`, with the
    /// external PSK in the commit that adds it. Gives the group in epoch 1 and
    /// the encoded Welcome.
    pub(crate) fn found(
        provider: &Provider<'_>,
        signer: &LeafSigner,
        fingerprint: &[u8; 32],
        key_package: PeerKeyPackage,
        psk: &ExternalPsk<'_>,
    ) -> Result<(Self, Vec<u8>), MlsError> {
        let internal = |_| failed(provider, MlsError::Internal("founding the group"));
        // All else in the commit is ours and as always.
        let refused = |_| failed(provider, MlsError::Refused("the key package"));
        let mut group_id = [0; 32];
        provider.with_rng(|rng| rng.fill_bytes(&mut group_id));
        let mut group = MlsGroup::new_with_group_id(
            provider,
            signer,
            &suite::create_config(),
            GroupId::from_slice(&group_id),
            signer.credential(fingerprint),
        )
        .map_err(|_| internal(()))?;
        let psk_id = psk.store(provider)?;
        let bundle = group
            .commit_builder()
            .propose_adds([key_package.0])
            .add_proposal(Proposal::PreSharedKey(Box::new(PreSharedKeyProposal::new(
                psk_id.clone(),
            ))))
            .load_psks(provider.storage())
            .map_err(|_| internal(()))?
            .build(provider.rand(), provider.crypto(), signer, |_| true)
            .map_err(|_| refused(()))?
            .stage_commit(provider)
            .map_err(|_| refused(()))?;
        let welcome = bundle
            .into_welcome_msg()
            .ok_or(MlsError::Internal("a commit that adds gives a Welcome"))?;
        group
            .merge_pending_commit(provider)
            .map_err(|_| internal(()))?;
        psk.forget(provider, &psk_id)?;
        Ok((Self(group), encode(&welcome)?))
    }

    /// Joins by Welcome: only into a group of two in epoch 1 whose other member
    /// is the founder at leaf 0, of our suite, and whose key schedule took
    /// exactly the given external PSK. `[HW-INV-6]`
    pub(crate) fn join(
        provider: &Provider<'_>,
        welcome: &[u8],
        psk: &ExternalPsk<'_>,
    ) -> Result<Self, MlsError> {
        const WHAT: MlsError = MlsError::Refused("the Welcome");
        let refused = |_| failed(provider, WHAT);
        // ProtocolVersion and WireFormat (2 bytes each), then CipherSuite.
        match welcome.get(4..6) {
            Some(code) if code == SUITE_CODE => {}
            Some(_) => return Err(MlsError::Suite),
            None => return Err(WHAT),
        }
        let message = MlsMessageIn::tls_deserialize_exact_bytes(welcome).map_err(|_| WHAT)?;
        let MlsMessageBodyIn::Welcome(welcome) = message.extract() else {
            return Err(WHAT);
        };
        let psk_id = psk.store(provider)?;
        let join = StagedWelcome::build_from_welcome(provider, &suite::join_config(), welcome)
            .map_err(|_| refused(()))?;
        match join.processed_welcome().psks() {
            [only] if *only.psk() == *psk_id.psk() => {}
            _ => {
                return Err(MlsError::Refused(
                    "the Welcome does not use the invite's secret",
                ));
            }
        }
        let staged = join
            .skip_lifetime_validation()
            .build()
            .map_err(|_| refused(()))?;
        let context = staged.group_context();
        let is_ours = context.ciphersuite() == SUITE
            && context.epoch().as_u64() == 1
            && context.extensions().iter().next().is_none()
            && staged.members().count() == 2
            && staged.own_leaf_index() == LeafNodeIndex::new(1)
            && staged.welcome_sender_index() == LeafNodeIndex::new(0);
        if !is_ours {
            return Err(MlsError::Refused("the group is not one of two"));
        }
        let usable = staged
            .members()
            .all(|member| provider.crypto().takes_public_key(&member.encryption_key));
        if !usable {
            return Err(WHAT);
        }
        let group = staged.into_group(provider).map_err(|_| refused(()))?;
        psk.forget(provider, &psk_id)?;
        Ok(Self(group))
    }

    pub(crate) fn id(&self) -> Vec<u8> {
        self.0.group_id().as_slice().to_vec()
    }

    pub(crate) fn leaf(&self, index: u32) -> Option<Leaf> {
        let member = self.0.member_at(LeafNodeIndex::new(index))?;
        Some(Leaf {
            credential: member.credential.serialized_content().to_vec(),
            key: member.signature_key,
        })
    }

    /// What the current epoch gives. Works only in the step that entered it:
    /// the exporter is not stored.
    pub(crate) fn entered(&self, provider: &Provider<'_>) -> Result<Entered, MlsError> {
        const WHAT: MlsError = MlsError::Internal("exporting from an epoch");
        let root = self
            .0
            .export_secret(provider.crypto(), LANES_LABEL, &[], 32)
            .map_err(|_| WHAT)?;
        let authenticator = self.0.epoch_authenticator().as_slice();
        Ok(Entered {
            epoch: self.0.epoch().as_u64(),
            authenticator: authenticator.try_into().map_err(|_| WHAT)?,
            lane_root: Secret32::take(root).ok_or(WHAT)?,
        })
    }

    /// Commits a fresh path of our leaf and enters the next epoch. Gives the
    /// encoded commit.
    pub(crate) fn commit(
        &mut self,
        provider: &Provider<'_>,
        signer: &LeafSigner,
        authenticated_data: &[u8],
    ) -> Result<Vec<u8>, MlsError> {
        let internal = |()| failed(provider, MlsError::Internal("committing"));
        self.0.set_aad(authenticated_data.to_vec());
        let bundle = self
            .0
            .commit_builder()
            .force_self_update(true)
            .load_psks(provider.storage())
            .map_err(|_| internal(()))?
            .build(provider.rand(), provider.crypto(), signer, |_| true)
            .map_err(|_| internal(()))?
            .stage_commit(provider)
            .map_err(|_| internal(()))?;
        let commit = encode(bundle.commit())?;
        self.0
            .merge_pending_commit(provider)
            .map_err(|_| internal(()))?;
        Ok(commit)
    }

    /// Encrypts an application message in the current epoch.
    pub(crate) fn encrypt(
        &mut self,
        provider: &Provider<'_>,
        signer: &LeafSigner,
        content: &[u8],
    ) -> Result<Vec<u8>, MlsError> {
        let message = self
            .0
            .create_message(provider, signer, content)
            .map_err(|_| failed(provider, MlsError::Internal("encrypting a message")))?;
        encode(&message)
    }

    /// Decrypts an application message of the leaf `sender`: epoch and content.
    pub(crate) fn decrypt(
        &mut self,
        provider: &Provider<'_>,
        sender: u32,
        message: &[u8],
    ) -> Result<(u64, zeroize::Zeroizing<Vec<u8>>), MlsError> {
        const WHAT: MlsError = MlsError::Refused("the message inside");
        let message = self.private_message(message, ContentType::Application)?;
        let processed = self
            .0
            .process_message(provider, message)
            .map_err(|_| failed(provider, WHAT))?;
        let from_sender = *processed.sender() == Sender::Member(LeafNodeIndex::new(sender));
        let bare = processed.aad().is_empty();
        let epoch = processed.epoch().as_u64();
        match processed.into_content() {
            ProcessedMessageContent::ApplicationMessage(content) if from_sender && bare => {
                Ok((epoch, zeroize::Zeroizing::new(content.into_bytes())))
            }
            _ => Err(WHAT),
        }
    }

    /// The epoch that an encoded commit starts from, unauthenticated.
    pub(crate) fn commit_epoch(&self, commit: &[u8]) -> Result<u64, MlsError> {
        let message = self.private_message(commit, ContentType::Commit)?;
        Ok(message.epoch().as_u64())
    }

    /// Checks a commit of the leaf `sender`: nothing but a fresh path of its own
    /// leaf, with credential and signature key as they were. `[HW-CONV-5]`
    pub(crate) fn check_commit(
        &mut self,
        provider: &Provider<'_>,
        sender: u32,
        commit: &[u8],
    ) -> Result<PeerCommit, MlsError> {
        const WHAT: MlsError = MlsError::Refused("the commit inside");
        let before = self.leaf(sender).ok_or(WHAT)?;
        let message = self.private_message(commit, ContentType::Commit)?;
        let processed = self
            .0
            .process_message(provider, message)
            .map_err(|_| failed(provider, WHAT))?;
        let from_sender = *processed.sender() == Sender::Member(LeafNodeIndex::new(sender));
        let authenticated_data = processed.aad().to_vec();
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            return Err(WHAT);
        };
        // Without a path no new secret enters (RFC 9420 section 12.4).
        let renews = staged.update_path_leaf_node().is_some();
        if !renews {
            return Err(MlsError::Refused("the commit renews no keys"));
        }
        let same_leaf = staged.update_path_leaf_node().is_some_and(|leaf| {
            leaf.credential().serialized_content() == before.credential
                && leaf.signature_key().as_slice() == before.key
                && leaf.extensions().iter().next().is_none()
                && takes_leaf(provider, leaf)
        });
        let plain = from_sender
            && same_leaf
            && !staged.self_removed()
            && staged.queued_proposals().next().is_none();
        if !plain {
            return Err(MlsError::Refused("the commit does more than renew keys"));
        }
        Ok(PeerCommit {
            staged,
            authenticated_data,
        })
    }

    /// Enters the epoch of a checked commit.
    pub(crate) fn merge(
        &mut self,
        provider: &Provider<'_>,
        commit: PeerCommit,
    ) -> Result<(), MlsError> {
        self.0
            .merge_staged_commit(provider, *commit.staged)
            .map_err(|_| failed(provider, MlsError::Internal("merging a commit")))
    }

    fn private_message(
        &self,
        bytes: &[u8],
        content: ContentType,
    ) -> Result<ProtocolMessage, MlsError> {
        const WHAT: MlsError = MlsError::Refused("the framing of the message inside");
        let message = MlsMessageIn::tls_deserialize_exact_bytes(bytes)
            .map_err(|_| WHAT)?
            .try_into_protocol_message()
            .map_err(|_| WHAT)?;
        let fits = message.wire_format() == WireFormat::PrivateMessage
            && message.group_id() == self.0.group_id()
            && message.content_type() == content;
        if fits { Ok(message) } else { Err(WHAT) }
    }
}

/// A commit of the peer that passed [`Group::check_commit`].
pub(crate) struct PeerCommit {
    staged: Box<StagedCommit>,
    pub(crate) authenticated_data: Vec<u8>,
}

/// The external PSK of a first contact (RFC 9420 §8.4).
pub(crate) struct ExternalPsk<'a> {
    pub(crate) id: [u8; 32],
    pub(crate) value: &'a Secret32,
}

impl ExternalPsk<'_> {
    fn store(&self, provider: &Provider<'_>) -> Result<PreSharedKeyId, MlsError> {
        const WHAT: MlsError = MlsError::Internal("storing the invite's secret");
        let psk = Psk::External(openmls::schedule::ExternalPsk::new(self.id.to_vec()));
        let id = PreSharedKeyId::new(SUITE, provider.rand(), psk).map_err(|_| WHAT)?;
        id.store(provider, self.value.expose())
            .map_err(|_| failed(provider, WHAT))?;
        Ok(id)
    }

    fn forget(&self, provider: &Provider<'_>, id: &PreSharedKeyId) -> Result<(), MlsError> {
        use openmls_traits::storage::StorageProvider as _;
        Ok(provider.storage().delete_psk(id.psk())?)
    }
}

fn encode(message: &MlsMessageOut) -> Result<Vec<u8>, MlsError> {
    message
        .tls_serialize_detached()
        .map_err(|_| MlsError::Internal("encoding a message"))
}

/// `otherwise`, unless it was the vault that failed.
fn failed(provider: &Provider<'_>, otherwise: MlsError) -> MlsError {
    provider
        .overlay()
        .take_failure()
        .map_or(otherwise, MlsError::Store)
}
