//! What lies outside of the lanes: route records, and the making anew of a
//! conversation whose keys no longer fit.
//!
//! Slots and keys come from a secret that both sides derive at the first
//! contact and keep for life, so they are still found after one side came back
//! from an old backup. Therefore nothing here is confidential by them alone: a
//! request holds public keys, an answer is encrypted to them (MLS Welcome), and
//! both are believed only with the pinned identity's two signatures.
//! `[HW-REC-1]` `[HW-REC-2]`

use hushwing_wire::{
    DecodeError, HybridSignature, RecoveryMessage, RecoveryPlaintext, RepairAnswer, RepairRequest,
    RouteRecord, RouteUpdate, Routes, SealedBox, Slot,
    limits::{MAX_GENERATION, MAX_PLACE},
};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{
    Happening, OpenError, Opened, Unreadable,
    state::{Fixed, INVITER_LEAF, Moving, PARKED_TABLE, REDEEMER_LEAF},
};
use crate::{
    Ctx,
    error::{Fault, StateError},
    ids::ConversationId,
    kdf::{self, BoxKey},
    mls::{
        self, ExternalPsk, Group, LeafSigner, MlsError, PeerKeyPackage,
        overlay::{delete_prefix, delete_scope},
        provider::Provider,
    },
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
const PSK_LABEL: &[u8] = b"hushwing 1 repair psk";
const PSK_ID_LABEL: &[u8] = b"hushwing 1 repair psk id";
const SIGNED_LABEL: &[u8] = b"hushwing 1 recovery message";
/// Label in the associated data of a box at a recovery slot.
pub(super) const BOX_LABEL: &[u8] = b"hushwing 1 recovery box";
/// FIPS 204 context string.
const ML_DSA_CONTEXT: &[u8] = b"hushwing 1 recovery";

/// Recovery slots of the peer that are read ahead of the next: a writer whose
/// box did not get through at one goes on at the next.
pub const RECOVERY_LOOK_AHEAD: u32 = 2;

/// The row.
#[derive(Serialize, Deserialize)]
pub(super) struct Recovery {
    root: Secret32,
    write_next: u32,
    read_next: u32,
    /// Serial of our newest route update.
    my_serial: u64,
    /// Serial of the newest route update of the peer that was believed.
    peer_serial: u64,
    pending: Option<Pending>,
    /// The old keys stay unused although no request is out: the answer to our
    /// last one could not be used, or the state was damaged or restored.
    /// `[HW-REC-6]`
    #[serde(default)]
    halted: bool,
    /// The request that we answered last, and how: it may come again at its
    /// writer's next places.
    #[serde(default)]
    answered: Option<Answered>,
}

/// A request of the peer that has its answer.
#[derive(Serialize, Deserialize)]
struct Answered {
    /// SHA-256 of the request's plaintext.
    request: [u8; 32],
    boxed: Blob,
}

/// We asked for a new group and wait for the answer.
#[derive(Serialize, Deserialize)]
struct Pending {
    /// The request's plaintext.
    request: Blob,
    signer_seed: Secret32,
    /// Where the private parts of its key package are.
    scope: ConversationId,
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
            Self::Unknown | Self::Routes(_) | Self::NotTheirs | Self::Old => Fault::Caller,
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
        self.pending.is_some() || self.halted
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
    fn answer_to(&self, request: &[u8; 32]) -> Result<Option<SealedBox>, StoreError> {
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
        let answer = self.pending.as_ref().map(|pending| {
            let (slot, _) = self.answer_place(&kdf::sha256(&pending.request.0));
            slot
        });
        let ahead = (self.read_next..).take(RECOVERY_LOOK_AHEAD as usize);
        let boxes = ahead.map(|index| self.slot(peer_writer, index));
        answer.into_iter().chain(boxes).collect()
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

fn sign(
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
fn verified(fixed: &Fixed, plaintext: RecoveryPlaintext) -> Option<RecoveryMessage> {
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
fn believe_routes(
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

fn seal_next(
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

// Repair.

/// Asks the peer to make the conversation's keys anew: from now on nothing is
/// sealed with the present ones. Asking again while an answer is awaited puts
/// the same request at the next slot. `[HW-REC-3]`
///
/// # Errors
/// [`RecoveryError`]; nothing was changed.
pub fn ask_repair(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    routes: Routes,
) -> Result<RecoveryBox, RecoveryError> {
    let store = ctx.store;
    let fixed = Fixed::read(store, id)?;
    let mut row = Recovery::read(store, id)?;
    if let Some(pending) = &row.pending {
        let plaintext = RecoveryPlaintext::from_bytes(&pending.request.0)
            .map_err(|_| StoreError::Damaged("a request for new keys"))?;
        let boxed = seal_next(ctx.rng, &fixed, &mut row, &plaintext)?;
        row.write(store, id)?;
        return Ok(boxed);
    }
    let serial = Recovery::next_serial(store, id, ctx.now_ms)?;
    row.my_serial = serial;
    let received = Moving::read(store, id).map(|moving| moving.received.report())?;
    let signer_seed = Secret32::random(ctx.rng);
    let scope = ConversationId::random(ctx.rng);
    let provider = Provider::new(store, ctx.rng, scope)?;
    let key_package = mls::make_key_package(
        &provider,
        &LeafSigner::new(&signer_seed),
        fixed.identity.fingerprint().as_bytes(),
    )?;
    let message = RecoveryMessage::Request(RepairRequest {
        key_package,
        generation: fixed.generation,
        received,
        read_next: row.read_next.min(MAX_PLACE),
        routes: RouteUpdate { serial, routes },
    });
    let plaintext = provider.with_rng(|rng| sign(&fixed, rng, message))?;
    let request = plaintext.to_bytes().map_err(RecoveryError::Routes)?;
    let boxed = provider.with_rng(|rng| seal_next(rng, &fixed, &mut row, &plaintext))?;
    provider.overlay().accept();
    provider.overlay().flush()?;
    row.pending = Some(Pending {
        request: Blob(request),
        signer_seed,
        scope,
    });
    row.halted = false;
    row.write(store, id)?;
    Ok(boxed)
}

/// Gives our request for new keys up: the vault was restored from a copy, and
/// in the life that is lost the request may have been answered. The next
/// [`ask_repair`] makes a fresh one; the keys stay unused until new ones are
/// there. `[HW-REC-3]` `[HW-REC-6]`
///
/// # Errors
/// [`StateError`].
pub fn forget_request(ctx: &mut Ctx<'_>, id: &ConversationId) -> Result<(), StateError> {
    halt(ctx.store, id)
}

/// A box at a recovery slot, if `slot` is one that is awaited.
///
/// # Errors
/// [`OpenError`]; nothing was changed.
pub(super) fn open(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    fixed: Fixed,
    slot: &Slot,
    boxed: &SealedBox,
) -> Result<Option<Opened>, OpenError> {
    let row = Recovery::read(ctx.store, id)?;
    let step = Step {
        id,
        fixed,
        row,
        opened: Opened {
            consumed: vec![*slot],
            ..Opened::default()
        },
    };
    step.open(ctx, slot, boxed)
}

struct Step<'a> {
    id: &'a ConversationId,
    fixed: Fixed,
    row: Recovery,
    opened: Opened,
}

impl Step<'_> {
    fn open(
        mut self,
        ctx: &mut Ctx<'_>,
        slot: &Slot,
        boxed: &SealedBox,
    ) -> Result<Option<Opened>, OpenError> {
        if let Some(pending) = &self.row.pending {
            let hash = kdf::sha256(&pending.request.0);
            let (answer_slot, key) = self.row.answer_place(&hash);
            if answer_slot == *slot {
                let message = self.read(slot, &key, boxed)?;
                let Some(RecoveryMessage::Answer(answer)) =
                    message.filter(|message| is_answer_to(message, &hash))
                else {
                    return Err(OpenError::Forged);
                };
                return self.take_answer(ctx, &answer).map(Some);
            }
        }
        let peer = self.fixed.peer_writer();
        let index = (self.row.read_next..)
            .take(RECOVERY_LOOK_AHEAD as usize)
            .find(|index| self.row.slot(peer, *index) == *slot);
        let Some(index) = index else {
            return Ok(None);
        };
        let message = self.read(slot, &self.row.key(peer, index), boxed)?;
        self.row.read_next = index + 1;
        match message {
            Some(RecoveryMessage::Routes(update)) => {
                if believe_routes(&mut self.fixed, &mut self.row, &update)? {
                    self.opened
                        .happenings
                        .push(Happening::Routes(update.routes));
                }
            }
            Some(RecoveryMessage::Request(request)) => {
                let hash = self.hash_of(boxed, slot, index)?;
                self.take_request(ctx, &request, hash)?;
            }
            // Signed by nobody or not for this place: the slot is used up, all
            // else is as before.
            Some(RecoveryMessage::Answer(_)) | None => {}
        }
        write_fixed(ctx.store, self.id, &self.fixed)?;
        self.row.write(ctx.store, self.id)?;
        Ok(Some(self.opened))
    }

    /// The signed message in a box; `None` when it is malformed or not signed
    /// by the peer.
    fn read(
        &self,
        slot: &Slot,
        key: &BoxKey,
        boxed: &SealedBox,
    ) -> Result<Option<RecoveryMessage>, OpenError> {
        let padded = key.open(BOX_LABEL, slot, boxed).ok_or(OpenError::Forged)?;
        let plaintext = RecoveryPlaintext::from_padded(&padded).ok();
        Ok(plaintext.and_then(|plaintext| verified(&self.fixed, plaintext)))
    }

    /// SHA-256 of the request's plaintext, which names its answer.
    fn hash_of(&self, boxed: &SealedBox, slot: &Slot, index: u32) -> Result<[u8; 32], OpenError> {
        let padded = self
            .row
            .key(self.fixed.peer_writer(), index)
            .open(BOX_LABEL, slot, boxed)
            .ok_or(OpenError::Forged)?;
        let plaintext = RecoveryPlaintext::from_padded(&padded).map_err(|_| OpenError::Forged)?;
        let bytes = plaintext.to_bytes().map_err(|_| OpenError::Forged)?;
        Ok(kdf::sha256(&bytes))
    }

    /// Makes the new group, unless our own request goes first.
    fn take_request(
        &mut self,
        ctx: &mut Ctx<'_>,
        request: &RepairRequest,
        hash: [u8; 32],
    ) -> Result<(), OpenError> {
        let store = ctx.store;
        if believe_routes(&mut self.fixed, &mut self.row, &request.routes)? {
            self.opened
                .happenings
                .push(Happening::Routes(request.routes.routes.clone()));
        }
        // Where the peer reads next: what lies before, it will never look at.
        self.row.write_next = self.row.write_next.max(request.read_next);
        if let Some(boxed) = self.row.answer_to(&hash)? {
            // A second group would part us from the peer, who takes the answer
            // that it finds first.
            let (slot, _) = self.row.answer_place(&hash);
            self.opened.answer = Some(RecoveryBox { slot, boxed });
            return Ok(());
        }
        // Of two requests that cross, the inviter's is answered.
        if self.row.pending.is_some() && self.fixed.writer == INVITER_LEAF {
            return Ok(());
        }
        let generation = self.fixed.generation.max(request.generation) + 1;
        if generation > MAX_GENERATION {
            return Ok(());
        }
        let signer_seed = Secret32::random(ctx.rng);
        let scope = ConversationId::random(ctx.rng);
        let provider = Provider::new(store, ctx.rng, scope)?;
        let signer = LeafSigner::new(&signer_seed);
        let Ok(key_package) = PeerKeyPackage::parse(&provider, &request.key_package) else {
            return Ok(());
        };
        if key_package.leaf().credential != self.fixed.peer.fingerprint().as_bytes() {
            return Ok(());
        }
        let psk_value = kdf::expand(&self.row.root, PSK_LABEL, &hash);
        let psk = ExternalPsk {
            id: kdf::transcript(PSK_ID_LABEL, &[&hash]),
            value: &psk_value,
        };
        let founded = Group::found(
            &provider,
            &signer,
            self.fixed.identity.fingerprint().as_bytes(),
            key_package,
            &psk,
        );
        let (group, welcome) = match founded {
            Err(error) if error.fault() == Fault::Peer => return Ok(()),
            founded => founded?,
        };
        let entered = group.entered(&provider)?;
        let old = Moving::read(store, self.id)?;
        let message = RecoveryMessage::Answer(RepairAnswer {
            request: hash.to_vec(),
            welcome,
            generation,
            old_generation: self.fixed.generation,
            received: old.received.report(),
            write_next: self.row.write_next.min(MAX_PLACE),
        });
        let (slot, key) = self.row.answer_place(&hash);
        let boxed = provider.with_rng(|rng| {
            let plaintext = sign(&self.fixed, rng, message).map_err(open_error)?;
            let padded = plaintext
                .to_padded()
                .map_err(|_| OpenError::Mls(MlsError::Internal("encoding an answer")))?;
            key.seal(rng, BOX_LABEL, &slot, &Zeroizing::new(padded))
                .map_err(|_| OpenError::Mls(MlsError::Internal("sealing an answer")))
        })?;
        provider.overlay().accept();
        provider.overlay().flush()?;
        let begun = Begun {
            scope,
            signer_seed,
            group_id: group.id(),
            generation,
            my_leaf: REDEEMER_LEAF,
        };
        if let Some(ours) = self.row.pending.take() {
            delete_scope(store, &ours.scope)?;
        }
        self.begin(store, begun, &old, &entered)?;
        self.row.answered = Some(Answered {
            request: hash,
            boxed: Blob(boxed.as_bytes().to_vec()),
        });
        self.opened.answer = Some(RecoveryBox { slot, boxed });
        self.opened.happenings.push(Happening::Repaired {
            generation,
            peer_generation: request.generation,
            peer_received: request.received.clone(),
        });
        Ok(())
    }

    /// Joins the new group. An answer that the peer signed and that cannot be
    /// used uses the request up: its place holds one box for ever, so only
    /// another request can be answered. `[HW-REC-6]`
    fn take_answer(
        mut self,
        ctx: &mut Ctx<'_>,
        answer: &RepairAnswer,
    ) -> Result<Opened, OpenError> {
        let store = ctx.store;
        let pending = self.row.pending.take().ok_or(OpenError::UnknownSlot)?;
        let scope = pending.scope;
        match self.join(ctx, pending, answer) {
            Ok(()) => {}
            Err(OpenError::Mls(why)) if why.fault() == Fault::Peer => {
                delete_scope(store, &scope)?;
                self.row.halted = true;
                self.opened = Opened {
                    consumed: self.opened.consumed,
                    happenings: vec![Happening::AnswerRefused {
                        why: Unreadable::Mls(why),
                    }],
                    ..Opened::default()
                };
            }
            Err(error) => return Err(error),
        }
        write_fixed(store, self.id, &self.fixed)?;
        self.row.write(store, self.id)?;
        Ok(self.opened)
    }

    fn join(
        &mut self,
        ctx: &mut Ctx<'_>,
        pending: Pending,
        answer: &RepairAnswer,
    ) -> Result<(), OpenError> {
        const WHAT: OpenError = OpenError::Mls(MlsError::Refused("the answer with new keys"));
        let store = ctx.store;
        let hash = kdf::sha256(&pending.request.0);
        let provider = Provider::new(store, ctx.rng, pending.scope)?;
        let psk_value = kdf::expand(&self.row.root, PSK_LABEL, &hash);
        let psk = ExternalPsk {
            id: kdf::transcript(PSK_ID_LABEL, &[&hash]),
            value: &psk_value,
        };
        let group = Group::join(&provider, &answer.welcome, &psk)?;
        let founder = group.leaf(REDEEMER_LEAF).ok_or(WHAT)?;
        if founder.credential != self.fixed.peer.fingerprint().as_bytes()
            || answer.generation <= self.fixed.generation
        {
            return Err(WHAT);
        }
        let entered = group.entered(&provider)?;
        provider.overlay().accept();
        provider.overlay().flush()?;
        let old = Moving::read(store, self.id)?;
        let was_requested = old.is_requested();
        let begun = Begun {
            scope: pending.scope,
            signer_seed: pending.signer_seed,
            group_id: group.id(),
            generation: answer.generation,
            my_leaf: INVITER_LEAF,
        };
        self.row.read_next = self.row.read_next.max(answer.write_next);
        self.begin(store, begun, &old, &entered)?;
        if was_requested {
            let safety_number = self.fixed.safety_number.clone();
            self.opened
                .happenings
                .push(Happening::Established { safety_number });
        }
        self.opened.happenings.push(Happening::Repaired {
            generation: answer.generation,
            peer_generation: answer.old_generation,
            peer_received: answer.received.clone(),
        });
        Ok(())
    }

    /// Replaces the old group by the new one. The Lamport time goes on.
    fn begin(
        &mut self,
        store: &dyn Store,
        begun: Begun,
        old: &Moving,
        entered: &mls::Entered,
    ) -> Result<(), OpenError> {
        delete_scope(store, &self.fixed.scope)?;
        delete_prefix(store, PARKED_TABLE, self.id.as_bytes())?;
        self.fixed.scope = begun.scope;
        self.fixed.signer_seed = begun.signer_seed;
        self.fixed.group_id = Blob(begun.group_id);
        self.fixed.generation = begun.generation;
        self.fixed.my_leaf = begun.my_leaf;
        self.fixed.peer_leaf = 1 - begun.my_leaf;
        self.row.halted = false;
        Moving::anew(old, begun.my_leaf, self.fixed.peer_leaf, entered).write(store, self.id)?;
        Ok(())
    }
}

/// A group that replaces another.
struct Begun {
    scope: ConversationId,
    signer_seed: Secret32,
    group_id: Vec<u8>,
    generation: u32,
    my_leaf: u32,
}

fn is_answer_to(message: &RecoveryMessage, request: &[u8; 32]) -> bool {
    matches!(message, RecoveryMessage::Answer(answer) if answer.request == request)
}

fn open_error(error: RecoveryError) -> OpenError {
    match error {
        RecoveryError::Store(error) => OpenError::Store(error),
        RecoveryError::Mls(error) => OpenError::Mls(error),
        _ => OpenError::Mls(MlsError::Internal("an answer with new keys")),
    }
}

fn write_fixed(store: &dyn Store, id: &ConversationId, fixed: &Fixed) -> Result<(), StoreError> {
    write_row(store, super::state::FIXED_TABLE, id.as_bytes(), fixed)
}
