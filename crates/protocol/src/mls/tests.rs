//! What the MLS layer refuses, made with the MLS library itself.
#![allow(clippy::unwrap_used)]

use std::cell::Cell;

use openmls::prelude::{
    Capabilities, Ciphersuite, ExtensionType, KeyPackage, KeyPackageBundle, LeafNodeParameters,
    MlsGroup, MlsGroupCreateConfig, OpenMlsProvider as _,
};
use openmls_traits::types::HpkeKeyPair;
use tls_codec::Serialize as _;

use super::{
    ExternalPsk, Group, LeafSigner, MlsError, PeerKeyPackage, encode, make_key_package,
    provider::Provider, suite,
};
use crate::{ids::ConversationId, secret::Secret32, testing::Person};

const CLASSICAL: [Ciphersuite; 2] = [
    Ciphersuite::MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519,
    Ciphersuite::MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519,
];

pub(crate) fn with_provider<T>(seed: u64, use_it: impl FnOnce(&Provider<'_>) -> T) -> T {
    let mut person = Person::new(seed);
    let ctx = person.ctx();
    let id = ConversationId::new([seed.to_be_bytes()[7]; 32]);
    use_it(&Provider::new(ctx.store, ctx.rng, id).unwrap())
}

pub(super) fn signer(seed: u8) -> LeafSigner {
    LeafSigner::new(&Secret32::new([seed; 32]))
}

fn key_package_of(provider: &Provider<'_>, suite: Ciphersuite, seed: u8) -> KeyPackageBundle {
    let signer = signer(seed);
    KeyPackage::builder()
        .key_package_lifetime(suite::lifetime())
        .build(suite, provider, &signer, signer.credential(&[seed; 32]))
        .unwrap()
}

/// A whole key package of another suite, with all its signatures.
pub(crate) fn classical_key_package(
    provider: &Provider<'_>,
    signer: &LeafSigner,
    fingerprint: &[u8; 32],
) -> Vec<u8> {
    let capabilities = Capabilities::default();
    encoded_key_package(provider, CLASSICAL[1], signer, fingerprint, capabilities)
}

/// A group of any suite, and the Welcome for `joiner`, without any PSK.
fn welcome_without_psk(
    provider: &Provider<'_>,
    suite: Ciphersuite,
    joiner: KeyPackage,
    others: &[KeyPackage],
) -> Vec<u8> {
    let founder = signer(9);
    let config = MlsGroupCreateConfig::builder()
        .ciphersuite(suite)
        .use_ratchet_tree_extension(true)
        .lifetime(suite::lifetime())
        .build();
    let credential = founder.credential(&[9; 32]);
    let mut group = MlsGroup::new(provider, &founder, &config, credential).unwrap();
    let mut all = vec![joiner];
    all.extend_from_slice(others);
    let (_, welcome, _) = group.add_members(provider, &founder, &all).unwrap();
    encode(&welcome).unwrap()
}

fn psk(value: &Secret32) -> ExternalPsk<'_> {
    ExternalPsk { id: [1; 32], value }
}

/// What becomes of a public key.
type Spoil = fn(&mut Vec<u8>);

thread_local! {
    /// Of the key pairs that are derived from now on: how many are left as they are, and
    /// what becomes of the public key of the next.
    static HOSTILE: Cell<Option<(usize, Spoil)>> = const { Cell::new(None) };
}

/// What the library of a hostile peer derives: nothing else makes signatures over a public
/// key that is none.
pub(super) fn keys_of_a_hostile_peer(mut pair: HpkeKeyPair) -> HpkeKeyPair {
    match HOSTILE.take() {
        Some((0, spoil)) => spoil(&mut pair.public),
        Some((left, spoil)) => HOSTILE.set(Some((left - 1, spoil))),
        None => {}
    }
    pair
}

/// Public keys that nothing can be sealed to.
const NO_KEYS: [Spoil; 6] = [
    Vec::clear,
    |key| key.truncate(32),
    |key| key.truncate(1_215),
    |key| key.push(0),
    // Not below the modulus: FIPS 203, section 7.2.
    |key| key[..3].fill(0xff),
    // The point of order 1.
    |key| key[1_184..].fill(0),
];

