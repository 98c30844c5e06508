//! Who somebody is in one conversation: Ed25519 and ML-DSA-65 together.
//!
//! An identity belongs to one conversation, so two contacts cannot find out
//! that they know the same person.

use std::fmt;

use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use hushwing_wire::{ContactCard, DecodeError, HandOver, HybridSignature, Routes};
use libcrux_ml_dsa::ml_dsa_65;
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use crate::{
    ids::InviteId,
    kdf,
    secret::{Blob, Secret32},
};

const FINGERPRINT_LABEL: &[u8] = b"hushwing 1 identity";
const PROOF_LABEL: &[u8] = b"hushwing 1 proof";
/// FIPS 204 context string of the ML-DSA-65 half of a proof.
const ML_DSA_CONTEXT: &[u8] = b"hushwing 1 proof";

const HAND_OVER_LABEL: &[u8] = b"hushwing 1 hand-over";
/// FIPS 204 context string of the ML-DSA-65 half of a hand-over.
const HAND_OVER_CONTEXT: &[u8] = b"hushwing 1 hand-over";

/// Which side of the first contact somebody is on. Signed, so a proof cannot be
/// reflected to its maker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Made the invite.
    Inviter = 1,
    /// Used it.
    Redeemer = 2,
}

/// SHA-256 over both public keys of an identity; the MLS credential. `[HW-ID-2]`
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    fn of(ed25519_public: &[u8], ml_dsa_65_public: &[u8]) -> Self {
        Self(kdf::transcript(
            FINGERPRINT_LABEL,
            &[ed25519_public, ml_dsa_65_public],
        ))
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint(..)")
    }
}

/// The secret half of an identity, kept as two seeds; the expanded ML-DSA key
/// exists only while it signs.
#[derive(Serialize, Deserialize)]
pub struct IdentityKeys {
    ed25519_seed: Secret32,
    ml_dsa_65_seed: Secret32,
}

impl IdentityKeys {
    /// A fresh identity.
    #[must_use]
    pub fn generate(rng: &mut dyn CryptoRng) -> Self {
        Self {
            ed25519_seed: Secret32::random(rng),
            ml_dsa_65_seed: Secret32::random(rng),
        }
    }

    /// The fingerprint of its public keys.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let (ed25519_public, ml_dsa_65_public) = self.public();
        Fingerprint::of(&ed25519_public, &ml_dsa_65_public)
    }

    /// Both public keys: Ed25519, ML-DSA-65.
    fn public(&self) -> (Vec<u8>, Vec<u8>) {
        let ed25519 = SigningKey::from_bytes(self.ed25519_seed.expose()).verifying_key();
        let mut pair = ml_dsa_65::generate_key_pair(*self.ml_dsa_65_seed.expose());
        pair.signing_key.as_mut_slice().zeroize();
        (
            ed25519.to_bytes().to_vec(),
            pair.verification_key.as_slice().to_vec(),
        )
    }

    /// Signs with both keys. `context` keeps one use of the ML-DSA key apart
    /// from another (FIPS 204 §5.2); for the Ed25519 key the label inside the
    /// hash that is signed does.
    pub(crate) fn sign(
        &self,
        rng: &mut dyn CryptoRng,
        message: &[u8; 32],
        context: &[u8],
    ) -> HybridSignature {
        let ed25519 = SigningKey::from_bytes(self.ed25519_seed.expose());
        let mut pair = ml_dsa_65::generate_key_pair(*self.ml_dsa_65_seed.expose());
        let randomness = Secret32::random(rng);
        let signed = ml_dsa_65::sign(&pair.signing_key, message, context, *randomness.expose());
        pair.signing_key.as_mut_slice().zeroize();
        let ml_dsa_65 = signed.expect(
            "the context is shorter than 256 bytes, and the limit of rejections in signing \
             is reached with a chance below 2^-128",
        );
        HybridSignature {
            ed25519: ed25519.sign(message).to_bytes().to_vec(),
            ml_dsa_65: ml_dsa_65.as_slice().to_vec(),
        }
    }

    /// The record by which this identity hands over to `next` in the conversation with
    /// this binding, as the side that writes as `writer`. `[HW-ROT-1]`
    pub(crate) fn hand_over(
        &self,
        rng: &mut dyn CryptoRng,
        next: &Self,
        writer: u32,
        binding: &[u8; 32],
    ) -> HandOver {
        let (ed25519_public, ml_dsa_65_public) = next.public();
        let next = Fingerprint::of(&ed25519_public, &ml_dsa_65_public);
        let message = hand_over_message(writer, binding, &self.fingerprint(), &next);
        HandOver {
            signature: self.sign(rng, &message, HAND_OVER_CONTEXT),
            ed25519_public,
            ml_dsa_65_public,
        }
    }

    /// The card that shows this identity and proves that it stands behind the
    /// MLS leaf with `mls_key`, in `role`, in the first contact of `invite`.
    ///
    /// # Errors
    /// [`DecodeError`] for a name or routes beyond the limits.
    pub(crate) fn card(
        &self,
        rng: &mut dyn CryptoRng,
        role: Role,
        mls_key: &[u8],
        invite: &InviteId,
        name: &str,
        routes: Routes,
    ) -> Result<ContactCard, DecodeError> {
        let fingerprint = self.fingerprint();
        let message = proof_message(role, &fingerprint, mls_key, invite);
        let signed = self.sign(rng, &message, ML_DSA_CONTEXT);
        let (ed25519_public, ml_dsa_65_public) = self.public();
        let card = ContactCard {
            ed25519_public,
            ml_dsa_65_public,
            ed25519_signature: signed.ed25519,
            ml_dsa_65_signature: signed.ml_dsa_65,
            name: name.as_bytes().to_vec(),
            routes,
        };
        card.check()?;
        Ok(card)
    }
}

