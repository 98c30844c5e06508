//! Vectors of lanes, and of what lies outside of them.

use hushwing_wire::{
    RecoveryMessage, RecoveryPlaintext, RepairRequest, RouteUpdate, Routes, SealedBox, Slot,
    limits::{BOX_NONCE_LEN, MAX_PLACE},
};
use serde_json::{Value, json};

use super::{
    Happening,
    lanes::Chain,
    recovery::{BOX_LABEL, Recovery, Successor},
    routes::{RECORD_KEY_LABEL, record_key},
    state::{self, Fixed, Founding, INVITER_LEAF, Moving, REDEEMER_LEAF, Stage},
};
use crate::{
    Ctx,
    direct::DirectKeys,
    identity::{Role, VerifiedPeer},
    ids::{ConversationId, InviteId},
    kdf::{self, BoxKey},
    mls::{self, Entered, ExternalPsk, Group, provider::Provider},
    safety::SafetyNumber,
    secret::{Secret32, to_cbor},
    store::MemoryStore,
    testing::NOW_MS,
    vector_tests::{
        keys,
        kit::{Recorder, Script, hex, some, unhex},
        some_routes,
    },
};

/// The links of a lane at these indices. `[HW-SLOT-3]`
pub(crate) fn lane(root: &Secret32, leaf: u32, indices: &[u32]) -> Value {
    let mut chain = Chain::start(root, leaf);
    let mut at = 0;
    let links = indices.iter().map(|index| {
        while at < *index {
            chain.advance();
            at += 1;
        }
        // A chain is stored as its link: a CBOR byte string of 32 bytes.
        let link = to_cbor(&chain).unwrap()[2..].to_vec();
        json!({
            "link": hex(&link),
            "slot": hex(chain.slot().as_bytes()),
            "key": hex(chain.key().secret().expose()),
        })
    });
    let links: Vec<_> = links.collect();
    json!({ "root": hex(root.expose()), "leaf": leaf, "indices": indices, "links": links })
}

pub(crate) fn lanes() -> Vec<Value> {
    let root = Secret32::new(some(800));
    vec![
        lane(&root, 0, &[0, 1, 2, 3, 31]),
        lane(&root, 1, &[0, 1]),
        lane(&Secret32::new(some(801)), 1, &[0, 1_000]),
    ]
}

/// One side of a conversation without an MLS group: what lies outside of the
/// lanes does not need one.
struct Side {
    store: MemoryStore,
    rng: Recorder,
    id: ConversationId,
    writer: u32,
}

const LANE_ROOT_SEED: u64 = 810;
const BINDING_SEED: u64 = 811;
/// Seeds of the identities of writer 0, the redeemer, and writer 1, the inviter.
const IDENTITIES: [u64; 2] = [820, 830];
/// And that of the identity that writer 0 hands over to.
const NEXT_IDENTITY: u64 = 880;

impl Side {
    fn new(writer: u32) -> Self {
        let [mine, theirs] = match writer {
            INVITER_LEAF => [1, 0].map(|at| IDENTITIES[at]),
            _ => IDENTITIES,
        };
        let (stage, role) = match writer {
            INVITER_LEAF => (Stage::Established, Role::Redeemer),
            _ => (Stage::Requested, Role::Inviter),
        };
        let (store, mut rng) = (MemoryStore::new(), Recorder::new(840 + u64::from(writer)));
        let (peer, invite) = (keys(theirs).0, InviteId::new([0; 32]));
        let card = peer
            .card(&mut rng, role, b"leaf", &invite, "", Routes::default())
            .unwrap();
        let credential = *peer.fingerprint().as_bytes();
        let identity = keys(mine).0;
        let both = [identity.fingerprint(), peer.fingerprint()];
        let founding = Founding {
            stage,
            group_id: vec![0; 32],
            signer_seed: Secret32::new([0; 32]),
            identity,
            direct: DirectKeys::from_seeds([1; 32], [2; 32]),
            peer: VerifiedPeer::verify(&card, role, &credential, b"leaf", &invite).unwrap(),
            peer_name: String::new(),
            peer_routes: Routes::default(),
            binding: some(BINDING_SEED),
            safety_number: SafetyNumber::new(&both[0], &both[1], &some(BINDING_SEED)),
            entered: Entered {
                epoch: 1,
                authenticator: [0; 32],
                lane_root: Secret32::new(some(LANE_ROOT_SEED)),
            },
        };
        let id = ConversationId::new([0xc0; 32]);
        state::found(&store, &id, founding).unwrap();
        Self {
            store,
            rng,
            id,
            writer,
        }
    }

