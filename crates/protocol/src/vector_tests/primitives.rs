//! Derivation, boxes, guards of rows.

use hushwing_wire::{
    BoxPlaintext, Bundle, DecodeError, RequestPlaintext, SealedBox, Slot, limits::BOX_PLAINTEXT_LEN,
};
use serde_json::{Value, json};

use super::kit::{Script, hex, padded, some};
use crate::{
    kdf::{self, BoxKey},
    secret::Secret32,
    store::{Table, guard},
};

pub(super) fn derivation() -> Vec<Value> {
    let transcript = |label: &str, parts: &[&[u8]]| {
        json!({
            "function": "transcript",
            "label": label,
            "parts": parts.iter().map(|part| hex(part)).collect::<Vec<_>>(),
            "output": hex(&kdf::transcript(label.as_bytes(), parts)),
        })
    };
    let secret: [u8; 32] = some(1);
    let key: [u8; 32] = some(2);
    let expand = |label: &str, context: &[u8]| {
        json!({
            "function": "expand",
            "key": hex(&key),
            "label": label,
            "context": hex(context),
            "output": hex(kdf::expand(&Secret32::new(key), label.as_bytes(), context).expose()),
        })
    };
    let root = kdf::extract(b"hushwing 1 invite", &secret);
    vec![
        transcript("hushwing 1 vector", &[]),
        transcript("hushwing 1 vector", &[b""]),
        transcript("hushwing 1 vector", &[b"ab", b"c"]),
        transcript("hushwing 1 vector", &[b"a", b"bc"]),
        transcript("hushwing 1 vector", &[&some::<300>(3)]),
        json!({
            "function": "extract",
            "label": "hushwing 1 invite",
            "secret": hex(&secret),
            "output": hex(root.expose()),
        }),
        expand("hushwing 1 invite id", b""),
        expand("hushwing 1 invite request slot", &[1]),
        expand("hushwing 1 lane", &7_u32.to_be_bytes()),
        expand("hushwing 1 repair psk", &some::<32>(4)),
    ]
}

/// The kinds of boxes with their labels, as in chapter 1.
const KINDS: [(&str, &str); 4] = [
    ("bundle", "hushwing 1 bundle box"),
    ("request", "hushwing 1 request box"),
    ("conversation", "hushwing 1 box"),
    ("recovery", "hushwing 1 recovery box"),
];

fn boxed(number: u64, kind: usize, plaintext: &[u8]) -> Value {
    let (kind, label) = KINDS[kind];
    let (key, slot, nonce) = (some(number), some(number + 1), some::<24>(number + 2));
    let slot = Slot::new(slot);
    let box_key = BoxKey::new(Secret32::new(key));
    let sealed = box_key
        .seal(
            &mut Script::new(&[&nonce]),
            label.as_bytes(),
            &slot,
            plaintext,
        )
        .unwrap();
    let opened = box_key.open(label.as_bytes(), &slot, &sealed).unwrap();
    assert_eq!(*opened, plaintext);
    for (_, other) in KINDS.iter().filter(|(_, other)| *other != label) {
        assert!(box_key.open(other.as_bytes(), &slot, &sealed).is_none());
    }
    let elsewhere = Slot::new(some(number + 3));
    assert!(
        box_key
            .open(label.as_bytes(), &elsewhere, &sealed)
            .is_none()
    );
    json!({
        "kind": kind,
        "label": label,
        "key": hex(&key),
        "slot": hex(slot.as_bytes()),
        "nonce": hex(&nonce),
        "plaintext": padded(plaintext),
        "box": hex(sealed.as_bytes()),
        "content": content(kind, plaintext),
    })
}

/// What a reader finds inside, or why it refuses.
fn content(kind: &str, plaintext: &[u8]) -> Value {
    let read = match kind {
        "conversation" => BoxPlaintext::from_padded(plaintext).map(
            |inside| json!({ "commit": hex(&inside.commit), "message": hex(&inside.message) }),
        ),
        "request" => RequestPlaintext::from_padded(plaintext).map(
            |inside| json!({ "welcome": hex(&inside.welcome), "message": hex(&inside.message) }),
        ),
        "bundle" => Bundle::from_padded(plaintext).map(|_| Value::Null),
        _ => return Value::Null,
    };
    read.unwrap_or_else(|error| {
        let why = match error {
            DecodeError::Version(_) => "version",
            DecodeError::Padding => "padding",
            _ => "structure",
        };
        json!({ "refused": why })
    })
}

fn inside(commit: &[u8], message: &[u8]) -> Vec<u8> {
    let plaintext = BoxPlaintext {
        commit: commit.to_vec(),
        message: message.to_vec(),
    };
    plaintext.to_padded().unwrap()
}

pub(super) fn boxes() -> Vec<Value> {
    let request = RequestPlaintext {
        welcome: some::<70>(20).to_vec(),
        message: some::<40>(21).to_vec(),
    };
    let recovery = [some::<50>(22).to_vec(), vec![0; BOX_PLAINTEXT_LEN - 50]].concat();
    // Version, an empty commit, a length of two bytes; then nothing is left.
    let full = inside(b"", &some::<{ BOX_PLAINTEXT_LEN - 4 }>(23));
    let message = some::<64>(25);
    let good = inside(&some::<100>(24), &message);
    let mut version = good.clone();
    version[0] = 2;
    let mut padding = good.clone();
    *padding.last_mut().unwrap() = 1;
    // The same lengths in the form of four bytes.
    let mut longer = vec![1, 0x80, 0, 0, 0, 0x40, 64];
    longer.extend_from_slice(&message);
    longer.resize(BOX_PLAINTEXT_LEN, 0);
    // A message that reaches beyond the box.
    let mut cut = vec![1, 0, 0x7f, 0xff];
    cut.resize(BOX_PLAINTEXT_LEN, 0);
    let cases = vec![
        boxed(100, 2, &good),
        boxed(110, 2, &inside(b"", &message)),
        boxed(120, 2, &full),
        boxed(130, 1, &request.to_padded().unwrap()),
        boxed(140, 3, &recovery),
        boxed(150, 2, &version),
        boxed(160, 2, &padding),
        boxed(170, 2, &longer),
        boxed(180, 2, &cut),
    ];
    let refused: Vec<_> = cases
        .iter()
        .map(|case| &case["content"]["refused"])
        .collect();
    let none = &Value::Null;
    assert_eq!(refused[..5], [none; 5]);
    assert_eq!(
        refused[5..],
        ["version", "padding", "structure", "structure"]
    );
    for case in &cases {
        let bytes = super::kit::unhex(&case["box"]);
        assert!(SealedBox::from_slice(&bytes[1..]).is_err());
    }
    cases
}

pub(super) fn rows() -> Vec<Value> {
    let row = |table: u8, key: &[u8], value: &[u8]| {
        let mut row = value.to_vec();
        guard(Table(table), key, &mut row);
        json!({
            "table": table,
            "key": hex(key),
            "value": hex(value),
            "row": hex(&row),
        })
    };
    vec![
        row(0, b"", b""),
        row(5, &some::<32>(30), &some::<90>(31)),
        row(35, b"ke", b"y value"),
        row(35, b"key", b" value"),
    ]
}
