//! The form of a backup: one file, sealed under a passphrase in chunks.
//!
//! All integers are big-endian. Version 1:
//!
//! ```text
//! magic      8   "hwbackup"
//! version    2   1
//! kind       1   1; 2 where the parameters protect nothing, for tests
//! memory 4, passes 4, lanes 4, salt 32: Argon2id
//! nonce     19   of the stream
//! tag       32   HMAC-SHA-256 under the header key of everything before it
//! checksum  32   SHA-256 of everything before it, in every version
//! chunks         STREAM with XChaCha20-Poly1305: 65,536 bytes and a tag of 16 each, the
//!                last one shorter or as long
//! ```
//!
//! What the chunks hold: when it was made in milliseconds since 1970 (8), the key of the
//! database in it (32), the length of that database (8), the database.

use std::io::{self, Read, Write};

use aead_stream::{DecryptorBE32, EncryptorBE32};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize as _, Zeroizing};

use crate::{
    error::BackupError,
    kdf::{KdfParams, SALT_LEN, Strength},
    keys::{DatabaseKey, HeaderKey, KEY_LEN, TAG_LEN},
    passphrase::Passphrase,
};

const MAGIC: [u8; 8] = *b"hwbackup";
const VERSION: u16 = 1;
const KIND_SOUND: u8 = 1;
const KIND_WEAK: u8 = 2;
/// What of the 24 bytes of a nonce is the archive's; the rest counts chunks and marks
/// the last one.
const NONCE_LEN: usize = 19;
const CHECKSUM_LEN: usize = 32;
const TAGGED_LEN: usize = 8 + 2 + 1 + 3 * 4 + SALT_LEN + NONCE_LEN;
const HEADER_LEN: usize = TAGGED_LEN + TAG_LEN + CHECKSUM_LEN;

/// Plaintext of a chunk, in bytes: a read is short, and tags are a four-thousandth.
const CHUNK_LEN: usize = 64 * 1024;
const CHUNK_TAG_LEN: usize = 16;

/// What stands before the database.
pub(crate) struct Preamble {
    pub(crate) made_at_ms: u64,
    pub(crate) key: DatabaseKey,
    pub(crate) database_len: u64,
}

const PREAMBLE_LEN: usize = 8 + KEY_LEN + 8;

/// The keys of one archive.
///
/// [HW-BACKUP-1] Both are HKDF-SHA-256 of the Argon2id key. The tag under the header key
/// binds every byte of the header, and the archive to one passphrase, which the AEAD
/// alone does not.
struct Keys {
    header: HeaderKey,
    stream: Zeroizing<[u8; KEY_LEN]>,
}

impl Keys {
    fn derive(
        params: KdfParams,
        salt: &[u8; SALT_LEN],
        passphrase: &Passphrase,
    ) -> Result<Self, BackupError> {
        let root = params
            .derive(passphrase, salt)
            .map_err(|_| BackupError::OutOfMemory)?;
        let expand = |label: &[u8]| {
            let mut key = Zeroizing::new([0; KEY_LEN]);
            Hkdf::<Sha256>::new(None, &*root)
                .expand(label, &mut *key)
                .expect("32 bytes are less than the 255 blocks that HKDF can give");
            key
        };
        Ok(Self {
            header: HeaderKey::from_bytes(expand(b"hushwing backup v1 header")),
            stream: expand(b"hushwing backup v1 stream"),
        })
    }
}

/// Writes an archive. Bytes that were not followed by [`Writer::finish`] are no archive.
pub(crate) struct Writer<W: Write> {
    to: W,
    stream: EncryptorBE32<XChaCha20Poly1305>,
    /// Plaintext of the chunk that is being filled; sealed in place.
    chunk: Zeroizing<Vec<u8>>,
}

