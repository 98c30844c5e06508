//! What the store knows instead of slots: keyed hashes. `[HW-RELAY-4]`
//!
//! A slot's name is the right to read and drop it. The store, its files and
//! whoever copies them see HMAC-SHA-256 of it under a key that lies in another
//! file of the relay's folder.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use hushwing_wire::{SealedBox, Slot};
use sha2::Sha256;
use zeroize::{Zeroize as _, ZeroizeOnDrop};

/// What is hashed, so that no value of one kind is one of another.
const PLACE_LABEL: u8 = 1;
const DIGEST_LABEL: u8 = 2;
const ARCHIVE_LABEL: u8 = 3;

/// The relay's own random key for [`Place`] and [`BoxDigest`], 32 bytes.
/// Zeroized on drop.
pub struct StoreKey([u8; 32]);

impl StoreKey {
    /// The key of these bytes, which must come from a secure random source.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// Its bytes, for its keeper to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Where the store keeps the box of `slot`.
    #[must_use]
    pub fn place(&self, slot: &Slot) -> Place {
        Place(self.mac(PLACE_LABEL, &[slot.as_bytes()]))
    }

    /// What the store remembers of a box after it is dropped.
    #[must_use]
    pub fn digest(&self, place: &Place, boxed: &SealedBox) -> BoxDigest {
        BoxDigest(self.mac(DIGEST_LABEL, &[&place.0, boxed.as_bytes()]))
    }

    /// What an archive of the store is sealed with.
    pub(crate) fn archive_mac(&self) -> Hmac<Sha256> {
        let mut mac = self.keyed();
        mac.update(&[ARCHIVE_LABEL]);
        mac
    }

    fn keyed(&self) -> Hmac<Sha256> {
        Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length")
    }

    fn mac(&self, label: u8, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.keyed();
        mac.update(&[label]);
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

impl Drop for StoreKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for StoreKey {}

impl fmt::Debug for StoreKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoreKey(..)")
    }
}

/// The keyed hash of a slot: where its box lies in the store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place([u8; 32]);

impl Place {
    /// The place with this name, as a store read it back.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its name.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place(..)")
    }
}

/// The keyed digest of a box at its place: tells the same box from another
/// without keeping it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BoxDigest([u8; 32]);

impl BoxDigest {
    /// The digest of these bytes, as a store read it back.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for BoxDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BoxDigest(..)")
    }
}

#[cfg(test)]
mod tests {
    use hushwing_wire::limits::BOX_LEN;

    use super::*;

    fn boxed(byte: u8) -> SealedBox {
        SealedBox::from_slice(&vec![byte; BOX_LEN]).unwrap()
    }

    #[test]
    fn a_place_depends_on_the_key_and_the_slot_alone() {
        let (key, other) = (StoreKey::new([1; 32]), StoreKey::new([2; 32]));
        let slot = Slot::new([7; 32]);
        assert_eq!(key.place(&slot), StoreKey::new([1; 32]).place(&slot));
        assert_ne!(key.place(&slot), other.place(&slot));
        assert_ne!(key.place(&slot), key.place(&Slot::new([8; 32])));
    }

    #[test]
    fn one_box_has_unlike_digests_at_two_places() {
        let key = StoreKey::new([1; 32]);
        let (here, there) = (
            key.place(&Slot::new([1; 32])),
            key.place(&Slot::new([2; 32])),
        );
        assert_eq!(key.digest(&here, &boxed(1)), key.digest(&here, &boxed(1)));
        assert_ne!(key.digest(&here, &boxed(1)), key.digest(&there, &boxed(1)));
        assert_ne!(key.digest(&here, &boxed(1)), key.digest(&here, &boxed(2)));
    }
}
