//! Engines, relays and the network between them, on virtual time.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use hushwing_engine::{
    ContactId, Ctx, DirectAnswer, Engine, FlightId, Operation, Outcome, Owner, Purpose, Transmit,
    view::{
        Command, ContactView, Event, InviteCreatedView, InvitePolicy, MessageView, NetworkView,
        RelayState, Reply, SecretText,
    },
};
use hushwing_protocol::{
    DirectKeys,
    store::{MemoryStore, StoreError},
};
use hushwing_wire::{RelayAddress, SealedBox, Slot};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use crate::relay::{FakeRelay, PutAnswer};

/// A person of a [`World`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct PersonId(usize);

thread_local! {
    static STEPPING: Cell<Option<PersonId>> = const { Cell::new(None) };
}

/// Whose program is in a step on this thread now: for hooks below the engine, which do
/// not know whose box they see.
#[must_use]
pub fn stepping() -> Option<PersonId> {
    STEPPING.get()
}

/// A relay of a [`World`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RelayId(usize);

/// Something that a person's program wanted carried somewhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Left {
    /// Whose traffic it was.
    pub owner: Owner,
    /// What it was for.
    pub purpose: Purpose,
    /// Where it went.
    pub to: RelayAddress,
    /// With a PUT: at which slot, and a digest of the box.
    pub put: Option<(Slot, u64)>,
}

impl Left {
    fn of(transmit: &Transmit) -> Self {
        let put = match &transmit.operation {
            Operation::Put { slot, boxed, .. } => {
                let mut digest = DefaultHasher::new();
                boxed.as_bytes().hash(&mut digest);
                Some((*slot, digest.finish()))
            }
            Operation::Drop { .. } => None,
        };
        Self {
            owner: transmit.isolation.owner,
            purpose: transmit.isolation.purpose,
            to: transmit.to.clone(),
            put,
        }
    }
}

/// Something that reached a person's program from outside.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Came {
    /// What became of a transmission.
    Landed(Outcome),
    /// A box that waited at a relay.
    Found(Slot, SealedBox),
    /// A box that was pushed to the person's node.
    Pushed(Slot, SealedBox),
}

/// What goes wrong, each as a chance in 1000 for one transmission.
#[derive(Clone, Copy, Default, Debug)]
pub struct Faults {
    /// It never arrives.
    pub lost: u32,
    /// It arrives and its answer does not.
    pub answer_lost: u32,
    /// The person who sends crashes right after it left.
    pub crash: u32,
}

/// A person: a vault in memory and the engine on it.
pub struct Person {
    store: MemoryStore,
    engine: Option<Engine>,
    rng: ChaCha20Rng,
    /// Counts the engines that this person had; outcomes for earlier ones are unknown.
    generation: u64,
    /// How far this person's clock is behind the world's, in milliseconds.
    behind_ms: u64,
    /// Nothing gets to or from this person, whatever Tor says.
    pub cut_off: bool,
    /// Everything that the engine told.
    pub events: Vec<Event>,
    left: Vec<Left>,
    came: Vec<Came>,
}

/// Everybody and everything.
pub struct World {
    now_ms: u64,
    people: Vec<Person>,
    relays: Vec<FakeRelay>,
    flying: BTreeMap<(u64, u64), Arrival>,
    next_arrival: u64,
    rng: ChaCha20Rng,
    /// What goes wrong from now on.
    pub faults: Faults,
    /// Whether people reach each other's nodes.
    pub direct_works: bool,
}

enum Arrival {
    There(PersonId, u64, Transmit),
    Back(PersonId, u64, FlightId, Outcome),
}

/// Virtual time of one way, in milliseconds, before jitter.
const LATENCY_MS: u64 = 120;

