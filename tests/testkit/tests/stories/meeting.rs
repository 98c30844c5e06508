//! How two people meet.

use hushwing_engine::view::{Command, ContactPhase, Event, InviteState, MessageState, Reply};
use hushwing_testkit::World;

use crate::common::assert_same_transcript;

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

/// Claim B0.
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

/// Claim B0.
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
