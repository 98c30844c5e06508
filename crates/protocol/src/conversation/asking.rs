//! Asking for new keys, and whether the present ones fit: the requests of our side and
//! their walk from place to place. `[HW-REC-3]` `[HW-REC-7]`

use hushwing_wire::{
    Need, RecoveryMessage, RecoveryPlaintext, RepairRequest, RouteUpdate, Routes, Succession,
    limits::{MAX_OPEN_MARKS, MAX_PLACE},
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{
    recovery::{
        AsWhom, LastHeard, Past, PastOf, Pending, Recovery, RecoveryBox, RecoveryError, Successor,
        Walk, halt, seal_at, seal_padded, sign_as,
    },
    state::{Fixed, Moving},
};
use crate::{
    Ctx,
    direct::DirectKeys,
    error::StateError,
    identity::IdentityKeys,
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
    let fixed = Fixed::read(ctx.store, id)?;
    let mut row = Recovery::read(ctx.store, id)?;
    let kind = if row.goes_by_past() {
        row.halted = true;
        Kind::Anew
    } else if row.successor.is_some() {
        Kind::Succession { keeps_keys: false }
    } else {
        Kind::Sure
    };
    if let Some(pending) = row.pending.as_mut().filter(|one| !one.is_question) {
        pending.keeps_keys = false;
    }
    ask(ctx, id, fixed, row, routes, kind)
}

/// Makes the identity and the node's keys that are to replace ours in this
/// conversation; [`ask_succession`] then asks the peer to take them. Again before it
/// has, it changes nothing. `[HW-ROT-1]`
///
/// # Errors
/// [`StateError`].
pub fn give_up_identity(ctx: &mut Ctx<'_>, id: &ConversationId) -> Result<(), StateError> {
    let mut row = Recovery::read(ctx.store, id)?;
    if row.successor.is_none() {
        row.successor = Some(Successor {
            identity: IdentityKeys::generate(ctx.rng),
            direct: DirectKeys::generate(ctx.rng),
        });
        row.write(ctx.store, id)?;
    }
    Ok(())
}

/// Asks the peer to take our successor, and with it new keys; the present ones stay in
/// use until it has. Asking again puts the same request at the next slot. `[HW-ROT-1]`
///
/// # Errors
/// [`RecoveryError`]; nothing was changed. [`RecoveryError::Unneeded`] without a
/// successor, and while new keys are being asked for under the present identity, which
/// goes first.
pub fn ask_succession(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    routes: Routes,
) -> Result<RecoveryBox, RecoveryError> {
    let fixed = Fixed::read(ctx.store, id)?;
    let row = Recovery::read(ctx.store, id)?;
    if row.successor.is_none() || row.is_pending() {
        return Err(RecoveryError::Unneeded);
    }
    let kind = if row.goes_by_past() {
        Kind::Anew
    } else {
        Kind::Succession { keeps_keys: true }
    };
    ask(ctx, id, fixed, row, routes, kind)
}

/// Puts the request of this kind that is out at our next place as well, or a fresh one.
fn ask(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    fixed: Fixed,
    row: Recovery,
    routes: Routes,
    kind: Kind,
) -> Result<RecoveryBox, RecoveryError> {
    let ours = row.ours(kind.is_by_past());
    if ours.is_some_and(|one| !one.is_question) {
        walk_on(ctx, id, &fixed, row, kind)
    } else {
        request(ctx, id, fixed, row, routes, kind)
    }
}

/// Puts a request that is out at our next place.
fn walk_on(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    fixed: &Fixed,
    mut row: Recovery,
    kind: Kind,
) -> Result<RecoveryBox, RecoveryError> {
    let plaintext = row.ours(kind.is_by_past()).map(plaintext_of);
    let plaintext = plaintext.ok_or(RecoveryError::Unneeded)??;
    let padded = plaintext.to_padded().map_err(RecoveryError::Routes)?;
    let padded = Zeroizing::new(padded);
    let boxed = match row.past.as_mut().filter(|_| kind.is_by_past()) {
        None => seal_padded(ctx.rng, fixed, &mut row, &padded),
        Some(past) => {
            let index = past.write_next;
            past.write_next = index.saturating_add(1);
            seal_at(ctx.rng, past.places(), fixed.writer, index, &padded)
        }
    };
    row.write(ctx.store, id)?;
    boxed.map_err(RecoveryError::Routes)
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
    if row.is_pending() || row.pending.as_ref().is_some_and(|one| !one.is_question) {
        return Err(RecoveryError::Unneeded);
    }
    request(ctx, id, fixed, row, routes, Kind::Question)
}

/// The same by the places of before the last change of an identity, if there are any:
/// the peer may know only those. Nothing where a request goes by them already.
/// `[HW-ROT-3]`
///
/// # Errors
/// [`RecoveryError`]; nothing was changed.
pub fn ask_the_past_whether_keys_fit(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    routes: Routes,
) -> Result<Option<RecoveryBox>, RecoveryError> {
    let fixed = Fixed::read(ctx.store, id)?;
    let row = Recovery::read(ctx.store, id)?;
    if row.past.is_none() || row.anew.as_ref().is_some_and(|one| !one.is_question) {
        return Ok(None);
    }
    request(ctx, id, fixed, row, routes, Kind::QuestionByPast).map(Some)
}

/// What a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Whether the keys fit; they stay in use.
    Question,
    /// For new keys; the present ones must not be used any more.
    Sure,
    /// For new keys in our successor's name.
    Succession {
        /// The present keys stay in use until they are there.
        keeps_keys: bool,
    },
    /// For new keys, by the past places.
    Anew,
    /// Whether the keys fit, by the past places.
    QuestionByPast,
}

