//! The MLS library's storage trait over an [`Overlay`].
//!
//! A row's key is a kind and the SHA-256 of the library's key in CBOR; its value
//! is the library's value in CBOR.

use ciborium::Value;
use openmls_traits::storage::{CURRENT_VERSION, StorageProvider, traits};
use serde::{Serialize, de::DeserializeOwned};
use zeroize::{Zeroize, Zeroizing};

use super::overlay::Overlay;
use crate::{
    kdf,
    secret::{from_cbor, to_cbor},
    store::StoreError,
};

/// What a row is. Numbers are stored; never use one again for something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Kind {
    JoinConfig = 1,
    OwnLeafNodes = 2,
    ProposalRefs = 3,
    Proposal = 4,
    Tree = 5,
    InterimTranscriptHash = 6,
    GroupContext = 7,
    ConfirmationTag = 8,
    GroupState = 9,
    MessageSecrets = 10,
    ResumptionPsks = 11,
    OwnLeafIndex = 12,
    EpochSecrets = 13,
    SignatureKeyPair = 14,
    EncryptionKeyPair = 15,
    EpochKeyPairs = 16,
    KeyPackage = 17,
    Psk = 18,
}

impl Overlay<'_> {
    fn row_key<K: Serialize>(&self, kind: Kind, key: &K) -> Result<Vec<u8>, StoreError> {
        let key = kdf::sha256(&self.note(to_cbor(key))?);
        Ok([[kind as u8].as_slice(), &key].concat())
    }

    fn read<K: Serialize, V: DeserializeOwned>(
        &self,
        kind: Kind,
        key: &K,
    ) -> Result<Option<V>, StoreError> {
        match self.get(&self.row_key(kind, key)?)? {
            Some(bytes) => self.note(from_cbor(&bytes, "an MLS row")).map(Some),
            None => Ok(None),
        }
    }

    fn write<K: Serialize, V: Serialize>(
        &self,
        kind: Kind,
        key: &K,
        value: &V,
    ) -> Result<(), StoreError> {
        let value = self.note(to_cbor(value))?;
        self.set(self.row_key(kind, key)?, Some(value));
        Ok(())
    }

    fn remove<K: Serialize>(&self, kind: Kind, key: &K) -> Result<(), StoreError> {
        self.set(self.row_key(kind, key)?, None);
        Ok(())
    }

    fn list<K: Serialize, V: DeserializeOwned>(
        &self,
        kind: Kind,
        key: &K,
    ) -> Result<Vec<V>, StoreError> {
        Ok(self.read(kind, key)?.unwrap_or_default())
    }
}

/// The name of the field of `GroupEpochSecrets` that [`without_exporter`] blanks.
const EXPORTER_FIELD: &str = "exporter_secret";

/// Overwrites the exporter secret in the CBOR of `GroupEpochSecrets`.
///
/// The lanes of an epoch are derived from its exporter in the step that enters
/// the epoch, and never again. Whoever stole the exporter could derive every
/// slot and box key of the epoch anew, those included whose links are deleted;
/// so it must not reach the store. `[HW-SLOT-6]`
pub(super) fn without_exporter(bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    const WHAT: &str = "MLS epoch secrets";
    let mut value: Value = from_cbor(bytes, WHAT)?;
    let exporter = value
        .as_map_mut()
        .and_then(|fields| {
            fields
                .iter_mut()
                .find(|(name, _)| name.as_text() == Some(EXPORTER_FIELD))
        })
        .map(|(_, exporter)| blank(exporter));
    let encoded = to_cbor(&value);
    wipe(&mut value);
    match exporter {
        Some(wiped) if wiped > 0 => encoded,
        _ => Err(StoreError::Damaged(WHAT)),
    }
}

/// Sets every byte below `value` to zero; how many there were.
fn blank(value: &mut Value) -> usize {
    match value {
        Value::Bytes(bytes) => {
            bytes.fill(0);
            bytes.len()
        }
        Value::Integer(number) => {
            *number = 0.into();
            1
        }
        Value::Array(items) => items.iter_mut().map(blank).sum(),
        Value::Map(fields) => fields.iter_mut().map(|(_, field)| blank(field)).sum(),
        _ => 0,
    }
}

/// Wipes the byte strings of a tree that is about to be dropped.
pub(super) fn wipe(value: &mut Value) {
    match value {
        Value::Bytes(bytes) => bytes.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Map(fields) => fields.iter_mut().for_each(|(_, field)| wipe(field)),
        _ => {}
    }
}

/// Methods that differ only in their kind, key and value.
macro_rules! only_write {
    ($(($kind:ident, $key:ident, $value:ident, $write:ident))*) => {$(
        fn $write<
            K: traits::$key<CURRENT_VERSION>,
            V: traits::$value<CURRENT_VERSION>,
        >(&self, key: &K, value: &V) -> Result<(), StoreError> {
            self.write(Kind::$kind, key, value)
        }
    )*};
}

