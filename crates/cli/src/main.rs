//! The `hushwing` command: the daemon, and the commands that talk to it.
//!
//! Everything but `run` is a client of the local API: it holds no key, opens no
//! vault and talks to nobody but 127.0.0.1.

mod args;
mod client;
mod clock;
mod commands;
mod daemon;
mod failure;
mod findings;
mod input;
mod ledger;
mod names;
mod open;
mod output;
mod people;
mod process;
mod qr;
mod safe_text;
mod show;

use std::{
    env,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
};

use args::{Action, Cli};
use clap::Parser;
use failure::Failure;

/// Freed memory holds nothing: passphrases and texts pass through buffers of
/// libraries that do not wipe them.
#[global_allocator]
static WIPE_ON_FREE: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    process::silence_panics();
    if let Err(error) = process::harden() {
        return end(&Failure::Here(error), false);
    }
    let cli = Cli::parse();
    let json = cli.json;
    match start(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => end(&failure, json),
    }
}

fn start(cli: Cli) -> Result<(), Failure> {
    let dir = cli.dir.map_or_else(default_dir, Ok)?;
    match cli.action {
        Action::Run(run) => daemon::run(&dir, &run, cli.json),
        Action::Open { print } => open::open(&dir, print, cli.json),
        action => commands::carry_out(&dir, action, cli.json),
    }
}

fn end(failure: &Failure, json: bool) -> ExitCode {
    if let Some(line) = failure.line(json) {
        // Nobody is left to tell when standard error is closed.
        let _ = writeln!(io::stderr(), "{line}");
    }
    failure.exit_code()
}

/// The user's data folder by the XDG base directory specification.
fn default_dir() -> Result<PathBuf, Failure> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    };
    absolute("XDG_DATA_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
        .map(|data| data.join("hushwing"))
        .ok_or_else(|| {
            Failure::Here("there is no home folder here; give a folder with --dir".into())
        })
}
