//! The server half: one connection served over a [`Service`], at a bounded
//! cost whatever its client does.

use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use futures::{StreamExt as _, stream::FuturesUnordered};
use hushwing_transport::Stream;
use hushwing_wire::{Refusal, Request, RequestOp, Response, ResponseOp};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    time::{Instant, sleep_until, timeout},
};
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use crate::{
    error::{Misbehaviour, ServeError},
    frames::{self, FrameError},
    tls,
};

/// Longest time for a client's handshake: two round trips over a slow onion
/// circuit. A client that dawdles holds a connection's place.
pub const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(30);

/// Longest time without a request while none waits for its answer. Clients
/// that mean to stay hold a GET open.
pub const IDLE_DEADLINE: Duration = Duration::from_secs(600);

/// Requests that one connection may have in flight: a full client
/// ([`crate::MAX_CALLS_IN_FLIGHT`]) fits. With [`hushwing_wire::limits::FRAME_LEN`]
/// it bounds what a client that reads nothing can cost: 1.1 MB.
pub const MAX_REQUESTS_IN_FLIGHT: usize = 64;

/// Longest deadline that is told from none: a year.
const MOST_DEADLINE: Duration = Duration::from_secs(365 * 24 * 3_600);

/// Refusals that may wait to be written besides answers; then the client is
/// not read any further until it reads.
const MAX_QUEUED_REFUSALS: usize = 8;

/// What a server does with requests.
#[async_trait]
pub trait Service: Send + Sync + 'static {
    /// Carries out one request.
    ///
    /// Calls of one connection run side by side, and the future is dropped at
    /// any await when its connection ends: work that must not stop half-way
    /// may not depend on it.
    async fn call(&self, op: RequestOp) -> ResponseOp;
}

/// Requests that all connections of a server may have in flight together, and how
/// many of them may wait. Clones share the budget.
///
/// A GET with a wait costs its client nothing and lasts for minutes, so those alone
/// could take everything: a quarter is out of their reach, for who puts, reads and
/// drops.
#[derive(Clone, Debug)]
pub struct RequestBudget {
    all: Arc<Semaphore>,
    waits: Arc<Semaphore>,
}

impl RequestBudget {
    /// A budget of `requests`; each costs at most a frame of 17 KB. Of four or more,
    /// three quarters may wait; of fewer, all but one, and one may always.
    #[must_use]
    pub fn new(requests: usize) -> Self {
        let all = requests.min(Semaphore::MAX_PERMITS);
        let kept = all.div_ceil(4).min(all.saturating_sub(1));
        Self {
            all: Arc::new(Semaphore::new(all)),
            waits: Arc::new(Semaphore::new(all - kept)),
        }
    }

    /// How many more requests may begin now.
    #[must_use]
    pub fn left(&self) -> usize {
        self.all.available_permits()
    }

    /// A place for `op`, if there is one.
    fn place(&self, op: &RequestOp) -> Option<BudgetPlace> {
        let wait = match op {
            RequestOp::Get { wait_s: 1.., .. } => {
                Some(self.waits.clone().try_acquire_owned().ok()?)
            }
            _ => None,
        };
        Some(BudgetPlace {
            _one: self.all.clone().try_acquire_owned().ok()?,
            _wait: wait,
        })
    }
}

/// A request's place in a [`RequestBudget`].
struct BudgetPlace {
    _one: OwnedSemaphorePermit,
    _wait: Option<OwnedSemaphorePermit>,
}

/// How fast one connection may make requests. One that is faster is read as
/// slowly as this, so it waits in its own circuit and costs nobody else's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestRate {
    /// Requests a second in the long run; 0 counts as 1.
    pub per_second: u32,
    /// Requests at once after a silence; fewer than 1 counts as 1.
    pub burst: u32,
}

impl Default for RequestRate {
    /// 4 MB a second, more than an onion circuit carries.
    fn default() -> Self {
        Self {
            per_second: 256,
            burst: 512,
        }
    }
}

/// A bucket of requests that fills with time.
struct Pace {
    rate: RequestRate,
    left: f64,
    filled: Instant,
}

impl Pace {
    fn new(rate: RequestRate) -> Self {
        Self {
            rate,
            left: f64::from(rate.burst.max(1)),
            filled: Instant::now(),
        }
    }

