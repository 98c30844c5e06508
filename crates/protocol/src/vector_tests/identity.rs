//! Identities with their proofs, and safety numbers.

use hushwing_wire::{ContactCard, Routes};
use serde_json::{Value, json};

use super::kit::{Script, hex, some};
use crate::{
    direct::DirectKeys,
    identity::{IdentityKeys, Role, VerifiedPeer},
    ids::InviteId,
    safety::SafetyNumber,
    testing::relay,
};

/// Who an identity is, with its seeds.
pub(crate) fn keys(seed: u64) -> (IdentityKeys, Value) {
    let seeds: [[u8; 32]; 2] = [some(seed), some(seed + 1)];
    let keys = IdentityKeys::generate(&mut Script::new(&[&seeds[0], &seeds[1]]));
    let shown = json!({
        "ed25519_seed": hex(&seeds[0]),
        "ml_dsa_65_seed": hex(&seeds[1]),
        "fingerprint": hex(keys.fingerprint().as_bytes()),
    });
    (keys, shown)
}

fn identity(seed: u64, role: Role, name: &str, routes: Routes) -> Value {
    let (keys, mut shown) = keys(seed);
    let mls_key: [u8; 32] = some(seed + 2);
    let invite = InviteId::new(some(seed + 3));
    let mut rng = Script::new(&[&some::<32>(seed + 4)]);
    let card = keys
        .card(&mut rng, role, &mls_key, &invite, name, routes)
        .unwrap();
    let bytes = card.to_bytes().unwrap();
    let read = ContactCard::from_bytes(&bytes).unwrap();
    let credential = *keys.fingerprint().as_bytes();
    VerifiedPeer::verify(&read, role, &credential, &mls_key, &invite).unwrap();
    let more = json!({
        "role": role as u8,
        "mls_key": hex(&mls_key),
        "invite_id": hex(invite.as_bytes()),
        "ed25519_public": hex(&card.ed25519_public),
        "ml_dsa_65_public": hex(&card.ml_dsa_65_public),
        "ed25519_signature": hex(&card.ed25519_signature),
        "ml_dsa_65_signature": hex(&card.ml_dsa_65_signature),
        "name": name,
        "routes": hex(&hushwing_wire::to_bytes(&card.routes).unwrap()),
        "card": hex(&bytes),
    });
    let more = more.as_object().unwrap().clone();
    shown.as_object_mut().unwrap().extend(more);
    shown
}

pub(super) fn identities() -> Vec<Value> {
    let direct = DirectKeys::from_seeds(some(40), some(41));
    let routes = Routes {
        relays: vec![relay(1), relay(2)],
        direct: Some(direct.address()),
    };
    vec![
        identity(50, Role::Inviter, "Alice", routes),
        identity(60, Role::Redeemer, "Bob \u{5d1}", Routes::default()),
    ]
}

pub(super) fn safety_numbers() -> Vec<Value> {
    let number = |seed: u64| {
        let (inviter, redeemer) = (keys(seed).0.fingerprint(), keys(seed + 2).0.fingerprint());
        let binding: [u8; 32] = some(seed + 4);
        let number = SafetyNumber::new(&inviter, &redeemer, &binding);
        json!({
            "inviter": hex(inviter.as_bytes()),
            "redeemer": hex(redeemer.as_bytes()),
            "binding": hex(&binding),
            "number": hex(number.bytes()),
            "digits": number.to_string(),
        })
    };
    vec![number(70), number(80)]
}
