//! Power is cut at every write of every operation that changes files: what was not synced
//! is lost, or torn. `[HW-VAULT-45]`
//!
//! A child process does everything that a vault can do, under `strace`, which writes down
//! each system call that changes a file. A model of a disk replays them up to any one,
//! keeps of what was not synced nothing, all, or sectors at random, and what it then holds
//! is opened by the real code.
//!
//! A sample of the cuts is tried with each test run, all of them with `./x powercut`.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod disk;
mod trace;

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use hushwing_protocol::store::{Entry, Find, Order, Phrase, Store, StoreError, Table};
use hushwing_vault::{
    BackupSecret, KdfCost, KdfParams, OpenError, Passphrase, Stop, Vault, check_backup,
};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng as _},
};
use zeroize::Zeroizing;

use disk::{Disk, Fate};
use trace::Call;

const WEAK: KdfParams = KdfParams::dangerously_weak_for_tests();
/// A vault of the first format, and how many messages it holds.
const OLD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/old/1-weak");
const OLD_MESSAGES: usize = 7;
const ROOT: &str = "HUSHWING_POWERCUT_ROOT";
/// Set by `./x powercut`: every cut, not a sample.
const ALL: &str = "HUSHWING_POWERCUT_ALL";
/// Cuts of a sample.
const SAMPLE: usize = 60;
/// Torn disks that are tried at each cut, beside one that lost all and one that kept all.
const TORN: u64 = 3;
/// The state of a ratchet and what was said with it: always of one step.
const RATCHET: Table = Table(2);
const MESSAGES: Table = Table(33);

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(text.to_owned())).unwrap()
}

fn old_passphrase() -> Passphrase {
    passphrase("an old vault's passphrase")
}

/// What opens the vault from the beginning.
fn first() -> Passphrase {
    passphrase("before the change")
}

/// What opens it in the end.
fn right() -> Passphrase {
    passphrase("before and after the cut")
}

/// What a message is to the vault, sent or received: one step that moves a ratchet on and
/// adds a row.
fn step(vault: &mut Vault, number: u32) {
    vault.transaction(|txn| write_step(txn, number)).unwrap();
    say(&format!("stored {number}"));
}

fn write_step(txn: &impl Store, number: u32) -> Result<(), StoreError> {
    let len = 40 + (number as usize * 2_741) % 9_000;
    let state = [&number.to_be_bytes()[..], &vec![9; len]].concat();
    txn.put(RATCHET, b"state", &state)?;
    txn.put(
        MESSAGES,
        &number.to_be_bytes(),
        &number.to_be_bytes().repeat(200),
    )
}

/// How many steps a vault holds, after seeing that it holds them whole and in order.
fn steps(vault: &mut Vault) -> Result<u32, StoreError> {
    vault.transaction(|txn| {
        let rows = txn.scan(MESSAGES, &[], None, Order::Ascending, usize::MAX)?;
        let state = txn.get(RATCHET, b"state")?;
        let newest = state.map_or(0, |state| {
            u32::from_be_bytes(state[..4].try_into().unwrap())
        });
        assert_eq!(
            u32::try_from(rows.len()),
            Ok(newest),
            "messages and ratchet are of one step"
        );
        for ((key, value), number) in rows.iter().zip(1_u32..) {
            assert_eq!(key, &number.to_be_bytes());
            assert!(value == &number.to_be_bytes().repeat(200));
        }
        Ok(newest)
    })
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "said {line}").unwrap();
    out.flush().unwrap();
}

