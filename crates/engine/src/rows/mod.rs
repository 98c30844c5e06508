//! The engine's tables: what each row holds and how its key is made.
//!
//! Values are CBOR; keys are fixed-width and big-endian, so their order is the
//! order of time or number.

mod access;
mod sealed;
mod tls;

use hushwing_protocol::{ConversationId, InviteId, SALT_LEN, store::StoreError};
use hushwing_wire::{RelayAddress, Routes, SealedBox, Slot};
use serde::{Deserialize, Serialize};

use crate::view::{InvitePolicy, InviteState, OrderView, RequestState, VerifiedHow};
pub(crate) use access::Rows;
pub use access::{CONTACTS, INVITES, MESSAGES, REQUESTS};

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
    /// Since when something is missing.
    pub(crate) missing_since_ms: Option<u64>,
    /// New keys are being asked for.
    pub(crate) repair: Option<RepairRow>,
    /// Our change of identity is on its way to this contact.
    #[serde(default)]
    pub(crate) succeeding: Option<RepairRow>,
    /// No new keys are asked for by themselves before this.
    pub(crate) repair_not_before_ms: u64,
    /// The contact is not asked whether the keys fit before this.
    pub(crate) question_not_before_ms: u64,
    /// When it is asked once more if messages are still overdue then.
    #[serde(default)]
    pub(crate) question_again_ms: Option<u64>,
    /// When it is asked again at the next place, since the last one was used.
    pub(crate) question_at_ms: Option<u64>,
    /// How often that was since the last question.
    pub(crate) question_hurried: u32,
    /// The peer's request for new keys was answered and nothing came with them yet.
    pub(crate) answering: bool,
    /// Number of the next box outside of the lanes.
    pub(crate) recovery_next: u32,
    /// Boxes of theirs, by epoch and index, of which they must still be told that
    /// they could not be read.
    pub(crate) unread_owed: Vec<(u64, u32)>,
    /// Those that it was told of, by generation and number of the box that told; until a
    /// receipt names that.
    #[serde(default)]
    pub(crate) unread_told: Vec<((u32, u64), (u64, u32))>,
    /// What the user has verified.
    #[serde(default)]
    pub(crate) verified: Option<VerifiedRow>,
    /// Since when this contact is somebody else than before, which the user has not
    /// decided about.
    #[serde(default)]
    pub(crate) succeeded_ms: Option<u64>,
    /// How many changes of the contact's identity this row knows of.
    #[serde(default)]
    pub(crate) peer_changes: u32,
    /// How often our node's keys for this contact have changed.
    #[serde(default)]
    pub(crate) node_keys: u32,
}

/// The user has made sure of who a contact is.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct VerifiedRow {
    /// [`hushwing_protocol::SafetyNumber::mark`] of the number that was compared.
    pub(crate) mark: [u8; 32],
    pub(crate) how: VerifiedHow,
    pub(crate) at_ms: u64,
}

/// Something is being asked for outside of the lanes.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct RepairRow {
    pub(crate) since_ms: u64,
    /// When the request goes to the next place.
    pub(crate) next_ms: u64,
    /// Until when the walk pauses, unless a place turns out used.
    pub(crate) paused_until_ms: u64,
    /// Pauses so far.
    pub(crate) tries: u32,
    /// Places since the last pause that turned out used.
    pub(crate) hurried: u32,
}

impl RepairRow {
    /// One whose first request is due.
    pub(crate) fn begun(now_ms: u64) -> Self {
        Self {
            since_ms: now_ms,
            next_ms: now_ms,
            paused_until_ms: now_ms,
            tries: 0,
            hurried: 0,
        }
    }
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
            missing_since_ms: None,
            repair: None,
            succeeding: None,
            repair_not_before_ms: 0,
            question_not_before_ms: 0,
            question_again_ms: None,
            question_at_ms: None,
            question_hurried: 0,
            answering: false,
            recovery_next: 0,
            unread_owed: Vec::new(),
            unread_told: Vec::new(),
            verified: None,
            succeeded_ms: None,
            peer_changes: 0,
            node_keys: 0,
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
    /// Ours, and they say that they have read it.
    Read,
    /// Ours, will not arrive.
    Failed { reason: String },
    /// Theirs.
    Received,
    /// Theirs, and shown to the user.
    Seen,
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
    /// Ours: how often its box came and could not be read.
    #[serde(default)]
    pub(crate) unread_there: u8,
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
    /// First bytes of the keys of what belongs to a contact.
    pub(super) const OF_CONTACTS: [u8; 3] = [1, Self::BOXES, Self::RECOVERIES];
    pub(super) const BOXES: u8 = 2;
    pub(super) const RECOVERIES: u8 = 3;

    /// Who it belongs to: for isolation and for the bound of what is on its way.
    pub(crate) fn owner(&self) -> Owner {
        match self {
            Self::Bundle(invite) => Owner::Invite(*invite),
            Self::Request(contact, _) | Self::Box(contact, ..) | Self::Recovery(contact, _) => {
                Owner::Contact(*contact)
            }
        }
    }

    pub(super) fn key(&self) -> Vec<u8> {
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

    pub(super) fn from_key(key: &[u8]) -> Result<Self, StoreError> {
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
    /// A test that the user asked for, or the last drops of a deleted contact; each with a
    /// number of its own.
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

/// What is remembered about the own relays.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct RelayCare {
    pub(crate) relays: Vec<RelayCareRow>,
    /// When contacts were told a change that nobody asked for, within the last day.
    pub(crate) changes: Vec<u64>,
}

/// How a relay of ours has answered.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct RelayCareRow {
    #[serde(with = "tls")]
    pub(crate) relay: RelayAddress,
    pub(crate) rests_since_ms: Option<u64>,
    /// How long it has been silent while another one answered.
    pub(crate) silent_ms: u64,
    /// While it rests: how long it has answered without a break.
    pub(crate) answering_ms: u64,
    /// How often it rested in a row, without a long time of answering in between.
    pub(crate) rests: u32,
    pub(crate) returned_at_ms: Option<u64>,
}

impl RelayCareRow {
    pub(crate) fn new(relay: RelayAddress) -> Self {
        Self {
            relay,
            rests_since_ms: None,
            silent_ms: 0,
            answering_ms: 0,
            rests: 0,
            returned_at_ms: None,
        }
    }
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
    #[serde(default)]
    pub(crate) policy: InvitePolicy,
    /// The account came back from a backup while this was open: it may have been accepted
    /// in the life that is lost.
    #[serde(default)]
    pub(crate) from_backup: bool,
}

/// A request that answers an invite of ours and about which the user decides. The
/// box is as it came: its keys are the invite's and are deleted with that.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct RequestRow {
    #[serde(with = "sealed")]
    pub(crate) boxed: SealedBox,
    pub(crate) name: String,
    pub(crate) safety_number: String,
    pub(crate) since_ms: u64,
    pub(crate) expires_at_ms: u64,
    pub(crate) state: RequestState,
}

/// A contact is blocked; with no such row it is not. That there is one decides, also
/// where what it says is damaged: damage must not let a contact in again.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct BlockedRow {
    pub(crate) since_ms: u64,
}

/// What the user calls a contact, where that is another name than the contact's own.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct NameRow {
    pub(crate) name: String,
}
