//! Every command but `run`: a question to the daemon and its answer on the
//! terminal.

use std::{
    io::{self, IsTerminal},
    path::{Path, PathBuf},
};

use hushwing_api::schema::{
    BackupKey, Command, Comparison, DeliveryPolicy, Event, InvitePolicy, MessageView, ReadReports,
    Reply, SecretText, Unsent, WIPE_PHRASE,
};
use hushwing_api::session::DaemonLock;
use zeroize::Zeroizing;

use crate::{
    args::{
        Action, BackupAction, Compared, ComparedArgs, ContactAction, ForceArg, InviteAction,
        MessageAction, PassphraseAction, Policy, RelayAction, RequestAction, RoutesAction, Switch,
        VaultAction,
    },
    client::Client,
    clock::Clock,
    failure::Failure,
    input,
    output::{new_private_file, print},
    qr,
    safe_text::{self, inline},
    show::{self, Show},
};

/// Asks the daemon of `dir` and prints what it says.
pub(crate) fn carry_out(dir: &Path, action: Action, json: bool) -> Result<(), Failure> {
    if let Action::Doctor = action {
        return doctor(dir, json).map_err(Failure::in_the_way_of_the_doctor);
    }
    if let Action::Wipe { yes } = action {
        return wipe(dir, yes, json);
    }
    // Before anything is asked for: nobody types a passphrase for nothing.
    let client = Client::of(dir)?;
    let file = file_of(&action);
    let reader = reader_of(&action).filter(|_| !json);
    let printer = Printer::new(json);
    let Some(command) = command_of(action)? else {
        return client.listen(|event| printer.event(event));
    };
    let reply = client.call(&command)?;
    match (file, &reply) {
        (Some(file), Reply::RouteRecord { record }) => printer.to_file(&file, record),
        _ => printer.reply(&command, &reply),
    }?;
    if let (Command::VaultCheck, Reply::VaultReport(report)) = (&command, &reply)
        && show::is_damaged(report)
    {
        return Err(Failure::Stuck);
    }
    match (reader, &reply) {
        (Some(contact), Reply::Messages { messages }) => mark_read(&client, contact, messages),
        _ => Ok(()),
    }
}

/// With whom the messages are that a person is about to read. A program that asks
/// for JSON has not read them.
fn reader_of(action: &Action) -> Option<String> {
    match action {
        Action::Read {
            contact,
            no_report: false,
            ..
        } => Some(contact.clone()),
        _ => None,
    }
}

/// Says which messages a person has just been shown.
fn mark_read(client: &Client, contact: String, messages: &[MessageView]) -> Result<(), Failure> {
    let positions = messages.iter().map(|message| message.position);
    let (Some(from), Some(up_to)) = (positions.clone().min(), positions.max()) else {
        return Ok(());
    };
    let command = Command::MarkRead {
        contact,
        from,
        up_to,
    };
    client.call(&command).map(|_| ())
}

/// Wipes the account, by the daemon where one runs.
fn wipe(dir: &Path, yes: bool, json: bool) -> Result<(), Failure> {
    let client = match Client::of(dir) {
        Err(Failure::NoDaemon(_)) => None,
        client => Some(client?),
    };
    if !yes {
        input::confirmed(WIPE_PHRASE)?;
    }
    let command = Command::Wipe {
        confirm: WIPE_PHRASE.to_owned(),
    };
    let reply = match client {
        Some(client) => client.call(&command)?,
        None => {
            // Nobody starts one meanwhile.
            let _lock = DaemonLock::acquire(dir).map_err(|e| Failure::Here(e.to_string()))?;
            hushwing_node::wipe(dir).map_err(Failure::Command)?;
            Reply::Done
        }
    };
    Printer::new(json).reply(&command, &reply)
}

/// Asks what is stuck; ends with 5 when something is.
fn doctor(dir: &Path, json: bool) -> Result<(), Failure> {
    let client = Client::of(dir)?;
    let reply = client.call(&Command::Doctor)?;
    Printer::new(json).reply(&Command::Doctor, &reply)?;
    match reply {
        Reply::Doctor { findings } if !findings.is_empty() => Err(Failure::Stuck),
        _ => Ok(()),
    }
}

/// Where the answer goes instead of standard output.
fn file_of(action: &Action) -> Option<PathBuf> {
    match action {
        Action::Contact(ContactAction::Routes(RoutesAction::Export { out, .. })) => out.clone(),
        _ => None,
    }
}

