//! Whether people have made sure of who a contact is.

use hushwing_protocol::{Ctx, NotComparable, SafetyNumber, store::StoreError};

use crate::{
    Engine,
    naming::name_of,
    rows::{ContactId, ContactRow, Meeting, Rows, VerifiedRow},
    view::{
        CommandError, Comparison, EmojiView, ErrorCode, Reply, SafetyView, Verification,
        VerifiedHow,
    },
    views::{hex, standing, store_error},
};

/// What a person is told who writes to somebody who took another identity.
const SUCCEEDED: &str = "This contact has taken another identity. Both the old and the \
     new one vouch for it, but who stole the old one can do that too. No message goes out until \
     you compare the safety number and verify it, or go on without.";

/// What a person is told who writes to somebody whose safety number is another one than
/// the verified one, and what stands beside the messages that wait.
const CHANGED: &str = "The safety number of this contact is not the one that you \
     verified: it may be somebody else. No message goes out until you compare it again and \
     verify it, or take the mark away and go on without.";

/// The safety number of a contact that both sides are bound to.
fn number_of(ctx: &Ctx<'_>, row: &ContactRow) -> Result<Option<SafetyNumber>, StoreError> {
    match &row.meeting {
        Meeting::Established { conversation } => hushwing_protocol::view(ctx.store, conversation)
            .map(|view| view.safety_number)
            .map_err(|_| StoreError::Damaged("a conversation")),
        _ => Ok(None),
    }
}

impl Engine {
    /// Why sending to this contact waits for the user, if it does. `[HW-ENG-6]`
    pub(crate) fn undecided(
        ctx: &Ctx<'_>,
        row: &ContactRow,
    ) -> Result<Option<&'static str>, StoreError> {
        if row.verified.is_none() && row.succeeded_ms.is_none() {
            return Ok(None);
        }
        let number = number_of(ctx, row)?;
        Ok(match standing(row, number.as_ref()) {
            Verification::Changed { .. } => Some(CHANGED),
            Verification::Succeeded { .. } => Some(SUCCEEDED),
            Verification::Unverified | Verification::Verified { .. } => None,
        })
    }

    /// What two people compare.
    pub(crate) fn safety_number(
        &mut self,
        ctx: &mut Ctx<'_>,
        who: &str,
    ) -> Result<Reply, CommandError> {
        let id = self.find_usable(ctx, who)?;
        let (row, number) = self.bound(ctx, &id)?;
        let emoji = number.emoji().map(|one| EmojiView {
            symbol: one.symbol.to_string(),
            english: one.english.to_owned(),
            spanish: one.spanish.to_owned(),
            arabic: one.arabic.to_owned(),
        });
        Ok(Reply::Safety(SafetyView {
            contact: hex(&id.0),
            name: name_of(ctx, &id, &row).map_err(store_error)?,
            digits: number.to_string(),
            emoji: emoji.to_vec(),
            code: number.code(),
            verification: standing(&row, Some(&number)),
        }))
    }

    /// Marks a contact as verified, if what the other side shows is what is shown here.
    /// `[HW-ENG-6]`
    pub(crate) fn verify(
        &mut self,
        ctx: &mut Ctx<'_>,
        who: &str,
        by: &Comparison,
    ) -> Result<Reply, CommandError> {
        let id = self.find_usable(ctx, who)?;
        let (_, number) = self.bound(ctx, &id)?;
        let (equal, how) = match by {
            Comparison::Emoji => (Ok(true), VerifiedHow::Emoji),
            Comparison::Digits { theirs: None } => (Ok(true), VerifiedHow::Digits),
            Comparison::Digits {
                theirs: Some(theirs),
            } => (number.is_digits(theirs), VerifiedHow::Digits),
            Comparison::Code { theirs } => (number.is_code(theirs), VerifiedHow::Code),
        };
        match equal {
            Ok(true) => self.set_verified(ctx, &id, Some((number.mark(), how))),
            Ok(false) => Err(self.mismatch(ctx, &id, by)),
            Err(why) => Err(CommandError::new(
                ErrorCode::BadInput,
                format!("It cannot be compared: {why}. Nothing was marked."),
            )),
        }
    }

    /// Takes the mark away.
    pub(crate) fn unverify(&mut self, ctx: &mut Ctx<'_>, who: &str) -> Result<Reply, CommandError> {
        let id = self.find_usable(ctx, who)?;
        self.set_verified(ctx, &id, None)
    }

    fn set_verified(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: &ContactId,
        verified: Option<([u8; 32], VerifiedHow)>,
    ) -> Result<Reply, CommandError> {
        self.whole(ctx, id, |engine, ctx| {
            let mut row = Rows(ctx.store)
                .contact(id)?
                .ok_or(StoreError::Damaged("the contact"))?;
            row.verified = verified.map(|(mark, how)| VerifiedRow {
                mark,
                how,
                at_ms: ctx.now_ms,
            });
            row.succeeded_ms = None;
            // What waited for this decision goes out now.
            engine.seal_waiting(ctx, id, &mut row)?;
            Rows(ctx.store).put_contact(id, &row)?;
            engine.refresh_contact(ctx, id, &row)
        })?;
        self.contact_view(ctx, id).map(Reply::Contact)
    }

    /// A contact with whom there is something to compare.
    fn bound(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: &ContactId,
    ) -> Result<(ContactRow, SafetyNumber), CommandError> {
        let found = self.whole(ctx, id, |_, ctx| {
            let Some(row) = Rows(ctx.store).contact(id)? else {
                return Ok(None);
            };
            let number = number_of(ctx, &row)?;
            Ok(number.map(|number| (row, number)))
        })?;
        found.ok_or_else(|| {
            CommandError::new(
                ErrorCode::Refused,
                "There is nothing to compare yet: the safety number is there when the contact has \
                 come online once.",
            )
        })
    }

    /// Why what the other side shows is not what is shown here.
    fn mismatch(&mut self, ctx: &mut Ctx<'_>, id: &ContactId, by: &Comparison) -> CommandError {
        let of = self.whose(ctx, id, by);
        CommandError::new(
            ErrorCode::Mismatch,
            match of {
                Some(name) => format!(
                    "This is not the safety number of this contact but that of '{name}'. Nothing \
                     was marked; compare the right one."
                ),
                None => "The safety numbers DIFFER. Either this is the number of somebody else, \
                         or somebody stands between the two of you and reads along. Nothing was \
                         marked. Write nothing confidential, and meet again with a new invite that \
                         you hand over in person."
                    .to_owned(),
            },
        )
    }

    /// Another contact whose number it is.
    fn whose(&self, ctx: &Ctx<'_>, not: &ContactId, by: &Comparison) -> Option<String> {
        let rows = Rows(ctx.store).contact_ids().ok()?;
        rows.into_iter().filter(|id| id != not).find_map(|id| {
            let row = Rows(ctx.store).contact(&id).ok()??;
            let number = number_of(ctx, &row).ok()??;
            let equal: Result<bool, NotComparable> = match by {
                Comparison::Emoji | Comparison::Digits { theirs: None } => Ok(false),
                Comparison::Digits {
                    theirs: Some(theirs),
                } => number.is_digits(theirs),
                Comparison::Code { theirs } => number.is_code(theirs),
            };
            if equal == Ok(true) {
                name_of(ctx, &id, &row).ok()
            } else {
                None
            }
        })
    }
}
