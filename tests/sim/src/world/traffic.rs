//! Requests and answers on their way, as the bytes that they are.

use hushwing_engine::{DirectAnswer, FlightId, Operation, Outcome, Owner, Purpose, Transmit};
use hushwing_wire::{
    Refusal, RelayAddress, Request, RequestOp, Response, ResponseOp, SealedBox, Slot,
};
use rand::RngExt as _;

use super::{Cut, Event, World};
use crate::{
    Without,
    fault::Fault,
    machine::WaitKey,
    plan::{MINUTE_MS, SECOND_MS, Who},
    server::{Parked, request_of, response_of},
};

/// One request that somebody waits for.
pub(crate) struct Call {
    pub(crate) from: Who,
    life: u64,
    engines: u64,
    to: RelayAddress,
    what: Asked,
}

/// A request on its way.
#[derive(Clone)]
pub(crate) struct Sent {
    from: Who,
    to: RelayAddress,
    frame: Vec<u8>,
}

/// What a request is for.
pub(crate) enum Asked {
    Flight(FlightId, Owner, Purpose),
    Wait(WaitKey, u64),
}

/// As long as the driver waits for an answer.
const DEADLINE_MS: u64 = 60 * SECOND_MS;

/// One way, at least, and up to three times that.
const LATENCY_MS: u64 = 80;

/// Boxes of one contact to one kind of place at once, by the engine's limit.
const MAX_PUTS_AT_ONCE: usize = hushwing_engine::limits::MAX_IN_FLIGHT_PER_OWNER;

impl World {
    /// A transmission leaves.
    pub(crate) fn launch(&mut self, who: Who, transmit: Transmit) {
        let Transmit {
            id,
            to,
            isolation,
            operation,
        } = transmit;
        let (op, word) = match operation {
            Operation::Put { slot, boxed, ttl_s } => {
                let number = self.trace.slot(&slot);
                let op = RequestOp::Put { slot, ttl_s, boxed };
                (op, format!("puts {number}"))
            }
            Operation::Drop { slots } => {
                let number = self.trace.slot(&slots[0]);
                (RequestOp::Drop { slots }, format!("drops {number}"))
            }
        };
        let place = self.place_name(&to);
        self.line(&format!("{who} {word} at {place}"));
        let what = Asked::Flight(id, isolation.owner, isolation.purpose);
        self.call(who, to, what, op);
        self.check_flights(who, &isolation.owner, isolation.purpose);
    }

    fn check_flights(&mut self, who: Who, owner: &Owner, purpose: Purpose) {
        let (life, engines) = (self.people[who].life, self.people[who].engines);
        let flying = self
            .calls
            .values()
            .filter(|call| {
                call.from == who
                    && call.life == life
                    && call.engines == engines
                    && matches!(&call.what, Asked::Flight(_, of, kind) if of == owner && *kind == purpose)
            })
            .count();
        let most = match purpose {
            Purpose::Direct | Purpose::Write => MAX_PUTS_AT_ONCE + 3,
            Purpose::Read | Purpose::Test => usize::MAX,
        };
        if flying > most {
            self.defect(format!(
                "person {who} has {flying} boxes on their way at once"
            ));
        }
    }

    /// Sends a request on its way.
    pub(crate) fn call(&mut self, who: Who, to: RelayAddress, what: Asked, op: RequestOp) {
        let number = self.next_call;
        self.next_call += 1;
        let id = u32::try_from(number).expect("calls of one run are few");
        let frame = Request { id, op }
            .to_frame()
            .expect("the engine asks what a frame can carry");
        let person = &self.people[who];
        let waits = matches!(what, Asked::Wait(..));
        let has_tor = person.has_tor;
        self.calls.insert(
            number,
            Call {
                from: who,
                life: person.life,
                engines: person.engines,
                to: to.clone(),
                what,
            },
        );
        if !has_tor {
            return self.after(50, Event::Answers(number, None));
        }
        if !waits {
            self.after(DEADLINE_MS, Event::Deadline(number));
        }
        if self.strikes(Fault::Loss) {
            // Half of the losses are noticed at once, half by their deadline.
            if waits || self.draw(Fault::Loss, 2) == 0 {
                let latency = self.latency();
                self.after(latency, Event::Answers(number, None));
            }
            return;
        }
        let latency = self.latency();
        let sent = Sent {
            from: who,
            to,
            frame,
        };
        if self.strikes(Fault::Duplicate) {
            let second = latency + self.draw(Fault::Duplicate, 2 * MINUTE_MS);
            self.after(second, Event::Arrives(number, sent.clone()));
        }
        self.after(latency, Event::Arrives(number, sent));
    }

