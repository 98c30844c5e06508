//! `xtask check-claims`: the register of claims against the tests and the code.
//!
//! A claim is worth what the tests behind it are. The register
//! (`docs/security/claims.md`) names for each claim the tests that would fail if
//! it were false, and for each such test a mutation of the code that makes it
//! false. Checked here: each named test exists and says in its documentation
//! which claim it is for (`Claim` and its id), and each test that says so stands in the
//! register; each mutation fits the code in exactly one place; what no test
//! refutes is said to be open, here and in `docs/known-issues.md`. With
//! `--mutate` the mutations are made, one at a time, in a copy of the tree, and
//! each test must then fail.

mod mutations;
mod page;
mod scan;
mod trial;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Result, bail};

use crate::docs::{self, Texts};
use mutations::Mutations;
use page::{Register, TestName};
use scan::Test;

/// The register.
const REGISTER: &str = "docs/security/claims.md";

/// Where everything that is missing is listed.
const KNOWN_ISSUES: &str = "docs/known-issues.md";

/// The pages whose tests and requirements must exist.
const PAGES: &str = "docs/security";

/// The command's arguments.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Make the mutations and demand that the tests fail (slow)
    #[arg(long)]
    mutate: bool,
    /// Claims or mutations; none: all
    #[arg(requires = "mutate")]
    only: Vec<String>,
}

/// Everything that the check compares.
struct Sources {
    register: Register,
    mutations: Mutations,
    tests: BTreeMap<TestName, Test>,
}

/// Checks the register of the workspace at `root`; with `--mutate` it tries the
/// mutations too.
///
/// # Errors
/// Names everything that does not hold.
pub(crate) fn run(root: &Path, args: &Args) -> Result<String> {
    let texts = docs::project_texts(root)?;
    let sources = Sources::read(&texts)?;
    let complaints = sources.complaints(&texts);
    if !complaints.is_empty() {
        bail!(
            "the register of claims is wrong:\n  {}",
            complaints.join("\n  ")
        );
    }
    if args.mutate {
        return trial::run(root, &sources.register, &sources.mutations, &args.only);
    }
    Ok(sources.summary())
}

impl Sources {
    fn read(texts: &Texts) -> Result<Self> {
        let text = |path: &str| texts.get(Path::new(path)).map_or("", String::as_str);
        Ok(Self {
            register: Register::parse(text(REGISTER))?,
            mutations: Mutations::parse(text(mutations::FILE))?,
            tests: scan::tests(texts)?,
        })
    }

    fn complaints(&self, texts: &Texts) -> Vec<String> {
        let known = texts
            .get(Path::new(KNOWN_ISSUES))
            .map_or("", String::as_str);
        let mut lines = self.register.complaints();
        lines.extend(self.tests_of_the_register());
        lines.extend(self.claims_of_the_tests());
        lines.extend(self.mutations_of_the_register());
        lines.extend(self.mutations.complaints(texts));
        lines.extend(self.open_points(known));
        lines.extend(self.other_pages(texts));
        lines
    }

    /// Each named test exists, runs, and names the claim itself.
    fn tests_of_the_register(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for row in &self.register.rows {
            for line in &row.lines {
                let Some(test) = self.tests.get(&line.test) else {
                    lines.push(format!("{REGISTER}: {}: no test {}", row.id, line.test));
                    continue;
                };
                if test.ignored {
                    lines.push(format!(
                        "{REGISTER}: {}: {} is ignored, so it proves nothing",
                        row.id, line.test
                    ));
                }
                if !test.claims.contains(&row.id) {
                    lines.push(format!(
                        "{}: {} does not say \"Claim {}.\"",
                        test.file.display(),
                        line.test,
                        row.id
                    ));
                }
            }
        }
        lines
    }

