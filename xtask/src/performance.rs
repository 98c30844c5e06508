//! `xtask performance`: `docs/performance.md`, made of the figures in
//! `docs/performance.json`.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::docs::Texts;

/// The figures, and the page.
pub(crate) const FIGURES: &str = "docs/performance.json";
const PAGE: &str = "docs/performance.md";

/// Arguments of `xtask performance`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Take the files of rows in this folder over into the figures first; rows of
    /// files that are not there stay
    #[arg(long, value_name = "FOLDER")]
    take: Option<PathBuf>,
    /// The profile that those programs were built with
    #[arg(long, default_value = "release")]
    profile: String,
}

/// One row, as `benches` writes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Row {
    id: String,
    what: String,
    against: Option<String>,
    ours: f64,
    baseline: Option<f64>,
    unit: String,
    ratio: Option<f64>,
    goal: Option<f64>,
    rate: Option<Rate>,
    met: Option<bool>,
    quartiles: Option<[[f64; 2]; 2]>,
    samples: Option<usize>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Rate {
    value: f64,
    unit: String,
    least: f64,
}

/// The rows of one program, all of one run.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Run {
    program: String,
    machine: String,
    profile: String,
    rows: Vec<Row>,
}

/// All rows, for what is computed from them.
pub(crate) struct Rows(Vec<Run>);

impl Rows {
    /// The rows in the text of `docs/performance.json`.
    ///
    /// # Errors
    /// When it is damaged.
    pub(crate) fn read(figures: &str) -> Result<Self> {
        let runs =
            serde_json::from_str(figures).with_context(|| format!("{FIGURES} is damaged"))?;
        Ok(Self(runs))
    }

    /// Our figure in the row `id`, in the row's own unit.
    pub(crate) fn ours(&self, id: &str) -> Option<f64> {
        let mut rows = self.0.iter().flat_map(|run| &run.rows);
        rows.find(|row| row.id == id).map(|row| row.ours)
    }
}

/// Makes the page.
///
/// # Errors
/// When figures cannot be read or the page cannot be written.
pub(crate) fn make(root: &Path, args: &Args) -> Result<String> {
    let path = root.join(FIGURES);
    let mut runs: Vec<Run> = match std::fs::read(&path) {
        Ok(bytes) => {
            serde_json::from_slice(&bytes).with_context(|| format!("{FIGURES} is damaged"))?
        }
        Err(_) => Vec::new(),
    };
    if let Some(folder) = &args.take {
        for run in taken(folder, &args.profile)? {
            runs.retain(|other| other.program != run.program);
            runs.push(run);
        }
    }
    ensure!(!runs.is_empty(), "there are no figures: ./x bench");
    runs.sort_by_key(first_id);
    let mut json = serde_json::to_string_pretty(&runs)?;
    json.push('\n');
    std::fs::write(&path, json).with_context(|| format!("cannot write {FIGURES}"))?;
    let page = page(&runs);
    std::fs::write(root.join(PAGE), &page).with_context(|| format!("cannot write {PAGE}"))?;
    Ok(page)
}

/// The number in `P12/...`, so that P5 comes before P14.
fn first_id(run: &Run) -> u32 {
    let id = run.rows.first().map_or("", |row| row.id.as_str());
    let digits: String = id
        .trim_start_matches('P')
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().unwrap_or(u32::MAX)
}

/// The runs whose rows lie in `folder`, a file each.
fn taken(folder: &Path, profile: &str) -> Result<Vec<Run>> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("there are no figures in {}", folder.display()))?;
    let mut runs = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let bytes = std::fs::read(&path)?;
        let rows = serde_json::from_slice(&bytes)
            .with_context(|| format!("{} holds no rows", path.display()))?;
        runs.push(Run {
            program: path
                .file_stem()
                .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            machine: machine(),
            profile: profile.to_owned(),
            rows,
        });
    }
    Ok(runs)
}

/// This machine in a few words.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| line.split_once(": "))
        .map_or("a processor that does not say what it is", |(_, name)| name);
    format!("{cores} cores, {}", model.trim())
}

/// The page says what the figures say.
pub(crate) fn check(texts: &Texts) -> Vec<String> {
    let text = |name: &str| texts.get(Path::new(name)).map(String::as_str);
    let Some(figures) = text(FIGURES) else {
        return Vec::new();
    };
    let Ok(runs) = serde_json::from_str::<Vec<Run>>(figures) else {
        return vec![format!("{FIGURES} is damaged")];
    };
    if text(PAGE) == Some(page(&runs).as_str()) {
        Vec::new()
    } else {
        vec![format!(
            "{PAGE} is not made of {FIGURES}: xtask performance"
        )]
    }
}

const INTRODUCTION: &str = "\
# Performance

