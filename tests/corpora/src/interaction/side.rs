//! One of the two people: what it wrote and read, and what of it is on the way.

use std::collections::{BTreeMap, BTreeSet};

use hushwing_protocol::{
    ConversationView, Outgoing, RecoveryBox, Said, SealError, Sealed, new_salt, view,
};
use hushwing_wire::{Receipts, Routes};

use crate::people::{Frozen, Person, relay};

/// A text by its Lamport time and writer.
pub(super) type Transcript = BTreeMap<(u64, usize), String>;

/// A text of one's own.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) said: Said,
    /// The generation and number of the box that carries it; none while new
    /// keys are awaited.
    carried_by: Option<(u32, u64)>,
    delivered: bool,
    /// Sealed after a roll-back that nobody noticed: its number may be that of
    /// another box, and a receipt for that one may be taken for its own.
    pub(super) unsure: bool,
}

/// What lies in the vault beside the rows of the protocol.
#[derive(Debug, Clone, Default)]
pub(super) struct Memory {
    /// Ids of texts of the other.
    pub(super) read: BTreeSet<[u8; 16]>,
    pub(super) transcript: Transcript,
    pub(super) written: Vec<Written>,
}

pub(super) struct Side {
    pub(super) person: Person,
    pub(super) memory: Memory,
    pub(super) copy: Option<(Frozen, Memory)>,
    pub(super) on_the_way: Vec<Sealed>,
    pub(super) lost: Vec<Sealed>,
    /// Boxes of this side that the other took in.
    pub(super) taken: Vec<Sealed>,
    /// Boxes outside of the lanes; they lie at relays and come as often as they
    /// are looked for.
    pub(super) calls: Vec<RecoveryBox>,
    pub(super) lost_calls: Vec<RecoveryBox>,
    pub(super) answers: Vec<RecoveryBox>,
    /// All routes that were stated, newest last.
    pub(super) routes: u8,
    /// Lives on from a copy, and nobody has noticed.
    pub(super) rolled_back: bool,
}

impl Side {
    pub(super) fn new(met: &Frozen) -> Self {
        Self {
            person: met.thaw(),
            memory: Memory::default(),
            copy: None,
            on_the_way: Vec::new(),
            lost: Vec::new(),
            taken: Vec::new(),
            calls: Vec::new(),
            lost_calls: Vec::new(),
            answers: Vec::new(),
            routes: 0,
            rolled_back: false,
        }
    }

    pub(super) fn view(&self) -> ConversationView {
        view(&self.person.store, &self.person.conversation).unwrap()
    }

    /// Routes that were not stated before.
    pub(super) fn other_routes(&mut self) -> Routes {
        self.routes = self.routes % 200 + 1;
        Routes {
            relays: vec![relay(self.routes), relay(self.routes + 1)],
            direct: None,
        }
    }

    /// Notes a text of one's own, to be sealed by [`Side::seal_waiting`].
    pub(super) fn say(&mut self, text: String) {
        let salt = new_salt(&mut self.person.rng);
        self.memory.written.push(Written {
            said: Said {
                salt,
                text,
                clock: None,
            },
            carried_by: None,
            delivered: false,
            unsure: self.rolled_back,
        });
    }

    /// Seals the texts that no box carries. `Err` is that of the first that
    /// cannot be sealed.
    pub(super) fn seal_waiting(&mut self, who: usize) -> Result<(), SealError> {
        let generation = self.view().generation;
        for at in 0..self.memory.written.len() {
            let written = &self.memory.written[at];
            if written.carried_by.is_some() {
                continue;
            }
            let said = written.said.clone();
            let sealed = match self.person.seal(Outgoing::Said(&said)) {
                Err(SealError::Repairing) => return Ok(()),
                sealed => sealed?,
            };
            assert!(said.clock.is_none_or(|clock| clock == sealed.clock));
            let written = &mut self.memory.written[at];
            written.said.clock = Some(sealed.clock);
            written.carried_by = Some((generation, sealed.number));
            written.unsure |= self.rolled_back;
            let place = (sealed.clock, who);
            let before = self.memory.transcript.insert(place, said.text.clone());
            assert!(before.is_none_or(|before| before == said.text));
            self.on_the_way.push(sealed);
        }
        Ok(())
    }

    /// The other says what it has.
    pub(super) fn acknowledged(&mut self, receipts: &Receipts) {
        let now = self.view().generation;
        for written in &mut self.memory.written {
            if let Some((generation, number)) = written.carried_by {
                written.delivered |= generation == now && receipts.contains(number);
            }
        }
    }

    /// There are new keys: what lies in old boxes is sealed again, unless it is
    /// known to be delivered and the other states to have it. `[HW-REC-4]`
    pub(super) fn repaired(&mut self, peer_generation: u32, peer_received: &Receipts) {
        self.on_the_way.clear();
        self.lost.clear();
        for written in &mut self.memory.written {
            let has = written.carried_by.is_some_and(|(generation, number)| {
                generation < peer_generation
                    || (generation == peer_generation && peer_received.contains(number))
            });
            if !(written.delivered && has) {
                written.carried_by = None;
                written.delivered = false;
                // A box with the new keys carries it and no other.
                written.unsure = false;
            }
        }
    }
}
