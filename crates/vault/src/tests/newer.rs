//! A vault of a newer version of the program.

use std::{collections::BTreeMap, fs, path::Path};

use hushwing_protocol::store::{Store, Table};

use super::{new_vault, passphrase};
use crate::{OpenError, SalvageError, Stop, Vault};

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

/// `[HW-VAULT-8]` Also what is still in its log alone.
#[test]
fn a_newer_vault_is_refused_and_no_byte_of_it_changes() {
    for in_the_log in [true, false] {
        let (dir, mut vault) = new_vault();
        vault
            .transaction(|txn| txn.put(Table(33), b"key", &[7; 5_000]))
            .unwrap();
        vault
            .connection()
            .execute("UPDATE meta SET value = 99 WHERE name = 'schema'", [])
            .unwrap();
        let there = tempfile::tempdir().unwrap();
        if !in_the_log {
            vault.checkpoint().unwrap();
        }
        for (name, bytes) in files(dir.path()) {
            fs::write(there.path().join(name), bytes).unwrap();
        }
        drop(vault);
        let before = files(there.path());
        assert_eq!(before["vault.db-wal"].len() > 4096, in_the_log);
        let opened = Vault::open(there.path(), &passphrase());
        assert_eq!(opened.unwrap_err(), OpenError::Newer);
        assert!(files(there.path()) == before, "in the log: {in_the_log}");
        let salvaged = Vault::salvage(there.path(), &passphrase(), 1, &Stop::default());
        assert!(
            !matches!(salvaged, Ok(_) | Err(SalvageError::Nothing)),
            "a newer vault is not salvaged"
        );
        let after = files(there.path());
        assert!(after["vault.db"] == before["vault.db"]);
    }
}
