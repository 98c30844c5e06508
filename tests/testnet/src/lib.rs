//! A complete private Tor network of real `tor` processes on 127.0.0.1.
//!
//! Three directory authorities and five exits, which is the least that gives
//! onion services their six-relay paths, ready in about 15 seconds. Every
//! listener and every outgoing connection of every node is bound to 127.0.0.1,
//! so the kernel refuses whatever would leave the loopback interface.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use hushwing_testnet::TestNet;
//!
//! let dir = std::env::temp_dir().join("my-network");
//! let mut net = TestNet::start(&dir)?; //  also writes DIR/arti.toml
//! let toml = net.arti_toml(); //           for Network::Private { arti_toml }
//! // ... dial NAME.example through an exit, which resolves it to 127.0.0.1 ...
//! net.cut(); //                            every relay dies at once (SIGKILL)
//! net.resume()?; //                        the same network is back in about 3 s
//! drop(net); //                            nothing is left running
//! # Ok(())
//! # }
//! ```
//!
//! Several networks can run side by side; each picks its own ports. When the
//! process that started a network dies, its nodes notice and end by themselves.
//!
//! Needs the Debian package `tor` (`tor` and `tor-gencert`); nothing in
//! `/etc/tor` or `/var/lib/tor` is read or written.

mod arti;
mod authority;
mod clock;
mod directory;
mod names;
mod node;
mod ports;
mod torrc;

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant, SystemTime},
};

use names::NameServer;
use node::{Node, Role};

pub use node::Signal;

/// Directory authorities: three, so that a consensus needs two signatures and
/// the network is not a special case of one.
pub const AUTHORITIES: usize = 3;
/// Exits beside the authorities. Together eight relays, enough for rendezvous
/// paths with vanguards that share no relay.
pub const EXITS: usize = 5;

/// How often the network is made from nothing before giving up. A machine with
/// many other jobs can be too slow for the first vote; the second attempt waits
/// longer for it.
const START_ATTEMPTS: u32 = 3;
/// The most a start may take before the attempt counts as failed. A quiet
/// machine needs 5 s beyond the lead, one with ten busy neighbours 15 s.
const READY_DEADLINE: Duration = Duration::from_secs(90);
/// How often a starting network is looked at.
const POLL: Duration = Duration::from_millis(200);
/// Seconds between launch and the first consensus. By then all nodes must have
/// started and uploaded their descriptors.
const LEAD_MIN_S: u64 = 10;
/// What each further attempt adds to the lead.
const LEAD_STEP_S: u64 = 10;

/// Why there is no private network.
#[derive(Debug, thiserror::Error)]
pub enum TestNetError {
    /// A program of the Debian package `tor` is not installed.
    #[error("{0} is not installed; on Debian: apt-get install tor")]
    ToolMissing(&'static str),
    /// The directory cannot be used.
    #[error("cannot use {path} for the test network: {source}")]
    Directory {
        /// Which path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The directory's name has characters that a torrc cannot hold.
    #[error("the path of the test network must not contain white space or quotes: {0}")]
    Path(PathBuf),
    /// A program of the package failed; the text is its own complaint.
    #[error("{tool} failed: {output}")]
    Tool {
        /// Which program.
        tool: &'static str,
        /// Its last words.
        output: String,
    },
    /// The network did not become usable, in any attempt.
    #[error("the test network did not become ready: {0}")]
    NotReady(String),
}

/// A running (or cut) private network. Dropping it ends every node.
#[derive(Debug)]
pub struct TestNet {
    root: PathBuf,
    nodes: Vec<Node>,
    grid: Grid,
    arti_toml: String,
    ready_in: Duration,
    _names: NameServer,
}

/// When the authorities vote: consensuses become valid at `k * VOTING_INTERVAL_S
/// + offset_s` seconds of Unix time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grid {
    pub(crate) lead_s: u64,
    pub(crate) offset_s: u64,
    pub(crate) valid_until_s: u64,
}

impl Grid {
    fn starting_in(lead_s: u64) -> Grid {
        let first = clock::unix_s(SystemTime::now()) + lead_s;
        Grid {
            lead_s,
            offset_s: first % torrc::VOTING_INTERVAL_S,
            valid_until_s: first + torrc::VALID_INTERVALS * torrc::VOTING_INTERVAL_S,
        }
    }
}

impl TestNet {
    /// Starts a network in `dir`, which is created; what an earlier network
    /// left there is removed. Returns when every authority serves a complete
    /// consensus and every node has bootstrapped.
    ///
    /// # Errors
    /// [`TestNetError`]; nothing is left running.
    pub fn start(dir: &Path) -> Result<TestNet, TestNetError> {
        for tool in ["tor", "tor-gencert"] {
            authority::require(tool)?;
        }
        let started = Instant::now();
        let mut lead_s = LEAD_MIN_S;
        let mut failure = String::new();
        for _ in 0..START_ATTEMPTS {
            let mut net = TestNet::prepare(dir, lead_s)?;
            net.launch_all()?;
            match net.wait_ready(READY_DEADLINE) {
                Ok(()) => {
                    net.ready_in = started.elapsed();
                    return Ok(net);
                }
                Err(why) => failure = why,
            }
            lead_s += LEAD_STEP_S;
        }
        Err(TestNetError::NotReady(failure))
    }

