//! The settings: one definition for the flags and for the file.

use std::{fs, net::SocketAddr, path::PathBuf, str::FromStr as _, time::Duration};

use clap::Args;
use hushwing_relay::{
    FIGURES_STEP, MAX_CONNECTIONS, MAX_REQUESTS, MAX_WAITS, SealKey, ServerLimits,
    gate::WorkConfig, store::StoreLimits,
};
use hushwing_relay_client::RequestRate;
use hushwing_transport_tor::Network;
use hushwing_wire::{
    address::{ClearAddr, Endpoint, LoopbackAddr},
    limits::MAX_WORK_LEVEL,
};
use serde::Deserialize;
use tracing::level_filters::LevelFilter;
use zeroize::Zeroizing;

use crate::cli::RunArgs;

/// What a seal key may come in instead of a file.
const SEAL_KEY_VARIABLE: &str = "HUSHWING_RELAY_SEAL_KEY";

/// Everything that can be set. What is not set is `None` or `false`.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Settings {
    /// The relay's folder, made if it is not there. It holds keys and boxes.
    #[arg(long)]
    dir: Option<PathBuf>,
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
    /// Keep at most so many boxes of 16 KiB (1,000,000).
    #[arg(long, value_name = "N")]
    max_boxes: Option<u64>,
    /// Use at most so many bytes for boxes (16 GiB).
    #[arg(long, value_name = "BYTES")]
    max_bytes: Option<u64>,
    /// Take no boxes when fewer bytes than this are free on the disk (1 GiB).
    #[arg(long, value_name = "BYTES")]
    min_free_disk: Option<u64>,
    /// Connections at once (12,288).
    #[arg(long, value_name = "N")]
    max_connections: Option<usize>,
    /// Requests in flight on all connections together (16,384).
    #[arg(long, value_name = "N")]
    max_requests: Option<usize>,
    /// Places waited at on all connections together (131,072).
    #[arg(long, value_name = "N")]
    max_waits: Option<usize>,
    /// Requests a second of one connection (256); it may make twice as many at once.
    #[arg(long, value_name = "N")]
    max_requests_per_s: Option<u32>,
    /// Seconds that a handshake may take (30).
    #[arg(long, value_name = "SECONDS")]
    handshake_deadline_s: Option<u64>,
    /// Seconds that a connection may ask for nothing (600).
    #[arg(long, value_name = "SECONDS")]
    idle_deadline_s: Option<u64>,
    /// Take boxes of people who have the access key; it is in the address.
    #[arg(long)]
    access_key: bool,
    /// Take boxes for which their sender's machine has worked; with
    /// --access-key, either is enough.
    #[arg(long)]
    work: bool,
    /// The work when nothing happens: 0 is 10 ms, each level doubles it (0).
    #[arg(long, value_name = "LEVEL")]
    work_least: Option<u8>,
    /// The most work that is asked for under load (10).
    #[arg(long, value_name = "LEVEL")]
    work_most: Option<u8>,
    /// Boxes a second above which the work gets more (100).
    #[arg(long, value_name = "N")]
    work_boxes_per_s: Option<u32>,
    /// Seal boxes on the disk under the key in this file, 64 hexadecimal digits;
    /// HUSHWING_RELAY_SEAL_KEY may hold the key instead.
    #[arg(long, value_name = "FILE")]
    seal_key_file: Option<PathBuf>,
    /// Serve /health and /metrics on this machine, for example on 127.0.0.1:9700.
    #[arg(long, value_name = "ADDRESS:PORT")]
    monitor: Option<SocketAddr>,
    /// Seconds between the totals that /metrics tells (300).
    #[arg(long, value_name = "SECONDS")]
    monitor_step_s: Option<u64>,
    /// Say that it is ready in one line of JSON instead of words.
    #[arg(long)]
    json: bool,
    /// How much to log: off, error, warn, info, debug or trace (info).
    #[arg(long, value_name = "LEVEL")]
    log: Option<String>,
}

