//! Who may talk to the daemon: one daemon a directory, and the file that tells
//! its address and its secret to programs of the same user.
//!
//! Two files in the daemon's directory (mode 0700):
//!
//! - `daemon.lock`, mode 0600, empty: locked by the running daemon. The kernel
//!   lets go of the lock when the process ends, however it ends.
//! - `api.json`, mode 0600: `{"address":"127.0.0.1:PORT","secret":"..."}`.

use std::{
    fmt,
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Name of the file with address and secret.
pub const SESSION_FILE: &str = "api.json";

/// Name of the file that a running daemon holds locked.
pub const LOCK_FILE: &str = "daemon.lock";

/// Random bytes in a session's secret: as hard to guess as any key here.
const SECRET_LEN: usize = 32;

/// Bytes of the session file. Ours has about 100.
const MAX_SESSION_FILE_LEN: u64 = 4096;

/// Tries to take the lock, and the pause between two: a front end that looks
/// whether a daemon runs holds the lock for an instant.
const LOCK_TRIES: u32 = 25;
const LOCK_PAUSE: Duration = Duration::from_millis(20);

const ANY_FOR_OTHERS: u32 = 0o077;

/// The secret of one run of the daemon: base64url text of 32 random bytes.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SessionSecret(String);

impl SessionSecret {
    /// A fresh one from the system's random source.
    ///
    /// # Errors
    /// When the system gives no random bytes; the machine's fault.
    pub(crate) fn fresh() -> io::Result<Self> {
        let mut bytes = Zeroizing::new([0u8; SECRET_LEN]);
        getrandom::fill(&mut *bytes).map_err(io::Error::other)?;
        Ok(Self(BASE64URL_NOPAD.encode(&*bytes)))
    }

    /// Whether `given` is this secret, in a time that depends on its length only.
    pub(crate) fn is(&self, given: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(given).into()
    }

    /// The text, for the `Authorization` header of a client.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionSecret(..)")
    }
}

/// Where the daemon listens and what opens it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Session {
    /// On 127.0.0.1, always.
    pub address: SocketAddr,
    /// What a caller must show.
    pub secret: SessionSecret,
}

/// Why a directory cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another daemon runs on it. The caller's choice.
    #[error(
        "another hushwing daemon already runs on this directory; stop it first, or give another --dir"
    )]
    AlreadyRunning,
    /// Something that must be a plain file or folder is not. The user's or
    /// another program's doing.
    #[error("{} is not a plain {expected}; move it away", path.display())]
    NotPlain {
        /// What it is about.
        path: PathBuf,
        /// What it should be.
        expected: &'static str,
    },
    /// The machine failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// What it is about.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Why no session can be had from a directory.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No daemon runs on it.
    #[error("no hushwing daemon runs on this directory; start one with: hushwing run")]
    NoDaemon,
    /// Others could have written the file, or it does not name this machine.
    #[error("{} cannot be trusted ({why}); stop the daemon, remove the file and start the daemon again", path.display())]
    Untrusted {
        /// The session file.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The machine failed.
    #[error("{}: {source}", path.display())]
    Io {
        /// What it is about.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The right to be the one daemon of a directory, until it is dropped.
///
/// `[HW-API-9]` One daemon a directory. The lock, not the session file, tells
/// whether one runs: after a crash the file may still be there, and its port may
/// belong to a stranger who waits for passphrases.
#[derive(Debug)]
pub struct DaemonLock {
    dir: PathBuf,
    _file: File,
}

impl DaemonLock {
    /// Makes `dir` (0700) if it is missing, closes it to others if it is open,
    /// takes the lock and removes what a crashed daemon left behind.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn acquire(dir: &Path) -> Result<Self, LockError> {
        private_dir(dir)?;
        let path = dir.join(LOCK_FILE);
        let io_error = |source| LockError::Io {
            path: path.clone(),
            source,
        };
        refuse_unless_plain(&path)?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(io_error)?;
        let mut tries = 1;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if tries < LOCK_TRIES => thread::sleep(LOCK_PAUSE),
                Err(TryLockError::WouldBlock) => return Err(LockError::AlreadyRunning),
                Err(TryLockError::Error(e)) => return Err(io_error(e)),
            }
            tries += 1;
        }
        let lock = Self {
            dir: dir.to_owned(),
            _file: file,
        };
        lock.remove_stale_session()?;
        Ok(lock)
    }

    /// The directory.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    fn remove_stale_session(&self) -> Result<(), LockError> {
        let path = self.dir.join(SESSION_FILE);
        refuse_unless_plain(&path)?;
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(LockError::Io { path, source })
            }
            _ => Ok(()),
        }
    }

    /// Draws a secret and tells it, with `address`, in the session file.
    pub(crate) fn publish(self, address: SocketAddr) -> Result<Published, LockError> {
        let path = self.dir.join(SESSION_FILE);
        let secret = SessionSecret::fresh().map_err(|source| LockError::Io {
            path: path.clone(),
            source,
        })?;
        let session = Session { address, secret };
        write_whole(&path, &session)?;
        Ok(Published {
            path,
            session,
            lock: Some(self),
        })
    }
}

