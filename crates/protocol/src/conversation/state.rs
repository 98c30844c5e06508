//! The rows of a conversation.

use hushwing_wire::{LaneEnd, Routes, Slot, limits::MAX_LANE_ENDS};
use serde::{Deserialize, Serialize};

use super::{
    LOOK_AHEAD,
    lanes::{Chain, LeftLane, ReadLane, WriteLane},
    policy::{CommitPolicy, Standing},
    recovery,
};
use crate::{
    direct::DirectKeys,
    error::StateError,
    identity::{IdentityKeys, VerifiedPeer},
    ids::ConversationId,
    marks::{self, Acknowledged, OtherBoxes, Received},
    mls::Entered,
    safety::SafetyNumber,
    secret::{Blob, Secret32, read_row, write_row},
    store::{Store, StoreError, Table},
};

/// What is settled at first contact: one row a conversation.
pub(super) const FIXED_TABLE: Table = Table(1);
/// What changes with every box: one row a conversation.
pub(super) const MOVING_TABLE: Table = Table(2);
/// Boxes that came before their turn: conversation, epoch, leaf, index.
pub(super) const PARKED_TABLE: Table = Table(3);

/// The only version of these rows.
const VERSION: u8 = 1;

/// What is settled at first contact.
#[derive(Serialize, Deserialize)]
pub(crate) struct Fixed {
    pub(super) version: u8,
    /// Under which id the rows of the MLS library lie.
    pub(super) scope: ConversationId,
    /// How often the keys were made anew. `[HW-REC-4]`
    pub(super) generation: u32,
    /// Our place in the transcript among equal times: the leaf that we had at
    /// the first contact, whatever leaf we have now.
    pub(super) writer: u32,
    pub(crate) group_id: Blob,
    pub(super) my_leaf: u32,
    pub(super) peer_leaf: u32,
    pub(super) policy: CommitPolicy,
    /// Ed25519 seed of our MLS leaf.
    pub(crate) signer_seed: Secret32,
    pub(crate) identity: IdentityKeys,
    pub(super) direct: DirectKeys,
    pub(crate) peer: VerifiedPeer,
    pub(super) peer_name: String,
    /// [`Routes`] in their wire encoding.
    pub(super) peer_routes: Blob,
    /// T2: the hash over link, bundle and request.
    pub(super) binding: Secret32,
    pub(super) safety_number: SafetyNumber,
    /// How often the peer has taken another identity.
    #[serde(default)]
    pub(super) peer_changes: u32,
}

/// What the first contact hands over to the conversation that it founds.
pub(crate) struct Founding {
    pub(crate) stage: Stage,
    pub(crate) group_id: Vec<u8>,
    pub(crate) signer_seed: Secret32,
    pub(crate) identity: IdentityKeys,
    pub(crate) direct: DirectKeys,
    pub(crate) peer: VerifiedPeer,
    pub(crate) peer_name: String,
    pub(crate) peer_routes: Routes,
    pub(crate) binding: [u8; 32],
    pub(crate) safety_number: SafetyNumber,
    /// Epoch 1.
    pub(crate) entered: Entered,
}

/// Leaf of the redeemer, who founds the group.
pub(crate) const REDEEMER_LEAF: u32 = 0;
/// Leaf of the inviter, who is added.
pub(crate) const INVITER_LEAF: u32 = 1;

/// How far the first contact is. `[HW-INV-8]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    /// Redeemer: the inviter's binding commit has not come. Nothing may be sent.
    Requested,
    /// Inviter: our binding commit is not made yet. The next box makes it.
    Accepted,
    /// The binding commit is in the group's history.
    Established,
}

/// What was written without fresh keys from the peer. `[HW-CONV-8]`
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Unrenewed {
    /// Boxes.
    pub(super) boxes: u64,
    /// When the first of them that asks for an answer was written, in milliseconds
    /// since the Unix epoch by this machine's clock.
    pub(super) since_ms: Option<u64>,
}

impl Unrenewed {
    /// A box was written.
    pub(super) fn wrote(&mut self, now_ms: u64, has_content: bool) {
        self.boxes += 1;
        if has_content {
            // A clock that was set back must not make the time longer.
            let since = self.since_ms.map_or(now_ms, |since| since.min(now_ms));
            self.since_ms = Some(since);
        }
    }

    /// For how long an answer is due, in milliseconds.
    pub(super) fn waiting_ms(&self, now_ms: u64) -> u64 {
        self.since_ms
            .map_or(0, |since| now_ms.saturating_sub(since))
    }
}

