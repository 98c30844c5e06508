//! What happened lately, so that a listener that comes back misses nothing.
//!
//! `[HW-API-19]` Each event has a serial within one run of the daemon. A bounded number is
//! kept, as the text that listeners get; each listener has its own place in it. Whose
//! place is no longer kept is told `lagged` and reads everything anew. When the account is
//! locked nothing is kept: events name people and hold what they wrote.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::extract::ws::Utf8Bytes;
use serde::{Deserialize, Serialize};
use tokio::sync::{
    broadcast::{self, error::RecvError},
    watch,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Limits,
    schema::{Event, VaultState},
};

/// One text frame of the event stream.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Frame {
    /// The first one.
    Beginning(Beginning),
    /// All others.
    Told(Told),
}

/// What a listener is told before anything else.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Beginning {
    /// From here on it is told everything.
    Listening {
        /// Which run of the daemon this is; serials of another one mean nothing here.
        run: String,
        /// The serial of the last event that it is taken to know.
        serial: u64,
        /// Whether it goes on where it said that it stopped. If not, it may have missed
        /// anything, and reads anew what it shows.
        resumed: bool,
    },
}

/// An event with its place among all events of this run.
#[derive(Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Told {
    /// Its serial: one more than that of the event before.
    pub serial: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Where a listener says that it stopped.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Stopped {
    run: Option<String>,
    after: Option<u64>,
}

/// The events that are kept, and what new ones are told by.
pub(crate) struct Ring {
    run: String,
    kept: Mutex<Kept>,
    newest: watch::Sender<u64>,
    /// Cancelled when there will be no more events.
    ended: CancellationToken,
    max_events: usize,
    max_len: usize,
}

#[derive(Default)]
struct Kept {
    events: VecDeque<(u64, Utf8Bytes)>,
    /// Bytes of them all.
    len: usize,
    /// The last serial that was given.
    newest: u64,
}

impl Kept {
    /// The last serial that is not kept any more.
    fn gone(&self) -> u64 {
        self.events
            .front()
            .map_or(self.newest, |(serial, _)| serial - 1)
    }
}

impl Ring {
    /// Without events; `run` names this run of the daemon.
    pub(crate) fn new(run: String, limits: &Limits) -> Self {
        Self {
            run,
            kept: Mutex::default(),
            newest: watch::Sender::new(0),
            ended: CancellationToken::new(),
            max_events: limits.max_kept_events,
            max_len: limits.max_kept_len,
        }
    }

    /// Takes in all that happens, until an end.
    pub(crate) async fn fill(&self, mut events: broadcast::Receiver<Event>) {
        loop {
            match events.recv().await {
                Ok(event) => self.push(event),
                Err(RecvError::Lagged(_)) => self.push(Event::Lagged),
                Err(RecvError::Closed) => break,
            }
        }
        self.ended.cancel();
    }

    fn push(&self, event: Event) {
        let mut kept = self.kept();
        // What was deleted must not be told again, and what was missed may have been a lock.
        if matches!(
            event,
            Event::Vault {
                vault: VaultState::Locked | VaultState::Missing
            } | Event::MessageDeleted { .. }
                | Event::HistoryDeleted { .. }
                | Event::ContactDeleted { .. }
                | Event::Lagged
        ) {
            kept.events.clear();
            kept.len = 0;
        }
        let serial = kept.newest + 1;
        // Without its words an event that cannot be written down is at least missed.
        let Ok(text) = serde_json::to_string(&Told { serial, event }) else {
            return;
        };
        kept.newest = serial;
        kept.len += text.len();
        kept.events.push_back((serial, text.into()));
        while kept.events.len() > self.max_events || kept.len > self.max_len {
            let Some((_, text)) = kept.events.pop_front() else {
                break;
            };
            kept.len -= text.len();
        }
        drop(kept);
        self.newest.send_replace(serial);
    }

    /// Where a new listener begins, and what it is told of that.
    pub(crate) fn begin(&self, stopped: &Stopped) -> (u64, Beginning) {
        let kept = self.kept();
        let known = stopped.after.filter(|after| {
            stopped.run.as_ref() == Some(&self.run) && (kept.gone()..=kept.newest).contains(after)
        });
        let serial = known.unwrap_or(kept.newest);
        let told = Beginning::Listening {
            run: self.run.clone(),
            serial,
            resumed: known.is_some(),
        };
        (serial, told)
    }

