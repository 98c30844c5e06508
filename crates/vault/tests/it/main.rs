//! The vault from the outside: its public interface, its files, and other
//! processes.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod backup;
mod conformance;
mod damage;
mod index;
mod lifecycle;
mod measure;
mod privacy;
mod process;
mod salvage;
mod transactions;

use std::{collections::BTreeMap, fs, path::Path};

use hushwing_protocol::store::{Order, Row, Store, StoreError, Table};
use hushwing_vault::{KdfParams, OpenError, Passphrase, Vault};
use tempfile::TempDir;
use zeroize::Zeroizing;

const WEAK: KdfParams = KdfParams::dangerously_weak_for_tests();
const TABLE: Table = Table(40);

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(text.to_owned())).unwrap()
}

fn right() -> Passphrase {
    passphrase("the right passphrase")
}

fn create(dir: &Path) -> Vault {
    Vault::create(dir, &right(), WEAK).unwrap()
}

fn open(dir: &Path) -> Result<Vault, OpenError> {
    Vault::open(dir, &right())
}

fn new_vault() -> (TempDir, Vault) {
    let dir = tempfile::tempdir().unwrap();
    let vault = create(dir.path());
    (dir, vault)
}

fn put(vault: &mut Vault, key: &[u8], value: &[u8]) {
    vault.transaction(|txn| txn.put(TABLE, key, value)).unwrap();
}

fn get(vault: &mut Vault, key: &[u8]) -> Option<Vec<u8>> {
    vault.transaction(|txn| txn.get(TABLE, key)).unwrap()
}

fn all_rows(vault: &mut Vault) -> Result<Vec<Row>, StoreError> {
    vault.transaction(|txn| txn.scan(TABLE, &[], None, Order::Ascending, usize::MAX))
}

/// Name and content of every file in `dir`.
fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(dir)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

/// A new folder with these files: what a copy, a backup, or a killed process
/// leaves.
fn folder_of(files: &BTreeMap<String, Vec<u8>>) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(dir.path().join(name), content).unwrap();
    }
    dir
}

/// The files of a vault whose last commits are still in the log, as `kill -9`
/// leaves it. Row `n` was written by transaction `n`.
fn files_with_a_log(rows: u8) -> BTreeMap<String, Vec<u8>> {
    let (dir, mut vault) = new_vault();
    for row in 0..rows {
        put(&mut vault, &[row], &vec![row; 600]);
    }
    let files = files(dir.path());
    assert!(files["vault.db-wal"].len() > 4096, "the log is in use");
    files
}
