//! The frozen test vectors of `docs/spec/vectors`: each is derived anew by the
//! code that it is of, and must be what the files say. What a checker in another
//! language makes of them is in `docs/spec/vectors/check.py`.
//!
//! Two things are not derived but taken from the files, since the MLS library
//! draws their randomness by itself: encapsulations of HPKE, and the Welcomes
//! that hold one. The code must open them and find what the files say.
#![allow(clippy::unwrap_used)]

mod identity;
pub(crate) mod kit;
mod primitives;
mod structure_tests;

pub(crate) use identity::keys;
pub(crate) use structure_tests::{onion, some_routes};

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::{conversation, first_contact, mls};

/// The version of the files' layout.
const VERSION: u8 = 1;

/// One file: its subject, the requirements that it shows, and its cases. A
/// function is given the frozen cases, where there are any, for what cannot be
/// derived.
type Subject = (
    &'static str,
    &'static [&'static str],
    fn(&[Value]) -> Vec<Value>,
);

const SUBJECTS: [Subject; 13] = [
    ("derivation", &[], |_| primitives::derivation()),
    ("boxes", &["HW-BOX-1", "HW-BOX-4", "HW-BOX-6"], |_| {
        primitives::boxes()
    }),
    ("rows", &["HW-ENG-4"], |_| primitives::rows()),
    ("addresses", &["HW-ID-5", "HW-NET-1", "HW-TLS-1"], |_| {
        structure_tests::addresses()
    }),
    ("frames", &["HW-GATE-1", "HW-RELAY-1"], |_| {
        structure_tests::frames()
    }),
    ("envelopes", &["HW-CONV-1"], |_| {
        structure_tests::envelopes()
    }),
    (
        "content",
        &["HW-CONV-12", "HW-CONV-13", "HW-READ-1"],
        |_| structure_tests::content(),
    ),
    ("identity", &["HW-ID-1", "HW-ID-2", "HW-ID-3"], |_| {
        identity::identities()
    }),
    ("safety", &["HW-ID-4"], |_| identity::safety_numbers()),
    ("kem", &["HW-CONV-2", "HW-KEM-1"], mls::vector_tests::kem),
    ("lanes", &["HW-SLOT-3"], |_| {
        conversation::vector_tests::lanes()
    }),
    (
        "first-contact",
        &[
            "HW-ID-2",
            "HW-ID-3",
            "HW-ID-4",
            "HW-INV-1",
            "HW-INV-2",
            "HW-INV-3",
            "HW-INV-5",
            "HW-INV-6",
            "HW-INV-9",
            "HW-SLOT-2",
        ],
        first_contact::vector_tests::first_contacts,
    ),
    (
        "recovery",
        &[
            "HW-REC-1",
            "HW-REC-2",
            "HW-REC-3",
            "HW-REC-4",
            "HW-ROT-1",
            "HW-ROUTE-1",
            "HW-ROUTE-3",
            "HW-ROUTE-4",
        ],
        conversation::vector_tests::recovery,
    ),
];

fn path(subject: &str) -> PathBuf {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/spec/vectors");
    PathBuf::from(folder).join(format!("{subject}.json"))
}

fn file((subject, requirements, cases): &Subject, frozen: &[Value]) -> Value {
    json!({
        "version": VERSION,
        "subject": subject,
        "requirements": requirements,
        "cases": cases(frozen),
    })
}

fn check(subject: &str) {
    let known = SUBJECTS.iter().find(|(name, ..)| *name == subject).unwrap();
    let text = std::fs::read_to_string(path(subject)).unwrap();
    let frozen: Value = serde_json::from_str(&text).unwrap();
    let derived = file(known, frozen["cases"].as_array().unwrap());
    if let Some(place) = kit::difference("", &frozen, &derived) {
        panic!("{subject}.json is not what the code derives, first at {place}");
    }
}

/// One test a file, so that a failure names it.
macro_rules! frozen {
    ($($test:ident: $subject:literal),* $(,)?) => {
        $(#[test]
        fn $test() {
            check($subject);
        })*

        #[test]
        fn every_subject_has_its_test() {
            let tested = [$($subject),*];
            assert_eq!(tested, SUBJECTS.map(|(name, ..)| name));
        }
    };
}

frozen! {
    derivations_are_as_frozen: "derivation",
    boxes_are_as_frozen: "boxes",
    guards_of_rows_are_as_frozen: "rows",
    addresses_are_as_frozen: "addresses",
    frames_are_as_frozen: "frames",
    envelopes_are_as_frozen: "envelopes",
    content_is_as_frozen: "content",
    identities_are_as_frozen: "identity",
    safety_numbers_are_as_frozen: "safety",
    the_kem_is_as_frozen: "kem",
    lanes_are_as_frozen: "lanes",
    a_first_contact_is_as_frozen: "first-contact",
    recovery_is_as_frozen: "recovery",
}

/// Before the first release, or for a new version of the protocol: a frozen vector
/// that changes is a program that does not understand the one before. Files that
/// still hold stay as they are.
#[test]
#[ignore = "writes docs/spec/vectors anew; see the README there"]
fn write_the_vectors_anew() {
    for subject in &SUBJECTS {
        if std::panic::catch_unwind(|| check(subject.0)).is_err() {
            let text = serde_json::to_string_pretty(&file(subject, &[])).unwrap();
            std::fs::write(path(subject.0), text + "\n").unwrap();
        }
    }
}
