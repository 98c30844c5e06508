//! A relay: the real service over a real store, with a plug, and a tongue that
//! can lie.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use futures::FutureExt as _;
use hushwing_relay::{
    Clock, Place, RelayService, StoreKey,
    store::{Deposit, Kept, MemoryStore, Put, SlotStore, StoreError, StoreLimits, Usage},
};
use hushwing_relay_client::Service as _;
use hushwing_wire::{
    RelayAddress, Request, RequestOp, Response, ResponseOp, SealedBox, ServerKeyPin, Slot,
    address::{Endpoint, OnionAddress},
};

use crate::{fault::Fault, world::Sent};

/// Time as the relay sees it.
struct VirtualClock(AtomicU64);

impl Clock for VirtualClock {
    fn now_s(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The store of a relay: what it holds can vanish, and it can be full.
struct Disk {
    rows: RwLock<Arc<MemoryStore>>,
    full: AtomicBool,
}

impl Disk {
    fn rows(&self) -> Arc<MemoryStore> {
        Arc::clone(&self.rows.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl SlotStore for Disk {
    async fn put(&self, deposit: Deposit, now_s: u64) -> Result<Put, StoreError> {
        if self.full.load(Ordering::Relaxed) {
            // What lies there already is known as such also by a full store.
            let there = self.rows().get(&[deposit.place], now_s).await?;
            if there.is_none() {
                return Ok(Put::Full);
            }
        }
        self.rows().put(deposit, now_s).await
    }

    async fn get(
        &self,
        places: &[Place],
        now_s: u64,
    ) -> Result<Option<(usize, SealedBox)>, StoreError> {
        self.rows().get(places, now_s).await
    }

    async fn drop_boxes(&self, places: &[Place]) -> Result<(), StoreError> {
        self.rows().drop_boxes(places).await
    }

    async fn expire(&self, now_s: u64, at_most: usize) -> Result<usize, StoreError> {
        self.rows().expire(now_s, at_most).await
    }

    async fn scan(&self, after: Option<Place>, at_most: usize) -> Result<Vec<Kept>, StoreError> {
        self.rows().scan(after, at_most).await
    }

    async fn restore(&self, kept: Vec<Kept>, now_s: u64) -> Result<bool, StoreError> {
        self.rows().restore(kept, now_s).await
    }

    async fn usage(&self) -> Result<Usage, StoreError> {
        self.rows().usage().await
    }

    async fn is_full(&self) -> Result<bool, StoreError> {
        Ok(self.full.load(Ordering::Relaxed))
    }
}

/// Somebody who waits for a box.
#[derive(Clone)]
pub(crate) struct Parked {
    /// The number of the waiting request among all calls.
    pub(crate) call: u64,
    pub(crate) slots: Vec<Slot>,
    /// The request itself, to be answered later.
    pub(crate) sent: Sent,
}

/// A relay.
pub(crate) struct Server {
    pub(crate) address: RelayAddress,
    service: RelayService,
    clock: Arc<VirtualClock>,
    disk: Arc<Disk>,
    pub(crate) up: bool,
    pub(crate) gone: bool,
    pub(crate) parked: Vec<Parked>,
    /// How it lies now.
    pub(crate) lie: Option<Fault>,
    /// Every distinct box that was ever put here, in order.
    pub(crate) seen: Vec<(Slot, SealedBox)>,
    known: BTreeMap<Slot, Vec<usize>>,
}

impl Server {
    pub(crate) fn new(number: u8) -> Self {
        let clock = Arc::new(VirtualClock(AtomicU64::new(0)));
        let disk = Arc::new(Disk {
            rows: RwLock::new(Arc::new(MemoryStore::new(StoreLimits::default()))),
            full: AtomicBool::new(false),
        });
        let service = RelayService::new(
            Arc::clone(&disk) as Arc<dyn SlotStore>,
            StoreKey::new([number; 32]),
            Arc::clone(&clock) as Arc<dyn Clock>,
        );
        Self {
            address: RelayAddress {
                endpoint: Endpoint::Onion {
                    address: OnionAddress::from_public_key([number; 32]),
                    port: 443,
                },
                pin: ServerKeyPin::new([number; 32]),
                access: None,
            },
            service,
            clock,
            disk,
            up: true,
            gone: false,
            parked: Vec::new(),
            lie: None,
            seen: Vec::new(),
            known: BTreeMap::new(),
        }
    }

    pub(crate) fn set_full(&mut self, full: bool) {
        self.disk.full.store(full, Ordering::Relaxed);
    }

    pub(crate) fn forget_everything(&mut self) {
        *self
            .disk
            .rows
            .write()
            .unwrap_or_else(PoisonError::into_inner) =
            Arc::new(MemoryStore::new(StoreLimits::default()));
    }

    /// Notes what an observer of this relay sees.
    pub(crate) fn observe(&mut self, slot: &Slot, boxed: &SealedBox) {
        let at = self.known.entry(*slot).or_default();
        if !at.iter().any(|index| self.seen[*index].1 == *boxed) {
            at.push(self.seen.len());
            self.seen.push((*slot, boxed.clone()));
        }
    }

    /// The real service's answer. Requests of the simulation never wait.
    pub(crate) fn serve(&mut self, op: RequestOp, now_ms: u64) -> ResponseOp {
        self.clock.0.store(now_ms / 1000, Ordering::Relaxed);
        let op = match op {
            RequestOp::Get { slots, .. } => RequestOp::Get { slots, wait_s: 0 },
            other => other,
        };
        self.service
            .call(op)
            .now_or_never()
            .expect("a store in memory answers at once")
    }

    pub(crate) fn sweep(&mut self, now_ms: u64) {
        self.clock.0.store(now_ms / 1000, Ordering::Relaxed);
        let swept = self.service.sweep().now_or_never();
        swept
            .expect("a store in memory answers at once")
            .expect("memory does not fail");
    }

    /// Takes out those who wait at `slot`.
    pub(crate) fn unpark(&mut self, slot: &Slot) -> Vec<Parked> {
        let (woken, parked) = std::mem::take(&mut self.parked)
            .into_iter()
            .partition(|parked| parked.slots.contains(slot));
        self.parked = parked;
        woken
    }
}

/// The request in a frame, as a server reads it.
pub(crate) fn request_of(frame: &[u8]) -> Request {
    Request::from_frame(frame).expect("frames of the simulation are whole")
}

/// A response as a client reads it, after its way through a frame.
pub(crate) fn response_of(frame: &[u8]) -> Response {
    Response::from_frame(frame).expect("frames of the simulation are whole")
}
