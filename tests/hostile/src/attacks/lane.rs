//! Boxes of a lane that authenticate.

use hushwing_protocol::fuzzing;
use hushwing_wire::{
    Body, Envelope, LaneEnd, LanePlace, SealedBox, Slot, limits::BOX_PLAINTEXT_LEN,
};

use crate::scene::Scene;

/// Far more than MLS lets a reader skip.
const MANY_GENERATIONS: usize = 6_000;

/// As many boxes as a reader looks ahead.
const A_WINDOW: usize = 32;

/// A box with this padded plaintext, at every relay.
fn put_sealed(scene: &mut Scene, padded: &[u8]) -> (Slot, SealedBox) {
    let sealed = scene.by_hand(|ctx, id| fuzzing::seal_in_lane(ctx, id, padded).expect("a box"));
    scene.put(sealed.0, &sealed.1);
    sealed
}

/// A box with these bytes for an envelope.
fn put_content(scene: &mut Scene, content: &[u8]) {
    let padded = scene.by_hand(|ctx, id| {
        let inside = fuzzing::write_inside(ctx, id, content, None).expect("a message");
        inside.to_padded().expect("it fits")
    });
    put_sealed(scene, &padded);
}

/// A box with a sound envelope after `change`, beyond what an honest encoder writes.
fn put_envelope(scene: &mut Scene, change: impl FnOnce(&mut Envelope)) {
    let mut envelope =
        scene.by_hand(|ctx, id| fuzzing::next_envelope(ctx.store, id).expect("an envelope"));
    change(&mut envelope);
    let bytes = hushwing_wire::to_bytes(&envelope).expect("an encoding");
    put_content(scene, &bytes);
}

pub(super) fn rubbish(scene: &mut Scene) {
    put_sealed(scene, &[7; BOX_PLAINTEXT_LEN]);
}

pub(super) fn much_rubbish(scene: &mut Scene) {
    for byte in 0..A_WINDOW {
        let byte = u8::try_from(byte).expect("few");
        put_sealed(scene, &[byte; BOX_PLAINTEXT_LEN]);
    }
}

pub(super) fn greatest_number(scene: &mut Scene) {
    put_envelope(scene, |it| it.number = u64::MAX);
}

pub(super) fn used_number(scene: &mut Scene) {
    put_envelope(scene, |it| it.number = 1);
    put_envelope(scene, |it| it.number = 0);
}

pub(super) fn end_of_time(scene: &mut Scene) {
    put_envelope(scene, |it| it.clock = u64::MAX);
}

pub(super) fn receipts_for_the_future(scene: &mut Scene) {
    put_envelope(scene, |it| it.received.up_to = u64::MAX);
    put_envelope(scene, |it| it.received.up_to += 500);
}

pub(super) fn end_of_the_lane(scene: &mut Scene) {
    for count in [0, 1, u32::MAX] {
        put_envelope(scene, |it| {
            it.lane_ends = (0..8).map(|epoch| LaneEnd { epoch, count }).collect();
        });
        put_envelope(scene, |it| {
            it.lane_ends = vec![LaneEnd {
                epoch: u64::MAX,
                count,
            }];
        });
    }
}

pub(super) fn complaints(scene: &mut Scene) {
    for epoch in [0, 1, 2, u64::MAX] {
        put_envelope(scene, |it| {
            let places = (0..32).map(|index| LanePlace { epoch, index });
            it.body = Body::Unread(places.collect());
        });
    }
}

pub(super) fn asking_again(scene: &mut Scene) {
    for _ in 0..A_WINDOW {
        put_envelope(scene, |it| it.body = Body::AskAgain);
    }
}

pub(super) fn impossible_routes(scene: &mut Scene) {
    for bytes in [vec![], vec![0; 9], vec![0xff; 4_000]] {
        put_envelope(scene, |it| it.body = Body::Routes(bytes));
    }
}

pub(super) fn nested_content(scene: &mut Scene) {
    // CBOR arrays of one, and maps of one.
    for byte in [0x81, 0xa1] {
        put_envelope(scene, |it| it.body = Body::Content(vec![byte; 9_000]));
    }
}

