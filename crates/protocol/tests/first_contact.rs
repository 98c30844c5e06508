//! Invite, redeem, accept, and everything that must not pass for them.
#![allow(clippy::unwrap_used)]

mod common;

use common::{EXPIRES_AT_MIN, Person, flipped, friends, texts};
use hushwing_protocol::{
    ACCEPT_GRACE_MIN, Fault, Happening, InviteError, InviteId, OpenError, Outgoing, Phase,
    RequestSlot, SealError, accept, bundle_slot, conversations, direct_keys, forget, invite_slots,
    is_second_use, look_at, redeem, revoke_invite, view, waits, window,
};
use hushwing_wire::{InviteLink, SealedBox};
use proptest::prelude::*;

#[test]
fn two_people_meet_and_see_the_same_safety_number() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let created = alice.invite();
    let link: InviteLink = created.link.to_string().parse().unwrap();
    assert_eq!(bundle_slot(&link), created.bundle_slot);

    let redeemed = bob.redeem(&created);
    assert_eq!(redeemed.peer_name, "Alice");
    assert_eq!(redeemed.peer_routes.relays, [common::relay(1)]);
    let waiting = view(&bob.store, &bob.conversation).unwrap();
    assert_eq!(
        (waiting.phase, waiting.safety_number),
        (Phase::Requested, None)
    );
    assert_eq!(
        bob.try_seal(Outgoing::Text("early")),
        Err(SealError::NotEstablished)
    );

    let slots = invite_slots(&alice.store, &created.invite).unwrap();
    assert_eq!(slots.bundle, created.bundle_slot);
    assert_eq!(
        slots.request,
        redeemed.request.each_ref().map(|(slot, _)| *slot)
    );
    let accepted = alice.accept(&created, &redeemed);
    assert_eq!(accepted.peer_name, "Bob");
    assert_eq!(accepted.peer_routes.relays, [common::relay(3)]);

    let first = alice.say("hello Bob");
    assert!(first.committed);
    assert!(
        waits(&bob.store, &bob.conversation)
            .unwrap()
            .contains(&first.slot)
    );
    let opened = bob.read(&first);
    assert_eq!(texts(&opened), ["hello Bob"]);
    assert!(opened.receipt_owed);
    let safety_number = accepted.safety_number;
    assert_eq!(
        opened.happenings[0],
        Happening::Established {
            safety_number: safety_number.clone()
        }
    );
    assert_eq!(safety_number.to_string().len(), 47);
    let seen = view(&bob.store, &bob.conversation).unwrap();
    assert_eq!(
        (seen.phase, seen.safety_number),
        (Phase::Established, Some(safety_number))
    );

    let answer = bob.say("hello Alice");
    let opened = alice.read(&answer);
    assert_eq!(texts(&opened), ["hello Alice"]);
    assert_eq!(
        view(&alice.store, &alice.conversation)
            .unwrap()
            .unacknowledged,
        0
    );
    assert_eq!(
        view(&bob.store, &bob.conversation).unwrap().unacknowledged,
        1
    );
}

/// Claim B0. `[HW-INV-10]`
#[test]
fn to_look_at_a_request_changes_nothing_and_tells_what_accepting_would() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let created = alice.invite();
    let redeemed = bob.redeem(&created);
    let before = alice.store.snapshot();
    let request = &redeemed.request[0].1;
    let look = |alice: &mut Person, boxed: &SealedBox| {
        look_at(&mut alice.ctx(), &created.invite, RequestSlot::First, boxed)
    };
    let claim = look(&mut alice, request).unwrap();
    assert_eq!(look(&mut alice, request), Ok(claim.clone()));
    assert_eq!(
        look(&mut alice, &flipped(request, 999)),
        Err(InviteError::Forged)
    );
    assert!(alice.store.snapshot() == before);
    let accepted = alice.accept(&created, &redeemed);
    assert_eq!(accepted.peer_name, claim.peer_name);
    assert_eq!(accepted.safety_number, claim.safety_number);
    assert_eq!(look(&mut alice, request), Err(InviteError::AlreadyUsed));
}

#[test]
fn the_direct_address_in_the_routes_is_that_of_the_stored_keys() {
    let (alice, bob) = friends(3);
    for (me, peer) in [(&alice, &bob), (&bob, &alice)] {
        let keys = direct_keys(&me.store, &me.conversation).unwrap();
        let routes = view(&peer.store, &peer.conversation).unwrap().peer_routes;
        assert_eq!(routes.direct, Some(keys.address()));
    }
}

