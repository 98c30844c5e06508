//! Blocked contacts: nothing goes out, nothing comes in, nothing is lost.

use hushwing_engine::{
    ContactId, Owner,
    view::{
        Command, Comparison, ContactPhase, ContactView, DeliveryPolicy, ErrorCode, FindingKind,
        MessageState, NetworkView, ReadReports, Reply,
    },
};
use hushwing_protocol::store::{Order, Store as _, Table};
use hushwing_testkit::{Came, Faults, PersonId, World};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;

use crate::common::assert_same_transcript;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// Contacts, and those that are blocked.
const CONTACTS: Table = Table(32);
const BLOCKED: Table = Table(45);
const UNSEALED: Table = Table(34);
const DROPS: Table = Table(37);

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
        for who in [alice, bob] {
            let settings = Command::Settings {
                read_reports: Some(ReadReports::On),
                relays_told: None,
                lock_after_minutes: None,
            };
            world.call(who, settings);
        }
        let (to_bob, to_alice) = world.meet(alice, bob);
        world.send(alice, &to_bob, "hello Bob");
        world.send(bob, &to_alice, "hello Alice");
        world.run_for(60_000);
        Self {
            world,
            alice,
            bob,
            to_bob,
            to_alice,
        }
    }

    fn block(&mut self) -> ContactView {
        let contact = self.to_bob.clone();
        match self
            .world
            .call(self.alice, Command::ContactBlock { contact })
        {
            Reply::Contact(contact) => contact,
            other => panic!("a contact was blocked: {other:?}"),
        }
    }

    fn unblock(&mut self) -> ContactView {
        let contact = self.to_bob.clone();
        match self
            .world
            .call(self.alice, Command::ContactUnblock { contact })
        {
            Reply::Contact(contact) => contact,
            other => panic!("a contact was unblocked: {other:?}"),
        }
    }

    fn bobs_owner(&self) -> Owner {
        let id = data_encoding::HEXLOWER.decode(self.to_bob.as_bytes());
        let id = id.expect("an id is hexadecimal").try_into();
        Owner::Contact(ContactId(id.expect("an id has 16 bytes")))
    }

    /// How much has left Alice's machine on Bob's account.
    fn left_for_bob(&self) -> usize {
        let owner = self.bobs_owner();
        let left = self.world.left(self.alice).iter();
        left.filter(|left| left.owner == owner).count()
    }

    fn attends_bob(&self) -> bool {
        self.world.attends(self.alice).contains(&self.bobs_owner())
    }

    fn texts(&mut self, who: PersonId) -> Vec<String> {
        let contact = if who == self.alice {
            self.to_bob.clone()
        } else {
            self.to_alice.clone()
        };
        let messages = self.world.read(who, &contact).into_iter();
        messages.map(|message| message.text).collect()
    }

    fn state_of(&mut self, who: PersonId, text: &str) -> MessageState {
        let contact = if who == self.alice {
            self.to_bob.clone()
        } else {
            self.to_alice.clone()
        };
        let messages = self.world.read(who, &contact).into_iter();
        let mut found = messages.filter(|message| message.text == text);
        found.next().expect("there is such a message").state
    }

    fn count(&self, table: Table) -> usize {
        let store = self.world.store(self.alice);
        let rows = store.scan(table, &[], None, Order::Ascending, usize::MAX);
        rows.expect("memory does not fail").len()
    }
}

fn is_held_by_the_block(state: &MessageState) -> bool {
    matches!(state, MessageState::Held { reason } if reason.contains("You block this contact"))
}

