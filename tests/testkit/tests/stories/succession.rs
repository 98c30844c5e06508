//! Somebody takes another identity. `[HW-ROT-1]` to `[HW-ROT-4]`

use hushwing_engine::view::{
    Command, Comparison, ContactView, ErrorCode, Event, FindingKind, Reply, Verification,
    VerifiedHow,
};
use hushwing_testkit::{PersonId, World};

use hushwing_engine::CONTACTS;
use hushwing_protocol::store::{Order, Store as _};

use crate::common::assert_same_transcript;

const HOUR_MS: u64 = 3_600_000;

fn contact_of(world: &mut World, who: PersonId, id: &str) -> ContactView {
    let found = world.contacts(who).into_iter();
    let mut found = found.filter(|contact| contact.id == id);
    found.next().expect("a contact")
}

fn number(world: &mut World, who: PersonId, id: &str) -> String {
    let number = contact_of(world, who, id).safety_number;
    number.expect("both are bound")
}

fn change_identity(world: &mut World, who: PersonId, contact: Option<&str>) -> Vec<ContactView> {
    let command = contact.map_or(Command::ChangeEveryIdentity, |contact| {
        Command::ChangeIdentity {
            contact: contact.to_owned(),
        }
    });
    match world.call(who, command) {
        Reply::Contacts { contacts } => contacts,
        other => panic!("{other:?}"),
    }
}

fn decide(world: &mut World, who: PersonId, contact: &str, verifies: bool) {
    let contact = contact.to_owned();
    let command = if verifies {
        Command::Verify {
            contact,
            by: Comparison::Emoji,
        }
    } else {
        Command::Unverify { contact }
    };
    world.call(who, command);
}

fn is_warned(world: &mut World, who: PersonId, words: &str) -> bool {
    let told = |event: &Event| matches!(event, Event::Warning { text } if text.contains(words));
    world.events(who).iter().any(told)
}

/// Claims A1 and D0.
#[test]
fn another_identity_is_taken_loudly_and_nothing_is_lost_by_it() {
    for (direct_works, verifies) in [(true, true), (false, false)] {
        let mut world = World::new(950, 2, 2);
        world.direct_works = direct_works;
        let (alice, bob) = (world.person(0), world.person(1));
        let (hers, his) = world.meet(alice, bob);
        for turn in 0..4 {
            world.send(alice, &hers, &format!("a{turn}"));
            world.send(bob, &his, &format!("b{turn}"));
            world.run_for(20_000);
        }
        let before = number(&mut world, alice, &hers);
        // Bob is away; Alice goes on writing.
        world.stop(bob);
        let changed = change_identity(&mut world, alice, Some(&hers));
        assert!(changed.len() == 1 && changed[0].succeeding);
        world.send(alice, &hers, "with the old identity");
        world.run_for(2 * HOUR_MS);
        assert_eq!(number(&mut world, alice, &hers), before);
        let Reply::Doctor { findings } = world.call(alice, Command::Doctor) else {
            panic!("no findings");
        };
        let kinds: Vec<_> = findings.iter().map(|finding| finding.kind).collect();
        assert!(kinds.contains(&FindingKind::Succeeding), "{kinds:?}");

        world.start(bob);
        world.run_for(HOUR_MS);
        assert!(is_warned(&mut world, bob, "another identity"));
        assert!(is_warned(&mut world, alice, "another identity"));
        assert!(!contact_of(&mut world, alice, &hers).succeeding);
        let now = number(&mut world, alice, &hers);
        assert_eq!(now, number(&mut world, bob, &his));
        assert_ne!(now, before);
        assert_eq!(
            contact_of(&mut world, alice, &hers).verification,
            Verification::Unverified
        );

        // He writes nothing to her until he has decided; what she writes arrives.
        let seen = contact_of(&mut world, bob, &his).verification;
        assert!(matches!(seen, Verification::Succeeded { .. }), "{seen:?}");
        let command = Command::Send {
            contact: his.clone(),
            text: "too soon".to_owned(),
        };
        let refused = world
            .try_call(bob, command)
            .expect_err("he has not decided");
        assert_eq!(refused.code, ErrorCode::Refused);
        assert!(refused.message.contains("another identity"), "{refused}");
        world.send(alice, &hers, "with the new identity");
        world.run_for(HOUR_MS);
        decide(&mut world, bob, &his, verifies);
        world.send(bob, &his, "I compared it");
        world.send(alice, &hers, "good");
        world.run_for(HOUR_MS);
        assert_same_transcript(&mut world, (alice, &hers), (bob, &his));
        assert_eq!(world.read(bob, &his).len(), 12);
    }
}

