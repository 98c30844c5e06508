//! Damaged rows: what they stop and what they do not. `[HW-ENG-4]` `[HW-ENG-5]`

use std::collections::{BTreeMap, BTreeSet};

use hushwing_engine::view::{
    Command, ContactPhase, DeliveryPolicy, Finding, FindingKind, MessageState, ReadReports, Reply,
};
use hushwing_protocol::store::{Order, Store as _, Table};
use hushwing_testkit::{PersonId, World};

const HOUR_MS: u64 = 3_600_000;

/// Tables whose damage needs a word of its own here.
const RECOVERY: Table = Table(5);
const MESSAGES: Table = Table(33);
const OUTBOX: Table = Table(35);
const SETTINGS: Table = Table(42);

/// Alice with two contacts, and something in every table.
struct Stage {
    world: World,
    alice: PersonId,
    bob: PersonId,
    carol: PersonId,
    /// Alice's ids of the two, and theirs of her.
    to_bob: String,
    to_carol: String,
    bobs: String,
    carols: String,
}

impl Stage {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed, 3, 2);
        let [alice, bob, carol] = [0, 1, 2].map(|number| world.person(number));
        let policy = Some(DeliveryPolicy::Automatic);
        for who in [alice, bob, carol] {
            let settings = Command::Settings {
                read_reports: Some(ReadReports::On),
                relays_told: Some(2),
                lock_after_minutes: None,
            };
            world.call(who, settings);
        }
        let (to_bob, bobs) = world.meet(alice, bob);
        let before: BTreeSet<String> = ids(&mut world, alice);
        let (_, carols) = world.meet(alice, carol);
        let to_carol = ids(&mut world, alice)
            .difference(&before)
            .next()
            .expect("Carol is new")
            .clone();
        world.call(alice, Command::Delivery { policy });
        // A parked box of Bob's, a drop that waits, a box without a receipt, a
        // report that is due, an invite that is open.
        world.direct_works = false;
        world.send(bob, &bobs, "b0");
        world.send(alice, &to_carol, "c0");
        world.run_for(60_000);
        world.relay(1).up = false;
        world.send(bob, &bobs, "b1");
        world.run_for(10_000);
        world.stop(bob);
        world.send(alice, &to_bob, "a0");
        world.send(alice, &to_bob, "a1");
        world.invite(alice);
        world.call(
            alice,
            Command::MarkRead {
                contact: to_bob.clone(),
                from: 0,
                up_to: 100,
            },
        );
        Self {
            world,
            alice,
            bob,
            carol,
            to_bob,
            to_carol,
            bobs,
            carols,
        }
    }

    fn findings(&mut self) -> Vec<Finding> {
        match self.world.call(self.alice, Command::Doctor) {
            Reply::Doctor { findings } => findings,
            other => panic!("findings were asked for: {other:?}"),
        }
    }
}

fn ids(world: &mut World, who: PersonId) -> BTreeSet<String> {
    let contacts = world.contacts(who).into_iter();
    contacts.map(|contact| contact.id).collect()
}

/// One row of each kind in the vault, those of Bob's conversation first.
fn every_kind(stage: &Stage) -> BTreeMap<(u8, Vec<u8>), Vec<u8>> {
    let store = stage.world.store(stage.alice);
    let bob = data_encoding::HEXLOWER
        .decode(stage.to_bob.as_bytes())
        .expect("an id is hexadecimal");
    let contact = store
        .get(Table(32), &bob)
        .expect("memory")
        .expect("Bob has a row");
    let conversations = hushwing_protocol::conversations(store).expect("memory");
    let is_bobs = |key: &[u8]| {
        let within = |id: &[u8]| {
            let id = as_in_a_row(id);
            contact.windows(id.len()).any(|window| window == id)
        };
        key.windows(16).any(|window| window == bob)
            || conversations
                .iter()
                .any(|id| within(id.as_bytes()) && key.starts_with(id.as_bytes()))
    };
    assert_eq!(
        conversations
            .iter()
            .filter(|id| is_bobs(id.as_bytes()))
            .count(),
        1,
        "Bob's row names one conversation"
    );
    let mut found = BTreeMap::new();
    for table in 0..64 {
        let rows = store
            .scan(Table(table), &[], None, Order::Ascending, usize::MAX)
            .expect("memory");
        for (key, value) in rows {
            if value.is_empty() {
                continue;
            }
            let kind = match table {
                // The kind of an MLS row; the tag of what is to be put.
                0 => vec![key[32]],
                35 | 36 => vec![key[0]],
                42 => key.clone(),
                _ => Vec::new(),
            };
            let place = (table, kind);
            if is_bobs(&key) || !found.contains_key(&place) {
                found.insert(place, key);
            }
        }
    }
    found
}

