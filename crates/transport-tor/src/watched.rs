//! Streams that tell when they break.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use arti_client::DataStream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::mpsc,
};

/// Doubts that wait for the supervisor. One is as good as many.
const DOUBTS_QUEUE: usize = 8;

/// A reason to check whether Tor still works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// Something broke that breaks at times.
    Possible,
    /// Arti says itself that no relay can be reached; the words for it.
    Strong(String),
}

/// Where doubts are sent.
#[derive(Debug, Clone)]
pub(crate) struct Doubter(mpsc::Sender<Doubt>);

impl Doubter {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Doubt>) {
        let (sender, receiver) = mpsc::channel(DOUBTS_QUEUE);
        (Self(sender), receiver)
    }

    pub(crate) fn doubt_possibly(&self) {
        self.doubt(Doubt::Possible);
    }

    pub(crate) fn doubt(&self, doubt: Doubt) {
        // A full queue means that the supervisor is about to look anyway.
        let _ = self.0.try_send(doubt);
    }
}

/// A stream through Tor. When it breaks (as opposed to ending) the supervisor
/// hears of it: that is how an idle client learns that the network is gone.
#[derive(Debug)]
pub(crate) struct Watched {
    stream: DataStream,
    doubter: Doubter,
}

impl Watched {
    pub(crate) fn new(stream: DataStream, doubter: Doubter) -> Self {
        Self { stream, doubter }
    }

    fn check<T>(&self, outcome: io::Result<T>) -> Poll<io::Result<T>> {
        if outcome.is_err() {
            self.doubter.doubt_possibly();
        }
        Poll::Ready(outcome)
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let outcome = ready!(AsyncRead::poll_read(Pin::new(&mut self.stream), cx, buffer));
        self.check(outcome)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = ready!(AsyncWrite::poll_write(
            Pin::new(&mut self.stream),
            cx,
            bytes
        ));
        self.check(outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = ready!(AsyncWrite::poll_flush(Pin::new(&mut self.stream), cx));
        self.check(outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A peer that closed first makes this an error; nothing is broken.
        AsyncWrite::poll_shutdown(Pin::new(&mut self.stream), cx)
    }
}