impl fmt::Debug for IdentityKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdentityKeys(..)")
    }
}

/// A card does not prove what it claims. The peer's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The MLS leaf names another identity than the card.
    #[error("the identity is not the one of the MLS leaf")]
    Fingerprint,
    /// The Ed25519 key or signature does not verify.
    #[error("the Ed25519 half of the proof is wrong")]
    Ed25519,
    /// The ML-DSA-65 signature does not verify.
    #[error("the ML-DSA-65 half of the proof is wrong")]
    MlDsa65,
}

/// Evidence that a card's identity stands behind an MLS leaf: the only way to
/// one is [`VerifiedPeer::verify`], and nobody is added or joined without it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerifiedPeer {
    ed25519_public: Blob,
    ml_dsa_65_public: Blob,
    fingerprint: Fingerprint,
}

impl VerifiedPeer {
    /// Checks that the leaf's credential is the fingerprint of the card's keys
    /// and that **both** signatures verify. `[HW-ID-3]`
    ///
    /// # Errors
    /// [`ProofError`] naming the half that failed.
    pub(crate) fn verify(
        card: &ContactCard,
        role: Role,
        credential: &[u8],
        mls_key: &[u8],
        invite: &InviteId,
    ) -> Result<Self, ProofError> {
        let fingerprint = Fingerprint::of(&card.ed25519_public, &card.ml_dsa_65_public);
        if credential != fingerprint.0 {
            return Err(ProofError::Fingerprint);
        }
        let message = proof_message(role, &fingerprint, mls_key, invite);
        let claimed = Self {
            ed25519_public: Blob(card.ed25519_public.clone()),
            ml_dsa_65_public: Blob(card.ml_dsa_65_public.clone()),
            fingerprint,
        };
        let signature = HybridSignature {
            ed25519: card.ed25519_signature.clone(),
            ml_dsa_65: card.ml_dsa_65_signature.clone(),
        };
        claimed.check(&message, ML_DSA_CONTEXT, &signature)?;
        Ok(claimed)
    }

