//! Writing a box.

use hushwing_wire::{
    Body, BoxPlaintext, DecodeError, Envelope, LanePlace, RouteUpdate, Routes, SaidBefore,
    SealedBox, Slot,
};
use zeroize::Zeroize as _;

use super::{
    BOX_LABEL, MAX_IN_FLIGHT, MAX_UNRENEWED_MS, RECEIPT_RESERVE,
    recovery::Recovery,
    state::{Fixed, Moving, Stage},
};
use crate::{
    Ctx,
    content::{self, ContentError, MESSAGE_ID_LEN, Said},
    error::{Fault, StateError},
    ids::ConversationId,
    marks,
    mls::{Group, LeafSigner, MlsError, provider::Provider},
    safeguard::Safeguard,
    secret::Blob,
    store::StoreError,
};

/// What to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outgoing<'a> {
    /// A new text.
    Text(&'a str),
    /// A message of ours that keeps its id, and its place if it was sealed before.
    Said(&'a Said),
    /// No content but the question for what is missing here.
    AskAgain,
    /// Our routes from now on.
    Routes(&'a Routes),
    /// Messages of the peer, by their ids, that were read here; at most
    /// [`MAX_REPORTED`](crate::MAX_REPORTED).
    Read(&'a [[u8; MESSAGE_ID_LEN]]),
    /// Boxes of the peer that came here and could not be read.
    Unread(&'a [LanePlace]),
    /// No content: receipts, ends of lanes, and a commit when it is our turn.
    Nothing,
}

impl Outgoing<'_> {
    /// Whether the peer owes a receipt, and fresh keys if it is its turn.
    fn has_content(self) -> bool {
        match self {
            Self::Text(_) | Self::Said(_) | Self::Read(_) => true,
            Self::Nothing | Self::AskAgain | Self::Routes(_) | Self::Unread(_) => false,
        }
    }
}

/// A box, ready to be put at its slot. The same bytes go to every relay and
/// again after a lost answer; nothing is ever encrypted twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Where it goes.
    pub slot: Slot,
    /// The box.
    pub boxed: SealedBox,
    /// Where it lies among our boxes; the peer names it by this when it cannot
    /// read it.
    pub place: LanePlace,
    /// Its number among our boxes, from 1; the peer's receipts name it.
    pub number: u64,
    /// Its Lamport time; with `leaf` its place in the transcript.
    pub clock: u64,
    /// Our place in the transcript among equal times.
    pub writer: u32,
    /// A new commit was made for it.
    pub committed: bool,
}

/// Which budget is spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// [`MAX_IN_FLIGHT`] boxes are not acknowledged.
    Unacknowledged,
    /// [`MAX_IN_FLIGHT`] boxes were written since the peer's last fresh keys.
    NoFreshKeys,
    /// Content has waited [`MAX_UNRENEWED_MS`] for fresh keys of the peer.
    NoFreshKeysInTime,
}

/// A box cannot be written. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// There is no such conversation.
    #[error("there is no such conversation")]
    Unknown,
    /// The inviter has not answered yet; nothing can be sent.
    #[error("the other side has not accepted yet")]
    NotEstablished,
    /// The keys are being made anew; the message has to wait until they are there.
    #[error("the keys of this conversation are being made anew")]
    Repairing,
    /// The text does not fit a box.
    #[error("the text is too long for one message")]
    TooLong,
    /// Too much was sent without a word from the other side; the message has to
    /// wait until one comes.
    #[error("the other side has to answer before more is sent, so that its keys can be renewed")]
    BudgetSpent(Budget),
    /// The encryption failed.
    #[error(transparent)]
    Mls(#[from] MlsError),
    /// The vault failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SealError {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Unknown | Self::NotEstablished | Self::Repairing | Self::TooLong => Fault::Caller,
            Self::BudgetSpent(_) => Fault::Peer,
            Self::Mls(error) => error.fault(),
            Self::Store(_) => Fault::Environment,
        }
    }
}

impl From<StateError> for SealError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Unknown => Self::Unknown,
            StateError::Store(error) => Self::Store(error),
        }
    }
}

impl From<ContentError> for SealError {
    fn from(ContentError::TooLong: ContentError) -> Self {
        Self::TooLong
    }
}

impl From<DecodeError> for SealError {
    fn from(_: DecodeError) -> Self {
        Self::TooLong
    }
}