    fn ctx(&mut self) -> Ctx<'_> {
        Ctx {
            store: &self.store,
            rng: &mut self.rng,
            now_ms: NOW_MS,
        }
    }

    fn row(&self) -> Recovery {
        Recovery::read(&self.store, &self.id).unwrap()
    }
}

fn routes_of(update: &RouteUpdate) -> Value {
    let routes = hushwing_wire::to_bytes(&update.routes).unwrap();
    json!({ "serial": update.serial, "routes": hex(&routes) })
}

fn receipts(received: &hushwing_wire::Receipts) -> Value {
    let beyond = received
        .beyond
        .iter()
        .map(|range| [range.first, range.last]);
    let beyond: Vec<_> = beyond.collect();
    json!({ "up_to": received.up_to, "beyond": beyond, "mark": received.mark })
}

fn request_fields(request: &RepairRequest) -> Value {
    json!({
        "key_package": hex(&request.key_package),
        "generation": request.generation,
        "received": receipts(&request.received),
        "read_next": request.read_next,
        "received_in": request.received_in,
        "write_next": request.write_next,
        "sent": request.sent,
        "acknowledged": receipts(&request.acknowledged),
        "open": request.open.iter().map(|of| [of.number, of.mark]).collect::<Vec<_>>(),
        "need": request.need as u8,
        "update": routes_of(&request.routes),
    })
}

fn fields(message: &RecoveryMessage) -> Value {
    match message {
        RecoveryMessage::Routes(update) => json!({ "kind": 1, "update": routes_of(update) }),
        RecoveryMessage::Request(request) => with(json!({ "kind": 2 }), request_fields(request)),
        RecoveryMessage::Succession(succession) => {
            let hand_over = &succession.hand_over;
            let hand_over = json!({
                "kind": 4,
                "hand_over": {
                    "ed25519_public": hex(&hand_over.ed25519_public),
                    "ml_dsa_65_public": hex(&hand_over.ml_dsa_65_public),
                    "ed25519_signature": hex(&hand_over.signature.ed25519),
                    "ml_dsa_65_signature": hex(&hand_over.signature.ml_dsa_65),
                },
            });
            with(hand_over, request_fields(&succession.request))
        }
        RecoveryMessage::Answer(answer) => json!({
            "kind": 3,
            "request": hex(&answer.request),
            "welcome": hex(&answer.welcome),
            "generation": answer.generation,
            "old_generation": answer.old_generation,
            "received": receipts(&answer.received),
            "write_next": answer.write_next,
            "read_next": answer.read_next,
        }),
    }
}

/// A signed message, as it is before it is sealed.
fn said(by: &Side, plaintext: &[u8]) -> Value {
    let read = RecoveryPlaintext::from_bytes(plaintext).unwrap();
    let (_, identity) = keys(IDENTITIES[by.writer as usize]);
    json!({
        "writer": by.writer,
        "identity": identity,
        "binding": hex(&some::<32>(BINDING_SEED)),
        "message": fields(&read.message),
        "plaintext": hex(plaintext),
    })
}

fn with(mut value: Value, more: Value) -> Value {
    let more = more.as_object().unwrap().clone();
    value.as_object_mut().unwrap().extend(more);
    value
}

/// A box with a signed message: opened, and sealed again with the same nonce.
fn boxed(by: &Side, what: &str, slot: &Slot, key: &BoxKey, boxed: &SealedBox) -> (Vec<u8>, Value) {
    let padded = key.open(BOX_LABEL, slot, boxed).unwrap();
    let mut nonce = Script::nonce_of(boxed.as_bytes());
    assert_eq!(
        key.seal(&mut nonce, BOX_LABEL, slot, &padded).unwrap(),
        *boxed
    );
    let plaintext = RecoveryPlaintext::from_padded(&padded)
        .unwrap()
        .to_bytes()
        .unwrap();
    let value = json!({
        "part": what,
        "root": hex(root().expose()),
        "slot": hex(slot.as_bytes()),
        "box": hex(boxed.as_bytes()),
    });
    let value = with(value, said(by, &plaintext));
    (plaintext, value)
}

