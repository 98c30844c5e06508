//! The steps that a script's bytes stand for.

/// Bytes of one step.
pub(super) const STEP_LEN: usize = 2;

/// What a step does. The first byte of a step holds it: the low four bits, and
/// bit 5 for those outside of the lanes; bit 4 says who.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Writes a text.
    Say = 0,
    /// Writes receipts.
    Nothing = 3,
    /// Writes, and the transaction fails.
    SayAndFail = 4,
    /// One of the boxes on the way arrives.
    Deliver = 5,
    /// The oldest box on the way arrives.
    DeliverOldest = 7,
    /// A box arrives, and the transaction fails.
    DeliverAndFail = 10,
    /// A box is lost; whoever wrote it puts it again when asked, or in the end.
    Lose = 11,
    /// A box that was taken in comes again.
    Again = 12,
    /// A box on the way arrives with one bit changed.
    Alter = 13,
    /// A copy of the vault is made.
    Copy = 14,
    /// The vault becomes the last copy, and nobody notices.
    RollBack = 15,
    /// Asks for new keys.
    Repair = 0x20,
    /// Asks whether the keys fit.
    Question = 0x21,
    /// A box outside of the lanes arrives.
    DeliverCall = 0x22,
    /// An answer with new keys arrives.
    DeliverAnswer = 0x24,
    /// A box outside of the lanes is lost; it is put again in the end.
    LoseCall = 0x26,
    /// A box outside of the lanes arrives with one bit changed.
    AlterCall = 0x27,
    /// Asks for what is missing.
    AskAgain = 0x28,
    /// States other routes in the conversation.
    Routes = 0x29,
    /// States other routes outside of the lanes.
    OfferRoutes = 0x2a,
    /// Hands over other routes as a text.
    Record = 0x2b,
    /// Hands them over with a character changed.
    AlterRecord = 0x2c,
    /// The vault is restored from the last copy, knowingly.
    Restore = 0x2d,
    /// A box outside of the lanes arrives, and the transaction fails.
    DeliverCallAndFail = 0x2e,
    /// Asks for new keys, and the transaction fails.
    RepairAndFail = 0x2f,
}

impl Step {
    pub(super) fn of(what: u8) -> Self {
        match what & 0x2f {
            0..=2 => Self::Say,
            3 => Self::Nothing,
            4 => Self::SayAndFail,
            5 | 6 => Self::Deliver,
            7..=9 => Self::DeliverOldest,
            10 => Self::DeliverAndFail,
            11 => Self::Lose,
            12 => Self::Again,
            13 => Self::Alter,
            14 => Self::Copy,
            15 => Self::RollBack,
            0x20 => Self::Repair,
            0x21 => Self::Question,
            0x22 | 0x23 => Self::DeliverCall,
            0x24 | 0x25 => Self::DeliverAnswer,
            0x26 => Self::LoseCall,
            0x27 => Self::AlterCall,
            0x28 => Self::AskAgain,
            0x29 => Self::Routes,
            0x2a => Self::OfferRoutes,
            0x2b => Self::Record,
            0x2c => Self::AlterRecord,
            0x2d => Self::Restore,
            0x2e => Self::DeliverCallAndFail,
            _ => Self::RepairAndFail,
        }
    }

    /// The two bytes of this step: done by (or to) Bob, or Alice.
    #[must_use]
    pub fn bytes(self, bob: bool, which: u8) -> [u8; STEP_LEN] {
        [self as u8 | u8::from(bob) << 4, which]
    }
}
