//! Boxes that arrive: from a relay that held them, or pushed to our own node.

use hushwing_protocol::{Content, Ctx, Fault, Happening, OpenError, Opened, store::StoreError};
use hushwing_wire::{Receipts, RelayAddress, SealedBox, Slot};

use crate::{
    Engine,
    engine::Awaited,
    io::DirectAnswer,
    limits,
    outbox::generation_of,
    remembered::Came,
    rows::{ContactId, ContactRow, Meeting, MessageId, MessageRow, OutId, Progress, Rows},
    searching::index,
    view::{DeliveredBy, Event, LedgerStep, OrderView, RelayState},
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
    /// It could not be taken in by a fault of this program or machine; nothing
    /// changed.
    Ours,
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
        self.relay_is(relay, RelayState::Reachable, ctx.now_ms);
        let awaited = self
            .waiting
            .values()
            .flatten()
            .find(|(waiting, _)| waiting == slot)
            .map(|(_, awaited)| *awaited);
        let taken = match awaited {
            None => None,
            Some(Awaited::Box(contact)) => self.in_room(ctx, &contact, |engine, ctx| {
                engine.take_from_relay(ctx, &contact, slot, boxed)
            })?,
            Some(Awaited::Bundle(contact)) => self.in_room(ctx, &contact, |engine, ctx| {
                engine.take_bundle(ctx, &contact, boxed)
            })?,
            Some(Awaited::Request(invite, which)) => {
                self.in_invite_room(ctx, &invite, |engine, ctx| {
                    engine.take_request(ctx, &invite, which, boxed)
                })?
            }
        };
        match taken {
            Some(Taken::Stored) => self.remembered.insert(slot, boxed),
            Some(Taken::Forged) => {
                let until = ctx.now_ms + limits::FORGERY_REST_MS;
                self.forged.insert((*slot, relay.clone()), until);
                self.relay_is(
                    relay,
                    RelayState::Unreachable {
                        reason: "It gave out altered data.".to_owned(),
                    },
                    ctx.now_ms,
                );
                self.tell(Event::Warning {
                    text: "A relay gave out altered data. Nothing was lost: the sender tries \
                           again and by other ways."
                        .to_owned(),
                });
            }
            Some(Taken::Ours) => {
                // It stays at the relay; after a while it is tried once more.
                let until = ctx.now_ms + limits::FORGERY_REST_MS;
                self.forged.insert((*slot, relay.clone()), until);
            }
            Some(Taken::NotAwaited) | None => {}
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
        if self.blocked.contains(contact) {
            return Ok(DirectAnswer::NotServed);
        }
        let expected = self
            .windows
            .get(contact)
            .is_some_and(|window| window.contains(slot));
        if !expected {
            return Ok(match self.remembered.came(slot, boxed) {
                Came::This => DirectAnswer::Same,
                // Whoever pushes it has forgotten what they wrote before.
                Came::Another => DirectAnswer::Taken,
                Came::Unknown => DirectAnswer::NotServed,
            });
        }
        let taken = self.in_room(ctx, contact, |engine, ctx| {
            engine.take_box(ctx, contact, slot, boxed)
        })?;
        // Not inside of the room: of a step that was undone nothing may be
        // remembered as stored.
        if taken == Some(Taken::Stored) {
            self.remembered.insert(slot, boxed);
        }
        self.pump(ctx)?;
        Ok(match taken {
            Some(Taken::Stored) => DirectAnswer::Stored,
            Some(Taken::NotAwaited | Taken::Forged | Taken::Ours) | None => DirectAnswer::NotServed,
        })
    }

    /// Takes a box in that a relay gave out; our relays may forget it then.
    fn take_from_relay(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        slot: &Slot,
        boxed: &SealedBox,
    ) -> Result<Taken, StoreError> {
        let taken = self.take_box(ctx, contact, slot, boxed)?;
        if taken == Taken::Stored
            && let Some(row) = Rows(ctx.store).contact(contact)?
        {
            let relays = [row.my_relays, row.old_relays].concat();
            self.enqueue_drops(ctx, contact, &relays, slot)?;
        }
        Ok(taken)
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
            Err(OpenError::Unknown) => return Err(StoreError::Damaged("a conversation")),
            Err(OpenError::Binding) => {
                self.tell(Event::Warning {
                    text: BINDING.to_owned(),
                });
                self.fail_contact(ctx, contact, row, BINDING.to_owned())?;
                return Ok(Taken::Stored);
            }
            Err(error) => {
                return Ok(match error.fault() {
                    Fault::Peer => Taken::Forged,
                    _ => {
                        self.tell(Event::Warning {
                            text: format!(
                                "A message could not be taken in: {error}. It stays where it is \
                                 and is tried again."
                            ),
                        });
                        Taken::Ours
                    }
                });
            }
        };
        self.heard_from(contact);
        self.take_happenings(ctx, contact, &mut row, opened)?;
        Self::note_gaps(ctx, &mut row)?;
        if row.succeeding.is_some() {
            self.go_on_succeeding(ctx, contact, &mut row)?;
        }
        self.tell_routes(ctx, contact, &mut row)?;
        self.seal_unread(ctx, contact, &mut row)?;
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
        let mut unreadable_now = false;
        let mut repaired_now = false;
        let mut answer_refused = false;
        let is_succession = |one: &Happening| matches!(one, Happening::Succeeded { .. });
        let succeeded_now = opened.happenings.iter().any(is_succession);
        let conversation = row.meeting.conversation();
        for happening in opened.happenings {
            match happening {
                Happening::Repaired {
                    peer_generation,
                    peer_received,
                    ..
                } => {
                    self.begin_generation(ctx, contact, row, peer_generation, &peer_received)?;
                    if !succeeded_now {
                        self.tell_new_keys(ctx, contact, row)?;
                    }
                    repaired_now = true;
                    row.answering = opened.answer.is_some();
                    if let Some(answer) = &opened.answer {
                        self.enqueue_recovery(ctx, contact, row, answer)?;
                    }
                    Rows(ctx.store).put_contact(contact, row)?;
                    self.tell_contact(ctx, contact, row)?;
                }
                Happening::Succeeded {
                    whose,
                    before,
                    safety_number,
                } => self.succeeded(ctx, contact, row, whose, &before, &safety_number)?,
                Happening::AskedAgain => self.asked_again(ctx, contact)?,
                Happening::Routes(routes) => self.peer_moved(ctx, contact, row, routes)?,
                Happening::Established { .. } => {
                    if let Some(conversation) = row.meeting.conversation() {
                        row.meeting = Meeting::Established { conversation };
                    }
                    self.requests_answered(ctx, contact)?;
                    Rows(ctx.store).put_contact(contact, row)?;
                    self.tell_contact(ctx, contact, row)?;
                }
                // Only who has the new keys commits with them.
                Happening::PeerCommitted { .. } if row.answering => {
                    row.answering = false;
                    self.clear_recoveries(ctx, contact)?;
                }
                Happening::PeerCommitted { .. } => {}
                Happening::Received(receipts) => {
                    self.routes_acknowledged(ctx, contact, row, &receipts)?;
                    self.take_receipts(ctx, contact, row, &receipts)?;
                }
                Happening::Content {
                    clock,
                    writer,
                    id,
                    sent_at_ms,
                    content,
                    ..
                } => {
                    if let Content::Read(ids) = &content {
                        self.take_read_report(ctx, contact, ids)?;
                        continue;
                    }
                    let id = MessageId(id);
                    if Rows(ctx.store).has_theirs(&id, contact)? {
                        Self::said_again(ctx, contact, &id, OrderView { clock, writer })?;
                        continue;
                    }
                    let (text, progress) = match content {
                        Content::Text(text) => (text, Progress::Received),
                        Content::Unknown | Content::Read(_) => (String::new(), unreadable(NEWER)),
                    };
                    let order = Some(OrderView { clock, writer });
                    let message = MessageRow {
                        id,
                        text,
                        order,
                        sent_at_ms,
                        progress,
                        since_ms: ctx.now_ms,
                        salt: None,
                        said_in: None,
                        unread_there: 0,
                    };
                    self.add_message(ctx, contact, row, &message)?;
                }
                // With keys that do not fit, all that is unread comes again with
                // new ones. From a peer whose new keys give unreadable boxes too,
                // it is shown.
                Happening::Unreadable { why, place, .. } => {
                    let comes_again =
                        row.repair.is_some() || ctx.now_ms >= row.repair_not_before_ms;
                    unreadable_now |= comes_again;
                    if !comes_again {
                        let mut id = [0; 16];
                        ctx.rng.fill_bytes(&mut id);
                        let message = MessageRow {
                            id: MessageId(id),
                            text: String::new(),
                            order: None,
                            sent_at_ms: ctx.now_ms,
                            progress: unreadable(&why.to_string()),
                            since_ms: ctx.now_ms,
                            salt: None,
                            said_in: None,
                            unread_there: 0,
                        };
                        self.add_message(ctx, contact, row, &message)?;
                        row.unread_owed.push((place.epoch, place.index));
                        let over = row
                            .unread_owed
                            .len()
                            .saturating_sub(limits::MAX_UNREAD_OWED);
                        if over > 0 {
                            self.tell(Event::Warning {
                                text: "A contact sends much that cannot be read. It is no longer \
                                       told of each."
                                    .to_owned(),
                            });
                        }
                        row.unread_owed.drain(..over);
                    }
                }
                Happening::UnreadThere(places) => {
                    if let Some(conversation) = &conversation {
                        self.unread_there(ctx, contact, row, conversation, &places)?;
                    }
                }
                // The request's walk goes on with another one at its next turn.
                Happening::AnswerRefused { why } => {
                    answer_refused = row.repair.is_none();
                    self.tell(Event::Warning {
                        text: format!(
                            "New keys that a contact made cannot be used ({why}). Others are \
                             asked for; your messages wait."
                        ),
                    });
                }
                Happening::Fork { .. } | Happening::Lost { .. } => unreadable_now = true,
            }
        }
        if let Some(answer) = opened.answer.filter(|_| !repaired_now) {
            self.answer_again(ctx, contact, row, &answer)?;
        }
        if unreadable_now || answer_refused {
            Rows(ctx.store).put_contact(contact, row)?;
            if answer_refused {
                self.start_repair(ctx, contact)?;
            } else {
                self.need_repair(ctx, contact)?;
            }
            if let Some(changed) = Rows(ctx.store).contact(contact)? {
                *row = changed;
            }
        }
        Ok(())
    }

    /// A message that is here came again. Its place is where its writer has it now: who
    /// came back from an old vault may have sealed it anew.
    fn said_again(
        ctx: &Ctx<'_>,
        contact: &ContactId,
        id: &MessageId,
        order: OrderView,
    ) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        let Some(position) = rows.position_of(id, contact, false)? else {
            return Ok(());
        };
        match rows.message(contact, position) {
            Ok(Some(mut message)) if message.order != Some(order) => {
                message.order = Some(order);
                rows.put_message(contact, position, &message)
            }
            Ok(_) | Err(StoreError::Damaged(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Appends a message row and tells of it.
    pub(crate) fn add_message(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        row: &mut ContactRow,
        message: &MessageRow,
    ) -> Result<u64, StoreError> {
        let position = row.next_position;
        row.next_position += 1;
        let rows = Rows(ctx.store);
        rows.put_message(contact, position, message)?;
        rows.put_id(&message.id, contact, message.is_mine(), position)?;
        index(ctx, contact, position, message)?;
        let step = if message.is_mine() {
            LedgerStep::Written
        } else {
            LedgerStep::Arrived
        };
        rows.note(contact, position, ctx.now_ms, step)?;
        self.tell_message(ctx, contact, position)?;
        if !message.is_mine() {
            Rows(ctx.store).put_unread(contact, position)?;
            self.tell_unread(ctx, contact)?;
        }
        Ok(position)
    }

    fn take_receipts(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        row: &mut ContactRow,
        receipts: &Receipts,
    ) -> Result<(), StoreError> {
        let Some(conversation) = row.meeting.conversation() else {
            return Ok(());
        };
        let now = generation_of(ctx, &conversation)?;
        row.unread_told
            .retain(|((of, number), _)| *of != now || !receipts.contains(*number));
        let soon_ms = ctx.now_ms + limits::REPUT_UNCOVERED_MS;
        for (id, _) in Rows(ctx.store).boxes_to(contact)? {
            match id {
                OutId::Box(_, generation, number)
                    if generation == now && receipts.contains(number) =>
                {
                    self.settle_delivered(ctx, &id, DeliveredBy::Receipt)?;
                }
                _ => self.doubt(&id, soon_ms),
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
