//! What people and programs see: commands, answers and events, as plain data.
//!
//! These are the words of the local API. They hold no key and no slot; an
//! invite link and a relay's address appear only where a person asked for them.

/// A debug form that shows only the named fields: names, texts, addresses and what people
/// compare must not get into a log.
macro_rules! redacted {
    ($type:ident: $($field:ident),*) => {
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($type))
                    $(.field(stringify!($field), &self.$field))*
                    .finish_non_exhaustive()
            }
        }
    };
}

mod account;
mod command;
mod contact;
mod error;
mod finding;
mod message;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

pub use account::{
    BackupKey, BackupView, DeliveryPolicy, LossKind, LossView, NetworkView, ReadReports, RelayRole,
    RelayState, RelayTestView, RelayView, SettingsView, StatusView, VaultReportView, VaultState,
};
pub use command::{Command, Event, Reply, WIPE_PHRASE};
pub use contact::{
    Comparison, ContactPhase, ContactView, EmojiView, InviteCreatedView, InvitePolicy, InviteState,
    InviteView, RequestState, RequestView, SafetyView, Verification, VerifiedHow,
};
pub use error::{CommandError, ErrorCode};
pub use finding::{Finding, FindingKind};
pub use message::{
    ChatView, DeliveredBy, FoundView, LedgerEntry, LedgerStep, LedgerView, MessageState,
    MessageView, OrderView, Unsent, WayState, WayView,
};

/// A text that must not be shown or left in memory: a passphrase, a link.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
