//! What lies outside of the lanes of a conversation: routes that their owner
//! signed, and the making anew of a conversation whose keys no longer fit.
//!
//! All of it travels sealed: in a box at a recovery slot, or as a text that one
//! person hands to another.

use std::{fmt, str::FromStr};

use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

use crate::{
    boxes::{check_padded, check_version, pad},
    codec,
    envelope::{
        ED25519_PUBLIC_LEN, ED25519_SIGNATURE_LEN, ML_DSA_65_PUBLIC_LEN, ML_DSA_65_SIGNATURE_LEN,
        Receipts,
    },
    error::DecodeError,
    limits::{
        BOX_NONCE_LEN, BOX_TAG_LEN, MAX_GENERATION, MAX_OPEN_MARKS, MAX_PLACE,
        MAX_ROUTE_RECORD_CHARS, MAX_ROUTE_RECORD_LEN,
    },
    routes::{Routes, strip_scheme},
};

/// Where somebody can be reached from now on. `[HW-ROUTE-1]`
#[derive(Clone, PartialEq, Eq, TlsSerialize, TlsDeserializeBytes, TlsSize)]
pub struct RouteUpdate {
    /// Greater than that of every earlier update of this owner in this
    /// conversation; an update that is not newer changes nothing.
    pub serial: u64,
    /// All routes; those that are not named are over.
    pub routes: Routes,
}

impl RouteUpdate {
    /// The encoding, which is also what a signature covers.
    ///
    /// # Errors
    /// [`DecodeError`] for impossible routes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DecodeError> {
        self.routes.check()?;
        codec::to_bytes(self)
    }

    /// The update of these bytes.
    ///
    /// # Errors
    /// [`DecodeError`] for malformed bytes or impossible routes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let update: Self = codec::from_bytes(bytes)?;
        update.routes.check()?;
        Ok(update)
    }
}

impl fmt::Debug for RouteUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RouteUpdate({}, {:?})", self.serial, self.routes)
    }
}

/// A signature by both keys of an identity; valid only if both are.
#[derive(Clone, PartialEq, Eq, TlsSerialize, TlsDeserializeBytes, TlsSize)]
pub struct HybridSignature {
    /// Ed25519 (RFC 8032).
    pub ed25519: Vec<u8>,
    /// ML-DSA-65 (FIPS 204).
    pub ml_dsa_65: Vec<u8>,
}

impl HybridSignature {
    fn check(&self) -> Result<(), DecodeError> {
        if self.ed25519.len() != ED25519_SIGNATURE_LEN {
            Err(DecodeError::Invalid("the Ed25519 signature"))
        } else if self.ml_dsa_65.len() != ML_DSA_65_SIGNATURE_LEN {
            Err(DecodeError::Invalid("the ML-DSA-65 signature"))
        } else {
            Ok(())
        }
    }
}

impl fmt::Debug for HybridSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HybridSignature(..)")
    }
}

/// The plaintext of a box at a recovery slot. `[HW-REC-1]`
#[derive(Debug, Clone, PartialEq, Eq, TlsSerialize, TlsDeserializeBytes, TlsSize)]
pub struct RecoveryPlaintext {
    version: u8,
    /// What it says.
    pub message: RecoveryMessage,
    /// By the writer's identity over the encoding of `message`; of a
    /// [`Succession`], by the identity that it hands over to.
    pub signature: HybridSignature,
}

const VERSION: u8 = 1;

/// What a recovery box says.
#[derive(Debug, Clone, PartialEq, Eq, TlsSerialize, TlsDeserializeBytes, TlsSize)]
#[repr(u8)]
pub enum RecoveryMessage {
    /// The writer's routes have changed.
    // The codec does not look at the language's own discriminants: it begins with
    // this number and counts on.
    #[tls_codec(discriminant = 1)]
    Routes(RouteUpdate) = 1,
    /// The writer cannot read, or must no longer write, with the keys it has.
    Request(RepairRequest) = 2,
    /// The keys are made anew.
    Answer(RepairAnswer) = 3,
    /// The writer has another identity from now on.
    Succession(Succession) = 4,
}

/// Asks for a new MLS group under another identity. `[HW-ROT-1]`
#[derive(Debug, Clone, PartialEq, Eq, TlsSerialize, TlsDeserializeBytes, TlsSize)]
pub struct Succession {
    /// The other identity, signed by the one that is given up.
    pub hand_over: HandOver,
    /// The request; its key package is of the other identity, its need is
    /// [`Need::Sure`], and it names no open boxes.
    pub request: RepairRequest,
}

