//! Known answers: what the cryptography of this program must compute on any
//! machine, checked before anything is trusted to it.
//!
//! A wrong compiler, a wrong code path for a processor, broken memory or an altered
//! program would otherwise be noticed by nobody: two sides that compute the same
//! wrong thing understand each other. The published values are those of the
//! specifications; the others were computed by a second implementation, and the
//! tests compute them anew.

#[cfg(test)]
mod tests;

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use hkdf::Hkdf;
use libcrux_ml_dsa::ml_dsa_65;
use openmls_traits::{
    crypto::OpenMlsCrypto as _,
    types::{AeadType, HashType, SignatureScheme},
};
use sha2::Sha256;

use crate::{
    kdf,
    mls::{crypto::Crypto, hpke_config},
};

/// Something that this program computes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Primitive {
    /// SHA-256 (FIPS 180-4).
    Sha256,
    /// HKDF with SHA-256 (RFC 5869).
    Hkdf,
    /// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), which seals boxes.
    XChaCha20Poly1305,
    /// ChaCha20-Poly1305 (RFC 8439), which seals MLS messages.
    ChaCha20Poly1305,
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// ML-DSA-65 (FIPS 204).
    MlDsa65,
    /// X-Wing (X25519 with ML-KEM-768) in HPKE (RFC 9180).
    XWing,
}

impl std::fmt::Display for Primitive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Sha256 => "SHA-256",
            Self::Hkdf => "HKDF",
            Self::XChaCha20Poly1305 => "XChaCha20-Poly1305",
            Self::ChaCha20Poly1305 => "ChaCha20-Poly1305",
            Self::Ed25519 => "Ed25519",
            Self::MlDsa65 => "ML-DSA-65",
            Self::XWing => "X-Wing",
        })
    }
}

/// This program or this machine computes wrongly. Nothing that it seals, signs or
/// opens can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} gives wrong results here")]
pub struct WrongAnswer(pub Primitive);

/// Computes every known answer, some milliseconds' work.
///
/// # Errors
/// [`WrongAnswer`] naming the first that is wrong. The program's or the machine's
/// fault; whoever gets it must not go on.
pub fn check_known_answers() -> Result<(), WrongAnswer> {
    check(&KNOWN)
}

/// Secret key of the first test vector of draft-connolly-cfrg-xwing-kem.
const XWING_SEED: [u8; 32] = [
    0x7f, 0x9c, 0x2b, 0xa4, 0xe8, 0x8f, 0x82, 0x7d, 0x61, 0x60, 0x45, 0x50, 0x76, 0x05, 0x85, 0x3e,
    0xd7, 0x3b, 0x80, 0x93, 0xf6, 0xef, 0xbc, 0x88, 0xeb, 0x1a, 0x6e, 0xac, 0xfa, 0x66, 0xef, 0x26,
];

/// The ciphertext of that vector.
static XWING_CIPHERTEXT: [u8; 1120] = *include_bytes!("xwing_ciphertext.bin");

const SUNSCREEN: &[u8] =
    b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip \
for the future, sunscreen would be it.";

const CONTEXT: &[u8] = b"hushwing 1 known answers";

/// The answers, in memory of the program that a test can find and alter in its file.
#[derive(Clone)]
struct Answers {
    /// Of `abc`.
    sha256: [u8; 32],
    /// RFC 5869, A.1.
    hkdf: [u8; 42],
    /// The tag of draft-irtf-cfrg-xchacha-03, A.3.1, which binds the whole ciphertext.
    xchacha_tag: [u8; 16],
    /// The tag of RFC 8439, 2.8.2.
    chacha_tag: [u8; 16],
    /// RFC 8032, 7.1, test 3.
    ed25519_public: [u8; 32],
    ed25519_signature: [u8; 64],
    /// SHA-256 over the public key of the seed 00 01 .. 1f.
    ml_dsa_public: [u8; 32],
    /// SHA-256 over its signature of 32 times 07, made with that randomness, by the context
    /// [`CONTEXT`].
    ml_dsa_signature: [u8; 32],
    /// The private key that the input 00 01 .. 1f gives (draft-ietf-hpke-pq).
    xwing_private: [u8; 32],
    /// SHA-256 over its public key.
    xwing_public: [u8; 32],
    /// What HPKE exports to its holder from [`XWING_CIPHERTEXT`].
    hpke_export: [u8; 32],
    /// The same of a ciphertext whose ML-KEM half was altered: no error, and another
    /// secret (FIPS 203, implicit rejection).
    hpke_rejected: [u8; 32],
}

