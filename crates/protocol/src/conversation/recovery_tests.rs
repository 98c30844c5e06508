//! Boxes outside of the lanes that are signed and should not have been written.
#![allow(clippy::unwrap_used)]

use hushwing_wire::{
    RecoveryMessage, RecoveryPlaintext, RepairRequest, Succession,
    limits::{BOX_PLAINTEXT_LEN, MAX_GENERATION, MAX_PLACE},
};

use super::{
    Happening, RecoveryBox, ask_repair, ask_succession, forget_request, give_up_identity,
    recovery::{Recovery, seal_padded, signed_plaintext},
    state::Fixed,
    view,
};
use crate::{
    identity::IdentityKeys,
    testing::{Person, friends, texts},
};
use hushwing_wire::Routes;

fn ask(person: &mut Person) -> RecoveryBox {
    let id = person.conversation;
    ask_repair(&mut person.ctx(), &id, Routes::default()).unwrap()
}

/// The request that `person` waits to be answered.
fn pending(person: &Person) -> RepairRequest {
    let row = Recovery::read(&person.store, &person.conversation).unwrap();
    let plaintext = RecoveryPlaintext::from_bytes(row.pending_request().unwrap()).unwrap();
    match plaintext.message {
        RecoveryMessage::Request(request) => request,
        other => panic!("{other:?}"),
    }
}

/// Signs any request and puts it at the writer's next place.
fn forge(writer: &mut Person, request: RepairRequest) -> RecoveryBox {
    let fixed = Fixed::read(&writer.store, &writer.conversation).unwrap();
    let mut row = Recovery::read(&writer.store, &writer.conversation).unwrap();
    let message = RecoveryMessage::Request(request);
    let bytes = hushwing_wire::to_bytes(&message).unwrap();
    let plaintext = signed_plaintext(&fixed.identity, &fixed, &mut writer.rng, message, &bytes);
    let mut padded = hushwing_wire::to_bytes(&plaintext).unwrap();
    padded.resize(BOX_PLAINTEXT_LEN, 0);
    let boxed = seal_padded(&mut writer.rng, &fixed, &mut row, &padded).unwrap();
    row.write(&writer.store, &writer.conversation).unwrap();
    boxed
}

fn repaired(happenings: &[Happening]) -> bool {
    happenings
        .iter()
        .any(|happening| matches!(happening, Happening::Repaired { .. }))
}

fn generation(person: &Person) -> u32 {
    view(&person.store, &person.conversation)
        .unwrap()
        .generation
}

/// Both vaults become old copies of one moment, and both times new keys are made: what
/// is reported of one life must not be taken for the other.
#[test]
fn groups_of_two_lives_bear_two_numbers() {
    let (mut alice, mut bob) = friends(94);
    let copies = [alice.store.snapshot(), bob.store.snapshot()];
    let mut numbers = Vec::new();
    for _ in 0..2 {
        alice.store.restore(&copies[0]);
        bob.store.restore(&copies[1]);
        let asked = ask(&mut bob);
        let opened = alice.try_open(&asked.slot, &asked.boxed).unwrap();
        let answer = opened.answer.unwrap();
        bob.try_open(&answer.slot, &answer.boxed).unwrap();
        assert_eq!(generation(&alice), generation(&bob));
        numbers.push(generation(&alice));
    }
    assert_ne!(numbers[0], numbers[1]);
    assert!(numbers.iter().all(|n| (1..=1 << 16).contains(n)));
}

type Lie = fn(&mut RepairRequest);

/// Claim B0.
#[test]
fn numbers_that_no_honest_peer_reaches_are_refused_and_jam_nothing() {
    let lies: [Lie; 4] = [
        |request| request.generation = u32::MAX,
        |request| request.generation = MAX_GENERATION + 1,
        |request| request.read_next = u32::MAX,
        |request| request.read_next = MAX_PLACE + 1,
    ];
    for lie in lies {
        let (mut alice, mut bob) = friends(90);
        ask(&mut bob);
        let mut request = pending(&bob);
        lie(&mut request);
        let boxed = forge(&mut bob, request);
        let opened = alice.try_open(&boxed.slot, &boxed.boxed).unwrap();
        assert!(opened.happenings.is_empty() && opened.answer.is_none());
        let again = ask(&mut bob);
        let opened = alice.try_open(&again.slot, &again.boxed).unwrap();
        assert!(repaired(&opened.happenings));
    }
}

#[test]
fn the_greatest_generation_is_not_passed_and_the_lanes_go_on() {
    let (mut alice, mut bob) = friends(91);
    ask(&mut bob);
    let mut request = pending(&bob);
    request.generation = MAX_GENERATION;
    request.read_next = MAX_PLACE;
    let boxed = forge(&mut bob, request);
    let opened = alice.try_open(&boxed.slot, &boxed.boxed).unwrap();
    assert!(!repaired(&opened.happenings) && opened.answer.is_none());
    let sealed = alice.say("still here");
    assert_eq!(texts(&bob.read(&sealed)), ["still here"]);
    // She can still ask, at the last place.
    let asked = ask(&mut alice);
    assert_eq!(pending(&alice).generation, 0);
    assert_ne!(asked.slot, boxed.slot);
}

/// Claim P1.
#[test]
fn a_broken_request_does_not_bring_keys_back_that_are_given_up() {
    // Of crossing requests the inviter's goes first; a malformed one of hers
    // must not end his.
    let (mut alice, mut bob) = friends(92);
    ask(&mut bob);
    ask(&mut alice);
    let mut request = pending(&alice);
    request.key_package.clear();
    let boxed = forge(&mut alice, request);
    let opened = bob.try_open(&boxed.slot, &boxed.boxed).unwrap();
    assert!(
        opened
            .happenings
            .iter()
            .all(|one| matches!(one, Happening::Routes(_)))
    );
    assert!(view(&bob.store, &bob.conversation).unwrap().repairing);
}

