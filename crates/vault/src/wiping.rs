//! Wiping a vault: no key of it is left, then no file.

use std::path::Path;

use crate::{
    error::{FileError, OpenError},
    files::Folder,
    vault::Vault,
};

/// The moments of wiping between which a crash leaves something different behind. Tests
/// stop at each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WipeStep {
    /// It is noted that the vault is being wiped.
    Noted,
    /// The key slots are overwritten.
    KeysGone,
    /// All files but the note and the lock are gone.
    FilesGone,
    /// So is the note.
    Done,
}

impl Vault {
    /// Whether `dir` holds a vault, or anything that is left of one.
    #[must_use]
    pub fn has_traces(dir: &Path) -> bool {
        Folder::has_traces(dir)
    }

    /// Makes the vault in `dir` unreadable for everybody and for ever: the first half of
    /// wiping, which takes milliseconds. It does not matter whether the vault is open here.
    ///
    /// [HW-VAULT-47] First a note is made that the vault is being wiped, then every slot of
    /// the header is overwritten, each durably. From the note on the vault is none any more:
    /// whatever would open, make, restore or salvage one ends the wiping first.
    ///
    /// # Errors
    /// [`FileError`]. What was done stays; it can be tried again.
    pub fn destroy_keys(dir: &Path) -> Result<(), FileError> {
        let folder = Folder::existing(dir)?;
        note(&folder);
        folder.overwrite_headers()
    }

    /// Wipes the vault in `dir`, whatever state it is in, without a passphrase: destroys
    /// its keys ([`Vault::destroy_keys`]) and removes all its files, snapshots and
    /// damaged files that were kept aside included. Only the empty lock stays.
    ///
    /// # Errors
    /// [`OpenError::NotFound`] where there is nothing, [`OpenError::InUse`] while it is
    /// open, [`OpenError::Files`] when a file cannot be removed; the keys are gone then all
    /// the same unless nothing can be written, and the next call goes on.
    pub fn wipe(dir: &Path) -> Result<(), OpenError> {
        Self::wipe_stepwise(dir, |_| {})
    }

    pub(crate) fn wipe_stepwise(
        dir: &Path,
        mut reached: impl FnMut(WipeStep),
    ) -> Result<(), OpenError> {
        if !Self::has_traces(dir) {
            return Err(OpenError::NotFound);
        }
        let folder = Folder::existing(dir)?;
        let _lock = folder.lock()?;
        note(&folder);
        reached(WipeStep::Noted);
        folder.overwrite_headers()?;
        reached(WipeStep::KeysGone);
        folder.remove_everything()?;
        reached(WipeStep::FilesGone);
        folder.forget_wiping()?;
        reached(WipeStep::Done);
        Ok(())
    }

    /// Whether a wiping of the vault in `dir` was begun and not ended.
    #[must_use]
    pub fn is_being_wiped(dir: &Path) -> bool {
        Folder::is_being_wiped(dir)
    }

    /// Ends a wiping that a crash stopped; nothing happens where there was none.
    ///
    /// # Errors
    /// As [`Vault::wipe`].
    pub fn go_on_wiping(dir: &Path) -> Result<(), OpenError> {
        if Folder::is_being_wiped(dir) {
            Self::wipe(dir)
        } else {
            Ok(())
        }
    }
}

/// A full disk takes no note, and must not keep anybody from wiping.
fn note(folder: &Folder) {
    let _ = folder.note_wiping();
}