impl Kind {
    fn is_question(self) -> bool {
        matches!(self, Self::Question | Self::QuestionByPast)
    }

    fn is_by_past(self) -> bool {
        matches!(self, Self::Anew | Self::QuestionByPast)
    }

    fn as_whom(self, row: &Recovery) -> AsWhom {
        let past_is_ours = matches!(
            row.past,
            Some(Past {
                of: PastOf::Ours(_),
                ..
            })
        );
        match self {
            Self::Question | Self::QuestionByPast | Self::Sure => AsWhom::Us,
            Self::Succession { .. } => AsWhom::Successor,
            Self::Anew if past_is_ours => AsWhom::UsAnew,
            // It may have taken our successor while we gave up asking.
            Self::Anew if row.successor.is_some() => AsWhom::Successor,
            Self::Anew => AsWhom::Us,
        }
    }
}

/// A fresh request, at our next place.
fn request(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    fixed: Fixed,
    mut row: Recovery,
    routes: Routes,
    kind: Kind,
) -> Result<RecoveryBox, RecoveryError> {
    let serial = Recovery::next_serial(ctx.store, id, ctx.now_ms)?;
    row.my_serial = serial;
    let routes = RouteUpdate { serial, routes };
    make_request(ctx, id, &fixed, &mut row, routes, kind)?;
    walk_on(ctx, id, &fixed, row, kind)
}