/// Everything that changes files, one after the other.
#[test]
#[ignore = "a child of the other test"]
fn child_does_everything() {
    let Some(root) = env::var_os(ROOT) else {
        return;
    };
    let root = Path::new(&root);
    let home = root.join("home");
    say("begin");
    let mut vault = Vault::create(&home, &first(), WEAK).unwrap();
    say("created");
    (1..=5).for_each(|number| step(&mut vault, number));
    vault.purge(&[RATCHET]).unwrap();
    say("purged");
    step(&mut vault, 6);
    vault.close().unwrap();
    let mut vault = Vault::open(&home, &first()).unwrap();
    say("unlocked");
    say("changing");
    let cost = KdfCost::Fixed(WEAK);
    vault.change_passphrase(&first(), &right(), cost).unwrap();
    say("changed");
    step(&mut vault, 7);
    let job = vault.begin_backup(&Stop::default()).unwrap();
    step(&mut vault, 8);
    let secret = BackupSecret::Account(right());
    job.run(&root.join("backup"), &secret, 77).unwrap();
    say("backed up 7");
    step(&mut vault, 9);
    let job = vault.begin_snapshot(&[RATCHET], &Stop::default()).unwrap();
    job.run(78).unwrap();
    say("snapshot");
    step(&mut vault, 10);
    vault.close().unwrap();
    let (mut restored, _) = Vault::restore(
        &root.join("restored"),
        &root.join("backup"),
        &right(),
        WEAK,
        &Stop::default(),
    )
    .unwrap();
    say("restored 7");
    restored
        .transaction(|txn| {
            txn.older_state_is_dealt_with()?;
            write_step(txn, 8)
        })
        .unwrap();
    say("went on 8");
    restored.close().unwrap();
    migrate(root);
    wipe(root);
    say("end");
}

/// A vault of the first format is opened, which brings it to the present one, and goes on.
fn migrate(root: &Path) {
    let old = root.join("old");
    fs::create_dir(&old).unwrap();
    for name in ["vault.hw", "vault.db"] {
        let mut options = fs::OpenOptions::new();
        let made = options.write(true).create_new(true);
        let mut file = made.open(old.join(name)).unwrap();
        file.write_all(&fs::read(Path::new(OLD).join(name)).unwrap())
            .unwrap();
        file.sync_all().unwrap();
    }
    for folder in [&old, root] {
        fs::File::open(folder).unwrap().sync_all().unwrap();
    }
    say("old 1");
    let mut vault = Vault::open(&old, &old_passphrase()).unwrap();
    say("migrated 1");
    vault.transaction(|txn| txn.index(&an_entry())).unwrap();
    say("indexed 1");
    vault.close().unwrap();
}

fn wipe(root: &Path) {
    let doomed = root.join("doomed");
    let mut vault = Vault::create(&doomed, &right(), WEAK).unwrap();
    vault.transaction(|txn| write_step(txn, 1)).unwrap();
    vault.close().unwrap();
    say("doomed 1");
    Vault::wipe(&doomed).unwrap();
    say("wiped 1");
}

fn an_entry() -> Entry<'static> {
    Entry {
        key: b"an old message",
        scope: b"old",
        at_ms: 77_000,
        words: "good morning",
    }
}

fn finds_the_entry(vault: &mut Vault) -> bool {
    let phrases = [Phrase {
        words: vec!["morning".to_owned()],
        goes_on: false,
    }];
    let find = Find {
        phrases: &phrases,
        scope: None,
        since_ms: 0,
        before_ms: u64::MAX,
        after: None,
        limit: 9,
    };
    let found = vault.transaction(|txn| txn.find(&find)).unwrap();
    found.iter().any(|hit| hit.key == an_entry().key)
}

/// What the child had said before a cut: each of it must hold afterwards.
#[derive(Default, Clone)]
struct Said {
    created: bool,
    changing: bool,
    changed: bool,
    stored: u32,
    backed_up: Option<u32>,
    restored: Option<u32>,
    went_on: Option<u32>,
    old: bool,
    indexed: bool,
    doomed: bool,
    wiped: bool,
}

impl Said {
    fn hear(&mut self, line: &str) {
        let mut words = line.split(' ');
        let word = words.next().unwrap_or_default();
        let number = words.next_back().and_then(|number| number.parse().ok());
        match (word, number) {
            ("created", _) => self.created = true,
            ("changing", _) => self.changing = true,
            ("changed", _) => self.changed = true,
            ("stored", Some(number)) => self.stored = number,
            ("backed", number) => self.backed_up = number,
            ("restored", number) => self.restored = number,
            ("went", number) => self.went_on = number,
            ("old", _) => self.old = true,
            ("indexed", _) => self.indexed = true,
            ("doomed", _) => self.doomed = true,
            ("wiped", _) => self.wiped = true,
            _ => {}
        }
    }
}

