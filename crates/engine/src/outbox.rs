//! Getting boxes out: which way, when again, and what became of them.

use std::collections::{BTreeMap, BTreeSet};

use hushwing_protocol::{
    ConversationId, Ctx, Outgoing, Safeguard, Said, SealError, store::StoreError,
};
use hushwing_wire::{
    RelayAddress, Routes, SealedBox, Slot,
    address::Endpoint,
    limits::{DEFAULT_TTL_S, SLOT_LEN},
};

use crate::{
    Engine,
    io::{FlightId, Isolation, Operation, Outcome, Purpose, Transmit},
    limits,
    rows::{ContactId, ContactRow, DropRow, MessageRow, OutId, OutRow, Owner, Progress, Rows},
    view::{DeliveredBy, DeliveryPolicy, LedgerStep, NetworkView, OrderView, RelayState},
};

/// "Not before something happens."
const NEVER: u64 = u64::MAX;

/// What is known, in memory alone, of something that must be put.
#[derive(Clone)]
pub(crate) struct Attempt {
    slot: Slot,
    pub(crate) message: Option<u64>,
    pub(crate) stored_at: BTreeSet<RelayAddress>,
    /// When it is looked at again.
    pub(crate) next_try_ms: u64,
    failures: u32,
    pub(crate) last_error: Option<String>,
    /// What the last try of each way gave, of those that failed.
    pub(crate) errors: BTreeMap<Way, String>,
    pub(crate) in_flight: BTreeSet<Way>,
    /// The contact's node said that it does not wait for this slot.
    direct_refused: bool,
    /// Relays that will never take it (another box lies there).
    lost_at: BTreeSet<RelayAddress>,
}

impl Attempt {
    /// One way failed. The other ways keep their own reasons: a person is told
    /// of each why it is not there.
    fn failed(&mut self, way: Way, reason: String) {
        self.last_error = Some(reason.clone());
        self.errors.insert(way, reason);
    }
}

/// One of the ways of a box.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Way {
    Direct,
    Relay(RelayAddress),
}

/// When something that a relay took is put again.
#[derive(Clone, Copy)]
pub(crate) struct Reput {
    pub(crate) at_ms: u64,
    /// How often it was.
    times: u32,
}

/// How a contact's node answered of late.
#[derive(Clone, Default)]
pub(crate) struct DirectHealth {
    pub(crate) rest_until_ms: u64,
    failures: u32,
    /// It took the last box pushed to it.
    answers: bool,
    /// When the last probe left.
    probed_at_ms: u64,
}

/// A drop that a relay has not confirmed.
pub(crate) struct DropAttempt {
    pub(crate) next_try_ms: u64,
}

impl DropAttempt {
    pub(crate) fn at(next_try_ms: u64) -> Self {
        Self { next_try_ms }
    }
}

/// What a transmission carries.
#[derive(Clone)]
pub(crate) enum Flight {
    Put(OutId, Way),
    Drop(u64),
}

impl Engine {
    /// Takes up what the vault's outbox holds, unless every relay has it.
    pub(crate) fn track(&mut self, id: &OutId, row: &OutRow, now_ms: u64) {
        let relays = self.relays_for(id);
        if !relays.is_empty() && relays.iter().all(|relay| row.stored_at.contains(relay)) {
            self.expect_receipt(id, now_ms);
            return;
        }
        self.track_anew(id, &row.slot(), row.message, now_ms);
        if let Some(attempt) = self.attempts.get_mut(id) {
            attempt.stored_at = row.stored_at.iter().cloned().collect();
        }
    }

    /// The relays at which this belongs. What lies outside of the lanes also
    /// goes to our own relays: they may be what both sides still know.
    pub(crate) fn relays_for(&self, id: &OutId) -> Vec<RelayAddress> {
        let mut relays = self
            .routes
            .get(&id.owner())
            .map_or_else(Vec::new, |routes| routes.relays.clone());
        if let OutId::Recovery(contact, _) = id {
            let ours = self.wait_relays.get(&Owner::Contact(*contact));
            for relay in ours.into_iter().flatten() {
                if !relays.contains(relay) {
                    relays.push(relay.clone());
                }
            }
        }
        if self.delivery == DeliveryPolicy::DirectOnly && matches!(id, OutId::Box(..)) {
            relays.clear();
        }
        relays
    }

