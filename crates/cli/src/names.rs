//! Short names of long things, fit for a terminal.

use crate::safe_text::inline;

/// Characters of an id that are shown: enough to name one among thousands.
const SHORT_ID_LEN: usize = 8;

/// How a relay's address begins.
const RELAY_SCHEME: &str = "hushwing-relay:";

/// Characters of a relay's address that are shown in sentences: some of its key,
/// so that a person tells one relay from another.
const SHORT_RELAY_LEN: usize = 12;

/// The beginning of an id, which commands take instead of the whole.
pub(crate) fn short(id: &str) -> String {
    beginning(id, SHORT_ID_LEN)
}

/// `[HW-CLI-10]` The beginning of a relay's address, without its scheme, for
/// sentences; JSON holds the whole.
pub(crate) fn short_relay(address: &str) -> String {
    let name = address.strip_prefix(RELAY_SCHEME).unwrap_or(address);
    let short = beginning(name, SHORT_RELAY_LEN);
    if name.chars().count() > SHORT_RELAY_LEN {
        short + "…"
    } else {
        short
    }
}

/// What a finding is about: a contact or an invite by its id, or a relay.
pub(crate) fn short_subject(about: &str) -> String {
    if about.starts_with(RELAY_SCHEME) {
        format!("relay {}", short_relay(about))
    } else {
        short(about)
    }
}

/// A reason as a part of a sentence that ends itself.
pub(crate) fn clause(reason: &str) -> String {
    inline(reason.trim_end().trim_end_matches('.'))
}

fn beginning(text: &str, len: usize) -> String {
    inline(&text.chars().take(len).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_is_named_by_the_beginning_of_its_key() {
        let address = "hushwing-relay:aebagbafaydqqcikbmga2dqpcaireeyu";
        assert_eq!(short_relay(address), "aebagbafaydq…");
        assert_eq!(short_relay("hushwing-relay:aebagbafaydq"), "aebagbafaydq");
        assert_eq!(short_relay("\u{1b}[2J\nforged"), "\\u{1b}[2J\\nforged");
        assert_eq!(short_subject(address), "relay aebagbafaydq…");
        assert_eq!(
            short_subject("00112233445566778899aabbccddeeff"),
            "00112233"
        );
    }

    #[test]
    fn a_reason_keeps_all_but_its_last_full_stop() {
        assert_eq!(clause("It is full. Wait."), "It is full. Wait");
        assert_eq!(clause("it said no"), "it said no");
    }
}
