//! One open vault: engine, vault and effects together.

use std::time::{SystemTime, UNIX_EPOCH};

use getrandom::SysRng;
use hushwing_engine::{
    Ctx, Engine,
    view::{
        Command, CommandError, ErrorCode, Event, NetworkView, RelayState, Reply, StatusView,
        VaultState,
    },
};
use hushwing_protocol::store::{KEY_TABLES, StoreError};
use hushwing_vault::{
    BackupError, BackupJob, ChangeError, CheckJob, KdfCost, OldHeader, Passphrase, SnapshotJob,
    Stop, Vault,
};
use hushwing_wire::RelayAddress;
use rand_core::UnwrapErr;
use tokio::sync::broadcast;

use crate::{backups::NOT_IN_SNAPSHOTS, effects::Effects, limits, words};

/// One open vault.
pub(crate) struct Session {
    /// Which engine of this session; outcomes for an earlier one are unknown.
    pub(crate) generation: u64,
    vault: Vault,
    engine: Engine,
    pub(crate) effects: Effects,
    pub(crate) network: NetworkView,
    events: broadcast::Sender<Event>,
    allow_loopback: bool,
    /// When replaced keys must leave the vault's files.
    purge_at_ms: Option<u64>,
    /// When traces of what was deleted must leave them.
    clear_at_ms: Option<u64>,
    /// When the next snapshot is due.
    snapshot_at_ms: u64,
    /// When the last step was.
    stepped_at_ms: u64,
    /// Messages of before may be taken into the index: that has not failed yet.
    may_index: bool,
    /// A step could not be stored: what is in memory is void until the engine
    /// is made anew.
    failed: Option<Failed>,
}

#[derive(Clone, Copy)]
struct Failed {
    retry_at_ms: u64,
    pause_ms: u64,
}

impl Session {
    pub(crate) fn new(
        mut vault: Vault,
        effects: Effects,
        events: broadcast::Sender<Event>,
        allow_loopback: bool,
    ) -> Result<Self, StoreError> {
        let engine = resume(&mut vault, allow_loopback)?;
        remove_old_snapshots(&vault);
        let mut session = Self {
            generation: 0,
            vault,
            engine,
            effects,
            network: NetworkView::Off,
            events,
            allow_loopback,
            // What a crash left.
            purge_at_ms: Some(now_ms()),
            clear_at_ms: Some(now_ms()),
            snapshot_at_ms: now_ms().saturating_add(limits::FIRST_SNAPSHOT_MS),
            stepped_at_ms: now_ms(),
            may_index: true,
            failed: None,
        };
        session.flush();
        Ok(session)
    }

