//! What only root may do: enter a network namespace, read the memory of a
//! process that protects itself.

use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result};

/// Set in a test that was started again as root.
const MARK: &str = "HUSHWING_TEST_AGAIN";

/// How a test that needs root goes on.
#[derive(Debug)]
pub enum Turn {
    /// This process is to do it.
    Here,
    /// Another process did it, as root, and ended so.
    Elsewhere(ExitStatus),
    /// Nobody can: this is not root, and sudo asks for a password.
    Nowhere,
}

/// Starts the test `name` of this program again as root, as the argument of
/// the command `wrapper` if that is not empty; in that process, answers
/// [`Turn::Here`]. Whoever is root already and needs no wrapper stays.
///
/// # Errors
/// When the process cannot be started.
pub fn turn(name: &str, wrapper: &[&str]) -> Result<Turn> {
    let root = rustix::process::geteuid().is_root();
    if std::env::var_os(MARK).is_some() || (root && wrapper.is_empty()) {
        return Ok(Turn::Here);
    }
    let mut command = if root {
        Command::new("env")
    } else if sudo_asks_nothing() {
        let mut sudo = Command::new("sudo");
        sudo.args(["-n", "env"]);
        sudo
    } else {
        return Ok(Turn::Nowhere);
    };
    let path = std::env::var("PATH").unwrap_or_default();
    let this = std::env::current_exe().context("no path of this program")?;
    let status = command
        .arg(format!("{MARK}=yes"))
        .arg(format!("PATH={path}:/usr/sbin:/sbin"))
        .args(kept_variables())
        .args(wrapper)
        // Whoever ends this process ends the other with all that it started.
        .args(["setpriv", "--pdeathsig", "KILL", "--"])
        .arg(this)
        .args([name, "--exact", "--nocapture", "--test-threads", "1"])
        .status()
        .context("cannot start the test again")?;
    Ok(Turn::Elsewhere(status))
}

/// sudo clears the environment.
fn kept_variables() -> impl Iterator<Item = String> {
    [
        crate::programs::FOLDER_VARIABLE,
        "TMPDIR",
        "HUSHWING_MARKED_TEXTS",
    ]
    .into_iter()
    .filter_map(|name| Some(format!("{name}={}", std::env::var(name).ok()?)))
}

fn sudo_asks_nothing() -> bool {
    Command::new("sudo")
        .args(["-n", "true"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
