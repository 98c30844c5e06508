//! Changing the passphrase: stopped dead at each step, lied to by the disk, and beside
//! everything else that reads the header.

use std::{
    env, fs,
    io::Read as _,
    path::Path,
    process::{Command, Stdio, abort},
};

use hushwing_protocol::store::{Store, Table};
use zeroize::Zeroizing;

use super::{WEAK, new_vault, passphrase};
use crate::{
    BackupSecret, ChangeError, KdfCost, KdfParams, OldHeader, OpenError, Passphrase, Stop, Vault,
    change::ChangeStep, check_backup, header, keys::VaultKey,
};

const FIXED: KdfCost = KdfCost::Fixed(WEAK);

const DIR: &str = "HUSHWING_VAULT_TEST_DIR";
const STEP: &str = "HUSHWING_VAULT_TEST_STEP";

const STEPS: [ChangeStep; 6] = [
    ChangeStep::Opened,
    ChangeStep::Written,
    ChangeStep::Proved,
    ChangeStep::Renamed,
    ChangeStep::Durable,
    ChangeStep::Overwritten,
];

fn other() -> Passphrase {
    Passphrase::new(Zeroizing::new("the one from now on".to_owned())).unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Which of the two passphrases open the vault: the first one, the other one.
fn opens(dir: &Path) -> (bool, bool) {
    let one = |passphrase: &Passphrase| match Vault::open(dir, passphrase) {
        Ok(mut vault) => {
            let row = vault.transaction(|txn| txn.get(Table(7), b"key")).unwrap();
            assert_eq!(row.unwrap(), b"value");
            vault.close().unwrap();
            true
        }
        Err(OpenError::WrongPassphrase) => false,
        Err(error) => panic!("{error}"),
    };
    (one(&passphrase()), one(&other()))
}

fn vault_with_a_row() -> (tempfile::TempDir, Vault) {
    let (dir, mut vault) = new_vault();
    vault
        .transaction(|txn| txn.put(Table(7), b"key", b"value"))
        .unwrap();
    (dir, vault)
}

/// Claim S1.
#[test]
fn the_new_passphrase_opens_and_the_old_one_does_not() {
    let (dir, mut vault) = vault_with_a_row();
    let changed = vault.change_passphrase(&passphrase(), &other(), FIXED);
    assert_eq!(changed, Ok(OldHeader::Overwritten));
    vault
        .transaction(|txn| txn.put(Table(7), b"after", b"it goes on"))
        .unwrap();
    vault.close().unwrap();
    assert_eq!(opens(dir.path()), (false, true));
    // And back.
    let mut vault = Vault::open(dir.path(), &other()).unwrap();
    vault
        .change_passphrase(&other(), &passphrase(), FIXED)
        .unwrap();
    drop(vault);
    assert_eq!(opens(dir.path()), (true, false));
    assert_eq!(names(dir.path()), ["vault.db", "vault.hw", "vault.lock"]);
}

#[test]
fn what_is_wrong_is_told_and_changes_nothing() {
    let (dir, mut vault) = vault_with_a_row();
    let before = fs::read(dir.path().join("vault.hw")).unwrap();
    let wrong = vault.change_passphrase(&other(), &passphrase(), FIXED);
    assert_eq!(wrong, Err(ChangeError::WrongPassphrase));
    let same = vault.change_passphrase(&passphrase(), &passphrase(), FIXED);
    assert_eq!(same, Err(ChangeError::Same));
    assert_eq!(fs::read(dir.path().join("vault.hw")).unwrap(), before);
    // The header of somebody else's vault, or of an older one, put in the place of ours.
    let foreign = VaultKey::generate().unwrap();
    let foreign = header::seal(&passphrase(), WEAK, &foreign).unwrap();
    fs::write(dir.path().join("vault.hw"), foreign).unwrap();
    let refused = vault.change_passphrase(&passphrase(), &other(), FIXED);
    assert!(matches!(refused, Err(ChangeError::Damaged(_))));
    fs::write(dir.path().join("vault.hw"), before).unwrap();
    drop(vault);
    assert_eq!(opens(dir.path()), (true, false));
}

#[test]
fn what_protects_is_never_changed_for_what_does_not() {
    let (_dir, mut vault) = new_vault();
    vault.set_params(KdfParams::FLOOR);
    let refused = vault.change_passphrase(&passphrase(), &other(), FIXED);
    assert_eq!(refused, Err(ChangeError::Weaker));
}

/// Where the present derivation takes no time, another one is looked for, and found anew
/// each time that the machine is another one. `[HW-VAULT-23]`
#[test]
fn a_change_takes_what_this_machine_can_bear() {
    let (dir, mut vault) = vault_with_a_row();
    vault
        .change_passphrase(&passphrase(), &other(), KdfCost::Calibrated)
        .unwrap();
    let found = vault.params();
    assert!(found.is_sound());
    assert!(found.memory_kib() >= KdfParams::FLOOR.memory_kib());
    assert!(found.passes() >= KdfParams::FLOOR.passes());
    assert!(!vault.is_dangerously_weak());
    drop(vault);
    assert_eq!(opens(dir.path()), (false, true));
    let vault = Vault::open(dir.path(), &other()).unwrap();
    assert_eq!(vault.params(), found);
}

/// The disk, or somebody, changes what was written before it is the header. Claim S1.
#[test]
fn a_header_that_does_not_open_when_it_is_read_again_is_never_put_in_place() {
    type Damage = fn(&Path);
    let flip: Damage = |file| {
        let mut bytes = fs::read(file).unwrap();
        bytes[60] ^= 1;
        fs::write(file, bytes).unwrap();
    };
    let cut: Damage = |file| fs::write(file, &fs::read(file).unwrap()[..100]).unwrap();
    let empty: Damage = |file| fs::write(file, b"").unwrap();
    // It opens with the new passphrase and gives the key of nothing.
    let foreign: Damage = |file| {
        let key = VaultKey::generate().unwrap();
        fs::write(file, header::seal(&other(), WEAK, &key).unwrap()).unwrap();
    };
    // What was there before.
    let old: Damage = |file| {
        fs::copy(file.with_file_name("vault.hw"), file).unwrap();
    };
    for damage in [flip, cut, empty, foreign, old] {
        let (dir, mut vault) = vault_with_a_row();
        let new_header = dir.path().join("vault.hw.new");
        let changed = vault.change_stepwise(&passphrase(), &other(), FIXED, |step| {
            if step == ChangeStep::Written {
                damage(&new_header);
            }
        });
        assert_eq!(changed, Err(ChangeError::NotProved));
        assert!(!new_header.exists(), "what was not taken is gone");
        drop(vault);
        assert_eq!(opens(dir.path()), (true, false));
    }
}

/// What lies in the blocks of the old header, by a descriptor that was opened before.
/// `[HW-VAULT-21]` Claim S1.
#[test]
fn the_blocks_of_the_old_header_are_overwritten() {
    let (dir, mut vault) = vault_with_a_row();
    let mut held = fs::File::open(dir.path().join("vault.hw")).unwrap();
    let old = fs::read(dir.path().join("vault.hw")).unwrap();
    vault
        .change_passphrase(&passphrase(), &other(), FIXED)
        .unwrap();
    let mut blocks = Vec::new();
    held.read_to_end(&mut blocks).unwrap();
    assert_eq!(blocks, vec![0; old.len()]);
}

#[test]
fn a_header_that_has_another_name_is_left_alone_and_that_is_told() {
    let (dir, mut vault) = vault_with_a_row();
    let kept = dir.path().join("kept by its owner");
    fs::hard_link(dir.path().join("vault.hw"), &kept).unwrap();
    let before = fs::read(&kept).unwrap();
    let changed = vault.change_passphrase(&passphrase(), &other(), FIXED);
    assert_eq!(changed, Ok(OldHeader::Left));
    assert_eq!(fs::read(&kept).unwrap(), before);
    drop(vault);
    assert_eq!(opens(dir.path()), (false, true));
}

/// What a crash left is overwritten before it is removed, unless its blocks may be those of
/// the header: then overwriting would cost the account.
#[test]
fn what_a_crash_left_is_overwritten_but_never_the_header_itself() {
    let (dir, vault) = vault_with_a_row();
    vault.close().unwrap();
    let (header, left) = (dir.path().join("vault.hw"), dir.path().join("vault.hw.new"));
    let sealed = |bytes: &[u8]| {
        fs::write(&left, bytes).unwrap();
        fs::File::open(&left).unwrap()
    };
    let mut held = sealed(b"a header that opens with what was not taken");
    assert_eq!(opens(dir.path()), (true, false));
    let mut blocks = Vec::new();
    held.read_to_end(&mut blocks).unwrap();
    assert_eq!(blocks, vec![0; 43]);
    // The same file by two names, and the same content, as a file system has it that knows
    // no counts of names.
    fs::hard_link(&header, &left).unwrap();
    assert_eq!(opens(dir.path()), (true, false));
    assert!(!left.exists());
    let content = fs::read(&header).unwrap();
    let mut held = sealed(&content);
    assert_eq!(opens(dir.path()), (true, false));
    let mut blocks = Vec::new();
    held.read_to_end(&mut blocks).unwrap();
    assert_eq!(blocks, content);
    assert!(!left.exists());
}

#[test]
#[ignore = "a child of another test"]
fn child_aborts_while_changing() {
    let (Some(dir), Ok(last)) = (env::var_os(DIR), env::var(STEP)) else {
        return;
    };
    let stop = |step| {
        if format!("{step:?}") == last {
            abort();
        }
    };
    let mut vault = Vault::open(Path::new(&dir), &passphrase()).unwrap();
    vault
        .change_stepwise(&passphrase(), &other(), FIXED, stop)
        .unwrap();
}

/// `[HW-VAULT-20]` Claim S1.
#[test]
fn a_crash_at_any_step_of_a_change_leaves_exactly_one_passphrase_that_opens() {
    for step in STEPS {
        let (dir, vault) = vault_with_a_row();
        vault.close().unwrap();
        let ended = Command::new(env::current_exe().unwrap())
            .args(["--ignored", "--exact"])
            .arg("tests::changing::child_aborts_while_changing")
            .env(DIR, dir.path())
            .env(STEP, format!("{step:?}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(!ended.success(), "the child was to abort at {step:?}");
        let is_new = matches!(
            step,
            ChangeStep::Renamed | ChangeStep::Durable | ChangeStep::Overwritten
        );
        assert_eq!(opens(dir.path()), (!is_new, is_new), "{step:?}");
        let left = names(dir.path());
        assert_eq!(left, ["vault.db", "vault.hw", "vault.lock"], "{step:?}");
        let (from, to) = match is_new {
            true => (other(), passphrase()),
            false => (passphrase(), other()),
        };
        let mut vault = Vault::open(dir.path(), &from).unwrap();
        vault.change_passphrase(&from, &to, FIXED).unwrap();
        drop(vault);
        assert_eq!(opens(dir.path()), (is_new, !is_new), "{step:?}");
    }
}

/// Nothing waits for anything: each reads the header that it began with.
#[test]
fn backups_and_snapshots_that_run_meanwhile_stay_whole() {
    let (dir, mut vault) = vault_with_a_row();
    let place = tempfile::tempdir().unwrap();
    let backup = place.path().join("backup");
    let job = vault.begin_backup(&Stop::default()).unwrap();
    vault
        .change_passphrase(&passphrase(), &other(), FIXED)
        .unwrap();
    job.run(&backup, &BackupSecret::Account(passphrase()), 77)
        .unwrap();
    let scratch = place.path().join("scratch");
    let check = |with: &Passphrase| check_backup(&backup, with, &scratch, &Stop::default());
    assert!(check(&passphrase()).is_ok());
    assert!(check(&other()).is_err());
    // The next one is the new passphrase's.
    let next = place.path().join("next");
    let job = vault.begin_backup(&Stop::default()).unwrap();
    assert!(
        job.run(&next, &BackupSecret::Account(passphrase()), 78)
            .is_err()
    );
    let job = vault.begin_backup(&Stop::default()).unwrap();
    job.run(&next, &BackupSecret::Account(other()), 78).unwrap();
    // A snapshot of before serves after it.
    let job = vault.begin_snapshot(&[], &Stop::default()).unwrap();
    vault
        .change_passphrase(&other(), &passphrase(), FIXED)
        .unwrap();
    job.run(79).unwrap();
    vault.close().unwrap();
    let file = dir.path().join("vault.db");
    let mut bytes = fs::read(&file).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    fs::write(&file, bytes).unwrap();
    let (mut vault, _) = Vault::salvage(dir.path(), &passphrase(), 80, &Stop::default()).unwrap();
    let row = vault.transaction(|txn| txn.get(Table(7), b"key")).unwrap();
    assert_eq!(row.unwrap(), b"value");
}
