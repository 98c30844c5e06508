//! Peers that hold the right key and break the protocol.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{sync::Arc, time::Duration};

use common::{MemoryService, boxed, client, info, pipe, seed, serve, slot};
use hushwing_relay_client::{
    CallError, ConnectionLimits, MAX_REQUESTS_IN_FLIGHT, Misbehaviour, RelayClient, RequestBudget,
    ServeError, tls,
};
use hushwing_transport::Stream;
use hushwing_wire::{
    DecodeError, Request, RequestOp, Response, ResponseOp,
    limits::{FRAME_HEADER_LEN, FRAME_LEN},
};
use proptest::prelude::*;
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinHandle,
};
use tokio_rustls::{TlsAcceptor, TlsConnector, client::TlsStream};

/// A client whose server answers every request by `answer`, bytes and all.
async fn client_of(
    answer: impl Fn(Request) -> Vec<u8> + Send + 'static,
) -> (RelayClient, JoinHandle<()>) {
    let (ours, theirs) = pipe();
    let serving = tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(tls::server_config(&seed()));
        let mut stream = acceptor.accept(theirs).await.unwrap();
        let mut frame = vec![0; FRAME_LEN];
        while stream.read_exact(&mut frame).await.is_ok() {
            let bytes = answer(Request::from_frame(&frame).unwrap());
            if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
                return;
            }
        }
    });
    let client = RelayClient::connect(ours, &seed().pin()).await.unwrap();
    (client, serving)
}

/// The secure stream of a client that writes what it likes.
async fn raw_client(
    limits: ConnectionLimits,
) -> (TlsStream<Stream>, JoinHandle<Result<(), ServeError>>) {
    let (stream, serving) = serve(Arc::new(MemoryService::default()), limits);
    let name = ServerName::try_from("relay.invalid").unwrap();
    let stream = TlsConnector::from(tls::client_config(&seed().pin()))
        .connect(name, stream)
        .await
        .unwrap();
    (stream, serving)
}

fn frame(id: u32, op: ResponseOp) -> Vec<u8> {
    Response { id, op }.to_frame().unwrap()
}

async fn assert_closed_by(client: &RelayClient, why: Misbehaviour) {
    let error = client.get(&[slot(1), slot(2)], 0).await.unwrap_err();
    assert_eq!(error, CallError::Misbehaved(why));
    client.closed().await;
    assert_eq!(client.info().await.unwrap_err(), CallError::Misbehaved(why));
}

#[tokio::test]
async fn an_answer_to_nothing_closes_the_connection() {
    let (client, _) = client_of(|request| frame(request.id + 1, ResponseOp::Nothing)).await;
    assert_closed_by(&client, Misbehaviour::UnknownId).await;
}

#[tokio::test]
async fn a_second_answer_to_one_request_closes_the_connection() {
    let (client, _) = client_of(|request| {
        let once = frame(request.id, ResponseOp::Nothing);
        [once.clone(), once].concat()
    })
    .await;
    assert_eq!(client.get(&[slot(1)], 0).await, Ok(None));
    client.closed().await;
    assert_eq!(
        client.info().await.unwrap_err(),
        CallError::Misbehaved(Misbehaviour::UnknownId)
    );
}

#[tokio::test]
async fn an_answer_of_another_kind_closes_the_connection() {
    for op in [
        ResponseOp::Stored,
        ResponseOp::Full,
        ResponseOp::Taken(boxed(1)),
        ResponseOp::Dropped,
        ResponseOp::Info(info()),
    ] {
        let (client, _) = client_of(move |request| frame(request.id, op.clone())).await;
        assert_closed_by(&client, Misbehaviour::WrongKind).await;
    }
}

/// Claim I1.
#[tokio::test]
async fn a_box_for_a_slot_not_asked_for_closes_the_connection() {
    let (client, _) = client_of(|request| {
        let boxed = boxed(1);
        frame(request.id, ResponseOp::Found { index: 2, boxed })
    })
    .await;
    assert_closed_by(&client, Misbehaviour::IndexOutOfRange).await;
}

#[tokio::test]
async fn a_malformed_answer_closes_the_connection() {
    let (client, _) = client_of(|request| {
        let mut bytes = frame(request.id, ResponseOp::Nothing);
        bytes[FRAME_HEADER_LEN] = 1;
        bytes
    })
    .await;
    assert_closed_by(&client, Misbehaviour::Frame(DecodeError::Padding)).await;
}

