//! The store that a protocol step runs in: an ordered key-value view of one
//! open vault transaction.
//!
//! Everything that a step changes goes through one [`Store`], so the ratchet
//! step, the message row and the outgoing boxes commit together or not at all.
//! Methods take `&self` because the implementation is a transaction of a
//! database, which has interior state of its own.

pub use crate::{
    find::{Entry, Find, Hit, Phrase, Place, place_of},
    guard::{GUARD_LEN, guard, guarded},
};

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    ops::Bound,
};

use crate::find::MemoryIndex;

/// One named collection of rows. Numbers 0 to 31 belong to this crate, the
/// rest to the engine. A number is never used again for something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Table(pub u8);

/// The tables that hold keys. What was deleted from them must be gone from the
/// medium soon (forward secrecy at rest), so the vault purges them often.
pub const KEY_TABLES: [Table; 6] = [Table(0), Table(1), Table(2), Table(3), Table(4), Table(5)];

/// Direction of a [`Store::scan`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Smallest key first.
    Ascending,
    /// Largest key first.
    Descending,
}

/// The store could not read or write. The step that sees it must be rolled back.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// The medium failed (disk full, input/output error); `0` says which way,
    /// without any stored content.
    #[error("the vault could not be read or written: {0}")]
    Medium(String),
    /// A row of ours does not decode: damage, or a row from a newer version.
    #[error("the vault holds a row that this version cannot read ({0})")]
    Damaged(&'static str),
}

/// A key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// One open transaction, as ordered tables of bytes.
pub trait Store {
    /// The value at `key`.
    ///
    /// # Errors
    /// [`StoreError::Medium`] when the medium fails.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes `value` at `key`, replacing what was there.
    ///
    /// # Errors
    /// [`StoreError::Medium`] when the medium fails.
    fn put(&self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError>;

    /// Removes `key`; nothing happens when it is not there.
    ///
    /// # Errors
    /// [`StoreError::Medium`] when the medium fails.
    fn delete(&self, table: Table, key: &[u8]) -> Result<(), StoreError>;

    /// Up to `limit` rows with `from <= key < to` (`to` of `None`: to the end
    /// of the table), in `order`.
    ///
    /// # Errors
    /// [`StoreError::Medium`] when the medium fails.
    fn scan(
        &self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError>;

    // The index of texts, in the same transaction.

    /// Takes a text into the index, instead of the one with this key.
    ///
    /// # Errors
    /// [`StoreError::Medium`] when the medium fails.
    fn index(&self, entry: &Entry<'_>) -> Result<(), StoreError>;

    /// Takes the text with this key out of the index; nothing happens when it is not there.
    ///
    /// # Errors
    /// [`StoreError::Medium`] when the medium fails.
    fn unindex(&self, key: &[u8]) -> Result<(), StoreError>;

    /// Whether a text with this key is in the index.
    ///
    /// # Errors
    /// [`StoreError::Medium`] when the medium fails.
    fn is_indexed(&self, key: &[u8]) -> Result<bool, StoreError>;

    /// The texts in which all that is looked for stands, the newest first.
    ///
    /// # Errors
    /// [`StoreError::Medium`] when the medium fails.
    fn find(&self, find: &Find<'_>) -> Result<Vec<Hit>, StoreError>;

    /// Whether every text is in the index: not so in a store of an older format, or one that
    /// was salvaged, until [`Store::set_index_whole`].
    ///
    /// # Errors
    /// [`StoreError::Medium`] when the medium fails.
    fn index_is_whole(&self) -> Result<bool, StoreError>;

    /// From now on every text is in the index.
    ///
    /// # Errors
    /// [`StoreError::Medium`] when the medium fails.
    fn set_index_whole(&self) -> Result<(), StoreError>;
}

/// The first key after every key that starts with `prefix`, for
/// [`Store::scan`]; `None` when there is none (all bytes are 0xff).
#[must_use]
pub fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}

/// Values by table and key.
type Rows = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

/// A [`Store`] in memory, for tests and for the simulator's fast paths. It has
/// no transactions: take a [`MemoryStore::snapshot`] before a step and
/// [`MemoryStore::restore`] it to roll back.
#[derive(Debug, Default)]
pub struct MemoryStore {
    rows: RefCell<Rows>,
    index: RefCell<MemoryIndex>,
    index_is_whole: Cell<bool>,
}

/// All rows of a [`MemoryStore`] at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    rows: Rows,
    index: MemoryIndex,
    index_is_whole: bool,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A copy of all rows.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            rows: self.rows.borrow().clone(),
            index: self.index.borrow().clone(),
            index_is_whole: self.index_is_whole.get(),
        }
    }

    /// Back to `snapshot`.
    pub fn restore(&self, snapshot: &Snapshot) {
        self.rows.borrow_mut().clone_from(&snapshot.rows);
        self.index.borrow_mut().clone_from(&snapshot.index);
        self.index_is_whole.set(snapshot.index_is_whole);
    }
}

impl Store for MemoryStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.rows.borrow().get(&(table, key.to_vec())).cloned())
    }

    fn put(&self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.rows
            .borrow_mut()
            .insert((table, key.to_vec()), value.to_vec());
        Ok(())
    }

    fn delete(&self, table: Table, key: &[u8]) -> Result<(), StoreError> {
        self.rows.borrow_mut().remove(&(table, key.to_vec()));
        Ok(())
    }

    fn scan(
        &self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let lower = Bound::Included((table, from.to_vec()));
        let upper = match to {
            Some(to) if to <= from => return Ok(Vec::new()),
            Some(to) => Bound::Excluded((table, to.to_vec())),
            None => match table.0.checked_add(1) {
                Some(next) => Bound::Excluded((Table(next), Vec::new())),
                None => Bound::Unbounded,
            },
        };
        let rows = self.rows.borrow();
        let range = rows.range((lower, upper));
        let pick = |((_, key), value): (&(Table, Vec<u8>), &Vec<u8>)| (key.clone(), value.clone());
        Ok(match order {
            Order::Ascending => range.take(limit).map(pick).collect(),
            Order::Descending => range.rev().take(limit).map(pick).collect(),
        })
    }
    fn index(&self, entry: &Entry<'_>) -> Result<(), StoreError> {
        self.index.borrow_mut().put(entry);
        Ok(())
    }

    fn unindex(&self, key: &[u8]) -> Result<(), StoreError> {
        self.index.borrow_mut().delete(key);
        Ok(())
    }

    fn is_indexed(&self, key: &[u8]) -> Result<bool, StoreError> {
        Ok(self.index.borrow().has(key))
    }

    fn find(&self, find: &Find<'_>) -> Result<Vec<Hit>, StoreError> {
        Ok(self.index.borrow().find(find))
    }

    fn index_is_whole(&self) -> Result<bool, StoreError> {
        Ok(self.index_is_whole.get())
    }

    fn set_index_whole(&self) -> Result<(), StoreError> {
        self.index_is_whole.set(true);
        Ok(())
    }
}
