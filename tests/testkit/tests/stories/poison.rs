//! Boxes that authenticate and hold what nobody can read. `[HW-CONV-16]`

use hushwing_engine::{
    UNREAD_THERE,
    view::{Command, DeliveredBy, Event, LedgerStep, MessageState, MessageView, Reply},
};
use hushwing_protocol::fuzzing;
use hushwing_testkit::{PersonId, World, stepping};
use hushwing_wire::limits::BOX_PLAINTEXT_LEN;

/// Sends a text whose box holds rubbish by the time it lies at the relay, as a
/// defect of the writer's program would make it.
fn send_poison(world: &mut World, who: PersonId, contact: &str, text: &str) {
    let before = world.snapshot(who);
    let (slot, poison) = world.with_vault(who, |ctx| {
        let conversation = hushwing_protocol::conversations(ctx.store).expect("memory")[0];
        fuzzing::seal_in_lane(ctx, &conversation, &[7; BOX_PLAINTEXT_LEN]).expect("a box")
    });
    world.with_vault_back(who, &before);
    world.send(who, contact, text);
    world.run_for(2_000);
    for relay in 0..world.relays() {
        let poison = poison.clone();
        assert!(
            world.relay(relay).replace(slot, poison),
            "the text lies there"
        );
    }
}

fn of<'a>(messages: &'a [MessageView], text: &str) -> &'a MessageState {
    let found = messages.iter().find(|message| message.text == text);
    &found.expect("it was written").state
}

fn unreadable(messages: &[MessageView]) -> usize {
    let is = |message: &&MessageView| matches!(message.state, MessageState::Unreadable { .. });
    messages.iter().filter(is).count()
}

/// From now on every box that `who` seals is spoiled, or none.
fn spoil_boxes_of(who: Option<PersonId>) {
    hushwing_protocol::simulation::spoil_boxes(who.map(|who| {
        let spoiler: hushwing_protocol::simulation::Spoiler =
            Box::new(move |_| (stepping() == Some(who)).then_some(0));
        spoiler
    }));
}

/// Two who have met and whose keys were made anew a moment ago, so that what cannot be
/// read now is its writer's.
fn with_new_keys(seed: u64) -> (World, [PersonId; 2], [String; 2]) {
    let mut world = World::new(seed, 2, 2);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    world.send(bob, &his, "hello");
    world.run_for(60_000);

    // Once, it may be that keys do not fit: they are made anew, and it comes.
    world.direct_works = false;
    world.stop(bob);
    send_poison(&mut world, alice, &hers, "poisoned once");
    world.start(bob);
    world.run_for(600_000);
    let (mine, theirs) = (world.read(alice, &hers), world.read(bob, &his));
    assert_eq!(of(&mine, "poisoned once"), &MessageState::Delivered);
    assert_eq!(of(&theirs, "poisoned once"), &MessageState::Received);
    assert_eq!(unreadable(&theirs), 0);
    (world, [alice, bob], [hers, his])
}

/// Claim D0.
#[test]
fn a_poison_box_stops_nothing_and_its_text_comes_in_another() {
    let (mut world, [alice, bob], [hers, his]) = with_new_keys(700);
    world.stop(bob);
    send_poison(&mut world, alice, &hers, "poisoned again");
    world.send(alice, &hers, "behind it");
    world.run_for(10_000);
    world.start(bob);
    world.run_for(600_000);
    let (mine, theirs) = (world.read(alice, &hers), world.read(bob, &his));
    for text in ["poisoned again", "behind it"] {
        assert_eq!(of(&mine, text), &MessageState::Delivered, "{mine:?}");
        assert_eq!(of(&theirs, text), &MessageState::Received, "{theirs:?}");
    }
    assert_eq!(unreadable(&theirs), 1, "it is shown where it came");

    // It stays so: nothing comes twice, and the conversation goes on.
    world.run_for(30 * 3_600_000);
    world.send(bob, &his, "and you");
    world.send(alice, &hers, "the same");
    world.run_for(120_000);
    let (mine, theirs) = (world.read(alice, &hers), world.read(bob, &his));
    assert_eq!(of(&mine, "and you"), &MessageState::Received);
    assert_eq!(of(&mine, "the same"), &MessageState::Delivered);
    let times = theirs.iter().filter(|one| one.text == "poisoned again");
    assert_eq!(times.count(), 1);
}

