//! Where a person can be reached.

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256};
use tls_codec::{
    DeserializeBytes, Error as TlsError, Serialize, Size, TlsDeserializeBytes, TlsSerialize,
    TlsSize,
};

use crate::{
    address::Endpoint,
    codec,
    error::DecodeError,
    gate::AccessKey,
    limits::{ACCESS_KEY_LEN, MAX_LINK_CHARS, MAX_RELAYS},
};

/// SHA-256 of the DER SubjectPublicKeyInfo (RFC 5280 §4.1) of a server's
/// Ed25519 key: what a client pins. `[HW-TLS-1]`
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, TlsSerialize, TlsDeserializeBytes, TlsSize,
)]
pub struct ServerKeyPin([u8; 32]);

/// The DER prefix of every Ed25519 SubjectPublicKeyInfo (RFC 8410 §4).
const ED25519_SPKI_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

impl ServerKeyPin {
    /// The pin of this value.
    #[must_use]
    pub fn new(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// The pin of an Ed25519 public key.
    #[must_use]
    pub fn of_ed25519(public_key: &[u8; 32]) -> Self {
        let digest = Sha256::new()
            .chain_update(ED25519_SPKI_PREFIX)
            .chain_update(public_key)
            .finalize();
        Self(digest.into())
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for ServerKeyPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServerKeyPin(..)")
    }
}

/// A server of the relay protocol: a relay, or a person's own node on the
/// direct path. Never logged: its `Debug` form is redacted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RelayAddress {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// The key that it must show.
    pub pin: ServerKeyPin,
    /// The access key of a relay that only its users may put boxes at. Whoever
    /// is told the address is one of them.
    pub access: Option<AccessKey>,
}

/// Set in the tag of an endpoint whose relay has an access key; so an address
/// without one is what it was before there were any.
const TAG_WITH_ACCESS: u8 = 0x80;

impl Size for RelayAddress {
    fn tls_serialized_len(&self) -> usize {
        let access = self.access.as_ref().map_or(0, |_| ACCESS_KEY_LEN);
        self.endpoint.tls_serialized_len() + self.pin.tls_serialized_len() + access
    }
}

impl Serialize for RelayAddress {
    fn tls_serialize<W: std::io::Write>(&self, writer: &mut W) -> Result<usize, TlsError> {
        let mut endpoint = self.endpoint.tls_serialize_detached()?;
        if let (Some(_), Some(tag)) = (&self.access, endpoint.first_mut()) {
            *tag |= TAG_WITH_ACCESS;
        }
        writer.write_all(&endpoint)?;
        let mut len = endpoint.len() + self.pin.tls_serialize(writer)?;
        if let Some(access) = &self.access {
            len += access.as_bytes().tls_serialize(writer)?;
        }
        Ok(len)
    }
}

impl DeserializeBytes for RelayAddress {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), TlsError> {
        let (tag, rest) = u8::tls_deserialize_bytes(bytes)?;
        let (endpoint, rest) = Endpoint::with_tag(tag & !TAG_WITH_ACCESS, rest)?;
        let (pin, mut rest) = ServerKeyPin::tls_deserialize_bytes(rest)?;
        let mut access = None;
        if tag & TAG_WITH_ACCESS != 0 {
            let (key, behind) = <[u8; ACCESS_KEY_LEN]>::tls_deserialize_bytes(rest)?;
            access = Some(AccessKey::new(key));
            rest = behind;
        }
        let address = Self {
            endpoint,
            pin,
            access,
        };
        Ok((address, rest))
    }
}

impl RelayAddress {
    /// What the text form starts with.
    pub const SCHEME: &'static str = "hushwing-relay:";
    const VERSION: u8 = 1;
}

impl fmt::Debug for RelayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RelayAddress(..)")
    }
}

/// `hushwing-relay:` and base32 of version, endpoint, pin, access key where there
/// is one, and checksum.
impl fmt::Display for RelayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![Self::VERSION];
        bytes.extend(codec::to_bytes(self).map_err(|_| fmt::Error)?);
        write!(
            f,
            "{}{}",
            Self::SCHEME,
            codec::to_text(Self::SCHEME, &bytes)
        )
    }
}

impl FromStr for RelayAddress {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, DecodeError> {
        let bytes = strip_scheme(text, Self::SCHEME, MAX_LINK_CHARS)?;
        match bytes.split_first() {
            Some((&Self::VERSION, rest)) => codec::from_bytes(rest),
            Some((&version, _)) => Err(DecodeError::Version(version)),
            None => Err(DecodeError::Malformed),
        }
    }
}

/// The payload of a text of at most `limit` bytes with `scheme`, whatever its case.
pub(crate) fn strip_scheme(
    text: &str,
    scheme: &'static str,
    limit: usize,
) -> Result<Vec<u8>, DecodeError> {
    if text.len() > limit {
        return Err(DecodeError::TooLong("the text"));
    }
    let text = text.trim();
    match (text.get(..scheme.len()), text.get(scheme.len()..)) {
        (Some(head), Some(rest)) if head.eq_ignore_ascii_case(scheme) => {
            codec::from_text(scheme, rest)
        }
        _ => Err(DecodeError::Invalid("the beginning of the text")),
    }
}

/// The ways to one person in one conversation, in order of preference.
#[derive(Clone, PartialEq, Eq, Default, TlsSerialize, TlsDeserializeBytes, TlsSize)]
pub struct Routes {
    /// Relays where boxes for this person wait; at most [`MAX_RELAYS`].
    pub relays: Vec<RelayAddress>,
    /// The person's own node; an onion service of this conversation alone.
    pub direct: Option<RelayAddress>,
}

impl Routes {
    /// Refuses what no honest peer sends: too many relays, the same relay
    /// twice, an address off Tor, or a direct path that is no onion service or
    /// has an access key.
    ///
    /// # Errors
    /// [`DecodeError::TooLong`] or [`DecodeError::Invalid`].
    pub fn check(&self) -> Result<(), DecodeError> {
        check_relays(&self.relays)?;
        match &self.direct {
            Some(direct)
                if !matches!(direct.endpoint, Endpoint::Onion { .. })
                    || direct.access.is_some() =>
            {
                Err(DecodeError::Invalid("the direct address"))
            }
            _ => Ok(()),
        }
    }
}

/// Refuses too many relays or one relay twice.
pub(crate) fn check_relays(relays: &[RelayAddress]) -> Result<(), DecodeError> {
    if relays.len() > MAX_RELAYS {
        return Err(DecodeError::TooLong("the list of relays"));
    }
    for (position, relay) in relays.iter().enumerate() {
        // One relay is one, with and without its access key.
        let same =
            |other: &RelayAddress| (&other.endpoint, other.pin) == (&relay.endpoint, relay.pin);
        if relays[..position].iter().any(same) {
            return Err(DecodeError::Invalid("the list of relays"));
        }
    }
    Ok(())
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Routes({} relays, direct: {})",
            self.relays.len(),
            self.direct.is_some()
        )
    }
}
