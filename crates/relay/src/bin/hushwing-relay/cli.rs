//! The command line.

use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};

use crate::settings::Settings;

/// A relay keeps sealed boxes for people who are not online, and cannot read them.
#[derive(Debug, Parser)]
#[command(name = "hushwing-relay", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the relay, show its address, and serve until it is stopped.
    Run(Box<RunArgs>),
    /// Show the relay's address.
    Address(Folder),
    /// Look whether the relay works: reach it at its own address, put a box,
    /// read it and drop it; look at the disk, the clock and the keys.
    Doctor(Box<RunArgs>),
    /// Take no new boxes, for example before moving; what is there can be read
    /// and dropped. It holds over a restart.
    Drain {
        #[command(flatten)]
        folder: Folder,
        /// Take new boxes again.
        #[arg(long)]
        off: bool,
    },
    /// Write all boxes of a stopped relay into one file.
    Export {
        #[command(flatten)]
        settings: Box<RunArgs>,
        /// The file, which must not be there yet.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Take the boxes of such a file into a stopped relay with the same keys.
    Import {
        #[command(flatten)]
        settings: Box<RunArgs>,
        /// The file.
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
    },
    /// Back up, restore and renew the relay's keys.
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
}

impl Command {
    /// The folder that the command names apart from settings.
    pub(crate) fn folder(&self) -> Option<&Path> {
        match self {
            Self::Run(_) | Self::Doctor(_) | Self::Export { .. } | Self::Import { .. } => None,
            Self::Address(folder) | Self::Drain { folder, .. } => Some(&folder.dir),
            Self::Keys { command } => Some(match command {
                KeysCommand::Backup { folder, .. } | KeysCommand::RenewAccess(folder) => {
                    &folder.dir
                }
                KeysCommand::Restore { dir, .. } => dir,
            }),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Copy the keys of the onion service, of TLS and of the store into one
    /// file. Whoever has it can be this relay.
    Backup {
        #[command(flatten)]
        folder: Folder,
        /// The file, which must not be there yet.
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
    },
    /// Bring the keys back into a folder that has none.
    Restore {
        /// The relay's folder, made if it is not there.
        #[arg(long)]
        dir: PathBuf,
        /// The file that a backup made.
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
    },
    /// Make a new access key; the one before opens the gate until the next time.
    RenewAccess(Folder),
}

/// Which relay.
#[derive(Debug, Args)]
pub(crate) struct Folder {
    /// The relay's folder.
    #[arg(long)]
    pub(crate) dir: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Read settings from this file, in TOML, under the names that the flags
    /// have; a flag counts more.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) settings: Settings,
}
