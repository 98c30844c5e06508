//! The index of texts: it answers as the one in memory does, whatever it is asked, and goes
//! with the rows through every copy.

use hushwing_protocol::store::{Entry, Find, Hit, MemoryStore, Phrase};
use hushwing_vault::{BackupSecret, Stop};
use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

const HOUR_MS: u64 = 3_600_000;
const NOW_MS: u64 = 1_800_000_000_000;

/// What somebody could try to say to SQLite or FTS5, as one word. The engine gives letters
/// and digits alone; the vault must not rest on that.
const HOSTILE: [&str; 18] = [
    "a\"",
    "\"",
    "\"\"",
    "a\" OR \"b",
    "NEAR",
    "OR",
    "AND",
    "NOT",
    "*",
    "words",
    "scope : x",
    "(",
    ")",
    "^a",
    "-a",
    "{words}",
    "'; DROP TABLE found; --",
    "a\0b",
];

fn word() -> impl Strategy<Value = String> {
    select(vec![
        "a",
        "ab",
        "abc",
        "abcd",
        "or",
        "near",
        "東",
        "京",
        "ß1",
        "привет",
    ])
    .prop_map(str::to_owned)
}

fn text() -> impl Strategy<Value = String> {
    vec(word(), 1..7).prop_map(|words| words.join(" "))
}

#[derive(Debug, Clone)]
struct Said {
    key: Vec<u8>,
    scope: Vec<u8>,
    at_ms: u64,
    words: String,
}

fn said() -> impl Strategy<Value = Said> {
    (0u8..24, 0u8..3, 0u64..5, text()).prop_map(|(key, scope, hour, words)| Said {
        key: vec![scope, key],
        scope: vec![scope],
        at_ms: NOW_MS + hour * HOUR_MS,
        words,
    })
}

#[derive(Debug, Clone)]
enum Op {
    Say(Said),
    Forget(Vec<u8>),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        4 => said().prop_map(Op::Say),
        1 => (0u8..3, 0u8..24).prop_map(|(scope, key)| Op::Forget(vec![scope, key])),
    ]
}

fn phrase() -> impl Strategy<Value = Phrase> {
    let honest = vec(word(), 1..3);
    let hostile = vec(select(HOSTILE.to_vec()).prop_map(str::to_owned), 1..3);
    (prop_oneof![5 => honest, 1 => hostile], any::<bool>())
        .prop_map(|(words, goes_on)| Phrase { words, goes_on })
}

fn apply(store: &impl Store, op: &Op) -> Result<(), StoreError> {
    match op {
        Op::Say(said) => store.index(&Entry {
            key: &said.key,
            scope: &said.scope,
            at_ms: said.at_ms,
            words: &said.words,
        }),
        Op::Forget(key) => store.unindex(key),
    }
}

fn say(vault: &mut Vault, key: &[u8], at_ms: u64, words: &str) {
    let entry = Entry {
        key,
        scope: b"s",
        at_ms,
        words,
    };
    vault.transaction(|txn| txn.index(&entry)).unwrap();
}

fn look(vault: &mut Vault, word: &str) -> Vec<Vec<u8>> {
    let phrases = [Phrase {
        words: vec![word.to_owned()],
        goes_on: false,
    }];
    let find = everywhere(&phrases);
    let hits: Vec<Hit> = vault.transaction(|txn| txn.find(&find)).unwrap();
    hits.into_iter().map(|hit| hit.key).collect()
}

fn everywhere(phrases: &[Phrase]) -> Find<'_> {
    Find {
        phrases,
        scope: None,
        since_ms: 0,
        before_ms: u64::MAX,
        after: None,
        limit: 1000,
    }
}

/// What the engine can ask for: letters and digits, in the case that it folds all words to.
fn is_honest(phrase: &Phrase) -> bool {
    let is_word = |word: &String| {
        !word.is_empty()
            && word.chars().all(char::is_alphanumeric)
            && !word.chars().any(char::is_uppercase)
    };
    phrase.words.iter().all(is_word)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 64 } else { 512 }))]

    /// `[HW-FIND-2]`
    #[test]
    fn a_vault_finds_what_memory_finds_and_takes_every_query_for_words(
        ops in vec(op(), 0..60),
        queries in vec((vec(phrase(), 0..3), proptest::option::of(0u8..3), 0u64..6, 0u64..6), 1..8),
    ) {
        let (dir, mut vault) = new_vault();
        let memory = MemoryStore::new();
        for part in ops.chunks(7) {
            vault.transaction(|txn| part.iter().try_for_each(|op| apply(txn, op))).unwrap();
            part.iter().try_for_each(|op| apply(&memory, op)).unwrap();
        }
        for (phrases, scope, since, before) in &queries {
            let scope = scope.map(|scope| [scope]);
            let mut find = Find {
                phrases,
                scope: scope.as_ref().map(<[u8; 1]>::as_slice),
                since_ms: NOW_MS + since * HOUR_MS,
                before_ms: NOW_MS + before * HOUR_MS,
                after: None,
                limit: 3,
            };
            // Page by page to the end.
            loop {
                let found = vault.transaction(|txn| txn.find(&find)).unwrap();
                if phrases.iter().all(is_honest) {
                    prop_assert_eq!(&found, &memory.find(&find).unwrap());
                }
                let Some(last) = found.last().filter(|_| found.len() == 3) else {
                    break;
                };
                find.after = Some(last.place);
            }
        }
        // All is as it was.
        vault.close().unwrap();
        let mut vault = open(dir.path()).unwrap();
        let phrases = [Phrase { words: vec!["a".to_owned()], goes_on: true }];
        let find = everywhere(&phrases);
        let found = vault.transaction(|txn| txn.find(&find)).unwrap();
        prop_assert_eq!(found, memory.find(&find).unwrap());
    }
}

