//! Rows as people see them, and the events that tell of their changes.

use hushwing_protocol::{Ctx, InviteId, SafetyNumber, store::StoreError};

use crate::{
    Engine,
    blocking::BLOCKED,
    limits, naming,
    outbox::Attempt,
    rows::{
        ContactId, ContactRow, InviteRow, Meeting, MessageRow, OutId, OutRow, Owner, Progress,
        Rows, VerifiedRow,
    },
    view::{
        CommandError, ContactPhase, ContactView, ErrorCode, Event, InvitePolicy, InviteState,
        InviteView, LedgerStep, MessageState, MessageView, NetworkView, Verification,
    },
};

/// What is wrong with a name that is too long.
pub(crate) const LONG_NAME: &str = "The name is too long: 64 bytes are the limit.";

impl Engine {
    /// How many messages of ours are not known to be on their recipients' devices.
    ///
    /// # Errors
    /// [`StoreError`] when the vault cannot be read.
    pub fn undelivered(&self, ctx: &Ctx<'_>) -> Result<u64, StoreError> {
        let rows = Rows(ctx.store);
        let mut count = rows
            .outbox()?
            .iter()
            .filter(|(_, row)| row.message.is_some())
            .count();
        for contact in rows.contact_ids()? {
            count += rows.unsealed(&contact, limits::MAX_UNSEALED)?.len();
        }
        Ok(count as u64)
    }

    pub(crate) fn message_view(
        &self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        position: u64,
    ) -> Result<Option<MessageView>, StoreError> {
        let rows = Rows(ctx.store);
        match rows.message(contact, position)? {
            None if rows.is_damaged(contact, position)? => {
                self.view_of_damaged(ctx, contact, position).map(Some)
            }
            None => Ok(None),
            Some(row) => self.view_of_message(ctx, contact, position, &row).map(Some),
        }
    }

    /// What can still be told of a message whose row is damaged.
    pub(crate) fn view_of_damaged(
        &self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        position: u64,
    ) -> Result<MessageView, StoreError> {
        let known = Rows(ctx.store).id_at(contact, position)?;
        let mine = known.is_some_and(|(_, mine)| mine);
        let reason = if mine { DAMAGED_MINE } else { DAMAGED_THEIRS };
        Ok(MessageView {
            id: known.map_or_else(String::new, |(id, _)| hex(&id.0)),
            contact: hex(&contact.0),
            position,
            order: None,
            mine,
            text: String::new(),
            sent_at_ms: 0,
            state: MessageState::Damaged {
                reason: reason.to_owned(),
            },
            since_ms: 0,
        })
    }

    pub(crate) fn view_of_message(
        &self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        position: u64,
        row: &MessageRow,
    ) -> Result<MessageView, StoreError> {
        let state = match &row.progress {
            Progress::Unsealed if self.damaged.contains_key(contact) => {
                self.stuck_with_damaged(contact)
            }
            Progress::Unsealed if self.blocked.contains(contact) => held_by_block(),
            Progress::Unsealed => match self.held.get(contact) {
                Some(reason) => MessageState::Held {
                    reason: reason.clone(),
                },
                None => MessageState::WaitingForContact,
            },
            Progress::Sealed { generation, number } => {
                let id = OutId::Box(*contact, *generation, *number);
                self.state_of_box(&id, Rows(ctx.store).readable_out(&id)?.as_ref())
            }
            Progress::Delivered => MessageState::Delivered,
            Progress::Read => MessageState::Read,
            Progress::Failed { reason } => MessageState::Failed {
                reason: reason.clone(),
            },
            Progress::Received | Progress::Seen => MessageState::Received,
            Progress::Unreadable { reason } => MessageState::Unreadable {
                reason: reason.clone(),
            },
        };
        let mine = !matches!(
            row.progress,
            Progress::Received | Progress::Seen | Progress::Unreadable { .. }
        );
        Ok(MessageView {
            id: hex(&row.id.0),
            contact: hex(&contact.0),
            position,
            order: row.order,
            mine,
            text: row.text.clone(),
            sent_at_ms: row.sent_at_ms,
            state,
            since_ms: row.since_ms,
        })
    }

