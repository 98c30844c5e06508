//! Files and the local API.

use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng as _, SeedableRng as _},
};

use super::{NO_EDIT, Seeds, with_how};

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
        ("anew", with_how(5, NO_EDIT)),
        ("anew_flip", with_how(5, &[0, 0, 30, 1])),
        ("anew_slots", with_how(7, &[1, 0, 10, 2])),
    ]
}

pub(crate) fn backup_archive() -> Seeds {
    let beginning = crate::vault::beginning_of_a_backup();
    vec![
        ("cut", with_how(0, &beginning)),
        ("header", with_how(0, &beginning[..138])),
        ("sound", with_how(1, NO_EDIT)),
        ("sound_fresh_checksum", with_how(3, NO_EDIT)),
        ("flip", with_how(1, &[0, 1, 30, 1])),
        ("version", with_how(3, &[1, 0, 9, 2])),
        ("strong_kind", with_how(3, &[1, 0, 10, 1])),
        ("memory", with_how(3, &[1, 0, 11, 0xff])),
        ("passes", with_how(3, &[1, 0, 18, 7])),
        ("nonce", with_how(3, &[0, 0, 60, 1])),
    ]
}

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
            "passphrase_change",
            r#"{"command":"passphrase_change","present":"a","new":"correct horse battery staple"}"#,
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
        ("message", r#"{"command":"message","id":"ab12"}"#),
        ("doctor", r#"{"command":"doctor"}"#),
        (
            "delivery",
            r#"{"command":"delivery","policy":"relay_only"}"#,
        ),
        (
            "route_apply",
            r#"{"command":"route_apply","record":"hushwing-routes:aa"}"#,
        ),
        ("repair", r#"{"command":"repair","contact":"ab12"}"#),
        ("unknown", r#"{"command":"fly"}"#),
        ("twice", r#"{"command":"status","command":"lock"}"#),
        ("nested", r#"{"command":{"command":[[[[[]]]]]}}"#),
    ]
    .map(|(name, text)| (name, text.as_bytes().to_vec()))
    .to_vec()
}

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
        ("open", altered("/v0/command", "/v0/session")),
        ("page", altered("/v0/command", "GET /")),
        (
            "link",
            b"GET /\nhost:127.0.0.1:41000\nsec-fetch-site:cross-site\nsec-fetch-mode:navigate\n\
              sec-fetch-dest:document"
                .to_vec(),
        ),
        (
            "frame",
            b"GET /\nhost:127.0.0.1:41000\nsec-fetch-site:cross-site\nsec-fetch-mode:navigate\n\
              sec-fetch-dest:iframe"
                .to_vec(),
        ),
        (
            "stream",
            text.replacen("/v0/command", "GET /v0/events", 1)
                .replacen(
                    "authorization:Bearer ",
                    "sec-websocket-protocol:hushwing.v0, hushwing.token.",
                    1,
                )
                .into_bytes(),
        ),
    ]
}

pub(crate) fn api_answer() -> Seeds {
    [
        ("done", r#"{"reply":"done"}"#),
        (
            "status",
            r#"{"reply":"status","version":"1","vault":"open","network":{"state":"ready"},"relays":[],"undelivered":3}"#,
        ),
        ("messages", r#"{"reply":"messages","messages":[]}"#),
        ("error", r#"{"code":"not_found","message":"There is none."}"#),
        ("lagged", r#"{"event":"lagged"}"#),
        (
            "listening",
            r#"{"event":"listening","run":"0011223344556677","serial":3,"resumed":true}"#,
        ),
        (
            "told",
            r#"{"serial":4,"event":"unread","contact":"ab12","unread":2,"unread_from":null}"#,
        ),
        ("chats", r#"{"reply":"chats","chats":[]}"#),
        ("warning", r#"{"event":"warning","text":"\u001b[2J"}"#),
        ("vault", r#"{"event":"vault","vault":"locked"}"#),
        ("twice", r#"{"reply":"done","reply":"status"}"#),
    ]
    .map(|(name, text)| (name, text.as_bytes().to_vec()))
    .to_vec()
}
