//! The writer: one thread, one connection, many boxes a commit.

use std::{
    io,
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use hushwing_wire::limits::BOX_LEN;
use rusqlite::{
    Connection, ErrorCode, OptionalExtension as _, Row, Transaction, TransactionBehavior,
};
use tokio::sync::{Semaphore, oneshot};

use super::{BoxBytes, Counters, Disk, QueuePlace, Reply, keeper::LogWatch};
use crate::{
    place::Place,
    store::{Deposit, Kept, Put, StoreError, StoreLimits, Usage},
};

/// Jobs that may be queued, 17 MB of boxes at most; more wait in their
/// connections, and so do their clients.
const WRITE_QUEUE: usize = 1_024;

/// Jobs in one commit: beyond this a commit gains nothing from being shared.
const BATCH_JOBS: usize = 256;

/// Longest time that the first job of a commit waits for others.
const GATHER: Duration = Duration::from_millis(2);

/// Silence after which a commit does not wait for its [`GATHER`]: whoever has
/// more to put has put it by then.
const GATHER_SILENCE: Duration = Duration::from_micros(500);

/// Silence after which the writer gives free pages back to the file system.
const IDLE: Duration = Duration::from_secs(1);

/// Free pages that stay in the file for the next boxes, 4 MiB.
const KEPT_FREE_PAGES: i64 = 1_024;

/// Pages given back in one step, so that a box that comes meanwhile waits some
/// milliseconds only.
const VACUUM_PAGES: i64 = 512;

/// Silence between two such steps; a job in it ends the giving back.
const VACUUM_PAUSE: Duration = Duration::from_millis(20);

/// Bytes in the log beyond a box itself.
const LOG_OVERHEAD: u64 = 8_192;

enum Job {
    Put {
        deposit: Deposit,
        now_s: u64,
        reply: Reply<Put>,
    },
    Drop {
        places: Vec<Place>,
        reply: Reply<()>,
    },
    Expire {
        now_s: u64,
        at_most: usize,
        reply: Reply<usize>,
    },
    Restore {
        kept: Vec<Kept>,
        now_s: u64,
        reply: Reply<bool>,
    },
}

struct Queued {
    job: Job,
    _place: QueuePlace,
}

#[derive(Debug)]
pub(super) struct Writer {
    jobs: Option<Sender<Queued>>,
    queue: Arc<Semaphore>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(
        conn: Connection,
        limits: StoreLimits,
        disk: Disk,
        counters: Arc<Counters>,
        bytes: BoxBytes,
        log: LogWatch,
    ) -> Result<Self, super::OpenError> {
        let usage = conn.query_row("SELECT boxes, tombstones FROM usage", [], |row| {
            Ok(Usage {
                boxes: count(row, 0)?,
                tombstones: count(row, 1)?,
            })
        })?;
        counters.set(usage);
        let (jobs, taken) = channel();
        let state = State {
            conn,
            limits,
            disk,
            counters,
            usage,
            bytes,
            log,
        };
        let thread = spawn(state, taken)?;
        Ok(Self {
            jobs: Some(jobs),
            queue: Arc::new(Semaphore::new(WRITE_QUEUE)),
            thread: Some(thread),
        })
    }

    pub(super) async fn put(&self, deposit: Deposit, now_s: u64) -> Result<Put, StoreError> {
        self.ask(|reply| Job::Put {
            deposit,
            now_s,
            reply,
        })
        .await
    }

    pub(super) async fn drop_boxes(&self, places: &[Place]) -> Result<(), StoreError> {
        let places = places.to_vec();
        self.ask(|reply| Job::Drop { places, reply }).await
    }

    pub(super) async fn expire(&self, now_s: u64, at_most: usize) -> Result<usize, StoreError> {
        self.ask(|reply| Job::Expire {
            now_s,
            at_most,
            reply,
        })
        .await
    }

    pub(super) async fn restore(&self, kept: Vec<Kept>, now_s: u64) -> Result<bool, StoreError> {
        self.ask(|reply| Job::Restore { kept, now_s, reply }).await
    }

    async fn ask<T>(&self, job: impl FnOnce(Reply<T>) -> Job) -> Result<T, StoreError> {
        let place = self
            .queue
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Closed)?;
        let (reply, answered) = oneshot::channel();
        let queued = Queued {
            job: job(reply),
            _place: place,
        };
        self.jobs
            .as_ref()
            .and_then(|jobs| jobs.send(queued).ok())
            .ok_or(StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // It has printed its panic, if it had one.
            let _ = thread.join();
        }
    }
}

