//! The relay link, from its handshake to its frames.

use hushwing_wire::{Response, ResponseOp};

use super::{NO_EDIT, Seeds, request_frame, response_frame, with_how};
use crate::{calls, edits::trimmed, link};

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

pub(crate) fn relay_answer() -> Seeds {
    let mut seeds = Vec::new();
    for (name, frame) in response_frame() {
        let how = match name {
            "found" | "nothing" => 1,
            "dropped" => 2,
            "info" => 3,
            _ => 0,
        };
        seeds.push((name, with_how(how, &frame)));
    }
    let frame = |op| trimmed(&Response { id: 0, op }.to_frame().unwrap());
    seeds.extend([
        ("other_id", with_how(4, &frame(ResponseOp::Stored))),
        ("twice", with_how(8, &frame(ResponseOp::Stored))),
        ("wrong_kind", with_how(3, &frame(ResponseOp::Stored))),
        ("empty", with_how(0, &[])),
    ]);
    seeds
}

pub(crate) fn relay_request() -> Seeds {
    let frames: Vec<Vec<u8>> = request_frame()
        .into_iter()
        .filter(|(name, _)| *name != "put_full")
        .map(|(_, frame)| frame)
        .collect();
    let all = calls::joined(&frames);
    let mut cut = all.clone();
    cut.extend_from_slice(&[0xff, 0xff, 1, 2, 3]);
    vec![
        (
            "malformed",
            calls::joined(&[vec![1, 99], frames[0].clone()]),
        ),
        (
            "last_malformed",
            calls::joined(&[frames[3].clone(), vec![2]]),
        ),
        ("cut", cut),
        ("all", all),
        ("none", Vec::new()),
    ]
}
