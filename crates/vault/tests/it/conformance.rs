//! A vault is the store that `MemoryStore` is, with transactions.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use hushwing_protocol::store::MemoryStore;
use proptest::{collection::vec, prelude::*, sample::select};

use super::*;

#[derive(Debug, Clone)]
enum Op {
    Put(Table, Vec<u8>, Vec<u8>),
    Delete(Table, Vec<u8>),
    Get(Table, Vec<u8>),
    Scan(Table, Vec<u8>, Option<Vec<u8>>, Order, usize),
}

#[derive(Debug, Clone, Copy)]
enum End {
    Commit,
    Fail,
    Panic,
    CommitAndReopen,
}

#[derive(Debug, PartialEq)]
enum Answer {
    Nothing,
    Value(Option<Vec<u8>>),
    Rows(Vec<Row>),
}

fn apply(store: &impl Store, op: &Op) -> Result<Answer, StoreError> {
    Ok(match op {
        Op::Put(table, key, value) => {
            store.put(*table, key, value)?;
            Answer::Nothing
        }
        Op::Delete(table, key) => {
            store.delete(*table, key)?;
            Answer::Nothing
        }
        Op::Get(table, key) => Answer::Value(store.get(*table, key)?),
        Op::Scan(table, from, to, order, limit) => {
            Answer::Rows(store.scan(*table, from, to.as_deref(), *order, *limit)?)
        }
    })
}

fn table() -> impl Strategy<Value = Table> {
    select(vec![Table(0), Table(1), Table(31), Table(255)])
}

/// Few enough keys to meet again, with prefixes of each other and both ends.
fn key() -> impl Strategy<Value = Vec<u8>> {
    vec(select(vec![0u8, 1, b'x', 0xff]), 0..4)
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => vec(any::<u8>(), 0..40),
        1 => (any::<u8>(), 1_000usize..20_000).prop_map(|(byte, len)| vec![byte; len]),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let order = select(vec![Order::Ascending, Order::Descending]);
    let limit = prop_oneof![0usize..6, Just(usize::MAX)];
    prop_oneof![
        5 => (table(), key(), value()).prop_map(|(t, k, v)| Op::Put(t, k, v)),
        2 => (table(), key()).prop_map(|(t, k)| Op::Delete(t, k)),
        2 => (table(), key()).prop_map(|(t, k)| Op::Get(t, k)),
        4 => (table(), key(), proptest::option::of(key()), order, limit)
            .prop_map(|(t, from, to, order, limit)| Op::Scan(t, from, to, order, limit)),
    ]
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        6 => Just(End::Commit),
        2 => Just(End::Fail),
        1 => Just(End::Panic),
        1 => Just(End::CommitAndReopen),
    ]
}

#[derive(Debug, PartialEq)]
enum StepError {
    OnPurpose,
    Store(StoreError),
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_vault_answers_like_a_memory_store(steps in vec((vec(op(), 0..12), end()), 1..12)) {
        let (dir, mut vault) = new_vault();
        let model = MemoryStore::new();
        for (ops, end) in steps {
            let before = model.snapshot();
            let run = |vault: &mut Vault| vault.transaction(|txn| {
                for op in &ops {
                    let (ours, theirs) = (apply(txn, op)?, apply(&model, op)?);
                    assert_eq!(ours, theirs, "{op:?}");
                }
                match end {
                    End::Fail => Err(StepError::OnPurpose),
                    End::Panic => resume_unwind(Box::new("on purpose")),
                    End::Commit | End::CommitAndReopen => Ok(()),
                }
            });
            match end {
                End::Commit => prop_assert_eq!(run(&mut vault), Ok(())),
                End::CommitAndReopen => {
                    prop_assert_eq!(run(&mut vault), Ok(()));
                    vault.close().unwrap();
                    vault = open(dir.path()).unwrap();
                }
                End::Fail => {
                    prop_assert_eq!(run(&mut vault), Err(StepError::OnPurpose));
                    model.restore(&before);
                }
                End::Panic => {
                    let panic = catch_unwind(AssertUnwindSafe(|| run(&mut vault))).unwrap_err();
                    prop_assert_eq!(panic.downcast_ref(), Some(&"on purpose"));
                    model.restore(&before);
                }
            }
        }
        for table in [0, 1, 31, 255].map(Table) {
            let all = Op::Scan(table, Vec::new(), None, Order::Ascending, usize::MAX);
            let ours = vault.transaction(|txn| apply(txn, &all)).unwrap();
            prop_assert_eq!(ours, apply(&model, &all).unwrap());
        }
    }
}
