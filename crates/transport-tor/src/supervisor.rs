//! Keeps one client alive: brings it up, doubts it, replaces it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicU64},
    time::{Duration, Instant},
};

use arti_client::status::BootstrapStatus;
use futures::StreamExt as _;
use hushwing_transport::{DialError, IsolationClass, NetworkState};
use tokio::sync::{Notify, mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    config::TorConfig,
    incarnation::Incarnation,
    isolation::{ClassToken, IsolationMap},
    onion::{HostError, Hosted, OnionListener, OnionSeed, OnionState, onion_address},
    service::{self, ACCEPT_QUEUE},
    watched::{Doubt, Doubter},
    words,
};

/// Pause after the first failed attempt; it doubles with each further one.
pub const RETRY_FIRST: Duration = Duration::from_secs(2);
/// Longest pause between attempts: what a person waits at most after the
/// network is back, against the cost of loading the directory twice a minute.
pub const RETRY_LAST: Duration = Duration::from_secs(30);
/// A client that was ready this long had a working network: when it is lost
/// the next one is tried at once.
const STEADY: Duration = Duration::from_secs(60);

/// How long a client that comes up may stand still, at first; it doubles with
/// each attempt, so a very slow network gets its time. A directory download
/// reports progress every few seconds.
const PATIENCE_FIRST: Duration = Duration::from_secs(30);
/// The longest that a client may stand still.
const PATIENCE_LAST: Duration = Duration::from_secs(240);
/// How often a client that comes up is looked at.
const LOOK: Duration = Duration::from_millis(250);
/// Progress after the first open connection that shows that a relay answers on
/// it: the connection alone is worth 7, and what opens it may be a router.
const ANSWERED_PERCENT: u8 = 10;

/// The most that a ready client may take to prove itself: a circuit on the
/// public network takes one to three seconds.
const PROOF_DEADLINE: Duration = Duration::from_secs(10);
/// The same when arti itself said that it reaches no relay.
const PROOF_DEADLINE_STRONG: Duration = Duration::from_secs(3);
/// Mere possibilities are looked into this often at most: streams of others
/// break all the time, and each proof costs a circuit.
const PROOF_SPACING: Duration = Duration::from_secs(30);

/// What the supervisor, the handles and the services share.
#[derive(Debug)]
pub(crate) struct Shared {
    config: TorConfig,
    state: watch::Sender<NetworkState>,
    retry: Notify,
    stop: CancellationToken,
    doubter: Doubter,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    /// The client that is ready; `None` while there is none.
    current: Option<Arc<Incarnation>>,
    isolation: IsolationMap,
    hosted: Vec<Arc<Hosted>>,
    next_service: u64,
    is_stopped: bool,
}

impl Shared {
    pub(crate) fn new(config: TorConfig) -> (Arc<Shared>, mpsc::Receiver<Doubt>) {
        let (doubter, doubts) = Doubter::new();
        let starting = NetworkState::Starting {
            percent: 0,
            stage: "starting Tor".to_owned(),
        };
        let shared = Shared {
            config,
            state: watch::Sender::new(starting),
            retry: Notify::new(),
            stop: CancellationToken::new(),
            doubter,
            inner: Mutex::default(),
        };
        (Arc::new(shared), doubts)
    }

    pub(crate) fn state(&self) -> watch::Receiver<NetworkState> {
        self.state.subscribe()
    }

    pub(crate) fn doubter(&self) -> &Doubter {
        &self.doubter
    }

    pub(crate) fn retry_now(&self) {
        self.retry.notify_one();
    }

    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// The ready client and the circuits of `class`, or why there is none.
    pub(crate) fn client_for(
        &self,
        class: IsolationClass,
    ) -> Result<(Arc<Incarnation>, ClassToken), DialError> {
        if !self.state.borrow().is_ready() {
            return Err(self.network_down());
        }
        let mut inner = self.lock();
        let current = inner.current.clone().ok_or_else(|| self.network_down())?;
        Ok((current, inner.isolation.token(class)))
    }

