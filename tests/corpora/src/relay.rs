//! The relay's file of keys.

use std::{cell::OnceCell, fs};

use hushwing_relay::{Keys, KeysError};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

const MAGIC: &[u8] = b"hushwing relay keys\n";
const VERSION: u8 = 1;

/// A file of keys; with bit 0 of the first byte set, its checksum is set right.
/// What is read is what stands there, and nothing is written over.
pub fn relay_keys(input: &[u8]) {
    thread_local! {
        static FOLDER: OnceCell<TempDir> = const { OnceCell::new() };
    }
    let Some((&how, rest)) = input.split_first() else {
        return;
    };
    let mut file = rest.to_vec();
    if how & 1 != 0 {
        file.truncate(file.len().saturating_sub(Sha256::output_size()));
        let checksum = Sha256::digest(&file);
        file.extend_from_slice(&checksum);
    }
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| tempfile::tempdir().unwrap()).path();
        fs::write(folder.join(Keys::FILE), &file).unwrap();
        match Keys::load_or_create(folder) {
            Ok(keys) => assert_eq!(encoded(&keys), file),
            Err(KeysError::Damaged | KeysError::Newer(_)) => {}
            Err(error) => panic!("{error}"),
        }
        assert_eq!(fs::read(folder.join(Keys::FILE)).unwrap(), file);
    });
}

fn encoded(keys: &Keys) -> Vec<u8> {
    let seeds = [
        &keys.tls.as_bytes()[..],
        keys.onion.as_bytes(),
        keys.store.as_bytes(),
    ];
    keys_file(VERSION, &seeds.concat())
}

/// A file of keys of these seeds.
pub(crate) fn keys_file(version: u8, seeds: &[u8]) -> Vec<u8> {
    let mut file = [MAGIC, &[version], seeds].concat();
    let checksum = Sha256::digest(&file);
    file.extend_from_slice(&checksum);
    file
}
