//! Two whole nodes, a relay and a private Tor network, all on this machine, and
//! raw onion streams beside them for comparison.

mod echo;
mod person;

use std::{path::Path, time::Duration};

use anyhow::{Context as _, Result};
use hushwing_e2e::{
    relay::{Entrance, Relay},
    stage,
};
use hushwing_testnet::TestNet;
use tempfile::TempDir;

pub use echo::{Echo, EchoTime};
pub use person::{Arrival, Person};

/// Nobody waits longer than this for anything; only a hang does.
pub(crate) const HANG: Duration = Duration::from_secs(300);

/// Everybody.
pub struct Stage {
    /// Who redeemed.
    pub alice: Person,
    /// Who invited.
    pub bob: Person,
    /// A raw onion stream of frames.
    pub echo: Echo,
    _relay: Relay,
    _net: TestNet,
    _folder: TempDir,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stage(..)")
    }
}

impl Stage {
    /// Brings all of it up; the two have met and wrote to each other.
    ///
    /// # Errors
    /// When a part of it does not come up.
    pub async fn set() -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("hushwing-bench-")
            .tempdir()?;
        let root = folder.path().to_path_buf();
        // On this thread, which lives on: a program of the stage is killed when the thread
        // that started it ends.
        let (net, relay) = tokio::task::block_in_place(|| network_and_relay(&root))?;
        let toml = net.arti_toml();
        let mut alice = Person::start(&folder.path().join("alice"), &toml).await?;
        let mut bob = Person::start(&folder.path().join("bob"), &toml).await?;
        for person in [&mut alice, &mut bob] {
            person.use_relay(relay.address()).await?;
        }
        Person::meet(&mut bob, &mut alice).await?;
        let echo = Echo::start(&folder.path().join("echo"), &toml).await?;
        Ok(Self {
            alice,
            bob,
            echo,
            _relay: relay,
            _net: net,
            _folder: folder,
        })
    }

    /// Ends all of it in order.
    pub async fn strike(self) {
        self.alice.stop().await;
        self.bob.stop().await;
        self.echo.stop().await;
    }
}

fn network_and_relay(root: &Path) -> Result<(TestNet, Relay)> {
    let net = TestNet::start(&root.join("tor")).context("the private Tor network")?;
    let network = stage::network_file(&net);
    let (relay, _) = Relay::start(root, Entrance::Onion { network }, "warn")?;
    Ok((net, relay))
}
