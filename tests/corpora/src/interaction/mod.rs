//! A script of two people and a network that does what it likes: bytes decide
//! who writes and what is delivered, lost, repeated, altered, rolled back, asked
//! for again or made anew.
//!
//! Two bytes a step: what and who, and which one. Whatever the script, each
//! message is read at most once and as it was written, an altered box changes no
//! row, and nothing that is honest is refused. In the end, when all that lies at
//! relays has come and whoever was rolled back has got new keys, everything that
//! a side remembers to have written has arrived; without a roll-back both see
//! all of it in one order.

mod settle;
mod side;
mod steps;

use std::{collections::BTreeSet, sync::OnceLock};

use hushwing_protocol::{
    Content, Fault, Happening, OpenError, Opened, Outgoing, RecoveryBox, RecoveryError, Sealed,
    ask_repair, ask_whether_keys_fit, forget_request, offer_routes, route_record,
    take_route_record,
};
use hushwing_wire::{RouteRecord, SealedBox, Slot};

use crate::people::{Frozen, Person, friends};
use side::Side;
use steps::STEP_LEN;
pub use steps::Step;

/// Steps of one script that are taken; fewer than the boxes that may be
/// unacknowledged, so that writing never has to stop.
const MAX_STEPS: usize = 300;

/// A script of bytes.
pub fn interaction(input: &[u8]) {
    let mut world = World::new();
    for step in input.chunks_exact(STEP_LEN).take(MAX_STEPS) {
        let &[what, which] = step else { continue };
        world.step(what, which);
    }
    world.settle();
}

