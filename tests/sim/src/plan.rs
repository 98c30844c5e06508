//! What a seed draws before anything happens: who there is, what they do and
//! when, and which faults strike.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use crate::fault::Fault;

/// Virtual milliseconds.
pub(crate) const SECOND_MS: u64 = 1_000;
/// Virtual milliseconds.
pub(crate) const MINUTE_MS: u64 = 60 * SECOND_MS;
/// Virtual milliseconds.
pub(crate) const HOUR_MS: u64 = 60 * MINUTE_MS;
/// Virtual milliseconds.
pub(crate) const DAY_MS: u64 = 24 * HOUR_MS;

/// A person's number.
pub(crate) type Who = usize;

/// One thing that happens at a time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Act {
    /// Somebody makes an invite for somebody else.
    Invite {
        /// Who invites.
        inviter: Who,
        /// Who will get the link.
        redeemer: Who,
    },
    /// The other one uses the link, if it is there.
    Redeem {
        /// Who made the link.
        inviter: Who,
        /// Who uses it.
        redeemer: Who,
    },
    /// Somebody writes a text.
    Send {
        /// Who writes.
        from: Who,
        /// To whom.
        to: Who,
    },
    /// Somebody gives up the newest text that has not left.
    GiveUp(Who),
    /// Somebody takes another identity for somebody else.
    NewIdentity {
        /// Who.
        who: Who,
        /// For whom.
        peer: Who,
    },
    /// "Retry now".
    RetryNow(Who),
    /// "What is stuck, and why?"
    AskDoctor(Who),
    /// Somebody looks at every message's ledger.
    ReadLedger(Who),
    /// Changes the delivery policy: 0 automatic, 1 relays, 2 direct.
    Policy(Who, u8),
    /// Uses one more relay.
    RelayAdd(Who, usize),
    /// Uses a relay no more.
    RelayRemove(Who, usize),
    /// Closes the program for a while.
    Close(Who, u64),
    /// The machine sleeps for a while.
    Suspend(Who, u64),
    /// The clock jumps to this many milliseconds beside the true time.
    SetClock(Who, i64),
    /// Tor is away for a while.
    NoTor(Who, u64),
    /// Makes a backup.
    Backup(Who),
    /// Restores the last backup; with `true` the program knows it.
    Restore(Who, bool),
    /// A person and a relay do not reach each other for a while.
    CutRelay(Who, usize, u64),
    /// Two people do not reach each other's nodes for a while.
    CutPeople(Who, Who, u64),
    /// A relay is down for a while.
    RelayCrash(usize, u64),
    /// A relay loses everything.
    RelayForgets(usize),
    /// A relay is full for a while.
    RelayFull(usize, u64),
    /// A relay lies for a while.
    RelayLies(usize, Fault, u64),
    /// A relay is gone for good.
    RelayGone(usize),
    /// From now on nobody reaches anybody's node, or (true) they do.
    Direct(bool),
}

/// An [`Act`] and its time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timed {
    /// Milliseconds after the beginning.
    pub at_ms: u64,
    /// What.
    pub act: Act,
}

/// Everything that a seed decides beforehand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// How many people.
    pub people: usize,
    /// How many relays.
    pub relays: usize,
    /// Which relays each person uses in the beginning.
    pub uses: Vec<Vec<usize>>,
    /// Chances of the faults that strike single requests and steps, in 1000.
    pub chances: BTreeMap<Fault, u32>,
    /// All kinds of faults that were drawn.
    pub faults: BTreeSet<Fault>,
    /// What happens, in order of time.
    pub acts: Vec<Timed>,
    /// When the faults stop.
    pub active_ms: u64,
    /// Whether people reach each other's nodes after that.
    pub direct_at_the_end: bool,
}

/// A part of a plan, for replaying what is left of a failing seed.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Part {
    /// Only these faults.
    pub faults: Option<BTreeSet<Fault>>,
    /// Only these acts, by their place in the whole plan.
    pub acts: Option<BTreeSet<usize>>,
}

impl Plan {
    /// What `seed` draws.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        Self::draw_always(seed, None)
    }

    /// What `seed` draws, and `always` in any case; all else is as it would be without.
    #[must_use]
    pub fn draw_always(seed: u64, always: Option<Always>) -> Self {
        let mut drawing = Drawing::new(seed);
        drawing.always = always;
        drawing.plan()
    }

    /// The plan with only what `part` names.
    #[must_use]
    pub fn only(mut self, part: &Part) -> Self {
        if let Some(faults) = &part.faults {
            self.faults.retain(|fault| faults.contains(fault));
            self.chances.retain(|fault, _| faults.contains(fault));
        }
        let mut index = 0;
        let kept = self.faults.clone();
        self.acts.retain(|timed| {
            let named = part.acts.as_ref().is_none_or(|acts| acts.contains(&index));
            index += 1;
            named && fault_of(&timed.act).is_none_or(|fault| kept.contains(&fault))
        });
        self
    }
}

