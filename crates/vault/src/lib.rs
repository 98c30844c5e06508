//! The encrypted store: SQLCipher, Argon2id, one transaction a step.
//!
//! A vault is a folder: `vault.hw` (the header: key slots), `vault.db` (the
//! database) with its write-ahead log, `vault.lock` (empty).
//!
//! ```text
//! passphrase ──Argon2id──► slot key ──unwraps──► vault key ──HKDF──► database key ──► SQLCipher
//!                                                    └──────HKDF──► header key ──► tag of the header
//! ```

mod archive;
mod backup;
mod calibrate;
mod change;
mod clearing;
mod copy;
mod database;
mod error;
mod files;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod header;
mod index;
mod kdf;
mod keys;
mod passphrase;
mod salvage;
mod schema;
mod snapshot;
mod txn;
mod vault;
mod wiping;

#[cfg(test)]
mod tests;

pub use backup::{BackupContents, BackupJob, BackupSecret, check_backup};
pub use calibrate::KdfCost;
pub use change::OldHeader;
pub use copy::Stop;
pub use error::{
    BackupError, ChangeError, CreateError, FileError, OpenError, RestoreError, is_disk_full,
};
pub use kdf::{KdfParams, KdfParamsError};
pub use passphrase::{MAX_PASSPHRASE_LEN, Passphrase, PassphraseError};
pub use salvage::{CheckJob, Damage, SalvageError, TableLoss};
pub use schema::FORMAT;
pub use snapshot::{MAX_SNAPSHOTS, SnapshotJob};
pub use txn::Txn;
pub use vault::Vault;