    /// A relay took it: without a receipt it is put again after a while.
    fn expect_receipt(&mut self, id: &OutId, now_ms: u64) {
        self.doubts.entry(*id).or_insert(Reput {
            at_ms: now_ms + limits::REPUT_FIRST_MS,
            times: 0,
        });
    }

    fn track_anew(&mut self, id: &OutId, slot: &Slot, message: Option<u64>, now_ms: u64) {
        self.attempts.insert(
            *id,
            Attempt {
                slot: *slot,
                message,
                stored_at: BTreeSet::new(),
                next_try_ms: now_ms,
                failures: 0,
                last_error: None,
                errors: BTreeMap::new(),
                in_flight: BTreeSet::new(),
                direct_refused: false,
                lost_at: BTreeSet::new(),
            },
        );
    }

    /// Stores a new thing to put and starts on it.
    pub(crate) fn enqueue(
        &mut self,
        ctx: &Ctx<'_>,
        id: &OutId,
        slot: &Slot,
        boxed: &SealedBox,
        message: Option<u64>,
    ) -> Result<(), StoreError> {
        let row = OutRow::new(slot, message);
        let rows = Rows(ctx.store);
        rows.put_out(id, &row)?;
        rows.put_out_box(id, boxed.as_bytes())?;
        self.track(id, &row, ctx.now_ms);
        Ok(())
    }

    /// Seals the texts that wait for this contact, in order, as far as limits allow.
    pub(crate) fn seal_waiting(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        row: &mut ContactRow,
    ) -> Result<(), StoreError> {
        let Some(conversation) = row.meeting.conversation() else {
            return Ok(());
        };
        self.held.remove(contact);
        let generation = generation_of(ctx, &conversation)?;
        for position in Rows(ctx.store).unsealed(contact, limits::MAX_UNSEALED)? {
            let rows = Rows(ctx.store);
            let Some(mut message) = rows.message(contact, position)? else {
                rows.delete_unsealed(contact, position)?;
                continue;
            };
            let said = said(&message)?;
            match hushwing_protocol::seal(ctx, &conversation, Outgoing::Said(&said)) {
                Ok(sealed) => {
                    let id = OutId::Box(*contact, generation, sealed.number);
                    self.enqueue(ctx, &id, &sealed.slot, &sealed.boxed, Some(position))?;
                    let step = match message.said_in {
                        None => LedgerStep::Sealed,
                        Some(_) => LedgerStep::SealedAnew,
                    };
                    Rows(ctx.store).note(contact, position, ctx.now_ms, step)?;
                    message.said_in = Some((generation, sealed.number));
                    message.progress = Progress::Sealed {
                        generation,
                        number: sealed.number,
                    };
                    message.since_ms = ctx.now_ms;
                    message.order = Some(OrderView {
                        clock: sealed.clock,
                        writer: sealed.writer,
                    });
                    self.receipt_travels(contact, row);
                }
                Err(SealError::NotEstablished) => return Ok(()),
                Err(error @ (SealError::BudgetSpent(_) | SealError::Repairing)) => {
                    let why = match error {
                        SealError::Repairing => REPAIRING,
                        _ => HELD,
                    };
                    self.held.insert(*contact, why.to_owned());
                    self.tell_message(ctx, contact, position)?;
                    return Ok(());
                }
                Err(SealError::Store(error)) => return Err(error),
                Err(error) => {
                    let reason = error.to_string();
                    let step = LedgerStep::Failed {
                        reason: reason.clone(),
                    };
                    Rows(ctx.store).note(contact, position, ctx.now_ms, step)?;
                    message.progress = Progress::Failed { reason };
                    message.since_ms = ctx.now_ms;
                }
            }
            let rows = Rows(ctx.store);
            rows.delete_unsealed(contact, position)?;
            rows.put_message(contact, position, &message)?;
            self.tell_message(ctx, contact, position)?;
        }
        Ok(())
    }

