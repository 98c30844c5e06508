//! What lies outside of the lanes: route records, and the places where requests
//! for new keys ([`super::repair`]) are put.
//!
//! Slots and keys come from a secret that both sides derive at the first
//! contact and keep for life, so they are still found after one side came back
//! from an old backup. Therefore nothing here is confidential by them alone: a
//! request holds public keys, an answer is encrypted to them (MLS Welcome), and
//! both are believed only with the pinned identity's two signatures.
//! `[HW-REC-1]` `[HW-REC-2]`

use hushwing_wire::{
    DecodeError, HybridSignature, RecoveryMessage, RecoveryPlaintext, RouteRecord, RouteUpdate,
    Routes, SealedBox, Slot,
};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::state::Fixed;
use crate::{
    Ctx,
    error::{Fault, StateError},
    ids::ConversationId,
    kdf::{self, BoxKey},
    marks::Received,
    mls::{MlsError, overlay::delete_scope},
    secret::{Blob, Secret32, read_row, write_row},
    store::{Store, StoreError, Table},
};

/// What is needed outside of the lanes: one row a conversation.
pub(super) const RECOVERY_TABLE: Table = Table(5);

const ROOT_LABEL: &[u8] = b"hushwing 1 recovery";
const SLOT_LABEL: &[u8] = b"hushwing 1 recovery slot";
const KEY_LABEL: &[u8] = b"hushwing 1 recovery key";
const ANSWER_SLOT_LABEL: &[u8] = b"hushwing 1 repair answer slot";
const ANSWER_KEY_LABEL: &[u8] = b"hushwing 1 repair answer key";
pub(super) const RECORD_KEY_LABEL: &[u8] = b"hushwing 1 route record key";
const SIGNED_LABEL: &[u8] = b"hushwing 1 recovery message";
/// Label in the associated data of a box at a recovery slot.
pub(super) const BOX_LABEL: &[u8] = b"hushwing 1 recovery box";
/// FIPS 204 context string.
const ML_DSA_CONTEXT: &[u8] = b"hushwing 1 recovery";

/// Places of the peer that are waited at at relays, from the next one: a writer
/// whose box did not get through at one goes on at the next, and a reader that is
/// behind, since its vault was rolled back, is met after a few steps.
const AWAITED_PLACES: [u32; 4] = [0, 1, 3, 7];

/// Places of the peer, from the next one, at which a box is taken in, and accepted
/// on the direct path.
pub const RECOVERY_WINDOW: u32 = 64;

/// The row.
#[derive(Serialize, Deserialize)]
pub(super) struct Recovery {
    pub(super) root: Secret32,
    pub(super) write_next: u32,
    pub(super) read_next: u32,
    /// Serial of our newest route update.
    pub(super) my_serial: u64,
    /// Serial of the newest route update of the peer that was believed.
    peer_serial: u64,
    pub(super) pending: Option<Pending>,
    /// The old keys stay unused although no request is out: the answer to our
    /// last one could not be used, or the state was damaged or restored.
    /// `[HW-REC-6]`
    #[serde(default)]
    pub(super) halted: bool,
    /// The request that we answered last, and how: it may come again at its
    /// writer's next places.
    #[serde(default)]
    pub(super) answered: Option<Answered>,
    /// Over which of our places requests walk, until new keys are there.
    #[serde(default)]
    pub(super) walk: Option<Walk>,
    /// What was stored of the peer's boxes, and in which generation, while nothing has
    /// come in the present one.
    #[serde(default)]
    pub(super) last_heard: Option<LastHeard>,
}

/// The newest generation in which something of the peer came.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct LastHeard {
    pub(super) generation: u32,
    pub(super) received: Received,
}

/// The places of a walk.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Walk {
    /// The first.
    pub(super) from: u32,
    /// The one after the last.
    pub(super) to: u32,
}

/// A request of the peer that has its answer, or our own request in its place.
#[derive(Serialize, Deserialize)]
pub(super) struct Answered {
    /// SHA-256 of the request's plaintext.
    pub(super) request: [u8; 32],
    pub(super) boxed: Blob,
}

/// We asked for a new group and wait for the answer.
#[derive(Serialize, Deserialize)]
pub(super) struct Pending {
    /// The request's plaintext.
    pub(super) request: Blob,
    pub(super) signer_seed: Secret32,
    /// Where the private parts of its key package are.
    pub(super) scope: ConversationId,
    /// It only asks whether the keys fit: they are used meanwhile.
    pub(super) is_question: bool,
    /// When it was made.
    pub(super) asked_at_ms: u64,
    /// Our first place at which it may lie.
    pub(super) place: u32,
    /// A question of the peer crossed it and was left to be answered by the peer.
    pub(super) passed_over: bool,
}

