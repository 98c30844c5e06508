//! The relay's behaviour over a store in memory and a clock moved by hand.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hushwing_relay::{
    Clock, EXPIRY_STEP_S, RelayService, ServerLimits, StoreKey, serve,
    store::{MemoryStore, SlotStore, StoreLimits},
};
use hushwing_relay_client::{CallError, PutOutcome, RelayClient, Service as _, TlsSeed};
use hushwing_transport::TcpListen;
use hushwing_wire::{
    Refusal, RequestOp, ResponseOp, SealedBox, Slot, address::LoopbackAddr, limits::BOX_LEN,
};
use tokio::{net::TcpStream, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

/// Only there so that a hanging test ends.
const HANG: Duration = Duration::from_secs(60);

#[derive(Default)]
struct HandClock(AtomicU64);

impl Clock for HandClock {
    fn now_s(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

struct Bench {
    service: Arc<RelayService>,
    store: Arc<MemoryStore>,
    clock: Arc<HandClock>,
}

fn bench() -> Bench {
    let store = Arc::new(MemoryStore::new(StoreLimits {
        max_boxes: 10,
        ..StoreLimits::default()
    }));
    let clock = Arc::new(HandClock::default());
    let key = StoreKey::new([5; 32]);
    Bench {
        service: Arc::new(RelayService::new(store.clone(), key, clock.clone())),
        store,
        clock,
    }
}

/// A relay on loopback.
struct Running {
    bench: Bench,
    address: std::net::SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

fn seed() -> TlsSeed {
    TlsSeed::new([3; 32])
}

async fn running() -> Running {
    let bench = bench();
    let any = LoopbackAddr::new("127.0.0.1:0".parse().unwrap()).unwrap();
    let mut listener = TcpListen::bind(any).await.unwrap();
    let address = listener.local_addr();
    let stop = CancellationToken::new();
    let serving = {
        let (service, stop) = (bench.service.clone(), stop.clone());
        let limits = ServerLimits::default();
        tokio::spawn(async move { serve(&mut listener, &seed(), service, limits, stop).await })
    };
    Running {
        bench,
        address,
        stop,
        serving,
    }
}

impl Running {
    async fn client(&self) -> RelayClient {
        let stream = TcpStream::connect(self.address).await.unwrap();
        RelayClient::connect(Box::new(stream), &seed().pin())
            .await
            .unwrap()
    }
}

fn slot(number: usize) -> Slot {
    let mut name = [9; 32];
    name[..8].copy_from_slice(&number.to_be_bytes());
    Slot::new(name)
}

fn boxed(byte: u8) -> SealedBox {
    SealedBox::from_slice(&vec![byte; BOX_LEN]).unwrap()
}

fn put(number: usize, ttl_s: u32) -> RequestOp {
    RequestOp::Put {
        slot: slot(number),
        ttl_s,
        boxed: boxed(1),
    }
}

fn get(number: usize) -> RequestOp {
    RequestOp::Get {
        slots: vec![slot(number)],
        wait_s: 0,
    }
}

#[tokio::test]
async fn a_box_lives_as_long_as_it_was_put_for_and_is_swept_after() {
    let bench = bench();
    let life = 2 * EXPIRY_STEP_S;
    let stored = bench
        .service
        .call(put(1, u32::try_from(life).unwrap()))
        .await;
    assert_eq!(stored, ResponseOp::Stored);
    bench.clock.0.store(life - 1, Ordering::Relaxed);
    assert_eq!(bench.service.sweep().await, Ok(0));
    let found = bench.service.call(get(1)).await;
    assert!(matches!(found, ResponseOp::Found { index: 0, .. }));
    bench.clock.0.store(life, Ordering::Relaxed);
    assert_eq!(bench.service.call(get(1)).await, ResponseOp::Nothing);
    assert_eq!(bench.store.usage().await.unwrap().boxes, 1);
    assert_eq!(bench.service.sweep().await, Ok(1));
    assert_eq!(bench.store.usage().await.unwrap().boxes, 0);
}

#[tokio::test]
async fn a_full_relay_says_so_and_takes_boxes_again_after_a_drop() {
    let bench = bench();
    for number in 0..10 {
        let stored = bench.service.call(put(number, 60)).await;
        assert_eq!(stored, ResponseOp::Stored);
    }
    assert_eq!(bench.service.call(put(10, 60)).await, ResponseOp::Full);
    let ResponseOp::Info(info) = bench.service.call(RequestOp::Info).await else {
        panic!("no answer to INFO");
    };
    assert_eq!(info.accepting, 0);
    let drop = RequestOp::Drop {
        slots: vec![slot(4)],
    };
    assert_eq!(bench.service.call(drop).await, ResponseOp::Dropped);
    assert_eq!(bench.service.call(put(10, 60)).await, ResponseOp::Stored);
}

#[tokio::test]
async fn a_put_wakes_the_get_that_waits_for_it() {
    let relay = running().await;
    let (reader, writer) = (relay.client().await, relay.client().await);
    let waiting = tokio::spawn(async move { reader.get(&[slot(1), slot(2)], 120).await });
    while relay.bench.service.waits() < 2 {
        tokio::task::yield_now().await;
    }
    // A box elsewhere wakes nobody.
    writer.put(&slot(3), &boxed(3), 60).await.unwrap();
    assert!(!waiting.is_finished());
    writer.put(&slot(2), &boxed(2), 60).await.unwrap();
    let found = timeout(HANG, waiting).await.unwrap().unwrap();
    assert_eq!(found, Ok(Some((1, boxed(2)))));
    assert_eq!(relay.bench.service.waits(), 0);
}

#[tokio::test]
async fn a_wait_of_a_client_that_left_is_forgotten() {
    let relay = running().await;
    let client = relay.client().await;
    let waiting = {
        let client = client.clone();
        tokio::spawn(async move { client.get(&[slot(1)], 120).await })
    };
    while relay.bench.service.waits() < 1 {
        tokio::task::yield_now().await;
    }
    client.close();
    assert_eq!(waiting.await.unwrap(), Err(CallError::Lost));
    let forgotten = async {
        while relay.bench.service.waits() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(HANG, forgotten).await.unwrap();
}

#[tokio::test]
async fn a_thousand_waits_each_get_their_box_and_leave_nothing_behind() {
    const WAITS: usize = 1_000;
    const CLIENTS: usize = 20;
    let relay = running().await;
    let mut waiting = Vec::new();
    for client in 0..CLIENTS {
        let reader = relay.client().await;
        for number in (client..WAITS).step_by(CLIENTS) {
            let reader = reader.clone();
            waiting.push(tokio::spawn(async move {
                (number, reader.get(&[slot(number)], 120).await)
            }));
        }
    }
    while relay.bench.service.waits() < WAITS {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(relay.bench.service.waits(), WAITS);
    let writer = relay.client().await;
    let woken = [0, 500, 999];
    for number in woken {
        writer.put(&slot(number), &boxed(7), 60).await.unwrap();
    }
    // The others are told that nothing came.
    relay.bench.service.drain();
    for wait in waiting {
        let (number, found) = timeout(HANG, wait).await.unwrap().unwrap();
        let expected = woken.contains(&number).then(|| (0, boxed(7)));
        assert_eq!(found, Ok(expected));
    }
    relay.stop.cancel();
    timeout(HANG, relay.serving).await.unwrap().unwrap();
    assert_eq!(relay.bench.service.waits(), 0);
}

#[tokio::test]
async fn a_relay_that_drains_answers_waits_refuses_boxes_and_ends() {
    let relay = running().await;
    let (reader, writer) = (relay.client().await, relay.client().await);
    writer.put(&slot(9), &boxed(9), 60).await.unwrap();
    let waiting = tokio::spawn(async move { reader.get(&[slot(1)], 120).await });
    while relay.bench.service.waits() < 1 {
        tokio::task::yield_now().await;
    }
    relay.bench.service.drain();
    let ended = timeout(HANG, waiting).await.unwrap().unwrap();
    assert_eq!(ended, Ok(None));
    let refused = writer.put(&slot(2), &boxed(2), 60).await;
    assert_eq!(refused, Ok(PutOutcome::Refused(Refusal::Draining)));
    assert_eq!(writer.info().await.unwrap().accepting, 0);
    // What is there can still be taken away.
    let found = writer.get(&[slot(9)], 10).await;
    assert_eq!(found, Ok(Some((0, boxed(9)))));
    assert_eq!(writer.drop_slots(&[slot(9)]).await, Ok(()));

    relay.stop.cancel();
    timeout(HANG, relay.serving).await.unwrap().unwrap();
    timeout(HANG, writer.closed()).await.unwrap();
}
