//! What lies inside of boxes that authenticate.

use hushwing_wire::{Body, LanePlace, SaidBefore, to_bytes};

use super::{
    CUT, FLIP_FRONT, FLIP_MIDDLE, INSERT, NO_EDIT, Seeds, an_envelope, recovery::route_update,
    with_how,
};
use crate::{edits::trimmed, protocol::sound};

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

/// The sound envelope with this body.
pub(super) fn body(body: &Body) -> Vec<u8> {
    with_how(6, &to_bytes(body).unwrap())
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
        (
            "body_again",
            body(&Body::Again(SaidBefore {
                clock: 1,
                content: vec![7; 70],
            })),
        ),
        (
            "body_late",
            body(&Body::Again(SaidBefore {
                clock: u64::MAX,
                content: Vec::new(),
            })),
        ),
        ("body_ask_again", body(&Body::AskAgain)),
        (
            "body_unread",
            body(&Body::Unread(vec![
                LanePlace { epoch: 1, index: 0 },
                LanePlace {
                    epoch: u64::MAX,
                    index: u32::MAX,
                },
            ])),
        ),
        ("body_routes", body(&Body::Routes(route_update(u64::MAX)))),
        ("body_no_routes", body(&Body::Routes(vec![1, 2, 3]))),
        ("body_card", body(&Body::Card(vec![7; 20]))),
        ("sound_commit", with_how(3, NO_EDIT)),
        ("flip_commit", with_how(3, FLIP_MIDDLE)),
        ("flip_commit_front", with_how(3, FLIP_FRONT)),
        ("commit_data", with_how(4, &[7, 7, 7])),
        ("sound_message", with_how(5, NO_EDIT)),
        ("flip_message", with_how(5, &[0, 0, 60, 1])),
        ("cut_message", with_how(5, &[2, 0, 90, 0])),
    ]
}
