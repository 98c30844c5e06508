//! Wiping an account: its vault first, then everything else below its folder.

use std::{fs, io, path::Path};

use hushwing_engine::view::CommandError;
use hushwing_vault::{FileError, OpenError, Vault};

use crate::{limits, words};

/// Where the files of Tor are, below the account's folder.
pub(crate) const TOR: &str = "tor";

/// Wipes the account in `dir`, which no daemon has, without a passphrase: its keys are
/// overwritten, then all its files and those of Tor are removed. `[HW-VAULT-47]`
///
/// # Errors
/// [`CommandError`] in plain words.
pub fn wipe(dir: &Path) -> Result<(), CommandError> {
    let vault = Vault::wipe(dir);
    // Whatever became of the vault: these show who used which guards.
    let tor = remove_tor(dir);
    match vault {
        Err(OpenError::NotFound) if tor == Ok(true) => Ok(()),
        vault => {
            vault.map_err(words::wipe_error)?;
            tor.map_err(|error| words::wipe_error(error.into()))?;
            Ok(())
        }
    }
}

/// Ends a wiping that a crash stopped.
pub(crate) fn go_on(dir: &Path) -> Result<(), CommandError> {
    if Vault::is_being_wiped(dir) {
        wipe(dir)
    } else {
        Ok(())
    }
}

/// Removes the files of Tor; whether there were any. What still runs may add one
/// meanwhile, so it is tried again.
fn remove_tor(dir: &Path) -> Result<bool, FileError> {
    let tor = dir.join(TOR);
    let mut tries = 1;
    let mut were_there = false;
    loop {
        match fs::remove_dir_all(&tor) {
            Ok(()) => were_there = true,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(were_there),
            Err(error) if tries >= limits::REMOVALS => return Err(error.into()),
            Err(_) => tries += 1,
        }
    }
}
