//! First contacts that somebody altered with full knowledge of the link.
#![allow(clippy::unwrap_used)]

use hushwing_wire::{
    Body, Bundle, Envelope, InviteLink, LaneEnd, Receipts, RequestPlaintext, Routes, SealedBox,
};

use super::{
    InviteError, RequestSlot, accept,
    keys::{BUNDLE_BOX_LABEL, InviteKeys, REQUEST_BOX_LABEL, binding, psk_id},
    redeem,
};
use crate::{
    conversation::state::{Fixed, REQUEST_NUMBER},
    identity::{IdentityKeys, ProofError, Role},
    kdf,
    mls::{
        Group, LeafSigner, MlsError, make_key_package,
        provider::Provider,
        tests::{classical_key_package, with_provider},
    },
    secret::Secret32,
    testing::{Person, friends},
    view,
};

/// A link and sealed bundle of somebody who makes them by hand.
fn handmade(
    alter: impl FnOnce(&mut Bundle),
    role: Role,
    classical: bool,
) -> (InviteLink, SealedBox) {
    with_provider(40, |provider| {
        let keys = InviteKeys::new(&[8; 32]);
        let identity = provider.with_rng(|rng| IdentityKeys::generate(rng));
        let signer = LeafSigner::new(&Secret32::new([6; 32]));
        let fingerprint = *identity.fingerprint().as_bytes();
        let key_package = if classical {
            classical_key_package(provider, &signer, &fingerprint)
        } else {
            make_key_package(provider, &signer, &fingerprint).unwrap()
        };
        let routes = hushwing_wire::Routes::default();
        let card = provider.with_rng(|rng| {
            identity
                .card(rng, role, &signer.public(), &keys.id(), "Eve", routes)
                .unwrap()
        });
        let mut bundle = Bundle { key_package, card };
        alter(&mut bundle);
        let link = InviteLink {
            expires_at_min: crate::testing::EXPIRES_AT_MIN,
            secret: [8; 32],
            bundle_hash: kdf::sha256(&bundle.to_bytes().unwrap()),
            relays: vec![crate::testing::relay(1)],
        };
        let padded = bundle.to_padded().unwrap();
        let boxed = provider.with_rng(|rng| {
            keys.bundle_key()
                .seal(rng, BUNDLE_BOX_LABEL, &keys.bundle_slot(), &padded)
                .unwrap()
        });
        (link, boxed)
    })
}

fn redeem_handmade((link, boxed): &(InviteLink, SealedBox)) -> Option<InviteError> {
    let mut bob = Person::new(2);
    let me = bob.me("Bob");
    let refused = redeem(&mut bob.ctx(), link, boxed, me).err();
    assert!(refused.is_none() || bob.rows().is_empty());
    refused
}

#[test]
fn a_bundle_made_by_the_rules_is_redeemed() {
    assert_eq!(
        redeem_handmade(&handmade(|_| {}, Role::Inviter, false)),
        None
    );
}

/// Claim C2.
#[test]
fn a_bundle_of_a_classical_suite_is_refused() {
    assert_eq!(
        redeem_handmade(&handmade(|_| {}, Role::Inviter, true)),
        Some(InviteError::Mls(MlsError::Suite))
    );
}

/// Claims A2 and Q3.
#[test]
fn a_bundle_whose_proof_is_stripped_forged_or_of_the_other_role_is_refused() {
    let refused = |alter: fn(&mut Bundle), role| redeem_handmade(&handmade(alter, role, false));
    assert_eq!(
        refused(
            |bundle| bundle.card.ml_dsa_65_signature[0] ^= 1,
            Role::Inviter
        ),
        Some(InviteError::Proof(ProofError::MlDsa65))
    );
    assert_eq!(
        refused(
            |bundle| bundle.card.ed25519_signature.fill(0),
            Role::Inviter
        ),
        Some(InviteError::Proof(ProofError::Ed25519))
    );
    assert_eq!(
        refused(|bundle| bundle.card.ml_dsa_65_public[0] ^= 1, Role::Inviter),
        Some(InviteError::Proof(ProofError::Fingerprint))
    );
    assert_eq!(
        refused(|_| {}, Role::Redeemer),
        Some(InviteError::Proof(ProofError::Ed25519))
    );
}

