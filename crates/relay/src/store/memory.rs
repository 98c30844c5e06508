//! A store in memory: the rules in their plainest form, for tests.

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use hushwing_wire::SealedBox;

use super::{Deposit, Kept, Put, SlotStore, StoreError, StoreLimits, Usage};
use crate::place::{BoxDigest, Place};

/// Holds everything in memory, so nothing survives the process: for tests and
/// simulations, never for people's mail.
#[derive(Debug)]
pub struct MemoryStore {
    limits: StoreLimits,
    held: Mutex<BTreeMap<Place, Held>>,
}

#[derive(Debug)]
struct Held {
    digest: BoxDigest,
    expires_s: u64,
    /// `None` for a tombstone.
    boxed: Option<SealedBox>,
}

impl MemoryStore {
    /// An empty store. The limit on free disk does not apply to it.
    #[must_use]
    pub fn new(limits: StoreLimits) -> Self {
        Self {
            limits,
            held: Mutex::default(),
        }
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<Place, Held>> {
        // No code panics while it holds the lock half-way through a change.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl SlotStore for MemoryStore {
    async fn put(&self, deposit: Deposit, now_s: u64) -> Result<Put, StoreError> {
        let mut all = self.held();
        if let Some(held) = all.get(&deposit.place) {
            if held.expires_s > now_s {
                return Ok(match &held.boxed {
                    _ if held.digest == deposit.digest => Put::Same,
                    Some(boxed) => Put::Taken(boxed.clone()),
                    None => Put::TakenAndDropped,
                });
            }
            all.remove(&deposit.place);
        }
        if !usage(&all).has_room(&self.limits) {
            return Ok(Put::Full);
        }
        let held = Held {
            digest: deposit.digest,
            expires_s: deposit.expires_s,
            boxed: Some(deposit.boxed),
        };
        all.insert(deposit.place, held);
        Ok(Put::Stored)
    }

    async fn get(
        &self,
        places: &[Place],
        now_s: u64,
    ) -> Result<Option<(usize, SealedBox)>, StoreError> {
        let all = self.held();
        Ok(places.iter().enumerate().find_map(|(index, place)| {
            let held = all.get(place).filter(|held| held.expires_s > now_s)?;
            Some((index, held.boxed.clone()?))
        }))
    }

    async fn drop_boxes(&self, places: &[Place]) -> Result<(), StoreError> {
        let mut all = self.held();
        for place in places {
            if let Some(held) = all.get_mut(place) {
                held.boxed = None;
            }
        }
        Ok(())
    }

    async fn expire(&self, now_s: u64, at_most: usize) -> Result<usize, StoreError> {
        let mut all = self.held();
        let expired: Vec<_> = all
            .iter()
            .filter(|(_, held)| held.expires_s <= now_s)
            .map(|(place, _)| *place)
            .take(at_most)
            .collect();
        for place in &expired {
            all.remove(place);
        }
        Ok(expired.len())
    }

    async fn scan(&self, after: Option<Place>, at_most: usize) -> Result<Vec<Kept>, StoreError> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        Ok(self
            .held()
            .range((from, Bound::Unbounded))
            .take(at_most)
            .map(|(place, held)| Kept {
                place: *place,
                digest: held.digest,
                expires_s: held.expires_s,
                boxed: held.boxed.clone(),
            })
            .collect())
    }

    async fn restore(&self, kept: Vec<Kept>, now_s: u64) -> Result<bool, StoreError> {
        let mut all = self.held();
        let mut after = usage(&all);
        let mut missing = Vec::new();
        for kept in kept {
            match all.get(&kept.place) {
                Some(held) if held.expires_s > now_s => continue,
                Some(expired) => after.take(expired.boxed.is_some()),
                None => {}
            }
            if !after.has_room(&self.limits) {
                return Ok(false);
            }
            after.add(kept.boxed.is_some());
            missing.push(kept);
        }
        for kept in missing {
            let held = Held {
                digest: kept.digest,
                expires_s: kept.expires_s,
                boxed: kept.boxed,
            };
            all.insert(kept.place, held);
        }
        Ok(true)
    }

    async fn usage(&self) -> Result<Usage, StoreError> {
        Ok(usage(&self.held()))
    }

    async fn is_full(&self) -> Result<bool, StoreError> {
        Ok(!usage(&self.held()).has_room(&self.limits))
    }
}

fn usage(all: &BTreeMap<Place, Held>) -> Usage {
    let boxes = all.values().filter(|held| held.boxed.is_some()).count() as u64;
    Usage {
        boxes,
        tombstones: all.len() as u64 - boxes,
    }
}
