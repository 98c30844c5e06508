//! Processes that cannot outlive the story.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, kill_process_group, test_kill_process_group};

use crate::wait::{self, HANG_GUARD, Seen};

/// A running daemon in a process group of its own.
///
/// It is killed, with its whole group, when this value is dropped, and by the
/// kernel when the thread that started it dies, however that happens.
#[derive(Debug)]
pub struct Daemon {
    name: String,
    child: Child,
    group: Pid,
    log: PathBuf,
    lines: Receiver<String>,
    doom: Option<Doom>,
}

/// A kill that comes at an instant of its own, whatever the story does then.
#[derive(Debug)]
struct Doom {
    spare: Sender<()>,
    has_struck: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Doom {
    fn announce(group: Pid, pause: Duration) -> Doom {
        let (spare, spared) = mpsc::channel();
        let has_struck = Arc::new(AtomicBool::new(false));
        let strikes = Arc::clone(&has_struck);
        let thread = std::thread::spawn(move || {
            if spared.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                // Said before it is done: what fails because of it comes later.
                strikes.store(true, Ordering::SeqCst);
                let _ = kill_process(group, Signal::KILL);
            }
        });
        Doom {
            spare,
            has_struck,
            thread,
        }
    }

    /// Takes it back, unless it has come.
    fn cancel(self) {
        drop(self.spare);
        // It does nothing that could panic.
        let _ = self.thread.join();
    }
}

impl Daemon {
    /// Starts `program`; its stderr is appended to `log`, the lines of its
    /// stdout are kept for [`line`](Daemon::line).
    ///
    /// # Errors
    /// When it cannot be started or the log cannot be opened.
    pub fn start(name: &str, program: &Path, args: &[&str], log: &Path) -> Result<Daemon> {
        Daemon::start_with(name, program, args, &[], log)
    }

    /// As [`start`](Daemon::start), with variables added to the environment.
    ///
    /// # Errors
    /// See [`start`](Daemon::start).
    pub fn start_with(
        name: &str,
        program: &Path,
        args: &[&str],
        variables: &[(&str, &str)],
        log: &Path,
    ) -> Result<Daemon> {
        let stderr = File::options()
            .create(true)
            .append(true)
            .open(log)
            .with_context(|| format!("cannot write {}", log.display()))?;
        // setpriv replaces itself by the program: same process id.
        let mut child = Command::new("setpriv")
            .args(["--pdeathsig", "KILL", "--"])
            .arg(program)
            .args(args)
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(stderr)
            .process_group(0)
            .spawn()
            .with_context(|| {
                format!(
                    "cannot start {} (setpriv is in util-linux)",
                    program.display()
                )
            })?;
        let stdout = child.stdout.take().context("stdout is piped")?;
        let group = Pid::from_child(&child);
        Ok(Daemon {
            name: name.to_owned(),
            child,
            group,
            log: log.to_path_buf(),
            lines: lines_of(stdout),
            doom: None,
        })
    }

    /// Kills it (SIGKILL) when `pause` is over, whatever it does then. Returns at
    /// once.
    pub fn doom(&mut self, pause: Duration) {
        self.doom = Some(Doom::announce(self.group, pause));
    }

    /// Whether a kill that was announced has come.
    #[must_use]
    pub fn is_struck(&self) -> bool {
        let struck = |doom: &Doom| doom.has_struck.load(Ordering::SeqCst);
        self.doom.as_ref().is_some_and(struck)
    }

    /// Waits for the kill that was announced.
    ///
    /// # Errors
    /// When none was, or the process ended in another way, or left one behind.
    pub fn succumb(mut self) -> Result<()> {
        let doom = self.doom.take().context("no kill was announced")?;
        let joined = doom.thread.join();
        joined.map_err(|_| anyhow::anyhow!("the kill did not come"))?;
        let status = self.child.wait()?;
        if status.signal() != Some(Signal::KILL.as_raw()) {
            bail!("{} ended ({status}):\n{}", self.name, self.last_words());
        }
        self.require_empty_group()
    }

    /// The process id, which is also that of its group.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the next line of its stdout.
    ///
    /// # Errors
    /// When it ends, or is silent for [`HANG_GUARD`], before a whole line.
    pub fn line(&mut self) -> Result<String> {
        self.lines
            .recv_timeout(HANG_GUARD)
            .map_err(|why| match why {
                RecvTimeoutError::Timeout => anyhow::anyhow!("{} says nothing", self.name),
                RecvTimeoutError::Disconnected => {
                    anyhow::anyhow!(
                        "{} ended before it was ready:\n{}",
                        self.name,
                        self.last_words()
                    )
                }
            })
    }

