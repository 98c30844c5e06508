//! Addresses that cannot hold an unchecked host.
//!
//! A text becomes one of these types only if it has the one canonical shape of
//! its kind; what is odd (an IP address in any notation, a trailing dot, an old
//! onion) is refused rather than guessed at, because a guess could end in a
//! connection outside Tor. `[HW-NET-1]`

use std::{fmt, net::SocketAddr, str::FromStr};

use sha3::{Digest as _, Sha3_256};
use tls_codec::{DeserializeBytes, Error as TlsError, Serialize, Size};

use crate::{error::DecodeError, limits::MAX_HOST_LEN};

/// A version 3 onion service address: its Ed25519 public key (Tor rend-spec-v3,
/// `ONIONADDRESS`). Redacted in `Debug`; [`OnionAddress::to_host`] is the text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OnionAddress([u8; 32]);

impl OnionAddress {
    const SUFFIX: &'static str = ".onion";
    const VERSION: u8 = 3;
    /// Characters in front of `.onion`: base32 of 35 bytes.
    const LABEL_LEN: usize = 56;

    /// The address of the service with this public key.
    #[must_use]
    pub fn from_public_key(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The service's public key.
    #[must_use]
    pub fn public_key(&self) -> &[u8; 32] {
        &self.0
    }

    /// The address in lower case with `.onion`: 62 characters.
    #[must_use]
    pub fn to_host(&self) -> String {
        let mut bytes = self.0.to_vec();
        bytes.extend_from_slice(&self.checksum());
        bytes.push(Self::VERSION);
        let label = data_encoding::BASE32_NOPAD.encode(&bytes).to_lowercase();
        format!("{label}{}", Self::SUFFIX)
    }

    fn checksum(&self) -> [u8; 2] {
        let digest = Sha3_256::new()
            .chain_update(b".onion checksum")
            .chain_update(self.0)
            .chain_update([Self::VERSION])
            .finalize();
        [digest[0], digest[1]]
    }
}

impl fmt::Debug for OnionAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnionAddress(..)")
    }
}

impl FromStr for OnionAddress {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, DecodeError> {
        const WHAT: DecodeError = DecodeError::Invalid("the onion address");
        let lower = text.to_ascii_lowercase();
        let label = lower.strip_suffix(Self::SUFFIX).ok_or(WHAT)?;
        if label.len() != Self::LABEL_LEN {
            return Err(WHAT);
        }
        let bytes = data_encoding::BASE32_NOPAD
            .decode(label.to_ascii_uppercase().as_bytes())
            .map_err(|_| WHAT)?;
        let key = bytes.first_chunk::<32>().ok_or(WHAT)?;
        let address = Self(*key);
        if bytes[32..] == [address.checksum()[0], address.checksum()[1], Self::VERSION] {
            Ok(address)
        } else {
            Err(DecodeError::Checksum)
        }
    }
}

/// A DNS name that only a Tor exit may resolve: at least two labels of letters,
/// digits and inner hyphens (RFC 1123 §2.1), in lower case, never an address in
/// digits and never a name of this machine or of the local network.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostName(String);

/// Top labels whose names must not be asked of any resolver outside, or that
/// have another meaning than DNS (RFC 6761, RFC 7686, RFC 8375).
const SPECIAL_TOP_LABELS: [&str; 12] = [
    "onion",
    "exit",
    "localhost",
    "local",
    "localdomain",
    "internal",
    "intranet",
    "lan",
    "home",
    "arpa",
    "test",
    "invalid",
];

/// Bytes of one label of a DNS name (RFC 1035 §2.3.4).
const MAX_LABEL_LEN: usize = 63;

impl HostName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for HostName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostName(..)")
    }
}

impl FromStr for HostName {
    type Err = DecodeError;

    fn from_str(text: &str) -> Result<Self, DecodeError> {
        const WHAT: DecodeError = DecodeError::Invalid("the host name");
        let name = text.to_ascii_lowercase();
        let labels: Vec<&str> = name.split('.').collect();
        let (Some(top), true) = (labels.last(), labels.len() >= 2) else {
            return Err(WHAT);
        };
        let all_fine =
            name.len() <= MAX_HOST_LEN && labels.iter().all(|label| label_is_fine(label));
        // A top label of digits (or 0x..) is how resolvers recognise an IPv4
        // address in one of its odd notations.
        let looks_like_address =
            !top.bytes().any(|b| b.is_ascii_alphabetic()) || top.starts_with("0x");
        if all_fine && !looks_like_address && !SPECIAL_TOP_LABELS.contains(top) {
            Ok(Self(name))
        } else {
            Err(WHAT)
        }
    }
}

fn label_is_fine(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= MAX_LABEL_LEN
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// A TCP address on this machine's loopback interface.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoopbackAddr(SocketAddr);

impl LoopbackAddr {
    /// The address, if it is one of 127.0.0.0/8 or `::1`. An IPv4 address
    /// mapped into IPv6 is refused.
    ///
    /// # Errors
    /// [`DecodeError::Invalid`] for any other address.
    pub fn new(address: SocketAddr) -> Result<Self, DecodeError> {
        if address.ip().is_loopback() {
            Ok(Self(address))
        } else {
            Err(DecodeError::Invalid("the loopback address"))
        }
    }

    /// The address.
    #[must_use]
    pub fn socket_addr(&self) -> SocketAddr {
        self.0
    }
}

impl fmt::Debug for LoopbackAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LoopbackAddr({})", self.0)
    }
}

/// A TCP address outside Tor. It exists only where a person typed the flag
/// that says so; no encoding of it exists, so nobody can send us one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClearAddr(SocketAddr);

