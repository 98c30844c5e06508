//! Requests of both sides that cross: which goes first, and what comes of a question.
//! `[HW-REC-7]` `[HW-REC-8]`

use std::cmp::Ordering;

use hushwing_wire::{Need, RepairRequest};
use zeroize::Zeroizing;

use super::{
    AsWhom, Asked, Found, Kind, OpenError, Opened, Pending, Step, make_request, no_news, open_error,
};
use crate::{
    Ctx,
    conversation::{
        Happening, Unreadable,
        asking::plaintext_of,
        recovery::{Answered, BOX_LABEL, RecoveryBox, write_fixed},
        state::{INVITER_LEAF, Moving},
    },
    marks::Comparison,
    mls::{MlsError, overlay::delete_scope},
    secret::Blob,
    store::{Store, StoreError},
};

/// How long a question may cross one of the peer, in milliseconds: as long as the
/// peer may take to come online and read it.
pub(in crate::conversation) const CROSSING_MS: u64 = 86_400_000;

impl Step<'_> {
    /// Our request goes first: it is put where the peer waits for the answer to its
    /// own, because that place it finds, however far it is behind. `[HW-REC-8]`
    pub(super) fn put_ours_instead(
        &mut self,
        ctx: &mut Ctx<'_>,
        hash: &[u8; 32],
        found: Found,
    ) -> Result<(), OpenError> {
        let Some(ours) = self.row.ours(found.by_past) else {
            return Ok(());
        };
        let padded = plaintext_of(ours)?
            .to_padded()
            .map(Zeroizing::new)
            .map_err(|_| StoreError::Damaged("a request for new keys"))?;
        let (slot, key) = self.places_of(found).answer(hash);
        let boxed = key
            .seal(ctx.rng, BOX_LABEL, &slot, &padded)
            .map_err(|_| OpenError::Mls(MlsError::Internal("sealing a request")))?;
        self.row.answered = Some(Answered {
            request: *hash,
            boxed: Blob(boxed.as_bytes().to_vec()),
            is_ours: true,
        });
        self.opened.answer = Some(RecoveryBox { slot, boxed });
        Ok(())
    }

    /// Two questions crossed, and both sides may see that the keys do not fit. If both
    /// answered, they would part: the redeemer does, and the inviter waits for it once.
    pub(super) fn leaves_it_to_the_peer(&mut self, now_ms: u64, peer_reads: u32) -> bool {
        if self.fixed.writer != INVITER_LEAF {
            return false;
        }
        let recent = |one: &&mut Pending| {
            !one.passed_over
                && one.place >= peer_reads
                && now_ms.abs_diff(one.asked_at_ms) < CROSSING_MS
        };
        let Some(pending) = self.row.pending.as_mut().filter(recent) else {
            return false;
        };
        pending.passed_over = true;
        true
    }

    /// Of two requests that cross, a succession goes first, then one that must be
    /// answered, then a question, and of two equal ones the inviter's. Both sides see the
    /// same two. `[HW-REC-8]`
    pub(super) fn ours_goes_first(&self, theirs: &Asked, by_past: bool) -> bool {
        let Some(ours) = self.row.ours(by_past) else {
            return false;
        };
        let ours = (ours.as_whom != AsWhom::Us, !ours.is_question);
        let theirs = (theirs.succeeds, theirs.request.need == Need::Sure);
        match ours.cmp(&theirs) {
            Ordering::Greater => true,
            Ordering::Equal => self.fixed.writer == INVITER_LEAF,
            Ordering::Less => false,
        }
    }

    /// The peer's request lies where the answer to ours should: it goes first. One
    /// that cannot be answered uses ours up, as an answer that cannot be used does.
    pub(super) fn take_counter_request(
        mut self,
        ctx: &mut Ctx<'_>,
        asked: Asked,
        by_past: bool,
    ) -> Result<Opened, OpenError> {
        let found = Found {
            by_past,
            instead: true,
        };
        let ours = self.row.ours(by_past);
        if ours.is_some_and(|ours| ours.as_whom == AsWhom::UsAnew) {
            // It may not know yet who would answer.
            self.tell_who_we_are(ctx, &asked, found)?;
        } else {
            self.take_request(ctx, asked, found)?;
            // With new keys there, or keys that fit, it is out no more.
            if self.drop_ours(ctx.store, by_past)? && !by_past {
                self.row.halted = true;
                self.opened.happenings.push(Happening::AnswerRefused {
                    why: Unreadable::Mls(MlsError::Refused("a request in the place of an answer")),
                });
            }
        }
        write_fixed(ctx.store, self.id, &self.fixed)?;
        self.row.write(ctx.store, self.id)?;
        Ok(self.opened)
    }

    /// Forgets the one of our requests that goes by these places; whether there was one.
    pub(super) fn drop_ours(
        &mut self,
        store: &dyn Store,
        by_past: bool,
    ) -> Result<bool, StoreError> {
        let ours = self.row.ours_mut(by_past).take();
        if let Some(ours) = &ours {
            delete_scope(store, &ours.scope)?;
        }
        Ok(ours.is_some())
    }

    /// Compares what a question states with what is known here. `[HW-REC-7]`
    pub(super) fn compare(
        &self,
        store: &dyn Store,
        request: &RepairRequest,
    ) -> Result<Comparison, OpenError> {
        let moving = Moving::read(store, self.id)?;
        if request.generation != self.fixed.generation || moving.is_hollow() || self.row.halted {
            return Ok(Comparison::Differs);
        }
        let theirs = moving
            .received
            .compare(request.sent, &request.acknowledged, &request.open);
        let ours = if request.received_in == request.generation {
            moving.peer_received.compare(moving.sent, &request.received)
        } else {
            Comparison::Agrees
        };
        Ok(theirs.max(ours))
    }

    /// The peer may have forgotten what it knew, or its question is from before it
    /// knew: only it can tell, from a question of ours in the place of an answer.
    /// `[HW-REC-7]`
    pub(super) fn ask_back(
        &mut self,
        ctx: &mut Ctx<'_>,
        hash: &[u8; 32],
        found: Found,
    ) -> Result<(), OpenError> {
        // One that is out may have been answered by now.
        if self.row.pending.is_none() {
            let kind = Kind::Question;
            make_request(ctx, self.id, &self.fixed, &mut self.row, no_news(), kind)
                .map_err(open_error)?;
        }
        self.put_ours_instead(ctx, hash, found)
    }
}
