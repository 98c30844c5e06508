//! The rules by which what comes outside of the lanes is taken, one at a time.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use hushwing_wire::{
    BoxMark, Receipts, RecoveryMessage, RepairAnswer, RepairRequest, RouteUpdate, Routes,
    limits::{BOX_PLAINTEXT_LEN, MAX_GENERATION},
};

use openmls::prelude::Capabilities;

use super::{
    Happening, OpenError, Outgoing, RecoveryBox, forget_request, make_hollow, offer_routes,
    placing::{
        alter, ask, asked, assert_they_talk, changed, generation, hand_over, is_refused,
        is_repaired, news, numbers, padded, put_at, put_instead, question, question_by_past,
        read_answer, row, signed, take,
    },
    recovery::write_fixed,
    repair::{crossing::CROSSING_MS, generation_step},
    tests::{fixed, moving},
    view,
};
use crate::{
    identity::IdentityKeys,
    ids::ConversationId,
    mls::{
        LeafSigner,
        provider::Provider,
        tests::{another_suite_only, capabilities_of, key_package_saying},
    },
    secret::Secret32,
    store::{Order, Store as _, Table},
    testing::{Person, friends, relay, texts},
};

fn set_generation(person: &Person, generation: u32) {
    let mut fixed = fixed(person);
    fixed.generation = generation;
    write_fixed(&person.store, &person.conversation, &fixed).unwrap();
}

/// The rows of the MLS library.
fn mls_rows(person: &Person) -> BTreeSet<Vec<u8>> {
    let rows = person
        .store
        .scan(Table(0), &[], None, Order::Ascending, usize::MAX);
    rows.unwrap().into_iter().map(|(key, _)| key).collect()
}

/// The answer to what `asker` asks for, as the message that `answerer` signed.
fn answered(asker: &mut Person, answerer: &mut Person) -> RepairAnswer {
    let opened = take(answerer, &ask(asker));
    answer_in(asker, &opened.answer.unwrap())
}

fn answer_in(asker: &Person, boxed: &RecoveryBox) -> RepairAnswer {
    match read_answer(asker, false, boxed).message {
        RecoveryMessage::Answer(answer) => answer,
        other => panic!("{other:?}"),
    }
}

/// What `asker` makes of an answer that `answerer` signs.
fn told(asker: &mut Person, answerer: &mut Person, answer: RepairAnswer) -> super::Opened {
    let padded = signed(answerer, None, RecoveryMessage::Answer(answer));
    let boxed = put_instead(asker, false, &padded);
    take(asker, &boxed)
}

/// `[HW-REC-4]`
#[test]
fn an_answer_is_for_the_request_that_it_names() {
    let (mut alice, mut bob) = friends(600);
    let answer = answered(&mut bob, &mut alice);
    let id = bob.conversation;
    forget_request(&mut bob.ctx(), &id).unwrap();
    ask(&mut bob);
    let padded = signed(&mut alice, None, RecoveryMessage::Answer(answer));
    let boxed = put_instead(&mut bob, false, &padded);
    let before = bob.store.snapshot();
    let opened = bob.try_open(&boxed.slot, &boxed.boxed);
    assert_eq!(opened, Err(OpenError::Forged));
    assert_eq!(bob.store.snapshot(), before, "the real one can still come");
}

/// `[HW-REC-1]`
#[test]
fn a_place_that_was_read_is_behind_the_next_one() {
    let (mut alice, mut bob) = changed(601, true);
    for by_past in [false, true] {
        for ahead in [0, 5] {
            let place = numbers(&bob, by_past).1 + ahead;
            let update = RecoveryMessage::Routes(news(&mut alice));
            let padded = signed(&mut alice, None, update);
            let boxed = put_at(&mut alice, by_past, place, &padded);
            assert_eq!(take(&mut bob, &boxed).happenings.len(), 1);
            assert_eq!(numbers(&bob, by_past).1, place + 1);
        }
    }
}

