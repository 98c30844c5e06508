//! Typed access to the tables.

use std::collections::BTreeSet;

use hushwing_protocol::{
    InviteId,
    store::{Order, Row, Store, StoreError, Table, guard, guarded, prefix_end},
};
use hushwing_wire::{RelayAddress, limits::BOX_LEN};
use serde::{Serialize, de::DeserializeOwned};

use super::{
    BlockedRow, ContactId, ContactRow, DropRow, InviteRow, MessageId, MessageRow, NameRow, OutId,
    OutRow, RelayCare, RequestRow,
};
use crate::{
    limits,
    view::{DeliveryPolicy, LedgerEntry, LedgerStep, ReadReports},
};

/// One row a contact.
pub const CONTACTS: Table = Table(32);
/// One row a message of any contact.
pub const MESSAGES: Table = Table(33);
const UNSEALED: Table = Table(34);
const OUTBOX: Table = Table(35);
const OUTBOX_BOXES: Table = Table(36);
const DROPS: Table = Table(37);
const RELAYS: Table = Table(38);
/// One row an invite.
pub const INVITES: Table = Table(39);
/// Messages by their id: id, contact, and whether it is ours.
const BY_ID: Table = Table(40);
const LEDGER: Table = Table(41);
const SETTINGS: Table = Table(42);
/// Messages of theirs of which it must be reported that they were read.
const READ_DUE: Table = Table(43);
/// Requests by the invite that they answer.
pub const REQUESTS: Table = Table(44);
/// Blocked contacts.
const BLOCKED: Table = Table(45);
/// Messages of theirs that were deleted, by contact and id: so that they do not come again.
const GONE: Table = Table(46);

/// Messages of theirs that the user has not seen yet, by contact and position.
const UNREAD: Table = Table(47);
/// What the user calls contacts.
const NAMES: Table = Table(48);

/// Rows read in one scan where the number of rows is bounded elsewhere.
const ALL: usize = usize::MAX;

/// Rows that are deleted at a time, so that their number needs no bound.
const PAGE: usize = 1_000;

/// A message by the key of its row: contact, position, and what it is where that can be read.
pub(crate) type KeyedMessage = (Vec<u8>, ContactId, u64, Option<MessageRow>);

/// Typed access to the tables.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a>(pub(crate) &'a dyn Store);

type Found<T> = Result<T, StoreError>;

impl<'a> Rows<'a> {
    // Contacts.

    pub(crate) fn contact(&self, id: &ContactId) -> Found<Option<ContactRow>> {
        self.read(CONTACTS, &id.0)
    }

    pub(crate) fn put_contact(&self, id: &ContactId, row: &ContactRow) -> Found<()> {
        self.write(CONTACTS, &id.0, row)
    }

    /// The contacts whose rows can be read.
    pub(crate) fn contacts(&self) -> Found<Vec<(ContactId, ContactRow)>> {
        let rows = self.all(CONTACTS, |key| key.try_into().map(ContactId).ok())?;
        Ok(readable(rows))
    }

    /// Every contact, also those whose rows are damaged.
    pub(crate) fn contact_ids(&self) -> Found<Vec<ContactId>> {
        let rows = self.0.scan(CONTACTS, &[], None, Order::Ascending, ALL)?;
        let ids = rows
            .iter()
            .filter_map(|(key, _)| key.as_slice().try_into().ok());
        Ok(ids.map(ContactId).collect())
    }

    // Messages.

    /// The message there, if there is one that can be read. What is done with
    /// messages goes on without those that are damaged; people are shown
    /// [`Rows::is_damaged`].
    pub(crate) fn message(&self, contact: &ContactId, position: u64) -> Found<Option<MessageRow>> {
        match self.read(MESSAGES, &in_contact(contact, position)) {
            Err(StoreError::Damaged(_)) => Ok(None),
            found => found,
        }
    }

    /// Whether there is a message whose row cannot be read.
    pub(crate) fn is_damaged(&self, contact: &ContactId, position: u64) -> Found<bool> {
        let key = in_contact(contact, position);
        match self.read::<MessageRow>(MESSAGES, &key) {
            Err(StoreError::Damaged(_)) => Ok(true),
            Err(error) => Err(error),
            Ok(_) => Ok(false),
        }
    }

    pub(crate) fn put_message(
        &self,
        contact: &ContactId,
        position: u64,
        row: &MessageRow,
    ) -> Found<()> {
        self.write(MESSAGES, &in_contact(contact, position), row)
    }