/// The kind of fault that an act is, if it is one.
#[must_use]
pub(crate) fn fault_of(act: &Act) -> Option<Fault> {
    match act {
        Act::Close(..) => Some(Fault::Offline),
        Act::Suspend(..) => Some(Fault::Suspend),
        Act::SetClock(..) => Some(Fault::ClockSkew),
        Act::NoTor(..) => Some(Fault::NoTor),
        Act::Restore(_, true) => Some(Fault::Restore),
        Act::Restore(_, false) => Some(Fault::RollBack),
        Act::CutRelay(..) | Act::CutPeople(..) => Some(Fault::Partition),
        Act::RelayCrash(..) => Some(Fault::RelayCrash),
        Act::RelayForgets(_) => Some(Fault::RelayForgets),
        Act::RelayFull(..) => Some(Fault::RelayFull),
        Act::RelayLies(_, fault, _) => Some(*fault),
        Act::RelayGone(_) => Some(Fault::RelayGone),
        Act::Direct(_) => Some(Fault::DirectFlaps),
        _ => None,
    }
}

/// One seed's draws in progress.
struct Drawing {
    seed: u64,
    rng: ChaCha20Rng,
    people: usize,
    relays: usize,
    active_ms: u64,
    /// Calm, or with nothing worse than a bad line.
    gentle: bool,
    faults: BTreeSet<Fault>,
    acts: Vec<Timed>,
    always: Option<Always>,
}

/// What only some seeds draw, and all shall.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Always {
    /// Somebody takes another identity for a contact, once or twice.
    Succession,
}

impl FromStr for Always {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "succession" => Ok(Self::Succession),
            _ => Err(format!("{name} is nothing that only some seeds draw")),
        }
    }
}

impl fmt::Display for Always {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Succession => f.pad("succession"),
        }
    }
}

/// One seed in so many spoils boxes.
const POISON_ONE_IN: u32 = 5;

/// Of a thousand boxes of such a seed so many are spoiled.
const POISON: std::ops::RangeInclusive<u32> = 20..=150;

/// The streams of a seed's randomness from which that is drawn, and what is lost while
/// somebody is away; apart, so that all else which a seed draws is as it would be without.
const POISON_STREAM: u64 = 1;
const AWAY_STREAM: u64 = 2;
const IDENTITY_STREAM: u64 = 3;

/// In one seed in so many somebody takes another identity.
const NEW_IDENTITY_ONE_IN: u32 = 6;

/// How long people meet before they begin to lose relays and vaults: who is
/// restored to before a meeting has to meet again.
const MEETING_MS: u64 = 2 * HOUR_MS;

