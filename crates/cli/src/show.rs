//! Answers and events as sentences.
//!
//! Each text that could come from somebody else goes through [`safe_text`]:
//! names, messages, and reasons too, since a relay's or a contact's words may be
//! in them.

use hushwing_api::schema::{
    BackupKey, BackupView, ChatView, Command, DeliveryPolicy, Event, FoundView, InviteCreatedView,
    InvitePolicy, InviteState, InviteView, LossKind, MessageState, MessageView, NetworkView,
    ReadReports, RelayRole, RelayState, RelayTestView, RelayView, Reply, SettingsView, StatusView,
    VaultReportView, VaultState,
};

use crate::{
    clock::Clock,
    findings::findings,
    ledger::{self, state},
    names::short,
    safe_text::{block, inline},
};

const SECONDS_PER_DAY: u32 = 24 * 3600;

/// How answers are shown here.
pub(crate) struct Show {
    /// In which time zone.
    pub(crate) clock: Clock,
    /// Columns of the terminal; `None` when the output is none.
    pub(crate) columns: Option<usize>,
}

impl Show {
    /// An answer, each line with its end.
    pub(crate) fn reply(&self, command: &Command, reply: &Reply) -> String {
        match reply {
            Reply::Done => done(command).to_owned() + "\n",
            Reply::Status(status) => self.status(status),
            Reply::Backup(backup) => self.backup(command, backup),
            Reply::VaultReport(report) => self.vault_report(command, report),
            Reply::Relay(relay) => format!("In use from now on:\n{}", relay_lines(relay)),
            Reply::Relays { relays } => {
                let none = "No relay is in use; add one with: hushwing relay add ADDRESS\n";
                list(relays.iter().map(relay_lines), none)
            }
            Reply::RelayTest(test) => relay_test(test),
            Reply::InviteCreated(created) => self.invite_created(created),
            Reply::Invites { invites } => {
                let lines = invites.iter().map(|invite| self.invite(invite));
                list(lines, "There is no open invite.\n")
            }
            Reply::Contact(contact) => {
                let head = match command {
                    Command::RouteApply { .. } => {
                        "Mail to this contact goes by the new routes from now on:\n"
                    }
                    Command::Verify { .. } => "The safety number is the same on both sides:\n",
                    Command::Unverify { .. } => "Not verified any more:\n",
                    _ => "",
                };
                head.to_owned() + &self.contact(contact)
            }
            Reply::Contacts { contacts } if matches!(command, Command::ChangeEveryIdentity) => {
                let none = "There is nobody for whom you have an identity.\n";
                self.contacts(contacts, none)
            }
            Reply::Contacts { contacts } => {
                let none = "There are no contacts; make an invite with: hushwing invite create\n";
                self.contacts(contacts, none)
            }
            Reply::Chats { chats } => {
                let none = "There are no chats; make an invite with: hushwing invite create\n";
                list(chats.iter().map(|chat| self.chat(chat)), none)
            }
            Reply::Requests { requests } => self.requests(requests),
            Reply::Sent(message) => {
                let (words, why) = state(&message.state, &self.clock);
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                let id = short(&message.id);
                format!("Saved in the vault as {id}; {words}{why}.\n")
            }
            Reply::Messages { messages } => {
                let lines = messages.iter().map(|message| self.message(message));
                list(lines, "There are no messages.\n")
            }
            Reply::Found {
                found,
                next,
                complete,
            } => self.found(found, next.as_deref(), *complete),
            Reply::Ledger(view) => ledger::ledger(view, &self.clock, self.columns),
            Reply::Doctor { findings: found } => findings(found, &self.clock),
            Reply::Delivery { policy } => {
                let set = matches!(command, Command::Delivery { policy: Some(_) });
                let from = if set { "From now on " } else { "" };
                format!("{from}{}\n", delivery_words(*policy))
            }
            Reply::Settings(settings) => settings_lines(settings),
            Reply::Safety(safety) => self.safety(safety),
            // Alone on its line: it is there to be copied or piped.
            Reply::RouteRecord { record } => inline(record) + "\n",
        }
    }

