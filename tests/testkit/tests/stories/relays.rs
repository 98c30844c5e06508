//! Relays that come, go and die.

use hushwing_engine::view::{
    Command, Event, FindingKind, LedgerStep, MessageState, NetworkView, RelayRole, Reply,
};
use hushwing_testkit::{PersonId, World};

use crate::common::assert_same_transcript;

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

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// The relays at which a person leaves mail for a contact now.
fn leaves_mail_at(world: &mut World, who: PersonId, contact: &str) -> Vec<String> {
    let id = world.send(who, contact, "where to?").id;
    let Reply::Ledger(ledger) = world.call(who, Command::Message { id }) else {
        panic!("a ledger was asked for");
    };
    ledger
        .ways
        .into_iter()
        .filter_map(|way| way.relay)
        .collect()
}

fn roles(world: &mut World, who: PersonId) -> Vec<RelayRole> {
    let Reply::Relays { relays } = world.call(who, Command::RelayList) else {
        panic!("relays were asked for");
    };
    relays.into_iter().map(|relay| relay.role).collect()
}

/// How often a person was told that a relay rests or is used again.
fn changes(world: &World, who: PersonId) -> usize {
    let is_change = |event: &&Event| {
        matches!(event, Event::Warning { text }
            if text.contains("has not answered for") || text.contains("answers steadily again"))
    };
    world.events(who).iter().filter(is_change).count()
}

fn three_relays(seed: u64) -> (World, PersonId, PersonId, String, String, [String; 3]) {
    let mut world = World::new(seed, 2, 3);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    world.direct_works = false;
    let names = [0, 1, 2].map(|number| world.relay(number).address.to_string());
    (world, alice, bob, hers, his, names)
}

#[test]
fn a_dead_relay_rests_a_spare_takes_its_place_and_it_returns_when_it_is_steady() {
    let (mut world, alice, bob, hers, his, [zero, one, two]) = three_relays(800);
    use RelayRole::{Resting, Spare, Told};
    assert_eq!(roles(&mut world, bob), [Told, Told, Spare]);
    assert_eq!(
        leaves_mail_at(&mut world, alice, &hers),
        [zero.clone(), one.clone()]
    );
    world.run_for(MINUTE_MS);

    world.relay(0).up = false;
    world.run_for(20 * MINUTE_MS);
    assert_eq!(roles(&mut world, bob), [Told, Told, Spare], "too early");
    world.run_for(15 * MINUTE_MS);
    assert_eq!(roles(&mut world, bob), [Resting, Told, Told]);
    assert_eq!(
        leaves_mail_at(&mut world, alice, &hers),
        [one.clone(), two.clone()]
    );
    let Reply::Doctor { findings } = world.call(bob, Command::Doctor) else {
        panic!("findings were asked for");
    };
    assert!(
        findings
            .iter()
            .any(|finding| finding.kind == FindingKind::OwnRelay
                && finding.what.contains("rests")
                && finding.about.as_ref() == Some(&zero)),
        "{findings:?}"
    );
    assert_eq!(changes(&world, bob), 1);

    // A restart forgets nothing of it.
    world.start(bob);
    assert_eq!(roles(&mut world, bob), [Resting, Told, Told]);

    world.relay(0).up = true;
    world.run_for(30 * MINUTE_MS);
    assert_eq!(
        roles(&mut world, bob),
        [Resting, Told, Told],
        "not steady yet"
    );
    world.run_for(40 * MINUTE_MS);
    assert_eq!(roles(&mut world, bob), [Told, Told, Spare]);
    world.run_for(MINUTE_MS);
    assert_eq!(leaves_mail_at(&mut world, alice, &hers), [zero, one]);
    assert_eq!(changes(&world, bob), 2);
    world.run_for(10 * MINUTE_MS);
    assert_same_transcript(&mut world, (alice, &hers), (bob, &his));
}

#[test]
fn mail_left_at_a_resting_relay_is_still_fetched() {
    let (mut world, alice, bob, hers, his, _) = three_relays(801);
    world.stop(alice);
    world.relay(0).up = false;
    world.run_for(40 * MINUTE_MS);
    assert_eq!(roles(&mut world, bob)[0], RelayRole::Resting);
    // Alice does not know yet, and only the old relay takes her message.
    world.cut_off(bob, true);
    world.relay(0).up = true;
    world.relay(1).up = false;
    world.relay(2).up = false;
    world.start(alice);
    world.send(alice, &hers, "to the old place");
    world.run_for(10_000);
    world.cut_off(bob, false);
    world.run_for(MINUTE_MS);
    let texts: Vec<_> = world.read(bob, &his).into_iter().map(|m| m.text).collect();
    assert_eq!(texts, ["to the old place"]);
}

