//! One `tor` process and its directory.

use std::{
    fs,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::{TestNetError, in_dir};

/// How much of a node's output is quoted when it died.
const LAST_WORDS_MAX: usize = 1500;

/// What a node does in the network. All of them relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Votes, and serves the directory at `dir_port`.
    Authority { dir_port: u16 },
    /// Lets streams out, to 127.0.0.1 only.
    Exit,
}

/// Identities of an authority, known once its keys are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuthorityIds {
    /// SHA-1 of the relay's RSA identity, 40 hex digits.
    pub(crate) rsa: String,
    /// Ed25519 relay identity, base64 without padding.
    pub(crate) ed25519: String,
    /// SHA-1 of the authority's own identity key, 40 hex digits.
    pub(crate) v3ident: String,
}

/// A signal for a whole network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGSTOP.
    Stop,
    /// SIGCONT.
    Continue,
}

#[derive(Debug)]
pub(crate) struct Node {
    nick: String,
    role: Role,
    or_port: u16,
    dir: PathBuf,
    child: Option<Child>,
    pub(crate) ids: Option<AuthorityIds>,
}

impl Node {
    /// Makes the node's directory below `parent`; starts nothing.
    pub(crate) fn create(
        parent: &Path,
        nick: String,
        role: Role,
        or_port: u16,
    ) -> Result<Node, TestNetError> {
        let dir = parent.join(&nick);
        private_dir(&dir)?;
        private_dir(&dir.join("data"))?;
        Ok(Node {
            nick,
            role,
            or_port,
            dir,
            child: None,
            ids: None,
        })
    }

    pub(crate) fn nick(&self) -> &str {
        &self.nick
    }

    pub(crate) fn role(&self) -> Role {
        self.role
    }

    pub(crate) fn or_port(&self) -> u16 {
        self.or_port
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        self.dir.join("data")
    }

    pub(crate) fn torrc_path(&self) -> PathBuf {
        self.dir.join("torrc")
    }

    pub(crate) fn log_path(&self) -> PathBuf {
        self.dir.join("notice.log")
    }

    /// Starts the process. Its log begins anew, so that what an earlier run
    /// said is not taken for news.
    pub(crate) fn launch(&mut self, defaults: &Path) -> Result<(), TestNetError> {
        self.kill();
        let log = self.log_path();
        if log.exists() {
            fs::remove_file(&log).map_err(in_dir(&log))?;
        }
        let out_path = self.dir.join("tor.out");
        let out = fs::File::create(&out_path).map_err(in_dir(&out_path))?;
        let err = out.try_clone().map_err(in_dir(&out_path))?;
        let child = Command::new("tor")
            .arg("--defaults-torrc")
            .arg(defaults)
            .arg("-f")
            .arg(self.torrc_path())
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .spawn()
            .map_err(|_| TestNetError::ToolMissing("tor"))?;
        self.child = Some(child);
        Ok(())
    }

    pub(crate) fn pid(&mut self) -> Option<u32> {
        if self.has_ended() {
            return None;
        }
        self.child.as_ref().map(Child::id)
    }

    /// Whether the process was started and is gone.
    pub(crate) fn has_ended(&mut self) -> bool {
        match &mut self.child {
            Some(child) => !matches!(child.try_wait(), Ok(None)),
            None => false,
        }
    }

    /// SIGKILL, and waits until the process is gone.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Either call fails only when the process has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    pub(crate) fn signal(&mut self, signal: Signal) -> Result<(), TestNetError> {
        let Some(pid) = self.pid() else {
            return Ok(());
        };
        let name = match signal {
            Signal::Stop => "-STOP",
            Signal::Continue => "-CONT",
        };
        let done = Command::new("kill")
            .arg(name)
            .arg(pid.to_string())
            .output()
            .map_err(|_| TestNetError::ToolMissing("kill"))?;
        if done.status.success() {
            return Ok(());
        }
        Err(TestNetError::Tool {
            tool: "kill",
            output: String::from_utf8_lossy(&done.stderr).into_owned(),
        })
    }

    /// Has this relay a directory and working circuits of its own?
    pub(crate) fn has_bootstrapped(&self) -> bool {
        fs::read(self.log_path())
            .is_ok_and(|log| String::from_utf8_lossy(&log).contains("Bootstrapped 100%"))
    }

    /// The end of what the process printed.
    pub(crate) fn last_words(&self) -> String {
        let out = fs::read(self.dir.join("tor.out")).unwrap_or_default();
        let from = out.len().saturating_sub(LAST_WORDS_MAX);
        String::from_utf8_lossy(&out[from..]).trim().to_owned()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Creates `path` and its parents, readable by the owner only, as tor demands.
pub(crate) fn private_dir(path: &Path) -> Result<(), TestNetError> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(in_dir(path))
}