    fn latency(&mut self) -> u64 {
        let mut latency = self.rng.random_range(LATENCY_MS..3 * LATENCY_MS);
        if self.strikes(Fault::Reorder) {
            latency += self.draw(Fault::Reorder, 8 * SECOND_MS);
        }
        if self.strikes(Fault::Delay) {
            latency += self.draw(Fault::Delay, 10 * MINUTE_MS);
        }
        latency
    }

    fn place_name(&self, to: &RelayAddress) -> String {
        match self.relay_at(to) {
            Some(relay) => format!("relay {relay}"),
            None => "their node".to_owned(),
        }
    }

    pub(crate) fn relay_at(&self, to: &RelayAddress) -> Option<usize> {
        self.servers.iter().position(|server| server.address == *to)
    }

    /// A request reaches its server, whether or not anybody still waits for the
    /// answer.
    pub(crate) fn arrives(&mut self, number: u64, sent: Sent) {
        match self.relay_at(&sent.to) {
            Some(relay) => self.relay_is_asked(number, relay, sent),
            None => self.node_is_asked(number, &sent),
        }
    }

    fn fails_soon(&mut self, number: u64) {
        let latency = self.latency();
        self.after(latency, Event::Answers(number, None));
    }

    fn relay_is_asked(&mut self, number: u64, relay: usize, sent: Sent) {
        if !self.servers[relay].up || self.cuts.contains_key(&Cut::Relay(sent.from, relay)) {
            return self.fails_soon(number);
        }
        let request = request_of(&sent.frame);
        let lie = self.servers[relay].lie;
        if let Some(answer) = lie.and_then(|lie| self.lie(relay, lie, &request.op)) {
            return self.reply(number, request.id, answer);
        }
        let waits = matches!(&request.op, RequestOp::Get { .. });
        let slots = match &request.op {
            RequestOp::Get { slots, .. } => slots.clone(),
            _ => Vec::new(),
        };
        let answer = self.carry_out(relay, request.op);
        if waits && answer == ResponseOp::Nothing {
            if self.calls.contains_key(&number) {
                let call = number;
                self.servers[relay]
                    .parked
                    .push(Parked { call, slots, sent });
            }
            return;
        }
        let answer = match (lie, answer) {
            (Some(lie), ResponseOp::Found { index, boxed }) => self.twist(relay, lie, index, boxed),
            (_, answer) => answer,
        };
        self.reply(number, request.id, answer);
    }

    /// The real relay does what is asked, and wakes who waits for it.
    fn carry_out(&mut self, relay: usize, op: RequestOp) -> ResponseOp {
        let now_ms = self.now_ms;
        let put = match &op {
            RequestOp::Put { slot, boxed, .. } => Some((*slot, boxed.clone())),
            _ => None,
        };
        let asked = match &op {
            RequestOp::Get { slots, .. } => slots.clone(),
            _ => Vec::new(),
        };
        let server = &mut self.servers[relay];
        if let Some((slot, boxed)) = &put {
            server.observe(slot, boxed);
        }
        let answer = server.serve(op, now_ms);
        if let (Some((slot, _)), ResponseOp::Stored) = (&put, &answer) {
            for parked in self.servers[relay].unpark(slot) {
                self.after(0, Event::Arrives(parked.call, parked.sent));
            }
        }
        if let ResponseOp::Found { index, .. } = &answer
            && self.without == Some(Without::AcknowledgeThenDrop)
        {
            // Reading burns: dropped before anybody has stored it.
            let slots = vec![asked[usize::from(*index)]];
            self.servers[relay].serve(RequestOp::Drop { slots }, now_ms);
        }
        answer
    }

