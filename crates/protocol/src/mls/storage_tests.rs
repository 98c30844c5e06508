//! What the MLS library keeps in our store, and what must not stay there or in memory.
#![allow(clippy::unwrap_used)]

use ciborium::Value;
use openmls::prelude::{Ciphersuite, LeafNodeParameters, OpenMlsProvider as _};
use openmls_traits::{
    crypto::OpenMlsCrypto as _, random::OpenMlsRand as _, types::SignatureScheme,
};

use super::{
    encode,
    storage::{wipe, without_exporter},
    suite::SUITE,
    tests::{pair, signer, with_provider},
};
use crate::{
    ids::ConversationId,
    mls::{Group, MlsError, overlay::Overlay},
    secret::to_cbor,
    store::{MemoryStore, StoreError},
};

/// The library may be told of proposals in one step and commit them in a later one.
#[test]
fn what_was_proposed_is_there_in_a_later_step() {
    pair(|founder, founded, joiner, mut joined| {
        let propose = |group: &mut Group| {
            let renewed = LeafNodeParameters::default();
            let made = group.0.propose_self_update(joiner, &signer(1), renewed);
            made.unwrap()
        };
        let again = || {
            joiner.overlay().accept();
            Group::load(joiner, &joined_id(&founded)).unwrap()
        };
        let (_, kept) = propose(&mut joined);
        let mut later = again();
        let found: Vec<_> = later.0.pending_proposals().collect();
        assert_eq!(found.len(), 1);
        assert_eq!(*found[0].proposal_reference_ref(), kept);

        later
            .0
            .remove_pending_proposal(joiner.storage(), &kept)
            .unwrap();
        assert_eq!(again().0.pending_proposals().count(), 0);

        let (first, second) = (propose(&mut later), propose(&mut later));
        assert_ne!(first.1, second.1);
        later
            .0
            .remove_pending_proposal(joiner.storage(), &first.1)
            .unwrap();
        assert_eq!(again().0.pending_proposals().count(), 1);
        later.0.clear_pending_proposals(joiner.storage()).unwrap();
        assert_eq!(again().0.pending_proposals().count(), 0);

        // What the other side commits of ours takes the keys that were proposed.
        let mut joined = again();
        let (proposal, _) = propose(&mut joined);
        let mut committer = Group::load(founder, &joined_id(&founded)).unwrap();
        let proposal = encode(&proposal).unwrap();
        let proposal = committer
            .private_message(&proposal, openmls::prelude::ContentType::Proposal)
            .unwrap();
        let taken = committer.0.process_message(founder, proposal).unwrap();
        let openmls::prelude::ProcessedMessageContent::ProposalMessage(taken) =
            taken.into_content()
        else {
            panic!("a proposal is one");
        };
        committer
            .0
            .store_pending_proposal(founder.storage(), *taken)
            .unwrap();
        let (commit, ..) = committer
            .0
            .commit_to_pending_proposals(founder, &signer(9))
            .unwrap();
        committer.0.merge_pending_commit(founder).unwrap();
        let commit = encode(&commit).unwrap();
        let mut joined = again();
        let commit = joined
            .private_message(&commit, openmls::prelude::ContentType::Commit)
            .unwrap();
        let processed = joined.0.process_message(joiner, commit).unwrap();
        let openmls::prelude::ProcessedMessageContent::StagedCommitMessage(staged) =
            processed.into_content()
        else {
            panic!("a commit is one");
        };
        joined.0.merge_staged_commit(joiner, *staged).unwrap();
        assert_eq!(
            joined.entered(joiner).unwrap().authenticator,
            committer.entered(founder).unwrap().authenticator
        );
    });
}

fn joined_id(group: &Group) -> Vec<u8> {
    group.id()
}

