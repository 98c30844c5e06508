//! Own relays: which of them contacts are told, and the rest of a dead one.
//!
//! A relay that does not answer although we are online and another one of ours
//! does is told to contacts no more, until it has answered steadily again. The
//! user's own list stays as it is. `[HW-RELAYS-1]`
//!
//! Time is counted as it is seen to pass, in small steps: a machine that slept, a
//! clock that jumped or was set back, and a network that was down are no evidence
//! against a relay.

use hushwing_protocol::{Ctx, store::StoreError};
use hushwing_wire::{RelayAddress, address::Endpoint};

use crate::{
    Engine, limits,
    rows::{ContactRow, RelayCare, RelayCareRow, Rows},
    view::{CommandError, ErrorCode, Event, NetworkView, RelayRole, RelayState, RelayView, Reply},
    views::store_error,
};

type Answer = Result<Reply, CommandError>;

/// A relay by the beginning of its address, as people see it elsewhere.
fn short(relay: &RelayAddress) -> String {
    let text = relay.to_string();
    let name = text.strip_prefix("hushwing-relay:").unwrap_or(&text);
    name.chars().take(12).collect()
}

/// What is known of the own relays, beside their list.
pub(crate) struct OwnRelays {
    pub(crate) list: Vec<RelayAddress>,
    /// How many are told at once.
    pub(crate) told: usize,
    care: RelayCare,
    /// Up to when time has been counted.
    observed_at_ms: u64,
    /// When it is counted next; none while all is well.
    pub(crate) observe_at_ms: Option<u64>,
}

impl Default for OwnRelays {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            told: limits::RELAYS_TOLD,
            care: RelayCare::default(),
            observed_at_ms: 0,
            observe_at_ms: None,
        }
    }
}

impl OwnRelays {
    fn care_of(&mut self, relay: &RelayAddress) -> &mut RelayCareRow {
        let known = self
            .care
            .relays
            .iter()
            .position(|care| care.relay == *relay);
        let at = known.unwrap_or_else(|| {
            self.care.relays.push(RelayCareRow::new(relay.clone()));
            self.care.relays.len() - 1
        });
        &mut self.care.relays[at]
    }

    fn rests_since(&self, relay: &RelayAddress) -> Option<u64> {
        let care = self.care.relays.iter().find(|care| care.relay == *relay)?;
        care.rests_since_ms
    }

    /// Those that contacts should know.
    pub(crate) fn told(&self) -> Vec<RelayAddress> {
        let awake = self
            .list
            .iter()
            .filter(|relay| self.rests_since(relay).is_none());
        let told: Vec<_> = awake.take(self.told).cloned().collect();
        if told.is_empty() {
            self.list.iter().take(self.told).cloned().collect()
        } else {
            told
        }
    }

    /// Those that rest. They are still read: mail may lie there, and so it is
    /// noticed when they answer again.
    fn resting(&self) -> impl Iterator<Item = &RelayAddress> {
        self.list
            .iter()
            .filter(|relay| self.rests_since(relay).is_some())
    }

    /// Whether contacts may be told another change today.
    fn may_change(&mut self, now_ms: u64) -> bool {
        for at in &mut self.care.changes {
            // Of a time that has not come yet, only that it was is known.
            *at = (*at).min(now_ms);
        }
        self.care
            .changes
            .retain(|at| at.saturating_add(limits::DAY_MS) > now_ms);
        self.care.changes.len() < limits::MAX_RELAY_CHANGES_A_DAY
    }
}

/// How long a relay must answer before it is told again.
fn return_after_ms(rests: u32) -> u64 {
    let doubled = limits::RETURN_AFTER_MS << rests.saturating_sub(1).min(8);
    doubled.min(limits::DAY_MS)
}

impl Engine {
    pub(crate) fn load_relays(&mut self, ctx: &Ctx<'_>) -> Result<(), StoreError> {
        self.mend_relays(ctx)?;
        let rows = Rows(ctx.store);
        self.ours.list = rows.relays()?;
        self.ours.told = rows.relays_told()?.unwrap_or(limits::RELAYS_TOLD);
        self.ours.care = rows.relay_care()?;
        self.ours.observed_at_ms = ctx.now_ms;
        self.watch_relays(ctx.now_ms);
        Ok(())
    }

