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
        Command, CommandError, ContactPhase, ContactView, ErrorCode, Event, InviteCreatedView,
        InviteState, InviteView, MessageState, MessageView, NetworkView, OrderView, RelayState,
        RelayTestView, RelayView, Reply, StatusView, VaultState,
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
        let dir = tempfile::tempdir().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (events, _) = broadcast::channel(64);
        let go_on = Arc::new(Notify::new());
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let lock = DaemonLock::acquire(dir.path()).unwrap();
        let backend = Arc::new(ByHeart {
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
    asked: Arc<Mutex<Vec<String>>>,
    events: broadcast::Sender<Event>,
    go_on: Arc<Notify>,
}

const RELAY: &str = "hushwing-relay:aebagbafaydqqcikbmga2dqpcaireeyu";
const ALICE: &str = "3f2a9c1b00112233445566778899aabb";
const INVITE: &str = "0badcafe00112233445566778899aabb";

fn contact(name: &str, phase: ContactPhase) -> ContactView {
    let safety_number = (phase == ContactPhase::Established)
        .then(|| "1234567890123456789012345678901234567890".into());
    ContactView {
        id: ALICE.into(),
        name: name.into(),
        phase,
        safety_number,
    }
}

pub(crate) fn message(position: u64, mine: bool, text: &str, state: MessageState) -> MessageView {
    MessageView {
        id: format!("{position:032x}"),
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

fn messages(of: &str) -> Vec<MessageView> {
    if of == "mallory" {
        return vec![message(1, false, HOSTILE, MessageState::Received)];
    }
    let next_try_ms = 1_795_305_499_000;
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

fn relay(state: RelayState) -> RelayView {
    RelayView {
        address: RELAY.into(),
        state,
    }
}

fn invite(state: InviteState) -> InviteView {
    InviteView {
        id: INVITE.into(),
        expires_at_ms: 1_795_910_221_000,
        state,
    }
}

#[async_trait]
impl Backend for ByHeart {
    async fn call(&self, command: Command) -> Result<Reply, CommandError> {
        let asked = serde_json::to_string(&command).unwrap();
        self.asked.lock().unwrap().push(asked);
        let error = |code, message: &str| Err(CommandError::new(code, message));
        Ok(match command {
            Command::Unlock { passphrase } => match passphrase.expose() {
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
            Command::Status => Reply::Status(StatusView {
                version: "0.1.0".into(),
                vault: VaultState::Open,
                network: NetworkView::Starting {
                    percent: 45,
                    stage: "fetching the list of relays".into(),
                },
                relays: vec![relay(RelayState::Reachable)],
                undelivered: 3,
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
            Command::InviteCreate { .. } => Reply::InviteCreated(InviteCreatedView {
                link: "hushwing:aebagbafaydqqcikbmga2dqpcaireeyu".into(),
                invite: invite(InviteState::Publishing),
            }),
            Command::InviteList => Reply::Invites {
                invites: vec![invite(InviteState::Ready)],
            },
            Command::InviteRedeem { .. } => Reply::Contact(contact("", ContactPhase::Fetching)),
            Command::Contacts => Reply::Contacts {
                contacts: vec![
                    contact("Alice", ContactPhase::Established),
                    contact(HOSTILE, ContactPhase::Requested),
                ],
            },
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
            Command::Read { contact, .. } => Reply::Messages {
                messages: messages(&contact),
            },
            Command::Create { .. }
            | Command::Lock
            | Command::InviteRevoke { .. }
            | Command::RetryNow => Reply::Done,
        })
    }

    fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }
}
