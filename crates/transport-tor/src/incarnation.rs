//! One arti client, from birth to a certain end.
//!
//! A dropped `TorClient` lives on in background tasks and keeps its locks. So
//! each client has a tokio runtime of its own, and ends with it: every task is
//! dropped, every connection closed, every lock released. The next client then
//! takes the same directories, and with them the same guards.

use std::{
    sync::{Arc, Mutex, Once, PoisonError},
    time::Duration,
};

use arti_client::{
    BootstrapBehavior, DataStream, Error, ErrorKind, HasKind as _, IsolationToken,
    MAX_LOCAL_RESOURCE_TIMEOUT, StreamPrefs, TorClient,
    isolation::StreamIsolation,
    status::{BootstrapEvents, BootstrapStatus},
};
use tokio::{runtime, task::JoinHandle};
use tokio_util::task::AbortOnDropHandle;
use tor_netdir::Timeliness;
use tor_rtcompat::{CompoundRuntime, PreferredRuntime, RuntimeSubstExt as _};

use crate::{
    config::TorConfig,
    links::{LinkLog, NotedTcp},
    words,
};

/// Threads of a client. Cells are encrypted on them; more than this helps a
/// busy relay only, and it shares the machine with others.
const THREADS_MAX: usize = 4;
/// The most that ending a runtime may take. Tasks yield within milliseconds;
/// what does not end by then is left behind, and its locks are waited for by
/// the next attempt.
const END_DEADLINE: Duration = Duration::from_secs(10);

type P = PreferredRuntime;
type ArtiRuntime = CompoundRuntime<P, P, P, NotedTcp, P, P, P>;
pub(crate) type Client = Arc<TorClient<ArtiRuntime>>;

/// One client and the runtime that it lives on.
#[derive(Debug)]
pub(crate) struct Incarnation {
    handle: runtime::Handle,
    links: LinkLog,
    alive: Mutex<Option<Alive>>,
}

struct Alive {
    runtime: runtime::Runtime,
    client: Client,
}

impl std::fmt::Debug for Alive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Alive(..)")
    }
}

impl Incarnation {
    /// Makes a client that does nothing yet. Blocks on files; call it where
    /// blocking is allowed.
    ///
    /// The error is a reason in plain words.
    pub(crate) fn create(config: &TorConfig) -> Result<Incarnation, String> {
        install_crypto();
        let arti_config = config.arti().map_err(|error| error.to_string())?;
        config
            .forget_services()
            .map_err(|_| words::client_failed(ErrorKind::PersistentStateAccessFailed))?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let runtime = runtime::Builder::new_multi_thread()
            .worker_threads(threads.min(THREADS_MAX))
            .thread_name("hushwing-tor")
            .enable_all()
            .build()
            .map_err(|_| words::client_failed(ErrorKind::LocalResourceExhausted))?;
        let links = LinkLog::new();
        let created = {
            let _inside = runtime.enter();
            let inner = PreferredRuntime::current()
                .map_err(|_| words::client_failed(ErrorKind::LocalResourceExhausted))?;
            let tcp = NotedTcp::new(inner.clone(), links.clone());
            TorClient::with_runtime(inner.with_tcp_provider(tcp))
                .config(arti_config)
                .bootstrap_behavior(BootstrapBehavior::Manual)
                .local_resource_timeout(MAX_LOCAL_RESOURCE_TIMEOUT)
                .create_unbootstrapped()
        };
        match created {
            Ok(client) => Ok(Incarnation {
                handle: runtime.handle().clone(),
                links,
                alive: Mutex::new(Some(Alive { runtime, client })),
            }),
            Err(error) => {
                runtime.shutdown_background();
                tracing::debug!(kind = ?error.kind(), "a Tor client could not be made");
                Err(words::client_failed(error.kind()))
            }
        }
    }

    /// Ends the client for certain. Everything it carried breaks now.
    pub(crate) async fn end(&self) {
        if let Some(Alive { runtime, client }) = self.take() {
            drop(client);
            let ended =
                tokio::task::spawn_blocking(move || runtime.shutdown_timeout(END_DEADLINE)).await;
            if ended.is_err() {
                tracing::warn!("the end of a Tor client was cut short");
            }
        }
    }

    /// The client, unless it has ended.
    pub(crate) fn client(&self) -> Option<Client> {
        let alive = self.alive.lock().unwrap_or_else(PoisonError::into_inner);
        alive.as_ref().map(|alive| Arc::clone(&alive.client))
    }

