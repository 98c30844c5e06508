//! What people do, and what befalls them.

use hushwing_engine::{
    Engine,
    view::{
        Command, ContactPhase, ContactView, DeliveryPolicy, ErrorCode, InvitePolicy, MessageState,
        MessageView, Reply, SecretText, Verification,
    },
};

use super::{Cut, Event, World, Written};
use crate::{
    fault::Fault,
    plan::{Act, HOUR_MS, MINUTE_MS, Who, fault_of},
};

/// How often somebody comes back to what could not be done yet.
const PATIENCE: u32 = 400;

/// Pause before the next attempt.
const LATER_MS: u64 = 5 * MINUTE_MS;

impl World {
    pub(crate) fn act(&mut self, index: usize) {
        let act = self.plan.acts[index].act.clone();
        let needs = person_of(&act);
        if let Some(who) = needs
            && !self.people[who].is_awake()
        {
            return self.later(index);
        }
        if let Some(fault) = fault_of(&act) {
            if !self.faults_on {
                return;
            }
            if !matches!(act, Act::Restore(..) | Act::RelayLies(..)) {
                self.faults.struck(fault);
            }
            self.line(&format!("{act:?}"));
            return self.befall(act);
        }
        if !self.does(&act) {
            self.later(index);
        }
    }

    fn later(&mut self, index: usize) {
        let times = self.postponed.entry(index).or_default();
        *times += 1;
        if *times < PATIENCE {
            self.after(LATER_MS, Event::Act(index));
        }
    }

    /// What somebody does; false: it cannot be done yet.
    fn does(&mut self, act: &Act) -> bool {
        match *act {
            Act::Invite { inviter, redeemer } => self.invites(inviter, redeemer),
            Act::Redeem { inviter, redeemer } => self.redeems(inviter, redeemer),
            Act::Send { from, to } => self.writes(from, to),
            Act::GiveUp(who) => self.gives_up(who),
            Act::NewIdentity { who, peer } => self.takes_another_identity(who, peer),
            Act::RetryNow(who) => {
                self.ask_in_danger(who, Command::RetryNow);
                true
            }
            Act::AskDoctor(who) => {
                self.must(who, Command::Doctor);
                true
            }
            Act::ReadLedger(who) => self.reads_ledgers(who),
            Act::Policy(who, number) => {
                let policy = Some(match number {
                    0 => DeliveryPolicy::Automatic,
                    1 => DeliveryPolicy::RelayOnly,
                    _ => DeliveryPolicy::DirectOnly,
                });
                self.ask_in_danger(who, Command::Delivery { policy });
                true
            }
            Act::RelayAdd(who, relay) => {
                let address = self.servers[relay].address.to_string();
                self.ask_in_danger(who, Command::RelayAdd { address });
                true
            }
            Act::RelayRemove(who, relay) => {
                let only = self.relays_of(who).len() <= 1;
                if !only {
                    let address = self.servers[relay].address.to_string();
                    self.ask_in_danger(who, Command::RelayRemove { address });
                }
                true
            }
            Act::Backup(who) => {
                self.backs_up(who);
                true
            }
            _ => true,
        }
    }

    fn invites(&mut self, inviter: Who, redeemer: Who) -> bool {
        let command = Command::InviteCreate {
            name: self.name_of(inviter),
            expires_hours: 24 * 60,
            policy: InvitePolicy::default(),
        };
        match self.ask_in_danger(inviter, command) {
            Some(Ok(Reply::InviteCreated(invite))) => {
                self.line(&format!("{inviter} invites {redeemer}"));
                self.secrets.push(invite.link.clone());
                self.links.insert((inviter, redeemer), invite.link);
                true
            }
            Some(Ok(other)) => {
                self.defect(format!("an invite was asked for: {other:?}"));
                true
            }
            Some(Err(error)) => {
                self.defect(format!("no invite: {error}"));
                true
            }
            None => false,
        }
    }

