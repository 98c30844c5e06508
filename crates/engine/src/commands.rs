//! What people ask.

use hushwing_protocol::{Ctx, InviteId, RecoveryError, Said, store::StoreError};
use hushwing_wire::{RelayAddress, RouteRecord, address::Endpoint, limits::MAX_TEXT_LEN};

use crate::{
    Engine, limits,
    rows::{ContactId, ContactRow, Meeting, MessageId, MessageRow, Progress, Rows},
    view::{
        Command, CommandError, ContactView, DeliveryPolicy, ErrorCode, InviteCreatedView,
        LedgerStep, Reply,
    },
    views::{self, store_error},
};

type Answer = Result<Reply, CommandError>;

impl Engine {
    /// Carries a command out. After an error the step must be rolled back and
    /// the engine made anew, as after a failed commit.
    ///
    /// Commands about the vault and the network themselves (`Create`,
    /// `Unlock`, `Lock`, `RelayTest`, `Status`) are the driver's.
    ///
    /// # Errors
    /// [`CommandError`] in plain words.
    pub fn command(&mut self, ctx: &mut Ctx<'_>, command: Command) -> Answer {
        let reply = match command {
            Command::RelayAdd { address } => self.relay_add(ctx, &address),
            Command::RelayList => self.relay_list(ctx),
            Command::InviteCreate {
                name,
                expires_hours,
            } => self.invite_create(ctx, name, expires_hours),
            Command::InviteList => self.invite_list(ctx),
            Command::InviteRevoke { id } => self.invite_revoke(ctx, &id),
            Command::InviteRedeem { link, name } => {
                let id = self.redeem(ctx, link.expose(), name)?;
                self.contact_view(ctx, &id).map(Reply::Contact)
            }
            Command::Contacts => self.contacts(ctx),
            Command::Send { contact, text } => self.send(ctx, &contact, text),
            Command::Read {
                contact,
                limit,
                after,
            } => self.read(ctx, &contact, limit, after),
            Command::RelayRemove { address } => self.relay_remove(ctx, &address),
            Command::Message { id } => self.message(ctx, &id),
            Command::GiveUp { id } => self.give_up(ctx, &id),
            Command::Doctor => {
                let findings = self.findings(ctx).map_err(store_error)?;
                Ok(Reply::Doctor { findings })
            }
            Command::Delivery { policy } => self.set_delivery(ctx, policy),
            Command::RouteRecord { contact } => {
                let (_, row) = find_contact(ctx, &contact)?;
                let record = self.route_record(ctx, &row).map_err(record_error)?;
                Ok(Reply::RouteRecord {
                    record: record.to_string(),
                })
            }
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
                let (id, _) = find_contact(ctx, &contact)?;
                self.start_repair(ctx, &id).map_err(store_error)?;
                Ok(Reply::Done)
            }
            Command::RetryNow => {
                self.forget_failures(ctx.now_ms);
                Ok(Reply::Done)
            }
            Command::Status
            | Command::Create { .. }
            | Command::Unlock { .. }
            | Command::Lock
            | Command::RelayTest { .. } => Err(CommandError::new(
                ErrorCode::BadInput,
                "This command is not for an open account.",
            )),
        }?;
        self.pump(ctx).map_err(store_error)?;
        Ok(reply)
    }

    fn relay_add(&mut self, ctx: &mut Ctx<'_>, text: &str) -> Answer {
        let address = parse_relay(text)?;
        if matches!(address.endpoint, Endpoint::Loopback(_)) && !self.allow_loopback {
            return Err(CommandError::new(
                ErrorCode::BadInput,
                "This relay is on this machine only: the people you write to could not reach it. \
                 Start it with an onion address, or start hushwing with --allow-loopback to try \
                 things out on one machine.",
            ));
        }
        let rows = Rows(ctx.store);
        let mut relays = rows.relays().map_err(store_error)?;
        if !relays.contains(&address) {
            if relays.len() >= limits::MAX_OWN_RELAYS {
                return Err(CommandError::new(
                    ErrorCode::Limit,
                    "You use three relays already, which is the limit.",
                ));
            }
            relays.push(address.clone());
            rows.put_relays(&relays).map_err(store_error)?;
            self.tell_routes_to_all(ctx).map_err(store_error)?;
        }
        Ok(Reply::Relay(self.relay_view(&address)))
    }

    fn relay_remove(&mut self, ctx: &mut Ctx<'_>, text: &str) -> Answer {
        let address = parse_relay(text)?;
        let rows = Rows(ctx.store);
        let mut relays = rows.relays().map_err(store_error)?;
        let before = relays.len();
        relays.retain(|relay| *relay != address);
        if relays.len() == before {
            return Err(CommandError::new(
                ErrorCode::NotFound,
                "You do not use this relay. 'hushwing relay list' shows those that you use.",
            ));
        }
        if relays.is_empty() {
            return Err(CommandError::new(
                ErrorCode::BadInput,
                "This is your only relay: without one nobody can leave mail for you. Add another \
                 first.",
            ));
        }
        rows.put_relays(&relays).map_err(store_error)?;
        self.tell_routes_to_all(ctx).map_err(store_error)?;
        Ok(Reply::Done)
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
        let mut row = rows
            .message(&contact, position)
            .map_err(store_error)?
            .ok_or_else(no_message)?;
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
        if let Some(policy) = policy.filter(|policy| *policy != self.delivery) {
            Rows(ctx.store).put_delivery(policy).map_err(store_error)?;
            self.delivery = policy;
            for (contact, row) in Rows(ctx.store).contacts().map_err(store_error)? {
                self.refresh_contact(ctx, &contact, &row)
                    .map_err(store_error)?;
                for (id, out) in Rows(ctx.store).boxes_to(&contact).map_err(store_error)? {
                    self.track(&id, &out, ctx.now_ms);
                }
            }
            self.forget_failures(ctx.now_ms);
        }
        Ok(Reply::Delivery {
            policy: self.delivery,
        })
    }

    fn relay_list(&self, ctx: &Ctx<'_>) -> Answer {
        let relays = Rows(ctx.store).relays().map_err(store_error)?;
        let relays = relays.iter().map(|relay| self.relay_view(relay)).collect();
        Ok(Reply::Relays { relays })
    }

    fn invite_create(&mut self, ctx: &mut Ctx<'_>, name: String, hours: u32) -> Answer {
        if name.len() > hushwing_wire::limits::MAX_NAME_LEN {
            return Err(CommandError::new(ErrorCode::BadInput, views::LONG_NAME));
        }
        let (id, link) = self.create_invite(ctx, name, hours)?;
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
            .map(|(id, row)| views::invite_view(id, row, ctx.now_ms))
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
        Ok(Reply::Done)
    }

    fn contacts(&self, ctx: &Ctx<'_>) -> Answer {
        let rows = Rows(ctx.store).contacts().map_err(store_error)?;
        let contacts = rows
            .iter()
            .map(|(id, row)| views::contact_view(ctx, id, row).map_err(store_error))
            .collect::<Result<Vec<ContactView>, _>>()?;
        Ok(Reply::Contacts { contacts })
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
        let (id, mut row) = find_contact(ctx, who)?;
        if let Meeting::Failed { reason, .. } = &row.meeting {
            return Err(CommandError::new(ErrorCode::Refused, reason.clone()));
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
        };
        let position = self
            .add_message(ctx, &id, &mut row, &message)
            .map_err(store_error)?;
        Rows(ctx.store)
            .put_unsealed(&id, position)
            .map_err(store_error)?;
        self.seal_waiting(ctx, &id, &mut row).map_err(store_error)?;
        Rows(ctx.store)
            .put_contact(&id, &row)
            .map_err(store_error)?;
        self.refresh_contact(ctx, &id, &row).map_err(store_error)?;
        self.pump(ctx).map_err(store_error)?;
        self.message_view(ctx, &id, position)
            .map_err(store_error)?
            .map(Reply::Sent)
            .ok_or_else(|| store_error(StoreError::Damaged("message")))
    }

    fn read(&self, ctx: &Ctx<'_>, who: &str, limit: u32, after: Option<u64>) -> Answer {
        let (id, _) = find_contact(ctx, who)?;
        let limit = limit.clamp(1, limits::MAX_READ) as usize;
        let rows = Rows(ctx.store)
            .messages(&id, after, limit)
            .map_err(store_error)?;
        let mut messages = rows
            .iter()
            .map(|(position, row)| {
                self.view_of_message(ctx, &id, *position, row)
                    .map_err(store_error)
            })
            .collect::<Result<Vec<_>, _>>()?;
        // The order that both sides agree on; what has none yet comes last.
        messages.sort_by_key(|message| (message.order.is_none(), message.order, message.position));
        Ok(Reply::Messages { messages })
    }

    fn contact_view(&self, ctx: &Ctx<'_>, id: &ContactId) -> Result<ContactView, CommandError> {
        let row = Rows(ctx.store)
            .contact(id)
            .map_err(store_error)?
            .ok_or_else(no_contact)?;
        views::contact_view(ctx, id, &row).map_err(store_error)
    }
}

