//! What people ask.

use hushwing_protocol::{Ctx, InviteId, RecoveryError, Said, store::StoreError};
use hushwing_wire::{RouteRecord, limits::MAX_TEXT_LEN};

use crate::{
    Engine,
    blocking::IS_BLOCKED,
    limits, naming,
    outbox::NO_POLICY,
    rows::{ContactId, Meeting, MessageId, MessageRow, Progress, Rows},
    searching::Looking,
    view::{
        Command, CommandError, ContactView, DeliveryPolicy, ErrorCode, InviteCreatedView,
        InvitePolicy, LedgerStep, ReadReports, Reply, SettingsView,
    },
    views::{self, store_error},
};

type Answer = Result<Reply, CommandError>;

impl Engine {
    /// Carries a command out. After an error the step must be rolled back and
    /// the engine made anew, as after a failed commit.
    ///
    /// Commands about the vault and the network themselves (`Create`,
    /// `Unlock`, `Lock`, `PassphraseChange`, `BackupCreate`, `BackupCheck`, `Restore`, `RelayTest`, `Status`)
    /// are the driver's.
    ///
    /// # Errors
    /// [`CommandError`] in plain words.
    pub fn command(&mut self, ctx: &mut Ctx<'_>, command: Command) -> Answer {
        let reply = match command {
            Command::RelayAdd { address } => self.relay_add(ctx, &address),
            Command::RelayList => self.relay_list(),
            Command::InviteCreate {
                name,
                expires_hours,
                policy,
            } => self.invite_create(ctx, name, expires_hours, policy),
            Command::InviteList => self.invite_list(ctx),
            Command::InviteRevoke { id } => self.invite_revoke(ctx, &id),
            Command::InviteRedeem { link, name } => {
                let id = self.redeem(ctx, link.expose(), name)?;
                self.contact_view(ctx, &id).map(Reply::Contact)
            }
            Command::Requests => {
                let requests = self.request_views(ctx).map_err(store_error)?;
                Ok(Reply::Requests { requests })
            }
            Command::RequestAccept { id } => {
                let invite = find_request(ctx, &id)?;
                let contact = self.accept_request(ctx, &invite)?;
                self.contact_view(ctx, &contact).map(Reply::Contact)
            }
            Command::RequestRefuse { id } => {
                let invite = find_request(ctx, &id)?;
                self.revoke_invite(ctx, &invite).map_err(store_error)?;
                Ok(Reply::Done)
            }
            Command::RequestBlock { id } => {
                let invite = find_request(ctx, &id)?;
                self.block_request(ctx, &invite)?;
                Ok(Reply::Done)
            }
            Command::Contacts => self.contacts(ctx),
            Command::Chats => self.chats(ctx),
            Command::ContactBlock { contact } => {
                let id = find_contact(ctx, &contact)?;
                self.block(ctx, &id)?;
                self.view_of_any(ctx, &id).map(Reply::Contact)
            }
            Command::ContactUnblock { contact } => {
                let id = find_contact(ctx, &contact)?;
                self.unblock(ctx, &id)?;
                self.view_of_any(ctx, &id).map(Reply::Contact)
            }
            Command::ContactRename { contact, name } => self.rename(ctx, &contact, &name),
            Command::Send { contact, text } => self.send(ctx, &contact, text),
            Command::Read {
                contact,
                limit,
                after,
                before,
            } => self.read(ctx, &contact, limit, after, before),
            Command::MessageDelete { id, unsent } => self.delete_message(ctx, &id, unsent),
            Command::HistoryDelete { contact, unsent } => {
                self.delete_history(ctx, &contact, unsent)
            }
            Command::ContactDelete { contact, unsent } => {
                self.delete_contact(ctx, &contact, unsent)
            }
            Command::Search {
                text,
                contact,
                since_ms,
                before_ms,
                limit,
                after,
            } => self.search(
                ctx,
                &Looking {
                    text,
                    contact,
                    since_ms,
                    before_ms,
                    limit,
                    after,
                },
            ),
            Command::RelayRemove { address } => self.relay_remove(ctx, &address),
            Command::Message { id } => self.message(ctx, &id),
            Command::GiveUp { id } => self.give_up(ctx, &id),
            Command::Doctor => {
                let findings = self.findings(ctx).map_err(store_error)?;
                Ok(Reply::Doctor { findings })
            }
            Command::Delivery { policy } => self.set_delivery(ctx, policy),
            Command::RouteRecord { contact } => self.make_route_record(ctx, &contact),
            Command::RouteApply { record } => {
                let record: RouteRecord = record.parse().map_err(|error| {
                    CommandError::new(
                        ErrorCode::BadInput,
                        format!(
                            "This is not a route record: {error}. It begins with \
                             'hushwing-routes:'; copy all of it."
                        ),
                    )
                })?;
                let id = self.take_route_record(ctx, &record).map_err(record_error)?;
                self.contact_view(ctx, &id).map(Reply::Contact)
            }
            Command::Repair { contact } => {
                let id = self.find_open(ctx, &contact)?;
                self.whole(ctx, &id, |engine, ctx| engine.start_repair(ctx, &id))?;
                Ok(Reply::Done)
            }
            Command::ChangeIdentity { contact } => self.change_identity(ctx, Some(&contact)),
            Command::ChangeEveryIdentity => self.change_identity(ctx, None),
            Command::SafetyNumber { contact } => self.safety_number(ctx, &contact),
            Command::Verify { contact, by } => self.verify(ctx, &contact, &by),
            Command::Unverify { contact } => self.unverify(ctx, &contact),
            Command::MarkRead {
                contact,
                from,
                up_to,
            } => {
                let id = self.find_usable(ctx, &contact)?;
                self.whole(ctx, &id, |engine, ctx| {
                    engine.mark_read(ctx, &id, from, up_to)
                })?;
                Ok(Reply::Done)
            }
            Command::Settings {
                read_reports,
                relays_told,
                lock_after_minutes,
            } => self.settings(ctx, read_reports, relays_told, lock_after_minutes),
            Command::RetryNow => {
                self.forget_failures(ctx.now_ms);
                Ok(Reply::Done)
            }
            Command::Status
            | Command::Create { .. }
            | Command::Unlock { .. }
            | Command::Lock
            | Command::PassphraseChange { .. }
            | Command::Wipe { .. }
            | Command::BackupCreate { .. }
            | Command::BackupCheck { .. }
            | Command::Restore { .. }
            | Command::VaultCheck
            | Command::VaultSalvage { .. }
            | Command::VaultForgetDamaged
            | Command::RelayTest { .. } => Err(CommandError::new(
                ErrorCode::BadInput,
                "This command is not for an open account.",
            )),
        }?;
        self.pump(ctx).map_err(store_error)?;
        Ok(reply)
    }