    /// The relays that this contact should know: ours, or those of the invite
    /// while we have none.
    pub(crate) fn wanted_relays(&self, row: &ContactRow) -> Vec<RelayAddress> {
        if self.ours.list.is_empty() {
            row.my_relays.clone()
        } else {
            self.ours.told()
        }
    }

    /// Where boxes of this contact may lie.
    pub(crate) fn read_relays(&self, row: &ContactRow) -> Vec<RelayAddress> {
        let mut relays = row.my_relays.clone();
        let wanted = self.wanted_relays(row);
        let others = row
            .old_relays
            .iter()
            .chain(&wanted)
            .chain(self.ours.resting());
        for relay in others {
            if !relays.contains(relay) {
                relays.push(relay.clone());
            }
        }
        relays
    }

    /// What the driver learnt of a relay. Changes nothing that is stored: what
    /// follows from it is done at the next [`Engine::tick`].
    pub fn relay_is(&mut self, relay: &RelayAddress, state: RelayState, now_ms: u64) {
        if state == RelayState::Reachable
            && let Some((RelayState::Unreachable { .. }, since_ms)) = self.health.get(relay)
            && now_ms.saturating_sub(*since_ms) >= limits::RETRY_MAX_MS
        {
            self.wake_what_waits_for(relay, now_ms);
        }
        let since_ms = match self.health.get(relay) {
            Some((known, since_ms))
                if std::mem::discriminant(known) == std::mem::discriminant(&state) =>
            {
                *since_ms
            }
            _ => now_ms,
        };
        self.health.insert(relay.clone(), (state, since_ms));
        if self.ours.list.contains(relay) {
            self.watch_relays(now_ms);
        }
        self.forget_strange_relays();
    }

    /// Relays that nobody names any more are not kept in mind for ever.
    fn forget_strange_relays(&mut self) {
        if self.health.len() <= limits::MAX_KNOWN_RELAYS {
            return;
        }
        let ours = &self.ours.list;
        let routes = &self.routes;
        let waits = &self.wait_relays;
        self.health.retain(|relay, _| {
            ours.contains(relay)
                || routes.values().any(|routes| routes.relays.contains(relay))
                || waits.values().any(|relays| relays.contains(relay))
        });
    }

    /// Begins to count time when one of our relays is silent or rests.
    fn watch_relays(&mut self, now_ms: u64) {
        if self.ours.observe_at_ms.is_some() || self.network != NetworkView::Ready {
            return;
        }
        let is_silent = |relay: &&RelayAddress| {
            matches!(
                self.health.get(*relay),
                Some((RelayState::Unreachable { .. }, _))
            )
        };
        let needed = self.ours.resting().next().is_some()
            || self.ours.list.iter().any(|relay| is_silent(&relay));
        if needed && self.ours.list.len() > 1 {
            self.ours.observed_at_ms = now_ms;
            self.ours.observe_at_ms = Some(now_ms + limits::OBSERVE_MS);
        }
    }

    /// The network came or went: what was before is no evidence.
    pub(crate) fn network_shows_relays(&mut self, now_ms: u64) {
        self.ours.observe_at_ms = None;
        self.watch_relays(now_ms);
    }

    /// Counts the time that has passed for and against our relays, and changes
    /// what contacts are told where it has become enough.
    pub(crate) fn observe_relays(&mut self, ctx: &mut Ctx<'_>) -> Result<(), StoreError> {
        let now_ms = ctx.now_ms;
        let was_set_back = now_ms < self.ours.observed_at_ms;
        match self.ours.observe_at_ms {
            Some(at) if at <= now_ms || was_set_back => {}
            _ => return Ok(()),
        }
        let passed = now_ms
            .saturating_sub(self.ours.observed_at_ms)
            .min(2 * limits::OBSERVE_MS);
        self.ours.observe_at_ms = None;
        self.ours.observed_at_ms = now_ms;
        if self.network == NetworkView::Ready && self.ours.list.len() > 1 {
            let before = self.ours.told();
            self.count_time(passed);
            self.rest_the_silent(now_ms);
            self.return_the_steady(now_ms);
            Rows(ctx.store).put_relay_care(&self.ours.care)?;
            if self.ours.told() != before {
                self.tell_routes_to_all(ctx)?;
            }
        }
        self.watch_relays(now_ms);
        Ok(())
    }

