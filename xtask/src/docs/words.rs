//! What no file of the project may contain: a path of somebody's machine, or a
//! promise instead of the thing.

use std::path::Path;

use super::Texts;

/// Beginnings of paths that exist on one machine alone. Spelt in two halves so
/// that this file does not contain them.
const MACHINE_PATHS: &[&str] = &[
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("C:\\", "Users\\"),
    concat!("/tmp/", "hw"),
];

/// Whole words that mark unfinished work; an open point belongs into
/// `docs/known-issues.md`, in a sentence.
const PROMISES: &[&str] = &[
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("HA", "CK"),
    concat!("W", "IP"),
];

/// Files written by tools or by others.
const EXEMPT: &[&str] = &["Cargo.lock", "LICENSE"];

/// Returns one line for each find.
pub(crate) fn check(texts: &Texts) -> Vec<String> {
    let mut lines = Vec::new();
    for (path, text) in texts.iter().filter(|(p, _)| !exempt(p)) {
        for (number, line) in text.lines().enumerate() {
            let place = format!("{}:{}", path.display(), number + 1);
            for start in MACHINE_PATHS.iter().filter(|start| names_path(line, start)) {
                lines.push(format!("{place}: a path of one machine ({start}…)"));
            }
            for word in PROMISES.iter().filter(|word| has_word(line, word)) {
                lines.push(format!("{place}: unfinished ({word})"));
            }
        }
    }
    lines
}

fn exempt(path: &Path) -> bool {
    EXEMPT.iter().any(|name| Path::new(name) == path)
}

/// Whether an absolute path beginning with `start` stands in `line`; the same
/// letters inside a longer path or an address do not count.
fn names_path(line: &str, start: &str) -> bool {
    line.match_indices(start).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-~/}*".contains(c))
    })
}

fn has_word(line: &str, word: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        !line[..at].chars().next_back().is_some_and(part_of_word)
            && !line[at + word.len()..]
                .chars()
                .next()
                .is_some_and(part_of_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn finds(text: &str) -> usize {
        check(&Texts::from([(PathBuf::from("a.rs"), text.to_owned())])).len()
    }

    #[test]
    fn machine_paths_and_promises_are_found() {
        for path in MACHINE_PATHS {
            assert_eq!(finds(&format!("open \"{path}x\"")), 1, "{path}");
        }
        for word in PROMISES {
            assert_eq!(finds(&format!("// {word}: later")), 1, "{word}");
        }
    }

    #[test]
    fn parts_of_longer_words_and_paths_are_not() {
        assert_eq!(finds(concat!("WHA", "CKY a/ro", "ot/b ${X}/ho", "me/")), 0);
    }
}
