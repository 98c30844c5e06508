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
    let mut faults = not_once_each(seen, written);
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
    verdict(reader, &faults)
}

/// Requires of two people who wrote at the same time that each sees everything
/// that was `written` once, the lines of one writer in the order of writing, and
/// that both see all of it in one order.
///
/// # Errors
/// Says who sees what else.
pub fn require_alike(one: (&str, &[Line]), other: (&str, &[Line]), written: &[Line]) -> Result<()> {
    for (reader, seen) in [one, other] {
        let mut faults = not_once_each(seen, written);
        for writer in [one.0, other.0] {
            let of_writer = |line: &&Line| line.writer == writer;
            let seen = seen.iter().filter(of_writer);
            let written = written.iter().filter(of_writer);
            if faults.is_empty()
                && let Some((seen, written)) = seen.zip(written).find(|(a, b)| a != b)
            {
                faults.push(format!("sees {seen:?} in the place of {written:?}"));
            }
        }
        verdict(reader, &faults)?;
    }
    if let Some(at) = (0..written.len()).find(|at| one.1[*at] != other.1[*at]) {
        bail!(
            "the two see different orders: as number {} {} sees {:?} and {} {:?}",
            at + 1,
            one.0,
            one.1[at],
            other.0,
            other.1[at]
        );
    }
    Ok(())
}

/// What is missing, there twice, or there without having been written.
fn not_once_each(seen: &[Line], written: &[Line]) -> Vec<String> {
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
    faults
}

fn verdict(reader: &str, faults: &[String]) -> Result<()> {
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

    #[test]
    fn who_wrote_at_the_same_time_must_see_one_order() {
        let [a1, a2] = ["1", "2"].map(|text| Line::new("Alice", text));
        let [b1, b2] = ["1", "2"].map(|text| Line::new("Bob", text));
        let all = |lines: [&Line; 4]| lines.map(Clone::clone);
        let written = all([&a1, &a2, &b1, &b2]);
        let good = all([&a1, &b1, &a2, &b2]);
        let judge = |hers: &[Line], his: &[Line]| {
            require_alike(("Alice", hers), ("Bob", his), &written).map_err(|why| why.to_string())
        };
        assert_eq!(judge(&good, &good), Ok(()));
        for (hers, his, fault) in [
            (&good[..], &good[1..], "Bob misses"),
            (
                &[&good[..], &good[..1]].concat(),
                &good,
                "Alice sees 2 times",
            ),
            (&good, &all([&a1, &b2, &a2, &b1]), "in the place of"),
            (&good, &all([&b1, &a1, &a2, &b2]), "different orders"),
        ] {
            let error = judge(hers, his).unwrap_err();
            assert!(error.contains(fault), "{error}");
        }
    }
}
