//! What the file holds, and what it must not.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc, time::Duration};

use hushwing_relay::{
    Place, SealKey, StoreKey,
    store::{
        CHECKPOINT_INTERVAL, Deposit, OpenError, Put, SlotStore as _, SqliteStore, StoreLimits,
        Usage,
    },
};
use hushwing_wire::{SealedBox, Slot, limits::BOX_LEN};
use tempfile::TempDir;
use tokio::task::JoinSet;

const NOW: u64 = 1_000_000;
const LATER: u64 = 2_000_000;
const MARK: &[u8] = b"this very ciphertext must go";

fn limits() -> StoreLimits {
    StoreLimits {
        min_free_disk: 0,
        ..StoreLimits::default()
    }
}

fn key() -> StoreKey {
    StoreKey::new([5; 32])
}

fn slot(number: u32) -> Slot {
    let mut name = *b"a slot is a right, not a number:";
    name[28..].copy_from_slice(&number.to_be_bytes());
    Slot::new(name)
}

fn place(number: u32) -> Place {
    key().place(&slot(number))
}

/// A box full of a mark that is searched for.
fn marked() -> SealedBox {
    let bytes: Vec<u8> = MARK.iter().copied().cycle().take(BOX_LEN).collect();
    SealedBox::from_slice(&bytes).unwrap()
}

fn deposit(number: u32) -> Deposit {
    Deposit {
        place: place(number),
        digest: key().digest(&place(number), &marked()),
        boxed: marked(),
        expires_s: LATER,
    }
}

fn files_hold(folder: &Path, needle: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path(), limits()).unwrap();
    for number in 0..3 {
        assert_eq!(store.put(deposit(number), NOW).await, Ok(Put::Stored));
    }
    store.drop_boxes(&[place(1)]).await.unwrap();
    drop(store);

    let store = SqliteStore::open(folder.path(), limits()).unwrap();
    let usage = Usage {
        boxes: 2,
        tombstones: 1,
    };
    assert_eq!(store.usage().await, Ok(usage));
    assert!(store.get(&[place(0)], NOW).await.unwrap().is_some());
    assert_eq!(store.put(deposit(1), NOW).await, Ok(Put::Same));
}

#[tokio::test]
async fn a_dropped_box_leaves_file_and_log_in_the_stated_time() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path(), limits()).unwrap();
    for number in 0..20 {
        store.put(deposit(number), NOW).await.unwrap();
    }
    assert!(files_hold(folder.path(), MARK));
    for number in 0..19 {
        store.drop_boxes(&[place(number)]).await.unwrap();
    }
    assert_eq!(store.expire(LATER, 100).await, Ok(20));
    // The stated time, and a machine that is busy with other things.
    tokio::time::sleep(CHECKPOINT_INTERVAL + Duration::from_secs(2)).await;
    assert!(!files_hold(folder.path(), MARK));
    drop(store);
    assert!(!files_hold(folder.path(), MARK));
}

/// Claim M1.
#[tokio::test]
async fn slots_are_in_no_file() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path(), limits()).unwrap();
    store.put(deposit(1), NOW).await.unwrap();
    store.get(&[place(1), place(2)], NOW).await.unwrap();
    assert!(files_hold(folder.path(), place(1).as_bytes()));
    assert!(!files_hold(folder.path(), slot(1).as_bytes()));
    drop(store);
    assert!(!files_hold(folder.path(), slot(1).as_bytes()));
}

/// `[HW-RELAY-20]`
#[tokio::test]
async fn a_sealed_store_holds_no_box_and_opens_under_its_key_alone() {
    let folder = TempDir::new().unwrap();
    let open = |key: Option<u8>| {
        let seal = key.map(|byte| SealKey::new([byte; 32]));
        SqliteStore::open_sealed(folder.path(), limits(), seal)
    };
    let store = open(Some(1)).unwrap();
    store.put(deposit(1), NOW).await.unwrap();
    assert!(!files_hold(folder.path(), MARK));
    drop(store);
    assert!(!files_hold(folder.path(), MARK));
    for wrong in [None, Some(2)] {
        assert!(matches!(open(wrong), Err(OpenError::Sealed)), "{wrong:?}");
    }
    let store = open(Some(1)).unwrap();
    let found = store.get(&[place(1)], NOW).await;
    assert_eq!(found, Ok(Some((0, marked()))));
    assert_eq!(store.put(deposit(1), NOW).await, Ok(Put::Same));
}