    /// The Arti configuration of this network, also in `DIR/arti.toml`.
    #[must_use]
    pub fn arti_toml(&self) -> String {
        self.arti_toml.clone()
    }

    /// The directory of the network.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.root
    }

    /// How long the last [`start`](Self::start) or [`resume`](Self::resume) took.
    #[must_use]
    pub fn ready_in(&self) -> Duration {
        self.ready_in
    }

    /// The process ids of the nodes that run now.
    pub fn pids(&mut self) -> Vec<u32> {
        self.nodes.iter_mut().filter_map(Node::pid).collect()
    }

    /// Kills every node at once, as a pulled plug would: connections are
    /// refused from now on. The directory stays, for [`resume`](Self::resume).
    pub fn cut(&mut self) {
        for node in &mut self.nodes {
            node.kill();
        }
    }

    /// Brings a cut network back, with the same keys, ports and consensus.
    ///
    /// # Errors
    /// [`TestNetError`]; the network then counts as cut.
    pub fn resume(&mut self) -> Result<(), TestNetError> {
        let started = Instant::now();
        self.cut();
        if clock::unix_s(SystemTime::now()) >= self.grid.valid_until_s {
            // The consensus has expired in the meantime: vote anew.
            self.grid = Grid::starting_in(LEAD_MIN_S);
            self.write_configuration()?;
        }
        self.launch_all()?;
        match self.wait_ready(READY_DEADLINE) {
            Ok(()) => {
                self.ready_in = started.elapsed();
                Ok(())
            }
            Err(why) => {
                self.cut();
                Err(TestNetError::NotReady(why))
            }
        }
    }

    /// Stops every node in its tracks: connections stay open and say nothing,
    /// like a cable pulled somewhere far away. Undone by [`thaw`](Self::thaw).
    ///
    /// # Errors
    /// [`TestNetError::Tool`] when the system's `kill` command fails.
    pub fn freeze(&mut self) -> Result<(), TestNetError> {
        self.signal_all(Signal::Stop)
    }

    /// Lets a frozen network run on.
    ///
    /// # Errors
    /// [`TestNetError::Tool`] when the system's `kill` command fails.
    pub fn thaw(&mut self) -> Result<(), TestNetError> {
        self.signal_all(Signal::Continue)
    }

    /// Ends the network. The directory stays, for a look at the nodes' logs.
    pub fn stop(mut self) {
        self.cut();
    }

    fn signal_all(&mut self, signal: Signal) -> Result<(), TestNetError> {
        self.nodes
            .iter_mut()
            .try_for_each(|node| node.signal(signal))
    }