/// Claims A1 and B0.
#[test]
fn a_second_use_of_a_link_is_noticed_and_a_forged_box_is_none() {
    let (mut alice, mut bob, mut mallory) = (Person::new(1), Person::new(2), Person::new(3));
    let created = alice.invite();
    let (from_bob, from_mallory) = (bob.redeem(&created), mallory.redeem(&created));
    let second = &from_mallory.request[1].1;
    let is_second = |alice: &Person, which, boxed: &SealedBox| {
        is_second_use(&alice.store, &created.invite, which, boxed).unwrap()
    };
    // Before anything is decided it is the second beside the one at the first slot.
    assert!(is_second(&alice, RequestSlot::Second, second));
    assert!(!is_second(
        &alice,
        RequestSlot::First,
        &from_bob.request[0].1
    ));
    assert!(!is_second(
        &alice,
        RequestSlot::Second,
        &flipped(second, 999)
    ));
    alice.accept(&created, &from_bob);
    assert_eq!(
        accept(
            &mut alice.ctx(),
            &created.invite,
            RequestSlot::Second,
            second
        ),
        Err(InviteError::AlreadyUsed)
    );
    assert!(is_second(&alice, RequestSlot::Second, second));
    assert!(!is_second(
        &alice,
        RequestSlot::Second,
        &flipped(second, 999)
    ));
    assert!(!is_second(
        &alice,
        RequestSlot::First,
        &from_mallory.request[0].1
    ));
    let slots = invite_slots(&alice.store, &created.invite).unwrap();
    assert_eq!(slots.request[1], from_mallory.request[1].0);
}

#[test]
fn the_second_slot_can_be_accepted_when_the_first_holds_rubbish() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let created = alice.invite();
    let redeemed = bob.redeem(&created);
    let before = alice.store.snapshot();
    let rubbish = SealedBox::from_slice(&[7; 16_384]).unwrap();
    let refused = accept(
        &mut alice.ctx(),
        &created.invite,
        RequestSlot::First,
        &rubbish,
    );
    assert_eq!(refused, Err(InviteError::Forged));
    assert_eq!(alice.store.snapshot(), before);
    let request = &redeemed.request[1].1;
    accept(
        &mut alice.ctx(),
        &created.invite,
        RequestSlot::Second,
        request,
    )
    .unwrap();
    assert!(
        is_second_use(
            &alice.store,
            &created.invite,
            RequestSlot::First,
            &redeemed.request[0].1
        )
        .unwrap()
    );
}

/// Claim B0.
#[test]
fn an_expired_link_is_refused_and_a_request_put_in_time_is_not() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let created = alice.invite();
    let me = bob.me("Bob");
    bob.now_ms = (u64::from(EXPIRES_AT_MIN) + 1) * 60_000;
    let refused = redeem(&mut bob.ctx(), &created.link, &created.bundle_box, me);
    assert_eq!(refused, Err(InviteError::Expired));
    assert!(bob.rows().is_empty());

    bob.now_ms = u64::from(EXPIRES_AT_MIN) * 60_000;
    let redeemed = bob.redeem(&created);
    let last_min = u64::from(EXPIRES_AT_MIN + ACCEPT_GRACE_MIN);
    alice.now_ms = (last_min + 1) * 60_000;
    let request = &redeemed.request[0].1;
    let refused = accept(
        &mut alice.ctx(),
        &created.invite,
        RequestSlot::First,
        request,
    );
    assert_eq!(refused, Err(InviteError::Expired));
    alice.now_ms = last_min * 60_000;
    alice.accept(&created, &redeemed);
}

/// Claim B0.
#[test]
fn a_revoked_invite_is_gone_with_its_keys() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let created = alice.invite();
    let redeemed = bob.redeem(&created);
    revoke_invite(&mut alice.ctx(), &created.invite).unwrap();
    revoke_invite(&mut alice.ctx(), &created.invite).unwrap();
    assert!(alice.rows().is_empty());
    let request = &redeemed.request[0].1;
    let refused = accept(
        &mut alice.ctx(),
        &created.invite,
        RequestSlot::First,
        request,
    );
    assert_eq!(refused, Err(InviteError::Unknown));
    assert_eq!(refused.unwrap_err().fault(), Fault::Caller);
    assert_eq!(
        invite_slots(&alice.store, &InviteId::new([0; 32])),
        Err(InviteError::Unknown)
    );
}