/// Claims D0 and S1.
#[test]
fn power_that_is_cut_at_any_write_loses_nothing_that_was_acknowledged() {
    let root = tempfile::tempdir().unwrap();
    let Some(calls) = record(root.path()) else {
        return;
    };
    let cuts: Vec<usize> = (0..calls.len())
        .filter(|at| calls[*at].changes_files())
        .collect();
    assert!(cuts.len() > 150, "only {} writes were recorded", cuts.len());
    let all = env::var_os(ALL).is_some();
    let every = if all { 1 } else { cuts.len().div_ceil(SAMPLE) };
    let mut tried = 0;
    let mut said = Said::default();
    let mut disk = Disk::new(root.path());
    for (at, call) in calls.iter().enumerate() {
        if let Call::Say(line) = call {
            said.hear(line);
        }
        disk.apply(call);
        let number = cuts.binary_search(&at);
        // Every name that comes or goes is tried, and what a file gets that has lost its
        // name; of the other writes a sample.
        let is_rare = call.changes_names() || call.is_of_replaced();
        let is_tried = number.is_ok_and(|number| all || is_rare || number % every == 0);
        if !is_tried {
            continue;
        }
        let torn = (0..TORN).map(|seed| Fate::Torn(seed + 1_000 * at as u64));
        for fate in [Fate::Dropped, Fate::Kept].into_iter().chain(torn) {
            tried += 1;
            let after = tempfile::tempdir().unwrap();
            disk.after_cut(fate, after.path());
            check(
                after.path(),
                &said,
                &format!("call {at} ({call:?}), {fate:?}"),
            );
        }
    }
    assert!(said.went_on.is_some(), "the child came to its end");
    say(&format!("{tried} disks after {} writes", cuts.len()));
}

/// What must hold of the folder, whenever the power went.
fn check(root: &Path, said: &Said, when: &str) {
    let home = root.join("home");
    match open_one(&home, said, when) {
        None => assert!(!said.created, "{when}: the vault is gone"),
        Some(mut vault) => {
            let stored = steps(&mut vault).unwrap_or_else(|error| panic!("{when}: {error}"));
            let possible = said.stored..=said.stored + 1;
            assert!(
                possible.contains(&stored),
                "{when}: {stored} of {possible:?}"
            );
            assert_eq!(vault.older_state(), Ok(None), "{when}");
            vault
                .transaction(|txn| write_step(txn, stored + 1))
                .unwrap_or_else(|error| panic!("{when}: it does not go on: {error}"));
            vault.close().unwrap();
        }
    }
    check_old(&root.join("old"), said, when);
    check_doomed(&root.join("doomed"), said, when);
    let backup = root.join("backup");
    let scratch = root.join("scratch");
    match check_backup(&backup, &right(), &scratch, &Stop::default()) {
        Ok(contents) => assert_eq!(contents.rows_of(MESSAGES), 7, "{when}"),
        Err(error) => {
            assert!(said.backed_up.is_none(), "{when}: {error}");
            assert!(!backup.exists(), "{when}: it has its name: {error}");
        }
    }
    match open(&root.join("restored"), when) {
        None => assert!(said.restored.is_none(), "{when}: what was restored is gone"),
        Some(mut vault) => {
            let stored = steps(&mut vault).unwrap_or_else(|error| panic!("{when}: {error}"));
            let older = vault.older_state().unwrap();
            // The note goes with the step that makes it needless, and not before.
            match (stored, older) {
                (7, Some(77)) => assert!(said.went_on.is_none(), "{when}"),
                (8, None) => assert!(said.restored.is_some(), "{when}"),
                other => panic!("{when}: {other:?}"),
            }
        }
    }
}

