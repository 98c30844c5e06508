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
use rusqlite::{Connection, OptionalExtension as _};
use tokio::sync::{Semaphore, oneshot};

use super::{OpenError, QueuePlace, Reply, schema};
use crate::{place::Place, store::StoreError};

/// Reader threads. Reads come from the page cache mostly; two keep a slow disk
/// from stopping all.
const READERS: usize = 2;

/// Reads that may be queued; more wait in their connections.
const READ_QUEUE: usize = 1_024;

type Found = Option<(usize, SealedBox)>;

struct Job {
    places: Vec<Place>,
    now_s: u64,
    reply: Reply<Found>,
    _queued: QueuePlace,
}

#[derive(Debug)]
pub(super) struct Readers {
    jobs: Option<Sender<Job>>,
    queue: Arc<Semaphore>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    pub(super) fn start(path: &Path) -> Result<Self, OpenError> {
        let (jobs, taken) = channel();
        let taken = Arc::new(Mutex::new(taken));
        let threads = (0..READERS)
            .map(|_| {
                let conn = schema::open_reader(path)?;
                let taken = taken.clone();
                Ok(std::thread::Builder::new()
                    .name("store-reader".to_owned())
                    .spawn(move || read_all(&conn, &taken))?)
            })
            .collect::<Result<_, OpenError>>()?;
        Ok(Self {
            jobs: Some(jobs),
            queue: Arc::new(Semaphore::new(READ_QUEUE)),
            threads,
        })
    }

    pub(super) async fn get(&self, places: &[Place], now_s: u64) -> Result<Found, StoreError> {
        let queued = self
            .queue
            .clone()
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Closed)?;
        let (reply, answered) = oneshot::channel();
        let job = Job {
            places: places.to_vec(),
            now_s,
            reply,
            _queued: queued,
        };
        self.jobs
            .as_ref()
            .and_then(|jobs| jobs.send(job).ok())
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

fn read_all(conn: &Connection, jobs: &Mutex<Receiver<Job>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = next else {
            return;
        };
        if job.reply.is_closed() {
            continue;
        }
        let found = find(conn, &job.places, job.now_s).map_err(|error| {
            tracing::error!(code = ?error.sqlite_error_code(), "the store could not be read");
            StoreError::Failed
        });
        let _ = job.reply.send(found);
    }
}

fn find(conn: &Connection, places: &[Place], now_s: u64) -> rusqlite::Result<Found> {
    let mut select = conn.prepare_cached(
        "SELECT box.bytes FROM place JOIN box ON box.id = place.box
         WHERE place.key = ?1 AND place.expires > ?2",
    )?;
    for (index, place) in places.iter().enumerate() {
        let found = select
            .query_row((place.as_bytes(), super::writer::integer(now_s)), |row| {
                super::writer::sealed_box(row, 0)
            })
            .optional()?;
        if let Some(boxed) = found {
            return Ok(Some((index, boxed)));
        }
    }
    Ok(None)
}
