//! A page of the database is damaged: found, named, and survived.

use hushwing_vault::{BackupError, Damage, MAX_SNAPSHOTS, SalvageError, Stop};

use super::*;

const PAGE: usize = 4096;
/// Left out of snapshots.
const KEYS: Table = Table(2);
const NOW_MS: u64 = 1_800_000_000_000;

type Content = BTreeMap<(u8, Vec<u8>), Vec<u8>>;

/// A vault with pages of each kind: leaves and inner pages of tables and indices, overflow
/// pages, free ones.
fn many_pages() -> (TempDir, Vault) {
    let (dir, mut vault) = new_vault();
    vault
        .transaction(|txn| {
            for row in 0..600_u32 {
                let key = [&row.to_be_bytes()[..], &[7; 40]].concat();
                txn.put(TABLE, &key, &row.to_be_bytes().repeat(20))?;
            }
            for row in 0..12_u32 {
                txn.put(KEYS, &row.to_be_bytes(), &row.to_be_bytes().repeat(3_000))?;
            }
            for row in 0..8_u32 {
                txn.put(Table(50), &row.to_be_bytes(), &[5; 9_000])?;
            }
            Ok::<_, StoreError>(())
        })
        .unwrap();
    vault
        .transaction(|txn| (0..8_u32).try_for_each(|row| txn.delete(Table(50), &row.to_be_bytes())))
        .unwrap();
    (dir, vault)
}

fn content(vault: &mut Vault) -> Result<Content, StoreError> {
    vault.transaction(|txn| {
        let mut all = Content::new();
        for table in [TABLE, KEYS, Table(50)] {
            for (key, value) in txn.scan(table, &[], None, Order::Ascending, usize::MAX)? {
                all.insert((table.0, key), value);
            }
        }
        Ok(all)
    })
}

fn snapshot(vault: &mut Vault, at_ms: u64) {
    let job = vault.begin_snapshot(&[KEYS], &Stop::default()).unwrap();
    job.run(at_ms).unwrap();
}

fn salvage(dir: &Path) -> Result<(Vault, Damage), SalvageError> {
    Vault::salvage(dir, &right(), NOW_MS, &Stop::default())
}

fn check(vault: &mut Vault) -> Result<Damage, BackupError> {
    vault.begin_check(&Stop::default()).unwrap().run()
}

/// `[HW-VAULT-40]` `[HW-VAULT-43]` Claim I1.
#[test]
fn a_flipped_bit_in_any_page_is_named_and_salvaged_and_nothing_reads_wrong() {
    let (dir, mut vault) = many_pages();
    snapshot(&mut vault, NOW_MS);
    let whole = content(&mut vault).unwrap();
    assert!(check(&mut vault).unwrap().is_none());
    vault.close().unwrap();
    let good = files(dir.path());
    let pages = good["vault.db"].len() / PAGE;
    assert!(pages > 60, "{pages}");
    let (mut with_loss, mut without_loss) = (0, 0);
    for page in 1..=pages {
        let mut bad = good.clone();
        bad.get_mut("vault.db").unwrap()[(page - 1) * PAGE + 1_000] ^= 8;
        let there = folder_of(&bad);
        // However it is opened, no row reads wrong.
        if let Ok(mut vault) = open(there.path()) {
            let found = check(&mut vault).unwrap();
            assert_eq!(found.damaged_pages, [page as u64], "page {page}");
            if let Ok(read) = content(&mut vault) {
                assert!(read == whole, "page {page}");
            }
        }
        let (mut vault, damage) = salvage(there.path()).unwrap();
        assert_eq!(damage.damaged_pages, [page as u64]);
        let read = content(&mut vault).unwrap();
        let mut lost = whole.clone();
        for (key, value) in &read {
            assert!(lost.remove(key).as_ref() == Some(value), "page {page}");
        }
        // The snapshot has all but the keys.
        assert!(
            lost.keys().all(|(table, _)| *table == KEYS.0),
            "page {page}"
        );
        let told: u64 = damage.tables.values().map(|table| table.lost).sum();
        if damage.tables.values().any(|table| table.is_uncertain) {
            assert!(told <= lost.len() as u64);
        } else if page > 1 {
            assert_eq!(told, lost.len() as u64, "page {page}: {damage:?}");
        }
        if lost.is_empty() {
            without_loss += 1;
        } else {
            with_loss += 1;
        }
        assert_eq!(vault.older_state(), Ok(Some(NOW_MS)));
        assert!(check(&mut vault).unwrap().is_none());
        assert!(files(there.path())["vault.damaged-1"] == bad["vault.db"]);
        // The database, and its log where the vault was open before.
        assert!(matches!(vault.damaged_files(), Ok(1 | 2)), "page {page}");
        vault.remove_damaged().unwrap();
        assert_eq!(vault.damaged_files(), Ok(0));
        vault.close().unwrap();
        assert!(content(&mut open(there.path()).unwrap()).unwrap() == read);
    }
    assert!(
        with_loss > 5 && without_loss > 20,
        "{with_loss} {without_loss}"
    );
}

