//! Changes of identity: our own, and those of contacts. `[HW-ROT-1]` to `[HW-ROT-4]`

use hushwing_protocol::{Ctx, SafetyNumber, Whose, store::StoreError};

use crate::{
    Engine,
    naming::named,
    rows::{ContactId, ContactRow, Meeting, RepairRow, Rows},
    view::{CommandError, ErrorCode, Event, Reply},
};

/// How often the contact has taken another identity.
fn peer_changes(ctx: &Ctx<'_>, row: &ContactRow) -> Result<u32, StoreError> {
    let Some(conversation) = row.meeting.conversation() else {
        return Ok(0);
    };
    hushwing_protocol::view(ctx.store, &conversation)
        .map(|view| view.peer_changes)
        .map_err(|_| StoreError::Damaged("a conversation"))
}

impl Engine {
    /// The contact has taken another identity of which its row knows nothing, since the row
    /// was made anew or is an older one than the conversation: whether and how the user
    /// decided about that is lost, so it is decided again. `[HW-ROT-4]`
    pub(crate) fn catch_up(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        row: &mut ContactRow,
    ) -> Result<(), StoreError> {
        let known = peer_changes(ctx, row)?;
        if known <= row.peer_changes {
            return Ok(());
        }
        row.peer_changes = known;
        row.succeeded_ms = Some(ctx.now_ms);
        Rows(ctx.store).put_contact(contact, row)?;
        let name = named(ctx, contact, row)?;
        self.tell(Event::Warning {
            text: format!(
                "What your account knew of {name} was of before they took another identity. \
                 Nothing that you write to {name} goes out until you compare the safety number \
                 and verify it, or go on without."
            ),
        });
        Ok(())
    }

    /// Takes another identity for a contact, or one for each, and asks to take them.
    pub(crate) fn change_identity(
        &mut self,
        ctx: &mut Ctx<'_>,
        who: Option<&str>,
    ) -> Result<Reply, CommandError> {
        let wanted = match who {
            Some(who) => vec![self.find_open(ctx, who)?],
            None => Rows(ctx.store).contact_ids()?,
        };
        let mut contacts = Vec::new();
        for id in wanted {
            // Of all contacts, one that is damaged stops none of the others.
            let begun = self.in_room(ctx, &id, |engine, ctx| engine.give_identity_up(ctx, &id))?;
            if begun == Some(true) {
                contacts.push(self.contact_view(ctx, &id)?);
            }
        }
        if who.is_some() && contacts.is_empty() {
            return Err(CommandError::new(
                ErrorCode::Refused,
                "You cannot write to this contact, so there is no identity to change. Each invite \
                 makes an identity of its own: make a new one and meet again.",
            ));
        }
        Ok(Reply::Contacts { contacts })
    }

    /// Whether there is an identity to give up.
    fn give_identity_up(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
    ) -> Result<bool, StoreError> {
        let Some(mut row) = Rows(ctx.store).contact(contact)? else {
            return Ok(false);
        };
        let Meeting::Established { conversation } = row.meeting else {
            return Ok(false);
        };
        hushwing_protocol::give_up_identity(ctx, &conversation)
            .map_err(|_| StoreError::Damaged("conversation"))?;
        self.go_on_succeeding(ctx, contact, &mut row)?;
        Rows(ctx.store).put_contact(contact, &row)?;
        self.refresh_contact(ctx, contact, &row)?;
        self.tell_contact(ctx, contact, &row)?;
        Ok(true)
    }

    /// Asks for our other identity as long as the contact has not taken it, unless new
    /// keys are asked for already: that goes first.
    pub(crate) fn go_on_succeeding(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        row: &mut ContactRow,
    ) -> Result<(), StoreError> {
        let Some(conversation) = row.meeting.conversation() else {
            return Ok(());
        };
        let view = hushwing_protocol::view(ctx.store, &conversation)
            .map_err(|_| StoreError::Damaged("conversation"))?;
        if !view.succeeding {
            row.succeeding = None;
        } else if row.succeeding.is_none() || !view.asking {
            row.succeeding = Some(RepairRow::begun(ctx.now_ms));
            if row.repair.is_none() && !self.blocked.contains(contact) {
                self.ask_for_keys(ctx, contact, row)?;
            }
        }
        Ok(())
    }

    /// One of the two has taken the other identity.
    pub(crate) fn succeeded(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        row: &mut ContactRow,
        whose: Whose,
        before: &SafetyNumber,
        now: &SafetyNumber,
    ) -> Result<(), StoreError> {
        let name = named(ctx, contact, row)?;
        let text = match whose {
            Whose::Ours => {
                // The contact is who it was: what the user has made sure of still holds.
                if let Some(verified) = &mut row.verified
                    && verified.mark == before.mark()
                {
                    verified.mark = now.mark();
                }
                row.node_keys = row.node_keys.wrapping_add(1);
                format!(
                    "You have another identity for {name} now, and the old one is worth nothing \
                     any more. The safety number is a new one: {name} is asked to compare it. A \
                     backup of before cannot go on with this conversation: make a new one."
                )
            }
            Whose::Theirs => {
                row.succeeded_ms = Some(ctx.now_ms);
                row.peer_changes = peer_changes(ctx, row)?;
                format!(
                    "{name} has taken another identity. Both the old and the new one vouch for \
                     it, but who stole the old one can do that too. Compare the safety number by \
                     another way. Nothing that you write to {name} goes out until you verify it \
                     or go on without."
                )
            }
        };
        self.tell(Event::Warning { text });
        Ok(())
    }
}
