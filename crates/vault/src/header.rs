//! The header file: how a passphrase becomes the vault key.
//!
//! All integers are big-endian. Version 1:
//!
//! ```text
//! magic      8   "hushwing"
//! version    2   1
//! count      1   number of slots, 1 to 8
//! slots          each: kind 1, length 2, body of that length
//! tag       32   HMAC-SHA-256 under the header key of everything before it
//! checksum  32   SHA-256 of everything before it, in every version
//! ```
//!
//! Body of a passphrase slot (kind 1; kind 2 is the same with parameters that
//! only tests use): memory in KiB 4, passes 4, lanes 4, salt 32, nonce 24,
//! wrapped vault key 48.

use chacha20poly1305::{
    Key, Tag, XChaCha20Poly1305, XNonce,
    aead::{AeadInOut, KeyInit},
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    kdf::{KdfParams, KdfParamsError, OutOfMemory, SALT_LEN, Strength},
    keys::{KEY_LEN, TAG_LEN, VaultKey},
    passphrase::Passphrase,
};

/// Longest header that is read, in bytes: eight slots of the largest kind with
/// room to grow. A longer file is not a header.
pub(crate) const MAX_HEADER_LEN: usize = 4096;
/// Most slots: a passphrase, an operating system's keystore, a recovery code,
/// and as many again while one of them is being replaced.
const MAX_SLOTS: u8 = 8;

const MAGIC: [u8; 8] = *b"hushwing";
const VERSION: u16 = 1;
const CHECKSUM_LEN: usize = 32;
const NONCE_LEN: usize = 24;
const AEAD_TAG_LEN: usize = 16;
const WRAPPED_LEN: usize = KEY_LEN + AEAD_TAG_LEN;
const PASSPHRASE_BODY_LEN: usize = 3 * 4 + SALT_LEN + NONCE_LEN + WRAPPED_LEN;

const KIND_PASSPHRASE: u8 = 1;
const KIND_WEAK_PASSPHRASE: u8 = 2;

/// Why a header gave no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderError {
    /// Not what was once written; says what is wrong.
    Damaged(&'static str),
    /// Written by a newer version.
    Newer,
    /// Parameters outside the bounds.
    Params(KdfParamsError),
    /// The slot does not open: another passphrase, or somebody changed the slot
    /// and its checksum.
    WrongPassphrase,
    /// Too little memory to derive the key.
    OutOfMemory,
}

impl From<OutOfMemory> for HeaderError {
    fn from(OutOfMemory: OutOfMemory) -> Self {
        Self::OutOfMemory
    }
}

/// A new header for `vault_key`, with one slot for `passphrase`.
///
/// [HW-VAULT-4] Every byte of the header is authenticated. Magic, version, kind,
/// parameters and salt are associated data of the slot (XChaCha20-Poly1305 under
/// the Argon2id key), so lowered parameters open nothing; the tag binds all
/// slots to each other and to the vault key, which the AEAD alone would not
/// commit to; the checksum is no protection, it tells damage from a wrong
/// passphrase.
pub(crate) fn seal(
    passphrase: &Passphrase,
    params: KdfParams,
    vault_key: &VaultKey,
) -> Result<Vec<u8>, SealError> {
    seal_beside(passphrase, params, vault_key, &OtherSlots::default())
}

/// The same beside slots that stay as they are.
fn seal_beside(
    passphrase: &Passphrase,
    params: KdfParams,
    vault_key: &VaultKey,
    others: &OtherSlots,
) -> Result<Vec<u8>, SealError> {
    let mut salt = [0; SALT_LEN];
    let mut nonce = [0; NONCE_LEN];
    getrandom::fill(&mut salt).map_err(|_| SealError::NoRandomness)?;
    getrandom::fill(&mut nonce).map_err(|_| SealError::NoRandomness)?;
    let slot = PassphraseSlot::wrap(passphrase, params, salt, nonce, vault_key)
        .map_err(|OutOfMemory| SealError::OutOfMemory)?;

    let mut bytes = Vec::with_capacity(MAX_HEADER_LEN);
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_be_bytes());
    bytes.push(1 + others.count);
    slot.encode(&mut bytes);
    bytes.extend(&others.encoded);
    bytes.extend(vault_key.header_key().tag(&bytes));
    bytes.extend(Sha256::digest(&bytes));
    Ok(bytes)
}

/// Why no header could be made. The fault is the environment's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SealError {
    NoRandomness,
    OutOfMemory,
}

