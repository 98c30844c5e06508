//! What changes when one of the two is somebody else from now on, and what still comes by
//! the places of before. `[HW-ROT-1]` to `[HW-ROT-3]`

use super::{
    AsWhom, Asked, Found, IN_THE_PAST, Kind, OpenError, Past, PastOf, Said, Step, make_request,
    no_news, open_error,
};
use crate::{
    Ctx,
    conversation::{Happening, Whose, recovery::Answered},
    identity::VerifiedPeer,
    mls,
    safety::SafetyNumber,
};

impl Step<'_> {
    /// What the peer put at a place of before the last change of an identity.
    /// `[HW-ROT-3]`
    pub(super) fn take_from_the_past(
        &mut self,
        ctx: &mut Ctx<'_>,
        said: Said,
    ) -> Result<(), OpenError> {
        let asked = match said {
            Said::Routes(update) => return self.take_routes(update),
            Said::Answer(..) => return Ok(()),
            Said::Request(asked) => asked,
        };
        let is_known = |answered: &Answered| answered.request == asked.hash;
        if self.row.answered.as_ref().is_some_and(is_known) {
            return self.answer_again(&asked.hash, IN_THE_PAST).map(drop);
        }
        // Whoever knows the places of then can put an old request there again.
        if !self.row.is_news(&asked.request.routes) {
            return Ok(());
        }
        let past = self.row.past.as_ref().map(|past| &past.of);
        if matches!(past, Some(PastOf::Ours(_))) {
            // It came back from an older vault, and must learn who we are now before it
            // believes us anything else.
            self.tell_who_we_are(ctx, &asked, IN_THE_PAST)
        } else if self.ours_goes_first(&asked, true) {
            self.take_routes(asked.request.routes.clone())?;
            self.go_on_behind(&asked.request, true);
            self.put_ours_instead(ctx, &asked.hash, IN_THE_PAST)
        } else {
            // The peer took our last answer in a life that is lost, or never.
            self.take_request(ctx, asked, IN_THE_PAST)
        }
    }

    /// Puts our hand-over to who we are in the place of an answer by the past.
    /// `[HW-ROT-3]`
    pub(super) fn tell_who_we_are(
        &mut self,
        ctx: &mut Ctx<'_>,
        asked: &Asked,
        found: Found,
    ) -> Result<(), OpenError> {
        self.take_routes(asked.request.routes.clone())?;
        self.go_on_behind(&asked.request, true);
        if self.row.anew.as_ref().is_none_or(|one| one.is_question) {
            let (fixed, row) = (&self.fixed, &mut self.row);
            make_request(ctx, self.id, fixed, row, no_news(), Kind::Anew).map_err(open_error)?;
        }
        self.put_ours_instead(ctx, &asked.hash, found)
    }

    /// Whom the peer was, if it may still speak as that.
    pub(super) fn before(&self, by_past: bool) -> Option<&VerifiedPeer> {
        match self.row.past.as_ref().map(|past| &past.of) {
            Some(PastOf::Theirs(before)) if by_past => before.as_ref(),
            _ => None,
        }
    }

    /// All places are others from now on, if somebody is somebody else, or came by
    /// those of the past. `[HW-ROT-2]` `[HW-ROT-3]`
    pub(super) fn renew_places(
        &mut self,
        entered: &mls::Entered,
        by_past: bool,
        of: Option<PastOf>,
    ) {
        if !by_past && of.is_none() {
            return;
        }
        let (write_next, read_next) = (self.row.write_next, self.row.read_next);
        let root = self.row.renew_root(entered);
        match (&mut self.row.past, of) {
            // Where it was asked from stays the past: who asks there has not come along.
            (Some(past), Some(of)) if by_past => past.of = of,
            (_, None) => {}
            (past, Some(of)) => {
                *past = Some(Past {
                    root,
                    write_next,
                    read_next,
                    of,
                });
            }
        }
    }

    /// The peer is this one from now on, as before or somebody else. `[HW-ROT-2]`
    pub(super) fn peer_is(&mut self, speaker: VerifiedPeer, by_past: bool, entered: &mls::Entered) {
        if speaker == self.fixed.peer {
            return self.renew_places(entered, by_past, None);
        }
        let number = self.fixed.safety_number.clone();
        let before = std::mem::replace(&mut self.fixed.peer, speaker);
        self.fixed.safety_number = self.fixed.compared();
        self.fixed.peer_changes = self.fixed.peer_changes.saturating_add(1);
        self.renew_places(entered, by_past, Some(PastOf::Theirs(Some(before))));
        self.tell_succession(Whose::Theirs, number);
    }

    /// The peer took what our request said of who we are. `[HW-ROT-2]`
    pub(super) fn answered_as(&mut self, as_whom: AsWhom, by_past: bool, entered: &mls::Entered) {
        let next = match as_whom {
            AsWhom::Us | AsWhom::UsAnew => None,
            AsWhom::Successor => self.row.successor.take(),
        };
        let Some(next) = next else {
            return self.renew_places(entered, by_past, None);
        };
        let before = self.fixed.safety_number.clone();
        let ours = std::mem::replace(&mut self.fixed.identity, next.identity);
        self.fixed.direct = next.direct;
        self.fixed.safety_number = self.fixed.compared();
        self.renew_places(entered, by_past, Some(PastOf::Ours(ours)));
        self.tell_succession(Whose::Ours, before);
    }

    fn tell_succession(&mut self, whose: Whose, before: SafetyNumber) {
        let safety_number = self.fixed.safety_number.clone();
        if before != safety_number {
            self.opened.happenings.push(Happening::Succeeded {
                whose,
                before,
                safety_number,
            });
        }
    }
}
