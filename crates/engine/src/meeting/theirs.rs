//! Invites of others.

use hushwing_protocol::{Ctx, DirectKeys, InviteError, Me, store::StoreError};
use hushwing_wire::{InviteLink, Routes, SealedBox};

use super::MS_PER_MIN;
use crate::{
    Engine,
    inbox::Taken,
    limits,
    outbox::relays_only,
    rows::{ContactId, ContactRow, Meeting, OutId, Rows},
    view::{CommandError, ErrorCode},
    views,
};

impl Engine {
    /// Contacts whose invite's bundle did not come before it expired.
    pub(crate) fn give_up_fetching(&mut self, ctx: &mut Ctx<'_>) -> Result<(), StoreError> {
        let over: Vec<ContactId> = self
            .deadlines
            .iter()
            .filter(|(_, at)| **at <= ctx.now_ms)
            .map(|(contact, _)| *contact)
            .collect();
        for contact in over {
            self.deadlines.remove(&contact);
            self.in_room(ctx, &contact, |engine, ctx| {
                let Some(row) = Rows(ctx.store).contact(&contact)? else {
                    return Ok(());
                };
                let why = match row.meeting {
                    Meeting::Requested { .. } => UNANSWERED,
                    _ => GONE,
                };
                engine.fail_contact(ctx, &contact, row, why.to_owned())
            })?;
        }
        Ok(())
    }

    /// Starts to redeem somebody's link.
    pub(crate) fn redeem(
        &mut self,
        ctx: &mut Ctx<'_>,
        link: &str,
        name: String,
    ) -> Result<ContactId, CommandError> {
        let parsed: InviteLink = link.parse().map_err(|error| {
            CommandError::new(
                ErrorCode::BadInput,
                format!("This is not a usable invite: {error}. Copy the whole link again."),
            )
        })?;
        if u64::from(parsed.expires_at_min) * MS_PER_MIN <= ctx.now_ms {
            return Err(CommandError::new(
                ErrorCode::BadInput,
                "This invite has expired. Ask for a new one.",
            ));
        }
        if name.len() > hushwing_wire::limits::MAX_NAME_LEN {
            return Err(CommandError::new(ErrorCode::BadInput, views::LONG_NAME));
        }
        if !parsed.relays.iter().any(|relay| self.is_usable(relay)) {
            return Err(CommandError::new(
                ErrorCode::BadInput,
                "This invite names only relays that this program may not connect to.",
            ));
        }
        let rows = Rows(ctx.store);
        let contacts = rows.contacts().map_err(views::store_error)?;
        let count = rows.contact_ids().map_err(views::store_error)?.len();
        if count >= limits::MAX_CONTACTS {
            return Err(CommandError::new(
                ErrorCode::Limit,
                "You have 500 contacts, which is the limit of one account.",
            ));
        }
        let again = contacts.iter().any(|(_, row)| {
            matches!(&row.meeting, Meeting::Fetching { link: known, .. } if *known == parsed.to_string())
        });
        if again {
            return Err(CommandError::new(
                ErrorCode::BadInput,
                "You are redeeming this invite already.",
            ));
        }
        let relays = self.ours.told();
        // Without a relay of one's own, mail waits where the invite waited.
        let my_relays = if relays.is_empty() {
            parsed.relays.clone()
        } else {
            relays
        };
        let direct = DirectKeys::generate(ctx.rng);
        let id = self.new_contact_id(ctx);
        let meeting = Meeting::Fetching {
            link: parsed.to_string(),
            onion_seed: *direct.onion_seed(),
            tls_seed: *direct.tls_seed(),
            my_name: name,
        };
        let row = ContactRow::new(String::new(), meeting, my_relays);
        rows.put_contact(&id, &row).map_err(views::store_error)?;
        self.refresh_contact(ctx, &id, &row)
            .map_err(views::store_error)?;
        Ok(id)
    }

