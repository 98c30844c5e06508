//! `hushwing-relay doctor`: does the relay do what people need of it?
//!
//! It goes the way that people go: to the relay's own address, through Tor if
//! that is an onion service or a name, and there puts a box, reads it and drops
//! it.

use std::{
    io::{self, Write as _},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, bail};
use hushwing_relay::{Keys, RelayDir};
use hushwing_relay_client::{Opener, PutOutcome, RelayClient};
use hushwing_transport::{Dial, DirectDialer, IsolationClass};
use hushwing_transport_tor::{Network, Tor};
use hushwing_wire::{RelayAddress, SealedBox, Slot, address::Endpoint, limits::BOX_LEN};
use tokio::time::timeout;

use crate::{
    run::tor_config,
    settings::{ListenAt, Options},
};

/// Longest time for Tor to be ready, from nothing.
const TOR_START: Duration = Duration::from_secs(180);

/// Longest time to reach the relay.
const REACH: Duration = Duration::from_secs(90);

/// Life of the box that is put and dropped.
const LIFE_S: u32 = 3_600;

/// No clock that is right shows less: 1 January 2026.
const NOT_BEFORE_S: u64 = 1_767_225_600;

/// By how much a file may be younger than the clock.
const CLOCK_GRACE: Duration = Duration::from_secs(120);

/// Says of each thing whether it works; an error when one does not.
pub(crate) fn doctor(options: &Options) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("no threads could be started")?;
    let mut found = Findings::default();
    found.note(
        "keys",
        Keys::load(&options.dir)
            .map(|_| String::new())
            .map_err(Into::into),
    );
    found.note("clock", clock(&options.dir));
    found.note("disk", disk(&options.dir, options.store.min_free_disk));
    match address(&options.dir) {
        Err(error) => found.note("address", Err(error)),
        Ok(address) => runtime.block_on(reach(options, &address, &mut found)),
    }
    runtime.shutdown_timeout(Duration::from_secs(2));
    found.end()
}

#[derive(Default)]
struct Findings {
    failed: u32,
}

impl Findings {
    fn note(&mut self, what: &str, found: anyhow::Result<String>) {
        let line = match found {
            Ok(words) if words.is_empty() => format!("ok      {what}"),
            Ok(words) => format!("ok      {what}: {words}"),
            Err(error) => {
                self.failed += 1;
                format!("FAILED  {what}: {error:#}")
            }
        };
        // Nobody may listen; the exit code tells too.
        let _ = writeln!(io::stdout(), "{line}");
    }

    fn end(self) -> anyhow::Result<()> {
        match self.failed {
            0 => Ok(()),
            1 => bail!("one thing does not work"),
            failed => bail!("{failed} things do not work"),
        }
    }
}

fn clock(dir: &Path) -> anyhow::Result<String> {
    let now = SystemTime::now();
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    if since.as_secs() < NOT_BEFORE_S {
        bail!("it is wrong; boxes would live too long. Set it, for example with an NTP service");
    }
    for entry in std::fs::read_dir(dir)?.flatten() {
        let modified = entry.metadata().and_then(|file| file.modified());
        if modified.is_ok_and(|modified| modified > now + CLOCK_GRACE) {
            bail!("it was set back since the relay last wrote a file; boxes would live too long");
        }
    }
    Ok(String::new())
}

fn disk(dir: &Path, reserve: u64) -> anyhow::Result<String> {
    const MIB: u64 = 1 << 20;
    let fs = rustix::fs::statvfs(dir).context("the disk cannot be asked")?;
    let free = fs.f_bavail.saturating_mul(fs.f_frsize);
    if free <= reserve {
        bail!(
            "{} MiB are free and {} MiB are kept; no new boxes are taken. Make room, or lower \
             min-free-disk",
            free / MIB,
            reserve / MIB
        );
    }
    Ok(format!("{} MiB beyond the reserve", (free - reserve) / MIB))
}

fn address(dir: &Path) -> anyhow::Result<RelayAddress> {
    let text = RelayDir::address(dir)?
        .context("the relay was not ready yet. Start it and wait until it shows its address")?;
    text.parse().context("the file `address` is damaged")
}

