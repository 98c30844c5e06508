//! Outside of the lanes: routes as a record, asking again, and new keys for a
//! conversation that one side can no longer follow.
#![allow(clippy::unwrap_used)]

mod common;

use common::{Person, friends, relay, texts};
use hushwing_protocol::{
    ANSWERS_MS, Happening, MAX_ANSWERS, OpenError, Opened, Outgoing, RecoveryBox, RecoveryError,
    Said, SealError, Soundness, ask_repair, ask_whether_keys_fit, forget, forget_request,
    make_hollow, new_salt, offer_routes, route_record, soundness,
    store::{Order, Store as _, Table},
    take_route_record, view, waits, window,
};
use hushwing_wire::{RouteRecord, Routes};

fn two_relays() -> Routes {
    Routes {
        relays: vec![relay(7), relay(8)],
        direct: None,
    }
}

fn ask(person: &mut Person) -> RecoveryBox {
    let id = person.conversation;
    ask_repair(&mut person.ctx(), &id, two_relays()).unwrap()
}

fn take(person: &mut Person, boxed: &RecoveryBox) -> Opened {
    let opened = person.try_open(&boxed.slot, &boxed.boxed).unwrap();
    assert!(opened.consumed.contains(&boxed.slot));
    opened
}

fn repaired(opened: &Opened) -> bool {
    let is_repaired = |happening: &Happening| matches!(happening, Happening::Repaired { .. });
    opened.happenings.iter().any(is_repaired)
}

fn generation(person: &Person) -> u32 {
    view(&person.store, &person.conversation)
        .unwrap()
        .generation
}

/// Both have the keys of one group, which was founded after `earlier`.
fn assert_new_keys(alice: &Person, bob: &Person, earlier: u32) {
    assert_eq!(generation(alice), generation(bob));
    assert!(generation(alice) > earlier);
}

/// Both write and read in both directions.
fn assert_they_talk(alice: &mut Person, bob: &mut Person) {
    for turn in 0..4 {
        let (text, answer) = (format!("a{turn}"), format!("b{turn}"));
        let sealed = alice.say(&text);
        assert_eq!(texts(&bob.read(&sealed)), [text]);
        let sealed = bob.say(&answer);
        assert_eq!(texts(&alice.read(&sealed)), [answer]);
    }
}

#[test]
fn a_side_that_came_back_from_an_old_backup_gets_new_keys_and_says_what_it_has() {
    let (mut alice, mut bob) = friends(70);
    assert_they_talk(&mut alice, &mut bob);
    let backup = bob.store.snapshot();
    let before = view(&bob.store, &bob.conversation).unwrap();
    let last_in_backup = alice.say("after the backup").number - 1;
    assert_they_talk_without_the_lost_one(&mut alice, &mut bob);
    bob.store.restore(&backup);

    let request = ask(&mut bob);
    assert_eq!(
        bob.try_seal(Outgoing::Text("meanwhile")),
        Err(SealError::Repairing)
    );
    let opened = take(&mut alice, &request);
    let Some(Happening::Repaired {
        generation: begun,
        peer_generation,
        peer_received,
    }) = opened
        .happenings
        .iter()
        .find(|happening| matches!(happening, Happening::Repaired { .. }))
    else {
        panic!("{:?}", opened.happenings);
    };
    assert!(*begun > 0);
    assert_eq!(*peer_generation, 0);
    assert!(peer_received.contains(last_in_backup));
    assert!(!peer_received.contains(last_in_backup + 1));
    let answer = take(&mut bob, opened.answer.as_ref().unwrap());
    assert!(repaired(&answer));
    assert_new_keys(&alice, &bob, 0);
    let after = view(&bob.store, &bob.conversation).unwrap();
    assert_eq!(after.safety_number, before.safety_number);
    assert_they_talk(&mut alice, &mut bob);
    assert_they_talk(&mut bob, &mut alice);
}

/// One box of Alice is never read; the rest goes on by parking.
fn assert_they_talk_without_the_lost_one(alice: &mut Person, bob: &mut Person) {
    for turn in 0..3 {
        let sealed = bob.say(&format!("lost with the roll-back {turn}"));
        alice.read(&sealed);
    }
}

