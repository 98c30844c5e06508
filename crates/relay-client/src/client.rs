//! The client half: calls pipelined over one connection, matched by id.
//!
//! One background task a connection writes requests and reads answers; it ends
//! with the last handle. What the server sends is checked against what was
//! asked; anything else closes the connection. `[HW-RELAY-2]`

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use hushwing_transport::Stream;
use hushwing_wire::{
    DecodeError, GateTerms, RelayInfo, Request, RequestOp, Response, ResponseOp, SealedBox,
    ServerKeyPin, Slot,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch},
    time::timeout,
};
use tokio_rustls::TlsConnector;
use zeroize::Zeroizing;

use crate::{
    error::{CallError, ConnectError, Misbehaviour},
    frames::{self, FrameError},
    opener::{Gate, Opener},
    tls,
};

/// Longest time for the TLS handshake on a stream that is already open: two
/// round trips over a slow onion circuit.
pub const CONNECT_DEADLINE: Duration = Duration::from_secs(30);

/// Longest time for an answer, beyond the wait that a GET asks for: a round
/// trip, a commit, and [`MAX_CALLS_IN_FLIGHT`] frames ahead of it in both
/// directions at 40 KB/s.
pub const ANSWER_DEADLINE: Duration = Duration::from_secs(60);

/// Calls that wait for their answers on one connection; each holds a frame of
/// 17 KB at most. More would only queue in the circuit, and a server refuses
/// more than [`crate::MAX_REQUESTS_IN_FLIGHT`].
pub const MAX_CALLS_IN_FLIGHT: usize = 64;

/// Proofs of one box that the server may refuse: none, one of the shared key, one
/// of work, and work again where the level has risen meanwhile.
const MAX_REFUSED_PROOFS: u32 = 4;

/// What became of a PUT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PutOutcome {
    /// It is stored durably.
    Stored,
    /// This very box was put there before; it is stored, or was and its reader
    /// has dropped it.
    Same,
    /// Another box lies there; here it is.
    Taken(SealedBox),
    /// Another box lay there and its reader has dropped it.
    TakenAndDropped,
    /// The server has no room; nothing was stored.
    Full,
    /// The server said no and why; nothing was stored.
    Refused(hushwing_wire::Refusal),
    /// The server's gate asks for what this client does not have or will not
    /// do; nothing was stored.
    GateClosed(GateTerms),
}

/// A handle to one connection. Clones share it; it closes with the last one.
#[derive(Clone)]
pub struct RelayClient {
    shared: Arc<Shared>,
    // Apart from `Shared`: the task holds that, and must see the last handle go.
    outgoing: mpsc::Sender<Outgoing>,
}

impl std::fmt::Debug for RelayClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RelayClient(..)")
    }
}

impl RelayClient {
    /// Makes the stream secure and starts the connection's task on the current
    /// tokio runtime.
    ///
    /// # Errors
    /// [`ConnectError`]; the stream is closed then.
    pub async fn connect(stream: Stream, pin: &ServerKeyPin) -> Result<Self, ConnectError> {
        Self::connect_with(stream, pin, Opener::default()).await
    }

    /// The same, with what the client has to open the server's gate.
    ///
    /// # Errors
    /// [`ConnectError`]; the stream is closed then.
    pub async fn connect_with(
        stream: Stream,
        pin: &ServerKeyPin,
        opener: Opener,
    ) -> Result<Self, ConnectError> {
        let connector = TlsConnector::from(tls::client_config(pin));
        let handshake = connector.connect(tls::unused_name(), stream);
        let stream = timeout(CONNECT_DEADLINE, handshake)
            .await
            .map_err(|_| ConnectError::TimedOut)??;
        // A server may pass over ALPN (RFC 7301 §3.2); ours never does.
        if stream.get_ref().1.alpn_protocol() != Some(tls::ALPN) {
            return Err(ConnectError::Incompatible);
        }
        let (closing, closed) = watch::channel(false);
        let shared = Arc::new(Shared {
            state: Mutex::new(State::default()),
            places: Arc::new(Semaphore::new(MAX_CALLS_IN_FLIGHT)),
            closing,
            gate: Gate::new(*pin, opener),
        });
        let (outgoing, requests) = mpsc::channel(MAX_CALLS_IN_FLIGHT);
        let (reader, writer) = tokio::io::split(stream);
        tokio::spawn(drive(shared.clone(), reader, writer, requests, closed));
        Ok(Self { shared, outgoing })
    }

