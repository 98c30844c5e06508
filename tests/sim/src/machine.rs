//! A person's machine: a real vault on a disk, the engine on it, a clock that
//! may be wrong, and a plug that can be pulled.

use std::{cell::Cell, collections::BTreeMap, fs, path::PathBuf};

use hushwing_engine::{
    ContactId, Ctx, Engine, Isolation, Transmit, Wait,
    view::{Command, CommandError, ErrorCode, Event, NetworkView, Reply},
};
use hushwing_protocol::{DirectKeys, store::StoreError};
use hushwing_vault::{KdfParams, Passphrase, Vault};
use hushwing_wire::{RelayAddress, Slot};
use rand_chacha::ChaCha20Rng;
use zeroize::Zeroizing;

use crate::gate::Gate;

/// What happens to the machine in a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Power {
    /// Nothing.
    Stays,
    /// It goes off at the write with this number; if the step has fewer, right
    /// after its commit and before anything leaves.
    LostAtWrite(u32),
    /// It goes off when so many transmissions have left.
    LostAfterSending(usize),
    /// The disk fails at the write with this number, and works again after.
    DiskFailsAtWrite(u32),
}

/// Why a step has no result.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The machine is off.
    PowerLost,
    /// The step was rolled back; the engine has been made anew.
    DiskFailed,
    /// It broke although nothing was broken.
    Defect(String),
}

/// Where a wait is.
pub(crate) type WaitKey = (RelayAddress, Isolation);

/// One wait at a relay.
pub(crate) struct Waiting {
    pub(crate) slots: Vec<Slot>,
    /// Grows with each change; what belongs to an earlier one is void.
    pub(crate) version: u64,
    /// Failures in a row.
    pub(crate) failures: u32,
    /// A question is on its way or lies at the relay.
    pub(crate) asked: bool,
}

/// A person's machine.
pub(crate) struct Machine {
    dir: PathBuf,
    vault: Option<Vault>,
    engine: Option<Engine>,
    rng: ChaCha20Rng,
    /// Programs started so far; what belongs to an earlier one is void.
    pub(crate) life: u64,
    /// Engines made so far; outcomes for an earlier one are void.
    pub(crate) engines: u64,
    skew_ms: i64,
    pub(crate) has_tor: bool,
    pub(crate) asleep_until_ms: Option<u64>,
    pub(crate) waits: BTreeMap<WaitKey, Waiting>,
    wait_versions: u64,
    /// Addresses of the onion services that are up.
    pub(crate) listeners: BTreeMap<ContactId, (u32, RelayAddress)>,
    pub(crate) warnings: Vec<String>,
    pub(crate) backup: Option<Backup>,
}

/// A copy of the vault's files.
#[derive(Clone)]
pub(crate) struct Backup {
    files: Vec<(&'static str, Vec<u8>)>,
    pub(crate) made_at_ms: u64,
}

const FILES: [&str; 2] = ["vault.hw", "vault.db"];

impl Machine {
    /// A new machine with an empty vault; its program runs.
    pub(crate) fn new(dir: PathBuf, rng: ChaCha20Rng, now_ms: u64) -> anyhow::Result<Self> {
        let vault = Vault::create(&dir, &passphrase(), KdfParams::dangerously_weak_for_tests())?;
        let mut machine = Self {
            dir,
            vault: Some(vault),
            engine: None,
            rng,
            life: 0,
            engines: 0,
            skew_ms: 0,
            has_tor: true,
            asleep_until_ms: None,
            waits: BTreeMap::new(),
            wait_versions: 0,
            listeners: BTreeMap::new(),
            warnings: Vec::new(),
            backup: None,
        };
        machine.life += 1;
        machine.make_engine(now_ms)?;
        Ok(machine)
    }

    /// Whether the program runs.
    pub(crate) fn runs(&self) -> bool {
        self.engine.is_some()
    }

    /// Whether it runs and the machine is not asleep.
    pub(crate) fn is_awake(&self) -> bool {
        self.runs() && self.asleep_until_ms.is_none()
    }

    /// What the machine's clock shows.
    pub(crate) fn local_ms(&self, now_ms: u64) -> u64 {
        now_ms.saturating_add_signed(self.skew_ms)
    }

    pub(crate) fn set_clock(&mut self, skew_ms: i64) {
        self.skew_ms = skew_ms;
    }

