//! Tests of the core as a whole, by a clock that they move.

mod attempts;
mod cycles;
mod unused;
mod way_out;

use std::{path::Path, time::Duration};

use hushwing_engine::view::{Command, CommandError, Reply, SecretText};
use tokio::sync::watch;

use crate::{KeyDerivation, Node, NodeConfig, WayOut, clock::Clock};

const RIGHT: &str = "the right passphrase";

/// A node without a network, and its clock.
struct Stage {
    dir: tempfile::TempDir,
    node: Node,
    clock: watch::Sender<Duration>,
}

impl Stage {
    /// With a vault that is open.
    async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (clock, time) = watch::channel(Duration::ZERO);
        let node = Node::start_by(config(dir.path()), Clock::told(time)).unwrap();
        let stage = Self { dir, node, clock };
        stage
            .done(Command::Create {
                passphrase: secret(RIGHT),
            })
            .await;
        stage
    }

    async fn call(&self, command: Command) -> Result<Reply, CommandError> {
        self.node.call(command).await
    }

    async fn done(&self, command: Command) {
        let reply = self.call(command).await;
        assert_eq!(reply, Ok(Reply::Done));
    }

    /// The error that a command gives.
    async fn refused(&self, command: Command) -> CommandError {
        self.call(command).await.unwrap_err()
    }

    fn pass(&self, time: Duration) {
        self.clock.send_modify(|now| *now += time);
    }
}

fn config(dir: &Path) -> NodeConfig {
    NodeConfig {
        dir: dir.to_owned(),
        way_out: WayOut::Nothing,
        allow_loopback: true,
        key_derivation: KeyDerivation::DangerouslyWeak,
    }
}

fn secret(text: &str) -> SecretText {
    SecretText::new(text.to_owned())
}

fn unlock(passphrase: &str) -> Command {
    Command::Unlock {
        passphrase: secret(passphrase),
    }
}