/// An id as a row holds it: the integers of a CBOR array (RFC 8949 §3.1).
fn as_in_a_row(id: &[u8]) -> Vec<u8> {
    let integer = |byte: &u8| match *byte {
        byte @ ..=23 => vec![byte],
        byte => vec![0x18, byte],
    };
    id.iter().flat_map(integer).collect()
}

#[derive(Clone, Copy, Debug)]
enum Spoil {
    Flip,
    Cut,
}

fn spoil(stage: &Stage, table: Table, key: &[u8], how: Spoil) {
    let store = stage.world.store(stage.alice);
    let mut value = store.get(table, key).expect("memory").expect("a row");
    match how {
        Spoil::Flip => {
            let middle = value.len() / 2;
            value[middle] ^= 4;
        }
        Spoil::Cut => value.truncate(value.len() / 2),
    }
    store.put(table, key, &value).expect("memory");
}

#[test]
fn a_damaged_row_stops_nothing_else_and_never_passes_for_what_was_written() {
    let kinds = every_kind(&Stage::new(500));
    for table in [0, 1, 2, 4, 5, 32, 33, 35, 36, 37, 38, 39, 40, 41, 42] {
        assert!(
            kinds.keys().any(|(of, _)| *of == table),
            "nothing in table {table} is damaged"
        );
    }
    for (table, kind) in kinds.keys() {
        for how in [Spoil::Flip, Spoil::Cut] {
            let mut stage = Stage::new(500);
            let key = every_kind(&stage)
                .remove(&(*table, kind.clone()))
                .expect("the same story has the same rows");
            stage.world.stop(stage.alice);
            spoil(&stage, Table(*table), &key, how);
            let story = format!("table {table}, kind {kind:?}, {how:?}");
            goes_on(stage, Table(*table), &story);
        }
    }
}

fn goes_on(mut stage: Stage, table: Table, story: &str) {
    let (alice, bob, carol) = (stage.alice, stage.bob, stage.carol);
    stage.world.start(alice);
    stage.world.relay(1).up = true;
    stage.world.start(bob);
    if stage.findings().iter().any(|finding| {
        finding.kind == FindingKind::Damaged && finding.what.contains("your choice of ways")
    }) {
        assert_eq!(table, SETTINGS, "{story}");
        let policy = Some(DeliveryPolicy::Automatic);
        stage.world.call(alice, Command::Delivery { policy });
    }

    // Carol notices nothing.
    stage.world.send(alice, &stage.to_carol, "c1");
    stage.world.send(carol, &stage.carols, "c2");
    stage.world.run_for(120_000);
    let hers = stage.world.read(carol, &stage.carols);
    for (text, wanted) in [
        ("c1", MessageState::Received),
        ("c2", MessageState::Delivered),
    ] {
        let found = hers.iter().find(|message| message.text == text);
        assert_eq!(
            found.map(|message| &message.state),
            Some(&wanted),
            "{story}: {text}"
        );
    }

    // With Bob it goes on, or people are told why not.
    let sent = stage.world.try_call(
        alice,
        Command::Send {
            contact: stage.to_bob.clone(),
            text: "a2".into(),
        },
    );
    stage.world.send(bob, &stage.bobs, "b2");
    stage.world.run_for(12 * HOUR_MS);
    let closed = stage.world.contacts(alice).into_iter().any(|contact| {
        contact.id == stage.to_bob && matches!(contact.phase, ContactPhase::Damaged { .. })
    });
    assert_eq!(sent.is_err(), closed, "{story}: {sent:?}");
    let found = stage.findings();
    let is_told = found
        .iter()
        .any(|finding| finding.kind == FindingKind::Damaged);
    let mine = stage.world.read(alice, &stage.to_bob);
    let his = stage.world.read(bob, &stage.bobs);
    let texts: BTreeSet<&str> = his.iter().map(|message| message.text.as_str()).collect();
    let (mut damaged, mut arrived) = (0, 0);
    for message in &mine {
        match &message.state {
            MessageState::Delivered | MessageState::Read => {
                assert!(
                    texts.contains(message.text.as_str()),
                    "{story}: {message:?}"
                );
                arrived += 1;
            }
            MessageState::Received => {
                assert!(
                    ["b0", "b1", "b2"].contains(&message.text.as_str()),
                    "{story}: {message:?}"
                );
                arrived += 1;
            }
            MessageState::Damaged { .. } => damaged += 1,
            state => assert!(closed, "{story}: {state:?}"),
        }
    }
    if closed {
        assert!(is_told, "{story}: {found:?}");
        return;
    }
    assert_eq!(
        damaged > 0,
        is_told && table == MESSAGES,
        "{story}: {found:?}"
    );
    assert_eq!(arrived + damaged, 6, "{story}: {mine:?}");
    for text in ["a0", "a1", "a2"] {
        let count = his.iter().filter(|message| message.text == text).count();
        assert_eq!(count, 1, "{story}: {text}");
    }
    assert!(
        !stage
            .world
            .contacts(alice)
            .iter()
            .any(|contact| contact.repairing),
        "{story}"
    );
}

