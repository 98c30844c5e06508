//! Deleting for oneself: gone from every row, and nothing brings it back.

use hushwing_engine::view::{Command, ErrorCode, MessageState, NetworkView, Reply, Unsent};
use hushwing_protocol::store::{Order, Store as _, Table};
use hushwing_testkit::{PersonId, World};

const DAY_MS: u64 = 24 * 3_600_000;

/// A row of any table.
type Row = (u8, Vec<u8>, Vec<u8>);

/// Alice and Bob, who have met and written to each other.
struct Stage {
    world: World,
    alice: PersonId,
    bob: PersonId,
    to_bob: String,
    to_alice: String,
}

impl Stage {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed, 2, 2);
        let (alice, bob) = (world.person(0), world.person(1));
        let (to_bob, to_alice) = world.meet(alice, bob);
        world.send(alice, &to_bob, "MARK of Alice");
        world.send(bob, &to_alice, "MARK of Bob");
        world.run_for(60_000);
        Self {
            world,
            alice,
            bob,
            to_bob,
            to_alice,
        }
    }

    /// Alice's texts, in their order.
    fn texts(&mut self) -> Vec<String> {
        let messages = self.world.read(self.alice, &self.to_bob).into_iter();
        messages.map(|message| message.text).collect()
    }

    fn bobs_texts(&mut self) -> Vec<String> {
        let messages = self.world.read(self.bob, &self.to_alice).into_iter();
        messages.map(|message| message.text).collect()
    }

    fn id_of(&mut self, text: &str) -> String {
        let messages = self.world.read(self.alice, &self.to_bob).into_iter();
        let mut found = messages.filter(|message| message.text == text);
        found.next().expect("there is such a message").id
    }

    fn delete(&mut self, text: &str, unsent: Unsent) -> Result<Reply, ErrorCode> {
        let id = self.id_of(text);
        let command = Command::MessageDelete { id, unsent };
        let deleted = self.world.try_call(self.alice, command);
        deleted.map_err(|error| error.code)
    }

    fn delete_contact(&mut self, unsent: Unsent) -> Result<Reply, ErrorCode> {
        let contact = self.to_bob.clone();
        let command = Command::ContactDelete { contact, unsent };
        let deleted = self.world.try_call(self.alice, command);
        deleted.map_err(|error| error.code)
    }

    /// All rows of Alice's vault.
    fn rows(&self) -> Vec<Row> {
        rows(&self.world, self.alice)
    }

    fn nobody_is_reached(&mut self) {
        self.world.direct_works = false;
        for number in 0..self.world.relays() {
            self.world.relay(number).up = false;
        }
    }

    fn everybody_is_reached(&mut self) {
        self.world.direct_works = true;
        for number in 0..self.world.relays() {
            self.world.relay(number).up = true;
        }
        self.world.call(self.alice, Command::RetryNow);
    }
}

fn rows(world: &World, who: PersonId) -> Vec<Row> {
    let of = |table: u8| {
        let found = world
            .store(who)
            .scan(Table(table), &[], None, Order::Ascending, usize::MAX);
        let found = found.expect("memory does not fail").into_iter();
        found.map(move |(key, value)| (table, key, value))
    };
    (0..=u8::MAX).flat_map(of).collect()
}

fn holds(rows: &[Row], what: &[u8]) -> bool {
    let is_in = |bytes: &[u8]| bytes.windows(what.len()).any(|window| window == what);
    rows.iter()
        .any(|(_, key, value)| is_in(key) || is_in(value))
}