fn root() -> Secret32 {
    kdf::extract(b"hushwing 1 recovery", &some(LANE_ROOT_SEED))
}

/// Where boxes lie outside of the lanes. `[HW-REC-1]` `[HW-REC-4]` `[HW-ROUTE-3]`
fn places() -> Value {
    let row = Side::new(0).row();
    let place = |writer: u32, index: u32| {
        json!({
            "writer": writer,
            "index": index,
            "slot": hex(row.places().slot(writer, index).as_bytes()),
            "key": hex(row.places().key(writer, index).secret().expose()),
        })
    };
    let request: [u8; 32] = some(812);
    let (answer_slot, answer_key) = row.places().answer(&request);
    let record_keys = [0, 1].map(|writer| hex(record_key(&row, writer).secret().expose()));
    json!({
        "part": "places",
        "lane_root": hex(&some::<32>(LANE_ROOT_SEED)),
        "root": hex(root().expose()),
        "places": [place(0, 0), place(0, 1), place(1, 0), place(1, MAX_PLACE)],
        "request": hex(&request),
        "answer_slot": hex(answer_slot.as_bytes()),
        "answer_key": hex(answer_key.secret().expose()),
        "psk": hex(psk_value(&request).expose()),
        "psk_id": hex(&psk_id(&request)),
        "record_keys": record_keys,
    })
}

fn psk_value(request: &[u8; 32]) -> Secret32 {
    kdf::expand(&root(), b"hushwing 1 repair psk", request)
}

fn psk_id(request: &[u8; 32]) -> [u8; 32] {
    kdf::transcript(b"hushwing 1 repair psk id", &[request])
}

fn offered() -> Value {
    let mut inviter = Side::new(INVITER_LEAF);
    let id = inviter.id;
    let offer = super::offer_routes(&mut inviter.ctx(), &id, some_routes(850)).unwrap();
    let (row, writer) = (inviter.row(), inviter.writer);
    assert_eq!(row.places().slot(writer, 0), offer.slot);
    let (_, value) = boxed(
        &inviter,
        "offered routes",
        &offer.slot,
        &row.places().key(writer, 0),
        &offer.boxed,
    );
    with(value, json!({ "index": 0 }))
}

fn record() -> Value {
    let mut redeemer = Side::new(REDEEMER_LEAF);
    let id = redeemer.id;
    let routes = some_routes(860);
    let record = super::route_record(&mut redeemer.ctx(), &id, routes.clone()).unwrap();
    let text = record.to_string();
    let mut inviter = Side::new(INVITER_LEAF);
    let taken = super::take_route_record(&mut inviter.ctx(), &id, &text.parse().unwrap());
    assert_eq!(taken.unwrap(), routes);
    let key = record_key(&redeemer.row(), redeemer.writer);
    let plaintext = key.open_text(RECORD_KEY_LABEL, record.sealed()).unwrap();
    let value = json!({
        "part": "route record",
        "root": hex(root().expose()),
        "nonce": hex(&record.sealed()[..BOX_NONCE_LEN]),
        "text": text,
    });
    with(value, said(&redeemer, &plaintext))
}