    /// Puts `boxed` at `slot` if nothing is there, for `ttl_s` seconds or as
    /// long as the server grants. What its gate asks for is done on the way.
    ///
    /// # Errors
    /// [`CallError`]; where it says that the outcome is unknown, the same call
    /// on another connection tells.
    pub async fn put(
        &self,
        slot: &Slot,
        boxed: &SealedBox,
        ttl_s: u32,
    ) -> Result<PutOutcome, CallError> {
        let mut refused = 0;
        let answer = loop {
            let (slot, boxed) = (*slot, boxed.clone());
            let shown = match self.shared.gate.proof(&slot).await {
                Ok(shown) => shown,
                Err(terms) => return Ok(PutOutcome::GateClosed(terms)),
            };
            let op = match shown {
                None => RequestOp::Put { slot, ttl_s, boxed },
                Some(proof) => RequestOp::PutGated {
                    slot,
                    ttl_s,
                    boxed,
                    proof,
                },
            };
            match self.call(op, Asked::Put, ANSWER_DEADLINE).await? {
                ResponseOp::GateWanted(terms) => {
                    self.shared.gate.learn(terms, shown.as_ref());
                    refused += 1;
                    if refused == MAX_REFUSED_PROOFS {
                        return Ok(PutOutcome::GateClosed(terms));
                    }
                }
                answer => break answer,
            }
        };
        match answer {
            ResponseOp::Stored => Ok(PutOutcome::Stored),
            ResponseOp::Same => Ok(PutOutcome::Same),
            ResponseOp::Taken(boxed) => Ok(PutOutcome::Taken(boxed)),
            ResponseOp::TakenAndDropped => Ok(PutOutcome::TakenAndDropped),
            ResponseOp::Full => Ok(PutOutcome::Full),
            ResponseOp::Refused(why) => Ok(PutOutcome::Refused(why)),
            _ => Err(CallError::Misbehaved(Misbehaviour::WrongKind)),
        }
    }

    /// The first box found at one of `slots`, with the index of its slot;
    /// `None` when nothing arrives within `wait_s` seconds.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn get(
        &self,
        slots: &[Slot],
        wait_s: u16,
    ) -> Result<Option<(usize, SealedBox)>, CallError> {
        let op = RequestOp::Get {
            slots: slots.to_vec(),
            wait_s,
        };
        let asked = Asked::Get { slots: slots.len() };
        let deadline = ANSWER_DEADLINE + Duration::from_secs(wait_s.into());
        match self.call(op, asked, deadline).await? {
            ResponseOp::Found { index, boxed } => Ok(Some((index.into(), boxed))),
            ResponseOp::Nothing => Ok(None),
            other => Err(refused(&other)),
        }
    }

    /// Makes the server forget the boxes at `slots`.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn drop_slots(&self, slots: &[Slot]) -> Result<(), CallError> {
        let op = RequestOp::Drop {
            slots: slots.to_vec(),
        };
        match self.call(op, Asked::Drop, ANSWER_DEADLINE).await? {
            ResponseOp::Dropped => Ok(()),
            other => Err(refused(&other)),
        }
    }

    /// What the server says of itself.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn info(&self) -> Result<RelayInfo, CallError> {
        match self
            .call(RequestOp::Info, Asked::Info, ANSWER_DEADLINE)
            .await?
        {
            ResponseOp::Info(info) => Ok(info),
            other => Err(refused(&other)),
        }
    }

    /// Whether the connection has ended; every further call fails.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.state().closed.is_some()
    }

    /// Returns when the connection has ended, whoever ended it.
    pub async fn closed(&self) {
        let mut closing = self.shared.closing.subscribe();
        // The sender lives in `shared`, which this handle holds.
        let _ = closing.wait_for(|&closed| closed).await;
    }

    /// Ends the connection; calls that wait get [`CallError::Lost`].
    pub fn close(&self) {
        self.shared.close(CallError::Lost);
    }

    async fn call(
        &self,
        op: RequestOp,
        asked: Asked,
        deadline: Duration,
    ) -> Result<ResponseOp, CallError> {
        check(&op)?;
        let place = timeout(deadline, self.shared.places.clone().acquire_owned())
            .await
            .map_err(|_| CallError::Busy)?
            .map_err(|_| self.shared.state().closed.unwrap_or(CallError::Lost))?;
        let (answer, answered) = oneshot::channel();
        let id = self.shared.expect(asked, answer, place)?;
        // Places are fewer than the channel's, so it has room unless the task
        // is gone, which has then answered this call.
        let _ = self.outgoing.try_send(Outgoing { id, op });
        match timeout(deadline, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(CallError::Lost),
            Err(_) => {
                self.shared.close(CallError::Lost);
                Err(CallError::TimedOut)
            }
        }
    }
}

