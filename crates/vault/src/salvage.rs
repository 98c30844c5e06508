//! What can still be read of a damaged database, and a whole one made of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::Path,
};

use hushwing_protocol::store::Table;
use rusqlite::{Connection, OptionalExtension as _};

use crate::{
    copy::{CopyError, CopySource, Stop},
    database::{self, DatabaseError},
    error::{BackupError, OpenError},
    files::{COPY, Folder},
    header::LockedHeader,
    kdf::Strength,
    keys::DatabaseKey,
    passphrase::Passphrase,
    schema::{self, TableSet, rows_name},
    snapshot::{newest_whole, source_of},
    vault::Vault,
};

/// Row numbers that are tried one by one behind a place that cannot be read, before the
/// steps grow: more than the rows of a page.
const ONE_BY_ONE: i64 = 512;

/// What became of a table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableLoss {
    /// Rows that could be read.
    pub kept: u64,
    /// Rows that could not, and came from a snapshot.
    pub from_snapshot: u64,
    /// Rows of which it is known that they were there, and that are lost.
    pub lost: u64,
    /// It is not known how many rows there were: more may be lost, and what came from the
    /// snapshot may have been deleted since.
    pub is_uncertain: bool,
}

impl TableLoss {
    /// Whether nothing is missing.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.from_snapshot == 0 && self.lost == 0 && !self.is_uncertain
    }
}

/// What was found in the database of a vault.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Damage {
    /// Pages of the database.
    pub pages: u64,
    /// Those that do not authenticate, by their numbers from 1.
    pub damaged_pages: Vec<u64>,
    /// Tables and indices do not agree although all pages authenticate.
    pub is_inconsistent: bool,
    /// Changes that were in the log alone could not be taken over.
    pub is_log_lost: bool,
    /// Which snapshot helped, by the time when it was made.
    pub snapshot_ms: Option<u64>,
    /// The tables in which something is missing, by number, and all that were read.
    pub tables: BTreeMap<u8, TableLoss>,
}

impl Damage {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.damaged_pages.is_empty()
            && !self.is_inconsistent
            && !self.is_log_lost
            && self.tables.values().all(TableLoss::is_whole)
    }
}

/// Why nothing was salvaged. Nothing was changed.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum SalvageError {
    /// The vault cannot be opened as far as it must be: no vault, a wrong passphrase, a
    /// damaged header.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Nothing is damaged.
    #[error("the vault is not damaged")]
    Whole,
    /// Nothing at all can be read, and there is no snapshot.
    #[error("nothing of the vault can be read, and there is no snapshot of it")]
    Nothing,
    /// What was read could not be put together.
    #[error("the vault could not be salvaged: {0}")]
    Copy(#[from] BackupError),
}

impl From<CopyError> for SalvageError {
    fn from(error: CopyError) -> Self {
        Self::Copy(error.into())
    }
}

impl From<DatabaseError> for SalvageError {
    fn from(error: DatabaseError) -> Self {
        Self::Copy(CopyError::from(error).into())
    }
}

impl From<crate::FileError> for SalvageError {
    fn from(error: crate::FileError) -> Self {
        Self::Open(error.into())
    }
}

impl From<std::io::Error> for SalvageError {
    fn from(error: std::io::Error) -> Self {
        Self::Open(crate::FileError::from(error).into())
    }
}

/// A check that has begun: the state of the vault at that moment.
pub struct CheckJob {
    pub(crate) source: CopySource,
    pub(crate) stop: Stop,
}

impl CheckJob {
    /// Reads all of the database. Takes long; the vault goes on meanwhile.
    ///
    /// [HW-VAULT-40] Each page is authenticated, each table compared with its index, and
    /// each row read. What is wrong is named, whatever it is.
    ///
    /// # Errors
    /// [`BackupError`] when it could not be read for another reason than damage.
    pub fn run(self) -> Result<Damage, BackupError> {
        Ok(examine(&self.source, &self.stop, |_, _, _| Ok(()))?.0)
    }
}

impl Vault {
    /// Begins a check of the vault as it is now; the vault can be used meanwhile.
    ///
    /// # Errors
    /// [`BackupError::Busy`] while a copy is being taken.
    pub fn begin_check(&mut self, stop: &Stop) -> Result<CheckJob, BackupError> {
        if self.is_held() {
            return Err(BackupError::Busy);
        }
        Ok(CheckJob {
            source: self.copy_source().map_err(CopyError::from)?,
            stop: stop.clone(),
        })
    }