/// A session file that is there as long as this lives.
#[derive(Debug)]
pub(crate) struct Published {
    path: PathBuf,
    pub(crate) session: Session,
    lock: Option<DaemonLock>,
}

impl Published {
    /// Removes the session file and gives the directory back, still locked.
    pub(crate) fn withdraw(mut self) -> DaemonLock {
        self.lock
            .take()
            .expect("only this takes the lock, and it takes self")
    }
}

impl Drop for Published {
    fn drop(&mut self) {
        // Nobody is left to tell; the next start removes what stays.
        let _ = fs::remove_file(&self.path);
    }
}

impl Session {
    /// The address that opens the app with `code`. What stands behind `#` is sent to
    /// nobody by the browser.
    #[must_use]
    pub fn app_address(&self, code: &SessionSecret) -> Zeroizing<String> {
        Zeroizing::new(format!("http://{}/#open={}", self.address, code.expose()))
    }

    /// The session of the daemon that runs on `dir`.
    ///
    /// `[HW-API-10]` A client believes the file only while a daemon holds the
    /// lock, only when nobody else can read it, and only if it names 127.0.0.1.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read(dir: &Path) -> Result<Self, ReadError> {
        if !daemon_runs(dir)? {
            return Err(ReadError::NoDaemon);
        }
        let path = dir.join(SESSION_FILE);
        let untrusted = |why| ReadError::Untrusted {
            path: path.clone(),
            why,
        };
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(ReadError::NoDaemon),
            Err(source) => return Err(ReadError::Io { path, source }),
        };
        if !metadata.is_file() {
            return Err(untrusted("it is not a plain file"));
        }
        if metadata.permissions().mode() & ANY_FOR_OTHERS != 0 {
            return Err(untrusted("other users may open it"));
        }
        let mut text = Zeroizing::new(Vec::with_capacity(1024));
        File::open(&path)
            .and_then(|file| file.take(MAX_SESSION_FILE_LEN).read_to_end(&mut text))
            .map_err(|source| ReadError::Io {
                path: path.clone(),
                source,
            })?;
        let session: Self =
            serde_json::from_slice(&text).map_err(|_| untrusted("it is damaged"))?;
        if session.address.ip() != Ipv4Addr::LOCALHOST {
            return Err(untrusted("it names another machine"));
        }
        Ok(session)
    }
}

/// Whether a daemon holds the lock of `dir`.
fn daemon_runs(dir: &Path) -> Result<bool, ReadError> {
    let path = dir.join(LOCK_FILE);
    let result = File::open(&path).and_then(|file| match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(e)) => Err(e),
    });
    match result {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(ReadError::Io { path, source }),
        Ok(runs) => Ok(runs),
    }
}

fn private_dir(dir: &Path) -> Result<(), LockError> {
    let io_error = |source| LockError::Io {
        path: dir.to_owned(),
        source,
    };
    if fs::metadata(dir).is_ok_and(|found| !found.is_dir()) {
        return Err(LockError::NotPlain {
            path: dir.to_owned(),
            expected: "folder",
        });
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(io_error)?;
    let mode = fs::metadata(dir).map_err(io_error)?.permissions().mode();
    if mode & ANY_FOR_OTHERS != 0 {
        fs::set_permissions(dir, Permissions::from_mode(0o700)).map_err(io_error)?;
    }
    Ok(())
}

fn refuse_unless_plain(path: &Path) -> Result<(), LockError> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => Err(LockError::NotPlain {
            path: path.to_owned(),
            expected: "file",
        }),
        _ => Ok(()),
    }
}

