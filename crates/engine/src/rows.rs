//! The engine's tables: what each row holds and how its key is made.
//!
//! Values are CBOR; keys are fixed-width and big-endian, so their order is the
//! order of time or number.

use hushwing_protocol::{
    ConversationId, InviteId, SALT_LEN,
    store::{Order, Store, StoreError, Table, prefix_end},
};
use hushwing_wire::{RelayAddress, Routes, Slot};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    limits,
    view::{DeliveryPolicy, InviteState, LedgerEntry, LedgerStep, OrderView},
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

/// A contact here: 16 random bytes, told to nobody.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct ContactId(pub [u8; 16]);

/// A message here: 16 random bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct MessageId(pub [u8; 16]);

/// How far the meeting with a contact is.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Meeting {
    /// We hold a link and wait for its bundle.
    Fetching {
        /// The link's text.
        link: String,
        /// Seeds of this contact's own onion service and link key.
        onion_seed: [u8; 32],
        tls_seed: [u8; 32],
        my_name: String,
    },
    /// Our request is out.
    Requested {
        conversation: ConversationId,
        /// Where the request goes: the invite's relays.
        #[serde(with = "tls")]
        request_relays: Vec<RelayAddress>,
        stored: bool,
        /// When nobody takes the request any more.
        over_at_ms: u64,
    },
    /// Both sides are bound.
    Established { conversation: ConversationId },
    /// It came to nothing.
    Failed {
        reason: String,
        /// Where the inviter is told that the link was used twice, if it was.
        #[serde(with = "tls")]
        request_relays: Vec<RelayAddress>,
    },
}

impl Meeting {
    /// The MLS conversation, once there is one.
    pub(crate) fn conversation(&self) -> Option<ConversationId> {
        match self {
            Self::Requested { conversation, .. } | Self::Established { conversation } => {
                Some(*conversation)
            }
            Self::Fetching { .. } | Self::Failed { .. } => None,
        }
    }
}

/// A contact.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct ContactRow {
    pub(crate) name: String,
    pub(crate) meeting: Meeting,
    /// Our relays as this contact knows them: where their boxes wait for us.
    #[serde(with = "tls")]
    pub(crate) my_relays: Vec<RelayAddress>,
    /// Their routes as they stated them.
    #[serde(with = "tls")]
    pub(crate) peer_routes: Routes,
    /// When a receipt must leave in a box of its own, if nothing takes it along.
    pub(crate) receipt_due_ms: Option<u64>,
    /// Position of the next message row.
    pub(crate) next_position: u64,
    /// Relays at which we still wait, until this contact knows that they are over.
    #[serde(with = "tls")]
    pub(crate) old_relays: Vec<RelayAddress>,
    /// Generation and number of the box that told our routes, until it is
    /// acknowledged.
    pub(crate) told_in: Option<(u32, u64)>,
    /// Our routes must be told again, whatever was told.
    pub(crate) routes_due: bool,
    /// When our routes are offered outside of the lanes, should they not be
    /// acknowledged by then.
    pub(crate) offer_at_ms: Option<u64>,
    /// When what is missing is asked for.
    pub(crate) ask_at_ms: Option<u64>,
    /// New keys are being asked for.
    pub(crate) repair: Option<RepairRow>,
    /// No new keys are asked for by themselves before this.
    pub(crate) repair_not_before_ms: u64,
    /// The peer's request for new keys was answered and nothing came with them yet.
    pub(crate) answering: bool,
    /// Number of the next box outside of the lanes.
    pub(crate) recovery_next: u32,
}

/// New keys are being asked for.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct RepairRow {
    pub(crate) since_ms: u64,
    /// When the request goes to the next place.
    pub(crate) next_ms: u64,
    pub(crate) tries: u32,
}

impl ContactRow {
    /// A contact whose meeting has just begun.
    pub(crate) fn new(name: String, meeting: Meeting, my_relays: Vec<RelayAddress>) -> Self {
        Self {
            name,
            meeting,
            my_relays,
            peer_routes: Routes::default(),
            receipt_due_ms: None,
            next_position: 0,
            old_relays: Vec::new(),
            told_in: None,
            routes_due: false,
            offer_at_ms: None,
            ask_at_ms: None,
            repair: None,
            repair_not_before_ms: 0,
            answering: false,
            recovery_next: 0,
        }
    }
}

/// Where a message is, as far as a crash must not forget it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) enum Progress {
    /// Ours, not sealed yet.
    Unsealed,
    /// Ours, sealed as this box.
    Sealed { generation: u32, number: u64 },
    /// Ours, on their device.
    Delivered,
    /// Ours, will not arrive.
    Failed { reason: String },
    /// Theirs.
    Received,
    /// Theirs, not readable.
    Unreadable { reason: String },
}

/// A message.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct MessageRow {
    pub(crate) id: MessageId,
    pub(crate) text: String,
    pub(crate) order: Option<OrderView>,
    pub(crate) sent_at_ms: u64,
    pub(crate) progress: Progress,
    pub(crate) since_ms: u64,
    /// Ours: what makes it this message and no other.
    pub(crate) salt: Option<[u8; SALT_LEN]>,
    /// Ours: generation and number of the box that carried it last.
    pub(crate) said_in: Option<(u32, u64)>,
}

