//! The rules of every store, run on each.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::sync::Arc;

use hushwing_relay::{
    Clock, Place, RelayService, SealKey, StoreKey,
    store::{
        BOX_COST, Deposit, Kept, MemoryStore, Put, SlotStore, SqliteStore, StoreLimits,
        TOMBSTONE_COST, Usage,
    },
};
use hushwing_relay_client::Service as _;
use hushwing_wire::{RequestOp, ResponseOp, SealedBox, Slot, limits::BOX_LEN};
use tempfile::TempDir;

const NOW: u64 = 1_000_000;
const LATER: u64 = 2_000_000;

fn no_limits() -> StoreLimits {
    StoreLimits {
        min_free_disk: 0,
        ..StoreLimits::default()
    }
}

fn place(byte: u8) -> Place {
    key().place(&Slot::new([byte; 32]))
}

fn key() -> StoreKey {
    StoreKey::new([5; 32])
}

fn boxed(byte: u8) -> SealedBox {
    SealedBox::from_slice(&vec![byte; BOX_LEN]).unwrap()
}

fn deposit(at: u8, content: u8) -> Deposit {
    Deposit {
        place: place(at),
        digest: key().digest(&place(at), &boxed(content)),
        boxed: boxed(content),
        expires_s: LATER,
    }
}

/// One test a rule, on each store.
macro_rules! rules {
    ($($rule:ident)*) => {
        mod memory {
            $(#[tokio::test]
            async fn $rule() {
                super::$rule(|limits| std::sync::Arc::new(super::MemoryStore::new(limits))).await;
            })*
        }
        mod sqlite_sealed {
            $(#[tokio::test]
            async fn $rule() {
                let folder = super::TempDir::new().unwrap();
                super::$rule(|limits| {
                    let seal = Some(super::SealKey::new([9; 32]));
                    let store = super::SqliteStore::open_sealed(folder.path(), limits, seal);
                    std::sync::Arc::new(store.unwrap())
                }).await;
            })*
        }

        mod sqlite {
            $(#[tokio::test]
            async fn $rule() {
                let folder = super::TempDir::new().unwrap();
                super::$rule(|limits| {
                    std::sync::Arc::new(super::SqliteStore::open(folder.path(), limits).unwrap())
                }).await;
            })*
        }
    };
}

rules! {
    a_box_is_found_where_it_was_put
    a_place_is_written_once
    a_dropped_box_is_gone_and_remembered
    dropping_what_is_not_there_leaves_nothing
    the_first_box_in_the_order_asked_is_found
    an_expired_box_is_not_served_and_its_place_is_free
    expiry_removes_boxes_and_tombstones_in_bounded_batches
    a_store_full_of_boxes_refuses_evicts_nothing_and_recovers
    a_store_full_of_bytes_counts_tombstones_too
    concurrent_puts_at_one_place_store_one_box
    a_scan_gives_everything_once_and_a_restore_makes_the_same_of_it
    a_restore_without_room_changes_nothing
    a_restore_leaves_what_is_there
    a_restore_takes_the_places_of_what_has_expired
    a_wait_ends_with_the_box_that_comes_and_without_one_at_its_time
}

async fn a_box_is_found_where_it_was_put<S: SlotStore>(make: impl Fn(StoreLimits) -> Arc<S>) {
    let store = make(no_limits());
    assert_eq!(store.get(&[place(1)], NOW).await, Ok(None));
    assert_eq!(store.put(deposit(1, 7), NOW).await, Ok(Put::Stored));
    let found = store.get(&[place(2), place(1)], NOW).await;
    assert_eq!(found, Ok(Some((1, boxed(7)))));
    let usage = Usage {
        boxes: 1,
        tombstones: 0,
    };
    assert_eq!(store.usage().await, Ok(usage));
}

/// Claim R0.
async fn a_place_is_written_once<S: SlotStore>(make: impl Fn(StoreLimits) -> Arc<S>) {
    let store = make(no_limits());
    assert_eq!(store.put(deposit(1, 7), NOW).await, Ok(Put::Stored));
    assert_eq!(store.put(deposit(1, 7), NOW).await, Ok(Put::Same));
    let taken = Put::Taken(boxed(7));
    assert_eq!(store.put(deposit(1, 8), NOW).await, Ok(taken));
    let found = store.get(&[place(1)], NOW).await;
    assert_eq!(found, Ok(Some((0, boxed(7)))));
}

