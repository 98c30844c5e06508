//! Deleting through the command line, over a relay at 127.0.0.1, and a look into every page
//! of every file of the vault afterwards: product row B7.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of a test: they fail it by panicking"
)]

use std::{fs, path::Path, time::SystemTime};

use aes::{
    Aes256,
    cipher::{BlockCipherDecrypt, KeyInit},
};
use anyhow::{Context as _, Result, ensure};
use hushwing_e2e::{
    person::{Person, Setting, Way},
    relay::{Entrance, Relay},
    stage::{self, Folder},
};
use hushwing_protocol::store::Table;
use hushwing_vault::{Passphrase, Stop, Vault, fuzzing};
use zeroize::Zeroizing;

const MARK: &str = "MARK-of-what-is-deleted";

/// `[HW-DEL-1]` Claim S1.
#[test]
fn what_is_deleted_is_in_no_page_of_any_file_when_it_is_said_to_be() {
    play().unwrap_or_else(|why| panic!("{why:?}"));
}

fn play() -> Result<()> {
    let folder = Folder::temporary()?;
    let (mut relay, _) = Relay::start(folder.path(), Entrance::free_port()?, "info")?;
    let setting = Setting {
        way: Way::Loopback,
        log_level: "trace",
    };
    let mut alice = Person::new("Alice", folder.path(), setting.clone())?;
    let mut bob = Person::new("Bob", folder.path(), setting)?;
    for person in [&mut alice, &mut bob] {
        person.come_online_fully()?;
        person.add_relay(relay.address())?;
    }
    let invite = alice.ask(&["invite", "create", "--name", "Alice"])?;
    let link = invite["link"].as_str().context("a link")?.to_owned();
    bob.redeem(&link, "Bob of the deletion")?;
    let met = alice.wait_for_phase("established")?;
    bob.wait_for_phase("established")?;
    for number in 0..10 {
        let text = format!("{MARK} by Bob {number} {}", "and more ".repeat(number * 20));
        bob.send(&text)?;
        let text = format!(
            "{MARK} by Alice {number} {}",
            "and more ".repeat(number * 20)
        );
        alice.send(&text)?;
        bob.wait_for_delivery(&format!(
            "{MARK} by Bob {number} {}",
            "and more ".repeat(number * 20)
        ))?;
        alice.wait_for_delivery(&text)?;
    }

    // A snapshot holds it too.
    alice.go_offline()?;
    snapshot(&alice)?;
    alice.come_online_fully()?;
    ensure!(
        !found(&alice, b"by Bob 7 ").is_empty(),
        "the reader finds what is there"
    );
    ensure!(snapshots(&alice) == 1, "there is no snapshot");

    let messages = alice.messages()?;
    let seventh = messages
        .iter()
        .find(|message| message.text.contains("by Bob 7 "));
    let id = seventh.context("Bob's seventh message")?.id.clone();
    alice.ask(&["message", "delete", &id])?;
    let left = found(&alice, b"by Bob 7 ");
    ensure!(left.is_empty(), "after the message was deleted: {left:?}");
    ensure!(snapshots(&alice) == 0, "the snapshot is still there");
    ensure!(alice.messages()?.len() == 19, "not one message was deleted");
    ensure!(
        alice.ask(&["message", "show", &id]).is_err(),
        "it is still shown"
    );

    alice.ask(&["contact", "clear", &met.id])?;
    let left = found(&alice, MARK.as_bytes());
    ensure!(left.is_empty(), "after the history was deleted: {left:?}");
    ensure!(alice.messages()?.is_empty(), "there are messages");
    bob.send(&format!("{MARK} once more"))?;
    bob.wait_for_delivery(&format!("{MARK} once more"))?;

    alice.ask(&["contact", "delete", &met.id])?;
    ensure!(alice.contacts()?.is_empty(), "there is a contact");
    let id = data_encoding::HEXLOWER.decode(met.id.as_bytes())?;
    let there = |alice: &Person| -> Vec<String> {
        let marks = [MARK.as_bytes(), &id, b"Bob of the deletion"];
        marks.iter().flat_map(|mark| found(alice, mark)).collect()
    };
    let left = there(&alice);
    ensure!(left.is_empty(), "after the contact was deleted: {left:?}");
    // What he goes on writing is fetched by nobody.
    bob.send(&format!("{MARK} too late"))?;
    bob.wait_for_some(&[format!("{MARK} too late")], "at_relay")?;
    ensure!(alice.contacts()?.is_empty(), "he is back");
    alice.crash()?;
    alice.come_online_fully()?;
    ensure!(alice.contacts()?.is_empty(), "he is back");
    let left = there(&alice);
    ensure!(left.is_empty(), "some time later: {left:?}");

    for person in [&mut alice, &mut bob] {
        person.go_offline()?;
    }
    relay.stop()?;
    stage::require_nobody_left(&folder)
}

