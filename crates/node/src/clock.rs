//! Time that passes, as the core counts it for pauses and for locking by itself.

use std::time::{Duration, Instant};

use tokio::{sync::watch, time::sleep};

/// A clock that nobody can set. Clones tell the same time.
#[derive(Clone)]
pub(crate) struct Clock(Time);

#[derive(Clone)]
enum Time {
    /// That of the machine, since then.
    Since(Instant),
    /// What a test says.
    #[cfg_attr(not(test), allow(dead_code, reason = "no program has such a clock"))]
    Told(watch::Receiver<Duration>),
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self(Time::Since(Instant::now()))
    }

    /// One that stands still until a test moves it.
    #[cfg(test)]
    pub(crate) fn told(time: watch::Receiver<Duration>) -> Self {
        Self(Time::Told(time))
    }

    /// How long it runs.
    pub(crate) fn now(&self) -> Duration {
        match &self.0 {
            Time::Since(began) => began.elapsed(),
            Time::Told(time) => *time.borrow(),
        }
    }

    /// Returns when it shows `at`.
    pub(crate) async fn reaches(&self, at: Duration) {
        match &self.0 {
            Time::Since(_) => sleep(at.saturating_sub(self.now())).await,
            Time::Told(time) => {
                let mut time = time.clone();
                if time.wait_for(|now| *now >= at).await.is_err() {
                    // Nobody moves it any more.
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}
