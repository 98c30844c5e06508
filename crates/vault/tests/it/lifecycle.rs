//! Creating, opening, closing, and who may do it when.

use hushwing_vault::{CreateError, FileError, PassphraseError};

use super::*;

#[test]
fn rows_survive_closing_and_opening() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("not").join("yet").join("there");
    assert!(!Vault::exists(&dir));
    let mut vault = create(&dir);
    assert!(Vault::exists(&dir));
    put(&mut vault, b"key", b"value");
    vault.close().unwrap();
    for _ in 0..3 {
        let mut vault = open(&dir).unwrap();
        assert_eq!(get(&mut vault, b"key").unwrap(), b"value");
        assert!(vault.is_dangerously_weak());
    }
}

#[test]
fn closing_leaves_header_database_and_lock_and_nothing_else() {
    let (dir, mut vault) = new_vault();
    put(&mut vault, b"key", b"value");
    vault.close().unwrap();
    let names: Vec<_> = files(dir.path()).into_keys().collect();
    assert_eq!(names, ["vault.db", "vault.hw", "vault.lock"]);
}

#[test]
fn a_place_without_a_vault_is_told_as_such_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(open(dir.path()).unwrap_err(), OpenError::NotFound);
    assert!(files(dir.path()).is_empty());
    let missing = dir.path().join("missing");
    assert_eq!(open(&missing).unwrap_err(), OpenError::NotFound);
    assert!(!missing.exists());
}

#[test]
fn a_second_opener_gets_in_use_until_the_first_closes() {
    let (dir, vault) = new_vault();
    assert_eq!(open(dir.path()).unwrap_err(), OpenError::InUse);
    vault.close().unwrap();
    open(dir.path()).unwrap();
}

#[test]
fn a_vault_is_never_made_over_another() {
    let (dir, mut vault) = new_vault();
    put(&mut vault, b"key", b"value");
    let refused = Vault::create(dir.path(), &right(), WEAK).unwrap_err();
    assert_eq!(refused, CreateError::AlreadyExists);
    vault.close().unwrap();
    let before = files(dir.path());
    let refused = Vault::create(dir.path(), &passphrase("other"), WEAK).unwrap_err();
    assert_eq!(refused, CreateError::AlreadyExists);
    assert_eq!(files(dir.path()), before);
}

/// Claim S1.
#[test]
fn a_database_that_lost_its_header_is_never_made_over() {
    let (dir, mut vault) = new_vault();
    put(&mut vault, b"key", b"value");
    vault.close().unwrap();
    let header = fs::read(dir.path().join("vault.hw")).unwrap();
    fs::remove_file(dir.path().join("vault.hw")).unwrap();
    let before = files(dir.path());
    let refused = Vault::create(dir.path(), &right(), WEAK).unwrap_err();
    assert_eq!(refused, CreateError::HeaderMissing);
    assert_eq!(files(dir.path()), before);
    fs::write(dir.path().join("vault.hw"), header).unwrap();
    assert!(get(&mut open(dir.path()).unwrap(), b"key").is_some());
}

/// Claim S1.
#[test]
fn a_wrong_passphrase_changes_no_byte_even_with_a_log_waiting() {
    let dir = folder_of(&files_with_a_log(3));
    let before = files(dir.path());
    for wrong in ["the right passphrasE", " ", "the right passphrase "] {
        let error = Vault::open(dir.path(), &passphrase(wrong)).unwrap_err();
        assert_eq!(error, OpenError::WrongPassphrase);
        assert_eq!(files(dir.path()), before);
    }
    assert_eq!(all_rows(&mut open(dir.path()).unwrap()).unwrap().len(), 3);
}

#[test]
fn the_same_passphrase_typed_on_another_keyboard_opens() {
    let dir = tempfile::tempdir().unwrap();
    Vault::create(dir.path(), &passphrase("caf\u{e9}"), WEAK).unwrap();
    assert!(Vault::open(dir.path(), &passphrase("cafe\u{301}")).is_ok());
    let empty = Passphrase::new(Zeroizing::new(String::new()));
    assert_eq!(empty.unwrap_err(), PassphraseError::Empty);
}

#[test]
fn sound_parameters_are_kept_and_open_again() {
    let dir = tempfile::tempdir().unwrap();
    Vault::create(dir.path(), &right(), KdfParams::FLOOR).unwrap();
    let vault = open(dir.path()).unwrap();
    assert!(!vault.is_dangerously_weak());
}

#[test]
fn a_file_where_the_folder_should_be_is_told_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = Vault::create(&file, &right(), WEAK).unwrap_err();
    assert_eq!(error, CreateError::Files(FileError::NotAFolder));
}

#[test]
fn a_folder_whose_name_looks_like_a_uri_is_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let odd = dir.path().join("file:vault?mode=memory&x=%2e#y");
    let mut vault = create(&odd);
    put(&mut vault, b"key", b"value");
    vault.close().unwrap();
    assert!(files(&odd).contains_key("vault.db"));
    assert_eq!(get(&mut open(&odd).unwrap(), b"key").unwrap(), b"value");
}
