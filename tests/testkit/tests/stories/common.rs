//! What stories compare.

use hushwing_engine::view::{MessageState, MessageView};
use hushwing_testkit::{PersonId, World};

/// What both sides must agree on: order, writer and text.
pub fn told(messages: &[MessageView], mine_is_inviter: bool) -> Vec<(u64, u32, bool, String)> {
    messages
        .iter()
        .map(|message| {
            let order = message.order.expect("a message that arrived has its place");
            let by_inviter = message.mine == mine_is_inviter;
            (order.clock, order.writer, by_inviter, message.text.clone())
        })
        .collect()
}

pub fn assert_same_transcript(world: &mut World, alice: (PersonId, &str), bob: (PersonId, &str)) {
    let hers = world.read(alice.0, alice.1);
    let his = world.read(bob.0, bob.1);
    assert_eq!(told(&hers, true), told(&his, false));
    for message in hers.iter().chain(&his) {
        let wanted = if message.mine {
            MessageState::Delivered
        } else {
            MessageState::Received
        };
        assert_eq!(message.state, wanted, "{}", message.text);
    }
}
