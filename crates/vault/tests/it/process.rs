//! Other processes: the lock between them, and what is left when one is killed.
//!
//! A child is this test binary again, told by its environment which folder to
//! use; without that the child tests do nothing.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdout, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use super::*;

const DIR: &str = "HUSHWING_VAULT_TEST_DIR";
const ROWS: u8 = 8;

/// A child, which ends with the test that started it, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts `name` as a process of its own on `dir`; its output line by line.
fn start(name: &str, dir: &Path) -> (Running, BufReader<ChildStdout>) {
    start_after("true", name, dir)
}

/// The same, after `setup` in the shell that becomes the child.
fn start_after(setup: &str, name: &str, dir: &Path) -> (Running, BufReader<ChildStdout>) {
    let mut child = Command::new("sh")
        .args(["-c", &format!("{setup}; exec \"$0\" \"$@\"")])
        .arg(env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture"])
        .arg(format!("process::{name}"))
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(child.stdout.take().unwrap());
    (Running(child), output)
}

/// Lets the child come to its end, which must be a good one; what it wrote to
/// standard error.
fn end(mut child: Running, output: BufReader<ChildStdout>) -> String {
    output.lines().for_each(drop);
    let status = child.0.wait().unwrap();
    let errors = std::io::read_to_string(child.0.stderr.take().unwrap()).unwrap();
    assert!(status.success(), "{errors}");
    errors
}

/// Reads until the child says `word`, and gives what comes after it.
fn wait_for(output: &mut impl BufRead, word: &str) -> String {
    let mut line = String::new();
    while output.read_line(&mut line).unwrap() > 0 {
        if let Some(rest) = line.trim().strip_prefix(word) {
            return rest.trim().to_owned();
        }
        line.clear();
    }
    panic!("the child ended without saying {word}");
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

fn child_vault() -> Option<Vault> {
    Some(open(Path::new(&env::var_os(DIR)?)).unwrap())
}

#[test]
#[ignore = "a child of other tests"]
fn child_holds_the_vault() {
    let Some(_vault) = child_vault() else { return };
    say("\nopen");
    sleep(Duration::from_mins(1));
}

#[test]
fn another_process_gets_in_use_until_the_first_is_gone() {
    let (dir, vault) = new_vault();
    drop(vault);
    let (child, mut output) = start("child_holds_the_vault", dir.path());
    wait_for(&mut output, "open");
    assert_eq!(open(dir.path()).unwrap_err(), OpenError::InUse);
    let refused = Vault::create(dir.path(), &right(), WEAK);
    assert!(refused.is_err());
    drop(child);
    open(dir.path()).unwrap();
}

/// Each transaction writes its number into all rows, with much or little around
/// it, so that a torn one shows.
fn write_numbered(txn: &impl Store, number: u32) -> Result<(), StoreError> {
    for row in 0..ROWS {
        let len = 4 + (number as usize * 7919 + usize::from(row) * 977) % 17_000;
        let mut value = vec![row; len];
        value[..4].copy_from_slice(&number.to_be_bytes());
        txn.put(TABLE, &[row], &value)?;
    }
    Ok(())
}

/// The number in all rows.
fn read_number(vault: &mut Vault) -> u32 {
    let rows = all_rows(vault).unwrap();
    let numbers: Vec<_> = rows
        .iter()
        .map(|(_, value)| u32::from_be_bytes(value[..4].try_into().unwrap()))
        .collect();
    assert_eq!(numbers, vec![numbers[0]; usize::from(ROWS)]);
    for (row, (key, value)) in (0..ROWS).zip(&rows) {
        assert_eq!(key, &[row]);
        assert!(value[4..].iter().all(|byte| *byte == row));
    }
    numbers[0]
}

#[test]
#[ignore = "a child of other tests"]
fn child_commits_without_end() {
    let Some(mut vault) = child_vault() else {
        return;
    };
    let first = read_number(&mut vault) + 1;
    for number in first.. {
        vault
            .transaction(|txn| write_numbered(txn, number))
            .unwrap();
        say(&format!("\ncommitted {number}"));
    }
}

/// Claim D0.
#[test]
fn a_process_killed_at_any_moment_leaves_the_last_commit_whole() {
    let (dir, mut vault) = new_vault();
    vault.transaction(|txn| write_numbered(txn, 0)).unwrap();
    drop(vault);
    for round in 0..12 {
        let (child, mut output) = start("child_commits_without_end", dir.path());
        wait_for(&mut output, "committed");
        sleep(Duration::from_micros(1_300 * round * round));
        drop(child);
        let said: Vec<u32> = output
            .lines()
            .filter_map(|line| line.ok()?.strip_prefix("committed ")?.parse().ok())
            .collect();
        let number = read_number(&mut open(dir.path()).unwrap());
        if let Some(last) = said.last() {
            // It may have died between the commit and saying so.
            assert!((*last..=last + 1).contains(&number), "{last}, {number}");
        }
    }
}

#[test]
#[ignore = "a child of other tests"]
fn child_stops_in_mid_transaction() {
    let Some(mut vault) = child_vault() else {
        return;
    };
    vault
        .transaction(|txn| {
            // More than the page cache, so that part of it is in the log.
            for row in 0..1_000u32 {
                txn.put(Table(41), &row.to_be_bytes(), &vec![9; 16_384])?;
            }
            write_numbered(txn, 77)?;
            say("\nwritten");
            sleep(Duration::from_mins(1));
            Ok::<_, StoreError>(())
        })
        .unwrap();
}

#[test]
fn a_process_killed_in_mid_transaction_leaves_nothing_of_it() {
    let (dir, mut vault) = new_vault();
    vault.transaction(|txn| write_numbered(txn, 1)).unwrap();
    drop(vault);
    let (child, mut output) = start("child_stops_in_mid_transaction", dir.path());
    wait_for(&mut output, "written");
    drop(child);
    let log = fs::metadata(dir.path().join("vault.db-wal")).unwrap().len();
    assert!(log > 1 << 20, "the transaction had reached the log: {log}");
    let mut vault = open(dir.path()).unwrap();
    assert_eq!(read_number(&mut vault), 1);
    let torn =
        vault.transaction(|txn| txn.scan(Table(41), &[], None, Order::Ascending, usize::MAX));
    assert_eq!(torn, Ok(Vec::new()));
}

#[test]
#[ignore = "a child of other tests"]
fn child_meets_a_wrong_passphrase_and_damage() {
    let Some(dir) = env::var_os(DIR) else { return };
    let dir = Path::new(&dir);
    let wrong = Vault::open(dir, &passphrase("wrong"));
    assert_eq!(wrong.unwrap_err(), OpenError::WrongPassphrase);
    let damaged = open(dir).map(|mut vault| all_rows(&mut vault));
    assert!(!matches!(damaged, Ok(Ok(_))));
    say("\nboth refused");
}

#[test]
fn nothing_is_printed_when_a_page_does_not_decrypt() {
    let (dir, mut vault) = new_vault();
    put(&mut vault, b"key", b"value");
    drop(vault);
    let database = dir.path().join("vault.db");
    let good = fs::read(&database).unwrap();
    for at in [20, good.len() - 100] {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        fs::write(&database, bytes).unwrap();
        let (child, mut output) = start("child_meets_a_wrong_passphrase_and_damage", dir.path());
        wait_for(&mut output, "both refused");
        assert_eq!(end(child, output), "");
    }
}

#[test]
#[ignore = "a child of other tests"]
fn child_creates_under_an_open_umask() {
    let Some(dir) = env::var_os(DIR) else { return };
    let mut vault = create(Path::new(&dir));
    put(&mut vault, b"key", b"value");
    say("\ncreated");
    sleep(Duration::from_mins(1));
}

#[cfg(unix)]
#[test]
fn an_open_umask_makes_no_file_readable() {
    use std::os::unix::fs::PermissionsExt;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("vault");
    let (child, mut output) = start_after("umask 000", "child_creates_under_an_open_umask", &dir);
    wait_for(&mut output, "created");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&dir), 0o700);
    let names: Vec<_> = files(&dir).into_keys().collect();
    assert_eq!(
        names,
        ["vault.db", "vault.db-wal", "vault.hw", "vault.lock"]
    );
    for name in names {
        assert_eq!(mode(&dir.join(&name)), 0o600, "{name}");
    }
    drop(child);
}