    /// An event, each line with its end.
    pub(crate) fn event(&self, event: &Event) -> String {
        match event {
            Event::Vault { vault } => format!("* {}\n", vault_words(*vault)),
            Event::Network { network } => format!("* {}\n", network_words(network)),
            Event::Contact(contact) => format!("* contact {}", self.contact(contact)),
            Event::Request(request) => format!("* request {}", self.request(request)),
            Event::RequestOver { request } => format!(
                "* request {} is over: it was decided about, or its time is up\n",
                short(request)
            ),
            Event::Message(message) if message.mine => format!(
                "* your message {} to {}: {}\n",
                short(&message.id),
                short(&message.contact),
                self.state_since(message)
            ),
            Event::Message(message) => {
                format!(
                    "* from {}:\n{}",
                    short(&message.contact),
                    self.message(message)
                )
            }
            Event::MessageDeleted {
                contact, message, ..
            } => format!(
                "* message {} with {} was deleted\n",
                short(message),
                short(contact)
            ),
            Event::HistoryDeleted { contact } => {
                format!("* all messages with {} were deleted\n", short(contact))
            }
            Event::ContactDeleted { contact } => {
                format!("* contact {} was deleted\n", short(contact))
            }
            Event::InviteUsedTwice { invite } => format!(
                "* WARNING: somebody tried to use invite {} a second time and was refused. The \
                 link has been in more than one pair of hands; ask who else saw it.\n",
                short(invite)
            ),
            Event::Warning { text } => format!("* WARNING: {}\n", inline(text)),
            Event::Unread {
                contact, unread, ..
            } => format!("* {} from {}\n", unread_words(*unread), short(contact)),
            Event::Lagged => {
                "* some events were missed; see hushwing status and hushwing read\n".into()
            }
        }
    }

    fn chat(&self, chat: &ChatView) -> String {
        let unread = match chat.unread {
            0 => String::new(),
            unread => format!(", {}", unread_words(unread)),
        };
        let last = chat.last.as_ref();
        format!(
            "{} {}{unread}\n{}",
            short(&chat.contact.id),
            inline(&chat.contact.name),
            last.map(|message| self.message(message))
                .unwrap_or_default()
        )
    }

    fn backup(&self, command: &Command, backup: &BackupView) -> String {
        let what = format!(
            "of {}, with {} and {}, {}",
            self.clock.show(backup.made_at_ms),
            counted(backup.contacts, "contact", "contacts"),
            counted(backup.messages, "message", "messages"),
            counted(backup.len, "byte", "bytes"),
        );
        match command {
            Command::Restore { .. } => format!(
                "The account is back from the backup {what}, and it is open. Each contact is \
                 asked for new keys, and what they wrote since comes again. Do not go on with \
                 the account from which the backup was made.\n"
            ),
            Command::BackupCreate { key, .. } => format!(
                "The backup is made, was read again and is whole: {what}. It opens with {}, also \
                 when that of the account is changed later.\n",
                match key {
                    BackupKey::Account => "the passphrase that the account has now",
                    BackupKey::Own => "its own passphrase",
                }
            ),
            _ => format!("The backup opens and is whole: {what}.\n"),
        }
    }

