//! Which way a box goes, and when.

use hushwing_protocol::{Ctx, store::StoreError};
use hushwing_wire::{RelayAddress, SealedBox, address::Endpoint, limits::DEFAULT_TTL_S};

use super::{DirectHealth, Flight, NEVER, Way};
use crate::{
    Engine,
    io::{FlightId, Isolation, Operation, Purpose, Transmit},
    limits,
    rows::{ContactId, OutId, Owner, Rows},
    view::{DeliveryPolicy, NetworkView},
};

impl Engine {
    /// Puts on their way what can go now.
    pub(crate) fn pump(&mut self, ctx: &mut Ctx<'_>) -> Result<(), StoreError> {
        self.notice_clock(ctx.now_ms);
        self.put_doubtful_again(ctx)?;
        let due: Vec<OutId> = self
            .attempts
            .iter()
            .filter(|(_, attempt)| attempt.next_try_ms <= ctx.now_ms)
            .map(|(id, _)| *id)
            .collect();
        let mut told = Vec::new();
        for id in due {
            let ways = self.choose_ways(&id, ctx.now_ms);
            for way in ways {
                self.with_owner(ctx, &id, |engine, ctx| engine.launch(ctx, &id, &way))?;
                told.push(id);
            }
        }
        self.pump_drops(ctx)?;
        for id in told {
            self.with_owner(ctx, &id, |engine, ctx| engine.tell_out(ctx, &id))?;
        }
        Ok(())
    }

