//! The program itself: started, killed, stopped, misused.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use common::{HANG, Relay, assert_all_there, boxed, run, slot, text};
use hushwing_relay_client::{PutOutcome, RelayClient};
use tempfile::TempDir;
use tokio::{task::JoinSet, time::timeout};

/// How often the relay is killed; `./x relay-test` asks for 50.
const KILLS: &str = "HUSHWING_RELAY_KILLS";

/// Puts boxes from `first` on until the relay is gone; those acknowledged.
async fn put_until_lost(client: RelayClient, first: u32, acknowledged: Arc<Mutex<Vec<u32>>>) {
    let mut puts = JoinSet::new();
    for lane in 0..32 {
        let (client, acknowledged) = (client.clone(), acknowledged.clone());
        puts.spawn(async move {
            for number in (first + lane..).step_by(32) {
                match client.put(&slot(number), &boxed(number), 3_600).await {
                    Ok(PutOutcome::Stored) => acknowledged.lock().unwrap().push(number),
                    Ok(other) => panic!("{other:?}"),
                    Err(_) => return,
                }
            }
        });
    }
    puts.join_all().await;
}

/// Claims D0 and R0.
#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_box_survives_a_kill_under_load() {
    let kills: u32 = std::env::var(KILLS).map_or(3, |kills| kills.parse().unwrap());
    let dir = TempDir::new().unwrap();
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let mut looked_at = 0;
    for round in 0..kills {
        let mut relay = Relay::start(dir.path());
        let client = relay.client().await;
        let before = acknowledged.lock().unwrap().clone();
        // Those of the round before; all of them are looked for at the end.
        assert_all_there(&client, &before[looked_at..]).await;
        looked_at = before.len();
        let putting = tokio::spawn(put_until_lost(
            client,
            round * 1_000_000,
            acknowledged.clone(),
        ));
        let enough = before.len() + 300;
        let loaded = async {
            while acknowledged.lock().unwrap().len() < enough {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(HANG, loaded).await.unwrap();
        // SIGKILL: no farewell.
        relay.child.kill().unwrap();
        timeout(HANG, putting).await.unwrap().unwrap();
    }
    let relay = Relay::start(dir.path());
    let all = acknowledged.lock().unwrap().clone();
    assert!(all.len() >= 300 * kills as usize);
    assert_all_there(&relay.client().await, &all).await;
    common::say(&format!(
        "{kills} kills, {} boxes acknowledged, none lost",
        all.len()
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminated_relay_answers_its_waits_exits_with_0_and_keeps_every_box() {
    for signal in ["-TERM", "-INT"] {
        let dir = TempDir::new().unwrap();
        let relay = Relay::start(dir.path());
        let client = relay.client().await;
        let waiting = {
            let client = client.clone();
            tokio::spawn(async move { client.get(&[slot(u32::MAX)], 120).await })
        };
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let lane = {
            let (client, acknowledged) = (client.clone(), acknowledged.clone());
            tokio::spawn(async move {
                for number in 0.. {
                    match client.put(&slot(number), &boxed(number), 3_600).await {
                        Ok(PutOutcome::Stored) => acknowledged.lock().unwrap().push(number),
                        _ => return,
                    }
                }
            })
        };
        while acknowledged.lock().unwrap().len() < 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        relay.signal(signal);
        assert_eq!(timeout(HANG, waiting).await.unwrap().unwrap(), Ok(None));
        timeout(HANG, lane).await.unwrap().unwrap();
        let (code, _) = relay.end();
        assert_eq!(code, Some(0), "after {signal}");

        let relay = Relay::start(dir.path());
        let all = acknowledged.lock().unwrap().clone();
        assert_all_there(&relay.client().await, &all).await;
    }
}

/// Claim Z1.
#[tokio::test(flavor = "multi_thread")]
async fn slots_are_in_no_file_and_no_log_at_trace_level() {
    let dir = TempDir::new().unwrap();
    let relay = Relay::start(dir.path());
    let client = relay.client().await;
    client.put(&slot(1), &boxed(1), 60).await.unwrap();
    client.get(&[slot(1), slot(2)], 1).await.unwrap();
    client.drop_slots(&[slot(1)]).await.unwrap();
    client.put(&slot(3), &boxed(3), 60).await.unwrap();
    drop(client);
    relay.signal("-TERM");
    let (code, log) = relay.end();
    assert_eq!(code, Some(0));
    assert!(log.contains("hushwing_relay"), "no log at all: {log}");
    let hex: String = slot(1).as_bytes()[..8]
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let list = format!("{:?}", &slot(1).as_bytes()[..8]);
    let decimal = list.trim_matches(['[', ']']);
    assert!(!log.contains("a slot is a right") && !log.contains(&hex) && !log.contains(decimal));
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for number in [1, 2, 3] {
            let name = *slot(number).as_bytes();
            assert!(
                !bytes.windows(32).any(|window| window == name),
                "{} holds a slot",
                path.display()
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_relays_do_not_share_a_folder() {
    let dir = TempDir::new().unwrap();
    let _relay = Relay::start(dir.path());
    let folder = dir.path().to_str().unwrap();
    let second = run(&["run", "--listen", "127.0.0.1:0", "--dir", folder]);
    assert_eq!(second.status.code(), Some(1));
    assert!(text(&second.stderr).contains("a relay already runs in this folder"));
}

#[test]
fn the_address_is_shown_again_and_stays_the_same() {
    let dir = TempDir::new().unwrap();
    let relay = Relay::start(dir.path());
    let announced = relay.address.to_string();
    let folder = dir.path().to_str().unwrap();
    let shown = run(&["address", "--dir", folder]);
    assert_eq!(shown.status.code(), Some(0));
    assert_eq!(text(&shown.stdout).lines().next(), Some(announced.as_str()));
    assert!(text(&shown.stdout).contains('█'), "no QR code");
    let pin = relay.address.pin;
    drop(relay);
    assert_eq!(Relay::start(dir.path()).address.pin, pin);
}

#[test]
fn wrong_flags_get_a_sentence_and_exit_code_2() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("relay");
    let folder = folder.to_str().unwrap();
    for (args, sentence) in [
        (
            &["run", "--dir", folder, "--listen", "0.0.0.0:7700"][..],
            "can be reached from other machines without Tor",
        ),
        (
            &["run", "--dir", folder, "--listen", "192.0.2.1:7700"],
            "--dangerously-listen-in-the-clear",
        ),
        (
            &["run", "--dir", folder, "--onion", "--listen", "127.0.0.1:0"],
            "cannot be used with",
        ),
        (
            &["run", "--dir", folder, "--tor-network", "/no/such/file"],
            "cannot be read",
        ),
        (
            &[
                "run",
                "--dir",
                folder,
                "--dangerously-listen-in-the-clear",
                "127.0.0.1:0",
            ],
            "--public-name",
        ),
        (
            &[
                "run",
                "--dir",
                folder,
                "--dangerously-listen-in-the-clear",
                "127.0.0.1:0",
                "--public-name",
                "192.0.2.1:443",
            ],
            "is not a public name",
        ),
        (&["run"], "--dir"),
        (
            &["run", "--dir", folder, "--max-boxes", "many"],
            "invalid value",
        ),
        (&["serve"], "unrecognized subcommand"),
    ] {
        let output = run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let said = text(&output.stderr);
        assert!(said.contains(sentence), "{args:?} said: {said}");
        assert!(!Path::new(folder).exists(), "{args:?} left something");
    }
}

#[test]
fn a_folder_without_a_relay_has_no_address() {
    let dir = TempDir::new().unwrap();
    let output = run(&["address", "--dir", dir.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("there is no relay in this folder"));
}
