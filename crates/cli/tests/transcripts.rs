//! Transcripts: what the binary was told, what it asked the daemon, what it
//! said, and how it ended. `BLESS=1` writes them anew; read the difference.
//!
//! ```text
//! $ hushwing ARGUMENTS < INPUT     the input is optional; \n in it ends a line
//! > COMMAND                        what the daemon was asked
//! ...                              standard output
//! ! ...                            standard error
//! [CODE]                           the exit code
//! ```
//!
//! Files that a command names lie in the daemon's folder.

#![allow(clippy::unwrap_used)] // Helpers fail a test as an assertion does.

mod common;

use std::{env, fmt::Write, fs, path::Path};

use common::{FakeDaemon, Mood, hushwing, run, text};

#[test]
fn help_tells_everything_without_a_daemon() {
    check(
        "help.txt",
        tempfile::tempdir().unwrap().path(),
        &mut Vec::new,
    );
}

#[test]
fn a_wrong_command_line_ends_with_2() {
    check(
        "usage.txt",
        tempfile::tempdir().unwrap().path(),
        &mut Vec::new,
    );
}

#[test]
fn without_a_daemon_every_command_ends_with_3_and_says_what_to_do() {
    check(
        "no_daemon.txt",
        tempfile::tempdir().unwrap().path(),
        &mut Vec::new,
    );
}

#[test]
fn every_command_has_an_answer_for_people() {
    against_a_daemon("people.txt");
}

#[test]
fn every_command_has_an_answer_for_programs() {
    against_a_daemon("programs.txt");
}

#[test]
fn failures_have_a_sentence_and_a_code() {
    against_a_daemon("failures.txt");
}

#[test]
fn while_locked_every_command_that_needs_the_vault_ends_with_3() {
    against(Mood::Locked, "locked.txt");
}

#[test]
fn a_doctor_with_nothing_to_tell_ends_with_0() {
    against(Mood::Well, "well.txt");
}

fn against_a_daemon(name: &str) {
    against(Mood::Troubled, name);
}

fn against(mood: Mood, name: &str) {
    let daemon = FakeDaemon::start_as(mood);
    let asked = daemon.asked.clone();
    check(name, daemon.dir.path(), &mut || {
        std::mem::take(&mut *asked.lock().unwrap())
    });
}

fn check(name: &str, dir: &Path, asked: &mut dyn FnMut() -> Vec<String>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/transcripts")
        .join(name);
    let kept = fs::read_to_string(&path).unwrap();
    let prompts: Vec<&str> = kept.lines().filter(|line| line.starts_with("$ ")).collect();
    assert!(!prompts.is_empty(), "{name} is empty");
    let mut now = String::new();
    for prompt in prompts {
        writeln!(now, "{prompt}").unwrap();
        let (words, input) = prompt.split_once(" < ").unwrap_or((prompt, ""));
        let words = words.strip_prefix("$ hushwing").unwrap();
        let mut process = hushwing(dir);
        // So that a transcript can name files.
        process.current_dir(dir).args(arguments(words));
        let output = run(process, &input.replace("\\n", "\n"));
        for command in asked() {
            writeln!(now, "> {command}").unwrap();
        }
        now += text(&output.stdout);
        for line in text(&output.stderr).lines() {
            writeln!(now, "! {line}").unwrap();
        }
        writeln!(now, "[{}]\n", output.status.code().unwrap()).unwrap();
    }
    if env::var_os("BLESS").is_some() {
        fs::write(&path, &now).unwrap();
    } else {
        assert_eq!(now, kept, "{name}");
    }
}

/// Words at spaces; double quotes hold some together.
fn arguments(line: &str) -> Vec<String> {
    let pieces = line.split('"').enumerate();
    pieces
        .flat_map(|(n, piece)| -> Vec<String> {
            if n % 2 == 1 {
                vec![piece.into()]
            } else {
                piece.split_whitespace().map(Into::into).collect()
            }
        })
        .collect()
}
