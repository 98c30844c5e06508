//! Every command through HTTP: it arrives whole, so does its answer, its errors
//! keep their type, and nobody gives one without the secret or while the vault
//! is closed.

#![allow(clippy::unwrap_used)] // Helpers fail a test as an assertion does.

mod common;

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use common::{Ask, Running, serve};
use hushwing_api::{
    Backend, Limits,
    schema::{
        BackupKey, BackupView, Command, CommandError, Comparison, ContactPhase, ContactView,
        DeliveredBy, DeliveryPolicy, EmojiView, ErrorCode, Event, Finding, FindingKind, FoundView,
        InvitePolicy, LedgerEntry, LedgerStep, LedgerView, LossKind, LossView, MessageState,
        MessageView, ReadReports, Reply, RequestState, RequestView, SafetyView, SecretText, Unsent,
        VaultReportView, Verification, VerifiedHow, WayState, WayView,
    },
};
use hushwing_node::{KeyDerivation, Node, NodeConfig, WayOut};
use serde::Serialize;
use tokio::sync::broadcast;

const RELAY: &str = "hushwing-relay:aebagbafaydqqcikbmga2dqpcaireeyu";

/// Good enough for a vault.
const PASSPHRASE: &str = "plover tundra eggshell wharf mimic";

/// One of each command; one that is not here fails to compile.
fn every_command() -> Vec<Command> {
    let text = String::from;
    let all = vec![
        Command::Status,
        Command::Create {
            passphrase: SecretText::new(text(PASSPHRASE)),
        },
        Command::Unlock {
            passphrase: SecretText::new(text(PASSPHRASE)),
        },
        Command::Lock,
        Command::RelayAdd {
            address: text(RELAY),
        },
        Command::RelayRemove {
            address: text(RELAY),
        },
        Command::RelayList,
        Command::RelayTest {
            address: text(RELAY),
        },
        Command::InviteCreate {
            name: text("Bob"),
            expires_hours: 24,
            policy: InvitePolicy::Ask,
        },
        Command::InviteList,
        Command::InviteRevoke { id: text("0bad") },
        Command::InviteRedeem {
            link: SecretText::new(text("hushwing:abc")),
            name: text("Bob"),
        },
        Command::Contacts,
        Command::Send {
            contact: text("alice"),
            text: text("good morning"),
        },
        Command::Read {
            contact: text("alice"),
            limit: 5,
            after: Some(3),
            before: None,
        },
        Command::Message { id: text("3f2a") },
        Command::GiveUp { id: text("3f2a") },
        Command::Doctor,
        Command::Delivery {
            policy: Some(DeliveryPolicy::RelayOnly),
        },
        Command::RouteRecord {
            contact: text("alice"),
        },
        Command::RouteApply {
            record: text("hushwing-routes:abc"),
        },
        Command::Repair {
            contact: text("alice"),
        },
        Command::RetryNow,
        Command::MarkRead {
            contact: text("alice"),
            from: 3,
            up_to: 17,
        },
        Command::Settings {
            read_reports: Some(ReadReports::On),
            relays_told: Some(3),
            lock_after_minutes: Some(10),
        },
        Command::Requests,
        Command::RequestAccept { id: text("0bad") },
        Command::RequestRefuse { id: text("0bad") },
        Command::RequestBlock { id: text("0bad") },
        Command::ContactBlock {
            contact: text("alice"),
        },
        Command::ContactUnblock {
            contact: text("alice"),
        },
        Command::SafetyNumber {
            contact: text("alice"),
        },
        Command::Verify {
            contact: text("alice"),
            by: Comparison::Digits {
                theirs: Some(text("12345")),
            },
        },
        Command::Unverify {
            contact: text("alice"),
        },
        Command::ChangeIdentity {
            contact: text("alice"),
        },
        Command::ChangeEveryIdentity,
        Command::BackupCreate {
            file: text("/media/stick/backup"),
            passphrase: SecretText::new(text(PASSPHRASE)),
            key: BackupKey::Own,
        },
        Command::BackupCheck {
            file: text("/media/stick/backup"),
            passphrase: SecretText::new(text(PASSPHRASE)),
        },
        Command::Restore {
            file: text("/media/stick/backup"),
            passphrase: SecretText::new(text(PASSPHRASE)),
        },
        Command::VaultCheck,
        Command::VaultSalvage {
            passphrase: SecretText::new(text(PASSPHRASE)),
        },
        Command::VaultForgetDamaged,
        Command::Chats,
        Command::PassphraseChange {
            present: SecretText::new(text("any")),
            new: SecretText::new(text(PASSPHRASE)),
        },
        Command::MessageDelete {
            id: text("3f2a"),
            unsent: Unsent::Delete,
        },
        Command::HistoryDelete {
            contact: text("alice"),
            unsent: Unsent::Refuse,
        },
        Command::ContactDelete {
            contact: text("alice"),
            unsent: Unsent::Delete,
        },
        Command::Wipe {
            confirm: text("wipe this account"),
        },
        Command::Search {
            text: text("good morning"),
            contact: Some(text("alice")),
            since_ms: Some(3),
            before_ms: Some(4),
            limit: 10,
            after: Some(text("17")),
        },
        Command::ContactRename {
            contact: text("alice"),
            name: text("Alice from work"),
        },
    ];
    let numbers = all.iter().map(|command| match command {
        Command::Status => 0,
        Command::Create { .. } => 1,
        Command::Unlock { .. } => 2,
        Command::Lock => 3,
        Command::RelayAdd { .. } => 4,
        Command::RelayRemove { .. } => 5,
        Command::RelayList => 6,
        Command::RelayTest { .. } => 7,
        Command::InviteCreate { .. } => 8,
        Command::InviteList => 9,
        Command::InviteRevoke { .. } => 10,
        Command::InviteRedeem { .. } => 11,
        Command::Contacts => 12,
        Command::Send { .. } => 13,
        Command::Read { .. } => 14,
        Command::Message { .. } => 15,
        Command::GiveUp { .. } => 16,
        Command::Doctor => 17,
        Command::Delivery { .. } => 18,
        Command::RouteRecord { .. } => 19,
        Command::RouteApply { .. } => 20,
        Command::Repair { .. } => 21,
        Command::RetryNow => 22,
        Command::MarkRead { .. } => 23,
        Command::Settings { .. } => 24,
        Command::Requests => 25,
        Command::RequestAccept { .. } => 26,
        Command::RequestRefuse { .. } => 27,
        Command::RequestBlock { .. } => 28,
        Command::ContactBlock { .. } => 29,
        Command::ContactUnblock { .. } => 30,
        Command::SafetyNumber { .. } => 31,
        Command::Verify { .. } => 32,
        Command::Unverify { .. } => 33,
        Command::ChangeIdentity { .. } => 34,
        Command::ChangeEveryIdentity => 35,
        Command::BackupCreate { .. } => 36,
        Command::BackupCheck { .. } => 37,
        Command::Restore { .. } => 38,
        Command::VaultCheck => 39,
        Command::VaultSalvage { .. } => 40,
        Command::VaultForgetDamaged => 41,
        Command::Chats => 42,
        Command::PassphraseChange { .. } => 43,
        Command::MessageDelete { .. } => 44,
        Command::HistoryDelete { .. } => 45,
        Command::ContactDelete { .. } => 46,
        Command::Wipe { .. } => 47,
        Command::Search { .. } => 48,
        Command::ContactRename { .. } => 49,
    });
    assert!(numbers.eq(0..50));
    all
}