/// Two of whom one, by a vault that nobody knows to be old, has the keys of before: `old`
/// is of an earlier generation than `new`.
fn of_two_generations(new: &mut Person, old: &mut Person) {
    assert_they_talk(new, old);
    let backup = old.store.snapshot();
    let opened = take(new, &ask(old));
    take(old, &opened.answer.unwrap());
    assert_they_talk(new, old);
    old.store.restore(&backup);
    let place = numbers(new, false).1;
    alter(old, |row| row.write_next = place);
    assert!(generation(old) < generation(new));
}

/// `[HW-REC-7]`
#[test]
fn questions_that_cross_are_left_to_the_redeemer_once() {
    let (mut alice, mut bob) = friends(602);
    of_two_generations(&mut alice, &mut bob);
    let base = [alice.store.snapshot(), bob.store.snapshot()];
    // How long ago hers was put, from where on he reads by her place, and whether he
    // answers or she does.
    for (ago, reads_behind, leaves_it) in [
        (Some(0), 0, true),
        (Some(CROSSING_MS - 1), 0, true),
        (Some(CROSSING_MS), 0, false),
        (Some(CROSSING_MS + 1), 0, false),
        (Some(0), 1, false),
        (None, 0, false),
    ] {
        alice.store.restore(&base[0]);
        bob.store.restore(&base[1]);
        alter(&alice, |row| row.write_next = 3);
        if let Some(ago) = ago {
            question(&mut alice);
            alice.now_ms += ago;
        }
        alter(&bob, |row| row.read_next = 3 + reads_behind);
        let [first, second] = [(); 2].map(|()| question(&mut bob));
        let opened = take(&mut alice, &first);
        let case = format!("{ago:?} {reads_behind}");
        assert_eq!(is_repaired(&opened), !leaves_it, "{case}");
        assert_eq!(opened.answer.is_some(), !leaves_it, "{case}");
        if leaves_it {
            assert!(row(&alice).pending.unwrap().passed_over);
            // Once.
            assert!(is_repaired(&take(&mut alice, &second)), "{case}");
        }
    }
}

/// `[HW-REC-7]`
#[test]
fn the_redeemer_answers_a_question_that_crosses_its_own() {
    let (mut alice, mut bob) = friends(603);
    of_two_generations(&mut bob, &mut alice);
    question(&mut bob);
    let asked = question(&mut alice);
    let opened = take(&mut bob, &asked);
    assert!(is_repaired(&opened));
    take(&mut alice, &opened.answer.unwrap());
    assert_they_talk(&mut alice, &mut bob);
}

/// Whether a question of Bob's, altered by him, leads to new keys.
fn differs(seed: u64, alter_alice: fn(&mut Person), lie: fn(&mut RepairRequest)) -> bool {
    let (mut alice, mut bob) = friends(seed);
    assert_they_talk(&mut alice, &mut bob);
    question(&mut bob);
    let mut request = asked(row(&bob).pending.as_ref().unwrap());
    lie(&mut request);
    alter_alice(&mut alice);
    let padded = signed(&mut bob, None, RecoveryMessage::Request(request));
    let boxed = put_at(&mut bob, false, 0, &padded);
    let opened = take(&mut alice, &boxed);
    assert_eq!(is_repaired(&opened), opened.answer.is_some());
    is_repaired(&opened)
}

/// `[HW-REC-7]`
#[test]
fn what_a_question_states_is_compared_with_all_that_is_known() {
    assert!(!differs(604, |_| {}, |_| {}));
    assert!(differs(604, |_| {}, |request| request.generation += 1));
    // Her own keys were given up, or are gone.
    let give_up = |alice: &mut Person| {
        let id = alice.conversation;
        forget_request(&mut alice.ctx(), &id).unwrap();
    };
    assert!(differs(604, give_up, |_| {}));
    let lose = |alice: &mut Person| {
        let id = alice.conversation;
        make_hollow(&mut alice.ctx(), &id, 0, false).unwrap();
        alter(alice, |row| row.halted = false);
    };
    assert!(differs(604, lose, |_| {}));
    // A mark of a box that she did not read like that.
    assert!(differs(
        604,
        |_| {},
        |request| {
            request.open = vec![BoxMark { number: 1, mark: 1 }];
        }
    ));
    // What she never wrote he cannot have, in the generation of which he speaks.
    let too_much = |request: &mut RepairRequest| {
        request.received.up_to = 1_000;
    };
    assert!(differs(604, |_| {}, too_much));
    let of_another = |alice: &mut Person| set_generation(alice, 5);
    let earlier = |request: &mut RepairRequest| {
        request.generation = 5;
        request.received_in = 4;
        request.received.up_to = 1_000;
    };
    assert!(!differs(604, of_another, earlier));
}