async fn a_dropped_box_is_gone_and_remembered<S: SlotStore>(make: impl Fn(StoreLimits) -> Arc<S>) {
    let store = make(no_limits());
    store.put(deposit(1, 7), NOW).await.unwrap();
    for _ in 0..2 {
        assert_eq!(store.drop_boxes(&[place(1)]).await, Ok(()));
        assert_eq!(store.get(&[place(1)], NOW).await, Ok(None));
        let same = store.put(deposit(1, 7), NOW).await;
        assert_eq!(same, Ok(Put::Same));
        let other = store.put(deposit(1, 8), NOW).await;
        assert_eq!(other, Ok(Put::TakenAndDropped));
        assert_eq!(store.get(&[place(1)], NOW).await, Ok(None));
        let usage = Usage {
            boxes: 0,
            tombstones: 1,
        };
        assert_eq!(store.usage().await, Ok(usage));
    }
}

async fn dropping_what_is_not_there_leaves_nothing<S: SlotStore>(
    make: impl Fn(StoreLimits) -> Arc<S>,
) {
    let store = make(no_limits());
    assert_eq!(store.drop_boxes(&[place(1), place(2)]).await, Ok(()));
    assert_eq!(store.usage().await, Ok(Usage::default()));
    assert_eq!(store.put(deposit(1, 7), NOW).await, Ok(Put::Stored));
}

async fn the_first_box_in_the_order_asked_is_found<S: SlotStore>(
    make: impl Fn(StoreLimits) -> Arc<S>,
) {
    let store = make(no_limits());
    store.put(deposit(1, 1), NOW).await.unwrap();
    store.put(deposit(2, 2), NOW).await.unwrap();
    let found = store.get(&[place(3), place(2), place(1)], NOW).await;
    assert_eq!(found, Ok(Some((1, boxed(2)))));
}

async fn an_expired_box_is_not_served_and_its_place_is_free<S: SlotStore>(
    make: impl Fn(StoreLimits) -> Arc<S>,
) {
    let store = make(no_limits());
    store.put(deposit(1, 7), NOW).await.unwrap();
    assert!(store.get(&[place(1)], LATER - 1).await.unwrap().is_some());
    assert_eq!(store.get(&[place(1)], LATER).await, Ok(None));
    let fresh = Deposit {
        expires_s: LATER + 10,
        ..deposit(1, 8)
    };
    assert_eq!(store.put(fresh, LATER).await, Ok(Put::Stored));
    let found = store.get(&[place(1)], LATER).await;
    assert_eq!(found, Ok(Some((0, boxed(8)))));
    assert_eq!(store.usage().await.unwrap().boxes, 1);
}

async fn expiry_removes_boxes_and_tombstones_in_bounded_batches<S: SlotStore>(
    make: impl Fn(StoreLimits) -> Arc<S>,
) {
    let store = make(no_limits());
    for at in 0..10 {
        store.put(deposit(at, at), NOW).await.unwrap();
    }
    store
        .drop_boxes(&[place(0), place(1), place(2)])
        .await
        .unwrap();
    let survivor = Deposit {
        expires_s: LATER + 1,
        ..deposit(10, 10)
    };
    store.put(survivor, NOW).await.unwrap();
    assert_eq!(store.expire(LATER - 1, 100).await, Ok(0));
    assert_eq!(store.expire(LATER, 6).await, Ok(6));
    assert_eq!(store.expire(LATER, 6).await, Ok(4));
    assert_eq!(store.expire(LATER, 6).await, Ok(0));
    let usage = Usage {
        boxes: 1,
        tombstones: 0,
    };
    assert_eq!(store.usage().await, Ok(usage));
    let found = store.get(&[place(10)], LATER).await;
    assert_eq!(found, Ok(Some((0, boxed(10)))));
}

