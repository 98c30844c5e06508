//! Messages: where each is, what happened to it, and by which ways it goes.

use serde::{Deserialize, Serialize};

use super::ContactView;

/// A message with all that is known of its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LedgerView {
    /// The message and where it is now.
    pub message: MessageView,
    /// What happened to it, oldest first. Only what lasts: tries that failed
    /// show in `ways`.
    pub history: Vec<LedgerEntry>,
    /// Each way that it can go, while it is not on their device.
    pub ways: Vec<WayView>,
}

/// One thing that happened to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LedgerEntry {
    /// When, milliseconds since 1970.
    pub at_ms: u64,
    /// What.
    #[serde(flatten)]
    pub step: LedgerStep,
}

/// What can happen to a message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum LedgerStep {
    /// It was taken from the user into the vault.
    Written,
    /// It was encrypted; from here on the same bytes go by every way.
    Sealed,
    /// The conversation was made anew; it was encrypted again for it.
    SealedAnew,
    /// It came to their device and could not be read there; it goes again in another box.
    UnreadThere,
    /// A relay keeps it.
    KeptByRelay {
        /// `hushwing-relay:...`
        relay: String,
    },
    /// It was put again although a relay had taken it.
    PutAgain {
        /// Why.
        reason: String,
    },
    /// It is on their device.
    Delivered {
        /// How this is known.
        by: DeliveredBy,
    },
    /// It will not arrive.
    Failed {
        /// Why.
        reason: String,
    },
    /// The user gave it up before it left.
    GivenUp,
    /// Their report says that it was read.
    Read,
    /// What happened before cannot be read any more: the history is damaged.
    Damaged,
    /// Theirs: it came in.
    Arrived,
}

/// Its name alone: it may name a relay.
impl std::fmt::Debug for LedgerStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Written { .. } => "Written",
            Self::Sealed { .. } => "Sealed",
            Self::SealedAnew { .. } => "SealedAnew",
            Self::UnreadThere { .. } => "UnreadThere",
            Self::KeptByRelay { .. } => "KeptByRelay",
            Self::PutAgain { .. } => "PutAgain",
            Self::Delivered { .. } => "Delivered",
            Self::Failed { .. } => "Failed",
            Self::GivenUp { .. } => "GivenUp",
            Self::Read { .. } => "Read",
            Self::Damaged { .. } => "Damaged",
            Self::Arrived { .. } => "Arrived",
        })
    }
}

/// How it is known that a message is on their device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum DeliveredBy {
    /// Their device took it from ours.
    Direct,
    /// Their receipt says so.
    Receipt,
}

/// One way of a message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WayView {
    /// The relay's address; none: their device itself.
    pub relay: Option<String>,
    /// How it stands.
    #[serde(flatten)]
    pub state: WayState,
}

redacted!(WayView: state);

/// How a message stands on one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "way", rename_all = "snake_case")]
pub enum WayState {
    /// It lies there.
    Kept,
    /// It is on its way there now.
    Trying,
    /// It is tried later.
    Waiting {
        /// What the last try gave.
        reason: String,
        /// When it is tried again, milliseconds since 1970; 0: when something changes.
        next_try_ms: u64,
    },
    /// It is not tried.
    Unused {
        /// Why.
        reason: String,
    },
}

/// A contact with what a list of chats shows of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatView {
    /// The contact.
    pub contact: ContactView,
    /// What was said last, if anything was.
    pub last: Option<MessageView>,
    /// Messages of theirs that were not marked as read; 1,000 stands for more, too.
    pub unread: u64,
    /// The `position` of the first one.
    pub unread_from: Option<u64>,
}

/// A message.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MessageView {
    /// Its id here: 32 hexadecimal digits.
    pub id: String,
    /// The contact's id.
    pub contact: String,
    /// Its place in the conversation here: later rows are greater. For paging.
    pub position: u64,
    /// Its place in the conversation on both sides: (time, writer) orders the
    /// transcript alike for both. Absent until it is sealed.
    pub order: Option<OrderView>,
    /// Whether this user wrote it.
    pub mine: bool,
    /// What it says. Text only; never markup.
    pub text: String,
    /// The writer's clock, milliseconds since 1970.
    pub sent_at_ms: u64,
    /// Where it is.
    pub state: MessageState,
    /// When that began, milliseconds since 1970.
    pub since_ms: u64,
}

redacted!(MessageView: id, position, order, mine, state, since_ms);

/// What becomes of a deletion when a message is not on the contact's device yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unsent {
    /// Nothing is deleted.
    #[default]
    Refuse,
    /// It is deleted all the same: what is not encrypted yet never leaves, the rest still
    /// arrives.
    Delete,
}

/// A message that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FoundView {
    /// The message.
    pub message: MessageView,
    /// Where in its text the words stand: from and to, in characters (Unicode scalar
    /// values), in their order.
    pub matches: Vec<[u64; 2]>,
}

/// A place in the transcript that both sides agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OrderView {
    /// Lamport time of the conversation.
    pub clock: u64,
    /// 0 for the redeemer's messages, 1 for the inviter's.
    pub writer: u32,
}

/// Where a message is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MessageState {
    /// In the vault; goes out when the contact has accepted.
    WaitingForContact,
    /// In the vault; a limit holds it back, or the user blocks the contact.
    Held {
        /// Which, and what to do.
        reason: String,
    },
    /// In the vault; Tor is not there.
    WaitingForTor,
    /// In the vault; neither their device nor a relay took it yet.
    WaitingForRelay {
        /// What the last try gave.
        reason: String,
        /// When it is tried again, milliseconds since 1970.
        next_try_ms: u64,
    },
    /// On its way.
    Sending,
    /// Waits for them at a relay.
    AtRelay {
        /// At how many relays.
        stored: u32,
        /// Of how many.
        of: u32,
    },
    /// On their device.
    Delivered,
    /// They have read it, and both sides let that be told.
    Read,
    /// Its row in the vault is damaged; what it said is lost here.
    Damaged {
        /// What is known of it, and what to do.
        reason: String,
    },
    /// It will not arrive.
    Failed {
        /// Why, and what to do.
        reason: String,
    },
    /// Theirs; it is here.
    Received,
    /// Theirs; its box arrived and could not be read.
    Unreadable {
        /// Why.
        reason: String,
    },
}