    fn vault_report(&self, command: &Command, report: &VaultReportView) -> String {
        let mut text = String::new();
        if report.damaged_pages > 0 {
            text += &format!(
                "{} of {} damaged.\n",
                report.damaged_pages,
                if report.damaged_pages == 1 {
                    format!("{} pages of the account's database is", report.pages)
                } else {
                    format!("{} pages of the account's database are", report.pages)
                }
            );
        }
        if report.inconsistent {
            text += "Its tables do not agree with each other.\n";
        }
        if report.newest_lost {
            text += "What was stored last could not be read.\n";
        }
        for loss in &report.losses {
            text += &format!(
                "* {}: {} kept, {} from a snapshot, {} lost{}\n",
                loss_words(loss.what),
                loss.kept,
                loss.from_snapshot,
                loss.lost,
                if loss.uncertain {
                    "; more may be lost, and what you deleted lately may be back"
                } else {
                    ""
                }
            );
        }
        let salvaged = matches!(command, Command::VaultSalvage { .. });
        text += match (salvaged, is_damaged(report)) {
            (true, _) => {
                "The account is open with what is left. Each contact is asked for new keys.\n"
            }
            (false, true) => {
                "Lock the account and open what can be read with: \
                 hushwing vault salvage\n"
            }
            (false, false) => "Nothing is damaged: each page and each row was read.\n",
        };
        match report.snapshots_ms.last() {
            Some(newest) => {
                let at = self.clock.show(*newest);
                text += &format!("The newest snapshot is of {at}.\n");
            }
            None => text += "There is no snapshot yet.\n",
        }
        if report.kept_aside > 0 {
            text += &format!(
                "{} kept aside; delete them with: hushwing vault forget-damaged\n",
                counted(report.kept_aside, "damaged file is", "damaged files are")
            );
        }
        text
    }

    fn status(&self, status: &StatusView) -> String {
        let mut text = format!(
            "hushwing {}\n{}\n{}\n",
            inline(&status.version),
            vault_words(status.vault),
            match status.network {
                NetworkView::Ready if status.without_tor => WITHOUT_TOR.to_owned(),
                ref network => network_words(network),
            }
        );
        if status.vault == VaultState::Open {
            let none = "no relay in use; add one with: hushwing relay add ADDRESS\n";
            text += &list(status.relays.iter().map(relay_lines), none);
            text += &match status.requests {
                0 => String::new(),
                1 => "1 person asks to become a contact: hushwing requests\n".into(),
                n => format!("{n} people ask to become contacts: hushwing requests\n"),
            };
            text += &match status.undelivered {
                0 => "every message is on its recipient's device\n".into(),
                1 => "1 message is not yet on its recipient's device; to see whether something \
                      is stuck: hushwing doctor\n"
                    .into(),
                n => format!(
                    "{n} messages are not yet on their recipients' devices; to see whether \
                     something is stuck: hushwing doctor\n"
                ),
            };
        }
        text
    }

    fn invite_created(&self, created: &InviteCreatedView) -> String {
        format!(
            "{}\n\nThis link is for one person. Whoever sees it can use it, once, in their place: \
             hand it over where nobody else reads, and do not post it.\n{}",
            inline(&created.link),
            self.invite(&created.invite)
        )
    }

    fn invite(&self, invite: &InviteView) -> String {
        let state = match invite.state {
            InviteState::Publishing => "not at a relay yet; it cannot be used before",
            InviteState::Ready => "ready to be used",
            InviteState::Asked => "answered; decide about it with: hushwing requests",
            InviteState::Used => "used",
            InviteState::Expired => "expired",
            InviteState::Damaged => "damaged; it can only be revoked",
        };
        let expires = self.clock.show(invite.expires_at_ms);
        let asks = match invite.policy {
            InvitePolicy::Accept => "",
            InvitePolicy::Ask => "; you are asked before anybody becomes a contact",
        };
        // The whole id: revoking asks for it.
        let id = inline(&invite.id);
        format!("Invite {id}: {state}; ends {expires}{asks}\n")
    }

    fn message(&self, message: &MessageView) -> String {
        format!(
            "[{}] {} {}, {}\n{}",
            self.clock.show(message.sent_at_ms),
            short(&message.id),
            if message.mine { "you" } else { "they" },
            self.state_since(message),
            block(&message.text, self.columns)
        )
    }