/// `[HW-REC-7]`
#[test]
fn a_question_that_may_only_be_older_is_asked_back_at_its_place_alone() {
    let (mut alice, mut bob) = friends(605);
    assert_they_talk(&mut alice, &mut bob);
    let asked = question(&mut bob);
    let his = padded(row(&bob).pending.as_ref().unwrap());
    let sealed = bob.say("after it");
    assert_eq!(texts(&alice.read(&sealed)), ["after it"]);
    let before = alice.store.snapshot();

    let opened = take(&mut alice, &asked);
    assert!(!is_repaired(&opened));
    let back = take(&mut bob, &opened.answer.unwrap());
    assert!(back.answer.is_none() && back.happenings.is_empty());
    assert!(row(&bob).pending.is_none(), "it is settled");

    alice.store.restore(&before);
    question(&mut alice);
    let boxed = put_instead(&mut alice, false, &his);
    let opened = take(&mut alice, &boxed);
    assert!(opened.answer.is_none() && !is_repaired(&opened) && !is_refused(&opened));
    assert!(row(&alice).pending.is_none());
    assert_eq!(numbers(&alice, false).1, 1, "its own place is behind");
    assert!(!view(&alice.store, &alice.conversation).unwrap().repairing);
}

/// Ours is still to be compared there. `[HW-REC-7]`
#[test]
fn a_question_at_its_place_settles_none_of_ours() {
    let (mut alice, mut bob) = friends(605);
    assert_they_talk(&mut alice, &mut bob);
    question(&mut alice);
    let opened = take(&mut alice, &question(&mut bob));
    assert!(opened.answer.is_none() && !is_repaired(&opened));
    assert!(row(&alice).pending.is_some_and(|one| one.is_question));
}

/// By the past, what may only be older is left alone.
#[test]
fn a_question_by_the_past_that_may_only_be_older_changes_nothing() {
    let (mut alice, mut bob) = changed(606, true);
    let asked = question_by_past(&mut alice);
    let sealed = alice.say("after it");
    bob.read(&sealed);
    let opened = take(&mut bob, &asked);
    assert!(opened.answer.is_none() && !is_repaired(&opened));
    assert!(row(&bob).requests().next().is_none());
    assert_they_talk(&mut bob, &mut alice);
}

/// Both ways of asking, and which of two goes first.
fn asks(person: &mut Person, hands_over: bool) -> RecoveryBox {
    if hands_over {
        hand_over(person)
    } else {
        ask(person)
    }
}

/// `[HW-REC-8]`
#[test]
fn a_succession_goes_before_a_request_and_of_two_equal_ones_the_inviters() {
    for (hers, his) in [(false, false), (false, true), (true, false), (true, true)] {
        let (mut alice, mut bob) = friends(607);
        let (by_alice, by_bob) = (asks(&mut alice, hers), asks(&mut bob, his));
        let (first, second) = if hers >= his {
            ((&mut alice, &by_alice), (&mut bob, &by_bob))
        } else {
            ((&mut bob, &by_bob), (&mut alice, &by_alice))
        };
        let crossed = take(first.0, second.1);
        assert!(!is_repaired(&crossed));
        let opened = take(second.0, &crossed.answer.unwrap());
        assert!(is_repaired(&opened));
        assert!(is_repaired(&take(first.0, &opened.answer.unwrap())));
        assert_they_talk(&mut alice, &mut bob);
    }
    // A question does not hold new keys up.
    let (mut alice, mut bob) = friends(608);
    question(&mut alice);
    assert!(is_repaired(&take(&mut alice, &ask(&mut bob))));
}

