//! The invite link, the bundle behind it, and the request that answers it.

use std::{fmt, str::FromStr};

use tls_codec::{TlsDeserializeBytes, TlsSerialize, TlsSize};
use zeroize::ZeroizeOnDrop;

use crate::{
    boxes::{check_padded, pad},
    codec,
    envelope::ContactCard,
    error::DecodeError,
    limits::MAX_LINK_CHARS,
    routes::{RelayAddress, check_relays, strip_scheme},
};

/// Bytes of the secret in a link.
pub const INVITE_SECRET_LEN: usize = 32;

/// An invite as its maker hands it over: `hushwing:` and base32 of version,
/// expiry, secret, bundle hash, relays and checksum. `[HW-INV-1]`
///
/// Whoever holds it can redeem it, so it is redacted in `Debug` and wiped when
/// dropped; `Display` shows it all.
#[derive(Clone, PartialEq, Eq, TlsSerialize, TlsDeserializeBytes, TlsSize, ZeroizeOnDrop)]
pub struct InviteLink {
    /// Minute since 1970 after which it must not be redeemed.
    #[zeroize(skip)]
    pub expires_at_min: u32,
    /// Everything about this invite is derived from it.
    pub secret: [u8; INVITE_SECRET_LEN],
    /// SHA-256 of the encoded [`Bundle`].
    #[zeroize(skip)]
    pub bundle_hash: [u8; 32],
    /// Where the bundle waits and the request is put: 1 to 3 relays.
    #[zeroize(skip)]
    pub relays: Vec<RelayAddress>,
}

impl InviteLink {
    /// What the text starts with.
    pub const SCHEME: &'static str = "hushwing:";
    const VERSION: u8 = 1;

    /// The encoding that is hashed into the conversation.
    ///
    /// # Errors
    /// [`DecodeError`] for a number of relays that no link may have.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DecodeError> {
        self.check()?;
        let mut bytes = vec![Self::VERSION];
        bytes.extend(codec::to_bytes(self)?);
        Ok(bytes)
    }

    fn check(&self) -> Result<(), DecodeError> {
        if self.relays.is_empty() {
            return Err(DecodeError::Invalid("the list of relays"));
        }
        check_relays(&self.relays)
    }
}

impl fmt::Debug for InviteLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InviteLink(..)")
    }
}

impl fmt::Display for InviteLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.to_bytes().map_err(|_| fmt::Error)?;
        write!(
            f,
            "{}{}",
            Self::SCHEME,
            codec::to_text(Self::SCHEME, &bytes)
        )
    }
}

impl FromStr for InviteLink {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, DecodeError> {
        let bytes = strip_scheme(text, Self::SCHEME, MAX_LINK_CHARS)?;
        let link: Self = match bytes.split_first() {
            Some((&Self::VERSION, rest)) => codec::from_bytes(rest)?,
            Some((&version, _)) => return Err(DecodeError::Version(version)),
            None => return Err(DecodeError::Malformed),
        };
        link.check()?;
        Ok(link)
    }
}

/// What waits behind an invite: the inviter's fresh MLS key package and card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// An encoded MLS KeyPackage (RFC 9420 §10).
    pub key_package: Vec<u8>,
    /// Who invites.
    pub card: ContactCard,
}

#[derive(TlsSerialize, TlsDeserializeBytes, TlsSize)]
struct BundleV1 {
    version: u8,
    key_package: Vec<u8>,
    card: Vec<u8>,
}

const BUNDLE_VERSION: u8 = 1;

impl Bundle {
    /// The encoding, which [`InviteLink::bundle_hash`] is of.
    ///
    /// # Errors
    /// [`DecodeError`] for a card beyond its limits.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DecodeError> {
        codec::to_bytes(&BundleV1 {
            version: BUNDLE_VERSION,
            key_package: self.key_package.clone(),
            card: self.card.to_bytes()?,
        })
    }

    /// The encoding, padded to the plaintext of a box.
    ///
    /// # Errors
    /// [`DecodeError`] when it does not fit.
    pub fn to_padded(&self) -> Result<Vec<u8>, DecodeError> {
        pad(self.to_bytes()?)
    }

    /// The bundle of a padded plaintext.
    ///
    /// # Errors
    /// [`DecodeError`] for a wrong length, version, structure or padding.
    pub fn from_padded(bytes: &[u8]) -> Result<Self, DecodeError> {
        check_padded(bytes, BUNDLE_VERSION)?;
        let BundleV1 {
            key_package, card, ..
        } = codec::from_padded(bytes)?;
        Ok(Self {
            key_package,
            card: ContactCard::from_bytes(&card)?,
        })
    }
}

/// The redeemer's answer: the Welcome into the conversation that it made, and
/// its first message, which only the inviter can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestPlaintext {
    /// An encoded MLS Welcome (an `MLSMessage`, RFC 9420 §12.4.3.1).
    pub welcome: Vec<u8>,
    /// An MLS application message whose envelope has a [`Body::Card`](crate::Body::Card).
    pub message: Vec<u8>,
}

#[derive(TlsSerialize, TlsDeserializeBytes, TlsSize)]
struct RequestV1 {
    version: u8,
    welcome: Vec<u8>,
    message: Vec<u8>,
}

const REQUEST_VERSION: u8 = 1;

impl RequestPlaintext {
    /// The encoding that is hashed into the conversation.
    ///
    /// # Errors
    /// None in practice; the type is that of the encoder.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DecodeError> {
        codec::to_bytes(&RequestV1 {
            version: REQUEST_VERSION,
            welcome: self.welcome.clone(),
            message: self.message.clone(),
        })
    }

    /// The encoding, padded to the plaintext of a box.
    ///
    /// # Errors
    /// [`DecodeError::TooLong`] when it does not fit.
    pub fn to_padded(&self) -> Result<Vec<u8>, DecodeError> {
        pad(self.to_bytes()?)
    }

    /// The request of a padded plaintext.
    ///
    /// # Errors
    /// [`DecodeError`] for a wrong length, version, structure or padding.
    pub fn from_padded(bytes: &[u8]) -> Result<Self, DecodeError> {
        check_padded(bytes, REQUEST_VERSION)?;
        let RequestV1 {
            welcome, message, ..
        } = codec::from_padded(bytes)?;
        Ok(Self { welcome, message })
    }
}
