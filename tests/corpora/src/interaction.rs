//! A script of two people and a network that does what it likes: bytes decide
//! who writes and what is delivered, lost, repeated, altered or rolled back.
//!
//! Two bytes a step: what and who, and which one. Whatever the script, each
//! message is read at most once and as it was written, an altered box changes no
//! row, and without a restored copy everything arrives in one order in the end.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use hushwing_protocol::{Content, Fault, Happening, OpenError, Opened, Outgoing, Sealed, view};
use hushwing_wire::SealedBox;

use crate::people::{Frozen, Person, friends};

/// Steps of one script that are taken; fewer than the boxes that may be
/// unacknowledged, so that writing never has to stop.
const MAX_STEPS: usize = 300;

/// Bytes of one step.
const STEP_LEN: usize = 2;

/// A script of bytes.
pub fn interaction(input: &[u8]) {
    let mut world = World::new();
    for step in input.chunks_exact(STEP_LEN).take(MAX_STEPS) {
        let &[what, which] = step else { continue };
        world.step(what, usize::from(which));
    }
    if !world.restored {
        world.settle();
    }
}

/// What a step does; the low bits of its first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Writes a text.
    Say = 0,
    /// Writes receipts.
    Nothing = 3,
    /// Writes, and the transaction fails.
    SayAndFail = 4,
    /// One of the boxes on the way arrives.
    Deliver = 5,
    /// The oldest box on the way arrives.
    DeliverOldest = 7,
    /// A box arrives, and the transaction fails.
    DeliverAndFail = 10,
    /// A box is lost; whoever wrote it puts it again in the end.
    Lose = 11,
    /// A box that was taken in comes again.
    Again = 12,
    /// A box on the way arrives with one bit changed.
    Alter = 13,
    /// A copy of the vault is made.
    Copy = 14,
    /// The vault is brought back from the last copy.
    Restore = 15,
}

impl Step {
    fn of(what: u8) -> Self {
        match what % 16 {
            0..=2 => Self::Say,
            3 => Self::Nothing,
            4 => Self::SayAndFail,
            5 | 6 => Self::Deliver,
            7..=9 => Self::DeliverOldest,
            10 => Self::DeliverAndFail,
            11 => Self::Lose,
            12 => Self::Again,
            13 => Self::Alter,
            14 => Self::Copy,
            _ => Self::Restore,
        }
    }

    /// The two bytes of this step: done by (or to) Bob, or Alice.
    #[must_use]
    pub fn bytes(self, bob: bool, which: u8) -> [u8; STEP_LEN] {
        [self as u8 | u8::from(bob) << 4, which]
    }
}

/// A text by its Lamport time and writer.
type Transcript = BTreeMap<(u64, usize), String>;

/// One side, and what it wrote and read.
struct Side {
    person: Person,
    on_the_way: Vec<Sealed>,
    lost: Vec<Sealed>,
    taken: Vec<Sealed>,
    read: BTreeSet<u64>,
    transcript: Transcript,
    copy: Option<(Frozen, BTreeSet<u64>, Transcript)>,
}

struct World {
    sides: [Side; 2],
    /// All that each side ever said, in any of its lives.
    said: [BTreeSet<String>; 2],
    count: usize,
    /// Somebody lives on from a copy: promises about order and arrival are off.
    restored: bool,
}

impl World {
    fn new() -> Self {
        static MET: OnceLock<[Frozen; 2]> = OnceLock::new();
        let met = MET.get_or_init(|| {
            let (alice, bob) = friends();
            [alice.freeze(), bob.freeze()]
        });
        Self {
            sides: met.each_ref().map(|frozen| Side {
                person: frozen.thaw(),
                on_the_way: Vec::new(),
                lost: Vec::new(),
                taken: Vec::new(),
                read: BTreeSet::new(),
                transcript: Transcript::new(),
                copy: None,
            }),
            said: [BTreeSet::new(), BTreeSet::new()],
            count: 0,
            restored: false,
        }
    }

