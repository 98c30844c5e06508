//! A clock that is set back.
//!
//! What is only in memory is timed by the wall clock that each step brings. When
//! that clock goes back, every time is moved with it: a pause of a minute stays one.

use crate::Engine;

/// "Not before something happens" stays that.
fn moved(at_ms: u64, back_ms: u64) -> u64 {
    if at_ms == u64::MAX {
        at_ms
    } else {
        at_ms.saturating_sub(back_ms)
    }
}

impl Engine {
    /// Whether the clock shows an earlier time than at the last step: the driver
    /// should then [`Engine::tick`] at once, whatever [`Engine::wake_at_ms`] says.
    #[must_use]
    pub fn is_clock_behind(&self, now_ms: u64) -> bool {
        now_ms < self.last_now_ms
    }

    /// Takes the time of a step in.
    pub(crate) fn notice_clock(&mut self, now_ms: u64) {
        let back_ms = self.last_now_ms.saturating_sub(now_ms);
        self.last_now_ms = now_ms;
        if back_ms == 0 {
            return;
        }
        for attempt in self.attempts.values_mut() {
            attempt.next_try_ms = moved(attempt.next_try_ms, back_ms);
        }
        for drop in self.drops.values_mut() {
            drop.next_try_ms = moved(drop.next_try_ms, back_ms);
        }
        for reput in self.doubts.values_mut() {
            reput.at_ms = moved(reput.at_ms, back_ms);
        }
        let times = self.receipts_due.values_mut();
        let times = times.chain(self.reads_due.values_mut());
        for at in times.chain(self.forged.values_mut()) {
            *at = moved(*at, back_ms);
        }
        // Rests of nodes are short; after such a jump each is tried anew.
        self.direct.clear();
    }
}
