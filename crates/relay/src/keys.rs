//! The relay's secrets, in one file.
//!
//! ```text
//! "hushwing relay keys\n"  version = 1  TLS seed (32)  onion seed (32)  store key (32)  SHA-256 of all before
//! ```

use std::{fs, io, path::Path};

use hushwing_relay_client::TlsSeed;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{dir, place::StoreKey, store::SqliteStore};

const MAGIC: &[u8] = b"hushwing relay keys\n";
const VERSION: u8 = 1;
const HEAD_LEN: usize = MAGIC.len() + 1;
const SEED_LEN: usize = 32;
const SUM_LEN: usize = 32;
const FILE_LEN: usize = HEAD_LEN + 3 * SEED_LEN + SUM_LEN;

/// The relay's secrets. Each is zeroized on drop.
#[derive(Debug)]
pub struct Keys {
    /// The seed of the key that the relay's address pins.
    pub tls: TlsSeed,
    /// The Ed25519 seed of the onion service that the address names.
    pub onion: OnionKeySeed,
    /// Hides slots from the store.
    pub store: StoreKey,
}

/// The Ed25519 seed of the relay's onion service, 32 bytes. Zeroized on drop.
pub struct OnionKeySeed(Zeroizing<[u8; 32]>);

impl OnionKeySeed {
    /// Its bytes, for whoever starts the service.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl std::fmt::Debug for OnionKeySeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnionKeySeed(..)")
    }
}

/// Why the keys cannot be had. Nothing was written over.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// There are none.
    #[error("there is no relay in this folder; `run` makes one")]
    NotFound,
    /// There are boxes but no keys; new keys would give the relay another
    /// address and make the boxes unreachable.
    #[error(
        "the folder holds boxes but no keys.hw; bring the file back from a backup, \
         or start with an empty folder"
    )]
    Lost,
    /// The file is damaged. It is left as it is.
    #[error("keys.hw is damaged; bring it back from a backup, or start with an empty folder")]
    Damaged,
    /// A newer program wrote it.
    #[error("keys.hw has version {0}, which this program does not know; a newer version may")]
    Newer(u8),
    /// The folder has keys of another relay.
    #[error("the folder holds keys already; restore into a new folder")]
    Others,
    /// The system did not let us, or has no randomness.
    #[error("keys.hw cannot be read or written: {0}")]
    System(#[from] io::Error),
}

impl Keys {
    /// The file's name in the relay's folder.
    pub const FILE: &'static str = "keys.hw";

    /// The keys in `folder`; fresh ones if the folder is new.
    ///
    /// # Errors
    /// [`KeysError`]
    pub fn load_or_create(folder: &Path) -> Result<Self, KeysError> {
        match Self::load(folder) {
            Err(KeysError::NotFound) => {}
            other => return other,
        }
        if folder.join(SqliteStore::FILE).exists() {
            return Err(KeysError::Lost);
        }
        let mut file = Zeroizing::new(Vec::with_capacity(FILE_LEN));
        file.extend_from_slice(MAGIC);
        file.push(VERSION);
        let mut seeds = Zeroizing::new([0; 3 * SEED_LEN]);
        getrandom::fill(seeds.as_mut())
            .map_err(|_| io::Error::other("the system has no randomness"))?;
        file.extend_from_slice(seeds.as_ref());
        let sum = Sha256::digest(file.as_slice());
        file.extend_from_slice(&sum);
        dir::write_atomically(&folder.join(Self::FILE), &file)?;
        Self::load(folder)
    }

    /// The keys in `folder`.
    ///
    /// # Errors
    /// [`KeysError`]
    pub fn load(folder: &Path) -> Result<Self, KeysError> {
        let file = match fs::read(folder.join(Self::FILE)) {
            Ok(file) => Zeroizing::new(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(KeysError::NotFound);
            }
            Err(error) => return Err(error.into()),
        };
        Self::parse(&file)
    }

    /// All of the keys in `folder`, for a backup.
    ///
    /// # Errors
    /// [`KeysError`]; nothing damaged is backed up.
    pub fn backup(folder: &Path) -> Result<Zeroizing<Vec<u8>>, KeysError> {
        Self::load(folder)?;
        Ok(Zeroizing::new(fs::read(folder.join(Self::FILE))?))
    }