    /// True time of the engine's next wish to be woken.
    pub(crate) fn wake_at_ms(&self) -> Option<u64> {
        let local = self.engine.as_ref()?.wake_at_ms()?;
        Some(local.saturating_add_signed(-self.skew_ms))
    }

    /// Ends the program at once.
    pub(crate) fn cut_power(&mut self) {
        self.engine = None;
        self.vault = None;
        self.waits.clear();
        self.listeners.clear();
        self.asleep_until_ms = None;
    }

    /// Starts the program.
    pub(crate) fn start(&mut self, now_ms: u64) -> anyhow::Result<()> {
        self.vault = Some(Vault::open(&self.dir, &passphrase())?);
        self.life += 1;
        self.make_engine(now_ms)
    }

    fn make_engine(&mut self, now_ms: u64) -> anyhow::Result<()> {
        let now_ms = self.local_ms(now_ms);
        let rng = &mut self.rng;
        let vault = self
            .vault
            .as_mut()
            .expect("a started program has its vault");
        let engine = vault.transaction(|txn| {
            let mut ctx = Ctx {
                store: txn,
                rng,
                now_ms,
            };
            Engine::resume(&mut ctx, false)
        })?;
        self.engine = Some(engine);
        self.engines += 1;
        Ok(())
    }

    /// What the engine is told when it begins.
    pub(crate) fn network(&self) -> NetworkView {
        if self.has_tor {
            NetworkView::Ready
        } else {
            NetworkView::Blocked {
                reason: "Tor cannot be reached.".to_owned(),
            }
        }
    }

