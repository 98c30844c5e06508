//! Transcripts: what a person sees of a conversation.

use anyhow::{Result, bail};

/// One line of a transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who wrote it.
    pub writer: String,
    /// What it says.
    pub text: String,
}

impl Line {
    /// A line.
    #[must_use]
    pub fn new(writer: &str, text: &str) -> Line {
        Line {
            writer: writer.to_owned(),
            text: text.to_owned(),
        }
    }
}

/// Requires that `seen` is `written`: in order, nothing twice, nothing missing.
///
/// # Errors
/// Says who misses which line, or sees one twice or out of its place.
pub fn require_equal(reader: &str, seen: &[Line], written: &[Line]) -> Result<()> {
    let mut faults = Vec::new();
    for line in written {
        match seen.iter().filter(|other| *other == line).count() {
            0 => faults.push(format!("misses {line:?}")),
            1 => {}
            count => faults.push(format!("sees {count} times {line:?}")),
        }
    }
    for line in seen.iter().filter(|line| !written.contains(line)) {
        faults.push(format!("sees {line:?}, which nobody wrote"));
    }
    if faults.is_empty()
        && let Some(at) = (0..written.len()).find(|at| seen[*at] != written[*at])
    {
        faults.push(format!(
            "sees as number {} {:?} and not {:?}",
            at + 1,
            seen[at],
            written[at]
        ));
    }
    if !faults.is_empty() {
        bail!(
            "{reader}'s transcript is wrong: {reader} {}",
            faults.join("; ")
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(texts: &[&str]) -> Vec<Line> {
        texts.iter().map(|text| Line::new("Alice", text)).collect()
    }

    #[test]
    fn only_the_same_lines_in_the_same_order_pass() {
        let written = lines(&["a", "b", "c"]);
        assert!(require_equal("Bob", &written, &written).is_ok());
        for (seen, fault) in [
            (lines(&["a", "c"]), "misses"),
            (lines(&["a", "b", "b", "c"]), "sees 2 times"),
            (lines(&["a", "b", "c", "d"]), "which nobody wrote"),
            (lines(&["b", "a", "c"]), "as number 1"),
        ] {
            let error = require_equal("Bob", &seen, &written)
                .unwrap_err()
                .to_string();
            assert!(error.contains(fault), "{error}");
        }
    }
}