    /// Opens a vault whose database is damaged: makes a new database of all rows that can
    /// be read and of what the newest whole snapshot has of the others.
    ///
    /// [HW-VAULT-43] The damaged files are kept aside, byte for byte. The new database
    /// takes their place in one step, and the vault notes that its state is an older one:
    /// [`Vault::older_state`].
    ///
    /// # Errors
    /// [`SalvageError`]; the vault is as it was.
    pub fn salvage(
        dir: &Path,
        passphrase: &Passphrase,
        now_ms: u64,
        stop: &Stop,
    ) -> Result<(Self, Damage), SalvageError> {
        Self::go_on_wiping(dir)?;
        if !Self::exists(dir) {
            return Err(OpenError::NotFound.into());
        }
        let folder = Folder::existing(dir)?;
        let lock = folder.lock().map_err(OpenError::from)?;
        let header = LockedHeader::decode(&folder.read_header()?)
            .and_then(|header| header.unlock(passphrase))
            .map_err(OpenError::from)?;
        let strength = header.params.strength();
        let key = header.vault_key.database_key();
        let snapshot_key = header.vault_key.snapshot_key();
        folder.make_private()?;
        folder.remove_scratch()?;
        if !folder.has_database() && folder.has_new_database() {
            // Of a creation or a salvage that only lacked its last step.
            folder.commit_new_database()?;
        }
        let damage = make_whole(&folder, &key, &snapshot_key, strength, now_ms, stop)?;
        folder.put_in_place_of_damaged()?;
        drop(lock);
        // By the ordinary way in, which checks everything anew.
        Ok((Self::open(dir, passphrase)?, damage))
    }

    /// Removes the files that were kept aside when the vault was salvaged.
    ///
    /// # Errors
    /// [`BackupError::Files`].
    pub fn remove_damaged(&self) -> Result<usize, BackupError> {
        Ok(self.folder().remove_damaged()?)
    }

    /// How many files were kept aside when the vault was salvaged.
    ///
    /// # Errors
    /// [`BackupError::Files`].
    pub fn damaged_files(&self) -> Result<usize, BackupError> {
        Ok(self.folder().damaged()?.len())
    }
}

/// Makes the new database, whole and durable, under the name of a vault that is being made.
fn make_whole(
    folder: &Folder,
    key: &DatabaseKey,
    snapshot_key: &DatabaseKey,
    strength: Strength,
    now_ms: u64,
    stop: &Stop,
) -> Result<Damage, SalvageError> {
    folder.remove_new_database()?;
    let path = folder.create_new_database()?;
    let mut new = database::open(&path, key, strength)?;
    schema::create(&mut new)?;
    let transaction = new.transaction().map_err(DatabaseError::from)?;
    let mut made = TableSet::default();
    let mut damage = Damage::default();
    let mut index = BTreeMap::new();
    let mut is_log_lost = false;
    // Lives as long as it is read.
    let copy = folder.scratch(COPY)?;
    if folder.has_database() {
        is_log_lost = !with_log(folder, copy.path(), key, strength)?;
        let source = source_of(copy.path(), key, strength);
        let put =
            |table, row: &[u8], value: &[u8]| put_row(&transaction, &mut made, table, row, value);
        match examine(&source, stop, put) {
            Ok((found, keys)) => (damage, index) = (found, keys),
            Err(CopyError::Database(error)) if is_unreadable(error) => {
                // The page that all others hang on.
                damage.damaged_pages = vec![1];
                damage.pages = pages_of(copy.path())?;
            }
            Err(error) => return Err(error.into()),
        }
    } else {
        damage.damaged_pages = vec![1];
    }
    damage.is_log_lost = is_log_lost;
    if damage.is_none() {
        drop(transaction);
        drop(new);
        folder.remove_new_database()?;
        return Err(SalvageError::Whole);
    }
    if let Some((made_at_ms, snapshot, _)) = newest_whole(folder, snapshot_key, strength, stop)? {
        damage.snapshot_ms = Some(made_at_ms);
        fill_in(
            &transaction,
            &mut made,
            &snapshot,
            &index,
            &mut damage,
            stop,
        )?;
    } else if damage.tables.is_empty() {
        drop(transaction);
        drop(new);
        folder.remove_new_database()?;
        return Err(SalvageError::Nothing);
    }
    schema::mark_older_state(&transaction, now_ms)?;
    transaction.commit().map_err(DatabaseError::from)?;
    database::checkpoint(&new)?;
    new.close()
        .map_err(|(_, error)| DatabaseError::from(error))?;
    folder.sync_new_database()?;
    source_of(&folder.new_database(), key, strength).verify(stop)?;
    Ok(damage)
}

