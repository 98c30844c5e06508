//! Several tries at one connection, the next begun when the last is silent.
//!
//! A service that dies between an introduction and the meeting leaves the caller
//! waiting: arti gives the other side three circuit time-outs of five hops, and
//! whoever dials on the same circuits meanwhile joins that wait. A try on circuits
//! of its own knows nothing of it, takes the service's newest descriptor, and finds
//! it where it is now.

use std::time::Duration;

use futures::{StreamExt as _, stream::FuturesUnordered};
use tokio::time::{Instant, sleep_until};

/// How long the newest try may be silent before another begins beside it; as many
/// as there are pauses, and no more, since each costs circuits. A dial takes a few
/// seconds on the public network; one that takes longer may still arrive, and goes
/// on. The second pause is longer: when two are silent the network may be slow, and
/// more load is no help.
pub(crate) const PAUSES: [Duration; 2] = [Duration::from_secs(8), Duration::from_secs(16)];

/// No try connected.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lost<E> {
    /// What the newest try failed with.
    pub(crate) error: E,
    /// Whether an older one was silent for so long that others were begun.
    pub(crate) was_silent: bool,
}

/// The first connection that any try makes. `begin` makes a try; it is called
/// again after each of [`PAUSES`].
///
/// # Errors
/// When the newest try fails: it found things as they are now, while an older one
/// that is still silent may be waiting for somebody who is gone. The failure of an
/// older one while a newer one goes on decides nothing.
pub(crate) async fn first_of<T, E, F>(mut begin: impl FnMut() -> F) -> Result<T, Lost<E>>
where
    F: Future<Output = Result<T, E>>,
{
    let numbered = |number: usize, attempt: F| async move { (number, attempt.await) };
    let mut newest = 0;
    let mut tries = FuturesUnordered::new();
    tries.push(numbered(newest, begin()));
    let mut due = Instant::now() + PAUSES[0];
    loop {
        tokio::select! {
            Some((number, outcome)) = tries.next() => match outcome {
                Ok(connected) => return Ok(connected),
                Err(error) if number == newest => {
                    return Err(Lost { error, was_silent: newest > 0 });
                }
                Err(_) => {}
            },
            () = sleep_until(due), if newest < PAUSES.len() => {
                newest += 1;
                tries.push(numbered(newest, begin()));
                if let Some(pause) = PAUSES.get(newest) {
                    due = Instant::now() + *pause;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, time::Duration};

    use tokio::time::{Instant, sleep};

    use super::{Lost, PAUSES, first_of};

    /// What a try does: after so many seconds it ends so; 0 seconds: never.
    type Script = (u64, Result<&'static str, &'static str>);

    /// Plays the tries in virtual time; the outcome, the seconds, and how many
    /// tries there were.
    async fn play(scripts: &[Script]) -> (Result<&'static str, Lost<&'static str>>, u64, usize) {
        let begun = Cell::new(0);
        let began = Instant::now();
        let outcome = first_of(|| {
            let (after_s, outcome) = scripts[begun.get()];
            begun.set(begun.get() + 1);
            async move {
                if after_s == 0 {
                    return std::future::pending().await;
                }
                sleep(Duration::from_secs(after_s)).await;
                outcome
            }
        })
        .await;
        (outcome, began.elapsed().as_secs(), begun.get())
    }

    const SILENT: Script = (0, Ok("never"));

    fn lost(error: &'static str, was_silent: bool) -> Result<&'static str, Lost<&'static str>> {
        Err(Lost { error, was_silent })
    }

    #[tokio::test(start_paused = true)]
    async fn a_try_that_answers_in_time_stays_alone() {
        let played = play(&[(7, Ok("first"))]).await;
        assert_eq!(played, (Ok("first"), 7, 1));
        let played = play(&[(1, Err("offline"))]).await;
        assert_eq!(played, (lost("offline", false), 1, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_try_does_not_hold_up_the_next() {
        let played = play(&[SILENT, (1, Ok("second"))]).await;
        assert_eq!(played, (Ok("second"), 9, 2));
        let played = play(&[SILENT, SILENT, (1, Ok("third"))]).await;
        assert_eq!(played, (Ok("third"), 25, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_try_still_wins_over_a_silent_one() {
        let played = play(&[(20, Ok("first")), SILENT]).await;
        assert_eq!(played, (Ok("first"), 20, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn the_newest_try_tells_how_things_are() {
        let played = play(&[SILENT, (1, Err("offline"))]).await;
        assert_eq!(played, (lost("offline", true), 9, 2));
        // The end of an older one decides nothing while a newer one goes on.
        let played = play(&[(9, Err("stale")), (4, Ok("second"))]).await;
        assert_eq!(played, (Ok("second"), 12, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn there_are_only_so_many_tries() {
        let hangs = tokio::time::timeout(Duration::from_secs(3_600), play(&[SILENT; 3]));
        assert!(hangs.await.is_err(), "a fourth try has no script");
        assert_eq!(PAUSES.len(), 2);
    }
}