    /// Seals a box without a text: a commit, a receipt, or both. False when a
    /// limit holds it back.
    pub(crate) fn seal_nothing(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        row: &mut ContactRow,
    ) -> Result<bool, StoreError> {
        let sealed = self.seal_quietly(ctx, contact, row, Outgoing::Nothing)?;
        if sealed.is_none() {
            // The debt stays; a later try or the next text pays it.
            let due = ctx.now_ms + limits::RETRY_MAX_MS;
            row.receipt_due_ms = Some(due);
            self.receipts_due.insert(*contact, due);
        }
        Ok(sealed.is_some())
    }

    /// Seals a box without a text; its generation and number, or none when a
    /// limit holds it back.
    pub(crate) fn seal_quietly(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        row: &mut ContactRow,
        what: Outgoing<'_>,
    ) -> Result<Option<(u32, u64)>, StoreError> {
        let Some(conversation) = row.meeting.conversation() else {
            return Ok(None);
        };
        let generation = generation_of(ctx, &conversation)?;
        match hushwing_protocol::seal(ctx, &conversation, what) {
            Ok(sealed) => {
                let id = OutId::Box(*contact, generation, sealed.number);
                self.enqueue(ctx, &id, &sealed.slot, &sealed.boxed, None)?;
                self.receipt_travels(contact, row);
                Ok(Some((generation, sealed.number)))
            }
            Err(SealError::Store(error)) => Err(error),
            Err(_) => Ok(None),
        }
    }

    fn receipt_travels(&mut self, contact: &ContactId, row: &mut ContactRow) {
        row.receipt_due_ms = None;
        self.receipts_due.remove(contact);
    }

    pub(crate) fn send_due_receipts(&mut self, ctx: &mut Ctx<'_>) -> Result<(), StoreError> {
        let due: Vec<ContactId> = self
            .receipts_due
            .iter()
            .filter(|(_, at)| **at <= ctx.now_ms)
            .map(|(contact, _)| *contact)
            .collect();
        for contact in due {
            let Some(mut row) = Rows(ctx.store).contact(&contact)? else {
                self.receipts_due.remove(&contact);
                continue;
            };
            self.seal_nothing(ctx, &contact, &mut row)?;
            Rows(ctx.store).put_contact(&contact, &row)?;
            self.refresh_contact(ctx, &contact, &row)?;
        }
        Ok(())
    }

    /// Puts on their way what can go now.
    pub(crate) fn pump(&mut self, ctx: &mut Ctx<'_>) -> Result<(), StoreError> {
        self.put_doubtful_again(ctx)?;
        let due: Vec<OutId> = self
            .attempts
            .iter()
            .filter(|(_, attempt)| attempt.next_try_ms <= ctx.now_ms)
            .map(|(id, _)| *id)
            .collect();
        let mut told = Vec::new();
        for id in due {
            let ways = self.choose_ways(&id, ctx.now_ms);
            for way in ways {
                self.launch(ctx, &id, &way)?;
                told.push(id);
            }
        }
        self.pump_drops(ctx)?;
        for id in told {
            self.tell_out(ctx, &id)?;
        }
        Ok(())
    }

