//! What lies outside of the lanes: boxes at recovery places and pasted route
//! records, by a peer who has all keys of its own side.

use std::sync::OnceLock;

use hushwing_protocol::{
    Content, Happening, OpenError, Opened, Outgoing, RecoveryBox, RecoveryError, ask_repair,
    ask_succession, fuzzing, give_up_identity, offer_routes, route_record as make_record,
    take_route_record, view, waits, window,
};
use hushwing_wire::{
    RecoveryMessage, RecoveryPlaintext, RouteRecord, Routes, from_bytes,
    limits::{BOX_PLAINTEXT_LEN, MAX_ROUTE_RECORD_CHARS},
    to_bytes,
};
use sha2::{Digest as _, Sha256};

use crate::{
    edits::{edited, padded},
    people::{Frozen, Person, friends, relay},
};

/// Alice, who reads, and Bob, who writes, and sound messages of his.
struct Made {
    alice: Frozen,
    bob: Frozen,
    /// Alice after she asked for new keys.
    asking: Frozen,
    /// Bob after he answered her.
    answered: Frozen,
    /// Bob with another identity, of which nobody knows.
    giving_up: Frozen,
    /// SHA-256 of her request.
    hash: [u8; 32],
    routes: Vec<u8>,
    request: Vec<u8>,
    answer: Vec<u8>,
    succession: Vec<u8>,
    /// What a record of Bob's holds, and the record.
    record: Vec<u8>,
    record_text: String,
}

/// The routes that these people state when something changes.
fn new_routes() -> Routes {
    Routes {
        relays: vec![relay(7), relay(8)],
        direct: None,
    }
}

/// The encoded message of an encoded plaintext.
fn message_of(plaintext: &[u8]) -> Vec<u8> {
    let plaintext = RecoveryPlaintext::from_bytes(plaintext).unwrap();
    plaintext.message.to_bytes().unwrap()
}

fn ask(person: &mut Person) -> RecoveryBox {
    let id = person.conversation;
    ask_repair(&mut person.ctx(), &id, new_routes()).unwrap()
}

fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| {
        let (mut alice, mut bob) = friends();
        let (alice_before, bob_before) = (alice.freeze(), bob.freeze());
        let id = bob.conversation;

        let record = make_record(&mut bob.ctx(), &id, new_routes()).unwrap();
        let record_inside = fuzzing::open_record(&bob.store, &id, &record).unwrap();

        let mut bob = bob_before.thaw();
        ask(&mut bob);
        let request = fuzzing::pending_request(&bob.store, &id).unwrap();

        let hers = ask(&mut alice);
        let pending = fuzzing::pending_request(&alice.store, &alice.conversation).unwrap();
        let hash: [u8; 32] = Sha256::digest(&pending).into();
        let mut bob = bob_before.thaw();
        let opened = bob.open(&hers.slot, &hers.boxed).unwrap();
        let answer = opened.answer.unwrap();
        let padded = fuzzing::open_answer(&bob.store, &id, &hash, &answer).unwrap();
        let answer = RecoveryPlaintext::from_padded(&padded).unwrap();

        let mut successor = bob_before.thaw();
        give_up_identity(&mut successor.ctx(), &id).unwrap();
        let giving_up = successor.freeze();
        ask_succession(&mut successor.ctx(), &id, new_routes()).unwrap();
        let succession = fuzzing::pending_request(&successor.store, &id).unwrap();

        Made {
            giving_up,
            succession: message_of(&succession),
            asking: alice.freeze(),
            answered: bob.freeze(),
            alice: alice_before,
            bob: bob_before,
            hash,
            routes: message_of(&record_inside),
            request: message_of(&request),
            answer: answer.message.to_bytes().unwrap(),
            record: record_inside,
            record_text: record.to_string(),
        }
    })
}

/// Which message a box or record holds, and how an input stands for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// The rest is the plaintext, signature and all.
    Plaintext,
    /// The rest is the message, which gets a signature.
    Message,
    /// The rest is edits of the sound message, which then gets a signature.
    EditedMessage,
    /// The rest is edits of the sound plaintext, whose signature stays.
    EditedPlaintext,
}

impl How {
    fn of(how: u8) -> Self {
        match how % 4 {
            0 => Self::Plaintext,
            1 => Self::Message,
            2 => Self::EditedMessage,
            _ => Self::EditedPlaintext,
        }
    }
}

/// The encoded plaintext that an input stands for. What is no message cannot be
/// signed and is put as it is.
fn plaintext(writer: &mut Person, how: How, sound: &[u8], rest: &[u8]) -> Vec<u8> {
    let mut signed = |message: &[u8]| {
        let id = writer.conversation;
        match from_bytes::<RecoveryMessage>(message) {
            Ok(message) => fuzzing::sign_recovery(&mut writer.ctx(), &id, message).unwrap(),
            Err(_) => message.to_vec(),
        }
    };
    match how {
        How::Plaintext => rest.to_vec(),
        How::Message => signed(rest),
        How::EditedMessage => signed(&edited(sound, rest)),
        How::EditedPlaintext => edited(&signed(sound), rest),
    }
}

