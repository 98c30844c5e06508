//! Where a story plays: a folder, a private Tor network, and a narrator.

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use hushwing_testnet::TestNet;
use tempfile::TempDir;

use crate::process;

/// Tells the story to whoever runs it, one line an event.
#[derive(Debug)]
pub struct Narrator {
    began: Instant,
}

impl Narrator {
    /// Begins now.
    #[must_use]
    pub fn begin() -> Narrator {
        Narrator {
            began: Instant::now(),
        }
    }

    /// A new chapter.
    #[allow(clippy::print_stdout, reason = "the story is the output of the demo")]
    pub fn chapter(&self, title: &str) {
        println!("\n{title}");
    }

    /// What somebody does or sees.
    #[allow(clippy::print_stdout, reason = "the story is the output of the demo")]
    pub fn says(&self, who: &str, what: &str) {
        println!(
            "  {:6.1} s  {who:<7} {what}",
            self.began.elapsed().as_secs_f64()
        );
    }

    /// Whole seconds since the beginning.
    #[must_use]
    pub fn elapsed_s(&self) -> u64 {
        self.began.elapsed().as_secs()
    }
}

/// The folder of a story: removed at the end, unless the story fails or it is
/// to be kept.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    temporary: Option<TempDir>,
}

impl Folder {
    /// A fresh folder below the system's temporary one.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn temporary() -> Result<Folder> {
        let temporary = tempfile::Builder::new()
            .prefix("hushwing-story-")
            .tempdir()
            .context("no temporary folder")?;
        Ok(Folder {
            path: temporary.path().to_path_buf(),
            temporary: Some(temporary),
        })
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Leaves everything where it is, for a look.
    pub fn keep(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            self.path = temporary.keep();
        }
    }
}

impl Drop for Folder {
    /// A failed test leaves its folder: the logs tell why.
    #[allow(clippy::print_stderr, reason = "whoever sees the test fail looks here")]
    fn drop(&mut self) {
        if std::thread::panicking() && self.temporary.is_some() {
            self.keep();
            eprintln!("the logs are in {}", self.path.display());
        }
    }
}

/// Starts the private Tor network of a story.
///
/// # Errors
/// When `tor` is missing or the network does not come up.
pub fn start_network(folder: &Folder) -> Result<TestNet> {
    TestNet::start(&folder.path().join("tor")).context("the private Tor network")
}

/// Where the Arti configuration of that network is.
#[must_use]
pub fn network_file(net: &TestNet) -> PathBuf {
    net.dir().join("arti.toml")
}

/// Requires that nothing which this story started still lives.
///
/// # Errors
/// Names what lives.
pub fn require_nobody_left(folder: &Folder) -> Result<()> {
    let left = process::that_name(folder.path())?;
    ensure!(left.is_empty(), "left behind: {left:#?}");
    Ok(())
}
