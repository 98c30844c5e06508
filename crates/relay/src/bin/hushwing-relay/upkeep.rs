//! What an operator does to a relay that is not running: moving its boxes, and
//! keeping its keys.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufReader, BufWriter, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use anyhow::Context as _;
use hushwing_relay::{
    AccessKeys, Clock as _, Keys, RelayDir, SystemClock, archive, store::SqliteStore,
};

use crate::settings::Options;

/// `hushwing-relay export`. `[HW-RELAY-18]`
pub(crate) fn export(options: &Options, to: &Path) -> anyhow::Result<()> {
    // A relay that runs would go on taking boxes behind our back.
    let dir = RelayDir::take(&options.dir)?;
    let keys = Keys::load(dir.path())?;
    let store = SqliteStore::open_sealed(dir.path(), options.store, options.seal.clone())?;
    let file = new_file(to)?;
    let mut out = BufWriter::new(file);
    let exported = tool_runtime()?
        .block_on(archive::export(&store, &keys.store, &mut out))
        .and_then(|places| {
            out.into_inner()
                .map_err(io::IntoInnerError::into_error)?
                .sync_all()?;
            Ok(places)
        });
    match exported {
        Ok(places) => say(&format!(
            "{places} places are in {}. Next: `hushwing-relay import` on the other machine, \
             which needs the same keys (`hushwing-relay keys restore`).",
            to.display()
        )),
        Err(error) => {
            // What is left of it is no archive.
            let _ = std::fs::remove_file(to);
            Err(error.into())
        }
    }
}

/// `hushwing-relay import`. `[HW-RELAY-18]`
pub(crate) fn import(options: &Options, from: &Path) -> anyhow::Result<()> {
    let mut file = BufReader::new(open(from)?);
    let dir = RelayDir::take(&options.dir)?;
    let keys = Keys::load(dir.path())?;
    let store = SqliteStore::open_sealed(dir.path(), options.store, options.seal.clone())?;
    let places = tool_runtime()?.block_on(archive::import(
        &store,
        &keys.store,
        &mut file,
        SystemClock.now_s(),
    ))?;
    drop(store);
    say(&format!("{places} places were verified and are here."))
}

/// `hushwing-relay keys backup`. `[HW-RELAY-19]`
pub(crate) fn back_up_keys(dir: &Path, to: &Path) -> anyhow::Result<()> {
    let keys = Keys::backup(dir)?;
    let mut file = new_file(to)?;
    file.write_all(&keys)?;
    file.sync_all()?;
    say(&format!(
        "The keys are in {}. Keep the file as you keep a password: whoever has it can be this \
         relay.",
        to.display()
    ))
}

/// `hushwing-relay keys restore`. `[HW-RELAY-19]`
pub(crate) fn restore_keys(dir: &Path, from: &Path) -> anyhow::Result<()> {
    let backup = zeroize::Zeroizing::new(
        std::fs::read(from).with_context(|| format!("{} cannot be read", from.display()))?,
    );
    let dir = RelayDir::take(dir)?;
    Keys::restore(dir.path(), &backup)?;
    say("The keys are here. The relay has the address that it had.")
}

/// `hushwing-relay keys renew-access`.
pub(crate) fn renew_access(dir: &Path) -> anyhow::Result<()> {
    Keys::load(dir)?;
    AccessKeys::renew(dir)?;
    say(
        "There is a new access key. Next: start the relay again, and give its new address to the \
         people who shall use it; the address before works until the next new key.",
    )
}

/// `hushwing-relay drain`. `[HW-RELAY-16]`
pub(crate) fn drain(dir: &Path, off: bool) -> anyhow::Result<()> {
    Keys::load(dir)?;
    RelayDir::mark_to_drain(dir, !off)?;
    say(if off {
        "The relay takes new boxes again."
    } else {
        "The relay takes no new boxes; what is there can be read and dropped. \
         `hushwing-relay drain --off` ends it."
    })
}

/// A file that only its owner reads and that was not there before.
fn new_file(path: &Path) -> anyhow::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("{} cannot be made", path.display()))
}

fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn tool_runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("no thread could be started")
}

fn say(sentence: &str) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{sentence}")?;
    Ok(out.flush()?)
}
