//! A network namespace with a loopback interface and one way out that leads
//! nowhere, and a capture of both.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail, ensure};
use hushwing_e2e::privilege::{self, Turn};
use rustix::process::{Pid, Signal, kill_process};

/// Where the packet goes that leaves on purpose (RFC 5737: documentation).
const PLANTED: ([u8; 4], u16) = ([198, 51, 100, 7], 53);

/// Loopback up; a default route over a cable whose other end nobody holds. The
/// neighbour is fixed, so that a packet leaves without a question before it.
const FURNISH: &str = "
set -e
ip link set lo up
ip link add outside type veth peer name nowhere
ip addr add 192.0.2.1/24 dev outside
ip link set outside up
ip link set nowhere up
ip neigh add 192.0.2.2 lladdr 02:00:00:00:00:02 dev outside nud permanent
ip route add default via 192.0.2.2
if ip -6 addr add 2001:db8::1/64 dev outside nodad; then
    ip -6 neigh add 2001:db8::2 lladdr 02:00:00:00:00:02 dev outside nud permanent
    ip -6 route add default via 2001:db8::2
fi
exec \"$@\"
";

/// Runs `story` in a sealed room: runs the test `name` of this program again in
/// a namespace of its own, and fails if that fails.
pub fn run_inside(name: &str, story: impl FnOnce()) {
    let wrapper = ["unshare", "--net", "--", "sh", "-c", FURNISH, "sh"];
    match privilege::turn(name, &wrapper).unwrap() {
        Turn::Here => story(),
        Turn::Elsewhere(status) => assert!(status.success(), "the story failed: {status}"),
        Turn::Nowhere => println!("SKIPPED: a network namespace needs root or sudo"),
    }
}

/// Sends one packet out, which the capture must see: a name server's question
/// is what a leak would look like.
pub fn leak_on_purpose() -> Result<()> {
    let socket = UdpSocket::bind(("0.0.0.0", 0))?;
    socket.send_to(b"seen?", SocketAddr::from(PLANTED))?;
    Ok(())
}

/// Whether `packet` is the one of [`leak_on_purpose`].
pub fn is_planted(packet: &Packet) -> bool {
    packet.addresses[1] == IpAddr::from(PLANTED.0) && packet.ports[1] == PLANTED.1
}

/// A running capture of every interface of the room.
pub struct Capture {
    tcpdump: Child,
    file: PathBuf,
}

/// A packet that was seen.
#[derive(Debug)]
#[allow(dead_code)] // `line` is for the message of a failed test.
pub struct Packet {
    /// When.
    pub at: SystemTime,
    /// What it carries.
    pub transport: Transport,
    /// Source and destination.
    pub addresses: [IpAddr; 2],
    /// Source and destination; 0 where there are none.
    pub ports: [u16; 2],
    line: String,
}

/// What a packet carries.
#[derive(Debug, PartialEq, Eq)]
pub enum Transport {
    Tcp,
    Udp,
    Other,
}

impl Packet {
    /// Whether it stays on this machine.
    pub fn is_loopback(&self) -> bool {
        self.addresses.iter().all(IpAddr::is_loopback)
    }
}

impl Capture {
    /// Starts it and waits until it sees.
    pub fn start(folder: &Path) -> Result<Capture> {
        let file = folder.join("packets.pcap");
        let mut tcpdump = Command::new("tcpdump")
            .args([
                "-i",
                "any",
                "-n",
                // 16 MiB between the kernel and tcpdump, so that it misses nothing.
                "-B",
                "16384",
                "-U",
                "--immediate-mode",
                "-s",
                "128",
                "-Z",
                "root",
                "-w",
            ])
            .arg(&file)
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start tcpdump")?;
        let stderr = tcpdump.stderr.take().context("stderr is piped")?;
        let mut lines = BufReader::new(stderr).lines();
        let mut said = String::new();
        while !said.contains("listening on") {
            let Some(line) = lines.next() else {
                bail!("tcpdump does not start: {said}");
            };
            said.push_str(&line?);
        }
        // Its last words on being stopped need a reader.
        std::thread::spawn(move || lines.count());
        Ok(Capture { tcpdump, file })
    }

    /// Ends it and returns what it saw of IP, but for what the kernel says by
    /// itself to find neighbours.
    pub fn stop(mut self) -> Result<Vec<Packet>> {
        kill_process(Pid::from_child(&self.tcpdump), Signal::INT)?;
        self.tcpdump.wait()?;
        ensure!(fs::metadata(&self.file)?.len() > 0, "an empty capture");
        let out = Command::new("tcpdump")
            .args(["-n", "-tt", "-q", "-r"])
            .arg(&self.file)
            .arg("ip or ip6")
            .output()?;
        ensure!(
            out.status.success(),
            "{}",
            String::from_utf8_lossy(&out.stderr)
        );
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        text.lines()
            .filter(|line| !line.contains(" ICMP6, "))
            .map(parse)
            .collect()
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        // Gone already after a stop.
        let _ = self.tcpdump.kill();
        let _ = self.tcpdump.wait();
    }
}

/// A line of `tcpdump -n -tt -q` for the interface "any":
/// `1700000000.000001 lo In IP 127.0.0.1.40000 > 127.0.0.1.9001: tcp 0`.
fn parse(line: &str) -> Result<Packet> {
    let what = || format!("a line of tcpdump that is not understood: {line}");
    let (head, tail) = line.split_once(" > ").with_context(what)?;
    let (to, rest) = tail.split_once(": ").with_context(what)?;
    let mut words = head.split_whitespace();
    let seconds: f64 = words.next().with_context(what)?.parse()?;
    let from = words.next_back().with_context(what)?;
    let (source, source_port) = address(from).with_context(what)?;
    let (destination, destination_port) = address(to).with_context(what)?;
    let transport = match rest.split([' ', ',']).next() {
        Some("tcp") => Transport::Tcp,
        Some("UDP") => Transport::Udp,
        _ => Transport::Other,
    };
    Ok(Packet {
        at: SystemTime::UNIX_EPOCH + Duration::from_secs_f64(seconds),
        transport,
        addresses: [source, destination],
        ports: [source_port, destination_port],
        line: line.to_owned(),
    })
}

/// `127.0.0.1.9001` or, without a port, `127.0.0.1`; likewise for IPv6.
fn address(text: &str) -> Option<(IpAddr, u16)> {
    if let Ok(address) = text.parse() {
        return Some((address, 0));
    }
    let (address, port) = text.rsplit_once('.')?;
    Some((address.parse().ok()?, port.parse().ok()?))
}
