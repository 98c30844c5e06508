//! Blocked contacts: nothing is fetched from them, nothing is sent to them.
//!
//! That a contact is blocked is a row of its own, so that neither a damaged contact
//! nor a step that forgets to ask can let it in again: whatever the engine wants to
//! put, await or serve for a contact comes out of [`Engine::refresh_contact`] and
//! [`Engine::track`], and both are silent while the row is there. `[HW-BLOCK-1]`

use hushwing_protocol::{Ctx, store::StoreError};

use crate::{
    Engine, limits,
    outbox::Flight,
    rows::{BlockedRow, ContactId, ContactRow, Owner, Rows},
    view::CommandError,
    views::store_error,
};

/// What people see of a message to a contact that they block.
pub(crate) const BLOCKED: &str = "You block this contact. It goes out when you unblock it.";

/// Why something is not done for a blocked contact.
pub(crate) const IS_BLOCKED: &str = "You block this contact, so nothing is exchanged with it. \
     Unblock it first: hushwing contact unblock.";

impl Engine {
    /// The contacts for which nothing may leave; what is on its way to them is to be
    /// given up. Holds until it changes.
    #[must_use]
    pub fn blocked(&self) -> &std::collections::BTreeSet<ContactId> {
        &self.blocked
    }

    /// Forgets everything that could make something leave for this contact, or come in.
    pub(crate) fn fall_silent(&mut self, contact: &ContactId) {
        let owner = Owner::Contact(*contact);
        self.blocked.insert(*contact);
        self.forget_contact(contact);
        // What is on its way is not heard of any more: nothing may follow from it.
        self.flights
            .retain(|_, flight| !matches!(flight, Flight::Put(id, _) if id.owner() == owner));
        self.flying.retain(|(of, _), _| *of != owner);
    }

    /// From now on nothing is exchanged with this contact.
    pub(crate) fn block(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
    ) -> Result<(), CommandError> {
        let rows = Rows(ctx.store);
        if rows.blocked(contact).map_err(store_error)?.is_none() {
            let row = BlockedRow {
                since_ms: ctx.now_ms,
            };
            rows.put_blocked(contact, row).map_err(store_error)?;
        }
        // What was read and still lies at relays stays there until it expires: its
        // writer could see it go.
        for (number, row) in rows.drops().map_err(store_error)? {
            if row.is_some_and(|row| row.contact == *contact) {
                self.drops.remove(&number);
                rows.delete_drop(number).map_err(store_error)?;
            }
        }
        self.fall_silent(contact);
        self.in_room(ctx, contact, |engine, ctx| {
            if let Some(row) = Rows(ctx.store).contact(contact)? {
                engine.refresh_contact(ctx, contact, &row)?;
                engine.tell_blocking(ctx, contact, &row)?;
            }
            Ok(())
        })
        .map_err(store_error)?;
        Ok(())
    }

    /// Takes a contact up again where it was left. What waits goes out, and what the
    /// other side repeats until it is received comes in. `[HW-BLOCK-3]`
    pub(crate) fn unblock(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
    ) -> Result<(), CommandError> {
        let rows = Rows(ctx.store);
        if rows.blocked(contact).map_err(store_error)?.is_none() {
            return Ok(());
        }
        rows.delete_blocked(contact).map_err(store_error)?;
        self.blocked.remove(contact);
        self.in_room(ctx, contact, |engine, ctx| engine.go_on(ctx, contact))
            .map_err(store_error)?;
        Ok(())
    }

    fn go_on(&mut self, ctx: &mut Ctx<'_>, contact: &ContactId) -> Result<(), StoreError> {
        let Some(mut row) = Rows(ctx.store).contact(contact)? else {
            return Ok(());
        };
        // While nothing was read, nothing can have been missing for long.
        row.missing_since_ms = row.missing_since_ms.map(|_| ctx.now_ms);
        Rows(ctx.store).put_contact(contact, &row)?;
        self.take_up(ctx, contact)?;
        if row.repair.is_some() {
            // Nothing may be sealed before new keys were asked for.
            self.start_repair(ctx, contact)?;
        } else if row.meeting.conversation().is_some() {
            self.tell_routes(ctx, contact, &mut row)?;
            self.seal_waiting(ctx, contact, &mut row)?;
            Rows(ctx.store).put_contact(contact, &row)?;
            self.refresh_contact(ctx, contact, &row)?;
        }
        self.tell_blocking(ctx, contact, &row)
    }

    /// Tells of a contact that was blocked or unblocked, and of what waits for it.
    fn tell_blocking(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        row: &ContactRow,
    ) -> Result<(), StoreError> {
        self.tell_contact(ctx, contact, row)?;
        for position in self.waiting_for(ctx, contact)? {
            self.tell_message(ctx, contact, position)?;
        }
        Ok(())
    }

    /// The messages to a contact that are not known to be on its device.
    pub(crate) fn waiting_for(
        &self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
    ) -> Result<Vec<u64>, StoreError> {
        let rows = Rows(ctx.store);
        let boxes = rows.boxes_to(contact)?;
        let sealed = boxes.iter().filter_map(|(_, out)| out.message);
        let unsealed = rows.unsealed(contact, limits::MAX_UNSEALED)?;
        Ok(sealed.chain(unsealed).collect())
    }
}
