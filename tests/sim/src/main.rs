//! `sim`: runs seeds, prints what struck, replays and shrinks what failed.
#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "a test program that prints figures"
)]

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use anyhow::Context as _;
use clap::Parser;
use hushwing_sim::{Always, Fault, FaultTable, Part, Plan, Report, Setting, Without, run, shrink};

/// Whole networks on virtual time, from seeds.
#[derive(Parser)]
struct Args {
    /// How many seeds
    #[arg(long, default_value_t = 2_000)]
    seeds: u64,
    /// The first one
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// One seed alone, with its trace
    #[arg(long)]
    seed: Option<u64>,
    /// Of that seed only these faults, separated by commas
    #[arg(long, value_delimiter = ',')]
    faults: Option<Vec<Fault>>,
    /// Of that seed only these acts, as numbers and ranges: 0-4,9
    #[arg(long)]
    acts: Option<String>,
    /// Without these faults, in every seed
    #[arg(long, value_delimiter = ',')]
    leave_out: Vec<Fault>,
    /// Take a safeguard away
    #[arg(long)]
    without: Option<Without>,
    /// Draw in every seed what only some draw: succession
    #[arg(long)]
    always: Option<Always>,
    /// Runs at once
    #[arg(long)]
    jobs: Option<usize>,
    /// Failing seeds after which no more are begun
    #[arg(long, default_value_t = 5)]
    stop_after: usize,
    /// Do not make failing seeds small
    #[arg(long)]
    no_shrink: bool,
    /// Hide the trace of a single seed
    #[arg(long)]
    quiet: bool,
    /// Write the row P14 of the table of costs to this file
    #[arg(long, value_name = "FILE")]
    row: Option<PathBuf>,
}

/// The least that is good enough, in user-hours for a CPU-minute.
const P14_LEAST: f64 = 1_000.0;

/// Row P14, in the form of the table of costs: how much virtual life of people a
/// minute of a processor simulates.
fn write_row(path: &Path, sum: &Sum, ran: u64) -> anyhow::Result<()> {
    let minutes = cpu_seconds()? / 60.0;
    let rate = sum.user_hours / minutes;
    let row = serde_json::json!([{
        "id": "P14",
        "what": "the simulator, a seed",
        "against": null,
        "ours": minutes * 60.0 / ran as f64,
        "baseline": null,
        "unit": "CPU-s",
        "ratio": null,
        "goal": null,
        "rate": { "value": rate, "unit": "user-hours a CPU-minute", "least": P14_LEAST },
        "met": rate >= P14_LEAST,
        "quartiles": null,
        "samples": ran,
    }]);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, serde_json::to_string_pretty(&row)?)?;
    println!("P14: {rate:.0} user-hours a CPU-minute (goal {P14_LEAST:.0})");
    Ok(())
}

/// What all threads of this program have used, in user and system time.
fn cpu_seconds() -> anyhow::Result<f64> {
    /// Linux counts in this unit for all programs (USER_HZ).
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = std::fs::read_to_string("/proc/self/stat").context("no /proc/self/stat")?;
    // proc(5): utime and stime are fields 14 and 15; the name in field 2 may hold
    // anything up to the last bracket.
    let (_, rest) = stat.rsplit_once(')').context("a strange /proc/self/stat")?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |index: usize| -> anyhow::Result<f64> {
        Ok(fields
            .get(index)
            .context("a short /proc/self/stat")?
            .parse()?)
    };
    Ok((ticks(11)? + ticks(12)?) / TICKS_A_SECOND)
}

