//! Two people and their relays, told as stories.

use hushwing_engine::view::{
    Command, ContactPhase, DeliveryPolicy, ErrorCode, Event, FindingKind, InviteState, LedgerStep,
    MessageState, MessageView, Reply, WayState,
};
use hushwing_testkit::{Faults, PersonId, World};

/// What both sides must agree on: order, writer and text.
fn told(messages: &[MessageView], mine_is_inviter: bool) -> Vec<(u64, u32, bool, String)> {
    messages
        .iter()
        .map(|message| {
            let order = message.order.expect("a message that arrived has its place");
            let by_inviter = message.mine == mine_is_inviter;
            (order.clock, order.writer, by_inviter, message.text.clone())
        })
        .collect()
}

fn assert_same_transcript(world: &mut World, alice: (PersonId, &str), bob: (PersonId, &str)) {
    let hers = world.read(alice.0, alice.1);
    let his = world.read(bob.0, bob.1);
    assert_eq!(told(&hers, true), told(&his, false));
    for message in hers.iter().chain(&his) {
        let wanted = if message.mine {
            MessageState::Delivered
        } else {
            MessageState::Received
        };
        assert_eq!(message.state, wanted, "{}", message.text);
    }
}

#[test]
fn two_people_meet_though_they_are_never_online_together() {
    let mut world = World::new(1, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let invite = world.invite(alice);
    world.stop(alice);

    let contact = world.redeem(bob, &invite.link);
    world.run_for(10_000);
    assert_eq!(world.contacts(bob)[0].phase, ContactPhase::Requested);
    let waiting = world.send(bob, &contact.id, "before you came");
    assert_eq!(waiting.state, MessageState::WaitingForContact);
    world.stop(bob);

    world.start(alice);
    world.run_for(10_000);
    let hers = world.contacts(alice).pop().expect("a contact");
    assert_eq!(hers.phase, ContactPhase::Established);
    assert_eq!(hers.name, "the redeemer");
    world.send(alice, &hers.id, "hello from Alice");
    world.run_for(10_000);
    world.stop(alice);

    world.start(bob);
    world.run_for(10_000);
    let his = world.contacts(bob).pop().expect("a contact");
    assert_eq!(his.phase, ContactPhase::Established);
    assert_eq!(his.name, "the inviter");
    assert!(his.safety_number.is_some());

    world.start(alice);
    world.run_for(30_000);
    assert_eq!(world.contacts(alice)[0].safety_number, his.safety_number);
    assert_same_transcript(&mut world, (alice, &hers.id), (bob, &his.id));
    assert_eq!(world.read(bob, &his.id).len(), 2);
}

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
fn a_link_that_is_used_twice_is_refused_and_reported() {
    let mut world = World::new(6, 3, 1);
    let (alice, bob, eve) = (world.person(0), world.person(1), world.person(2));
    let invite = world.invite(alice);
    world.redeem(bob, &invite.link);
    world.run_for(30_000);
    let second = world.redeem(eve, &invite.link);
    world.run_for(60_000);
    assert_eq!(world.contacts(alice).len(), 1);
    let phase = world.contacts(eve)[0].phase.clone();
    assert!(matches!(phase, ContactPhase::Failed { .. }), "{phase:?}");
    let told = world.events(alice).iter().filter(
        |event| matches!(event, Event::InviteUsedTwice { invite: id } if *id == invite.invite.id),
    );
    assert_eq!(told.count(), 1);
    let command = Command::Send {
        contact: second.id,
        text: "let me in".into(),
    };
    assert!(world.try_call(eve, command).is_err());
}

#[test]
fn a_revoked_or_expired_invite_makes_no_contact() {
    let mut world = World::new(7, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let revoked = world.invite(alice);
    world.call(
        alice,
        Command::InviteRevoke {
            id: revoked.invite.id,
        },
    );
    world.redeem(bob, &revoked.link);
    world.run_for(60_000);
    assert!(world.contacts(alice).is_empty());

    let late = world.invite(alice);
    world.stop(alice);
    world.run_for(25 * 3_600_000);
    world.start(alice);
    world.run_for(60_000);
    let command = Command::InviteRedeem {
        link: hushwing_engine::view::SecretText::new(late.link),
        name: String::new(),
    };
    assert!(world.try_call(bob, command).is_err());
    let Reply::Invites { invites } = world.call(alice, Command::InviteList) else {
        panic!("invites were asked for");
    };
    assert!(
        invites
            .iter()
            .all(|invite| invite.state == InviteState::Expired)
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
fn contacts_follow_when_relays_change_and_a_dead_relay_is_routed_around() {
    let mut world = World::new(24, 2, 3);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    world.direct_works = false;
    world.relay(0).up = false;
    let gone = world.relay(0).address.to_string();
    world.send(alice, &hers, "around the dead one");
    world.run_for(60_000);
    assert_eq!(world.read(bob, &his).len(), 1);
    world.call(
        bob,
        Command::RelayRemove {
            address: gone.clone(),
        },
    );
    world.run_for(120_000);
    world.stop(bob);
    world.send(alice, &hers, "to the two that are left");
    world.run_for(60_000);
    let state = world.read(alice, &hers)[1].state.clone();
    assert_eq!(state, MessageState::AtRelay { stored: 2, of: 2 });
}

#[test]
fn one_pasted_record_brings_people_together_when_all_relays_are_gone() {
    let mut world = World::new(25, 2, 3);
    let (alice, bob) = (world.person(0), world.person(1));
    let third = world.relay(2).address.to_string();
    for who in [alice, bob] {
        let address = third.clone();
        world.call(who, Command::RelayRemove { address });
    }
    let (hers, his) = world.meet(alice, bob);
    world.send(alice, &hers, "before");
    world.run_for(30_000);
    world.direct_works = false;
    world.relay(0).up = false;
    world.relay(1).up = false;
    let stuck = world.send(alice, &hers, "stuck");
    world.run_for(120_000);
    for who in [alice, bob] {
        for number in 0..2 {
            let address = world.relay(number).address.to_string();
            if number == 0 {
                world.call(who, Command::RelayRemove { address });
            }
        }
        let address = third.clone();
        world.call(who, Command::RelayAdd { address });
    }
    let Reply::Doctor { findings } = world.call(alice, Command::Doctor) else {
        panic!("findings were asked for");
    };
    assert!(
        findings
            .iter()
            .any(|finding| finding.kind == FindingKind::Unreachable)
    );
    let Reply::RouteRecord { record } = world.call(
        bob,
        Command::RouteRecord {
            contact: his.clone(),
        },
    ) else {
        panic!("a record was asked for");
    };
    world.call(alice, Command::RouteApply { record });
    world.run_for(600_000);
    world.send(bob, &his, "found you");
    world.run_for(600_000);
    assert_same_transcript(&mut world, (alice, &hers), (bob, &his));
    let Reply::Ledger(ledger) = world.call(alice, Command::Message { id: stuck.id }) else {
        panic!("a ledger was asked for");
    };
    assert_eq!(ledger.message.state, MessageState::Delivered);
    let steps: Vec<_> = ledger.history.iter().map(|entry| &entry.step).collect();
    assert!(matches!(
        steps[..2],
        [LedgerStep::Written, LedgerStep::Sealed]
    ));
    assert!(
        matches!(steps.last(), Some(LedgerStep::Delivered { .. })),
        "{steps:?}"
    );
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
