//! The relay's folder: one owner, one process.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::{
        DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
    },
    path::{Path, PathBuf},
};

use rustix::{fs::OFlags, process::geteuid};

/// The file whose lock says that a relay runs here.
const LOCK_FILE: &str = "lock";

/// The file with the address that was last announced.
const ADDRESS_FILE: &str = "address";

/// The file whose being there says that no new boxes are taken.
const DRAIN_FILE: &str = "drain";

/// The relay's folder, locked as long as this lives.
#[derive(Debug)]
pub struct RelayDir {
    path: PathBuf,
    _lock: File,
}

/// Why the folder cannot be used. The operator's or the system's side.
#[derive(Debug, thiserror::Error)]
pub enum DirError {
    /// There is something else in it.
    #[error("the folder holds files that are not a relay's; name an empty or a new folder")]
    NotOurs,
    /// There is no such folder.
    #[error("there is no relay in this folder; `run` makes one")]
    NotFound,
    /// A relay runs there.
    #[error("a relay already runs in this folder")]
    InUse,
    /// The command runs as root, and the folder is another user's: its links would
    /// be followed with root's rights, and its relay could not read what is left.
    #[error(
        "the folder belongs to the user with number {uid}, not to root. Run the command as that \
         user: sudo -u '#{uid}' hushwing-relay ..."
    )]
    Others {
        /// The owner's number.
        uid: u32,
    },
    /// The system did not let us.
    #[error("the folder cannot be used: {0}")]
    System(#[from] io::Error),
}

impl RelayDir {
    /// Refuses to work as root in a folder of somebody else. One that is not there
    /// yet is nobody's. Every command asks this first. `[HW-RELAY-22]`
    ///
    /// # Errors
    /// [`DirError::Others`], or [`DirError::System`] when the system does not tell.
    pub fn check_owner(path: &Path) -> Result<(), DirError> {
        match fs::metadata(path) {
            Ok(folder) => may_work_for(folder.uid(), geteuid().as_raw()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the folder if there is none, and takes it for this process. It
    /// becomes readable by its owner alone. A folder with other things in it
    /// is left as it is.
    ///
    /// # Errors
    /// [`DirError`]
    pub fn take(path: &Path) -> Result<Self, DirError> {
        Self::check_owner(path)?;
        match DirBuilder::new().mode(0o700).recursive(true).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error.into()),
            _ => {}
        }
        if !looks_ours(path)? {
            return Err(DirError::NotOurs);
        }
        fs::set_permissions(path, Permissions::from_mode(0o700))?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(no_links())
            .open(path.join(LOCK_FILE))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(DirError::InUse),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }

    /// Remembers the relay's address for [`RelayDir::address`].
    ///
    /// # Errors
    /// [`DirError::System`]
    pub fn save_address(&self, address: &str) -> Result<(), DirError> {
        let path = self.path.join(ADDRESS_FILE);
        Ok(write_atomically(&path, format!("{address}\n").as_bytes())?)
    }

    /// The address under which the relay in the folder at `path` was last
    /// ready, whether it runs now or not; `None` if it never was.
    ///
    /// # Errors
    /// [`DirError::System`]
    pub fn address(path: &Path) -> Result<Option<String>, DirError> {
        match fs::read_to_string(path.join(ADDRESS_FILE)) {
            Ok(text) => Ok(Some(text.trim().to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the relay here shall take no new boxes. `[HW-RELAY-16]`
    #[must_use]
    pub fn drains(&self) -> bool {
        Self::marked_to_drain(&self.path)
    }

    /// Whether the relay in the folder at `path` shall take no new boxes, whether
    /// it runs now or not.
    #[must_use]
    pub fn marked_to_drain(path: &Path) -> bool {
        path.join(DRAIN_FILE).exists()
    }

    /// Sets or clears that mark.
    ///
    /// # Errors
    /// [`DirError::System`]
    pub fn mark_to_drain(path: &Path, drains: bool) -> Result<(), DirError> {
        let mark = path.join(DRAIN_FILE);
        if drains {
            return Ok(write_atomically(&mark, b"")?);
        }
        match fs::remove_file(mark) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Whether a process of `us` may work in a folder of `owner`. The system keeps all
/// but root out of what is not theirs.
fn may_work_for(owner: u32, us: u32) -> Result<(), DirError> {
    const ROOT: u32 = 0;
    if us == ROOT && owner != ROOT {
        return Err(DirError::Others { uid: owner });
    }
    Ok(())
}

/// A file that is written is never what a link leads to.
fn no_links() -> i32 {
    OFlags::NOFOLLOW.bits().cast_signed()
}

/// Whether the folder is empty or a relay has been in it.
fn looks_ours(path: &Path) -> io::Result<bool> {
    let mut empty = true;
    for entry in fs::read_dir(path)? {
        if entry?.file_name() == LOCK_FILE {
            return Ok(true);
        }
        empty = false;
    }
    Ok(empty)
}

/// Writes a file that is either the old or the new one after a crash, and
/// readable by its owner alone.
pub(crate) fn write_atomically(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .custom_flags(no_links())
        .open(&fresh)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&fresh, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_folder_belongs_to_its_owner_alone() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("deep/relay");
        let dir = RelayDir::take(&path).unwrap();
        let mode = fs::metadata(dir.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    /// `[HW-RELAY-22]`
    #[test]
    fn root_works_in_its_own_folders_alone_and_everybody_else_as_the_system_says() {
        for (owner, us, may) in [(0, 0, true), (998, 0, false), (998, 998, true)] {
            assert_eq!(may_work_for(owner, us).is_ok(), may, "{owner} {us}");
        }
        assert!(RelayDir::check_owner(Path::new("/nowhere/at/all")).is_ok());
    }

    /// `[HW-RELAY-22]`
    #[test]
    fn no_link_is_followed_to_what_is_written() {
        let temp = tempfile::tempdir().unwrap();
        let (folder, other) = (temp.path().join("relay"), temp.path().join("other"));
        fs::create_dir(&folder).unwrap();
        fs::write(&other, "of somebody").unwrap();
        for name in ["address.new", LOCK_FILE] {
            std::os::unix::fs::symlink(&other, folder.join(name)).unwrap();
        }
        assert!(matches!(RelayDir::take(&folder), Err(DirError::System(_))));
        assert!(write_atomically(&folder.join(ADDRESS_FILE), b"new").is_err());
        assert_eq!(fs::read_to_string(&other).unwrap(), "of somebody");
        // Where the file itself is a link, the link is replaced.
        let address = folder.join("drain");
        std::os::unix::fs::symlink(&other, &address).unwrap();
        RelayDir::mark_to_drain(&folder, true).unwrap();
        assert!(!fs::symlink_metadata(&address).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&other).unwrap(), "of somebody");
    }

    #[test]
    fn a_folder_has_one_relay_at_a_time() {
        let temp = tempfile::tempdir().unwrap();
        let first = RelayDir::take(temp.path()).unwrap();
        assert!(matches!(RelayDir::take(temp.path()), Err(DirError::InUse)));
        drop(first);
        RelayDir::take(temp.path()).unwrap();
    }

    #[test]
    fn a_folder_of_somebody_else_is_left_alone() {
        let temp = tempfile::tempdir().unwrap();
        fs::set_permissions(temp.path(), Permissions::from_mode(0o755)).unwrap();
        fs::write(temp.path().join("thesis.txt"), "chapter one").unwrap();
        assert!(matches!(
            RelayDir::take(temp.path()),
            Err(DirError::NotOurs)
        ));
        let mode = fs::metadata(temp.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o755);
    }
}
