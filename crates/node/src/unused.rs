//! How long nobody has used an open account.

use std::time::Duration;

use crate::{clock::Clock, limits, session::now_ms};

/// Since when no front end has asked for anything, and how long that may be.
pub(crate) struct Unused {
    /// None: for ever.
    at_most: Option<Duration>,
    /// By the clock, which stands still while the machine sleeps.
    since: Duration,
    /// By the calendar, which goes on meanwhile, and which somebody may set back. The longer
    /// time of both counts.
    since_ms: u64,
}

impl Unused {
    /// Used just now; `minutes` as in the settings, 0 for ever.
    pub(crate) fn new(minutes: u32, clock: &Clock) -> Self {
        let mut unused = Self {
            at_most: None,
            since: clock.now(),
            since_ms: now_ms(),
        };
        unused.set(minutes);
        unused
    }

    pub(crate) fn set(&mut self, minutes: u32) {
        let at_most = Duration::from_secs(60 * u64::from(minutes));
        self.at_most = (minutes > 0).then_some(at_most);
    }

    pub(crate) fn used(&mut self, clock: &Clock) {
        self.since = clock.now();
        self.since_ms = now_ms();
    }

    /// Whether it has been for longer than it may be.
    pub(crate) fn is_over(&self, clock: &Clock) -> bool {
        self.left(clock).is_some_and(|left| left.is_zero())
    }

    /// When, by the clock, that is to be looked at again; never where it may be for ever.
    pub(crate) fn next_look(&self, clock: &Clock) -> Option<Duration> {
        let left = self.left(clock)?;
        Some(clock.now() + left.min(limits::UNUSED_LOOK))
    }

    fn left(&self, clock: &Clock) -> Option<Duration> {
        let by_clock = clock.now().saturating_sub(self.since);
        let by_calendar = Duration::from_millis(now_ms().saturating_sub(self.since_ms));
        let unused = by_clock.max(by_calendar);
        Some(self.at_most?.saturating_sub(unused))
    }
}
