//! What lies outside of the lanes: route records, and the places where requests
//! for new keys ([`super::repair`]) are put.
//!
//! Slots and keys come from a secret that both sides derive at the first
//! contact and keep until one takes another identity, so they are still found
//! after one side came back from an old backup. Therefore nothing here is
//! confidential by them alone: a request holds public keys, an answer is encrypted
//! to them (MLS Welcome), and both are believed only with the pinned identity's
//! two signatures.
//! `[HW-REC-1]` `[HW-REC-2]`

use hushwing_wire::{
    DecodeError, HybridSignature, RecoveryMessage, RecoveryPlaintext, RouteUpdate, SealedBox, Slot,
    Succession,
};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{places::Places, state::Fixed};
use crate::{
    direct::DirectKeys,
    error::{Fault, StateError},
    identity::{IdentityKeys, VerifiedPeer},
    ids::ConversationId,
    kdf,
    marks::Received,
    mls::{Entered, MlsError, overlay::delete_scope},
    secret::{Blob, Secret32, read_row, write_row},
    store::{Store, StoreError, Table},
};

/// What is needed outside of the lanes: one row a conversation.
pub(super) const RECOVERY_TABLE: Table = Table(5);

const ROOT_LABEL: &[u8] = b"hushwing 1 recovery";
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

/// Requests for new keys that are answered within [`ANSWERS_MS`], at most: each costs a
/// group and everything that is undelivered sealed once more, and an honest peer asks
/// once an hour. `[HW-REC-9]`
pub const MAX_ANSWERS: u32 = 8;

/// An hour, in milliseconds.
pub const ANSWERS_MS: u64 = 3_600_000;

/// The row.
#[derive(Serialize, Deserialize)]
pub(super) struct Recovery {
    pub(super) root: Secret32,
    pub(super) write_next: u32,
    pub(super) read_next: u32,
    /// Serial of our newest route update.
    pub(super) my_serial: u64,
    /// Serial of the newest route update of the peer that was believed.
    pub(super) peer_serial: u64,
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
    /// Whom our identity hands over to, until the peer has taken that.
    #[serde(default)]
    pub(super) successor: Option<Successor>,
    /// The places that were in use before the last change of an identity.
    #[serde(default)]
    pub(super) past: Option<Past>,
    /// A request by the past places, to a peer that perhaps knows only those, until it
    /// is answered. `[HW-ROT-3]`
    #[serde(default)]
    pub(super) anew: Option<Pending>,
    /// Since when answers with new keys are counted, in milliseconds, and how many there
    /// were.
    #[serde(default)]
    pub(super) answers: (u64, u32),
    /// The next request goes by the past places: several by the present ones found no
    /// answer.
    #[serde(default)]
    pub(super) by_past: bool,
}

/// An identity that is to replace ours.
#[derive(Serialize, Deserialize)]
pub(super) struct Successor {
    pub(super) identity: IdentityKeys,
    pub(super) direct: DirectKeys,
}

/// The places of before the last change of an identity. `[HW-ROT-3]`
#[derive(Serialize, Deserialize)]
pub(super) struct Past {
    pub(super) root: Secret32,
    pub(super) write_next: u32,
    pub(super) read_next: u32,
    pub(super) of: PastOf,
}

/// Whose identity changed then.
#[derive(Serialize, Deserialize)]
pub(super) enum PastOf {
    /// Ours, and what it was: a peer that came back from an older vault knows only that.
    Ours(IdentityKeys),
    /// The peer's: it may not know yet that we took it. Until something comes with the
    /// new keys, whom it was before may still speak at these places.
    Theirs(Option<VerifiedPeer>),
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
    /// It is our own request. `[HW-REC-8]`
    #[serde(default)]
    pub(super) is_ours: bool,
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
    /// The present keys stay in use until it is answered.
    #[serde(default)]
    pub(super) keeps_keys: bool,
    /// In whose name it is.
    #[serde(default)]
    pub(super) as_whom: AsWhom,
    /// It goes by the places of before the last change of an identity, and so does its
    /// answer.
    #[serde(default)]
    pub(super) by_past: bool,
}

/// In whose name a request is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum AsWhom {
    /// Our identity, which the peer knows.
    #[default]
    Us,
    /// Our successor, whom it does not know yet.
    Successor,
    /// Our identity, to a peer that perhaps knows only the one before. `[HW-ROT-3]`
    UsAnew,
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
        root: root_of(lane_root),
        write_next: 0,
        read_next: 0,
        my_serial: 0,
        peer_serial: 0,
        pending: None,
        halted: false,
        answered: None,
        walk: None,
        last_heard: None,
        successor: None,
        past: None,
        anew: None,
        answers: (0, 0),
        by_past: false,
    };
    row.write(store, id)
}