fn main() -> ExitCode {
    let args = Args::parse();
    let done = match args.seed {
        Some(seed) => one(seed, &args),
        None => many(&args),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            println!("the simulation could not run: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn one(seed: u64, args: &Args) -> anyhow::Result<bool> {
    let part = Part {
        faults: args
            .faults
            .as_ref()
            .map(|faults| faults.iter().copied().collect()),
        acts: args.acts.as_deref().map(parse_ranges).transpose()?,
    };
    if !args.quiet {
        let plan = Plan::draw_always(seed, args.always);
        println!(
            "{} people, {} relays, uses {:?}, {:.1} h, direct at the end: {}",
            plan.people,
            plan.relays,
            plan.uses,
            plan.active_ms as f64 / 3_600_000.0,
            plan.direct_at_the_end
        );
        println!("chances in 1000: {:?}", plan.chances);
        for (index, timed) in plan.acts.iter().enumerate() {
            println!(
                "act {index}: {:.1} s {:?}",
                timed.at_ms as f64 / 1000.0,
                timed.act
            );
        }
    }
    let setting = Setting {
        part,
        without: args.without,
        always: args.always,
        print: !args.quiet,
    };
    let report = run(seed, &setting)?;
    for defect in &report.defects {
        println!("FAILED: {defect}");
    }
    println!(
        "trace {}; {} steps, {} texts, at rest after {:.1} h",
        report.hash,
        report.steps,
        report.texts,
        report.settled_after_ms as f64 / 3_600_000.0
    );
    Ok(report.defects.is_empty())
}

fn setting_of(args: &Args) -> Setting {
    let faults = Fault::ALL
        .into_iter()
        .filter(|fault| !args.leave_out.contains(fault))
        .collect();
    Setting {
        part: Part {
            faults: (!args.leave_out.is_empty()).then_some(faults),
            acts: None,
        },
        without: args.without,
        always: args.always,
        print: false,
    }
}

#[derive(Default)]
struct Sum {
    faults: FaultTable,
    user_hours: f64,
    texts: usize,
    failed_texts: usize,
    steps: u64,
    slowest_ms: u64,
    calm: u64,
    failures: Vec<Report>,
}

fn many(args: &Args) -> anyhow::Result<bool> {
    let began = Instant::now();
    let jobs = args
        .jobs
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    let next = AtomicU64::new(args.from);
    let end = args.from + args.seeds;
    let failed = AtomicUsize::new(0);
    let sum = Mutex::new(Sum::default());
    let setting = setting_of(args);
    let ran = AtomicU64::new(0);
    std::thread::scope(|scope| -> anyhow::Result<()> {
        let workers: Vec<_> = (0..jobs)
            .map(|_| {
                scope.spawn(|| -> anyhow::Result<()> {
                    while failed.load(Ordering::Relaxed) < args.stop_after {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= end {
                            break;
                        }
                        let report = run(seed, &setting)?;
                        ran.fetch_add(1, Ordering::Relaxed);
                        for defect in &report.defects {
                            println!("seed {seed} FAILED: {defect}");
                        }
                        let mut sum = sum.lock().unwrap_or_else(PoisonError::into_inner);
                        sum.add(report, &failed);
                    }
                    Ok(())
                })
            })
            .collect();
        for worker in workers {
            worker
                .join()
                .map_err(|_| anyhow::anyhow!("a simulation panicked"))??;
        }
        Ok(())
    })?;
    let sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{}", sum.faults);
    let ran = ran.into_inner();
    println!(
        "{ran} seeds ({} without faults), {} texts ({} visibly failed), {} steps, {:.0} user-hours, \
         slowest to rest {:.1} h, {:.1} s",
        sum.calm,
        sum.texts,
        sum.failed_texts,
        sum.steps,
        sum.user_hours,
        sum.slowest_ms as f64 / 3_600_000.0,
        began.elapsed().as_secs_f64(),
    );
    if let Some(path) = &args.row {
        write_row(path, &sum, ran)?;
    }
    for report in &sum.failures {
        tell(report, args)?;
    }
    println!(
        "{} passed, {} failed",
        ran - sum.failures.len() as u64,
        sum.failures.len()
    );
    Ok(sum.failures.is_empty())
}

impl Sum {
    fn add(&mut self, report: Report, failed: &AtomicUsize) {
        self.faults.add(&report.faults);
        self.user_hours += report.user_hours;
        self.texts += report.texts;
        self.failed_texts += report.failed;
        self.steps += report.steps;
        self.slowest_ms = self.slowest_ms.max(report.settled_after_ms);
        self.calm += u64::from(report.plan.faults.is_empty());
        if !report.defects.is_empty() {
            failed.fetch_add(1, Ordering::Relaxed);
            self.failures.push(report);
        }
    }
}

/// Prints a failure with the one command that replays it.
fn tell(report: &Report, args: &Args) -> anyhow::Result<()> {
    let seed = report.plan.seed;
    println!("\nseed {seed} FAILED:");
    for defect in &report.defects {
        println!("    {defect}");
    }
    let mut setting = setting_of(args);
    if !args.no_shrink {
        setting.part = shrink(seed, &setting)?;
    }
    let mut command = format!("./x sim --seed {seed}");
    if let Some(faults) = &setting.part.faults {
        let names: Vec<&str> = faults.iter().map(|fault| fault.name()).collect();
        command.push_str(&format!(" --faults '{}'", names.join(",")));
    }
    if let Some(acts) = &setting.part.acts {
        command.push_str(&format!(" --acts '{}'", ranges(acts)));
    }
    if let Some(without) = args.without {
        command.push_str(&format!(" --without {without}"));
    }
    if let Some(always) = args.always {
        command.push_str(&format!(" --always {always}"));
    }
    println!("    replay: {command}");
    Ok(())
}

fn ranges(numbers: &BTreeSet<usize>) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    let texts: Vec<String> = runs
        .into_iter()
        .map(|(first, last)| {
            if first == last {
                first.to_string()
            } else {
                format!("{first}-{last}")
            }
        })
        .collect();
    texts.join(",")
}

fn parse_ranges(text: &str) -> anyhow::Result<BTreeSet<usize>> {
    let mut numbers = BTreeSet::new();
    for range in text.split(',').filter(|range| !range.is_empty()) {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        numbers.extend(first.parse()?..=last.parse::<usize>()?);
    }
    Ok(numbers)
}
