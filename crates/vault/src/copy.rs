//! A consistent copy of the database, taken beside a vault that goes on being used.
//!
//! The log is emptied into the database and then held: commits go to the log alone, so
//! the file of the database stays as it is, whole and consistent, until the copy is there.
//! A second connection reads that file and nothing else. `[HW-BACKUP-3]`

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::File,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use hushwing_protocol::store::Table;
use rusqlite::{Connection, InterruptHandle, OpenFlags};

use crate::{
    database::{self, DatabaseError},
    files,
    kdf::Strength,
    keys::DatabaseKey,
    schema::{self, TableSet, rows_name},
};

/// Stops work that takes long, from another thread.
#[derive(Clone, Default)]
pub struct Stop(Arc<StopState>);

#[derive(Default)]
struct StopState {
    asked: AtomicBool,
    running: Mutex<Option<InterruptHandle>>,
}

impl Stop {
    /// Asks the work to end; it does so soon, and leaves nothing half done.
    pub fn ask(&self) {
        self.0.asked.store(true, Ordering::SeqCst);
        let running = self.0.running.lock();
        if let Some(handle) = &*running.unwrap_or_else(PoisonError::into_inner) {
            handle.interrupt();
        }
    }

    /// Whether it was asked to end.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.0.asked.load(Ordering::SeqCst)
    }

    /// From now on asking interrupts what runs on this connection.
    pub(crate) fn watch(&self, connection: &Connection) {
        let handle = connection.get_interrupt_handle();
        let mut running = self.0.running.lock();
        **running
            .as_mut()
            .unwrap_or_else(|poisoned| poisoned.get_mut()) = Some(handle);
    }

    /// Nothing runs any more that asking could interrupt.
    pub(crate) fn unwatch(&self) {
        let mut running = self.0.running.lock();
        **running
            .as_mut()
            .unwrap_or_else(|poisoned| poisoned.get_mut()) = None;
    }
}

/// Why there is no copy, or none that is sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CopyError {
    Database(DatabaseError),
    Files(crate::FileError),
    Stopped,
}

impl From<DatabaseError> for CopyError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Interrupted => Self::Stopped,
            error => Self::Database(error),
        }
    }
}

impl From<rusqlite::Error> for CopyError {
    fn from(error: rusqlite::Error) -> Self {
        DatabaseError::from(error).into()
    }
}

impl From<crate::FileError> for CopyError {
    fn from(error: crate::FileError) -> Self {
        Self::Files(error)
    }
}

impl From<std::io::Error> for CopyError {
    fn from(error: std::io::Error) -> Self {
        Self::Files(error.into())
    }
}

/// What keeps the log from being emptied into the database: as long as it lives.
pub(crate) struct Hold {
    _alive: Arc<()>,
}

/// Whether such a one lives, as the vault sees it.
pub(crate) struct HoldSeen(Weak<()>);

impl Hold {
    pub(crate) fn new() -> (Self, HoldSeen) {
        let hold = Arc::new(());
        let seen = HoldSeen(Arc::downgrade(&hold));
        (Self { _alive: hold }, seen)
    }
}

impl HoldSeen {
    pub(crate) fn lives(&self) -> bool {
        self.0.strong_count() > 0
    }
}

/// The file of a database that does not change, with its key.
pub(crate) struct CopySource {
    pub(crate) path: PathBuf,
    pub(crate) key: DatabaseKey,
    pub(crate) strength: Strength,
    /// None where nobody writes.
    pub(crate) hold: Option<Hold>,
}

/// How many rows there are in each table.
pub(crate) type RowCounts = BTreeMap<u8, u64>;

/// What of a database is copied.
#[derive(Clone, Copy)]
pub(crate) enum Extent<'a> {
    /// All of it.
    Everything,
    /// Its numbered tables, without these.
    RowsWithout(&'a [Table]),
}

impl CopySource {
    /// Copies the database to the new file at `to`, under `key`, durably. Gives how many
    /// rows there are.
    pub(crate) fn export(
        self,
        to: &Path,
        key: &DatabaseKey,
        extent: Extent<'_>,
        stop: &Stop,
    ) -> Result<RowCounts, CopyError> {
        let connection = self.open(stop)?;
        drop(files::create_private(to)?);
        let exported = export(&connection, to, key, extent);
        stop.unwatch();
        exported?;
        let counts = count_rows(&connection, extent)?;
        drop(connection);
        drop(self.hold);
        File::open(to)?.sync_all()?;
        Ok(counts)
    }

    /// Proves that every page authenticates and that all of it hangs together; gives how
    /// many rows there are.
    pub(crate) fn verify(&self, stop: &Stop) -> Result<RowCounts, CopyError> {
        let connection = self.open(stop)?;
        let verified = verify(&connection);
        stop.unwatch();
        // SQLCipher's check of all pages hears no interruption.
        if stop.is_asked() {
            return Err(CopyError::Stopped);
        }
        verified?;
        Ok(count_rows(&connection, Extent::Everything)?)
    }