/// Claim R0.
async fn a_store_full_of_boxes_refuses_evicts_nothing_and_recovers<S: SlotStore>(
    make: impl Fn(StoreLimits) -> Arc<S>,
) {
    let store = make(StoreLimits {
        max_boxes: 3,
        ..no_limits()
    });
    for at in 0..3 {
        assert_eq!(store.is_full().await, Ok(false));
        assert_eq!(store.put(deposit(at, at), NOW).await, Ok(Put::Stored));
    }
    assert_eq!(store.is_full().await, Ok(true));
    assert_eq!(store.put(deposit(3, 3), NOW).await, Ok(Put::Full));
    // What is there is answered for as ever.
    assert_eq!(store.put(deposit(0, 0), NOW).await, Ok(Put::Same));
    for at in 0..3 {
        let found = store.get(&[place(at)], NOW).await;
        assert_eq!(found, Ok(Some((0, boxed(at)))));
    }
    store.drop_boxes(&[place(1)]).await.unwrap();
    assert_eq!(store.put(deposit(3, 3), NOW).await, Ok(Put::Stored));
    assert_eq!(store.put(deposit(4, 4), NOW).await, Ok(Put::Full));
}

async fn a_store_full_of_bytes_counts_tombstones_too<S: SlotStore>(
    make: impl Fn(StoreLimits) -> Arc<S>,
) {
    let store = make(StoreLimits {
        max_bytes: 2 * BOX_COST + TOMBSTONE_COST - 1,
        ..no_limits()
    });
    store.put(deposit(1, 1), NOW).await.unwrap();
    store.put(deposit(2, 2), NOW).await.unwrap();
    store.drop_boxes(&[place(2)]).await.unwrap();
    assert_eq!(store.put(deposit(3, 3), NOW).await, Ok(Put::Full));
    assert_eq!(store.expire(LATER, 10).await, Ok(2));
    let fresh = Deposit {
        expires_s: LATER + 1,
        ..deposit(3, 3)
    };
    assert_eq!(store.put(fresh, LATER).await, Ok(Put::Stored));
}

/// Claim R0.
async fn concurrent_puts_at_one_place_store_one_box<S: SlotStore>(
    make: impl Fn(StoreLimits) -> Arc<S>,
) {
    let store = make(no_limits());
    let puts: Vec<_> = (0..20)
        .map(|content| {
            let store = store.clone();
            tokio::spawn(async move { (content, store.put(deposit(1, content), NOW).await) })
        })
        .collect();
    let mut winner = None;
    let mut answers = Vec::new();
    for put in puts {
        match put.await.unwrap() {
            (content, Ok(Put::Stored)) => assert_eq!(winner.replace(content), None),
            (_, answer) => answers.push(answer.unwrap()),
        }
    }
    let taken = Put::Taken(boxed(winner.unwrap()));
    assert_eq!(answers, vec![taken; 19]);
}

async fn scan_all<S: SlotStore>(store: &S, at_once: usize) -> Vec<Kept> {
    let mut all = Vec::<Kept>::new();
    loop {
        let after = all.last().map(|kept| kept.place);
        let some = store.scan(after, at_once).await.unwrap();
        assert!(some.len() <= at_once);
        if some.is_empty() {
            return all;
        }
        all.extend(some);
    }
}

async fn a_restore_takes_the_places_of_what_has_expired<S: SlotStore>(
    make: impl Fn(StoreLimits) -> Arc<S>,
) {
    let limits = StoreLimits {
        max_boxes: 2,
        ..no_limits()
    };
    let store = make(limits);
    for at in [1, 2] {
        store.put(deposit(at, 7), NOW).await.unwrap();
    }
    store.drop_boxes(&[place(2)]).await.unwrap();
    let fresh = |at| Kept {
        expires_s: 2 * LATER,
        ..kept(at)
    };
    let all = vec![fresh(1), fresh(2)];
    assert_eq!(store.restore(all.clone(), LATER).await, Ok(true));
    assert_eq!(scan_all(&*store, 100).await.len(), 2);
    for at in [1, 2] {
        let found = store.get(&[place(at)], LATER).await;
        assert_eq!(found, Ok(Some((0, kept(at).boxed.unwrap()))), "place {at}");
    }
    let usage = Usage {
        boxes: 2,
        tombstones: 0,
    };
    assert_eq!(store.usage().await, Ok(usage));
}