#[test]
fn new_keys_can_be_made_again_and_again_from_either_side() {
    let (mut alice, mut bob) = friends(71);
    let mut earlier = 0;
    for _ in 0..3 {
        let request = ask(&mut alice);
        let opened = take(&mut bob, &request);
        take(&mut alice, opened.answer.as_ref().unwrap());
        assert_they_talk(&mut alice, &mut bob);
        assert_new_keys(&alice, &bob, earlier);
        earlier = generation(&alice);
        let request = ask(&mut bob);
        let opened = take(&mut alice, &request);
        take(&mut bob, opened.answer.as_ref().unwrap());
        assert_they_talk(&mut bob, &mut alice);
        assert_new_keys(&alice, &bob, earlier);
        earlier = generation(&alice);
    }
}

#[test]
fn boxes_that_cross_right_after_new_keys_are_all_read() {
    let (mut alice, mut bob) = friends(83);
    let request = ask(&mut bob);
    let opened = take(&mut alice, &request);
    let hers = [alice.say("one"), alice.say("two")];
    take(&mut bob, opened.answer.as_ref().unwrap());
    let his = bob.say("three");
    assert!(his.committed);
    assert_eq!(texts(&alice.read(&his)), ["three"]);
    for (sealed, text) in hers.iter().zip(["one", "two"]) {
        assert_eq!(texts(&bob.read(sealed)), [text]);
    }
    assert_they_talk(&mut alice, &mut bob);
}

#[test]
fn a_second_restore_of_the_same_backup_walks_on_to_where_the_other_side_reads() {
    let (mut alice, mut bob) = friends(72);
    let backup = bob.store.snapshot();
    for _ in 0..3 {
        bob.store.restore(&backup);
        // The slots of earlier requests were used up at the other side.
        let mut asked = 0;
        let opened = loop {
            let request = ask(&mut bob);
            asked += 1;
            assert!(asked < 10, "the walk does not arrive");
            match alice.try_open(&request.slot, &request.boxed) {
                Ok(opened) => break opened,
                Err(OpenError::UnknownSlot) => {}
                Err(error) => panic!("{error}"),
            }
        };
        take(&mut bob, opened.answer.as_ref().unwrap());
        assert_they_talk(&mut alice, &mut bob);
    }
}

#[test]
fn a_request_that_was_put_at_two_places_has_one_answer() {
    let (mut alice, mut bob) = friends(84);
    let requests = [ask(&mut bob), ask(&mut bob)];
    let first = take(&mut alice, &requests[0]);
    let second = take(&mut alice, &requests[1]);
    assert!(repaired(&first) && !repaired(&second));
    assert!(first.answer.is_some());
    assert_eq!(first.answer, second.answer);
    take(&mut bob, second.answer.as_ref().unwrap());
    assert_new_keys(&alice, &bob, 0);
    assert_they_talk(&mut alice, &mut bob);
}

#[test]
fn of_two_requests_that_cross_the_inviters_is_answered() {
    for seen_at_its_place in [true, false] {
        let (mut alice, mut bob) = friends(73);
        let (hers, his) = (ask(&mut alice), ask(&mut bob));
        // Hers lies where he waits for the answer to his, too.
        let crossed = take(&mut alice, &his);
        assert!(!repaired(&crossed));
        let instead = crossed.answer.unwrap();
        let found = if seen_at_its_place { &hers } else { &instead };
        let opened = take(&mut bob, found);
        assert!(repaired(&opened));
        let late = if seen_at_its_place { &instead } else { &hers };
        if let Ok(late) = bob.try_open(&late.slot, &late.boxed) {
            assert_eq!(late.answer, opened.answer, "one request has one answer");
        }
        take(&mut alice, opened.answer.as_ref().unwrap());
        assert_new_keys(&alice, &bob, 0);
        assert_they_talk(&mut alice, &mut bob);
    }
}

fn question(person: &mut Person) -> RecoveryBox {
    let id = person.conversation;
    ask_whether_keys_fit(&mut person.ctx(), &id, two_relays()).unwrap()
}

#[test]
fn a_question_changes_nothing_while_the_keys_fit() {
    let (mut alice, mut bob) = friends(94);
    assert_they_talk(&mut alice, &mut bob);
    let asked = question(&mut bob);
    // What came after the question does not make it an old one.
    assert_they_talk(&mut alice, &mut bob);
    let opened = take(&mut alice, &asked);
    assert!(!repaired(&opened));
    if let Some(asked_back) = &opened.answer {
        let opened = take(&mut bob, asked_back);
        assert!(!repaired(&opened) && opened.answer.is_none());
    }
    assert_eq!((generation(&alice), generation(&bob)), (0, 0));
    assert_they_talk(&mut alice, &mut bob);
}

