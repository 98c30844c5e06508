//! What only a terminal gets: prompts without echo, and QR codes. `script` of
//! util-linux is the terminal.

#![allow(clippy::unwrap_used)] // Helpers fail a test as an assertion does.

mod common;

use std::{
    io::{Read, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio},
};

use common::FakeDaemon;

const STRONG: &str = "plover tundra eggshell wharf mimic";

struct Terminal {
    child: Child,
    keys: ChildStdin,
    screen: ChildStdout,
    seen: String,
}

impl Terminal {
    fn run(dir: &Path, arguments: &str) -> Self {
        let command = format!(
            "'{}' --dir '{}' {arguments}",
            env!("CARGO_BIN_EXE_hushwing"),
            dir.display()
        );
        let mut child = Process::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .env("SHELL", "/bin/sh")
            .env("TZ", "UTC")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            keys: child.stdin.take().unwrap(),
            screen: child.stdout.take().unwrap(),
            child,
            seen: String::new(),
        }
    }

    /// Waits for `prompt`, then types a line.
    fn answer(&mut self, prompt: &str, line: &str) {
        let mut bytes = Vec::new();
        while !String::from_utf8_lossy(&bytes).ends_with(prompt) {
            let mut byte = [0];
            assert_eq!(
                self.screen.read(&mut byte).unwrap(),
                1,
                "no prompt: {bytes:?}"
            );
            bytes.push(byte[0]);
        }
        self.seen += &String::from_utf8(bytes).unwrap();
        self.keys.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// All that was on the screen, and the exit code.
    fn end(mut self) -> (String, Option<i32>) {
        self.screen.read_to_string(&mut self.seen).unwrap();
        drop(self.keys);
        (self.seen, self.child.wait().unwrap().code())
    }
}

#[test]
fn a_new_passphrase_is_asked_for_twice_and_never_shown() {
    let daemon = FakeDaemon::start();
    let mut terminal = Terminal::run(&daemon.path(), "create");
    terminal.answer("New passphrase: ", STRONG);
    terminal.answer("The same again: ", STRONG);
    let (seen, code) = terminal.end();
    assert_eq!(code, Some(0), "{seen}");
    assert!(!seen.contains("plover"), "{seen}");
    assert_eq!(
        *daemon.asked.lock().unwrap(),
        [format!(r#"{{"command":"create","passphrase":"{STRONG}"}}"#)]
    );
}

#[test]
fn a_slip_and_a_weak_passphrase_make_no_vault() {
    let daemon = FakeDaemon::start();
    let mut terminal = Terminal::run(&daemon.path(), "create");
    terminal.answer("New passphrase: ", STRONG);
    terminal.answer("The same again: ", "plover tundra eggshell wharf mimik");
    let (seen, code) = terminal.end();
    assert_eq!(code, Some(1));
    assert!(seen.contains("differ"), "{seen}");

    let mut terminal = Terminal::run(&daemon.path(), "create");
    terminal.answer("New passphrase: ", "Password1!");
    let (seen, code) = terminal.end();
    assert_eq!(code, Some(1));
    assert!(seen.contains("too easy to guess"), "{seen}");
    assert!(daemon.asked.lock().unwrap().is_empty());
}

#[test]
fn a_passphrase_is_asked_for_once_to_unlock() {
    let daemon = FakeDaemon::start();
    for (typed, expected) in [("right", 0), ("wrong", 4)] {
        let mut terminal = Terminal::run(&daemon.path(), "unlock");
        terminal.answer("Passphrase: ", typed);
        let (seen, code) = terminal.end();
        assert_eq!(code, Some(expected), "{seen}");
        assert!(!seen.contains(typed), "{seen}");
    }
}

#[test]
fn a_change_asks_for_the_present_passphrase_and_twice_for_the_new_one() {
    let daemon = FakeDaemon::start();
    let mut terminal = Terminal::run(&daemon.path(), "passphrase change");
    terminal.answer("Present passphrase: ", "right");
    terminal.answer("New passphrase: ", STRONG);
    terminal.answer("The same again: ", STRONG);
    let (seen, code) = terminal.end();
    assert_eq!(code, Some(0), "{seen}");
    assert!(!seen.contains("plover"), "{seen}");
    let asked = std::mem::take(&mut *daemon.asked.lock().unwrap());
    let expected =
        format!(r#"{{"command":"passphrase_change","present":"right","new":"{STRONG}"}}"#);
    assert_eq!(asked, [expected]);

    let mut terminal = Terminal::run(&daemon.path(), "passphrase change");
    terminal.answer("Present passphrase: ", "right");
    terminal.answer("New passphrase: ", STRONG);
    terminal.answer("The same again: ", "plover tundra eggshell wharf mimik");
    let (seen, code) = terminal.end();
    assert_eq!(code, Some(1));
    assert!(seen.contains("differ"), "{seen}");
    assert!(daemon.asked.lock().unwrap().is_empty());
}

#[test]
fn piping_from_a_terminal_is_refused_because_it_would_show() {
    let daemon = FakeDaemon::start();
    for command in [
        "unlock --passphrase-stdin",
        "passphrase change --passphrases-stdin",
    ] {
        let (seen, code) = Terminal::run(&daemon.path(), command).end();
        assert_eq!(code, Some(1));
        assert!(seen.contains("would show the passphrase"), "{seen}");
    }
}

#[test]
fn an_invite_is_shown_as_a_link_and_as_a_code() {
    let daemon = FakeDaemon::start();
    let (seen, code) = Terminal::run(&daemon.path(), "invite create").end();
    assert_eq!(code, Some(0));
    assert!(seen.contains("hushwing:aebagbaf"));
    assert!(seen.contains("Whoever sees it can use it"));
    assert!(
        seen.lines().filter(|line| line.contains('█')).count() > 10,
        "{seen}"
    );
    let (seen, _) = Terminal::run(&daemon.path(), "--json invite create").end();
    assert!(!seen.contains('█'));
}

#[test]
fn a_route_record_says_what_to_do_with_it_only_to_a_person() {
    let daemon = FakeDaemon::start();
    let record = "hushwing-routes:aebagbafaydqqcikbmga2dqpcaireeyu";
    let (seen, code) = Terminal::run(&daemon.path(), "contact routes export alice").end();
    assert_eq!(code, Some(0));
    assert_eq!(seen.lines().next(), Some(record));
    assert!(seen.contains("only this contact can use it"), "{seen}");
    let (seen, _) = Terminal::run(&daemon.path(), "contact routes export alice | cat").end();
    assert_eq!(seen.trim_end(), record);
}
