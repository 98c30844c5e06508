//! A box inside a row, as its bytes.

use hushwing_wire::SealedBox;
use serde::{Deserializer, Serializer, de};

pub(super) fn serialize<S: Serializer>(
    boxed: &SealedBox,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(boxed.as_bytes())
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<SealedBox, D::Error> {
    let bytes = super::tls::bytes(deserializer)?;
    SealedBox::from_slice(&bytes).map_err(de::Error::custom)
}