/// Runs `make` as a peer would that spoils one of its key pairs, each in turn; what comes of
/// it, with the number of spoiled ones that were used.
fn hostile<T>(mut make: impl FnMut() -> T, mut look: impl FnMut(T)) -> usize {
    let mut tried = 0;
    for spoil in NO_KEYS {
        for left in 0.. {
            HOSTILE.set(Some((left, spoil)));
            let made = make();
            let unused = HOSTILE.take().is_some();
            if unused {
                break;
            }
            tried += 1;
            look(made);
        }
    }
    tried
}

/// The library ends the program when it is asked to seal to a key that is too short.
/// Claim B0.
#[test]
fn a_key_package_whose_keys_are_none_is_refused() {
    with_provider(1, |provider| {
        let make = || make_key_package(provider, &signer(1), &[1; 32]).unwrap();
        let tried = hostile(make, |made| {
            assert!(PeerKeyPackage::parse(provider, &made).is_err());
        });
        assert_eq!(
            tried,
            2 * NO_KEYS.len(),
            "the key of the package and the leaf's"
        );
    });
}

/// Otherwise our next commit would be sealed to it. Claim B0.
#[test]
fn a_commit_whose_keys_are_none_is_refused_and_the_next_one_is_taken() {
    pair(|founder, founded, joiner, mut joined| {
        founder.overlay().accept();
        let stored = || Group::load(founder, &founded.id()).unwrap();
        let mut refused = 0;
        let tried = hostile(
            || {
                let made = joined
                    .0
                    .self_update(joiner, &signer(1), LeafNodeParameters::default())
                    .map(|bundle| encode(bundle.commit()).unwrap());
                joined.0.clear_pending_commit(joiner.storage()).unwrap();
                made
            },
            |made| {
                let Ok(commit) = made else { return };
                let mut founded = stored();
                match founded.check_commit(founder, 1, &commit) {
                    // It was one that nobody seals to.
                    Ok(commit) => {
                        founded.merge(founder, commit).unwrap();
                        founded.commit(founder, &signer(9), b"").unwrap();
                    }
                    Err(MlsError::Refused(_)) => refused += 1,
                    Err(other) => panic!("{other}"),
                }
                founder.overlay().reject();
            },
        );
        assert!(tried >= NO_KEYS.len());
        assert!(refused >= NO_KEYS.len(), "the leaf's key");
        let honest = joined.commit(joiner, &signer(1), b"").unwrap();
        let mut founded = stored();
        let commit = founded.check_commit(founder, 1, &honest).unwrap();
        founded.merge(founder, commit).unwrap();
        founded.commit(founder, &signer(9), b"").unwrap();
    });
}

/// Whoever founds the group is who its other member seals to. Claim B0.
#[test]
fn a_welcome_into_a_group_whose_keys_are_none_is_refused() {
    let secret = Secret32::new([4; 32]);
    with_provider(1, |joiner| {
        with_provider(2, |founder| {
            let mut refused = 0;
            let tried = hostile(
                || {
                    // Ours is made honestly.
                    let spoil = HOSTILE.take();
                    let ours = make_key_package(joiner, &signer(1), &[1; 32]).unwrap();
                    let parsed = PeerKeyPackage::parse(founder, &ours).unwrap();
                    HOSTILE.set(spoil);
                    Group::found(founder, &signer(0), &[0; 32], parsed, &psk(&secret))
                        .map(|(_, welcome)| welcome)
                },
                |made| {
                    let Ok(welcome) = made else { return };
                    match Group::join(joiner, &welcome, &psk(&secret)) {
                        // It was one that nobody seals to.
                        Ok(mut joined) => {
                            joined.commit(joiner, &signer(1), b"").unwrap();
                        }
                        Err(_) => refused += 1,
                    }
                },
            );
            assert!(tried >= 2 * NO_KEYS.len());
            assert!(refused >= NO_KEYS.len());
        });
    });
}

