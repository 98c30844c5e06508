//! Changing the passphrase: the vault key stays and is wrapped anew.

use std::time::Instant;

use crate::{
    calibrate::KdfCost,
    error::ChangeError,
    files::Folder,
    header::{HeaderError, LockedHeader},
    passphrase::Passphrase,
    vault::Vault,
};

/// What has become of the blocks of the header that the old passphrase opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldHeader {
    /// They were overwritten in place. What the disk itself keeps of them (spare blocks, a
    /// journal, snapshots of a file system) is out of reach.
    Overwritten,
    /// They could not be, or the file has another name, under which somebody keeps it.
    Left,
}

/// The moments of a change between which a crash leaves something different behind. Tests
/// stop at each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChangeStep {
    /// The present passphrase is right; nothing was written.
    Opened,
    /// The new header is durable under its temporary name.
    Written,
    /// It was read again and opens the vault.
    Proved,
    /// It has its name.
    Renamed,
    /// And keeps it when the power goes.
    Durable,
    /// The old one is overwritten.
    Overwritten,
}

impl Vault {
    /// Opens with `new` instead of `present` from now on. Takes the time of three key
    /// derivations, and of finding what they shall cost where that has to be found anew. Snapshots go on being opened by the vault, backups by the passphrase
    /// that they were made with.
    ///
    /// [HW-VAULT-20] The new header is whole and durable beside the old one, and was read
    /// again and found to give the key that the database is open with, before renaming it
    /// makes it the header: a crash at any moment leaves one header, which opens with one
    /// passphrase.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub fn change_passphrase(
        &mut self,
        present: &Passphrase,
        new: &Passphrase,
        cost: KdfCost,
    ) -> Result<OldHeader, ChangeError> {
        self.change_stepwise(present, new, cost, |_| {})
    }

    pub(crate) fn change_stepwise(
        &mut self,
        present: &Passphrase,
        new: &Passphrase,
        cost: KdfCost,
        mut reached: impl FnMut(ChangeStep),
    ) -> Result<OldHeader, ChangeError> {
        if present.is(new) {
            return Err(ChangeError::Same);
        }
        if let KdfCost::Fixed(params) = cost
            && self.params().is_sound()
            && !params.is_sound()
        {
            return Err(ChangeError::Weaker);
        }
        let old = self.folder().hold_header()?;
        let locked = LockedHeader::decode(&old.read()?)?;
        let began = Instant::now();
        let unlocked = locked.unlock(present)?;
        let took = began.elapsed();
        if !self.is_open_with(&unlocked.vault_key.database_key()) {
            return Err(ChangeError::Damaged("the header is that of another vault"));
        }
        reached(ChangeStep::Opened);
        let params = cost.params_after(unlocked.params, took);
        let header = unlocked.seal_anew(new, params)?;
        drop(unlocked);

        let folder = self.folder().clone();
        folder.discard_new_header()?;
        let unfinished = Unfinished(&folder);
        folder.write_new_header(&header)?;
        reached(ChangeStep::Written);
        self.prove(&folder.read_new_header()?, new)?;
        reached(ChangeStep::Proved);
        folder.rename_new_header()?;
        std::mem::forget(unfinished);
        self.set_params(params);
        reached(ChangeStep::Renamed);
        folder.sync_names().map_err(|_| ChangeError::Unsure)?;
        reached(ChangeStep::Durable);
        // Only now: until then the power can go, and the old one is the header again.
        let is_overwritten = old.overwrite();
        reached(ChangeStep::Overwritten);
        Ok(if is_overwritten {
            OldHeader::Overwritten
        } else {
            OldHeader::Left
        })
    }

    /// Whether a header that was read from its file opens with `passphrase` and gives the
    /// key of this vault: whoever relies on it has nothing else.
    fn prove(&self, header: &[u8], passphrase: &Passphrase) -> Result<(), ChangeError> {
        let unlocked = LockedHeader::decode(header)
            .and_then(|locked| locked.unlock(passphrase))
            .map_err(|error| match error {
                HeaderError::OutOfMemory => ChangeError::OutOfMemory,
                _ => ChangeError::NotProved,
            })?;
        if self.is_open_with(&unlocked.vault_key.database_key()) {
            Ok(())
        } else {
            Err(ChangeError::NotProved)
        }
    }
}

/// A change that did not come to its end leaves no header that opens with a passphrase
/// which its owner believes was not taken.
struct Unfinished<'a>(&'a Folder);

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        // The next opening removes what is left.
        let _ = self.0.discard_new_header();
    }
}