/// A request for new keys by the redeemer, and the inviter's answer.
fn repaired(frozen: Option<&Value>) -> [Value; 2] {
    let mut redeemer = Side::new(REDEEMER_LEAF);
    let id = redeemer.id;
    let mut moving = Moving::read(&redeemer.store, &id).unwrap();
    moving.stage = Stage::Established;
    moving.received.insert(1, 4);
    moving.received.insert(6, 6);
    moving.write(&redeemer.store, &id).unwrap();
    let before = redeemer.rng.len();
    let asked = super::ask_repair(&mut redeemer.ctx(), &id, some_routes(870)).unwrap();
    let scope = ConversationId::new(redeemer.rng.draw(before + 1));
    let (row, writer) = (redeemer.row(), redeemer.writer);
    assert_eq!(row.places().slot(writer, 0), asked.slot);
    let key = row.places().key(writer, 0);
    let (plaintext, request) = boxed(&redeemer, "request", &asked.slot, &key, &asked.boxed);
    let request = with(request, json!({ "index": 0 }));
    let hash = kdf::sha256(&plaintext);

    let mut inviter = Side::new(INVITER_LEAF);
    let opened = super::open(&mut inviter.ctx(), &id, &asked.slot, &asked.boxed).unwrap();
    let fresh = opened.answer.unwrap().boxed;
    let answer = frozen.map_or(fresh, |frozen| {
        SealedBox::from_slice(&unhex(&frozen["box"])).unwrap()
    });
    let (slot, key) = row.places().answer(&hash);
    let (plaintext, value) = boxed(&inviter, "answer", &slot, &key, &answer);
    let entered = joined(&redeemer, scope, &hash, &plaintext);
    let key_package = unhex(&request["message"]["key_package"]);
    let init_ikm = redeemer.rng.find(|draw| {
        let (_, public) = mls::vector_tests::derive(draw);
        key_package[6..].starts_with(&public)
    });

    let opened = super::open(&mut redeemer.ctx(), &id, &slot, &answer).unwrap();
    let done = |happening: &Happening| matches!(happening, Happening::Repaired { .. });
    assert!(opened.happenings.iter().any(done));
    // Whoever asked is at leaf 1 of the new group.
    let moving = Moving::read(&redeemer.store, &id).unwrap();
    let lane_of = |leaf: u32| lane(&entered.lane_root, leaf, &[0])["links"][0]["slot"].clone();
    assert_eq!(
        lane_of(1),
        hex(moving.write_lanes[0].chain.slot().as_bytes())
    );
    assert_eq!(
        lane_of(0),
        hex(moving.read_lanes[0].chain.slot().as_bytes())
    );
    let more = json!({
        "request_plaintext": request["plaintext"],
        "init_ikm": hex(&init_ikm),
        "epoch_authenticator": hex(&entered.authenticator),
        "lane_root": hex(entered.lane_root.expose()),
        "first_slots": [lane_of(0), lane_of(1)],
    });
    [request, with(value, more)]
}

/// The redeemer hands over to another identity. `[HW-ROT-1]`
fn succession() -> Value {
    let mut redeemer = Side::new(REDEEMER_LEAF);
    let id = redeemer.id;
    let mut row = redeemer.row();
    let (identity, next) = keys(NEXT_IDENTITY);
    row.successor = Some(Successor {
        identity,
        direct: DirectKeys::from_seeds([3; 32], [4; 32]),
    });
    row.write(&redeemer.store, &id).unwrap();
    let asked = super::ask_succession(&mut redeemer.ctx(), &id, some_routes(890)).unwrap();
    let (row, writer) = (redeemer.row(), redeemer.writer);
    assert_eq!(row.places().slot(writer, 0), asked.slot);
    let key = row.places().key(writer, 0);
    let (_, value) = boxed(&redeemer, "succession", &asked.slot, &key, &asked.boxed);

    let mut inviter = Side::new(INVITER_LEAF);
    super::open(&mut inviter.ctx(), &id, &asked.slot, &asked.boxed).unwrap();
    let after = Fixed::read(&inviter.store, &id).unwrap();
    with(
        value,
        json!({
            "index": 0,
            "next": next,
            "inviter": hex(after.identity.fingerprint().as_bytes()),
            "digits": after.safety_number.to_string(),
        }),
    )
}

/// Joins the group of an answer on a copy of the asker's store.
fn joined(redeemer: &Side, scope: ConversationId, hash: &[u8; 32], plaintext: &[u8]) -> Entered {
    let read = RecoveryPlaintext::from_bytes(plaintext).unwrap();
    let RecoveryMessage::Answer(answer) = read.message else {
        panic!("not an answer");
    };
    assert_eq!(answer.request, hash);
    let copy = MemoryStore::new();
    copy.restore(&redeemer.store.snapshot());
    let mut rng = Recorder::new(0);
    let provider = Provider::new(&copy, &mut rng, scope).unwrap();
    let value = psk_value(hash);
    let psk = ExternalPsk {
        id: psk_id(hash),
        value: &value,
    };
    let group = Group::join(&provider, &answer.welcome, &psk).unwrap();
    group.entered(&provider).unwrap()
}

pub(crate) fn recovery(frozen: &[Value]) -> Vec<Value> {
    let [request, answer] = repaired(frozen.get(4));
    vec![places(), offered(), record(), request, answer, succession()]
}
