//! Requirement ids: one name for a rule in the specification, the code and the
//! tests, so that each can be found from the others.
//!
//! The specification states a requirement where its id stands in square
//! brackets, and may refer to it elsewhere by the bare id. Code and tests cite
//! it either way.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Texts;

/// Where requirements are stated.
const SPEC: &str = "docs/spec";

/// Where they are cited. This crate is left out: its own tests make ids up.
const CITING: &[&str] = &["crates", "tests", "fuzz", "formal", "ui/desktop"];

/// What every id begins with.
const PREFIX: &str = "HW-";

/// Returns the number of requirements and every complaint about them.
pub(crate) fn check(texts: &Texts) -> (usize, Vec<String>) {
    let mut complaints = Vec::new();
    let mut stated: BTreeMap<String, String> = BTreeMap::new();
    let mut referred: BTreeMap<String, String> = BTreeMap::new();
    for (path, text) in texts.iter().filter(|(p, _)| p.starts_with(SPEC)) {
        for found in ids(text) {
            let place = format!("{}:{}", path.display(), found.line);
            if !found.bracketed {
                referred.entry(found.id).or_insert(place);
            } else if let Some(first) = stated.get(&found.id) {
                complaints.push(format!(
                    "{place}: {} is stated at {first} already",
                    found.id
                ));
            } else {
                stated.insert(found.id, place);
            }
        }
    }
    let mut cited: BTreeMap<String, String> = BTreeMap::new();
    for (path, text) in texts.iter().filter(|(p, _)| cites(p)) {
        for found in ids(text) {
            let place = format!("{}:{}", path.display(), found.line);
            cited.entry(found.id).or_insert(place);
        }
    }
    for (id, place) in referred.iter().chain(&cited) {
        if !stated.contains_key(id) {
            complaints.push(format!("{place}: {id} is not stated in {SPEC}"));
        }
    }
    let cited: BTreeSet<&String> = cited.keys().collect();
    for (id, place) in stated.iter().filter(|(id, _)| !cited.contains(id)) {
        complaints.push(format!("{place}: no code and no test cites {id}"));
    }
    (stated.len(), complaints)
}

/// Every requirement that the specification states.
pub(crate) fn requirement_ids(texts: &Texts) -> BTreeSet<String> {
    texts
        .iter()
        .filter(|(path, _)| path.starts_with(SPEC))
        .flat_map(|(_, text)| ids(text))
        .filter(|found| found.bracketed)
        .map(|found| found.id)
        .collect()
}

/// Every requirement that a text names.
pub(crate) fn cited_ids(text: &str) -> BTreeSet<String> {
    ids(text).into_iter().map(|found| found.id).collect()
}

fn cites(path: &Path) -> bool {
    CITING.iter().any(|folder| path.starts_with(folder))
}

/// An id as it stands in a text.
struct Found {
    id: String,
    line: usize,
    bracketed: bool,
}

/// All ids of the form `HW-AREA-7` in `text`.
fn ids(text: &str) -> Vec<Found> {
    let mut all = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for (at, _) in line.match_indices(PREFIX) {
            let before = line[..at].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '-' || c == '_') {
                continue;
            }
            let Some(id) = id_at(&line[at..]) else {
                continue;
            };
            let closed = line[at + id.len()..].starts_with(']');
            all.push(Found {
                id: id.to_owned(),
                line: number + 1,
                bracketed: before == Some('[') && closed,
            });
        }
    }
    all
}

/// The id at the start of `text`: prefix, capitals, a hyphen, digits.
fn id_at(text: &str) -> Option<&str> {
    let rest = text.strip_prefix(PREFIX)?;
    let area = rest.bytes().take_while(u8::is_ascii_uppercase).count();
    let tail = rest.get(area..)?.strip_prefix('-')?;
    let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
    (area > 0 && digits > 0).then(|| &text[..PREFIX.len() + area + 1 + digits])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn complaints(spec: &str, code: &str) -> Vec<String> {
        let texts = Texts::from([
            (PathBuf::from("docs/spec/1.md"), spec.to_owned()),
            (PathBuf::from("crates/a/src/lib.rs"), code.to_owned()),
        ]);
        check(&texts).1
    }

    #[test]
    fn ids_shared_by_both_sides_are_fine() {
        let spec = "**[HW-SLOT-1]** A slot.\n[HW-SLOT-2] As HW-SLOT-1 says.";
        assert!(complaints(spec, "/// [HW-SLOT-1], HW-SLOT-2: done.").is_empty());
    }

    #[test]
    fn an_id_that_only_one_side_knows_is_named() {
        assert_eq!(
            complaints("[HW-SLOT-1]", "// HW-BOX-12"),
            [
                "crates/a/src/lib.rs:1: HW-BOX-12 is not stated in docs/spec",
                "docs/spec/1.md:1: no code and no test cites HW-SLOT-1",
            ]
        );
    }

    #[test]
    fn an_id_stated_twice_or_referred_to_in_vain_is_named() {
        assert_eq!(
            complaints("[HW-A-1]\n\n[HW-A-1] and HW-A-9", "HW-A-1"),
            [
                "docs/spec/1.md:3: HW-A-1 is stated at docs/spec/1.md:1 already",
                "docs/spec/1.md:3: HW-A-9 is not stated in docs/spec",
            ]
        );
    }

    #[test]
    fn what_only_looks_like_an_id_is_not_one() {
        for text in ["HW-n", "HW-XXX-n", "HW--1", "SHW-A-1", "HW-a-1", "HW-A1"] {
            assert!(ids(text).is_empty(), "{text}");
        }
        assert_eq!(ids("(HW-AB-10)")[0].id, "HW-AB-10");
    }
}
