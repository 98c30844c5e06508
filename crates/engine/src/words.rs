//! Texts as the words by which they are found, in all scripts.
//!
//! A word is a run of letters and digits. Scripts that are written without spaces between words
//! (Chinese, Japanese, Thai, ...) and Korean, which glues endings on, give each of their
//! letters as a word of its own: what is looked for there is a row of such words, so any part
//! of a text is found, be it one letter. Words are compared without regard to case, accents,
//! vowel points and forms of width. `[HW-FIND-1]`

use std::ops::Range;

use hushwing_protocol::store::Phrase;
use icu_normalizer::{
    ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed,
    properties::CanonicalCombiningClassMapBorrowed,
};

/// Letters of a word at most; a longer one is several. An address or a key in a text must
/// not make a word without end.
const MAX_LETTERS: usize = 64;

/// Letters from which on the beginning of a word is enough to find it: fewer would find
/// nearly everything.
const MIN_BEGINNING: usize = 3;

/// A word of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// As it is compared: letters and digits alone.
    pub(crate) folded: String,
    /// Where it stands in the text, in bytes.
    pub(crate) at: Range<usize>,
    script: Script,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    /// Words stand between spaces.
    Spaced,
    /// Each letter counts as a word.
    Unspaced,
}

/// What a character is to a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Letter,
    Alone,
    /// Nothing that is seen: it neither ends a word nor belongs to one.
    Unseen,
    Between,
}

/// The words of a text, in their order.
pub(crate) fn words(text: &str) -> Vec<Word> {
    let mut found = Vec::new();
    let mut run: Option<Range<usize>> = None;
    let end_run = |run: &mut Option<Range<usize>>, found: &mut Vec<Word>| {
        if let Some(at) = run.take() {
            push(found, fold(&text[at.clone()]), &at, Script::Spaced);
        }
    };
    for (start, c) in text.char_indices() {
        let end = start + c.len_utf8();
        match kind(c) {
            Kind::Letter => {
                let from = run.as_ref().map_or(start, |run| run.start);
                run = Some(from..end);
            }
            Kind::Alone => {
                end_run(&mut run, &mut found);
                for letter in fold(&text[start..end]).chars() {
                    let letter = letter.to_string();
                    push(&mut found, letter, &(start..end), Script::Unspaced);
                }
            }
            Kind::Unseen => {}
            Kind::Between => end_run(&mut run, &mut found),
        }
    }
    end_run(&mut run, &mut found);
    found
}

fn push(found: &mut Vec<Word>, folded: String, at: &Range<usize>, script: Script) {
    let letters: Vec<char> = folded.chars().collect();
    for part in letters.chunks(MAX_LETTERS) {
        found.push(Word {
            folded: part.iter().collect(),
            at: at.clone(),
            script,
        });
    }
}

/// The words of a text as one text, for the index.
pub(crate) fn joined(words: &[Word]) -> String {
    let folded: Vec<&str> = words.iter().map(|word| word.folded.as_str()).collect();
    folded.join(" ")
}

/// What a person looks for: each part between spaces must be found, as a row of words of
/// which the last one may go on.
pub(crate) fn phrases(query: &str) -> Vec<Phrase> {
    let parts = query.split_whitespace().map(words);
    parts
        .filter(|words| !words.is_empty())
        .map(|words| {
            let goes_on = words.last().is_some_and(|last| {
                // Of a word that was cut every part counts.
                let letters = last.folded.chars().count();
                let whole = words.iter().filter(|word| word.at == last.at).count();
                last.script == Script::Spaced && (letters >= MIN_BEGINNING || whole > 1)
            });
            Phrase {
                words: words.into_iter().map(|word| word.folded).collect(),
                goes_on,
            }
        })
        .collect()
}