    fn step(&mut self, what: u8, which: usize) {
        let who = usize::from(what >> 4 & 1);
        let other = 1 - who;
        match Step::of(what) {
            Step::Say => self.say(who, which),
            Step::Nothing => self.seal(who, Outgoing::Nothing),
            Step::SayAndFail => {
                let before = self.sides[who].person.store.snapshot();
                let sealed = self.sides[who].person.seal(Outgoing::Text("never sent"));
                assert!(sealed.is_ok() || self.restored, "{:?}", sealed.err());
                self.sides[who].person.store.restore(&before);
            }
            Step::Deliver => {
                if let Some(sealed) = pick(&self.sides[other].on_the_way, which) {
                    self.deliver(who, &sealed);
                }
            }
            Step::DeliverOldest => {
                if let Some(sealed) = pick(&self.sides[other].on_the_way, 0) {
                    self.deliver(who, &sealed);
                }
            }
            Step::DeliverAndFail => {
                if let Some(sealed) = pick(&self.sides[other].on_the_way, which) {
                    let person = &mut self.sides[who].person;
                    let before = person.store.snapshot();
                    let outcome = person.open(&sealed.slot, &sealed.boxed);
                    person.store.restore(&before);
                    self.judge(&outcome);
                }
            }
            Step::Lose => {
                let side = &mut self.sides[who];
                if !side.on_the_way.is_empty() {
                    let at = which % side.on_the_way.len();
                    let lost = side.on_the_way.remove(at);
                    side.lost.push(lost);
                }
            }
            Step::Again => {
                if let Some(sealed) = pick(&self.sides[other].taken, which) {
                    self.again(who, &sealed);
                }
            }
            Step::Alter => {
                if let Some(sealed) = pick(&self.sides[other].on_the_way, which) {
                    self.alter(who, &sealed, which);
                }
            }
            Step::Copy => {
                let side = &mut self.sides[who];
                let frozen = side.person.freeze();
                side.copy = Some((frozen, side.read.clone(), side.transcript.clone()));
            }
            Step::Restore => self.restore(who),
        }
    }

    fn say(&mut self, who: usize, which: usize) {
        self.count += 1;
        // Of all lengths, up to what fits a box.
        let text = format!("{} {}", self.count, "x".repeat(which * 32));
        self.said[who].insert(text.clone());
        self.seal(who, Outgoing::Text(&text));
    }

    fn seal(&mut self, who: usize, what: Outgoing<'_>) {
        let side = &mut self.sides[who];
        match side.person.seal(what) {
            Ok(sealed) => {
                if let Outgoing::Text(text) = what {
                    let at = (sealed.clock, who);
                    let before = side.transcript.insert(at, text.to_owned());
                    assert!(before.is_none() || self.restored);
                }
                side.on_the_way.push(sealed);
            }
            Err(error) => assert!(self.restored, "an honest box was not written: {error}"),
        }
    }

    fn deliver(&mut self, who: usize, sealed: &Sealed) {
        let person = &mut self.sides[who].person;
        let before = person.store.snapshot();
        let outcome = person.open(&sealed.slot, &sealed.boxed);
        if outcome.is_err() {
            assert!(
                person.store.snapshot() == before,
                "a box that was not taken in changed a row"
            );
        }
        self.judge(&outcome);
        let Ok(opened) = outcome else { return };
        assert!(opened.consumed.contains(&sealed.slot));
        let writer = &mut self.sides[1 - who];
        writer.on_the_way.retain(|other| other != sealed);
        writer.taken.push(sealed.clone());
        self.note(who, &opened);
    }

    /// An honest box is taken in, or it is too far ahead; after a restored copy
    /// it may also be of another life.
    fn judge(&self, outcome: &Result<Opened, OpenError>) {
        match outcome {
            Ok(opened) => {
                let odd = opened.happenings.iter().find(|happening| {
                    matches!(
                        happening,
                        Happening::Unreadable { .. } | Happening::Fork { .. }
                    )
                });
                assert!(odd.is_none() || self.restored, "{odd:?}");
            }
            Err(OpenError::UnknownSlot) => {}
            Err(error) => {
                assert!(self.restored, "an honest box was refused: {error}");
                assert_ne!(error.fault(), Fault::Environment, "{error}");
            }
        }
    }

