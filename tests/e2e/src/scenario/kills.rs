//! The kill loop: daemons are killed (kill -9) at instants drawn from a seed,
//! anywhere between their start and their rest, again and again. Whatever `hushwing
//! send` accepted must be there afterwards, once and in order.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::{Cast, Who, meet};
use crate::chance::Chance;
use crate::person::{Person, Setting, Way};
use crate::relay::{Entrance, Relay};
use crate::stage::{self, Folder, Narrator};
use crate::transcript::{self, Line};
use crate::wait::{self, Seen};

/// Lives that are measured before the first kill, to know how long one lasts.
const MEASURED_LIVES: u32 = 3;
/// One in so many rounds kills Bob, who mostly receives; the others Alice.
const BOB_IN: u64 = 4;
/// The most that whoever is killed writes in one life: so many that writing takes a
/// good part of it, beside the unlocking.
const TEXTS_OF_A_LIFE: u64 = 16;
/// The most that waits for them at the start of it.
const TEXTS_THAT_WAIT: u64 = 2;
/// How often the loop says how far it is.
const TELL_EVERY: u32 = 25;

/// What somebody was doing when the plug was pulled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Starting,
    Unlocking,
    Sending,
    Delivering,
    Resting,
}

/// What the loop did.
#[derive(Debug)]
pub struct Kills {
    seed: u64,
    rounds: u32,
    life: Duration,
    of: BTreeMap<(&'static str, Phase), u32>,
    /// Texts whose command ended with success.
    pub accepted: usize,
    /// Texts whose command was cut off.
    pub cut_off: usize,
    /// Of these, how many are there all the same.
    pub cut_off_and_there: usize,
    took: Duration,
}

impl Kills {
    /// How many kills there were.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.of.values().sum()
    }
}

impl fmt::Display for Kills {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "  {} kills in {} rounds, {} s; seed {}; a life lasts {} ms",
            self.count(),
            self.rounds,
            self.took.as_secs(),
            self.seed,
            self.life.as_millis(),
        )?;
        for ((name, phase), count) in &self.of {
            writeln!(f, "  {name:<6} {:<12} {count:>5}", format!("{phase:?}"))?;
        }
        write!(
            f,
            "  {} texts accepted: each arrived once, in order; {} commands cut off, of whose \
             texts {} are there, once",
            self.accepted, self.cut_off, self.cut_off_and_there
        )
    }
}

/// Plays `rounds` rounds below `folder`, without Tor and with one relay that
/// lives.
///
/// # Errors
/// When a message is lost, doubled or out of its place, or when a daemon does
/// not get up again; the message names the seed.
pub fn play_kills(folder: &Folder, rounds: u32, seed: u64) -> Result<Kills> {
    let narrator = Narrator::begin();
    narrator.chapter(&format!(
        "Kills: {rounds} rounds on loopback, with seed {seed}"
    ));
    let (relay, _) = Relay::start(folder.path(), Entrance::free_port()?, "info")?;
    let setting = Setting {
        way: Way::Loopback,
        log_level: "info",
    };
    let mut cast = Cast::new(folder, &setting, relay, narrator)?;
    meet(&mut cast, "Alice of the kills", "Bob of the kills")?;
    // Paging leaves the first message out; this one is not counted.
    cast.alice.send("before all kills")?;
    cast.alice.wait_for_delivery("before all kills")?;
    let mut fates = Loop {
        cast,
        chance: Chance::of(seed),
        record: Record::default(),
        kills: BTreeMap::new(),
    };
    let began = Instant::now();
    let played = fates
        .play(rounds)
        .and_then(|life| Ok((life, fates.judge()?)));
    let (life, verdict) = played.with_context(|| format!("kills with seed {seed}"))?;
    let kills = Kills {
        seed,
        rounds,
        life,
        of: fates.kills,
        accepted: verdict.accepted,
        cut_off: verdict.cut_off,
        cut_off_and_there: verdict.cut_off_and_there,
        took: began.elapsed(),
    };
    fates.cast.leave()?;
    stage::require_nobody_left(folder)?;
    Ok(kills)
}

