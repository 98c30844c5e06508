//! Wiping: at whatever moment it is stopped, it goes on, and nothing is left.

use std::{collections::BTreeMap, fs, path::Path};

use hushwing_protocol::store::{Store, StoreError, Table};

use super::{WEAK, new_vault, passphrase};
use crate::{CreateError, OpenError, SalvageError, Stop, Vault, wiping::WipeStep};

const MARK: &[u8] = b"MARK of the wiped";

fn files(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(dir).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

/// A vault with a snapshot, a log, files that were kept aside and what a crash left.
fn full_vault() -> (tempfile::TempDir, Vault) {
    let (dir, mut vault) = new_vault();
    let put = |vault: &mut Vault, key: &[u8]| {
        vault
            .transaction(|txn| txn.put(Table(33), key, &MARK.repeat(300)))
            .unwrap();
    };
    put(&mut vault, b"1");
    let job = vault.begin_snapshot(&[], &Stop::default()).unwrap();
    job.run(1_700_000_000_000).unwrap();
    put(&mut vault, b"2");
    for name in ["vault.damaged-1", "vault.copy", "vault.hw.new"] {
        fs::write(dir.path().join(name), MARK).unwrap();
    }
    (dir, vault)
}

/// `[HW-VAULT-47]` Claim S1.
#[test]
fn a_wiped_vault_leaves_nothing_but_an_empty_lock() {
    let (dir, vault) = full_vault();
    assert_eq!(Vault::wipe(dir.path()), Err(OpenError::InUse));
    assert!(Vault::exists(dir.path()));
    drop(vault);
    fs::write(dir.path().join("something else"), b"not ours").unwrap();
    Vault::wipe(dir.path()).unwrap();
    let left = files(dir.path());
    assert_eq!(
        left.keys().collect::<Vec<_>>(),
        ["something else", "vault.lock"]
    );
    assert!(left["vault.lock"].is_empty());
    assert_eq!(Vault::wipe(dir.path()), Err(OpenError::NotFound));
    let opened = Vault::open(dir.path(), &passphrase());
    assert_eq!(opened.unwrap_err(), OpenError::NotFound);
    Vault::create(dir.path(), &passphrase(), WEAK).unwrap();
}

/// `[HW-VAULT-47]` Claim S1.
#[test]
fn wherever_wiping_is_stopped_no_key_is_left_and_the_next_attempt_ends_it() {
    let steps = [
        WipeStep::Noted,
        WipeStep::KeysGone,
        WipeStep::FilesGone,
        WipeStep::Done,
    ];
    let mut seen = Vec::new();
    let (dir, vault) = full_vault();
    drop(vault);
    let header = files(dir.path())["vault.hw"].clone();
    let mut stopped = Vec::new();
    Vault::wipe_stepwise(dir.path(), |step| {
        seen.push(step);
        stopped.push((step, files(dir.path())));
    })
    .unwrap();
    assert_eq!(seen, steps);
    for (step, left) in stopped {
        let keys_left = left.values().any(|bytes| *bytes == header);
        assert_eq!(keys_left, step == WipeStep::Noted, "{step:?}");
        type Attempt = fn(&Path);
        let attempts: [Attempt; 4] = [
            |dir| Vault::go_on_wiping(dir).unwrap(),
            |dir| {
                let opened = Vault::open(dir, &passphrase());
                assert_eq!(opened.unwrap_err(), OpenError::NotFound);
            },
            |dir| {
                let salvaged = Vault::salvage(dir, &passphrase(), 1, &Stop::default());
                let not_found = SalvageError::Open(OpenError::NotFound);
                assert_eq!(salvaged.unwrap_err(), not_found);
            },
            |dir| {
                let mut made = Vault::create(dir, &passphrase(), WEAK).unwrap();
                made.transaction(|txn| {
                    assert_eq!(txn.get(Table(33), b"1")?, None);
                    Ok::<_, StoreError>(())
                })
                .unwrap();
                made.close().unwrap();
                Vault::wipe(dir).unwrap();
            },
        ];
        for attempt in attempts {
            let there = tempfile::tempdir().unwrap();
            for (name, bytes) in &left {
                fs::write(there.path().join(name), bytes).unwrap();
            }
            assert!(!Vault::exists(there.path()), "{step:?}");
            attempt(there.path());
            assert!(!Vault::has_traces(there.path()), "{step:?}");
            assert_eq!(files(there.path()).len(), 1, "{step:?}");
        }
    }
}

/// The first half alone leaves nothing that opens, whoever has the passphrase.
#[test]
fn keys_are_destroyed_while_the_vault_is_open() {
    let (dir, vault) = full_vault();
    Vault::destroy_keys(dir.path()).unwrap();
    let header = &files(dir.path())["vault.hw"];
    assert!(header.iter().all(|byte| *byte == 0));
    drop(vault);
    let opened = Vault::open(dir.path(), &passphrase());
    assert_eq!(opened.unwrap_err(), OpenError::NotFound);
    assert!(!Vault::has_traces(dir.path()));
}

#[test]
fn a_link_in_the_folder_is_removed_and_not_followed() {
    let (dir, vault) = new_vault();
    vault.close().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let target = elsewhere.path().join("somebody's");
    fs::rename(dir.path().join("vault.hw"), &target).unwrap();
    std::os::unix::fs::symlink(&target, dir.path().join("vault.hw")).unwrap();
    let before = fs::read(&target).unwrap();
    Vault::wipe(dir.path()).unwrap();
    assert_eq!(fs::read(&target).unwrap(), before);
    assert!(!Vault::has_traces(dir.path()));
    assert!(matches!(
        Vault::create(dir.path(), &passphrase(), WEAK),
        Ok(_) | Err(CreateError::AlreadyExists)
    ));
}
