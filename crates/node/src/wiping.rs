//! Wiping an account: its vault first, then everything else below its folder.

use std::{
    fs,
    io::{self, Read as _},
    path::Path,
};

use hushwing_engine::view::CommandError;
use hushwing_vault::{FileError, OpenError, Vault};

use crate::{limits, words};

/// Where the files of Tor are, below the account's folder.
pub(crate) const TOR: &str = "tor";

/// Where backups are that front ends hand in and fetch, below the account's folder.
pub const SPOOL: &str = "spool";

/// Bytes at the beginning of a backup that are overwritten: its header, and more.
const BEGINNING: u64 = 64 * 1024;

/// Wipes the account in `dir`, which no daemon has, without a passphrase: its keys are
/// overwritten, then all its files and those of Tor are removed. `[HW-VAULT-47]`
///
/// # Errors
/// [`CommandError`] in plain words.
pub fn wipe(dir: &Path) -> Result<(), CommandError> {
    // The note that a wiping has begun goes last, with the vault's files: a crash before it
    // does all of this again.
    if Vault::has_traces(dir) {
        let destroyed = Vault::destroy_keys(dir);
        let emptied = empty_spool(dir);
        destroyed
            .and(emptied)
            .map_err(|error| words::wipe_error(error.into()))?;
        // What still runs may add files; they are removed once more below.
        let _ = remove_tor(dir);
    }
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

/// Removes what front ends fetch and hand in: backups, of all that there was, which open
/// with the account's passphrase or another one. Their beginnings, without which none opens,
/// are overwritten first. The folder stays: a daemon may serve it. `[HW-VAULT-47]`
pub(crate) fn empty_spool(dir: &Path) -> Result<(), FileError> {
    let entries = match fs::read_dir(dir.join(SPOOL)) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let mut file = fs::OpenOptions::new().write(true).open(entry.path())?;
            let len = file.metadata()?.len().min(BEGINNING);
            io::copy(&mut io::repeat(0).take(len), &mut file)?;
            file.sync_all()?;
        }
        match fs::remove_file(entry.path()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
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