/// An identity hands over to another one. `[HW-ROT-1]`
#[derive(Clone, PartialEq, Eq, TlsSerialize, TlsDeserializeBytes, TlsSize)]
pub struct HandOver {
    /// The other identity's Ed25519 key (RFC 8032), 32 bytes.
    pub ed25519_public: Vec<u8>,
    /// The other identity's ML-DSA-65 key (FIPS 204), 1,952 bytes.
    pub ml_dsa_65_public: Vec<u8>,
    /// By the identity that is given up.
    pub signature: HybridSignature,
}

impl HandOver {
    fn check(&self) -> Result<(), DecodeError> {
        if self.ed25519_public.len() != ED25519_PUBLIC_LEN {
            Err(DecodeError::Invalid("the Ed25519 key"))
        } else if self.ml_dsa_65_public.len() != ML_DSA_65_PUBLIC_LEN {
            Err(DecodeError::Invalid("the ML-DSA-65 key"))
        } else {
            self.signature.check()
        }
    }
}

impl fmt::Debug for HandOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HandOver(..)")
    }
}

/// Asks for a new MLS group. `[HW-REC-3]`
#[derive(Debug, Clone, PartialEq, Eq, TlsSerialize, TlsDeserializeBytes, TlsSize)]
pub struct RepairRequest {
    /// A fresh MLS KeyPackage (RFC 9420 §10) of the writer.
    pub key_package: Vec<u8>,
    /// How often the keys of this conversation were made anew, as far as the
    /// writer knows.
    pub generation: u32,
    /// What the writer has stored of the reader's boxes of the generation
    /// `received_in`.
    pub received: Receipts,
    /// The newest generation in which something of the reader came; at most
    /// `generation`. All that the reader said again for an earlier one is in it.
    pub received_in: u32,
    /// Where the writer reads its next recovery box.
    pub read_next: u32,
    /// Where the writer puts the recovery box that comes after this one.
    pub write_next: u32,
    /// How many boxes the writer has written in that generation.
    pub sent: u64,
    /// Which of them receipts of the reader cover.
    pub acknowledged: Receipts,
    /// Those that none covers, the oldest ones.
    pub open: Vec<BoxMark>,
    /// Whether the writer is sure that its keys no longer fit. If not, the reader
    /// makes new ones only where what is stated here differs from what it knows.
    pub need: Need,
    /// Where the writer can be reached.
    pub routes: RouteUpdate,
}

/// A box by its number and its mark. `[HW-CONV-17]`
#[derive(Debug, Clone, Copy, PartialEq, Eq, TlsSerialize, TlsDeserializeBytes, TlsSize)]
pub struct BoxMark {
    /// Its number among those of its writer.
    pub number: u64,
    /// The first 8 bytes (big-endian) of SHA-256 over its padded plaintext.
    pub mark: u64,
}

/// How sure the writer of a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, TlsSerialize, TlsDeserializeBytes, TlsSize)]
#[repr(u8)]
pub enum Need {
    /// Its keys do not fit any more, or must not be used any more.
    Sure = 1,
    /// Its boxes are not acknowledged for long, and it does not know why.
    IfTheyDiffer = 2,
}

/// Makes the new group known. `[HW-REC-4]`
#[derive(Debug, Clone, PartialEq, Eq, TlsSerialize, TlsDeserializeBytes, TlsSize)]
pub struct RepairAnswer {
    /// SHA-256 over the request's plaintext.
    pub request: Vec<u8>,
    /// The Welcome into the new group (RFC 9420 §12.4.3.1).
    pub welcome: Vec<u8>,
    /// The generation that begins.
    pub generation: u32,
    /// The newest generation before in which something of the reader came.
    pub old_generation: u32,
    /// What the writer has stored of the reader's boxes of that old generation.
    pub received: Receipts,
    /// Where the writer puts its next recovery box.
    pub write_next: u32,
    /// Where the writer reads its next recovery box.
    pub read_next: u32,
}

impl RecoveryMessage {
    /// What the signature covers.
    ///
    /// # Errors
    /// [`DecodeError`] when a limit is exceeded.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DecodeError> {
        self.check()?;
        codec::to_bytes(self)
    }

    fn check(&self) -> Result<(), DecodeError> {
        match self {
            Self::Routes(update) => update.routes.check(),
            Self::Request(request) => request.check(),
            Self::Succession(Succession { request, .. }) if !request.open.is_empty() => {
                Err(DecodeError::TooLong("the marks"))
            }
            Self::Succession(Succession { request, .. }) if request.need != Need::Sure => {
                Err(DecodeError::Invalid("the need"))
            }
            Self::Succession(succession) => {
                succession.hand_over.check()?;
                succession.request.check()
            }
            Self::Answer(answer) if answer.request.len() != 32 => {
                Err(DecodeError::Invalid("the request's hash"))
            }
            Self::Answer(answer) if answer.old_generation >= answer.generation => {
                Err(DecodeError::Invalid("the generation"))
            }
            Self::Answer(answer) => {
                check_numbers(answer.generation, answer.write_next)?;
                check_numbers(answer.generation, answer.read_next)?;
                answer.received.check()
            }
        }
    }
}

