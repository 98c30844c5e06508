//! What became of transmissions.

use hushwing_protocol::{ConversationId, Ctx, Safeguard, store::StoreError};
use hushwing_wire::{LanePlace, RelayAddress};

use super::{DirectHealth, Flight, Way, backoff_ms, generation_of, jitter};
use crate::{
    Engine,
    io::{FlightId, Outcome},
    limits,
    rows::{ContactId, ContactRow, MessageRow, OutId, OutRow, Progress, Rows},
    view::{DeliveredBy, LedgerStep, RelayState},
};

impl Engine {
    /// What became of a transmission. Results of an engine before this one
    /// (before a crash, a lock, a rolled-back step) are unknown here and
    /// change nothing: the same boxes go again.
    ///
    /// # Errors
    /// [`StoreError`]; the step must then be rolled back.
    pub fn transmitted(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: FlightId,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        match self.flights.remove(&id) {
            None => return Ok(()),
            Some(Flight::Put(out, way)) => {
                self.has_landed(&out, &way);
                if let Way::Relay(address) = &way {
                    self.note_relay(address, &outcome, ctx.now_ms);
                }
                self.with_owner(ctx, &out, |engine, ctx| {
                    engine.put_landed(ctx, &out, &way, &outcome)
                })?;
                self.rest_if_kept(&out, ctx.now_ms);
                self.wake_next_of(&out.owner(), ctx.now_ms);
            }
            Some(Flight::Drop(number)) => self.drop_landed(ctx, number, &outcome)?,
        }
        self.pump(ctx)
    }

    /// Something is no longer on its way.
    pub(crate) fn has_landed(&mut self, id: &OutId, way: &Way) {
        let place = (id.owner(), *way == Way::Direct);
        if let Some(flying) = self.flying.get_mut(&place) {
            *flying = flying.saturating_sub(1);
        }
        if let Some(attempt) = self.attempts.get_mut(id) {
            attempt.in_flight.remove(way);
        }
    }

    fn put_landed(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: &OutId,
        way: &Way,
        outcome: &Outcome,
    ) -> Result<(), StoreError> {
        match (way, outcome) {
            (Way::Direct, Outcome::Stored) => self.direct_stored(ctx, id),
            (Way::Direct, Outcome::Taken) => self.direct_taken(ctx, id),
            (Way::Direct, outcome) => {
                self.direct_failed(id, outcome, ctx.now_ms);
                self.tell_out(ctx, id)
            }
            (Way::Relay(relay), Outcome::Stored) => self.relay_stored(ctx, id, relay),
            (Way::Relay(relay), Outcome::Taken) => self.relay_taken(ctx, id, relay),
            (Way::Relay(relay), Outcome::Failed { .. })
                if !Safeguard::UnknownOutcomePutAgain.is_kept() =>
            {
                self.relay_stored(ctx, id, relay)
            }
            (Way::Relay(relay), outcome) => {
                let jitter = jitter(ctx);
                if let Some(attempt) = self.attempts.get_mut(id) {
                    attempt.failed(Way::Relay(relay.clone()), reason_of(outcome));
                    attempt.next_try_ms = ctx.now_ms + backoff_ms(attempt.failures, jitter);
                    attempt.failures = attempt.failures.saturating_add(1);
                    // Another way may be open by then.
                    if attempt.failures.is_multiple_of(limits::TRIES_PER_REFUSAL) {
                        attempt.direct_refused = false;
                    }
                }
                self.tell_out(ctx, id)
            }
        }
    }

    fn note_relay(&mut self, address: &RelayAddress, outcome: &Outcome, now_ms: u64) {
        let state = match outcome {
            Outcome::Failed { reason } => RelayState::Unreachable {
                reason: reason.clone(),
            },
            _ => RelayState::Reachable,
        };
        self.relay_is(address, state, now_ms);
    }

    fn direct_stored(&mut self, ctx: &mut Ctx<'_>, id: &OutId) -> Result<(), StoreError> {
        if let OutId::Box(contact, ..) | OutId::Recovery(contact, _) = id {
            let health = self.direct.entry(*contact).or_default();
            *health = DirectHealth {
                answers: true,
                probed_at_ms: health.probed_at_ms,
                ..DirectHealth::default()
            };
        }
        self.settle_delivered(ctx, id, DeliveredBy::Direct)
    }

    /// The contact's node took another box at that slot before: this vault is older
    /// than what it wrote.
    fn direct_taken(&mut self, ctx: &mut Ctx<'_>, id: &OutId) -> Result<(), StoreError> {
        self.direct_failed(id, &Outcome::Taken, ctx.now_ms);
        match id {
            OutId::Box(contact, ..) => self.need_repair(ctx, contact)?,
            OutId::Recovery(contact, _) => return self.place_was_used(ctx, id, contact),
            OutId::Bundle(_) | OutId::Request(..) => {}
        }
        self.tell_out(ctx, id)
    }

