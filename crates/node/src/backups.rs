//! Backups beside everything else: work that takes long, one at a time.

use std::path::PathBuf;

use hushwing_engine::{
    CONTACTS, MESSAGES,
    view::{BackupView, CommandError, ErrorCode, Reply},
};
use hushwing_vault::{BackupContents, BackupError, Stop};
use tokio::{task::JoinHandle, time::timeout};

use crate::{core::wipe_stack, limits, words};

/// A backup that is being made or checked, on a thread of its own.
pub(crate) struct Job {
    stop: Stop,
    task: JoinHandle<()>,
}

impl Job {
    /// Must be called inside a runtime.
    pub(crate) fn start(
        stop: Stop,
        work: impl FnOnce() -> Result<BackupContents, BackupError> + Send + 'static,
        answer: impl FnOnce(Result<Reply, CommandError>) + Send + 'static,
    ) -> Self {
        let task = tokio::task::spawn_blocking(move || {
            carry_out(work, answer);
            // A passphrase and keys passed through here. `[HW-VAULT-14]`
            wipe_stack();
        });
        Self { stop, task }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.task.is_finished()
    }

    /// Asks it to end, and waits a little for that.
    pub(crate) async fn end(self) {
        self.stop.ask();
        if timeout(limits::STOP, self.task).await.is_err() {
            tracing::warn!("a backup did not stop in time");
        }
    }
}

/// On a frame of its own, so that what it leaves is below the call that wipes.
#[inline(never)]
fn carry_out(
    work: impl FnOnce() -> Result<BackupContents, BackupError>,
    answer: impl FnOnce(Result<Reply, CommandError>),
) {
    answer(match work() {
        Ok(contents) => Ok(Reply::Backup(view(&contents))),
        Err(error) => Err(words::backup_error(error)),
    });
}

/// What people see of a backup.
pub(crate) fn view(contents: &BackupContents) -> BackupView {
    BackupView {
        made_at_ms: contents.made_at_ms,
        contacts: contents.rows_of(CONTACTS),
        messages: contents.rows_of(MESSAGES),
        len: contents.len,
    }
}

/// A path that means the same in every folder: the daemon's is not the caller's.
pub(crate) fn absolute(file: &str) -> Result<PathBuf, CommandError> {
    let path = PathBuf::from(file);
    if path.is_absolute() && path.file_name().is_some() {
        return Ok(path);
    }
    Err(CommandError::new(
        ErrorCode::BadInput,
        "The file must be named by its whole path, from the root folder on.",
    ))
}
