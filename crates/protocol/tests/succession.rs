//! Somebody gives an identity up: the other side takes the next one by a record that
//! both signed, with new keys and new places, and nobody who holds the old one gets in.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::{BTreeMap, BTreeSet};

use common::{Person, friends, relay, texts};
use hushwing_protocol::{
    Happening, OpenError, Opened, Outgoing, RecoveryBox, RecoveryError, SealError, Whose,
    ask_repair, ask_succession, ask_the_past_whether_keys_fit, ask_whether_keys_fit, direct_keys,
    give_up_identity, renew_request, view, waits, window,
};
use hushwing_wire::{Routes, SealedBox, Slot};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng as _, SeedableRng as _},
};

fn routes() -> Routes {
    Routes {
        relays: vec![relay(7), relay(8)],
        direct: None,
    }
}

fn give_up(person: &mut Person) {
    let id = person.conversation;
    give_up_identity(&mut person.ctx(), &id).unwrap();
}

fn succession(person: &mut Person) -> RecoveryBox {
    let id = person.conversation;
    person.now_ms += 1;
    ask_succession(&mut person.ctx(), &id, routes()).unwrap()
}

fn repair(person: &mut Person) -> RecoveryBox {
    let id = person.conversation;
    person.now_ms += 1;
    ask_repair(&mut person.ctx(), &id, routes()).unwrap()
}

fn take(person: &mut Person, boxed: &RecoveryBox) -> Opened {
    person.try_open(&boxed.slot, &boxed.boxed).unwrap()
}

fn succeeded(opened: &Opened) -> Option<Whose> {
    opened.happenings.iter().find_map(|one| match one {
        Happening::Succeeded { whose, .. } => Some(*whose),
        _ => None,
    })
}

fn is_repaired(opened: &Opened) -> bool {
    let repaired = |one: &Happening| matches!(one, Happening::Repaired { .. });
    opened.happenings.iter().any(repaired)
}

fn number(person: &Person) -> String {
    let view = view(&person.store, &person.conversation).unwrap();
    view.safety_number.unwrap().to_string()
}

fn generation(person: &Person) -> u32 {
    let view = view(&person.store, &person.conversation).unwrap();
    view.generation
}

fn assert_they_talk(alice: &mut Person, bob: &mut Person) {
    for turn in 0..3 {
        let (text, answer) = (format!("a{turn}"), format!("b{turn}"));
        let sealed = alice.say(&text);
        assert_eq!(texts(&bob.read(&sealed)), [text]);
        let sealed = bob.say(&answer);
        assert_eq!(texts(&alice.read(&sealed)), [answer]);
    }
    assert_eq!(number(alice), number(bob));
}

/// Alice has another identity, and Bob knows.
fn succeed(alice: &mut Person, bob: &mut Person) {
    give_up(alice);
    let asked = succession(alice);
    let opened = take(bob, &asked);
    assert_eq!(succeeded(&opened), Some(Whose::Theirs));
    let answered = take(alice, opened.answer.as_ref().unwrap());
    assert_eq!(succeeded(&answered), Some(Whose::Ours));
}

/// All slots at which somebody would take something in.
fn places(person: &Person) -> BTreeSet<[u8; 32]> {
    let id = &person.conversation;
    let mut slots = waits(&person.store, id).unwrap();
    slots.extend(window(&person.store, id).unwrap());
    slots.iter().map(|slot| *slot.as_bytes()).collect()
}

