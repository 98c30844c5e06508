//! A short kill loop; `./x soak crashes` is the long one.

#![allow(
    clippy::print_stdout,
    reason = "this is a test: it says what it did and from which seed"
)]

use hushwing_e2e::stage::Folder;
use hushwing_e2e::{chance, scenario};

/// Kills of this test: about one for each tenth of a life of either person.
const ROUNDS: u32 = 25;

/// Claim D0.
#[test]
fn what_send_accepted_survives_kills_at_any_instant() {
    let folder = Folder::temporary().unwrap();
    let seed = chance::fresh_seed().unwrap();
    let kills = scenario::play_kills(&folder, ROUNDS, seed).unwrap_or_else(|why| panic!("{why:?}"));
    println!("{kills}");
    assert_eq!(kills.count(), ROUNDS);
    assert!(kills.accepted > 0);
}
