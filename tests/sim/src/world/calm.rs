//! The end of a run: the faults stop, people put right what only they can, and
//! then everything has to come to rest within a stated time.

use std::collections::BTreeSet;

use hushwing_engine::view::{
    Command, ContactPhase, DeliveryPolicy, ErrorCode, MessageState, Reply,
};

use super::World;
use crate::{
    machine::Power,
    plan::{DAY_MS, HOUR_MS, MINUTE_MS, Who},
    server::Server,
};

/// Virtual time from the end of all faults within which everything is delivered
/// to people who are online: the longest pause between two repetitions of a box
/// (24 h), the longest walk of a request for new keys (24 h), and room.
pub const QUIESCENCE_MS: u64 = 50 * HOUR_MS;

/// Virtual time within which what is known to be missing is here, once its
/// writer is heard from.
pub const GAP_MS: u64 = 45 * MINUTE_MS;

/// Virtual time within which a text is on the reader's device, or at a relay that
/// really has it, when nothing worse than a bad line befalls: a few tries, each with
/// its time limit.
pub const BAD_LINE_MS: u64 = 20 * MINUTE_MS;

/// Virtual time within which a meeting that cannot come about any more fails
/// visibly: the life of the invite, 60 days here, and that of a box.
pub const MEETING_OVER_MS: u64 = 90 * DAY_MS;

/// How often the end is looked for.
const LOOK_MS: u64 = 10 * MINUTE_MS;

/// When people write once more after the faults.
const LAST_WORDS_MS: u64 = 30 * MINUTE_MS;

impl World {
    /// Runs the plan to its end.
    pub(crate) fn play(mut self) -> super::Report {
        let active_ms = self.plan.active_ms;
        self.run_until(active_ms);
        if self.defects.is_empty() {
            self.faults_stop();
        }
        if self.defects.is_empty() {
            self.run_until(active_ms + LAST_WORDS_MS);
            self.last_words();
            self.run_until(active_ms + LAST_WORDS_MS + GAP_MS);
            self.check_gaps();
        }
        let mut settled_at_ms = None;
        let until_ms = active_ms + LAST_WORDS_MS + QUIESCENCE_MS;
        while self.defects.is_empty() && settled_at_ms.is_none() {
            if self.unsettled().is_empty() {
                settled_at_ms = Some(self.elapsed_ms());
                break;
            }
            let next = self.elapsed_ms() + LOOK_MS;
            if next > until_ms {
                break;
            }
            self.run_until(next);
        }
        if self.defects.is_empty() && settled_at_ms.is_none() {
            for what in self.unsettled() {
                self.defect(format!("after {} h: {what}", QUIESCENCE_MS / HOUR_MS));
            }
        }
        if self.defects.is_empty() {
            self.await_failed_meetings();
            self.check_all();
        }
        let mut report = self.report(active_ms);
        report.settled_after_ms = settled_at_ms.map_or(0, |at| at.saturating_sub(active_ms));
        report
    }

    fn faults_stop(&mut self) {
        self.line("the faults stop");
        self.faults_on = false;
        hushwing_protocol::simulation::spoil_boxes(None);
        self.cuts.clear();
        self.direct_works = self.plan.direct_at_the_end;
        for relay in 0..self.servers.len() {
            self.servers[relay].lie = None;
            self.servers[relay].set_full(false);
            self.relay_returns(relay);
        }
        for who in 0..self.people.len() {
            if self.people[who].asleep_until_ms.is_some() {
                self.people[who].asleep_until_ms = Some(self.now_ms);
                self.wake_up(who);
            }
            self.start(who);
            self.tor_returns(who);
            let policy = Some(DeliveryPolicy::Automatic);
            self.must(who, Command::Delivery { policy });
        }
        self.replace_dead_relays();
    }

    /// People replace relays that are gone for good. Where two have lost every
    /// relay between them, one hands the other a route record.
    fn replace_dead_relays(&mut self) {
        let before: Vec<Vec<usize>> = (0..self.people.len())
            .map(|who| self.relays_of(who))
            .collect();
        let gone: BTreeSet<usize> = (0..self.servers.len())
            .filter(|relay| self.servers[*relay].gone)
            .collect();
        if gone.is_empty() {
            return;
        }
        if gone.len() == self.servers.len() {
            let number = u8::try_from(self.servers.len() + 1).expect("relays are few");
            self.servers.push(Server::new(number));
        }
        let alive = (0..self.servers.len())
            .find(|relay| !gone.contains(relay))
            .expect("a relay was added if none was left");
        for (who, mine) in before.iter().enumerate() {
            if mine.iter().all(|relay| gone.contains(relay)) {
                let address = self.servers[alive].address.to_string();
                self.replace_one(who, mine[0], &address);
            }
            for relay in mine.iter().filter(|relay| gone.contains(relay)) {
                let address = self.servers[*relay].address.to_string();
                if self.relays_of(who).contains(relay) {
                    self.must(who, Command::RelayRemove { address });
                }
            }
        }
        let lost = |who: Who| before[who].iter().all(|relay| gone.contains(relay));
        for (one, other) in self.met.clone() {
            if lost(one) && lost(other) {
                self.hand_over_routes(one, other);
            }
        }
    }

    /// Adds a relay, making room for it where three are in use already.
    fn replace_one(&mut self, who: Who, dead: usize, address: &str) {
        let address = address.to_owned();
        let full = self.relays_of(who).len() >= hushwing_engine::limits::MAX_OWN_RELAYS;
        if full {
            let dead = self.servers[dead].address.to_string();
            self.must(who, Command::RelayRemove { address: dead });
        }
        self.must(who, Command::RelayAdd { address });
    }

