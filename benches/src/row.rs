//! One figure against another.

use serde::Serialize;

/// One row of the table of `docs/performance.md`.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// As in the design: `P8`, with what sets this row apart behind it.
    pub id: String,
    /// What we do.
    pub what: String,
    /// What it is measured against.
    pub against: String,
    /// Ours, in `unit`.
    pub ours: f64,
    /// The other, in `unit`.
    pub baseline: f64,
    /// Of both.
    pub unit: &'static str,
    /// Ours over the other.
    pub ratio: f64,
    /// The greatest ratio that is good enough.
    pub goal: f64,
    /// Whether it is.
    pub met: bool,
    /// How many of ours a second of the processor does, where that is a goal too.
    pub a_second: Option<f64>,
}

impl Row {
    /// A row of these figures.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        what: impl Into<String>,
        against: impl Into<String>,
        (ours, baseline, unit): (f64, f64, &'static str),
        goal: f64,
    ) -> Self {
        let ratio = ours / baseline;
        Self {
            id: id.into(),
            what: what.into(),
            against: against.into(),
            ours,
            baseline,
            unit,
            ratio,
            goal,
            met: ratio <= goal,
            a_second: None,
        }
    }

    /// The row for a person.
    #[must_use]
    pub fn line(&self) -> String {
        let verdict = if self.met { "met" } else { "MISSED" };
        let rate = self
            .a_second
            .map_or_else(String::new, |rate| format!(", {rate:.0} a second"));
        format!(
            "{:<16} {:>12.1} {} against {:>12.1}: {:.2} x (goal {} x, {verdict}){rate}",
            self.id, self.ours, self.unit, self.baseline, self.ratio, self.goal
        )
    }
}