impl Person {
    /// When this person's program wants to be woken, by the world's clock.
    fn wake_at_ms(&self, now_ms: u64) -> Option<u64> {
        let engine = self.engine.as_ref()?;
        if engine.is_clock_behind(now_ms - self.behind_ms) {
            return Some(now_ms);
        }
        let at = engine.wake_at_ms()?;
        Some(at.saturating_add(self.behind_ms))
    }
}

impl World {
    /// A world of `people` people and `relays` relays; everybody is online and
    /// uses every relay.
    #[must_use]
    pub fn new(seed: u64, people: usize, relays: u8) -> Self {
        let mut world = Self {
            now_ms: 1_800_000_000_000,
            people: Vec::new(),
            relays: (0..relays)
                .map(|number| FakeRelay::new(number + 1))
                .collect(),
            flying: BTreeMap::new(),
            next_arrival: 0,
            rng: ChaCha20Rng::seed_from_u64(seed),
            faults: Faults::default(),
            direct_works: true,
        };
        for _ in 0..people {
            let rng = ChaCha20Rng::seed_from_u64(world.rng.random());
            world.people.push(Person {
                store: MemoryStore::new(),
                engine: None,
                rng,
                generation: 0,
                behind_ms: 0,
                cut_off: false,
                events: Vec::new(),
                left: Vec::new(),
                came: Vec::new(),
            });
            let id = PersonId(world.people.len() - 1);
            world.start(id);
            for relay in 0..world.relays.len() {
                let address = world.relays[relay].address.to_string();
                world.call(id, Command::RelayAdd { address });
            }
        }
        world
    }

    /// The same world once more: relays and vaults are copied, nothing is on its way,
    /// and the programs that run start again. Two forks of one world differ only in
    /// what is done in them.
    #[must_use]
    pub fn fork(&self) -> Self {
        let mut world = Self {
            now_ms: self.now_ms,
            people: Vec::new(),
            relays: self.relays.clone(),
            flying: BTreeMap::new(),
            next_arrival: 0,
            rng: self.rng.clone(),
            faults: self.faults,
            direct_works: self.direct_works,
        };
        for person in &self.people {
            let store = MemoryStore::new();
            store.restore(&person.store.snapshot());
            world.people.push(Person {
                store,
                engine: None,
                rng: person.rng.clone(),
                generation: person.generation,
                behind_ms: person.behind_ms,
                cut_off: person.cut_off,
                events: Vec::new(),
                left: Vec::new(),
                came: Vec::new(),
            });
        }
        for (number, person) in self.people.iter().enumerate() {
            if person.engine.is_some() {
                world.start(PersonId(number));
            }
        }
        world
    }

    /// The person with this number.
    #[must_use]
    pub fn person(&self, number: usize) -> PersonId {
        assert!(number < self.people.len(), "there is such a person");
        PersonId(number)
    }

    /// How many relays there are.
    #[must_use]
    pub fn relays(&self) -> usize {
        self.relays.len()
    }

    /// The relay with this number.
    pub fn relay(&mut self, number: usize) -> &mut FakeRelay {
        &mut self.relays[number]
    }

    /// Virtual time in milliseconds since 1970.
    #[must_use]
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// What a person was told.
    #[must_use]
    pub fn events(&self, who: PersonId) -> &[Event] {
        &self.people[who.0].events
    }

    /// Everything that a person's program has sent so far.
    #[must_use]
    pub fn left(&self, who: PersonId) -> &[Left] {
        &self.people[who.0].left
    }

    /// Everything that has reached a person's program so far.
    #[must_use]
    pub fn came(&self, who: PersonId) -> &[Came] {
        &self.people[who.0].came
    }

    /// Whose boxes a person's program waits for at relays, and whose onion services
    /// it keeps up; nobody's while it does not run.
    #[must_use]
    pub fn attends(&self, who: PersonId) -> BTreeSet<Owner> {
        let engine = self.people[who.0].engine.iter();
        engine
            .flat_map(|engine| {
                let waits = engine.waits().into_iter().map(|wait| wait.isolation.owner);
                waits.chain(engine.listening().keys().map(|id| Owner::Contact(*id)))
            })
            .collect()
    }