#[tokio::test]
async fn an_answer_that_ends_early_closes_the_connection() {
    let (ours, theirs) = pipe();
    let serving = tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(tls::server_config(&seed()));
        let mut stream = acceptor.accept(theirs).await.unwrap();
        let mut bytes = vec![0; FRAME_LEN];
        stream.read_exact(&mut bytes).await.unwrap();
        stream.write_all(&bytes[..FRAME_LEN / 2]).await.unwrap();
        stream.shutdown().await.unwrap();
    });
    let client = RelayClient::connect(ours, &seed().pin()).await.unwrap();
    assert_closed_by(&client, Misbehaviour::CutShort).await;
    serving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up_after_the_wait_and_its_grace() {
    let (client, _) = client_of(|_| Vec::new()).await;
    let begun = tokio::time::Instant::now();
    assert_eq!(client.get(&[slot(1)], 120).await, Err(CallError::TimedOut));
    assert_eq!(begun.elapsed().as_secs(), 120 + 60);
    assert_eq!(client.info().await, Err(CallError::Lost));
}

#[tokio::test]
async fn a_malformed_request_closes_its_connection_and_no_other() {
    let (other, _serving) = client().await;
    let put = Request {
        id: 1,
        op: RequestOp::Put {
            slot: slot(1),
            ttl_s: 60,
            boxed: boxed(1),
        },
    };
    let good = put.to_frame().unwrap();
    for (at, why) in [
        (0, Misbehaviour::Frame(DecodeError::Version(0xfe))),
        (
            1,
            Misbehaviour::Frame(DecodeError::Invalid("the operation")),
        ),
        (
            FRAME_HEADER_LEN - 1,
            Misbehaviour::Frame(DecodeError::Padding),
        ),
    ] {
        let (mut stream, serving) = raw_client(ConnectionLimits::default()).await;
        let mut bad = good.clone();
        bad[at] ^= 0xff;
        stream.write_all(&bad).await.unwrap();
        stream.flush().await.unwrap();
        let ended = serving.await.unwrap().unwrap_err();
        assert_eq!(ended, ServeError::Misbehaved(why));
    }
    assert_eq!(other.info().await, Ok(info()));
}

#[tokio::test]
async fn a_request_cut_short_is_a_typed_error() {
    let (mut stream, serving) = raw_client(ConnectionLimits::default()).await;
    stream.write_all(&[1; FRAME_LEN - 1]).await.unwrap();
    stream.shutdown().await.unwrap();
    assert_eq!(
        serving.await.unwrap().unwrap_err(),
        ServeError::Misbehaved(Misbehaviour::CutShort)
    );
}

/// Claim R0.
#[tokio::test(start_paused = true)]
async fn a_client_that_stops_inside_a_frame_is_cut_off() {
    let (mut stream, serving) = raw_client(ConnectionLimits::default()).await;
    stream.write_all(&[1; 100]).await.unwrap();
    stream.flush().await.unwrap();
    assert_eq!(serving.await.unwrap().unwrap_err(), ServeError::TooSlow);
    drop(stream);
}

/// Claim R0.
#[tokio::test(start_paused = true)]
async fn a_client_that_reads_nothing_holds_no_more_than_its_limit_and_is_cut_off() {
    let limits = ConnectionLimits {
        budget: RequestBudget::new(10 * MAX_REQUESTS_IN_FLIGHT),
        ..ConnectionLimits::default()
    };
    let budget = limits.budget.clone();
    let (mut stream, serving) = raw_client(limits).await;
    let flooding = tokio::spawn(async move {
        let ask = Request {
            id: 1,
            op: RequestOp::Info,
        };
        let frame = ask.to_frame().unwrap();
        let mut sent = 0_usize;
        while stream.write_all(&frame).await.is_ok() && stream.flush().await.is_ok() {
            sent += 1;
        }
        sent
    });
    tokio::time::sleep(Duration::from_secs(30)).await;
    let held = 10 * MAX_REQUESTS_IN_FLIGHT - budget.left();
    assert_eq!(held, MAX_REQUESTS_IN_FLIGHT);
    assert_eq!(serving.await.unwrap().unwrap_err(), ServeError::TooSlow);
    // In flight, refusals, and what two pipes and their TLS buffers hold.
    assert!(flooding.await.unwrap() < MAX_REQUESTS_IN_FLIGHT + 40);
    assert_eq!(budget.left(), 10 * MAX_REQUESTS_IN_FLIGHT);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Claim I1.
    #[test]
    fn any_bytes_after_the_handshake_end_in_a_typed_error(
        head in proptest::collection::vec(any::<u8>(), 1..600),
        len in 1..3 * FRAME_LEN,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (mut stream, serving) = raw_client(ConnectionLimits::default()).await;
            let mut bytes = head;
            bytes.resize(len, 0x5a);
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
            let ended = serving.await.unwrap();
            prop_assert!(matches!(ended, Err(ServeError::Misbehaved(_))));
            Ok(())
        })?;
    }
}