    /// Directories, keys and configuration of a new network.
    fn prepare(dir: &Path, lead_s: u64) -> Result<TestNet, TestNetError> {
        let root = usable_root(dir)?;
        let nodes_dir = root.join("nodes");
        if nodes_dir.exists() {
            fs::remove_dir_all(&nodes_dir).map_err(in_dir(&nodes_dir))?;
        }
        node::private_dir(&nodes_dir)?;
        // tor insists on a regular file for its defaults; this one keeps
        // /etc/tor out of the network.
        write(&root.join("empty"), "")?;
        let names = NameServer::start().map_err(in_dir(&root))?;
        write(
            &root.join("resolv.conf"),
            &format!("nameserver {}\n", names.address()),
        )?;

        let ports = ports::free(2 * AUTHORITIES + EXITS).map_err(in_dir(&root))?;
        let mut ports = ports.into_iter();
        let mut port = || ports.next().expect("one port for each listener was chosen");
        let mut nodes = Vec::new();
        for index in 0..AUTHORITIES {
            let role = Role::Authority { dir_port: port() };
            nodes.push(Node::create(
                &nodes_dir,
                format!("auth{index}"),
                role,
                port(),
            )?);
        }
        for index in 0..EXITS {
            let nick = format!("exit{index}");
            nodes.push(Node::create(&nodes_dir, nick, Role::Exit, port())?);
        }

        let keys_took = Instant::now();
        authority::make_keys(&root, &mut nodes)?;
        // Making RSA keys is also a measure of how busy this machine is.
        let lead_s = lead_s + keys_took.elapsed().as_secs() / 2;
        directory::seed_shared_random(&nodes)?;

        let arti_toml = arti::toml(&nodes);
        write(&root.join("arti.toml"), &arti_toml)?;
        let net = TestNet {
            root,
            nodes,
            grid: Grid::starting_in(lead_s),
            arti_toml,
            ready_in: Duration::ZERO,
            _names: names,
        };
        net.write_configuration()?;
        Ok(net)
    }

    fn write_configuration(&self) -> Result<(), TestNetError> {
        for node in &self.nodes {
            let text = torrc::text(&self.root, &self.nodes, node, self.grid);
            write(&node.torrc_path(), &text)?;
        }
        Ok(())
    }

    fn launch_all(&mut self) -> Result<(), TestNetError> {
        let defaults = self.root.join("empty");
        self.nodes
            .iter_mut()
            .try_for_each(|node| node.launch(&defaults))
    }

    /// Waits until the network is usable; otherwise says what was missing.
    fn wait_ready(&mut self, deadline: Duration) -> Result<(), String> {
        let launched = Instant::now();
        // Whoever missed the first vote would wait half an hour for the next.
        let vote_over = Duration::from_secs(self.grid.lead_s + 10);
        loop {
            for node in &mut self.nodes {
                if node.has_ended() {
                    return Err(format!("{} ended: {}", node.nick(), node.last_words()));
                }
            }
            let Err(problem) = directory::usable(&self.nodes) else {
                return Ok(());
            };
            let elapsed = launched.elapsed();
            if elapsed > deadline || (problem.is_missed_vote() && elapsed > vote_over) {
                return Err(problem.to_string());
            }
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for TestNet {
    fn drop(&mut self) {
        self.cut();
    }
}

/// The canonical, private directory of the network.
fn usable_root(dir: &Path) -> Result<PathBuf, TestNetError> {
    node::private_dir(dir)?;
    let root = dir.canonicalize().map_err(in_dir(dir))?;
    match root.to_str() {
        Some(text) if !text.contains(|c: char| c.is_whitespace() || c == '"' || c == '\\') => {
            Ok(root)
        }
        _ => Err(TestNetError::Path(root)),
    }
}

fn write(path: &Path, text: &str) -> Result<(), TestNetError> {
    fs::write(path, text).map_err(in_dir(path))
}

/// Names the path in an input/output error.
fn in_dir(path: &Path) -> impl FnOnce(io::Error) -> TestNetError {
    let path = path.to_owned();
    move |source| TestNetError::Directory { path, source }
}