/// A header whose form is right and whose content is not yet authenticated.
pub(crate) struct LockedHeader {
    slot: PassphraseSlot,
    others: OtherSlots,
    tagged: Vec<u8>,
    tag: [u8; TAG_LEN],
}

/// A header that opened: the key, and what it took.
pub(crate) struct UnlockedHeader {
    pub(crate) vault_key: VaultKey,
    pub(crate) params: KdfParams,
    others: OtherSlots,
}

/// The slots of kinds that this version does not know, as they stand in the header.
#[derive(Default)]
struct OtherSlots {
    count: u8,
    encoded: Vec<u8>,
}

impl UnlockedHeader {
    /// A header for the same vault key that opens with another passphrase, under a new
    /// salt and nonce. Other slots stay as they are.
    pub(crate) fn seal_anew(
        &self,
        passphrase: &Passphrase,
        params: KdfParams,
    ) -> Result<Vec<u8>, SealError> {
        seal_beside(passphrase, params, &self.vault_key, &self.others)
    }
}

impl LockedHeader {
    /// Reads the form of a header; derives nothing yet.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, HeaderError> {
        if bytes.len() > MAX_HEADER_LEN {
            return Err(HeaderError::Damaged("the header is too long"));
        }
        let (checked, checksum) = bytes
            .split_last_chunk::<CHECKSUM_LEN>()
            .ok_or(HeaderError::Damaged("the header is too short"))?;
        if Sha256::digest(checked)[..] != checksum[..] {
            return Err(HeaderError::Damaged("the header has changed"));
        }
        let mut reader = Reader(checked);
        if reader.array()? != MAGIC {
            return Err(HeaderError::Damaged("the header is not one of ours"));
        }
        // A later version may have another form from here on.
        match u16::from_be_bytes(reader.array()?) {
            VERSION => {}
            0 => return Err(HeaderError::Damaged("the header has no version")),
            _ => return Err(HeaderError::Newer),
        }
        let (slot, others) = Self::read_slots(&mut reader)?;
        let tag = reader.array()?;
        if !reader.0.is_empty() {
            return Err(HeaderError::Damaged("the header goes on after its end"));
        }
        let tagged = checked[..checked.len() - TAG_LEN].to_vec();
        Ok(Self {
            slot,
            others,
            tagged,
            tag,
        })
    }

    /// The one passphrase slot. Slots of kinds that this version does not know
    /// are passed over and kept; the tag covers them.
    fn read_slots(reader: &mut Reader<'_>) -> Result<(PassphraseSlot, OtherSlots), HeaderError> {
        let [count] = reader.array()?;
        if count > MAX_SLOTS {
            return Err(HeaderError::Damaged("the header has too many key slots"));
        }
        let mut found = None;
        let mut others = OtherSlots::default();
        for _ in 0..count {
            let slot = reader.0;
            let [kind] = reader.array()?;
            let len = u16::from_be_bytes(reader.array()?);
            let body = reader.take(usize::from(len))?;
            let strength = match kind {
                KIND_PASSPHRASE => Strength::Sound,
                KIND_WEAK_PASSPHRASE => Strength::DangerouslyWeak,
                _ => {
                    others.count += 1;
                    let len = slot.len() - reader.0.len();
                    others.encoded.extend(&slot[..len]);
                    continue;
                }
            };
            // One, so that a hostile header cannot ask for eight derivations.
            if found.is_some() {
                return Err(HeaderError::Damaged("the header has two passphrase slots"));
            }
            found = Some(PassphraseSlot::decode(strength, body)?);
        }
        let slot = found.ok_or(HeaderError::Damaged("the header has no passphrase slot"))?;
        Ok((slot, others))
    }

    /// What deriving the key will cost.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn params(&self) -> KdfParams {
        self.slot.params
    }

    /// Derives the key from `passphrase`, opens the slot, then checks the whole
    /// header under the vault key.
    pub(crate) fn unlock(self, passphrase: &Passphrase) -> Result<UnlockedHeader, HeaderError> {
        let vault_key = self.slot.unwrap(passphrase)?;
        if !vault_key.header_key().verifies(&self.tagged, &self.tag) {
            return Err(HeaderError::Damaged("the header has been changed"));
        }
        Ok(UnlockedHeader {
            vault_key,
            params: self.slot.params,
            others: self.others,
        })
    }
}

/// The vault key, wrapped under a key derived from a passphrase.
struct PassphraseSlot {
    params: KdfParams,
    salt: [u8; SALT_LEN],
    nonce: [u8; NONCE_LEN],
    wrapped: [u8; WRAPPED_LEN],
}

