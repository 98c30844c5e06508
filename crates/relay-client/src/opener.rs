//! How a client gets through a relay's gate without its user noticing.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hushwing_wire::{AccessKey, GateProof, GateTerms, ServerKeyPin, Slot};
use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use crate::gate;

/// Most work that a client does for one box unless it is told otherwise: half a
/// minute of one core. A relay that asks for more is not worth its boxes, or
/// means to tire its clients.
pub const MOST_WORK: u8 = 11;

/// Longest time of one core for one box; then it is given up.
pub const WORK_DEADLINE: Duration = Duration::from_secs(120);

/// One core at most works for the gates of all relays, the rest is the user's.
static WORKER: Semaphore = Semaphore::const_new(1);

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
}

#[derive(Default)]
struct Seen {
    /// What the server asked for last; `None` while it has asked for nothing.
    terms: Option<GateTerms>,
    /// The server knows another access key than the client.
    key_refused: bool,
}

impl Gate {
    pub(crate) fn new(pin: ServerKeyPin, opener: Opener) -> Self {
        Self {
            pin,
            opener,
            seen: Mutex::default(),
        }
    }

    /// What a box for `slot` shows; the terms where they cannot be met.
    pub(crate) async fn proof(&self, slot: &Slot) -> Result<Option<GateProof>, GateTerms> {
        let (terms, key_refused) = {
            let seen = self.seen();
            (seen.terms, seen.key_refused)
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
        seen.terms = Some(terms);
        seen.key_refused |= matches!(shown, Some(GateProof::Key { .. }));
    }

    async fn work(&self, slot: &Slot, level: u8) -> Option<GateProof> {
        let mut nonce = [0; 16];
        getrandom::fill(&mut nonce).ok()?;
        let _one = WORKER.acquire().await.ok()?;
        // Whoever stops waiting stops the work, too.
        let stop = StopOnDrop(Arc::new(AtomicBool::new(false)));
        let (pin, slot, stopped) = (self.pin, *slot, stop.0.clone());
        let day = gate::today();
        let working = spawn_blocking(move || gate::work(&pin, &slot, day, level, nonce, &stopped));
        timeout(WORK_DEADLINE, working).await.ok()?.ok()?
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // No code panics while it holds the lock half-way through a change.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