    /// Brings keys from a backup into `folder`, which has none.
    ///
    /// # Errors
    /// [`KeysError`], also when there are other keys already.
    pub fn restore(folder: &Path, backup: &[u8]) -> Result<(), KeysError> {
        Self::parse(backup)?;
        let path = folder.join(Self::FILE);
        match fs::read(&path).map(Zeroizing::new) {
            Ok(there) if there.as_slice() == backup => Ok(()),
            Ok(_) => Err(KeysError::Others),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(dir::write_atomically(&path, backup)?)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn parse(file: &[u8]) -> Result<Self, KeysError> {
        let version = file
            .strip_prefix(MAGIC)
            .and_then(|rest| rest.first())
            .ok_or(KeysError::Damaged)?;
        if *version > VERSION {
            return Err(KeysError::Newer(*version));
        }
        if file.len() != FILE_LEN || *version != VERSION {
            return Err(KeysError::Damaged);
        }
        let (content, sum) = file.split_at(FILE_LEN - SUM_LEN);
        if Sha256::digest(content).as_slice() != sum {
            return Err(KeysError::Damaged);
        }
        let seed = |index: usize| {
            let mut seed = Zeroizing::new([0; SEED_LEN]);
            let at = HEAD_LEN + index * SEED_LEN;
            seed.copy_from_slice(&content[at..at + SEED_LEN]);
            seed
        };
        Ok(Self {
            tls: TlsSeed::new(*seed(0)),
            onion: OnionKeySeed(seed(1)),
            store: StoreKey::new(*seed(2)),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn keys_are_made_once_and_kept() {
        let temp = tempfile::tempdir().unwrap();
        assert!(matches!(Keys::load(temp.path()), Err(KeysError::NotFound)));
        let made = Keys::load_or_create(temp.path()).unwrap();
        let kept = Keys::load_or_create(temp.path()).unwrap();
        assert_eq!(made.tls.as_bytes(), kept.tls.as_bytes());
        assert_eq!(made.onion.as_bytes(), kept.onion.as_bytes());
        assert_eq!(made.store.as_bytes(), kept.store.as_bytes());
        assert_ne!(made.tls.as_bytes(), made.onion.as_bytes());
        let file = fs::metadata(temp.path().join(Keys::FILE)).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn any_damage_is_noticed_and_left_as_it_is() {
        let temp = tempfile::tempdir().unwrap();
        Keys::load_or_create(temp.path()).unwrap();
        let path = temp.path().join(Keys::FILE);
        let good = fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(Keys::parse(&bad).is_err(), "flipped byte {at}");
            assert!(Keys::parse(&good[..at]).is_err(), "cut at {at}");
        }
        assert!(Keys::parse(&[good.as_slice(), &[0]].concat()).is_err());

        fs::write(&path, &good[..50]).unwrap();
        let error = Keys::load_or_create(temp.path()).unwrap_err();
        assert!(matches!(error, KeysError::Damaged));
        assert_eq!(fs::read(&path).unwrap(), &good[..50]);
    }

    #[test]
    fn a_backup_makes_the_same_relay_and_never_replaces_another() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let made = Keys::load_or_create(one.path()).unwrap();
        let backup = Keys::backup(one.path()).unwrap();
        Keys::restore(two.path(), &backup).unwrap();
        Keys::restore(two.path(), &backup).unwrap();
        let restored = Keys::load(two.path()).unwrap();
        assert_eq!(restored.onion.as_bytes(), made.onion.as_bytes());
        assert_eq!(restored.tls.as_bytes(), made.tls.as_bytes());
        assert_eq!(restored.store.as_bytes(), made.store.as_bytes());
        let other = tempfile::tempdir().unwrap();
        let kept = Keys::load_or_create(other.path()).unwrap();
        let error = Keys::restore(other.path(), &backup).unwrap_err();
        assert!(matches!(error, KeysError::Others));
        assert!(matches!(
            Keys::restore(two.path(), &backup[1..]),
            Err(KeysError::Damaged)
        ));
        let still = Keys::load(other.path()).unwrap();
        assert_eq!(still.tls.as_bytes(), kept.tls.as_bytes());
    }

    #[test]
    fn keys_of_a_newer_program_are_named_as_such() {
        let mut file = MAGIC.to_vec();
        file.push(2);
        assert!(matches!(Keys::parse(&file), Err(KeysError::Newer(2))));
    }

    #[test]
    fn boxes_without_keys_do_not_get_new_ones() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join(SqliteStore::FILE), "boxes").unwrap();
        let error = Keys::load_or_create(temp.path()).unwrap_err();
        assert!(matches!(error, KeysError::Lost));
        assert!(!temp.path().join(Keys::FILE).exists());
    }
}
