//! The reading of a header and of a backup's chunks by themselves, for the fuzz targets:
//! what they decode to is otherwise seen only through a key derivation or a database. Only with the feature
//! `fuzzing`, which no program turns on.

use crate::{
    BackupError, KdfParams, Passphrase,
    archive::{Locked, Preamble, Writer},
    header::{self, HeaderError, LockedHeader},
    keys::{DatabaseKey, KEY_LEN, VaultKey},
};

/// The parameters that the header asks for.
///
/// # Errors
/// Says what is wrong with it.
pub fn header_params(bytes: &[u8]) -> Result<KdfParams, String> {
    LockedHeader::decode(bytes)
        .map(|header| header.params())
        .map_err(|error| format!("{error:?}"))
}

/// Opens a header; gives the vault key.
///
/// # Errors
/// Says why it does not open.
pub fn open_header(bytes: &[u8], passphrase: &Passphrase) -> Result<[u8; KEY_LEN], String> {
    let unlocked = LockedHeader::decode(bytes).and_then(|header| header.unlock(passphrase));
    unlocked
        .map(|unlocked| *unlocked.vault_key.as_bytes())
        .map_err(|error: HeaderError| format!("{error:?}"))
}

/// Opens a header; gives the vault key and the key of the database.
///
/// # Errors
/// Says why it does not open.
pub fn open_keys(bytes: &[u8], passphrase: &Passphrase) -> Result<[[u8; KEY_LEN]; 2], String> {
    let vault_key = open_header(bytes, passphrase)?;
    let database_key = VaultKey::from_bytes(zeroize::Zeroizing::new(vault_key)).database_key();
    Ok([vault_key, *database_key.as_bytes()])
}

/// A header for this vault key.
///
/// # Errors
/// Says why there is none.
pub fn seal_header(
    passphrase: &Passphrase,
    params: KdfParams,
    vault_key: [u8; KEY_LEN],
) -> Result<Vec<u8>, String> {
    let vault_key = VaultKey::from_bytes(zeroize::Zeroizing::new(vault_key));
    header::seal(passphrase, params, &vault_key).map_err(|error| format!("{error:?}"))
}

/// The header with its passphrase changed.
///
/// # Errors
/// Says why it does not open, or why there is none.
pub fn change_header(
    bytes: &[u8],
    present: &Passphrase,
    new: &Passphrase,
    params: KdfParams,
) -> Result<Vec<u8>, String> {
    let unlocked = LockedHeader::decode(bytes).and_then(|header| header.unlock(present));
    let unlocked = unlocked.map_err(|error| format!("{error:?}"))?;
    let anew = unlocked.seal_anew(new, params);
    anew.map_err(|error| format!("{error:?}"))
}

/// What the header of a backup asks for.
///
/// # Errors
/// What is wrong with it.
pub fn archive_params(bytes: &[u8]) -> Result<KdfParams, BackupError> {
    Locked::decode(bytes).map(|locked| locked.params())
}

/// Opens a backup and reads it to its end: when it was made, the key of its database, the
/// length that it says, and what it holds.
///
/// # Errors
/// Why it does not open.
pub fn open_archive(
    bytes: &[u8],
    passphrase: &Passphrase,
) -> Result<(u64, [u8; KEY_LEN], u64, Vec<u8>), BackupError> {
    let (preamble, _, mut reader) = Locked::decode(bytes)?.unlock(passphrase)?;
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match reader.read_some(&mut buffer)? {
            0 => break,
            read => all.extend_from_slice(&buffer[..read]),
        }
    }
    let key = *preamble.key.as_bytes();
    Ok((preamble.made_at_ms, key, preamble.database_len, all))
}

/// A backup that holds these bytes in the place of a database.
///
/// # Errors
/// Why there is none.
pub fn seal_archive(
    passphrase: &Passphrase,
    params: KdfParams,
    made_at_ms: u64,
    database: &[u8],
) -> Result<Vec<u8>, BackupError> {
    let preamble = Preamble {
        made_at_ms,
        key: DatabaseKey::from_bytes(zeroize::Zeroizing::new([0x17; KEY_LEN])),
        database_len: database.len() as u64,
    };
    let mut writer = Writer::begin(Vec::new(), passphrase, params, &preamble)?;
    writer.write(database)?;
    writer.finish()
}
