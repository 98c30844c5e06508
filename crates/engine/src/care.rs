//! What keeps a conversation whole: asking for what is missing, new keys when
//! the present ones no longer fit, and telling contacts where mail goes.

use hushwing_protocol::{
    ConversationId, Ctx, Outgoing, RecoveryBox, RecoveryError, Safeguard, store::StoreError,
};
use hushwing_wire::{Receipts, RouteRecord, Routes};

use crate::{
    Engine, limits,
    naming::named,
    outbox::generation_of,
    rows::{ContactId, ContactRow, Meeting, OutId, Owner, Progress, RepairRow, Rows},
    view::Event,
};

impl Engine {
    /// The vault was restored from a backup: what was written since is unknown
    /// here, so no old key may be used again. Every conversation gets new ones
    /// before anything is sealed, and so does one that an open invite leads to.
    ///
    /// # Errors
    /// [`StoreError`]; the step must then be rolled back.
    pub fn restored(&mut self, ctx: &mut Ctx<'_>) -> Result<(), StoreError> {
        for contact in Rows(ctx.store).contact_ids()? {
            self.in_room(ctx, &contact, |engine, ctx| {
                engine.restart_repair(ctx, &contact)
            })?;
        }
        let rows = Rows(ctx.store);
        for (invite, row) in rows.invites()? {
            if let Some(mut row) = row {
                row.from_backup = true;
                rows.put_invite(&invite, &row)?;
            }
        }
        self.pump(ctx)
    }

    pub(crate) fn restart_repair(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
    ) -> Result<(), StoreError> {
        let Some(row) = Rows(ctx.store).contact(contact)? else {
            return Ok(());
        };
        if let Some(conversation) = row.meeting.conversation() {
            hushwing_protocol::forget_request(ctx, &conversation)
                .map_err(|_| StoreError::Damaged("conversation"))?;
        }
        self.start_repair(ctx, contact)
    }

    /// The keys with this contact do not fit any more. Asks for new ones, unless
    /// that was done a moment ago.
    pub(crate) fn need_repair(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
    ) -> Result<(), StoreError> {
        let Some(row) = Rows(ctx.store).contact(contact)? else {
            return Ok(());
        };
        if row.repair.is_some()
            || ctx.now_ms < row.repair_not_before_ms
            || !Safeguard::KeyRepair.is_kept()
        {
            return Ok(());
        }
        self.start_repair(ctx, contact)
    }

    /// Asks for new keys.
    pub(crate) fn start_repair(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
    ) -> Result<(), StoreError> {
        let Some(mut row) = Rows(ctx.store).contact(contact)? else {
            return Ok(());
        };
        if row.meeting.conversation().is_none() || !Safeguard::KeyRepair.is_kept() {
            return Ok(());
        }
        row.repair_not_before_ms = ctx.now_ms + limits::REPAIR_PAUSE_MS;
        if row.repair.is_none() {
            row.repair = Some(RepairRow::begun(ctx.now_ms));
        }
        if self.blocked.contains(contact) {
            // They are asked for when it is unblocked, before anything is sealed.
            return Rows(ctx.store).put_contact(contact, &row);
        }
        self.ask_for_keys(ctx, contact, &mut row)?;
        Rows(ctx.store).put_contact(contact, &row)?;
        self.refresh_contact(ctx, contact, &row)?;
        self.tell_contact(ctx, contact, &row)
    }

    /// A relay says that a place outside of the lanes was used before: what lies there
    /// is soon put at the next place as well.
    pub(crate) fn hurry_on(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
    ) -> Result<(), StoreError> {
        let Some(mut row) = Rows(ctx.store).contact(contact)? else {
            return Ok(());
        };
        let soon_ms = ctx.now_ms + limits::REPAIR_HURRY_MS;
        if let Some(repair) = row.repair.as_mut().or(row.succeeding.as_mut()) {
            if repair.hurried < limits::REPAIR_HURRIED_PLACES && repair.next_ms > soon_ms {
                repair.hurried += 1;
                repair.next_ms = soon_ms;
            }
        } else if ctx.now_ms < row.question_not_before_ms
            && row.question_at_ms.is_none()
            && row.question_hurried < limits::REPAIR_HURRIED_PLACES
        {
            row.question_hurried += 1;
            row.question_at_ms = Some(soon_ms);
        }
        Rows(ctx.store).put_contact(contact, &row)?;
        self.refresh_care(contact, &row);
        Ok(())
    }

