//! Every odd way to spell an address is read as exactly one thing, or refused;
//! and none leads to a direct connection unless it plainly names this machine.

use std::{
    net::{Ipv4Addr, TcpListener},
    str::FromStr,
};

use hushwing_transport::{Dial, DialError, DirectDialer, IsolationClass};
use hushwing_wire::address::{Endpoint, HostName, OnionAddress};
use proptest::prelude::*;

/// What a spelling without its port means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Means {
    /// This machine.
    Loopback,
    /// A name that a Tor exit resolves.
    Host,
    /// An onion service.
    Onion,
    /// Nothing: it is refused.
    Nothing,
}

const TABLE: &[(&str, Means)] = &[
    // This machine, plainly.
    ("127.0.0.1", Means::Loopback),
    ("127.255.255.254", Means::Loopback),
    ("[::1]", Means::Loopback),
    ("[0:0:0:0:0:0:0:1]", Means::Loopback),
    ("[0000:0000:0000:0000:0000:0000:0000:0001]", Means::Loopback),
    // This machine, in ways that some resolvers understand.
    ("localhost", Means::Nothing),
    ("localhost.", Means::Nothing),
    ("LOCALHOST", Means::Nothing),
    ("a.localhost", Means::Nothing),
    ("localhost.localdomain", Means::Nothing),
    ("ip6-localhost", Means::Nothing),
    ("127.1", Means::Nothing),
    ("127.0.1", Means::Nothing),
    ("127.0.0.1.", Means::Nothing),
    ("127.0.0.01", Means::Nothing),
    ("127.0.0.1 ", Means::Nothing),
    (" 127.0.0.1", Means::Nothing),
    ("0127.0.0.1", Means::Nothing),
    ("0177.0.0.1", Means::Nothing),
    ("0177.0.0.01", Means::Nothing),
    ("0x7f.0.0.1", Means::Nothing),
    ("0x7f.0x0.0x0.0x1", Means::Nothing),
    ("0X7F.1", Means::Nothing),
    ("0x7f000001", Means::Nothing),
    ("0x7f.0x1", Means::Nothing),
    ("2130706433", Means::Nothing),
    ("017700000001", Means::Nothing),
    ("\u{ff11}\u{ff12}\u{ff17}.0.0.1", Means::Nothing),
    ("127\u{3002}0\u{3002}0\u{3002}1", Means::Nothing),
    ("\u{2460}\u{2461}\u{2466}.0.0.1", Means::Nothing),
    ("::1", Means::Nothing),
    ("[::1", Means::Nothing),
    ("::1]", Means::Nothing),
    ("[127.0.0.1]", Means::Nothing),
    ("[::1%lo]", Means::Nothing),
    ("[::ffff:127.0.0.1]", Means::Nothing),
    ("[::ffff:7f00:1]", Means::Nothing),
    ("[::127.0.0.1]", Means::Nothing),
    ("[64:ff9b::7f00:1]", Means::Nothing),
    ("::ffff:127.0.0.1", Means::Nothing),
    ("0", Means::Nothing),
    ("0.0.0.0", Means::Nothing),
    ("[::]", Means::Nothing),
    ("", Means::Nothing),
    // Other machines by number.
    ("192.0.2.1", Means::Nothing),
    ("10.0.0.1", Means::Nothing),
    ("169.254.169.254", Means::Nothing),
    ("255.255.255.255", Means::Nothing),
    ("[2001:db8::1]", Means::Nothing),
    ("[fe80::1%1]", Means::Nothing),
    ("192.0.2.1.", Means::Nothing),
    ("192.0.513", Means::Nothing),
    ("3221225985", Means::Nothing),
    ("1.2.3.4.5", Means::Nothing),
    ("1.2.3.0x4", Means::Nothing),
    ("256.256.256.256", Means::Nothing),
    // Names that an exit resolves.
    ("relay.example", Means::Host),
    ("RELAY.Example", Means::Host),
    ("a.b.c.d.example", Means::Host),
    ("127.0.0.1.example", Means::Host),
    ("0x7f.example", Means::Host),
    ("xn--bcher-kva.example", Means::Host),
    ("xn--p1ai.xn--p1ai", Means::Host),
    ("a-b.c1", Means::Host),
    // Names that are none, or nobody's.
    ("relay.example.", Means::Nothing),
    ("relay..example", Means::Nothing),
    (".relay.example", Means::Nothing),
    ("relay", Means::Nothing),
    ("-relay.example", Means::Nothing),
    ("relay-.example", Means::Nothing),
    ("re_lay.example", Means::Nothing),
    ("re lay.example", Means::Nothing),
    ("relay.example\n", Means::Nothing),
    ("relay.example\0.onion", Means::Nothing),
    ("relay\t.example", Means::Nothing),
    ("b\u{fc}cher.example", Means::Nothing),
    ("relay\u{ff0e}example", Means::Nothing),
    ("relay%2eexample", Means::Nothing),
    ("user@relay.example", Means::Nothing),
    ("http://relay.example", Means::Nothing),
    ("//relay.example", Means::Nothing),
    ("relay.example/path", Means::Nothing),
    ("relay.example#", Means::Nothing),
    ("relay.example:80", Means::Nothing),
    ("127.0.0.1:80", Means::Nothing),
    ("printer.local", Means::Nothing),
    ("router.lan", Means::Nothing),
    ("1.0.0.127.in-addr.arpa", Means::Nothing),
    ("relay.test", Means::Nothing),
    ("relay.exit", Means::Nothing),
    // Onions that are none.
    ("expyuzz4wqqyqhjn.onion", Means::Nothing), // version 2
    (".onion", Means::Nothing),
    ("onion", Means::Nothing),
    ("relay.onion", Means::Nothing),
    ("\u{ff4f}nion.onion", Means::Nothing),
];

