//! Our own node on the direct path: one onion service for each contact, on
//! which the contact puts boxes as it would at a relay.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use hushwing_engine::{ContactId, DirectAnswer, Listener};
use hushwing_protocol::DIRECT_PORT;
use hushwing_relay_client::{ConnectionLimits, Service, TlsSeed, serve_connection, tls};
use hushwing_transport::{Listen as _, Stream};
use hushwing_transport_tor::{OnionSeed, Tor};
use hushwing_wire::{Refusal, RequestOp, ResponseOp};
use tokio::{
    sync::Semaphore,
    task::{AbortHandle, JoinSet},
    time::sleep,
};

use crate::{core::ToCore, limits};

/// The onion services of one session.
pub(crate) struct Listeners {
    tor: Option<Tor>,
    core: ToCore,
    running: BTreeMap<ContactId, Running>,
}

struct Running {
    task: AbortHandle,
    /// Which keys of this contact's service it has.
    keys: u32,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Listeners {
    /// Without Tor there is nothing to listen on.
    pub(crate) fn new(tor: Option<Tor>, core: ToCore) -> Self {
        Self {
            tor,
            core,
            running: BTreeMap::new(),
        }
    }

    pub(crate) fn is_running(&self, contact: &ContactId) -> bool {
        self.running.contains_key(contact)
    }

    /// Ends the services of all but these contacts, and those with other keys.
    pub(crate) fn keep_only(&mut self, contacts: &BTreeMap<ContactId, u32>) {
        self.running
            .retain(|contact, running| contacts.get(contact) == Some(&running.keys));
    }

    /// Brings a contact's service up and keeps it up.
    pub(crate) fn start(&mut self, listener: Listener, keys: u32) {
        let Some(tor) = self.tor.clone() else {
            return;
        };
        let contact = listener.contact;
        let task = tokio::spawn(host(tor, self.core.clone(), listener)).abort_handle();
        self.running.insert(contact, Running { task, keys });
    }
}

async fn host(tor: Tor, core: ToCore, keys: Listener) {
    let tls = tls::server_config(&TlsSeed::new(keys.tls_seed));
    let service: Arc<dyn Service> = Arc::new(Node {
        contact: keys.contact,
        core,
    });
    let seats = Arc::new(Semaphore::new(limits::CONNECTIONS_PER_CONTACT));
    // Ends with this task: no connection outlives its service or the lock.
    let mut connections = JoinSet::new();
    let mut pause = limits::HOST_RETRY_FIRST;
    loop {
        match tor
            .host(&OnionSeed::new(keys.onion_seed), DIRECT_PORT)
            .await
        {
            Ok(mut listener) => {
                pause = limits::HOST_RETRY_FIRST;
                while let Some(stream) = listener.accept().await {
                    admit(&mut connections, stream, &tls, &service, &seats);
                }
            }
            Err(error) => tracing::warn!("an onion service did not come up: {error}"),
        }
        sleep(pause).await;
        pause = (pause * 2).min(limits::HOST_RETRY_MAX);
    }
}

fn admit(
    connections: &mut JoinSet<()>,
    stream: Stream,
    tls: &Arc<rustls::ServerConfig>,
    service: &Arc<dyn Service>,
    seats: &Arc<Semaphore>,
) {
    // No seat: the stream is dropped, which the other side sees at once.
    let Ok(seat) = Arc::clone(seats).try_acquire_owned() else {
        return;
    };
    while connections.try_join_next().is_some() {}
    let (tls, service) = (Arc::clone(tls), Arc::clone(service));
    let limits = ConnectionLimits {
        idle_deadline: limits::DIRECT_IDLE,
        ..ConnectionLimits::default()
    };
    connections.spawn(async move {
        let ended = serve_connection(stream, tls, service, limits).await;
        if let Err(error) = ended {
            tracing::debug!("a direct connection ended: {error}");
        }
        drop(seat);
    });
}

/// The relay protocol as a node serves it: only puts, only at slots that it
/// waits for from this contact. `[HW-NET-9]`
struct Node {
    contact: ContactId,
    core: ToCore,
}

#[async_trait]
impl Service for Node {
    async fn call(&self, op: RequestOp) -> ResponseOp {
        let RequestOp::Put { slot, boxed, .. } = op else {
            return ResponseOp::Refused(Refusal::NotServed);
        };
        match self.core.pushed(self.contact, slot, boxed).await {
            Some(DirectAnswer::Stored) => ResponseOp::Stored,
            Some(DirectAnswer::Same) => ResponseOp::Same,
            Some(DirectAnswer::Taken) => ResponseOp::TakenAndDropped,
            Some(DirectAnswer::NotServed) => ResponseOp::Refused(Refusal::NotServed),
            None => ResponseOp::Refused(Refusal::StoreFailed),
        }
    }
}
