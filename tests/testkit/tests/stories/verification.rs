//! Safety numbers that people compare, and the marks that they set. `[HW-ENG-6]`

use hushwing_engine::view::{
    Command, CommandError, Comparison, ContactView, ErrorCode, MessageState, Reply, SafetyView,
    Verification, VerifiedHow,
};
use hushwing_protocol::store::{GUARD_LEN, Order, Table, guard};
use hushwing_testkit::{PersonId, World};

fn safety(world: &mut World, who: PersonId, contact: &str) -> SafetyView {
    let command = Command::SafetyNumber {
        contact: contact.to_owned(),
    };
    match world.call(who, command) {
        Reply::Safety(safety) => safety,
        other => panic!("{other:?}"),
    }
}

fn verify(contact: &str, by: Comparison) -> Command {
    Command::Verify {
        contact: contact.to_owned(),
        by,
    }
}

fn code(theirs: &str) -> Comparison {
    Comparison::Code {
        theirs: theirs.to_owned(),
    }
}

fn refused(world: &mut World, who: PersonId, command: Command) -> CommandError {
    world.try_call(who, command).expect_err("it is refused")
}

fn contact_of(world: &mut World, who: PersonId, id: &str) -> ContactView {
    let Reply::Contacts { contacts } = world.call(who, Command::Contacts) else {
        panic!("no contacts");
    };
    let mut found = contacts.into_iter().filter(|contact| contact.id == id);
    found.next().expect("a contact")
}

/// Turns the mark of the one verified number that `who` has into that of another, as if
/// the number of the conversation were not the one that was verified.
fn change_what_was_verified(world: &mut World, who: PersonId) {
    let conversation = hushwing_protocol::conversations(world.store(who)).expect("memory")[0];
    let view = hushwing_protocol::view(world.store(who), &conversation).expect("a conversation");
    let mark = view.safety_number.expect("both are bound").mark();
    let mark: Vec<u8> = mark.iter().flat_map(|byte| cbor_of(*byte)).collect();
    let mut changed = 0;
    world.with_vault(who, |ctx| {
        for table in (0..=u8::MAX).map(Table) {
            let rows = ctx
                .store
                .scan(table, &[], None, Order::Ascending, usize::MAX);
            for (key, mut row) in rows.expect("memory") {
                let Some(at) = row.windows(mark.len()).position(|part| part == mark) else {
                    continue;
                };
                row.truncate(row.len() - GUARD_LEN);
                // The last number of the mark; one bit of it.
                let last = at + mark.len() - 1;
                row[last] ^= 1;
                guard(table, &key, &mut row);
                ctx.store.put(table, &key, &row).expect("memory");
                changed += 1;
            }
        }
    });
    assert_eq!(changed, 1, "the mark is stored once");
}

/// A number of a list as the rows have it.
fn cbor_of(byte: u8) -> Vec<u8> {
    if byte < 24 {
        vec![byte]
    } else {
        vec![0x18, byte]
    }
}

/// Claim A1.
#[test]
fn both_see_the_same_and_a_mark_says_how_and_when() {
    let mut world = World::new(900, 3, 1);
    let people: Vec<PersonId> = (0..3).map(|number| world.person(number)).collect();
    let (alice, bob, carol) = (people[0], people[1], people[2]);
    let (bob_at_alice, alice_at_bob) = world.meet(alice, bob);
    let (carol_at_alice, _) = world.meet(alice, carol);
    let hers = safety(&mut world, alice, &bob_at_alice);
    let his = safety(&mut world, bob, &alice_at_bob);
    assert_eq!(
        (&hers.digits, &hers.emoji, &hers.code),
        (&his.digits, &his.emoji, &his.code)
    );
    assert_eq!(hers.emoji.len(), 16);
    assert_eq!(hers.verification, Verification::Unverified);

    let verified = world.call(alice, verify(&bob_at_alice, code(&his.code)));
    let expected = Verification::Verified {
        how: VerifiedHow::Code,
        at_ms: world.now_ms(),
    };
    assert!(matches!(&verified, Reply::Contact(contact) if contact.verification == expected));
    let digits = Comparison::Digits {
        theirs: Some(hers.digits.clone()),
    };
    world.call(bob, verify(&alice_at_bob, digits));
    // It outlives the program.
    world.stop(alice);
    world.start(alice);
    assert_eq!(
        contact_of(&mut world, alice, &bob_at_alice).verification,
        expected
    );

    // The number of somebody else is not taken, and the user is told whose it is.
    let wrong = refused(&mut world, alice, verify(&carol_at_alice, code(&his.code)));
    assert_eq!(wrong.code, ErrorCode::Mismatch);
    assert!(
        wrong.message.contains(&format!("'{}'", hers.name)),
        "{wrong}"
    );
    let other = hers.code.replace(&hers.code[20..24], "AAAA");
    let wrong = refused(&mut world, alice, verify(&carol_at_alice, code(&other)));
    assert_eq!(wrong.code, ErrorCode::Mismatch);
    assert!(wrong.message.contains("DIFFER"), "{wrong}");
    let wrong = refused(
        &mut world,
        alice,
        verify(&carol_at_alice, code("hushwing:abc")),
    );
    assert_eq!(wrong.code, ErrorCode::BadInput);
    assert_eq!(
        contact_of(&mut world, alice, &carol_at_alice).verification,
        Verification::Unverified
    );

    let unverify = Command::Unverify {
        contact: bob_at_alice.clone(),
    };
    world.call(alice, unverify);
    assert_eq!(
        contact_of(&mut world, alice, &bob_at_alice).verification,
        Verification::Unverified
    );
}

