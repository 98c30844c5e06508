//! `hushwing-relay run`.

use std::{path::Path, sync::Arc, time::Duration};

use anyhow::Context as _;
use hushwing_relay::{Keys, RelayDir, RelayService, SystemClock, serve, store::SqliteStore};
use hushwing_transport::{Listen, TcpListen};
use hushwing_transport_tor::{Network, OnionSeed, Tor, TorConfig};
use hushwing_wire::{
    RelayAddress,
    address::{Endpoint, LoopbackAddr},
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    announce,
    cli::{ListenAt, Options},
};

/// Longest time for Tor's farewell; nothing of ours depends on it.
const TOR_SHUTDOWN: Duration = Duration::from_secs(5);

/// Longest time for tasks that are left when all is done.
const RUNTIME_SHUTDOWN: Duration = Duration::from_secs(2);

pub(crate) fn run(options: Options) -> anyhow::Result<()> {
    let dir = RelayDir::take(&options.dir)?;
    let keys = Keys::load_or_create(dir.path())?;
    let store = Arc::new(SqliteStore::open(dir.path(), options.limits)?);
    let runtime = tokio::runtime::Runtime::new().context("no threads could be started")?;
    let served = runtime.block_on(serve_until_stopped(&options, &dir, keys, store.clone()));
    runtime.shutdown_timeout(RUNTIME_SHUTDOWN);
    // Commits what is queued and empties the log.
    drop(store);
    served
}

async fn serve_until_stopped(
    options: &Options,
    dir: &RelayDir,
    keys: Keys,
    store: Arc<SqliteStore>,
) -> anyhow::Result<()> {
    let stop = CancellationToken::new();
    tokio::spawn(stop_on_signals(stop.clone())?);
    let onion = announce::onion(&keys);
    let pin = keys.tls.pin();
    let service = Arc::new(RelayService::new(store, keys.store, Arc::new(SystemClock)));
    match &options.place {
        ListenAt::Loopback(at) => {
            let mut listener = TcpListen::bind(*at).await?;
            let endpoint = Endpoint::Loopback(LoopbackAddr::new(listener.local_addr())?);
            let access = None;
            let address = RelayAddress {
                endpoint,
                pin,
                access,
            };
            ready(options, dir, &address)?;
            serve(&mut listener, &keys.tls, service, stop).await;
        }
        ListenAt::Clear { at, known_as } => {
            let mut listener = TcpListen::dangerously_bind_clear(*at).await?;
            let endpoint = known_as.clone();
            let access = None;
            let address = RelayAddress {
                endpoint,
                pin,
                access,
            };
            ready(options, dir, &address)?;
            serve(&mut listener, &keys.tls, service, stop).await;
        }
        ListenAt::Onion(network) => {
            // It logs its own progress.
            let tor = Tor::start(tor_config(dir.path(), network))?;
            let seed = OnionSeed::new(*keys.onion.as_bytes());
            let mut listener = tor.host(&seed, announce::ONION_PORT).await?;
            let published = tokio::select! {
                published = listener.published() => published,
                () = stop.cancelled() => false,
            };
            if published {
                ready(options, dir, &onion)?;
                serve(&mut listener as &mut dyn Listen, &keys.tls, service, stop).await;
            }
            drop(listener);
            // Cut off after its time; the process ends anyway.
            let _ = timeout(TOR_SHUTDOWN, tor.shutdown()).await;
        }
    }
    Ok(())
}

fn ready(options: &Options, dir: &RelayDir, address: &RelayAddress) -> anyhow::Result<()> {
    let address = address.to_string();
    dir.save_address(&address)?;
    announce::ready(&address, options.json).context("the address could not be written")
}

/// Tor's state and the private network's beside it, in the relay's folder.
fn tor_config(dir: &Path, network: &Network) -> TorConfig {
    TorConfig {
        state_dir: dir.join("tor/state"),
        cache_dir: dir.join("tor/cache"),
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
