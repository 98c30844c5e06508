//! The list of chats, what is unread, and paging back. `[HW-CHAT-1]` `[HW-CHAT-2]`

use hushwing_engine::view::{ChatView, Command, ErrorCode, Event, MessageView, Reply};
use hushwing_testkit::{PersonId, World};

fn chats(world: &mut World, who: PersonId) -> Vec<ChatView> {
    match world.call(who, Command::Chats) {
        Reply::Chats { chats } => chats,
        other => panic!("chats were asked for: {other:?}"),
    }
}

/// What a list shows: the last text, how many are unread, and the place of the first.
fn shown(chats: &[ChatView]) -> Vec<(&str, u64, Option<u64>)> {
    chats
        .iter()
        .map(|chat| {
            let last = chat.last.as_ref().map_or("", |last| &last.text);
            (last, chat.unread, chat.unread_from)
        })
        .collect()
}

fn mark_read(world: &mut World, who: PersonId, contact: &str, from: u64, up_to: u64) {
    let command = Command::MarkRead {
        contact: contact.to_owned(),
        from,
        up_to,
    };
    assert_eq!(world.call(who, command), Reply::Done);
}

fn told_unread(world: &World, who: PersonId) -> Vec<(u64, Option<u64>)> {
    let told = world.events(who).iter().filter_map(|event| match event {
        Event::Unread {
            unread,
            unread_from,
            ..
        } => Some((*unread, *unread_from)),
        _ => None,
    });
    told.collect()
}

fn page(
    world: &mut World,
    who: PersonId,
    contact: &str,
    after: Option<u64>,
    before: Option<u64>,
) -> Vec<MessageView> {
    let command = Command::Read {
        contact: contact.to_owned(),
        limit: 3,
        after,
        before,
    };
    match world.call(who, command) {
        Reply::Messages { messages } => messages,
        other => panic!("messages were asked for: {other:?}"),
    }
}

#[test]
fn a_chat_shows_what_was_said_last_and_what_is_unread_also_after_a_restart() {
    let mut world = World::new(700, 3, 1);
    let (alice, bob, carol) = (world.person(0), world.person(1), world.person(2));
    let (to_bob, alice_there) = world.meet(alice, bob);
    let (from_carol, carol_there) = world.meet(carol, bob);
    assert_eq!(
        shown(&chats(&mut world, bob)),
        [("", 0, None), ("", 0, None)]
    );
    for text in ["a0", "a1", "a2"] {
        world.send(alice, &to_bob, text);
    }
    world.run_for(30_000);
    world.send(carol, &from_carol, "c0");
    world.run_for(30_000);
    assert_eq!(
        shown(&chats(&mut world, bob)),
        [("c0", 1, Some(0)), ("a2", 3, Some(0))]
    );
    assert_eq!(
        told_unread(&world, bob),
        [(1, Some(0)), (2, Some(0)), (3, Some(0)), (1, Some(0))]
    );
    // What he writes himself is never unread, and puts the chat in front.
    world.send(bob, &alice_there, "b0");
    mark_read(&mut world, bob, &alice_there, 0, 1);
    mark_read(&mut world, bob, &alice_there, 0, 1);
    mark_read(&mut world, bob, &alice_there, 7, 3);
    let expected = [("b0", 1, Some(2)), ("c0", 1, Some(0))];
    assert_eq!(shown(&chats(&mut world, bob)), expected);
    assert_eq!(told_unread(&world, bob).len(), 5, "told when it changes");
    world.stop(bob);
    world.start(bob);
    assert_eq!(shown(&chats(&mut world, bob)), expected);
    mark_read(&mut world, bob, &alice_there, 0, u64::MAX);
    mark_read(&mut world, bob, &carol_there, 0, u64::MAX);
    assert_eq!(
        shown(&chats(&mut world, bob)),
        [("b0", 0, None), ("c0", 0, None)]
    );
    // Blocked ones come last, whatever was said in them.
    let block = Command::ContactBlock {
        contact: alice_there,
    };
    world.call(bob, block);
    assert_eq!(shown(&chats(&mut world, bob))[1].0, "b0");
}

#[test]
fn paging_back_shows_each_message_once() {
    let mut world = World::new(701, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let (to_bob, _) = world.meet(alice, bob);
    for number in 0..8 {
        world.send(alice, &to_bob, &format!("{number}"));
    }
    world.run_for(30_000);
    let mut pages = vec![page(&mut world, alice, &to_bob, None, None)];
    while let Some(first) = pages.last().and_then(|page| page.first()) {
        let before = first.position;
        pages.push(page(&mut world, alice, &to_bob, None, Some(before)));
    }
    let texts: Vec<Vec<&str>> = pages
        .iter()
        .map(|page| page.iter().map(|message| &*message.text).collect())
        .collect();
    assert_eq!(
        texts,
        [
            vec!["5", "6", "7"],
            vec!["2", "3", "4"],
            vec!["0", "1"],
            vec![]
        ]
    );
    let beyond = page(&mut world, alice, &to_bob, None, Some(u64::MAX));
    assert_eq!(beyond.len(), 3);
    let both = Command::Read {
        contact: to_bob,
        limit: 3,
        after: Some(1),
        before: Some(5),
    };
    let refused = world.try_call(alice, both).expect_err("one or the other");
    assert_eq!(refused.code, ErrorCode::BadInput);
}
