//! A daemon that answers by heart, and the real binary that asks it.

#![allow(dead_code)] // Each test file uses its part.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command as Process, Output, Stdio},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use hushwing_api::{
    Backend, Limits, Server,
    schema::{
        BackupView, ChatView, Command, CommandError, Comparison, ContactPhase, ContactView,
        DeliveredBy, EmojiView, ErrorCode, Event, Finding, FindingKind, FoundView,
        InviteCreatedView, InvitePolicy, InviteState, InviteView, LedgerEntry, LedgerStep,
        LedgerView, LossKind, LossView, MessageState, MessageView, NetworkView, OrderView,
        ReadReports, RelayRole, RelayState, RelayTestView, RelayView, Reply, RequestState,
        RequestView, SafetyView, SettingsView, StatusView, Unsent, VaultReportView, VaultState,
        Verification, VerifiedHow, WayState, WayView,
    },
    session::DaemonLock,
};
use tempfile::TempDir;
use tokio::sync::{Notify, broadcast};

/// What a hostile contact writes: escape sequences, a turned direction, and
/// lines that look like ours.
pub(crate) const HOSTILE: &str = "hi\u{1b}[2J\u{1b}]52;c;aGk=\u{7}\u{9b}31m\u{202e}txt.exe\u{2066}\r\n\
     [2026-11-21 23:57:01] you, on their device since 2026-11-21 23:57:05\n\u{200b}\u{7f}end";

/// The characters of [`HOSTILE`] that no terminal may get.
pub(crate) const NEVER_RAW: [char; 8] = [
    '\u{1b}', '\u{7}', '\u{9b}', '\u{202e}', '\u{2066}', '\r', '\u{200b}', '\u{7f}',
];

/// The binary, with nothing of this machine's environment.
pub(crate) fn hushwing(dir: &Path) -> Process {
    let mut process = Process::new(env!("CARGO_BIN_EXE_hushwing"));
    process
        .env_clear()
        .env("TZ", "UTC")
        .env("COLUMNS", "100")
        .arg("--dir")
        .arg(dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    process
}

/// Runs it to its end with `input` on standard input.
pub(crate) fn run(mut process: Process, input: &str) -> Output {
    let mut child = process.stdin(Stdio::piped()).spawn().unwrap();
    // A command that does not read its input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// What a fake daemon's account is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// Open, and this and that is stuck.
    Troubled,
    /// Open, and all is well.
    Well,
    /// Locked.
    Locked,
}

/// A daemon that answers by heart.
pub(crate) struct FakeDaemon {
    pub(crate) dir: TempDir,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    pub(crate) events: broadcast::Sender<Event>,
    /// Lets an `unlock` with the passphrase `slow...` go on.
    pub(crate) go_on: Arc<Notify>,
    server: Option<Server>,
    runtime: tokio::runtime::Runtime,
}

impl FakeDaemon {
    pub(crate) fn start() -> Self {
        Self::start_as(Mood::Troubled)
    }

    pub(crate) fn start_as(mood: Mood) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (events, _) = broadcast::channel(64);
        let go_on = Arc::new(Notify::new());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let lock = DaemonLock::acquire(dir.path()).unwrap();
        let backend = Arc::new(ByHeart {
            mood,
            asked: asked.clone(),
            events: events.clone(),
            go_on: go_on.clone(),
        });
        let server = runtime
            .block_on(Server::start(lock, backend, Limits::default()))
            .unwrap();
        Self {
            dir,
            asked,
            events,
            go_on,
            server: Some(server),
            runtime,
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    pub(crate) fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            drop(self.runtime.block_on(server.shutdown()));
        }
    }
}

struct ByHeart {
    mood: Mood,
    asked: Arc<Mutex<Vec<String>>>,
    events: broadcast::Sender<Event>,
    go_on: Arc<Notify>,
}

