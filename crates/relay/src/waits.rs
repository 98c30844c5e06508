//! Who waits where: a PUT wakes the GETs of its place.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::place::Place;

/// Places that may be waited at together, about 100 bytes each: every request
/// that a server admits ([`crate::MAX_REQUESTS`]) naming as many slots as it may.
pub const MAX_WAITS: usize = 131_072;

/// Waits at one place. A slot is known to its writer and its reader; a reader who
/// came back may have left some that have not ended. A box that is put there is
/// read once for each, so many would make one PUT cost as many reads.
pub const MAX_WAITS_AT_A_PLACE: usize = 16;

/// The table of waits. It knows places, not slots, so a copy of the process's
/// memory tells no more of them than the store's file does.
#[derive(Debug)]
pub(crate) struct Waits {
    table: Mutex<Table>,
    max: usize,
}

impl Default for Waits {
    fn default() -> Self {
        Self::new(MAX_WAITS)
    }
}

#[derive(Debug, Default)]
struct Table {
    by_place: HashMap<Place, Vec<Arc<Notify>>>,
    len: usize,
}

/// One GET that waits; leaves the table when dropped.
#[derive(Debug)]
pub(crate) struct Wait {
    waits: Arc<Waits>,
    places: Vec<Place>,
    woken: Arc<Notify>,
}

impl Waits {
    /// A table in which `max` places may be waited at.
    pub(crate) fn new(max: usize) -> Self {
        Self {
            table: Mutex::default(),
            max,
        }
    }

    /// Enters a wait at `places`; `None` when the table is full or too many wait at
    /// one of them.
    pub(crate) fn enter(self: &Arc<Self>, places: &[Place]) -> Option<Wait> {
        let mut table = self.table();
        let crowded = |place| {
            let waiting = table.by_place.get(place);
            waiting.is_some_and(|waiting| waiting.len() >= MAX_WAITS_AT_A_PLACE)
        };
        if table.len + places.len() > self.max || places.iter().any(crowded) {
            return None;
        }
        let woken = Arc::new(Notify::new());
        for place in places {
            table
                .by_place
                .entry(*place)
                .or_default()
                .push(woken.clone());
        }
        table.len += places.len();
        Some(Wait {
            waits: self.clone(),
            places: places.to_vec(),
            woken,
        })
    }

    /// Wakes whoever waits at `place`.
    pub(crate) fn wake(&self, place: &Place) {
        if let Some(waiting) = self.table().by_place.get(place) {
            for woken in waiting {
                woken.notify_one();
            }
        }
    }

    /// Places waited at, counting each wait.
    pub(crate) fn len(&self) -> usize {
        self.table().len
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // No code panics while it holds the lock half-way through a change.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wait {
    /// Returns once for every wake since the wait was entered or last woken.
    pub(crate) async fn woken(&self) {
        self.woken.notified().await;
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut table = self.waits.table();
        for place in &self.places {
            let Some(waiting) = table.by_place.get_mut(place) else {
                continue;
            };
            // One entry for each time this wait named the place.
            if let Some(ours) = waiting
                .iter()
                .position(|other| Arc::ptr_eq(other, &self.woken))
            {
                waiting.swap_remove(ours);
            }
            if waiting.is_empty() {
                table.by_place.remove(place);
            }
        }
        table.len -= self.places.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(byte: u8) -> Place {
        Place::from_bytes([byte; 32])
    }

    #[tokio::test]
    async fn a_wake_before_the_sleep_is_not_lost() {
        let waits = Arc::new(Waits::default());
        let wait = waits.enter(&[place(1), place(2)]).unwrap();
        waits.wake(&place(2));
        wait.woken().await;
    }

    #[test]
    fn a_wait_that_ends_leaves_nothing_behind() {
        let waits = Arc::new(Waits::default());
        let one = waits.enter(&[place(1), place(1), place(2)]).unwrap();
        let two = waits.enter(&[place(1)]).unwrap();
        assert_eq!(waits.len(), 4);
        drop(one);
        assert_eq!(waits.len(), 1);
        drop(two);
        assert_eq!(waits.len(), 0);
        assert!(waits.table().by_place.is_empty());
    }

    #[test]
    fn a_full_table_admits_nobody_and_forgets_nobody() {
        let waits = Arc::new(Waits::default());
        let places = vec![place(1); MAX_WAITS];
        let all = waits.enter(&places).unwrap();
        assert!(waits.enter(&[place(2)]).is_none());
        assert_eq!(waits.len(), MAX_WAITS);
        std::mem::forget(all);
    }
    /// Claim R0.
    #[test]
    fn few_wait_at_one_place_and_everywhere_else_is_free() {
        let waits = Arc::new(Waits::default());
        let mut there: Vec<_> = (0..MAX_WAITS_AT_A_PLACE)
            .map(|_| waits.enter(&[place(1), place(2)]).unwrap())
            .collect();
        assert!(waits.enter(&[place(3), place(2)]).is_none());
        waits.enter(&[place(3)]).unwrap();
        there.pop();
        waits.enter(&[place(3), place(2)]).unwrap();
    }
}
