//! Encodings: addresses, frames, envelopes, content.

use hushwing_wire::{
    AccessKey, Body, Envelope, GateProof, GateTerms, LaneEnd, LanePlace, NumberRange, Receipts,
    Refusal, RelayAddress, RelayInfo, Request, RequestOp, Response, ResponseOp, Routes, SaidBefore,
    SealedBox, ServerKeyPin, Slot,
    address::{Endpoint, OnionAddress},
    limits::{BOX_LEN, FRAME_HEADER_LEN},
};
use serde_json::{Map, Value, json};

use super::kit::{hex, padded, some};
use crate::{
    content::{self, Content},
    direct::DirectKeys,
    kdf,
};

pub(super) fn addresses() -> Vec<Value> {
    let host = |name: &str| address(name.parse().unwrap(), some(200));
    let seeds = (some(201), some(202));
    let direct = DirectKeys::from_seeds(seeds.0, seeds.1).address();
    let mut of_a_node = address(direct.endpoint, *direct.pin.as_bytes());
    let of_seeds = json!({ "onion": hex(&seeds.0), "tls": hex(&seeds.1) });
    of_a_node
        .as_object_mut()
        .unwrap()
        .insert("seeds".into(), of_seeds);
    vec![
        of_a_node,
        host("relay.example.org:4433"),
        host("127.0.0.1:9001"),
        host("[::1]:9001"),
        address_with(
            "relay.example.org:4433".parse().unwrap(),
            some(200),
            Some(some(203)),
        ),
    ]
}

fn address(endpoint: Endpoint, pin: [u8; 32]) -> Value {
    address_with(endpoint, pin, None)
}

fn address_with(endpoint: Endpoint, pin: [u8; 32], access: Option<[u8; 16]>) -> Value {
    let text = match &endpoint {
        Endpoint::Onion { address, port } => format!("{}:{port}", address.to_host()),
        Endpoint::Host { name, port } => format!("{}:{port}", name.as_str()),
        Endpoint::Loopback(address) => address.socket_addr().to_string(),
        Endpoint::Clear(_) => panic!("has no encoding"),
    };
    assert_eq!(text.parse::<Endpoint>().unwrap(), endpoint);
    let address = RelayAddress {
        endpoint,
        pin: ServerKeyPin::new(pin),
        access: access.map(AccessKey::new),
    };
    let encoding = hushwing_wire::to_bytes(&address).unwrap();
    assert_eq!(
        hushwing_wire::from_bytes::<RelayAddress>(&encoding).unwrap(),
        address
    );
    assert_eq!(
        address.to_string().parse::<RelayAddress>().unwrap(),
        address
    );
    let mut case = json!({
        "endpoint": text,
        "pin": hex(&pin),
        "encoding": hex(&encoding),
        "text": address.to_string(),
    });
    if let Some(access) = access {
        case["access_key"] = hex(&access).into();
    }
    case
}

/// A relay for structures that hold one.
pub(crate) fn onion(seed: u64) -> RelayAddress {
    RelayAddress {
        endpoint: Endpoint::Onion {
            address: OnionAddress::from_public_key(some(seed)),
            port: 443,
        },
        pin: ServerKeyPin::new(some(seed + 1)),
        access: None,
    }
}

fn a_box(seed: u64) -> SealedBox {
    let mut bytes = [0; BOX_LEN];
    bytes[..40].copy_from_slice(&some::<40>(seed));
    SealedBox::from_slice(&bytes).unwrap()
}

fn frame(operation: &str, id: u32, fields: Value, bytes: &[u8]) -> Value {
    let (head, boxed) = bytes.split_at(FRAME_HEADER_LEN);
    json!({
        "operation": operation,
        "id": id,
        "fields": fields,
        "head": padded(head),
        "box": padded(boxed),
        "sha256": hex(&kdf::sha256(bytes)),
    })
}

fn request(operation: &str, id: u32, fields: Value, op: RequestOp) -> Value {
    let request = Request { id, op };
    let bytes = request.to_frame().unwrap();
    assert_eq!(Request::from_frame(&bytes).unwrap(), request);
    frame(operation, id, fields, &bytes)
}

fn response(operation: &str, id: u32, fields: Value, op: ResponseOp) -> Value {
    let response = Response { id, op };
    let bytes = response.to_frame().unwrap();
    assert_eq!(Response::from_frame(&bytes).unwrap(), response);
    frame(operation, id, fields, &bytes)
}

