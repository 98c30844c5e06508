//! Boxes of a first contact with anything inside; see [`crate::fuzzing`].

use hushwing_wire::{InviteLink, SealedBox};
use rand_core::CryptoRng;

use super::keys::{BUNDLE_BOX_LABEL, InviteKeys, REQUEST_BOX_LABEL, RequestSlot};
use crate::fuzzing::ForgeError;

/// A bundle's box around any padded plaintext.
///
/// # Errors
/// [`ForgeError::Encode`] unless `padded` fills a box.
pub fn seal_bundle(
    rng: &mut dyn CryptoRng,
    link: &InviteLink,
    padded: &[u8],
) -> Result<SealedBox, ForgeError> {
    let keys = InviteKeys::new(&link.secret);
    let slot = keys.bundle_slot();
    Ok(keys
        .bundle_key()
        .seal(rng, BUNDLE_BOX_LABEL, &slot, padded)?)
}

/// The padded plaintext of a bundle's box.
#[must_use]
pub fn open_bundle(link: &InviteLink, boxed: &SealedBox) -> Option<Vec<u8>> {
    let keys = InviteKeys::new(&link.secret);
    let opened = keys
        .bundle_key()
        .open(BUNDLE_BOX_LABEL, &keys.bundle_slot(), boxed);
    opened.map(|padded| padded.to_vec())
}

/// A request's box around any padded plaintext.
///
/// # Errors
/// [`ForgeError::Encode`] unless `padded` fills a box.
pub fn seal_request(
    rng: &mut dyn CryptoRng,
    link: &InviteLink,
    which: RequestSlot,
    padded: &[u8],
) -> Result<SealedBox, ForgeError> {
    let keys = InviteKeys::new(&link.secret);
    let slot = keys.request_slot(which);
    Ok(keys
        .request_key(which)
        .seal(rng, REQUEST_BOX_LABEL, &slot, padded)?)
}

/// The padded plaintext of a request's box.
#[must_use]
pub fn open_request(link: &InviteLink, which: RequestSlot, boxed: &SealedBox) -> Option<Vec<u8>> {
    let keys = InviteKeys::new(&link.secret);
    let opened = keys
        .request_key(which)
        .open(REQUEST_BOX_LABEL, &keys.request_slot(which), boxed);
    opened.map(|padded| padded.to_vec())
}