    fn hand_over_routes(&mut self, from: Who, to: Who) {
        let contact = self
            .contact(from, to)
            .filter(|contact| contact.phase == ContactPhase::Established);
        let Some(contact) = contact else {
            return;
        };
        let command = Command::RouteRecord {
            contact: contact.id,
        };
        let Some(Reply::RouteRecord { record }) = self.must(from, command) else {
            return;
        };
        self.line(&format!("{from} hands {to} a route record"));
        // Refused where the contact knows these routes already.
        let answer = self.ask(to, Power::Stays, Command::RouteApply { record });
        if let Some(Err(error)) = &answer {
            self.line(&format!("{to} does not need it: {error}"));
        }
        if let Some(Err(error)) = answer
            && error.code != ErrorCode::Refused
        {
            self.defect(format!("a route record was not taken: {error}"));
        }
    }

    /// Everybody writes once more, so that everybody sees what is missing.
    fn last_words(&mut self) {
        for (one, other) in self.met.clone() {
            for (from, to) in [(one, other), (other, one)] {
                let established = self
                    .contact(from, to)
                    .is_some_and(|contact| contact.phase == ContactPhase::Established);
                if established {
                    self.writes(from, to);
                }
            }
        }
    }

    fn check_gaps(&mut self) {
        for (one, other) in self.met.clone() {
            // Of a vault that is older than it knows, that must be found out first.
            if self.is_rolled_back(one, other) {
                continue;
            }
            for (who, peer) in [(one, other), (other, one)] {
                let Some(contact) = self.contact(who, peer) else {
                    continue;
                };
                if contact.missing > 0 && !contact.repairing {
                    self.defect(format!(
                        "{} boxes of {peer} are still missing at {who} {} min after the last words",
                        contact.missing,
                        GAP_MS / MINUTE_MS
                    ));
                }
            }
        }
    }

    /// What has not come to rest, in sentences.
    fn unsettled(&mut self) -> Vec<String> {
        let mut unsettled = Vec::new();
        for (one, other) in self.met.clone() {
            if !self.has_a_chance(one, other) || self.may_stay_apart(one, other) {
                continue;
            }
            let numbers = [(one, other), (other, one)]
                .map(|(who, peer)| self.contact(who, peer)?.safety_number);
            if numbers[0] != numbers[1] {
                unsettled.push(format!("{one} and {other} see two safety numbers"));
            }
            for (who, peer) in [(one, other), (other, one)] {
                match self.contact(who, peer) {
                    None => unsettled.push(format!("{who} has no contact {peer}")),
                    Some(contact) if contact.repairing => {
                        unsettled.push(format!("{who} still makes keys with {peer} anew"));
                    }
                    Some(contact) if contact.succeeding => {
                        unsettled.push(format!("{peer} has not taken {who}'s other identity"));
                    }
                    Some(contact) if contact.missing > 0 => {
                        unsettled.push(format!("{who} misses something of {peer}"));
                    }
                    Some(contact) if contact.phase != ContactPhase::Established => {
                        unsettled.push(format!(
                            "the meeting of {who} with {peer} is {:?}",
                            contact.phase
                        ));
                    }
                    Some(_) => {}
                }
            }
        }
        for index in 0..self.written.len() {
            let (from, to) = (self.written[index].from, self.written[index].to);
            if !self.has_a_chance(from, to) || self.may_stay_apart(from, to) {
                continue;
            }
            if let Some(state) = self.state_of(index)
                && !matches!(state, MessageState::Delivered | MessageState::Failed { .. })
            {
                unsettled.push(format!("text {index} from {from} to {to} is {state:?}"));
            }
        }
        unsettled
    }

    fn is_rolled_back(&self, one: Who, other: Who) -> bool {
        self.rolled_back.contains(&one) || self.rolled_back.contains(&other)
    }

    /// Whether two people may not find together within the time: a vault became an
    /// old one without its program's knowledge, and a relay, which would have told
    /// that places were used before, has lost that too. What is between them must
    /// then be shown as not delivered.
    pub(crate) fn may_stay_apart(&self, one: Who, other: Who) -> bool {
        use crate::fault::Fault;
        self.is_rolled_back(one, other)
            && [Fault::RelayGone, Fault::RelayForgets, Fault::RelaySwallows]
                .iter()
                .any(|fault| self.plan.faults.contains(fault))
    }

    /// Whether a meeting can still come about. Where the relay that kept the
    /// bundle or the request has lost it, a new invite is needed; the old
    /// one then fails by its time.
    fn has_a_chance(&mut self, one: Who, other: Who) -> bool {
        [(one, other), (other, one)].into_iter().all(|(who, peer)| {
            self.contact(who, peer)
                .is_some_and(|contact| contact.phase == ContactPhase::Established)
        }) || !self.relays_lost_something()
    }

    fn relays_lost_something(&self) -> bool {
        use crate::fault::Fault;
        [
            Fault::RelayGone,
            Fault::RelayForgets,
            Fault::RelaySwallows,
            Fault::RelayEquivocates,
            Fault::ClockSkew,
        ]
        .iter()
        .any(|fault| self.plan.faults.contains(fault))
    }

    /// Lets the time of meetings that came to nothing run out.
    fn await_failed_meetings(&mut self) {
        let waits = self.met.clone().into_iter().any(|(one, other)| {
            [(one, other), (other, one)].into_iter().any(|(who, peer)| {
                self.contact(who, peer).is_some_and(|contact| {
                    matches!(
                        contact.phase,
                        ContactPhase::Fetching | ContactPhase::Requested
                    )
                })
            })
        });
        if waits {
            let until = self.elapsed_ms() + MEETING_OVER_MS;
            self.run_until(until);
        }
    }
}
