//! What comes by the places of before the last change of an identity.
#![allow(clippy::unwrap_used)]

use hushwing_wire::RecoveryMessage;

use super::{
    Happening, Outgoing, RecoveryBox, SealError, Whose, ask_succession,
    ask_the_past_whether_keys_fit, give_up_identity,
    placing::{
        alter, ask, asked, assert_they_talk, changed, generation, hand_over, is_refused,
        is_repaired, news, numbers, padded, put_at, put_instead, question, question_by_past, row,
        signed, succeed, succeeded, take,
    },
    recovery::{AsWhom, Past, PastOf},
    renew_request,
    tests::{Forge, forge, read, why},
    view,
};
use crate::testing::{Person, friends};
use hushwing_wire::Routes;

fn renew(person: &mut Person) {
    let id = person.conversation;
    renew_request(&mut person.ctx(), &id).unwrap();
}

fn is_repairing(person: &mut Person) -> bool {
    let repairing = view(&person.store, &person.conversation).unwrap().repairing;
    let refused = person.try_seal(Outgoing::Nothing).err();
    assert_eq!(refused == Some(SealError::Repairing), repairing);
    repairing
}

/// The secret of the places of before.
fn past_root(person: &Person) -> [u8; 32] {
    *row(person).past.unwrap().root.expose()
}

fn root(person: &Person) -> [u8; 32] {
    *row(person).root.expose()
}

/// `[HW-ROT-3]`
#[test]
fn what_comes_by_the_places_of_before_moves_those_alone() {
    for alice_asks in [true, false] {
        let (mut alice, mut bob) = changed(500, true);
        let (asker, reader) = if alice_asks {
            (&mut alice, &mut bob)
        } else {
            (&mut bob, &mut alice)
        };
        for _ in 0..3 {
            question_by_past(asker);
        }
        alter(asker, |row| row.past.as_mut().unwrap().read_next += 20);
        let present = numbers(reader, false);
        let question = question_by_past(asker);
        let stated = asked(row(asker).anew.as_ref().unwrap());
        take(reader, &question);
        assert_eq!(numbers(reader, false), present);
        assert_eq!(numbers(reader, true).1, stated.write_next);
        // It may have put something at the first of them by now.
        let written = numbers(reader, true).0;
        assert!(written >= stated.read_next && stated.read_next >= 20);
        // Both still find each other.
        let opened = take(reader, &ask(asker));
        assert!(is_repaired(&opened));
        take(asker, &opened.answer.unwrap());
        assert_they_talk(&mut alice, &mut bob);
    }
}

/// The other way round. `[HW-REC-4]`
#[test]
fn what_comes_by_the_places_in_use_leaves_those_of_before() {
    let (mut alice, mut bob) = changed(509, true);
    alter(&alice, |row| row.read_next = 20);
    let past = numbers(&bob, true);
    let asked = question(&mut alice);
    take(&mut bob, &asked);
    assert_eq!(numbers(&bob, false), (20, 1));
    assert_eq!(numbers(&bob, true), past);
}

/// Keys that were given up do not come back. `[HW-REC-3]` `[HW-REC-8]`
///
/// Claim P1.
#[test]
fn a_question_in_the_place_of_an_answer_does_not_settle_a_request_for_new_keys() {
    let (mut alice, mut bob) = friends(501);
    assert_they_talk(&mut alice, &mut bob);
    ask(&mut bob);
    question(&mut alice);
    let hers = padded(row(&alice).pending.as_ref().unwrap());
    let boxed = put_instead(&mut bob, false, &hers);
    let opened = take(&mut bob, &boxed);
    assert!(is_refused(&opened) && opened.answer.is_none());
    assert!(row(&bob).pending.is_none(), "its place is used up");
    assert!(is_repairing(&mut bob));
    let opened = take(&mut alice, &ask(&mut bob));
    take(&mut bob, &opened.answer.unwrap());
    assert_they_talk(&mut alice, &mut bob);
}