pub(super) fn frames() -> Vec<Value> {
    let none = || Value::Object(Map::new());
    let slots: Vec<Slot> = (300..308).map(|seed| Slot::new(some(seed))).collect();
    let named =
        |slots: &[Slot]| -> Vec<String> { slots.iter().map(|slot| hex(slot.as_bytes())).collect() };
    let whole = SealedBox::from_slice(&some::<BOX_LEN>(310)).unwrap();
    let mut cases = vec![
        request(
            "PUT",
            1,
            json!({ "slot": hex(slots[0].as_bytes()), "ttl_s": 1_814_400 }),
            RequestOp::Put {
                slot: slots[0],
                ttl_s: 1_814_400,
                boxed: whole,
            },
        ),
        request(
            "GET",
            0x0102_0304,
            json!({ "slots": named(&slots[..1]), "wait_s": 0 }),
            RequestOp::Get {
                slots: slots[..1].to_vec(),
                wait_s: 0,
            },
        ),
        request(
            "GET",
            u32::MAX,
            json!({ "slots": named(&slots), "wait_s": 120 }),
            RequestOp::Get {
                slots: slots.clone(),
                wait_s: 120,
            },
        ),
        request(
            "DROP",
            3,
            json!({ "slots": named(&slots[..3]) }),
            RequestOp::Drop {
                slots: slots[..3].to_vec(),
            },
        ),
        request("INFO", 4, none(), RequestOp::Info),
        response("stored", 5, none(), ResponseOp::Stored),
        response("same", 6, none(), ResponseOp::Same),
        response("taken", 7, none(), ResponseOp::Taken(a_box(320))),
        response("taken and dropped", 8, none(), ResponseOp::TakenAndDropped),
        response("full", 9, none(), ResponseOp::Full),
        response(
            "found",
            10,
            json!({ "index": 7 }),
            ResponseOp::Found {
                index: 7,
                boxed: a_box(321),
            },
        ),
        response("nothing", 11, none(), ResponseOp::Nothing),
        response("dropped", 12, none(), ResponseOp::Dropped),
        response(
            "info",
            13,
            json!({ "max_ttl_s": 7_776_000, "max_wait_s": 120, "accepting": 1 }),
            ResponseOp::Info(RelayInfo {
                max_ttl_s: 7_776_000,
                max_wait_s: 120,
                accepting: 1,
            }),
        ),
    ];
    cases.extend(gate_frames(slots[1]));
    let refusals = [
        Refusal::NotServed,
        Refusal::Busy,
        Refusal::Draining,
        Refusal::StoreFailed,
    ];
    cases.extend(refusals.map(|why| {
        let reason = why as u8;
        let id = 20 + u32::from(reason);
        let fields = json!({ "reason": reason });
        response("refused", id, fields, ResponseOp::Refused(why))
    }));
    cases
}

fn gate_frames(slot: Slot) -> Vec<Value> {
    let put = |id, way: Value, proof| {
        let mut fields = json!({ "slot": hex(slot.as_bytes()), "ttl_s": 3_600 });
        fields["proof"] = way;
        let op = RequestOp::PutGated {
            slot,
            ttl_s: 3_600,
            boxed: a_box(322),
            proof,
        };
        request("PUT with proof", id, fields, op)
    };
    let (mac, nonce, solution) = (some(330), some(331), some(332));
    let wanted = |id, access_key, work_level: Option<u8>| {
        let ways = u8::from(access_key) | u8::from(work_level.is_some()) << 1;
        let fields = json!({ "ways": ways, "work_level": work_level.unwrap_or(0) });
        let terms = GateTerms {
            access_key,
            work_level,
        };
        response("gate wanted", id, fields, ResponseOp::GateWanted(terms))
    };
    vec![
        put(14, json!({ "mac": hex(&mac) }), GateProof::Key { mac }),
        put(
            15,
            json!({ "nonce": hex(&nonce), "solution": hex(&solution) }),
            GateProof::Work { nonce, solution },
        ),
        wanted(16, true, None),
        wanted(17, false, Some(24)),
        wanted(18, true, Some(0)),
    ]
}

