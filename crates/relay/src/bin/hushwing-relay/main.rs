//! `hushwing-relay`: keeps boxes for people who are not online.

mod announce;
mod cli;
mod doctor;
mod run;
mod settings;
mod upkeep;

use std::{alloc::System, io::Write as _, process::ExitCode};

use clap::Parser as _;
use cli::{Command, KeysCommand};
use hushwing_relay::RelayDir;
use zeroizing_alloc::ZeroAlloc;

/// Memory that is given back holds zeros: no slot or box outlives its use.
/// `[HW-RELAY-12]`
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match carry_out(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::CommandLine(sentence)) => end(2, &sentence),
        Err(Failure::Work(error)) => end(1, &format!("{error:#}")),
    }
}

/// Whose fault it was that nothing came of a command.
enum Failure {
    CommandLine(String),
    Work(anyhow::Error),
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Work(error)
    }
}

fn carry_out(command: Command) -> Result<(), Failure> {
    let options = |args: Box<cli::RunArgs>| {
        let options = args.check().map_err(Failure::CommandLine)?;
        ours(&options.dir)?;
        Ok::<_, Failure>(options)
    };
    if let Some(dir) = command.folder() {
        ours(dir)?;
    }
    match command {
        Command::Run(args) => {
            let options = options(args)?;
            log_to_stderr(options.log);
            harden();
            run::run(options)?;
        }
        Command::Address(folder) => announce::print_saved(&folder.dir)?,
        Command::Doctor(args) => doctor::doctor(&options(args)?)?,
        Command::Drain { folder, off } => upkeep::drain(&folder.dir, off)?,
        Command::Export { settings, to } => upkeep::export(&options(settings)?, &to)?,
        Command::Import { settings, from } => upkeep::import(&options(settings)?, &from)?,
        Command::Keys { command } => match command {
            KeysCommand::Backup { folder, to } => upkeep::back_up_keys(&folder.dir, &to)?,
            KeysCommand::Restore { dir, from } => upkeep::restore_keys(&dir, &from)?,
            KeysCommand::RenewAccess(folder) => upkeep::renew_access(&folder.dir)?,
        },
    }
    Ok(())
}

/// Nothing is read or written as root in a folder of somebody else.
fn ours(dir: &std::path::Path) -> Result<(), Failure> {
    RelayDir::check_owner(dir).map_err(|error| Failure::Work(error.into()))
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
