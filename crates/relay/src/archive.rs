//! A store in one stream: to move it to another backend or machine.
//! `[HW-RELAY-18]`
//!
//! ```text
//! "hushwing relay boxes\n"  version = 1
//! each place:  kind (1 a box, 2 a tombstone)  place (32)  digest (32)  expires_s (uint64)  [box (16384)]
//! at the end:  kind = 0  places (uint64)  mac (32)
//! ```
//!
//! `mac` is HMAC-SHA-256 under the relay's store key over `0x03` and all before
//! it. Nothing of an archive is taken before all of it was verified; one of
//! another relay is refused, since nobody could find its boxes here.

use std::io::{self, Read, Seek, Write};

use hmac::{Hmac, Mac as _};
use hushwing_wire::{SealedBox, limits::BOX_LEN};
use sha2::Sha256;

use crate::{
    place::{BoxDigest, Place, StoreKey},
    store::{Kept, SlotStore, StoreError},
};

const MAGIC: &[u8] = b"hushwing relay boxes\n";
const VERSION: u8 = 1;

const KIND_END: u8 = 0;
const KIND_BOX: u8 = 1;
const KIND_TOMBSTONE: u8 = 2;

/// Places that are read or written at once: 4 MB of boxes.
const BATCH: usize = 256;

/// Why a store was not moved.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is no archive, is cut short or was changed, or is of another relay.
    #[error("the archive is damaged, incomplete, or of a relay with other keys; nothing was taken")]
    NotGenuine,
    /// A newer program wrote it.
    #[error("the archive has version {0}, which this program does not know; a newer version may")]
    Newer(u8),
    /// The store here has no room for all of it. What fitted is there; import
    /// again with higher limits.
    #[error("the store is full; raise its limits and import again: what is there already stays")]
    Full,
    /// The archive cannot be read or written.
    #[error("the archive cannot be read or written: {0}")]
    Archive(#[from] io::Error),
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes all of `store` to `out`; how many places it holds.
///
/// # Errors
/// [`ArchiveError`]; what was written is then no archive.
pub async fn export(
    store: &dyn SlotStore,
    key: &StoreKey,
    out: &mut (dyn Write + Send),
) -> Result<u64, ArchiveError> {
    let mut out = Sealing {
        out,
        mac: key.archive_mac(),
    };
    out.write(MAGIC)?;
    out.write(&[VERSION])?;
    let (mut places, mut after) = (0_u64, None);
    loop {
        let batch = store.scan(after, BATCH).await?;
        let Some(last) = batch.last() else {
            break;
        };
        after = Some(last.place);
        for kept in &batch {
            out.write(&[if kept.boxed.is_some() {
                KIND_BOX
            } else {
                KIND_TOMBSTONE
            }])?;
            out.write(kept.place.as_bytes())?;
            out.write(kept.digest.as_bytes())?;
            out.write(&kept.expires_s.to_be_bytes())?;
            if let Some(boxed) = &kept.boxed {
                out.write(boxed.as_bytes())?;
            }
            places += 1;
        }
    }
    out.write(&[KIND_END])?;
    out.write(&places.to_be_bytes())?;
    let mac = out.mac.finalize().into_bytes();
    out.out.write_all(&mac)?;
    out.out.flush()?;
    Ok(places)
}

/// Puts all of an archive into `store`; how many places it held. What is there
/// already and has not expired at `now_s`, in seconds since 1970, stays as it is.
///
/// # Errors
/// [`ArchiveError`]
pub async fn import(
    store: &dyn SlotStore,
    key: &StoreKey,
    input: &mut (impl Read + Seek + Send),
    now_s: u64,
) -> Result<u64, ArchiveError> {
    verify(key, input)?;
    input.rewind()?;
    let mut input = Reading::new(key, input)?;
    let mut batch = Vec::new();
    let mut places = 0;
    loop {
        let next = input.next()?;
        let ended = next.is_none();
        batch.extend(next);
        if batch.len() >= BATCH || ended {
            places += batch.len() as u64;
            if !store.restore(std::mem::take(&mut batch), now_s).await? {
                return Err(ArchiveError::Full);
            }
        }
        if ended {
            return Ok(places);
        }
    }
}

/// Reads all of an archive and says how many places are in it.
///
/// # Errors
/// [`ArchiveError`] unless it is whole, unchanged and of the relay with `key`.
pub fn verify(key: &StoreKey, input: &mut impl Read) -> Result<u64, ArchiveError> {
    let mut input = Reading::new(key, input)?;
    let mut places = 0;
    while input.next()?.is_some() {
        places += 1;
    }
    Ok(places)
}

struct Sealing<'a> {
    out: &'a mut (dyn Write + Send),
    mac: Hmac<Sha256>,
}

impl Sealing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.mac.update(bytes);
        self.out.write_all(bytes)
    }
}

struct Reading<'a, R> {
    input: &'a mut R,
    mac: Hmac<Sha256>,
    places: u64,
}

