//! Creating a vault, stopped dead at each step by the process aborting.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio, abort},
};

use hushwing_protocol::store::{Store, Table};

use super::{WEAK, passphrase};
use crate::{BackupSecret, CreateError, OpenError, Stop, Vault, vault::CreateStep};

const DIR: &str = "HUSHWING_VAULT_TEST_DIR";
const STEP: &str = "HUSHWING_VAULT_TEST_STEP";
/// Which backup the child restores; without it, it makes an empty vault.
const BACKUP: &str = "HUSHWING_VAULT_TEST_BACKUP";

const STEPS: [CreateStep; 5] = [
    CreateStep::Prepared,
    CreateStep::DatabaseBuilt,
    CreateStep::HeaderWritten,
    CreateStep::HeaderCommitted,
    CreateStep::DatabaseCommitted,
];

#[test]
#[ignore = "a child of other tests"]
fn child_aborts_while_creating() {
    let (Some(dir), Ok(last)) = (env::var_os(DIR), env::var(STEP)) else {
        return;
    };
    let stop = |step| {
        if format!("{step:?}") == last {
            abort();
        }
    };
    let dir = Path::new(&dir);
    if let Some(backup) = env::var_os(BACKUP) {
        let no_stop = Stop::default();
        let backup = Path::new(&backup);
        Vault::restore_stepwise(dir, backup, &passphrase(), WEAK, &no_stop, stop).unwrap();
    } else {
        Vault::create_stepwise(dir, &passphrase(), WEAK, stop).unwrap();
    }
}

fn create_and_abort_at(step: CreateStep, dir: &Path) {
    abort_at(step, dir, None);
}

fn abort_at(step: CreateStep, dir: &Path, backup: Option<&Path>) {
    let mut child = Command::new(env::current_exe().unwrap());
    child
        .args(["--ignored", "--exact"])
        .arg("tests::creating::child_aborts_while_creating")
        .env(DIR, dir)
        .env(STEP, format!("{step:?}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if let Some(backup) = backup {
        child.env(BACKUP, backup);
    }
    let ended = child.status().unwrap();
    assert!(!ended.success(), "the child was to abort at {step:?}");
}

fn assert_usable(mut vault: Vault) {
    vault
        .transaction(|txn| txn.put(Table(0), b"key", b"value"))
        .unwrap();
    let read = vault.transaction(|txn| txn.get(Table(0), b"key"));
    assert_eq!(read.unwrap().unwrap(), b"value");
    vault.close().unwrap();
}

#[test]
fn a_crash_at_any_step_leaves_no_vault_or_a_whole_one() {
    for step in STEPS {
        let dir = tempfile::tempdir().unwrap();
        create_and_abort_at(step, dir.path());
        let committed = matches!(
            step,
            CreateStep::HeaderCommitted | CreateStep::DatabaseCommitted
        );
        assert_eq!(Vault::exists(dir.path()), committed, "{step:?}");
        if committed {
            let refused = Vault::create(dir.path(), &passphrase(), WEAK);
            assert_eq!(refused.unwrap_err(), CreateError::AlreadyExists);
            assert_usable(Vault::open(dir.path(), &passphrase()).unwrap());
        } else {
            let missing = Vault::open(dir.path(), &passphrase());
            assert_eq!(missing.unwrap_err(), OpenError::NotFound);
            // Again, crashing at the same place, and then to the end.
            create_and_abort_at(step, dir.path());
            assert_usable(Vault::create(dir.path(), &passphrase(), WEAK).unwrap());
        }
        assert_usable(Vault::open(dir.path(), &passphrase()).unwrap());
        let mut names: Vec<_> = fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        assert_eq!(names, ["vault.db", "vault.hw", "vault.lock"], "{step:?}");
    }
}

/// `[HW-BACKUP-5]` As creating: none, or a whole one that still knows that it is older.
#[test]
fn a_crash_at_any_step_of_a_restore_leaves_no_vault_or_a_whole_one() {
    let (_dir, mut vault) = super::new_vault();
    vault
        .transaction(|txn| txn.put(Table(7), b"from", b"the backup"))
        .unwrap();
    let place = tempfile::tempdir().unwrap();
    let backup = place.path().join("backup");
    let job = vault.begin_backup(&Stop::default()).unwrap();
    let secret = BackupSecret::Account(passphrase());
    job.run(&backup, &secret, 77).unwrap();
    for step in STEPS {
        let dir = tempfile::tempdir().unwrap();
        abort_at(step, dir.path(), Some(&backup));
        let committed = matches!(
            step,
            CreateStep::HeaderCommitted | CreateStep::DatabaseCommitted
        );
        assert_eq!(Vault::exists(dir.path()), committed, "{step:?}");
        let mut vault = if committed {
            Vault::open(dir.path(), &passphrase()).unwrap()
        } else {
            let stop = Stop::default();
            let restored = Vault::restore(dir.path(), &backup, &passphrase(), WEAK, &stop);
            restored.unwrap().0
        };
        assert_eq!(vault.older_state(), Ok(Some(77)), "{step:?}");
        let row = vault.transaction(|txn| txn.get(Table(7), b"from"));
        assert_eq!(row.unwrap().unwrap(), b"the backup");
        assert_usable(vault);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "{step:?}");
    }
}

#[test]
fn a_wrong_passphrase_does_not_finish_an_unfinished_vault() {
    let dir = tempfile::tempdir().unwrap();
    create_and_abort_at(CreateStep::HeaderCommitted, dir.path());
    let wrong = crate::Passphrase::new(zeroize::Zeroizing::new("wrong".to_owned())).unwrap();
    let error = Vault::open(dir.path(), &wrong).unwrap_err();
    assert_eq!(error, OpenError::WrongPassphrase);
    assert!(!dir.path().join("vault.db").exists());
    assert_usable(Vault::open(dir.path(), &passphrase()).unwrap());
}