const CLASS: IsolationClass = IsolationClass::new([1; 16]);

fn onion() -> String {
    OnionAddress::from_public_key([0x5a; 32]).to_host()
}

/// The table, and the spellings of a valid onion address.
fn spellings() -> Vec<(String, Means)> {
    let mut all: Vec<_> = TABLE
        .iter()
        .map(|(text, means)| ((*text).to_owned(), *means))
        .collect();
    let onion = onion();
    let label = onion.strip_suffix(".onion").expect("suffix");
    let mut wrong_checksum = onion.clone();
    wrong_checksum.replace_range(0..1, if onion.starts_with('a') { "b" } else { "a" });
    all.extend([
        (onion.clone(), Means::Onion),
        (onion.to_uppercase(), Means::Onion),
        (format!("{onion}."), Means::Nothing),
        (format!("{label}.ONION."), Means::Nothing),
        (format!("www.{onion}"), Means::Nothing),
        (format!("{label}.onion.example"), Means::Host),
        (format!("{label}..onion"), Means::Nothing),
        (format!("{label}a.onion"), Means::Nothing),
        (format!("{}.onion", &label[1..]), Means::Nothing),
        (format!("{label}=.onion"), Means::Nothing),
        (format!(" {onion}"), Means::Nothing),
        (format!("{onion}:80"), Means::Nothing),
        (label.to_owned(), Means::Nothing),
        (wrong_checksum, Means::Nothing),
        (format!("{}.example", "a".repeat(64)), Means::Nothing),
        (format!("{}.example", "a.".repeat(130)), Means::Nothing),
        (format!("{}example", "a.".repeat(200)), Means::Nothing),
    ]);
    all
}

fn meaning(parsed: &Result<Endpoint, <Endpoint as FromStr>::Err>) -> Means {
    match parsed {
        Ok(Endpoint::Loopback(_)) => Means::Loopback,
        Ok(Endpoint::Host { .. }) => Means::Host,
        Ok(Endpoint::Onion { .. }) => Means::Onion,
        Ok(Endpoint::Clear(_)) => panic!("an address in the clear was written as text"),
        Err(_) => Means::Nothing,
    }
}

