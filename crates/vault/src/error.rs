//! What can go wrong, in words for people. None of them carries stored content,
//! a path, or the text of a database error.

use std::io;

use hushwing_protocol::store::StoreError;

use crate::{
    database::DatabaseError,
    header::{HeaderError, SealError},
    kdf::KdfParamsError,
};

/// What [`StoreError::Medium`] says when the disk is full; see [`is_disk_full`].
const DISK_FULL: &str = "the disk is full";

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
            DatabaseError::OutOfMemory => Self::OutOfMemory,
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
            DatabaseError::OutOfMemory => Self::OutOfMemory,
        }
    }
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::Damaged(what) => Self::Damaged(what),
            DatabaseError::Newer => Self::Damaged("it is of a newer version"),
            DatabaseError::DiskFull => Self::Medium(DISK_FULL.to_owned()),
            DatabaseError::OutOfMemory => Self::Medium("there is not enough memory".to_owned()),
            DatabaseError::Failed(what) => Self::Medium(what.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        assert!(is_disk_full(&DatabaseError::DiskFull.into()));
        assert!(!is_disk_full(&DatabaseError::OutOfMemory.into()));
        assert!(!is_disk_full(&StoreError::Damaged(DISK_FULL)));
        let full = io::Error::from(io::ErrorKind::StorageFull);
        assert_eq!(FileError::from(full), FileError::DiskFull);
    }
}
