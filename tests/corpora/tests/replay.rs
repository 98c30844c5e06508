//! Every input that is kept goes through its target: the corpora, so that what
//! fuzzing reached once stays reached, and each input that once broke something.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use hushwing_corpora::{TARGETS, Target};

/// Files of one corpus, at most: what is replayed with every test run is a
/// choice that covers as much as the thousands that it was made of.
const MAX_FILES: usize = 120;

/// Bytes of one file: the longest object is a relay's frame.
const MAX_FILE_LEN: u64 = 17 * 1024;

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

fn names(folder: &Path) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return BTreeSet::new();
    };
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect()
}

fn target(name: &str) -> &'static Target {
    TARGETS.iter().find(|target| target.name == name).unwrap()
}

/// Replays one target's files; a panic names the file in the line before it.
#[allow(clippy::print_stdout, reason = "shown only when the test fails")]
fn replay(name: &str) {
    let target = target(name);
    let corpus = fuzz().join("corpus").join(name);
    let files = names(&corpus);
    assert!(!files.is_empty(), "{name} has no corpus");
    assert!(files.len() <= MAX_FILES, "{name}: minimise the corpus");
    let regressions = fuzz().join("regressions").join(name);
    let found = names(&regressions);
    let all = files
        .iter()
        .map(|file| corpus.join(file))
        .chain(found.iter().map(|file| regressions.join(file)));
    for path in all {
        assert!(fs::metadata(&path).unwrap().len() <= MAX_FILE_LEN);
        println!("{}", path.display());
        (target.run)(&fs::read(&path).unwrap());
    }
}

macro_rules! replays {
    ($($name:ident)*) => {
        const REPLAYED: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            fn $name() {
                replay(stringify!($name));
            }
        )*
    };
}

replays! {
    request_frame response_frame box_plaintext envelope bundle request_plaintext
    contact_card recovery_plaintext relay_address invite_link content key_package
    welcome conversation_box recovery_box route_record interaction engine_box
    engine_command tls_client_hello tls_raw_key relay_answer relay_request
    vault_header backup_archive relay_keys api_command api_guard api_answer
}

#[test]
fn every_target_has_a_program_a_corpus_and_a_replay() {
    let targets: BTreeSet<String> = TARGETS
        .iter()
        .map(|target| target.name.to_owned())
        .collect();
    let programs = names(&fuzz().join("fuzz_targets"))
        .into_iter()
        .map(|file| file.trim_end_matches(".rs").to_owned())
        .collect();
    let replayed: BTreeSet<String> = REPLAYED.iter().map(|&name| name.to_owned()).collect();
    assert_eq!(targets, programs);
    assert_eq!(targets, names(&fuzz().join("corpus")));
    assert_eq!(targets, replayed);
    assert!(names(&fuzz().join("regressions")).is_subset(&targets));
}

#[test]
fn first_inputs_of_every_target_keep_its_properties() {
    for target in TARGETS {
        for (name, bytes) in (target.seeds)() {
            assert!(bytes.len() as u64 <= MAX_FILE_LEN, "{}/{name}", target.name);
            (target.run)(&bytes);
        }
    }
}
