//! The making anew of a conversation whose keys no longer fit.
//!
//! One side asks at a recovery place, the other founds a new group and answers at a
//! place that the request's hash names. Since a rolled-back side does not know where
//! the other one reads, requests walk from place to place, and of two that cross the
//! one that goes first is put at the place of the other's answer. Asking is in
//! `asking.rs`; here is what is done with what comes. `[HW-REC-3]` to `[HW-REC-8]`

pub(super) mod crossing;
mod succession;

use hushwing_wire::{
    Need, Receipts, RecoveryMessage, RecoveryPlaintext, RepairAnswer, RepairRequest, RouteUpdate,
    Routes, SealedBox, Slot, Succession,
    limits::{MAX_GENERATION, MAX_GENERATION_STEP, MAX_PLACE},
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{
    Happening, OpenError, Opened, Unreadable,
    asking::{Kind, heard, make_request},
    places::Places,
    recovery::{
        Answered, AsWhom, BOX_LABEL, Past, PastOf, Pending, Recovery, RecoveryBox, RecoveryError,
        sign, verified, write_fixed,
    },
    routes::believe_routes,
    state::{Fixed, INVITER_LEAF, Moving, PARKED_TABLE, REDEEMER_LEAF},
};
use crate::{
    Ctx,
    error::Fault,
    identity::VerifiedPeer,
    ids::ConversationId,
    kdf::{self, BoxKey},
    marks::Comparison,
    mls::{
        self, ExternalPsk, Group, LeafSigner, MlsError, PeerKeyPackage,
        overlay::{delete_prefix, delete_scope},
        provider::Provider,
    },
    secret::{Blob, Secret32},
    store::{Store, StoreError},
};

const PSK_ID_LABEL: &[u8] = b"hushwing 1 repair psk id";

/// A box at a recovery slot, if `slot` is one that is awaited.
///
/// # Errors
/// [`OpenError`]; nothing was changed.
pub(super) fn open(
    ctx: &mut Ctx<'_>,
    id: &ConversationId,
    fixed: Fixed,
    slot: &Slot,
    boxed: &SealedBox,
) -> Result<Option<Opened>, OpenError> {
    let row = Recovery::read(ctx.store, id)?;
    let step = Step {
        id,
        fixed,
        row,
        opened: Opened {
            consumed: vec![*slot],
            ..Opened::default()
        },
    };
    step.open(ctx, slot, boxed)
}

struct Step<'a> {
    id: &'a ConversationId,
    fixed: Fixed,
    row: Recovery,
    opened: Opened,
}