/// Claims A1 and P1.
#[test]
fn an_identity_is_given_up_with_new_keys_and_new_places() {
    for inviter in [true, false] {
        let (mut alice, mut bob) = friends(200);
        if !inviter {
            std::mem::swap(&mut alice, &mut bob);
        }
        assert_they_talk(&mut alice, &mut bob);
        let (before, places_before) = (number(&alice), places(&bob));
        let keys = |person: &Person| {
            let keys = direct_keys(&person.store, &person.conversation).unwrap();
            keys.address()
        };
        let node = keys(&alice);

        give_up(&mut alice);
        let asked = succession(&mut alice);
        // Until the other side has taken it, everything goes on as before.
        assert_they_talk(&mut alice, &mut bob);
        assert_eq!(
            (number(&alice), keys(&alice)),
            (before.clone(), node.clone())
        );
        let late = alice.say("on its way");

        let opened = take(&mut bob, &asked);
        let seen = opened.happenings.iter().find_map(|one| match one {
            Happening::Succeeded {
                whose: Whose::Theirs,
                before,
                safety_number,
            } => Some((before.to_string(), safety_number.to_string())),
            _ => None,
        });
        assert_eq!(seen, Some((before.clone(), number(&bob))));
        assert_ne!(number(&bob), before);
        assert_eq!(
            bob.try_open(&late.slot, &late.boxed),
            Err(OpenError::UnknownSlot),
            "what was on its way comes again with the new keys"
        );
        let answered = take(&mut alice, opened.answer.as_ref().unwrap());
        assert_eq!(succeeded(&answered), Some(Whose::Ours));
        assert!(is_repaired(&opened) && is_repaired(&answered));
        assert_ne!(keys(&alice), node);
        assert_they_talk(&mut alice, &mut bob);
        assert_they_talk(&mut bob, &mut alice);
        // One slot and the direct window of the past, and nothing else, is as before.
        let kept = places(&bob).intersection(&places_before).count();
        assert!(kept <= 64, "{kept}");
    }
}

