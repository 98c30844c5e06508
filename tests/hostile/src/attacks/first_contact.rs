//! Requests and bundles of somebody who has a link.

use hushwing_engine::view::{Command, InvitePolicy, Reply, SecretText};
use hushwing_protocol::{DirectKeys, Me, Redeemed, RequestSlot, bundle_slot, fuzzing, redeem};
use hushwing_wire::{
    InviteLink, RequestPlaintext, Routes, SealedBox, Slot, limits::BOX_PLAINTEXT_LEN,
};

use crate::scene::Scene;

/// Bytes of a vector's length of 2^30 - 1 (RFC 9000 section 16, as MLS has it).
const LONGEST: [u8; 4] = [0xbf, 0xff, 0xff, 0xff];

/// An invite of Alice's that fell into Mallory's hands.
fn found_link(scene: &mut Scene, policy: InvitePolicy) -> InviteLink {
    let invite = scene.world.invite_with(scene.alice, policy);
    invite.link.parse().expect("a link")
}

/// What Mallory, who stays whom he is, would answer to it.
fn answer(scene: &mut Scene, link: &InviteLink, name: &str) -> Redeemed {
    let bundle = scene.world.relay(0).get(&bundle_slot(link));
    let bundle = bundle.expect("the bundle is there");
    scene.by_hand(|ctx, _| {
        let me = Me {
            name: name.to_owned(),
            routes: Routes::default(),
            direct: DirectKeys::generate(ctx.rng),
        };
        redeem(ctx, link, &bundle, me).expect("it is redeemed")
    })
}

fn opened(link: &InviteLink, which: RequestSlot, boxed: &SealedBox) -> RequestPlaintext {
    let padded = fuzzing::open_request(link, which, boxed).expect("his own box");
    RequestPlaintext::from_padded(&padded).expect("his own request")
}

/// Puts any plaintext at the first place of a link.
fn put_request(scene: &mut Scene, link: &InviteLink, slot: Slot, plaintext: &[u8]) {
    let mut padded = plaintext.to_vec();
    padded.resize(BOX_PLAINTEXT_LEN, 0);
    let boxed = scene.by_hand(|ctx, _| {
        fuzzing::seal_request(ctx.rng, link, RequestSlot::First, &padded).expect("a box")
    });
    scene.put(slot, &boxed);
}

pub(super) fn rubbish(scene: &mut Scene) {
    let link = found_link(scene, InvitePolicy::default());
    let made = answer(scene, &link, "Mallory again");
    put_request(scene, &link, made.request[0].0, &[7; BOX_PLAINTEXT_LEN]);
}

/// What Mallory answered to one invite, at the place of another.
pub(super) fn foreign_request(scene: &mut Scene) {
    let other = found_link(scene, InvitePolicy::default());
    let theirs = answer(scene, &other, "somebody else");
    let captured = opened(&other, RequestSlot::First, &theirs.request[0].1);
    let link = found_link(scene, InvitePolicy::default());
    let made = answer(scene, &link, "Mallory again");
    let bytes = captured.to_bytes().expect("an encoding");
    put_request(scene, &link, made.request[0].0, &bytes);
}

/// The Welcome of one answer, and the message of another to the same link.
pub(super) fn mixed_request(scene: &mut Scene) {
    let link = found_link(scene, InvitePolicy::default());
    let [one, other] = ["one", "other"].map(|name| answer(scene, &link, name));
    let mut request = opened(&link, RequestSlot::First, &one.request[0].1);
    request.message = opened(&link, RequestSlot::First, &other.request[0].1).message;
    let bytes = request.to_bytes().expect("an encoding");
    put_request(scene, &link, one.request[0].0, &bytes);
}

pub(super) fn long_welcome(scene: &mut Scene) {
    let link = found_link(scene, InvitePolicy::default());
    let made = answer(scene, &link, "Mallory again");
    let request = opened(&link, RequestSlot::First, &made.request[0].1);
    let mut bytes = request.to_bytes().expect("an encoding");
    // Behind the version: the length of the Welcome.
    bytes[1..5].copy_from_slice(&LONGEST);
    put_request(scene, &link, made.request[0].0, &bytes);
}

/// He gets in by a link that was not his, once: that a link can do. The same request at
/// the second place makes no second contact.
pub(super) fn one_request_twice(scene: &mut Scene) {
    let link = found_link(scene, InvitePolicy::default());
    let made = answer(scene, &link, "Mallory again");
    for (slot, boxed) in &made.request {
        scene.put(*slot, boxed);
    }
}

pub(super) fn two_that_ask(scene: &mut Scene) {
    let link = found_link(scene, InvitePolicy::Ask);
    let [one, other] = ["one", "other"].map(|name| answer(scene, &link, name));
    let (slot, boxed) = &one.request[0];
    scene.put(*slot, boxed);
    scene.world.run_for(60_000);
    let (slot, boxed) = &other.request[1];
    scene.put(*slot, boxed);
}

/// A link of Mallory's, whose bundle Alice finds as `padded` makes it.
fn lure(scene: &mut Scene, padded: impl FnOnce(Vec<u8>) -> Vec<u8>) {
    let (mallory, alice) = (scene.mallory, scene.alice);
    scene.world.start(mallory);
    let invite = scene.world.invite(mallory);
    scene.world.stop(mallory);
    let link: InviteLink = invite.link.parse().expect("a link");
    let slot = bundle_slot(&link);
    let boxed = scene
        .world
        .relay(0)
        .get(&slot)
        .expect("the bundle is there");
    let honest = fuzzing::open_bundle(&link, &boxed).expect("his own bundle");
    let padded = padded(honest);
    let forged =
        scene.by_hand(|ctx, _| fuzzing::seal_bundle(ctx.rng, &link, &padded).expect("a box"));
    for relay in 0..scene.world.relays() {
        scene.world.relay(relay).replace(slot, forged.clone());
    }
    let command = Command::InviteRedeem {
        link: SecretText::new(invite.link),
        name: "Alice".to_owned(),
    };
    match scene.world.call(alice, command) {
        Reply::Contact(_) => {}
        other => panic!("{other:?}"),
    }
}

pub(super) fn rubbish_bundle(scene: &mut Scene) {
    lure(scene, |_| vec![7; BOX_PLAINTEXT_LEN]);
}

pub(super) fn other_bundle(scene: &mut Scene) {
    // What no signature covers, but the link's hash: his name.
    lure(scene, |mut honest| {
        let name = b"the inviter";
        let at = honest.windows(name.len()).position(|part| part == name);
        honest[at.expect("his name")] = b'T';
        honest
    });
    // And what a signature covers: the key package.
    lure(scene, |mut honest| {
        honest[900] ^= 1;
        honest
    });
}