    /// Runs what a command does for one contact. When damage turns up, the step
    /// fails as a whole, and the next try finds it dealt with.
    pub(crate) fn whole<T>(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        step: impl FnMut(&mut Self, &mut Ctx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, CommandError> {
        let done = self.in_room(ctx, contact, step).map_err(store_error)?;
        done.ok_or_else(|| self.damaged_error(contact, ErrorCode::VaultUnusable))
    }

    fn damaged_error(&self, contact: &ContactId, code: ErrorCode) -> CommandError {
        let reason = self.damaged.get(contact).cloned();
        CommandError::new(code, reason.unwrap_or_default())
    }

    /// The contact that a text names, if something can be done with it.
    pub(crate) fn find_usable(&self, ctx: &Ctx<'_>, text: &str) -> Result<ContactId, CommandError> {
        let id = find_contact(ctx, text)?;
        if self.damaged.contains_key(&id) {
            return Err(self.damaged_error(&id, ErrorCode::Refused));
        }
        Ok(id)
    }

    /// The same, if something may be exchanged with it.
    pub(crate) fn find_open(&self, ctx: &Ctx<'_>, text: &str) -> Result<ContactId, CommandError> {
        let id = self.find_usable(ctx, text)?;
        if self.blocked.contains(&id) {
            return Err(CommandError::new(ErrorCode::Refused, IS_BLOCKED));
        }
        Ok(id)
    }

    fn make_route_record(&mut self, ctx: &mut Ctx<'_>, who: &str) -> Answer {
        let id = self.find_open(ctx, who)?;
        let made = self.whole(ctx, &id, |engine, ctx| {
            let row = Rows(ctx.store).contact(&id)?;
            match row.map(|row| engine.route_record(ctx, &row)) {
                Some(Err(RecoveryError::Store(error))) => Err(error),
                made => Ok(made.unwrap_or(Err(RecoveryError::Unknown))),
            }
        })?;
        let record = made.map_err(record_error)?;
        Ok(Reply::RouteRecord {
            record: record.to_string(),
        })
    }

    fn settings(
        &mut self,
        ctx: &mut Ctx<'_>,
        read_reports: Option<ReadReports>,
        relays_told: Option<u8>,
        lock_after_minutes: Option<u32>,
    ) -> Answer {
        if lock_after_minutes.is_some_and(|minutes| minutes > limits::LOCK_AFTER_MINUTES) {
            return Err(CommandError::new(
                ErrorCode::BadInput,
                "An account locks itself after a week at the latest (10,080 minutes), or never \
                 (0).",
            ));
        }
        if let Some(told) = relays_told {
            self.set_relays_told(ctx, usize::from(told))?;
        }
        if let Some(setting) = read_reports {
            self.set_read_reports(ctx, setting).map_err(store_error)?;
        }
        if let Some(minutes) = lock_after_minutes {
            let rows = Rows(ctx.store);
            rows.put_lock_after_minutes(minutes).map_err(store_error)?;
        }
        let read_reports = Rows(ctx.store).read_reports().map_err(store_error)?;
        Ok(Reply::Settings(SettingsView {
            read_reports,
            lock_after_minutes: self.lock_after_minutes(ctx).map_err(store_error)?,
            relays_told: u8::try_from(self.ours.told).unwrap_or(u8::MAX),
        }))
    }

    /// After how many minutes without a command the user wants the vault to be locked; 0 is
    /// never. The driver has the clock and sees to it.
    ///
    /// # Errors
    /// [`StoreError`] of the store.
    pub fn lock_after_minutes(&self, ctx: &Ctx<'_>) -> Result<u32, StoreError> {
        Rows(ctx.store).lock_after_minutes()
    }

    fn message(&self, ctx: &Ctx<'_>, id: &str) -> Answer {
        let (contact, position) = find_message(ctx, id)?;
        self.ledger_view(ctx, &contact, position)
            .map_err(store_error)?
            .map(Reply::Ledger)
            .ok_or_else(no_message)
    }

    fn give_up(&mut self, ctx: &mut Ctx<'_>, id: &str) -> Answer {
        let (contact, position) = find_message(ctx, id)?;
        let rows = Rows(ctx.store);
        let Some(mut row) = rows.message(&contact, position).map_err(store_error)? else {
            return Err(CommandError::new(
                ErrorCode::Refused,
                "This message is damaged in your account; nothing can be done with it.",
            ));
        };
        // Once sealed before, the other side may have it.
        if !matches!(row.progress, Progress::Unsealed) || row.said_in.is_some() {
            return Err(CommandError::new(
                ErrorCode::Refused,
                "This message has left already, or is encrypted and about to; it cannot be taken \
                 back.",
            ));
        }
        row.progress = Progress::Failed {
            reason: GIVEN_UP.to_owned(),
        };
        row.since_ms = ctx.now_ms;
        rows.put_message(&contact, position, &row)
            .and_then(|()| rows.delete_unsealed(&contact, position))
            .and_then(|()| rows.note(&contact, position, ctx.now_ms, LedgerStep::GivenUp))
            .map_err(store_error)?;
        self.tell_message(ctx, &contact, position)
            .map_err(store_error)?;
        Ok(Reply::Done)
    }

    fn set_delivery(&mut self, ctx: &mut Ctx<'_>, policy: Option<DeliveryPolicy>) -> Answer {
        let is_new = |policy: &DeliveryPolicy| *policy != self.delivery || self.delivery_is_damaged;
        if let Some(policy) = policy.filter(is_new) {
            Rows(ctx.store).put_delivery(policy).map_err(store_error)?;
            self.delivery = policy;
            self.delivery_is_damaged = false;
            for contact in Rows(ctx.store).contact_ids().map_err(store_error)? {
                self.in_room(ctx, &contact, |engine, ctx| {
                    if let Some(row) = Rows(ctx.store).contact(&contact)? {
                        engine.refresh_contact(ctx, &contact, &row)?;
                    }
                    for (id, out) in Rows(ctx.store).boxes_to(&contact)? {
                        engine.track(&id, &out, ctx.now_ms);
                    }
                    Ok(())
                })
                .map_err(store_error)?;
            }
            self.forget_failures(ctx.now_ms);
        }
        if self.delivery_is_damaged {
            return Err(CommandError::new(ErrorCode::Refused, NO_POLICY));
        }
        Ok(Reply::Delivery {
            policy: self.delivery,
        })
    }

    fn relay_list(&self) -> Answer {
        let relays = self.relay_views();
        Ok(Reply::Relays { relays })
    }

    fn invite_create(
        &mut self,
        ctx: &mut Ctx<'_>,
        name: String,
        hours: u32,
        policy: InvitePolicy,
    ) -> Answer {
        if name.len() > hushwing_wire::limits::MAX_NAME_LEN {
            return Err(CommandError::new(ErrorCode::BadInput, views::LONG_NAME));
        }
        let (id, link) = self.create_invite(ctx, name, hours, policy)?;
        let row = Rows(ctx.store)
            .invite(&id)
            .map_err(store_error)?
            .ok_or_else(no_invite)?;
        let invite = views::invite_view(&id, &row, ctx.now_ms);
        Ok(Reply::InviteCreated(InviteCreatedView {
            link: link.to_string(),
            invite,
        }))
    }

    fn invite_list(&self, ctx: &Ctx<'_>) -> Answer {
        let invites = Rows(ctx.store).invites().map_err(store_error)?;
        let invites = invites
            .iter()
            .map(|(id, row)| match row {
                Some(row) if !self.damaged_invites.contains(id) => {
                    views::invite_view(id, row, ctx.now_ms)
                }
                _ => views::damaged_invite_view(id),
            })
            .collect();
        Ok(Reply::Invites { invites })
    }

    fn invite_revoke(&mut self, ctx: &mut Ctx<'_>, text: &str) -> Answer {
        let invites = Rows(ctx.store).invites().map_err(store_error)?;
        let mut fitting = invites
            .iter()
            .map(|(id, _)| *id)
            .filter(|id| begins(&views::hex(id.as_bytes()), text));
        let (Some(id), None) = (fitting.next(), fitting.next()) else {
            return Err(no_invite());
        };
        let id: InviteId = id;
        self.revoke_invite(ctx, &id).map_err(store_error)?;
        self.damaged_invites.remove(&id);
        Ok(Reply::Done)
    }

    fn contacts(&mut self, ctx: &mut Ctx<'_>) -> Answer {
        let ids = Rows(ctx.store).contact_ids().map_err(store_error)?;
        let mut contacts = Vec::with_capacity(ids.len());
        for id in ids {
            contacts.push(self.view_of_any(ctx, &id)?);
        }
        contacts.sort_by_key(|contact| contact.blocked_since_ms.is_some());
        Ok(Reply::Contacts { contacts })
    }

    /// A contact whether or not its room is closed.
    pub(crate) fn view_of_any(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: &ContactId,
    ) -> Result<ContactView, CommandError> {
        let view = self
            .in_room(ctx, id, |_, ctx| match Rows(ctx.store).contact(id)? {
                Some(row) => views::contact_view(ctx, id, &row),
                None => Err(StoreError::Damaged("the contact")),
            })
            .map_err(store_error)?;
        Ok(view.unwrap_or_else(|| self.view_of_closed(ctx, id)))
    }

    /// A contact whose room is closed.
    fn view_of_closed(&self, ctx: &Ctx<'_>, id: &ContactId) -> ContactView {
        let row = Rows(ctx.store).contact(id).ok().flatten();
        let reason = self.damaged.get(id).cloned().unwrap_or_default();
        let blocked = Rows(ctx.store).blocked(id).ok().flatten();
        let own_name = row.map_or_else(String::new, |row| row.name);
        let view = views::damaged_view(id, &own_name, &reason);
        let (name, own_name) = match Rows(ctx.store).name(id).ok().flatten() {
            Some(chosen) => (chosen.name, Some(own_name)),
            None => (own_name, None),
        };
        ContactView {
            name,
            own_name,
            blocked_since_ms: blocked.map(|blocked| blocked.since_ms),
            ..view
        }
    }

    fn send(&mut self, ctx: &mut Ctx<'_>, who: &str, text: String) -> Answer {
        if text.is_empty() {
            return Err(CommandError::new(
                ErrorCode::BadInput,
                "There is nothing to send.",
            ));
        }
        if text.len() > MAX_TEXT_LEN {
            return Err(CommandError::new(
                ErrorCode::BadInput,
                format!(
                    "The text has {} bytes; one message holds {MAX_TEXT_LEN}. Send it in parts.",
                    text.len()
                ),
            ));
        }
        let id = self.find_open(ctx, who)?;
        if let Ok(Some(row)) = Rows(ctx.store).contact(&id)
            && let Meeting::Failed { reason, .. } = &row.meeting
        {
            return Err(CommandError::new(ErrorCode::Refused, reason.clone()));
        }
        let undecided = self.whole(ctx, &id, |_, ctx| match Rows(ctx.store).contact(&id)? {
            Some(row) => Self::undecided(ctx, &row),
            None => Ok(None),
        })?;
        if let Some(why) = undecided {
            return Err(CommandError::new(ErrorCode::Refused, why));
        }
        let waiting = Rows(ctx.store)
            .unsealed(&id, limits::MAX_UNSEALED)
            .map_err(store_error)?;
        if waiting.len() >= limits::MAX_UNSEALED {
            return Err(CommandError::new(
                ErrorCode::Limit,
                "1,000 messages to this contact wait already. They go out when the contact comes \
                 online; this one was not taken.",
            ));
        }
        let said = Said {
            salt: hushwing_protocol::new_salt(ctx.rng),
            text,
            clock: None,
        };
        let message = MessageRow {
            id: MessageId(said.id().map_err(|error| {
                CommandError::new(ErrorCode::BadInput, format!("It cannot be sent: {error}."))
            })?),
            text: said.text,
            order: None,
            sent_at_ms: ctx.now_ms,
            progress: Progress::Unsealed,
            since_ms: ctx.now_ms,
            salt: Some(said.salt),
            said_in: None,
            unread_there: 0,
        };
        let position = self.whole(ctx, &id, |engine, ctx| engine.take_text(ctx, &id, &message))?;
        self.pump(ctx).map_err(store_error)?;
        self.message_view(ctx, &id, position)
            .map_err(store_error)?
            .map(Reply::Sent)
            .ok_or_else(|| store_error(StoreError::Damaged("message")))
    }

    /// Takes a text into the vault and seals it, if that can be done now.
    fn take_text(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        message: &MessageRow,
    ) -> Result<u64, StoreError> {
        let mut row = Rows(ctx.store)
            .contact(contact)?
            .ok_or(StoreError::Damaged("the contact"))?;
        let position = self.add_message(ctx, contact, &mut row, message)?;
        Rows(ctx.store).put_unsealed(contact, position)?;
        self.seal_waiting(ctx, contact, &mut row)?;
        Rows(ctx.store).put_contact(contact, &row)?;
        self.refresh_contact(ctx, contact, &row)?;
        Ok(position)
    }

    fn read(
        &self,
        ctx: &Ctx<'_>,
        who: &str,
        limit: u32,
        after: Option<u64>,
        before: Option<u64>,
    ) -> Answer {
        let id = find_contact(ctx, who)?;
        let limit = limit.clamp(1, limits::MAX_READ) as usize;
        let rows = Rows(ctx.store);
        let rows = match (after, before) {
            (Some(_), Some(_)) => {
                return Err(CommandError::new(
                    ErrorCode::BadInput,
                    "Messages are read after a place or before one, not both.",
                ));
            }
            (None, Some(before)) => rows.messages_before(&id, before, limit),
            (after, None) => rows.messages(&id, after, limit),
        };
        let rows = rows.map_err(store_error)?;
        let mut messages = rows
            .iter()
            .map(|(position, row)| {
                match row {
                    Some(row) => self.view_of_message(ctx, &id, *position, row),
                    None => self.view_of_damaged(ctx, &id, *position),
                }
                .map_err(store_error)
            })
            .collect::<Result<Vec<_>, _>>()?;
        // The order that both sides agree on; what has none yet comes last.
        messages.sort_by_key(|message| (message.order.is_none(), message.order, message.position));
        Ok(Reply::Messages { messages })
    }

    pub(crate) fn contact_view(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: &ContactId,
    ) -> Result<ContactView, CommandError> {
        self.whole(ctx, id, |_, ctx| match Rows(ctx.store).contact(id)? {
            Some(row) => views::contact_view(ctx, id, &row).map(Some),
            None => Ok(None),
        })?
        .ok_or_else(no_contact)
    }
}

/// The contact that a text names.
pub(crate) fn find_contact(ctx: &Ctx<'_>, text: &str) -> Result<ContactId, CommandError> {
    let rows = Rows(ctx.store);
    let ids = rows.contact_ids().map_err(store_error)?;
    let mut fitting: Vec<ContactId> = ids
        .into_iter()
        .filter(|id| begins(&views::hex(&id.0), text))
        .collect();
    if fitting.is_empty() {
        for (id, row) in rows.contacts().map_err(store_error)? {
            let name = naming::name_of(ctx, &id, &row).map_err(store_error)?;
            if !text.is_empty() && name == text {
                fitting.push(id);
            }
        }
    }
    match fitting.as_slice() {
        [id] => Ok(*id),
        [] => Err(no_contact()),
        _ => Err(CommandError::new(
            ErrorCode::NotFound,
            "More than one contact fits. Use the id that 'hushwing contacts' shows.",
        )),
    }
}

/// Characters of an id that are enough to name it.
const MIN_ID_CHARS: usize = 4;

fn begins(id: &str, text: &str) -> bool {
    text.len() >= MIN_ID_CHARS && id.starts_with(&text.to_ascii_lowercase())
}

/// The invite whose request a text names.
fn find_request(ctx: &Ctx<'_>, text: &str) -> Result<InviteId, CommandError> {
    let requests = Rows(ctx.store).requests().map_err(store_error)?;
    let mut fitting = requests
        .into_iter()
        .map(|(id, _)| id)
        .filter(|id| begins(&views::hex(id.as_bytes()), text));
    match (fitting.next(), fitting.next()) {
        (Some(id), None) => Ok(id),
        _ => Err(CommandError::new(
            ErrorCode::NotFound,
            "There is no such request, or more than one fits. 'hushwing requests' lists them.",
        )),
    }
}

fn no_contact() -> CommandError {
    CommandError::new(
        ErrorCode::NotFound,
        "There is no such contact. 'hushwing contacts' lists yours.",
    )
}

/// The message that a text names.
pub(crate) fn find_message(ctx: &Ctx<'_>, text: &str) -> Result<(ContactId, u64), CommandError> {
    let text = text.to_ascii_lowercase();
    if text.len() < MIN_ID_CHARS {
        return Err(no_message());
    }
    let found = Rows(ctx.store).find_messages(&text).map_err(store_error)?;
    match found.as_slice() {
        [only] => Ok(*only),
        [] => Err(no_message()),
        _ => Err(CommandError::new(
            ErrorCode::NotFound,
            "More than one message fits. Give more characters of its id.",
        )),
    }
}

pub(crate) fn no_message() -> CommandError {
    CommandError::new(
        ErrorCode::NotFound,
        "There is no such message. 'hushwing read' shows the ids.",
    )
}

fn record_error(error: RecoveryError) -> CommandError {
    match error {
        RecoveryError::Store(error) => store_error(error),
        RecoveryError::NotTheirs => CommandError::new(
            ErrorCode::Refused,
            "This record is not from any of your contacts, or was made for somebody else.",
        ),
        RecoveryError::Old => CommandError::new(
            ErrorCode::Refused,
            "This record is not newer than what is known already; ask for a new one.",
        ),
        RecoveryError::Unknown => CommandError::new(
            ErrorCode::BadInput,
            "There are no keys with this contact yet.",
        ),
        error => CommandError::new(ErrorCode::Machine, format!("It did not work: {error}.")),
    }
}

const GIVEN_UP: &str = "You gave it up before it left.";

fn no_invite() -> CommandError {
    CommandError::new(
        ErrorCode::NotFound,
        "There is no such invite. 'hushwing invite list' lists yours.",
    )
}