    fn found(&self, found: &[FoundView], next: Option<&str>, complete: bool) -> String {
        let lines = found.iter().map(|one| {
            let message = &one.message;
            let who = short(&message.contact);
            format!(
                "[{}] {} {}\n{}",
                self.clock.show(message.sent_at_ms),
                short(&message.id),
                if message.mine {
                    format!("you to {who}")
                } else {
                    format!("from {who}")
                },
                block(&excerpt(&message.text, &one.matches), self.columns)
            )
        });
        let mut text = list(lines, "Nothing was found.\n");
        if let Some(next) = next {
            text += &format!(
                "There may be more; the same again with: --after {}\n",
                inline(next)
            );
        }
        if !complete {
            text += "Older messages are still being made ready to be found; try again soon.\n";
        }
        text
    }

    /// Where a message is, since when, and why.
    fn state_since(&self, message: &MessageView) -> String {
        let (words, why) = state(&message.state, &self.clock);
        let since = match message.state {
            MessageState::Received | MessageState::Read | MessageState::Failed { .. } => "at",
            _ => "since",
        };
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        format!("{words} {since} {}{why}", self.clock.show(message.since_ms))
    }
}

/// How many messages are unread. Not more than 1,000 are counted.
fn unread_words(unread: u64) -> String {
    match unread {
        1_000.. => "1,000 or more unread messages".to_owned(),
        unread => counted(unread, "unread message", "unread messages"),
    }
}

/// Characters of a long text that are shown before and after what was found in it.
const AROUND: usize = 160;

/// A text, cut to what is around the first place where something was found.
fn excerpt(text: &str, matches: &[[u64; 2]]) -> String {
    let at = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let [from, to] = matches.first().map_or([0, 0], |range| range.map(at));
    let from = from.saturating_sub(AROUND);
    let to = to.saturating_add(AROUND);
    let cut: String = text.chars().take(to).skip(from).collect();
    let before = if from > 0 { "…" } else { "" };
    let after = if text.chars().nth(to).is_some() {
        "…"
    } else {
        ""
    };
    format!("{before}{cut}{after}")
}

fn done(command: &Command) -> &'static str {
    match command {
        Command::Create { .. } => {
            "The vault is made and open. Nobody can recover a forgotten passphrase."
        }
        Command::Unlock { .. } => "The vault is open.",
        Command::Lock => "The vault is closed; the keys are forgotten.",
        Command::PassphraseChange { .. } => {
            "The new passphrase opens the account from now on, the old one does not. Nobody can \
             recover a forgotten one. Backups open with the passphrase that they were made with."
        }
        Command::RelayRemove { .. } => {
            "The relay is not used any more. Your contacts are told where mail goes from now on; \
             what waits there is still fetched until they know."
        }
        Command::InviteRevoke { .. } => "The invite is revoked; its link is dead.",
        Command::RequestRefuse { .. } => {
            "The request is deleted and its link is dead. Whoever asked learns nothing."
        }
        Command::RequestBlock { .. } => {
            "The request is kept apart and asks no more. Whoever asked learns nothing."
        }
        Command::Wipe { .. } => {
            "The account is wiped: its keys are overwritten and its files are gone from this \
             machine. Backups of it that lie elsewhere still open."
        }
        Command::MessageDelete { .. } => {
            "The message is deleted here; no file of the account holds it any more. They keep \
             theirs."
        }
        Command::HistoryDelete { .. } => {
            "All messages with this contact are deleted here; no file of the account holds them \
             any more. They keep theirs."
        }
        Command::ContactDelete { .. } => {
            "The contact is deleted here, with all messages and keys; no file of the account holds \
             any of it any more. They are told nothing."
        }
        Command::GiveUp { .. } => "The message is given up; it does not leave this machine.",
        Command::Repair { .. } => {
            "The keys of this conversation are being made anew. What you write meanwhile goes out \
             afterwards."
        }
        Command::VaultForgetDamaged => "The damaged files are deleted.",
        Command::RetryNow => "Everything that waits is being tried again.",
        _ => "Done.",
    }
}

