//! `hushwing-relay run`.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use hushwing_relay::{
    AccessKeys, Keys, Monitor, RelayDir, RelayService, ServerLimits, SystemClock,
    gate::{Gate, GateConfig},
    serve,
    store::SqliteStore,
};
use hushwing_transport::{Listen, TcpListen};
use hushwing_transport_tor::{Network, OnionSeed, Tor, TorConfig};
use hushwing_wire::{
    AccessKey, RelayAddress,
    address::{Endpoint, LoopbackAddr},
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    announce,
    settings::{ListenAt, Options},
};

/// Longest time for Tor's farewell; nothing of ours depends on it.
const TOR_SHUTDOWN: Duration = Duration::from_secs(5);

/// Longest time for tasks that are left when all is done.
const RUNTIME_SHUTDOWN: Duration = Duration::from_secs(2);

/// Circuits beyond the connections: those that are being met, or that ended and are
/// not gone yet.
const CALLERS_AT_THE_DOOR: usize = 512;

/// How soon `hushwing-relay drain` is noticed.
const DRAIN_LOOK: Duration = Duration::from_secs(1);

pub(crate) fn run(options: Options) -> anyhow::Result<()> {
    let dir = RelayDir::take(&options.dir)?;
    let keys = Keys::load_or_create(dir.path())?;
    let access = if options.access_key {
        Some(AccessKeys::load_or_create(dir.path())?)
    } else {
        None
    };
    let seal = options.seal.clone();
    let store = SqliteStore::open_sealed(dir.path(), options.store, seal)?;
    let store = Arc::new(store);
    let runtime = tokio::runtime::Runtime::new().context("no threads could be started")?;
    let served = runtime.block_on(serve_until_stopped(
        &options,
        &dir,
        keys,
        access,
        store.clone(),
    ));
    runtime.shutdown_timeout(RUNTIME_SHUTDOWN);
    // Commits what is queued and empties the log.
    drop(store);
    served
}

async fn serve_until_stopped(
    options: &Options,
    dir: &RelayDir,
    keys: Keys,
    access: Option<AccessKeys>,
    store: Arc<SqliteStore>,
) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    tokio::spawn(stop_on_signals(stop.clone())?);
    let onion = announce::onion(&keys);
    let pin = keys.tls.pin();
    let gate = GateConfig {
        access_keys: access
            .as_ref()
            .map_or(Vec::new(), |keys| keys.all().to_vec()),
        work: options.work,
    };
    let service = RelayService::new(store, keys.store, Arc::new(SystemClock))
        .with_gate(Gate::new(gate, pin))
        .with_max_waits(options.max_waits);
    let service = Arc::new(service);
    service.close_to_new_boxes(dir.drains());
    tokio::spawn(heed_drain(dir.path().to_owned(), service.clone()));
    if let Some(at) = options.monitor {
        let monitor = Monitor::bind(at, service.clone(), options.store)
            .await
            .context("the monitor's address cannot be used")?;
        tokio::spawn(monitor.serve(options.monitor_step));
    }
    let ready = |endpoint: Endpoint| {
        let access: Option<AccessKey> = access.as_ref().map(|keys| keys.current().clone());
        ready(
            options,
            dir,
            &RelayAddress {
                endpoint,
                pin,
                access,
            },
        )
    };
    let limits = options.server;

    match &options.place {
        ListenAt::Loopback(at) => {
            let mut listener = TcpListen::bind(*at).await?;
            ready(Endpoint::Loopback(LoopbackAddr::new(
                listener.local_addr(),
            )?))?;
            serve(&mut listener, &keys.tls, service, limits, stop).await;
        }
        ListenAt::Clear { at, known_as } => {
            let mut listener = TcpListen::dangerously_bind_clear(*at).await?;
            ready(known_as.clone())?;
            serve(&mut listener, &keys.tls, service, limits, stop).await;
        }
        ListenAt::Onion(network) => {
            // It logs its own progress.
            let tor = Tor::start(tor_config(&dir.path().join("tor"), network))?;
            let seed = OnionSeed::new(*keys.onion.as_bytes());
            let mut listener = tor
                .host_for(&seed, announce::ONION_PORT, circuits_for(&limits))
                .await?;
            let published = tokio::select! {
                published = listener.published() => published,
                () = stop.cancelled() => false,
            };
            if published {
                ready(onion)?;
                let listening: &mut dyn Listen = &mut listener;
                serve(listening, &keys.tls, service, limits, stop).await;
            }
            drop(listener);
            // Cut off after its time; the process ends anyway.
            let _ = timeout(TOR_SHUTDOWN, tor.shutdown()).await;
        }
    }
    Ok(())
}

/// Rendezvous circuits of the relay's onion service. People use one circuit for each
/// contact, so every connection has one of its own, and some more come so that one
/// too many reaches the relay, which decides who gives way (HW-RELAY-14).
fn circuits_for(limits: &ServerLimits) -> usize {
    limits.connections.saturating_add(CALLERS_AT_THE_DOOR)
}

fn ready(options: &Options, dir: &RelayDir, address: &RelayAddress) -> anyhow::Result<()> {
    let address = address.to_string();
    dir.save_address(&address)?;
    announce::ready(&address, dir.path(), options.json).context("the address could not be written")
}

/// Follows the mark that `hushwing-relay drain` leaves. `[HW-RELAY-16]`
async fn heed_drain(folder: std::path::PathBuf, service: Arc<RelayService>) {
    loop {
        // Compared with what the service does, not with an earlier look, so that a
        // mark that came between two looks is not taken for heeded.
        let drains = RelayDir::marked_to_drain(&folder);
        if drains != service.is_closed_to_new_boxes() {
            service.close_to_new_boxes(drains);
            tracing::info!(drains, "told whether to take new boxes");
        }
        tokio::time::sleep(DRAIN_LOOK).await;
    }
}

/// Tor's state and the private network's beside it, in `folder`.
pub(crate) fn tor_config(folder: &Path, network: &Network) -> TorConfig {
    TorConfig {
        state_dir: folder.join("state"),
        cache_dir: folder.join("cache"),
        network: network.clone(),
    }
}

/// The first signal stops in order, the second at once. `[HW-RELAY-11]`
fn stop_on_signals(
    stop: CancellationToken,
) -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        next(&mut terminate, &mut interrupt).await;
        tracing::info!("stopping: what is acknowledged is safe, requests in flight are answered");
        stop.cancel();
        next(&mut terminate, &mut interrupt).await;
        std::process::exit(1);
    })
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_connection_of_a_relay_may_have_a_circuit_of_its_own() {
        let limits = ServerLimits::default();
        assert!(circuits_for(&limits) > limits.connections);
        let all = ServerLimits {
            connections: usize::MAX,
            ..limits
        };
        assert_eq!(circuits_for(&all), usize::MAX);
    }
}