const RELAY: &str = "hushwing-relay:aebagbafaydqqcikbmga2dqpcaireeyu";
const OTHER_RELAY: &str = "hushwing-relay:aebqcaqdqmbqkbygcieqsba2dqpcarea";
const RECORD: &str = "hushwing-routes:aebagbafaydqqcikbmga2dqpcaireeyu";
const ALICE: &str = "3f2a9c1b00112233445566778899aabb";
const INVITE: &str = "0badcafe00112233445566778899aabb";

fn contact(name: &str, phase: ContactPhase) -> ContactView {
    let safety_number = (phase == ContactPhase::Established)
        .then(|| "1234567890123456789012345678901234567890".into());
    ContactView {
        id: ALICE.into(),
        name: name.into(),
        own_name: None,
        phase,
        blocked_since_ms: None,
        safety_number,
        verification: Verification::Unverified,
        missing: 0,
        repairing: false,
        succeeding: false,
    }
}

fn blocked() -> ContactView {
    ContactView {
        blocked_since_ms: Some(LONG_AGO_MS),
        ..contact("Mallory", ContactPhase::Established)
    }
}

fn request(name: &str, state: RequestState) -> RequestView {
    RequestView {
        id: INVITE.into(),
        name: name.into(),
        safety_number: "1234567890123456789012345678901234567890".into(),
        since_ms: LONG_AGO_MS,
        expires_at_ms: FAR_AHEAD_MS,
        state,
        used_twice: false,
    }
}

/// What Alice and the user compare.
fn safety() -> SafetyView {
    SafetyView {
        contact: ALICE.into(),
        name: "Alice".into(),
        digits: "1234567890123456789012345678901234567890".into(),
        emoji: emoji(),
        code: "HUSHWING-SAFETY:1:AEBAGBAFAYDQQCIKBMGA2DQPCAIREEYUCULBOGAZDINRYHI6D4QA".into(),
        verification: Verification::Unverified,
    }
}

fn emoji() -> Vec<EmojiView> {
    [
        ("🐶", "dog", "perro", "كلب"),
        ("🪐", "planet", "planeta", "كوكب"),
    ]
    .iter()
    .cycle()
    .take(16)
    .map(|(symbol, english, spanish, arabic)| EmojiView {
        symbol: (*symbol).into(),
        english: (*english).into(),
        spanish: (*spanish).into(),
        arabic: (*arabic).into(),
    })
    .collect()
}

/// Long ago and far ahead: the distance from the day of the test is told alike
/// on every day.
const LONG_AGO_MS: u64 = 1_000_000_000_000;
const FAR_AHEAD_MS: u64 = 250_000_000_000_000;

pub(crate) fn message(position: u64, mine: bool, text: &str, state: MessageState) -> MessageView {
    MessageView {
        id: format!("{:08x}{position:024x}", position * 0x1111_1111),
        contact: ALICE.into(),
        position,
        order: Some(OrderView {
            clock: position,
            writer: u32::from(mine),
        }),
        mine,
        text: text.into(),
        sent_at_ms: 1_795_305_421_000 + position * 1000,
        state,
        since_ms: 1_795_305_425_000 + position * 1000,
    }
}

fn found(text: &str) -> Vec<FoundView> {
    let long = format!("{} {text} {}", "before ".repeat(60), "after ".repeat(60));
    let texts = [HOSTILE.to_owned(), long];
    let mine = [false, true];
    texts
        .iter()
        .zip(mine)
        .map(|(whole, mine)| {
            let at = whole.find(text).map_or(0, |at| at as u64);
            FoundView {
                message: message(1, mine, whole, MessageState::Received),
                matches: vec![[at, at + text.len() as u64]],
            }
        })
        .collect()
}

fn messages(of: &str) -> Vec<MessageView> {
    if of == "mallory" {
        return vec![message(1, false, HOSTILE, MessageState::Received)];
    }
    let next_try_ms = FAR_AHEAD_MS;
    let reason = || "it does not answer".to_owned();
    vec![
        message(1, false, "Hello Bob", MessageState::Received),
        message(
            2,
            true,
            "Hello Alice,\n\ntwo lines",
            MessageState::Delivered,
        ),
        message(3, true, "a", MessageState::AtRelay { stored: 1, of: 1 }),
        message(
            4,
            true,
            "b",
            MessageState::WaitingForRelay {
                reason: reason(),
                next_try_ms,
            },
        ),
        message(5, true, "c", MessageState::WaitingForTor),
        message(6, true, "d", MessageState::Failed { reason: reason() }),
    ]
}

