//! Why a command of the CLI did not work, and the exit code that says so.

use std::{io, process::ExitCode};

use hushwing_api::{
    schema::{CommandError, ErrorCode},
    session::ReadError,
};
use serde::Serialize;

use crate::safe_text;

/// Why a command did not work.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The daemon refused it.
    Command(CommandError),
    /// There is no daemon to ask, or it is gone.
    NoDaemon(String),
    /// Anything else on this side; the sentence says what to do.
    Here(String),
    /// Whoever read our output has gone, as in `hushwing read bob | head`.
    NobodyReads,
    /// The doctor found something and has told it.
    Stuck,
}

/// What goes to standard error with `--json`: the shape of a `CommandError`,
/// with one code more, `no_daemon`, which no daemon can give.
#[derive(Serialize)]
struct Told<'a> {
    code: serde_json::Value,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
}

impl Failure {
    /// `[HW-CLI-1]` 1 failed, 3 no daemon or locked, 4 wrong passphrase, 5 stuck;
    /// 2 is the parser's.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Command(error) => match error.code {
                ErrorCode::Locked => 3,
                ErrorCode::WrongPassphrase => 4,
                _ => 1,
            },
            Self::NoDaemon(_) => 3,
            Self::Here(_) => 1,
            Self::NobodyReads => 0,
            Self::Stuck => 5,
        })
    }

    /// What the doctor says when it cannot look: that alone holds everything up.
    pub(crate) fn in_the_way_of_the_doctor(self) -> Self {
        let alone = |why: &str| format!("nothing is sent or fetched now: {why}");
        match self {
            Self::NoDaemon(why) => Self::NoDaemon(alone(&why)),
            Self::Command(CommandError {
                code: code @ (ErrorCode::Locked | ErrorCode::NoVault),
                message,
                ..
            }) => Self::Command(CommandError::new(code, alone(&message))),
            other => other,
        }
    }

    /// The option that gets past this refusal, where there is one.
    fn way_out(&self) -> &'static str {
        match self {
            Self::Command(error) if error.code == ErrorCode::NotArrived => {
                " To delete all the same, add --force."
            }
            _ => "",
        }
    }

    /// The line for standard error; `None` when there is nothing to say.
    pub(crate) fn line(&self, json: bool) -> Option<String> {
        let (code, message) = match self {
            Self::Command(error) => (
                serde_json::to_value(error.code).unwrap_or_default(),
                &error.message,
            ),
            Self::NoDaemon(message) => ("no_daemon".into(), message),
            Self::Here(message) => ("machine".into(), message),
            Self::NobodyReads | Self::Stuck => return None,
        };
        let retry_after_s = match self {
            Self::Command(error) => error.retry_after_s,
            _ => None,
        };
        Some(if json {
            safe_text::json(&Told {
                code,
                message,
                retry_after_s,
            })
        } else {
            format!("hushwing: {}{}", safe_text::inline(message), self.way_out())
        })
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::NoDaemon => Self::NoDaemon(error.to_string()),
            ReadError::Untrusted { .. } | ReadError::Io { .. } => Self::Here(error.to_string()),
        }
    }
}

/// For writing to standard output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::NobodyReads
        } else {
            Self::Here(format!("cannot write the output: {error}"))
        }
    }
}
