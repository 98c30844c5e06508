//! Boxes of a conversation with anything inside; see [`crate::fuzzing`].

use hushwing_wire::{Body, BoxPlaintext, Envelope, SealedBox, Slot};

use super::{
    BOX_LABEL,
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
