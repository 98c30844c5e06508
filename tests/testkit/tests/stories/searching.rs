//! Finding what was said.

use hushwing_engine::view::{Command, ErrorCode, FoundView, Reply, Unsent};
use hushwing_protocol::store::{MemoryStore, Order, Store as _, Table};
use hushwing_testkit::{PersonId, World};

const DAY_MS: u64 = 24 * 3_600_000;

struct Stage {
    world: World,
    alice: PersonId,
    bob: PersonId,
    carol: PersonId,
    to_bob: String,
    to_carol: String,
    to_alice: String,
}

impl Stage {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed, 3, 1);
        let [alice, bob, carol] = [0, 1, 2].map(|number| world.person(number));
        let (to_bob, to_alice) = world.meet(alice, bob);
        let to_carol = {
            let before: Vec<_> = world
                .contacts(alice)
                .into_iter()
                .map(|one| one.id)
                .collect();
            world.meet(alice, carol);
            let mut all = world.contacts(alice).into_iter().map(|one| one.id);
            all.find(|id| !before.contains(id)).expect("Carol is there")
        };
        Self {
            world,
            alice,
            bob,
            carol,
            to_bob,
            to_carol,
            to_alice,
        }
    }

    fn look(&mut self, text: &str) -> Vec<String> {
        let found = self.search(looking(text)).0;
        found.into_iter().map(|one| one.message.text).collect()
    }

    fn search(&mut self, command: Command) -> (Vec<FoundView>, Option<String>) {
        match self.world.call(self.alice, command) {
            Reply::Found {
                found,
                next,
                complete: true,
            } => (found, next),
            other => panic!("something was looked for: {other:?}"),
        }
    }
}

fn looking(text: &str) -> Command {
    Command::Search {
        text: text.to_owned(),
        contact: None,
        since_ms: None,
        before_ms: None,
        limit: 100,
        after: None,
    }
}

/// `[HW-FIND-1]`
#[test]
fn messages_of_all_contacts_are_found_by_words_contact_and_time_the_newest_first() {
    let mut stage = Stage::new(1);
    let began_ms = stage.world.now_ms();
    stage
        .world
        .send(stage.alice, &stage.to_bob, "The Größe of the house");
    stage.world.run_for(DAY_MS);
    stage
        .world
        .send(stage.bob, &stage.to_alice, "a house, 東京都に");
    stage.world.run_for(DAY_MS);
    stage
        .world
        .send(stage.alice, &stage.to_carol, "houses everywhere");
    stage.world.run_for(DAY_MS);
    assert_eq!(
        stage.look("house"),
        [
            "houses everywhere",
            "a house, 東京都に",
            "The Größe of the house"
        ]
    );
    assert_eq!(stage.look("HOUSE grosse"), ["The Größe of the house"]);
    assert_eq!(stage.look("京都"), ["a house, 東京都に"]);
    assert_eq!(stage.look("mouse"), [""; 0]);
    let found = stage.search(looking("house")).0;
    assert_eq!(found[0].matches, [[0, 6]]);
    assert_eq!(found[1].matches, [[2, 7]]);
    let with = |contact: &str, since_ms, before_ms| Command::Search {
        text: "house".into(),
        contact: Some(contact.to_owned()),
        since_ms,
        before_ms,
        limit: 100,
        after: None,
    };
    let to_bob = stage.to_bob.clone();
    assert_eq!(stage.search(with(&to_bob, None, None)).0.len(), 2);
    let since = stage
        .search(with(&to_bob, Some(began_ms + DAY_MS / 2), None))
        .0;
    assert_eq!(since.len(), 1);
    assert_eq!(since[0].message.text, "a house, 東京都に");
    let before = stage
        .search(with(&to_bob, None, Some(began_ms + DAY_MS / 2)))
        .0;
    assert_eq!(before[0].message.text, "The Größe of the house");
    assert_eq!(before.len(), 1);
    // The same after a start.
    stage.world.start(stage.alice);
    assert_eq!(stage.look("house").len(), 3);
    // Of the other side all of it is found too.
    let command = looking("größe");
    let Reply::Found { found, .. } = stage.world.call(stage.bob, command) else {
        panic!("something was looked for");
    };
    assert_eq!(found.len(), 1);
    let _ = stage.carol;
}