/// What changes with every box.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Moving {
    pub(super) stage: Stage,
    /// Our MLS epoch.
    pub(super) epoch: u64,
    /// Newest epoch in which we have seen the peer: `epoch` or one less.
    pub(super) peer_epoch: u64,
    pub(super) last_committer: u32,
    pub(super) sent_in_epoch: bool,
    /// Our commit into `epoch`, until the peer is seen there. `[HW-BOX-2]`
    pub(super) pending_commit: Option<Blob>,
    /// Epoch authenticators of the epochs that can still be read.
    authenticators: Vec<(u64, Secret32)>,
    /// Greatest Lamport time seen or written.
    pub(super) clock: u64,
    /// Boxes written so far; the number of the last one.
    pub(super) sent: u64,
    /// What was written since the peer's last commit.
    pub(super) since_peer_commit: Unrenewed,
    /// Boxes of ours that the peer says it has stored.
    pub(super) peer_received: Acknowledged,
    /// Boxes of the peer's that are stored here.
    pub(super) received: Received,
    pub(super) write_lanes: Vec<WriteLane>,
    pub(super) left_lanes: Vec<LeftLane>,
    pub(super) read_lanes: Vec<ReadLane>,
}

/// Epochs whose authenticators are kept: the current one and those whose
/// messages can still be decrypted.
const AUTHENTICATORS: usize = 3;

impl Moving {
    /// The state in epoch 1. The request is box 1 of the redeemer.
    fn new(stage: Stage, my_leaf: u32, peer_leaf: u32, entered: &Entered) -> Self {
        let mut moving = Self {
            stage,
            epoch: 0,
            peer_epoch: entered.epoch,
            last_committer: REDEEMER_LEAF,
            sent_in_epoch: false,
            pending_commit: None,
            authenticators: Vec::new(),
            clock: REQUEST_NUMBER,
            sent: 0,
            since_peer_commit: Unrenewed::default(),
            peer_received: Acknowledged::default(),
            received: Received::default(),
            write_lanes: Vec::new(),
            left_lanes: Vec::new(),
            read_lanes: Vec::new(),
        };
        moving.enter(entered, REDEEMER_LEAF, my_leaf, peer_leaf);
        if my_leaf == REDEEMER_LEAF {
            moving.sent = REQUEST_NUMBER;
            moving
                .peer_received
                .wrote(REQUEST_NUMBER, REQUEST_MARK, None);
        } else {
            moving.received.insert(REQUEST_NUMBER, REQUEST_MARK);
        }
        moving
    }

    /// The state in epoch 1 of a group that replaces another: boxes are counted
    /// from 1 again, the Lamport time goes on.
    pub(super) fn anew(old: &Self, my_leaf: u32, peer_leaf: u32, entered: &Entered) -> Self {
        let mut moving = Self {
            stage: Stage::Established,
            epoch: 0,
            peer_epoch: entered.epoch,
            last_committer: REDEEMER_LEAF,
            sent_in_epoch: false,
            pending_commit: None,
            authenticators: Vec::new(),
            clock: old.clock,
            sent: 0,
            since_peer_commit: Unrenewed::default(),
            peer_received: Acknowledged::default(),
            received: Received::default(),
            write_lanes: Vec::new(),
            left_lanes: Vec::new(),
            read_lanes: Vec::new(),
        };
        moving.enter(entered, REDEEMER_LEAF, my_leaf, peer_leaf);
        // Request and answer have shown each side to the other in this epoch, so
        // either may write in its lane: it does not stay empty.
        moving.sent_in_epoch = true;
        moving
    }

    /// A state without lanes, for one that cannot be read: new keys replace it.
    pub(super) fn hollow(clock: u64, is_requested: bool) -> Self {
        Self {
            stage: if is_requested {
                Stage::Requested
            } else {
                Stage::Established
            },
            epoch: 0,
            peer_epoch: 0,
            last_committer: REDEEMER_LEAF,
            sent_in_epoch: false,
            pending_commit: None,
            authenticators: Vec::new(),
            clock,
            sent: 0,
            since_peer_commit: Unrenewed::default(),
            peer_received: Acknowledged::default(),
            received: Received::default(),
            write_lanes: Vec::new(),
            left_lanes: Vec::new(),
            read_lanes: Vec::new(),
        }
    }

    /// The same side without lanes, but with what it knows of the peer's boxes.
    pub(super) fn emptied(self, newest_clock: u64) -> Self {
        Self {
            received: self.received,
            ..Self::hollow(self.clock.max(newest_clock), self.stage == Stage::Requested)
        }
    }

    /// Whether this is a [`Moving::hollow`] state.
    pub(super) fn is_hollow(&self) -> bool {
        self.write_lanes.is_empty()
    }

