//! The formal models as tests, so that the claims that rest on them have some.
#![allow(clippy::print_stdout, clippy::expect_used)] // A test tells what it skips.

use std::path::Path;
use std::process::{Command, Stdio};

fn is_installed(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}

/// Runs `formal/run` on `models`, or says that it was skipped.
fn run(tool: &str, models: &[&str]) {
    if !is_installed(tool) {
        println!("SKIPPED: {tool} is not installed (./x setup)");
        return;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let output = Command::new(root.join("formal/run"))
        .args(models)
        .output()
        .expect("formal/run starts");
    let told = String::from_utf8_lossy(&output.stdout);
    println!("{told}");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for model in models {
        let done = |what| {
            told.lines()
                .any(|line| line.starts_with(&format!("{model}: {what}")) && line.ends_with(" ok"))
        };
        assert!(done("hold") && done("broken"), "{model} was not looked at");
    }
}

/// Claim V1.
#[test]
fn no_attack_on_the_first_contact_is_found_and_each_missing_rule_is() {
    run("verifpal", &["first_contact.vp", "known_link.vp"]);
}

/// Claims F1 and P1.
#[test]
fn the_turns_of_fresh_keys_shut_a_thief_out_and_without_them_he_stays() {
    run("verifpal", &["ratchet.vp"]);
}

/// Claim M7.
#[test]
fn slots_are_unlinkable_and_without_a_rule_they_are_not() {
    run("verifpal", &["slots.vp"]);
}

/// Claim P1.
#[test]
fn no_order_of_turns_jams_or_parts_two_sides_and_without_a_rule_one_does() {
    run("spin", &["turns.pml"]);
}
