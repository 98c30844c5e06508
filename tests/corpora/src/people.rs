//! Two people of the protocol, each with a store, a seeded generator and a clock
//! that goes on by a second with each step.

use hushwing_protocol::{
    ConversationId, Created, Ctx, DirectKeys, Me, NewInvite, OpenError, Opened, Outgoing, Redeemed,
    RequestSlot, SealError, Sealed, accept, create_invite, open, redeem, seal,
    store::{MemoryStore, Snapshot},
};
use hushwing_wire::{RelayAddress, Routes, SealedBox, ServerKeyPin, Slot};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

const NOW_MS: u64 = 1_790_000_000_000;
const EXPIRES_AT_MIN: u32 = 29_840_000;

/// One side.
#[derive(Debug)]
pub struct Person {
    /// Its rows.
    pub store: MemoryStore,
    /// Its randomness.
    pub rng: ChaCha20Rng,
    /// Its clock, in milliseconds since 1970.
    pub now_ms: u64,
    /// The conversation with the other.
    pub conversation: ConversationId,
}

/// A [`Person`] at one moment; targets start from one instead of meeting anew.
#[derive(Debug, Clone)]
pub struct Frozen {
    rows: Snapshot,
    rng: ChaCha20Rng,
    now_ms: u64,
    conversation: ConversationId,
}

impl Frozen {
    /// The person at that moment.
    #[must_use]
    pub fn thaw(&self) -> Person {
        let store = MemoryStore::new();
        store.restore(&self.rows);
        Person {
            store,
            rng: self.rng.clone(),
            now_ms: self.now_ms,
            conversation: self.conversation,
        }
    }
}

impl Person {
    /// Somebody whose randomness comes from this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            store: MemoryStore::new(),
            rng: ChaCha20Rng::seed_from_u64(seed),
            now_ms: NOW_MS,
            conversation: ConversationId::new([0; 32]),
        }
    }

    /// The person at this moment.
    #[must_use]
    pub fn freeze(&self) -> Frozen {
        Frozen {
            rows: self.store.snapshot(),
            rng: self.rng.clone(),
            now_ms: self.now_ms,
            conversation: self.conversation,
        }
    }

    /// What a step works with.
    pub fn ctx(&mut self) -> Ctx<'_> {
        self.now_ms += 1_000;
        Ctx {
            store: &self.store,
            rng: &mut self.rng,
            now_ms: self.now_ms,
        }
    }

    /// Makes an invite.
    pub fn invite(&mut self) -> Created {
        let direct = DirectKeys::generate(&mut self.rng);
        let new = NewInvite {
            relays: vec![relay(1), relay(2)],
            card_name: "Alice".into(),
            routes: routes(&direct, 1),
            direct,
            expires_at_min: EXPIRES_AT_MIN,
        };
        create_invite(&mut self.ctx(), new).unwrap()
    }

    /// What this person tells of itself when it redeems.
    pub fn me(&mut self) -> Me {
        let direct = DirectKeys::generate(&mut self.rng);
        Me {
            name: "Bob".into(),
            routes: routes(&direct, 3),
            direct,
        }
    }

    /// Redeems somebody's invite.
    pub fn redeem(&mut self, created: &Created) -> Redeemed {
        let me = self.me();
        let redeemed = redeem(&mut self.ctx(), &created.link, &created.bundle_box, me).unwrap();
        self.conversation = redeemed.conversation;
        redeemed
    }

    /// Accepts the answer to an own invite.
    pub fn accept(&mut self, created: &Created, redeemed: &Redeemed) {
        let request = &redeemed.request[0].1;
        let first = RequestSlot::First;
        let accepted = accept(&mut self.ctx(), &created.invite, first, request).unwrap();
        self.conversation = accepted.conversation;
    }

    /// Writes a box.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal(&mut self, what: Outgoing<'_>) -> Result<Sealed, SealError> {
        let id = self.conversation;
        seal(&mut self.ctx(), &id, what)
    }

    /// Reads a box.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(&mut self, slot: &Slot, boxed: &SealedBox) -> Result<Opened, OpenError> {
        let id = self.conversation;
        open(&mut self.ctx(), &id, slot, boxed)
    }
}

/// A relay on this machine.
#[must_use]
pub fn relay(number: u8) -> RelayAddress {
    RelayAddress {
        endpoint: format!("127.0.0.1:{number}").parse().unwrap(),
        pin: ServerKeyPin::new([number; 32]),
        access: None,
    }
}

/// One relay and the person's own node.
#[must_use]
pub fn routes(direct: &DirectKeys, number: u8) -> Routes {
    Routes {
        relays: vec![relay(number)],
        direct: Some(direct.address()),
    }
}

/// Alice, who invited, and Bob, who redeemed, both established, after a message
/// each way; the next commit is Bob's.
#[must_use]
pub fn friends() -> (Person, Person) {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let created = alice.invite();
    let redeemed = bob.redeem(&created);
    alice.accept(&created, &redeemed);
    let first = alice.seal(Outgoing::Nothing).unwrap();
    bob.open(&first.slot, &first.boxed).unwrap();
    let hello = bob.seal(Outgoing::Text("hello")).unwrap();
    alice.open(&hello.slot, &hello.boxed).unwrap();
    let answer = alice.seal(Outgoing::Text("hello yourself")).unwrap();
    bob.open(&answer.slot, &answer.boxed).unwrap();
    (alice, bob)
}
