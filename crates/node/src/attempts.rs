//! The pause that grows after wrong passphrases.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use hushwing_engine::view::{CommandError, ErrorCode};

use crate::{clock::Clock, limits, words};

/// How often wrong passphrases were given in a row, whatever for. Clones count together.
///
/// [HW-VAULT-22] After some tries each further one has to wait, twice as long each time up
/// to a bound; one that comes before is refused without deriving a key. A right passphrase
/// begins anew. It holds up who tries passphrases through the program: who has a copy of
/// the files does not use it, and pays for each guess with the key derivation. So it is
/// forgotten when the program ends.
#[derive(Clone)]
pub(crate) struct Attempts {
    clock: Clock,
    row: Arc<Mutex<Row>>,
}

#[derive(Default)]
struct Row {
    wrong: u32,
    /// By the clock.
    not_before: Duration,
}

impl Attempts {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            row: Arc::default(),
        }
    }

    /// Whether a passphrase may be tried now.
    pub(crate) fn check(&self) -> Result<(), CommandError> {
        let not_before = self.row().not_before;
        match not_before.checked_sub(self.clock.now()) {
            Some(left) if !left.is_zero() => Err(words::too_soon(left)),
            _ => Ok(()),
        }
    }

    /// Takes note of what came of a passphrase that was tried.
    pub(crate) fn note<T>(&self, result: &Result<T, CommandError>) {
        match result {
            Ok(_) => *self.row() = Row::default(),
            Err(error) if error.code == ErrorCode::WrongPassphrase => self.one_more(),
            // Neither right nor wrong.
            Err(_) => {}
        }
    }

    /// Tries, if that may be.
    pub(crate) fn guard<T>(
        &self,
        attempt: impl FnOnce() -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        self.check()?;
        let result = attempt();
        self.note(&result);
        result
    }

    fn one_more(&self) {
        let now = self.clock.now();
        let mut row = self.row();
        row.wrong = row.wrong.saturating_add(1);
        row.not_before = now + pause_after(row.wrong);
    }

    fn row(&self) -> std::sync::MutexGuard<'_, Row> {
        self.row.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long the next try has to wait after so many wrong ones in a row.
fn pause_after(wrong: u32) -> Duration {
    let Some(doubled) = wrong.checked_sub(limits::FREE_TRIES) else {
        return Duration::ZERO;
    };
    // More than this many doublings are far beyond the bound.
    let factor = 1 << doubled.min(16);
    (limits::FIRST_PAUSE * factor).min(limits::LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use tokio::sync::watch;

    use super::*;

    fn wrong() -> Result<(), CommandError> {
        Err(CommandError::new(ErrorCode::WrongPassphrase, "wrong"))
    }

    struct Tries {
        attempts: Attempts,
        clock: watch::Sender<Duration>,
        derived: u32,
    }

    impl Tries {
        fn new() -> Self {
            let (clock, time) = watch::channel(Duration::ZERO);
            Self {
                attempts: Attempts::new(Clock::told(time)),
                clock,
                derived: 0,
            }
        }

        /// Gives a passphrase; the seconds that have to pass first, if it was refused.
        fn give(&mut self, outcome: Result<(), CommandError>) -> Option<u64> {
            let code = outcome.as_ref().err().map(|error| error.code);
            let result = self.attempts.guard(|| {
                self.derived += 1;
                outcome
            });
            match result {
                Err(error) if error.code == ErrorCode::TooSoon => {
                    let seconds = error.retry_after_s.unwrap();
                    assert!(error.message.contains(&seconds.to_string()), "{error}");
                    Some(seconds)
                }
                other => {
                    assert_eq!(other.err().map(|error| error.code), code);
                    None
                }
            }
        }

        fn pass(&self, time: Duration) {
            self.clock.send_modify(|now| *now += time);
        }
    }

    /// `[HW-VAULT-22]` Claim S1.
    #[test]
    fn wrong_passphrases_have_to_wait_twice_as_long_each_time_up_to_a_bound() {
        let mut tries = Tries::new();
        let mut pauses = Vec::new();
        for _ in 0..14 {
            assert_eq!(tries.give(wrong()), None);
            let before = tries.derived;
            let pause = tries.give(wrong());
            pauses.push(pause.unwrap_or(0));
            if let Some(pause) = pause {
                // Refused without deriving, and again just before the time.
                assert_eq!(tries.derived, before);
                tries.pass(Duration::from_secs(pause) - Duration::from_millis(500));
                assert_eq!(tries.give(wrong()), Some(1));
                assert_eq!(tries.give(Ok(())), Some(1), "not even the right one");
                assert_eq!(tries.derived, before);
                tries.pass(Duration::from_millis(500));
            }
        }
        // The first of these gave two, of which none had to wait.
        assert_eq!(pauses, [0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60]);
    }

    #[test]
    fn a_right_passphrase_begins_anew_and_other_failures_count_as_neither() {
        let mut tries = Tries::new();
        for _ in 0..3 {
            assert_eq!(tries.give(wrong()), None);
        }
        assert_eq!(tries.give(wrong()), Some(1));
        tries.pass(Duration::from_secs(1));
        let broken = || Err(CommandError::new(ErrorCode::Machine, "the disk"));
        for _ in 0..5 {
            assert_eq!(tries.give(broken()), None);
        }
        assert_eq!(tries.give(wrong()), None);
        assert_eq!(tries.give(wrong()), Some(2), "the row goes on");
        tries.pass(Duration::from_secs(2));
        assert_eq!(tries.give(Ok(())), None);
        for _ in 0..3 {
            assert_eq!(tries.give(wrong()), None);
        }
        assert_eq!(tries.give(wrong()), Some(1));
    }

    #[test]
    fn no_number_of_tries_makes_the_pause_short_again() {
        for wrong in limits::FREE_TRIES + 6..limits::FREE_TRIES + 100 {
            assert_eq!(pause_after(wrong), limits::LONGEST_PAUSE);
        }
        assert_eq!(pause_after(u32::MAX), limits::LONGEST_PAUSE);
    }
}
