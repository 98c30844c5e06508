//! How a client gets through a relay's gate without its user noticing.
//!
//! Nothing here is shared by two connections. A worker for all of them would let
//! relays that work together see which connections wait for it, and so belong to
//! one machine; and one relay could keep the others waiting. `[HW-GATE-4]`

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use hushwing_wire::{AccessKey, GateProof, GateTerms, ServerKeyPin, Slot};
use tokio::{
    sync::Semaphore,
    task::spawn_blocking,
    time::{self, timeout},
};

use crate::gate;

/// Most work that a client does for one box unless it is told otherwise: half a
/// minute of one core. A relay that asks for more is not worth its boxes, or
/// means to tire its clients.
pub const MOST_WORK: u8 = 11;

/// Longest time for one box; then it is given up.
pub const WORK_DEADLINE: Duration = Duration::from_secs(120);

/// Time of a core that one connection may use at once: a box of [`MOST_WORK`], with
/// bad luck.
pub const WORK_AT_ONCE: Duration = Duration::from_secs(40);

/// After that the connection has one in so many parts of a core: a server that asks
/// for work without end costs its client a tenth of one.
pub const WORK_SHARE: u32 = 10;

/// How long a client believes what a server asked for. Then the next box asks anew,
/// so that work which has become cheaper is noticed. `[HW-GATE-5]`
pub const TERMS_LIFE: Duration = Duration::from_secs(60);

/// Work up to this level takes less time than asking through Tor would.
const CHEAP_WORK: u8 = 5;

/// What a client has to open a gate with.
#[derive(Debug, Clone)]
pub struct Opener {
    /// The relay's access key, where its address holds one.
    pub access_key: Option<AccessKey>,
    /// The highest level that is worked for; `None` to do no work at all.
    pub most_work: Option<u8>,
}

impl Default for Opener {
    /// No key, and work up to [`MOST_WORK`].
    fn default() -> Self {
        Self {
            access_key: None,
            most_work: Some(MOST_WORK),
        }
    }
}

/// One connection's view of the server's gate.
pub(crate) struct Gate {
    pin: ServerKeyPin,
    opener: Opener,
    seen: Mutex<Seen>,
    /// One box of this connection is worked for at a time.
    worker: Semaphore,
    allowance: Arc<Mutex<Allowance>>,
}

#[derive(Default)]
struct Seen {
    /// What the server asked for last, and when; `None` while it has asked for
    /// nothing.
    terms: Option<(GateTerms, time::Instant)>,
    /// The server knows another access key than the client.
    key_refused: bool,
}

impl Seen {
    /// What the server asks for, as far as that is known and may be believed still.
    fn believed(&self) -> Option<GateTerms> {
        let (terms, since) = self.terms?;
        let cheap = terms.work_level.is_some_and(|level| level <= CHEAP_WORK);
        (cheap || since.elapsed() < TERMS_LIFE).then_some(terms)
    }
}

impl Gate {
    pub(crate) fn new(pin: ServerKeyPin, opener: Opener) -> Self {
        Self {
            pin,
            opener,
            seen: Mutex::default(),
            worker: Semaphore::new(1),
            allowance: Arc::new(Mutex::new(Allowance::new(Instant::now()))),
        }
    }

    /// What a box for `slot` shows; the terms where they cannot be met.
    pub(crate) async fn proof(&self, slot: &Slot) -> Result<Option<GateProof>, GateTerms> {
        let (terms, key_refused) = {
            let seen = self.seen();
            (seen.believed(), seen.key_refused)
        };
        // Shown unasked: whoever has the key was given it for this server.
        let key_may_do = terms.is_none_or(|terms| terms.access_key) && !key_refused;
        if let (Some(key), true) = (&self.opener.access_key, key_may_do) {
            return Ok(Some(gate::prove_key(key, &self.pin, slot)));
        }
        let Some(terms) = terms else {
            return Ok(None);
        };
        match (terms.work_level, self.opener.most_work) {
            (Some(level), Some(most)) if level <= most => {
                self.work(slot, level).await.map(Some).ok_or(terms)
            }
            _ => Err(terms),
        }
    }

    /// The server was shown `shown` and asked for `terms`.
    pub(crate) fn learn(&self, terms: GateTerms, shown: Option<&GateProof>) {
        let mut seen = self.seen();
        seen.terms = Some((terms, time::Instant::now()));
        seen.key_refused |= matches!(shown, Some(GateProof::Key { .. }));
    }

    async fn work(&self, slot: &Slot, level: u8) -> Option<GateProof> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).ok()?;
        let _one = self.worker.acquire().await.ok()?;
        // Whoever stops waiting stops the work, too.
        let stop = StopOnDrop(Arc::new(AtomicBool::new(false)));
        let (pin, slot, stopped) = (self.pin, *slot, stop.0.clone());
        let allowance = self.allowance.clone();
        let day = gate::today();
        let working = spawn_blocking(move || {
            let mut begun = None;
            gate::work_while(&pin, &slot, day, level, nonce, || {
                take_part(&allowance, &mut begun, &stopped)
            })
        });
        timeout(WORK_DEADLINE, working).await.ok()?.ok()?
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // No code panics while it holds the lock half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Counts what was worked since `begun` and rests as long as the connection must;
/// `false` when the work was stopped.
fn take_part(
    allowance: &Mutex<Allowance>,
    begun: &mut Option<Instant>,
    stopped: &AtomicBool,
) -> bool {
    /// How soon a stop is noticed in a rest.
    const LOOK: Duration = Duration::from_millis(50);
    let worked = begun.map_or(Duration::ZERO, |begun| begun.elapsed());
    let until = {
        let now = Instant::now();
        now + lock(allowance).count(worked, now)
    };
    loop {
        if stopped.load(Ordering::Relaxed) {
            return false;
        }
        let now = Instant::now();
        if now >= until {
            *begun = Some(now);
            return true;
        }
        thread::sleep((until - now).min(LOOK));
    }
}

