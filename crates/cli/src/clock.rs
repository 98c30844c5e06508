//! Times as people read them.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::{Timestamp, ToSpan as _, civil, tz::TimeZone};

const SECOND_MS: u64 = 1000;
const MINUTE_MS: u64 = 60 * SECOND_MS;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;

/// From here on a distance is told in the next greater unit, since nobody needs
/// the smaller one: 90 minutes, but not 120; 36 hours, but not 48.
const MINUTES_UP_TO_MS: u64 = 2 * HOUR_MS;
const HOURS_UP_TO_MS: u64 = 2 * DAY_MS;
const DAYS_UP_TO_MS: u64 = 366 * DAY_MS;

/// Shows instants in one time zone, and how far they are from now.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    zone: TimeZone,
    /// Milliseconds since 1970; read once, so that one answer has one now.
    now_ms: u64,
}

impl Clock {
    /// The time and the zone of this machine; UTC where it tells none.
    pub(crate) fn of_this_machine() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            zone: TimeZone::try_system().unwrap_or(TimeZone::UTC),
            now_ms: since.map_or(0, |since| {
                u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
            }),
        }
    }

    /// UTC, and this time, for tests.
    #[cfg(test)]
    pub(crate) fn utc_at(now_ms: u64) -> Self {
        Self {
            zone: TimeZone::UTC,
            now_ms,
        }
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
                    let at = at.to_zoned(self.zone.clone());
                    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
                },
            )
    }

    /// When a day or a minute of it begins and when it ends, in milliseconds since 1970:
    /// `2026-11-21`, `2026-11-21 23:57`. Nothing where it is neither.
    pub(crate) fn bounds(&self, text: &str) -> Option<(u64, u64)> {
        let text = text.trim();
        let (begins, lasts) = match text.parse::<civil::Date>() {
            Ok(day) if !text.contains([' ', 'T', ':']) => (day.at(0, 0, 0, 0), 1.day()),
            _ => {
                let at = civil::DateTime::strptime("%Y-%m-%d %H:%M", text).ok()?;
                (at, 1.minute())
            }
        };
        let begins = begins.to_zoned(self.zone.clone()).ok()?;
        let ends = begins.checked_add(lasts).ok()?;
        let ms = |at: &jiff::Zoned| u64::try_from(at.timestamp().as_millisecond()).ok();
        Some((ms(&begins)?, ms(&ends)?))
    }

    /// `in 12 minutes (2026-11-21 23:57:01)`; what should have been is due now.
    pub(crate) fn ahead(&self, ms: u64) -> String {
        let at = self.show(ms);
        match ms.checked_sub(self.now_ms) {
            // Rounded up: nobody waits in vain.
            Some(left @ 1..) => format!("in {} ({at})", distance(left, u64::div_ceil)),
            _ => format!("now (due {at})"),
        }
    }

    /// `2026-11-21 23:57:01 (12 minutes ago)`; a clock that was set back gives
    /// no distance.
    pub(crate) fn ago(&self, ms: u64) -> String {
        let at = self.show(ms);
        match self.now_ms.checked_sub(ms) {
            Some(past) => format!("{at} ({} ago)", distance(past, |ms, unit| ms / unit)),
            None => at,
        }
    }
}

/// A distance in one unit, rounded by `whole`.
fn distance(ms: u64, whole: impl Fn(u64, u64) -> u64) -> String {
    let (unit_ms, unit) = match ms {
        0..MINUTE_MS => (SECOND_MS, "second"),
        MINUTE_MS..MINUTES_UP_TO_MS => (MINUTE_MS, "minute"),
        MINUTES_UP_TO_MS..HOURS_UP_TO_MS => (HOUR_MS, "hour"),
        HOURS_UP_TO_MS..DAYS_UP_TO_MS => (DAY_MS, "day"),
        DAYS_UP_TO_MS.. => return "more than a year".into(),
    };
    match whole(ms, unit_ms) {
        1 => format!("1 {unit}"),
        n => format!("{n} {unit}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_795_305_421_000;

    #[test]
    fn any_number_has_a_text() {
        let clock = Clock::utc_at(NOW);
        assert_eq!(clock.show(0), "1970-01-01 00:00:00");
        assert_eq!(clock.show(NOW + 999), "2026-11-21 23:57:01");
        assert_eq!(clock.show(u64::MAX), "impossible time");
        assert_eq!(clock.show(i64::MAX as u64), "impossible time");
    }

    #[test]
    fn a_day_or_a_minute_has_a_beginning_and_an_end() {
        let clock = Clock::utc_at(NOW);
        let (begins, ends) = clock.bounds("2026-11-21").unwrap();
        assert_eq!(clock.show(begins), "2026-11-21 00:00:00");
        assert_eq!(ends - begins, DAY_MS);
        let (begins, ends) = clock.bounds(" 2026-11-21 23:57 ").unwrap();
        assert_eq!(clock.show(begins), "2026-11-21 23:57:00");
        assert_eq!(ends - begins, MINUTE_MS);
        for none in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-11-21 25:00",
            "1969-01-01",
            "21.11.2026",
        ] {
            assert_eq!(clock.bounds(none), None, "{none}");
        }
    }

    #[test]
    fn what_comes_is_rounded_up_and_what_was_is_rounded_down() {
        let clock = Clock::utc_at(NOW);
        for (ms, ahead, ago) in [
            (1, "in 1 second", "0 seconds"),
            (1000, "in 1 second", "1 second"),
            (59_000, "in 59 seconds", "59 seconds"),
            (60_000, "in 1 minute", "1 minute"),
            (61_000, "in 2 minutes", "1 minute"),
            (119 * MINUTE_MS, "in 119 minutes", "119 minutes"),
            (2 * HOUR_MS, "in 2 hours", "2 hours"),
            (47 * HOUR_MS + 1, "in 48 hours", "47 hours"),
            (2 * DAY_MS, "in 2 days", "2 days"),
            (365 * DAY_MS, "in 365 days", "365 days"),
            (366 * DAY_MS, "in more than a year", "more than a year"),
        ] {
            let at = clock.show(NOW + ms);
            assert_eq!(clock.ahead(NOW + ms), format!("{ahead} ({at})"));
            let at = clock.show(NOW - ms);
            assert_eq!(clock.ago(NOW - ms), format!("{at} ({ago} ago)"));
        }
    }

    #[test]
    fn a_clock_that_was_set_counts_nothing_backwards() {
        let clock = Clock::utc_at(NOW);
        assert_eq!(clock.ahead(NOW), "now (due 2026-11-21 23:57:01)");
        assert_eq!(clock.ahead(NOW - 1000), "now (due 2026-11-21 23:57:00)");
        assert_eq!(clock.ago(NOW + 1000), "2026-11-21 23:57:02");
        assert_eq!(
            clock.ahead(u64::MAX),
            "in more than a year (impossible time)"
        );
    }
}
