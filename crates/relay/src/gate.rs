//! Who may put boxes: everybody, who knows the access key, or who works for it.
//! `[HW-GATE-1]`

use std::sync::{Mutex, MutexGuard, PoisonError};

use hushwing_relay_client::gate::{day_of, key_is_proven, work_is_done};
use hushwing_wire::{AccessKey, GateProof, GateTerms, ServerKeyPin, Slot, limits::MAX_WORK_LEVEL};

/// How often the level of work is set anew, in seconds.
pub const LEVEL_STEP_S: u64 = 10;

/// What a relay asks for. The default asks for nothing.
#[derive(Debug, Clone, Default)]
pub struct GateConfig {
    /// Keys any of which opens the gate; two while they are exchanged.
    pub access_keys: Vec<AccessKey>,
    /// Work that opens it.
    pub work: Option<WorkConfig>,
}

/// How much work a box costs. `[HW-GATE-3]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WorkConfig {
    /// The level when nothing happens.
    pub least: u8,
    /// The highest level.
    pub most: u8,
    /// Boxes a second that the relay means to take; above, the level rises, and
    /// below a quarter it falls.
    pub boxes_per_s: u32,
}

impl Default for WorkConfig {
    /// From 10 ms of a core to 10 s.
    fn default() -> Self {
        Self {
            least: 0,
            most: 10,
            boxes_per_s: 100,
        }
    }
}

/// The gate of one relay.
#[derive(Debug)]
pub struct Gate {
    config: GateConfig,
    pin: ServerKeyPin,
    load: Mutex<Load>,
}

/// What came in since the level was last set.
#[derive(Debug, Clone, Copy)]
struct Load {
    level: u8,
    /// The level before, which is enough for as long as a client may still have
    /// worked for it.
    before: u8,
    since_s: u64,
    boxes: u64,
}

impl Gate {
    /// The gate of the relay whose address holds `pin`.
    #[must_use]
    pub fn new(config: GateConfig, pin: ServerKeyPin) -> Self {
        let least = config.work.map_or(0, |work| work.least);
        Self {
            config,
            pin,
            load: Mutex::new(Load {
                level: least,
                before: least,
                since_s: 0,
                boxes: 0,
            }),
        }
    }

    /// Whether a box for `slot` that shows `proof` may come in.
    ///
    /// # Errors
    /// What it would have to show.
    pub fn admit(
        &self,
        slot: &Slot,
        proof: Option<&GateProof>,
        now_s: u64,
    ) -> Result<(), GateTerms> {
        let (level, enough) = self.levels(now_s);
        let Some(terms) = self.terms(level) else {
            return Ok(());
        };
        let opens = match proof {
            None => false,
            // All keys are tried, whichever fits.
            Some(GateProof::Key { mac }) => {
                self.config.access_keys.iter().fold(false, |any, key| {
                    any | key_is_proven(key, &self.pin, slot, mac)
                })
            }
            Some(GateProof::Work { nonce, solution }) => {
                let today = day_of(now_s);
                let days = [today, today.saturating_sub(1), today.saturating_add(1)];
                terms.work_level.is_some()
                    && work_is_done(&self.pin, slot, &days, enough, nonce, solution)
            }
        };
        if opens { Ok(()) } else { Err(terms) }
    }

    /// A box came in: only new ones make work dearer. One that is put again and again with
    /// the same proof costs its sender nothing, and must cost nobody else anything.
    pub fn stored(&self) {
        self.load().boxes += 1;
    }

    /// The level that work needs now, if work is a way.
    #[must_use]
    pub fn level(&self, now_s: u64) -> Option<u8> {
        self.config.work.map(|_| self.levels(now_s).0)
    }

    fn terms(&self, level: u8) -> Option<GateTerms> {
        let terms = GateTerms {
            access_key: !self.config.access_keys.is_empty(),
            work_level: self.config.work.map(|_| level),
        };
        terms.check().is_ok().then_some(terms)
    }

    /// The level asked for, and the one that is enough.
    fn levels(&self, now_s: u64) -> (u8, u8) {
        let mut load = self.load();
        if let Some(work) = self.config.work {
            // Everything that was counted came in the first step: whatever comes ends it.
            let steps = now_s.saturating_sub(load.since_s) / LEVEL_STEP_S;
            for _ in 0..steps.min(MOST_STEPS) {
                *load = Load {
                    level: next_level(load.level, load.boxes / LEVEL_STEP_S, &work),
                    before: load.level,
                    since_s: now_s,
                    boxes: 0,
                };
            }
        }
        (load.level, load.level.min(load.before))
    }

    fn load(&self) -> MutexGuard<'_, Load> {
        // No code panics while it holds the lock half-way through a change.
        self.load.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Steps that are made up for at once: more than there are levels.
const MOST_STEPS: u64 = 64;

fn next_level(level: u8, boxes_per_s: u64, work: &WorkConfig) -> u8 {
    let wanted = u64::from(work.boxes_per_s.max(1));
    let next = if boxes_per_s > wanted {
        level.saturating_add(1)
    } else if boxes_per_s * 4 < wanted {
        level.saturating_sub(1)
    } else {
        level
    };
    let most = work.most.min(MAX_WORK_LEVEL);
    next.clamp(work.least.min(most), most)
}

#[cfg(test)]
mod tests {
    use hushwing_relay_client::gate::{prove_key, work};

