//! Honest clients and servers over one connection.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{sync::Arc, time::Duration};

use common::{MemoryService, boxed, client, info, pipe, seed, serve, slot};
use hushwing_relay_client::{
    CallError, ConnectionLimits, MAX_REQUESTS_IN_FLIGHT, PutOutcome, RelayClient, RequestBudget,
    ServeError, serve_connection_until, tls,
};
use hushwing_wire::{DecodeError, Refusal};
use tokio::sync::oneshot;

#[tokio::test]
async fn every_operation_makes_its_round_trip() {
    let (client, serving) = client().await;
    let (here, there) = (slot(1), slot(2));

    let put = client.put(&here, &boxed(1), 60).await;
    assert_eq!(put, Ok(PutOutcome::Stored));
    let put = client.put(&here, &boxed(1), 60).await;
    assert_eq!(put, Ok(PutOutcome::Same));
    let put = client.put(&here, &boxed(2), 60).await;
    assert_eq!(put, Ok(PutOutcome::Taken(boxed(1))));

    let found = client.get(&[there, here], 0).await;
    assert_eq!(found, Ok(Some((1, boxed(1)))));
    assert_eq!(client.get(&[there], 0).await, Ok(None));

    assert_eq!(client.drop_slots(&[here, there]).await, Ok(()));
    assert_eq!(client.get(&[here], 0).await, Ok(None));
    let put = client.put(&here, &boxed(2), 60).await;
    assert_eq!(put, Ok(PutOutcome::TakenAndDropped));

    assert_eq!(client.info().await, Ok(info()));

    drop(client);
    assert_eq!(serving.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_put_is_answered_while_a_get_waits() {
    let (client, _serving) = client().await;
    let waiting = {
        let client = client.clone();
        tokio::spawn(async move { client.get(&[slot(1), slot(2)], 120).await })
    };
    tokio::task::yield_now().await;
    let put = client.put(&slot(3), &boxed(3), 60).await;
    assert_eq!(put, Ok(PutOutcome::Stored));
    assert!(!waiting.is_finished());
    client.put(&slot(2), &boxed(2), 60).await.unwrap();
    assert_eq!(waiting.await.unwrap(), Ok(Some((1, boxed(2)))));
}

#[tokio::test]
async fn many_calls_at_once_each_get_their_own_answer() {
    let (client, _serving) = client().await;
    let calls = (0..=255).map(|byte| {
        let client = client.clone();
        tokio::spawn(async move {
            let put = client.put(&slot(byte), &boxed(byte), 60).await;
            assert_eq!(put, Ok(PutOutcome::Stored));
            client.get(&[slot(byte)], 0).await
        })
    });
    for (byte, call) in (0..=255).zip(calls.collect::<Vec<_>>()) {
        assert_eq!(call.await.unwrap(), Ok(Some((0, boxed(byte)))));
    }
}

#[tokio::test]
async fn a_wait_ends_with_nothing_when_nothing_comes() {
    let (client, _serving) = client().await;
    assert_eq!(client.get(&[slot(1)], 1).await, Ok(None));
}

#[tokio::test]
async fn a_call_that_its_caller_gave_up_harms_no_other() {
    let (client, _serving) = client().await;
    let slots = [slot(1)];
    let abandoned = client.get(&slots, 120);
    assert!(
        tokio::time::timeout(Duration::from_millis(20), abandoned)
            .await
            .is_err()
    );
    // Its answer comes now and finds nobody.
    client.put(&slot(1), &boxed(1), 60).await.unwrap();
    assert_eq!(client.info().await, Ok(info()));
    assert!(!client.is_closed());
}

#[tokio::test]
async fn a_request_that_cannot_be_sent_is_the_callers_fault() {
    let (client, _serving) = client().await;
    let none = client.get(&[], 0).await;
    assert_eq!(
        none,
        Err(CallError::Invalid(DecodeError::Invalid(
            "the list of slots"
        )))
    );
    let many = client.drop_slots(&[slot(1); 9]).await;
    assert_eq!(
        many,
        Err(CallError::Invalid(DecodeError::TooLong(
            "the list of slots"
        )))
    );
    let long = client.get(&[slot(1)], 121).await;
    assert_eq!(
        long,
        Err(CallError::Invalid(DecodeError::TooLong("the wait")))
    );
    assert_eq!(client.info().await, Ok(info()));
}

#[tokio::test]
async fn a_call_in_flight_is_lost_with_its_connection() {
    let (client, serving) = client().await;
    let call = {
        let client = client.clone();
        tokio::spawn(async move { client.get(&[slot(1)], 120).await })
    };
    client.info().await.unwrap();
    serving.abort();
    assert_eq!(call.await.unwrap(), Err(CallError::Lost));
    client.closed().await;
    assert!(client.is_closed());
    assert_eq!(client.info().await, Err(CallError::Lost));
}

#[tokio::test]
async fn closing_a_client_ends_its_calls_and_its_connection() {
    let (client, serving) = client().await;
    let call = {
        let client = client.clone();
        tokio::spawn(async move { client.get(&[slot(1)], 120).await })
    };
    client.info().await.unwrap();
    client.close();
    assert_eq!(call.await.unwrap(), Err(CallError::Lost));
    assert_eq!(serving.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn more_requests_than_the_budget_holds_are_refused_not_queued() {
    let limits = ConnectionLimits {
        budget: RequestBudget::new(1),
        ..ConnectionLimits::default()
    };
    let budget = limits.budget.clone();
    let (stream, _serving) = serve(Arc::new(MemoryService::default()), limits);
    let client = RelayClient::connect(stream, &seed().pin()).await.unwrap();
    let waiting = {
        let client = client.clone();
        tokio::spawn(async move { client.get(&[slot(1)], 1).await })
    };
    while budget.left() > 0 {
        tokio::task::yield_now().await;
    }
    let put = client.put(&slot(1), &boxed(1), 60).await;
    assert_eq!(put, Ok(PutOutcome::Refused(Refusal::Busy)));
    assert_eq!(client.info().await, Err(CallError::Refused(Refusal::Busy)));
    assert_eq!(waiting.await.unwrap(), Ok(None));
    // The place is free again once the answer is written.
    let put = client.put(&slot(1), &boxed(1), 60).await;
    assert_eq!(put, Ok(PutOutcome::Stored));
    assert!(budget.left() <= MAX_REQUESTS_IN_FLIGHT);
}

/// Claim R0. `[HW-RELAY-21]`
#[tokio::test]
async fn waits_leave_places_for_who_puts_and_reads() {
    let limits = ConnectionLimits {
        budget: RequestBudget::new(8),
        ..ConnectionLimits::default()
    };
    let budget = limits.budget.clone();
    let (stream, _serving) = serve(Arc::new(MemoryService::default()), limits);
    let client = RelayClient::connect(stream, &seed().pin()).await.unwrap();
    let waits: Vec<_> = (0..8)
        .map(|byte| {
            let client = client.clone();
            tokio::spawn(async move { client.get(&[slot(byte)], 5).await })
        })
        .collect();
    while budget.left() > 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(client.info().await, Ok(info()));
    assert_eq!(client.get(&[slot(9)], 0).await, Ok(None));
    let put = client.put(&slot(9), &boxed(9), 60).await;
    assert_eq!(put, Ok(PutOutcome::Stored));
    let mut busy = 0;
    for wait in waits {
        match wait.await.unwrap() {
            Ok(None) => {}
            Err(CallError::Refused(Refusal::Busy)) => busy += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(busy, 2);
    assert_eq!(budget.left(), 8);
}

#[tokio::test]
async fn a_deadline_beyond_all_clocks_is_none() {
    let limits = ConnectionLimits {
        idle_deadline: Duration::MAX,
        handshake_deadline: Duration::MAX,
        ..ConnectionLimits::default()
    };
    let (stream, serving) = serve(Arc::new(MemoryService::default()), limits);
    let client = RelayClient::connect(stream, &seed().pin()).await.unwrap();
    assert_eq!(client.info().await, Ok(info()));
    drop(client);
    assert_eq!(serving.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_stopped_server_answers_what_it_took_and_says_farewell() {
    let (ours, theirs) = pipe();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(serve_connection_until(
        theirs,
        tls::server_config(&seed()),
        Arc::new(MemoryService::default()),
        ConnectionLimits::default(),
        async {
            let _ = stopped.await;
        },
    ));
    let client = RelayClient::connect(ours, &seed().pin()).await.unwrap();
    let waiting = {
        let client = client.clone();
        tokio::spawn(async move { client.get(&[slot(1)], 1).await })
    };
    client.info().await.unwrap();
    stop.send(()).unwrap();
    assert_eq!(waiting.await.unwrap(), Ok(None));
    assert_eq!(serving.await.unwrap(), Ok(()));
    client.closed().await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_closed_but_a_waiting_one_is_kept() {
    let limits = ConnectionLimits {
        idle_deadline: Duration::from_secs(30),
        ..ConnectionLimits::default()
    };
    let (stream, serving) = serve(Arc::new(MemoryService::default()), limits);
    let client = RelayClient::connect(stream, &seed().pin()).await.unwrap();
    assert_eq!(client.get(&[slot(1)], 100).await, Ok(None));
    assert_eq!(serving.await.unwrap(), Err(ServeError::Idle));
}
