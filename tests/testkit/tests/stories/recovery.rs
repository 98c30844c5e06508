//! What one side lost, and how it comes again.

use hushwing_engine::view::{Command, Event, MessageState, MessageView, Reply};
use hushwing_testkit::World;

use crate::common::assert_same_transcript;

/// Claim D0.
#[test]
fn a_conversation_goes_on_after_an_old_backup_and_what_it_had_not_comes_again() {
    let mut world = World::new(20, 2, 2);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    for number in 0..5 {
        world.send(alice, &hers, &format!("a{number}"));
        world.send(bob, &his, &format!("b{number}"));
        world.run_for(2_000);
    }
    let backup = world.snapshot(bob);
    for number in 5..10 {
        world.send(alice, &hers, &format!("a{number}"));
        world.run_for(2_000);
    }
    world.run_for(60_000);
    let safety_number = world.contacts(alice)[0].safety_number.clone();
    world.restore(bob, &backup);
    world.send(alice, &hers, "after the restore");
    world.send(bob, &his, "I had to restore");
    world.run_for(600_000);
    assert_same_transcript(&mut world, (alice, &hers), (bob, &his));
    assert_eq!(world.read(bob, &his).len(), 17);
    assert_eq!(world.contacts(alice)[0].safety_number, safety_number);
    assert!(!world.contacts(bob)[0].repairing);
    for who in [alice, bob] {
        let told =
            |event: &Event| matches!(event, Event::Warning { text } if text.contains("keys"));
        assert!(world.events(who).iter().any(told), "both are told");
    }
}