impl ClearAddr {
    /// An address that is dialled and shown in the clear. The caller states by
    /// the name that a person asked for it.
    #[must_use]
    pub fn dangerously_outside_tor(address: SocketAddr) -> Self {
        Self(address)
    }

    /// The address.
    #[must_use]
    pub fn socket_addr(&self) -> SocketAddr {
        self.0
    }
}

impl fmt::Debug for ClearAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClearAddr(..)")
    }
}

/// Where something listens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// An onion service.
    Onion {
        /// Its address.
        address: OnionAddress,
        /// Its virtual port.
        port: u16,
    },
    /// A host name, reached through a Tor exit that resolves it.
    Host {
        /// Its name.
        name: HostName,
        /// Its TCP port.
        port: u16,
    },
    /// This machine.
    Loopback(LoopbackAddr),
    /// A TCP address outside Tor, from an explicit flag alone.
    Clear(ClearAddr),
}

impl FromStr for Endpoint {
    type Err = DecodeError;

    /// `HOST:PORT`, where `HOST` is an onion address, a host name or a loopback
    /// address. An address outside Tor cannot be written.
    fn from_str(text: &str) -> Result<Self, DecodeError> {
        const WHAT: DecodeError = DecodeError::Invalid("the address");
        if let Ok(socket) = text.parse::<SocketAddr>() {
            if socket.port() == 0 {
                return Err(WHAT);
            }
            return Ok(Self::Loopback(LoopbackAddr::new(socket)?));
        }
        let (host, port) = text.rsplit_once(':').ok_or(WHAT)?;
        if !port.bytes().all(|b| b.is_ascii_digit()) {
            return Err(WHAT);
        }
        let port: u16 = port.parse().map_err(|_| WHAT)?;
        if port == 0 {
            return Err(WHAT);
        }
        if host.to_ascii_lowercase().ends_with(OnionAddress::SUFFIX) {
            let address = host.parse()?;
            Ok(Self::Onion { address, port })
        } else {
            let name = host.parse()?;
            Ok(Self::Host { name, port })
        }
    }
}

const TAG_ONION: u8 = 1;
const TAG_HOST: u8 = 2;
const TAG_LOOPBACK: u8 = 3;

impl Size for Endpoint {
    fn tls_serialized_len(&self) -> usize {
        match self {
            Self::Onion { .. } => 1 + 32 + 2,
            Self::Host { name, .. } => 1 + name.0.as_bytes().tls_serialized_len() + 2,
            Self::Loopback(address) => 1 + address.0.to_string().as_bytes().tls_serialized_len(),
            Self::Clear(_) => 0,
        }
    }
}

impl Serialize for Endpoint {
    fn tls_serialize<W: std::io::Write>(&self, writer: &mut W) -> Result<usize, TlsError> {
        match self {
            Self::Onion { address, port } => Ok(TAG_ONION.tls_serialize(writer)?
                + address.0.tls_serialize(writer)?
                + port.tls_serialize(writer)?),
            Self::Host { name, port } => Ok(TAG_HOST.tls_serialize(writer)?
                + name.0.as_bytes().tls_serialize(writer)?
                + port.tls_serialize(writer)?),
            Self::Loopback(address) => Ok(TAG_LOOPBACK.tls_serialize(writer)?
                + address.0.to_string().as_bytes().tls_serialize(writer)?),
            Self::Clear(_) => Err(TlsError::EncodingError(
                "an address outside Tor is never sent".into(),
            )),
        }
    }
}

impl DeserializeBytes for Endpoint {
    fn tls_deserialize_bytes(bytes: &[u8]) -> Result<(Self, &[u8]), TlsError> {
        let (tag, rest) = u8::tls_deserialize_bytes(bytes)?;
        Self::with_tag(tag, rest)
    }
}

impl Endpoint {
    /// The endpoint whose encoding has this tag and goes on with `rest`.
    pub(crate) fn with_tag(tag: u8, rest: &[u8]) -> Result<(Self, &[u8]), TlsError> {
        match tag {
            TAG_ONION => {
                let (key, rest) = <[u8; 32]>::tls_deserialize_bytes(rest)?;
                let (port, rest) = port_from(rest)?;
                let address = OnionAddress::from_public_key(key);
                Ok((Self::Onion { address, port }, rest))
            }
            TAG_HOST => {
                let (text, rest) = text_from(rest)?;
                let (port, rest) = port_from(rest)?;
                let name: HostName = canonical(&text)?;
                if name.as_str() != text {
                    return Err(invalid());
                }
                Ok((Self::Host { name, port }, rest))
            }
            TAG_LOOPBACK => {
                let (text, rest) = text_from(rest)?;
                let socket: SocketAddr = canonical(&text)?;
                let address = LoopbackAddr::new(socket).map_err(|_| invalid())?;
                if socket.port() == 0 || socket.to_string() != text {
                    return Err(invalid());
                }
                Ok((Self::Loopback(address), rest))
            }
            _ => Err(invalid()),
        }
    }
}

fn port_from(bytes: &[u8]) -> Result<(u16, &[u8]), TlsError> {
    match u16::tls_deserialize_bytes(bytes)? {
        (0, _) => Err(invalid()),
        found => Ok(found),
    }
}

fn text_from(bytes: &[u8]) -> Result<(String, &[u8]), TlsError> {
    let (text, rest) = <Vec<u8>>::tls_deserialize_bytes(bytes)?;
    Ok((String::from_utf8(text).map_err(|_| invalid())?, rest))
}

fn canonical<T: FromStr>(text: &str) -> Result<T, TlsError> {
    text.parse().map_err(|_| invalid())
}

fn invalid() -> TlsError {
    TlsError::DecodingError("not an address".into())
}