    /// Later dials of the class of `old` use `new`.
    pub(crate) fn replace(&self, old: &ClassToken, new: ClassToken) {
        self.lock().isolation.replace(old, new);
    }

    /// The error for whoever needs the client while there is none.
    pub(crate) fn network_down(&self) -> DialError {
        let reason = self.state.borrow().why_not();
        DialError::NetworkDown {
            reason: reason.unwrap_or_else(|| words::RESTARTING.to_owned()),
        }
    }

    /// Registers a service, and launches it if there is a client.
    pub(crate) fn host(
        &self,
        seed: OnionSeed,
        port: u16,
        most_circuits: usize,
    ) -> Result<OnionListener, HostError> {
        let mut inner = self.lock();
        if inner.is_stopped || self.stop.is_cancelled() {
            return Err(HostError::Stopped);
        }
        inner.hosted.retain(|hosted| !hosted.is_abandoned());
        let address = onion_address(&seed);
        if inner
            .hosted
            .iter()
            .any(|hosted| onion_address(&hosted.seed) == address)
        {
            return Err(HostError::AlreadyHosted);
        }
        let (sender, streams) = mpsc::channel(ACCEPT_QUEUE);
        inner.next_service += 1;
        let hosted = Arc::new(Hosted {
            id: inner.next_service,
            seed,
            port,
            streams: sender,
            state: watch::Sender::new(OnionState::Waiting),
            circuits: Arc::new(AtomicU64::new(0)),
            most_circuits,
        });
        inner.hosted.push(Arc::clone(&hosted));
        let listener = OnionListener::new(&hosted, streams);
        if let Some(current) = &inner.current {
            self.serve(current, hosted);
        }
        Ok(listener)
    }

    fn serve(&self, incarnation: &Incarnation, hosted: Arc<Hosted>) {
        if let Some(client) = incarnation.client() {
            incarnation.spawn(service::serve(client, hosted, self.doubter.clone()));
        }
    }

    fn become_ready(&self, incarnation: &Arc<Incarnation>) {
        let mut inner = self.lock();
        inner.isolation.clear();
        inner.hosted.retain(|hosted| !hosted.is_abandoned());
        for hosted in &inner.hosted {
            self.serve(incarnation, Arc::clone(hosted));
        }
        inner.current = Some(Arc::clone(incarnation));
        drop(inner);
        self.announce(NetworkState::Ready);
    }

    fn become_blocked(&self, reason: String) {
        self.announce(NetworkState::Blocked { reason });
    }

    fn lose_client(&self) {
        let mut inner = self.lock();
        inner.current = None;
        for hosted in &inner.hosted {
            hosted.state.send_replace(OnionState::Waiting);
        }
    }

    fn become_stopped(&self) {
        let mut inner = self.lock();
        inner.current = None;
        inner.is_stopped = true;
        // The listeners end when nobody can send to them any more.
        inner.hosted.clear();
        drop(inner);
        self.announce(NetworkState::Off);
    }