/// Commands that need no open vault.
fn works_while_locked(command: &Command) -> bool {
    matches!(
        command,
        Command::Status
            | Command::Create { .. }
            | Command::Unlock { .. }
            | Command::Lock
            | Command::BackupCheck { .. }
            | Command::Restore { .. }
            | Command::VaultSalvage { .. }
            | Command::Wipe { .. }
    )
}

/// The status of each kind of error, as the specification has it.
fn every_error() -> Vec<(ErrorCode, u16)> {
    let all = vec![
        (ErrorCode::Locked, 423),
        (ErrorCode::NoVault, 409),
        (ErrorCode::VaultExists, 409),
        (ErrorCode::WrongPassphrase, 403),
        (ErrorCode::VaultInUse, 409),
        (ErrorCode::VaultUnusable, 500),
        (ErrorCode::BadInput, 400),
        (ErrorCode::NotFound, 404),
        (ErrorCode::Refused, 502),
        (ErrorCode::Unreachable, 503),
        (ErrorCode::Limit, 429),
        (ErrorCode::Machine, 500),
        (ErrorCode::Mismatch, 422),
        (ErrorCode::TooSoon, 429),
        (ErrorCode::NotArrived, 409),
    ];
    let numbers = all.iter().map(|(code, _)| match code {
        ErrorCode::Locked => 0,
        ErrorCode::NoVault => 1,
        ErrorCode::VaultExists => 2,
        ErrorCode::WrongPassphrase => 3,
        ErrorCode::VaultInUse => 4,
        ErrorCode::VaultUnusable => 5,
        ErrorCode::BadInput => 6,
        ErrorCode::NotFound => 7,
        ErrorCode::Refused => 8,
        ErrorCode::Unreachable => 9,
        ErrorCode::Limit => 10,
        ErrorCode::Machine => 11,
        ErrorCode::Mismatch => 12,
        ErrorCode::TooSoon => 13,
        ErrorCode::NotArrived => 14,
    });
    assert!(numbers.eq(0..15));
    all
}

