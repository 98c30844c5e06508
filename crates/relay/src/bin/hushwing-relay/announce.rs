//! How the relay tells its address.

use std::{
    io::{self, Write},
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

/// Says on standard output that the relay is ready.
pub(crate) fn ready(address: &str, json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        // An address is letters, digits, a hyphen and a colon.
        writeln!(out, r#"{{"address":"{address}","ready":true}}"#)?;
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
