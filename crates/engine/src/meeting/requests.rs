//! Requests: answers to invites of ours that ask, about which the user decides.
//!
//! Until then there is one row and nothing else: no contact, no conversation, nothing
//! that leaves this machine. Whoever asks can tell neither that the request was found
//! nor what was decided, unless it is accepted. `[HW-REQ-1]`

use hushwing_protocol::{Ctx, InviteError, InviteId, RequestSlot, store::StoreError};
use hushwing_wire::SealedBox;

use crate::{
    Engine, limits,
    rows::{ContactId, InviteRow, RequestRow, Rows},
    view::{CommandError, ErrorCode, Event, InviteState, RequestState, RequestView},
    views,
};

impl Engine {
    /// Keeps what answers an invite for the user to decide about.
    pub(super) fn keep_request(
        &mut self,
        ctx: &mut Ctx<'_>,
        invite: &InviteId,
        row: &InviteRow,
        which: RequestSlot,
        boxed: &SealedBox,
    ) -> Result<(), InviteError> {
        let claim = hushwing_protocol::look_at(ctx, invite, which, boxed)?;
        let gives_up_at_ms = row.expires_at_ms.saturating_add(limits::INVITE_GRACE_MS);
        let request = RequestRow {
            boxed: boxed.clone(),
            name: claim.peer_name,
            safety_number: claim.safety_number.to_string(),
            since_ms: ctx.now_ms,
            expires_at_ms: gives_up_at_ms.min(ctx.now_ms + limits::REQUEST_LIFE_MS),
            state: RequestState::Open,
        };
        Rows(ctx.store).put_request(invite, &request)?;
        self.close_invite(ctx, invite, row.clone(), InviteState::Asked)?;
        Ok(self.tell_request(ctx, invite)?)
    }

    /// Whether answers to this invite are left at the relays, because the user has
    /// enough to decide about. `[HW-REQ-3]`
    pub(crate) fn is_unread_for_now(&self, invite: &InviteId) -> bool {
        self.requests.len() >= limits::MAX_OPEN_REQUESTS && self.asking.contains(invite)
    }

    /// Whether an invite in this state may still become a contact.
    pub(super) fn may_come_true(state: InviteState) -> bool {
        Self::is_open(state) || state == InviteState::Asked
    }

    /// How many requests wait for the user's decision.
    #[must_use]
    pub fn open_requests(&self) -> u64 {
        self.requests.len() as u64
    }

    /// All requests that can be read, open ones first, then the oldest first.
    pub(crate) fn request_views(&self, ctx: &Ctx<'_>) -> Result<Vec<RequestView>, StoreError> {
        let rows = Rows(ctx.store);
        let mut requests = Vec::new();
        for (invite, row) in rows.invites()? {
            let Some(row) = row.filter(|_| !self.damaged_invites.contains(&invite)) else {
                continue;
            };
            if row.state != InviteState::Asked {
                continue;
            }
            match rows.request(&invite) {
                Ok(Some(request)) => requests.push(view_of(&invite, &row, &request)),
                // Found just now; the next step that needs it closes its invite.
                Ok(None) | Err(StoreError::Damaged(_)) => {}
                Err(error) => return Err(error),
            }
        }
        requests.sort_by_key(|view| (view.state == RequestState::Blocked, view.since_ms));
        Ok(requests)
    }

    pub(super) fn tell_request(
        &mut self,
        ctx: &Ctx<'_>,
        invite: &InviteId,
    ) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        if let (Some(row), Some(request)) = (rows.invite(invite)?, rows.request(invite)?) {
            self.tell(Event::Request(view_of(invite, &row, &request)));
        }
        Ok(())
    }

    /// A request is decided about or over: nothing of it stays.
    pub(super) fn forget_request(
        &mut self,
        ctx: &Ctx<'_>,
        invite: &InviteId,
    ) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        if !matches!(rows.request(invite), Ok(None)) {
            rows.delete_request(invite)?;
            self.tell(Event::RequestOver {
                request: views::hex(invite.as_bytes()),
            });
        }
        Ok(())
    }

    /// The user wants whoever sent this request as a contact.
    pub(crate) fn accept_request(
        &mut self,
        ctx: &mut Ctx<'_>,
        invite: &InviteId,
    ) -> Result<ContactId, CommandError> {
        let contacts = Rows(ctx.store).contact_ids().map_err(views::store_error)?;
        if contacts.len() >= limits::MAX_CONTACTS {
            return Err(CommandError::new(
                ErrorCode::Limit,
                "You have 500 contacts, which is the limit of one account.",
            ));
        }
        let admitted = self.in_invite_room(ctx, invite, |engine, ctx| {
            let rows = Rows(ctx.store);
            let (Some(row), Some(request)) = (rows.invite(invite)?, rows.request(invite)?) else {
                return Err(StoreError::Damaged("a request"));
            };
            engine.forget_request(ctx, invite)?;
            let first = RequestSlot::ALL[0];
            match engine.admit(ctx, invite, &row, first, &request.boxed) {
                Err(InviteError::Store(error)) => Err(error),
                admitted => Ok(admitted),
            }
        });
        match admitted.map_err(views::store_error)? {
            Some(Ok(contact)) => Ok(contact),
            // The step as a whole is undone, so the request is there as before.
            Some(Err(error)) => Err(CommandError::new(
                ErrorCode::VaultUnusable,
                format!("The request cannot be accepted any more ({error}). Make a new invite."),
            )),
            None => Err(damaged()),
        }
    }

    /// The user does not want to be asked by this request any more; it is kept apart
    /// while it lasts. `[HW-REQ-5]`
    pub(crate) fn block_request(
        &mut self,
        ctx: &mut Ctx<'_>,
        invite: &InviteId,
    ) -> Result<(), CommandError> {
        let blocked = self.in_invite_room(ctx, invite, |engine, ctx| {
            let rows = Rows(ctx.store);
            let (Some(row), Some(mut request)) = (rows.invite(invite)?, rows.request(invite)?)
            else {
                return Err(StoreError::Damaged("a request"));
            };
            request.state = RequestState::Blocked;
            rows.put_request(invite, &request)?;
            engine.refresh_invite(ctx, invite, &row)?;
            engine.tell_request(ctx, invite)
        });
        blocked.map_err(views::store_error)?.ok_or_else(damaged)
    }
}

fn view_of(invite: &InviteId, row: &InviteRow, request: &RequestRow) -> RequestView {
    RequestView {
        id: views::hex(invite.as_bytes()),
        name: request.name.clone(),
        safety_number: request.safety_number.clone(),
        since_ms: request.since_ms,
        expires_at_ms: request.expires_at_ms,
        state: request.state,
        used_twice: row.second_use_told,
    }
}

fn damaged() -> CommandError {
    CommandError::new(
        ErrorCode::VaultUnusable,
        "This request is damaged in your account. Revoke its invite and make a new one.",
    )
}