fn passphrase(person: &Person) -> Passphrase {
    Passphrase::new(Zeroizing::new(person.passphrase().to_owned())).unwrap()
}

/// Makes a snapshot, as the program does some time after it was started.
fn snapshot(person: &Person) -> Result<()> {
    let mut vault = Vault::open(person.dir(), &passphrase(person))?;
    let without = [0, 2, 3, 4].map(Table);
    let job = vault.begin_snapshot(&without, &Stop::default())?;
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    job.run(now.as_millis().try_into()?)?;
    vault.close()?;
    Ok(())
}

fn snapshots(person: &Person) -> usize {
    let names = fs::read_dir(person.dir()).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name());
    names
        .filter(|name| name.to_string_lossy().starts_with("vault.snapshot"))
        .count()
}

const PAGE: usize = 4096;
const RESERVED: usize = 80;
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// Where these bytes stand: in pages of the database and its log as they are once decrypted, and
/// in all other files as they are. The first ten places.
fn found(person: &Person, what: &[u8]) -> Vec<String> {
    let header = fs::read(person.dir().join("vault.hw")).unwrap();
    let [_, key] = fuzzing::open_keys(&header, &passphrase(person)).unwrap();
    let cipher = Aes256::new((&key).into());
    let mut places = Vec::new();
    search(person.dir(), &mut |path, bytes| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_in = |bytes: &[u8]| bytes.windows(what.len()).any(|window| window == what);
        let pages: Vec<&[u8]> = match name.as_str() {
            "vault.db" => bytes.chunks_exact(PAGE).collect(),
            "vault.db-wal" => bytes
                .get(LOG_HEADER..)
                .unwrap_or_default()
                .chunks_exact(FRAME_HEADER + PAGE)
                .map(|frame| &frame[FRAME_HEADER..])
                .collect(),
            _ => Vec::new(),
        };
        for (number, page) in pages.into_iter().enumerate() {
            // The first page begins with the salt, whose length is that of a block.
            if is_in(&decrypt(&cipher, page)) || is_in(&decrypt(&cipher, &page[16..])) {
                places.push(format!("page {number} of {name}"));
            }
        }
        if is_in(bytes) {
            places.push(name);
        }
    });
    places.truncate(10);
    places
}

fn search(dir: &Path, look: &mut dyn FnMut(&Path, &[u8])) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            search(&path, look);
        } else if let Ok(bytes) = fs::read(&path) {
            look(&path, &bytes);
        }
    }
}

fn decrypt(cipher: &Aes256, page: &[u8]) -> Vec<u8> {
    let (ciphertext, reserved) = page.split_at(page.len() - RESERVED);
    let mut before: [u8; 16] = reserved[..16].try_into().unwrap();
    let mut plaintext = Vec::with_capacity(PAGE);
    for block in ciphertext.chunks_exact(16) {
        let mut out = <[u8; 16]>::try_from(block).unwrap().into();
        cipher.decrypt_block(&mut out);
        plaintext.extend(out.iter().zip(before).map(|(byte, before)| byte ^ before));
        before = block.try_into().unwrap();
    }
    plaintext
}