/// What a policy does and what it shows to whom, in one sentence.
fn delivery_words(policy: DeliveryPolicy) -> &'static str {
    match policy {
        DeliveryPolicy::Automatic => {
            "automatic: a message goes straight to the contact's device, and to relays when that \
             does not answer at once; a contact can tell when you are online."
        }
        DeliveryPolicy::RelayOnly => {
            "relay-only: a message goes to relays and never straight to a device; it takes \
             longer, and a contact learns no more of when you are online than when you fetched \
             or wrote something."
        }
        DeliveryPolicy::DirectOnly => {
            "direct-only: a message goes straight to the contact's device and to no relay, so no \
             relay sees it; nothing arrives unless both of you are online at the same time."
        }
    }
}

fn list(lines: impl Iterator<Item = String>, none: &str) -> String {
    let text: String = lines.collect();
    if text.is_empty() { none.into() } else { text }
}

fn vault_words(vault: VaultState) -> &'static str {
    match vault {
        VaultState::Missing => "there is no vault yet; make one with: hushwing create",
        VaultState::Locked => "the vault is locked; open it with: hushwing unlock",
        VaultState::Open => "the vault is open",
    }
}

/// The program was started without Tor.
const WITHOUT_TOR: &str = "WITHOUT TOR, for trying things out: what this program reaches sees where \
     you are";

fn network_words(network: &NetworkView) -> String {
    match network {
        NetworkView::Off => "Tor is off".into(),
        NetworkView::Starting { percent, stage } => {
            format!("Tor is starting: {percent} % ({})", inline(stage))
        }
        NetworkView::Ready => "Tor works".into(),
        NetworkView::Blocked { reason } => format!(
            "Tor does not work: {}. Nothing leaves this machine but attempts to reach it",
            inline(reason)
        ),
    }
}

fn relay_lines(relay: &RelayView) -> String {
    let state = match &relay.state {
        RelayState::Unknown => "not tried yet".into(),
        RelayState::Reachable => "reachable".into(),
        RelayState::Unreachable { reason } => format!("unreachable: {}", inline(reason)),
    };
    let role = match relay.role {
        RelayRole::Told => "contacts leave mail for you there",
        RelayRole::Spare => "spare: it takes the place of one that does not answer",
        RelayRole::Resting => {
            "resting: it did not answer for long, so contacts leave mail elsewhere; it is tried \
             on and used again once it answers steadily"
        }
    };
    format!("{}\n    {state}\n    {role}\n", inline(&relay.address))
}

fn settings_lines(settings: &SettingsView) -> String {
    let reports = match settings.read_reports {
        ReadReports::On => {
            "read reports are on: contacts who have them on too are told what you have read, and \
             you are told what they have read"
        }
        ReadReports::Off => {
            "read reports are off: nobody is told what you have read, and you are not told either"
        }
    };
    let relays = match settings.relays_told {
        1 => "contacts are told 1 of your relays".to_owned(),
        n => format!("contacts are told {n} of your relays"),
    };
    let lock = match settings.lock_after_minutes {
        0 => "the account does not lock itself".to_owned(),
        1 => "the account locks itself after 1 minute without a command".to_owned(),
        n => format!("the account locks itself after {n} minutes without a command"),
    };
    format!("{reports}\n{relays}, as far as you have so many; the others are spare\n{lock}\n")
}

/// Whether a report tells of anything that is not whole.
pub(crate) fn is_damaged(report: &VaultReportView) -> bool {
    report.damaged_pages > 0
        || report.inconsistent
        || report.newest_lost
        || !report.losses.is_empty()
}

fn loss_words(what: LossKind) -> &'static str {
    match what {
        LossKind::Contacts => "contacts",
        LossKind::Messages => "messages",
        LossKind::Keys => "keys of conversations, which are made anew",
        LossKind::Invites => "invites and requests",
        LossKind::Other => "what waits, settings and histories",
    }
}

fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

fn relay_test(test: &RelayTestView) -> String {
    format!(
        "The relay answered after {} ms. It {}, and keeps mail for up to {} days.\n",
        test.took_ms,
        if test.accepting {
            "takes new mail"
        } else {
            "is full and takes no new mail now"
        },
        test.max_ttl_s / SECONDS_PER_DAY
    )
}

