//! What must be true of the whole network at the end, whatever happened.

use std::collections::{BTreeMap, BTreeSet};

use aho_corasick::AhoCorasick;
use hushwing_engine::{
    UNREAD_THERE,
    view::{ContactPhase, MessageState, MessageView},
};
use sha2::{Digest as _, Sha256};

use crate::{fault::Fault, plan::Who, world::World};

/// Bytes of the pieces of boxes that must not occur twice.
const PIECE: usize = 16;

/// Of so many boxes a run compares the pieces.
const COMPARED_BOXES: usize = 40;

impl World {
    /// Every check of the end.
    pub(crate) fn check_all(&mut self) {
        self.check_texts();
        for (one, other) in self.met.clone() {
            self.check_transcripts(one, other);
        }
        self.check_unreadable();
        self.check_keys();
        self.check_what_relays_saw();
    }

    /// Each accepted text is at its reader exactly once, in the order of
    /// writing, or has visibly failed. Claim D0.
    fn check_texts(&mut self) {
        let pairs: BTreeSet<(Who, Who)> =
            self.written.iter().map(|one| (one.from, one.to)).collect();
        for (from, to) in pairs {
            self.check_texts_of(from, to);
        }
    }

    fn check_texts_of(&mut self, from: Who, to: Who) {
        let arrived: Vec<String> = self
            .transcript(to, from)
            .into_iter()
            .filter(|message| !message.mine && !is_unreadable(message))
            .map(|message| message.text)
            .collect();
        let mut times: BTreeMap<&str, u32> = BTreeMap::new();
        for text in &arrived {
            *times.entry(text).or_default() += 1;
        }
        let mut wrong = Vec::new();
        let mut expected = Vec::new();
        let indices: Vec<usize> = (0..self.written.len())
            .filter(|index| self.written[*index].from == from && self.written[*index].to == to)
            .collect();
        // Where the reader's side of the meeting came to nothing, the inviter's texts
        // wait visibly.
        let met = self
            .contact(to, from)
            .is_some_and(|contact| contact.phase == ContactPhase::Established);
        for index in indices {
            let state = self.state_of(index);
            let one = &self.written[index];
            let count = times.remove(one.text.as_str()).unwrap_or(0);
            if count > 1 {
                wrong.push(format!("text {index} arrived {count} times"));
            }
            if one.lost_with_account || one.id.is_none() {
                continue;
            }
            match state {
                Some(MessageState::Delivered) if count == 1 => expected.push(one.text.clone()),
                // It was there, and their vault has forgotten it.
                Some(MessageState::Delivered)
                    if self.may_stay_apart(from, to) && self.restored.contains(&to) => {}
                Some(MessageState::Delivered) => {
                    wrong.push(format!(
                        "text {index} is shown as delivered and is not there"
                    ));
                }
                Some(MessageState::Failed { .. }) if count == 0 => {}
                // One of its boxes could be read, and its writer's vault has forgotten that.
                Some(MessageState::Failed { .. })
                    if count == 1
                        && self.rolled_back.contains(&from)
                        && self.plan.faults.contains(&Fault::Poison) => {}
                Some(MessageState::Failed { .. }) => {
                    wrong.push(format!("text {index} is shown as failed and arrived"));
                }
                Some(
                    MessageState::AtRelay { .. }
                    | MessageState::WaitingForRelay { .. }
                    | MessageState::Sending
                    | MessageState::Held { .. },
                ) if self.may_stay_apart(from, to) || !met => {}
                other => {
                    let phase = self.contact(from, to).map(|contact| contact.phase);
                    wrong.push(format!(
                        "text {index} ended as {other:?}, with a contact that is {phase:?}"
                    ));
                }
            }
        }
        for (text, _) in times {
            wrong.push(format!("'{text}' arrived and was never written"));
        }
        let in_order: Vec<&String> = arrived
            .iter()
            .filter(|text| expected.contains(text))
            .collect();
        if in_order.len() == expected.len() && !in_order.iter().zip(&expected).all(|(a, b)| *a == b)
        {
            wrong.push("the order of arrival is not that of writing".to_owned());
        }
        for what in wrong {
            self.defect(format!("from {from} to {to}: {what}"));
        }
    }

