//! The relay's program as a process, and boxes for it.
#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use hushwing_relay_client::{PutOutcome, RelayClient};
use hushwing_transport::{Dial as _, DirectDialer, IsolationClass};
use hushwing_wire::{RelayAddress, SealedBox, Slot, limits::BOX_LEN};
use tokio::task::JoinSet;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_hushwing-relay");

/// Only there so that a hanging test ends.
pub(crate) const HANG: Duration = Duration::from_secs(60);

/// A relay process on loopback; killed when dropped.
pub(crate) struct Relay {
    pub(crate) child: Child,
    pub(crate) address: RelayAddress,
}

impl Relay {
    /// With no reserve on the disk, so that no test depends on how full it is,
    /// and as fast as it can be.
    pub(crate) fn start(dir: &Path) -> Self {
        let args = ["--min-free-disk", "0", "--max-requests-per-s", "100000"];
        Self::start_with(dir, &args)
    }

    pub(crate) fn start_with(dir: &Path, args: &[&str]) -> Self {
        let mut command = Command::new(PROGRAM);
        run_args(&mut command, dir, args);
        Self::start_by(command)
    }

    /// Starts whatever ends in being the relay, and waits until it is ready.
    pub(crate) fn start_by(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        if line.is_empty() {
            let mut log = String::new();
            let _ = child.stderr.take().unwrap().read_to_string(&mut log);
            panic!("the relay did not start: {log}");
        }
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(ready["ready"], true);
        let address = ready["address"].as_str().unwrap().parse().unwrap();
        Self { child, address }
    }

    pub(crate) async fn client(&self) -> RelayClient {
        let dialer = DirectDialer::loopback_only();
        let class = IsolationClass::new([0; 16]);
        let stream = dialer.dial(&self.address.endpoint, class).await.unwrap();
        RelayClient::connect(stream, &self.address.pin)
            .await
            .unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// Kilobytes of memory that the process holds.
    pub(crate) fn rss_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number.unwrap().parse().unwrap()
    }

    /// Its exit code and what it logged.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
        let mut log = String::new();
        let mut err = self.child.stderr.take().unwrap();
        err.read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The arguments of `run` on loopback.
pub(crate) fn run_args(command: &mut Command, dir: &Path, args: &[&str]) {
    command
        .args(["run", "--listen", "127.0.0.1:0", "--json"])
        .args(["--log", "trace", "--dir"])
        .arg(dir)
        .args(args);
}

pub(crate) fn slot(number: u32) -> Slot {
    let mut name = *b"a slot is a right, not a number:";
    name[28..].copy_from_slice(&number.to_be_bytes());
    Slot::new(name)
}

pub(crate) fn boxed(number: u32) -> SealedBox {
    let bytes: Vec<u8> = number.to_be_bytes().repeat(BOX_LEN / 4);
    SealedBox::from_slice(&bytes).unwrap()
}

/// Puts box `number` at its slot.
pub(crate) async fn put(client: &RelayClient, number: u32) -> PutOutcome {
    let put = client.put(&slot(number), &boxed(number), 3_600).await;
    put.unwrap_or_else(|error| panic!("box {number}: {error}"))
}

/// All of `numbers` lie at their slots.
pub(crate) async fn assert_all_there(client: &RelayClient, numbers: &[u32]) {
    let mut lanes = JoinSet::new();
    for lane in 0..32 {
        let client = client.clone();
        let ours: Vec<u32> = numbers.iter().copied().skip(lane).step_by(32).collect();
        lanes.spawn(async move {
            for number in ours {
                let found = client.get(&[slot(number)], 0).await;
                assert_eq!(found, Ok(Some((0, boxed(number)))), "box {number}");
            }
        });
    }
    lanes.join_all().await;
}

/// Runs the program to its end.
pub(crate) fn run(args: &[&str]) -> Output {
    Command::new(PROGRAM).args(args).output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Says something about a test that cannot do its work here.
pub(crate) fn say(line: &str) {
    std::io::stderr()
        .write_all(format!("{line}\n").as_bytes())
        .unwrap();
}