    /// The identity that this one hands over to, if **both** of its keys signed the
    /// record for this side of this conversation. That the other identity is there, its
    /// own signature must show. `[HW-ROT-1]`
    ///
    /// # Errors
    /// [`ProofError`]; [`ProofError::Fingerprint`] for a hand-over to itself.
    pub(crate) fn successor(
        &self,
        record: &HandOver,
        writer: u32,
        binding: &[u8; 32],
    ) -> Result<Self, ProofError> {
        let fingerprint = Fingerprint::of(&record.ed25519_public, &record.ml_dsa_65_public);
        if fingerprint == self.fingerprint {
            return Err(ProofError::Fingerprint);
        }
        let message = hand_over_message(writer, binding, &self.fingerprint, &fingerprint);
        self.check(&message, HAND_OVER_CONTEXT, &record.signature)?;
        Ok(Self {
            ed25519_public: Blob(record.ed25519_public.clone()),
            ml_dsa_65_public: Blob(record.ml_dsa_65_public.clone()),
            fingerprint,
        })
    }

    /// Whether it is the one that a record hands over to.
    pub(crate) fn is_successor(&self, record: &HandOver) -> bool {
        self.ed25519_public.0 == record.ed25519_public
            && self.ml_dsa_65_public.0 == record.ml_dsa_65_public
    }

    /// Checks that **both** keys of this identity signed `message`.
    ///
    /// # Errors
    /// [`ProofError`] naming the half that failed.
    pub(crate) fn check(
        &self,
        message: &[u8; 32],
        context: &[u8],
        signature: &HybridSignature,
    ) -> Result<(), ProofError> {
        verify_ed25519(&self.ed25519_public.0, &signature.ed25519, message)
            .ok_or(ProofError::Ed25519)?;
        verify_ml_dsa_65(
            &self.ml_dsa_65_public.0,
            &signature.ml_dsa_65,
            message,
            context,
        )
        .ok_or(ProofError::MlDsa65)
    }

    /// The pinned fingerprint.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }
}

impl fmt::Debug for VerifiedPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifiedPeer(..)")
    }
}

/// Strict: refuses keys of small order and non-canonical signatures, which the
/// plain equation would let pass.
fn verify_ed25519(public: &[u8], signature: &[u8], message: &[u8]) -> Option<()> {
    let key = VerifyingKey::from_bytes(&<[u8; 32]>::try_from(public).ok()?).ok()?;
    let signature = Signature::from_slice(signature).ok()?;
    key.verify_strict(message, &signature).ok()
}

fn verify_ml_dsa_65(public: &[u8], signature: &[u8], message: &[u8], context: &[u8]) -> Option<()> {
    let key = ml_dsa_65::MLDSA65VerificationKey::new(public.try_into().ok()?);
    let signature = ml_dsa_65::MLDSA65Signature::new(signature.try_into().ok()?);
    ml_dsa_65::verify(&key, message, context, &signature).ok()
}

/// What both halves of a proof sign.
fn proof_message(
    role: Role,
    fingerprint: &Fingerprint,
    mls_key: &[u8],
    invite: &InviteId,
) -> [u8; 32] {
    kdf::transcript(
        PROOF_LABEL,
        &[&[role as u8], &fingerprint.0, mls_key, invite.as_bytes()],
    )
}

/// What the identity that is given up signs.
fn hand_over_message(
    writer: u32,
    binding: &[u8; 32],
    from: &Fingerprint,
    to: &Fingerprint,
) -> [u8; 32] {
    kdf::transcript(
        HAND_OVER_LABEL,
        &[&writer.to_be_bytes(), binding, &from.0, &to.0],
    )
}

#[cfg(test)]
mod tests {
    use hushwing_wire::{ContactCard, Routes};
    use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

    use super::{IdentityKeys, ProofError, Role, VerifiedPeer};
    use crate::ids::InviteId;

    const INVITE: InviteId = InviteId::new([5; 32]);

    fn card() -> (ContactCard, [u8; 32]) {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let keys = IdentityKeys::generate(&mut rng);
        let card = keys
            .card(
                &mut rng,
                Role::Inviter,
                b"leaf",
                &INVITE,
                "Alice",
                Routes::default(),
            )
            .unwrap();
        (card, *keys.fingerprint().as_bytes())
    }

    fn verify(card: &ContactCard, credential: &[u8]) -> Result<(), ProofError> {
        VerifiedPeer::verify(card, Role::Inviter, credential, b"leaf", &INVITE).map(|_| ())
    }

