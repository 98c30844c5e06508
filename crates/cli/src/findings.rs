//! What the doctor found, the worst first.

use hushwing_api::schema::{Finding, FindingKind};

use crate::{clock::Clock, names::short_subject, safe_text::inline};

/// How bad a finding is; the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    Everything,
    Messages,
    Weaker,
}

impl Weight {
    const ALL: [Self; 3] = [Self::Everything, Self::Messages, Self::Weaker];

    fn of(kind: FindingKind) -> Self {
        match kind {
            FindingKind::Network | FindingKind::NoRelay => Self::Everything,
            FindingKind::Damaged
            | FindingKind::Unreachable
            | FindingKind::Limit
            | FindingKind::Held
            | FindingKind::Missing
            | FindingKind::Repairing
            | FindingKind::Undelivered => Self::Messages,
            FindingKind::OwnRelay
            | FindingKind::TheirRelay
            | FindingKind::Invite
            | FindingKind::Succeeding => Self::Weaker,
        }
    }

    fn heading(self) -> &'static str {
        match self {
            Self::Everything => "Holds everything up:",
            Self::Messages => "Holds messages up:",
            Self::Weaker => "Makes it slower or less certain:",
        }
    }
}

/// All findings, each with since when and what to do.
pub(crate) fn findings(findings: &[Finding], clock: &Clock) -> String {
    let mut text = match findings.len() {
        0 => return "Nothing is stuck.\n".into(),
        1 => "1 thing is stuck.\n".into(),
        n => format!("{n} things are stuck, the worst first.\n"),
    };
    for weight in Weight::ALL {
        let mut group: Vec<&Finding> = findings
            .iter()
            .filter(|finding| Weight::of(finding.kind) == weight)
            .collect();
        // Stable: findings of one kind stay in the daemon's order.
        group.sort_by_key(|finding| rank(finding.kind));
        if !group.is_empty() {
            text += &format!("\n{}\n", weight.heading());
            text.extend(group.into_iter().map(|finding| one(finding, clock)));
        }
    }
    text
}

fn one(finding: &Finding, clock: &Clock) -> String {
    let about = finding.about.as_deref().map(short_subject);
    let about = about.map(|about| format!(" ({about})")).unwrap_or_default();
    let mut text = format!(
        "* {}{about}: {}\n",
        kind_words(finding.kind),
        inline(&finding.what)
    );
    if let Some(since_ms) = finding.since_ms {
        text += &format!("    since {}\n", clock.ago(since_ms));
    }
    text + &format!("    to do: {}\n", inline(&finding.advice))
}

/// `[HW-CLI-10]` What is stuck, in words of its own for each kind.
fn kind_words(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Network => "no way out",
        FindingKind::NoRelay => "no relay of yours",
        FindingKind::Damaged => "damage in your account",
        FindingKind::Unreachable => "a contact out of reach",
        FindingKind::Limit => "a queue is full",
        FindingKind::Held => "messages held back",
        FindingKind::Missing => "messages missing here",
        FindingKind::Repairing => "keys being made anew",
        FindingKind::Succeeding => "your other identity on its way",
        FindingKind::Undelivered => "messages not delivered",
        FindingKind::OwnRelay => "a silent relay of yours",
        FindingKind::TheirRelay => "a silent relay of theirs",
        FindingKind::Invite => "an invite not ready",
    }
}

