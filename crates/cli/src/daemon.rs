//! `hushwing run`: the daemon in the foreground.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::Path,
    sync::Arc,
    time::Duration,
};

use hushwing_api::{Limits, Server, session::DaemonLock};
use hushwing_node::{KeyDerivation, Network, Node, NodeConfig, WayOut};
use serde::Serialize;
use tokio::{
    runtime,
    signal::unix::{Signal, SignalKind, signal},
    time::timeout,
};
use zeroize::Zeroizing;

use crate::{args::RunArgs, failure::Failure, process, safe_text};

/// Until the node must have closed its vault and let go of Tor. What has not
/// ended by then is cut off: the vault loses nothing by that.
const NODE_GRACE: Duration = Duration::from_secs(20);

/// Until threads that still compute (a passphrase's key) are left behind.
const THREADS_GRACE: Duration = Duration::from_secs(5);

/// How long the address can be used that is shown at the start: a person has to find the
/// terminal and follow it.
const SHOWN_CODE_LIFETIME: Duration = Duration::from_secs(600);

/// Bytes of a private network's configuration: some kilobytes a directory server.
const MAX_NETWORK_FILE_LEN: u64 = 1024 * 1024;

/// What programs read to learn that the daemon can be asked.
#[derive(Serialize)]
struct Ready {
    ready: bool,
    address: String,
}

/// Runs the daemon on `dir` until a signal ends it.
///
/// `[HW-CLI-9]` SIGTERM, SIGINT and SIGHUP end it cleanly, with exit code 0 and
/// without a session file. A second daemon on the same folder is refused before
/// it touches anything.
pub(crate) fn run(dir: &Path, args: &RunArgs, json: bool) -> Result<(), Failure> {
    process::log_to_stderr(args.log);
    let lock = DaemonLock::acquire(dir).map_err(|e| Failure::Here(e.to_string()))?;
    let config = node_config(dir, args)?;
    let runtime = runtime::Builder::new_multi_thread()
        .on_thread_park(hushwing_node::wipe_idle_stack)
        .enable_all()
        .build()
        .map_err(|e| Failure::Here(format!("no threads can be had: {e}")))?;
    let result = runtime.block_on(serve(lock, config, json));
    runtime.shutdown_timeout(THREADS_GRACE);
    result
}

fn node_config(dir: &Path, args: &RunArgs) -> Result<NodeConfig, Failure> {
    let way_out = match &args.tor_network {
        _ if args.without_tor => WayOut::Nothing,
        Some(file) => WayOut::Tor(Network::Private {
            arti_toml: network_file(file)?,
        }),
        None => WayOut::Tor(Network::Public),
    };
    Ok(NodeConfig {
        dir: dir.to_owned(),
        way_out,
        allow_loopback: args.allow_loopback || args.without_tor,
        key_derivation: KeyDerivation::Normal,
    })
}

fn network_file(file: &Path) -> Result<String, Failure> {
    let unusable = |why: String| Failure::Here(format!("{}: {why}", file.display()));
    let found = fs::metadata(file).map_err(|e| unusable(e.to_string()))?;
    if found.len() > MAX_NETWORK_FILE_LEN {
        return Err(unusable("too large for a network's configuration".into()));
    }
    fs::read_to_string(file).map_err(|e| unusable(e.to_string()))
}

async fn serve(lock: DaemonLock, config: NodeConfig, json: bool) -> Result<(), Failure> {
    let here = |e: &dyn std::error::Error| Failure::Here(e.to_string());
    // Before anything is started, so that no signal finds it half way.
    let mut signals = Signals::new().map_err(|e| here(&e))?;
    let dir = config.dir.clone();
    let node = Node::start(config).map_err(|e| here(&e))?;
    let backend = Arc::new(node.clone());
    let server = Server::start(lock, backend, Limits::default())
        .await
        .map_err(|e| here(&e))?;
    announce(&server, &dir, json);
    signals.any().await;
    tracing::info!("stopping");
    let lock = server.shutdown().await;
    if timeout(NODE_GRACE, node.shutdown()).await.is_err() {
        tracing::warn!("the node had not ended in time and is cut off");
    }
    // Until here nobody else may start on this folder.
    drop(lock);
    Ok(())
}

/// A daemon whose starter does not read goes on all the same.
fn announce(server: &Server, dir: &Path, json: bool) {
    let address = server.address().to_string();
    let line = if json {
        safe_text::json(&Ready {
            ready: true,
            address,
        })
    } else {
        format!(
            "hushwing runs on {}. In another terminal: hushwing status. Ctrl-C stops it.",
            safe_text::inline(&dir.display().to_string())
        )
    };
    let mut stdout = io::stdout().lock();
    let _ = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
    // Only where a person reads it: logs are kept, and others may read them.
    if !json && stdout.is_terminal() {
        let line = match server.app_address(SHOWN_CODE_LIFETIME) {
            Ok(address) => Zeroizing::new(format!(
                "Open it in your browser (this address works once, for ten minutes; later: \
                 hushwing open):\n{}",
                *address
            )),
            Err(_) => Zeroizing::new("Open it in your browser with: hushwing open".to_owned()),
        };
        let _ = writeln!(stdout, "{}", *line).and_then(|()| stdout.flush());
    }
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}