    /// What a person's vault holds, to be read or damaged.
    #[must_use]
    pub fn store(&self, who: PersonId) -> &MemoryStore {
        &self.people[who.0].store
    }

    /// A person's clock is set back.
    pub fn set_clock_back(&mut self, who: PersonId, ms: u64) {
        self.people[who.0].behind_ms += ms;
    }

    fn clock_of(&self, who: PersonId) -> u64 {
        self.now_ms - self.people[who.0].behind_ms
    }

    /// Runs something that no real program would do, with a person's vault.
    pub fn with_vault<T>(&mut self, who: PersonId, run: impl FnOnce(&mut Ctx<'_>) -> T) -> T {
        let now_ms = self.clock_of(who);
        let person = &mut self.people[who.0];
        run(&mut Ctx {
            store: &person.store,
            rng: &mut person.rng,
            now_ms,
        })
    }

    /// Whether nothing gets to or from this person, though Tor seems to work.
    pub fn cut_off(&mut self, who: PersonId, cut_off: bool) {
        self.people[who.0].cut_off = cut_off;
    }

    /// A person's network comes or goes.
    pub fn network_is(&mut self, who: PersonId, network: NetworkView) {
        self.step(who, |engine, ctx| engine.network_changed(ctx, network));
    }

    /// A person's program starts.
    pub fn start(&mut self, who: PersonId) {
        let now_ms = self.clock_of(who);
        let person = &mut self.people[who.0];
        person.generation += 1;
        let mut ctx = Ctx {
            store: &person.store,
            rng: &mut person.rng,
            now_ms,
        };
        person.engine = Some(Engine::resume(&mut ctx, false).expect("the vault is whole"));
        self.step(who, |engine, ctx| {
            engine.network_changed(ctx, NetworkView::Ready)
        });
    }

    /// A person's program ends, at whatever it was doing.
    pub fn stop(&mut self, who: PersonId) {
        self.people[who.0].engine = None;
    }

    /// Whether the files of a person's vault would have to be cleared of what was deleted.
    #[must_use]
    pub fn must_clear(&self, who: PersonId) -> bool {
        let engine = self.people[who.0].engine.as_ref();
        engine.is_some_and(Engine::must_clear)
    }

    /// The files of a person's vault were cleared.
    pub fn cleared(&mut self, who: PersonId) {
        self.step(who, Engine::cleared);
    }

    /// A person's vault as it is now.
    #[must_use]
    pub fn snapshot(&self, who: PersonId) -> hushwing_protocol::store::Snapshot {
        self.people[who.0].store.snapshot()
    }

    /// A person's vault as it was, with a program that noticed nothing because it
    /// did nothing meanwhile.
    pub fn with_vault_back(&mut self, who: PersonId, earlier: &hushwing_protocol::store::Snapshot) {
        self.people[who.0].store.restore(earlier);
    }

    /// A person restores a backup, and their program knows it.
    pub fn restore(&mut self, who: PersonId, backup: &hushwing_protocol::store::Snapshot) {
        self.roll_back(who, backup);
        self.step(who, Engine::restored);
    }

    /// A person's vault becomes an earlier one without anybody noticing.
    pub fn roll_back(&mut self, who: PersonId, earlier: &hushwing_protocol::store::Snapshot) {
        self.people[who.0].store.restore(earlier);
        self.start(who);
    }

    /// Runs a command that must succeed.
    pub fn call(&mut self, who: PersonId, command: Command) -> Reply {
        self.try_call(who, command).expect("the command succeeds")
    }

    /// Runs a command.
    ///
    /// # Errors
    /// What the engine gave; the vault is then rolled back.
    pub fn try_call(
        &mut self,
        who: PersonId,
        command: Command,
    ) -> Result<Reply, hushwing_engine::view::CommandError> {
        let now_ms = self.clock_of(who);
        let person = &mut self.people[who.0];
        let before = person.store.snapshot();
        let mut ctx = Ctx {
            store: &person.store,
            rng: &mut person.rng,
            now_ms,
        };
        let engine = person.engine.as_mut().expect("this person's program runs");
        STEPPING.set(Some(who));
        let result = engine.command(&mut ctx, command);
        STEPPING.set(None);
        if result.is_err() {
            person.store.restore(&before);
        }
        self.drain(who);
        result
    }

    /// Makes an invite and waits until it can be redeemed.
    pub fn invite(&mut self, who: PersonId) -> InviteCreatedView {
        self.invite_with(who, InvitePolicy::default())
    }

    /// The same for an invite with this policy.
    pub fn invite_with(&mut self, who: PersonId, policy: InvitePolicy) -> InviteCreatedView {
        let command = Command::InviteCreate {
            name: "the inviter".into(),
            expires_hours: 24,
            policy,
        };
        let Reply::InviteCreated(invite) = self.call(who, command) else {
            panic!("an invite was asked for");
        };
        self.run_for(5_000);
        invite
    }

    /// Redeems a link.
    pub fn redeem(&mut self, who: PersonId, link: &str) -> ContactView {
        let link = SecretText::new(link.to_owned());
        let command = Command::InviteRedeem {
            link,
            name: "the redeemer".into(),
        };
        match self.call(who, command) {
            Reply::Contact(contact) => contact,
            other => panic!("a contact was asked for: {other:?}"),
        }
    }

    /// Lets two people meet; gives each one's id of the other.
    pub fn meet(&mut self, inviter: PersonId, redeemer: PersonId) -> (String, String) {
        let invite = self.invite(inviter);
        let theirs = self.redeem(redeemer, &invite.link).id;
        self.run_for(60_000);
        let ours = self
            .contacts(inviter)
            .pop()
            .expect("the inviter has a contact")
            .id;
        (ours, theirs)
    }

    /// A person's contacts.
    pub fn contacts(&mut self, who: PersonId) -> Vec<ContactView> {
        match self.call(who, Command::Contacts) {
            Reply::Contacts { contacts } => contacts,
            other => panic!("contacts were asked for: {other:?}"),
        }
    }

    /// Sends a text.
    pub fn send(&mut self, who: PersonId, contact: &str, text: &str) -> MessageView {
        let command = Command::Send {
            contact: contact.to_owned(),
            text: text.to_owned(),
        };
        match self.call(who, command) {
            Reply::Sent(message) => message,
            other => panic!("a message was sent: {other:?}"),
        }
    }

    /// The whole transcript with a contact.
    pub fn read(&mut self, who: PersonId, contact: &str) -> Vec<MessageView> {
        let command = Command::Read {
            contact: contact.to_owned(),
            limit: 1_000,
            after: None,
            before: None,
        };
        match self.call(who, command) {
            Reply::Messages { messages } => messages,
            other => panic!("messages were asked for: {other:?}"),
        }
    }

    /// Lets `ms` milliseconds of virtual time pass.
    pub fn run_for(&mut self, ms: u64) {
        let until = self.now_ms + ms;
        loop {
            self.serve_waits();
            let arrival = self.flying.keys().next().map(|(at, _)| *at);
            let wake = self
                .people
                .iter()
                .filter_map(|person| person.wake_at_ms(self.now_ms));
            let Some(next) = wake.chain(arrival).min().filter(|at| *at <= until) else {
                break;
            };
            self.now_ms = self.now_ms.max(next);
            for who in 0..self.people.len() {
                let due = self.people[who].wake_at_ms(self.now_ms);
                if due.is_some_and(|at| at <= self.now_ms) {
                    self.step(PersonId(who), Engine::tick);
                }
            }
            while let Some(entry) = self.flying.first_entry() {
                if entry.key().0 > self.now_ms {
                    break;
                }
                let arrival = entry.remove();
                self.arrive(arrival);
            }
        }
        self.now_ms = until;
    }

    fn arrive(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::There(sender, generation, transmit) => {
                let id = transmit.id;
                let direct = transmit.isolation.purpose == Purpose::Direct;
                let cut_off = self.people[sender.0].cut_off;
                let outcome = if cut_off || self.chance(self.faults.lost) {
                    failed()
                } else if direct {
                    self.push(transmit)
                } else {
                    self.ask_relay(transmit)
                };
                let outcome = if self.chance(self.faults.answer_lost) {
                    failed()
                } else {
                    outcome
                };
                self.fly(Arrival::Back(sender, generation, id, outcome));
            }
            Arrival::Back(sender, generation, id, outcome) => {
                let person = &mut self.people[sender.0];
                if person.engine.is_some() && person.generation == generation {
                    person.came.push(Came::Landed(outcome.clone()));
                    self.step(sender, |engine, ctx| engine.transmitted(ctx, id, outcome));
                }
            }
        }
    }