/// Copies the damaged database to `to`, with what its log holds; false where the log could
/// not be taken over.
fn with_log(
    folder: &Folder,
    to: &Path,
    key: &DatabaseKey,
    strength: Strength,
) -> Result<bool, SalvageError> {
    let copy_file = |from: &Path, to: &Path| -> std::io::Result<()> {
        let mut target = crate::files::create_private(to)?;
        std::io::copy(&mut File::open(from)?, &mut target).map(drop)
    };
    copy_file(&folder.database(), to)?;
    let log = folder.database_log();
    if !fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        return Ok(true);
    }
    let log_copy = crate::files::log_of(to);
    copy_file(&log, &log_copy)?;
    let taken =
        database::open(to, key, strength).and_then(|connection| database::checkpoint(&connection));
    let _ = fs::remove_file(log_copy);
    if taken.is_err() {
        // As it was: half of a log makes it no better.
        fs::remove_file(to)?;
        copy_file(&folder.database(), to)?;
    }
    Ok(taken.is_ok())
}

/// Which keys a table has by its index, and whether all of that could be read.
struct Keys {
    all: BTreeSet<Vec<u8>>,
    is_whole: bool,
}

/// What could not be read, of each table.
type Missing = BTreeMap<u8, Keys>;

/// Reads everything that can be read and hands it on.
fn examine(
    source: &CopySource,
    stop: &Stop,
    mut take: impl FnMut(Table, &[u8], &[u8]) -> Result<(), DatabaseError>,
) -> Result<(Damage, Missing), CopyError> {
    let connection = source.open(stop)?;
    let mut damage = Damage {
        pages: pages_of(&source.path)?,
        damaged_pages: damaged_pages(&connection)?,
        ..Damage::default()
    };
    if damage.damaged_pages.is_empty() {
        let verdict: String = connection
            .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
            .map_err(DatabaseError::from)?;
        damage.is_inconsistent = verdict != "ok";
    }
    drop(connection);
    match schema::require_known(&source.open(stop)?) {
        // Which version it is cannot be read; its rows are what counts.
        Ok(()) => {}
        Err(error) if is_unreadable(error) => {}
        Err(error) => return Err(error.into()),
    }
    let tables = TableSet::read(&source.open(stop)?)?;
    let mut missing = Missing::new();
    for table in (0..=u8::MAX)
        .map(Table)
        .filter(|table| tables.contains(*table))
    {
        let mut reader = TableReader {
            source,
            stop,
            name: rows_name(table),
        };
        let mut seen = BTreeSet::new();
        let gaps = reader.rows(&mut |key, value| {
            take(table, key, value)?;
            seen.insert(key.to_vec());
            Ok(())
        })?;
        let mut keys = match gaps {
            // Whatever the index says: all rows are here.
            Gaps::None => Keys {
                all: BTreeSet::new(),
                is_whole: true,
            },
            Gaps::Some => reader.keys()?,
        };
        let there: Vec<_> = keys.all.difference(&seen).cloned().collect();
        let mut lost = BTreeSet::new();
        for key in there {
            match reader.value(&key)? {
                Some(value) => {
                    take(table, &key, &value)?;
                    seen.insert(key);
                }
                None => {
                    lost.insert(key);
                }
            }
        }
        damage.tables.insert(
            table.0,
            TableLoss {
                kept: seen.len() as u64,
                from_snapshot: 0,
                lost: lost.len() as u64,
                is_uncertain: !keys.is_whole,
            },
        );
        // What is known to be missing; where that is not known, what is there.
        keys.all = if keys.is_whole { lost } else { seen };
        missing.insert(table.0, keys);
    }
    stop.unwatch();
    Ok((damage, missing))
}

/// Whether a page could not be read.
fn is_unreadable(error: DatabaseError) -> bool {
    matches!(error, DatabaseError::Damaged(_))
}

