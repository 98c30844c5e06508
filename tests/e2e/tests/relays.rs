//! Relays die for good, one and then all, and nobody loses a message or is told
//! anything that is not so.

use hushwing_e2e::scenario;
use hushwing_e2e::stage::Folder;

#[test]
fn a_conversation_outlives_its_relays_and_every_message_says_where_it_is() {
    let folder = Folder::temporary().unwrap();
    let written = scenario::play_dying_relays(&folder).unwrap_or_else(|why| panic!("{why:?}"));
    assert_eq!(written, [200, 200]);
}