    /// Each claim that a test names is one, and names the test.
    fn claims_of_the_tests(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, test) in &self.tests {
            for claim in &test.claims {
                let row = self.register.rows.iter().find(|row| row.id == *claim);
                let place = test.file.display();
                match row {
                    None => lines.push(format!(
                        "{place}: {name} names claim {claim}, which is none"
                    )),
                    Some(row) if !row.lines.iter().any(|line| line.test == *name) => lines.push(
                        format!("{place}: {name} says that it is for {claim}; {REGISTER} does not"),
                    ),
                    Some(_) => {}
                }
            }
        }
        lines
    }

    fn mutations_of_the_register(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut named = BTreeSet::new();
        for row in &self.register.rows {
            for line in &row.lines {
                let Some(id) = &line.mutation else { continue };
                named.insert(id.as_str());
                if self.mutations.find(id).is_none() {
                    lines.push(format!("{REGISTER}: {}: no mutation {id}", row.id));
                }
            }
        }
        for mutation in self.mutations.iter() {
            if !named.contains(mutation.id.as_str()) {
                lines.push(format!(
                    "{}: no claim names {}",
                    mutations::FILE,
                    mutation.id
                ));
            }
        }
        lines
    }

    /// A claim with an open point stands among the known issues, and no other.
    fn open_points(&self, known: &str) -> Vec<String> {
        let listed: BTreeSet<&str> = known
            .lines()
            .filter_map(|line| line.strip_prefix("- **Claim ")?.split_once(".**"))
            .map(|(id, _)| id)
            .collect();
        let mut lines = Vec::new();
        for row in &self.register.rows {
            match (row.open.is_empty(), listed.contains(row.id.as_str())) {
                (false, false) => lines.push(format!(
                    "{KNOWN_ISSUES} does not say what is open of claim {}",
                    row.id
                )),
                (true, true) => lines.push(format!(
                    "{KNOWN_ISSUES} says that claim {} is open; {REGISTER} does not",
                    row.id
                )),
                _ => {}
            }
        }
        for id in listed {
            if !self.register.rows.iter().any(|row| row.id == id) {
                lines.push(format!("{KNOWN_ISSUES}: there is no claim {id}"));
            }
        }
        lines
    }

    /// Tests and requirements that the pages beside the register name.
    fn other_pages(&self, texts: &Texts) -> Vec<String> {
        let mut lines = Vec::new();
        let stated = docs::requirement_ids(texts);
        for (path, text) in texts.iter().filter(|(path, _)| path.starts_with(PAGES)) {
            if path.extension().is_none_or(|ending| ending != "md") {
                continue;
            }
            let place = path.display();
            for name in page::test_names(text) {
                if !self.tests.contains_key(&name) {
                    lines.push(format!("{place}: no test {name}"));
                }
            }
            for id in docs::cited_ids(text) {
                if !stated.contains(&id) {
                    lines.push(format!("{place}: {id} is not stated in docs/spec"));
                }
            }
        }
        lines
    }

    fn summary(&self) -> String {
        let rows = &self.register.rows;
        let tests: BTreeSet<_> = rows
            .iter()
            .flat_map(|row| row.lines.iter().map(|line| &line.test))
            .collect();
        let open = rows.iter().filter(|row| !row.open.is_empty()).count();
        let mut text = String::new();
        for row in rows {
            text.push_str(&format!(
                "{:<3} {:<7} {:>3} tests  {}\n",
                row.id,
                row.state(),
                row.lines.len(),
                row.title
            ));
        }
        text + &format!(
            "claims: {}, of which {open} have open points; {} tests, {} mutations",
            rows.len(),
            tests.len(),
            self.mutations.iter().count()
        )
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const PAGE: &str = "\
| id | claim | state |
|---|---|---|
| A1 | One | partly |

## A1. One

**Claim.** It holds.

**Against.** Everybody.

**Refuted by.** A test.

| part | test | mutation |
|---|---|---|
| a part | `hushwing-p it_holds` | `break-it` |

- **Open.** The rest.
";
    const MUTATION: &str = "[[mutation]]\nid = \"break-it\"\nwhy = \"w\"\nfile = \"a/src/lib.rs\"\nfind = \"1 + 1\"\nreplace = \"1 - 1\"\n";
    const CODE: &str = "/// Claim A1.\n#[test]\nfn it_holds() { 1 + 1; }\n";
    const KNOWN: &str = "- **Claim A1.** The rest.\n";

    fn complaints(change: impl FnOnce(&mut BTreeMap<&str, String>)) -> Vec<String> {
        let mut files = BTreeMap::from([
            ("Cargo.toml", "[workspace]\nmembers = [\"a\"]".to_owned()),
            (
                "a/Cargo.toml",
                "[package]\nname = \"hushwing-p\"".to_owned(),
            ),
            ("a/src/lib.rs", CODE.to_owned()),
            (REGISTER, PAGE.to_owned()),
            (mutations::FILE, MUTATION.to_owned()),
            (KNOWN_ISSUES, KNOWN.to_owned()),
        ]);
        change(&mut files);
        let texts: Texts = files
            .into_iter()
            .map(|(path, text)| (PathBuf::from(path), text))
            .collect();
        Sources::read(&texts).unwrap().complaints(&texts)
    }

    fn replaced(file: &'static str, from: &str, to: &str) -> Vec<String> {
        complaints(|files| {
            let text = files.get_mut(file).unwrap();
            assert!(text.contains(from));
            *text = text.replacen(from, to, 1);
        })
    }

    #[test]
    fn a_register_that_fits_is_right() {
        assert_eq!(complaints(|_| {}), Vec::<String>::new());
    }

    #[test]
    fn a_test_that_is_missing_ignored_or_silent_is_named() {
        let gone = replaced("a/src/lib.rs", "#[test]", "// #[test]");
        assert!(gone[0].contains("no test hushwing-p it_holds"), "{gone:?}");
        let quoted = replaced("a/src/lib.rs", "#[test]", "const A: &str = \"#[test]\";");
        assert!(
            quoted[0].contains("no test hushwing-p it_holds"),
            "{quoted:?}"
        );
        let ignored = replaced("a/src/lib.rs", "#[test]", "#[test]\n#[ignore]");
        assert!(ignored[0].contains("is ignored"), "{ignored:?}");
        let silent = replaced("a/src/lib.rs", "/// Claim A1.", "// Claim A1.");
        assert!(silent[0].contains("does not say"), "{silent:?}");
    }

    #[test]
    fn a_claim_that_only_a_test_knows_is_named() {
        let unknown = replaced("a/src/lib.rs", "Claim A1.", "Claims A1 and Z9.");
        assert!(unknown[0].contains("Z9, which is none"), "{unknown:?}");
        let more = complaints(|files| {
            let more = "/// Claim A1.\n#[tokio::test]\nasync fn this_too() {}\n";
            files.get_mut("a/src/lib.rs").unwrap().push_str(more);
        });
        assert!(
            more[0].contains("hushwing-p this_too says that it is for A1"),
            "{more:?}"
        );
    }

    #[test]
    fn a_mutation_that_is_missing_unused_or_fits_not_once_is_named() {
        let missing = replaced(REGISTER, "`break-it`", "`break-that`");
        assert_eq!(missing.len(), 2, "{missing:?}");
        let absent = replaced("a/src/lib.rs", "1 + 1", "1 * 1");
        assert!(absent[0].contains("0 times"), "{absent:?}");
        let twice = replaced("a/src/lib.rs", "1 + 1", "1 + 1 + 1 + 1");
        assert!(twice[0].contains("2 times"), "{twice:?}");
        let same = replaced(mutations::FILE, "1 - 1", "1 + 1");
        assert!(same[0].contains("changes nothing"), "{same:?}");
    }

    #[test]
    fn open_points_stand_in_both_pages() {
        let unsaid = replaced(KNOWN_ISSUES, "Claim A1", "Claims");
        assert!(
            unsaid[0].contains("does not say what is open"),
            "{unsaid:?}"
        );
        let closed = complaints(|files| {
            let page = files.get_mut(REGISTER).unwrap();
            *page = page.replace("- **Open.** The rest.", "");
            *page = page.replace("partly", "tested");
        });
        assert!(
            closed[0].contains("says that claim A1 is open"),
            "{closed:?}"
        );
    }

    #[test]
    fn a_page_that_names_what_is_not_there_is_named() {
        let wrong = complaints(|files| {
            files.insert(
                "docs/security/more.md",
                "`hushwing-p no_such` HW-A-1".to_owned(),
            );
        });
        assert_eq!(wrong.len(), 2, "{wrong:?}");
    }
}
