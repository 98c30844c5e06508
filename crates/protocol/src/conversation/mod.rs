//! A conversation: one MLS group, lanes of slots, turns, receipts.

mod asking;
#[cfg(test)]
mod asking_tests;
#[cfg(test)]
mod envelope_tests;
#[cfg(test)]
mod failing_tests;
#[cfg(feature = "fuzzing")]
pub(crate) mod forge;
mod lanes;
mod mend;
mod open;
#[cfg(test)]
mod past_tests;
mod places;
#[cfg(test)]
mod placing;
pub(crate) mod policy;
mod recovery;
#[cfg(test)]
mod recovery_tests;
mod repair;
#[cfg(test)]
mod repair_tests;
mod routes;
mod seal;
pub(crate) mod state;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod vector_tests;

use hushwing_wire::{LanePlace, Receipts, Routes, Slot, limits::MAX_SLOTS_PER_REQUEST};

use crate::{
    Ctx,
    direct::DirectKeys,
    error::StateError,
    ids::ConversationId,
    mls::overlay::{delete_prefix, delete_scope},
    safety::SafetyNumber,
    store::{Order, Store, StoreError, prefix_end},
};
pub use asking::{
    ask_repair, ask_succession, ask_the_past_whether_keys_fit, ask_whether_keys_fit,
    forget_request, give_up_identity, renew_request, walk_again,
};
pub use mend::{Soundness, make_hollow, soundness};
pub use open::{Happening, OpenError, Opened, Unreadable, Whose, open};
pub use recovery::{ANSWERS_MS, MAX_ANSWERS, RECOVERY_WINDOW, RecoveryBox, RecoveryError};
pub use routes::{offer_routes, route_record, take_route_record};
pub use seal::{Budget, Outgoing, SealError, Sealed, seal};
use state::{FIXED_TABLE, Fixed, MOVING_TABLE, Moving, PARKED_TABLE, Stage};

/// Boxes that a writer may have written and not seen acknowledged, and boxes
/// that it may write without a commit of the peer in between. Bounds what a
/// thief of the peer's keys could read, and the skipped keys that are kept.
/// `[HW-CONV-8]`
pub const MAX_IN_FLIGHT: u64 = 1_000;

/// How long content may be written without a commit of the peer, in milliseconds: 14
/// days from the first box with content that the peer has not answered with one. Bounds
/// in time what [`MAX_IN_FLIGHT`] bounds in number. `[HW-CONV-8]`
pub const MAX_UNRENEWED_MS: u64 = 14 * 24 * 3_600_000;

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
    /// How often the peer has taken another identity.
    pub peer_changes: u32,
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
    /// How often the keys were made anew; box numbers begin again each time.
    pub generation: u32,
    /// We asked for new keys and wait for the answer; nothing is sealed meanwhile.
    pub repairing: bool,
    /// We have another identity that the peer has not taken yet. `[HW-ROT-1]`
    pub succeeding: bool,
    /// A request of ours for new keys, or a question, is out.
    pub asking: bool,
    /// Boxes of the peer that must exist and have not come.
    pub missing: u64,
    /// Lanes of the peer that are not finished; at most [`MAX_OPEN_LANES`].
    pub open_lanes: usize,
}

/// What a conversation looks like from outside.
///
/// # Errors
/// [`StateError`].
pub fn view(store: &dyn Store, id: &ConversationId) -> Result<ConversationView, StateError> {
    let fixed = Fixed::read(store, id)?;
    let moving = Moving::read(store, id)?;
    let row = recovery::Recovery::read(store, id)?;
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
        peer_changes: fixed.peer_changes,
        sent: moving.sent,
        unacknowledged: moving.unacknowledged(),
        peer_received: moving.peer_received.covered(),
        commit_pending: moving.pending_commit.is_some(),
        may_commit: moving.stage != Stage::Requested
            && fixed.policy.may_commit(&moving.standing(fixed.my_leaf)),
        generation: fixed.generation,
        repairing: row.is_pending(),
        succeeding: row.successor.is_some(),
        asking: row.requests().next().is_some(),
        missing: missing(store, id, &moving)?,
        open_lanes: moving.read_lanes.len(),
        peer_name: fixed.peer_name,
    })
}

