//! Vectors of links and of a whole first contact.

use hushwing_wire::{InviteLink, RelayAddress, SealedBox};
use serde_json::{Value, json};

use super::{
    Me, NewInvite, RequestSlot, accept, create_invite,
    inviter::Created,
    keys::{BUNDLE_BOX_LABEL, InviteKeys, REQUEST_BOX_LABEL, binding, psk_id},
    redeem,
};
use crate::{
    Ctx,
    conversation::{self, Outgoing, state::REDEEMER_LEAF},
    direct::DirectKeys,
    ids::ConversationId,
    kdf::{BoxKey, sha256},
    mls::{
        Entered, ExternalPsk, Group, LeafSigner, PeerKeyPackage, provider::Provider, vector_tests,
    },
    secret::Secret32,
    store::MemoryStore,
    testing::{NOW_MS, relay},
    vector_tests::{
        kit::{Recorder, Script, hex, some, unhex},
        onion, some_routes,
    },
};

/// After the present of the tests, so that the link can be redeemed.
const EXPIRES_AT_MIN: u32 = 29_840_000;

fn ctx<'a>(store: &'a MemoryStore, rng: &'a mut Recorder) -> Ctx<'a> {
    Ctx {
        store,
        rng,
        now_ms: NOW_MS,
    }
}

/// A link, and everything that comes from its secret. `[HW-INV-1]` `[HW-INV-2]`
fn link(secret: [u8; 32], expires_at_min: u32, relays: Vec<RelayAddress>) -> Value {
    let link = InviteLink {
        expires_at_min,
        secret,
        bundle_hash: some(700),
        relays,
    };
    let text = link.to_string();
    assert_eq!(text.parse::<InviteLink>().unwrap(), link);
    assert_eq!(text.to_uppercase().parse::<InviteLink>().unwrap(), link);
    let relays = link.relays.iter();
    let relays = relays.map(|relay| hex(&hushwing_wire::to_bytes(relay).unwrap()));
    let keys = InviteKeys::new(&secret);
    json!({
        "part": "link",
        "expires_at_min": expires_at_min,
        "secret": hex(&secret),
        "bundle_hash": hex(&link.bundle_hash),
        "relays": relays.collect::<Vec<_>>(),
        "encoding": hex(&link.to_bytes().unwrap()),
        "text": text,
        "id": hex(keys.id().as_bytes()),
        "bundle_slot": hex(keys.bundle_slot().as_bytes()),
        "bundle_key": hex(keys.bundle_key().secret().expose()),
        "request_slots": keys.request_slots().map(|slot| hex(slot.as_bytes())),
        "request_keys": RequestSlot::ALL.map(|which| hex(keys.request_key(which).secret().expose())),
        "psk": hex(keys.psk().expose()),
    })
}

struct Inviter {
    store: MemoryStore,
    rng: Recorder,
    created: Created,
}

fn inviter() -> Inviter {
    let (store, mut rng) = (MemoryStore::new(), Recorder::new(710));
    let new = NewInvite {
        relays: vec![onion(711), relay(1)],
        card_name: "Alice".into(),
        routes: some_routes(713),
        direct: DirectKeys::from_seeds(some(717), some(718)),
        expires_at_min: EXPIRES_AT_MIN,
    };
    let created = create_invite(&mut ctx(&store, &mut rng), new).unwrap();
    Inviter {
        store,
        rng,
        created,
    }
}

/// The two boxes of the redeemer's request. The MLS library draws randomness of
/// its own for the Welcome, so they are another time others.
fn request_boxes(created: &Created, rng: &mut Recorder) -> [SealedBox; 2] {
    let store = MemoryStore::new();
    let me = Me {
        name: "Bob".into(),
        routes: some_routes(721),
        direct: DirectKeys::from_seeds(some(725), some(726)),
    };
    let bundle = &created.bundle_box;
    let redeemed = redeem(&mut ctx(&store, rng), &created.link, bundle, me).unwrap();
    redeemed.request.map(|(_, boxed)| boxed)
}

/// Joins as [`accept`] does, on a copy: what the Welcome gives, the group's id,
/// and the redeemer's envelope.
fn joined(
    inviter: &Inviter,
    id: ConversationId,
    psk: &ExternalPsk<'_>,
    welcome: &[u8],
    message: &[u8],
) -> (Entered, Vec<u8>, Vec<u8>) {
    let copy = MemoryStore::new();
    copy.restore(&inviter.store.snapshot());
    let mut rng = Recorder::new(0);
    let provider = Provider::new(&copy, &mut rng, id).unwrap();
    let mut group = Group::join(&provider, welcome, psk).unwrap();
    let entered = group.entered(&provider).unwrap();
    let (epoch, envelope) = group.decrypt(&provider, REDEEMER_LEAF, message).unwrap();
    assert_eq!(epoch, entered.epoch);
    (entered, group.id(), envelope.to_vec())
}

/// The box that comes out when this plaintext is sealed with the same nonce.
fn again(key: &BoxKey, label: &[u8], slot: &hushwing_wire::Slot, boxed: &SealedBox) -> Vec<u8> {
    let padded = key.open(label, slot, boxed).unwrap();
    let mut nonce = Script::nonce_of(boxed.as_bytes());
    assert_eq!(key.seal(&mut nonce, label, slot, &padded).unwrap(), *boxed);
    padded.to_vec()
}

