//! Every command but `run`: a question to the daemon and its answer on the
//! terminal.

use std::{
    io::{self, IsTerminal, Write},
    path::Path,
};

use hushwing_api::schema::{Command, Event, Reply, SecretText};
use zeroize::Zeroizing;

use crate::{
    args::{Action, InviteAction, RelayAction},
    client::Client,
    clock::Clock,
    failure::Failure,
    input, qr, safe_text,
    show::Show,
};

/// Asks the daemon of `dir` and prints what it says.
pub(crate) fn carry_out(dir: &Path, action: Action, json: bool) -> Result<(), Failure> {
    // Before anything is asked for: nobody types a passphrase for nothing.
    let client = Client::of(dir)?;
    let printer = Printer::new(json);
    let Some(command) = command_of(action)? else {
        return client.listen(|event| printer.event(event));
    };
    let reply = client.call(&command)?;
    printer.reply(&command, &reply)
}

/// What to ask; `None` for `watch`, which asks nothing.
fn command_of(action: Action) -> Result<Option<Command>, Failure> {
    Ok(Some(match action {
        Action::Run(_) | Action::Watch => return Ok(None),
        Action::Create(args) => Command::Create {
            passphrase: secret(input::new_passphrase(&args)?),
        },
        Action::Unlock(args) => Command::Unlock {
            passphrase: secret(input::known_passphrase(&args)?),
        },
        Action::Lock => Command::Lock,
        Action::Status => Command::Status,
        Action::Relay(RelayAction::Add(relay)) => Command::RelayAdd {
            address: plain(input::or_stdin(&relay.address)?),
        },
        Action::Relay(RelayAction::List) => Command::RelayList,
        Action::Relay(RelayAction::Test(relay)) => Command::RelayTest {
            address: plain(input::or_stdin(&relay.address)?),
        },
        Action::Invite(InviteAction::Create {
            name,
            expires_hours,
        }) => Command::InviteCreate {
            name,
            expires_hours,
        },
        Action::Invite(InviteAction::List) => Command::InviteList,
        Action::Invite(InviteAction::Revoke { id }) => Command::InviteRevoke { id },
        Action::Invite(InviteAction::Redeem { link, name }) => Command::InviteRedeem {
            link: secret(input::or_stdin(&link)?),
            name,
        },
        Action::Contacts => Command::Contacts,
        Action::Send { contact, text } => Command::Send {
            contact,
            text: plain(input::or_stdin(&text)?),
        },
        Action::Read {
            contact,
            limit,
            after,
        } => Command::Read {
            contact,
            limit,
            after,
        },
        Action::Retry => Command::RetryNow,
    }))
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
        print(&text)
    }

    fn event(&self, event: &Event) -> Result<(), Failure> {
        print(&if self.json {
            safe_text::json(event) + "\n"
        } else {
            self.show.event(event)
        })
    }
}

fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()?;
    Ok(())
}
