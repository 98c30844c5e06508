//! Finding what was said: the index is kept in the steps that add and delete messages, and
//! made for those of before. `[HW-FIND-1]`

use hushwing_protocol::{
    Ctx,
    store::{Entry, Find, Place, StoreError},
};

use crate::{
    Engine,
    commands::find_contact,
    limits,
    rows::{ContactId, MessageRow, Rows},
    view::{CommandError, ErrorCode, FoundView, Reply},
    views::store_error,
    words::{joined, phrases, places, words},
};

/// What a person looks for.
pub(crate) struct Looking {
    pub(crate) text: String,
    pub(crate) contact: Option<String>,
    pub(crate) since_ms: Option<u64>,
    pub(crate) before_ms: Option<u64>,
    pub(crate) limit: u32,
    pub(crate) after: Option<String>,
}

/// Messages of before that still have to be taken into the index.
pub(crate) enum Indexing {
    Done,
    /// From this key on.
    From(Vec<u8>),
    /// Not while the account stays open: it failed.
    GivenUp,
}

impl Engine {
    pub(crate) fn search(&self, ctx: &Ctx<'_>, looking: &Looking) -> Result<Reply, CommandError> {
        let bad = |why: &str| CommandError::new(ErrorCode::BadInput, why);
        if looking.text.len() > limits::MAX_SEARCH_LEN {
            return Err(bad(
                "This is too long to be searched for; some words are enough.",
            ));
        }
        let phrases = phrases(&looking.text);
        if phrases.is_empty() {
            return Err(bad(
                "There is nothing to search for: give at least one letter or digit.",
            ));
        }
        let contact = looking.contact.as_deref();
        let contact = contact.map(|who| find_contact(ctx, who)).transpose()?;
        let after = looking.after.as_deref().map(place_in).transpose()?;
        let limit = looking.limit.clamp(1, limits::MAX_FOUND) as usize;
        let hits = ctx
            .store
            .find(&Find {
                phrases: &phrases,
                scope: contact.as_ref().map(|contact| contact.0.as_slice()),
                since_ms: looking.since_ms.unwrap_or(0),
                before_ms: looking.before_ms.unwrap_or(u64::MAX),
                after,
                limit,
            })
            .map_err(store_error)?;
        let next = hits.last().filter(|_| hits.len() == limit);
        let next = next.map(|hit| hit.place.0.to_string());
        let mut found = Vec::with_capacity(hits.len());
        for hit in &hits {
            let message = Rows(ctx.store)
                .found_message(&hit.key)
                .map_err(store_error)?;
            // Damaged since: what it said is not known to be what was found.
            let Some((contact, position, row)) = message else {
                continue;
            };
            let matches = places(&row.text, &phrases).into_iter();
            found.push(FoundView {
                matches: matches.map(|at| [at.start as u64, at.end as u64]).collect(),
                message: self
                    .view_of_message(ctx, &contact, position, &row)
                    .map_err(store_error)?,
            });
        }
        Ok(Reply::Found {
            found,
            next,
            complete: matches!(self.indexing, Indexing::Done),
        })
    }

    pub(crate) fn load_index(&mut self, ctx: &Ctx<'_>) -> Result<(), StoreError> {
        self.indexing = if ctx.store.index_is_whole()? {
            Indexing::Done
        } else {
            Indexing::From(Vec::new())
        };
        Ok(())
    }

    /// At once, as long as there are some.
    pub(crate) fn index_at_ms(&self) -> Option<u64> {
        matches!(self.indexing, Indexing::From(_)).then_some(self.last_now_ms)
    }

    /// Whether messages of before are being taken into the index.
    #[must_use]
    pub fn is_indexing(&self) -> bool {
        matches!(self.indexing, Indexing::From(_))
    }

    /// Takes no more messages of before into the index until the vault is opened again: a
    /// page of them cannot be read, and what is tried again and again would keep everything
    /// else from being done.
    pub fn give_up_indexing(&mut self) {
        if self.is_indexing() {
            self.indexing = Indexing::GivenUp;
        }
    }

    /// Takes some messages of before into the index: of a vault of an older version, of a
    /// salvaged one.
    pub(crate) fn index_some(&mut self, ctx: &Ctx<'_>) -> Result<(), StoreError> {
        let Indexing::From(from) = &self.indexing else {
            return Ok(());
        };
        let page = Rows(ctx.store).messages_by_key(from, limits::INDEXED_AT_A_TIME)?;
        for (key, contact, position, row) in &page {
            // Some were taken in before the account was locked.
            if let Some(row) = row
                && !ctx.store.is_indexed(key)?
            {
                index(ctx, contact, *position, row)?;
            }
        }
        self.indexing = match page.last() {
            Some((key, ..)) => Indexing::From([key.as_slice(), &[0]].concat()),
            None => {
                ctx.store.set_index_whole()?;
                Indexing::Done
            }
        };
        Ok(())
    }
}

/// Takes a message into the index, by its text and by when it was said: a writer's clock
/// that is ahead does not put it into the future.
pub(crate) fn index(
    ctx: &Ctx<'_>,
    contact: &ContactId,
    position: u64,
    row: &MessageRow,
) -> Result<(), StoreError> {
    let words = words(&row.text);
    if words.is_empty() {
        return Ok(());
    }
    // Of theirs that begins when it came; of ours the clock is this machine's.
    let at_ms = if row.is_mine() {
        row.sent_at_ms
    } else {
        row.sent_at_ms.min(row.since_ms)
    };
    ctx.store.index(&Entry {
        key: &Rows::key_of_message(contact, position),
        scope: &contact.0,
        at_ms,
        words: &joined(&words),
    })
}

fn place_in(text: &str) -> Result<Place, CommandError> {
    text.parse().map(Place).map_err(|_| {
        CommandError::new(
            ErrorCode::BadInput,
            "This is not where an earlier search ended: give its 'next' as it is.",
        )
    })
}
