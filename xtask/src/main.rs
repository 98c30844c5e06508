//! `xtask`: the project's own checks and the demo. `./x` is the way in.

mod claims;
mod demo;
mod docs;
mod layers;
mod performance;
mod scaling;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The project's own checks and the demo.
#[derive(Parser)]
#[command(name = "xtask")]
struct Args {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// The architecture's boundaries on the resolved dependency graph
    CheckLayers,
    /// The register of claims against the tests, and mutations that must break them
    CheckClaims(claims::Args),
    /// Crate list, requirement ids, links and commands that the documents name
    CheckDocs,
    /// Two people meet and talk over a private Tor network and a relay
    Demo(demo::Args),
    /// Makes docs/performance.md of the figures of ./x bench
    Performance(performance::Args),
    /// Makes docs/scaling.md of the same figures
    Scaling,
    /// The demo's scenario again and again, until one fails
    Soak(demo::SoakArgs),
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(text) => {
            say(&text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<String> {
    match &args.task {
        Task::CheckLayers => layers::check(&workspace_root()),
        Task::CheckClaims(args) => claims::run(&workspace_root(), args),
        Task::CheckDocs => docs::check(&workspace_root()),
        Task::Demo(args) => demo::show(args),
        Task::Performance(args) => performance::make(&workspace_root(), args),
        Task::Scaling => scaling::make(&workspace_root()),
        Task::Soak(args) => demo::soak(args),
    }
}

/// The folder above this crate's.
fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

#[allow(
    clippy::print_stdout,
    reason = "a command's answer belongs on its stdout"
)]
fn say(line: &str) {
    println!("{line}");
}

#[allow(
    clippy::print_stderr,
    reason = "a command's complaint belongs on its stderr"
)]
fn complain(line: &str) {
    eprintln!("{line}");
}
