//! How two people meet: invites of ours, invites of others, and what comes of them.

use std::collections::BTreeSet;

use hushwing_protocol::{
    ConversationId, Ctx, DirectKeys, InviteError, InviteId, Me, NewInvite, RequestSlot,
    store::StoreError,
};
use hushwing_wire::{InviteLink, RelayAddress, Routes, SealedBox, address::Endpoint};

use crate::{
    Engine,
    engine::Awaited,
    inbox::Taken,
    limits,
    outbox::relays_only,
    rows::{ContactId, ContactRow, InviteRow, Meeting, OutId, Owner, Rows},
    view::{CommandError, DeliveryPolicy, ErrorCode, Event, InviteState},
    views,
};

const MS_PER_MIN: u64 = 60_000;

impl Engine {
    // Invites of ours.

    /// Makes an invite; its bundle is on its way when this has committed.
    pub(crate) fn create_invite(
        &mut self,
        ctx: &mut Ctx<'_>,
        name: String,
        expires_hours: u32,
    ) -> Result<(InviteId, InviteLink), CommandError> {
        if !(1..=limits::MAX_INVITE_HOURS).contains(&expires_hours) {
            return Err(CommandError::new(
                ErrorCode::BadInput,
                "An invite can live from 1 hour to 8760 hours (a year).",
            ));
        }
        let rows = Rows(ctx.store);
        let relays = rows.relays().map_err(views::store_error)?;
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
            .filter(|(_, row)| Self::is_open(row.state))
            .count();
        if open >= limits::MAX_OPEN_INVITES {
            return Err(CommandError::new(
                ErrorCode::Limit,
                "You have 32 open invites, which is the limit. Revoke one that you no longer need.",
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
        match hushwing_protocol::accept(ctx, invite, which, boxed) {
            Ok(accepted) => {
                let id = self.new_contact_id(ctx);
                let meeting = Meeting::Established {
                    conversation: accepted.conversation,
                };
                let mut contact = ContactRow::new(accepted.peer_name, meeting, row.relays.clone());
                contact.peer_routes = self.usable(accepted.peer_routes);
                Rows(ctx.store).put_contact(&id, &contact)?;
                self.refresh_contact(ctx, &id, &contact)?;
                self.close_invite(ctx, invite, row, InviteState::Used)?;
                // The first box carries the commit that binds both sides.
                if !self.seal_nothing(ctx, &id, &mut contact)? {
                    let reason = "The answer to this request could not be made. Make a new \
                                  invite."
                        .to_owned();
                    self.fail_contact(ctx, &id, contact, reason)?;
                    return Ok(Taken::Stored);
                }
                Rows(ctx.store).put_contact(&id, &contact)?;
                self.refresh_contact(ctx, &id, &contact)?;
                self.tell_contact(ctx, &id, &contact)?;
                Ok(Taken::Stored)
            }
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
        Ok(Taken::Stored)
    }

    fn close_invite(
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

    /// Takes an invite back: nothing that answers it is looked at any more.
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
        self.forget_invite(invite);
        Ok(())
    }

    fn forget_invite(&mut self, invite: &InviteId) {
        let owner = Owner::Invite(*invite);
        self.waiting.remove(&owner);
        self.wait_relays.remove(&owner);
        self.routes.remove(&owner);
        self.flying.remove(&(owner, false));
        self.expiries.remove(invite);
    }

    pub(crate) fn expire_invites(&mut self, ctx: &mut Ctx<'_>) -> Result<(), StoreError> {
        let over: Vec<InviteId> = self
            .expiries
            .iter()
            .filter(|(_, at)| **at <= ctx.now_ms)
            .map(|(invite, _)| *invite)
            .collect();
        for invite in over {
            let Some(mut row) = Rows(ctx.store).invite(&invite)? else {
                self.forget_invite(&invite);
                continue;
            };
            let was_open = Self::is_open(row.state);
            self.revoke_invite(ctx, &invite)?;
            // An invite that nobody used stays in the list as expired; of a
            // used one the contact is there.
            if was_open {
                row.state = InviteState::Expired;
                Rows(ctx.store).put_invite(&invite, &row)?;
            }
        }
        Ok(())
    }

    /// Contacts whose invite's bundle did not come before it expired.
    pub(crate) fn give_up_fetching(&mut self, ctx: &mut Ctx<'_>) -> Result<(), StoreError> {
        let over: Vec<ContactId> = self
            .deadlines
            .iter()
            .filter(|(_, at)| **at <= ctx.now_ms)
            .map(|(contact, _)| *contact)
            .collect();
        for contact in over {
            self.deadlines.remove(&contact);
            if let Some(row) = Rows(ctx.store).contact(&contact)? {
                let why = match row.meeting {
                    Meeting::Requested { .. } => UNANSWERED,
                    _ => GONE,
                };
                self.fail_contact(ctx, &contact, row, why.to_owned())?;
            }
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
        let over_at_ms = row.expires_at_ms.saturating_add(limits::INVITE_GRACE_MS);
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

    // Invites of others.

    /// Starts to redeem somebody's link.
    pub(crate) fn redeem(
        &mut self,
        ctx: &mut Ctx<'_>,
        link: &str,
        name: String,
    ) -> Result<ContactId, CommandError> {
        let parsed: InviteLink = link.parse().map_err(|error| {
            CommandError::new(
                ErrorCode::BadInput,
                format!("This is not a usable invite: {error}. Copy the whole link again."),
            )
        })?;
        if u64::from(parsed.expires_at_min) * MS_PER_MIN <= ctx.now_ms {
            return Err(CommandError::new(
                ErrorCode::BadInput,
                "This invite has expired. Ask for a new one.",
            ));
        }
        if name.len() > hushwing_wire::limits::MAX_NAME_LEN {
            return Err(CommandError::new(ErrorCode::BadInput, views::LONG_NAME));
        }
        if !parsed.relays.iter().any(|relay| self.is_usable(relay)) {
            return Err(CommandError::new(
                ErrorCode::BadInput,
                "This invite names only relays that this program may not connect to.",
            ));
        }
        let rows = Rows(ctx.store);
        let contacts = rows.contacts().map_err(views::store_error)?;
        if contacts.len() >= limits::MAX_CONTACTS {
            return Err(CommandError::new(
                ErrorCode::Limit,
                "You have 500 contacts, which is the limit of one account.",
            ));
        }
        let again = contacts.iter().any(|(_, row)| {
            matches!(&row.meeting, Meeting::Fetching { link: known, .. } if *known == parsed.to_string())
        });
        if again {
            return Err(CommandError::new(
                ErrorCode::BadInput,
                "You are redeeming this invite already.",
            ));
        }
        let relays = rows.relays().map_err(views::store_error)?;
        // Without a relay of one's own, mail waits where the invite waited.
        let my_relays = if relays.is_empty() {
            parsed.relays.clone()
        } else {
            relays
        };
        let direct = DirectKeys::generate(ctx.rng);
        let id = self.new_contact_id(ctx);
        let meeting = Meeting::Fetching {
            link: parsed.to_string(),
            onion_seed: *direct.onion_seed(),
            tls_seed: *direct.tls_seed(),
            my_name: name,
        };
        let row = ContactRow::new(String::new(), meeting, my_relays);
        rows.put_contact(&id, &row).map_err(views::store_error)?;
        self.refresh_contact(ctx, &id, &row)
            .map_err(views::store_error)?;
        Ok(id)
    }

    /// The bundle behind a link that we redeem has arrived.
    pub(crate) fn take_bundle(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        boxed: &SealedBox,
    ) -> Result<Taken, StoreError> {
        let Some(mut row) = Rows(ctx.store).contact(contact)? else {
            return Ok(Taken::NotAwaited);
        };
        let Meeting::Fetching {
            link,
            onion_seed,
            tls_seed,
            my_name,
        } = row.meeting.clone()
        else {
            return Ok(Taken::NotAwaited);
        };
        let link: InviteLink = link.parse().map_err(|_| StoreError::Damaged("contact"))?;
        let direct = DirectKeys::from_seeds(onion_seed, tls_seed);
        let me = Me {
            name: my_name,
            routes: Routes {
                relays: row.my_relays.clone(),
                direct: Some(direct.address()),
            },
            direct,
        };
        match hushwing_protocol::redeem(ctx, &link, boxed, me) {
            Ok(redeemed) => {
                row.name = redeemed.peer_name;
                row.peer_routes = self.usable(redeemed.peer_routes);
                row.meeting = Meeting::Requested {
                    conversation: redeemed.conversation,
                    request_relays: self.usable(relays_only(&link.relays)).relays,
                    stored: false,
                    over_at_ms: u64::from(link.expires_at_min) * MS_PER_MIN
                        + limits::INVITE_GRACE_MS,
                };
                Rows(ctx.store).put_contact(contact, &row)?;
                self.refresh_contact(ctx, contact, &row)?;
                for ((slot, request), which) in redeemed.request.iter().zip(0u8..) {
                    let id = OutId::Request(*contact, which);
                    self.enqueue(ctx, &id, slot, request, None)?;
                    if which > 0 {
                        // Only if the first place turns out taken.
                        self.attempts.remove(&id);
                    }
                }
                self.tell_contact(ctx, contact, &row)?;
                Ok(Taken::Stored)
            }
            Err(InviteError::Store(error)) => Err(error),
            Err(InviteError::Forged | InviteError::WrongBundle) => Ok(Taken::Forged),
            Err(error) => {
                let reason = format!("The invite cannot be used: {error}. Ask for a new one.");
                self.fail_contact(ctx, contact, row, reason)?;
                Ok(Taken::Stored)
            }
        }
    }

    pub(crate) fn request_stored(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        which: u8,
    ) -> Result<(), StoreError> {
        let Some(mut row) = Rows(ctx.store).contact(contact)? else {
            return Ok(());
        };
        if which > 0 {
            return Ok(());
        }
        if let Meeting::Requested { stored, .. } = &mut row.meeting {
            *stored = true;
            Rows(ctx.store).put_contact(contact, &row)?;
            self.tell_contact(ctx, contact, &row)?;
        }
        Ok(())
    }

    /// Somebody else's request lies where ours should: the link was used. The
    /// second place tells the inviter so.
    pub(crate) fn request_taken(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        which: u8,
    ) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        let this = OutId::Request(*contact, which);
        self.attempts.remove(&this);
        rows.delete_out(&this)?;
        let Some(row) = rows.contact(contact)? else {
            return Ok(());
        };
        let Meeting::Requested { request_relays, .. } = &row.meeting else {
            return Ok(());
        };
        if which > 0 {
            return Ok(());
        }
        debug_assert!(!request_relays.is_empty());
        let second = OutId::Request(*contact, 1);
        let second_row = rows.out(&second)?;
        self.fail_contact(ctx, contact, row, USED.to_owned())?;
        if let Some(out) = second_row {
            self.track(&second, &out, ctx.now_ms);
        }
        Ok(())
    }

    /// The inviter answered: nothing more to request.
    pub(crate) fn requests_answered(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
    ) -> Result<(), StoreError> {
        for which in 0..2 {
            let id = OutId::Request(*contact, which);
            self.attempts.remove(&id);
            Rows(ctx.store).delete_out(&id)?;
        }
        Ok(())
    }

    pub(crate) fn fail_contact(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        mut row: ContactRow,
        reason: String,
    ) -> Result<(), StoreError> {
        if let Some(conversation) = row.meeting.conversation() {
            forget(ctx, &conversation)?;
        }
        let request_relays = match &row.meeting {
            Meeting::Requested { request_relays, .. } => request_relays.clone(),
            _ => Vec::new(),
        };
        row.meeting = Meeting::Failed {
            reason: reason.clone(),
            request_relays,
        };
        let rows = Rows(ctx.store);
        rows.put_contact(contact, &row)?;
        self.fail_unsealed(ctx, contact, &reason)?;
        self.refresh_contact(ctx, contact, &row)?;
        self.tell_contact(ctx, contact, &row)
    }

    /// Brings what is remembered of a contact up to its row.
    pub(crate) fn refresh_contact(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        row: &ContactRow,
    ) -> Result<(), StoreError> {
        let owner = Owner::Contact(*contact);
        self.waiting.remove(&owner);
        self.wait_relays.remove(&owner);
        self.windows.remove(contact);
        self.listening.remove(contact);
        self.deadlines.remove(contact);
        let mut routes = row.peer_routes.clone();
        match &row.meeting {
            Meeting::Fetching { link, .. } => {
                let link: InviteLink = link.parse().map_err(|_| StoreError::Damaged("contact"))?;
                let slot = hushwing_protocol::bundle_slot(&link);
                let over_at_ms = u64::from(link.expires_at_min) * MS_PER_MIN;
                self.deadlines.insert(*contact, over_at_ms);
                self.waiting
                    .insert(owner, vec![(slot, Awaited::Bundle(*contact))]);
                let relays = self.usable(relays_only(&link.relays)).relays;
                self.wait_relays.insert(owner, relays);
            }
            Meeting::Requested {
                conversation,
                request_relays,
                over_at_ms,
                ..
            } => {
                routes = relays_only(request_relays);
                self.deadlines.insert(*contact, *over_at_ms);
                self.await_boxes(ctx, contact, row, conversation)?;
            }
            Meeting::Established { conversation } => {
                self.await_boxes(ctx, contact, row, conversation)?;
            }
            Meeting::Failed { request_relays, .. } => routes = relays_only(request_relays),
        }
        self.routes.insert(owner, routes);
        self.refresh_care(contact, row);
        Ok(())
    }

    fn await_boxes(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        row: &ContactRow,
        conversation: &ConversationId,
    ) -> Result<(), StoreError> {
        let owner = Owner::Contact(*contact);
        let slots = hushwing_protocol::waits(ctx.store, conversation).map_err(state_error)?;
        let awaited = slots
            .into_iter()
            .map(|slot| (slot, Awaited::Box(*contact)))
            .collect();
        self.waiting.insert(owner, awaited);
        let mut relays = row.my_relays.clone();
        for relay in row.old_relays.iter().chain(&self.wanted_relays(ctx, row)?) {
            if !relays.contains(relay) {
                relays.push(relay.clone());
            }
        }
        self.wait_relays.insert(owner, relays);
        let window = hushwing_protocol::window(ctx.store, conversation).map_err(state_error)?;
        self.windows
            .insert(*contact, window.into_iter().collect::<BTreeSet<_>>());
        // Who leaves mail at relays only does not show when it is online.
        if self.delivery != DeliveryPolicy::RelayOnly {
            self.listening.insert(*contact);
        }
        Ok(())
    }

    // What may be dialled.

    /// Whether a peer may make us dial this. Addresses on this machine only
    /// where the user runs the whole network on it: otherwise a peer could
    /// make us knock at local ports.
    fn is_usable(&self, relay: &RelayAddress) -> bool {
        match relay.endpoint {
            Endpoint::Onion { .. } | Endpoint::Host { .. } => true,
            Endpoint::Loopback(_) => self.allow_loopback,
            Endpoint::Clear(_) => false,
        }
    }

    pub(crate) fn usable(&self, mut routes: Routes) -> Routes {
        routes.relays.retain(|relay| self.is_usable(relay));
        routes
    }

    fn new_contact_id(&self, ctx: &mut Ctx<'_>) -> ContactId {
        let mut id = [0; 16];
        ctx.rng.fill_bytes(&mut id);
        ContactId(id)
    }
}

fn forget(ctx: &mut Ctx<'_>, conversation: &ConversationId) -> Result<(), StoreError> {
    hushwing_protocol::forget(ctx, conversation).map_err(state_error)
}

fn state_error(error: hushwing_protocol::StateError) -> StoreError {
    match error {
        hushwing_protocol::StateError::Store(error) => error,
        hushwing_protocol::StateError::Unknown => StoreError::Damaged("conversation"),
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

const GONE: &str = "The invite expired before what belongs to it could be fetched, or it was \
     taken back. Ask for a new one.";

const USED: &str = "Somebody has used this invite before you. Ask for a new one, and tell the \
     person who gave it to you: they are shown that it was used twice.";

const UNANSWERED: &str = "Nobody answered this invite in time. Ask for a new one.";
