//! Gates, through the program and the client library.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::{Relay, assert_all_there, boxed, put, run, slot, text};
use hushwing_relay_client::{Opener, PutOutcome, RelayClient, tls};
use hushwing_transport::{Dial as _, DirectDialer, IsolationClass};
use hushwing_wire::{
    AccessKey, GateProof, GateTerms, RelayAddress, Request, RequestOp, Response, ResponseOp,
    limits::FRAME_LEN,
};
use rustls::pki_types::ServerName;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;

async fn client_with(address: &RelayAddress, opener: Opener) -> RelayClient {
    let class = IsolationClass::new([0; 16]);
    let dialer = DirectDialer::loopback_only();
    let stream = dialer.dial(&address.endpoint, class).await.unwrap();
    RelayClient::connect_with(stream, &address.pin, opener)
        .await
        .unwrap()
}

fn opener(access_key: Option<AccessKey>, most_work: Option<u8>) -> Opener {
    Opener {
        access_key,
        most_work,
    }
}

/// What the relay answers to one request as it is.
async fn raw(address: &RelayAddress, op: RequestOp) -> ResponseOp {
    let class = IsolationClass::new([0; 16]);
    let dialer = DirectDialer::loopback_only();
    let stream = dialer.dial(&address.endpoint, class).await.unwrap();
    let connector = TlsConnector::from(tls::client_config(&address.pin));
    let name = ServerName::try_from("relay.invalid").unwrap();
    let mut stream = connector.connect(name, stream).await.unwrap();
    let frame = Request { id: 1, op }.to_frame().unwrap();
    stream.write_all(&frame).await.unwrap();
    stream.flush().await.unwrap();
    let mut answer = vec![0; FRAME_LEN];
    stream.read_exact(&mut answer).await.unwrap();
    Response::from_frame(&answer).unwrap().op
}

const KEY_ALONE: GateTerms = GateTerms {
    access_key: true,
    work_level: None,
};

/// Claim R0. `[HW-GATE-1]`
#[tokio::test(flavor = "multi_thread")]
async fn who_was_told_the_address_has_its_access_key_and_nobody_else_puts() {
    let dir = TempDir::new().unwrap();
    let args = ["--min-free-disk", "0", "--access-key"];
    let relay = Relay::start_with(dir.path(), &args);
    let key = relay.address.access.clone();
    assert!(key.is_some(), "the address has no access key");

    let member = client_with(&relay.address, opener(key.clone(), None)).await;
    assert_eq!(put(&member, 1).await, PutOutcome::Stored);
    for stranger in [None, Some(AccessKey::new([1; 16]))] {
        let stranger = client_with(&relay.address, opener(stranger, Some(20))).await;
        assert_eq!(put(&stranger, 2).await, PutOutcome::GateClosed(KEY_ALONE));
        assert_eq!(put(&stranger, 1).await, PutOutcome::GateClosed(KEY_ALONE));
        // Reading needs the slot alone.
        assert_all_there(&stranger, &[1]).await;
    }
    assert_eq!(member.get(&[slot(2)], 0).await, Ok(None));

    // The key before works until there is one more.
    drop(relay);
    for (renewed, opens) in [(1, true), (2, false)] {
        let said = run(&[
            "keys",
            "renew-access",
            "--dir",
            dir.path().to_str().unwrap(),
        ]);
        assert_eq!(said.status.code(), Some(0), "{}", text(&said.stderr));
        let relay = Relay::start_with(dir.path(), &args);
        assert_ne!(relay.address.access, key);
        let before = client_with(&relay.address, opener(key.clone(), None)).await;
        let outcome = put(&before, 10 + renewed).await;
        assert_eq!(outcome == PutOutcome::Stored, opens, "{outcome:?}");
        let after = relay.address.access.clone();
        let after = client_with(&relay.address, opener(after, None)).await;
        assert_eq!(put(&after, 20 + renewed).await, PutOutcome::Stored);
    }
}

/// Claim R0. `[HW-GATE-2]`
#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_works_and_puts_and_work_is_for_one_slot() {
    let dir = TempDir::new().unwrap();
    let args = ["--min-free-disk", "0", "--work", "--work-least", "2"];
    let relay = Relay::start_with(dir.path(), &args);
    let wanted = GateTerms {
        access_key: false,
        work_level: Some(2),
    };
    let lazy = client_with(&relay.address, opener(None, Some(1))).await;
    assert_eq!(put(&lazy, 1).await, PutOutcome::GateClosed(wanted));
    let anybody = relay.client().await;
    for number in 1..4 {
        assert_eq!(put(&anybody, number).await, PutOutcome::Stored);
    }
    assert_eq!(put(&anybody, 1).await, PutOutcome::Same);

    let day = hushwing_relay_client::gate::today();
    let going = false.into();
    let proof =
        hushwing_relay_client::gate::work(&relay.address.pin, &slot(7), day, 2, [1; 16], &going)
            .unwrap();
    let ask = |at, proof| RequestOp::PutGated {
        slot: slot(at),
        ttl_s: 60,
        boxed: boxed(7),
        proof,
    };
    let refused = raw(&relay.address, ask(8, proof)).await;
    assert_eq!(refused, ResponseOp::GateWanted(wanted));
    let nothing = GateProof::Work {
        nonce: [0; 16],
        solution: [0; 16],
    };
    let refused = raw(&relay.address, ask(7, nothing)).await;
    assert_eq!(refused, ResponseOp::GateWanted(wanted));
    assert_eq!(raw(&relay.address, ask(7, proof)).await, ResponseOp::Stored);
    // The same once more is the same box.
    assert_eq!(raw(&relay.address, ask(7, proof)).await, ResponseOp::Same);
}

/// `[HW-GATE-1]`
#[tokio::test(flavor = "multi_thread")]
async fn with_both_ways_open_either_is_enough() {
    let dir = TempDir::new().unwrap();
    let args = ["--min-free-disk", "0", "--work", "--access-key"];
    let relay = Relay::start_with(dir.path(), &args);
    let key = relay.address.access.clone();
    let member = client_with(&relay.address, opener(key, None)).await;
    assert_eq!(put(&member, 1).await, PutOutcome::Stored);
    let stranger = client_with(&relay.address, opener(None, Some(4))).await;
    assert_eq!(put(&stranger, 2).await, PutOutcome::Stored);
    // A key that is not the relay's is put away, and work done instead.
    let wrong = Some(AccessKey::new([1; 16]));
    let former = client_with(&relay.address, opener(wrong, Some(4))).await;
    assert_eq!(put(&former, 3).await, PutOutcome::Stored);
    assert_eq!(put(&former, 4).await, PutOutcome::Stored);
    assert_all_there(&member, &[1, 2, 3, 4]).await;
}
