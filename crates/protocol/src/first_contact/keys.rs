//! What is derived from the secret of a link.

use hushwing_wire::{InviteLink, Slot};

use crate::{
    ids::InviteId,
    kdf::{self, BoxKey},
    secret::Secret32,
};

const ROOT_LABEL: &[u8] = b"hushwing 1 invite";
const ID_LABEL: &[u8] = b"hushwing 1 invite id";
const BUNDLE_SLOT_LABEL: &[u8] = b"hushwing 1 invite bundle slot";
const BUNDLE_KEY_LABEL: &[u8] = b"hushwing 1 invite bundle key";
const REQUEST_SLOT_LABEL: &[u8] = b"hushwing 1 invite request slot";
const REQUEST_KEY_LABEL: &[u8] = b"hushwing 1 invite request key";
const PSK_LABEL: &[u8] = b"hushwing 1 invite psk";
const PSK_ID_LABEL: &[u8] = b"hushwing 1 invite psk id";
const BINDING_LABEL: &[u8] = b"hushwing 1 first contact";

/// Label in the associated data of the bundle's box.
pub(super) const BUNDLE_BOX_LABEL: &[u8] = b"hushwing 1 bundle box";
/// Label in the associated data of a request's box.
pub(super) const REQUEST_BOX_LABEL: &[u8] = b"hushwing 1 request box";

/// One of the two slots that a link has for requests. A redeemer who finds the
/// first taken uses the second, so the inviter learns that the link was used
/// twice. `[HW-INV-3]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestSlot {
    /// Tried first.
    First,
    /// For whoever finds the first taken.
    Second,
}

impl RequestSlot {
    /// Both, in the order in which they are tried.
    pub const ALL: [Self; 2] = [Self::First, Self::Second];

    /// Its index: 0 or 1.
    #[must_use]
    pub fn index(self) -> usize {
        match self {
            Self::First => 0,
            Self::Second => 1,
        }
    }

    pub(super) fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    fn context(self) -> [u8; 1] {
        match self {
            Self::First => [0],
            Self::Second => [1],
        }
    }
}

/// Everything about an invite comes from the 32 bytes in its link. `[HW-INV-2]`
pub(super) struct InviteKeys(Secret32);

impl InviteKeys {
    pub(super) fn new(secret: &[u8; 32]) -> Self {
        Self(kdf::extract(ROOT_LABEL, secret))
    }

    pub(super) fn id(&self) -> InviteId {
        InviteId::new(*kdf::expand(&self.0, ID_LABEL, &[]).expose())
    }

    pub(super) fn bundle_slot(&self) -> Slot {
        Slot::new(*kdf::expand(&self.0, BUNDLE_SLOT_LABEL, &[]).expose())
    }

    pub(super) fn bundle_key(&self) -> BoxKey {
        BoxKey::new(kdf::expand(&self.0, BUNDLE_KEY_LABEL, &[]))
    }

    pub(super) fn request_slot(&self, which: RequestSlot) -> Slot {
        Slot::new(*kdf::expand(&self.0, REQUEST_SLOT_LABEL, &which.context()).expose())
    }

    pub(super) fn request_slots(&self) -> [Slot; 2] {
        RequestSlot::ALL.map(|which| self.request_slot(which))
    }

    pub(super) fn request_key(&self, which: RequestSlot) -> BoxKey {
        BoxKey::new(kdf::expand(&self.0, REQUEST_KEY_LABEL, &which.context()))
    }

    pub(super) fn psk(&self) -> Secret32 {
        kdf::expand(&self.0, PSK_LABEL, &[])
    }
}

/// Where the bundle of a link waits.
#[must_use]
pub fn bundle_slot(link: &InviteLink) -> Slot {
    InviteKeys::new(&link.secret).bundle_slot()
}

/// T1, the id of the external PSK: binds the group's first epoch to the link
/// and the bundle, byte for byte. `[HW-INV-5]`
pub(super) fn psk_id(link: &[u8], bundle: &[u8]) -> [u8; 32] {
    kdf::transcript(PSK_ID_LABEL, &[link, bundle])
}

/// T2, the binding: a hash over every byte of the first contact. In the
/// transcript of the second epoch it binds all public keys and ciphertexts so
/// far into all later keys.
pub(super) fn binding(link: &[u8], bundle: &[u8], request: &[u8]) -> [u8; 32] {
    kdf::transcript(BINDING_LABEL, &[link, bundle, request])
}
