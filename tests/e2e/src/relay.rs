//! A relay process.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process::Daemon;
use crate::programs;

/// How the relay is reached.
#[derive(Debug, Clone)]
pub enum Entrance {
    /// An onion service on the private network whose configuration this is.
    Onion {
        /// `arti.toml`.
        network: PathBuf,
    },
    /// A TCP port of this machine.
    Loopback {
        /// The port.
        port: u16,
    },
}

impl Entrance {
    /// A port of this machine at which nobody listens.
    ///
    /// # Errors
    /// When the system has none.
    pub fn free_port() -> Result<Entrance> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port")?;
        let port = listener.local_addr()?.port();
        Ok(Entrance::Loopback { port })
    }
}

/// A `hushwing-relay` with a folder of its own, running or not.
#[derive(Debug)]
pub struct Relay {
    dir: PathBuf,
    log: PathBuf,
    entrance: Entrance,
    log_level: &'static str,
    daemon: Option<Daemon>,
    address: String,
}

impl Relay {
    /// Starts a new relay below `root` and waits until it says that it is ready.
    ///
    /// # Errors
    /// When it does not become ready.
    pub fn start(
        root: &Path,
        entrance: Entrance,
        log_level: &'static str,
    ) -> Result<(Relay, Duration)> {
        Relay::start_in(root, "relay", entrance, log_level)
    }

    /// As [`start`](Relay::start), in the folder `root/name`, for a story with
    /// several.
    ///
    /// # Errors
    /// When it does not become ready.
    pub fn start_in(
        root: &Path,
        name: &str,
        entrance: Entrance,
        log_level: &'static str,
    ) -> Result<(Relay, Duration)> {
        let mut relay = Relay {
            dir: root.join(name),
            log: root.join(format!("{name}.log")),
            entrance,
            log_level,
            daemon: None,
            address: String::new(),
        };
        let took = relay.restart()?;
        Ok((relay, took))
    }

    /// Starts it again on the same folder; it must have the same address.
    ///
    /// # Errors
    /// When it does not become ready, or has become another relay.
    pub fn restart(&mut self) -> Result<Duration> {
        let began = Instant::now();
        let dir = self.dir.to_string_lossy().into_owned();
        let mut args = vec!["run", "--dir", &dir, "--json"];
        let listen;
        let network;
        match &self.entrance {
            Entrance::Onion { network: file } => {
                network = file.to_string_lossy().into_owned();
                args.extend(["--onion", "--tor-network", &network]);
            }
            Entrance::Loopback { port } => {
                listen = format!("127.0.0.1:{port}");
                args.extend(["--listen", &listen]);
            }
        }
        let program = programs::find("hushwing-relay")?;
        let variables = [("HUSHWING_LOG", self.log_level)];
        let mut daemon = Daemon::start_with("the relay", &program, &args, &variables, &self.log)?;
        let line = daemon.line()?;
        let ready: Value = serde_json::from_str(&line)
            .with_context(|| format!("the relay's first line is not JSON: {line}"))?;
        let address = ready["address"]
            .as_str()
            .with_context(|| format!("the relay names no address: {line}"))?;
        anyhow::ensure!(
            self.address.is_empty() || self.address == address,
            "the relay came back under another address"
        );
        self.address = address.to_owned();
        self.daemon = Some(daemon);
        Ok(began.elapsed())
    }

    /// What people type: `hushwing-relay:...`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Its folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its log.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The running process.
    ///
    /// # Errors
    /// When it does not run.
    pub fn daemon(&mut self) -> Result<&mut Daemon> {
        self.daemon.as_mut().context("the relay is not running")
    }

    /// Ends it cleanly.
    ///
    /// # Errors
    /// When it does not end cleanly.
    pub fn stop(&mut self) -> Result<()> {
        self.daemon
            .take()
            .context("the relay is not running")?
            .stop()
    }

    /// Kills it (SIGKILL).
    ///
    /// # Errors
    /// When it was not running.
    pub fn kill(&mut self) -> Result<()> {
        self.daemon
            .take()
            .context("the relay is not running")?
            .kill()
    }
}
