//! Boxes that arrive: from a relay that held them, or pushed to our own node.

use hushwing_protocol::{Content, Ctx, Happening, OpenError, Opened, store::StoreError};
use hushwing_wire::{Receipts, RelayAddress, SealedBox, Slot};

use crate::{
    Engine,
    engine::Awaited,
    io::DirectAnswer,
    limits,
    rows::{ContactId, ContactRow, Meeting, MessageId, MessageRow, OutId, Progress, Rows},
    view::{Event, OrderView, RelayState},
};

/// What became of a box that was taken in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Taken {
    /// It is in the vault now.
    Stored,
    /// Nothing waits at that slot (any more).
    NotAwaited,
    /// It does not authenticate; nothing changed.
    Forged,
}

impl Engine {
    /// A relay answered a wait with this box.
    ///
    /// # Errors
    /// [`StoreError`]; the step must then be rolled back.
    pub fn box_found(
        &mut self,
        ctx: &mut Ctx<'_>,
        relay: &RelayAddress,
        slot: &Slot,
        boxed: &SealedBox,
    ) -> Result<(), StoreError> {
        self.relay_is(relay, RelayState::Reachable);
        let awaited = self
            .waiting
            .values()
            .flatten()
            .find(|(waiting, _)| waiting == slot)
            .map(|(_, awaited)| *awaited);
        let taken = match awaited {
            None => Taken::NotAwaited,
            Some(Awaited::Box(contact)) => self.take_box(ctx, &contact, slot, boxed)?,
            Some(Awaited::Bundle(contact)) => self.take_bundle(ctx, &contact, boxed)?,
            Some(Awaited::Request(invite, which)) => {
                self.take_request(ctx, &invite, which, boxed)?
            }
        };
        match (taken, awaited) {
            (Taken::Stored, Some(Awaited::Box(contact))) => {
                if let Some(row) = Rows(ctx.store).contact(&contact)? {
                    self.enqueue_drops(ctx, &contact, &row.my_relays, slot)?;
                }
            }
            (Taken::Forged, _) => {
                let until = ctx.now_ms + limits::FORGERY_REST_MS;
                self.forged.insert((*slot, relay.clone()), until);
                self.relay_is(
                    relay,
                    RelayState::Unreachable {
                        reason: "It gave out altered data.".to_owned(),
                    },
                );
                self.tell(Event::Warning {
                    text: "A relay gave out altered data. Nothing was lost: the sender tries \
                           again and by other ways."
                        .to_owned(),
                });
            }
            _ => {}
        }
        self.pump(ctx)
    }

    /// Somebody pushed this box to our own node.
    ///
    /// # Errors
    /// [`StoreError`]; the step must then be rolled back.
    pub fn direct_put(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        slot: &Slot,
        boxed: &SealedBox,
    ) -> Result<DirectAnswer, StoreError> {
        let expected = self
            .windows
            .get(contact)
            .is_some_and(|window| window.contains(slot));
        if !expected {
            return Ok(if self.remembers(slot) {
                DirectAnswer::Same
            } else {
                DirectAnswer::NotServed
            });
        }
        let taken = self.take_box(ctx, contact, slot, boxed)?;
        self.pump(ctx)?;
        Ok(match taken {
            Taken::Stored => DirectAnswer::Stored,
            Taken::NotAwaited | Taken::Forged => DirectAnswer::NotServed,
        })
    }

    fn take_box(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        slot: &Slot,
        boxed: &SealedBox,
    ) -> Result<Taken, StoreError> {
        let Some(mut row) = Rows(ctx.store).contact(contact)? else {
            return Ok(Taken::NotAwaited);
        };
        let Some(conversation) = row.meeting.conversation() else {
            return Ok(Taken::NotAwaited);
        };
        let opened = match hushwing_protocol::open(ctx, &conversation, slot, boxed) {
            Ok(opened) => opened,
            Err(OpenError::Store(error)) => return Err(error),
            Err(OpenError::UnknownSlot) => return Ok(Taken::NotAwaited),
            Err(OpenError::Binding) => {
                self.tell(Event::Warning {
                    text: BINDING.to_owned(),
                });
                self.fail_contact(ctx, contact, row, BINDING.to_owned())?;
                return Ok(Taken::Stored);
            }
            Err(_) => return Ok(Taken::Forged),
        };
        self.heard_from(contact);
        self.remember(slot);
        self.take_happenings(ctx, contact, &mut row, opened)?;
        self.seal_waiting(ctx, contact, &mut row)?;
        Rows(ctx.store).put_contact(contact, &row)?;
        self.refresh_contact(ctx, contact, &row)?;
        Ok(Taken::Stored)
    }

