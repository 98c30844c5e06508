//! The keys of a vault, one type a role. Each is wiped when dropped, none can be
//! copied or printed.

use std::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Length of every symmetric key here, in bytes.
pub(crate) const KEY_LEN: usize = 32;
/// Length of the header tag, in bytes: all of HMAC-SHA-256.
pub(crate) const TAG_LEN: usize = 32;

/// The root of a vault: 32 random bytes, made once, stored only inside a slot
/// of the header. It lives for the moment of creating or opening.
///
/// [HW-VAULT-3] The keys in use are HKDF-SHA-256 (RFC 5869, no salt) of the
/// vault key under the labels `hushwing vault v1 database`,
/// `hushwing vault v1 snapshot` and `hushwing vault v1 header`; none tells another
/// or the root.
pub(crate) struct VaultKey(Zeroizing<[u8; KEY_LEN]>);

/// The key of the database, handed to SQLCipher as it is.
pub(crate) struct DatabaseKey(Zeroizing<[u8; KEY_LEN]>);

/// The key that authenticates the header as a whole.
pub(crate) struct HeaderKey(Zeroizing<[u8; KEY_LEN]>);

impl VaultKey {
    pub(crate) fn generate() -> Result<Self, getrandom::Error> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        getrandom::fill(&mut *key)?;
        Ok(Self(key))
    }

    pub(crate) fn from_bytes(key: Zeroizing<[u8; KEY_LEN]>) -> Self {
        Self(key)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
    }

    pub(crate) fn database_key(&self) -> DatabaseKey {
        DatabaseKey(self.derive(b"hushwing vault v1 database"))
    }

    pub(crate) fn snapshot_key(&self) -> DatabaseKey {
        DatabaseKey(self.derive(b"hushwing vault v1 snapshot"))
    }

    pub(crate) fn header_key(&self) -> HeaderKey {
        HeaderKey(self.derive(b"hushwing vault v1 header"))
    }

    fn derive(&self, label: &[u8]) -> Zeroizing<[u8; KEY_LEN]> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        Hkdf::<Sha256>::new(None, &*self.0)
            .expand(label, &mut *key)
            .expect("32 bytes are less than the 255 blocks that HKDF can give");
        key
    }
}

impl DatabaseKey {
    /// The key of a copy that is read and thrown away, or that travels with its key.
    pub(crate) fn generate() -> Result<Self, getrandom::Error> {
        VaultKey::generate().map(|VaultKey(key)| Self(key))
    }

    pub(crate) fn from_bytes(key: Zeroizing<[u8; KEY_LEN]>) -> Self {
        Self(key)
    }

    /// Whether this is the same key, in a time that does not depend on where they differ.
    pub(crate) fn is(&self, other: &Self) -> bool {
        let pairs = self.0.iter().zip(other.0.iter());
        pairs.fold(0, |differ, (one, two)| differ | (one ^ two)) == 0
    }

    /// The same key once more, for a second connection.
    pub(crate) fn again(&self) -> Self {
        Self(self.0.clone())
    }

    pub(crate) fn as_bytes(&self) -> &[u8; KEY_LEN] {
        &self.0
    }
}

impl HeaderKey {
    pub(crate) fn from_bytes(key: Zeroizing<[u8; KEY_LEN]>) -> Self {
        Self(key)
    }

    pub(crate) fn tag(&self, header: &[u8]) -> [u8; TAG_LEN] {
        self.mac(header).finalize().into_bytes().into()
    }

    /// Compares in constant time.
    pub(crate) fn verifies(&self, header: &[u8], tag: &[u8; TAG_LEN]) -> bool {
        self.mac(header).verify_slice(tag).is_ok()
    }

    fn mac(&self, header: &[u8]) -> Hmac<Sha256> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&*self.0).expect("HMAC takes a key of any length");
        mac.update(header);
        mac
    }
}

macro_rules! redacted {
    ($($key:ident)*) => { $(
        impl fmt::Debug for $key {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($key), "(..)"))
            }
        }
    )* };
}
redacted!(VaultKey DatabaseKey HeaderKey);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_derived_keys_differ_from_each_other_and_from_the_root() {
        let root = VaultKey::from_bytes(Zeroizing::new([7; KEY_LEN]));
        let (database, header) = (root.database_key(), root.header_key());
        assert_ne!(database.as_bytes(), &*header.0);
        assert_ne!(database.as_bytes(), root.snapshot_key().as_bytes());
        assert_ne!(&*header.0, root.snapshot_key().as_bytes());
        assert_ne!(database.as_bytes(), root.as_bytes());
        assert_ne!(&*header.0, root.as_bytes());
        let other = VaultKey::from_bytes(Zeroizing::new([8; KEY_LEN]));
        assert_ne!(other.database_key().as_bytes(), database.as_bytes());
    }

    /// Claim Z1.
    #[test]
    fn debug_shows_no_key() {
        let root = VaultKey::from_bytes(Zeroizing::new([0x5a; KEY_LEN]));
        let all = format!("{root:?}{:?}{:?}", root.database_key(), root.header_key());
        assert_eq!(all, "VaultKey(..)DatabaseKey(..)HeaderKey(..)");
    }
}
