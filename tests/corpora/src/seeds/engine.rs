//! Boxes and commands for a whole engine.

use hushwing_wire::Body;

use super::{
    NO_EDIT, Seeds, host_relay,
    inside::{body, conversation_box},
    recovery::{ANSWER, REQUEST, ROUTES, hostile_messages},
    with_how,
};
use crate::{engine, people::relay, protocol, recovery};

/// The kinds of a box that comes to an engine: bit 0 by push, bit 1 outside of
/// the lanes.
pub(crate) fn engine_box() -> Seeds {
    let mut seeds = Vec::new();
    for (name, input) in conversation_box() {
        seeds.push((name, with_how(0, &input)));
    }
    for (name, message) in hostile_messages() {
        let which = if name.starts_with("answer") {
            ANSWER
        } else {
            REQUEST
        };
        seeds.push((name, with_how(2, &with_how(which | 1, &message))));
    }
    seeds.extend([
        ("pushed_again", with_how(1, &body(&Body::AskAgain))),
        ("pushed_routes", with_how(3, &with_how(ROUTES | 2, NO_EDIT))),
        (
            "pushed_request",
            with_how(3, &with_how(REQUEST | 2, NO_EDIT)),
        ),
    ]);
    seeds
}

pub(crate) fn engine_command() -> Seeds {
    let (contact, message) = engine::names();
    let sound = recovery::sound();
    let lines: &[(&'static str, Vec<String>)] = &[
        (
            "look",
            vec![
                r#"{"command":"contacts"}"#.into(),
                r#"{"command":"doctor"}"#.into(),
                r#"{"command":"relay_list"}"#.into(),
                r#"{"command":"invite_list"}"#.into(),
                r#"{"command":"delivery","policy":null}"#.into(),
            ],
        ),
        (
            "talk",
            vec![
                format!(r#"{{"command":"send","contact":"{contact}","text":"hello"}}"#),
                format!(r#"{{"command":"read","contact":"{contact}","limit":10,"after":null}}"#),
                format!(r#"{{"command":"message","id":"{message}"}}"#),
                format!(r#"{{"command":"give_up","id":"{message}"}}"#),
            ],
        ),
        (
            "invite",
            vec![
                r#"{"command":"invite_create","name":"Ada","expires_hours":24}"#.into(),
                r#"{"command":"invite_create","name":"","expires_hours":0}"#.into(),
                r#"{"command":"invite_revoke","id":"abcd"}"#.into(),
                format!(
                    r#"{{"command":"invite_redeem","link":"{}","name":""}}"#,
                    protocol::sound().link
                ),
            ],
        ),
        (
            "routes",
            vec![
                format!(r#"{{"command":"route_record","contact":"{contact}"}}"#),
                format!(
                    r#"{{"command":"route_apply","record":"{}"}}"#,
                    sound.record_text
                ),
                format!(r#"{{"command":"relay_add","address":"{}"}}"#, host_relay()),
                format!(
                    r#"{{"command":"relay_remove","address":"{}"}}"#,
                    host_relay()
                ),
                format!(r#"{{"command":"relay_add","address":"{}"}}"#, relay(80)),
            ],
        ),
        (
            "repair",
            vec![
                format!(r#"{{"command":"repair","contact":"{contact}"}}"#),
                format!(r#"{{"command":"send","contact":"{contact}","text":"later"}}"#),
                r#"{"command":"delivery","policy":"relay_only"}"#.into(),
                r#"{"command":"retry_now"}"#.into(),
            ],
        ),
        (
            "odd_ids",
            vec![
                r#"{"command":"message","id":"a\u00e9\u00e9"}"#.into(),
                r#"{"command":"give_up","id":"\u00e9\u00e9\u00e9\u00e9"}"#.into(),
                r#"{"command":"read","contact":"","limit":0,"after":18446744073709551615}"#.into(),
                r#"{"command":"send","contact":"\u0130\u0130","text":"\u0000"}"#.into(),
                r#"{"command":"invite_revoke","id":"\ud83d\ude00"}"#.into(),
                r#"{"command":"unlock","passphrase":"x"}"#.into(),
            ],
        ),
    ];
    lines
        .iter()
        .map(|(name, lines)| (*name, lines.join("\n").into_bytes()))
        .collect()
}