fn every_state() -> Vec<MessageState> {
    let reason = || "it said no".to_owned();
    vec![
        MessageState::WaitingForContact,
        MessageState::Held { reason: reason() },
        MessageState::WaitingForTor,
        MessageState::WaitingForRelay {
            reason: reason(),
            next_try_ms: 7,
        },
        MessageState::Sending,
        MessageState::AtRelay { stored: 1, of: 2 },
        MessageState::Read,
        MessageState::Damaged { reason: reason() },
        MessageState::Delivered,
        MessageState::Failed { reason: reason() },
        MessageState::Received,
        MessageState::Unreadable { reason: reason() },
    ]
}

fn every_step() -> Vec<LedgerStep> {
    let reason = || "it said no".to_owned();
    vec![
        LedgerStep::Written,
        LedgerStep::Sealed,
        LedgerStep::SealedAnew,
        LedgerStep::UnreadThere,
        LedgerStep::KeptByRelay {
            relay: RELAY.into(),
        },
        LedgerStep::PutAgain { reason: reason() },
        LedgerStep::Delivered {
            by: DeliveredBy::Direct,
        },
        LedgerStep::Delivered {
            by: DeliveredBy::Receipt,
        },
        LedgerStep::Failed { reason: reason() },
        LedgerStep::GivenUp,
        LedgerStep::Arrived,
        LedgerStep::Read,
        LedgerStep::Damaged,
    ]
}

fn every_way() -> Vec<WayState> {
    let reason = || "it said no".to_owned();
    vec![
        WayState::Kept,
        WayState::Trying,
        WayState::Waiting {
            reason: reason(),
            next_try_ms: 7,
        },
        WayState::Unused { reason: reason() },
    ]
}

const EVERY_KIND: [FindingKind; 13] = [
    FindingKind::Damaged,
    FindingKind::Network,
    FindingKind::NoRelay,
    FindingKind::OwnRelay,
    FindingKind::TheirRelay,
    FindingKind::Unreachable,
    FindingKind::Undelivered,
    FindingKind::Held,
    FindingKind::Missing,
    FindingKind::Repairing,
    FindingKind::Succeeding,
    FindingKind::Invite,
    FindingKind::Limit,
];

const EVERY_LOSS: [LossKind; 5] = [
    LossKind::Contacts,
    LossKind::Messages,
    LossKind::Keys,
    LossKind::Invites,
    LossKind::Other,
];

const EVERY_POLICY: [DeliveryPolicy; 3] = [
    DeliveryPolicy::Automatic,
    DeliveryPolicy::RelayOnly,
    DeliveryPolicy::DirectOnly,
];

fn ledger() -> LedgerView {
    LedgerView {
        message: MessageView {
            id: "00112233445566778899aabbccddeeff".into(),
            contact: "ffeeddccbbaa99887766554433221100".into(),
            position: 1,
            order: None,
            mine: true,
            text: "good morning".into(),
            sent_at_ms: 1,
            state: MessageState::AtRelay { stored: 1, of: 2 },
            since_ms: 2,
        },
        history: every_step()
            .into_iter()
            .map(|step| LedgerEntry { at_ms: 3, step })
            .collect(),
        ways: every_way()
            .into_iter()
            .zip([None, Some(RELAY), Some(RELAY), Some(RELAY)])
            .map(|(state, relay)| WayView {
                relay: relay.map(Into::into),
                state,
            })
            .collect(),
    }
}