/// What to ask; `None` for `watch`, which asks nothing.
fn command_of(action: Action) -> Result<Option<Command>, Failure> {
    Ok(Some(match action {
        // The first ones and the last are dealt with before.
        Action::Run(_) | Action::Open { .. } | Action::Watch | Action::Wipe { .. } => {
            return Ok(None);
        }
        Action::Create(args) => Command::Create {
            passphrase: secret(input::new_passphrase(&args)?),
        },
        Action::Unlock(args) => Command::Unlock {
            passphrase: secret(input::known_passphrase(&args)?),
        },
        Action::Lock => Command::Lock,
        Action::Passphrase(PassphraseAction::Change(args)) => {
            let (present, new) = input::both_passphrases(&args)?;
            Command::PassphraseChange {
                present: secret(present),
                new: secret(new),
            }
        }
        Action::Vault(VaultAction::Check) => Command::VaultCheck,
        Action::Vault(VaultAction::Salvage(passphrase)) => Command::VaultSalvage {
            passphrase: secret(input::known_passphrase(&passphrase)?),
        },
        Action::Vault(VaultAction::ForgetDamaged) => Command::VaultForgetDamaged,
        Action::Backup(BackupAction::Create {
            file,
            own_passphrase,
            passphrase,
        }) => Command::BackupCreate {
            file: input::absolute_path(&file)?,
            passphrase: secret(if own_passphrase {
                input::new_passphrase(&passphrase)?
            } else {
                input::known_passphrase(&passphrase)?
            }),
            key: if own_passphrase {
                BackupKey::Own
            } else {
                BackupKey::Account
            },
        },
        Action::Backup(BackupAction::Check { file, passphrase })
        | Action::Restore {
            file,
            check: true,
            passphrase,
        } => Command::BackupCheck {
            file: input::absolute_path(&file)?,
            passphrase: secret(input::known_passphrase(&passphrase)?),
        },
        Action::Restore {
            file,
            check: false,
            passphrase,
        } => Command::Restore {
            file: input::absolute_path(&file)?,
            passphrase: secret(input::known_passphrase(&passphrase)?),
        },
        Action::Status => Command::Status,
        Action::Doctor => Command::Doctor,
        Action::Relay(RelayAction::Add(relay)) => Command::RelayAdd {
            address: plain(input::or_stdin(&relay.address)?),
        },
        Action::Relay(RelayAction::Remove(relay)) => Command::RelayRemove {
            address: plain(input::or_stdin(&relay.address)?),
        },
        Action::Relay(RelayAction::List) => Command::RelayList,
        Action::Relay(RelayAction::Test(relay)) => Command::RelayTest {
            address: plain(input::or_stdin(&relay.address)?),
        },
        Action::Invite(InviteAction::Create {
            name,
            expires_hours,
            ask,
        }) => Command::InviteCreate {
            name,
            expires_hours,
            policy: if ask {
                InvitePolicy::Ask
            } else {
                InvitePolicy::Accept
            },
        },
        Action::Invite(InviteAction::List) => Command::InviteList,
        Action::Invite(InviteAction::Revoke { id }) => Command::InviteRevoke { id },
        Action::Invite(InviteAction::Redeem { link, name }) => Command::InviteRedeem {
            link: secret(input::or_stdin(&link)?),
            name,
        },
        Action::Delivery { policy } => Command::Delivery {
            policy: policy.map(Into::into),
        },
        Action::Requests => Command::Requests,
        Action::Request(RequestAction::Accept(request)) => {
            Command::RequestAccept { id: request.id }
        }
        Action::Request(RequestAction::Refuse(request)) => {
            Command::RequestRefuse { id: request.id }
        }
        Action::Request(RequestAction::Block(request)) => Command::RequestBlock { id: request.id },
        Action::Contacts => Command::Contacts,
        Action::Chats => Command::Chats,
        Action::Contact(ContactAction::Block { contact }) => Command::ContactBlock { contact },
        Action::Contact(ContactAction::Unblock { contact }) => Command::ContactUnblock { contact },
        Action::Contact(ContactAction::Rename { contact, name }) => {
            Command::ContactRename { contact, name }
        }
        Action::Contact(ContactAction::Clear { contact, force }) => Command::HistoryDelete {
            contact,
            unsent: force.into(),
        },
        Action::Contact(ContactAction::Delete { contact, force }) => Command::ContactDelete {
            contact,
            unsent: force.into(),
        },
        Action::Contact(ContactAction::Routes(RoutesAction::Export { contact, .. })) => {
            Command::RouteRecord { contact }
        }
        Action::Contact(ContactAction::Routes(RoutesAction::Import { source })) => {
            Command::RouteApply {
                record: input::route_record(&source)?,
            }
        }
        Action::Contact(ContactAction::Safety { contact }) => Command::SafetyNumber { contact },
        Action::Contact(ContactAction::Verify(args)) => Command::Verify {
            by: comparison(&args.by)?,
            contact: args.contact,
        },
        Action::Contact(ContactAction::Unverify { contact }) => Command::Unverify { contact },
        Action::Contact(ContactAction::NewIdentity { contact, .. }) => contact
            .map_or(Command::ChangeEveryIdentity, |contact| {
                Command::ChangeIdentity { contact }
            }),
        Action::Contact(ContactAction::Repair { contact }) => Command::Repair { contact },
        Action::Send { contact, text } => Command::Send {
            contact,
            text: plain(input::or_stdin(&text)?),
        },
        Action::Read {
            contact,
            limit,
            after,
            before,
            no_report: _,
        } => Command::Read {
            contact,
            limit,
            after,
            before,
        },
        Action::Search {
            words,
            with,
            since,
            until,
            limit,
            after,
        } => {
            let text = match words.as_slice() {
                [stdin] => plain(input::or_stdin(stdin)?),
                words => words.join(" "),
            };
            Command::Search {
                text,
                contact: with,
                since_ms: since.map(|date| bounds(&date)).transpose()?.map(|at| at.0),
                before_ms: until.map(|date| bounds(&date)).transpose()?.map(|at| at.1),
                limit,
                after,
            }
        }
        Action::Settings {
            read_reports,
            relays_told,
            lock_after,
        } => Command::Settings {
            read_reports: read_reports.map(Into::into),
            relays_told,
            lock_after_minutes: lock_after,
        },
        Action::Message(MessageAction::Show(message)) => Command::Message { id: message.id },
        Action::Message(MessageAction::Delete { id, force }) => Command::MessageDelete {
            id,
            unsent: force.into(),
        },
        Action::Message(MessageAction::GiveUp(message)) => Command::GiveUp { id: message.id },
        Action::Retry => Command::RetryNow,
    }))
}

