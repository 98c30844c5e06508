//! Vaults of every format that was ever released: each opens, holds what it held, and goes on.
//! `[HW-VAULT-8]`
//!
//! A format is a version of the vault's schema. When a release changes it, a vault of the format
//! before is made with the program of before (`HUSHWING_OLD_VAULTS=FOLDER cargo nextest run
//! --run-ignored all -E 'test(make_vaults_of_the_present_format)'`) and kept here for ever.

#![allow(clippy::unwrap_used, reason = "these are tests")]

mod fields;

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use hushwing_engine::{
    Ctx, Engine,
    view::{Command, CommandError, ContactPhase, MessageState, ReadReports, Reply},
};
use hushwing_protocol::store::{MemoryStore, Order, Store as _, StoreError, Table};
use hushwing_testkit::{PersonId, World};
use hushwing_vault::{FORMAT, KdfParams, Passphrase, Vault};
use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;
use tempfile::TempDir;
use zeroize::Zeroizing;

/// Opens every vault that is kept.
const PASSPHRASE: &str = "an old vault's passphrase";

/// The formats of before.
const FORMATS: std::ops::Range<usize> = 1..FORMAT;

/// What was said, in many scripts.
const TEXTS: [&str; 6] = [
    "good morning from an old vault",
    "Größe und Maß",
    "東京都に住んでいます",
    "привет из старого хранилища",
    "صباح الخير",
    "สวัสดีตอนเช้า",
];

fn passphrase() -> Passphrase {
    Passphrase::new(Zeroizing::new(PASSPHRASE.to_owned())).unwrap()
}

fn folder_of(format: usize, strength: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../crates/vault/tests/old")
        .join(format!("{format}-{strength}"))
}

/// A vault that is kept, in a folder of its own.
fn old_vault(format: usize, strength: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in ["vault.hw", "vault.db"] {
        let kept = folder_of(format, strength).join(name);
        fs::copy(&kept, dir.path().join(name)).unwrap();
    }
    dir
}

fn with_engine<T>(
    vault: &mut Vault,
    step: impl FnOnce(&mut Engine, &mut Ctx<'_>) -> Result<T, CommandError>,
) -> T {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let done = vault.transaction(|txn| {
        let mut ctx = Ctx {
            store: txn,
            rng: &mut rng,
            now_ms: 1_800_000_600_000,
        };
        let mut engine = Engine::resume(&mut ctx, false).map_err(CommandError::from)?;
        step(&mut engine, &mut ctx)
    });
    done.unwrap()
}

#[test]
fn a_vault_of_each_released_format_opens_and_goes_on() {
    for format in FORMATS {
        for strength in ["sound", "weak"] {
            let dir = old_vault(format, strength);
            let mut vault = Vault::open(dir.path(), &passphrase()).unwrap();
            assert_eq!(vault.is_dangerously_weak(), strength == "weak");
            let contact = with_engine(&mut vault, |engine, ctx| {
                let Reply::Contacts { contacts } = engine.command(ctx, Command::Contacts)? else {
                    panic!("contacts were asked for");
                };
                Ok(contacts.into_iter().next().unwrap())
            });
            assert_eq!(contact.phase, ContactPhase::Established);
            assert_eq!(contact.name, "the redeemer");
            let read = Command::Read {
                contact: contact.id.clone(),
                limit: 100,
                after: None,
                before: None,
            };
            let messages = with_engine(&mut vault, |engine, ctx| engine.command(ctx, read));
            let Reply::Messages { messages } = messages else {
                panic!("messages were asked for");
            };
            let texts: Vec<_> = messages.iter().map(|message| &message.text[..]).collect();
            assert_eq!(texts[..6], TEXTS);
            assert!(!matches!(messages[6].state, MessageState::Delivered));
            // Its texts are found as soon as they were taken into the index.
            with_engine(&mut vault, |engine, ctx| {
                for _ in 0..3 {
                    engine.tick(ctx).map_err(CommandError::from)?;
                }
                Ok(())
            });
            for (query, text) in [
                ("хранилищ", TEXTS[3]),
                ("京都", TEXTS[2]),
                ("grosse", TEXTS[1]),
            ] {
                let search = Command::Search {
                    text: query.to_owned(),
                    contact: Some(contact.id.clone()),
                    since_ms: None,
                    before_ms: None,
                    limit: 10,
                    after: None,
                };
                let found = with_engine(&mut vault, |engine, ctx| engine.command(ctx, search));
                let Reply::Found {
                    found, complete, ..
                } = found
                else {
                    panic!("something was looked for");
                };
                assert!(complete);
                assert_eq!(found.len(), 1, "{query}");
                assert_eq!(found[0].message.text, text);
            }
            let send = Command::Send {
                contact: contact.id,
                text: "and on".to_owned(),
            };
            with_engine(&mut vault, |engine, ctx| engine.command(ctx, send));
            vault.close().unwrap();
            // Once it is of the present format it stays so.
            let vault = Vault::open(dir.path(), &passphrase()).unwrap();
            vault.close().unwrap();
        }
    }
}

/// Alice and Bob have talked; her last message is on its way, and an invite is open.
fn a_vaults_worth() -> World {
    let mut world = World::new(1, 2, 2);
    let (alice, bob) = (world.person(0), world.person(1));
    let settings = Command::Settings {
        read_reports: Some(ReadReports::On),
        relays_told: None,
        lock_after_minutes: None,
    };
    world.call(alice, settings);
    let (to_bob, to_alice) = world.meet(alice, bob);
    for (number, text) in TEXTS.iter().enumerate() {
        if number % 2 == 0 {
            world.send(alice, &to_bob, text);
        } else {
            world.send(bob, &to_alice, text);
        }
        world.run_for(60_000);
    }
    world.invite(alice);
    world.direct_works = false;
    for number in 0..world.relays() {
        world.relay(number).up = false;
    }
    world.send(alice, &to_bob, "on its way");
    world
}

fn fill(vault: &mut Vault, store: &MemoryStore) {
    let filled = vault.transaction(|txn| {
        for table in (0..=u8::MAX).map(Table) {
            for (key, value) in store.scan(table, &[], None, Order::Ascending, usize::MAX)? {
                txn.put(table, &key, &value)?;
            }
        }
        Ok::<_, StoreError>(())
    });
    filled.unwrap();
}

#[test]
#[ignore = "makes what is kept, with the program of a release"]
fn make_vaults_of_the_present_format() {
    let Some(folder) = env::var_os("HUSHWING_OLD_VAULTS") else {
        return;
    };
    let world = a_vaults_worth();
    let alice: PersonId = world.person(0);
    for (strength, params) in [
        ("sound", KdfParams::FLOOR),
        ("weak", KdfParams::dangerously_weak_for_tests()),
    ] {
        let dir = Path::new(&folder).join(strength);
        let mut vault = Vault::create(&dir, &passphrase(), params).unwrap();
        fill(&mut vault, world.store(alice));
        vault.close().unwrap();
        fs::remove_file(dir.join("vault.lock")).unwrap();
    }
}