    fn redeems(&mut self, inviter: Who, redeemer: Who) -> bool {
        let Some(link) = self.links.get(&(inviter, redeemer)).cloned() else {
            return false;
        };
        // Whether the power went off after the link had been taken in shows in
        // the list of contacts.
        if self.contact(redeemer, inviter).is_some() {
            self.met.insert((inviter, redeemer));
            return true;
        }
        let command = Command::InviteRedeem {
            link: SecretText::new(link),
            name: self.name_of(redeemer),
        };
        match self.ask_in_danger(redeemer, command) {
            Some(Ok(Reply::Contact(contact))) => {
                self.line(&format!("{redeemer} redeems {inviter}'s link"));
                self.contact_ids.insert((redeemer, inviter), contact.id);
                self.met.insert((inviter, redeemer));
                true
            }
            Some(Ok(other)) => {
                self.defect(format!("a contact was asked for: {other:?}"));
                true
            }
            // A clock that is days ahead sees an expired link.
            Some(Err(error)) if error.code == ErrorCode::BadInput => false,
            Some(Err(error)) => {
                self.defect(format!("a link was not redeemed: {error}"));
                true
            }
            None => false,
        }
    }

    pub(crate) fn writes(&mut self, from: Who, to: Who) -> bool {
        let Some(contact) = self.contact(from, to) else {
            return false;
        };
        if matches!(contact.phase, ContactPhase::Failed { .. }) {
            return true;
        }
        self.decides(from, to);
        let number = self.written.len();
        let text = format!("{} number {number} from {from} to {to}", self.token);
        let command = Command::Send {
            contact: contact.id,
            text: text.clone(),
        };
        let id = match self.ask_in_danger(from, command) {
            Some(Ok(Reply::Sent(message))) => Some(message.id),
            Some(Ok(other)) => {
                self.defect(format!("a text was sent: {other:?}"));
                return true;
            }
            Some(Err(error)) if error.code == ErrorCode::Limit => return true,
            Some(Err(error)) => {
                self.defect(format!("a text was refused: {error}"));
                return true;
            }
            None => None,
        };
        self.line(&format!(
            "{from} writes {number} to {to}{}",
            if id.is_some() { "" } else { ", perhaps" }
        ));
        self.written.push(Written {
            from,
            to,
            text,
            id,
            at_ms: self.now_ms,
            lost_with_account: false,
            given_up: false,
        });
        if self.has_only_a_bad_line() && contact.phase == ContactPhase::Established {
            self.after(super::BAD_LINE_MS, Event::LooksFor(number));
        }
        true
    }

    /// Takes another identity for somebody, one at a time between two people. A backup of
    /// before cannot go on then, and one of before the last but one finds nobody.
    fn takes_another_identity(&mut self, who: Who, peer: Who) -> bool {
        let (Some(mine), Some(theirs)) = (self.contact(who, peer), self.contact(peer, who)) else {
            return false;
        };
        let both = [&mine, &theirs];
        if both.iter().any(|it| it.phase != ContactPhase::Established) {
            return false;
        }
        let pair = (who.min(peer), who.max(peer));
        if self.identities.contains_key(&pair) && both.iter().any(|it| it.succeeding) {
            return false;
        }
        let command = Command::ChangeIdentity { contact: mine.id };
        match self.ask_in_danger(who, command) {
            Some(Ok(Reply::Contacts { contacts })) if contacts.iter().all(|it| it.succeeding) => {}
            Some(Ok(other)) => self.defect(format!("another identity was taken: {other:?}")),
            Some(Err(error)) => self.defect(format!("no other identity: {error}")),
            // Whether it was done before the power went off shows at the next try.
            None => {
                self.people[who].backup = None;
                self.people[peer].backup = None;
                return false;
            }
        }
        self.line(&format!("{who} takes another identity for {peer}"));
        let before = self.identities.entry(pair).or_default();
        *before += 1;
        self.people[who].backup = None;
        if *before > 1 {
            self.people[peer].backup = None;
        }
        self.after(LATER_MS, Event::Decides(who, peer));
        self.after(LATER_MS, Event::Decides(peer, who));
        true
    }

