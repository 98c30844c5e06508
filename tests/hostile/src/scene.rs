//! Where an attack is played, and what must hold afterwards.

use std::collections::BTreeSet;

use hushwing_engine::{
    Owner,
    view::{
        Command, ContactPhase, ContactView, InviteView, MessageState, MessageView, Reply,
        RequestView,
    },
};
use hushwing_protocol::{
    ConversationId, Ctx,
    store::{Order, Store as _, Table},
};
use hushwing_testkit::{PersonId, World};
use hushwing_wire::{SealedBox, Slot};

use crate::{Attack, attacks::May};

/// How long the world goes on after an attack, in milliseconds.
const AFTERWARDS_MS: u64 = 20 * 60_000;

/// And until an honest Mallory must have got through: new keys, if they are needed, are
/// asked for at most once an hour.
const HONEST_AGAIN_MS: u64 = 4 * 3_600_000;

/// Rows by which Alice's vault may grow.
const MAX_NEW_ROWS: usize = 40;

/// What may leave for Mallory and his relays: each box of his that is read is dropped at
/// each of them.
const MAX_TO_MALLORY: usize = 160;

/// The world of an attack.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) alice: PersonId,
    pub(crate) bob: PersonId,
    pub(crate) mallory: PersonId,
    /// Alice's ids of the two.
    pub(crate) bob_at_alice: String,
    pub(crate) mallory_at_alice: String,
    /// Their ids of her.
    pub(crate) alice_at_bob: String,
    pub(crate) alice_at_mallory: String,
}

/// What Alice sees.
struct Seen {
    contacts: Vec<ContactView>,
    requests: Vec<RequestView>,
    invites: Vec<InviteView>,
    with_bob: Vec<MessageView>,
    rows: usize,
    owners: BTreeSet<Owner>,
    left: usize,
}

/// Plays an attack; what went wrong, in sentences.
#[must_use]
pub fn play(attack: &Attack) -> Vec<String> {
    let mut scene = Scene::set();
    let before = scene.seen();
    scene.world.stop(scene.mallory);
    (attack.run)(&mut scene);
    scene.world.run_for(AFTERWARDS_MS);
    let mut wrong = scene.compare(&before, attack.may);
    wrong.extend(scene.goes_on(attack.may));
    wrong
}

impl Scene {
    fn set() -> Self {
        let mut world = World::new(4_242, 3, 2);
        let people = [0, 1, 2].map(|number| world.person(number));
        let [alice, bob, mallory] = people;
        let (bob_at_alice, alice_at_bob) = world.meet(alice, bob);
        let (_, alice_at_mallory) = world.meet(alice, mallory);
        let hers = world.contacts(alice).into_iter().map(|contact| contact.id);
        let mut hers = hers.filter(|id| *id != bob_at_alice);
        let mallory_at_alice = hers.next().expect("the second contact");
        let mut scene = Self {
            world,
            alice,
            bob,
            mallory,
            bob_at_alice,
            mallory_at_alice,
            alice_at_bob,
            alice_at_mallory,
        };
        for turn in 0..3 {
            for (who, contact) in [
                (alice, scene.bob_at_alice.clone()),
                (bob, scene.alice_at_bob.clone()),
                (alice, scene.mallory_at_alice.clone()),
                (mallory, scene.alice_at_mallory.clone()),
            ] {
                scene.world.send(who, &contact, &format!("turn {turn}"));
                scene.world.run_for(5_000);
            }
        }
        scene.world.run_for(60_000);
        scene
    }

    /// Mallory's conversation with Alice.
    pub(crate) fn conversation(&self) -> ConversationId {
        let all = hushwing_protocol::conversations(self.world.store(self.mallory));
        all.expect("memory")[0]
    }

