//! Two people of ours, each with an encrypted vault on the disk.

use anyhow::{Context as _, Result, ensure};
use hushwing_protocol::{
    Content, ConversationId, Ctx, DirectKeys, Happening, Me, NewInvite, Opened, Outgoing,
    RequestSlot, Sealed, accept, create_invite, open, redeem, seal,
    store::{StoreError, Table},
};
use hushwing_vault::{KdfParams, Passphrase, Vault};
use hushwing_wire::{RelayAddress, Routes, ServerKeyPin};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};
use tempfile::TempDir;
use zeroize::Zeroizing;

const NOW_MS: u64 = 1_790_000_000_000;
const EXPIRES_AT_MIN: u32 = 29_840_000;

/// A table of the engine's: other rows lie beside those of the conversation.
const OTHER_ROWS: Table = Table(60);

/// Bytes of one of the other rows: about that of a message.
const OTHER_ROW_LEN: usize = 400;

/// Boxes after which the reader answers; fewer than may be unacknowledged.
const ANSWER_EVERY: usize = 200;

struct Person {
    vault: Vault,
    rng: ChaCha20Rng,
    conversation: ConversationId,
    _folder: TempDir,
}

/// A failed step, whatever it says.
struct Failed(String);

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Self(error.to_string())
    }
}

impl Person {
    fn new(seed: u64) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let passphrase = Passphrase::new(Zeroizing::new("for measuring".to_owned()))
            .ok()
            .context("a passphrase")?;
        // A weak vault leaves its memory unlocked; what is measured must not.
        let params = KdfParams::FLOOR;
        Ok(Self {
            vault: Vault::create(folder.path(), &passphrase, params)?,
            rng: ChaCha20Rng::seed_from_u64(seed),
            conversation: ConversationId::new([0; 32]),
            _folder: folder,
        })
    }

    /// One step in one transaction.
    fn step<T, E: ToString>(
        &mut self,
        work: impl FnOnce(&mut Ctx<'_>, &ConversationId) -> Result<T, E>,
    ) -> Result<T> {
        let Self {
            vault,
            rng,
            conversation,
            ..
        } = self;
        let result: Result<T, Failed> = vault.transaction(|txn| {
            let mut ctx = Ctx {
                store: txn,
                rng,
                now_ms: NOW_MS,
            };
            work(&mut ctx, conversation).map_err(|error| Failed(error.to_string()))
        });
        result.map_err(|Failed(why)| anyhow::anyhow!(why))
    }

    fn seal(&mut self, what: Outgoing<'_>) -> Result<Sealed> {
        self.step(|ctx, id| seal(ctx, id, what))
    }

    fn open(&mut self, sealed: &Sealed) -> Result<Opened> {
        self.step(|ctx, id| open(ctx, id, &sealed.slot, &sealed.boxed))
    }
}

/// A writer and a reader, established.
pub struct Pair {
    writer: Person,
    reader: Person,
    unanswered: usize,
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pair(..)")
    }
}

impl Pair {
    /// Two people who have just met.
    ///
    /// # Errors
    /// When the machine or the program fails.
    pub fn new() -> Result<Self> {
        let (mut alice, mut bob) = (Person::new(1)?, Person::new(2)?);
        let direct = DirectKeys::generate(&mut alice.rng);
        let new = NewInvite {
            relays: vec![relay(1)?],
            card_name: "Alice".into(),
            routes: routes(&direct)?,
            direct,
            expires_at_min: EXPIRES_AT_MIN,
        };
        let created = alice.step(|ctx, _| create_invite(ctx, new))?;
        let direct = DirectKeys::generate(&mut bob.rng);
        let me = Me {
            name: "Bob".into(),
            routes: routes(&direct)?,
            direct,
        };
        let redeemed = bob.step(|ctx, _| redeem(ctx, &created.link, &created.bundle_box, me))?;
        bob.conversation = redeemed.conversation;
        let (which, request) = (RequestSlot::First, &redeemed.request[0].1);
        let accepted = alice.step(|ctx, _| accept(ctx, &created.invite, which, request))?;
        alice.conversation = accepted.conversation;
        let mut pair = Self {
            writer: alice,
            reader: bob,
            unanswered: 0,
        };
        let first = pair.writer.seal(Outgoing::Nothing)?;
        pair.reader.open(&first)?;
        pair.answer()?;
        Ok(pair)
    }

    /// Passes one text: sealed in a transaction of the writer's vault, opened in
    /// one of the reader's.
    ///
    /// # Errors
    /// When a step fails, or another text comes out.
    pub fn pass(&mut self, text: &str) -> Result<()> {
        let sealed = self.writer.seal(Outgoing::Text(text))?;
        let opened = self.reader.open(&sealed)?;
        let arrived = opened.happenings.iter().any(|happening| {
            matches!(happening, Happening::Content { content: Content::Text(read), .. } if read == text)
        });
        ensure!(arrived, "the text did not arrive");
        self.unanswered += 1;
        Ok(())
    }

    /// The reader answers and the writer begins its next turn: what lies between
    /// two runs of texts. The next text carries no new commit.
    ///
    /// # Errors
    /// When a step fails.
    pub fn answer(&mut self) -> Result<()> {
        let answer = self.reader.seal(Outgoing::Nothing)?;
        self.writer.open(&answer)?;
        let turn = self.writer.seal(Outgoing::Nothing)?;
        self.reader.open(&turn)?;
        self.unanswered = 0;
        Ok(())
    }

    /// Passes a text in each direction, each with a commit: the dearest turn.
    ///
    /// # Errors
    /// When a step fails.
    pub fn turn(&mut self, text: &str) -> Result<()> {
        let there = self.writer.seal(Outgoing::Text(text))?;
        self.reader.open(&there)?;
        let back = self.reader.seal(Outgoing::Text(text))?;
        self.writer.open(&back)?;
        Ok(())
    }

    /// Passes `messages` texts, answered now and then, and lays `rows` other rows
    /// into both vaults.
    ///
    /// # Errors
    /// When a step fails.
    pub fn grow(&mut self, messages: usize, rows: usize, text: &str) -> Result<()> {
        for _ in 0..messages {
            self.pass(text)?;
            if self.unanswered >= ANSWER_EVERY {
                self.answer()?;
            }
        }
        self.answer()?;
        for person in [&mut self.writer, &mut self.reader] {
            person.step(|ctx, _| {
                let (mut key, mut value) = ([0; 16], vec![0; OTHER_ROW_LEN]);
                for _ in 0..rows {
                    ctx.rng.fill_bytes(&mut key);
                    ctx.rng.fill_bytes(&mut value);
                    ctx.store.put(OTHER_ROWS, &key, &value)?;
                }
                Ok::<_, StoreError>(())
            })?;
        }
        Ok(())
    }
}

fn relay(number: u8) -> Result<RelayAddress> {
    Ok(RelayAddress {
        endpoint: format!("127.0.0.1:{number}").parse()?,
        pin: ServerKeyPin::new([number; 32]),
        access: None,
    })
}

fn routes(direct: &DirectKeys) -> Result<Routes> {
    Ok(Routes {
        relays: vec![relay(1)?],
        direct: Some(direct.address()),
    })
}