    /// Between two people of whom one came back from a copy, keys may have been made by the
    /// places of before; a copy from ahead of that knows neither those in use after the next
    /// change that is taken, nor those of before it (docs/known-issues.md).
    fn drop_copies_that_find_nobody(&mut self, who: Who, peer: Who) {
        let changes = self.identities.get(&(who.min(peer), who.max(peer)));
        let came_back = [who, peer].iter().any(|one| self.restored.contains(one));
        if came_back && changes.is_some_and(|changes| *changes > 1) {
            self.people[who].backup = None;
            self.people[peer].backup = None;
        }
    }

    /// Somebody goes on with a contact that took another identity, as soon as it shows.
    pub(crate) fn decides(&mut self, who: Who, peer: Who) {
        let contact = self.contact(who, peer);
        let undecided = contact
            .filter(|contact| matches!(contact.verification, Verification::Succeeded { .. }));
        if let Some(contact) = undecided {
            self.line(&format!("{who} goes on with {peer}"));
            self.drop_copies_that_find_nobody(who, peer);
            let contact = contact.id;
            self.must(who, Command::Unverify { contact });
        }
    }

    pub(crate) fn decides_and_looks_again(&mut self, who: Who, peer: Who) {
        if self.people[who].is_awake() {
            self.decides(who, peer);
        }
        if self.elapsed_ms() < self.plan.active_ms + 2 * super::QUIESCENCE_MS {
            self.after(LATER_MS, Event::Decides(who, peer));
        }
    }

    /// Whether this seed drew nothing worse than lost, late, repeated and reordered
    /// requests and answers.
    fn has_only_a_bad_line(&self) -> bool {
        self.plan.faults.iter().all(|fault| fault.is_bad_line())
    }

    /// With a bad line alone a text arrives soon, and whoever is told that it waits
    /// at a relay is told the truth.
    pub(crate) fn looks_for(&mut self, index: usize) {
        let (from, to) = (self.written[index].from, self.written[index].to);
        let text = self.written[index].text.clone();
        let is_there = self
            .transcript(to, from)
            .iter()
            .any(|message| message.text == text);
        let gone = self.written[index].id.is_none() || self.written[index].given_up;
        if !is_there && !gone {
            let state = self.state_of(index);
            self.defect(format!(
                "text {index} of {from} is not there {} min after it was written: {state:?}",
                super::BAD_LINE_MS / MINUTE_MS
            ));
        }
    }

    fn gives_up(&mut self, who: Who) -> bool {
        let newest = (0..self.written.len()).rev().find(|index| {
            let one = &self.written[*index];
            one.from == who && !one.lost_with_account && !one.given_up
        });
        let Some(index) = newest else {
            return true;
        };
        let waits = matches!(
            self.state_of(index),
            Some(MessageState::WaitingForContact | MessageState::Held { .. })
        );
        let Some(id) = self.written[index].id.clone().filter(|_| waits) else {
            return true;
        };
        if let Some(Ok(_)) = self.ask_in_danger(who, Command::GiveUp { id }) {
            self.line(&format!("{who} gives {index} up"));
            self.written[index].given_up = true;
        }
        true
    }

    /// Every ledger can be read, and tells what its message's state tells.
    fn reads_ledgers(&mut self, who: Who) -> bool {
        let ids: Vec<String> = self
            .written
            .iter()
            .filter(|one| one.from == who && !one.lost_with_account)
            .filter_map(|one| one.id.clone())
            .collect();
        for id in ids {
            let Some(Reply::Ledger(ledger)) = self.must(who, Command::Message { id }) else {
                continue;
            };
            let limit = hushwing_engine::limits::MAX_LEDGER;
            if ledger.history.is_empty() || ledger.history.len() > limit {
                self.defect("a message has no history, or too much of it".to_owned());
            }
            let delivered = ledger.message.state == MessageState::Delivered;
            if delivered && !ledger.ways.is_empty() {
                self.defect("a delivered message is still on its way".to_owned());
            }
        }
        true
    }