/// A box for a recovery slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryBox {
    /// Where it goes.
    pub slot: Slot,
    /// The box.
    pub boxed: SealedBox,
}

/// Nothing could be done outside of the lanes; nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecoveryError {
    /// There is no such conversation.
    #[error("there is no such conversation")]
    Unknown,
    /// The routes are not possible ones.
    #[error("these routes cannot be stated: {0}")]
    Routes(hushwing_wire::DecodeError),
    /// The record is not for this conversation, or was changed.
    #[error("the record is not from this contact")]
    NotTheirs,
    /// The record is not newer than what is known.
    #[error("the record is older than what is known already")]
    Old,
    /// New keys are being asked for already.
    #[error("new keys are being asked for already")]
    Unneeded,
    /// MLS refused.
    #[error(transparent)]
    Mls(#[from] MlsError),
    /// The vault failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RecoveryError {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Unknown | Self::Routes(_) | Self::NotTheirs | Self::Old | Self::Unneeded => {
                Fault::Caller
            }
            Self::Mls(error) => error.fault(),
            Self::Store(_) => Fault::Environment,
        }
    }
}

impl From<StateError> for RecoveryError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Unknown => Self::Unknown,
            StateError::Store(error) => Self::Store(error),
        }
    }
}

/// Makes the row of a new conversation from the secret of its first epoch.
pub(super) fn found(
    store: &dyn Store,
    id: &ConversationId,
    lane_root: &Secret32,
) -> Result<(), StoreError> {
    let row = Recovery {
        root: kdf::extract(ROOT_LABEL, lane_root.expose()),
        write_next: 0,
        read_next: 0,
        my_serial: 0,
        peer_serial: 0,
        pending: None,
        halted: false,
        answered: None,
        walk: None,
        last_heard: None,
    };
    row.write(store, id)
}

pub(super) fn forget(store: &dyn Store, id: &ConversationId) -> Result<(), StateError> {
    match Recovery::read(store, id) {
        Ok(row) => {
            if let Some(pending) = row.pending {
                delete_scope(store, &pending.scope)?;
            }
        }
        Err(StateError::Unknown | StateError::Store(StoreError::Damaged(_))) => {}
        Err(error) => return Err(error),
    }
    store.delete(RECOVERY_TABLE, id.as_bytes())?;
    Ok(())
}

/// Forgets a request that is out, and keeps the keys unused until new ones are
/// there.
pub(super) fn halt(store: &dyn Store, id: &ConversationId) -> Result<(), StateError> {
    let mut row = Recovery::read(store, id)?;
    if let Some(pending) = row.pending.take() {
        delete_scope(store, &pending.scope)?;
    }
    row.halted = true;
    Ok(row.write(store, id)?)
}

impl Recovery {
    pub(super) fn read(store: &dyn Store, id: &ConversationId) -> Result<Self, StateError> {
        read_row(
            store,
            RECOVERY_TABLE,
            id.as_bytes(),
            "a conversation's recovery",
        )?
        .ok_or(StateError::Unknown)
    }

    pub(super) fn write(&self, store: &dyn Store, id: &ConversationId) -> Result<(), StoreError> {
        write_row(store, RECOVERY_TABLE, id.as_bytes(), self)
    }

    pub(super) fn is_pending(&self) -> bool {
        self.halted || self.pending.as_ref().is_some_and(|one| !one.is_question)
    }

    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn pending_request(&self) -> Option<&[u8]> {
        self.pending.as_ref().map(|pending| &pending.request.0[..])
    }

    pub(super) fn slot(&self, writer: u32, index: u32) -> Slot {
        Slot::new(*kdf::expand(&self.root, SLOT_LABEL, &place(writer, index)).expose())
    }

    pub(super) fn key(&self, writer: u32, index: u32) -> BoxKey {
        BoxKey::new(kdf::expand(&self.root, KEY_LABEL, &place(writer, index)))
    }

    pub(super) fn answer_place(&self, request: &[u8; 32]) -> (Slot, BoxKey) {
        (
            Slot::new(*kdf::expand(&self.root, ANSWER_SLOT_LABEL, request).expose()),
            BoxKey::new(kdf::expand(&self.root, ANSWER_KEY_LABEL, request)),
        )
    }

