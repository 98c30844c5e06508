//! Backups: writing one while the vault is in use, proving that one opens, taking one
//! apart.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufReader, BufWriter, Read as _, Write as _},
    path::Path,
};

use hushwing_protocol::store::Table;
use zeroize::Zeroizing;

use crate::{
    archive::{Locked, Preamble, Reader, Writer},
    copy::{CopyError, CopySource, Extent, RowCounts, Stop},
    database::DatabaseError,
    error::BackupError,
    files::{self, COPY, Folder, Scratch, UNPACKED, Unnamed},
    header::LockedHeader,
    kdf::KdfParams,
    keys::DatabaseKey,
    passphrase::Passphrase,
    schema,
};

/// Bytes that are moved at once between a database and an archive.
const BUFFER_LEN: usize = 64 * 1024;

/// What opens a backup.
pub enum BackupSecret {
    /// The passphrase that opens the vault; another one is refused, since a slip would
    /// make a backup that nobody can open.
    Account(Passphrase),
    /// One of its own.
    Other(Passphrase),
}

impl BackupSecret {
    fn passphrase(&self) -> &Passphrase {
        match self {
            Self::Account(passphrase) | Self::Other(passphrase) => passphrase,
        }
    }
}

/// What is in a backup that was opened and found whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupContents {
    /// When it was made, in milliseconds since 1970, by the clock of the machine.
    pub made_at_ms: u64,
    /// Length of the file in bytes.
    pub len: u64,
    /// How many rows there are in each table that there is.
    pub rows: BTreeMap<u8, u64>,
}

impl BackupContents {
    /// How many rows `table` has.
    #[must_use]
    pub fn rows_of(&self, Table(number): Table) -> u64 {
        self.rows.get(&number).copied().unwrap_or(0)
    }
}

/// A backup that has begun: the state of the vault at that moment.
pub struct BackupJob {
    pub(crate) source: CopySource,
    /// Of the vault, to see whether a passphrase opens it.
    pub(crate) header: Vec<u8>,
    pub(crate) folder: Folder,
    pub(crate) params: KdfParams,
    pub(crate) stop: Stop,
}

impl BackupJob {
    /// Writes the backup to the new file `to`, by its absolute path, and reads it all
    /// again before it gets that name. Takes long; the vault goes on meanwhile.
    ///
    /// [HW-BACKUP-4] What is called done has been read from the file, authenticated to
    /// its last byte, decrypted with the passphrase alone, and found to hold as many rows
    /// as the vault had.
    ///
    /// # Errors
    /// [`BackupError`]; nothing of the file is left behind.
    pub fn run(
        self,
        to: &Path,
        secret: &BackupSecret,
        made_at_ms: u64,
    ) -> Result<BackupContents, BackupError> {
        // Before anything that takes long: nobody waits for a slip.
        let (unnamed, file) = Unnamed::beside(to)?;
        if let BackupSecret::Account(passphrase) = secret {
            LockedHeader::decode(&self.header)?.unlock(passphrase)?;
        }
        let key = DatabaseKey::generate().map_err(|_| BackupError::NoRandomness)?;
        let copy = self.folder.scratch(COPY)?;
        let rows = self
            .source
            .export(copy.path(), &key, Extent::Everything, &self.stop)?;
        write_archive(
            file,
            copy.path(),
            key,
            secret.passphrase(),
            self.params,
            made_at_ms,
            &self.stop,
        )?;
        drop(copy);
        let unpacked = unpack(
            unnamed.path(),
            secret.passphrase(),
            &self.folder,
            &self.stop,
        )?;
        if unpacked.contents.rows != rows {
            return Err(BackupError::Damaged("it lacks what the vault has"));
        }
        if self.stop.is_asked() {
            return Err(BackupError::Stopped);
        }
        unnamed.commit()?;
        Ok(unpacked.contents)
    }
}