/// Time of a core that a connection may use: a bucket that fills with time.
struct Allowance {
    /// Seconds; below nothing where a puzzle took longer than there was.
    left_s: f64,
    filled: Instant,
}

/// The least that is worked at a time once the bucket is empty, in seconds.
const PART_S: f64 = 0.02;

impl Allowance {
    fn new(now: Instant) -> Self {
        Self {
            left_s: WORK_AT_ONCE.as_secs_f64(),
            filled: now,
        }
    }

    /// Takes what was worked out of the bucket; how long the work must rest now.
    fn count(&mut self, worked: Duration, now: Instant) -> Duration {
        let since = now.saturating_duration_since(self.filled) / WORK_SHARE;
        self.filled = now;
        let filled = (self.left_s + since.as_secs_f64()).min(WORK_AT_ONCE.as_secs_f64());
        self.left_s = filled - worked.as_secs_f64();
        if self.left_s > 0.0 {
            return Duration::ZERO;
        }
        Duration::from_secs_f64((PART_S - self.left_s) * f64::from(WORK_SHARE))
    }
}

struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More than any machine does in the time of a test.
    const ENDLESS: u8 = 24;

    fn gate(byte: u8, most_work: u8) -> Arc<Gate> {
        let opener = Opener {
            access_key: None,
            most_work: Some(most_work),
        };
        Arc::new(Gate::new(ServerKeyPin::new([byte; 32]), opener))
    }

    fn terms(level: u8) -> GateTerms {
        GateTerms {
            access_key: false,
            work_level: Some(level),
        }
    }

    fn slot() -> Slot {
        Slot::new([7; 32])
    }

    /// Claim M1. `[HW-GATE-4]`
    #[tokio::test]
    async fn endless_work_for_one_server_keeps_no_other_waiting() {
        let (greedy, honest) = (gate(1, ENDLESS), gate(2, ENDLESS));
        greedy.learn(terms(ENDLESS), None);
        honest.learn(terms(0), None);
        let endless = {
            let greedy = greedy.clone();
            tokio::spawn(async move { greedy.proof(&slot()).await })
        };
        // It has begun when it holds its connection's worker.
        while greedy.worker.available_permits() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let proof = timeout(Duration::from_secs(30), honest.proof(&slot())).await;
        let proof = proof.expect("it waited for the work of another connection");
        assert!(matches!(proof, Ok(Some(GateProof::Work { .. }))));
        assert!(!endless.is_finished());
        endless.abort();
    }

    /// `[HW-GATE-4]`
    #[test]
    fn a_server_that_asks_without_end_gets_a_share_of_a_core() {
        let begun = Instant::now();
        let mut allowance = Allowance::new(begun);
        let (mut now, mut worked) = (begun, Duration::ZERO);
        let step = Duration::from_millis(10);
        // A part more than may be used at once: it had been filling meanwhile.
        while worked < WORK_AT_ONCE {
            now += step;
            worked += step;
            assert_eq!(allowance.count(step, now), Duration::ZERO, "{worked:?}");
        }
        let (since, before) = (now, worked);
        let mut last = Duration::ZERO;
        while now - since < Duration::from_secs(1_000) {
            match allowance.count(std::mem::take(&mut last), now) {
                Duration::ZERO => {
                    now += step;
                    worked += step;
                    last = step;
                }
                rest => now += rest,
            }
        }
        let share = (worked - before).as_secs_f64() / (now - since).as_secs_f64();
        // What had filled up is used first.
        assert!((0.09..0.11).contains(&share), "{share}");
    }

    /// `[HW-GATE-5]`
    #[tokio::test(start_paused = true)]
    async fn a_level_that_was_too_high_is_asked_for_anew_after_a_minute() {
        let gate = gate(1, 8);
        gate.learn(terms(9), None);
        assert_eq!(gate.proof(&slot()).await, Err(terms(9)));
        time::advance(TERMS_LIFE - Duration::from_secs(1)).await;
        assert_eq!(gate.proof(&slot()).await, Err(terms(9)));
        time::advance(Duration::from_secs(1)).await;
        assert_eq!(gate.proof(&slot()).await, Ok(None));
    }

    /// `[HW-GATE-5]`
    #[tokio::test(start_paused = true)]
    async fn work_that_is_cheaper_than_asking_is_done_at_once() {
        let seen = |level| Seen {
            terms: Some((terms(level), time::Instant::now())),
            key_refused: false,
        };
        let (cheap, dear) = (seen(CHEAP_WORK), seen(CHEAP_WORK + 1));
        time::advance(TERMS_LIFE).await;
        assert_eq!(cheap.believed(), Some(terms(CHEAP_WORK)));
        assert_eq!(dear.believed(), None);
    }
}
