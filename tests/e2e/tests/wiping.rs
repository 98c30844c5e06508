//! Wiping through the command line: product row A10.

use std::{collections::BTreeSet, fs, process::Command};

use anyhow::{Context as _, Result, ensure};
use hushwing_e2e::{
    person::{Person, Setting, Way},
    programs,
    stage::{self, Folder},
};

/// `[HW-VAULT-47]` `[HW-API-22]` Claim S1.
#[test]
fn a_wiped_account_leaves_nothing_whether_it_was_open_locked_or_without_a_daemon() {
    play().unwrap_or_else(|why| panic!("{why:?}"));
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Locked,
    NoDaemon,
}

fn play() -> Result<()> {
    let folder = Folder::temporary()?;
    let setting = Setting {
        way: Way::Loopback,
        log_level: "info",
    };
    let mut alice = Person::new("Alice", folder.path(), setting)?;
    for state in [State::Open, State::Locked, State::NoDaemon] {
        alice.come_online_fully()?;
        match state {
            State::Open => {}
            State::Locked => drop(alice.ask(&["lock"])?),
            State::NoDaemon => alice.go_offline()?,
        }
        // A backup that nobody has fetched yet.
        let spool = alice.dir().join("spool");
        fs::create_dir_all(&spool)?;
        fs::write(spool.join("0".repeat(32)), [7; 100_000])?;
        let before = names(&alice)?;
        ensure!(
            before.contains("vault.hw"),
            "there is no account: {before:?}"
        );
        // Neither without a word nor by another one.
        ensure!(
            wipe(&alice, &[])?.0 == 1,
            "{state:?}: wiped without being told"
        );
        ensure!(names(&alice)? == before, "{state:?}: something was done");

        let (code, said) = wipe(&alice, &["--yes"])?;
        ensure!(code == 0, "{state:?}: {said}");
        let left: BTreeSet<_> = names(&alice)?
            .into_iter()
            .filter(|name| !["api.json", "daemon.lock", "vault.lock", "spool"].contains(&&name[..]))
            .collect();
        ensure!(left.is_empty(), "{state:?}: left: {left:?}");
        let waits = fs::read_dir(&spool)?.count();
        ensure!(waits == 0, "{state:?}: a backup is left");
        let lock = alice.dir().join("vault.lock");
        ensure!(fs::metadata(lock)?.len() == 0, "the lock holds something");
        ensure!(
            wipe(&alice, &["--yes"])?.0 == 1,
            "{state:?}: nothing was wiped once more"
        );
        if state == State::NoDaemon {
            alice.come_online_fully()?;
        } else {
            let status = alice.ask(&["status"])?;
            ensure!(status["vault"] == "missing", "{state:?}: {status}");
            alice.go_offline()?;
        }
        if alice.is_online() {
            alice.go_offline()?;
        }
    }
    stage::require_nobody_left(&folder)
}

fn names(person: &Person) -> Result<BTreeSet<String>> {
    fs::read_dir(person.dir())?
        .map(|entry| {
            let name = entry?.file_name().into_string();
            name.ok().context("a name that is text")
        })
        .collect()
}

/// The exit code of `hushwing wipe` and what it said.
fn wipe(person: &Person, args: &[&str]) -> Result<(i32, String)> {
    let out = Command::new(programs::find("hushwing")?)
        .arg("--dir")
        .arg(person.dir())
        .arg("wipe")
        .args(args)
        .stdin(std::process::Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    Ok((out.status.code().context("it was killed")?, said))
}
