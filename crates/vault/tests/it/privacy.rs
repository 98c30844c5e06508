//! What others can see: modes, bytes on the disk, messages.

use std::{os::unix::fs::PermissionsExt, path::PathBuf};

use hushwing_vault::{CreateError, FileError};

use super::*;

const MARKER: &[u8] = b"a marker that no random bytes contain";

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn paths(dir: &Path) -> Vec<PathBuf> {
    files(dir).into_keys().map(|name| dir.join(name)).collect()
}

/// Claim S1.
#[test]
fn folder_and_files_are_private_while_open_and_when_closed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("vault");
    let mut vault = create(&dir);
    put(&mut vault, b"key", b"value");
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(paths(&dir).len(), 4, "header, database, log, lock");
    for path in paths(&dir) {
        assert_eq!(mode(&path), 0o600, "{path:?}");
    }
    vault.close().unwrap();
    for path in paths(&dir) {
        assert_eq!(mode(&path), 0o600, "{path:?}");
    }
}

#[test]
fn a_readable_folder_and_readable_files_are_closed_on_opening() {
    let dir = folder_of(&files_with_a_log(2));
    set_mode(dir.path(), 0o755);
    for path in paths(dir.path()) {
        set_mode(&path, 0o644);
    }
    let wrong = Vault::open(dir.path(), &passphrase("wrong"));
    assert_eq!(wrong.unwrap_err(), OpenError::WrongPassphrase);
    assert_eq!(
        mode(dir.path()),
        0o755,
        "a wrong passphrase changes nothing"
    );

    let _vault = open(dir.path()).unwrap();
    assert_eq!(mode(dir.path()), 0o700);
    for path in paths(dir.path()) {
        assert_eq!(mode(&path), 0o600, "{path:?}");
    }
}

#[test]
fn a_folder_that_others_may_change_is_refused_and_left_alone() {
    for open_mode in [0o770, 0o707, 0o777] {
        let dir = tempfile::tempdir().unwrap();
        set_mode(dir.path(), open_mode);
        let error = Vault::create(dir.path(), &right(), WEAK).unwrap_err();
        assert_eq!(error, CreateError::Files(FileError::WritableByOthers));
        assert!(files(dir.path()).is_empty());
        assert_eq!(mode(dir.path()), open_mode);
    }
    let (dir, vault) = new_vault();
    drop(vault);
    set_mode(dir.path(), 0o777);
    let error = open(dir.path()).unwrap_err();
    assert_eq!(error, OpenError::Files(FileError::WritableByOthers));
}

/// Claims C1 and S1.
#[test]
fn no_file_holds_a_row_or_the_passphrase_in_the_clear() {
    let contains = |haystack: &[u8], needle: &[u8]| {
        haystack
            .windows(needle.len())
            .any(|window| window == needle)
    };
    let dir = tempfile::tempdir().unwrap();
    let secret = format!("{}!", String::from_utf8(MARKER.to_vec()).unwrap());
    let mut vault = Vault::create(dir.path(), &passphrase(&secret), WEAK).unwrap();
    for row in 0..200u8 {
        let key = [MARKER, &[row]].concat();
        let value = MARKER.repeat(1 + usize::from(row) * 3);
        put(&mut vault, &key, &value);
    }
    let search = |when: &str| {
        for (name, content) in files(dir.path()) {
            assert!(!contains(&content, MARKER), "{name}, {when}");
            assert!(!contains(&content, b"SQLite format"), "{name}, {when}");
            assert!(!contains(&content, b"rows_40"), "{name}, {when}");
        }
    };
    search("open, with a log");
    vault.checkpoint().unwrap();
    search("open, log emptied");
    vault.close().unwrap();
    search("closed");
}

#[test]
fn errors_name_no_path_and_no_database() {
    let (dir, vault) = new_vault();
    drop(vault);
    let mut shown = vec![
        Vault::open(dir.path(), &passphrase("wrong"))
            .unwrap_err()
            .to_string(),
        Vault::create(dir.path(), &right(), WEAK)
            .unwrap_err()
            .to_string(),
    ];
    fs::write(dir.path().join("vault.db"), vec![7; 8192]).unwrap();
    shown.push(open(dir.path()).unwrap_err().to_string());
    fs::remove_file(dir.path().join("vault.db")).unwrap();
    shown.push(open(dir.path()).unwrap_err().to_string());
    fs::create_dir(dir.path().join("vault.db")).unwrap();
    shown.push(open(dir.path()).unwrap_err().to_string());
    for text in shown {
        for leak in ["sql", "SQL", "/", "Error", "{", "not a database", "hmac"] {
            assert!(!text.contains(leak), "{text}");
        }
    }
}

#[test]
fn an_open_vault_prints_nothing_about_itself() {
    let (dir, vault) = new_vault();
    let debug = format!("{vault:?} {:?}", right());
    assert_eq!(debug, "Vault(..) Passphrase(..)");
    drop(dir);
}