    /// Both see the same messages in the same order, apart from what one of them
    /// lost with an account that was rolled back.
    fn check_transcripts(&mut self, one: Who, other: Who) {
        let both = [(one, other), (other, one)].map(|(who, peer)| {
            self.contact(who, peer)
                .is_some_and(|contact| contact.phase == ContactPhase::Established)
        });
        if both != [true, true] {
            return;
        }
        let here = placed(&self.transcript(one, other));
        let there = placed(&self.transcript(other, one));
        let texts_here: BTreeSet<&str> = here.iter().map(|(_, text)| text.as_str()).collect();
        let texts_there: BTreeSet<&str> = there.iter().map(|(_, text)| text.as_str()).collect();
        let common: BTreeSet<&str> = texts_here.intersection(&texts_there).copied().collect();
        let lost: BTreeSet<&str> = self
            .written
            .iter()
            .filter(|text| text.lost_with_account || text.id.is_none())
            .map(|text| text.text.as_str())
            .collect();
        let apart = self.may_stay_apart(one, other);
        let alone: Vec<&str> = texts_here
            .symmetric_difference(&texts_there)
            .filter(|text| !lost.contains(*text) && !apart)
            .copied()
            .collect();
        let mut wrong = Vec::new();
        let failed: BTreeSet<String> = self.failed_texts(one, other);
        for text in alone.into_iter().filter(|text| !failed.contains(*text)) {
            wrong.push(format!("only one side of {one} and {other} has '{text}'"));
        }
        let seen_by = |all: &[(Place, String)]| -> Vec<(Place, String)> {
            all.iter()
                .filter(|(_, text)| common.contains(text.as_str()))
                .cloned()
                .collect()
        };
        // Who stays apart has not yet heard at which time the other one said again what was
        // said in a life that is lost; the order of what each wrote is the same even then.
        let by = |all: &[(Place, String)], writer: u32| -> Vec<String> {
            let all = seen_by(all).into_iter();
            let mine = all.filter(|((_, of), _)| *of == writer);
            mine.map(|(_, text)| text).collect()
        };
        let same = if apart {
            [0, 1]
                .iter()
                .all(|writer| by(&here, *writer) == by(&there, *writer))
        } else {
            seen_by(&here) == seen_by(&there)
        };
        if !same {
            wrong.push(format!("the transcripts of {one} and {other} differ"));
        }
        let numbers = [(one, other), (other, one)]
            .map(|(who, peer)| self.contact(who, peer).and_then(|c| c.safety_number));
        // Who stays apart may not have learned that the other one is somebody else now.
        let may_differ = apart
            && self
                .identities
                .contains_key(&(one.min(other), one.max(other)));
        if numbers.contains(&None) || (numbers[0] != numbers[1] && !may_differ) {
            wrong.push(format!("the safety numbers of {one} and {other} differ"));
        }
        for what in wrong {
            self.defect(what);
        }
    }

    fn failed_texts(&mut self, one: Who, other: Who) -> BTreeSet<String> {
        let mut failed = BTreeSet::new();
        for index in 0..self.written.len() {
            let (from, to) = (self.written[index].from, self.written[index].to);
            if (from, to) != (one, other) && (from, to) != (other, one) {
                continue;
            }
            if matches!(self.state_of(index), Some(MessageState::Failed { .. })) {
                failed.insert(self.written[index].text.clone());
            }
        }
        failed
    }

    /// A box that cannot be read costs its own text, and no other: as many texts at
    /// most failed for it, and as many gaps are shown, as boxes were spoiled.
    fn check_unreadable(&mut self) {
        let spoiled = hushwing_protocol::simulation::spoiled_boxes();
        let mut failed = 0;
        for index in 0..self.written.len() {
            if let Some(MessageState::Failed { reason }) = self.state_of(index)
                && reason == UNREAD_THERE
            {
                failed += 1;
            }
        }
        let mut shown = 0;
        for (one, other) in self.met.clone() {
            for (who, peer) in [(one, other), (other, one)] {
                let transcript = self.transcript(who, peer);
                shown += transcript.iter().filter(|one| is_unreadable(one)).count() as u64;
            }
        }
        for (count, what) in [(failed, "texts failed"), (shown, "boxes are shown")] {
            if count > spoiled {
                self.defect(format!(
                    "{count} {what} as unreadable, of {spoiled} that were spoiled"
                ));
            }
        }
    }

    /// No key and nonce sealed twice. Claim N1.
    fn check_keys(&mut self) {
        let uses = hushwing_protocol::simulation::aead_uses();
        if uses.repeated > 0 {
            self.defect(format!(
                "{} of {} pairs of key and nonce sealed twice",
                uses.repeated, uses.pairs
            ));
        }
        if uses.pairs == 0 {
            self.defect("nothing was sealed, or nobody watched".to_owned());
        }
    }

    /// No relay saw a text, a name, a link, an onion address of a person, or the
    /// same bytes in two boxes. Claims C1, M1.
    fn check_what_relays_saw(&mut self) {
        let mut needles: Vec<Vec<u8>> = vec![self.token.clone().into_bytes()];
        for link in &self.secrets {
            needles.push(link.clone().into_bytes());
        }
        for person in &self.people {
            for (_, address) in person.listeners.values() {
                if let hushwing_wire::address::Endpoint::Onion { address, .. } = &address.endpoint {
                    needles.push(address.to_host().into_bytes());
                    needles.push(address.public_key().to_vec());
                }
            }
        }
        let search = AhoCorasick::new(&needles).expect("the needles are few and short");
        let mut wrong = Vec::new();
        let mut pieces: BTreeMap<[u8; 8], usize> = BTreeMap::new();
        for (relay, server) in self.servers.iter().enumerate() {
            for (number, (slot, boxed)) in server.seen.iter().enumerate() {
                if search.is_match(boxed.as_bytes()) || search.is_match(slot.as_bytes()) {
                    wrong.push(format!("relay {relay} saw something in the clear"));
                }
                if number >= COMPARED_BOXES || relay > 0 {
                    continue;
                }
                for piece in boxed.as_bytes().chunks_exact(PIECE) {
                    let digest = Sha256::digest(piece);
                    let mut short = [0; 8];
                    short.copy_from_slice(&digest[..8]);
                    if pieces.insert(short, number).is_some_and(|at| at != number) {
                        wrong.push(format!("two boxes at relay {relay} share bytes"));
                    }
                }
            }
        }
        for what in wrong {
            self.defect(what);
        }
    }
}

fn is_unreadable(message: &MessageView) -> bool {
    matches!(message.state, MessageState::Unreadable { .. })
}

type Place = (u64, u32);

fn placed(messages: &[MessageView]) -> Vec<(Place, String)> {
    messages
        .iter()
        .filter_map(|message| {
            let order = message.order?;
            Some(((order.clock, order.writer), message.text.clone()))
        })
        .collect()
}
