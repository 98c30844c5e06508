//! The engine's memory between steps, and its outputs.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hushwing_protocol::{Ctx, InviteId, RequestSlot, store::StoreError};
use hushwing_wire::{RelayAddress, Routes, Slot};

use crate::{
    io::{FlightId, Listener, Transmit, Wait},
    limits,
    outbox::{Attempt, DirectHealth, DropAttempt, Flight, Reput},
    relays::OwnRelays,
    remembered::Remembered,
    rows::{ContactId, OutId, Owner, Rows},
    searching::Indexing,
    view::{DeliveryPolicy, Event, InviteState, NetworkView, RelayState},
};

/// The messenger of one open vault.
pub struct Engine {
    /// Whether peers may name relays on this machine.
    pub(crate) allow_loopback: bool,
    pub(crate) network: NetworkView,
    /// Everything in the outbox that still has to be put somewhere.
    pub(crate) attempts: BTreeMap<OutId, Attempt>,
    pub(crate) drops: BTreeMap<u64, DropAttempt>,
    pub(crate) next_drop: u64,
    pub(crate) flights: BTreeMap<FlightId, Flight>,
    pub(crate) next_flight: u64,
    /// How many boxes of each owner are on their way: to the contact's node
    /// (true) and to relays (false).
    pub(crate) flying: BTreeMap<(Owner, bool), usize>,
    /// Boxes that every relay took and that no receipt covers, with the time when
    /// they are put again.
    pub(crate) doubts: BTreeMap<OutId, Reput>,
    pub(crate) delivery: DeliveryPolicy,
    /// What is known of each relay, ours and theirs, and since when.
    pub(crate) health: BTreeMap<RelayAddress, (RelayState, u64)>,
    /// When a contact's care (gaps, repair) is looked at next.
    pub(crate) cares: BTreeMap<ContactId, u64>,
    /// When a contact whose invite's bundle did not come is given up.
    pub(crate) deadlines: BTreeMap<ContactId, u64>,
    /// Where each owner's boxes go.
    pub(crate) routes: BTreeMap<Owner, Routes>,
    pub(crate) direct: BTreeMap<ContactId, DirectHealth>,
    /// Why texts to a contact are held back, if they are.
    pub(crate) held: BTreeMap<ContactId, String>,
    pub(crate) receipts_due: BTreeMap<ContactId, u64>,
    /// When it is reported to a contact what was read.
    pub(crate) reads_due: BTreeMap<ContactId, u64>,
    pub(crate) expiries: BTreeMap<InviteId, u64>,
    /// Invites that ask and that nobody has answered yet.
    pub(crate) asking: BTreeSet<InviteId>,
    /// Requests about which the user has not decided.
    pub(crate) requests: BTreeSet<InviteId>,
    /// Contacts with whom nothing is exchanged.
    pub(crate) blocked: BTreeSet<ContactId>,
    pub(crate) waiting: BTreeMap<Owner, Vec<(Slot, Awaited)>>,
    pub(crate) wait_relays: BTreeMap<Owner, Vec<RelayAddress>>,
    /// Slots at which our own node takes a box, by contact.
    pub(crate) windows: BTreeMap<ContactId, BTreeSet<Slot>>,
    pub(crate) listening: BTreeMap<ContactId, u32>,
    /// Forged boxes: where, and until when that place is left alone.
    pub(crate) forged: BTreeMap<(Slot, RelayAddress), u64>,
    pub(crate) remembered: Remembered,
    /// The time of the last step.
    pub(crate) last_now_ms: u64,
    /// Our own relays.
    pub(crate) ours: OwnRelays,
    /// Contacts of which too little can be read, and why nothing is done for them.
    pub(crate) damaged: BTreeMap<ContactId, String>,
    pub(crate) damaged_invites: BTreeSet<InviteId>,
    /// Something was deleted of which the vault's files may hold traces.
    pub(crate) must_clear: bool,
    /// How far the index of texts is.
    pub(crate) indexing: Indexing,
    /// Contacts whose mending people were told of.
    pub(crate) mended: BTreeSet<ContactId>,
    /// The user's choice of ways cannot be read: nothing leaves until it is made
    /// again, because the other ways may be what was ruled out.
    pub(crate) delivery_is_damaged: bool,
    /// Drops that were given up, because too many waited or their rows are damaged.
    pub(crate) drops_given_up: u64,
    pub(crate) transmits: VecDeque<Transmit>,
    pub(crate) events: VecDeque<Event>,
}

