//! Which numbered boxes are stored on the other side, and whether they are the
//! same boxes there and here.
//!
//! A number alone does not say which box it was: who came back from an old copy of
//! the vault numbers other boxes with the same numbers. So each box has a mark of
//! 8 bytes over its plaintext, and a receipt carries the exclusive or of the marks
//! of all that it covers. `[HW-CONV-17]`

use hushwing_wire::{BoxMark, LanePlace, Receipts};
use serde::{Deserialize, Serialize};

use crate::{kdf, ranges::Numbers};

/// Marks of received boxes that are kept, newest last: what a question about keys
/// names is compared with them.
const KEPT_MARKS: usize = 64;

/// The mark of a box: the first 8 bytes of SHA-256 over its padded plaintext.
/// Both sides know that plaintext and nobody else does.
pub(crate) fn mark_of(padded: &[u8]) -> u64 {
    let hash = kdf::sha256(padded);
    let (first, _) = hash.split_first_chunk().expect("a hash has 32 bytes");
    u64::from_be_bytes(*first)
}

/// The peer's boxes that are stored here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Received {
    numbers: Numbers,
    /// The exclusive or of all marks.
    mark: u64,
    newest: Vec<(u64, u64)>,
}

impl Received {
    pub(crate) fn insert(&mut self, number: u64, mark: u64) {
        if !self.numbers.insert(number, number) {
            return;
        }
        self.mark ^= mark;
        self.newest.push((number, mark));
        let over = self.newest.len().saturating_sub(KEPT_MARKS);
        self.newest.drain(..over);
    }

    pub(crate) fn contains(&self, number: u64) -> bool {
        self.numbers.contains(number)
    }

    pub(crate) fn max(&self) -> u64 {
        self.numbers.max()
    }

    /// What is told to the peer. Where there are more ranges than a report holds,
    /// it has no mark.
    pub(crate) fn report(&self) -> Receipts {
        let report = self.numbers.report();
        let mark = if self.numbers.is_whole(&report) {
            self.mark
        } else {
            0
        };
        Receipts { mark, ..report }
    }

    /// Compares with what the peer says of the boxes that it wrote: how many there
    /// are, which of them we have acknowledged, and the marks of others.
    pub(crate) fn compare(
        &self,
        sent: u64,
        acknowledged: &Receipts,
        open: &[BoxMark],
    ) -> Comparison {
        let same = |stated: &BoxMark| {
            let known = self
                .newest
                .iter()
                .find(|(number, _)| *number == stated.number);
            known.is_none_or(|(_, mark)| *mark == stated.mark)
        };
        let all_here = !self.numbers.clone().merge(acknowledged);
        if !open.iter().all(same) || !all_here {
            Comparison::Differs
        } else if self.max() > sent {
            Comparison::TheyMayBeBehind
        } else {
            Comparison::Agrees
        }
    }
}

/// What comes of comparing a statement of the peer, made some time ago, with what is
/// known here now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Comparison {
    /// Both can be true.
    Agrees,
    /// The peer knew less than we know that it knew: either it has forgotten that,
    /// or it made its statement before.
    TheyMayBeBehind,
    /// They cannot both be true.
    Differs,
}

/// Our boxes that are stored at the peer, by its receipts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Acknowledged {
    numbers: Numbers,
    /// Those of them that receipts cover; the others are given up and count all the
    /// same.
    covered: Numbers,
    /// The newest box of the peer that brought receipts.
    told_in: u64,
    /// The exclusive or of the marks of those that receipts cover.
    mark: u64,
    /// Those that they do not, ascending by number.
    open: Vec<Open>,
}

/// A box of ours that no receipt covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    number: u64,
    mark: u64,
    /// Epoch and index of its lane; none: the request of the first contact.
    place: Option<(u64, u32)>,
}

/// A receipt covers other boxes than those that were written here, or no longer
/// covers what an earlier one did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OtherBoxes;

impl Acknowledged {
    /// A box was written.
    pub(crate) fn wrote(&mut self, number: u64, mark: u64, place: Option<LanePlace>) {
        let place = place.map(|place| (place.epoch, place.index));
        self.open.push(Open {
            number,
            mark,
            place,
        });
    }

    /// Counts the boxes at these places as acknowledged, which will never be; their
    /// numbers.
    pub(crate) fn give_up_at(&mut self, places: &[LanePlace]) -> Vec<u64> {
        let is_named = |open: &Open| {
            places
                .iter()
                .any(|place| open.place == Some((place.epoch, place.index)))
        };
        let named = self.open.iter().filter(|open| is_named(open));
        let numbers: Vec<u64> = named.map(|open| open.number).collect();
        for number in &numbers {
            self.numbers.insert(*number, *number);
        }
        self.open.retain(|open| !is_named(open));
        numbers
    }

    /// Takes in what the peer says to have, in its box `told_in`; whether that is
    /// news.
    ///
    /// # Errors
    /// [`OtherBoxes`]: the histories differ. Nothing was changed.
    pub(crate) fn take(&mut self, told_in: u64, receipts: &Receipts) -> Result<bool, OtherBoxes> {
        if told_in > self.told_in && receipts.mark != 0 && self.covers_more_than(receipts) {
            return Err(OtherBoxes);
        }
        let mut merged = self.clone();
        merged.told_in = merged.told_in.max(told_in);
        let grew = merged.numbers.merge(receipts);
        merged.covered.merge(receipts);
        merged.open.retain(|open| {
            let covered = receipts.contains(open.number);
            if covered {
                merged.mark ^= open.mark;
            }
            !covered
        });
        // An older report, or one with few ranges, covers less than is known.
        let mut told = Numbers::default();
        told.merge(receipts);
        if told == merged.covered && receipts.mark != 0 && receipts.mark != merged.mark {
            return Err(OtherBoxes);
        }
        *self = merged;
        Ok(grew)
    }