    fn reply(&mut self, number: u64, id: u32, answer: ResponseOp) {
        if self.strikes(Fault::AnswerLost) {
            return self.lose_answer(number);
        }
        let mut latency = self.latency();
        if self.call_is_late(number) {
            latency += 2 * MINUTE_MS + self.draw(Fault::RelayLate, 18 * MINUTE_MS);
        }
        let frame = Response { id, op: answer }
            .to_frame()
            .expect("what a relay says fits a frame");
        self.after(latency, Event::Answers(number, Some(frame)));
    }

    fn call_is_late(&mut self, number: u64) -> bool {
        let relay = self
            .calls
            .get(&number)
            .and_then(|call| self.relay_at(&call.to));
        relay.is_some_and(|relay| self.servers[relay].lie == Some(Fault::RelayLate))
            && self.strikes(Fault::RelayLate)
    }

    fn lose_answer(&mut self, number: u64) {
        // A wait whose answer is lost is noticed when its time is over; a
        // flight has its deadline already.
        let waits = self
            .calls
            .get(&number)
            .is_some_and(|call| matches!(call.what, Asked::Wait(..)));
        if waits {
            self.after(2 * DEADLINE_MS, Event::Answers(number, None));
        }
    }

    // Lies.

    /// What a lying relay answers instead of doing its work.
    fn lie(&mut self, relay: usize, lie: Fault, op: &RequestOp) -> Option<ResponseOp> {
        match (lie, op) {
            (Fault::RelaySwallows, RequestOp::Put { .. }) if self.strikes(lie) => {
                Some(ResponseOp::Stored)
            }
            (Fault::RelayEquivocates, RequestOp::Put { .. }) if self.strikes(lie) => {
                let other = self.old_box(relay, lie);
                Some(other.map_or(ResponseOp::TakenAndDropped, ResponseOp::Taken))
            }
            (Fault::RelayReplays, RequestOp::Get { slots, .. }) if self.strikes(lie) => {
                let index = self.draw(lie, slots.len() as u64);
                let index = u8::try_from(index).expect("a request names few slots");
                let boxed = self.old_box(relay, lie)?;
                Some(ResponseOp::Found { index, boxed })
            }
            _ => None,
        }
    }

    /// What becomes of a box that a lying relay gives out.
    fn twist(&mut self, relay: usize, lie: Fault, index: u8, boxed: SealedBox) -> ResponseOp {
        let boxed = match lie {
            Fault::RelayForges if self.strikes(lie) => self.forged(&boxed),
            Fault::RelayEquivocates if self.strikes(lie) => {
                self.old_box(relay, lie).unwrap_or(boxed)
            }
            _ => boxed,
        };
        ResponseOp::Found { index, boxed }
    }

    fn forged(&mut self, boxed: &SealedBox) -> SealedBox {
        let mut bytes = boxed.as_bytes().to_vec();
        let at = self.draw(Fault::RelayForges, bytes.len() as u64);
        bytes[usize::try_from(at).expect("it fits")] ^= 1;
        SealedBox::from_slice(&bytes).expect("the length did not change")
    }

    fn old_box(&mut self, relay: usize, lie: Fault) -> Option<SealedBox> {
        let seen = self.servers[relay].seen.len() as u64;
        if seen == 0 {
            return None;
        }
        let index = usize::try_from(self.draw(lie, seen)).expect("it fits");
        Some(self.servers[relay].seen[index].1.clone())
    }

    // The direct path.

