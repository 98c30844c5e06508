//! `xtask demo` and `xtask soak`: the scenario of `tests/e2e`, for people.

use std::path::PathBuf;

use anyhow::{Context, Result};
use hushwing_e2e::scenario;
use hushwing_e2e::stage::Folder;

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
pub(crate) struct SoakArgs {
    /// How often the story is played
    #[arg(default_value_t = 20)]
    rounds: u32,
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

/// Plays the story again and again; each round is a new network, relay and
/// pair of vaults.
pub(crate) fn soak(args: &SoakArgs) -> Result<String> {
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
