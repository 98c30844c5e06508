//! Failures in words for people: what happened and what to do. No address.

use std::time::Duration;

use hushwing_engine::view::{Command, CommandError, ErrorCode, NetworkView, WIPE_PHRASE};
use hushwing_protocol::store::StoreError;
use hushwing_relay_client::{CallError, ConnectError};
use hushwing_transport::{DialError, NetworkState};
use hushwing_vault::{
    BackupError, ChangeError, CreateError, FileError, OpenError, RestoreError, SalvageError,
};

/// Why a relay (or a contact's node) could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LinkError {
    /// No stream.
    #[error("{0}")]
    Dial(DialError),
    /// A stream, and no secure link on it.
    #[error("{0}")]
    Connect(#[from] ConnectError),
    /// A link, and no answer.
    #[error("{0}")]
    Call(#[from] CallError),
    /// Neither in time.
    #[error("it did not answer in time")]
    TimedOut,
}

/// `error` as a sentence.
pub(crate) fn sentence(error: &LinkError) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    let Some(first) = chars.next() else {
        return text;
    };
    let rest = chars.as_str().trim_end_matches('.');
    format!("{}{rest}.", first.to_uppercase())
}

/// The network's state as people see it.
pub(crate) fn network_view(state: &NetworkState) -> NetworkView {
    match state {
        NetworkState::Off => NetworkView::Off,
        NetworkState::Starting { percent, stage } => NetworkView::Starting {
            percent: *percent,
            stage: stage.clone(),
        },
        NetworkState::Ready => NetworkView::Ready,
        NetworkState::Blocked { reason } => NetworkView::Blocked {
            reason: reason.clone(),
        },
    }
}

/// Why no vault was made.
pub(crate) fn create_error(error: CreateError) -> CommandError {
    match error {
        CreateError::AlreadyExists => CommandError::new(
            ErrorCode::VaultExists,
            "There is an account here already. Unlock it, or choose another folder.",
        ),
        CreateError::InUse => in_use(),
        CreateError::Files(FileError::DiskFull) => disk_full(),
        other => CommandError::new(
            ErrorCode::Machine,
            format!("The account could not be made: {other}. Nothing was left behind."),
        ),
    }
}

/// Why a vault did not open.
pub(crate) fn open_error(error: OpenError) -> CommandError {
    match error {
        OpenError::NotFound => no_vault(),
        OpenError::InUse => in_use(),
        OpenError::WrongPassphrase => CommandError::new(
            ErrorCode::WrongPassphrase,
            "This passphrase does not open the account. Nothing was changed; try again.",
        ),
        OpenError::Newer => CommandError::new(
            ErrorCode::VaultUnusable,
            "This account was last used by a newer version of Hushwing. Use that version to \
             open it.",
        ),
        OpenError::Files(FileError::DiskFull) => disk_full(),
        OpenError::Damaged(what) => CommandError::new(
            ErrorCode::VaultUnusable,
            format!(
                "The account's files are damaged ({what}). Nothing was changed. Open what can be \
                 read with 'hushwing vault salvage', or restore a backup."
            ),
        ),
        OpenError::Params(_) => CommandError::new(
            ErrorCode::VaultUnusable,
            format!("The account cannot be opened: {error}."),
        ),
        other => CommandError::new(
            ErrorCode::Machine,
            format!("The account could not be opened: {other}."),
        ),
    }
}

/// What is told when the old passphrase may still open what is left of the old header.
pub(crate) const OLD_HEADER_LEFT: &str = "Your passphrase was changed, but the old key file could not be overwritten: it has another \
     name, or the disk refused. Who finds it and knows the old passphrase can open a copy of your \
     account. Look for other copies of vault.hw.";

