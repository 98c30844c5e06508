//! Two people, each with a store, a seeded generator and a clock.
#![allow(dead_code, clippy::unwrap_used, unreachable_pub)]

use hushwing_protocol::{
    Accepted, ConversationId, Created, Ctx, DirectKeys, Happening, Me, NewInvite, OpenError,
    Opened, Outgoing, Redeemed, RequestSlot, SealError, Sealed, accept, create_invite, open,
    redeem, seal,
    store::{MemoryStore, Order, Store as _, Table},
};
use hushwing_wire::{RelayAddress, Routes, SealedBox, ServerKeyPin, Slot};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

pub const NOW_MS: u64 = 1_790_000_000_000;
pub const EXPIRES_AT_MIN: u32 = 29_840_000;

pub struct Person {
    pub store: MemoryStore,
    pub rng: ChaCha20Rng,
    pub now_ms: u64,
    pub conversation: ConversationId,
}

impl Person {
    pub fn new(seed: u64) -> Self {
        Self {
            store: MemoryStore::new(),
            rng: ChaCha20Rng::seed_from_u64(seed),
            now_ms: NOW_MS,
            conversation: ConversationId::new([0; 32]),
        }
    }

    pub fn ctx(&mut self) -> Ctx<'_> {
        Ctx {
            store: &self.store,
            rng: &mut self.rng,
            now_ms: self.now_ms,
        }
    }

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

    pub fn me(&mut self, name: &str) -> Me {
        let direct = DirectKeys::generate(&mut self.rng);
        Me {
            name: name.into(),
            routes: routes(&direct, 3),
            direct,
        }
    }

    pub fn redeem(&mut self, created: &Created) -> Redeemed {
        let me = self.me("Bob");
        let redeemed = redeem(&mut self.ctx(), &created.link, &created.bundle_box, me).unwrap();
        self.conversation = redeemed.conversation;
        redeemed
    }

    pub fn accept(&mut self, created: &Created, redeemed: &Redeemed) -> Accepted {
        let request = &redeemed.request[0].1;
        let accepted = accept(
            &mut self.ctx(),
            &created.invite,
            RequestSlot::First,
            request,
        )
        .unwrap();
        self.conversation = accepted.conversation;
        accepted
    }

    pub fn try_seal(&mut self, what: Outgoing<'_>) -> Result<Sealed, SealError> {
        let id = self.conversation;
        seal(&mut self.ctx(), &id, what)
    }

    pub fn say(&mut self, text: &str) -> Sealed {
        self.try_seal(Outgoing::Text(text)).unwrap()
    }

    pub fn nothing(&mut self) -> Sealed {
        self.try_seal(Outgoing::Nothing).unwrap()
    }

    pub fn try_open(&mut self, slot: &Slot, boxed: &SealedBox) -> Result<Opened, OpenError> {
        let id = self.conversation;
        open(&mut self.ctx(), &id, slot, boxed)
    }

    pub fn read(&mut self, sealed: &Sealed) -> Opened {
        let opened = self.try_open(&sealed.slot, &sealed.boxed).unwrap();
        assert!(opened.consumed.contains(&sealed.slot));
        let odd = |happening: &Happening| {
            matches!(
                happening,
                Happening::Unreadable { .. } | Happening::Fork { .. }
            )
        };
        assert!(
            !opened.happenings.iter().any(odd),
            "{:?}",
            opened.happenings
        );
        opened
    }

    /// Every row of this crate's tables.
    pub fn rows(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let scan = |table| {
            let rows = self
                .store
                .scan(Table(table), &[], None, Order::Ascending, usize::MAX);
            rows.unwrap()
        };
        (0..32).flat_map(scan).collect()
    }

    pub fn holds(&self, bytes: &[u8]) -> bool {
        let within = |hay: &[u8]| hay.windows(bytes.len()).any(|window| window == bytes);
        self.rows()
            .iter()
            .any(|(key, value)| within(key) || within(value))
    }
}

pub fn relay(number: u8) -> RelayAddress {
    RelayAddress {
        endpoint: format!("127.0.0.1:{number}").parse().unwrap(),
        pin: ServerKeyPin::new([number; 32]),
        access: None,
    }
}

pub fn routes(direct: &DirectKeys, number: u8) -> Routes {
    Routes {
        relays: vec![relay(number)],
        direct: Some(direct.address()),
    }
}

/// Alice, who invited, and Bob, who redeemed, both established.
pub fn friends(seed: u64) -> (Person, Person) {
    let (mut alice, mut bob) = (Person::new(2 * seed), Person::new(2 * seed + 1));
    let created = alice.invite();
    let redeemed = bob.redeem(&created);
    alice.accept(&created, &redeemed);
    let first = alice.nothing();
    bob.read(&first);
    (alice, bob)
}

/// The texts among what happened.
pub fn texts(opened: &Opened) -> Vec<String> {
    let text = |happening: &Happening| match happening {
        Happening::Content {
            content: hushwing_protocol::Content::Text(text),
            ..
        } => Some(text.clone()),
        _ => None,
    };
    opened.happenings.iter().filter_map(text).collect()
}

/// A box with one bit changed.
pub fn flipped(boxed: &SealedBox, at: usize) -> SealedBox {
    let mut bytes = boxed.as_bytes().to_vec();
    bytes[at / 8] ^= 1 << (at % 8);
    SealedBox::from_slice(&bytes).unwrap()
}
