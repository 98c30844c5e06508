//! Relays die for good: first one of two, then all of them. Nothing is lost, and
//! at each stage everybody is told where each message is.

use anyhow::{Context, Result, ensure};

use super::{Cast, Who, meet, texts};
use crate::ledger::{AtRelay, Ledger};
use crate::person::{Setting, Way};
use crate::relay::{Entrance, Relay};
use crate::stage::{self, Folder, Narrator};
use crate::transcript;

/// Messages of each of the two in the whole story.
const IN_ALL: usize = 200;
/// Of these, each way while both are there and all relays work.
const TOGETHER: usize = 60;
/// Alice's, for Bob who is away: with both relays, and while the second dies.
const TO_BOB_AWAY: usize = 40;
/// Bob's, for Alice who is away, with one relay left.
const TO_ALICE_AWAY: usize = 40;
/// Each way while both are there and one relay is left, and when none is.
const TOGETHER_AGAIN: usize = 20;
/// Alice's, when there is no way at all.
const WITHOUT_A_WAY: usize = 20;
/// Bob's, by the new relay.
const BY_THE_NEW_RELAY: usize = 60;

const _: () = assert!(
    TOGETHER + 2 * TO_BOB_AWAY + 2 * TOGETHER_AGAIN + WITHOUT_A_WAY == IN_ALL
        && TOGETHER + TO_ALICE_AWAY + 2 * TOGETHER_AGAIN + BY_THE_NEW_RELAY == IN_ALL,
    "the chapters add up to 200 messages of each"
);

/// The two people and the addresses of the relays that die.
struct Story {
    cast: Cast,
    second: Option<Relay>,
    first_address: String,
    second_address: String,
}

/// Plays both stories, one after the other, below `folder`; returns how many
/// messages each of the two wrote.
///
/// # Errors
/// At the first thing that is not as it must be; whatever was started is
/// killed.
pub fn play_dying_relays(folder: &Folder) -> Result<[usize; 2]> {
    let narrator = Narrator::begin();
    narrator.chapter("The stage: a private Tor network, and two relays");
    let net = stage::start_network(folder)?;
    let setting = Setting {
        way: Way::Tor(stage::network_file(&net)),
        log_level: "debug",
    };
    let entrance = Entrance::Onion {
        network: stage::network_file(&net),
    };
    let start = |name| Relay::start_in(folder.path(), name, entrance.clone(), "info");
    let (first, _) = start("relay-one")?;
    let (second, _) = start("relay-two")?;
    narrator.says("Relays", "are up, each on an onion address of its own");

    let first_address = first.address().to_owned();
    let mut cast = Cast::new(folder, &setting, first, narrator)?;
    meet(&mut cast, "Alice of the relays", "Bob of the relays")?;
    let mut story = Story {
        cast,
        first_address,
        second_address: second.address().to_owned(),
        second: Some(second),
    };
    story.one_of_two_dies()?;
    story.the_last_one_dies()?;
    let (third, _) = start("relay-three")?;
    story.a_new_one_brings_them_together(third.address())?;
    let counts = story.end(third)?;

    drop(net);
    stage::require_nobody_left(folder)?;
    Ok(counts)
}

impl Story {
    fn one_of_two_dies(&mut self) -> Result<()> {
        let cast = &mut self.cast;
        cast.narrator
            .chapter("One relay of two is killed in mid-conversation, for good");
        for who in Who::BOTH {
            cast.person(who).add_relay(&self.second_address)?;
        }
        let [hers, his] = write_together(cast, "together", TOGETHER)?;
        cast.alice.wait_for_state(&hers, "delivered")?;
        cast.bob.wait_for_state(&his, "delivered")?;
        cast.narrator.says(
            "Both",
            "use both relays, and get 60 messages from each other",
        );

        cast.bob.go_offline()?;
        let kept_twice = write_all(cast, Who::Alice, "to Bob, two relays", TO_BOB_AWAY)?;
        self.require_at_both(&kept_twice)?;

        let second = self.second.as_mut().context("the second relay runs")?;
        let kept_once = texts("to Bob, one relay dies", Who::Alice, TO_BOB_AWAY);
        for (number, text) in kept_once.iter().enumerate() {
            if number == TO_BOB_AWAY / 2 {
                second.kill()?;
            }
            self.cast.write(Who::Alice, text)?;
        }
        self.second = None;
        self.cast.narrator.says(
            "Relay 2",
            "is killed while Alice writes 40 to Bob, who is away",
        );
        self.require_at_the_first_alone(Who::Alice, &kept_once)?;

        self.cast.bring_online(Who::Bob)?;
        self.require_came_by_relay(Who::Alice, &[kept_twice, kept_once].concat())?;
        self.alice_is_away_too()
    }

