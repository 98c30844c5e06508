//! What this process does not give away: memory, panics, other people's logs.

use std::{
    io::{self, Write},
    panic,
    path::Path,
};

use tracing_subscriber::{
    Layer, filter::LevelFilter, filter::Targets, layer::SubscriberExt, registry,
};

use crate::args::LogLevel;

/// What the names of our own crates start with.
const OWN_TARGETS: &str = "hushwing";

/// `[HW-CLI-4]` No core dump, and nobody may attach: memory holds what the vault
/// protects. Debug builds may be attached to, for their authors; they leave no
/// core dump either.
pub(crate) fn harden() -> Result<(), String> {
    let result = if cfg!(debug_assertions) {
        no_core_dump()
    } else {
        secmem_proc::harden_process().map_err(|e| e.to_string())
    };
    result.map_err(|e| format!("this process cannot be shielded from others ({e}); not started"))
}

fn no_core_dump() -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none).map_err(|e| e.to_string())
}

/// `[HW-CLI-5]` A panic tells where it was and nothing else: its words may hold
/// a text, a name or a key.
pub(crate) fn silence_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(
            || "an unknown place".into(),
            |at| format!("{} {}:{}", file_name(at.file()), at.line(), at.column()),
        );
        let _ = writeln!(
            io::stderr(),
            "hushwing: internal error at {place}; this is a fault of the program"
        );
    }));
}

/// The file alone: the folders are those of whoever compiled it.
fn file_name(path: &str) -> &str {
    Path::new(path)
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or("?")
}

/// `[HW-CLI-6]` Logs go to standard error and come from our own crates alone,
/// whatever the level. Others log what we must not: a WebSocket library its
/// frames, an HTTP library its headers with the session's secret, Tor its peers.
/// Records of the `log` crate are not taken in at all.
pub(crate) fn log_to_stderr(level: LogLevel) {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_filter(own_targets(level));
    // Only a second call could fail, and there is none.
    let _ = tracing::subscriber::set_global_default(registry().with(lines));
}

fn own_targets(level: LevelFilter) -> Targets {
    Targets::new()
        .with_default(LevelFilter::OFF)
        .with_target(OWN_TARGETS, level)
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn only_our_own_crates_are_logged() {
        let targets = own_targets(LevelFilter::TRACE);
        assert!(targets.would_enable("hushwing_node::driver", &Level::TRACE));
        for other in [
            "tungstenite::protocol",
            "arti_client",
            "hyper",
            "log",
            "ureq",
        ] {
            assert!(!targets.would_enable(other, &Level::ERROR), "{other}");
        }
        let targets = own_targets(LevelFilter::WARN);
        assert!(!targets.would_enable("hushwing_node", &Level::INFO));
    }

    #[test]
    fn a_place_in_the_code_shows_no_folder() {
        assert_eq!(file_name("/a/folder/src/lib.rs"), "lib.rs");
        assert_eq!(file_name(""), "?");
    }
}
