//! Deleting for oneself: a message, what was said with a contact, a contact.
//!
//! What is deleted here is deleted in this account alone; nobody is told. The engine
//! takes the rows away and remembers that the vault's files still have to be cleared of
//! what is left of them: [`Engine::must_clear`]. `[HW-DEL-1]`

use hushwing_protocol::{Ctx, StateError, store::StoreError};
use hushwing_wire::{Slot, limits::MAX_SLOTS_PER_REQUEST};

use crate::{
    Engine,
    commands::{find_contact, find_message, no_message},
    io::{Isolation, Operation, Purpose, Transmit},
    limits,
    outbox::Flight,
    rows::{ContactId, MessageRow, OutId, OutRow, Owner, Progress, Rows},
    view::{CommandError, ErrorCode, Event, Reply, Unsent},
    views::{self, store_error},
};

type Answer = Result<Reply, CommandError>;

impl Engine {
    /// Whether something was deleted of which the vault's files may still hold traces.
    /// The driver clears them and calls [`Engine::cleared`].
    #[must_use]
    pub fn must_clear(&self) -> bool {
        self.must_clear
    }

    /// The vault's files hold nothing any more of what was deleted.
    ///
    /// # Errors
    /// [`StoreError`]; the step must then be rolled back.
    pub fn cleared(&mut self, ctx: &mut Ctx<'_>) -> Result<(), StoreError> {
        Rows(ctx.store).forget_must_clear()?;
        self.must_clear = false;
        Ok(())
    }

    fn files_must_be_cleared(&mut self, ctx: &Ctx<'_>) -> Result<(), CommandError> {
        Rows(ctx.store).put_must_clear().map_err(store_error)?;
        self.must_clear = true;
        Ok(())
    }

    pub(crate) fn delete_message(&mut self, ctx: &mut Ctx<'_>, id: &str, unsent: Unsent) -> Answer {
        let (contact, position) = find_message(ctx, id)?;
        let rows = Rows(ctx.store);
        let message = rows.message(&contact, position).map_err(store_error)?;
        let known = match &message {
            Some(message) => Some((message.id, message.is_mine())),
            None => rows.id_at(&contact, position).map_err(store_error)?,
        };
        let Some((id, mine)) = known else {
            return Err(no_message());
        };
        let waits = message.is_some_and(|message| self.waits_to_arrive(&contact, &message));
        if waits && unsent == Unsent::Refuse {
            return Err(CommandError::new(ErrorCode::NotArrived, NOT_THERE_YET));
        }
        self.let_boxes_go_alone(ctx, &contact, Some(position))
            .and_then(|()| rows.delete_message(&contact, position, &id, mine))
            .map_err(store_error)?;
        self.tell(Event::MessageDeleted {
            contact: views::hex(&contact.0),
            message: views::hex(&id.0),
            position,
        });
        self.tell_unread(ctx, &contact).map_err(store_error)?;
        self.files_must_be_cleared(ctx)?;
        Ok(Reply::Done)
    }

    pub(crate) fn delete_history(
        &mut self,
        ctx: &mut Ctx<'_>,
        who: &str,
        unsent: Unsent,
    ) -> Answer {
        let contact = find_contact(ctx, who)?;
        self.may_delete_all(ctx, &contact, unsent)?;
        self.let_boxes_go_alone(ctx, &contact, None)
            .and_then(|()| Rows(ctx.store).delete_history(&contact))
            .map_err(store_error)?;
        self.reads_due.remove(&contact);
        self.held.remove(&contact);
        self.tell(Event::HistoryDeleted {
            contact: views::hex(&contact.0),
        });
        self.tell_unread(ctx, &contact).map_err(store_error)?;
        self.files_must_be_cleared(ctx)?;
        Ok(Reply::Done)
    }

    pub(crate) fn delete_contact(
        &mut self,
        ctx: &mut Ctx<'_>,
        who: &str,
        unsent: Unsent,
    ) -> Answer {
        let contact = find_contact(ctx, who)?;
        self.may_delete_all(ctx, &contact, unsent)?;
        self.drop_once_more(ctx, &contact).map_err(store_error)?;
        self.delete_rows_of(ctx, &contact).map_err(store_error)?;
        // Whatever still comes for it finds nobody, until the program ends.
        self.fall_silent(&contact);
        self.damaged.remove(&contact);
        self.mended.remove(&contact);
        self.tell(Event::ContactDeleted {
            contact: views::hex(&contact.0),
        });
        self.files_must_be_cleared(ctx)?;
        Ok(Reply::Done)
    }

