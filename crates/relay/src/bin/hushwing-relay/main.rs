//! `hushwing-relay`: keeps boxes for people who are not online.

mod announce;
mod cli;
mod run;

use std::{alloc::System, io::Write as _, process::ExitCode};

use clap::Parser as _;
use zeroizing_alloc::ZeroAlloc;

/// Memory that is given back holds zeros: no slot or box outlives its use.
/// `[HW-RELAY-12]`
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let done = match cli.command {
        cli::Command::Run(args) => {
            let options = match args.check() {
                Ok(options) => options,
                Err(sentence) => return end(2, &sentence),
            };
            log_to_stderr(options.log);
            harden();
            run::run(options)
        }
        cli::Command::Address { dir } => announce::print_saved(&dir),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => end(1, &format!("{error:#}")),
    }
}

fn end(code: u8, sentence: &str) -> ExitCode {
    // Nobody may listen; the code tells too.
    let _ = writeln!(std::io::stderr(), "hushwing-relay: {sentence}");
    ExitCode::from(code)
}

/// Only our own targets speak: libraries might name peers, circuits or sizes.
/// No times, since a line beside a request would date it. `[HW-RELAY-13]`
fn log_to_stderr(level: tracing::level_filters::LevelFilter) {
    use tracing_subscriber::{
        filter::Targets, layer::SubscriberExt as _, util::SubscriberInitExt as _,
    };
    const OURS: [&str; 4] = [
        "hushwing_relay",
        "hushwing_relay_client",
        "hushwing_transport",
        "hushwing_transport_tor",
    ];
    let ours = Targets::new().with_targets(OURS.map(|target| (target, level)));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time();
    tracing_subscriber::registry().with(lines).with(ours).init();
}

/// No core dumps and no debuggers. Not in debug builds: there, tests look for
/// secrets in the memory of this process.
fn harden() {
    #[cfg(not(debug_assertions))]
    if secmem_proc::harden_process().is_err() {
        tracing::warn!("the system did not let this program protect its memory from others");
    }
    #[cfg(debug_assertions)]
    tracing::debug!("a debug build; its memory is open to debuggers");
}