    /// The answer to the request with this hash, if that was the last one.
    pub(super) fn answer_to(&self, request: &[u8; 32]) -> Result<Option<SealedBox>, StoreError> {
        let answered = self.answered.as_ref();
        let answered = answered.filter(|answered| answered.request == *request);
        let boxed = answered.map(|answered| SealedBox::from_slice(&answered.boxed.0));
        boxed
            .transpose()
            .map_err(|_| StoreError::Damaged("an answer with new keys"))
    }

    /// The slots at which the peer may put something for us now, the answer to
    /// our request first.
    pub(super) fn awaited(&self, peer_writer: u32) -> Vec<Slot> {
        let places = AWAITED_PLACES.map(|ahead| self.read_next.saturating_add(ahead));
        let boxes = places.map(|index| self.slot(peer_writer, index));
        self.answer_slot().into_iter().chain(boxes).collect()
    }

    /// The slots at which the peer may push something to our node.
    pub(super) fn window(&self, peer_writer: u32) -> Vec<Slot> {
        let places = (self.read_next..).take(RECOVERY_WINDOW as usize);
        let boxes = places.map(|index| self.slot(peer_writer, index));
        self.answer_slot().into_iter().chain(boxes).collect()
    }

    fn answer_slot(&self) -> Option<Slot> {
        let pending = self.pending.as_ref()?;
        let (slot, _) = self.answer_place(&kdf::sha256(&pending.request.0));
        Some(slot)
    }

    /// The next serial for routes of ours: it grows even after the vault was
    /// rolled back, because time does.
    pub(super) fn next_serial(
        store: &dyn Store,
        id: &ConversationId,
        now_ms: u64,
    ) -> Result<u64, StateError> {
        let mut row = Self::read(store, id)?;
        row.my_serial = (row.my_serial + 1).max(now_ms);
        row.write(store, id)?;
        Ok(row.my_serial)
    }
}

fn place(writer: u32, index: u32) -> [u8; 8] {
    let mut place = [0; 8];
    place[..4].copy_from_slice(&writer.to_be_bytes());
    place[4..].copy_from_slice(&index.to_be_bytes());
    place
}

/// What is signed: who says it, in which conversation, and what.
fn signed(fixed: &Fixed, writer: u32, message: &[u8]) -> [u8; 32] {
    kdf::transcript(
        SIGNED_LABEL,
        &[&writer.to_be_bytes(), fixed.binding.expose(), message],
    )
}

pub(super) fn sign(
    fixed: &Fixed,
    rng: &mut dyn CryptoRng,
    message: RecoveryMessage,
) -> Result<RecoveryPlaintext, RecoveryError> {
    let bytes = message.to_bytes().map_err(RecoveryError::Routes)?;
    Ok(signed_plaintext(fixed, rng, message, &bytes))
}

/// `message` with our signature over `bytes`, its encoding.
pub(super) fn signed_plaintext(
    fixed: &Fixed,
    rng: &mut dyn CryptoRng,
    message: RecoveryMessage,
    bytes: &[u8],
) -> RecoveryPlaintext {
    let hash = signed(fixed, fixed.writer, bytes);
    let signature: HybridSignature = fixed.identity.sign(rng, &hash, ML_DSA_CONTEXT);
    RecoveryPlaintext::new(message, signature)
}

/// The message, if the pinned peer signed it with both keys.
pub(super) fn verified(fixed: &Fixed, plaintext: RecoveryPlaintext) -> Option<RecoveryMessage> {
    let bytes = plaintext.message.to_bytes().ok()?;
    let hash = signed(fixed, fixed.peer_writer(), &bytes);
    fixed
        .peer
        .check(&hash, ML_DSA_CONTEXT, &plaintext.signature)
        .ok()?;
    Some(plaintext.message)
}

// Routes.

/// Our routes as a text for this contact alone. `[HW-ROUTE-3]`
///
/// # Errors
/// [`RecoveryError`]; nothing was changed.
pub fn route_record(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    routes: Routes,
) -> Result<RouteRecord, RecoveryError> {
    let fixed = Fixed::read(ctx.store, id)?;
    let serial = Recovery::next_serial(ctx.store, id, ctx.now_ms)?;
    let row = Recovery::read(ctx.store, id)?;
    let message = RecoveryMessage::Routes(RouteUpdate { serial, routes });
    let plaintext = sign(&fixed, ctx.rng, message)?;
    let bytes = Zeroizing::new(plaintext.to_bytes().map_err(RecoveryError::Routes)?);
    let key = record_key(&row, fixed.writer);
    let sealed = key.seal_text(ctx.rng, RECORD_KEY_LABEL, &bytes);
    RouteRecord::new(sealed).map_err(RecoveryError::Routes)
}

