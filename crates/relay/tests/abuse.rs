//! Clients that mean harm, against the program: what they do costs a bounded
//! amount of memory, and honest clients go on being served.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use common::{HANG, Relay, assert_all_there, boxed, put, say, slot};
use hushwing_relay_client::{PutOutcome, RelayClient, tls};
use hushwing_wire::{
    Request, RequestOp, Response, ResponseOp, address::Endpoint, limits::FRAME_LEN,
};
use rustls::pki_types::ServerName;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

fn address(relay: &Relay) -> SocketAddr {
    match &relay.address.endpoint {
        Endpoint::Loopback(at) => at.socket_addr(),
        _ => panic!("not on loopback"),
    }
}

async fn tcp(relay: &Relay) -> TcpStream {
    TcpStream::connect(address(relay)).await.unwrap()
}

async fn secure(relay: &Relay) -> TlsStream<TcpStream> {
    TlsConnector::from(tls::client_config(&relay.address.pin))
        .connect(
            ServerName::try_from("relay.invalid").unwrap(),
            tcp(relay).await,
        )
        .await
        .unwrap()
}

fn frame(id: u32, op: RequestOp) -> Vec<u8> {
    Request { id, op }.to_frame().unwrap()
}

fn put_op(number: u32) -> RequestOp {
    RequestOp::Put {
        slot: slot(number),
        ttl_s: 3_600,
        boxed: boxed(number),
    }
}