#[test]
fn a_question_finds_a_roll_back_that_nobody_noticed_whoever_asks() {
    for alice_asks in [true, false] {
        for writes_after in [0, 1, 3] {
            let (mut alice, mut bob) = friends(95);
            assert_they_talk(&mut alice, &mut bob);
            let copy = bob.store.snapshot();
            for _ in 0..3 {
                assert_they_talk(&mut alice, &mut bob);
            }
            bob.store.restore(&copy);
            // Nobody finds these: they lie where she has read already.
            for _ in 0..writes_after {
                bob.say("where nobody looks");
            }
            if alice_asks {
                let asked = question(&mut alice);
                settle_question(&mut bob, &mut alice, &asked);
            } else {
                let asked = question(&mut bob);
                settle_question(&mut alice, &mut bob, &asked);
            }
            assert_new_keys(&alice, &bob, 0);
            assert_they_talk(&mut alice, &mut bob);
        }
    }
}

/// Carries a question, what is asked back, and the answer.
fn settle_question(reader: &mut Person, writer: &mut Person, asked: &RecoveryBox) {
    let opened = take(reader, asked);
    let Some(answer) = opened.answer else {
        panic!("the question was passed over");
    };
    let at_writer = take(writer, &answer);
    if let Some(last) = at_writer.answer {
        take(reader, &last);
    }
}

/// Brings an answer to `to`, and what that brings back to `from`.
fn hand_on(from: &mut Person, to: &mut Person, answer: Option<RecoveryBox>) {
    let Some(answer) = answer else { return };
    if let Ok(opened) = to.try_open(&answer.slot, &answer.boxed)
        && let Some(last) = opened.answer
    {
        take(from, &last);
    }
}

#[test]
fn questions_that_cross_do_not_part_the_two() {
    let (mut alice, mut bob) = friends(96);
    assert_they_talk(&mut alice, &mut bob);
    let copy = bob.store.snapshot();
    assert_they_talk(&mut alice, &mut bob);
    bob.store.restore(&copy);
    let (hers, his) = (question(&mut alice), question(&mut bob));
    // Both are read before anything comes back.
    let by_alice = take(&mut alice, &his);
    let by_bob = take(&mut bob, &hers);
    assert!(!(repaired(&by_alice) && repaired(&by_bob)));
    hand_on(&mut alice, &mut bob, by_alice.answer);
    hand_on(&mut bob, &mut alice, by_bob.answer);
    assert_new_keys(&alice, &bob, 0);
    assert_they_talk(&mut alice, &mut bob);
}

/// Claim A1.
#[test]
fn a_request_is_taken_once_and_a_forged_or_foreign_one_changes_nothing() {
    let (mut alice, mut bob) = friends(74);
    let (mut carol, _) = friends(75);
    let request = ask(&mut bob);
    let rows = alice.rows();
    for at in [0, 200, 9_000, 130_000] {
        let forged = common::flipped(&request.boxed, at);
        assert_eq!(
            alice.try_open(&request.slot, &forged),
            Err(OpenError::Forged)
        );
    }
    let foreign = ask(&mut carol);
    assert_eq!(
        alice.try_open(&request.slot, &foreign.boxed),
        Err(OpenError::Forged)
    );
    assert!(alice.rows() == rows);
    take(&mut alice, &request);
    assert_eq!(
        alice.try_open(&request.slot, &request.boxed),
        Err(OpenError::UnknownSlot)
    );
}

#[test]
fn recovery_slots_are_awaited_and_the_answer_first() {
    let (mut alice, mut bob) = friends(76);
    let request = ask(&mut bob);
    assert!(
        waits(&alice.store, &alice.conversation)
            .unwrap()
            .contains(&request.slot)
    );
    assert!(
        window(&alice.store, &alice.conversation)
            .unwrap()
            .contains(&request.slot)
    );
    let opened = take(&mut alice, &request);
    let answer = opened.answer.unwrap();
    assert!(
        waits(&bob.store, &bob.conversation)
            .unwrap()
            .contains(&answer.slot)
    );
    assert!(
        window(&bob.store, &bob.conversation)
            .unwrap()
            .contains(&answer.slot)
    );
}