    /// Runs a step in the room of the contact or invite that `id` belongs to.
    pub(crate) fn with_owner(
        &mut self,
        ctx: &mut Ctx<'_>,
        id: &OutId,
        step: impl FnMut(&mut Self, &mut Ctx<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        match id.owner() {
            Owner::Contact(contact) => self.in_room(ctx, &contact, step)?,
            Owner::Invite(invite) => self.in_invite_room(ctx, &invite, step)?,
            Owner::Test(_) => None,
        };
        Ok(())
    }

    /// Which ways to start now. The contact's own node goes first, alone, for
    /// [`limits::DIRECT_HEAD_START_MS`]; then the relays as well.
    fn choose_ways(&mut self, id: &OutId, now_ms: u64) -> Vec<Way> {
        if self.delivery_is_damaged {
            if let Some(attempt) = self.attempts.get_mut(id) {
                attempt.last_error = Some(NO_POLICY.to_owned());
                attempt.next_try_ms = NEVER;
            }
            return Vec::new();
        }
        let online = self.network == NetworkView::Ready;
        let relays = self.relays_for(id);
        let Some(routes) = self.routes.get(&id.owner()) else {
            return Vec::new();
        };
        let direct_allowed = self.delivery != DeliveryPolicy::RelayOnly;
        let owner = id.owner();
        let health = match id {
            OutId::Box(contact, ..) | OutId::Recovery(contact, _) => {
                self.direct.entry(*contact).or_default()
            }
            _ => &mut DirectHealth {
                rest_until_ms: NEVER,
                ..DirectHealth::default()
            },
        };
        let pushes = self.flying.get(&(owner, true)).copied().unwrap_or(0);
        let puts = self.flying.get(&(owner, false)).copied().unwrap_or(0);
        let Some(attempt) = self.attempts.get_mut(id) else {
            return Vec::new();
        };
        if relays.is_empty() {
            attempt.direct_refused = false;
        }
        let direct_flies = attempt.in_flight.contains(&Way::Direct);
        let direct_possible = routes
            .direct
            .as_ref()
            .is_some_and(|address| reachable(address, online))
            && direct_allowed
            && attempt.stored_at.is_empty()
            && !attempt.direct_refused
            && !direct_flies;
        let rest_until = health.rest_until_ms;
        if direct_possible && rest_until <= now_ms {
            let room = if health.answers {
                limits::MAX_IN_FLIGHT_PER_OWNER
            } else {
                limits::DIRECT_PROBES
            };
            if pushes < room {
                health.probed_at_ms = now_ms;
                attempt.next_try_ms = now_ms + limits::DIRECT_HEAD_START_MS;
                return vec![Way::Direct];
            }
            // Whatever lands next wakes it; without that, the relays after the
            // same head start.
            let relays_from = health.probed_at_ms + limits::DIRECT_HEAD_START_MS;
            if now_ms < relays_from {
                attempt.next_try_ms = relays_from;
                return Vec::new();
            }
        }
        if puts >= limits::MAX_IN_FLIGHT_PER_OWNER {
            attempt.next_try_ms = now_ms + limits::RETRY_FIRST_MS;
            return Vec::new();
        }
        let relays: Vec<Way> = relays
            .into_iter()
            .filter(|address| {
                reachable(address, online)
                    && !attempt.stored_at.contains(address)
                    && !attempt.lost_at.contains(address)
            })
            .map(Way::Relay)
            .filter(|way| !attempt.in_flight.contains(way))
            .collect();
        // Another box may be probing the direct path: then not before that has had
        // a moment, or a box without relays would be looked at without pause.
        attempt.next_try_ms = if relays.is_empty() && direct_possible && rest_until != NEVER {
            rest_until.max(now_ms + limits::RETRY_FIRST_MS)
        } else {
            NEVER
        };
        relays
    }

    fn launch(&mut self, ctx: &Ctx<'_>, id: &OutId, way: &Way) -> Result<(), StoreError> {
        let Some(boxed) = Rows(ctx.store).out_box(id)? else {
            self.attempts.remove(id);
            return Ok(());
        };
        let boxed = SealedBox::from_slice(&boxed).map_err(|_| StoreError::Damaged("outbox"))?;
        let Some(to) = self.address_of(&id.owner(), way) else {
            return Ok(());
        };
        let Some(attempt) = self.attempts.get_mut(id) else {
            return Ok(());
        };
        attempt.in_flight.insert(way.clone());
        let slot = attempt.slot;
        let purpose = match way {
            Way::Direct => Purpose::Direct,
            Way::Relay(_) => Purpose::Write,
        };
        let flight = self.new_flight(Flight::Put(*id, way.clone()));
        let is_push = *way == Way::Direct;
        *self.flying.entry((id.owner(), is_push)).or_default() += 1;
        self.transmits.push_back(Transmit {
            id: flight,
            to,
            isolation: Isolation {
                owner: id.owner(),
                purpose,
            },
            operation: Operation::Put {
                slot,
                boxed,
                ttl_s: DEFAULT_TTL_S,
            },
        });
        Ok(())
    }

    pub(crate) fn new_flight(&mut self, flight: Flight) -> FlightId {
        let id = FlightId(self.next_flight);
        self.next_flight += 1;
        self.flights.insert(id, flight);
        id
    }

    fn address_of(&self, owner: &Owner, way: &Way) -> Option<RelayAddress> {
        match way {
            Way::Direct => self.routes.get(owner)?.direct.clone(),
            Way::Relay(address) => Some(address.clone()),
        }
    }

    /// Everything that waits is tried at once, by every way.
    pub(crate) fn forget_failures(&mut self, now_ms: u64) {
        self.direct.clear();
        for attempt in self.attempts.values_mut() {
            attempt.failures = 0;
            attempt.direct_refused = false;
            attempt.lost_at.clear();
            attempt.next_try_ms = now_ms;
        }
        for drop in self.drops.values_mut() {
            if drop.next_try_ms != NEVER {
                drop.next_try_ms = now_ms;
            }
        }
    }

    /// A relay that was silent for a while answers: what waits for it is tried at
    /// once.
    pub(crate) fn wake_what_waits_for(&mut self, relay: &RelayAddress, now_ms: u64) {
        let waiting: Vec<OutId> = self
            .attempts
            .iter()
            .filter(|(_, attempt)| {
                attempt.next_try_ms > now_ms
                    && attempt.in_flight.is_empty()
                    && !attempt.stored_at.contains(relay)
                    && !attempt.lost_at.contains(relay)
            })
            .map(|(id, _)| *id)
            .collect();
        for id in waiting {
            if self.relays_for(&id).contains(relay)
                && let Some(attempt) = self.attempts.get_mut(&id)
            {
                attempt.next_try_ms = now_ms;
            }
        }
    }

    /// A contact was heard from: its node is worth a try again.
    pub(crate) fn heard_from(&mut self, contact: &ContactId) {
        if let Some(health) = self.direct.get_mut(contact) {
            health.rest_until_ms = 0;
            health.failures = 0;
        }
    }

    /// A place is free: the first of this owner's things that wait for one is
    /// looked at again.
    pub(super) fn wake_next_of(&mut self, owner: &Owner, now_ms: u64) {
        for (_, attempt) in self
            .attempts
            .iter_mut()
            .filter(|(id, attempt)| {
                id.owner() == *owner && attempt.in_flight.is_empty() && attempt.failures == 0
            })
            .take(limits::MAX_IN_FLIGHT_PER_OWNER)
        {
            attempt.next_try_ms = attempt.next_try_ms.min(now_ms);
        }
    }
}

/// Whether an address can be dialled: on this machine always, elsewhere only
/// through Tor. Keeps what waits for Tor from counting failures.
pub(super) fn reachable(address: &RelayAddress, online: bool) -> bool {
    online || matches!(address.endpoint, Endpoint::Loopback(_))
}

/// What a person sees while it is not known which ways they allow.
pub(crate) const NO_POLICY: &str = "Your choice of ways ('hushwing delivery') is damaged. Nothing \
     is sent until you choose again.";
