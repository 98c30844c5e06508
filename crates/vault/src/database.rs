//! The SQLCipher database: how a connection is opened, which settings must hold,
//! and what its errors mean to us.

use std::{fmt::Write as _, path::Path, time::Duration};

use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, config::DbConfig, types::Value,
};
use zeroize::Zeroizing;

use crate::{
    kdf::Strength,
    keys::{DatabaseKey, KEY_LEN},
};

/// Size of a database page, in bytes, with 80 of them for SQLCipher's IV and
/// HMAC. It belongs to the format: an encrypted file does not tell it.
pub(crate) const PAGE_SIZE: u32 = 4096;

/// Pages in the log after which SQLite copies them into the database by itself:
/// 4 MiB, so that the log stays small between two [`checkpoint`]s and the copy
/// is a short pause.
const AUTO_CHECKPOINT_PAGES: u32 = 1000;

/// Memory for pages, in KiB. The working set of a step is some tens of pages.
const PAGE_CACHE_KIB: u32 = 4096;

/// Prepared statements that are kept: seven a table, for some twenty tables.
const STATEMENT_CACHE: usize = 160;

/// What a failure of the database means to us. The text of the library is
/// dropped: it can name stored things, and it helps no user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatabaseError {
    /// A page does not authenticate, or what is in it makes no sense.
    Damaged(&'static str),
    /// Its schema is newer than ours.
    Newer,
    DiskFull,
    /// Somebody asked it to stop.
    Interrupted,
    /// Anything else; says what, in plain words.
    Failed(&'static str),
}

impl From<rusqlite::Error> for DatabaseError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error::{FromSqlConversionFailure, InvalidColumnType, QueryReturnedNoRows};
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::DiskFull,
            Some(ErrorCode::OperationInterrupted) => Self::Interrupted,
            // SQLCipher reports a page whose HMAC is wrong as a plain error, and our
            // statements have no other way to one; what is asked afterwards fails as if
            // memory were missing. Memory that really is missing ends the program, in
            // nearly every case, before SQLite could tell; if not, this is a wrong alarm
            // after which nothing is lost: a check then finds nothing.
            Some(
                ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::Unknown
                | ErrorCode::OutOfMemory,
            ) => Self::Damaged("its database cannot be decrypted"),
            Some(ErrorCode::SystemIoFailure) => Self::Failed("the disk failed"),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
                Self::Failed("the vault's files may not be written")
            }
            Some(ErrorCode::CannotOpen) => Self::Failed("the vault's files cannot be opened"),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Failed("another program holds the vault's database")
            }
            Some(ErrorCode::TooBig) => Self::Failed("a value is too long to be stored"),
            Some(_) => Self::Failed("the database failed"),
            None => match error {
                QueryReturnedNoRows | InvalidColumnType(..) | FromSqlConversionFailure(..) => {
                    Self::Damaged("its database holds something else")
                }
                _ => Self::Failed("the database failed"),
            },
        }
    }
}

/// Opens the file at `path`, which exists, and decrypts its first page.
///
/// [HW-VAULT-7] SQLCipher gets the raw 32-byte database key. Pages of 4 KiB,
/// AES-256-CBC with HMAC-SHA-512; write-ahead log with a sync at each commit;
/// deleted content overwritten; temporary tables and the index of the log in
/// memory; wiped and locked memory; no log. Each is read back and must hold, and
/// without SQLCipher in the build nothing is written at all.
///
/// Memory is neither wiped nor locked for a vault whose passphrase protects
/// nothing anyway ([`Strength::DangerouslyWeak`]): that is three quarters of
/// the time of a step, and simulations take millions.
pub(crate) fn open(
    path: &Path,
    key: &DatabaseKey,
    strength: Strength,
) -> Result<Connection, DatabaseError> {
    // No URI and no creation: a missing database is damage, not a fresh start.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    unlock(&connection, key, strength)?;
    harden(&connection)?;
    connection.set_prepared_statement_cache_capacity(STATEMENT_CACHE);
    read_first_page(&connection)?;
    connection.execute_batch("PRAGMA journal_mode = WAL;")?;
    verify(&connection, strength)?;
    Ok(connection)
}

/// Gives a connection its key. From here on freed memory is wiped, and nothing is logged.
pub(crate) fn unlock(
    connection: &Connection,
    key: &DatabaseKey,
    strength: Strength,
) -> Result<(), DatabaseError> {
    connection.execute_batch("PRAGMA cipher_log_level = NONE;")?;
    if strength == Strength::Sound {
        connection.execute_batch("PRAGMA cipher_memory_security = ON;")?;
    }
    set_key(connection, key)?;
    Ok(connection.pragma_update(None, "cipher_page_size", PAGE_SIZE)?)
}

/// The first read of a page: here a wrong key or a damaged file shows.
pub(crate) fn read_first_page(connection: &Connection) -> Result<(), DatabaseError> {
    Ok(connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?)
}

