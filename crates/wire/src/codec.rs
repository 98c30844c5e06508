//! Encoding and decoding of whole structures.

use sha2::{Digest as _, Sha256};
use tls_codec::{DeserializeBytes, Serialize};

use crate::error::DecodeError;

/// The TLS encoding of `value`.
///
/// # Errors
/// [`DecodeError::TooLong`] when a vector does not fit its length field.
pub fn to_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>, DecodeError> {
    value
        .tls_serialize_detached()
        .map_err(|_| DecodeError::TooLong("the structure"))
}

/// The value whose TLS encoding is exactly `bytes`.
///
/// # Errors
/// [`DecodeError::Malformed`] when `bytes` are cut short, hold more than the
/// value, or are not its encoding.
pub fn from_bytes<T: DeserializeBytes>(bytes: &[u8]) -> Result<T, DecodeError> {
    let (value, rest) = T::tls_deserialize_bytes(bytes)?;
    if rest.is_empty() {
        Ok(value)
    } else {
        Err(DecodeError::Malformed)
    }
}

/// The value at the front of `bytes`, everything behind it being zero.
///
/// # Errors
/// [`DecodeError::Malformed`] and [`DecodeError::Padding`].
pub(crate) fn from_padded<T: DeserializeBytes>(bytes: &[u8]) -> Result<T, DecodeError> {
    let (value, rest) = T::tls_deserialize_bytes(bytes)?;
    // No early exit: the time does not tell where the content ends.
    if rest.iter().fold(0, |all, byte| all | byte) == 0 {
        Ok(value)
    } else {
        Err(DecodeError::Padding)
    }
}

/// Bytes of the checksum of a text form: one random error in 2^32 slips
/// through; it protects against mistakes, not against people.
const CHECKSUM_LEN: usize = 4;

/// `payload` with a checksum, in lower-case base32 (RFC 4648 §6) without padding.
pub(crate) fn to_text(label: &str, payload: &[u8]) -> String {
    let mut bytes = payload.to_vec();
    bytes.extend_from_slice(&checksum(label, payload));
    data_encoding::BASE32_NOPAD.encode(&bytes).to_lowercase()
}

/// The payload of a text that [`to_text`] made. Case and white space do not
/// matter: texts are typed, wrapped by mail programs and read from QR codes.
pub(crate) fn from_text(label: &str, text: &str) -> Result<Vec<u8>, DecodeError> {
    let compact: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_ascii_uppercase())
        .collect();
    let bytes = data_encoding::BASE32_NOPAD
        .decode(compact.as_bytes())
        .map_err(|_| DecodeError::Checksum)?;
    let split = bytes
        .len()
        .checked_sub(CHECKSUM_LEN)
        .ok_or(DecodeError::Malformed)?;
    let (payload, sum) = bytes.split_at(split);
    if sum == checksum(label, payload) {
        Ok(payload.to_vec())
    } else {
        Err(DecodeError::Checksum)
    }
}

fn checksum(label: &str, payload: &[u8]) -> [u8; CHECKSUM_LEN] {
    let digest = Sha256::new()
        .chain_update(label.as_bytes())
        .chain_update([0])
        .chain_update(payload)
        .finalize();
    let mut sum = [0; CHECKSUM_LEN];
    sum.copy_from_slice(&digest[..CHECKSUM_LEN]);
    sum
}
