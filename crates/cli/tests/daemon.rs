//! `hushwing run`, the real one: its start, its end, and one of it a folder.

#![allow(clippy::unwrap_used)] // Helpers fail a test as an assertion does.

mod common;

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command as Process, Stdio},
    time::{Duration, Instant},
};

use aho_corasick::AhoCorasick;
use common::{hushwing, run, text};

/// So that a broken daemon fails a test instead of hanging it.
const HANG: Duration = Duration::from_secs(60);

/// A daemon that is ended with the test, however that ends.
struct Daemon {
    child: Child,
    ready: String,
}

impl Daemon {
    fn start(dir: &Path) -> Self {
        let mut child = hushwing(dir)
            .args(["--json", "run", "--without-tor"])
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut ready)
            .unwrap();
        assert!(!ready.is_empty(), "it did not start");
        Self { child, ready }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Process::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    fn code(&mut self) -> Option<i32> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < HANG, "it does not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ask(dir: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut process = hushwing(dir);
    process.args(arguments);
    let output = run(process, "");
    (
        output.status.code(),
        text(&output.stdout).to_owned() + text(&output.stderr),
    )
}

#[test]
fn it_says_when_it_is_ready_and_ends_cleanly_at_a_signal() {
    for signal in ["TERM", "INT", "HUP"] {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("new/hushwing");
        let mut daemon = Daemon::start(&dir);
        let ready: serde_json::Value = serde_json::from_str(&daemon.ready).unwrap();
        assert_eq!(ready["ready"], true);
        let session = fs::read_to_string(dir.join("api.json")).unwrap();
        let session: serde_json::Value = serde_json::from_str(&session).unwrap();
        assert_eq!(ready["address"], session["address"]);
        assert!(ready["address"].as_str().unwrap().starts_with("127.0.0.1:"));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&dir), 0o700);
        for entry in fs::read_dir(&dir).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path) & 0o077, 0, "{}", path.display());
        }
        let (code, said) = ask(&dir, &["status"]);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("there is no vault yet"), "{said}");

        daemon.signal(signal);
        assert_eq!(daemon.code(), Some(0), "{signal}");
        assert!(!dir.join("api.json").exists());
        assert_eq!(ask(&dir, &["status"]).0, Some(3));
    }
}

#[test]
fn a_second_one_is_refused_and_the_first_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let _first = Daemon::start(dir.path());
    let (code, said) = ask(dir.path(), &["run", "--without-tor"]);
    assert_eq!(code, Some(1));
    assert!(
        said.contains("another hushwing daemon already runs"),
        "{said}"
    );
    assert_eq!(ask(dir.path(), &["status"]).0, Some(0));
}

#[test]
fn after_a_crash_there_is_no_daemon_and_a_new_one_starts() {
    let dir = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::start(dir.path());
    daemon.signal("KILL");
    assert_eq!(daemon.code(), None);
    assert!(dir.path().join("api.json").exists(), "left behind");
    let (code, said) = ask(dir.path(), &["status"]);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("hushwing run"), "{said}");
    let _next = Daemon::start(dir.path());
    assert_eq!(ask(dir.path(), &["status"]).0, Some(0));
}

/// A bit of the program's file has turned: what it compares its own results with.
/// Claims C2 and Q3.
#[test]
fn a_copy_that_computes_wrongly_does_not_start() {
    // What HPKE exports in the known answers of hushwing-protocol begins with this.
    const ANSWER: [u8; 16] = [
        0xff, 0x70, 0x09, 0xa8, 0x7e, 0x70, 0x66, 0x39, 0x86, 0xb3, 0x81, 0x8b, 0x06, 0xf2, 0x41,
        0x29,
    ];
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let copy = dir.path().join("hushwing");
    let mut program = fs::read(env!("CARGO_BIN_EXE_hushwing")).unwrap();
    let search = AhoCorasick::new([ANSWER]).unwrap();
    let found: Vec<usize> = search.find_iter(&program).map(|at| at.start()).collect();
    assert!(!found.is_empty(), "the program knows it");
    // The compiler may keep it twice.
    for at in found {
        program[at] ^= 0x10;
    }
    fs::write(&copy, program).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o700)).unwrap();
    let mut wrong = Process::new(&copy);
    wrong
        .env_clear()
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .arg("--dir")
        .arg(&data)
        .args(["run", "--without-tor"]);
    let output = run(wrong, "");
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(said.contains("X-Wing gives wrong results here"), "{said}");
    assert!(said.contains("not started"), "{said}");
    assert!(!data.join("api.json").exists());
}

/// Claim Z1.
#[test]
fn it_leaves_no_core_dump() {
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(dir.path());
    let limits = fs::read_to_string(format!("/proc/{}/limits", daemon.child.id())).unwrap();
    let cores = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let words: Vec<&str> = cores.unwrap().split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"]);
}

#[test]
fn an_unreadable_network_file_is_a_plain_error() {
    let dir = tempfile::tempdir().unwrap();
    let (code, said) = ask(dir.path(), &["run", "--tor-network", "/nonexistent"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("/nonexistent"), "{said}");
}

/// Whether `needle` is anywhere in the memory that a process can write.
#[cfg(target_os = "linux")]
fn in_memory(pid: u32, needle: &[u8]) -> bool {
    use std::os::unix::fs::FileExt;
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let memory = fs::File::open(format!("/proc/{pid}/mem")).unwrap();
    let writable = maps.lines().filter(|line| line.contains(" rw"));
    writable
        .filter_map(|line| {
            let (from, to) = line.split_once(' ')?.0.split_once('-')?;
            let number = |text| u64::from_str_radix(text, 16).ok();
            Some((number(from)?, number(to)?))
        })
        .any(|(from, to)| {
            let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
            // Some regions of the kernel cannot be read.
            memory.read_exact_at(&mut bytes, from).is_ok()
                && bytes.windows(needle.len()).any(|window| window == needle)
        })
}

/// Claim Z1.
#[cfg(target_os = "linux")]
#[test]
fn a_passphrase_does_not_stay_in_memory() {
    const MARKED: &str = "plover tundra eggshell wharf mimic";
    let dir = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(dir.path());
    let pid = daemon.child.id();
    let session = fs::read_to_string(dir.path().join("api.json")).unwrap();
    let session: serde_json::Value = serde_json::from_str(&session).unwrap();
    for arguments in [["create"], ["lock"], ["unlock"]] {
        let mut process = hushwing(dir.path());
        process.args(arguments);
        if arguments != ["lock"] {
            process.arg("--passphrase-stdin");
        }
        let output = run(process, MARKED);
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(!in_memory(pid, &MARKED.as_bytes()[2..]), "{arguments:?}");
    }
    let secret = session["secret"].as_str().unwrap();
    assert!(
        in_memory(pid, secret.as_bytes()),
        "the search finds what is there"
    );
}
