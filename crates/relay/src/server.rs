//! The relay's connections.

use std::{sync::Arc, time::Duration};

use hushwing_relay_client::{
    Activity, ConnectionLimits, HANDSHAKE_DEADLINE, IDLE_DEADLINE, MAX_REQUESTS_IN_FLIGHT,
    RequestBudget, RequestRate, ServeError, Service, TlsSeed, serve_connection_until, tls,
};
use hushwing_transport::Listen;
use tokio::{
    task::{Id, JoinError, JoinSet},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    figures::{ConnectionEvent, Figures},
    roster::Roster,
    service::RelayService,
    traces::Traceless,
};

/// Connections at once, 16 KiB each while they wait, Tor's circuits apart: a busy
/// community on one machine. More are closed at once, so their clients learn it and back off.
pub const MAX_CONNECTIONS: usize = 12_288;

/// Requests in flight on all connections together: one wait for each
/// connection and a third as many others. At a frame each they take 280 MB at
/// worst, when clients read nothing.
pub const MAX_REQUESTS: usize = 16_384;

/// Connections that were told to give way and have not ended; with more, new
/// ones are turned away.
const MAX_ENDING: usize = 256;

/// Longest time for the requests in flight when the relay stops.
pub const DRAIN_DEADLINE: Duration = Duration::from_secs(10);

/// What the relay as a whole and each of its connections may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLimits {
    /// Connections at once. When there are as many, one that is still in its
    /// handshake or asks for nothing gives way; if there is none, the new one
    /// is closed at once. `[HW-RELAY-14]`
    pub connections: usize,
    /// Requests in flight on all connections together; more are "busy".
    pub requests: usize,
    /// Requests in flight on one connection; more are "busy".
    pub requests_of_a_connection: usize,
    /// How fast one connection may make requests. `[HW-RELAY-15]`
    pub rate: RequestRate,
    /// Longest time for a handshake.
    pub handshake: Duration,
    /// Longest time without a request.
    pub idle: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: MAX_CONNECTIONS,
            requests: MAX_REQUESTS,
            requests_of_a_connection: MAX_REQUESTS_IN_FLIGHT,
            rate: RequestRate::default(),
            handshake: HANDSHAKE_DEADLINE,
            idle: IDLE_DEADLINE,
        }
    }
}

/// Serves `listener` until `stop` is cancelled or the listener closes for good;
/// then drains: takes no new boxes, ends the waits, answers what is in flight
/// and closes the connections in order, within [`DRAIN_DEADLINE`].
/// `[HW-RELAY-11]`
pub async fn serve(
    listener: &mut dyn Listen,
    seed: &TlsSeed,
    service: Arc<RelayService>,
    limits: ServerLimits,
    stop: CancellationToken,
) {
    let tls = tls::server_config(seed);
    let budget = RequestBudget::new(limits.requests);
    let figures = service.figures().clone();
    let mut roster = Roster::default();
    let mut connections = JoinSet::new();
    let sweeper = {
        let service = service.clone();
        tokio::spawn(async move { service.sweep_for_ever().await })
    };
    loop {
        figures.now_open(roster.len());
        let stream = tokio::select! {
            stream = listener.accept() => stream,
            Some(ended) = connections.join_next_with_id(), if !connections.is_empty() => {
                note(ended, &mut roster, &figures);
                continue;
            }
            () = stop.cancelled() => None,
        };
        let Some(stream) = stream else {
            break;
        };
        if roster.len() >= limits.connections {
            // Those told to end are few: they have nothing to finish.
            let ending = connections.len() - roster.len();
            if ending >= MAX_ENDING || !roster.give_way() {
                figures.connection(ConnectionEvent::TurnedAway);
                continue;
            }
            figures.connection(ConnectionEvent::GaveWay);
        }
        figures.connection(ConnectionEvent::Accepted);
        let own = ConnectionLimits {
            requests_in_flight: limits.requests_of_a_connection,
            budget: budget.clone(),
            handshake_deadline: limits.handshake,
            idle_deadline: limits.idle,
            rate: limits.rate,
            activity: Activity::default(),
        };
        let cut = stop.child_token();
        let activity = own.activity.clone();
        let (service, tls): (Arc<dyn Service>, _) = (service.clone(), tls.clone());
        let until = cut.clone().cancelled_owned();
        let serving = serve_connection_until(stream, tls, service, own, until);
        let task = connections.spawn(Traceless::new(serving));
        roster.enter(task.id(), activity, cut);
    }
    stop.cancel();
    service.drain();
    sweeper.abort();
    let ended = async {
        while let Some(ended) = connections.join_next_with_id().await {
            note(ended, &mut roster, &figures);
        }
    };
    if timeout(DRAIN_DEADLINE, ended).await.is_err() {
        tracing::warn!("some connections did not end in time and were cut");
    }
}

/// Says how a connection ended, never whose it was.
fn note(
    ended: Result<(Id, Result<(), ServeError>), JoinError>,
    roster: &mut Roster,
    figures: &Figures,
) {
    match ended {
        Ok((task, ended)) => {
            roster.leave(task);
            if let Err(error) = ended {
                figures.connection(ConnectionEvent::Failed);
                tracing::debug!(%error, "a connection ended");
            }
        }
        Err(error) => {
            roster.leave(error.id());
            tracing::error!("the task of a connection failed");
        }
    }
}
