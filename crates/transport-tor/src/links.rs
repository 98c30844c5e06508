//! TCP connections to relays, seen from below arti.
//!
//! Arti calls itself online once it was, and offline only after a minute of
//! failures. What became of each connection attempt tells it at once, so the
//! client runs on TCP that takes notes. Addresses are not among them.

use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use tokio::sync::watch;
use tor_rtcompat::{NetStreamProvider, PreferredRuntime};

/// How long no attempt may follow the last failed one before it counts as
/// given up: arti turns to the next guard within milliseconds.
const GIVEN_UP_AFTER: Duration = Duration::from_millis(1500);

/// What became of the attempts so far.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Links {
    in_flight: u32,
    opened: u64,
    failed: u64,
    last_error: ErrorKind,
    changed: Instant,
}

impl Links {
    /// Connections opened so far.
    pub(crate) fn opened(&self) -> u64 {
        self.opened
    }

    /// Attempts failed so far.
    pub(crate) fn failed(&self) -> u64 {
        self.failed
    }

    /// If since `before` every attempt to reach a relay failed and none is
    /// under way any more: how the last one failed.
    pub(crate) fn given_up_since(&self, before: &Links) -> Option<ErrorKind> {
        let gave_up = self.failed > before.failed
            && self.opened == before.opened
            && self.in_flight == 0
            && self.changed.elapsed() >= GIVEN_UP_AFTER;
        gave_up.then_some(self.last_error)
    }
}

/// The notes, shared by all clones.
#[derive(Debug, Clone)]
pub(crate) struct LinkLog(watch::Sender<Links>);

impl LinkLog {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(Links {
            in_flight: 0,
            opened: 0,
            failed: 0,
            last_error: ErrorKind::Other,
            changed: Instant::now(),
        }))
    }

    pub(crate) fn now(&self) -> Links {
        *self.0.borrow()
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<Links> {
        self.0.subscribe()
    }

    fn note(&self, change: impl FnOnce(&mut Links)) {
        self.0.send_modify(|links| {
            change(links);
            links.changed = Instant::now();
        });
    }
}

/// An attempt under way; when dropped it is not any more.
struct Attempt<'a>(&'a LinkLog);

impl<'a> Attempt<'a> {
    fn begin(log: &'a LinkLog) -> Self {
        log.note(|links| links.in_flight += 1);
        Self(log)
    }

    fn end<T>(self, outcome: &io::Result<T>) {
        self.0.note(|links| match outcome {
            Ok(_) => links.opened += 1,
            Err(error) => {
                links.failed += 1;
                links.last_error = error.kind();
            }
        });
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.0.note(|links| links.in_flight -= 1);
    }
}

/// Arti's TCP, with notes taken.
#[derive(Debug, Clone)]
pub(crate) struct NotedTcp {
    inner: PreferredRuntime,
    log: LinkLog,
}

impl NotedTcp {
    pub(crate) fn new(inner: PreferredRuntime, log: LinkLog) -> Self {
        Self { inner, log }
    }
}

type Inner = PreferredRuntime;

#[async_trait]
impl NetStreamProvider for NotedTcp {
    type Stream = <Inner as NetStreamProvider>::Stream;
    type Listener = <Inner as NetStreamProvider>::Listener;
    type ConnectOptions = <Inner as NetStreamProvider>::ConnectOptions;
    type ListenOptions = <Inner as NetStreamProvider>::ListenOptions;

    async fn connect(
        &self,
        address: &SocketAddr,
        options: &Self::ConnectOptions,
    ) -> io::Result<Self::Stream> {
        let attempt = Attempt::begin(&self.log);
        let outcome = self.inner.connect(address, options).await;
        attempt.end(&outcome);
        outcome
    }

    async fn listen(
        &self,
        address: &SocketAddr,
        options: &Self::ListenOptions,
    ) -> io::Result<Self::Listener> {
        self.inner.listen(address, options).await
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{Attempt, GIVEN_UP_AFTER, LinkLog};

    fn end(log: &LinkLog, outcome: io::Result<()>) {
        Attempt::begin(log).end(&outcome);
    }

    #[test]
    fn failures_alone_and_then_silence_mean_given_up() {
        let log = LinkLog::new();
        let before = log.now();
        end(&log, Err(io::ErrorKind::ConnectionRefused.into()));
        assert_eq!(log.now().given_up_since(&before), None, "too early");
        std::thread::sleep(GIVEN_UP_AFTER);
        assert_eq!(
            log.now().given_up_since(&before),
            Some(io::ErrorKind::ConnectionRefused)
        );
    }

    #[test]
    fn an_attempt_under_way_is_hope() {
        let log = LinkLog::new();
        let before = log.now();
        end(&log, Err(io::ErrorKind::ConnectionRefused.into()));
        let attempt = Attempt::begin(&log);
        std::thread::sleep(GIVEN_UP_AFTER);
        assert_eq!(log.now().given_up_since(&before), None);
        drop(attempt); // cancelled by arti
        std::thread::sleep(GIVEN_UP_AFTER);
        assert!(log.now().given_up_since(&before).is_some());
    }

    #[test]
    fn one_open_connection_is_enough_and_silence_alone_is_nothing() {
        let log = LinkLog::new();
        let before = log.now();
        std::thread::sleep(GIVEN_UP_AFTER);
        assert_eq!(log.now().given_up_since(&before), None);
        end(&log, Err(io::ErrorKind::TimedOut.into()));
        end(&log, Ok(()));
        std::thread::sleep(GIVEN_UP_AFTER);
        assert_eq!(log.now().given_up_since(&before), None);
    }
}