/// Claims C2 and Q1.
#[test]
fn our_key_package_passes_and_a_classical_one_does_not() {
    with_provider(1, |provider| {
        let ours = make_key_package(provider, &signer(1), &[1; 32]).unwrap();
        let parsed = PeerKeyPackage::parse(provider, &ours).unwrap();
        assert_eq!(parsed.leaf().credential, [1; 32]);
        for suite in CLASSICAL {
            let bundle = key_package_of(provider, suite, 1);
            let bytes = bundle.key_package().tls_serialize_detached().unwrap();
            assert_eq!(
                PeerKeyPackage::parse(provider, &bytes).err(),
                Some(MlsError::Suite)
            );
        }
        for code in [0x0001_u16, 0x0002, 0x0003, 0x004E, 0xFFFF] {
            let mut patched = ours.clone();
            patched[2..4].copy_from_slice(&code.to_be_bytes());
            assert_eq!(
                PeerKeyPackage::parse(provider, &patched).err(),
                Some(MlsError::Suite)
            );
        }
    });
}

/// Claim C2.
#[test]
fn a_key_package_that_is_cut_long_or_changed_is_refused() {
    with_provider(1, |provider| {
        let ours = make_key_package(provider, &signer(1), &[1; 32]).unwrap();
        for cut in (0..ours.len()).step_by(7) {
            assert!(PeerKeyPackage::parse(provider, &ours[..cut]).is_err());
        }
        assert!(PeerKeyPackage::parse(provider, &[ours.as_slice(), &[0]].concat()).is_err());
        for at in (0..ours.len()).step_by(5) {
            let mut changed = ours.clone();
            changed[at] ^= 0x10;
            assert!(
                PeerKeyPackage::parse(provider, &changed).is_err(),
                "byte {at}"
            );
        }
    });
}

#[test]
fn a_last_resort_key_package_is_refused() {
    with_provider(1, |provider| {
        let signer = signer(1);
        let bundle = KeyPackage::builder()
            .key_package_lifetime(suite::lifetime())
            .mark_as_last_resort()
            .build(suite::SUITE, provider, &signer, signer.credential(&[1; 32]))
            .unwrap();
        let bytes = bundle.key_package().tls_serialize_detached().unwrap();
        assert_eq!(
            PeerKeyPackage::parse(provider, &bytes).err(),
            Some(MlsError::Refused("the key package"))
        );
    });
}

/// An extension could change what the group does later on; none is known here.
#[test]
fn a_key_package_with_an_extension_of_its_own_or_of_its_leaf_is_refused() {
    use openmls::prelude::{Extension, Extensions, UnknownExtension};
    const KIND: u16 = 0xF0F0;
    let extension = || Extension::Unknown(KIND, UnknownExtension(vec![1]));
    with_provider(1, |provider| {
        let signer = signer(1);
        let builder = || {
            let known = Capabilities::new(
                None,
                Some(&[suite::SUITE]),
                Some(&[ExtensionType::Unknown(KIND)]),
                None,
                None,
            );
            KeyPackage::builder()
                .key_package_lifetime(suite::lifetime())
                .leaf_node_capabilities(known)
        };
        let of_package = builder().key_package_extensions(Extensions::single(extension()).unwrap());
        let of_leaf = builder().leaf_node_extensions(Extensions::single(extension()).unwrap());
        for (builder, refused) in [(builder(), false), (of_package, true), (of_leaf, true)] {
            let bundle = builder
                .build(suite::SUITE, provider, &signer, signer.credential(&[1; 32]))
                .unwrap();
            let bytes = bundle.key_package().tls_serialize_detached().unwrap();
            let parsed = PeerKeyPackage::parse(provider, &bytes);
            assert_eq!(parsed.is_err(), refused);
        }
    });
}

