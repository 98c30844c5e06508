//! The bare way: frames over an onion stream, without anything of ours around
//! them but the Tor client.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use hushwing_transport::{Dial as _, IsolationClass, Listen as _, NetworkState, Stream};
use hushwing_transport_tor::{Network, OnionListener, OnionSeed, Tor, TorConfig, onion_address};
use hushwing_wire::{address::Endpoint, limits::FRAME_LEN};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::mpsc,
    time::{sleep, timeout},
};

use super::HANG;

/// Streams, each on a circuit of its own, that take turns: one circuit is not
/// taken for all.
const STREAMS: u8 = 4;

const PORT: u16 = 443;

/// Two Tor clients and streams between them.
pub struct Echo {
    streams: Vec<Stream>,
    next: usize,
    arrivals: mpsc::UnboundedReceiver<Instant>,
    clients: [Tor; 2],
}

/// What some frames took.
#[derive(Debug, Clone, Copy)]
pub struct EchoTime {
    /// Until the last of them was there.
    pub there: Duration,
    /// Until one frame was back after that.
    pub back: Duration,
}

impl std::fmt::Debug for Echo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Echo(..)")
    }
}

impl Echo {
    pub(super) async fn start(dir: &Path, toml: &str) -> Result<Self> {
        let clients = [client(dir, "host", toml)?, client(dir, "dialer", toml)?];
        for tor in &clients {
            let mut state = tor.state();
            timeout(HANG, state.wait_for(NetworkState::is_ready))
                .await
                .context("Tor does not come up")??;
        }
        let seed = OnionSeed::new([77; 32]);
        let mut listener = clients[0].host(&seed, PORT).await?;
        ensure!(timeout(HANG, listener.published()).await?, "Tor has ended");
        let (arrived, arrivals) = mpsc::unbounded_channel();
        tokio::spawn(serve(listener, arrived));
        let to = Endpoint::Onion {
            address: onion_address(&seed),
            port: PORT,
        };
        let mut streams = Vec::new();
        for class in 0..STREAMS {
            streams.push(dial(&clients[1], &to, IsolationClass::new([class; 16])).await?);
        }
        Ok(Self {
            streams,
            next: 0,
            arrivals,
            clients,
        })
    }

    /// Sends `count` frames of the size of a relay's frame; when the last is
    /// there, one comes back.
    ///
    /// # Errors
    /// When the stream breaks.
    pub async fn round(&mut self, count: u16) -> Result<EchoTime> {
        let stream = &mut self.streams[self.next];
        self.next = (self.next + 1) % usize::from(STREAMS);
        let mut frames = vec![0x5a; FRAME_LEN * usize::from(count)];
        frames[..2].copy_from_slice(&count.to_be_bytes());
        let mut back = vec![0; FRAME_LEN];
        let began = Instant::now();
        stream.write_all(&frames).await?;
        stream.flush().await?;
        timeout(HANG, stream.read_exact(&mut back))
            .await
            .context("no echo")??;
        let whole = began.elapsed();
        let arrived = self.arrivals.recv().await.context("no echo")?;
        let there = arrived.duration_since(began);
        Ok(EchoTime {
            there,
            back: whole.saturating_sub(there),
        })
    }

    pub(super) async fn stop(self) {
        drop(self.streams);
        for tor in self.clients {
            tor.shutdown().await;
        }
    }
}

fn client(dir: &Path, name: &str, toml: &str) -> Result<Tor> {
    let dir = dir.join(name);
    Ok(Tor::start(TorConfig {
        state_dir: dir.join("state"),
        cache_dir: dir.join("cache"),
        network: Network::Private {
            arti_toml: toml.to_owned(),
        },
    })?)
}

async fn dial(tor: &Tor, to: &Endpoint, class: IsolationClass) -> Result<Stream> {
    let dialling = async {
        loop {
            if let Ok(stream) = tor.dial(to, class).await {
                return stream;
            }
            sleep(Duration::from_millis(250)).await;
        }
    };
    timeout(HANG, dialling)
        .await
        .context("the echo is not found")
}

async fn serve(mut listener: OnionListener, arrived: mpsc::UnboundedSender<Instant>) {
    while let Some(stream) = listener.accept().await {
        tokio::spawn(answer(stream, arrived.clone()));
    }
}

async fn answer(mut stream: Stream, arrived: mpsc::UnboundedSender<Instant>) {
    let mut frame = vec![0; FRAME_LEN];
    while stream.read_exact(&mut frame).await.is_ok() {
        let more = u16::from_be_bytes([frame[0], frame[1]]) - 1;
        for _ in 0..more {
            if stream.read_exact(&mut frame).await.is_err() {
                return;
            }
        }
        let _ = arrived.send(Instant::now());
        if stream.write_all(&frame).await.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
}
