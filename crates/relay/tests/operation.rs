//! What an operator does with the program.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    time::Duration,
};

use common::{HANG, PROGRAM, Relay, assert_all_there, boxed, put, run, slot, text};
use hushwing_relay_client::PutOutcome;
use hushwing_wire::Refusal;
use tempfile::TempDir;
use tokio::time::timeout;

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A port that was free a moment ago.
fn free_port() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// The status line and the body.
fn http(at: SocketAddr, target: &str, host: &str) -> (String, String) {
    let mut stream = TcpStream::connect(at).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.lines().next().unwrap().to_owned(), body.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_sets_what_flags_set_and_a_flag_counts_more() {
    let temp = TempDir::new().unwrap();
    let dir = temp.path().join("relay");
    let config = temp.path().join("relay.toml");
    let settings = format!(
        "dir = '{}'\nlisten = '127.0.0.1:0'\njson = true\nmax-boxes = 2\nmin-free-disk = 0\n",
        path(&dir)
    );
    fs::write(&config, settings).unwrap();
    let start = |more: &[&str]| {
        let mut command = std::process::Command::new(PROGRAM);
        command.args(["run", "--config", path(&config)]).args(more);
        Relay::start_by(command)
    };
    let relay = start(&[]);
    let client = relay.client().await;
    for number in 0..2 {
        assert_eq!(put(&client, number).await, PutOutcome::Stored);
    }
    assert_eq!(put(&client, 2).await, PutOutcome::Full);
    drop(relay);
    let relay = start(&["--max-boxes", "3"]);
    let client = relay.client().await;
    assert_eq!(put(&client, 2).await, PutOutcome::Stored);
    assert_eq!(put(&client, 3).await, PutOutcome::Full);

    fs::write(&config, "max-box = 2\n").unwrap();
    let wrong = run(&["run", "--config", path(&config)]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        text(&wrong.stderr).contains("max-box"),
        "{}",
        text(&wrong.stderr)
    );
}

/// `[HW-RELAY-17]`
#[tokio::test(flavor = "multi_thread")]
async fn monitoring_tells_totals_and_nothing_of_any_one_box() {
    let dir = TempDir::new().unwrap();
    let at = free_port();
    let args = [
        "--min-free-disk",
        "0",
        "--monitor",
        &at.to_string(),
        "--monitor-step-s",
        "1",
    ];
    let relay = Relay::start_with(dir.path(), &args);
    let host = at.to_string();
    assert_eq!(
        http(at, "/health", &host),
        ("HTTP/1.1 200 OK".into(), "ok\n".into())
    );
    let client = relay.client().await;
    for number in 0..3 {
        assert_eq!(put(&client, number).await, PutOutcome::Stored);
    }
    client.drop_slots(&[slot(1)]).await.unwrap();
    let counted = async {
        loop {
            let (_, page) = http(at, "/metrics", &host);
            if page.contains("answers_total{operation=\"put\",answer=\"stored\"} 3\n")
                && page.contains("hushwing_relay_boxes 2\n")
                && page.contains("hushwing_relay_tombstones 1\n")
            {
                return page;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let page = timeout(HANG, counted).await.unwrap();
    // Every line is a name with words for labels, and a number.
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<u64>().is_ok(), "{line}");
        assert!(!name.bytes().any(|byte| byte.is_ascii_digit()), "{line}");
    }
    // A page of a stranger in a browser on this machine reads nothing.
    let (status, body) = http(at, "/metrics", "evil.example");
    assert!(
        status.contains("421") && !body.contains("boxes"),
        "{status}"
    );
    let (status, _) = http(at, "/boxes", &host);
    assert!(status.contains("404"), "{status}");
}

/// `[HW-RELAY-17]`
#[tokio::test(flavor = "multi_thread")]
async fn totals_stand_still_between_their_steps() {
    let dir = TempDir::new().unwrap();
    let at = free_port();
    let args = ["--min-free-disk", "0", "--monitor", &at.to_string()];
    let relay = Relay::start_with(dir.path(), &args);
    let before = http(at, "/metrics", "localhost").1;
    let client = relay.client().await;
    assert_eq!(put(&client, 1).await, PutOutcome::Stored);
    assert_eq!(http(at, "/metrics", "localhost").1, before);
}

/// An operator who waits for it to end, or an alarm, sees it at once; it is no total.
#[tokio::test(flavor = "multi_thread")]
async fn monitoring_tells_at_once_that_no_boxes_are_taken() {
    let dir = TempDir::new().unwrap();
    let at = free_port();
    let args = ["--min-free-disk", "0", "--monitor", &at.to_string()];
    let _relay = Relay::start_with(dir.path(), &args);
    let page = || http(at, "/metrics", "localhost").1;
    assert!(
        page().contains("hushwing_relay_accepting 1\n"),
        "{}",
        page()
    );
    let done = run(&["drain", "--dir", path(dir.path())]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let told = async {
        while !page().contains("hushwing_relay_accepting 0\n") {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(HANG, told).await.unwrap();
    assert!(page().contains("hushwing_relay_up 1\n"), "{}", page());
}

#[test]
fn monitoring_is_for_this_machine_alone() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("relay");
    let output = run(&["run", "--dir", path(&folder), "--monitor", "0.0.0.0:9700"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("can be reached from other machines"));
}

/// `[HW-RELAY-16]`
#[tokio::test(flavor = "multi_thread")]
async fn a_drained_relay_takes_no_boxes_keeps_its_waits_and_gives_what_it_has() {
    let dir = TempDir::new().unwrap();
    let relay = Relay::start(dir.path());
    let client = relay.client().await;
    assert_eq!(put(&client, 1).await, PutOutcome::Stored);
    let waiting = {
        let client = client.clone();
        tokio::spawn(async move { client.get(&[slot(9)], 100).await })
    };
    let drain = |more: &[&str]| {
        let done = run(&[&["drain", "--dir", path(dir.path())], more].concat());
        assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    };
    let becomes = async |accepting| {
        let looked = async {
            while client.info().await.unwrap().accepting != accepting {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(HANG, looked).await.unwrap();
    };
    drain(&[]);
    becomes(0).await;
    assert_eq!(
        put(&client, 2).await,
        PutOutcome::Refused(Refusal::Draining)
    );
    assert_all_there(&client, &[1]).await;
    assert!(!waiting.is_finished(), "a wait was ended");
    drain(&["--off"]);
    becomes(1).await;
    assert_eq!(put(&client, 9).await, PutOutcome::Stored);
    let found = timeout(HANG, waiting).await.unwrap().unwrap();
    assert_eq!(found, Ok(Some((0, boxed(9)))));

    drain(&[]);
    drop(relay);
    let relay = Relay::start(dir.path());
    let refused = put(&relay.client().await, 2).await;
    assert_eq!(
        refused,
        PutOutcome::Refused(Refusal::Draining),
        "after a restart"
    );
}

/// `[HW-RELAY-18]` `[HW-RELAY-19]`
#[tokio::test(flavor = "multi_thread")]
async fn a_relay_moves_to_another_machine_with_all_its_boxes_and_its_key() {
    let temp = TempDir::new().unwrap();
    let [here, there, boxes, keys] =
        ["here", "there", "boxes", "keys"].map(|name| temp.path().join(name));
    let relay = Relay::start(&here);
    let pin = relay.address.pin;
    let client = relay.client().await;
    let numbers: Vec<u32> = (0..300).collect();
    for &number in &numbers {
        assert_eq!(put(&client, number).await, PutOutcome::Stored);
    }
    client.drop_slots(&[slot(0)]).await.unwrap();
    let busy = run(&["export", "--dir", path(&here), "--to", path(&boxes)]);
    assert_eq!(busy.status.code(), Some(1));
    assert!(text(&busy.stderr).contains("already runs"));
    assert!(!boxes.exists());
    relay.signal("-TERM");
    assert_eq!(relay.end().0, Some(0));

    let done = |args: &[&str]| {
        let output = run(args);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{args:?}: {said}");
        text(&output.stdout)
    };
    let refused = |args: &[&str], sentence: &str| {
        let output = run(args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        let said = text(&output.stderr);
        assert!(said.contains(sentence), "{args:?}: {said}");
    };
    let said = done(&["export", "--dir", path(&here), "--to", path(&boxes)]);
    assert!(said.starts_with("300 places"), "{said}");
    done(&["keys", "backup", "--dir", path(&here), "--to", path(&keys)]);
    refused(
        &["keys", "backup", "--dir", path(&here), "--to", path(&keys)],
        "cannot be made",
    );
    refused(
        &["import", "--dir", path(&there), "--from", path(&boxes)],
        "there is no relay in this folder",
    );
    done(&[
        "keys",
        "restore",
        "--dir",
        path(&there),
        "--from",
        path(&keys),
    ]);
    // One bit of it on the way.
    let whole = fs::read(&boxes).unwrap();
    let mut changed = whole.clone();
    changed[100_000] ^= 4;
    fs::write(&boxes, &changed).unwrap();
    let import = ["import", "--dir", path(&there), "--from", path(&boxes)];
    refused(
        &import,
        "damaged, incomplete, or of a relay with other keys",
    );
    fs::write(&boxes, &whole).unwrap();
    let small = [&import[..], &["--min-free-disk", "0", "--max-boxes", "10"]].concat();
    refused(&small, "the store is full");
    done(&[&import[..], &["--min-free-disk", "0"]].concat());
    let relay = Relay::start(&there);
    assert_eq!(relay.address.pin, pin);
    let client = relay.client().await;
    assert_all_there(&client, &numbers[1..]).await;
    assert_eq!(client.get(&[slot(0)], 0).await, Ok(None));
    assert_eq!(put(&client, 0).await, PutOutcome::Same);
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&keys).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_is_content_with_a_relay_that_works_and_says_what_does_not() {
    let dir = TempDir::new().unwrap();
    let doctor = |more: &[&str]| {
        let output = run(&[&["doctor", "--dir", path(dir.path())], more].concat());
        (output.status.code(), text(&output.stdout))
    };
    let nothing = doctor(&["--min-free-disk", "0"]);
    assert_eq!(nothing.0, Some(1));
    assert!(nothing.1.contains("FAILED  keys"), "{}", nothing.1);

    let relay = Relay::start_with(
        dir.path(),
        &["--min-free-disk", "0", "--work", "--access-key"],
    );
    let (code, said) = tokio::task::block_in_place(|| doctor(&["--min-free-disk", "0"]));
    assert_eq!(code, Some(0), "{said}");
    for what in [
        "keys",
        "clock",
        "disk",
        "address",
        "new boxes",
        "put",
        "get",
        "drop",
    ] {
        assert!(said.contains(&format!("ok      {what}")), "{what}: {said}");
    }
    let (code, said) = doctor(&["--min-free-disk", "9000000000000000"]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("FAILED  disk") && said.contains("lower min-free-disk"),
        "{said}"
    );
    drop(relay);
    let (code, said) = doctor(&["--min-free-disk", "0"]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("FAILED  address") && said.contains("is the relay running?"),
        "{said}"
    );
}

/// `[HW-RELAY-20]`
#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_relay_needs_its_key_again() {
    let temp = TempDir::new().unwrap();
    let dir = temp.path().join("relay");
    let key = temp.path().join("seal");
    fs::write(&key, "07".repeat(32)).unwrap();
    let args = ["--min-free-disk", "0", "--seal-key-file", path(&key)];
    let relay = Relay::start_with(&dir, &args);
    assert_eq!(put(&relay.client().await, 1).await, PutOutcome::Stored);
    drop(relay);
    let without = run(&["run", "--dir", path(&dir), "--listen", "127.0.0.1:0"]);
    assert_eq!(without.status.code(), Some(1));
    assert!(text(&without.stderr).contains("--seal-key-file"));
    let relay = Relay::start_with(&dir, &args);
    assert_all_there(&relay.client().await, &[1]).await;
    fs::write(&key, "07").unwrap();
    let wrong = run(&["run", "--dir", path(&dir), "--seal-key-file", path(&key)]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(text(&wrong.stderr).contains("64 hexadecimal digits"));
}

/// What `run` says until it is ready, without `--json` unless it is in `args`.
fn said_when_ready(mut command: std::process::Command) -> String {
    let mut child = command
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut out, &mut said).unwrap();
    // In order, so that it says all that it has to say.
    let pid = child.id().to_string();
    let stopped = std::process::Command::new("kill")
        .args(["-TERM", &pid])
        .status();
    assert!(stopped.unwrap().success());
    out.read_to_string(&mut said).unwrap();
    child.wait().unwrap();
    said
}

fn run_on_loopback(dir: &Path, more: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new(PROGRAM);
    command
        .args(["run", "--listen", "127.0.0.1:0", "--access-key", "--dir"])
        .arg(dir)
        .args(more);
    command
}

/// `[HW-RELAY-23]`
#[test]
fn a_service_that_is_not_watched_by_a_person_tells_no_address() {
    let dir = TempDir::new().unwrap();
    let said = said_when_ready(run_on_loopback(dir.path(), &[]));
    assert!(said.starts_with("The relay is ready."), "{said}");
    let address = run(&["address", "--dir", path(dir.path())]);
    let address = text(&address.stdout);
    let address = address.lines().next().unwrap();
    assert!(address.starts_with("hushwing-relay:"), "{address}");
    let keys = fs::read_to_string(dir.path().join("access-keys")).unwrap();
    assert!(!said.contains(address), "{said}");
    assert!(!said.contains(keys.trim()), "{said}");
}

/// `[HW-RELAY-22]`
#[test]
fn root_is_refused_in_the_folder_of_another_user() {
    if !rustix::process::geteuid().is_root() {
        common::say("SKIPPED: only root can make a folder of another user");
        return;
    }
    let temp = TempDir::new().unwrap();
    let dir = temp.path().join("relay");
    drop(Relay::start(&dir));
    let elsewhere = temp.path().join("of-root");
    fs::write(&elsewhere, "a file of root").unwrap();
    fs::remove_file(dir.join("address")).unwrap();
    std::os::unix::fs::symlink(&elsewhere, dir.join("address")).unwrap();
    std::os::unix::fs::chown(&dir, Some(65_534), Some(65_534)).unwrap();
    let before = fs::read_dir(&dir).unwrap().count();
    let (folder, to) = (path(&dir), temp.path().join("out"));
    let to = path(&to);
    for command in [
        &["address", "--dir", folder][..],
        &["drain", "--dir", folder],
        &["doctor", "--listen", "127.0.0.1:0", "--dir", folder],
        &["run", "--listen", "127.0.0.1:0", "--dir", folder],
        &["export", "--dir", folder, "--to", to],
        &["import", "--dir", folder, "--from", to],
        &["keys", "backup", "--dir", folder, "--to", to],
        &["keys", "restore", "--dir", folder, "--from", to],
        &["keys", "renew-access", "--dir", folder],
    ] {
        let output = run(command);
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        let (said, shown) = (text(&output.stderr), text(&output.stdout));
        assert!(said.contains("sudo -u '#65534'"), "{command:?}: {said}");
        assert!(!shown.contains("a file of root"), "{command:?}: {shown}");
    }
    assert_eq!(fs::read_dir(&dir).unwrap().count(), before);
    assert!(!Path::new(to).exists());
}