/// `[HW-DEL-1]` `[HW-DEL-3]`
#[test]
fn a_deleted_message_is_in_no_row_and_nothing_brings_it_back() {
    let mut stage = Stage::new(1);
    let before_bob = stage.world.snapshot(stage.bob);
    stage.world.send(stage.bob, &stage.to_alice, "said later");
    stage.world.run_for(60_000);
    assert!(holds(&stage.rows(), b"MARK of"));
    for text in ["MARK of Alice", "MARK of Bob"] {
        stage.delete(text, Unsent::Refuse).expect("it is deleted");
    }
    stage
        .delete("said later", Unsent::Refuse)
        .expect("it is deleted");
    assert!(!holds(&stage.rows(), b"MARK of"));
    assert!(!holds(&stage.rows(), b"said later"));
    assert_eq!(stage.texts(), [""; 0]);
    let Reply::Chats { chats } = stage.world.call(stage.alice, Command::Chats) else {
        panic!("chats were asked for");
    };
    let unread: Vec<_> = chats.iter().map(|c| (c.unread, c.unread_from)).collect();
    assert_eq!(unread, [(0, None)], "what is gone is not unread");
    // Bob comes back from a backup and says all of it again.
    stage.world.restore(stage.bob, &before_bob);
    stage.world.send(stage.bob, &stage.to_alice, "and on");
    stage.world.run_for(2 * DAY_MS);
    let contact = stage.to_bob.clone();
    stage.world.call(stage.alice, Command::Repair { contact });
    stage.world.run_for(2 * DAY_MS);
    assert_eq!(stage.texts(), ["and on"]);
    assert!(!holds(&stage.rows(), b"MARK of"));
    assert_eq!(stage.bobs_texts().len(), 3);
}

/// `[HW-DEL-2]`
#[test]
fn what_is_not_there_yet_is_deleted_only_by_a_command_that_says_so() {
    let mut stage = Stage::new(2);
    stage.nobody_is_reached();
    stage.world.send(stage.alice, &stage.to_bob, "in a box");
    let contact = stage.to_bob.clone();
    stage.world.call(stage.alice, Command::Repair { contact });
    stage.world.send(stage.alice, &stage.to_bob, "kept back");
    stage.world.run_for(10_000);
    let before = stage.world.snapshot(stage.alice);
    for text in ["in a box", "kept back"] {
        let refused = stage.delete(text, Unsent::Refuse);
        assert_eq!(refused.unwrap_err(), ErrorCode::NotArrived);
    }
    let contact = stage.to_bob.clone();
    let history = Command::HistoryDelete {
        contact,
        unsent: Unsent::Refuse,
    };
    let refused = stage.world.try_call(stage.alice, history);
    assert_eq!(refused.unwrap_err().code, ErrorCode::NotArrived);
    let refused = stage.delete_contact(Unsent::Refuse);
    assert_eq!(refused.unwrap_err(), ErrorCode::NotArrived);
    assert_eq!(stage.world.snapshot(stage.alice), before);

    stage
        .delete("kept back", Unsent::Delete)
        .expect("withdrawn");
    stage.everybody_is_reached();
    stage.world.run_for(DAY_MS);
    // The other one goes as it did before, and the conversation goes on.
    stage.world.send(stage.alice, &stage.to_bob, "after");
    stage.world.run_for(DAY_MS);
    let texts = stage.bobs_texts();
    assert_eq!(texts[2..], ["in a box", "after"]);
}

/// `[HW-DEL-2]`
#[test]
fn a_sealed_message_that_is_deleted_by_force_still_goes_and_leaves_no_hole() {
    let mut stage = Stage::new(3);
    stage.nobody_is_reached();
    stage.world.send(stage.alice, &stage.to_bob, "in a box");
    stage.world.run_for(10_000);
    stage
        .delete("in a box", Unsent::Delete)
        .expect("it is deleted");
    assert!(!holds(&stage.rows(), b"in a box"));
    stage.everybody_is_reached();
    stage.world.send(stage.alice, &stage.to_bob, "after");
    stage.world.run_for(DAY_MS);
    let texts = stage.bobs_texts();
    assert_eq!(texts[2..], ["in a box", "after"]);
    let hers = stage.world.read(stage.alice, &stage.to_bob);
    assert_eq!(hers.len(), 3);
    let states = hers.iter().map(|message| &message.state);
    assert!(
        states
            .into_iter()
            .all(|state| matches!(state, MessageState::Delivered | MessageState::Received))
    );
}

/// `[HW-DEL-1]`
#[test]
fn a_history_is_deleted_and_the_conversation_goes_on() {
    let mut stage = Stage::new(4);
    let contact = stage.to_bob.clone();
    let unsent = Unsent::Refuse;
    stage
        .world
        .call(stage.alice, Command::HistoryDelete { contact, unsent });
    assert_eq!(stage.texts(), [""; 0]);
    assert!(!holds(&stage.rows(), b"MARK of"));
    stage.world.send(stage.alice, &stage.to_bob, "once more");
    stage.world.send(stage.bob, &stage.to_alice, "and again");
    stage.world.run_for(60_000);
    stage.world.start(stage.alice);
    let mut texts = stage.texts();
    texts.sort();
    assert_eq!(texts, ["and again", "once more"]);
}

