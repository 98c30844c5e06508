//! `xtask check-claims --mutate`: each mutation is made in a copy of the tree,
//! and the tests that the register names beside it must fail.
//!
//! The copy lies below the target folder and shares the working tree's build
//! folder, so what was compiled of others' crates is used again. Cargo tells the
//! project's own crates apart by name, version and their path inside of the
//! workspace alone, not by where the workspace lies; therefore the copy has another
//! version, or one tree's builds would pass for the other's. Finished programs go
//! elsewhere, since those have no hash in their names.
//!
//! A build that fails proves nothing, nor does a test that fails without the
//! mutation; both are errors, not kills.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::mutations::{Mutation, Mutations};
use super::page::{Register, TestName};
use crate::{docs, say};

/// Where in the target folder the copy lies, and what it builds in the end.
const TREE: &str = "mutate/tree";
const PROGRAMS: &str = "mutate/target";

/// Tests that start the programs of other packages, which cargo does not build for them.
const OF_PROGRAMS: &str = "hushwing-e2e::";

/// What is put behind the version of the copy.
const VERSION_SUFFIX: &str = "+mutated";

/// What the test runner's exit codes mean.
const PASSED: i32 = 0;
const TESTS_FAILED: i32 = 100;
const BUILD_FAILED: i32 = 101;
const NO_TESTS: i32 = 4;

/// What the test runner said of a run.
struct Summary {
    run: usize,
    passed_count: usize,
    /// By the names of their binaries and their own.
    passed: BTreeSet<String>,
}

impl Summary {
    /// Lines like `PASS [   0.1s] (1/2) package::binary a::test` and
    /// `Summary [   0.1s] 2 tests run: 1 passed, 1 failed, 3 skipped`.
    fn read(said: &str) -> Option<Self> {
        let mut counts = None;
        let mut passed = BTreeSet::new();
        for line in said.lines() {
            let Some((what, rest)) = line.trim_start().split_once(" [") else {
                continue;
            };
            let Some((_, rest)) = rest.split_once("] ") else {
                continue;
            };
            match what {
                "PASS" | "LEAK" => {
                    let name = rest.rsplit_once(") ").map_or(rest, |(_, name)| name);
                    passed.insert(name.trim().to_owned());
                }
                "Summary" => {
                    let (run, rest) = rest.split_once(" run: ")?;
                    let run = run.split(' ').next()?.parse().ok()?;
                    let passed_count = rest
                        .split(", ")
                        .find_map(|part| {
                            part.strip_suffix(" passed")
                                .or_else(|| part.split_once(" passed (").map(|(count, _)| count))
                        })
                        .map_or(Some(0), |count| count.trim().parse().ok())?;
                    counts = Some((run, passed_count));
                }
                _ => {}
            }
        }
        let (run, passed_count) = counts?;
        Some(Self {
            run,
            passed_count,
            passed,
        })
    }
}

/// Tests that are built by the same command, together.
fn by_target<'a>(tests: impl Iterator<Item = &'a TestName>) -> Vec<Vec<&'a TestName>> {
    let mut groups: BTreeMap<(bool, Vec<String>), Vec<&TestName>> = BTreeMap::new();
    for test in tests {
        let key = (test.binary.starts_with(OF_PROGRAMS), target_of(test));
        groups.entry(key).or_default().push(test);
    }
    groups.into_values().collect()
}

/// A mutation, and the claims and tests that name it.
struct Trial<'a> {
    mutation: &'a Mutation,
    tests: BTreeMap<&'a TestName, BTreeSet<&'a str>>,
}

