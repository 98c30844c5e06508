//! Getting boxes out: which way, when again, and what became of them.

mod drops;
mod landings;
mod reputs;
mod sealing;
mod ways;

use std::collections::{BTreeMap, BTreeSet};

use hushwing_protocol::{ConversationId, Ctx, Sealed, store::StoreError};
use hushwing_wire::{RelayAddress, Routes, SealedBox, Slot, limits::SLOT_LEN};

use crate::{
    Engine, limits,
    rows::{OutId, OutRow, Owner, Rows},
    view::DeliveryPolicy,
};
pub use landings::UNREAD_THERE;
pub(crate) use ways::NO_POLICY;

/// "Not before something happens."
const NEVER: u64 = u64::MAX;

/// What is known, in memory alone, of something that must be put.
#[derive(Clone)]
pub(crate) struct Attempt {
    slot: Slot,
    pub(crate) message: Option<u64>,
    pub(crate) stored_at: BTreeSet<RelayAddress>,
    /// When it is looked at again.
    pub(crate) next_try_ms: u64,
    failures: u32,
    pub(crate) last_error: Option<String>,
    /// What the last try of each way gave, of those that failed.
    pub(crate) errors: BTreeMap<Way, String>,
    pub(crate) in_flight: BTreeSet<Way>,
    /// The contact's node said that it does not wait for this slot.
    direct_refused: bool,
    /// Relays that will never take it (another box lies there).
    lost_at: BTreeSet<RelayAddress>,
}

impl Attempt {
    /// One way failed. The other ways keep their own reasons: a person is told
    /// of each why it is not there.
    fn failed(&mut self, way: Way, reason: String) {
        self.last_error = Some(reason.clone());
        self.errors.insert(way, reason);
    }
}

/// One of the ways of a box.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Way {
    Direct,
    Relay(RelayAddress),
}

/// When something that a relay took is put again.
#[derive(Clone, Copy)]
pub(crate) struct Reput {
    pub(crate) at_ms: u64,
    /// How often it was.
    times: u32,
}

/// How a contact's node answered of late.
#[derive(Clone, Default)]
pub(crate) struct DirectHealth {
    pub(crate) rest_until_ms: u64,
    failures: u32,
    /// It took the last box pushed to it.
    answers: bool,
    /// When the last probe left.
    probed_at_ms: u64,
}

/// A drop that a relay has not confirmed.
pub(crate) struct DropAttempt {
    pub(crate) next_try_ms: u64,
}

impl DropAttempt {
    pub(crate) fn at(next_try_ms: u64) -> Self {
        Self { next_try_ms }
    }
}

/// What a transmission carries.
#[derive(Clone)]
pub(crate) enum Flight {
    Put(OutId, Way),
    Drop(u64),
}

impl Engine {
    /// Takes up what the vault's outbox holds, unless every relay has it.
    pub(crate) fn track(&mut self, id: &OutId, row: &OutRow, now_ms: u64) {
        if self.is_silent_for(&id.owner()) {
            return;
        }
        let relays = self.relays_for(id);
        if !relays.is_empty() && relays.iter().all(|relay| row.stored_at.contains(relay)) {
            self.expect_receipt(id, now_ms);
            return;
        }
        self.track_anew(id, &row.slot(), row.message, now_ms);
        if let Some(attempt) = self.attempts.get_mut(id) {
            attempt.stored_at = row.stored_at.iter().cloned().collect();
        }
    }

    /// The relays at which this belongs. What lies outside of the lanes also
    /// goes to our own relays: they may be what both sides still know.
    pub(crate) fn relays_for(&self, id: &OutId) -> Vec<RelayAddress> {
        let mut relays = self
            .routes
            .get(&id.owner())
            .map_or_else(Vec::new, |routes| routes.relays.clone());
        if let OutId::Recovery(contact, _) = id {
            let ours = self.wait_relays.get(&Owner::Contact(*contact));
            for relay in ours.into_iter().flatten() {
                if !relays.contains(relay) {
                    relays.push(relay.clone());
                }
            }
        }
        if self.delivery == DeliveryPolicy::DirectOnly && matches!(id, OutId::Box(..)) {
            relays.clear();
        }
        relays
    }

