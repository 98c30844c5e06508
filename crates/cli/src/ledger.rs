//! Where a message is: its state, its ways and its history, in words.
//!
//! `[HW-CLI-10]` Each state, way and step has words of its own. Whoever wants to
//! know why something did not arrive must be able to tell one from the other.

use hushwing_api::schema::{
    DeliveredBy, LedgerEntry, LedgerStep, LedgerView, MessageState, MessageView, WayState, WayView,
};

use crate::{
    clock::Clock,
    names::{clause, short, short_relay},
    safe_text::block,
};

/// Characters of a message that remind of what it said.
const EXCERPT_LEN: usize = 60;

/// A message with all that is known of its way: where it is in one sentence,
/// then which one it is, each way, and what happened, oldest first.
pub(crate) fn ledger(ledger: &LedgerView, clock: &Clock, columns: Option<usize>) -> String {
    let message = &ledger.message;
    let mut text = format!(
        "{}\n\n{} message {} {} {}, written {}:\n{}",
        whereabouts(message, clock),
        if message.mine { "Your" } else { "Their" },
        short(&message.id),
        if message.mine { "to" } else { "from" },
        short(&message.contact),
        clock.show(message.sent_at_ms),
        block(&excerpt(&message.text), columns),
    );
    if !ledger.ways.is_empty() {
        text += "\nWays:\n";
        text.extend(ledger.ways.iter().map(|way| way_line(way, clock)));
    }
    text += "\nHistory:\n";
    if ledger.history.is_empty() {
        text += "  nothing is recorded\n";
    }
    text.extend(ledger.history.iter().map(|entry| step_line(entry, clock)));
    text
}

/// Where a message is, for a line with other things, and why if there is a reason.
pub(crate) fn state(state: &MessageState, clock: &Clock) -> (String, Option<String>) {
    let because = |words: &str, reason: &str| (words.into(), Some(clause(reason)));
    let plain = |words: &str| (words.into(), None);
    match state {
        MessageState::WaitingForContact => plain("waiting until they have accepted"),
        MessageState::Held { reason } => because("held back", reason),
        MessageState::WaitingForTor => plain("waiting for Tor"),
        MessageState::WaitingForRelay {
            reason,
            next_try_ms,
        } => {
            let next_try = match next_try_ms {
                0 => "when something changes".into(),
                ms => clock.show(*ms),
            };
            let why = format!("{} (next try {next_try})", clause(reason));
            ("waiting for a relay".into(), Some(why))
        }
        MessageState::Sending => plain("on its way"),
        MessageState::AtRelay { stored, of } => (format!("at {}", relays(*stored, *of)), None),
        MessageState::Delivered => plain("on their device"),
        MessageState::Read => plain("read by them"),
        MessageState::Damaged { reason } => because("damaged here", reason),
        MessageState::Failed { reason } => because("failed", reason),
        MessageState::Received => plain("received"),
        MessageState::Unreadable { reason } => because("here but unreadable", reason),
    }
}

/// Where a message is, as a sentence.
fn whereabouts(message: &MessageView, clock: &Clock) -> String {
    let at = clock.show(message.since_ms);
    match &message.state {
        MessageState::WaitingForContact => {
            format!("In the vault since {at}; it goes out when they have accepted.")
        }
        MessageState::Held { reason } => {
            format!("Held back in the vault since {at}: {}.", clause(reason))
        }
        MessageState::WaitingForTor => {
            format!("In the vault since {at}; it goes out when Tor works.")
        }
        MessageState::WaitingForRelay {
            reason,
            next_try_ms,
        } => format!(
            "In the vault since {at}, and neither their device nor a relay has taken it: {}. It \
             is tried again {}.",
            clause(reason),
            next_try(*next_try_ms, clock),
        ),
        MessageState::Sending => {
            format!("On its way since {at}; nobody has confirmed it yet.")
        }
        MessageState::AtRelay { stored, of } => format!(
            "Kept at {} since {at}; it is not on their device yet.",
            relays(*stored, *of)
        ),
        MessageState::Delivered => format!("On their device since {at}."),
        MessageState::Read => format!("Read by them; they told so at {at}."),
        MessageState::Damaged { reason } => {
            format!(
                "Its record here is damaged (last known of at {at}): {}.",
                clause(reason)
            )
        }
        MessageState::Failed { reason } => {
            format!("It failed at {at} and will not arrive: {}.", clause(reason))
        }
        MessageState::Received => format!("It came in at {at}."),
        MessageState::Unreadable { reason } => {
            format!("It came in at {at} and cannot be read: {}.", clause(reason))
        }
    }
}

