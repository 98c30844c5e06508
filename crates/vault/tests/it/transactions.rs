//! All of a step or nothing of it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::*;

#[test]
fn a_failed_step_leaves_nothing_not_even_its_new_tables() {
    let (_dir, mut vault) = new_vault();
    put(&mut vault, b"kept", b"1");
    let failed: Result<(), StoreError> = vault.transaction(|txn| {
        txn.put(TABLE, b"kept", b"2")?;
        txn.put(Table(99), b"new", b"3")?;
        Err(StoreError::Damaged("on purpose"))
    });
    assert_eq!(failed, Err(StoreError::Damaged("on purpose")));
    assert_eq!(get(&mut vault, b"kept").unwrap(), b"1");
    let new = vault.transaction(|txn| txn.get(Table(99), b"new"));
    assert_eq!(new, Ok(None));
    vault
        .transaction(|txn| txn.put(Table(99), b"new", b"4"))
        .unwrap();
}

#[test]
fn a_panic_in_a_step_rolls_it_back_and_the_vault_goes_on() {
    let (dir, mut vault) = new_vault();
    put(&mut vault, b"kept", b"1");
    let panic = catch_unwind(AssertUnwindSafe(|| {
        vault.transaction(|txn| -> Result<(), StoreError> {
            txn.put(TABLE, b"kept", b"2")?;
            panic!("on purpose");
        })
    }));
    assert!(panic.is_err());
    assert_eq!(get(&mut vault, b"kept").unwrap(), b"1");
    put(&mut vault, b"after", b"3");
    drop(vault);
    let mut vault = open(dir.path()).unwrap();
    assert_eq!(all_rows(&mut vault).unwrap().len(), 2);
}

#[test]
fn what_a_step_wrote_it_reads_before_the_commit() {
    let (_dir, mut vault) = new_vault();
    vault
        .transaction(|txn| {
            txn.put(TABLE, b"a", b"1")?;
            assert_eq!(txn.get(TABLE, b"a")?.unwrap(), b"1");
            txn.delete(TABLE, b"a")?;
            assert_eq!(txn.get(TABLE, b"a")?, None);
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

#[test]
fn the_vault_can_move_to_the_thread_that_drives_the_engine() {
    fn is_send<T: Send>() {}
    is_send::<Vault>();
}
