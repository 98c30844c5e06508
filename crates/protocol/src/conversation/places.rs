//! Where something lies outside of the lanes: slots and keys that come from a recovery
//! secret. `[HW-REC-1]` `[HW-REC-4]`

use hushwing_wire::Slot;

use super::recovery::RECOVERY_WINDOW;
use crate::{
    kdf::{self, BoxKey},
    secret::Secret32,
};

const SLOT_LABEL: &[u8] = b"hushwing 1 recovery slot";
const KEY_LABEL: &[u8] = b"hushwing 1 recovery key";
const ANSWER_SLOT_LABEL: &[u8] = b"hushwing 1 repair answer slot";
const PSK_LABEL: &[u8] = b"hushwing 1 repair psk";
const ANSWER_KEY_LABEL: &[u8] = b"hushwing 1 repair answer key";

/// The places that come from a recovery secret. `[HW-REC-1]`
#[derive(Clone, Copy)]
pub(super) struct Places<'a>(&'a Secret32);

impl<'a> Places<'a> {
    /// Those of this secret.
    pub(super) fn of(root: &'a Secret32) -> Self {
        Self(root)
    }

    pub(super) fn slot(self, writer: u32, index: u32) -> Slot {
        Slot::new(*kdf::expand(self.0, SLOT_LABEL, &place(writer, index)).expose())
    }

    pub(super) fn key(self, writer: u32, index: u32) -> BoxKey {
        BoxKey::new(kdf::expand(self.0, KEY_LABEL, &place(writer, index)))
    }

    /// Where the answer to the request with this hash goes.
    pub(super) fn answer(self, request: &[u8; 32]) -> (Slot, BoxKey) {
        (
            Slot::new(*kdf::expand(self.0, ANSWER_SLOT_LABEL, request).expose()),
            BoxKey::new(kdf::expand(self.0, ANSWER_KEY_LABEL, request)),
        )
    }

    /// The external PSK of the group that answers the request with this hash.
    pub(super) fn psk(self, request: &[u8; 32]) -> Secret32 {
        kdf::expand(self.0, PSK_LABEL, request)
    }

    /// Of the next [`RECOVERY_WINDOW`] places of `writer`, the one with this slot.
    pub(super) fn find(self, writer: u32, next: u32, slot: &Slot) -> Option<u32> {
        (next..)
            .take(RECOVERY_WINDOW as usize)
            .find(|index| self.slot(writer, *index) == *slot)
    }
}

pub(super) fn place(writer: u32, index: u32) -> [u8; 8] {
    let mut place = [0; 8];
    place[..4].copy_from_slice(&writer.to_be_bytes());
    place[4..].copy_from_slice(&index.to_be_bytes());
    place
}