    /// The newest `limit` messages above `after`, oldest first; without a row
    /// where it is damaged.
    pub(crate) fn messages(
        &self,
        contact: &ContactId,
        after: Option<u64>,
        limit: usize,
    ) -> Found<Vec<(u64, Option<MessageRow>)>> {
        let from = after.map_or(0, |position| position.saturating_add(1));
        let from = in_contact(contact, from);
        let to = prefix_end(&contact.0);
        // Paging on reads upwards; without a place, the newest are wanted.
        let order = if after.is_some() {
            Order::Ascending
        } else {
            Order::Descending
        };
        let rows = self.0.scan(MESSAGES, &from, to.as_deref(), order, limit)?;
        let mut found = rows
            .iter()
            .map(|(key, value)| Ok((position_of(key)?, decode(MESSAGES, key, value).ok())))
            .collect::<Found<Vec<_>>>()?;
        if order == Order::Descending {
            found.reverse();
        }
        Ok(found)
    }

    /// The newest `limit` messages below `before`, oldest first; without a row where it is
    /// damaged. `[HW-CHAT-2]`
    pub(crate) fn messages_before(
        &self,
        contact: &ContactId,
        before: u64,
        limit: usize,
    ) -> Found<Vec<(u64, Option<MessageRow>)>> {
        let to = in_contact(contact, before);
        let order = Order::Descending;
        let rows = self.0.scan(MESSAGES, &contact.0, Some(&to), order, limit)?;
        rows.iter()
            .rev()
            .map(|(key, value)| Ok((position_of(key)?, decode(MESSAGES, key, value).ok())))
            .collect()
    }

    /// Up to `limit` messages from `first` on, oldest first.
    pub(crate) fn messages_from(
        &self,
        contact: &ContactId,
        first: u64,
        limit: usize,
    ) -> Found<Vec<(u64, Option<MessageRow>)>> {
        match first.checked_sub(1) {
            Some(before) => self.messages(contact, Some(before), limit),
            None => {
                let to = prefix_end(&contact.0);
                let order = Order::Ascending;
                let rows = self
                    .0
                    .scan(MESSAGES, &contact.0, to.as_deref(), order, limit)?;
                rows.iter()
                    .map(|(key, value)| Ok((position_of(key)?, decode(MESSAGES, key, value).ok())))
                    .collect()
            }
        }
    }

    /// The newest messages that can be read, newest first.
    pub(crate) fn newest(
        &self,
        contact: &ContactId,
        limit: usize,
    ) -> Found<Vec<(u64, MessageRow)>> {
        let found = self.messages(contact, None, limit)?;
        let readable = found.into_iter().rev();
        Ok(readable
            .filter_map(|(position, row)| row.map(|row| (position, row)))
            .collect())
    }

    /// The greatest Lamport time of a message that can be read.
    pub(crate) fn newest_clock(&self, contact: &ContactId) -> Found<u64> {
        let orders = self.newest(contact, ALL)?;
        let clocks = orders.iter().filter_map(|(_, row)| row.order);
        Ok(clocks.map(|order| order.clock).max().unwrap_or(0))
    }

    /// The first position after all messages.
    pub(crate) fn next_position(&self, contact: &ContactId) -> Found<u64> {
        let last = self.messages(contact, None, 1)?;
        Ok(last.last().map_or(0, |(position, _)| position + 1))
    }

    // Messages by the keys of their rows, as the index of texts has them.

    pub(crate) fn key_of_message(contact: &ContactId, position: u64) -> Vec<u8> {
        in_contact(contact, position)
    }

    /// The message of this key, if there is one that can be read.
    pub(crate) fn found_message(&self, key: &[u8]) -> Found<Option<(ContactId, u64, MessageRow)>> {
        let Some(contact) = key.first_chunk().copied().map(ContactId) else {
            return Ok(None);
        };
        let position = position_of(key)?;
        let row = self.message(&contact, position)?;
        Ok(row.map(|row| (contact, position, row)))
    }

