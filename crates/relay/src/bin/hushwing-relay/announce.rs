//! How the relay tells its address.

use std::{
    io::{self, IsTerminal, Write},
    os::fd::AsFd,
    path::Path,
};

use anyhow::Context as _;
use hushwing_relay::{AccessKeys, Keys, RelayDir};
use hushwing_transport_tor::{OnionSeed, onion_address};
use hushwing_wire::{RelayAddress, address::Endpoint};
use qrcode::{QrCode, render::unicode::Dense1x2};

/// The virtual port of the relay's onion service; any would do, and one for
/// all tells nothing.
pub(crate) const ONION_PORT: u16 = 443;

/// Where the relay's onion service is.
pub(crate) fn onion(keys: &Keys) -> Endpoint {
    Endpoint::Onion {
        address: onion_address(&OnionSeed::new(*keys.onion.as_bytes())),
        port: ONION_PORT,
    }
}

/// Says on standard output that the relay is ready. The address goes to a person or
/// to a program that asked for it, and into no journal: it is where people's mail
/// lies, and may hold the access key. `[HW-RELAY-23]`
pub(crate) fn ready(address: &str, dir: &Path, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let read_by = ReadBy::of(&out);
    if json && read_by != ReadBy::Journal {
        // An address is letters, digits, a hyphen and a colon.
        writeln!(out, r#"{{"address":"{address}","ready":true}}"#)?;
    } else if json {
        writeln!(out, r#"{{"ready":true}}"#)?;
    } else if read_by != ReadBy::Person {
        writeln!(
            out,
            "The relay is ready. Next: see its address with `hushwing-relay address --dir {}`.",
            dir.display()
        )?;
    } else {
        writeln!(out, "The relay is ready. Its address:\n")?;
        print(&mut out, address)?;
        writeln!(
            out,
            "Next: give the address to the people who shall use this relay; each of them adds it \
             once with `hushwing relay add ADDRESS`."
        )?;
    }
    out.flush()
}

/// Who reads what a program writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ReadBy {
    /// It is shown, and gone.
    Person,
    /// It may be kept.
    Program,
    /// It is kept.
    Journal,
}

impl ReadBy {
    fn of(out: &(impl IsTerminal + AsFd)) -> Self {
        let journal = std::env::var("JOURNAL_STREAM").ok();
        let at = rustix::fs::fstat(out).ok();
        let at = at.map(|at| format!("{}:{}", at.st_dev, at.st_ino));
        if out.is_terminal() {
            Self::Person
        } else if at.is_some() && at == journal {
            Self::Journal
        } else {
            Self::Program
        }
    }
}

/// `hushwing-relay address`: the address last announced, or, before the first
/// start is over, that of the onion service.
pub(crate) fn print_saved(dir: &Path) -> anyhow::Result<()> {
    let address = match RelayDir::address(dir)? {
        Some(address) => address,
        None => {
            let keys = Keys::load(dir)?;
            let access = AccessKeys::load(dir)?.map(|keys| keys.current().clone());
            let address = RelayAddress {
                endpoint: onion(&keys),
                pin: keys.tls.pin(),
                access,
            };
            address.to_string()
        }
    };
    let mut out = io::stdout().lock();
    match print(&mut out, &address) {
        // Whoever read it has what they wanted.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.context("the address could not be written"),
    }
}

fn print(out: &mut impl Write, address: &str) -> io::Result<()> {
    writeln!(out, "{address}\n")?;
    // In capitals it fits the alphanumeric mode: a third fewer dots.
    if let Ok(code) = QrCode::new(address.to_uppercase()) {
        let picture = code.render::<Dense1x2>().build();
        writeln!(out, "{picture}\n")?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_no_person() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(ReadBy::of(&file), ReadBy::Program);
    }
}
