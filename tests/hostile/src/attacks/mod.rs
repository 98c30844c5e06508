//! What Mallory tries.

mod first_contact;
mod lane;
mod node;
mod outside;

use crate::scene::Scene;

/// Where an attack comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// A box of a lane, by somebody who has the keys of his side.
    Lane,
    /// A box outside of the lanes, or a pasted record.
    Outside,
    /// A request on an invite, by somebody who has the link.
    Request,
    /// What lies where an invite's bundle should.
    Bundle,
    /// Alice's own node.
    Node,
}

impl Entry {
    /// Its name in a table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lane => "lane",
            Self::Outside => "recovery place",
            Self::Request => "request slot",
            Self::Bundle => "bundle slot",
            Self::Node => "node",
        }
    }
}

/// What an attack may bring about, since an honest person could.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum May {
    /// Nothing.
    Nothing,
    /// Alice made an invite for it.
    Invite,
    /// One contact, by the invite that Alice made.
    Meet,
    /// Contacts that Alice wanted to make, with whom nothing comes about.
    Wait,
    /// One request that Alice decides about.
    Ask,
    /// His own conversation is spoiled for good.
    Lose,
}

/// Something that Mallory tries.
#[derive(Clone, Copy)]
pub struct Attack {
    /// What.
    pub name: &'static str,
    /// Where.
    pub entry: Entry,
    pub(crate) may: May,
    pub(crate) run: fn(&mut Scene),
}

impl std::fmt::Debug for Attack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

const fn attack(entry: Entry, name: &'static str, may: May, run: fn(&mut Scene)) -> Attack {
    Attack {
        name,
        entry,
        may,
        run,
    }
}

/// All of them.
pub const ATTACKS: &[Attack] = &[
    attack(
        Entry::Lane,
        "rubbish that authenticates",
        May::Nothing,
        lane::rubbish,
    ),
    attack(
        Entry::Lane,
        "rubbish in a whole window of boxes",
        May::Nothing,
        lane::much_rubbish,
    ),
    attack(
        Entry::Lane,
        "the greatest number",
        May::Nothing,
        lane::greatest_number,
    ),
    attack(
        Entry::Lane,
        "a number that was used",
        May::Nothing,
        lane::used_number,
    ),
    attack(
        Entry::Lane,
        "the end of time",
        May::Nothing,
        lane::end_of_time,
    ),
    attack(
        Entry::Lane,
        "receipts for what she will write",
        May::Nothing,
        lane::receipts_for_the_future,
    ),
    attack(
        Entry::Lane,
        "the end of a lane that is not over",
        May::Nothing,
        lane::end_of_the_lane,
    ),
    attack(
        Entry::Lane,
        "complaints of boxes that never were",
        May::Nothing,
        lane::complaints,
    ),
    attack(
        Entry::Lane,
        "asking again and again",
        May::Nothing,
        lane::asking_again,
    ),
    attack(
        Entry::Lane,
        "impossible routes",
        May::Nothing,
        lane::impossible_routes,
    ),
    attack(
        Entry::Lane,
        "arrays in arrays by the thousand",
        May::Nothing,
        lane::nested_content,
    ),
    attack(
        Entry::Lane,
        "lengths that nothing could hold",
        May::Nothing,
        lane::length_bombs,
    ),
    attack(
        Entry::Lane,
        "a read report of Bob's messages",
        May::Nothing,
        lane::foreign_report,
    ),
    attack(
        Entry::Lane,
        "a commit out of turn",
        May::Nothing,
        lane::commit_out_of_turn,
    ),
    attack(
        Entry::Lane,
        "a commit with data of a first contact",
        May::Nothing,
        lane::commit_with_data,
    ),
    attack(
        Entry::Lane,
        "two commits for one epoch",
        May::Nothing,
        lane::equivocating_commits,
    ),
    attack(
        Entry::Lane,
        "thousands of generations skipped",
        May::Nothing,
        lane::skipped_generations,
    ),
    attack(
        Entry::Lane,
        "two boxes for one slot",
        May::Nothing,
        lane::two_boxes_for_a_slot,
    ),
    attack(
        Entry::Outside,
        "an answer that nobody asked for",
        May::Nothing,
        outside::unasked_answer,
    ),
    attack(
        Entry::Outside,
        "the last generation and place",
        May::Nothing,
        outside::last_numbers,
    ),
    attack(
        Entry::Outside,
        "a request without a key package",
        May::Nothing,
        outside::no_key_package,
    ),
    attack(
        Entry::Outside,
        "a stale key package",
        May::Nothing,
        outside::stale_key_package,
    ),
    attack(
        Entry::Outside,
        "requests without end",
        May::Nothing,
        outside::requests_without_end,
    ),
    attack(
        Entry::Outside,
        "an identity that hands over to Bob's",
        May::Nothing,
        outside::hands_over_to_bob,
    ),
    attack(
        Entry::Outside,
        "half a hand-over",
        May::Nothing,
        outside::half_a_hand_over,
    ),
    attack(
        Entry::Outside,
        "a record that was changed",
        May::Nothing,
        outside::changed_record,
    ),
    attack(
        Entry::Request,
        "rubbish as a request",
        May::Invite,
        first_contact::rubbish,
    ),
    attack(
        Entry::Request,
        "somebody else's request",
        May::Invite,
        first_contact::foreign_request,
    ),
    attack(
        Entry::Request,
        "a Welcome and a stranger's message",
        May::Invite,
        first_contact::mixed_request,
    ),
    attack(
        Entry::Request,
        "a Welcome of a length that nothing holds",
        May::Invite,
        first_contact::long_welcome,
    ),
    attack(
        Entry::Request,
        "one request at both places",
        May::Meet,
        first_contact::one_request_twice,
    ),
    attack(
        Entry::Request,
        "requests at both places of a link that asks",
        May::Ask,
        first_contact::two_that_ask,
    ),
    attack(
        Entry::Bundle,
        "rubbish as a bundle",
        May::Wait,
        first_contact::rubbish_bundle,
    ),
    attack(
        Entry::Bundle,
        "another bundle than the link names",
        May::Wait,
        first_contact::other_bundle,
    ),
    attack(
        Entry::Node,
        "five hundred slots that nobody awaits",
        May::Nothing,
        node::random_slots,
    ),
    attack(
        Entry::Node,
        "a box of Bob's by Mallory's service",
        May::Nothing,
        node::stolen_slot,
    ),
    attack(
        Entry::Node,
        "a box without its seal at an awaited slot",
        May::Nothing,
        node::forged_box,
    ),
];