    pub(crate) fn links(&self) -> &LinkLog {
        &self.links
    }

    /// Runs a task on the client's own runtime; it is dropped with it.
    pub(crate) fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.handle.spawn(task)
    }

    /// Downloads the directory and proves that circuits can be built. Runs
    /// until it is dropped, if need be.
    ///
    /// The error is a reason in plain words.
    pub(crate) async fn bootstrap(&self) -> Result<(), String> {
        let client = self.client().ok_or(words::STOPPED)?;
        self.run(async move {
            client.bootstrap().await.map_err(|error| error.kind())?;
            prove(&client).await
        })
        .await
    }

    /// Proves that circuits can be built now.
    ///
    /// The error is a reason in plain words.
    pub(crate) async fn prove(&self, deadline: Duration) -> Result<(), String> {
        let client = self.client().ok_or(words::STOPPED)?;
        let proof = self.run(async move { prove(&client).await });
        tokio::time::timeout(deadline, proof)
            .await
            .unwrap_or_else(|_| Err(words::NO_CIRCUIT.to_owned()))
    }

    /// Connects to a host and port through Tor.
    pub(crate) async fn connect(
        &self,
        host: String,
        port: u16,
        token: IsolationToken,
    ) -> Result<DataStream, ConnectError> {
        let client = self.client().ok_or(ConnectError::Ended)?;
        let task = self.spawn(async move {
            let mut prefs = StreamPrefs::new();
            prefs.set_isolation(token);
            client
                .connect_with_prefs((host.as_str(), port), &prefs)
                .await
        });
        match AbortOnDropHandle::new(task).await {
            Ok(connected) => connected.map_err(|error| ConnectError::Tor(error.kind())),
            Err(_) => Err(ConnectError::Ended),
        }
    }

    /// Arti's own progress, and its changes.
    pub(crate) fn progress(&self) -> Option<(BootstrapStatus, BootstrapEvents)> {
        let client = self.client()?;
        Some((client.bootstrap_status(), client.bootstrap_events()))
    }

    async fn run<F>(&self, task: F) -> Result<(), String>
    where
        F: Future<Output = Result<(), ErrorKind>> + Send + 'static,
    {
        match AbortOnDropHandle::new(self.spawn(task)).await {
            Ok(outcome) => outcome.map_err(words::client_failed),
            Err(_) => Err(words::STOPPED.to_owned()),
        }
    }

    fn take(&self) -> Option<Alive> {
        self.alive
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

impl Drop for Incarnation {
    fn drop(&mut self) {
        if let Some(Alive { runtime, client }) = self.take() {
            drop(client);
            // Waiting is not allowed in here.
            runtime.shutdown_background();
        }
    }
}

/// Why [`Incarnation::connect`] did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectError {
    /// The client ended.
    Ended,
    /// Arti's verdict.
    Tor(ErrorKind),
}

/// A circuit of three hops for nobody else, and a guard that answers on it now:
/// arti may hand out a circuit that it built earlier, so that alone proves
/// nothing. Costs one circuit and two cells, and no relay sees anything that
/// other clients do not do all the time.
async fn prove(client: &Client) -> Result<(), ErrorKind> {
    let kind = |error: Error| error.kind();
    let directory = client
        .dirmgr()
        .map_err(kind)?
        .netdir(Timeliness::Timely)
        .map_err(|error| error.kind())?;
    let circuits = client.circmgr().map_err(kind)?;
    let isolation = StreamIsolation::builder()
        .owner_token(IsolationToken::new())
        .build()
        .map_err(|_| ErrorKind::Internal)?;
    circuits
        .get_or_launch_exit(directory.as_ref().into(), &[], isolation)
        .await
        .map_err(|error| error.kind())?;
    circuits
        .get_or_launch_dir(directory.as_ref().into())
        .await
        .map_err(|error| error.kind())?
        .begin_dir_stream()
        .await
        .map_err(|error| error.kind())?
        // It was opened without waiting for an answer.
        .wait_for_connection()
        .await
        .map_err(|error| error.kind())
}

/// Arti takes the process's default provider. Aws-lc-rs speaks the hybrid
/// post-quantum key exchange with relays that do.
fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // An error means that the program has chosen one already.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    });
}
