//! One open vault: engine, vault and effects together.

use std::time::{SystemTime, UNIX_EPOCH};

use getrandom::SysRng;
use hushwing_engine::{
    Ctx, Engine,
    view::{Command, CommandError, ErrorCode, Event, NetworkView, Reply, StatusView, VaultState},
};
use hushwing_protocol::store::StoreError;
use hushwing_vault::Vault;
use rand_core::UnwrapErr;
use tokio::sync::broadcast;

use crate::effects::Effects;

/// One open vault.
pub(crate) struct Session {
    pub(crate) number: u64,
    /// Which engine of this session; outcomes for an earlier one are unknown.
    pub(crate) generation: u64,
    vault: Vault,
    engine: Engine,
    pub(crate) effects: Effects,
    pub(crate) network: NetworkView,
    events: broadcast::Sender<Event>,
    allow_loopback: bool,
}

impl Session {
    pub(crate) fn new(
        number: u64,
        mut vault: Vault,
        effects: Effects,
        events: broadcast::Sender<Event>,
        allow_loopback: bool,
    ) -> Result<Self, StoreError> {
        let engine = resume(&mut vault, allow_loopback)?;
        let mut session = Self {
            number,
            generation: 0,
            vault,
            engine,
            effects,
            network: NetworkView::Off,
            events,
            allow_loopback,
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
        let result = in_transaction(&mut self.vault, &mut self.engine, step);
        match &result {
            Ok(_) => self.flush(),
            Err(error) => {
                tracing::error!("a step was rolled back: {error}");
                self.start_over();
            }
        }
        result
    }

    /// Carries a command out.
    pub(crate) fn command(&mut self, command: Command) -> Result<Reply, CommandError> {
        let result = in_transaction(&mut self.vault, &mut self.engine, |engine, ctx| {
            engine.command(ctx, command)
        });
        match &result {
            Ok(_) => self.flush(),
            // Refused before anything was changed, in the vault or in memory.
            Err(error) if is_refusal(error.code) => {}
            Err(_) => self.start_over(),
        }
        result
    }

    pub(crate) fn status(&mut self) -> Result<StatusView, CommandError> {
        let network = self.network.clone();
        in_transaction(&mut self.vault, &mut self.engine, |engine, ctx| {
            Ok(StatusView {
                version: env!("CARGO_PKG_VERSION").to_owned(),
                vault: VaultState::Open,
                network,
                relays: engine.relay_views(ctx)?,
                undelivered: engine.undelivered(ctx)?,
            })
        })
    }

    /// What only the effects know; no step, since nothing is stored.
    pub(crate) fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// Milliseconds until the engine wants to be woken.
    pub(crate) fn sleep_ms(&self) -> Option<u64> {
        self.engine
            .wake_at_ms()
            .map(|at| at.saturating_sub(now_ms()))
    }

    pub(crate) fn wipe(self) -> Effects {
        drop(self.engine);
        if let Err(error) = self.vault.close() {
            tracing::warn!("the vault's log could not be emptied at closing: {error}");
        }
        self.effects
    }

    /// Throws the engine away and makes it anew from the vault.
    fn start_over(&mut self) {
        self.generation += 1;
        match resume(&mut self.vault, self.allow_loopback) {
            Ok(engine) => {
                self.engine = engine;
                let network = self.network.clone();
                // The first step of a fresh engine; if even this fails, the
                // next one tries again.
                let known = in_transaction(&mut self.vault, &mut self.engine, |engine, ctx| {
                    engine.network_changed(ctx, network)
                });
                if known.is_ok() {
                    self.flush();
                }
            }
            Err(error) => {
                tracing::error!("the vault cannot be read: {error}");
                self.tell(Event::Warning {
                    text: format!(
                        "Your account cannot be read: {error}. Lock it and open it again."
                    ),
                });
            }
        }
    }

    fn flush(&mut self) {
        while let Some(transmit) = self.engine.poll_transmit() {
            self.effects.transmit(transmit, self.generation);
        }
        self.effects.set_waits(self.engine.waits());
        let missing = self.effects.missing_listeners(self.engine.listening());
        for contact in missing {
            let keys = in_transaction(&mut self.vault, &mut self.engine, |engine, ctx| {
                engine.listener(ctx, &contact)
            });
            match keys {
                Ok(keys) => self.effects.listen(keys),
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

fn resume(vault: &mut Vault, allow_loopback: bool) -> Result<Engine, StoreError> {
    vault.transaction(|txn| {
        let mut rng = UnwrapErr(SysRng);
        let mut ctx = Ctx {
            store: txn,
            rng: &mut rng,
            now_ms: now_ms(),
        };
        Engine::resume(&mut ctx, allow_loopback)
    })
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
        ErrorCode::BadInput | ErrorCode::NotFound | ErrorCode::Limit | ErrorCode::Refused
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