    fn state_of_box(&self, id: &OutId, row: Option<&OutRow>) -> MessageState {
        let OutId::Box(contact, ..) = id else {
            return MessageState::Sending;
        };
        let Some(row) = row else {
            // A sealed message without its box: a row is gone.
            return MessageState::Damaged {
                reason: DAMAGED_MINE.to_owned(),
            };
        };
        // Relays that the contact has left do not count.
        let relays = self.relays_for(id);
        let stored = relays.iter().filter(|relay| row.stored_at.contains(relay));
        let stored = stored.count();
        if stored > 0 {
            return MessageState::AtRelay {
                stored: small(stored),
                of: small(relays.len()),
            };
        }
        if self.damaged.contains_key(contact) {
            return self.stuck_with_damaged(contact);
        }
        if self.blocked.contains(contact) {
            return held_by_block();
        }
        match self.attempts.get(id) {
            Some(attempt) if !attempt.in_flight.is_empty() => MessageState::Sending,
            _ if self.network != NetworkView::Ready => MessageState::WaitingForTor,
            attempt => waiting(attempt),
        }
    }

    fn stuck_with_damaged(&self, contact: &ContactId) -> MessageState {
        MessageState::Failed {
            reason: self.damaged.get(contact).cloned().unwrap_or_default(),
        }
    }

    pub(crate) fn tell_message(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        position: u64,
    ) -> Result<(), StoreError> {
        if let Some(view) = self.message_view(ctx, contact, position)? {
            self.tell(Event::Message(view));
        }
        Ok(())
    }

    /// Tells of the message that something in the outbox carries, if it carries one.
    pub(crate) fn tell_out(&mut self, ctx: &Ctx<'_>, id: &OutId) -> Result<(), StoreError> {
        let message = self.attempts.get(id).and_then(|attempt| attempt.message);
        let message = match message {
            Some(position) => Some(position),
            None => Rows(ctx.store).out(id)?.and_then(|row| row.message),
        };
        match (id, message) {
            (OutId::Box(contact, ..), Some(position)) => self.tell_message(ctx, contact, position),
            _ => Ok(()),
        }
    }

    /// The network came or went: tells of every message that waits.
    pub(crate) fn tell_waiting_messages(&mut self, ctx: &mut Ctx<'_>) -> Result<(), StoreError> {
        let waiting: Vec<OutId> = self
            .attempts
            .iter()
            .filter(|(_, attempt)| attempt.message.is_some() && attempt.stored_at.is_empty())
            .map(|(id, _)| *id)
            .collect();
        for id in waiting {
            self.with_owner(ctx, &id, |engine, ctx| engine.tell_out(ctx, &id))?;
        }
        Ok(())
    }

    pub(crate) fn tell_contact(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        row: &ContactRow,
    ) -> Result<(), StoreError> {
        let view = contact_view(ctx, contact, row)?;
        self.tell(Event::Contact(view));
        Ok(())
    }

    /// Texts that wait for a contact who will never come fail visibly.
    pub(crate) fn fail_unsealed(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        reason: &str,
    ) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        for position in rows.unsealed(contact, limits::MAX_UNSEALED)? {
            if let Some(mut message) = rows.message(contact, position)? {
                message.progress = Progress::Failed {
                    reason: reason.to_owned(),
                };
                message.since_ms = ctx.now_ms;
                rows.put_message(contact, position, &message)?;
                let step = LedgerStep::Failed {
                    reason: reason.to_owned(),
                };
                rows.note(contact, position, ctx.now_ms, step)?;
            }
            rows.delete_unsealed(contact, position)?;
            self.tell_message(ctx, contact, position)?;
        }
        self.attempts
            .retain(|id, _| id.owner() != Owner::Contact(*contact));
        Ok(())
    }
}

/// `[HW-BLOCK-4]`
fn held_by_block() -> MessageState {
    MessageState::Held {
        reason: BLOCKED.to_owned(),
    }
}

fn waiting(attempt: Option<&Attempt>) -> MessageState {
    let reason = attempt
        .and_then(|attempt| attempt.last_error.clone())
        .unwrap_or_else(|| "It is about to be tried.".to_owned());
    let next_try_ms = attempt
        .map(|attempt| attempt.next_try_ms)
        .filter(|at| *at != u64::MAX)
        .unwrap_or(0);
    MessageState::WaitingForRelay {
        reason,
        next_try_ms,
    }
}