impl PassphraseSlot {
    fn wrap(
        passphrase: &Passphrase,
        params: KdfParams,
        salt: [u8; SALT_LEN],
        nonce: [u8; NONCE_LEN],
        vault_key: &VaultKey,
    ) -> Result<Self, OutOfMemory> {
        let key = params.derive(passphrase, &salt)?;
        let mut secret = Zeroizing::new(*vault_key.as_bytes());
        let tag = XChaCha20Poly1305::new(<&Key>::from(&*key))
            .encrypt_inout_detached(
                <&XNonce>::from(&nonce),
                &associated_data(params, &salt),
                (&mut secret[..]).into(),
            )
            .expect("32 bytes are far below the limit of the cipher");
        let mut wrapped = [0; WRAPPED_LEN];
        wrapped[..KEY_LEN].copy_from_slice(&*secret);
        wrapped[KEY_LEN..].copy_from_slice(&tag);
        Ok(Self {
            params,
            salt,
            nonce,
            wrapped,
        })
    }

    fn unwrap(&self, passphrase: &Passphrase) -> Result<VaultKey, HeaderError> {
        let key = self.params.derive(passphrase, &self.salt)?;
        let (ciphertext, tag) = self
            .wrapped
            .split_first_chunk::<KEY_LEN>()
            .expect("a wrapped key is longer than a key");
        let tag = <&Tag>::try_from(tag).expect("what follows the key is the tag");
        let mut secret = Zeroizing::new(*ciphertext);
        XChaCha20Poly1305::new(<&Key>::from(&*key))
            .decrypt_inout_detached(
                <&XNonce>::from(&self.nonce),
                &associated_data(self.params, &self.salt),
                (&mut secret[..]).into(),
                tag,
            )
            .map_err(|_| HeaderError::WrongPassphrase)?;
        Ok(VaultKey::from_bytes(secret))
    }

    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.push(kind_of(self.params));
        let len = u16::try_from(PASSPHRASE_BODY_LEN).expect("a body is about a hundred bytes");
        bytes.extend(len.to_be_bytes());
        bytes.extend(encoded_params(self.params));
        bytes.extend(self.salt);
        bytes.extend(self.nonce);
        bytes.extend(self.wrapped);
    }

    fn decode(strength: Strength, body: &[u8]) -> Result<Self, HeaderError> {
        if body.len() != PASSPHRASE_BODY_LEN {
            return Err(HeaderError::Damaged("a key slot has the wrong length"));
        }
        let mut reader = Reader(body);
        let memory_kib = u32::from_be_bytes(reader.array()?);
        let passes = u32::from_be_bytes(reader.array()?);
        let lanes = u32::from_be_bytes(reader.array()?);
        Ok(Self {
            params: KdfParams::checked(memory_kib, passes, lanes, strength)
                .map_err(HeaderError::Params)?,
            salt: reader.array()?,
            nonce: reader.array()?,
            wrapped: reader.array()?,
        })
    }
}

/// What a passphrase slot authenticates besides the key in it. Other slots are
/// left out, so that one can be added or replaced without the secrets of all;
/// the tag of the header covers them.
fn associated_data(params: KdfParams, salt: &[u8; SALT_LEN]) -> Vec<u8> {
    let mut data = Vec::new();
    data.extend(MAGIC);
    data.extend(VERSION.to_be_bytes());
    data.push(kind_of(params));
    data.extend(encoded_params(params));
    data.extend(salt);
    data
}

fn kind_of(params: KdfParams) -> u8 {
    match params.strength() {
        Strength::Sound => KIND_PASSPHRASE,
        Strength::DangerouslyWeak => KIND_WEAK_PASSPHRASE,
    }
}

fn encoded_params(params: KdfParams) -> [u8; 12] {
    let mut bytes = [0; 12];
    bytes[..4].copy_from_slice(&params.memory_kib().to_be_bytes());
    bytes[4..8].copy_from_slice(&params.passes().to_be_bytes());
    bytes[8..].copy_from_slice(&params.lanes().to_be_bytes());
    bytes
}

/// Takes fields off the front; too little left is damage.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N], HeaderError> {
        let (array, rest) = self
            .0
            .split_first_chunk()
            .ok_or(HeaderError::Damaged("the header ends too early"))?;
        self.0 = rest;
        Ok(*array)
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], HeaderError> {
        let (taken, rest) = self
            .0
            .split_at_checked(len)
            .ok_or(HeaderError::Damaged("the header ends too early"))?;
        self.0 = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests;
