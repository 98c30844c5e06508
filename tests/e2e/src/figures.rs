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
    /// Both online, no relay: text accepted to text on their device.
    pub direct: Samples,
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
        let mib = |kib: u64| format!("{:.1} MiB", kib as f64 / 1024.0);
        let back = self
            .from_relay_ms
            .iter()
            .map(|ms| format!("{ms} ms"))
            .collect::<Vec<_>>()
            .join(", ");
        writeln!(
            f,
            "                                                min median    max"
        )?;
        writeln!(
            f,
            "  direct: accepted -> on their device        {}",
            self.direct
        )?;
        writeln!(
            f,
            "  by relay: accepted -> kept by the relay    {}",
            self.to_relay
        )?;
        writeln!(
            f,
            "  Tor ready after unlock, nothing cached     {}",
            self.bootstrap_cold
        )?;
        writeln!(
            f,
            "  Tor ready after unlock, directory cached   {}",
            self.bootstrap_warm
        )?;
        writeln!(f, "  by relay: unlock -> all that waited is here   {back}")?;
        writeln!(
            f,
            "  inviter online -> both established            {} ms",
            self.meeting_ms
        )?;
        writeln!(
            f,
            "  relay ready after                             {} ms",
            self.relay_ready_ms
        )?;
        writeln!(
            f,
            "  private Tor network ready after               {} ms",
            self.network_ready_ms
        )?;
        writeln!(
            f,
            "  memory: Alice's daemon                        {}",
            mib(self.alice_rss_kib)
        )?;
        writeln!(
            f,
            "  memory: Bob's daemon                          {}",
            mib(self.bob_rss_kib)
        )?;
        writeln!(
            f,
            "  memory: relay                                 {}",
            mib(self.relay_rss_kib)
        )?;
        writeln!(
            f,
            "  messages in each transcript                   {}",
            self.messages
        )?;
        write!(
            f,
            "  the whole story                               {} s",
            self.total_s
        )
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
