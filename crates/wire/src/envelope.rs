//! What an MLS application message of a conversation carries.

use std::fmt;

use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

use crate::{
    codec,
    error::DecodeError,
    limits::{MAX_CONTENT_LEN, MAX_LANE_ENDS, MAX_NAME_LEN, MAX_RECEIPT_RANGES, MAX_UNREAD_PLACES},
    routes::Routes,
};

/// Bytes of an Ed25519 public key (RFC 8032 §5.1.5).
pub const ED25519_PUBLIC_LEN: usize = 32;
/// Bytes of an Ed25519 signature (RFC 8032 §5.1.6).
pub const ED25519_SIGNATURE_LEN: usize = 64;
/// Bytes of an ML-DSA-65 public key (FIPS 204 table 2).
pub const ML_DSA_65_PUBLIC_LEN: usize = 1_952;
/// Bytes of an ML-DSA-65 signature (FIPS 204 table 2).
pub const ML_DSA_65_SIGNATURE_LEN: usize = 3_309;

/// The content of one box: who is where, and what is said. `[HW-CONV-1]`
#[derive(Debug, Clone, PartialEq, Eq, TlsSerialize, TlsDeserializeBytes, TlsSize)]
pub struct Envelope {
    /// This is the writer's `number`-th box of the conversation, from 1,
    /// counted over all lanes and epochs.
    pub number: u64,
    /// Lamport time of the conversation: greater than any that the writer had
    /// seen. Orders the transcript alike on both sides.
    pub clock: u64,
    /// The writer's wall clock in milliseconds since 1970; shown, never trusted.
    pub sent_at_ms: u64,
    /// Which boxes of the reader the writer has stored.
    pub received: Receipts,
    /// How many boxes the writer put in lanes that it has left.
    pub lane_ends: Vec<LaneEnd>,
    /// The writer's MLS epoch authenticator (RFC 9420 §8.7) in the epoch of this
    /// message; one that differs shows a fork.
    pub epoch_authenticator: Vec<u8>,
    /// What is said.
    pub body: Body,
}

/// Bytes of an epoch authenticator: the suite's hash.
const EPOCH_AUTHENTICATOR_LEN: usize = 32;

/// Boxes of the other side that are stored here, by their number.
#[derive(Debug, Clone, PartialEq, Eq, Default, TlsSerialize, TlsDeserializeBytes, TlsSize)]
pub struct Receipts {
    /// All boxes with numbers from 1 to this are stored.
    pub up_to: u64,
    /// And these, in ascending order, apart from each other, all above `up_to`.
    pub beyond: Vec<NumberRange>,
    /// The exclusive or of the marks of all these boxes, each the first 8 bytes
    /// (big-endian) of SHA-256 over a box's padded plaintext; 0 where these are not
    /// all that are stored. `[HW-CONV-17]`
    pub mark: u64,
}

impl Receipts {
    /// Whether the box with `number` is among them.
    #[must_use]
    pub fn contains(&self, number: u64) -> bool {
        number <= self.up_to
            || self
                .beyond
                .iter()
                .any(|range| (range.first..=range.last).contains(&number))
    }

    pub(crate) fn check(&self) -> Result<(), DecodeError> {
        if self.beyond.len() > MAX_RECEIPT_RANGES {
            return Err(DecodeError::TooLong("the receipts"));
        }
        let mut below = self.up_to;
        for range in &self.beyond {
            // A gap of at least one number lies between two ranges.
            let gap = range.first.checked_sub(below).is_some_and(|gap| gap >= 2);
            if !gap || range.last < range.first {
                return Err(DecodeError::Invalid("the receipts"));
            }
            below = range.last;
        }
        Ok(())
    }
}

/// Numbers from `first` to `last`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, TlsSerialize, TlsDeserializeBytes, TlsSize)]
pub struct NumberRange {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

/// The writer puts nothing more into its lane of `epoch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, TlsSerialize, TlsDeserializeBytes, TlsSize)]
pub struct LaneEnd {
    /// The MLS epoch whose lane has ended.
    pub epoch: u64,
    /// How many boxes it holds.
    pub count: u32,
}

/// What an envelope says. `Debug` names the kind and shows nothing that was said.
#[derive(Clone, PartialEq, Eq, TlsSerialize, TlsDeserializeBytes, TlsSize)]
#[repr(u8)]
pub enum Body {
    /// Nothing beyond receipts and a commit.
    // The codec does not look at the language's own discriminants: it begins with
    // this number and counts on.
    #[tls_codec(discriminant = 1)]
    Nothing = 1,
    /// A message in the MIMI content format (CBOR).
    Content(Vec<u8>) = 2,
    /// Who the redeemer of an invite is; only in a request. Boxed in a vector
    /// because it is large.
    Card(Vec<u8>) = 3,
    /// A message that was said before and may not have arrived: its place in
    /// the transcript stays. `[HW-CONV-14]`
    Again(SaidBefore) = 4,
    /// The writer sees that boxes of the reader are missing: what the writer's
    /// receipts do not cover is to be put again. `[HW-CONV-15]`
    AskAgain = 5,
    /// The writer's routes from now on, an encoded
    /// [`RouteUpdate`](crate::RouteUpdate). `[HW-ROUTE-2]`
    Routes(Vec<u8>) = 6,
    /// Boxes of the reader that came to the writer's device and could not be
    /// read there, and that will not be asked for again. `[HW-CONV-16]`
    Unread(Vec<LanePlace>) = 7,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("Nothing"),
            Self::Content(_) => f.write_str("Content(..)"),
            Self::Card(_) => f.write_str("Card(..)"),
            Self::Again(said) => write!(f, "Again({said:?})"),
            Self::AskAgain => f.write_str("AskAgain"),
            Self::Routes(_) => f.write_str("Routes(..)"),
            Self::Unread(places) => write!(f, "Unread({places:?})"),
        }
    }
}

