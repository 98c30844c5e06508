//! What can go wrong, in words for people. None of them carries stored content,
//! a path, or the text of a database error.

use std::io;

use hushwing_protocol::store::StoreError;

use crate::{
    copy::CopyError,
    database::DatabaseError,
    header::{HeaderError, SealError},
    kdf::KdfParamsError,
};

/// What [`StoreError::Medium`] says when the disk is full; see [`is_disk_full`].
const DISK_FULL: &str = "the disk is full";

/// What was interrupted on purpose.
const STOPPED: &str = "it was stopped";

/// Whether `error` says that the disk is full: the one failure that goes away
/// when the user makes room. The vault stays usable, the transaction did not
/// happen.
#[must_use]
pub fn is_disk_full(error: &StoreError) -> bool {
    matches!(error, StoreError::Medium(reason) if reason == DISK_FULL)
}

/// The folder of the vault or a file in it cannot be used as it is. The fault
/// is the environment's.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum FileError {
    /// The path is there and is not a folder.
    #[error("the vault's place is not a folder")]
    NotAFolder,
    /// Other users may write in the folder, so what is in it cannot be trusted.
    #[error(
        "other users may change the folder of the vault; remove their permission (chmod go-w) first"
    )]
    WritableByOthers,
    /// No room.
    #[error("{DISK_FULL}")]
    DiskFull,
    /// The operating system refused.
    #[error("the files of the vault could not be read or written: {0}")]
    Io(io::ErrorKind),
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            kind => Self::Io(kind),
        }
    }
}

/// Why no vault was made. Nothing usable is left behind, and trying again is
/// safe.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum CreateError {
    /// A vault is there already.
    #[error("a vault exists here already")]
    AlreadyExists,
    /// The database of a vault is there without its header. It may become
    /// readable again when the header comes back from a backup, so it is not
    /// overwritten.
    #[error("the database of a vault is here without its header; move it away first")]
    HeaderMissing,
    /// Another process, or this one, is using the folder.
    #[error("the vault is in use")]
    InUse,
    /// Too little memory to derive the key.
    #[error("there is not enough memory to derive the key")]
    OutOfMemory,
    /// The operating system gave no random bytes.
    #[error("the system gives no random numbers")]
    NoRandomness,
    /// The folder or a file.
    #[error(transparent)]
    Files(#[from] FileError),
    /// The database did not come up; says what was missing.
    #[error("the database of the vault could not be made: {0}")]
    Database(&'static str),
}

/// Why a vault did not open. Nothing was changed.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum OpenError {
    /// No vault here.
    #[error("there is no vault here")]
    NotFound,
    /// Another process, or this one, has it open.
    #[error("the vault is in use")]
    InUse,
    /// The key slot did not open.
    #[error("the passphrase is wrong, or somebody has altered the vault's header")]
    WrongPassphrase,
    /// The vault is not as it was left; says where.
    #[error("the vault is damaged: {0}")]
    Damaged(&'static str),
    /// Written by a newer version of the program.
    #[error("the vault was written by a newer version of Hushwing; use that version to open it")]
    Newer,
    /// The header asks for parameters outside the bounds.
    #[error("the vault's header cannot be accepted: {0}")]
    Params(#[from] KdfParamsError),
    /// Too little memory to derive the key.
    #[error("there is not enough memory to derive the key")]
    OutOfMemory,
    /// The folder or a file.
    #[error(transparent)]
    Files(#[from] FileError),
    /// The database could not be used; says why.
    #[error("the vault could not be opened: {0}")]
    Database(&'static str),
}

/// Why the passphrase was not changed. All but [`ChangeError::Unsure`] leave everything as
/// it was.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum ChangeError {
    /// What was given as the present passphrase does not open the header.
    #[error("the present passphrase is wrong, or somebody has altered the vault's header")]
    WrongPassphrase,
    /// The new one is the present one.
    #[error("the new passphrase is the same as the present one")]
    Same,
    /// The new parameters protect nothing, and those of the vault do.
    #[error("the new key derivation would protect nothing")]
    Weaker,
    /// The header is not the one that this vault was opened with; says what is wrong.
    #[error("the vault is damaged: {0}")]
    Damaged(&'static str),
    /// Too little memory to derive the key.
    #[error("there is not enough memory to derive the key")]
    OutOfMemory,
    /// The operating system gave no random bytes.
    #[error("the system gives no random numbers")]
    NoRandomness,
    /// The folder or a file.
    #[error(transparent)]
    Files(#[from] FileError),
    /// The new header was read again and does not give the vault's key: the disk or the
    /// memory of this machine is at fault.
    #[error("what was written does not open the vault when it is read again")]
    NotProved,
    /// The new header has its name, but whether it keeps it when the power goes is not
    /// known. One of the two passphrases opens the vault.
    #[error("the disk failed at the last step; the new passphrase opens the vault, or the old one")]
    Unsure,
}

impl From<HeaderError> for ChangeError {
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::Damaged(what) => Self::Damaged(what),
            HeaderError::Newer => Self::Damaged("the header is of a newer version"),
            HeaderError::Params(_) => Self::Damaged("the header asks for what cannot be"),
            HeaderError::WrongPassphrase => Self::WrongPassphrase,
            HeaderError::OutOfMemory => Self::OutOfMemory,
        }
    }
}

impl From<SealError> for ChangeError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::NoRandomness => Self::NoRandomness,
            SealError::OutOfMemory => Self::OutOfMemory,
        }
    }
}

