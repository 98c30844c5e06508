//! `hushwing open` and the address that `hushwing run` shows: a browser gets in, and
//! nobody who reads command lines or logs does. `script` of util-linux is the terminal.

#![allow(clippy::unwrap_used)] // Helpers fail a test as an assertion does.

mod common;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Child, Command as Process, Stdio},
    time::{Duration, Instant},
};

use common::{FakeDaemon, hushwing, run, text};

/// So that a broken program fails a test instead of hanging it.
const HANG: Duration = Duration::from_secs(60);

/// What stands in front of a code in an address.
const MARK: &str = "/#open=";

const CODE_LEN: usize = 43;

/// The address in `text`, in two parts: where it is, and the code.
fn address_in(text: &str) -> Option<(String, String)> {
    let (before, after) = text.split_once(MARK)?;
    let (_, host) = before.rsplit_once("http://")?;
    let code = after.get(..CODE_LEN)?;
    Some((host.to_owned(), code.to_owned()))
}

/// What the page does with the code: the status of the answer.
fn exchange(host: &str, code: &str) -> u16 {
    let body = format!(r#"{{"code":"{code}"}}"#);
    let mut stream = TcpStream::connect(host).unwrap();
    write!(
        stream,
        "POST /v0/session HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

/// Whether the command line of any program on this machine has `text` in it.
fn is_on_a_command_line(text: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|process| fs::read(process.path().join("cmdline")).ok())
        .any(|line| String::from_utf8_lossy(&line).contains(text))
}

/// A folder with an `xdg-open` that does `does`, in a shell.
fn opener(does: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("xdg-open");
    fs::write(&path, format!("#!/bin/sh\n{does}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < HANG, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Claim L1.
#[test]
fn the_browser_gets_a_file_that_nobody_else_can_read_and_that_is_gone_afterwards() {
    let daemon = FakeDaemon::start();
    let seen = tempfile::tempdir().unwrap();
    let seen = seen.path();
    let bin = opener(&format!(
        "echo \"$#\" > {0}/count; echo \"$1\" > {0}/name; cp \"$1\" {0}/page.new; \
         mv {0}/page.new {0}/page",
        seen.display()
    ));
    let child = hushwing(&daemon.path())
        .env("PATH", format!("{}:/usr/bin:/bin", bin.path().display()))
        .arg("open")
        .spawn()
        .unwrap();
    let page = wait_for("no browser was started", || {
        fs::read_to_string(seen.join("page")).ok()
    });
    assert_eq!(fs::read_to_string(seen.join("count")).unwrap().trim(), "1");
    let name = fs::read_to_string(seen.join("name")).unwrap();
    let file = Path::new(name.trim());
    assert_eq!(file.parent().unwrap(), daemon.path());
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    let (host, code) = address_in(&page).unwrap();
    assert!(!is_on_a_command_line(&code));
    // It still waits: what is looked for there would be found.
    assert!(is_on_a_command_line(env!("CARGO_BIN_EXE_hushwing")));
    assert_eq!(exchange(&host, &code), 200);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stdout), "Hushwing is open in your browser.\n");
    assert!(!file.exists());
    assert_eq!(exchange(&host, &code), 401, "it works once");
}

#[test]
fn where_no_browser_starts_it_is_said_how_to_open_the_app() {
    let daemon = FakeDaemon::start();
    let fails = opener("exit 3");
    let none = tempfile::tempdir().unwrap();
    for bin in [&fails, &none] {
        let mut process = hushwing(&daemon.path());
        process.env("PATH", bin.path()).arg("open");
        let output = run(process, "");
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output.stderr);
        assert!(said.contains("hushwing open --print"), "{said}");
        assert!(address_in(said).is_none());
        assert!(!daemon.path().join("open.html").exists());
    }
}

#[test]
fn the_address_is_printed_when_it_is_asked_for() {
    let daemon = FakeDaemon::start();
    for json in [false, true] {
        let mut process = hushwing(&daemon.path());
        process.args(["open", "--print"]);
        if json {
            process.arg("--json");
        }
        let output = run(process, "");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let said = text(&output.stdout);
        let (host, code) = address_in(said).unwrap();
        let address = format!("http://{host}{MARK}{code}");
        if json {
            assert_eq!(said, format!("{{\"address\":\"{address}\"}}\n"));
        } else {
            assert_eq!(said, format!("{address}\n"));
        }
        assert_eq!(exchange(&host, &code), 200);
        assert_eq!(exchange(&host, &code), 401);
    }
}

/// A daemon that is ended with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Reads lines until `found` takes one.
fn read_until<T>(from: impl Read, mut found: impl FnMut(&str) -> Option<T>) -> T {
    for line in BufReader::new(from).lines() {
        if let Some(found) = found(&line.unwrap()) {
            return found;
        }
    }
    panic!("it ended before");
}

/// Claim L1.
#[test]
fn a_daemon_shows_its_address_on_a_terminal_and_in_no_log() {
    let dir = tempfile::tempdir().unwrap();
    let command = format!(
        "exec '{}' --dir '{}' run --without-tor",
        env!("CARGO_BIN_EXE_hushwing"),
        dir.path().display()
    );
    let child = Process::new("script")
        .args(["--quiet", "--command", &command, "/dev/null"])
        .env("SHELL", "/bin/sh")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut running = Running(child);
    let screen = running.0.stdout.take().unwrap();
    let (host, code) = read_until(screen, address_in);
    assert_eq!(exchange(&host, &code), 200);
    assert_eq!(exchange(&host, &code), 401, "it works once");
    drop(running);

    for json in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let mut process = hushwing(dir.path());
        process.args(["run", "--without-tor", "--log", "trace"]);
        if json {
            process.arg("--json");
        }
        let mut running = Running(process.spawn().unwrap());
        let mut said = running.0.stdout.take().unwrap();
        let mut log = running.0.stderr.take().unwrap();
        wait_for("it does not start", || {
            fs::read(dir.path().join("api.json")).ok()
        });
        // It says all that it has to say before it is asked anything.
        let mut process = hushwing(dir.path());
        process.arg("status");
        assert_eq!(run(process, "").status.code(), Some(0));
        let pid = running.0.id().to_string();
        let sent = Process::new("kill").args(["-s", "TERM", &pid]).status();
        assert!(sent.unwrap().success());
        let mut all = String::new();
        said.read_to_string(&mut all).unwrap();
        log.read_to_string(&mut all).unwrap();
        assert!(!all.contains(MARK), "{all}");
        drop(running);
    }
}