/// Claim A2.
#[test]
fn another_bundle_than_the_link_names_is_refused() {
    let (mut link, boxed) = handmade(|_| {}, Role::Inviter, false);
    link.bundle_hash[0] ^= 1;
    assert_eq!(
        redeem_handmade(&(link, boxed)),
        Some(InviteError::WrongBundle)
    );
}

/// Bob's request with its inside altered by somebody who knows the link.
fn accept_altered(alter: impl FnOnce(&mut RequestPlaintext)) -> Option<InviteError> {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let created = alice.invite();
    let redeemed = bob.redeem(&created);
    let keys = InviteKeys::new(&created.link.secret);
    let (slot, boxed) = &redeemed.request[0];
    let key = keys.request_key(RequestSlot::First);
    let padded = key.open(REQUEST_BOX_LABEL, slot, boxed).unwrap();
    let mut request = RequestPlaintext::from_padded(&padded).unwrap();
    alter(&mut request);
    let padded = request.to_padded().unwrap();
    let boxed = key
        .seal(&mut bob.rng, REQUEST_BOX_LABEL, slot, &padded)
        .unwrap();
    let before = alice.store.snapshot();
    let refused = accept(
        &mut alice.ctx(),
        &created.invite,
        RequestSlot::First,
        &boxed,
    )
    .err();
    assert!(refused.is_none() || alice.store.snapshot() == before);
    if refused.is_some() {
        // The honest one still passes.
        alice.accept(&created, &redeemed);
    }
    refused
}

/// Flips a bit, counting round the end.
fn flip(bytes: &mut [u8], at: usize) {
    let at = at % bytes.len();
    bytes[at] ^= 1;
}

/// Claims B0 and I1.
#[test]
fn each_region_of_a_request_is_bound() {
    assert_eq!(accept_altered(|_| {}), None);
    for at in (0..5_400).step_by(301) {
        let refused = accept_altered(|request| flip(&mut request.welcome, at));
        assert!(refused.is_some(), "byte {at} of the Welcome");
    }
    for at in (0..5_900).step_by(301) {
        let refused = accept_altered(|request| flip(&mut request.message, at));
        assert!(refused.is_some(), "byte {at} of the message");
    }
    assert!(accept_altered(|request| request.message.truncate(900)).is_some());
    assert!(accept_altered(|request| request.welcome.push(0)).is_some());
    assert_eq!(
        accept_altered(|request| request.welcome[4..6].copy_from_slice(&[0, 3])),
        Some(InviteError::Mls(MlsError::Suite))
    );
}

/// A request whose first envelope is altered by the redeemer, who signs for it.
fn accept_with_envelope(alter: impl FnOnce(&mut Envelope)) -> Option<InviteError> {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let created = alice.invite();
    let redeemed = bob.redeem(&created);
    let keys = InviteKeys::new(&created.link.secret);
    let (slot, boxed) = &redeemed.request[0];
    let key = keys.request_key(RequestSlot::First);
    let padded = key.open(REQUEST_BOX_LABEL, slot, boxed).unwrap();
    let mut request = RequestPlaintext::from_padded(&padded).unwrap();

    let conversation = bob.conversation;
    let fixed = Fixed::read(&bob.store, &conversation).unwrap();
    let ctx = bob.ctx();
    let provider = Provider::new(ctx.store, ctx.rng, conversation).unwrap();
    let mut group = Group::load(&provider, &fixed.group_id.0).unwrap();
    let signer = LeafSigner::new(&fixed.signer_seed);
    let card = provider.with_rng(|rng| {
        let (role, key, routes) = (Role::Redeemer, signer.public(), Routes::default());
        fixed
            .identity
            .card(rng, role, &key, &keys.id(), "Bob", routes)
    });
    let mut envelope = Envelope {
        number: REQUEST_NUMBER,
        clock: REQUEST_NUMBER,
        sent_at_ms: ctx.now_ms,
        received: Receipts::default(),
        lane_ends: Vec::new(),
        epoch_authenticator: group.entered(&provider).unwrap().authenticator.to_vec(),
        body: Body::Card(card.unwrap().to_bytes().unwrap()),
    };
    alter(&mut envelope);
    let content = hushwing_wire::to_bytes(&envelope).unwrap();
    request.message = group.encrypt(&provider, &signer, &content).unwrap();
    let padded = request.to_padded().unwrap();
    let boxed = provider.with_rng(|rng| key.seal(rng, REQUEST_BOX_LABEL, slot, &padded));
    let boxed = boxed.unwrap();
    let before = alice.store.snapshot();
    let first = RequestSlot::First;
    let refused = accept(&mut alice.ctx(), &created.invite, first, &boxed).err();
    assert!(refused.is_none() || alice.store.snapshot() == before);
    refused
}