impl From<HeaderError> for OpenError {
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::Damaged(what) => Self::Damaged(what),
            HeaderError::Newer => Self::Newer,
            HeaderError::Params(why) => Self::Params(why),
            HeaderError::WrongPassphrase => Self::WrongPassphrase,
            HeaderError::OutOfMemory => Self::OutOfMemory,
        }
    }
}

impl From<DatabaseError> for OpenError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Damaged(what) => Self::Damaged(what),
            DatabaseError::Newer => Self::Newer,
            DatabaseError::DiskFull => Self::Files(FileError::DiskFull),
            DatabaseError::Interrupted => Self::Database(STOPPED),
            DatabaseError::Failed(what) => Self::Database(what),
        }
    }
}

impl From<SealError> for CreateError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::NoRandomness => Self::NoRandomness,
            SealError::OutOfMemory => Self::OutOfMemory,
        }
    }
}

impl From<DatabaseError> for CreateError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Damaged(what) | DatabaseError::Failed(what) => Self::Database(what),
            DatabaseError::Newer => Self::Database("it is of a newer version"),
            DatabaseError::DiskFull => Self::Files(FileError::DiskFull),
            DatabaseError::Interrupted => Self::Database(STOPPED),
        }
    }
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Damaged(what) => Self::Damaged(what),
            DatabaseError::Newer => Self::Damaged("it is of a newer version"),
            DatabaseError::DiskFull => Self::Medium(DISK_FULL.to_owned()),
            DatabaseError::Interrupted => Self::Medium(STOPPED.to_owned()),
            DatabaseError::Failed(what) => Self::Medium(what.to_owned()),
        }
    }
}

/// Why there is no backup, or why one cannot be used.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum BackupError {
    /// The file is something else.
    #[error("the file is not a backup of Hushwing")]
    NotABackup,
    /// The backup is not as it was written; says where.
    #[error("the backup is damaged: {0}")]
    Damaged(&'static str),
    /// Written by a newer version of the program.
    #[error("the backup was written by a newer version of Hushwing")]
    Newer,
    /// It asks for parameters outside the bounds.
    #[error("the backup cannot be accepted: {0}")]
    Params(#[from] KdfParamsError),
    /// The passphrase does not open it, or not the vault that is to be backed up.
    #[error("the passphrase is wrong")]
    WrongPassphrase,
    /// There is no file at that place.
    #[error("there is no such file")]
    NotFound,
    /// There is a file at that place already.
    #[error("there is a file of that name already")]
    Exists,
    /// Another copy is being taken.
    #[error("another copy of the vault is being taken")]
    Busy,
    /// It was asked to stop.
    #[error("it was stopped")]
    Stopped,
    /// Longer than an archive can be (256 TiB).
    #[error("the vault is too large for a backup")]
    TooLong,
    /// Too little memory to derive the key.
    #[error("there is not enough memory to derive the key")]
    OutOfMemory,
    /// The operating system gave no random bytes.
    #[error("the system gives no random numbers")]
    NoRandomness,
    /// A folder or a file.
    #[error(transparent)]
    Files(#[from] FileError),
    /// The vault itself could not be read, so that nothing was backed up; says why.
    #[error("the vault could not be copied: {0}")]
    Vault(&'static str),
}

/// Why nothing was restored. Nothing usable is left behind, and trying again is safe.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum RestoreError {
    /// The backup cannot be used.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The vault that it should become could not be made.
    #[error(transparent)]
    Create(#[from] CreateError),
}

impl From<HeaderError> for BackupError {
    fn from(error: HeaderError) -> Self {
        match error {
            HeaderError::WrongPassphrase => Self::WrongPassphrase,
            HeaderError::OutOfMemory => Self::OutOfMemory,
            HeaderError::Params(why) => Self::Params(why),
            HeaderError::Damaged(what) => Self::Vault(what),
            HeaderError::Newer => Self::Vault("its header is of a newer version"),
        }
    }
}

/// For a copy of the vault itself.
impl From<CopyError> for BackupError {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Stopped => Self::Stopped,
            CopyError::Files(error) => Self::Files(error),
            CopyError::Database(DatabaseError::DiskFull) => Self::Files(FileError::DiskFull),
            CopyError::Database(DatabaseError::Newer) => Self::Newer,
            CopyError::Database(DatabaseError::Interrupted) => Self::Stopped,
            CopyError::Database(DatabaseError::Damaged(what) | DatabaseError::Failed(what)) => {
                Self::Vault(what)
            }
        }
    }
}

impl From<CopyError> for CreateError {
    fn from(error: CopyError) -> Self {
        match error {
            CopyError::Stopped => Self::Database(STOPPED),
            CopyError::Files(error) => Self::Files(error),
            CopyError::Database(error) => error.into(),
        }
    }
}

impl From<io::Error> for BackupError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NotFound,
            io::ErrorKind::AlreadyExists => Self::Exists,
            _ => Self::Files(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        assert!(is_disk_full(&DatabaseError::DiskFull.into()));
        assert!(!is_disk_full(&DatabaseError::Interrupted.into()));
        assert!(!is_disk_full(&StoreError::Damaged(DISK_FULL)));
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(FileError::from(full), FileError::DiskFull);
    }
}