macro_rules! only_read {
    ($(($kind:ident, $key:ident, $value:ident, $read:ident))*) => {$(
        fn $read<
            K: traits::$key<CURRENT_VERSION>,
            V: traits::$value<CURRENT_VERSION>,
        >(&self, key: &K) -> Result<Option<V>, StoreError> {
            self.read(Kind::$kind, key)
        }
    )*};
}

macro_rules! one_value {
    ($(($kind:ident, $key:ident, $value:ident, $write:ident, $read:ident))*) => {
        only_write! { $(($kind, $key, $value, $write))* }
        only_read! { $(($kind, $key, $value, $read))* }
    };
}

macro_rules! delete {
    ($(($kind:ident, $key:ident, $delete:ident))*) => {$(
        fn $delete<K: traits::$key<CURRENT_VERSION>>(&self, key: &K) -> Result<(), StoreError> {
            self.remove(Kind::$kind, key)
        }
    )*};
}

impl StorageProvider<CURRENT_VERSION> for Overlay<'_> {
    type Error = StoreError;

    fn write_group_epoch_secrets<
        G: traits::GroupId<CURRENT_VERSION>,
        V: traits::GroupEpochSecrets<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
        secrets: &V,
    ) -> Result<(), StoreError> {
        let whole = self.note(to_cbor(secrets))?;
        let kept = self.note(without_exporter(&whole))?;
        self.set(self.row_key(Kind::EpochSecrets, group_id)?, Some(kept));
        Ok(())
    }

    fn append_own_leaf_node<
        G: traits::GroupId<CURRENT_VERSION>,
        V: traits::LeafNode<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
        leaf_node: &V,
    ) -> Result<(), StoreError> {
        let mut nodes: Vec<Value> = self.list(Kind::OwnLeafNodes, group_id)?;
        let node = Value::serialized(leaf_node).map_err(|_| StoreError::Damaged("a leaf node"));
        nodes.push(self.note(node)?);
        self.write(Kind::OwnLeafNodes, group_id, &nodes)
    }

    fn queue_proposal<
        G: traits::GroupId<CURRENT_VERSION>,
        R: traits::ProposalRef<CURRENT_VERSION>,
        V: traits::QueuedProposal<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
        reference: &R,
        proposal: &V,
    ) -> Result<(), StoreError> {
        let encoded = Value::serialized(reference).map_err(|_| StoreError::Damaged("a proposal"));
        let encoded = self.note(encoded)?;
        let mut references: Vec<Value> = self.list(Kind::ProposalRefs, group_id)?;
        if !references.contains(&encoded) {
            references.push(encoded);
            self.write(Kind::ProposalRefs, group_id, &references)?;
        }
        self.write(Kind::Proposal, &(group_id, reference), proposal)
    }

    fn queued_proposal_refs<
        G: traits::GroupId<CURRENT_VERSION>,
        R: traits::ProposalRef<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
    ) -> Result<Vec<R>, StoreError> {
        self.list(Kind::ProposalRefs, group_id)
    }

    fn queued_proposals<
        G: traits::GroupId<CURRENT_VERSION>,
        R: traits::ProposalRef<CURRENT_VERSION>,
        V: traits::QueuedProposal<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
    ) -> Result<Vec<(R, V)>, StoreError> {
        let references: Vec<R> = self.list(Kind::ProposalRefs, group_id)?;
        references
            .into_iter()
            .map(|reference| {
                let proposal = self.read(Kind::Proposal, &(group_id, &reference))?;
                let proposal = proposal.ok_or(StoreError::Damaged("a queued proposal"));
                Ok((reference, self.note(proposal)?))
            })
            .collect()
    }

    fn remove_proposal<
        G: traits::GroupId<CURRENT_VERSION>,
        R: traits::ProposalRef<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
        reference: &R,
    ) -> Result<(), StoreError> {
        let encoded = Value::serialized(reference).map_err(|_| StoreError::Damaged("a proposal"));
        let encoded = self.note(encoded)?;
        let mut references: Vec<Value> = self.list(Kind::ProposalRefs, group_id)?;
        references.retain(|other| *other != encoded);
        self.write(Kind::ProposalRefs, group_id, &references)?;
        self.remove(Kind::Proposal, &(group_id, reference))
    }

    fn clear_proposal_queue<
        G: traits::GroupId<CURRENT_VERSION>,
        R: traits::ProposalRef<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
    ) -> Result<(), StoreError> {
        for reference in self.list::<_, R>(Kind::ProposalRefs, group_id)? {
            self.remove(Kind::Proposal, &(group_id, &reference))?;
        }
        self.remove(Kind::ProposalRefs, group_id)
    }

    fn write_encryption_epoch_key_pairs<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::EpochKey<CURRENT_VERSION>,
        V: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
        epoch: &E,
        leaf_index: u32,
        key_pairs: &[V],
    ) -> Result<(), StoreError> {
        self.write(
            Kind::EpochKeyPairs,
            &(group_id, epoch, leaf_index),
            &key_pairs,
        )
    }

    fn encryption_epoch_key_pairs<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::EpochKey<CURRENT_VERSION>,
        V: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
        epoch: &E,
        leaf_index: u32,
    ) -> Result<Vec<V>, StoreError> {
        self.list(Kind::EpochKeyPairs, &(group_id, epoch, leaf_index))
    }

    fn delete_encryption_epoch_key_pairs<
        G: traits::GroupId<CURRENT_VERSION>,
        E: traits::EpochKey<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
        epoch: &E,
        leaf_index: u32,
    ) -> Result<(), StoreError> {
        self.remove(Kind::EpochKeyPairs, &(group_id, epoch, leaf_index))
    }

    fn own_leaf_nodes<G: traits::GroupId<CURRENT_VERSION>, V: traits::LeafNode<CURRENT_VERSION>>(
        &self,
        group_id: &G,
    ) -> Result<Vec<V>, StoreError> {
        self.list(Kind::OwnLeafNodes, group_id)
    }

    fn group_state<V: traits::GroupState<CURRENT_VERSION>, G: traits::GroupId<CURRENT_VERSION>>(
        &self,
        group_id: &G,
    ) -> Result<Option<V>, StoreError> {
        self.read(Kind::GroupState, group_id)
    }

    fn write_group_state<
        V: traits::GroupState<CURRENT_VERSION>,
        G: traits::GroupId<CURRENT_VERSION>,
    >(
        &self,
        group_id: &G,
        value: &V,
    ) -> Result<(), StoreError> {
        self.write(Kind::GroupState, group_id, value)
    }

    fn encryption_key_pair<
        V: traits::HpkeKeyPair<CURRENT_VERSION>,
        K: traits::EncryptionKey<CURRENT_VERSION>,
    >(
        &self,
        public_key: &K,
    ) -> Result<Option<V>, StoreError> {
        self.read(Kind::EncryptionKeyPair, public_key)
    }

    fn psk<V: traits::PskBundle<CURRENT_VERSION>, K: traits::PskId<CURRENT_VERSION>>(
        &self,
        psk_id: &K,
    ) -> Result<Option<V>, StoreError> {
        self.read(Kind::Psk, psk_id)
    }

    one_value! {
        (JoinConfig, GroupId, MlsGroupJoinConfig,
            write_mls_join_config, mls_group_join_config)
        (Tree, GroupId, TreeSync, write_tree, tree)
        (InterimTranscriptHash, GroupId, InterimTranscriptHash,
            write_interim_transcript_hash, interim_transcript_hash)
        (GroupContext, GroupId, GroupContext, write_context, group_context)
        (ConfirmationTag, GroupId, ConfirmationTag, write_confirmation_tag, confirmation_tag)
        (MessageSecrets, GroupId, MessageSecrets, write_message_secrets, message_secrets)
        (ResumptionPsks, GroupId, ResumptionPskStore,
            write_resumption_psk_store, resumption_psk_store)
        (OwnLeafIndex, GroupId, LeafNodeIndex, write_own_leaf_index, own_leaf_index)
        (SignatureKeyPair, SignaturePublicKey, SignatureKeyPair,
            write_signature_key_pair, signature_key_pair)
        (KeyPackage, HashReference, KeyPackage, write_key_package, key_package)
    }

    only_write! {
        (EncryptionKeyPair, EncryptionKey, HpkeKeyPair, write_encryption_key_pair)
        (Psk, PskId, PskBundle, write_psk)
    }

    only_read! {
        (EpochSecrets, GroupId, GroupEpochSecrets, group_epoch_secrets)
    }

    delete! {
        (OwnLeafNodes, GroupId, delete_own_leaf_nodes)
        (JoinConfig, GroupId, delete_group_config)
        (Tree, GroupId, delete_tree)
        (ConfirmationTag, GroupId, delete_confirmation_tag)
        (GroupState, GroupId, delete_group_state)
        (GroupContext, GroupId, delete_context)
        (InterimTranscriptHash, GroupId, delete_interim_transcript_hash)
        (MessageSecrets, GroupId, delete_message_secrets)
        (ResumptionPsks, GroupId, delete_all_resumption_psk_secrets)
        (OwnLeafIndex, GroupId, delete_own_leaf_index)
        (EpochSecrets, GroupId, delete_group_epoch_secrets)
        (SignatureKeyPair, SignaturePublicKey, delete_signature_key_pair)
        (EncryptionKeyPair, EncryptionKey, delete_encryption_key_pair)
        (KeyPackage, HashReference, delete_key_package)
        (Psk, PskId, delete_psk)
    }
}
