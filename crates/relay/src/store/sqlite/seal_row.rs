//! Whether the store's boxes are sealed under the key that is given: one row that
//! only that key opens. `[HW-RELAY-20]`
//!
//! Boxes alone could not tell: whoever looks at some of them misses the others, and
//! looking at all would make a start take the longer the more there are.

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior};

use super::{
    OpenError,
    schema::{SCHEMA_VERSION, SEAL_TABLE, UNCHECKED_SEALS},
};
use crate::{
    place::Place,
    seal::{SEALED_LEN, SealKey},
};

/// Compares `key` with the store's row, or makes the row when the first key is
/// given. A file of version 1 is brought to version 2 first, which looks at all its
/// boxes once. Everything or nothing, also in a crash.
///
/// # Errors
/// [`OpenError::Sealed`] when boxes are sealed under another key or no key is given;
/// then nothing was changed.
pub(super) fn check(conn: &mut Connection, key: Option<&SealKey>) -> Result<(), OpenError> {
    let txn = conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: i64 = txn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == UNCHECKED_SEALS {
        migrate(&txn, key)?;
    }
    let row: Option<Vec<u8>> = txn
        .query_row("SELECT sealed FROM seal", [], |row| row.get(0))
        .optional()?;
    match (row, key) {
        (None, None) => {}
        (Some(row), Some(key)) if key.opens_check(&row) => {}
        (Some(_), _) => return Err(OpenError::Sealed),
        (None, Some(key)) => {
            let row = key.check().map_err(|_| {
                OpenError::System(std::io::Error::other("the system has no randomness"))
            })?;
            txn.execute("INSERT INTO seal (sealed) VALUES (?1)", [row])?;
        }
    }
    Ok(txn.commit()?)
}

/// Version 1 knew of its key only by the boxes that were sealed under it.
fn migrate(txn: &Transaction<'_>, key: Option<&SealKey>) -> Result<(), OpenError> {
    let mut sealed = txn.prepare(
        "SELECT place.key, box.bytes FROM box JOIN place ON place.box = box.id
         WHERE length(box.bytes) = ?1 LIMIT 1",
    )?;
    let some: Option<([u8; 32], Vec<u8>)> = sealed
        .query_row([i64::try_from(SEALED_LEN).unwrap_or(i64::MAX)], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    if let Some((place, bytes)) = some {
        let opened = key.map(|key| key.open(&Place::from_bytes(place), &bytes));
        if !matches!(opened, Some(Ok(_))) {
            return Err(OpenError::Sealed);
        }
    }
    txn.execute_batch(SEAL_TABLE)?;
    Ok(txn.pragma_update(None, "user_version", SCHEMA_VERSION)?)
}