    fn take_happenings(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        row: &mut ContactRow,
        opened: Opened,
    ) -> Result<(), StoreError> {
        if opened.receipt_owed && row.receipt_due_ms.is_none() {
            let due = ctx.now_ms + limits::RECEIPT_DELAY_MS;
            row.receipt_due_ms = Some(due);
            self.receipts_due.insert(*contact, due);
        }
        for happening in opened.happenings {
            match happening {
                Happening::Established { .. } => {
                    if let Some(conversation) = row.meeting.conversation() {
                        row.meeting = Meeting::Established { conversation };
                    }
                    self.requests_answered(ctx, contact)?;
                    Rows(ctx.store).put_contact(contact, row)?;
                    self.tell_contact(ctx, contact, row)?;
                }
                Happening::PeerCommitted { .. } => {}
                Happening::Received(receipts) => self.take_receipts(ctx, contact, &receipts)?,
                Happening::Content {
                    clock,
                    leaf,
                    sent_at_ms,
                    content,
                    ..
                } => {
                    let (text, progress) = match content {
                        Content::Text(text) => (text, Progress::Received),
                        Content::Unknown => (String::new(), unreadable(NEWER)),
                    };
                    let order = Some(OrderView {
                        clock,
                        writer: leaf,
                    });
                    self.add_message(ctx, contact, row, text, order, sent_at_ms, progress)?;
                }
                Happening::Unreadable { why, .. } => {
                    let progress = unreadable(&why.to_string());
                    let now_ms = ctx.now_ms;
                    self.add_message(ctx, contact, row, String::new(), None, now_ms, progress)?;
                }
                Happening::Fork { .. } => self.tell(Event::Warning {
                    text: FORK.to_owned(),
                }),
            }
        }
        Ok(())
    }

    /// Appends a message row and tells of it.
    #[allow(clippy::too_many_arguments)] // The fields of one row, named at each call.
    pub(crate) fn add_message(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        row: &mut ContactRow,
        text: String,
        order: Option<OrderView>,
        sent_at_ms: u64,
        progress: Progress,
    ) -> Result<u64, StoreError> {
        let mut id = [0; 16];
        ctx.rng.fill_bytes(&mut id);
        let position = row.next_position;
        row.next_position += 1;
        let message = MessageRow {
            id: MessageId(id),
            text,
            order,
            sent_at_ms,
            progress,
            since_ms: ctx.now_ms,
        };
        Rows(ctx.store).put_message(contact, position, &message)?;
        self.tell_message(ctx, contact, position)?;
        Ok(position)
    }

    fn take_receipts(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        receipts: &Receipts,
    ) -> Result<(), StoreError> {
        for (number, out) in Rows(ctx.store).boxes_to(contact)? {
            let id = OutId::Box(*contact, number);
            if receipts.contains(number) {
                self.settle_delivered(ctx, &id)?;
            } else if !out.stored_at.is_empty() {
                self.doubt(&id, &out, ctx.now_ms);
            }
        }
        Ok(())
    }
}

fn unreadable(reason: &str) -> Progress {
    Progress::Unreadable {
        reason: reason.to_owned(),
    }
}

const NEWER: &str = "It was sent by a newer version of the program.";

const BINDING: &str = "The answer to your request does not belong to the invite that you used: \
     somebody may stand between you. Nothing was sent. Ask for a new invite by another way.";

const FORK: &str = "A contact's keys and ours have drifted apart. Messages may not be readable on \
     the other side; meet again with a new invite.";
