//! The handle that the rest of the program holds.

use std::{
    fmt,
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use hushwing_transport::{Dial, DialError, DirectDialer, IsolationClass, NetworkState, Stream};
use hushwing_wire::address::Endpoint;
use tokio::{runtime, sync::watch, task::JoinHandle};

use crate::{
    MAX_RENDEZVOUS_CIRCUITS,
    config::{StartError, TorConfig},
    hedge,
    incarnation::ConnectError,
    onion::{HostError, OnionListener, OnionSeed},
    supervisor::{self, Shared},
    watched::{Doubt, Watched},
    words::{self, Suspicion},
};

/// The most that one dial may take, all its tries together. Finding an onion
/// service takes up to four circuits in a row; each has 10 to 15 s on a slow day.
/// Whoever dials again begins on circuits of its own, so nothing is gained by
/// waiting longer for these.
pub(crate) const DIAL_DEADLINE: Duration = Duration::from_secs(60);
/// A dial that takes this long is a reason to check our own network meanwhile:
/// a network that fell silent refuses nothing.
const DIAL_DOUBT: Duration = Duration::from_secs(15);

/// Tor in this process. Clones are handles of the same client; when the last is
/// dropped the client ends in the background, [`shutdown`](Self::shutdown) waits
/// for it.
#[derive(Clone)]
pub struct Tor {
    owner: Arc<Owner>,
}

struct Owner {
    shared: Arc<Shared>,
    supervisor: Mutex<Option<JoinHandle<()>>>,
}

impl Tor {
    /// Starts Tor in the background and returns at once. It is tried for ever;
    /// [`state`](Self::state) says how far it is.
    ///
    /// # Errors
    /// [`StartError`] for what cannot pass by itself.
    pub fn start(config: TorConfig) -> Result<Tor, StartError> {
        let runtime = runtime::Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        config.prepare()?;
        let (shared, doubts) = Shared::new(config);
        let supervisor = runtime.spawn(supervisor::run(Arc::clone(&shared), doubts));
        Ok(Tor {
            owner: Arc::new(Owner {
                shared,
                supervisor: Mutex::new(Some(supervisor)),
            }),
        })
    }

    /// What a person is told about the network, and its changes.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<NetworkState> {
        self.owner.shared.state()
    }

    /// Tries again now instead of after the pause; while Tor is ready, checks
    /// that it still is.
    pub fn retry_now(&self) {
        self.owner.shared.retry_now();
    }

    /// Hosts the onion service with this identity on virtual port `port`, for as many
    /// callers as one person has: [`MAX_RENDEZVOUS_CIRCUITS`] circuits at a time.
    /// Returns at once; the service is launched when Tor is ready, and again
    /// whenever Tor comes back.
    ///
    /// # Errors
    /// [`HostError`]
    pub async fn host(&self, seed: &OnionSeed, port: u16) -> Result<OnionListener, HostError> {
        self.host_for(seed, port, MAX_RENDEZVOUS_CIRCUITS).await
    }

    /// The same for at most `most_circuits` rendezvous circuits at a time, each some
    /// tens of kilobytes; further callers wait in the introduction queue.
    ///
    /// # Errors
    /// [`HostError`]
    #[allow(clippy::unused_async)] // so that a launch may wait without a change for callers
    pub async fn host_for(
        &self,
        seed: &OnionSeed,
        port: u16,
        most_circuits: usize,
    ) -> Result<OnionListener, HostError> {
        self.owner
            .shared
            .host(seed.duplicate(), port, most_circuits)
    }

    /// Ends Tor: streams break, listeners end, files are let go.
    pub async fn shutdown(self) {
        self.owner.shared.stop();
        let supervisor = self
            .owner
            .supervisor
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(supervisor) = supervisor {
            // It panicked, or somebody else waits for it already.
            let _ = supervisor.await;
        }
    }

    /// A dial that is silent gets others beside it, on circuits of the same class
    /// alone; later dials use those that worked, and never join one that hangs. A
    /// service that provokes this makes us build three times the circuits at most,
    /// which it can as well by closing those that it has. `[HW-NET-10]`
    async fn dial_through_tor(
        &self,
        host: String,
        port: u16,
        class: IsolationClass,
    ) -> Result<Stream, DialError> {
        let shared = &self.owner.shared;
        let (incarnation, first) = shared.client_for(class)?;
        let mut next = Some(first);
        let tries = hedge::first_of(|| {
            let token = next.take().unwrap_or_else(|| first.another());
            let connecting = incarnation.connect(host.clone(), port, token.token());
            async move { connecting.await.map(|stream| (token, stream)) }
        });
        let mut connecting = pin!(tokio::time::timeout(DIAL_DEADLINE, tries));
        let connected = tokio::select! {
            connected = &mut connecting => connected,
            () = tokio::time::sleep(DIAL_DOUBT) => {
                shared.doubter().doubt_possibly();
                connecting.await
            }
        };
        let error = match connected {
            Ok(Ok((token, stream))) => {
                if token != first {
                    tracing::debug!("a dial on new circuits was faster than one that hangs");
                    shared.replace(&first, token);
                }
                return Ok(Box::new(Watched::new(stream, shared.doubter().clone())));
            }
            Ok(Err(lost)) => {
                if lost.was_silent {
                    shared.replace(&first, first.another());
                }
                self.failed(lost.error)
            }
            Err(_) => {
                shared.replace(&first, first.another());
                shared.doubter().doubt_possibly();
                DialError::TimedOut
            }
        };
        Err(error)
    }

    /// What a try failed with, as the caller is told, and what it says about our
    /// own network.
    fn failed(&self, error: ConnectError) -> DialError {
        let shared = &self.owner.shared;
        let ConnectError::Tor(kind) = error else {
            return shared.network_down();
        };
        tracing::debug!(?kind, "a dial failed");
        let (error, suspicion) = words::dial_error(kind);
        match suspicion {
            Suspicion::None => {}
            Suspicion::Possible => shared.doubter().doubt_possibly(),
            Suspicion::Strong => {
                let reason = words::client_failed(kind);
                shared.doubter().doubt(Doubt::Strong(reason));
            }
        }
        error
    }
}

/// Onion addresses and host names go through Tor and nowhere else. Loopback is
/// this machine and is connected to directly; what is outside Tor is refused
/// here. `[HW-NET-5]`
#[async_trait]
impl Dial for Tor {
    async fn dial(&self, to: &Endpoint, class: IsolationClass) -> Result<Stream, DialError> {
        match to {
            Endpoint::Onion { address, port } => {
                self.dial_through_tor(address.to_host(), *port, class).await
            }
            Endpoint::Host { name, port } => {
                let name = name.as_str().to_owned();
                self.dial_through_tor(name, *port, class).await
            }
            Endpoint::Loopback(_) | Endpoint::Clear(_) => {
                DirectDialer::loopback_only().dial(to, class).await
            }
        }
    }
}

impl fmt::Debug for Tor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tor")
            .field("state", &*self.owner.shared.state().borrow())
            .finish_non_exhaustive()
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.shared.stop();
    }
}