    #[test]
    fn a_whole_proof_verifies() {
        let (card, credential) = card();
        assert_eq!(verify(&card, &credential), Ok(()));
    }

    /// Claim Q3.
    #[test]
    fn either_half_alone_is_refused() {
        let (mut forged, credential) = card();
        forged.ed25519_signature[3] ^= 1;
        assert_eq!(verify(&forged, &credential), Err(ProofError::Ed25519));
        let (mut forged, credential) = card();
        forged.ml_dsa_65_signature[3] ^= 1;
        assert_eq!(verify(&forged, &credential), Err(ProofError::MlDsa65));
        forged.ml_dsa_65_signature.clear();
        assert_eq!(verify(&forged, &credential), Err(ProofError::MlDsa65));
    }

    /// Claims A2 and Q3.
    #[test]
    fn another_key_role_leaf_or_invite_is_refused() {
        let (mut other, credential) = card();
        other.ml_dsa_65_public[9] ^= 1;
        assert_eq!(verify(&other, &credential), Err(ProofError::Fingerprint));
        let (card, credential) = card();
        let refused = [
            VerifiedPeer::verify(&card, Role::Redeemer, &credential, b"leaf", &INVITE),
            VerifiedPeer::verify(&card, Role::Inviter, &credential, b"leaG", &INVITE),
            VerifiedPeer::verify(
                &card,
                Role::Inviter,
                &credential,
                b"leaf",
                &InviteId::new([6; 32]),
            ),
        ];
        assert!(
            refused
                .iter()
                .all(|result| *result == Err(ProofError::Ed25519))
        );
        assert_eq!(
            VerifiedPeer::verify(&card, Role::Inviter, b"", b"leaf", &INVITE),
            Err(ProofError::Fingerprint)
        );
    }

    /// Claims A1 and Q3.
    #[test]
    fn a_hand_over_that_is_half_signed_or_of_another_place_is_none() {
        const BINDING: [u8; 32] = [3; 32];
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let [old, next, third] = [(); 3].map(|()| IdentityKeys::generate(&mut rng));
        let pinned = |keys: &IdentityKeys, rng: &mut ChaCha20Rng| {
            let card = keys.card(rng, Role::Inviter, b"leaf", &INVITE, "", Routes::default());
            let credential = *keys.fingerprint().as_bytes();
            VerifiedPeer::verify(&card.unwrap(), Role::Inviter, &credential, b"leaf", &INVITE)
        };
        let peer = pinned(&old, &mut rng).unwrap();
        let record = old.hand_over(&mut rng, &next, 1, &BINDING);
        let taken = peer.successor(&record, 1, &BINDING).unwrap();
        assert_eq!(taken.fingerprint(), &next.fingerprint());
        assert!(taken.is_successor(&record) && !peer.is_successor(&record));

        for (change, error) in [
            (0, ProofError::Ed25519),
            (1, ProofError::MlDsa65),
            (2, ProofError::Ed25519),
            (3, ProofError::Ed25519),
        ] {
            let mut forged = record.clone();
            match change {
                0 => forged.signature.ed25519[3] ^= 1,
                1 => forged.signature.ml_dsa_65[3] ^= 1,
                2 => forged.ed25519_public[3] ^= 1,
                _ => forged.ml_dsa_65_public[3] ^= 1,
            }
            assert_eq!(peer.successor(&forged, 1, &BINDING), Err(error), "{change}");
            assert!(!taken.is_successor(&forged) || change < 2);
        }
        for (writer, binding) in [(0, BINDING), (1, [4; 32])] {
            let refused = peer.successor(&record, writer, &binding);
            assert_eq!(refused, Err(ProofError::Ed25519));
        }
        // By whoever is not the one that is given up, or to the same one.
        let foreign = third.hand_over(&mut rng, &next, 1, &BINDING);
        assert_eq!(
            peer.successor(&foreign, 1, &BINDING),
            Err(ProofError::Ed25519)
        );
        assert_eq!(
            taken.successor(&record, 1, &BINDING),
            Err(ProofError::Fingerprint)
        );
    }
}