/// A Welcome from `founder` that shows the invite's secret, into a group that `prepare` may
/// change before the joiner is added, with `others` added besides.
fn welcome_into(
    founder: &Provider<'_>,
    joiner: &PeerKeyPackage,
    secret: &ExternalPsk<'_>,
    others: &[KeyPackage],
    prepare: impl FnOnce(&Provider<'_>, &mut MlsGroup),
) -> Vec<u8> {
    let signer = signer(9);
    let config = suite::create_config();
    let mut group = MlsGroup::new(founder, &signer, &config, signer.credential(&[9; 32])).unwrap();
    prepare(founder, &mut group);
    let psk_id = secret.store(founder).unwrap();
    let proposal = openmls::prelude::PreSharedKeyProposal::new(psk_id);
    let bundle = group
        .commit_builder()
        .propose_adds([vec![joiner.0.clone()], others.to_vec()].concat())
        .add_proposal(openmls::prelude::Proposal::PreSharedKey(Box::new(proposal)))
        .load_psks(founder.storage())
        .unwrap()
        .build(founder.rand(), founder.crypto(), &signer, |_| true)
        .unwrap()
        .stage_commit(founder)
        .unwrap();
    encode(&bundle.into_welcome_msg().unwrap()).unwrap()
}

/// Only a group of two in its first epoch has no member and no secret that the joiner does
/// not know of. Claim B0.
#[test]
fn a_welcome_into_any_other_group_than_a_new_one_of_two_is_refused() {
    let secret = Secret32::new([4; 32]);
    with_provider(1, |joiner| {
        with_provider(2, |founder| {
            let third = || {
                let bundle = key_package_of(founder, suite::SUITE, 7);
                bundle.key_package().clone()
            };
            let ours = || {
                let bytes = make_key_package(joiner, &signer(1), &[1; 32]).unwrap();
                PeerKeyPackage::parse(founder, &bytes).unwrap()
            };
            let renewed = |founder: &Provider<'_>, group: &mut MlsGroup| {
                group
                    .self_update(founder, &signer(9), LeafNodeParameters::default())
                    .unwrap();
                group.merge_pending_commit(founder).unwrap();
            };
            let honest = welcome_into(founder, &ours(), &psk(&secret), &[], |_, _| {});
            let old = welcome_into(founder, &ours(), &psk(&secret), &[], renewed);
            let crowded = welcome_into(founder, &ours(), &psk(&secret), &[third()], |_, _| {});
            let join = |welcome: &[u8]| Group::join(joiner, welcome, &psk(&secret)).err();
            assert_eq!(join(&honest), None);
            let refused = Some(MlsError::Refused("the group is not one of two"));
            assert_eq!(join(&old), refused);
            assert_eq!(join(&crowded), refused);
        });
    });
}

/// Whoever joined by one invite holds its secret for a moment; it opens no other invite.
/// Claims A2 and B0.
#[test]
fn a_welcome_with_another_secret_that_the_joiner_holds_is_refused() {
    let secret = Secret32::new([4; 32]);
    let other = ExternalPsk {
        id: [6; 32],
        value: &secret,
    };
    with_provider(1, |joiner| {
        with_provider(2, |founder| {
            other.store(joiner).unwrap();
            let bytes = make_key_package(joiner, &signer(1), &[1; 32]).unwrap();
            let parsed = PeerKeyPackage::parse(founder, &bytes).unwrap();
            let welcome = welcome_into(founder, &parsed, &other, &[], |_, _| {});
            assert_eq!(
                Group::join(joiner, &welcome, &psk(&secret)).err(),
                Some(MlsError::Refused(
                    "the Welcome does not use the invite's secret"
                ))
            );
        });
    });
}

/// Claim F1.
#[test]
fn the_secret_of_an_invite_is_forgotten_on_both_sides_once_the_group_is_there() {
    use openmls_traits::storage::{CURRENT_VERSION, Entity, StorageProvider as _, traits};

    /// Whatever is stored there.
    #[derive(serde::Serialize)]
    struct Anything;
    impl<'de> serde::Deserialize<'de> for Anything {
        fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            <serde::de::IgnoredAny as serde::Deserialize>::deserialize(from).map(|_| Self)
        }
    }
    impl Entity<CURRENT_VERSION> for Anything {}
    impl traits::PskBundle<CURRENT_VERSION> for Anything {}

    let value = Secret32::new([2; 32]);
    let held = |provider: &Provider<'_>| {
        let id = openmls::schedule::Psk::External(openmls::schedule::ExternalPsk::new(vec![1; 32]));
        let found: Option<Anything> = provider.storage().psk(&id).unwrap();
        found.is_some()
    };
    pair(|founder, _, joiner, _| {
        assert!(!held(founder) && !held(joiner));
        psk(&value).store(joiner).unwrap();
        assert!(held(joiner));
    });
}

