//! Identity, invite and first contact, conversation, envelope, slots, content,
//! safety numbers. Sans IO: no clock, no ambient randomness, no sockets.
//!
//! A step is one function call with a [`Ctx`]. It reads and writes rows of the
//! [`Store`](store::Store) it was given and keeps nothing in memory: after an
//! error nothing was written, and two copies of one ratchet cannot exist.
//!
//! Module [`mls`] is the only code that names the MLS library; what that
//! library takes from the operating system by itself is listed there.

mod content;
mod conversation;
mod direct;
mod error;
mod find;
mod first_contact;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod guard;
mod identity;
mod ids;
mod kdf;
mod known_answers;
mod marks;
mod mls;
mod ranges;
mod safeguard;
mod safety;
mod secret;
#[cfg(feature = "simulation")]
pub mod simulation;
pub mod store;

#[cfg(test)]
mod forms_tests;
#[cfg(test)]
extern crate self as hushwing_protocol;
#[cfg(test)]
#[path = "../tests/common/mod.rs"]
mod testing;
#[cfg(test)]
mod vector_tests;

use rand_core::CryptoRng;

pub use content::{Content, ContentError, MAX_REPORTED, MESSAGE_ID_LEN, SALT_LEN, Said, new_salt};
pub use conversation::{
    ANSWERS_MS, Budget, ConversationView, Happening, LOOK_AHEAD, MAX_ANSWERS, MAX_IN_FLIGHT,
    MAX_OPEN_LANES, MAX_UNRENEWED_MS, OpenError, Opened, Outgoing, Phase, RECEIPT_RESERVE,
    RECOVERY_WINDOW, RecoveryBox, RecoveryError, SealError, Sealed, Soundness, Unreadable, Whose,
    ask_repair, ask_succession, ask_the_past_whether_keys_fit, ask_whether_keys_fit, conversations,
    direct_keys, forget, forget_request, give_up_identity, make_hollow, offer_routes, open,
    renew_request, route_record, seal, soundness, take_route_record, unread_there, view, waits,
    walk_again, window,
};
pub use direct::{DIRECT_PORT, DirectKeys};
pub use error::{Fault, StateError};
pub use first_contact::{
    ACCEPT_GRACE_MIN, Accepted, Claim, Created, InviteError, InviteSlots, Me, NewInvite, Redeemed,
    RequestSlot, accept, bundle_slot, create_invite, invite_slots, is_second_use, look_at, redeem,
    revoke_invite,
};
pub use identity::{Fingerprint, IdentityKeys, ProofError, Role, VerifiedPeer};
pub use ids::{ConversationId, InviteId};
pub use known_answers::{Primitive, WrongAnswer, check_known_answers};
pub use mls::MlsError;
pub use safeguard::Safeguard;
pub use safety::{
    CODE_PREFIX, NotComparable, SAFETY_DIGITS, SafetyNumber,
    emoji::{EMOJI, Emoji},
};

/// What one step works with: an open transaction, randomness, and the time.
pub struct Ctx<'a> {
    /// The rows; everything that the step changes goes through it.
    pub store: &'a dyn store::Store,
    /// Randomness for everything except what [`mls`] lists.
    pub rng: &'a mut dyn CryptoRng,
    /// Wall clock in milliseconds since 1970. Decides the expiry of invites and
    /// is written into envelopes; nothing else depends on it.
    pub now_ms: u64,
}

impl std::fmt::Debug for Ctx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ctx(..)")
    }
}