    /// A place outside of the lanes was used before, by us.
    fn place_was_used(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: &OutId,
        contact: &ContactId,
    ) -> Result<(), StoreError> {
        self.attempts.remove(id);
        self.doubts.remove(id);
        Rows(ctx.store).delete_out(id)?;
        let Some(row) = Rows(ctx.store).contact(contact)? else {
            return Ok(());
        };
        if row.answering && row.repair.is_none() {
            // The request that was answered had its answer long ago, in a life that is
            // lost: nobody enters what was founded for it.
            return self.start_repair(ctx, contact);
        }
        self.hurry_on(ctx, contact)
    }

    fn direct_failed(&mut self, id: &OutId, outcome: &Outcome, now_ms: u64) {
        let refused = *outcome == Outcome::NotServed || *outcome == Outcome::Taken;
        if let (OutId::Box(contact, ..) | OutId::Recovery(contact, _), false) = (id, refused) {
            let health = self.direct.entry(*contact).or_default();
            health.answers = false;
            // Boxes that flew together fail together: one rest for all.
            if health.rest_until_ms <= now_ms {
                let rest = limits::DIRECT_REST_FIRST_MS << health.failures.min(8);
                health.rest_until_ms = now_ms + rest.min(limits::DIRECT_REST_MAX_MS);
                health.failures = health.failures.saturating_add(1);
            }
        }
        let has_relays = !self.relays_for(id).is_empty();
        if let Some(attempt) = self.attempts.get_mut(id) {
            attempt.direct_refused = refused;
            let reason = match outcome {
                Outcome::Failed { .. } => "They are not online.".to_owned(),
                other => reason_of(other),
            };
            attempt.failed(Way::Direct, reason);
            if attempt.in_flight.is_empty() {
                // A contact without relays whose node refuses must not make
                // us push without pause.
                let pause = if refused && !has_relays {
                    let pause = backoff_ms(attempt.failures, 0);
                    attempt.failures = attempt.failures.saturating_add(1);
                    pause
                } else {
                    0
                };
                attempt.next_try_ms = now_ms + pause;
            }
        }
    }

