//! Guards of rows: a few bytes behind each value that tell damage from content.
//!
//! The vault authenticates its pages, so a guard is no defence against an
//! attacker. It finds what pages cannot: a row that was cut, changed or moved to
//! another key by a defect of a program, of memory, or of a tool that copied
//! rows. Without one a changed byte of a text or of a chain's head would decode
//! and pass for what was written. `[HW-ENG-4]`

use sha2::{Digest as _, Sha256};

use crate::store::{StoreError, Table};

/// Bytes of a guard: that a change passes unseen is a chance of 2^-64.
pub const GUARD_LEN: usize = 8;

const LABEL: &[u8] = b"hushwing 1 row";

/// Appends the guard of a row to its value.
pub fn guard(table: Table, key: &[u8], value: &mut Vec<u8>) {
    let guard = guard_of(table, key, value);
    value.extend_from_slice(&guard);
}

/// The value of a row without its guard.
///
/// # Errors
/// [`StoreError::Damaged`] with `what` when the row is not what was written there.
pub fn guarded<'a>(
    table: Table,
    key: &[u8],
    row: &'a [u8],
    what: &'static str,
) -> Result<&'a [u8], StoreError> {
    match row.split_last_chunk::<GUARD_LEN>() {
        Some((value, guard)) if *guard == guard_of(table, key, value) => Ok(value),
        _ => Err(StoreError::Damaged(what)),
    }
}

fn guard_of(Table(table): Table, key: &[u8], value: &[u8]) -> [u8; GUARD_LEN] {
    let mut hash = Sha256::new();
    hash.update(LABEL);
    hash.update([table]);
    hash.update((key.len() as u64).to_be_bytes());
    hash.update(key);
    hash.update(value);
    let mut guard = [0; GUARD_LEN];
    guard.copy_from_slice(&hash.finalize()[..GUARD_LEN]);
    guard
}

#[cfg(test)]
mod tests {
    use super::{guard, guarded};
    use crate::store::{StoreError, Table};

    const TABLE: Table = Table(9);

    fn row() -> Vec<u8> {
        let mut row = b"value".to_vec();
        guard(TABLE, b"key", &mut row);
        row
    }

    #[test]
    fn what_was_written_comes_back() {
        assert_eq!(guarded(TABLE, b"key", &row(), "a row"), Ok(&b"value"[..]));
    }

    /// Claim I1.
    #[test]
    fn every_flipped_bit_and_every_cut_is_damage() {
        let row = row();
        for bit in 0..row.len() * 8 {
            let mut flipped = row.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let damage = Err(StoreError::Damaged("a row"));
            assert_eq!(guarded(TABLE, b"key", &flipped, "a row"), damage);
        }
        for len in 0..row.len() {
            assert!(guarded(TABLE, b"key", &row[..len], "a row").is_err());
        }
    }

    #[test]
    fn a_row_that_was_moved_is_damage() {
        assert!(guarded(TABLE, b"other", &row(), "a row").is_err());
        assert!(guarded(Table(8), b"key", &row(), "a row").is_err());
    }
}
