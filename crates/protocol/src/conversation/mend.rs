//! A conversation whose state in the store is damaged.

use super::{
    RECEIPT_RESERVE,
    recovery::{self, Recovery},
    state::{Fixed, Moving, PARKED_TABLE},
};
use crate::{
    Ctx, MAX_IN_FLIGHT,
    error::StateError,
    ids::ConversationId,
    mls::{
        Group, MlsError,
        overlay::{delete_prefix, delete_scope},
        provider::Provider,
    },
    store::StoreError,
};

/// What of a conversation can still be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Soundness {
    /// Every row that the next step needs.
    Whole,
    /// Identity and recovery secret, but not the lanes, the MLS group or a
    /// request that is out: it can be made anew with [`make_hollow`].
    Mendable,
    /// Not even those: the two people have to meet again.
    Lost,
}

/// What of a conversation can still be read.
///
/// # Errors
/// [`StoreError::Medium`] alone.
pub fn soundness(ctx: &mut Ctx<'_>, id: &ConversationId) -> Result<Soundness, StoreError> {
    let store = ctx.store;
    let Some(fixed) = readable(Fixed::read(store, id))? else {
        return Ok(Soundness::Lost);
    };
    if fixed.routes().is_err() || readable(Recovery::read(store, id))?.is_none() {
        return Ok(Soundness::Lost);
    }
    let Some(moving) = readable(Moving::read(store, id))? else {
        return Ok(Soundness::Mendable);
    };
    if moving.is_hollow() {
        return Ok(Soundness::Whole);
    }
    let provider = match Provider::new(store, ctx.rng, fixed.scope) {
        Ok(provider) => provider,
        Err(MlsError::Store(error)) => return Err(error),
        Err(error) => return Err(StoreError::Medium(error.to_string())),
    };
    match Group::load(&provider, &fixed.group_id.0) {
        Ok(_) => Ok(Soundness::Whole),
        Err(MlsError::Store(StoreError::Medium(error))) => Err(StoreError::Medium(error)),
        Err(_) => Ok(Soundness::Mendable),
    }
}

/// Puts a state without lanes in the place of one that cannot be read: nothing
/// can be sealed or read in it, but new keys can be asked for and answered. A
/// request for new keys that was out is forgotten, because its private parts may
/// be damaged too. The Lamport time goes on above `newest_clock`, the greatest
/// that is known of a message. `[HW-ENG-4]`
///
/// # Errors
/// [`StateError`] when identity or recovery secret cannot be read either;
/// nothing was changed.
pub fn make_hollow(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    newest_clock: u64,
    is_requested: bool,
) -> Result<(), StateError> {
    let store = ctx.store;
    let fixed = Fixed::read(store, id)?;
    let old = readable(Moving::read(store, id))?;
    recovery::halt(store, id)?;
    delete_scope(store, &fixed.scope)?;
    delete_prefix(store, PARKED_TABLE, id.as_bytes())?;
    let moving = match old {
        Some(old) => old.emptied(newest_clock),
        // Above every time that we may have written in a box that is not known here.
        None => Moving::hollow(
            newest_clock.saturating_add(MAX_IN_FLIGHT + RECEIPT_RESERVE),
            is_requested,
        ),
    };
    Ok(moving.write(store, id)?)
}

/// What was read, or nothing where it is damaged or missing.
fn readable<T>(read: Result<T, StateError>) -> Result<Option<T>, StoreError> {
    match read {
        Ok(row) => Ok(Some(row)),
        Err(StateError::Store(StoreError::Medium(error))) => Err(StoreError::Medium(error)),
        Err(StateError::Store(StoreError::Damaged(_)) | StateError::Unknown) => Ok(None),
    }
}