impl RepairRequest {
    fn check(&self) -> Result<(), DecodeError> {
        check_numbers(self.generation, self.read_next)?;
        check_numbers(self.generation, self.write_next)?;
        if self.received_in > self.generation {
            return Err(DecodeError::Invalid("the generation"));
        }
        self.received.check()?;
        self.acknowledged.check()?;
        if self.open.len() > MAX_OPEN_MARKS {
            return Err(DecodeError::TooLong("the marks"));
        }
        self.routes.routes.check()
    }
}

/// Refuses numbers that no honest writer reaches. `[HW-REC-5]`
fn check_numbers(generation: u32, place: u32) -> Result<(), DecodeError> {
    if generation > MAX_GENERATION {
        Err(DecodeError::Invalid("the generation"))
    } else if place > MAX_PLACE {
        Err(DecodeError::Invalid("the place"))
    } else {
        Ok(())
    }
}

impl RecoveryPlaintext {
    /// The plaintext of `message` with its signature.
    #[must_use]
    pub fn new(message: RecoveryMessage, signature: HybridSignature) -> Self {
        Self {
            version: VERSION,
            message,
            signature,
        }
    }

    /// The encoding.
    ///
    /// # Errors
    /// [`DecodeError`] when a limit is exceeded.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DecodeError> {
        self.check()?;
        codec::to_bytes(self)
    }

    /// The encoding, padded to the plaintext of a box.
    ///
    /// # Errors
    /// [`DecodeError`] when a limit is exceeded or it does not fit.
    pub fn to_padded(&self) -> Result<Vec<u8>, DecodeError> {
        pad(self.to_bytes()?)
    }

    /// The message of a padded plaintext. Its signature is not verified by this.
    ///
    /// # Errors
    /// [`DecodeError`] for a wrong length, version, structure or padding.
    pub fn from_padded(bytes: &[u8]) -> Result<Self, DecodeError> {
        check_padded(bytes, VERSION)?;
        let plaintext: Self = codec::from_padded(bytes)?;
        plaintext.check()?;
        Ok(plaintext)
    }

    /// The message of these bytes, without padding.
    ///
    /// # Errors
    /// [`DecodeError`] as above.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        check_version(bytes, VERSION)?;
        let plaintext: Self = codec::from_bytes(bytes)?;
        plaintext.check()?;
        Ok(plaintext)
    }

    fn check(&self) -> Result<(), DecodeError> {
        self.signature.check()?;
        self.message.check()
    }
}

/// Somebody's signed routes for one contact, sealed so that nobody else can
/// read or use them; as a text to hand over when no relay that both know works
/// any more. `[HW-ROUTE-3]`
#[derive(Clone, PartialEq, Eq)]
pub struct RouteRecord {
    sealed: Vec<u8>,
}

impl RouteRecord {
    /// What the text form starts with.
    pub const SCHEME: &'static str = "hushwing-routes:";
    const VERSION: u8 = 1;

    /// The record of nonce, ciphertext and tag.
    ///
    /// # Errors
    /// [`DecodeError::Malformed`] when it is shorter than nonce and tag or longer
    /// than [`MAX_ROUTE_RECORD_LEN`].
    pub fn new(sealed: Vec<u8>) -> Result<Self, DecodeError> {
        if (BOX_NONCE_LEN + BOX_TAG_LEN..=MAX_ROUTE_RECORD_LEN).contains(&sealed.len()) {
            Ok(Self { sealed })
        } else {
            Err(DecodeError::Malformed)
        }
    }

    /// Nonce, ciphertext and tag.
    #[must_use]
    pub fn sealed(&self) -> &[u8] {
        &self.sealed
    }
}

impl fmt::Debug for RouteRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RouteRecord(..)")
    }
}

impl fmt::Display for RouteRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[Self::VERSION], self.sealed.as_slice()].concat();
        f.write_str(Self::SCHEME)?;
        f.write_str(&codec::to_text(Self::SCHEME, &bytes))
    }
}

impl FromStr for RouteRecord {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, DecodeError> {
        let bytes = strip_scheme(text, Self::SCHEME, MAX_ROUTE_RECORD_CHARS)?;
        match bytes.split_first() {
            Some((&Self::VERSION, rest)) => Self::new(rest.to_vec()),
            Some((&version, _)) => Err(DecodeError::Version(version)),
            None => Err(DecodeError::Malformed),
        }
    }
}