/// Writes the next box: commits first if it is our turn, encrypts in our epoch,
/// and puts it in our lane of the newest epoch in which we saw the peer.
/// `[HW-CONV-4]`
///
/// # Errors
/// [`SealError`]; nothing was changed.
pub fn seal(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    what: Outgoing<'_>,
) -> Result<Sealed, SealError> {
    let (store, now_ms) = (ctx.store, ctx.now_ms);
    let fixed = Fixed::read(store, id)?;
    let mut moving = Moving::read(store, id)?;
    if moving.stage == Stage::Requested {
        return Err(SealError::NotEstablished);
    }
    if Recovery::read(store, id)?.is_pending() || moving.is_hollow() {
        return Err(SealError::Repairing);
    }
    check_budget(&moving, what, now_ms)?;
    let mut said_at = None;
    let body = match what {
        Outgoing::Text(text) => {
            let salt = content::new_salt(ctx.rng);
            Body::Content(content::encode_text(&salt, text)?)
        }
        Outgoing::Said(said) => {
            said_at = said.clock;
            let content = content::encode_text(&said.salt, &said.text)?;
            match said.clock {
                None => Body::Content(content),
                Some(clock) => Body::Again(SaidBefore { clock, content }),
            }
        }
        Outgoing::Nothing => Body::Nothing,
        Outgoing::AskAgain => Body::AskAgain,
        Outgoing::Routes(routes) => {
            let update = RouteUpdate {
                serial: Recovery::next_serial(store, id, now_ms)?,
                routes: routes.clone(),
            };
            Body::Routes(update.to_bytes()?)
        }
        Outgoing::Read(ids) => {
            let salt = content::new_salt(ctx.rng);
            Body::Content(content::encode_read(&salt, now_ms, ids)?)
        }
        Outgoing::Unread(places) => Body::Unread(places.to_vec()),
    };
    let provider = Provider::new(store, ctx.rng, fixed.scope)?;
    let signer = LeafSigner::new(&fixed.signer_seed);
    let mut group = Group::load(&provider, &fixed.group_id.0)?;

    let committed = fixed.policy.may_commit(&moving.standing(fixed.my_leaf));
    if committed {
        commit(&provider, &signer, &fixed, &mut moving, &mut group)?;
    }
    moving.sent += 1;
    moving.clock += 1;
    moving.since_peer_commit.wrote(now_ms, what.has_content());
    moving.sent_in_epoch = true;
    let envelope = envelope(&moving, body, now_ms)?;
    let mut content = envelope.to_bytes()?;
    let message = group.encrypt(&provider, &signer, &content);
    content.zeroize();
    let plaintext = BoxPlaintext {
        commit: moving
            .pending_commit
            .as_ref()
            .filter(|_| committed || Safeguard::PendingCommitInEachBox.is_kept())
            .map_or_else(Vec::new, |commit| commit.0.clone()),
        message: message?,
    };
    let (place, slot, boxed) = put_in_lane(&provider, &mut moving, &plaintext)?;

    provider.overlay().accept();
    provider.overlay().flush()?;
    moving.write(store, id)?;
    Ok(Sealed {
        slot,
        boxed,
        place,
        number: moving.sent,
        clock: said_at.unwrap_or(moving.clock),
        writer: fixed.writer,
        committed,
    })
}

fn check_budget(moving: &Moving, what: Outgoing<'_>, now_ms: u64) -> Result<(), SealError> {
    let unrenewed = &moving.since_peer_commit;
    let limit = if what.has_content() {
        MAX_IN_FLIGHT
    } else {
        MAX_IN_FLIGHT + RECEIPT_RESERVE
    };
    if moving.unacknowledged() >= limit {
        Err(SealError::BudgetSpent(Budget::Unacknowledged))
    } else if unrenewed.boxes >= limit {
        Err(SealError::BudgetSpent(Budget::NoFreshKeys))
    } else if what.has_content() && unrenewed.waiting_ms(now_ms) >= MAX_UNRENEWED_MS {
        Err(SealError::BudgetSpent(Budget::NoFreshKeysInTime))
    } else {
        Ok(())
    }
}

/// Commits and enters the new epoch. The inviter's first commit carries the
/// binding of the first contact as its authenticated data. `[HW-INV-7]`
fn commit(
    provider: &Provider<'_>,
    signer: &LeafSigner,
    fixed: &Fixed,
    moving: &mut Moving,
    group: &mut Group,
) -> Result<(), SealError> {
    let authenticated_data: &[u8] = match moving.stage {
        Stage::Accepted => fixed.binding.expose(),
        Stage::Requested | Stage::Established => &[],
    };
    let bytes = group.commit(provider, signer, authenticated_data)?;
    let entered = group.entered(provider)?;
    let mut lanes = std::mem::take(&mut moving.read_lanes);
    let standing = moving.standing(fixed.my_leaf);
    lanes.retain(|lane| standing.stays_open(lane));
    moving.read_lanes = lanes;
    moving.enter(&entered, fixed.my_leaf, fixed.my_leaf, fixed.peer_leaf);
    moving.stage = Stage::Established;
    moving.pending_commit = Some(Blob(bytes));
    Ok(())
}

fn envelope(moving: &Moving, body: Body, now_ms: u64) -> Result<Envelope, SealError> {
    let authenticator = moving
        .authenticator(moving.epoch)
        .ok_or(StoreError::Damaged("the epoch's authenticator"))?;
    Ok(Envelope {
        number: moving.sent,
        clock: moving.clock,
        sent_at_ms: now_ms,
        received: moving.received.report(),
        lane_ends: moving.lane_ends(),
        epoch_authenticator: authenticator.to_vec(),
        body,
    })
}

fn put_in_lane(
    provider: &Provider<'_>,
    moving: &mut Moving,
    plaintext: &BoxPlaintext,
) -> Result<(LanePlace, Slot, SealedBox), SealError> {
    let epoch = moving.peer_epoch;
    let lane = moving
        .write_lanes
        .iter_mut()
        .find(|lane| lane.epoch == epoch)
        .ok_or(StoreError::Damaged("the lane to write"))?;
    let slot = lane.chain.slot();
    #[cfg_attr(not(feature = "simulation"), expect(unused_mut))]
    let mut padded = zeroize::Zeroizing::new(plaintext.to_padded()?);
    #[cfg(feature = "simulation")]
    crate::simulation::spoils(&mut padded);
    let key = lane.chain.key();
    let boxed = provider.with_rng(|rng| key.seal(rng, BOX_LABEL, &slot, &padded))?;
    let place = LanePlace {
        epoch,
        index: lane.next,
    };
    lane.chain.advance();
    lane.next += 1;
    moving
        .peer_received
        .wrote(moving.sent, marks::mark_of(&padded), Some(place));
    Ok((place, slot, boxed))
}