    fn ask_relay(&mut self, transmit: Transmit) -> Outcome {
        let relay = self
            .relays
            .iter_mut()
            .find(|relay| relay.address == transmit.to);
        let Some(relay) = relay.filter(|relay| relay.up) else {
            return failed();
        };
        match transmit.operation {
            Operation::Put { slot, boxed, .. } => match relay.put(slot, boxed) {
                PutAnswer::Stored => Outcome::Stored,
                PutAnswer::Taken => Outcome::Taken,
            },
            Operation::Drop { slots } => {
                slots.iter().for_each(|slot| relay.drop_slot(slot));
                Outcome::Dropped
            }
        }
    }

    fn push(&mut self, transmit: Transmit) -> Outcome {
        let Operation::Put { slot, boxed, .. } = transmit.operation else {
            panic!("only puts go to a node");
        };
        let Some((who, contact)) = self.listener_at(&transmit.to).filter(|_| self.direct_works)
        else {
            return failed();
        };
        let pushed = Came::Pushed(slot, boxed.clone());
        self.people[who.0].came.push(pushed);
        let answer = self.step(who, |engine, ctx| {
            engine.direct_put(ctx, &contact, &slot, &boxed)
        });
        match answer {
            DirectAnswer::Stored | DirectAnswer::Same => Outcome::Stored,
            DirectAnswer::Taken => Outcome::Taken,
            DirectAnswer::NotServed => Outcome::NotServed,
        }
    }