/// What is expected at a slot.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Awaited {
    Box(ContactId),
    Bundle(ContactId),
    Request(InviteId, RequestSlot),
}

impl Engine {
    /// The engine of what the vault holds. `allow_loopback` lets relays on this
    /// machine be used, for a whole network on one machine.
    ///
    /// # Errors
    /// [`StoreError`] when the vault cannot be read.
    pub fn resume(ctx: &mut Ctx<'_>, allow_loopback: bool) -> Result<Self, StoreError> {
        let mut key = [0; 32];
        ctx.rng.fill_bytes(&mut key);
        let mut engine = Self {
            allow_loopback,
            network: NetworkView::Off,
            attempts: BTreeMap::new(),
            drops: BTreeMap::new(),
            next_drop: 0,
            flights: BTreeMap::new(),
            next_flight: 0,
            flying: BTreeMap::new(),
            doubts: BTreeMap::new(),
            delivery: DeliveryPolicy::default(),
            health: BTreeMap::new(),
            cares: BTreeMap::new(),
            deadlines: BTreeMap::new(),
            routes: BTreeMap::new(),
            direct: BTreeMap::new(),
            held: BTreeMap::new(),
            receipts_due: BTreeMap::new(),
            reads_due: BTreeMap::new(),
            expiries: BTreeMap::new(),
            asking: BTreeSet::new(),
            requests: BTreeSet::new(),
            blocked: BTreeSet::new(),
            waiting: BTreeMap::new(),
            wait_relays: BTreeMap::new(),
            windows: BTreeMap::new(),
            listening: BTreeMap::new(),
            forged: BTreeMap::new(),
            remembered: Remembered::new(key),
            last_now_ms: ctx.now_ms,
            ours: OwnRelays::default(),
            damaged: BTreeMap::new(),
            damaged_invites: BTreeSet::new(),
            must_clear: false,
            indexing: Indexing::Done,
            mended: BTreeSet::new(),
            delivery_is_damaged: false,
            drops_given_up: 0,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        };
        engine.load(ctx)?;
        Ok(engine)
    }

    fn load(&mut self, ctx: &mut Ctx<'_>) -> Result<(), StoreError> {
        match Rows(ctx.store).delivery() {
            Ok(policy) => self.delivery = policy,
            Err(StoreError::Damaged(_)) => self.delivery_is_damaged = true,
            Err(error) => return Err(error),
        }
        self.load_relays(ctx)?;
        self.blocked = Rows(ctx.store).blocked_ids()?;
        self.must_clear = Rows(ctx.store).must_clear()?;
        self.load_index(ctx)?;
        for contact in Rows(ctx.store).contact_ids()? {
            self.in_room(ctx, &contact, |engine, ctx| engine.take_up(ctx, &contact))?;
        }
        for (invite, row) in Rows(ctx.store).invites()? {
            self.in_invite_room(ctx, &invite, |engine, ctx| {
                let row = row.as_ref().ok_or(StoreError::Damaged("an invite"))?;
                engine.take_up_invite(ctx, &invite, row)
            })?;
        }
        for (number, row) in Rows(ctx.store).drops()? {
            self.next_drop = self.next_drop.max(number + 1);
            if row.is_some() {
                self.drops.insert(number, DropAttempt::at(ctx.now_ms));
            } else {
                Rows(ctx.store).delete_drop(number)?;
                self.drops_given_up += 1;
            }
        }
        Ok(())
    }

    /// The next thing to send, in order.
    pub fn poll_transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next thing that people should see.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// Where boxes for us may arrive at relays; holds until it changes.
    #[must_use]
    pub fn waits(&self) -> Vec<Wait> {
        let mut waits = Vec::new();
        for (owner, awaited) in &self.waiting {
            // More requests than the user can look at stay where they are.
            if matches!(owner, Owner::Invite(invite) if self.is_unread_for_now(invite)) {
                continue;
            }
            for relay in self.wait_relays.get(owner).into_iter().flatten() {
                let slots: Vec<Slot> = awaited
                    .iter()
                    .map(|(slot, _)| *slot)
                    .filter(|slot| !self.forged.contains_key(&(*slot, relay.clone())))
                    .take(hushwing_wire::limits::MAX_SLOTS_PER_REQUEST)
                    .collect();
                if !slots.is_empty() {
                    waits.push(Wait {
                        relay: relay.clone(),
                        isolation: crate::Isolation {
                            owner: *owner,
                            purpose: crate::Purpose::Read,
                        },
                        slots,
                    });
                }
            }
        }
        waits
    }