/// Messages of [`messages`] with what happened to them, by id.
fn ledger(id: &str) -> Option<LedgerView> {
    let step = |n: u64, step| LedgerEntry {
        at_ms: LONG_AGO_MS + n * 1000,
        step,
    };
    let way = |relay: Option<&str>, state| WayView {
        relay: relay.map(Into::into),
        state,
    };
    let waiting = |reason: &str, next_try_ms| WayState::Waiting {
        reason: reason.into(),
        next_try_ms,
    };
    let hostile = id == "badbad";
    let of = if hostile { "mallory" } else { "alice" };
    let message = messages(of)
        .into_iter()
        .find(|message| hostile || message.id.starts_with(id))?;
    let (history, ways) = match message.state {
        _ if hostile => (
            vec![step(
                1,
                LedgerStep::PutAgain {
                    reason: HOSTILE.into(),
                },
            )],
            vec![way(Some(HOSTILE), waiting(HOSTILE, 0))],
        ),
        MessageState::Received => (vec![step(1, LedgerStep::Arrived)], vec![]),
        MessageState::Delivered => (
            vec![
                step(1, LedgerStep::Written),
                step(2, LedgerStep::Sealed),
                step(
                    3,
                    LedgerStep::KeptByRelay {
                        relay: RELAY.into(),
                    },
                ),
                step(
                    4,
                    LedgerStep::PutAgain {
                        reason: "They do not have it, and the relay lost it.".into(),
                    },
                ),
                step(5, LedgerStep::SealedAnew),
                step(
                    6,
                    LedgerStep::Delivered {
                        by: DeliveredBy::Receipt,
                    },
                ),
            ],
            vec![],
        ),
        MessageState::AtRelay { .. } => (
            vec![
                step(1, LedgerStep::Written),
                step(2, LedgerStep::Sealed),
                step(
                    3,
                    LedgerStep::KeptByRelay {
                        relay: RELAY.into(),
                    },
                ),
            ],
            vec![
                way(None, waiting("It does not answer.", FAR_AHEAD_MS)),
                way(Some(RELAY), WayState::Kept),
                way(Some(OTHER_RELAY), WayState::Trying),
            ],
        ),
        MessageState::Failed { .. } => (
            vec![
                step(1, LedgerStep::Written),
                step(
                    2,
                    LedgerStep::Failed {
                        reason: "They refused the invite.".into(),
                    },
                ),
            ],
            vec![],
        ),
        _ => (
            vec![step(1, LedgerStep::Written), step(2, LedgerStep::Sealed)],
            vec![
                way(
                    None,
                    WayState::Unused {
                        reason: "You chose relays only.".into(),
                    },
                ),
                way(Some(RELAY), waiting("Tor does not work.", 0)),
                way(Some(OTHER_RELAY), waiting("It is full.", LONG_AGO_MS)),
            ],
        ),
    };
    Some(LedgerView {
        message,
        history,
        ways,
    })
}

fn findings() -> Vec<Finding> {
    let finding = |kind, about: Option<&str>, what: &str, advice: &str, since_ms| Finding {
        kind,
        about: about.map(Into::into),
        what: what.into(),
        advice: advice.into(),
        since_ms,
    };
    vec![
        finding(
            FindingKind::OwnRelay,
            Some(RELAY),
            "Your relay does not answer.",
            "Ask its operator, or use another one.",
            Some(LONG_AGO_MS),
        ),
        finding(
            FindingKind::Undelivered,
            Some(ALICE),
            HOSTILE,
            "Wait until they come online.",
            Some(LONG_AGO_MS),
        ),
        finding(
            FindingKind::Network,
            None,
            "Tor does not work: the network cable is out.",
            "Plug it in.",
            None,
        ),
    ]
}

