//! What this process and those of the web view do not give away, and what may not drive them.
//!
//! `[HW-WIN-5]` The web view's processes take their environment from this one, so it is
//! cleaned by starting the program once more: no proxy is told to them, no remote inspector,
//! no log of what they do. On the way the request leaves the command line, which every user of
//! the machine can read: it comes to the second start through a pipe.

use std::{
    env,
    io::{self, Read, Write},
    os::unix::process::CommandExt,
    process::Command,
};

use rustix::process::{Resource, Rlimit, setrlimit, umask};
use zeroize::Zeroizing;

use crate::request::Start;

/// The program's name.
const NAME: &str = "hushwing-window";

/// The one argument of the second start.
pub(crate) const AGAIN: &str = "--again";

/// Bytes of what is handed to the second start at most: less than a pipe holds.
const MAX_START_LEN: u64 = 16 * 1024;

/// What would send the page's requests elsewhere, or tell others of them.
const REMOVED: &[&str] = &[
    "http_proxy",
    "https_proxy",
    "ftp_proxy",
    "all_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "FTP_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "WEBKIT_INSPECTOR_HTTP_SERVER",
    "WEBKIT_DEBUG",
    "G_MESSAGES_DEBUG",
    "SOUP_DEBUG",
];

/// What lets a test drive the window. A build for users knows no such thing.
const FOR_TESTS: &[&str] = &[
    "WEBKIT_INSPECTOR_SERVER",
    "TAURI_AUTOMATION",
    "TAURI_WEBVIEW_AUTOMATION",
];

/// Many drivers show an empty window with this renderer (tauri#9304); who has set it knows.
const NO_DMABUF: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";

/// No core dump of this process or of those it starts, and no file that others may open.
///
/// # Errors
/// When the system does not allow it: then the program must not go on.
pub(crate) fn harden() -> io::Result<()> {
    umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    Ok(setrlimit(Resource::Core, none)?)
}

/// Whether a test drives this window.
pub(crate) fn is_driven() -> bool {
    cfg!(debug_assertions) && env::var("TAURI_WEBVIEW_AUTOMATION").is_ok_and(|it| it == "true")
}

/// Starts the program again in place of this one, with a clean environment and with `start`
/// behind a pipe. Comes back only when it cannot.
pub(crate) fn start_again(start: &Start) -> io::Error {
    let handed = match hand(start) {
        Ok(handed) => handed,
        Err(error) => return error,
    };
    let mut command = Command::new("/proc/self/exe");
    // The system knows windows by the name of their program.
    command.arg0(NAME).arg(AGAIN).stdin(handed);
    for name in REMOVED {
        command.env_remove(name);
    }
    if !cfg!(debug_assertions) {
        for name in FOR_TESTS {
            command.env_remove(name);
        }
    }
    if env::var_os(NO_DMABUF).is_none() {
        command.env(NO_DMABUF, "1");
    }
    command.exec()
}

fn hand(start: &Start) -> io::Result<io::PipeReader> {
    let text = Zeroizing::new(serde_json::to_vec(start)?);
    if text.len() as u64 > MAX_START_LEN {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let (reader, mut writer) = io::pipe()?;
    writer.write_all(&text)?;
    Ok(reader)
}

/// What the first start has handed over.
///
/// # Errors
/// When nobody has.
pub(crate) fn take_start() -> io::Result<Start> {
    let mut text = Zeroizing::new(Vec::with_capacity(4096));
    io::stdin().take(MAX_START_LEN).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}
