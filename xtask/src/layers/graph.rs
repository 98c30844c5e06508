//! The dependency graph of the workspace, as `cargo metadata` resolves it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// What a package of the graph is to this project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A workspace member that ends up in what people run (`crates/`).
    Shipped,
    /// A workspace member that only tests, measures or checks (everything else).
    Workbench,
    /// Somebody else's crate.
    Foreign,
}

/// Packages and their normal (neither dev nor build) dependency edges.
///
/// Names stand for packages; two versions of one crate are one node, because
/// a rule that forbids a crate forbids each version of it.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    kinds: BTreeMap<String, Kind>,
    edges: BTreeMap<String, BTreeSet<String>>,
}

impl Graph {
    /// Reads the graph of the workspace at `root`, for the platform that
    /// compiles it, with default features.
    ///
    /// # Errors
    /// When cargo cannot resolve the workspace offline-or-online, or answers
    /// something that is not its documented format 1.
    pub(crate) fn of_workspace(root: &Path) -> Result<Graph> {
        let host = host_triple()?;
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let out = Command::new(cargo)
            .current_dir(root)
            .args(["metadata", "--format-version", "1"])
            .args(["--filter-platform", &host])
            .output()
            .context("cannot start cargo")?;
        if !out.status.success() {
            bail!(
                "cargo metadata failed:\n{}",
                String::from_utf8_lossy(&out.stderr)
            );
        }
        Graph::from_metadata(&out.stdout)
    }

    fn from_metadata(json: &[u8]) -> Result<Graph> {
        let metadata: Metadata =
            serde_json::from_slice(json).context("cargo metadata is not of format 1")?;
        let members: BTreeSet<&str> = metadata
            .workspace_members
            .iter()
            .map(String::as_str)
            .collect();
        let crates = Path::new(&metadata.workspace_root).join("crates");
        let mut names = BTreeMap::new();
        let mut graph = Graph::default();
        for package in &metadata.packages {
            let kind = if !members.contains(package.id.as_str()) {
                Kind::Foreign
            } else if Path::new(&package.manifest_path).starts_with(&crates) {
                Kind::Shipped
            } else {
                Kind::Workbench
            };
            names.insert(package.id.as_str(), package.name.as_str());
            graph.add(&package.name, kind);
        }
        for node in &metadata.resolve.nodes {
            let from = names
                .get(node.id.as_str())
                .with_context(|| format!("no package has the id {}", node.id))?;
            for dep in node.deps.iter().filter(|dep| dep.is_normal()) {
                let to = names
                    .get(dep.pkg.as_str())
                    .with_context(|| format!("no package has the id {}", dep.pkg))?;
                graph.link(from, to);
            }
        }
        Ok(graph)
    }

    /// Adds a package.
    pub(crate) fn add(&mut self, name: &str, kind: Kind) {
        self.kinds.insert(name.to_owned(), kind);
    }

    /// Adds a normal dependency of `from` on `to`.
    pub(crate) fn link(&mut self, from: &str, to: &str) {
        self.edges
            .entry(from.to_owned())
            .or_default()
            .insert(to.to_owned());
    }

    /// Whether a package of this name is in the graph.
    #[must_use]
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.kinds.contains_key(name)
    }

    /// The packages of one kind, in the order of their names.
    pub(crate) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.kinds
            .iter()
            .filter(move |(_, k)| **k == kind)
            .map(|(name, _)| name.as_str())
    }

    /// Whether `name` is one of ours.
    #[must_use]
    pub(crate) fn is_ours(&self, name: &str) -> bool {
        self.kinds.get(name).is_some_and(|k| *k != Kind::Foreign)
    }

    /// What `name` depends on directly.
    pub(crate) fn direct(&self, name: &str) -> impl Iterator<Item = &str> {
        self.edges
            .get(name)
            .into_iter()
            .flatten()
            .map(String::as_str)
    }

    /// The shortest chain of dependencies from `from` to each package that
    /// `wanted` accepts, `from` and the package included.
    pub(crate) fn chains(&self, from: &str, wanted: impl Fn(&str) -> bool) -> Vec<Vec<String>> {
        let mut parent: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = VecDeque::from([from]);
        let mut found = Vec::new();
        while let Some(at) = queue.pop_front() {
            for next in self.direct(at) {
                if next == from || parent.contains_key(next) {
                    continue;
                }
                parent.insert(next, at);
                queue.push_back(next);
                if wanted(next) {
                    found.push(next);
                }
            }
        }
        found
            .into_iter()
            .map(|end| {
                let mut chain = vec![end.to_owned()];
                let mut at = end;
                while let Some(before) = parent.get(at) {
                    chain.push((*before).to_owned());
                    at = before;
                }
                chain.reverse();
                chain
            })
            .collect()
    }
}

fn host_triple() -> Result<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let out = Command::new(rustc)
        .arg("-vV")
        .output()
        .context("cannot start rustc")?;
    let text = String::from_utf8_lossy(&out.stdout);
    text.lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .context("rustc -vV names no host")
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_members: Vec<String>,
    workspace_root: String,
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Package {
    id: String,
    name: String,
    manifest_path: String,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    deps: Vec<Dep>,
}

#[derive(Deserialize)]
struct Dep {
    pkg: String,
    dep_kinds: Vec<DepKind>,
}

#[derive(Deserialize)]
struct DepKind {
    kind: Option<String>,
}

impl Dep {
    /// A normal dependency has the kind `null` in cargo's format.
    fn is_normal(&self) -> bool {
        self.dep_kinds.iter().any(|k| k.kind.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_normal_edges_are_read_and_members_are_told_apart() {
        let json = br#"{
            "workspace_root": "/w",
            "workspace_members": ["a#1", "t#1"],
            "packages": [
                {"id": "a#1", "name": "a", "manifest_path": "/w/crates/a/Cargo.toml"},
                {"id": "t#1", "name": "t", "manifest_path": "/w/tests/t/Cargo.toml"},
                {"id": "x#1", "name": "x", "manifest_path": "/r/x/Cargo.toml"}
            ],
            "resolve": {"nodes": [
                {"id": "a#1", "deps": [
                    {"pkg": "x#1", "dep_kinds": [{"kind": null}]},
                    {"pkg": "t#1", "dep_kinds": [{"kind": "dev"}, {"kind": "build"}]}
                ]},
                {"id": "t#1", "deps": []},
                {"id": "x#1", "deps": []}
            ]}
        }"#;
        let graph = Graph::from_metadata(json).unwrap();
        assert_eq!(graph.of_kind(Kind::Shipped).collect::<Vec<_>>(), ["a"]);
        assert_eq!(graph.of_kind(Kind::Workbench).collect::<Vec<_>>(), ["t"]);
        assert_eq!(graph.of_kind(Kind::Foreign).collect::<Vec<_>>(), ["x"]);
        assert_eq!(graph.direct("a").collect::<Vec<_>>(), ["x"]);
    }

    #[test]
    fn a_chain_is_the_shortest_one_and_survives_cycles() {
        let mut graph = Graph::default();
        for name in ["a", "b", "c", "d"] {
            graph.add(name, Kind::Foreign);
        }
        for (from, to) in [("a", "b"), ("b", "c"), ("c", "d"), ("b", "d"), ("d", "a")] {
            graph.link(from, to);
        }
        assert_eq!(graph.chains("a", |n| n == "d"), [["a", "b", "d"]]);
        assert!(graph.chains("a", |n| n == "a").is_empty());
    }
}
