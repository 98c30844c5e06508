//! What is pushed to Alice's own node by the service that is Mallory's.

use hushwing_engine::DirectAnswer;
use hushwing_protocol::{Outgoing, fuzzing, seal, waits};
use hushwing_wire::{SealedBox, Slot, limits::BOX_LEN, limits::BOX_PLAINTEXT_LEN};

use crate::scene::Scene;

const MANY: u64 = 500;

fn push(scene: &mut Scene, slot: Slot, boxed: &SealedBox) -> DirectAnswer {
    let (alice, mallory) = (scene.alice, scene.mallory_at_alice.clone());
    scene.world.push_to(alice, &mallory, slot, boxed)
}

/// Nobody learns by pushing what is awaited: all are refused alike.
pub(super) fn random_slots(scene: &mut Scene) {
    let rubbish = SealedBox::from_slice(&[5; BOX_LEN]).expect("a box");
    for number in 0..MANY {
        let mut name = [0; 32];
        name[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        let answer = push(scene, Slot::new(name), &rubbish);
        assert_eq!(answer, DirectAnswer::NotServed);
    }
}

/// A box that Bob wrote for Alice and that Mallory got hold of: by Mallory's service it is
/// refused, whether or not it is awaited by Bob's.
pub(super) fn stolen_slot(scene: &mut Scene) {
    let before = scene.world.snapshot(scene.bob);
    let bob = scene.bob;
    let (slot, boxed) = scene.world.with_vault(bob, |ctx| {
        let conversation = hushwing_protocol::conversations(ctx.store).expect("memory")[0];
        let sealed = seal(ctx, &conversation, Outgoing::Text("stolen")).expect("a box");
        (sealed.slot, sealed.boxed)
    });
    scene.world.with_vault_back(bob, &before);
    let answer = push(scene, slot, &boxed);
    assert_eq!(answer, DirectAnswer::NotServed);
}

/// At a slot that Alice awaits from Mallory, a box that does not authenticate; the real
/// one comes afterwards.
pub(super) fn forged_box(scene: &mut Scene) {
    let before = scene.world.snapshot(scene.mallory);
    let (slot, _) = scene
        .by_hand(|ctx, id| fuzzing::seal_in_lane(ctx, id, &[9; BOX_PLAINTEXT_LEN]).expect("a box"));
    scene.world.with_vault_back(scene.mallory, &before);
    let rubbish = SealedBox::from_slice(&[5; BOX_LEN]).expect("a box");
    let answer = push(scene, slot, &rubbish);
    assert_eq!(answer, DirectAnswer::NotServed);
    // His own places tell him nothing about hers.
    let slots = scene.by_hand(|ctx, id| waits(ctx.store, id).expect("slots"));
    for slot in slots {
        let answer = push(scene, slot, &rubbish);
        assert_eq!(answer, DirectAnswer::NotServed);
    }
}