/// A contact of which too little can be read.
pub(crate) fn damaged_view(id: &ContactId, own_name: &str, reason: &str) -> ContactView {
    ContactView {
        id: hex(&id.0),
        name: own_name.to_owned(),
        own_name: None,
        phase: ContactPhase::Damaged {
            reason: reason.to_owned(),
        },
        blocked_since_ms: None,
        safety_number: None,
        verification: Verification::Unverified,
        missing: 0,
        repairing: false,
        succeeding: false,
    }
}

/// What the user's mark is worth beside the safety number that holds now.
pub(crate) fn standing(row: &ContactRow, number: Option<&SafetyNumber>) -> Verification {
    match (&row.verified, number) {
        (None, _) => row
            .succeeded_ms
            .map_or(Verification::Unverified, |since_ms| {
                Verification::Succeeded { since_ms }
            }),
        (Some(VerifiedRow { mark, how, at_ms }), number) => {
            let (how, at_ms) = (*how, *at_ms);
            if number.is_some_and(|number| number.mark() == *mark) {
                Verification::Verified { how, at_ms }
            } else {
                Verification::Changed { how, at_ms }
            }
        }
    }
}

/// A contact as people see it.
pub(crate) fn contact_view(
    ctx: &Ctx<'_>,
    id: &ContactId,
    row: &ContactRow,
) -> Result<ContactView, StoreError> {
    let phase = match &row.meeting {
        Meeting::Fetching { .. } | Meeting::Requested { stored: false, .. } => {
            ContactPhase::Fetching
        }
        Meeting::Requested { stored: true, .. } => ContactPhase::Requested,
        Meeting::Established { .. } => ContactPhase::Established,
        Meeting::Failed { reason, .. } => ContactPhase::Failed {
            reason: reason.clone(),
        },
    };
    let (number, missing) = match &row.meeting {
        Meeting::Established { conversation } => {
            let view = hushwing_protocol::view(ctx.store, conversation)
                .map_err(|_| StoreError::Damaged("a conversation"))?;
            (view.safety_number, view.missing)
        }
        _ => (None, 0),
    };
    let blocked = Rows(ctx.store).blocked(id)?;
    let name = naming::name_of(ctx, id, row)?;
    Ok(ContactView {
        id: hex(&id.0),
        own_name: (name != row.name).then(|| row.name.clone()),
        name,
        phase,
        blocked_since_ms: blocked.map(|blocked| blocked.since_ms),
        verification: standing(row, number.as_ref()),
        safety_number: number.map(|number| number.to_string()),
        missing,
        repairing: row.repair.is_some(),
        succeeding: row.succeeding.is_some(),
    })
}

/// An invite as people see it.
pub(crate) fn invite_view(id: &InviteId, row: &InviteRow, now_ms: u64) -> InviteView {
    // One that was answered in time can still come true; nobody can answer it now.
    let is_over = Engine::is_open(row.state) && row.expires_at_ms <= now_ms;
    InviteView {
        id: hex(id.as_bytes()),
        expires_at_ms: row.expires_at_ms,
        state: if is_over {
            InviteState::Expired
        } else {
            row.state
        },
        policy: row.policy,
    }
}

/// An invite whose rows are damaged.
pub(crate) fn damaged_invite_view(id: &InviteId) -> InviteView {
    InviteView {
        id: hex(id.as_bytes()),
        expires_at_ms: 0,
        state: InviteState::Damaged,
        policy: InvitePolicy::default(),
    }
}

const DAMAGED_MINE: &str = "What you wrote here is damaged in your account and cannot be shown. If \
     it had left, it still arrives; if not, it is lost. Ask them, or write it again.";

const DAMAGED_THEIRS: &str = "What they wrote here is damaged in your account and cannot be shown. \
     Ask them to send it again.";

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        store_error(error)
    }
}

/// A failure of the vault as people see it.
#[allow(clippy::needless_pass_by_value)] // For `map_err`.
pub(crate) fn store_error(error: StoreError) -> CommandError {
    match error {
        StoreError::Medium(_) => CommandError::new(
            ErrorCode::Machine,
            format!("{error}. Nothing was changed. Check that the disk has room."),
        ),
        StoreError::Damaged(_) => CommandError::new(ErrorCode::VaultUnusable, error.to_string()),
    }
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