/// Where in a text the phrases stand, in characters: ranges in their order that do not
/// touch.
pub(crate) fn places(text: &str, phrases: &[Phrase]) -> Vec<Range<usize>> {
    let words = words(text);
    let mut bytes: Vec<Range<usize>> = phrases
        .iter()
        .flat_map(|phrase| {
            let starts = words.windows(phrase.words.len().max(1));
            starts.filter(|row| stands_at(phrase, row)).map(|row| {
                let first = row.first().map_or(0, |word| word.at.start);
                first..row.last().map_or(first, |word| word.at.end)
            })
        })
        .collect();
    bytes.sort_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in bytes {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    // Counted once from the beginning to the end.
    let (mut chars, mut from) = (0, 0);
    let mut count = |to: usize| {
        chars += text[from..to].chars().count();
        from = to;
        chars
    };
    merged
        .into_iter()
        .map(|range| count(range.start)..count(range.end))
        .collect()
}

fn stands_at(phrase: &Phrase, row: &[Word]) -> bool {
    let Some((last, before)) = phrase.words.split_last() else {
        return false;
    };
    let Some((last_word, words_before)) = row.split_last() else {
        return false;
    };
    let is_last = if phrase.goes_on {
        last_word.folded.starts_with(last.as_str())
    } else {
        last_word.folded == *last
    };
    is_last && words_before.iter().map(|word| &word.folded).eq(before)
}

/// As it is compared: decomposed, without marks that people leave away, in small letters,
/// composed, and letters and digits alone.
fn fold(run: &str) -> String {
    let mut folded = String::with_capacity(run.len());
    for c in DecomposingNormalizerBorrowed::new_nfkd()
        .normalize(run)
        .chars()
    {
        if is_left_away(c) {
            continue;
        }
        for small in c.to_lowercase() {
            match small {
                'ß' => folded.push_str("ss"),
                'ς' => folded.push('σ'),
                'ı' => folded.push('i'),
                // What folding makes of signs is no part of a word.
                small if is_seen(small) => folded.push(small),
                _ => {}
            }
        }
    }
    ComposingNormalizerBorrowed::new_nfc()
        .normalize(&folded)
        .into_owned()
}

fn is_seen(c: char) -> bool {
    (c.is_ascii_alphanumeric() || !c.is_ascii()) && matches!(kind(c), Kind::Letter | Kind::Alone)
}

/// Accents, and vowel points and other signs that most people do not write.
fn is_left_away(c: char) -> bool {
    matches!(u32::from(c),
        0x0300..=0x036f | 0x1ab0..=0x1aff | 0x1dc0..=0x1dff | 0x20d0..=0x20ff | 0xfe20..=0xfe2f
        // Hebrew points, Arabic vowels and the stroke that only stretches.
        | 0x0591..=0x05bd | 0x05bf | 0x05c1..=0x05c2 | 0x05c4..=0x05c5 | 0x05c7
        | 0x0610..=0x061a | 0x0640 | 0x064b..=0x065f | 0x0670 | 0x06d6..=0x06dc
        | 0x06df..=0x06e8 | 0x06ea..=0x06ed)
}

fn kind(c: char) -> Kind {
    match u32::from(c) {
        // Joiners, soft hyphens, directions, forms of emoji.
        0x00ad
        | 0x034f
        | 0x061c
        | 0x200b..=0x200f
        | 0x202a..=0x202e
        | 0x2060..=0x2069
        | 0xfeff
        | 0xfe00..=0xfe0f
        | 0xe0100..=0xe01ef => Kind::Unseen,
        // Arrows, signs and emoji.
        0x2190..=0x21ff
        | 0x2300..=0x23ff
        | 0x2600..=0x27bf
        | 0x2b00..=0x2bff
        | 0x1f000..=0x1faff => Kind::Alone,
        _ if !is_letter(c) => Kind::Between,
        code if is_unspaced(code) => Kind::Alone,
        _ => Kind::Letter,
    }
}

/// Letters, digits, and the marks that belong to them.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || CanonicalCombiningClassMapBorrowed::new().get_u8(c) != 0
}

