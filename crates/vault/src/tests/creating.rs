//! Creating a vault, stopped dead at each step by the process aborting.

use std::{
    env, fs,
    path::Path,
    process::{Command, Stdio, abort},
};

use hushwing_protocol::store::{Store, Table};

use super::{WEAK, passphrase};
use crate::{CreateError, OpenError, Vault, vault::CreateStep};

const DIR: &str = "HUSHWING_VAULT_TEST_DIR";
const STEP: &str = "HUSHWING_VAULT_TEST_STEP";

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
    Vault::create_stepwise(Path::new(&dir), &passphrase(), WEAK, stop).unwrap();
}

fn create_and_abort_at(step: CreateStep, dir: &Path) {
    let ended = Command::new(env::current_exe().unwrap())
        .args(["--ignored", "--exact"])
        .arg("tests::creating::child_aborts_while_creating")
        .env(DIR, dir)
        .env(STEP, format!("{step:?}"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
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