fn check(op: &RequestOp) -> Result<(), CallError> {
    use hushwing_wire::limits::{MAX_SLOTS_PER_REQUEST, MAX_WAIT_S};
    match op {
        RequestOp::Get { slots, .. } | RequestOp::Drop { slots } if slots.is_empty() => Err(
            CallError::Invalid(DecodeError::Invalid("the list of slots")),
        ),
        RequestOp::Get { slots, .. } | RequestOp::Drop { slots }
            if slots.len() > MAX_SLOTS_PER_REQUEST =>
        {
            Err(CallError::Invalid(DecodeError::TooLong(
                "the list of slots",
            )))
        }
        RequestOp::Get { wait_s, .. } if *wait_s > MAX_WAIT_S => {
            Err(CallError::Invalid(DecodeError::TooLong("the wait")))
        }
        _ => Ok(()),
    }
}

fn refused(op: &ResponseOp) -> CallError {
    match op {
        ResponseOp::Refused(why) => CallError::Refused(*why),
        _ => CallError::Misbehaved(Misbehaviour::WrongKind),
    }
}

/// One request on its way to the writer.
struct Outgoing {
    id: u32,
    op: RequestOp,
}

/// What was asked, as far as the answer is checked against it.
#[derive(Clone, Copy)]
enum Asked {
    Put,
    Get { slots: usize },
    Drop,
    Info,
}

impl Asked {
    fn admits(self, op: &ResponseOp) -> Result<(), Misbehaviour> {
        match (self, op) {
            (_, ResponseOp::Refused(_))
            | (
                Self::Put,
                ResponseOp::Stored
                | ResponseOp::Same
                | ResponseOp::Taken(_)
                | ResponseOp::TakenAndDropped
                | ResponseOp::Full
                | ResponseOp::GateWanted(_),
            )
            | (Self::Get { .. }, ResponseOp::Nothing)
            | (Self::Drop, ResponseOp::Dropped)
            | (Self::Info, ResponseOp::Info(_)) => Ok(()),
            (Self::Get { slots }, ResponseOp::Found { index, .. }) => {
                if usize::from(*index) < slots {
                    Ok(())
                } else {
                    Err(Misbehaviour::IndexOutOfRange)
                }
            }
            _ => Err(Misbehaviour::WrongKind),
        }
    }
}

/// A call that waits for its answer. It keeps its place until the answer has
/// come, even when the caller has gone: the server still works on it.
struct Waiting {
    asked: Asked,
    answer: oneshot::Sender<Result<ResponseOp, CallError>>,
    _place: OwnedSemaphorePermit,
}

#[derive(Default)]
struct State {
    waiting: HashMap<u32, Waiting>,
    last_id: u32,
    closed: Option<CallError>,
}