    fn relay_stored(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: &OutId,
        relay: &RelayAddress,
    ) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        let Some(mut row) = rows.out(id)? else {
            return Ok(());
        };
        if !row.stored_at.contains(relay) {
            row.stored_at.push(relay.clone());
            rows.put_out(id, &row)?;
            self.note_kept(ctx, id, &row, relay)?;
        }
        if let Some(attempt) = self.attempts.get_mut(id) {
            attempt.stored_at.insert(relay.clone());
            attempt.last_error = None;
            attempt.errors.remove(&Way::Relay(relay.clone()));
        }
        match id {
            OutId::Bundle(invite) => self.bundle_stored(ctx, invite)?,
            OutId::Request(contact, which) => self.request_stored(ctx, contact, *which)?,
            OutId::Box(..) | OutId::Recovery(..) => {}
        }
        self.tell_out(ctx, id)
    }

    /// What every relay has and what is on its way nowhere rests until a receipt
    /// comes, or until its time to be put again. To be asked after each landing: the
    /// last one may be that of a push which failed.
    fn rest_if_kept(&mut self, id: &OutId, now_ms: u64) {
        let relays = self.relays_for(id);
        let is_kept = self.attempts.get(id).is_some_and(|attempt| {
            attempt.in_flight.is_empty()
                && !attempt.stored_at.is_empty()
                && relays.iter().all(|relay| attempt.stored_at.contains(relay))
        });
        if is_kept {
            self.attempts.remove(id);
            self.expect_receipt(id, now_ms);
        }
    }

    /// Notes in a message's history that a relay keeps it; the first one begins
    /// a new state.
    fn note_kept(
        &self,
        ctx: &Ctx<'_>,
        id: &OutId,
        row: &OutRow,
        relay: &RelayAddress,
    ) -> Result<(), StoreError> {
        let (OutId::Box(contact, ..), Some(position)) = (id, row.message) else {
            return Ok(());
        };
        let rows = Rows(ctx.store);
        let step = LedgerStep::KeptByRelay {
            relay: relay.to_string(),
        };
        rows.note(contact, position, ctx.now_ms, step)?;
        if row.stored_at.len() == 1
            && let Some(mut message) = rows.message(contact, position)?
        {
            message.since_ms = ctx.now_ms;
            rows.put_message(contact, position, &message)?;
        }
        Ok(())
    }

    fn relay_taken(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: &OutId,
        relay: &RelayAddress,
    ) -> Result<(), StoreError> {
        let relays = self.relays_for(id);
        // One relay's word is not enough where another may keep ours.
        let everywhere = self.attempts.get_mut(id).is_none_or(|attempt| {
            attempt.lost_at.insert(relay.clone());
            attempt.stored_at.is_empty()
                && relays.iter().all(|relay| attempt.lost_at.contains(relay))
        });
        match id {
            OutId::Request(contact, which) if everywhere => {
                return self.request_taken(ctx, contact, *which);
            }
            OutId::Request(..) => return Ok(()),
            OutId::Recovery(contact, _) if everywhere => {
                return self.place_was_used(ctx, id, contact);
            }
            OutId::Recovery(contact, _) => self.hurry_on(ctx, contact)?,
            OutId::Box(contact, ..) if everywhere => {
                // We put something else there and have forgotten it: this
                // vault is older than what it wrote.
                self.need_repair(ctx, contact)?;
            }
            _ => {}
        }
        if let Some(attempt) = self.attempts.get_mut(id) {
            let reason = "Something else lies in its place at the relay.".to_owned();
            attempt.failed(Way::Relay(relay.clone()), reason);
            if everywhere {
                attempt.lost_at.clear();
                // It does not wait for a place in the queue.
                attempt.failures = attempt.failures.saturating_add(1);
                attempt.next_try_ms = ctx.now_ms + limits::RETRY_MAX_MS;
            } else {
                attempt.next_try_ms = ctx.now_ms;
            }
        }
        self.tell_out(ctx, id)
    }

    /// The contact's device has these boxes and cannot read them. Their texts go again,
    /// each in another box; what the boxes told beside is told anew. `[HW-CONV-16]`
    pub(crate) fn unread_there(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        row: &mut ContactRow,
        conversation: &ConversationId,
        places: &[LanePlace],
    ) -> Result<(), StoreError> {
        let now = generation_of(ctx, conversation)?;
        let numbers = hushwing_protocol::unread_there(ctx.store, conversation, places)
            .map_err(|_| StoreError::Damaged("conversation"))?;
        for number in &numbers {
            let id = OutId::Box(*contact, now, *number);
            let rows = Rows(ctx.store);
            let position = rows.out(&id)?.and_then(|out| out.message);
            self.forget_out(ctx, &id)?;
            // However old it is: without its box nothing else would look for it.
            if let Some(position) = position
                && let Some(message) = rows.message(contact, position)?
            {
                self.text_unread_there(ctx, contact, position, message)?;
            }
        }
        if numbers.is_empty() {
            return Ok(());
        }
        let was_unread = |(of, number): (u32, u64)| of == now && numbers.contains(&number);
        // Also what has left the outbox and is shown as delivered: their device took the
        // box before anybody could know what is in it.
        let newest = Rows(ctx.store).newest(contact, limits::MAX_UNREAD_LOOKED_AT)?;
        for (position, message) in newest {
            if message.said_in.is_some_and(was_unread) {
                self.text_unread_there(ctx, contact, position, message)?;
            }
        }
        row.routes_due |= row.told_in.is_some_and(was_unread);
        let told = std::mem::take(&mut row.unread_told);
        let (owed, told): (Vec<_>, _) = told.into_iter().partition(|one| was_unread(one.0));
        row.unread_told = told;
        row.unread_owed
            .extend(owed.into_iter().map(|(_, place)| place));
        let over = row
            .unread_owed
            .len()
            .saturating_sub(limits::MAX_UNREAD_OWED);
        row.unread_owed.drain(..over);
        Ok(())
    }

    fn text_unread_there(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        position: u64,
        mut message: MessageRow,
    ) -> Result<(), StoreError> {
        if !matches!(
            message.progress,
            Progress::Sealed { .. } | Progress::Delivered
        ) {
            return Ok(());
        }
        let rows = Rows(ctx.store);
        rows.note(contact, position, ctx.now_ms, LedgerStep::UnreadThere)?;
        message.since_ms = ctx.now_ms;
        message.unread_there = message.unread_there.saturating_add(1);
        if message.unread_there <= limits::MAX_SEALED_FOR_UNREAD {
            message.progress = Progress::Unsealed;
            rows.put_unsealed(contact, position)?;
        } else {
            let reason = UNREAD_THERE.to_owned();
            let step = LedgerStep::Failed {
                reason: reason.clone(),
            };
            rows.note(contact, position, ctx.now_ms, step)?;
            message.progress = Progress::Failed { reason };
        }
        rows.put_message(contact, position, &message)?;
        self.tell_message(ctx, contact, position)
    }

    /// It is on the contact's device: nothing of it is kept but the message.
    pub(crate) fn settle_delivered(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: &OutId,
        by: DeliveredBy,
    ) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        let row = rows.out(id)?;
        self.attempts.remove(id);
        self.doubts.remove(id);
        rows.delete_out(id)?;
        if let (OutId::Box(contact, ..), Some(position)) = (id, row.and_then(|row| row.message)) {
            rows.note(contact, position, ctx.now_ms, LedgerStep::Delivered { by })?;
            if let Some(mut message) = rows.message(contact, position)? {
                message.progress = Progress::Delivered;
                message.since_ms = ctx.now_ms;
                rows.put_message(contact, position, &message)?;
            }
            self.tell_message(ctx, contact, position)?;
        }
        Ok(())
    }
}

fn reason_of(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Full => "The relay is full.".to_owned(),
        Outcome::NotServed => "It was refused there.".to_owned(),
        Outcome::Taken => "Something else lies in its place.".to_owned(),
        Outcome::Failed { reason } => reason.clone(),
        Outcome::Stored | Outcome::Dropped => "It was not understood there.".to_owned(),
    }
}

/// Why a text has failed whose box its reader's device has and cannot read.
pub const UNREAD_THERE: &str = "It came to their device again and again and could not be read there, \
     although the keys were made anew. Send it again, or ask them to renew their program.";