/// What was asked, checked.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) dir: PathBuf,
    pub(crate) place: ListenAt,
    pub(crate) store: StoreLimits,
    pub(crate) server: ServerLimits,
    pub(crate) max_waits: usize,
    pub(crate) access_key: bool,
    pub(crate) work: Option<WorkConfig>,
    pub(crate) seal: Option<SealKey>,
    pub(crate) monitor: Option<LoopbackAddr>,
    pub(crate) monitor_step: Duration,
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
        let settings = match &self.config {
            None => self.settings,
            Some(file) => {
                let text = read(file)?;
                let from_file: Settings = toml::from_str(&text).map_err(|error| {
                    format!("{} is not right: {}", file.display(), error.message())
                })?;
                self.settings.over(from_file)
            }
        };
        settings.check()
    }
}

impl Settings {
    /// These, and where they say nothing, those of `file`. Where to serve is one
    /// setting: flags that name a place put the file's away.
    fn over(self, file: Self) -> Self {
        let names_a_place = self.onion
            || self.tor_network.is_some()
            || self.listen.is_some()
            || self.dangerously_listen_in_the_clear.is_some();
        let place = if names_a_place { &self } else { &file };
        Self {
            onion: place.onion,
            tor_network: place.tor_network.clone(),
            listen: place.listen,
            dangerously_listen_in_the_clear: place.dangerously_listen_in_the_clear,
            public_name: place.public_name.clone(),
            dir: self.dir.or(file.dir),
            max_boxes: self.max_boxes.or(file.max_boxes),
            max_bytes: self.max_bytes.or(file.max_bytes),
            min_free_disk: self.min_free_disk.or(file.min_free_disk),
            max_connections: self.max_connections.or(file.max_connections),
            max_requests: self.max_requests.or(file.max_requests),
            max_waits: self.max_waits.or(file.max_waits),
            max_requests_per_s: self.max_requests_per_s.or(file.max_requests_per_s),
            handshake_deadline_s: self.handshake_deadline_s.or(file.handshake_deadline_s),
            idle_deadline_s: self.idle_deadline_s.or(file.idle_deadline_s),
            access_key: self.access_key || file.access_key,
            work: self.work || file.work,
            work_least: self.work_least.or(file.work_least),
            work_most: self.work_most.or(file.work_most),
            work_boxes_per_s: self.work_boxes_per_s.or(file.work_boxes_per_s),
            seal_key_file: self.seal_key_file.or(file.seal_key_file),
            monitor: self.monitor.or(file.monitor),
            monitor_step_s: self.monitor_step_s.or(file.monitor_step_s),
            json: self.json || file.json,
            log: self.log.or(file.log),
        }
    }

    fn check(self) -> Result<Options, String> {
        let place = self.place()?;
        let store = StoreLimits::default();
        let server = ServerLimits::default();
        let rate = self
            .max_requests_per_s
            .map_or(server.rate, |per_second| RequestRate {
                per_second,
                burst: per_second.saturating_mul(2),
            });
        let monitor = match self.monitor {
            None => None,
            Some(address) => Some(LoopbackAddr::new(address).map_err(|_| {
                format!("{address} can be reached from other machines; use 127.0.0.1.")
            })?),
        };
        let log = self.log.as_deref().unwrap_or("info");
        Ok(Options {
            work: self.work_config()?,
            seal: self.seal_key()?,
            dir: self
                .dir
                .ok_or("Name the relay's folder: --dir, or dir in the file.")?,
            place,
            store: StoreLimits {
                max_boxes: self.max_boxes.unwrap_or(store.max_boxes),
                max_bytes: self.max_bytes.unwrap_or(store.max_bytes),
                min_free_disk: self.min_free_disk.unwrap_or(store.min_free_disk),
            },
            server: ServerLimits {
                connections: self.max_connections.unwrap_or(MAX_CONNECTIONS),
                requests: self.max_requests.unwrap_or(MAX_REQUESTS),
                rate,
                handshake: seconds(self.handshake_deadline_s, server.handshake),
                idle: seconds(self.idle_deadline_s, server.idle),
                ..server
            },
            max_waits: self.max_waits.unwrap_or(MAX_WAITS),
            access_key: self.access_key,
            monitor,
            monitor_step: seconds(self.monitor_step_s, FIGURES_STEP),
            json: self.json,
            log: LevelFilter::from_str(log)
                .map_err(|_| format!("{log} is not off, error, warn, info, debug or trace."))?,
        })
    }