    /// Puts the request for new keys, or for our other identity, on its way.
    pub(crate) fn ask_for_keys(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        row: &mut ContactRow,
    ) -> Result<(), StoreError> {
        let walk = row.repair.as_mut().or(row.succeeding.as_mut());
        let (Some(conversation), Some(repair)) = (row.meeting.conversation(), walk) else {
            return Ok(());
        };
        let pause =
            (limits::REPAIR_WALK_MS << repair.tries.min(16)).min(limits::REPAIR_WALK_MAX_MS);
        if repair.paused_until_ms <= ctx.now_ms {
            let is_due = |pauses: u32| repair.tries > 0 && repair.tries.is_multiple_of(pauses);
            if is_due(limits::PAUSES_PER_WALK) {
                let turn = repair.tries / limits::PAUSES_PER_WALK;
                hushwing_protocol::walk_again(ctx, &conversation, !turn.is_multiple_of(2))
                    .map_err(|_| StoreError::Damaged("conversation"))?;
            }
            if is_due(limits::PAUSES_PER_REQUEST) {
                hushwing_protocol::renew_request(ctx, &conversation)
                    .map_err(|_| StoreError::Damaged("conversation"))?;
            }
            repair.tries = repair.tries.saturating_add(1);
            repair.hurried = 0;
            repair.paused_until_ms = ctx.now_ms + pause;
        }
        repair.next_ms = repair.paused_until_ms;
        let ask = if row.repair.is_some() {
            hushwing_protocol::ask_repair
        } else {
            hushwing_protocol::ask_succession
        };
        let routes = self.our_routes(ctx, row)?;
        match ask(ctx, &conversation, routes) {
            Ok(boxed) => self.enqueue_recovery(ctx, contact, row, &boxed),
            Err(RecoveryError::Store(error)) => Err(error),
            // Tried again at the next turn of the walk.
            Err(_) => Ok(()),
        }
    }

    /// Asks the contact whether our keys fit; at most once a day, and not while new
    /// ones are being made. `[HW-REC-7]`
    pub(crate) fn ask_whether_keys_fit(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
    ) -> Result<(), StoreError> {
        let Some(mut row) = Rows(ctx.store).contact(contact)? else {
            return Ok(());
        };
        let Some(conversation) = row.meeting.conversation() else {
            return Ok(());
        };
        if row.repair.is_some()
            || ctx.now_ms < row.question_not_before_ms
            || !Safeguard::KeyRepair.is_kept()
        {
            return Ok(());
        }
        row.question_not_before_ms = ctx.now_ms + limits::QUESTION_PAUSE_MS;
        row.question_again_ms = Some(row.question_not_before_ms);
        row.question_hurried = 0;
        self.put_question(ctx, contact, &conversation, &mut row)?;
        Rows(ctx.store).put_contact(contact, &row)?;
        self.refresh_contact(ctx, contact, &row)
    }

    fn put_question(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        conversation: &ConversationId,
        row: &mut ContactRow,
    ) -> Result<(), StoreError> {
        let routes = self.our_routes(ctx, row)?;
        let by_past =
            hushwing_protocol::ask_the_past_whether_keys_fit(ctx, conversation, routes.clone());
        match by_past {
            Ok(Some(boxed)) => self.enqueue_recovery(ctx, contact, row, &boxed)?,
            Err(RecoveryError::Store(error)) => return Err(error),
            Ok(None) | Err(_) => {}
        }
        match hushwing_protocol::ask_whether_keys_fit(ctx, conversation, routes) {
            Ok(boxed) => self.enqueue_recovery(ctx, contact, row, &boxed),
            Err(RecoveryError::Store(error)) => Err(error),
            // The next message that is overdue asks again.
            Err(_) => Ok(()),
        }
    }

    /// Puts a box outside of the lanes on its way.
    pub(crate) fn enqueue_recovery(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        row: &mut ContactRow,
        boxed: &RecoveryBox,
    ) -> Result<(), StoreError> {
        let waiting = Rows(ctx.store).recoveries_to(contact)?;
        let over = (waiting.len() + 1).saturating_sub(limits::MAX_RECOVERIES);
        for (id, _) in waiting.iter().take(over) {
            self.forget_out(ctx, id)?;
        }
        let id = OutId::Recovery(*contact, row.recovery_next);
        row.recovery_next = row.recovery_next.saturating_add(1);
        self.enqueue(ctx, &id, &boxed.slot, &boxed.boxed, None)
    }

    /// The contact asked for new keys at another place too, before it found our
    /// answer: that goes again unless it is still on its way. `[HW-REC-4]`
    pub(crate) fn answer_again(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        row: &mut ContactRow,
        answer: &RecoveryBox,
    ) -> Result<(), StoreError> {
        let waiting = Rows(ctx.store).recoveries_to(contact)?;
        if waiting.iter().any(|(_, out)| out.slot() == answer.slot) {
            return Ok(());
        }
        self.enqueue_recovery(ctx, contact, row, answer)
    }

