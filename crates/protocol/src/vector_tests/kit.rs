//! What the vectors are made with.

use std::{collections::VecDeque, convert::Infallible};

use hushwing_wire::limits::BOX_NONCE_LEN;
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use rand_core::{Rng as _, TryCryptoRng, TryRng};
use serde_json::{Value, json};

/// Bytes that look random and are the same each time.
pub(crate) fn some<const N: usize>(seed: u64) -> [u8; N] {
    let mut bytes = [0; N];
    ChaCha20Rng::seed_from_u64(seed).fill_bytes(&mut bytes);
    bytes
}

/// In lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of such a value.
pub(crate) fn unhex(value: &Value) -> Vec<u8> {
    let digits = value.as_str().unwrap();
    assert!(digits.len().is_multiple_of(2));
    let pairs = (0..digits.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
        .collect()
}

/// Bytes of which a long end is zeros.
pub(crate) fn padded(bytes: &[u8]) -> Value {
    let zeros = bytes.iter().rev().take_while(|byte| **byte == 0).count();
    json!({ "hex": hex(&bytes[..bytes.len() - zeros]), "zeros": zeros })
}

/// Randomness that was written down; asking for more is a defect of the test.
pub(crate) struct Script(VecDeque<u8>);

impl Script {
    pub(crate) fn new(draws: &[&[u8]]) -> Self {
        Self(draws.concat().into())
    }

    /// The nonce that a box or a sealed text begins with.
    pub(crate) fn nonce_of(sealed: &[u8]) -> Self {
        Self::new(&[&sealed[..BOX_NONCE_LEN]])
    }
}

impl TryRng for Script {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill_with(|| self.0.pop_front().unwrap());
        Ok(())
    }
}

impl TryCryptoRng for Script {}

/// Seeded randomness that remembers what it gave.
pub(crate) struct Recorder {
    rng: ChaCha20Rng,
    drawn: Vec<Vec<u8>>,
}

impl Recorder {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            rng: ChaCha20Rng::seed_from_u64(seed),
            drawn: Vec::new(),
        }
    }

    /// The draw with this number, which must have had 32 bytes.
    pub(crate) fn draw(&self, number: usize) -> [u8; 32] {
        self.drawn[number].as_slice().try_into().unwrap()
    }

    /// The first draw of 32 bytes for which this holds.
    pub(crate) fn find(&self, fits: impl Fn(&[u8; 32]) -> bool) -> [u8; 32] {
        let draws = self.drawn.iter();
        let mut draws = draws.filter_map(|draw| draw.as_slice().try_into().ok());
        draws.find(|draw| fits(draw)).unwrap()
    }

    /// How many draws there were.
    pub(crate) fn len(&self) -> usize {
        self.drawn.len()
    }
}

impl TryRng for Recorder {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.rng.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.rng.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.rng.fill_bytes(bytes);
        self.drawn.push(bytes.to_vec());
        Ok(())
    }
}

impl TryCryptoRng for Recorder {}

/// Where two values differ first, without printing the values.
pub(crate) fn difference(place: &str, left: &Value, right: &Value) -> Option<String> {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            let keys = left.keys().chain(right.keys());
            keys.filter_map(|key| {
                let place = format!("{place}/{key}");
                match (left.get(key), right.get(key)) {
                    (Some(left), Some(right)) => difference(&place, left, right),
                    _ => Some(place),
                }
            })
            .next()
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => left
            .iter()
            .zip(right)
            .enumerate()
            .find_map(|(at, (left, right))| difference(&format!("{place}/{at}"), left, right)),
        (left, right) => (left != right).then(|| place.to_owned()),
    }
}
