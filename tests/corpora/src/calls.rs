//! The relay link behind its handshake: what a server answers, and what a
//! client asks, frame by frame.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use hushwing_relay_client::{
    CallError, ConnectionLimits, Opener, PutOutcome, RelayClient, ServeError, Service, TlsSeed,
    serve_connection, tls,
};
use hushwing_transport::Stream;
use hushwing_wire::{
    Request, RequestOp, Response, ResponseOp, SealedBox, Slot,
    limits::{BOX_LEN, FRAME_LEN, MAX_SLOTS_PER_REQUEST},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, duplex},
    runtime::Builder,
};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::edits::padded;

/// Bytes that the simulated network holds in each direction.
const PIPE_LEN: usize = 256 * 1024;

/// Frames that one input may hold.
const MAX_FRAMES: usize = 8;

/// Where the id stands in a frame.
const ID: std::ops::Range<usize> = 2..6;

fn seed() -> TlsSeed {
    TlsSeed::new([3; 32])
}

fn a_box() -> SealedBox {
    SealedBox::from_slice(&[1; BOX_LEN]).unwrap()
}

fn slots(count: usize) -> Vec<Slot> {
    (0..count)
        .map(|number| Slot::new([u8::try_from(number).unwrap_or(u8::MAX); 32]))
        .collect()
}

/// A server's answer to a call. The first byte: which call (bits 0 and 1),
/// whether the answer has the id of another (bit 2), and whether it comes twice
/// (bit 3). The client gives the answer that the frame holds if it fits the
/// call, and otherwise closes the connection.
pub fn relay_answer(input: &[u8]) {
    let Some((&how, rest)) = input.split_first() else {
        return;
    };
    let frame = padded(rest, FRAME_LEN);
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let (client, server) = duplex(PIPE_LEN);
        let serving = tokio::spawn(answer(server, frame.clone(), how));
        let client: Stream = Box::new(client);
        // Work would take longer than the input is worth.
        let opener = Opener {
            access_key: None,
            most_work: None,
        };
        let client = RelayClient::connect_with(client, &seed().pin(), opener)
            .await
            .unwrap();
        let outcome = call(&client, how).await;
        let fits = fitting(&frame, how).filter(|_| how & 4 == 0);
        match outcome {
            Ok(answer) => assert_eq!(Some(answer), fits),
            Err(error) => {
                assert!(
                    fits.is_none() || matches!(error, CallError::Refused(_)),
                    "a fitting answer was refused: {error:?}"
                );
            }
        }
        drop(client);
        serving.abort();
    });
}

