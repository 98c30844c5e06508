//! Why a command was not carried out.

use serde::{Deserialize, Serialize};

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CommandError {
    /// For programs.
    pub code: ErrorCode,
    /// For people: what went wrong and what to do next.
    pub message: String,
    /// With [`ErrorCode::TooSoon`]: in how many seconds it may be tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<u64>,
}

/// Kinds of [`CommandError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The vault is closed.
    Locked,
    /// There is no vault yet.
    NoVault,
    /// There is one already.
    VaultExists,
    /// The passphrase does not open it.
    WrongPassphrase,
    /// Too many wrong passphrases came in a row; this one was not tried.
    TooSoon,
    /// Another program has it open.
    VaultInUse,
    /// The vault is damaged, or from a newer version.
    VaultUnusable,
    /// What was given cannot be used (malformed, too long, expired).
    BadInput,
    /// No such contact, invite or relay, or more than one fits.
    NotFound,
    /// The other side or a relay refused or answered nonsense.
    Refused,
    /// Something of the user's has not arrived yet, and would not if this were done; it is
    /// done when the command says so (`unsent`).
    NotArrived,
    /// The network or a relay cannot be reached now.
    Unreachable,
    /// What was compared differs.
    Mismatch,
    /// A stated limit is reached.
    Limit,
    /// This machine failed (disk full, input/output).
    Machine,
}

impl CommandError {
    /// An error of this kind.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retry_after_s: None,
        }
    }
}

impl std::fmt::Display for CommandError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}
