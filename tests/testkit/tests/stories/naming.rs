//! Names that the user gives to contacts. `[HW-NAME-1]` `[HW-NAME-2]`

use hushwing_engine::view::{Command, ContactView, ErrorCode, Event, Reply, Unsent};
use hushwing_protocol::store::{Order, Store as _, Table};
use hushwing_testkit::{PersonId, World};

/// The table of names, and that of contacts.
const NAMES: Table = Table(48);
const CONTACTS: Table = Table(32);

/// A name that stands nowhere else.
const CHOSEN: &str = "Bob the plumber";

struct Stage {
    world: World,
    alice: PersonId,
    bob: PersonId,
    to_bob: String,
}

impl Stage {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed, 2, 1);
        let (alice, bob) = (world.person(0), world.person(1));
        let (to_bob, _) = world.meet(alice, bob);
        world.run_for(60_000);
        Self {
            world,
            alice,
            bob,
            to_bob,
        }
    }

    fn rename(&mut self, who: &str, name: &str) -> Result<ContactView, ErrorCode> {
        let command = Command::ContactRename {
            contact: who.to_owned(),
            name: name.to_owned(),
        };
        match self.world.try_call(self.alice, command) {
            Ok(Reply::Contact(contact)) => Ok(contact),
            Ok(other) => panic!("a contact was asked for: {other:?}"),
            Err(error) => Err(error.code),
        }
    }

    fn bob_as_alice_sees_him(&mut self) -> ContactView {
        self.world.contacts(self.alice).remove(0)
    }

    fn names(&self) -> usize {
        let store = self.world.store(self.alice);
        let rows = store.scan(NAMES, &[], None, Order::Ascending, 10);
        rows.expect("it can be read").len()
    }
}

#[test]
fn a_contact_is_called_what_the_user_calls_it_and_is_told_nothing() {
    let mut stage = Stage::new(1);
    let own = stage.bob_as_alice_sees_him().name;
    assert!(!own.is_empty() && own != CHOSEN);
    let left = stage.world.left(stage.alice).len();
    let bobs_events = stage.world.events(stage.bob).len();

    let id = stage.to_bob.clone();
    let renamed = stage.rename(&id, &format!("  {CHOSEN} ")).expect("it can");
    assert_eq!(renamed.name, CHOSEN);
    assert_eq!(renamed.own_name.as_deref(), Some(own.as_str()));
    let told = stage
        .world
        .events(stage.alice)
        .iter()
        .rev()
        .find_map(|event| match event {
            Event::Contact(contact) => Some(contact.name.as_str()),
            _ => None,
        });
    assert_eq!(told, Some(CHOSEN), "front ends are told");
    stage.world.run_for(3_600_000);
    assert_eq!(
        stage.world.left(stage.alice).len(),
        left,
        "nothing went out"
    );
    assert_eq!(stage.world.events(stage.bob).len(), bobs_events);

    // It is found by that name alone, also after a start, and writing to it works.
    stage.world.stop(stage.alice);
    stage.world.start(stage.alice);
    assert_eq!(stage.bob_as_alice_sees_him(), renamed);
    stage.world.send(stage.alice, CHOSEN, "for the plumber");
    assert_eq!(stage.rename(&own, "another"), Err(ErrorCode::NotFound));
    let safety = stage.world.call(
        stage.alice,
        Command::SafetyNumber {
            contact: CHOSEN.to_owned(),
        },
    );
    assert!(matches!(safety, Reply::Safety(safety) if safety.name == CHOSEN));

    // An empty name gives the old one back, and leaves nothing of the other.
    let back = stage.rename(CHOSEN, " ").expect("it can");
    assert_eq!((back.name, back.own_name), (own, None));
    assert_eq!(stage.names(), 0);
}

#[test]
fn a_name_that_is_too_long_changes_nothing() {
    let mut stage = Stage::new(2);
    let before = stage.bob_as_alice_sees_him();
    let id = stage.to_bob.clone();
    assert_eq!(stage.rename(&id, &"n".repeat(65)), Err(ErrorCode::BadInput));
    assert_eq!(stage.bob_as_alice_sees_him(), before);
    stage
        .rename(&id, &"n".repeat(64))
        .expect("64 bytes are a name");
}

/// What the user calls somebody is not lost with a damaged row of the contact, and a
/// damaged name takes nothing else with it.
#[test]
fn a_name_and_a_contact_are_damaged_apart() {
    let mut stage = Stage::new(3);
    let own = stage.bob_as_alice_sees_him().name;
    let id = stage.to_bob.clone();
    stage.rename(&id, CHOSEN).expect("it can");
    let spoil = |stage: &mut Stage, table: Table| {
        stage.world.stop(stage.alice);
        stage.world.with_vault(stage.alice, |ctx| {
            let rows = ctx.store.scan(table, &[], None, Order::Ascending, 1);
            let (key, _) = rows.expect("it can be read").remove(0);
            ctx.store.put(table, &key, &[0xff]).expect("it is stored");
        });
        stage.world.start(stage.alice);
        stage.world.run_for(60_000);
    };
    spoil(&mut stage, CONTACTS);
    assert_eq!(stage.bob_as_alice_sees_him().name, CHOSEN);
    let named_in_full = stage
        .world
        .events(stage.alice)
        .iter()
        .any(|event| matches!(event, Event::Warning { text } if text.contains(CHOSEN)));
    assert!(named_in_full, "the warning names whom it is about");
    spoil(&mut stage, NAMES);
    assert_eq!(stage.bob_as_alice_sees_him().name, own);
}

#[test]
fn a_deleted_contact_leaves_no_name() {
    let mut stage = Stage::new(4);
    let id = stage.to_bob.clone();
    stage.rename(&id, CHOSEN).expect("it can");
    assert_eq!(stage.names(), 1);
    let command = Command::ContactDelete {
        contact: id,
        unsent: Unsent::Delete,
    };
    assert_eq!(stage.world.call(stage.alice, command), Reply::Done);
    assert_eq!(stage.names(), 0);
}
