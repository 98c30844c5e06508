//! Read reports: both must want them. `[HW-READ-1]` `[HW-READ-2]`

use hushwing_engine::view::{Command, LedgerStep, MessageState, MessageView, ReadReports, Reply};
use hushwing_protocol::Outgoing;
use hushwing_testkit::{PersonId, World};

fn set(world: &mut World, who: PersonId, read_reports: ReadReports) {
    let command = Command::Settings {
        read_reports: Some(read_reports),
        relays_told: None,
        lock_after_minutes: None,
    };
    world.call(who, command);
}

fn see_all(world: &mut World, who: PersonId, contact: &str) {
    let command = Command::MarkRead {
        contact: contact.to_owned(),
        from: 0,
        up_to: u64::MAX,
    };
    assert_eq!(world.call(who, command), Reply::Done);
}

fn states(messages: &[MessageView]) -> Vec<&MessageState> {
    messages.iter().map(|message| &message.state).collect()
}

/// Boxes that a person has sealed so far, in all conversations.
fn sealed(world: &World, who: PersonId) -> u64 {
    let store = world.store(who);
    let conversations = hushwing_protocol::conversations(store).expect("memory");
    let sent = conversations.iter().map(|id| {
        hushwing_protocol::view(store, id)
            .expect("a conversation")
            .sent
    });
    sent.sum()
}

fn steps_of(world: &mut World, who: PersonId, id: &str) -> Vec<LedgerStep> {
    let Reply::Ledger(ledger) = world.call(who, Command::Message { id: id.to_owned() }) else {
        panic!("a ledger was asked for");
    };
    ledger.history.into_iter().map(|entry| entry.step).collect()
}

/// A report as a hostile contact would write it.
fn forge_report(world: &mut World, who: PersonId, ids: &[[u8; 16]]) {
    let sealed = world.with_vault(who, |ctx| {
        let conversation = hushwing_protocol::conversations(ctx.store).expect("memory")[0];
        hushwing_protocol::seal(ctx, &conversation, Outgoing::Read(ids)).expect("a box")
    });
    world.relay(0).put(sealed.slot, sealed.boxed);
}

fn id_of(message: &MessageView) -> [u8; 16] {
    let bytes = data_encoding::HEXLOWER.decode(message.id.as_bytes());
    bytes.expect("hexadecimal").try_into().expect("16 bytes")
}