    fn announce(&self, state: NetworkState) {
        self.state.send_if_modified(|current| {
            let is_new = *current != state;
            if is_new {
                match state {
                    NetworkState::Starting { .. } => tracing::debug!(%state, "Tor"),
                    _ => tracing::info!(%state, "Tor"),
                }
                *current = state;
            }
            is_new
        });
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing that is done under the lock leaves it half done.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs until [`Shared::stop`].
pub(crate) async fn run(shared: Arc<Shared>, mut doubts: mpsc::Receiver<Doubt>) {
    let mut attempt = 0;
    loop {
        let life = live(&shared, &mut doubts, attempt).await;
        shared.lose_client();
        match life {
            Life::Stopped => break,
            Life::Failed(reason) => shared.become_blocked(reason),
            Life::Lost { reason, was_steady } => {
                shared.become_blocked(reason);
                if was_steady {
                    attempt = 0;
                    continue;
                }
            }
        }
        tokio::select! {
            () = shared.stop.cancelled() => break,
            () = shared.retry.notified() => {}
            () = tokio::time::sleep(doubling(RETRY_FIRST, attempt, RETRY_LAST)) => {}
        }
        attempt += 1;
    }
    shared.become_stopped();
}

/// How one client ended.
enum Life {
    /// By order.
    Stopped,
    /// It never became ready.
    Failed(String),
    /// It was ready, and then could not prove itself.
    Lost { reason: String, was_steady: bool },
}

/// One client: made, brought up, watched, and ended for certain.
async fn live(shared: &Arc<Shared>, doubts: &mut mpsc::Receiver<Doubt>, attempt: u32) -> Life {
    let config = shared.config.clone();
    let created = tokio::task::spawn_blocking(move || Incarnation::create(&config)).await;
    let incarnation = match created {
        Ok(Ok(incarnation)) => Arc::new(incarnation),
        Ok(Err(reason)) => return Life::Failed(reason),
        Err(_) => return Life::Failed("Tor could not be started".to_owned()),
    };
    let life = tokio::select! {
        () = shared.stop.cancelled() => Life::Stopped,
        life = live_inside(shared, &incarnation, doubts, attempt) => life,
    };
    if let Life::Lost { reason, .. } = &life {
        // Said before the end, which may take a moment.
        shared.become_blocked(reason.clone());
    }
    shared.lose_client();
    incarnation.end().await;
    life
}

async fn live_inside(
    shared: &Shared,
    incarnation: &Arc<Incarnation>,
    doubts: &mut mpsc::Receiver<Doubt>,
    attempt: u32,
) -> Life {
    if let Err(reason) = bring_up(shared, incarnation, attempt).await {
        return Life::Failed(reason);
    }
    // Doubts about an earlier client say nothing about this one.
    while doubts.try_recv().is_ok() {}
    shared.become_ready(incarnation);
    let ready = Instant::now();
    let reason = watch_over(shared, incarnation, doubts).await;
    Life::Lost {
        reason,
        was_steady: ready.elapsed() >= STEADY,
    }
}

/// Until the client has proved itself, or the reason why it did not.
async fn bring_up(shared: &Shared, incarnation: &Incarnation, attempt: u32) -> Result<(), String> {
    let patience = doubling(PATIENCE_FIRST, attempt, PATIENCE_LAST);
    let before = incarnation.links().now();
    let Some((mut status, mut progress)) = incarnation.progress() else {
        return Err(words::STOPPED.to_owned());
    };
    let mut bootstrap = std::pin::pin!(incarnation.bootstrap());
    let mut look = tokio::time::interval(LOOK);
    let (mut furthest, mut moved) = (0, Instant::now());
    let (mut percent_when_opened, mut is_answered) = (None, false);
    loop {
        tokio::select! {
            outcome = &mut bootstrap => return outcome,
            Some(new) = progress.next() => status = new,
            () = shared.retry.notified() => {
                if incarnation.links().now().opened() == before.opened() {
                    shared.retry_now(); // for the pause that follows
                    return Err(stuck(&status));
                }
            }
            _ = look.tick() => {}
        }
        let links = incarnation.links().now();
        if let Some(error) = links.given_up_since(&before) {
            return Err(words::no_relay(error));
        }
        let percent = percent(&status);
        if percent > furthest {
            (furthest, moved) = (percent, Instant::now());
        }
        if moved.elapsed() > patience {
            return Err(stuck(&status));
        }
        if links.opened() > before.opened() {
            let at = *percent_when_opened.get_or_insert(percent);
            is_answered |= percent >= at.saturating_add(ANSWERED_PERCENT);
        }
        // As long as no relay answers, what was said before still holds.
        let was_blocked = matches!(*shared.state.borrow(), NetworkState::Blocked { .. });
        if !was_blocked || is_answered {
            shared.announce(match words::blockage(&status) {
                Some(reason) => NetworkState::Blocked { reason },
                None => NetworkState::Starting {
                    percent,
                    stage: words::stage(&status),
                },
            });
        }
    }
}

/// Watches a ready client; returns the reason why it must end.
async fn watch_over(
    shared: &Shared,
    incarnation: &Incarnation,
    doubts: &mut mpsc::Receiver<Doubt>,
) -> String {
    let mut links = incarnation.links().subscribe();
    let mut failed = links.borrow_and_update().failed();
    let mut next_proof = Instant::now();
    let mut is_in_doubt = false;
    loop {
        let doubt = tokio::select! {
            Some(doubt) = doubts.recv() => doubt,
            Ok(()) = links.changed() => {
                let now = links.borrow_and_update().failed();
                if now == failed {
                    continue;
                }
                failed = now;
                Doubt::Possible
            }
            () = shared.retry.notified() => {
                next_proof = Instant::now();
                Doubt::Possible
            }
            () = tokio::time::sleep_until(next_proof.into()), if is_in_doubt => {
                Doubt::Possible
            }
        };
        let proof = match doubt {
            Doubt::Possible if Instant::now() < next_proof => {
                is_in_doubt = true;
                continue;
            }
            Doubt::Possible => prove(shared, incarnation, doubts).await,
            Doubt::Strong(reason) => {
                shared.become_blocked(reason.clone());
                let proof = incarnation.prove(PROOF_DEADLINE_STRONG).await;
                proof.map_err(|_| reason)
            }
        };
        if let Err(reason) = proof {
            return reason;
        }
        while doubts.try_recv().is_ok() {}
        next_proof = Instant::now() + PROOF_SPACING;
        is_in_doubt = false;
        shared.announce(NetworkState::Ready);
    }
}

/// A proof that does not wait longer than it is worth: if meanwhile no relay
/// lets us connect, three seconds are enough. A possible doubt that becomes a
/// strong one is said at once.
async fn prove(
    shared: &Shared,
    incarnation: &Incarnation,
    doubts: &mut mpsc::Receiver<Doubt>,
) -> Result<(), String> {
    let before = incarnation.links().now();
    let started = Instant::now();
    let mut proof = std::pin::pin!(incarnation.prove(PROOF_DEADLINE));
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            outcome = &mut proof => return outcome,
            Some(Doubt::Strong(reason)) = doubts.recv() => shared.become_blocked(reason),
            _ = look.tick() => {}
        }
        if started.elapsed() >= PROOF_DEADLINE_STRONG
            && let Some(error) = incarnation.links().now().given_up_since(&before)
        {
            return Err(words::no_relay(error));
        }
    }
}

