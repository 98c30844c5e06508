//! Invites and contacts.

use serde::{Deserialize, Serialize};

/// A fresh invite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteCreatedView {
    /// The link to hand over. Whoever has it can use it, once.
    pub link: String,
    /// The invite itself.
    #[serde(flatten)]
    pub invite: InviteView,
}

/// An invite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteView {
    /// Its id, for revoking.
    pub id: String,
    /// Milliseconds since 1970 after which it is dead.
    pub expires_at_ms: u64,
    /// Where it stands.
    pub state: InviteState,
}

/// Where an invite stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InviteState {
    /// Its bundle is not at any relay yet; it cannot be redeemed before.
    Publishing,
    /// Its bundle waits at a relay; it can be redeemed.
    Ready,
    /// Somebody used it.
    Used,
    /// Its time is over.
    Expired,
    /// Its rows are damaged; it can only be revoked.
    Damaged,
}

/// A contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactView {
    /// Its id: 32 hexadecimal digits, made here, told to nobody.
    pub id: String,
    /// The name that they gave themselves; may be empty.
    pub name: String,
    /// Where the meeting stands.
    pub phase: ContactPhase,
    /// 40 digits to compare with theirs, once both sides are bound.
    pub safety_number: Option<String>,
    /// Messages of theirs that are known to be missing here and were asked for.
    pub missing: u64,
    /// The keys of this conversation are being made anew; what is written
    /// meanwhile goes out afterwards.
    pub repairing: bool,
}

/// Where a meeting stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum ContactPhase {
    /// The invite's bundle is being fetched.
    Fetching,
    /// The request is sent or on its way; they have not come online yet.
    Requested,
    /// Both can write.
    Established,
    /// It came to nothing.
    Failed {
        /// Why, and what to do.
        reason: String,
    },
    /// What the vault holds of this contact is damaged beyond mending.
    Damaged {
        /// What, and what to do.
        reason: String,
    },
}