/// A box of Bob's outside of the lanes, and Alice, who waits for it. The first
/// byte: how the rest is read (bits 0 and 1), and which sound message it is
/// about (bits 2 and 3): routes, a request, an answer, an answer where none is
/// due; with bit 4 a succession.
struct Forged {
    alice: Person,
    bob: Person,
    boxed: RecoveryBox,
    at_answer: bool,
    sound: bool,
}

fn forged(input: &[u8]) -> Option<Forged> {
    let (&first, rest) = input.split_first()?;
    let made = made();
    let how = How::of(first);
    let is_stray = first >> 2 & 7 == 3;
    let (alice, bob, sound, at_answer) = match first >> 2 & 7 {
        4.. => (&made.alice, &made.giving_up, &made.succession, false),
        0 => (&made.alice, &made.bob, &made.routes, false),
        1 => (&made.alice, &made.bob, &made.request, false),
        2 => (&made.asking, &made.answered, &made.answer, true),
        _ => (&made.asking, &made.answered, &made.answer, false),
    };
    let (alice, mut bob) = (alice.thaw(), bob.thaw());
    let bytes = plaintext(&mut bob, how, sound, rest);
    let unchanged = RecoveryPlaintext::from_bytes(&bytes)
        .is_ok_and(|plaintext| plaintext.message.to_bytes().as_deref() == Ok(sound));
    let padded = padded(&bytes, BOX_PLAINTEXT_LEN);
    let id = bob.conversation;
    let boxed = if at_answer {
        fuzzing::seal_answer(&mut bob.ctx(), &id, &made.hash, &padded).unwrap()
    } else {
        fuzzing::seal_recovery(&mut bob.ctx(), &id, &padded).unwrap()
    };
    Some(Forged {
        alice,
        bob,
        boxed,
        at_answer,
        // A sound answer at a place where none is due says nothing.
        sound: unchanged && how == How::EditedMessage && !is_stray,
    })
}

/// Such a box is taken in or changes no row; it never fails the step at a place
/// of the peer, is read once, and whatever it said, both can still ask for new
/// keys and state routes.
pub fn recovery_box(input: &[u8]) {
    let Some(mut forged) = forged(input) else {
        return;
    };
    let (alice, bob) = (&mut forged.alice, &mut forged.bob);
    let RecoveryBox { slot, boxed } = &forged.boxed;
    let before = (alice.store.snapshot(), seen(alice));
    let outcome = alice.open(slot, boxed);
    match &outcome {
        Ok(opened) => {
            assert_eq!(opened.consumed, [*slot]);
            assert!(!opened.parked);
            if opened.happenings.is_empty() {
                assert!(opened.answer.is_none());
                assert_eq!(
                    seen(alice),
                    before.1,
                    "a box that said nothing did something"
                );
            }
            let rows = alice.store.snapshot();
            assert_eq!(alice.open(slot, boxed), Err(OpenError::UnknownSlot));
            assert!(alice.store.snapshot() == rows, "a box was read twice");
        }
        Err(error) => {
            assert!(forged.at_answer, "a box at a place was refused: {error}");
            assert!(!forged.sound, "the sound answer was refused: {error}");
            assert_eq!(error.fault(), hushwing_protocol::Fault::Peer, "{error}");
            assert!(alice.store.snapshot() == before.0);
        }
    }
    assert!(waits(&alice.store, &alice.conversation).is_ok());
    assert!(window(&alice.store, &alice.conversation).is_ok());
    if forged.sound {
        go_on(alice, bob, outcome.unwrap(), forged.at_answer);
    } else if !seen(alice).repairing && seen(alice).generation == before.1.generation {
        // Nothing was made anew, so the lanes are as they were.
        let next = bob.seal(Outgoing::Text("after it")).unwrap();
        assert!(arrives(alice.open(&next.slot, &next.boxed).unwrap()));
    }
    let id = alice.conversation;
    offer_routes(&mut alice.ctx(), &id, new_routes()).unwrap();
    make_record(&mut alice.ctx(), &id, new_routes()).unwrap();
    ask_repair(&mut alice.ctx(), &id, new_routes()).unwrap();
}