    /// Counts one request; until when the next must wait.
    fn count(&mut self) -> Option<Instant> {
        let (now, per_second) = (Instant::now(), f64::from(self.rate.per_second.max(1)));
        let since = now.duration_since(self.filled).as_secs_f64();
        self.left = (self.left + since * per_second).min(f64::from(self.rate.burst.max(1)));
        self.filled = now;
        self.left -= 1.0;
        // The next one needs a whole request in the bucket.
        let missing = 1.0 - self.left;
        (missing > 0.0).then(|| now + Duration::from_secs_f64(missing / per_second))
    }
}

/// What a connection is doing, for a server that must choose which one gives
/// way to a new one. Clones share it.
#[derive(Clone, Debug)]
pub struct Activity(Arc<Mutex<(Phase, Instant)>>);

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It is not secure yet.
    Handshake,
    /// It is, and no request is in flight.
    Idle,
    /// Requests are in flight, or it is ending.
    Busy,
}

impl Default for Activity {
    fn default() -> Self {
        Self(Arc::new(Mutex::new((Phase::Handshake, Instant::now()))))
    }
}

impl Activity {
    /// What the connection is doing, and since when.
    #[must_use]
    pub fn now(&self) -> (Phase, Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn becomes(&self, phase: Phase) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (phase, Instant::now());
    }
}

/// What one connection may cost. [`ConnectionLimits::default`] gives it a
/// budget of its own; a server sets one budget for all.
#[derive(Clone, Debug)]
pub struct ConnectionLimits {
    /// Requests in flight on this connection; more are refused with
    /// [`Refusal::Busy`].
    pub requests_in_flight: usize,
    /// Requests in flight on all connections together, and waits among them; more
    /// are refused with [`Refusal::Busy`].
    pub budget: RequestBudget,
    /// Longest time for the TLS handshake.
    pub handshake_deadline: Duration,
    /// Longest time without a request in flight.
    pub idle_deadline: Duration,
    /// How fast it may make requests.
    pub rate: RequestRate,
    /// Told what the connection is doing. Each connection needs its own.
    pub activity: Activity,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self {
            requests_in_flight: MAX_REQUESTS_IN_FLIGHT,
            budget: RequestBudget::new(MAX_REQUESTS_IN_FLIGHT),
            handshake_deadline: HANDSHAKE_DEADLINE,
            idle_deadline: IDLE_DEADLINE,
            rate: RequestRate::default(),
            activity: Activity::default(),
        }
    }
}

/// Serves one connection until its client closes it. `[HW-RELAY-3]`
///
/// # Errors
/// [`ServeError`]; the connection is closed then, and no other is affected.
pub async fn serve_connection(
    stream: Stream,
    tls: Arc<ServerConfig>,
    service: Arc<dyn Service>,
    limits: ConnectionLimits,
) -> Result<(), ServeError> {
    serve_connection_until(stream, tls, service, limits, std::future::pending()).await
}

/// Serves one connection until its client closes it or `stop` is ready. Then
/// no further request is read; those in flight are answered, and the
/// connection is closed in order.
///
/// # Errors
/// [`ServeError`]; the connection is closed then, and no other is affected.
pub async fn serve_connection_until(
    stream: Stream,
    tls: Arc<ServerConfig>,
    service: Arc<dyn Service>,
    limits: ConnectionLimits,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let mut stop = pin!(stop);
    let handshake = timeout(
        limits.handshake_deadline,
        TlsAcceptor::from(tls).accept(stream),
    );
    let stream = tokio::select! {
        done = handshake => done
            .map_err(|_| ServeError::HandshakeTimedOut)?
            .map_err(|error| ServeError::of_handshake(&error))?,
        () = &mut stop => return Ok(()),
    };
    // A client may pass over ALPN (RFC 7301 §3.1); ours never does.
    if stream.get_ref().1.alpn_protocol() != Some(tls::ALPN) {
        return Err(ServeError::Incompatible);
    }
    limits.activity.becomes(Phase::Idle);
    let (reader, mut writer) = tokio::io::split(stream);
    let (answers, queue) = mpsc::channel(limits.requests_in_flight + MAX_QUEUED_REFUSALS);
    let served = {
        let mut reading = pin!(read_requests(reader, service, &limits, answers, stop));
        let mut writing = pin!(write_answers(&mut writer, queue));
        tokio::select! {
            read = &mut reading => match read {
                Ok(ReadEnd::ClientLeft) => Ok(()),
                // The reader has dropped its sender, so the writer ends when
                // all answers are written.
                Ok(ReadEnd::Stopped) => writing.await,
                Err(error) => Err(error),
            },
            // The writer ends first only when it fails.
            written = &mut writing => written,
        }
    };
    limits.activity.becomes(Phase::Busy);
    // The farewell of TLS, as far as the network still takes it.
    let _ = timeout(frames::FRAME_DEADLINE, writer.shutdown()).await;
    served
}