/// `[HW-API-8]` Written beside, mode 0600 from the first byte, then renamed: a
/// reader sees the whole file or none, and nobody else sees it at all.
fn write_whole(path: &Path, session: &Session) -> Result<(), LockError> {
    refuse_unless_plain(path)?;
    let beside = path.with_extension("json.new");
    let write = || -> io::Result<()> {
        match fs::remove_file(&beside) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let text = Zeroizing::new(serde_json::to_vec(session)?);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&beside)?;
        file.write_all(&text)?;
        drop(file);
        fs::rename(&beside, path)
    };
    write().map_err(|source| LockError::Io {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn address() -> SocketAddr {
        "127.0.0.1:4711".parse().unwrap()
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn files_are_private_and_gone_after_a_clean_end() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("new");
        let published = DaemonLock::acquire(&dir)
            .unwrap()
            .publish(address())
            .unwrap();
        assert_eq!(mode(&dir), 0o700);
        assert_eq!(mode(&dir.join(LOCK_FILE)), 0o600);
        assert_eq!(mode(&dir.join(SESSION_FILE)), 0o600);
        let read = Session::read(&dir).unwrap();
        assert_eq!(read.address, address());
        assert!(published.session.secret.is(read.secret.expose().as_bytes()));
        assert_eq!(read.secret.expose().len(), 43);
        drop(published);
        assert!(!dir.join(SESSION_FILE).exists());
        assert!(matches!(Session::read(&dir), Err(ReadError::NoDaemon)));
    }

    #[test]
    fn each_start_has_its_own_secret() {
        let dir = tempfile::tempdir().unwrap();
        let secrets: Vec<String> = (0..2)
            .map(|_| {
                let lock = DaemonLock::acquire(dir.path()).unwrap();
                let published = lock.publish(address()).unwrap();
                published.session.secret.expose().to_owned()
            })
            .collect();
        assert_ne!(secrets[0], secrets[1]);
    }

    #[test]
    fn an_open_directory_is_closed_to_others() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
        let _lock = DaemonLock::acquire(dir.path()).unwrap();
        assert_eq!(mode(dir.path()), 0o700);
    }

    #[test]
    fn a_second_daemon_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let _first = DaemonLock::acquire(dir.path()).unwrap();
        assert!(matches!(
            DaemonLock::acquire(dir.path()),
            Err(LockError::AlreadyRunning)
        ));
    }

    #[test]
    fn the_file_of_a_crashed_daemon_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let published = DaemonLock::acquire(dir.path())
            .unwrap()
            .publish(address())
            .unwrap();
        let stale = fs::read(dir.path().join(SESSION_FILE)).unwrap();
        drop(published);
        fs::write(dir.path().join(SESSION_FILE), stale).unwrap();
        fs::set_permissions(dir.path().join(SESSION_FILE), Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(
            Session::read(dir.path()),
            Err(ReadError::NoDaemon)
        ));
        // A new daemon that has not told its own address yet.
        let _lock = DaemonLock::acquire(dir.path()).unwrap();
        assert!(matches!(
            Session::read(dir.path()),
            Err(ReadError::NoDaemon)
        ));
    }

    #[test]
    fn symbolic_links_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = dir.path().join("elsewhere");
        fs::write(&elsewhere, "precious").unwrap();
        for name in [LOCK_FILE, SESSION_FILE] {
            symlink(&elsewhere, dir.path().join(name)).unwrap();
            assert!(matches!(
                DaemonLock::acquire(dir.path()),
                Err(LockError::NotPlain { .. })
            ));
            fs::remove_file(dir.path().join(name)).unwrap();
        }
        let lock = DaemonLock::acquire(dir.path()).unwrap();
        symlink(&elsewhere, dir.path().join(SESSION_FILE)).unwrap();
        assert!(matches!(
            Session::read(dir.path()),
            Err(ReadError::Untrusted { .. })
        ));
        assert!(matches!(
            lock.publish(address()),
            Err(LockError::NotPlain { .. })
        ));
        assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "precious");
    }

    #[test]
    fn a_session_file_that_others_could_have_made_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let _lock = DaemonLock::acquire(dir.path()).unwrap();
        let path = dir.path().join(SESSION_FILE);
        let write = |text: &str, mode| {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            Session::read(dir.path())
        };
        let good = r#"{"address":"127.0.0.1:1","secret":"x"}"#;
        assert!(write(good, 0o600).is_ok());
        for (text, mode) in [
            (good, 0o644),
            (good, 0o620),
            (r#"{"address":"192.0.2.1:80","secret":"x"}"#, 0o600),
            (r#"{"address":"[::1]:80","secret":"x"}"#, 0o600),
            (r#"{"address":"localhost:80","secret":"x"}"#, 0o600),
            ("{", 0o600),
            ("", 0o600),
        ] {
            assert!(
                matches!(write(text, mode), Err(ReadError::Untrusted { .. })),
                "{text} {mode:o}"
            );
        }
    }

    #[test]
    fn a_secret_is_not_shown() {
        let secret = SessionSecret::fresh().unwrap();
        assert!(!format!("{secret:?}").contains(secret.expose()));
        assert!(secret.is(secret.expose().as_bytes()));
        assert!(!secret.is(&secret.expose().as_bytes()[1..]));
        assert!(!secret.is(b""));
    }
}