/// The order within a group: what is lost or refused before what only waits.
fn rank(kind: FindingKind) -> u8 {
    match kind {
        FindingKind::Network | FindingKind::Damaged | FindingKind::OwnRelay => 0,
        FindingKind::NoRelay | FindingKind::Limit | FindingKind::TheirRelay => 1,
        FindingKind::Unreachable | FindingKind::Invite => 2,
        FindingKind::Held => 3,
        FindingKind::Missing => 4,
        FindingKind::Repairing => 5,
        FindingKind::Undelivered => 6,
        FindingKind::Succeeding => 7,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const NOW: u64 = 1_795_305_421_000;

    /// The last kind first, so that no test leans on the order.
    pub(crate) const EVERY_KIND: [FindingKind; 13] = [
        FindingKind::Succeeding,
        FindingKind::Damaged,
        FindingKind::Limit,
        FindingKind::Invite,
        FindingKind::Repairing,
        FindingKind::Missing,
        FindingKind::Held,
        FindingKind::Undelivered,
        FindingKind::Unreachable,
        FindingKind::TheirRelay,
        FindingKind::OwnRelay,
        FindingKind::NoRelay,
        FindingKind::Network,
    ];

    fn finding(kind: FindingKind) -> Finding {
        Finding {
            kind,
            about: None,
            what: "It does not work.".into(),
            advice: "Wait.".into(),
            since_ms: None,
        }
    }

    #[test]
    fn every_kind_has_its_words_and_its_place() {
        let numbers: BTreeSet<u8> = EVERY_KIND
            .iter()
            .map(|kind| match kind {
                FindingKind::Network => 0,
                FindingKind::NoRelay => 1,
                FindingKind::OwnRelay => 2,
                FindingKind::TheirRelay => 3,
                FindingKind::Unreachable => 4,
                FindingKind::Undelivered => 5,
                FindingKind::Held => 6,
                FindingKind::Missing => 7,
                FindingKind::Repairing => 8,
                FindingKind::Invite => 9,
                FindingKind::Limit => 10,
                FindingKind::Damaged => 11,
                FindingKind::Succeeding => 12,
            })
            .collect();
        assert!(numbers.into_iter().eq(0..13));
        let words: BTreeSet<&str> = EVERY_KIND.iter().map(|kind| kind_words(*kind)).collect();
        assert_eq!(words.len(), EVERY_KIND.len());
        let places: BTreeSet<(Weight, u8)> = EVERY_KIND
            .iter()
            .map(|kind| (Weight::of(*kind), rank(*kind)))
            .collect();
        assert_eq!(places.len(), EVERY_KIND.len());
    }

    #[test]
    fn the_worst_stands_first_in_whatever_order_it_was_found() {
        let all: Vec<Finding> = EVERY_KIND.into_iter().map(finding).collect();
        let backwards: Vec<Finding> = all.iter().rev().cloned().collect();
        let clock = Clock::utc_at(NOW);
        let text = findings(&all, &clock);
        assert_eq!(findings(&backwards, &clock), text);
        let heads: Vec<&str> = text
            .lines()
            .filter(|line| !line.starts_with("    "))
            .collect();
        assert_eq!(
            heads,
            [
                "13 things are stuck, the worst first.",
                "",
                "Holds everything up:",
                "* no way out: It does not work.",
                "* no relay of yours: It does not work.",
                "",
                "Holds messages up:",
                "* damage in your account: It does not work.",
                "* a queue is full: It does not work.",
                "* a contact out of reach: It does not work.",
                "* messages held back: It does not work.",
                "* messages missing here: It does not work.",
                "* keys being made anew: It does not work.",
                "* messages not delivered: It does not work.",
                "",
                "Makes it slower or less certain:",
                "* a silent relay of yours: It does not work.",
                "* a silent relay of theirs: It does not work.",
                "* an invite not ready: It does not work.",
                "* your other identity on its way: It does not work.",
            ]
        );
    }

    #[test]
    fn a_finding_tells_about_what_since_when_and_what_to_do() {
        let mut one = finding(FindingKind::OwnRelay);
        one.about = Some("hushwing-relay:aebagbafaydqqcikbmga2dqpcaireeyu".into());
        one.since_ms = Some(NOW - 3 * 3_600_000);
        assert_eq!(
            findings(&[one], &Clock::utc_at(NOW)),
            "1 thing is stuck.\n\
             \n\
             Makes it slower or less certain:\n\
             * a silent relay of yours (relay aebagbafaydq…): It does not work.\n    \
                 since 2026-11-21 20:57:01 (3 hours ago)\n    \
                 to do: Wait.\n"
        );
    }
}