    /// The other direction, with the one relay that is left.
    fn alice_is_away_too(&mut self) -> Result<()> {
        self.cast.alice.go_offline()?;
        let his = write_all(&mut self.cast, Who::Bob, "to Alice", TO_ALICE_AWAY)?;
        self.require_at_the_first_alone(Who::Bob, &his)?;
        self.cast.bring_online(Who::Alice)?;
        self.require_came_by_relay(Who::Bob, &his)?;

        let [hers, his] = write_together(&mut self.cast, "one relay left", TOGETHER_AGAIN)?;
        self.cast.alice.wait_for_state(&hers, "delivered")?;
        self.cast.bob.wait_for_state(&his, "delivered")?;
        Ok(())
    }

    fn the_last_one_dies(&mut self) -> Result<()> {
        let cast = &mut self.cast;
        cast.narrator
            .chapter("The other relay is killed too, for good");
        cast.relay.kill()?;
        let [hers, his] = write_together(cast, "no relay left", TOGETHER_AGAIN)?;
        for (who, texts) in [(Who::Alice, hers), (Who::Bob, his)] {
            cast.person(who).wait_for_state(&texts, "delivered")?;
            let last = texts.last().context("somebody wrote")?;
            // The other side's receipt may overtake its answer on the connection that
            // carried the message; that it is there is true either way.
            let ledger = cast.person(who).ledger(last)?;
            ensure!(
                ledger.delivered_by().is_some() && ledger.keepers().is_empty(),
                "no relay was there, and the ledger says {ledger:?}"
            );
        }
        cast.narrator.says(
            "Both",
            "are there, so messages still go, straight to the device",
        );

        cast.bob.go_offline()?;
        let stuck = write_all(cast, Who::Alice, "without a way", WITHOUT_A_WAY)?;
        let last = stuck.last().context("Alice wrote")?;
        let ledger = cast
            .alice
            .wait_for_ledger(last, "waiting for a relay", says_why_and_when)?;
        ensure!(ledger.keepers().is_empty(), "nobody keeps it: {ledger:?}");
        cast.narrator.says(
            "Alice",
            &format!(
                "writes 20 more and is told why they wait: {}",
                ledger.reason().unwrap_or_default()
            ),
        );
        for relay in [&self.first_address, &self.second_address] {
            require_named_dead(&self.cast, Who::Alice, relay)?;
        }
        let finding = self
            .cast
            .alice
            .wait_for_finding("no way to Bob", |finding| finding.kind == "unreachable")?;
        ensure!(finding.advice.contains("route record"), "{finding:?}");
        Ok(())
    }