    /// Runs one step of the engine in one transaction, then lets out what it
    /// caused. A step that failed leaves nothing: neither rows nor effects.
    pub(crate) fn step<T>(
        &mut self,
        step: impl FnOnce(&mut Engine, &mut Ctx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.check()?;
        let result = in_transaction(&mut self.vault, &mut self.engine, step);
        match &result {
            Ok(_) => self.flush(),
            Err(error) => {
                tracing::error!("a step was rolled back: {error}");
                self.fail();
            }
        }
        result
    }

    /// Carries a command out.
    pub(crate) fn command(&mut self, command: Command) -> Result<Reply, CommandError> {
        self.check()?;
        let result = in_transaction(&mut self.vault, &mut self.engine, |engine, ctx| {
            engine.command(ctx, command)
        });
        match &result {
            Ok(_) => self.flush(),
            // Refused before anything was changed, in the vault or in memory.
            Err(error) if is_refusal(error.code) => {}
            Err(_) => self.fail(),
        }
        result
    }

    /// Carries out a command that deletes something.
    pub(crate) fn delete(&mut self, command: Command) -> Result<Reply, CommandError> {
        if self.vault.damaged_files().map_err(words::backup_error)? > 0 {
            return Err(words::damaged_files_in_the_way());
        }
        let reply = self.command(command)?;
        self.clear_deleted().map_err(words::not_cleared)?;
        Ok(reply)
    }

    /// Makes what was deleted unreadable in all files of the vault. `[HW-DEL-1]`
    fn clear_deleted(&mut self) -> Result<(), StoreError> {
        self.clear_at_ms = None;
        if !self.engine.must_clear() {
            return Ok(());
        }
        let cleared = self
            .vault
            .clear_deleted()
            .and_then(|()| self.step(Engine::cleared));
        if let Err(error) = &cleared {
            tracing::warn!("what was deleted could not be cleared from the files yet: {error}");
            self.clear_at_ms = Some(now_ms().saturating_add(limits::CLEAR_AGAIN_MS));
        } else {
            // The old ones are gone.
            let soon = now_ms().saturating_add(limits::FIRST_SNAPSHOT_MS);
            self.snapshot_at_ms = self.snapshot_at_ms.min(soon);
        }
        cleared
    }

    pub(crate) fn status(&mut self) -> Result<StatusView, CommandError> {
        let network = self.network.clone();
        in_transaction(&mut self.vault, &mut self.engine, |engine, ctx| {
            Ok(StatusView {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                vault: VaultState::Open,
                network,
                without_tor: false,
                relays: engine.relay_views(),
                undelivered: engine.undelivered(ctx)?,
                requests: engine.open_requests(),
            })
        })
    }

    /// What the effects learnt of a relay; no step, since nothing is stored.
    pub(crate) fn relay_is(&mut self, relay: &RelayAddress, state: RelayState) {
        self.engine.relay_is(relay, state, now_ms());
    }

    /// Milliseconds until [`Session::wake`] is due.
    pub(crate) fn sleep_ms(&self) -> Option<u64> {
        if let Some(failed) = &self.failed {
            return Some(failed.retry_at_ms.saturating_sub(now_ms()));
        }
        self.engine
            .wake_at_ms()
            .into_iter()
            .chain(self.purge_at_ms)
            .chain(self.clear_at_ms)
            .chain([self.snapshot_look_ms()])
            .min()
            .map(|at| at.saturating_sub(now_ms()))
    }

    /// When it is looked whether a snapshot can be made.
    fn snapshot_look_ms(&self) -> u64 {
        let soon = now_ms().saturating_add(limits::SNAPSHOT_LOOK_MS);
        if self.snapshot_at_ms > soon {
            self.snapshot_at_ms
        } else {
            soon
        }
    }

    /// Does what time has made due.
    pub(crate) fn wake(&mut self) {
        if self.failed.is_some() {
            self.recover();
            return;
        }
        if self.purge_at_ms.is_some_and(|at| at <= now_ms()) {
            self.purge();
        }
        if self.clear_at_ms.is_some_and(|at| at <= now_ms()) {
            // It is told where it is asked for, and tried again.
            let _ = self.clear_deleted();
        }
        let now_ms = now_ms();
        let is_due = self.engine.wake_at_ms().is_some_and(|at| at <= now_ms);
        if is_due || self.engine.is_clock_behind(now_ms) {
            // A failed step has already been rolled back and told.
            let _ = self.index_with_care(|session| session.step(Engine::tick));
        }
    }

    /// Does a step in which messages of before may be taken into the index. If it fails, none
    /// are any more as long as the vault is open: a damaged page among them would make the
    /// same step fail for ever. `[HW-FIND-3]`
    fn index_with_care(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let was_indexing = self.engine.is_indexing();
        let result = step(self);
        self.may_index &= result.is_ok() || !was_indexing;
        result
    }

    /// Makes deleted and replaced keys unreadable on the disk. `[HW-ENG-1]`
    fn purge(&mut self) {
        self.purge_at_ms = None;
        if self.vault.is_held() {
            // The log cannot be emptied while a backup is copied.
            self.purge_at_ms = Some(now_ms().saturating_add(limits::HELD_PURGE_MS));
            return;
        }
        if let Err(error) = self.vault.purge(&KEY_TABLES) {
            tracing::warn!("old keys could not be purged from the vault yet: {error}");
            self.purge_soon();
        }
    }

    fn purge_soon(&mut self) {
        let pause_ms = u64::try_from(limits::PURGE_AFTER.as_millis()).unwrap_or(u64::MAX);
        self.purge_at_ms
            .get_or_insert(now_ms().saturating_add(pause_ms));
    }

    /// Begins a check of the vault's files; with it when the snapshots were made, and how
    /// many damaged files are kept aside.
    pub(crate) fn begin_check(
        &mut self,
        stop: &Stop,
    ) -> Result<(CheckJob, Vec<u64>, usize), BackupError> {
        let snapshots_ms = self.vault.snapshots()?;
        let kept_aside = self.vault.damaged_files()?;
        Ok((self.vault.begin_check(stop)?, snapshots_ms, kept_aside))
    }

    /// Deletes the damaged files that were kept aside.
    pub(crate) fn forget_damaged(&mut self) -> Result<Reply, CommandError> {
        self.vault.remove_damaged().map_err(words::backup_error)?;
        Ok(Reply::Done)
    }

    /// Begins a snapshot when one is due and it is quiet, and removes old ones.
    /// `[HW-VAULT-42]`
    pub(crate) fn snapshot_if_due(&mut self, stop: &Stop) -> Option<SnapshotJob> {
        let now_ms = now_ms();
        if now_ms < self.snapshot_at_ms || self.failed.is_some() {
            return None;
        }
        let is_quiet = now_ms.saturating_sub(self.stepped_at_ms) >= limits::QUIET_MS;
        let is_overdue = now_ms.saturating_sub(self.snapshot_at_ms) >= limits::SNAPSHOT_WAITS_MS;
        if !is_quiet && !is_overdue {
            // Soon again; `snapshot_at_ms` itself stays, so that it becomes overdue.
            return None;
        }
        self.snapshot_at_ms = now_ms.saturating_add(limits::SNAPSHOT_EVERY_MS);
        remove_old_snapshots(&self.vault);
        match self.vault.begin_snapshot(&NOT_IN_SNAPSHOTS, stop) {
            Ok(job) => Some(job),
            Err(error) => {
                tracing::warn!("no snapshot was begun: {error}");
                None
            }
        }
    }

    /// Begins a backup of what is stored now.
    pub(crate) fn begin_backup(&mut self, stop: &Stop) -> Result<BackupJob, BackupError> {
        self.vault.begin_backup(stop)
    }

    /// After how many minutes without a command the vault is to be locked; 0 is never.
    pub(crate) fn lock_after_minutes(&mut self) -> Result<u32, StoreError> {
        in_transaction(&mut self.vault, &mut self.engine, |engine, ctx| {
            engine.lock_after_minutes(ctx)
        })
    }

    /// Opens with another passphrase from now on.
    pub(crate) fn change_passphrase(
        &mut self,
        present: &Passphrase,
        new: &Passphrase,
        cost: KdfCost,
    ) -> Result<OldHeader, ChangeError> {
        self.vault.change_passphrase(present, new, cost)
    }

    /// Closes a vault whose keys are destroyed: nothing is cleared in it any more.
    pub(crate) fn abandon(self) -> Effects {
        drop(self.engine);
        drop(self.vault);
        self.effects
    }

    pub(crate) fn wipe(mut self) -> Effects {
        self.purge();
        drop(self.engine);
        if let Err(error) = self.vault.close() {
            tracing::warn!("the vault's log could not be emptied at closing: {error}");
        }
        self.effects
    }

    fn check(&self) -> Result<(), StoreError> {
        match self.failed {
            None => Ok(()),
            Some(_) => Err(StoreError::Medium(
                "an earlier write failed, and the account recovers from it".to_owned(),
            )),
        }
    }

    /// A step was not stored: nothing of it may leave, and what the engine
    /// remembers of it is void. Outcomes for this engine are unknown from now on.
    fn fail(&mut self) {
        self.generation += 1;
        self.discard_outputs();
        self.failed = Some(Failed {
            retry_at_ms: now_ms(),
            pause_ms: limits::RECOVER_FIRST_MS,
        });
        self.recover();
    }

    fn discard_outputs(&mut self) {
        while self.engine.poll_transmit().is_some() {}
        while self.engine.poll_event().is_some() {}
    }

    /// Makes the engine anew from the vault and runs what is due, which proves
    /// that the vault can be written; with growing pauses as long as it cannot.
    fn recover(&mut self) {
        let Some(failed) = self.failed else {
            return;
        };
        if now_ms() < failed.retry_at_ms {
            return;
        }
        match resume(&mut self.vault, self.allow_loopback) {
            Ok(engine) => {
                self.engine = engine;
                if !self.may_index {
                    self.engine.give_up_indexing();
                }
                let network = self.network.clone();
                let known = self.index_with_care(|session| {
                    in_transaction(&mut session.vault, &mut session.engine, |engine, ctx| {
                        engine.tick(ctx)?;
                        engine.network_changed(ctx, network)
                    })
                });
                if known.is_ok() {
                    self.failed = None;
                    self.flush();
                    return;
                }
                self.discard_outputs();
            }
            Err(error) => tracing::error!("the vault cannot be read: {error}"),
        }
        if failed.pause_ms == limits::RECOVER_FIRST_MS {
            self.tell(Event::Warning {
                text: "Your account cannot be written: the disk may be full. Nothing was lost; \
                       it is tried again. Make room, or lock the account and open it again."
                    .to_owned(),
            });
        }
        self.failed = Some(Failed {
            retry_at_ms: now_ms().saturating_add(failed.pause_ms),
            pause_ms: (failed.pause_ms * 2).min(limits::RECOVER_MAX_MS),
        });
    }

    fn flush(&mut self) {
        self.purge_soon();
        self.stepped_at_ms = now_ms();
        while let Some(transmit) = self.engine.poll_transmit() {
            self.effects.transmit(transmit, self.generation);
        }
        self.effects.set_waits(self.engine.waits());
        self.effects.give_up(self.engine.blocked());
        let missing = self.effects.missing_listeners(self.engine.listening());
        for (contact, number) in missing {
            let keys = in_transaction(&mut self.vault, &mut self.engine, |engine, ctx| {
                engine.listener(ctx, &contact)
            });
            match keys {
                Ok(keys) => self.effects.listen(keys, number),
                Err(error) => tracing::error!("the keys of an onion service: {error}"),
            }
        }
        while let Some(event) = self.engine.poll_event() {
            self.tell(event);
        }
    }

    pub(crate) fn tell(&self, event: Event) {
        // Nobody listening is fine.
        let _ = self.events.send(event);
    }
}

/// [HW-BACKUP-6] Where the vault came from a copy, no old key is used again: that is seen
/// to in the step in which the engine first comes up, before anything can leave.
fn resume(vault: &mut Vault, allow_loopback: bool) -> Result<Engine, StoreError> {
    let is_older = vault.older_state()?.is_some();
    vault.transaction(|txn| {
        let mut rng = UnwrapErr(SysRng);
        let mut ctx = Ctx {
            store: txn,
            rng: &mut rng,
            now_ms: now_ms(),
        };
        let mut engine = Engine::resume(&mut ctx, allow_loopback)?;
        if is_older {
            engine.restored(&mut ctx)?;
            txn.older_state_is_dealt_with()?;
        }
        Ok(engine)
    })
}

/// Snapshots that are too old are of no use, and hold what was deleted since.
fn remove_old_snapshots(vault: &Vault) {
    let too_old_ms = now_ms().saturating_sub(limits::SNAPSHOT_MAX_AGE_MS);
    if let Err(error) = vault.remove_snapshots_before(too_old_ms) {
        tracing::warn!("old snapshots could not be removed: {error}");
    }
}

fn in_transaction<T, E: From<StoreError>>(
    vault: &mut Vault,
    engine: &mut Engine,
    step: impl FnOnce(&mut Engine, &mut Ctx<'_>) -> Result<T, E>,
) -> Result<T, E> {
    vault.transaction(|txn| {
        let mut rng = UnwrapErr(SysRng);
        let mut ctx = Ctx {
            store: txn,
            rng: &mut rng,
            now_ms: now_ms(),
        };
        step(engine, &mut ctx)
    })
}

fn is_refusal(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::BadInput
            | ErrorCode::NotFound
            | ErrorCode::Limit
            | ErrorCode::Refused
            | ErrorCode::NotArrived
    )
}

/// Milliseconds since 1970 by this machine's clock.
pub(crate) fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| u64::try_from(since.as_millis()).ok())
        .unwrap_or(0)
}
