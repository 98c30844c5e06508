//! `xtask demo` and `xtask soak`: the scenario of `tests/e2e`, for people.

use std::path::PathBuf;

use anyhow::{Context, Result};
use hushwing_e2e::stage::Folder;
use hushwing_e2e::{chance, scenario};

/// Arguments of the demo.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Keep the folder with vaults, logs and the network, and say where it is
    #[arg(long)]
    keep: bool,
    /// Write the figures to this file too, as JSON
    #[arg(long, value_name = "FILE")]
    figures: Option<PathBuf>,
}

/// Arguments of the soak.
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct SoakArgs {
    /// How often the story is played
    #[arg(default_value_t = 20)]
    rounds: u32,
    #[command(subcommand)]
    other: Option<Other>,
}

/// What else is done again and again.
#[derive(clap::Subcommand)]
enum Other {
    /// Kill a daemon at a random instant of its life, without Tor
    Crashes {
        /// How many kills
        #[arg(default_value_t = 500)]
        rounds: u32,
        /// What determines the instants, from an earlier run
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Kill an onion relay and start it again at once; measure how long mail waits
    Returns {
        /// How many trials of each kind
        #[arg(default_value_t = 10)]
        trials: u32,
    },
}

/// Plays the story once; returns its figures as text.
pub(crate) fn show(args: &Args) -> Result<String> {
    let mut folder = Folder::temporary()?;
    if args.keep {
        folder.keep();
    }
    let played = scenario::play(&folder);
    if played.is_err() {
        // The logs tell why.
        folder.keep();
    }
    let place = folder.path().display().to_string();
    let figures = played.with_context(|| format!("the demo failed; its folder is {place}"))?;
    if let Some(file) = &args.figures {
        let json = serde_json::to_string_pretty(&figures)?;
        std::fs::write(file, json).with_context(|| format!("cannot write {}", file.display()))?;
    }
    let mut text = format!("\nFigures\n{figures}\n");
    if args.keep {
        text.push_str(&format!("\nKept: {place}\n"));
    }
    text.push_str("\nAll messages arrived, in order, each once.");
    Ok(text)
}

/// Plays the story again and again (each round is a new network, relay and pair
/// of vaults), or what else was asked for.
pub(crate) fn soak(args: &SoakArgs) -> Result<String> {
    match args.other {
        None => soak_demo(args),
        Some(Other::Crashes { rounds, seed }) => soak_crashes(rounds, seed),
        Some(Other::Returns { trials }) => soak_returns(trials),
    }
}

fn soak_crashes(rounds: u32, seed: Option<u64>) -> Result<String> {
    let seed = seed.map_or_else(chance::fresh_seed, Ok)?;
    let kills = on_a_stage(|folder| scenario::play_kills(folder, rounds, seed))?;
    Ok(format!("\nKills\n{kills}"))
}

fn soak_returns(trials: u32) -> Result<String> {
    let returns = on_a_stage(|folder| scenario::measure_returns(folder, trials))?;
    Ok(format!("\nReturns\n{returns}"))
}

/// Plays in a folder that stays when the story fails: the logs tell why.
fn on_a_stage<T>(play: impl FnOnce(&Folder) -> Result<T>) -> Result<T> {
    let mut folder = Folder::temporary()?;
    let played = play(&folder);
    if played.is_err() {
        folder.keep();
    }
    let place = folder.path().display().to_string();
    played.with_context(|| format!("the story failed; its folder is {place}"))
}

fn soak_demo(args: &SoakArgs) -> Result<String> {
    for round in 1..=args.rounds {
        let once = Args {
            keep: false,
            figures: None,
        };
        let text = show(&once).with_context(|| format!("round {round} of {}", args.rounds))?;
        super::say(&text);
        super::say(&format!("\nRound {round} of {} passed.", args.rounds));
    }
    Ok(format!("{} rounds passed", args.rounds))
}
