//! What the relay does with requests.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use hushwing_relay_client::Service;
use hushwing_wire::{
    GateProof, GateTerms, Refusal, RelayInfo, RequestOp, ResponseOp, SealedBox, Slot,
    limits::{MAX_TTL_S, MAX_WAIT_S},
};
use tokio::{
    sync::{Semaphore, watch},
    task::spawn_blocking,
    time::{Instant, sleep_until},
};

use crate::{
    clock::Clock,
    figures::{Asked, Figures},
    gate::Gate,
    place::{Place, StoreKey},
    store::{Deposit, Put, SlotStore, StoreError, Usage},
    traces::traceless,
    waits::Waits,
};

/// Expiries are rounded up to the hour, so that the store does not hold the
/// second at which each box came. `[HW-RELAY-10]`
pub const EXPIRY_STEP_S: u64 = 3_600;

/// How often expired boxes are looked for.
pub const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// Boxes that one commit of the sweep removes; PUTs go in between.
const SWEEP_BATCH: usize = 256;

/// The relay's answers. The store, the clock and the key are its caller's.
pub struct RelayService {
    store: Arc<dyn SlotStore>,
    key: StoreKey,
    clock: Arc<dyn Clock>,
    waits: Arc<Waits>,
    gate: Option<Arc<Gate>>,
    /// Places for proofs of work that are being checked.
    checks: Semaphore,
    figures: Arc<Figures>,
    /// Takes no new boxes; all else goes on.
    closed: AtomicBool,
    draining: watch::Sender<bool>,
}

impl std::fmt::Debug for RelayService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RelayService(..)")
    }
}

#[async_trait]
impl Service for RelayService {
    async fn call(&self, op: RequestOp) -> ResponseOp {
        let asked = Asked::of(&op);
        let answer = match op {
            RequestOp::Put { slot, ttl_s, boxed } => self.put(&slot, ttl_s, boxed, None).await,
            RequestOp::PutGated {
                slot,
                ttl_s,
                boxed,
                proof,
            } => self.put(&slot, ttl_s, boxed, Some(&proof)).await,
            RequestOp::Get { slots, wait_s } => self.get(&slots, wait_s).await,
            RequestOp::Drop { slots } => self.drop_boxes(&slots).await,
            RequestOp::Info => self.info().await,
        };
        let answer = answer.unwrap_or(ResponseOp::Refused(Refusal::StoreFailed));
        self.figures.answered(asked, &answer);
        answer
    }
}