    /// Whether a relay answers now. One at which nothing waits may have answered
    /// long ago: that says nothing of today's line.
    fn is_answering(&self, relay: &RelayAddress) -> bool {
        matches!(self.health.get(relay), Some((RelayState::Reachable, _)))
            && self
                .wait_relays
                .values()
                .any(|relays| relays.contains(relay))
    }

    fn count_time(&mut self, passed_ms: u64) {
        for relay in self.ours.list.clone() {
            let answers = self.is_answering(&relay);
            let is_silent = matches!(
                self.health.get(&relay),
                Some((RelayState::Unreachable { .. }, _))
            );
            let another_answers = self
                .ours
                .list
                .iter()
                .any(|other| *other != relay && self.is_answering(other));
            let care = self.ours.care_of(&relay);
            if answers {
                care.silent_ms = 0;
                if care.rests_since_ms.is_some() {
                    care.answering_ms = care.answering_ms.saturating_add(passed_ms);
                }
            } else if is_silent {
                care.answering_ms = 0;
                if another_answers {
                    care.silent_ms = care.silent_ms.saturating_add(passed_ms);
                }
            }
        }
    }

    fn rest_the_silent(&mut self, now_ms: u64) {
        for relay in self.ours.list.clone() {
            let care = self.ours.care_of(&relay);
            if care.rests_since_ms.is_some() || care.silent_ms < limits::REST_AFTER_MS {
                continue;
            }
            let others_awake = self
                .ours
                .list
                .iter()
                .any(|other| *other != relay && self.ours.rests_since(other).is_none());
            if !others_awake && !self.wake_an_answering(now_ms) {
                continue;
            }
            if !self.ours.may_change(now_ms) {
                continue;
            }
            self.ours.care.changes.push(now_ms);
            let care = self.ours.care_of(&relay);
            let was_well = care
                .returned_at_ms
                .is_none_or(|at| at.saturating_add(limits::RESTS_FORGOTTEN_MS) < now_ms);
            care.rests = if was_well {
                1
            } else {
                care.rests.saturating_add(1)
            };
            care.rests_since_ms = Some(now_ms);
            care.answering_ms = 0;
            self.tell(Event::Warning {
                text: format!(
                    "Your relay {} has not answered for {} minutes while another one did. Your \
                     contacts are told to leave mail at the others. It is read on, and used \
                     again once it answers steadily.",
                    short(&relay),
                    limits::REST_AFTER_MS / 60_000
                ),
            });
        }
    }

    /// The only relay in use is silent: one that rests and answers takes its
    /// place without waiting for the end of its rest.
    fn wake_an_answering(&mut self, now_ms: u64) -> bool {
        let candidate = self
            .ours
            .resting()
            .find(|relay| self.is_answering(relay))
            .cloned();
        let Some(relay) = candidate else {
            return false;
        };
        self.wake_relay(&relay, now_ms);
        true
    }

    fn wake_relay(&mut self, relay: &RelayAddress, now_ms: u64) {
        let care = self.ours.care_of(relay);
        care.rests_since_ms = None;
        care.silent_ms = 0;
        care.answering_ms = 0;
        care.returned_at_ms = Some(now_ms);
    }

    fn return_the_steady(&mut self, now_ms: u64) {
        for relay in self.ours.list.clone() {
            let care = self.ours.care_of(&relay);
            let is_steady =
                care.rests_since_ms.is_some() && care.answering_ms >= return_after_ms(care.rests);
            if is_steady && self.ours.may_change(now_ms) {
                self.ours.care.changes.push(now_ms);
                self.wake_relay(&relay, now_ms);
                self.tell(Event::Warning {
                    text: format!(
                        "Your relay {} answers steadily again. Your contacts are told.",
                        short(&relay)
                    ),
                });
            }
        }
    }

    // What people see and ask.