    /// Alice and Bob are never there together in this chapter: all goes by the
    /// new relay.
    fn a_new_one_brings_them_together(&mut self, new: &str) -> Result<()> {
        let dead = [self.first_address.clone(), self.second_address.clone()];
        let cast = &mut self.cast;
        cast.narrator
            .chapter("Both add a new relay, and one route record is pasted");
        move_to(cast, Who::Alice, new, &dead)?;
        let record = cast.alice.export_routes()?;
        cast.alice.go_offline()?;
        cast.narrator
            .says("Alice", "adds it, exports one record, and goes away");

        cast.bring_online(Who::Bob)?;
        move_to(cast, Who::Bob, new, &dead)?;
        cast.bob.import_routes(&record)?;
        let his = write_all(cast, Who::Bob, "by the new relay", BY_THE_NEW_RELAY)?;
        cast.bob.wait_for_state(&his, "at_relay")?;
        require_kept_by(&cast.bob.ledger(&his[0])?, &[new])?;
        cast.bob.go_offline()?;
        cast.narrator.says(
            "Bob",
            "pastes it, writes 60, which the new relay keeps, and goes",
        );

        cast.bring_online(Who::Alice)?;
        cast.alice.wait_for_received(&his, his.len())?;
        let hers = texts("without a way", Who::Alice, WITHOUT_A_WAY);
        cast.alice.wait_for_state(&hers, "at_relay")?;
        require_kept_by(&cast.alice.ledger(&hers[0])?, &[new])?;
        cast.alice.go_offline()?;
        cast.narrator
            .says("Alice", "has them all, and her 20 are at the new relay");

        cast.bring_online(Who::Bob)?;
        cast.bob.wait_for_received(&hers, hers.len())?;
        cast.narrator.says("Bob", "has those, while Alice is away");
        cast.bring_online(Who::Alice)?;
        self.require_came_by_relay(Who::Bob, &his)?;
        self.require_came_by_relay(Who::Alice, &hers)
    }

    fn end(mut self, mut last: Relay) -> Result<[usize; 2]> {
        let cast = &mut self.cast;
        for who in Who::BOTH {
            cast.person(who).wait_until_well()?;
        }
        cast.narrator.chapter("What each of them sees");
        let hers = cast.alice.transcript("Bob")?;
        let his = cast.bob.transcript("Alice")?;
        transcript::require_alike(("Alice", &hers), ("Bob", &his), &cast.written)?;
        cast.narrator.says(
            "Both",
            &format!("see the same {} messages in the same order", hers.len()),
        );
        cast.alice.go_offline()?;
        cast.bob.go_offline()?;
        last.stop()?;
        Ok(Who::BOTH.map(|who| {
            let name = cast.person(who).name();
            cast.written.iter().filter(|l| l.writer == name).count()
        }))
    }

    /// Bob is away and both relays work.
    fn require_at_both(&self, texts: &[String]) -> Result<()> {
        let both = [&*self.first_address, &*self.second_address];
        for text in [texts.first(), texts.last()].into_iter().flatten() {
            let ledger = self
                .cast
                .alice
                .wait_for_ledger(text, "at 2 of 2 relays", |ledger| {
                    ledger.state() == "at_relay" && ledger.kept_at() == Some((2, 2))
                })?;
            require_kept_by(&ledger, &both)?;
        }
        self.cast.narrator.says(
            "Alice",
            "writes 40 to Bob, who is away: they are at 2 of 2 relays",
        );
        Ok(())
    }

    /// The recipient is away and the second relay is dead.
    fn require_at_the_first_alone(&self, writer: Who, texts: &[String]) -> Result<()> {
        let cast = &self.cast;
        let person = cast.person(writer);
        person.wait_for_state(texts, "at_relay")?;
        let last = texts.last().context("somebody wrote")?;
        let ledger = person.wait_for_ledger(last, "at 1 of 2, with why and when", |ledger| {
            matches!(ledger.at(&self.second_address), AtRelay::Waiting { reason, next_try_ms }
                if blames_the_relay(&reason) && next_try_ms > 0)
        })?;
        ensure!(
            ledger.state() == "at_relay"
                && ledger.kept_at() == Some((1, 2))
                && ledger.at(&self.first_address) == AtRelay::Kept
                && ledger.keepers() == [&*self.first_address],
            "one of two relays is dead, and the ledger says {ledger:?}"
        );
        // Whoever programs against the API is told the same.
        let by_api = person.ledger_by_api(last)?;
        ensure!(
            by_api.kept_at() == ledger.kept_at() && by_api.steps() == ledger.steps(),
            "the API says {by_api:?}, the command {ledger:?}"
        );
        let AtRelay::Waiting { reason, .. } = ledger.at(&self.second_address) else {
            unreachable!("it was waited for");
        };
        let line = format!("is told: at 1 of 2 relays; of the other: {reason}");
        cast.narrator.says(person.name(), &line);
        require_named_dead(cast, writer, &self.second_address)
    }

