//! Every file changed in every way we could think of: a typed error, never a
//! panic, and never rows that were not committed together.

use super::*;
use hushwing_protocol::store::{Entry, Find, Phrase};
use hushwing_vault::Stop;

const PAGE: usize = 4096;

fn closed_vault(rows: u8) -> BTreeMap<String, Vec<u8>> {
    let (dir, mut vault) = new_vault();
    for row in 0..rows {
        put(&mut vault, &[row], &vec![row; 600]);
    }
    vault.close().unwrap();
    files(dir.path())
}

/// Opens a vault of these files and reads all of it: the rows, and with a check all pages,
/// since those of the index and of what is free hold no row.
fn read_all(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<Row>, String> {
    let dir = folder_of(files);
    let mut vault = open(dir.path()).map_err(|error| {
        assert!(matches!(error, OpenError::Damaged(_)), "{error:?}");
        error.to_string()
    })?;
    let rows = all_rows(&mut vault).map_err(|error| {
        assert!(matches!(error, StoreError::Damaged(_)), "{error:?}");
        error.to_string()
    })?;
    let found = vault.begin_check(&Stop::default()).unwrap().run().unwrap();
    if found.is_none() {
        Ok(rows)
    } else {
        Err(format!("{found:?}"))
    }
}

#[test]
fn each_flipped_byte_of_the_header_is_an_error() {
    let good = closed_vault(1);
    for at in 0..good["vault.hw"].len() {
        let mut changed = good.clone();
        changed.get_mut("vault.hw").unwrap()[at] ^= 0x40;
        assert!(read_all(&changed).is_err(), "byte {at}");
    }
    assert_eq!(read_all(&good).unwrap().len(), 1);
}

#[test]
fn cut_and_extended_headers_are_an_error() {
    let good = closed_vault(1);
    let len = good["vault.hw"].len();
    for len in [0, 1, 31, 32, len - 1, len + 1, len + 64, 5000, 1 << 20] {
        let mut changed = good.clone();
        changed.get_mut("vault.hw").unwrap().resize(len, 0);
        assert!(read_all(&changed).is_err(), "{len} bytes");
    }
}

/// Claim I1.
#[test]
fn a_flipped_byte_anywhere_in_the_database_is_an_error() {
    let good = closed_vault(24);
    let len = good["vault.db"].len();
    assert!(len / PAGE >= 6, "rows fill several pages");
    for page in 0..len / PAGE {
        // Salt or ciphertext, ciphertext, IV, HMAC.
        for in_page in [0, 15, 16, 100, 2000, PAGE - 80, PAGE - 64, PAGE - 1] {
            let mut changed = good.clone();
            changed.get_mut("vault.db").unwrap()[page * PAGE + in_page] ^= 1;
            assert!(read_all(&changed).is_err(), "page {page}, byte {in_page}");
        }
    }
}

/// `[HW-VAULT-48]` What cannot be read takes nothing with it that can, and can be looked for.
#[test]
fn a_damaged_page_that_was_met_leaves_the_other_rows_and_a_check_names_it() {
    let (dir, mut vault) = new_vault();
    for row in 0..24 {
        put(&mut vault, &[row], &[row; 600]);
        put(&mut vault, &[100, row], &[row; 6_000]);
    }
    vault
        .transaction(|txn| (0..200).try_for_each(|text| index_text(txn, text)))
        .unwrap();
    vault.close().unwrap();
    let good = files(dir.path());
    let (mut met, mut kept) = (0, 0);
    for page in 0..good["vault.db"].len() / PAGE {
        let mut changed = good.clone();
        changed.get_mut("vault.db").unwrap()[page * PAGE + 100] ^= 1;
        let there = folder_of(&changed);
        let Ok(mut vault) = open(there.path()) else {
            continue;
        };
        let (mut read, mut lost) = (0, 0);
        let mut count = |outcome: Result<(), StoreError>| match outcome {
            Ok(()) => read += 1,
            Err(error) => {
                assert!(matches!(error, StoreError::Damaged(_)), "{error:?}");
                lost += 1;
            }
        };
        for row in 0..24 {
            for (key, value) in [
                (vec![row], vec![row; 600]),
                (vec![100, row], vec![row; 6_000]),
            ] {
                count(vault.transaction(|txn| {
                    assert_eq!(txn.get(TABLE, &key)?, Some(value));
                    Ok(())
                }));
            }
        }
        for text in 0..200 {
            count(vault.transaction(|txn| find_text(txn, text)));
        }
        for text in 200..220 {
            count(vault.transaction(|txn| index_text(txn, text)));
        }
        for row in 0..24 {
            count(vault.transaction(|txn| txn.put(TABLE, &[row], &[row; 700])));
        }
        met += usize::from(lost != 0);
        kept += usize::from(lost != 0 && read != 0);
        let found = vault.begin_check(&Stop::default()).unwrap().run().unwrap();
        let number = u64::try_from(page).unwrap() + 1;
        assert_eq!(found.damaged_pages, [number], "{read} read, {lost} lost");
        // What is written now is there after the next opening.
        if vault
            .transaction(|txn| txn.put(TABLE, b"new", b"later"))
            .is_ok()
        {
            vault.close().unwrap();
            let mut vault = open(there.path()).unwrap();
            assert_eq!(get(&mut vault, b"new").unwrap(), b"later");
        }
    }
    assert!(met >= 4 && kept >= 3, "{met} {kept}");
}

fn index_text(txn: &impl Store, text: u64) -> Result<(), StoreError> {
    let mut words: Vec<_> = (0..40)
        .map(|word| format!("w{}", text * 40 + word))
        .collect();
    words.push(format!("text{text}"));
    txn.index(&Entry {
        key: &text.to_be_bytes(),
        scope: b"s",
        at_ms: 1_800_000_000_000 + text,
        words: &words.join(" "),
    })
}

fn find_text(txn: &impl Store, text: u64) -> Result<(), StoreError> {
    let phrases = [Phrase {
        words: vec![format!("text{text}")],
        goes_on: false,
    }];
    let found = txn.find(&Find {
        phrases: &phrases,
        scope: None,
        since_ms: 0,
        before_ms: u64::MAX,
        after: None,
        limit: 10,
    })?;
    assert_eq!(found.len(), 1, "text{text}");
    assert_eq!(found[0].key, text.to_be_bytes());
    Ok(())
}

/// `[HW-VAULT-44]` Claim I1.
#[test]
fn a_long_value_whose_page_is_damaged_is_an_error_and_never_ends_in_zeros() {
    let (dir, mut vault) = new_vault();
    let long = vec![7; 10_000];
    put(&mut vault, b"long", &long);
    vault.close().unwrap();
    let good = files(dir.path());
    let (mut read_right, mut refused) = (0, 0);
    for page in 0..good["vault.db"].len() / PAGE {
        for way in 0..2 {
            let mut changed = good.clone();
            changed.get_mut("vault.db").unwrap()[page * PAGE + 1_000] ^= 1;
            let there = folder_of(&changed);
            let Ok(mut vault) = open(there.path()) else {
                refused += 1;
                continue;
            };
            let read = vault.transaction(|txn| {
                let value = if way == 0 {
                    txn.get(TABLE, b"long")?
                } else {
                    let rows = txn.scan(TABLE, b"l", None, Order::Ascending, 1)?;
                    rows.into_iter().next().map(|(_, value)| value)
                };
                // Here, where the step would go by it: the commit alone comes too late.
                assert!(value.as_ref() == Some(&long), "page {page}");
                Ok::<_, StoreError>(())
            });
            match read {
                Ok(()) => read_right += 1,
                Err(error) => {
                    assert!(matches!(error, StoreError::Damaged(_)), "{error:?}");
                    refused += 1;
                }
            }
        }
    }
    // On the other pages there is nothing of it: the index, other tables.
    assert!(
        refused >= 8 && read_right < refused,
        "{refused} {read_right}"
    );
}

#[test]
fn a_cut_database_is_an_error_and_an_emptied_one_is_not_a_fresh_start() {
    let good = closed_vault(24);
    let len = good["vault.db"].len();
    for len in [0, 1, 100, PAGE - 1, PAGE, PAGE + 1, len - PAGE, len - 1] {
        let mut changed = good.clone();
        changed.get_mut("vault.db").unwrap().truncate(len);
        assert!(read_all(&changed).is_err(), "{len} bytes");
    }
    let mut gone = good.clone();
    gone.remove("vault.db");
    assert!(read_all(&gone).is_err());
}

#[test]
fn swapped_pages_are_an_error() {
    let mut changed = closed_vault(24);
    let database = changed.get_mut("vault.db").unwrap();
    // Of the last ones, which hold rows.
    let place = database.len() - 2 * PAGE;
    let (one, two) = database.split_at_mut(place);
    one[place - PAGE..].swap_with_slice(&mut two[..PAGE]);
    assert!(read_all(&changed).is_err());
}

#[test]
fn a_database_of_another_vault_is_an_error() {
    let mut changed = closed_vault(2);
    let other = closed_vault(2);
    changed.insert("vault.db".to_owned(), other["vault.db"].clone());
    assert!(read_all(&changed).is_err());
}

/// SQLite takes the log up to the first frame that does not check out, so damage
/// there loses the last commits; but whole ones, and in order.
#[test]
fn a_damaged_log_gives_an_earlier_commit_or_an_error() {
    let good = files_with_a_log(6);
    assert_eq!(read_all(&good).unwrap().len(), 6);
    let log_len = good["vault.db-wal"].len();
    let mut losses = 0;
    for at in (0..log_len).step_by(401) {
        let mut changed = good.clone();
        changed.get_mut("vault.db-wal").unwrap()[at] ^= 0x10;
        losses += usize::from(whole_prefix(&changed) != Some(6));
        let mut cut = good.clone();
        cut.get_mut("vault.db-wal").unwrap().truncate(at);
        losses += usize::from(whole_prefix(&cut) != Some(6));
    }
    assert!(losses > 0, "no change ever reached a row");
}

/// How many rows there are, after checking that they are the first ones, whole.
fn whole_prefix(files: &BTreeMap<String, Vec<u8>>) -> Option<usize> {
    let rows = read_all(files).ok()?;
    for (number, (key, value)) in rows.iter().enumerate() {
        let number = u8::try_from(number).unwrap();
        assert_eq!((key.as_slice(), value), (&[number][..], &vec![number; 600]));
    }
    Some(rows.len())
}
