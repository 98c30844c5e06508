//! Configuration of the nodes. Each line that is not obvious was found by
//! failing without it.

use std::path::Path;

use crate::{
    Grid,
    node::{Node, Role},
};

/// Seconds between consensuses: the longest that
/// `TestingV3AuthInitialVotingInterval` allows (it must divide half an hour).
/// The network then stays as it is during a test. Short intervals hurt: Arti
/// counts every new consensus as a descriptor upload, and may upload once in 60
/// seconds only.
pub(crate) const VOTING_INTERVAL_S: u64 = 1800;
/// Intervals for which a consensus is valid.
pub(crate) const VALID_INTERVALS: u64 = 3;
/// Seconds for votes, and for signatures, to travel between the authorities.
const VOTE_DELAY_S: u64 = 2;

/// The complete torrc of `node`.
pub(crate) fn text(root: &Path, nodes: &[Node], node: &Node, grid: Grid) -> String {
    let mut lines = common(nodes);
    lines.extend(relay(root, node, grid));
    match node.role() {
        Role::Authority { dir_port } => lines.extend(authority(dir_port, grid)),
        Role::Exit => lines.extend(exit()),
    }
    lines.join("\n") + "\n"
}

/// What every tor process of this network needs.
fn common(nodes: &[Node]) -> Vec<String> {
    // Private addresses and short timers.
    let mut lines = owned(&["TestingTorNetwork 1"]);
    for node in nodes {
        if let (Role::Authority { dir_port }, Some(ids)) = (node.role(), &node.ids) {
            lines.push(format!(
                "DirAuthority {} orport={} v3ident={} 127.0.0.1:{dir_port} {}",
                node.nick(),
                node.or_port(),
                ids.v3ident,
                ids.rsa,
            ));
        }
    }
    lines.extend(owned(&[
        // The kernel refuses whatever would leave the loopback interface.
        "OutboundBindAddress 127.0.0.1",
        "AssumeReachable 1",
        "PathsNeededToBuildCircuits 0.25",
        // The scheduler writes to sockets every 10 ms by default; an onion
        // circuit has six relays that each wait for it, in both directions.
        "KISTSchedRunInterval 1 msec",
        // The GeoIP tables take more memory than everything else together.
        "GeoIPFile /dev/null",
        "GeoIPv6File /dev/null",
        "NumCPUs 1",
        "MaxMemInQueues 256 MB",
        "ShutdownWaitLength 0",
        "SafeLogging 0",
        "LogTimeGranularity 1",
        "AvoidDiskWrites 1",
    ]));
    lines
}

fn relay(root: &Path, node: &Node, grid: Grid) -> Vec<String> {
    let nick = node.nick();
    vec![
        format!("DataDirectory {}", node.data_dir().display()),
        format!("Log notice file {}", node.log_path().display()),
        format!("Nickname {nick}"),
        format!("ContactInfo {nick}@testnet.invalid"),
        "Address 127.0.0.1".to_owned(),
        format!("ORPort 127.0.0.1:{}", node.or_port()),
        "SocksPort 0".to_owned(),
        // Names are resolved by this library, see `names`.
        format!("ServerDNSResolvConfFile {}/resolv.conf", root.display()),
        "ServerDNSDetectHijacking 0".to_owned(),
        "ServerDNSTestAddresses".to_owned(),
        "ServerDNSAllowBrokenConfig 1".to_owned(),
        // A failed download backs off exponentially: make the first attempt
        // just after the first consensus is there.
        format!(
            "TestingServerConsensusDownloadInitialDelay {}",
            grid.lead_s + 1
        ),
        "ExtraInfoStatistics 0".to_owned(),
        "HiddenServiceStatistics 0".to_owned(),
        "DirReqStatistics 0".to_owned(),
        // tor polls this process and ends when it is gone: nothing is left
        // behind, however we die.
        format!("__OwningControllerProcess {}", std::process::id()),
    ]
}

fn authority(dir_port: u16, grid: Grid) -> Vec<String> {
    let mut lines = vec![
        "AuthoritativeDirectory 1".to_owned(),
        "V3AuthoritativeDirectory 1".to_owned(),
        format!("DirPort 127.0.0.1:{dir_port}"),
        format!("V3AuthVotingInterval {VOTING_INTERVAL_S}"),
        format!("V3AuthVoteDelay {VOTE_DELAY_S}"),
        format!("V3AuthDistDelay {VOTE_DELAY_S}"),
        format!("TestingV3AuthInitialVotingInterval {VOTING_INTERVAL_S}"),
        format!("TestingV3AuthInitialVoteDelay {VOTE_DELAY_S}"),
        format!("TestingV3AuthInitialDistDelay {VOTE_DELAY_S}"),
        // Shifts the grid of votes so that the first is taken soon.
        format!("TestingV3AuthVotingStartOffset {}", grid.offset_s),
        format!("V3AuthNIntervalsValid {VALID_INTERVALS}"),
        format!(
            "ConsensusParams hsdir_interval={} {CONSENSUS_PARAMETERS}",
            HSDIR_INTERVAL_MIN
        ),
    ];
    lines.extend(owned(&[
        // Flags for relays without any history.
        "TestingDirAuthVoteExit *",
        "TestingDirAuthVoteGuard *",
        "TestingDirAuthVoteHSDir *",
        "TestingMinExitFlagThreshold 0",
        "ExitRelay 0",
        "ExitPolicy reject *:*",
    ]));
    lines
}

/// Minutes of an onion service's time period. Under `TestingTorNetwork` tor
/// takes one shared-random run, 24 votes, and reads no parameter; Arti reads
/// the parameter. Both must look at the same directories.
const HSDIR_INTERVAL_MIN: u64 = 24 * VOTING_INTERVAL_S / 60;

/// Circuits take 10 ms here, so clients would soon learn a time-out of 100 ms
/// and give up when the machine is busy: no learning. The fixed time-out is a
/// quarter of the default, or whoever introduces himself to a service that just
/// went away would wait for minutes. Guard samples of the
/// public network's size would make Arti warn every second about relays that do
/// not exist.
const CONSENSUS_PARAMETERS: &str = "cc_alg=2 cbtdisabled=1 cbtinitialtimeout=15000 \
    guard-max-sample-size=4 guard-min-filtered-sample-size=2";

fn exit() -> Vec<String> {
    owned(&[
        "ExitRelay 1",
        "ExitPolicyRejectPrivate 0",
        "ExitPolicyRejectLocalInterfaces 0",
        // A policy of 127.0.0.0/8 alone is summarised as "reject 1-65535" in
        // the microdescriptor; OutboundBindAddress keeps exits on loopback.
        "ExitPolicy accept *:*",
    ])
}

fn owned(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}
