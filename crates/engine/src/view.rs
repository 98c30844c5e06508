//! What people and programs see: commands, answers and events, as plain data.
//!
//! These are the words of the local API. They hold no key and no slot; an
//! invite link and a relay's address appear only where a person asked for them.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A text that must not be shown or left in memory: a passphrase, a link.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct SecretText(String);

impl SecretText {
    /// Takes `text` over.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretText(..)")
    }
}

/// What a front end can ask. `contact` is a contact's id, the beginning of one
/// (4 characters or more), or a name that only one contact has.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Where things stand; works while locked. Answer: [`Reply::Status`].
    Status,
    /// Make a vault. Answer: [`Reply::Done`].
    Create {
        /// Opens it from now on.
        passphrase: SecretText,
    },
    /// Open the vault. Answer: [`Reply::Done`].
    Unlock {
        /// The passphrase.
        passphrase: SecretText,
    },
    /// Close the vault, forget all keys, stop the network. Answer: [`Reply::Done`].
    Lock,
    /// Use a relay for mail to this person from now on. Answer: [`Reply::Relay`].
    RelayAdd {
        /// `hushwing-relay:...`
        address: String,
    },
    /// Stop using a relay: every contact is told where mail goes from now on,
    /// and what waits there is still fetched until they know. Answer: [`Reply::Done`].
    RelayRemove {
        /// `hushwing-relay:...`
        address: String,
    },
    /// The relays in use. Answer: [`Reply::Relays`].
    RelayList,
    /// Connect to a relay and ask what it is. Answer: [`Reply::RelayTest`].
    RelayTest {
        /// `hushwing-relay:...`
        address: String,
    },
    /// Make an invite for one person. Answer: [`Reply::InviteCreated`].
    InviteCreate {
        /// The name by which the other person will see this user; may be empty.
        name: String,
        /// Hours until it can no longer be redeemed; 1 to 8760.
        expires_hours: u32,
    },
    /// All open invites. Answer: [`Reply::Invites`].
    InviteList,
    /// Take an open invite back. Answer: [`Reply::Done`].
    InviteRevoke {
        /// Its id.
        id: String,
    },
    /// Answer somebody's invite. Answer: [`Reply::Contact`].
    InviteRedeem {
        /// `hushwing:...`
        link: SecretText,
        /// The name by which the inviter will see this user; may be empty.
        name: String,
    },
    /// All contacts. Answer: [`Reply::Contacts`].
    Contacts,
    /// Send a text. Answer: [`Reply::Sent`]: it is in the vault and will be
    /// delivered or visibly fail.
    Send {
        /// To whom.
        contact: String,
        /// What.
        text: String,
    },
    /// The newest messages with a contact, oldest first. Answer: [`Reply::Messages`].
    Read {
        /// With whom.
        contact: String,
        /// At most this many; at most 1,000.
        limit: u32,
        /// Only messages above this `position`, for paging on.
        after: Option<u64>,
    },
    /// Where one message is and what happened to it so far. Answer: [`Reply::Ledger`].
    Message {
        /// The message's id, or the beginning of one (4 characters or more).
        id: String,
    },
    /// Give a message up that has not left this machine yet. Answer: [`Reply::Done`].
    GiveUp {
        /// The message's id, or the beginning of one (4 characters or more).
        id: String,
    },
    /// Everything that is stuck, and why. Answer: [`Reply::Doctor`].
    Doctor,
    /// By which ways messages leave; `None` only asks. Answer: [`Reply::Delivery`].
    Delivery {
        /// The policy from now on.
        policy: Option<DeliveryPolicy>,
    },
    /// This user's routes for one contact as a text that only this contact can
    /// use, for when no relay that both know works any more. Answer:
    /// [`Reply::RouteRecord`].
    RouteRecord {
        /// For whom.
        contact: String,
    },
    /// Take in the routes that a contact handed over as a text. Answer:
    /// [`Reply::Contact`]: whose they are.
    RouteApply {
        /// `hushwing-routes:...`
        record: String,
    },
    /// Make the keys of a conversation anew, because messages can no longer be
    /// read on one side. Answer: [`Reply::Done`].
    Repair {
        /// With whom.
        contact: String,
    },
    /// Try everything that waits again, now. Answer: [`Reply::Done`].
    RetryNow,
}

/// What a command answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
#[allow(missing_docs)] // Each variant holds the view that it is named for.
pub enum Reply {
    /// It is done.
    Done,
    Status(StatusView),
    Relay(RelayView),
    Relays {
        relays: Vec<RelayView>,
    },
    RelayTest(RelayTestView),
    InviteCreated(InviteCreatedView),
    Invites {
        invites: Vec<InviteView>,
    },
    Contact(ContactView),
    Contacts {
        contacts: Vec<ContactView>,
    },
    Sent(MessageView),
    Messages {
        messages: Vec<MessageView>,
    },
    Ledger(LedgerView),
    Doctor {
        findings: Vec<Finding>,
    },
    Delivery {
        policy: DeliveryPolicy,
    },
    RouteRecord {
        record: String,
    },
}