impl RelayService {
    /// A service over `store`, whose places are made with `key`.
    #[must_use]
    pub fn new(store: Arc<dyn SlotStore>, key: StoreKey, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            key,
            clock,
            waits: Arc::default(),
            gate: None,
            checks: Semaphore::new(cores_for_checks()),
            figures: Arc::default(),
            closed: AtomicBool::new(false),
            draining: watch::Sender::new(false),
        }
    }

    /// With a gate in front of new boxes.
    #[must_use]
    pub fn with_gate(mut self, gate: Gate) -> Self {
        self.gate = Some(Arc::new(gate));
        self
    }

    /// With at most `max` places waited at.
    #[must_use]
    pub fn with_max_waits(mut self, max: usize) -> Self {
        self.waits = Arc::new(Waits::new(max));
        self
    }

    /// What it did so far.
    #[must_use]
    pub fn figures(&self) -> &Arc<Figures> {
        &self.figures
    }

    /// The level of work that its gate asks for now, if it asks for work.
    #[must_use]
    pub fn work_level(&self) -> Option<u8> {
        self.gate
            .as_ref()
            .and_then(|gate| gate.level(self.clock.now_s()))
    }

    /// What its store holds.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn usage(&self) -> Result<Usage, StoreError> {
        self.store.usage().await
    }

    /// Takes no new boxes while `closed`; waits, reads and drops go on, so that
    /// people can take away what is there. `[HW-RELAY-16]`
    pub fn close_to_new_boxes(&self, closed: bool) {
        self.closed.store(closed, Ordering::Relaxed);
    }

    /// Whether it was told to take no new boxes.
    #[must_use]
    pub fn is_closed_to_new_boxes(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Whether new boxes are taken now.
    ///
    /// # Errors
    /// [`StoreError`]
    pub async fn is_accepting(&self) -> Result<bool, StoreError> {
        Ok(!self.takes_no_boxes() && !self.store.is_full().await?)
    }

    fn takes_no_boxes(&self) -> bool {
        self.closed.load(Ordering::Relaxed) || *self.draining.borrow()
    }

    /// Takes no new boxes from now on and ends all waits; boxes can still be
    /// read and dropped. `[HW-RELAY-11]`
    pub fn drain(&self) {
        self.draining.send_replace(true);
    }

    /// Slots that are waited at now, counting each wait.
    #[must_use]
    pub fn waits(&self) -> usize {
        self.waits.len()
    }

    /// Removes what has expired.
    ///
    /// # Errors
    /// [`StoreError`]; the rest is removed the next time, and is not served
    /// meanwhile.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        let now_s = self.clock.now_s();
        let mut removed = 0;
        loop {
            let some = self.store.expire(now_s, SWEEP_BATCH).await?;
            removed += some;
            if some < SWEEP_BATCH {
                return Ok(removed);
            }
        }
    }

    /// Calls [`Self::sweep`] every [`SWEEP_INTERVAL`] until it is dropped.
    pub async fn sweep_for_ever(&self) {
        loop {
            tokio::time::sleep(SWEEP_INTERVAL).await;
            if let Err(error) = self.sweep().await {
                tracing::warn!(%error, "expired boxes were not removed");
            }
        }
    }

    async fn put(
        &self,
        slot: &Slot,
        ttl_s: u32,
        boxed: SealedBox,
        proof: Option<&GateProof>,
    ) -> Result<ResponseOp, StoreError> {
        if self.takes_no_boxes() {
            return Ok(ResponseOp::Refused(Refusal::Draining));
        }
        let now_s = self.clock.now_s();
        if let Err(terms) = self.admit(slot, proof, now_s).await? {
            return Ok(ResponseOp::GateWanted(terms));
        }
        let place = self.key.place(slot);
        let deposit = Deposit {
            place,
            digest: self.key.digest(&place, &boxed),
            boxed,
            expires_s: expiry(now_s, ttl_s),
        };
        Ok(match self.store.put(deposit, now_s).await? {
            Put::Stored => {
                if let Some(gate) = &self.gate {
                    gate.stored();
                }
                self.waits.wake(&place);
                ResponseOp::Stored
            }
            Put::Same => ResponseOp::Same,
            Put::Taken(boxed) => ResponseOp::Taken(boxed),
            Put::TakenAndDropped => ResponseOp::TakenAndDropped,
            Put::Full => ResponseOp::Full,
        })
    }

    /// Whether the gate opens. A proof of work costs 0.1 ms also if it is worthless,
    /// where level 0 is asked for: beside the runtime and on half of the cores at
    /// most, so that a flood of them leaves the others to everybody else.
    async fn admit(
        &self,
        slot: &Slot,
        proof: Option<&GateProof>,
        now_s: u64,
    ) -> Result<Result<(), GateTerms>, StoreError> {
        let Some(gate) = &self.gate else {
            return Ok(Ok(()));
        };
        let Some(proof @ GateProof::Work { .. }) = proof else {
            return Ok(gate.admit(slot, proof, now_s));
        };
        // It is never closed.
        let _place = self.checks.acquire().await;
        // By reference, so that no copy comes onto a stack before what is written over.
        let (gate, slot, proof) = (gate.clone(), Box::new(*slot), *proof);
        // It fails only when the process ends.
        spawn_blocking(move || traceless(|| gate.admit(&slot, Some(&proof), now_s)))
            .await
            .map_err(|_| StoreError::Closed)
    }

    async fn get(&self, slots: &[Slot], wait_s: u16) -> Result<ResponseOp, StoreError> {
        let places = self.places(slots);
        if wait_s == 0 {
            return Ok(self.find(&places).await?.unwrap_or(ResponseOp::Nothing));
        }
        // Entered before the first look, so that no PUT falls in between.
        let Some(wait) = self.waits.enter(&places) else {
            return Ok(ResponseOp::Refused(Refusal::Busy));
        };
        let until = Instant::now() + Duration::from_secs(wait_s.min(MAX_WAIT_S).into());
        let mut draining = self.draining.subscribe();
        loop {
            if let Some(found) = self.find(&places).await? {
                return Ok(found);
            }
            tokio::select! {
                () = wait.woken() => {}
                () = sleep_until(until) => return Ok(ResponseOp::Nothing),
                _ = draining.wait_for(|&draining| draining) => return Ok(ResponseOp::Nothing),
            }
        }
    }

    async fn find(&self, places: &[Place]) -> Result<Option<ResponseOp>, StoreError> {
        let found = self.store.get(places, self.clock.now_s()).await?;
        Ok(found.map(|(index, boxed)| ResponseOp::Found {
            index: u8::try_from(index).expect("a request names few slots"),
            boxed,
        }))
    }

    async fn drop_boxes(&self, slots: &[Slot]) -> Result<ResponseOp, StoreError> {
        self.store.drop_boxes(&self.places(slots)).await?;
        Ok(ResponseOp::Dropped)
    }

    async fn info(&self) -> Result<ResponseOp, StoreError> {
        let accepting = self.is_accepting().await?;
        Ok(ResponseOp::Info(RelayInfo {
            max_ttl_s: MAX_TTL_S,
            max_wait_s: MAX_WAIT_S,
            accepting: accepting.into(),
        }))
    }

    fn places(&self, slots: &[Slot]) -> Vec<Place> {
        slots.iter().map(|slot| self.key.place(slot)).collect()
    }
}