    /// The contacts whose onion service should be up, and how often its keys have
    /// changed: one that is up with other keys is to be ended and started anew. Holds
    /// until it changes.
    #[must_use]
    pub fn listening(&self) -> &BTreeMap<ContactId, u32> {
        &self.listening
    }

    /// The keys of a contact's onion service.
    ///
    /// # Errors
    /// [`StoreError`] when the vault cannot be read or has no such contact.
    pub fn listener(&self, ctx: &Ctx<'_>, contact: &ContactId) -> Result<Listener, StoreError> {
        let row = Rows(ctx.store)
            .contact(contact)?
            .ok_or(StoreError::Damaged("contact"))?;
        let conversation = row
            .meeting
            .conversation()
            .ok_or(StoreError::Damaged("contact"))?;
        let keys = hushwing_protocol::direct_keys(ctx.store, &conversation)
            .map_err(|_| StoreError::Damaged("conversation"))?;
        Ok(Listener {
            contact: *contact,
            onion_seed: *keys.onion_seed(),
            tls_seed: *keys.tls_seed(),
        })
    }

    /// When [`Engine::tick`] should be called next, in milliseconds since 1970.
    #[must_use]
    pub fn wake_at_ms(&self) -> Option<u64> {
        let online = self.network == NetworkView::Ready;
        let tries = self.attempts.values().map(|attempt| attempt.next_try_ms);
        let drops = self.drops.values().map(|drop| drop.next_try_ms);
        tries
            .chain(drops)
            .filter(|_| online)
            .chain(self.receipts_due.values().copied())
            .chain(self.reads_due.values().copied())
            .chain(self.expiries.values().copied())
            .chain(self.deadlines.values().copied())
            .chain(self.doubts.values().map(|reput| reput.at_ms))
            .chain(self.cares.values().copied())
            .chain(self.forged.values().copied())
            .chain(self.ours.observe_at_ms)
            .chain(self.index_at_ms())
            .filter(|at| *at != u64::MAX)
            .min()
    }

    /// Time has passed.
    ///
    /// # Errors
    /// [`StoreError`]; the step must then be rolled back.
    pub fn tick(&mut self, ctx: &mut Ctx<'_>) -> Result<(), StoreError> {
        self.notice_clock(ctx.now_ms);
        self.forged.retain(|_, until| *until > ctx.now_ms);
        self.expire_invites(ctx)?;
        self.give_up_fetching(ctx)?;
        self.send_due_receipts(ctx)?;
        self.send_due_reads(ctx)?;
        self.take_care(ctx)?;
        self.observe_relays(ctx)?;
        self.index_some(ctx)?;
        self.pump(ctx)
    }

    /// The network's state is now this.
    ///
    /// # Errors
    /// [`StoreError`]; the step must then be rolled back.
    pub fn network_changed(
        &mut self,
        ctx: &mut Ctx<'_>,
        network: NetworkView,
    ) -> Result<(), StoreError> {
        let came_back = network == NetworkView::Ready && self.network != NetworkView::Ready;
        self.network = network;
        if came_back {
            self.forget_failures(ctx.now_ms);
        }
        self.network_shows_relays(ctx.now_ms);
        self.tell_waiting_messages(ctx)?;
        self.pump(ctx)
    }

    pub(crate) fn tell(&mut self, event: Event) {
        // Whoever is told that something was missed reads everything anew.
        if self.events.len() < limits::MAX_EVENTS {
            self.events.push_back(event);
        } else if self.events.back() != Some(&Event::Lagged) {
            self.events.push_back(Event::Lagged);
        }
    }

    pub(crate) fn is_open(state: InviteState) -> bool {
        matches!(state, InviteState::Publishing | InviteState::Ready)
    }
}