pub(super) fn forget(store: &dyn Store, id: &ConversationId) -> Result<(), StateError> {
    match Recovery::read(store, id) {
        Ok(mut row) => row.withdraw(store)?,
        Err(StateError::Unknown | StateError::Store(StoreError::Damaged(_))) => {}
        Err(error) => return Err(error),
    }
    store.delete(RECOVERY_TABLE, id.as_bytes())?;
    Ok(())
}

/// The recovery secret of a group, from its first epoch.
pub(super) fn root_of(lane_root: &Secret32) -> Secret32 {
    kdf::extract(ROOT_LABEL, lane_root.expose())
}

/// Forgets a request that is out, and keeps the keys unused until new ones are
/// there.
pub(super) fn halt(store: &dyn Store, id: &ConversationId) -> Result<(), StateError> {
    let mut row = Recovery::read(store, id)?;
    row.withdraw(store)?;
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
        let stops = |one: &Pending| !one.is_question && !one.keeps_keys;
        self.halted || self.pending.as_ref().is_some_and(stops)
    }

    /// Forgets our requests.
    pub(super) fn withdraw(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        for ours in self.pending.take().into_iter().chain(self.anew.take()) {
            delete_scope(store, &ours.scope)?;
        }
        Ok(())
    }

    /// Our requests that are out.
    pub(super) fn requests(&self) -> impl Iterator<Item = &Pending> {
        self.pending.iter().chain(&self.anew)
    }

    /// Our request by the present places, or by the past ones.
    pub(super) fn ours(&self, by_past: bool) -> Option<&Pending> {
        if by_past {
            self.anew.as_ref()
        } else {
            self.pending.as_ref()
        }
    }

    /// The same, to put or take one.
    pub(super) fn ours_mut(&mut self, by_past: bool) -> &mut Option<Pending> {
        if by_past {
            &mut self.anew
        } else {
            &mut self.pending
        }
    }

    #[cfg(any(test, feature = "fuzzing"))]
    pub(super) fn pending_request(&self) -> Option<&[u8]> {
        self.pending.as_ref().map(|pending| &pending.request.0[..])
    }

    /// The places in use.
    pub(super) fn places(&self) -> Places<'_> {
        Places::of(&self.root)
    }

    /// The places by which our request goes.
    pub(super) fn places_of(&self, pending: &Pending) -> Places<'_> {
        match &self.past {
            Some(past) if pending.by_past => past.places(),
            _ => self.places(),
        }
    }

    /// What lies in the place of the answer to the request with this hash, if that was the
    /// last one. To one that lies where the answer to ours should, our own is no answer:
    /// the peer cannot answer that before it is known.
    pub(super) fn answer_to(
        &self,
        request: &[u8; 32],
        insists: bool,
    ) -> Result<Option<SealedBox>, StoreError> {
        let answered = self.answered.as_ref();
        let answers = |answered: &&Answered| answered.request == *request;
        let answered = answered
            .filter(answers)
            .filter(|it| !(insists && it.is_ours));
        let boxed = answered.map(|answered| SealedBox::from_slice(&answered.boxed.0));
        boxed
            .transpose()
            .map_err(|_| StoreError::Damaged("an answer with new keys"))
    }

    /// The slots at which the peer may put something for us now: those of the answers to
    /// our requests, and the places in the order in which they matter.
    pub(super) fn awaited(&self, peer_writer: u32) -> Vec<Slot> {
        let past = self.past.iter().map(|past| (past.places(), past.read_next));
        let next: Vec<_> = std::iter::once((self.places(), self.read_next))
            .chain(past)
            .collect();
        let boxes = AWAITED_PLACES.iter().flat_map(|ahead| {
            let next = next.iter();
            next.map(|(places, index)| places.slot(peer_writer, index.saturating_add(*ahead)))
        });
        self.answer_slots().chain(boxes).collect()
    }

    /// The slots at which the peer may push something to our node.
    pub(super) fn window(&self, peer_writer: u32) -> Vec<Slot> {
        let past = self.past.iter().map(|past| (past.places(), past.read_next));
        let boxes = std::iter::once((self.places(), self.read_next))
            .chain(past)
            .flat_map(|(places, next)| {
                let indices = (next..).take(RECOVERY_WINDOW as usize);
                indices.map(move |index| places.slot(peer_writer, index))
            });
        self.answer_slots().chain(boxes).collect()
    }

    fn answer_slots(&self) -> impl Iterator<Item = Slot> {
        self.requests().map(|pending| {
            let hash = kdf::sha256(&pending.request.0);
            self.places_of(pending).answer(&hash).0
        })
    }

    /// From now on all places come from a group that was just entered. Gives the secret
    /// of those before. `[HW-ROT-2]`
    pub(super) fn renew_root(&mut self, entered: &Entered) -> Secret32 {
        self.write_next = 0;
        self.read_next = 0;
        self.by_past = false;
        std::mem::replace(&mut self.root, root_of(&entered.lane_root))
    }

    /// Counts an answer; false: there were too many, and there must be none.
    /// `[HW-REC-9]`
    pub(super) fn may_answer(&mut self, now_ms: u64) -> bool {
        let (since_ms, count) = &mut self.answers;
        if now_ms.abs_diff(*since_ms) >= ANSWERS_MS {
            (*since_ms, *count) = (now_ms, 0);
        }
        *count = count.saturating_add(1);
        *count <= MAX_ANSWERS
    }

    /// Whether the next request goes by the past places. `[HW-ROT-3]`
    pub(super) fn goes_by_past(&self) -> bool {
        self.by_past && self.past.is_some()
    }

    /// Whether these routes are newer than those that were believed last.
    pub(super) fn is_news(&self, update: &RouteUpdate) -> bool {
        update.serial > self.peer_serial
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

impl Past {
    /// Its places.
    pub(super) fn places(&self) -> Places<'_> {
        Places::of(&self.root)
    }
}