    /// Up to `limit` messages of all contacts from this key on; without a row where it is
    /// damaged.
    pub(crate) fn messages_by_key(&self, from: &[u8], limit: usize) -> Found<Vec<KeyedMessage>> {
        let rows = self
            .0
            .scan(MESSAGES, from, None, Order::Ascending, limit)?
            .into_iter();
        rows.map(|(key, value)| {
            let contact = key.first_chunk().copied().map(ContactId);
            let contact = contact.ok_or(StoreError::Damaged("a key"))?;
            let position = position_of(&key)?;
            let row = decode(MESSAGES, &key, &value).ok();
            Ok((key, contact, position, row))
        })
        .collect()
    }

    // Own messages that are not sealed yet, in the order of writing.

    pub(crate) fn unsealed(&self, contact: &ContactId, limit: usize) -> Found<Vec<u64>> {
        let to = prefix_end(&contact.0);
        let rows = self
            .0
            .scan(UNSEALED, &contact.0, to.as_deref(), Order::Ascending, limit)?;
        rows.iter().map(|(key, _)| position_of(key)).collect()
    }

    pub(crate) fn put_unsealed(&self, contact: &ContactId, position: u64) -> Found<()> {
        self.0.put(UNSEALED, &in_contact(contact, position), &[])
    }

    pub(crate) fn delete_unsealed(&self, contact: &ContactId, position: u64) -> Found<()> {
        self.0.delete(UNSEALED, &in_contact(contact, position))
    }

    // Outbox.

    pub(crate) fn out(&self, id: &OutId) -> Found<Option<OutRow>> {
        self.read(OUTBOX, &id.key())
    }

    pub(crate) fn out_box(&self, id: &OutId) -> Found<Option<Vec<u8>>> {
        let key = id.key();
        let Some(mut row) = self.0.get(OUTBOX_BOXES, &key)? else {
            return Ok(None);
        };
        let len = guarded(OUTBOX_BOXES, &key, &row, "a box to send")?.len();
        row.truncate(len);
        Ok(Some(row))
    }

    /// The same for what people are shown: nothing where it is damaged, which the
    /// next step that needs it mends.
    pub(crate) fn readable_out(&self, id: &OutId) -> Found<Option<OutRow>> {
        match self.out(id) {
            Err(StoreError::Damaged(_)) => Ok(None),
            found => found,
        }
    }

    pub(crate) fn put_out(&self, id: &OutId, row: &OutRow) -> Found<()> {
        self.write(OUTBOX, &id.key(), row)
    }

    pub(crate) fn put_out_box(&self, id: &OutId, boxed: &[u8]) -> Found<()> {
        let key = id.key();
        let mut row = boxed.to_vec();
        guard(OUTBOX_BOXES, &key, &mut row);
        self.0.put(OUTBOX_BOXES, &key, &row)
    }

    pub(crate) fn delete_out(&self, id: &OutId) -> Found<()> {
        self.0.delete(OUTBOX, &id.key())?;
        self.0.delete(OUTBOX_BOXES, &id.key())
    }

    /// The outbox as far as it can be read.
    pub(crate) fn outbox(&self) -> Found<Vec<(OutId, OutRow)>> {
        Ok(readable(self.all(OUTBOX, |key| OutId::from_key(key).ok())?))
    }

    /// The boxes to `contact` that are not known to be on its device, in the
    /// order of writing.
    pub(crate) fn boxes_to(&self, contact: &ContactId) -> Found<Vec<(OutId, OutRow)>> {
        self.outbox_below(OutId::BOXES, contact)
    }

    /// The boxes to `contact` outside of the lanes.
    pub(crate) fn recoveries_to(&self, contact: &ContactId) -> Found<Vec<(OutId, OutRow)>> {
        self.outbox_below(OutId::RECOVERIES, contact)
    }

    /// All that must be put for `contact`.
    pub(crate) fn outbox_of(&self, contact: &ContactId) -> Found<Vec<(OutId, OutRow)>> {
        let mut found = Vec::new();
        for tag in OutId::OF_CONTACTS {
            found.append(&mut self.outbox_below(tag, contact)?);
        }
        Ok(found)
    }

    fn outbox_below(&self, tag: u8, contact: &ContactId) -> Found<Vec<(OutId, OutRow)>> {
        self.outbox_rows(tag, contact)?
            .iter()
            .map(|(key, value)| Ok((OutId::from_key(key)?, decode(OUTBOX, key, value)?)))
            .collect()
    }

    fn outbox_rows(&self, tag: u8, contact: &ContactId) -> Found<Vec<Row>> {
        let prefix = [&[tag], contact.0.as_slice()].concat();
        let to = prefix_end(&prefix);
        self.0
            .scan(OUTBOX, &prefix, to.as_deref(), Order::Ascending, ALL)
    }

