//! The network of one seed: people, relays, what is on its way between them,
//! and the clock.

mod acts;
mod calm;
mod traffic;
mod waits;

pub use calm::{BAD_LINE_MS, GAP_MS, MEETING_OVER_MS, QUIESCENCE_MS};

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hushwing_engine::{
    Ctx, Engine,
    view::{Command, CommandError, MessageState, Reply},
};
use hushwing_protocol::store::StoreError;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use tempfile::TempDir;

use crate::{
    fault::{Fault, FaultTable},
    machine::{Broken, Machine, Power},
    plan::{MINUTE_MS, Part, Plan, SECOND_MS, Who},
    server::Server,
    trace::Trace,
};

use traffic::Call;
pub(crate) use traffic::Sent;

/// When the world begins, milliseconds since 1970.
const BEGINNING_MS: u64 = 1_800_000_000_000;

/// Events of one run before it counts as one that never comes to rest.
const MAX_EVENTS: u64 = 20_000_000;

/// Steps of one person at one moment before the engine counts as spinning.
const MAX_STEPS_AT_ONCE: u32 = 2_000;

/// How a run ended.
#[derive(Debug)]
pub struct Report {
    /// The plan.
    pub plan: Plan,
    /// What was wrong, in sentences; empty: nothing.
    pub defects: Vec<String>,
    /// The last lines of the trace, if something was wrong.
    pub tail: Vec<String>,
    /// The hash of the whole trace.
    pub hash: String,
    /// Which faults struck.
    pub faults: FaultTable,
    /// Virtual hours that the people of this run lived through, added up.
    pub user_hours: f64,
    /// Texts that the people wrote and the program accepted.
    pub texts: usize,
    /// Of these, given up or visibly failed.
    pub failed: usize,
    /// How long after the end of the faults everything was delivered, in
    /// virtual milliseconds.
    pub settled_after_ms: u64,
    /// Steps of engines.
    pub steps: u64,
}

/// How a plan is run.
#[derive(Clone, Default, Debug)]
pub struct Setting {
    /// Which part of it.
    pub part: Part,
    /// What is taken away.
    pub without: Option<crate::Without>,
    /// What its seed draws in any case.
    pub always: Option<crate::Always>,
    /// Prints the trace.
    pub print: bool,
}

/// A text that somebody wrote.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) from: Who,
    pub(crate) to: Who,
    pub(crate) text: String,
    /// Its id in the writer's account; none: the machine went off before the
    /// command was answered.
    pub(crate) id: Option<String>,
    pub(crate) at_ms: u64,
    /// The writer's account has become one from before it was written.
    pub(crate) lost_with_account: bool,
    /// The writer took it back before it left.
    pub(crate) given_up: bool,
}

pub(crate) enum Event {
    Act(usize),
    /// A request reaches its server.
    Arrives(u64, Sent),
    /// An answer reaches the client; none: the connection broke.
    Answers(u64, Option<Vec<u8>>),
    /// The client waits no longer.
    Deadline(u64),
    /// A wait is due to be asked (again).
    Poll(Who, crate::machine::WaitKey, u64),
    /// A text is looked for on its reader's device.
    LooksFor(usize),
    /// Somebody looks whether a contact is still who it was.
    Decides(Who, Who),
    /// A program starts again.
    Starts(Who),
    /// A machine wakes up.
    WakesUp(Who),
    TorReturns(Who),
    CutEnds(Cut),
    RelayReturns(usize),
    RelayHasRoom(usize),
    RelayIsHonest(usize, Fault),
}

/// Two ends that do not reach each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Cut {
    Relay(Who, usize),
    People(Who, Who),
}

pub(crate) struct World {
    pub(crate) plan: Plan,
    without: Option<crate::Without>,
    pub(crate) now_ms: u64,
    queue: BTreeMap<(u64, u64), Event>,
    next_event: u64,
    pub(crate) people: Vec<Machine>,
    pub(crate) servers: Vec<Server>,
    calls: BTreeMap<u64, Call>,
    next_call: u64,
    cuts: BTreeMap<Cut, u32>,
    direct_works: bool,
    faults_on: bool,
    rng: ChaCha20Rng,
    streams: BTreeMap<Fault, ChaCha20Rng>,
    pub(crate) trace: Trace,
    pub(crate) faults: FaultTable,
    pub(crate) defects: Vec<String>,
    pub(crate) written: Vec<Written>,
    /// Links that were made and not used yet, by inviter and redeemer.
    links: BTreeMap<(Who, Who), String>,
    /// Every link that was made, for the search for leaks.
    pub(crate) secrets: Vec<String>,
    pub(crate) met: BTreeSet<(Who, Who)>,
    contact_ids: BTreeMap<(Who, Who), String>,
    /// How often one of two people took another identity for the other.
    pub(crate) identities: BTreeMap<(Who, Who), u32>,
    /// Whose vault became an old one without the program's knowledge.
    pub(crate) rolled_back: BTreeSet<Who>,
    /// Whose vault became an old one, with or without its knowledge.
    pub(crate) restored: BTreeSet<Who>,
    /// Acts that somebody could not do yet.
    postponed: BTreeMap<usize, u32>,
    pub(crate) token: String,
    steps: u64,
    steps_at_once: VecDeque<(u64, u32)>,
    _dir: TempDir,
}

