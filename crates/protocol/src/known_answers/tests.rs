//! The answers, found anew by a second implementation; and both implementations
//! against each other, on keys and ciphertexts that nobody chose.

use hkdf::Hkdf;
use libcrux_kem::{Algorithm, Ct, PrivateKey, PublicKey, key_gen_derand};
use libcrux_ml_dsa::ml_dsa_65;
use ml_dsa::{ExpandedSigningKey, MlDsa65};
use openmls_traits::{
    crypto::OpenMlsCrypto as _,
    types::{CryptoError, SignatureScheme},
};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng as _, SeedableRng as _},
};
use sha2::Sha256;
use sha3::Digest as _;
use x_wing::{
    Decapsulate as _, DecapsulationKey, Decapsulator as _, EncapsulationKey, KeyExport as _,
};

use super::{
    Answers, CONTEXT, KNOWN, Primitive, WrongAnswer, XWING_CIPHERTEXT, XWING_SEED, altered, check,
    check_known_answers, counted, provider,
};
use crate::{kdf, mls::hpke_config};

/// Where an X-Wing ciphertext goes over from ML-KEM-768 to X25519.
const XWING_X25519_AT: usize = 1088;

const X_WING: Algorithm = Algorithm::XWingKemDraft06;

/// Keys, ciphertexts and messages that are tried.
const TRIES: usize = 60;

/// Randomness of the first test vector of draft-connolly-cfrg-xwing-kem.
const DRAFT_RANDOMNESS: [u8; 64] = [
    0x3c, 0xb1, 0xee, 0xa9, 0x88, 0x00, 0x4b, 0x93, 0x10, 0x3c, 0xfb, 0x0a, 0xee, 0xfd, 0x2a, 0x68,
    0x6e, 0x01, 0xfa, 0x4a, 0x58, 0xe8, 0xa3, 0x63, 0x9c, 0xa8, 0xa1, 0xe3, 0xf9, 0xae, 0x57, 0xe2,
    0x35, 0xb8, 0xcc, 0x87, 0x3c, 0x23, 0xdc, 0x62, 0xb8, 0xd2, 0x60, 0x16, 0x9a, 0xfa, 0x2f, 0x75,
    0xab, 0x91, 0x6a, 0x58, 0xd9, 0x74, 0x91, 0x88, 0x35, 0xd2, 0x5e, 0x6a, 0x43, 0x50, 0x85, 0xb2,
];

/// The shared secret of that vector.
const DRAFT_SECRET: [u8; 32] = [
    0xd2, 0xdf, 0x05, 0x22, 0x12, 0x8f, 0x09, 0xdd, 0x8e, 0x2c, 0x92, 0xb1, 0xe9, 0x05, 0xc7, 0x93,
    0xd8, 0xf5, 0x7a, 0x54, 0xc3, 0xda, 0x25, 0x86, 0x1f, 0x10, 0xbf, 0x4c, 0xa6, 0x13, 0xe3, 0x84,
];

