//! The index of texts: FTS5 inside the encrypted database, in the same transaction as the
//! rows. `[HW-FIND-2]`
//!
//! A table of words by place in time, and an FTS5 index over it that keeps no copy of them.
//! Words come as letters and digits with spaces between, so the tokenizer of SQLite only
//! cuts at the spaces.

use std::fmt::Write as _;

use hushwing_protocol::store::{Entry, Find, Hit, Phrase, Place, place_of};
use rusqlite::{Connection, OptionalExtension as _};

use crate::database::DatabaseError;

/// Makes both tables as the second version of the schema has them.
pub(crate) const CREATE_2: &str = "
    CREATE TABLE found (
        place INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE,
        scope TEXT NOT NULL,
        words TEXT NOT NULL
    ) STRICT;
    CREATE VIRTUAL TABLE found_words USING fts5(
        scope, words, content = 'found', content_rowid = 'place', tokenize = 'ascii',
        columnsize = 0
    );
    INSERT INTO found_words (found_words, rank) VALUES ('secure-delete', 1);";

/// Makes both tables. `secure-delete`: what is deleted leaves the index at once, and not
/// when its parts are merged some day. `prefix`: how words of these lengths begin is in the
/// index too, for otherwise all places of all words that begin so are gathered before the
/// newest is known, in memory that is locked and wiped: a third of a second for a frequent
/// word in 100,000 messages.
pub(crate) const CREATE: &str = "
    CREATE TABLE found (
        place INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE,
        scope TEXT NOT NULL,
        words TEXT NOT NULL
    ) STRICT;
    CREATE VIRTUAL TABLE found_words USING fts5(
        scope, words, content = 'found', content_rowid = 'place', tokenize = 'ascii',
        columnsize = 0, prefix = '3 4 5 6 7 8 9 10'
    );
    INSERT INTO found_words (found_words, rank) VALUES ('secure-delete', 1);";

/// Leaves an index as [`CREATE_2`] made it for an empty one as [`CREATE`] makes it; who opens
/// the vault takes the texts in.
pub(crate) const RENEW: &str = "
    DROP TABLE found_words;
    DROP TABLE found;
    CREATE TABLE found (
        place INTEGER PRIMARY KEY,
        key BLOB NOT NULL UNIQUE,
        scope TEXT NOT NULL,
        words TEXT NOT NULL
    ) STRICT;
    CREATE VIRTUAL TABLE found_words USING fts5(
        scope, words, content = 'found', content_rowid = 'place', tokenize = 'ascii',
        columnsize = 0, prefix = '3 4 5 6 7 8 9 10'
    );
    INSERT INTO found_words (found_words, rank) VALUES ('secure-delete', 1);
    DELETE FROM meta WHERE name = 'index_is_whole';";

/// What `meta` says when every text is in the index.
const WHOLE: &str = "index_is_whole";

pub(crate) fn put(connection: &Connection, entry: &Entry<'_>) -> Result<(), DatabaseError> {
    delete(connection, entry.key)?;
    let place = free_place(connection, entry.at_ms)?;
    let scope = hex(entry.scope);
    connection
        .prepare_cached("INSERT INTO found (place, key, scope, words) VALUES (?1, ?2, ?3, ?4)")?
        .execute((place, entry.key, &scope, entry.words))?;
    connection
        .prepare_cached("INSERT INTO found_words (rowid, scope, words) VALUES (?1, ?2, ?3)")?
        .execute((place, &scope, entry.words))?;
    Ok(())
}

/// The first place from this time on that is not taken.
fn free_place(connection: &Connection, at_ms: u64) -> Result<i64, DatabaseError> {
    let mut place = number(place_of(at_ms));
    let mut second = at_ms;
    loop {
        second = second.saturating_add(1000);
        let next = number(place_of(second));
        let last: Option<i64> = connection
            .prepare_cached("SELECT max(place) FROM found WHERE place >= ?1 AND place < ?2")?
            .query_row((place, next), |row| row.get(0))?;
        match last {
            None => return Ok(place),
            Some(last) if last + 1 < next => return Ok(last + 1),
            // More in a second than it has places.
            Some(_) => place = next,
        }
    }
}

