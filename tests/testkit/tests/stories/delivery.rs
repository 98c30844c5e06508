//! Where messages go, and what is told of them.

use hushwing_engine::view::{
    Command, DeliveryPolicy, ErrorCode, Event, MessageState, Reply, WayState,
};
use hushwing_testkit::{Faults, World};

use crate::common::assert_same_transcript;

#[test]
fn messages_go_directly_when_no_relay_is_there() {
    let mut world = World::new(2, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    world.relay(0).up = false;
    for number in 0..20 {
        world.send(alice, &hers, &format!("a{number}"));
        world.send(bob, &his, &format!("b{number}"));
        world.run_for(500);
    }
    world.run_for(60_000);
    assert_same_transcript(&mut world, (alice, &hers), (bob, &his));
    assert_eq!(world.read(alice, &hers).len(), 40);
}

#[test]
fn messages_wait_at_the_relay_for_whoever_is_offline() {
    let mut world = World::new(3, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    world.stop(bob);
    for number in 0..40 {
        world.send(alice, &hers, &format!("a{number}"));
    }
    world.run_for(60_000);
    for message in world.read(alice, &hers) {
        assert_eq!(message.state, MessageState::AtRelay { stored: 1, of: 1 });
    }
    world.stop(alice);
    world.start(bob);
    world.run_for(60_000);
    assert_eq!(world.read(bob, &his).len(), 40);
    world.start(alice);
    world.run_for(60_000);
    assert_same_transcript(&mut world, (alice, &hers), (bob, &his));
    world.run_for(600_000);
    // What was read is dropped; only the bundle of the invite and receipts
    // that nobody had a reason to answer may remain.
    assert!(
        world.relay(0).held() <= 3,
        "{} boxes remain",
        world.relay(0).held()
    );
}

/// Claim D0.
#[test]
fn the_state_of_a_message_says_where_it_is() {
    let mut world = World::new(4, 2, 2);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, _) = world.meet(alice, bob);
    world.direct_works = false;
    world.relay(0).up = false;
    world.relay(1).up = false;
    world.stop(bob);
    world.send(alice, &hers, "where are you");
    world.run_for(20_000);
    let state = world.read(alice, &hers)[0].state.clone();
    assert!(
        matches!(state, MessageState::WaitingForRelay { .. }),
        "{state:?}"
    );
    world.relay(1).up = true;
    world.run_for(120_000);
    let state = world.read(alice, &hers)[0].state.clone();
    assert_eq!(state, MessageState::AtRelay { stored: 1, of: 2 });
    world.relay(0).up = true;
    world.run_for(120_000);
    let state = world.read(alice, &hers)[0].state.clone();
    assert_eq!(state, MessageState::AtRelay { stored: 2, of: 2 });
    world.start(bob);
    world.run_for(20_000);
    assert_eq!(world.read(alice, &hers)[0].state, MessageState::Delivered);
}

#[test]
fn retry_now_does_not_wait_for_the_pause_to_end() {
    let mut world = World::new(5, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, _) = world.meet(alice, bob);
    world.direct_works = false;
    world.relay(0).up = false;
    world.send(alice, &hers, "now");
    world.run_for(300_000);
    world.relay(0).up = true;
    assert_eq!(world.call(alice, Command::RetryNow), Reply::Done);
    world.run_for(1_000);
    let state = world.read(alice, &hers)[0].state.clone();
    assert!(
        matches!(
            state,
            MessageState::AtRelay { .. } | MessageState::Delivered
        ),
        "{state:?}"
    );
}

#[test]
fn a_relay_that_alters_boxes_loses_nothing_and_is_named() {
    let mut world = World::new(8, 2, 2);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    world.direct_works = false;
    world.stop(bob);
    for number in 0..5 {
        world.send(alice, &hers, &format!("a{number}"));
    }
    world.run_for(60_000);
    world.relay(0).forge_all();
    world.start(bob);
    world.run_for(60_000);
    assert_same_transcript(&mut world, (alice, &hers), (bob, &his));
    assert!(
        world
            .events(bob)
            .iter()
            .any(|event| matches!(event, Event::Warning { .. }))
    );
}

/// Claim D0.
#[test]
fn nothing_is_lost_doubled_or_reordered_whatever_fails() {
    for seed in 100..110 {
        let mut world = World::new(seed, 2, 2);
        let (alice, bob) = (world.person(0), world.person(1));
        let (hers, his) = world.meet(alice, bob);
        world.faults = Faults {
            lost: 100,
            answer_lost: 100,
            crash: 30,
        };
        for number in 0..40u64 {
            world.send(alice, &hers, &format!("a{number}"));
            if (number + seed) % 3 != 0 {
                world.send(bob, &his, &format!("b{number}"));
            }
            world.direct_works = (number / 5 + seed) % 2 == 0;
            world.relay(0).up = (number / 7 + seed) % 3 != 0;
            world.run_for(300 + 977 * (number % 4));
        }
        world.faults = Faults::default();
        world.direct_works = true;
        world.relay(0).up = true;
        world.run_for(900_000);
        assert_same_transcript(&mut world, (alice, &hers), (bob, &his));
        let texts: Vec<_> = world
            .read(bob, &his)
            .into_iter()
            .filter(|m| !m.mine)
            .collect();
        let expected: Vec<_> = (0..40).map(|number| format!("a{number}")).collect();
        let found: Vec<_> = texts.into_iter().map(|message| message.text).collect();
        assert_eq!(found, expected, "seed {seed}");
    }
}

#[test]
fn a_policy_keeps_messages_to_its_ways() {
    let mut world = World::new(26, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    let policy = Some(DeliveryPolicy::DirectOnly);
    world.call(alice, Command::Delivery { policy });
    world.stop(bob);
    world.run_for(60_000);
    let held = world.relay(0).held();
    world.send(alice, &hers, "for your eyes only");
    world.run_for(300_000);
    assert_eq!(world.relay(0).held(), held);
    world.start(bob);
    world.run_for(600_000);
    assert_same_transcript(&mut world, (alice, &hers), (bob, &his));
}

#[test]
fn an_id_of_other_characters_names_no_message() {
    let mut world = World::new(41, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (his, _) = world.meet(alice, bob);
    world.send(alice, &his, "hello");
    for id in [
        "a\u{e9}\u{e9}",
        "\u{e9}\u{e9}\u{e9}\u{e9}",
        "zzzz",
        "\0\0\0\0",
    ] {
        let asked = world.try_call(alice, Command::Message { id: id.to_owned() });
        assert_eq!(asked.unwrap_err().code, ErrorCode::NotFound, "{id:?}");
    }
    assert_eq!(world.read(alice, &his).len(), 1);
}

#[test]
fn each_way_of_a_message_tells_its_own_reason() {
    let mut world = World::new(19, 2, 2);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, _) = world.meet(alice, bob);
    world.direct_works = false;
    world.relay(0).up = false;
    let dead = world.relay(0).address.to_string();
    world.stop(bob);
    let message = world.send(alice, &hers, "where is it");
    let (mut failed, mut kept_and_waiting) = (false, false);
    for _ in 0..600 {
        world.run_for(100);
        let command = Command::Message {
            id: message.id.clone(),
        };
        let Reply::Ledger(ledger) = world.call(alice, command) else {
            panic!("a ledger was asked for");
        };
        let way = ledger
            .ways
            .iter()
            .find(|way| way.relay.as_ref() == Some(&dead));
        match &way.expect("the dead relay is a way").state {
            WayState::Trying => {}
            WayState::Waiting { reason, .. } if reason == "The connection was lost." => {
                failed = true;
                let state = &ledger.message.state;
                kept_and_waiting |= *state == MessageState::AtRelay { stored: 1, of: 2 };
            }
            // Before the first try there is nothing to tell, and never after it.
            other => assert!(!failed, "{other:?}"),
        }
    }
    assert!(kept_and_waiting);
}

#[test]
fn who_has_written_straight_to_a_device_can_go_on_by_relay() {
    let mut world = World::new(77, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, _) = world.meet(alice, bob);
    let deliver_by = |world: &mut World, policy| {
        for who in [alice, bob] {
            let policy = Some(policy);
            world.call(who, Command::Delivery { policy });
        }
    };
    deliver_by(&mut world, DeliveryPolicy::DirectOnly);
    for burst in 0..3 {
        for number in 0..40 {
            world.send(alice, &hers, &format!("straight {burst} {number}"));
        }
        world.run_for(60_000);
    }
    deliver_by(&mut world, DeliveryPolicy::RelayOnly);
    world.send(alice, &hers, "by relay");
    world.run_for(60_000);
    let last = world.read(alice, &hers).pop().expect("she wrote");
    assert_eq!(
        (last.text.as_str(), &last.state),
        ("by relay", &MessageState::Delivered)
    );
}
