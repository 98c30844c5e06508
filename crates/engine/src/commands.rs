//! What people ask.

use hushwing_protocol::{Ctx, InviteId, store::StoreError};
use hushwing_wire::{RelayAddress, address::Endpoint, limits::MAX_TEXT_LEN};

use crate::{
    Engine, limits,
    rows::{ContactId, ContactRow, Meeting, Progress, Rows},
    view::{Command, CommandError, ContactView, ErrorCode, InviteCreatedView, RelayState, Reply},
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

    fn relay_add(&mut self, ctx: &Ctx<'_>, text: &str) -> Answer {
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
            self.relays.insert(address.clone(), RelayState::Unknown);
        }
        Ok(Reply::Relay(self.relay_view(&address)))
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
        let now_ms = ctx.now_ms;
        let position = self
            .add_message(ctx, &id, &mut row, text, None, now_ms, Progress::Unsealed)
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

fn no_invite() -> CommandError {
    CommandError::new(
        ErrorCode::NotFound,
        "There is no such invite. 'hushwing invite list' lists yours.",
    )
}