fn seeds(rng: &Recorder, first: usize, leaf: [u8; 32]) -> Value {
    json!({
        "ed25519_seed": hex(&rng.draw(first)),
        "ml_dsa_65_seed": hex(&rng.draw(first + 1)),
        "leaf_seed": hex(&leaf),
    })
}

fn first_contact(frozen: Option<&Value>) -> Value {
    let mut inviter = inviter();
    let created = &inviter.created;
    let keys = InviteKeys::new(&created.link.secret);
    let padded = again(
        &keys.bundle_key(),
        BUNDLE_BOX_LABEL,
        &created.bundle_slot,
        &created.bundle_box,
    );
    let bundle = hushwing_wire::Bundle::from_padded(&padded).unwrap();
    let bundle_bytes = bundle.to_bytes().unwrap();
    assert_eq!(sha256(&bundle_bytes), created.link.bundle_hash);
    let (leaf, init_key) = inviter_keys(&inviter, &bundle.key_package);

    let mut redeemers = Recorder::new(720);
    let fresh = request_boxes(created, &mut redeemers);
    let redeemers_leaf = redeemers.draw(2);
    let boxes = frozen.map_or(fresh, |frozen| {
        [0, 1].map(|at| SealedBox::from_slice(&unhex(&frozen["request_boxes"][at])).unwrap())
    });
    let [request, same] = RequestSlot::ALL.map(|which| {
        let (slot, boxed) = (keys.request_slot(which), &boxes[which.index()]);
        let padded = again(&keys.request_key(which), REQUEST_BOX_LABEL, &slot, boxed);
        hushwing_wire::RequestPlaintext::from_padded(&padded).unwrap()
    });
    assert_eq!(request, same);

    let (link_bytes, request_bytes) = (
        created.link.to_bytes().unwrap(),
        request.to_bytes().unwrap(),
    );
    let psk = keys.psk();
    let psk = ExternalPsk {
        id: psk_id(&link_bytes, &bundle_bytes),
        value: &psk,
    };
    let id = ConversationId::new(inviter.rng.draw(4));
    let (entered, group_id, envelope) =
        joined(&inviter, id, &psk, &request.welcome, &request.message);

    let (invite, link) = (created.invite, created.link.clone());
    let (bundle_slot, bundle_box) = (created.bundle_slot, created.bundle_box.clone());
    let mut context = ctx(&inviter.store, &mut inviter.rng);
    let accepted = accept(&mut context, &invite, RequestSlot::First, &boxes[0]).unwrap();
    let sealed = conversation::seal(&mut context, &id, Outgoing::Nothing).unwrap();
    let lanes = [0, 1].map(|leaf| conversation::vector_tests::lane(&entered.lane_root, leaf, &[0]));
    assert_eq!(lanes[1]["links"][0]["slot"], hex(sealed.slot.as_bytes()));

    let mut inviters = seeds(&inviter.rng, 1, leaf);
    let init_ikm = json!(hex(&init_key));
    let fields = inviters.as_object_mut().unwrap();
    fields.insert("init_ikm".into(), init_ikm);
    json!({
        "part": "whole",
        "link": link.to_string(),
        "inviter": inviters,
        "redeemer": seeds(&redeemers, 0, redeemers_leaf),
        "bundle_slot": hex(bundle_slot.as_bytes()),
        "bundle_box": hex(bundle_box.as_bytes()),
        "bundle": hex(&bundle_bytes),
        "request_slots": keys.request_slots().map(|slot| hex(slot.as_bytes())),
        "request_boxes": boxes.map(|boxed| hex(boxed.as_bytes())),
        "request": hex(&request_bytes),
        "psk_id": hex(&psk.id),
        "binding": hex(&binding(&link_bytes, &bundle_bytes, &request_bytes)),
        "group_id": hex(&group_id),
        "epoch_authenticator": hex(&entered.authenticator),
        "lane_root": hex(entered.lane_root.expose()),
        "envelope": hex(&envelope),
        "safety_number": hex(accepted.safety_number.bytes()),
        "first_slots": lanes.map(|lane| lane["links"][0]["slot"].clone()),
    })
}

/// What the inviter drew for its leaf's signature key and for the init key of
/// its key package.
fn inviter_keys(inviter: &Inviter, key_package: &[u8]) -> ([u8; 32], [u8; 32]) {
    let mut rng = Recorder::new(0);
    let id = ConversationId::new([0; 32]);
    let provider = Provider::new(&inviter.store, &mut rng, id).unwrap();
    let leaf = PeerKeyPackage::parse(&provider, key_package)
        .unwrap()
        .leaf();
    let signer = inviter
        .rng
        .find(|draw| LeafSigner::new(&Secret32::new(*draw)).public()[..] == leaf.key);
    let init = inviter.rng.find(|draw| {
        let (_, public) = vector_tests::derive(draw);
        // Version and suite (2 bytes each), then the key behind its length.
        key_package[6..].starts_with(&public)
    });
    (signer, init)
}

pub(crate) fn first_contacts(frozen: &[Value]) -> Vec<Value> {
    vec![
        link(some(701), EXPIRES_AT_MIN, vec![relay(1)]),
        link(
            some(702),
            u32::MAX,
            vec![onion(703), onion(705), onion(707)],
        ),
        first_contact(frozen.get(2)),
    ]
}
