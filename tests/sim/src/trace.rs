//! What happened, as lines, and one hash over them: two runs of a seed are the
//! same run if and only if their hashes are equal.
//!
//! Slots appear by the order in which they were first seen: their names depend
//! on the randomness of HPKE, which no seed determines.

use std::collections::{BTreeMap, VecDeque};

use hushwing_wire::Slot;
use sha2::{Digest as _, Sha256};

/// Lines kept for the report of a failure.
const KEPT: usize = 60;

/// The trace of one run.
pub(crate) struct Trace {
    hash: Sha256,
    kept: VecDeque<String>,
    slots: BTreeMap<Slot, usize>,
    print: bool,
}

impl Trace {
    pub(crate) fn new(print: bool) -> Self {
        Self {
            hash: Sha256::new(),
            kept: VecDeque::new(),
            slots: BTreeMap::new(),
            print,
        }
    }

    /// The number of a slot.
    pub(crate) fn slot(&mut self, slot: &Slot) -> usize {
        let next = self.slots.len();
        *self.slots.entry(*slot).or_insert(next)
    }

    #[allow(clippy::print_stdout, reason = "the trace was asked for")]
    pub(crate) fn line(&mut self, at_ms: u64, line: &str) {
        let line = format!("{:>12.3} {line}", at_ms as f64 / 1000.0);
        self.hash.update(line.as_bytes());
        self.hash.update(b"\n");
        if self.print {
            println!("{line}");
        }
        self.kept.push_back(line);
        if self.kept.len() > KEPT {
            self.kept.pop_front();
        }
    }

    /// The hash so far, in hexadecimal.
    pub(crate) fn hash(&self) -> String {
        let digest = self.hash.clone().finalize();
        digest
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    pub(crate) fn tail(&self) -> Vec<String> {
        self.kept.iter().cloned().collect()
    }
}