/// Tries the mutations of the claims or mutations in `only`, or all.
///
/// # Errors
/// A mutation that a named test survived, or that could not be tried.
pub(super) fn run(
    root: &Path,
    register: &Register,
    mutations: &Mutations,
    only: &[String],
) -> Result<String> {
    let trials = chosen(register, mutations, only)?;
    let target = target_folder(root);
    let tree = Tree::copy(root, &target)?;
    let tests: BTreeSet<&TestName> = trials
        .iter()
        .flat_map(|t| t.tests.keys().copied())
        .collect();
    say(&format!(
        "{} mutations against {} tests; first without mutations",
        trials.len(),
        tests.len()
    ));
    for together in by_target(tests.iter().copied()) {
        let passed = tree.passed(&target, &together)?;
        if let Some(test) = together.iter().find(|test| !passed.contains(**test)) {
            bail!("{test} fails without a mutation too");
        }
    }
    // By file, so that few crates are built twice for one mutation; the table is in the
    // order of the register.
    let mut order: Vec<usize> = (0..trials.len()).collect();
    order.sort_by_key(|number| &trials[*number].mutation.file);
    let (mut rows, mut wrong) = (BTreeMap::new(), 0_usize);
    for number in order {
        let trial = &trials[number];
        let began = Instant::now();
        let mutated = tree.mutate(trial.mutation)?;
        for together in by_target(trial.tests.keys().copied()) {
            let passed = tree.passed(&target, &together);
            for test in together {
                let result = match &passed {
                    Ok(passed) if !passed.contains(test) => "failed as it must".to_owned(),
                    Ok(_) => {
                        wrong += 1;
                        "SURVIVED".to_owned()
                    }
                    Err(error) => {
                        wrong += 1;
                        format!("NOT TRIED: {error:#}")
                    }
                };
                let claims: Vec<&str> = trial.tests[test].iter().copied().collect();
                let row = format!(
                    "| {} | {} | {test} | {result} |",
                    claims.join(", "),
                    trial.mutation.id
                );
                say(&format!("{row} {} s", began.elapsed().as_secs()));
                rows.insert((number, test), row);
            }
        }
        mutated.take_back()?;
    }
    let rows: Vec<String> = rows.into_values().collect();
    let table = format!(
        "\n| claim | mutation | test | result |\n|---|---|---|---|\n{}",
        rows.join("\n")
    );
    if wrong > 0 {
        bail!(
            "{table}\n\n{wrong} of {} did not fail as they must",
            rows.len()
        );
    }
    Ok(format!("{table}\n\nall {} failed as they must", rows.len()))
}

/// The trials in the order of the register.
fn chosen<'a>(
    register: &'a Register,
    mutations: &'a Mutations,
    only: &[String],
) -> Result<Vec<Trial<'a>>> {
    let mut trials: Vec<Trial<'a>> = Vec::new();
    let mut used = BTreeSet::new();
    for row in &register.rows {
        for line in &row.lines {
            let Some(mutation) = line.mutation.as_deref().and_then(|id| mutations.find(id)) else {
                continue;
            };
            let by = only
                .iter()
                .find(|one| **one == row.id || **one == mutation.id);
            if by.is_none() && !only.is_empty() {
                continue;
            }
            used.extend(by);
            let at = trials.iter().position(|t| t.mutation.id == mutation.id);
            let at = at.unwrap_or_else(|| {
                trials.push(Trial {
                    mutation,
                    tests: BTreeMap::new(),
                });
                trials.len() - 1
            });
            let claims = trials[at].tests.entry(&line.test).or_default();
            claims.insert(row.id.as_str());
        }
    }
    if let Some(one) = only.iter().find(|one| !used.contains(one)) {
        bail!("{one} is no claim and no mutation with a test");
    }
    Ok(trials)
}

fn target_folder(root: &Path) -> PathBuf {
    let set = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    root.join(set.unwrap_or_else(|| PathBuf::from("target")))
}

/// A copy of the working tree, as it is and not as it was committed.
struct Tree {
    root: PathBuf,
}

impl Tree {
    fn copy(from: &Path, target: &Path) -> Result<Self> {
        let root = target.join(TREE);
        let wanted = docs::project_files(from)?;
        for name in &wanted {
            let Ok(mut content) = fs::read(from.join(name)) else {
                continue; // deleted and not yet committed
            };
            if name == Path::new("Cargo.toml") {
                content = with_other_version(&String::from_utf8(content)?)?.into_bytes();
            }
            // What is the same keeps its time, so that cargo does not build it anew.
            let (original, copy) = (from.join(name), root.join(name));
            write_if_other(&copy, &content)?;
            // Some of the tests start scripts of the tree.
            fs::set_permissions(&copy, fs::metadata(&original)?.permissions())?;
        }
        let wanted: BTreeSet<PathBuf> = wanted
            .into_iter()
            .filter(|n| from.join(n).exists())
            .collect();
        remove_others(&root, Path::new(""), &wanted)?;
        Ok(Self { root })
    }

    fn mutate(&self, mutation: &Mutation) -> Result<Mutated> {
        let path = self.root.join(&mutation.file);
        let before =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let after = mutation.apply(&before)?;
        let mutated = Mutated { path, before };
        fs::write(&mutated.path, after).context("cannot write the mutation")?;
        Ok(mutated)
    }