impl Step<'_> {
    fn open(
        mut self,
        ctx: &mut Ctx<'_>,
        slot: &Slot,
        boxed: &SealedBox,
    ) -> Result<Option<Opened>, OpenError> {
        let awaited = self.row.requests().find_map(|pending| {
            let hash = kdf::sha256(&pending.request.0);
            let (answer_slot, key) = self.row.places_of(pending).answer(&hash);
            (answer_slot == *slot).then_some((hash, key, pending.by_past))
        });
        if let Some((hash, key, by_past)) = awaited {
            return match self.read(slot, &key, boxed, by_past)? {
                Some(Said::Answer(answer, speaker)) if answer.request == hash => {
                    self.take_answer(ctx, by_past, &answer, speaker).map(Some)
                }
                Some(Said::Request(asked)) => {
                    self.take_counter_request(ctx, asked, by_past).map(Some)
                }
                _ => Err(OpenError::Forged),
            };
        }
        let peer = self.fixed.peer_writer();
        if let Some(index) = self.row.places().find(peer, self.row.read_next, slot) {
            let key = self.row.places().key(peer, index);
            let said = self.read(slot, &key, boxed, false)?;
            self.row.read_next = index + 1;
            match said {
                Some(Said::Routes(update)) => self.take_routes(update)?,
                Some(Said::Request(asked)) => self.take_request(ctx, asked, AT_ITS_PLACE)?,
                // Signed by nobody or not for this place: the slot is used up, all
                // else is as before.
                Some(Said::Answer(..)) | None => {}
            }
        } else {
            let past = self.row.past.as_mut();
            let found = past.and_then(|past| {
                let index = past.places().find(peer, past.read_next, slot)?;
                past.read_next = index + 1;
                Some(past.places().key(peer, index))
            });
            let Some(key) = found else {
                return Ok(None);
            };
            if let Some(said) = self.read(slot, &key, boxed, true)? {
                self.take_from_the_past(ctx, said)?;
            }
        }
        write_fixed(ctx.store, self.id, &self.fixed)?;
        self.row.write(ctx.store, self.id)?;
        Ok(Some(self.opened))
    }

    fn take_routes(&mut self, update: RouteUpdate) -> Result<(), OpenError> {
        if believe_routes(&mut self.fixed, &mut self.row, &update)? {
            self.opened
                .happenings
                .push(Happening::Routes(update.routes));
        }
        Ok(())
    }

    /// The answer to this request once more, if that was the last one.
    fn answer_again(&mut self, hash: &[u8; 32], found: Found) -> Result<bool, OpenError> {
        let Some(boxed) = self.row.answer_to(hash, found.instead)? else {
            return Ok(false);
        };
        let (slot, _) = self.places_of(found).answer(hash);
        self.opened.answer = Some(RecoveryBox { slot, boxed });
        Ok(true)
    }

    /// What lies before the place that the peer reads next, it never looks at; and what it
    /// wrote before its request is over, since it knows more now.
    fn go_on_behind(&mut self, request: &RepairRequest, by_past: bool) {
        let (write_next, read_next) = match &mut self.row.past {
            Some(past) if by_past => (&mut past.write_next, &mut past.read_next),
            _ => (&mut self.row.write_next, &mut self.row.read_next),
        };
        *write_next = request.read_next.max(*write_next);
        *read_next = request.write_next.max(*read_next);
    }

    /// The places by which a request came, and its answer goes.
    fn places_of(&self, found: Found) -> Places<'_> {
        match &self.row.past {
            Some(past) if found.by_past => past.places(),
            _ => self.row.places(),
        }
    }

    /// The signed message in a box and SHA-256 of its plaintext, which names the
    /// answer to a request; `None` when it is malformed or not signed by the peer.
    fn read(
        &self,
        slot: &Slot,
        key: &BoxKey,
        boxed: &SealedBox,
        by_past: bool,
    ) -> Result<Option<Said>, OpenError> {
        let padded = key.open(BOX_LABEL, slot, boxed).ok_or(OpenError::Forged)?;
        let Ok(plaintext) = RecoveryPlaintext::from_padded(&padded) else {
            return Ok(None);
        };
        let bytes = plaintext.to_bytes().map_err(|_| OpenError::Forged)?;
        let known = std::iter::once(&self.fixed.peer).chain(self.before(by_past));
        let mut verified = known.map(|peer| verified(&self.fixed, peer, plaintext.clone()));
        Ok(verified.find_map(|it| it).map(|it| match it.message {
            RecoveryMessage::Routes(update) => Said::Routes(update),
            RecoveryMessage::Answer(answer) => Said::Answer(answer, it.speaker),
            RecoveryMessage::Request(request)
            | RecoveryMessage::Succession(Succession { request, .. }) => Said::Request(Asked {
                request,
                hash: kdf::sha256(&bytes),
                speaker: it.speaker,
                succeeds: it.succeeds,
            }),
        }))
    }

    /// Makes the new group, unless our own request goes first.
    fn take_request(
        &mut self,
        ctx: &mut Ctx<'_>,
        asked: Asked,
        found: Found,
    ) -> Result<(), OpenError> {
        let (request, hash) = (&asked.request, asked.hash);
        let store = ctx.store;
        self.take_routes(request.routes.clone())?;
        self.go_on_behind(request, found.by_past);
        // A second group would part us from the peer, who takes the answer
        // that it finds first.
        if self.answer_again(&hash, found)? {
            return Ok(());
        }
        let is_question = request.need == Need::IfTheyDiffer;
        // Two questions may cross while the keys fit: what they state is compared.
        let ours = self.row.pending.as_ref();
        let asks_in_earnest = ours.is_some_and(|ours| !ours.is_question);
        if found == AT_ITS_PLACE && asks_in_earnest && self.ours_goes_first(&asked, false) {
            return self.put_ours_instead(ctx, &hash, found);
        }
        if is_question {
            match self.compare(store, request)? {
                Comparison::Differs
                    if found == AT_ITS_PLACE
                        && self.leaves_it_to_the_peer(ctx.now_ms, request.read_next) =>
                {
                    return Ok(());
                }
                Comparison::Differs => {}
                Comparison::TheyMayBeBehind if found == AT_ITS_PLACE => {
                    return self.ask_back(ctx, &hash, found);
                }
                Comparison::TheyMayBeBehind | Comparison::Agrees => {
                    // A question is settled by that; a request for new keys is not.
                    let ours = self.row.ours(found.by_past);
                    if found.instead && ours.is_some_and(|ours| ours.is_question) {
                        self.drop_ours(store, found.by_past)?;
                    }
                    return Ok(());
                }
            }
        }
        // Whoever asks in earnest asks again.
        if !self.row.may_answer(ctx.now_ms) {
            return Ok(());
        }
        let generation = self.fixed.generation.max(request.generation) + generation_step(ctx.rng);
        if generation > MAX_GENERATION {
            return Ok(());
        }
        let signer_seed = Secret32::random(ctx.rng);
        let scope = ConversationId::random(ctx.rng);
        let provider = Provider::new(store, ctx.rng, scope)?;
        let signer = LeafSigner::new(&signer_seed);
        let Ok(key_package) = PeerKeyPackage::parse(&provider, &request.key_package) else {
            return Ok(());
        };
        if key_package.leaf().credential != asked.speaker.fingerprint().as_bytes() {
            return Ok(());
        }
        let psk_value = self.places_of(found).psk(&hash);
        let psk = ExternalPsk {
            id: kdf::transcript(PSK_ID_LABEL, &[&hash]),
            value: &psk_value,
        };
        // What the peer signed and no group can be founded with stays without an answer,
        // as what cannot be read does: the box must not come again and again.
        let fingerprint = *self.fixed.identity.fingerprint().as_bytes();
        let (group, welcome) =
            match Group::found(&provider, &signer, &fingerprint, key_package, &psk) {
                Err(why) if why.fault() == Fault::Peer => return Ok(()),
                founded => founded?,
            };
        let entered = group.entered(&provider)?;
        let old = Moving::read(store, self.id)?;
        let heard = heard(&self.fixed, &self.row, &old);
        let message = RecoveryMessage::Answer(RepairAnswer {
            request: hash.to_vec(),
            welcome,
            generation,
            old_generation: heard.generation,
            received: heard.received.report(),
            write_next: self.row.write_next.min(MAX_PLACE),
            read_next: self.row.read_next.min(MAX_PLACE),
        });
        let (slot, key) = self.places_of(found).answer(&hash);
        let signed = provider.with_rng(|rng| sign(&self.fixed, rng, message));
        // Its key package made the Welcome too long for a box.
        let Ok(padded) = signed.map_err(open_error)?.to_padded().map(Zeroizing::new) else {
            return Ok(());
        };
        let boxed = provider
            .with_rng(|rng| key.seal(rng, BOX_LABEL, &slot, &padded))
            .map_err(|_| OpenError::Mls(MlsError::Internal("sealing an answer")))?;
        provider.overlay().accept();
        provider.overlay().flush()?;
        let begun = Begun {
            scope,
            signer_seed,
            group_id: group.id(),
            generation,
            my_leaf: REDEEMER_LEAF,
        };
        self.row.withdraw(store)?;
        let (peer_generation, peer_received) =
            self.as_known_here(request.received_in, &request.received);
        self.peer_is(asked.speaker, found.by_past, &entered);
        self.begin(store, begun, &old, &entered)?;
        self.row.answered = Some(Answered {
            request: hash,
            boxed: Blob(boxed.as_bytes().to_vec()),
            is_ours: false,
        });
        self.opened.answer = Some(RecoveryBox { slot, boxed });
        self.opened.happenings.push(Happening::Repaired {
            generation,
            peer_generation,
            peer_received,
        });
        Ok(())
    }

    /// Joins the new group. An answer that the peer signed and that cannot be
    /// used uses the request up: its place holds one box for ever, so only
    /// another request can be answered. `[HW-REC-6]`
    fn take_answer(
        mut self,
        ctx: &mut Ctx<'_>,
        by_past: bool,
        answer: &RepairAnswer,
        speaker: VerifiedPeer,
    ) -> Result<Opened, OpenError> {
        let store = ctx.store;
        let pending = self.row.ours_mut(by_past).take();
        let pending = pending.ok_or(OpenError::UnknownSlot)?;
        let scope = pending.scope;
        let old = Moving::read(store, self.id)?;
        match self.join(ctx, pending, &old, answer, speaker) {
            Ok(()) => {}
            Err(why) if why.fault() == Fault::Peer => {
                delete_scope(store, &scope)?;
                self.row.halted = true;
                self.opened = Opened {
                    consumed: self.opened.consumed,
                    happenings: vec![Happening::AnswerRefused {
                        why: Unreadable::Mls(why),
                    }],
                    ..Opened::default()
                };
            }
            Err(error) => return Err(error.into()),
        }
        write_fixed(store, self.id, &self.fixed)?;
        self.row.write(store, self.id)?;
        Ok(self.opened)
    }

    fn join(
        &mut self,
        ctx: &mut Ctx<'_>,
        pending: Pending,
        old: &Moving,
        answer: &RepairAnswer,
        speaker: VerifiedPeer,
    ) -> Result<(), MlsError> {
        const WHAT: MlsError = MlsError::Refused("the answer with new keys");
        let store = ctx.store;
        let hash = kdf::sha256(&pending.request.0);
        let provider = Provider::new(store, ctx.rng, pending.scope)?;
        let psk_value = self.row.places_of(&pending).psk(&hash);
        let psk = ExternalPsk {
            id: kdf::transcript(PSK_ID_LABEL, &[&hash]),
            value: &psk_value,
        };
        let group = Group::join(&provider, &answer.welcome, &psk)?;
        let founder = group.leaf(REDEEMER_LEAF).ok_or(WHAT)?;
        if founder.credential != speaker.fingerprint().as_bytes()
            || answer.generation <= self.fixed.generation
        {
            return Err(WHAT);
        }
        let entered = group.entered(&provider)?;
        provider.overlay().accept();
        provider.overlay().flush()?;
        let begun = Begun {
            scope: pending.scope,
            signer_seed: pending.signer_seed,
            group_id: group.id(),
            generation: answer.generation,
            my_leaf: INVITER_LEAF,
        };
        self.row.read_next = self.row.read_next.max(answer.write_next);
        // Our walk may have gone further than the peer looks.
        self.row.write_next = answer.read_next;
        let (peer_generation, peer_received) =
            self.as_known_here(answer.old_generation, &answer.received);
        // Whatever else was asked for is there now.
        self.row.withdraw(store)?;
        self.peer_is(speaker, pending.by_past, &entered);
        self.answered_as(pending.as_whom, pending.by_past, &entered);
        self.begin(store, begun, old, &entered)?;
        self.opened.happenings.push(Happening::Repaired {
            generation: answer.generation,
            peer_generation,
            peer_received,
        });
        Ok(())
    }

    /// What the peer has stored, in a generation that is known here. Of one after ours,
    /// in a life that is lost, nothing is known: it may lack all that was said again
    /// there.
    fn as_known_here(&self, generation: u32, received: &Receipts) -> (u32, Receipts) {
        if generation > self.fixed.generation {
            (0, Receipts::default())
        } else {
            (generation, received.clone())
        }
    }

    /// Replaces the old group by the new one. The Lamport time goes on.
    fn begin(
        &mut self,
        store: &dyn Store,
        begun: Begun,
        old: &Moving,
        entered: &mls::Entered,
    ) -> Result<(), StoreError> {
        self.row.last_heard = Some(heard(&self.fixed, &self.row, old));
        // The pinned identity signed for the binding: that stands for the binding commit,
        // whichever side founded the group.
        if old.is_requested() {
            let safety_number = self.fixed.safety_number.clone();
            self.opened
                .happenings
                .push(Happening::Established { safety_number });
        }
        delete_scope(store, &self.fixed.scope)?;
        delete_prefix(store, PARKED_TABLE, self.id.as_bytes())?;
        self.fixed.scope = begun.scope;
        self.fixed.signer_seed = begun.signer_seed;
        self.fixed.group_id = Blob(begun.group_id);
        self.fixed.generation = begun.generation;
        self.fixed.my_leaf = begun.my_leaf;
        self.fixed.peer_leaf = 1 - begun.my_leaf;
        self.row.halted = false;
        self.row.walk = None;
        Moving::anew(old, begun.my_leaf, self.fixed.peer_leaf, entered).write(store, self.id)
    }
}