/// Without a snapshot what is read is kept, and what is lost is counted.
#[test]
fn without_a_snapshot_the_rows_of_other_pages_are_kept_and_the_lost_ones_counted() {
    let (dir, mut vault) = many_pages();
    let whole = content(&mut vault).unwrap();
    vault.close().unwrap();
    let good = files(dir.path());
    let pages = good["vault.db"].len() / PAGE;
    let mut exact = 0;
    // Three pages at once, next to each other and apart.
    for first in (4..pages - 20).step_by(9) {
        let mut bad = good.clone();
        for page in [first, first + 1, first + 12] {
            bad.get_mut("vault.db").unwrap()[(page - 1) * PAGE + 77] ^= 1;
        }
        let there = folder_of(&bad);
        let (mut vault, damage) = salvage(there.path()).unwrap();
        assert_eq!(damage.damaged_pages.len(), 3);
        let read = content(&mut vault).unwrap();
        assert!(read.iter().all(|(key, value)| whole[key] == *value));
        let lost = (whole.len() - read.len()) as u64;
        let told: u64 = damage.tables.values().map(|table| table.lost).sum();
        if damage.tables.values().any(|table| table.is_uncertain) {
            assert!(told <= lost);
        } else {
            assert_eq!(told, lost, "{damage:?}");
            exact += 1;
        }
    }
    assert!(exact > 0);
}

#[test]
fn a_vault_that_is_whole_is_not_salvaged_and_stays_as_it_is() {
    let (dir, vault) = many_pages();
    vault.close().unwrap();
    let before = files(dir.path());
    assert_eq!(salvage(dir.path()).unwrap_err(), SalvageError::Whole);
    assert_eq!(files(dir.path()), before);
    let wrong = Vault::salvage(dir.path(), &passphrase("wrong"), NOW_MS, &Stop::default());
    let wrong_passphrase = SalvageError::Open(OpenError::WrongPassphrase);
    assert_eq!(wrong.unwrap_err(), wrong_passphrase);
    assert_eq!(files(dir.path()), before);
}

/// What only the log has is taken over, too.
#[test]
fn what_was_committed_last_is_salvaged_from_the_log() {
    let (dir, mut vault) = many_pages();
    vault.checkpoint().unwrap();
    put(&mut vault, b"only in the log", b"here");
    let mut bad = files(dir.path());
    drop(vault);
    let at = bad["vault.db"].len() - PAGE / 2;
    bad.get_mut("vault.db").unwrap()[at] ^= 1;
    let there = folder_of(&bad);
    let (mut vault, damage) = salvage(there.path()).unwrap();
    assert!(!damage.is_log_lost);
    assert_eq!(get(&mut vault, b"only in the log").unwrap(), b"here");
    assert!(files(there.path())["vault.damaged-1-wal"] == bad["vault.db-wal"]);
}

#[test]
fn a_database_that_is_gone_comes_back_from_the_snapshot_and_without_one_nothing_is_made() {
    let (dir, mut vault) = many_pages();
    vault.close().unwrap();
    let mut gone = files(dir.path());
    gone.remove("vault.db");
    let there = folder_of(&gone);
    assert_eq!(salvage(there.path()).unwrap_err(), SalvageError::Nothing);
    vault = open(dir.path()).unwrap();
    snapshot(&mut vault, NOW_MS);
    let mut whole = content(&mut vault).unwrap();
    vault.close().unwrap();
    let mut gone = files(dir.path());
    gone.remove("vault.db");
    let there = folder_of(&gone);
    let (mut vault, damage) = salvage(there.path()).unwrap();
    assert_eq!(damage.snapshot_ms, Some(NOW_MS));
    whole.retain(|(table, _), _| *table != KEYS.0);
    assert!(content(&mut vault).unwrap() == whole);
}

/// `[HW-VAULT-41]` `[HW-VAULT-42]` Claim F1.
#[test]
fn snapshots_are_few_and_hold_no_key_and_nothing_that_was_deleted_before() {
    let (dir, mut vault) = many_pages();
    for time in 1..=5 {
        snapshot(&mut vault, time);
        assert!(vault.snapshots().unwrap().len() <= MAX_SNAPSHOTS);
    }
    assert_eq!(vault.snapshots(), Ok(vec![4, 5]));
    vault.remove_snapshots_before(5).unwrap();
    assert_eq!(vault.snapshots(), Ok(vec![5]));
    vault
        .transaction(|txn| txn.delete(TABLE, &[&3_u32.to_be_bytes()[..], &[7; 40]].concat()))
        .unwrap();
    snapshot(&mut vault, 6);
    vault.remove_snapshots_before(6).unwrap();
    vault.close().unwrap();
    // The snapshot alone.
    let mut alone = files(dir.path());
    alone.remove("vault.db");
    let there = folder_of(&alone);
    let (mut vault, _) = salvage(there.path()).unwrap();
    let read = content(&mut vault).unwrap();
    assert_eq!(read.len(), 599);
    assert!(read.keys().all(|(table, _)| *table == TABLE.0));
}

/// A crash within a salvage leaves a vault that opens or can be salvaged.
#[test]
fn a_salvage_that_broke_off_between_its_renames_is_finished_by_the_next_opening() {
    let (dir, mut vault) = many_pages();
    put(&mut vault, b"in", b"the log");
    let with_log = files(dir.path());
    let whole = content(&mut vault).unwrap();
    vault.close().unwrap();
    let good = files(dir.path());
    // The damaged one is aside and the new one has no name yet; a log lies about.
    let mut between = good.clone();
    let database = between.remove("vault.db").unwrap();
    between.insert("vault.db.new".to_owned(), database);
    between.insert("vault.db-wal".to_owned(), with_log["vault.db-wal"].clone());
    let there = folder_of(&between);
    let mut vault = open(there.path()).unwrap();
    assert!(content(&mut vault).unwrap() == whole);
    vault.close().unwrap();
    // One that was not finished does not stay.
    let mut unfinished = good.clone();
    unfinished.insert("vault.db.new".to_owned(), vec![1; PAGE]);
    let there = folder_of(&unfinished);
    assert!(content(&mut open(there.path()).unwrap()).unwrap() == whole);
    assert!(!files(there.path()).contains_key("vault.db.new"));
}