/// The newer answers, and one without fields.
fn answers() -> Vec<Reply> {
    let findings = EVERY_KIND
        .into_iter()
        .zip((0..).map(|n| (n > 0).then_some(n)))
        .map(|(kind, since_ms)| Finding {
            kind,
            about: since_ms.map(|_| RELAY.into()),
            what: "what".into(),
            advice: "advice".into(),
            since_ms,
        })
        .collect();
    let mut all = vec![
        Reply::Done,
        Reply::Contact(ContactView {
            id: "3f2a9c1b00112233445566778899aabb".into(),
            name: "Alice".into(),
            own_name: Some("Ally".into()),
            phase: ContactPhase::Established,
            blocked_since_ms: Some(3),
            safety_number: None,
            verification: Verification::Verified {
                how: VerifiedHow::Code,
                at_ms: 3,
            },
            missing: 2,
            repairing: true,
            succeeding: true,
        }),
        Reply::Safety(SafetyView {
            contact: "3f2a9c1b00112233445566778899aabb".into(),
            name: "Alice".into(),
            digits: "12345 67890".into(),
            emoji: vec![EmojiView {
                symbol: "🐶".into(),
                english: "dog".into(),
                spanish: "perro".into(),
                arabic: "كلب".into(),
            }],
            code: "HUSHWING-SAFETY:1:ABC".into(),
            verification: Verification::Changed {
                how: VerifiedHow::Emoji,
                at_ms: 3,
            },
        }),
        Reply::Backup(BackupView {
            made_at_ms: 3,
            contacts: 2,
            messages: 500,
            len: 1_000_000,
        }),
        Reply::VaultReport(VaultReportView {
            pages: 100,
            damaged_pages: 1,
            inconsistent: true,
            newest_lost: true,
            losses: EVERY_LOSS
                .map(|what| LossView {
                    what,
                    kept: 1,
                    from_snapshot: 2,
                    lost: 3,
                    uncertain: true,
                })
                .to_vec(),
            snapshots_ms: vec![3],
            kept_aside: 2,
        }),
        Reply::Ledger(ledger()),
        Reply::Found {
            found: vec![FoundView {
                message: ledger().message,
                matches: vec![[0, 4], [5, 12]],
            }],
            next: Some("17".into()),
            complete: false,
        },
        Reply::Doctor { findings },
        Reply::Doctor { findings: vec![] },
        Reply::Requests {
            requests: [RequestState::Open, RequestState::Blocked]
                .map(|state| RequestView {
                    id: "3f2a9c1b00112233445566778899aabb".into(),
                    name: "Dora".into(),
                    safety_number: "12345".into(),
                    since_ms: 3,
                    expires_at_ms: 4,
                    state,
                    used_twice: true,
                })
                .to_vec(),
        },
        Reply::RouteRecord {
            record: "hushwing-routes:abc".into(),
        },
    ];
    all.extend(EVERY_POLICY.map(|policy| Reply::Delivery { policy }));
    all
}

/// Gives one answer to everything and remembers what it was asked.
struct Fixed {
    asked: Arc<Mutex<Vec<String>>>,
    answer: Arc<Mutex<Result<Reply, CommandError>>>,
    events: broadcast::Sender<Event>,
}

#[async_trait]
impl Backend for Fixed {
    async fn call(&self, command: Command) -> Result<Reply, CommandError> {
        self.asked.lock().unwrap().push(json(&command));
        self.answer.lock().unwrap().clone()
    }

    fn events(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }
}

struct Asked {
    running: Running,
    asked: Arc<Mutex<Vec<String>>>,
    answer: Arc<Mutex<Result<Reply, CommandError>>>,
}

impl Asked {
    async fn start() -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let answer = Arc::new(Mutex::new(Ok(Reply::Done)));
        let backend = Fixed {
            asked: asked.clone(),
            answer: answer.clone(),
            events: broadcast::channel(1).0,
        };
        Self {
            running: serve(Arc::new(backend), Limits::default()).await,
            asked,
            answer,
        }
    }

    fn will_answer(&self, answer: Result<Reply, CommandError>) {
        *self.answer.lock().unwrap() = answer;
    }

    fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

fn ask(running: &Running, command: &Command) -> Ask {
    Ask::good(running).body(json(command))
}