    /// The bundle behind a link that we redeem has arrived.
    pub(crate) fn take_bundle(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        boxed: &SealedBox,
    ) -> Result<Taken, StoreError> {
        let Some(mut row) = Rows(ctx.store).contact(contact)? else {
            return Ok(Taken::NotAwaited);
        };
        let Meeting::Fetching {
            link,
            onion_seed,
            tls_seed,
            my_name,
        } = row.meeting.clone()
        else {
            return Ok(Taken::NotAwaited);
        };
        let link: InviteLink = link.parse().map_err(|_| StoreError::Damaged("contact"))?;
        let direct = DirectKeys::from_seeds(onion_seed, tls_seed);
        let me = Me {
            name: my_name,
            routes: Routes {
                relays: row.my_relays.clone(),
                direct: Some(direct.address()),
            },
            direct,
        };
        match hushwing_protocol::redeem(ctx, &link, boxed, me) {
            Ok(redeemed) => {
                row.name = redeemed.peer_name;
                row.peer_routes = self.usable(redeemed.peer_routes);
                row.meeting = Meeting::Requested {
                    conversation: redeemed.conversation,
                    request_relays: self.usable(relays_only(&link.relays)).relays,
                    stored: false,
                    over_at_ms: u64::from(link.expires_at_min) * MS_PER_MIN
                        + limits::INVITE_GRACE_MS,
                };
                Rows(ctx.store).put_contact(contact, &row)?;
                self.refresh_contact(ctx, contact, &row)?;
                for ((slot, request), which) in redeemed.request.iter().zip(0u8..) {
                    let id = OutId::Request(*contact, which);
                    self.enqueue(ctx, &id, slot, request, None)?;
                    if which > 0 {
                        // Only if the first place turns out taken.
                        self.attempts.remove(&id);
                    }
                }
                self.tell_contact(ctx, contact, &row)?;
                Ok(Taken::Stored)
            }
            Err(InviteError::Store(error)) => Err(error),
            Err(InviteError::Forged | InviteError::WrongBundle) => Ok(Taken::Forged),
            Err(error) => {
                let reason = format!("The invite cannot be used: {error}. Ask for a new one.");
                self.fail_contact(ctx, contact, row, reason)?;
                Ok(Taken::Stored)
            }
        }
    }

    pub(crate) fn request_stored(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        which: u8,
    ) -> Result<(), StoreError> {
        let Some(mut row) = Rows(ctx.store).contact(contact)? else {
            return Ok(());
        };
        if which > 0 {
            return Ok(());
        }
        if let Meeting::Requested { stored, .. } = &mut row.meeting {
            *stored = true;
            Rows(ctx.store).put_contact(contact, &row)?;
            self.tell_contact(ctx, contact, &row)?;
        }
        Ok(())
    }

    /// Somebody else's request lies where ours should: the link was used. The
    /// second place tells the inviter so.
    pub(crate) fn request_taken(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        which: u8,
    ) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        let this = OutId::Request(*contact, which);
        self.attempts.remove(&this);
        rows.delete_out(&this)?;
        let Some(row) = rows.contact(contact)? else {
            return Ok(());
        };
        let Meeting::Requested { request_relays, .. } = &row.meeting else {
            return Ok(());
        };
        if which > 0 {
            return Ok(());
        }
        debug_assert!(!request_relays.is_empty());
        let second = OutId::Request(*contact, 1);
        let second_row = rows.out(&second)?;
        self.fail_contact(ctx, contact, row, USED.to_owned())?;
        if let Some(out) = second_row {
            self.track(&second, &out, ctx.now_ms);
        }
        Ok(())
    }

    /// The inviter answered: nothing more to request.
    pub(crate) fn requests_answered(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
    ) -> Result<(), StoreError> {
        for which in 0..2 {
            let id = OutId::Request(*contact, which);
            self.attempts.remove(&id);
            Rows(ctx.store).delete_out(&id)?;
        }
        Ok(())
    }
}

const GONE: &str = "The invite expired before what belongs to it could be fetched, or it was \
     taken back. Ask for a new one.";

const USED: &str = "Somebody has used this invite before you. Ask for a new one, and tell the \
     person who gave it to you: they are shown that it was used twice.";

const UNANSWERED: &str = "Nobody answered this invite in time. Ask for a new one.";
