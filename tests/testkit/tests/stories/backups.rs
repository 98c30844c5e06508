//! A backup that is hundreds of messages old.

use std::collections::BTreeMap;

use hushwing_protocol::{
    simulation,
    store::{Order, Store as _, Table},
};
use hushwing_testkit::World;

use crate::common::assert_same_transcript;

/// `[HW-BACKUP-6]` Claim N1.
#[test]
fn a_backup_of_500_messages_ago_uses_no_key_again_and_loses_nothing() {
    simulation::begin(None);
    let mut world = World::new(310, 2, 2);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    for number in 0..10 {
        world.send(alice, &hers, &format!("before {number}"));
        world.send(bob, &his, &format!("his before {number}"));
        world.run_for(1_000);
    }
    world.run_for(10_000);
    let backup = world.snapshot(bob);
    for number in 0..500 {
        world.send(alice, &hers, &format!("later {number}"));
        world.run_for(200);
    }
    world.run_for(60_000);
    assert_eq!(
        world.read(bob, &his).len(),
        520,
        "he read them in a life that is lost"
    );
    world.stop(bob);
    for number in 0..20 {
        world.send(alice, &hers, &format!("away {number}"));
        world.run_for(1_000);
    }
    world.restore(bob, &backup);
    for number in 0..20 {
        world.send(alice, &hers, &format!("restored {number}"));
        world.send(bob, &his, &format!("he is back {number}"));
        world.run_for(1_000);
    }
    world.run_for(600_000);
    assert_same_transcript(&mut world, (alice, &hers), (bob, &his));
    assert_eq!(world.read(bob, &his).len(), 580);
    assert!(!world.contacts(bob)[0].repairing);
    let uses = simulation::aead_uses();
    assert!(
        uses.pairs > 1_000,
        "the recorder saw what was sealed: {uses:?}"
    );
    assert_eq!(uses.repeated, 0, "{uses:?}");
}

/// The relay kept the request that it was asked to forget, so it is accepted in both lives.
/// `[HW-BACKUP-6]` Claim N1.
#[test]
fn an_invite_that_was_accepted_after_the_backup_uses_no_key_again() {
    simulation::begin(None);
    let mut world = World::new(311, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let link = world.invite(alice).link;
    world.run_for(60_000);
    let backup = world.snapshot(alice);
    let his = world.redeem(bob, &link).id;
    world.run_for(60_000);
    let hers = world.contacts(alice)[0].id.clone();
    for number in 0..4 {
        world.send(alice, &hers, &format!("hers before {number}"));
        world.send(bob, &his, &format!("his before {number}"));
        world.run_for(10_000);
    }
    assert_eq!(world.read(bob, &his).len(), 8);
    world.restore(alice, &backup);
    assert!(world.contacts(alice).is_empty());
    world.relay(0).forget_nothing();
    world.run_for(24 * 3_600_000);

    let contacts = world.contacts(alice);
    assert!(
        contacts.len() == 1 && !contacts[0].repairing,
        "{contacts:?}"
    );
    let hers = contacts[0].id.clone();
    world.send(alice, &hers, "hers after");
    world.send(bob, &his, "his after");
    world.run_for(3_600_000);
    let texts = |messages: Vec<hushwing_engine::view::MessageView>| -> Vec<String> {
        messages.into_iter().map(|message| message.text).collect()
    };
    assert!(texts(world.read(bob, &his)).contains(&"hers after".to_owned()));
    assert!(texts(world.read(alice, &hers)).contains(&"his after".to_owned()));
    let uses = simulation::aead_uses();
    assert_eq!(uses.repeated, 0, "{uses:?}");
    // Each slot has a key of its own: no slot ever gets a second box.
    let mut written = BTreeMap::new();
    for (slot, digest) in world.left(alice).iter().filter_map(|left| left.put) {
        assert_eq!(*written.entry(slot).or_insert(digest), digest, "{slot:?}");
    }
    assert!(written.len() > 10, "the world saw what was written");
}

/// A vault that was salvaged from a snapshot has no keys of conversations (`[HW-VAULT-41]`):
/// identities and what lies outside of the lanes are enough to get new ones.
#[test]
fn what_a_snapshot_lacks_is_made_anew_and_the_conversation_goes_on() {
    let mut world = World::new(311, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (hers, his) = world.meet(alice, bob);
    for number in 0..5 {
        world.send(alice, &hers, &format!("a{number}"));
        world.send(bob, &his, &format!("b{number}"));
        world.run_for(5_000);
    }
    world.run_for(60_000);
    world.stop(bob);
    for table in [0, 2, 3, 4].map(Table) {
        let store = world.store(bob);
        let rows = store.scan(table, &[], None, Order::Ascending, usize::MAX);
        for (key, _) in rows.expect("a store in memory works") {
            store.delete(table, &key).expect("a store in memory works");
        }
    }
    let snapshot = world.snapshot(bob);
    world.restore(bob, &snapshot);
    world.send(alice, &hers, "to whoever is left");
    world.send(bob, &his, "all is here");
    world.run_for(600_000);
    assert_same_transcript(&mut world, (alice, &hers), (bob, &his));
    assert_eq!(world.read(bob, &his).len(), 12);
    assert!(!world.contacts(bob)[0].repairing);
}
