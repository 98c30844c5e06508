//! What is measured, in a process of its own: a relay, or a bare TLS server that
//! echoes.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use hushwing_relay::{
    RelayService, ServerLimits, StoreKey, SystemClock, serve, store::SqliteStore,
};
use hushwing_relay_client::{RelayClient, RequestRate, TlsSeed, tls};
use hushwing_transport::{Dial as _, DirectDialer, IsolationClass, Stream, TcpListen};
use hushwing_wire::{
    address::{Endpoint, LoopbackAddr},
    limits::FRAME_LEN,
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::{TlsAcceptor, TlsConnector, client::TlsStream, rustls::pki_types::ServerName};
use tokio_util::sync::CancellationToken;

use crate::filling::without_limits;

/// The keys of all servers here; they serve this machine for minutes.
const SEED: [u8; 32] = [1; 32];
const STORE_KEY: [u8; 32] = [2; 32];

/// Ticks a second of the times in `/proc` (`USER_HZ`, the same on all of Linux).
const TICKS: u64 = 100;

/// What a process serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Served {
    /// A relay over the store in a folder.
    Relay,
    /// A bare TLS server that sends back what it is sent, with little memory.
    Echo,
    /// The same, one whole frame at a time.
    Frames,
}

/// A process that serves; killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    at: Endpoint,
}

impl Server {
    /// Starts this program again as a server, and says how long it took until it
    /// was ready.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(served: Served, folder: &Path) -> Result<(Self, Duration)> {
        let begun = Instant::now();
        let mut child = Command::new(std::env::current_exe()?)
            .arg("--serve")
            .arg(match served {
                Served::Relay => "relay",
                Served::Echo => "echo",
                Served::Frames => "frames",
            })
            .arg("--folder")
            .arg(folder)
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().context("it has no output")?;
        let mut line = String::new();
        BufReader::new(out).read_line(&mut line)?;
        let took = begun.elapsed();
        let at = line.trim().parse().ok().context("it did not start")?;
        Ok((Self { child, at }, took))
    }

    /// A secure connection to the relay.
    ///
    /// # Errors
    /// When there is none.
    pub async fn client(&self) -> Result<RelayClient> {
        let pin = TlsSeed::new(SEED).pin();
        Ok(RelayClient::connect(self.dial().await?, &pin).await?)
    }

    /// A secure stream to the server that echoes.
    ///
    /// # Errors
    /// When there is none.
    pub async fn stream(&self) -> Result<TlsStream<Stream>> {
        let config = tls::client_config(&TlsSeed::new(SEED).pin());
        // Nobody looks at it: the key is pinned, and no name is sent.
        let name = ServerName::try_from("relay.invalid")?;
        let stream = self.dial().await?;
        Ok(TlsConnector::from(config).connect(name, stream).await?)
    }

    async fn dial(&self) -> Result<Stream> {
        let class = IsolationClass::new([0; 16]);
        Ok(DirectDialer::loopback_only().dial(&self.at, class).await?)
    }

    /// Bytes of memory that the process holds.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn rss(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib: u64 = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|rest| rest.split_whitespace().next())
            .context("the system does not tell the memory of a process")?
            .parse()?;
        Ok(kib * 1_024)
    }

    /// Time of the processor that the process has used, in steps of 10 ms.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let behind_name = stat.rsplit_once(')').context("an unknown format")?.1;
        // Fields 14 and 15 of proc(5), user and system, counted from the third.
        let ticks: u64 = behind_name
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<u64>().ok())
            .sum();
        Ok(Duration::from_millis(ticks * 1_000 / TICKS))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As many open files as the system lets this process and its children have.
///
/// # Errors
/// When it does not let it.
pub fn allow_many_files() -> Result<u64> {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(1 << 20);
    let all = Rlimit {
        current: Some(most),
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, all)?;
    Ok(most)
}

/// What a child of [`Server::start`] does: serves until it is killed, and says
/// on standard output where.
///
/// # Errors
/// When it cannot.
pub fn serve_for_ever(served: Served, folder: PathBuf) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let any: LoopbackAddr = LoopbackAddr::new(([127, 0, 0, 1], 0).into())?;
        match served {
            Served::Relay => relay(any, &folder).await,
            Served::Echo => echo(4_096).await,
            Served::Frames => echo(FRAME_LEN).await,
        }
    })
}

async fn relay(at: LoopbackAddr, folder: &Path) -> Result<()> {
    let store = Arc::new(SqliteStore::open(folder, without_limits())?);
    let service = RelayService::new(store, StoreKey::new(STORE_KEY), Arc::new(SystemClock));
    let mut listener = TcpListen::bind(at).await?;
    announce(&listener.local_addr().to_string())?;
    let limits = ServerLimits {
        // What one connection may ask for is not what is measured.
        rate: RequestRate {
            per_second: 1_000_000,
            burst: 1_000_000,
        },
        ..ServerLimits::default()
    };
    let seed = TlsSeed::new(SEED);
    let stop = CancellationToken::new();
    serve(&mut listener, &seed, Arc::new(service), limits, stop).await;
    bail!("the listener ended");
}

/// Sends back every `len` bytes, or what there is of them.
async fn echo(len: usize) -> Result<()> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    announce(&listener.local_addr()?.to_string())?;
    let acceptor = TlsAcceptor::from(tls::server_config(&TlsSeed::new(SEED)));
    loop {
        let (stream, _) = listener.accept().await?;
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            stream.set_nodelay(true)?;
            let mut stream = acceptor.accept(stream).await?;
            let (mut some, mut filled) = (vec![0; len], 0);
            loop {
                let more = stream.read(&mut some[filled..]).await?;
                filled += more;
                if more == 0 {
                    return Ok::<_, std::io::Error>(());
                }
                if filled == len || len < FRAME_LEN {
                    stream.write_all(&some[..filled]).await?;
                    stream.flush().await?;
                    filled = 0;
                }
            }
        });
    }
}

fn announce(at: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{at}")?;
    Ok(out.flush()?)
}