/// How many boxes of the peer must exist and have not come: those before one
/// that came early, and those in lanes that the peer says it has left.
fn missing(store: &dyn Store, id: &ConversationId, moving: &Moving) -> Result<u64, StateError> {
    let mut missing = 0;
    for lane in &moving.read_lanes {
        let prefix = state::parked_lane_prefix(id, lane.epoch, lane.leaf);
        let end = prefix_end(&prefix);
        let parked = store.scan(
            PARKED_TABLE,
            &prefix,
            end.as_deref(),
            Order::Ascending,
            usize::MAX,
        )?;
        let last_parked = parked.last().and_then(|(key, _)| {
            let index = key.last_chunk::<4>()?;
            u32::from_be_bytes(*index).checked_add(1)
        });
        let upper = lane.end.or(last_parked).unwrap_or(lane.next);
        missing += u64::from(upper.saturating_sub(lane.next)).saturating_sub(parked.len() as u64);
    }
    Ok(missing)
}

/// The slots to wait at, at most [`MAX_SLOTS_PER_REQUEST`]: the next unread one
/// of each open lane of the peer, those outside of the lanes, and, as far as
/// there is room, what comes after in the newest lane, so that a box that a
/// relay lost does not hide the later ones.
///
/// # Errors
/// [`StateError`].
pub fn waits(store: &dyn Store, id: &ConversationId) -> Result<Vec<Slot>, StateError> {
    let fixed = Fixed::read(store, id)?;
    let moving = Moving::read(store, id)?;
    let mut slots: Vec<Slot> = moving
        .read_lanes
        .iter()
        .map(|lane| lane.chain.slot())
        .collect();
    slots.extend(recovery::Recovery::read(store, id)?.awaited(fixed.peer_writer()));
    slots.truncate(MAX_SLOTS_PER_REQUEST);
    let room = MAX_SLOTS_PER_REQUEST.saturating_sub(slots.len());
    if let Some(newest) = moving.read_lanes.last() {
        let ahead = newest.ahead(LOOK_AHEAD).skip(1);
        slots.extend(not_parked(store, id, newest, ahead)?.into_iter().take(room));
    }
    Ok(slots)
}

/// The slots among `ahead` of `lane` whose boxes have not come early.
fn not_parked(
    store: &dyn Store,
    id: &ConversationId,
    lane: &lanes::ReadLane,
    ahead: impl Iterator<Item = (u32, lanes::Chain)>,
) -> Result<Vec<Slot>, StateError> {
    let mut slots = Vec::new();
    for (index, chain) in ahead {
        let at = state::Place {
            epoch: lane.epoch,
            leaf: lane.leaf,
            index,
        };
        if store.get(PARKED_TABLE, &at.parked_key(id))?.is_none() {
            slots.push(chain.slot());
        }
    }
    Ok(slots)
}

/// The slots to accept on the direct path: the next [`LOOK_AHEAD`] of each open
/// lane, without those that have come already.
///
/// # Errors
/// [`StateError`].
pub fn window(store: &dyn Store, id: &ConversationId) -> Result<Vec<Slot>, StateError> {
    let fixed = Fixed::read(store, id)?;
    let moving = Moving::read(store, id)?;
    let mut slots = recovery::Recovery::read(store, id)?.window(fixed.peer_writer());
    for lane in &moving.read_lanes {
        slots.extend(not_parked(store, id, lane, lane.ahead(LOOK_AHEAD))?);
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

/// Boxes of ours that the peer has and cannot read: they count as acknowledged from
/// now on, so that they do not use up the budget. Their numbers; places at which no box
/// of ours waits for a receipt change nothing. `[HW-CONV-16]`
///
/// # Errors
/// [`StateError`].
pub fn unread_there(
    store: &dyn Store,
    id: &ConversationId,
    places: &[LanePlace],
) -> Result<Vec<u64>, StateError> {
    let mut moving = Moving::read(store, id)?;
    let numbers = moving.peer_received.give_up_at(places);
    if !numbers.is_empty() {
        moving.write(store, id)?;
    }
    Ok(numbers)
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
    // Of a damaged row only what it alone names stays behind.
    match Fixed::read(ctx.store, id) {
        Ok(fixed) => delete_scope(ctx.store, &fixed.scope)?,
        Err(StateError::Unknown | StateError::Store(StoreError::Damaged(_))) => {}
        Err(error) => return Err(error),
    }
    recovery::forget(ctx.store, id)?;
    delete_prefix(ctx.store, PARKED_TABLE, id.as_bytes())?;
    ctx.store.delete(MOVING_TABLE, id.as_bytes())?;
    ctx.store.delete(FIXED_TABLE, id.as_bytes())?;
    Ok(())
}