    /// What is known of a relay.
    #[must_use]
    pub fn relay_view(&self, relay: &RelayAddress) -> RelayView {
        let since_ms = self.ours.rests_since(relay);
        let role = match since_ms {
            Some(_) if self.ours.told().contains(relay) => RelayRole::Told,
            Some(_) => RelayRole::Resting,
            None if self.ours.told().contains(relay) => RelayRole::Told,
            None => RelayRole::Spare,
        };
        RelayView {
            address: relay.to_string(),
            state: self
                .health
                .get(relay)
                .map_or(RelayState::Unknown, |(state, _)| state.clone()),
            role,
            resting_since_ms: since_ms.filter(|_| role == RelayRole::Resting),
        }
    }

    /// All relays of this user.
    #[must_use]
    pub fn relay_views(&self) -> Vec<RelayView> {
        let relays = self.ours.list.iter();
        relays.map(|relay| self.relay_view(relay)).collect()
    }

    pub(crate) fn relay_add(&mut self, ctx: &mut Ctx<'_>, text: &str) -> Answer {
        let address = parse_relay(text)?;
        if matches!(address.endpoint, Endpoint::Loopback(_)) && !self.allow_loopback {
            return Err(CommandError::new(
                ErrorCode::BadInput,
                "This relay is on this machine only: the people you write to could not reach it. \
                 Start it with an onion address, or start hushwing with --allow-loopback to try \
                 things out on one machine.",
            ));
        }
        if !self.ours.list.contains(&address) {
            if self.ours.list.len() >= limits::MAX_OWN_RELAYS {
                return Err(CommandError::new(
                    ErrorCode::Limit,
                    "You use three relays already, which is the limit.",
                ));
            }
            let mut list = self.ours.list.clone();
            list.push(address.clone());
            self.use_relays(ctx, list).map_err(store_error)?;
        }
        Ok(Reply::Relay(self.relay_view(&address)))
    }

    pub(crate) fn relay_remove(&mut self, ctx: &mut Ctx<'_>, text: &str) -> Answer {
        let address = parse_relay(text)?;
        if !self.ours.list.contains(&address) {
            return Err(CommandError::new(
                ErrorCode::NotFound,
                "You do not use this relay. 'hushwing relay list' shows those that you use.",
            ));
        }
        if self.ours.list.len() == 1 {
            return Err(CommandError::new(
                ErrorCode::BadInput,
                "This is your only relay: without one nobody can leave mail for you. Add another \
                 first.",
            ));
        }
        let mut list = self.ours.list.clone();
        list.retain(|relay| *relay != address);
        self.use_relays(ctx, list).map_err(store_error)?;
        Ok(Reply::Done)
    }

    /// The user's list is this from now on; contacts are told.
    fn use_relays(&mut self, ctx: &mut Ctx<'_>, list: Vec<RelayAddress>) -> Result<(), StoreError> {
        let rows = Rows(ctx.store);
        rows.put_relays(&list)?;
        self.ours
            .care
            .relays
            .retain(|care| list.contains(&care.relay));
        self.ours.list = list;
        rows.put_relay_care(&self.ours.care)?;
        self.tell_routes_to_all(ctx)
    }

    /// How many of the own relays contacts are told at once.
    pub(crate) fn set_relays_told(
        &mut self,
        ctx: &mut Ctx<'_>,
        told: usize,
    ) -> Result<(), CommandError> {
        if !(1..=limits::MAX_OWN_RELAYS).contains(&told) {
            return Err(CommandError::new(
                ErrorCode::BadInput,
                "Contacts can be told 1 to 3 of your relays.",
            ));
        }
        Rows(ctx.store).put_relays_told(told).map_err(store_error)?;
        self.ours.told = told;
        self.tell_routes_to_all(ctx).map_err(store_error)
    }
}

/// The relay address in a text that a person typed.
///
/// # Errors
/// [`CommandError`] saying what is wrong with it.
pub fn parse_relay(text: &str) -> Result<RelayAddress, CommandError> {
    text.parse().map_err(|error| {
        CommandError::new(
            ErrorCode::BadInput,
            format!(
                "This is not a relay's address: {error}. It begins with 'hushwing-relay:'; copy \
                 all of it."
            ),
        )
    })
}
