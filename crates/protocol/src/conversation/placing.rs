//! For tests: what somebody may sign, and put at any place outside of the lanes.
#![allow(clippy::unwrap_used)]

use hushwing_wire::{
    RecoveryMessage, RecoveryPlaintext, RepairRequest, RouteUpdate, Routes, Succession,
    limits::BOX_PLAINTEXT_LEN,
};

use super::{
    Happening, Opened, RecoveryBox, Whose, ask_repair, ask_succession,
    ask_the_past_whether_keys_fit, ask_whether_keys_fit, give_up_identity,
    recovery::{BOX_LABEL, Pending, Recovery, seal_at, signed_plaintext},
    tests::fixed,
    view,
};
use crate::{
    identity::IdentityKeys,
    kdf,
    testing::{Person, friends, texts},
};

pub(super) fn row(person: &Person) -> Recovery {
    Recovery::read(&person.store, &person.conversation).unwrap()
}

/// Changes the row that is kept of what lies outside of the lanes.
pub(super) fn alter(person: &Person, change: impl FnOnce(&mut Recovery)) {
    let mut row = row(person);
    change(&mut row);
    row.write(&person.store, &person.conversation).unwrap();
}

/// The next place of somebody and of the peer, by these places.
pub(super) fn numbers(person: &Person, by_past: bool) -> (u32, u32) {
    let row = row(person);
    match row.past {
        Some(past) if by_past => (past.write_next, past.read_next),
        None if by_past => panic!("no past"),
        _ => (row.write_next, row.read_next),
    }
}

/// The request of somebody that is out.
pub(super) fn asked(pending: &Pending) -> RepairRequest {
    let plaintext = RecoveryPlaintext::from_bytes(&pending.request.0).unwrap();
    match plaintext.message {
        RecoveryMessage::Request(request)
        | RecoveryMessage::Succession(Succession { request, .. }) => request,
        other => panic!("{other:?}"),
    }
}

/// What somebody signs, by who he is now or by another identity.
pub(super) fn signed(
    writer: &mut Person,
    identity: Option<&IdentityKeys>,
    message: RecoveryMessage,
) -> Vec<u8> {
    let fixed = fixed(writer);
    let bytes = message.to_bytes().unwrap();
    let identity = identity.unwrap_or(&fixed.identity);
    let plaintext = signed_plaintext(identity, &fixed, &mut writer.rng, message, &bytes);
    let mut padded = hushwing_wire::to_bytes(&plaintext).unwrap();
    padded.resize(BOX_PLAINTEXT_LEN, 0);
    padded
}

/// A box with this at a place of its writer.
pub(super) fn put_at(writer: &mut Person, by_past: bool, index: u32, padded: &[u8]) -> RecoveryBox {
    let (row, leaf) = (row(writer), fixed(writer).writer);
    let places = match &row.past {
        Some(past) if by_past => past.places(),
        _ => row.places(),
    };
    seal_at(&mut writer.rng, places, leaf, index, padded).unwrap()
}

/// A box with this where somebody awaits the answer to a request of his.
pub(super) fn put_instead(reader: &mut Person, by_past: bool, padded: &[u8]) -> RecoveryBox {
    let row = row(reader);
    let ours = row.ours(by_past).unwrap();
    let (slot, key) = row.places_of(ours).answer(&kdf::sha256(&ours.request.0));
    let boxed = key.seal(&mut reader.rng, BOX_LABEL, &slot, padded).unwrap();
    RecoveryBox { slot, boxed }
}

/// What lies in a box at the place of the answer to a request of somebody's.
pub(super) fn read_answer(
    reader: &Person,
    by_past: bool,
    boxed: &RecoveryBox,
) -> RecoveryPlaintext {
    let row = row(reader);
    let ours = row.ours(by_past).unwrap();
    let (slot, key) = row.places_of(ours).answer(&kdf::sha256(&ours.request.0));
    assert_eq!(slot, boxed.slot);
    let padded = key.open(BOX_LABEL, &slot, &boxed.boxed).unwrap();
    RecoveryPlaintext::from_padded(&padded).unwrap()
}

