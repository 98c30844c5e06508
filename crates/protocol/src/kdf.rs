//! Derivation, transcript hashes and the sealing of boxes. Labels of this
//! version start with `hushwing 1 `; each is used for one thing.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hkdf::Hkdf;
use hushwing_wire::{
    SealedBox, Slot,
    limits::{BOX_NONCE_LEN, SLOT_LEN},
};
use rand_core::CryptoRng;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::secret::Secret32;

/// HKDF-Extract (RFC 5869 §2.2) with a label as the salt.
pub(crate) fn extract(label: &[u8], input: &[u8; 32]) -> Secret32 {
    let (prk, _) = Hkdf::<Sha256>::extract(Some(label), input);
    Secret32::new(prk.into())
}

/// HKDF-Expand (RFC 5869 §2.3) to 32 bytes. `context` has a fixed length for
/// each label, so label and context cannot be mistaken for another pair.
pub(crate) fn expand(key: &Secret32, label: &[u8], context: &[u8]) -> Secret32 {
    let mut output = Secret32::new([0; 32]);
    Hkdf::<Sha256>::from_prk(key.expose())
        .expect("a key of the length of the hash is long enough")
        .expand_multi_info(&[label, context], output.expose_mut())
        .expect("32 bytes are less than 255 blocks");
    output
}

/// SHA-256 over a label and parts, each with its length in front.
pub(crate) fn transcript(label: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in std::iter::once(&label).chain(parts) {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Argon2id (RFC 9106, version 0x13) with one lane, without secret and associated data. What
/// it works on is public, so its memory is not wiped.
pub(crate) fn argon2id<const N: usize>(
    input: &[u8],
    salt: &[u8],
    memory_kib: u32,
    passes: u32,
) -> [u8; N] {
    let params = Params::new(memory_kib, passes, 1, Some(N));
    let params = params.expect("constants in the range of RFC 9106");
    let mut output = [0; N];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(input, salt, &mut output)
        .expect("lengths in the range of RFC 9106");
    output
}

/// SHA-256 as it is.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A box's key. Used for one slot only. `[HW-BOX-3]`
pub(crate) struct BoxKey(Secret32);

impl BoxKey {
    pub(crate) fn new(key: Secret32) -> Self {
        Self(key)
    }

    pub(crate) fn secret(&self) -> &Secret32 {
        &self.0
    }

    /// Seals a padded plaintext for `slot`: XChaCha20-Poly1305 under a random
    /// nonce, bound to the slot and to what kind of box it is. The nonce is
    /// random although the key is used once: a vault restored from a copy writes
    /// another text at the same slot and still repeats nothing. `[HW-BOX-4]`
    pub(crate) fn seal(
        &self,
        rng: &mut dyn CryptoRng,
        label: &[u8],
        slot: &Slot,
        padded: &[u8],
    ) -> Result<SealedBox, hushwing_wire::DecodeError> {
        let mut nonce = [0; BOX_NONCE_LEN];
        rng.fill_bytes(&mut nonce);
        #[cfg(feature = "simulation")]
        crate::simulation::seals(self.0.expose(), &nonce);
        let aad = aad(slot, label);
        let sealed = self
            .cipher()
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: padded,
                    aad: &aad,
                },
            )
            .expect("a box is shorter than the cipher's limit of 256 GiB");
        let mut bytes = nonce.to_vec();
        bytes.extend_from_slice(&sealed);
        SealedBox::from_slice(&bytes)
    }

    /// The padded plaintext of a box, if it authenticates.
    pub(crate) fn open(
        &self,
        label: &[u8],
        slot: &Slot,
        boxed: &SealedBox,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = boxed.as_bytes().split_first_chunk::<BOX_NONCE_LEN>()?;
        let aad = aad(slot, label);
        self.cipher()
            .decrypt(
                &XNonce::from(*nonce),
                Payload {
                    msg: sealed,
                    aad: &aad,
                },
            )
            .ok()
            .map(Zeroizing::new)
    }

    /// Seals bytes of any length outside of a box: a random nonce, then
    /// ciphertext and tag. `label` says what they are.
    pub(crate) fn seal_text(&self, rng: &mut dyn CryptoRng, label: &[u8], bytes: &[u8]) -> Vec<u8> {
        let mut sealed = vec![0; BOX_NONCE_LEN];
        rng.fill_bytes(&mut sealed);
        let mut nonce = [0; BOX_NONCE_LEN];
        nonce.copy_from_slice(&sealed);
        #[cfg(feature = "simulation")]
        crate::simulation::seals(self.0.expose(), &nonce);
        let payload = Payload {
            msg: bytes,
            aad: label,
        };
        let ciphertext = self
            .cipher()
            .encrypt(&XNonce::from(nonce), payload)
            .expect("a text is shorter than the cipher's limit of 256 GiB");
        sealed.extend_from_slice(&ciphertext);
        sealed
    }

    /// What [`Self::seal_text`] sealed, if it authenticates.
    pub(crate) fn open_text(&self, label: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<BOX_NONCE_LEN>()?;
        let payload = Payload {
            msg: ciphertext,
            aad: label,
        };
        self.cipher()
            .decrypt(&XNonce::from(*nonce), payload)
            .ok()
            .map(Zeroizing::new)
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.0.expose().into())
    }
}

fn aad(slot: &Slot, label: &[u8]) -> Vec<u8> {
    let mut aad = Vec::with_capacity(SLOT_LEN + label.len());
    aad.extend_from_slice(slot.as_bytes());
    aad.extend_from_slice(label);
    aad
}

#[cfg(test)]
mod tests {
    use super::{expand, extract, transcript};

    #[test]
    fn the_lengths_in_a_transcript_keep_parts_apart() {
        assert_ne!(
            transcript(b"label", &[b"ab", b"c"]),
            transcript(b"label", &[b"a", b"bc"])
        );
        assert_ne!(transcript(b"labela", &[]), transcript(b"label", &[b"a"]));
    }

    #[test]
    fn labels_give_independent_keys() {
        let root = extract(b"one", &[7; 32]);
        assert_ne!(root, extract(b"two", &[7; 32]));
        assert_ne!(expand(&root, b"a", b""), expand(&root, b"b", b""));
        assert_ne!(expand(&root, b"a", b"0"), expand(&root, b"a", b"1"));
    }
}
