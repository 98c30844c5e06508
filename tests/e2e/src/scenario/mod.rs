//! The demo: two people meet and talk over a private Tor network and one relay,
//! and nothing that is pulled out from under them loses a message.

mod crashes;
mod mail;
mod meeting;

use std::time::Duration;

use anyhow::Result;

use crate::figures::Figures;
use crate::person::Person;
use crate::relay::{Entrance, Relay};
use crate::stage::{self, Folder, Narrator};
use crate::transcript::{self, Line};

/// Messages each way, for each way of delivery.
pub const EACH_WAY: usize = 20;

/// Plays the whole story below `folder` and returns what it measured.
///
/// # Errors
/// At the first thing that is not as it must be; whatever was started is
/// killed.
pub fn play(folder: &Folder) -> Result<Figures> {
    let narrator = Narrator::begin();
    let mut figures = Figures::default();

    narrator.chapter("The stage: a private Tor network on this machine, and a relay");
    let net = stage::start_network(folder)?;
    figures.network_ready_ms = millis(net.ready_in());
    narrator.says(
        "Tor",
        "authorities and relays are up; all of it stays on loopback",
    );
    let network = stage::network_file(&net);
    let entrance = Entrance::Onion {
        network: network.clone(),
    };
    let (relay, took) = Relay::start(folder.path(), entrance, "info")?;
    figures.relay_ready_ms = millis(took);
    narrator.says("Relay", &format!("is up as {}", shortened(relay.address())));

    let mut cast = Cast {
        alice: Person::new("Alice", folder.path(), &network, "info")?,
        bob: Person::new("Bob", folder.path(), &network, "info")?,
        relay,
        written: Vec::new(),
        narrator,
        figures,
    };
    meeting::play(&mut cast)?;
    mail::play_direct(&mut cast)?;
    mail::play_by_relay(&mut cast)?;
    crashes::play(&mut cast)?;
    cast.compare_transcripts()?;
    let (mut figures, narrator) = cast.leave()?;

    drop(net);
    stage::require_nobody_left(folder)?;
    narrator.says("Stage", "is empty: no process is left");
    figures.total_s = narrator.elapsed_s();
    Ok(figures)
}

/// Everybody and everything that has a part.
struct Cast {
    alice: Person,
    bob: Person,
    relay: Relay,
    /// Every text in the order of writing.
    written: Vec<Line>,
    narrator: Narrator,
    figures: Figures,
}

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Alice,
    Bob,
}

impl Cast {
    /// The writer and the reader when `who` writes.
    fn roles(&mut self, who: Who) -> (&mut Person, &mut Person) {
        match who {
            Who::Alice => (&mut self.alice, &mut self.bob),
            Who::Bob => (&mut self.bob, &mut self.alice),
        }
    }

    /// `who` writes one text, which the vault accepts.
    fn write(&mut self, who: Who, text: &str) -> Result<()> {
        let (writer, _) = self.roles(who);
        writer.send(text)?;
        let line = Line::new(writer.name(), text);
        self.written.push(line);
        Ok(())
    }

    /// Somebody comes online, Tor included; the time counts as a warm start.
    fn bring_online(&mut self, who: Who) -> Result<()> {
        let (person, _) = self.roles(who);
        let took = person.come_online_fully()?;
        self.figures.bootstrap_warm.add(millis(took));
        Ok(())
    }

    fn compare_transcripts(&mut self) -> Result<()> {
        self.narrator.chapter("What each of them sees");
        for (reader, other) in [(&self.alice, &self.bob), (&self.bob, &self.alice)] {
            let seen = reader.transcript(other.name())?;
            transcript::require_equal(reader.name(), &seen, &self.written)?;
            let line = format!("sees {} messages, in order, each once", seen.len());
            self.narrator.says(reader.name(), &line);
        }
        self.figures.messages = self.written.len();
        Ok(())
    }

    /// Takes the last measurements and ends everything cleanly.
    fn leave(mut self) -> Result<(Figures, Narrator)> {
        self.figures.alice_rss_kib = self.alice.daemon()?.resident_kib()?;
        self.figures.bob_rss_kib = self.bob.daemon()?.resident_kib()?;
        self.figures.relay_rss_kib = self.relay.daemon()?.resident_kib()?;
        self.alice.go_offline()?;
        self.bob.go_offline()?;
        self.relay.stop()?;
        Ok((self.figures, self.narrator))
    }
}

/// `count` texts that occur nowhere else in the story.
fn texts(kind: &str, writer: Who, count: usize) -> Vec<String> {
    (1..=count)
        .map(|number| format!("{kind}, {writer:?} number {number}"))
        .collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Enough of a long address to recognise it.
fn shortened(address: &str) -> String {
    let start: String = address.chars().take(32).collect();
    format!("{start}…")
}
