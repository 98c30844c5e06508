//! Read reports: telling contacts what was read, and believing what they tell.
//!
//! Both sides must want it. Who has it switched off sends nothing, not even a box
//! that could give away by its time that somebody is reading, and takes nothing
//! in. `[HW-READ-1]` `[HW-READ-2]`

use hushwing_protocol::{Ctx, MAX_REPORTED, Outgoing, store::StoreError};

use crate::{
    Engine, limits,
    rows::{ContactId, MessageId, OutId, Progress, Rows},
    view::{DeliveredBy, Event, LedgerStep, ReadReports},
    views,
};

impl Engine {
    /// The user has seen the messages from one position to another.
    pub(crate) fn mark_read(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        from: u64,
        up_to: u64,
    ) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        let reported = rows.read_reports()? == ReadReports::On && !self.blocked.contains(contact);
        let mut next = from;
        while next <= up_to {
            let page = rows.messages_from(contact, next, limits::MAX_READ as usize)?;
            let Some((last, _)) = page.last() else {
                break;
            };
            next = last.saturating_add(1);
            for (position, message) in page {
                let Some(mut message) = message.filter(|_| position <= up_to) else {
                    continue;
                };
                if !matches!(message.progress, Progress::Received) {
                    continue;
                }
                // Seen while reports were off, it is never reported.
                message.progress = Progress::Seen;
                rows.put_message(contact, position, &message)?;
                if reported {
                    rows.put_read_due(contact, position)?;
                    self.reads_due
                        .entry(*contact)
                        .or_insert(ctx.now_ms + limits::READ_DELAY_MS);
                }
            }
        }
        if rows.delete_unread(contact, from, up_to)? {
            self.tell_unread(ctx, contact)?;
        }
        Ok(())
    }

    /// Tells how many messages of a contact are unread now.
    pub(crate) fn tell_unread(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
    ) -> Result<(), StoreError> {
        let unread = Rows(ctx.store).unread(contact, limits::MAX_UNREAD_COUNTED)?;
        self.tell(Event::Unread {
            contact: views::hex(&contact.0),
            unread: unread.len() as u64,
            unread_from: unread.first().copied(),
        });
        Ok(())
    }

    /// Switches reports on or off. What was not reported yet when they are
    /// switched off never will be.
    pub(crate) fn set_read_reports(
        &mut self,
        ctx: &Ctx<'_>,
        setting: ReadReports,
    ) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        rows.put_read_reports(setting)?;
        if setting == ReadReports::Off {
            for contact in rows.contact_ids()? {
                for position in rows.reads_due(&contact, usize::MAX)? {
                    rows.delete_read_due(&contact, position)?;
                }
            }
            self.reads_due.clear();
        }
        Ok(())
    }

    pub(crate) fn send_due_reads(&mut self, ctx: &mut Ctx<'_>) -> Result<(), StoreError> {
        let due: Vec<ContactId> = self
            .reads_due
            .iter()
            .filter(|(_, at)| **at <= ctx.now_ms)
            .map(|(contact, _)| *contact)
            .collect();
        for contact in due {
            self.reads_due.remove(&contact);
            self.in_room(ctx, &contact, |engine, ctx| {
                engine.report_reads(ctx, &contact)
            })?;
        }
        Ok(())
    }

    /// One report of what was read; what does not fit goes with the next one.
    fn report_reads(&mut self, ctx: &mut Ctx<'_>, contact: &ContactId) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        let positions = rows.reads_due(contact, MAX_REPORTED)?;
        let Some(mut row) = rows.contact(contact)? else {
            return Ok(());
        };
        let mut ids = Vec::with_capacity(positions.len());
        for position in &positions {
            ids.extend(
                rows.message(contact, *position)?
                    .map(|message| message.id.0),
            );
        }
        if !ids.is_empty() {
            // Whoever is not the verified one is not told either what was read.
            let sealed = if Self::undecided(ctx, &row)?.is_some() {
                None
            } else {
                self.seal_quietly(ctx, contact, &mut row, Outgoing::Read(&ids))?
            };
            if sealed.is_none() {
                // The user has to decide, a limit holds it back, or new keys are awaited.
                let later = ctx.now_ms + limits::RETRY_MAX_MS;
                self.reads_due.insert(*contact, later);
                return Ok(());
            }
        }
        let rows = Rows(ctx.store);
        for position in &positions {
            rows.delete_read_due(contact, *position)?;
        }
        if !rows.reads_due(contact, 1)?.is_empty() {
            self.reads_due
                .insert(*contact, ctx.now_ms + limits::READ_DELAY_MS);
        }
        rows.put_contact(contact, &row)?;
        self.refresh_contact(ctx, contact, &row)
    }

    /// The contact says that it has read these. Only messages of ours to this
    /// contact that it has are looked at; said again, it changes nothing.
    pub(crate) fn take_read_report(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        ids: &[[u8; hushwing_protocol::MESSAGE_ID_LEN]],
    ) -> Result<(), StoreError> {
        if Rows(ctx.store).read_reports()? == ReadReports::Off {
            return Ok(());
        }
        for id in ids.iter().take(MAX_REPORTED) {
            let rows = Rows(ctx.store);
            let Some(position) = rows.position_of(&MessageId(*id), contact, true)? else {
                continue;
            };
            let progress = rows.message(contact, position)?.map(|row| row.progress);
            match progress {
                Some(Progress::Delivered) => {}
                // Who has read it has it.
                Some(Progress::Sealed { generation, number }) => {
                    let id = OutId::Box(*contact, generation, number);
                    self.settle_delivered(ctx, &id, DeliveredBy::Receipt)?;
                }
                _ => continue,
            }
            let rows = Rows(ctx.store);
            let Some(mut message) = rows.message(contact, position)? else {
                continue;
            };
            if !matches!(message.progress, Progress::Delivered) {
                continue;
            }
            message.progress = Progress::Read;
            message.since_ms = ctx.now_ms;
            rows.put_message(contact, position, &message)?;
            rows.note(contact, position, ctx.now_ms, LedgerStep::Read)?;
            self.tell_message(ctx, contact, position)?;
        }
        Ok(())
    }
}