/// Whatever comes again gets the same once more, byte for byte. `[HW-REC-4]` `[HW-REC-8]`
#[test]
fn what_lies_in_the_place_of_an_answer_is_put_there_again() {
    // Hers, which goes first.
    let (mut alice, mut bob) = friends(621);
    ask(&mut alice);
    let [first, second] = [(); 2].map(|()| ask(&mut bob));
    let instead = take(&mut alice, &first).answer;
    assert!(instead.is_some());
    assert_eq!(take(&mut alice, &second).answer, instead);
    // The answer to his, wherever he puts it again.
    let (mut alice, mut bob) = friends(622);
    let answer = take(&mut alice, &ask(&mut bob)).answer;
    ask(&mut alice);
    let his = padded(row(&bob).pending.as_ref().unwrap());
    let boxed = put_instead(&mut alice, false, &his);
    let opened = take(&mut alice, &boxed);
    assert!(answer.is_some() && !is_repaired(&opened));
    assert_eq!(opened.answer, answer);
}

/// A question in the place of an answer is left to nobody. `[HW-REC-7]` `[HW-REC-8]`
#[test]
fn a_question_that_differs_is_answered_in_the_place_of_an_answer() {
    let (mut alice, mut bob) = friends(623);
    of_two_generations(&mut alice, &mut bob);
    question(&mut alice);
    question(&mut bob);
    let his = padded(row(&bob).pending.as_ref().unwrap());
    let boxed = put_instead(&mut alice, false, &his);
    let opened = take(&mut alice, &boxed);
    assert!(is_repaired(&opened));
    take(&mut bob, &opened.answer.unwrap());
    assert_they_talk(&mut alice, &mut bob);
}

/// A request in the place of an answer that cannot be answered, by either kind of places.
/// `[HW-REC-6]` `[HW-REC-8]`
#[test]
fn what_lies_in_the_place_of_an_answer_and_cannot_be_used_uses_the_request_up() {
    for by_past in [false, true] {
        let (mut alice, mut bob) = changed(609, true);
        let before = mls_rows(&bob);
        alter(&bob, |row| row.by_past = by_past);
        ask(&mut bob);
        assert_ne!(mls_rows(&bob), before);
        ask(&mut alice);
        let mut broken = asked(row(&alice).pending.as_ref().unwrap());
        broken.key_package.clear();
        let padded = signed(&mut alice, None, RecoveryMessage::Request(broken));
        let boxed = put_instead(&mut bob, by_past, &padded);
        let opened = take(&mut bob, &boxed);
        assert!(!is_repaired(&opened) && opened.answer.is_none());
        assert_eq!(is_refused(&opened), !by_past);
        assert!(row(&bob).requests().next().is_none());
        assert_eq!(mls_rows(&bob), before, "its private parts are gone");
        assert!(view(&bob.store, &bob.conversation).unwrap().repairing);
    }
}

/// A key package of somebody's whose leaf says this of itself.
fn saying(person: &mut Person, capabilities: Capabilities) -> Vec<u8> {
    let fingerprint = *fixed(person).identity.fingerprint().as_bytes();
    let ctx = person.ctx();
    let scope = ConversationId::random(ctx.rng);
    let provider = Provider::new(ctx.store, ctx.rng, scope).unwrap();
    let signer = LeafSigner::new(&Secret32::new([9; 32]));
    key_package_saying(&provider, &signer, &fingerprint, capabilities)
}