/// What is known.
static KNOWN: Answers = Answers {
    sha256: [
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22,
        0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00,
        0x15, 0xad,
    ],
    hkdf: [
        0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a, 0x90, 0x43, 0x4f, 0x64, 0xd0, 0x36, 0x2f,
        0x2a, 0x2d, 0x2d, 0x0a, 0x90, 0xcf, 0x1a, 0x5a, 0x4c, 0x5d, 0xb0, 0x2d, 0x56, 0xec, 0xc4,
        0xc5, 0xbf, 0x34, 0x00, 0x72, 0x08, 0xd5, 0xb8, 0x87, 0x18, 0x58, 0x65,
    ],
    xchacha_tag: [
        0xc0, 0x87, 0x59, 0x24, 0xc1, 0xc7, 0x98, 0x79, 0x47, 0xde, 0xaf, 0xd8, 0x78, 0x0a, 0xcf,
        0x49,
    ],
    chacha_tag: [
        0x1a, 0xe1, 0x0b, 0x59, 0x4f, 0x09, 0xe2, 0x6a, 0x7e, 0x90, 0x2e, 0xcb, 0xd0, 0x60, 0x06,
        0x91,
    ],
    ed25519_public: [
        0xfc, 0x51, 0xcd, 0x8e, 0x62, 0x18, 0xa1, 0xa3, 0x8d, 0xa4, 0x7e, 0xd0, 0x02, 0x30, 0xf0,
        0x58, 0x08, 0x16, 0xed, 0x13, 0xba, 0x33, 0x03, 0xac, 0x5d, 0xeb, 0x91, 0x15, 0x48, 0x90,
        0x80, 0x25,
    ],
    ed25519_signature: [
        0x62, 0x91, 0xd6, 0x57, 0xde, 0xec, 0x24, 0x02, 0x48, 0x27, 0xe6, 0x9c, 0x3a, 0xbe, 0x01,
        0xa3, 0x0c, 0xe5, 0x48, 0xa2, 0x84, 0x74, 0x3a, 0x44, 0x5e, 0x36, 0x80, 0xd7, 0xdb, 0x5a,
        0xc3, 0xac, 0x18, 0xff, 0x9b, 0x53, 0x8d, 0x16, 0xf2, 0x90, 0xae, 0x67, 0xf7, 0x60, 0x98,
        0x4d, 0xc6, 0x59, 0x4a, 0x7c, 0x15, 0xe9, 0x71, 0x6e, 0xd2, 0x8d, 0xc0, 0x27, 0xbe, 0xce,
        0xea, 0x1e, 0xc4, 0x0a,
    ],
    ml_dsa_public: [
        0xd6, 0x66, 0x80, 0x6e, 0x11, 0xce, 0xe1, 0x9a, 0x7c, 0x98, 0x9f, 0x74, 0x45, 0xf9, 0x0d,
        0xd4, 0x19, 0xcf, 0x4d, 0x2d, 0x51, 0xdb, 0x8c, 0x0f, 0xdb, 0x4c, 0x0f, 0x0a, 0x54, 0x22,
        0x38, 0xc9,
    ],
    ml_dsa_signature: [
        0xbf, 0xd8, 0xde, 0x36, 0x56, 0x4a, 0x39, 0x2e, 0x2d, 0xa3, 0x97, 0x57, 0xb5, 0xf2, 0x6e,
        0xd1, 0xe1, 0x75, 0x2e, 0x27, 0x4a, 0xf2, 0xf7, 0xc4, 0x61, 0xab, 0x5f, 0x12, 0x4c, 0xe3,
        0xd7, 0xce,
    ],
    xwing_private: [
        0x69, 0xf0, 0x7c, 0x88, 0x40, 0xce, 0x80, 0x02, 0x4d, 0xb3, 0x09, 0x39, 0x88, 0x2c, 0x3d,
        0x5b, 0xbc, 0x9c, 0x98, 0xb3, 0xe3, 0x1e, 0x45, 0x13, 0xeb, 0xd2, 0xca, 0x9b, 0x45, 0x03,
        0xcd, 0xd3,
    ],
    xwing_public: [
        0xe7, 0x35, 0xf8, 0xe7, 0x5b, 0xa7, 0x88, 0x3a, 0xae, 0x5d, 0x64, 0x56, 0xae, 0x03, 0xc1,
        0x40, 0x86, 0xb7, 0x69, 0xd7, 0x35, 0x02, 0x14, 0x73, 0x70, 0xf2, 0x96, 0x3b, 0x39, 0x7e,
        0x4d, 0x4a,
    ],
    hpke_export: [
        0xff, 0x70, 0x09, 0xa8, 0x7e, 0x70, 0x66, 0x39, 0x86, 0xb3, 0x81, 0x8b, 0x06, 0xf2, 0x41,
        0x29, 0x38, 0x2e, 0x00, 0x7f, 0x33, 0x90, 0x27, 0xd3, 0xd6, 0xb9, 0x2e, 0xfd, 0xba, 0x62,
        0x2d, 0xaa,
    ],
    hpke_rejected: [
        0x06, 0xf7, 0xfe, 0xd4, 0x9f, 0xfa, 0x1b, 0x6a, 0x42, 0x04, 0x3f, 0xfd, 0x19, 0x66, 0x54,
        0x6f, 0x8d, 0x26, 0x04, 0xac, 0xed, 0xd2, 0x7c, 0xba, 0xde, 0x99, 0x18, 0x8c, 0x34, 0xc2,
        0x02, 0x98,
    ],
};