/// An answer on its way to the writer. It holds its request's place until it
/// is written, so that answers nobody reads count as requests in flight.
struct Answer {
    response: Response,
    _places: Option<Places>,
}

/// Boxed: a channel keeps room for 32 answers at least, also for a connection that
/// waits for its first, and most wait.
type AnswerSender = mpsc::Sender<Box<Answer>>;

/// A request's place on its connection and in the server's budget.
struct Places {
    _connection: OwnedSemaphorePermit,
    _budget: BudgetPlace,
}

enum ReadEnd {
    ClientLeft,
    Stopped,
}

async fn read_requests<R: AsyncRead + Unpin>(
    mut reader: R,
    service: Arc<dyn Service>,
    limits: &ConnectionLimits,
    answers: AnswerSender,
    mut stop: impl Future<Output = ()> + Unpin,
) -> Result<ReadEnd, ServeError> {
    let places = Arc::new(Semaphore::new(limits.requests_in_flight));
    let mut calls = FuturesUnordered::new();
    let mut idle_since = Instant::now();
    let mut pace = Pace::new(limits.rate);
    let mut not_before = None;
    loop {
        let wait = not_before;
        let mut frame = pin!(async {
            if let Some(until) = wait {
                sleep_until(until).await;
            }
            frames::read_frame(&mut reader).await
        });
        let frame = loop {
            tokio::select! {
                frame = &mut frame => break frame?,
                Some(()) = calls.next(), if !calls.is_empty() => {
                    idle_since = Instant::now();
                    if calls.is_empty() {
                        limits.activity.becomes(Phase::Idle);
                    }
                }
                () = sleep_until(after(idle_since, limits.idle_deadline)), if calls.is_empty() => {
                    return Err(ServeError::Idle);
                }
                () = &mut stop => {
                    while calls.next().await.is_some() {}
                    return Ok(ReadEnd::Stopped);
                }
            }
        };
        let Some(frame) = frame else {
            return Ok(ReadEnd::ClientLeft);
        };
        let Request { id, op } = Request::from_frame(&frame)
            .map_err(|error| ServeError::Misbehaved(Misbehaviour::Frame(error)))?;
        drop(frame);
        idle_since = Instant::now();
        not_before = pace.count();
        let (Ok(connection), Some(budget)) =
            (places.clone().try_acquire_owned(), limits.budget.place(&op))
        else {
            // Waits while the client reads nothing; the calls in flight need
            // no attention meanwhile, as their answers could not go out either.
            let refusal = ResponseOp::Refused(Refusal::Busy);
            send(&answers, id, refusal, None).await;
            continue;
        };
        let places = Places {
            _connection: connection,
            _budget: budget,
        };
        let service = service.clone();
        let answers = answers.clone();
        limits.activity.becomes(Phase::Busy);
        calls.push(async move {
            let op = service.call(op).await;
            send(&answers, id, op, Some(places)).await;
        });
    }
}

/// A deadline beyond what a clock can tell is as good as none.
fn after(since: Instant, deadline: Duration) -> Instant {
    since
        .checked_add(deadline)
        .unwrap_or_else(|| since + MOST_DEADLINE)
}

async fn send(answers: &AnswerSender, id: u32, op: ResponseOp, places: Option<Places>) {
    let answer = Box::new(Answer {
        response: Response { id, op },
        _places: places,
    });
    // The writer is gone only when the connection is.
    let _ = answers.send(answer).await;
}

async fn write_answers<W: AsyncWrite + Unpin>(
    writer: &mut W,
    mut queue: mpsc::Receiver<Box<Answer>>,
) -> Result<(), ServeError> {
    while let Some(answer) = queue.recv().await {
        let frame = answer
            .response
            .to_frame()
            .map_err(|error| ServeError::Misbehaved(Misbehaviour::Frame(error)))?;
        frames::write_frame(writer, Zeroizing::new(frame)).await?;
        // One flush for all that is ready to go.
        if queue.is_empty() {
            frames::flush(writer).await?;
        }
    }
    Ok(())
}

impl From<FrameError> for ServeError {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Lost => Self::Lost,
            FrameError::TooSlow => Self::TooSlow,
            FrameError::Misbehaved(why) => Self::Misbehaved(why),
        }
    }
}