/// Puts a fresh request in the place of one that may be out; it is sealed nowhere yet.
pub(super) fn make_request(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    fixed: &Fixed,
    row: &mut Recovery,
    routes: RouteUpdate,
    kind: Kind,
) -> Result<(), RecoveryError> {
    let (store, asked_at_ms) = (ctx.store, ctx.now_ms);
    let mut passed_over = false;
    if let Some(pending) = row.ours_mut(kind.is_by_past()).take() {
        passed_over = pending.passed_over;
        delete_scope(store, &pending.scope)?;
    }
    let (place, read_next) = match &row.past {
        Some(past) if kind.is_by_past() => (past.write_next, past.read_next),
        _ => {
            row.walk.get_or_insert(Walk {
                from: row.write_next,
                to: row.write_next,
            });
            (row.write_next, row.read_next)
        }
    };
    let as_whom = kind.as_whom(row);
    let identities = Identities::of(fixed, row, as_whom)?;
    let moving = Moving::read(store, id)?;
    let signer_seed = Secret32::random(ctx.rng);
    let scope = ConversationId::random(ctx.rng);
    let provider = Provider::new(store, ctx.rng, scope)?;
    let key_package = mls::make_key_package(
        &provider,
        &LeafSigner::new(&signer_seed),
        identities.ours.fingerprint().as_bytes(),
    )?;
    let heard = heard(fixed, row, &moving);
    let open_marks = match identities.before {
        None => MAX_OPEN_MARKS,
        Some(_) => 0,
    };
    let request = RepairRequest {
        key_package,
        generation: fixed.generation,
        received: heard.received.report(),
        received_in: heard.generation,
        read_next: read_next.min(MAX_PLACE),
        write_next: place.saturating_add(1).min(MAX_PLACE),
        sent: moving.sent,
        acknowledged: moving.peer_received.covered(),
        open: moving.peer_received.open(open_marks),
        need: if kind.is_question() {
            Need::IfTheyDiffer
        } else {
            Need::Sure
        },
        routes,
    };
    let plaintext = provider.with_rng(|rng| identities.sign(fixed, rng, request))?;
    let bytes = plaintext.to_bytes().map_err(RecoveryError::Routes)?;
    provider.overlay().accept();
    provider.overlay().flush()?;
    let pending = Pending {
        request: Blob(bytes),
        signer_seed,
        scope,
        is_question: kind.is_question(),
        asked_at_ms,
        place,
        passed_over,
        keeps_keys: kind == Kind::Succession { keeps_keys: true },
        as_whom,
        by_past: kind.is_by_past(),
    };
    *row.ours_mut(kind.is_by_past()) = Some(pending);
    if !kind.is_by_past() {
        row.halted = false;
    }
    Ok(())
}

/// Who signs a request, and who handed over to it.
struct Identities<'a> {
    ours: &'a IdentityKeys,
    before: Option<&'a IdentityKeys>,
}

impl<'a> Identities<'a> {
    fn of(fixed: &'a Fixed, row: &'a Recovery, as_whom: AsWhom) -> Result<Self, RecoveryError> {
        let (ours, before) = match (as_whom, &row.successor, &row.past) {
            (AsWhom::Us, ..) => (&fixed.identity, None),
            (AsWhom::Successor, Some(next), _) => (&next.identity, Some(&fixed.identity)),
            (
                AsWhom::UsAnew,
                _,
                Some(Past {
                    of: PastOf::Ours(before),
                    ..
                }),
            ) => (&fixed.identity, Some(before)),
            (AsWhom::Successor | AsWhom::UsAnew, ..) => return Err(RecoveryError::Unneeded),
        };
        Ok(Self { ours, before })
    }

    fn sign(
        &self,
        fixed: &Fixed,
        rng: &mut dyn CryptoRng,
        request: RepairRequest,
    ) -> Result<RecoveryPlaintext, RecoveryError> {
        let message = match self.before {
            None => RecoveryMessage::Request(request),
            Some(before) => RecoveryMessage::Succession(Succession {
                hand_over: before.hand_over(rng, self.ours, fixed.writer, fixed.binding.expose()),
                request,
            }),
        };
        sign_as(self.ours, fixed, rng, message)
    }
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

/// Gives our request for new keys up, since it finds no answer; the next one may go by
/// other places. Keys that it left unused stay so. `[HW-REC-3]` `[HW-ROT-3]`
///
/// # Errors
/// [`StateError`].
pub fn renew_request(ctx: &mut Ctx<'_>, id: &ConversationId) -> Result<(), StateError> {
    let mut row = Recovery::read(ctx.store, id)?;
    row.halted = row.is_pending();
    row.by_past = !row.by_past;
    row.withdraw(ctx.store)?;
    Ok(row.write(ctx.store, id)?)
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
