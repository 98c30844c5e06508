//! Putting again what a relay took and no receipt covers.

use hushwing_protocol::{Ctx, Safeguard, store::StoreError};

use super::Reput;
use crate::{
    Engine, limits,
    rows::{ContactId, OutId, OutRow, Rows},
    view::LedgerStep,
};

impl Engine {
    /// The peer was heard from and this box, which a relay took, was not among
    /// what it has: it is put again soon.
    pub(crate) fn doubt(&mut self, id: &OutId, soon_ms: u64) {
        if let Some(reput) = self.doubts.get_mut(id)
            && reput.times == 0
        {
            reput.at_ms = reput.at_ms.min(soon_ms);
        }
    }

    /// Boxes whose time has come are put again, by every way.
    pub(super) fn put_doubtful_again(&mut self, ctx: &mut Ctx<'_>) -> Result<(), StoreError> {
        let due: Vec<(OutId, Reput)> = self
            .doubts
            .iter()
            .filter(|(_, reput)| reput.at_ms <= ctx.now_ms)
            .map(|(id, reput)| (*id, *reput))
            .collect();
        for (id, reput) in due {
            self.with_owner(ctx, &id, |engine, ctx| engine.put_doubtful(ctx, &id, reput))?;
        }
        Ok(())
    }

    fn put_doubtful(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: &OutId,
        reput: Reput,
    ) -> Result<(), StoreError> {
        let row = Rows(ctx.store).out(id)?;
        let Some(row) = row.filter(|_| Safeguard::PutAgainWithoutReceipt.is_kept()) else {
            self.doubts.remove(id);
            return Ok(());
        };
        if row.message.is_none() && reput.times >= limits::MAX_REPUTS_OF_NOTHING {
            self.doubts.remove(id);
            return Ok(());
        }
        let times = reput.times + 1;
        let pause = (limits::REPUT_FIRST_MS << times.min(10)).min(limits::REPUT_MAX_MS);
        let at_ms = ctx.now_ms + pause;
        self.doubts.insert(*id, Reput { at_ms, times });
        self.put_again(ctx, id, &row, NO_RECEIPT)?;
        self.ask_if_overdue(ctx, id, &row)
    }

    /// A message that has been at relays for long without a receipt may lie where
    /// its reader does not look: one of the two vaults may be an old copy. The
    /// contact is asked. `[HW-REC-7]`
    fn ask_if_overdue(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: &OutId,
        row: &OutRow,
    ) -> Result<(), StoreError> {
        match id {
            OutId::Box(contact, ..) if is_overdue(ctx, contact, row)? => {
                self.ask_whether_keys_fit(ctx, contact)
            }
            _ => Ok(()),
        }
    }

    /// The answer to an earlier question did not help, or there was none. It does not
    /// wait for a box to be put again, whose pauses are longer.
    pub(crate) fn ask_if_any_is_overdue(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
    ) -> Result<(), StoreError> {
        for (id, row) in Rows(ctx.store).boxes_to(contact)? {
            if !row.stored_at.is_empty() && is_overdue(ctx, contact, &row)? {
                return self.ask_if_overdue(ctx, &id, &row);
            }
        }
        Ok(())
    }

    pub(crate) fn put_again(
        &mut self,
        ctx: &Ctx<'_>,
        id: &OutId,
        row: &OutRow,
        why: &str,
    ) -> Result<(), StoreError> {
        if let (OutId::Box(contact, ..), Some(position)) = (id, row.message) {
            let step = LedgerStep::PutAgain {
                reason: why.to_owned(),
            };
            Rows(ctx.store).note(contact, position, ctx.now_ms, step)?;
        }
        self.track_anew(id, &row.slot(), row.message, ctx.now_ms);
        Ok(())
    }

    /// The peer says that boxes are missing: the oldest of what it does not
    /// have is put again at once.
    pub(crate) fn asked_again(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
    ) -> Result<(), StoreError> {
        let boxes = Rows(ctx.store).boxes_to(contact)?;
        for (id, row) in boxes.iter().take(limits::ASKED_BOXES) {
            match self.attempts.get_mut(id) {
                Some(attempt) if !attempt.in_flight.is_empty() => {}
                Some(attempt) if attempt.stored_at.is_empty() => attempt.next_try_ms = ctx.now_ms,
                // Also what one relay has taken and another not: it may have lost it since.
                _ => self.put_again(ctx, id, row, ASKED)?,
            }
        }
        Ok(())
    }
}

const NO_RECEIPT: &str = "No receipt has come since a relay took it.";

const ASKED: &str = "The other side says that it is missing.";

/// Whether the message in a box has been at relays for too long without a receipt.
fn is_overdue(ctx: &Ctx<'_>, contact: &ContactId, row: &OutRow) -> Result<bool, StoreError> {
    let Some(position) = row.message else {
        return Ok(false);
    };
    match Rows(ctx.store).message(contact, position) {
        Ok(message) => Ok(message.is_some_and(|message| {
            ctx.now_ms.saturating_sub(message.since_ms) >= limits::QUESTION_AFTER_MS
        })),
        Err(StoreError::Damaged(_)) => Ok(false),
        Err(error) => Err(error),
    }
}
