//! `hushwing-testnet start DIR --foreground`: a private Tor network by hand.
//!
//! Prints `ready DIR/arti.toml` when it is up and runs until SIGINT or SIGTERM.
//! Lines on standard input work it: `cut`, `resume`, `freeze`, `thaw`, `stop`;
//! each is answered by one line, `ok` or the error.

use std::{
    io::{BufRead as _, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::mpsc,
    thread,
};

use hushwing_testnet::{TestNet, TestNetError};

const USAGE: &str = "usage: hushwing-testnet start DIR --foreground";

fn main() -> ExitCode {
    let Some(dir) = directory(std::env::args().skip(1)) else {
        complain(USAGE);
        return ExitCode::from(2);
    };
    match run(&dir) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

/// The network lives as long as this process, so `--foreground` must be said.
fn directory(arguments: impl Iterator<Item = String>) -> Option<PathBuf> {
    let (flags, words): (Vec<_>, Vec<_>) = arguments.partition(|word| word.starts_with('-'));
    match (flags.as_slice(), words.as_slice()) {
        ([flag], [command, dir]) if flag == "--foreground" && command == "start" => {
            Some(PathBuf::from(dir))
        }
        _ => None,
    }
}

fn run(dir: &Path) -> Result<(), TestNetError> {
    // Until the network is up a signal ends this process in the usual way, and
    // the nodes end when they notice.
    let mut net = TestNet::start(dir)?;
    let (sender, orders) = mpsc::channel();
    stop_on_signal(sender.clone());
    say(&format!("ready {}", net.dir().join("arti.toml").display()));
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    // The sender of the signals is never dropped, so this ends by `stop` alone.
    for order in orders {
        let done = match order.trim() {
            "cut" => {
                net.cut();
                Ok(())
            }
            "resume" => net.resume(),
            "freeze" => net.freeze(),
            "thaw" => net.thaw(),
            "stop" => break,
            _ => {
                say("error: cut, resume, freeze, thaw or stop");
                continue;
            }
        };
        match done {
            Ok(()) => say("ok"),
            Err(error) => say(&format!("error: {error}")),
        }
    }
    net.stop();
    Ok(())
}

/// SIGINT and SIGTERM become the order to stop.
fn stop_on_signal(sender: mpsc::Sender<String>) {
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let Ok(runtime) = runtime else {
            return;
        };
        runtime.block_on(async {
            use tokio::signal::unix::{SignalKind, signal};
            let (Ok(mut interrupt), Ok(mut terminate)) = (
                signal(SignalKind::interrupt()),
                signal(SignalKind::terminate()),
            ) else {
                return;
            };
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            let _ = sender.send("stop".to_owned());
            // A second signal ends the process without ceremony.
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            std::process::exit(1);
        });
    });
}

/// One line on standard output. A reader that went away is no reason to stop.
fn say(line: &str) {
    let mut out = std::io::stdout();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

fn complain(line: &str) {
    let _ = writeln!(std::io::stderr(), "hushwing-testnet: {line}");
}