#[test]
fn a_request_from_a_copy_is_not_asked_again_when_the_copy_is_restored() {
    let (mut alice, mut bob) = friends(93);
    let first = ask(&mut bob);
    let copy = bob.store.snapshot();
    let opened = alice.try_open(&first.slot, &first.boxed).unwrap();
    let answer = opened.answer.unwrap();
    bob.try_open(&answer.slot, &answer.boxed).unwrap();
    let sealed = bob.say("in the life that is lost");
    alice.read(&sealed);
    let of_lost_life = generation(&bob);

    bob.store.restore(&copy);
    let before = pending(&bob);
    let id = bob.conversation;
    forget_request(&mut bob.ctx(), &id).unwrap();
    // No old key may be used, whether or not a request is out.
    assert!(view(&bob.store, &bob.conversation).unwrap().repairing);
    let again = ask(&mut bob);
    assert_ne!(pending(&bob).key_package, before.key_package);
    let opened = alice.try_open(&again.slot, &again.boxed).unwrap();
    assert!(repaired(&opened.happenings));
    let answer = opened.answer.unwrap();
    bob.try_open(&answer.slot, &answer.boxed).unwrap();
    let sealed = bob.say("in this one");
    assert_eq!(texts(&alice.read(&sealed)), ["in this one"]);
    assert!(generation(&bob) > of_lost_life);
}

/// What somebody who wants to be taken for another identity may put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Forgery {
    /// Nothing is wrong.
    None,
    /// The message is signed by the identity that is given up.
    SignedByTheOld,
    /// The message is signed by a stranger.
    SignedByAStranger,
    /// A stranger hands over, to the identity that signs.
    HandedOverByAStranger,
    /// The record is for the other side of the conversation.
    OfTheOtherSide,
    /// The record hands over to another identity than the key package's.
    KeyPackageOfAnother,
    /// One half of the record is missing.
    HalfARecord,
}

/// Puts Bob's succession, with something wrong in it, at his next place.
fn forged_succession(bob: &mut Person, forgery: Forgery) -> RecoveryBox {
    let id = bob.conversation;
    give_up_identity(&mut bob.ctx(), &id).unwrap();
    ask_succession(&mut bob.ctx(), &id, Routes::default()).unwrap();
    let fixed = Fixed::read(&bob.store, &id).unwrap();
    let mut row = Recovery::read(&bob.store, &id).unwrap();
    let plaintext = RecoveryPlaintext::from_bytes(row.pending_request().unwrap()).unwrap();
    let RecoveryMessage::Succession(Succession {
        mut hand_over,
        request,
    }) = plaintext.message
    else {
        panic!("no succession");
    };
    let next = &row.successor.as_ref().unwrap().identity;
    let stranger = IdentityKeys::generate(&mut bob.rng);
    let mut signer = next;
    let (writer, binding) = (fixed.writer, *fixed.binding.expose());
    match forgery {
        Forgery::None => {}
        Forgery::SignedByTheOld => signer = &fixed.identity,
        Forgery::SignedByAStranger => signer = &stranger,
        Forgery::HandedOverByAStranger => {
            hand_over = stranger.hand_over(&mut bob.rng, next, writer, &binding);
        }
        Forgery::OfTheOtherSide => {
            hand_over = fixed
                .identity
                .hand_over(&mut bob.rng, next, 1 - writer, &binding);
        }
        Forgery::KeyPackageOfAnother => {
            hand_over = fixed
                .identity
                .hand_over(&mut bob.rng, &stranger, writer, &binding);
            signer = &stranger;
        }
        Forgery::HalfARecord => hand_over.signature.ml_dsa_65[7] ^= 1,
    }
    let message = RecoveryMessage::Succession(Succession { hand_over, request });
    let bytes = message.to_bytes().unwrap();
    let plaintext = signed_plaintext(signer, &fixed, &mut bob.rng, message, &bytes);
    let padded = plaintext.to_padded().unwrap();
    let boxed = seal_padded(&mut bob.rng, &fixed, &mut row, &padded).unwrap();
    row.write(&bob.store, &id).unwrap();
    boxed
}

/// Claims A1, B0 and Q3.
#[test]
fn a_succession_that_one_of_the_two_did_not_sign_changes_nothing() {
    for forgery in [
        Forgery::SignedByTheOld,
        Forgery::SignedByAStranger,
        Forgery::HandedOverByAStranger,
        Forgery::OfTheOtherSide,
        Forgery::KeyPackageOfAnother,
        Forgery::HalfARecord,
        Forgery::None,
    ] {
        let (mut alice, mut bob) = friends(95);
        let number = |person: &Person| {
            let view = view(&person.store, &person.conversation).unwrap();
            view.safety_number.unwrap().to_string()
        };
        let before = number(&alice);
        let boxed = forged_succession(&mut bob, forgery);
        let opened = alice.try_open(&boxed.slot, &boxed.boxed).unwrap();
        let taken = forgery == Forgery::None;
        assert_eq!(repaired(&opened.happenings), taken, "{forgery:?}");
        assert_eq!(opened.answer.is_some(), taken, "{forgery:?}");
        assert_eq!(number(&alice) != before, taken, "{forgery:?}");
        if !taken {
            // He goes on as who he is.
            let sealed = bob.say("still I");
            assert_eq!(texts(&alice.read(&sealed)), ["still I"]);
        }
    }
}