struct World {
    sides: [Side; 2],
    /// All that each side ever said, in any of its lives.
    said: [BTreeSet<String>; 2],
    count: usize,
    /// Somebody lived on from a copy: promises about one order are off.
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
            sides: met.each_ref().map(Side::new),
            said: [BTreeSet::new(), BTreeSet::new()],
            count: 0,
            restored: false,
        }
    }

    fn step(&mut self, what: u8, which: u8) {
        let who = usize::from(what >> 4 & 1);
        let other = 1 - who;
        let nth = usize::from(which);
        match Step::of(what) {
            Step::Say => self.say(who, nth),
            Step::Nothing => self.seal(who, Outgoing::Nothing),
            Step::AskAgain => self.seal(who, Outgoing::AskAgain),
            Step::Routes => {
                let routes = self.sides[who].other_routes();
                self.seal(who, Outgoing::Routes(&routes));
            }
            Step::SayAndFail => self.undone(who, |world| {
                let repairing = world.sides[who].view().repairing;
                let sealed = world.sides[who].person.seal(Outgoing::Text("never sent"));
                assert!(sealed.is_ok() != repairing || world.restored, "{sealed:?}");
            }),
            Step::Deliver => {
                if let Some(sealed) = pick(&self.sides[other].on_the_way, nth) {
                    self.deliver(who, &sealed);
                }
            }
            Step::DeliverOldest => {
                if let Some(sealed) = self.sides[other].on_the_way.first().cloned() {
                    self.deliver(who, &sealed);
                }
            }
            Step::DeliverAndFail => {
                if let Some(sealed) = pick(&self.sides[other].on_the_way, nth) {
                    self.undone(who, |world| {
                        let outcome = world.open(who, &sealed.slot, &sealed.boxed);
                        world.judge(&outcome);
                    });
                }
            }
            Step::Lose => {
                let side = &mut self.sides[who];
                lose(&mut side.on_the_way, &mut side.lost, nth);
            }
            Step::Again => {
                if let Some(sealed) = pick(&self.sides[other].taken, nth) {
                    self.again(who, &sealed);
                }
            }
            Step::Alter => {
                if let Some(sealed) = pick(&self.sides[other].on_the_way, nth) {
                    self.alter(who, &sealed.slot, &sealed.boxed, nth);
                }
            }
            Step::Copy => {
                let side = &mut self.sides[who];
                side.copy = Some((side.person.freeze(), side.memory.clone()));
            }
            Step::RollBack => {
                self.restore(who);
            }
            Step::Restore => {
                if self.restore(who) {
                    let side = &mut self.sides[who];
                    side.rolled_back = false;
                    let id = side.person.conversation;
                    forget_request(&mut side.person.ctx(), &id).unwrap();
                    self.repair(who);
                }
            }
            _ => self.step_outside(Step::of(what), who, nth),
        }
    }

    /// The steps outside of the lanes.
    fn step_outside(&mut self, step: Step, who: usize, nth: usize) {
        let other = 1 - who;
        match step {
            Step::Repair => self.repair(who),
            Step::Question => self.ask(who),
            Step::RepairAndFail => self.undone(who, |world| {
                world.repair(who);
                world.sides[who].calls.pop();
            }),
            Step::DeliverCall => {
                if let Some(call) = pick(&self.sides[other].calls, nth) {
                    self.deliver_outside(who, &call);
                }
            }
            Step::DeliverCallAndFail => {
                if let Some(call) = pick(&self.sides[other].calls, nth) {
                    self.undone(who, |world| {
                        let outcome = world.open(who, &call.slot, &call.boxed);
                        world.judge(&outcome);
                    });
                }
            }
            Step::DeliverAnswer => {
                if let Some(answer) = pick(&self.sides[other].answers, nth) {
                    self.deliver_outside(who, &answer);
                }
            }
            Step::LoseCall => {
                let side = &mut self.sides[who];
                lose(&mut side.calls, &mut side.lost_calls, nth);
            }
            Step::AlterCall => {
                if let Some(call) = pick(&self.sides[other].calls, nth) {
                    self.alter(who, &call.slot, &call.boxed, nth);
                }
            }
            Step::OfferRoutes => {
                let side = &mut self.sides[who];
                let routes = side.other_routes();
                let id = side.person.conversation;
                let call = offer_routes(&mut side.person.ctx(), &id, routes).unwrap();
                side.calls.push(call);
            }
            Step::Record => self.hand_over(who, None),
            Step::AlterRecord => self.hand_over(who, Some(nth)),
            _ => {}
        }
    }

    fn say(&mut self, who: usize, which: usize) {
        self.count += 1;
        // Of all lengths, up to what fits a box.
        let text = format!("{} {}", self.count, "x".repeat(which * 32));
        self.said[who].insert(text.clone());
        self.sides[who].say(text);
        self.seal_waiting(who);
    }

    fn seal_waiting(&mut self, who: usize) {
        let sealed = self.sides[who].seal_waiting(who);
        assert!(
            sealed.is_ok() || self.restored,
            "an honest text was not sealed: {sealed:?}"
        );
    }

    /// Seals what is no text; while new keys are awaited nothing is.
    fn seal(&mut self, who: usize, what: Outgoing<'_>) {
        let side = &mut self.sides[who];
        let repairing = side.view().repairing;
        match side.person.seal(what) {
            Ok(sealed) => {
                assert!(!repairing, "sealed with keys that are given up");
                side.on_the_way.push(sealed);
            }
            Err(error) => assert!(
                repairing || self.restored,
                "an honest box was not written: {error}"
            ),
        }
    }

    /// Asks whether the keys fit; refused only while new ones are asked for.
    fn ask(&mut self, who: usize) {
        let side = &mut self.sides[who];
        let routes = side.other_routes();
        let id = side.person.conversation;
        match ask_whether_keys_fit(&mut side.person.ctx(), &id, routes) {
            Ok(question) => side.calls.push(question),
            Err(error) => assert_eq!(error, RecoveryError::Unneeded),
        }
    }

    fn repair(&mut self, who: usize) {
        let side = &mut self.sides[who];
        let routes = side.other_routes();
        let id = side.person.conversation;
        let call = ask_repair(&mut side.person.ctx(), &id, routes).unwrap();
        side.calls.push(call);
    }

    /// Does something whose transaction fails.
    fn undone(&mut self, who: usize, step: impl FnOnce(&mut Self)) {
        let before = self.sides[who].person.store.snapshot();
        step(self);
        self.sides[who].person.store.restore(&before);
    }

    /// Opens a box; one that is refused changes no row.
    fn open(&mut self, who: usize, slot: &Slot, boxed: &SealedBox) -> Result<Opened, OpenError> {
        let person = &mut self.sides[who].person;
        let before = person.store.snapshot();
        let outcome = person.open(slot, boxed);
        assert!(
            outcome.is_ok() || person.store.snapshot() == before,
            "a box that was not taken in changed a row"
        );
        outcome
    }

    fn deliver(&mut self, who: usize, sealed: &Sealed) {
        let outcome = self.open(who, &sealed.slot, &sealed.boxed);
        self.judge(&outcome);
        let Ok(opened) = outcome else { return };
        assert!(opened.consumed.contains(&sealed.slot));
        let writer = &mut self.sides[1 - who];
        writer.on_the_way.retain(|other| other != sealed);
        writer.taken.push(sealed.clone());
        self.note(who, opened);
    }

    /// What lies outside of the lanes stays at the relays: it may come again.
    fn deliver_outside(&mut self, who: usize, boxed: &RecoveryBox) {
        let outcome = self.open(who, &boxed.slot, &boxed.boxed);
        self.judge(&outcome);
        if let Ok(opened) = outcome {
            self.note(who, opened);
        }
    }

    /// An honest box is taken in, or nobody waits for it; after a roll-back it
    /// may also be of another life.
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

    fn note(&mut self, who: usize, opened: Opened) {
        if let Some(answer) = opened.answer {
            let answers = &mut self.sides[who].answers;
            // A place is written once: whoever asked reads what came first.
            match answers.iter().find(|other| other.slot == answer.slot) {
                Some(other) => assert!(*other == answer || self.restored),
                None => answers.push(answer),
            }
        }
        for happening in opened.happenings {
            match happening {
                Happening::Content {
                    id, clock, content, ..
                } => self.note_text(who, id, clock, content),
                Happening::Received(receipts) => self.sides[who].acknowledged(&receipts),
                Happening::AskedAgain => {
                    let side = &mut self.sides[who];
                    side.on_the_way.append(&mut side.lost);
                    side.on_the_way.sort_by_key(|sealed| sealed.number);
                }
                Happening::Routes(routes) => assert!(routes.check().is_ok()),
                Happening::Repaired {
                    peer_generation,
                    peer_received,
                    ..
                } => {
                    self.sides[who].repaired(peer_generation, &peer_received);
                    // An answer from a life that is lost leads to a group that nobody
                    // else is in, and that has still to be noticed.
                    if self.sides[0].view().generation == self.sides[1].view().generation {
                        self.sides[0].rolled_back = false;
                        self.sides[1].rolled_back = false;
                    }
                    self.seal_waiting(who);
                }
                // Nobody here says that of a box, and no row is damaged.
                Happening::UnreadThere(_) | Happening::Lost { .. } => {
                    panic!("nobody lost or refused a box")
                }
                Happening::AnswerRefused { why } => {
                    assert!(self.restored, "an honest answer was refused: {why}");
                }
                Happening::Established { .. }
                | Happening::PeerCommitted { .. }
                | Happening::Unreadable { .. }
                | Happening::Succeeded { .. }
                | Happening::Fork { .. } => {}
            }
        }
    }

    fn note_text(&mut self, who: usize, id: [u8; 16], clock: u64, content: Content) {
        let Content::Text(text) = content else {
            panic!("a text came out as something else");
        };
        assert!(
            self.said[1 - who].contains(&text),
            "a text that was not said"
        );
        let memory = &mut self.sides[who].memory;
        let place = (clock, 1 - who);
        if memory.read.insert(id) {
            let before = memory.transcript.insert(place, text);
            assert!(before.is_none() || self.restored);
        } else {
            // Said again with new keys: the same, and in the same place.
            let before = memory.transcript.get(&place);
            assert!(before == Some(&text) || self.restored);
        }
    }

    fn again(&mut self, who: usize, sealed: &Sealed) {
        let before = self.sides[who].person.store.snapshot();
        match self.open(who, &sealed.slot, &sealed.boxed) {
            Err(OpenError::UnknownSlot) => {}
            Ok(opened) if opened.parked => assert!(opened.happenings.is_empty()),
            // In the life of a copy it is new.
            Ok(opened) if self.restored => {
                self.note(who, opened);
                return;
            }
            Err(_) if self.restored => {}
            other => panic!("a box came again and was {other:?}"),
        }
        assert!(self.sides[who].person.store.snapshot() == before || self.restored);
    }

    fn alter(&mut self, who: usize, slot: &Slot, boxed: &SealedBox, which: usize) {
        let mut bytes = boxed.as_bytes().to_vec();
        // Spread over nonce, ciphertext and tag.
        let at = which * 521 % bytes.len();
        bytes[at] ^= 1 << (which % 8);
        let altered = SealedBox::from_slice(&bytes).unwrap();
        let outcome = self.open(who, slot, &altered);
        assert!(
            matches!(outcome, Err(OpenError::Forged | OpenError::UnknownSlot)),
            "{outcome:?}"
        );
    }

    /// Hands routes over as a text; `altered` changes a character of it.
    fn hand_over(&mut self, who: usize, altered: Option<usize>) {
        let side = &mut self.sides[who];
        let routes = side.other_routes();
        let id = side.person.conversation;
        let record = route_record(&mut side.person.ctx(), &id, routes.clone()).unwrap();
        let reader = &mut self.sides[1 - who];
        let id = reader.person.conversation;
        let before = reader.person.store.snapshot();
        let Some(which) = altered else {
            let read: RouteRecord = record.to_string().parse().unwrap();
            let taken = take_route_record(&mut reader.person.ctx(), &id, &read);
            assert_eq!(taken, Ok(routes.clone()), "newer routes were not believed");
            assert_eq!(reader.view().peer_routes, routes);
            return;
        };
        let mut sealed = record.sealed().to_vec();
        let at = which * 131 % sealed.len();
        sealed[at] ^= 1 << (which % 8);
        let record = RouteRecord::new(sealed).unwrap();
        let taken = take_route_record(&mut reader.person.ctx(), &id, &record);
        assert_eq!(taken, Err(RecoveryError::NotTheirs));
        assert!(reader.person.store.snapshot() == before);
    }

    /// The vault becomes the last copy; whether there is one.
    fn restore(&mut self, who: usize) -> bool {
        let side = &mut self.sides[who];
        let Some((frozen, memory)) = side.copy.clone() else {
            return false;
        };
        // Neither the generator nor the clock goes back.
        side.person = Person {
            rng: side.person.rng.clone(),
            now_ms: side.person.now_ms,
            ..frozen.thaw()
        };
        side.memory = memory;
        side.rolled_back = true;
        self.restored = true;
        true
    }
}

fn pick<T: Clone>(boxes: &[T], which: usize) -> Option<T> {
    (!boxes.is_empty()).then(|| boxes[which % boxes.len()].clone())
}

fn lose<T>(boxes: &mut Vec<T>, lost: &mut Vec<T>, which: usize) {
    if !boxes.is_empty() {
        let at = which % boxes.len();
        lost.push(boxes.remove(at));
    }
}