    pub(crate) fn forget_out(&mut self, ctx: &Ctx<'_>, id: &OutId) -> Result<(), StoreError> {
        self.attempts.remove(id);
        self.doubts.remove(id);
        Rows(ctx.store).delete_out(id)
    }

    /// Nothing outside of the lanes is needed any more.
    pub(crate) fn clear_recoveries(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
    ) -> Result<(), StoreError> {
        for (id, _) in Rows(ctx.store).recoveries_to(contact)? {
            self.forget_out(ctx, &id)?;
        }
        Ok(())
    }

    /// The conversation has new keys. What the peer does not have is sealed
    /// again, in the old order; the rest is delivered.
    pub(crate) fn begin_generation(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        row: &mut ContactRow,
        peer_generation: u32,
        peer_received: &Receipts,
    ) -> Result<(), StoreError> {
        let has = |(generation, number): (u32, u64)| {
            generation < peer_generation
                || (generation == peer_generation && peer_received.contains(number))
        };
        // Whatever is not known to be delivered is sealed again, also where the
        // peer's receipts cover its number: after a roll-back that nobody noticed
        // the number may be that of another box. What came twice is shown once.
        for (id, _) in Rows(ctx.store).boxes_to(contact)? {
            self.forget_out(ctx, &id)?;
        }
        self.clear_recoveries(ctx, contact)?;
        let rows = Rows(ctx.store);
        for (position, mut message) in rows.newest(contact, limits::MAX_SAID_AGAIN)? {
            let again = match (&message.progress, message.said_in) {
                (Progress::Sealed { .. }, _) => true,
                (Progress::Delivered | Progress::Read, Some(said_in)) => !has(said_in),
                _ => false,
            };
            if again {
                message.progress = Progress::Unsealed;
                message.since_ms = ctx.now_ms;
                rows.put_message(contact, position, &message)?;
                rows.put_unsealed(contact, position)?;
            }
        }
        row.repair = None;
        row.repair_not_before_ms = ctx.now_ms + limits::REPAIR_PAUSE_MS;
        row.told_in = None;
        row.routes_due = true;
        row.ask_at_ms = None;
        row.missing_since_ms = None;
        row.unread_owed.clear();
        row.unread_told.clear();
        self.held.remove(contact);
        Ok(())
    }

    /// The user learns of new keys that nobody here asked for by hand.
    pub(crate) fn tell_new_keys(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        row: &ContactRow,
    ) -> Result<(), StoreError> {
        let name = named(ctx, contact, row)?;
        self.tell(Event::Warning {
            text: format!(
                "The keys with {name} were made anew, because messages could no longer be read \
                 on one side or a backup was restored. Nothing was lost. If neither of you \
                 knows why, compare your safety numbers."
            ),
        });
        Ok(())
    }

    // Gaps and the walk of a repair.

    /// Looks after contacts whose time has come.
    pub(crate) fn take_care(&mut self, ctx: &mut Ctx<'_>) -> Result<(), StoreError> {
        let due: Vec<ContactId> = self
            .cares
            .iter()
            .filter(|(_, at)| **at <= ctx.now_ms)
            .map(|(contact, _)| *contact)
            .collect();
        for contact in due {
            let cared =
                self.in_room(ctx, &contact, |engine, ctx| engine.care_for(ctx, &contact))?;
            if cared.is_none() {
                self.cares.remove(&contact);
            }
        }
        Ok(())
    }

