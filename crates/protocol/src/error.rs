//! Whose fault an error is, and the errors that several modules share.

use crate::store::StoreError;

/// Who has to act on an error. Decides what a person is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The other side (or somebody between) sent what it must not.
    Peer,
    /// A defect of this program.
    Ours,
    /// The caller asked for what is not possible now.
    Caller,
    /// The vault or the machine.
    Environment,
}

/// A conversation could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// There is no such conversation.
    #[error("there is no such conversation")]
    Unknown,
    /// The vault failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StateError {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Unknown => Fault::Caller,
            Self::Store(_) => Fault::Environment,
        }
    }
}
