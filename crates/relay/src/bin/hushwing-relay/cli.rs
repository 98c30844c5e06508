//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use hushwing_relay::store::StoreLimits;
use hushwing_transport_tor::Network;
use hushwing_wire::address::{ClearAddr, Endpoint, LoopbackAddr};
use tracing::level_filters::LevelFilter;

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
    Run(RunArgs),
    /// Show the relay's address.
    Address {
        /// The relay's folder.
        #[arg(long)]
        dir: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The relay's folder, made if it is not there. It holds keys and boxes.
    #[arg(long)]
    dir: PathBuf,
    /// Serve on an onion service of its own. This is the default.
    #[arg(long, conflicts_with_all = ["listen", "dangerously_listen_in_the_clear"])]
    onion: bool,
    /// Use the private Tor network that this arti configuration describes.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["listen", "dangerously_listen_in_the_clear"])]
    tor_network: Option<PathBuf>,
    /// Serve on this machine only, without Tor, for example on 127.0.0.1:7700.
    #[arg(long, value_name = "ADDRESS:PORT")]
    listen: Option<SocketAddr>,
    /// Serve where the whole network can connect without Tor.
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        conflicts_with = "listen",
        requires = "public_name"
    )]
    dangerously_listen_in_the_clear: Option<SocketAddr>,
    /// The name and port under which people reach that through a Tor exit.
    #[arg(
        long,
        value_name = "NAME:PORT",
        requires = "dangerously_listen_in_the_clear"
    )]
    public_name: Option<String>,
    /// Keep at most so many boxes of 16 KiB.
    #[arg(long, value_name = "N", default_value_t = StoreLimits::default().max_boxes)]
    max_boxes: u64,
    /// Use at most so many bytes for boxes.
    #[arg(long, value_name = "BYTES", default_value_t = StoreLimits::default().max_bytes)]
    max_bytes: u64,
    /// Take no boxes when fewer bytes than this are free on the disk.
    #[arg(long, value_name = "BYTES", default_value_t = StoreLimits::default().min_free_disk)]
    min_free_disk: u64,
    /// Say that it is ready in one line of JSON instead of words.
    #[arg(long)]
    json: bool,
    /// How much to log: off, error, warn, info, debug or trace.
    #[arg(long, value_name = "LEVEL", default_value = "info")]
    log: LevelFilter,
}

/// What `run` was asked, checked.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) dir: PathBuf,
    pub(crate) place: ListenAt,
    pub(crate) limits: StoreLimits,
    pub(crate) json: bool,
    pub(crate) log: LevelFilter,
}

/// Where to serve.
#[derive(Debug)]
pub(crate) enum ListenAt {
    Onion(Network),
    Loopback(LoopbackAddr),
    Clear { at: ClearAddr, known_as: Endpoint },
}

impl RunArgs {
    /// The options, or a sentence that says what is wrong with them.
    pub(crate) fn check(self) -> Result<Options, String> {
        let limits = StoreLimits {
            max_boxes: self.max_boxes,
            max_bytes: self.max_bytes,
            min_free_disk: self.min_free_disk,
        };
        let place = if let Some(address) = self.listen {
            ListenAt::Loopback(LoopbackAddr::new(address).map_err(|_| {
                format!(
                    "{address} can be reached from other machines without Tor. Leave --listen \
                     away to serve on an onion service, or use 127.0.0.1. If you really mean it, \
                     use --dangerously-listen-in-the-clear."
                )
            })?)
        } else if let Some(address) = self.dangerously_listen_in_the_clear {
            let name = self.public_name.unwrap_or_default();
            match name.parse() {
                Ok(known_as @ Endpoint::Host { .. }) => ListenAt::Clear {
                    at: ClearAddr::dangerously_outside_tor(address),
                    known_as,
                },
                _ => {
                    return Err(format!(
                        "{name} is not a public name with a port, such as relay.example.org:443."
                    ));
                }
            }
        } else {
            ListenAt::Onion(match &self.tor_network {
                None => Network::Public,
                Some(file) => Network::Private {
                    arti_toml: std::fs::read_to_string(file)
                        .map_err(|error| format!("{} cannot be read: {error}.", file.display()))?,
                },
            })
        };
        Ok(Options {
            dir: self.dir,
            place,
            limits,
            json: self.json,
            log: self.log,
        })
    }
}