/// `[HW-DEL-4]`
#[test]
fn a_deleted_contact_leaves_no_row_and_its_late_boxes_bring_nothing_back() {
    for by_relay in [true, false] {
        let mut stage = Stage::new(5);
        stage.world.direct_works = !by_relay;
        stage.world.run_for(60_000);
        // On its way while she deletes him.
        stage.world.send(stage.bob, &stage.to_alice, "too late");
        let id = data_encoding::HEXLOWER.decode(stage.to_bob.as_bytes());
        let id = id.expect("an id is hexadecimal");
        assert!(holds(&stage.rows(), &id));
        stage.delete_contact(Unsent::Refuse).expect("deleted");
        let after = stage.rows();
        assert!(!holds(&after, &id));
        assert!(!holds(&after, b"MARK of"));
        for table in [
            0, 1, 2, 3, 5, 32, 33, 34, 35, 36, 37, 40, 41, 43, 45, 46, 47,
        ] {
            let left = after.iter().filter(|(of, ..)| *of == table).count();
            assert_eq!(left, 0, "table {table}");
        }
        for _ in 0..3 {
            stage.world.send(stage.bob, &stage.to_alice, "still here?");
            stage.world.run_for(DAY_MS);
            assert_eq!(rows_but_time(&stage.rows()), rows_but_time(&after));
            stage.world.start(stage.alice);
        }
        assert!(stage.world.contacts(stage.alice).is_empty());
        let network = NetworkView::Ready;
        stage.world.network_is(stage.alice, network);
        // Bob does not take it for delivered.
        let his = stage.world.read(stage.bob, &stage.to_alice);
        let last = his.last().expect("he wrote");
        assert!(!matches!(last.state, MessageState::Delivered));
        // They can meet anew.
        let (to_bob, to_alice) = stage.world.meet(stage.alice, stage.bob);
        stage.world.send(stage.alice, &to_bob, "hello again");
        stage.world.run_for(60_000);
        let his = stage.world.read(stage.bob, &to_alice);
        assert_eq!(his.len(), 1);
    }
}

/// What is remembered about relays changes as time passes, and expired invites go.
fn rows_but_time(rows: &[Row]) -> Vec<Row> {
    let of_time = |row: &&Row| matches!(row.0, 4 | 39) || row.1 == b"relay_care";
    rows.iter().filter(|row| !of_time(row)).cloned().collect()
}

/// `[HW-DEL-1]`
#[test]
fn a_damaged_contact_is_deleted_with_its_keys() {
    let mut stage = Stage::new(6);
    stage.world.stop(stage.alice);
    for table in [32, 33, 1] {
        for (_, key, mut value) in stage.rows().into_iter().filter(|row| row.0 == table) {
            if let Some(byte) = value.first_mut() {
                *byte ^= 1;
            }
            let store = stage.world.store(stage.alice);
            store.put(Table(table), &key, &value).expect("memory");
        }
    }
    stage.world.start(stage.alice);
    stage.delete_contact(Unsent::Refuse).expect("deleted");
    let left = stage.rows();
    assert!(!holds(&left, b"MARK of"));
    for table in [1, 2, 3, 5, 32, 33, 40, 41] {
        let left = left.iter().filter(|(of, ..)| *of == table).count();
        assert_eq!(left, 0, "table {table}");
    }
}

/// What was deleted must be cleared from the files, also by the next program.
#[test]
fn that_files_must_be_cleared_is_known_until_it_is_done() {
    let mut stage = Stage::new(7);
    let before = stage.rows().len();
    stage
        .delete("MARK of Bob", Unsent::Refuse)
        .expect("deleted");
    assert!(stage.world.must_clear(stage.alice));
    stage.world.start(stage.alice);
    assert!(stage.world.must_clear(stage.alice));
    stage.world.cleared(stage.alice);
    assert!(!stage.world.must_clear(stage.alice));
    stage.world.start(stage.alice);
    assert!(!stage.world.must_clear(stage.alice));
    // The message, its history, its id and that it is unread, for the mark that it is gone.
    assert_eq!(stage.rows().len(), before - 3);
}
