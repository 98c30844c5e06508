//! Everybody and everything that has a part in a story.

use std::time::Duration;

use anyhow::Result;

use super::millis;
use crate::figures::Figures;
use crate::person::{Person, READABLE_AT_ONCE, Setting};
use crate::relay::Relay;
use crate::stage::{Folder, Narrator};
use crate::transcript::{self, Line};
use crate::wait::{self, Seen};

/// Two people, their relay, and what was written so far.
#[derive(Debug)]
pub struct Cast {
    /// Makes the invite.
    pub alice: Person,
    /// Redeems it.
    pub bob: Person,
    /// Keeps the mail of both.
    pub relay: Relay,
    /// The address under which the two know the relay.
    pub relay_address: String,
    /// The invite by which they met.
    pub link: String,
    /// Every text in the order of writing.
    pub written: Vec<Line>,
    /// Tells the story.
    pub narrator: Narrator,
    /// What was measured so far.
    pub figures: Figures,
}

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // They are their names.
pub enum Who {
    Alice,
    Bob,
}

impl Who {
    /// Both, Alice first.
    pub const BOTH: [Who; 2] = [Who::Alice, Who::Bob];

    /// Whom this one writes to.
    #[must_use]
    pub fn other(self) -> Who {
        match self {
            Who::Alice => Who::Bob,
            Who::Bob => Who::Alice,
        }
    }
}

impl Cast {
    /// Alice and Bob, who have nothing yet, and a running relay.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn new(
        folder: &Folder,
        setting: &Setting,
        relay: Relay,
        narrator: Narrator,
    ) -> Result<Cast> {
        Ok(Cast {
            alice: Person::new("Alice", folder.path(), setting.clone())?,
            bob: Person::new("Bob", folder.path(), setting.clone())?,
            relay_address: relay.address().to_owned(),
            relay,
            link: String::new(),
            written: Vec::new(),
            narrator,
            figures: Figures::default(),
        })
    }

    /// The person.
    #[must_use]
    pub fn person(&self, who: Who) -> &Person {
        match who {
            Who::Alice => &self.alice,
            Who::Bob => &self.bob,
        }
    }

    /// The person, to start and stop the daemon.
    #[must_use]
    pub fn person_mut(&mut self, who: Who) -> &mut Person {
        match who {
            Who::Alice => &mut self.alice,
            Who::Bob => &mut self.bob,
        }
    }

    /// `who` writes one text, which the vault accepts.
    ///
    /// # Errors
    /// When it does not.
    pub fn write(&mut self, who: Who, text: &str) -> Result<()> {
        let writer = self.person(who);
        writer.send(text)?;
        let line = Line::new(writer.name(), text);
        self.written.push(line);
        Ok(())
    }

    /// `who` comes online, Tor included; the time counts as a warm start.
    ///
    /// # Errors
    /// When it does not work.
    pub fn bring_online(&mut self, who: Who) -> Result<Duration> {
        let took = self.person_mut(who).come_online_fully()?;
        self.figures.bootstrap_warm.add(millis(took));
        Ok(took)
    }

    /// Requires that both see exactly what was written.
    ///
    /// # Errors
    /// Says who sees what else.
    pub fn compare_transcripts(&mut self) -> Result<()> {
        self.narrator.chapter("What each of them sees");
        for who in Who::BOTH {
            let (reader, other) = (self.person(who), self.person(who.other()));
            let (seen, written) = if self.written.len() < READABLE_AT_ONCE {
                (reader.transcript(other.name())?, &self.written[..])
            } else {
                let without_first = self.written.get(1..).unwrap_or_default();
                (reader.long_transcript(other.name())?, without_first)
            };
            transcript::require_equal(reader.name(), &seen, written)?;
            let line = format!("sees {} messages, in order, each once", seen.len());
            self.narrator.says(reader.name(), &line);
        }
        self.figures.messages = self.written.len();
        Ok(())
    }

    /// As [`compare_transcripts`](Cast::compare_transcripts), when everything has
    /// been delivered.
    ///
    /// # Errors
    /// When that takes too long, and as there.
    pub fn compare_when_all_arrived(&mut self) -> Result<()> {
        for who in Who::BOTH {
            let person = self.person(who);
            wait::until("all to be delivered", || {
                let left = person.undelivered()?;
                Ok(Seen::when(left == 0, left))
            })?;
        }
        self.compare_transcripts()
    }

    /// Takes the last measurements and ends everything cleanly.
    ///
    /// # Errors
    /// When something does not end cleanly.
    pub fn leave(mut self) -> Result<(Figures, Narrator)> {
        self.figures.alice_rss_kib = self.alice.daemon()?.resident_kib()?;
        self.figures.bob_rss_kib = self.bob.daemon()?.resident_kib()?;
        self.figures.relay_rss_kib = self.relay.daemon()?.resident_kib()?;
        self.alice.go_offline()?;
        self.bob.go_offline()?;
        self.relay.stop()?;
        Ok((self.figures, self.narrator))
    }
}