/// The same where the question lies in the place of the answer to another one: by the past
/// two questions cross, while new keys are asked for by the present places.
///
/// Claim P1.
#[test]
fn questions_that_cross_by_the_past_leave_a_request_for_new_keys_as_it_is() {
    let (mut alice, mut bob) = changed(502, false);
    let his = question_by_past(&mut bob);
    ask(&mut bob);
    question_by_past(&mut alice);
    let hers = take(&mut alice, &his).answer.unwrap();
    let opened = take(&mut bob, &hers);
    assert!(!is_repaired(&opened) && !is_refused(&opened) && opened.answer.is_none());
    assert!(row(&bob).anew.is_none(), "the question is settled");
    assert!(row(&bob).pending.is_some() && is_repairing(&mut bob));
    let opened = take(&mut alice, &ask(&mut bob));
    take(&mut bob, &opened.answer.unwrap());
    assert_they_talk(&mut alice, &mut bob);
}

/// Bob handed over, and Alice, who answered, handed over as well, by the places of before,
/// since those are the ones that he knows; he answered, and neither answer ever came.
fn both_handed_over(seed: u64) -> (Person, Person) {
    let (mut alice, mut bob) = friends(seed);
    let his = hand_over(&mut bob);
    assert!(is_repaired(&take(&mut alice, &his)));
    renew(&mut alice);
    let hers = hand_over(&mut alice);
    assert!(row(&alice).pending.is_none());
    assert_eq!(row(&alice).anew.unwrap().as_whom, AsWhom::Successor);
    assert!(is_repaired(&take(&mut bob, &hers)));
    for person in [&mut alice, &mut bob] {
        renew(person);
        let of = row(person).past.map(|past| past.of);
        assert!(matches!(of, Some(PastOf::Theirs(Some(_)))));
    }
    assert_eq!(past_root(&alice), past_root(&bob));
    (alice, bob)
}

/// Somebody has given up asking without an answer; these are in the order in which they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Asks {
    WhetherKeysFit,
    ForNewKeys,
    ToBeAnother,
}

fn ask_by_past(person: &mut Person, what: Asks) -> RecoveryBox {
    let id = person.conversation;
    person.now_ms += 1;
    alter(person, |row| row.by_past = true);
    match what {
        Asks::WhetherKeysFit => question_by_past(person),
        Asks::ForNewKeys => {
            alter(person, |row| row.successor = None);
            ask(person)
        }
        Asks::ToBeAnother => {
            give_up_identity(&mut person.ctx(), &id).unwrap();
            ask_succession(&mut person.ctx(), &id, Routes::default()).unwrap()
        }
    }
}

/// One of the two is answered, and both know which. `[HW-REC-8]` `[HW-ROT-3]`
///
/// Claim D0.
#[test]
fn of_two_that_cross_by_the_past_one_goes_first_whatever_they_are() {
    use Asks::{ForNewKeys, ToBeAnother, WhetherKeysFit};
    let (mut alice, mut bob) = both_handed_over(503);
    let before = [alice.store.snapshot(), bob.store.snapshot()];
    let all = [WhetherKeysFit, ForNewKeys, ToBeAnother];
    let crossing = all.iter().flat_map(|hers| all.map(|his| (*hers, his)));
    for (hers, his) in crossing {
        for both_at_their_places in [true, false] {
            alice.store.restore(&before[0]);
            bob.store.restore(&before[1]);
            let places = past_root(&alice);
            let by_alice = ask_by_past(&mut alice, hers);
            let by_bob = ask_by_past(&mut bob, his);
            // Of two equal ones hers, since she invited.
            let she_is_first = hers >= his;
            let (first, second) = if she_is_first {
                ((&mut alice, &by_alice), (&mut bob, &by_bob))
            } else {
                ((&mut bob, &by_bob), (&mut alice, &by_alice))
            };
            let instead = take(first.0, second.1);
            assert!(!is_repaired(&instead), "{hers:?} {his:?}");
            let instead = instead.answer.unwrap();
            let answer = if both_at_their_places {
                let opened = take(second.0, first.1);
                assert!(is_repaired(&opened), "{hers:?} {his:?}");
                // It lies where nothing is awaited any more.
                assert!(second.0.try_open(&instead.slot, &instead.boxed).is_err());
                opened.answer
            } else {
                let opened = take(second.0, &instead);
                assert!(is_repaired(&opened), "{hers:?} {his:?}");
                let (slot, boxed) = (&first.1.slot, &first.1.boxed);
                if let Ok(again) = second.0.try_open(slot, boxed) {
                    assert_eq!(again.answer, opened.answer, "one request has one answer");
                }
                opened.answer
            };
            let opened = take(first.0, &answer.unwrap());
            assert!(is_repaired(&opened), "{hers:?} {his:?}");
            // Where it was asked from stays the past.
            assert_eq!([past_root(&alice), past_root(&bob)], [places; 2]);
            // What is asked next goes by the new ones.
            assert!([&alice, &bob].iter().all(|one| !row(one).by_past));
            assert_they_talk(&mut alice, &mut bob);
        }
    }
}

