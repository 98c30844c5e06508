//! P10 and P11: opening an account and searching in it, with ten thousand, a hundred
//! thousand and a million messages. Opening is set against Argon2id alone at the same
//! parameters, searching against a bare FTS5 table of the same texts, with the same
//! beginnings of words in its index, without encryption.

use std::{fmt::Write as _, time::Instant};

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use hushwing_benches::{Row, publish, say};
use hushwing_engine::{
    CONTACTS, Ctx, Engine, MESSAGES,
    view::{Command, CommandError, Reply},
};
use hushwing_protocol::store::{
    Entry, MemoryStore, Order, Store, StoreError, Table, guard, guarded,
};
use hushwing_testkit::World;
use hushwing_vault::{KdfParams, Passphrase, Vault};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng as _, SeedableRng as _},
};
use rusqlite::Connection;
use zeroize::Zeroizing;

/// Searching in a long history, against bare FTS5; and opening it.
#[derive(Parser)]
struct Args {
    /// The greatest number of messages; a tenth and a hundredth of it are measured as well
    #[arg(long, default_value_t = 1_000_000)]
    messages: u64,
}

/// Words that people use, and letters of one.
const VOCABULARY: usize = 20_000;
const SEARCHES: usize = 300;
const PAGE: u32 = 20;
/// Ours may take so many times what the bare index takes.
const GOAL: f64 = 1.5;
/// What opening may take beyond the derivation of its key, in milliseconds.
const OPENING_MS: f64 = 150.0;
/// What 99 of 100 searches, and of 100 pages, may take, in milliseconds.
const SLOW_MS: f64 = 50.0;
const NOW_MS: u64 = 1_800_000_000_000;

fn main() -> Result<()> {
    let args = Args::parse();
    let mut rows = Vec::new();
    let mut history = History::begin()?;
    let mut smallest = None;
    for size in [args.messages / 100, args.messages / 10, args.messages] {
        history.grow(size)?;
        rows.extend(history.opening()?);
        rows.extend(history.searching(&mut smallest)?);
        rows.push(history.paging()?);
    }
    publish("p11", &rows)
}

/// One history in a vault, and the same texts in a bare index.
struct History {
    dir: tempfile::TempDir,
    vault: Option<Vault>,
    bare: Connection,
    words: Vec<String>,
    rng: ChaCha8Rng,
    contact: Vec<u8>,
    template: Vec<u8>,
    size: u64,
}

fn passphrase() -> Result<Passphrase> {
    Passphrase::new(Zeroizing::new("a passphrase for measuring".to_owned()))
        .map_err(|error| anyhow::anyhow!("{error}"))
}