#[cfg(test)]
mod tests {
    use hushwing_api::schema::{
        ContactPhase, ContactView, Finding, LedgerEntry, LedgerView, RequestState, RequestView,
        Verification, WayView,
    };

    use super::*;
    use crate::{
        findings::tests::EVERY_KIND,
        ledger::tests::{every_state, every_step, every_way, message},
    };

    const NOW: u64 = 1_795_305_421_000;

    fn show() -> Show {
        Show {
            clock: Clock::utc_at(NOW),
            columns: None,
        }
    }

    #[test]
    fn each_state_of_a_message_has_its_words() {
        let reason = || "it said no".to_owned();
        let relay = MessageState::WaitingForRelay {
            reason: reason(),
            next_try_ms: NOW + 60_000,
        };
        let some_day = MessageState::WaitingForRelay {
            reason: reason(),
            next_try_ms: 0,
        };
        for (state, words, why) in [
            (
                MessageState::WaitingForContact,
                "waiting until they have accepted since",
                "",
            ),
            (
                MessageState::Held { reason: reason() },
                "held back since",
                ": it said no",
            ),
            (MessageState::WaitingForTor, "waiting for Tor since", ""),
            (
                relay,
                "waiting for a relay since",
                ": it said no (next try 2026-11-21 23:58:01)",
            ),
            (
                some_day,
                "waiting for a relay since",
                ": it said no (next try when something changes)",
            ),
            (MessageState::Sending, "on its way since", ""),
            (
                MessageState::AtRelay { stored: 1, of: 1 },
                "at 1 of 1 relay since",
                "",
            ),
            (
                MessageState::AtRelay { stored: 1, of: 2 },
                "at 1 of 2 relays since",
                "",
            ),
            (MessageState::Delivered, "on their device since", ""),
            (MessageState::Read, "read by them at", ""),
            (
                MessageState::Damaged { reason: reason() },
                "damaged here since",
                ": it said no",
            ),
            (
                MessageState::Failed { reason: reason() },
                "failed at",
                ": it said no",
            ),
            (MessageState::Received, "received at", ""),
            (
                MessageState::Unreadable { reason: reason() },
                "here but unreadable since",
                ": it said no",
            ),
        ] {
            let shown = show().message(&message("hi", true, state));
            let head = "[2026-11-21 23:57:01] 00112233 you, ";
            assert_eq!(
                shown,
                format!("{head}{words} 2026-11-21 23:57:05{why}\n  | hi\n")
            );
        }
    }