/// Routes that are news.
pub(super) fn news(person: &mut Person) -> RouteUpdate {
    person.now_ms += 1;
    RouteUpdate {
        serial: person.now_ms,
        routes: Routes::default(),
    }
}

pub(super) fn ask(person: &mut Person) -> RecoveryBox {
    let id = person.conversation;
    person.now_ms += 1;
    ask_repair(&mut person.ctx(), &id, Routes::default()).unwrap()
}

pub(super) fn question(person: &mut Person) -> RecoveryBox {
    let id = person.conversation;
    person.now_ms += 1;
    ask_whether_keys_fit(&mut person.ctx(), &id, Routes::default()).unwrap()
}

pub(super) fn question_by_past(person: &mut Person) -> RecoveryBox {
    let id = person.conversation;
    person.now_ms += 1;
    let asked = ask_the_past_whether_keys_fit(&mut person.ctx(), &id, Routes::default());
    asked.unwrap().unwrap()
}

/// Somebody gives an identity up and asks to be taken for another.
pub(super) fn hand_over(person: &mut Person) -> RecoveryBox {
    let id = person.conversation;
    person.now_ms += 1;
    give_up_identity(&mut person.ctx(), &id).unwrap();
    ask_succession(&mut person.ctx(), &id, Routes::default()).unwrap()
}

pub(super) fn take(person: &mut Person, boxed: &RecoveryBox) -> Opened {
    let opened = person.try_open(&boxed.slot, &boxed.boxed).unwrap();
    assert_eq!(opened.consumed, [boxed.slot]);
    opened
}

/// Somebody takes another identity, and the other one knows; nothing is said with the new
/// keys yet.
pub(super) fn succeed(who: &mut Person, peer: &mut Person) {
    let asked = hand_over(who);
    let opened = take(peer, &asked);
    assert_eq!(succeeded(&opened), [Whose::Theirs]);
    let answered = take(who, &opened.answer.unwrap());
    assert_eq!(succeeded(&answered), [Whose::Ours]);
}

/// Alice, who invited, and Bob, one of whom took another identity since; they have talked
/// with the new keys.
pub(super) fn changed(seed: u64, alice_changes: bool) -> (Person, Person) {
    let (mut alice, mut bob) = friends(seed);
    if alice_changes {
        succeed(&mut alice, &mut bob);
    } else {
        succeed(&mut bob, &mut alice);
    }
    assert_they_talk(&mut alice, &mut bob);
    (alice, bob)
}

pub(super) fn assert_they_talk(alice: &mut Person, bob: &mut Person) {
    for _ in 0..2 {
        let sealed = alice.say("a");
        assert_eq!(texts(&bob.read(&sealed)), ["a"]);
        let sealed = bob.say("b");
        assert_eq!(texts(&alice.read(&sealed)), ["b"]);
    }
    assert_eq!(generation(alice), generation(bob));
    assert_eq!(number(alice), number(bob));
}

pub(super) fn number(person: &Person) -> String {
    let view = view(&person.store, &person.conversation).unwrap();
    view.safety_number.unwrap().to_string()
}

pub(super) fn generation(person: &Person) -> u32 {
    let view = view(&person.store, &person.conversation).unwrap();
    view.generation
}

pub(super) fn is_repaired(opened: &Opened) -> bool {
    let repaired = |one: &Happening| matches!(one, Happening::Repaired { .. });
    opened.happenings.iter().any(repaired)
}

pub(super) fn is_refused(opened: &Opened) -> bool {
    let refused = |one: &Happening| matches!(one, Happening::AnswerRefused { .. });
    opened.happenings.iter().any(refused)
}

/// Who became somebody else by it.
pub(super) fn succeeded(opened: &Opened) -> Vec<Whose> {
    let whose = |one: &Happening| match one {
        Happening::Succeeded { whose, .. } => Some(*whose),
        _ => None,
    };
    opened.happenings.iter().filter_map(whose).collect()
}

/// A request that is out, as it would be put anywhere.
pub(super) fn padded(pending: &Pending) -> Vec<u8> {
    let plaintext = RecoveryPlaintext::from_bytes(&pending.request.0).unwrap();
    plaintext.to_padded().unwrap()
}