pub(crate) fn delete(connection: &Connection, key: &[u8]) -> Result<(), DatabaseError> {
    let row: Option<(i64, String, String)> = connection
        .prepare_cached("SELECT place, scope, words FROM found WHERE key = ?1")?
        .query_row([key], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    if let Some(row) = row {
        connection
            .prepare_cached(
                "INSERT INTO found_words (found_words, rowid, scope, words)
                 VALUES ('delete', ?1, ?2, ?3)",
            )?
            .execute((row.0, &row.1, &row.2))?;
        connection
            .prepare_cached("DELETE FROM found WHERE place = ?1")?
            .execute([row.0])?;
    }
    Ok(())
}

pub(crate) fn has(connection: &Connection, key: &[u8]) -> Result<bool, DatabaseError> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM found WHERE key = ?1")?
        .query_row([key], |row| row.get::<_, i64>(0))?
        > 0)
}

pub(crate) fn find(connection: &Connection, find: &Find<'_>) -> Result<Vec<Hit>, DatabaseError> {
    if find.phrases.iter().all(|phrase| phrase.words.is_empty()) {
        return Ok(Vec::new());
    }
    let from = number(place_of(find.since_ms));
    let to = number(place_of(find.before_ms));
    let to = find.after.map_or(to, |after| to.min(number(after)));
    let limit = i64::try_from(find.limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(
        "SELECT found.key, found.place FROM found_words JOIN found ON found.place = found_words.rowid
         WHERE found_words MATCH ?1 AND found_words.rowid >= ?2 AND found_words.rowid < ?3
         ORDER BY found_words.rowid DESC LIMIT ?4",
    )?;
    let rows = statement.query_map((expression(find), from, to, limit), |row| {
        Ok((row.get(0)?, row.get::<_, i64>(1)?))
    })?;
    rows.map(|row| {
        let (key, place) = row?;
        Ok(Hit {
            key,
            place: Place(u64::try_from(place).unwrap_or(0)),
        })
    })
    .collect()
}

/// What is looked for, in the language of FTS5: every word in quotes, so that none of it is
/// taken for anything else.
fn expression(find: &Find<'_>) -> String {
    let mut text = String::new();
    if let Some(scope) = find.scope {
        // No error: writing to a String cannot fail.
        let _ = write!(text, "scope : \"{}\" AND ", hex(scope));
    }
    text.push_str("words : (");
    let phrases = find
        .phrases
        .iter()
        .filter(|phrase| !phrase.words.is_empty());
    for (number, phrase) in phrases.enumerate() {
        if number > 0 {
            text.push_str(" AND ");
        }
        text.push_str(&quoted(phrase));
    }
    text.push(')');
    text
}

fn quoted(phrase: &Phrase) -> String {
    let words = phrase.words.join(" ").replace('"', "\"\"");
    // SQLite reads what is looked for up to the first zero.
    let words = words.replace('\0', " ");
    let goes_on = if phrase.goes_on { " *" } else { "" };
    format!("\"{words}\"{goes_on}")
}

/// Writes the words and their index anew, so that nothing of deleted ones is left on any
/// page.
pub(crate) fn rewrite(connection: &Connection) -> Result<(), DatabaseError> {
    connection
        .execute_batch("DROP TABLE found_words; ALTER TABLE found RENAME TO found_before;")?;
    connection.execute_batch(CREATE)?;
    Ok(connection.execute_batch(
        "INSERT INTO found SELECT place, key, scope, words FROM found_before ORDER BY place;
         DROP TABLE found_before;
         INSERT INTO found_words (found_words) VALUES ('rebuild');",
    )?)
}

pub(crate) fn is_whole(connection: &Connection) -> Result<bool, DatabaseError> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM meta WHERE name = ?1")?
        .query_row([WHOLE], |row| row.get::<_, i64>(0))?
        > 0)
}

pub(crate) fn set_whole(connection: &Connection) -> Result<(), DatabaseError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO meta VALUES (?1, 1)")?
        .execute([WHOLE])?;
    Ok(())
}

fn number(place: Place) -> i64 {
    i64::try_from(place.0).unwrap_or(i64::MAX)
}

fn hex(scope: &[u8]) -> String {
    let mut text = String::with_capacity(2 * scope.len());
    for byte in scope {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
