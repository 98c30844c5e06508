//! The keeper: moves the log into the file, so that what was dropped is gone.

use std::{
    io,
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    thread::JoinHandle,
    time::Duration,
};

use rusqlite::Connection;

/// After at most this long and one checkpoint, a dropped box is in neither the
/// file nor the log. `[HW-RELAY-9]` Shorter would write the same pages more
/// often.
pub const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(10);

/// Bytes in the log that call for a checkpoint before its time: bounds the log
/// and the stall that emptying it causes.
const LOG_LIMIT: u64 = 64 << 20;

/// How often emptying a log that somebody reads is tried again.
const BUSY_RETRY: Duration = Duration::from_millis(200);

/// The thread; ends when the last [`LogWatch`] is dropped.
#[derive(Debug)]
pub(super) struct Keeper {
    thread: Option<JoinHandle<()>>,
}

/// Tells the keeper how the log grows.
#[derive(Debug)]
pub(super) struct LogWatch {
    wake: SyncSender<()>,
    grown: u64,
}

impl LogWatch {
    /// `bytes` were committed.
    pub(super) fn grew(&mut self, bytes: u64) {
        self.grown += bytes;
        if self.grown >= LOG_LIMIT && self.wake.try_send(()).is_ok() {
            self.grown = 0;
        }
    }
}

impl Keeper {
    pub(super) fn start(conn: Connection) -> io::Result<(Self, LogWatch)> {
        let (wake, woken) = sync_channel(0);
        let thread = std::thread::Builder::new()
            .name("store-keeper".to_owned())
            .spawn(move || keep(&conn, &woken))?;
        let keeper = Self {
            thread: Some(thread),
        };
        Ok((keeper, LogWatch { wake, grown: 0 }))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // It has printed its panic, if it had one.
            let _ = thread.join();
        }
    }
}

fn keep(conn: &Connection, woken: &Receiver<()>) {
    let mut pause = CHECKPOINT_INTERVAL;
    loop {
        let ending = matches!(
            woken.recv_timeout(pause),
            Err(RecvTimeoutError::Disconnected)
        );
        pause = match empty_log(conn) {
            Ok(true) => CHECKPOINT_INTERVAL,
            Ok(false) => BUSY_RETRY,
            Err(error) => {
                // The boxes are safe in the log; only its end is put off.
                tracing::warn!(code = ?error.sqlite_error_code(), "checkpoint failed");
                CHECKPOINT_INTERVAL
            }
        };
        if ending {
            return;
        }
    }
}

/// Whether the log is empty now. Two steps: the first copies most pages while
/// others write, the second locks them out for the few that came meanwhile.
fn empty_log(conn: &Connection) -> rusqlite::Result<bool> {
    for mode in ["PASSIVE", "TRUNCATE"] {
        let (busy, in_log): (i64, i64) =
            conn.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        if busy != 0 {
            return Ok(false);
        }
        if in_log <= 0 {
            break;
        }
    }
    Ok(true)
}