    /// A relay took it: without a receipt it is put again after a while.
    fn expect_receipt(&mut self, id: &OutId, now_ms: u64) {
        self.doubts.entry(*id).or_insert(Reput {
            at_ms: now_ms + limits::REPUT_FIRST_MS,
            times: 0,
        });
    }

    /// Whether nothing may leave for this owner. `[HW-BLOCK-1]`
    pub(crate) fn is_silent_for(&self, owner: &Owner) -> bool {
        matches!(owner, Owner::Contact(contact) if self.blocked.contains(contact))
    }

    fn track_anew(&mut self, id: &OutId, slot: &Slot, message: Option<u64>, now_ms: u64) {
        if self.is_silent_for(&id.owner()) {
            return;
        }
        self.attempts.insert(
            *id,
            Attempt {
                slot: *slot,
                message,
                stored_at: BTreeSet::new(),
                next_try_ms: now_ms,
                failures: 0,
                last_error: None,
                errors: BTreeMap::new(),
                in_flight: BTreeSet::new(),
                direct_refused: false,
                lost_at: BTreeSet::new(),
            },
        );
    }

    /// Stores a new thing to put and starts on it.
    pub(crate) fn enqueue(
        &mut self,
        ctx: &Ctx<'_>,
        id: &OutId,
        slot: &Slot,
        boxed: &SealedBox,
        message: Option<u64>,
    ) -> Result<(), StoreError> {
        self.enqueue_row(ctx, id, &OutRow::new(slot, message), boxed)
    }

    /// Stores a box of a lane and starts on it.
    pub(super) fn enqueue_sealed(
        &mut self,
        ctx: &Ctx<'_>,
        id: &OutId,
        sealed: &Sealed,
        message: Option<u64>,
    ) -> Result<(), StoreError> {
        let row = OutRow::new(&sealed.slot, message);
        self.enqueue_row(ctx, id, &row, &sealed.boxed)
    }

    fn enqueue_row(
        &mut self,
        ctx: &Ctx<'_>,
        id: &OutId,
        row: &OutRow,
        boxed: &SealedBox,
    ) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        rows.put_out(id, row)?;
        rows.put_out_box(id, boxed.as_bytes())?;
        self.track(id, row, ctx.now_ms);
        Ok(())
    }
}

/// The generation of the keys that seal now.
pub(crate) fn generation_of(
    ctx: &Ctx<'_>,
    conversation: &ConversationId,
) -> Result<u32, StoreError> {
    hushwing_protocol::view(ctx.store, conversation)
        .map(|view| view.generation)
        .map_err(|_| StoreError::Damaged("conversation"))
}

/// A quarter of a number below 256: spreads retries so that they do not meet.
fn jitter(ctx: &mut Ctx<'_>) -> u8 {
    let mut byte = [0; 1];
    ctx.rng.fill_bytes(&mut byte);
    byte[0]
}

/// The pause after the failure with this number, with up to a quarter on top.
fn backoff_ms(failures: u32, jitter: u8) -> u64 {
    let most = if failures < limits::RETRY_PATIENT_AFTER {
        limits::RETRY_MAX_MS
    } else {
        let more = failures - limits::RETRY_PATIENT_AFTER;
        (limits::RETRY_MAX_MS << more.min(10)).min(limits::RETRY_PATIENT_MS)
    };
    let pause = (limits::RETRY_FIRST_MS << failures.min(10)).min(most);
    pause + pause / 4 * u64::from(jitter) / 256
}

const _: () = assert!(SLOT_LEN == 32, "rows keep slots as arrays of 32 bytes");

/// Routes without a direct way.
pub(crate) fn relays_only(relays: &[RelayAddress]) -> Routes {
    Routes {
        relays: relays.to_vec(),
        direct: None,
    }
}