struct Shared {
    state: Mutex<State>,
    places: Arc<Semaphore>,
    closing: watch::Sender<bool>,
    gate: Gate,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // No code panics while it holds the lock half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a call and gives its id.
    fn expect(
        &self,
        asked: Asked,
        answer: oneshot::Sender<Result<ResponseOp, CallError>>,
        place: OwnedSemaphorePermit,
    ) -> Result<u32, CallError> {
        let mut state = self.state();
        if let Some(error) = state.closed {
            return Err(error);
        }
        // At most `MAX_CALLS_IN_FLIGHT` ids are in use, so the search ends.
        let mut id = state.last_id.wrapping_add(1);
        while state.waiting.contains_key(&id) {
            id = id.wrapping_add(1);
        }
        state.last_id = id;
        let waiting = Waiting {
            asked,
            answer,
            _place: place,
        };
        state.waiting.insert(id, waiting);
        Ok(id)
    }

    fn answer(&self, response: Response) -> Result<(), Misbehaviour> {
        let waiting = self
            .state()
            .waiting
            .remove(&response.id)
            .ok_or(Misbehaviour::UnknownId)?;
        let admitted = waiting.asked.admits(&response.op);
        let result = match admitted {
            Ok(()) => Ok(response.op),
            Err(why) => Err(CallError::Misbehaved(why)),
        };
        // The caller may have lost interest.
        let _ = waiting.answer.send(result);
        admitted
    }

    /// Ends everything once: calls in flight and later ones get `error`.
    fn close(&self, error: CallError) {
        let waiting = {
            let mut state = self.state();
            state.closed.get_or_insert(error);
            std::mem::take(&mut state.waiting)
        };
        for (_, call) in waiting {
            let _ = call.answer.send(Err(error));
        }
        self.places.close();
        self.closing.send_replace(true);
    }
}

/// The connection's task: runs until one direction ends, then ends both.
async fn drive<R, W>(
    shared: Arc<Shared>,
    mut reader: R,
    mut writer: W,
    requests: mpsc::Receiver<Outgoing>,
    mut closed: watch::Receiver<bool>,
) where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let error = tokio::select! {
        error = read_answers(&shared, &mut reader) => error,
        error = write_requests(&mut writer, requests) => error,
        _ = closed.wait_for(|&closed| closed) => CallError::Lost,
    };
    shared.close(error);
    // The farewell of TLS, as far as the network still takes it.
    let _ = timeout(frames::FRAME_DEADLINE, writer.shutdown()).await;
}

async fn read_answers<R: AsyncRead + Unpin>(shared: &Shared, reader: &mut R) -> CallError {
    loop {
        let frame = match frames::read_frame(reader).await {
            Ok(Some(frame)) => frame,
            Ok(None) => return CallError::Lost,
            Err(error) => return error.into(),
        };
        let answered = Response::from_frame(&frame)
            .map_err(Misbehaviour::Frame)
            .and_then(|response| shared.answer(response));
        if let Err(why) = answered {
            return CallError::Misbehaved(why);
        }
    }
}

async fn write_requests<W: AsyncWrite + Unpin>(
    writer: &mut W,
    mut requests: mpsc::Receiver<Outgoing>,
) -> CallError {
    while let Some(Outgoing { id, op }) = requests.recv().await {
        // `check` has passed, so it encodes.
        let Ok(frame) = Request { id, op }.to_frame() else {
            continue;
        };
        if let Err(error) = frames::write_frame(writer, Zeroizing::new(frame)).await {
            return error.into();
        }
        // One flush for all that is ready to go.
        if requests.is_empty()
            && let Err(error) = frames::flush(writer).await
        {
            return error.into();
        }
    }
    // The last handle is gone; nobody can ask or wait any more.
    CallError::Lost
}

impl From<FrameError> for CallError {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Lost | FrameError::TooSlow => Self::Lost,
            FrameError::Misbehaved(why) => Self::Misbehaved(why),
        }
    }
}