/// Claim A1.
#[test]
fn whoever_was_verified_is_not_any_more_after_taking_another_identity() {
    let mut world = World::new(951, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    decide(&mut world, alice, &hers, true);
    decide(&mut world, bob, &his, true);
    world.send(bob, &his, "before");
    world.run_for(60_000);
    change_identity(&mut world, alice, Some(&hers));
    world.run_for(HOUR_MS);
    // Bob is who he was; she need not compare again.
    let at_hers = contact_of(&mut world, alice, &hers).verification;
    let how = VerifiedHow::Emoji;
    assert!(matches!(at_hers, Verification::Verified { how: of, .. } if of == how));
    let at_his = contact_of(&mut world, bob, &his).verification;
    assert!(matches!(at_his, Verification::Changed { .. }), "{at_his:?}");
    let command = Command::Send {
        contact: his.clone(),
        text: "too soon".to_owned(),
    };
    assert!(world.try_call(bob, command).is_err());
    decide(&mut world, bob, &his, true);
    world.send(bob, &his, "after");
    world.send(alice, &hers, "welcome");
    world.run_for(HOUR_MS);
    assert_same_transcript(&mut world, (alice, &hers), (bob, &his));
}

/// Claim D0.
#[test]
fn a_change_of_identity_is_not_forgotten_while_something_else_is_asked_for() {
    for (asks, seed) in [(true, 954), (false, 955)] {
        let mut world = World::new(seed, 2, 1);
        let (alice, bob) = (world.person(0), world.person(1));
        let (hers, his) = world.meet(alice, bob);
        world.send(alice, &hers, "one");
        world.run_for(60_000);
        let before = number(&mut world, alice, &hers);
        world.stop(bob);
        if asks {
            let contact = hers.clone();
            world.call(alice, Command::Repair { contact });
        } else {
            // Something overdue makes her ask whether the keys fit.
            world.send(alice, &hers, "are you there?");
            world.run_for(13 * HOUR_MS);
        }
        let changed = change_identity(&mut world, alice, Some(&hers));
        assert!(changed[0].succeeding, "the user sees that it is on its way");
        world.start(bob);
        world.run_for(12 * HOUR_MS);
        assert!(!contact_of(&mut world, alice, &hers).succeeding);
        let now = number(&mut world, alice, &hers);
        assert_ne!(now, before);
        assert_eq!(now, number(&mut world, bob, &his));
    }
}

/// Claim P1.
#[test]
fn what_was_stolen_opens_nothing_after_another_identity_was_taken() {
    let mut world = World::new(952, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    world.send(alice, &hers, "one");
    world.run_for(60_000);
    let stolen = world.snapshot(alice);
    change_identity(&mut world, alice, None);
    world.run_for(HOUR_MS);
    world.send(alice, &hers, "two");
    world.run_for(HOUR_MS);
    let known = number(&mut world, bob, &his);
    // The thief runs the program on the copy and asks for new keys in her name.
    world.restore(alice, &stolen);
    world.run_for(3 * 24 * HOUR_MS);
    assert_eq!(number(&mut world, bob, &his), known);
    let thief = contact_of(&mut world, alice, &hers);
    assert!(thief.repairing, "nobody answers");
    // Whoever restored the copy in good faith is told what may be the matter.
    let Reply::Doctor { findings } = world.call(alice, Command::Doctor) else {
        panic!("no findings");
    };
    assert!(findings.iter().any(|it| it.advice.contains("new invite")));
    assert_ne!(thief.safety_number, Some(known));
}

/// Claim D0.
#[test]
fn both_take_another_identity_and_one_comes_back_from_a_backup() {
    let mut world = World::new(953, 2, 2);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    world.send(alice, &hers, "one");
    world.send(bob, &his, "two");
    world.run_for(60_000);
    change_identity(&mut world, alice, None);
    change_identity(&mut world, bob, None);
    world.run_for(12 * HOUR_MS);
    for (who, contact) in [(alice, &hers), (bob, &his)] {
        assert!(!contact_of(&mut world, who, contact).succeeding);
        decide(&mut world, who, contact, true);
    }
    assert_eq!(
        number(&mut world, alice, &hers),
        number(&mut world, bob, &his)
    );
    let backup = world.snapshot(bob);
    change_identity(&mut world, alice, None);
    world.run_for(6 * HOUR_MS);
    world.send(alice, &hers, "after the third");
    world.run_for(HOUR_MS);
    world.restore(bob, &backup);
    world.send(alice, &hers, "to whom do I write?");
    world.run_for(12 * HOUR_MS);
    decide(&mut world, bob, &his, false);
    world.send(bob, &his, "I had to restore");
    world.run_for(HOUR_MS);
    assert_eq!(
        number(&mut world, alice, &hers),
        number(&mut world, bob, &his)
    );
    assert_same_transcript(&mut world, (alice, &hers), (bob, &his));
    assert_eq!(world.read(bob, &his).len(), 5);
}

/// Alice and Bob, of whom Alice has taken another identity that Bob has not decided about;
/// and the row that Bob had of her before.
fn undecided(seed: u64) -> (World, PersonId, PersonId, String, String, Vec<u8>) {
    let mut world = World::new(seed, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    world.run_for(60_000);
    let rows = world
        .store(bob)
        .scan(CONTACTS, &[], None, Order::Ascending, 1);
    let (_, before) = rows.expect("memory does not fail").remove(0);
    change_identity(&mut world, alice, Some(&hers));
    world.run_for(HOUR_MS);
    (world, alice, bob, hers, his, before)
}

/// Whatever becomes of the row that says so: a contact that has taken another identity waits
/// for the user's decision. Claim A1.
#[test]
fn a_change_of_identity_stays_undecided_whatever_becomes_of_the_contacts_row() {
    for is_damaged in [true, false] {
        let (mut world, alice, bob, hers, his, before) = undecided(955);
        // A damaged page, or a row that was salvaged from an older snapshot.
        let row = if is_damaged { vec![0xff] } else { before };
        world.stop(bob);
        world.with_vault(bob, |ctx| {
            let rows = ctx.store.scan(CONTACTS, &[], None, Order::Ascending, 1);
            let (key, _) = rows.expect("memory does not fail").remove(0);
            ctx.store.put(CONTACTS, &key, &row).expect("it is stored");
        });
        world.start(bob);
        world.run_for(60_000);
        let seen = contact_of(&mut world, bob, &his).verification;
        assert!(matches!(seen, Verification::Succeeded { .. }), "{seen:?}");
        let command = Command::Send {
            contact: his.clone(),
            text: "too soon".to_owned(),
        };
        let refused = world
            .try_call(bob, command)
            .expect_err("he has not decided");
        assert!(refused.message.contains("another identity"), "{refused}");
        decide(&mut world, bob, &his, false);
        // It is asked once, not at each start.
        world.stop(bob);
        world.start(bob);
        world.send(bob, &his, "without comparing");
        world.run_for(HOUR_MS);
        assert_eq!(world.read(alice, &hers).len(), 1);
    }
}
