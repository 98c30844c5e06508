//! Waiting at relays, as the driver does it: one question for each relay and
//! owner, asked again when the slots change, with pauses after failures.

use hushwing_engine::view::RelayState;
use hushwing_wire::{RequestOp, ResponseOp};
use rand::RngExt as _;

use super::{Event, World, traffic::Asked};
use crate::{
    machine::WaitKey,
    plan::{SECOND_MS, Who},
};

/// First and longest pause after failures.
const RETRY_MS: (u64, u64) = (SECOND_MS, 60 * SECOND_MS);

/// Pause after a box that changed nothing.
const USELESS_PAUSE_MS: u64 = 2 * SECOND_MS;

impl World {
    /// Asks for what somebody waits for.
    pub(crate) fn poll(&mut self, who: Who, key: &WaitKey, version: u64) {
        let person = &mut self.people[who];
        if let Some(until) = person.asleep_until_ms {
            return self.at(until + 1, Event::Poll(who, key.clone(), version));
        }
        let Some(waiting) = person.waits.get_mut(key) else {
            return;
        };
        if waiting.version != version || waiting.asked {
            return;
        }
        waiting.asked = true;
        let op = RequestOp::Get {
            slots: waiting.slots.clone(),
            wait_s: 60,
        };
        let asked = Asked::Wait(key.clone(), version);
        self.call(who, key.0.clone(), asked, op);
    }

    /// A wait has its answer.
    pub(crate) fn wait_answered(
        &mut self,
        who: Who,
        key: &WaitKey,
        version: u64,
        answer: Option<ResponseOp>,
    ) {
        let now_ms = self.now_ms;
        let person = &mut self.people[who];
        let Some(waiting) = person.waits.get_mut(key) else {
            return;
        };
        if waiting.version != version {
            // The slots have changed meanwhile; a box that comes all the same is
            // taken in if it is still awaited, as the driver does.
            return;
        }
        waiting.asked = false;
        let Some(answer) = answer else {
            waiting.failures = (waiting.failures + 1).min(16);
            let pause = (RETRY_MS.0 << (waiting.failures - 1).min(10)).min(RETRY_MS.1);
            let reason = "It cannot be reached.".to_owned();
            person.relay_is(&key.0, RelayState::Unreachable { reason }, now_ms);
            let pause = pause + self.rng.random_range(0..SECOND_MS);
            return self.after(pause, Event::Poll(who, key.clone(), version));
        };
        waiting.failures = 0;
        let found = match answer {
            ResponseOp::Found { index, boxed } => waiting
                .slots
                .get(usize::from(index))
                .map(|slot| (*slot, boxed)),
            _ => None,
        };
        person.relay_is(&key.0, RelayState::Reachable, now_ms);
        let Some((slot, boxed)) = found else {
            return self.after(USELESS_PAUSE_MS, Event::Poll(who, key.clone(), version));
        };
        self.found(who, &key.0.clone(), &slot, &boxed);
        // If that changed what is awaited, a new question is on its way already.
        let again = self.people[who]
            .waits
            .get(key)
            .is_some_and(|waiting| waiting.version == version && !waiting.asked);
        if again {
            self.after(USELESS_PAUSE_MS, Event::Poll(who, key.clone(), version));
        }
    }

    /// All waits of a relay end: it went down.
    pub(crate) fn unpark_all(&mut self, relay: usize) {
        for parked in std::mem::take(&mut self.servers[relay].parked) {
            self.after(100, Event::Answers(parked.call, None));
        }
    }

    /// All waits of somebody at a relay (or at all) end: the way there is cut.
    pub(crate) fn unpark_of(&mut self, who: Who, relay: Option<usize>) {
        for index in 0..self.servers.len() {
            if relay.is_some_and(|only| only != index) {
                continue;
            }
            let mut ended = Vec::new();
            self.servers[index].parked.retain(|parked| {
                let theirs = self
                    .calls
                    .get(&parked.call)
                    .is_none_or(|call| call.from == who);
                if theirs {
                    ended.push(parked.call);
                }
                !theirs
            });
            for call in ended {
                // A broken connection is noticed after a while.
                let noticed = self.rng.random_range(SECOND_MS..120 * SECOND_MS);
                self.after(noticed, Event::Answers(call, None));
            }
        }
    }
}
