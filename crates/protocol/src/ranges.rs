//! Which numbered boxes are stored: a set of numbers as a prefix and ranges.

use hushwing_wire::{NumberRange, Receipts, limits::MAX_RECEIPT_RANGES};
use serde::{Deserialize, Serialize};

/// Ranges above the prefix that are remembered. Gaps come from boxes still on
/// their way (at most three lanes) and from unreadable ones (never with an
/// honest peer), so this is never reached with an honest peer; beyond it the
/// lowest range is forgotten, which costs an acknowledgement and no message.
const MAX_RANGES: usize = 64;

/// A set of box numbers from 1. `[HW-CONV-9]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Numbers {
    up_to: u64,
    /// Ascending, apart from each other and from the prefix.
    beyond: Vec<(u64, u64)>,
}

impl Numbers {
    pub(crate) fn contains(&self, number: u64) -> bool {
        number <= self.up_to
            || self
                .beyond
                .iter()
                .any(|&(first, last)| (first..=last).contains(&number))
    }

    /// The greatest number in the set, 0 when empty.
    pub(crate) fn max(&self) -> u64 {
        self.beyond.last().map_or(self.up_to, |&(_, last)| last)
    }

    /// How many numbers are in the set.
    pub(crate) fn count(&self) -> u64 {
        self.up_to
            + self
                .beyond
                .iter()
                .map(|(first, last)| last - first + 1)
                .sum::<u64>()
    }

    /// Adds the numbers from `first` to `last`; whether the set grew.
    pub(crate) fn insert(&mut self, first: u64, last: u64) -> bool {
        let before = self.count();
        let mut ranges = std::mem::take(&mut self.beyond);
        ranges.push((first, last));
        ranges.sort_unstable();
        for (first, last) in ranges {
            match self.beyond.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = (*end).max(last),
                None if first <= self.up_to.saturating_add(1) => self.up_to = self.up_to.max(last),
                _ => self.beyond.push((first, last)),
            }
        }
        let grew = self.count() > before;
        if self.beyond.len() > MAX_RANGES {
            self.beyond.remove(0);
        }
        grew
    }

    /// Adds everything in `receipts`; whether the set grew.
    pub(crate) fn merge(&mut self, receipts: &Receipts) -> bool {
        let mut grew = self.insert(1, receipts.up_to);
        for range in &receipts.beyond {
            grew |= self.insert(range.first, range.last);
        }
        grew
    }

    /// Whether `report` names every number of the set.
    pub(crate) fn is_whole(&self, report: &Receipts) -> bool {
        report.beyond.len() == self.beyond.len()
    }

    /// What is reported: the prefix and the newest ranges. The other side joins
    /// reports, so older ranges that it has seen are not lost to it.
    pub(crate) fn report(&self) -> Receipts {
        let skipped = self.beyond.len().saturating_sub(MAX_RECEIPT_RANGES);
        Receipts {
            up_to: self.up_to,
            beyond: self.beyond[skipped..]
                .iter()
                .map(|&(first, last)| NumberRange { first, last })
                .collect(),
            mark: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use hushwing_wire::Envelope;
    use proptest::prelude::*;

    use super::Numbers;

    proptest! {
        #[test]
        fn ranges_are_the_set_of_what_was_inserted(
            inserts in proptest::collection::vec((1_u64..120, 0_u64..6), 0..40),
        ) {
            let mut numbers = Numbers::default();
            let mut model = BTreeSet::new();
            for (first, more) in inserts {
                let grew = numbers.insert(first, first + more);
                let before = model.len();
                model.extend(first..=first + more);
                prop_assert_eq!(grew, model.len() > before);
                prop_assert_eq!(numbers.count(), model.len() as u64);
                prop_assert_eq!(numbers.max(), model.last().copied().unwrap_or(0));
                for number in 1..130 {
                    prop_assert_eq!(numbers.contains(number), model.contains(&number));
                }
                let mut joined = Numbers::default();
                joined.merge(&numbers.report());
                prop_assert!(joined.count() <= numbers.count());
            }
        }
    }

    #[test]
    fn beyond_the_most_ranges_the_lowest_is_forgotten_and_no_other() {
        let most = super::MAX_RANGES as u64;
        let mut numbers = Numbers::default();
        for number in 1..=most {
            assert!(numbers.insert(number * 2, number * 2));
        }
        assert_eq!(numbers.count(), most);
        assert!(numbers.contains(2));
        assert!(numbers.insert(most * 2 + 2, most * 2 + 2));
        assert_eq!(numbers.count(), most);
        assert!(!numbers.contains(2) && numbers.contains(4));
    }

    #[test]
    fn a_report_is_whole_where_it_names_every_range() {
        let mut numbers = Numbers::default();
        for number in 1..=hushwing_wire::limits::MAX_RECEIPT_RANGES as u64 {
            numbers.insert(number * 2, number * 2);
            assert!(numbers.is_whole(&numbers.report()));
        }
        numbers.insert(1_000, 1_000);
        assert!(!numbers.is_whole(&numbers.report()));
    }

    #[test]
    fn a_report_of_many_gaps_is_valid_on_the_wire() {
        let mut numbers = Numbers::default();
        for number in 1..200 {
            numbers.insert(number * 2, number * 2);
        }
        let envelope = Envelope {
            number: 1,
            clock: 1,
            sent_at_ms: 0,
            received: numbers.report(),
            lane_ends: Vec::new(),
            epoch_authenticator: vec![0; 32],
            body: hushwing_wire::Body::Nothing,
        };
        let bytes = envelope.to_bytes().unwrap();
        assert_eq!(Envelope::from_bytes(&bytes).unwrap(), envelope);
        assert!(envelope.received.contains(398));
    }
}
