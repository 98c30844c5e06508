//! Random schedules of two people: whatever the network does, every message is
//! read once, in the same order on both sides.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Person, friends};
use hushwing_protocol::{
    Content, Happening, MAX_OPEN_LANES, OpenError, Opened, Outgoing, Sealed, view, waits, window,
};
use hushwing_wire::Slot;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Action {
    Say,
    Nothing,
    /// Seal and roll back, as when the transaction fails.
    SealAndFail,
    /// The reader polls a relay: reads a box at a slot that it waits at.
    Poll(usize),
    /// A box reaches the reader's window directly, maybe early.
    Push(usize),
    /// The same, and the step is rolled back.
    PushAndFail(usize),
    /// A box that was taken in comes again.
    Again(usize),
}

fn action() -> impl Strategy<Value = (bool, Action)> {
    let which = 0_usize..1_000;
    let action = prop_oneof![
        6 => Just(Action::Say),
        1 => Just(Action::Nothing),
        1 => Just(Action::SealAndFail),
        5 => which.clone().prop_map(Action::Poll),
        5 => which.clone().prop_map(Action::Push),
        1 => which.clone().prop_map(Action::PushAndFail),
        1 => which.prop_map(Action::Again),
    ];
    (any::<bool>(), action)
}

/// One side and what it wrote and read.
struct Side {
    person: Person,
    /// Boxes of this side that the other has not taken in.
    on_the_way: Vec<Sealed>,
    taken: Vec<Sealed>,
    /// Lamport time and leaf, and text: the transcript.
    transcript: BTreeMap<(u64, u32), String>,
    received: BTreeSet<u64>,
}

struct World {
    sides: [Side; 2],
    slots: BTreeSet<Slot>,
    nonces: BTreeSet<(Slot, Vec<u8>)>,
    texts: u32,
    commits: u32,
    most_lanes: usize,
}

impl World {
    fn new(seed: u64) -> Self {
        let (alice, bob) = friends(seed);
        let sides = [alice, bob].map(|person| Side {
            person,
            on_the_way: Vec::new(),
            taken: Vec::new(),
            transcript: BTreeMap::new(),
            received: BTreeSet::new(),
        });
        Self {
            sides,
            slots: BTreeSet::new(),
            nonces: BTreeSet::new(),
            texts: 0,
            commits: 0,
            most_lanes: 0,
        }
    }

    fn act(&mut self, who: usize, action: &Action) {
        match *action {
            Action::Say => {
                self.texts += 1;
                let text = format!("message {}", self.texts);
                let sealed = self.seal(who, Outgoing::Text(&text));
                let at = (sealed.clock, sealed.writer);
                assert_eq!(self.sides[who].transcript.insert(at, text), None);
                self.sides[who].on_the_way.push(sealed);
            }
            Action::Nothing => {
                let sealed = self.seal(who, Outgoing::Nothing);
                self.sides[who].on_the_way.push(sealed);
            }
            Action::SealAndFail => {
                let before = self.sides[who].person.store.snapshot();
                let sealed = self.seal(who, Outgoing::Text("never sent"));
                self.slots.remove(&sealed.slot);
                self.commits -= u32::from(sealed.committed);
                self.sides[who].person.store.restore(&before);
            }
            Action::Poll(pick) => {
                let person = &self.sides[who].person;
                let waits = waits(&person.store, &person.conversation).unwrap();
                let at = |sealed: &&Sealed| waits.contains(&sealed.slot);
                let found: Vec<_> = self.sides[1 - who].on_the_way.iter().filter(at).collect();
                if !found.is_empty() {
                    let sealed = found[pick % found.len()].clone();
                    self.take(who, &sealed);
                }
            }
            Action::Push(pick) => {
                if let Some(sealed) = self.pushable(who, pick) {
                    self.take(who, &sealed);
                }
            }
            Action::PushAndFail(pick) => {
                if let Some(sealed) = self.pushable(who, pick) {
                    let person = &mut self.sides[who].person;
                    let before = person.store.snapshot();
                    person.read(&sealed);
                    person.store.restore(&before);
                }
            }
            Action::Again(pick) => self.again(who, pick),
        }
        self.check();
    }

    fn seal(&mut self, who: usize, what: Outgoing<'_>) -> Sealed {
        let sealed = self.sides[who].person.try_seal(what).unwrap();
        assert!(self.slots.insert(sealed.slot), "a slot was used twice");
        let nonce = sealed.boxed.as_bytes()[..24].to_vec();
        assert!(
            self.nonces.insert((sealed.slot, nonce)),
            "a nonce was used twice"
        );
        self.commits += u32::from(sealed.committed);
        sealed
    }