impl World {
    pub(crate) fn new(plan: Plan, setting: &Setting) -> anyhow::Result<Self> {
        hushwing_protocol::simulation::begin(setting.without.and_then(crate::Without::safeguard));
        let dir = scratch()?;
        let seed = plan.seed;
        let mut people = Vec::new();
        for who in 0..plan.people {
            let rng = stream(seed, 1_000 + who as u64);
            people.push(Machine::new(
                dir.path().join(who.to_string()),
                rng,
                BEGINNING_MS,
            )?);
        }
        let servers = (0..plan.relays)
            .map(|number| Server::new(u8::try_from(number + 1).expect("relays are few")))
            .collect();
        let mut world = Self {
            without: setting.without,
            now_ms: BEGINNING_MS,
            queue: BTreeMap::new(),
            next_event: 0,
            people,
            servers,
            calls: BTreeMap::new(),
            next_call: 0,
            cuts: BTreeMap::new(),
            direct_works: true,
            faults_on: true,
            rng: stream(seed, 1),
            streams: Fault::ALL
                .into_iter()
                .enumerate()
                .map(|(number, fault)| (fault, stream(seed, 2_000 + number as u64)))
                .collect(),
            trace: Trace::new(setting.print),
            faults: FaultTable::default(),
            defects: Vec::new(),
            written: Vec::new(),
            links: BTreeMap::new(),
            secrets: Vec::new(),
            met: BTreeSet::new(),
            contact_ids: BTreeMap::new(),
            identities: BTreeMap::new(),
            rolled_back: BTreeSet::new(),
            restored: BTreeSet::new(),
            postponed: BTreeMap::new(),
            token: format!("SIMULATED{seed:016X}"),
            steps: 0,
            steps_at_once: VecDeque::from(vec![(0, 0); plan.people]),
            plan,
            _dir: dir,
        };
        for fault in &world.plan.faults {
            world.faults.drew(*fault);
        }
        world.spoil_boxes();
        world.begin();
        Ok(world)
    }

    /// Lets poison strike in the boxes that are sealed from now on.
    fn spoil_boxes(&mut self) {
        let Some(chance) = self.plan.chances.get(&Fault::Poison).copied() else {
            return;
        };
        let mut rng = self.streams[&Fault::Poison].clone();
        hushwing_protocol::simulation::spoil_boxes(Some(Box::new(move |len| {
            let strikes = rng.random_range(0..1000) < chance;
            strikes.then(|| rng.random_range(0..len))
        })));
    }

    fn begin(&mut self) {
        for who in 0..self.people.len() {
            self.greet(who);
            for relay in self.plan.uses[who].clone() {
                let address = self.servers[relay].address.to_string();
                self.must(who, Command::RelayAdd { address });
            }
        }
        for index in 0..self.plan.acts.len() {
            self.at(
                self.plan.acts[index].at_ms + BEGINNING_MS,
                Event::Act(index),
            );
        }
    }

    /// Tells a new engine what it has to know.
    fn greet(&mut self, who: Who) {
        let network = self.people[who].network();
        self.calmly(who, |engine, ctx| {
            engine.tick(ctx)?;
            engine.network_changed(ctx, network)
        });
    }

    // Time.

    pub(crate) fn at(&mut self, at_ms: u64, event: Event) {
        self.queue.insert((at_ms, self.next_event), event);
        self.next_event += 1;
    }

    pub(crate) fn after(&mut self, ms: u64, event: Event) {
        self.at(self.now_ms + ms, event);
    }

    /// Milliseconds since the beginning.
    pub(crate) fn elapsed_ms(&self) -> u64 {
        self.now_ms - BEGINNING_MS
    }