async fn a_scan_gives_everything_once_and_a_restore_makes_the_same_of_it<S: SlotStore>(
    make: impl Fn(StoreLimits) -> Arc<S>,
) {
    let store = make(no_limits());
    assert_eq!(store.scan(None, 5).await, Ok(Vec::new()));
    for at in 0..10 {
        store.put(deposit(at, at), NOW).await.unwrap();
    }
    store.drop_boxes(&[place(2), place(9)]).await.unwrap();
    let all = scan_all(&*store, 3).await;
    assert_eq!(all.len(), 10);
    assert!(all.is_sorted_by(|one, next| one.place < next.place));
    let gone = all.iter().filter(|kept| kept.boxed.is_none()).count();
    assert_eq!(gone, 2);

    // Both kinds of store, whichever this one is.
    let elsewhere = MemoryStore::new(no_limits());
    assert_eq!(elsewhere.restore(all.clone(), NOW).await, Ok(true));
    assert_eq!(scan_all(&elsewhere, 100).await, all);
    assert_eq!(elsewhere.usage().await, store.usage().await);
    while store.expire(LATER, 100).await.unwrap() > 0 {}
    assert_eq!(store.usage().await, Ok(Usage::default()));
    assert_eq!(store.restore(all.clone(), NOW).await, Ok(true));
    assert_eq!(store.restore(all.clone(), NOW).await, Ok(true), "once more");
    assert_eq!(scan_all(&*store, 100).await, all);
    assert_eq!(store.usage().await, elsewhere.usage().await);
    assert_eq!(store.put(deposit(2, 2), NOW).await, Ok(Put::Same));
    let found = store.get(&[place(9), place(3)], NOW).await;
    assert_eq!(found, Ok(Some((1, boxed(3)))));
}

fn kept(at: u8) -> Kept {
    let Deposit {
        place,
        digest,
        boxed,
        expires_s,
    } = deposit(at, at);
    Kept {
        place,
        digest,
        expires_s,
        boxed: Some(boxed),
    }
}

async fn a_restore_without_room_changes_nothing<S: SlotStore>(
    make: impl Fn(StoreLimits) -> Arc<S>,
) {
    let store = make(StoreLimits {
        max_boxes: 3,
        ..no_limits()
    });
    store.put(deposit(0, 0), NOW).await.unwrap();
    assert_eq!(
        store.restore((1..4).map(kept).collect(), NOW).await,
        Ok(false)
    );
    assert_eq!(store.usage().await.unwrap().boxes, 1);
    assert_eq!(
        store.restore((0..3).map(kept).collect(), NOW).await,
        Ok(true)
    );
    assert_eq!(store.usage().await.unwrap().boxes, 3);
}

async fn a_restore_leaves_what_is_there<S: SlotStore>(make: impl Fn(StoreLimits) -> Arc<S>) {
    let store = make(no_limits());
    store.put(deposit(1, 7), NOW).await.unwrap();
    assert_eq!(store.restore(vec![kept(1)], NOW).await, Ok(true));
    let found = store.get(&[place(1)], NOW).await;
    assert_eq!(found, Ok(Some((0, boxed(7)))));
}

struct Still;

impl Clock for Still {
    fn now_s(&self) -> u64 {
        NOW
    }
}

async fn a_wait_ends_with_the_box_that_comes_and_without_one_at_its_time<S: SlotStore>(
    make: impl Fn(StoreLimits) -> Arc<S>,
) {
    let relay = Arc::new(RelayService::new(make(no_limits()), key(), Arc::new(Still)));
    let get = |slot: u8, wait_s| RequestOp::Get {
        slots: vec![Slot::new([slot; 32])],
        wait_s,
    };
    let put = RequestOp::Put {
        slot: Slot::new([1; 32]),
        ttl_s: 3_600,
        boxed: boxed(7),
    };
    let waiting = {
        let relay = relay.clone();
        let op = get(1, 120);
        tokio::spawn(async move { relay.call(op).await })
    };
    while relay.waits() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(relay.call(put).await, ResponseOp::Stored);
    let found = ResponseOp::Found {
        index: 0,
        boxed: boxed(7),
    };
    assert_eq!(waiting.await.unwrap(), found);
    assert_eq!(relay.call(get(2, 1)).await, ResponseOp::Nothing);
    assert_eq!(relay.waits(), 0);
}