fn check(known: &Answers) -> Result<(), WrongAnswer> {
    check_hashes(known)?;
    check_aeads(known)?;
    check_signatures(known)?;
    check_xwing(known)
}

fn agree(primitive: Primitive, same: bool) -> Result<(), WrongAnswer> {
    if same {
        Ok(())
    } else {
        Err(WrongAnswer(primitive))
    }
}

/// The library of MLS.
fn provider(primitive: Primitive) -> Result<Crypto, WrongAnswer> {
    Crypto::new().map_err(|_| WrongAnswer(primitive))
}

fn check_hashes(known: &Answers) -> Result<(), WrongAnswer> {
    let mls = provider(Primitive::Sha256)?;
    let hashed = mls.hash(HashType::Sha2_256, b"abc");
    agree(
        Primitive::Sha256,
        kdf::sha256(b"abc") == known.sha256
            && hashed.is_ok_and(|hash| hash.as_slice() == known.sha256),
    )?;

    let (input, salt, info) = ([0x0b; 22], counted::<13>(0), counted::<10>(0xf0));
    let mut ours = [0; 42];
    let (prk, hkdf) = Hkdf::<Sha256>::extract(Some(&salt), &input);
    let expanded = hkdf.expand(&info, &mut ours).is_ok();
    let theirs = mls
        .hkdf_extract(HashType::Sha2_256, &salt, &input)
        .and_then(|prk| mls.hkdf_expand(HashType::Sha2_256, prk.as_slice(), &info, ours.len()));
    agree(
        Primitive::Hkdf,
        expanded
            && prk.len() == 32
            && ours == known.hkdf
            && theirs.is_ok_and(|theirs| theirs.as_slice() == known.hkdf),
    )
}

/// `N` bytes that count up.
fn counted<const N: usize>(first: u8) -> [u8; N] {
    let mut next = first;
    [(); N].map(|()| {
        let byte = next;
        next = next.wrapping_add(1);
        byte
    })
}

fn check_aeads(known: &Answers) -> Result<(), WrongAnswer> {
    let key: [u8; 32] = counted(0x80);
    let aad = [
        0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7,
    ];
    let payload = |msg| Payload { msg, aad: &aad };
    let cipher = XChaCha20Poly1305::new(&key.into());
    let nonce = XNonce::from(counted::<24>(0x40));
    let sealed = cipher
        .encrypt(&nonce, payload(SUNSCREEN))
        .map_err(|_| WrongAnswer(Primitive::XChaCha20Poly1305))?;
    let opened = cipher.decrypt(&nonce, payload(&sealed));
    agree(
        Primitive::XChaCha20Poly1305,
        sealed.ends_with(&known.xchacha_tag)
            && opened.is_ok_and(|opened| opened == SUNSCREEN)
            && cipher.decrypt(&nonce, payload(&altered(&sealed))).is_err(),
    )?;

    let wrong = WrongAnswer(Primitive::ChaCha20Poly1305);
    let mls = provider(wrong.0)?;
    let kind = AeadType::ChaCha20Poly1305;
    let nonce = [
        0x07, 0x00, 0x00, 0x00, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47,
    ];
    let sealed = mls
        .aead_encrypt(kind, &key, SUNSCREEN, &nonce, &aad)
        .map_err(|_| wrong)?;
    let opened = mls.aead_decrypt(kind, &key, &sealed, &nonce, &aad);
    let forged = mls.aead_decrypt(kind, &key, &altered(&sealed), &nonce, &aad);
    agree(
        wrong.0,
        sealed.ends_with(&known.chacha_tag)
            && opened.is_ok_and(|opened| opened == SUNSCREEN)
            && forged.is_err(),
    )
}