#[test]
fn a_message_that_is_damaged_is_shown_as_that_and_its_id_still_names_it() {
    let mut stage = Stage::new(501);
    let (alice, to_bob) = (stage.alice, stage.to_bob.clone());
    let known = stage.world.read(alice, &to_bob);
    stage.world.stop(alice);
    let rows = stage
        .world
        .store(alice)
        .scan(MESSAGES, &[], None, Order::Ascending, usize::MAX)
        .expect("memory");
    let bob = data_encoding::HEXLOWER
        .decode(to_bob.as_bytes())
        .expect("an id is hexadecimal");
    for (key, _) in rows.iter().filter(|(key, _)| key.starts_with(&bob)) {
        spoil(&stage, MESSAGES, key, Spoil::Flip);
    }
    stage.world.start(alice);
    let damaged = stage.world.read(alice, &to_bob);
    assert_eq!(damaged.len(), known.len());
    for message in known {
        let Reply::Ledger(ledger) = stage.world.call(alice, Command::Message { id: message.id })
        else {
            panic!("a ledger was asked for");
        };
        assert_eq!(ledger.message.position, message.position);
        assert_eq!(ledger.message.mine, message.mine);
        assert!(matches!(ledger.message.state, MessageState::Damaged { .. }));
        assert_eq!(ledger.message.text, "");
    }
    let finding = stage.findings();
    assert!(
        finding.iter().any(
            |found| found.kind == FindingKind::Damaged && found.about.as_ref() == Some(&to_bob)
        ),
        "{finding:?}"
    );
}

#[test]
fn what_was_undone_because_of_damage_is_never_acknowledged() {
    let mut world = World::new(502, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (to_bob, bobs) = world.meet(alice, bob);
    world.run_for(60_000);
    world.direct_works = false;
    world.stop(bob);
    world.send(alice, &to_bob, "a0");
    world.run_for(5_000);
    world.start(bob);
    while world
        .read(bob, &bobs)
        .iter()
        .all(|found| found.text != "a0")
    {
        world.run_for(10);
    }
    // Bob's next box acknowledges hers, whose row is damaged, and so is the
    // secret without which nothing can be mended.
    world.relay(0).up = false;
    world.direct_works = true;
    for table in [OUTBOX, RECOVERY] {
        let rows = world
            .store(alice)
            .scan(table, &[], None, Order::Ascending, usize::MAX)
            .expect("memory");
        assert!(!rows.is_empty(), "{table:?} has rows");
        for (key, mut value) in rows {
            value[0] ^= 1;
            world.store(alice).put(table, &key, &value).expect("memory");
        }
    }
    world.send(bob, &bobs, "b0");
    world.run_for(HOUR_MS);
    let closed = world.contacts(alice);
    assert!(
        matches!(closed[0].phase, ContactPhase::Damaged { .. }),
        "{closed:?}"
    );
    assert!(world.read(alice, &to_bob).iter().all(|found| found.mine));
    let his = world.read(bob, &bobs);
    let b0 = his.iter().find(|found| found.text == "b0");
    let state = &b0.expect("Bob wrote it").state;
    assert!(
        !matches!(state, MessageState::Delivered | MessageState::Read),
        "{state:?}"
    );
}
