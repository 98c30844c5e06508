//! Boxes that an honest writer does not make, for the fuzz targets: sealed with
//! the right keys, so that what is inside is reached. Only with the feature
//! `fuzzing`, which no program turns on.

use hushwing_wire::DecodeError;

use crate::{
    content::{self, Content},
    error::StateError,
    mls::MlsError,
    store::StoreError,
};
pub use crate::{
    conversation::forge::{
        next_envelope, open_answer, open_record, pending_request, seal_answer, seal_in_lane,
        seal_record, seal_recovery, sign_recovery, write_inside,
    },
    first_contact::forge::{open_bundle, open_request, seal_bundle, seal_request},
};

/// Nothing was forged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForgeError {
    /// The conversation cannot be read.
    #[error(transparent)]
    State(#[from] StateError),
    /// The vault failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The encryption failed.
    #[error(transparent)]
    Mls(#[from] MlsError),
    /// A structure does not fit.
    #[error(transparent)]
    Encode(#[from] DecodeError),
}

/// What a reader makes of the bytes of a message's content.
#[must_use]
pub fn decode_content(bytes: &[u8]) -> Content {
    content::decode(bytes)
}