    /// Deletes what must be put for `contact` and is damaged, row or box; gives
    /// what that was.
    pub(crate) fn sweep_outbox(&self, contact: &ContactId) -> Found<Vec<OutId>> {
        let mut swept = Vec::new();
        for tag in OutId::OF_CONTACTS {
            for (key, value) in self.outbox_rows(tag, contact)? {
                let Ok(id) = OutId::from_key(&key) else {
                    self.0.delete(OUTBOX, &key)?;
                    continue;
                };
                let row: Found<OutRow> = decode(OUTBOX, &key, &value);
                let is_whole = match self.out_box(&id) {
                    Ok(boxed) => row.is_ok() && boxed.is_some_and(|boxed| boxed.len() == BOX_LEN),
                    Err(StoreError::Damaged(_)) => false,
                    Err(error) => return Err(error),
                };
                if !is_whole {
                    self.delete_out(&id)?;
                    swept.push(id);
                }
            }
        }
        Ok(swept)
    }

    /// The first number after all boxes outside of the lanes.
    pub(crate) fn next_recovery(&self, contact: &ContactId) -> Found<u32> {
        let last = self.recoveries_to(contact)?.pop();
        Ok(match last {
            Some((OutId::Recovery(_, number), _)) => number.saturating_add(1),
            _ => 0,
        })
    }

    // Messages by id, and what happened to them.

    pub(crate) fn put_id(
        &self,
        id: &MessageId,
        contact: &ContactId,
        mine: bool,
        position: u64,
    ) -> Found<()> {
        let key = by_id(id, contact, mine);
        let mut row = position.to_be_bytes().to_vec();
        guard(BY_ID, &key, &mut row);
        self.0.put(BY_ID, &key, &row)
    }

    /// The position of the message with this id, if there is one.
    pub(crate) fn position_of(
        &self,
        id: &MessageId,
        contact: &ContactId,
        mine: bool,
    ) -> Found<Option<u64>> {
        let key = by_id(id, contact, mine);
        match self.0.get(BY_ID, &key)? {
            Some(row) => self.indexed(&key, &row),
            None => Ok(None),
        }
    }

    /// The position in a row of the index; a damaged one is looked for.
    fn indexed(&self, key: &[u8], row: &[u8]) -> Found<Option<u64>> {
        if let Ok(value) = guarded(BY_ID, key, row, "an index") {
            return position_of(value).map(Some);
        }
        let Some((id, contact)) = id_and_contact(key) else {
            return Ok(None);
        };
        let all = self.newest(&contact, ALL)?;
        let found = all.iter().find(|(_, row)| row.id == id);
        Ok(found.map(|(position, _)| *position))
    }

    /// The id of the message there and whether it is ours, by the index alone:
    /// for messages that are damaged.
    pub(crate) fn id_at(
        &self,
        contact: &ContactId,
        position: u64,
    ) -> Found<Option<(MessageId, bool)>> {
        let rows = self.0.scan(BY_ID, &[], None, Order::Ascending, ALL)?;
        let found = rows.iter().find_map(|(key, row)| {
            let value = guarded(BY_ID, key, row, "an index").ok()?;
            let (id, of) = id_and_contact(key)?;
            let is_this = of == *contact && position_of(value).ok()? == position;
            is_this.then(|| (id, key.last() == Some(&1)))
        });
        Ok(found)
    }

    /// Whether a message of theirs with this id is here already.
    pub(crate) fn has_theirs(&self, id: &MessageId, contact: &ContactId) -> Found<bool> {
        Ok(self.0.get(BY_ID, &by_id(id, contact, false))?.is_some()
            || self.0.get(GONE, &in_gone(contact, id))?.is_some())
    }

    // Deleting.

    /// Deletes a message and what belongs to it. Of one of theirs the id stays, so that it
    /// does not come again.
    pub(crate) fn delete_message(
        &self,
        contact: &ContactId,
        position: u64,
        id: &MessageId,
        mine: bool,
    ) -> Found<()> {
        let key = in_contact(contact, position);
        for table in OF_MESSAGES {
            self.0.delete(table, &key)?;
        }
        self.0.unindex(&key)?;
        self.0.delete(BY_ID, &by_id(id, contact, mine))?;
        if mine {
            return Ok(());
        }
        self.0.put(GONE, &in_gone(contact, id), &[])
    }