    /// Builds and runs tests of one target; gives those that passed.
    fn passed(&self, target: &Path, tests: &[&TestName]) -> Result<BTreeSet<TestName>> {
        let first = tests.first().context("no tests")?;
        if first.binary.starts_with(OF_PROGRAMS) {
            let built = self
                .cargo(target)
                // The copy's own version stands in no lock file yet.
                .args(["build", "--workspace", "--bins"])
                .output()
                .context("cannot start cargo build")?;
            if !built.status.success() {
                bail!("the programs do not compile\n{}", last_lines(&built.stderr));
            }
        }
        let filter: Vec<String> = tests
            .iter()
            .map(|test| format!("(binary_id(={}) and test(={}))", test.binary, test.path))
            .collect();
        let out = self
            .cargo(target)
            .args(["nextest", "run", "--retries", "0", "--no-fail-fast"])
            .args(["--color", "never", "--status-level", "pass"])
            .args(["--final-status-level", "none"])
            .args(target_of(first))
            .args(["-E", &filter.join(" or ")])
            .output()
            .context("cannot start cargo nextest")?;
        let said = String::from_utf8_lossy(&out.stderr);
        match out.status.code() {
            Some(PASSED | TESTS_FAILED) => {}
            code => {
                let what = match code {
                    Some(BUILD_FAILED) => "it does not compile",
                    Some(NO_TESTS) => "the tests did not run",
                    _ => "the test runner failed",
                };
                bail!("{what}\n{}", last_lines(&out.stderr))
            }
        }
        let summary = Summary::read(&said).context("the test runner told no summary")?;
        if summary.run != tests.len() {
            bail!("{} of {} tests ran", summary.run, tests.len());
        }
        let passed: BTreeSet<TestName> = tests
            .iter()
            .filter(|test| summary.passed.contains(&test.to_string()))
            .map(|test| (*test).clone())
            .collect();
        // A line that was misread must not pass for a test that failed.
        if passed.len() != summary.passed_count {
            bail!("{} passed, by name {}", summary.passed_count, passed.len());
        }
        Ok(passed)
    }

    fn cargo(&self, target: &Path) -> Command {
        let mut cargo = Command::new("cargo");
        cargo
            .current_dir(&self.root)
            .env("CARGO_BUILD_BUILD_DIR", target)
            .env("CARGO_TARGET_DIR", target.join(PROGRAMS))
            // A test that starts programs looks beside itself: there are those of the tree
            // without the mutation.
            .env("HUSHWING_BIN_DIR", target.join(PROGRAMS).join("debug"));
        cargo
    }
}