/// Claim B0. Everything that makes an engine send is tried while a contact is
/// blocked. `[HW-BLOCK-1]`
#[test]
fn after_a_block_nothing_leaves_towards_the_contact_through_any_effect() {
    let mut stage = Stage::new(51);
    let (alice, bob) = (stage.alice, stage.bob);
    let (to_bob, to_alice) = (stage.to_bob.clone(), stage.to_alice.clone());
    // A text of Alice's that nobody has, one that a relay has, and, at the moment of
    // the block, a box on its way, a receipt and a report that are due, boxes that
    // were read and not dropped.
    stage.world.direct_works = false;
    stage.world.stop(bob);
    stage.world.send(alice, &to_bob, "at a relay");
    stage.world.run_for(60_000);
    stage.world.start(bob);
    stage.world.cut_off(bob, true);
    stage.world.run_for(60_000);
    stage.world.cut_off(bob, false);
    stage.world.send(bob, &to_alice, "read just now");
    for _ in 0..100 {
        stage.world.run_for(50);
        if stage.texts(alice).len() > 3 {
            break;
        }
    }
    let mark = || Command::MarkRead {
        contact: to_bob.clone(),
        from: 0,
        up_to: 1_000,
    };
    stage.world.call(alice, mark());
    stage.world.relay(0).up = false;
    stage.world.relay(1).up = false;
    stage.world.send(alice, &to_bob, "nowhere");
    let contact = stage.block();
    assert!(contact.blocked_since_ms.is_some());
    let left = stage.left_for_bob();
    stage.world.relay(0).up = true;
    stage.world.relay(1).up = true;
    stage.world.direct_works = true;

    let quiet = |stage: &mut Stage, what: &str| {
        stage.world.run_for(HOUR_MS);
        assert_eq!(stage.left_for_bob(), left, "{what}");
        assert!(!stage.attends_bob(), "{what}");
    };
    quiet(&mut stage, "time passes");
    let contact = to_bob.clone();
    let by = Comparison::Emoji;
    stage.world.call(alice, Command::Verify { contact, by });
    quiet(
        &mut stage,
        "a mark is set, after which waiting texts are sealed",
    );
    // It was read and nobody says so.
    let state = stage.state_of(bob, "read just now");
    assert!(matches!(state, MessageState::AtRelay { .. }), "{state:?}");
    assert!(is_held_by_the_block(&stage.state_of(alice, "nowhere")));
    let refused = stage.world.try_call(
        alice,
        Command::Send {
            contact: to_bob.clone(),
            text: "no".into(),
        },
    );
    assert_eq!(refused.expect_err("refused").code, ErrorCode::Refused);
    quiet(&mut stage, "a text");
    stage.world.call(alice, Command::RetryNow);
    quiet(&mut stage, "retry now");
    stage.world.call(alice, mark());
    quiet(&mut stage, "a report of what was read");
    for policy in [DeliveryPolicy::RelayOnly, DeliveryPolicy::Automatic] {
        let policy = Some(policy);
        stage.world.call(alice, Command::Delivery { policy });
        quiet(&mut stage, "other ways");
    }
    stage.world.network_is(alice, NetworkView::Off);
    stage.world.network_is(alice, NetworkView::Ready);
    quiet(&mut stage, "the network comes back");
    let address = stage.world.relay(1).address.to_string();
    let other = address.clone();
    stage.world.call(alice, Command::RelayRemove { address });
    quiet(&mut stage, "a relay goes");
    stage
        .world
        .call(alice, Command::RelayAdd { address: other });
    quiet(&mut stage, "a relay comes");
    for command in [
        Command::Repair {
            contact: to_bob.clone(),
        },
        Command::RouteRecord {
            contact: to_bob.clone(),
        },
    ] {
        assert!(stage.world.try_call(alice, command).is_err());
        quiet(&mut stage, "what is refused");
    }
    let contact = to_alice.clone();
    let Reply::RouteRecord { record } = stage.world.call(bob, Command::RouteRecord { contact })
    else {
        panic!("a record was asked for");
    };
    let applied = stage.world.try_call(alice, Command::RouteApply { record });
    assert!(applied.is_err());
    quiet(&mut stage, "a record of theirs");
    for number in 0..5 {
        let text = format!("are you there? {number}");
        stage.world.send(bob, &to_alice, &text);
        quiet(&mut stage, "what they write");
    }
    let contact = to_alice.clone();
    stage.world.call(bob, Command::Repair { contact });
    quiet(&mut stage, "new keys that they ask for");
    stage.world.call(alice, Command::Doctor);
    stage.world.call(alice, Command::Contacts);
    stage.world.start(alice);
    quiet(&mut stage, "a new start");
    let backup = stage.world.snapshot(alice);
    stage.world.restore(alice, &backup);
    quiet(&mut stage, "a restored backup");
    for _ in 0..40 {
        stage.world.run_for(DAY_MS - HOUR_MS);
        quiet(&mut stage, "days pass");
    }
    assert_eq!(stage.texts(alice).len(), 5, "nothing of theirs came in");
    assert_eq!(stage.count(DROPS), 0);
}

