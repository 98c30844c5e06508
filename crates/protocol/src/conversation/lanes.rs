//! Lanes: the hash chains that slots and box keys come from.

use hushwing_wire::Slot;
use serde::{Deserialize, Serialize};

use crate::{
    kdf::{self, BoxKey},
    secret::Secret32,
};

const LANE_LABEL: &[u8] = b"hushwing 1 lane";
const NEXT_LABEL: &[u8] = b"hushwing 1 lane next";
const SLOT_LABEL: &[u8] = b"hushwing 1 lane slot";
const KEY_LABEL: &[u8] = b"hushwing 1 lane key";

/// The head of a lane's chain: gives the slot and key of one index and of all
/// later ones, of none before. `[HW-SLOT-3]`
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Chain(Secret32);

impl Chain {
    /// The lane that the leaf `leaf` writes in an epoch with this root.
    pub(super) fn start(lane_root: &Secret32, leaf: u32) -> Self {
        Self(kdf::expand(lane_root, LANE_LABEL, &leaf.to_be_bytes()))
    }

    pub(super) fn slot(&self) -> Slot {
        Slot::new(*kdf::expand(&self.0, SLOT_LABEL, &[]).expose())
    }

    pub(super) fn key(&self) -> BoxKey {
        BoxKey::new(kdf::expand(&self.0, KEY_LABEL, &[]))
    }

    pub(super) fn next(&self) -> Self {
        Self(kdf::expand(&self.0, NEXT_LABEL, &[]))
    }

    /// Goes on by one index; the link before is wiped.
    pub(super) fn advance(&mut self) {
        *self = self.next();
    }
}

/// A lane that we write: ours of one epoch.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct WriteLane {
    pub(super) epoch: u64,
    /// The index that is written next; so many boxes are in it.
    pub(super) next: u32,
    pub(super) chain: Chain,
}

/// A lane that we read: another leaf's of one epoch.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ReadLane {
    pub(super) epoch: u64,
    pub(super) leaf: u32,
    /// The index that is read next.
    pub(super) next: u32,
    /// How many boxes the writer says that it holds, once it has left it.
    pub(super) end: Option<u32>,
    /// Head of the chain, at `next`.
    pub(super) chain: Chain,
}

impl ReadLane {
    /// Nothing more comes in this lane. `[HW-SLOT-5]`
    pub(super) fn is_finished(&self) -> bool {
        self.end.is_some_and(|end| self.next >= end)
    }

    /// The chain at the next `count` indices that may be written, walked anew:
    /// no link ahead of the head is stored. `[HW-SLOT-7]`
    pub(super) fn ahead(&self, count: u32) -> impl Iterator<Item = (u32, Chain)> {
        let end = self.end.unwrap_or(u32::MAX);
        let indices = self.next..self.next.saturating_add(count).min(end);
        let mut chain = self.chain.clone();
        indices.map(move |index| {
            let next = chain.next();
            (index, std::mem::replace(&mut chain, next))
        })
    }
}

/// A lane that we left, and the end of which the other side may not know yet.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct LeftLane {
    pub(super) epoch: u64,
    pub(super) count: u32,
    /// The number of our first box that states it; every later one does too
    /// until the other side has acknowledged one of them.
    pub(super) first_stated: u64,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Chain, ReadLane};
    use crate::secret::Secret32;

    fn lane(next: u32, end: Option<u32>) -> ReadLane {
        let chain = Chain::start(&Secret32::new([1; 32]), 0);
        ReadLane {
            epoch: 1,
            leaf: 0,
            next,
            end,
            chain,
        }
    }

    /// Claims M1 and N1.
    #[test]
    fn no_two_lanes_or_indices_share_a_slot_or_a_key() {
        let root = Secret32::new([1; 32]);
        let mut seen = BTreeSet::new();
        for leaf in 0..3 {
            let mut chain = Chain::start(&root, leaf);
            for _ in 0..50 {
                assert!(seen.insert(*chain.slot().as_bytes()));
                assert!(seen.insert(*chain.key().secret().expose()));
                chain.advance();
            }
        }
    }

    #[test]
    fn what_is_ahead_is_what_advancing_reaches_and_stops_at_the_end() {
        let mut walked = lane(0, Some(3));
        let ahead: Vec<_> = walked
            .ahead(10)
            .map(|(index, chain)| (index, chain.slot()))
            .collect();
        for expected in &ahead {
            assert_eq!((walked.next, walked.chain.slot()), *expected);
            walked.chain.advance();
            walked.next += 1;
        }
        assert_eq!(ahead.len(), 3);
        assert!(walked.is_finished());
        assert!(!lane(9, None).is_finished());
        assert_eq!(lane(u32::MAX, None).ahead(4).count(), 0);
    }
}