    /// Whether the inviter's binding commit is still awaited.
    pub(super) fn is_requested(&self) -> bool {
        self.stage == Stage::Requested
    }

    /// Enters an epoch that `committer` made: derives its lanes.
    pub(super) fn enter(
        &mut self,
        entered: &Entered,
        committer: u32,
        my_leaf: u32,
        peer_leaf: u32,
    ) {
        self.epoch = entered.epoch;
        self.last_committer = committer;
        self.sent_in_epoch = false;
        let authenticator = Secret32::new(entered.authenticator);
        self.authenticators.push((entered.epoch, authenticator));
        let old = self.authenticators.len().saturating_sub(AUTHENTICATORS);
        self.authenticators.drain(..old);
        self.write_lanes.push(WriteLane {
            epoch: entered.epoch,
            next: 0,
            chain: Chain::start(&entered.lane_root, my_leaf),
        });
        self.read_lanes.push(ReadLane {
            epoch: entered.epoch,
            leaf: peer_leaf,
            next: 0,
            end: None,
            chain: Chain::start(&entered.lane_root, peer_leaf),
        });
    }

    /// The peer was seen in `epoch`: from now on we write in that epoch's lane.
    pub(super) fn saw_peer_in(&mut self, epoch: u64) {
        self.peer_epoch = self.peer_epoch.max(epoch);
        let first_stated = self.sent + 1;
        let (left, kept) = std::mem::take(&mut self.write_lanes)
            .into_iter()
            .partition(|lane| lane.epoch < self.peer_epoch);
        self.write_lanes = kept;
        self.left_lanes
            .extend(left.into_iter().map(|lane: WriteLane| LeftLane {
                epoch: lane.epoch,
                count: lane.next,
                first_stated,
            }));
        if self.peer_epoch == self.epoch {
            self.pending_commit = None;
        }
    }

    /// Takes in the peer's receipts; whether they say something new.
    pub(super) fn acknowledged(
        &mut self,
        told_in: u64,
        receipts: &hushwing_wire::Receipts,
    ) -> Result<bool, OtherBoxes> {
        let grew = self.peer_received.take(told_in, receipts)?;
        // Not of all that counts as acknowledged: a box that was given up, since the peer
        // could not read it, has told it no lane's end.
        let newest = marks::newest(receipts);
        self.left_lanes.retain(|lane| lane.first_stated > newest);
        Ok(grew)
    }

    pub(super) fn lane_ends(&self) -> Vec<LaneEnd> {
        let skipped = self.left_lanes.len().saturating_sub(MAX_LANE_ENDS);
        self.left_lanes[skipped..]
            .iter()
            .map(|lane| LaneEnd {
                epoch: lane.epoch,
                count: lane.count,
            })
            .collect()
    }

    /// Drops finished lanes; gives their epochs and leaves.
    pub(super) fn drop_finished(&mut self) -> Vec<(u64, u32)> {
        let finished = self.read_lanes.iter().filter(|lane| lane.is_finished());
        let finished = finished.map(|lane| (lane.epoch, lane.leaf)).collect();
        self.read_lanes.retain(|lane| !lane.is_finished());
        finished
    }

    pub(super) fn authenticator(&self, epoch: u64) -> Option<&[u8; 32]> {
        let found = self.authenticators.iter().find(|(of, _)| *of == epoch);
        found.map(|(_, authenticator)| authenticator.expose())
    }

    /// Boxes that the peer has not said to have stored.
    pub(super) fn unacknowledged(&self) -> u64 {
        self.sent.saturating_sub(self.peer_received.count())
    }

    pub(super) fn standing(&self, my_leaf: u32) -> Standing<'_> {
        Standing {
            my_leaf,
            last_committer: self.last_committer,
            epoch: self.epoch,
            sent_in_epoch: self.sent_in_epoch,
            open: &self.read_lanes,
        }
    }

    /// Where `slot` is among what may come next.
    pub(super) fn find(&self, slot: &Slot) -> Option<Found> {
        // Most boxes are the next of their lane: look there before walking on.
        let heads = self.read_lanes.iter().map(|lane| (lane, 1));
        let rest = self.read_lanes.iter().map(|lane| (lane, LOOK_AHEAD));
        heads.chain(rest).find_map(|(lane, count)| {
            let (index, chain) = lane.ahead(count).find(|(_, chain)| chain.slot() == *slot)?;
            let at = Place {
                epoch: lane.epoch,
                leaf: lane.leaf,
                index,
            };
            Some(Found {
                at,
                is_next: index == lane.next,
                chain,
            })
        })
    }

    pub(super) fn read_lane(&mut self, epoch: u64, leaf: u32) -> Option<&mut ReadLane> {
        self.read_lanes
            .iter_mut()
            .find(|lane| (lane.epoch, lane.leaf) == (epoch, leaf))
    }
}