/// Everything that `hushwing send` was told to send, in the order of the
/// commands, and whether it said yes.
#[derive(Debug, Default)]
struct Record {
    tried: Vec<(Line, Answer)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Accepted,
    CutOff,
}

#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    accepted: usize,
    cut_off: usize,
    cut_off_and_there: usize,
}

impl Record {
    /// A text that occurs nowhere else.
    fn next_text(&self, writer: &str) -> String {
        format!("{writer}'s text number {}", self.tried.len() + 1)
    }

    fn note(&mut self, writer: &str, text: &str, answer: Answer) {
        self.tried.push((Line::new(writer, text), answer));
    }

    /// Requires that both see every accepted text once, in order and alike, and
    /// a text whose command was cut off at most once: if it is there at all it is
    /// one like the others, for both.
    fn judge(&self, hers: &[Line], his: &[Line]) -> Result<Verdict> {
        let is_there = |line: &Line| hers.contains(line) || his.contains(line);
        let written: Vec<Line> = self
            .tried
            .iter()
            .filter(|(line, answer)| *answer == Answer::Accepted || is_there(line))
            .map(|(line, _)| line.clone())
            .collect();
        transcript::require_alike(("Alice", hers), ("Bob", his), &written)?;
        let count = |wanted| self.tried.iter().filter(|(_, a)| *a == wanted).count();
        let accepted = count(Answer::Accepted);
        Ok(Verdict {
            accepted,
            cut_off: count(Answer::CutOff),
            cut_off_and_there: written.len() - accepted,
        })
    }
}

/// How a life ended before its time.
enum End {
    /// A command of whoever was to be killed failed; what they were doing.
    Theirs(Phase, anyhow::Error),
    /// Something else failed.
    Other(anyhow::Error),
}

struct Loop {
    cast: Cast,
    chance: Chance,
    record: Record,
    kills: BTreeMap<(&'static str, Phase), u32>,
}

impl Loop {
    /// Plays all rounds; returns how long a life lasts that nobody ends.
    fn play(&mut self, rounds: u32) -> Result<Duration> {
        let mut lived = Duration::ZERO;
        for _ in 0..MEASURED_LIVES {
            self.cast.alice.go_offline()?;
            self.wait_texts(Who::Alice)?;
            let began = Instant::now();
            match self.live(Who::Alice) {
                Ok(()) => lived += began.elapsed(),
                Err(End::Theirs(_, why) | End::Other(why)) => return Err(why),
            }
        }
        let life = lived / MEASURED_LIVES;
        for round in 1..=rounds {
            let victim = if self.chance.below(BOB_IN) == 0 {
                Who::Bob
            } else {
                Who::Alice
            };
            self.round(victim, life)
                .with_context(|| format!("round {round}"))?;
            if round % TELL_EVERY == 0 {
                let line = format!("{round} rounds, {} texts", self.record.tried.len());
                self.cast.narrator.says("Kills", &line);
            }
        }
        Ok(life)
    }

    /// One life of `victim`, ended at an instant of its own.
    fn round(&mut self, victim: Who, life: Duration) -> Result<()> {
        if !self.cast.person(victim.other()).is_online() {
            self.cast.person_mut(victim.other()).come_online()?;
        }
        if self.cast.person(victim).is_online() {
            self.cast.person_mut(victim).crash()?;
        }
        self.wait_texts(victim)?;
        let instant = self.chance.within(life);
        self.cast.person_mut(victim).doom(instant);
        let phase = match self.live(victim) {
            Ok(()) => Phase::Resting,
            // It may fail because it is dead, and for no other reason.
            Err(End::Theirs(phase, _)) if self.cast.person(victim).is_struck() => phase,
            Err(End::Theirs(_, why) | End::Other(why)) => return Err(why),
        };
        self.cast.person_mut(victim).succumb()?;
        let name = self.cast.person(victim).name();
        *self.kills.entry((name, phase)).or_default() += 1;
        Ok(())
    }

    /// The other writes something for somebody who is away.
    fn wait_texts(&mut self, away: Who) -> Result<()> {
        let writer = self.cast.person(away.other());
        for _ in 0..self.chance.below(TEXTS_THAT_WAIT + 1) {
            let text = self.record.next_text(writer.name());
            writer.send(&text)?;
            self.record.note(writer.name(), &text, Answer::Accepted);
        }
        Ok(())
    }