fn way_line(way: &WayView, clock: &Clock) -> String {
    let name = match &way.relay {
        None => "their device".into(),
        Some(address) => format!("relay {}", short_relay(address)),
    };
    format!("  {name}: {}\n", way_words(&way.state, clock))
}

fn way_words(state: &WayState, clock: &Clock) -> String {
    match state {
        WayState::Kept => "it is kept there".into(),
        WayState::Trying => "it is being tried now".into(),
        WayState::Waiting {
            reason,
            next_try_ms,
        } => format!(
            "it is tried again {}: {}",
            next_try(*next_try_ms, clock),
            clause(reason)
        ),
        WayState::Unused { reason } => format!("it is not tried: {}", clause(reason)),
    }
}

fn step_line(entry: &LedgerEntry, clock: &Clock) -> String {
    format!(
        "  {}  {}\n",
        clock.show(entry.at_ms),
        step_words(&entry.step)
    )
}

fn step_words(step: &LedgerStep) -> String {
    match step {
        LedgerStep::Written => "written, and saved in the vault".into(),
        LedgerStep::Sealed => "encrypted; from here on the same bytes go by every way".into(),
        LedgerStep::SealedAnew => {
            "encrypted again, because the keys of the conversation were made anew".into()
        }
        LedgerStep::UnreadThere => {
            "came to their device and could not be read there; it goes again".into()
        }
        LedgerStep::KeptByRelay { relay } => format!("kept by relay {}", short_relay(relay)),
        LedgerStep::PutAgain { reason } => format!(
            "put again although a relay had taken it: {}",
            clause(reason)
        ),
        LedgerStep::Delivered {
            by: DeliveredBy::Direct,
        } => "on their device, which took it from this one".into(),
        LedgerStep::Delivered {
            by: DeliveredBy::Receipt,
        } => "on their device, as their receipt says".into(),
        LedgerStep::Failed { reason } => format!("failed for good: {}", clause(reason)),
        LedgerStep::Read => "read by them, as their report says".into(),
        LedgerStep::Damaged => "what happened before is damaged here".into(),
        LedgerStep::GivenUp => "given up by you before it left".into(),
        LedgerStep::Arrived => "came in from them".into(),
    }
}

fn next_try(ms: u64, clock: &Clock) -> String {
    match ms {
        0 => "when something changes".into(),
        ms => clock.ahead(ms),
    }
}

fn relays(stored: u32, of: u32) -> String {
    let relays = if of == 1 { "relay" } else { "relays" };
    format!("{stored} of {of} {relays}")
}