/// Why the passphrase was not changed.
pub(crate) fn change_error(error: ChangeError) -> CommandError {
    let (code, message) = match error {
        ChangeError::WrongPassphrase => (
            ErrorCode::WrongPassphrase,
            "What you gave as the present passphrase does not open the account. Nothing was \
             changed; try again."
                .to_owned(),
        ),
        ChangeError::Same => (
            ErrorCode::BadInput,
            "The new passphrase is the one that you have. Nothing was changed; choose another \
             one."
                .to_owned(),
        ),
        ChangeError::Damaged(what) => (
            ErrorCode::VaultUnusable,
            format!(
                "The account's key file is not the one that it was opened with ({what}). The \
                 passphrase was not changed. Make a backup now, while the account is open."
            ),
        ),
        ChangeError::Files(FileError::DiskFull) => (
            ErrorCode::Machine,
            "The disk is full, so the passphrase was not changed. Make room and try again."
                .to_owned(),
        ),
        ChangeError::Unsure => (
            ErrorCode::Machine,
            "The disk failed at the last step. The new passphrase opens the account now; if the \
             power goes before the disk is well, it may be the old one again. Make a backup."
                .to_owned(),
        ),
        ChangeError::Weaker
        | ChangeError::OutOfMemory
        | ChangeError::NoRandomness
        | ChangeError::NotProved
        | ChangeError::Files(_) => (
            ErrorCode::Machine,
            format!(
                "The passphrase was not changed: {error}. The present one goes on to open the \
                 account."
            ),
        ),
    };
    CommandError::new(code, message)
}

/// Why there is no backup, or why one cannot be used.
pub(crate) fn backup_error(error: BackupError) -> CommandError {
    let (code, message) = match error {
        BackupError::NotABackup => (
            ErrorCode::BadInput,
            "This file is not a backup of Hushwing. Choose another one.".to_owned(),
        ),
        BackupError::Damaged(what) => (
            ErrorCode::BadInput,
            format!(
                "This backup is damaged ({what}) and cannot be used. Nothing was changed. Try \
                 another copy of it, or another backup."
            ),
        ),
        BackupError::Newer => (
            ErrorCode::BadInput,
            "This backup was made by a newer version of Hushwing. Use that version.".to_owned(),
        ),
        BackupError::Params(_) => (
            ErrorCode::BadInput,
            format!("This backup cannot be used: {error}."),
        ),
        BackupError::WrongPassphrase => (
            ErrorCode::WrongPassphrase,
            "This passphrase is not the right one. Nothing was changed; try again. A backup \
             opens with the passphrase that it was made with, also when that of the account \
             has been changed since."
                .to_owned(),
        ),
        BackupError::NotFound => (
            ErrorCode::NotFound,
            "There is no such file or folder.".to_owned(),
        ),
        BackupError::Exists => (
            ErrorCode::BadInput,
            "There is a file of that name already, and it was left alone. Name another one."
                .to_owned(),
        ),
        BackupError::Busy => another_job(),
        BackupError::Stopped => (
            ErrorCode::Machine,
            "It was stopped, because the account was locked. Nothing is left of it.".to_owned(),
        ),
        BackupError::Files(FileError::DiskFull) => (
            ErrorCode::Machine,
            "The disk is full, so the backup was not made. It needs twice the room of the \
             account. Nothing is left of it."
                .to_owned(),
        ),
        BackupError::Vault(what) => (
            ErrorCode::Machine,
            format!(
                "Your account could not be copied ({what}), so there is no backup. Nothing was \
                 changed."
            ),
        ),
        BackupError::TooLong
        | BackupError::OutOfMemory
        | BackupError::NoRandomness
        | BackupError::Files(_) => (
            ErrorCode::Machine,
            format!("It did not work: {error}. Nothing is left of it."),
        ),
    };
    CommandError::new(code, message)
}

fn another_job() -> (ErrorCode, String) {
    (
        ErrorCode::Limit,
        "A backup is being made or checked already. Wait until that has ended.".to_owned(),
    )
}

/// Whether a command deletes what people wrote.
pub(crate) fn is_deletion(command: &Command) -> bool {
    matches!(
        command,
        Command::MessageDelete { .. }
            | Command::HistoryDelete { .. }
            | Command::ContactDelete { .. }
    )
}

/// Files that hold everything that there ever was.
pub(crate) fn damaged_files_in_the_way() -> CommandError {
    CommandError::new(
        ErrorCode::Refused,
        "Damaged files of this account are kept aside since it was salvaged, and what you delete \
         may still be read in them. Nothing was deleted. Delete those files first, with \
         'hushwing vault forget-damaged'.",
    )
}

