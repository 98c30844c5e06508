//! Times as people read them.

use jiff::{Timestamp, tz::TimeZone};

/// Shows instants in one time zone.
#[derive(Debug, Clone)]
pub(crate) struct Clock(TimeZone);

impl Clock {
    /// The zone of this machine; UTC where it tells none.
    pub(crate) fn of_this_machine() -> Self {
        Self(TimeZone::try_system().unwrap_or(TimeZone::UTC))
    }

    /// UTC, for tests.
    #[cfg(test)]
    pub(crate) fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// `2026-11-21 23:57:01`. A sender's clock may claim anything, a year that no
    /// calendar has included.
    pub(crate) fn show(&self, ms: u64) -> String {
        i64::try_from(ms)
            .ok()
            .and_then(|ms| Timestamp::from_millisecond(ms).ok())
            .map_or_else(
                || "impossible time".into(),
                |at| {
                    let at = at.to_zoned(self.0.clone());
                    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
                },
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_has_a_text() {
        let clock = Clock::utc();
        assert_eq!(clock.show(0), "1970-01-01 00:00:00");
        assert_eq!(clock.show(1_795_305_421_999), "2026-11-21 23:57:01");
        assert_eq!(clock.show(u64::MAX), "impossible time");
        assert_eq!(clock.show(i64::MAX as u64), "impossible time");
    }
}