/// A group that replaces another.
struct Begun {
    scope: ConversationId,
    signer_seed: Secret32,
    group_id: Vec<u8>,
    generation: u32,
    my_leaf: u32,
}

/// How far the next generation lies above the present one. Drawn, so that two groups of
/// which one was founded in a life that is lost do not bear one number: a report of what
/// came in the one must not be read as one of the other. `[HW-REC-5]`
pub(super) fn generation_step(rng: &mut dyn CryptoRng) -> u32 {
    1 + rng.next_u32() % MAX_GENERATION_STEP
}

/// What the peer said outside of the lanes.
#[allow(
    clippy::large_enum_variant,
    reason = "one at a time, and taken apart at once"
)]
enum Said {
    Routes(RouteUpdate),
    Request(Asked),
    Answer(RepairAnswer, VerifiedPeer),
}

/// A request of the peer.
struct Asked {
    request: RepairRequest,
    /// SHA-256 of its plaintext, which names the answer.
    hash: [u8; 32],
    /// Who signed it.
    speaker: VerifiedPeer,
    /// By it somebody hands over to who signed it.
    succeeds: bool,
}

/// Where a request of the peer was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Found {
    /// By the places of before the last change of an identity.
    by_past: bool,
    /// At the place of the answer to a request of ours.
    instead: bool,
}

/// At a place of its writer.
const AT_ITS_PLACE: Found = Found {
    by_past: false,
    instead: false,
};

/// At a place of its writer of before the last change of an identity.
const IN_THE_PAST: Found = Found {
    by_past: true,
    instead: false,
};

/// Not newer than any routes that the peer knows, so without effect.
fn no_news() -> RouteUpdate {
    RouteUpdate {
        serial: 0,
        routes: Routes::default(),
    }
}

pub(super) fn open_error(error: RecoveryError) -> OpenError {
    match error {
        RecoveryError::Store(error) => OpenError::Store(error),
        RecoveryError::Mls(error) => OpenError::Mls(error),
        _ => OpenError::Mls(MlsError::Internal("an answer with new keys")),
    }
}