    fn pushable(&self, who: usize, pick: usize) -> Option<Sealed> {
        let person = &self.sides[who].person;
        let window = window(&person.store, &person.conversation).unwrap();
        let at = |sealed: &&Sealed| window.contains(&sealed.slot);
        let found: Vec<_> = self.sides[1 - who].on_the_way.iter().filter(at).collect();
        (!found.is_empty()).then(|| found[pick % found.len()].clone())
    }

    fn take(&mut self, who: usize, sealed: &Sealed) {
        let opened = self.sides[who].person.read(sealed);
        assert!(opened.consumed.contains(&sealed.slot));
        let writer = &mut self.sides[1 - who];
        writer.on_the_way.retain(|other| other.slot != sealed.slot);
        writer.taken.push(sealed.clone());
        self.note(who, &opened);
    }

    fn note(&mut self, who: usize, opened: &Opened) {
        let side = &mut self.sides[who];
        for happening in &opened.happenings {
            if let Happening::Content {
                number,
                clock,
                writer: leaf,
                content,
                ..
            } = happening
            {
                let Content::Text(text) = content else {
                    panic!("the content is text");
                };
                assert!(side.received.insert(*number), "a message was read twice");
                let before = side.transcript.insert((*clock, *leaf), text.clone());
                assert_eq!(before, None);
            }
        }
    }

    fn again(&mut self, who: usize, pick: usize) {
        let taken = &self.sides[1 - who].taken;
        if taken.is_empty() {
            return;
        }
        let sealed = taken[pick % taken.len()].clone();
        let person = &mut self.sides[who].person;
        let before = person.store.snapshot();
        match person.try_open(&sealed.slot, &sealed.boxed) {
            Err(OpenError::UnknownSlot) => {}
            Ok(opened) => assert!(opened.parked && opened.happenings.is_empty()),
            Err(error) => panic!("{error}"),
        }
        assert!(person.store.snapshot() == before);
    }

    fn check(&mut self) {
        for side in &self.sides {
            let open = view(&side.person.store, &side.person.conversation)
                .unwrap()
                .open_lanes;
            assert!(open <= MAX_OPEN_LANES, "{open} lanes are open");
            self.most_lanes = self.most_lanes.max(open);
        }
    }

    /// Delivers all that is on the way and lets both sides answer until nothing
    /// is left; then everything must agree.
    fn settle(&mut self) {
        while self.sides.iter().any(|side| !side.on_the_way.is_empty()) {
            let before: usize = self.sides.iter().map(|side| side.on_the_way.len()).sum();
            for who in [0, 1] {
                for pick in 0..4 {
                    self.act(who, &Action::Poll(pick));
                }
            }
            let after: usize = self.sides.iter().map(|side| side.on_the_way.len()).sum();
            assert!(after < before, "{after} boxes are stuck");
        }
        for _ in 0..2 {
            for who in [0, 1] {
                let sealed = self.seal(who, Outgoing::Nothing);
                self.take(1 - who, &sealed);
            }
        }
        let [alice, bob] = &self.sides;
        assert_eq!(alice.transcript, bob.transcript);
        let said = usize::try_from(self.texts).unwrap();
        assert_eq!(alice.transcript.len(), said);
        let [a, b] =
            [alice, bob].map(|side| view(&side.person.store, &side.person.conversation).unwrap());
        assert_eq!(a.safety_number, b.safety_number);
        assert!(a.my_epoch.abs_diff(b.my_epoch) <= 1);
        assert!(a.unacknowledged <= 1 && b.unacknowledged <= 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 200, ..ProptestConfig::default() })]

    /// Claim D0.
    #[test]
    fn every_message_is_read_once_and_in_one_order(
        seed in 0_u64..1_000,
        actions in proptest::collection::vec(action(), 150..350),
    ) {
        let mut world = World::new(seed);
        for (who, action) in &actions {
            world.act(usize::from(*who), action);
        }
        world.settle();
    }
}

#[test]
fn hundreds_of_turns_with_late_boxes_of_the_lane_before() {
    let mut world = World::new(77);
    for turn in 0..300 {
        let who = turn % 2;
        for _ in 0..3 {
            world.act(who, &Action::Say);
        }
        // The first box of this turn passes, carrying the commit; the other two
        // come after the next turn's.
        world.act(1 - who, &Action::Push(turn));
        world.act(1 - who, &Action::Push(0));
        world.act(who, &Action::Push(1));
    }
    world.settle();
    assert!(world.commits > 150, "{} commits", world.commits);
    assert!(world.most_lanes > 1);
}

#[test]
fn a_one_sided_conversation_with_receipts_renews_keys_at_each_answer() {
    let mut world = World::new(78);
    for round in 0..100 {
        world.act(0, &Action::Say);
        world.act(1, &Action::Poll(0));
        if round % 5 == 0 {
            world.act(1, &Action::Nothing);
            world.act(0, &Action::Poll(0));
        }
    }
    world.settle();
    assert!(world.commits >= 36, "{} commits", world.commits);
}
