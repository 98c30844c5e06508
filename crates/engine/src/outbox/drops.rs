//! Telling relays to forget what was read.

use hushwing_protocol::{Ctx, store::StoreError};
use hushwing_wire::{RelayAddress, Slot};

use super::{DropAttempt, Flight, NEVER, backoff_ms, jitter, ways::reachable};
use crate::{
    Engine,
    io::{Isolation, Operation, Outcome, Purpose, Transmit},
    limits,
    rows::{ContactId, DropRow, Owner, Rows},
    view::NetworkView,
};

impl Engine {
    /// The contact's relays should forget the box at `slot`.
    pub(crate) fn enqueue_drops(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        relays: &[RelayAddress],
        slot: &Slot,
    ) -> Result<(), StoreError> {
        for relay in relays {
            if self.drops.len() >= limits::MAX_DROPS
                && let Some((&oldest, _)) = self.drops.first_key_value()
            {
                self.drops.remove(&oldest);
                self.drops_given_up += 1;
                Rows(ctx.store).delete_drop(oldest)?;
            }
            let number = self.next_drop;
            self.next_drop += 1;
            let row = DropRow {
                contact: *contact,
                slot: *slot.as_bytes(),
                relay: relay.clone(),
                attempts: 0,
            };
            Rows(ctx.store).put_drop(number, &row)?;
            self.drops.insert(number, DropAttempt::at(ctx.now_ms));
        }
        Ok(())
    }

    pub(super) fn pump_drops(&mut self, ctx: &Ctx<'_>) -> Result<(), StoreError> {
        let online = self.network == NetworkView::Ready;
        let due: Vec<u64> = self
            .drops
            .iter()
            .filter(|(_, drop)| drop.next_try_ms <= ctx.now_ms)
            .map(|(number, _)| *number)
            .take(limits::MAX_IN_FLIGHT_PER_OWNER)
            .collect();
        if due.is_empty() {
            return Ok(());
        }
        for number in due {
            let Some(row) = Rows(ctx.store).drop_row(number)? else {
                self.forget_drop(ctx, number)?;
                continue;
            };
            if !reachable(&row.relay, online) {
                continue;
            }
            if let Some(drop) = self.drops.get_mut(&number) {
                drop.next_try_ms = NEVER;
            }
            let id = self.new_flight(Flight::Drop(number));
            self.transmits.push_back(Transmit {
                id,
                to: row.relay,
                isolation: Isolation {
                    owner: Owner::Contact(row.contact),
                    purpose: Purpose::Read,
                },
                operation: Operation::Drop {
                    slots: vec![Slot::new(row.slot)],
                },
            });
        }
        Ok(())
    }

    pub(super) fn drop_landed(
        &mut self,
        ctx: &mut Ctx<'_>,
        number: u64,
        outcome: &Outcome,
    ) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        let Some(mut row) = rows.drop_row(number)? else {
            return self.forget_drop(ctx, number);
        };
        row.attempts += 1;
        if *outcome == Outcome::Dropped || row.attempts >= limits::MAX_DROP_ATTEMPTS {
            self.drops.remove(&number);
            return rows.delete_drop(number);
        }
        rows.put_drop(number, &row)?;
        let pause = backoff_ms(row.attempts + 2, jitter(ctx));
        self.drops
            .insert(number, DropAttempt::at(ctx.now_ms + pause));
        Ok(())
    }

    /// A drop whose row is gone or damaged: the box is left to expire.
    fn forget_drop(&mut self, ctx: &Ctx<'_>, number: u64) -> Result<(), StoreError> {
        if self.drops.remove(&number).is_some() {
            self.drops_given_up += 1;
        }
        Rows(ctx.store).delete_drop(number)
    }
}