    /// Reads the file alone: no log, no lock, and whatever is tried, no change.
    pub(crate) fn open(&self, stop: &Stop) -> Result<Connection, CopyError> {
        if stop.is_asked() {
            return Err(CopyError::Stopped);
        }
        // The flags are those of what is attached as well; `immutable` is for this file.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_URI;
        let connection = Connection::open_with_flags(immutable_uri(&self.path), flags)?;
        stop.watch(&connection);
        database::unlock(&connection, &self.key, self.strength)?;
        connection.execute_batch(
            "PRAGMA temp_store = MEMORY;
             PRAGMA mmap_size = 0;
             PRAGMA cell_size_check = ON;
             PRAGMA trusted_schema = OFF;",
        )?;
        database::read_first_page(&connection)?;
        // What was asked before the connection was watched interrupts nothing.
        if stop.is_asked() {
            return Err(CopyError::Stopped);
        }
        Ok(connection)
    }
}

fn export(
    connection: &Connection,
    to: &Path,
    key: &DatabaseKey,
    extent: Extent<'_>,
) -> Result<(), DatabaseError> {
    let to = to
        .to_str()
        .ok_or(DatabaseError::Failed("the name of the folder is not text"))?;
    connection.execute(
        "ATTACH DATABASE ?1 AS copy KEY ?2",
        (to, &**database::key_text(key)),
    )?;
    // It is made durable as a whole at the end, and thrown away if that is not reached.
    connection.execute_batch("PRAGMA copy.synchronous = OFF;")?;
    connection.query_row("PRAGMA copy.journal_mode = OFF", [], |_| Ok(()))?;
    match extent {
        Extent::Everything => {
            connection.query_row("SELECT sqlcipher_export('copy')", [], |_| Ok(()))?;
        }
        Extent::RowsWithout(_) => {
            connection.execute_batch("BEGIN")?;
            copy_meta(connection)?;
            for table in tables(connection, extent)? {
                let name = rows_name(table);
                schema::create_rows(connection, &format!("copy.{name}"))?;
                connection.execute_batch(&format!(
                    "INSERT INTO copy.{name} SELECT key, value FROM main.{name} ORDER BY key;"
                ))?;
            }
            connection.execute_batch("COMMIT")?;
        }
    }
    Ok(connection.execute_batch("DETACH DATABASE copy")?)
}

/// The table of settings of the schema.
fn copy_meta(connection: &Connection) -> Result<(), DatabaseError> {
    let sql: String = connection.query_row(
        "SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = 'meta'",
        [],
        |row| row.get(0),
    )?;
    let made = sql.replacen("CREATE TABLE meta", "CREATE TABLE copy.meta", 1);
    connection.execute_batch(&made)?;
    Ok(connection.execute_batch("INSERT INTO copy.meta SELECT * FROM main.meta;")?)
}

fn tables(connection: &Connection, extent: Extent<'_>) -> Result<Vec<Table>, DatabaseError> {
    let without = match extent {
        Extent::Everything => &[],
        Extent::RowsWithout(without) => without,
    };
    let set = TableSet::read(connection)?;
    Ok((0..=u8::MAX)
        .map(Table)
        .filter(|table| set.contains(*table) && !without.contains(table))
        .collect())
}

fn count_rows(connection: &Connection, extent: Extent<'_>) -> Result<RowCounts, DatabaseError> {
    let count = |table: Table| {
        let sql = format!("SELECT count(*) FROM main.{}", rows_name(table));
        let rows: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
        Ok((table.0, u64::try_from(rows).unwrap_or(0)))
    };
    tables(connection, extent)?.into_iter().map(count).collect()
}

/// [HW-BACKUP-4] Each page is authenticated, and each table and index agrees with the
/// other.
fn verify(connection: &Connection) -> Result<(), DatabaseError> {
    let mut statement = connection.prepare("PRAGMA cipher_integrity_check")?;
    if statement.query([])?.next()?.is_some() {
        return Err(DatabaseError::Damaged("a page does not authenticate"));
    }
    let verdict: String =
        connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(DatabaseError::Damaged("its tables do not hang together"))
    }
}

/// The file as SQLite reads one that nobody changes.
fn immutable_uri(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(byte) {
            uri.push(char::from(*byte));
        } else {
            write!(uri, "%{byte:02x}").expect("writing to a String cannot fail");
        }
    }
    uri + "?immutable=1"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_names_are_one_path_to_sqlite() {
        let uri = immutable_uri(Path::new("/a b/file:x?mode=memory&y=%2e#z/é.db"));
        assert_eq!(
            uri,
            "file:/a%20b/file%3ax%3fmode%3dmemory%26y%3d%252e%23z/%c3%a9.db?immutable=1"
        );
    }
}