    fn care_for(&mut self, ctx: &mut Ctx<'_>, contact: &ContactId) -> Result<(), StoreError> {
        let Some(mut row) = Rows(ctx.store).contact(contact)? else {
            self.cares.remove(contact);
            return Ok(());
        };
        let walk = row.repair.as_ref().or(row.succeeding.as_ref());
        if walk.is_some_and(|walk| walk.next_ms <= ctx.now_ms) {
            self.ask_for_keys(ctx, contact, &mut row)?;
        }
        if row.question_at_ms.is_some_and(|at| at <= ctx.now_ms) {
            row.question_at_ms = None;
            if let Some(conversation) = row.meeting.conversation().filter(|_| row.repair.is_none())
            {
                self.put_question(ctx, contact, &conversation, &mut row)?;
            }
        }
        if row.ask_at_ms.is_some_and(|at| at <= ctx.now_ms) {
            let missing_for = row
                .missing_since_ms
                .map_or(0, |since| ctx.now_ms.saturating_sub(since));
            let pause = missing_for.clamp(limits::GAP_REPEAT_MS, limits::GAP_REPEAT_MAX_MS);
            row.ask_at_ms = Some(ctx.now_ms + pause);
            if Safeguard::GapRequest.is_kept() {
                self.seal_quietly(ctx, contact, &mut row, Outgoing::AskAgain)?;
            }
            let since_ms = *row.missing_since_ms.get_or_insert(ctx.now_ms);
            if ctx.now_ms.saturating_sub(since_ms) >= limits::GAP_REPAIR_MS {
                // It does not come any more: the relay has lost it, or forgotten
                // that it was not read.
                Rows(ctx.store).put_contact(contact, &row)?;
                self.need_repair(ctx, contact)?;
                return Ok(());
            }
        }
        if row.offer_at_ms.is_some_and(|at| at <= ctx.now_ms) {
            row.offer_at_ms = Some(ctx.now_ms + limits::OFFER_PAUSE_MS);
            self.offer_routes(ctx, contact, &mut row)?;
        }
        let ask_again = row.question_again_ms.is_some_and(|at| at <= ctx.now_ms);
        if ask_again {
            row.question_again_ms = None;
        }
        Rows(ctx.store).put_contact(contact, &row)?;
        self.refresh_contact(ctx, contact, &row)?;
        if ask_again {
            self.ask_if_any_is_overdue(ctx, contact)?;
        }
        Ok(())
    }

    /// Brings the times of care up to the row.
    pub(crate) fn refresh_care(&mut self, contact: &ContactId, row: &ContactRow) {
        let walk = row.repair.as_ref().or(row.succeeding.as_ref());
        let repair = walk.map(|walk| walk.next_ms);
        let times = [
            repair,
            row.ask_at_ms,
            row.offer_at_ms,
            row.question_at_ms,
            row.question_again_ms,
        ];
        match times.into_iter().flatten().min() {
            Some(at) if !self.blocked.contains(contact) => self.cares.insert(*contact, at),
            _ => self.cares.remove(contact),
        };
    }

    /// Notes whether something of the peer is missing here.
    pub(crate) fn note_gaps(ctx: &Ctx<'_>, row: &mut ContactRow) -> Result<(), StoreError> {
        let Some(conversation) = row.meeting.conversation() else {
            return Ok(());
        };
        let view = hushwing_protocol::view(ctx.store, &conversation)
            .map_err(|_| StoreError::Damaged("conversation"))?;
        row.missing_since_ms = match view.missing {
            0 => None,
            _ => row.missing_since_ms.or(Some(ctx.now_ms)),
        };
        row.ask_at_ms = match (view.missing, row.ask_at_ms) {
            (0, _) => None,
            // They were heard from a moment ago, so they may answer.
            (_, Some(at)) => Some(at.min(ctx.now_ms + limits::GAP_REPEAT_MS)),
            (_, None) => Some(ctx.now_ms + limits::GAP_PATIENCE_MS),
        };
        Ok(())
    }

    // Routes.

    /// What we tell this contact: our relays, or those of the invite while we
    /// have none, and our node.
    fn our_routes(&self, ctx: &Ctx<'_>, row: &ContactRow) -> Result<Routes, StoreError> {
        let conversation = row
            .meeting
            .conversation()
            .ok_or(StoreError::Damaged("contact"))?;
        let keys = hushwing_protocol::direct_keys(ctx.store, &conversation)
            .map_err(|_| StoreError::Damaged("conversation"))?;
        Ok(Routes {
            relays: self.wanted_relays(row),
            direct: Some(keys.address()),
        })
    }

    /// Tells a contact where mail goes from now on, if that has changed. What
    /// lies at the old relays is still fetched until the contact knows.
    pub(crate) fn tell_routes(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        row: &mut ContactRow,
    ) -> Result<(), StoreError> {
        if !matches!(row.meeting, Meeting::Established { .. }) || self.blocked.contains(contact) {
            return Ok(());
        }
        let routes = self.our_routes(ctx, row)?;
        if routes.relays == row.my_relays && !row.routes_due {
            return Ok(());
        }
        let sealed = self.seal_quietly(ctx, contact, row, Outgoing::Routes(&routes))?;
        let Some(told_in) = sealed else {
            // A limit holds it back; with the next box that can be sealed.
            row.routes_due = true;
            return Ok(());
        };
        for relay in &row.my_relays {
            if !row.old_relays.contains(relay) && !routes.relays.contains(relay) {
                row.old_relays.push(relay.clone());
            }
        }
        row.old_relays
            .retain(|relay| !routes.relays.contains(relay));
        let over = row.old_relays.len().saturating_sub(limits::MAX_OWN_RELAYS);
        row.old_relays.drain(..over);
        row.my_relays = routes.relays;
        row.told_in = Some(told_in);
        row.routes_due = false;
        row.offer_at_ms = Some(ctx.now_ms + limits::OFFER_AFTER_MS);
        Ok(())
    }