/// `[HW-RELAY-20]`
#[tokio::test]
async fn boxes_from_before_the_seal_stay_readable() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path(), limits()).unwrap();
    store.put(deposit(1), NOW).await.unwrap();
    drop(store);
    let seal = Some(SealKey::new([1; 32]));
    let store = SqliteStore::open_sealed(folder.path(), limits(), seal).unwrap();
    store.put(deposit(2), NOW).await.unwrap();
    for number in [1, 2] {
        let found = store.get(&[place(number)], NOW).await;
        assert_eq!(found, Ok(Some((0, marked()))), "box {number}");
    }
}

/// `[HW-RELAY-20]`
#[tokio::test]
async fn another_key_is_noticed_whatever_lies_there() {
    let folder = TempDir::new().unwrap();
    let open = |key: Option<u8>| {
        let seal = key.map(|byte| SealKey::new([byte; 32]));
        SqliteStore::open_sealed(folder.path(), limits(), seal)
    };
    // More than a thousand places before the one sealed box, which a look at some
    // would miss.
    let store = Arc::new(open(None).unwrap());
    let mut puts = JoinSet::new();
    for number in 0..1_001 {
        let store = store.clone();
        puts.spawn(async move { store.put(deposit(number), NOW).await });
    }
    puts.join_all().await;
    drop(store);
    let last = (2_000..)
        .find(|number| (0..1_001).all(|other| place(other) < place(*number)))
        .unwrap();
    let store = open(Some(1)).unwrap();
    assert_eq!(store.put(deposit(last), NOW).await, Ok(Put::Stored));
    drop(store);
    for wrong in [None, Some(2)] {
        assert!(matches!(open(wrong), Err(OpenError::Sealed)), "{wrong:?}");
    }
    // Nor does it matter that the box is gone.
    let store = open(Some(1)).unwrap();
    store.drop_boxes(&[place(last)]).await.unwrap();
    drop(store);
    assert!(matches!(open(Some(2)), Err(OpenError::Sealed)));
    open(Some(1)).unwrap();
}

/// A store as version 1 of the layout had it, from `tests/stores`.
fn of_version_1(name: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stores");
    fs::copy(kept.join(name), folder.path().join(SqliteStore::FILE)).unwrap();
    folder
}

fn version_in(folder: &TempDir) -> i64 {
    let conn = rusqlite::Connection::open(folder.path().join(SqliteStore::FILE)).unwrap();
    conn.pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap()
}

/// `[HW-RELAY-20]`
#[tokio::test]
async fn a_store_of_version_1_opens_with_all_that_is_in_it() {
    let folder = of_version_1("v1-plain.db");
    let store = SqliteStore::open(folder.path(), limits()).unwrap();
    let found = store.get(&[place(1)], NOW).await;
    assert_eq!(found, Ok(Some((0, marked()))));
    assert_eq!(store.put(deposit(2), NOW).await, Ok(Put::Same));
    let usage = Usage {
        boxes: 1,
        tombstones: 1,
    };
    assert_eq!(store.usage().await, Ok(usage));
    drop(store);
    assert_eq!(version_in(&folder), 2);
    // It takes a key now, and then no other.
    let open = |byte| {
        let seal = Some(SealKey::new([byte; 32]));
        SqliteStore::open_sealed(folder.path(), limits(), seal)
    };
    drop(open(7).unwrap());
    assert!(matches!(open(8), Err(OpenError::Sealed)));
}