    /// Pushes a box to a person's node as its contact, the one with this id, would.
    pub fn push_to(
        &mut self,
        who: PersonId,
        contact: &str,
        slot: Slot,
        boxed: &SealedBox,
    ) -> DirectAnswer {
        let id = data_encoding::HEXLOWER.decode(contact.as_bytes());
        let id = id.ok().and_then(|id| id.try_into().ok());
        let contact = ContactId(id.expect("an id of a contact"));
        self.step(who, |engine, ctx| {
            engine.direct_put(ctx, &contact, &slot, boxed)
        })
    }

    fn listener_at(&mut self, address: &RelayAddress) -> Option<(PersonId, ContactId)> {
        for number in 0..self.people.len() {
            let now_ms = self.clock_of(PersonId(number));
            let person = &mut self.people[number];
            let Some(engine) = person.engine.as_ref().filter(|_| !person.cut_off) else {
                continue;
            };
            let ctx = Ctx {
                store: &person.store,
                rng: &mut person.rng,
                now_ms,
            };
            for contact in engine.listening().keys() {
                let keys = engine
                    .listener(&ctx, contact)
                    .expect("a listening contact has keys");
                let keys = DirectKeys::from_seeds(keys.onion_seed, keys.tls_seed);
                if keys.address() == *address {
                    return Some((PersonId(number), *contact));
                }
            }
        }
        None
    }