/// It is deleted, and the files are not cleared yet.
#[allow(clippy::needless_pass_by_value)] // For `map_err`.
pub(crate) fn not_cleared(error: StoreError) -> CommandError {
    CommandError::new(
        ErrorCode::Machine,
        format!(
            "It is deleted, but traces of it may still be in the account's files ({error}). They \
             are cleared as soon as that works; it is tried again every minute."
        ),
    )
}

/// What was said is not what wipes an account.
pub(crate) fn not_confirmed() -> CommandError {
    CommandError::new(
        ErrorCode::BadInput,
        format!("Nothing was wiped: to wipe the account, 'confirm' must be '{WIPE_PHRASE}'."),
    )
}

/// Why an account is not wiped, or not as a whole.
pub(crate) fn wipe_error(error: OpenError) -> CommandError {
    match error {
        OpenError::NotFound => no_vault(),
        OpenError::InUse => in_use(),
        other => CommandError::new(
            ErrorCode::Machine,
            format!(
                "The account is not wiped yet, or not as a whole: {other}. What was done stays \
                 done. Try again, or delete its folder by hand."
            ),
        ),
    }
}

/// A second job at a time.
pub(crate) fn job_is_running() -> CommandError {
    let (code, message) = another_job();
    CommandError::new(code, message)
}

/// A passphrase that came too early after wrong ones.
pub(crate) fn too_soon(left: Duration) -> CommandError {
    let seconds = left.as_millis().div_ceil(1_000);
    let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
    let unit = if seconds == 1 { "second" } else { "seconds" };
    let mut error = CommandError::new(
        ErrorCode::TooSoon,
        format!(
            "Too many wrong passphrases came one after the other. This one was not tried; wait \
             {seconds} {unit} and give it again."
        ),
    );
    error.retry_after_s = Some(seconds);
    error
}

/// Why nothing was salvaged.
pub(crate) fn salvage_error(error: SalvageError) -> CommandError {
    match error {
        SalvageError::Open(error) => open_error(error),
        SalvageError::Whole => CommandError::new(
            ErrorCode::BadInput,
            "Nothing is damaged. Open the account with 'hushwing unlock'.",
        ),
        SalvageError::Nothing => CommandError::new(
            ErrorCode::VaultUnusable,
            "Nothing of the account can be read, and there is no snapshot of it. Nothing was \
             changed. Restore a backup if you have one.",
        ),
        SalvageError::Copy(error) => backup_error(error),
    }
}

/// What to do with an account that is damaged somewhere inside.
pub(crate) fn with_salvage(mut error: CommandError) -> CommandError {
    if error.code == ErrorCode::VaultUnusable {
        error.message = format!(
            "A part of the account's files is damaged ({}). Nothing was changed. Open what can \
             be read with 'hushwing vault salvage'.",
            error.message
        );
    }
    error
}

/// Why nothing was restored.
pub(crate) fn restore_error(error: RestoreError) -> CommandError {
    match error {
        RestoreError::Backup(error) => backup_error(error),
        RestoreError::Create(CreateError::AlreadyExists) => CommandError::new(
            ErrorCode::VaultExists,
            "There is an account here already, and it was left alone. Restore into an empty \
             folder: see 'hushwing --help' for --dir.",
        ),
        RestoreError::Create(error) => create_error(error),
    }
}

pub(crate) fn no_vault() -> CommandError {
    CommandError::new(
        ErrorCode::NoVault,
        "There is no account here yet. Make one with 'hushwing create', or bring one back from \
         a backup with 'hushwing restore'.",
    )
}

pub(crate) fn locked() -> CommandError {
    CommandError::new(
        ErrorCode::Locked,
        "The account is locked. Open it with 'hushwing unlock'.",
    )
}

pub(crate) fn stopping() -> CommandError {
    CommandError::new(ErrorCode::Machine, "The program is stopping.")
}

fn in_use() -> CommandError {
    CommandError::new(
        ErrorCode::VaultInUse,
        "Another program has this account open. Close it there first.",
    )
}

fn disk_full() -> CommandError {
    CommandError::new(
        ErrorCode::Machine,
        "The disk is full. Make room and try again; nothing was changed.",
    )
}