    /// Our relays have changed: every contact is told.
    pub(crate) fn tell_routes_to_all(&mut self, ctx: &mut Ctx<'_>) -> Result<(), StoreError> {
        for contact in Rows(ctx.store).contact_ids()? {
            self.in_room(ctx, &contact, |engine, ctx| {
                let Some(mut row) = Rows(ctx.store).contact(&contact)? else {
                    return Ok(());
                };
                engine.tell_routes(ctx, &contact, &mut row)?;
                Rows(ctx.store).put_contact(&contact, &row)?;
                engine.refresh_contact(ctx, &contact, &row)
            })?;
        }
        Ok(())
    }

    /// The contact has read a box; was it the one that told our routes?
    pub(crate) fn routes_acknowledged(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        row: &mut ContactRow,
        receipts: &Receipts,
    ) -> Result<(), StoreError> {
        let Some(conversation) = row.meeting.conversation() else {
            return Ok(());
        };
        let generation = generation_of(ctx, &conversation)?;
        if row
            .told_in
            .is_some_and(|(of, number)| of == generation && receipts.contains(number))
        {
            row.told_in = None;
            row.offer_at_ms = None;
            row.old_relays.clear();
            if row.repair.is_none() && row.succeeding.is_none() && !row.answering {
                self.clear_recoveries(ctx, contact)?;
            }
        }
        Ok(())
    }

    fn offer_routes(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        row: &mut ContactRow,
    ) -> Result<(), StoreError> {
        let Some(conversation) = row.meeting.conversation() else {
            return Ok(());
        };
        let routes = self.our_routes(ctx, row)?;
        match hushwing_protocol::offer_routes(ctx, &conversation, routes) {
            Ok(boxed) => self.enqueue_recovery(ctx, contact, row, &boxed),
            Err(RecoveryError::Store(error)) => Err(error),
            Err(_) => Ok(()),
        }
    }

    /// The contact's routes have changed: what waits goes there.
    pub(crate) fn peer_moved(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        row: &mut ContactRow,
        routes: Routes,
    ) -> Result<(), StoreError> {
        row.peer_routes = self.usable(routes);
        let owner = Owner::Contact(*contact);
        self.routes.insert(owner, row.peer_routes.clone());
        let rows = Rows(ctx.store);
        let waiting = rows.boxes_to(contact)?;
        for (id, out) in waiting.iter().chain(&rows.recoveries_to(contact)?) {
            self.track(id, out, ctx.now_ms);
        }
        Ok(())
    }

    /// Our routes for one contact, as a text.
    pub(crate) fn route_record(
        &self,
        ctx: &mut Ctx<'_>,
        row: &ContactRow,
    ) -> Result<RouteRecord, RecoveryError> {
        let conversation = row.meeting.conversation().ok_or(RecoveryError::Unknown)?;
        let routes = self.our_routes(ctx, row)?;
        hushwing_protocol::route_record(ctx, &conversation, routes)
    }

    /// Finds whose record this is and takes it in.
    pub(crate) fn take_route_record(
        &mut self,
        ctx: &mut Ctx<'_>,
        record: &RouteRecord,
    ) -> Result<ContactId, RecoveryError> {
        for (contact, mut row) in Rows(ctx.store).contacts()? {
            let Some(conversation) = row.meeting.conversation() else {
                continue;
            };
            if self.damaged.contains_key(&contact) || self.blocked.contains(&contact) {
                continue;
            }
            match hushwing_protocol::take_route_record(ctx, &conversation, record) {
                Ok(routes) => {
                    self.peer_moved(ctx, &contact, &mut row, routes)?;
                    Rows(ctx.store).put_contact(&contact, &row)?;
                    self.refresh_contact(ctx, &contact, &row)?;
                    self.forget_failures(ctx.now_ms);
                    return Ok(contact);
                }
                // A damaged conversation cannot tell; the others are asked.
                Err(RecoveryError::NotTheirs | RecoveryError::Unknown)
                | Err(RecoveryError::Store(StoreError::Damaged(_))) => {}
                Err(error) => return Err(error),
            }
        }
        Err(RecoveryError::NotTheirs)
    }
}
