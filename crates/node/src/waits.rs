//! Waiting at relays: one task for each relay and owner, following the slots
//! that the engine wants.

use std::{collections::BTreeMap, pin::pin, sync::Arc, time::Duration};

use hushwing_engine::{Isolation, Wait, view::RelayState};
use hushwing_wire::{RelayAddress, Slot};
use tokio::{
    sync::watch,
    task::AbortHandle,
    time::{Instant, sleep, sleep_until},
};

use crate::{core::ToCore, limits, links::Links, words};

/// The waits of one session.
pub(crate) struct Waits {
    links: Arc<Links>,
    core: ToCore,
    running: BTreeMap<(RelayAddress, Isolation), Running>,
}

struct Running {
    slots: watch::Sender<Vec<Slot>>,
    task: AbortHandle,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Waits {
    pub(crate) fn new(links: Arc<Links>, core: ToCore) -> Self {
        Self {
            links,
            core,
            running: BTreeMap::new(),
        }
    }

    /// Waits at exactly these slots from now on.
    pub(crate) fn set(&mut self, wanted: Vec<Wait>) {
        let mut wanted: BTreeMap<_, _> = wanted
            .into_iter()
            .map(|wait| ((wait.relay, wait.isolation), wait.slots))
            .collect();
        self.running
            .retain(|_, running| !running.task.is_finished());
        self.running
            .retain(|key, running| match wanted.remove(key) {
                Some(slots) => {
                    running.slots.send_if_modified(|known| {
                        let differ = *known != slots;
                        if differ {
                            *known = slots;
                        }
                        differ
                    });
                    true
                }
                None => false,
            });
        for ((relay, isolation), slots) in wanted {
            let (sender, receiver) = watch::channel(slots);
            let waiter = Waiter {
                links: Arc::clone(&self.links),
                core: self.core.clone(),
                relay: relay.clone(),
                isolation,
                slots: receiver,
            };
            let task = tokio::spawn(waiter.run()).abort_handle();
            self.running.insert(
                (relay, isolation),
                Running {
                    slots: sender,
                    task,
                },
            );
        }
    }
}

struct Waiter {
    links: Arc<Links>,
    core: ToCore,
    relay: RelayAddress,
    isolation: Isolation,
    slots: watch::Receiver<Vec<Slot>>,
}

impl Waiter {
    async fn run(mut self) {
        let mut pause = limits::WAIT_RETRY_FIRST;
        loop {
            let began = Instant::now();
            match self.wait_once().await {
                Ok(Turn::Again) => pause = limits::WAIT_RETRY_FIRST,
                Ok(Turn::Useless) => self.rest(limits::WAIT_USELESS_PAUSE).await,
                Ok(Turn::Over) => return,
                Err(error) => {
                    tracing::debug!("a wait at a relay failed: {error}");
                    let reason = words::sentence(&error);
                    let state = RelayState::Unreachable { reason };
                    self.core.relay_is(&self.relay, state).await;
                    if began.elapsed() > limits::WAIT_RETRY_MAX {
                        // It worked for a while: start with short pauses again.
                        pause = limits::WAIT_RETRY_FIRST;
                    }
                    self.rest(pause).await;
                    pause = (pause * 2).min(limits::WAIT_RETRY_MAX);
                }
            }
        }
    }

    async fn wait_once(&mut self) -> Result<Turn, words::LinkError> {
        let slots = self.slots.borrow_and_update().clone();
        let link = self.links.link(&self.relay, self.isolation).await?;
        self.core.relay_is(&self.relay, RelayState::Reachable).await;
        let mut get = pin!(link.get(&slots, limits::WAIT_S));
        let mut replace_at = None;
        let found = loop {
            let due = replace_at.unwrap_or_else(Instant::now);
            tokio::select! {
                found = &mut get => break found?,
                // A box came another way. The relay still holds the wait that
                // is given up here, so this is not done for each single one.
                changed = self.slots.changed() => {
                    if changed.is_err() {
                        return Ok(Turn::Over);
                    }
                    replace_at.get_or_insert(Instant::now() + limits::WAIT_SETTLE);
                }
                () = sleep_until(due), if replace_at.is_some() => return Ok(Turn::Again),
            }
        };
        let Some((index, boxed)) = found else {
            return Ok(Turn::Again);
        };
        let Some(slot) = slots.get(index) else {
            return Ok(Turn::Useless);
        };
        if !self.core.found(&self.relay, *slot, boxed).await {
            // It could not be stored (or the session is over, which ends this
            // task); the relay keeps it.
            return Ok(Turn::Useless);
        }
        // Taking a box in changes what is waited for; if it did not, the relay
        // would only serve it again.
        let moved_on = replace_at.is_some() || self.slots.has_changed().unwrap_or(true);
        Ok(if moved_on { Turn::Again } else { Turn::Useless })
    }

    /// Rests, but not past a change of the slots or the return of the network.
    async fn rest(&mut self, pause: Duration) {
        tokio::select! {
            () = sleep(pause) => {}
            () = self.core.network_back() => {}
            _ = self.slots.changed() => self.slots.mark_changed(),
        }
    }
}

enum Turn {
    Again,
    Useless,
    Over,
}