    /// What every waiting person learns of the relays.
    fn show_relays(&mut self) {
        for who in 0..self.people.len() {
            let now_ms = self.clock_of(PersonId(who));
            let cut_off = self.people[who].cut_off;
            let Some(engine) = &mut self.people[who].engine else {
                continue;
            };
            for wait in engine.waits() {
                let relay = self.relays.iter().find(|relay| relay.address == wait.relay);
                let state = match relay {
                    Some(relay) if relay.up && !cut_off => RelayState::Reachable,
                    _ => RelayState::Unreachable {
                        reason: "It does not answer.".to_owned(),
                    },
                };
                engine.relay_is(&wait.relay, state, now_ms);
            }
        }
    }

    fn serve_waits(&mut self) {
        self.show_relays();
        // Each found box may open the way to the next.
        loop {
            let mut found = None;
            'search: for (number, person) in self.people.iter().enumerate() {
                let Some(engine) = person.engine.as_ref().filter(|_| !person.cut_off) else {
                    continue;
                };
                for wait in engine.waits() {
                    let relay = self.relays.iter().find(|relay| relay.address == wait.relay);
                    let Some(relay) = relay.filter(|relay| relay.up) else {
                        continue;
                    };
                    for slot in wait.slots {
                        if let Some(boxed) = relay.get(&slot) {
                            found = Some((PersonId(number), wait.relay, slot, boxed));
                            break 'search;
                        }
                    }
                }
            }
            let Some((who, relay, slot, boxed)) = found else {
                return;
            };
            let came = Came::Found(slot, boxed.clone());
            self.people[who.0].came.push(came);
            self.step(who, |engine, ctx| {
                engine.box_found(ctx, &relay, &slot, &boxed)
            });
        }
    }

    fn step<T>(
        &mut self,
        who: PersonId,
        step: impl FnOnce(&mut Engine, &mut Ctx<'_>) -> Result<T, StoreError>,
    ) -> T {
        let now_ms = self.clock_of(who);
        let person = &mut self.people[who.0];
        let mut ctx = Ctx {
            store: &person.store,
            rng: &mut person.rng,
            now_ms,
        };
        let engine = person.engine.as_mut().expect("this person's program runs");
        STEPPING.set(Some(who));
        let result = step(engine, &mut ctx).expect("memory does not fail");
        STEPPING.set(None);
        self.drain(who);
        result
    }

    fn drain(&mut self, who: PersonId) {
        let mut transmits = Vec::new();
        let person = &mut self.people[who.0];
        let Some(engine) = person.engine.as_mut() else {
            return;
        };
        while let Some(transmit) = engine.poll_transmit() {
            person.left.push(Left::of(&transmit));
            transmits.push(transmit);
        }
        while let Some(event) = engine.poll_event() {
            person.events.push(event);
        }
        // As the driver does: what is on its way to a blocked contact is given up.
        let blocked = engine.blocked();
        self.flying.retain(|_, arrival| {
            !matches!(arrival, Arrival::There(of, _, transmit) if *of == who
                && matches!(transmit.isolation.owner, Owner::Contact(id) if blocked.contains(&id)))
        });
        let generation = person.generation;
        for transmit in transmits {
            self.fly(Arrival::There(who, generation, transmit));
        }
        if self.chance(self.faults.crash) {
            self.start(who);
        }
    }

    fn fly(&mut self, arrival: Arrival) {
        let at = self.now_ms + LATENCY_MS + self.rng.random_range(0..LATENCY_MS);
        self.flying.insert((at, self.next_arrival), arrival);
        self.next_arrival += 1;
    }

    fn chance(&mut self, in_1000: u32) -> bool {
        in_1000 > 0 && self.rng.random_range(0..1000) < in_1000
    }
}

fn failed() -> Outcome {
    Outcome::Failed {
        reason: "The connection was lost.".to_owned(),
    }
}
