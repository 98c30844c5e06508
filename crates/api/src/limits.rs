//! Bounds of the API, each with its reason.

use std::time::Duration;

/// Bytes of a request's body. The longest command is a text of 8 KiB in which
/// JSON escapes each byte to six; 64 KiB holds it.
const MAX_BODY_LEN: usize = 64 * 1024;

/// Connections at a time. A front end needs two; a program of another user that
/// opens all of them only keeps the door busy until [`HEADER_DEADLINE`].
const MAX_CONNECTIONS: usize = 64;

/// Bytes of a request's head, and of the buffer that reads it. Ours are below
/// 1 KiB; browsers send up to 2 KiB without cookies.
const MAX_HEAD_LEN: usize = 16 * 1024;

/// Until a connection must have sent a whole request head, also between two
/// requests: bounds how long a silent one holds its place.
const HEADER_DEADLINE: Duration = Duration::from_secs(5);

/// Until the body must be here. It comes from the same machine.
const BODY_DEADLINE: Duration = Duration::from_secs(5);

/// Commands carried out at a time. Most answer at once; the slow ones wait for
/// Tor, and a person starts few of them.
const MAX_COMMANDS: usize = 16;

/// Event listeners at a time: a window, a terminal, some bots.
const MAX_LISTENERS: usize = 8;

/// Between two pings to a listener.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Pings without any answer after which a listener is dropped.
const MAX_UNANSWERED_PINGS: u32 = 2;

/// Until a listener must have taken one event. What happens meanwhile is kept up to
/// [`MAX_KEPT_EVENTS`] and [`MAX_KEPT_LEN`], then told as `lagged`.
const SEND_DEADLINE: Duration = Duration::from_secs(10);

/// Until commands in progress must have ended when the server stops.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);

/// Events kept for listeners that are slow or come back: a page that is loaded again, or
/// a laptop that slept, finds what it missed unless there was a flood.
const MAX_KEPT_EVENTS: usize = 1_024;

/// Bytes of them all.
const MAX_KEPT_LEN: usize = 1024 * 1024;

/// Files of pages that are kept at a time: one that is made and one that is handed in.
const MAX_SPOOL_FILES: usize = 2;

/// Bytes of one: a backup of a million messages has less than one gigabyte.
const MAX_SPOOL_FILE_LEN: u64 = 4 * 1024 * 1024 * 1024;

/// How long one is kept after it was written.
const SPOOL_AGE: Duration = Duration::from_secs(900);

/// How long a code can be used that somebody asked for who opens the app with it at once.
const CODE_LIFETIME: Duration = Duration::from_secs(60);

/// Until an open page that asks nothing and listens to nothing is forgotten: longer than
/// any pause between two tries to reconnect, shorter than a closed tab is remembered.
const PAGE_IDLE: Duration = Duration::from_secs(600);

/// The bounds of one server. [`Limits::default`] is what ships; tests shorten
/// some of them.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of a request's body.
    pub max_body_len: usize,
    /// Connections at a time; more wait in the system's queue.
    pub max_connections: usize,
    /// Bytes of a request's head.
    pub max_head_len: usize,
    /// Until a request's head must be complete.
    pub header_deadline: Duration,
    /// Until a request's body must be complete.
    pub body_deadline: Duration,
    /// Commands carried out at a time; more are refused.
    pub max_commands: usize,
    /// Event listeners at a time; more are refused.
    pub max_listeners: usize,
    /// Between two pings to a listener.
    pub heartbeat: Duration,
    /// Pings without any answer after which a listener is dropped.
    pub max_unanswered_pings: u32,
    /// Until a listener must have taken one event.
    pub send_deadline: Duration,
    /// Until commands in progress must have ended when the server stops.
    pub shutdown_grace: Duration,
    /// Events kept for listeners that are slow or come back.
    pub max_kept_events: usize,
    /// Bytes of them all.
    pub max_kept_len: usize,
    /// Files of pages that are kept at a time.
    pub max_spool_files: usize,
    /// Bytes of one of them.
    pub max_spool_file_len: u64,
    /// How long one is kept after it was written.
    pub max_spool_age: Duration,
    /// How long a code opens the app.
    pub code_lifetime: Duration,
    /// Until an open page of which nothing is heard is forgotten.
    pub max_idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body_len: MAX_BODY_LEN,
            max_connections: MAX_CONNECTIONS,
            max_head_len: MAX_HEAD_LEN,
            header_deadline: HEADER_DEADLINE,
            body_deadline: BODY_DEADLINE,
            max_commands: MAX_COMMANDS,
            max_listeners: MAX_LISTENERS,
            heartbeat: HEARTBEAT,
            max_unanswered_pings: MAX_UNANSWERED_PINGS,
            send_deadline: SEND_DEADLINE,
            shutdown_grace: SHUTDOWN_GRACE,
            max_kept_events: MAX_KEPT_EVENTS,
            max_kept_len: MAX_KEPT_LEN,
            max_spool_files: MAX_SPOOL_FILES,
            max_spool_file_len: MAX_SPOOL_FILE_LEN,
            max_spool_age: SPOOL_AGE,
            code_lifetime: CODE_LIFETIME,
            max_idle: PAGE_IDLE,
        }
    }
}