    /// Deletes all messages with a contact, also those that are damaged.
    pub(crate) fn delete_history(&self, contact: &ContactId) -> Found<()> {
        let to = prefix_end(&contact.0);
        let mut from = contact.0.to_vec();
        loop {
            let page = self
                .0
                .scan(MESSAGES, &from, to.as_deref(), Order::Ascending, PAGE)?;
            let Some((last, _)) = page.last() else {
                break;
            };
            for (key, _) in &page {
                self.0.unindex(key)?;
            }
            from = [last.as_slice(), &[0]].concat();
        }
        for table in OF_MESSAGES {
            self.delete_below(table, &contact.0)?;
        }
        let mut from = Vec::new();
        loop {
            let page = self.0.scan(BY_ID, &from, None, Order::Ascending, PAGE)?;
            for (key, _) in &page {
                let Some((id, of)) = id_and_contact(key) else {
                    continue;
                };
                if of == *contact {
                    self.0.delete(BY_ID, key)?;
                    if key.last() != Some(&1) {
                        self.0.put(GONE, &in_gone(contact, &id), &[])?;
                    }
                }
            }
            let Some((last, _)) = page.last() else {
                return Ok(());
            };
            from.clone_from(last);
            from.push(0);
        }
    }

    /// Deletes what is left of a contact without messages.
    pub(crate) fn delete_contact(&self, contact: &ContactId) -> Found<()> {
        for tag in OutId::OF_CONTACTS {
            let prefix = [&[tag], contact.0.as_slice()].concat();
            self.delete_below(OUTBOX, &prefix)?;
            self.delete_below(OUTBOX_BOXES, &prefix)?;
        }
        self.delete_below(GONE, &contact.0)?;
        self.0.delete(BLOCKED, &contact.0)?;
        self.0.delete(NAMES, &contact.0)?;
        self.0.delete(CONTACTS, &contact.0)
    }

    fn delete_below(&self, table: Table, prefix: &[u8]) -> Found<()> {
        let to = prefix_end(prefix);
        loop {
            let page = self
                .0
                .scan(table, prefix, to.as_deref(), Order::Ascending, PAGE)?;
            if page.is_empty() {
                return Ok(());
            }
            for (key, _) in page {
                self.0.delete(table, &key)?;
            }
        }
    }

    /// Whether traces of what was deleted may be in the vault's files; a damaged row says so.
    pub(crate) fn must_clear(&self) -> Found<bool> {
        Ok(self.0.get(SETTINGS, MUST_CLEAR)?.is_some())
    }

    pub(crate) fn put_must_clear(&self) -> Found<()> {
        self.0.put(SETTINGS, MUST_CLEAR, &[])
    }

    pub(crate) fn forget_must_clear(&self) -> Found<()> {
        self.0.delete(SETTINGS, MUST_CLEAR)
    }