/// When a day or minute begins and ends.
fn bounds(date: &str) -> Result<(u64, u64), Failure> {
    Clock::of_this_machine().bounds(date).ok_or_else(|| {
        Failure::Here(format!(
            "'{}' is no date; write it as 2026-11-21 or as '2026-11-21 23:57'",
            inline(date)
        ))
    })
}

/// What the user compared, or gives to be compared. The parser saw to it that there is
/// one of the three.
fn comparison(args: &ComparedArgs) -> Result<Comparison, Failure> {
    if let Some(code) = &args.code {
        let theirs = plain(input::or_stdin(code)?);
        return Ok(Comparison::Code { theirs });
    }
    Ok(match (args.compared, &args.digits) {
        (Some(Compared::Emoji), _) => Comparison::Emoji,
        (_, theirs) => Comparison::Digits {
            theirs: theirs.clone(),
        },
    })
}

impl From<ForceArg> for Unsent {
    fn from(arg: ForceArg) -> Self {
        if arg.force {
            Self::Delete
        } else {
            Self::Refuse
        }
    }
}

impl From<Policy> for DeliveryPolicy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Automatic => Self::Automatic,
            Policy::RelayOnly => Self::RelayOnly,
            Policy::DirectOnly => Self::DirectOnly,
        }
    }
}

impl From<Switch> for ReadReports {
    fn from(switch: Switch) -> Self {
        match switch {
            Switch::On => Self::On,
            Switch::Off => Self::Off,
        }
    }
}

fn secret(text: Zeroizing<String>) -> SecretText {
    SecretText::new(plain(text))
}

fn plain(mut text: Zeroizing<String>) -> String {
    std::mem::take(&mut *text)
}

/// `[HW-CLI-8]` Answers go to standard output: one line of JSON, or sentences.
struct Printer {
    json: bool,
    show: Show,
    to_terminal: bool,
}

impl Printer {
    fn new(json: bool) -> Self {
        let stdout = io::stdout();
        let to_terminal = stdout.is_terminal();
        let columns = terminal_size::terminal_size_of(&stdout)
            .filter(|_| to_terminal)
            .map(|(width, _)| usize::from(width.0));
        Self {
            json,
            show: Show {
                clock: Clock::of_this_machine(),
                columns,
            },
            to_terminal,
        }
    }

    fn reply(&self, command: &Command, reply: &Reply) -> Result<(), Failure> {
        if self.json {
            return print(&(safe_text::json(reply) + "\n"));
        }
        let mut text = self.show.reply(command, reply);
        if let (Reply::InviteCreated(created), true) = (reply, self.to_terminal) {
            text.push_str(&match qr::in_terminal(&created.link) {
                Some(code) => format!("\n{code}\n"),
                None => "\nThe link is too long for a QR code in a terminal.\n".into(),
            });
        }
        if let (Reply::Safety(safety), true) = (reply, self.to_terminal)
            && let Some(code) = qr::in_terminal(&safety.code)
        {
            text.push_str(&format!("\n{code}"));
        }
        if let (Reply::RouteRecord { .. }, true) = (reply, self.to_terminal) {
            text.push_str(
                "\nHand this text over by any means; only this contact can use it, with: hushwing \
                 contact routes import -\n",
            );
        }
        print(&text)
    }

    /// Writes a route record to a new file and says so.
    fn to_file(&self, file: &Path, record: &str) -> Result<(), Failure> {
        new_private_file(file, &(record.to_owned() + "\n"))?;
        print(&if self.json {
            safe_text::json(&Reply::Done) + "\n"
        } else {
            format!(
                "Your routes are in {}, which only you can read. Hand it over by any means; only \
                 this contact can use it, with: hushwing contact routes import FILE\n",
                inline(&file.display().to_string())
            )
        })
    }

    fn event(&self, event: &Event) -> Result<(), Failure> {
        print(&if self.json {
            safe_text::json(event) + "\n"
        } else {
            self.show.event(event)
        })
    }
}
