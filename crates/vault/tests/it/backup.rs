//! Backups of a vault that is in use, and what becomes of them.

use std::path::PathBuf;

use hushwing_vault::{
    BackupContents, BackupError, BackupSecret, CreateError, RestoreError, Stop, check_backup,
};

use super::*;

const MADE_AT_MS: u64 = 1_800_000_000_000;

fn account() -> BackupSecret {
    BackupSecret::Account(right())
}

/// A vault with many rows, some of them in the log alone.
fn used_vault(rows: u8) -> (TempDir, Vault) {
    let (dir, mut vault) = new_vault();
    for row in 0..rows {
        put(&mut vault, &[row], &vec![row; 3_000]);
    }
    (dir, vault)
}

fn backed_up(vault: &mut Vault) -> (TempDir, PathBuf, BackupContents) {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("my backup");
    let job = vault.begin_backup(&Stop::default()).unwrap();
    let contents = job.run(&file, &account(), MADE_AT_MS).unwrap();
    (place, file, contents)
}

fn restore(dir: &Path, file: &Path) -> Result<Vault, RestoreError> {
    Vault::restore(dir, file, &right(), WEAK, &Stop::default()).map(|(vault, _)| vault)
}

fn check(file: &Path, passphrase: &Passphrase) -> Result<BackupContents, BackupError> {
    let dir = tempfile::tempdir().unwrap();
    let checked = check_backup(file, passphrase, dir.path(), &Stop::default());
    assert!(files(dir.path()).is_empty(), "a check leaves nothing");
    checked
}

/// `[HW-BACKUP-3]` The trap: what only the log holds is in the backup too.
#[test]
fn a_backup_holds_what_was_committed_last_and_nothing_later() {
    let (dir, mut vault) = used_vault(40);
    let log = fs::metadata(dir.path().join("vault.db-wal")).unwrap().len();
    assert!(log > 4096, "the log is in use: {log}");
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("backup");
    let job = vault.begin_backup(&Stop::default()).unwrap();
    for row in 0..200 {
        put(&mut vault, &[row], b"after it had begun");
    }
    let contents = job.run(&file, &account(), MADE_AT_MS).unwrap();
    assert_eq!(contents.rows_of(TABLE), 40);
    assert_eq!(contents.made_at_ms, MADE_AT_MS);
    assert_eq!(contents.len, fs::metadata(&file).unwrap().len());
    assert_eq!(all_rows(&mut vault).unwrap().len(), 200);
    let elsewhere = tempfile::tempdir().unwrap();
    let mut restored = restore(elsewhere.path(), &file).unwrap();
    let rows = all_rows(&mut restored).unwrap();
    assert_eq!(rows.len(), 40);
    for (row, (key, value)) in (0..40).zip(rows) {
        assert_eq!((key, value), (vec![row], vec![row; 3_000]));
    }
}

/// `[HW-BACKUP-3]` Commits go on in the log for as long as the copy takes, and the log is
/// emptied again afterwards.
#[test]
fn a_vault_in_use_is_held_only_as_long_as_it_is_copied() {
    let (dir, mut vault) = used_vault(4);
    let before = fs::read(dir.path().join("vault.db")).unwrap();
    let job = vault.begin_backup(&Stop::default()).unwrap();
    assert!(vault.is_held());
    let busy = vault.begin_backup(&Stop::default()).map(drop);
    assert_eq!(busy.unwrap_err(), BackupError::Busy);
    assert!(vault.checkpoint().is_err());
    // More than the log may otherwise have before it is moved into the database.
    for row in 0..60 {
        put(&mut vault, &[row], &vec![row; 100_000]);
    }
    let during = fs::read(dir.path().join("vault.db")).unwrap();
    let log = || fs::metadata(dir.path().join("vault.db-wal")).unwrap().len();
    assert!(log() > 5_000_000);
    // The checkpoint with which it began is in it.
    assert_eq!(during.len().min(before.len()), before.len());
    let place = tempfile::tempdir().unwrap();
    job.run(&place.path().join("backup"), &account(), MADE_AT_MS)
        .unwrap();
    assert_eq!(
        fs::read(dir.path().join("vault.db")).unwrap(),
        during,
        "the database was written to while it was copied"
    );
    assert!(!vault.is_held());
    put(&mut vault, b"and on", b"it goes");
    put(&mut vault, b"and on", b"and on");
    vault.checkpoint().unwrap();
    assert_eq!(log(), 0);
    assert_eq!(files(dir.path()).len(), 4, "no copy is left");
}

/// Claim S1.
#[test]
fn a_restored_vault_opens_with_the_passphrase_of_the_backup_and_has_other_keys() {
    let (dir, mut vault) = used_vault(8);
    let (_place, file, _) = backed_up(&mut vault);
    vault.close().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let home = elsewhere.path().join("new").join("home");
    restore(&home, &file).unwrap().close().unwrap();
    let mut again = open(&home).unwrap();
    assert_eq!(all_rows(&mut again).unwrap().len(), 8);
    again.close().unwrap();
    // Whoever learns the keys of one has not those of the other.
    let mut crossed = files(&home);
    crossed.insert(
        "vault.hw".to_owned(),
        fs::read(dir.path().join("vault.hw")).unwrap(),
    );
    assert!(open(folder_of(&crossed).path()).is_err());
}