    pub(crate) fn run_until(&mut self, until_ms: u64) {
        let until_ms = BEGINNING_MS + until_ms;
        while self.defects.is_empty() {
            let event = self.queue.first_key_value().map(|((at, _), _)| *at);
            let wake = (0..self.people.len())
                .filter(|who| self.people[*who].is_awake())
                .filter_map(|who| Some((self.people[who].wake_at_ms()?, who)))
                .min();
            let next = event.into_iter().chain(wake.map(|(at, _)| at)).min();
            let Some(next) = next.filter(|next| *next <= until_ms) else {
                break;
            };
            self.now_ms = self.now_ms.max(next);
            match wake {
                Some((at, who)) if event.is_none_or(|event| at < event) => {
                    self.step(who, Engine::tick);
                }
                _ => {
                    let (_, event) = self.queue.pop_first().expect("the next event is there");
                    self.happen(event);
                }
            }
            if self.next_event > MAX_EVENTS {
                self.defect("the network does not come to rest".to_owned());
            }
        }
        self.now_ms = self.now_ms.max(until_ms);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Act(index) => self.act(index),
            Event::Arrives(call, sent) => self.arrives(call, sent),
            Event::Answers(call, answer) => self.answers(call, answer),
            Event::Deadline(call) => self.answers(call, None),
            Event::Poll(who, key, version) => self.poll(who, &key, version),
            Event::LooksFor(index) => self.looks_for(index),
            Event::Decides(who, peer) => self.decides_and_looks_again(who, peer),
            Event::Starts(who) => self.start(who),
            Event::WakesUp(who) => self.wake_up(who),
            Event::TorReturns(who) => self.tor_returns(who),
            Event::CutEnds(cut) => self.cut_ends(cut),
            Event::RelayReturns(relay) => self.relay_returns(relay),
            Event::RelayHasRoom(relay) => self.servers[relay].set_full(false),
            Event::RelayIsHonest(relay, lie) => {
                let server = &mut self.servers[relay];
                if server.lie == Some(lie) {
                    server.lie = None;
                }
            }
        }
    }

    // Chance.

    /// Whether a fault strikes now.
    pub(crate) fn strikes(&mut self, fault: Fault) -> bool {
        let chance = self.plan.chances.get(&fault).copied().unwrap_or(0);
        if !self.faults_on || chance == 0 {
            return false;
        }
        let rng = self.streams.get_mut(&fault).expect("each has its stream");
        let strikes = rng.random_range(0..1000) < chance;
        if strikes {
            self.faults.struck(fault);
        }
        strikes
    }

    /// A number below `bound` for what belongs to a fault.
    pub(crate) fn draw(&mut self, fault: Fault, bound: u64) -> u64 {
        let rng = self.streams.get_mut(&fault).expect("each has its stream");
        rng.random_range(0..bound)
    }

    fn power(&mut self) -> Power {
        if self.strikes(Fault::Crash) {
            return if self.draw(Fault::Crash, 2) == 0 {
                let write = self.draw(Fault::Crash, 40);
                Power::LostAtWrite(u32::try_from(write).expect("it is small"))
            } else {
                let sent = self.draw(Fault::Crash, 4);
                Power::LostAfterSending(usize::try_from(sent).expect("it is small"))
            };
        }
        if self.strikes(Fault::DiskError) {
            let write = self.draw(Fault::DiskError, 40);
            return Power::DiskFailsAtWrite(u32::try_from(write).expect("it is small"));
        }
        Power::Stays
    }

    // Steps.

    /// One step of somebody's engine, with whatever may strike in it.
    pub(crate) fn step<T>(
        &mut self,
        who: Who,
        step: impl FnOnce(&mut Engine, &mut Ctx<'_>) -> Result<T, StoreError>,
    ) -> Option<T> {
        let power = self.power();
        self.step_with(who, power, step)
    }

    /// One step in which nothing strikes.
    pub(crate) fn calmly<T>(
        &mut self,
        who: Who,
        step: impl FnOnce(&mut Engine, &mut Ctx<'_>) -> Result<T, StoreError>,
    ) -> Option<T> {
        self.step_with(who, Power::Stays, step)
    }

    fn step_with<T>(
        &mut self,
        who: Who,
        power: Power,
        step: impl FnOnce(&mut Engine, &mut Ctx<'_>) -> Result<T, StoreError>,
    ) -> Option<T> {
        self.count_step(who);
        let stepped = self.people[who].step(self.now_ms, power, step);
        match stepped {
            Ok(value) => {
                self.let_out(who, power);
                Some(value)
            }
            Err(broken) => {
                self.broke(who, broken);
                None
            }
        }
    }

    /// Somebody asks something; none: the machine went off, or its disk failed.
    pub(crate) fn ask(
        &mut self,
        who: Who,
        power: Power,
        command: Command,
    ) -> Option<Result<Reply, CommandError>> {
        self.count_step(who);
        let asked = self.people[who].command(self.now_ms, power, command);
        match asked {
            Ok(reply) => {
                self.let_out(who, power);
                Some(reply)
            }
            Err(broken) => {
                self.broke(who, broken);
                None
            }
        }
    }

    /// Somebody asks something that must be answered.
    pub(crate) fn must(&mut self, who: Who, command: Command) -> Option<Reply> {
        match self.ask(who, Power::Stays, command)? {
            Ok(reply) => Some(reply),
            Err(error) => {
                self.defect(format!("person {who} was refused: {error}"));
                None
            }
        }
    }

    /// What somebody may do with whatever strikes meanwhile.
    pub(crate) fn ask_in_danger(
        &mut self,
        who: Who,
        command: Command,
    ) -> Option<Result<Reply, CommandError>> {
        let power = self.power();
        self.ask(who, power, command)
    }

    fn count_step(&mut self, who: Who) {
        self.steps += 1;
        let now_ms = self.now_ms;
        let (at, count) = &mut self.steps_at_once[who];
        if *at == now_ms {
            *count += 1;
        } else {
            (*at, *count) = (now_ms, 1);
        }
        if *count > MAX_STEPS_AT_ONCE {
            self.defect(format!("person {who}'s engine spins"));
        }
    }

    fn broke(&mut self, who: Who, broken: Broken) {
        match broken {
            Broken::PowerLost => {
                self.line(&format!("{who} goes off in a step"));
                self.restart_soon(who);
            }
            Broken::DiskFailed => {
                self.line(&format!("{who}'s disk fails in a step"));
                // Waits go on; the new engine wants the same.
                self.greet(who);
            }
            Broken::Defect(what) => self.defect(format!("person {who}: {what}")),
        }
    }

    /// Lets out what a step caused.
    fn let_out(&mut self, who: Who, power: Power) {
        let mut transmits = self.people[who].take_transmits();
        self.people[who].take_events();
        if let Power::LostAfterSending(sent) = power {
            transmits.truncate(sent);
            for transmit in transmits {
                self.launch(who, transmit);
            }
            self.line(&format!("{who} goes off after a step"));
            self.people[who].cut_power();
            return self.restart_soon(who);
        }
        for transmit in transmits {
            self.launch(who, transmit);
        }
        for (key, version) in self.people[who].sync_waits() {
            let settle = self.rng.random_range(50..2_000);
            self.after(settle, Event::Poll(who, key, version));
        }
        let now_ms = self.now_ms;
        if let Err(error) = self.people[who].sync_listeners(now_ms) {
            self.defect(format!("person {who}'s services: {error}"));
        }
    }

    fn restart_soon(&mut self, who: Who) {
        let pause = 2 * SECOND_MS + self.draw(Fault::Crash, 10 * MINUTE_MS);
        self.after(pause, Event::Starts(who));
    }

    pub(crate) fn start(&mut self, who: Who) {
        if self.people[who].runs() {
            return;
        }
        let now_ms = self.now_ms;
        if let Err(error) = self.people[who].start(now_ms) {
            return self.defect(format!("person {who}'s program does not start: {error}"));
        }
        self.line(&format!("{who} starts"));
        self.greet(who);
    }

    // The record.

    pub(crate) fn line(&mut self, line: &str) {
        let at_ms = self.elapsed_ms();
        self.trace.line(at_ms, line);
    }

    pub(crate) fn defect(&mut self, what: String) {
        self.line(&format!("DEFECT: {what}"));
        self.defects.push(what);
    }

    /// The name under which others see somebody.
    pub(crate) fn name_of(&self, who: Who) -> String {
        format!("{}-{who}", self.token)
    }

    pub(crate) fn report(mut self, active_ms: u64) -> Report {
        let elapsed_ms = self.elapsed_ms();
        let failed = self.count_failed();
        let spoiled = hushwing_protocol::simulation::spoiled_boxes();
        self.faults.struck_times(Fault::Poison, spoiled);
        let lived_ms = elapsed_ms * self.people.len() as u64;
        Report {
            defects: std::mem::take(&mut self.defects),
            tail: self.trace.tail(),
            hash: self.trace.hash(),
            faults: self.faults,
            user_hours: lived_ms as f64 / 3_600_000.0,
            texts: self.written.iter().filter(|one| one.id.is_some()).count(),
            failed,
            settled_after_ms: elapsed_ms.saturating_sub(active_ms),
            steps: self.steps,
            plan: self.plan,
        }
    }

    fn count_failed(&mut self) -> usize {
        let mut failed = 0;
        for index in 0..self.written.len() {
            if self.written[index].given_up
                || matches!(self.state_of(index), Some(MessageState::Failed { .. }))
            {
                failed += 1;
            }
        }
        failed
    }
}

fn stream(seed: u64, number: u64) -> ChaCha20Rng {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    rng.set_stream(number);
    rng
}

/// A folder in memory where there is one: the simulation loses power in its own
/// way, and needs no disk to be slow.
fn scratch() -> std::io::Result<TempDir> {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() {
        TempDir::with_prefix_in("hushwing-sim-", memory)
    } else {
        TempDir::with_prefix("hushwing-sim-")
    }
}
