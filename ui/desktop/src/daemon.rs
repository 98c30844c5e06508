//! The daemon, by way of the `hushwing` command: is it there, open the app, lock.
//!
//! `[HW-WIN-1]` The window holds neither the session's secret nor a key. It asks the command
//! for an address that opens the app once, which comes through a pipe, never on a command
//! line; what is to be believed of the daemon's folder, the command decides.

use std::{
    env,
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tauri::Url;
use zeroize::Zeroizing;

/// The command's file name.
const PROGRAM: &str = "hushwing";

/// What the command ends with when no daemon runs (docs/spec/8-local-interfaces.md).
const NO_DAEMON: i32 = 3;

/// Until a daemon that was started must say that it can be asked.
const START_PATIENCE: Duration = Duration::from_secs(30);

/// Until a daemon that was told to end must have ended; it takes 25 s at most by itself.
const END_PATIENCE: Duration = Duration::from_secs(30);

/// Bytes of the daemon's first line at most.
const MAX_LINE_LEN: u64 = 4096;

/// Of how the daemon is asked and, if need be, started.
#[derive(Debug, Clone)]
pub(crate) struct Daemon {
    program: PathBuf,
    dir: PathBuf,
    is_without_tor: bool,
}

/// A daemon that this window has started.
#[derive(Debug)]
pub(crate) struct Started(Child);

/// Why the app cannot be opened.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// There is no `hushwing` command to ask. The installation's fault.
    NoProgram,
    /// The daemon was started and ended, or said nothing. What it said, in English.
    NotStarted(String),
    /// The command refused. What it said, in English.
    Refused(String),
}

/// What the command says when it has failed.
#[derive(Deserialize)]
struct Said {
    message: String,
}

/// What `open --print` says.
#[derive(Deserialize)]
struct Opened {
    address: String,
}

/// What the daemon says first.
#[derive(Deserialize)]
struct Ready {
    ready: bool,
}

impl Daemon {
    /// That of `dir`, by the command that lies beside this program, or the first one of the
    /// path.
    pub(crate) fn of(dir: PathBuf, is_without_tor: bool) -> Self {
        let beside = env::current_exe()
            .ok()
            .map(|own| own.with_file_name(PROGRAM))
            .filter(|path| path.is_file());
        Self {
            program: beside.unwrap_or_else(|| PathBuf::from(PROGRAM)),
            dir,
            is_without_tor,
        }
    }

    /// An address that opens the app once, of the daemon that runs, or of one that is
    /// started now, which comes with it.
    ///
    /// # Errors
    /// [`Trouble`].
    pub(crate) fn open(&self) -> Result<(Url, Option<Started>), Trouble> {
        if let Some(address) = self.address()? {
            return Ok((address, None));
        }
        let started = self.start()?;
        match self.address()? {
            Some(address) => Ok((address, Some(started))),
            None => Err(Trouble::NotStarted(String::new())),
        }
    }

    /// Locks the account. Where no daemon runs, it is locked.
    ///
    /// # Errors
    /// [`Trouble`].
    pub(crate) fn lock(&self) -> Result<(), Trouble> {
        let output = self.ask(&["lock"])?;
        match output.status.code() {
            Some(0 | NO_DAEMON) => Ok(()),
            _ => Err(Trouble::Refused(said(&output.stderr))),
        }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .arg("--dir")
            .arg(&self.dir)
            .arg("--json")
            .stdin(Stdio::null())
            // Ctrl-C in a terminal is for the window, which then ends what it has started.
            .process_group(0);
        command
    }

    fn ask(&self, arguments: &[&str]) -> Result<Output, Trouble> {
        self.command()
            .args(arguments)
            .output()
            .map_err(|_| Trouble::NoProgram)
    }

    /// `None` when no daemon runs.
    fn address(&self) -> Result<Option<Url>, Trouble> {
        let output = self.ask(&["open", "--print"])?;
        let stdout = Zeroizing::new(output.stdout);
        match output.status.code() {
            Some(0) => serde_json::from_slice(&stdout)
                .ok()
                .and_then(|Opened { address }| app_address(&Zeroizing::new(address)))
                .map(Some)
                .ok_or_else(|| Trouble::Refused(String::new())),
            Some(NO_DAEMON) => Ok(None),
            _ => Err(Trouble::Refused(said(&output.stderr))),
        }
    }

    fn start(&self) -> Result<Started, Trouble> {
        let mut command = self.command();
        command.arg("run");
        if self.is_without_tor {
            command.arg("--without-tor");
        }
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|_| Trouble::NoProgram)?;
        let (tell, told) = mpsc::channel();
        let stdout = child.stdout.take();
        thread::spawn(move || {
            let mut line = String::new();
            if let Some(stdout) = stdout {
                let _ = BufReader::new(stdout.take(MAX_LINE_LEN)).read_line(&mut line);
            }
            let _ = tell.send(serde_json::from_str(&line).is_ok_and(|Ready { ready }| ready));
        });
        let complaints = keep_last_line(&mut child);
        let started = Started(child);
        match told.recv_timeout(START_PATIENCE) {
            Ok(true) => Ok(started),
            _ => {
                started.end();
                let last = complaints.recv_timeout(Duration::from_secs(1));
                Err(Trouble::NotStarted(said(&last.unwrap_or_default())))
            }
        }
    }
}

