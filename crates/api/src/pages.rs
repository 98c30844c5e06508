//! Who has the app open: codes that open it once, and the token of each open page.
//!
//! A browser cannot read the session file. It is handed a code in the part of the
//! address that it sends to nobody, and the page exchanges that for a token, which it
//! keeps in its memory alone: no cookie, which the browser would send along for others.
//!
//! `[HW-API-17]` A code opens once and for a bounded time. With its token a page gets a
//! code for one more opening, so that it can be loaded again; that one ends the token.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::session::SessionSecret;

/// Codes that wait to be used. More are made only by a program that holds the session's
/// secret; the oldest goes.
const MAX_CODES: usize = 8;

/// Open pages. The one that was quiet for longest goes.
const MAX_PAGES: usize = 16;

/// How long it is still known of a code whose time is over whether it was used.
const REMEMBERED: Duration = Duration::from_secs(10);

/// All codes and tokens of one run of the daemon.
pub(crate) struct Pages {
    known: Mutex<Known>,
    max_idle: Duration,
}

#[derive(Default)]
struct Known {
    codes: Vec<Code>,
    pages: Vec<Page>,
}

struct Code {
    code: SessionSecret,
    until: Instant,
    is_used: bool,
}

impl Code {
    fn can_be_used(&self) -> bool {
        !self.is_used && Instant::now() < self.until
    }
}

struct Page {
    token: SessionSecret,
    /// Opens the page once more.
    again: SessionSecret,
    /// When it was last heard of.
    heard_of: Instant,
    /// Event streams that it holds.
    streams: usize,
    /// Cancelled when the token ends.
    over: CancellationToken,
}

/// What a code is exchanged for.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Opened {
    /// For `Authorization`.
    token: SessionSecret,
    /// A code that opens the same page once more, as long as its token holds.
    again: SessionSecret,
}

impl Pages {
    /// Knows nobody yet. Who is not heard of for `max_idle` and holds no event stream is
    /// forgotten.
    pub(crate) fn new(max_idle: Duration) -> Self {
        Self {
            known: Mutex::default(),
            max_idle,
        }
    }

    /// A new code that can be used for `lifetime`.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub(crate) fn make_code(&self, lifetime: Duration) -> io::Result<SessionSecret> {
        let code = SessionSecret::fresh()?;
        let mut known = self.known();
        if known.codes.len() >= MAX_CODES {
            known.codes.remove(0);
        }
        known.codes.push(Code {
            code: code.clone(),
            until: Instant::now() + lifetime,
            is_used: false,
        });
        Ok(code)
    }

    /// Whether a code was used; `None` as long as it can be.
    pub(crate) fn fate(&self, code: &[u8]) -> Option<bool> {
        let known = self.known();
        let found = known.codes.iter().find(|known| known.code.is(code));
        match found {
            Some(found) if found.can_be_used() => None,
            found => Some(found.is_some_and(|found| found.is_used)),
        }
    }

    /// Uses a code up. `None` for one that is unknown, used or too old.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub(crate) fn open(&self, code: &[u8]) -> io::Result<Option<Opened>> {
        let mut known = self.known();
        if let Some(found) = known.codes.iter_mut().find(|known| known.code.is(code)) {
            if !found.can_be_used() {
                return Ok(None);
            }
            found.is_used = true;
        } else if let Some(found) = known.pages.iter().position(|page| page.again.is(code)) {
            known.pages.remove(found).over.cancel();
        } else {
            return Ok(None);
        }
        let page = Page {
            token: SessionSecret::fresh()?,
            again: SessionSecret::fresh()?,
            heard_of: Instant::now(),
            streams: 0,
            over: CancellationToken::new(),
        };
        let opened = Opened {
            token: page.token.clone(),
            again: page.again.clone(),
        };
        if known.pages.len() >= MAX_PAGES {
            let quiet = known.pages.iter().enumerate();
            let quiet = quiet.min_by_key(|(_, page)| (page.streams > 0, page.heard_of));
            if let Some(quiet) = quiet.map(|(index, _)| index) {
                known.pages.remove(quiet).over.cancel();
            }
        }
        known.pages.push(page);
        Ok(Some(opened))
    }

    /// The open page with this token, which is hereby heard of.
    pub(crate) fn find(&self, token: &[u8]) -> Option<SessionSecret> {
        let mut known = self.known();
        let page = known.pages.iter_mut().find(|page| page.token.is(token))?;
        page.heard_of = Instant::now();
        Some(page.token.clone())
    }

    /// Counts an event stream of a page as long as the answer lives.
    pub(crate) fn hold(self: &Arc<Self>, token: &SessionSecret) -> Option<Stream> {
        let token = token.expose().as_bytes();
        let mut known = self.known();
        let page = known.pages.iter_mut().find(|page| page.token.is(token))?;
        page.streams += 1;
        Some(Stream {
            pages: self.clone(),
            token: page.token.clone(),
            over: page.over.clone(),
        })
    }

    /// What is known, without what is over by now.
    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing in here panics half way through a change.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        known.codes.retain(|code| now < code.until + REMEMBERED);
        known
            .pages
            .retain(|page| page.streams > 0 || now.duration_since(page.heard_of) < self.max_idle);
        known
    }
}

