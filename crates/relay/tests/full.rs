//! A relay that is full: of boxes, and of a disk that is really full. The disk
//! is a small file system in memory, in a namespace of the relay's own.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{path::PathBuf, process::Command};

use common::{HANG, PROGRAM, Relay, assert_all_there, boxed, put, run_args, say, slot};
use hushwing_relay_client::{PutOutcome, RelayClient};
use tempfile::TempDir;
use tokio::time::timeout;

/// Mounts a disk of `$1` at `$2` with a file of `$3` on it, and becomes the rest.
const MOUNT: &str = r#"
    mount -t tmpfs -o "size=$1" tmpfs "$2" && head -c "$3" /dev/zero >"$2/ballast" || exit 1
    shift 3; exec "$@"
"#;

/// A place for a small disk that only the relay sees.
struct SmallDisk {
    at: TempDir,
    size: &'static str,
    ballast: &'static str,
}

impl SmallDisk {
    /// `None`, and a visible line, where this user may mount nothing.
    fn new(size: &'static str, ballast: &'static str) -> Option<Self> {
        let at = TempDir::new().unwrap();
        let tried = unshare()
            .args(["sh", "-c", MOUNT, "sh", "1m"])
            .args([at.path().as_os_str(), "0".as_ref(), "true".as_ref()])
            .output();
        if tried.is_ok_and(|tried| tried.status.success()) {
            return Some(Self { at, size, ballast });
        }
        say("SKIPPED: a full disk; no file system can be mounted here");
        None
    }

    fn relay(&self, args: &[&str]) -> Relay {
        let mut command = unshare();
        command
            .args(["sh", "-c", MOUNT, "sh", self.size])
            .args([self.at.path().as_os_str(), self.ballast.as_ref()])
            .arg(PROGRAM);
        run_args(&mut command, &self.at.path().join("relay"), args);
        Relay::start_by(command)
    }

    /// The ballast as it is seen from outside of the namespace.
    fn ballast(&self, relay: &Relay) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", relay.child.id()));
        root.join(self.at.path().strip_prefix("/").unwrap())
            .join("ballast")
    }
}

/// A namespace in which this user may mount; the process keeps its id.
fn unshare() -> Command {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "--"]);
    command
}

/// Puts boxes one after the other until one is refused; those acknowledged.
async fn fill(client: &RelayClient, first: u32) -> (Vec<u32>, PutOutcome) {
    let mut stored = Vec::new();
    for number in first.. {
        match put(client, number).await {
            PutOutcome::Stored => stored.push(number),
            other => return (stored, other),
        }
    }
    unreachable!("it never fills");
}

/// Puts box `number` again and again until it is stored.
async fn put_when_there_is_room(client: &RelayClient, number: u32) {
    let stored = async {
        while put(client, number).await != PutOutcome::Stored {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    timeout(HANG, stored).await.unwrap();
}

/// Claim R0.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_at_its_reserve_refuses_evicts_nothing_and_recovers_by_drops() {
    // A reserve as small as it may be: the log and its copy into the file fit.
    let Some(disk) = SmallDisk::new("256m", "1") else {
        return;
    };
    let relay = disk.relay(&[
        "--min-free-disk",
        "134217728",
        "--max-requests-per-s",
        "100000",
    ]);
    let client = relay.client().await;
    let (mut stored, refused) = fill(&client, 0).await;
    assert_eq!(refused, PutOutcome::Full);
    assert!(stored.len() > 2_000, "{} boxes", stored.len());
    assert_all_there(&client, &stored).await;
    // Dropping needs room itself, and has it.
    let dropped: Vec<_> = stored.drain(..200).collect();
    for number in &dropped {
        client.drop_slots(&[slot(*number)]).await.unwrap();
    }
    put_when_there_is_room(&client, 1_000_000).await;
    stored.push(1_000_000);
    assert_eq!(put(&client, dropped[0]).await, PutOutcome::Same);
    assert_all_there(&client, &stored).await;
}

/// Claim R0.
#[tokio::test(flavor = "multi_thread")]
async fn a_disk_without_a_byte_left_refuses_loses_nothing_and_recovers() {
    let Some(disk) = SmallDisk::new("32m", "16m") else {
        return;
    };
    let relay = disk.relay(&["--min-free-disk", "0"]);
    let client = relay.client().await;
    let (mut stored, refused) = fill(&client, 0).await;
    assert_eq!(refused, PutOutcome::Full);
    assert!(stored.len() > 100, "{} boxes", stored.len());
    assert_all_there(&client, &stored).await;
    // Somebody makes room.
    std::fs::remove_file(disk.ballast(&relay)).unwrap();
    put_when_there_is_room(&client, 1_000_000).await;
    stored.push(1_000_000);
    for number in stored.drain(..50) {
        client.drop_slots(&[slot(number)]).await.unwrap();
    }
    let (more, refused) = fill(&client, 2_000_000).await;
    assert_eq!(refused, PutOutcome::Full);
    stored.extend(more);
    assert_all_there(&client, &stored).await;
    relay.signal("-TERM");
    let (code, log) = relay.end();
    assert_eq!(code, Some(0), "{log}");
}

/// Claim R0.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_quota_refuses_survives_a_restart_and_recovers() {
    let dir = TempDir::new().unwrap();
    let args = ["--min-free-disk", "0", "--max-boxes", "20"];
    let relay = Relay::start_with(dir.path(), &args);
    let (mut stored, refused) = fill(&relay.client().await, 0).await;
    assert_eq!((stored.len(), refused), (20, PutOutcome::Full));
    drop(relay);
    let relay = Relay::start_with(dir.path(), &args);
    let client = relay.client().await;
    assert_eq!(client.info().await.unwrap().accepting, 0);
    assert_eq!(put(&client, 100).await, PutOutcome::Full);
    assert_eq!(put(&client, 0).await, PutOutcome::Same);
    let another = client.put(&slot(0), &boxed(7), 3_600).await;
    assert_eq!(another, Ok(PutOutcome::Taken(boxed(0))));
    assert_all_there(&client, &stored).await;
    client.drop_slots(&[slot(stored.remove(0))]).await.unwrap();
    assert_eq!(put(&client, 100).await, PutOutcome::Stored);
    assert_eq!(put(&client, 101).await, PutOutcome::Full);
    assert_all_there(&client, &stored).await;
}