/// What a first envelope says of boxes, lanes and keys would be taken into a conversation
/// that has none yet. Claim B0.
#[test]
fn the_first_envelope_says_nothing_but_who_it_is() {
    assert_eq!(accept_with_envelope(|_| {}), None);
    let refused = Some(InviteError::Request("the envelope"));
    assert_eq!(accept_with_envelope(|first| first.number += 1), refused);
    assert_eq!(accept_with_envelope(|first| first.clock += 1), refused);
    assert_eq!(
        accept_with_envelope(|first| first.received.up_to = 1),
        refused
    );
    let end = LaneEnd { epoch: 1, count: 0 };
    assert_eq!(
        accept_with_envelope(|first| first.lane_ends.push(end)),
        refused
    );
    assert_eq!(
        accept_with_envelope(|first| first.epoch_authenticator[0] ^= 1),
        refused
    );
    assert_eq!(
        accept_with_envelope(|first| first.body = Body::Nothing),
        Some(InviteError::Request("the card"))
    );
}

/// Claim A2.
#[test]
fn a_message_of_another_request_does_not_fit_the_welcome() {
    let mut alice = Person::new(1);
    let created = alice.invite();
    let keys = InviteKeys::new(&created.link.secret);
    let key = keys.request_key(RequestSlot::First);
    let requests = [2, 3].map(|seed| {
        let redeemed = Person::new(seed).redeem(&created);
        let (slot, boxed) = &redeemed.request[0];
        let padded = key.open(REQUEST_BOX_LABEL, slot, boxed).unwrap();
        RequestPlaintext::from_padded(&padded).unwrap()
    });
    let [bobs, mallorys] = requests;
    let mixed = RequestPlaintext {
        welcome: bobs.welcome,
        message: mallorys.message,
    };
    let slot = keys.request_slot(RequestSlot::First);
    let padded = mixed.to_padded().unwrap();
    let boxed = key
        .seal(&mut alice.rng, REQUEST_BOX_LABEL, &slot, &padded)
        .unwrap();
    let refused = accept(
        &mut alice.ctx(),
        &created.invite,
        RequestSlot::First,
        &boxed,
    );
    assert!(matches!(
        refused,
        Err(InviteError::Mls(MlsError::Refused(_)))
    ));
}

/// Claim A1.
#[test]
fn whoever_answers_under_another_identity_has_another_safety_number() {
    let mut alice = Person::new(1);
    let created = alice.invite();
    let untouched = alice.store.snapshot();
    let numbers = [2, 3].map(|seed| {
        alice.store.restore(&untouched);
        let redeemed = Person::new(seed).redeem(&created);
        alice.accept(&created, &redeemed).safety_number
    });
    assert_ne!(numbers[0], numbers[1]);
    // And the same person in another first contact has another one too.
    let safety_number = |seed| {
        let (alice, _) = friends(seed);
        view(&alice.store, &alice.conversation)
            .unwrap()
            .safety_number
    };
    assert_ne!(safety_number(1), safety_number(2));
}

/// Claim A2.
#[test]
fn each_part_of_a_first_contact_changes_what_binds_it_alone() {
    let parts = [&b"link"[..], b"bundle", b"request"];
    let mut bindings = vec![binding(parts[0], parts[1], parts[2])];
    let mut psks = vec![psk_id(parts[0], parts[1])];
    for which in 0..3 {
        let mut changed = parts.map(<[u8]>::to_vec);
        changed[which][0] ^= 1;
        bindings.push(binding(&changed[0], &changed[1], &changed[2]));
        if which < 2 {
            psks.push(psk_id(&changed[0], &changed[1]));
        }
    }
    // What is moved from one part to the next is another contact too.
    bindings.push(binding(b"linkb", b"undle", parts[2]));
    psks.push(psk_id(b"linkb", b"undle"));
    for all in [bindings, psks] {
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
    }
}
