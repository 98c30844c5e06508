//! Reading a box.

use hushwing_wire::{
    Body, BoxPlaintext, DecodeError, Envelope, LanePlace, Receipts, RouteUpdate, Routes, SealedBox,
    Slot,
};
use zeroize::Zeroizing;

use super::{
    BOX_LABEL, MAX_IN_FLIGHT, RECEIPT_RESERVE,
    recovery::{self, RecoveryBox},
    repair, routes,
    state::{Fixed, Moving, PARKED_TABLE, Place, Stage, Unrenewed, parked_lane_prefix},
};
use crate::{
    Ctx,
    content::{self, Content, MESSAGE_ID_LEN},
    error::{Fault, StateError},
    ids::ConversationId,
    marks::{self, OtherBoxes},
    mls::{Group, MlsError, overlay::delete_prefix, provider::Provider},
    safety::SafetyNumber,
    store::{StoreError, guard, guarded},
};

/// What reading a box brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opened {
    /// What happened, in order.
    pub happenings: Vec<Happening>,
    /// Slots whose boxes are taken in durably once the step is committed, read or
    /// parked: to be dropped at relays.
    pub consumed: Vec<Slot>,
    /// The box came before its turn and was parked.
    pub parked: bool,
    /// The other side waits for a receipt: something with content was read, or
    /// the inviter's first box. A box without content never asks for one, so two
    /// sides do not answer each other for ever. `[HW-CONV-10]`
    pub receipt_owed: bool,
    /// To be put at every relay of the peer and pushed to its node until
    /// something comes in the new generation: the answer to its request, or our own
    /// request in its place.
    pub answer: Option<RecoveryBox>,
}

/// One thing that a box brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// The inviter's binding commit was checked; the conversation is ready.
    Established {
        /// To be compared by the two people.
        safety_number: SafetyNumber,
    },
    /// The peer renewed its keys.
    PeerCommitted {
        /// The epoch that both enter by it.
        epoch: u64,
    },
    /// The peer has stored more of our boxes: all so far, as a prefix and the
    /// newest ranges.
    Received(Receipts),
    /// A message.
    Content {
        /// The number of its box among the peer's.
        number: u64,
        /// Its Lamport time; ascending (`clock`, `leaf`) is the transcript.
        clock: u64,
        /// The peer's place in the transcript among equal times.
        writer: u32,
        /// The message's id, the same on both sides; one that came before is to
        /// be shown once.
        id: [u8; MESSAGE_ID_LEN],
        /// The peer's clock in milliseconds since 1970. Shown, never trusted.
        sent_at_ms: u64,
        /// What it says.
        content: Content,
    },
    /// A box that the peer sealed holds what cannot be read. Its slot is used up,
    /// so that it does not jam the lane; nothing else changed. `[HW-BOX-6]`
    Unreadable {
        /// Its slot.
        slot: Slot,
        /// Where it lies among the peer's boxes.
        place: LanePlace,
        /// What is wrong with it.
        why: Unreadable,
    },
    /// Boxes of ours that came to the peer's device and could not be read there.
    UnreadThere(Vec<LanePlace>),
    /// A box that was taken in before its turn is damaged in the store, and its
    /// relays have forgotten it: only new keys bring it again. `[HW-ENG-4]`
    Lost {
        /// Its slot.
        slot: Slot,
    },
    /// The peer answered our request for new keys with what cannot be used:
    /// nothing is sealed until another request is answered. `[HW-REC-6]`
    AnswerRefused {
        /// What is wrong with it.
        why: Unreadable,
    },
    /// The peer misses boxes of ours that its receipts do not cover.
    AskedAgain,
    /// The peer can be reached here from now on, and nowhere else.
    Routes(Routes),
    /// The keys were made anew, by us or by the peer. Everything of ours that
    /// the peer does not have is to be sealed again.
    Repaired {
        /// The generation that begins.
        generation: u32,
        /// The newest generation in which something of ours came to the peer; it has
        /// all that matters of earlier ones.
        peer_generation: u32,
        /// What the peer has stored of our boxes of that generation; nothing, of
        /// generation 0, where it is one that is not known here.
        peer_received: Receipts,
    },
    /// One of the two is somebody else from now on, by a record that both of its
    /// identities signed; comes before the [`Happening::Repaired`] of the same step.
    /// `[HW-ROT-2]`
    Succeeded {
        /// Who.
        whose: Whose,
        /// The safety number so far.
        before: SafetyNumber,
        /// The one from now on.
        safety_number: SafetyNumber,
    },
    /// The peer's epoch authenticator is not ours, or it has other boxes of ours
    /// than those that are known here: the histories differ.
    Fork {
        /// The epoch in which they do.
        epoch: u64,
    },
}