/// An event stream of a page.
pub(crate) struct Stream {
    pages: Arc<Pages>,
    token: SessionSecret,
    /// Cancelled when the page's token ends.
    pub(crate) over: CancellationToken,
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut known = self.pages.known();
        let token = self.token.expose().as_bytes();
        if let Some(page) = known.pages.iter_mut().find(|page| page.token.is(token)) {
            page.streams -= 1;
            page.heard_of = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(3600);

    fn bytes(secret: &SessionSecret) -> &[u8] {
        secret.expose().as_bytes()
    }

    #[test]
    fn a_code_opens_once() {
        let pages = Pages::new(LONG);
        let code = pages.make_code(LONG).unwrap();
        assert_eq!(pages.fate(bytes(&code)), None);
        assert!(pages.find(bytes(&code)).is_none(), "a code is no token");
        let opened = pages.open(bytes(&code)).unwrap().unwrap();
        assert_eq!(pages.fate(bytes(&code)), Some(true));
        assert!(pages.open(bytes(&code)).unwrap().is_none());
        assert!(pages.find(bytes(&opened.token)).is_some());
        assert!(pages.find(bytes(&opened.again)).is_none());
        assert!(pages.open(bytes(&opened.token)).unwrap().is_none());
        assert!(pages.open(b"").unwrap().is_none());
    }

    #[test]
    fn a_code_is_too_old_after_its_time() {
        let pages = Pages::new(LONG);
        let code = pages.make_code(Duration::ZERO).unwrap();
        assert_eq!(pages.fate(bytes(&code)), Some(false));
        assert!(pages.open(bytes(&code)).unwrap().is_none());
    }

    #[test]
    fn opening_again_ends_the_token_and_its_streams() {
        let pages = Arc::new(Pages::new(LONG));
        let code = pages.make_code(LONG).unwrap();
        let first = pages.open(bytes(&code)).unwrap().unwrap();
        let stream = pages.hold(&first.token).unwrap();
        let second = pages.open(bytes(&first.again)).unwrap().unwrap();
        assert!(stream.over.is_cancelled());
        drop(stream);
        assert!(pages.find(bytes(&first.token)).is_none());
        assert!(pages.open(bytes(&first.again)).unwrap().is_none());
        assert!(pages.find(bytes(&second.token)).is_some());
    }

    #[test]
    fn who_is_not_heard_of_is_forgotten_unless_it_listens() {
        let pages = Arc::new(Pages::new(Duration::from_millis(50)));
        let open = || {
            let code = pages.make_code(LONG).unwrap();
            pages.open(bytes(&code)).unwrap().unwrap()
        };
        let (quiet, listening) = (open(), open());
        let stream = pages.hold(&listening.token).unwrap();
        std::thread::sleep(Duration::from_millis(80));
        assert!(pages.find(bytes(&quiet.token)).is_none());
        assert!(pages.open(bytes(&quiet.again)).unwrap().is_none());
        assert!(pages.find(bytes(&listening.token)).is_some());
        drop(stream);
        std::thread::sleep(Duration::from_millis(80));
        assert!(pages.find(bytes(&listening.token)).is_none());
    }

    #[test]
    fn codes_and_pages_are_bounded() {
        let pages = Arc::new(Pages::new(LONG));
        let first = pages.make_code(LONG).unwrap();
        for _ in 0..MAX_CODES {
            pages.make_code(LONG).unwrap();
        }
        assert!(pages.open(bytes(&first)).unwrap().is_none());
        let open = || {
            let code = pages.make_code(LONG).unwrap();
            pages.open(bytes(&code)).unwrap().unwrap()
        };
        let (listening, quiet) = (open(), open());
        let stream = pages.hold(&listening.token).unwrap();
        for _ in 2..=MAX_PAGES {
            open();
        }
        assert!(pages.find(bytes(&quiet.token)).is_none());
        assert!(pages.find(bytes(&listening.token)).is_some());
        drop(stream);
    }
}
