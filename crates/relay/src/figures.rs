//! What the operator may know of the relay's work: totals, and nothing of any
//! one box, slot or person. `[HW-RELAY-17]`

use std::sync::atomic::{AtomicU64, Ordering};

use hushwing_wire::{Refusal, RequestOp, ResponseOp};

/// One total for each answer that a relay gives, and for what becomes of
/// connections.
#[derive(Debug, Default)]
pub struct Figures {
    answers: [AtomicU64; ANSWERS.len()],
    connections: [AtomicU64; CONNECTION_ENDS.len()],
    open: AtomicU64,
}

/// The answers counted, as `operation`, `answer`.
pub(crate) const ANSWERS: [(&str, &str); 14] = [
    ("put", "stored"),
    ("put", "same"),
    ("put", "taken"),
    ("put", "full"),
    ("put", "gate_wanted"),
    ("put", "refused"),
    ("get", "found"),
    ("get", "nothing"),
    ("get", "refused"),
    ("drop", "dropped"),
    ("drop", "refused"),
    ("info", "info"),
    ("info", "refused"),
    ("other", "other"),
];

/// What becomes of connections.
pub(crate) const CONNECTION_ENDS: [&str; 4] = ["accepted", "turned_away", "gave_way", "failed"];

/// What became of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectionEvent {
    Accepted,
    TurnedAway,
    GaveWay,
    Failed,
}

/// Which request was made, without what it named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Put,
    Get,
    Drop,
    Info,
}

impl Asked {
    pub(crate) fn of(op: &RequestOp) -> Self {
        match op {
            RequestOp::Put { .. } | RequestOp::PutGated { .. } => Self::Put,
            RequestOp::Get { .. } => Self::Get,
            RequestOp::Drop { .. } => Self::Drop,
            RequestOp::Info => Self::Info,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Put => "put",
            Self::Get => "get",
            Self::Drop => "drop",
            Self::Info => "info",
        }
    }
}

impl Figures {
    pub(crate) fn answered(&self, asked: Asked, answer: &ResponseOp) {
        let answer = match answer {
            ResponseOp::Stored => "stored",
            ResponseOp::Same => "same",
            ResponseOp::Taken(_) | ResponseOp::TakenAndDropped => "taken",
            ResponseOp::Full => "full",
            ResponseOp::Found { .. } => "found",
            ResponseOp::Nothing => "nothing",
            ResponseOp::Dropped => "dropped",
            ResponseOp::Info(_) => "info",
            ResponseOp::GateWanted(_) => "gate_wanted",
            ResponseOp::Refused(
                Refusal::NotServed | Refusal::Busy | Refusal::Draining | Refusal::StoreFailed,
            ) => "refused",
        };
        let at = ANSWERS
            .iter()
            .position(|row| *row == (asked.name(), answer))
            .unwrap_or(ANSWERS.len() - 1);
        self.answers[at].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn connection(&self, event: ConnectionEvent) {
        self.connections[event as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn now_open(&self, connections: usize) {
        self.open.store(connections as u64, Ordering::Relaxed);
    }

    /// Connections that are open.
    #[must_use]
    pub fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// The totals of answers, as operation, answer, number.
    pub fn answers(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        ANSWERS
            .iter()
            .zip(&self.answers)
            .map(|(&(asked, answer), total)| (asked, answer, total.load(Ordering::Relaxed)))
    }

    /// The totals of connections, as what became of them and how many.
    pub fn connections(&self) -> impl Iterator<Item = (&'static str, u64)> {
        CONNECTION_ENDS
            .iter()
            .zip(&self.connections)
            .map(|(&end, total)| (end, total.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_counts_in_its_own_row() {
        let figures = Figures::default();
        figures.answered(Asked::Put, &ResponseOp::Stored);
        figures.answered(Asked::Put, &ResponseOp::TakenAndDropped);
        figures.answered(Asked::Get, &ResponseOp::Refused(Refusal::Busy));
        figures.answered(Asked::Get, &ResponseOp::Stored);
        let counted: Vec<_> = figures.answers().filter(|row| row.2 > 0).collect();
        assert_eq!(
            counted,
            [
                ("put", "stored", 1),
                ("put", "taken", 1),
                ("get", "refused", 1),
                ("other", "other", 1),
            ]
        );
        figures.connection(ConnectionEvent::GaveWay);
        assert!(figures.connections().any(|row| row == ("gave_way", 1)));
    }
}