#[test]
fn a_relay_that_comes_and_goes_is_told_seldom() {
    // Short breaks are no reason to change anything.
    let (mut world, _, bob, _, _, _) = three_relays(802);
    for turn in 0..72 {
        world.relay(0).up = turn % 2 == 1;
        world.run_for(20 * MINUTE_MS);
    }
    assert_eq!(changes(&world, bob), 0);

    // Long ones are, but fewer and fewer.
    let (mut world, _, bob, _, _, _) = three_relays(803);
    let mut by_day = Vec::new();
    for _ in 0..3 {
        let before = changes(&world, bob);
        for turn in 0..12 {
            world.relay(0).up = turn % 2 == 1;
            world.run_for(if turn % 2 == 1 { 150 } else { 90 } * MINUTE_MS);
        }
        by_day.push(changes(&world, bob) - before);
    }
    assert!(by_day[0] >= 2, "{by_day:?}");
    assert!(by_day.iter().all(|count| *count <= 4), "{by_day:?}");
    assert!(by_day[2] <= by_day[0], "{by_day:?}");
}

#[test]
fn what_is_our_own_fault_is_not_held_against_a_relay() {
    let (mut world, _, bob, _, _, _) = three_relays(804);
    let told = roles(&mut world, bob);
    // Tor is down.
    let blocked = NetworkView::Blocked {
        reason: "no cable".into(),
    };
    world.relay(0).up = false;
    world.network_is(bob, blocked);
    world.run_for(3 * HOUR_MS);
    world.network_is(bob, NetworkView::Ready);
    world.run_for(5 * MINUTE_MS);
    assert_eq!(roles(&mut world, bob), told);
    world.relay(0).up = true;
    world.run_for(MINUTE_MS);
    // The line is cut, and Tor has not noticed.
    world.cut_off(bob, true);
    world.run_for(3 * HOUR_MS);
    world.cut_off(bob, false);
    world.run_for(5 * MINUTE_MS);
    assert_eq!(roles(&mut world, bob), told);
    // All relays are down.
    for number in 0..3 {
        world.relay(number).up = false;
    }
    world.run_for(3 * HOUR_MS);
    assert_eq!(roles(&mut world, bob), told);
    assert_eq!(changes(&world, bob), 0);
}

#[test]
fn a_clock_that_is_set_back_stops_neither_rest_nor_return() {
    let (mut world, _, bob, _, _, _) = three_relays(805);
    world.relay(0).up = false;
    world.run_for(10 * MINUTE_MS);
    world.set_clock_back(bob, 26 * HOUR_MS);
    world.run_for(40 * MINUTE_MS);
    assert_eq!(roles(&mut world, bob)[0], RelayRole::Resting);
    world.relay(0).up = true;
    world.set_clock_back(bob, 26 * HOUR_MS);
    world.run_for(80 * MINUTE_MS);
    assert_eq!(roles(&mut world, bob)[0], RelayRole::Told);
}

#[test]
fn when_the_last_relay_in_use_falls_silent_one_that_answers_again_takes_its_place() {
    let mut world = World::new(806, 2, 2);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, _) = world.meet(alice, bob);
    world.direct_works = false;
    let [zero, one] = [0, 1].map(|number| world.relay(number).address.to_string());
    world.relay(0).up = false;
    world.run_for(40 * MINUTE_MS);
    assert_eq!(leaves_mail_at(&mut world, alice, &hers), [one]);
    world.relay(0).up = true;
    world.run_for(10 * MINUTE_MS);
    world.relay(1).up = false;
    // Half an hour until it rests. Alice used it too, so that no box tells her;
    // an offer outside of the lanes does, after another half.
    world.run_for(90 * MINUTE_MS);
    assert_eq!(
        roles(&mut world, bob),
        [RelayRole::Told, RelayRole::Resting]
    );
    assert_eq!(leaves_mail_at(&mut world, alice, &hers), [zero]);
}

#[test]
fn the_user_decides_how_many_relays_contacts_are_told() {
    let (mut world, alice, bob, hers, _, names) = three_relays(807);
    for (told, expected) in [(3, 3), (1, 1), (2, 2)] {
        let command = Command::Settings {
            read_reports: None,
            relays_told: Some(told),
            lock_after_minutes: None,
        };
        world.call(bob, command);
        world.run_for(5 * MINUTE_MS);
        assert_eq!(leaves_mail_at(&mut world, alice, &hers), names[..expected]);
        world.run_for(MINUTE_MS);
    }
    for none in [0, 4] {
        let command = Command::Settings {
            read_reports: None,
            relays_told: Some(none),
            lock_after_minutes: None,
        };
        assert!(world.try_call(bob, command).is_err());
    }
}
