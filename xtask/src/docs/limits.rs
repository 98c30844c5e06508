//! The table of limits equals the constants in the code, and none is left out.

use std::path::Path;

use super::Texts;

/// The page with the table: name, value, file, what happens.
const PAGE: &str = "docs/spec/7-engine.md";

/// Files whose bounds must all be in the table.
const WHOLE: [&str; 3] = [
    "crates/api/src/limits.rs",
    "crates/engine/src/limits.rs",
    "crates/node/src/limits.rs",
];

/// Compares every row; gives the complaints.
pub(super) fn check(texts: &Texts) -> Vec<String> {
    let page = texts.get(Path::new(PAGE)).map_or("", String::as_str);
    let rows: Vec<Row<'_>> = page.lines().filter_map(Row::parse).collect();
    if rows.is_empty() {
        return vec![format!("{PAGE} has no table of limits")];
    }
    let mut lines = Vec::new();
    for file in WHOLE {
        let source = texts.get(Path::new(file)).map_or("", String::as_str);
        for name in bounds(source) {
            if !rows.iter().any(|row| row.file == file && row.name == name) {
                lines.push(format!("{PAGE} does not list {name} of {file}"));
            }
        }
    }
    for row in rows {
        let Some(source) = texts.get(Path::new(row.file)) else {
            lines.push(format!("{PAGE}: {} is in no file {}", row.name, row.file));
            continue;
        };
        match value_of(source, row.name) {
            Some(value) if value == row.value => {}
            Some(value) => lines.push(format!(
                "{PAGE} says that {} is {}; {} says {value}",
                row.name, row.value, row.file
            )),
            None => lines.push(format!(
                "{PAGE}: {} is no constant number in {}",
                row.name, row.file
            )),
        }
    }
    lines
}

/// The constants of a file that bound a number or a length; times are no bounds.
fn bounds(source: &str) -> impl Iterator<Item = &str> {
    source.lines().filter_map(|line| {
        let (_, rest) = line.split_once("const ")?;
        let (name, _) = rest.split_once(':')?;
        let is_bound = name.starts_with("MAX_") || name.ends_with("_QUEUE");
        (is_bound && !name.ends_with("_MS")).then_some(name)
    })
}

struct Row<'a> {
    name: &'a str,
    value: u64,
    file: &'a str,
}

impl<'a> Row<'a> {
    /// "| `NAME` | 1,000 | `path/of/file.rs` | words |".
    fn parse(line: &'a str) -> Option<Self> {
        let (name, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
        let (value, rest) = rest.split_once(" | `")?;
        let (file, _) = rest.split_once("` |")?;
        let value = value.replace(',', "").parse().ok()?;
        file.ends_with(".rs").then_some(Self { name, value, file })
    }
}

/// The number that a constant of a file is, if it is made of numbers, other
/// constants of the file, sums, products and brackets.
fn value_of(source: &str, name: &str) -> Option<u64> {
    let (_, rest) = source.split_once(&format!("const {name}:"))?;
    let (_, rest) = rest.split_once('=')?;
    let (expression, _) = rest.split_once(';')?;
    sum(source, expression)
}

fn sum(source: &str, expression: &str) -> Option<u64> {
    let mut depth = 0_u32;
    let (mut total, mut product, mut word) = (0_u64, 1_u64, String::new());
    for (at, letter) in expression.char_indices().chain([(expression.len(), '+')]) {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            '*' | '+' if depth == 0 => {
                product = product.checked_mul(factor(source, word.trim())?)?;
                word.clear();
                if letter == '+' {
                    total = total.checked_add(product)?;
                    product = 1;
                }
                continue;
            }
            _ => {}
        }
        if at < expression.len() {
            word.push(letter);
        }
    }
    Some(total)
}

fn factor(source: &str, word: &str) -> Option<u64> {
    if let Some(inner) = word
        .strip_prefix('(')
        .and_then(|word| word.strip_suffix(')'))
    {
        return sum(source, inner);
    }
    if word.starts_with(|first: char| first.is_ascii_digit()) {
        return word.replace('_', "").parse().ok();
    }
    // A constant of the wire is named there once more; all others are here.
    let name = word.rsplit("::").next()?;
    match name {
        "MAX_RELAYS" => Some(3),
        name => value_of(source, name),
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const SOURCE: &str =
        "pub const A: u64 = 24 * 3_600;\npub(crate) const B: usize = 3 * (A + 1);\n";

    fn complaints(table: &str) -> Vec<String> {
        let texts = [
            (PathBuf::from(PAGE), table.to_owned()),
            (PathBuf::from("a.rs"), SOURCE.to_owned()),
        ];
        check(&texts.into_iter().collect())
    }

    #[test]
    fn values_are_computed() {
        assert_eq!(value_of(SOURCE, "A"), Some(86_400));
        assert_eq!(value_of(SOURCE, "B"), Some(259_203));
        assert_eq!(value_of(SOURCE, "C"), None);
    }

    #[test]
    fn a_bound_that_the_table_leaves_out_is_named() {
        let source =
            "pub const MAX_A: u64 = 5;\nconst B_QUEUE: usize = 6;\nconst MAX_C_MS: u64 = 8;\n";
        let table = "| `MAX_A` | 5 | `crates/engine/src/limits.rs` | words |";
        let texts = [
            (PathBuf::from(PAGE), table.to_owned()),
            (
                PathBuf::from("crates/engine/src/limits.rs"),
                source.to_owned(),
            ),
        ];
        let found = check(&texts.into_iter().collect());
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("B_QUEUE"));
    }

    #[test]
    fn a_table_that_differs_is_named() {
        assert!(complaints("| `A` | 86,400 | `a.rs` | words |").is_empty());
        for wrong in [
            "| `A` | 86,401 | `a.rs` | words |",
            "| `C` | 1 | `a.rs` | words |",
            "| `A` | 86,400 | `b.rs` | words |",
            "no table",
        ] {
            assert_eq!(complaints(wrong).len(), 1, "{wrong}");
        }
    }
}