/// Claim F1.
#[test]
fn after_acceptance_neither_the_secret_of_the_link_nor_the_request_key_is_left() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let created = alice.invite();
    assert!(alice.holds(&created.link.secret));
    let redeemed = bob.redeem(&created);
    assert!(!bob.holds(&created.link.secret));
    alice.accept(&created, &redeemed);
    assert!(!alice.holds(&created.link.secret));
}

/// Claim F1.
#[test]
fn a_forgotten_conversation_leaves_no_row() {
    let (mut alice, mut bob) = friends(5);
    let early = [bob.say("one"), bob.say("two")];
    alice.read(&early[1]);
    assert_eq!(conversations(&alice.store).unwrap(), [alice.conversation]);
    let id = alice.conversation;
    forget(&mut alice.ctx(), &id).unwrap();
    forget(&mut alice.ctx(), &id).unwrap();
    assert!(conversations(&alice.store).unwrap().is_empty());
    // Only the memory of the used invite stays.
    assert_eq!(alice.rows().len(), 1);
    assert_eq!(alice.try_seal(Outgoing::Nothing), Err(SealError::Unknown));
    assert_eq!(
        alice.try_open(&early[0].slot, &early[0].boxed),
        Err(OpenError::Unknown)
    );
}

/// Claim M1.
#[test]
fn people_who_share_a_friend_share_no_key_with_each_other() {
    let mut alice = Person::new(1);
    let mut addresses = Vec::new();
    for seed in [2, 3] {
        let mut friend = Person::new(seed);
        let created = alice.invite();
        addresses.push(friend.redeem(&created).peer_routes.direct.unwrap());
    }
    assert_ne!(addresses[0], addresses[1]);
}

#[test]
fn nothing_waits_in_a_window_twice() {
    let (mut alice, mut bob) = friends(6);
    let early = [bob.say("one"), bob.say("two"), bob.say("three")];
    let before = window(&alice.store, &alice.conversation).unwrap();
    assert!(early.iter().all(|sealed| before.contains(&sealed.slot)));
    assert!(alice.read(&early[1]).parked);
    let after = window(&alice.store, &alice.conversation).unwrap();
    assert_eq!(after.len() + 1, before.len());
    assert!(!after.contains(&early[1].slot));
    assert_eq!(texts(&alice.read(&early[0])), ["one", "two"]);
    assert_eq!(texts(&alice.read(&early[2])), ["three"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Claim I1.
    #[test]
    fn a_bundle_with_any_bit_changed_is_refused(at in 0_usize..16_384 * 8) {
        let (mut alice, mut bob) = (Person::new(1), Person::new(2));
        let created = alice.invite();
        let me = bob.me("Bob");
        let changed = flipped(&created.bundle_box, at);
        let refused = redeem(&mut bob.ctx(), &created.link, &changed, me);
        prop_assert_eq!(refused, Err(InviteError::Forged));
        prop_assert!(bob.rows().is_empty());
    }

    /// Claim I1.
    #[test]
    fn a_request_with_any_bit_changed_is_refused(at in 0_usize..16_384 * 8) {
        let (mut alice, mut bob) = (Person::new(1), Person::new(2));
        let created = alice.invite();
        let redeemed = bob.redeem(&created);
        let before = alice.store.snapshot();
        let changed = flipped(&redeemed.request[0].1, at);
        let refused = accept(&mut alice.ctx(), &created.invite, RequestSlot::First, &changed);
        prop_assert_eq!(refused, Err(InviteError::Forged));
        prop_assert_eq!(alice.store.snapshot(), before);
    }

    /// Claim I1.
    #[test]
    fn a_box_with_any_bit_changed_burns_nothing(at in 0_usize..16_384 * 8) {
        let (mut alice, mut bob) = friends(9);
        let sealed = bob.say("hello");
        let before = alice.store.snapshot();
        let changed = flipped(&sealed.boxed, at);
        prop_assert_eq!(alice.try_open(&sealed.slot, &changed), Err(OpenError::Forged));
        prop_assert_eq!(alice.store.snapshot(), before);
        prop_assert_eq!(texts(&alice.read(&sealed)), ["hello"]);
    }
}
