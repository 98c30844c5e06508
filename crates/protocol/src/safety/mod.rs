//! The safety number that two people compare.

pub(crate) mod emoji;

use std::fmt;

use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::{identity::Fingerprint, kdf};
use emoji::{EMOJI, Emoji};

const LABEL: &[u8] = b"hushwing 1 safety number";

/// How the text of a QR code begins; the rest is all 256 bits. `[HW-ID-7]`
pub const CODE_PREFIX: &str = "HUSHWING-SAFETY:1:";

/// Decimal digits of a safety number.
pub const SAFETY_DIGITS: usize = 40;

/// What somebody typed, pasted or scanned is no safety number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotComparable {
    /// Not 40 digits.
    #[error("a safety number has 40 digits, in 8 groups of 5")]
    Digits,
    /// Not the text of a code.
    #[error("this is not the code of a safety number; its text begins with {CODE_PREFIX}")]
    Code,
}

const MARK_LABEL: &[u8] = b"hushwing 1 verified safety number";

fn without_spaces(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

/// What is to be told from other uses of Argon2id; at least 8 bytes.
const SPOKEN_SALT: &[u8] = b"hushwing 1 spoken safety number";
/// What one guess at a spoken number costs: memory in KiB, and passes over it. The second
/// choice of OWASP's guide for passwords, some 20 ms of a core.
const SPOKEN_MEMORY_KIB: u32 = 19 * 1024;
const SPOKEN_PASSES: u32 = 2;
/// Length of a spoken number in bytes.
const SPOKEN_LEN: usize = 16;

/// Equal on both sides exactly when both hold the same two identities and the
/// same first contact: 256 bits as QR code, and 128 bits to read out.
///
/// Two numbers of 128 bits that are equal are found in 2^64 trials by whoever chooses one
/// identity on each side, as somebody between two people can who has both take another one.
/// The 128 bits are Argon2id (RFC 9106) of the whole, so that each trial costs memory and
/// time. `[HW-ID-4]`
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct SafetyNumber {
    /// All 256 bits.
    whole: [u8; 32],
    /// What people read out.
    spoken: [u8; SPOKEN_LEN],
}

/// A number as rows hold it: with its spoken part, or from before there was one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Now {
        whole: [u8; 32],
        spoken: [u8; SPOKEN_LEN],
    },
    Before([u8; 32]),
}

impl From<Stored> for SafetyNumber {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Now { whole, spoken } => Self { whole, spoken },
            Stored::Before(whole) => Self::of(whole),
        }
    }
}

impl SafetyNumber {
    /// From both identities and the binding of the first contact. Takes some 20 ms and
    /// 19 MiB.
    pub(crate) fn new(inviter: &Fingerprint, redeemer: &Fingerprint, binding: &[u8; 32]) -> Self {
        Self::of(kdf::transcript(
            LABEL,
            &[inviter.as_bytes(), redeemer.as_bytes(), binding],
        ))
    }

    fn of(whole: [u8; 32]) -> Self {
        let spoken = kdf::argon2id(&whole, SPOKEN_SALT, SPOKEN_MEMORY_KIB, SPOKEN_PASSES);
        Self { whole, spoken }
    }

    /// All 256 bits.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.whole
    }

    /// The spoken 128 bits, a byte each. `[HW-ID-6]`
    #[must_use]
    pub fn emoji(&self) -> [&'static Emoji; 16] {
        std::array::from_fn(|place| &EMOJI[usize::from(self.spoken[place])])
    }

    /// The text of the QR code, equal on both sides: all 256 bits in base 32, in letters
    /// for which such a code has a short mode. `[HW-ID-7]`
    #[must_use]
    pub fn code(&self) -> String {
        CODE_PREFIX.to_owned() + &BASE32_NOPAD.encode(&self.whole)
    }

    /// Whether the other side's code is ours.
    ///
    /// # Errors
    /// [`NotComparable::Code`] for a text that is no such code.
    pub fn is_code(&self, theirs: &str) -> Result<bool, NotComparable> {
        let theirs = without_spaces(theirs).to_ascii_uppercase();
        let ours = self.code();
        if theirs.len() != ours.len() || !theirs.starts_with(CODE_PREFIX) {
            return Err(NotComparable::Code);
        }
        Ok(ours.as_bytes().ct_eq(theirs.as_bytes()).into())
    }

    /// Whether the digits that the other side read out are ours. Only digits and spaces
    /// may be in the text.
    ///
    /// # Errors
    /// [`NotComparable::Digits`] for a text that is no safety number.
    pub fn is_digits(&self, theirs: &str) -> Result<bool, NotComparable> {
        let theirs = without_spaces(theirs);
        if theirs.len() != SAFETY_DIGITS || !theirs.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotComparable::Digits);
        }
        let ours = without_spaces(&self.to_string());
        Ok(ours.as_bytes().ct_eq(theirs.as_bytes()).into())
    }

    /// SHA-256 over the whole number and a label: what is kept to see whether the number is
    /// still the one that a person has verified.
    #[must_use]
    pub fn mark(&self) -> [u8; 32] {
        kdf::transcript(MARK_LABEL, &[&self.whole])
    }
}