#[test]
fn pages_of_what_is_found_leave_nothing_out() {
    let mut stage = Stage::new(2);
    for number in 0..25 {
        let text = format!("number {number}");
        stage.world.send(stage.alice, &stage.to_bob, &text);
        if number % 4 == 0 {
            stage.world.run_for(2_000);
        }
    }
    let mut texts = Vec::new();
    let mut after = None;
    loop {
        let (found, next) = stage.search(Command::Search {
            text: "number".into(),
            contact: None,
            since_ms: None,
            before_ms: None,
            limit: 7,
            after,
        });
        texts.extend(found.into_iter().map(|one| one.message.text));
        after = next;
        if after.is_none() {
            break;
        }
    }
    let wanted: Vec<_> = (0..25)
        .rev()
        .map(|number| format!("number {number}"))
        .collect();
    assert_eq!(texts, wanted);
}

/// `[HW-DEL-1]` `[HW-FIND-1]`
#[test]
fn what_is_deleted_is_found_no_more() {
    let mut stage = Stage::new(3);
    for text in ["secret one", "secret two", "secret three"] {
        stage.world.send(stage.alice, &stage.to_bob, text);
        stage.world.run_for(60_000);
    }
    stage
        .world
        .send(stage.alice, &stage.to_carol, "secret four");
    stage.world.run_for(60_000);
    let id = stage.search(looking("two")).0[0].message.id.clone();
    let unsent = Unsent::Refuse;
    stage
        .world
        .call(stage.alice, Command::MessageDelete { id, unsent });
    assert_eq!(
        stage.look("secret"),
        ["secret four", "secret three", "secret one"]
    );
    let contact = stage.to_bob.clone();
    stage
        .world
        .call(stage.alice, Command::HistoryDelete { contact, unsent });
    assert_eq!(stage.look("secret"), ["secret four"]);
    let contact = stage.to_carol.clone();
    stage
        .world
        .call(stage.alice, Command::ContactDelete { contact, unsent });
    assert_eq!(stage.look("secret"), [""; 0]);
}

#[test]
fn what_cannot_be_looked_for_is_refused_with_a_sentence() {
    let mut stage = Stage::new(4);
    for text in ["", "  ", "…—!", &"a".repeat(257)] {
        let refused = stage.world.try_call(stage.alice, looking(text));
        assert_eq!(refused.unwrap_err().code, ErrorCode::BadInput, "{text:?}");
    }
    let mut command = looking("word");
    if let Command::Search { after, .. } = &mut command {
        *after = Some("where?".into());
    }
    let refused = stage.world.try_call(stage.alice, command);
    assert_eq!(refused.unwrap_err().code, ErrorCode::BadInput);
    // Words of FTS5 are words.
    stage
        .world
        .send(stage.alice, &stage.to_bob, "NEAR or AND NOT");
    assert_eq!(stage.look("\"near\" OR"), ["NEAR or AND NOT"]);
    assert_eq!(stage.look("near* nothere"), [""; 0]);
}

/// A store of an older format, or a salvaged one: rows without an index.
#[test]
fn messages_of_before_are_taken_into_the_index_step_by_step() {
    let mut stage = Stage::new(5);
    for number in 0..500 {
        let text = format!("number {number}");
        stage.world.send(stage.alice, &stage.to_bob, &text);
        stage.world.run_for(2_000);
    }
    let rows_alone = MemoryStore::new();
    for table in (0..=u8::MAX).map(Table) {
        let store = stage.world.store(stage.alice);
        let rows = store.scan(table, &[], None, Order::Ascending, usize::MAX);
        for (key, value) in rows.expect("memory does not fail") {
            rows_alone.put(table, &key, &value).expect("memory");
        }
    }
    stage.world.stop(stage.alice);
    stage
        .world
        .with_vault_back(stage.alice, &rows_alone.snapshot());
    stage.world.start(stage.alice);
    let Reply::Found { complete, .. } = stage.world.call(stage.alice, looking("number")) else {
        panic!("something was looked for");
    };
    assert!(!complete);
    // What is written meanwhile is there at once, and once.
    stage.world.send(stage.alice, &stage.to_bob, "number last");
    stage.world.run_for(1_000);
    assert_eq!(stage.look("number last"), ["number last"]);
    assert_eq!(stage.look("number 0"), ["number 0"]);
    let all = stage.look("number");
    assert_eq!(all[1], "number 499");
    stage.world.start(stage.alice);
    assert_eq!(stage.look("number 250"), ["number 250"]);
}
