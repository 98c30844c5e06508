//! One figure against another.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde::Serialize;

/// One row of the table of `docs/performance.md`.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// As in the design: `P8`, with what sets this row apart behind it.
    pub id: String,
    /// What we do.
    pub what: String,
    /// What it is measured against; nothing where there is nothing outside of us
    /// that does the like.
    pub against: Option<String>,
    /// Ours, in `unit`.
    pub ours: f64,
    /// The other, in `unit`.
    pub baseline: Option<f64>,
    /// Of both.
    pub unit: &'static str,
    /// Ours over the other.
    pub ratio: Option<f64>,
    /// The greatest ratio that is good enough; none where the row is for the reader.
    pub goal: Option<f64>,
    /// What ours does in some time, where that is a goal too.
    pub rate: Option<Rate>,
    /// Whether all goals of the row are met; none where it has none.
    pub met: Option<bool>,
    /// Quarter and three quarters of the samples of ours and of the other.
    pub quartiles: Option<[[f64; 2]; 2]>,
    /// How many samples of each.
    pub samples: Option<usize>,
}

/// How much in some time.
#[derive(Debug, Clone, Serialize)]
pub struct Rate {
    /// How much.
    pub value: f64,
    /// Of what, in which time.
    pub unit: &'static str,
    /// The least that is good enough.
    pub least: f64,
}

impl Row {
    /// A row of these figures; a goal of [`f64::MAX`] is none.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        what: impl Into<String>,
        against: impl Into<String>,
        (ours, baseline, unit): (f64, f64, &'static str),
        goal: f64,
    ) -> Self {
        let ratio = ours / baseline;
        let goal = (goal < f64::MAX).then_some(goal);
        Self {
            id: id.into(),
            what: what.into(),
            against: Some(against.into()),
            ours,
            baseline: Some(baseline),
            unit,
            ratio: Some(ratio),
            goal,
            rate: None,
            met: goal.map(|goal| ratio <= goal),
            quartiles: None,
            samples: None,
        }
    }

    /// A row with nothing to stand against: `ours` in `unit`, and a rate.
    #[must_use]
    pub fn alone(
        id: impl Into<String>,
        what: impl Into<String>,
        (ours, unit): (f64, &'static str),
        rate: Rate,
    ) -> Self {
        let row = Self {
            against: None,
            baseline: None,
            ratio: None,
            ..Self::new(id, what, "", (ours, 1.0, unit), f64::MAX)
        };
        row.with_rate(rate)
    }

    /// With a rate as a further goal.
    #[must_use]
    pub fn with_rate(mut self, rate: Rate) -> Self {
        let enough = rate.value >= rate.least;
        self.met = Some(self.met.unwrap_or(true) && enough);
        self.rate = Some(rate);
        self
    }

    /// A row of the medians of these samples, with their spread.
    ///
    /// # Errors
    /// When there are no samples.
    pub fn of_samples(
        id: impl Into<String>,
        what: impl Into<String>,
        against: impl Into<String>,
        (ours, baseline, unit): (&[f64], &[f64], &'static str),
        goal: f64,
    ) -> Result<Self> {
        let [ours_low, ours_median, ours_high] = quartiles(ours).context("no samples")?;
        let [low, median, high] = quartiles(baseline).context("no samples of the other")?;
        let mut row = Self::new(id, what, against, (ours_median, median, unit), goal);
        row.quartiles = Some([[ours_low, ours_high], [low, high]]);
        row.samples = Some(ours.len().min(baseline.len()));
        Ok(row)
    }

    /// The row for a person.
    #[must_use]
    pub fn line(&self) -> String {
        let mut line = format!("{:<16} {:>12.1} {}", self.id, self.ours, self.unit);
        if let (Some(baseline), Some(ratio)) = (self.baseline, self.ratio) {
            line.push_str(&format!(" against {baseline:>10.1}: {ratio:.2} x"));
        }
        if let Some(goal) = self.goal {
            line.push_str(&format!(" (goal {goal} x)"));
        }
        if let Some(rate) = &self.rate {
            line.push_str(&format!(
                ", {:.0} {} (goal {:.0})",
                rate.value, rate.unit, rate.least
            ));
        }
        match self.met {
            Some(true) => line.push_str(", met"),
            Some(false) => line.push_str(", MISSED"),
            None => {}
        }
        line
    }
}

/// The quarter, the middle and the three quarters of some samples.
fn quartiles(samples: &[f64]) -> Option<[f64; 3]> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    Some([1, 2, 3].map(|quarter| sorted[last * quarter / 4]))
}

/// Prints the rows and writes them to `bench/NAME.json` in the folder that cargo
/// builds into, from where `xtask performance` makes the page.
///
/// # Errors
/// When the file cannot be written.
pub fn publish(name: &str, rows: &[Row]) -> Result<()> {
    for row in rows {
        say(&row.line());
    }
    let path = folder()?.join(format!("{name}.json"));
    fs::write(&path, serde_json::to_vec_pretty(rows)?)
        .with_context(|| format!("cannot write {}", path.display()))?;
    say(&format!("written to {}", path.display()));
    Ok(())
}

/// Where figures go.
///
/// # Errors
/// When the folder cannot be made.
pub fn folder() -> Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"),
        PathBuf::from,
    );
    let folder = target.join("bench");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A line for whoever looks on.
#[allow(clippy::print_stdout, reason = "figures belong on stdout")]
pub fn say(line: &str) {
    println!("{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_judged_by_the_medians_of_its_samples() {
        let ours = [30.0, 10.0, 20.0, 40.0, 12.0];
        let row = Row::of_samples("P0", "a", "b", (&ours, &[10.0], "ms"), 2.0).unwrap();
        assert_eq!((row.ours, row.ratio), (20.0, Some(2.0)));
        assert_eq!(row.quartiles, Some([[12.0, 30.0], [10.0, 10.0]]));
        assert_eq!((row.met, row.samples), (Some(true), Some(1)));
        assert!(Row::of_samples("P0", "a", "b", (&[], &[1.0], "ms"), 2.0).is_err());
    }

    #[test]
    fn a_rate_that_is_too_low_misses_the_goal_and_no_goal_is_no_verdict() {
        let rate = |value| Rate {
            value,
            unit: "a second",
            least: 5.0,
        };
        let row = Row::new("P0", "a", "b", (1.0, 1.0, "ms"), 2.0);
        assert_eq!(row.clone().with_rate(rate(4.0)).met, Some(false));
        assert_eq!(row.with_rate(rate(5.0)).met, Some(true));
        assert_eq!(Row::alone("P0", "a", (1.0, "s"), rate(6.0)).met, Some(true));
        let free = Row::new("P0", "a", "b", (1.0, 1.0, "ms"), f64::MAX);
        assert_eq!((free.goal, free.met), (None, None));
    }
}
