//! Which boxes came lately.

use std::collections::{BTreeMap, VecDeque};

use hushwing_wire::{SealedBox, Slot};
use sha2::{Digest as _, Sha256};

use crate::limits;

/// Keyed digests of the slots that were read and of the boxes there, newest last.
/// Only in memory and under a key that dies with the process, so that a stolen
/// vault does not tell which slots at a relay were this person's.
pub(crate) struct Remembered {
    key: [u8; 32],
    known: BTreeMap<[u8; 32], [u8; 32]>,
    order: VecDeque<[u8; 32]>,
}

/// What came at a slot, as far as it is remembered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Came {
    /// This box.
    This,
    /// Another one.
    Another,
    /// Nothing, or too long ago, or before the program started.
    Unknown,
}

impl Remembered {
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self {
            key,
            known: BTreeMap::new(),
            order: VecDeque::new(),
        }
    }

    fn digest(&self, bytes: &[u8]) -> [u8; 32] {
        Sha256::new()
            .chain_update(self.key)
            .chain_update(bytes)
            .finalize()
            .into()
    }

    pub(crate) fn insert(&mut self, slot: &Slot, boxed: &SealedBox) {
        let place = self.digest(slot.as_bytes());
        let what = self.digest(boxed.as_bytes());
        if self.known.insert(place, what).is_none() {
            self.order.push_back(place);
        }
        while self.order.len() > limits::MAX_REMEMBERED_SLOTS {
            if let Some(oldest) = self.order.pop_front() {
                self.known.remove(&oldest);
            }
        }
    }

    pub(crate) fn came(&self, slot: &Slot, boxed: &SealedBox) -> Came {
        match self.known.get(&self.digest(slot.as_bytes())) {
            None => Came::Unknown,
            Some(what) if *what == self.digest(boxed.as_bytes()) => Came::This,
            Some(_) => Came::Another,
        }
    }
}