/// Claim B0. What a blocked contact gets to see is what it would see if this machine
/// had been switched off at that moment. `[HW-BLOCK-2]`
#[test]
fn a_blocked_contact_sees_what_it_would_see_if_one_were_away() {
    let mut stage = Stage::new(52);
    let (alice, bob) = (stage.alice, stage.bob);
    stage.world.send(bob, &stage.to_alice.clone(), "one more");
    stage.world.run_for(20_000);
    let seen = |away: bool| {
        let mut world = stage.world.fork();
        if away {
            world.stop(alice);
        } else {
            let contact = stage.to_bob.clone();
            world.call(alice, Command::ContactBlock { contact });
        }
        world.run_for(DAY_MS);
        for text in ["hello?", "are you there?"] {
            world.send(bob, &stage.to_alice, text);
            world.run_for(DAY_MS);
        }
        let answered = world.came(bob).iter();
        let boxes = answered.filter(|came| !matches!(came, Came::Landed(_)));
        assert_eq!(boxes.count(), 0, "nothing comes from Alice");
        let states: Vec<MessageState> = world
            .read(bob, &stage.to_alice)
            .into_iter()
            .map(|message| message.state)
            .collect();
        let relays = [0, 1].map(|number| world.relay(number).held());
        (world.came(bob).to_vec(), states, relays)
    };
    assert_eq!(seen(true), seen(false));
}

/// Claim D0. `[HW-BLOCK-3]`
#[test]
fn after_an_unblock_everything_of_both_sides_arrives_in_order() {
    for (seed, lost_by_relays, restored) in [
        (53, false, false),
        (54, true, false),
        (55, false, true),
        (56, true, true),
    ] {
        let mut stage = Stage::new(seed);
        let (alice, bob) = (stage.alice, stage.bob);
        let (to_bob, to_alice) = (stage.to_bob.clone(), stage.to_alice.clone());
        stage.world.direct_works = false;
        stage.world.relay(0).up = false;
        stage.world.relay(1).up = false;
        stage.world.send(alice, &to_bob, "from before");
        stage.world.send(bob, &to_alice, "from before too");
        stage.world.run_for(5_000);
        stage.block();
        stage.world.relay(0).up = true;
        stage.world.relay(1).up = true;
        for number in 0..20 {
            stage
                .world
                .send(bob, &to_alice, &format!("meanwhile {number}"));
            stage.world.run_for(DAY_MS);
            if number == 10 {
                stage.world.start(alice);
            }
        }
        assert_eq!(stage.texts(alice).len(), 3, "{seed}");
        if lost_by_relays {
            stage.world.relay(0).lose_everything();
            stage.world.relay(1).lose_everything();
        }
        if restored {
            let backup = stage.world.snapshot(alice);
            stage.world.restore(alice, &backup);
            stage.world.run_for(DAY_MS);
        }
        let contact = stage.unblock();
        assert_eq!(contact.blocked_since_ms, None);
        assert_eq!(contact.phase, ContactPhase::Established);
        stage.world.send(alice, &to_bob, "here again");
        stage.world.run_for(10 * DAY_MS);
        assert_eq!(stage.texts(alice).len(), 25, "{seed}");
        assert_same_transcript(&mut stage.world, (alice, &to_bob), (bob, &to_alice));
        stage.world.direct_works = true;
        stage.world.send(bob, &to_alice, "and live");
        stage.world.run_for(DAY_MS);
        assert_eq!(stage.state_of(bob, "and live"), MessageState::Delivered);
    }
}

/// Claim D0. Both block each other and go on again at any moment, with everything
/// else that can fail. `[HW-BLOCK-3]`
#[test]
fn blocks_at_any_moment_lose_nothing_whatever_else_fails() {
    for seed in 100..108 {
        let mut stage = Stage::new(seed);
        let people = [
            (stage.alice, stage.to_bob.clone()),
            (stage.bob, stage.to_alice.clone()),
        ];
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        stage.world.faults = Faults {
            lost: 200,
            answer_lost: 150,
            crash: 50,
        };
        let mut is_blocking = [false; 2];
        let mut sent = 2;
        for number in 0..60 {
            let side = rng.random_range(0..2);
            let (who, contact) = people[side].clone();
            match rng.random_range(0..6) {
                0 => {
                    is_blocking[side] = !is_blocking[side];
                    let command = if is_blocking[side] {
                        Command::ContactBlock { contact }
                    } else {
                        Command::ContactUnblock { contact }
                    };
                    stage.world.call(who, command);
                }
                1 => {
                    let relay = rng.random_range(0..2);
                    stage.world.relay(relay).up ^= true;
                }
                2 => stage.world.direct_works ^= true,
                _ if !is_blocking[side] => {
                    stage.world.send(who, &contact, &format!("{number}"));
                    sent += 1;
                }
                _ => {}
            }
            let pause = [50, 500, 5_000, HOUR_MS][rng.random_range(0..4)];
            stage.world.run_for(pause);
        }
        stage.world.faults = Faults::default();
        stage.world.relay(0).up = true;
        stage.world.relay(1).up = true;
        for (who, contact) in &people {
            let contact = contact.clone();
            stage.world.call(*who, Command::ContactUnblock { contact });
        }
        stage.world.run_for(5 * DAY_MS);
        let [(alice, to_bob), (bob, to_alice)] = &people;
        assert_eq!(stage.texts(*alice).len(), sent, "seed {seed}");
        assert_same_transcript(&mut stage.world, (*alice, to_bob), (*bob, to_alice));
    }
}