/// Half of the cores, one at least.
fn cores_for_checks() -> usize {
    std::thread::available_parallelism()
        .map_or(1, usize::from)
        .div_ceil(2)
}

/// When a box put now expires.
fn expiry(now_s: u64, ttl_s: u32) -> u64 {
    now_s
        .saturating_add(ttl_s.clamp(1, MAX_TTL_S).into())
        .checked_next_multiple_of(EXPIRY_STEP_S)
        .unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Claim M1.
    #[test]
    fn an_expiry_tells_the_hour_not_the_second() {
        assert_eq!(expiry(10_000, 800), 3 * EXPIRY_STEP_S);
        assert_eq!(expiry(10_000, 801), 4 * EXPIRY_STEP_S);
        assert_eq!(expiry(0, 0), EXPIRY_STEP_S);
    }

    /// `[HW-GATE-6]`
    #[tokio::test]
    async fn work_is_checked_beside_the_runtime_not_on_it() {
        use std::{
            pin::pin,
            task::{Context, Waker},
        };

        use crate::{
            SystemClock,
            gate::{GateConfig, WorkConfig},
            store::{MemoryStore, StoreLimits},
        };

        let pin = hushwing_wire::ServerKeyPin::new([1; 32]);
        let config = GateConfig {
            access_keys: Vec::new(),
            work: Some(WorkConfig::default()),
        };
        let store = Arc::new(MemoryStore::new(StoreLimits::default()));
        let service = RelayService::new(store, StoreKey::new([2; 32]), Arc::new(SystemClock))
            .with_gate(Gate::new(config, pin));
        let slot = Slot::new([3; 32]);
        let boxed = SealedBox::from_slice(&vec![4; hushwing_wire::limits::BOX_LEN]).expect("a box");
        let worthless = GateProof::Work {
            nonce: [5; 16],
            solution: [6; 16],
        };
        let shows = |proof| RequestOp::PutGated {
            slot,
            ttl_s: 60,
            boxed: boxed.clone(),
            proof,
        };
        // Nothing else here has to be waited for: neither the store in memory nor
        // the answer to a proof of another kind.
        let mut now = Context::from_waker(Waker::noop());
        let key = GateProof::Key { mac: [7; 32] };
        assert!(
            pin!(service.call(shows(key)))
                .as_mut()
                .poll(&mut now)
                .is_ready()
        );
        let mut put = pin!(service.call(shows(worthless)));
        assert!(put.as_mut().poll(&mut now).is_pending());
        assert!(matches!(put.await, ResponseOp::GateWanted(_)));
    }

    #[test]
    fn a_wish_beyond_the_longest_life_is_shortened() {
        assert_eq!(expiry(0, u32::MAX), u64::from(MAX_TTL_S));
        assert_eq!(expiry(u64::MAX, 1), u64::MAX);
    }
}
