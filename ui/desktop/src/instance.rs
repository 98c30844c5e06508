//! `[HW-WIN-3]` One window a folder: the first start keeps it, each later one hands over what
//! it was asked and ends.
//!
//! The door is a socket in the daemon's folder, which is this user's alone. The session bus,
//! over which such programs usually speak, may be listened to by other programs, and an
//! invite is a secret; and it knows one window a user, while each account has its own folder.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, BufRead, BufReader, Read, Write},
    os::{
        fd::AsRawFd,
        unix::{
            fs::{DirBuilderExt, OpenOptionsExt},
            net::{UnixListener, UnixStream},
        },
    },
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use zeroize::Zeroizing;

use crate::request::Request;

/// Held as long as the window is there; tells a door that is kept from one that a crash left.
const LOCK_FILE: &str = "window.lock";

/// The door itself.
const SOCKET: &str = "window.sock";

/// Bytes of a request: a link, and the words around it.
const MAX_REQUEST_LEN: u64 = 4096;

/// How long one side waits for the other.
const PATIENCE: Duration = Duration::from_secs(5);

/// How often a later start knocks: the first one may be opening its door just now.
const TRIES: u32 = 25;

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(200);

/// What the window answers when it has taken a request in.
const TAKEN: &[u8] = b"taken\n";

/// Who this start is.
pub(crate) enum Instance {
    /// The one that keeps the window.
    First(Keeper),
    /// The request was taken by the window that is there.
    HandedOver,
}

/// The right to be the one window of a folder, until it is dropped.
pub(crate) struct Keeper {
    listener: UnixListener,
    socket: PathBuf,
    _lock: File,
}

impl Instance {
    /// Becomes the first one of `dir`, or hands `request` to it.
    ///
    /// # Errors
    /// When the folder cannot be used, or a window is there and does not answer.
    pub(crate) fn find(dir: &Path, request: &Request) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(NO_FOLLOW)
            .open(dir.join(LOCK_FILE))?;
        for _ in 1..TRIES {
            match lock.try_lock() {
                Ok(()) => return Keeper::open(dir, lock).map(Self::First),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) => {}
            }
            match hand_over(dir, request) {
                Ok(()) => return Ok(Self::HandedOver),
                Err(_) => thread::sleep(PAUSE),
            }
        }
        hand_over(dir, request).map(|()| Self::HandedOver)
    }
}

/// Not through a link that somebody has laid there.
const NO_FOLLOW: i32 = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();

impl Keeper {
    fn open(dir: &Path, lock: File) -> io::Result<Self> {
        let socket = dir.join(SOCKET);
        match fs::remove_file(&socket) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = at_socket(dir, |path| UnixListener::bind(path))?;
        Ok(Self {
            listener,
            socket,
            _lock: lock,
        })
    }

    /// Gives each request that comes to `take`, on a thread of its own, one after the other.
    pub(crate) fn serve(&self, take: impl Fn(Request) + Send + 'static) -> io::Result<()> {
        let listener = self.listener.try_clone()?;
        thread::spawn(move || {
            for stream in listener.incoming() {
                // Who says nothing, or nonsense, gets no answer and nothing done.
                match stream.and_then(hear) {
                    Ok(request) => take(request),
                    Err(_) => thread::sleep(Duration::from_millis(10)),
                }
            }
        });
        Ok(())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.socket);
    }
}

fn hear(mut stream: UnixStream) -> io::Result<Request> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = Zeroizing::new(String::with_capacity(4096));
    BufReader::new((&stream).take(MAX_REQUEST_LEN)).read_line(&mut line)?;
    let request = serde_json::from_str(&line).map_err(io::Error::from)?;
    stream.write_all(TAKEN)?;
    Ok(request)
}