/// Claim B0. Damage lets nobody in again. `[HW-BLOCK-1]`
#[test]
fn a_block_holds_where_rows_are_damaged() {
    for table in [BLOCKED, CONTACTS] {
        let mut stage = Stage::new(57);
        let (alice, bob) = (stage.alice, stage.bob);
        let to_alice = stage.to_alice.clone();
        stage.block();
        let left = stage.left_for_bob();
        stage.world.stop(alice);
        let store = stage.world.store(alice);
        let rows = store.scan(table, &[], None, Order::Ascending, 1);
        let (key, mut row) = rows.expect("memory").pop().expect("a row");
        row[0] ^= 1;
        store.put(table, &key, &row).expect("memory");
        stage.world.start(alice);
        stage.world.send(bob, &to_alice, "let me in");
        stage.world.run_for(3 * DAY_MS);
        assert_eq!(stage.left_for_bob(), left, "{table:?}");
        assert!(!stage.attends_bob(), "{table:?}");
        assert_eq!(stage.texts(alice).len(), 2);
        let contacts = stage.world.contacts(alice);
        assert!(contacts[0].blocked_since_ms.is_some(), "{table:?}");
        stage.unblock();
        stage.world.run_for(5 * DAY_MS);
        assert_eq!(stage.state_of(bob, "let me in"), MessageState::Delivered);
    }
}

/// What waits is shown as waiting, by whom it is held, and can be given up as long as
/// it has not been encrypted. `[HW-BLOCK-4]`
#[test]
fn what_waits_for_a_blocked_contact_is_visible_and_can_be_given_up() {
    let mut world = World::new(58, 3, 1);
    let [alice, bob, carol] = [0, 1, 2].map(|number| world.person(number));
    world.meet(alice, carol);
    let invite = world.invite(bob);
    world.stop(bob);
    let to_bob = world.redeem(alice, &invite.link).id;
    world.run_for(10_000);
    let early = world.send(alice, &to_bob, "too early");
    let kept = world.send(alice, &to_bob, "kept");
    let contact = to_bob.clone();
    world.call(alice, Command::ContactBlock { contact });
    let messages = world.read(alice, &to_bob);
    assert!(messages.iter().all(|m| is_held_by_the_block(&m.state)));
    let Reply::Doctor { findings } = world.call(alice, Command::Doctor) else {
        panic!("findings were asked for");
    };
    let held: Vec<_> = findings
        .iter()
        .filter(|found| found.about.as_ref() == Some(&to_bob))
        .collect();
    assert_eq!(held.len(), 1, "{held:?}");
    assert_eq!(held[0].kind, FindingKind::Held);
    assert!(held[0].what.starts_with("2 messages wait"), "{held:?}");
    // Blocked contacts stand after all others.
    let order = world.contacts(alice);
    let order: Vec<bool> = order.iter().map(|c| c.blocked_since_ms.is_some()).collect();
    assert_eq!(order, [false, true]);
    world.call(alice, Command::GiveUp { id: early.id });
    world.start(bob);
    world.run_for(DAY_MS);
    assert_eq!(world.contacts(bob).len(), 1, "Bob had her request already");
    assert!(world.read(bob, "the redeemer").is_empty());
    let contact = to_bob.clone();
    world.call(alice, Command::ContactUnblock { contact });
    world.run_for(60_000);
    let heard = world.read(bob, "the redeemer");
    let heard: Vec<&str> = heard.iter().map(|m| m.text.as_str()).collect();
    assert_eq!(heard, ["kept"]);
    let last = world.read(alice, &to_bob);
    let last = last.iter().find(|message| message.id == kept.id);
    assert_eq!(last.map(|m| m.state.clone()), Some(MessageState::Delivered));
}

#[test]
fn blocking_twice_and_unblocking_whom_nobody_blocked_change_nothing() {
    let mut stage = Stage::new(59);
    let alice = stage.alice;
    let contact = stage.unblock();
    assert_eq!(contact.blocked_since_ms, None);
    assert!(stage.attends_bob());
    let since = stage.block().blocked_since_ms;
    stage.world.run_for(HOUR_MS);
    assert_eq!(stage.block().blocked_since_ms, since);
    assert_eq!(stage.count(UNSEALED), 0);
    let contact = "nobody".to_owned();
    let none = stage
        .world
        .try_call(alice, Command::ContactBlock { contact });
    assert_eq!(none.expect_err("nobody").code, ErrorCode::NotFound);
}
