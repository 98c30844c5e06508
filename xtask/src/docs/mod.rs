//! `xtask check-docs`: what the documents say about the code, checked.

mod decoders;
mod limits;
mod requirements;
mod words;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{performance, scaling};
pub(crate) use requirements::{cited_ids, requirement_ids};

/// The project's text files by their path relative to the workspace.
pub(crate) type Texts = BTreeMap<PathBuf, String>;

/// The page that lists the crates.
const ARCHITECTURE: &str = "docs/ARCHITECTURE.md";

/// The page that a newcomer reads first, and the commands it promises.
const README: &str = "README.md";
const COMMANDS: [&str; 2] = ["demo", "test"];

/// Checks the documents of the workspace at `root`.
///
/// # Errors
/// Names every statement that does not hold.
pub(crate) fn check(root: &Path) -> Result<String> {
    let texts = project_texts(root)?;
    let members = members(&texts)?;
    let mut complaints = Vec::new();
    complaints.extend(crate_list(&texts, &members));
    complaints.extend(commands(&texts));
    complaints.extend(broken_links(&texts, root));
    let (count, found) = requirements::check(&texts);
    complaints.extend(found);
    complaints.extend(limits::check(&texts));
    complaints.extend(words::check(&texts));
    complaints.extend(decoders::check(&texts));
    complaints.extend(performance::check(&texts));
    complaints.extend(scaling::check(&texts));
    if !complaints.is_empty() {
        bail!("the documents are wrong:\n  {}", complaints.join("\n  "));
    }
    Ok(format!(
        "docs: {} crates listed, {count} requirements shared by specification, code and tests",
        members.len()
    ))
}

/// Every text file that git tracks or would track; binary files are left out.
pub(crate) fn project_texts(root: &Path) -> Result<Texts> {
    let mut texts = Texts::new();
    for path in project_files(root)? {
        // A file deleted but not yet committed is still in git's list.
        if let Ok(text) = std::fs::read_to_string(root.join(&path)) {
            texts.insert(path, text);
        }
    }
    Ok(texts)
}

/// The path of every file that git tracks or would track.
pub(crate) fn project_files(root: &Path) -> Result<Vec<PathBuf>> {
    let out = Command::new("git")
        .current_dir(root)
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .output()
        .context("cannot start git")?;
    if !out.status.success() {
        bail!(
            "git ls-files failed:\n{}",
            String::from_utf8_lossy(&out.stderr)
        );
    }
    let names = out.stdout.split(|byte| *byte == 0);
    Ok(names
        .filter(|name| !name.is_empty())
        .map(|name| PathBuf::from(String::from_utf8_lossy(name).into_owned()))
        .collect())
}

/// The folders of the workspace's members, from the root manifest.
pub(crate) fn members(texts: &Texts) -> Result<Vec<String>> {
    #[derive(Deserialize)]
    struct Manifest {
        workspace: Workspace,
    }
    #[derive(Deserialize)]
    struct Workspace {
        members: Vec<String>,
    }
    let text = texts
        .get(Path::new("Cargo.toml"))
        .context("no Cargo.toml at the root")?;
    let manifest: Manifest = toml::from_str(text).context("the root Cargo.toml is not valid")?;
    Ok(manifest.workspace.members)
}

/// The table of crates in the architecture page equals the workspace.
fn crate_list(texts: &Texts, members: &[String]) -> Vec<String> {
    let Some(page) = texts.get(Path::new(ARCHITECTURE)) else {
        return vec![format!("{ARCHITECTURE} is missing")];
    };
    let listed: Vec<&str> = page.lines().filter_map(listed_folder).collect();
    let mut lines = Vec::new();
    for member in members {
        if !listed.contains(&member.as_str()) {
            lines.push(format!("{ARCHITECTURE} does not list {member}"));
        }
    }
    for folder in &listed {
        if !members.iter().any(|m| m == folder) {
            lines.push(format!("{ARCHITECTURE} lists {folder}, which is no member"));
        }
    }
    lines
}

/// The folder of a table row: "| `crates/wire` | …".
fn listed_folder(line: &str) -> Option<&str> {
    line.strip_prefix("| `")?.split_once("` |").map(|(f, _)| f)
}

/// The commands that the README promises exist.
fn commands(texts: &Texts) -> Vec<String> {
    let readme = texts.get(Path::new(README)).map_or("", String::as_str);
    let script = texts.get(Path::new("x")).map_or("", String::as_str);
    let mut lines = Vec::new();
    for command in COMMANDS {
        if !readme.contains(&format!("./x {command}")) {
            lines.push(format!("{README} does not name ./x {command}"));
        }
    }
    for (number, line) in readme.lines().enumerate() {
        for word in line.split("./x ").skip(1) {
            let name: String = word.chars().take_while(char::is_ascii_lowercase).collect();
            if !script
                .lines()
                .any(|l| l.trim_start().starts_with(&format!("{name})")))
            {
                lines.push(format!(
                    "{README}:{}: ./x has no command {name}",
                    number + 1
                ));
            }
        }
    }
    lines
}

/// Relative links of the documents lead to files.
fn broken_links(texts: &Texts, root: &Path) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, text) in texts.iter().filter(|(p, _)| is_markdown(p)) {
        for target in text.split("](").skip(1).filter_map(|t| t.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || target.contains("://") {
                continue;
            }
            let folder = path.parent().unwrap_or(Path::new(""));
            if !root.join(folder).join(file).exists() {
                lines.push(format!(
                    "{}: the link {target} leads nowhere",
                    path.display()
                ));
            }
        }
    }
    lines
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "md")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(files: &[(&str, &str)]) -> Texts {
        files
            .iter()
            .map(|(path, text)| (PathBuf::from(path), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn crates_missing_from_the_page_and_from_the_workspace_are_named() {
        let texts = texts(&[
            (
                "Cargo.toml",
                "[workspace]\nmembers = [\"crates/a\", \"crates/b\"]",
            ),
            (
                ARCHITECTURE,
                "| folder | x |\n|---|---|\n| `crates/a` | one |\n| `crates/c` | two |\n",
            ),
        ]);
        let members = members(&texts).unwrap();
        assert_eq!(
            crate_list(&texts, &members),
            [
                format!("{ARCHITECTURE} does not list crates/b"),
                format!("{ARCHITECTURE} lists crates/c, which is no member"),
            ]
        );
    }

    #[test]
    fn a_command_that_the_script_lacks_is_named() {
        let texts = texts(&[
            (README, "Run `./x demo` and ./x test, then ./x fly.\n"),
            (
                "x",
                "case $1 in\n    demo) demo ;;\n    test) test ;;\nesac\n",
            ),
        ]);
        assert_eq!(commands(&texts), ["README.md:1: ./x has no command fly"]);
        assert_eq!(commands(&Texts::new()).len(), COMMANDS.len());
    }

    #[test]
    fn a_link_to_a_missing_file_is_named() {
        let dir = env!("CARGO_MANIFEST_DIR");
        let texts = texts(&[(
            "README.md",
            "[a](Cargo.toml) [b](nowhere.md#part) [c](https://example.org/x) [d](#here)",
        )]);
        assert_eq!(
            broken_links(&texts, Path::new(dir)),
            ["README.md: the link nowhere.md#part leads nowhere"]
        );
    }
}
