//! What a simulation watches and takes away; compiled for simulations alone.
//!
//! Everything here belongs to the thread that simulates: one simulation a
//! thread at a time.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
};

use openmls_libcrux_crypto::CryptoProvider;
use openmls_traits::{
    crypto::OpenMlsCrypto,
    types::{
        AeadType, Ciphersuite, CryptoError, ExporterSecret, HashType, HpkeCiphertext, HpkeConfig,
        HpkeKeyPair, KemOutput, SignatureScheme,
    },
};
use tls_codec::SecretVLBytes;

use crate::{kdf, safeguard::Safeguard};

/// Chooses, for a box of so many bytes that is being sealed, the byte to alter in it;
/// none: the box stays as it is.
pub type Spoiler = Box<dyn FnMut(usize) -> Option<usize>>;

thread_local! {
    static SPOILER: RefCell<Option<Spoiler>> = const { RefCell::new(None) };
    static SPOILED: Cell<u64> = const { Cell::new(0) };
    static MISSING: Cell<Option<Safeguard>> = const { Cell::new(None) };
    static SEALED: RefCell<Sealed> = const { RefCell::new(Sealed { seen: BTreeSet::new(), repeated: 0 }) };
}

struct Sealed {
    seen: BTreeSet<[u8; 32]>,
    repeated: u64,
}

/// What was sealed on this thread since [`begin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AeadUses {
    /// Pairs of key and nonce that sealed something.
    pub pairs: usize,
    /// How often a pair sealed again. Claim N1: never.
    pub repeated: u64,
}

/// Begins a simulation on this thread, without this safeguard.
pub fn begin(without: Option<Safeguard>) {
    MISSING.set(without);
    SPOILED.set(0);
    spoil_boxes(None);
    SEALED.with_borrow_mut(|sealed| {
        sealed.seen.clear();
        sealed.repeated = 0;
    });
}

/// What was sealed so far.
#[must_use]
pub fn aead_uses() -> AeadUses {
    SEALED.with_borrow(|sealed| AeadUses {
        pairs: sealed.seen.len(),
        repeated: sealed.repeated,
    })
}

/// From now on the boxes that `spoiler` chooses are spoiled before they are sealed, as
/// by a bit that turned in the writer's memory: their reader opens them and finds
/// something in them that cannot be read.
pub fn spoil_boxes(spoiler: Option<Spoiler>) {
    SPOILER.set(spoiler);
}

/// How many boxes were spoiled so far; a step that was undone may have spoiled one too.
#[must_use]
pub fn spoiled_boxes() -> u64 {
    SPOILED.get()
}

/// Spoils the padded content of a box, if it is one of those.
pub(crate) fn spoils(padded: &mut [u8]) {
    let chosen = SPOILER.with_borrow_mut(|spoiler| spoiler.as_mut()?(padded.len()));
    if let Some(byte) = chosen.and_then(|at| padded.get_mut(at)) {
        *byte ^= 1;
        SPOILED.set(SPOILED.get() + 1);
    }
}

pub(crate) fn missing() -> Option<Safeguard> {
    MISSING.get()
}

/// Notes that this key and nonce seal something.
pub(crate) fn seals(key: &[u8], nonce: &[u8]) {
    let pair = kdf::transcript(b"hushwing simulation aead", &[key, nonce]);
    SEALED.with_borrow_mut(|sealed| {
        if !sealed.seen.insert(pair) {
            sealed.repeated += 1;
        }
    });
}

/// The MLS library's cryptography, watched. Encryption inside of HPKE is not
/// seen: its keys are made for one use by the encapsulation itself.
pub(crate) struct Watched(CryptoProvider);

impl Watched {
    pub(crate) fn new() -> Result<Self, CryptoError> {
        CryptoProvider::new().map(Self)
    }
}

impl OpenMlsCrypto for Watched {
    fn supports(&self, ciphersuite: Ciphersuite) -> Result<(), CryptoError> {
        self.0.supports(ciphersuite)
    }

    fn supported_ciphersuites(&self) -> Vec<Ciphersuite> {
        self.0.supported_ciphersuites()
    }

    fn hkdf_extract(
        &self,
        hash_type: HashType,
        salt: &[u8],
        ikm: &[u8],
    ) -> Result<SecretVLBytes, CryptoError> {
        self.0.hkdf_extract(hash_type, salt, ikm)
    }

    fn hmac(
        &self,
        hash_type: HashType,
        key: &[u8],
        message: &[u8],
    ) -> Result<SecretVLBytes, CryptoError> {
        self.0.hmac(hash_type, key, message)
    }

    fn hkdf_expand(
        &self,
        hash_type: HashType,
        prk: &[u8],
        info: &[u8],
        okm_len: usize,
    ) -> Result<SecretVLBytes, CryptoError> {
        self.0.hkdf_expand(hash_type, prk, info, okm_len)
    }

    fn hash(&self, hash_type: HashType, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.0.hash(hash_type, data)
    }

    fn aead_encrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        data: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        seals(key, nonce);
        self.0.aead_encrypt(alg, key, data, nonce, aad)
    }

    fn aead_decrypt(
        &self,
        alg: AeadType,
        key: &[u8],
        ct_tag: &[u8],
        nonce: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.0.aead_decrypt(alg, key, ct_tag, nonce, aad)
    }

    fn signature_key_gen(&self, alg: SignatureScheme) -> Result<(Vec<u8>, Vec<u8>), CryptoError> {
        self.0.signature_key_gen(alg)
    }

    fn verify_signature(
        &self,
        alg: SignatureScheme,
        data: &[u8],
        pk: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        self.0.verify_signature(alg, data, pk, signature)
    }

    fn sign(&self, alg: SignatureScheme, data: &[u8], key: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.0.sign(alg, data, key)
    }

    fn hpke_seal(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        aad: &[u8],
        ptxt: &[u8],
    ) -> Result<HpkeCiphertext, CryptoError> {
        self.0.hpke_seal(config, pk_r, info, aad, ptxt)
    }

    fn hpke_open(
        &self,
        config: HpkeConfig,
        input: &HpkeCiphertext,
        sk_r: &[u8],
        info: &[u8],
        aad: &[u8],
    ) -> Result<Vec<u8>, CryptoError> {
        self.0.hpke_open(config, input, sk_r, info, aad)
    }

    fn hpke_setup_sender_and_export(
        &self,
        config: HpkeConfig,
        pk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<(KemOutput, ExporterSecret), CryptoError> {
        self.0
            .hpke_setup_sender_and_export(config, pk_r, info, exporter_context, exporter_length)
    }

    fn hpke_setup_receiver_and_export(
        &self,
        config: HpkeConfig,
        enc: &[u8],
        sk_r: &[u8],
        info: &[u8],
        exporter_context: &[u8],
        exporter_length: usize,
    ) -> Result<ExporterSecret, CryptoError> {
        self.0.hpke_setup_receiver_and_export(
            config,
            enc,
            sk_r,
            info,
            exporter_context,
            exporter_length,
        )
    }

    fn derive_hpke_keypair(
        &self,
        config: HpkeConfig,
        ikm: &[u8],
    ) -> Result<HpkeKeyPair, CryptoError> {
        self.0.derive_hpke_keypair(config, ikm)
    }
}
