//! What texts are found by: the words that a store keeps beside its rows, in the same
//! transaction.

use std::collections::BTreeMap;

/// A text as the index keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Names it; one that is there is replaced.
    pub key: &'a [u8],
    /// What it belongs to, for looking there alone.
    pub scope: &'a [u8],
    /// When it was said, in milliseconds since 1970: its place in time.
    pub at_ms: u64,
    /// Its words, in their order, each of letters and digits, with spaces between.
    pub words: &'a str,
}

/// A row of words that must stand next to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Phrase {
    /// The words, at least one. Whatever else is in them, they are taken as words.
    pub words: Vec<String>,
    /// The last word may be the beginning of a longer one.
    pub goes_on: bool,
}

/// What is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Find<'a> {
    /// All of them must be in a text; none finds nothing.
    pub phrases: &'a [Phrase],
    /// Only in texts of this scope.
    pub scope: Option<&'a [u8]>,
    /// Only texts said at this time or later, to the second, in milliseconds since 1970.
    pub since_ms: u64,
    /// Only texts said before this, to the second.
    pub before_ms: u64,
    /// Only texts that come after this place, to go on where an earlier search ended.
    pub after: Option<Place>,
    /// At most so many.
    pub limit: usize,
}

/// A place in the order of what is found, the newest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(pub u64);

/// A text that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Its key.
    pub key: Vec<u8>,
    /// Its place, to go on from.
    pub place: Place,
}

/// Entries a second at which places of one second begin to overlap with the next.
const A_SECOND: u64 = 1 << 10;

/// The first place of the second of this time.
#[must_use]
pub fn place_of(at_ms: u64) -> Place {
    // Some 35,000 years.
    Place((at_ms / 1000).min((1 << 40) - 1) * A_SECOND)
}

/// An index in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct MemoryIndex {
    /// Key, scope, words by place.
    entries: BTreeMap<u64, (Vec<u8>, Vec<u8>, String)>,
    places: BTreeMap<Vec<u8>, u64>,
}

impl MemoryIndex {
    pub(crate) fn put(&mut self, entry: &Entry<'_>) {
        self.delete(entry.key);
        let place = self.free_place(entry.at_ms);
        self.places.insert(entry.key.to_vec(), place);
        let row = (
            entry.key.to_vec(),
            entry.scope.to_vec(),
            entry.words.to_owned(),
        );
        self.entries.insert(place, row);
    }

    /// The place after the last one of this second, or of the next one that has room.
    fn free_place(&self, at_ms: u64) -> u64 {
        let mut place = place_of(at_ms).0;
        let mut second = at_ms;
        loop {
            second = second.saturating_add(1000);
            let next = place_of(second).0;
            match self.entries.range(place..next).next_back() {
                None => return place,
                Some((last, _)) if last + 1 < next => return last + 1,
                Some(_) => place = next,
            }
        }
    }

    pub(crate) fn delete(&mut self, key: &[u8]) {
        if let Some(place) = self.places.remove(key) {
            self.entries.remove(&place);
        }
    }

    pub(crate) fn has(&self, key: &[u8]) -> bool {
        self.places.contains_key(key)
    }

    pub(crate) fn find(&self, find: &Find<'_>) -> Vec<Hit> {
        let from = place_of(find.since_ms).0;
        let to = place_of(find.before_ms).0;
        let to = find.after.map_or(to, |after| to.min(after.0));
        if from >= to || find.phrases.is_empty() {
            return Vec::new();
        }
        let rows = self.entries.range(from..to).rev();
        rows.filter(|(_, (_, scope, words))| {
            find.scope.is_none_or(|wanted| wanted == scope)
                && find.phrases.iter().all(|phrase| stands_in(phrase, words))
        })
        .take(find.limit)
        .map(|(place, (key, ..))| Hit {
            key: key.clone(),
            place: Place(*place),
        })
        .collect()
    }
}

fn stands_in(phrase: &Phrase, words: &str) -> bool {
    let words: Vec<&str> = words.split(' ').collect();
    let Some((last, before)) = phrase.words.split_last() else {
        return false;
    };
    words.windows(phrase.words.len()).any(|row| {
        let Some((last_word, words_before)) = row.split_last() else {
            return false;
        };
        let is_last = if phrase.goes_on {
            last_word.starts_with(last.as_str())
        } else {
            last_word == last
        };
        is_last && words_before.iter().eq(before)
    })
}
