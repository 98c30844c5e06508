//! What lies outside of the lanes.

use hushwing_protocol::DirectKeys;
use hushwing_wire::{
    ED25519_SIGNATURE_LEN, HybridSignature, ML_DSA_65_SIGNATURE_LEN, Need, RecoveryMessage,
    RecoveryPlaintext, RepairAnswer, RepairRequest, RouteUpdate, Succession, from_bytes,
    limits::{MAX_GENERATION, MAX_PLACE},
};

use super::{CUT, FLIP_MIDDLE, NO_EDIT, Seeds, with_how};
use crate::{people::routes, recovery};

/// A change of routes with this serial.
pub(super) fn route_update(serial: u64) -> Vec<u8> {
    let direct = DirectKeys::from_seeds([1; 32], [2; 32]);
    let routes = routes(&direct, 4);
    RouteUpdate { serial, routes }.to_bytes().unwrap()
}

pub(crate) fn recovery_plaintext() -> Seeds {
    let sound = recovery::sound();
    let unsigned = |message: &[u8]| {
        let signature = HybridSignature {
            ed25519: vec![1; ED25519_SIGNATURE_LEN],
            ml_dsa_65: vec![2; ML_DSA_65_SIGNATURE_LEN],
        };
        let message = from_bytes(message).unwrap();
        let plaintext = RecoveryPlaintext::new(message, signature);
        plaintext.to_bytes().unwrap()
    };
    vec![
        ("update", route_update(7)),
        ("record", sound.record.clone()),
        ("routes", unsigned(&sound.routes)),
        ("request", unsigned(&sound.request)),
        ("answer", unsigned(&sound.answer)),
        ("succession", unsigned(&sound.succession)),
    ]
}

/// Messages that only a hostile peer signs.
pub(super) fn hostile_messages() -> Seeds {
    let sound = recovery::sound();
    let request = |change: fn(&mut RepairRequest)| {
        recovery::changed(&sound.request, |message| match message {
            RecoveryMessage::Request(request) => change(request),
            other => panic!("{other:?}"),
        })
    };
    let answer = |change: fn(&mut RepairAnswer)| {
        recovery::changed(&sound.answer, |message| match message {
            RecoveryMessage::Answer(answer) => change(answer),
            other => panic!("{other:?}"),
        })
    };
    vec![
        ("last_generation", request(|it| it.generation = u32::MAX)),
        (
            "high_generation",
            request(|it| it.generation = MAX_GENERATION),
        ),
        ("last_place", request(|it| it.read_next = u32::MAX)),
        ("high_place", request(|it| it.read_next = MAX_PLACE)),
        ("no_key_package", request(|it| it.key_package.clear())),
        ("all_received", request(|it| it.received.up_to = u64::MAX)),
        ("old_routes", request(|it| it.routes.serial = 0)),
        ("last_serial", request(|it| it.routes.serial = u64::MAX)),
        ("answer_last", answer(|it| it.generation = u32::MAX)),
        ("answer_same", answer(|it| it.generation = 0)),
        ("answer_place", answer(|it| it.write_next = u32::MAX)),
        ("answer_other", answer(|it| it.request = vec![0; 32])),
        ("answer_short", answer(|it| it.request = vec![0; 31])),
    ]
}

/// The same of a change of identity.
fn hostile_successions() -> Seeds {
    let sound = recovery::sound();
    let succession = |change: fn(&mut Succession)| {
        recovery::changed(&sound.succession, |message| match message {
            RecoveryMessage::Succession(succession) => change(succession),
            other => panic!("{other:?}"),
        })
    };
    vec![
        (
            "succession_question",
            succession(|it| it.request.need = Need::IfTheyDiffer),
        ),
        (
            "succession_last_generation",
            succession(|it| it.request.generation = MAX_GENERATION),
        ),
        (
            "succession_no_key_package",
            succession(|it| it.request.key_package.clear()),
        ),
        (
            "succession_to_nobody",
            succession(|it| it.hand_over.ed25519_public = vec![0; 32]),
        ),
        (
            "succession_short_key",
            succession(|it| it.hand_over.ml_dsa_65_public.truncate(7)),
        ),
    ]
}

/// Bits 2 and 3 of the first byte: which message.
pub(super) const ROUTES: u8 = 0;
pub(super) const REQUEST: u8 = 4;
pub(super) const ANSWER: u8 = 8;
const STRAY_ANSWER: u8 = 12;
/// Bit 4.
const SUCCESSION: u8 = 16;

pub(crate) fn recovery_box() -> Seeds {
    let sound = recovery::sound();
    let mut seeds = vec![
        ("routes", with_how(ROUTES | 2, NO_EDIT)),
        ("request", with_how(REQUEST | 2, NO_EDIT)),
        ("answer", with_how(ANSWER | 2, NO_EDIT)),
        ("stray_answer", with_how(STRAY_ANSWER | 2, NO_EDIT)),
        ("succession", with_how(SUCCESSION | 2, NO_EDIT)),
        ("edited_succession", with_how(SUCCESSION | 2, FLIP_MIDDLE)),
        ("half_a_succession", with_how(SUCCESSION | 3, FLIP_MIDDLE)),
        (
            "signed_by_the_old",
            with_how(REQUEST | 1, &sound.succession),
        ),
        ("edited_request", with_how(REQUEST | 2, FLIP_MIDDLE)),
        ("edited_answer", with_how(ANSWER | 2, FLIP_MIDDLE)),
        ("cut_answer", with_how(ANSWER | 2, CUT)),
        ("broken_signature", with_how(REQUEST | 3, FLIP_MIDDLE)),
        ("unsigned", with_how(REQUEST, &sound.request)),
        ("nothing", with_how(REQUEST, &[])),
        ("whole_routes", with_how(ROUTES | 1, &sound.routes)),
    ];
    for (name, message) in hostile_successions() {
        seeds.push((name, with_how(SUCCESSION | 1, &message)));
    }
    for (name, message) in hostile_messages() {
        let which = if name.starts_with("answer") {
            ANSWER
        } else {
            REQUEST
        };
        seeds.push((name, with_how(which | 1, &message)));
    }
    seeds
}

pub(crate) fn route_record() -> Seeds {
    let sound = recovery::sound();
    let text = sound.record_text.as_bytes();
    let mut wrapped = sound.record_text.clone();
    wrapped.insert_str(100, "\n  ");
    vec![
        ("text", with_how(4, text)),
        ("wrapped", with_how(4, wrapped.to_uppercase().as_bytes())),
        ("cut_text", with_how(4, &text[..200])),
        ("scheme", with_how(4, b"hushwing-routes:")),
        ("sound", with_how(2, NO_EDIT)),
        ("edited", with_how(2, &[0, 0, 8, 1])),
        ("broken_signature", with_how(3, FLIP_MIDDLE)),
        ("request", with_how(1, &sound.request)),
        ("whole", with_how(0, &sound.record)),
        ("empty", with_how(0, &[])),
    ]
}
