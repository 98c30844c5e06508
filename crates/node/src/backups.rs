//! Backups beside everything else: work that takes long, one at a time.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use hushwing_engine::{
    CONTACTS, INVITES, MESSAGES, REQUESTS,
    view::{BackupView, CommandError, ErrorCode, LossKind, LossView, Reply, VaultReportView},
};
use hushwing_protocol::store::{KEY_TABLES, Table};
use hushwing_vault::{BackupContents, BackupError, Damage, Stop};
use tokio::{task::JoinHandle, time::timeout};

use crate::{limits, stack::wipe_stack, words};

/// What a job is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Somebody asked for it and waits for the answer.
    Asked,
    /// It is a snapshot, of which another one can be made later.
    Snapshot,
}

/// A backup that is being made or checked, on a thread of its own.
pub(crate) struct Job {
    pub(crate) purpose: Purpose,
    stop: Stop,
    /// The work is done; whoever hears the answer may ask for the next one at once.
    is_done: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Job {
    /// Must be called inside a runtime.
    pub(crate) fn start(
        purpose: Purpose,
        stop: Stop,
        work: impl FnOnce() -> Result<Reply, BackupError> + Send + 'static,
        answer: impl FnOnce(Result<Reply, CommandError>) + Send + 'static,
    ) -> Self {
        let is_done = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&is_done);
        let task = tokio::task::spawn_blocking(move || {
            carry_out(work, &done, answer);
            // A passphrase and keys passed through here. `[HW-VAULT-14]`
            wipe_stack();
        });
        Self {
            purpose,
            stop,
            is_done,
            task,
        }
    }

    /// Whether a front end waits for it now.
    pub(crate) fn is_awaited(&self) -> bool {
        self.purpose == Purpose::Asked && !self.is_over()
    }

    pub(crate) fn is_over(&self) -> bool {
        // A panic ends it without an answer.
        self.is_done.load(Ordering::Acquire) || self.task.is_finished()
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
    work: impl FnOnce() -> Result<Reply, BackupError>,
    is_done: &AtomicBool,
    answer: impl FnOnce(Result<Reply, CommandError>),
) {
    let outcome = work();
    is_done.store(true, Ordering::Release);
    answer(outcome.map_err(words::backup_error));
}

/// Tables that no snapshot holds: those of keys, but for what a conversation needs to get
/// new ones (identities and what lies outside of the lanes). A key of a message must not
/// outlive its deletion there, and no old one may be used again. `[HW-VAULT-41]`
pub(crate) const NOT_IN_SNAPSHOTS: [Table; 4] = [Table(0), Table(2), Table(3), Table(4)];

/// What people see of what was found in the vault's files.
pub(crate) fn report(
    damage: &Damage,
    snapshots_ms: Vec<u64>,
    kept_aside: usize,
) -> VaultReportView {
    let mut losses = std::collections::BTreeMap::<LossKind, LossView>::new();
    for (number, loss) in damage.tables.iter().filter(|(_, loss)| !loss.is_whole()) {
        let what = kind_of(Table(*number));
        let view = losses.entry(what).or_insert(LossView {
            what,
            kept: 0,
            from_snapshot: 0,
            lost: 0,
            uncertain: false,
        });
        view.kept += loss.kept;
        view.from_snapshot += loss.from_snapshot;
        view.lost += loss.lost;
        view.uncertain |= loss.is_uncertain;
    }
    VaultReportView {
        pages: damage.pages,
        damaged_pages: damage.damaged_pages.len() as u64,
        inconsistent: damage.is_inconsistent,
        newest_lost: damage.is_log_lost,
        losses: losses.into_values().collect(),
        snapshots_ms,
        kept_aside: kept_aside as u64,
    }
}

fn kind_of(table: Table) -> LossKind {
    match table {
        CONTACTS => LossKind::Contacts,
        MESSAGES => LossKind::Messages,
        Table(4) | INVITES | REQUESTS => LossKind::Invites,
        table if KEY_TABLES.contains(&table) => LossKind::Keys,
        _ => LossKind::Other,
    }
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
