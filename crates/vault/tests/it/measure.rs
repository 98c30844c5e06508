//! Figures, printed on request:
//! `cargo test -p hushwing-vault --test it -- --ignored --exact measure::figures --nocapture`

#![allow(clippy::print_stdout, reason = "printing is what it is for")]

use std::time::{Duration, Instant};

use super::*;

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

fn mean(times: u32, mut work: impl FnMut(u32)) -> Duration {
    timed(|| (0..times).for_each(&mut work)).1 / times
}

#[test]
#[ignore = "prints figures, asserts nothing about them"]
fn figures() {
    let dir = tempfile::tempdir().unwrap();
    let (vault, time) = timed(|| create(dir.path()));
    println!("create, without key derivation: {time:?}");
    drop(vault);
    let (vault, time) = timed(|| open(dir.path()).unwrap());
    println!("open, without key derivation: {time:?}");
    drop(vault);

    let (_dir, mut vault) = new_vault();
    let time = mean(200, |n| {
        vault
            .transaction(|txn| {
                for row in 0..8u32 {
                    txn.put(TABLE, &(n * 8 + row).to_be_bytes(), &[7; 1500])?;
                }
                Ok::<_, StoreError>(())
            })
            .unwrap();
    });
    println!("transaction of 8 new rows of 1.5 kB: {time:?}");
    let time = mean(200, |n| {
        put(&mut vault, &(1 << 20 | n).to_be_bytes(), &[7; 16_384])
    });
    println!("transaction of one row of 16 KiB: {time:?}");

    for (name, len, rows) in [("500 B", 500, 20_000u32), ("16 KiB", 16_384, 1_000)] {
        let table = Table(50);
        let (dir, mut vault) = new_vault();
        // Spread over the table, as keys that begin with a random name are.
        let key = |n: u32| n.wrapping_mul(2_654_435_769).to_be_bytes();
        let value = vec![7; len];
        let ((), time) = timed(|| {
            vault
                .transaction(|txn| (0..rows).try_for_each(|n| txn.put(table, &key(n), &value)))
                .unwrap();
        });
        println!("{name}: put, in one transaction: {:?}", time / rows);
        let ((), time) = timed(|| {
            vault
                .transaction(|txn| (0..rows).try_for_each(|n| txn.get(table, &key(n)).map(drop)))
                .unwrap();
        });
        println!("{name}: get: {:?}", time / rows);
        let (found, time) = timed(|| {
            vault
                .transaction(|txn| txn.scan(table, &[], None, Order::Ascending, usize::MAX))
                .unwrap()
                .len()
        });
        println!(
            "{name}: scan, a row: {:?}",
            time / u32::try_from(found).unwrap()
        );
        vault.checkpoint().unwrap();
        let size = fs::metadata(dir.path().join("vault.db")).unwrap().len();
        println!("{name}: bytes on disk a row: {}", size / u64::from(rows));
    }

    // The keys of 50 conversations.
    let (_dir, mut vault) = new_vault();
    for n in 0..1_300u32 {
        put(
            &mut vault,
            &n.wrapping_mul(2_654_435_769).to_be_bytes(),
            &[7; 2_200],
        );
    }
    let ((), time) = timed(|| vault.checkpoint().unwrap());
    println!("checkpoint of a full log: {time:?}");
    let ((), time) = timed(|| vault.purge(&[TABLE]).unwrap());
    println!("purge of 1,300 rows of 2.2 kB: {time:?}");
    drop(vault);

    for (name, params) in [("floor", KdfParams::FLOOR), ("default", KdfParams::DEFAULT)] {
        let dir = tempfile::tempdir().unwrap();
        drop(Vault::create(dir.path(), &right(), params).unwrap());
        let (_, time) = timed(|| open(dir.path()).unwrap());
        println!("open at the {name}: {time:?}");
    }
}
