//! Invites of ours.

use hushwing_protocol::{
    Ctx, DirectKeys, InviteError, InviteId, NewInvite, RequestSlot, store::StoreError,
};
use hushwing_wire::{InviteLink, Routes, SealedBox};

use super::MS_PER_MIN;
use crate::{
    Engine,
    engine::Awaited,
    inbox::Taken,
    limits,
    outbox::relays_only,
    rows::{ContactId, ContactRow, InviteRow, Meeting, OutId, Owner, Rows},
    view::{CommandError, ErrorCode, Event, InvitePolicy, InviteState, RequestState},
    views,
};

impl Engine {
    /// Makes an invite; its bundle is on its way when this has committed.
    pub(crate) fn create_invite(
        &mut self,
        ctx: &mut Ctx<'_>,
        name: String,
        expires_hours: u32,
        policy: InvitePolicy,
    ) -> Result<(InviteId, InviteLink), CommandError> {
        if !(1..=limits::MAX_INVITE_HOURS).contains(&expires_hours) {
            return Err(CommandError::new(
                ErrorCode::BadInput,
                "An invite can live from 1 hour to 8760 hours (a year).",
            ));
        }
        let rows = Rows(ctx.store);
        let relays = self.ours.told();
        if relays.is_empty() {
            return Err(CommandError::new(
                ErrorCode::BadInput,
                "Add a relay first: an invite waits there for the other person. Ask somebody \
                 who runs one for its address, or start one yourself with 'hushwing-relay run'.",
            ));
        }
        let open = rows.invites().map_err(views::store_error)?;
        let open = open
            .iter()
            .filter(|(_, row)| {
                row.as_ref()
                    .is_some_and(|row| Self::may_come_true(row.state))
            })
            .count();
        if open >= limits::MAX_OPEN_INVITES {
            return Err(CommandError::new(
                ErrorCode::Limit,
                "You have 32 invites that nobody has used or about whose request you have not \
                 decided, which is the limit. Revoke one that you no longer need.",
            ));
        }
        // Each open invite may become a contact without asking.
        let contacts = rows.contact_ids().map_err(views::store_error)?.len();
        if contacts + open >= limits::MAX_CONTACTS {
            return Err(CommandError::new(
                ErrorCode::Limit,
                "You have 500 contacts and open invites together, which is the limit of one \
                 account.",
            ));
        }
        let now_min = ctx.now_ms / MS_PER_MIN;
        let expires_at_min = u32::try_from(now_min + u64::from(expires_hours) * 60)
            .map_err(|_| CommandError::new(ErrorCode::Machine, "This machine's clock is wrong."))?;
        let direct = DirectKeys::generate(ctx.rng);
        let new = NewInvite {
            card_name: name,
            routes: Routes {
                relays: relays.clone(),
                direct: Some(direct.address()),
            },
            relays: relays.clone(),
            direct,
            expires_at_min,
        };
        let created = hushwing_protocol::create_invite(ctx, new).map_err(invite_error)?;
        let row = InviteRow {
            relays,
            expires_at_ms: u64::from(expires_at_min) * MS_PER_MIN,
            state: InviteState::Publishing,
            second_use_told: false,
            from_backup: false,
            policy,
        };
        Rows(ctx.store)
            .put_invite(&created.invite, &row)
            .map_err(views::store_error)?;
        self.refresh_invite(ctx, &created.invite, &row)
            .map_err(views::store_error)?;
        let id = OutId::Bundle(created.invite);
        self.enqueue(ctx, &id, &created.bundle_slot, &created.bundle_box, None)
            .map_err(views::store_error)?;
        Ok((created.invite, created.link))
    }