/// Claims M7 and P1.
#[test]
fn whoever_stole_the_old_identity_gets_no_new_keys_and_sees_no_new_place() {
    let (mut alice, mut bob) = friends(201);
    assert_they_talk(&mut alice, &mut bob);
    let stolen = alice.store.snapshot();
    let mut thief = Person::new(999);
    thief.conversation = alice.conversation;
    thief.store.restore(&stolen);
    thief.now_ms = alice.now_ms + 1_000_000;

    succeed(&mut alice, &mut bob);
    assert_they_talk(&mut alice, &mut bob);
    let (keys, person) = (generation(&bob), number(&bob));
    // He writes at his next 70 places, in the name that was given up, and as a
    // successor of his own.
    for own_successor in [false, true] {
        if own_successor {
            give_up(&mut thief);
            let id = thief.conversation;
            renew_request(&mut thief.ctx(), &id).unwrap();
        }
        for _ in 0..35 {
            let forged = repair(&mut thief);
            match bob.try_open(&forged.slot, &forged.boxed) {
                Err(OpenError::UnknownSlot) => {}
                Ok(opened) => {
                    assert!(!is_repaired(&opened) && succeeded(&opened).is_none());
                    assert_eq!(opened.answer, None);
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert_eq!((generation(&bob), number(&bob)), (keys, person));
    assert_they_talk(&mut alice, &mut bob);
    // What Alice asks for from now on lies where he does not look.
    let seen = places(&thief);
    let asked = repair(&mut alice);
    assert!(!seen.contains(asked.slot.as_bytes()));
    assert!(is_repaired(&take(&mut bob, &asked)));
}

/// Claim A1.
#[test]
fn a_succession_that_comes_again_has_one_answer_and_an_old_one_none() {
    let (mut alice, mut bob) = friends(202);
    give_up(&mut alice);
    let copy = alice.store.snapshot();
    let asked = [(); 5].map(|()| succession(&mut alice));
    let first = take(&mut bob, &asked[0]);
    let again = take(&mut bob, &asked[1]);
    assert!(is_repaired(&first) && !is_repaired(&again));
    assert_eq!(first.answer, again.answer);
    take(&mut alice, first.answer.as_ref().unwrap());
    assert_they_talk(&mut alice, &mut bob);
    // After other new keys nobody remembers the answer, and the request is an old one.
    let fresh = take(&mut bob, &repair(&mut alice));
    take(&mut alice, fresh.answer.as_ref().unwrap());
    let (keys, person) = (generation(&bob), number(&bob));
    for old in &asked[2..] {
        let opened = take(&mut bob, old);
        assert!(!is_repaired(&opened) && opened.answer.is_none());
    }
    assert_eq!((generation(&bob), number(&bob)), (keys, person));
    assert_they_talk(&mut alice, &mut bob);
    // Who has only the state from before asking can make another one, and that is
    // another identity, which the pinned one did not hand over to.
    alice.store.restore(&copy);
    let mut other = succession(&mut alice);
    while let Err(OpenError::UnknownSlot) = bob.try_open(&other.slot, &other.boxed) {
        other = succession(&mut alice);
    }
    assert_eq!(number(&bob).len(), 47);
}

/// Claim D0.
#[test]
fn a_side_that_forgot_the_other_ones_succession_learns_it_again() {
    for asks_itself in [true, false] {
        let (mut alice, mut bob) = friends(203);
        assert_they_talk(&mut alice, &mut bob);
        let backup = bob.store.snapshot();
        succeed(&mut alice, &mut bob);
        assert_they_talk(&mut alice, &mut bob);
        let person = number(&bob);
        for _ in 0..2 {
            bob.store.restore(&backup);
            let id = bob.conversation;
            // The first places were used in a life that is lost.
            let counter = loop {
                bob.now_ms += 3_600_000;
                let asked = if asks_itself {
                    repair(&mut bob)
                } else {
                    // Nobody noticed.
                    ask_whether_keys_fit(&mut bob.ctx(), &id, routes()).unwrap()
                };
                match alice.try_open(&asked.slot, &asked.boxed) {
                    Err(OpenError::UnknownSlot) => {}
                    counter => break counter.unwrap(),
                }
            };
            assert!(!is_repaired(&counter));
            // She goes on with the keys that she has until he has told that he is back.
            alice.say("meanwhile");
            let opened = take(&mut bob, counter.answer.as_ref().unwrap());
            assert_eq!(succeeded(&opened), Some(Whose::Theirs));
            let answered = take(&mut alice, opened.answer.as_ref().unwrap());
            assert!(is_repaired(&answered));
            assert_eq!(succeeded(&answered), None);
            assert_eq!(
                (number(&alice), number(&bob)),
                (person.clone(), person.clone())
            );
            assert_they_talk(&mut alice, &mut bob);
        }
    }
}

#[test]
fn whoever_forgot_that_its_succession_was_taken_is_heard_again() {
    let (mut alice, mut bob) = friends(204);
    give_up(&mut alice);
    let backup = alice.store.snapshot();
    let opened = take(&mut bob, &succession(&mut alice));
    take(&mut alice, opened.answer.as_ref().unwrap());
    assert_they_talk(&mut alice, &mut bob);

    alice.store.restore(&backup);
    alice.now_ms += 3_600_000;
    let id = alice.conversation;
    hushwing_protocol::forget_request(&mut alice.ctx(), &id).unwrap();
    assert_eq!(
        alice.try_seal(Outgoing::Text("no")),
        Err(SealError::Repairing)
    );
    let opened = loop {
        let asked = repair(&mut alice);
        match bob.try_open(&asked.slot, &asked.boxed) {
            Err(OpenError::UnknownSlot) => {}
            opened => break opened.unwrap(),
        }
    };
    assert!(is_repaired(&opened));
    assert_eq!(succeeded(&opened), None, "it is the one that he knows");
    let answered = take(&mut alice, opened.answer.as_ref().unwrap());
    assert_eq!(succeeded(&answered), Some(Whose::Ours));
    assert_they_talk(&mut alice, &mut bob);
}

/// Claim D0.
#[test]
fn who_answers_a_succession_twice_is_found_at_the_places_of_before() {
    for alice_asks in [true, false] {
        let (mut alice, mut bob) = friends(206);
        give_up(&mut alice);
        let backup = bob.store.snapshot();
        let asked = succession(&mut alice);
        let opened = take(&mut bob, &asked);
        take(&mut alice, opened.answer.as_ref().unwrap());
        assert_they_talk(&mut alice, &mut bob);
        // He was restored, and finds her request as if he had never read it; nobody enters
        // what he makes for it, and no relay knows that there was an answer before.
        bob.store.restore(&backup);
        let opened = take(&mut bob, &asked);
        assert!(is_repaired(&opened));
        assert_ne!(generation(&alice), generation(&bob));
        let (asker, reader) = if alice_asks {
            (&mut alice, &mut bob)
        } else {
            (&mut bob, &mut alice)
        };
        asker.now_ms += 12 * 3_600_000;
        let id = asker.conversation;
        let present = ask_whether_keys_fit(&mut asker.ctx(), &id, routes()).unwrap();
        let nowhere = reader.try_open(&present.slot, &present.boxed);
        assert_eq!(nowhere, Err(OpenError::UnknownSlot));
        let question = ask_the_past_whether_keys_fit(&mut asker.ctx(), &id, routes());
        let mut said = take(reader, &question.unwrap().unwrap()).answer;
        // Until nobody has anything to say any more.
        let mut asker_reads = true;
        while let Some(answer) = said {
            let who = if asker_reads {
                &mut *asker
            } else {
                &mut *reader
            };
            said = take(who, &answer).answer;
            asker_reads = !asker_reads;
        }
        assert_they_talk(&mut alice, &mut bob);
    }
}

#[test]
fn without_a_successor_or_while_keys_are_made_nothing_is_handed_over() {
    let (mut alice, mut bob) = friends(205);
    let id = alice.conversation;
    let refused = ask_succession(&mut alice.ctx(), &id, routes());
    assert_eq!(refused, Err(RecoveryError::Unneeded));
    let asked = repair(&mut alice);
    give_up(&mut alice);
    let refused = ask_succession(&mut alice.ctx(), &id, routes());
    assert_eq!(refused, Err(RecoveryError::Unneeded));
    let opened = take(&mut bob, &asked);
    let answered = take(&mut alice, opened.answer.as_ref().unwrap());
    assert_eq!(succeeded(&answered), None);
    assert!(view(&alice.store, &id).unwrap().succeeding);
    let opened = take(&mut bob, &succession(&mut alice));
    take(&mut alice, opened.answer.as_ref().unwrap());
    assert!(!view(&alice.store, &id).unwrap().succeeding);
    assert_they_talk(&mut alice, &mut bob);
}

/// Two people and the relay between them, who do what their programs would.
struct Pair {
    people: [Person; 2],
    relay: BTreeMap<Slot, SealedBox>,
    rounds: u32,
    answers: u32,
    /// How often somebody took another identity of the other.
    successions: u32,
}

impl Pair {
    /// Whether it lies there now; a slot is written once.
    fn put(&mut self, boxed: &RecoveryBox) -> bool {
        let there = self.relay.entry(boxed.slot);
        *there.or_insert_with(|| boxed.boxed.clone()) == boxed.boxed
    }

    /// Both wonder why nothing is acknowledged.
    fn question(&mut self) {
        for who in 0..2 {
            let id = self.people[who].conversation;
            self.people[who].now_ms += 1;
            let by_past = ask_the_past_whether_keys_fit(&mut self.people[who].ctx(), &id, routes());
            let present = ask_whether_keys_fit(&mut self.people[who].ctx(), &id, routes());
            for asked in by_past.unwrap().iter().chain(&present.ok()) {
                self.put(asked);
            }
        }
    }

    /// One turn of somebody: asks what is due, and takes in what lies there.
    fn turn(&mut self, who: usize) {
        let id = self.people[who].conversation;
        self.people[who].now_ms += 60_000;
        let state = view(&self.people[who].store, &id).unwrap();
        let mut asked = None;
        if self.rounds.is_multiple_of(12) && (state.repairing || state.succeeding) {
            renew_request(&mut self.people[who].ctx(), &id).unwrap();
        }
        if state.repairing {
            asked = Some(repair(&mut self.people[who]));
        } else if state.succeeding {
            asked = ask_succession(&mut self.people[who].ctx(), &id, routes()).ok();
        }
        if let Some(asked) = asked {
            self.put(&asked);
        }
        for slot in waits(&self.people[who].store, &id).unwrap() {
            let Some(boxed) = self.relay.get(&slot).cloned() else {
                continue;
            };
            match self.people[who].try_open(&slot, &boxed) {
                Ok(opened) => {
                    self.successions += u32::from(succeeded(&opened) == Some(Whose::Theirs));
                    // Another answer of ours lies there, from a life that is lost.
                    let answer = opened
                        .answer
                        .as_ref()
                        .filter(|_| !self.pushes(who, &opened));
                    if let Some(answer) = answer
                        && !self.put(answer)
                        && is_repaired(&opened)
                    {
                        let asked = repair(&mut self.people[who]);
                        self.put(&asked);
                    }
                }
                // What was answered there was said by, or to, whom one of them is no more.
                Err(OpenError::UnknownSlot | OpenError::Forged) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// Every second answer goes to their device and to no relay, so that nobody can tell
    /// later that there was one.
    fn pushes(&mut self, who: usize, opened: &Opened) -> bool {
        let Some(answer) = opened.answer.as_ref().filter(|_| is_repaired(opened)) else {
            return false;
        };
        self.answers += 1;
        let reader = &mut self.people[1 - who];
        self.answers.is_multiple_of(2) && reader.try_open(&answer.slot, &answer.boxed).is_ok()
    }

    fn is_settled(&self) -> bool {
        let views = [0, 1].map(|who| {
            let person = &self.people[who];
            view(&person.store, &person.conversation).unwrap()
        });
        views.iter().all(|it| !it.repairing && !it.succeeding)
            && views[0].generation == views[1].generation
    }

    /// Until nothing is due any more.
    fn settle(&mut self) -> bool {
        for _ in 0..400 {
            self.rounds += 1;
            self.turn(0);
            self.turn(1);
            if self.is_settled() {
                return true;
            }
            if self.rounds.is_multiple_of(20) {
                self.question();
            }
        }
        false
    }
}

/// Whatever the two give up, lose and restore, in whatever order it is read: they come
/// together again, unless a vault is restored that is older than its own succession, or
/// than two.
///
/// Claim D0.
#[test]
fn successions_repairs_and_restores_in_any_order_end_in_one_conversation() {
    for seed in 0..60 {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let (alice, bob) = friends(300 + seed);
        let mut pair = Pair {
            people: [alice, bob],
            relay: BTreeMap::new(),
            rounds: 0,
            answers: 0,
            successions: 0,
        };
        let mut backups: [Option<_>; 2] = [None, None];
        let mut story = Vec::new();
        for _ in 0..14 {
            let who = (rng.next_u32() % 2) as usize;
            let id = pair.people[who].conversation;
            let what = rng.next_u32() % 8;
            match what {
                0 | 1 => {
                    give_up(&mut pair.people[who]);
                    // An older one would not know who its owner is now.
                    backups[who] = None;
                    story.push((who, "gives up"));
                }
                2 => {
                    let asked = repair(&mut pair.people[who]);
                    pair.put(&asked);
                    story.push((who, "asks"));
                }
                3 => {
                    backups[who] = Some((pair.people[who].store.snapshot(), pair.successions));
                    story.push((who, "copies"));
                }
                4 => {
                    // Further back than one change nobody looks any more.
                    let backup = backups[who].as_ref();
                    let backup = backup.filter(|(_, of)| pair.successions <= of + 1);
                    if let Some((backup, _)) = backup {
                        pair.people[who].store.restore(backup);
                        hushwing_protocol::forget_request(&mut pair.people[who].ctx(), &id)
                            .unwrap();
                        story.push((who, "restores"));
                    }
                }
                5 => {
                    let before = pair.is_settled();
                    let settled = pair.settle();
                    assert!(settled, "seed {seed}: {story:?}, {before}");
                    story.push((who, "settled"));
                }
                _ => {
                    pair.rounds += 1;
                    pair.turn(who);
                    story.push((who, "turn"));
                }
            }
        }
        assert!(pair.settle(), "seed {seed}: {story:?}");
        let [alice, bob] = &mut pair.people;
        assert_they_talk(alice, bob);
        assert_they_talk(bob, alice);
    }
}
