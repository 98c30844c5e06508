//! What types say of themselves in logs and errors.
#![allow(clippy::unwrap_used)]

use crate::{
    DirectKeys, IdentityKeys, Primitive,
    secret::{Blob, Secret32},
    store::{MemoryStore, Order, Store as _, Table},
    testing::{Person, friends},
    view,
};

/// Claim Z1.
#[test]
fn debug_forms_have_a_name_and_nothing_else() {
    let (mut alice, _) = friends(1);
    let keys = IdentityKeys::generate(&mut alice.rng);
    let seen = view(&alice.store, &alice.conversation).unwrap();
    let peer = crate::conversation::state::Fixed::read(&alice.store, &alice.conversation)
        .unwrap()
        .peer;
    assert_eq!(format!("{:?}", alice.ctx()), "Ctx(..)");
    assert_eq!(format!("{keys:?}"), "IdentityKeys(..)");
    assert_eq!(format!("{:?}", keys.fingerprint()), "Fingerprint(..)");
    assert_eq!(format!("{peer:?}"), "VerifiedPeer(..)");
    assert_eq!(
        format!("{:?}", DirectKeys::generate(&mut alice.rng)),
        "DirectKeys(..)"
    );
    assert_eq!(
        format!("{:?}", seen.safety_number.unwrap()),
        "SafetyNumber(..)"
    );
    assert_eq!(format!("{:?}", Secret32::new([7; 32])), "Secret32(..)");
}

/// Both sides must have the same ones, whatever version they run.
#[test]
fn times_are_those_of_the_specification() {
    assert_eq!(crate::MAX_UNRENEWED_MS, 1_209_600_000);
    assert_eq!(crate::ACCEPT_GRACE_MIN, 30_240);
    assert_eq!(crate::ANSWERS_MS, 3_600_000);
}

#[test]
fn a_wrong_answer_says_of_what() {
    let names = [
        (Primitive::Sha256, "SHA-256"),
        (Primitive::Hkdf, "HKDF"),
        (Primitive::XChaCha20Poly1305, "XChaCha20-Poly1305"),
        (Primitive::ChaCha20Poly1305, "ChaCha20-Poly1305"),
        (Primitive::Ed25519, "Ed25519"),
        (Primitive::MlDsa65, "ML-DSA-65"),
        (Primitive::XWing, "X-Wing"),
    ];
    for (primitive, name) in names {
        let said = crate::WrongAnswer(primitive).to_string();
        assert_eq!(said, format!("{name} gives wrong results here"));
    }
}

#[test]
fn a_row_of_another_type_says_what_was_expected() {
    let secret = serde_json::from_str::<Secret32>("5").err().unwrap();
    assert!(secret.to_string().contains("expected 32 bytes"));
    let blob = serde_json::from_str::<Blob>("5").err().unwrap();
    assert!(blob.to_string().contains("expected bytes"));
}

#[test]
fn a_scan_that_ends_before_it_begins_finds_nothing() {
    let mut person = Person::new(1);
    let store = MemoryStore::new();
    assert!(person.ctx().store.get(Table(1), b"b").unwrap().is_none());
    store.put(Table(1), b"b", b"value").unwrap();
    for (from, to) in [(b"c", b"a"), (b"b", b"b")] {
        let found = store.scan(Table(1), from, Some(to), Order::Ascending, 9);
        assert!(found.unwrap().is_empty());
    }
}