/// `[HW-RELAY-20]`
#[tokio::test]
async fn a_sealed_store_of_version_1_opens_under_its_key_alone() {
    let folder = of_version_1("v1-sealed.db");
    let open = |key: Option<u8>| {
        let seal = key.map(|byte| SealKey::new([byte; 32]));
        SqliteStore::open_sealed(folder.path(), limits(), seal)
    };
    for wrong in [None, Some(2)] {
        assert!(matches!(open(wrong), Err(OpenError::Sealed)), "{wrong:?}");
        assert_eq!(version_in(&folder), 1);
    }
    let store = open(Some(1)).unwrap();
    for number in [1, 3] {
        let found = store.get(&[place(number)], NOW).await;
        assert_eq!(found, Ok(Some((0, marked()))), "box {number}");
    }
    assert_eq!(store.put(deposit(2), NOW).await, Ok(Put::Same));
    drop(store);
    assert_eq!(version_in(&folder), 2);
    assert!(matches!(open(None), Err(OpenError::Sealed)));
    drop(open(Some(1)).unwrap());
}

#[tokio::test]
async fn free_pages_go_back_to_the_file_system() {
    let folder = TempDir::new().unwrap();
    let store = Arc::new(SqliteStore::open(folder.path(), limits()).unwrap());
    let mut puts = JoinSet::new();
    for number in 0..1_000 {
        let store = store.clone();
        puts.spawn(async move { store.put(deposit(number), NOW).await });
    }
    for put in puts.join_all().await {
        assert_eq!(put, Ok(Put::Stored));
    }
    let path = folder.path().join(SqliteStore::FILE);
    while store.expire(LATER, 256).await.unwrap() > 0 {}
    // 16 MB in steps of 2 MB with pauses, and the checkpoint after them.
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        if fs::metadata(&path).unwrap().len() < 6 << 20 {
            return;
        }
    }
    panic!("still {} bytes", fs::metadata(&path).unwrap().len());
}

/// Claim R0.
#[tokio::test]
async fn a_disk_without_its_reserve_counts_as_full() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path(), limits()).unwrap();
    store.put(deposit(1), NOW).await.unwrap();
    drop(store);
    let store = SqliteStore::open(
        folder.path(),
        StoreLimits {
            min_free_disk: u64::MAX,
            ..limits()
        },
    )
    .unwrap();
    assert_eq!(store.is_full().await, Ok(true));
    assert_eq!(store.put(deposit(2), NOW).await, Ok(Put::Full));
    assert_eq!(store.put(deposit(1), NOW).await, Ok(Put::Same));
    assert!(store.get(&[place(1)], NOW).await.unwrap().is_some());
    assert_eq!(store.drop_boxes(&[place(1)]).await, Ok(()));
}

#[tokio::test]
async fn the_files_are_their_owners_alone() {
    let folder = TempDir::new().unwrap();
    let store = SqliteStore::open(folder.path(), limits()).unwrap();
    store.put(deposit(1), NOW).await.unwrap();
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name());
    }
    assert_eq!(names.len(), 3, "file, log and its index: {names:?}");
}

#[test]
fn a_file_of_a_newer_program_is_refused_and_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    drop(SqliteStore::open(folder.path(), limits()).unwrap());
    let path = folder.path().join(SqliteStore::FILE);
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.pragma_update(None, "user_version", 3).unwrap();
    drop(conn);
    let before = fs::read(&path).unwrap();
    let error = SqliteStore::open(folder.path(), limits()).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 3, known: 2 }));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_file_of_somebody_else_is_refused_and_left_as_it_is() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(SqliteStore::FILE);
    let conn = rusqlite::Connection::open(&path).unwrap();
    conn.execute_batch("CREATE TABLE recipes (name TEXT)")
        .unwrap();
    drop(conn);
    let before = fs::read(&path).unwrap();
    let error = SqliteStore::open(folder.path(), limits()).unwrap_err();
    assert!(matches!(error, OpenError::NotOurs));
    assert_eq!(fs::read(&path).unwrap(), before);

    fs::write(&path, vec![0x5a; 8_192]).unwrap();
    let error = SqliteStore::open(folder.path(), limits()).unwrap_err();
    assert!(matches!(error, OpenError::NotOurs));
}