/// Claims B0 and C2.
#[test]
fn a_welcome_without_the_psk_or_of_another_suite_is_refused() {
    let value = Secret32::new([2; 32]);
    for suite in [suite::SUITE, CLASSICAL[0], CLASSICAL[1]] {
        with_provider(1, |joiner| {
            let bundle = key_package_of(joiner, suite, 1);
            let welcome = with_provider(2, |founder| {
                welcome_without_psk(founder, suite, bundle.key_package().clone(), &[])
            });
            let refused = Group::join(joiner, &welcome, &psk(&value)).err().unwrap();
            let expected = if suite == suite::SUITE {
                MlsError::Refused("the Welcome does not use the invite's secret")
            } else {
                MlsError::Suite
            };
            assert_eq!(refused, expected);
        });
    }
}

/// Claim A2.
#[test]
fn a_welcome_with_another_psk_is_refused() {
    let (ours, other) = (Secret32::new([2; 32]), Secret32::new([3; 32]));
    let join = |id: [u8; 32], value: &Secret32| {
        with_provider(1, |joiner| {
            let bytes = make_key_package(joiner, &signer(1), &[1; 32]).unwrap();
            let welcome = with_provider(2, |founder| {
                let key_package = PeerKeyPackage::parse(founder, &bytes).unwrap();
                let psk = ExternalPsk { id, value };
                Group::found(founder, &signer(9), &[9; 32], key_package, &psk)
                    .unwrap()
                    .1
            });
            Group::join(joiner, &welcome, &psk(&ours))
                .map(|group| group.id())
                .err()
        })
    };
    assert_eq!(join([1; 32], &ours), None);
    assert_eq!(
        join([1; 32], &other),
        Some(MlsError::Refused("the Welcome"))
    );
    assert_eq!(join([4; 32], &ours), Some(MlsError::Refused("the Welcome")));
}

#[test]
fn a_welcome_that_is_cut_or_changed_is_refused_without_panic() {
    let value = Secret32::new([2; 32]);
    with_provider(1, |joiner| {
        let bytes = make_key_package(joiner, &signer(1), &[1; 32]).unwrap();
        joiner.overlay().accept();
        let welcome = with_provider(2, |founder| {
            let key_package = PeerKeyPackage::parse(founder, &bytes).unwrap();
            Group::found(founder, &signer(9), &[9; 32], key_package, &psk(&value))
                .unwrap()
                .1
        });
        for at in (0..welcome.len()).step_by(61) {
            let mut changed = welcome.clone();
            changed[at] ^= 0x10;
            assert!(
                Group::join(joiner, &changed, &psk(&value)).is_err(),
                "byte {at}"
            );
            joiner.overlay().reject();
            assert!(Group::join(joiner, &welcome[..at], &psk(&value)).is_err());
            joiner.overlay().reject();
        }
        assert!(Group::join(joiner, &welcome, &psk(&value)).is_ok());
    });
}

/// Founder and joiner of a group of two, each with its provider.
pub(super) fn pair(use_it: impl FnOnce(&Provider<'_>, Group, &Provider<'_>, Group)) {
    pair_by(2, use_it);
}

/// The founder draws from `seed`.
fn pair_by(seed: u64, use_it: impl FnOnce(&Provider<'_>, Group, &Provider<'_>, Group)) {
    let value = Secret32::new([2; 32]);
    with_provider(1, |joiner| {
        with_provider(seed, |founder| {
            let bytes = make_key_package(joiner, &signer(1), &[1; 32]).unwrap();
            let key_package = PeerKeyPackage::parse(founder, &bytes).unwrap();
            let (founded, welcome) =
                Group::found(founder, &signer(9), &[9; 32], key_package, &psk(&value)).unwrap();
            let joined = Group::join(joiner, &welcome, &psk(&value)).unwrap();
            use_it(founder, founded, joiner, joined);
        });
    });
}