/// What stands in the way of a client that does not come up.
fn stuck(status: &BootstrapStatus) -> String {
    words::blockage(status).unwrap_or_else(|| words::NO_PROGRESS.to_owned())
}

/// 0 to 99: it is 100 when the client has proved itself, and that is "ready".
fn percent(status: &BootstrapStatus) -> u8 {
    let percent = (status.as_frac() * 100.0).clamp(0.0, 99.0);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 99
    let percent = percent as u8;
    percent
}

/// `first` doubled `times` times, `last` at most.
fn doubling(first: Duration, times: u32, last: Duration) -> Duration {
    let factor = 1_u32.checked_shl(times).unwrap_or(u32::MAX);
    first.saturating_mul(factor).min(last)
}

#[cfg(test)]
mod tests {
    use super::{RETRY_FIRST, RETRY_LAST, doubling};

    #[test]
    fn pauses_double_up_to_the_longest() {
        let pauses: Vec<u64> = (0..6)
            .map(|attempt| doubling(RETRY_FIRST, attempt, RETRY_LAST).as_secs())
            .collect();
        assert_eq!(pauses, [2, 4, 8, 16, 30, 30]);
        assert_eq!(doubling(RETRY_FIRST, 1_000_000, RETRY_LAST), RETRY_LAST);
    }
}
