//! Bounds of the driver, each with its reason.

use std::time::Duration;

/// Inputs that may wait for the core. Full, it slows the effects down, which
/// slows peers down; nothing is dropped.
pub(crate) const CORE_QUEUE: usize = 256;

/// Events kept for a slow listener before it is told that it missed some.
pub(crate) const EVENT_QUEUE: usize = 1_024;

/// One wait at a relay, in seconds: short enough that a dead circuit is
/// noticed soon, long enough that an idle conversation costs a frame a minute.
pub(crate) const WAIT_S: u16 = 60;

/// How long changes of the awaited slots are gathered before a wait under way
/// is replaced. A relay keeps a wait that was given up until [`WAIT_S`] is over
/// and allows 64 requests on a link: at one in two seconds, 30 pile up.
pub(crate) const WAIT_SETTLE: Duration = Duration::from_secs(2);

/// First pause after a failed wait.
pub(crate) const WAIT_RETRY_FIRST: Duration = Duration::from_secs(1);

/// Longest pause after failed waits.
pub(crate) const WAIT_RETRY_MAX: Duration = Duration::from_secs(60);

/// Pause before a wait whose box changed nothing is repeated, so that a relay
/// that serves the same useless box again cannot make us spin.
pub(crate) const WAIT_USELESS_PAUSE: Duration = Duration::from_secs(2);

/// Longest time to dial and shake hands: a little more than the dial (60 s) and the
/// handshake (30 s) may take together, so that each ends by its own limit and says
/// what was slow. A dial that is cut short from here could not leave circuits
/// behind that hang, and the next one would join them.
pub(crate) const CONNECT: Duration = Duration::from_secs(95);

/// A link that nobody used for this long is closed.
pub(crate) const LINK_IDLE: Duration = Duration::from_secs(300);

/// How often idle links are looked for.
pub(crate) const LINK_SWEEP: Duration = Duration::from_secs(60);

/// Connections of one contact to our node at once; one is enough, a second
/// replaces one that died unnoticed.
pub(crate) const CONNECTIONS_PER_CONTACT: usize = 4;

/// First pause before an onion service that did not come up is tried again.
pub(crate) const HOST_RETRY_FIRST: Duration = Duration::from_secs(2);

/// Longest such pause.
pub(crate) const HOST_RETRY_MAX: Duration = Duration::from_secs(60);

/// Wrong passphrases in a row after which the next one has to wait. Who has one at hand
/// mistypes it once or twice.
pub(crate) const FREE_TRIES: u32 = 3;

/// How long that one has to wait.
pub(crate) const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// The longest such pause: some ten thousand tries a week, and an owner who is patient
/// still gets in.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How often at least it is looked whether nobody uses the account any more: a machine that
/// slept has a clock that slept too.
pub(crate) const UNUSED_LOOK: Duration = Duration::from_secs(30);

/// Threads on which the effects of an open vault run.
pub(crate) const SESSION_THREADS: usize = 2;

/// Bytes of a thread's stack that are wiped at a lock, below the call that wipes: half of
/// what a thread has by default. How deep calls go is not measured.
pub(crate) const WIPED_STACK: usize = 1024 * 1024;

/// Bytes of a thread's stack that are wiped each time that it goes idle: far more than
/// the answer to a front end takes.
pub(crate) const WIPED_IDLE_STACK: usize = 128 * 1024;

/// Stack of the core's thread, in bytes.
pub(crate) const CORE_STACK: usize = 4 * 1024 * 1024;

/// How long a stop waits for links and onion services to end.
pub(crate) const STOP: Duration = Duration::from_secs(5);

/// How long after a step that changed keys their old values may stay in unused
/// parts of the vault's files. Purging rewrites the tables of keys (about 33 kB
/// a contact), so it is not done at each step.
pub(crate) const PURGE_AFTER: Duration = Duration::from_secs(30);

/// How soon the purge is tried again that could not be while a backup was copied.
pub(crate) const HELD_PURGE_MS: u64 = 1_000;

/// How often the files of Tor are tried to be removed when an account is wiped.
pub(crate) const REMOVALS: u32 = 5;

/// How soon it is tried again to clear the vault's files of what was deleted.
pub(crate) const CLEAR_AGAIN_MS: u64 = 60_000;

/// How long after the opening the first snapshot is due: whoever opens is busy first.
pub(crate) const FIRST_SNAPSHOT_MS: u64 = 5 * 60_000;

/// From one snapshot to the next.
pub(crate) const SNAPSHOT_EVERY_MS: u64 = 12 * 3_600_000;

/// A snapshot is made when there was no step for this long.
pub(crate) const QUIET_MS: u64 = 20_000;

/// How long a snapshot waits for a quiet time, at most.
pub(crate) const SNAPSHOT_WAITS_MS: u64 = 3_600_000;

/// No snapshot is kept for longer. What was deleted is in none from then on.
pub(crate) const SNAPSHOT_MAX_AGE_MS: u64 = 24 * 3_600_000;

/// How soon it is looked again whether it is quiet.
pub(crate) const SNAPSHOT_LOOK_MS: u64 = 10_000;

/// A contact's connection that is idle for this long gives its seat up; the
/// contact makes a new one with its next message.
pub(crate) const DIRECT_IDLE: Duration = Duration::from_secs(120);

/// First pause after a step that could not be stored.
pub(crate) const RECOVER_FIRST_MS: u64 = 1_000;

/// Longest such pause.
pub(crate) const RECOVER_MAX_MS: u64 = 60_000;