/// With the first bit turned.
fn altered(bytes: &[u8]) -> Vec<u8> {
    let mut altered = bytes.to_vec();
    if let Some(first) = altered.first_mut() {
        *first ^= 1;
    }
    altered
}

fn check_signatures(known: &Answers) -> Result<(), WrongAnswer> {
    check_ed25519(known)?;
    check_ml_dsa(known)
}

fn check_ed25519(known: &Answers) -> Result<(), WrongAnswer> {
    const SEED: [u8; 32] = [
        0xc5, 0xaa, 0x8d, 0xf4, 0x3f, 0x9f, 0x83, 0x7b, 0xed, 0xb7, 0x44, 0x2f, 0x31, 0xdc, 0xb7,
        0xb1, 0x66, 0xd3, 0x85, 0x35, 0x07, 0x6f, 0x09, 0x4b, 0x85, 0xce, 0x3a, 0x2e, 0x0b, 0x44,
        0x58, 0xf7,
    ];
    const MESSAGE: &[u8] = &[0xaf, 0x82];
    use ed25519_dalek::{Signer as _, SigningKey};

    let wrong = WrongAnswer(Primitive::Ed25519);
    let mls = provider(wrong.0)?;
    let key = SigningKey::from_bytes(&SEED);
    let public = key.verifying_key();
    let signature = key.sign(MESSAGE);
    let verified = |message: &[u8]| {
        let theirs = mls.verify_signature(
            SignatureScheme::ED25519,
            message,
            &known.ed25519_public,
            &known.ed25519_signature,
        );
        (
            public.verify_strict(message, &signature).is_ok(),
            theirs.is_ok(),
        )
    };
    agree(
        wrong.0,
        public.to_bytes() == known.ed25519_public
            && signature.to_bytes() == known.ed25519_signature
            && verified(MESSAGE) == (true, true)
            && verified(&altered(MESSAGE)) == (false, false),
    )
}

fn check_ml_dsa(known: &Answers) -> Result<(), WrongAnswer> {
    let wrong = WrongAnswer(Primitive::MlDsa65);
    let message = [7; 32];
    let pair = ml_dsa_65::generate_key_pair(counted(0));
    let signature =
        ml_dsa_65::sign(&pair.signing_key, &message, CONTEXT, [7; 32]).map_err(|_| wrong)?;
    let mut forged = signature.clone();
    forged.as_mut_slice()[0] ^= 1;
    let verified =
        |signature| ml_dsa_65::verify(&pair.verification_key, &message, CONTEXT, signature).is_ok();
    agree(
        wrong.0,
        kdf::sha256(pair.verification_key.as_slice()) == known.ml_dsa_public
            && kdf::sha256(signature.as_slice()) == known.ml_dsa_signature
            && verified(&signature)
            && !verified(&forged),
    )
}

fn check_xwing(known: &Answers) -> Result<(), WrongAnswer> {
    let wrong = WrongAnswer(Primitive::XWing);
    let mls = provider(wrong.0)?;
    let export = |ciphertext: &[u8]| {
        let exported = mls.hpke_setup_receiver_and_export(
            hpke_config(),
            ciphertext,
            &XWING_SEED,
            CONTEXT,
            CONTEXT,
            32,
        );
        exported.map_err(|_| wrong)
    };
    let pair = mls
        .derive_hpke_keypair(hpke_config(), &counted::<32>(0))
        .map_err(|_| wrong)?;
    agree(
        wrong.0,
        *pair.private == known.xwing_private
            && kdf::sha256(&pair.public) == known.xwing_public
            && *export(&XWING_CIPHERTEXT)? == known.hpke_export
            && *export(&altered(&XWING_CIPHERTEXT))? == known.hpke_rejected,
    )
}
