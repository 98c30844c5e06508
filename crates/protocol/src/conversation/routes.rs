//! Routes outside of the lanes: records as texts, and offers at recovery places.
//! `[HW-ROUTE-1]` to `[HW-ROUTE-4]`

use hushwing_wire::{RecoveryMessage, RecoveryPlaintext, RouteRecord, RouteUpdate, Routes};
use zeroize::Zeroizing;

use super::{
    places::place,
    recovery::{
        Recovery, RecoveryBox, RecoveryError, Verified, seal_next, sign, verified, write_fixed,
    },
    state::Fixed,
};
use crate::{
    Ctx,
    error::StateError,
    ids::ConversationId,
    kdf::{self, BoxKey},
    secret::Blob,
    store::{Store, StoreError},
};

pub(super) const RECORD_KEY_LABEL: &[u8] = b"hushwing 1 route record key";

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
    let Some(Verified {
        message: RecoveryMessage::Routes(update),
        ..
    }) = verified(&fixed, &fixed.peer, plaintext)
    else {
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
    if !row.is_news(update) {
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