impl<W: Write> Writer<W> {
    /// Writes the header and what stands before the database.
    pub(crate) fn begin(
        mut to: W,
        passphrase: &Passphrase,
        params: KdfParams,
        preamble: &Preamble,
    ) -> Result<Self, BackupError> {
        let mut salt = [0; SALT_LEN];
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut salt).map_err(|_| BackupError::NoRandomness)?;
        getrandom::fill(&mut nonce).map_err(|_| BackupError::NoRandomness)?;
        let keys = Keys::derive(params, &salt, passphrase)?;
        let mut header = Vec::with_capacity(HEADER_LEN);
        header.extend(MAGIC);
        header.extend(VERSION.to_be_bytes());
        header.push(match params.strength() {
            Strength::Sound => KIND_SOUND,
            Strength::DangerouslyWeak => KIND_WEAK,
        });
        for number in [params.memory_kib(), params.passes(), params.lanes()] {
            header.extend(number.to_be_bytes());
        }
        header.extend(salt);
        header.extend(nonce);
        header.extend(keys.header.tag(&header));
        header.extend(Sha256::digest(&header));
        to.write_all(&header)?;
        let aead = XChaCha20Poly1305::new((&*keys.stream).into());
        let mut writer = Self {
            to,
            stream: EncryptorBE32::from_aead(aead, (&nonce).into()),
            chunk: Zeroizing::new(Vec::with_capacity(CHUNK_LEN + CHUNK_TAG_LEN)),
        };
        writer.write(&preamble.made_at_ms.to_be_bytes())?;
        writer.write(preamble.key.as_bytes())?;
        writer.write(&preamble.database_len.to_be_bytes())?;
        Ok(writer)
    }

    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), BackupError> {
        while !bytes.is_empty() {
            // A full chunk is kept until it is known that it is not the last one.
            if self.chunk.len() == CHUNK_LEN {
                self.stream
                    .encrypt_next_in_place(b"", &mut *self.chunk)
                    .map_err(|_| BackupError::TooLong)?;
                self.to.write_all(&self.chunk)?;
                // It holds ciphertext now.
                self.chunk.clear();
            }
            let room = CHUNK_LEN - self.chunk.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.chunk.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Seals the last chunk; gives the file back.
    pub(crate) fn finish(mut self) -> Result<W, BackupError> {
        self.stream
            .encrypt_last_in_place(b"", &mut *self.chunk)
            .map_err(|_| BackupError::TooLong)?;
        self.to.write_all(&self.chunk)?;
        Ok(self.to)
    }
}

/// An archive whose form is right and whose content is not yet authenticated.
pub(crate) struct Locked<R: Read> {
    from: R,
    params: KdfParams,
    salt: [u8; SALT_LEN],
    nonce: [u8; NONCE_LEN],
    tagged: [u8; TAGGED_LEN],
    tag: [u8; TAG_LEN],
}

impl<R: Read> Locked<R> {
    /// Reads the header; derives nothing yet.
    ///
    /// [HW-BACKUP-1] Its parameters are within the bounds of a vault's before any memory
    /// is taken: an archive is input.
    pub(crate) fn decode(mut from: R) -> Result<Self, BackupError> {
        let mut header = Vec::with_capacity(HEADER_LEN);
        (&mut from)
            .take(HEADER_LEN as u64)
            .read_to_end(&mut header)?;
        if !header.starts_with(&MAGIC) {
            return Err(BackupError::NotABackup);
        }
        let version = header.get(8..10).map(|bytes| [bytes[0], bytes[1]]);
        let version = version.map(u16::from_be_bytes);
        if version.is_some_and(|version| version > VERSION) {
            return Err(BackupError::Newer);
        }
        let header: [u8; HEADER_LEN] = header
            .try_into()
            .map_err(|_| BackupError::Damaged("it ends within its header"))?;
        let (checked, checksum) = header
            .split_last_chunk::<CHECKSUM_LEN>()
            .expect("a header is longer than its checksum");
        if version != Some(VERSION) || Sha256::digest(checked)[..] != checksum[..] {
            return Err(BackupError::Damaged("its header has changed"));
        }
        let (tagged, tag) = checked
            .split_first_chunk::<TAGGED_LEN>()
            .expect("a header is longer than what is tagged of it");
        let strength = match tagged[10] {
            KIND_SOUND => Strength::Sound,
            KIND_WEAK => Strength::DangerouslyWeak,
            _ => return Err(BackupError::Damaged("its kind is not known")),
        };
        let number = |at: usize| {
            let bytes = tagged[at..at + 4].try_into();
            u32::from_be_bytes(bytes.expect("four bytes are four bytes"))
        };
        Ok(Self {
            from,
            params: KdfParams::checked(number(11), number(15), number(19), strength)?,
            salt: tagged[23..23 + SALT_LEN]
                .try_into()
                .expect("the salt is as long as a salt"),
            nonce: tagged[23 + SALT_LEN..]
                .try_into()
                .expect("the nonce is what is left"),
            tagged: *tagged,
            tag: tag.try_into().expect("the tag is what is left"),
        })
    }

    /// What deriving the key will cost.
    #[cfg(feature = "fuzzing")]
    pub(crate) fn params(&self) -> KdfParams {
        self.params
    }

    /// Derives the keys and authenticates the header and what stands before the database.
    pub(crate) fn unlock(
        self,
        passphrase: &Passphrase,
    ) -> Result<(Preamble, KdfParams, Reader<R>), BackupError> {
        let keys = Keys::derive(self.params, &self.salt, passphrase)?;
        if !keys.header.verifies(&self.tagged, &self.tag) {
            return Err(BackupError::WrongPassphrase);
        }
        let aead = XChaCha20Poly1305::new((&*keys.stream).into());
        let mut reader = Reader {
            from: self.from,
            stream: Some(DecryptorBE32::from_aead(aead, (&self.nonce).into())),
            ahead: Zeroizing::new(Vec::with_capacity(CHUNK_LEN + CHUNK_TAG_LEN)),
            chunk: Zeroizing::new(Vec::with_capacity(CHUNK_LEN + CHUNK_TAG_LEN)),
            at: 0,
        };
        let mut bytes = Zeroizing::new([0; PREAMBLE_LEN]);
        reader.read_exact(&mut *bytes)?;
        let (made_at, rest) = bytes.split_first_chunk().expect("8 of 48 bytes");
        let (key, len) = rest.split_first_chunk().expect("32 of 40 bytes");
        let preamble = Preamble {
            made_at_ms: u64::from_be_bytes(*made_at),
            key: DatabaseKey::from_bytes(Zeroizing::new(*key)),
            database_len: u64::from_be_bytes(len.try_into().expect("8 bytes are left")),
        };
        Ok((preamble, self.params, reader))
    }
}

/// Reads what an archive holds, chunk by chunk, each authenticated before any of it is
/// given out.
///
/// [HW-BACKUP-2] A chunk stands at its place and in its archive alone, and only the last
/// one is the last one: what is cut, exchanged, repeated or added is refused.
pub(crate) struct Reader<R: Read> {
    from: R,
    /// None after the last chunk.
    stream: Option<DecryptorBE32<XChaCha20Poly1305>>,
    /// The next chunk as it stands in the file: whether one follows tells whether a chunk
    /// is the last one.
    ahead: Zeroizing<Vec<u8>>,
    chunk: Zeroizing<Vec<u8>>,
    at: usize,
}

impl<R: Read> Reader<R> {
    /// Fills `to`, or says that the archive ends too early.
    pub(crate) fn read_exact(&mut self, mut to: &mut [u8]) -> Result<(), BackupError> {
        while !to.is_empty() {
            let read = self.read_some(to)?;
            if read == 0 {
                return Err(BackupError::Damaged("it ends too early"));
            }
            to = &mut to[read..];
        }
        Ok(())
    }

    /// Some of the next bytes; none only at the end.
    pub(crate) fn read_some(&mut self, to: &mut [u8]) -> Result<usize, BackupError> {
        if self.at == self.chunk.len() && !self.next_chunk()? {
            return Ok(0);
        }
        let left = &self.chunk[self.at..];
        let len = left.len().min(to.len());
        to[..len].copy_from_slice(&left[..len]);
        self.at += len;
        Ok(len)
    }

    fn next_chunk(&mut self) -> Result<bool, BackupError> {
        let Some(mut stream) = self.stream.take() else {
            return Ok(false);
        };
        if self.ahead.is_empty() {
            fill(&mut self.from, &mut self.ahead)?;
        }
        self.chunk.zeroize();
        self.at = 0;
        std::mem::swap(&mut *self.chunk, &mut *self.ahead);
        if self.chunk.len() == CHUNK_LEN + CHUNK_TAG_LEN {
            fill(&mut self.from, &mut self.ahead)?;
        }
        let opened = if self.ahead.is_empty() {
            stream.decrypt_last_in_place(b"", &mut *self.chunk)
        } else {
            let opened = stream.decrypt_next_in_place(b"", &mut *self.chunk);
            self.stream = Some(stream);
            opened
        };
        if opened.is_err() || self.chunk.is_empty() {
            // Nothing of a chunk that does not authenticate is given out, now or later.
            self.stream = None;
            self.chunk.zeroize();
            return Err(BackupError::Damaged(
                "a part of it has changed or is missing",
            ));
        }
        Ok(true)
    }
}

/// One chunk as it stands in the file, or as much of it as there is.
fn fill(from: &mut impl Read, chunk: &mut Vec<u8>) -> io::Result<()> {
    chunk.clear();
    from.take((CHUNK_LEN + CHUNK_TAG_LEN) as u64)
        .read_to_end(chunk)
        .map(drop)
}

#[cfg(test)]
mod tests;