    /// Runs one step in one transaction of the vault.
    pub(crate) fn step<T>(
        &mut self,
        now_ms: u64,
        power: Power,
        step: impl FnOnce(&mut Engine, &mut Ctx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, Broken> {
        let (result, tripped) = self.transact(now_ms, power, step);
        match result {
            _ if matches!(power, Power::LostAtWrite(_)) => {
                self.cut_power();
                Err(Broken::PowerLost)
            }
            Ok(value) => Ok(value),
            Err(_) if tripped => self.recover(now_ms),
            Err(error) => Err(Broken::Defect(format!("a step failed: {error}"))),
        }
    }

    /// Runs a command in one transaction of the vault.
    pub(crate) fn command(
        &mut self,
        now_ms: u64,
        power: Power,
        command: Command,
    ) -> Result<Result<Reply, CommandError>, Broken> {
        let (result, tripped) =
            self.transact(now_ms, power, |engine, ctx| engine.command(ctx, command));
        match result {
            _ if matches!(power, Power::LostAtWrite(_)) => {
                self.cut_power();
                Err(Broken::PowerLost)
            }
            Err(_) if tripped => self.recover(now_ms),
            Err(error) if error.code == ErrorCode::Machine => {
                Err(Broken::Defect(format!("a command failed: {error}")))
            }
            other => Ok(other),
        }
    }

    fn transact<T, E: From<StoreError>>(
        &mut self,
        now_ms: u64,
        power: Power,
        step: impl FnOnce(&mut Engine, &mut Ctx<'_>) -> Result<T, E>,
    ) -> (Result<T, E>, bool) {
        let now_ms = self.local_ms(now_ms);
        let writes = match power {
            Power::LostAtWrite(writes) | Power::DiskFailsAtWrite(writes) => Some(writes),
            Power::Stays | Power::LostAfterSending(_) => None,
        };
        let tripped = Cell::new(false);
        let vault = self
            .vault
            .as_mut()
            .expect("a running program has its vault");
        let engine = self
            .engine
            .as_mut()
            .expect("steps are for running programs");
        let rng = &mut self.rng;
        let result = vault.transaction(|txn| {
            let gate = Gate::new(txn, writes, &tripped);
            let mut ctx = Ctx {
                store: &gate,
                rng,
                now_ms,
            };
            let value = step(engine, &mut ctx)?;
            // A step must not go on past a write that failed.
            if tripped.get() {
                return Err(StoreError::Medium("a failed write was passed over".to_owned()).into());
            }
            Ok(value)
        });
        (result, tripped.get())
    }

    /// After a failed write, as the driver does it: a new engine from the vault.
    fn recover<T>(&mut self, now_ms: u64) -> Result<T, Broken> {
        self.make_engine(now_ms).map_err(|error| {
            Broken::Defect(format!("the engine could not be made anew: {error}"))
        })?;
        Err(Broken::DiskFailed)
    }

    /// What the engine wants to send, in order.
    pub(crate) fn take_transmits(&mut self) -> Vec<Transmit> {
        let mut transmits = Vec::new();
        if let Some(engine) = self.engine.as_mut() {
            while let Some(transmit) = engine.poll_transmit() {
                transmits.push(transmit);
            }
        }
        transmits
    }

    pub(crate) fn take_events(&mut self) {
        if let Some(engine) = self.engine.as_mut() {
            while let Some(event) = engine.poll_event() {
                if let Event::Warning { text } = event {
                    self.warnings.push(text);
                }
            }
        }
    }

    /// Brings the waits up to what the engine wants; gives those that are new
    /// or changed.
    pub(crate) fn sync_waits(&mut self) -> Vec<(WaitKey, u64)> {
        let wanted = self.engine.as_ref().map_or_else(Vec::new, Engine::waits);
        let keys: Vec<WaitKey> = wanted.iter().map(key_of).collect();
        self.waits.retain(|key, _| keys.contains(key));
        let mut changed = Vec::new();
        for (wait, key) in wanted.into_iter().zip(keys) {
            let known = self.waits.get(&key);
            if known.is_some_and(|known| known.slots == wait.slots) {
                continue;
            }
            let failures = known.map_or(0, |known| known.failures);
            self.wait_versions += 1;
            let waiting = Waiting {
                slots: wait.slots,
                version: self.wait_versions,
                failures,
                asked: false,
            };
            self.waits.insert(key.clone(), waiting);
            changed.push((key, self.wait_versions));
        }
        changed
    }

    /// Brings the addresses of the onion services up to what the engine wants.
    pub(crate) fn sync_listeners(&mut self, now_ms: u64) -> Result<(), StoreError> {
        let now_ms = self.local_ms(now_ms);
        let (Some(engine), Some(vault)) = (self.engine.as_ref(), self.vault.as_mut()) else {
            return Ok(());
        };
        let wanted = engine.listening();
        self.listeners
            .retain(|contact, (keys, _)| wanted.get(contact) == Some(keys));
        for (contact, number) in wanted {
            if self.listeners.contains_key(contact) {
                continue;
            }
            let rng = &mut self.rng;
            let address = vault.transaction(|txn| {
                let ctx = Ctx {
                    store: txn,
                    rng,
                    now_ms,
                };
                let keys = engine.listener(&ctx, contact)?;
                Ok::<_, StoreError>(
                    DirectKeys::from_seeds(keys.onion_seed, keys.tls_seed).address(),
                )
            })?;
            self.listeners.insert(*contact, (*number, address));
        }
        Ok(())
    }

    /// Tells the engine what was learnt of a relay.
    pub(crate) fn relay_is(
        &mut self,
        relay: &RelayAddress,
        state: hushwing_engine::view::RelayState,
        now_ms: u64,
    ) {
        let local_ms = self.local_ms(now_ms);
        if let Some(engine) = self.engine.as_mut() {
            engine.relay_is(relay, state, local_ms);
        }
    }

    /// Makes a backup of the vault.
    pub(crate) fn back_up(&mut self, now_ms: u64) -> anyhow::Result<()> {
        let vault = self
            .vault
            .as_mut()
            .expect("backups are made by running programs");
        vault.checkpoint()?;
        let files = FILES
            .iter()
            .map(|name| Ok((*name, fs::read(self.dir.join(name))?)))
            .collect::<anyhow::Result<_>>()?;
        self.backup = Some(Backup {
            files,
            made_at_ms: now_ms,
        });
        Ok(())
    }

    /// Puts the files of the last backup in place of the vault's, with the
    /// program ended.
    pub(crate) fn put_back(&mut self) -> anyhow::Result<()> {
        self.cut_power();
        let backup = self.backup.as_ref().expect("there is a backup");
        for entry in fs::read_dir(&self.dir)? {
            fs::remove_file(entry?.path())?;
        }
        for (name, bytes) in &backup.files {
            fs::write(self.dir.join(name), bytes)?;
        }
        Ok(())
    }
}

fn key_of(wait: &Wait) -> WaitKey {
    (wait.relay.clone(), wait.isolation)
}

fn passphrase() -> Passphrase {
    Passphrase::new(Zeroizing::new("of a simulated person".to_owned()))
        .expect("it has a length that is allowed")
}