/// The value of `field` in what `value` becomes.
fn word(value: &impl Serialize, field: &str) -> String {
    let value = serde_json::to_value(value).unwrap();
    let word = if field.is_empty() {
        &value
    } else {
        &value[field]
    };
    word.as_str()
        .unwrap_or_else(|| panic!("{field} in {value}"))
        .to_owned()
}

#[tokio::test]
async fn every_command_arrives_whole() {
    let asked = Asked::start().await;
    for command in every_command() {
        let answer = ask(&asked.running, &command)
            .send(asked.running.address)
            .await;
        assert_eq!(answer.status, 200, "{command:?}: {answer:?}");
        assert_eq!(asked.take_asked(), [json(&command)]);
    }
    // Without a policy it only asks.
    for body in [
        r#"{"command":"delivery"}"#,
        r#"{"command":"delivery","policy":null}"#,
    ] {
        let answer = Ask::good(&asked.running).body(body);
        assert_eq!(answer.send(asked.running.address).await.status, 200);
        assert_eq!(
            asked.take_asked(),
            [r#"{"command":"delivery","policy":null}"#]
        );
    }
}

#[tokio::test]
async fn every_answer_comes_back_whole() {
    let asked = Asked::start().await;
    for reply in answers() {
        asked.will_answer(Ok(reply.clone()));
        let answer = ask(&asked.running, &Command::Doctor)
            .send(asked.running.address)
            .await;
        assert_eq!(answer.status, 200);
        let heard: Reply = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(heard, reply);
    }
}

#[tokio::test]
async fn every_command_fails_with_a_type_and_a_sentence() {
    let asked = Asked::start().await;
    for (code, status) in every_error() {
        let error = CommandError::new(code, "a plain sentence");
        asked.will_answer(Err(error.clone()));
        for command in every_command() {
            let answer = ask(&asked.running, &command)
                .send(asked.running.address)
                .await;
            assert_eq!(answer.status, status, "{command:?}: {answer:?}");
            assert_eq!(answer.error(), error);
        }
    }
}

/// Claim L1.
#[tokio::test]
async fn no_command_is_taken_without_the_secret() {
    let asked = Asked::start().await;
    for command in every_command() {
        let answer = ask(&asked.running, &command)
            .without("Authorization")
            .send(asked.running.address)
            .await;
        assert_eq!((answer.status, answer.body.as_str()), (401, ""));
    }
    assert_eq!(asked.take_asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_field_that_is_missing_or_means_nothing_is_refused_unread() {
    let asked = Asked::start().await;
    for body in [
        r#"{"command":"relay_remove"}"#,
        r#"{"command":"message"}"#,
        r#"{"command":"message","id":17}"#,
        r#"{"command":"give_up"}"#,
        r#"{"command":"delivery","policy":"hunter2"}"#,
        r#"{"command":"delivery","policy":"relay-only"}"#,
        r#"{"command":"route_record"}"#,
        r#"{"command":"route_apply"}"#,
        r#"{"command":"route_apply","record":["hunter2"]}"#,
        r#"{"command":"repair"}"#,
        r#"{"command":"invite_create","name":"","expires_hours":1,"policy":"hunter2"}"#,
        r#"{"command":"request_accept"}"#,
        r#"{"command":"request_refuse"}"#,
        r#"{"command":"request_block","id":17}"#,
        r#"{"command":"contact_block"}"#,
        r#"{"command":"contact_unblock"}"#,
        r#"{"command":"mark_read","contact":"alice","from":3}"#,
        r#"{"command":"settings","read_reports":"hunter2"}"#,
        r#"{"command":"settings","relays_told":300}"#,
    ] {
        let ask = Ask::good(&asked.running).body(body);
        let answer = ask.send(asked.running.address).await;
        assert_eq!(answer.status, 400, "{body}");
        assert_eq!(answer.error().code, ErrorCode::BadInput);
        assert!(!answer.body.contains("hunter2"), "{answer:?}");
    }
    assert_eq!(asked.take_asked(), Vec::<String>::new());
}

/// `[HW-API-14]` With the node itself behind the API.
#[tokio::test(flavor = "multi_thread")]
async fn while_no_vault_is_open_nothing_is_done_and_every_answer_says_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let config = NodeConfig {
        dir: dir.path().to_owned(),
        way_out: WayOut::Nothing,
        allow_loopback: true,
        key_derivation: KeyDerivation::DangerouslyWeak,
    };
    let node = Node::start(config).unwrap();
    let running = serve(Arc::new(node.clone()), Limits::default()).await;
    let refused = async |status, code, advice: &str| {
        for command in every_command() {
            if works_while_locked(&command) {
                continue;
            }
            let answer = ask(&running, &command).send(running.address).await;
            assert_eq!(answer.status, status, "{command:?}: {answer:?}");
            assert_eq!(answer.error().code, code);
            assert!(answer.error().message.contains(advice), "{answer:?}");
        }
    };
    refused(409, ErrorCode::NoVault, "hushwing create").await;
    let create = &every_command()[1];
    let answer = ask(&running, create).send(running.address).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    // Open, it gives no such answer, whatever else it says.
    let answer = ask(&running, &Command::Contacts)
        .send(running.address)
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = ask(&running, &Command::Lock).send(running.address).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    refused(423, ErrorCode::Locked, "hushwing unlock").await;
    node.shutdown().await;
}

/// `[HW-VAULT-20]` With the node itself behind the API.
#[tokio::test(flavor = "multi_thread")]
async fn a_changed_passphrase_is_the_only_one_that_unlocks() {
    const NEW: &str = "nine quiet herons over marsh";
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(NodeConfig {
        dir: dir.path().to_owned(),
        way_out: WayOut::Nothing,
        allow_loopback: true,
        key_derivation: KeyDerivation::DangerouslyWeak,
    })
    .unwrap();
    let running = serve(Arc::new(node.clone()), Limits::default()).await;
    let secret = |text: &str| SecretText::new(text.to_owned());
    let give = async |command: Command| ask(&running, &command).send(running.address).await;
    let unlock = async |passphrase: &str| {
        let passphrase = secret(passphrase);
        give(Command::Unlock { passphrase }).await
    };
    let change = async |present: &str, new: &str| {
        let (present, new) = (secret(present), secret(new));
        give(Command::PassphraseChange { present, new }).await
    };
    let passphrase = secret(PASSPHRASE);
    let answer = give(Command::Create { passphrase }).await;
    assert_eq!(answer.status, 200, "{answer:?}");

    let answer = change("another one", NEW).await;
    assert_eq!(
        (answer.status, answer.error().code),
        (403, ErrorCode::WrongPassphrase)
    );
    let answer = change(PASSPHRASE, PASSPHRASE).await;
    assert_eq!(
        (answer.status, answer.error().code),
        (400, ErrorCode::BadInput)
    );
    let answer = change(PASSPHRASE, NEW).await;
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (200, r#"{"reply":"done"}"#)
    );
    // What is open stays open.
    assert_eq!(give(Command::Contacts).await.status, 200);

    assert_eq!(give(Command::Lock).await.status, 200);
    let answer = unlock(PASSPHRASE).await;
    assert_eq!(
        (answer.status, answer.error().code),
        (403, ErrorCode::WrongPassphrase)
    );
    assert_eq!(unlock(NEW).await.status, 200);
    node.shutdown().await;
}

/// `[HW-API-15]`
#[test]
fn the_specification_has_every_word_of_commands_and_answers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/spec/8-local-interfaces.md");
    let chapter = std::fs::read_to_string(path).unwrap();
    for command in every_command() {
        has_row(&chapter, "command", &command);
    }
    for (code, status) in every_error() {
        let row = row_of(&chapter, "code", &word(&code, ""));
        assert!(row[1].starts_with(&status.to_string()), "{code:?}: {row:?}");
    }
    for state in every_state() {
        has_row(&chapter, "`state`", &state);
    }
    for step in every_step() {
        has_row(&chapter, "`step`", &step);
    }
    for way in every_way() {
        has_row(&chapter, "`way`", &way);
    }
    for kind in EVERY_KIND {
        row_of(&chapter, "`kind`", &word(&kind, ""));
    }
    for loss in EVERY_LOSS {
        row_of(&chapter, "`what`", &word(&loss, ""));
    }
    for policy in EVERY_POLICY {
        row_of(&chapter, "`policy`", &word(&policy, ""));
    }
}

/// A word that is new fails to compile here: it belongs into the lists above.
#[allow(dead_code)]
fn nothing_is_forgotten(
    state: &MessageState,
    step: &LedgerStep,
    way: &WayState,
    kind: FindingKind,
    policy: DeliveryPolicy,
) {
    match state {
        MessageState::WaitingForContact
        | MessageState::Held { .. }
        | MessageState::WaitingForTor
        | MessageState::WaitingForRelay { .. }
        | MessageState::Sending
        | MessageState::AtRelay { .. }
        | MessageState::Delivered
        | MessageState::Failed { .. }
        | MessageState::Received
        | MessageState::Read
        | MessageState::Damaged { .. }
        | MessageState::Unreadable { .. } => {}
    }
    match step {
        LedgerStep::Written
        | LedgerStep::Sealed
        | LedgerStep::SealedAnew
        | LedgerStep::UnreadThere
        | LedgerStep::KeptByRelay { .. }
        | LedgerStep::PutAgain { .. }
        | LedgerStep::Delivered {
            by: DeliveredBy::Direct | DeliveredBy::Receipt,
        }
        | LedgerStep::Failed { .. }
        | LedgerStep::GivenUp
        | LedgerStep::Read
        | LedgerStep::Damaged
        | LedgerStep::Arrived => {}
    }
    match way {
        WayState::Kept | WayState::Trying | WayState::Waiting { .. } | WayState::Unused { .. } => {}
    }
    match kind {
        FindingKind::Network
        | FindingKind::NoRelay
        | FindingKind::OwnRelay
        | FindingKind::TheirRelay
        | FindingKind::Unreachable
        | FindingKind::Undelivered
        | FindingKind::Held
        | FindingKind::Missing
        | FindingKind::Repairing
        | FindingKind::Succeeding
        | FindingKind::Invite
        | FindingKind::Damaged
        | FindingKind::Limit => {}
    }
    match policy {
        DeliveryPolicy::Automatic | DeliveryPolicy::RelayOnly | DeliveryPolicy::DirectOnly => {}
    }
}

/// Checks that the table whose first heading is `heading` has a row for the
/// variant that `value` is, with all its fields in the second cell.
fn has_row(chapter: &str, heading: &str, value: &impl Serialize) {
    let fields = serde_json::to_value(value).unwrap();
    let fields = fields.as_object().unwrap();
    let tag = heading.trim_matches('`');
    let row = row_of(chapter, heading, &word(value, tag));
    for field in fields.keys().filter(|field| *field != tag) {
        assert!(
            words_of(row[1]).contains(field.as_str()),
            "{row:?}: {field}"
        );
    }
}

/// The cells of the row for `word` in the table whose first heading is `heading`.
fn row_of<'a>(chapter: &'a str, heading: &str, word: &str) -> Vec<&'a str> {
    chapter
        .lines()
        .skip_while(|line| !line.starts_with(&format!("| {heading} |")))
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
        .find(|row: &Vec<&str>| words_of(row[0]).contains(word))
        .unwrap_or_else(|| panic!("the table of {heading} has no row for {word}"))
}