    /// Messages whose id begins with `prefix`, at most two: enough to know
    /// whether it names one.
    pub(crate) fn find_messages(&self, prefix: &str) -> Found<Vec<(ContactId, u64)>> {
        // What is no hexadecimal digit names nothing; a character of several
        // bytes could not even be cut in two.
        if !prefix.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Ok(Vec::new());
        }
        let whole = &prefix[..prefix.len() / 2 * 2];
        let Ok(from) = data_encoding::HEXLOWER.decode(whole.as_bytes()) else {
            return Ok(Vec::new());
        };
        let to = prefix_end(&from);
        let rows = self
            .0
            .scan(BY_ID, &from, to.as_deref(), Order::Ascending, ALL)?;
        rows.iter()
            .filter(|(key, _)| data_encoding::HEXLOWER.encode(key).starts_with(prefix))
            .take(2)
            .filter_map(|(key, value)| {
                let (_, contact) = id_and_contact(key)?;
                let position = self.indexed(key, value).transpose()?;
                Some(position.map(|position| (contact, position)))
            })
            .collect()
    }

    pub(crate) fn ledger(&self, contact: &ContactId, position: u64) -> Found<Vec<LedgerEntry>> {
        match self.read::<Vec<LedgerEntry>>(LEDGER, &in_contact(contact, position)) {
            Err(StoreError::Damaged(_)) => Ok(vec![LedgerEntry {
                at_ms: 0,
                step: LedgerStep::Damaged,
            }]),
            found => Ok(found?.unwrap_or_default()),
        }
    }

    /// Appends to a message's history. A long one keeps its beginning and its end.
    pub(crate) fn note(
        &self,
        contact: &ContactId,
        position: u64,
        at_ms: u64,
        step: LedgerStep,
    ) -> Found<()> {
        let mut entries = self.ledger(contact, position)?;
        if entries.len() >= limits::MAX_LEDGER {
            entries.remove(limits::MAX_LEDGER / 2);
        }
        entries.push(LedgerEntry { at_ms, step });
        self.write(LEDGER, &in_contact(contact, position), &entries)
    }

    // Settings.

    pub(crate) fn delivery(&self) -> Found<DeliveryPolicy> {
        Ok(self.read(SETTINGS, b"delivery")?.unwrap_or_default())
    }

    pub(crate) fn put_delivery(&self, policy: DeliveryPolicy) -> Found<()> {
        self.write(SETTINGS, b"delivery", &policy)
    }

    /// Whether read reports are on; a damaged setting is off, which tells nobody
    /// anything.
    pub(crate) fn read_reports(&self) -> Found<ReadReports> {
        match self.read(SETTINGS, b"read_reports") {
            Err(StoreError::Damaged(_)) => Ok(ReadReports::Off),
            found => Ok(found?.unwrap_or_default()),
        }
    }

    pub(crate) fn put_read_reports(&self, setting: ReadReports) -> Found<()> {
        self.write(SETTINGS, b"read_reports", &setting)
    }

    /// What is remembered about the own relays; damaged, it is learnt anew.
    pub(crate) fn relay_care(&self) -> Found<RelayCare> {
        match self.read(SETTINGS, b"relay_care") {
            Err(StoreError::Damaged(_)) => Ok(RelayCare::default()),
            found => Ok(found?.unwrap_or_default()),
        }
    }

    pub(crate) fn put_relay_care(&self, care: &RelayCare) -> Found<()> {
        self.write(SETTINGS, b"relay_care", care)
    }

    /// How many own relays contacts are told at once; damaged, as if never set.
    pub(crate) fn relays_told(&self) -> Found<Option<usize>> {
        match self.read(SETTINGS, b"relays_told") {
            Err(StoreError::Damaged(_)) => Ok(None),
            found => found,
        }
    }

    /// After how many minutes without a command the vault is locked, 0 for never; damaged, it
    /// is soon, since the user may have wanted it.
    pub(crate) fn lock_after_minutes(&self) -> Found<u32> {
        match self.read(SETTINGS, b"lock_after") {
            Err(StoreError::Damaged(_)) => Ok(limits::LOCK_AFTER_DAMAGED_MINUTES),
            found => Ok(found?.unwrap_or_default()),
        }
    }

    pub(crate) fn put_lock_after_minutes(&self, minutes: u32) -> Found<()> {
        self.write(SETTINGS, b"lock_after", &minutes)
    }

    pub(crate) fn put_relays_told(&self, told: usize) -> Found<()> {
        self.write(SETTINGS, b"relays_told", &told)
    }

    // Messages of theirs whose reading is to be reported. The keys say all.

    pub(crate) fn reads_due(&self, contact: &ContactId, limit: usize) -> Found<Vec<u64>> {
        let to = prefix_end(&contact.0);
        let rows = self
            .0
            .scan(READ_DUE, &contact.0, to.as_deref(), Order::Ascending, limit)?;
        rows.iter().map(|(key, _)| position_of(key)).collect()
    }

    pub(crate) fn put_read_due(&self, contact: &ContactId, position: u64) -> Found<()> {
        self.0.put(READ_DUE, &in_contact(contact, position), &[])
    }

    pub(crate) fn delete_read_due(&self, contact: &ContactId, position: u64) -> Found<()> {
        self.0.delete(READ_DUE, &in_contact(contact, position))
    }

    // Messages of theirs that the user has not seen. The keys say all.

    /// The oldest positions of unread messages, at most `limit`.
    pub(crate) fn unread(&self, contact: &ContactId, limit: usize) -> Found<Vec<u64>> {
        let to = prefix_end(&contact.0);
        let rows = self
            .0
            .scan(UNREAD, &contact.0, to.as_deref(), Order::Ascending, limit)?;
        rows.iter().map(|(key, _)| position_of(key)).collect()
    }

    pub(crate) fn put_unread(&self, contact: &ContactId, position: u64) -> Found<()> {
        self.0.put(UNREAD, &in_contact(contact, position), &[])
    }

    /// Takes the mark from the messages between two positions, both included; says
    /// whether there was one.
    pub(crate) fn delete_unread(&self, contact: &ContactId, from: u64, up_to: u64) -> Found<bool> {
        let first = in_contact(contact, from);
        let to = match up_to.checked_add(1) {
            Some(after) => Some(in_contact(contact, after)),
            None => prefix_end(&contact.0),
        };
        if from > up_to {
            return Ok(false);
        }
        let rows = self
            .0
            .scan(UNREAD, &first, to.as_deref(), Order::Ascending, ALL)?;
        for (key, _) in &rows {
            self.0.delete(UNREAD, key)?;
        }
        Ok(!rows.is_empty())
    }

    // Drops, by a running number.

    /// All drops; without a row where it is damaged.
    pub(crate) fn drops(&self) -> Found<Vec<(u64, Option<DropRow>)>> {
        self.all(DROPS, |key| key.try_into().map(u64::from_be_bytes).ok())
    }

    pub(crate) fn drop_row(&self, number: u64) -> Found<Option<DropRow>> {
        match self.read(DROPS, &number.to_be_bytes()) {
            Err(StoreError::Damaged(_)) => Ok(None),
            found => found,
        }
    }

    pub(crate) fn put_drop(&self, number: u64, row: &DropRow) -> Found<()> {
        self.write(DROPS, &number.to_be_bytes(), row)
    }

    pub(crate) fn delete_drop(&self, number: u64) -> Found<()> {
        self.0.delete(DROPS, &number.to_be_bytes())
    }

    // Own relays.

    pub(crate) fn relays(&self) -> Found<Vec<RelayAddress>> {
        const WHAT: &str = "the list of your relays";
        match self.0.get(RELAYS, &[])? {
            None => Ok(Vec::new()),
            Some(bytes) => {
                let bytes = guarded(RELAYS, &[], &bytes, WHAT)?;
                hushwing_wire::from_bytes(bytes).map_err(|_| StoreError::Damaged(WHAT))
            }
        }
    }

    pub(crate) fn put_relays(&self, relays: &Vec<RelayAddress>) -> Found<()> {
        let mut bytes =
            hushwing_wire::to_bytes(relays).map_err(|_| StoreError::Damaged("relays to write"))?;
        guard(RELAYS, &[], &mut bytes);
        self.0.put(RELAYS, &[], &bytes)
    }

    // Invites.

    pub(crate) fn invite(&self, id: &InviteId) -> Found<Option<InviteRow>> {
        self.read(INVITES, id.as_bytes())
    }

    pub(crate) fn put_invite(&self, id: &InviteId, row: &InviteRow) -> Found<()> {
        self.write(INVITES, id.as_bytes(), row)
    }

    pub(crate) fn delete_invite(&self, id: &InviteId) -> Found<()> {
        self.0.delete(INVITES, id.as_bytes())
    }

    /// All invites; without a row where it is damaged.
    pub(crate) fn invites(&self) -> Found<Vec<(InviteId, Option<InviteRow>)>> {
        self.all(INVITES, |key| key.try_into().map(InviteId::new).ok())
    }

    // Requests, by the invite that they answer.

    pub(crate) fn request(&self, invite: &InviteId) -> Found<Option<RequestRow>> {
        self.read(REQUESTS, invite.as_bytes())
    }

    pub(crate) fn put_request(&self, invite: &InviteId, row: &RequestRow) -> Found<()> {
        self.write(REQUESTS, invite.as_bytes(), row)
    }

    pub(crate) fn delete_request(&self, invite: &InviteId) -> Found<()> {
        self.0.delete(REQUESTS, invite.as_bytes())
    }

    /// The requests that can be read. Where one is damaged its invite is.
    pub(crate) fn requests(&self) -> Found<Vec<(InviteId, RequestRow)>> {
        let rows = self.all(REQUESTS, |key| key.try_into().map(InviteId::new).ok())?;
        Ok(readable(rows))
    }

    // Blocked contacts.

    /// Whether and since when a contact is blocked; a damaged row blocks.
    pub(crate) fn blocked(&self, contact: &ContactId) -> Found<Option<BlockedRow>> {
        match self.read(BLOCKED, &contact.0) {
            Err(StoreError::Damaged(_)) => Ok(Some(BlockedRow { since_ms: 0 })),
            found => found,
        }
    }

    /// All that are blocked, also where the row is damaged.
    pub(crate) fn blocked_ids(&self) -> Found<BTreeSet<ContactId>> {
        let rows = self.0.scan(BLOCKED, &[], None, Order::Ascending, ALL)?;
        let ids = rows
            .iter()
            .filter_map(|(key, _)| key.as_slice().try_into().ok());
        Ok(ids.map(ContactId).collect())
    }

    pub(crate) fn put_blocked(&self, contact: &ContactId, row: BlockedRow) -> Found<()> {
        self.write(BLOCKED, &contact.0, &row)
    }

    pub(crate) fn delete_blocked(&self, contact: &ContactId) -> Found<()> {
        self.0.delete(BLOCKED, &contact.0)
    }

    // Names that the user gave.

    /// What the user calls a contact; nothing where the row is damaged, so that the
    /// contact's own name is shown.
    pub(crate) fn name(&self, contact: &ContactId) -> Found<Option<NameRow>> {
        match self.read(NAMES, &contact.0) {
            Err(StoreError::Damaged(_)) => Ok(None),
            found => found,
        }
    }

    pub(crate) fn put_name(&self, contact: &ContactId, row: &NameRow) -> Found<()> {
        self.write(NAMES, &contact.0, row)
    }

    pub(crate) fn delete_name(&self, contact: &ContactId) -> Found<()> {
        self.0.delete(NAMES, &contact.0)
    }

    // Rows in general.

    fn read<T: DeserializeOwned>(&self, table: Table, key: &[u8]) -> Found<Option<T>> {
        self.0
            .get(table, key)?
            .map(|bytes| decode(table, key, &bytes))
            .transpose()
    }

    fn write<T: Serialize>(&self, table: Table, key: &[u8], row: &T) -> Found<()> {
        let mut bytes = Vec::new();
        cbor4ii::serde::to_writer(&mut bytes, row)
            .map_err(|_| StoreError::Damaged("a row that cannot be encoded"))?;
        guard(table, key, &mut bytes);
        self.0.put(table, key, &bytes)
    }

    /// All rows of a table with their keys; nothing instead of a damaged row. A
    /// key that is none of ours names nothing and is passed over.
    fn all<K, T: DeserializeOwned>(
        &self,
        table: Table,
        key_of: impl Fn(&[u8]) -> Option<K>,
    ) -> Found<Vec<(K, Option<T>)>> {
        let rows = self.0.scan(table, &[], None, Order::Ascending, ALL)?;
        let rows = rows
            .iter()
            .filter_map(|(key, value)| Some((key_of(key)?, decode(table, key, value).ok())));
        Ok(rows.collect())
    }
}

