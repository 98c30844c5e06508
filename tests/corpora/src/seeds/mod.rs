//! Inputs to start from: objects of the real encoders, and scripts that meet the
//! interesting cases. `cargo run -p hushwing-corpora --bin seed` writes them.

use hushwing_protocol::DirectKeys;
use hushwing_wire::{
    Body, BoxPlaintext, Envelope, GateProof, GateTerms, InviteLink, LaneEnd, NumberRange, Receipts,
    Refusal, RelayAddress, RelayInfo, Request, RequestOp, RequestPlaintext, Response, ResponseOp,
    SaidBefore, SealedBox, ServerKeyPin, Slot, limits::BOX_LEN, to_bytes,
};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng as _, SeedableRng as _},
};

use crate::{
    edits::trimmed,
    people::{relay, routes},
    protocol::sound,
};

mod engine;
mod inside;
mod link;
#[cfg(feature = "programs")]
mod programs;
mod recovery;
mod script;

pub(crate) use engine::{engine_box, engine_command};
pub(crate) use inside::{conversation_box, key_package, welcome};
pub(crate) use link::{relay_answer, relay_request, tls_client_hello, tls_raw_key};
#[cfg(feature = "programs")]
pub(crate) use programs::{
    api_answer, api_command, api_guard, backup_archive, relay_keys, vault_header,
};
use recovery::route_update;
pub(crate) use recovery::{recovery_box, recovery_plaintext, route_record};
pub(crate) use script::interaction;