    fn place(&self) -> Result<ListenAt, String> {
        let places = [
            self.onion || self.tor_network.is_some(),
            self.listen.is_some(),
            self.dangerously_listen_in_the_clear.is_some(),
        ];
        if places.iter().filter(|named| **named).count() > 1 {
            return Err(
                "Serve in one place: onion, listen, or dangerously-listen-in-the-clear.".to_owned(),
            );
        }
        if let Some(address) = self.listen {
            return LoopbackAddr::new(address)
                .map(ListenAt::Loopback)
                .map_err(|_| {
                    format!(
                        "{address} can be reached from other machines without Tor. Leave --listen \
                         away to serve on an onion service, or use 127.0.0.1. If you really mean \
                         it, use --dangerously-listen-in-the-clear."
                    )
                });
        }
        if let Some(address) = self.dangerously_listen_in_the_clear {
            let name = self.public_name.as_deref().unwrap_or_default();
            return match name.parse() {
                Ok(known_as @ Endpoint::Host { .. }) => Ok(ListenAt::Clear {
                    at: ClearAddr::dangerously_outside_tor(address),
                    known_as,
                }),
                _ => Err(format!(
                    "{name} is not a public name with a port, such as relay.example.org:443."
                )),
            };
        }
        Ok(ListenAt::Onion(match &self.tor_network {
            None => Network::Public,
            Some(file) => Network::Private {
                arti_toml: read(file)?,
            },
        }))
    }

    fn work_config(&self) -> Result<Option<WorkConfig>, String> {
        let default = WorkConfig::default();
        let config = WorkConfig {
            least: self.work_least.unwrap_or(default.least),
            most: self.work_most.unwrap_or(default.most),
            boxes_per_s: self.work_boxes_per_s.unwrap_or(default.boxes_per_s),
        };
        if config.least > config.most || config.most > MAX_WORK_LEVEL {
            return Err(format!(
                "The work goes from {} to {}; it must not fall, and {MAX_WORK_LEVEL} is the most.",
                config.least, config.most
            ));
        }
        Ok(self.work.then_some(config))
    }

    fn seal_key(&self) -> Result<Option<SealKey>, String> {
        let (text, whence) = match &self.seal_key_file {
            Some(file) => (Zeroizing::new(read(file)?), file.display().to_string()),
            None => match std::env::var(SEAL_KEY_VARIABLE) {
                Ok(text) => (Zeroizing::new(text), SEAL_KEY_VARIABLE.to_owned()),
                Err(_) => return Ok(None),
            },
        };
        match SealKey::from_hex(&text) {
            Ok(key) => Ok(Some(key)),
            Err(error) => Err(format!("{whence} is not right: {error}.")),
        }
    }
}

fn seconds(set: Option<u64>, default: Duration) -> Duration {
    set.map_or(default, |set| Duration::from_secs(set.max(1)))
}

fn read(file: &std::path::Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{} cannot be read: {error}.", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_counts_more_than_the_file_and_the_file_more_than_nothing() {
        let file: Settings = toml::from_str(
            "dir = '/a'\nmax-boxes = 5\nmax-waits = 6\nwork = true\nlisten = '127.0.0.1:1'",
        )
        .unwrap();
        let flags = Settings {
            max_boxes: Some(7),
            onion: true,
            ..Settings::default()
        };
        let options = flags.over(file).check().unwrap();
        assert_eq!(options.store.max_boxes, 7);
        assert_eq!(options.max_waits, 6);
        assert_eq!(options.store.max_bytes, StoreLimits::default().max_bytes);
        assert!(options.work.is_some());
        assert!(matches!(options.place, ListenAt::Onion(_)));
    }

    #[test]
    fn a_name_that_does_not_exist_is_an_error() {
        assert!(toml::from_str::<Settings>("max-box = 5").is_err());
        assert!(toml::from_str::<Settings>("max_boxes = 5").is_err());
    }

    #[test]
    fn every_flag_can_stand_in_the_file() {
        use clap::Command;
        let command = Settings::augment_args(Command::new("relay"));
        for arg in command.get_arguments() {
            let name = arg.get_long().unwrap();
            // Some value of each kind; the type is not what is asked here.
            let known = ["'127.0.0.1:1'", "5", "true"]
                .iter()
                .any(|value| toml::from_str::<Settings>(&format!("{name} = {value}")).is_ok());
            assert!(known, "{name}");
        }
    }
}