fn random<const N: usize>(rng: &mut ChaCha20Rng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

#[test]
fn every_known_answer_holds() {
    assert_eq!(check_known_answers(), Ok(()));
}

/// Each answer is looked at, and a wrong one names what is wrong. Claims C2 and Q3.
#[test]
fn each_altered_answer_is_noticed_by_name() {
    type Field = fn(&mut Answers) -> &mut [u8];
    let fields: [(Primitive, Field); 12] = [
        (Primitive::Sha256, |known| &mut known.sha256),
        (Primitive::Hkdf, |known| &mut known.hkdf),
        (Primitive::XChaCha20Poly1305, |known| &mut known.xchacha_tag),
        (Primitive::ChaCha20Poly1305, |known| &mut known.chacha_tag),
        (Primitive::Ed25519, |known| &mut known.ed25519_public),
        (Primitive::Ed25519, |known| &mut known.ed25519_signature),
        (Primitive::MlDsa65, |known| &mut known.ml_dsa_public),
        (Primitive::MlDsa65, |known| &mut known.ml_dsa_signature),
        (Primitive::XWing, |known| &mut known.xwing_private),
        (Primitive::XWing, |known| &mut known.xwing_public),
        (Primitive::XWing, |known| &mut known.hpke_export),
        (Primitive::XWing, |known| &mut known.hpke_rejected),
    ];
    for (number, (primitive, field)) in fields.into_iter().enumerate() {
        let last = field(&mut KNOWN.clone()).len() - 1;
        for at in [0, last] {
            let mut known = KNOWN.clone();
            field(&mut known)[at] ^= 0x80;
            assert_eq!(
                check(&known),
                Err(WrongAnswer(primitive)),
                "field {number}, byte {at}"
            );
        }
    }
}

/// RFC 9180, section 5.1: what the holder of this KEM's secret exports, in base mode.
fn hpke_export(secret: &[u8], info: &[u8], context: &[u8]) -> [u8; 32] {
    // KEM 0x647a, HKDF-SHA256, ChaCha20-Poly1305.
    const SUITE: &[u8] = b"HPKE\x64\x7a\x00\x01\x00\x03";
    let extract = |salt: &[u8], label: &[u8], input: &[u8]| {
        let input = [b"HPKE-v1", SUITE, label, input].concat();
        Hkdf::<Sha256>::extract(Some(salt), &input).1
    };
    let expand = |key: &Hkdf<Sha256>, label: &[u8], info: &[u8]| {
        let info = [&[0, 32], b"HPKE-v1".as_slice(), SUITE, label, info].concat();
        let mut output = [0; 32];
        key.expand(&info, &mut output).unwrap();
        output
    };
    let hash = |label: &[u8], input: &[u8]| {
        let input = [b"HPKE-v1", SUITE, label, input].concat();
        Hkdf::<Sha256>::extract(Some(b""), &input).0.to_vec()
    };
    let schedule = [vec![0], hash(b"psk_id_hash", b""), hash(b"info_hash", info)].concat();
    let exporter = expand(&extract(secret, b"secret", b""), b"exp", &schedule);
    let exporter = Hkdf::<Sha256>::from_prk(&exporter).unwrap();
    expand(&exporter, b"sec", context)
}

/// Claims C2 and A2.
#[test]
fn a_second_implementation_of_x_wing_finds_the_same_answers() {
    let key = DecapsulationKey::from(XWING_SEED);
    let (ciphertext, secret) = key
        .encapsulation_key()
        .encapsulate_deterministic(&DRAFT_RANDOMNESS.into());
    assert_eq!(secret.as_slice(), DRAFT_SECRET, "the draft's own answer");
    assert_eq!(ciphertext.as_slice(), XWING_CIPHERTEXT);
    assert_eq!(
        hpke_export(&secret, CONTEXT, CONTEXT),
        KNOWN.hpke_export,
        "HPKE, by the RFC"
    );
    let other = altered(&XWING_CIPHERTEXT);
    let rejected = key.decapsulate(&other.as_slice().try_into().unwrap());
    assert_eq!(
        hpke_export(&rejected, CONTEXT, CONTEXT),
        KNOWN.hpke_rejected
    );
    // HW-KEM-1: the private key is SHAKE256 over the input.
    let private = shake256(&counted::<32>(0));
    assert_eq!(private, KNOWN.xwing_private);
    let public = DecapsulationKey::from(private)
        .encapsulation_key()
        .to_bytes();
    assert_eq!(kdf::sha256(&public), KNOWN.xwing_public);
}

fn shake256(input: &[u8]) -> [u8; 32] {
    use sha3::digest::{ExtendableOutput as _, Update as _, XofReader as _};
    let mut output = [0; 32];
    sha3::Shake256::default()
        .chain(input)
        .finalize_xof()
        .read(&mut output);
    output
}

fn second_ml_dsa(seed: [u8; 32]) -> ExpandedSigningKey<MlDsa65> {
    ExpandedSigningKey::from_seed(&seed.into())
}

/// FIPS 204, algorithm 2: the message with its context in front.
fn ml_dsa_sign(
    key: &ExpandedSigningKey<MlDsa65>,
    message: &[u8],
    context: &[u8],
    randomness: [u8; 32],
) -> Vec<u8> {
    let length = [0, u8::try_from(context.len()).unwrap()];
    key.sign_internal(&[&length, context, message], &randomness.into())
        .encode()
        .to_vec()
}

/// Claim Q3.
#[test]
fn a_second_implementation_of_ml_dsa_finds_the_same_answers() {
    let key = second_ml_dsa(counted(0));
    let public = key.verifying_key().encode();
    assert_eq!(kdf::sha256(&public), KNOWN.ml_dsa_public);
    let signature = ml_dsa_sign(&key, &[7; 32], CONTEXT, [7; 32]);
    assert_eq!(kdf::sha256(&signature), KNOWN.ml_dsa_signature);
}

/// What the library makes of a ciphertext; none: it refuses.
fn first_decapsulates(seed: &[u8], ciphertext: &[u8]) -> Option<Vec<u8>> {
    let key = PrivateKey::decode(X_WING, seed).ok()?;
    let ciphertext = Ct::decode(X_WING, ciphertext).ok()?;
    Some(ciphertext.decapsulate(&key).ok()?.encode())
}

fn second_decapsulates(seed: [u8; 32], ciphertext: &[u8]) -> Vec<u8> {
    DecapsulationKey::from(seed)
        .decapsulate(&ciphertext.try_into().unwrap())
        .to_vec()
}

/// Each encapsulates to the other's keys, and what was altered on the way gives both the
/// same other secret. Claim C2.
#[test]
fn two_implementations_of_x_wing_agree_on_random_keys_and_altered_ciphertexts() {
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    for number in 0..TRIES {
        let (seed, randomness): ([u8; 32], [u8; 64]) = (random(&mut rng), random(&mut rng));
        let (_, first_public) = key_gen_derand(X_WING, &seed).unwrap();
        let first_public = first_public.encode();
        let second = DecapsulationKey::from(seed);
        let second_public = second.encapsulation_key().to_bytes();
        assert_eq!(first_public, second_public.as_slice(), "{number}");

        let (secret, ciphertext) = PublicKey::decode(X_WING, &second_public)
            .unwrap()
            .encapsulate_derand(&randomness)
            .unwrap();
        let (second_ciphertext, second_secret) =
            EncapsulationKey::try_from(first_public.as_slice())
                .unwrap()
                .encapsulate_deterministic(&randomness.into());
        let ciphertext = ciphertext.encode();
        assert_eq!(ciphertext, second_ciphertext.as_slice(), "{number}");
        assert_eq!(secret.encode(), second_secret.as_slice(), "{number}");
        assert_eq!(second_decapsulates(seed, &ciphertext), secret.encode());

        for part in [0..XWING_X25519_AT, XWING_X25519_AT..ciphertext.len()] {
            let mut other = ciphertext.clone();
            let at = part.start + (rng.next_u32() as usize) % part.len();
            // The highest bit of an X25519 key is not part of it (RFC 7748, section 5).
            other[at] ^= 1 << (rng.next_u32() % 7);
            let first = first_decapsulates(&seed, &other).unwrap();
            assert_eq!(first, second_decapsulates(seed, &other), "{number}, {at}");
            assert_ne!(first, secret.encode(), "{number}, {at}");
        }
    }
}

/// The secret is that of the draft's combiner, with both halves in it: who knows one of
/// the two and not the other has nothing. Claim C2.
#[test]
fn both_halves_and_the_keys_go_into_the_secret() {
    const LABEL: &[u8] = br"\.//^\";
    let combined = |parts: [&[u8]; 4]| -> Vec<u8> {
        let [of_ml_kem, of_x25519, ephemeral, public] = parts;
        sha3::Sha3_256::digest([of_ml_kem, of_x25519, ephemeral, public, LABEL].concat()).to_vec()
    };
    let (of_ml_kem, of_x25519, public) = halves(&XWING_SEED, &XWING_CIPHERTEXT);
    let ephemeral = &XWING_CIPHERTEXT[XWING_X25519_AT..];
    let parts: [&[u8]; 4] = [&of_ml_kem, &of_x25519, ephemeral, &public];
    let secret = first_decapsulates(&XWING_SEED, &XWING_CIPHERTEXT).unwrap();
    assert_eq!(combined(parts), secret);
    for part in 0..parts.len() {
        let other = altered(parts[part]);
        let mut parts = parts;
        parts[part] = &other;
        assert_ne!(combined(parts), secret, "part {part}");
    }
}

/// What ML-KEM-768 and X25519 give alone, and the receiver's X25519 key.
fn halves(seed: &[u8; 32], ciphertext: &[u8]) -> ([u8; 32], [u8; 32], [u8; 32]) {
    use ml_kem::{FromSeed as _, MlKem768};
    use sha3::digest::{ExtendableOutput as _, Update as _, XofReader as _};
    let mut expanded = sha3::Shake256::default().chain(seed).finalize_xof();
    let (mut of_ml_kem, mut of_x25519) = ([0; 64], [0; 32]);
    expanded.read(&mut of_ml_kem);
    expanded.read(&mut of_x25519);
    let (ciphertext, ephemeral) = ciphertext.split_at(XWING_X25519_AT);
    let (key, _) = MlKem768::from_seed(&of_ml_kem.into());
    let ml_kem = key.decapsulate(&ciphertext.try_into().unwrap());
    let scalar = x25519_dalek::StaticSecret::from(of_x25519);
    let ephemeral = <[u8; 32]>::try_from(ephemeral).unwrap().into();
    let public = x25519_dalek::PublicKey::from(&scalar);
    (
        ml_kem.into(),
        scalar.diffie_hellman(&ephemeral).to_bytes(),
        public.to_bytes(),
    )
}

/// Points of small order: the classical half would be known to everybody. They are
/// refused, whichever side brings them. Claim C2.
#[test]
fn points_of_small_order_are_refused_on_both_sides() {
    let mut one = [0; 32];
    one[0] = 1;
    // RFC 7748, section 7: of order 1, 4 and, of two encodings, 8.
    let eight: [u8; 32] = [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4,
        0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49,
        0xb8, 0x00,
    ];
    let mls = provider(Primitive::XWing).unwrap();
    let (_, public) = key_gen_derand(X_WING, &XWING_SEED).unwrap();
    let public = public.encode();
    for point in [[0; 32], one, eight] {
        let mut ciphertext = XWING_CIPHERTEXT;
        ciphertext[XWING_X25519_AT..].copy_from_slice(&point);
        assert_eq!(first_decapsulates(&XWING_SEED, &ciphertext), None);
        let received = mls.hpke_setup_receiver_and_export(
            hpke_config(),
            &ciphertext,
            &XWING_SEED,
            CONTEXT,
            CONTEXT,
            32,
        );
        assert_eq!(received.err(), Some(CryptoError::ReceiverSetupError));

        let mut theirs = public.clone();
        let at = theirs.len() - point.len();
        theirs[at..].copy_from_slice(&point);
        let sealed = mls.hpke_seal(hpke_config(), &theirs, CONTEXT, b"", b"text");
        assert!(sealed.is_err(), "{point:?}");
    }
}

/// Parts that are missing, empty or too long, and private keys in any other form than the
/// seed, among them the expanded one of which binding is not known. Claims C2 and A2.
#[test]
fn keys_and_ciphertexts_of_another_length_are_refused() {
    let mls = provider(Primitive::XWing).unwrap();
    let export = |ciphertext: &[u8], private: &[u8]| {
        let config = hpke_config();
        mls.hpke_setup_receiver_and_export(config, ciphertext, private, CONTEXT, CONTEXT, 32)
    };
    assert!(export(&XWING_CIPHERTEXT, &XWING_SEED).is_ok());
    let long = [XWING_CIPHERTEXT.as_slice(), &[0]].concat();
    for ciphertext in [
        &[],
        &XWING_CIPHERTEXT[..32],
        &XWING_CIPHERTEXT[XWING_X25519_AT..],
        &XWING_CIPHERTEXT[..XWING_X25519_AT],
        &XWING_CIPHERTEXT[..1119],
        &long,
    ] {
        assert!(
            export(ciphertext, &XWING_SEED).is_err(),
            "{}",
            ciphertext.len()
        );
    }
    // Of X25519 alone it would be 32 bytes too, so what it is taken for is known by the suite.
    for length in [0, 31, 33, 64, 96, 2400, 2432, 2464] {
        let private = vec![7; length];
        assert!(export(&XWING_CIPHERTEXT, &private).is_err(), "{length}");
    }
    let (_, public) = key_gen_derand(X_WING, &XWING_SEED).unwrap();
    let public = public.encode();
    let seal = |public: &[u8]| mls.hpke_seal(hpke_config(), public, CONTEXT, b"", b"text");
    assert!(seal(&public).is_ok());
    for length in [0, 32, 1184, 1215] {
        assert!(seal(&public[..length]).is_err(), "{length}");
    }
    assert!(seal(&[public.as_slice(), &[0]].concat()).is_err());
    // FIPS 203, section 7.2: a coefficient that is not below the modulus.
    let mut unreduced = public;
    unreduced[..3].fill(0xff);
    assert!(seal(&unreduced).is_err());
}

/// Each signs the same and takes the other's signatures; neither takes an altered one.
/// Claim Q3.
#[test]
fn two_implementations_of_ml_dsa_agree_on_random_keys_and_messages() {
    let mut rng = ChaCha20Rng::seed_from_u64(8);
    for number in 0..TRIES {
        let (seed, message, randomness) = (random(&mut rng), random(&mut rng), random(&mut rng));
        let message: [u8; 32] = message;
        let first = ml_dsa_65::generate_key_pair(seed);
        let second = second_ml_dsa(seed);
        let second_public = second.verifying_key();
        let public = first.verification_key.as_slice();
        assert_eq!(public, second_public.encode().as_slice(), "{number}");
        let signature = ml_dsa_65::sign(&first.signing_key, &message, CONTEXT, randomness).unwrap();
        let signature = signature.as_slice().to_vec();
        let again = ml_dsa_sign(&second, &message, CONTEXT, randomness);
        assert_eq!(signature, again, "{number}");

        let takes = |signature: &[u8], message: &[u8], context: &[u8]| {
            let theirs = ml_dsa_65::MLDSA65Signature::new(signature.try_into().unwrap());
            let first =
                ml_dsa_65::verify(&first.verification_key, message, context, &theirs).is_ok();
            let second = ml_dsa::Signature::<MlDsa65>::try_from(signature)
                .is_ok_and(|theirs| second_public.verify_with_context(message, context, &theirs));
            assert_eq!(first, second, "{number}");
            first
        };
        assert!(takes(&signature, &message, CONTEXT));
        assert!(!takes(&signature, &altered(&message), CONTEXT));
        assert!(!takes(&signature, &message, b"another"));
        let mut other = signature.clone();
        let at = (rng.next_u32() as usize) % other.len();
        other[at] ^= 1 << (rng.next_u32() % 8);
        assert!(!takes(&other, &message, CONTEXT), "{number}, {at}");
    }
}

/// Identities sign with one library and MLS verifies with another: they take and refuse
/// the same. Claim Q3.
#[test]
fn two_implementations_of_ed25519_agree() {
    use ed25519_dalek::{Signer as _, SigningKey};
    let mls = provider(Primitive::Ed25519).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(9);
    for number in 0..TRIES {
        let (seed, message): ([u8; 32], [u8; 50]) = (random(&mut rng), random(&mut rng));
        let key = SigningKey::from_bytes(&seed);
        let public = key.verifying_key();
        let signature = key.sign(&message).to_bytes();
        let theirs = mls.sign(SignatureScheme::ED25519, &message, &seed).unwrap();
        assert_eq!(theirs, signature, "{number}");
        let takes = |message: &[u8], signature: &[u8; 64]| {
            let first = public.verify_strict(message, &signature.into()).is_ok();
            let second = mls
                .verify_signature(
                    SignatureScheme::ED25519,
                    message,
                    public.as_bytes(),
                    signature,
                )
                .is_ok();
            assert_eq!(first, second, "{number}");
            first
        };
        assert!(takes(&message, &signature));
        assert!(!takes(&altered(&message), &signature));
        let mut other = signature;
        other[(rng.next_u32() as usize) % 64] ^= 1 << (rng.next_u32() % 8);
        assert!(!takes(&message, &other), "{number}");
    }
}

/// Whatever a peer may make shorter or longer is an error, and nothing ends the program.
/// Claim B0.
#[test]
fn no_length_of_anything_ends_the_program() {
    let mls = provider(Primitive::XWing).unwrap();
    let (_, public) = key_gen_derand(X_WING, &XWING_SEED).unwrap();
    let public = public.encode();
    let sealed = mls
        .hpke_seal(hpke_config(), &public, CONTEXT, b"", b"text")
        .unwrap();
    let ciphertext = sealed.ciphertext.as_slice().to_vec();
    for length in 0..ciphertext.len() {
        let mut cut = sealed.clone();
        cut.ciphertext = ciphertext[..length].to_vec().into();
        let opened = mls.hpke_open(hpke_config(), &cut, &XWING_SEED, CONTEXT, b"");
        assert!(opened.is_err(), "{length}");
    }
    let kind = openmls_traits::types::AeadType::ChaCha20Poly1305;
    for length in 0..40 {
        let bytes = vec![7; length];
        let opened = mls.aead_decrypt(kind, &[7; 32], &bytes, &[7; 12], b"");
        assert!(opened.is_err(), "{length}");
    }
    for key in [0, 1, 31, 32, 33, 57, 1952] {
        for signature in [0, 1, 63, 64, 65, 3309] {
            let verified = mls.verify_signature(
                SignatureScheme::ED25519,
                CONTEXT,
                &vec![7; key],
                &vec![7; signature],
            );
            assert!(verified.is_err(), "{key}, {signature}");
        }
    }
}
