//! What is stuck or wrong.

use serde::{Deserialize, Serialize};

/// Something that is stuck or wrong.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// For programs.
    pub kind: FindingKind,
    /// The contact's id, the relay's address or the invite's id that it is
    /// about, if it is about one.
    pub about: Option<String>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub advice: String,
    /// Since when, milliseconds since 1970, where that is known.
    pub since_ms: Option<u64>,
}

redacted!(Finding: kind, since_ms);

/// Kinds of [`Finding`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The way out does not work.
    Network,
    /// Something in the vault is damaged.
    Damaged,
    /// There is no relay: nobody can leave mail.
    NoRelay,
    /// A relay of this user does not answer.
    OwnRelay,
    /// A relay of a contact does not answer.
    TheirRelay,
    /// None of the ways to a contact works.
    Unreachable,
    /// Messages wait for a contact.
    Undelivered,
    /// A limit holds messages back.
    Held,
    /// Messages of a contact are missing here.
    Missing,
    /// The keys of a conversation are being made anew.
    Repairing,
    /// The user has taken another identity for a contact, which does not know it yet.
    Succeeding,
    /// An invite cannot be redeemed yet.
    Invite,
    /// A queue is full.
    Limit,
}
