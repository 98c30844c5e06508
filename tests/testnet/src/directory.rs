//! Is the network's directory complete? And its shared random values.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    io::{self, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, SystemTime},
};

use data_encoding::BASE64;

use crate::{
    TestNetError, clock, in_dir,
    node::{Node, Role},
    torrc::VOTING_INTERVAL_S,
};

/// The most an authority may take to answer; it is on this machine.
const ANSWER_DEADLINE: Duration = Duration::from_secs(2);
/// A consensus of eight relays has 4 KiB; more than this is none of ours.
const CONSENSUS_MAX: u64 = 1 << 20;
/// Votes in one run of the shared random protocol.
const SHARED_RANDOM_RUN: u64 = 24;

/// Why the network is not usable yet.
#[derive(Debug)]
pub(crate) enum Problem {
    NoConsensus { authority: String },
    NotListed { relay: String },
    LacksFlags { relay: String },
    NotBootstrapped { relay: String },
}

impl Problem {
    /// Whether waiting cannot help, once the time of the vote is over.
    pub(crate) fn is_missed_vote(&self) -> bool {
        !matches!(self, Problem::NotBootstrapped { .. })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::NoConsensus { authority } => write!(f, "{authority} has no consensus"),
            Problem::NotListed { relay } => write!(f, "{relay} is not in the consensus"),
            Problem::LacksFlags { relay } => write!(f, "{relay} lacks flags in the consensus"),
            Problem::NotBootstrapped { relay } => write!(f, "{relay} has not bootstrapped"),
        }
    }
}

/// Every authority serves a complete consensus and every node has bootstrapped.
pub(crate) fn usable(nodes: &[Node]) -> Result<(), Problem> {
    for node in nodes {
        if let Role::Authority { dir_port } = node.role() {
            let consensus = fetch_consensus(dir_port).map_err(|_| Problem::NoConsensus {
                authority: node.nick().to_owned(),
            })?;
            complete(&consensus, nodes)?;
        }
    }
    match nodes.iter().find(|node| !node.has_bootstrapped()) {
        None => Ok(()),
        Some(node) => Err(Problem::NotBootstrapped {
            relay: node.nick().to_owned(),
        }),
    }
}

/// The microdescriptor consensus that an authority serves over plain HTTP.
fn fetch_consensus(dir_port: u16) -> io::Result<String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, dir_port));
    let mut stream = TcpStream::connect_timeout(&address, ANSWER_DEADLINE)?;
    stream.set_read_timeout(Some(ANSWER_DEADLINE))?;
    stream.write_all(b"GET /tor/status-vote/current/consensus-microdesc HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(CONSENSUS_MAX).read_to_string(&mut answer)?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.starts_with("HTTP/1.0 200 ") => Ok(body.to_owned()),
        _ => Err(io::ErrorKind::NotFound.into()),
    }
}

/// Every node is listed with the flags that its role needs.
fn complete(consensus: &str, nodes: &[Node]) -> Result<(), Problem> {
    let mut flags: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut relay = "";
    for line in consensus.lines() {
        if let Some(rest) = line.strip_prefix("r ") {
            relay = rest.split(' ').next().unwrap_or_default();
        } else if let Some(rest) = line.strip_prefix("s ") {
            flags.insert(relay, rest.split(' ').collect());
        }
    }
    for node in nodes {
        let relay = node.nick().to_owned();
        let Some(has) = flags.get(node.nick()) else {
            return Err(Problem::NotListed { relay });
        };
        let mut needs = BTreeSet::from(["Running", "Valid", "Guard", "HSDir", "V2Dir"]);
        if node.role() == Role::Exit {
            needs.insert("Exit");
        }
        if !needs.is_subset(has) {
            return Err(Problem::LacksFlags { relay });
        }
    }
    Ok(())
}

/// Gives all authorities the same two shared random values to start from.
///
/// A new network has none before its first complete run, twelve hours here.
/// Until then Arti's onion services work but know no secondary time period and
/// report themselves unreachable.
pub(crate) fn seed_shared_random(nodes: &[Node]) -> Result<(), TestNetError> {
    let now = clock::unix_s(SystemTime::now());
    let run = SHARED_RANDOM_RUN * VOTING_INTERVAL_S;
    let mut values = [[0; 32]; 2];
    for value in &mut values {
        getrandom::fill(value).map_err(|error| TestNetError::Tool {
            tool: "the system's random generator",
            output: error.to_string(),
        })?;
    }
    let state = format!(
        "Version 1\nTorVersion Tor\nValidAfter {}\nValidUntil {}\n\
         SharedRandPreviousValue 3 {}\nSharedRandCurrentValue 3 {}\n",
        clock::utc(now - run),
        clock::utc(now + run),
        BASE64.encode(&values[0]),
        BASE64.encode(&values[1]),
    );
    for node in nodes {
        if matches!(node.role(), Role::Authority { .. }) {
            let path = node.data_dir().join("sr-state");
            fs::write(&path, &state).map_err(in_dir(&path))?;
        }
    }
    Ok(())
}