/// Scripts of which each letter counts as a word.
fn is_unspaced(code: u32) -> bool {
    matches!(code,
        // Thai, Lao, Tibetan, Myanmar, Khmer, and scripts of their neighbours.
        0x0e00..=0x0fff | 0x1000..=0x109f | 0x1780..=0x17ff | 0x1950..=0x1aad | 0xa9e0..=0xa9ff
        | 0xaa60..=0xaadf | 0xa980..=0xa9df
        // Hangul.
        | 0x1100..=0x11ff | 0x3130..=0x318f | 0xa960..=0xa97f | 0xac00..=0xd7ff | 0xffa0..=0xffdc
        // Kana, Bopomofo, Yi.
        | 0x3040..=0x312f | 0x31a0..=0x31ff | 0xa000..=0xa4cf | 0xff66..=0xff9f
        | 0x1aff0..=0x1b16f
        // Han.
        | 0x2e80..=0x2fdf | 0x3005..=0x3007 | 0x3021..=0x3029 | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff | 0xf900..=0xfaff | 0x20000..=0x3ffff)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn folded(text: &str) -> Vec<String> {
        words(text).into_iter().map(|word| word.folded).collect()
    }

    /// Whether `query` is found in `text`, and what is shown of it.
    fn shown(text: &str, query: &str) -> Option<Vec<String>> {
        let phrases = phrases(query);
        let words = words(text);
        let all = !phrases.is_empty()
            && phrases.iter().all(|phrase| {
                let mut rows = words.windows(phrase.words.len());
                rows.any(|row| stands_at(phrase, row))
            });
        let chars: Vec<char> = text.chars().collect();
        all.then(|| {
            let places = places(text, &phrases).into_iter();
            places.map(|at| chars[at].iter().collect()).collect()
        })
    }

    #[test]
    fn words_stand_between_signs_and_are_compared_without_case_and_accents() {
        assert_eq!(
            folded("Größe, ÉCOLE; don't—İstanbul 42km"),
            ["grosse", "ecole", "don", "t", "istanbul", "42km"]
        );
        assert_eq!(folded("ΣΊΣΥΦΟΣ"), folded("σίσυφος"));
        assert_eq!(folded("مُحَمَّد"), folded("محمد"));
        assert_eq!(folded("שָׁלוֹם"), folded("שלום"));
        assert_eq!(folded("می\u{200c}خواهم"), folded("میخواهم"));
        assert_eq!(folded("ＡＢＣ１２"), ["abc12"]);
        assert_eq!(folded("हिन्दी में"), ["हिन्दी", "में"]);
        assert_eq!(
            folded("x\" OR * ( ) : ^ - + NEAR/2 {a}"),
            ["x", "or", "near", "2", "a"]
        );
        assert_eq!(folded(" \u{202e}…—!?"), [""; 0]);
    }

    #[test]
    fn scripts_without_spaces_are_found_by_any_part() {
        for (text, query, found) in [
            ("東京都に住んでいます", "京", "京"),
            ("東京都に住んでいます", "京都", "京都"),
            ("東京都に住んでいます", "住んで", "住んで"),
            ("我们明天见", "明天", "明天"),
            ("สวัสดีตอนเช้า", "ตอน", "ตอน"),
            ("남서울에서 만나요", "서울", "서울"),
            ("ｶﾀｶﾅ", "カナ", "ｶﾅ"),
            ("cat 🐈‍⬛ here", "🐈", "🐈"),
        ] {
            assert_eq!(
                shown(text, query),
                Some(vec![found.to_owned()]),
                "{text} {query}"
            );
        }
        assert_eq!(shown("東京都", "都京"), None);
        assert_eq!(shown("東京 都", "東都"), None);
    }

    #[test]
    fn the_beginning_of_a_word_finds_it_and_all_parts_must_be_there() {
        let text = "The invitations were sent";
        assert_eq!(shown(text, "invit"), Some(vec!["invitations".to_owned()]));
        assert_eq!(shown(text, "in"), None);
        assert_eq!(shown(text, "sent invit").unwrap(), ["invitations", "sent"]);
        assert_eq!(shown(text, "invit gone"), None);
        assert_eq!(shown("a foo-bar b", "foo-ba"), None);
        assert_eq!(shown("a foo-bar b", "foo-bar").unwrap(), ["foo-bar"]);
        assert_eq!(shown("a bar foo b", "foo-bar"), None);
        assert!(phrases(" \u{2026} - ").is_empty());
    }

    #[test]
    fn a_word_without_end_is_several() {
        let long = "a".repeat(200);
        let all = words(&long);
        assert_eq!(all.len(), 4);
        assert!(shown(&long, &"a".repeat(130)).is_some());
    }

    proptest! {
        /// Whatever a text is made of: words are letters and digits, and each finds its text.
        #[test]
        fn every_word_of_a_text_finds_it(text in "\\PC{0,60}", pick in any::<prop::sample::Index>()) {
            let all = words(&text);
            for word in &all {
                prop_assert!(!word.folded.is_empty());
                prop_assert!(!word.folded.contains(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric()));
                prop_assert!(!word.folded.contains(char::is_whitespace));
                prop_assert!(text.get(word.at.clone()).is_some());
            }
            if !all.is_empty() {
                let word = &text[all[pick.index(all.len())].at.clone()];
                prop_assert!(shown(&text, word).is_some(), "{text:?} {word:?}");
            }
        }
    }
}
