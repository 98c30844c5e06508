//! The relay's connections.

use std::{sync::Arc, time::Duration};

use hushwing_relay_client::{
    ConnectionLimits, RequestBudget, ServeError, Service, TlsSeed, serve_connection_until, tls,
};
use hushwing_transport::Listen;
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::service::RelayService;

/// Connections at once, about 35 KB each while they wait: a busy community on
/// one machine. More are closed at once, so their clients learn it and back off.
pub const MAX_CONNECTIONS: usize = 12_288;

/// Requests in flight on all connections together: one wait for each
/// connection and as many others again. At a frame each they take 280 MB at
/// worst, when clients read nothing.
pub const MAX_REQUESTS: usize = 16_384;

/// Longest time for the requests in flight when the relay stops.
pub const DRAIN_DEADLINE: Duration = Duration::from_secs(10);

/// Serves `listener` until `stop` is cancelled or the listener closes for good;
/// then drains: takes no new boxes, ends the waits, answers what is in flight
/// and closes the connections in order, within [`DRAIN_DEADLINE`].
/// `[HW-RELAY-11]`
pub async fn serve(
    listener: &mut dyn Listen,
    seed: &TlsSeed,
    service: Arc<RelayService>,
    stop: CancellationToken,
) {
    let tls = tls::server_config(seed);
    let limits = ConnectionLimits {
        budget: RequestBudget::new(MAX_REQUESTS),
        ..ConnectionLimits::default()
    };
    let mut connections = JoinSet::new();
    let sweeper = {
        let service = service.clone();
        tokio::spawn(async move { service.sweep_for_ever().await })
    };
    loop {
        let stream = tokio::select! {
            stream = listener.accept() => stream,
            Some(ended) = connections.join_next(), if !connections.is_empty() => {
                note(ended);
                continue;
            }
            () = stop.cancelled() => None,
        };
        let Some(stream) = stream else {
            break;
        };
        if connections.len() >= MAX_CONNECTIONS {
            tracing::warn!("a connection was turned away; too many are open");
            continue;
        }
        let service: Arc<dyn Service> = service.clone();
        let (tls, limits, stop) = (tls.clone(), limits.clone(), stop.clone());
        connections.spawn(async move {
            serve_connection_until(stream, tls, service, limits, stop.cancelled_owned()).await
        });
    }
    stop.cancel();
    service.drain();
    sweeper.abort();
    let ended = async {
        while let Some(ended) = connections.join_next().await {
            note(ended);
        }
    };
    if timeout(DRAIN_DEADLINE, ended).await.is_err() {
        tracing::warn!("some connections did not end in time and were cut");
    }
}

/// Says how a connection ended, never whose it was.
fn note(ended: Result<Result<(), ServeError>, tokio::task::JoinError>) {
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a connection ended"),
        Err(_) => tracing::error!("the task of a connection failed"),
    }
}
