//! P8: seal and open one text, end to end (MLS, box, one transaction of each
//! vault), against bare OpenMLS encrypting and decrypting the same text.

use anyhow::{Context as _, Result};
use clap::{Parser, ValueEnum};
use hushwing_benches::{
    BarePair, Pair, Rate, Row, Spent, TEXT, cpu_of, folder, instructions_of, median, publish, say,
};

/// Seal and open one text, against bare OpenMLS.
#[derive(Parser)]
struct Args {
    /// Count instructions too, with valgrind
    #[arg(long)]
    instructions: bool,
    /// Run one side alone, once, for a profiler
    #[arg(long, hide = true)]
    only: Option<Side>,
    /// Texts of that run
    #[arg(long, default_value_t = 50)]
    texts: usize,
}

#[derive(Clone, Copy, ValueEnum)]
enum Side {
    Ours,
    Bare,
}

/// Messages already in the conversation; ten times as many other rows lie in
/// each vault.
const SIZES: [usize; 3] = [100, 1_000, 10_000];
const ROWS_A_MESSAGE: usize = 10;

/// Texts of one round, and rounds, of which the median counts.
const TEXTS: usize = 100;
const ROUNDS: usize = 7;

/// Ours may take so many times what the bare library takes.
const GOAL: f64 = 3.0;
/// And a second of the processor must do so many.
const GOAL_A_SECOND: f64 = 1_000.0;

/// Above this growth over the smallest size a row is not linear any more: the
/// cost of one text should not know how many there were.
const FLAT: f64 = 1.25;

fn main() -> Result<()> {
    let args = Args::parse();
    match args.only {
        Some(Side::Ours) => {
            let mut pair = Pair::new()?;
            pair.answer()?;
            ours_measured(&mut pair, args.texts)
        }
        Some(Side::Bare) => bare_measured(&mut BarePair::new()?, args.texts),
        None => table(&args),
    }
}

fn table(args: &Args) -> Result<()> {
    let mut rows = Vec::new();
    let mut smallest = None;
    let mut grown = 0;
    let (mut pair, mut bare) = (Pair::new()?, BarePair::new()?);
    for size in SIZES {
        pair.grow(size - grown, (size - grown) * ROWS_A_MESSAGE, TEXT)?;
        grown = size;
        let (ours, theirs) = measure(&mut pair, &mut bare)?;
        let figures = (micros(ours), micros(theirs), "us of CPU");
        let what = format!(
            "seal and open one text after {size} messages, {} other rows",
            size * ROWS_A_MESSAGE
        );
        let against = "bare OpenMLS encrypt and decrypt, storage in memory";
        let row = Row::new(format!("P8/{size}"), what, against, figures, GOAL);
        let rate = Rate {
            value: 1e6 / row.ours,
            unit: "a second of the processor",
            least: GOAL_A_SECOND,
        };
        let row = row.with_rate(rate);
        say(&format!(
            "{:16} wall clock {:.0} us a text, with both commits on the disk",
            "",
            ours.wall.as_secs_f64() * 1e6
        ));
        let first = *smallest.get_or_insert(row.ours);
        if row.ours > first * FLAT {
            say(&format!(
                "{:16} not flat: {:.2} x of what it is at {} messages",
                "",
                row.ours / first,
                SIZES[0]
            ));
        }
        rows.push(row);
    }
    rows.push(turns(&mut pair)?);
    if args.instructions {
        rows.extend(instructions(args.texts)?);
    }
    publish("p8", &rows)
}

/// Medians for one text, ours and theirs, in rounds that take turns so that a
/// busy machine hits both alike.
fn measure(pair: &mut Pair, bare: &mut BarePair) -> Result<(Spent, Spent)> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        pair.answer()?;
        let (result, spent) = cpu_of(|| ours_measured(pair, TEXTS));
        result?;
        ours.push(each(spent, TEXTS));
        let (result, spent) = cpu_of(|| bare_measured(bare, TEXTS));
        result?;
        theirs.push(each(spent, TEXTS));
    }
    median(ours).zip(median(theirs)).context("no round was run")
}

/// What a text costs when every one brings new keys: no baseline of its own, so
/// it stands against a text without.
fn turns(pair: &mut Pair) -> Result<Row> {
    pair.answer()?;
    let (result, plain) = cpu_of(|| ours_measured(pair, TEXTS));
    result?;
    pair.answer()?;
    let (result, dear) = cpu_of(|| (0..TEXTS / 2).try_for_each(|_| pair.turn(TEXT)));
    result?;
    let figures = (
        micros(each(dear, TEXTS)),
        micros(each(plain, TEXTS)),
        "us of CPU",
    );
    // Two X-Wing encapsulations and decapsulations, and signatures: no goal.
    let row = Row::new(
        "P8/turns",
        "seal and open one text with new keys in each",
        "the same without new keys",
        figures,
        f64::MAX,
    );
    Ok(row)
}

fn instructions(texts: usize) -> Result<Option<Row>> {
    let folder = folder()?;
    let count = |function: &str, side: &str, record: &str| {
        let texts = texts.to_string();
        let arguments = ["--only", side, "--texts", texts.as_str()];
        instructions_of(function, &arguments, &folder.join(record))
    };
    let ours = count("ours_measured", "ours", "p8-ours.callgrind")?;
    let theirs = count("bare_measured", "bare", "p8-bare.callgrind")?;
    let Some((ours, theirs)) = ours.zip(theirs) else {
        say("there is no valgrind: instructions were not counted");
        return Ok(None);
    };
    #[allow(clippy::cast_precision_loss, reason = "a count of instructions fits")]
    let figures = (
        ours as f64 / texts as f64,
        theirs as f64 / texts as f64,
        "instructions",
    );
    let row = Row::new(
        "P8/instructions",
        "seal and open one text in a new conversation",
        "bare OpenMLS encrypt and decrypt, storage in memory",
        figures,
        GOAL,
    );
    Ok(Some(row))
}

/// By name the part that callgrind counts.
#[inline(never)]
fn ours_measured(pair: &mut Pair, texts: usize) -> Result<()> {
    (0..texts).try_for_each(|_| pair.pass(TEXT))
}

/// By name the part that callgrind counts.
#[inline(never)]
fn bare_measured(bare: &mut BarePair, texts: usize) -> Result<()> {
    (0..texts).try_for_each(|_| bare.pass(TEXT))
}

fn each(spent: Spent, texts: usize) -> Spent {
    let texts = u32::try_from(texts).unwrap_or(u32::MAX);
    Spent {
        cpu: spent.cpu / texts,
        wall: spent.wall / texts,
    }
}

fn micros(spent: Spent) -> f64 {
    spent.cpu.as_secs_f64() * 1e6
}