/// A request whose key package has all its signatures, and of which nothing can come, is read
/// once and done with. `[HW-REC-6]`
///
/// Claim B0.
#[test]
fn a_key_package_that_nothing_can_be_founded_with_is_not_tried_again_and_again() {
    for seed in [611, 612] {
        let (mut alice, mut bob) = friends(seed);
        assert_they_talk(&mut alice, &mut bob);
        ask(&mut alice);
        let request = asked(row(&alice).pending.as_ref().unwrap());
        let room = row(&alice).pending.unwrap();
        let room = BOX_PLAINTEXT_LEN - padded(&room).iter().rposition(|byte| *byte != 0).unwrap();
        let capabilities = match seed {
            611 => another_suite_only(),
            // The request fits a box; what would answer it holds the same and more.
            _ => capabilities_of(u16::try_from(room / 2).unwrap() - 32),
        };
        let key_package = saying(&mut alice, capabilities);
        let message = RecoveryMessage::Request(RepairRequest {
            key_package,
            ..request
        });
        let padded = signed(&mut alice, None, message);
        let place = numbers(&alice, false).0 - 1;
        let boxed = put_at(&mut alice, false, place, &padded);
        let before = mls_rows(&bob);
        let opened = take(&mut bob, &boxed);
        assert!(!is_repaired(&opened) && opened.answer.is_none());
        assert_eq!(mls_rows(&bob), before, "nothing of it is kept");
        assert_eq!(numbers(&bob, false).1, place + 1, "its place is behind");
        // Whoever asks with a sound one is answered.
        let opened = take(&mut bob, &ask(&mut alice));
        take(&mut alice, &opened.answer.unwrap());
        assert_they_talk(&mut alice, &mut bob);
    }
}

/// What else is out stays. `[HW-REC-8]`
#[test]
fn a_request_that_is_used_up_leaves_the_one_by_the_other_places() {
    for by_past in [false, true] {
        let (mut alice, mut bob) = changed(610, true);
        ask(&mut bob);
        alter(&bob, |row| row.by_past = true);
        ask(&mut bob);
        assert_eq!(row(&bob).requests().count(), 2);
        ask(&mut alice);
        let mut broken = asked(row(&alice).pending.as_ref().unwrap());
        broken.key_package.clear();
        let padded = signed(&mut alice, None, RecoveryMessage::Request(broken));
        let boxed = put_instead(&mut bob, by_past, &padded);
        take(&mut bob, &boxed);
        assert!(row(&bob).ours(by_past).is_none());
        assert!(row(&bob).ours(!by_past).is_some());
    }
}

/// `[HW-REC-5]`
#[test]
fn the_greatest_generation_is_reached_and_not_passed() {
    for beyond in [0, 1] {
        let (mut alice, mut bob) = friends(611);
        let asked = ask(&mut bob);
        let step = generation_step(&mut alice.rng.clone());
        set_generation(&alice, MAX_GENERATION - step + beyond);
        let opened = take(&mut alice, &asked);
        assert_eq!(is_repaired(&opened), beyond == 0);
        assert_eq!(opened.answer.is_some(), beyond == 0);
    }
}

/// `[HW-REC-5]`
#[test]
fn receipts_of_a_life_that_is_lost_count_for_nothing() {
    let (mut alice, mut bob) = friends(612);
    of_two_generations(&mut alice, &mut bob);
    let opened = take(&mut alice, &ask(&mut bob));
    let answer = answer_in(&bob, opened.answer.as_ref().unwrap());
    assert!(answer.old_generation > generation(&bob));
    assert_ne!(answer.received, Receipts::default());
    let opened = take(&mut bob, &opened.answer.unwrap());
    let said = opened.happenings.iter().find_map(|one| match one {
        Happening::Repaired {
            peer_generation,
            peer_received,
            ..
        } => Some((*peer_generation, peer_received.clone())),
        _ => None,
    });
    assert_eq!(said, Some((0, Receipts::default())));
}