/// Claim M2.
#[test]
fn each_spelling_means_one_thing_or_is_refused() {
    for (host, means) in spellings() {
        let text = format!("{host}:443");
        assert_eq!(meaning(&Endpoint::from_str(&text)), means, "{text:?}");
    }
}

#[test]
fn a_port_is_a_plain_number_that_is_not_zero() {
    for port in [
        "",
        "0",
        "00",
        "-1",
        "+80",
        "65536",
        "99999999999",
        "80 ",
        "0x50",
        "http",
    ] {
        for host in ["relay.example", onion().as_str()] {
            let text = format!("{host}:{port}");
            assert_eq!(
                meaning(&Endpoint::from_str(&text)),
                Means::Nothing,
                "{text}"
            );
        }
    }
    assert_eq!(
        meaning(&Endpoint::from_str("relay.example")),
        Means::Nothing
    );
}

/// One listener on every address of this machine: whatever spelling reached it
/// was connected to directly.
/// Claim M2.
#[tokio::test]
async fn no_spelling_is_dialled_directly_unless_it_plainly_names_this_machine() {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("bind");
    listener.set_nonblocking(true).expect("non-blocking");
    let port = listener.local_addr().expect("bound").port();
    for dialer in [
        DirectDialer::loopback_only(),
        DirectDialer::dangerously_outside_tor(),
    ] {
        for (host, means) in spellings() {
            let Ok(endpoint) = Endpoint::from_str(&format!("{host}:{port}")) else {
                continue;
            };
            let dialed = dialer.dial(&endpoint, CLASS).await;
            let arrived = std::iter::from_fn(|| listener.accept().ok()).count();
            match means {
                // Nobody listens on the IPv6 loopback.
                Means::Loopback => assert_eq!(arrived, usize::from(dialed.is_ok()), "{host}"),
                _ => {
                    assert!(
                        matches!(dialed, Err(DialError::Forbidden { .. })),
                        "{host:?}"
                    );
                    assert_eq!(arrived, 0, "{host:?} was dialled directly");
                }
            }
        }
    }
}

proptest! {
    /// What the system's own resolver would take for an address is no name.
    #[test]
    fn nothing_that_looks_like_an_address_is_a_host_name(text in "[0-9a-fxX.:]{1,24}") {
        if let Ok(name) = text.parse::<HostName>() {
            let last = name.as_str().rsplit('.').next().expect("a label").to_owned();
            prop_assert!(last.chars().any(|c| c.is_ascii_alphabetic()));
            prop_assert!(!last.starts_with("0x"));
            prop_assert!(text.parse::<std::net::IpAddr>().is_err());
        }
    }

    #[test]
    fn a_name_that_is_taken_stays_the_same_name(text in "\\PC{0,40}") {
        if let Ok(name) = text.parse::<HostName>() {
            prop_assert_eq!(name.as_str(), text.to_ascii_lowercase());
            prop_assert_eq!(name.as_str().parse::<HostName>().expect("again"), name.clone());
            prop_assert!(name.as_str().is_ascii());
        }
    }

    #[test]
    fn an_onion_address_survives_its_own_text(key: [u8; 32]) {
        let address = OnionAddress::from_public_key(key);
        let text = address.to_host();
        prop_assert_eq!(text.len(), 62);
        prop_assert_eq!(text.parse::<OnionAddress>().expect("valid"), address);
    }

    /// The last four letters are checksum and version; a change elsewhere is
    /// caught with probability 1 - 2^-16 only.
    #[test]
    fn a_wrong_checksum_or_version_is_refused(key: [u8; 32], at in 52_usize..56, to in "[a-z2-7]") {
        let text = OnionAddress::from_public_key(key).to_host();
        let mut flipped = text.clone();
        flipped.replace_range(at..=at, &to);
        prop_assume!(flipped != text);
        prop_assert!(flipped.parse::<OnionAddress>().is_err());
    }
}
