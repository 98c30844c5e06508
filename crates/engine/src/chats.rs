//! The list of chats: each contact with its last message and what is unread.
//!
//! `[HW-CHAT-1]` Unread is what came in and was not marked as read, whether or not reports
//! of that are sent.

use hushwing_protocol::Ctx;

use crate::{
    Engine, limits,
    rows::Rows,
    view::{ChatView, CommandError, MessageView, Reply},
    views::store_error,
};

impl Engine {
    /// All contacts as chats: those in which something was said last come first, blocked
    /// ones last.
    pub(crate) fn chats(&mut self, ctx: &mut Ctx<'_>) -> Result<Reply, CommandError> {
        let ids = Rows(ctx.store).contact_ids().map_err(store_error)?;
        let mut chats = Vec::with_capacity(ids.len());
        for id in ids {
            let contact = self.view_of_any(ctx, &id)?;
            let rows = Rows(ctx.store);
            let last = match rows.messages(&id, None, 1).map_err(store_error)?.pop() {
                Some((position, _)) => {
                    self.message_view(ctx, &id, position).map_err(store_error)?
                }
                None => None,
            };
            let unread = rows
                .unread(&id, limits::MAX_UNREAD_COUNTED)
                .map_err(store_error)?;
            chats.push(ChatView {
                contact,
                last,
                unread: unread.len() as u64,
                unread_from: unread.first().copied(),
            });
        }
        chats.sort_by_key(|chat| {
            let when = chat.last.as_ref().map_or(0, happened_at);
            (
                chat.contact.blocked_since_ms.is_some(),
                std::cmp::Reverse(when),
            )
        });
        Ok(Reply::Chats { chats })
    }
}

/// When a message was written or came in by the clock of this machine: nobody else can
/// put a chat in front of others.
fn happened_at(message: &MessageView) -> u64 {
    if message.mine {
        message.sent_at_ms
    } else {
        message.since_ms
    }
}