/// Their device took it before anybody could know what is in it. Claim D0.
#[test]
fn a_poison_box_that_their_device_took_is_not_shown_as_delivered() {
    let (mut world, [alice, bob], [hers, his]) = with_new_keys(702);
    world.direct_works = true;
    world.run_for(120_000);
    spoil_boxes_of(Some(alice));
    let sent = world.send(alice, &hers, "spoiled on the direct way");
    spoil_boxes_of(None);
    world.run_for(120_000);
    let (mine, theirs) = (world.read(alice, &hers), world.read(bob, &his));
    assert_eq!(of(&mine, &sent.text), &MessageState::Delivered);
    assert_eq!(of(&theirs, &sent.text), &MessageState::Received);
    assert_eq!(unreadable(&theirs), 1);

    let Reply::Ledger(ledger) = world.call(alice, Command::Message { id: sent.id }) else {
        panic!("a message has a ledger");
    };
    let steps: Vec<_> = ledger.history.into_iter().map(|entry| entry.step).collect();
    let unread = steps
        .iter()
        .position(|step| *step == LedgerStep::UnreadThere);
    let direct = LedgerStep::Delivered {
        by: DeliveredBy::Direct,
    };
    let first = steps.iter().position(|step| *step == direct);
    let last = steps.iter().rposition(|step| *step == direct);
    assert!(first < unread && unread < last, "{steps:?}");
}

/// Claim D0.
#[test]
fn what_cannot_be_read_four_times_has_failed_on_both_sides() {
    let (mut world, [alice, bob], [hers, his]) = with_new_keys(703);
    spoil_boxes_of(Some(alice));
    world.send(alice, &hers, "never readable");
    world.run_for(600_000);
    spoil_boxes_of(None);
    world.send(alice, &hers, "behind it");
    world.run_for(600_000);
    let (mine, theirs) = (world.read(alice, &hers), world.read(bob, &his));
    assert_eq!(
        of(&mine, "never readable"),
        &MessageState::Failed {
            reason: UNREAD_THERE.to_owned()
        }
    );
    assert!(theirs.iter().all(|one| one.text != "never readable"));
    assert!(unreadable(&theirs) >= 4);
    assert_eq!(of(&mine, "behind it"), &MessageState::Delivered);
    assert_eq!(of(&theirs, "behind it"), &MessageState::Received);

    world.run_for(30 * 3_600_000);
    let mine = world.read(alice, &hers);
    assert!(matches!(
        of(&mine, "never readable"),
        MessageState::Failed { .. }
    ));
}

/// Whoever did not read where mail goes now is told again.
#[test]
fn routes_in_a_box_that_cannot_be_read_are_told_again() {
    let (mut world, [alice, bob], [hers, his]) = with_new_keys(704);
    let address = world.relay(1).address.to_string();
    world.call(
        alice,
        Command::RelayRemove {
            address: address.clone(),
        },
    );
    world.run_for(600_000);
    spoil_boxes_of(Some(alice));
    world.call(alice, Command::RelayAdd { address });
    spoil_boxes_of(None);
    world.run_for(600_000);
    world.stop(alice);
    world.send(bob, &his, "to both relays");
    world.run_for(10_000);
    assert!(world.relay(1).held() > 0, "nothing went to the new relay");
    world.start(alice);
    world.run_for(600_000);
    let mine = world.read(alice, &hers);
    assert_eq!(of(&mine, "to both relays"), &MessageState::Received);
}

#[test]
fn a_contact_that_writes_nothing_but_poison_keeps_nobody_busy() {
    let mut world = World::new(701, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    world.send(bob, &his, "hello");
    world.run_for(60_000);
    world.direct_works = false;
    for number in 0..40 {
        let (slot, poison) = world.with_vault(alice, |ctx| {
            let conversation = hushwing_protocol::conversations(ctx.store).expect("memory")[0];
            fuzzing::seal_in_lane(ctx, &conversation, &[7; BOX_PLAINTEXT_LEN]).expect("a box")
        });
        world.relay(0).put(slot, poison);
        world.send(bob, &his, &format!("b{number}"));
        world.run_for(30_000);
    }
    world.run_for(600_000);
    // Twenty minutes of poison: at most one repair an hour.
    let made_anew =
        |event: &&Event| matches!(event, Event::Warning { text } if text.contains("made anew"));
    assert_eq!(world.events(bob).iter().filter(made_anew).count(), 1);
    for number in 0..40 {
        let text = format!("b{number}");
        assert_eq!(of(&world.read(bob, &his), &text), &MessageState::Delivered);
        assert_eq!(
            of(&world.read(alice, &hers), &text),
            &MessageState::Received
        );
    }
}
