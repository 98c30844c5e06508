//! Typed access to the tables.

use hushwing_protocol::{
    InviteId,
    store::{Order, Store, StoreError, Table, prefix_end},
};
use hushwing_wire::RelayAddress;
use serde::{Serialize, de::DeserializeOwned};

use super::{ContactId, ContactRow, DropRow, InviteRow, MessageId, MessageRow, OutId, OutRow};
use crate::{
    limits,
    view::{DeliveryPolicy, LedgerEntry, LedgerStep},
};

const CONTACTS: Table = Table(32);
const MESSAGES: Table = Table(33);
const UNSEALED: Table = Table(34);
const OUTBOX: Table = Table(35);
const OUTBOX_BOXES: Table = Table(36);
const DROPS: Table = Table(37);
const RELAYS: Table = Table(38);
const INVITES: Table = Table(39);
/// Messages by their id: id, contact, and whether it is ours.
const BY_ID: Table = Table(40);
const LEDGER: Table = Table(41);
const SETTINGS: Table = Table(42);

/// Rows read in one scan where the number of rows is bounded elsewhere.
const ALL: usize = usize::MAX;
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

    pub(crate) fn contacts(&self) -> Found<Vec<(ContactId, ContactRow)>> {
        self.all(CONTACTS, &[], |key| key.try_into().map(ContactId).ok())
    }

    // Messages.

    pub(crate) fn message(&self, contact: &ContactId, position: u64) -> Found<Option<MessageRow>> {
        self.read(MESSAGES, &in_contact(contact, position))
    }

    pub(crate) fn put_message(
        &self,
        contact: &ContactId,
        position: u64,
        row: &MessageRow,
    ) -> Found<()> {
        self.write(MESSAGES, &in_contact(contact, position), row)
    }

    /// The newest `limit` messages above `after`, oldest first.
    pub(crate) fn messages(
        &self,
        contact: &ContactId,
        after: Option<u64>,
        limit: usize,
    ) -> Found<Vec<(u64, MessageRow)>> {
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
            .map(|(key, value)| Ok((position_of(key)?, decode(value)?)))
            .collect::<Found<Vec<_>>>()?;
        if order == Order::Descending {
            found.reverse();
        }
        Ok(found)
    }

    /// The newest messages, newest first.
    pub(crate) fn newest(
        &self,
        contact: &ContactId,
        limit: usize,
    ) -> Found<Vec<(u64, MessageRow)>> {
        let mut found = self.messages(contact, None, limit)?;
        found.reverse();
        Ok(found)
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
        self.0.get(OUTBOX_BOXES, &id.key())
    }

    pub(crate) fn put_out(&self, id: &OutId, row: &OutRow) -> Found<()> {
        self.write(OUTBOX, &id.key(), row)
    }

    pub(crate) fn put_out_box(&self, id: &OutId, boxed: &[u8]) -> Found<()> {
        self.0.put(OUTBOX_BOXES, &id.key(), boxed)
    }

    pub(crate) fn delete_out(&self, id: &OutId) -> Found<()> {
        self.0.delete(OUTBOX, &id.key())?;
        self.0.delete(OUTBOX_BOXES, &id.key())
    }

    pub(crate) fn outbox(&self) -> Found<Vec<(OutId, OutRow)>> {
        let rows = self.0.scan(OUTBOX, &[], None, Order::Ascending, ALL)?;
        rows.iter()
            .map(|(key, value)| Ok((OutId::from_key(key)?, decode(value)?)))
            .collect()
    }

    /// The boxes to `contact` that are not known to be on its device, in the
    /// order of writing.
    pub(crate) fn boxes_to(&self, contact: &ContactId) -> Found<Vec<(OutId, OutRow)>> {
        self.outbox_of(2, contact)
    }

    /// The boxes to `contact` outside of the lanes.
    pub(crate) fn recoveries_to(&self, contact: &ContactId) -> Found<Vec<(OutId, OutRow)>> {
        self.outbox_of(3, contact)
    }

    fn outbox_of(&self, tag: u8, contact: &ContactId) -> Found<Vec<(OutId, OutRow)>> {
        let prefix = [&[tag], contact.0.as_slice()].concat();
        let to = prefix_end(&prefix);
        let rows = self
            .0
            .scan(OUTBOX, &prefix, to.as_deref(), Order::Ascending, ALL)?;
        rows.iter()
            .map(|(key, value)| Ok((OutId::from_key(key)?, decode(value)?)))
            .collect()
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
        self.0.put(BY_ID, &key, &position.to_be_bytes())
    }

    /// Whether a message of theirs with this id is here already.
    pub(crate) fn has_theirs(&self, id: &MessageId, contact: &ContactId) -> Found<bool> {
        Ok(self.0.get(BY_ID, &by_id(id, contact, false))?.is_some())
    }

    /// Messages whose id begins with `prefix`, at most two: enough to know
    /// whether it names one.
    pub(crate) fn find_messages(&self, prefix: &str) -> Found<Vec<(ContactId, u64)>> {
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
            .map(|(key, value)| {
                let contact = key
                    .get(16..32)
                    .and_then(|bytes| bytes.try_into().ok())
                    .ok_or(StoreError::Damaged("a key"))?;
                Ok((ContactId(contact), position_of(value)?))
            })
            .collect()
    }

    pub(crate) fn ledger(&self, contact: &ContactId, position: u64) -> Found<Vec<LedgerEntry>> {
        let entries: Option<Vec<LedgerEntry>> =
            self.read(LEDGER, &in_contact(contact, position))?;
        Ok(entries.unwrap_or_default())
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

    // Drops, by a running number.

    pub(crate) fn drops(&self) -> Found<Vec<(u64, DropRow)>> {
        self.all(DROPS, &[], |key| {
            key.try_into().map(u64::from_be_bytes).ok()
        })
    }

    pub(crate) fn put_drop(&self, number: u64, row: &DropRow) -> Found<()> {
        self.write(DROPS, &number.to_be_bytes(), row)
    }

    pub(crate) fn delete_drop(&self, number: u64) -> Found<()> {
        self.0.delete(DROPS, &number.to_be_bytes())
    }

    // Own relays.

    pub(crate) fn relays(&self) -> Found<Vec<RelayAddress>> {
        match self.0.get(RELAYS, &[])? {
            None => Ok(Vec::new()),
            Some(bytes) => {
                hushwing_wire::from_bytes(&bytes).map_err(|_| StoreError::Damaged("relays"))
            }
        }
    }

    pub(crate) fn put_relays(&self, relays: &Vec<RelayAddress>) -> Found<()> {
        let bytes = hushwing_wire::to_bytes(relays).map_err(|_| StoreError::Damaged("relays"))?;
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

    pub(crate) fn invites(&self) -> Found<Vec<(InviteId, InviteRow)>> {
        self.all(INVITES, &[], |key| key.try_into().map(InviteId::new).ok())
    }

    // Rows in general.

    fn read<T: DeserializeOwned>(&self, table: Table, key: &[u8]) -> Found<Option<T>> {
        self.0
            .get(table, key)?
            .map(|bytes| decode(&bytes))
            .transpose()
    }

    fn write<T: Serialize>(&self, table: Table, key: &[u8], row: &T) -> Found<()> {
        let mut bytes = Vec::new();
        ciborium::into_writer(row, &mut bytes)
            .map_err(|_| StoreError::Damaged("a row that cannot be encoded"))?;
        self.0.put(table, key, &bytes)
    }

    fn all<K, T: DeserializeOwned>(
        &self,
        table: Table,
        from: &[u8],
        key_of: impl Fn(&[u8]) -> Option<K>,
    ) -> Found<Vec<(K, T)>> {
        let rows = self.0.scan(table, from, None, Order::Ascending, ALL)?;
        rows.iter()
            .map(|(key, value)| {
                let key = key_of(key).ok_or(StoreError::Damaged("a key"))?;
                Ok((key, decode(value)?))
            })
            .collect()
    }
}

fn by_id(id: &MessageId, contact: &ContactId, mine: bool) -> Vec<u8> {
    [id.0.as_slice(), &contact.0, &[u8::from(mine)]].concat()
}

fn in_contact(contact: &ContactId, position: u64) -> Vec<u8> {
    [contact.0.as_slice(), &position.to_be_bytes()].concat()
}

fn position_of(key: &[u8]) -> Found<u64> {
    key.last_chunk::<8>()
        .map(|bytes| u64::from_be_bytes(*bytes))
        .ok_or(StoreError::Damaged("a key"))
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Found<T> {
    ciborium::from_reader(bytes).map_err(|_| StoreError::Damaged("a row"))
}