/// Where a box lies among those of its writer.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, TlsSerialize, TlsDeserializeBytes, TlsSize,
)]
pub struct LanePlace {
    /// The MLS epoch of its lane.
    pub epoch: u64,
    /// Its index there, from 0.
    pub index: u32,
}

/// A message that is sent again after the keys were made anew. Its `Debug` form is
/// redacted.
#[derive(Clone, PartialEq, Eq, TlsSerialize, TlsDeserializeBytes, TlsSize)]
pub struct SaidBefore {
    /// The Lamport time that it had when it was first sealed.
    pub clock: u64,
    /// The message in the MIMI content format (CBOR), byte for byte.
    pub content: Vec<u8>,
}

impl fmt::Debug for SaidBefore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SaidBefore(..)")
    }
}

impl Envelope {
    /// The encoding.
    ///
    /// # Errors
    /// [`DecodeError`] when a limit is exceeded.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DecodeError> {
        self.check()?;
        codec::to_bytes(self)
    }

    /// The envelope of these bytes.
    ///
    /// # Errors
    /// [`DecodeError`] for a malformed one or one beyond the limits.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let envelope: Self = codec::from_bytes(bytes)?;
        envelope.check()?;
        Ok(envelope)
    }

    fn check(&self) -> Result<(), DecodeError> {
        self.received.check()?;
        if self.lane_ends.len() > MAX_LANE_ENDS {
            return Err(DecodeError::TooLong("the ends of lanes"));
        }
        if self.epoch_authenticator.len() != EPOCH_AUTHENTICATOR_LEN {
            return Err(DecodeError::Invalid("the epoch authenticator"));
        }
        match &self.body {
            Body::Content(content) if content.len() > MAX_CONTENT_LEN => {
                Err(DecodeError::TooLong("the message"))
            }
            Body::Again(said) if said.content.len() > MAX_CONTENT_LEN => {
                Err(DecodeError::TooLong("the message"))
            }
            Body::Unread(places) if places.len() > MAX_UNREAD_PLACES => {
                Err(DecodeError::TooLong("the boxes that could not be read"))
            }
            _ => Ok(()),
        }
    }
}

/// Who somebody is in one conversation: identity keys, the proof that they
/// stand behind the MLS leaf, and how to reach them. `[HW-ID-1]`
#[derive(Clone, PartialEq, Eq, TlsSerialize, TlsDeserializeBytes, TlsSize)]
pub struct ContactCard {
    /// Ed25519 identity key.
    pub ed25519_public: Vec<u8>,
    /// ML-DSA-65 identity key.
    pub ml_dsa_65_public: Vec<u8>,
    /// Ed25519 signature of the proof.
    pub ed25519_signature: Vec<u8>,
    /// ML-DSA-65 signature of the proof.
    pub ml_dsa_65_signature: Vec<u8>,
    /// The name that its owner chose for this contact; may be empty.
    pub name: Vec<u8>,
    /// Where its owner can be reached.
    pub routes: Routes,
}

impl ContactCard {
    /// The encoding.
    ///
    /// # Errors
    /// [`DecodeError`] when a length is wrong or a limit exceeded.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DecodeError> {
        self.check()?;
        codec::to_bytes(self)
    }

    /// The card of these bytes. Its signatures are not verified by this.
    ///
    /// # Errors
    /// [`DecodeError`] for a malformed card or one beyond the limits.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let card: Self = codec::from_bytes(bytes)?;
        card.check()?;
        Ok(card)
    }

    /// Refuses wrong lengths, a name that is not UTF-8, and impossible routes.
    ///
    /// # Errors
    /// [`DecodeError`] naming the field.
    pub fn check(&self) -> Result<(), DecodeError> {
        let lengths = [
            (
                "the Ed25519 key",
                self.ed25519_public.len(),
                ED25519_PUBLIC_LEN,
            ),
            (
                "the ML-DSA-65 key",
                self.ml_dsa_65_public.len(),
                ML_DSA_65_PUBLIC_LEN,
            ),
            (
                "the Ed25519 signature",
                self.ed25519_signature.len(),
                ED25519_SIGNATURE_LEN,
            ),
            (
                "the ML-DSA-65 signature",
                self.ml_dsa_65_signature.len(),
                ML_DSA_65_SIGNATURE_LEN,
            ),
        ];
        for (what, found, wanted) in lengths {
            if found != wanted {
                return Err(DecodeError::Invalid(what));
            }
        }
        if self.name.len() > MAX_NAME_LEN {
            return Err(DecodeError::TooLong("the name"));
        }
        if std::str::from_utf8(&self.name).is_err() {
            return Err(DecodeError::Invalid("the name"));
        }
        self.routes.check()
    }
}

impl fmt::Debug for ContactCard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContactCard(..)")
    }
}