    fn node_is_asked(&mut self, number: u64, sent: &Sent) {
        let Sent { from, to, frame } = sent;
        let found = self.people.iter().enumerate().find_map(|(who, person)| {
            let contact = person
                .listeners
                .iter()
                .find(|(_, (_, address))| address == to)?;
            Some((who, *contact.0))
        });
        let Some((who, contact)) = found else {
            return self.fails_soon(number);
        };
        let cut = Cut::People(who.min(*from), who.max(*from));
        let works = self.direct_works && !self.cuts.contains_key(&cut) && self.people[who].has_tor;
        if !works || !self.people[who].runs() {
            return self.fails_soon(number);
        }
        if !self.people[who].is_awake() {
            // A sleeping machine does not even refuse.
            return;
        }
        let request = request_of(frame);
        let RequestOp::Put { slot, boxed, .. } = request.op else {
            return self.defect("something else than a box was pushed to a node".to_owned());
        };
        let answer = self.step(who, |engine, ctx| {
            engine.direct_put(ctx, &contact, &slot, &boxed)
        });
        let number_of = self.trace.slot(&slot);
        let op = match answer {
            Some(DirectAnswer::Stored) => ResponseOp::Stored,
            Some(DirectAnswer::Same) => ResponseOp::Same,
            Some(DirectAnswer::Taken) => ResponseOp::TakenAndDropped,
            Some(DirectAnswer::NotServed) => ResponseOp::Refused(Refusal::NotServed),
            // It went off or could not store it: no answer comes.
            None => return,
        };
        self.line(&format!("{who} is pushed {number_of}: {}", word(&op)));
        self.reply(number, request.id, op);
    }

    // Answers.

    /// An answer, or the news that none will come, reaches the client.
    pub(crate) fn answers(&mut self, number: u64, answer: Option<Vec<u8>>) {
        let Some(call) = self.calls.get(&number) else {
            return;
        };
        let who = call.from;
        let person = &self.people[who];
        if person.life != call.life || !person.runs() {
            self.calls.remove(&number);
            return;
        }
        if let Some(until) = person.asleep_until_ms {
            // The connection has died in the sleep.
            return self.at(until + 1, Event::Answers(number, None));
        }
        let call = self.calls.remove(&number).expect("it was just there");
        let answer = answer
            .map(|frame| response_of(&frame).op)
            .filter(|_| self.people[who].has_tor);
        match call.what {
            Asked::Flight(id, ..) => {
                if call.engines != self.people[who].engines {
                    return;
                }
                self.flight_lands(who, id, answer.as_ref());
            }
            Asked::Wait(key, version) => self.wait_answered(who, &key, version, answer),
        }
    }

    fn flight_lands(&mut self, who: Who, id: FlightId, answer: Option<&ResponseOp>) {
        let outcome = match answer {
            Some(ResponseOp::Stored | ResponseOp::Same) => Outcome::Stored,
            Some(ResponseOp::Taken(_) | ResponseOp::TakenAndDropped) => Outcome::Taken,
            Some(ResponseOp::Full) => Outcome::Full,
            Some(ResponseOp::Refused(Refusal::NotServed)) => Outcome::NotServed,
            Some(ResponseOp::Dropped) => Outcome::Dropped,
            Some(_) | None => Outcome::Failed {
                reason: "The connection was lost.".to_owned(),
            },
        };
        self.line(&format!("{who} learns: {}", answer.map_or("nothing", word)));
        self.step(who, |engine, ctx| engine.transmitted(ctx, id, outcome));
    }

    pub(crate) fn found(&mut self, who: Who, relay: &RelayAddress, slot: &Slot, boxed: &SealedBox) {
        let number = self.trace.slot(slot);
        self.line(&format!("{who} finds {number}"));
        self.step(who, |engine, ctx| engine.box_found(ctx, relay, slot, boxed));
    }
}

fn word(op: &ResponseOp) -> &'static str {
    match op {
        ResponseOp::Stored => "stored",
        ResponseOp::Same => "same",
        ResponseOp::Taken(_) => "taken",
        ResponseOp::TakenAndDropped => "taken and dropped",
        ResponseOp::Full => "full",
        ResponseOp::Found { .. } => "found",
        ResponseOp::Nothing => "nothing",
        ResponseOp::Dropped => "dropped",
        ResponseOp::Info(_) => "info",
        ResponseOp::Refused(_) => "refused",
        ResponseOp::GateWanted(_) => "gate wanted",
    }
}
