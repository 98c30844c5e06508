//! The safety number that two people compare.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{identity::Fingerprint, kdf};

const LABEL: &[u8] = b"hushwing 1 safety number";

/// Equal on both sides exactly when both hold the same two identities and the
/// same first contact. 128 bits as 40 digits to read out, 256 as QR code: a
/// number that an attacker between two strangers can grind needs 2^64 work at
/// 128 bits. `[HW-ID-4]`
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SafetyNumber([u8; 32]);

impl SafetyNumber {
    /// From both identities and the binding of the first contact.
    pub(crate) fn new(inviter: &Fingerprint, redeemer: &Fingerprint, binding: &[u8; 32]) -> Self {
        Self(kdf::transcript(
            LABEL,
            &[inviter.as_bytes(), redeemer.as_bytes(), binding],
        ))
    }

    /// All 256 bits, for a QR code.
    #[must_use]
    pub fn qr_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// 40 digits in 8 groups of 5: the first 128 bits, big-endian, in decimal.
impl fmt::Display for SafetyNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = [0; 16];
        first.copy_from_slice(&self.0[..16]);
        let digits = format!("{:040}", u128::from_be_bytes(first));
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

    use super::SafetyNumber;
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
    fn it_is_eight_groups_of_five_digits_of_the_first_128_bits() {
        let mut bytes = [0xff; 32];
        assert_eq!(
            SafetyNumber(bytes).to_string(),
            "03402 82366 92093 84634 63374 60743 17682 11455"
        );
        bytes[..16].fill(0);
        bytes[15] = 1;
        assert_eq!(
            SafetyNumber(bytes).to_string(),
            "00000 00000 00000 00000 00000 00000 00000 00001"
        );
    }
}