impl History {
    /// An account with one contact and one message, as the engine makes them.
    fn begin() -> Result<Self> {
        let mut world = World::new(1, 2, 1);
        let (alice, bob) = (world.person(0), world.person(1));
        let (to_bob, _) = world.meet(alice, bob);
        world.send(alice, &to_bob, "TEMPLATE");
        world.run_for(60_000);
        let dir = tempfile::tempdir()?;
        let mut vault = Vault::create(&dir.path().join("vault"), &passphrase()?, KdfParams::FLOOR)?;
        let store: &MemoryStore = world.store(alice);
        let filled = vault.transaction(|txn| {
            for table in (0..=u8::MAX).map(Table) {
                for (key, value) in store.scan(table, &[], None, Order::Ascending, usize::MAX)? {
                    txn.put(table, &key, &value)?;
                }
            }
            txn.set_index_whole()
        });
        filled?;
        let contact = store.scan(CONTACTS, &[], None, Order::Ascending, 1)?;
        let message = store.scan(MESSAGES, &[], None, Order::Ascending, 1)?;
        let (contact, _) = contact.into_iter().next().context("a contact")?;
        let (key, value) = message.into_iter().next().context("a message")?;
        let template = guarded(MESSAGES, &key, &value, "a message")?.to_vec();
        let bare = Connection::open(dir.path().join("bare.db"))?;
        bare.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA cache_size = -4096;
             CREATE TABLE texts (id INTEGER PRIMARY KEY, words TEXT NOT NULL);
             CREATE VIRTUAL TABLE found USING fts5(
                 words, content = 'texts', content_rowid = 'id', tokenize = 'ascii',
                 columnsize = 0, prefix = '3 4 5 6 7 8 9 10');",
        )?;
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let words = (0..VOCABULARY).map(|_| word(&mut rng)).collect();
        Ok(Self {
            dir,
            vault: Some(vault),
            bare,
            words,
            rng,
            contact,
            template,
            size: 0,
        })
    }

    fn vault(&mut self) -> Result<&mut Vault> {
        self.vault.as_mut().context("the vault is open")
    }

    /// Words come as in languages: the n-th as often as 1/n.
    fn any_word(&mut self) -> String {
        // Half of all words are of the first few hundred.
        let bits = 64 - u64::from(u16::MAX).leading_zeros();
        let room = u64::from(self.rng.next_u32()) % u64::from(bits);
        let below = 1_u64 << room.min(14);
        let rank = below - 1 + u64::from(self.rng.next_u32()) % below;
        let rank = usize::try_from(rank).unwrap_or(0);
        self.words[rank % self.words.len()].clone()
    }

    fn text(&mut self) -> String {
        let count = 3 + self.rng.next_u32() % 16;
        let words: Vec<String> = (0..count).map(|_| self.any_word()).collect();
        words.join(" ")
    }

    /// The row of a message as the engine would have written it, with this text.
    fn message(&self, key: &[u8], text: &str) -> Result<Vec<u8>> {
        let mark = [b"\x68".as_slice(), b"TEMPLATE"].concat();
        let at = self
            .template
            .windows(mark.len())
            .position(|window| window == mark)
            .context("the text of the template")?;
        let mut row = self.template[..at].to_vec();
        match u8::try_from(text.len()) {
            Ok(len @ 0..24) => row.push(0x60 + len),
            Ok(len) => row.extend([0x78, len]),
            Err(_) => bail!("a text of this length is not made here"),
        }
        row.extend(text.as_bytes());
        row.extend(&self.template[at + mark.len()..]);
        guard(MESSAGES, key, &mut row);
        Ok(row)
    }

    fn grow(&mut self, size: u64) -> Result<()> {
        let began = Instant::now();
        while self.size < size {
            let to = (self.size + 2_000).min(size);
            let mut page = Vec::new();
            for number in self.size + 10..to + 10 {
                let mut text = self.text();
                text.truncate(250);
                let key = [self.contact.as_slice(), &number.to_be_bytes()].concat();
                let row = self.message(&key, &text)?;
                page.push((number, key, row, text));
            }
            let contact = self.contact.clone();
            let stored = self.vault()?.transaction(|txn| {
                for (number, key, row, text) in &page {
                    txn.put(MESSAGES, key, row)?;
                    txn.index(&Entry {
                        key,
                        scope: &contact,
                        at_ms: NOW_MS + number * 60_000,
                        words: text,
                    })?;
                }
                Ok::<_, StoreError>(())
            });
            stored?;
            let bare = self.bare.transaction()?;
            for (number, _, _, text) in &page {
                let id = i64::try_from(*number)?;
                bare.prepare_cached("INSERT INTO texts VALUES (?1, ?2)")?
                    .execute((id, text))?;
                bare.prepare_cached("INSERT INTO found (rowid, words) VALUES (?1, ?2)")?
                    .execute((id, text))?;
            }
            bare.commit()?;
            self.size = to;
        }
        say(&format!(
            "{size} messages after {:.0} s",
            began.elapsed().as_secs_f64()
        ));
        Ok(())
    }

    fn opening(&mut self) -> Result<Vec<Row>> {
        let mut ours = Vec::new();
        let mut alone = Vec::new();
        for _ in 0..5 {
            self.vault.take().context("the vault is open")?.close()?;
            // A vault that holds nothing: the same derivation.
            let empty = self.dir.path().join("empty");
            if !Vault::exists(&empty) {
                Vault::create(&empty, &passphrase()?, KdfParams::FLOOR)?.close()?;
            }
            let began = Instant::now();
            drop(Vault::open(&empty, &passphrase()?)?);
            alone.push(began.elapsed().as_secs_f64() * 1e3);
            let began = Instant::now();
            let mut vault = Vault::open(&self.dir.path().join("vault"), &passphrase()?)?;
            with_engine(&mut vault, |_, _| Ok(()))?;
            ours.push(began.elapsed().as_secs_f64() * 1e3);
            self.vault = Some(vault);
        }
        let row = Row::of_samples(
            format!("P10/{}", self.size),
            format!(
                "an account with {} messages is open and its engine is up",
                self.size
            ),
            "an empty vault is open, which is Argon2id at the same parameters",
            (&ours, &alone, "ms"),
            f64::MAX,
        )?;
        let [opened, derived] = [&ours, &alone].map(|samples| {
            let mut sorted = samples.clone();
            sorted.sort_by(f64::total_cmp);
            sorted[sorted.len() / 2]
        });
        let more = Row::new(
            format!("P10/{}/more", self.size),
            "the same, beyond the derivation alone",
            "what it may be",
            (opened - derived, OPENING_MS, "ms"),
            1.0,
        );
        Ok(vec![row, more])
    }

    fn searching(&mut self, smallest: &mut Option<f64>) -> Result<Vec<Row>> {
        let mut rows = Vec::new();
        for (kind, goal) in [("word", GOAL), ("two", GOAL), ("begins", GOAL)] {
            let queries: Vec<String> = (0..SEARCHES).map(|_| self.query(kind)).collect();
            let mut ours = Vec::new();
            let mut bare = Vec::new();
            let size = self.size;
            let vault = self.vault.as_mut().context("the vault is open")?;
            let mut rng = ChaCha8Rng::seed_from_u64(12);
            let now_ms = NOW_MS + size * 60_000;
            let mut engine = vault.transaction(|txn| {
                let mut ctx = Ctx {
                    store: txn,
                    rng: &mut rng,
                    now_ms,
                };
                Engine::resume(&mut ctx, false)
            })?;
            for query in &queries {
                let began = Instant::now();
                let found = vault.transaction(|txn| {
                    let mut ctx = Ctx {
                        store: txn,
                        rng: &mut rng,
                        now_ms,
                    };
                    engine.command(&mut ctx, looking(query))
                });
                ours.push(began.elapsed().as_secs_f64() * 1e3);
                let Ok(Reply::Found { found, .. }) = found else {
                    bail!("a search failed");
                };
                let began = Instant::now();
                let theirs = bare_search(&self.bare, query)?;
                bare.push(began.elapsed().as_secs_f64() * 1e3);
                if found.len() != theirs {
                    bail!(
                        "{query:?}: {} found, {theirs} by the bare index",
                        found.len()
                    );
                }
            }
            let [slow, bare_slow] = [&ours, &bare].map(|samples| {
                let mut sorted = samples.clone();
                sorted.sort_by(f64::total_cmp);
                sorted[sorted.len() * 99 / 100]
            });
            if kind == "word" {
                let first = *smallest.get_or_insert(slow);
                say(&format!(
                    "99 of 100 within {slow:.2} ms, {:.2} x of the smallest",
                    slow / first
                ));
            }
            rows.push(Row::of_samples(
                format!("P11/{size}/{kind}"),
                format!("search in {size} messages, {kind}: the newest {PAGE}"),
                "bare FTS5 of the same texts with the same beginnings, not encrypted",
                (&ours, &bare, "ms"),
                goal,
            )?);
            rows.push(Row::new(
                format!("P11/{size}/{kind}/p99"),
                format!("the same, the slowest of 99 in 100 (of the bare index {bare_slow:.1} ms)"),
                "what it may be",
                (slow, SLOW_MS, "ms"),
                1.0,
            ));
        }
        Ok(rows)
    }

    /// Pages of the history from anywhere, as somebody reads who drags its bar about.
    fn paging(&mut self) -> Result<Row> {
        let mut rng = ChaCha8Rng::seed_from_u64(14);
        let contact = hex(&self.contact);
        let size = self.size;
        let vault = self.vault()?;
        let mut engine = vault.transaction(|txn| {
            let mut ctx = Ctx {
                store: txn,
                rng: &mut rng,
                now_ms: NOW_MS,
            };
            Engine::resume(&mut ctx, false)
        })?;
        let mut samples = Vec::new();
        for _ in 0..SEARCHES {
            let before = 60 + rng.next_u64() % (size - 60);
            let command = Command::Read {
                contact: contact.clone(),
                limit: 50,
                after: None,
                before: Some(before),
            };
            let began = Instant::now();
            let page = vault.transaction(|txn| {
                let mut ctx = Ctx {
                    store: txn,
                    rng: &mut rng,
                    now_ms: NOW_MS,
                };
                engine.command(&mut ctx, command)
            });
            samples.push(began.elapsed().as_secs_f64() * 1e3);
            match page {
                Ok(Reply::Messages { messages }) if messages.len() == 50 => {}
                Ok(other) => bail!("a page of 50 was asked for: {other:?}"),
                Err(error) => bail!("a page failed: {error}"),
            }
        }
        samples.sort_by(f64::total_cmp);
        let slow = samples[samples.len() * 99 / 100];
        Ok(Row::new(
            format!("P11/{size}/page/p99"),
            format!("a page of 50 messages from anywhere in {size}, the slowest of 99 in 100"),
            "what it may be",
            (slow, SLOW_MS, "ms"),
            1.0,
        ))
    }

    fn query(&mut self, kind: &str) -> String {
        let mut query = self.any_word();
        match kind {
            "two" => {
                let _ = write!(query, " {}", self.any_word());
            }
            "begins" => query.truncate(4),
            _ => {}
        }
        query
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn looking(query: &str) -> Command {
    Command::Search {
        text: query.to_owned(),
        contact: None,
        since_ms: None,
        before_ms: None,
        limit: PAGE,
        after: None,
    }
}

fn bare_search(bare: &Connection, query: &str) -> Result<usize> {
    let words = query.split(' ').map(|word| {
        if word.len() >= 3 {
            format!("\"{word}\" *")
        } else {
            format!("\"{word}\"")
        }
    });
    let expression = words.collect::<Vec<_>>().join(" AND ");
    let mut statement = bare.prepare_cached(
        "SELECT texts.words FROM found JOIN texts ON texts.id = found.rowid
         WHERE found MATCH ?1 ORDER BY found.rowid DESC LIMIT ?2",
    )?;
    let rows = statement.query_map((expression, PAGE), |row| row.get::<_, String>(0))?;
    let texts = rows.collect::<Result<Vec<_>, _>>()?;
    Ok(texts.len())
}

fn with_engine<T>(
    vault: &mut Vault,
    step: impl FnOnce(&mut Engine, &mut Ctx<'_>) -> Result<T, CommandError>,
) -> Result<T> {
    let mut rng = ChaCha8Rng::seed_from_u64(13);
    let done = vault.transaction(|txn| {
        let mut ctx = Ctx {
            store: txn,
            rng: &mut rng,
            now_ms: NOW_MS,
        };
        let mut engine = Engine::resume(&mut ctx, false).map_err(CommandError::from)?;
        step(&mut engine, &mut ctx)
    });
    done.map_err(|error| anyhow::anyhow!("{}", error.message))
}

fn word(rng: &mut ChaCha8Rng) -> String {
    let len = 2 + rng.next_u32() % 9;
    (0..len)
        .map(|_| char::from(b'a' + u8::try_from(rng.next_u32() % 26).unwrap_or(0)))
        .collect()
}