    fn note(&mut self, who: usize, opened: &Opened) {
        let side = &mut self.sides[who];
        for happening in &opened.happenings {
            let Happening::Content {
                number,
                clock,
                content,
                ..
            } = happening
            else {
                continue;
            };
            let Content::Text(text) = content else {
                panic!("a text came out as something else");
            };
            assert!(
                self.said[1 - who].contains(text),
                "a text that was not said"
            );
            assert!(side.read.insert(*number), "a message was read twice");
            let before = side.transcript.insert((*clock, 1 - who), text.clone());
            assert!(before.is_none() || self.restored);
        }
    }

    fn again(&mut self, who: usize, sealed: &Sealed) {
        let person = &mut self.sides[who].person;
        let before = person.store.snapshot();
        match person.open(&sealed.slot, &sealed.boxed) {
            Err(OpenError::UnknownSlot) => {}
            Ok(opened) if opened.parked => assert!(opened.happenings.is_empty()),
            // In the life of a copy it is new.
            Ok(opened) if self.restored => {
                self.note(who, &opened);
                return;
            }
            Err(_) if self.restored => {}
            other => panic!("a box came again and was {other:?}"),
        }
        assert!(self.sides[who].person.store.snapshot() == before || self.restored);
    }

    fn alter(&mut self, who: usize, sealed: &Sealed, which: usize) {
        let mut bytes = sealed.boxed.as_bytes().to_vec();
        // Spread over nonce, ciphertext and tag.
        let at = which * 521 % bytes.len();
        bytes[at] ^= 1 << (which % 8);
        let altered = SealedBox::from_slice(&bytes).unwrap();
        let person = &mut self.sides[who].person;
        let before = person.store.snapshot();
        let outcome = person.open(&sealed.slot, &altered);
        assert!(
            matches!(outcome, Err(OpenError::Forged | OpenError::UnknownSlot)),
            "{outcome:?}"
        );
        assert!(
            person.store.snapshot() == before,
            "an altered box changed a row"
        );
    }

    fn restore(&mut self, who: usize) {
        let side = &mut self.sides[who];
        if let Some((frozen, read, transcript)) = side.copy.clone() {
            // The generator does not go back: a copy of a vault holds none.
            let rng = side.person.rng.clone();
            side.person = Person {
                rng,
                ..frozen.thaw()
            };
            side.read = read;
            side.transcript = transcript;
            self.restored = true;
        }
    }

    /// Puts again what was lost, delivers all, lets both answer; then both agree.
    fn settle(&mut self) {
        for side in &mut self.sides {
            let lost = std::mem::take(&mut side.lost);
            side.on_the_way.extend(lost);
            side.on_the_way.sort_by_key(|sealed| sealed.number);
        }
        self.deliver_all();
        for _ in 0..2 {
            for who in [0, 1] {
                self.seal(who, Outgoing::Nothing);
                self.deliver_all();
            }
        }
        let [alice, bob] = &self.sides;
        assert_eq!(alice.transcript, bob.transcript);
        assert_eq!(alice.transcript.len(), self.count);
        let [a, b] =
            [alice, bob].map(|side| view(&side.person.store, &side.person.conversation).unwrap());
        assert_eq!(a.safety_number, b.safety_number);
        assert!(a.my_epoch.abs_diff(b.my_epoch) <= 1);
        assert!(a.unacknowledged <= 1 && b.unacknowledged <= 1);
    }

    fn deliver_all(&mut self) {
        loop {
            let waiting = |world: &Self| -> usize {
                world.sides.iter().map(|side| side.on_the_way.len()).sum()
            };
            let before = waiting(self);
            if before == 0 {
                return;
            }
            for who in [0, 1] {
                for sealed in self.sides[1 - who].on_the_way.clone() {
                    self.deliver(who, &sealed);
                }
            }
            assert!(waiting(self) < before, "{before} boxes are stuck");
        }
    }
}

fn pick(boxes: &[Sealed], which: usize) -> Option<Sealed> {
    (!boxes.is_empty()).then(|| boxes[which % boxes.len()].clone())
}