fn hand_over(dir: &Path, request: &Request) -> io::Result<()> {
    let mut stream = at_socket(dir, |path| UnixStream::connect(path))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let line = Zeroizing::new(serde_json::to_string(request)?);
    stream.write_all(line.as_bytes())?;
    stream.write_all(b"\n")?;
    let mut answer = Vec::new();
    stream.take(TAKEN.len() as u64).read_to_end(&mut answer)?;
    if answer == TAKEN {
        Ok(())
    } else {
        Err(io::Error::other("the window that is open does not answer"))
    }
}

/// The address of a socket holds 108 bytes; a folder's path may be longer, its number is not.
fn at_socket<T>(dir: &Path, work: impl FnOnce(&Path) -> io::Result<T>) -> io::Result<T> {
    let folder = File::open(dir)?;
    work(Path::new(&format!(
        "/proc/self/fd/{}/{SOCKET}",
        folder.as_raw_fd()
    )))
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::PermissionsExt, sync::mpsc};

    use super::*;
    use crate::link::Invite;

    fn first(dir: &Path) -> Keeper {
        match Instance::find(dir, &Request::Show).unwrap() {
            Instance::First(keeper) => keeper,
            Instance::HandedOver => panic!("somebody else is first"),
        }
    }

    fn redeem() -> Request {
        Request::Redeem(Invite::parse("hushwing:abc234").unwrap())
    }

    #[test]
    fn a_later_start_hands_over_what_it_was_asked() {
        let parent = tempfile::tempdir().unwrap();
        // Longer than the address of a socket may be.
        let dir = parent.path().join("d".repeat(120));
        let keeper = first(&dir);
        let (taken, came) = mpsc::channel();
        keeper
            .serve(move |request| taken.send(request).unwrap())
            .unwrap();
        assert!(matches!(
            Instance::find(&dir, &redeem()).unwrap(),
            Instance::HandedOver
        ));
        assert_eq!(came.recv_timeout(PATIENCE).unwrap(), redeem());
        drop(keeper);
        assert!(!dir.join(SOCKET).exists());
    }

    #[test]
    fn what_a_crash_left_is_no_window() {
        let dir = tempfile::tempdir().unwrap();
        drop(UnixListener::bind(dir.path().join(SOCKET)).unwrap());
        assert!(dir.path().join(SOCKET).exists());
        let _keeper = first(dir.path());
    }

    #[test]
    fn the_door_is_in_a_folder_of_its_user_alone() {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("new");
        let _keeper = first(&dir);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir), 0o700);
        assert_eq!(mode(&dir.join(LOCK_FILE)), 0o600);
    }

    #[test]
    fn a_lock_that_is_a_link_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let elsewhere = dir.path().join("elsewhere");
        std::os::unix::fs::symlink(&elsewhere, dir.path().join(LOCK_FILE)).unwrap();
        assert!(Instance::find(dir.path(), &Request::Show).is_err());
        assert!(!elsewhere.exists());
    }

    #[test]
    fn nonsense_at_the_door_does_nothing_and_stops_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let keeper = first(dir.path());
        let (taken, came) = mpsc::channel();
        keeper
            .serve(move |request| taken.send(request).unwrap())
            .unwrap();
        let long = format!("{{\"redeem\":\"hushwing:{}\"}}\n", "a".repeat(100_000));
        for said in [
            "",
            "\n",
            "quit\n",
            "{\"redeem\":\"https://example.org\"}\n",
            "{\"redeem\":\"hushwing:a');x('\"}\n",
            "{\"eval\":\"alert(1)\"}\n",
            long.as_str(),
        ] {
            let mut stream = at_socket(dir.path(), |path| UnixStream::connect(path)).unwrap();
            let _ = stream.write_all(said.as_bytes());
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            assert!(answer.is_empty(), "{said:.40}");
        }
        assert!(matches!(
            Instance::find(dir.path(), &redeem()).unwrap(),
            Instance::HandedOver
        ));
        assert_eq!(came.recv_timeout(PATIENCE).unwrap(), redeem());
        assert!(came.try_recv().is_err());
    }
}