fn words_of(cell: &str) -> BTreeSet<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// What a person wrote, is called or compares, and addresses, by the names of their fields.
/// A route record is not among them: it is sealed.
const PRIVATE: [&str; 13] = [
    "text",
    "name",
    "link",
    "passphrase",
    "address",
    "relay",
    "theirs",
    "digits",
    "code",
    "safety_number",
    "english",
    "what",
    "about",
];

/// The private texts in a value, wherever they stand.
fn private_texts(value: &serde_json::Value, found: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(fields) => {
            for (field, value) in fields {
                match value {
                    serde_json::Value::String(text) if PRIVATE.contains(&field.as_str()) => {
                        found.push(text.clone());
                    }
                    _ => private_texts(value, found),
                }
            }
        }
        serde_json::Value::Array(values) => {
            values.iter().for_each(|value| private_texts(value, found))
        }
        _ => {}
    }
}

/// Claim Z1.
#[test]
fn no_debug_form_of_a_command_or_an_answer_shows_what_is_private() {
    let commands = every_command();
    let answers = answers();
    let commands = commands.iter().map(|one| (json(one), format!("{one:?}")));
    let answers = answers.iter().map(|one| (json(one), format!("{one:?}")));
    let mut checked = 0;
    for (json, shown) in commands.chain(answers) {
        let mut found = Vec::new();
        private_texts(&serde_json::from_str(&json).unwrap(), &mut found);
        // Single letters and empty names stand everywhere.
        for text in found.iter().filter(|text| text.len() > 3) {
            checked += 1;
            assert!(!shown.contains(text.as_str()), "{text} in {shown}");
        }
    }
    assert!(checked > 20, "{checked}");
}
