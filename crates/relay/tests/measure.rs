//! Figures, not verdicts: `cargo nextest run -p hushwing-relay --run-ignored
//! only --no-capture -E 'test(measure)'`.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Instant,
};

use common::{Relay, boxed, say, slot};
use hushwing_relay::{
    StoreKey,
    store::{Deposit, Put, SlotStore as _, SqliteStore, StoreLimits},
};
use hushwing_relay_client::PutOutcome;
use tempfile::TempDir;
use tokio::task::JoinSet;

const BOXES: u32 = 12_800;

/// Runs `one` for every number below [`BOXES`], `in_flight` at a time.
async fn rate<F, Fut>(in_flight: usize, one: F) -> f64
where
    F: Fn(usize, u32) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send,
{
    let (next, one) = (Arc::new(AtomicU32::new(0)), Arc::new(one));
    let mut lanes = JoinSet::new();
    let begun = Instant::now();
    for lane in 0..in_flight {
        let (next, one) = (next.clone(), one.clone());
        lanes.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= BOXES {
                    return;
                }
                one(lane, number).await;
            }
        });
    }
    lanes.join_all().await;
    f64::from(BOXES) / begun.elapsed().as_secs_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures"]
async fn measure_the_store_alone() {
    for in_flight in [1, 64, 256] {
        let dir = TempDir::new().unwrap();
        let limits = StoreLimits {
            min_free_disk: 0,
            ..StoreLimits::default()
        };
        let store = Arc::new(SqliteStore::open(dir.path(), limits).unwrap());
        let puts = {
            let store = store.clone();
            rate(in_flight, move |_, number| {
                let store = store.clone();
                async move {
                    let key = StoreKey::new([5; 32]);
                    let (place, boxed) = (key.place(&slot(number)), boxed(number));
                    let deposit = Deposit {
                        digest: key.digest(&place, &boxed),
                        place,
                        boxed,
                        expires_s: 2,
                    };
                    assert_eq!(store.put(deposit, 1).await, Ok(Put::Stored));
                }
            })
            .await
        };
        let gets = {
            let store = store.clone();
            rate(in_flight, move |_, number| {
                let store = store.clone();
                async move {
                    let place = StoreKey::new([5; 32]).place(&slot(number));
                    assert!(store.get(&[place], 1).await.unwrap().is_some());
                }
            })
            .await
        };
        drop(store);
        let bytes = std::fs::metadata(dir.path().join(SqliteStore::FILE))
            .unwrap()
            .len();
        say(&format!(
            "store alone, {in_flight} in flight: {puts:.0} PUT/s, {gets:.0} GET/s, {} bytes a box",
            bytes / u64::from(BOXES)
        ));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures"]
async fn measure_the_relay_over_tls() {
    for (clients, in_flight) in [(1, 1), (1, 64), (4, 256)] {
        let dir = TempDir::new().unwrap();
        let relay = Relay::start(dir.path());
        let mut open = Vec::new();
        for _ in 0..clients {
            open.push(relay.client().await);
        }
        let open = Arc::new(open);
        let idle = relay.rss_kib();
        let puts = {
            let open = open.clone();
            rate(in_flight, move |lane, number| {
                let client = open[lane % open.len()].clone();
                async move {
                    let put = client.put(&slot(number), &boxed(number), 60).await;
                    assert_eq!(put, Ok(PutOutcome::Stored));
                }
            })
            .await
        };
        let gets = {
            let open = open.clone();
            rate(in_flight, move |lane, number| {
                let client = open[lane % open.len()].clone();
                async move {
                    assert!(client.get(&[slot(number)], 0).await.unwrap().is_some());
                }
            })
            .await
        };
        say(&format!(
            "over TLS, {clients} clients, {in_flight} in flight: {puts:.0} PUT/s, {gets:.0} \
             GET/s; RSS idle {idle} KiB, after {} KiB",
            relay.rss_kib()
        ));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures"]
async fn measure_the_memory_of_waits() {
    const WAITS: u32 = 1_000;
    let dir = TempDir::new().unwrap();
    let relay = Relay::start(dir.path());
    drop(relay.client().await);
    let idle = relay.rss_kib();
    let mut waiting = JoinSet::new();
    for number in 0..WAITS {
        let client = relay.client().await;
        waiting.spawn(async move { client.get(&[slot(number)], 60).await });
    }
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let waited = relay.rss_kib();
    say(&format!(
        "{WAITS} connections with a wait each: RSS {idle} KiB to {waited} KiB, {:.1} KiB each",
        f64::from(u32::try_from(waited - idle).unwrap()) / f64::from(WAITS)
    ));
}