    /// Which ways to start now. The contact's own node goes first, alone, for
    /// [`limits::DIRECT_HEAD_START_MS`]; then the relays as well.
    fn choose_ways(&mut self, id: &OutId, now_ms: u64) -> Vec<Way> {
        let online = self.network == NetworkView::Ready;
        let relays = self.relays_for(id);
        let Some(routes) = self.routes.get(&id.owner()) else {
            return Vec::new();
        };
        let direct_allowed = self.delivery != DeliveryPolicy::RelayOnly;
        let owner = id.owner();
        let health = match id {
            OutId::Box(contact, ..) | OutId::Recovery(contact, _) => {
                self.direct.entry(*contact).or_default()
            }
            _ => &mut DirectHealth {
                rest_until_ms: NEVER,
                ..DirectHealth::default()
            },
        };
        let pushes = self.flying.get(&(owner, true)).copied().unwrap_or(0);
        let puts = self.flying.get(&(owner, false)).copied().unwrap_or(0);
        let Some(attempt) = self.attempts.get_mut(id) else {
            return Vec::new();
        };
        if relays.is_empty() {
            attempt.direct_refused = false;
        }
        let direct_flies = attempt.in_flight.contains(&Way::Direct);
        let direct_possible = routes
            .direct
            .as_ref()
            .is_some_and(|address| reachable(address, online))
            && direct_allowed
            && attempt.stored_at.is_empty()
            && !attempt.direct_refused
            && !direct_flies;
        let rest_until = health.rest_until_ms;
        if direct_possible && rest_until <= now_ms {
            let room = if health.answers {
                limits::MAX_IN_FLIGHT_PER_OWNER
            } else {
                limits::DIRECT_PROBES
            };
            if pushes < room {
                health.probed_at_ms = now_ms;
                attempt.next_try_ms = now_ms + limits::DIRECT_HEAD_START_MS;
                return vec![Way::Direct];
            }
            // Whatever lands next wakes it; without that, the relays after the
            // same head start.
            let relays_from = health.probed_at_ms + limits::DIRECT_HEAD_START_MS;
            if now_ms < relays_from {
                attempt.next_try_ms = relays_from;
                return Vec::new();
            }
        }
        if puts >= limits::MAX_IN_FLIGHT_PER_OWNER {
            attempt.next_try_ms = now_ms + limits::RETRY_FIRST_MS;
            return Vec::new();
        }
        let relays: Vec<Way> = relays
            .into_iter()
            .filter(|address| {
                reachable(address, online)
                    && !attempt.stored_at.contains(address)
                    && !attempt.lost_at.contains(address)
            })
            .map(Way::Relay)
            .filter(|way| !attempt.in_flight.contains(way))
            .collect();
        // Another box may be probing the direct path: then not before that has had
        // a moment, or a box without relays would be looked at without pause.
        attempt.next_try_ms = if relays.is_empty() && direct_possible && rest_until != NEVER {
            rest_until.max(now_ms + limits::RETRY_FIRST_MS)
        } else {
            NEVER
        };
        relays
    }

    fn launch(&mut self, ctx: &Ctx<'_>, id: &OutId, way: &Way) -> Result<(), StoreError> {
        let Some(boxed) = Rows(ctx.store).out_box(id)? else {
            self.attempts.remove(id);
            return Ok(());
        };
        let boxed = SealedBox::from_slice(&boxed).map_err(|_| StoreError::Damaged("outbox"))?;
        let Some(to) = self.address_of(&id.owner(), way) else {
            return Ok(());
        };
        let Some(attempt) = self.attempts.get_mut(id) else {
            return Ok(());
        };
        attempt.in_flight.insert(way.clone());
        let slot = attempt.slot;
        let purpose = match way {
            Way::Direct => Purpose::Direct,
            Way::Relay(_) => Purpose::Write,
        };
        let flight = self.new_flight(Flight::Put(*id, way.clone()));
        let is_push = *way == Way::Direct;
        *self.flying.entry((id.owner(), is_push)).or_default() += 1;
        self.transmits.push_back(Transmit {
            id: flight,
            to,
            isolation: Isolation {
                owner: id.owner(),
                purpose,
            },
            operation: Operation::Put {
                slot,
                boxed,
                ttl_s: DEFAULT_TTL_S,
            },
        });
        Ok(())
    }

    fn new_flight(&mut self, flight: Flight) -> FlightId {
        let id = FlightId(self.next_flight);
        self.next_flight += 1;
        self.flights.insert(id, flight);
        id
    }