    /// The next thing for a listener that knows everything up to `place`, with its serial;
    /// waits for one. `None` when there will be none.
    pub(crate) async fn after(&self, place: u64) -> Option<(u64, Utf8Bytes)> {
        loop {
            let mut newest = self.newest.subscribe();
            if let Some(found) = self.kept_after(place) {
                return Some(found);
            }
            tokio::select! {
                // The sender is in here.
                _ = newest.changed() => {}
                () = self.ended.cancelled() => return self.kept_after(place),
            }
        }
    }

    fn kept_after(&self, place: u64) -> Option<(u64, Utf8Bytes)> {
        let kept = self.kept();
        let gone = kept.gone();
        if place < gone {
            let lagged = Told {
                serial: gone,
                event: Event::Lagged,
            };
            return Some((gone, serde_json::to_string(&lagged).ok()?.into()));
        }
        let index = usize::try_from(place - gone).ok()?;
        kept.events.get(index).cloned()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing in here panics half way through a change.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(max_events: usize, max_len: usize) -> Ring {
        let limits = Limits {
            max_kept_events: max_events,
            max_kept_len: max_len,
            ..Limits::default()
        };
        Ring::new("run".into(), &limits)
    }

    fn warn(ring: &Ring, text: &str) {
        ring.push(Event::Warning { text: text.into() });
    }

    /// What a listener that knows all up to `place` is told, in short.
    fn told(ring: &Ring, mut place: u64) -> Vec<String> {
        let mut all = Vec::new();
        while let Some((serial, text)) = ring.kept_after(place) {
            assert!(serial > place);
            let told: Told = serde_json::from_str(&text).unwrap();
            assert_eq!(told.serial, serial);
            all.push(match told.event {
                Event::Warning { text } => text,
                Event::Lagged => "lagged".into(),
                other => format!("{other:?}"),
            });
            place = serial;
        }
        all
    }

    fn resumes(ring: &Ring, run: &str, after: u64) -> bool {
        let stopped = Stopped {
            run: Some(run.into()),
            after: Some(after),
        };
        let (
            place,
            Beginning::Listening {
                serial, resumed, ..
            },
        ) = ring.begin(&stopped);
        assert_eq!(place, serial);
        assert_eq!(place, if resumed { after } else { ring.kept().newest });
        resumed
    }

    #[test]
    fn a_listener_goes_on_where_it_stopped_as_long_as_that_is_kept() {
        let ring = ring(3, 1000);
        assert!(resumes(&ring, "run", 0));
        for text in ["1", "2", "3", "4", "5"] {
            warn(&ring, text);
        }
        assert_eq!(told(&ring, 3), ["4", "5"]);
        assert_eq!(told(&ring, 2), ["3", "4", "5"]);
        assert_eq!(told(&ring, 1), ["lagged", "3", "4", "5"]);
        assert!(resumes(&ring, "run", 5) && resumes(&ring, "run", 2));
        assert!(!resumes(&ring, "run", 1), "not kept any more");
        assert!(!resumes(&ring, "run", 6), "not there yet");
        assert!(!resumes(&ring, "run", u64::MAX));
        assert!(!resumes(&ring, "another run", 3));
    }

    #[test]
    fn what_is_kept_is_bounded_in_bytes() {
        let ring = ring(1000, 200);
        warn(&ring, &"x".repeat(90));
        warn(&ring, &"y".repeat(90));
        assert_eq!(told(&ring, 0), ["lagged", &"y".repeat(90)]);
        warn(&ring, &"z".repeat(500));
        assert_eq!(told(&ring, 0), ["lagged"]);
        assert!(ring.kept().len <= 200);
    }

    #[test]
    fn nothing_is_kept_of_before_a_lock() {
        let ring = ring(1000, 10_000);
        warn(&ring, "a secret");
        let locked = Event::Vault {
            vault: VaultState::Locked,
        };
        ring.push(locked.clone());
        let all = told(&ring, 0);
        assert_eq!(all, ["lagged", &format!("{locked:?}")]);
        assert_eq!(ring.kept().events.len(), 1);
        assert!(!resumes(&ring, "run", 0));
    }
}