/// Claim F1.
#[test]
fn epoch_secrets_are_stored_without_the_exporter_or_not_at_all() {
    let secrets = |exporter: Value| {
        let other = (Value::from("other"), Value::Bytes(vec![5; 4]));
        let exporter = (Value::from("exporter_secret"), exporter);
        to_cbor(&Value::Map(vec![other, exporter])).unwrap()
    };
    let nested = |bytes: Vec<u8>| Value::Map(vec![(Value::from("value"), Value::Bytes(bytes))]);
    let numbers = |number: u8| Value::Array(vec![Value::from(number); 3]);
    for (exporter, blank) in [
        (Value::Bytes(vec![7; 3]), Value::Bytes(vec![0; 3])),
        (nested(vec![7; 3]), nested(vec![0; 3])),
        (numbers(7), numbers(0)),
    ] {
        let stored = without_exporter(&secrets(exporter)).unwrap();
        assert_eq!(*stored, *secrets(blank));
    }
    // A later version of the library that calls or encodes it otherwise is noticed.
    let unknown = StoreError::Damaged("MLS epoch secrets");
    for bytes in [
        secrets(Value::Bytes(Vec::new())),
        secrets(Value::from("secret")),
        to_cbor(&Value::Map(vec![(
            Value::from("exporter"),
            Value::Bytes(vec![7; 3]),
        )]))
        .unwrap(),
    ] {
        assert_eq!(without_exporter(&bytes).err(), Some(unknown.clone()));
    }
}

/// Claim Z1.
#[test]
fn a_tree_of_secrets_is_wiped_wherever_they_are_in_it() {
    let bytes = || Value::Bytes(vec![7; 3]);
    let mut tree = Value::Map(vec![
        (Value::from("here"), bytes()),
        (
            Value::from("list"),
            Value::Array(vec![Value::Null, bytes()]),
        ),
    ]);
    wipe(&mut tree);
    let none = || Value::Bytes(Vec::new());
    let wiped = Value::Map(vec![
        (Value::from("here"), none()),
        (Value::from("list"), Value::Array(vec![Value::Null, none()])),
    ]);
    assert_eq!(tree, wiped);
}

/// The library wraps or hides what its storage says. Claim D0.
#[test]
fn a_failure_of_the_store_is_told_once_and_not_taken_for_the_peers_fault() {
    let store = MemoryStore::new();
    let overlay = Overlay::new(&store, ConversationId::new([1; 32]));
    let failed = StoreError::Damaged("an MLS row");
    assert_eq!(overlay.note::<()>(Err(failed.clone())), Err(failed.clone()));
    assert_eq!(overlay.take_failure(), Some(failed.clone()));
    assert_eq!(overlay.take_failure(), None);
    with_provider(1, |provider| {
        let peers = MlsError::Refused("the Welcome");
        assert_eq!(super::failed(provider, peers.clone()), peers.clone());
        let _ = provider.overlay().note::<()>(Err(failed.clone()));
        assert_eq!(super::failed(provider, peers), MlsError::Store(failed));
    });
}

/// MLS draws group ids, leaf keys and the four bytes that keep nonces apart (RFC 9420,
/// section 6.3.1) from it. Claim N1.
#[test]
fn what_the_library_draws_comes_from_the_steps_randomness() {
    let draw = |seed| {
        with_provider(seed, |provider| {
            let rand = provider.rand();
            let arrays: [[u8; 16]; 2] = [(); 2].map(|()| rand.random_array().unwrap());
            (arrays, rand.random_vec(16).unwrap())
        })
    };
    let (one, other) = (draw(1), draw(2));
    assert_eq!(draw(1), one);
    assert_ne!(one.0[0], one.0[1]);
    assert_ne!(one.0[1].as_slice(), one.1.as_slice());
    assert_ne!(one.0, other.0);
    assert_ne!(one.1, other.1);
}

#[test]
fn the_library_may_ask_for_suites_and_signature_keys() {
    with_provider(1, |provider| {
        let crypto = provider.crypto();
        assert_eq!(crypto.supports(SUITE), Ok(()));
        assert!(crypto.supported_ciphersuites().contains(&SUITE));
        let foreign = Ciphersuite::MLS_256_DHKEMP521_AES256GCM_SHA512_P521;
        assert!(crypto.supports(foreign).is_err());
        let kind = SignatureScheme::ED25519;
        let (secret, public) = crypto.signature_key_gen(kind).unwrap();
        let signature = crypto.sign(kind, b"said", &secret).unwrap();
        let verified = |said: &[u8]| crypto.verify_signature(kind, said, &public, &signature);
        assert_eq!(verified(b"said"), Ok(()));
        assert!(verified(b"sad").is_err());
    });
}
