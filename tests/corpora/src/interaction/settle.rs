//! The end of a script: the network becomes honest.

use hushwing_protocol::Outgoing;

use super::World;

/// Places that a request for new keys walks on, at most: more than a script
/// can use up.
const MAX_WALK: usize = 2 * super::MAX_STEPS;

impl World {
    /// Whoever was rolled back notices, all that lies at relays comes, both
    /// answer; then both agree.
    pub(super) fn settle(&mut self) {
        for side in &mut self.sides {
            let lost = std::mem::take(&mut side.lost);
            side.on_the_way.extend(lost);
            side.on_the_way.sort_by_key(|sealed| sealed.number);
            let lost = std::mem::take(&mut side.lost_calls);
            side.calls.extend(lost);
        }
        if self.restored {
            self.repair_all();
        }
        self.finish_repairs();
        self.deliver_all();
        for _ in 0..2 {
            for who in [0, 1] {
                self.seal(who, Outgoing::Nothing);
                self.deliver_all();
            }
        }
        self.agree();
        self.routes_arrive();
    }

    /// What the engines do when boxes of another life show up: each side that
    /// was rolled back asks for new keys.
    fn repair_all(&mut self) {
        for who in [0, 1] {
            if self.sides[who].rolled_back {
                self.repair(who);
            }
        }
    }

    /// All that lies outside of the lanes comes, in order, and whoever still
    /// waits for new keys goes on asking.
    fn finish_repairs(&mut self) {
        for _ in 0..MAX_WALK {
            for who in [0, 1] {
                for call in self.sides[1 - who].calls.clone() {
                    self.deliver_outside(who, &call);
                }
                for answer in self.sides[1 - who].answers.clone() {
                    self.deliver_outside(who, &answer);
                }
            }
            let waiting: Vec<usize> = [0, 1]
                .into_iter()
                .filter(|who| self.sides[*who].view().repairing)
                .collect();
            if waiting.is_empty() {
                return;
            }
            for who in waiting {
                // Those before were looked for, and are of no use any more.
                self.sides[who].calls.clear();
                self.repair(who);
            }
        }
        panic!("the new keys never come");
    }

    fn deliver_all(&mut self) {
        loop {
            let waiting = |world: &Self| -> usize {
                world.sides.iter().map(|side| side.on_the_way.len()).sum()
            };
            let before = waiting(self);
            if before == 0 {
                return;
            }
            for who in [0, 1] {
                for sealed in self.sides[1 - who].on_the_way.clone() {
                    self.deliver(who, &sealed);
                }
            }
            assert!(waiting(self) < before, "{before} boxes are stuck");
        }
    }

    fn agree(&self) {
        let [alice, bob] = &self.sides;
        if self.restored {
            // What a side does not remember, nobody can promise.
            for (writer, reader) in [(alice, bob), (bob, alice)] {
                for written in writer
                    .memory
                    .written
                    .iter()
                    .filter(|written| !written.unsure)
                {
                    let text = &written.said.text;
                    let arrived = reader.memory.transcript.values().any(|other| other == text);
                    assert!(arrived, "{text:.8} is lost");
                }
            }
        } else {
            assert_eq!(alice.memory.transcript, bob.memory.transcript);
            assert_eq!(alice.memory.transcript.len(), self.count);
        }
        let [a, b] = [alice.view(), bob.view()];
        assert_eq!(a.safety_number, b.safety_number);
        assert_eq!(a.generation, b.generation);
        assert!(a.my_epoch.abs_diff(b.my_epoch) <= 1);
        assert!(a.unacknowledged <= 1 && b.unacknowledged <= 1);
        assert_eq!((a.missing, b.missing), (0, 0));
    }

    /// The newest routes are believed, whatever was believed before.
    fn routes_arrive(&mut self) {
        for who in [0, 1] {
            let routes = self.sides[who].other_routes();
            self.seal(who, Outgoing::Routes(&routes));
            self.deliver_all();
            assert_eq!(self.sides[1 - who].view().peer_routes, routes);
        }
    }
}
