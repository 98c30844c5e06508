//! The passphrase: what a person types, as bytes that are the same on every
//! machine.

use std::fmt;

use icu_normalizer::ComposingNormalizerBorrowed;
use zeroize::Zeroizing;

/// Longest passphrase, in bytes of UTF-8 after normalisation. Far above what
/// anybody types; a bound so that a wrong file piped into standard input is an
/// error instead of a passphrase.
pub const MAX_PASSPHRASE_LEN: usize = 1024;

/// UTF-8 grows by at most this factor under NFC. Unicode states the bound; the
/// worst case is U+1D160, whose 4 bytes become 12.
const NFC_GROWTH: usize = 3;

/// A passphrase, in Unicode normalisation form C, wiped when dropped.
///
/// [HW-VAULT-1] The passphrase is normalised to NFC, as the `OpaqueString`
/// profile (RFC 8265 §4.2) asks, and in the vault rather than in a front end: an
/// "é" arrives as one code point from one keyboard and as two from another, and
/// a passphrase that opens the vault in one front end must open it in each.
/// Nothing else is changed: no case folding, no trimming, spaces count.
pub struct Passphrase(Zeroizing<String>);

/// Why a passphrase was not taken. The fault is the caller's.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum PassphraseError {
    /// It has no characters.
    #[error("the passphrase is empty")]
    Empty,
    /// It is longer than [`MAX_PASSPHRASE_LEN`].
    #[error("the passphrase is longer than {MAX_PASSPHRASE_LEN} bytes")]
    TooLong,
}

impl Passphrase {
    /// Takes `text` over. The caller strips a line end, if it read one; how
    /// strong a passphrase must be is decided by the front ends.
    ///
    /// # Errors
    /// [`PassphraseError`] when `text` is empty or too long.
    pub fn new(text: Zeroizing<String>) -> Result<Self, PassphraseError> {
        if text.is_empty() {
            return Err(PassphraseError::Empty);
        }
        if text.len() > MAX_PASSPHRASE_LEN {
            return Err(PassphraseError::TooLong);
        }
        let normalizer = ComposingNormalizerBorrowed::new_nfc();
        if normalizer.is_normalized(&text) {
            return Ok(Self(text));
        }
        // Room for the longest result, so that the buffer never moves and leaves
        // a copy behind.
        let mut normal = Zeroizing::new(String::with_capacity(text.len() * NFC_GROWTH));
        normalizer
            .normalize_to(&text, &mut *normal)
            .expect("writing to a String cannot fail");
        if normal.len() > MAX_PASSPHRASE_LEN {
            return Err(PassphraseError::TooLong);
        }
        Ok(Self(normal))
    }

    /// Whether it is the same one, however it was spelt.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// The normalised bytes, for the key derivation.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passphrase(text: &str) -> Result<Passphrase, PassphraseError> {
        Passphrase::new(Zeroizing::new(text.to_owned()))
    }

    #[test]
    fn composed_and_decomposed_spellings_are_one_passphrase() {
        let composed = passphrase("caf\u{e9} \u{1e69}").unwrap();
        let decomposed = passphrase("cafe\u{301} s\u{307}\u{323}").unwrap();
        assert_eq!(composed.as_bytes(), decomposed.as_bytes());
    }

    #[test]
    fn case_and_spaces_are_kept() {
        assert_eq!(passphrase(" A b ").unwrap().as_bytes(), b" A b ");
        assert_ne!(
            passphrase("a").unwrap().as_bytes(),
            passphrase("A").unwrap().as_bytes()
        );
    }

    #[test]
    fn empty_and_oversized_are_refused() {
        assert_eq!(passphrase("").unwrap_err(), PassphraseError::Empty);
        let longest = "x".repeat(MAX_PASSPHRASE_LEN);
        assert!(passphrase(&longest).is_ok());
        assert_eq!(
            passphrase(&(longest + "x")).unwrap_err(),
            PassphraseError::TooLong
        );
        // Grows past the limit only by normalisation.
        let growing = "\u{1d160}".repeat(MAX_PASSPHRASE_LEN / 4);
        assert_eq!(passphrase(&growing).unwrap_err(), PassphraseError::TooLong);
    }

    #[test]
    fn debug_shows_nothing() {
        let debug = format!("{:?}", passphrase("hunter2").unwrap());
        assert!(!debug.contains("hunter2"), "{debug}");
    }
}