fn spawn(mut state: State, jobs: Receiver<Queued>) -> io::Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name("store-writer".to_owned())
        .spawn(move || {
            let mut patience = IDLE;
            loop {
                match jobs.recv_timeout(patience) {
                    Ok(first) => {
                        state.commit(gather(first, &jobs));
                        patience = IDLE;
                    }
                    Err(RecvTimeoutError::Timeout) => {
                        patience = if state.tidy() { VACUUM_PAUSE } else { IDLE };
                    }
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        })
}

/// The jobs of one commit.
fn gather(first: Queued, jobs: &Receiver<Queued>) -> Vec<Queued> {
    let mut batch = vec![first];
    let until = Instant::now() + GATHER;
    while batch.len() < BATCH_JOBS {
        let left = until.saturating_duration_since(Instant::now());
        match jobs.recv_timeout(left.min(GATHER_SILENCE)) {
            Ok(job) => batch.push(job),
            Err(_) => break,
        }
    }
    batch
}

struct State {
    conn: Connection,
    limits: StoreLimits,
    disk: Disk,
    counters: Arc<Counters>,
    usage: Usage,
    bytes: BoxBytes,
    log: LogWatch,
}

/// What came of a job, if the commit succeeds.
enum Outcome {
    Put(Put),
    Dropped,
    Expired(usize),
    Restored(bool),
}

impl State {
    /// Carries out a batch in one transaction, and answers after its commit.
    fn commit(&mut self, batch: Vec<Queued>) {
        match self.carry_out(&batch) {
            Ok((outcomes, usage)) => {
                self.usage = usage;
                self.counters.set(usage);
                self.log
                    .grew(batch.len() as u64 * (BOX_LEN as u64 + LOG_OVERHEAD));
                for (queued, outcome) in batch.into_iter().zip(outcomes) {
                    queued.job.tell(outcome);
                }
            }
            Err(error) => {
                tracing::error!(code = ?error.sqlite_error_code(), "a commit failed");
                let no_room = error.sqlite_error_code() == Some(ErrorCode::DiskFull);
                for queued in batch {
                    queued.job.tell_failure(no_room);
                }
            }
        }
    }

    /// All of `batch` or, with an error, nothing of it.
    fn carry_out(&mut self, batch: &[Queued]) -> rusqlite::Result<(Vec<Outcome>, Usage)> {
        let room = Room {
            limits: self.limits,
            on_disk: self.disk.has_room(),
        };
        let mut usage = self.usage;
        let txn = self
            .conn
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let outcomes = batch
            .iter()
            .map(|queued| queued.job.apply(&txn, &mut usage, &room, &self.bytes))
            .collect::<rusqlite::Result<_>>()?;
        if usage != self.usage {
            txn.prepare_cached("UPDATE usage SET boxes = ?1, tombstones = ?2")?
                .execute((integer(usage.boxes), integer(usage.tombstones)))?;
        }
        txn.commit()?;
        Ok((outcomes, usage))
    }

    /// Gives some free pages back; says whether there may be more.
    fn tidy(&mut self) -> bool {
        self.vacuum_step().unwrap_or_else(|error| {
            tracing::warn!(code = ?error.sqlite_error_code(), "free pages were not given back");
            false
        })
    }

    fn vacuum_step(&mut self) -> rusqlite::Result<bool> {
        let free: i64 = self
            .conn
            .pragma_query_value(None, "freelist_count", |row| row.get(0))?;
        let pages = (free - KEPT_FREE_PAGES).min(VACUUM_PAGES);
        if pages <= 0 {
            return Ok(false);
        }
        // SQLite frees one page a row that is read, so read them all.
        let mut vacuum = self
            .conn
            .prepare(&format!("PRAGMA incremental_vacuum({pages})"))?;
        let mut rows = vacuum.query([])?;
        while rows.next()?.is_some() {}
        drop(rows);
        drop(vacuum);
        self.log
            .grew(u64::try_from(pages).unwrap_or_default() * LOG_OVERHEAD);
        Ok(true)
    }
}

/// What a new box needs besides a free place.
struct Room {
    limits: StoreLimits,
    on_disk: bool,
}

impl Job {
    fn apply(
        &self,
        txn: &Transaction<'_>,
        usage: &mut Usage,
        room: &Room,
        bytes: &BoxBytes,
    ) -> rusqlite::Result<Outcome> {
        match self {
            Self::Put { deposit, now_s, .. } => {
                put(txn, deposit, *now_s, usage, room, bytes).map(Outcome::Put)
            }
            Self::Drop { places, .. } => drop_boxes(txn, places, usage).map(|()| Outcome::Dropped),
            Self::Expire { now_s, at_most, .. } => {
                expire(txn, *now_s, *at_most, usage).map(Outcome::Expired)
            }
            Self::Restore { kept, now_s, .. } => {
                restore(txn, kept, *now_s, usage, room, bytes).map(Outcome::Restored)
            }
        }
    }

    fn tell(self, outcome: Outcome) {
        // Whoever asked may have gone with their connection.
        match (self, outcome) {
            (Self::Put { reply, .. }, Outcome::Put(put)) => drop(reply.send(Ok(put))),
            (Self::Drop { reply, .. }, Outcome::Dropped) => drop(reply.send(Ok(()))),
            (Self::Expire { reply, .. }, Outcome::Expired(n)) => drop(reply.send(Ok(n))),
            (Self::Restore { reply, .. }, Outcome::Restored(all)) => drop(reply.send(Ok(all))),
            (job, _) => job.tell_failure(false),
        }
    }

    /// The whole transaction was rolled back, so "full" is true for each of
    /// its boxes.
    fn tell_failure(self, no_room: bool) {
        const FAILED: StoreError = StoreError::Failed;
        match self {
            Self::Put { reply, .. } if no_room => drop(reply.send(Ok(Put::Full))),
            Self::Put { reply, .. } => drop(reply.send(Err(FAILED))),
            Self::Drop { reply, .. } => drop(reply.send(Err(FAILED))),
            Self::Expire { reply, .. } => drop(reply.send(Err(FAILED))),
            Self::Restore { reply, .. } if no_room => drop(reply.send(Ok(false))),
            Self::Restore { reply, .. } => drop(reply.send(Err(FAILED))),
        }
    }
}

fn put(
    txn: &Transaction<'_>,
    deposit: &Deposit,
    now_s: u64,
    usage: &mut Usage,
    room: &Room,
    bytes: &BoxBytes,
) -> rusqlite::Result<Put> {
    let held = txn
        .prepare_cached("SELECT digest, expires, box FROM place WHERE key = ?1")?
        .query_row([deposit.place.as_bytes()], |row| {
            let digest: [u8; 32] = row.get(0)?;
            let expires: i64 = row.get(1)?;
            let boxed: Option<i64> = row.get(2)?;
            Ok((digest, expires, boxed))
        })
        .optional()?;
    if let Some((digest, expires, boxed)) = held {
        if expires > integer(now_s) {
            return match boxed {
                _ if digest == *deposit.digest.as_bytes() => Ok(Put::Same),
                None => Ok(Put::TakenAndDropped),
                Some(id) => txn
                    .prepare_cached("SELECT bytes FROM box WHERE id = ?1")?
                    .query_row([id], |row| bytes.read(&deposit.place, row, 0))
                    .map(Put::Taken),
            };
        }
        remove(txn, deposit.place.as_bytes(), boxed, usage)?;
    }
    if !room.on_disk || !usage.has_room(&room.limits) {
        return Ok(Put::Full);
    }
    txn.prepare_cached("INSERT INTO box (bytes) VALUES (?1)")?
        .execute([bytes.write(&deposit.place, &deposit.boxed)?])?;
    txn.prepare_cached("INSERT INTO place (key, digest, expires, box) VALUES (?1, ?2, ?3, ?4)")?
        .execute((
            deposit.place.as_bytes(),
            deposit.digest.as_bytes(),
            integer(deposit.expires_s),
            txn.last_insert_rowid(),
        ))?;
    usage.boxes += 1;
    Ok(Put::Stored)
}

/// All of `kept` or, with `false`, nothing of it: it is the only job of a tool
/// that moves a store, so nothing else is in the transaction that it leaves.
fn restore(
    txn: &Transaction<'_>,
    kept: &[Kept],
    now_s: u64,
    usage: &mut Usage,
    room: &Room,
    bytes: &BoxBytes,
) -> rusqlite::Result<bool> {
    let mut missing = Vec::new();
    let mut after = *usage;
    for kept in kept {
        let held: Option<(i64, Option<i64>)> = txn
            .prepare_cached("SELECT expires, box FROM place WHERE key = ?1")?
            .query_row([kept.place.as_bytes()], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        let expired = match held {
            Some((expires, _)) if expires > integer(now_s) => continue,
            Some((_, boxed)) => {
                after.take(boxed.is_some());
                Some(boxed)
            }
            None => None,
        };
        if !room.on_disk || !after.has_room(&room.limits) {
            return Ok(false);
        }
        after.add(kept.boxed.is_some());
        missing.push((kept, expired));
    }
    for (kept, expired) in missing {
        if let Some(boxed) = expired {
            remove(txn, kept.place.as_bytes(), boxed, usage)?;
        }
        let boxed = match &kept.boxed {
            None => None,
            Some(boxed) => {
                txn.prepare_cached("INSERT INTO box (bytes) VALUES (?1)")?
                    .execute([bytes.write(&kept.place, boxed)?])?;
                Some(txn.last_insert_rowid())
            }
        };
        txn.prepare_cached(
            "INSERT INTO place (key, digest, expires, box) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute((
            kept.place.as_bytes(),
            kept.digest.as_bytes(),
            integer(kept.expires_s),
            boxed,
        ))?;
    }
    *usage = after;
    Ok(true)
}

fn drop_boxes(txn: &Transaction<'_>, places: &[Place], usage: &mut Usage) -> rusqlite::Result<()> {
    for place in places {
        let boxed: Option<i64> = txn
            .prepare_cached("SELECT box FROM place WHERE key = ?1")?
            .query_row([place.as_bytes()], |row| row.get(0))
            .optional()?
            .flatten();
        let Some(id) = boxed else {
            continue;
        };
        txn.prepare_cached("DELETE FROM box WHERE id = ?1")?
            .execute([id])?;
        txn.prepare_cached("UPDATE place SET box = NULL WHERE key = ?1")?
            .execute([place.as_bytes()])?;
        usage.boxes = usage.boxes.saturating_sub(1);
        usage.tombstones += 1;
    }
    Ok(())
}

fn expire(
    txn: &Transaction<'_>,
    now_s: u64,
    at_most: usize,
    usage: &mut Usage,
) -> rusqlite::Result<usize> {
    let limit = i64::try_from(at_most).unwrap_or(i64::MAX);
    let expired = txn
        .prepare_cached("SELECT key, box FROM place WHERE expires <= ?1 LIMIT ?2")?
        .query_map((integer(now_s), limit), |row| {
            Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, Option<i64>>(1)?))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for (key, boxed) in &expired {
        remove(txn, key, *boxed, usage)?;
    }
    Ok(expired.len())
}

fn remove(
    txn: &Transaction<'_>,
    key: &[u8; 32],
    boxed: Option<i64>,
    usage: &mut Usage,
) -> rusqlite::Result<()> {
    match boxed {
        Some(id) => {
            txn.prepare_cached("DELETE FROM box WHERE id = ?1")?
                .execute([id])?;
            usage.take(true);
        }
        None => usage.take(false),
    }
    txn.prepare_cached("DELETE FROM place WHERE key = ?1")?
        .execute([key])?;
    Ok(())
}

/// SQLite's integers are signed; a time beyond theirs is the end of time.
pub(super) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}
