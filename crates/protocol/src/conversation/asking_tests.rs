//! The rules of requests for new keys, one at a time.
#![allow(clippy::unwrap_used)]

use hushwing_wire::{RouteUpdate, Routes};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

use super::{
    Happening, MAX_IN_FLIGHT, Outgoing, RECEIPT_RESERVE, RecoveryError, SealError, ask_repair,
    ask_succession, ask_the_past_whether_keys_fit, ask_whether_keys_fit,
    asking::heard,
    forget_request, give_up_identity, make_hollow,
    recovery::{LastHeard, Recovery},
    renew_request,
    repair::generation_step,
    state::MOVING_TABLE,
    tests::{fixed, moving},
    walk_again,
};
use crate::{
    store::Store as _,
    testing::{Person, friends},
};

fn row(person: &Person) -> Recovery {
    Recovery::read(&person.store, &person.conversation).unwrap()
}

fn ask(person: &mut Person) {
    let id = person.conversation;
    ask_repair(&mut person.ctx(), &id, Routes::default()).unwrap();
}

/// Whoever gave up or came back asks and is answered; keys that were left are not taken up
/// before. `[HW-REC-3]`
#[test]
fn a_fresh_request_takes_the_place_of_one_that_was_given_up() {
    let (mut alice, _) = friends(1);
    let id = alice.conversation;
    forget_request(&mut alice.ctx(), &id).unwrap();
    assert!(row(&alice).halted && row(&alice).pending.is_none());
    ask(&mut alice);
    assert!(!row(&alice).halted && row(&alice).pending.is_some());

    for by_past in [true, false] {
        renew_request(&mut alice.ctx(), &id).unwrap();
        let given_up = row(&alice);
        assert!(given_up.halted && given_up.pending.is_none());
        assert_eq!(given_up.by_past, by_past);
        assert_eq!(
            alice.try_seal(Outgoing::Nothing).err(),
            Some(SealError::Repairing)
        );
    }
    let (mut sound, _) = friends(1);
    renew_request(&mut sound.ctx(), &id).unwrap();
    assert!(!row(&sound).halted, "nothing was asked for");
}

/// A relay may have lied of a place. `[HW-REC-3]`
#[test]
fn a_walk_goes_on_behind_its_last_place_or_again_from_its_first() {
    let (mut alice, _) = friends(1);
    let id = alice.conversation;
    walk_again(&mut alice.ctx(), &id, true).unwrap();
    assert!(row(&alice).walk.is_none(), "there is none");
    let first = row(&alice).write_next;
    for _ in 0..3 {
        ask(&mut alice);
    }
    assert_eq!(row(&alice).write_next, first + 3);
    walk_again(&mut alice.ctx(), &id, true).unwrap();
    assert_eq!(row(&alice).write_next, first);
    ask(&mut alice);
    walk_again(&mut alice.ctx(), &id, false).unwrap();
    assert_eq!(row(&alice).write_next, first + 3);
}

/// `[HW-ROT-1]`
#[test]
fn who_hands_over_goes_on_with_the_present_keys_until_new_ones_must_be() {
    let (mut alice, _) = friends(1);
    let id = alice.conversation;
    give_up_identity(&mut alice.ctx(), &id).unwrap();
    ask_succession(&mut alice.ctx(), &id, Routes::default()).unwrap();
    let keeps = |person: &Person| row(person).pending.is_some_and(|one| one.keeps_keys);
    assert!(keeps(&alice));
    assert!(!row(&alice).is_pending());
    alice.say("with the present keys");
    // What is out brings new keys anyway.
    let asked = ask_whether_keys_fit(&mut alice.ctx(), &id, Routes::default());
    assert!(matches!(asked, Err(RecoveryError::Unneeded)));
    ask(&mut alice);
    assert!(!keeps(&alice));
    assert_eq!(
        alice.try_seal(Outgoing::Nothing).err(),
        Some(SealError::Repairing)
    );
}

/// `[HW-ROT-3]`
#[test]
fn where_nobody_changed_there_are_no_places_of_before() {
    let (mut alice, _) = friends(1);
    let id = alice.conversation;
    let asked = ask_the_past_whether_keys_fit(&mut alice.ctx(), &id, Routes::default());
    assert!(asked.unwrap().is_none());
}

/// A record that is put again must not undo a newer one. `[HW-ROUTE-2]`
#[test]
fn routes_are_news_once() {
    let (alice, _) = friends(1);
    let mut row = row(&alice);
    row.peer_serial = 5;
    let news = |serial| {
        row.is_news(&RouteUpdate {
            serial,
            routes: Routes::default(),
        })
    };
    assert_eq!([4, 5, 6].map(news), [false, false, true]);
}

/// In a generation that the peer never entered nothing of it comes; what it stored is told
/// of the last one in which something did. `[HW-REC-5]`
#[test]
fn what_was_heard_is_of_the_generation_in_which_something_came() {
    let (alice, _) = friends(1);
    let (fixed, mut state, mut row) = (fixed(&alice), moving(&alice), row(&alice));
    assert!(state.received.max() > 0);
    let told = state.received.report();
    assert_eq!(heard(&fixed, &row, &state).received.report(), told);
    row.last_heard = Some(LastHeard {
        generation: 77,
        received: Default::default(),
    });
    let now = heard(&fixed, &row, &state);
    assert_eq!((now.generation, now.received.report()), (0, told));
    state.received = Default::default();
    assert_eq!(heard(&fixed, &row, &state).generation, 77);
}

/// Two groups with one number would take each other's receipts. `[HW-REC-5]`
#[test]
fn a_generation_is_above_the_one_before_and_no_further_than_allowed() {
    let most = hushwing_wire::limits::MAX_GENERATION_STEP;
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let steps: Vec<u32> = (0..200_000).map(|_| generation_step(&mut rng)).collect();
    assert!(steps.iter().all(|step| (1..=most).contains(step)));
    // Each is as likely as another: about three in this many.
    let zeros = steps.iter().filter(|step| **step == 1).count();
    assert!(zeros < 30);
    let high = steps.iter().filter(|step| **step > most / 2).count();
    assert!((90_000..110_000).contains(&high));
}

/// The text that is written next must come after all that was. `[HW-ENG-4]`
#[test]
fn a_state_that_was_damaged_goes_on_above_every_time_that_may_have_been_used() {
    let (mut alice, _) = friends(1);
    let id = alice.conversation;
    alice
        .store
        .put(MOVING_TABLE, id.as_bytes(), b"damaged")
        .unwrap();
    make_hollow(&mut alice.ctx(), &id, 500, false).unwrap();
    assert_eq!(moving(&alice).clock, 500 + MAX_IN_FLIGHT + RECEIPT_RESERVE);
    let before = moving(&alice);
    assert!(!before.is_requested());

    let (mut bob, _) = friends(2);
    let id = bob.conversation;
    let known = moving(&bob).received.report();
    make_hollow(&mut bob.ctx(), &id, 500, false).unwrap();
    assert_eq!(moving(&bob).received.report(), known);
    assert_eq!(moving(&bob).clock, 500);
}

#[test]
fn a_first_contact_is_requested_until_the_binding_commit_came() {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let created = alice.invite();
    let redeemed = bob.redeem(&created);
    assert!(moving(&bob).is_requested());
    alice.accept(&created, &redeemed);
    assert!(!moving(&alice).is_requested());
    let first = alice.say("hello");
    let opened = bob.read(&first);
    assert!(!moving(&bob).is_requested());
    let established = |happening: &Happening| matches!(happening, Happening::Established { .. });
    assert!(opened.happenings.iter().any(established));
}
