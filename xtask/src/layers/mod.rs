//! `xtask check-layers`: the architecture's boundaries, checked on the
//! resolved dependency graph.

pub(crate) mod graph;
pub(crate) mod rules;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use graph::{Graph, Kind};
use rules::RULES;

/// Empty crates that stand in for optional dependencies (`stubs/`). Nothing
/// may compile them.
const STUBS: &[&str] = &["openmls_sqlite_storage"];

/// Checks the workspace at `root`.
///
/// # Errors
/// Names every boundary that is crossed, with the chain of crates that crosses
/// it and the reason for the boundary.
pub(crate) fn check(root: &Path) -> Result<String> {
    let graph = Graph::of_workspace(root)?;
    let mut report = String::new();
    for rule in RULES {
        let lines = rule.broken_by(&graph);
        if !lines.is_empty() {
            report.push_str(&format!("\n  because {}:\n", rule.because));
            for line in lines {
                report.push_str(&format!("    {line}\n"));
            }
        }
    }
    for stub in STUBS {
        if is_compiled(root, stub)? {
            report.push_str(&format!("\n  the stand-in {stub} would be compiled\n"));
        }
    }
    for line in testing_features(root, &graph)? {
        report.push_str(&format!("\n  {line}\n"));
    }
    if !report.is_empty() {
        bail!("the layers are broken{report}");
    }
    Ok(format!(
        "layers: {} rules hold for {} shipped crates",
        RULES.len(),
        graph.of_kind(Kind::Shipped).count()
    ))
}

/// Features that only tests may turn on: with one of them a program can be told to go
/// without a safeguard, or hands out what it should keep.
const TESTING_FEATURES: &[&str] = &["simulation", "fuzzing"];

/// Which shipped crates, each built for itself as a release is, turn on a feature that
/// only tests may.
fn testing_features(root: &Path, graph: &Graph) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for shipped in graph.of_kind(Kind::Shipped) {
        let tree = cargo_tree(root, &["--package", shipped, "--format", "{p}|{f}"])?;
        for line in tree.lines() {
            let Some((package, features)) = line.split_once('|') else {
                continue;
            };
            let name = package.split_whitespace().next().unwrap_or_default();
            let wrong = features
                .split([',', ' '])
                .find(|feature| TESTING_FEATURES.contains(feature));
            if let Some(feature) = wrong.filter(|_| name.starts_with("hushwing")) {
                lines.push(format!(
                    "{shipped} builds {name} with '{feature}', which is for tests"
                ));
            }
        }
    }
    lines.dedup();
    Ok(lines)
}

/// Whether a build of the workspace contains `package`.
///
/// `cargo metadata` lists weakly named optional dependencies as edges even
/// when no feature turns them on; `cargo tree` resolves the features.
fn is_compiled(root: &Path, package: &str) -> Result<bool> {
    let tree = cargo_tree(root, &["--workspace", "--format", "{p}"])?;
    Ok(tree
        .lines()
        .any(|line| line.split_whitespace().next() == Some(package)))
}

/// What `cargo tree` prints of a build, a line each.
fn cargo_tree(root: &Path, arguments: &[&str]) -> Result<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let out = Command::new(cargo)
        .current_dir(root)
        .args(["tree", "--prefix", "none", "--edges", "normal,build"])
        .args(arguments)
        .output()
        .context("cannot start cargo")?;
    if !out.status.success() {
        bail!(
            "cargo tree failed:\n{}",
            String::from_utf8_lossy(&out.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}
