//! Slots and the boxes put at them.

use std::fmt;

use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

use crate::{
    error::DecodeError,
    limits::{BOX_LEN, SLOT_LEN},
};

/// The name of a place at a relay that is written once: 32 pseudorandom bytes.
///
/// Knowing it is the right to read, write and drop the place, so it is never
/// logged: its `Debug` form is redacted. `[HW-SLOT-1]`
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, TlsSerialize, TlsDeserializeBytes, TlsSize,
)]
pub struct Slot([u8; SLOT_LEN]);

impl Slot {
    /// The slot of this name.
    #[must_use]
    pub fn new(name: [u8; SLOT_LEN]) -> Self {
        Self(name)
    }

    /// Its name.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; SLOT_LEN] {
        &self.0
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot(..)")
    }
}

/// A box as it lies at a slot: nonce, ciphertext and tag, always
/// [`BOX_LEN`] bytes. `[HW-BOX-1]`
#[derive(Clone, PartialEq, Eq)]
pub struct SealedBox(Box<[u8; BOX_LEN]>);

impl SealedBox {
    /// The box of exactly these bytes.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] unless `bytes` has [`BOX_LEN`] bytes.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, DecodeError> {
        let boxed: Box<[u8]> = bytes.into();
        boxed
            .try_into()
            .map(Self)
            .map_err(|_| DecodeError::Malformed)
    }

    /// All its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; BOX_LEN] {
        &self.0
    }
}

impl fmt::Debug for SealedBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedBox(..)")
    }
}
