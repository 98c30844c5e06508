//! What a box holds before it is sealed.

use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};

use crate::{codec, error::DecodeError, limits::BOX_PLAINTEXT_LEN};

/// The only version of [`BoxPlaintext`].
const VERSION: u8 = 1;

/// The plaintext of a box of a conversation, before padding.
///
/// Until its writer has seen the other side in the new epoch, every box
/// carries the pending commit, so each box opens on its own. `[HW-BOX-2]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoxPlaintext {
    /// An MLS commit (an encoded `MLSMessage`, RFC 9420 §6), or empty.
    pub commit: Vec<u8>,
    /// An MLS application message (an encoded `MLSMessage`) whose content is an
    /// [`Envelope`](crate::Envelope).
    pub message: Vec<u8>,
}

#[derive(TlsSerialize, TlsDeserializeBytes, TlsSize)]
struct Versioned {
    version: u8,
    commit: Vec<u8>,
    message: Vec<u8>,
}

impl BoxPlaintext {
    /// The encoding, padded with zeros to [`BOX_PLAINTEXT_LEN`].
    ///
    /// # Errors
    /// [`DecodeError::TooLong`] when it does not fit one box.
    pub fn to_padded(&self) -> Result<Vec<u8>, DecodeError> {
        let versioned = Versioned {
            version: VERSION,
            commit: self.commit.clone(),
            message: self.message.clone(),
        };
        pad(codec::to_bytes(&versioned)?)
    }

    /// The value of a padded plaintext.
    ///
    /// # Errors
    /// [`DecodeError`] for a wrong length, version, structure or padding.
    pub fn from_padded(bytes: &[u8]) -> Result<Self, DecodeError> {
        check_padded(bytes, VERSION)?;
        let versioned: Versioned = codec::from_padded(bytes)?;
        Ok(Self {
            commit: versioned.commit,
            message: versioned.message,
        })
    }
}

/// `bytes` filled up with zeros to [`BOX_PLAINTEXT_LEN`].
pub(crate) fn pad(mut bytes: Vec<u8>) -> Result<Vec<u8>, DecodeError> {
    if bytes.len() > BOX_PLAINTEXT_LEN {
        return Err(DecodeError::TooLong("the content of the box"));
    }
    bytes.resize(BOX_PLAINTEXT_LEN, 0);
    Ok(bytes)
}

/// Refuses a padded plaintext of another length or version.
pub(crate) fn check_padded(bytes: &[u8], version: u8) -> Result<(), DecodeError> {
    if bytes.len() != BOX_PLAINTEXT_LEN {
        return Err(DecodeError::Malformed);
    }
    check_version(bytes, version)
}

/// Refuses a structure of another version, which its first byte is, before the rest
/// is parsed: another version may look different.
pub(crate) fn check_version(bytes: &[u8], version: u8) -> Result<(), DecodeError> {
    match bytes.first() {
        Some(&found) if found == version => Ok(()),
        Some(&found) => Err(DecodeError::Version(found)),
        None => Err(DecodeError::Malformed),
    }
}