impl<'a, R: Read> Reading<'a, R> {
    fn new(key: &StoreKey, input: &'a mut R) -> Result<Self, ArchiveError> {
        let mut reading = Self {
            input,
            mac: key.archive_mac(),
            places: 0,
        };
        let mut magic = [0; MAGIC.len()];
        reading.fill(&mut magic)?;
        if magic != MAGIC {
            return Err(ArchiveError::NotGenuine);
        }
        match reading.bytes::<1>()? {
            [VERSION] => Ok(reading),
            [version] if version > VERSION => Err(ArchiveError::Newer(version)),
            _ => Err(ArchiveError::NotGenuine),
        }
    }

    /// The next place; `None` behind the last, when all was found genuine.
    fn next(&mut self) -> Result<Option<Kept>, ArchiveError> {
        let [kind] = self.bytes()?;
        if kind == KIND_END {
            let places = u64::from_be_bytes(self.bytes()?);
            let mac = self.mac.clone();
            let shown = self.bytes::<32>()?;
            let genuine = mac.verify_slice(&shown).is_ok() && places == self.places;
            // Nor is anything behind it.
            if !genuine || self.input.read(&mut [0])? != 0 {
                return Err(ArchiveError::NotGenuine);
            }
            return Ok(None);
        }
        if kind > KIND_TOMBSTONE {
            return Err(ArchiveError::NotGenuine);
        }
        let place = Place::from_bytes(self.bytes()?);
        let digest = BoxDigest::from_bytes(self.bytes()?);
        let expires_s = u64::from_be_bytes(self.bytes()?);
        let mut boxed = None;
        if kind == KIND_BOX {
            let mut bytes = vec![0; BOX_LEN];
            self.fill(&mut bytes)?;
            let whole = SealedBox::from_slice(&bytes).map_err(|_| ArchiveError::NotGenuine)?;
            boxed = Some(whole);
        }
        self.places += 1;
        Ok(Some(Kept {
            place,
            digest,
            expires_s,
            boxed,
        }))
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], ArchiveError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), ArchiveError> {
        match self.input.read_exact(bytes) {
            Ok(()) => {
                self.mac.update(bytes);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(ArchiveError::NotGenuine)
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use hushwing_wire::Slot;

    use super::*;
    use crate::store::{Deposit, MemoryStore, StoreLimits};

    fn key() -> StoreKey {
        StoreKey::new([5; 32])
    }

    async fn store_of(boxes: u8) -> MemoryStore {
        let store = MemoryStore::new(StoreLimits::default());
        for number in 0..boxes {
            let place = key().place(&Slot::new([number; 32]));
            let boxed = SealedBox::from_slice(&vec![number; BOX_LEN]).unwrap();
            let deposit = Deposit {
                digest: key().digest(&place, &boxed),
                place,
                boxed,
                expires_s: 100,
            };
            store.put(deposit, 1).await.unwrap();
            if number % 3 == 0 {
                store.drop_boxes(&[place]).await.unwrap();
            }
        }
        store
    }

    async fn archive_of(store: &MemoryStore) -> Vec<u8> {
        let mut out = Vec::new();
        export(store, &key(), &mut out).await.unwrap();
        out
    }

    #[tokio::test]
    async fn an_archive_makes_the_same_store_elsewhere() {
        let store = store_of(10).await;
        let archive = archive_of(&store).await;
        let other = MemoryStore::new(StoreLimits::default());
        let places = import(&other, &key(), &mut Cursor::new(&archive), 1).await;
        assert_eq!(places.unwrap(), 10);
        assert_eq!(other.scan(None, 99).await, store.scan(None, 99).await);
        assert_eq!(archive_of(&other).await, archive);
        let again = import(&other, &key(), &mut Cursor::new(&archive), 1).await;
        assert_eq!(again.unwrap(), 10);
        assert_eq!(other.usage().await, store.usage().await);
    }

    #[tokio::test]
    async fn nothing_is_taken_of_an_archive_that_was_changed_cut_or_is_another_relays() {
        let good = archive_of(&store_of(3).await).await;
        let other = MemoryStore::new(StoreLimits::default());
        let refused = async |bytes: &[u8], key: &StoreKey| {
            let error = import(&other, key, &mut Cursor::new(bytes), 1).await;
            assert!(matches!(
                error,
                Err(ArchiveError::NotGenuine | ArchiveError::Newer(_))
            ));
            assert_eq!(other.usage().await.unwrap().boxes, 0);
        };
        for at in (0..good.len())
            .step_by(911)
            .chain(0..120)
            .chain(good.len() - 50..good.len())
        {
            let mut bad = good.clone();
            bad[at] ^= 1;
            refused(&bad, &key()).await;
            refused(&good[..at], &key()).await;
        }
        refused(&[good.as_slice(), &[0]].concat(), &key()).await;
        refused(&good, &StoreKey::new([6; 32])).await;
    }

    #[tokio::test]
    async fn a_store_without_room_says_so() {
        let good = archive_of(&store_of(9).await).await;
        let small = MemoryStore::new(StoreLimits {
            max_boxes: 2,
            ..StoreLimits::default()
        });
        let error = import(&small, &key(), &mut Cursor::new(&good), 1).await;
        assert!(matches!(error, Err(ArchiveError::Full)));
    }
}