fn pages_of(path: &Path) -> Result<u64, crate::FileError> {
    Ok(fs::metadata(path)?
        .len()
        .div_ceil(u64::from(database::PAGE_SIZE)))
}

/// The numbers of the pages that do not authenticate. SQLCipher names one a row, at the end
/// of a sentence; a page that was cut it names in another one.
fn damaged_pages(connection: &Connection) -> Result<Vec<u64>, DatabaseError> {
    let mut statement = connection.prepare("PRAGMA cipher_integrity_check")?;
    let sentences = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut pages = BTreeSet::new();
    for sentence in sentences {
        let sentence = sentence?;
        let number = sentence
            .split(|c: char| !c.is_ascii_digit())
            .find(|digits| !digits.is_empty())
            .and_then(|digits| digits.parse().ok());
        pages.insert(number.unwrap_or(0));
    }
    Ok(pages.into_iter().collect())
}

/// Reads a table of which pages may be damaged. After an error of a page SQLCipher gives
/// nothing more on that connection, so each try has one of its own.
struct TableReader<'a> {
    source: &'a CopySource,
    stop: &'a Stop,
    name: String,
}

/// Whether all rows could be read.
enum Gaps {
    None,
    Some,
}

type Take<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> Result<(), DatabaseError>;

impl TableReader<'_> {
    /// In a transaction: at the end of one SQLite forgets that a page could not be read,
    /// and what was read from it would pass for sound.
    fn connection(&self) -> Result<Connection, CopyError> {
        let connection = self.source.open(self.stop)?;
        connection
            .execute_batch("BEGIN")
            .map_err(DatabaseError::from)?;
        Ok(connection)
    }

    /// Hands on each row that can be read, by row number.
    fn rows(&mut self, take: Take<'_>) -> Result<Gaps, CopyError> {
        let mut from = 0;
        let mut gaps = Gaps::None;
        loop {
            let connection = self.connection()?;
            match self.rows_from(&connection, &mut from, take) {
                Ok(()) => return Ok(gaps),
                Err(error) if is_unreadable(error) => gaps = Gaps::Some,
                Err(error) => return Err(error.into()),
            }
            drop(connection);
            // The place that failed is passed by, whatever a second look at it gives.
            match self.next_readable(from)? {
                Some(number) if number > from => from = number,
                Some(_) => from += 1,
                None => return Ok(gaps),
            }
        }
    }

    fn rows_from(
        &self,
        connection: &Connection,
        from: &mut i64,
        take: Take<'_>,
    ) -> Result<(), DatabaseError> {
        // Not "above the one before": that row may be on a page that cannot be read.
        let sql = format!(
            "SELECT rowid, key, value FROM {} NOT INDEXED WHERE rowid >= ?1 ORDER BY rowid",
            self.name
        );
        let mut statement = connection.prepare(&sql)?;
        let mut rows = statement.query([*from])?;
        while let Some(row) = rows.next()? {
            let (number, key, value): (i64, Vec<u8>, Vec<u8>) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            database::require_read_whole(connection, value.len())?;
            take(&key, &value)?;
            *from = number.saturating_add(1);
        }
        Ok(())
    }

    /// The first row number from `from` on at which something can be read: one by one for
    /// the length of a page, then in growing steps and back.
    fn next_readable(&self, from: i64) -> Result<Option<i64>, CopyError> {
        let mut bad = from.saturating_add(ONE_BY_ONE);
        for number in from..=bad {
            if let Some(found) = self.first_from(number)? {
                return Ok(found);
            }
        }
        let mut step = ONE_BY_ONE;
        let mut good = loop {
            let Some(number) = bad.checked_add(step) else {
                return Ok(None);
            };
            match self.first_from(number)? {
                Some(_) => break number,
                None => (bad, step) = (number, step.saturating_mul(2)),
            }
        };
        while good - bad > 1 {
            let middle = bad + (good - bad) / 2;
            match self.first_from(middle)? {
                Some(_) => good = middle,
                None => bad = middle,
            }
        }
        Ok(self.first_from(good)?.flatten())
    }

    /// The first row from this number on, read whole; none of the outer kind where it
    /// cannot be read, of the inner kind where there is none.
    fn first_from(&self, number: i64) -> Result<Option<Option<i64>>, CopyError> {
        let connection = self.connection()?;
        let sql = format!(
            "SELECT rowid, key, value FROM {} NOT INDEXED WHERE rowid >= ?1 ORDER BY rowid LIMIT 1",
            self.name
        );
        let read = || -> Result<Option<i64>, DatabaseError> {
            let found: Option<(i64, usize)> = connection
                .query_row(&sql, [number], |row| {
                    let (_, value): (Vec<u8>, Vec<u8>) = (row.get(1)?, row.get(2)?);
                    Ok((row.get(0)?, value.len()))
                })
                .optional()?;
            let len = found.map_or(0, |(_, len)| len);
            database::require_read_whole(&connection, len)?;
            Ok(found.map(|(number, _)| number))
        };
        let found = read();
        match found {
            Ok(found) => Ok(Some(found)),
            Err(error) if is_unreadable(error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The keys that the index has, from both ends as far as it can be read.
    fn keys(&self) -> Result<Keys, CopyError> {
        let mut keys = Keys {
            all: BTreeSet::new(),
            is_whole: false,
        };
        for direction in ["ASC", "DESC"] {
            let connection = self.connection()?;
            let mut read = || -> Result<(), DatabaseError> {
                let sql = format!("SELECT key FROM {} ORDER BY key {direction}", self.name);
                let mut statement = connection.prepare(&sql)?;
                let mut rows = statement.query([])?;
                while let Some(row) = rows.next()? {
                    keys.all.insert(row.get(0)?);
                }
                Ok(())
            };
            match read() {
                Ok(()) => {
                    keys.is_whole = true;
                    break;
                }
                Err(error) if is_unreadable(error) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(keys)
    }

    /// The value of a key that the index has, where its row can be read.
    fn value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, CopyError> {
        let connection = self.connection()?;
        let sql = format!("SELECT value FROM {} WHERE key = ?1", self.name);
        let read = || -> Result<Option<Vec<u8>>, DatabaseError> {
            let found: Option<Vec<u8>> = connection
                .query_row(&sql, [key], |row| row.get(0))
                .optional()?;
            database::require_read_whole(&connection, found.as_ref().map_or(0, Vec::len))?;
            Ok(found)
        };
        match read() {
            Ok(value) => Ok(value),
            Err(error) if is_unreadable(error) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn put_row(
    connection: &Connection,
    made: &mut TableSet,
    table: Table,
    key: &[u8],
    value: &[u8],
) -> Result<(), DatabaseError> {
    let name = rows_name(table);
    if !made.contains(table) {
        schema::create_rows(connection, &name)?;
        made.insert(table);
    }
    connection
        .prepare_cached(&format!(
            "INSERT OR IGNORE INTO {name} (key, value) VALUES (?1, ?2)"
        ))?
        .execute((key, value))?;
    Ok(())
}

/// Takes from the snapshot what is missing.
fn fill_in(
    new: &Connection,
    made: &mut TableSet,
    snapshot: &CopySource,
    missing: &Missing,
    damage: &mut Damage,
    stop: &Stop,
) -> Result<(), SalvageError> {
    let connection = snapshot.open(stop)?;
    let tables = TableSet::read(&connection)?;
    for table in (0..=u8::MAX)
        .map(Table)
        .filter(|table| tables.contains(*table))
    {
        let is_missing = |key: &[u8]| match missing.get(&table.0) {
            Some(keys) => keys.is_whole == keys.all.contains(key),
            None => true,
        };
        let loss = damage.tables.entry(table.0).or_insert_with(|| TableLoss {
            is_uncertain: true,
            ..TableLoss::default()
        });
        let sql = format!("SELECT key, value FROM {}", rows_name(table));
        let mut statement = connection.prepare(&sql).map_err(DatabaseError::from)?;
        let mut rows = statement.query([]).map_err(DatabaseError::from)?;
        while let Some(row) = rows.next().map_err(DatabaseError::from)? {
            let key: Vec<u8> = row.get(0).map_err(DatabaseError::from)?;
            if !is_missing(&key) {
                continue;
            }
            let value: Vec<u8> = row.get(1).map_err(DatabaseError::from)?;
            put_row(new, made, table, &key, &value)?;
            loss.from_snapshot += 1;
            loss.lost = loss.lost.saturating_sub(1);
        }
    }
    stop.unwatch();
    Ok(())
}