/// Serves one request with this frame.
async fn answer(server: tokio::io::DuplexStream, mut frame: Vec<u8>, how: u8) {
    let acceptor = TlsAcceptor::from(tls::server_config(&seed()));
    let mut stream = acceptor.accept(server).await.unwrap();
    let mut request = vec![0; FRAME_LEN];
    if stream.read_exact(&mut request).await.is_err() {
        return;
    }
    frame[ID].copy_from_slice(&request[ID]);
    if how & 4 != 0 {
        frame[ID.start] ^= 0x80;
    }
    for _ in 0..=(how >> 3 & 1) {
        if stream.write_all(&frame).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
    let _ = stream.shutdown().await;
    let _ = stream.read(&mut [0]).await;
}

/// Slots of the GET that is asked.
const ASKED: usize = 3;

async fn call(client: &RelayClient, how: u8) -> Result<ResponseOp, CallError> {
    match how & 3 {
        0 => client
            .put(&slots(1)[0], &a_box(), 60)
            .await
            .map(|outcome| match outcome {
                PutOutcome::Stored => ResponseOp::Stored,
                PutOutcome::Same => ResponseOp::Same,
                PutOutcome::Taken(boxed) => ResponseOp::Taken(boxed),
                PutOutcome::TakenAndDropped => ResponseOp::TakenAndDropped,
                PutOutcome::Full => ResponseOp::Full,
                PutOutcome::Refused(why) => ResponseOp::Refused(why),
                PutOutcome::GateClosed(terms) => ResponseOp::GateWanted(terms),
            }),
        1 => client.get(&slots(ASKED), 1).await.map(|found| match found {
            Some((index, boxed)) => ResponseOp::Found {
                index: u8::try_from(index).unwrap(),
                boxed,
            },
            None => ResponseOp::Nothing,
        }),
        2 => client
            .drop_slots(&slots(MAX_SLOTS_PER_REQUEST))
            .await
            .map(|()| ResponseOp::Dropped),
        _ => client.info().await.map(ResponseOp::Info),
    }
}

/// The answer in the frame, if it is one to that call.
fn fitting(frame: &[u8], how: u8) -> Option<ResponseOp> {
    let op = Response::from_frame(frame).ok()?.op;
    let fits = match (how & 3, &op) {
        (
            0,
            ResponseOp::Stored
            | ResponseOp::Same
            | ResponseOp::Taken(_)
            | ResponseOp::TakenAndDropped
            | ResponseOp::Full
            | ResponseOp::GateWanted(_)
            | ResponseOp::Refused(_),
        )
        | (1, ResponseOp::Nothing)
        | (2, ResponseOp::Dropped)
        | (3, ResponseOp::Info(_)) => true,
        (1, ResponseOp::Found { index, .. }) => usize::from(*index) < ASKED,
        _ => false,
    };
    fits.then_some(op)
}

/// Counts, and answers each request with what its kind allows.
struct Counting(AtomicUsize);

#[async_trait]
impl Service for Counting {
    async fn call(&self, op: RequestOp) -> ResponseOp {
        self.0.fetch_add(1, Ordering::Relaxed);
        match op {
            RequestOp::Put { boxed, .. } | RequestOp::PutGated { boxed, .. } => {
                ResponseOp::Taken(boxed)
            }
            RequestOp::Get { slots, .. } => ResponseOp::Found {
                index: u8::try_from(slots.len() - 1).unwrap(),
                boxed: a_box(),
            },
            RequestOp::Drop { .. } => ResponseOp::Dropped,
            RequestOp::Info => ResponseOp::Nothing,
        }
    }
}

/// Frames of a client after its handshake, each as two bytes of length and as
/// many bytes, filled up with zeros; what is left behind the last one is sent
/// as it is. The server serves the frames in front of the first malformed one
/// and answers each under its id.
pub fn relay_request(input: &[u8]) {
    let (frames, tail) = cut(input);
    let sound = frames
        .iter()
        .take_while(|frame| Request::from_frame(frame).is_ok())
        .count();
    let runtime = Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let (client, server) = duplex(PIPE_LEN);
        let service = Arc::new(Counting(AtomicUsize::new(0)));
        let server: Stream = Box::new(server);
        let serving = tokio::spawn(serve_connection(
            server,
            tls::server_config(&seed()),
            service.clone(),
            ConnectionLimits::default(),
        ));
        let connector = TlsConnector::from(tls::client_config(&seed().pin()));
        let stream = connector
            .connect("relay.invalid".try_into().unwrap(), client)
            .await
            .unwrap();
        let (mut reader, mut writer) = tokio::io::split(stream);
        for (at, frame) in frames.iter().enumerate() {
            // A server that has seen a malformed frame may hang up.
            if writer.write_all(frame).await.is_err() || writer.flush().await.is_err() {
                assert!(at > sound);
                break;
            }
            if at < sound {
                let mut answer = vec![0; FRAME_LEN];
                reader.read_exact(&mut answer).await.unwrap();
                let answer = Response::from_frame(&answer).unwrap();
                assert_eq!(answer.id, Request::from_frame(frame).unwrap().id);
            }
        }
        let _ = writer.write_all(&tail).await;
        let _ = writer.shutdown().await;
        let served = serving.await.unwrap();
        assert_eq!(service.0.load(Ordering::Relaxed), sound);
        match served {
            Ok(()) => assert!(sound == frames.len() && tail.is_empty()),
            Err(ServeError::Misbehaved(_) | ServeError::Lost) => {
                assert!(sound < frames.len() || !tail.is_empty());
            }
            Err(error) => panic!("{error:?}"),
        }
    });
}

/// The frames of an input, and what is left.
fn cut(input: &[u8]) -> (Vec<Vec<u8>>, Vec<u8>) {
    let mut frames = Vec::new();
    let mut rest = input;
    while frames.len() < MAX_FRAMES {
        let Some((&[high, low], behind)) = rest.split_first_chunk() else {
            break;
        };
        let len = usize::from(u16::from_be_bytes([high, low]));
        let Some((bytes, behind)) = behind.split_at_checked(len) else {
            break;
        };
        frames.push(padded(bytes, FRAME_LEN));
        rest = behind;
    }
    (frames, rest[..rest.len().min(FRAME_LEN - 1)].to_vec())
}

/// Frames as [`relay_request`] takes them.
pub(crate) fn joined(frames: &[Vec<u8>]) -> Vec<u8> {
    frames
        .iter()
        .flat_map(|frame| {
            let len = u16::try_from(frame.len()).unwrap_or(u16::MAX).to_be_bytes();
            [&len, frame.as_slice()].concat()
        })
        .collect()
}