/// One of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// This one.
    Ours,
    /// The peer.
    Theirs,
}

/// Why an authentic box could not be read. The peer's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The plaintext or the envelope is malformed.
    #[error("its structure is wrong: {0}")]
    Structure(#[from] DecodeError),
    /// The MLS commit or message was refused.
    #[error(transparent)]
    Mls(MlsError),
    /// The peer committed although it was not its turn, or past our epoch.
    #[error("it holds a commit out of turn")]
    Turn,
    /// The commit carries data that it must not.
    #[error("its commit carries unexpected data")]
    CommitData,
    /// It came before the binding commit of the first contact.
    #[error("the conversation is not established yet")]
    NotEstablished,
    /// Its message is of an epoch that does not belong in its lane.
    #[error("its message is of another epoch than its lane")]
    Epoch,
    /// Its number was used, or is further ahead than the peer may be.
    #[error("its number is used or out of range")]
    Number,
    /// Its Lamport time is zero, or absurdly far ahead.
    #[error("its time is out of range")]
    Clock,
    /// It acknowledges what was never sent.
    #[error("it acknowledges boxes that were not sent")]
    Receipts,
    /// It ends a lane that the peer cannot have left.
    #[error("it ends a lane that is not over")]
    LaneEnd,
    /// It holds a card, which belongs in a request only.
    #[error("it holds a card")]
    Card,
}

/// A box was not taken in. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// There is no such conversation.
    #[error("there is no such conversation")]
    Unknown,
    /// No box is awaited at this slot: it was read already, or never ours.
    #[error("no box is awaited at this slot")]
    UnknownSlot,
    /// The box does not authenticate: somebody who does not know the key put it
    /// there. The real one can still come. `[HW-BOX-5]`
    #[error("the box at this slot is forged")]
    Forged,
    /// The inviter's first commit binds another first contact than ours:
    /// somebody stands in between, or the inviter broke the protocol.
    #[error("the answer belongs to another first contact than this one")]
    Binding,
    /// The encryption failed.
    #[error(transparent)]
    Mls(MlsError),
    /// The vault failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OpenError {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Unknown | Self::UnknownSlot => Fault::Caller,
            Self::Forged | Self::Binding => Fault::Peer,
            Self::Mls(error) => error.fault(),
            Self::Store(_) => Fault::Environment,
        }
    }
}

impl From<StateError> for OpenError {
    fn from(error: StateError) -> Self {
        match error {
            StateError::Unknown => Self::Unknown,
            StateError::Store(error) => Self::Store(error),
        }
    }
}

impl From<MlsError> for OpenError {
    fn from(error: MlsError) -> Self {
        match error {
            MlsError::Store(error) => Self::Store(error),
            error => Self::Mls(error),
        }
    }
}

