//! The demo's scenario without Tor: a relay at 127.0.0.1 carries everything.

#![allow(
    clippy::print_stdout,
    reason = "this is a test: it says what it measured"
)]

use hushwing_e2e::scenario;
use hushwing_e2e::stage::Folder;

#[test]
fn two_people_talk_by_relay_alone_and_lose_nothing() {
    let folder = Folder::temporary().unwrap();
    let figures = scenario::play_on_loopback(&folder).unwrap_or_else(|why| panic!("{why:?}"));
    println!("{figures}");
    assert_eq!(
        figures.live_by_relay.arrived.count(),
        2 * scenario::EACH_WAY
    );
    assert_eq!(figures.messages, 6 * scenario::EACH_WAY);
}
