//! A reader of SQLCipher's files that is independent of SQLCipher: every page of
//! the database and of the log, decrypted, including what no table refers to.
//!
//! A page is ciphertext (AES-256-CBC), then 16 bytes of IV, then 64 of HMAC;
//! the first page begins with 16 bytes of salt in the clear. The log is a header
//! of 32 bytes, then frames of a header of 24 and a page.

use std::{fs, path::Path};

use aes::{
    Aes256,
    cipher::{BlockCipherDecrypt, KeyInit},
};

use super::passphrase;
use crate::{database::PAGE_SIZE, header::LockedHeader, keys::DatabaseKey};

const PAGE: usize = PAGE_SIZE as usize;
const SALT: usize = 16;
const IV: usize = 16;
const RESERVED: usize = IV + 64;
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// All pages of the vault in `dir`, of the database and then of the log.
pub(super) fn decrypted(dir: &Path) -> Vec<Vec<u8>> {
    let header = fs::read(dir.join("vault.hw")).unwrap();
    let unlocked = LockedHeader::decode(&header)
        .unwrap()
        .unlock(&passphrase())
        .unwrap();
    let key = unlocked.vault_key.database_key();
    let database = fs::read(dir.join("vault.db")).unwrap();
    assert_eq!(database.len() % PAGE, 0);
    let mut pages: Vec<_> = (1..)
        .zip(database.chunks(PAGE))
        .map(|(number, page)| decrypt(&key, number, page))
        .collect();
    assert!(pages[0].starts_with(b"\x10\0"), "page 1 does not decrypt");
    let log = fs::read(dir.join("vault.db-wal")).unwrap_or_default();
    let frames = log.get(LOG_HEADER..).unwrap_or_default();
    for frame in frames.chunks_exact(FRAME_HEADER + PAGE) {
        let number = u32::from_be_bytes(frame[..4].try_into().unwrap());
        pages.push(decrypt(&key, number, &frame[FRAME_HEADER..]));
    }
    pages
}

fn decrypt(key: &DatabaseKey, number: u32, page: &[u8]) -> Vec<u8> {
    let start = if number == 1 { SALT } else { 0 };
    let (ciphertext, reserved) = page[start..].split_at(PAGE - start - RESERVED);
    let cipher = Aes256::new(key.as_bytes().into());
    let mut before: [u8; 16] = reserved[..IV].try_into().unwrap();
    let mut plaintext = Vec::with_capacity(PAGE);
    for block in ciphertext.chunks_exact(16) {
        let mut out = <[u8; 16]>::try_from(block).unwrap().into();
        cipher.decrypt_block(&mut out);
        plaintext.extend(out.iter().zip(before).map(|(byte, before)| byte ^ before));
        before = block.try_into().unwrap();
    }
    plaintext
}
