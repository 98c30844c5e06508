//! Waiting for something to become true.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How often a state is looked at. Each look is a short-lived process, so this
/// is about as often as a small machine can do it for two people.
const POLL: Duration = Duration::from_millis(60);

/// A hang guard, not a measure: it covers the longest dial that a daemon waits
/// for and the longest pause after it, twice over.
pub const HANG_GUARD: Duration = Duration::from_secs(420);

/// Calls `look` until it returns a value.
///
/// # Errors
/// What `look` fails with, or that [`HANG_GUARD`] is over; `last` then says
/// what was seen last.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Result<Seen<T>>) -> Result<T> {
    let began = Instant::now();
    loop {
        let last = match look()? {
            Seen::Done(value) => return Ok(value),
            Seen::NotYet(last) => last,
        };
        if began.elapsed() > HANG_GUARD {
            bail!(
                "waited {} s for {what}; last seen: {last}",
                HANG_GUARD.as_secs()
            );
        }
        std::thread::sleep(POLL);
    }
}

/// One look at a state.
#[derive(Debug)]
pub enum Seen<T> {
    /// It is as wished.
    Done(T),
    /// It is not; this is what it is, for the message of a failed wait.
    NotYet(String),
}

impl Seen<()> {
    /// Done when `wished`; otherwise not yet, with `state` as what was seen.
    pub fn when(wished: bool, state: impl std::fmt::Debug) -> Seen<()> {
        if wished {
            Seen::Done(())
        } else {
            Seen::NotYet(format!("{state:?}"))
        }
    }
}
