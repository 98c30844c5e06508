//! What must not be seen: passphrases by other programs, hostile text by the
//! terminal, the session's secret by a proxy.

#![allow(clippy::unwrap_used)] // Helpers fail a test as an assertion does.

mod common;

use std::{
    fs,
    io::{self, BufRead, BufReader, Write},
    net::TcpListener,
    process::{Command as Process, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use common::{FakeDaemon, HOSTILE, NEVER_RAW, hushwing, message, run, text};
use hushwing_api::schema::{Event, MessageState, Reply};
use tokio::sync::broadcast;

/// So that a broken program fails a test instead of hanging it.
const HANG: Duration = Duration::from_secs(60);

const MARKED: &str = "slow-marked-passphrase-7Qx";

/// Claim Z1.
#[test]
fn a_passphrase_is_never_on_the_command_line_or_in_the_environment() {
    let daemon = FakeDaemon::start();
    let path = daemon.path().join("passphrase");
    fs::write(&path, format!("{MARKED}\n")).unwrap();
    let sources = ["--passphrase-stdin", "--passphrase-fd 3"];
    for source in sources {
        // The shell opens the file; the program is told a number at most.
        let script = format!("exec \"$0\" --dir \"$1\" unlock {source} 0<\"$2\" 3<\"$2\"");
        let mut child = Process::new("/bin/sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_hushwing")])
            .args([&daemon.path(), &path])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while daemon.asked.lock().unwrap().is_empty() {
            assert!(begun.elapsed() < HANG, "the daemon is never asked");
            thread::sleep(Duration::from_millis(5));
        }
        // It waits for the answer now, passphrase sent.
        let seen = ["cmdline", "environ"].map(|name| {
            let bytes = fs::read(format!("/proc/{}/{name}", child.id())).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        assert!(seen[0].contains("unlock"), "looked at the right process");
        daemon.go_on.notify_one();
        assert!(child.wait().unwrap().success(), "{source}");
        let asked = std::mem::take(&mut *daemon.asked.lock().unwrap());
        assert_eq!(
            asked,
            [format!(r#"{{"command":"unlock","passphrase":"{MARKED}"}}"#)]
        );
        for seen in seen {
            assert!(!seen.contains(MARKED), "{source}: {seen}");
        }
    }
}

/// Claim Z1.
#[test]
fn neither_passphrase_of_a_change_is_on_the_command_line_or_in_the_environment() {
    const NEW: &str = "plover tundra eggshell wharf mimic";
    let daemon = FakeDaemon::start();
    let [present, new, both] = ["present", "new", "both"].map(|name| daemon.path().join(name));
    fs::write(&present, format!("{MARKED}\n")).unwrap();
    fs::write(&new, format!("{NEW}\n")).unwrap();
    fs::write(&both, format!("{MARKED}\n{NEW}\n")).unwrap();
    for source in [
        "--passphrases-stdin",
        "--passphrase-fd 3 --new-passphrase-fd 4",
    ] {
        let script = format!(
            "exec \"$0\" --dir \"$1\" passphrase change {source} 0<\"$2\" 3<\"$3\" 4<\"$4\""
        );
        let mut child = Process::new("/bin/sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_hushwing")])
            .args([&daemon.path(), &both, &present, &new])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while daemon.asked.lock().unwrap().is_empty() {
            assert!(begun.elapsed() < HANG, "the daemon is never asked");
            thread::sleep(Duration::from_millis(5));
        }
        let seen = ["cmdline", "environ"].map(|name| {
            let bytes = fs::read(format!("/proc/{}/{name}", child.id())).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        });
        assert!(seen[0].contains("change"), "looked at the right process");
        daemon.go_on.notify_one();
        assert!(child.wait().unwrap().success(), "{source}");
        let asked = std::mem::take(&mut *daemon.asked.lock().unwrap());
        let expected =
            format!(r#"{{"command":"passphrase_change","present":"{MARKED}","new":"{NEW}"}}"#);
        assert_eq!(asked, [expected]);
        for seen in seen {
            assert!(
                !seen.contains(MARKED) && !seen.contains(NEW),
                "{source}: {seen}"
            );
        }
    }
}

/// Claim L1.
#[test]
fn no_hostile_character_reaches_the_terminal_in_any_form() {
    let daemon = FakeDaemon::start();
    for arguments in [
        vec!["read", "mallory"],
        vec!["contacts"],
        vec!["message", "show", "badbad"],
        vec!["doctor"],
        vec!["--json", "read", "mallory"],
        vec!["--json", "contacts"],
        vec!["--json", "message", "show", "badbad"],
        vec!["--json", "doctor"],
        vec!["send", "alice", HOSTILE],
    ] {
        let mut process = hushwing(&daemon.path());
        process.args(&arguments);
        let output = run(process, "");
        let stuck = arguments.contains(&"doctor");
        let code = if stuck { 5 } else { 0 };
        assert_eq!(output.status.code(), Some(code), "{arguments:?}");
        let shown = text(&output.stdout);
        assert!(!shown.contains(NEVER_RAW), "{arguments:?}: {shown:?}");
        // A forged line would start like one of ours.
        let ours = shown
            .lines()
            .filter(|line| line.starts_with("[2026"))
            .count();
        assert_eq!(
            ours,
            usize::from(arguments == ["read", "mallory"]),
            "{shown}"
        );
    }
    // Escaped for the eye, whole for a program.
    let mut process = hushwing(&daemon.path());
    process.args(["--json", "read", "mallory"]);
    let reply = serde_json::from_slice(&run(process, "").stdout).unwrap();
    let Reply::Messages { messages } = reply else {
        panic!("{reply:?}");
    };
    assert_eq!(messages[0].text, HOSTILE);
}

/// Returns when a listener shows what happens from now on, and nothing from before.
fn listens(daemon: &FakeDaemon, lines: &mut impl Iterator<Item = io::Result<String>>) {
    let warn = |events: &broadcast::Sender<Event>, text: &str| {
        events.send(Event::Warning { text: text.into() }).unwrap();
    };
    let (heard, waits) = mpsc::channel::<()>();
    let events = daemon.events.clone();
    let telling = thread::spawn(move || {
        let begun = Instant::now();
        while let Err(RecvTimeoutError::Timeout) = waits.recv_timeout(Duration::from_millis(5)) {
            assert!(begun.elapsed() < HANG, "it never listens");
            warn(&events, "is anybody there");
        }
    });
    lines.next().unwrap().unwrap();
    drop(heard);
    telling.join().unwrap();
    warn(&daemon.events, "from now on");
    while !lines.next().unwrap().unwrap().contains("from now on") {}
}

#[test]
fn watch_shows_events_as_they_come_and_ends_with_the_daemon() {
    for json in [false, true] {
        let mut daemon = FakeDaemon::start();
        let mut process = hushwing(&daemon.path());
        if json {
            process.arg("--json");
        }
        let mut child = process.arg("watch").spawn().unwrap();
        let mine = message(2, true, "mine", MessageState::Delivered);
        let told = [
            Event::Message(message(1, false, HOSTILE, MessageState::Received)),
            Event::Message(mine),
            Event::InviteUsedTwice {
                invite: "0badcafe0011".into(),
            },
            Event::Lagged,
        ];
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        listens(&daemon, &mut lines);
        let mut seen = Vec::new();
        for event in &told {
            daemon.events.send(event.clone()).unwrap();
            // Shown before the next one happens.
            seen.push(lines.next().unwrap().unwrap());
            if json {
                assert_eq!(
                    &serde_json::from_str::<Event>(&seen[seen.len() - 1]).unwrap(),
                    event
                );
            } else if seen.len() == 1 {
                let head = lines.next().unwrap().unwrap();
                assert_eq!(
                    head,
                    "[2026-11-21 23:57:02] 11111111 they, received at 2026-11-21 23:57:06"
                );
                for _ in 0..3 {
                    let line = lines.next().unwrap().unwrap();
                    assert!(line.starts_with("  | "), "{line}");
                }
            }
        }
        assert!(!seen.concat().contains(NEVER_RAW));
        if !json {
            assert_eq!(seen[0], "* from 3f2a9c1b:");
            assert_eq!(
                seen[1],
                "* your message 22222222 to 3f2a9c1b: on their device since 2026-11-21 23:57:07"
            );
            assert!(seen[2].contains("WARNING") && seen[2].contains("0badcafe"));
        }
        daemon.stop();
        assert_eq!(child.wait().unwrap().code(), Some(3));
    }
}

#[test]
fn no_proxy_of_the_environment_is_used() {
    let daemon = FakeDaemon::start();
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", proxy.local_addr().unwrap());
    let mut process = hushwing(&daemon.path());
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "all_proxy",
        "ALL_PROXY",
        "https_proxy",
    ] {
        process.env(name, &address);
    }
    let output = run(
        {
            process.arg("lock");
            process
        },
        "",
    );
    assert!(output.status.success(), "{output:?}");
    proxy.set_nonblocking(true).unwrap();
    assert!(proxy.accept().is_err(), "the proxy was asked");
}

/// Claim L1.
#[test]
fn a_stranger_on_a_crashed_daemons_port_gets_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = stranger.local_addr().unwrap();
    let mut file = fs::File::create(dir.path().join("api.json")).unwrap();
    write!(file, r#"{{"address":"{address}","secret":"old"}}"#).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    file.set_permissions(mode).unwrap();
    fs::write(dir.path().join("daemon.lock"), "").unwrap();
    let mut process = hushwing(dir.path());
    process.args(["unlock", "--passphrase-stdin"]);
    assert_eq!(run(process, "right").status.code(), Some(3));
    stranger.set_nonblocking(true).unwrap();
    assert!(stranger.accept().is_err(), "the stranger was asked");
}
