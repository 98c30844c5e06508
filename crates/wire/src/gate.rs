//! What stands between a box and a relay that does not take boxes from
//! everybody. `[HW-GATE-1]`
//!
//! ```text
//! struct {
//!     uint8 ways;             // 1: a shared access key; 2: work; 3: either
//!     uint8 work_level;       // at most 24; 0 unless work is a way
//! } GateTerms;
//!
//! struct {
//!     uint8 way;
//!     select (way) {
//!         case 1: opaque mac[32];
//!         case 2: struct { opaque nonce[16]; opaque solution[16]; };
//!     };
//! } GateProof;
//! ```
//!
//! Nothing here names who puts a box: the proof depends on the relay, the slot
//! and the day, and two proofs of one person have no more in common than two of
//! strangers.

use std::fmt;

use tls_codec::{DeserializeBytes, Error as TlsError, Serialize, Size};
use zeroize::{Zeroize as _, ZeroizeOnDrop};

use crate::{
    error::DecodeError,
    limits::{ACCESS_KEY_LEN, MAX_WORK_LEVEL},
};

/// The key that all users of one relay share: who has it may put boxes there.
/// Zeroized on drop; its `Debug` form is redacted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessKey(Box<[u8; ACCESS_KEY_LEN]>);

impl AccessKey {
    /// The key of these bytes, which must come from a secure random source.
    #[must_use]
    pub fn new(key: [u8; ACCESS_KEY_LEN]) -> Self {
        Self(Box::new(key))
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; ACCESS_KEY_LEN] {
        &self.0
    }
}

impl Drop for AccessKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for AccessKey {}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessKey(..)")
    }
}

/// What a relay asks of a box. At least one way stands open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GateTerms {
    /// Whether the shared access key opens it.
    pub access_key: bool,
    /// Whether work opens it, and how much: each level doubles it.
    pub work_level: Option<u8>,
}

const WAY_KEY: u8 = 1;
const WAY_WORK: u8 = 2;

/// What a box shows at the gate.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum GateProof {
    /// HMAC-SHA-256 under the shared access key.
    Key {
        /// All its bytes.
        mac: [u8; 32],
    },
    /// A solution of Equi-X.
    Work {
        /// What made the puzzle this one.
        nonce: [u8; 16],
        /// Its solution.
        solution: [u8; 16],
    },
}

impl fmt::Debug for GateProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key { .. } => "Key(..)",
            Self::Work { .. } => "Work(..)",
        })
    }
}

impl GateTerms {
    /// Refuses terms that nobody could meet or that have two encodings.
    ///
    /// # Errors
    /// [`DecodeError::Invalid`], [`DecodeError::TooLong`] for too much work.
    pub fn check(&self) -> Result<(), DecodeError> {
        match (self.access_key, self.work_level) {
            (false, None) => Err(DecodeError::Invalid("the terms of the gate")),
            (_, Some(level)) if level > MAX_WORK_LEVEL => Err(DecodeError::TooLong("the work")),
            _ => Ok(()),
        }
    }
}

impl Size for GateTerms {
    fn tls_serialized_len(&self) -> usize {
        2
    }
}

impl Serialize for GateTerms {
    fn tls_serialize<W: std::io::Write>(&self, writer: &mut W) -> Result<usize, TlsError> {
        let mut ways = 0;
        if self.access_key {
            ways |= WAY_KEY;
        }
        if self.work_level.is_some() {
            ways |= WAY_WORK;
        }
        Ok(ways.tls_serialize(writer)? + self.work_level.unwrap_or(0).tls_serialize(writer)?)
    }
}

impl DeserializeBytes for GateTerms {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), TlsError> {
        let (ways, rest) = u8::tls_deserialize_bytes(bytes)?;
        let (level, rest) = u8::tls_deserialize_bytes(rest)?;
        if ways & !(WAY_KEY | WAY_WORK) != 0 || (ways & WAY_WORK == 0 && level != 0) {
            return Err(TlsError::DecodingError("not the terms of a gate".into()));
        }
        let terms = Self {
            access_key: ways & WAY_KEY != 0,
            work_level: (ways & WAY_WORK != 0).then_some(level),
        };
        Ok((terms, rest))
    }
}

impl Size for GateProof {
    fn tls_serialized_len(&self) -> usize {
        1 + 32
    }
}

impl Serialize for GateProof {
    fn tls_serialize<W: std::io::Write>(&self, writer: &mut W) -> Result<usize, TlsError> {
        Ok(match self {
            Self::Key { mac } => WAY_KEY.tls_serialize(writer)? + mac.tls_serialize(writer)?,
            Self::Work { nonce, solution } => {
                WAY_WORK.tls_serialize(writer)?
                    + nonce.tls_serialize(writer)?
                    + solution.tls_serialize(writer)?
            }
        })
    }
}

impl DeserializeBytes for GateProof {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), TlsError> {
        let (way, rest) = u8::tls_deserialize_bytes(bytes)?;
        match way {
            WAY_KEY => {
                let (mac, rest) = <[u8; 32]>::tls_deserialize_bytes(rest)?;
                Ok((Self::Key { mac }, rest))
            }
            WAY_WORK => {
                let (nonce, rest) = <[u8; 16]>::tls_deserialize_bytes(rest)?;
                let (solution, rest) = <[u8; 16]>::tls_deserialize_bytes(rest)?;
                Ok((Self::Work { nonce, solution }, rest))
            }
            _ => Err(TlsError::DecodingError("not a proof".into())),
        }
    }
}
