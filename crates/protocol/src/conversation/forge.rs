//! Boxes of a conversation with anything inside; see [`crate::fuzzing`].

use hushwing_wire::{Body, BoxPlaintext, Envelope, RecoveryMessage, RouteRecord, SealedBox, Slot};

use super::{
    BOX_LABEL,
    recovery::{self, Recovery, RecoveryBox},
    routes,
    state::{Fixed, Moving},
};
use crate::{
    Ctx,
    fuzzing::ForgeError,
    ids::ConversationId,
    mls::{Group, LeafSigner, provider::Provider},
    store::{Store, StoreError},
};

/// The envelope that an honest writer without anything to say would write next.
///
/// # Errors
/// [`ForgeError::State`].
pub fn next_envelope(store: &dyn Store, id: &ConversationId) -> Result<Envelope, ForgeError> {
    let moving = Moving::read(store, id)?;
    let authenticator = moving
        .authenticator(moving.epoch)
        .ok_or(StoreError::Damaged("the epoch's authenticator"))?;
    Ok(Envelope {
        number: moving.sent + 1,
        clock: moving.clock + 1,
        sent_at_ms: 0,
        received: moving.received.report(),
        lane_ends: moving.lane_ends(),
        epoch_authenticator: authenticator.to_vec(),
        body: Body::Nothing,
    })
}

/// Commit and message for a box, the message with any bytes for an envelope.
///
/// With `fresh_commit` the writer commits first, with these authenticated data,
/// whether or not it is its turn, and nothing is stored: the plaintext is for a
/// reader who refuses it. Without, the pending commit goes along and the
/// message's key is used up.
///
/// # Errors
/// [`ForgeError`].
pub fn write_inside(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    content: &[u8],
    fresh_commit: Option<&[u8]>,
) -> Result<BoxPlaintext, ForgeError> {
    let store = ctx.store;
    let fixed = Fixed::read(store, id)?;
    let moving = Moving::read(store, id)?;
    let provider = Provider::new(store, ctx.rng, fixed.scope)?;
    let signer = LeafSigner::new(&fixed.signer_seed);
    let mut group = Group::load(&provider, &fixed.group_id.0)?;
    let commit = match (fresh_commit, moving.pending_commit) {
        (Some(data), _) => group.commit(&provider, &signer, data)?,
        (None, Some(pending)) => pending.0,
        (None, None) => Vec::new(),
    };
    let message = group.encrypt(&provider, &signer, content)?;
    if fresh_commit.is_none() {
        provider.overlay().accept();
        provider.overlay().flush()?;
    }
    Ok(BoxPlaintext { commit, message })
}

/// Puts any padded plaintext into the next box of the writer's lane, which goes
/// on by one.
///
/// # Errors
/// [`ForgeError`].
pub fn seal_in_lane(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    padded: &[u8],
) -> Result<(Slot, SealedBox), ForgeError> {
    let mut moving = Moving::read(ctx.store, id)?;
    let epoch = moving.peer_epoch;
    let lane = moving
        .write_lanes
        .iter_mut()
        .find(|lane| lane.epoch == epoch)
        .ok_or(StoreError::Damaged("the lane to write"))?;
    let slot = lane.chain.slot();
    let boxed = lane.chain.key().seal(ctx.rng, BOX_LABEL, &slot, padded)?;
    lane.chain.advance();
    lane.next += 1;
    moving.write(ctx.store, id)?;
    Ok((slot, boxed))
}

/// A box at the writer's next recovery place with any padded plaintext.
///
/// # Errors
/// [`ForgeError`].
pub fn seal_recovery(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    padded: &[u8],
) -> Result<RecoveryBox, ForgeError> {
    let fixed = Fixed::read(ctx.store, id)?;
    let mut row = Recovery::read(ctx.store, id)?;
    let boxed = recovery::seal_padded(ctx.rng, &fixed, &mut row, padded)?;
    row.write(ctx.store, id)?;
    Ok(boxed)
}

/// The encoding of any recovery message, signed by the writer; a succession, by the
/// writer's successor if there is one. Unlike an honest writer's, the message may break
/// the limits of its type.
///
/// # Errors
/// [`ForgeError`].
pub fn sign_recovery(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    message: RecoveryMessage,
) -> Result<Vec<u8>, ForgeError> {
    let fixed = Fixed::read(ctx.store, id)?;
    let bytes = hushwing_wire::to_bytes(&message)?;
    let row = Recovery::read(ctx.store, id)?;
    let signer = match (&message, &row.successor) {
        (RecoveryMessage::Succession(_), Some(next)) => &next.identity,
        _ => &fixed.identity,
    };
    let plaintext = recovery::signed_plaintext(signer, &fixed, ctx.rng, message, &bytes);
    Ok(hushwing_wire::to_bytes(&plaintext)?)
}

/// A box at the place of the answer to the request with this hash.
///
/// # Errors
/// [`ForgeError`].
pub fn seal_answer(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    request: &[u8; 32],
    padded: &[u8],
) -> Result<RecoveryBox, ForgeError> {
    let (slot, key) = Recovery::read(ctx.store, id)?.places().answer(request);
    let boxed = key.seal(ctx.rng, recovery::BOX_LABEL, &slot, padded)?;
    Ok(RecoveryBox { slot, boxed })
}

/// The padded plaintext of the answer to the request with this hash.
///
/// # Errors
/// [`ForgeError::State`] when the box is not one at that place.
pub fn open_answer(
    store: &dyn Store,
    id: &ConversationId,
    request: &[u8; 32],
    answer: &RecoveryBox,
) -> Result<Vec<u8>, ForgeError> {
    let (slot, key) = Recovery::read(store, id)?.places().answer(request);
    let padded = key
        .open(recovery::BOX_LABEL, &slot, &answer.boxed)
        .ok_or(StoreError::Damaged("an answer"))?;
    Ok(padded.to_vec())
}

/// The encoded request that waits for its answer.
///
/// # Errors
/// [`ForgeError::State`] when none does.
pub fn pending_request(store: &dyn Store, id: &ConversationId) -> Result<Vec<u8>, ForgeError> {
    let row = Recovery::read(store, id)?;
    let pending = row
        .pending_request()
        .ok_or(StoreError::Damaged("no request"))?;
    Ok(pending.to_vec())
}

/// Any bytes as the writer's route record.
///
/// # Errors
/// [`ForgeError`].
pub fn seal_record(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    bytes: &[u8],
) -> Result<RouteRecord, ForgeError> {
    let fixed = Fixed::read(ctx.store, id)?;
    let row = Recovery::read(ctx.store, id)?;
    let key = routes::record_key(&row, fixed.writer);
    let sealed = key.seal_text(ctx.rng, routes::RECORD_KEY_LABEL, bytes);
    Ok(RouteRecord::new(sealed)?)
}

/// What the writer's own record holds.
///
/// # Errors
/// [`ForgeError::State`] when it is not one of the writer's.
pub fn open_record(
    store: &dyn Store,
    id: &ConversationId,
    record: &RouteRecord,
) -> Result<Vec<u8>, ForgeError> {
    let fixed = Fixed::read(store, id)?;
    let row = Recovery::read(store, id)?;
    let bytes = routes::record_key(&row, fixed.writer)
        .open_text(routes::RECORD_KEY_LABEL, record.sealed())
        .ok_or(StoreError::Damaged("a record"))?;
    Ok(bytes.to_vec())
}
