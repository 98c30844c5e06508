//! A backup that is hundreds of messages old, restored elsewhere, through the real programs.

use hushwing_e2e::scenario::{self, Over};
use hushwing_e2e::stage::Folder;

fn play(over: Over, later: usize) {
    let folder = Folder::temporary().expect("there is room for a folder");
    let seen = scenario::play_restore(&folder, over, later).unwrap_or_else(|why| panic!("{why:?}"));
    assert!(seen.pairs > 2 * later, "the recorder saw what was sealed");
    assert_eq!(seen.repeated, 0, "of {} pairs", seen.pairs);
}

/// `[HW-BACKUP-6]` Claim N1.
#[test]
fn a_backup_of_500_messages_ago_goes_on_elsewhere_over_tor_and_no_key_and_nonce_seal_twice() {
    play(Over::Tor, 500);
}

/// `[HW-BACKUP-6]` Claim N1.
#[test]
fn a_backup_goes_on_elsewhere_by_relay_alone() {
    play(Over::Loopback, 40);
}
