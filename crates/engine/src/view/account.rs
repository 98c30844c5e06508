//! The account as a whole: vault, network, relays, policy.

use serde::{Deserialize, Serialize};

/// Whether there is a vault and whether it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StatusView {
    /// The program's version.
    pub version: String,
    /// The vault.
    pub vault: VaultState,
    /// The way out.
    pub network: NetworkView,
    /// The program was started without Tor, for trying things out on this machine: what it
    /// reaches sees where it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub without_tor: bool,
    /// Relays in use, with what is known of each; empty while locked.
    pub relays: Vec<RelayView>,
    /// Messages that are not yet on their recipient's device; 0 while locked.
    pub undelivered: u64,
    /// Requests about which the user has not decided yet; 0 while locked.
    #[serde(default)]
    pub requests: u64,
}

/// The network in plain words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RelayView {
    /// `hushwing-relay:...`
    pub address: String,
    /// What the last contact with it gave, in plain words.
    pub state: RelayState,
    /// What it is used for.
    pub role: RelayRole,
    /// Since when it rests, milliseconds since 1970, if it does.
    pub resting_since_ms: Option<u64>,
}

redacted!(RelayView: state, role, resting_since_ms);

/// What a relay of this user is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RelayRole {
    /// Contacts leave mail there.
    Told,
    /// Contacts do not know it: it takes the place of another one.
    Spare,
    /// It did not answer for long. Contacts are told to leave mail elsewhere; it
    /// is still read, and told again once it answers steadily.
    Resting,
}

/// What is known of a relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RelayTestView {
    /// Milliseconds from the question to the answer, circuit and handshake included.
    pub took_ms: u64,
    /// Whether it takes new boxes.
    pub accepting: bool,
    /// Longest life of a box in seconds.
    pub max_ttl_s: u32,
}

/// What opens a backup that is to be made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BackupKey {
    /// The passphrase of the account as it is now; another one is refused.
    #[default]
    Account,
    /// A passphrase of its own.
    Own,
}

/// A backup that was opened and found whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BackupView {
    /// When it was made, milliseconds since 1970.
    pub made_at_ms: u64,
    /// How many contacts are in it.
    pub contacts: u64,
    /// How many messages are in it.
    pub messages: u64,
    /// Length of the file in bytes.
    pub len: u64,
}

/// What was found in the files of the vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct VaultReportView {
    /// Pages of the database.
    pub pages: u64,
    /// How many of them do not authenticate.
    pub damaged_pages: u64,
    /// What its tables say does not agree, although each page authenticates.
    pub inconsistent: bool,
    /// Changes that had been stored last could not be read.
    pub newest_lost: bool,
    /// What is missing; empty when all is whole.
    pub losses: Vec<LossView>,
    /// When the snapshots were made that there are, milliseconds since 1970.
    pub snapshots_ms: Vec<u64>,
    /// How many damaged files are kept aside.
    pub kept_aside: u64,
}

/// What is missing of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LossView {
    /// Of which kind.
    pub what: LossKind,
    /// Rows that can be read.
    pub kept: u64,
    /// Rows that came from a snapshot instead.
    pub from_snapshot: u64,
    /// Rows that are known to be lost.
    pub lost: u64,
    /// More may be lost, and what was deleted after the snapshot may be back.
    pub uncertain: bool,
}

/// What rows of a vault are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LossKind {
    /// Contacts.
    Contacts,
    /// Messages.
    Messages,
    /// Keys of conversations, which are made anew.
    Keys,
    /// Invites and requests.
    Invites,
    /// What else there is: what waits, settings, histories.
    Other,
}

/// What an account tells of itself beyond what it must, and asks of others; when it locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SettingsView {
    /// Whether read reports are sent, and shown when they come.
    pub read_reports: ReadReports,
    /// How many of the own relays contacts are told at once, 1 to 3.
    pub relays_told: u8,
    /// After how many minutes without a command the vault is locked; 0 is never.
    #[serde(default)]
    pub lock_after_minutes: u32,
}

/// Whether contacts learn that their messages were read. It takes both: who does
/// not report is not reported to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReadReports {
    /// None are sent, none are taken in.
    #[default]
    Off,
    /// What is marked as read is reported, and reports are shown.
    On,
}

/// By which ways messages leave, for the whole account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
