//! Every decoder has a fuzz target, or a reason why it needs none: the table in
//! `docs/fuzzing.md` against the code.
//!
//! A decoder is found by how it is named or by the reader that it calls. One that
//! hides behind another name is not found; the table is for those who look.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Texts;

/// The page with the table.
const PAGE: &str = "docs/fuzzing.md";

/// How functions that make a value of bytes or text are named here.
const NAMES: [&str; 9] = [
    "from_bytes",
    "from_frame",
    "from_padded",
    "from_slice",
    "from_str",
    "from_text",
    "decode",
    "parse",
    "tls_deserialize_bytes",
];

/// How longer names of such functions begin.
const NAMES_WITH_MORE: [&str; 2] = ["decode_", "parse_"];

/// Readers of other libraries; whoever calls one is a decoder.
const READERS: [&str; 9] = [
    "serde_json::from_",
    "ciborium::de::",
    "ciborium::from_reader",
    "cbor4ii::serde::from_slice",
    "toml::from_str",
    "tls_deserialize_exact_bytes",
    ".decode(",
    ".parse()",
    ".parse::<",
];

/// What the page does not say, or says wrongly.
pub(super) fn check(texts: &Texts) -> Vec<String> {
    let Some(page) = texts.get(Path::new(PAGE)) else {
        return vec![format!("{PAGE} is missing")];
    };
    let listed = listed(page);
    let found = found(texts);
    let targets = targets(texts);
    let mut lines = Vec::new();
    for decoder in &found {
        if !listed.contains_key(decoder.as_str()) {
            lines.push(format!("{PAGE} does not list the decoder {decoder}"));
        }
    }
    for (decoder, by) in &listed {
        if !found.contains(*decoder) {
            lines.push(format!("{PAGE} lists {decoder}, which is no decoder"));
        }
        if by.is_empty() {
            lines.push(format!(
                "{PAGE} gives {decoder} neither a target nor a reason"
            ));
        }
        for target in by.iter().flat_map(|by| by.split('`').skip(1).step_by(2)) {
            if !targets.contains(target) {
                lines.push(format!("{PAGE}: there is no fuzz target {target}"));
            }
        }
    }
    lines
}

/// The decoders of the table, each with what stands beside it: targets in
/// backticks, or words.
fn listed(page: &str) -> BTreeMap<&str, Vec<&str>> {
    let rows = page
        .lines()
        .skip_while(|line| *line != "## Decoders")
        .skip(1)
        .take_while(|line| !line.starts_with("## "));
    rows.filter_map(|row| {
        let (decoder, rest) = row.strip_prefix("| `")?.split_once("` |")?;
        let cell = rest.trim().trim_end_matches('|').trim();
        let cells = Some(cell).filter(|cell| !cell.is_empty());
        Some((decoder, cells.into_iter().collect()))
    })
    .collect()
}

fn targets(texts: &Texts) -> BTreeSet<&str> {
    texts
        .keys()
        .filter(|path| path.starts_with("fuzz/fuzz_targets"))
        .filter_map(|path| path.file_stem()?.to_str())
        .collect()
}

/// The decoders of the shipped crates, as `CRATE Type::function`.
fn found(texts: &Texts) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (path, text) in texts {
        let Some(krate) = shipped_source(path) else {
            continue;
        };
        let mut owner = String::new();
        let mut function = String::new();
        let code = text.split("#[cfg(test)]\nmod tests {").next();
        for line in code.unwrap_or_default().lines() {
            if let Some(name) = owner_of(line) {
                owner = name;
            } else if line == "}" {
                owner.clear();
            }
            if let Some(name) = function_of(line) {
                function = if owner.is_empty() {
                    name.to_owned()
                } else {
                    format!("{owner}::{name}")
                };
                if is_decoder(name) {
                    found.insert(format!("{krate} {function}"));
                }
            }
            if READERS.iter().any(|reader| line.contains(reader)) {
                found.insert(format!("{krate} {function}"));
            }
        }
    }
    found
}

/// The crate of a source file that is part of a program.
fn shipped_source(path: &Path) -> Option<&str> {
    let path = path.to_str()?;
    let (krate, file) = path.strip_prefix("crates/")?.split_once("/src/")?;
    let shipped = file.ends_with(".rs") && !file.ends_with("tests.rs") && !is_forgery(file);
    shipped.then_some(krate)
}

/// The hooks of the fuzz targets themselves.
fn is_forgery(file: &str) -> bool {
    file.ends_with("fuzzing.rs") || file.ends_with("forge.rs")
}

/// The type of `impl Type {` or `impl Trait for Type {`.
fn owner_of(line: &str) -> Option<String> {
    let rest = line.strip_prefix("impl")?;
    let rest = if rest.starts_with('<') {
        rest.split_once("> ")?.1
    } else {
        rest.strip_prefix(' ')?
    };
    let rest = rest.split_once(" for ").map_or(rest, |(_, kind)| kind);
    let name: String = rest
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    Some(name)
}

/// The name in `fn NAME(` or `fn NAME<`.
fn function_of(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("fn ")?;
    let declares = before
        .split_whitespace()
        .all(|word| word.starts_with("pub") || matches!(word, "async" | "const" | "in" | "super)"));
    let end = rest.find(['(', '<'])?;
    declares.then(|| &rest[..end])
}

fn is_decoder(name: &str) -> bool {
    NAMES.contains(&name) || NAMES_WITH_MORE.iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const SOURCE: &str = "\
impl FromStr for Address {
    fn from_str(text: &str) -> Result<Self, Error> {
    }
}
impl<'a> Parts<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        let fn_like = serde_json::from_slice(bytes);
    }
}
pub async fn parse_relay(text: &str) {
}
fn encode() {
}
#[cfg(test)]
mod tests {
    fn parse(x: u8) {}
}
";

    fn texts(page: &str) -> Texts {
        [
            ("crates/a/src/x.rs", SOURCE),
            ("crates/a/tests/y.rs", "fn parse() {}\n"),
            ("fuzz/fuzz_targets/one.rs", ""),
            (PAGE, page),
        ]
        .map(|(path, text)| (PathBuf::from(path), text.to_owned()))
        .into()
    }

    #[test]
    fn decoders_are_found_by_name_and_by_what_they_call() {
        let found = found(&texts(""));
        let expected = ["a Address::from_str", "a Parts::of", "a parse_relay"];
        assert_eq!(found, expected.map(str::to_owned).into());
    }

    #[test]
    fn a_table_that_lists_each_with_a_target_or_a_reason_is_right() {
        let page = "## Decoders\n\n| decoder | target |\n|---|---|\n\
                    | `a Address::from_str` | `one` |\n\
                    | `a Parts::of` | none: it is ours |\n\
                    | `a parse_relay` | `one` |\n";
        assert_eq!(check(&texts(page)), Vec::<String>::new());
    }

    #[test]
    fn a_missing_a_wrong_and_an_empty_row_are_named() {
        let page = "## Decoders\n\n\
                    | `a Address::from_str` | `two` |\n\
                    | `a Parts::of` | |\n\
                    | `a gone` | `one` |\n";
        assert_eq!(
            check(&texts(page)),
            [
                "docs/fuzzing.md does not list the decoder a parse_relay",
                "docs/fuzzing.md: there is no fuzz target two",
                "docs/fuzzing.md gives a Parts::of neither a target nor a reason",
                "docs/fuzzing.md lists a gone, which is no decoder",
            ]
        );
    }
}
