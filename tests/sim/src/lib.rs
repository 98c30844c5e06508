//! Whole networks of people and relays, in one thread, on virtual time, from
//! one seed.
//!
//! The engines, the vaults with their transactions, the frames on the wire and
//! the relays are the real ones. What is simulated is the time, the network, the
//! machines' power and disks, and what people do. A seed draws all of it, faults
//! included, and the same seed gives the same run.
//!
//! ```text
//! seed ─▶ Plan ─▶ World: people (engine on a vault) ⇄ frames ⇄ relays (service on a store)
//!                   │ faults stop, people put right what only they can
//!                   ▼
//!                 checks ─▶ Report
//! ```
#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a test program that prints figures"
)]

mod check;
mod fault;
mod gate;
mod machine;
mod plan;
mod server;
mod shrink;
mod trace;
mod world;

use std::{fmt, str::FromStr};

use hushwing_protocol::Safeguard;

pub use fault::{Fault, FaultTable};
pub use plan::{Act, Always, Part, Plan, Timed};
pub use shrink::shrink;
pub use world::{BAD_LINE_MS, GAP_MS, MEETING_OVER_MS, QUIESCENCE_MS, Report, Setting};

/// A safeguard that a run does without, to see that it is missed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Without {
    /// A reader drops a box before it has stored it.
    AcknowledgeThenDrop,
    /// Only the first box after a commit carries it.
    PendingCommit,
    /// A lost answer counts as an answer.
    UnknownOutcome,
    /// What no receipt names is not put again.
    PutAgain,
    /// Nothing that is missing is asked for.
    GapRequest,
    /// Keys that do not fit stay.
    KeyRepair,
}

impl Without {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::AcknowledgeThenDrop,
        Self::PendingCommit,
        Self::UnknownOutcome,
        Self::PutAgain,
        Self::GapRequest,
        Self::KeyRepair,
    ];

    /// The protocol's name for it; none for what is the driver's.
    #[must_use]
    pub fn safeguard(self) -> Option<Safeguard> {
        match self {
            Self::AcknowledgeThenDrop => None,
            Self::PendingCommit => Some(Safeguard::PendingCommitInEachBox),
            Self::UnknownOutcome => Some(Safeguard::UnknownOutcomePutAgain),
            Self::PutAgain => Some(Safeguard::PutAgainWithoutReceipt),
            Self::GapRequest => Some(Safeguard::GapRequest),
            Self::KeyRepair => Some(Safeguard::KeyRepair),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::AcknowledgeThenDrop => "acknowledge-then-drop",
            Self::PendingCommit => "pending-commit",
            Self::UnknownOutcome => "unknown-outcome",
            Self::PutAgain => "put-again",
            Self::GapRequest => "gap-request",
            Self::KeyRepair => "key-repair",
        }
    }
}

impl fmt::Display for Without {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Without {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|without| without.name() == name)
            .ok_or_else(|| format!("there is no safeguard named {name}"))
    }
}

/// Runs one seed.
///
/// # Errors
/// When this machine cannot hold the vaults.
pub fn run(seed: u64, setting: &Setting) -> anyhow::Result<Report> {
    let plan = Plan::draw_always(seed, setting.always);
    run_plan(plan.only(&setting.part), setting)
}

/// Runs a plan that no seed drew.
///
/// # Errors
/// When this machine cannot hold the vaults.
pub fn run_plan(plan: Plan, setting: &Setting) -> anyhow::Result<Report> {
    Ok(world::World::new(plan, setting)?.play())
}