    pub(crate) fn bundle_stored(
        &mut self,
        ctx: &mut Ctx<'_>,
        invite: &InviteId,
    ) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        if let Some(mut row) = rows.invite(invite)?
            && row.state == InviteState::Publishing
        {
            row.state = InviteState::Ready;
            rows.put_invite(invite, &row)?;
        }
        Ok(())
    }

    /// A box arrived at one of an invite's request slots.
    pub(crate) fn take_request(
        &mut self,
        ctx: &mut Ctx<'_>,
        invite: &InviteId,
        which: RequestSlot,
        boxed: &SealedBox,
    ) -> Result<Taken, StoreError> {
        let Some(row) = Rows(ctx.store).invite(invite)? else {
            return Ok(Taken::NotAwaited);
        };
        if !Self::is_open(row.state) {
            return self.take_second_request(ctx, invite, row, which, boxed);
        }
        let taken = match row.policy {
            InvitePolicy::Accept => self.admit(ctx, invite, &row, which, boxed).map(|_| ()),
            InvitePolicy::Ask if self.is_unread_for_now(invite) => return Ok(Taken::NotAwaited),
            InvitePolicy::Ask => self.keep_request(ctx, invite, &row, which, boxed),
        };
        match taken {
            Ok(()) => Ok(Taken::Stored),
            Err(InviteError::Store(error)) => Err(error),
            Err(InviteError::Forged) => Ok(Taken::Forged),
            Err(InviteError::Expired) => {
                self.close_invite(ctx, invite, row, InviteState::Expired)?;
                Ok(Taken::Stored)
            }
            Err(error) => {
                self.close_invite(ctx, invite, row, InviteState::Used)?;
                self.tell(Event::Warning {
                    text: format!(
                        "Somebody answered an invite of yours with something that cannot be \
                         accepted ({error}). The invite is closed; make a new one."
                    ),
                });
                Ok(Taken::Stored)
            }
        }
    }

    /// Makes a contact of whoever sent this request, and answers.
    pub(super) fn admit(
        &mut self,
        ctx: &mut Ctx<'_>,
        invite: &InviteId,
        row: &InviteRow,
        which: RequestSlot,
        boxed: &SealedBox,
    ) -> Result<ContactId, InviteError> {
        let accepted = hushwing_protocol::accept(ctx, invite, which, boxed)?;
        let id = self.new_contact_id(ctx);
        let meeting = Meeting::Established {
            conversation: accepted.conversation,
        };
        let mut contact = ContactRow::new(accepted.peer_name, meeting, row.relays.clone());
        contact.peer_routes = self.usable(accepted.peer_routes);
        Rows(ctx.store).put_contact(&id, &contact)?;
        self.refresh_contact(ctx, &id, &contact)?;
        self.close_invite(ctx, invite, row.clone(), InviteState::Used)?;
        if row.from_backup {
            // It may be accepted for the second time: then the commit of before is out, and
            // nothing may be sealed with its keys again. `[HW-BACKUP-6]`
            self.restart_repair(ctx, &id)?;
            return Ok(id);
        }
        // The first box carries the commit that binds both sides.
        if !self.seal_nothing(ctx, &id, &mut contact)? {
            let reason = "The answer to this request could not be made. Make a new invite.";
            self.fail_contact(ctx, &id, contact, reason.to_owned())?;
            return Ok(id);
        }
        Rows(ctx.store).put_contact(&id, &contact)?;
        self.refresh_contact(ctx, &id, &contact)?;
        self.tell_contact(ctx, &id, &contact)?;
        Ok(id)
    }

    fn take_second_request(
        &mut self,
        ctx: &mut Ctx<'_>,
        invite: &InviteId,
        mut row: InviteRow,
        which: RequestSlot,
        boxed: &SealedBox,
    ) -> Result<Taken, StoreError> {
        let second = match hushwing_protocol::is_second_use(ctx.store, invite, which, boxed) {
            Ok(second) => second,
            Err(InviteError::Store(error)) => return Err(error),
            Err(_) => false,
        };
        if !second {
            return Ok(Taken::Forged);
        }
        if !row.second_use_told {
            row.second_use_told = true;
            self.tell(Event::InviteUsedTwice {
                invite: views::hex(invite.as_bytes()),
            });
        }
        Rows(ctx.store).put_invite(invite, &row)?;
        self.refresh_invite(ctx, invite, &row)?;
        if row.state == InviteState::Asked {
            self.tell_request(ctx, invite)?;
        }
        Ok(Taken::Stored)
    }

    pub(super) fn close_invite(
        &mut self,
        ctx: &Ctx<'_>,
        invite: &InviteId,
        mut row: InviteRow,
        state: InviteState,
    ) -> Result<(), StoreError> {
        row.state = state;
        let bundle = OutId::Bundle(*invite);
        self.attempts.remove(&bundle);
        let rows = Rows(ctx.store);
        rows.delete_out(&bundle)?;
        rows.put_invite(invite, &row)?;
        self.refresh_invite(ctx, invite, &row)
    }

    /// Takes an invite back: nothing that answers it is looked at any more, and what
    /// was found already is deleted. Nothing leaves. `[HW-REQ-2]` `[HW-REQ-4]`
    pub(crate) fn revoke_invite(
        &mut self,
        ctx: &mut Ctx<'_>,
        invite: &InviteId,
    ) -> Result<(), StoreError> {
        if let Err(InviteError::Store(error)) = hushwing_protocol::revoke_invite(ctx, invite) {
            return Err(error);
        }
        let bundle = OutId::Bundle(*invite);
        self.attempts.remove(&bundle);
        let rows = Rows(ctx.store);
        rows.delete_out(&bundle)?;
        rows.delete_invite(invite)?;
        self.forget_request(ctx, invite)?;
        self.forget_invite(invite);
        Ok(())
    }

    pub(crate) fn forget_invite(&mut self, invite: &InviteId) {
        let owner = Owner::Invite(*invite);
        self.waiting.remove(&owner);
        self.wait_relays.remove(&owner);
        self.routes.remove(&owner);
        self.flying.remove(&(owner, false));
        self.expiries.remove(invite);
        self.asking.remove(invite);
        self.requests.remove(invite);
    }

    pub(crate) fn expire_invites(&mut self, ctx: &mut Ctx<'_>) -> Result<(), StoreError> {
        let over: Vec<InviteId> = self
            .expiries
            .iter()
            .filter(|(_, at)| **at <= ctx.now_ms)
            .map(|(invite, _)| *invite)
            .collect();
        for invite in over {
            self.in_invite_room(ctx, &invite, |engine, ctx| {
                engine.expire_invite(ctx, &invite)
            })?;
        }
        Ok(())
    }

    fn expire_invite(&mut self, ctx: &mut Ctx<'_>, invite: &InviteId) -> Result<(), StoreError> {
        let Some(mut row) = Rows(ctx.store).invite(invite)? else {
            self.forget_invite(invite);
            return Ok(());
        };
        let was_open = Self::is_open(row.state);
        self.revoke_invite(ctx, invite)?;
        // An invite that nobody used stays in the list as expired; of a
        // used one the contact is there.
        if was_open {
            row.state = InviteState::Expired;
            Rows(ctx.store).put_invite(invite, &row)?;
            Self::forget_oldest_expired(ctx)?;
        }
        Ok(())
    }

    fn forget_oldest_expired(ctx: &Ctx<'_>) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        let mut expired: Vec<(u64, InviteId)> = rows
            .invites()?
            .into_iter()
            .filter_map(|(id, row)| row.map(|row| (id, row)))
            .filter(|(_, row)| row.state == InviteState::Expired)
            .map(|(id, row)| (row.expires_at_ms, id))
            .collect();
        expired.sort_unstable();
        let over = expired.len().saturating_sub(limits::MAX_EXPIRED_INVITES);
        for (_, id) in expired.iter().take(over) {
            rows.delete_invite(id)?;
        }
        Ok(())
    }

    /// Takes up what the vault holds of an invite.
    pub(crate) fn take_up_invite(
        &mut self,
        ctx: &Ctx<'_>,
        invite: &InviteId,
        row: &InviteRow,
    ) -> Result<(), StoreError> {
        self.refresh_invite(ctx, invite, row)?;
        let bundle = OutId::Bundle(*invite);
        let rows = Rows(ctx.store);
        if let Some(out) = rows.out(&bundle)? {
            // It is needed whole before anybody can use the invite.
            rows.out_box(&bundle)?;
            self.track(&bundle, &out, ctx.now_ms);
        }
        Ok(())
    }

    /// Brings what is remembered of an invite up to its row.
    pub(crate) fn refresh_invite(
        &mut self,
        ctx: &Ctx<'_>,
        invite: &InviteId,
        row: &InviteRow,
    ) -> Result<(), StoreError> {
        self.forget_invite(invite);
        if row.state == InviteState::Expired {
            return Ok(());
        }
        let owner = Owner::Invite(*invite);
        let mut over_at_ms = row.expires_at_ms.saturating_add(limits::INVITE_GRACE_MS);
        if row.state == InviteState::Asked {
            let request = Rows(ctx.store).request(invite)?;
            let request = request.ok_or(StoreError::Damaged("a request"))?;
            over_at_ms = request.expires_at_ms;
            if request.state == RequestState::Open {
                self.requests.insert(*invite);
            }
        } else if row.policy == InvitePolicy::Ask && Self::is_open(row.state) {
            self.asking.insert(*invite);
        }
        self.expiries.insert(*invite, over_at_ms);
        self.routes.insert(owner, relays_only(&row.relays));
        let slots = match hushwing_protocol::invite_slots(ctx.store, invite) {
            Ok(slots) => slots,
            Err(InviteError::Store(error)) => return Err(error),
            Err(_) => return Ok(()),
        };
        let awaited: Vec<_> = RequestSlot::ALL
            .into_iter()
            .filter(|which| match row.state {
                InviteState::Publishing | InviteState::Ready => which.index() == 0,
                _ => which.index() == 1 && !row.second_use_told,
            })
            .map(|which| {
                (
                    slots.request[which.index()],
                    Awaited::Request(*invite, which),
                )
            })
            .collect();
        if !awaited.is_empty() {
            self.waiting.insert(owner, awaited);
            self.wait_relays.insert(owner, row.relays.clone());
        }
        Ok(())
    }
}

fn invite_error(error: InviteError) -> CommandError {
    match error {
        InviteError::Store(error) => views::store_error(error),
        InviteError::Invalid(_) => CommandError::new(ErrorCode::BadInput, views::LONG_NAME),
        other => CommandError::new(
            ErrorCode::Machine,
            format!("The invite could not be made: {other}."),
        ),
    }
}
