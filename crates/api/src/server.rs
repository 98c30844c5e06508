//! The server: one listener on 127.0.0.1, and an orderly end.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    middleware::from_fn_with_state,
    routing::{get, post, put},
};
use data_encoding::HEXLOWER;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::{
    sync::{CancellationToken, DropGuard},
    task::TaskTracker,
};
use zeroize::Zeroizing;

use crate::{
    Backend, Limits,
    command::command,
    events::events,
    guard::{EVENTS, Guard, OPEN, guard},
    opening::{make_code, open, strength, wait_for_code},
    page::page,
    pages::Pages,
    ring::Ring,
    session::{DaemonLock, LockError, Published},
    spool::{Spool, delete_file, get_file, put_file},
};

/// After a failed accept (no file descriptors left), so that it does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What all handlers share.
pub(crate) struct Shared {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) limits: Limits,
    pub(crate) commands: Arc<Semaphore>,
    pub(crate) listeners: Arc<Semaphore>,
    pub(crate) pages: Arc<Pages>,
    pub(crate) ring: Arc<Ring>,
    pub(crate) spool: Arc<Spool>,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
}

/// Why the server does not start. The machine's fault, or see [`LockError`].
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// No port on 127.0.0.1.
    #[error("cannot listen on 127.0.0.1: {0}")]
    Listen(#[source] io::Error),
    /// The folder for files of pages cannot be made.
    #[error("no folder for backups on their way can be made: {0}")]
    Spool(#[source] io::Error),
    /// The session file cannot be written.
    #[error(transparent)]
    Session(#[from] LockError),
}

/// A running server.
///
/// `[HW-API-13]` It listens on 127.0.0.1, on a port that the system picks, and
/// can be told nothing else.
pub struct Server {
    published: Published,
    pages: Arc<Pages>,
    tasks: TaskTracker,
    stop: DropGuard,
    grace: Duration,
}

impl Server {
    /// Listens, draws a secret, writes the session file and serves `backend`.
    /// Needs a tokio runtime.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        lock: DaemonLock,
        backend: Arc<dyn Backend>,
        limits: Limits,
    ) -> Result<Self, StartError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(StartError::Listen)?;
        let address = listener.local_addr().map_err(StartError::Listen)?;
        let spool = Spool::new(lock.dir(), &limits).map_err(StartError::Spool)?;
        let spool = Arc::new(spool);
        let published = lock.publish(address)?;
        let tasks = TaskTracker::new();
        let stop = CancellationToken::new();
        let grace = limits.shutdown_grace;
        let pages = Arc::new(Pages::new(limits.max_idle));
        let secret = published.session.secret.clone();
        let guard_of_all = Arc::new(Guard::new(address, secret, pages.clone()));
        let ring = Arc::new(Ring::new(
            name_of_run().map_err(StartError::Listen)?,
            &limits,
        ));
        tasks.spawn({
            let (ring, stop, events) = (ring.clone(), stop.clone(), backend.events());
            async move {
                tokio::select! {
                    () = ring.fill(events) => {}
                    () = stop.cancelled() => {}
                }
            }
        });
        tasks.spawn({
            let (spool, stop) = (spool.clone(), stop.clone());
            async move {
                tokio::select! {
                    () = spool.keep_clean() => {}
                    () = stop.cancelled() => {}
                }
            }
        });
        let shared = Arc::new(Shared {
            backend,
            ring,
            spool,
            commands: Arc::new(Semaphore::new(limits.max_commands)),
            listeners: Arc::new(Semaphore::new(limits.max_listeners)),
            limits: limits.clone(),
            pages: pages.clone(),
            tasks: tasks.clone(),
            stop: stop.clone(),
        });
        let router = Router::new()
            .route("/v0/command", post(command))
            .route(EVENTS, get(events))
            .route(OPEN, post(open))
            .route("/v0/codes", post(make_code))
            .route("/v0/codes/wait", post(wait_for_code))
            .route("/v0/strength", post(strength))
            .route(
                "/v0/files/{id}",
                put(put_file).get(get_file).delete(delete_file),
            )
            .fallback(page)
            .with_state(shared)
            .layer(from_fn_with_state(guard_of_all, guard));
        let door = Door {
            router,
            limits,
            tasks: tasks.clone(),
            stop: stop.clone(),
        };
        tasks.spawn(door.accept_all(listener));
        Ok(Self {
            published,
            pages,
            tasks,
            stop: stop.drop_guard(),
            grace,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.published.session.address
    }

    /// An address that opens the app once, for `lifetime`, to be shown to the person who
    /// started this program.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn app_address(&self, lifetime: Duration) -> io::Result<Zeroizing<String>> {
        let code = self.pages.make_code(lifetime)?;
        Ok(self.published.session.app_address(&code))
    }

    /// Takes no more commands, lets those in progress end (for a bounded time),
    /// tells the listeners, and removes the session file. The directory comes
    /// back still locked, for whatever else has to end before the next daemon.
    pub async fn shutdown(self) -> DaemonLock {
        drop(self.stop);
        self.tasks.close();
        if timeout(self.grace, self.tasks.wait()).await.is_err() {
            tracing::warn!("some commands had not ended when the API stopped");
        }
        self.published.withdraw()
    }
}

/// Tells one run of the daemon from another.
fn name_of_run() -> io::Result<String> {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(HEXLOWER.encode(&bytes))
}

/// Takes connections in, no more than the limit at a time.
struct Door {
    router: Router,
    limits: Limits,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Door {
    async fn accept_all(self, listener: TcpListener) {
        let places = Arc::new(Semaphore::new(self.limits.max_connections));
        loop {
            let next = async {
                let place = places.clone().acquire_owned().await.ok();
                (place, listener.accept().await)
            };
            let accepted = tokio::select! {
                () = self.stop.cancelled() => return,
                accepted = next => accepted,
            };
            match accepted {
                (Some(place), Ok((stream, _))) => self.serve(stream, place),
                (_, Err(error)) => {
                    tracing::warn!(kind = ?error.kind(), "no connection can be taken");
                    sleep(ACCEPT_PAUSE).await;
                }
                (None, Ok(_)) => return,
            }
        }
    }

    /// HTTP/1.1 only: a browser needs no more, and each protocol less is one
    /// less to attack.
    fn serve(&self, stream: TcpStream, place: OwnedSemaphorePermit) {
        let service = TowerToHyperService::new(self.router.clone());
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.header_deadline)
            .max_buf_size(self.limits.max_head_len)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            let _place = place;
            let mut connection = std::pin::pin!(connection);
            // How a connection ends tells nothing that anybody could act upon.
            tokio::select! {
                _ = connection.as_mut() => return,
                () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
            }
            let _ = connection.await;
        });
    }
}