/// The beginning of the first line.
fn excerpt(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut shown: String = line.chars().take(EXCERPT_LEN).collect();
    if shown.len() < text.trim_end().len() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const NOW: u64 = 1_795_305_421_000;
    const LATER: u64 = NOW + 90_000;
    const RELAY: &str = "hushwing-relay:aebagbafaydqqcikbmga2dqpcaireeyu";

    /// One of each state; a state that is not here fails to compile.
    pub(crate) fn every_state(reason: &str) -> Vec<MessageState> {
        let all = vec![
            MessageState::WaitingForContact,
            MessageState::Held {
                reason: reason.into(),
            },
            MessageState::WaitingForTor,
            MessageState::WaitingForRelay {
                reason: reason.into(),
                next_try_ms: LATER,
            },
            MessageState::Sending,
            MessageState::AtRelay { stored: 1, of: 2 },
            MessageState::Delivered,
            MessageState::Failed {
                reason: reason.into(),
            },
            MessageState::Received,
            MessageState::Unreadable {
                reason: reason.into(),
            },
            MessageState::Read,
            MessageState::Damaged {
                reason: reason.into(),
            },
        ];
        let numbers = all.iter().map(|state| match state {
            MessageState::WaitingForContact => 0,
            MessageState::Held { .. } => 1,
            MessageState::WaitingForTor => 2,
            MessageState::WaitingForRelay { .. } => 3,
            MessageState::Sending => 4,
            MessageState::AtRelay { .. } => 5,
            MessageState::Delivered => 6,
            MessageState::Failed { .. } => 7,
            MessageState::Received => 8,
            MessageState::Unreadable { .. } => 9,
            MessageState::Read => 10,
            MessageState::Damaged { .. } => 11,
        });
        assert!(numbers.eq(0..12));
        all
    }

    pub(crate) fn every_way(reason: &str) -> Vec<WayState> {
        let all = vec![
            WayState::Kept,
            WayState::Trying,
            WayState::Waiting {
                reason: reason.into(),
                next_try_ms: LATER,
            },
            WayState::Unused {
                reason: reason.into(),
            },
        ];
        let numbers = all.iter().map(|way| match way {
            WayState::Kept => 0,
            WayState::Trying => 1,
            WayState::Waiting { .. } => 2,
            WayState::Unused { .. } => 3,
        });
        assert!(numbers.eq(0..4));
        all
    }

    pub(crate) fn every_step(words: &str) -> Vec<LedgerStep> {
        let all = vec![
            LedgerStep::Written,
            LedgerStep::Sealed,
            LedgerStep::SealedAnew,
            LedgerStep::KeptByRelay {
                relay: words.into(),
            },
            LedgerStep::PutAgain {
                reason: words.into(),
            },
            LedgerStep::Delivered {
                by: DeliveredBy::Direct,
            },
            LedgerStep::Delivered {
                by: DeliveredBy::Receipt,
            },
            LedgerStep::Failed {
                reason: words.into(),
            },
            LedgerStep::GivenUp,
            LedgerStep::Arrived,
            LedgerStep::Read,
            LedgerStep::Damaged,
            LedgerStep::UnreadThere,
        ];
        let numbers = all.iter().map(|step| match step {
            LedgerStep::Written => 0,
            LedgerStep::Sealed => 1,
            LedgerStep::SealedAnew => 2,
            LedgerStep::KeptByRelay { .. } => 3,
            LedgerStep::PutAgain { .. } => 4,
            LedgerStep::Delivered {
                by: DeliveredBy::Direct,
            } => 5,
            LedgerStep::Delivered {
                by: DeliveredBy::Receipt,
            } => 6,
            LedgerStep::Failed { .. } => 7,
            LedgerStep::GivenUp => 8,
            LedgerStep::Arrived => 9,
            LedgerStep::Read => 10,
            LedgerStep::Damaged => 11,
            LedgerStep::UnreadThere => 12,
        });
        assert!(numbers.eq(0..13));
        all
    }

    pub(crate) fn message(text: &str, mine: bool, state: MessageState) -> MessageView {
        MessageView {
            id: "00112233445566778899aabbccddeeff".into(),
            contact: "ffeeddccbbaa99887766554433221100".into(),
            position: 1,
            order: None,
            mine,
            text: text.into(),
            sent_at_ms: NOW,
            state,
            since_ms: NOW + 4000,
        }
    }

    fn all_differ(texts: &[String]) {
        let different: BTreeSet<&String> = texts.iter().collect();
        assert_eq!(different.len(), texts.len(), "{texts:#?}");
    }

    #[test]
    fn no_two_states_share_one_sentence() {
        let clock = Clock::utc_at(NOW);
        let sentences: Vec<String> = every_state("It said no.")
            .into_iter()
            .map(|state| whereabouts(&message("hi", true, state), &clock))
            .collect();
        all_differ(&sentences);
        for sentence in sentences {
            assert!(
                sentence.ends_with('.') && !sentence.ends_with(".."),
                "{sentence}"
            );
            assert!(sentence.contains("2026-11-21 23:57:05"), "{sentence}");
        }
        let states: Vec<String> = every_state("It said no.")
            .iter()
            .map(|one| state(one, &clock).0)
            .collect();
        all_differ(&states);
        let ways: Vec<String> = every_way("It said no.")
            .iter()
            .map(|way| way_words(way, &clock))
            .collect();
        all_differ(&ways);
        let steps: Vec<String> = every_step("It said no.").iter().map(step_words).collect();
        all_differ(&steps);
    }

    #[test]
    fn every_reason_is_told() {
        let clock = Clock::utc_at(NOW);
        let with_reason = |texts: Vec<String>| {
            texts
                .iter()
                .filter(|text| text.contains("It said no"))
                .count()
        };
        let told = every_state("It said no.").into_iter();
        let told = told.map(|state| whereabouts(&message("hi", true, state), &clock));
        assert_eq!(with_reason(told.collect()), 5);
        let told = every_way("It said no.");
        let told = told.iter().map(|way| way_words(way, &clock));
        assert_eq!(with_reason(told.collect()), 2);
        let told = every_step("It said no.");
        // Two reasons and the relay's name.
        assert_eq!(with_reason(told.iter().map(step_words).collect()), 3);
    }

    #[test]
    fn a_message_is_told_in_the_order_in_which_people_ask() {
        let clock = Clock::utc_at(NOW);
        let view = LedgerView {
            message: message(
                "Hello Alice,\nthe rest",
                true,
                MessageState::AtRelay { stored: 1, of: 2 },
            ),
            history: vec![
                LedgerEntry {
                    at_ms: NOW,
                    step: LedgerStep::Written,
                },
                LedgerEntry {
                    at_ms: NOW + 4000,
                    step: LedgerStep::KeptByRelay {
                        relay: RELAY.into(),
                    },
                },
            ],
            ways: vec![
                WayView {
                    relay: None,
                    state: WayState::Waiting {
                        reason: "It does not answer.".into(),
                        next_try_ms: LATER,
                    },
                },
                WayView {
                    relay: Some(RELAY.into()),
                    state: WayState::Kept,
                },
                WayView {
                    relay: Some(RELAY.into()),
                    state: WayState::Waiting {
                        reason: "It is full.".into(),
                        next_try_ms: 0,
                    },
                },
            ],
        };
        assert_eq!(
            ledger(&view, &clock, None),
            "Kept at 1 of 2 relays since 2026-11-21 23:57:05; it is not on their device yet.\n\
             \n\
             Your message 00112233 to ffeeddcc, written 2026-11-21 23:57:01:\n  \
               | Hello Alice,…\n\
             \n\
             Ways:\n  \
               their device: it is tried again in 2 minutes (2026-11-21 23:58:31): It does not \
             answer\n  \
               relay aebagbafaydq…: it is kept there\n  \
               relay aebagbafaydq…: it is tried again when something changes: It is full\n\
             \n\
             History:\n  \
               2026-11-21 23:57:01  written, and saved in the vault\n  \
               2026-11-21 23:57:05  kept by relay aebagbafaydq…\n"
        );
    }

    #[test]
    fn an_excerpt_ends_with_dots_only_when_something_follows() {
        for (text, shown) in [
            ("", ""),
            ("short", "short"),
            ("short\n", "short"),
            ("one\ntwo", "one…"),
            ("one\r\ntwo", "one…"),
        ] {
            assert_eq!(excerpt(text), shown, "{text:?}");
        }
        assert_eq!(excerpt(&"ü".repeat(60)), "ü".repeat(60));
        assert_eq!(excerpt(&"ü".repeat(61)), "ü".repeat(60) + "…");
    }
}