/// Claim D0.
#[test]
fn a_roll_back_that_nobody_noticed_is_noticed_and_mended() {
    let mut world = World::new(21, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    world.direct_works = false;
    world.send(bob, &his, "one");
    world.run_for(30_000);
    let copy = world.snapshot(bob);
    for number in 0..4 {
        world.send(bob, &his, &format!("lost with the roll-back {number}"));
        world.send(alice, &hers, &format!("comes again {number}"));
        world.run_for(30_000);
    }
    world.roll_back(bob, &copy);
    world.send(bob, &his, "two");
    world.send(alice, &hers, "three");
    world.run_for(4 * 3_600_000);
    let texts = |messages: Vec<MessageView>| -> Vec<String> {
        messages.into_iter().map(|message| message.text).collect()
    };
    let (hers, his) = (
        texts(world.read(alice, &hers)),
        texts(world.read(bob, &his)),
    );
    for text in ["one", "two", "three", "comes again 0", "comes again 3"] {
        let count = |all: &[String]| all.iter().filter(|known| *known == text).count();
        assert_eq!(
            (count(&hers), count(&his)),
            (1, 1),
            "{text}: {hers:?} {his:?}"
        );
    }
}

/// Claim D0.
#[test]
fn a_box_that_the_relay_lost_is_asked_for_when_later_ones_come() {
    let mut world = World::new(22, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    world.send(alice, &hers, "zero");
    world.run_for(10_000);
    world.direct_works = false;
    world.stop(bob);
    world.send(alice, &hers, "lost by the relay");
    world.run_for(5_000);
    world.relay(0).lose_everything();
    for number in 1..4 {
        world.send(alice, &hers, &format!("later {number}"));
        world.run_for(2_000);
    }
    world.start(bob);
    world.run_for(5_000);
    assert_eq!(world.contacts(bob)[0].missing, 1);
    world.run_for(120_000);
    assert_same_transcript(&mut world, (alice, &hers), (bob, &his));
    assert_eq!(world.contacts(bob)[0].missing, 0);
}

/// Claim D0.
#[test]
fn the_last_box_that_a_relay_lost_is_put_again_without_being_asked_for() {
    let mut world = World::new(23, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    world.direct_works = false;
    world.stop(bob);
    world.send(alice, &hers, "the last word");
    world.run_for(5_000);
    world.relay(0).lose_everything();
    world.start(bob);
    world.run_for(3 * 3_600_000);
    assert_same_transcript(&mut world, (alice, &hers), (bob, &his));
}

#[test]
fn who_asked_for_new_keys_for_hours_gets_one_answer_and_all_goes_on() {
    let mut world = World::new(40, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (his, hers) = world.meet(alice, bob);
    world.send(alice, &his, "before");
    world.run_for(60_000);
    world.stop(alice);
    world.call(
        bob,
        Command::Repair {
            contact: hers.clone(),
        },
    );
    world.send(bob, &hers, "meanwhile");
    // The same request walks on to several places.
    world.run_for(3 * 3_600_000);
    world.start(alice);
    world.run_for(600_000);
    for turn in 0..3 {
        world.send(alice, &his, &format!("hers {turn}"));
        world.run_for(60_000);
        world.send(bob, &hers, &format!("his {turn}"));
        world.run_for(60_000);
    }
    let generations = |world: &World, who| {
        let made_anew =
            |event: &&Event| matches!(event, Event::Warning { text } if text.contains("made anew"));
        world.events(who).iter().filter(made_anew).count()
    };
    assert_eq!(
        (generations(&world, alice), generations(&world, bob)),
        (1, 1)
    );
    assert_same_transcript(&mut world, (alice, &his), (bob, &hers));
}

/// A receipt after a roll-back names a number, and the box with that number was
/// another one. Claim D0.
#[test]
fn a_text_of_a_rolled_back_writer_is_not_delivered_because_another_was() {
    let mut world = World::new(41, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    world.send(bob, &his, "before");
    world.run_for(30_000);
    let copy = world.snapshot(bob);
    for number in 0..3 {
        world.send(bob, &his, &format!("in the life that is lost {number}"));
        world.run_for(5_000);
    }
    world.direct_works = false;
    world.stop(alice);
    // The relay, too, has forgotten what was where.
    world.relay(0).lose_everything();
    world.roll_back(bob, &copy);
    let id = world.send(bob, &his, "after it").id;
    world.run_for(30_000);
    world.start(alice);
    world.send(alice, &hers, "her receipts cover the others");
    world.run_for(60_000);
    let state = |world: &mut World| match world.call(bob, Command::Message { id: id.clone() }) {
        Reply::Ledger(ledger) => ledger.message.state,
        other => panic!("{other:?}"),
    };
    let arrived = |world: &mut World| {
        let messages = world.read(alice, &hers);
        messages.iter().any(|message| message.text == "after it")
    };
    assert!(state(&mut world) != MessageState::Delivered || arrived(&mut world));
    world.run_for(30 * 3_600_000);
    assert!(arrived(&mut world), "{:?}", state(&mut world));
    assert_eq!(state(&mut world), MessageState::Delivered);
}

/// Claim D0.
#[test]
fn a_text_that_nobody_acknowledges_leads_to_a_question_and_new_keys() {
    let mut world = World::new(42, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    world.direct_works = false;
    world.send(alice, &hers, "one");
    world.run_for(30_000);
    let copy = world.snapshot(bob);
    for number in 0..4 {
        world.send(alice, &hers, &format!("read and forgotten {number}"));
        world.run_for(30_000);
    }
    // Bob's vault is an old copy and says nothing; his keys are those of an epoch
    // that Alice has left.
    world.relay(0).lose_everything();
    world.roll_back(bob, &copy);
    let id = world.send(alice, &hers, "where he does not look").id;
    world.run_for(26 * 3_600_000);
    let Reply::Ledger(ledger) = world.call(alice, Command::Message { id }) else {
        panic!("a ledger was asked for");
    };
    assert_eq!(ledger.message.state, MessageState::Delivered);
    let texts: Vec<_> = world.read(bob, &his).into_iter().map(|m| m.text).collect();
    for number in 0..4 {
        assert!(
            texts.contains(&format!("read and forgotten {number}")),
            "{texts:?}"
        );
    }
    assert!(texts.contains(&"where he does not look".to_owned()));
}
