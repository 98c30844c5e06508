//! A relay as the protocol defines it, in memory.

use std::collections::BTreeMap;

use hushwing_wire::{
    RelayAddress, SealedBox, ServerKeyPin, Slot,
    address::{Endpoint, OnionAddress},
};

/// A write-once store of boxes.
#[derive(Clone, PartialEq, Eq)]
pub struct FakeRelay {
    /// Its address.
    pub address: RelayAddress,
    /// Whether it answers.
    pub up: bool,
    places: BTreeMap<Slot, Place>,
}

#[derive(Clone, PartialEq, Eq)]
enum Place {
    Holds(SealedBox),
    Dropped(SealedBox),
}

/// What a put gave.
#[derive(Debug, PartialEq, Eq)]
pub enum PutAnswer {
    /// It is there now, or was there before.
    Stored,
    /// Another box is, or was, there.
    Taken,
}

impl FakeRelay {
    /// An empty relay with an onion address made of `number`.
    #[must_use]
    pub fn new(number: u8) -> Self {
        Self {
            address: RelayAddress {
                endpoint: Endpoint::Onion {
                    address: OnionAddress::from_public_key([number; 32]),
                    port: 443,
                },
                pin: ServerKeyPin::new([number; 32]),
                access: None,
            },
            up: true,
            places: BTreeMap::new(),
        }
    }

    /// Forgets every box as if it had never been put.
    pub fn lose_everything(&mut self) {
        self.places.clear();
    }

    /// Puts `boxed` if nothing was ever put at `slot`.
    pub fn put(&mut self, slot: Slot, boxed: SealedBox) -> PutAnswer {
        match self.places.get(&slot) {
            None => {
                self.places.insert(slot, Place::Holds(boxed));
                PutAnswer::Stored
            }
            Some(Place::Holds(known) | Place::Dropped(known)) if *known == boxed => {
                PutAnswer::Stored
            }
            Some(_) => PutAnswer::Taken,
        }
    }

    /// Puts `boxed` in the place of the box that waits at `slot`; whether one did.
    pub fn replace(&mut self, slot: Slot, boxed: SealedBox) -> bool {
        match self.places.get_mut(&slot) {
            Some(Place::Holds(held)) => {
                *held = boxed;
                true
            }
            _ => false,
        }
    }

    /// The box at `slot`.
    #[must_use]
    pub fn get(&self, slot: &Slot) -> Option<SealedBox> {
        match self.places.get(slot) {
            Some(Place::Holds(boxed)) => Some(boxed.clone()),
            Some(Place::Dropped(_)) | None => None,
        }
    }

    /// Forgets the box at `slot`.
    pub fn drop_slot(&mut self, slot: &Slot) {
        if let Some(Place::Holds(boxed)) = self.places.remove(slot) {
            self.places.insert(*slot, Place::Dropped(boxed));
        }
    }

    /// Gives every box out again that it was asked to forget.
    pub fn forget_nothing(&mut self) {
        for place in self.places.values_mut() {
            if let Place::Dropped(boxed) = place {
                *place = Place::Holds(boxed.clone());
            }
        }
    }

    /// How many boxes wait.
    #[must_use]
    pub fn held(&self) -> usize {
        self.places
            .values()
            .filter(|place| matches!(place, Place::Holds(_)))
            .count()
    }

    /// Replaces every waiting box by another of the same length, as a relay
    /// that lies would.
    pub fn forge_all(&mut self) {
        for place in self.places.values_mut() {
            if let Place::Holds(boxed) = place {
                let mut bytes = boxed.as_bytes().to_vec();
                bytes[100] ^= 1;
                *boxed = SealedBox::from_slice(&bytes).expect("the length did not change");
            }
        }
    }
}