/// Who came back from before the other one's succession cannot believe an answer of the one
/// that it does not know, whoever goes first otherwise. `[HW-ROT-3]`
///
/// Claim D0.
#[test]
fn who_must_be_known_first_goes_first() {
    let (mut alice, mut bob) = friends(504);
    assert_they_talk(&mut alice, &mut bob);
    let backup = alice.store.snapshot();
    succeed(&mut bob, &mut alice);
    assert_they_talk(&mut alice, &mut bob);
    alice.store.restore(&backup);
    renew(&mut bob);
    let his = ask(&mut bob);
    assert_eq!(row(&bob).anew.unwrap().as_whom, AsWhom::UsAnew);
    hand_over(&mut alice);
    // Hers would go first, of two successions; she cannot know what his is.
    let crossed = take(&mut alice, &his);
    assert!(!is_repaired(&crossed));
    let insists = take(&mut bob, &crossed.answer.unwrap());
    assert!(!is_repaired(&insists));
    let opened = take(&mut alice, &insists.answer.unwrap());
    assert_eq!(succeeded(&opened), [Whose::Theirs]);
    let answered = take(&mut bob, &opened.answer.unwrap());
    assert!(is_repaired(&answered) && succeeded(&answered).is_empty());
    assert_they_talk(&mut alice, &mut bob);
    // And then hers.
    succeed(&mut alice, &mut bob);
    assert_they_talk(&mut alice, &mut bob);
}

/// Whoever asks by the past is told by one request, and no question goes before it.
/// `[HW-ROT-3]`
#[test]
fn who_is_another_one_now_says_so_whatever_is_out() {
    let (mut alice, mut bob) = changed(510, true);
    question_by_past(&mut alice);
    let first = question_by_past(&mut bob);
    assert!(take(&mut alice, &first).answer.is_some());
    let hers = row(&alice).anew.unwrap();
    assert_eq!(hers.as_whom, AsWhom::UsAnew);
    let second = question_by_past(&mut bob);
    let told = take(&mut alice, &second).answer.unwrap();
    assert!(row(&alice).anew.unwrap().request.0 == hers.request.0);
    let opened = take(&mut bob, &told);
    assert!(is_repaired(&opened));
    take(&mut alice, &opened.answer.unwrap());
    assert_they_talk(&mut alice, &mut bob);
}

/// Whoever asked by the past as who it is now is known, and answers. `[HW-ROT-3]`
#[test]
fn who_is_known_answers_what_lies_in_the_place_of_its_answer() {
    let (mut alice, mut bob) = changed(505, true);
    let hers = question_by_past(&mut alice);
    alter(&bob, |row| row.by_past = true);
    ask(&mut bob);
    let his = take(&mut bob, &hers).answer.unwrap();
    let opened = take(&mut alice, &his);
    assert!(is_repaired(&opened));
    take(&mut bob, &opened.answer.unwrap());
    assert_they_talk(&mut alice, &mut bob);
}

/// Whose identity stood for the peer before the last change.
fn may_still_speak(person: &Person) -> bool {
    match row(person).past.map(|past| past.of) {
        Some(PastOf::Theirs(before)) => before.is_some(),
        _ => panic!("nobody changed"),
    }
}

