//! The reading of a header by itself, for the fuzz targets: what it decodes to
//! is otherwise seen only through a key derivation. Only with the feature
//! `fuzzing`, which no program turns on.

use crate::{
    KdfParams, Passphrase,
    header::{self, HeaderError, LockedHeader},
    keys::{KEY_LEN, VaultKey},
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
