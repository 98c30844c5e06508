//! Failures in words for people: what happened and what to do. No address.

use hushwing_engine::view::{CommandError, ErrorCode, NetworkView};
use hushwing_relay_client::{CallError, ConnectError};
use hushwing_transport::{DialError, NetworkState};
use hushwing_vault::{CreateError, FileError, OpenError};

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
                "The account's files are damaged ({what}). Nothing was changed. Put back a copy \
                 of the folder if you have one."
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

pub(crate) fn no_vault() -> CommandError {
    CommandError::new(
        ErrorCode::NoVault,
        "There is no account here yet. Make one with 'hushwing create'.",
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
