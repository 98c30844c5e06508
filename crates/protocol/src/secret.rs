//! Secret bytes that wipe themselves, and rows of CBOR that hold them.

use std::fmt;

use rand_core::CryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned, de::Visitor};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::store::{Store, StoreError, Table, guard, guarded};

/// 32 secret bytes. Serialised as a byte string, redacted in `Debug`.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Secret32([u8; 32]);

impl Secret32 {
    pub(crate) fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) fn random(rng: &mut dyn CryptoRng) -> Self {
        let mut secret = Self([0; 32]);
        rng.fill_bytes(&mut secret.0);
        secret
    }

    /// The secret made of exactly these 32 bytes, which are wiped.
    pub(crate) fn take(mut bytes: Vec<u8>) -> Option<Self> {
        let secret = <[u8; 32]>::try_from(bytes.as_slice()).ok().map(Self);
        bytes.zeroize();
        secret
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn expose_mut(&mut self) -> &mut [u8; 32] {
        &mut self.0
    }
}

impl fmt::Debug for Secret32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret32(..)")
    }
}

impl Serialize for Secret32 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Secret32 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Secret32;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("32 bytes")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Secret32, E> {
                bytes
                    .try_into()
                    .map(Secret32)
                    .map_err(|_| E::invalid_length(bytes.len(), &self))
            }

            fn visit_byte_buf<E: serde::de::Error>(self, bytes: Vec<u8>) -> Result<Secret32, E> {
                let bytes = Zeroizing::new(bytes);
                self.visit_bytes(&bytes)
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

/// The CBOR of `value` in a buffer that is wiped.
pub(crate) fn to_cbor<T: Serialize>(value: &T) -> Result<Zeroizing<Vec<u8>>, StoreError> {
    // Growing would leave copies of secrets behind in freed memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(CBOR_CAPACITY));
    cbor4ii::serde::to_writer(&mut *bytes, value)
        .map_err(|_| StoreError::Damaged("a row to write"))?;
    Ok(bytes)
}

/// First size of a buffer for a row; larger than every row of a two-leaf
/// conversation except the message secrets after many skipped messages.
const CBOR_CAPACITY: usize = 16_384;

/// The value of a row, or [`StoreError::Damaged`] with the row's kind.
pub(crate) fn from_cbor<T: DeserializeOwned>(
    bytes: &[u8],
    what: &'static str,
) -> Result<T, StoreError> {
    cbor4ii::serde::from_slice(bytes).map_err(|_| StoreError::Damaged(what))
}

/// Reads the CBOR row at `key`.
pub(crate) fn read_row<T: DeserializeOwned>(
    store: &dyn Store,
    table: Table,
    key: &[u8],
    what: &'static str,
) -> Result<Option<T>, StoreError> {
    match store.get(table, key)? {
        Some(bytes) => {
            let bytes = Zeroizing::new(bytes);
            from_cbor(guarded(table, key, &bytes, what)?, what).map(Some)
        }
        None => Ok(None),
    }
}

/// Writes `value` as the CBOR row at `key`.
pub(crate) fn write_row<T: Serialize>(
    store: &dyn Store,
    table: Table,
    key: &[u8],
    value: &T,
) -> Result<(), StoreError> {
    let mut bytes = to_cbor(value)?;
    guard(table, key, &mut bytes);
    store.put(table, key, &bytes)
}

/// Bytes that are not secret, as a CBOR byte string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Blob(pub(crate) Vec<u8>);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Blob;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Blob, E> {
                Ok(Blob(bytes.to_vec()))
            }

            fn visit_byte_buf<E: serde::de::Error>(self, bytes: Vec<u8>) -> Result<Blob, E> {
                Ok(Blob(bytes))
            }
        }
        deserializer.deserialize_byte_buf(Bytes)
    }
}