/// Takes in the box found at `slot`.
///
/// In a lane boxes are read strictly in order; one that came early is checked
/// and parked. The order inside is: authenticate, parse, commit, message,
/// envelope; what fails before the first succeeded changes nothing. `[HW-SLOT-4]`
///
/// # Errors
/// [`OpenError`]; nothing was changed.
pub fn open(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    slot: &Slot,
    boxed: &SealedBox,
) -> Result<Opened, OpenError> {
    let store = ctx.store;
    let fixed = Fixed::read(store, id)?;
    let moving = Moving::read(store, id)?;
    let Some(found) = moving.find(slot) else {
        return repair::open(ctx, id, fixed, slot, boxed)?.ok_or(OpenError::UnknownSlot);
    };
    let padded = found
        .chain
        .key()
        .open(BOX_LABEL, slot, boxed)
        .ok_or(OpenError::Forged)?;
    if !found.is_next {
        let key = found.at.parked_key(id);
        let mut row = boxed.as_bytes().to_vec();
        guard(PARKED_TABLE, &key, &mut row);
        store.put(PARKED_TABLE, &key, &row)?;
        return Ok(Opened {
            consumed: vec![*slot],
            parked: true,
            ..Opened::default()
        });
    }

    let heard_nothing = moving.received.max() == 0;
    let mut reader = Reader {
        provider: Provider::new(store, ctx.rng, fixed.scope)?,
        fixed,
        moving,
        opened: Opened {
            consumed: vec![*slot],
            ..Opened::default()
        },
        finished: Vec::new(),
        routes: Vec::new(),
    };
    let mut used = Vec::new();
    let mut turn = Some(Ready {
        at: found.at,
        slot: *slot,
        padded,
    });
    while let Some(ready) = turn {
        reader.read(&ready)?;
        used.push(ready.at.parked_key(id));
        turn = reader.next_parked(store, id, ready.at)?;
    }

    for update in std::mem::take(&mut reader.routes) {
        if routes::take_routes(store, id, &mut reader.fixed, &update)? {
            reader
                .opened
                .happenings
                .push(Happening::Routes(update.routes));
        }
    }
    if heard_nothing && reader.moving.received.max() > 0 {
        recovery::settle_succession(store, id)?;
    }
    reader.provider.overlay().flush()?;
    reader.moving.write(store, id)?;
    for key in used {
        store.delete(PARKED_TABLE, &key)?;
    }
    for (epoch, leaf) in reader.finished {
        delete_prefix(store, PARKED_TABLE, &parked_lane_prefix(id, epoch, leaf))?;
    }
    Ok(reader.opened)
}

/// A box that authenticated and whose turn it is.
struct Ready {
    at: Place,
    slot: Slot,
    padded: Zeroizing<Vec<u8>>,
}

/// A step that reads one box and those that it gives a turn.
struct Reader<'a> {
    provider: Provider<'a>,
    fixed: Fixed,
    moving: Moving,
    opened: Opened,
    /// Lanes that ended.
    finished: Vec<(u64, u32)>,
    /// Routes that the peer stated.
    routes: Vec<RouteUpdate>,
}

/// How reading the inside of a box ends early.
enum Stop {
    /// The slot is used up, all else is as before.
    Unreadable(Unreadable),
    /// The step fails.
    Fatal(OpenError),
}

impl<E: Into<Unreadable>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Unreadable(error.into())
    }
}

/// What the peer sent is the peer's; the rest fails the step.
fn by_fault(error: MlsError) -> Stop {
    match error.fault() {
        Fault::Peer => Stop::Unreadable(Unreadable::Mls(error)),
        _ => Stop::Fatal(error.into()),
    }
}

/// Greatest jump of the peer's Lamport time over ours. An honest peer is ahead
/// by what is on the way, some thousands; without a bound one box could use up
/// the clock.
pub(super) const MAX_CLOCK_JUMP: u64 = 1_048_576;