    /// Every text in every view, each hostile in the same way.
    #[test]
    fn no_text_of_any_view_reaches_the_terminal_raw() {
        let bad = || "\u{1b}[2J\u{202e}x\nforged\r\u{9b}".to_owned();
        let relay = RelayView {
            address: bad(),
            state: RelayState::Unreachable { reason: bad() },
            role: RelayRole::Resting,
            resting_since_ms: Some(NOW),
        };
        let contact = |phase| ContactView {
            id: bad(),
            name: bad(),
            own_name: Some(bad()),
            phase,
            blocked_since_ms: Some(u64::MAX),
            safety_number: Some(bad()),
            verification: Verification::Unverified,
            missing: 2,
            repairing: true,
            succeeding: true,
        };
        let invite = InviteView {
            id: bad(),
            expires_at_ms: u64::MAX,
            state: InviteState::Ready,
            policy: InvitePolicy::Ask,
        };
        let request = |state| RequestView {
            id: bad(),
            name: bad(),
            safety_number: bad(),
            since_ms: NOW,
            expires_at_ms: u64::MAX,
            state,
            used_twice: true,
        };
        let failed = contact(ContactPhase::Failed { reason: bad() });
        let mut evil = message(&bad(), false, MessageState::Unreadable { reason: bad() });
        evil.id = bad();
        evil.contact = bad();
        let mut mine = evil.clone();
        mine.mine = true;
        mine.state = MessageState::WaitingForRelay {
            reason: bad(),
            next_try_ms: u64::MAX,
        };
        let blocked = NetworkView::Blocked { reason: bad() };
        let ledger = |message| {
            Reply::Ledger(LedgerView {
                message,
                history: every_step(&bad())
                    .into_iter()
                    .map(|step| LedgerEntry { at_ms: NOW, step })
                    .collect(),
                ways: every_way(&bad())
                    .into_iter()
                    .map(|state| WayView {
                        relay: Some(bad()),
                        state,
                    })
                    .collect(),
            })
        };
        let finding = |kind| Finding {
            kind,
            about: Some(bad()),
            what: bad(),
            advice: bad(),
            since_ms: Some(u64::MAX),
        };
        let of_state = |state| MessageView {
            state,
            ..evil.clone()
        };
        let ledgers: Vec<Reply> = every_state(&bad())
            .into_iter()
            .map(|state| ledger(of_state(state)))
            .collect();
        let replies = [
            Reply::Doctor {
                findings: EVERY_KIND.into_iter().map(finding).collect(),
            },
            Reply::RouteRecord { record: bad() },
            Reply::Status(StatusView {
                version: bad(),
                vault: VaultState::Open,
                network: NetworkView::Starting {
                    percent: 1,
                    stage: bad(),
                },
                without_tor: true,
                relays: vec![relay.clone()],
                undelivered: 2,
                requests: 2,
            }),
            Reply::Requests {
                requests: vec![request(RequestState::Open), request(RequestState::Blocked)],
            },
            Reply::Relay(relay.clone()),
            Reply::Relays {
                relays: vec![relay],
            },
            Reply::InviteCreated(InviteCreatedView {
                link: bad(),
                invite: invite.clone(),
            }),
            Reply::Invites {
                invites: vec![invite],
            },
            Reply::Contact(failed.clone()),
            Reply::Contacts {
                contacts: vec![failed.clone()],
            },
            Reply::Chats {
                chats: vec![ChatView {
                    contact: failed.clone(),
                    last: Some(evil.clone()),
                    unread: 2,
                    unread_from: Some(1),
                }],
            },
            Reply::Sent(mine.clone()),
            Reply::Messages {
                messages: vec![evil.clone(), mine.clone()],
            },
        ];
        let events = [
            Event::Network { network: blocked },
            Event::Contact(failed),
            Event::Request(request(RequestState::Open)),
            Event::RequestOver { request: bad() },
            Event::Message(evil),
            Event::Message(mine),
            Event::Unread {
                contact: bad(),
                unread: 2,
                unread_from: None,
            },
            Event::MessageDeleted {
                contact: bad(),
                message: bad(),
                position: 0,
            },
            Event::HistoryDeleted { contact: bad() },
            Event::ContactDeleted { contact: bad() },
            Event::InviteUsedTwice { invite: bad() },
            Event::Warning { text: bad() },
        ];
        let texts = replies
            .iter()
            .chain(&ledgers)
            .map(|reply| show().reply(&Command::Status, reply));
        for text in texts.chain(events.iter().map(|event| show().event(event))) {
            assert!(
                !text.contains(['\u{1b}', '\u{202e}', '\r', '\u{9b}']),
                "{text:?}"
            );
            assert!(
                !text.lines().any(|line| line.starts_with("forged")),
                "{text}"
            );
        }
    }

    #[test]
    fn every_policy_says_what_it_does() {
        let policies = [
            DeliveryPolicy::Automatic,
            DeliveryPolicy::RelayOnly,
            DeliveryPolicy::DirectOnly,
        ];
        for policy in policies {
            let reply = Reply::Delivery { policy };
            let asked = show().reply(&Command::Delivery { policy: None }, &reply);
            let command = Command::Delivery {
                policy: Some(policy),
            };
            let set = show().reply(&command, &reply);
            assert_eq!(set, format!("From now on {asked}"));
            // The word for the command line stands first.
            let word = serde_json::to_value(policy).unwrap();
            let word = word.as_str().unwrap().replace('_', "-");
            assert!(asked.starts_with(&format!("{word}: ")), "{asked}");
        }
    }
}