/// The end of what a program said, where the reason stands.
fn last_lines(said: &[u8]) -> String {
    let said = String::from_utf8_lossy(said);
    let lines: Vec<&str> = said.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// Only what the test needs is built. Programs and test programs are named
/// among those of the whole workspace, which has one set of features; a library
/// is built alone, since all of them would be built otherwise.
fn target_of(test: &TestName) -> Vec<String> {
    let words = match test.binary.split_once("::") {
        None => vec!["--package", test.binary.as_str(), "--lib"],
        Some((_, program)) => match program.strip_prefix("bin/") {
            Some(name) => vec!["--workspace", "--bin", name],
            None => vec!["--workspace", "--test", program],
        },
    };
    words.into_iter().map(str::to_owned).collect()
}

/// The root manifest with another version of all members.
fn with_other_version(manifest: &str) -> Result<String> {
    let version = |text: &str| -> Option<String> {
        let parsed: toml::Table = toml::from_str(text).ok()?;
        let package = parsed.get("workspace")?.get("package")?;
        Some(package.get("version")?.as_str()?.to_owned())
    };
    let before = version(manifest).context("the workspace has no version")?;
    let after = format!("{before}{VERSION_SUFFIX}");
    let line = |version: &str| format!("\nversion = \"{version}\"");
    let text = manifest.replacen(&line(&before), &line(&after), 1);
    if version(&text).as_ref() != Some(&after) {
        bail!("the version of the copy cannot be set");
    }
    Ok(text)
}

/// A change that is taken back, also when the trial ends early.
struct Mutated {
    path: PathBuf,
    before: String,
}

impl Mutated {
    /// # Errors
    /// The file cannot be written.
    fn take_back(&self) -> Result<()> {
        fs::write(&self.path, &self.before)
            .with_context(|| format!("cannot restore {}", self.path.display()))
    }
}

impl Drop for Mutated {
    fn drop(&mut self) {
        // After `take_back` this writes the same again; if it fails, the next copy mends it.
        let _ = write_if_other(&self.path, self.before.as_bytes());
    }
}

fn write_if_other(path: &Path, content: &[u8]) -> Result<()> {
    if fs::read(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}

/// Removes files of the copy that the working tree does not have.
fn remove_others(root: &Path, inside: &Path, wanted: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(root.join(inside))? {
        let entry = entry?;
        let name = inside.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            remove_others(root, &name, wanted)?;
        } else if !wanted.contains(&name) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "## A1. T\n| x | `p a` | `m1` |\n| x | `p b` | `m2` |\n| x | `p c` | – |\n## B1. T\n| x | `p b` | `m1` |\n";
    const MUTATIONS: &str = "[[mutation]]\nid = \"m1\"\nwhy = \"w\"\nfile = \"f\"\nfind = \"a\"\nreplace = \"b\"\n[[mutation]]\nid = \"m2\"\nwhy = \"w\"\nfile = \"f\"\nfind = \"a\"\nreplace = \"b\"\n";

    fn tried(only: &[&str]) -> Result<Vec<(String, usize)>> {
        let register = Register::parse(PAGE).unwrap();
        let mutations = Mutations::parse(MUTATIONS).unwrap();
        let only: Vec<String> = only.iter().map(|&one| one.to_owned()).collect();
        let trials = chosen(&register, &mutations, &only)?;
        Ok(trials
            .iter()
            .map(|trial| (trial.mutation.id.clone(), trial.tests.len()))
            .collect())
    }

    #[test]
    fn a_mutation_is_tried_once_against_each_of_its_tests() {
        let m = |id: &str, tests| (id.to_owned(), tests);
        assert_eq!(tried(&[]).unwrap(), [m("m1", 2), m("m2", 1)]);
        assert_eq!(tried(&["B1"]).unwrap(), [m("m1", 1)]);
        assert_eq!(tried(&["m2"]).unwrap(), [m("m2", 1)]);
        assert!(tried(&["C1"]).is_err());
    }

    #[test]
    fn only_the_target_of_a_test_is_built() {
        let name = |binary: &str| TestName {
            binary: binary.to_owned(),
            path: "t".to_owned(),
        };
        assert_eq!(target_of(&name("p")), ["--package", "p", "--lib"]);
        assert_eq!(target_of(&name("p::it")), ["--workspace", "--test", "it"]);
        assert_eq!(target_of(&name("p::bin/x")), ["--workspace", "--bin", "x"]);
    }

    #[test]
    fn what_passed_is_read_from_the_lines_of_the_runner() {
        let said = "        PASS [   0.278s] (1/4) p::it salvage::one\n        FAIL [   0.015s] (2/4) p::it two\n  stdout ---\n    PASS of nothing\n        PASS [   1.0s] (3/4) p a::three\n     SIGABRT [   0.0s] (4/4) p four\n     Summary [  13.034s] 4 tests run: 2 passed, 2 failed, 10 skipped\n";
        let summary = Summary::read(said).unwrap();
        assert_eq!((summary.run, summary.passed_count), (4, 2));
        let names: Vec<&str> = summary.passed.iter().map(String::as_str).collect();
        assert_eq!(names, ["p a::three", "p::it salvage::one"]);
        let none =
            Summary::read("     Summary [  1s] 1 test run: 0 passed, 1 failed, 0 skipped").unwrap();
        assert_eq!((none.run, none.passed_count), (1, 0));
        let slow =
            Summary::read("     Summary [  1s] 2 tests run: 2 passed (1 slow), 0 skipped").unwrap();
        assert_eq!((slow.run, slow.passed_count), (2, 2));
        assert!(Summary::read("PASS [ 1s] (1/1) p a").is_none());
    }

    #[test]
    fn the_copy_has_another_version() {
        let manifest = "[workspace]\nmembers = []\n[workspace.package]\nversion = \"0.1.0\"\n";
        let other = with_other_version(manifest).unwrap();
        assert_eq!(other, manifest.replace("0.1.0", "0.1.0+mutated"));
        let misleading = format!("[package]\nversion = \"0.1.0\"\n{manifest}");
        assert!(with_other_version(&misleading).is_err());
        assert!(with_other_version("[workspace]").is_err());
    }

    #[test]
    fn a_change_is_taken_back() {
        let folder = std::env::temp_dir().join(format!("hushwing-mutate-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let tree = Tree {
            root: folder.clone(),
        };
        let mutations = Mutations::parse(MUTATIONS).unwrap();
        fs::write(folder.join("f"), "a").unwrap();
        let mutated = tree.mutate(mutations.find("m1").unwrap()).unwrap();
        assert_eq!(fs::read_to_string(folder.join("f")).unwrap(), "b");
        drop(mutated);
        assert_eq!(fs::read_to_string(folder.join("f")).unwrap(), "a");
        fs::write(folder.join("f"), "aa").unwrap();
        assert!(tree.mutate(mutations.find("m1").unwrap()).is_err());
        fs::create_dir_all(folder.join("d")).unwrap();
        fs::write(folder.join("d/g"), "").unwrap();
        remove_others(
            &folder,
            Path::new(""),
            &BTreeSet::from([PathBuf::from("f")]),
        )
        .unwrap();
        assert!(folder.join("f").exists() && !folder.join("d/g").exists());
        fs::remove_dir_all(&folder).unwrap();
    }
}