/// The relay address in a text that a person typed.
///
/// # Errors
/// [`CommandError`] saying what is wrong with it.
pub fn parse_relay(text: &str) -> Result<RelayAddress, CommandError> {
    text.parse().map_err(|error| {
        CommandError::new(
            ErrorCode::BadInput,
            format!(
                "This is not a relay's address: {error}. It begins with 'hushwing-relay:'; copy \
                 all of it."
            ),
        )
    })
}

/// The contact that a text names.
fn find_contact(ctx: &Ctx<'_>, text: &str) -> Result<(ContactId, ContactRow), CommandError> {
    let contacts = Rows(ctx.store).contacts().map_err(store_error)?;
    let mut fitting: Vec<_> = contacts
        .iter()
        .filter(|(id, _)| begins(&views::hex(&id.0), text))
        .collect();
    if fitting.is_empty() {
        fitting = contacts
            .iter()
            .filter(|(_, row)| !text.is_empty() && row.name == text)
            .collect();
    }
    match fitting.as_slice() {
        [(id, row)] => Ok((*id, row.clone())),
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

fn no_contact() -> CommandError {
    CommandError::new(
        ErrorCode::NotFound,
        "There is no such contact. 'hushwing contacts' lists yours.",
    )
}

/// The message that a text names.
fn find_message(ctx: &Ctx<'_>, text: &str) -> Result<(ContactId, u64), CommandError> {
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

fn no_message() -> CommandError {
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