/// `[HW-BACKUP-5]` Until it was dealt with, each opening finds an older state.
#[test]
fn a_restored_vault_knows_that_it_is_an_older_one_until_that_was_dealt_with() {
    let (_dir, mut vault) = used_vault(2);
    assert_eq!(vault.older_state(), Ok(None));
    let (_place, file, _) = backed_up(&mut vault);
    let elsewhere = tempfile::tempdir().unwrap();
    let restored = restore(elsewhere.path(), &file).unwrap();
    assert_eq!(restored.older_state(), Ok(Some(MADE_AT_MS)));
    drop(restored);
    let mut restored = open(elsewhere.path()).unwrap();
    assert_eq!(restored.older_state(), Ok(Some(MADE_AT_MS)));
    let failed: Result<(), StoreError> = restored.transaction(|txn| {
        txn.older_state_is_dealt_with()?;
        Err(StoreError::Damaged("it fails afterwards"))
    });
    assert!(failed.is_err());
    assert_eq!(restored.older_state(), Ok(Some(MADE_AT_MS)));
    restored
        .transaction(|txn| {
            txn.older_state_is_dealt_with()?;
            Ok::<_, StoreError>(())
        })
        .unwrap();
    assert_eq!(restored.older_state(), Ok(None));
    drop(restored);
    assert_eq!(open(elsewhere.path()).unwrap().older_state(), Ok(None));
}

#[test]
fn a_slip_in_the_accounts_passphrase_makes_no_backup_and_another_one_is_taken_on_purpose() {
    let (_dir, mut vault) = used_vault(2);
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("backup");
    let slip = BackupSecret::Account(passphrase("the right passphrasee"));
    let job = vault.begin_backup(&Stop::default()).unwrap();
    assert_eq!(
        job.run(&file, &slip, MADE_AT_MS).unwrap_err(),
        BackupError::WrongPassphrase
    );
    assert!(files(place.path()).is_empty());
    let other = BackupSecret::Other(passphrase("for the backup alone"));
    let job = vault.begin_backup(&Stop::default()).unwrap();
    job.run(&file, &other, MADE_AT_MS).unwrap();
    assert_eq!(
        check(&file, &right()).unwrap_err(),
        BackupError::WrongPassphrase
    );
    let contents = check(&file, &passphrase("for the backup alone")).unwrap();
    assert_eq!(contents.rows_of(TABLE), 2);
}

#[test]
fn nothing_that_is_there_is_overwritten_by_a_backup_or_by_a_restore() {
    let (_dir, mut vault) = used_vault(2);
    let (place, file, _) = backed_up(&mut vault);
    let before = files(place.path());
    let job = vault.begin_backup(&Stop::default()).unwrap();
    assert_eq!(
        job.run(&file, &account(), MADE_AT_MS).unwrap_err(),
        BackupError::Exists
    );
    assert_eq!(files(place.path()), before);
    let (other, mut there) = new_vault();
    put(&mut there, b"of", b"another");
    there.close().unwrap();
    let before = files(other.path());
    assert_eq!(
        restore(other.path(), &file).unwrap_err(),
        RestoreError::Create(CreateError::AlreadyExists)
    );
    assert_eq!(files(other.path()), before);
}

/// Claim S1.
#[cfg(unix)]
#[test]
fn a_backup_is_its_owners_alone_and_holds_no_mark() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_dir, mut vault) = new_vault();
    put(&mut vault, b"MARK-OF-A-KEY", &b"MARK-OF-A-TEXT".repeat(600));
    let (place, file, _) = backed_up(&mut vault);
    assert_eq!(files(place.path()).len(), 1, "nothing else is left");
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let bytes = fs::read(&file).unwrap();
    for mark in [&b"MARK-OF-A"[..], b"the right passphrase", b"SQLite format"] {
        assert!(!bytes.windows(mark.len()).any(|window| window == mark));
    }
}

/// `[HW-BACKUP-5]` Claim I1.
#[test]
fn a_damaged_backup_restores_nothing_and_leaves_no_vault() {
    let (_dir, mut vault) = used_vault(60);
    let (place, file, _) = backed_up(&mut vault);
    let good = fs::read(&file).unwrap();
    let bad_file = place.path().join("bad");
    for at in (0..good.len()).step_by(good.len() / 23) {
        let mut bad = good.clone();
        bad[at] ^= 4;
        fs::write(&bad_file, &bad).unwrap();
        assert!(check(&bad_file, &right()).is_err(), "byte {at}");
        fs::write(&bad_file, &good[..at]).unwrap();
        assert!(check(&bad_file, &right()).is_err(), "cut at {at}");
        let elsewhere = tempfile::tempdir().unwrap();
        assert!(restore(elsewhere.path(), &bad_file).is_err(), "cut at {at}");
        assert!(!Vault::exists(elsewhere.path()));
        let left: Vec<_> = files(elsewhere.path()).into_keys().collect();
        assert_eq!(left, ["vault.lock"]);
        // And the good one still goes there.
        assert!(restore(elsewhere.path(), &file).is_ok());
    }
    let missing = place.path().join("missing");
    assert_eq!(
        check(&missing, &right()).unwrap_err(),
        BackupError::NotFound
    );
}

#[test]
fn a_backup_that_is_stopped_leaves_nothing_and_the_vault_goes_on() {
    let (dir, mut vault) = used_vault(8);
    let place = tempfile::tempdir().unwrap();
    let stop = Stop::default();
    let job = vault.begin_backup(&stop).unwrap();
    stop.ask();
    let stopped = job.run(&place.path().join("backup"), &account(), MADE_AT_MS);
    assert_eq!(stopped.unwrap_err(), BackupError::Stopped);
    assert!(files(place.path()).is_empty());
    put(&mut vault, b"it", b"goes on");
    vault.close().unwrap();
    assert_eq!(files(dir.path()).len(), 3);
}
