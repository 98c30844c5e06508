//! A store with as much in it as a relay has after months, made in minutes.

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};
use hushwing_relay::store::{SlotStore as _, SqliteStore, StoreLimits};
use hushwing_wire::limits::BOX_LEN;
use rusqlite::Connection;
use rustix::fs::{Advice, fadvise};
use sha2::{Digest as _, Sha256};

/// Boxes in one transaction of the filling: what they take of memory.
const BATCH: u64 = 10_000;

/// A time that no run lives to see, in seconds since 1970: the year 2100.
const NEVER_S: i64 = 4_102_444_800;

/// A store whose limits never come into the way of a measurement.
#[must_use]
pub fn without_limits() -> StoreLimits {
    StoreLimits {
        max_boxes: u64::MAX,
        max_bytes: u64::MAX,
        min_free_disk: 0,
    }
}

/// A store in a folder, filled step by step.
#[derive(Debug)]
pub struct Filled {
    folder: PathBuf,
    boxes: u64,
    box_len: usize,
}

impl Filled {
    /// An empty store in `folder`, to be filled with boxes of `box_len` bytes:
    /// [`BOX_LEN`] is what a relay takes, fewer leave the disk some room where
    /// only their number counts.
    ///
    /// # Errors
    /// When the store cannot be made.
    pub fn new(folder: &Path, box_len: usize) -> Result<Self> {
        ensure!(box_len <= BOX_LEN, "no box is so long");
        drop(SqliteStore::open(folder, without_limits())?);
        Ok(Self {
            folder: folder.to_owned(),
            boxes: 0,
            box_len,
        })
    }

    /// Fills up to `boxes` boxes at places that nobody asks for. Past the
    /// store's own way, which would sync each commit.
    ///
    /// # Errors
    /// When the disk or the store fails.
    pub fn up_to(&mut self, boxes: u64) -> Result<()> {
        let mut conn = Connection::open(self.path())?;
        conn.pragma_update_and_check(None, "journal_mode", "OFF", |_| Ok(()))?;
        conn.pragma_update(None, "synchronous", "OFF")?;
        conn.pragma_update(None, "cache_size", -65_536)?;
        let bytes = vec![7_u8; self.box_len];
        while self.boxes < boxes {
            let until = (self.boxes + BATCH).min(boxes);
            let txn = conn.transaction()?;
            {
                let mut put_box = txn.prepare_cached("INSERT INTO box (bytes) VALUES (?1)")?;
                let mut put_place = txn.prepare_cached(
                    "INSERT INTO place (key, digest, expires, box) VALUES (?1, ?2, ?3, ?4)",
                )?;
                for number in self.boxes..until {
                    put_box.execute([&bytes])?;
                    let place = (name(number), [0_u8; 32], NEVER_S, txn.last_insert_rowid());
                    put_place.execute(place)?;
                }
            }
            txn.execute(
                "UPDATE usage SET boxes = boxes + ?1",
                [i64::try_from(until - self.boxes)?],
            )?;
            txn.commit()?;
            self.boxes = until;
        }
        drop(conn);
        let store = SqliteStore::open(&self.folder, without_limits())?;
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let counted = runtime.block_on(store.usage())?.boxes;
        ensure!(counted >= boxes, "the store counts {counted} boxes only");
        Ok(())
    }

    /// Where the store is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Lets the system forget what it holds of the file in memory, so that the
    /// next start reads the disk.
    ///
    /// # Errors
    /// When the file cannot be opened or the system does not do it.
    pub fn forget(&self) -> Result<()> {
        let file = File::open(self.path())?;
        file.sync_all()?;
        fadvise(&file, 0, None, Advice::DontNeed).context("the system keeps the file in memory")
    }

    /// Bytes of the file.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn bytes(&self) -> Result<u64> {
        Ok(std::fs::metadata(self.path())?.len())
    }

    fn path(&self) -> PathBuf {
        self.folder.join(SqliteStore::FILE)
    }
}

/// Names in ascending order and spread over all there are: a tree grows at its
/// end much faster than anywhere, and looks the same for whoever comes later.
fn name(number: u64) -> [u8; 32] {
    let mut name: [u8; 32] = Sha256::digest(number.to_be_bytes()).into();
    // 2^24 numbers before the first repeats.
    name[..8].copy_from_slice(&(number << 40).to_be_bytes());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filled_store_is_one_that_the_relay_opens() {
        let folder = tempfile::tempdir().unwrap();
        let mut filled = Filled::new(folder.path(), 64).unwrap();
        filled.up_to(30).unwrap();
        filled.up_to(70).unwrap();
        assert!(filled.bytes().unwrap() > 70 * 64);
        filled.forget().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let store = SqliteStore::open(folder.path(), without_limits()).unwrap();
        assert_eq!(runtime.block_on(store.usage()).unwrap().boxes, 70);
        assert!(Filled::new(folder.path(), BOX_LEN + 1).is_err());
    }

    #[test]
    fn names_ascend() {
        assert!((0..1_000).all(|number| name(number) < name(number + 1)));
    }
}