#[test]
fn a_route_record_is_for_its_reader_alone_and_only_forward_in_time() {
    let (mut alice, mut bob) = friends(77);
    let (mut carol, _) = friends(78);
    let id = alice.conversation;
    let first = route_record(&mut alice.ctx(), &id, two_relays()).unwrap();
    let text = first.to_string();
    assert!(text.len() < 8_000, "{} characters", text.len());
    let newer = Routes {
        relays: vec![relay(9)],
        direct: None,
    };
    let second = route_record(&mut alice.ctx(), &id, newer.clone()).unwrap();

    let read: RouteRecord = text.parse().unwrap();
    let (his, other) = (bob.conversation, carol.conversation);
    let refused = take_route_record(&mut carol.ctx(), &other, &read);
    assert_eq!(refused, Err(RecoveryError::NotTheirs));
    let own = take_route_record(&mut alice.ctx(), &id, &read);
    assert_eq!(own, Err(RecoveryError::NotTheirs));
    assert_eq!(
        take_route_record(&mut bob.ctx(), &his, &read),
        Ok(two_relays())
    );
    assert_eq!(
        take_route_record(&mut bob.ctx(), &his, &second),
        Ok(newer.clone())
    );
    let replayed = take_route_record(&mut bob.ctx(), &his, &read);
    assert_eq!(replayed, Err(RecoveryError::Old));
    assert_eq!(view(&bob.store, &his).unwrap().peer_routes, newer);
}

#[test]
fn routes_change_in_the_conversation_and_at_a_recovery_slot() {
    let (mut alice, mut bob) = friends(79);
    let sealed = alice.try_seal(Outgoing::Routes(&two_relays())).unwrap();
    let opened = bob.read(&sealed);
    assert!(opened.happenings.contains(&Happening::Routes(two_relays())));
    assert!(opened.receipt_owed);
    let newer = Routes {
        relays: vec![relay(9)],
        direct: None,
    };
    let id = alice.conversation;
    let offered = offer_routes(&mut alice.ctx(), &id, newer.clone()).unwrap();
    let opened = take(&mut bob, &offered);
    assert_eq!(opened.happenings, [Happening::Routes(newer.clone())]);
    assert_eq!(
        view(&bob.store, &bob.conversation).unwrap().peer_routes,
        newer
    );
}

#[test]
fn a_message_that_is_said_again_keeps_its_id_and_its_place() {
    let (mut alice, mut bob) = friends(80);
    let mut said = Said {
        salt: new_salt(&mut alice.rng),
        text: "twice".into(),
        clock: None,
    };
    let first = alice.try_seal(Outgoing::Said(&said)).unwrap();
    said.clock = Some(first.clock);
    alice.say("between");
    let again = alice.try_seal(Outgoing::Said(&said)).unwrap();
    assert_eq!(again.clock, first.clock);
    let read = bob.read(&first);
    let [Happening::Content { id, clock, .. }] = read.happenings[..] else {
        panic!("{:?}", read.happenings);
    };
    assert_eq!((id, clock), (said.id().unwrap(), first.clock));
}

#[test]
fn what_is_missing_is_counted_and_asked_for() {
    let (mut alice, mut bob) = friends(81);
    let lost = alice.say("lost");
    let early = [alice.say("one"), alice.say("two")];
    for sealed in &early {
        let opened = bob.try_open(&sealed.slot, &sealed.boxed).unwrap();
        assert!(opened.parked);
    }
    assert_eq!(view(&bob.store, &bob.conversation).unwrap().missing, 1);
    let asked = bob.try_seal(Outgoing::AskAgain).unwrap();
    let opened = alice.read(&asked);
    assert!(opened.happenings.contains(&Happening::AskedAgain));
    assert_eq!(texts(&bob.read(&lost)), ["lost", "one", "two"]);
    assert_eq!(view(&bob.store, &bob.conversation).unwrap().missing, 0);
}

#[test]
fn a_box_of_the_old_keys_is_not_awaited_any_more() {
    let (mut alice, mut bob) = friends(82);
    let old = alice.say("sealed with the old keys");
    let request = ask(&mut bob);
    let opened = take(&mut alice, &request);
    take(&mut bob, opened.answer.as_ref().unwrap());
    assert_eq!(
        bob.try_open(&old.slot, &old.boxed),
        Err(OpenError::UnknownSlot)
    );
}

/// The rows of the MLS library in a vault, by key.
fn mls_keys(person: &Person) -> Vec<Vec<u8>> {
    let rows = person
        .store
        .scan(Table(0), &[], None, Order::Ascending, usize::MAX)
        .unwrap();
    rows.into_iter().map(|(key, _)| key).collect()
}