/// Reads away what `child` says on its standard error, so that it never waits for a reader,
/// and gives its last line when it ends.
fn keep_last_line(child: &mut Child) -> mpsc::Receiver<Vec<u8>> {
    let (tell, told) = mpsc::channel();
    if let Some(stderr) = child.stderr.take() {
        thread::spawn(move || {
            let mut last = Vec::new();
            let mut lines = BufReader::new(stderr);
            loop {
                let mut line = Vec::new();
                match (&mut lines).take(MAX_LINE_LEN).read_until(b'\n', &mut line) {
                    Ok(0) | Err(_) => break,
                    Ok(_) => last = line,
                }
            }
            let _ = tell.send(last);
        });
    }
    told
}

impl Started {
    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        !matches!(self.0.try_wait(), Ok(None))
    }

    /// Tells it to end, cleanly, and waits until it has; what has not ended in time is left
    /// to itself, since it holds the account.
    pub(crate) fn end(mut self) {
        let Ok(pid) = i32::try_from(self.0.id()) else {
            return;
        };
        // It has not been waited for, so that its number is nobody else's.
        if let (Ok(None), Some(pid)) = (self.0.try_wait(), Pid::from_raw(pid)) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let until = Instant::now() + END_PATIENCE;
        while matches!(self.0.try_wait(), Ok(None)) && Instant::now() < until {
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// `[HW-WIN-2]` The app is on 127.0.0.1, at its root and nowhere else.
fn app_address(text: &str) -> Option<Url> {
    let address = Url::parse(text.trim()).ok()?;
    let is_app = address.scheme() == "http"
        && address.host_str() == Some("127.0.0.1")
        && address.port().is_some()
        && address.username().is_empty()
        && address.password().is_none()
        && address.path() == "/"
        && address.query().is_none();
    is_app.then_some(address)
}

/// The sentence of a failed command. It comes from this user's own program, but may quote
/// a name from elsewhere: nothing in it may turn or hide what is shown.
fn said(stderr: &[u8]) -> String {
    const MAX_CHARS: usize = 400;
    let line = stderr
        .split(|&byte| byte == b'\n')
        .rfind(|line| !line.is_empty());
    let said: Option<Said> = line.and_then(|line| serde_json::from_slice(line).ok());
    said.map_or_else(String::new, |Said { message }| {
        message
            .chars()
            .filter(|c| !c.is_control() && !turns_or_hides(*c))
            .take(MAX_CHARS)
            .collect()
    })
}

fn turns_or_hides(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
}

/// The folder of the daemon where none is named, as the `hushwing` command has it.
pub(crate) fn default_dir() -> Option<PathBuf> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .map(|data| data.join(Path::new(PROGRAM)))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn only_the_app_on_this_machine_is_opened() {
        let good = "http://127.0.0.1:4711/#open=abc";
        assert_eq!(app_address(good).unwrap().as_str(), good);
        for text in [
            "",
            "http://127.0.0.1/#open=abc",
            "https://127.0.0.1:4711/",
            "http://localhost:4711/",
            "http://192.0.2.1:4711/",
            "http://[::1]:4711/",
            "http://user@127.0.0.1:4711/",
            "http://127.0.0.1:4711@example.org:80/",
            "http://127.0.0.1:4711/v0/command",
            "http://127.0.0.1:4711/?x",
            "file:///etc/passwd",
            "javascript:alert(1)",
        ] {
            assert_eq!(app_address(text), None, "{text}");
        }
    }

    #[test]
    fn a_sentence_is_bounded_and_hides_nothing() {
        let line = |message: &str| {
            serde_json::to_vec(&serde_json::json!({"code":"machine","message":message})).unwrap()
        };
        assert_eq!(said(&line("a\u{202e}b\u{7}c\nd")), "abcd");
        assert_eq!(said(&line(&"x".repeat(10_000))).len(), 400);
        assert_eq!(said(b"no json"), "");
        assert_eq!(said(b""), "");
    }

    /// A command that says what `script` says.
    fn daemon(dir: &Path, script: &str) -> Daemon {
        let program = dir.join(PROGRAM);
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Daemon {
            program,
            dir: dir.to_owned(),
            is_without_tor: true,
        }
    }

    #[test]
    fn what_the_command_says_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let opened = |script: &str| daemon(dir.path(), script).open();
        let (address, started) =
            opened(r#"echo '{"address":"http://127.0.0.1:4711/#open=abc"}'"#).unwrap();
        assert_eq!(address.port(), Some(4711));
        assert!(started.is_none());
        assert!(matches!(
            opened(r#"echo '{"address":"http://example.org:80/"}'"#),
            Err(Trouble::Refused(_))
        ));
        let refused = opened(r#"echo '{"code":"machine","message":"it is damaged"}' >&2; exit 1"#);
        assert!(matches!(refused, Err(Trouble::Refused(why)) if why == "it is damaged"));
        let script = r#"[ "$4" = run ] || exit 3; echo '{"code":"machine","message":"no room"}' >&2; exit 1"#;
        assert!(matches!(opened(script), Err(Trouble::NotStarted(why)) if why == "no room"));
        let nowhere = Daemon {
            program: dir.path().join("nothing"),
            ..daemon(dir.path(), "")
        };
        assert!(matches!(nowhere.open(), Err(Trouble::NoProgram)));
    }

    #[test]
    fn a_daemon_that_was_started_is_ended_cleanly() {
        let dir = tempfile::tempdir().unwrap();
        let script = format!(
            "cd {}; case $4 in open) [ -e up ] && echo '{{\"address\":\"http://127.0.0.1:1/#open=a\"}}' && exit 0; exit 3;; \
             run) trap 'rm up; exit 0' TERM; touch up; echo '{{\"ready\":true}}'; while :; do sleep 0.05; done;; esac",
            dir.path().display()
        );
        let (_, started) = daemon(dir.path(), &script).open().unwrap();
        assert!(dir.path().join("up").exists());
        started.unwrap().end();
        assert!(!dir.path().join("up").exists());
    }
}
