//! Turning what people wrote, and what is owed, into boxes.

use hushwing_protocol::{Ctx, Outgoing, Said, SealError, store::StoreError};

use hushwing_wire::{LanePlace, limits::MAX_UNREAD_PLACES};

use super::generation_of;
use crate::{
    Engine, limits,
    rows::{ContactId, ContactRow, MessageRow, OutId, Progress, Rows},
    view::{LedgerStep, OrderView},
};

impl Engine {
    /// Why the texts that wait for this contact wait, as far as its row tells. Nothing is
    /// sealed to find out: at a start nobody knows yet whether the vault is an old copy.
    pub(crate) fn why_held(
        ctx: &Ctx<'_>,
        contact: &ContactId,
        row: &ContactRow,
    ) -> Result<Option<&'static str>, StoreError> {
        if Rows(ctx.store).unsealed(contact, 1)?.is_empty() {
            Ok(None)
        } else if let Some(why) = Self::undecided(ctx, row)? {
            Ok(Some(why))
        } else {
            Ok(row.repair.as_ref().map(|_| REPAIRING))
        }
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
        if self.blocked.contains(contact) {
            return Ok(());
        }
        self.held.remove(contact);
        let waiting = Rows(ctx.store).unsealed(contact, limits::MAX_UNSEALED)?;
        if waiting.is_empty() {
            return Ok(());
        }
        if let Some(why) = Self::undecided(ctx, row)? {
            self.held.insert(*contact, why.to_owned());
            return Ok(());
        }
        let generation = generation_of(ctx, &conversation)?;
        for position in waiting {
            let rows = Rows(ctx.store);
            let Some(mut message) = rows.message(contact, position)? else {
                rows.delete_unsealed(contact, position)?;
                continue;
            };
            let said = said(&message)?;
            match hushwing_protocol::seal(ctx, &conversation, Outgoing::Said(&said)) {
                Ok(sealed) => {
                    let id = OutId::Box(*contact, generation, sealed.number);
                    self.enqueue_sealed(ctx, &id, &sealed, Some(position))?;
                    // For the first time, or instead of a box that was not readable.
                    let with_these_keys = message.said_in.is_none_or(|(of, _)| of == generation);
                    let step = if with_these_keys {
                        LedgerStep::Sealed
                    } else {
                        LedgerStep::SealedAnew
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
                Err(SealError::Unknown) => return Err(StoreError::Damaged("a conversation")),
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
                self.enqueue_sealed(ctx, &id, &sealed, None)?;
                self.receipt_travels(contact, row);
                Ok(Some((generation, sealed.number)))
            }
            Err(SealError::Store(error)) => Err(error),
            Err(SealError::Unknown) => Err(StoreError::Damaged("a conversation")),
            Err(_) => Ok(None),
        }
    }

    /// Tells the contact which of its boxes could not be read, as far as a limit
    /// does not hold that back.
    pub(crate) fn seal_unread(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        row: &mut ContactRow,
    ) -> Result<(), StoreError> {
        while !row.unread_owed.is_empty() {
            let count = row.unread_owed.len().min(MAX_UNREAD_PLACES);
            let places: Vec<LanePlace> = row.unread_owed[..count]
                .iter()
                .map(|(epoch, index)| LanePlace {
                    epoch: *epoch,
                    index: *index,
                })
                .collect();
            let sealed = self.seal_quietly(ctx, contact, row, Outgoing::Unread(&places))?;
            let Some(told_in) = sealed else {
                break;
            };
            let told = row.unread_owed.drain(..count);
            row.unread_told.extend(told.map(|place| (told_in, place)));
            let over = row
                .unread_told
                .len()
                .saturating_sub(limits::MAX_UNREAD_OWED);
            row.unread_told.drain(..over);
        }
        Ok(())
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
            let sent = self.in_room(ctx, &contact, |engine, ctx| {
                engine.send_due_receipt(ctx, &contact)
            })?;
            if sent.is_none() {
                self.receipts_due.remove(&contact);
            }
        }
        Ok(())
    }

    fn send_due_receipt(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
    ) -> Result<(), StoreError> {
        let Some(mut row) = Rows(ctx.store).contact(contact)? else {
            self.receipts_due.remove(contact);
            return Ok(());
        };
        self.seal_unread(ctx, contact, &mut row)?;
        self.seal_nothing(ctx, contact, &mut row)?;
        Rows(ctx.store).put_contact(contact, &row)?;
        self.refresh_contact(ctx, contact, &row)
    }
}

/// What a person sees when the budget of unconfirmed messages is spent.
const HELD: &str = "They have not answered for a long time, and sending more without \
     fresh keys from them would be less safe. It goes out when they come online.";

/// What a person sees while the keys are made anew.
const REPAIRING: &str = "The keys of this conversation are being made anew. It goes out \
     when the other side has answered.";

fn said(message: &MessageRow) -> Result<Said, StoreError> {
    Ok(Said {
        salt: message.salt.ok_or(StoreError::Damaged("message"))?,
        text: message.text.clone(),
        clock: message.order.map(|order| order.clock),
    })
}