/// Bytes of a value from which on it may reach over several pages: half of one, where a
/// row on a page of its own has 3,981 bytes of key and value.
const MAY_REACH_OVER: usize = 2_000;

/// [HW-VAULT-44] Sees that a value of this length was not read over a page that does not
/// authenticate. SQLCipher gives such a page as zeros and fails only what reads the next
/// page: a long value whose last page is damaged would come as if it ended in zeros.
pub(crate) fn require_read_whole(
    connection: &Connection,
    value_len: usize,
) -> Result<(), DatabaseError> {
    if value_len < MAY_REACH_OVER {
        return Ok(());
    }
    look_at_schema(connection)
}

/// Asks for what is on the first page, which fails once another one could not be read.
pub(crate) fn look_at_schema(connection: &Connection) -> Result<(), DatabaseError> {
    let mut statement = connection.prepare_cached("SELECT count(*) FROM sqlite_schema")?;
    Ok(statement.query_row([], |_| Ok(()))?)
}

/// A key as SQLCipher takes one without a key derivation of its own: a blob literal of
/// 64 hexadecimal digits.
pub(crate) fn key_text(key: &DatabaseKey) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity("x''".len() + 2 * KEY_LEN));
    text.push_str("x'");
    for byte in key.as_bytes() {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
    }
    text.push('\'');
    text
}

fn set_key(connection: &Connection, key: &DatabaseKey) -> Result<(), DatabaseError> {
    let text = key_text(key);
    let mut sql = Zeroizing::new(String::with_capacity(
        "PRAGMA key = \"\";".len() + text.len(),
    ));
    sql.push_str("PRAGMA key = \"");
    sql.push_str(&text);
    sql.push_str("\";");
    Ok(connection.execute_batch(&sql)?)
}

/// Lets the log grow, or be moved into the database by itself again when it is long.
pub(crate) fn hold_log(connection: &Connection, held: bool) -> Result<(), DatabaseError> {
    let pages = if held { 0 } else { AUTO_CHECKPOINT_PAGES };
    // The pragma answers with a row.
    connection.pragma_update_and_check(None, "wal_autocheckpoint", pages, |_| Ok(()))?;
    Ok(())
}

/// Whether closing the connection leaves the log as it is.
pub(crate) fn keep_log(connection: &Connection, kept: bool) -> Result<(), DatabaseError> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, kept)?;
    Ok(())
}

fn harden(connection: &Connection) -> Result<(), DatabaseError> {
    // One writer, and it holds the lock: waiting would only hide a mistake.
    connection.busy_timeout(Duration::ZERO)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.execute_batch(&format!(
        "PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA synchronous = FULL;
         PRAGMA secure_delete = ON;
         PRAGMA foreign_keys = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA cell_size_check = ON;
         PRAGMA mmap_size = 0;
         PRAGMA cache_size = -{PAGE_CACHE_KIB};
         PRAGMA wal_autocheckpoint = {AUTO_CHECKPOINT_PAGES};
         PRAGMA journal_size_limit = 0;"
    ))?;
    Ok(())
}

/// Settings are requests; this sees that they were granted. `key` does nothing
/// at all where SQLite comes without SQLCipher, and the rest would be plaintext.
fn verify(connection: &Connection, strength: Strength) -> Result<(), DatabaseError> {
    // One setting for all of a process: a sound vault beside a weak one has it on.
    if strength == Strength::Sound
        && setting(connection, "cipher_memory_security")?.as_deref() != Some("1")
    {
        return Err(DatabaseError::Failed(
            "this build lacks the protection of memory",
        ));
    }
    let page_size = PAGE_SIZE.to_string();
    let granted = [
        ("cipher_status", "1"),
        ("cipher_log_level", "NONE"),
        ("journal_mode", "wal"),
        ("locking_mode", "exclusive"),
        ("synchronous", "2"),
        ("secure_delete", "1"),
        ("foreign_keys", "1"),
        ("temp_store", "2"),
        ("page_size", &page_size),
    ];
    for (pragma, value) in granted {
        if setting(connection, pragma)?.as_deref() != Some(value) {
            return Err(DatabaseError::Failed(
                "this build lacks a protection of the database",
            ));
        }
    }
    Ok(())
}

/// The value of a setting as text; none if this build does not know it.
fn setting(connection: &Connection, pragma: &str) -> Result<Option<String>, DatabaseError> {
    let value = connection
        .pragma_query_value(None, pragma, |row| row.get(0))
        .optional()?;
    Ok(match value {
        Some(Value::Text(text)) => Some(text),
        Some(Value::Integer(number)) => Some(number.to_string()),
        _ => None,
    })
}

/// Copies the log into the database and empties it, so that what was deleted or
/// replaced is in no file any more.
pub(crate) fn checkpoint(connection: &Connection) -> Result<(), DatabaseError> {
    let blocked: i64 =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if blocked == 0 {
        Ok(())
    } else {
        Err(DatabaseError::Failed("the log could not be emptied"))
    }
}
