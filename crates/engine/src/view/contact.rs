//! Invites, requests and contacts.

use serde::{Deserialize, Serialize};

/// A fresh invite.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InviteCreatedView {
    /// The link to hand over. Whoever has it can use it, once.
    pub link: String,
    /// The invite itself.
    #[serde(flatten)]
    pub invite: InviteView,
}

redacted!(InviteCreatedView: invite);

/// An invite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InviteView {
    /// Its id, for revoking.
    pub id: String,
    /// Milliseconds since 1970 after which it is dead.
    pub expires_at_ms: u64,
    /// Where it stands.
    pub state: InviteState,
    /// What happens when somebody answers it.
    #[serde(default)]
    pub policy: InvitePolicy,
}

/// What happens when somebody answers an invite.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum InvitePolicy {
    /// Whoever comes first becomes a contact at once: the link went to one person.
    #[default]
    Accept,
    /// Whoever comes first becomes a request, about which the user decides.
    Ask,
}

/// Where an invite stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum InviteState {
    /// Its bundle is not at any relay yet; it cannot be redeemed before.
    Publishing,
    /// Its bundle waits at a relay; it can be redeemed.
    Ready,
    /// Somebody answered it, and their request waits for the user's decision.
    Asked,
    /// Somebody used it.
    Used,
    /// Its time is over.
    Expired,
    /// Its rows are damaged; it can only be revoked.
    Damaged,
}

/// Somebody asks to become a contact, by an invite that asks. Until the user has
/// accepted, there is no contact, and nothing that the other side could see happens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RequestView {
    /// Its id: that of the invite which it answers.
    pub id: String,
    /// The name that they gave themselves, which anybody can choose; may be empty.
    pub name: String,
    /// 40 digits that they will see too, to compare before or after accepting.
    pub safety_number: String,
    /// When it was found, milliseconds since 1970.
    pub since_ms: u64,
    /// When it is deleted if nothing is decided, milliseconds since 1970.
    pub expires_at_ms: u64,
    /// What was decided so far.
    pub state: RequestState,
    /// Somebody else has answered the same link, so it is uncertain which of the
    /// two is the one whom it was made for.
    pub used_twice: bool,
}

redacted!(RequestView: id, since_ms, expires_at_ms, state, used_twice);

/// What was decided about a request. Accepted and refused ones are gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// Nothing yet.
    Open,
    /// It is kept apart and asks no more; it can still be accepted while it lasts.
    Blocked,
}

/// A contact.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ContactView {
    /// Its id: 32 hexadecimal digits, made here, told to nobody.
    pub id: String,
    /// What the user calls them: the name that they gave themselves, unless the user chose
    /// another; may be empty.
    pub name: String,
    /// The name that they gave themselves, where the user chose another; may be empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_name: Option<String>,
    /// Where the meeting stands.
    pub phase: ContactPhase,
    /// Since when the user blocks them, milliseconds since 1970, if so: nothing is
    /// fetched from them and nothing is sent to them.
    #[serde(default)]
    pub blocked_since_ms: Option<u64>,
    /// 40 digits to compare with theirs, once both sides are bound.
    pub safety_number: Option<String>,
    /// Whether the user has made sure of who it is.
    pub verification: Verification,
    /// Messages of theirs that are known to be missing here and were asked for.
    pub missing: u64,
    /// The keys of this conversation are being made anew; what is written
    /// meanwhile goes out afterwards.
    pub repairing: bool,
    /// The user has taken another identity for this contact, which does not know it yet.
    #[serde(default)]
    pub succeeding: bool,
}

redacted!(ContactView: id, phase, blocked_since_ms, verification, missing, repairing, succeeding);

/// Whether the user has made sure of who a contact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Verification {
    /// Not yet, or the mark was taken away.
    Unverified,
    /// The safety number that holds now was compared.
    Verified {
        /// By what.
        how: VerifiedHow,
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
    /// Nothing was compared, and the contact has taken another identity. Nothing is sent
    /// until the user verifies the safety number or decides to go on without (which is
    /// what taking a mark away does).
    Succeeded {
        /// Since when, in milliseconds since 1970.
        since_ms: u64,
    },
    /// Another safety number was compared than the one that holds now. Nothing is sent
    /// until the user verifies the new one or takes the mark away.
    Changed {
        /// By what the old one was compared.
        how: VerifiedHow,
        /// When, in milliseconds since 1970.
        at_ms: u64,
    },
}

/// By what two people compared their safety number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum VerifiedHow {
    /// They read the 16 emoji out, or looked at both screens.
    Emoji,
    /// The same with the 40 digits.
    Digits,
    /// One device took in the other's code.
    Code,
}

/// What the user has of the other side, to be compared with what is shown here.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Comparison {
    /// The user has seen or heard that the 16 emoji are the same.
    Emoji,
    /// The digits.
    Digits {
        /// Those that the other side reads out; `None`: the user compared them.
        theirs: Option<String>,
    },
    /// The code.
    Code {
        /// The text of the code that the other side shows.
        theirs: String,
    },
}

impl std::fmt::Debug for Comparison {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Emoji => "Emoji",
            Self::Digits { .. } => "Digits(..)",
            Self::Code { .. } => "Code(..)",
        })
    }
}

/// What two people compare to make sure that nobody stands between them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SafetyView {
    /// The contact's id.
    pub contact: String,
    /// The contact's name.
    pub name: String,
    /// 40 digits in 8 groups.
    pub digits: String,
    /// The same 128 bits as 16 emoji.
    pub emoji: Vec<EmojiView>,
    /// All 256 bits as the text of a QR code.
    pub code: String,
    /// Whether they were compared already.
    pub verification: Verification,
}

redacted!(SafetyView: contact, verification);

/// An emoji of a safety number, and what to say for it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EmojiView {
    /// The character.
    pub symbol: String,
    /// In English.
    pub english: String,
    /// In Spanish.
    pub spanish: String,
    /// In Arabic.
    pub arabic: String,
}

redacted!(EmojiView: );

/// Where a meeting stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "phase", rename_all = "snake_case")]
pub enum ContactPhase {
    /// The invite's bundle is being fetched.
    Fetching,
    /// The request is sent or on its way; they have not answered yet.
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
