//! What a story measured.

use serde::Serialize;

/// Milliseconds of one kind of thing that happened several times.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Samples {
    sorted_ms: Vec<u64>,
}

impl Samples {
    /// Adds one.
    pub fn add(&mut self, ms: u64) {
        let at = self.sorted_ms.partition_point(|other| *other <= ms);
        self.sorted_ms.insert(at, ms);
    }

    /// All of them, the least first.
    #[must_use]
    pub fn all(&self) -> &[u64] {
        &self.sorted_ms
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.sorted_ms.len()
    }

    /// The least, the one in the middle, and the greatest.
    #[must_use]
    pub fn spread(&self) -> Option<(u64, u64, u64)> {
        let last = self.sorted_ms.len().checked_sub(1)?;
        Some((
            self.sorted_ms[0],
            self.sorted_ms[last / 2],
            self.sorted_ms[last],
        ))
    }
}

impl std::fmt::Display for Samples {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.spread() {
            None => f.write_str("none"),
            Some((min, median, max)) => write!(
                f,
                "{min:>6} {median:>6} {max:>6} ms   ({} of them)",
                self.count()
            ),
        }
    }
}

/// Texts between two people who are both online.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Live {
    /// From the writer's vault to the reader's vault.
    pub arrived: Samples,
    /// From the writer's vault to the writer being told so.
    pub delivered: Samples,
}

/// The figures of the demo's scenario.
#[derive(Debug, Default, Clone, Serialize)]
pub struct Figures {
    /// Private Tor network, from nothing to usable.
    pub network_ready_ms: u64,
    /// Relay, from its start to its address being reachable by its own account.
    pub relay_ready_ms: u64,
    /// Daemons, from unlock to Tor ready: nothing cached.
    pub bootstrap_cold: Samples,
    /// Daemons, from unlock to Tor ready: directory cached.
    pub bootstrap_warm: Samples,
    /// From the inviter coming online to both being established.
    pub meeting_ms: u64,
    /// Both online, no relay.
    pub direct: Live,
    /// Both online, no direct path.
    pub live_by_relay: Live,
    /// Recipient away: text accepted to text kept by the relay.
    pub to_relay: Samples,
    /// Recipient back: from unlock until all that waited is on their device.
    pub from_relay_ms: Vec<u64>,
    /// Resident memory of Alice's daemon after the last message, KiB.
    pub alice_rss_kib: u64,
    /// Resident memory of Bob's daemon after the last message, KiB.
    pub bob_rss_kib: u64,
    /// Resident memory of the relay after the last message, KiB.
    pub relay_rss_kib: u64,
    /// Messages in each transcript.
    pub messages: usize,
    /// The whole story.
    pub total_s: u64,
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let samples = [
            ("direct: written -> on their device", &self.direct.arrived),
            ("direct: written -> writer knows", &self.direct.delivered),
            (
                "live by relay: written -> on their device",
                &self.live_by_relay.arrived,
            ),
            (
                "live by relay: written -> writer knows",
                &self.live_by_relay.delivered,
            ),
            (
                "recipient away: written -> kept by the relay",
                &self.to_relay,
            ),
            (
                "vault open -> Tor ready, nothing cached",
                &self.bootstrap_cold,
            ),
            (
                "vault open -> Tor ready, directory cached",
                &self.bootstrap_warm,
            ),
        ];
        writeln!(f, "  {:<46} {:>6} {:>6} {:>6}", "", "min", "median", "max")?;
        for (what, samples) in samples.iter().filter(|(_, samples)| samples.count() > 0) {
            writeln!(f, "  {what:<46} {samples}")?;
        }
        let mib = |kib: u64| format!("{:.1} MiB", kib as f64 / 1024.0);
        let back: Vec<String> = self.from_relay_ms.iter().map(u64::to_string).collect();
        let single = [
            (
                "daemon start -> all mail that waited is here",
                format!("{} ms", back.join(", ")),
            ),
            (
                "inviter back -> both established",
                format!("{} ms", self.meeting_ms),
            ),
            ("relay ready after", format!("{} ms", self.relay_ready_ms)),
            (
                "private Tor network ready after",
                format!("{} ms", self.network_ready_ms),
            ),
            ("memory: Alice's daemon", mib(self.alice_rss_kib)),
            ("memory: Bob's daemon", mib(self.bob_rss_kib)),
            ("memory: relay", mib(self.relay_rss_kib)),
            ("messages in each transcript", self.messages.to_string()),
        ];
        for (what, value) in single {
            writeln!(f, "  {what:<46} {value}")?;
        }
        write!(f, "  {:<46} {} s", "the whole story", self.total_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_does_not_depend_on_the_order_of_samples() {
        let mut samples = Samples::default();
        assert_eq!(samples.spread(), None);
        for ms in [30, 10, 20, 40, 20] {
            samples.add(ms);
        }
        assert_eq!(samples.spread(), Some((10, 20, 40)));
        assert_eq!(samples.count(), 5);
    }
}