/// After a sound message both talk, with new keys where it was about them.
fn go_on(alice: &mut Person, bob: &mut Person, opened: Opened, at_answer: bool) {
    let repaired = opened
        .happenings
        .iter()
        .any(|happening| matches!(happening, Happening::Repaired { .. }));
    let refused = opened
        .happenings
        .iter()
        .any(|happening| matches!(happening, Happening::AnswerRefused { .. }));
    if refused {
        // Used up: the keys stay unused, and another request can be made.
        assert!(at_answer && seen(alice).repairing);
        let id = alice.conversation;
        ask_repair(&mut alice.ctx(), &id, new_routes()).unwrap();
    } else if let Some(answer) = opened.answer {
        // His request was signed from the one that he holds pending no more.
        assert!(repaired);
        assert!(waits(&alice.store, &alice.conversation).unwrap().len() >= 2);
        drop(answer);
    } else if repaired {
        assert!(at_answer);
        let text = bob.seal(Outgoing::Text("with new keys")).unwrap();
        assert!(arrives(alice.open(&text.slot, &text.boxed).unwrap()));
    } else {
        assert_eq!(seen(alice).peer_routes, new_routes());
    }
}

fn arrives(opened: Opened) -> bool {
    opened.happenings.iter().any(|happening| {
        matches!(
            happening,
            Happening::Content {
                content: Content::Text(_),
                ..
            }
        )
    })
}

fn seen(person: &Person) -> hushwing_protocol::ConversationView {
    view(&person.store, &person.conversation).unwrap()
}

/// A pasted route record: as text, and as what is sealed in one. The first byte:
/// how the rest is read (bits 0 and 1), and whether it is the text itself
/// (bit 2). Only what Bob signed, newer than what is known, changes anything.
pub fn route_record(input: &[u8]) {
    let Some((&first, rest)) = input.split_first() else {
        return;
    };
    let made = made();
    let mut alice = made.alice.thaw();
    let id = alice.conversation;
    let record = if first & 4 != 0 {
        let Some(record) = pasted(rest) else { return };
        record
    } else {
        let mut bob = made.bob.thaw();
        let bytes = plaintext(&mut bob, How::of(first), &made.routes, rest);
        let Ok(record) = fuzzing::seal_record(&mut bob.ctx(), &id, &bytes) else {
            return;
        };
        let text = record.to_string();
        assert_eq!(text.parse().as_ref(), Ok(&record));
        record
    };
    let rows = alice.store.snapshot();
    match take_route_record(&mut alice.ctx(), &id, &record) {
        Ok(routes) => {
            assert!(routes.check().is_ok());
            assert_eq!(seen(&alice).peer_routes, routes);
            let rows = alice.store.snapshot();
            let again = take_route_record(&mut alice.ctx(), &id, &record);
            assert_eq!(again, Err(RecoveryError::Old));
            assert!(alice.store.snapshot() == rows);
        }
        Err(error) => {
            assert!(
                matches!(error, RecoveryError::NotTheirs | RecoveryError::Old),
                "{error:?}"
            );
            assert!(alice.store.snapshot() == rows, "a refused record left rows");
        }
    }
}

/// The record of a text that somebody pasted.
fn pasted(bytes: &[u8]) -> Option<RouteRecord> {
    let text = std::str::from_utf8(bytes).ok()?;
    let record: RouteRecord = text.parse().ok()?;
    assert!(text.len() <= MAX_ROUTE_RECORD_CHARS);
    let compact: String = text.split_whitespace().collect();
    assert_eq!(record.to_string(), compact.to_ascii_lowercase());
    Some(record)
}

/// The sound messages, for the first corpus.
pub(crate) struct Sound {
    pub(crate) routes: Vec<u8>,
    pub(crate) request: Vec<u8>,
    pub(crate) answer: Vec<u8>,
    pub(crate) succession: Vec<u8>,
    pub(crate) record: Vec<u8>,
    pub(crate) record_text: String,
}

pub(crate) fn sound() -> Sound {
    let made = made();
    Sound {
        routes: made.routes.clone(),
        request: made.request.clone(),
        answer: made.answer.clone(),
        succession: made.succession.clone(),
        record: made.record.clone(),
        record_text: made.record_text.clone(),
    }
}

/// A message after `change`, beyond what an honest encoder writes.
pub(crate) fn changed(message: &[u8], change: impl FnOnce(&mut RecoveryMessage)) -> Vec<u8> {
    let mut message = from_bytes(message).unwrap();
    change(&mut message);
    to_bytes(&message).unwrap()
}

/// The place and the box, for an engine that waits there.
pub(crate) fn forge_as(writer: &mut Person, input: &[u8]) -> Option<RecoveryBox> {
    let (&first, rest) = input.split_first()?;
    let made = made();
    let sound = match first >> 2 & 3 {
        0 => &made.routes,
        1 => &made.request,
        _ => &made.answer,
    };
    let bytes = plaintext(writer, How::of(first), sound, rest);
    let id = writer.conversation;
    let padded = padded(&bytes, BOX_PLAINTEXT_LEN);
    Some(fuzzing::seal_recovery(&mut writer.ctx(), &id, &padded).unwrap())
}
