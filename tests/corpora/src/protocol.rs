//! What reaches `hushwing-protocol` inside boxes that authenticate: a hostile
//! peer has all keys of its own side.
//!
//! Inputs of three of the targets begin with a byte that says how to read the
//! rest: as the whole object, or as edits of a sound one (see `edits`).

use std::sync::OnceLock;

use hushwing_protocol::{
    Created, Happening, InviteError, OpenError, Outgoing, RequestSlot, accept, fuzzing, redeem,
    store::Snapshot, view,
};
use hushwing_wire::{
    Body, BoxPlaintext, Bundle, Envelope, InviteLink, RequestPlaintext, SealedBox, Slot,
    from_bytes,
    limits::{BOX_PLAINTEXT_LEN, MAX_TEXT_LEN},
    to_bytes,
};
use sha2::{Digest as _, Sha256};

use crate::{
    edits::{edited, padded},
    people::{Frozen, Person, friends},
};

/// The content of a message: never fails, keeps the limit of a text.
pub fn content(input: &[u8]) {
    let decoded = fuzzing::decode_content(input);
    assert_eq!(fuzzing::decode_content(input), decoded);
    if let hushwing_protocol::Content::Text(text) = decoded {
        assert!(text.len() <= MAX_TEXT_LEN.min(input.len()));
    }
}

/// An invite that Alice made and Bob has redeemed, before she accepts.
struct FirstContact {
    alice: Frozen,
    bob: Frozen,
    created: Created,
    bundle: Bundle,
    request: RequestPlaintext,
    rows: Snapshot,
}

fn first_contact() -> &'static FirstContact {
    static MADE: OnceLock<FirstContact> = OnceLock::new();
    MADE.get_or_init(|| {
        let (mut alice, mut bob) = (Person::new(11), Person::new(12));
        let created = alice.invite();
        let before = bob.freeze();
        let redeemed = bob.redeem(&created);
        let bundle = fuzzing::open_bundle(&created.link, &created.bundle_box).unwrap();
        let first = RequestSlot::First;
        let request = fuzzing::open_request(&created.link, first, &redeemed.request[0].1).unwrap();
        FirstContact {
            rows: alice.store.snapshot(),
            alice: alice.freeze(),
            bob: before,
            bundle: Bundle::from_padded(&bundle).unwrap(),
            request: RequestPlaintext::from_padded(&request).unwrap(),
            created,
        }
    })
}

/// The rest of the input is the object itself, not edits of the sound one.
fn is_whole(how: u8) -> bool {
    how.is_multiple_of(2)
}

/// How an input stands for an object.
fn object(sound: &[u8], how: u8, rest: &[u8]) -> Vec<u8> {
    if is_whole(how) {
        rest.to_vec()
    } else {
        edited(sound, rest)
    }
}

/// A bundle whose key package the inviter may have made by hand. Redeeming it
/// founds a conversation or changes nothing, and only the sound one does.
pub fn key_package(input: &[u8]) {
    let Some((&how, rest)) = input.split_first() else {
        return;
    };
    let first = first_contact();
    let mut bundle = first.bundle.clone();
    bundle.key_package = object(&first.bundle.key_package, how, rest);
    let unchanged = bundle == first.bundle;
    let Ok(bytes) = bundle.to_bytes() else { return };
    let Ok(plaintext) = bundle.to_padded() else {
        return;
    };
    let mut bob = first.bob.thaw();
    let mut link = first.created.link.clone();
    link.bundle_hash = Sha256::digest(&bytes).into();
    let boxed = fuzzing::seal_bundle(&mut bob.rng, &link, &plaintext).unwrap();
    let before = bob.store.snapshot();
    let me = bob.me();
    match redeem(&mut bob.ctx(), &link, &boxed, me) {
        Ok(redeemed) => {
            assert!(unchanged, "a key package without its signature was taken");
            assert!(view(&bob.store, &redeemed.conversation).is_ok());
        }
        Err(error) => {
            assert!(!unchanged, "the sound bundle was refused: {error}");
            assert_peers_fault(&error);
            assert!(bob.store.snapshot() == before, "a refused bundle left rows");
        }
    }
}

/// A request whose Welcome or first message the redeemer may have made by hand.
/// Accepting it makes a conversation or changes nothing; only the sound one does,
/// and that still does after a refused one.
pub fn welcome(input: &[u8]) {
    let Some((&how, rest)) = input.split_first() else {
        return;
    };
    let first = first_contact();
    let mut request = first.request.clone();
    if how & 2 == 0 {
        request.welcome = object(&first.request.welcome, how, rest);
    } else {
        request.message = object(&first.request.message, how, rest);
    }
    let unchanged = request == first.request;
    let Ok(plaintext) = request.to_padded() else {
        return;
    };
    let mut alice = first.alice.thaw();
    let which = RequestSlot::First;
    let link = &first.created.link;
    let boxed = fuzzing::seal_request(&mut alice.rng, link, which, &plaintext).unwrap();
    match accept(&mut alice.ctx(), &first.created.invite, which, &boxed) {
        Ok(accepted) => {
            // A whole one may come from another run: the same Bob's, with other
            // randomness in its Welcome.
            assert!(
                unchanged || is_whole(how),
                "an altered request was accepted"
            );
            assert!(view(&alice.store, &accepted.conversation).is_ok());
        }
        Err(error) => {
            assert!(!unchanged, "the sound request was refused: {error}");
            assert_peers_fault(&error);
            assert!(
                alice.store.snapshot() == first.rows,
                "a refused request left rows"
            );
        }
    }
}

