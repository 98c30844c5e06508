//! Another identity for a contact, through the real programs over a private Tor network.

use hushwing_e2e::scenario;
use hushwing_e2e::stage::Folder;

/// Claim A1.
#[test]
fn another_identity_is_taken_over_tor_and_compared_before_anything_is_sent() {
    let folder = Folder::temporary().unwrap();
    scenario::play_another_identity(&folder).unwrap_or_else(|why| panic!("{why:?}"));
}