pub(super) fn length_bombs(scene: &mut Scene) {
    // CBOR: an array, a map, a byte string and a text of 2^63 and more elements.
    for kind in [0x9b_u8, 0xbb, 0x5b, 0x7b] {
        let bytes = [&[0x87, kind][..], &[0xff; 8]].concat();
        put_envelope(scene, |it| it.body = Body::Content(bytes));
    }
    // TLS vectors of 2^30 bytes.
    let bomb = [0xbf, 0xff, 0xff, 0xff];
    let mut padded = bomb.repeat(BOX_PLAINTEXT_LEN / 4);
    padded.resize(BOX_PLAINTEXT_LEN, 0);
    put_sealed(scene, &padded);
    put_content(scene, &bomb);
}

pub(super) fn foreign_report(scene: &mut Scene) {
    let (alice, bob) = (scene.alice, scene.bob_at_alice.clone());
    let ids: Vec<Vec<u8>> = scene
        .world
        .read(alice, &bob)
        .iter()
        .filter_map(|message| from_hex(&message.id))
        .collect();
    // A status report by hand (draft-ietf-mimi-content): every id read.
    let mut report = vec![
        0x82,
        0xd8,
        62,
        0,
        0x98,
        u8::try_from(ids.len()).expect("few"),
    ];
    for id in &ids {
        report.extend([0x82, 0x50]);
        report.extend(id);
        report.push(2);
    }
    let kind = "application/mimi-message-status";
    let mut content = vec![0x87, 0x50];
    content.extend([9; 16]);
    content.extend([0xf6, 0x40, 0xf6, 0xf6, 0xa0, 0x85, 0, 0x60, 1, 0x78]);
    content.push(u8::try_from(kind.len()).expect("short"));
    content.extend(kind.as_bytes());
    content.extend([0x59, 0, u8::try_from(report.len()).expect("short")]);
    content.extend(report);
    put_envelope(scene, |it| it.body = Body::Content(content));
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

/// A fresh commit with these data, whosever turn it is.
fn put_commit(scene: &mut Scene, data: &[u8]) -> (Slot, SealedBox) {
    let padded = scene.by_hand(|ctx, id| {
        let envelope = fuzzing::next_envelope(ctx.store, id).expect("an envelope");
        let bytes = envelope.to_bytes().expect("an encoding");
        let inside = fuzzing::write_inside(ctx, id, &bytes, Some(data)).expect("a commit");
        inside.to_padded().expect("it fits")
    });
    put_sealed(scene, &padded)
}

pub(super) fn commit_out_of_turn(scene: &mut Scene) {
    put_commit(scene, b"");
    put_commit(scene, b"");
}

pub(super) fn commit_with_data(scene: &mut Scene) {
    put_commit(scene, &[7; 32]);
}

pub(super) fn equivocating_commits(scene: &mut Scene) {
    let before = scene.world.snapshot(scene.mallory);
    put_commit(scene, b"");
    // Another one from the same state, for the next slot.
    let first = scene.world.snapshot(scene.mallory);
    scene.world.with_vault_back(scene.mallory, &before);
    let (slot, boxed) = scene.by_hand(|ctx, id| {
        let envelope = fuzzing::next_envelope(ctx.store, id).expect("an envelope");
        let bytes = envelope.to_bytes().expect("an encoding");
        let inside = fuzzing::write_inside(ctx, id, &bytes, Some(b"")).expect("a commit");
        fuzzing::seal_in_lane(ctx, id, &inside.to_padded().expect("it fits")).expect("a box")
    });
    let last = scene.world.relays() - 1;
    scene.world.relay(last).replace(slot, boxed);
    scene.world.with_vault_back(scene.mallory, &first);
}

pub(super) fn skipped_generations(scene: &mut Scene) {
    scene.by_hand(|ctx, id| {
        for _ in 0..MANY_GENERATIONS {
            fuzzing::write_inside(ctx, id, b"", None).expect("a message");
        }
    });
    put_envelope(scene, |_| {});
}

pub(super) fn two_boxes_for_a_slot(scene: &mut Scene) {
    let before = scene.world.snapshot(scene.mallory);
    put_envelope(scene, |_| {});
    scene.world.with_vault_back(scene.mallory, &before);
    let (slot, boxed) = scene
        .by_hand(|ctx, id| fuzzing::seal_in_lane(ctx, id, &[9; BOX_PLAINTEXT_LEN]).expect("a box"));
    let last = scene.world.relays() - 1;
    scene.world.relay(last).replace(slot, boxed);
}