/// The number and Lamport time of the request, the redeemer's first box.
pub(crate) const REQUEST_NUMBER: u64 = 1;

/// Its mark: there is only one request, so it needs none.
const REQUEST_MARK: u64 = 0;

/// A slot that was found in a lane.
pub(super) struct Found {
    pub(super) at: Place,
    pub(super) is_next: bool,
    pub(super) chain: Chain,
}

/// Where a box lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) epoch: u64,
    pub(super) leaf: u32,
    pub(super) index: u32,
}

impl Place {
    /// The key of its row when it is parked.
    pub(super) fn parked_key(&self, id: &ConversationId) -> Vec<u8> {
        let mut key = parked_lane_prefix(id, self.epoch, self.leaf);
        key.extend_from_slice(&self.index.to_be_bytes());
        key
    }
}

/// What the rows of a lane's parked boxes start with.
pub(super) fn parked_lane_prefix(id: &ConversationId, epoch: u64, leaf: u32) -> Vec<u8> {
    let mut key = id.as_bytes().to_vec();
    key.extend_from_slice(&epoch.to_be_bytes());
    key.extend_from_slice(&leaf.to_be_bytes());
    key
}

/// Writes the rows of a new conversation.
pub(crate) fn found(
    store: &dyn Store,
    id: &ConversationId,
    founding: Founding,
) -> Result<(), StoreError> {
    let (my_leaf, peer_leaf) = match founding.stage {
        Stage::Requested => (REDEEMER_LEAF, INVITER_LEAF),
        Stage::Accepted | Stage::Established => (INVITER_LEAF, REDEEMER_LEAF),
    };
    let moving = Moving::new(founding.stage, my_leaf, peer_leaf, &founding.entered);
    let peer_routes = hushwing_wire::to_bytes(&founding.peer_routes)
        .map_err(|_| StoreError::Damaged("routes to write"))?;
    let fixed = Fixed {
        version: VERSION,
        scope: *id,
        generation: 0,
        writer: my_leaf,
        group_id: Blob(founding.group_id),
        my_leaf,
        peer_leaf,
        policy: CommitPolicy::AlternatingPair,
        signer_seed: founding.signer_seed,
        identity: founding.identity,
        direct: founding.direct,
        peer: founding.peer,
        peer_name: founding.peer_name,
        peer_routes: Blob(peer_routes),
        binding: Secret32::new(founding.binding),
        safety_number: founding.safety_number,
        peer_changes: 0,
    };
    write_row(store, FIXED_TABLE, id.as_bytes(), &fixed)?;
    recovery::found(store, id, &founding.entered.lane_root)?;
    moving.write(store, id)
}

impl Fixed {
    pub(crate) fn read(store: &dyn Store, id: &ConversationId) -> Result<Self, StateError> {
        const WHAT: &str = "a conversation";
        let fixed: Self =
            read_row(store, FIXED_TABLE, id.as_bytes(), WHAT)?.ok_or(StateError::Unknown)?;
        if fixed.version == VERSION {
            Ok(fixed)
        } else {
            Err(StoreError::Damaged(WHAT).into())
        }
    }

    /// The peer's place in the transcript among equal times.
    pub(super) fn peer_writer(&self) -> u32 {
        1 - self.writer
    }

    /// The safety number of the two identities as they are now.
    pub(super) fn compared(&self) -> SafetyNumber {
        let (ours, theirs) = (self.identity.fingerprint(), *self.peer.fingerprint());
        let (inviter, redeemer) = if self.writer == INVITER_LEAF {
            (ours, theirs)
        } else {
            (theirs, ours)
        };
        SafetyNumber::new(&inviter, &redeemer, self.binding.expose())
    }

    pub(super) fn routes(&self) -> Result<Routes, StoreError> {
        hushwing_wire::from_bytes(&self.peer_routes.0)
            .map_err(|_| StoreError::Damaged("a contact's routes"))
    }
}

impl Moving {
    pub(super) fn read(store: &dyn Store, id: &ConversationId) -> Result<Self, StateError> {
        const WHAT: &str = "a conversation's state";
        read_row(store, MOVING_TABLE, id.as_bytes(), WHAT)?.ok_or(StateError::Unknown)
    }

    pub(super) fn write(&self, store: &dyn Store, id: &ConversationId) -> Result<(), StoreError> {
        write_row(store, MOVING_TABLE, id.as_bytes(), self)
    }
}
