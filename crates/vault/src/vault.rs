//! A vault: creating, opening, one transaction at a time, closing.

use std::{fmt, mem, path::Path};

use hushwing_protocol::store::{StoreError, Table};
use rusqlite::{Connection, TransactionBehavior};

use crate::{
    backup::{self, BackupContents, BackupJob},
    copy::{CopyError, CopySource, Extent, Hold, HoldSeen, Stop},
    database::{self, DatabaseError},
    error::{BackupError, CreateError, OpenError, RestoreError},
    files::{Folder, LockError, VaultLock},
    header::{self, LockedHeader},
    kdf::{KdfParams, Strength},
    keys::{DatabaseKey, VaultKey},
    passphrase::Passphrase,
    schema::{self, TableSet},
    txn::Txn,
};

/// Why nothing is done any more.
const EARLIER: &str = "an earlier write failed; close the vault and open it again";

/// An open vault. Dropping it closes it; [`Vault::close`] also tells whether
/// that worked.
///
/// The passphrase key and the vault key live only inside [`Vault::create`] and
/// [`Vault::open`]; the database key lives here and in the memory of SQLCipher,
/// both of which are wiped when the vault is closed.
pub struct Vault {
    // Before the lock: fields are dropped in order, and nobody else may come in
    // while the database is still open.
    connection: Connection,
    tables: TableSet,
    params: KdfParams,
    broken: bool,
    /// A page did not authenticate, so this connection can be used no more.
    met_damage: bool,
    folder: Folder,
    /// For a second connection that copies or examines the database.
    key: DatabaseKey,
    /// Of the snapshots.
    snapshot_key: DatabaseKey,
    /// As long as this lives, the log is not moved into the database.
    held: Option<HoldSeen>,
    _lock: VaultLock,
}

/// What a new vault begins with.
enum Beginning<'a> {
    /// Nothing.
    Empty,
    /// What came out of a backup that was made at this time.
    Unpacked(CopySource, u64, &'a Stop),
}

/// The moments of creating a vault between which a crash leaves something
/// different behind. Tests stop at each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CreateStep {
    Prepared,
    DatabaseBuilt,
    HeaderWritten,
    HeaderCommitted,
    DatabaseCommitted,
}

impl Vault {
    /// Whether `dir` holds a vault, open or not, readable or not.
    #[must_use]
    pub fn exists(dir: &Path) -> bool {
        Folder::has_vault(dir)
    }

    /// Makes a vault in `dir`, which is made too if it is missing, and opens it.
    ///
    /// [HW-VAULT-10] Creating is one step to the outside: the database is whole
    /// and durable under a temporary name, then the header, and renaming the
    /// header makes the vault exist. A crash before leaves no vault, and what it
    /// left is removed by the next attempt; a crash after leaves a whole one,
    /// whose database gets its name at the next opening. A header is never
    /// replaced, and a database without a header is never overwritten.
    ///
    /// # Errors
    /// [`CreateError`]; there is then no vault, or (if renaming the database
    /// failed) a whole one that [`Vault::open`] opens.
    pub fn create(
        dir: &Path,
        passphrase: &Passphrase,
        params: KdfParams,
    ) -> Result<Self, CreateError> {
        Self::create_stepwise(dir, passphrase, params, |_| {})
    }

    pub(crate) fn create_stepwise(
        dir: &Path,
        passphrase: &Passphrase,
        params: KdfParams,
        reached: impl FnMut(CreateStep),
    ) -> Result<Self, CreateError> {
        let begin = |_: &Folder| Ok::<_, CreateError>(Beginning::Empty);
        Self::begin_stepwise(dir, passphrase, params, begin, reached)
    }

    /// Makes a vault in `dir` of the backup in `file`, under the passphrase of the backup.
    ///
    /// [HW-BACKUP-5] It is as one step as creating a vault is (HW-VAULT-10), and the
    /// vault knows that its state is an older one until that was dealt with:
    /// [`Vault::older_state`].
    ///
    /// # Errors
    /// [`RestoreError`]; there is then no vault, as with [`Vault::create`].
    pub fn restore(
        dir: &Path,
        file: &Path,
        passphrase: &Passphrase,
        params: KdfParams,
        stop: &Stop,
    ) -> Result<(Self, BackupContents), RestoreError> {
        Self::restore_stepwise(dir, file, passphrase, params, stop, |_| {})
    }

