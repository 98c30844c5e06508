//! Every byte that leaves the machine, as types: relay frames, boxes, invites,
//! records, and the limits that bound them.
//!
//! Structures use TLS presentation language with the variable-size vectors of
//! RFC 9420 §2.1.2. Decoding is total: any input gives a value or a
//! [`DecodeError`], never a panic, and never allocates more than the input's
//! own length.

pub mod address;
mod boxes;
mod codec;
mod envelope;
mod error;
mod frame;
mod gate;
mod invite;
pub mod limits;
mod recovery;
mod routes;
mod slot;

pub use boxes::BoxPlaintext;
pub use codec::{from_bytes, to_bytes};
pub use envelope::{
    Body, ContactCard, ED25519_PUBLIC_LEN, ED25519_SIGNATURE_LEN, Envelope, LaneEnd, LanePlace,
    ML_DSA_65_PUBLIC_LEN, ML_DSA_65_SIGNATURE_LEN, NumberRange, Receipts, SaidBefore,
};
pub use error::DecodeError;
pub use frame::{Refusal, RelayInfo, Request, RequestOp, Response, ResponseOp};
pub use gate::{AccessKey, GateProof, GateTerms};
pub use invite::{Bundle, INVITE_SECRET_LEN, InviteLink, RequestPlaintext};
pub use recovery::{
    BoxMark, HandOver, HybridSignature, Need, RecoveryMessage, RecoveryPlaintext, RepairAnswer,
    RepairRequest, RouteRecord, RouteUpdate, Succession,
};
pub use routes::{RelayAddress, Routes, ServerKeyPin};
pub use slot::{SealedBox, Slot};