    fn covers_more_than(&self, receipts: &Receipts) -> bool {
        let mut told = Numbers::default();
        told.merge(receipts);
        told.merge(&self.covered.report())
    }

    /// Compares with what the peer says to have stored of the `sent` boxes here.
    pub(crate) fn compare(&self, sent: u64, receipts: &Receipts) -> Comparison {
        // Not as a box of the peer: its statement may be older than its last one.
        if newest(receipts) > sent || self.clone().take(0, receipts).is_err() {
            Comparison::Differs
        } else if receipts.mark != 0 && self.covers_more_than(receipts) {
            Comparison::TheyMayBeBehind
        } else {
            Comparison::Agrees
        }
    }

    /// Which boxes receipts cover.
    pub(crate) fn covered(&self) -> Receipts {
        self.covered.report()
    }

    pub(crate) fn count(&self) -> u64 {
        self.numbers.count()
    }

    /// The oldest boxes that no receipt covers, at most `most`.
    pub(crate) fn open(&self, most: usize) -> Vec<BoxMark> {
        let open = self.open.iter().take(most);
        open.map(|open| BoxMark {
            number: open.number,
            mark: open.mark,
        })
        .collect()
    }
}

/// The greatest number that a report covers.
pub(crate) fn newest(receipts: &Receipts) -> u64 {
    receipts
        .beyond
        .last()
        .map_or(receipts.up_to, |range| range.last)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn who_states_less_than_it_said_before_may_be_behind() {
        let mark = |number: u64| mark_of(&number.to_be_bytes());
        let (mut ours, mut theirs) = (Acknowledged::default(), Received::default());
        for number in 1..=3 {
            ours.wrote(number, mark(number), None);
        }
        theirs.insert(1, mark(1));
        let early = theirs.report();
        theirs.insert(2, mark(2));
        theirs.insert(3, mark(3));
        ours.take(5, &theirs.report()).unwrap();
        assert_eq!(ours.compare(3, &early), Comparison::TheyMayBeBehind);
        assert_eq!(ours.compare(3, &theirs.report()), Comparison::Agrees);
        // A report without a mark may leave ranges out.
        let unmarked = Receipts { mark: 0, ..early };
        assert_eq!(ours.compare(3, &unmarked), Comparison::Agrees);
    }

    proptest! {
        /// Receipts for the same boxes are believed in any order, and one for
        /// another box under a number of ours never is.
        #[test]
        fn receipts_are_believed_for_the_boxes_that_were_written_and_for_no_others(
            order in Just((1..=40_u64).collect::<Vec<_>>()).prop_shuffle(),
            told_after in proptest::collection::vec(1_usize..40, 1..6),
            given_up in 0_u64..=40,
            other in 1_u64..=40,
        ) {
            let mut ours = Acknowledged::default();
            let mut after_roll_back = Acknowledged::default();
            let mut theirs = Received::default();
            let mark = |number: u64| mark_of(&number.to_be_bytes());
            let place = |number| {
                let index = u32::try_from(number).unwrap();
                Some(LanePlace { epoch: 3, index })
            };
            for number in 1..=40 {
                ours.wrote(number, mark(number), place(number));
                let unlike = u64::from(number == other);
                after_roll_back.wrote(number, mark(number) ^ unlike, place(number));
            }
            if given_up > 0 {
                let place = place(given_up).unwrap();
                prop_assert_eq!(ours.give_up_at(&[place]), vec![given_up]);
                prop_assert!(ours.give_up_at(&[place]).is_empty());
            }
            let mut reports = Vec::new();
            for (index, number) in order.iter().enumerate() {
                if *number != given_up {
                    theirs.insert(*number, mark(*number));
                }
                if told_after.contains(&index) {
                    reports.push(theirs.report());
                }
            }
            // Late ones come after newer ones.
            reports.rotate_left(1);
            reports.push(theirs.report());
            for report in &reports {
                prop_assert!(ours.take(0, report).is_ok());
            }
            prop_assert_eq!(ours.count(), 40);
            // Who has fewer than it said before was rolled back.
            let last = theirs.report();
            prop_assert!(ours.take(9, &last).is_ok());
            let mut fewer = Received::default();
            fewer.insert(order[0], mark(order[0]));
            if fewer.report() != last && order[0] != given_up {
                prop_assert_eq!(ours.take(10, &fewer.report()), Err(OtherBoxes));
                prop_assert!(ours.take(8, &fewer.report()).is_ok());
            }
            let agrees = theirs.compare(40, &ours.covered(), &ours.open(64));
            prop_assert_eq!(agrees, Comparison::Agrees);
            prop_assert_eq!(ours.compare(40, &theirs.report()), Comparison::Agrees);
            prop_assert_eq!(Received::default().compare(40, &ours.covered(), &[]), Comparison::Differs);
            prop_assert_eq!(theirs.compare(0, &Receipts::default(), &[]), Comparison::TheyMayBeBehind);
            prop_assert_eq!(ours.compare(0, &theirs.report()), Comparison::Differs);
            if given_up == 0 {
                prop_assert_eq!(after_roll_back.take(0, &theirs.report()), Err(OtherBoxes));
                prop_assert_eq!(after_roll_back.count(), 0);
                let forked = theirs.compare(40, &Receipts::default(), &after_roll_back.open(64));
                prop_assert_eq!(forked, Comparison::Differs);
            }
        }
    }
}