    /// A whole life: start, unlock, write, and wait until all is delivered both
    /// ways.
    fn live(&mut self, who: Who) -> Result<(), End> {
        let person = self.cast.person_mut(who);
        let failed_in = |phase| move |why| End::Theirs(phase, why);
        person.start_daemon().map_err(failed_in(Phase::Starting))?;
        person.open_vault().map_err(failed_in(Phase::Unlocking))?;
        for _ in 0..1 + self.chance.below(TEXTS_OF_A_LIFE) {
            let person = self.cast.person(who);
            let text = self.record.next_text(person.name());
            let sent = person.send(&text);
            let answer = match sent {
                Ok(()) => Answer::Accepted,
                Err(_) => Answer::CutOff,
            };
            self.record.note(person.name(), &text, answer);
            sent.map_err(failed_in(Phase::Sending))?;
        }
        self.rest(who)
    }

    fn rest(&self, who: Who) -> Result<(), End> {
        let [one, other] = [who, who.other()].map(|who| self.cast.person(who));
        let mut ended = None;
        let waited = wait::until("all to be delivered", || match one.undelivered() {
            Err(why) => {
                ended = Some(why);
                Ok(Seen::Done(()))
            }
            Ok(left) => {
                let left = left + other.undelivered()?;
                Ok(Seen::when(left == 0, left))
            }
        });
        match (ended, waited) {
            (Some(why), _) => Err(End::Theirs(Phase::Delivering, why)),
            (None, waited) => waited.map_err(End::Other),
        }
    }

    /// Both get up once more, everything that waits arrives, and then nothing is
    /// stuck and both see what they must.
    fn judge(&mut self) -> Result<Verdict> {
        for who in Who::BOTH {
            if !self.cast.person(who).is_online() {
                self.cast.person_mut(who).come_online()?;
            }
        }
        let people: [&Person; 2] = [&self.cast.alice, &self.cast.bob];
        for person in people {
            wait::until("all to be delivered in the end", || {
                let left = person.undelivered()?;
                Ok(Seen::when(left == 0, left))
            })?;
        }
        for person in people {
            person.wait_until_well()?;
        }
        let hers = self.cast.alice.long_transcript("Bob")?;
        let his = self.cast.bob.long_transcript("Alice")?;
        ensure!(!hers.is_empty(), "nobody wrote anything");
        self.record.judge(&hers, &his)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record() -> (Record, Vec<Line>) {
        let mut record = Record::default();
        for (text, answer) in [
            ("1", Answer::Accepted),
            ("2", Answer::CutOff),
            ("3", Answer::Accepted),
            ("4", Answer::CutOff),
        ] {
            record.note("Alice", text, answer);
        }
        let there = ["1", "2", "3"].map(|text| Line::new("Alice", text));
        (record, there.to_vec())
    }

    #[test]
    fn a_text_that_was_cut_off_may_be_there_or_not() {
        let (record, there) = record();
        let verdict = |cut_off_and_there| Verdict {
            accepted: 2,
            cut_off: 2,
            cut_off_and_there,
        };
        assert_eq!(record.judge(&there, &there).unwrap(), verdict(1));
        let less = [there[0].clone(), there[2].clone()];
        assert_eq!(record.judge(&less, &less).unwrap(), verdict(0));
    }

    #[test]
    fn what_is_lost_doubled_out_of_its_place_or_unknown_is_told() {
        let (record, there) = record();
        let line = |text: &str| Line::new("Alice", text);
        for (his, fault) in [
            (vec![line("1"), line("2")], "Bob misses"),
            (vec![line("1"), line("3")], "Bob misses"),
            (vec![line("1"), line("2"), line("2"), line("3")], "2 times"),
            (vec![line("2"), line("1"), line("3")], "in the place of"),
            (
                vec![line("1"), line("2"), line("3"), line("5")],
                "nobody wrote",
            ),
        ] {
            let error = record.judge(&there, &his).unwrap_err().to_string();
            assert!(error.contains(fault), "{error}");
        }
    }
}