impl Reader<'_> {
    /// Reads the box whose turn it is and goes on by one index.
    fn read(&mut self, ready: &Ready) -> Result<(), OpenError> {
        let (at, slot) = (ready.at, ready.slot);
        let mut changed = self.moving.clone();
        let mut news = News::default();
        match self.inside(&mut changed, &mut news, at, &ready.padded) {
            Ok(()) => {
                self.provider.overlay().accept();
                self.moving = changed;
                self.opened.happenings.append(&mut news.happenings);
                self.opened.receipt_owed |= news.receipt_owed;
                self.routes.append(&mut news.routes);
            }
            Err(Stop::Unreadable(why)) => {
                self.provider.overlay().reject();
                let place = LanePlace {
                    epoch: at.epoch,
                    index: at.index,
                };
                let happening = Happening::Unreadable { slot, place, why };
                self.opened.happenings.push(happening);
            }
            Err(Stop::Fatal(error)) => return Err(error),
        }
        if let Some(lane) = self.moving.read_lane(at.epoch, at.leaf) {
            lane.chain.advance();
            lane.next += 1;
        }
        self.finished.append(&mut self.moving.drop_finished());
        Ok(())
    }

    /// The parked box that comes after `at` in its lane. One that is damaged is
    /// forgotten: it was not acknowledged, so its writer puts it again when it is
    /// asked for. `[HW-ENG-4]`
    fn next_parked(
        &mut self,
        store: &dyn crate::store::Store,
        id: &ConversationId,
        at: Place,
    ) -> Result<Option<Ready>, OpenError> {
        let Some(lane) = self.moving.read_lane(at.epoch, at.leaf) else {
            return Ok(None);
        };
        let at = Place {
            index: lane.next,
            ..at
        };
        let key = at.parked_key(id);
        let Some(row) = store.get(PARKED_TABLE, &key)? else {
            return Ok(None);
        };
        let slot = lane.chain.slot();
        let padded = guarded(PARKED_TABLE, &key, &row, "a parked box")
            .ok()
            .and_then(|bytes| SealedBox::from_slice(bytes).ok())
            .and_then(|boxed| lane.chain.key().open(BOX_LABEL, &slot, &boxed));
        match padded {
            Some(padded) => Ok(Some(Ready { at, slot, padded })),
            None => {
                store.delete(PARKED_TABLE, &key)?;
                self.opened.happenings.push(Happening::Lost { slot });
                Ok(None)
            }
        }
    }

    /// Everything behind the authentication of the box.
    fn inside(
        &self,
        moving: &mut Moving,
        news: &mut News,
        at: Place,
        padded: &[u8],
    ) -> Result<(), Stop> {
        let plaintext = BoxPlaintext::from_padded(padded)?;
        let mut group = Group::load(&self.provider, &self.fixed.group_id.0).map_err(by_fault)?;
        if !plaintext.commit.is_empty() {
            self.commit(moving, news, &mut group, at, &plaintext.commit)?;
        }
        if moving.stage != Stage::Established {
            return Err(Unreadable::NotEstablished.into());
        }
        let (epoch, content) = group
            .decrypt(&self.provider, at.leaf, &plaintext.message)
            .map_err(by_fault)?;
        if epoch != at.epoch && epoch != at.epoch + 1 {
            return Err(Unreadable::Epoch.into());
        }
        let envelope = Envelope::from_bytes(&content)?;
        moving.saw_peer_in(epoch);
        if moving.authenticator(epoch).map(<[u8; 32]>::as_slice)
            != Some(envelope.epoch_authenticator.as_slice())
        {
            news.happenings.push(Happening::Fork { epoch });
        }
        self.envelope(moving, news, at, padded, envelope)
    }

    /// The commit of a box: enters its epoch, unless we are there already.
    fn commit(
        &self,
        moving: &mut Moving,
        news: &mut News,
        group: &mut Group,
        at: Place,
        commit: &[u8],
    ) -> Result<(), Stop> {
        let from_epoch = group.commit_epoch(commit).map_err(by_fault)?;
        if from_epoch < moving.epoch {
            return Ok(());
        }
        let policy = self.fixed.policy;
        if from_epoch > moving.epoch || !policy.has_turn(at.leaf, moving.last_committer) {
            return Err(Unreadable::Turn.into());
        }
        let commit = group
            .check_commit(&self.provider, at.leaf, commit)
            .map_err(by_fault)?;
        match moving.stage {
            // Before anything of the new epoch is used. `[HW-INV-7]`
            Stage::Requested => {
                if commit.authenticated_data != self.fixed.binding.expose() {
                    return Err(Stop::Fatal(OpenError::Binding));
                }
                let safety_number = self.fixed.safety_number.clone();
                news.happenings
                    .push(Happening::Established { safety_number });
                news.receipt_owed = true;
                moving.stage = Stage::Established;
            }
            Stage::Accepted | Stage::Established if !commit.authenticated_data.is_empty() => {
                return Err(Unreadable::CommitData.into());
            }
            Stage::Accepted | Stage::Established => {}
        }
        group.merge(&self.provider, commit).map_err(by_fault)?;
        let entered = group.entered(&self.provider).map_err(by_fault)?;
        moving.enter(&entered, at.leaf, self.fixed.my_leaf, self.fixed.peer_leaf);
        moving.since_peer_commit = Unrenewed::default();
        moving.saw_peer_in(entered.epoch);
        news.happenings.push(Happening::PeerCommitted {
            epoch: entered.epoch,
        });
        Ok(())
    }

    /// The envelope of a box: receipts, ends of lanes, clock, content.
    fn envelope(
        &self,
        moving: &mut Moving,
        news: &mut News,
        at: Place,
        padded: &[u8],
        envelope: Envelope,
    ) -> Result<(), Stop> {
        let Envelope { number, clock, .. } = envelope;
        let furthest = moving.received.max() + MAX_IN_FLIGHT + RECEIPT_RESERVE;
        if number == 0 || number > furthest || moving.received.contains(number) {
            return Err(Unreadable::Number.into());
        }
        if clock == 0 || clock > moving.clock + MAX_CLOCK_JUMP {
            return Err(Unreadable::Clock.into());
        }
        let acknowledged = &envelope.received;
        if marks::newest(acknowledged) > moving.sent {
            return Err(Unreadable::Receipts.into());
        }
        for end in &envelope.lane_ends {
            if end.epoch >= at.epoch {
                return Err(Unreadable::LaneEnd.into());
            }
            if let Some(lane) = moving.read_lane(end.epoch, at.leaf) {
                lane.end = Some(end.count);
            }
        }
        moving.received.insert(number, marks::mark_of(padded));
        moving.clock = moving.clock.max(clock);
        match moving.acknowledged(number, acknowledged) {
            Ok(true) => {
                let all = moving.peer_received.covered();
                news.happenings.push(Happening::Received(all));
            }
            Ok(false) => {}
            // The peer has what we wrote in a life that this vault does not know.
            Err(OtherBoxes) => news.happenings.push(Happening::Fork { epoch: at.epoch }),
        }
        match envelope.body {
            Body::Nothing => {}
            Body::Card(_) => return Err(Unreadable::Card.into()),
            Body::Content(bytes) => {
                let id = content::message_id(&bytes);
                let content = content::decode(&Zeroizing::new(bytes));
                // A report asks for no receipt: two sides would otherwise tell
                // each other when they are online. `[HW-READ-2]`
                news.receipt_owed |= !matches!(content, Content::Read(_));
                news.happenings.push(Happening::Content {
                    number,
                    clock,
                    writer: self.fixed.peer_writer(),
                    id,
                    sent_at_ms: envelope.sent_at_ms,
                    content,
                });
            }
            Body::Again(said) => {
                if said.clock == 0 || said.clock > clock {
                    return Err(Unreadable::Clock.into());
                }
                news.receipt_owed = true;
                news.happenings.push(Happening::Content {
                    number,
                    clock: said.clock,
                    writer: self.fixed.peer_writer(),
                    id: content::message_id(&said.content),
                    sent_at_ms: envelope.sent_at_ms,
                    content: content::decode(&Zeroizing::new(said.content)),
                });
            }
            Body::Unread(places) => {
                news.receipt_owed = true;
                news.happenings.push(Happening::UnreadThere(places));
            }
            Body::AskAgain => news.happenings.push(Happening::AskedAgain),
            Body::Routes(bytes) => {
                news.receipt_owed = true;
                news.routes.push(RouteUpdate::from_bytes(&bytes)?);
            }
        }
        Ok(())
    }
}

/// What one box brought so far.
#[derive(Default)]
struct News {
    happenings: Vec<Happening>,
    receipt_owed: bool,
    routes: Vec<RouteUpdate>,
}