/// `[HW-REC-4]` `[HW-REC-5]` `[HW-REC-6]`
///
/// Claim A1.
#[test]
fn an_answer_is_by_whom_it_says_and_above_the_generation_that_it_replaces() {
    let (mut alice, mut bob) = friends(613);
    // So that there is a generation below.
    let opened = take(&mut alice, &ask(&mut bob));
    take(&mut bob, &opened.answer.unwrap());
    assert_they_talk(&mut alice, &mut bob);
    let before = mls_rows(&bob);
    let asked = ask(&mut bob);
    let base = [alice.store.snapshot(), bob.store.snapshot()];
    let present = generation(&bob);
    for (stranger, generation_of, is_taken) in [
        (false, present + 1, true),
        (false, present, false),
        (true, present + 1, false),
        (true, present, false),
    ] {
        alice.store.restore(&base[0]);
        bob.store.restore(&base[1]);
        let mut founder = fixed(&alice);
        if stranger {
            founder.identity = IdentityKeys::generate(&mut alice.rng);
        }
        write_fixed(&alice.store, &alice.conversation, &founder).unwrap();
        let opened = take(&mut alice, &asked);
        let mut answer = answer_in(&bob, opened.answer.as_ref().unwrap());
        alice.store.restore(&base[0]);
        answer.generation = generation_of;
        answer.old_generation = 0;
        let opened = told(&mut bob, &mut alice, answer);
        assert_eq!(is_repaired(&opened), is_taken, "{stranger} {generation_of}");
        assert_eq!(is_refused(&opened), !is_taken, "{stranger} {generation_of}");
        assert_eq!(opened.happenings.len(), 1);
        let view = view(&bob.store, &bob.conversation).unwrap();
        assert_eq!(view.repairing, !is_taken);
        // What was private to the request goes with it.
        assert_eq!(mls_rows(&bob) == before, !is_taken);
    }
}

/// Routes in the conversation are believed if they are newer than what came outside of it.
/// `[HW-ROUTE-1]`
#[test]
fn older_routes_in_the_conversation_change_nothing() {
    let (mut alice, mut bob) = friends(614);
    let id = alice.conversation;
    let routes = |number| Routes {
        relays: vec![relay(number)],
        direct: None,
    };
    let older = alice.try_seal(Outgoing::Routes(&routes(5))).unwrap();
    let newer = offer_routes(&mut alice.ctx(), &id, routes(6)).unwrap();
    take(&mut bob, &newer);
    let opened = bob.read(&older);
    let told = |one: &Happening| matches!(one, Happening::Routes(_));
    assert!(!opened.happenings.iter().any(told));
    let view = view(&bob.store, &bob.conversation).unwrap();
    assert_eq!(view.peer_routes, routes(6));
}

/// A box that comes before its turn is kept, so relays may drop it.
#[test]
fn a_box_that_is_parked_is_consumed() {
    let (mut alice, mut bob) = friends(615);
    alice.say("first");
    let early = alice.say("second");
    let opened = bob.try_open(&early.slot, &early.boxed).unwrap();
    assert!(opened.parked);
    assert_eq!(opened.consumed, [early.slot]);
}

/// `[HW-SLOT-3]`
#[test]
fn a_box_of_an_earlier_epoch_that_comes_late_takes_nobody_back() {
    let (mut alice, mut bob) = friends(616);
    assert_they_talk(&mut alice, &mut bob);
    bob.read(&alice.say("a turn"));
    let late = alice.say("late");
    let turn = bob.say("a turn");
    alice.read(&turn);
    let newer = alice.say("newer");
    assert_eq!(texts(&bob.read(&newer)), ["newer"]);
    let epoch = moving(&bob).peer_epoch;
    assert!(epoch > late.place.epoch);
    let seen = bob.try_open(&late.slot, &late.boxed).unwrap();
    assert_eq!(texts(&seen), ["late"]);
    assert_eq!(moving(&bob).peer_epoch, epoch);
    assert_they_talk(&mut bob, &mut alice);
}

/// Routes that are not newer are in a request too. `[HW-ROUTE-1]`
#[test]
fn routes_of_a_request_are_believed_once() {
    let (mut alice, mut bob) = friends(620);
    ask(&mut bob);
    let mut request = asked(row(&bob).pending.as_ref().unwrap());
    request.routes = RouteUpdate {
        serial: 0,
        routes: Routes {
            relays: vec![relay(9)],
            direct: None,
        },
    };
    let padded = signed(&mut bob, None, RecoveryMessage::Request(request));
    let boxed = put_at(&mut bob, false, 0, &padded);
    let opened = take(&mut alice, &boxed);
    assert!(is_repaired(&opened));
    let told = |one: &Happening| matches!(one, Happening::Routes(_));
    assert!(!opened.happenings.iter().any(told));
}