    pub(crate) fn restore_stepwise(
        dir: &Path,
        file: &Path,
        passphrase: &Passphrase,
        params: KdfParams,
        stop: &Stop,
        reached: impl FnMut(CreateStep),
    ) -> Result<(Self, BackupContents), RestoreError> {
        let mut kept = None;
        let begin = |folder: &Folder| {
            let backup::Unpacked {
                contents,
                source,
                scratch,
            } = backup::unpack(file, passphrase, folder, stop)?;
            let made_at_ms = contents.made_at_ms;
            kept = Some((contents, scratch));
            Ok::<_, RestoreError>(Beginning::Unpacked(source, made_at_ms, stop))
        };
        let vault = Self::begin_stepwise(dir, passphrase, params, begin, reached)?;
        let (contents, _) = kept.expect("a vault that began, began with what was unpacked");
        Ok((vault, contents))
    }

    fn begin_stepwise<'a, E: From<CreateError>>(
        dir: &Path,
        passphrase: &Passphrase,
        params: KdfParams,
        begin: impl FnOnce(&Folder) -> Result<Beginning<'a>, E>,
        mut reached: impl FnMut(CreateStep),
    ) -> Result<Self, E> {
        let (folder, lock) = Self::empty_folder(dir)?;
        let beginning = begin(&folder)?;
        reached(CreateStep::Prepared);
        Ok(Self::fill(
            folder, lock, passphrase, params, beginning, reached,
        )?)
    }

    /// The folder of a vault that is not there yet, and its lock.
    fn empty_folder(dir: &Path) -> Result<(Folder, VaultLock), CreateError> {
        Self::go_on_wiping(dir).map_err(|error| match error {
            OpenError::InUse => CreateError::InUse,
            OpenError::Files(error) => CreateError::Files(error),
            _ => CreateError::HeaderMissing,
        })?;
        if Self::exists(dir) {
            return Err(CreateError::AlreadyExists);
        }
        let folder = Folder::create(dir)?;
        let lock = folder.lock()?;
        // Again, now that nobody else can be making one.
        if Self::exists(dir) {
            return Err(CreateError::AlreadyExists);
        }
        if folder.has_database() {
            return Err(CreateError::HeaderMissing);
        }
        folder.remove_unfinished()?;
        folder.make_private()?;
        Ok((folder, lock))
    }

    fn fill(
        folder: Folder,
        lock: VaultLock,
        passphrase: &Passphrase,
        params: KdfParams,
        beginning: Beginning<'_>,
        mut reached: impl FnMut(CreateStep),
    ) -> Result<Self, CreateError> {
        let vault_key = VaultKey::generate().map_err(|_| CreateError::NoRandomness)?;
        let header = header::seal(passphrase, params, &vault_key)?;
        let database_key = vault_key.database_key();
        let snapshot_key = vault_key.snapshot_key();
        drop(vault_key);

        build_database(&folder, &database_key, params.strength(), beginning)?;
        reached(CreateStep::DatabaseBuilt);
        folder.write_new_header(&header)?;
        reached(CreateStep::HeaderWritten);
        folder.commit_new_header()?;
        reached(CreateStep::HeaderCommitted);
        folder.commit_new_database()?;
        reached(CreateStep::DatabaseCommitted);

        let connection = database::open(&folder.database(), &database_key, params.strength())?;
        Ok(Self {
            tables: TableSet::read(&connection)?,
            connection,
            params,
            broken: false,
            met_damage: false,
            folder,
            key: database_key,
            snapshot_key,
            held: None,
            _lock: lock,
        })
    }

    /// Opens the vault in `dir`.
    ///
    /// [HW-VAULT-11] Until the passphrase has opened the header, nothing is
    /// changed: with a wrong one every file keeps every byte and its mode.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(dir: &Path, passphrase: &Passphrase) -> Result<Self, OpenError> {
        Self::go_on_wiping(dir)?;
        if !Self::exists(dir) {
            return Err(OpenError::NotFound);
        }
        let folder = Folder::existing(dir)?;
        let lock = folder.lock()?;
        let header = LockedHeader::decode(&folder.read_header()?)?.unlock(passphrase)?;

        folder.make_private()?;
        folder.remove_leftovers()?;
        if !folder.has_database() {
            if !folder.has_new_database() {
                return Err(OpenError::Damaged("its database is missing"));
            }
            // A crash came between the two renames of `create`, or of a salvage.
            folder.commit_new_database()?;
        }
        let key = header.vault_key.database_key();
        let snapshot_key = header.vault_key.snapshot_key();
        let mut connection = database::open(&folder.database(), &key, header.params.strength())?;
        // One that is newer is left as it is, log included.
        database::keep_log(&connection, true)?;
        schema::upgrade(&mut connection)?;
        database::keep_log(&connection, false)?;
        Ok(Self {
            tables: TableSet::read(&connection)?,
            connection,
            params: header.params,
            broken: false,
            met_damage: false,
            folder,
            key,
            snapshot_key,
            held: None,
            _lock: lock,
        })
    }

    /// Runs `step` in one transaction: what it wrote is there as a whole and
    /// durable when this gives `Ok`, and not at all when it gives `Err` or when
    /// `step` panics.
    ///
    /// [HW-VAULT-12] A step is atomic. When the commit itself fails, its effect
    /// counts as not happened, and the caller drops what it holds in memory. If
    /// the medium failed, the vault takes no more transactions until it is
    /// opened anew, since only reading the log again tells what is on the disk;
    /// a full disk leaves it usable.
    ///
    /// # Errors
    /// What `step` gave, or a [`StoreError`] of the transaction itself.
    pub fn transaction<T, E: From<StoreError>>(
        &mut self,
        step: impl FnOnce(&Txn<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let txn = self.begin()?;
        let value = match step(&txn) {
            Ok(value) => value,
            Err(error) => {
                let met_damage = txn.met_damage();
                drop(txn);
                self.met_damage |= met_damage;
                return Err(error);
            }
        };
        match txn.commit() {
            Ok(tables) => {
                self.tables = tables;
                Ok(value)
            }
            Err(failure) => Err(self.failed(failure).into()),
        }
    }

    #[cfg(test)]
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    fn begin(&mut self) -> Result<Txn<'_>, StoreError> {
        // In autocommit mode no transaction is open. If one still is, rolling it
        // back has failed.
        if self.broken || !self.connection.is_autocommit() {
            return Err(StoreError::Medium(EARLIER.to_owned()));
        }
        self.idle_connection()?;
        self.let_go()?;
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(DatabaseError::from)?;
        Ok(Txn::new(transaction, self.tables))
    }

    /// [HW-VAULT-48] A new connection in place of one that met a page which does not
    /// authenticate: SQLCipher gives nothing more on such a one, and the other pages are
    /// sound. The log stays as it is meanwhile, since a copy may be reading the database.
    fn renew(&mut self) -> Result<(), DatabaseError> {
        // Only one connection can hold the lock. Until the new one is there, and for good
        // where it cannot be had, nothing may be asked of what stands in its place.
        self.broken = true;
        database::keep_log(&self.connection, true)?;
        drop(mem::replace(
            &mut self.connection,
            Connection::open_in_memory()?,
        ));
        self.connection =
            database::open(&self.folder.database(), &self.key, self.params.strength())?;
        database::hold_log(&self.connection, self.is_held())?;
        self.broken = false;
        self.met_damage = false;
        Ok(())
    }

    /// What is to be asked between transactions.
    fn idle_connection(&mut self) -> Result<&Connection, DatabaseError> {
        if self.broken {
            return Err(DatabaseError::Failed(EARLIER));
        }
        if self.met_damage {
            self.renew()?;
        }
        Ok(&self.connection)
    }

    fn failed(&mut self, failure: DatabaseError) -> StoreError {
        match failure {
            DatabaseError::DiskFull => {}
            DatabaseError::Damaged(_) => self.met_damage = true,
            _ => self.broken = true,
        }
        failure.into()
    }

    /// Moves the write-ahead log into the database and empties it. Until then
    /// what was deleted or replaced is still in the log (encrypted under the
    /// database key, like everything); after it, most of it is gone, and all of
    /// it after [`Vault::purge`].
    ///
    /// # Errors
    /// [`StoreError::Medium`]; nothing is lost, the log stays as it is.
    pub fn checkpoint(&mut self) -> Result<(), StoreError> {
        if self.is_held() {
            return Err(busy());
        }
        Ok(database::checkpoint(self.idle_connection()?)?)
    }

    /// Whether a copy is being taken: the log is then not emptied, and nothing can be
    /// purged.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held.as_ref().is_some_and(HoldSeen::lives)
    }

    /// The database as it is now, to be read beside what goes on here.
    pub(crate) fn copy_source(&mut self) -> Result<CopySource, DatabaseError> {
        let connection = self.idle_connection()?;
        database::checkpoint(connection)?;
        database::hold_log(connection, true)?;
        let (hold, seen) = Hold::new();
        self.held = Some(seen);
        Ok(CopySource {
            path: self.folder.database(),
            key: self.key.again(),
            strength: self.params.strength(),
            hold: Some(hold),
        })
    }

    pub(crate) fn has_table(&self, table: Table) -> bool {
        self.tables.contains(table)
    }

    pub(crate) fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Whether this is the key that the database is open with.
    pub(crate) fn is_open_with(&self, key: &DatabaseKey) -> bool {
        self.key.is(key)
    }

    pub(crate) fn params(&self) -> KdfParams {
        self.params
    }

    /// The header asks for these from now on.
    pub(crate) fn set_params(&mut self, params: KdfParams) {
        self.params = params;
    }

    pub(crate) fn snapshot_key(&self) -> &DatabaseKey {
        &self.snapshot_key
    }

    /// Where no copy is taken any more, the log is emptied by itself again.
    fn let_go(&mut self) -> Result<(), DatabaseError> {
        if self.held.as_ref().is_some_and(|held| !held.lives()) {
            database::hold_log(&self.connection, false)?;
            self.held = None;
        }
        Ok(())
    }

    /// Begins a backup of the vault as it is now; the vault can be used meanwhile.
    ///
    /// # Errors
    /// [`BackupError::Busy`] while another copy is being taken; [`BackupError::Vault`]
    /// when the log cannot be emptied.
    pub fn begin_backup(&mut self, stop: &Stop) -> Result<BackupJob, BackupError> {
        if self.is_held() {
            return Err(BackupError::Busy);
        }
        let header = self.folder.read_header()?;
        Ok(BackupJob {
            source: self.copy_source().map_err(CopyError::from)?,
            header,
            folder: self.folder.clone(),
            params: self.params,
            stop: stop.clone(),
        })
    }

    /// When the state of this vault was the newest one, in milliseconds since 1970, if it
    /// came from a copy and that was not dealt with yet: no key in it may be used, since
    /// what was sealed with it since is not known here.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be read.
    pub fn older_state(&self) -> Result<Option<u64>, StoreError> {
        Ok(schema::older_state(&self.connection)?)
    }

    /// Makes everything that was deleted from `tables`, or replaced in them,
    /// unreadable even for who has the passphrase: rewrites their rows into new
    /// pages, overwrites the old pages, empties the log. Takes time in proportion
    /// to the rows of these tables, so the tables of keys are purged often and
    /// those of messages seldom.
    ///
    /// [HW-VAULT-13] After a purge no page of the database, in use or free, and
    /// no log holds a value that was deleted from these tables before it.
    /// `secure_delete` and an empty log alone do not give that: when SQLite moves
    /// rows between pages it can leave copies of them in the gap of the old page,
    /// and these stay when the row is deleted later.
    ///
    /// # Errors
    /// [`StoreError`]; all rows are as they were.
    pub fn purge(&mut self, tables: &[Table]) -> Result<(), StoreError> {
        if self.is_held() {
            return Err(busy());
        }
        self.transaction(|txn| tables.iter().try_for_each(|table| txn.rewrite(*table)))?;
        self.checkpoint()
    }

    /// The same for these tables and the index of texts.
    pub(crate) fn purge_with_index(&mut self, tables: &[Table]) -> Result<(), StoreError> {
        if self.is_held() {
            return Err(busy());
        }
        self.transaction(|txn| -> Result<(), StoreError> { txn.rewrite_index() })?;
        self.purge(tables)
    }

    /// Whether the vault was made with
    /// [`KdfParams::dangerously_weak_for_tests`]: its passphrase protects nothing.
    #[must_use]
    pub fn is_dangerously_weak(&self) -> bool {
        self.params.strength() == Strength::DangerouslyWeak
    }

    /// Empties the log and closes the vault; keys are wiped, the lock is free.
    ///
    /// # Errors
    /// [`StoreError::Medium`] when the log could not be emptied. The vault is
    /// closed all the same, and nothing that was committed is lost.
    pub fn close(mut self) -> Result<(), StoreError> {
        self.checkpoint()
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(..)")
    }
}

