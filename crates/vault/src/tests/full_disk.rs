//! A full disk, and callers that go on after an error.

use hushwing_protocol::store::{Order, Store, StoreError, Table};

use super::new_vault;
use crate::{Vault, is_disk_full};

const TABLE: Table = Table(2);

/// A database that may not grow fails as on a full disk: SQLite gives the same
/// error, at the same places.
fn stop_growing(vault: &Vault, spare_pages: u32) {
    let pages: u32 = vault
        .connection()
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .unwrap();
    vault
        .connection()
        .pragma_update(None, "max_page_count", pages + spare_pages)
        .unwrap();
}

fn rows(vault: &mut Vault) -> Vec<Vec<u8>> {
    let rows = vault.transaction(|txn| txn.scan(TABLE, &[], None, Order::Ascending, 99));
    let rows: Vec<_> = rows.unwrap();
    rows.into_iter().map(|(key, _)| key).collect()
}

#[test]
fn a_full_disk_is_told_as_such_undoes_the_step_and_leaves_the_vault_usable() {
    let (_dir, mut vault) = new_vault();
    vault.transaction(|txn| txn.put(TABLE, b"a", b"1")).unwrap();
    stop_growing(&vault, 3);
    let error = vault
        .transaction(|txn| {
            txn.put(TABLE, b"b", b"2")?;
            txn.put(TABLE, b"large", &[3; 100_000])
        })
        .unwrap_err();
    assert!(is_disk_full(&error), "{error}");
    assert_eq!(rows(&mut vault), [b"a"]);
    vault.transaction(|txn| txn.put(TABLE, b"c", b"4")).unwrap();
    assert_eq!(rows(&mut vault), [b"a", b"c"]);
}

/// Claim D0.
#[test]
fn a_step_that_goes_on_after_an_error_stores_nothing() {
    let (_dir, mut vault) = new_vault();
    vault.transaction(|txn| txn.put(TABLE, b"a", b"1")).unwrap();
    stop_growing(&vault, 3);
    let result: Result<(), StoreError> = vault.transaction(|txn| {
        let full = txn.put(TABLE, b"large", &[3; 100_000]).unwrap_err();
        assert_eq!(txn.put(TABLE, b"b", b"2"), Err(full.clone()));
        assert_eq!(txn.get(TABLE, b"a"), Err(full));
        Ok(())
    });
    assert!(is_disk_full(&result.unwrap_err()));
    assert_eq!(rows(&mut vault), [b"a"]);
}

#[test]
fn a_vault_whose_rollback_failed_takes_no_more_transactions() {
    let (_dir, mut vault) = new_vault();
    // An open transaction outside of ours is what a failed rollback leaves.
    vault.connection().execute_batch("BEGIN").unwrap();
    let refused = vault.transaction(|txn| txn.put(TABLE, b"a", b"1"));
    assert!(matches!(refused, Err(StoreError::Medium(_))));
}