    fn delete_rows_of(&self, ctx: &mut Ctx<'_>, contact: &ContactId) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        let conversation = match rows.contact(contact) {
            Ok(row) => row.and_then(|row| row.meeting.conversation()),
            Err(StoreError::Damaged(_)) => None,
            Err(error) => return Err(error),
        };
        rows.delete_history(contact)?;
        rows.delete_contact(contact)?;
        if let Some(conversation) = conversation {
            hushwing_protocol::forget(ctx, &conversation).map_err(state_error)?;
        }
        self.forget_orphans(ctx)
    }

    /// Conversations that no contact has. A damaged contact's row does not say which one
    /// is its, so as long as there is such a row nothing is taken for nobody's.
    fn forget_orphans(&self, ctx: &mut Ctx<'_>) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        let contacts = rows.contacts()?;
        if rows.contact_ids()?.len() != contacts.len() {
            return Ok(());
        }
        let named: Vec<_> = contacts
            .iter()
            .filter_map(|(_, row)| row.meeting.conversation())
            .collect();
        for conversation in hushwing_protocol::conversations(ctx.store).map_err(state_error)? {
            if !named.contains(&conversation) {
                hushwing_protocol::forget(ctx, &conversation).map_err(state_error)?;
            }
        }
        Ok(())
    }

    /// Whether a message of ours is on its way and not known to be there.
    fn waits_to_arrive(&self, contact: &ContactId, message: &MessageRow) -> bool {
        !self.damaged.contains_key(contact)
            && matches!(
                message.progress,
                Progress::Unsealed | Progress::Sealed { .. }
            )
    }

    /// [HW-DEL-2] What waits to arrive is deleted only by a command that says so.
    fn may_delete_all(
        &self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        unsent: Unsent,
    ) -> Result<(), CommandError> {
        if unsent == Unsent::Delete || self.damaged.contains_key(contact) {
            return Ok(());
        }
        let rows = Rows(ctx.store);
        let unsealed = rows
            .unsealed(contact, limits::MAX_UNSEALED)
            .map_err(store_error)?;
        let boxes = readable_boxes(ctx, contact).map_err(store_error)?;
        let sealed = boxes.iter().filter(|(_, out)| out.message.is_some());
        match unsealed.len() + sealed.count() {
            0 => Ok(()),
            waiting => Err(CommandError::new(
                ErrorCode::NotArrived,
                format!(
                    "Not on their device yet: {waiting} of your messages. Nothing was deleted. \
                     Wait until they have arrived. If you delete all the same, what is not \
                     encrypted yet never leaves, and the rest cannot be taken back."
                ),
            )),
        }
    }

    /// What is sealed keeps its place in its lane, which the other side reads in order; it
    /// goes on without the message that it carries. Of all messages, or of one.
    fn let_boxes_go_alone(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        position: Option<u64>,
    ) -> Result<(), StoreError> {
        for (id, mut out) in readable_boxes(ctx, contact)? {
            if out.message.is_some() && (position.is_none() || out.message == position) {
                out.message = None;
                Rows(ctx.store).put_out(&id, &out)?;
                if let Some(attempt) = self.attempts.get_mut(&id) {
                    attempt.message = None;
                }
            }
        }
        Ok(())
    }

    /// Relays are asked once more to forget what was read of this contact, and nothing of
    /// that is stored; what they do not hear expires there. `[HW-DEL-4]`
    fn drop_once_more(&mut self, ctx: &Ctx<'_>, contact: &ContactId) -> Result<(), StoreError> {
        let mut slots = std::collections::BTreeMap::<_, Vec<Slot>>::new();
        for (number, row) in Rows(ctx.store).drops()? {
            if let Some(row) = row.filter(|row| row.contact == *contact) {
                self.drops.remove(&number);
                Rows(ctx.store).delete_drop(number)?;
                slots
                    .entry(row.relay)
                    .or_default()
                    .push(Slot::new(row.slot));
            }
        }
        let owner = Owner::Test(self.next_drop);
        let mut room = limits::MAX_IN_FLIGHT_PER_OWNER;
        for (relay, slots) in slots {
            for some in slots.chunks(MAX_SLOTS_PER_REQUEST) {
                let Some(left) = room.checked_sub(1) else {
                    return Ok(());
                };
                room = left;
                let number = self.next_drop;
                self.next_drop += 1;
                let id = self.new_flight(Flight::Drop(number));
                self.transmits.push_back(Transmit {
                    id,
                    to: relay.clone(),
                    isolation: Isolation {
                        owner,
                        purpose: Purpose::Read,
                    },
                    operation: Operation::Drop {
                        slots: some.to_vec(),
                    },
                });
            }
        }
        Ok(())
    }
}

/// The boxes to a contact whose rows can be read.
fn readable_boxes(ctx: &Ctx<'_>, contact: &ContactId) -> Result<Vec<(OutId, OutRow)>, StoreError> {
    let mut boxes = Rows(ctx.store).outbox()?;
    boxes.retain(|(id, _)| matches!(id, OutId::Box(of, ..) if of == contact));
    Ok(boxes)
}

/// A failure of the protocol's rows as one of the vault.
fn state_error(error: StateError) -> StoreError {
    match error {
        StateError::Store(error) => error,
        StateError::Unknown => StoreError::Damaged("a conversation"),
    }
}

const NOT_THERE_YET: &str = "This message is not on their device yet. Nothing was deleted. Wait until \
     it has arrived. If you delete it all the same: where it is not encrypted yet it never \
     leaves; where it is, it cannot be taken back, and only your copy goes.";
