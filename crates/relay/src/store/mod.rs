//! The slot store: write once, read, drop.
//!
//! Rules, the same for every backend and checked by one suite
//! (`tests/stores.rs`):
//!
//! - A place is written once until it expires. Whoever writes there again
//!   learns whether it was the same box. `[HW-RELAY-5]`
//! - What was answered with [`Put::Stored`] survives the death of the process
//!   and of the machine. `[HW-RELAY-6]`
//! - A dropped box leaves a tombstone (place, digest, expiry) until it would
//!   have expired, so that a late repetition of its PUT is recognised and
//!   nothing is delivered twice. `[HW-RELAY-7]`
//! - A full store refuses; it never evicts. `[HW-RELAY-8]`

use async_trait::async_trait;
use hushwing_wire::SealedBox;

use crate::place::{BoxDigest, Place};

mod memory;
mod sqlite;

pub use memory::MemoryStore;
pub use sqlite::{CHECKPOINT_INTERVAL, OpenError, SqliteStore};

/// Bytes that a stored box is counted as: the box with its pages and rows, as
/// SQLite lays them out (measured 17.1 KB).
pub const BOX_COST: u64 = 17_408;

/// Bytes that a tombstone is counted as (measured 150 to 230).
pub const TOMBSTONE_COST: u64 = 256;

/// A box to be stored.
#[derive(Debug, Clone)]
pub struct Deposit {
    /// Where.
    pub place: Place,
    /// The digest of `boxed` there.
    pub digest: BoxDigest,
    /// What.
    pub boxed: SealedBox,
    /// When it expires, in seconds since 1970.
    pub expires_s: u64,
}

/// What became of a [`Deposit`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Put {
    /// It is durable now.
    Stored,
    /// This very box was put before; it lies there or was dropped.
    Same,
    /// Another box lies there; here it is.
    Taken(SealedBox),
    /// Another box lay there and was dropped.
    TakenAndDropped,
    /// No room; nothing was stored and nothing evicted.
    Full,
}

/// What a store keeps of one place, for moving it to another store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Where.
    pub place: Place,
    /// The digest of the box that lies or lay there.
    pub digest: BoxDigest,
    /// When it expires, in seconds since 1970.
    pub expires_s: u64,
    /// The box; `None` for a tombstone.
    pub boxed: Option<SealedBox>,
}

/// How full a store may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreLimits {
    /// Boxes at most.
    pub max_boxes: u64,
    /// Bytes at most, counting [`BOX_COST`] and [`TOMBSTONE_COST`].
    pub max_bytes: u64,
    /// Bytes of the file system that stay free whatever happens, so that drops
    /// and the rest of the machine go on working.
    pub min_free_disk: u64,
}

impl Default for StoreLimits {
    /// A million boxes or 16 GiB, with 1 GiB left free: what a small rented
    /// machine has.
    fn default() -> Self {
        Self {
            max_boxes: 1_000_000,
            max_bytes: 16 << 30,
            min_free_disk: 1 << 30,
        }
    }
}

/// What a store holds. For the operator alone: it is never told to clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// Boxes that can be read.
    pub boxes: u64,
    /// Places whose box was dropped.
    pub tombstones: u64,
}

impl Usage {
    /// Bytes counted against [`StoreLimits::max_bytes`].
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.boxes * BOX_COST + self.tombstones * TOMBSTONE_COST
    }

    /// Counts one more place, with a box or a tombstone.
    fn add(&mut self, is_box: bool) {
        match is_box {
            true => self.boxes += 1,
            false => self.tombstones += 1,
        }
    }

    /// Counts one place less.
    fn take(&mut self, is_box: bool) {
        let counted = match is_box {
            true => &mut self.boxes,
            false => &mut self.tombstones,
        };
        *counted = counted.saturating_sub(1);
    }

    /// Whether one more box fits, the disk apart.
    #[must_use]
    pub fn has_room(&self, limits: &StoreLimits) -> bool {
        self.boxes < limits.max_boxes && self.bytes() + BOX_COST <= limits.max_bytes
    }
}

/// Why a store did not do what was asked. The environment's fault; nothing was
/// acknowledged, and nothing that was acknowledged before is lost by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Reading or writing failed.
    #[error("the relay's store could not be read or written")]
    Failed,
    /// The store is closed, or its thread has died.
    #[error("the relay's store is closed")]
    Closed,
}

/// A place to keep boxes. Times are seconds since 1970 and arguments, so that
/// a store has no clock.
#[async_trait]
pub trait SlotStore: Send + Sync + 'static {
    /// Stores a box if its place is free. The answer comes after the commit.
    ///
    /// # Errors
    /// [`StoreError`]; then whether the box is stored is unknown, and putting
    /// it again tells.
    async fn put(&self, deposit: Deposit, now_s: u64) -> Result<Put, StoreError>;

    /// The first box found at `places`, with the index of its place.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn get(
        &self,
        places: &[Place],
        now_s: u64,
    ) -> Result<Option<(usize, SealedBox)>, StoreError>;

    /// Forgets the boxes at `places`, leaving tombstones; places without a box
    /// are passed over.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn drop_boxes(&self, places: &[Place]) -> Result<(), StoreError>;

    /// Removes at most `at_most` boxes and tombstones that have expired, and
    /// says how many it removed.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn expire(&self, now_s: u64, at_most: usize) -> Result<usize, StoreError>;

    /// Up to `at_most` places behind `after` in the order of their names, boxes
    /// and tombstones alike, whether they have expired or not.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn scan(&self, after: Option<Place>, at_most: usize) -> Result<Vec<Kept>, StoreError>;

    /// Takes what another store's [`Self::scan`] gave, durably and all of it or
    /// nothing; a place that holds something that has not expired stays as it is.
    /// `false` when there is no room.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn restore(&self, kept: Vec<Kept>, now_s: u64) -> Result<bool, StoreError>;

    /// What is stored.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn usage(&self) -> Result<Usage, StoreError>;

    /// Whether a new box would be refused for want of room.
    ///
    /// # Errors
    /// [`StoreError`]
    async fn is_full(&self) -> Result<bool, StoreError>;
}
