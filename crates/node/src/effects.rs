//! What one session does outside: links, waits, onion services, transmissions.
//! Dropping it ends all of that.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use hushwing_engine::{
    ContactId, FlightId, Isolation, Listener, Operation, Outcome, Owner, Purpose, Transmit, Wait,
    view::RelayTestView,
};
use hushwing_relay_client::PutOutcome;
use hushwing_transport::{Dial, DirectDialer, NetworkState};
use hushwing_transport_tor::{Tor, TorConfig};
use hushwing_wire::{GateTerms, Refusal, RelayAddress};
use tokio::{
    sync::watch,
    task::{AbortHandle, JoinSet},
    time::Instant,
};

use crate::{
    config::{NodeConfig, WayOut},
    core::ToCore,
    limits,
    links::Links,
    listeners::Listeners,
    waits::Waits,
    words::{LinkError, sentence},
};

/// The outside of one session.
pub(crate) struct Effects {
    tor: Option<Tor>,
    links: Arc<Links>,
    waits: Waits,
    listeners: Listeners,
    core: ToCore,
    tasks: JoinSet<()>,
    /// Transmissions to contacts that are on their way.
    to_contacts: Vec<(ContactId, AbortHandle)>,
    tests: u64,
}

/// The network of a session, before its effects exist.
pub(crate) struct WayOutOpen {
    tor: Option<Tor>,
    dial: Arc<dyn Dial>,
    pub(crate) state: watch::Receiver<NetworkState>,
    /// Keeps the channel of a state that never changes open.
    _fixed: Option<watch::Sender<NetworkState>>,
}

/// Opens the way out; returns at once, Tor comes up by itself.
///
/// # Errors
/// A sentence, when Tor's folders or configuration cannot be used.
pub(crate) fn open_way_out(config: &NodeConfig) -> Result<WayOutOpen, String> {
    match &config.way_out {
        WayOut::Tor(network) => {
            let folder = config.dir.join(crate::wiping::TOR);
            let tor = Tor::start(TorConfig {
                state_dir: folder.join("state"),
                cache_dir: folder.join("cache"),
                network: network.clone(),
            })
            .map_err(|error| format!("Tor could not be started: {error}."))?;
            Ok(WayOutOpen {
                dial: Arc::new(tor.clone()),
                state: tor.state(),
                tor: Some(tor),
                _fixed: None,
            })
        }
        WayOut::Nothing => {
            let (sender, state) = watch::channel(NetworkState::Ready);
            Ok(WayOutOpen {
                tor: None,
                dial: Arc::new(DirectDialer::loopback_only()),
                state,
                _fixed: Some(sender),
            })
        }
    }
}

impl Effects {
    pub(crate) fn start(way_out: WayOutOpen, core: &ToCore) -> Self {
        let links = Arc::new(Links::new(Arc::clone(&way_out.dial)));
        let mut tasks = JoinSet::new();
        tasks.spawn(sweep(Arc::clone(&links)));
        tasks.spawn(watch_network(
            way_out.state.clone(),
            core.clone(),
            way_out._fixed,
        ));
        Self {
            waits: Waits::new(Arc::clone(&links), core.clone()),
            listeners: Listeners::new(way_out.tor.clone(), core.clone()),
            tor: way_out.tor,
            links,
            core: core.clone(),
            tasks,
            to_contacts: Vec::new(),
            tests: 0,
        }
    }

    pub(crate) fn set_waits(&mut self, waits: Vec<Wait>) {
        self.waits.set(waits);
    }

    /// Those of `wanted` whose service is not up; all others are ended.
    pub(crate) fn missing_listeners(
        &mut self,
        wanted: &BTreeMap<ContactId, u32>,
    ) -> Vec<(ContactId, u32)> {
        self.listeners.keep_only(wanted);
        if self.tor.is_none() {
            return Vec::new();
        }
        wanted
            .iter()
            .map(|(contact, keys)| (*contact, *keys))
            .filter(|(contact, _)| !self.listeners.is_running(contact))
            .collect()
    }

    pub(crate) fn listen(&mut self, listener: Listener, keys: u32) {
        self.listeners.start(listener, keys);
    }

