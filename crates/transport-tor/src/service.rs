//! Serving one onion service in one client.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use arti_client::config::onion_service::{OnionServiceConfig, OnionServiceConfigBuilder};
use futures::{Stream, StreamExt as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc::error::TrySendError};
use tor_cell::relaycell::msg::{Connected, End, EndReason};
use tor_hsservice::{RendRequest, RunningOnionService, StreamRequest};
use tor_proto::stream::IncomingStreamRequest;

use crate::{
    incarnation::Client,
    onion::{Hosted, OnionState},
    watched::{Doubter, Watched},
};

/// Streams that wait for the owner to take them. A stranger who opens more is
/// refused; a caller who is refused tries again.
pub const ACCEPT_QUEUE: usize = 64;
/// Rendezvous circuits of one service at a time unless its owner says otherwise.
/// Further callers wait in the introduction queue; each circuit costs some tens of
/// kilobytes here.
pub const MAX_RENDEZVOUS_CIRCUITS: usize = 1024;
/// Streams on one circuit. A caller needs one or two; arti closes the circuit
/// of one who opens more.
pub const MAX_STREAMS_PER_CIRCUIT: u32 = 32;

/// The most that meeting a caller at its rendezvous point may take.
const RENDEZVOUS_DEADLINE: Duration = Duration::from_secs(60);

/// Launches the service and serves it until its owner drops the listener, or
/// the client ends. Runs on the client's runtime.
pub(crate) async fn serve(client: Client, hosted: Arc<Hosted>, doubter: Doubter) {
    hosted.state.send_replace(OnionState::Publishing);
    let Some(config) = configuration(&hosted) else {
        tracing::warn!("an onion service has no valid configuration");
        return;
    };
    let launched = client.launch_onion_service_with_hsid(config, hosted.seed.keypair());
    let (service, requests) = match launched {
        Ok(Some(pair)) => pair,
        Ok(None) => return,
        Err(error) => {
            use arti_client::HasKind as _;
            tracing::warn!(kind = ?error.kind(), "an onion service could not be launched");
            doubter.doubt_possibly();
            return;
        }
    };
    drop(client);
    tokio::select! {
        () = hosted.streams.closed() => {}
        () = follow_status(&service, &hosted, &doubter) => {}
        () = take_callers(requests, &hosted, &doubter) => {}
    }
}

/// The name by which arti keeps the service's files. It tells nothing, and is
/// never used twice in a process.
fn configuration(hosted: &Hosted) -> Option<OnionServiceConfig> {
    let mut config = OnionServiceConfigBuilder::default();
    config.nickname(format!("service{}", hosted.id).parse().ok()?);
    config.max_concurrent_streams_per_circuit(MAX_STREAMS_PER_CIRCUIT);
    config.build().ok()
}

/// Arti's status is good for two things: it says when the first descriptor is
/// up, and when something was lost, which is a reason to look (and not more:
/// a service can call itself unpublished for hours while everybody reaches it).
async fn follow_status(service: &RunningOnionService, hosted: &Hosted, doubter: &Doubter) {
    let mut events = service.status_events();
    while let Some(status) = events.next().await {
        if status.state().is_fully_reachable() {
            hosted.state.send_replace(OnionState::Published);
        } else if *hosted.state.borrow() == OnionState::Published {
            doubter.doubt_possibly();
        }
    }
    // The status ends with the service, which `take_callers` sees as well.
    std::future::pending().await
}

async fn take_callers(
    requests: impl Stream<Item = RendRequest>,
    hosted: &Arc<Hosted>,
    doubter: &Doubter,
) {
    let free = Arc::new(Semaphore::new(
        hosted.most_circuits.min(Semaphore::MAX_PERMITS),
    ));
    let mut requests = std::pin::pin!(requests);
    while let Ok(permit) = Arc::clone(&free).acquire_owned().await {
        let Some(request) = requests.next().await else {
            return;
        };
        tokio::spawn(meet(request, Arc::clone(hosted), doubter.clone(), permit));
    }
}

/// One caller: its circuit, and every stream that it opens on it.
async fn meet(
    request: RendRequest,
    hosted: Arc<Hosted>,
    doubter: Doubter,
    _permit: OwnedSemaphorePermit,
) {
    let met = tokio::time::timeout(RENDEZVOUS_DEADLINE, request.accept()).await;
    // A caller who did not come is no event: it tries again if it wants.
    let Ok(Ok(mut streams)) = met else {
        return;
    };
    hosted.circuits.fetch_add(1, Ordering::Relaxed);
    while let Some(stream) = streams.next().await {
        answer(stream, &hosted, &doubter).await;
    }
}

/// Accepts a stream to our port if there is room for it. `[HW-NET-6]`
async fn answer(request: StreamRequest, hosted: &Hosted, doubter: &Doubter) {
    let is_for_us = matches!(
        request.request(),
        IncomingStreamRequest::Begin(begin) if begin.port() == hosted.port
    );
    if !is_for_us {
        return refuse(request, EndReason::CONNECTREFUSED).await;
    }
    match hosted.streams.try_reserve() {
        Ok(place) => {
            // If this fails the caller is gone, and the place is free again.
            if let Ok(stream) = request.accept(Connected::new_empty()).await {
                place.send(Box::new(Watched::new(stream, doubter.clone())));
            }
        }
        Err(TrySendError::Full(())) => refuse(request, EndReason::RESOURCELIMIT).await,
        Err(TrySendError::Closed(())) => refuse(request, EndReason::DONE).await,
    }
}

async fn refuse(request: StreamRequest, reason: EndReason) {
    // If this fails the caller is gone.
    let _ = request.reject(End::new_with_reason(reason)).await;
}