/// Claim A1.
#[test]
fn nothing_is_sent_to_whoever_is_not_the_verified_one_until_the_user_decides() {
    for goes_on_verified in [true, false] {
        let mut world = World::new(901, 2, 1);
        let (alice, bob) = (world.person(0), world.person(1));
        let (hers, his) = world.meet(alice, bob);
        world.call(alice, verify(&hers, Comparison::Emoji));
        world.send(alice, &hers, "to the verified one");
        world.run_for(60_000);
        world.stop(alice);
        change_what_was_verified(&mut world, alice);
        world.start(alice);

        let now = contact_of(&mut world, alice, &hers).verification;
        assert!(matches!(now, Verification::Changed { .. }), "{now:?}");
        let refused = refused(
            &mut world,
            alice,
            Command::Send {
                contact: hers.clone(),
                text: "too soon".to_owned(),
            },
        );
        assert_eq!(refused.code, ErrorCode::Refused);
        // What comes from there is still read.
        world.send(bob, &his, "it is me");
        world.run_for(60_000);
        let read = world.read(alice, &hers);
        assert!(read.iter().any(|message| message.text == "it is me"));

        let decision = if goes_on_verified {
            verify(&hers, Comparison::Emoji)
        } else {
            Command::Unverify {
                contact: hers.clone(),
            }
        };
        world.call(alice, decision);
        world.send(alice, &hers, "on it goes");
        world.run_for(60_000);
        let sent = world.read(alice, &hers);
        let last = sent.last().expect("she wrote");
        assert_eq!(
            (last.text.as_str(), &last.state),
            ("on it goes", &MessageState::Delivered)
        );
        assert!(
            !world
                .read(bob, &his)
                .iter()
                .any(|one| one.text == "too soon")
        );
    }
}

/// Claim A1. A text that was written before the change and could not leave says so, also
/// after a start of the program, and goes out when the user has decided.
#[test]
fn what_waits_when_the_number_changes_says_why_and_goes_out_after_the_decision() {
    let mut world = World::new(902, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    world.call(alice, verify(&hers, Comparison::Emoji));
    world.stop(bob);
    let repair = Command::Repair {
        contact: hers.clone(),
    };
    world.call(alice, repair);
    world.send(alice, &hers, "written before");
    world.stop(alice);
    change_what_was_verified(&mut world, alice);
    world.start(alice);
    let state_of = |world: &mut World| {
        let mut read = world.read(alice, &hers).into_iter();
        read.find(|one| one.text == "written before")
            .expect("she wrote")
            .state
    };
    for bob_is_there in [false, true] {
        if bob_is_there {
            world.start(bob);
        }
        world.run_for(600_000);
        let state = state_of(&mut world);
        assert!(
            matches!(&state, MessageState::Held { reason } if reason.contains("safety number")),
            "{state:?}"
        );
    }
    let seen = world.read(bob, &his);
    assert!(seen.iter().all(|one| one.text != "written before"));
    world.call(alice, verify(&hers, Comparison::Emoji));
    world.run_for(60_000);
    assert_eq!(state_of(&mut world), MessageState::Delivered);
}