/// Whether the relay closes the connection, whatever it says before.
async fn is_closed(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> bool {
    let closed = async {
        let mut bytes = vec![0; 4_096];
        while matches!(stream.read(&mut bytes).await, Ok(read) if read > 0) {}
    };
    timeout(HANG, closed).await.is_ok()
}

/// Claim R0. `[HW-RELAY-14]`
#[tokio::test(flavor = "multi_thread")]
async fn half_open_connections_give_way_to_people() {
    const PLACES: usize = 32;
    let dir = TempDir::new().unwrap();
    let places = PLACES.to_string();
    let args = ["--min-free-disk", "0", "--max-connections", &places];
    let relay = Relay::start_with(dir.path(), &args);
    let at_work = relay.client().await;
    // By an answer it is known that the relay's side of the handshake is over as well.
    assert_eq!(put(&at_work, 98).await, PutOutcome::Stored);
    let waiting = {
        let at_work = at_work.clone();
        tokio::spawn(async move { at_work.get(&[slot(99)], 100).await })
    };
    let idle_kib = relay.rss_kib();
    // Three times as many as there are places: some say nothing, some begin a
    // handshake and send it byte by byte.
    let mut attackers = Vec::new();
    for number in 0..3 * PLACES {
        let mut stream = tcp(&relay).await;
        if number % 2 == 0 {
            stream.write_all(&[22, 3, 1, 2, 0, 1]).await.unwrap();
        }
        attackers.push(stream);
    }
    let slow = tokio::spawn(async move {
        loop {
            // What is no handshake would end a connection: the others go on saying nothing.
            for stream in attackers.iter_mut().step_by(2) {
                // Those that gave way are closed.
                let _ = stream.write_all(&[0]).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    });
    for number in 0..10 {
        let client = timeout(HANG, relay.client()).await.unwrap();
        assert_eq!(put(&client, number).await, PutOutcome::Stored);
    }
    assert_eq!(put(&at_work, 99).await, PutOutcome::Stored);
    let found = timeout(HANG, waiting).await.unwrap().unwrap();
    assert_eq!(
        found,
        Ok(Some((0, boxed(99)))),
        "who was at work was cut off"
    );
    let grown_kib = relay.rss_kib().saturating_sub(idle_kib);
    assert!(grown_kib < 64 * 1_024, "{grown_kib} KiB");
    slow.abort();
}

/// Claim R0. `[HW-RELAY-14]`
#[tokio::test(flavor = "multi_thread")]
async fn a_handshake_and_a_silence_have_their_deadlines() {
    let dir = TempDir::new().unwrap();
    let relay = Relay::start_with(
        dir.path(),
        &[
            "--min-free-disk",
            "0",
            "--handshake-deadline-s",
            "1",
            "--idle-deadline-s",
            "2",
        ],
    );
    let mut silent = tcp(&relay).await;
    assert!(is_closed(&mut silent).await);
    let mut idle = secure(&relay).await;
    assert!(is_closed(&mut idle).await);
    // One that asks for something is not idle.
    let client = relay.client().await;
    assert_eq!(client.get(&[slot(1)], 5).await, Ok(None));
}

/// Claim R0.
#[tokio::test(flavor = "multi_thread")]
async fn garbage_and_oversize_close_their_own_connection_alone() {
    let dir = TempDir::new().unwrap();
    let relay = Relay::start(dir.path());
    let honest = relay.client().await;
    let idle_kib = relay.rss_kib();
    for round in 0..20_u8 {
        // Before the handshake: not TLS; a record longer than TLS has any.
        let mut stream = tcp(&relay).await;
        let _ = stream.write_all(&[round; 3_000]).await;
        assert!(is_closed(&mut stream).await);
        let mut stream = tcp(&relay).await;
        let _ = stream.write_all(&[22, 3, 3, 255, 255]).await;
        let _ = stream.write_all(&vec![0; 70_000]).await;
        assert!(is_closed(&mut stream).await);
        // Behind it: a frame of nothing known, and a sound one with a byte more.
        let mut stream = secure(&relay).await;
        let _ = stream.write_all(&vec![round.max(2); 4 * FRAME_LEN]).await;
        let _ = stream.flush().await;
        assert!(is_closed(&mut stream).await);
        let mut stream = secure(&relay).await;
        let number = 100 + u32::from(round);
        let longer = [frame(1, put_op(number)), vec![7; FRAME_LEN]].concat();
        let _ = stream.write_all(&longer).await;
        let _ = stream.flush().await;
        assert!(is_closed(&mut stream).await);
    }
    assert_eq!(put(&honest, 1).await, PutOutcome::Stored);
    assert_all_there(&honest, &[1]).await;
    let grown_kib = relay.rss_kib().saturating_sub(idle_kib);
    assert!(grown_kib < 64 * 1_024, "{grown_kib} KiB");
}

/// Claim R0.
#[tokio::test(flavor = "multi_thread")]
async fn a_recorded_connection_says_nothing_a_second_time() {
    let dir = TempDir::new().unwrap();
    let relay = Relay::start(dir.path());
    // Everything that a client sent, seen from the network.
    let (client_side, relay_side) = tokio::io::duplex(1 << 20);
    let recorded = Arc::new(std::sync::Mutex::new(Vec::new()));
    let passing = {
        let (recorded, upstream) = (recorded.clone(), tcp(&relay).await);
        tokio::spawn(async move {
            let (mut from_client, mut to_client) = tokio::io::split(relay_side);
            let (mut from_relay, mut to_relay) = upstream.into_split();
            let up = async {
                let mut bytes = vec![0; 65_536];
                while let Ok(read @ 1..) = from_client.read(&mut bytes).await {
                    recorded.lock().unwrap().extend_from_slice(&bytes[..read]);
                    to_relay.write_all(&bytes[..read]).await.unwrap();
                }
            };
            tokio::select! {
                () = up => {}
                _ = tokio::io::copy(&mut from_relay, &mut to_client) => {}
            }
        })
    };
    let client = RelayClient::connect(Box::new(client_side), &relay.address.pin)
        .await
        .unwrap();
    assert_eq!(put(&client, 1).await, PutOutcome::Stored);
    client.drop_slots(&[slot(1)]).await.unwrap();
    let recorded = recorded.lock().unwrap().clone();
    assert!(recorded.len() > 2 * FRAME_LEN);
    // It answers with its part of another handshake, and understands no more.
    let mut replay = tcp(&relay).await;
    let _ = replay.write_all(&recorded).await;
    assert!(is_closed(&mut replay).await);
    drop(client);
    passing.await.unwrap();

    // The same frame on one connection is the same request: done once, told each time.
    let mut stream = secure(&relay).await;
    let again = frame(7, put_op(2));
    for expected in [ResponseOp::Stored, ResponseOp::Same, ResponseOp::Same] {
        stream.write_all(&again).await.unwrap();
        stream.flush().await.unwrap();
        let mut answer = vec![0; FRAME_LEN];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(Response::from_frame(&answer).unwrap().op, expected);
    }
}

/// Claim R0. `[HW-RELAY-15]`
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_read_as_fast_as_it_may_ask_and_no_faster() {
    let dir = TempDir::new().unwrap();
    let args = ["--min-free-disk", "0", "--max-requests-per-s", "20"];
    let relay = Relay::start_with(dir.path(), &args);
    let greedy = relay.client().await;
    let begun = Instant::now();
    // 40 at once, and then 20 a second.
    for _ in 0..100 {
        greedy.info().await.unwrap();
    }
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs_f64(2.5), "{took:?}");
    let other = relay.client().await;
    let begun = Instant::now();
    other.info().await.unwrap();
    assert!(begun.elapsed() < took, "another waited for it");
}

/// Claim R0.
#[tokio::test(flavor = "multi_thread")]
async fn more_waits_than_there_is_room_for_are_refused_and_those_there_stay() {
    let dir = TempDir::new().unwrap();
    let args = ["--min-free-disk", "0", "--max-waits", "10"];
    let relay = Relay::start_with(dir.path(), &args);
    let (greedy, other) = (relay.client().await, relay.client().await);
    let mut waits = JoinSet::new();
    for number in 0..40 {
        let greedy = greedy.clone();
        waits.spawn(async move { greedy.get(&[slot(number)], 100).await });
    }
    for _ in 0..30 {
        let refused = timeout(HANG, waits.join_next()).await.unwrap().unwrap();
        let busy = hushwing_relay_client::CallError::Refused(hushwing_wire::Refusal::Busy);
        assert_eq!(refused.unwrap(), Err(busy));
    }
    // Looking without waiting goes on, and so do puts.
    assert_eq!(other.get(&[slot(500)], 0).await, Ok(None));
    for number in 0..40 {
        assert_eq!(put(&other, number).await, PutOutcome::Stored);
    }
    while let Some(found) = timeout(HANG, waits.join_next()).await.unwrap() {
        assert!(matches!(found.unwrap(), Ok(Some(_))));
    }
}

/// Claim R0. Four hostile connections for each honest one put as fast as they
/// may; without a gate, and with work.
#[tokio::test(flavor = "multi_thread")]
async fn a_flood_slows_honest_puts_and_stops_none() {
    for gate in [&[][..], &["--work", "--work-boxes-per-s", "50"]] {
        let dir = TempDir::new().unwrap();
        let args = [&["--min-free-disk", "0"], gate].concat();
        let relay = Relay::start_with(dir.path(), &args);
        let calm = honest_puts(&relay, 0).await;
        let (stop, done) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicUsize::new(0)),
        );
        let mut attackers = JoinSet::new();
        for number in 0..4 * HONEST {
            let (stop, done, mut stream) = (stop.clone(), done.clone(), secure(&relay).await);
            attackers.spawn(async move {
                let mut answer = vec![0; FRAME_LEN];
                for round in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        return;
                    }
                    // Without any work: that is what makes it cheap.
                    let op = put_op(1_000_000 + number * 100_000 + round);
                    stream.write_all(&frame(round, op)).await.unwrap();
                    stream.flush().await.unwrap();
                    stream.read_exact(&mut answer).await.unwrap();
                    if Response::from_frame(&answer).unwrap().op == ResponseOp::Stored {
                        done.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        let flooded = honest_puts(&relay, 100_000).await;
        stop.store(true, Ordering::Relaxed);
        timeout(HANG, attackers.join_all()).await.unwrap();
        let stored = done.load(Ordering::Relaxed);
        assert_eq!(stored == 0, !gate.is_empty(), "{stored} boxes of the flood");
        say(&format!(
            "gate {gate:?}: {} honest puts in {calm:.1?}, in a flood in {flooded:.1?} \
             ({:.1} times), {stored} boxes of the flood were taken",
            HONEST * PUTS,
            flooded.as_secs_f64() / calm.as_secs_f64()
        ));
    }
}

const HONEST: u32 = 4;
const PUTS: u32 = 25;

/// How long honest people take for some puts, all of which succeed.
async fn honest_puts(relay: &Relay, first: u32) -> Duration {
    let begun = Instant::now();
    let mut people = JoinSet::new();
    for person in 0..HONEST {
        let client = relay.client().await;
        people.spawn(async move {
            for number in 0..PUTS {
                let number = first + person * PUTS + number;
                assert_eq!(put(&client, number).await, PutOutcome::Stored);
            }
        });
    }
    timeout(2 * HANG, people.join_all()).await.unwrap();
    begun.elapsed()
}
