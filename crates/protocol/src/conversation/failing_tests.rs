//! A store that fails while something outside of the lanes is taken in.
#![allow(clippy::unwrap_used)]

use std::cell::Cell;

use super::{
    OpenError, RecoveryBox, RecoveryError, open,
    placing::{ask, assert_they_talk, question, question_by_past, row, succeed, take},
    repair::open_error,
};
use crate::{
    error::Fault,
    mls::MlsError,
    store::{Entry, Find, Hit, MemoryStore, Order, Row, Store, StoreError, Table},
    testing::{Person, friends},
};

/// A store whose medium fails at one of its operations.
struct Failing<'a> {
    store: &'a MemoryStore,
    /// Operations until then.
    left: Cell<Option<usize>>,
}

impl Failing<'_> {
    fn count(&self) -> Result<(), StoreError> {
        let left = self.left.get();
        self.left.set(left.and_then(|left| left.checked_sub(1)));
        match left {
            Some(0) => Err(StoreError::Medium("it failed".into())),
            _ => Ok(()),
        }
    }
}

impl Store for Failing<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.count()?;
        self.store.get(table, key)
    }

    fn put(&self, table: Table, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
        self.count()?;
        self.store.put(table, key, value)
    }

    fn delete(&self, table: Table, key: &[u8]) -> Result<(), StoreError> {
        self.count()?;
        self.store.delete(table, key)
    }

    fn scan(
        &self,
        table: Table,
        from: &[u8],
        to: Option<&[u8]>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.count()?;
        self.store.scan(table, from, to, order, limit)
    }

    fn index(&self, entry: &Entry<'_>) -> Result<(), StoreError> {
        self.count()?;
        self.store.index(entry)
    }

    fn unindex(&self, key: &[u8]) -> Result<(), StoreError> {
        self.count()?;
        self.store.unindex(key)
    }

    fn is_indexed(&self, key: &[u8]) -> Result<bool, StoreError> {
        self.count()?;
        self.store.is_indexed(key)
    }

    fn find(&self, find: &Find<'_>) -> Result<Vec<Hit>, StoreError> {
        self.count()?;
        self.store.find(find)
    }

    fn index_is_whole(&self) -> Result<bool, StoreError> {
        self.count()?;
        self.store.index_is_whole()
    }

    fn set_index_whole(&self) -> Result<(), StoreError> {
        self.count()?;
        self.store.set_index_whole()
    }
}

/// Wherever the store fails while somebody takes this in, it is the store that is named.
fn fails_as_the_store_does(person: &mut Person, boxed: &RecoveryBox) {
    let (id, before) = (person.conversation, person.store.snapshot());
    for operations in 0.. {
        let failing = Failing {
            store: &person.store,
            left: Cell::new(Some(operations)),
        };
        let mut ctx = crate::Ctx {
            store: &failing,
            rng: &mut person.rng,
            now_ms: person.now_ms,
        };
        let opened = open(&mut ctx, &id, &boxed.slot, &boxed.boxed);
        let failed = failing.left.get().is_none();
        match opened {
            Ok(_) if !failed => break,
            Ok(opened) => panic!("{operations}: {opened:?}"),
            Err(error) => assert_eq!(error.fault(), Fault::Environment, "{operations}: {error}"),
        }
        person.store.restore(&before);
    }
}

/// Nothing is taken for the peer's fault that is not, and nothing is lost by it.
/// `[HW-REC-6]`
#[test]
fn a_store_that_fails_is_nobodys_fault() {
    // A request, and its answer.
    let (mut alice, mut bob) = friends(617);
    let asked = ask(&mut bob);
    let before = alice.store.snapshot();
    fails_as_the_store_does(&mut alice, &asked);
    alice.store.restore(&before);
    let answer = take(&mut alice, &asked).answer.unwrap();
    fails_as_the_store_does(&mut bob, &answer);

    // A question that is asked back.
    let (mut alice, mut bob) = friends(618);
    assert_they_talk(&mut alice, &mut bob);
    let asked = question(&mut bob);
    alice.read(&bob.say("after it"));
    fails_as_the_store_does(&mut alice, &asked);
    assert!(row(&alice).pending.is_some_and(|one| one.is_question));

    // One to whom somebody else has to hand over first.
    let (mut alice, mut bob) = friends(619);
    succeed(&mut alice, &mut bob);
    assert_they_talk(&mut alice, &mut bob);
    let asked = question_by_past(&mut bob);
    fails_as_the_store_does(&mut alice, &asked);
    assert!(row(&alice).anew.is_some_and(|one| !one.is_question));
}

/// What fails while a request of ours is made keeps its name.
#[test]
fn a_request_that_cannot_be_made_says_why() {
    let medium = StoreError::Medium("it failed".into());
    let why = open_error(RecoveryError::Store(medium.clone()));
    assert_eq!(why, OpenError::Store(medium));
    let why = open_error(RecoveryError::Mls(MlsError::Suite));
    assert_eq!(why, OpenError::Mls(MlsError::Suite));
    let why = open_error(RecoveryError::Unneeded);
    assert_eq!(why.fault(), Fault::Ours);
}