    /// `texts`, which a relay kept, are on the other's device. A push to the
    /// device that was under way since before may have been faster for one.
    fn require_came_by_relay(&self, writer: Who, texts: &[String]) -> Result<()> {
        let person = self.cast.person(writer);
        person.wait_for_state(texts, "delivered")?;
        let mut by_receipt = 0;
        for text in [texts.first(), texts.get(texts.len() / 2), texts.last()] {
            let ledger = person.ledger(text.context("somebody wrote")?)?;
            ensure!(
                ledger.delivered_by().is_some() && !ledger.keepers().is_empty(),
                "it came by relay, and the ledger says {ledger:?}"
            );
            by_receipt += usize::from(ledger.delivered_by() == Some("receipt"));
        }
        ensure!(by_receipt > 0, "who collects at relays answers by receipts");
        let line = format!("is told that all {} are on the other's device", texts.len());
        self.cast.narrator.says(person.name(), &line);
        Ok(())
    }
}

/// Each writes `count`, in turns, without waiting for the other.
fn write_together(cast: &mut Cast, kind: &str, count: usize) -> Result<[Vec<String>; 2]> {
    let written = Who::BOTH.map(|who| texts(kind, who, count));
    for number in 0..count {
        for (who, texts) in Who::BOTH.into_iter().zip(&written) {
            cast.write(who, &texts[number])?;
        }
    }
    Ok(written)
}

fn write_all(cast: &mut Cast, who: Who, kind: &str, count: usize) -> Result<Vec<String>> {
    let written = texts(kind, who, count);
    for text in &written {
        cast.write(who, text)?;
    }
    Ok(written)
}

/// What `doctor` advises when a relay is gone for good.
fn move_to(cast: &Cast, who: Who, new: &str, dead: &[String]) -> Result<()> {
    cast.person(who).add_relay(new)?;
    for relay in dead {
        cast.person(who).remove_relay(relay)?;
    }
    Ok(())
}

/// The ledger of a message that a relay keeps, and has not arrived yet.
fn require_kept_by(ledger: &Ledger, relays: &[&str]) -> Result<()> {
    let count = u64::try_from(relays.len())?;
    let mut keepers = ledger.keepers();
    keepers.sort_unstable();
    let mut wanted = relays.to_vec();
    wanted.sort_unstable();
    ensure!(
        ledger.state() == "at_relay"
            && ledger.kept_at() == Some((count, count))
            && keepers == wanted
            && relays.iter().all(|relay| ledger.at(relay) == AtRelay::Kept)
            && ledger.steps().starts_with(&["written", "sealed"]),
        "it is at {count} relays, and the ledger says {ledger:?}"
    );
    Ok(())
}

/// `doctor` names the relay that is dead, and says why and what to do.
fn require_named_dead(cast: &Cast, who: Who, relay: &str) -> Result<()> {
    let finding = cast
        .person(who)
        .wait_for_finding("the dead relay", |finding| {
            finding.kind == "own_relay" && finding.about.as_deref() == Some(relay)
        })?;
    ensure!(
        finding.what.len() > "A relay of yours does not answer: ".len()
            && finding.advice.contains("add another"),
        "no reason or no advice: {finding:?}"
    );
    Ok(())
}

fn says_why_and_when(ledger: &Ledger) -> bool {
    ledger.state() == "waiting_for_relay"
        && ledger
            .reason()
            .is_some_and(|reason| !reason.is_empty() && !is_no_reason(reason))
        && ledger.next_try_ms().is_some_and(|at| at > 0)
}

/// What is said of a relay before it was tried, and what is said of the other
/// person's device, are no reasons why a relay does not have a message.
fn blames_the_relay(reason: &str) -> bool {
    !reason.is_empty() && !is_no_reason(reason) && !reason.starts_with("They ")
}

fn is_no_reason(reason: &str) -> bool {
    reason.contains("about to be tried")
}
