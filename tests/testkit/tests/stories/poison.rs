//! Boxes that authenticate and hold what nobody can read. `[HW-CONV-16]`

use hushwing_engine::view::{Event, MessageState, MessageView};
use hushwing_protocol::fuzzing;
use hushwing_testkit::{PersonId, World};
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
    assert!(world.relay(0).replace(slot, poison), "the text lies there");
}

fn of<'a>(messages: &'a [MessageView], text: &str) -> &'a MessageState {
    let found = messages.iter().find(|message| message.text == text);
    &found.expect("it was written").state
}

/// Claim D0.
#[test]
fn a_poison_box_stops_nothing_and_both_sides_see_the_truth() {
    let mut world = World::new(700, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    world.send(bob, &his, "hello");
    world.run_for(60_000);
    world.direct_works = false;

    // Once, it may be that keys do not fit: they are made anew, and it comes.
    world.stop(bob);
    send_poison(&mut world, alice, &hers, "poisoned once");
    world.start(bob);
    world.run_for(600_000);
    assert_eq!(
        of(&world.read(alice, &hers), "poisoned once"),
        &MessageState::Delivered
    );
    assert_eq!(
        of(&world.read(bob, &his), "poisoned once"),
        &MessageState::Received
    );

    // Again at once, it is the writer's: it is shown on both sides.
    world.stop(bob);
    send_poison(&mut world, alice, &hers, "poisoned again");
    world.send(alice, &hers, "behind it");
    world.run_for(10_000);
    world.start(bob);
    world.run_for(600_000);
    let (mine, theirs) = (world.read(alice, &hers), world.read(bob, &his));
    assert!(
        matches!(
            of(&mine, "poisoned again"),
            MessageState::Failed { reason } if reason.contains("could not be read there")
        ),
        "{mine:?}"
    );
    assert_eq!(of(&mine, "behind it"), &MessageState::Delivered);
    assert_eq!(of(&theirs, "behind it"), &MessageState::Received);
    let unreadable = theirs
        .iter()
        .filter(|message| matches!(message.state, MessageState::Unreadable { .. }));
    assert_eq!(unreadable.count(), 1);

    // It stays so: nothing is put again, and the conversation goes on.
    world.run_for(30 * 3_600_000);
    world.send(bob, &his, "and you");
    world.send(alice, &hers, "the same");
    world.run_for(120_000);
    assert_eq!(
        of(&world.read(alice, &hers), "and you"),
        &MessageState::Received
    );
    assert_eq!(
        of(&world.read(alice, &hers), "the same"),
        &MessageState::Delivered
    );
    assert!(matches!(
        of(&world.read(alice, &hers), "poisoned again"),
        MessageState::Failed { .. }
    ));
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