fn envelope(seed: u64, receipts: Receipts, lane_ends: Vec<LaneEnd>, body: Body) -> Value {
    let said = match &body {
        Body::Nothing | Body::AskAgain => json!({}),
        Body::Content(content) => json!({ "content": hex(content) }),
        Body::Card(card) => json!({ "card": hex(card) }),
        Body::Again(said) => json!({ "clock": said.clock, "content": hex(&said.content) }),
        Body::Routes(routes) => json!({ "routes": hex(routes) }),
        Body::Unread(places) => json!({ "places": places
            .iter()
            .map(|place| [place.epoch, u64::from(place.index)])
            .collect::<Vec<_>>() }),
    };
    let kind = match &body {
        Body::Nothing => 1,
        Body::Content(_) => 2,
        Body::Card(_) => 3,
        Body::Again(_) => 4,
        Body::AskAgain => 5,
        Body::Routes(_) => 6,
        Body::Unread(_) => 7,
    };
    let ranges = receipts
        .beyond
        .iter()
        .map(|range| [range.first, range.last]);
    let fields = json!({
        "number": seed,
        "clock": seed + 7,
        "sent_at_ms": 1_790_000_000_000 + seed,
        "up_to": receipts.up_to,
        "beyond": ranges.collect::<Vec<_>>(),
        "mark": receipts.mark,
        "lane_ends": lane_ends
            .iter()
            .map(|end| [end.epoch, u64::from(end.count)])
            .collect::<Vec<_>>(),
        "epoch_authenticator": hex(&some::<32>(seed)),
        "kind": kind,
        "body": said,
    });
    let envelope = Envelope {
        number: seed,
        clock: seed + 7,
        sent_at_ms: 1_790_000_000_000 + seed,
        received: receipts,
        lane_ends,
        epoch_authenticator: some::<32>(seed).to_vec(),
        body,
    };
    let bytes = envelope.to_bytes().unwrap();
    assert_eq!(Envelope::from_bytes(&bytes).unwrap(), envelope);
    json!({ "fields": fields, "encoding": hex(&bytes) })
}

pub(super) fn envelopes() -> Vec<Value> {
    let none = Receipts::default;
    let gaps = Receipts {
        up_to: 5,
        beyond: [(7, 7), (9, 300)]
            .map(|(first, last)| NumberRange { first, last })
            .to_vec(),
        mark: u64::from_be_bytes(some(409)),
    };
    let ends = [(1, 3), (2, 0)]
        .map(|(epoch, count)| LaneEnd { epoch, count })
        .to_vec();
    let again = SaidBefore {
        clock: 406,
        content: some::<80>(410).to_vec(),
    };
    let places = [(3, 0), (3, 31)]
        .map(|(epoch, index)| LanePlace { epoch, index })
        .to_vec();
    vec![
        envelope(400, none(), vec![], Body::Nothing),
        envelope(401, gaps, ends, Body::Content(some::<70>(411).to_vec())),
        envelope(402, none(), vec![], Body::Card(some::<66>(412).to_vec())),
        envelope(403, none(), vec![], Body::Again(again)),
        envelope(404, none(), vec![], Body::AskAgain),
        envelope(405, none(), vec![], Body::Routes(some::<64>(413).to_vec())),
        envelope(406, none(), vec![], Body::Unread(places)),
    ]
}

pub(super) fn content() -> Vec<Value> {
    let text = |seed: u64, text: &str| {
        let salt = some(seed);
        let bytes = content::encode_text(&salt, text).unwrap();
        assert_eq!(content::decode(&bytes), Content::Text(text.to_owned()));
        json!({
            "says": "text",
            "salt": hex(&salt),
            "text": text,
            "content": hex(&bytes),
            "id": hex(&content::message_id(&bytes)),
        })
    };
    let read = |seed: u64, at_ms: u64, ids: &[[u8; 16]]| {
        let salt = some(seed);
        let bytes = content::encode_read(&salt, at_ms, ids).unwrap();
        assert_eq!(content::decode(&bytes), Content::Read(ids.to_vec()));
        json!({
            "says": "read",
            "salt": hex(&salt),
            "at_ms": at_ms,
            "read": ids.iter().map(|id| hex(id)).collect::<Vec<_>>(),
            "content": hex(&bytes),
        })
    };
    vec![
        text(500, "hello"),
        text(501, ""),
        text(502, "\u{645}\u{631}\u{62d}\u{628}\u{627} \u{1f426}\n"),
        text(503, &"long ".repeat(60)),
        read(504, 1_790_000_000_000, &[some(505), some(506)]),
    ]
}

/// Routes with everything in them.
pub(crate) fn some_routes(seed: u64) -> Routes {
    Routes {
        relays: vec![onion(seed), crate::testing::relay(2)],
        direct: Some(onion(seed + 2)),
    }
}
