//! The register's page: a section for each claim, a table of them all.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Result, bail};

use super::REGISTER;

/// A test as the test runner prints it: the id of its binary, a space, its
/// path in it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TestName {
    pub(super) binary: String,
    pub(super) path: String,
}

impl TestName {
    fn parse(text: &str) -> Option<Self> {
        let (binary, path) = text.split_once(' ')?;
        let is_name = |part: &str, more: &str| {
            !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '_' || more.contains(c))
        };
        (is_name(binary, "-:/") && is_name(path, ":")).then(|| Self {
            binary: binary.to_owned(),
            path: path.to_owned(),
        })
    }
}

impl fmt::Display for TestName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.binary, self.path)
    }
}

/// One refuting test of a claim.
pub(super) struct Line {
    pub(super) test: TestName,
    /// What must make it fail.
    pub(super) mutation: Option<String>,
}

/// One claim.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) title: String,
    pub(super) lines: Vec<Line>,
    /// What of it no test refutes.
    pub(super) open: Vec<String>,
    /// Its paragraphs that begin in bold, in their order.
    said: Vec<String>,
}

impl Row {
    /// The word for it in the table of all claims.
    pub(super) fn state(&self) -> &'static str {
        match (self.lines.is_empty(), self.open.is_empty()) {
            (true, _) => "open",
            (false, false) => "partly",
            (false, true) => "tested",
        }
    }
}

/// What every claim must say.
const PARAGRAPHS: [&str; 3] = ["Claim", "Against", "Refuted by"];

/// The page, read.
pub(super) struct Register {
    pub(super) rows: Vec<Row>,
    /// The table of all claims: id, title and state.
    table: Vec<(String, String, String)>,
}

impl Register {
    /// # Errors
    /// A line of a claim's table that cannot be read.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let (mut rows, mut table) = (Vec::<Row>::new(), Vec::new());
        let mut in_claim = false;
        for (number, line) in text.lines().enumerate() {
            if let Some(heading) = line.strip_prefix("## ") {
                in_claim = false;
                if let Some((id, title)) = heading.split_once(". ").filter(|(id, _)| is_id(id)) {
                    in_claim = true;
                    rows.push(Row {
                        id: id.to_owned(),
                        title: title.to_owned(),
                        lines: Vec::new(),
                        open: Vec::new(),
                        said: Vec::new(),
                    });
                }
                continue;
            }
            let cells = cells(line);
            let Some(row) = rows.last_mut().filter(|_| in_claim) else {
                if let [id, title, state] = cells[..]
                    && is_id(id)
                {
                    table.push((id.to_owned(), title.to_owned(), state.to_owned()));
                }
                continue;
            };
            if let Some(open) = line.strip_prefix("- **Open.** ") {
                row.open.push(open.to_owned());
            } else if let Some((said, _)) =
                line.strip_prefix("**").and_then(|l| l.split_once(".**"))
            {
                row.said.push(said.to_owned());
            } else if !cells.is_empty() && !is_head(&cells) {
                match read_line(&cells) {
                    Some(read) => row.lines.push(read),
                    None => bail!("{REGISTER}:{}: not a test and a mutation", number + 1),
                }
            }
        }
        if rows.is_empty() {
            bail!("{REGISTER} has no claims");
        }
        Ok(Self { rows, table })
    }

    /// What is wrong with the page by itself.
    pub(super) fn complaints(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for row in &self.rows {
            *seen.entry(&row.id).or_default() += 1;
            if row.said != PARAGRAPHS {
                lines.push(format!(
                    "{REGISTER}: {} must say, in this order: {}",
                    row.id,
                    PARAGRAPHS.join(", ")
                ));
            }
            let mutated = row.lines.iter().any(|line| line.mutation.is_some());
            if !mutated && row.open.is_empty() {
                lines.push(format!(
                    "{REGISTER}: {} has neither a mutation nor an open point",
                    row.id
                ));
            }
        }
        for (id, _) in seen.iter().filter(|(_, times)| **times > 1) {
            lines.push(format!("{REGISTER}: {id} stands there twice"));
        }
        let expected: Vec<_> = self
            .rows
            .iter()
            .map(|row| (row.id.clone(), row.title.clone(), row.state().to_owned()))
            .collect();
        for row in expected.iter().filter(|row| !self.table.contains(row)) {
            lines.push(format!(
                "{REGISTER}: the table lacks | {} | {} | {} |",
                row.0, row.1, row.2
            ));
        }
        for row in self.table.iter().filter(|row| !expected.contains(row)) {
            lines.push(format!(
                "{REGISTER}: the table has {}: {} too much",
                row.0, row.2
            ));
        }
        lines
    }
}

/// A claim's id: a capital and a number.
pub(super) fn is_id(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|c| c.is_ascii_uppercase())
        && text.len() > 1
        && letters.all(|c| c.is_ascii_digit())
}

/// The cells of a table's line; none if it is no such line.
fn cells(line: &str) -> Vec<&str> {
    let inner = line.strip_prefix('|').and_then(|l| l.strip_suffix('|'));
    inner.map_or_else(Vec::new, |inner| inner.split('|').map(str::trim).collect())
}

fn is_head(cells: &[&str]) -> bool {
    cells == ["part", "test", "mutation"] || cells.iter().all(|cell| *cell == "---")
}

/// `| part | `test` | `mutation` or – |`.
fn read_line(cells: &[&str]) -> Option<Line> {
    let [part, test, mutation] = cells else {
        return None;
    };
    let quoted = |cell: &str| Some(cell.strip_prefix('`')?.strip_suffix('`')?.to_owned());
    let mutation = match *mutation {
        "–" => None,
        cell => Some(quoted(cell)?),
    };
    let test = TestName::parse(&quoted(test)?)?;
    (!part.is_empty()).then_some(Line { test, mutation })
}

/// The names of tests that stand in a page between backquotes.
pub(super) fn test_names(text: &str) -> Vec<TestName> {
    let quoted = text
        .lines()
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    quoted
        .filter(|text| text.starts_with("hushwing-"))
        .filter_map(TestName::parse)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_runner() {
        let name = TestName::parse("hushwing-cli::bin/hushwing qr::tests::it_fits").unwrap();
        assert_eq!(name.binary, "hushwing-cli::bin/hushwing");
        assert_eq!(name.path, "qr::tests::it_fits");
        for wrong in ["", "one", "one two three", "a b!", " b", "a "] {
            assert_eq!(TestName::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_line_that_cannot_be_read_is_an_error() {
        for wrong in [
            "| a | b | – |",
            "| a | `p t` |  |",
            "|  | `p t` | – |",
            "| `p t` | – |",
        ] {
            assert!(
                Register::parse(&format!("## A1. T\n{wrong}\n")).is_err(),
                "{wrong}"
            );
        }
        assert!(Register::parse("nothing").is_err());
    }

    #[test]
    fn a_page_that_leaves_something_out_is_named() {
        let bare = Register::parse("## A1. T\n").unwrap().complaints();
        assert_eq!(bare.len(), 3, "{bare:?}");
        let twice = "| A1 | T | open |\n## A1. T\n## A1. T\n";
        let twice = Register::parse(twice).unwrap().complaints();
        assert!(twice.iter().any(|line| line.contains("twice")), "{twice:?}");
        let table = Register::parse("| A2 | T | open |\n## A1. T\n").unwrap();
        assert!(
            table
                .complaints()
                .iter()
                .any(|line| line.contains("too much"))
        );
    }
}