    /// Carries `transmit` out; the outcome reaches the core under `generation`.
    pub(crate) fn transmit(&mut self, transmit: Transmit, generation: u64) {
        while self.tasks.try_join_next().is_some() {}
        let links = Arc::clone(&self.links);
        let core = self.core.clone();
        let owner = transmit.isolation.owner;
        let task = self.tasks.spawn(async move {
            let id: FlightId = transmit.id;
            let outcome = carry_out(&links, transmit).await.unwrap_or_else(|error| {
                tracing::debug!("a transmission failed: {error}");
                Outcome::Failed {
                    reason: sentence(&error),
                }
            });
            core.landed(generation, id, outcome).await;
        });
        self.to_contacts.retain(|(_, task)| !task.is_finished());
        if let Owner::Contact(contact) = owner {
            self.to_contacts.push((contact, task));
        }
    }

    /// Ends what is on its way to these contacts, and every link that is theirs: an
    /// idle one would show them that this machine is on. `[HW-BLOCK-2]`
    pub(crate) fn give_up(&mut self, blocked: &BTreeSet<ContactId>) {
        if blocked.is_empty() {
            return;
        }
        self.to_contacts.retain(|(contact, task)| {
            let stays = !blocked.contains(contact);
            if !stays {
                task.abort();
            }
            stays
        });
        self.links.close_of(blocked);
    }

    /// Asks a relay what it is, on circuits of its own.
    pub(crate) fn test_relay(
        &mut self,
        address: RelayAddress,
        answer: impl FnOnce(Result<RelayTestView, LinkError>) + Send + 'static,
    ) {
        self.tests += 1;
        let isolation = Isolation {
            owner: Owner::Test(self.tests),
            purpose: Purpose::Test,
        };
        let links = Arc::clone(&self.links);
        self.tasks.spawn(async move {
            let began = Instant::now();
            let asked = async {
                let link = links.link(&address, isolation).await?;
                Ok::<_, LinkError>(link.info().await?)
            };
            answer(asked.await.map(|info| RelayTestView {
                took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
                accepting: info.accepting == 1,
                max_ttl_s: info.max_ttl_s,
            }));
        });
    }

    pub(crate) fn retry_now(&self) {
        if let Some(tor) = &self.tor {
            tor.retry_now();
        }
    }

    /// Ends everything, waiting a little for it.
    pub(crate) async fn stop(mut self) {
        self.waits.set(Vec::new());
        self.listeners.keep_only(&BTreeMap::new());
        self.tasks.shutdown().await;
        self.links.close_all();
        if let Some(tor) = self.tor.take() {
            let _ = tokio::time::timeout(limits::STOP, tor.shutdown()).await;
        }
    }
}

async fn carry_out(links: &Links, transmit: Transmit) -> Result<Outcome, LinkError> {
    let link = links.link(&transmit.to, transmit.isolation).await?;
    match transmit.operation {
        Operation::Put { slot, boxed, ttl_s } => Ok(match link.put(&slot, &boxed, ttl_s).await? {
            PutOutcome::Stored | PutOutcome::Same => Outcome::Stored,
            PutOutcome::Taken(_) | PutOutcome::TakenAndDropped => Outcome::Taken,
            PutOutcome::Full => Outcome::Full,
            PutOutcome::Refused(Refusal::NotServed) => Outcome::NotServed,
            PutOutcome::Refused(why) => Outcome::Failed {
                reason: refusal(why).to_owned(),
            },
            PutOutcome::GateClosed(terms) => Outcome::Failed {
                reason: closed_gate(&terms).to_owned(),
            },
        }),
        Operation::Drop { slots } => {
            link.drop_slots(&slots).await?;
            Ok(Outcome::Dropped)
        }
    }
}

fn closed_gate(terms: &GateTerms) -> &'static str {
    match terms.work_level {
        None => "It takes only boxes of people who have its access key.",
        Some(_) => "It asks for too much work, because it is overloaded.",
    }
}

fn refusal(why: Refusal) -> &'static str {
    match why {
        Refusal::NotServed => "It does not take this.",
        Refusal::Busy => "It is busy.",
        Refusal::Draining => "It is shutting down.",
        Refusal::StoreFailed => "Its disk failed.",
    }
}

async fn sweep(links: Arc<Links>) {
    loop {
        tokio::time::sleep(limits::LINK_SWEEP).await;
        links.close_idle();
    }
}

async fn watch_network(
    mut state: watch::Receiver<NetworkState>,
    core: ToCore,
    _open: Option<watch::Sender<NetworkState>>,
) {
    loop {
        let now = state.borrow_and_update().clone();
        core.network(now).await;
        if state.changed().await.is_err() {
            return;
        }
    }
}
