//! The readers: threads with a connection each, beside the writer.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread::JoinHandle,
};

use hushwing_wire::SealedBox;
use rusqlite::{Connection, OptionalExtension as _, types::ValueRef};
use tokio::sync::{Semaphore, oneshot};

use super::{BoxBytes, OpenError, QueuePlace, Reply, schema};
use crate::{
    place::{BoxDigest, Place},
    store::{Kept, StoreError},
};

/// Reader threads. Reads come from the page cache mostly; two keep a slow disk
/// from stopping all.
const READERS: usize = 2;

/// Reads that may be queued; more wait in their connections.
const READ_QUEUE: usize = 1_024;

type Found = Option<(usize, SealedBox)>;

enum Job {
    Get {
        places: Vec<Place>,
        now_s: u64,
        reply: Reply<Found>,
    },
    Scan {
        after: Option<Place>,
        at_most: usize,
        reply: Reply<Vec<Kept>>,
    },
}

struct Queued {
    job: Job,
    _place: QueuePlace,
}

#[derive(Debug)]
pub(super) struct Readers {
    jobs: Option<Sender<Queued>>,
    queue: Arc<Semaphore>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    pub(super) fn start(path: &Path, bytes: &BoxBytes) -> Result<Self, OpenError> {
        let (jobs, taken) = channel();
        let taken = Arc::new(Mutex::new(taken));
        let threads = (0..READERS)
            .map(|_| {
                let conn = schema::open_reader(path)?;
                let (taken, bytes) = (taken.clone(), bytes.clone());
                Ok(std::thread::Builder::new()
                    .name("store-reader".to_owned())
                    .spawn(move || read_all(&conn, &bytes, &taken))?)
            })
            .collect::<Result<_, OpenError>>()?;
        Ok(Self {
            jobs: Some(jobs),
            queue: Arc::new(Semaphore::new(READ_QUEUE)),
            threads,
        })
    }

    pub(super) async fn get(&self, places: &[Place], now_s: u64) -> Result<Found, StoreError> {
        let places = places.to_vec();
        self.ask(|reply| Job::Get {
            places,
            now_s,
            reply,
        })
        .await
    }

    pub(super) async fn scan(
        &self,
        after: Option<Place>,
        at_most: usize,
    ) -> Result<Vec<Kept>, StoreError> {
        self.ask(|reply| Job::Scan {
            after,
            at_most,
            reply,
        })
        .await
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

impl Drop for Readers {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // It has printed its panic, if it had one.
            let _ = thread.join();
        }
    }
}

fn read_all(conn: &Connection, bytes: &BoxBytes, jobs: &Mutex<Receiver<Queued>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(queued) = next else {
            return;
        };
        // Whoever asked may have gone with their connection.
        match queued.job {
            Job::Get {
                places,
                now_s,
                reply,
            } if !reply.is_closed() => {
                let _ = reply.send(told(find(conn, bytes, &places, now_s)));
            }
            Job::Scan {
                after,
                at_most,
                reply,
            } if !reply.is_closed() => {
                let _ = reply.send(told(scan(conn, bytes, after, at_most)));
            }
            _ => {}
        }
    }
}

fn told<T>(read: rusqlite::Result<T>) -> Result<T, StoreError> {
    read.map_err(|error| {
        tracing::error!(code = ?error.sqlite_error_code(), "the store could not be read");
        StoreError::Failed
    })
}

fn scan(
    conn: &Connection,
    bytes: &BoxBytes,
    after: Option<Place>,
    at_most: usize,
) -> rusqlite::Result<Vec<Kept>> {
    let mut select = conn.prepare_cached(
        "SELECT place.key, place.digest, place.expires, box.bytes
         FROM place LEFT JOIN box ON box.id = place.box
         WHERE place.key > ?1 ORDER BY place.key LIMIT ?2",
    )?;
    // Every name is longer than none.
    let after = after.as_ref().map_or(&[][..], |place| place.as_bytes());
    let at_most = i64::try_from(at_most).unwrap_or(i64::MAX);
    select
        .query_map((after, at_most), |row| {
            let place = Place::from_bytes(row.get(0)?);
            let boxed = match row.get_ref(3)? {
                ValueRef::Null => None,
                _ => Some(bytes.read(&place, row, 3)?),
            };
            Ok(Kept {
                place,
                digest: BoxDigest::from_bytes(row.get(1)?),
                expires_s: u64::try_from(row.get::<_, i64>(2)?).unwrap_or(0),
                boxed,
            })
        })?
        .collect()
}

fn find(
    conn: &Connection,
    bytes: &BoxBytes,
    places: &[Place],
    now_s: u64,
) -> rusqlite::Result<Found> {
    let mut select = conn.prepare_cached(
        "SELECT box.bytes FROM place JOIN box ON box.id = place.box
         WHERE place.key = ?1 AND place.expires > ?2",
    )?;
    for (index, place) in places.iter().enumerate() {
        let found = select
            .query_row((place.as_bytes(), super::writer::integer(now_s)), |row| {
                bytes.read(place, row, 0)
            })
            .optional()?;
        if let Some(boxed) = found {
            return Ok(Some((index, boxed)));
        }
    }
    Ok(None)
}