    fn address_of(&self, owner: &Owner, way: &Way) -> Option<RelayAddress> {
        match way {
            Way::Direct => self.routes.get(owner)?.direct.clone(),
            Way::Relay(address) => Some(address.clone()),
        }
    }

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
                let place = (out.owner(), way == Way::Direct);
                if let Some(flying) = self.flying.get_mut(&place) {
                    *flying = flying.saturating_sub(1);
                }
                self.put_landed(ctx, &out, way, outcome)?;
                self.wake_next_of(&out.owner(), ctx.now_ms);
            }
            Some(Flight::Drop(number)) => self.drop_landed(ctx, number, &outcome)?,
        }
        self.pump(ctx)
    }

    fn put_landed(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: &OutId,
        way: Way,
        outcome: Outcome,
    ) -> Result<(), StoreError> {
        if let Some(attempt) = self.attempts.get_mut(id) {
            attempt.in_flight.remove(&way);
        }
        if let Way::Relay(address) = &way {
            self.note_relay(address, &outcome, ctx.now_ms);
        }
        match (way, outcome) {
            (Way::Direct, Outcome::Stored) => self.direct_stored(ctx, id),
            (Way::Direct, outcome) => {
                self.direct_failed(id, &outcome, ctx.now_ms);
                self.tell_out(ctx, id)
            }
            (Way::Relay(relay), Outcome::Stored) => self.relay_stored(ctx, id, &relay),
            (Way::Relay(relay), Outcome::Taken) => self.relay_taken(ctx, id, &relay),
            (Way::Relay(relay), Outcome::Failed { .. })
                if !Safeguard::UnknownOutcomePutAgain.is_kept() =>
            {
                self.relay_stored(ctx, id, &relay)
            }
            (Way::Relay(relay), outcome) => {
                let jitter = jitter(ctx);
                if let Some(attempt) = self.attempts.get_mut(id) {
                    attempt.failed(Way::Relay(relay), reason_of(&outcome));
                    attempt.next_try_ms = ctx.now_ms + backoff_ms(attempt.failures, jitter);
                    attempt.failures = attempt.failures.saturating_add(1);
                    // Another way may be open by then.
                    attempt.direct_refused = false;
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
        let relays = self.relays_for(id);
        if let Some(attempt) = self.attempts.get_mut(id) {
            attempt.stored_at.insert(relay.clone());
            attempt.last_error = None;
            attempt.errors.remove(&Way::Relay(relay.clone()));
            if relays.iter().all(|relay| attempt.stored_at.contains(relay))
                && attempt.in_flight.is_empty()
            {
                self.attempts.remove(id);
                self.expect_receipt(id, ctx.now_ms);
            }
        }
        match id {
            OutId::Bundle(invite) => self.bundle_stored(ctx, invite)?,
            OutId::Request(contact, which) => self.request_stored(ctx, contact, *which)?,
            OutId::Box(..) | OutId::Recovery(..) => {}
        }
        self.tell_out(ctx, id)
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
                // Used before, by us: go on to the next place.
                self.attempts.remove(id);
                Rows(ctx.store).delete_out(id)?;
                return self.repair_goes_on(ctx, contact);
            }
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
                attempt.next_try_ms = ctx.now_ms + limits::RETRY_MAX_MS;
            } else {
                attempt.next_try_ms = ctx.now_ms;
            }
        }
        self.tell_out(ctx, id)
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

    /// Everything that waits is tried at once, by every way.
    pub(crate) fn forget_failures(&mut self, now_ms: u64) {
        self.direct.clear();
        for attempt in self.attempts.values_mut() {
            attempt.failures = 0;
            attempt.direct_refused = false;
            attempt.lost_at.clear();
            attempt.next_try_ms = now_ms;
        }
        for drop in self.drops.values_mut() {
            if drop.next_try_ms != NEVER {
                drop.next_try_ms = now_ms;
            }
        }
    }

    /// A contact was heard from: its node is worth a try again.
    pub(crate) fn heard_from(&mut self, contact: &ContactId) {
        if let Some(health) = self.direct.get_mut(contact) {
            health.rest_until_ms = 0;
            health.failures = 0;
        }
    }

    /// A place is free: the first of this owner's things that wait for one is
    /// looked at again.
    fn wake_next_of(&mut self, owner: &Owner, now_ms: u64) {
        for (_, attempt) in self
            .attempts
            .iter_mut()
            .filter(|(id, attempt)| {
                id.owner() == *owner && attempt.in_flight.is_empty() && attempt.failures == 0
            })
            .take(limits::MAX_IN_FLIGHT_PER_OWNER)
        {
            attempt.next_try_ms = attempt.next_try_ms.min(now_ms);
        }
    }

    /// The peer was heard from and this box, which a relay took, was not among
    /// what it has: it is put again soon.
    pub(crate) fn doubt(&mut self, id: &OutId, soon_ms: u64) {
        if let Some(reput) = self.doubts.get_mut(id)
            && reput.times == 0
        {
            reput.at_ms = reput.at_ms.min(soon_ms);
        }
    }

    /// Boxes whose time has come are put again, by every way.
    fn put_doubtful_again(&mut self, ctx: &Ctx<'_>) -> Result<(), StoreError> {
        let due: Vec<(OutId, Reput)> = self
            .doubts
            .iter()
            .filter(|(_, reput)| reput.at_ms <= ctx.now_ms)
            .map(|(id, reput)| (*id, *reput))
            .collect();
        for (id, reput) in due {
            let Some(row) = Rows(ctx.store).out(&id)? else {
                self.doubts.remove(&id);
                continue;
            };
            if row.message.is_none() && reput.times >= limits::MAX_REPUTS_OF_NOTHING {
                self.doubts.remove(&id);
                continue;
            }
            let times = reput.times + 1;
            let pause = (limits::REPUT_FIRST_MS << times.min(10)).min(limits::REPUT_MAX_MS);
            let at_ms = ctx.now_ms + pause;
            self.doubts.insert(id, Reput { at_ms, times });
            self.put_again(ctx, &id, &row, NO_RECEIPT)?;
        }
        Ok(())
    }

    pub(crate) fn put_again(
        &mut self,
        ctx: &Ctx<'_>,
        id: &OutId,
        row: &OutRow,
        why: &str,
    ) -> Result<(), StoreError> {
        if let (OutId::Box(contact, ..), Some(position)) = (id, row.message) {
            let step = LedgerStep::PutAgain {
                reason: why.to_owned(),
            };
            Rows(ctx.store).note(contact, position, ctx.now_ms, step)?;
        }
        self.track_anew(id, &row.slot(), row.message, ctx.now_ms);
        Ok(())
    }

    /// The peer says that boxes are missing: the oldest of what it does not
    /// have is put again at once.
    pub(crate) fn asked_again(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
    ) -> Result<(), StoreError> {
        let boxes = Rows(ctx.store).boxes_to(contact)?;
        for (id, row) in boxes.iter().take(limits::ASKED_BOXES) {
            if !self.attempts.contains_key(id) {
                self.put_again(ctx, id, row, ASKED)?;
            }
        }
        Ok(())
    }

    // Drops.

    /// The contact's relays should forget the box at `slot`.
    pub(crate) fn enqueue_drops(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        relays: &[RelayAddress],
        slot: &Slot,
    ) -> Result<(), StoreError> {
        for relay in relays {
            if self.drops.len() >= limits::MAX_DROPS
                && let Some((&oldest, _)) = self.drops.first_key_value()
            {
                self.drops.remove(&oldest);
                Rows(ctx.store).delete_drop(oldest)?;
            }
            let number = self.next_drop;
            self.next_drop += 1;
            let row = DropRow {
                contact: *contact,
                slot: *slot.as_bytes(),
                relay: relay.clone(),
                attempts: 0,
            };
            Rows(ctx.store).put_drop(number, &row)?;
            self.drops.insert(number, DropAttempt::at(ctx.now_ms));
        }
        Ok(())
    }

    fn pump_drops(&mut self, ctx: &Ctx<'_>) -> Result<(), StoreError> {
        let online = self.network == NetworkView::Ready;
        let due: Vec<u64> = self
            .drops
            .iter()
            .filter(|(_, drop)| drop.next_try_ms <= ctx.now_ms)
            .map(|(number, _)| *number)
            .take(limits::MAX_IN_FLIGHT_PER_OWNER)
            .collect();
        if due.is_empty() {
            return Ok(());
        }
        let rows = Rows(ctx.store);
        let all = rows.drops()?;
        for (number, row) in all.into_iter().filter(|(number, _)| due.contains(number)) {
            if !reachable(&row.relay, online) {
                continue;
            }
            if let Some(drop) = self.drops.get_mut(&number) {
                drop.next_try_ms = NEVER;
            }
            let id = self.new_flight(Flight::Drop(number));
            self.transmits.push_back(Transmit {
                id,
                to: row.relay,
                isolation: Isolation {
                    owner: Owner::Contact(row.contact),
                    purpose: Purpose::Read,
                },
                operation: Operation::Drop {
                    slots: vec![Slot::new(row.slot)],
                },
            });
        }
        Ok(())
    }

    fn drop_landed(
        &mut self,
        ctx: &mut Ctx<'_>,
        number: u64,
        outcome: &Outcome,
    ) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        let row = rows
            .drops()?
            .into_iter()
            .find(|(found, _)| *found == number);
        let Some((_, mut row)) = row else {
            self.drops.remove(&number);
            return Ok(());
        };
        row.attempts += 1;
        if *outcome == Outcome::Dropped || row.attempts >= limits::MAX_DROP_ATTEMPTS {
            self.drops.remove(&number);
            return rows.delete_drop(number);
        }
        rows.put_drop(number, &row)?;
        let pause = backoff_ms(row.attempts + 2, jitter(ctx));
        self.drops
            .insert(number, DropAttempt::at(ctx.now_ms + pause));
        Ok(())
    }
}