#[test]
fn an_answer_that_cannot_be_used_leads_to_another_request_and_never_back_to_old_keys() {
    let (mut alice, mut bob) = friends(90);
    assert_they_talk(&mut alice, &mut bob);
    let before = mls_keys(&bob);
    let request = ask(&mut bob);
    // The private part of the key package is lost: no Welcome for it opens.
    for key in mls_keys(&bob).iter().filter(|key| !before.contains(key)) {
        bob.store.delete(Table(0), key).unwrap();
    }
    let opened = take(&mut alice, &request);
    let unused = generation(&alice);
    let refused = take(&mut bob, opened.answer.as_ref().unwrap());
    assert!(
        matches!(
            refused.happenings.as_slice(),
            [Happening::AnswerRefused { .. }]
        ),
        "{:?}",
        refused.happenings
    );
    assert_eq!(
        bob.try_seal(Outgoing::Text("meanwhile")),
        Err(SealError::Repairing)
    );
    let another = ask(&mut bob);
    let opened = take(&mut alice, &another);
    assert!(repaired(&take(&mut bob, opened.answer.as_ref().unwrap())));
    assert_new_keys(&alice, &bob, unused);
    assert_they_talk(&mut alice, &mut bob);
}

#[test]
fn a_conversation_without_lanes_or_group_is_made_anew() {
    for (seed, table) in [(91, Table(0)), (92, Table(2))] {
        let (mut alice, mut bob) = friends(seed);
        assert_they_talk(&mut alice, &mut bob);
        let id = bob.conversation;
        assert_eq!(soundness(&mut bob.ctx(), &id), Ok(Soundness::Whole));
        let rows = bob
            .store
            .scan(table, &[], None, Order::Ascending, usize::MAX)
            .unwrap();
        for (key, mut value) in rows {
            value.truncate(value.len() / 2);
            bob.store.put(table, &key, &value).unwrap();
        }
        assert_eq!(soundness(&mut bob.ctx(), &id), Ok(Soundness::Mendable));
        let clock = 1_000_000;
        make_hollow(&mut bob.ctx(), &id, clock, false).unwrap();
        assert_eq!(soundness(&mut bob.ctx(), &id), Ok(Soundness::Whole));
        assert_eq!(
            bob.try_seal(Outgoing::Text("meanwhile")),
            Err(SealError::Repairing)
        );
        let request = ask(&mut bob);
        let opened = take(&mut alice, &request);
        assert!(repaired(&take(&mut bob, opened.answer.as_ref().unwrap())));
        assert!(bob.say("after").clock > clock, "the time goes on");
    }
}

#[test]
fn a_conversation_without_identity_or_recovery_secret_is_lost_and_can_be_forgotten() {
    for (seed, table) in [(93, Table(1)), (94, Table(5))] {
        let (_, mut bob) = friends(seed);
        let id = bob.conversation;
        let mut value = bob.store.get(table, id.as_bytes()).unwrap().unwrap();
        value[7] ^= 1;
        bob.store.put(table, id.as_bytes(), &value).unwrap();
        assert_eq!(soundness(&mut bob.ctx(), &id), Ok(Soundness::Lost));
        let before = bob.store.snapshot();
        assert!(make_hollow(&mut bob.ctx(), &id, 0, false).is_err());
        assert_eq!(bob.store.snapshot(), before);
        forget(&mut bob.ctx(), &id).unwrap();
        assert!(bob.store.get(Table(2), id.as_bytes()).unwrap().is_none());
    }
}

/// Claim B0.
#[test]
fn requests_without_end_are_answered_for_a_while_and_then_again() {
    let (mut alice, mut bob) = friends(96);
    let id = bob.conversation;
    let mut answers = 0;
    for number in 0..3 * MAX_ANSWERS {
        // Another request each time, as only somebody makes who wants to be a burden.
        forget_request(&mut bob.ctx(), &id).unwrap();
        bob.now_ms += 1_000;
        alice.now_ms += 1_000;
        let opened = take(&mut alice, &ask(&mut bob));
        answers += u32::from(repaired(&opened));
        assert_eq!(repaired(&opened), number < MAX_ANSWERS, "{number}");
    }
    assert_eq!(answers, MAX_ANSWERS);
    // After a while he is answered again, and both talk.
    alice.now_ms += ANSWERS_MS;
    let opened = take(&mut alice, &ask(&mut bob));
    assert!(repaired(&opened));
    take(&mut bob, opened.answer.as_ref().unwrap());
    assert_they_talk(&mut alice, &mut bob);
}