impl Drawing {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let people = [2, 2, 2, 2, 3, 3, 4][rng.random_range(0..7)];
        let relays = rng.random_range(1..=3);
        let active_ms = match rng.random_range(0..8) {
            0..=2 => rng.random_range(3 * HOUR_MS..12 * HOUR_MS),
            3..=6 => rng.random_range(DAY_MS..4 * DAY_MS),
            _ => rng.random_range(4 * DAY_MS..30 * DAY_MS),
        };
        // One seed in sixteen is calm: what fails there is no fault's fault.
        let calm = rng.random_range(0..16) == 0;
        // And one in eight has nothing worse than a bad line: more is demanded there.
        let bad_line = rng.random_range(0..8) == 0;
        let share = if bad_line { 7 } else { rng.random_range(1..=5) };
        let faults = Fault::ALL
            .into_iter()
            .filter(|fault| *fault != Fault::Poison)
            .filter(|_| rng.random_range(0..10) < share)
            .filter(|fault| !calm && (!bad_line || fault.is_bad_line()))
            .collect();
        Self {
            seed,
            rng,
            people,
            relays,
            active_ms,
            gentle: calm || bad_line,
            faults,
            acts: Vec::new(),
            always: None,
        }
    }

    fn plan(mut self) -> Plan {
        let mut uses = Vec::new();
        for _ in 0..self.people {
            let mut mine: Vec<usize> = (0..self.relays).collect();
            let keep = self.rng.random_range(1..=self.relays);
            while mine.len() > keep {
                let gone = self.rng.random_range(0..mine.len());
                mine.remove(gone);
            }
            uses.push(mine);
        }
        self.meetings();
        self.texts();
        self.habits();
        for fault in self.faults.clone() {
            self.strikes(fault);
        }
        self.forgotten_while_away();
        self.new_identities();
        let mut chances = self.chances();
        if let Some(chance) = self.poison() {
            self.faults.insert(Fault::Poison);
            chances.insert(Fault::Poison, chance);
        }
        self.acts.sort_by_key(|timed| timed.at_ms);
        Plan {
            seed: self.seed,
            people: self.people,
            relays: self.relays,
            uses,
            chances,
            direct_at_the_end: self.rng.random_range(0..2) == 0,
            faults: self.faults,
            acts: self.acts,
            active_ms: self.active_ms,
        }
    }

    /// A randomness of its own for something that not every seed has.
    fn apart(&self, stream: u64) -> ChaCha20Rng {
        let mut rng = ChaCha20Rng::seed_from_u64(self.seed);
        rng.set_stream(stream);
        rng
    }

    /// All relays forget what they have kept for hours for somebody who is away until the
    /// faults stop. By chance alone these two seldom meet.
    fn forgotten_while_away(&mut self) {
        let mut rng = self.apart(AWAY_STREAM);
        let both = [Fault::Offline, Fault::RelayForgets];
        if !both.iter().all(|fault| self.faults.contains(fault)) {
            return;
        }
        let to = rng.random_range(0..self.people);
        let from = (to + rng.random_range(1..self.people)) % self.people;
        let away = rng.random_range(self.active_ms / 4..self.active_ms / 2);
        let gone = self.active_ms - away;
        self.act(gone, Act::Close(to, away));
        for _ in 0..3 {
            let written = gone + rng.random_range(0..away / 2);
            self.act(written, Act::Send { from, to });
        }
        for relay in 0..self.relays {
            let forgets = self.active_ms - rng.random_range(0..away / 16);
            self.act(forgets, Act::RelayForgets(relay));
        }
    }

    /// Once or twice somebody takes another identity for a contact.
    fn new_identities(&mut self) {
        let mut rng = self.apart(IDENTITY_STREAM);
        let draws = rng.random_range(0..NEW_IDENTITY_ONE_IN) == 0;
        if !draws && self.always != Some(Always::Succession) {
            return;
        }
        for _ in 0..rng.random_range(1..=2) {
            let who = rng.random_range(0..self.people);
            let peer = (who + rng.random_range(1..self.people)) % self.people;
            let at = rng.random_range(MEETING_MS..self.active_ms);
            self.act(at, Act::NewIdentity { who, peer });
        }
    }

    fn poison(&self) -> Option<u32> {
        let mut rng = self.apart(POISON_STREAM);
        let strikes = !self.gentle && rng.random_range(0..POISON_ONE_IN) == 0;
        strikes.then(|| rng.random_range(POISON))
    }

    fn act(&mut self, at_ms: u64, act: Act) {
        self.acts.push(Timed { at_ms, act });
    }

    fn moment(&mut self) -> u64 {
        self.rng.random_range(0..self.active_ms)
    }

    /// A moment after the meetings.
    fn late_moment(&mut self) -> u64 {
        self.rng.random_range(MEETING_MS..self.active_ms)
    }

    fn person(&mut self) -> Who {
        self.rng.random_range(0..self.people)
    }

    fn relay(&mut self) -> usize {
        self.rng.random_range(0..self.relays)
    }

    fn meetings(&mut self) {
        for a in 0..self.people {
            for b in a + 1..self.people {
                // The first two always meet.
                if b > 1 && self.rng.random_range(0..3) == 0 {
                    continue;
                }
                let (inviter, redeemer) = if self.rng.random_range(0..2) == 0 {
                    (a, b)
                } else {
                    (b, a)
                };
                let at = self.rng.random_range(0..MEETING_MS / 4);
                let then = self.rng.random_range(MINUTE_MS..MEETING_MS / 4);
                self.act(at, Act::Invite { inviter, redeemer });
                self.act(at + then, Act::Redeem { inviter, redeemer });
            }
        }
    }

    fn texts(&mut self) {
        let bursts = self.rng.random_range(4..=14);
        for _ in 0..bursts {
            let at = self.moment();
            let from = self.person();
            let to = (from + self.rng.random_range(1..self.people)) % self.people;
            let both = self.rng.random_range(0..2) == 0;
            let texts = self.rng.random_range(1..=5);
            let pace = self.rng.random_range(1..60) * SECOND_MS;
            for number in 0..texts {
                let at = at + number * self.rng.random_range(1..=pace);
                self.act(at, Act::Send { from, to });
                if both {
                    let answer = at + self.rng.random_range(1..=pace);
                    self.act(answer, Act::Send { from: to, to: from });
                }
            }
        }
    }

    /// What people do beside writing.
    fn habits(&mut self) {
        for _ in 0..self.rng.random_range(0..6) {
            let (at, who) = (self.moment(), self.person());
            let act = match self.rng.random_range(0..8) {
                0 => Act::GiveUp(who),
                1 => Act::RetryNow(who),
                2 | 3 => Act::AskDoctor(who),
                4 | 5 => Act::ReadLedger(who),
                6 => Act::RelayAdd(who, self.relay()),
                _ => Act::RelayRemove(who, self.relay()),
            };
            self.act(at, act);
        }
        if self.rng.random_range(0..8) == 0 {
            let (at, who) = (self.moment(), self.person());
            let policy = self.rng.random_range(1..=2);
            let then = self.rng.random_range(at..=self.active_ms);
            self.act(at, Act::Policy(who, policy));
            self.act(then, Act::Policy(who, 0));
        }
    }

    /// Acts of one kind of fault.
    fn strikes(&mut self, fault: Fault) {
        let times = self.rng.random_range(1..=4);
        for _ in 0..times {
            self.strike(fault);
        }
    }

    fn strike(&mut self, fault: Fault) {
        let (at, who, relay) = (self.moment(), self.person(), self.relay());
        let minutes = self.rng.random_range(MINUTE_MS..2 * HOUR_MS);
        let hours = self
            .rng
            .random_range(5 * MINUTE_MS..(self.active_ms / 3).max(HOUR_MS));
        let act = match fault {
            Fault::Partition if self.rng.random_range(0..2) == 0 => {
                let other = (who + self.rng.random_range(1..self.people)) % self.people;
                Act::CutPeople(who, other, hours)
            }
            Fault::Partition => Act::CutRelay(who, relay, hours),
            Fault::RelayCrash => Act::RelayCrash(relay, minutes),
            Fault::RelaySwallows
            | Fault::RelayReplays
            | Fault::RelayEquivocates
            | Fault::RelayForges
            | Fault::RelayLate => Act::RelayLies(relay, fault, hours),
            Fault::RelayForgets => Act::RelayForgets(relay),
            Fault::RelayFull => Act::RelayFull(relay, hours),
            Fault::RelayGone => {
                let at = self.late_moment();
                return self.act(at, Act::RelayGone(relay));
            }
            Fault::ClockSkew => {
                let days = self
                    .rng
                    .random_range(-5 * DAY_MS.cast_signed()..5 * DAY_MS.cast_signed());
                Act::SetClock(who, days)
            }
            Fault::Suspend => Act::Suspend(who, hours),
            Fault::Offline => Act::Close(who, hours),
            Fault::NoTor => Act::NoTor(who, hours),
            Fault::Restore | Fault::RollBack => {
                let made = self.late_moment();
                let used = self.rng.random_range(made..self.active_ms);
                self.act(made, Act::Backup(who));
                return self.act(used, Act::Restore(who, fault == Fault::Restore));
            }
            Fault::DirectFlaps => {
                self.act(at + minutes, Act::Direct(true));
                Act::Direct(false)
            }
            Fault::Loss
            | Fault::AnswerLost
            | Fault::Delay
            | Fault::Reorder
            | Fault::Duplicate
            | Fault::Crash
            | Fault::DiskError
            | Fault::Poison => return,
        };
        self.act(at, act);
    }

    fn chances(&mut self) -> BTreeMap<Fault, u32> {
        let mut chances = BTreeMap::new();
        for fault in self.faults.clone() {
            let most = match fault {
                Fault::Loss | Fault::AnswerLost | Fault::Duplicate => 250,
                Fault::Delay => 60,
                Fault::Reorder => 600,
                Fault::Crash => 30,
                Fault::DiskError => 40,
                Fault::RelaySwallows
                | Fault::RelayReplays
                | Fault::RelayEquivocates
                | Fault::RelayForges
                | Fault::RelayLate => 500,
                _ => continue,
            };
            chances.insert(fault, self.rng.random_range(most / 10..=most));
        }
        chances
    }
}
