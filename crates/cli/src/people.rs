//! Contacts, those who ask to become some, and what is compared with them, as sentences.

use hushwing_api::schema::{
    ContactPhase, ContactView, RequestState, RequestView, SafetyView, Verification, VerifiedHow,
};

use crate::{names::short, safe_text::inline, show::Show};

impl Show {
    /// Those who are blocked stand apart, after all others.
    pub(crate) fn contacts(&self, contacts: &[ContactView], none: &str) -> String {
        let is_blocked = |contact: &&ContactView| contact.blocked_since_ms.is_some();
        let open = contacts.iter().filter(|contact| !is_blocked(contact));
        let blocked: String = contacts
            .iter()
            .filter(is_blocked)
            .map(|contact| self.contact(contact))
            .collect();
        let mut text: String = open.map(|contact| self.contact(contact)).collect();
        if !blocked.is_empty() {
            let gap = if text.is_empty() { "" } else { "\n" };
            text += &format!("{gap}Blocked:\n{blocked}");
        }
        if text.is_empty() { none.into() } else { text }
    }

    /// Those who are blocked stand apart, after all others.
    pub(crate) fn requests(&self, requests: &[RequestView]) -> String {
        let of = |state: RequestState| -> String {
            let of_state = requests.iter().filter(|request| request.state == state);
            of_state.map(|request| self.request(request)).collect()
        };
        let (mut text, blocked) = (of(RequestState::Open), of(RequestState::Blocked));
        if text.is_empty() {
            text += "Nobody asks to become a contact.\n";
        }
        if !blocked.is_empty() {
            text += &format!("\nBlocked:\n{blocked}");
        }
        text
    }

    pub(crate) fn request(&self, request: &RequestView) -> String {
        let name = if request.name.is_empty() {
            "(no name)".into()
        } else {
            inline(&request.name)
        };
        let id = short(&request.id);
        let decide = match request.state {
            RequestState::Open => format!(
                "hushwing request accept {id}, or refuse, or block; they learn nothing unless you \
                 accept"
            ),
            RequestState::Blocked => {
                format!("it asks no more; if you think better of it: hushwing request accept {id}")
            }
        };
        let mut text = format!(
            "{id}  {name}\n    says so of themselves; anybody who had the link can be this\n    \
             safety number {}\n    found {}; deleted {} if you decide nothing\n",
            in_fives(&request.safety_number),
            self.clock.show(request.since_ms),
            self.clock.show(request.expires_at_ms)
        );
        if request.used_twice {
            text += "    WARNING: somebody else has answered the same link. One of the two is not \
                     the one whom you gave it to; compare the safety number before you accept\n";
        }
        text + &format!("    {decide}\n")
    }

    pub(crate) fn contact(&self, contact: &ContactView) -> String {
        let name = if contact.name.is_empty() {
            "(no name)".into()
        } else {
            inline(&contact.name)
        };
        let phase = match &contact.phase {
            ContactPhase::Fetching => "their invite is being fetched".into(),
            ContactPhase::Requested => "asked; they have not answered yet".into(),
            ContactPhase::Established if contact.blocked_since_ms.is_some() => {
                "you have met each other".into()
            }
            ContactPhase::Established => "both can write".into(),
            ContactPhase::Failed { reason } => format!("failed: {}", inline(reason)),
            ContactPhase::Damaged { reason } => format!("damaged: {}", inline(reason)),
        };
        let mut text = format!("{}  {name}\n", short(&contact.id));
        match contact.own_name.as_deref() {
            None => {}
            Some("") => text += "    your name for them; they gave themselves none\n",
            Some(own) => {
                text += &format!(
                    "    your name for them; they call themselves {}\n",
                    inline(own)
                );
            }
        }
        text += &format!("    {phase}\n");
        if let Some(number) = &contact.safety_number {
            text += &format!("    safety number {}\n", in_fives(number));
            text += &format!("    {}\n", self.verification(&contact.verification));
        }
        if contact.repairing {
            text +=
                "    the keys are being made anew; what you write meanwhile goes out afterwards\n";
        }
        if contact.succeeding {
            text += "    your other identity is on its way to them\n";
        }
        match contact.missing {
            0 => {}
            1 => text += "    1 message of theirs is missing here and was asked for again\n",
            n => {
                text += &format!(
                    "    {n} messages of theirs are missing here and were asked for again\n"
                );
            }
        }
        if let Some(since) = contact.blocked_since_ms {
            text += &format!(
                "    blocked since {}: nothing is fetched from them and nothing is sent to them\n",
                self.clock.show(since)
            );
        }
        text
    }

