//! Text from other people, made fit for a terminal.
//!
//! `[HW-CLI-2]` A terminal obeys what it is sent. A message may hold escape
//! sequences that move the cursor or change the clipboard, line ends that forge
//! a line of ours, and characters that turn the direction of what follows or
//! cannot be seen. All of these are shown, escaped as in `\u{1b}`; nothing of a
//! contact's text reaches the terminal as a command or as a line of its own.

use std::fmt::Write;

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter, Serializer};
use unicode_width::UnicodeWidthChar;

/// In front of each line of a message; our own lines never start like this.
const MARGIN: &str = "  | ";

/// Columns that a text has at least, however narrow the terminal says it is.
const MIN_COLUMNS: usize = 20;

/// A tab is shown as this: real tabs would leave the margin to the terminal.
const TAB: &str = "    ";

/// Text on one line of ours: a name, a reason.
pub(crate) fn inline(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        push(&mut shown, c);
    }
    shown
}

/// A message's text: its own line ends kept, each line behind a margin, and
/// broken at `columns` (of the whole terminal) so that the terminal breaks none
/// without the margin.
pub(crate) fn block(text: &str, columns: Option<usize>) -> String {
    let room = columns.map_or(usize::MAX, |all| {
        all.saturating_sub(MARGIN.len() + 1).max(MIN_COLUMNS)
    });
    let mut shown = String::with_capacity(text.len() + 16);
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let mut escaped = String::with_capacity(line.len());
        for c in line.chars() {
            match c {
                '\t' => escaped.push_str(TAB),
                c => push(&mut escaped, c),
            }
        }
        for piece in broken(&escaped, room) {
            shown.push_str(MARGIN);
            shown.push_str(piece);
            shown.push('\n');
        }
    }
    shown
}

/// One line of JSON in which hostile characters are escaped too; the same value
/// for every parser.
pub(crate) fn json(value: &impl Serialize) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, EscapeHostile(CompactFormatter));
    value
        .serialize(&mut serializer)
        .expect("plain data with text keys always becomes JSON");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

fn push(shown: &mut String, c: char) {
    match c {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        c if is_hostile(c) => {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(c));
        }
        c => shown.push(c),
    }
}

/// Controls (C0, DEL, C1), line and paragraph separators, bidirectional marks,
/// embeddings, overrides and isolates, and what is not seen at all. The joiners
/// U+200C and U+200D stay: Persian and emoji need them, and they move nothing.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Pieces of at most `room` columns; at a space where there is one in the second
/// half of a piece.
fn broken(line: &str, room: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut used = 0;
    let mut space = None;
    for (at, c) in line.char_indices() {
        let width = c.width().unwrap_or(0);
        if used + width > room {
            let cut = space
                .filter(|&(_, before)| before * 2 > room)
                .map_or(at, |(cut, _)| cut);
            pieces.push(&line[start..cut]);
            used = columns_of(&line[cut..at]);
            start = cut;
            space = None;
        }
        used += width;
        if c == ' ' {
            space = Some((at + 1, used));
        }
    }
    pieces.push(&line[start..]);
    pieces
}

fn columns_of(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

struct EscapeHostile(CompactFormatter);

impl Formatter for EscapeHostile {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> std::io::Result<()>
    where
        W: ?Sized + std::io::Write,
    {
        let mut rest = fragment;
        while let Some(at) = rest.find(is_hostile) {
            self.0.write_string_fragment(writer, &rest[..at])?;
            let c = rest[at..].chars().next().expect("found there");
            let mut units = [0; 2];
            for unit in c.encode_utf16(&mut units) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        self.0.write_string_fragment(writer, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Escape sequences, direction, forging, hiding.
    const HOSTILE: [(&str, &str); 10] = [
        ("\u{1b}[2J\u{1b}[H", "\\u{1b}[2J\\u{1b}[H"),
        ("\u{1b}]52;c;aGk=\u{7}", "\\u{1b}]52;c;aGk=\\u{7}"),
        ("\u{9b}31m", "\\u{9b}31m"),
        ("invoice\u{202e}fdp.exe", "invoice\\u{202e}fdp.exe"),
        ("a\u{2066}b\u{2069}c", "a\\u{2066}b\\u{2069}c"),
        ("bob\u{200b}", "bob\\u{200b}"),
        ("x\u{7f}\u{8}\u{8}", "x\\u{7f}\\u{8}\\u{8}"),
        ("a\u{2028}b\u{85}c", "a\\u{2028}b\\u{85}c"),
        ("\rover", "\\rover"),
        ("tag\u{e0041}", "tag\\u{e0041}"),
    ];

    #[test]
    fn hostile_characters_are_shown_not_obeyed() {
        for (text, shown) in HOSTILE {
            assert_eq!(inline(text), shown);
            assert_eq!(block(text, None), format!("  | {shown}\n"));
        }
        assert_eq!(inline("Bob\n3f2a9c1b  Alice"), "Bob\\n3f2a9c1b  Alice");
    }

    #[test]
    fn honest_text_of_any_script_stays_as_it_is() {
        for text in [
            "Grüße, Ελλάδα, こんにちは",
            "می‌خواهم",
            "👩‍👩‍👧‍👦 👍🏽 ❤️ 🇳🇴",
            "שלום <b>not markup</b> \\u{1b} 100%",
        ] {
            assert_eq!(inline(text), text);
        }
    }

    #[test]
    fn no_line_of_a_message_can_pass_for_one_of_ours() {
        let forged = "hi\n[2026-01-01 10:00:00] you, on their device\r\n  | fine\n\n";
        let shown = block(forged, Some(80));
        assert_eq!(
            shown,
            "  | hi\n  | [2026-01-01 10:00:00] you, on their device\n  |   | fine\n  | \n  | \n"
        );
        for columns in [0, 10, 24, 40, 80, 200] {
            let padded = format!("hi{}[2026-01-01 10:00:00] you", " ".repeat(200));
            let wide = "梟".repeat(100);
            for text in [forged, &padded, &wide] {
                for line in block(text, Some(columns)).lines() {
                    assert!(line.starts_with(MARGIN), "{line:?}");
                    assert!(columns_of(line) < columns.max(MIN_COLUMNS + MARGIN.len() + 1));
                }
            }
        }
    }

    #[test]
    fn breaking_loses_nothing() {
        let text = "the quick brown fox jumps over the lazy dog and a_very_long_word_without_any_space_at_all end";
        assert_eq!(broken(text, 20).concat(), text);
        assert!(broken(text, 20).iter().all(|piece| columns_of(piece) <= 20));
        assert_eq!(broken("", 20), [""]);
    }

    #[test]
    fn json_has_no_hostile_character_and_the_same_value() {
        let all: String = ('\u{0}'..=char::MAX).filter(|&c| is_hostile(c)).collect();
        let text = format!("a\"b\\c {all} 梟👍");
        let shown = json(&text);
        assert!(!shown.contains(is_hostile));
        assert_eq!(serde_json::from_str::<String>(&shown).unwrap(), text);
        assert_eq!(json(&"\u{e0041}"), "\"\\udb40\\udc41\"");
    }
}
