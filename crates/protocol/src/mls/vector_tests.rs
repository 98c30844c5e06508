//! Vectors of the KEM of the ciphersuite, and of HPKE with it. `[HW-KEM-1]`

use libcrux_kem::{Algorithm, Ct, PublicKey, key_gen_derand};
use openmls::prelude::OpenMlsProvider as _;
use openmls_traits::{crypto::OpenMlsCrypto as _, types::HpkeCiphertext};
use serde_json::{Value, json};

use super::{suite::SUITE, tests::with_provider};
use crate::vector_tests::kit::{hex, some, unhex};

/// The private and the public key that the suite derives.
pub(crate) fn derive(ikm: &[u8]) -> (Vec<u8>, Vec<u8>) {
    with_provider(60, |provider| {
        let pair = provider
            .crypto()
            .derive_hpke_keypair(SUITE.hpke_config(), ikm)
            .unwrap();
        (pair.private.to_vec(), pair.public)
    })
}

fn derived(seed: u64) -> Value {
    let ikm: [u8; 32] = some(seed);
    let (private, public) = derive(&ikm);
    json!({
        "function": "derive key pair",
        "ikm": hex(&ikm),
        "private_key": hex(&private),
        "public_key": hex(&public),
    })
}

/// The KEM itself, from the library below that of HPKE: nothing else lets the
/// randomness of an encapsulation be chosen.
fn encapsulated(seed: u64) -> Value {
    const X_WING: Algorithm = Algorithm::XWingKemDraft06;
    let private: [u8; 32] = some(seed);
    let mut randomness: [u8; 64] = some(seed + 1);
    // Its second half is a scalar of X25519, written as it is used (RFC 7748 §5), so
    // that no bit of it means nothing.
    randomness[32] &= 0xf8;
    randomness[63] = randomness[63] & 0x7f | 0x40;
    let (secret_key, public_key) = key_gen_derand(X_WING, &private).unwrap();
    assert_eq!(secret_key.encode(), private);
    let public = public_key.encode();
    let (shared, ciphertext) = PublicKey::decode(X_WING, &public)
        .unwrap()
        .encapsulate_derand(&randomness)
        .unwrap();
    let ciphertext = ciphertext.encode();
    let found = Ct::decode(X_WING, &ciphertext)
        .unwrap()
        .decapsulate(&secret_key)
        .unwrap();
    assert_eq!(found.encode(), shared.encode());
    json!({
        "function": "encapsulate",
        "private_key": hex(&private),
        "public_key": hex(&public),
        "randomness": hex(&randomness),
        "ciphertext": hex(&ciphertext),
        "shared_secret": hex(&shared.encode()),
    })
}

/// HPKE as the MLS library calls it; an encapsulation is frozen, since its
/// randomness cannot be chosen.
fn sealed(seed: u64, aad: &[u8], frozen: Option<&Value>) -> Value {
    let ikm: [u8; 32] = some(seed);
    let info: [u8; 37] = some(seed + 1);
    let plaintext: [u8; 45] = some(seed + 2);
    with_provider(61, |provider| {
        let (crypto, config) = (provider.crypto(), || SUITE.hpke_config());
        let pair = crypto.derive_hpke_keypair(config(), &ikm).unwrap();
        let sealed = match frozen {
            Some(frozen) => HpkeCiphertext {
                kem_output: unhex(&frozen["kem_output"]).into(),
                ciphertext: unhex(&frozen["ciphertext"]).into(),
            },
            None => crypto
                .hpke_seal(config(), &pair.public, &info, aad, &plaintext)
                .unwrap(),
        };
        let opened = crypto
            .hpke_open(config(), &sealed, &pair.private, &info, aad)
            .unwrap();
        assert_eq!(opened.as_slice(), plaintext);
        json!({
            "function": "HPKE",
            "private_key": hex(&pair.private),
            "info": hex(&info),
            "aad": hex(aad),
            "kem_output": hex(sealed.kem_output.as_slice()),
            "ciphertext": hex(sealed.ciphertext.as_slice()),
            "plaintext": hex(&plaintext),
        })
    })
}

pub(crate) fn kem(frozen: &[Value]) -> Vec<Value> {
    let bare = sealed(620, b"", frozen.get(3));
    let with_data = sealed(630, &some::<21>(633), frozen.get(4));
    vec![
        derived(600),
        encapsulated(610),
        encapsulated(612),
        bare,
        with_data,
    ]
}