/// What a person sees when the budget of unconfirmed messages is spent.
pub(crate) const HELD: &str = "They have not answered for a long time, and sending more without \
     fresh keys from them would be less safe. It goes out when they come online.";

/// Whether an address can be dialled: on this machine always, elsewhere only
/// through Tor. Keeps what waits for Tor from counting failures.
fn reachable(address: &RelayAddress, online: bool) -> bool {
    online || matches!(address.endpoint, Endpoint::Loopback(_))
}

/// What a person sees while the keys are made anew.
pub(crate) const REPAIRING: &str = "The keys of this conversation are being made anew. It goes out \
     when the other side has answered.";

const NO_RECEIPT: &str = "No receipt has come since a relay took it.";

const ASKED: &str = "The other side says that it is missing.";

/// The generation of the keys that seal now.
pub(crate) fn generation_of(
    ctx: &Ctx<'_>,
    conversation: &ConversationId,
) -> Result<u32, StoreError> {
    hushwing_protocol::view(ctx.store, conversation)
        .map(|view| view.generation)
        .map_err(|_| StoreError::Damaged("conversation"))
}

fn said(message: &MessageRow) -> Result<Said, StoreError> {
    Ok(Said {
        salt: message.salt.ok_or(StoreError::Damaged("message"))?,
        text: message.text.clone(),
        clock: message.order.map(|order| order.clock),
    })
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

/// A quarter of a number below 256: spreads retries so that they do not meet.
fn jitter(ctx: &mut Ctx<'_>) -> u8 {
    let mut byte = [0; 1];
    ctx.rng.fill_bytes(&mut byte);
    byte[0]
}

/// The pause after the failure with this number, with up to a quarter on top.
fn backoff_ms(failures: u32, jitter: u8) -> u64 {
    let pause = (limits::RETRY_FIRST_MS << failures.min(10)).min(limits::RETRY_MAX_MS);
    pause + pause / 4 * u64::from(jitter) / 256
}

const _: () = assert!(SLOT_LEN == 32, "rows keep slots as arrays of 32 bytes");

/// Routes without a direct way.
pub(crate) fn relays_only(relays: &[RelayAddress]) -> Routes {
    Routes {
        relays: relays.to_vec(),
        direct: None,
    }
}