    fn verification(&self, verification: &Verification) -> String {
        match verification {
            Verification::Unverified => "not verified; to compare: hushwing contact safety".into(),
            Verification::Verified { how, at_ms } => {
                format!(
                    "verified by {}, {}",
                    how_words(*how),
                    self.clock.show(*at_ms)
                )
            }
            Verification::Succeeded { since_ms } => format!(
                "ANOTHER IDENTITY since {}: the old and the new one vouch for it, but who stole the \
                 old one can do that too. No message goes out until you compare (hushwing contact \
                 safety, hushwing contact verify) or go on without (hushwing contact unverify)",
                self.clock.show(*since_ms)
            ),
            Verification::Changed { how, at_ms } => format!(
                "CHANGED since you verified it by {}, {}: it may be somebody else. No message goes \
                 out until you compare again (hushwing contact verify) or go on without (hushwing \
                 contact unverify)",
                how_words(*how),
                self.clock.show(*at_ms)
            ),
        }
    }

    pub(crate) fn safety(&self, safety: &SafetyView) -> String {
        let name = if safety.name.is_empty() {
            "this contact".into()
        } else {
            inline(&safety.name)
        };
        let rows: Vec<String> = safety
            .emoji
            .chunks(4)
            .map(|row| {
                let row: Vec<String> = row
                    .iter()
                    .map(|one| format!("{} {}", inline(&one.symbol), inline(&one.english)))
                    .collect();
                format!("    {}\n", row.join(", "))
            })
            .collect();
        format!(
            "Compare one of these with {name}, side by side or by voice. Both of you must see the \
             same.\n\n{}\n    {}\n\n    {}\n\n{}\n",
            rows.concat(),
            in_fives(&safety.digits),
            inline(&safety.code),
            self.verification(&safety.verification)
        )
    }
}

fn how_words(how: VerifiedHow) -> &'static str {
    match how {
        VerifiedHow::Emoji => "emoji",
        VerifiedHow::Digits => "digits",
        VerifiedHow::Code => "code",
    }
}

/// Digits in groups, as they are read out.
fn in_fives(digits: &str) -> String {
    let digits: Vec<char> = inline(digits).chars().filter(|c| *c != ' ').collect();
    let groups: Vec<String> = digits
        .chunks(5)
        .map(|group| group.iter().collect())
        .collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;

    fn show() -> Show {
        Show {
            clock: Clock::utc_at(1_795_305_421_000),
            columns: None,
        }
    }

    #[test]
    fn a_contact_tells_what_is_missing_and_what_is_mended() {
        let mut contact = ContactView {
            id: "3f2a9c1b00112233445566778899aabb".into(),
            name: "Alice".into(),
            own_name: None,
            phase: ContactPhase::Established,
            blocked_since_ms: None,
            safety_number: None,
            verification: Verification::Unverified,
            missing: 0,
            repairing: false,
            succeeding: false,
        };
        let contact_lines = |contact: &ContactView| show().contact(contact);
        let well = contact_lines(&contact);
        assert_eq!(well, "3f2a9c1b  Alice\n    both can write\n");
        contact.missing = 1;
        assert_eq!(
            contact_lines(&contact),
            format!("{well}    1 message of theirs is missing here and was asked for again\n")
        );
        contact.missing = 2;
        contact.repairing = true;
        assert_eq!(
            contact_lines(&contact),
            format!(
                "{well}    the keys are being made anew; what you write meanwhile goes out \
                 afterwards\n    2 messages of theirs are missing here and were asked for again\n"
            )
        );
        contact.safety_number = Some("12345".into());
        contact.verification = Verification::Changed {
            how: VerifiedHow::Digits,
            at_ms: 0,
        };
        contact.succeeding = true;
        let told = contact_lines(&contact);
        assert!(told.contains("your other identity is on its way"), "{told}");
        assert!(
            told.contains("CHANGED") && told.contains("contact verify"),
            "{told}"
        );
    }

    #[test]
    fn a_safety_number_is_read_in_fives() {
        assert_eq!(in_fives("1234567890123"), "12345 67890 123");
    }
}
