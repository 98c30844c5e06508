//! Asking for new keys, and whether the present ones fit: the requests of our side and
//! their walk from place to place. `[HW-REC-3]` `[HW-REC-7]`

use hushwing_wire::{
    Need, RecoveryMessage, RecoveryPlaintext, RepairRequest, RouteUpdate, Routes,
    limits::{MAX_OPEN_MARKS, MAX_PLACE},
};

use super::{
    recovery::{
        LastHeard, Pending, Recovery, RecoveryBox, RecoveryError, Walk, halt, seal_next, sign,
    },
    state::{Fixed, Moving},
};
use crate::{
    Ctx,
    error::StateError,
    ids::ConversationId,
    mls::{self, LeafSigner, overlay::delete_scope, provider::Provider},
    secret::{Blob, Secret32},
    store::StoreError,
};

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
    if let Some(pending) = row.pending.as_ref().filter(|one| !one.is_question) {
        let plaintext = plaintext_of(pending)?;
        let boxed = seal_next(ctx.rng, &fixed, &mut row, &plaintext)?;
        row.write(store, id)?;
        return Ok(boxed);
    }
    request(ctx, id, fixed, row, routes, Need::Sure)
}

/// Asks the peer to make the conversation's keys anew if what it knows of the boxes
/// of both sides differs from what is known here: boxes of ours are not
/// acknowledged, and we do not know why. The present keys stay in use. `[HW-REC-7]`
///
/// # Errors
/// [`RecoveryError`]; nothing was changed. [`RecoveryError::Unneeded`] while new keys
/// are being asked for anyway.
pub fn ask_whether_keys_fit(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    routes: Routes,
) -> Result<RecoveryBox, RecoveryError> {
    let fixed = Fixed::read(ctx.store, id)?;
    let row = Recovery::read(ctx.store, id)?;
    if row.is_pending() {
        return Err(RecoveryError::Unneeded);
    }
    request(ctx, id, fixed, row, routes, Need::IfTheyDiffer)
}

/// A fresh request, at our next place.
fn request(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    fixed: Fixed,
    mut row: Recovery,
    routes: Routes,
    need: Need,
) -> Result<RecoveryBox, RecoveryError> {
    let serial = Recovery::next_serial(ctx.store, id, ctx.now_ms)?;
    row.my_serial = serial;
    let routes = RouteUpdate { serial, routes };
    make_request(ctx, id, &fixed, &mut row, routes, need)?;
    let plaintext = row.pending.as_ref().map(plaintext_of);
    let plaintext = plaintext.ok_or(RecoveryError::Unknown)??;
    let boxed = seal_next(ctx.rng, &fixed, &mut row, &plaintext)?;
    row.write(ctx.store, id)?;
    Ok(boxed)
}

/// Puts a fresh request in the place of one that may be out; it is sealed nowhere yet.
pub(super) fn make_request(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    fixed: &Fixed,
    row: &mut Recovery,
    routes: RouteUpdate,
    need: Need,
) -> Result<(), RecoveryError> {
    let (store, asked_at_ms) = (ctx.store, ctx.now_ms);
    let mut passed_over = false;
    if let Some(pending) = row.pending.take() {
        passed_over = pending.passed_over;
        delete_scope(store, &pending.scope)?;
    }
    let place = row.write_next;
    row.walk.get_or_insert(Walk {
        from: place,
        to: place,
    });
    let moving = Moving::read(store, id)?;
    let signer_seed = Secret32::random(ctx.rng);
    let scope = ConversationId::random(ctx.rng);
    let provider = Provider::new(store, ctx.rng, scope)?;
    let key_package = mls::make_key_package(
        &provider,
        &LeafSigner::new(&signer_seed),
        fixed.identity.fingerprint().as_bytes(),
    )?;
    let heard = heard(fixed, row, &moving);
    let message = RecoveryMessage::Request(RepairRequest {
        key_package,
        generation: fixed.generation,
        received: heard.received.report(),
        received_in: heard.generation,
        read_next: row.read_next.min(MAX_PLACE),
        write_next: row.write_next.saturating_add(1).min(MAX_PLACE),
        sent: moving.sent,
        acknowledged: moving.peer_received.covered(),
        open: moving.peer_received.open(MAX_OPEN_MARKS),
        need,
        routes,
    });
    let plaintext = provider.with_rng(|rng| sign(fixed, rng, message))?;
    let bytes = plaintext.to_bytes().map_err(RecoveryError::Routes)?;
    provider.overlay().accept();
    provider.overlay().flush()?;
    row.pending = Some(Pending {
        request: Blob(bytes),
        signer_seed,
        scope,
        is_question: need == Need::IfTheyDiffer,
        asked_at_ms,
        place,
        passed_over,
    });
    row.halted = false;
    Ok(())
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

/// Lets the walk of our request go on after its last place, or again from its first: a
/// relay that said of a place that it was used may have lied, and then the peer still
/// reads there. `[HW-REC-3]`
///
/// # Errors
/// [`StateError`].
pub fn walk_again(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    from_the_first: bool,
) -> Result<(), StateError> {
    let mut row = Recovery::read(ctx.store, id)?;
    if let Some(walk) = &mut row.walk {
        walk.to = walk.to.max(row.write_next);
        row.write_next = if from_the_first { walk.from } else { walk.to };
        row.write(ctx.store, id)?;
    }
    Ok(())
}

/// In which generation something of the peer came last, and what. In one that was
/// founded and that the peer never entered, nothing does; then what counts is what came
/// before it.
pub(super) fn heard(fixed: &Fixed, row: &Recovery, moving: &Moving) -> LastHeard {
    match &row.last_heard {
        Some(last) if moving.received.max() == 0 => last.clone(),
        _ => LastHeard {
            generation: fixed.generation,
            received: moving.received.clone(),
        },
    }
}

pub(super) fn plaintext_of(pending: &Pending) -> Result<RecoveryPlaintext, StoreError> {
    RecoveryPlaintext::from_bytes(&pending.request.0)
        .map_err(|_| StoreError::Damaged("a request for new keys"))
}