    /// Fails if the process has ended by itself.
    ///
    /// # Errors
    /// With its exit status and the end of its log.
    pub fn require_alive(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            bail!("{} ended ({status}):\n{}", self.name, self.last_words());
        }
        Ok(())
    }

    /// Resident memory in KiB, as the kernel counts it.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn resident_kib(&self) -> Result<u64> {
        resident_kib(self.pid())
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    ///
    /// # Errors
    /// When it does not end within [`HANG_GUARD`], or not with success.
    pub fn stop(mut self) -> Result<()> {
        self.spare();
        kill_process(self.group, Signal::TERM).context("SIGTERM")?;
        let name = self.name.clone();
        let status: ExitStatus = wait::until(&format!("{name} to end"), || {
            Ok(match self.child.try_wait()? {
                Some(status) => Seen::Done(status),
                None => Seen::NotYet("still running".to_owned()),
            })
        })?;
        if !status.success() {
            bail!(
                "{name} did not end cleanly ({status}):\n{}",
                self.last_words()
            );
        }
        self.require_empty_group()
    }

    /// Kills it as a pulled plug would (SIGKILL).
    ///
    /// # Errors
    /// When it had ended before, or left a process behind.
    pub fn kill(mut self) -> Result<()> {
        self.spare();
        self.require_alive()?;
        kill_process(self.group, Signal::KILL).context("SIGKILL")?;
        self.child.wait()?;
        self.require_empty_group()
    }

    /// Stops it in its tracks (SIGSTOP): its connections stay open and say
    /// nothing. Only a kill ends that here.
    ///
    /// # Errors
    /// When it has ended.
    pub fn freeze(&mut self) -> Result<()> {
        self.require_alive()?;
        kill_process(self.group, Signal::STOP).context("SIGSTOP")
    }

    /// No announced kill may come once the process is reaped: its id can then be
    /// another's.
    fn spare(&mut self) {
        if let Some(doom) = self.doom.take() {
            doom.cancel();
        }
    }

    fn require_empty_group(&self) -> Result<()> {
        if test_kill_process_group(self.group).is_ok() {
            bail!("{} left a process behind", self.name);
        }
        Ok(())
    }

    fn last_words(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.spare();
        // Already gone is what is wanted; there is nobody to tell otherwise.
        let _ = kill_process_group(self.group, Signal::KILL);
        let _ = self.child.wait();
    }
}

/// Resident memory of process `pid` in KiB.
///
/// # Errors
/// When the process is gone.
pub fn resident_kib(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.trim().strip_suffix("kB"))
        .and_then(|number| number.trim().parse().ok())
        .context("no VmRSS in /proc/PID/status")
}

/// The command lines of all processes that name `root`, which is everything
/// that a story started and that still lives: every daemon, command and tor
/// node is told a path below its folder.
///
/// # Errors
/// When `/proc` cannot be read.
pub fn that_name(root: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let own = std::process::id().to_string();
    for entry in fs::read_dir("/proc")? {
        let entry = entry?;
        let pid = entry.file_name().to_string_lossy().into_owned();
        if !pid.bytes().all(|b| b.is_ascii_digit()) || pid == own {
            continue;
        }
        // A process may end between the listing and the reading.
        let Ok(bytes) = fs::read(entry.path().join("cmdline")) else {
            continue;
        };
        let line = String::from_utf8_lossy(&bytes).replace('\0', " ");
        if line.contains(&*root.to_string_lossy()) {
            found.push(format!("{pid}: {line}"));
        }
    }
    Ok(found)
}

fn lines_of(stream: impl std::io::Read + Send + 'static) -> Receiver<String> {
    let (to, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let Ok(line) = line else { break };
            if to.send(line).is_err() {
                break;
            }
        }
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_daemon_is_gone_with_its_children_and_a_live_one_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let script = format!("sleep 1000 & echo ready; wait # {}", dir.path().display());
        let sh = Path::new("/bin/sh");
        let mut daemon =
            Daemon::start("sh", sh, &["-c", &script], &dir.path().join("log")).unwrap();
        assert_eq!(daemon.line().unwrap(), "ready");
        assert!(daemon.resident_kib().unwrap() > 0);
        // One, or two: the child has the shell's command line until it is `sleep`.
        assert!(!that_name(dir.path()).unwrap().is_empty());
        let group = daemon.group;
        drop(daemon);
        // The shell is reaped; its child is dead or about to be reaped by init.
        wait::until("the group to vanish", || {
            Ok(Seen::when(test_kill_process_group(group).is_err(), "alive"))
        })
        .unwrap();
        assert!(that_name(dir.path()).unwrap().is_empty());
    }

    #[test]
    fn an_announced_kill_comes_and_one_that_is_taken_back_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let sleep = || Daemon::start("sleep", Path::new("/bin/sleep"), &["1000"], &log).unwrap();
        let mut doomed = sleep();
        doomed.doom(Duration::from_millis(10));
        wait::until("the kill", || Ok(Seen::when(doomed.is_struck(), "alive"))).unwrap();
        doomed.succumb().unwrap();

        let mut spared = sleep();
        spared.doom(wait::HANG_GUARD);
        assert!(!spared.is_struck());
        spared.kill().unwrap();

        // Ended, and not reaped yet: its id is still its own.
        let mut ended = Daemon::start("true", Path::new("/bin/true"), &[], &log).unwrap();
        let stat = format!("/proc/{}/stat", ended.pid());
        wait::until("its end", || {
            let stat = fs::read_to_string(&stat)?;
            Ok(Seen::when(stat.contains(") Z "), stat))
        })
        .unwrap();
        ended.doom(Duration::ZERO);
        let error = ended.succumb().unwrap_err().to_string();
        assert!(
            error.contains("ended"),
            "an end of its own is no kill: {error}"
        );
    }

    #[test]
    fn a_daemon_that_fails_is_reported_with_its_last_words() {
        let dir = tempfile::tempdir().unwrap();
        let args = ["-c", "echo out of luck >&2; exit 3"];
        let log = dir.path().join("log");
        let mut daemon = Daemon::start("sh", Path::new("/bin/sh"), &args, &log).unwrap();
        let error = daemon.line().unwrap_err().to_string();
        assert!(error.contains("out of luck"), "{error}");
    }
}