fn relay(state: RelayState) -> RelayView {
    RelayView {
        address: RELAY.into(),
        role: match state {
            RelayState::Unreachable { .. } => RelayRole::Resting,
            _ => RelayRole::Told,
        },
        resting_since_ms: matches!(state, RelayState::Unreachable { .. }).then_some(LONG_AGO_MS),
        state,
    }
}

fn invite(state: InviteState) -> InviteView {
    InviteView {
        id: INVITE.into(),
        expires_at_ms: 1_795_910_221_000,
        state,
        policy: InvitePolicy::Accept,
    }
}

#[async_trait]
impl Backend for ByHeart {
    async fn call(&self, command: Command) -> Result<Reply, CommandError> {
        let asked = serde_json::to_string(&command).unwrap();
        self.asked.lock().unwrap().push(asked);
        let error = |code, message: &str| Err(CommandError::new(code, message));
        let needs_a_vault = !matches!(
            command,
            Command::Status
                | Command::Create { .. }
                | Command::Unlock { .. }
                | Command::Lock
                | Command::BackupCheck { .. }
                | Command::Restore { .. }
                | Command::VaultSalvage { .. }
                | Command::Wipe { .. }
        );
        if self.mood == Mood::Locked && needs_a_vault {
            return error(
                ErrorCode::Locked,
                "The account is locked. Open it with 'hushwing unlock'.",
            );
        }
        Ok(match command {
            Command::Unlock { passphrase } => match passphrase.expose() {
                "right" => Reply::Done,
                "too soon" => {
                    let mut error = CommandError::new(ErrorCode::TooSoon, "Wait 8 seconds.");
                    error.retry_after_s = Some(8);
                    return Err(error);
                }
                slow if slow.starts_with("slow") => {
                    self.go_on.notified().await;
                    Reply::Done
                }
                _ => {
                    return error(
                        ErrorCode::WrongPassphrase,
                        "this passphrase does not open it",
                    );
                }
            },
            Command::PassphraseChange { present, .. } => match present.expose() {
                "right" => Reply::Done,
                slow if slow.starts_with("slow") => {
                    self.go_on.notified().await;
                    Reply::Done
                }
                _ => {
                    return error(
                        ErrorCode::WrongPassphrase,
                        "this passphrase does not open it",
                    );
                }
            },
            Command::VaultCheck if self.mood == Mood::Well => Reply::VaultReport(VaultReportView {
                pages: 61,
                damaged_pages: 0,
                inconsistent: false,
                newest_lost: false,
                losses: vec![],
                snapshots_ms: vec![],
                kept_aside: 0,
            }),
            Command::VaultCheck | Command::VaultSalvage { .. } => {
                Reply::VaultReport(VaultReportView {
                    pages: 61,
                    damaged_pages: 1,
                    inconsistent: false,
                    newest_lost: true,
                    losses: vec![LossView {
                        what: LossKind::Messages,
                        kept: 480,
                        from_snapshot: 17,
                        lost: 3,
                        uncertain: true,
                    }],
                    snapshots_ms: vec![LONG_AGO_MS],
                    kept_aside: 1,
                })
            }
            Command::BackupCheck { passphrase, .. } if passphrase.expose() != "right" => {
                return error(
                    ErrorCode::WrongPassphrase,
                    "This passphrase is not the right one.",
                );
            }
            Command::Restore { .. } if self.mood != Mood::Locked => {
                return error(ErrorCode::VaultExists, "There is an account here already.");
            }
            Command::BackupCreate { .. }
            | Command::BackupCheck { .. }
            | Command::Restore { .. } => Reply::Backup(BackupView {
                made_at_ms: LONG_AGO_MS,
                contacts: 1,
                messages: 500,
                len: 1_234_567,
            }),
            Command::Status if self.mood == Mood::Locked => Reply::Status(StatusView {
                version: "0.1.0".into(),
                vault: VaultState::Locked,
                network: NetworkView::Off,
                without_tor: false,
                relays: vec![],
                undelivered: 0,
                requests: 0,
            }),
            Command::Status if self.mood == Mood::Well => Reply::Status(StatusView {
                version: "0.1.0".into(),
                vault: VaultState::Open,
                network: NetworkView::Ready,
                without_tor: false,
                relays: vec![relay(RelayState::Reachable)],
                undelivered: 1,
                requests: 2,
            }),
            Command::Doctor if self.mood == Mood::Well => Reply::Doctor { findings: vec![] },
            Command::Doctor => Reply::Doctor {
                findings: findings(),
            },
            Command::Message { id } => match ledger(&id) {
                Some(ledger) => Reply::Ledger(ledger),
                None => return error(ErrorCode::NotFound, "There is no such message."),
            },
            Command::GiveUp { id } if id.starts_with("3333") => {
                return error(
                    ErrorCode::Refused,
                    "This message has left this machine already; it cannot be taken back.",
                );
            }
            Command::Settings {
                read_reports,
                relays_told,
                lock_after_minutes,
            } => Reply::Settings(SettingsView {
                lock_after_minutes: lock_after_minutes.unwrap_or(0),
                read_reports: read_reports.unwrap_or(ReadReports::Off),
                relays_told: relays_told.unwrap_or(2),
            }),
            Command::Delivery { policy } => Reply::Delivery {
                policy: policy.unwrap_or_default(),
            },
            Command::RouteRecord { .. } => Reply::RouteRecord {
                record: RECORD.into(),
            },
            Command::RouteApply { record } if record == RECORD => {
                Reply::Contact(contact("Alice", ContactPhase::Established))
            }
            Command::RouteApply { .. } => {
                return error(ErrorCode::BadInput, "This is not a route record.");
            }
            Command::Status => Reply::Status(StatusView {
                version: "0.1.0".into(),
                vault: VaultState::Open,
                network: NetworkView::Starting {
                    percent: 45,
                    stage: "fetching the list of relays".into(),
                },
                without_tor: false,
                relays: vec![relay(RelayState::Reachable)],
                undelivered: 3,
                requests: 1,
            }),
            Command::RelayAdd { .. } => Reply::Relay(relay(RelayState::Unknown)),
            Command::RelayList => Reply::Relays {
                relays: vec![relay(RelayState::Unreachable {
                    reason: "it does not answer".into(),
                })],
            },
            Command::RelayTest { .. } => Reply::RelayTest(RelayTestView {
                took_ms: 812,
                accepting: true,
                max_ttl_s: 90 * 24 * 3600,
            }),
            Command::InviteCreate { policy, .. } => Reply::InviteCreated(InviteCreatedView {
                link: "hushwing:aebagbafaydqqcikbmga2dqpcaireeyu".into(),
                invite: InviteView {
                    policy,
                    ..invite(InviteState::Publishing)
                },
            }),
            Command::InviteList => Reply::Invites {
                invites: vec![
                    invite(InviteState::Ready),
                    InviteView {
                        policy: InvitePolicy::Ask,
                        ..invite(InviteState::Asked)
                    },
                ],
            },
            Command::InviteRedeem { .. } => Reply::Contact(contact("", ContactPhase::Fetching)),
            Command::Contacts => Reply::Contacts {
                contacts: vec![
                    contact("Alice", ContactPhase::Established),
                    contact(HOSTILE, ContactPhase::Requested),
                    ContactView {
                        verification: Verification::Changed {
                            how: VerifiedHow::Emoji,
                            at_ms: LONG_AGO_MS,
                        },
                        missing: 2,
                        repairing: true,
                        ..contact("Carol", ContactPhase::Established)
                    },
                    ContactView {
                        verification: Verification::Succeeded {
                            since_ms: LONG_AGO_MS,
                        },
                        ..contact("Erin", ContactPhase::Established)
                    },
                    blocked(),
                ],
            },
            Command::ChangeIdentity { contact } if contact == "mallory" => {
                return error(
                    ErrorCode::Refused,
                    "You block this contact, so nothing is exchanged with it.",
                );
            }
            Command::ChangeIdentity { .. } | Command::ChangeEveryIdentity => Reply::Contacts {
                contacts: vec![ContactView {
                    succeeding: true,
                    ..contact("Alice", ContactPhase::Established)
                }],
            },
            Command::Requests if self.mood == Mood::Well => Reply::Requests { requests: vec![] },
            Command::Requests => Reply::Requests {
                requests: vec![
                    request("Dora", RequestState::Open),
                    RequestView {
                        used_twice: true,
                        ..request(HOSTILE, RequestState::Open)
                    },
                    request("", RequestState::Blocked),
                ],
            },
            Command::RequestAccept { id } if id == "5555" => {
                return error(ErrorCode::NotFound, "There is no such request.");
            }
            Command::RequestAccept { .. } => {
                Reply::Contact(contact("Dora", ContactPhase::Established))
            }
            Command::ContactRename { name, .. } => Reply::Contact(ContactView {
                own_name: Some(HOSTILE.into()),
                ..contact(&name, ContactPhase::Established)
            }),
            Command::ContactBlock { .. } => Reply::Contact(blocked()),
            Command::ContactUnblock { .. } => {
                Reply::Contact(contact("Mallory", ContactPhase::Established))
            }
            Command::Send { contact, .. } if contact == "mallory" => {
                return error(
                    ErrorCode::Refused,
                    "You block this contact, so nothing is exchanged with it.",
                );
            }
            Command::SafetyNumber { .. } => Reply::Safety(safety()),
            Command::Verify {
                by: Comparison::Code { theirs },
                ..
            } if theirs != safety().code => {
                return error(ErrorCode::Mismatch, "The safety numbers DIFFER.");
            }
            Command::Verify { by, .. } => Reply::Contact(ContactView {
                verification: Verification::Verified {
                    how: match by {
                        Comparison::Emoji => VerifiedHow::Emoji,
                        Comparison::Digits { .. } => VerifiedHow::Digits,
                        Comparison::Code { .. } => VerifiedHow::Code,
                    },
                    at_ms: LONG_AGO_MS,
                },
                ..contact("Alice", ContactPhase::Established)
            }),
            Command::Unverify { .. } => Reply::Contact(contact("Alice", ContactPhase::Established)),
            Command::Send { contact, .. } if contact == "nobody" => {
                return error(ErrorCode::NotFound, "there is no contact \"nobody\"");
            }
            Command::Send { contact, .. } if contact == "locked" => {
                return error(
                    ErrorCode::Locked,
                    "the vault is locked; open it with: hushwing unlock",
                );
            }
            Command::Send { text, .. } => {
                Reply::Sent(message(7, true, &text, MessageState::WaitingForTor))
            }
            Command::Chats => Reply::Chats {
                chats: vec![
                    ChatView {
                        contact: contact("Alice", ContactPhase::Established),
                        last: messages("alice").pop(),
                        unread: 1,
                        unread_from: Some(3),
                    },
                    ChatView {
                        contact: contact(HOSTILE, ContactPhase::Requested),
                        last: None,
                        unread: 0,
                        unread_from: None,
                    },
                ],
            },
            Command::Read { contact, .. } => Reply::Messages {
                messages: messages(&contact),
            },
            Command::MessageDelete {
                unsent: Unsent::Refuse,
                id,
            } if id.starts_with("3333") => {
                return error(
                    ErrorCode::Refused,
                    "This message is not on their device yet. Nothing was deleted.",
                );
            }
            Command::Search { text, .. } => Reply::Found {
                found: found(&text),
                next: Some("1795305422017".into()),
                complete: text != "hi",
            },
            Command::Create { .. }
            | Command::Lock
            | Command::Wipe { .. }
            | Command::MessageDelete { .. }
            | Command::HistoryDelete { .. }
            | Command::ContactDelete { .. }
            | Command::RelayRemove { .. }
            | Command::InviteRevoke { .. }
            | Command::RequestRefuse { .. }
            | Command::RequestBlock { .. }
            | Command::GiveUp { .. }
            | Command::Repair { .. }
            | Command::MarkRead { .. }
            | Command::VaultForgetDamaged
            | Command::RetryNow => Reply::Done,
        })
    }

    fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }
}