#[test]
fn a_text_that_is_replaced_or_deleted_is_found_no_more() {
    let (_dir, mut vault) = new_vault();
    say(&mut vault, b"1", NOW_MS, "one two");
    say(&mut vault, b"2", NOW_MS, "two three");
    assert_eq!(look(&mut vault, "two"), [b"2", b"1"]);
    say(&mut vault, b"1", NOW_MS, "four");
    assert_eq!(look(&mut vault, "two"), [b"2"]);
    assert_eq!(look(&mut vault, "four"), [b"1"]);
    vault.transaction(|txn| txn.unindex(b"2")).unwrap();
    assert_eq!(look(&mut vault, "two"), [[0; 0]; 0]);
    // What a transaction did that failed is not there.
    let failed = vault.transaction(|txn| {
        txn.unindex(b"1")?;
        Err::<(), _>(StoreError::Damaged("on purpose"))
    });
    assert!(failed.is_err());
    assert_eq!(look(&mut vault, "four"), [b"1"]);
}

#[test]
fn more_texts_in_a_second_than_it_has_places_keep_their_order() {
    let (_dir, mut vault) = new_vault();
    vault
        .transaction(|txn| {
            (0..2_100_u32).try_for_each(|number| {
                txn.index(&Entry {
                    key: &number.to_be_bytes(),
                    scope: b"s",
                    at_ms: NOW_MS,
                    words: "all",
                })
            })
        })
        .unwrap();
    say(&mut vault, b"later", NOW_MS + 60_000, "all");
    let phrases = [Phrase {
        words: vec!["all".to_owned()],
        goes_on: false,
    }];
    let mut find = everywhere(&phrases);
    find.limit = usize::MAX;
    let found = vault.transaction(|txn| txn.find(&find)).unwrap();
    assert_eq!(found.len(), 2_101);
    assert_eq!(found[0].key, b"later");
    assert!(
        found[1..]
            .iter()
            .zip((0..2_100_u32).rev())
            .all(|(hit, number)| hit.key == number.to_be_bytes())
    );
}

/// `[HW-FIND-3]`
#[test]
fn a_backup_has_the_index_and_a_snapshot_and_what_is_salvaged_of_it_have_none() {
    let (dir, mut vault) = new_vault();
    put(&mut vault, b"row", &[7; 3_000]);
    say(&mut vault, b"1", NOW_MS, "one two");
    vault.transaction(|txn| txn.set_index_whole()).unwrap();
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("backup");
    let job = vault.begin_backup(&Stop::default()).unwrap();
    job.run(&file, &BackupSecret::Account(right()), NOW_MS)
        .unwrap();
    let job = vault.begin_snapshot(&[], &Stop::default()).unwrap();
    job.run(NOW_MS).unwrap();
    let report = vault.begin_check(&Stop::default()).unwrap().run().unwrap();
    assert!(report.is_none());
    vault.close().unwrap();

    let there = place.path().join("restored");
    let (mut restored, _) =
        Vault::restore(&there, &file, &right(), WEAK, &Stop::default()).unwrap();
    assert_eq!(look(&mut restored, "two"), [b"1"]);
    say(&mut restored, b"2", NOW_MS, "two");
    assert_eq!(look(&mut restored, "two"), [b"2", b"1"]);
    assert!(restored.transaction(|txn| txn.index_is_whole()).unwrap());

    // The page that all others hang on.
    let mut bad = files(dir.path());
    bad.get_mut("vault.db").unwrap()[100] ^= 1;
    let there = folder_of(&bad);
    let (mut salvaged, _) =
        Vault::salvage(there.path(), &right(), NOW_MS, &Stop::default()).unwrap();
    assert_eq!(get(&mut salvaged, b"row").unwrap(), [7; 3_000]);
    assert!(!salvaged.transaction(|txn| txn.index_is_whole()).unwrap());
    assert_eq!(look(&mut salvaged, "two"), [[0; 0]; 0]);
    say(&mut salvaged, b"1", NOW_MS, "one two");
    assert_eq!(look(&mut salvaged, "two"), [b"1"]);
}
