//! One open transaction, as the ordered tables of bytes that the protocol and
//! the engine work on.

use std::cell::Cell;

use hushwing_protocol::store::{Entry, Find, Hit, Order, Row, Store, StoreError, Table};
use rusqlite::{OptionalExtension, Transaction, params};

use crate::{
    database::{DatabaseError, look_at_schema, require_read_whole},
    index,
    schema::{TableSet, create_rows, forget_older_state, rewrite_rows, rows_name},
};

/// An open transaction of a [`crate::Vault`].
///
/// [HW-VAULT-9] The first failure of any operation fails the transaction: each
/// later operation gives the same error and it cannot commit, even if the caller
/// went on. SQLite rolls some failures back by itself; what came after would
/// otherwise be stored one statement at a time.
pub struct Txn<'a> {
    sql: Transaction<'a>,
    tables: Cell<TableSet>,
    failure: Cell<Option<DatabaseError>>,
}

impl<'a> Txn<'a> {
    pub(crate) fn new(sql: Transaction<'a>, tables: TableSet) -> Self {
        Self {
            sql,
            tables: Cell::new(tables),
            failure: Cell::new(None),
        }
    }

    /// Commits; what comes back is which tables there are now.
    pub(crate) fn commit(self) -> Result<TableSet, DatabaseError> {
        if let Some(failure) = self.failure.get() {
            return Err(failure);
        }
        self.sql.commit()?;
        Ok(self.tables.get())
    }

    /// No key of the older state that this vault came from can be used any more: see
    /// [`crate::Vault::older_state`].
    ///
    /// # Errors
    /// [`StoreError`], as of any other operation.
    pub fn older_state_is_dealt_with(&self) -> Result<(), StoreError> {
        self.run(|| forget_older_state(&self.sql))
    }

    /// Writes the rows of `table` anew and overwrites where they were.
    pub(crate) fn rewrite(&self, table: Table) -> Result<(), StoreError> {
        self.run(|| {
            if self.has_table(table) {
                rewrite_rows(&self.sql, table)?;
            }
            Ok(())
        })
    }

    /// Writes the index of texts anew and overwrites where it was.
    pub(crate) fn rewrite_index(&self) -> Result<(), StoreError> {
        self.run(|| index::rewrite(&self.sql))
    }

    /// Runs one operation, unless an earlier one failed.
    fn run<T>(
        &self,
        operation: impl FnOnce() -> Result<T, DatabaseError>,
    ) -> Result<T, StoreError> {
        if let Some(failure) = self.failure.get() {
            return Err(failure.into());
        }
        operation().map_err(|failure| {
            self.failure.set(Some(failure));
            failure.into()
        })
    }

    /// [HW-VAULT-44] What the index made of the pages that it read, unless one of them did not
    /// authenticate: its blocks reach over pages, and one that ends in zeros finds nothing.
    fn read_whole<T>(&self, outcome: Result<T, DatabaseError>) -> Result<T, DatabaseError> {
        let value = outcome?;
        look_at_schema(&self.sql)?;
        Ok(value)
    }

    /// Whether an operation met a page that does not authenticate.
    pub(crate) fn met_damage(&self) -> bool {
        matches!(self.failure.get(), Some(DatabaseError::Damaged(_)))
    }

    fn ensure_table(&self, table: Table) -> Result<(), DatabaseError> {
        let mut tables = self.tables.get();
        if !tables.contains(table) {
            create_rows(&self.sql, &rows_name(table))?;
            tables.insert(table);
            self.tables.set(tables);
        }
        Ok(())
    }

    fn has_table(&self, table: Table) -> bool {
        self.tables.get().contains(table)
    }
}

impl Store for Txn<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.run(|| {
            if !self.has_table(table) {
                return Ok(None);
            }
            let sql = format!("SELECT value FROM {} WHERE key = ?1", rows_name(table));
            let mut statement = self.sql.prepare_cached(&sql)?;
            let value: Option<Vec<u8>> = statement.query_row([key], |row| row.get(0)).optional()?;
            require_read_whole(&self.sql, value.as_ref().map_or(0, Vec::len))?;
            Ok(value)
        })
    }

    fn put(&self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.run(|| {
            self.ensure_table(table)?;
            let sql = format!(
                "INSERT INTO {} (key, value) VALUES (?1, ?2)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value",
                rows_name(table)
            );
            self.sql.prepare_cached(&sql)?.execute([key, value])?;
            Ok(())
        })
    }

    fn delete(&self, table: Table, key: &[u8]) -> Result<(), StoreError> {
        self.run(|| {
            if !self.has_table(table) {
                return Ok(());
            }
            let sql = format!("DELETE FROM {} WHERE key = ?1", rows_name(table));
            self.sql.prepare_cached(&sql)?.execute([key])?;
            Ok(())
        })
    }

    fn scan(
        &self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.run(|| {
            if !self.has_table(table) {
                return Ok(Vec::new());
            }
            let name = rows_name(table);
            let upper = if to.is_some() {
                "AND key < ?3"
            } else {
                "AND ?3 IS NULL"
            };
            let direction = match order {
                Order::Ascending => "ASC",
                Order::Descending => "DESC",
            };
            let sql = format!(
                "SELECT key, value FROM {name} WHERE key >= ?1 {upper}
                 ORDER BY key {direction} LIMIT ?2"
            );
            // More rows than fit an i64 cannot exist.
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let mut statement = self.sql.prepare_cached(&sql)?;
            let rows = statement.query_map(params![from, limit, to], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
            let rows: Vec<Row> = rows.collect::<Result<_, _>>()?;
            let longest = rows.iter().map(|(_, value)| value.len()).max();
            require_read_whole(&self.sql, longest.unwrap_or(0))?;
            Ok(rows)
        })
    }
    fn index(&self, entry: &Entry<'_>) -> Result<(), StoreError> {
        self.run(|| self.read_whole(index::put(&self.sql, entry)))
    }

    fn unindex(&self, key: &[u8]) -> Result<(), StoreError> {
        self.run(|| self.read_whole(index::delete(&self.sql, key)))
    }

    fn is_indexed(&self, key: &[u8]) -> Result<bool, StoreError> {
        self.run(|| index::has(&self.sql, key))
    }

    fn find(&self, find: &Find<'_>) -> Result<Vec<Hit>, StoreError> {
        self.run(|| self.read_whole(index::find(&self.sql, find)))
    }

    fn index_is_whole(&self) -> Result<bool, StoreError> {
        self.run(|| index::is_whole(&self.sql))
    }

    fn set_index_whole(&self) -> Result<(), StoreError> {
        self.run(|| index::set_whole(&self.sql))
    }
}
