//! Inputs to start from: objects of the real encoders, and scripts that meet the
//! interesting cases. `cargo run -p hushwing-corpora --bin seed` writes them.

use hushwing_protocol::DirectKeys;
use hushwing_wire::{
    Body, BoxPlaintext, Envelope, InviteLink, LaneEnd, NumberRange, Receipts, Refusal,
    RelayAddress, RelayInfo, Request, RequestOp, RequestPlaintext, Response, ResponseOp, SealedBox,
    ServerKeyPin, Slot, limits::BOX_LEN, to_bytes,
};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng as _, SeedableRng as _},
};

use crate::{
    edits::trimmed,
    interaction::Step,
    link,
    people::{relay, routes},
    protocol::sound,
};

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
            "receipts",
            to_bytes(&Receipts {
                up_to: 7,
                beyond: vec![NumberRange { first: 9, last: 11 }],
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

pub(crate) fn key_package() -> Seeds {
    vec![
        ("whole", with_how(0, &sound().bundle.key_package)),
        ("sound", with_how(1, NO_EDIT)),
        ("flip_front", with_how(1, FLIP_FRONT)),
        ("flip_middle", with_how(1, FLIP_MIDDLE)),
        ("cut", with_how(1, CUT)),
        ("insert", with_how(1, INSERT)),
    ]
}

pub(crate) fn welcome() -> Seeds {
    let sound = sound();
    vec![
        ("whole_welcome", with_how(0, &sound.request.welcome)),
        ("whole_message", with_how(2, &sound.request.message)),
        ("sound", with_how(1, NO_EDIT)),
        ("sound_message", with_how(3, NO_EDIT)),
        ("flip_welcome", with_how(1, FLIP_MIDDLE)),
        ("flip_message", with_how(3, FLIP_FRONT)),
        ("cut_message", with_how(3, CUT)),
        ("insert_welcome", with_how(1, INSERT)),
    ]
}

pub(crate) fn conversation_box() -> Seeds {
    let sound = sound();
    vec![
        (
            "plaintext",
            with_how(0, &trimmed(&sound.inside.to_padded().unwrap())),
        ),
        ("sound_envelope", with_how(1, NO_EDIT)),
        ("envelope_number", with_how(1, &[0, 0, 7, 0x40])),
        ("envelope_body", with_how(1, &[1, 0, 74, 3])),
        ("whole_envelope", with_how(2, &sound.envelope)),
        (
            "whole_content",
            with_how(2, &an_envelope(Body::Content(vec![7; 70]))),
        ),
        ("sound_commit", with_how(3, NO_EDIT)),
        ("flip_commit", with_how(3, FLIP_MIDDLE)),
        ("flip_commit_front", with_how(3, FLIP_FRONT)),
        ("commit_data", with_how(4, &[7, 7, 7])),
        ("sound_message", with_how(5, NO_EDIT)),
        ("flip_message", with_how(5, &[0, 0, 60, 1])),
        ("cut_message", with_how(5, &[2, 0, 90, 0])),
    ]
}

fn script(steps: &[(Step, bool, u8)]) -> Vec<u8> {
    let bytes = steps
        .iter()
        .map(|&(step, bob, which)| step.bytes(bob, which));
    bytes.flatten().collect()
}

pub(crate) fn interaction() -> Seeds {
    use Step::{
        Again, Alter, Copy, Deliver, DeliverAndFail, DeliverOldest, Lose, Nothing, Restore, Say,
        SayAndFail,
    };
    let turns: Vec<_> = (0..24)
        .flat_map(|turn: u8| {
            let bob = turn.is_multiple_of(2);
            [(Say, bob, turn), (DeliverOldest, !bob, 0)]
        })
        .collect();
    // Both write at once and deliver in the opposite order.
    let crossed: Vec<_> = (0..8)
        .flat_map(|_| [(Say, true, 3), (Say, false, 4)])
        .chain((0..16).map(|which| (Deliver, which % 2 == 0, 16 - which)))
        .collect();
    // Late boxes of the lane before, over several turns.
    let late: Vec<_> = (0..12)
        .flat_map(|turn: u8| {
            let bob = turn.is_multiple_of(2);
            [
                (Say, bob, 1),
                (Say, bob, 1),
                (Say, bob, 1),
                (Deliver, !bob, turn),
                (DeliverOldest, !bob, 0),
            ]
        })
        .collect();
    vec![
        ("turns", script(&turns)),
        ("crossed", script(&crossed)),
        ("late", script(&late)),
        (
            "failures",
            script(&[
                (Say, true, 200),
                (SayAndFail, true, 0),
                (Alter, false, 3),
                (DeliverAndFail, false, 0),
                (DeliverOldest, false, 0),
                (Again, false, 0),
                (Nothing, false, 0),
                (Alter, true, 31),
                (DeliverOldest, true, 0),
            ]),
        ),
        (
            "lost_and_parked",
            script(&[
                (Say, false, 1),
                (Say, false, 1),
                (Say, false, 1),
                (Lose, false, 0),
                (Deliver, true, 1),
                (Deliver, true, 0),
                (Again, true, 1),
                (Say, true, 9),
                (DeliverOldest, false, 0),
            ]),
        ),
        (
            "writer_restored",
            script(&[
                (Copy, true, 0),
                (Say, true, 1),
                (DeliverOldest, false, 0),
                (Restore, true, 0),
                (Say, true, 2),
                (DeliverOldest, false, 0),
                (Say, false, 2),
                (DeliverOldest, true, 0),
            ]),
        ),
        (
            "reader_restored",
            script(&[
                (Say, true, 1),
                (Copy, false, 0),
                (DeliverOldest, false, 0),
                (Say, false, 1),
                (DeliverOldest, true, 0),
                (Restore, false, 0),
                (Again, false, 0),
                (Say, false, 5),
                (DeliverOldest, true, 0),
                (Say, true, 5),
                (DeliverOldest, false, 0),
            ]),
        ),
    ]
}

pub(crate) fn tls_client_hello() -> Seeds {
    let hello = link::client_hello();
    let mut cut = hello.clone();
    cut.truncate(hello.len() / 2);
    vec![
        ("hello", hello),
        ("cut", cut),
        ("http", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec()),
        ("alert", vec![0x15, 3, 3, 0, 2, 2, 40]),
    ]
}

pub(crate) fn tls_raw_key() -> Seeds {
    let key = link::sound_key();
    vec![
        ("sound", with_how(1, NO_EDIT)),
        ("whole", with_how(0, &key)),
        ("other_signer", with_how(3, NO_EDIT)),
        ("no_protocol", with_how(5, NO_EDIT)),
        ("two_protocols", with_how(9, NO_EDIT)),
        ("other_protocols", with_how(13, NO_EDIT)),
        ("flip", with_how(1, &[0, 0, 20, 1])),
        ("longer", with_how(1, &[4, 0, 43, 4])),
        ("empty", with_how(0, &[])),
    ]
}

#[cfg(feature = "programs")]
pub(crate) fn vault_header() -> Seeds {
    let sound = crate::vault::sound();
    vec![
        ("whole", with_how(0, &sound)),
        ("whole_fresh_checksum", with_how(2, &sound)),
        ("sound", with_how(1, NO_EDIT)),
        ("sound_fresh_checksum", with_how(3, NO_EDIT)),
        ("flip", with_how(1, &[0, 0, 30, 1])),
        ("version", with_how(3, &[1, 0, 9, 2])),
        ("strong_kind", with_how(3, &[1, 0, 11, 1])),
        ("memory", with_how(3, &[1, 0, 14, 0xff])),
        ("passes", with_how(3, &[1, 0, 21, 7])),
        ("slots", with_how(3, &[1, 0, 10, 9])),
        ("salt", with_how(3, &[0, 0, 30, 1])),
    ]
}

#[cfg(feature = "programs")]
pub(crate) fn relay_keys() -> Seeds {
    let mut seeds = [0; 96];
    ChaCha20Rng::seed_from_u64(6).fill_bytes(&mut seeds);
    vec![
        ("whole", with_how(0, &crate::relay::keys_file(1, &seeds))),
        ("fresh", with_how(1, &crate::relay::keys_file(1, &seeds))),
        ("newer", with_how(1, &crate::relay::keys_file(2, &seeds))),
        (
            "version_0",
            with_how(1, &crate::relay::keys_file(0, &seeds)),
        ),
        (
            "short",
            with_how(1, &crate::relay::keys_file(1, &seeds[..95])),
        ),
    ]
}

#[cfg(feature = "programs")]
pub(crate) fn api_command() -> Seeds {
    [
        ("status", r#"{"command":"status"}"#),
        (
            "create",
            r#"{"command":"create","passphrase":"correct horse battery staple"}"#,
        ),
        (
            "unlock",
            r#"{"command":"unlock","passphrase":"\u0000\ud83d\ude00"}"#,
        ),
        (
            "relay_add",
            r#"{"command":"relay_add","address":"hushwing-relay:aa"}"#,
        ),
        (
            "invite_create",
            r#"{"command":"invite_create","name":"Ada","expires_hours":24}"#,
        ),
        (
            "invite_redeem",
            r#"{"command":"invite_redeem","link":"hushwing:aa","name":""}"#,
        ),
        (
            "send",
            r#"{"command":"send","contact":"ab12","text":"hello"}"#,
        ),
        (
            "read",
            r#"{"command":"read","contact":"ab12","limit":10,"after":null}"#,
        ),
        ("unknown", r#"{"command":"fly"}"#),
        ("twice", r#"{"command":"status","command":"lock"}"#),
        ("nested", r#"{"command":{"command":[[[[[]]]]]}}"#),
    ]
    .map(|(name, text)| (name, text.as_bytes().to_vec()))
    .to_vec()
}

#[cfg(feature = "programs")]
pub(crate) fn api_guard() -> Seeds {
    let good = crate::api::good_request();
    let text = String::from_utf8(good.clone()).unwrap();
    let altered = |from: &str, to: &str| text.replacen(from, to, 1).into_bytes();
    vec![
        ("good", good),
        ("session", crate::api::session()),
        ("no_origin", altered("origin:http://127.0.0.1:41000\n", "")),
        (
            "null_origin",
            altered("origin:http://127.0.0.1:41000", "origin:null"),
        ),
        (
            "two_hosts",
            altered("origin:", "host:127.0.0.1:41000\norigin:"),
        ),
        ("localhost", altered("host:127.0.0.1", "host:localhost")),
        (
            "absolute",
            altered("/v0/command", "http://127.0.0.1:41000/v0/command"),
        ),
        ("cross_site", altered("same-origin", "cross-site")),
        ("lower_bearer", altered("Bearer", "bearer")),
        ("short_secret", altered("xgZ", "xg")),
    ]
}