Made by `./x bench` out of [`performance.json`](performance.json); changes by hand are lost.

Each row is a ratio taken in one run: what we do, against something outside of us on the same work (the bare library below us, a raw stream, a peer).
Only ratios have goals; absolute figures are for the reader and for this machine. Where samples were taken one by one the figures are medians, with the
first and the third quartile behind them. A row that misses its goal says so.
";

fn page(runs: &[Run]) -> String {
    let mut page = INTRODUCTION.to_owned();
    for run in runs {
        let _ = write!(
            page,
            "\n## {}\n\n{}; profile `{}`.\n\n\
             | row | what | ours | against | the other | ratio | goal | |\n\
             |---|---|--:|---|--:|--:|--:|---|\n",
            run.program, run.machine, run.profile
        );
        for row in &run.rows {
            page.push_str(&line(row));
        }
    }
    page
}

fn line(row: &Row) -> String {
    let [ours_spread, other_spread] = row.quartiles.map_or_else(Default::default, |both| {
        both.map(|[low, high]| format!(" ({} to {})", figure(low), figure(high)))
    });
    let mut what = row.what.clone();
    if let Some(samples) = row.samples {
        let _ = write!(what, "; {samples} samples");
    }
    if let Some(rate) = &row.rate {
        let _ = write!(
            what,
            "; {} {}, at least {}",
            figure(rate.value),
            rate.unit,
            figure(rate.least)
        );
    }
    let baseline = row.baseline.map_or_else(String::new, |baseline| {
        format!("{} {}{other_spread}", figure(baseline), row.unit)
    });
    let verdict = match row.met {
        Some(true) => "met",
        Some(false) => "**missed**",
        None => "",
    };
    let factor =
        |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.2} ×"));
    format!(
        "| {} | {what} | {} {}{ours_spread} | {} | {baseline} | {} | {} | {verdict} |\n",
        row.id,
        figure(row.ours),
        row.unit,
        row.against.as_deref().unwrap_or("–"),
        factor(row.ratio),
        factor(row.goal),
    )
}

/// Three digits that matter, and thousands apart.
fn figure(value: f64) -> String {
    let digits = if value.abs() < 10.0 {
        2
    } else {
        usize::from(value.abs() < 100.0)
    };
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: &str = r#"[{"program":"p0","machine":"m","profile":"release","rows":[
        {"id":"P0","what":"a","against":"b","ours":1234.6,"baseline":2.0,"unit":"ms",
         "ratio":1.5,"goal":1.3,"rate":null,"met":false,
         "quartiles":[[1.0,20.0],[3.0,400.0]],"samples":40}]}]"#;

    fn texts(page: Option<&str>) -> Texts {
        let figures = (PathBuf::from(FIGURES), ROWS.to_owned());
        let page = page.map(|page| (PathBuf::from(PAGE), page.to_owned()));
        [figures].into_iter().chain(page).collect()
    }

    #[test]
    fn a_row_shows_its_figures_its_spread_and_its_verdict() {
        let runs: Vec<Run> = serde_json::from_str(ROWS).unwrap();
        assert_eq!(
            line(&runs[0].rows[0]),
            "| P0 | a; 40 samples | 1,235 ms (1.00 to 20.0) | b | 2.00 ms (3.00 to 400) | \
             1.50 × | 1.30 × | **missed** |\n"
        );
    }

    #[test]
    fn a_page_that_was_not_made_of_the_figures_is_named() {
        let runs: Vec<Run> = serde_json::from_str(ROWS).unwrap();
        assert!(check(&texts(Some(&page(&runs)))).is_empty());
        for wrong in [None, Some("# Performance\n")] {
            assert_eq!(
                check(&texts(wrong)),
                ["docs/performance.md is not made of docs/performance.json: xtask performance"]
            );
        }
        assert!(check(&Texts::new()).is_empty());
    }

    #[test]
    fn rows_without_anything_to_stand_against_have_empty_cells() {
        let rows = ROWS
            .replace(r#""against":"b""#, r#""against":null"#)
            .replace(r#""baseline":2.0"#, r#""baseline":null"#)
            .replace(r#""ratio":1.5,"goal":1.3"#, r#""ratio":null,"goal":null"#)
            .replace(r#""met":false"#, r#""met":null"#)
            .replace(
                r#""rate":null"#,
                r#""rate":{"value":1500.0,"unit":"a minute","least":1000.0}"#,
            );
        let runs: Vec<Run> = serde_json::from_str(&rows).unwrap();
        assert_eq!(
            line(&runs[0].rows[0]),
            "| P0 | a; 40 samples; 1,500 a minute, at least 1,000 | 1,235 ms (1.00 to 20.0) | – |  \
             |  |  |  |\n"
        );
    }
}