/// What somebody else sent is never shown as our fault or the machine's.
fn assert_peers_fault(error: &InviteError) {
    assert_eq!(
        error.fault(),
        hushwing_protocol::Fault::Peer,
        "{error:?} is blamed on another"
    );
}

/// Bob, who writes, and Alice, who reads.
struct Conversation {
    alice: Frozen,
    bob: Frozen,
}

fn conversation() -> &'static Conversation {
    static MADE: OnceLock<Conversation> = OnceLock::new();
    MADE.get_or_init(|| {
        let (alice, bob) = friends();
        Conversation {
            alice: alice.freeze(),
            bob: bob.freeze(),
        }
    })
}

/// How the first byte of an input of [`conversation_box`] reads the rest.
const HOW: u8 = 7;

fn is_commit(how: u8) -> bool {
    matches!(how % HOW, 3 | 4)
}

/// The next box in the writer's lane, with what the input says inside.
pub(crate) fn forge_in_lane(writer: &mut Person, input: &[u8]) -> Option<(Slot, SealedBox)> {
    let (&how, rest) = input.split_first()?;
    let id = writer.conversation;
    let envelope = fuzzing::next_envelope(&writer.store, &id).unwrap();
    let sound = envelope.to_bytes().unwrap();
    let plaintext = match how % HOW {
        0 => padded(rest, BOX_PLAINTEXT_LEN),
        1 | 2 => {
            let content = object(&sound, how % HOW, rest);
            let inside = fuzzing::write_inside(&mut writer.ctx(), &id, &content, None).unwrap();
            inside.to_padded().ok()?
        }
        3 | 4 => {
            let data = if rest.first().is_some_and(|byte| byte % 8 == 7) {
                rest
            } else {
                &[]
            };
            let inside = fuzzing::write_inside(&mut writer.ctx(), &id, &sound, Some(data)).unwrap();
            let commit = if how % HOW == 3 {
                edited(&inside.commit, rest)
            } else {
                inside.commit
            };
            (BoxPlaintext { commit, ..inside }).to_padded().ok()?
        }
        5 => {
            let inside = fuzzing::write_inside(&mut writer.ctx(), &id, &sound, None).unwrap();
            let message = edited(&inside.message, rest);
            (BoxPlaintext { message, ..inside }).to_padded().ok()?
        }
        // The sound envelope with another body.
        _ => {
            let body = from_bytes::<Body>(rest).ok()?;
            let content = to_bytes(&Envelope { body, ..envelope }).ok()?;
            let inside = fuzzing::write_inside(&mut writer.ctx(), &id, &content, None).unwrap();
            inside.to_padded().ok()?
        }
    };
    Some(fuzzing::seal_in_lane(&mut writer.ctx(), &id, &plaintext).unwrap())
}

/// An authentic box with anything inside: the plaintext, the commit, the message
/// or the envelope in it, whole or by edits. It never jams its lane: what is
/// unreadable changes nothing, and Bob's next message arrives.
pub fn conversation_box(input: &[u8]) {
    let made = conversation();
    let (mut alice, mut bob) = (made.alice.thaw(), made.bob.thaw());
    let Some((slot, boxed)) = forge_in_lane(&mut bob, input) else {
        return;
    };
    let commits = input.first().is_some_and(|how| is_commit(*how));

    let before = (alice.store.snapshot(), seen(&alice));
    let opened = match alice.open(&slot, &boxed) {
        Ok(opened) => opened,
        Err(error) => panic!("an authentic box failed the step: {error}"),
    };
    assert_eq!(opened.consumed, [slot]);
    let unreadable = opened
        .happenings
        .iter()
        .any(|happening| matches!(happening, Happening::Unreadable { .. }));
    if unreadable {
        assert_eq!(opened.happenings.len(), 1, "{:?}", opened.happenings);
        assert_eq!(
            seen(&alice),
            before.1,
            "an unreadable box changed something"
        );
    }
    let rows = alice.store.snapshot();
    assert_eq!(alice.open(&slot, &boxed), Err(OpenError::UnknownSlot));
    assert!(alice.store.snapshot() == rows, "a box was read twice");
    if unreadable || !commits {
        let next = bob.seal(Outgoing::Text("after it")).unwrap();
        let opened = alice.open(&next.slot, &next.boxed).unwrap();
        let arrived = opened
            .happenings
            .iter()
            .any(|happening| matches!(happening, Happening::Content { .. }));
        // An envelope that lied about numbers or times may have made Bob's own
        // next one impossible; that harms nobody but him.
        assert!(arrived || !unreadable, "the lane is jammed");
    }
}

fn seen(person: &Person) -> hushwing_protocol::ConversationView {
    view(&person.store, &person.conversation).unwrap()
}

/// The sound objects that inputs are edits of, for the first corpus.
pub(crate) struct Sound {
    pub(crate) bundle: Bundle,
    pub(crate) request: RequestPlaintext,
    pub(crate) link: InviteLink,
    pub(crate) inside: BoxPlaintext,
    pub(crate) envelope: Vec<u8>,
}

pub(crate) fn sound() -> Sound {
    let first = first_contact();
    let mut bob = conversation().bob.thaw();
    let id = bob.conversation;
    let envelope = fuzzing::next_envelope(&bob.store, &id).unwrap();
    let envelope = envelope.to_bytes().unwrap();
    let inside = fuzzing::write_inside(&mut bob.ctx(), &id, &envelope, None).unwrap();
    Sound {
        bundle: first.bundle.clone(),
        request: first.request.clone(),
        link: first.created.link.clone(),
        inside,
        envelope,
    }
}