/// Proves that the backup in `file` opens and is whole, and says what is in it. `dir` is
/// where a copy of its database may lie meanwhile, encrypted as everything is.
///
/// # Errors
/// [`BackupError`].
pub fn check_backup(
    file: &Path,
    passphrase: &Passphrase,
    dir: &Path,
    stop: &Stop,
) -> Result<BackupContents, BackupError> {
    let folder = Folder::create(dir)?;
    Ok(unpack(file, passphrase, &folder, stop)?.contents)
}

/// What came out of a backup, verified.
pub(crate) struct Unpacked {
    pub(crate) contents: BackupContents,
    pub(crate) source: CopySource,
    pub(crate) scratch: Scratch,
}

/// Takes a backup apart, and verifies all of it.
pub(crate) fn unpack(
    file: &Path,
    passphrase: &Passphrase,
    folder: &Folder,
    stop: &Stop,
) -> Result<Unpacked, BackupError> {
    let file = File::open(file)?;
    let len = file.metadata()?.len();
    let locked = Locked::decode(BufReader::new(file))?;
    let (preamble, params, mut reader) = locked.unlock(passphrase)?;
    let scratch = folder.scratch(UNPACKED)?;
    copy_database(&mut reader, preamble.database_len, &scratch, stop)?;
    let source = CopySource {
        path: scratch.path().to_owned(),
        key: preamble.key,
        // What protects nothing must not become a vault that seems to protect.
        strength: params.strength(),
        hold: None,
    };
    let rows = verify(&source, stop).map_err(in_a_backup)?;
    Ok(Unpacked {
        contents: BackupContents {
            made_at_ms: preamble.made_at_ms,
            len,
            rows,
        },
        source,
        scratch,
    })
}

fn verify(source: &CopySource, stop: &Stop) -> Result<RowCounts, CopyError> {
    let rows = source.verify(stop)?;
    let connection = source.open(stop)?;
    let known = schema::require_known(&connection);
    stop.unwatch();
    known?;
    Ok(rows)
}

/// What is wrong inside of a backup is the backup's fault, not the vault's.
fn in_a_backup(error: CopyError) -> BackupError {
    match error {
        CopyError::Database(DatabaseError::Damaged(what)) => BackupError::Damaged(what),
        error => error.into(),
    }
}

fn copy_database(
    reader: &mut Reader<impl std::io::Read>,
    len: u64,
    scratch: &Scratch,
    stop: &Stop,
) -> Result<(), BackupError> {
    let mut to = files::create_private(scratch.path())?;
    let mut buffer = vec![0; BUFFER_LEN];
    let mut left = len;
    loop {
        if stop.is_asked() {
            return Err(BackupError::Stopped);
        }
        let read = reader.read_some(&mut buffer)?;
        if read == 0 {
            break;
        }
        left = left
            .checked_sub(read as u64)
            .ok_or(BackupError::Damaged("it goes on after its end"))?;
        to.write_all(&buffer[..read])?;
    }
    if left > 0 {
        return Err(BackupError::Damaged("it ends too early"));
    }
    Ok(())
}

fn write_archive(
    file: File,
    copy: &Path,
    key: DatabaseKey,
    passphrase: &Passphrase,
    params: KdfParams,
    made_at_ms: u64,
    stop: &Stop,
) -> Result<(), BackupError> {
    let mut from = File::open(copy)?;
    let preamble = Preamble {
        made_at_ms,
        key,
        database_len: from.metadata()?.len(),
    };
    let mut writer = Writer::begin(BufWriter::new(file), passphrase, params, &preamble)?;
    let mut buffer = Zeroizing::new(vec![0; BUFFER_LEN]);
    loop {
        if stop.is_asked() {
            return Err(BackupError::Stopped);
        }
        let read = from.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        writer.write(&buffer[..read])?;
    }
    let file = writer
        .finish()?
        .into_inner()
        .map_err(std::io::IntoInnerError::into_error)?;
    Ok(file.sync_all()?)
}