/// Something of the peer came with the keys that go with its present identity: whom it
/// was before has nothing more to say. `[HW-ROT-3]`
pub(super) fn settle_succession(store: &dyn Store, id: &ConversationId) -> Result<(), StateError> {
    let mut row = Recovery::read(store, id)?;
    if let Some(Past {
        of: PastOf::Theirs(before @ Some(_)),
        ..
    }) = &mut row.past
    {
        *before = None;
        row.write(store, id)?;
    }
    Ok(())
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
    sign_as(&fixed.identity, fixed, rng, message)
}

/// `message` with the signature of `identity`, on our side of this conversation.
pub(super) fn sign_as(
    identity: &IdentityKeys,
    fixed: &Fixed,
    rng: &mut dyn CryptoRng,
    message: RecoveryMessage,
) -> Result<RecoveryPlaintext, RecoveryError> {
    let bytes = message.to_bytes().map_err(RecoveryError::Routes)?;
    Ok(signed_plaintext(identity, fixed, rng, message, &bytes))
}

/// `message` with the signature of `identity` over `bytes`, its encoding.
pub(super) fn signed_plaintext(
    identity: &IdentityKeys,
    fixed: &Fixed,
    rng: &mut dyn CryptoRng,
    message: RecoveryMessage,
    bytes: &[u8],
) -> RecoveryPlaintext {
    let hash = signed(fixed, fixed.writer, bytes);
    let signature: HybridSignature = identity.sign(rng, &hash, ML_DSA_CONTEXT);
    RecoveryPlaintext::new(message, signature)
}

/// A message outside of the lanes that the peer signed.
pub(super) struct Verified {
    /// The message; a succession is its request.
    pub(super) message: RecoveryMessage,
    /// Whose both keys signed it.
    pub(super) speaker: VerifiedPeer,
    /// By this message the identity that was known before hands over to the speaker.
    pub(super) succeeds: bool,
}

/// The message, if both keys of `peer` signed it, or handed over with both to an
/// identity both keys of which signed it. `[HW-ROT-1]`
pub(super) fn verified(
    fixed: &Fixed,
    peer: &VerifiedPeer,
    plaintext: RecoveryPlaintext,
) -> Option<Verified> {
    let bytes = plaintext.message.to_bytes().ok()?;
    let hash = signed(fixed, fixed.peer_writer(), &bytes);
    let (message, speaker, succeeds) = match plaintext.message {
        RecoveryMessage::Succession(Succession { hand_over, request }) => {
            // One that was taken already: its writer does not know that yet.
            let next = if peer.is_successor(&hand_over) {
                peer.clone()
            } else {
                let binding = fixed.binding.expose();
                peer.successor(&hand_over, fixed.peer_writer(), binding)
                    .ok()?
            };
            (RecoveryMessage::Request(request), next, true)
        }
        message => (message, peer.clone(), false),
    };
    speaker
        .check(&hash, ML_DSA_CONTEXT, &plaintext.signature)
        .ok()?;
    Some(Verified {
        message,
        speaker,
        succeeds,
    })
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
    let boxed = seal_at(rng, row.places(), fixed.writer, row.write_next, padded)?;
    row.write_next = row.write_next.saturating_add(1);
    Ok(boxed)
}

/// A box with this plaintext at one of our places.
pub(super) fn seal_at(
    rng: &mut dyn CryptoRng,
    places: Places<'_>,
    writer: u32,
    index: u32,
    padded: &[u8],
) -> Result<RecoveryBox, DecodeError> {
    let slot = places.slot(writer, index);
    let boxed = places
        .key(writer, index)
        .seal(rng, BOX_LABEL, &slot, padded)?;
    Ok(RecoveryBox { slot, boxed })
}

pub(super) fn write_fixed(
    store: &dyn Store,
    id: &ConversationId,
    fixed: &Fixed,
) -> Result<(), StoreError> {
    write_row(store, super::state::FIXED_TABLE, id.as_bytes(), fixed)
}