impl MessageRow {
    /// Whether this user wrote it.
    pub(crate) fn is_mine(&self) -> bool {
        self.salt.is_some()
    }
}

/// One thing that must be put somewhere.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum OutId {
    /// The bundle of an invite.
    Bundle(InviteId),
    /// The request to an inviter; 1 is put only when 0 was taken.
    Request(ContactId, u8),
    /// The box with this number in this generation of the keys with a contact.
    Box(ContactId, u32, u64),
    /// A box outside of the lanes: a request for new keys, its answer, routes.
    Recovery(ContactId, u32),
}

impl OutId {
    /// Who it belongs to: for isolation and for the bound of what is on its way.
    pub(crate) fn owner(&self) -> Owner {
        match self {
            Self::Bundle(invite) => Owner::Invite(*invite),
            Self::Request(contact, _) | Self::Box(contact, ..) | Self::Recovery(contact, _) => {
                Owner::Contact(*contact)
            }
        }
    }

    fn key(&self) -> Vec<u8> {
        match self {
            Self::Bundle(invite) => [&[0], invite.as_bytes().as_slice()].concat(),
            Self::Request(contact, which) => [&[1], contact.0.as_slice(), &[*which]].concat(),
            Self::Box(contact, generation, number) => [
                &[2],
                contact.0.as_slice(),
                &generation.to_be_bytes(),
                &number.to_be_bytes(),
            ]
            .concat(),
            Self::Recovery(contact, number) => {
                [&[3], contact.0.as_slice(), &number.to_be_bytes()].concat()
            }
        }
    }

    fn from_key(key: &[u8]) -> Result<Self, StoreError> {
        const DAMAGED: StoreError = StoreError::Damaged("outbox");
        let (tag, rest) = key.split_first().ok_or(DAMAGED)?;
        match tag {
            0 => Ok(Self::Bundle(InviteId::new(
                rest.try_into().map_err(|_| DAMAGED)?,
            ))),
            1..=3 => {
                let (contact, rest) = rest.split_first_chunk::<16>().ok_or(DAMAGED)?;
                let contact = ContactId(*contact);
                match (tag, rest) {
                    (1, [which]) => Ok(Self::Request(contact, *which)),
                    (2, rest) => {
                        let (generation, number) = rest.split_first_chunk().ok_or(DAMAGED)?;
                        let number = number.try_into().map_err(|_| DAMAGED)?;
                        Ok(Self::Box(
                            contact,
                            u32::from_be_bytes(*generation),
                            u64::from_be_bytes(number),
                        ))
                    }
                    (3, rest) => {
                        let number = rest.try_into().map_err(|_| DAMAGED)?;
                        Ok(Self::Recovery(contact, u32::from_be_bytes(number)))
                    }
                    _ => Err(DAMAGED),
                }
            }
            _ => Err(DAMAGED),
        }
    }
}

/// Whose traffic something is. Two owners never share a circuit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash)]
pub enum Owner {
    /// An invite of ours.
    Invite(InviteId),
    /// A contact.
    Contact(ContactId),
    /// A test that the user asked for; each with a number of its own.
    Test(u64),
}

/// Something to put, without its box (which lies in a table of its own, so
/// that looking through the outbox does not read 16 KiB a row).
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct OutRow {
    slot: [u8; 32],
    /// The relays that have it.
    #[serde(with = "tls")]
    pub(crate) stored_at: Vec<RelayAddress>,
    /// The message that it carries, if it carries one.
    pub(crate) message: Option<u64>,
}

impl OutRow {
    pub(crate) fn new(slot: &Slot, message: Option<u64>) -> Self {
        Self {
            slot: *slot.as_bytes(),
            stored_at: Vec::new(),
            message,
        }
    }

    pub(crate) fn slot(&self) -> Slot {
        Slot::new(self.slot)
    }
}

/// A read box that a relay should forget.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct DropRow {
    pub(crate) contact: ContactId,
    pub(crate) slot: [u8; 32],
    #[serde(with = "tls")]
    pub(crate) relay: RelayAddress,
    pub(crate) attempts: u32,
}

/// An invite of ours.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct InviteRow {
    #[serde(with = "tls")]
    pub(crate) relays: Vec<RelayAddress>,
    pub(crate) expires_at_ms: u64,
    pub(crate) state: InviteState,
    /// Whether the user was told of a second use.
    pub(crate) second_use_told: bool,
}

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

/// Wire types inside rows, as the bytes of their TLS encoding.
mod tls {
    use serde::{Deserializer, Serializer, de};

    pub(super) fn serialize<T, S>(value: &T, serializer: S) -> Result<S::Ok, S::Error>
    where
        T: tls_codec::Serialize,
        S: Serializer,
    {
        let bytes = hushwing_wire::to_bytes(value).map_err(serde::ser::Error::custom)?;
        serializer.serialize_bytes(&bytes)
    }

    pub(super) fn deserialize<'de, T, D>(deserializer: D) -> Result<T, D::Error>
    where
        T: tls_codec::DeserializeBytes,
        D: Deserializer<'de>,
    {
        struct Bytes;
        impl de::Visitor<'_> for Bytes {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
            fn visit_byte_buf<E: de::Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
                Ok(bytes)
            }
        }
        let bytes = deserializer.deserialize_byte_buf(Bytes)?;
        hushwing_wire::from_bytes(&bytes).map_err(de::Error::custom)
    }
}