/// Takes in routes that the contact handed over as a text; gives them.
///
/// # Errors
/// [`RecoveryError::NotTheirs`] and [`RecoveryError::Old`] among others;
/// nothing was changed.
pub fn take_route_record(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    record: &RouteRecord,
) -> Result<Routes, RecoveryError> {
    let mut fixed = Fixed::read(ctx.store, id)?;
    let mut row = Recovery::read(ctx.store, id)?;
    let bytes = record_key(&row, fixed.peer_writer())
        .open_text(RECORD_KEY_LABEL, record.sealed())
        .ok_or(RecoveryError::NotTheirs)?;
    let plaintext = RecoveryPlaintext::from_bytes(&bytes).map_err(|_| RecoveryError::NotTheirs)?;
    let Some(RecoveryMessage::Routes(update)) = verified(&fixed, plaintext) else {
        return Err(RecoveryError::NotTheirs);
    };
    if !believe_routes(&mut fixed, &mut row, &update)? {
        return Err(RecoveryError::Old);
    }
    write_fixed(ctx.store, id, &fixed)?;
    row.write(ctx.store, id)?;
    Ok(update.routes)
}

pub(super) fn record_key(row: &Recovery, writer: u32) -> BoxKey {
    BoxKey::new(kdf::expand(&row.root, RECORD_KEY_LABEL, &place(writer, 0)))
}

/// Whether the update is news; then it is taken over into both rows.
pub(super) fn believe_routes(
    fixed: &mut Fixed,
    row: &mut Recovery,
    update: &RouteUpdate,
) -> Result<bool, StoreError> {
    if update.serial <= row.peer_serial {
        return Ok(false);
    }
    row.peer_serial = update.serial;
    fixed.peer_routes = Blob(
        hushwing_wire::to_bytes(&update.routes)
            .map_err(|_| StoreError::Damaged("routes to write"))?,
    );
    Ok(true)
}

/// Routes that came in the conversation itself.
pub(super) fn take_routes(
    store: &dyn Store,
    id: &ConversationId,
    fixed: &mut Fixed,
    update: &RouteUpdate,
) -> Result<bool, StateError> {
    let mut row = Recovery::read(store, id)?;
    if !believe_routes(fixed, &mut row, update)? {
        return Ok(false);
    }
    write_fixed(store, id, fixed)?;
    row.write(store, id)?;
    Ok(true)
}

/// Our routes as a box for a recovery slot: for relays that both sides may
/// know when the ones they agreed on are gone. `[HW-ROUTE-4]`
///
/// # Errors
/// [`RecoveryError`]; nothing was changed.
pub fn offer_routes(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    routes: Routes,
) -> Result<RecoveryBox, RecoveryError> {
    let fixed = Fixed::read(ctx.store, id)?;
    let serial = Recovery::next_serial(ctx.store, id, ctx.now_ms)?;
    let mut row = Recovery::read(ctx.store, id)?;
    let message = RecoveryMessage::Routes(RouteUpdate { serial, routes });
    let plaintext = sign(&fixed, ctx.rng, message)?;
    let boxed = seal_next(ctx.rng, &fixed, &mut row, &plaintext)?;
    row.write(ctx.store, id)?;
    Ok(boxed)
}

pub(super) fn seal_next(
    rng: &mut dyn CryptoRng,
    fixed: &Fixed,
    row: &mut Recovery,
    plaintext: &RecoveryPlaintext,
) -> Result<RecoveryBox, RecoveryError> {
    let padded = Zeroizing::new(plaintext.to_padded().map_err(RecoveryError::Routes)?);
    seal_padded(rng, fixed, row, &padded).map_err(RecoveryError::Routes)
}

/// A box at our next place with this plaintext.
pub(super) fn seal_padded(
    rng: &mut dyn CryptoRng,
    fixed: &Fixed,
    row: &mut Recovery,
    padded: &[u8],
) -> Result<RecoveryBox, DecodeError> {
    let slot = row.slot(fixed.writer, row.write_next);
    let key = row.key(fixed.writer, row.write_next);
    let boxed = key.seal(rng, BOX_LABEL, &slot, padded)?;
    row.write_next = row.write_next.saturating_add(1);
    Ok(RecoveryBox { slot, boxed })
}

pub(super) fn write_fixed(
    store: &dyn Store,
    id: &ConversationId,
    fixed: &Fixed,
) -> Result<(), StoreError> {
    write_row(store, super::state::FIXED_TABLE, id.as_bytes(), fixed)
}
