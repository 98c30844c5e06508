//! Claim Z1: a daemon that was locked holds nothing of what its vault protects.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "this is a test: it fails by panicking, and says what it saw"
)]

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{DirBuilderExt as _, PermissionsExt as _},
    path::Path,
    time::Duration,
};

use hushwing_e2e::{
    needles::{Needles, Search, Searcher},
    person::{Person, Setting, Way},
    programs,
    relay::{Entrance, Relay},
    scenario::{self, Cast, Who},
    stage::{Folder, Narrator},
};
use hushwing_protocol::store::{Order, Store as _, Table};
use hushwing_vault::{Passphrase, Vault, fuzzing};
use zeroize::Zeroizing;

/// Bytes of a piece of a row that is searched for. A key of 32 bytes has at least one
/// whole, wherever it stands in its row.
const PIECE: usize = 16;

/// Different bytes that a piece must have: less is structure, and occurs elsewhere.
const LEAST_DIFFERENT: usize = 10;

/// Tables of a vault.
const TABLES: std::ops::Range<u8> = 0..64;

/// How often a locked daemon is looked at until it holds nothing, a second apart:
/// connections end a moment after the lock.
const LOOKS: u32 = 15;

/// Rows and keys of the vault: texts, names, addresses, slots, the secrets of
/// conversations, and what the database is encrypted with. Claim Z1.
#[test]
fn a_locked_daemon_holds_nothing_of_its_vault() {
    let folder = Folder::temporary().unwrap();
    let (relay, _) = Relay::start(folder.path(), Entrance::free_port().unwrap(), "info").unwrap();
    let setting = Setting {
        way: Way::Loopback,
        log_level: "info",
    };
    let mut cast = Cast::new(&folder, &setting, relay, Narrator::begin()).unwrap();
    scenario::meet(&mut cast, "Marguerite Whitlock", "Bartholomew Quillfeather").unwrap();
    for who in Who::BOTH {
        let texts: Vec<String> = (0..3)
            .map(|number| format!("the violet letter of {who:?} lies under stone {number}"))
            .collect();
        for text in &texts {
            cast.write(who, text).unwrap();
        }
        cast.person(who)
            .wait_for_state(&texts, "delivered")
            .unwrap();
    }
    for who in Who::BOTH {
        let person = cast.person_mut(who);
        let pid = person.daemon().unwrap().pid();
        person.lock().unwrap();
        let searcher = needles(person, folder.path());
        require_empty(person, pid, &searcher);
        // What the search finds as long as it is there.
        person.unlock().unwrap();
        person.contacts().unwrap();
        person.messages().unwrap();
        let found = search(pid, &searcher);
        assert!(found.finds().len() > 10, "{}", found.finds().len());
        // The root of all keys is in memory for a moment when the passphrase is changed.
        person
            .change_passphrase("plover tundra eggshell wharf mimic")
            .unwrap();
        person.lock().unwrap();
        require_empty(person, pid, &searcher);
    }
}

fn require_empty(person: &Person, pid: u32, searcher: &Searcher) {
    let mut found = search(pid, searcher);
    for _ in 0..LOOKS {
        if found.finds().is_empty() {
            break;
        }
        std::thread::sleep(Duration::from_secs(1));
        found = search(pid, searcher);
    }
    let finds = &found.finds()[..found.finds().len().min(20)];
    assert!(
        finds.is_empty(),
        "{}, {} finds: {finds:#?}",
        person.name(),
        found.finds().len()
    );
    assert!(found.bytes() > 1 << 20, "hardly anything was searched");
    println!("{}: {} bytes, nothing found", person.name(), found.bytes());
}

fn search(pid: u32, searcher: &Searcher) -> Search {
    let mut search = Search::default();
    searcher.memory(pid, &mut search).unwrap();
    search
}

/// Everything in a copy of somebody's vault, which must be locked now.
fn needles(person: &Person, beside: &Path) -> Searcher {
    let copy = beside.join(format!("copy of {}", person.name()));
    copy_files(person.dir(), &copy);
    let passphrase = Passphrase::new(Zeroizing::new(person.passphrase().to_owned())).unwrap();
    let mut needles = Needles::default();
    let header = fs::read(copy.join("vault.hw")).unwrap();
    for key in fuzzing::open_keys(&header, &passphrase).unwrap() {
        needles.add_bytes("a key", &key);
    }
    let public = fs::read(programs::find("hushwing").unwrap()).unwrap();
    let mut pieces = BTreeSet::new();
    let mut vault = Vault::open(&copy, &passphrase).unwrap();
    for table in TABLES {
        let rows = vault
            .transaction(|txn| txn.scan(Table(table), &[], None, Order::Ascending, usize::MAX))
            .unwrap();
        for (key, value) in rows {
            for piece in key.chunks_exact(PIECE).chain(value.chunks_exact(PIECE)) {
                let different: BTreeSet<&u8> = piece.iter().collect();
                if different.len() >= LEAST_DIFFERENT {
                    pieces.insert((piece.to_vec(), table));
                }
            }
        }
    }
    let in_program = aho_corasick::AhoCorasick::new(pieces.iter().map(|(piece, _)| piece))
        .unwrap()
        .find_overlapping_iter(&public)
        .map(|found| found.pattern().as_usize())
        .collect::<BTreeSet<_>>();
    for (number, (piece, table)) in pieces.iter().enumerate() {
        if !in_program.contains(&number) {
            needles.add_bytes(&format!("a row of table {table}"), piece);
        }
    }
    println!("{}: {} pieces of rows", person.name(), pieces.len());
    assert!(pieces.len() > 300, "hardly anything is in the vault");
    needles.searcher().unwrap()
}

fn copy_files(from: &Path, to: &Path) {
    fs::DirBuilder::new().mode(0o700).create(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let copy = to.join(path.file_name().unwrap());
            fs::copy(&path, &copy).unwrap();
            fs::set_permissions(&copy, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}