    /// Who was restored to before a meeting would have to meet again, so only
    /// people whose meetings are over make backups here.
    fn backs_up(&mut self, who: Who) {
        let contacts = self.contacts(who);
        let expected = self
            .plan
            .acts
            .iter()
            .filter(|timed| match timed.act {
                Act::Redeem { inviter, redeemer } => inviter == who || redeemer == who,
                _ => false,
            })
            .count();
        let all_met = contacts.len() == expected
            && contacts
                .iter()
                .all(|contact| contact.phase == ContactPhase::Established);
        if !all_met {
            return;
        }
        let now_ms = self.now_ms;
        match self.people[who].back_up(now_ms) {
            Ok(()) => self.line(&format!("{who} makes a backup")),
            Err(error) => self.defect(format!("person {who} could not make a backup: {error}")),
        }
    }

    // What befalls.

    fn befall(&mut self, act: Act) {
        match act {
            Act::Close(who, ms) => {
                self.people[who].cut_power();
                self.unpark_of(who, None);
                self.after(ms, Event::Starts(who));
            }
            Act::Suspend(who, ms) => {
                self.people[who].asleep_until_ms = Some(self.now_ms + ms);
                self.unpark_of(who, None);
                self.after(ms, Event::WakesUp(who));
            }
            Act::SetClock(who, skew_ms) => {
                self.people[who].set_clock(skew_ms);
                // The driver sleeps until the engine's next wish by its clock.
                self.calmly(who, Engine::tick);
            }
            Act::NoTor(who, ms) => {
                self.people[who].has_tor = false;
                self.unpark_of(who, None);
                let network = self.people[who].network();
                self.calmly(who, |engine, ctx| engine.network_changed(ctx, network));
                self.after(ms, Event::TorReturns(who));
            }
            Act::Restore(who, knowingly) => self.restores(who, knowingly),
            Act::CutRelay(who, relay, ms) => {
                self.cut(Cut::Relay(who, relay), ms);
                self.unpark_of(who, Some(relay));
            }
            Act::CutPeople(one, other, ms) => {
                self.cut(Cut::People(one.min(other), one.max(other)), ms);
            }
            Act::RelayCrash(relay, ms) if self.servers[relay].up => {
                self.servers[relay].up = false;
                self.unpark_all(relay);
                self.after(ms, Event::RelayReturns(relay));
            }
            Act::RelayGone(relay) => {
                self.servers[relay].up = false;
                self.servers[relay].gone = true;
                self.unpark_all(relay);
            }
            Act::RelayForgets(relay) => self.servers[relay].forget_everything(),
            Act::RelayFull(relay, ms) => {
                self.servers[relay].set_full(true);
                self.after(ms, Event::RelayHasRoom(relay));
            }
            Act::RelayLies(relay, lie, ms) => {
                self.servers[relay].lie = Some(lie);
                self.after(ms, Event::RelayIsHonest(relay, lie));
            }
            Act::Direct(works) => self.direct_works = works,
            _ => {}
        }
    }

    fn cut(&mut self, cut: Cut, ms: u64) {
        *self.cuts.entry(cut).or_default() += 1;
        self.after(ms, Event::CutEnds(cut));
    }

    pub(crate) fn cut_ends(&mut self, cut: Cut) {
        if let Some(times) = self.cuts.get_mut(&cut) {
            *times -= 1;
            if *times == 0 {
                self.cuts.remove(&cut);
            }
        }
    }

    fn restores(&mut self, who: Who, knowingly: bool) {
        let Some(made_at_ms) = self.people[who].backup.as_ref().map(|made| made.made_at_ms) else {
            return;
        };
        self.faults.struck(if knowingly {
            Fault::Restore
        } else {
            Fault::RollBack
        });
        self.restored.insert(who);
        if !knowingly {
            self.rolled_back.insert(who);
        }
        self.unpark_of(who, None);
        if let Err(error) = self.people[who].put_back() {
            return self.defect(format!(
                "person {who}'s backup could not be put back: {error}"
            ));
        }
        for one in &mut self.written {
            if one.from == who && one.at_ms > made_at_ms {
                one.lost_with_account = true;
            }
        }
        self.start(who);
        if knowingly {
            self.calmly(who, Engine::restored);
        }
    }

