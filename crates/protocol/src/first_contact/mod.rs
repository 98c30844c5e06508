//! Invite and first contact.
//!
//! The inviter's bundle (key package, card) waits at a slot derived from the
//! link. The redeemer founds the group of two with the link's secret as external
//! PSK and answers with a request (Welcome, card). The inviter joins, and its
//! first commit carries the hash over link, bundle and request as authenticated
//! data; the redeemer checks it before it uses that epoch.

#[cfg(feature = "fuzzing")]
pub(crate) mod forge;
mod inviter;
mod keys;
mod redeemer;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod vector_tests;

use hushwing_wire::DecodeError;

use crate::{
    error::Fault,
    identity::ProofError,
    mls::MlsError,
    store::{StoreError, Table},
};
pub use inviter::{
    ACCEPT_GRACE_MIN, Accepted, Claim, Created, InviteSlots, NewInvite, accept, create_invite,
    invite_slots, is_second_use, look_at, revoke_invite,
};
pub use keys::{RequestSlot, bundle_slot};
pub use redeemer::{Me, Redeemed, redeem};

/// Invites that we made: one row each.
const INVITE_TABLE: Table = Table(4);

/// Milliseconds in a minute, the unit of an invite's expiry.
const MINUTE_MS: u64 = 60_000;

/// A first contact does not come about. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InviteError {
    /// There is no such invite: never made here, or revoked.
    #[error("there is no such invite")]
    Unknown,
    /// The invite was accepted already.
    #[error("the invite was used already")]
    AlreadyUsed,
    /// The invite is past its expiry.
    #[error("the invite has expired")]
    Expired,
    /// What the caller gave has no valid encoding (a long name, no relay, ..).
    #[error("the invite cannot be made: {0}")]
    NotEncodable(DecodeError),
    /// The box does not open with the link's secret.
    #[error("the box at this place is not of this invite")]
    Forged,
    /// The content of the box is malformed.
    #[error("the answer of the other side is malformed: {0}")]
    Invalid(#[from] DecodeError),
    /// The bundle is not the one that the link names.
    #[error("the invite was replaced by another one")]
    WrongBundle,
    /// The identity is not proven.
    #[error("the other side does not prove its identity: {0}")]
    Proof(#[from] ProofError),
    /// The first message of a request is not what it must be.
    #[error("the request is not complete: {0}")]
    Request(&'static str),
    /// MLS refused.
    #[error(transparent)]
    Mls(MlsError),
    /// The vault failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl InviteError {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Unknown | Self::AlreadyUsed | Self::Expired | Self::NotEncodable(_) => {
                Fault::Caller
            }
            Self::Forged
            | Self::Invalid(_)
            | Self::WrongBundle
            | Self::Proof(_)
            | Self::Request(_) => Fault::Peer,
            Self::Mls(error) => error.fault(),
            Self::Store(_) => Fault::Environment,
        }
    }
}

impl From<MlsError> for InviteError {
    fn from(error: MlsError) -> Self {
        match error {
            MlsError::Store(error) => Self::Store(error),
            error => Self::Mls(error),
        }
    }
}
