//! The time, as an argument.

use std::time::{SystemTime, UNIX_EPOCH};

/// Tells the time; tests move it by hand.
pub trait Clock: Send + Sync + 'static {
    /// Seconds since 1970.
    fn now_s(&self) -> u64;
}

/// The system's clock. One that is set before 1970 counts as 1970: then
/// nothing expires, which loses nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_s(&self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }
}
