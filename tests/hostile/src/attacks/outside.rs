//! Boxes outside of the lanes, signed by whoever Mallory likes to be, and records.

use hushwing_engine::view::Command;
use hushwing_protocol::{
    RecoveryBox, ask_repair, ask_succession, fuzzing, give_up_identity, route_record,
};
use hushwing_wire::{
    RecoveryMessage, RecoveryPlaintext, RepairAnswer, RepairRequest, RouteRecord, Routes,
    limits::{BOX_PLAINTEXT_LEN, MAX_GENERATION, MAX_PLACE},
};

use crate::scene::Scene;

/// How often somebody asks who does not come to an end.
const WITHOUT_END: usize = 50;

fn put_box(scene: &mut Scene, boxed: &RecoveryBox) {
    scene.put(boxed.slot, &boxed.boxed);
}

/// A signed message at Mallory's next place.
fn put_signed(scene: &mut Scene, message: RecoveryMessage) {
    let boxed = scene.by_hand(|ctx, id| {
        let mut padded = fuzzing::sign_recovery(ctx, id, message).expect("a signature");
        padded.resize(BOX_PLAINTEXT_LEN, 0);
        fuzzing::seal_recovery(ctx, id, &padded).expect("a box")
    });
    put_box(scene, &boxed);
}

/// A sound request of his that nobody has seen.
fn request(scene: &mut Scene) -> RepairRequest {
    let before = scene.world.snapshot(scene.mallory);
    let message = scene.by_hand(|ctx, id| {
        ask_repair(ctx, id, Routes::default()).expect("a request");
        pending(&fuzzing::pending_request(ctx.store, id).expect("it is pending"))
    });
    scene.world.with_vault_back(scene.mallory, &before);
    match message {
        // With routes that are no news: where he can be reached stays as it is.
        RecoveryMessage::Request(mut request) => {
            request.routes.serial = 0;
            request
        }
        other => panic!("{other:?}"),
    }
}

fn pending(plaintext: &[u8]) -> RecoveryMessage {
    let plaintext = RecoveryPlaintext::from_bytes(plaintext).expect("a plaintext");
    plaintext.message
}

pub(super) fn unasked_answer(scene: &mut Scene) {
    let received = request(scene).received;
    for request in [vec![0; 32], vec![0xff; 32]] {
        let answer = RepairAnswer {
            request,
            welcome: vec![1; 900],
            generation: 9,
            old_generation: 1,
            received: received.clone(),
            write_next: 0,
            read_next: 0,
        };
        put_signed(scene, RecoveryMessage::Answer(answer));
    }
}

pub(super) fn last_numbers(scene: &mut Scene) {
    for generation in [MAX_GENERATION, MAX_GENERATION + 1, u32::MAX] {
        let mut message = request(scene);
        message.generation = generation;
        message.received_in = 0;
        put_signed(scene, RecoveryMessage::Request(message));
    }
    for place in [MAX_PLACE + 1, u32::MAX] {
        let mut message = request(scene);
        (message.read_next, message.write_next) = (place, place);
        put_signed(scene, RecoveryMessage::Request(message));
    }
}

pub(super) fn no_key_package(scene: &mut Scene) {
    for key_package in [vec![], vec![0; 2_000]] {
        let mut message = request(scene);
        message.key_package = key_package;
        put_signed(scene, RecoveryMessage::Request(message));
    }
}

/// A request whose key package was used already, after other new keys.
pub(super) fn stale_key_package(scene: &mut Scene) {
    let (mallory, hers) = (scene.mallory, scene.alice_at_mallory.clone());
    let stale = request(scene);
    put_signed(scene, RecoveryMessage::Request(stale.clone()));
    scene.world.run_for(60_000);
    scene.world.start(mallory);
    let command = Command::Repair { contact: hers };
    scene.world.call(mallory, command);
    scene.world.run_for(600_000);
    scene.world.stop(mallory);
    put_signed(scene, RecoveryMessage::Request(stale));
}

pub(super) fn requests_without_end(scene: &mut Scene) {
    for _ in 0..WITHOUT_END {
        let message = request(scene);
        put_signed(scene, RecoveryMessage::Request(message));
        scene.world.run_for(1_000);
    }
}

/// A hand-over to the identity that Alice knows as Bob's, which did not sign it.
pub(super) fn hands_over_to_bob(scene: &mut Scene) {
    let of_bob = scene.world.with_vault(scene.bob, |ctx| {
        let conversation = hushwing_protocol::conversations(ctx.store).expect("memory")[0];
        give_up_identity(ctx, &conversation).expect("an identity");
        ask_succession(ctx, &conversation, Routes::default()).expect("a succession");
        pending(&fuzzing::pending_request(ctx.store, &conversation).expect("pending"))
    });
    let RecoveryMessage::Succession(of_bob) = of_bob else {
        panic!("no succession");
    };
    let honest = scene.world.snapshot(scene.mallory);
    let mut his = succession(scene);
    if let RecoveryMessage::Succession(his) = &mut his {
        his.hand_over.ed25519_public = of_bob.hand_over.ed25519_public.clone();
        his.hand_over.ml_dsa_65_public = of_bob.hand_over.ml_dsa_65_public.clone();
        his.request.key_package = of_bob.request.key_package.clone();
    }
    put_signed(scene, his);
    put_signed(scene, RecoveryMessage::Succession(of_bob));
    scene.world.with_vault_back(scene.mallory, &honest);
}

/// A sound succession of his that nobody has seen. From now on he signs such messages as
/// the other identity.
fn succession(scene: &mut Scene) -> RecoveryMessage {
    scene.by_hand(|ctx, id| give_up_identity(ctx, id).expect("an identity"));
    let before = scene.world.snapshot(scene.mallory);
    let message = scene.by_hand(|ctx, id| {
        ask_succession(ctx, id, Routes::default()).expect("a succession");
        pending(&fuzzing::pending_request(ctx.store, id).expect("it is pending"))
    });
    scene.world.with_vault_back(scene.mallory, &before);
    message
}

pub(super) fn half_a_hand_over(scene: &mut Scene) {
    let honest = scene.world.snapshot(scene.mallory);
    for half in [0, 1] {
        let mut message = succession(scene);
        if let RecoveryMessage::Succession(succession) = &mut message {
            let signature = &mut succession.hand_over.signature;
            let part = if half == 0 {
                &mut signature.ed25519
            } else {
                &mut signature.ml_dsa_65
            };
            part.fill(0);
        }
        put_signed(scene, message);
    }
    // Signed by the one that is given up alone.
    let message = succession(scene);
    scene.world.with_vault_back(scene.mallory, &honest);
    put_signed(scene, message);
    scene.world.with_vault_back(scene.mallory, &honest);
}

pub(super) fn changed_record(scene: &mut Scene) {
    let alice = scene.alice;
    let record = scene.by_hand(|ctx, id| route_record(ctx, id, Routes::default()).expect("one"));
    for at in [0, 30, 200, record.sealed().len() - 1] {
        let mut sealed = record.sealed().to_vec();
        sealed[at] ^= 1;
        let changed = RouteRecord::new(sealed).expect("a record").to_string();
        let command = Command::RouteApply { record: changed };
        assert!(
            scene.world.try_call(alice, command).is_err(),
            "a changed record was believed"
        );
    }
}
