//! Many clients at once.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use hushwing_wire::{SealedBox, Slot, limits::BOX_LEN};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

/// Runs `one` for every number of `numbers`, by `lanes` at a time, and says how
/// long all took.
///
/// # Errors
/// The first that `one` fails with.
pub async fn in_lanes<F, Fut>(
    lanes: usize,
    numbers: std::ops::Range<u32>,
    one: F,
) -> Result<Duration>
where
    F: Fn(usize, u32) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<()>> + Send,
{
    let (next, one) = (Arc::new(AtomicU32::new(numbers.start)), Arc::new(one));
    let mut running: JoinSet<Result<()>> = JoinSet::new();
    let begun = Instant::now();
    for lane in 0..lanes {
        let (next, one) = (next.clone(), one.clone());
        running.spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= numbers.end {
                    return Ok(());
                }
                one(lane, number).await?;
            }
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.context("a lane ended")??;
    }
    Ok(begun.elapsed())
}

/// The slot of this number: as random as those that are derived.
#[must_use]
pub fn slot(number: u32) -> Slot {
    Slot::new(Sha256::digest(number.to_be_bytes()).into())
}

/// A box that no other number has.
///
/// # Panics
/// Never: it has the length of a box.
#[must_use]
pub fn boxed(number: u32) -> SealedBox {
    let mut bytes = vec![7; BOX_LEN];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    SealedBox::from_slice(&bytes).expect("it has the length of a box")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn each_number_is_done_once_and_a_failure_is_told() {
        let done = Arc::new(Mutex::new(Vec::new()));
        let seen = done.clone();
        in_lanes(3, 5..25, move |_, number| {
            let seen = seen.clone();
            async move {
                seen.lock().unwrap().push(number);
                Ok(())
            }
        })
        .await
        .unwrap();
        let mut done = done.lock().unwrap().clone();
        done.sort_unstable();
        assert_eq!(done, (5..25).collect::<Vec<_>>());
        let failed = in_lanes(2, 0..9, |_, number| async move {
            anyhow::ensure!(number != 4, "four");
            Ok(())
        });
        assert_eq!(failed.await.unwrap_err().to_string(), "four");
    }

    #[test]
    fn boxes_and_slots_differ() {
        assert_ne!(boxed(1), boxed(2));
        assert_ne!(slot(1), slot(2));
    }
}