async fn reach(options: &Options, address: &RelayAddress, found: &mut Findings) {
    let temp = options.dir.join("doctor");
    let reached = connect(options, address, &temp).await;
    let client = match reached {
        Ok(client) => {
            found.note(
                "address",
                Ok("reached, and it shows the right key".to_owned()),
            );
            client
        }
        Err(error) => return found.note("address", Err(error)),
    };
    let accepting = client.info().await.map_err(anyhow::Error::from);
    found.note(
        "new boxes",
        accepting.and_then(|info| match info.accepting {
            0 => bail!("it takes none: it is full, drained, or its disk is at its reserve"),
            _ => Ok(String::new()),
        }),
    );
    let mut random = [0; 64];
    if getrandom::fill(&mut random).is_err() {
        return found.note("put", Err(anyhow::anyhow!("the system has no randomness")));
    }
    let (name, content) = random.split_at(32);
    let mut slot = [0; 32];
    slot.copy_from_slice(name);
    let slot = Slot::new(slot);
    let Ok(boxed) = SealedBox::from_slice(&content.repeat(BOX_LEN / 32)) else {
        return found.note("put", Err(anyhow::anyhow!("no box could be made")));
    };
    let put = match client.put(&slot, &boxed, LIFE_S).await {
        Ok(PutOutcome::Stored) => Ok(String::new()),
        Ok(PutOutcome::Full) => Err(anyhow::anyhow!("it is full")),
        Ok(PutOutcome::Refused(_)) => Err(anyhow::anyhow!("it was refused")),
        Ok(PutOutcome::GateClosed(_)) => Err(anyhow::anyhow!("its gate did not open")),
        Ok(_) => Err(anyhow::anyhow!("something lay where nothing can lie")),
        Err(error) => Err(error.into()),
    };
    let stored = put.is_ok();
    found.note("put", put);
    if !stored {
        return;
    }
    let got = match client.get(&[slot], 5).await {
        Ok(Some((0, got))) if got == boxed => Ok(String::new()),
        Ok(_) => Err(anyhow::anyhow!("the box did not come back as it was")),
        Err(error) => Err(error.into()),
    };
    found.note("get", got);
    let gone = match client.drop_slots(&[slot]).await {
        Ok(()) => match client.get(&[slot], 0).await {
            Ok(None) => Ok(String::new()),
            Ok(Some(_)) => Err(anyhow::anyhow!("the box is still there")),
            Err(error) => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    };
    found.note("drop", gone);
}

async fn connect(
    options: &Options,
    address: &RelayAddress,
    temp: &Path,
) -> anyhow::Result<RelayClient> {
    let class = IsolationClass::new(*b"hushwing-doctor\0");
    let opener = Opener {
        access_key: address.access.clone(),
        ..Opener::default()
    };
    let stream = match &address.endpoint {
        Endpoint::Loopback(_) => {
            let dialer = DirectDialer::loopback_only();
            timeout(REACH, dialer.dial(&address.endpoint, class)).await
        }
        _ => {
            let network = match &options.place {
                ListenAt::Onion(network) => network.clone(),
                _ => Network::Public,
            };
            // A client of its own: the relay's would not leave the machine.
            let tor = Tor::start(tor_config(temp, &network))?;
            let mut state = tor.state();
            timeout(
                TOR_START,
                state.wait_for(hushwing_transport::NetworkState::is_ready),
            )
            .await
            .ok()
            .and_then(Result::ok)
            .with_context(|| match tor.state().borrow().why_not() {
                Some(why) => format!("Tor is not ready: {why}"),
                None => "Tor is not ready".to_owned(),
            })?;
            timeout(REACH, tor.dial(&address.endpoint, class)).await
        }
    };
    let stream = stream.context("it did not answer; is the relay running?")?;
    let stream = stream.context("it cannot be reached; is the relay running?")?;
    Ok(RelayClient::connect_with(stream, &address.pin, opener).await?)
}
