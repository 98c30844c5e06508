//! The whole engine of one account: boxes of a hostile contact, and commands of
//! a program that holds the session's secret.

use std::sync::OnceLock;

use hushwing_engine::{
    ContactId, Ctx, Engine,
    view::{Command, CommandError, ErrorCode, NetworkView, Reply},
};
use hushwing_protocol::{
    conversations,
    store::{MemoryStore, Snapshot},
};
use hushwing_testkit::World;
use hushwing_wire::{SealedBox, Slot};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

use crate::{
    people::{Frozen, Person},
    protocol::forge_in_lane,
    recovery::forge_as,
};

/// Commands of one script.
const MAX_COMMANDS: usize = 8;

/// Two who met and wrote to each other, and stopped.
struct Made {
    alice: Snapshot,
    bob: Frozen,
    now_ms: u64,
    /// The beginning of what names Bob and a message, for first inputs.
    contact: String,
    message: String,
}

fn made() -> &'static Made {
    static MADE: OnceLock<Made> = OnceLock::new();
    MADE.get_or_init(|| {
        let mut world = World::new(20, 2, 2);
        let (alice, bob) = (world.person(0), world.person(1));
        let (his, hers) = world.meet(alice, bob);
        world.send(alice, &his, "hello");
        world.send(bob, &hers, "hello yourself");
        world.run_for(60_000);
        let message = world.read(alice, &his).remove(0).id;
        let store = MemoryStore::new();
        store.restore(&world.snapshot(bob));
        let mut person = Person::new(21);
        person.conversation = conversations(&store).unwrap()[0];
        person.store = store;
        Made {
            alice: world.snapshot(alice),
            bob: person.freeze(),
            now_ms: world.now_ms(),
            contact: his,
            message,
        }
    })
}

/// Alice's account.
struct Account {
    store: MemoryStore,
    engine: Engine,
    rng: ChaCha20Rng,
    now_ms: u64,
}

impl Account {
    fn open() -> Self {
        let made = made();
        let store = MemoryStore::new();
        store.restore(&made.alice);
        let mut rng = ChaCha20Rng::seed_from_u64(22);
        let now_ms = made.now_ms;
        let mut ctx = Ctx {
            store: &store,
            rng: &mut rng,
            now_ms,
        };
        let mut engine = Engine::resume(&mut ctx, false).unwrap();
        engine
            .network_changed(&mut ctx, NetworkView::Ready)
            .unwrap();
        let mut account = Self {
            store,
            engine,
            rng,
            now_ms,
        };
        account.drain();
        account
    }

    fn step<T>(&mut self, step: impl FnOnce(&mut Engine, &mut Ctx<'_>) -> T) -> T {
        let mut ctx = Ctx {
            store: &self.store,
            rng: &mut self.rng,
            now_ms: self.now_ms,
        };
        step(&mut self.engine, &mut ctx)
    }

    /// Takes what came out; how much.
    fn drain(&mut self) -> usize {
        let transmits = std::iter::from_fn(|| self.engine.poll_transmit().map(drop)).count();
        let events = std::iter::from_fn(|| self.engine.poll_event()).count();
        transmits + events
    }

    fn command(&mut self, command: Command) -> Result<Reply, CommandError> {
        self.step(|engine, ctx| engine.command(ctx, command))
    }

    /// What a program still gets after anything: the account answers, and its
    /// vault can be opened again.
    fn works(&mut self) {
        let contact = made().contact.clone();
        for command in [
            Command::Contacts,
            Command::Doctor,
            Command::InviteList,
            Command::Read {
                contact: contact.clone(),
                limit: 1_000,
                after: None,
                before: None,
            },
            Command::Send {
                contact,
                text: "still here".to_owned(),
            },
        ] {
            let reply = self.command(command);
            assert!(reply.is_ok(), "{reply:?}");
        }
        self.drain();
        self.now_ms += 1_000;
        self.step(Engine::tick).unwrap();
        self.step(|_, ctx| Engine::resume(ctx, false).map(drop))
            .unwrap();
    }
}

/// An authentic box of Bob's with anything inside. The first byte: the way it
/// comes by (bit 0: a relay, or his push to our node), and its kind (bit 1: in
/// his lane, or outside of the lanes); the rest as `conversation_box` and
/// `recovery_box` read it. The engine takes the step, whatever it holds.
pub fn engine_box(input: &[u8]) {
    let Some((&first, rest)) = input.split_first() else {
        return;
    };
    let mut bob = made().bob.thaw();
    let forged: Option<(Slot, SealedBox)> = if first & 2 == 0 {
        forge_in_lane(&mut bob, rest)
    } else {
        forge_as(&mut bob, rest).map(|forged| (forged.slot, forged.boxed))
    };
    let Some((slot, boxed)) = forged else { return };
    let mut alice = Account::open();
    let wait = alice
        .engine
        .waits()
        .into_iter()
        .find(|wait| wait.slots.contains(&slot));
    let wait = wait.expect("she waits where he writes");
    if first & 1 == 0 {
        alice
            .step(|engine, ctx| engine.box_found(ctx, &wait.relay, &slot, &boxed))
            .unwrap();
    } else {
        let contact: ContactId = *alice.engine.listening().keys().next().unwrap();
        alice
            .step(|engine, ctx| engine.direct_put(ctx, &contact, &slot, &boxed))
            .unwrap();
    }
    alice.drain();
    alice.works();
}

/// Commands, one JSON object a line, to an account with a contact and messages.
/// What is refused changed nothing; nothing fails for want of our own making.
pub fn engine_command(input: &[u8]) {
    let mut alice = Account::open();
    for line in input.split(|&byte| byte == b'\n').take(MAX_COMMANDS) {
        let Ok(command) = serde_json::from_slice::<Command>(line) else {
            continue;
        };
        let before = alice.store.snapshot();
        match alice.command(command) {
            Ok(reply) => {
                let written = serde_json::to_vec(&reply).unwrap();
                let again: Reply = serde_json::from_slice(&written).unwrap();
                assert_eq!(again, reply);
            }
            Err(error) => {
                assert!(
                    matches!(
                        error.code,
                        ErrorCode::BadInput
                            | ErrorCode::NotFound
                            | ErrorCode::Limit
                            | ErrorCode::Refused
                    ),
                    "{error:?}"
                );
                assert!(error.message.len() < 600, "{error:?}");
                assert!(
                    alice.store.snapshot() == before,
                    "a refusal left rows: {error:?}"
                );
                assert_eq!(alice.drain(), 0, "a refusal caused something: {error:?}");
            }
        }
        alice.drain();
    }
    alice.now_ms += 1_000;
    alice.step(Engine::tick).unwrap();
    alice
        .step(|_, ctx| Engine::resume(ctx, false).map(drop))
        .unwrap();
}

/// What names Bob and a message in commands.
pub(crate) fn names() -> (String, String) {
    (made().contact.clone(), made().message.clone())
}