fn busy() -> StoreError {
    StoreError::Medium("a copy of the vault is being taken".to_owned())
}

/// A whole, closed, durable database under the temporary name.
fn build_database(
    folder: &Folder,
    key: &DatabaseKey,
    strength: Strength,
    beginning: Beginning<'_>,
) -> Result<(), CreateError> {
    let connection = match beginning {
        Beginning::Empty => {
            let path = folder.create_new_database()?;
            let mut connection = database::open(&path, key, strength)?;
            schema::create(&mut connection)?;
            connection
        }
        Beginning::Unpacked(source, made_at_ms, stop) => {
            let path = folder.new_database();
            source.export(&path, key, Extent::Everything, stop)?;
            let mut connection = database::open(&path, key, strength)?;
            schema::upgrade(&mut connection)?;
            schema::mark_older_state(&connection, made_at_ms)?;
            connection
        }
    };
    database::checkpoint(&connection)?;
    // Closing the last connection removes the log, so that one file is all.
    connection
        .close()
        .map_err(|(_, error)| DatabaseError::from(error))?;
    Ok(folder.sync_new_database()?)
}

impl From<LockError> for CreateError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::InUse => Self::InUse,
            LockError::File(error) => Self::Files(error),
        }
    }
}

impl From<LockError> for OpenError {
    fn from(error: LockError) -> Self {
        match error {
            LockError::InUse => Self::InUse,
            LockError::File(error) => Self::Files(error),
        }
    }
}
