//! The network itself: it comes up, can be cut and resumed, and leaves nothing
//! behind.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use hushwing_testnet::{AUTHORITIES, EXITS, TestNet};

/// Nobody waits longer than this for anything; only a hang does.
const HANG: Duration = Duration::from_secs(120);

fn is_running(pid: u32) -> bool {
    // A process that ended but was not collected yet is in state Z.
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

/// The loopback ports in a network's configuration for clients.
fn ports(toml: &str) -> Vec<u16> {
    toml.split("\"127.0.0.1:")
        .skip(1)
        .filter_map(|rest| rest.split('"').next()?.parse().ok())
        .collect()
}

#[test]
fn a_network_is_cut_and_resumed_and_leaves_no_process() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut net = TestNet::start(&dir.path().join("net")).expect("a network");
    println!("start took {:.1?}", net.ready_in());
    let toml = std::fs::read_to_string(net.dir().join("arti.toml")).expect("written");
    assert_eq!(toml, net.arti_toml());
    let ports = ports(&toml);
    assert_eq!(ports.len(), 4 * AUTHORITIES);
    assert!(ports.iter().all(|port| reachable(*port)));

    let first = net.pids();
    assert_eq!(first.len(), AUTHORITIES + EXITS);
    net.cut();
    assert!(net.pids().is_empty());
    assert!(!first.iter().any(|pid| is_running(*pid)));
    assert!(!ports.iter().any(|port| reachable(*port)));

    net.resume().expect("back again");
    println!("resume took {:.1?}", net.ready_in());
    assert_eq!(net.arti_toml(), toml, "the same network");
    assert!(ports.iter().all(|port| reachable(*port)));

    let second = net.pids();
    assert_eq!(second.len(), AUTHORITIES + EXITS);
    drop(net);
    assert!(!second.iter().any(|pid| is_running(*pid)));
}

#[test]
fn no_node_outlives_the_program_that_started_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut program = Command::new(env!("CARGO_BIN_EXE_hushwing-testnet"))
        .args(["start", "--foreground"])
        .arg(dir.path().join("net"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let mut orders = program.stdin.take().expect("piped");
    let mut answers = BufReader::new(program.stdout.take().expect("piped")).lines();
    let ready = answers.next().expect("an answer").expect("text");
    let toml = ready.strip_prefix("ready ").expect("ready");
    let ports = ports(&std::fs::read_to_string(Path::new(toml)).expect("written"));
    assert!(ports.iter().all(|port| reachable(*port)));
    writeln!(orders, "cut").expect("sent");
    assert_eq!(answers.next().expect("an answer").expect("text"), "ok");
    assert!(!ports.iter().any(|port| reachable(*port)));
    writeln!(orders, "resume").expect("sent");
    assert_eq!(answers.next().expect("an answer").expect("text"), "ok");

    program.kill().expect("SIGKILL: it cannot clean up");
    program.wait().expect("gone");
    let killed = Instant::now();
    while ports.iter().any(|port| reachable(*port)) {
        assert!(killed.elapsed() < HANG, "nodes are left behind");
        std::thread::sleep(Duration::from_millis(100));
    }
    println!("the nodes ended {:.1?} later", killed.elapsed());
}

#[test]
fn a_start_that_is_spelt_wrongly_is_refused() {
    for arguments in [
        &["start", "net"][..],
        &["start", "--foreground"],
        &["stop", "net"],
        &[],
    ] {
        let done = Command::new(env!("CARGO_BIN_EXE_hushwing-testnet"))
            .args(arguments)
            .output()
            .expect("run");
        assert_eq!(done.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&done.stderr).contains("usage:"));
    }
}

fn reachable(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}