    pub(crate) fn wake_up(&mut self, who: Who) {
        let due = self.people[who]
            .asleep_until_ms
            .is_some_and(|until| until <= self.now_ms);
        if due {
            self.people[who].asleep_until_ms = None;
            self.line(&format!("{who} wakes up"));
        }
    }

    pub(crate) fn tor_returns(&mut self, who: Who) {
        if self.people[who].has_tor {
            return;
        }
        self.people[who].has_tor = true;
        self.line(&format!("{who} has Tor again"));
        if self.people[who].runs() {
            let network = self.people[who].network();
            self.calmly(who, |engine, ctx| engine.network_changed(ctx, network));
        }
    }

    pub(crate) fn relay_returns(&mut self, relay: usize) {
        if !self.servers[relay].gone {
            self.servers[relay].up = true;
            let now_ms = self.now_ms;
            self.servers[relay].sweep(now_ms);
        }
    }

    // Looking.

    pub(crate) fn contacts(&mut self, who: Who) -> Vec<ContactView> {
        if !self.people[who].runs() {
            return Vec::new();
        }
        match self.must(who, Command::Contacts) {
            Some(Reply::Contacts { contacts }) => contacts,
            _ => Vec::new(),
        }
    }

    /// Somebody as `who`'s contact.
    pub(crate) fn contact(&mut self, who: Who, other: Who) -> Option<ContactView> {
        let name = self.name_of(other);
        let known = self.contact_ids.get(&(who, other)).cloned();
        let found = self
            .contacts(who)
            .into_iter()
            .find(|contact| contact.name == name || Some(&contact.id) == known.as_ref())?;
        self.contact_ids.insert((who, other), found.id.clone());
        Some(found)
    }

    /// A whole conversation as `who` sees it.
    pub(crate) fn transcript(&mut self, who: Who, other: Who) -> Vec<MessageView> {
        let Some(contact) = self.contact(who, other) else {
            return Vec::new();
        };
        let command = Command::Read {
            contact: contact.id,
            limit: hushwing_engine::limits::MAX_READ,
            after: None,
            before: None,
        };
        match self.must(who, command) {
            Some(Reply::Messages { messages }) => messages,
            _ => Vec::new(),
        }
    }

    /// Where a text is, as its writer's program tells.
    pub(crate) fn state_of(&mut self, index: usize) -> Option<MessageState> {
        let one = &self.written[index];
        let (from, id) = (one.from, one.id.clone()?);
        if one.lost_with_account || !self.people[from].runs() {
            return None;
        }
        match self.must(from, Command::Message { id })? {
            Reply::Ledger(ledger) => Some(ledger.message.state),
            _ => None,
        }
    }

    pub(crate) fn relays_of(&mut self, who: Who) -> Vec<usize> {
        let Some(Reply::Relays { relays }) = self.must(who, Command::RelayList) else {
            return Vec::new();
        };
        relays
            .iter()
            .filter_map(|relay| {
                self.servers
                    .iter()
                    .position(|server| server.address.to_string() == relay.address)
            })
            .collect()
    }
}

/// Who has to be there for an act.
fn person_of(act: &Act) -> Option<Who> {
    match *act {
        Act::Invite { inviter: who, .. }
        | Act::Redeem { redeemer: who, .. }
        | Act::Send { from: who, .. }
        | Act::NewIdentity { who, .. }
        | Act::GiveUp(who)
        | Act::RetryNow(who)
        | Act::AskDoctor(who)
        | Act::ReadLedger(who)
        | Act::Policy(who, _)
        | Act::RelayAdd(who, _)
        | Act::RelayRemove(who, _)
        | Act::Close(who, _)
        | Act::Suspend(who, _)
        | Act::SetClock(who, _)
        | Act::NoTor(who, _)
        | Act::Backup(who)
        | Act::Restore(who, _) => Some(who),
        Act::CutRelay(..)
        | Act::CutPeople(..)
        | Act::RelayCrash(..)
        | Act::RelayForgets(_)
        | Act::RelayFull(..)
        | Act::RelayLies(..)
        | Act::RelayGone(_)
        | Act::Direct(_) => None,
    }
}

const _: () = assert!(LATER_MS * PATIENCE as u64 > 24 * HOUR_MS);
