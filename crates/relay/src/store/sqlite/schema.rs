//! The file: what it is called, how it is opened, what is in it.

use std::{
    fs::OpenOptions,
    io,
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags};

/// Marks the file as ours (SQLite's `application_id`): "HWrl".
const APPLICATION_ID: i64 = 0x4857_726c;

/// The layout below. A file with a larger number is refused, not guessed at.
///
/// Version 1 had no table `seal`; see [`super::seal_row`].
pub(super) const SCHEMA_VERSION: i64 = 2;

/// The version before, which is brought to this one when it is opened.
pub(super) const UNCHECKED_SEALS: i64 = 1;

/// Bytes of a page. A box takes four overflow pages of 4 KiB and an eighth of
/// a leaf, 3 % more than its own bytes; larger pages waste 7 to 100 %.
const PAGE_LEN: i64 = 4_096;

/// Bytes of pages that each connection may cache.
const CACHE_LEN: i64 = 8 << 20;

/// Longest wait of one connection for the lock of another. A checkpoint holds
/// it for as long as it takes to copy what came in since the last one.
const LOCK_PATIENCE: Duration = Duration::from_secs(60);

/// Boxes lie apart from the index so that its tree stays small and a dropped
/// box frees whole pages. `usage` has one row, kept by the writer, so that
/// starting reads no boxes.
const SCHEMA: &str = "
    CREATE TABLE place (
        key     BLOB PRIMARY KEY NOT NULL,
        digest  BLOB NOT NULL,
        expires INTEGER NOT NULL,
        box     INTEGER            -- NULL: dropped
    ) WITHOUT ROWID, STRICT;
    CREATE INDEX place_by_expiry ON place (expires);
    CREATE TABLE box (
        id    INTEGER PRIMARY KEY,
        bytes BLOB NOT NULL
    ) STRICT;
    CREATE TABLE usage (
        boxes      INTEGER NOT NULL,
        tombstones INTEGER NOT NULL
    ) STRICT;
    INSERT INTO usage VALUES (0, 0);
";

/// One row if boxes are sealed: what only their key opens. No row where no box
/// was ever sealed.
pub(super) const SEAL_TABLE: &str = "CREATE TABLE seal (sealed BLOB NOT NULL) STRICT;";

/// Why a store cannot be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A newer program wrote it.
    #[error(
        "the relay's store has format {found}, and this program knows formats up to {known}; \
         start the newer program that wrote it"
    )]
    Newer {
        /// The file's version.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// It is some other program's database, or no database.
    #[error("the file is not the store of a relay, or it is damaged")]
    NotOurs,
    /// Its boxes are sealed under another key than the one given, or none was.
    #[error(
        "the boxes on this disk are sealed under another key than the one given; give the right \
         one with --seal-key-file or HUSHWING_RELAY_SEAL_KEY. Without it, only an empty folder \
         or an archive that was made with it helps"
    )]
    Sealed,
    /// The system did not let us.
    #[error("the relay's store cannot be opened: {0}")]
    System(#[from] io::Error),
    /// SQLite failed; the environment's fault.
    #[error("the relay's store cannot be opened: {0}")]
    Database(rusqlite::Error),
}

impl From<rusqlite::Error> for OpenError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Self::NotOurs,
            _ => Self::Database(error),
        }
    }
}

/// Opens or creates the file at `path`, readable by its owner alone.
pub(super) fn open_writer(path: &Path) -> Result<Connection, OpenError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    // SQLite gives its other files the mode of this one.
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    drop(file);
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(LOCK_PATIENCE)?;
    let application: i64 = conn.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let version: i64 = conn.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (application, version) {
        (0, 0) if tables == 0 => create(&conn)?,
        (APPLICATION_ID, UNCHECKED_SEALS | SCHEMA_VERSION) => {}
        (APPLICATION_ID, found) if found > SCHEMA_VERSION => {
            return Err(OpenError::Newer {
                found,
                known: SCHEMA_VERSION,
            });
        }
        _ => return Err(OpenError::NotOurs),
    }
    set_up(&conn)?;
    Ok(conn)
}

/// Opens the file that [`open_writer`] has made ready.
pub(super) fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    let conn = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    conn.busy_timeout(LOCK_PATIENCE)?;
    set_up(&conn)?;
    conn.pragma_update(None, "query_only", true)?;
    Ok(conn)
}

fn create(conn: &Connection) -> rusqlite::Result<()> {
    // These two only take effect before anything is in the file.
    conn.pragma_update(None, "page_size", PAGE_LEN)?;
    conn.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    // One transaction: a crash leaves an empty file or a whole one.
    conn.execute_batch(&format!(
        "BEGIN EXCLUSIVE; {SCHEMA} {SEAL_TABLE}
         PRAGMA application_id = {APPLICATION_ID};
         PRAGMA user_version = {SCHEMA_VERSION};
         COMMIT;"
    ))
}

fn set_up(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    // An answer is given after the commit, and the commit must outlive the
    // machine; NORMAL would only outlive the process.
    conn.pragma_update(None, "synchronous", "FULL")?;
    // What is dropped is overwritten, not just unlinked. `[HW-RELAY-9]`
    conn.pragma_update_and_check(None, "secure_delete", "ON", |_| Ok(()))?;
    // The keeper's thread does it, off the path of the writer.
    conn.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "cache_size", -(CACHE_LEN / 1_024))?;
    conn.set_prepared_statement_cache_capacity(32);
    Ok(())
}
