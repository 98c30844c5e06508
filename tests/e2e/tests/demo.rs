//! The demo's scenario as a test: `./x demo` shows the same story.

#![allow(
    clippy::print_stdout,
    reason = "this is a test: it says what it measured"
)]

use hushwing_e2e::{scenario, stage::Folder};

#[test]
fn two_people_meet_and_talk_and_lose_nothing() {
    let folder = Folder::temporary().unwrap();
    let figures = scenario::play(&folder).unwrap_or_else(|why| panic!("{why:?}"));
    println!("{figures}");
    assert_eq!(figures.direct.delivered.count(), 2 * scenario::EACH_WAY);
    assert_eq!(figures.to_relay.count(), 2 * scenario::EACH_WAY);
    assert_eq!(figures.messages, 6 * scenario::EACH_WAY);
}