    use super::*;

    const DAY_S: u64 = 24 * 3_600;

    fn pin() -> ServerKeyPin {
        ServerKeyPin::new([1; 32])
    }

    fn slot(byte: u8) -> Slot {
        Slot::new([byte; 32])
    }

    fn key(byte: u8) -> AccessKey {
        AccessKey::new([byte; 16])
    }

    fn worked(slot: &Slot, day: u32, level: u8) -> GateProof {
        work(&pin(), slot, day, level, [7; 16], &false.into()).unwrap()
    }

    #[test]
    fn an_open_gate_asks_for_nothing() {
        let gate = Gate::new(GateConfig::default(), pin());
        assert_eq!(gate.admit(&slot(1), None, 0), Ok(()));
        assert_eq!(gate.level(0), None);
    }

    /// Claim R0.
    #[test]
    fn either_of_two_keys_opens_and_no_other() {
        let config = GateConfig {
            access_keys: vec![key(1), key(2)],
            work: None,
        };
        let gate = Gate::new(config, pin());
        let terms = GateTerms {
            access_key: true,
            work_level: None,
        };
        assert_eq!(gate.admit(&slot(1), None, 0), Err(terms));
        for (byte, expected) in [(1, Ok(())), (2, Ok(())), (3, Err(terms))] {
            let proof = prove_key(&key(byte), &pin(), &slot(1));
            assert_eq!(gate.admit(&slot(1), Some(&proof), 0), expected);
            // Nor does it open for another slot.
            assert_eq!(gate.admit(&slot(2), Some(&proof), 0), Err(terms));
        }
        let proof = worked(&slot(1), 0, 0);
        assert_eq!(gate.admit(&slot(1), Some(&proof), 0), Err(terms));
    }

    /// Claim R0.
    #[test]
    fn work_of_yesterday_and_tomorrow_is_enough_and_older_work_is_not() {
        let config = GateConfig {
            access_keys: Vec::new(),
            work: Some(WorkConfig::default()),
        };
        let gate = Gate::new(config, pin());
        let proof = worked(&slot(1), 100, 0);
        for (day, opens) in [
            (98, false),
            (99, true),
            (100, true),
            (101, true),
            (102, false),
        ] {
            let admitted = gate.admit(&slot(1), Some(&proof), day * DAY_S + 5);
            assert_eq!(admitted.is_ok(), opens, "day {day}");
        }
    }

    /// Claim R0.
    #[test]
    fn work_gets_dearer_under_load_and_cheaper_without() {
        let config = WorkConfig {
            least: 1,
            most: 3,
            boxes_per_s: 10,
        };
        let levels: Vec<u8> = [11, 11, 11, 10, 3, 2, 2, 2]
            .iter()
            .scan(1, |level, boxes_per_s| {
                *level = next_level(*level, *boxes_per_s, &config);
                Some(*level)
            })
            .collect();
        assert_eq!(levels, [2, 3, 3, 3, 3, 2, 1, 1]);
    }

    #[test]
    fn work_for_the_level_before_is_still_enough() {
        let config = GateConfig {
            access_keys: vec![key(1)],
            work: Some(WorkConfig {
                least: 0,
                most: 9,
                boxes_per_s: 1,
            }),
        };
        let gate = Gate::new(config, pin());
        let now_s = 100 * DAY_S;
        let proof = worked(&slot(1), 100, 0);
        let shown = prove_key(&key(1), &pin(), &slot(1));
        assert_eq!(gate.level(now_s), Some(0));
        for _ in 0..100 {
            assert_eq!(gate.admit(&slot(1), Some(&shown), now_s), Ok(()));
            gate.stored();
        }
        let later_s = now_s + LEVEL_STEP_S;
        assert_eq!(gate.level(later_s), Some(1));
        assert_eq!(gate.admit(&slot(1), Some(&proof), later_s), Ok(()));
    }

    /// Claim R0.
    #[test]
    fn a_box_that_is_put_again_makes_work_no_dearer_and_a_quiet_hour_makes_it_cheap() {
        let work = WorkConfig {
            least: 0,
            most: 9,
            boxes_per_s: 1,
        };
        let config = GateConfig {
            access_keys: vec![key(1)],
            work: Some(work),
        };
        let gate = Gate::new(config, pin());
        let mut now_s = 100 * DAY_S;
        let shown = prove_key(&key(1), &pin(), &slot(1));
        assert_eq!(gate.level(now_s), Some(0));
        for _ in 0..1_000 {
            assert_eq!(gate.admit(&slot(1), Some(&shown), now_s), Ok(()));
        }
        now_s += LEVEL_STEP_S;
        assert_eq!(gate.level(now_s), Some(0));
        for level in 1..=9 {
            (0..100).for_each(|_| gate.stored());
            now_s += LEVEL_STEP_S;
            assert_eq!(gate.level(now_s), Some(level));
        }
        assert_eq!(gate.level(now_s + 3_600), Some(0));
    }
}