fn readable<K, T>(rows: Vec<(K, Option<T>)>) -> Vec<(K, T)> {
    rows.into_iter()
        .filter_map(|(key, row)| row.map(|row| (key, row)))
        .collect()
}

fn id_and_contact(key: &[u8]) -> Option<(MessageId, ContactId)> {
    let (id, rest) = key.split_first_chunk()?;
    let (contact, _) = rest.split_first_chunk()?;
    Some((MessageId(*id), ContactId(*contact)))
}

fn by_id(id: &MessageId, contact: &ContactId, mine: bool) -> Vec<u8> {
    [id.0.as_slice(), &contact.0, &[u8::from(mine)]].concat()
}

/// The tables whose rows belong to one message, by contact and position.
const OF_MESSAGES: [Table; 5] = [MESSAGES, UNSEALED, LEDGER, READ_DUE, UNREAD];

const MUST_CLEAR: &[u8] = b"must_clear";

fn in_gone(contact: &ContactId, id: &MessageId) -> Vec<u8> {
    [contact.0, id.0].concat()
}

fn in_contact(contact: &ContactId, position: u64) -> Vec<u8> {
    [contact.0.as_slice(), &position.to_be_bytes()].concat()
}

fn position_of(key: &[u8]) -> Found<u64> {
    key.last_chunk::<8>()
        .map(|bytes| u64::from_be_bytes(*bytes))
        .ok_or(StoreError::Damaged("a key"))
}

fn decode<T: DeserializeOwned>(table: Table, key: &[u8], row: &[u8]) -> Found<T> {
    let bytes = guarded(table, key, row, "a row")?;
    cbor4ii::serde::from_slice(bytes).map_err(|_| StoreError::Damaged("a row"))
}