#[test]
fn what_was_read_is_told_in_one_box_when_both_want_it() {
    let mut world = World::new(600, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    set(&mut world, alice, ReadReports::On);
    set(&mut world, bob, ReadReports::On);
    for number in 0..5 {
        world.send(alice, &hers, &format!("a{number}"));
    }
    world.run_for(30_000);
    assert_eq!(
        states(&world.read(alice, &hers)),
        [&MessageState::Delivered; 5]
    );
    let before = sealed(&world, bob);
    see_all(&mut world, bob, &his);
    see_all(&mut world, bob, &his);
    world.run_for(30_000);
    let read = world.read(alice, &hers);
    assert_eq!(states(&read), [&MessageState::Read; 5]);
    assert_eq!(sealed(&world, bob) - before, 1);
    let steps = steps_of(&mut world, alice, &read[0].id);
    let count = steps
        .iter()
        .filter(|step| **step == LedgerStep::Read)
        .count();
    assert_eq!(count, 1, "{steps:?}");
    // Said again, it changes nothing; nor does it after a restart.
    forge_report(&mut world, bob, &read.iter().map(id_of).collect::<Vec<_>>());
    world.run_for(30_000);
    world.start(alice);
    see_all(&mut world, bob, &his);
    world.run_for(30_000);
    assert_eq!(steps_of(&mut world, alice, &read[0].id), steps);
    assert_eq!(world.read(alice, &hers), read);
    // Nothing of it is shown as a message.
    assert_eq!(world.read(bob, &his).len(), 5);
}

#[test]
fn who_has_reports_off_tells_nothing_and_is_told_nothing() {
    let mut world = World::new(601, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    set(&mut world, alice, ReadReports::On);
    world.send(alice, &hers, "are you reading this?");
    world.run_for(30_000);
    let before = sealed(&world, bob);
    see_all(&mut world, bob, &his);
    world.run_for(600_000);
    assert_eq!(sealed(&world, bob), before, "not even an empty box");
    assert_eq!(
        states(&world.read(alice, &hers)),
        [&MessageState::Delivered]
    );

    // Switched on later, what was seen before stays untold.
    set(&mut world, bob, ReadReports::On);
    see_all(&mut world, bob, &his);
    world.run_for(30_000);
    assert_eq!(
        states(&world.read(alice, &hers)),
        [&MessageState::Delivered]
    );

    // Who does not report is not reported to, now or when it changes their mind.
    set(&mut world, alice, ReadReports::Off);
    world.send(alice, &hers, "and this?");
    world.run_for(30_000);
    see_all(&mut world, bob, &his);
    world.run_for(30_000);
    set(&mut world, alice, ReadReports::On);
    world.run_for(30_000);
    assert_eq!(
        states(&world.read(alice, &hers)),
        [&MessageState::Delivered; 2]
    );
}

#[test]
fn a_report_that_waits_is_dropped_when_reports_are_switched_off() {
    let mut world = World::new(602, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    set(&mut world, alice, ReadReports::On);
    set(&mut world, bob, ReadReports::On);
    world.send(alice, &hers, "hello");
    world.run_for(30_000);
    let before = sealed(&world, bob);
    see_all(&mut world, bob, &his);
    set(&mut world, bob, ReadReports::Off);
    world.start(bob);
    world.run_for(60_000);
    set(&mut world, bob, ReadReports::On);
    world.run_for(60_000);
    assert_eq!(sealed(&world, bob), before);
    assert_eq!(
        states(&world.read(alice, &hers)),
        [&MessageState::Delivered]
    );
}

/// Claim B0.
#[test]
fn a_hostile_report_changes_nothing_that_is_not_the_contacts_own() {
    let mut world = World::new(603, 3, 1);
    let (alice, bob, carol) = (world.person(0), world.person(1), world.person(2));
    let (to_bob, bobs) = world.meet(alice, bob);
    world.meet(alice, carol);
    for who in [alice, bob, carol] {
        set(&mut world, who, ReadReports::On);
    }
    let to_carol = world
        .contacts(alice)
        .into_iter()
        .find(|contact| contact.id != to_bob)
        .expect("Carol")
        .id;
    world.send(bob, &bobs, "from Bob");
    world.send(alice, &to_carol, "for Carol");
    world.run_for(60_000);
    world.direct_works = false;
    let before = (world.read(alice, &to_bob), world.read(alice, &to_carol));
    let mut ids: Vec<[u8; 16]> = before.0.iter().chain(&before.1).map(id_of).collect();
    ids.extend((0..250u8).map(|byte| [byte; 16]));
    forge_report(&mut world, bob, &ids);
    world.run_for(60_000);
    let after = (world.read(alice, &to_bob), world.read(alice, &to_carol));
    assert_eq!(after, before);
    // The conversation goes on behind it.
    world.send(bob, &bobs, "still here");
    world.run_for(60_000);
    assert_eq!(world.read(alice, &to_bob).len(), before.0.len() + 1);
}

#[test]
fn more_than_fits_a_report_goes_in_the_next_one() {
    let mut world = World::new(604, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    set(&mut world, alice, ReadReports::On);
    set(&mut world, bob, ReadReports::On);
    let count = hushwing_protocol::MAX_REPORTED + 4;
    for number in 0..count {
        world.send(alice, &hers, &format!("a{number}"));
    }
    world.run_for(120_000);
    let before = sealed(&world, bob);
    see_all(&mut world, bob, &his);
    world.run_for(60_000);
    let read = world.read(alice, &hers);
    assert_eq!(read.len(), count);
    assert!(
        read.iter()
            .all(|message| message.state == MessageState::Read)
    );
    assert_eq!(sealed(&world, bob) - before, 2);
}