#[test]
#[ignore = "a child of other tests"]
fn child_runs_into_a_failing_disk() {
    let Some(mut vault) = child_vault() else {
        return;
    };
    let mut write = |len| {
        vault.transaction(|txn| {
            txn.put(TABLE, b"kept", b"2")?;
            txn.put(TABLE, b"large", &vec![1; len])?;
            Ok::<_, StoreError>(())
        })
    };
    // More than the page cache: refused in mid-transaction, and rolled back.
    assert!(matches!(write(8 << 20), Err(StoreError::Medium(_))));
    // Less than it: refused in the commit. What is on the disk is not known.
    assert!(matches!(write(1 << 20), Err(StoreError::Medium(_))));
    let after = vault.transaction(|txn| txn.get(TABLE, b"kept"));
    assert_eq!(
        after.unwrap_err().to_string(),
        "the vault could not be read or written: \
         an earlier write failed; close the vault and open it again"
    );
}

/// A limit on the size of files stands in for a disk that refuses a write.
#[cfg(unix)]
#[test]
fn a_write_that_the_disk_refuses_did_not_happen() {
    let (dir, mut vault) = new_vault();
    put(&mut vault, b"kept", b"1");
    drop(vault);
    let (child, output) = start_after(
        "trap '' XFSZ; ulimit -f 512",
        "child_runs_into_a_failing_disk",
        dir.path(),
    );
    end(child, output);
    let mut vault = open(dir.path()).unwrap();
    assert_eq!(get(&mut vault, b"kept").unwrap(), b"1");
    assert_eq!(get(&mut vault, b"large"), None);
}
