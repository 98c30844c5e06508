//! What `deploy/relay` makes of the program.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::{path::Path, process::Command};

use common::{PROGRAM, say, text};
use tempfile::TempDir;

const DEPLOY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/relay");

fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

fn package(into: &Path) -> String {
    let made = Command::new(format!("{DEPLOY}/package"))
        .arg(PROGRAM)
        .arg(into)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", text(&made.stderr));
    text(&made.stdout).trim().to_owned()
}

#[test]
fn the_package_holds_program_unit_and_settings_and_is_the_same_each_time() {
    if !has("dpkg-deb") {
        say("SKIPPED: a Debian package; there is no dpkg-deb here");
        return;
    }
    let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let first = package(one.path());
    let second = package(two.path());
    assert_eq!(
        std::fs::read(&first).unwrap(),
        std::fs::read(&second).unwrap()
    );
    let root = one.path().join("root");
    let unpacked = Command::new("dpkg-deb")
        .arg("-x")
        .arg(&first)
        .arg(&root)
        .status();
    assert!(unpacked.unwrap().success());
    let unit = root.join("usr/lib/systemd/system/hushwing-relay.service");
    assert!(
        std::fs::read_to_string(&unit)
            .unwrap()
            .contains("NoNewPrivileges=yes")
    );
    // The settings that come with it are settings; only its folder is not ours.
    let config = root.join("etc/hushwing-relay/relay.toml");
    let said = Command::new(root.join("usr/bin/hushwing-relay"))
        .args(["doctor", "--dir", "/nonexistent", "--config"])
        .arg(&config)
        .output()
        .unwrap();
    assert_eq!(said.status.code(), Some(1), "{}", text(&said.stderr));
    // Every setting that is shown as a comment is one, too.
    let shown = std::fs::read_to_string(&config).unwrap();
    let all: String = shown
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if setting.contains(" = ") && !setting.starts_with(' ') => setting,
            Some(_) => "",
            None => line,
        })
        .filter(|line| !line.starts_with("seal-key-file"))
        .fold(String::new(), |all, line| all + line + "\n");
    assert!(all.lines().count() > 8);
    std::fs::write(&config, all).unwrap();
    let said = Command::new(root.join("usr/bin/hushwing-relay"))
        .args(["doctor", "--dir", "/nonexistent", "--config"])
        .arg(&config)
        .output()
        .unwrap();
    assert_eq!(said.status.code(), Some(1), "{}", text(&said.stderr));
}

#[test]
fn the_unit_is_one_that_systemd_takes() {
    if !has("systemd-analyze") {
        say("SKIPPED: the unit; there is no systemd-analyze here");
        return;
    }
    let temp = TempDir::new().unwrap();
    let unit = std::fs::read_to_string(format!("{DEPLOY}/hushwing-relay.service")).unwrap();
    let path = temp.path().join("hushwing-relay.service");
    std::fs::write(&path, unit.replace("/usr/bin/hushwing-relay", PROGRAM)).unwrap();
    let checked = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(&path)
        .output()
        .unwrap();
    let said = text(&checked.stderr);
    assert!(
        checked.status.success() && !said.contains("hushwing-relay"),
        "{said}"
    );
}

#[test]
fn an_installed_relay_works_on_a_copy_of_this_machine() {
    let tried = Command::new(format!("{DEPLOY}/try-install"))
        .arg(PROGRAM)
        .output()
        .unwrap();
    let said = text(&tried.stdout);
    assert!(tried.status.success(), "{said}\n{}", text(&tried.stderr));
    say(&said);
    assert!(
        said.contains("installed, used, removed") || said.contains("SKIPPED"),
        "{said}"
    );
}
