//! What is done about damaged rows of a contact. `[HW-ENG-4]` `[HW-ENG-5]`

use hushwing_protocol::{ConversationId, Ctx, Soundness, StateError, store::StoreError};

use hushwing_wire::RelayAddress;

use crate::{
    Engine, limits,
    naming::named,
    rows::{ContactId, ContactRow, Meeting, OutId, Owner, RepairRow, Rows},
    view::Event,
};

/// What was found and done.
enum Mended {
    /// The conversation gets new keys.
    NewKeys,
    /// Nothing of the conversation was touched.
    Swept,
}

/// Where a contact's row comes from.
#[derive(Clone, Copy)]
enum Origin {
    Stored,
    Rebuilt,
}

impl Engine {
    /// Takes up what the vault holds of a contact.
    pub(crate) fn take_up(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
    ) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        let Some(mut row) = rows.contact(contact)? else {
            return Ok(());
        };
        self.catch_up(ctx, contact, &mut row)?;
        self.refresh_contact(ctx, contact, &row)?;
        if self.blocked.contains(contact) {
            return Ok(());
        }
        if let Some(due) = row.receipt_due_ms {
            // Whatever the clock was when it fell due.
            let soon = ctx.now_ms + limits::RECEIPT_DELAY_MS;
            self.receipts_due.insert(*contact, due.min(soon));
        }
        if !rows.reads_due(contact, 1)?.is_empty() {
            self.reads_due
                .insert(*contact, ctx.now_ms + limits::READ_DELAY_MS);
        }
        if let Some(why) = Self::why_held(ctx, contact, &row)? {
            self.held.insert(*contact, why.to_owned());
        }
        let is_failed = matches!(row.meeting, Meeting::Failed { .. });
        for (id, out) in rows.outbox_of(contact)? {
            // A second request is put only once the first place turned out taken.
            if !matches!(id, OutId::Request(_, 1) if !is_failed) {
                self.track(&id, &out, ctx.now_ms);
            }
        }
        Ok(())
    }

    /// Something of this contact is damaged: mends it, or closes its room.
    ///
    /// # Errors
    /// [`StoreError::Medium`].
    pub(crate) fn mend(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        what: &'static str,
    ) -> Result<(), StoreError> {
        self.forget_contact(contact);
        let mut step = |engine: &mut Self, ctx: &mut Ctx<'_>| engine.mend_rows(ctx, contact, what);
        match self.try_in_room(ctx, &mut step)? {
            Ok(Some(name)) => {
                // Once is enough until the program starts again.
                if self.mended.insert(*contact) {
                    self.tell(Event::Warning {
                        text: format!(
                            "A part of your account that belongs to {name} was damaged ({what}) \
                             and is being made anew. What you wrote goes out afterwards."
                        ),
                    });
                }
            }
            Ok(None) => {}
            Err(what) => self.close_room(contact, what),
        }
        Ok(())
    }

    /// Nothing can be done with this contact until it is met again.
    pub(crate) fn close_room(&mut self, contact: &ContactId, what: &'static str) {
        self.forget_contact(contact);
        let reason = format!(
            "What your account holds of this contact is damaged ({what}). Messages that you can \
             still read stay here. To write to each other again, meet with a new invite."
        );
        self.tell(Event::Warning {
            text: reason.clone(),
        });
        self.damaged.insert(*contact, reason);
    }

    /// Whose conversation gets new keys, if it does.
    fn mend_rows(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        what: &'static str,
    ) -> Result<Option<String>, StoreError> {
        let rows = Rows(ctx.store);
        let Some((row, origin)) = self.readable_contact(ctx, contact)? else {
            return Err(StoreError::Damaged("the contact"));
        };
        let name = named(ctx, contact, &row)?;
        let swept = rows.sweep_outbox(contact)?;
        let suspect = match origin {
            // It was the contact's row that was damaged, or a box.
            Origin::Rebuilt => false,
            Origin::Stored => swept.is_empty(),
        };
        let mended = match &row.meeting {
            Meeting::Established { conversation } => {
                let holes = !swept.is_empty();
                self.mend_conversation(ctx, contact, conversation, suspect, holes, false)?
            }
            Meeting::Requested {
                conversation,
                stored,
                ..
            } => {
                let lost_request = swept.iter().any(|id| matches!(id, OutId::Request(_, 0)));
                if lost_request && !stored {
                    let reason = "The request to this contact is damaged in your account. Ask for \
                                  a new invite.";
                    self.fail_contact(ctx, contact, row, reason.to_owned())?;
                    return Ok(Some(name));
                }
                let holes = swept.iter().any(|id| !matches!(id, OutId::Request(..)));
                self.mend_conversation(ctx, contact, conversation, suspect, holes, true)?
            }
            // A link or an outbox row of it: nothing can be made of that.
            Meeting::Fetching { .. } | Meeting::Failed { .. } if swept.is_empty() => {
                return Err(StoreError::Damaged(what));
            }
            Meeting::Fetching { .. } | Meeting::Failed { .. } => Mended::Swept,
        };
        self.take_up(ctx, contact)?;
        Ok(match mended {
            Mended::NewKeys => Some(name),
            Mended::Swept => None,
        })
    }

    fn mend_conversation(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        conversation: &ConversationId,
        suspect: bool,
        holes: bool,
        is_requested: bool,
    ) -> Result<Mended, StoreError> {
        let rows = Rows(ctx.store);
        match hushwing_protocol::soundness(ctx, conversation)? {
            Soundness::Lost => return Err(StoreError::Damaged("the conversation")),
            // A damaged box leaves a hole in its lane: only new keys close it.
            Soundness::Whole if holes => {}
            Soundness::Whole if !suspect => return Ok(Mended::Swept),
            // Nothing else is damaged, so it is a row that is seldom read.
            Soundness::Whole | Soundness::Mendable => {
                let newest = rows.newest_clock(contact)?;
                hushwing_protocol::make_hollow(ctx, conversation, newest, is_requested)
                    .map_err(state_error)?;
            }
        }
        self.start_repair(ctx, contact)?;
        Ok(Mended::NewKeys)
    }

    /// The contact's row, made anew from its conversation where it is damaged
    /// and only one conversation can be meant.
    fn readable_contact(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
    ) -> Result<Option<(ContactRow, Origin)>, StoreError> {
        let rows = Rows(ctx.store);
        match rows.contact(contact) {
            Err(StoreError::Damaged(_)) => {}
            found => return found.map(|row| row.map(|row| (row, Origin::Stored))),
        }
        let Some(conversation) = self.orphan(ctx)? else {
            return Ok(None);
        };
        let view = hushwing_protocol::view(ctx.store, &conversation).map_err(state_error)?;
        if view.phase == hushwing_protocol::Phase::Requested {
            return Ok(None);
        }
        let mut row = ContactRow::new(
            view.peer_name.clone(),
            Meeting::Established { conversation },
            self.ours.told(),
        );
        row.peer_routes = self.usable(view.peer_routes);
        row.next_position = rows.next_position(contact)?;
        row.recovery_next = rows.next_recovery(contact)?;
        // Whatever was told, it is told again.
        row.routes_due = true;
        row.old_relays.clone_from(&self.ours.list);
        // A debt that is not owed costs one box.
        row.receipt_due_ms = Some(ctx.now_ms);
        if view.repairing {
            row.repair = Some(RepairRow::begun(ctx.now_ms));
        }
        rows.put_contact(contact, &row)?;
        self.tell(Event::Warning {
            text: format!(
                "What your account knows of {} was damaged and was made anew from the \
                 conversation.",
                named(ctx, contact, &row)?
            ),
        });
        Ok(Some((row, Origin::Rebuilt)))
    }

    /// The only conversation that no contact's row names, if only one row is
    /// damaged.
    fn orphan(&self, ctx: &Ctx<'_>) -> Result<Option<ConversationId>, StoreError> {
        let rows = Rows(ctx.store);
        let readable = rows.contacts()?;
        if rows.contact_ids()?.len() != readable.len() + 1 {
            return Ok(None);
        }
        let mut orphans = hushwing_protocol::conversations(ctx.store).map_err(state_error)?;
        orphans.retain(|id| {
            !readable
                .iter()
                .any(|(_, row)| row.meeting.conversation() == Some(*id))
        });
        Ok(match orphans.as_slice() {
            [only] => Some(*only),
            _ => None,
        })
    }

    /// Where the list of own relays is damaged, it is made anew from what the
    /// contacts were told.
    pub(crate) fn mend_relays(&mut self, ctx: &Ctx<'_>) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        match rows.relays() {
            Err(StoreError::Damaged(_)) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error),
        }
        let mut relays: Vec<RelayAddress> = Vec::new();
        for (_, row) in rows.contacts()? {
            for relay in row.my_relays {
                if !relays.contains(&relay) && relays.len() < limits::MAX_OWN_RELAYS {
                    relays.push(relay);
                }
            }
        }
        rows.put_relays(&relays)?;
        self.tell(Event::Warning {
            text: "The list of your relays was damaged and was made anew from what your contacts \
                   know. Look at it with 'hushwing relay list', and add what is missing."
                .to_owned(),
        });
        Ok(())
    }

    /// Forgets what is only in memory of a contact.
    pub(crate) fn forget_contact(&mut self, contact: &ContactId) {
        let owner = Owner::Contact(*contact);
        self.attempts.retain(|id, _| id.owner() != owner);
        self.doubts.retain(|id, _| id.owner() != owner);
        self.waiting.remove(&owner);
        self.wait_relays.remove(&owner);
        self.routes.remove(&owner);
        self.windows.remove(contact);
        self.listening.remove(contact);
        self.deadlines.remove(contact);
        self.cares.remove(contact);
        self.receipts_due.remove(contact);
        self.reads_due.remove(contact);
        self.held.remove(contact);
        self.direct.remove(contact);
    }
}

fn state_error(error: StateError) -> StoreError {
    match error {
        StateError::Store(error) => error,
        StateError::Unknown => StoreError::Damaged("a conversation"),
    }
}
