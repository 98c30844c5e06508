//! Claim M2, Tor or nothing: with the Tor processes killed, nothing leaves but
//! attempts to reach them, the state says so in plain words, and what was
//! queued goes out when Tor is back.
//!
//! The story plays in a network namespace of its own, whose only way out leads
//! nowhere and is captured, as is its loopback interface.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    unreachable_pub,
    reason = "this is a test: it fails by panicking, and says what it saw"
)]

mod sealed_room;

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use hushwing_e2e::person::{Setting, Way};
use hushwing_e2e::relay::{Entrance, Relay};
use hushwing_e2e::scenario::{self, Cast, Who};
use hushwing_e2e::stage::{self, Folder, Narrator};
use hushwing_testnet::{AUTHORITIES, EXITS, TestNet};
use hushwing_wire::address::{Endpoint, HostName};
use hushwing_wire::{RelayAddress, ServerKeyPin};
use sealed_room::{Capture, Packet, Transport};

/// Long enough for several rounds of the daemons' own retries.
const OUTAGE: Duration = Duration::from_secs(45);

/// Claim M2.
#[test]
fn nothing_leaves_but_attempts_to_reach_tor() {
    sealed_room::run_inside("nothing_leaves_but_attempts_to_reach_tor", story);
}

fn story() {
    let folder = Folder::temporary().unwrap();
    let capture = Capture::start(folder.path()).unwrap();
    sealed_room::leak_on_purpose().unwrap();

    let mut net = stage::start_network(&folder).unwrap();
    let setting = Setting {
        way: Way::Tor(stage::network_file(&net)),
        log_level: "info",
    };
    let entrance = Entrance::Onion {
        network: stage::network_file(&net),
    };
    let (relay, _) = Relay::start(folder.path(), entrance, "info").unwrap();
    let mut cast = Cast::new(&folder, &setting, relay, Narrator::begin()).unwrap();
    scenario::meet(&mut cast, "Alice", "Bob").unwrap();

    net.cut();
    let cut_at = SystemTime::now();
    let queued = ["queued one".to_owned(), "queued two".to_owned()];
    for text in &queued {
        cast.write(Who::Alice, text).unwrap();
    }
    // A relay behind a host name: the name is for a Tor exit to resolve.
    let by_name = relay_by_name("relay.hushwing.example");
    let refused = cast.alice.ask(&["relay", "test", &by_name]).unwrap_err();
    println!("a relay by host name: {refused}");

    let network = cast.alice.wait_for_network("blocked").unwrap();
    let reason = network["reason"].as_str().unwrap();
    println!("the state says: {reason}");
    assert!(reason.contains("Tor"), "{reason}");
    assert!(
        reason.split_whitespace().count() >= 4,
        "no plain words: {reason}"
    );
    cast.alice
        .wait_for_state(&queued, "waiting_for_tor")
        .unwrap();
    while cut_at.elapsed().unwrap() < OUTAGE {
        std::thread::sleep(Duration::from_secs(5));
        cast.alice.ask(&["retry"]).unwrap();
        cast.bob.ask(&["retry"]).unwrap();
    }
    let back_at = SystemTime::now();
    assert!(cast.bob.messages().unwrap().is_empty());

    let api_ports = [&cast.alice, &cast.bob].map(|person| person.api_port().unwrap());
    net.resume().unwrap();
    cast.alice.wait_for_state(&queued, "delivered").unwrap();
    cast.compare_transcripts().unwrap();
    let tor_ports = ports_of(&net);
    cast.leave().unwrap();
    drop(net);

    let packets = capture.stop().unwrap();
    judge(&packets, cut_at, back_at, &tor_ports, &api_ports);
    stage::require_nobody_left(&folder).unwrap();
}

fn judge(
    packets: &[Packet],
    cut_at: SystemTime,
    back_at: SystemTime,
    tor_ports: &BTreeSet<u16>,
    api_ports: &[u16],
) {
    let (planted, packets): (Vec<_>, Vec<_>) = packets
        .iter()
        .partition(|packet| sealed_room::is_planted(packet));
    assert!(
        !planted.is_empty(),
        "the capture missed a packet that left on purpose"
    );

    // In the whole story no packet leaves this machine; the network is on it.
    let leaks: Vec<_> = packets
        .iter()
        .filter(|packet| !packet.is_loopback())
        .collect();
    assert!(leaks.is_empty(), "left the machine: {leaks:#?}");

    let outage: Vec<_> = packets
        .iter()
        .filter(|packet| packet.at > cut_at && packet.at < back_at)
        .collect();
    let stray: Vec<_> = outage
        .iter()
        .filter(|packet| {
            let known = |port: &u16| tor_ports.contains(port) || api_ports.contains(port);
            packet.transport != Transport::Tcp || !packet.ports.iter().any(known)
        })
        .collect();
    assert!(
        stray.is_empty(),
        "neither Tor nor the local API: {stray:#?}"
    );
    let attempts = outage
        .iter()
        .filter(|packet| tor_ports.contains(&packet.ports[1]))
        .count();
    assert!(attempts > 0, "nobody tried to reach Tor");
    println!("{attempts} packets of attempts to reach Tor, no other");
}

fn relay_by_name(name: &str) -> String {
    let address = RelayAddress {
        endpoint: Endpoint::Host {
            name: name.parse::<HostName>().unwrap(),
            port: 443,
        },
        pin: ServerKeyPin::new([1; 32]),
        access: None,
    };
    address.to_string()
}

/// The ports at which the nodes of the Tor network listen: clients know the
/// authorities from their configuration and the others from the consensus.
fn ports_of(net: &TestNet) -> BTreeSet<u16> {
    let nodes = std::fs::read_dir(net.dir().join("nodes")).unwrap();
    let torrcs = nodes.map(|node| std::fs::read_to_string(node.unwrap().path().join("torrc")));
    let mut ports = BTreeSet::new();
    for torrc in torrcs {
        for line in torrc.unwrap().lines() {
            if let Some((_, rest)) = line.split_once("Port 127.0.0.1:") {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                ports.insert(digits.parse().unwrap());
            }
        }
    }
    assert!(ports.len() >= AUTHORITIES + EXITS, "{ports:?}");
    ports
}
