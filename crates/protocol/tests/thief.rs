//! What a thief of one side's whole state can do, before and after, and what
//! somebody who sees every box and holds nothing can.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;

use common::{Person, friends, texts};
use hushwing_protocol::{ConversationId, Outgoing, Sealed, store::MemoryStore, window};
use hushwing_wire::{SealedBox, Slot};

/// Turns of the story; each side writes in every other one.
const TURNS: usize = 51;

/// Boxes that a thief may seal in a copy of the state to learn where its owner
/// would put them.
const SEALED_BY_THIEF: usize = 12;

/// One box of the story; `is_first` of its turn.
struct Told {
    turn: usize,
    by_alice: bool,
    is_first: bool,
    sealed: Sealed,
    /// Alice's whole state right before it was written or read.
    alice: MemoryStore,
}

/// Alice and Bob write in turns, one to three boxes each, all of them read.
fn story() -> (ConversationId, Vec<Told>) {
    let (mut alice, mut bob) = friends(90);
    let mut told = Vec::new();
    for turn in 0..TURNS {
        // Alice has committed last: she made the binding commit.
        let by_alice = turn % 2 == 1;
        for number in 0..=turn % 3 {
            let before = copy(&alice.store);
            let text = format!("turn {turn}, box {number}");
            let (writer, reader) = if by_alice {
                (&mut alice, &mut bob)
            } else {
                (&mut bob, &mut alice)
            };
            let sealed = writer.say(&text);
            assert_eq!(texts(&reader.read(&sealed)), [text]);
            told.push(Told {
                turn,
                by_alice,
                is_first: number == 0,
                sealed,
                alice: before,
            });
        }
    }
    (alice.conversation, told)
}

fn copy(store: &MemoryStore) -> MemoryStore {
    let fresh = MemoryStore::new();
    fresh.restore(&store.snapshot());
    fresh
}

/// Somebody with a copy of Alice's state and all of the program.
fn thief(stolen: &Told, id: ConversationId) -> Person {
    let mut thief = Person::new(999);
    thief.store = copy(&stolen.alice);
    thief.conversation = id;
    thief
}

/// Every slot that the thief can name: those that Alice waits at, and those that
/// she would write at.
fn slots(stolen: &Told, id: ConversationId) -> BTreeSet<Slot> {
    let mut thief = thief(stolen, id);
    let mut slots: BTreeSet<Slot> = window(&thief.store, &id).unwrap().into_iter().collect();
    for _ in 0..SEALED_BY_THIEF {
        slots.insert(thief.try_seal(Outgoing::Nothing).unwrap().slot);
    }
    slots
}

/// The turn from which on a thief is out: Alice has begun a turn, so with fresh
/// keys, after the theft, and Bob answers.
fn healed(stolen: &Told) -> usize {
    match (stolen.by_alice, stolen.is_first) {
        (false, _) => stolen.turn + 2,
        (true, true) => stolen.turn + 1,
        // Her commit of this turn was stolen with the rest.
        (true, false) => stolen.turn + 3,
    }
}

/// What a thief makes of one stolen state: boxes opened and slots named.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Loot {
    read: usize,
    named: usize,
}

/// The loot of a theft from what was put before it, from then on until the thief is
/// out, and after that.
#[derive(Debug, Default)]
struct Theft {
    before: Loot,
    until_healed: Loot,
    healed: Loot,
    /// Boxes of both sides from the theft until the thief is out.
    boxes_until_healed: usize,
}

/// Steals at `at` and tries every box and every slot of the story.
fn steal(id: ConversationId, told: &[Told], at: usize) -> Theft {
    let stolen = &told[at];
    let named = slots(stolen, id);
    let mut theft = Theft::default();
    for earlier in &told[..at] {
        // Each on the state as it was stolen: an attempt must not spoil the next.
        let opened = thief(stolen, id).try_open(&earlier.sealed.slot, &earlier.sealed.boxed);
        theft.before.read += usize::from(opened.is_ok());
        theft.before.named += usize::from(named.contains(&earlier.sealed.slot));
    }
    // In the order of the story, as Alice herself would have read them.
    let mut thief = thief(stolen, id);
    for later in &told[at..] {
        let opened = thief.try_open(&later.sealed.slot, &later.sealed.boxed);
        let loot = if later.turn >= healed(stolen) {
            &mut theft.healed
        } else {
            theft.boxes_until_healed += 1;
            &mut theft.until_healed
        };
        loot.read += usize::from(opened.is_ok());
        loot.named += usize::from(named.contains(&later.sealed.slot));
    }
    theft
}

fn thefts() -> (Vec<Told>, Vec<Theft>) {
    let (id, told) = story();
    assert!(told.len() >= 100, "{}", told.len());
    let thefts = (0..told.len()).map(|at| steal(id, &told, at)).collect();
    (told, thefts)
}

