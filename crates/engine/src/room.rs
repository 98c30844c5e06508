//! Rooms: what concerns one contact or one invite happens whole or not at all,
//! so that damage there stops nothing else. `[HW-ENG-4]`

use std::{cell::RefCell, collections::BTreeMap};

use hushwing_protocol::{
    Ctx, InviteId,
    store::{Entry, Find, Hit, Order, Row, Store, StoreError, Table},
};
use zeroize::Zeroizing;

use crate::{Engine, outbox::Flight, rows::ContactId, view::Event, views};

/// `None`: deleted. Wiped when dropped, since keys pass through here.
type Change = Option<Zeroizing<Vec<u8>>>;

/// A store above another whose changes reach that one only with
/// [`Room::leave`].
struct Room<'a> {
    below: &'a dyn Store,
    changes: RefCell<BTreeMap<(Table, Vec<u8>), Change>>,
    /// What becomes of texts in the index.
    texts: RefCell<BTreeMap<Vec<u8>, Option<Text>>>,
}

/// A text for the index.
struct Text {
    scope: Vec<u8>,
    at_ms: u64,
    words: Zeroizing<String>,
}

impl<'a> Room<'a> {
    fn enter(below: &'a dyn Store) -> Self {
        Self {
            below,
            changes: RefCell::default(),
            texts: RefCell::default(),
        }
    }

    fn leave(self) -> Result<(), StoreError> {
        for ((table, key), change) in self.changes.into_inner() {
            match change {
                Some(value) => self.below.put(table, &key, &value)?,
                None => self.below.delete(table, &key)?,
            }
        }
        for (key, text) in self.texts.into_inner() {
            match text {
                Some(text) => self.below.index(&Entry {
                    key: &key,
                    scope: &text.scope,
                    at_ms: text.at_ms,
                    words: &text.words,
                })?,
                None => self.below.unindex(&key)?,
            }
        }
        Ok(())
    }

    fn set(&self, table: Table, key: &[u8], change: Change) {
        self.changes
            .borrow_mut()
            .insert((table, key.to_vec()), change);
    }
}

impl Store for Room<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(change) = self.changes.borrow().get(&(table, key.to_vec())) {
            return Ok(change.as_ref().map(|value| value.to_vec()));
        }
        self.below.get(table, key)
    }

    fn put(&self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.set(table, key, Some(Zeroizing::new(value.to_vec())));
        Ok(())
    }

    fn delete(&self, table: Table, key: &[u8]) -> Result<(), StoreError> {
        self.set(table, key, None);
        Ok(())
    }

    fn scan(
        &self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let changes = self.changes.borrow();
        let is_within = |key: &[u8]| key >= from && to.is_none_or(|to| key < to);
        let changed: Vec<_> = changes
            .iter()
            .filter(|((of, key), _)| *of == table && is_within(key))
            .collect();
        // Each change can take one row of those below away.
        let enough = limit.saturating_add(changed.len());
        let mut rows: BTreeMap<Vec<u8>, Vec<u8>> = self
            .below
            .scan(table, from, to, order, enough)?
            .into_iter()
            .collect();
        for ((_, key), change) in changed {
            match change {
                Some(value) => rows.insert(key.clone(), value.to_vec()),
                None => rows.remove(key),
            };
        }
        Ok(match order {
            Order::Ascending => rows.into_iter().take(limit).collect(),
            Order::Descending => rows.into_iter().rev().take(limit).collect(),
        })
    }

    fn index(&self, entry: &Entry<'_>) -> Result<(), StoreError> {
        let text = Text {
            scope: entry.scope.to_vec(),
            at_ms: entry.at_ms,
            words: Zeroizing::new(entry.words.to_owned()),
        };
        self.texts
            .borrow_mut()
            .insert(entry.key.to_vec(), Some(text));
        Ok(())
    }

    fn unindex(&self, key: &[u8]) -> Result<(), StoreError> {
        self.texts.borrow_mut().insert(key.to_vec(), None);
        Ok(())
    }

    fn is_indexed(&self, key: &[u8]) -> Result<bool, StoreError> {
        match self.texts.borrow().get(key) {
            Some(text) => Ok(text.is_some()),
            None => self.below.is_indexed(key),
        }
    }

    /// What a room has done to the index is not looked at: nothing is looked for in one.
    fn find(&self, find: &Find<'_>) -> Result<Vec<Hit>, StoreError> {
        self.below.find(find)
    }

    fn index_is_whole(&self) -> Result<bool, StoreError> {
        self.below.index_is_whole()
    }

    fn set_index_whole(&self) -> Result<(), StoreError> {
        self.below.set_index_whole()
    }
}

/// How far the engine's outputs were when a room was entered.
struct Mark {
    transmits: usize,
    events: usize,
}