/// Inputs by file name.
pub type Seeds = Vec<(&'static str, Vec<u8>)>;

fn slot(byte: u8) -> Slot {
    Slot::new([byte; 32])
}

/// A box that costs a few bytes of corpus: most of it is zeros.
fn light_box() -> SealedBox {
    let mut bytes = [0; BOX_LEN];
    bytes[..3].copy_from_slice(&[1, 2, 3]);
    SealedBox::from_slice(&bytes).unwrap()
}

/// A box of random bytes, as one looks.
fn full_box() -> SealedBox {
    let mut bytes = [0; BOX_LEN];
    ChaCha20Rng::seed_from_u64(5).fill_bytes(&mut bytes);
    SealedBox::from_slice(&bytes).unwrap()
}

pub(crate) fn request_frame() -> Seeds {
    let ops = [
        (
            "put",
            RequestOp::Put {
                slot: slot(7),
                ttl_s: 3_600,
                boxed: light_box(),
            },
        ),
        (
            "put_full",
            RequestOp::Put {
                slot: slot(9),
                ttl_s: u32::MAX,
                boxed: full_box(),
            },
        ),
        (
            "put_key",
            RequestOp::PutGated {
                slot: slot(7),
                ttl_s: 3_600,
                boxed: light_box(),
                proof: GateProof::Key { mac: [5; 32] },
            },
        ),
        (
            "put_work",
            RequestOp::PutGated {
                slot: slot(9),
                ttl_s: 3_600,
                boxed: light_box(),
                proof: GateProof::Work {
                    nonce: [6; 16],
                    solution: [7; 16],
                },
            },
        ),
        (
            "get_8",
            RequestOp::Get {
                slots: (1..=8).map(slot).collect(),
                wait_s: 120,
            },
        ),
        (
            "get_1",
            RequestOp::Get {
                slots: vec![slot(1)],
                wait_s: 0,
            },
        ),
        (
            "drop_2",
            RequestOp::Drop {
                slots: vec![slot(1), slot(2)],
            },
        ),
        ("info", RequestOp::Info),
    ];
    ops.map(|(name, op)| {
        let frame = Request {
            id: 0x0102_0304,
            op,
        }
        .to_frame()
        .unwrap();
        (name, trimmed(&frame))
    })
    .to_vec()
}

pub(crate) fn response_frame() -> Seeds {
    let info = RelayInfo {
        max_ttl_s: 7_776_000,
        max_wait_s: 120,
        accepting: 1,
    };
    let ops = [
        ("stored", ResponseOp::Stored),
        ("same", ResponseOp::Same),
        ("taken", ResponseOp::Taken(light_box())),
        ("taken_full", ResponseOp::Taken(full_box())),
        ("taken_and_dropped", ResponseOp::TakenAndDropped),
        ("full", ResponseOp::Full),
        (
            "found",
            ResponseOp::Found {
                index: 7,
                boxed: light_box(),
            },
        ),
        ("nothing", ResponseOp::Nothing),
        ("dropped", ResponseOp::Dropped),
        ("info", ResponseOp::Info(info)),
        ("busy", ResponseOp::Refused(Refusal::Busy)),
        (
            "gate_wanted",
            ResponseOp::GateWanted(GateTerms {
                access_key: true,
                work_level: Some(3),
            }),
        ),
        ("store_failed", ResponseOp::Refused(Refusal::StoreFailed)),
    ];
    ops.map(|(name, op)| {
        let frame = Response { id: u32::MAX, op }.to_frame().unwrap();
        (name, trimmed(&frame))
    })
    .to_vec()
}

pub(crate) fn box_plaintext() -> Seeds {
    let plaintext = |commit: usize, message: usize| {
        let boxed = BoxPlaintext {
            commit: vec![1; commit],
            message: vec![2; message],
        };
        trimmed(&boxed.to_padded().unwrap())
    };
    vec![
        ("real", trimmed(&sound().inside.to_padded().unwrap())),
        ("short", plaintext(0, 40)),
        ("with_commit", plaintext(100, 70)),
        ("box", light_box().as_bytes().to_vec()),
    ]
}

fn an_envelope(body: Body) -> Vec<u8> {
    let range = |first, last| NumberRange { first, last };
    let envelope = Envelope {
        number: 70,
        clock: 90,
        sent_at_ms: 1_790_000_000_000,
        received: Receipts {
            up_to: 3,
            beyond: vec![range(5, 6), range(9, 9), range(11, u64::MAX)],
            mark: 0x0102_0304_0506_0708,
        },
        lane_ends: vec![
            LaneEnd { epoch: 4, count: 2 },
            LaneEnd { epoch: 5, count: 0 },
        ],
        epoch_authenticator: vec![8; 32],
        body,
    };
    envelope.to_bytes().unwrap()
}

pub(crate) fn envelope() -> Seeds {
    vec![
        ("real", sound().envelope),
        ("nothing", an_envelope(Body::Nothing)),
        ("content", an_envelope(Body::Content(vec![7; 70]))),
        ("card", an_envelope(Body::Card(vec![7; 20]))),
        (
            "again",
            an_envelope(Body::Again(SaidBefore {
                clock: 12,
                content: vec![7; 70],
            })),
        ),
        ("ask_again", an_envelope(Body::AskAgain)),
        ("routes", an_envelope(Body::Routes(route_update(5)))),
        (
            "receipts",
            to_bytes(&Receipts {
                up_to: 7,
                beyond: vec![NumberRange { first: 9, last: 11 }],
                mark: 12,
            })
            .unwrap(),
        ),
    ]
}

pub(crate) fn bundle() -> Seeds {
    vec![("real", trimmed(&sound().bundle.to_padded().unwrap()))]
}

pub(crate) fn request_plaintext() -> Seeds {
    let small = RequestPlaintext {
        welcome: vec![1; 80],
        message: vec![2; 70],
    };
    vec![
        ("real", trimmed(&sound().request.to_padded().unwrap())),
        ("small", trimmed(&small.to_padded().unwrap())),
    ]
}

pub(crate) fn contact_card() -> Seeds {
    let sound = sound();
    let mut bare = sound.bundle.card.clone();
    bare.name.clear();
    bare.routes = hushwing_wire::Routes::default();
    let direct = DirectKeys::from_seeds([1; 32], [2; 32]);
    vec![
        ("real", sound.bundle.card.to_bytes().unwrap()),
        ("bare", bare.to_bytes().unwrap()),
        ("routes", to_bytes(&routes(&direct, 1)).unwrap()),
    ]
}

fn host_relay() -> RelayAddress {
    RelayAddress {
        endpoint: "relay.example.org:443".parse().unwrap(),
        pin: ServerKeyPin::new([6; 32]),
        access: None,
    }
}

pub(crate) fn relay_address() -> Seeds {
    let onion = DirectKeys::from_seeds([1; 32], [2; 32]).address();
    vec![
        ("onion", onion.to_string().into_bytes()),
        ("host", host_relay().to_string().into_bytes()),
        ("loopback", relay(80).to_string().into_bytes()),
        (
            "wrapped",
            format!(" {} \n", onion.to_string().to_uppercase()).into_bytes(),
        ),
        ("onion_bytes", to_bytes(&onion).unwrap()),
        ("host_bytes", to_bytes(&host_relay()).unwrap()),
        ("loopback_bytes", to_bytes(&relay(80)).unwrap()),
        ("typed_host", b"Relay.Example.org:443".to_vec()),
        ("typed_ipv6", b"[::1]:80".to_vec()),
        (
            "typed_onion",
            b"2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion:443".to_vec(),
        ),
    ]
}

pub(crate) fn invite_link() -> Seeds {
    let link = |relays| InviteLink {
        expires_at_min: 29_840_000,
        secret: [5; 32],
        bundle_hash: [6; 32],
        relays,
    };
    let onion = DirectKeys::from_seeds([1; 32], [2; 32]).address();
    let all = vec![onion, host_relay(), relay(3)];
    vec![
        ("real", sound().link.to_string().into_bytes()),
        ("one", link(vec![relay(1)]).to_string().into_bytes()),
        ("three", link(all).to_string().into_bytes()),
    ]
}

pub(crate) fn content() -> Seeds {
    // `[salt, replaces, topicId, expires, inReplyTo, extensions, part]`
    let text = |text: &str| {
        let mut bytes = vec![0x87, 0x50];
        bytes.extend_from_slice(&[9; 16]);
        bytes.extend_from_slice(&[0xf6, 0x40, 0xf6, 0xf6, 0xa0, 0x85, 0x01, 0x60, 0x01, 0x78]);
        let kind = b"text/plain;charset=utf-8";
        bytes.push(u8::try_from(kind.len()).unwrap());
        bytes.extend_from_slice(kind);
        bytes.push(0x40 + u8::try_from(text.len()).unwrap());
        bytes.extend_from_slice(text.as_bytes());
        bytes
    };
    vec![
        ("text", text("hello")),
        ("empty", text("")),
        ("nested", vec![0x81; 40]),
        (
            "huge_length",
            vec![0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        ),
    ]
}

/// Edits that leave the object as it is, and some that do not.
const NO_EDIT: &[u8] = &[];
const FLIP_FRONT: &[u8] = &[0, 0, 3, 1];
const FLIP_MIDDLE: &[u8] = &[0, 4, 0, 0x10];
const CUT: &[u8] = &[2, 1, 0, 0];
const INSERT: &[u8] = &[4, 0, 40, 8];

fn with_how(how: u8, rest: &[u8]) -> Vec<u8> {
    [&[how], rest].concat()
}
