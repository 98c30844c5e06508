//! What a front end can ask, what it is answered, and what happens by itself.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    BackupKey, BackupView, ChatView, Comparison, ContactView, DeliveryPolicy, Finding, FoundView,
    InviteCreatedView, InvitePolicy, InviteView, LedgerView, MessageView, NetworkView, ReadReports,
    RelayTestView, RelayView, RequestView, SafetyView, SecretText, SettingsView, StatusView,
    Unsent, VaultReportView, VaultState,
};

/// What is said to wipe an account. `[HW-API-22]`
pub const WIPE_PHRASE: &str = "wipe this account";

/// What a front end can ask. `contact` is a contact's id, the beginning of one
/// (4 characters or more), or a name that only one contact has.
///
/// Its debug form is its name alone: what people write must not get into a log.
#[derive(Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// Open the vault with another passphrase from now on. Backups go on to open with the
    /// one that they were made with. Answer: [`Reply::Done`].
    PassphraseChange {
        /// The one that opens it now.
        present: SecretText,
        /// The one that opens it from now on.
        new: SecretText,
    },
    /// Destroy the account on this machine, open or locked, for ever: its keys first, then
    /// all its files. No passphrase is asked for. Answer: [`Reply::Done`].
    Wipe {
        /// [`WIPE_PHRASE`], so that nothing wipes by mistake.
        confirm: String,
    },
    /// Write a backup of the account to a new file and read it again. The account can be
    /// used meanwhile. Answer: [`Reply::Backup`].
    BackupCreate {
        /// The absolute path of the file, which must not be there.
        file: String,
        /// Opens the backup.
        passphrase: SecretText,
        /// Whose passphrase that is.
        #[serde(default)]
        key: BackupKey,
    },
    /// Prove that a backup opens and is whole; works while locked and without an account.
    /// Answer: [`Reply::Backup`].
    BackupCheck {
        /// The absolute path of the file.
        file: String,
        /// Opens the backup.
        passphrase: SecretText,
    },
    /// Make the account anew from a backup, where there is none, and open it. Its
    /// passphrase is that of the backup. Answer: [`Reply::Backup`].
    Restore {
        /// The absolute path of the file.
        file: String,
        /// Opens the backup.
        passphrase: SecretText,
    },
    /// Read all of the vault's files: whether each page authenticates and each row can be
    /// read. Answer: [`Reply::VaultReport`].
    VaultCheck,
    /// Open a locked vault of which a part is damaged: what can be read is kept, the rest
    /// comes from a snapshot where it can. Answer: [`Reply::VaultReport`].
    VaultSalvage {
        /// The passphrase.
        passphrase: SecretText,
    },
    /// Delete the damaged files that were kept aside. Answer: [`Reply::Done`].
    VaultForgetDamaged,
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
        /// What happens when somebody answers it; without it, they are accepted.
        #[serde(default)]
        policy: InvitePolicy,
    },
    /// All open invites. Answer: [`Reply::Invites`].
    InviteList,
    /// Take an open invite back; a request that answers it is refused. Answer:
    /// [`Reply::Done`].
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
    /// The requests to become a contact, open ones first. Answer: [`Reply::Requests`].
    Requests,
    /// Make whoever sent a request a contact. Answer: [`Reply::Contact`].
    RequestAccept {
        /// Its id, or the beginning of one (4 characters or more).
        id: String,
    },
    /// Delete a request and spend its invite; whoever sent it learns nothing. Answer:
    /// [`Reply::Done`].
    RequestRefuse {
        /// Its id, or the beginning of one.
        id: String,
    },
    /// Keep a request apart; whoever sent it learns nothing. Answer: [`Reply::Done`].
    RequestBlock {
        /// Its id, or the beginning of one.
        id: String,
    },
    /// All contacts, those that are blocked last. Answer: [`Reply::Contacts`].
    Contacts,
    /// All contacts as chats, with what was said last and what is unread; those in which
    /// something happened last come first, blocked ones last. Answer: [`Reply::Chats`].
    Chats,
    /// Fetch nothing from a contact and send nothing to it from now on; it learns
    /// nothing but that nothing is delivered. Answer: [`Reply::Contact`].
    ContactBlock {
        /// Whom.
        contact: String,
    },
    /// Go on with a contact that was blocked. Answer: [`Reply::Contact`].
    ContactUnblock {
        /// Whom.
        contact: String,
    },
    /// Call a contact by another name here; it is told nothing. Answer: [`Reply::Contact`].
    ContactRename {
        /// Whom.
        contact: String,
        /// The name, 64 bytes at most; empty: the one that the contact gave itself.
        name: String,
    },
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
        /// Only messages below this `position`, the newest of them, for paging back. Not
        /// together with `after`.
        before: Option<u64>,
    },
    /// The messages in which all these words stand, the newest first. Answer:
    /// [`Reply::Found`].
    Search {
        /// Words with spaces between; a word of three letters or more also finds longer ones
        /// that begin with it. At most 256 bytes.
        text: String,
        /// Only messages with this contact.
        #[serde(default)]
        contact: Option<String>,
        /// Only messages of this time or later, to the second, milliseconds since 1970.
        #[serde(default)]
        since_ms: Option<u64>,
        /// Only messages of before this time, to the second.
        #[serde(default)]
        before_ms: Option<u64>,
        /// At most this many; at most 100.
        limit: u32,
        /// `next` of an earlier answer, to go on from there.
        #[serde(default)]
        after: Option<String>,
    },
    /// The user has seen these messages with a contact: with read reports on, the
    /// contact is told. Answer: [`Reply::Done`].
    MarkRead {
        /// With whom.
        contact: String,
        /// The `position` of the first message that was seen.
        from: u64,
        /// The `position` of the last one.
        up_to: u64,
    },
    /// What the account tells of itself, and when it locks by itself; without a value it only asks. Answer:
    /// [`Reply::Settings`].
    Settings {
        /// Whether to report what was read, from now on.
        read_reports: Option<ReadReports>,
        /// How many of the own relays contacts are told at once, 1 to 3.
        relays_told: Option<u8>,
        /// After how many minutes without a command the vault is locked; 0 is never, and a
        /// week (10,080) the most. A `status` is no such command, and listening none either.
        #[serde(default)]
        lock_after_minutes: Option<u32>,
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
    /// Delete a message in this account alone. Answer: [`Reply::Done`]: it is in no file of
    /// the account any more.
    MessageDelete {
        /// The message's id, or the beginning of one (4 characters or more).
        id: String,
        /// What happens when it is not on the contact's device yet.
        #[serde(default)]
        unsent: Unsent,
    },
    /// Delete all messages with a contact in this account alone. Answer: [`Reply::Done`], as
    /// with one message.
    HistoryDelete {
        /// With whom.
        contact: String,
        /// What happens when one is not on the contact's device yet.
        #[serde(default)]
        unsent: Unsent,
    },
    /// Delete a contact with all messages and keys; it is told nothing, and what it still
    /// sends is never fetched. Answer: [`Reply::Done`], as with one message.
    ContactDelete {
        /// Whom.
        contact: String,
        /// What happens when a message is not on the contact's device yet.
        #[serde(default)]
        unsent: Unsent,
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
    /// Take another identity, with new keys and new places, because the present one may
    /// be in other hands. The contact learns of it when it comes online, and the safety
    /// number changes. Answer: [`Reply::Contacts`]: whom it is for.
    ChangeIdentity {
        /// For whom.
        contact: String,
    },
    /// Take another identity for each contact that there is. Answer: [`Reply::Contacts`].
    ChangeEveryIdentity,
    /// What the user and a contact compare to make sure that nobody stands between
    /// them. Answer: [`Reply::Safety`].
    SafetyNumber {
        /// With whom.
        contact: String,
    },
    /// The user has compared the safety number: mark the contact as verified if it is
    /// the same on both sides. Answer: [`Reply::Contact`].
    Verify {
        /// Whom.
        contact: String,
        /// What was compared.
        by: Comparison,
    },
    /// Take the mark away. Answer: [`Reply::Contact`].
    Unverify {
        /// Whose.
        contact: String,
    },
    /// Try everything that waits again, now. Answer: [`Reply::Done`].
    RetryNow,
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Status { .. } => "Status",
            Self::Create { .. } => "Create",
            Self::Unlock { .. } => "Unlock",
            Self::Lock { .. } => "Lock",
            Self::PassphraseChange { .. } => "PassphraseChange",
            Self::Wipe { .. } => "Wipe",
            Self::VaultCheck { .. } => "VaultCheck",
            Self::VaultSalvage { .. } => "VaultSalvage",
            Self::VaultForgetDamaged { .. } => "VaultForgetDamaged",
            Self::BackupCreate { .. } => "BackupCreate",
            Self::BackupCheck { .. } => "BackupCheck",
            Self::Restore { .. } => "Restore",
            Self::RelayAdd { .. } => "RelayAdd",
            Self::RelayRemove { .. } => "RelayRemove",
            Self::RelayList { .. } => "RelayList",
            Self::RelayTest { .. } => "RelayTest",
            Self::InviteCreate { .. } => "InviteCreate",
            Self::InviteList { .. } => "InviteList",
            Self::InviteRevoke { .. } => "InviteRevoke",
            Self::InviteRedeem { .. } => "InviteRedeem",
            Self::Requests { .. } => "Requests",
            Self::RequestAccept { .. } => "RequestAccept",
            Self::RequestRefuse { .. } => "RequestRefuse",
            Self::RequestBlock { .. } => "RequestBlock",
            Self::Contacts { .. } => "Contacts",
            Self::Chats { .. } => "Chats",
            Self::ContactBlock { .. } => "ContactBlock",
            Self::ContactUnblock { .. } => "ContactUnblock",
            Self::ContactRename { .. } => "ContactRename",
            Self::Send { .. } => "Send",
            Self::Read { .. } => "Read",
            Self::MarkRead { .. } => "MarkRead",
            Self::Settings { .. } => "Settings",
            Self::Message { .. } => "Message",
            Self::GiveUp { .. } => "GiveUp",
            Self::MessageDelete { .. } => "MessageDelete",
            Self::HistoryDelete { .. } => "HistoryDelete",
            Self::ContactDelete { .. } => "ContactDelete",
            Self::Search { .. } => "Search",
            Self::Doctor { .. } => "Doctor",
            Self::Delivery { .. } => "Delivery",
            Self::RouteRecord { .. } => "RouteRecord",
            Self::RouteApply { .. } => "RouteApply",
            Self::Repair { .. } => "Repair",
            Self::ChangeIdentity { .. } => "ChangeIdentity",
            Self::ChangeEveryIdentity { .. } => "ChangeEveryIdentity",
            Self::SafetyNumber { .. } => "SafetyNumber",
            Self::Verify { .. } => "Verify",
            Self::Unverify { .. } => "Unverify",
            Self::RetryNow { .. } => "RetryNow",
        })
    }
}