/// 40 digits in 8 groups of 5: the spoken 128 bits, big-endian, in decimal.
impl fmt::Display for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:040}", u128::from_be_bytes(self.spoken));
        for (position, digit) in digits.chars().enumerate() {
            if position > 0 && position % 5 == 0 {
                f.write_str(" ")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SafetyNumber(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

    use super::{NotComparable, SafetyNumber};
    use crate::identity::IdentityKeys;

    /// Claims A1 and A2.
    #[test]
    fn each_identity_its_role_and_the_binding_change_it() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let [a, b, c] = [(); 3].map(|()| IdentityKeys::generate(&mut rng).fingerprint());
        let numbers = [
            SafetyNumber::new(&a, &b, &[1; 32]),
            SafetyNumber::new(&c, &b, &[1; 32]),
            SafetyNumber::new(&a, &c, &[1; 32]),
            SafetyNumber::new(&b, &a, &[1; 32]),
            SafetyNumber::new(&a, &b, &[2; 32]),
        ];
        let shown: BTreeSet<String> = numbers.iter().map(ToString::to_string).collect();
        assert_eq!(shown.len(), numbers.len());
    }

    /// Claim A1.
    #[test]
    fn it_is_eight_groups_of_five_digits_of_the_spoken_bits() {
        let mut number = SafetyNumber {
            whole: [7; 32],
            spoken: [0xff; 16],
        };
        assert_eq!(
            number.to_string(),
            "03402 82366 92093 84634 63374 60743 17682 11455"
        );
        number.spoken.fill(0);
        number.spoken[15] = 1;
        assert_eq!(
            number.to_string(),
            "00000 00000 00000 00000 00000 00000 00000 00001"
        );
    }

    /// Computed with the reference implementation (`argon2` command): the 32 bytes, 19 MiB,
    /// 2 passes, 1 lane. Claim A1.
    #[test]
    fn what_is_spoken_costs_a_guess_memory_and_time() {
        let spoken = SafetyNumber::of(*b"a whole number that has 32 bytes").spoken;
        let hex: String = spoken.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, REFERENCE_SPOKEN);
    }

    const REFERENCE_SPOKEN: &str = "43ce1b4f3061fa6395f23b9dee0dff8b";

    /// A vault from before there was a spoken part.
    #[test]
    fn a_number_of_before_reads_as_the_same_one() {
        let number = SafetyNumber::of([5; 32]);
        let mut before = Vec::new();
        ciborium::into_writer(&[5_u8; 32], &mut before).unwrap();
        let mut now = Vec::new();
        ciborium::into_writer(&number, &mut now).unwrap();
        for stored in [before, now] {
            let read: SafetyNumber = ciborium::from_reader(stored.as_slice()).unwrap();
            assert_eq!(read, number);
            assert_eq!(read.to_string(), number.to_string());
        }
    }

    /// Claim A1.
    #[test]
    fn each_bit_changes_digits_emoji_and_code() {
        let bytes: [u8; 32] = std::array::from_fn(|place| u8::try_from(place * 7).unwrap());
        let number = SafetyNumber::of(bytes);
        let emoji = |number: &SafetyNumber| number.emoji().map(|one| one.symbol);
        for bit in 0..256 {
            let mut other = bytes;
            other[bit / 8] ^= 1 << (bit % 8);
            let other = SafetyNumber::of(other);
            assert_ne!(other.to_string(), number.to_string());
            assert_ne!(emoji(&other), emoji(&number));
            assert_eq!(number.is_digits(&other.to_string()), Ok(false));
            assert_eq!(number.is_code(&other.code()), Ok(false));
            assert_ne!(other.mark(), number.mark());
        }
        for bit in 0..128 {
            let mut other = number.clone();
            other.spoken[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(other.to_string(), number.to_string());
            assert_ne!(emoji(&other), emoji(&number));
            assert_eq!(number.is_digits(&other.to_string()), Ok(false));
        }
    }

    /// Claim A1.
    #[test]
    fn what_the_other_side_shows_is_compared_as_people_hand_it_over() {
        let number = SafetyNumber::of([7; 32]);
        let digits = number.to_string();
        for typed in [
            digits.clone(),
            digits.replace(' ', ""),
            digits.replace(' ', "\n"),
        ] {
            assert_eq!(number.is_digits(&typed), Ok(true));
        }
        let code = number.code();
        for scanned in [code.clone(), code.to_lowercase(), format!(" {code}\n")] {
            assert_eq!(number.is_code(&scanned), Ok(true));
        }
        let short = &digits[1..];
        for typed in ["", "12345", short, &digits.replace('0', "o"), &code] {
            assert_eq!(number.is_digits(typed), Err(NotComparable::Digits));
        }
        let cut = &code[..code.len() - 1];
        let another = code.replace("SAFETY", "ROUTES");
        for scanned in ["", "hushwing:abc", cut, another.as_str(), &digits] {
            assert_eq!(number.is_code(scanned), Err(NotComparable::Code));
        }
    }
}
