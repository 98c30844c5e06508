//! Snapshots: verified copies beside the vault, for the day on which a page of it is
//! damaged.

use std::{fs, path::Path};

use hushwing_protocol::store::Table;

use crate::{
    copy::{CopySource, Extent, RowCounts, Stop},
    error::BackupError,
    files::{Folder, SNAPSHOT},
    kdf::Strength,
    keys::DatabaseKey,
    vault::Vault,
};

/// Snapshots that are kept: the newest one, and one more for the case that damage got
/// into that.
pub const MAX_SNAPSHOTS: usize = 2;

/// A snapshot that has begun: the state of the vault at that moment.
pub struct SnapshotJob {
    pub(crate) source: CopySource,
    pub(crate) folder: Folder,
    pub(crate) key: DatabaseKey,
    pub(crate) without: Vec<Table>,
    pub(crate) stop: Stop,
}

impl SnapshotJob {
    /// Writes the snapshot, verifies it, and removes those that are one too many. Takes
    /// long; the vault goes on meanwhile.
    ///
    /// [HW-VAULT-42] It gets its name only when every page of it authenticates, tables and
    /// indices agree, and it has as many rows as the vault.
    ///
    /// # Errors
    /// [`BackupError`]; nothing of it is left behind.
    pub fn run(self, made_at_ms: u64) -> Result<(), BackupError> {
        let strength = self.source.strength;
        let scratch = self.folder.scratch(SNAPSHOT)?;
        let extent = Extent::RowsWithout(&self.without);
        let rows = self
            .source
            .export(scratch.path(), &self.key, extent, &self.stop)?;
        let copy = source_of(scratch.path(), &self.key, strength);
        if copy.verify(&self.stop)? != rows {
            return Err(BackupError::Vault("the snapshot lacks what the vault has"));
        }
        // Whoever asked may not have waited: what was deleted since must not come back.
        if self.stop.is_asked() {
            return Err(BackupError::Stopped);
        }
        self.folder.commit_snapshot(&scratch, made_at_ms)?;
        let known = self.folder.snapshots()?;
        let over = known.len().saturating_sub(MAX_SNAPSHOTS);
        Ok(self.folder.remove_snapshots(&known[..over])?)
    }
}

impl Vault {
    /// Begins a snapshot of the vault as it is now, without these tables; the vault can be
    /// used meanwhile.
    ///
    /// # Errors
    /// [`BackupError::Busy`] while another copy is being taken; [`BackupError::Vault`]
    /// when the log cannot be emptied.
    pub fn begin_snapshot(
        &mut self,
        without: &[Table],
        stop: &Stop,
    ) -> Result<SnapshotJob, BackupError> {
        if self.is_held() {
            return Err(BackupError::Busy);
        }
        Ok(SnapshotJob {
            source: self.copy_source().map_err(crate::copy::CopyError::from)?,
            folder: self.folder().clone(),
            key: self.snapshot_key().again(),
            without: without.to_vec(),
            stop: stop.clone(),
        })
    }

    /// When the snapshots were made that there are, in milliseconds since 1970, oldest
    /// first.
    ///
    /// # Errors
    /// [`BackupError::Files`].
    pub fn snapshots(&self) -> Result<Vec<u64>, BackupError> {
        Ok(self.folder().snapshots()?)
    }

    /// Removes the snapshots that were made before this, in milliseconds since 1970; what
    /// was deleted from the vault is in none that is younger than the deletion.
    ///
    /// # Errors
    /// [`BackupError::Files`].
    pub fn remove_snapshots_before(&self, ms: u64) -> Result<(), BackupError> {
        let mut old = self.folder().snapshots()?;
        old.retain(|made_at_ms| *made_at_ms < ms);
        Ok(self.folder().remove_snapshots(&old)?)
    }
}

/// The newest snapshot that is whole, and when it was made.
pub(crate) fn newest_whole(
    folder: &Folder,
    key: &DatabaseKey,
    strength: Strength,
    stop: &Stop,
) -> Result<Option<(u64, CopySource, RowCounts)>, BackupError> {
    for made_at_ms in folder.snapshots()?.into_iter().rev() {
        let source = source_of(&folder.snapshot(made_at_ms), key, strength);
        match source.verify(stop) {
            Ok(rows) => return Ok(Some((made_at_ms, source, rows))),
            Err(crate::copy::CopyError::Stopped) => return Err(BackupError::Stopped),
            Err(_) => {}
        }
    }
    Ok(None)
}

pub(crate) fn source_of(path: &Path, key: &DatabaseKey, strength: Strength) -> CopySource {
    CopySource {
        path: path.to_owned(),
        key: key.again(),
        strength,
        hold: None,
    }
}

impl Folder {
    fn commit_snapshot(
        &self,
        scratch: &crate::files::Scratch,
        made_at_ms: u64,
    ) -> Result<(), crate::FileError> {
        fs::rename(scratch.path(), self.snapshot(made_at_ms))?;
        self.sync_names()
    }
}
