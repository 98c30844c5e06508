//! Boxes sealed once more for the disk, under a key that the operator keeps
//! elsewhere. `[HW-RELAY-20]`
//!
//! ```text
//! sealed = nonce (24, random) || XChaCha20-Poly1305(key, nonce, box, place)
//! check  = nonce (24, random) || XChaCha20-Poly1305(key, nonce, nothing, "hushwing relay seal check v1")
//! ```
//!
//! A box is ciphertext already; this keeps who copies the disk, but not the
//! key, from waiting with it for the day when its reader's keys are stolen.

use std::fmt;

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use hushwing_wire::{SealedBox, limits::BOX_LEN};
use zeroize::{Zeroize as _, ZeroizeOnDrop};

use crate::place::Place;

/// What the check of a store's key is bound to; no place has its length.
const CHECK_LABEL: &[u8] = b"hushwing relay seal check v1";

const NONCE_LEN: usize = 24;
const TAG_LEN: usize = 16;

/// Bytes of a box as it is sealed for the disk.
pub(crate) const SEALED_LEN: usize = NONCE_LEN + BOX_LEN + TAG_LEN;

/// The operator's key for what lies on the disk, 32 bytes. Zeroized on drop.
#[derive(Clone)]
pub struct SealKey([u8; 32]);

/// A text that is no such key. The operator's mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a seal key is 64 hexadecimal digits")]
pub struct NotASealKey;

impl SealKey {
    /// The key of these bytes, which must come from a secure random source.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The key that is written as 64 hexadecimal digits; white space around
    /// them does not matter.
    ///
    /// # Errors
    /// [`NotASealKey`]
    pub fn from_hex(text: &str) -> Result<Self, NotASealKey> {
        let text = text.trim().as_bytes();
        let (digits, []) = text.as_chunks::<2>() else {
            return Err(NotASealKey);
        };
        let mut key = Self([0; 32]);
        if digits.len() != key.0.len() {
            return Err(NotASealKey);
        }
        for (byte, [high, low]) in key.0.iter_mut().zip(digits) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(key)
    }

    /// What is written to the disk for a box.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub(crate) fn seal(&self, place: &Place, boxed: &SealedBox) -> Result<Vec<u8>, SealError> {
        self.seal_bytes(boxed.as_bytes(), place.as_bytes())
    }

    /// The box that was sealed.
    ///
    /// # Errors
    /// When it was sealed under another key or for another place, or is damaged.
    pub(crate) fn open(&self, place: &Place, sealed: &[u8]) -> Result<SealedBox, SealError> {
        let bytes = self.open_bytes(sealed, place.as_bytes())?;
        SealedBox::from_slice(&bytes).map_err(|_| SealError)
    }

    /// What tells this key from every other and nothing of it.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub(crate) fn check(&self) -> Result<Vec<u8>, SealError> {
        self.seal_bytes(&[], CHECK_LABEL)
    }

    /// Whether `check` was made with this key.
    pub(crate) fn opens_check(&self, check: &[u8]) -> bool {
        self.open_bytes(check, CHECK_LABEL)
            .is_ok_and(|bytes| bytes.is_empty())
    }

    fn seal_bytes(&self, msg: &[u8], aad: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| SealError)?;
        let ciphertext = self
            .cipher()
            .encrypt(&XNonce::from(nonce), Payload { msg, aad })
            .map_err(|_| SealError)?;
        Ok([nonce.as_slice(), &ciphertext].concat())
    }

    fn open_bytes(&self, sealed: &[u8], aad: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, msg) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
        self.cipher()
            .decrypt(&XNonce::from(*nonce), Payload { msg, aad })
            .map_err(|_| SealError)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&self.0.into())
    }
}

fn digit(character: u8) -> Result<u8, NotASealKey> {
    char::from(character)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
        .ok_or(NotASealKey)
}

/// A box cannot be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a box on the disk is sealed under another key, or damaged")]
pub(crate) struct SealError;

impl Drop for SealKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for SealKey {}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(byte: u8) -> Place {
        Place::from_bytes([byte; 32])
    }

    #[test]
    fn a_sealed_box_opens_at_its_place_under_its_key_alone() {
        let key = SealKey::new([1; 32]);
        let boxed = SealedBox::from_slice(&vec![7; BOX_LEN]).unwrap();
        let sealed = key.seal(&place(1), &boxed).unwrap();
        assert_eq!(sealed.len(), SEALED_LEN);
        assert_eq!(key.open(&place(1), &sealed), Ok(boxed.clone()));
        assert_eq!(key.open(&place(2), &sealed), Err(SealError));
        assert_eq!(
            SealKey::new([2; 32]).open(&place(1), &sealed),
            Err(SealError)
        );
        assert_ne!(key.seal(&place(1), &boxed).unwrap(), sealed);
        for at in [0, NONCE_LEN, SEALED_LEN - 1] {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert_eq!(key.open(&place(1), &damaged), Err(SealError));
            assert_eq!(key.open(&place(1), &sealed[..at]), Err(SealError));
        }
    }

    #[test]
    fn a_check_is_of_one_key_and_no_box_is_one() {
        let key = SealKey::new([1; 32]);
        let check = key.check().unwrap();
        assert!(key.opens_check(&check));
        assert!(!SealKey::new([2; 32]).opens_check(&check));
        for at in 0..check.len() {
            let mut damaged = check.clone();
            damaged[at] ^= 1;
            assert!(!key.opens_check(&damaged));
            assert!(!key.opens_check(&check[..at]));
        }
        let boxed = SealedBox::from_slice(&vec![7; BOX_LEN]).unwrap();
        assert!(!key.opens_check(&key.seal(&place(1), &boxed).unwrap()));
    }

    #[test]
    fn a_key_is_64_hexadecimal_digits() {
        let text = format!("{}\n", "0aF1".repeat(16));
        let key = SealKey::from_hex(&text).unwrap();
        assert_eq!(key.0[..2], [0x0a, 0xf1]);
        for wrong in ["", "0a", &"0".repeat(63), &"0".repeat(65), &"g".repeat(64)] {
            assert!(SealKey::from_hex(wrong).is_err(), "{wrong}");
        }
    }
}
