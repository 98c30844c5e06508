//! How two people meet: invites of ours, invites of others, and what is
//! remembered of a contact.

mod ours;
mod requests;
mod theirs;

use std::collections::BTreeSet;

use hushwing_protocol::{ConversationId, Ctx, store::StoreError};
use hushwing_wire::{InviteLink, RelayAddress, Routes, address::Endpoint};

use crate::{
    Engine,
    engine::Awaited,
    outbox::relays_only,
    rows::{ContactId, ContactRow, Meeting, Owner, Rows},
    view::DeliveryPolicy,
};

const MS_PER_MIN: u64 = 60_000;

impl Engine {
    pub(crate) fn fail_contact(
        &mut self,
        ctx: &mut Ctx<'_>,
        contact: &ContactId,
        mut row: ContactRow,
        reason: String,
    ) -> Result<(), StoreError> {
        if let Some(conversation) = row.meeting.conversation() {
            forget(ctx, &conversation)?;
        }
        let request_relays = match &row.meeting {
            Meeting::Requested { request_relays, .. } => request_relays.clone(),
            _ => Vec::new(),
        };
        row.meeting = Meeting::Failed {
            reason: reason.clone(),
            request_relays,
        };
        let rows = Rows(ctx.store);
        rows.put_contact(contact, &row)?;
        self.fail_unsealed(ctx, contact, &reason)?;
        self.refresh_contact(ctx, contact, &row)?;
        self.tell_contact(ctx, contact, &row)
    }

    /// Brings what is remembered of a contact up to its row.
    pub(crate) fn refresh_contact(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        row: &ContactRow,
    ) -> Result<(), StoreError> {
        if Rows(ctx.store).blocked(contact)?.is_some() {
            self.fall_silent(contact);
            // Only to tell where messages lie.
            let routes = row.peer_routes.clone();
            self.routes.insert(Owner::Contact(*contact), routes);
            return Ok(());
        }
        self.blocked.remove(contact);
        let owner = Owner::Contact(*contact);
        self.waiting.remove(&owner);
        self.wait_relays.remove(&owner);
        self.windows.remove(contact);
        self.listening.remove(contact);
        self.deadlines.remove(contact);
        let mut routes = row.peer_routes.clone();
        match &row.meeting {
            Meeting::Fetching { link, .. } => {
                let link: InviteLink = link.parse().map_err(|_| StoreError::Damaged("contact"))?;
                let slot = hushwing_protocol::bundle_slot(&link);
                let over_at_ms = u64::from(link.expires_at_min) * MS_PER_MIN;
                self.deadlines.insert(*contact, over_at_ms);
                self.waiting
                    .insert(owner, vec![(slot, Awaited::Bundle(*contact))]);
                let relays = self.usable(relays_only(&link.relays)).relays;
                self.wait_relays.insert(owner, relays);
            }
            Meeting::Requested {
                conversation,
                request_relays,
                over_at_ms,
                ..
            } => {
                routes = relays_only(request_relays);
                self.deadlines.insert(*contact, *over_at_ms);
                self.await_boxes(ctx, contact, row, conversation)?;
            }
            Meeting::Established { conversation } => {
                self.await_boxes(ctx, contact, row, conversation)?;
            }
            Meeting::Failed { request_relays, .. } => routes = relays_only(request_relays),
        }
        self.routes.insert(owner, routes);
        self.refresh_care(contact, row);
        Ok(())
    }

    fn await_boxes(
        &mut self,
        ctx: &Ctx<'_>,
        contact: &ContactId,
        row: &ContactRow,
        conversation: &ConversationId,
    ) -> Result<(), StoreError> {
        let owner = Owner::Contact(*contact);
        let slots = hushwing_protocol::waits(ctx.store, conversation).map_err(state_error)?;
        let awaited = slots
            .into_iter()
            .map(|slot| (slot, Awaited::Box(*contact)))
            .collect();
        self.waiting.insert(owner, awaited);
        self.wait_relays.insert(owner, self.read_relays(row));
        let window = hushwing_protocol::window(ctx.store, conversation).map_err(state_error)?;
        self.windows
            .insert(*contact, window.into_iter().collect::<BTreeSet<_>>());
        // Who leaves mail at relays only does not show when it is online.
        if self.delivery != DeliveryPolicy::RelayOnly {
            self.listening.insert(*contact, row.node_keys);
        }
        Ok(())
    }

    // What may be dialled.

    /// Whether a peer may make us dial this. Addresses on this machine only
    /// where the user runs the whole network on it: otherwise a peer could
    /// make us knock at local ports.
    pub(super) fn is_usable(&self, relay: &RelayAddress) -> bool {
        match relay.endpoint {
            Endpoint::Onion { .. } | Endpoint::Host { .. } => true,
            Endpoint::Loopback(_) => self.allow_loopback,
            Endpoint::Clear(_) => false,
        }
    }

    pub(crate) fn usable(&self, mut routes: Routes) -> Routes {
        routes.relays.retain(|relay| self.is_usable(relay));
        routes
    }

    pub(super) fn new_contact_id(&self, ctx: &mut Ctx<'_>) -> ContactId {
        let mut id = [0; 16];
        ctx.rng.fill_bytes(&mut id);
        ContactId(id)
    }
}

fn forget(ctx: &mut Ctx<'_>, conversation: &ConversationId) -> Result<(), StoreError> {
    hushwing_protocol::forget(ctx, conversation).map_err(state_error)
}

fn state_error(error: hushwing_protocol::StateError) -> StoreError {
    match error {
        hushwing_protocol::StateError::Store(error) => error,
        hushwing_protocol::StateError::Unknown => StoreError::Damaged("conversation"),
    }
}