/// Something happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The vault was opened or closed.
    Vault {
        /// Its state now.
        vault: VaultState,
    },
    /// The network's state changed.
    Network {
        /// Its state now.
        network: NetworkView,
    },
    /// A contact is new or changed.
    Contact(ContactView),
    /// A message is new, or its state changed.
    Message(MessageView),
    /// Somebody used an invite a second time; whoever came second was refused.
    InviteUsedTwice {
        /// Which invite.
        invite: String,
    },
    /// Something that a person should know and that belongs to no message.
    Warning {
        /// In plain words.
        text: String,
    },
    /// Events were lost because this listener was too slow: read anew.
    Lagged,
}

/// Whether there is a vault and whether it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VaultState {
    /// There is none yet.
    Missing,
    /// There is one; it is closed.
    Locked,
    /// It is open.
    Open,
}

/// Where things stand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusView {
    /// The program's version.
    pub version: String,
    /// The vault.
    pub vault: VaultState,
    /// The way out.
    pub network: NetworkView,
    /// Relays in use, with what is known of each; empty while locked.
    pub relays: Vec<RelayView>,
    /// Messages that are not yet on their recipient's device; 0 while locked.
    pub undelivered: u64,
}

/// The network in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum NetworkView {
    /// Switched off (the vault is closed).
    Off,
    /// Coming up.
    Starting {
        /// How far, 0 to 100.
        percent: u8,
        /// What is being done.
        stage: String,
    },
    /// Tor works.
    Ready,
    /// Tor does not work; nothing leaves this machine but attempts to reach it.
    Blocked {
        /// Why, and what to do.
        reason: String,
    },
}

/// One relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayView {
    /// `hushwing-relay:...`
    pub address: String,
    /// What the last contact with it gave, in plain words.
    pub state: RelayState,
}

/// What is known of a relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum RelayState {
    /// Not tried yet.
    Unknown,
    /// It answered.
    Reachable,
    /// It did not.
    Unreachable {
        /// Why.
        reason: String,
    },
}

/// What a relay said when it was tested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayTestView {
    /// Milliseconds from the question to the answer, circuit and handshake included.
    pub took_ms: u64,
    /// Whether it takes new boxes.
    pub accepting: bool,
    /// Longest life of a box in seconds.
    pub max_ttl_s: u32,
}

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

/// By which ways messages leave, for the whole account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryPolicy {
    /// To the contact's device first, and to relays when it does not answer at once.
    #[default]
    Automatic,
    /// Only to relays: contacts do not see when this user is online.
    RelayOnly,
    /// Only to the contact's device: no relay sees anything, and nothing
    /// arrives unless both are online together.
    DirectOnly,
}

/// A message with all that is known of its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
pub struct LedgerEntry {
    /// When, milliseconds since 1970.
    pub at_ms: u64,
    /// What.
    #[serde(flatten)]
    pub step: LedgerStep,
}

/// What can happen to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum LedgerStep {
    /// It was taken from the user into the vault.
    Written,
    /// It was encrypted; from here on the same bytes go by every way.
    Sealed,
    /// The conversation was made anew; it was encrypted again for it.
    SealedAnew,
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
    /// Theirs: it came in.
    Arrived,
}

/// How it is known that a message is on their device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveredBy {
    /// Their device took it from ours.
    Direct,
    /// Their receipt says so.
    Receipt,
}

/// One way of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WayView {
    /// The relay's address; none: their device itself.
    pub relay: Option<String>,
    /// How it stands.
    #[serde(flatten)]
    pub state: WayState,
}

/// How a message stands on one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// Something that is stuck or wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// Kinds of [`Finding`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// The way out does not work.
    Network,
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
    /// An invite cannot be redeemed yet.
    Invite,
    /// A queue is full.
    Limit,
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
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// A place in the transcript that both sides agree on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OrderView {
    /// Lamport time of the conversation.
    pub clock: u64,
    /// 0 for the redeemer's messages, 1 for the inviter's.
    pub writer: u32,
}

/// Where a message is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum MessageState {
    /// In the vault; goes out when the contact has accepted.
    WaitingForContact,
    /// In the vault; a limit holds it back.
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

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandError {
    /// For programs.
    pub code: ErrorCode,
    /// For people: what went wrong and what to do next.
    pub message: String,
}

/// Kinds of [`CommandError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
    /// The network or a relay cannot be reached now.
    Unreachable,
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
        }
    }
}

impl std::fmt::Display for CommandError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CommandError {}
