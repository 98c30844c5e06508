//! A conversation: one MLS group, lanes of slots, turns, receipts.

#[cfg(feature = "fuzzing")]
pub(crate) mod forge;
mod lanes;
mod open;
pub(crate) mod policy;
mod seal;
pub(crate) mod state;
#[cfg(test)]
mod tests;

use hushwing_wire::{Receipts, Routes, Slot};

use crate::{
    Ctx,
    direct::DirectKeys,
    error::StateError,
    ids::ConversationId,
    mls::overlay::{delete_prefix, delete_scope},
    safety::SafetyNumber,
    store::{Order, Store, StoreError},
};
pub use open::{Happening, OpenError, Opened, Unreadable, open};
pub use seal::{Budget, Outgoing, SealError, Sealed, seal};
use state::{FIXED_TABLE, Fixed, MOVING_TABLE, Moving, PARKED_TABLE, Stage};

/// Boxes that a writer may have written and not seen acknowledged, and boxes
/// that it may write without a commit of the peer in between. Bounds what a
/// thief of the peer's keys could read, and the skipped keys that are kept.
/// `[HW-CONV-8]`
pub const MAX_IN_FLIGHT: u64 = 1_000;

/// Boxes beyond [`MAX_IN_FLIGHT`] that may carry receipts and commits but no
/// content: two sides with full windows can still tell each other what arrived.
pub const RECEIPT_RESERVE: u64 = 32;

/// Indices of a lane that are accepted ahead of the next one. On the direct
/// path a writer has at most this many boxes on the way at once.
pub const LOOK_AHEAD: u32 = 32;

/// Lanes of the peer that are open at once, at most. That it is never more is
/// argued at the commit policy.
pub const MAX_OPEN_LANES: usize = 3;

/// Label in the associated data of every box of a lane.
const BOX_LABEL: &[u8] = b"hushwing 1 box";

/// How far a conversation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// We redeemed an invite and wait for the inviter; nothing can be sent.
    Requested,
    /// Both sides are bound to the same first contact, as far as we know.
    Established,
}

/// What a conversation looks like from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationView {
    /// How far it is.
    pub phase: Phase,
    /// The name that the peer chose.
    pub peer_name: String,
    /// Where the peer can be reached.
    pub peer_routes: Routes,
    /// Our MLS leaf; with the clock it orders the transcript.
    pub my_leaf: u32,
    /// Our MLS epoch.
    pub my_epoch: u64,
    /// The newest epoch in which we have seen the peer.
    pub peer_epoch: u64,
    /// The safety number, once established.
    pub safety_number: Option<SafetyNumber>,
    /// Boxes written; the number of the last one.
    pub sent: u64,
    /// How many of them the peer has not acknowledged.
    pub unacknowledged: u64,
    /// Which of them the peer has stored: a prefix and the newest ranges.
    pub peer_received: Receipts,
    /// Our last commit has not been seen by the peer yet.
    pub commit_pending: bool,
    /// The next box commits.
    pub may_commit: bool,
}

/// What a conversation looks like from outside.
///
/// # Errors
/// [`StateError`].
pub fn view(store: &dyn Store, id: &ConversationId) -> Result<ConversationView, StateError> {
    let fixed = Fixed::read(store, id)?;
    let moving = Moving::read(store, id)?;
    let phase = match moving.stage {
        Stage::Requested => Phase::Requested,
        Stage::Accepted | Stage::Established => Phase::Established,
    };
    Ok(ConversationView {
        phase,
        peer_routes: fixed.routes()?,
        my_leaf: fixed.my_leaf,
        my_epoch: moving.epoch,
        peer_epoch: moving.peer_epoch,
        safety_number: (phase == Phase::Established).then_some(fixed.safety_number),
        sent: moving.sent,
        unacknowledged: moving.unacknowledged(),
        peer_received: moving.peer_received.report(),
        commit_pending: moving.pending_commit.is_some(),
        may_commit: moving.stage != Stage::Requested
            && fixed.policy.may_commit(&moving.standing(fixed.my_leaf)),
        peer_name: fixed.peer_name,
    })
}

/// The slots to wait at: the next unread one of each open lane of the peer, at
/// most [`MAX_OPEN_LANES`].
///
/// # Errors
/// [`StateError`].
pub fn waits(store: &dyn Store, id: &ConversationId) -> Result<Vec<Slot>, StateError> {
    let moving = Moving::read(store, id)?;
    Ok(moving
        .read_lanes
        .iter()
        .map(|lane| lane.chain.slot())
        .collect())
}

/// The slots to accept on the direct path: the next [`LOOK_AHEAD`] of each open
/// lane, without those that have come already.
///
/// # Errors
/// [`StateError`].
pub fn window(store: &dyn Store, id: &ConversationId) -> Result<Vec<Slot>, StateError> {
    let moving = Moving::read(store, id)?;
    let mut slots = Vec::new();
    for lane in &moving.read_lanes {
        for (index, chain) in lane.ahead(LOOK_AHEAD) {
            let at = state::Place {
                epoch: lane.epoch,
                leaf: lane.leaf,
                index,
            };
            if store.get(PARKED_TABLE, &at.parked_key(id))?.is_none() {
                slots.push(chain.slot());
            }
        }
    }
    Ok(slots)
}

/// The keys of our node in this conversation.
///
/// # Errors
/// [`StateError`].
pub fn direct_keys(store: &dyn Store, id: &ConversationId) -> Result<DirectKeys, StateError> {
    Ok(Fixed::read(store, id)?.direct)
}

/// All conversations of the store, in no order that means something.
///
/// # Errors
/// [`StateError::Store`].
pub fn conversations(store: &dyn Store) -> Result<Vec<ConversationId>, StateError> {
    let rows = store.scan(FIXED_TABLE, &[], None, Order::Ascending, usize::MAX)?;
    rows.into_iter()
        .map(|(key, value)| {
            drop(zeroize::Zeroizing::new(value));
            let key = <[u8; 32]>::try_from(key.as_slice());
            key.map(ConversationId::new)
                .map_err(|_| StoreError::Damaged("a conversation's key").into())
        })
        .collect()
}

/// Deletes everything of a conversation; nothing happens when it is not there.
///
/// # Errors
/// [`StateError::Store`].
pub fn forget(ctx: &mut Ctx<'_>, id: &ConversationId) -> Result<(), StateError> {
    delete_scope(ctx.store, id)?;
    delete_prefix(ctx.store, PARKED_TABLE, id.as_bytes())?;
    ctx.store.delete(MOVING_TABLE, id.as_bytes())?;
    ctx.store.delete(FIXED_TABLE, id.as_bytes())?;
    Ok(())
}