#[test]
fn both_sides_of_an_epoch_derive_the_same() {
    pair(|founder, mut founded, joiner, mut joined| {
        let commit = joined.commit(joiner, &signer(1), b"data").unwrap();
        let checked = founded.check_commit(founder, 1, &commit).unwrap();
        assert_eq!(checked.authenticated_data, b"data");
        founded.merge(founder, checked).unwrap();
        let (ours, theirs) = (
            joined.entered(joiner).unwrap(),
            founded.entered(founder).unwrap(),
        );
        assert_eq!(ours.epoch, 2);
        assert_eq!(ours.authenticator, theirs.authenticator);
        assert!(ours.lane_root == theirs.lane_root);
    });
}

/// Claim A1.
#[test]
fn a_commit_that_adds_somebody_is_refused() {
    pair(|founder, mut founded, joiner, mut joined| {
        let third = key_package_of(joiner, suite::SUITE, 7)
            .key_package()
            .clone();
        let (commit, _, _) = joined.0.add_members(joiner, &signer(1), &[third]).unwrap();
        assert_eq!(
            founded
                .check_commit(founder, 1, &encode(&commit).unwrap())
                .err(),
            Some(MlsError::Refused("the commit does more than renew keys"))
        );
    });
}

/// Claims P1 and Q1.
#[test]
fn a_commit_without_a_path_is_refused() {
    pair(|founder, mut founded, joiner, mut joined| {
        let third = key_package_of(joiner, suite::SUITE, 7)
            .key_package()
            .clone();
        let (commit, _, _) = joined
            .0
            .add_members_without_update(joiner, &signer(1), &[third])
            .unwrap();
        assert_eq!(
            founded
                .check_commit(founder, 1, &encode(&commit).unwrap())
                .err(),
            Some(MlsError::Refused("the commit renews no keys"))
        );
    });
}

#[test]
fn a_commit_with_another_psk_is_refused() {
    pair(|founder, mut founded, joiner, mut joined| {
        let value = Secret32::new([6; 32]);
        let extra = ExternalPsk {
            id: [6; 32],
            value: &value,
        };
        extra.store(founder).unwrap();
        let id = extra.store(joiner).unwrap();
        let proposal = openmls::prelude::PreSharedKeyProposal::new(id);
        let bundle = joined
            .0
            .commit_builder()
            .force_self_update(true)
            .add_proposal(openmls::prelude::Proposal::PreSharedKey(Box::new(proposal)))
            .load_psks(joiner.storage())
            .unwrap()
            .build(joiner.rand(), joiner.crypto(), &signer(1), |_| true)
            .unwrap()
            .stage_commit(joiner)
            .unwrap();
        assert_eq!(
            founded
                .check_commit(founder, 1, &encode(bundle.commit()).unwrap())
                .err(),
            Some(MlsError::Refused("the commit does more than renew keys"))
        );
    });
}

/// Claim A1.
#[test]
fn a_commit_that_changes_the_identity_of_the_leaf_is_refused() {
    pair(|founder, mut founded, joiner, mut joined| {
        let other = signer(1).credential(&[8; 32]);
        let bundle = joined
            .0
            .self_update(
                joiner,
                &signer(1),
                LeafNodeParameters::builder()
                    .with_credential_with_key(other)
                    .build(),
            )
            .unwrap();
        assert_eq!(
            founded
                .check_commit(founder, 1, &encode(bundle.commit()).unwrap())
                .err(),
            Some(MlsError::Refused("the commit does more than renew keys"))
        );
    });
}

/// Claim B0.
#[test]
fn a_removal_and_a_bare_proposal_are_refused() {
    pair(|founder, mut founded, joiner, mut joined| {
        let (proposal, _) = joined
            .0
            .propose_self_update(joiner, &signer(1), LeafNodeParameters::default())
            .unwrap();
        let proposal = encode(&proposal).unwrap();
        assert!(founded.commit_epoch(&proposal).is_err());
        assert!(founded.decrypt(founder, 1, &proposal).is_err());
        joined.0.clear_pending_proposals(joiner.storage()).unwrap();
        let zero = openmls::prelude::LeafNodeIndex::new(0);
        let (commit, _, _) = joined
            .0
            .remove_members(joiner, &signer(1), &[zero])
            .unwrap();
        assert_eq!(
            founded
                .check_commit(founder, 1, &encode(&commit).unwrap())
                .err(),
            Some(MlsError::Refused("the commit does more than renew keys"))
        );
    });
}