/// What a command answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "reply", rename_all = "snake_case")]
#[allow(missing_docs)] // Each variant holds the view that it is named for.
pub enum Reply {
    /// It is done.
    Done,
    Status(StatusView),
    Backup(BackupView),
    VaultReport(VaultReportView),
    Relay(RelayView),
    Relays {
        relays: Vec<RelayView>,
    },
    RelayTest(RelayTestView),
    InviteCreated(InviteCreatedView),
    Invites {
        invites: Vec<InviteView>,
    },
    Requests {
        requests: Vec<RequestView>,
    },
    Contact(ContactView),
    Contacts {
        contacts: Vec<ContactView>,
    },
    Chats {
        chats: Vec<ChatView>,
    },
    Sent(MessageView),
    Messages {
        messages: Vec<MessageView>,
    },
    Found {
        /// The newest first.
        found: Vec<FoundView>,
        /// What to ask for to go on, if there may be more.
        next: Option<String>,
        /// Whether all messages are in the index; not so for a while after an update of the
        /// program or a salvage.
        complete: bool,
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
    Settings(SettingsView),
    Safety(SafetyView),
}

/// Something happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
    /// A request is new or changed.
    Request(RequestView),
    /// A request is gone: accepted, refused, or its time is over.
    RequestOver {
        /// Which one.
        request: String,
    },
    /// A contact is new or changed.
    Contact(ContactView),
    /// A message is new, or its state changed.
    Message(MessageView),
    /// It changed how many messages of a contact are unread.
    Unread {
        /// Whose.
        contact: String,
        /// How many; 1,000 stands for more, too.
        unread: u64,
        /// The `position` of the first one.
        unread_from: Option<u64>,
    },
    /// A message was deleted here.
    MessageDeleted {
        /// With whom it was.
        contact: String,
        /// Its id.
        message: String,
        /// Its `position`.
        position: u64,
    },
    /// All messages with a contact were deleted here.
    HistoryDeleted {
        /// With whom.
        contact: String,
    },
    /// A contact was deleted here, with all messages.
    ContactDeleted {
        /// Whose id it was.
        contact: String,
    },
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
