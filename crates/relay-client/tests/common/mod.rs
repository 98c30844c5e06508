//! A server in memory and both ends of a connection to it.
#![allow(dead_code, reason = "each test file uses its part")]

use std::{collections::HashMap, sync::Arc, sync::Mutex, time::Duration};

use async_trait::async_trait;
use hushwing_relay_client::{
    ConnectionLimits, RelayClient, ServeError, Service, TlsSeed, serve_connection, tls,
};
use hushwing_transport::Stream;
use hushwing_wire::{RelayInfo, RequestOp, ResponseOp, SealedBox, Slot, limits::BOX_LEN};
use tokio::{io::duplex, sync::Notify, task::JoinHandle};

/// Bytes that the simulated network holds in each direction.
const PIPE_LEN: usize = 64 * 1024;

/// The write-once rules in their plainest form.
#[derive(Default)]
pub(crate) struct MemoryService {
    boxes: Mutex<HashMap<Slot, Option<SealedBox>>>,
    changed: Notify,
}

#[async_trait]
impl Service for MemoryService {
    async fn call(&self, op: RequestOp) -> ResponseOp {
        match op {
            RequestOp::Put { slot, boxed, .. } | RequestOp::PutGated { slot, boxed, .. } => {
                let answer = match self.boxes.lock().unwrap().entry(slot) {
                    std::collections::hash_map::Entry::Vacant(place) => {
                        place.insert(Some(boxed));
                        ResponseOp::Stored
                    }
                    std::collections::hash_map::Entry::Occupied(place) => match place.get() {
                        Some(held) if *held == boxed => ResponseOp::Same,
                        Some(held) => ResponseOp::Taken(held.clone()),
                        None => ResponseOp::TakenAndDropped,
                    },
                };
                self.changed.notify_waiters();
                answer
            }
            RequestOp::Get { slots, wait_s } => {
                let wait = tokio::time::sleep(Duration::from_secs(wait_s.into()));
                tokio::pin!(wait);
                loop {
                    let changed = self.changed.notified();
                    tokio::pin!(changed);
                    changed.as_mut().enable();
                    if let Some(found) = self.find(&slots) {
                        return found;
                    }
                    tokio::select! {
                        () = changed => {}
                        () = &mut wait => return ResponseOp::Nothing,
                    }
                }
            }
            RequestOp::Drop { slots } => {
                let mut boxes = self.boxes.lock().unwrap();
                for slot in slots {
                    boxes.entry(slot).and_modify(|held| *held = None);
                }
                ResponseOp::Dropped
            }
            RequestOp::Info => ResponseOp::Info(info()),
        }
    }
}

impl MemoryService {
    fn find(&self, slots: &[Slot]) -> Option<ResponseOp> {
        let boxes = self.boxes.lock().unwrap();
        slots.iter().enumerate().find_map(|(index, slot)| {
            let boxed = boxes.get(slot)?.clone()?;
            let index = u8::try_from(index).unwrap();
            Some(ResponseOp::Found { index, boxed })
        })
    }
}

pub(crate) fn info() -> RelayInfo {
    RelayInfo {
        max_ttl_s: 1_000,
        max_wait_s: 120,
        accepting: 1,
    }
}

pub(crate) fn seed() -> TlsSeed {
    TlsSeed::new([3; 32])
}

pub(crate) fn slot(byte: u8) -> Slot {
    Slot::new([byte; 32])
}

pub(crate) fn boxed(byte: u8) -> SealedBox {
    SealedBox::from_slice(&vec![byte; BOX_LEN]).unwrap()
}

pub(crate) fn pipe() -> (Stream, Stream) {
    let (a, b) = duplex(PIPE_LEN);
    (Box::new(a), Box::new(b))
}

/// A served connection: the client's end of its stream, and how serving ends.
pub(crate) fn serve(
    service: Arc<dyn Service>,
    limits: ConnectionLimits,
) -> (Stream, JoinHandle<Result<(), ServeError>>) {
    let (ours, theirs) = pipe();
    let tls = tls::server_config(&seed());
    (
        ours,
        tokio::spawn(serve_connection(theirs, tls, service, limits)),
    )
}

/// A client of a fresh [`MemoryService`].
pub(crate) async fn client() -> (RelayClient, JoinHandle<Result<(), ServeError>>) {
    let (stream, serving) = serve(
        Arc::new(MemoryService::default()),
        ConnectionLimits::default(),
    );
    let client = RelayClient::connect(stream, &seed().pin()).await.unwrap();
    (client, serving)
}
