//! Writes of one step, held back until the step succeeded.
//!
//! The MLS library writes a merge as seven or more separate rows. Here they
//! wait in memory; an error drops them, and the group object with them, so no
//! torn group can be stored and no group in memory is ahead of the store.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use zeroize::Zeroizing;

use crate::{
    ids::ConversationId,
    store::{GUARD_LEN, Order, Store, StoreError, Table, guard, guarded, prefix_end},
};

/// The rows of the MLS library, each under its conversation's id.
pub(crate) const MLS_TABLE: Table = Table(0);

/// `None`: deleted.
type Change = Option<Zeroizing<Vec<u8>>>;

/// Changes of one step above a [`Store`], in two layers: what is accepted, and
/// what the box at hand would change. Both are wiped when dropped.
pub(crate) struct Overlay<'a> {
    store: &'a dyn Store,
    scope: ConversationId,
    accepted: RefCell<BTreeMap<Vec<u8>, Change>>,
    tentative: RefCell<BTreeMap<Vec<u8>, Change>>,
    failure: Cell<Option<StoreError>>,
}

impl<'a> Overlay<'a> {
    pub(crate) fn new(store: &'a dyn Store, scope: ConversationId) -> Self {
        Self {
            store,
            scope,
            accepted: RefCell::default(),
            tentative: RefCell::default(),
            failure: Cell::new(None),
        }
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Change, StoreError> {
        for layer in [&self.tentative, &self.accepted] {
            if let Some(change) = layer.borrow().get(key) {
                return Ok(change.clone());
            }
        }
        let key = self.full_key(key);
        let Some(row) = self.note(self.store.get(MLS_TABLE, &key))? else {
            return Ok(None);
        };
        let mut row = Zeroizing::new(row);
        let value = self.note(guarded(MLS_TABLE, &key, &row, "an MLS row"))?;
        let len = value.len();
        row.truncate(len);
        Ok(Some(row))
    }

    pub(crate) fn set(&self, key: Vec<u8>, value: Change) {
        self.tentative.borrow_mut().insert(key, value);
    }

    /// Remembers a failure: the library wraps or hides errors of its storage,
    /// and a broken vault must not look like a hostile peer.
    pub(crate) fn note<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result {
            self.failure.set(Some(error.clone()));
        }
        result
    }

    /// The failure that was noted, if any.
    pub(crate) fn take_failure(&self) -> Option<StoreError> {
        self.failure.take()
    }

    /// Accepts what was changed since the last call of this or [`Self::reject`].
    pub(crate) fn accept(&self) {
        let tentative = std::mem::take(&mut *self.tentative.borrow_mut());
        self.accepted.borrow_mut().extend(tentative);
    }

    /// Forgets what was changed since the last call of this or [`Self::accept`].
    pub(crate) fn reject(&self) {
        self.tentative.borrow_mut().clear();
        self.failure.take();
    }

    /// Writes what was accepted into the store: the end of a step.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        for (key, change) in std::mem::take(&mut *self.accepted.borrow_mut()) {
            let key = self.full_key(&key);
            match change {
                Some(value) => {
                    // With room for the guard, so that growing leaves no copy.
                    let mut row = Zeroizing::new(Vec::with_capacity(value.len() + GUARD_LEN));
                    row.extend_from_slice(&value);
                    guard(MLS_TABLE, &key, &mut row);
                    self.store.put(MLS_TABLE, &key, &row)?;
                }
                None => self.store.delete(MLS_TABLE, &key)?,
            }
        }
        Ok(())
    }

    fn full_key(&self, key: &[u8]) -> Vec<u8> {
        [self.scope.as_bytes().as_slice(), key].concat()
    }
}

/// Deletes every row of the MLS library under `scope`.
pub(crate) fn delete_scope(store: &dyn Store, scope: &ConversationId) -> Result<(), StoreError> {
    delete_prefix(store, MLS_TABLE, scope.as_bytes())
}

/// Rows read at a time by [`delete_prefix`]; a conversation has a few dozen.
const DELETE_BATCH: usize = 256;

/// Deletes every row of `table` whose key starts with `prefix`.
pub(crate) fn delete_prefix(
    store: &dyn Store,
    table: Table,
    prefix: &[u8],
) -> Result<(), StoreError> {
    let end = prefix_end(prefix);
    loop {
        let rows = store.scan(
            table,
            prefix,
            end.as_deref(),
            Order::Ascending,
            DELETE_BATCH,
        )?;
        if rows.is_empty() {
            return Ok(());
        }
        for (key, value) in rows {
            drop(Zeroizing::new(value));
            store.delete(table, &key)?;
        }
    }
}
