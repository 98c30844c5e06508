//! The embedded store: SQLite in write-ahead mode.
//!
//! ```text
//! put, drop, expire ─▶ queue ─▶ writer thread: gathers, commits, answers
//! get ───────────────▶ queue ─▶ reader threads
//!                               keeper thread: checkpoints, so that what was dropped leaves the log
//! ```
//!
//! Boxes are ciphertext and their places keyed hashes; the file itself is not
//! encrypted. An operator who keeps a key elsewhere can have the boxes sealed
//! once more ([`SealKey`]).

mod keeper;
mod reader;
mod schema;
mod seal_row;
mod writer;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use hushwing_wire::SealedBox;
use rusqlite::{Row, types::Type};
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use super::{Deposit, Kept, Put, SlotStore, StoreError, StoreLimits, Usage};
use crate::{
    place::Place,
    seal::{SEALED_LEN, SealError, SealKey},
};

pub use keeper::CHECKPOINT_INTERVAL;
pub use schema::OpenError;

/// A store in one file of the relay's folder. Dropping it waits until all that
/// is queued is committed and the log is empty.
#[derive(Debug)]
pub struct SqliteStore {
    // Dropped in this order: the writer ends first and ends the keeper, which
    // empties the log when no reader holds it any more.
    readers: reader::Readers,
    writer: writer::Writer,
    _keeper: keeper::Keeper,
    counters: Arc<Counters>,
    disk: Disk,
    limits: StoreLimits,
}

/// The row of `usage` as the last commit left it, for whoever does not want to
/// ask the writer.
#[derive(Debug, Default)]
struct Counters {
    boxes: AtomicU64,
    tombstones: AtomicU64,
}

impl Counters {
    fn set(&self, usage: Usage) {
        self.boxes.store(usage.boxes, Ordering::Relaxed);
        self.tombstones.store(usage.tombstones, Ordering::Relaxed);
    }

    fn usage(&self) -> Usage {
        Usage {
            boxes: self.boxes.load(Ordering::Relaxed),
            tombstones: self.tombstones.load(Ordering::Relaxed),
        }
    }
}

/// The file system that the store lies on.
#[derive(Debug, Clone)]
struct Disk {
    folder: Arc<Path>,
    min_free: u64,
}

impl Disk {
    /// Whether more than the reserve is free. A file system that cannot say
    /// counts as full: a store that stops taking boxes loses none.
    fn has_room(&self) -> bool {
        rustix::fs::statvfs(&*self.folder)
            .is_ok_and(|fs| fs.f_bavail.saturating_mul(fs.f_frsize) > self.min_free)
    }
}

impl SqliteStore {
    /// The file's name in the relay's folder.
    pub const FILE: &'static str = "boxes.db";

    /// Opens the store in `folder`, or creates it, and starts its threads.
    /// Takes the same short time however much is stored.
    ///
    /// # Errors
    /// [`OpenError`]
    pub fn open(folder: &Path, limits: StoreLimits) -> Result<Self, OpenError> {
        Self::open_sealed(folder, limits, None)
    }

    /// The same, with new boxes sealed under `seal`. Boxes that were stored
    /// without a seal stay readable. Once a store had a seal it opens with it alone.
    ///
    /// # Errors
    /// [`OpenError`], also when the store has another seal.
    pub fn open_sealed(
        folder: &Path,
        limits: StoreLimits,
        seal: Option<SealKey>,
    ) -> Result<Self, OpenError> {
        let path = folder.join(Self::FILE);
        let disk = Disk {
            folder: folder.into(),
            min_free: limits.min_free_disk,
        };
        let counters = Arc::new(Counters::default());
        let mut conn = schema::open_writer(&path)?;
        seal_row::check(&mut conn, seal.as_ref())?;
        let bytes = BoxBytes(seal);
        let (keeper, log) = keeper::Keeper::start(schema::open_writer(&path)?)?;
        let writer = writer::Writer::start(
            conn,
            limits,
            disk.clone(),
            counters.clone(),
            bytes.clone(),
            log,
        )?;
        let readers = reader::Readers::start(&path, &bytes)?;
        Ok(Self {
            readers,
            writer,
            _keeper: keeper,
            counters,
            disk,
            limits,
        })
    }
}

/// A box as the file holds it: as it is, or sealed.
#[derive(Debug, Clone)]
struct BoxBytes(Option<SealKey>);

impl BoxBytes {
    fn write(&self, place: &Place, boxed: &SealedBox) -> rusqlite::Result<Vec<u8>> {
        match &self.0 {
            None => Ok(boxed.as_bytes().to_vec()),
            Some(key) => key
                .seal(place, boxed)
                .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error))),
        }
    }

    /// The box in a column.
    fn read(&self, place: &Place, row: &Row<'_>, column: usize) -> rusqlite::Result<SealedBox> {
        let bytes = row.get_ref(column)?.as_blob()?;
        let opened = match &self.0 {
            Some(key) if bytes.len() == SEALED_LEN => key.open(place, bytes).ok(),
            _ => SealedBox::from_slice(bytes).ok(),
        };
        opened.ok_or_else(|| {
            rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, Box::new(SealError))
        })
    }
}

/// Where a thread sends what came of a job.
type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// A job's place in its bounded queue.
type QueuePlace = OwnedSemaphorePermit;

#[async_trait]
impl SlotStore for SqliteStore {
    async fn put(&self, deposit: Deposit, now_s: u64) -> Result<Put, StoreError> {
        self.writer.put(deposit, now_s).await
    }

    async fn get(
        &self,
        places: &[Place],
        now_s: u64,
    ) -> Result<Option<(usize, SealedBox)>, StoreError> {
        self.readers.get(places, now_s).await
    }

    async fn drop_boxes(&self, places: &[Place]) -> Result<(), StoreError> {
        self.writer.drop_boxes(places).await
    }

    async fn expire(&self, now_s: u64, at_most: usize) -> Result<usize, StoreError> {
        self.writer.expire(now_s, at_most).await
    }

    async fn scan(&self, after: Option<Place>, at_most: usize) -> Result<Vec<Kept>, StoreError> {
        self.readers.scan(after, at_most).await
    }

    async fn restore(&self, kept: Vec<Kept>, now_s: u64) -> Result<bool, StoreError> {
        self.writer.restore(kept, now_s).await
    }

    async fn usage(&self) -> Result<Usage, StoreError> {
        Ok(self.counters.usage())
    }

    async fn is_full(&self) -> Result<bool, StoreError> {
        Ok(!self.counters.usage().has_room(&self.limits) || !self.disk.has_room())
    }
}