impl Engine {
    /// Runs what concerns one contact. Where a row of it is damaged, nothing of
    /// the step stays; the contact is mended if that can be and the step is run
    /// once more. `None`: the contact is damaged, which people are shown.
    ///
    /// # Errors
    /// [`StoreError::Medium`]: the whole step must be rolled back.
    pub(crate) fn in_room<T>(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        mut step: impl FnMut(&mut Self, &mut Ctx<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        if self.damaged.contains_key(contact) {
            return Ok(None);
        }
        match self.try_in_room(ctx, &mut step)? {
            Ok(value) => return Ok(Some(value)),
            Err(what) => self.mend(ctx, contact, what)?,
        }
        if self.damaged.contains_key(contact) {
            return Ok(None);
        }
        match self.try_in_room(ctx, &mut step)? {
            Ok(value) => Ok(Some(value)),
            Err(what) => {
                self.close_room(contact, what);
                Ok(None)
            }
        }
    }

    /// Runs what concerns one invite of ours; `None`: it is damaged.
    ///
    /// # Errors
    /// [`StoreError::Medium`]: the whole step must be rolled back.
    pub(crate) fn in_invite_room<T>(
        &mut self,
        ctx: &mut Ctx<'_>,
        invite: &InviteId,
        mut step: impl FnMut(&mut Self, &mut Ctx<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        if self.damaged_invites.contains(invite) {
            return Ok(None);
        }
        match self.try_in_room(ctx, &mut step)? {
            Ok(value) => Ok(Some(value)),
            Err(_) => {
                self.forget_invite(invite);
                self.damaged_invites.insert(*invite);
                self.tell(Event::Warning {
                    text: format!(
                        "An invite of yours ({}) is damaged in your account and cannot be used \
                         any more. Revoke it and make a new one.",
                        &views::hex(invite.as_bytes())[..8]
                    ),
                });
                Ok(None)
            }
        }
    }

    /// The step in a room of its own; inside, what was damaged.
    pub(crate) fn try_in_room<T>(
        &mut self,
        ctx: &mut Ctx<'_>,
        step: &mut impl FnMut(&mut Self, &mut Ctx<'_>) -> Result<T, StoreError>,
    ) -> Result<Result<T, &'static str>, StoreError> {
        let room = Room::enter(ctx.store);
        let mark = Mark {
            transmits: self.transmits.len(),
            events: self.events.len(),
        };
        let mut inside = Ctx {
            store: &room,
            rng: &mut *ctx.rng,
            now_ms: ctx.now_ms,
        };
        match step(self, &mut inside) {
            Ok(value) => {
                room.leave()?;
                Ok(Ok(value))
            }
            Err(StoreError::Damaged(what)) => {
                self.take_back(&mark);
                Ok(Err(what))
            }
            Err(error) => Err(error),
        }
    }

    /// Nothing that was made since may leave.
    fn take_back(&mut self, mark: &Mark) {
        while self.transmits.len() > mark.transmits {
            let Some(transmit) = self.transmits.pop_back() else {
                break;
            };
            match self.flights.remove(&transmit.id) {
                Some(Flight::Put(out, way)) => self.has_landed(&out, &way),
                Some(Flight::Drop(number)) => {
                    self.drops.remove(&number);
                }
                None => {}
            }
        }
        self.events.truncate(mark.events);
    }
}

#[cfg(test)]
mod tests {
    use hushwing_protocol::store::{MemoryStore, Order, Store as _, Table};

    use super::Room;

    const TABLE: Table = Table(40);

    fn keys(store: &dyn hushwing_protocol::store::Store, order: Order, limit: usize) -> Vec<u8> {
        let rows = store.scan(TABLE, &[1], Some(&[9]), order, limit);
        let rows = rows.expect("memory does not fail");
        rows.into_iter().map(|(key, _)| key[0]).collect()
    }

    fn below() -> MemoryStore {
        let store = MemoryStore::new();
        for key in 0..10 {
            store.put(TABLE, &[key], &[key]).expect("memory");
        }
        store
    }

    #[test]
    fn a_room_shows_its_changes_and_leaves_none_behind_until_it_is_left() {
        let store = below();
        let before = store.snapshot();
        let room = Room::enter(&store);
        room.put(TABLE, &[2, 5], &[1]).expect("memory");
        room.put(TABLE, &[3], &[33]).expect("memory");
        room.delete(TABLE, &[1]).expect("memory");
        room.delete(TABLE, &[8]).expect("memory");
        room.put(Table(41), &[4], &[1]).expect("memory");
        assert_eq!(room.get(TABLE, &[3]), Ok(Some(vec![33])));
        assert_eq!(room.get(TABLE, &[1]), Ok(None));
        assert_eq!(keys(&room, Order::Ascending, 99), [2, 2, 3, 4, 5, 6, 7]);
        assert_eq!(keys(&room, Order::Ascending, 3), [2, 2, 3]);
        assert_eq!(keys(&room, Order::Descending, 2), [7, 6]);
        assert_eq!(store.snapshot(), before);
        room.leave().expect("memory");
        assert_eq!(keys(&store, Order::Ascending, 3), [2, 2, 3]);
        assert_eq!(store.get(TABLE, &[8]), Ok(None));
    }
}
