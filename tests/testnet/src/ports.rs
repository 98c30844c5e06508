//! TCP ports for the nodes' listeners.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
};

/// Where to look: outside the system's range of ephemeral ports (32768 and up
/// on Linux), so that no outgoing connection takes a listener's port between
/// choosing it and binding it.
const FIRST: u16 = 10_000;
const LAST: u16 = 32_000;

/// `count` different ports on which nothing listens on 127.0.0.1, chosen at
/// random so that networks started side by side hardly ever want the same.
pub(crate) fn free(count: usize) -> io::Result<Vec<u16>> {
    let mut held = Vec::with_capacity(count);
    while held.len() < count {
        let mut random = [0; 2];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let port = FIRST + u16::from_le_bytes(random) % (LAST - FIRST);
        // A port that we hold already cannot be bound again.
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            held.push(listener);
        }
    }
    held.iter()
        .map(|listener| listener.local_addr().map(|address| address.port()))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::free;

    #[test]
    fn chosen_ports_differ_and_are_free() {
        let ports = free(40).expect("ports");
        let distinct: BTreeSet<_> = ports.iter().copied().collect();
        assert_eq!(distinct.len(), 40);
        for port in ports {
            std::net::TcpListener::bind(("127.0.0.1", port)).expect("still free");
        }
    }
}