/// `[HW-ROT-3]`
///
/// Claim A1.
#[test]
fn whom_somebody_was_before_speaks_by_the_past_alone_and_only_until_the_new_keys_are_used() {
    let (mut alice, mut bob) = friends(506);
    succeed(&mut alice, &mut bob);
    let Some(Past {
        of: PastOf::Ours(before),
        ..
    }) = row(&alice).past
    else {
        panic!("she is another one now")
    };
    let mut said = |alice: &mut Person, by_past| {
        let update = RecoveryMessage::Routes(news(alice));
        let padded = signed(alice, Some(&before), update);
        let place = numbers(&bob, by_past).1;
        let boxed = put_at(alice, by_past, place, &padded);
        let opened = take(&mut bob, &boxed);
        assert_eq!(numbers(&bob, by_past).1, place + 1, "the place is used up");
        let taken = |one: &Happening| matches!(one, Happening::Routes(_));
        opened.happenings.iter().any(taken)
    };
    assert!(!said(&mut alice, false));
    assert!(said(&mut alice, true));
    // What cannot be read says nothing of who knows the keys.
    let odd = Forge {
        envelope: &|envelope| envelope.number = 0,
        ..Forge::default()
    };
    let odd = forge(&mut alice, odd);
    why(&read(&mut bob, &odd).unwrap());
    assert!(may_still_speak(&bob));
    let sealed = alice.say("with the new keys");
    bob.read(&sealed);
    assert!(!may_still_speak(&bob));
    let update = RecoveryMessage::Routes(news(&mut alice));
    let padded = signed(&mut alice, Some(&before), update);
    let boxed = put_at(&mut alice, true, numbers(&bob, true).1, &padded);
    assert!(take(&mut bob, &boxed).happenings.is_empty());
    assert_they_talk(&mut bob, &mut alice);
}

/// `[HW-ROT-2]` `[HW-ROT-3]`
#[test]
fn the_past_is_what_was_in_use_before_the_last_change() {
    let (mut alice, mut bob) = changed(507, true);
    let places = root(&bob);
    assert_eq!(root(&alice), places);
    assert_ne!(past_root(&bob), places);
    succeed(&mut bob, &mut alice);
    for person in [&alice, &bob] {
        assert_eq!(past_root(person), places);
        assert_ne!(root(person), places);
        assert_eq!(numbers(person, false), (0, 0));
    }
}

/// `[HW-ROT-3]`
#[test]
fn a_question_by_the_past_is_put_there_and_a_request_that_is_out_goes_before_it() {
    let (mut alice, mut bob) = changed(508, true);
    let id = alice.conversation;
    alter(&alice, |row| row.past.as_mut().unwrap().write_next = 7);
    alter(&alice, |row| row.past.as_mut().unwrap().read_next = 5);
    let ours = |alice: &Person| row(alice).anew.map(|one| one.request.0.clone());
    question_by_past(&mut alice);
    let first = ours(&alice);
    let stated = asked(row(&alice).anew.as_ref().unwrap());
    assert_eq!((stated.write_next, stated.read_next), (8, 5));
    assert!(row(&alice).walk.is_none());
    let again = question_by_past(&mut alice);
    assert_ne!(ours(&alice), first, "it states what is known now");
    assert_eq!(numbers(&alice, true).0, 9);
    assert!(bob.try_open(&again.slot, &again.boxed).is_ok());

    question(&mut alice);
    let stated = asked(row(&alice).pending.as_ref().unwrap());
    assert_eq!((stated.write_next, stated.read_next), (1, 0));
    assert!(row(&alice).walk.is_some());

    renew(&mut alice);
    ask(&mut alice);
    let out = ours(&alice);
    assert!(out.is_some());
    let asked = ask_the_past_whether_keys_fit(&mut alice.ctx(), &id, Routes::default());
    assert_eq!(asked, Ok(None));
    assert_eq!(ours(&alice), out);
    assert_eq!(generation(&alice), generation(&bob));
}