/// Claims F1 and M7.
#[test]
fn a_thief_of_the_state_opens_no_earlier_box_and_names_no_earlier_slot() {
    let (_, thefts) = thefts();
    for (at, theft) in thefts.iter().enumerate() {
        assert_eq!(theft.before, Loot::default(), "box {at}");
    }
}

/// Claims M7, P1 and Q1.
#[test]
fn a_thief_of_the_state_is_out_after_one_round_trip() {
    let (_, thefts) = thefts();
    for (at, theft) in thefts.iter().enumerate() {
        assert_eq!(theft.healed, Loot::default(), "box {at}");
    }
    // A thief who could read nothing at all would be none.
    let read: usize = thefts.iter().map(|theft| theft.until_healed.read).sum();
    assert!(read > 100, "{read}");
}

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/security/thief.md");

/// The page of the last test, whole.
fn page() -> String {
    let (told, thefts) = thefts();
    let mut page = format!(
        "# A thief at each step of a conversation\n\n\
         Alice and Bob write {turns} turns of one to three boxes. At each of the {steps} boxes a thief takes a copy of Alice's whole state, right before \
         she writes\nor reads the box, and then tries all of them, and all slots that the copy can name. *Earlier*: boxes before the theft. *Until \
         healed*: from the\ntheft until Alice has begun a turn (so with fresh keys) and Bob has answered. *After*: all others until the end.\n\n\
         `crates/protocol/tests/thief.rs` makes this table and compares it with the page; `rewrite_the_table` writes it.\n\n\
         | step | turn | the box is | earlier: read, named | until healed: boxes | read | named | after: read, named |\n\
         |---|---|---|---|---|---|---|---|\n",
        turns = TURNS,
        steps = told.len(),
    );
    for (at, (told, theft)) in told.iter().zip(&thefts).enumerate() {
        let whose = if told.by_alice { "Alice's" } else { "Bob's" };
        page += &format!(
            "| {at} | {} | {whose} | {}, {} | {} | {} | {} | {}, {} |\n",
            told.turn,
            theft.before.read,
            theft.before.named,
            theft.boxes_until_healed,
            theft.until_healed.read,
            theft.until_healed.named,
            theft.healed.read,
            theft.healed.named,
        );
    }
    page
}

/// The page that people read says what is so.
#[test]
fn the_table_of_thefts_is_true() {
    let written = std::fs::read_to_string(TABLE).unwrap();
    assert!(
        written == page(),
        "run rewrite_the_table and look at what changed"
    );
}

#[test]
#[ignore = "writes docs/security/thief.md"]
fn rewrite_the_table() {
    std::fs::write(TABLE, page()).unwrap();
}

/// Claim N1.
#[test]
fn a_state_that_was_rolled_back_repeats_no_nonce() {
    let (mut alice, _) = friends(91);
    let copy = alice.store.snapshot();
    let mut nonces = BTreeSet::new();
    let mut slots = BTreeSet::new();
    for text in ["one", "another", "a third"] {
        alice.store.restore(&copy);
        let sealed = alice.say(text);
        slots.insert(sealed.slot);
        nonces.insert(sealed.boxed.as_bytes()[..24].to_vec());
    }
    assert_eq!((slots.len(), nonces.len()), (1, 3));
}

/// Claims C1 and M1.
#[test]
fn nothing_that_two_people_say_or_are_called_shows_in_a_box() {
    const MARK: &str = "a mark that no random bytes contain";
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let created = alice.invite();
    let redeemed = bob.redeem(&created);
    alice.accept(&created, &redeemed);
    let mut boxes = vec![created.bundle_box.clone()];
    boxes.extend(redeemed.request.iter().map(|(_, boxed)| boxed.clone()));
    let first = alice.nothing();
    bob.read(&first);
    boxes.push(first.boxed);
    for number in 0..100 {
        let text = format!("{MARK} {number} {}", MARK.repeat(number));
        let (writer, reader) = if number % 3 == 0 {
            (&mut alice, &mut bob)
        } else {
            (&mut bob, &mut alice)
        };
        let sealed = writer.say(&text);
        reader.read(&sealed);
        boxes.push(sealed.boxed);
    }
    let pin = common::relay(1).pin;
    for needle in [&MARK.as_bytes()[..12], b"Alice", pin.as_bytes()] {
        assert!(!boxes.iter().any(|boxed| holds(boxed, needle)));
    }
    // Nothing is the same in two boxes: no header, no counter, no padding.
    let mut pieces = BTreeSet::new();
    for boxed in &boxes {
        for piece in boxed.as_bytes().chunks_exact(8) {
            assert!(pieces.insert(piece.to_vec()), "two boxes share bytes");
        }
    }
}

fn holds(boxed: &SealedBox, needle: &[u8]) -> bool {
    let mut windows = boxed.as_bytes().windows(needle.len());
    windows.any(|window| window == needle)
}
