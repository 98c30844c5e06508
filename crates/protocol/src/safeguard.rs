//! Safeguards of delivery by name, so that a simulation can take one away and
//! must then see messages lost: what cannot be missed protects nothing.

/// Something that loses messages when it is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safeguard {
    /// Every box carries the pending commit until the peer is seen in its epoch,
    /// so each box opens on its own. `[HW-CONV-4]`
    PendingCommitInEachBox,
    /// A lost answer is neither success nor failure: the same box is put again.
    UnknownOutcomePutAgain,
    /// What a relay took and no receipt names is put again.
    PutAgainWithoutReceipt,
    /// What is known to be missing is asked for.
    GapRequest,
    /// Keys that do not fit any more are made anew.
    KeyRepair,
}

impl Safeguard {
    /// Whether it is in force: always, in whatever ships.
    #[cfg(not(feature = "simulation"))]
    #[inline]
    #[must_use]
    pub const fn is_kept(self) -> bool {
        true
    }

    /// Whether it is in force: unless the simulation that runs on this thread
    /// took it away.
    #[cfg(feature = "simulation")]
    #[must_use]
    pub fn is_kept(self) -> bool {
        crate::simulation::missing() != Some(self)
    }
}