/// Claim I1.
#[test]
fn a_message_of_another_sender_or_group_or_with_more_than_a_content_is_refused() {
    pair(|founder, mut founded, joiner, mut joined| {
        let said = joined.encrypt(joiner, &signer(1), b"hi").unwrap();
        assert!(founded.decrypt(founder, 0, &said).is_err());
        joined.0.set_aad(b"more".to_vec());
        let more = joined.encrypt(joiner, &signer(1), b"hi").unwrap();
        assert!(founded.decrypt(founder, 1, &more).is_err());
        let said = joined.encrypt(joiner, &signer(1), b"hi").unwrap();
        assert_eq!(*founded.decrypt(founder, 1, &said).unwrap().1, b"hi");

        let commit = joined.commit(joiner, &signer(1), b"").unwrap();
        assert_eq!(founded.commit_epoch(&commit), Ok(1));
        pair_by(3, |_, other, _, _| {
            assert!(other.commit_epoch(&commit).is_err())
        });
    });
}

/// Claim F1.
#[test]
fn the_exporter_is_not_in_the_store() {
    fn check(provider: &Provider<'_>, group: &Group) {
        let entered = group.entered(provider).unwrap();
        let stored = Group::load(provider, &group.id()).unwrap();
        let again = stored.entered(provider).unwrap();
        assert_eq!(again.authenticator, entered.authenticator);
        assert!(again.lane_root != entered.lane_root);
    }
    pair(|founder, founded, joiner, joined| {
        check(founder, &founded);
        check(joiner, &joined);
    });
}

/// What a leaf can say of itself so that our suite is one that it does not know.
pub(crate) fn another_suite_only() -> Capabilities {
    Capabilities::new(None, Some(&[CLASSICAL[1]]), None, None, None)
}

/// What a leaf can say of itself in many words: kinds of extensions, 2 bytes each.
pub(crate) fn capabilities_of(kinds: u16) -> Capabilities {
    let kinds: Vec<_> = (0..kinds)
        .map(|kind| ExtensionType::Unknown(0x1000 + kind))
        .collect();
    Capabilities::new(None, Some(&[suite::SUITE]), Some(&kinds), None, None)
}

/// A key package of our suite with all its signatures, whose leaf says this of itself.
pub(crate) fn key_package_saying(
    provider: &Provider<'_>,
    signer: &LeafSigner,
    fingerprint: &[u8; 32],
    capabilities: Capabilities,
) -> Vec<u8> {
    encoded_key_package(provider, suite::SUITE, signer, fingerprint, capabilities)
}

fn encoded_key_package(
    provider: &Provider<'_>,
    suite: Ciphersuite,
    signer: &LeafSigner,
    fingerprint: &[u8; 32],
    capabilities: Capabilities,
) -> Vec<u8> {
    KeyPackage::builder()
        .key_package_lifetime(suite::lifetime())
        .leaf_node_capabilities(capabilities)
        .build(suite, provider, signer, signer.credential(fingerprint))
        .unwrap()
        .key_package()
        .tls_serialize_detached()
        .unwrap()
}

/// Claim B0.
#[test]
fn a_key_package_that_no_group_takes_is_the_peers_fault() {
    with_provider(1, |provider| {
        let bytes = key_package_saying(provider, &signer(1), &[1; 32], another_suite_only());
        let key_package = PeerKeyPackage::parse(provider, &bytes).unwrap();
        let value = Secret32::new([3; 32]);
        let founded = Group::found(provider, &signer(9), &[9; 32], key_package, &psk(&value));
        let why = founded.map(|_| ()).unwrap_err();
        assert_eq!(why, MlsError::Refused("the key package"));
    });
}
