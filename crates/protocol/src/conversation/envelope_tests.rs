//! What an envelope may say at its very limits, and one beyond them.
#![allow(clippy::unwrap_used)]

use hushwing_wire::{Body, Envelope, SaidBefore};

use super::{
    Happening, MAX_IN_FLIGHT, Opened, Outgoing, RECEIPT_RESERVE, Unreadable,
    open::MAX_CLOCK_JUMP,
    tests::{Forge, fixed, forge, moving, read, why},
    view,
};
use crate::{
    content,
    mls::{Group, LeafSigner, provider::Provider},
    testing::{Person, friends},
};

/// What Alice makes of a box of Bob's, who has talked with her before; the envelope may be
/// altered with what she knows.
fn told(alter: &dyn Fn(&mut Envelope, &Person)) -> Opened {
    let (mut alice, mut bob) = friends(1);
    for _ in 0..4 {
        alice.read(&bob.say("a turn"));
        bob.read(&alice.say("and another"));
    }
    let before = alice.store.snapshot();
    let know = Person::new(9);
    know.store.restore(&before);
    let know = Person {
        conversation: alice.conversation,
        ..know
    };
    let odd = forge(
        &mut bob,
        Forge {
            envelope: &|envelope| alter(envelope, &know),
            ..Forge::default()
        },
    );
    read(&mut alice, &odd).unwrap()
}

fn content_of(opened: &Opened) -> Option<&content::Content> {
    opened
        .happenings
        .iter()
        .find_map(|happening| match happening {
            Happening::Content { content, .. } => Some(content),
            _ => None,
        })
}

#[test]
fn a_number_is_at_most_so_far_ahead_as_a_writer_may_have_on_its_way() {
    let furthest = |alice: &Person| {
        let received = moving(alice).received.max();
        assert!(received > 3);
        received + MAX_IN_FLIGHT + RECEIPT_RESERVE
    };
    let fits = told(&|envelope, alice| envelope.number = furthest(alice));
    assert!(!is_unreadable(&fits));
    let beyond = told(&|envelope, alice| envelope.number = furthest(alice) + 1);
    assert_eq!(*why(&beyond), Unreadable::Number);
}

#[test]
fn a_clock_is_at_most_so_far_ahead_that_nobody_can_use_it_up() {
    let furthest = |alice: &Person| moving(alice).clock + MAX_CLOCK_JUMP;
    let fits = told(&|envelope, alice| envelope.clock = furthest(alice));
    assert!(!is_unreadable(&fits));
    let beyond = told(&|envelope, alice| envelope.clock = furthest(alice) + 1);
    assert_eq!(*why(&beyond), Unreadable::Clock);
}

#[test]
fn what_is_said_again_was_said_before_it_is_said_again() {
    let again = |clock: &dyn Fn(u64) -> u64| {
        told(&|envelope, _| {
            envelope.body = Body::Again(SaidBefore {
                clock: clock(envelope.clock),
                content: content::encode_text(&[3; 16], "again").unwrap(),
            });
        })
    };
    for said_at in [(|_| 1) as fn(u64) -> u64, |now| now] {
        let opened = again(&said_at);
        assert_eq!(
            content_of(&opened),
            Some(&content::Content::Text("again".into()))
        );
        assert!(opened.receipt_owed);
    }
    for said_at in [(|_| 0) as fn(u64) -> u64, |now| now + 1] {
        assert_eq!(*why(&again(&said_at)), Unreadable::Clock);
    }
}

/// Otherwise two sides that are online would acknowledge each other without an end.
#[test]
fn a_text_is_owed_a_receipt_and_a_report_of_what_was_read_is_not() {
    let opened = |bytes: Vec<u8>| told(&|envelope, _| envelope.body = Body::Content(bytes.clone()));
    let text = opened(content::encode_text(&[3; 16], "hi").unwrap());
    assert!(text.receipt_owed);
    let report = opened(content::encode_read(&[3; 16], 0, &[[1; 16]]).unwrap());
    assert_eq!(
        content_of(&report),
        Some(&content::Content::Read(vec![[1; 16]]))
    );
    assert!(!report.receipt_owed);
    assert!(!told(&|envelope, _| envelope.body = Body::Nothing).receipt_owed);
}

/// Claim P1.
#[test]
fn a_commit_of_an_epoch_that_nobody_is_in_is_refused() {
    let (mut alice, mut bob) = friends(1);
    let fixed = fixed(&bob);
    let id = bob.conversation;
    let ctx = bob.ctx();
    let provider = Provider::new(ctx.store, ctx.rng, id).unwrap();
    let mut group = Group::load(&provider, &fixed.group_id.0).unwrap();
    let signer = LeafSigner::new(&fixed.signer_seed);
    group.commit(&provider, &signer, b"").unwrap();
    let second = group.commit(&provider, &signer, b"").unwrap();
    provider.overlay().reject();
    let odd = forge(
        &mut bob,
        Forge {
            commit: Some(second),
            ..Forge::default()
        },
    );
    let opened = read(&mut alice, &odd).unwrap();
    assert_eq!(*why(&opened), Unreadable::Turn);
    // And it jams nothing.
    assert!(alice.try_seal(Outgoing::Text("on it goes")).is_ok());
}

/// Who relies on the answer would otherwise wait for a turn that it holds. `[HW-CONV-5]`
#[test]
fn a_view_tells_whether_the_next_box_brings_fresh_keys() {
    let may_commit = |person: &Person| {
        let seen = view(&person.store, &person.conversation).unwrap();
        seen.may_commit
    };
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let created = alice.invite();
    let redeemed = bob.redeem(&created);
    assert!(!may_commit(&bob), "the first commit is the inviter's");
    alice.accept(&created, &redeemed);
    assert!(may_commit(&alice));
    let mut told = [0, 0];
    for _ in 0..3 {
        for _ in 0..2 {
            let expected = may_commit(&alice);
            let said = alice.say("hers");
            assert_eq!(said.committed, expected);
            bob.read(&said);
            told[usize::from(expected)] += 1;
        }
        let expected = may_commit(&bob);
        let said = bob.say("his");
        assert_eq!(said.committed, expected);
        alice.read(&said);
        told[usize::from(expected)] += 1;
    }
    assert!(told.iter().all(|times| *times > 0));
}

fn is_unreadable(opened: &Opened) -> bool {
    let unreadable = |happening: &Happening| matches!(happening, Happening::Unreadable { .. });
    opened.happenings.iter().any(unreadable)
}
