//! A transaction that fails at a chosen write.

use std::cell::Cell;

use hushwing_protocol::store::{Entry, Find, Hit, Order, Row, Store, StoreError, Table};

/// A store whose writes fail from a chosen one on.
pub(crate) struct Gate<'a> {
    inner: &'a dyn Store,
    /// Writes that still succeed; none: all do.
    left: Cell<Option<u32>>,
    tripped: &'a Cell<bool>,
}

impl<'a> Gate<'a> {
    pub(crate) fn new(inner: &'a dyn Store, writes: Option<u32>, tripped: &'a Cell<bool>) -> Self {
        Self {
            inner,
            left: Cell::new(writes),
            tripped,
        }
    }

    fn pass(&self) -> Result<(), StoreError> {
        match self.left.get() {
            Some(0) => {
                self.tripped.set(true);
                Err(StoreError::Medium("the simulated disk fails".to_owned()))
            }
            Some(left) => {
                self.left.set(Some(left - 1));
                Ok(())
            }
            None => Ok(()),
        }
    }
}

impl Store for Gate<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.get(table, key)
    }

    fn put(&self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.pass()?;
        self.inner.put(table, key, value)
    }

    fn delete(&self, table: Table, key: &[u8]) -> Result<(), StoreError> {
        self.pass()?;
        self.inner.delete(table, key)
    }

    fn scan(
        &self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.inner.scan(table, from, to, order, limit)
    }
    fn index(&self, entry: &Entry<'_>) -> Result<(), StoreError> {
        self.pass()?;
        self.inner.index(entry)
    }

    fn unindex(&self, key: &[u8]) -> Result<(), StoreError> {
        self.pass()?;
        self.inner.unindex(key)
    }

    fn is_indexed(&self, key: &[u8]) -> Result<bool, StoreError> {
        self.inner.is_indexed(key)
    }

    fn find(&self, find: &Find<'_>) -> Result<Vec<Hit>, StoreError> {
        self.inner.find(find)
    }

    fn index_is_whole(&self) -> Result<bool, StoreError> {
        self.inner.index_is_whole()
    }

    fn set_index_whole(&self) -> Result<(), StoreError> {
        self.pass()?;
        self.inner.set_index_whole()
    }
}