    /// Something that Mallory makes by hand.
    pub(crate) fn by_hand<T>(
        &mut self,
        make: impl FnOnce(&mut Ctx<'_>, &ConversationId) -> T,
    ) -> T {
        let conversation = self.conversation();
        let mallory = self.mallory;
        self.world
            .with_vault(mallory, |ctx| make(ctx, &conversation))
    }

    /// Puts a box at every relay.
    pub(crate) fn put(&mut self, slot: Slot, boxed: &SealedBox) {
        for relay in 0..self.world.relays() {
            self.world.relay(relay).put(slot, boxed.clone());
        }
    }

    fn rows(&self) -> usize {
        let store = self.world.store(self.alice);
        (0..=u8::MAX)
            .map(|table| {
                let rows = store.scan(Table(table), &[], None, Order::Ascending, usize::MAX);
                rows.expect("memory").len()
            })
            .sum()
    }

    fn invites(&mut self) -> Vec<InviteView> {
        match self.world.call(self.alice, Command::InviteList) {
            Reply::Invites { invites } => invites,
            other => panic!("{other:?}"),
        }
    }

    fn requests(&mut self) -> Vec<RequestView> {
        match self.world.call(self.alice, Command::Requests) {
            Reply::Requests { requests } => requests,
            other => panic!("{other:?}"),
        }
    }

    fn seen(&mut self) -> Seen {
        let (alice, bob) = (self.alice, self.bob_at_alice.clone());
        Seen {
            contacts: self.world.contacts(alice),
            requests: self.requests(),
            invites: self.invites(),
            with_bob: self.world.read(alice, &bob),
            rows: self.rows(),
            owners: self
                .world
                .left(alice)
                .iter()
                .map(|left| left.owner)
                .collect(),
            left: self.world.left(alice).len(),
        }
    }

    fn compare(&mut self, before: &Seen, may: May) -> Vec<String> {
        let now = self.seen();
        let mut wrong = Vec::new();
        if now.with_bob != before.with_bob {
            wrong.push("what Bob and she wrote has changed".to_owned());
        }
        for contact in &before.contacts {
            let is_mallory = contact.id == self.mallory_at_alice;
            let same = now.contacts.iter().find(|one| one.id == contact.id);
            let Some(same) = same else {
                wrong.push("a contact is gone".to_owned());
                continue;
            };
            let who = |one: &ContactView| (one.name.clone(), one.safety_number.clone());
            if who(same) != who(contact) {
                wrong.push(format!("{} is somebody else", contact.id));
            }
            if same.verification != contact.verification {
                wrong.push("a mark has changed".to_owned());
            }
            if !is_mallory && (same.missing > 0 || same.repairing) {
                wrong.push("something of Bob's is missing or made anew".to_owned());
            }
        }
        let is_new = |one: &&ContactView| !before.contacts.iter().any(|old| old.id == one.id);
        let is_idle = |one: &ContactView| {
            matches!(
                one.phase,
                ContactPhase::Fetching | ContactPhase::Failed { .. }
            )
        };
        let new_contacts = now.contacts.iter().filter(is_new);
        let new_contacts = new_contacts.filter(|one| may != May::Wait || !is_idle(one));
        let new_contacts = new_contacts.count();
        if new_contacts > usize::from(may == May::Meet) {
            wrong.push(format!("{new_contacts} contacts are new"));
        }
        if now.requests.len() > before.requests.len() + usize::from(may == May::Ask) {
            wrong.push("requests are new".to_owned());
        }
        if now.invites.len() > before.invites.len() + 2 * usize::from(may != May::Nothing) {
            wrong.push("invites are new".to_owned());
        }
        if now.rows > before.rows + MAX_NEW_ROWS {
            wrong.push(format!("{} rows are new", now.rows - before.rows));
        }
        if now.left - before.left > MAX_TO_MALLORY {
            wrong.push(format!("{} boxes left", now.left - before.left));
        }
        if may == May::Nothing && !now.owners.is_subset(&before.owners) {
            wrong.push("something left for somebody new".to_owned());
        }
        wrong
    }

    /// Alice and Bob write to each other, and so does a Mallory who has become honest.
    fn goes_on(&mut self, may: May) -> Vec<String> {
        let mut wrong = Vec::new();
        self.world.start(self.mallory);
        let (alice, bob, mallory) = (self.alice, self.bob, self.mallory);
        let (hers, his) = (self.bob_at_alice.clone(), self.alice_at_bob.clone());
        self.world.send(alice, &hers, "are you there?");
        self.world.send(bob, &his, "I am");
        self.world.run_for(60_000);
        let texts = [(bob, &his, "are you there?"), (alice, &hers, "I am")];
        for (who, contact, text) in texts {
            if !has(&self.world.read(who, contact), text) {
                wrong.push(format!("'{text}' did not come"));
            }
        }
        if may == May::Lose {
            return wrong;
        }
        let (hers, his) = (self.mallory_at_alice.clone(), self.alice_at_mallory.clone());
        // His program does not know what he wrote by hand, so its keys do not fit.
        let command = Command::Repair {
            contact: his.clone(),
        };
        self.world.call(mallory, command);
        self.world.send(mallory, &his, "I am sorry");
        self.world.send(alice, &hers, "good");
        self.world.run_for(HONEST_AGAIN_MS);
        let texts = [(alice, &hers, "I am sorry"), (mallory, &his, "good")];
        for (who, contact, text) in texts {
            if !has(&self.world.read(who, contact), text) {
                wrong.push(format!("'{text}' did not come: the conversation is jammed"));
            }
        }
        for contact in self.world.contacts(alice) {
            let is_old = [&self.bob_at_alice, &self.mallory_at_alice].contains(&&contact.id);
            if is_old && contact.phase != ContactPhase::Established {
                wrong.push("a contact is no longer established".to_owned());
            }
        }
        wrong
    }
}

fn has(messages: &[MessageView], text: &str) -> bool {
    let one =
        |message: &&MessageView| message.text == text && message.state == MessageState::Received;
    messages.iter().filter(one).count() == 1
}