/// The vault in `dir`, if there is one, while its passphrase may be in change: exactly one of
/// the two opens it, and which it is, is certain once that was said.
fn open_one(dir: &Path, said: &Said, when: &str) -> Option<Vault> {
    if !Vault::exists(dir) {
        return None;
    }
    let is_old = match Vault::open(dir, &first()) {
        Ok(vault) => vault.close().is_ok(),
        Err(OpenError::WrongPassphrase) => false,
        Err(error) => panic!("{when}: {error}"),
    };
    assert!(
        !(is_old && said.changed),
        "{when}: the old passphrase opens it again"
    );
    assert!(
        is_old || said.changing,
        "{when}: the passphrase changed by itself"
    );
    let (opens, refused) = if is_old {
        (first(), right())
    } else {
        (right(), first())
    };
    let opened = Vault::open(dir, &opens).unwrap_or_else(|error| panic!("{when}: {error}"));
    assert!(
        !dir.join("vault.hw.new").exists(),
        "{when}: a header is left"
    );
    opened.close().unwrap();
    let refusal = Vault::open(dir, &refused).unwrap_err();
    assert_eq!(refusal, OpenError::WrongPassphrase, "{when}");
    Some(Vault::open(dir, &opens).unwrap())
}

/// However far its migration came, an old vault opens and holds what it held.
fn check_old(old: &Path, said: &Said, when: &str) {
    if !said.old {
        return;
    }
    let opened = Vault::open(old, &old_passphrase());
    let mut vault = opened.unwrap_or_else(|error| panic!("{when}: {error}"));
    let rows = vault
        .transaction(|txn| txn.scan(MESSAGES, &[], None, Order::Ascending, usize::MAX))
        .unwrap_or_else(|error| panic!("{when}: {error}"));
    assert_eq!(rows.len(), OLD_MESSAGES, "{when}");
    let found = finds_the_entry(&mut vault);
    assert!(found || !said.indexed, "{when}: what was indexed is gone");
    vault
        .transaction(|txn| txn.index(&an_entry()))
        .unwrap_or_else(|error| panic!("{when}: {error}"));
    assert!(finds_the_entry(&mut vault), "{when}");
    vault.close().unwrap();
}

/// A vault that is wiped is whole, or none that anybody could open, and then it goes away.
fn check_doomed(doomed: &Path, said: &Said, when: &str) {
    if !said.doomed {
        return;
    }
    match Vault::open(doomed, &right()) {
        Ok(mut vault) => {
            assert!(!said.wiped, "{when}: it is back");
            assert_eq!(steps(&mut vault), Ok(1), "{when}");
        }
        Err(OpenError::NotFound) => assert!(!Vault::has_traces(doomed), "{when}"),
        Err(error) => panic!("{when}: {error}"),
    }
}

/// The vault in `dir`, if there is one: then exactly one passphrase opens it.
fn open(dir: &Path, when: &str) -> Option<Vault> {
    if !Vault::exists(dir) {
        return None;
    }
    let wrong = Vault::open(dir, &passphrase("another one"));
    assert_eq!(wrong.unwrap_err(), OpenError::WrongPassphrase, "{when}");
    let opened = Vault::open(dir, &right());
    Some(opened.unwrap_or_else(|error| panic!("{when}: {error}")))
}

/// The system calls of a child that does everything; none where `strace` cannot be had.
fn record(root: &Path) -> Option<Vec<Call>> {
    let tape: PathBuf = root.join("tape");
    let traced = Command::new("strace")
        .args(["-f", "-y", "-xx", "-s", "1048576", "-o"])
        .arg(&tape)
        .args(["-e", &format!("trace={}", trace::TRACED)])
        .arg(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "--test-threads=1"])
        .arg("child_does_everything")
        .env(ROOT, root)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    match traced {
        Ok(status) if status.success() => {
            Some(trace::parse(&fs::read_to_string(tape).unwrap(), root))
        }
        other => {
            say(&format!("SKIPPED: strace cannot be used here: {other:?}"));
            None
        }
    }
}

/// A generator for what is torn.
fn chance(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

fn below(rng: &mut ChaCha8Rng, limit: usize) -> usize {
    usize::try_from(rng.next_u64() % (limit as u64).max(1)).unwrap()
}
