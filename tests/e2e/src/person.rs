//! Somebody with a vault, a daemon and the `hushwing` command.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::Value;

use crate::process::Daemon;
use crate::programs;
use crate::transcript::Line;
use crate::wait::{self, Seen};

/// The most that `hushwing read` gives at once.
const READ_LIMIT: &str = "1000";

/// The same as a number: as many messages [`Person::transcript`] tells at most.
pub(crate) const READABLE_AT_ONCE: usize = 1000;

/// A person of a story.
#[derive(Debug)]
pub struct Person {
    name: &'static str,
    dir: PathBuf,
    log: PathBuf,
    setting: Setting,
    passphrase: String,
    daemon: Option<Daemon>,
    doom: Option<Duration>,
    friend: String,
    record: Option<PathBuf>,
}

/// How somebody's daemon is run.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Which network it has.
    pub way: Way,
    /// How much the daemon logs: `info`, `trace`, ...
    pub log_level: &'static str,
}

/// The network that a daemon has.
#[derive(Debug, Clone)]
pub enum Way {
    /// The private Tor network of this Arti configuration.
    Tor(PathBuf),
    /// The same, and relays at 127.0.0.1.
    TorAndLoopback(PathBuf),
    /// Relays at 127.0.0.1 alone.
    Loopback,
}

/// A message as `read --json` shows it.
#[derive(Debug, Clone, Deserialize)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// What it says.
    pub text: String,
    /// Whether the reader wrote it.
    pub mine: bool,
    /// When it was accepted from its writer, milliseconds since 1970.
    pub sent_at_ms: u64,
    /// Since when it is in its state, milliseconds since 1970.
    pub since_ms: u64,
    /// Where it is; `state.state` is the name.
    state: Value,
    /// Its place in the vault, for paging.
    position: u64,
    /// Its place in the conversation, once it has one.
    order: Option<Order>,
}

/// A message's place in the conversation, alike on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Order {
    clock: u64,
    writer: u32,
}

impl Message {
    /// The name of its state: `delivered`, `at_relay`, `waiting_for_tor`, ...
    #[must_use]
    pub fn state(&self) -> &str {
        self.state["state"].as_str().unwrap_or("")
    }

    /// Milliseconds from being accepted from its writer to entering its state.
    /// Both daemons of a story use one clock.
    #[must_use]
    pub fn took_ms(&self) -> u64 {
        self.since_ms.saturating_sub(self.sent_at_ms)
    }
}

/// Somebody's contact as `contacts --json` shows it.
#[derive(Debug, Clone, Deserialize)]
pub struct Contact {
    /// Its id.
    pub id: String,
    /// The name that they gave themselves.
    pub name: String,
    /// The digits to compare, once bound.
    pub safety_number: Option<String>,
    phase: Value,
}

/// What a person compares with a contact.
#[derive(Debug, Clone)]
pub struct Safety {
    /// The names of the 16 emoji.
    pub emoji: String,
    /// The text of the code.
    pub code: String,
}

impl Contact {
    /// The name of its phase: `fetching`, `requested`, `established`, `failed`.
    #[must_use]
    pub fn phase(&self) -> &str {
        self.phase["phase"].as_str().unwrap_or("")
    }
}

impl Person {
    /// Somebody without a vault yet, who will live in `root/NAME`.
    ///
    /// # Errors
    /// When the system gives no randomness for the passphrase.
    pub fn new(name: &'static str, root: &Path, setting: Setting) -> Result<Person> {
        let mut secret = [0; 16];
        getrandom::fill(&mut secret).map_err(|why| anyhow::anyhow!("no randomness: {why}"))?;
        let folder = name.to_lowercase();
        Ok(Person {
            name,
            dir: root.join(&folder),
            log: root.join(format!("{folder}.log")),
            setting,
            passphrase: HEXLOWER.encode(&secret),
            daemon: None,
            doom: None,
            friend: String::new(),
            record: None,
        })
    }

    /// The name in the story.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The folder of the vault.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The daemon's log.
    #[must_use]
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// What opens the vault.
    #[must_use]
    pub fn passphrase(&self) -> &str {
        &self.passphrase
    }

    /// The TCP port of the daemon's local API.
    ///
    /// # Errors
    /// When the daemon has not written its API file.
    pub fn api_port(&self) -> Result<u16> {
        let text = std::fs::read_to_string(self.dir.join("api.json"))?;
        let file: Value = serde_json::from_str(&text)?;
        let address = file["address"].as_str().context("no address")?;
        Ok(address.parse::<std::net::SocketAddr>()?.port())
    }

    /// Whether the daemon was started and neither ended nor killed by the story.
    #[must_use]
    pub fn is_online(&self) -> bool {
        self.daemon.is_some()
    }

    /// The running daemon.
    ///
    /// # Errors
    /// When it does not run.
    pub fn daemon(&mut self) -> Result<&mut Daemon> {
        let name = self.name;
        self.daemon
            .as_mut()
            .with_context(|| format!("{name}'s daemon is not running"))
    }

    /// Starts the daemon and opens the vault, or makes it the first time.
    ///
    /// # Errors
    /// When either does not work.
    pub fn come_online(&mut self) -> Result<()> {
        self.start_daemon()?;
        self.open_vault()
    }

    /// Opens the vault, or makes it the first time.
    pub(crate) fn open_vault(&self) -> Result<()> {
        if self.vault_state()? == "missing" {
            self.ask_with_passphrase("create")?;
        }
        if self.vault_state()? == "locked" {
            self.ask_with_passphrase("unlock")?;
        }
        let state = self.vault_state()?;
        ensure!(state == "open", "{}'s vault is {state}", self.name);
        Ok(())
    }

    /// As [`come_online`](Person::come_online), and waits until Tor is ready;
    /// returns how long Tor took from then on.
    ///
    /// # Errors
    /// When it does not work.
    pub fn come_online_fully(&mut self) -> Result<Duration> {
        self.come_online()?;
        let began = Instant::now();
        self.wait_for_network("ready")?;
        Ok(began.elapsed())
    }

    /// Starts the daemon, with the vault closed.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_daemon(&mut self) -> Result<()> {
        ensure!(self.daemon.is_none(), "{}'s daemon runs already", self.name);
        let dir = self.dir.to_string_lossy();
        let network;
        let mut args = vec!["--dir", &dir, "run", "--json"];
        match &self.setting.way {
            Way::Tor(file) | Way::TorAndLoopback(file) => {
                network = file.to_string_lossy();
                args.extend(["--tor-network", &network]);
            }
            Way::Loopback => args.push("--without-tor"),
        }
        if let Way::TorAndLoopback(_) = self.setting.way {
            args.push("--allow-loopback");
        }
        let mut variables = vec![("HUSHWING_LOG", self.setting.log_level)];
        let record = self.record.as_ref().map(|file| file.to_string_lossy());
        if let Some(record) = &record {
            variables.push(("HUSHWING_AEAD_RECORD", record));
        }
        let name = format!("{}'s daemon", self.name);
        let program = programs::find("hushwing")?;
        let daemon = Daemon::start_with(&name, &program, &args, &variables, &self.log)?;
        let daemon = self.daemon.insert(daemon);
        if let Some(pause) = self.doom.take() {
            daemon.doom(pause);
        }
        let line = daemon.line()?;
        let ready: Value = serde_json::from_str(&line)
            .with_context(|| format!("{name}'s first line is not JSON: {line}"))?;
        ensure!(ready["ready"] == true, "{name} is not ready: {line}");
        Ok(())
    }

    /// Ends the daemon cleanly.
    ///
    /// # Errors
    /// When it does not end cleanly or leaves its API file.
    pub fn go_offline(&mut self) -> Result<()> {
        let name = self.name;
        self.daemon
            .take()
            .with_context(|| format!("{name}'s daemon is not running"))?
            .stop()?;
        ensure!(
            !self.dir.join("api.json").exists(),
            "{name}'s daemon left its API file"
        );
        Ok(())
    }

    /// Kills the daemon (SIGKILL).
    ///
    /// # Errors
    /// When it was not running.
    pub fn crash(&mut self) -> Result<()> {
        let name = self.name;
        self.daemon
            .take()
            .with_context(|| format!("{name}'s daemon is not running"))?
            .kill()
    }

    /// The next daemon is killed (SIGKILL) so long after its start, whatever it
    /// does then.
    pub fn doom(&mut self, pause: Duration) {
        self.doom = Some(pause);
    }

    /// Whether the kill that was announced has come.
    #[must_use]
    pub fn is_struck(&self) -> bool {
        self.daemon.as_ref().is_some_and(Daemon::is_struck)
    }

    /// Waits for the kill that was announced; nothing runs afterwards.
    ///
    /// # Errors
    /// When the daemon ended in another way.
    pub fn succumb(&mut self) -> Result<()> {
        let name = self.name;
        self.daemon
            .take()
            .with_context(|| format!("{name}'s daemon was not started"))?
            .succumb()
    }

    /// From the next start on, the daemon adds a line to this file for each key and nonce
    /// with which it seals something.
    pub fn record_seals(&mut self, file: &Path) {
        self.record = Some(file.to_owned());
    }

    /// Writes a backup of the account.
    ///
    /// # Errors
    /// When the command fails.
    pub fn back_up(&self, file: &Path) -> Result<Value> {
        self.about_backup(&["backup", "create"], file)
    }

    /// Lets this person's program prove that a backup opens; says what is in it.
    ///
    /// # Errors
    /// When it does not.
    pub fn check_backup(&self, file: &Path) -> Result<Value> {
        self.about_backup(&["restore", "--check"], file)
    }

    /// Makes the account anew from a backup, in this person's empty folder.
    ///
    /// # Errors
    /// When the command fails.
    pub fn restore(&self, file: &Path) -> Result<Value> {
        self.about_backup(&["restore"], file)
    }

    /// Opens the vault although a part of it is damaged; says what is lost.
    ///
    /// # Errors
    /// When the command fails.
    pub fn salvage(&self) -> Result<Value> {
        let args = ["vault", "salvage", "--passphrase-stdin"];
        self.run(&args, Some(&self.passphrase))
    }

    fn about_backup(&self, command: &[&str], file: &Path) -> Result<Value> {
        let file = file.to_string_lossy();
        let args = [command, &[&file, "--passphrase-stdin"]].concat();
        self.run(&args, Some(&self.passphrase))
    }

    /// The same person once more, with another folder below `root` that is empty.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn anew(&self, root: &Path) -> Result<Person> {
        let mut person = Person::new(self.name, root, self.setting.clone())?;
        std::fs::create_dir_all(root)?;
        person.passphrase.clone_from(&self.passphrase);
        person.record.clone_from(&self.record);
        Ok(person)
    }

    /// Adds a relay for mail to this person.
    ///
    /// # Errors
    /// When the command fails.
    pub fn add_relay(&self, address: &str) -> Result<()> {
        self.ask(&["relay", "add", address]).map(drop)
    }

    /// Stops using a relay.
    ///
    /// # Errors
    /// When the command fails.
    pub fn remove_relay(&self, address: &str) -> Result<()> {
        self.ask(&["relay", "remove", address]).map(drop)
    }

    /// How the friend can reach this person now, as a text to hand over.
    ///
    /// # Errors
    /// When the command fails.
    pub fn export_routes(&self) -> Result<String> {
        let reply = self.ask(&["contact", "routes", "export", &self.friend])?;
        Ok(reply["record"].as_str().context("no record")?.to_owned())
    }

    /// Pastes the text of somebody's [`export_routes`](Person::export_routes).
    ///
    /// # Errors
    /// When it is not taken.
    pub fn import_routes(&self, record: &str) -> Result<()> {
        self.run(&["contact", "routes", "import", "-"], Some(record))
            .map(drop)
    }

    /// What this person sees to compare with a contact.
    ///
    /// # Errors
    /// When there is nothing to compare.
    pub fn safety(&self, contact: &str) -> Result<Safety> {
        let shown = self.ask(&["contact", "safety", contact])?;
        let emoji = shown["emoji"].as_array().context("no emoji")?;
        let names: Vec<&str> = emoji
            .iter()
            .filter_map(|one| one["english"].as_str())
            .collect();
        Ok(Safety {
            emoji: names.join(", "),
            code: shown["code"].as_str().context("no code")?.to_owned(),
        })
    }

    /// Takes in the code that a contact shows.
    ///
    /// # Errors
    /// When it is not the one that is shown here.
    pub fn verify(&self, contact: &str, code: &str) -> Result<()> {
        let verified = self.ask(&["contact", "verify", contact, "--code", code])?;
        let state = &verified["verification"]["state"];
        ensure!(state == "verified", "verified, and shown as {verified}");
        Ok(())
    }

    /// Makes an invite and waits until it can be redeemed; returns the link.
    ///
    /// # Errors
    /// When the command fails or the invite never becomes ready.
    pub fn make_invite(&self, shown_name: &str) -> Result<String> {
        let created = self.ask(&["invite", "create", "--name", shown_name])?;
        let link = created["link"].as_str().context("no link")?.to_owned();
        let id = created["id"].as_str().context("no id")?.to_owned();
        wait::until("the invite to wait at the relay", || {
            let list = self.ask(&["invite", "list"])?;
            let invites = list["invites"].as_array().context("no invites")?;
            let invite = invites.iter().find(|invite| invite["id"] == id.as_str());
            let state = invite.context("the invite is gone")?["state"].clone();
            Ok(Seen::when(state == "ready", state))
        })?;
        Ok(link)
    }

    /// Redeems an invite.
    ///
    /// # Errors
    /// When the command fails.
    pub fn redeem(&self, link: &str, shown_name: &str) -> Result<()> {
        // Links and texts by stdin: other users can read command lines.
        self.run(&["invite", "redeem", "-", "--name", shown_name], Some(link))
            .map(drop)
    }

    /// All contacts.
    ///
    /// # Errors
    /// When the command fails.
    pub fn contacts(&self) -> Result<Vec<Contact>> {
        let mut reply = self.ask(&["contacts"])?;
        Ok(serde_json::from_value(reply["contacts"].take())?)
    }

    /// Waits until this person's only contact is in `phase`; from then on it is
    /// the friend that the other methods speak of.
    ///
    /// # Errors
    /// When the meeting fails, or there is somebody else.
    pub fn wait_for_phase(&mut self, phase: &str) -> Result<Contact> {
        let contact = wait::until(&format!("{}'s contact to be {phase}", self.name), || {
            let mut contacts = self.contacts()?;
            ensure!(contacts.len() <= 1, "{} has several contacts", self.name);
            let Some(contact) = contacts.pop() else {
                return Ok(Seen::NotYet("no contact".to_owned()));
            };
            ensure!(
                contact.phase() != "failed",
                "the meeting failed: {contact:?}"
            );
            Ok(if contact.phase() == phase {
                Seen::Done(contact)
            } else {
                Seen::NotYet(format!("{contact:?}"))
            })
        })?;
        self.friend.clone_from(&contact.id);
        Ok(contact)
    }

    /// Sends a text to the friend.
    ///
    /// # Errors
    /// When it is not accepted.
    pub fn send(&self, text: &str) -> Result<()> {
        self.run(&["send", &self.friend, "-"], Some(text)).map(drop)
    }

    /// All messages with the friend, oldest first.
    ///
    /// # Errors
    /// When the command fails.
    pub fn messages(&self) -> Result<Vec<Message>> {
        let mut reply = self.ask(&["read", &self.friend, "--limit", READ_LIMIT])?;
        Ok(serde_json::from_value(reply["messages"].take())?)
    }

    /// The conversation as this person sees it.
    ///
    /// # Errors
    /// When the command fails.
    pub fn transcript(&self, their_name: &str) -> Result<Vec<Line>> {
        let messages = self.messages()?;
        Ok(messages
            .iter()
            .map(|m| Line::new(if m.mine { self.name } else { their_name }, &m.text))
            .collect())
    }

    /// As [`transcript`](Person::transcript), page by page, however long it is.
    /// The very first message is left out: `read` begins after a position.
    ///
    /// # Errors
    /// When the command fails.
    pub fn long_transcript(&self, their_name: &str) -> Result<Vec<Line>> {
        let mut all: Vec<Message> = Vec::new();
        let mut after = 0;
        loop {
            let place = after.to_string();
            let args = [
                "read",
                &self.friend,
                "--limit",
                READ_LIMIT,
                "--after",
                &place,
            ];
            let page: Vec<Message> = serde_json::from_value(self.ask(&args)?["messages"].take())?;
            let Some(last) = page.iter().map(|message| message.position).max() else {
                break;
            };
            after = last;
            all.extend(page);
        }
        all.sort_by_key(|m| (m.order.is_none(), m.order, m.position));
        Ok(all
            .iter()
            .map(|m| Line::new(if m.mine { self.name } else { their_name }, &m.text))
            .collect())
    }

    /// How many of this person's messages are not on the friend's device yet.
    ///
    /// # Errors
    /// When the command fails.
    pub fn undelivered(&self) -> Result<u64> {
        self.status()?["undelivered"]
            .as_u64()
            .context("status does not say what is undelivered")
    }

    /// Waits until each of this person's own messages whose text is in `texts`
    /// is in `state`; returns them in the order of the transcript.
    ///
    /// # Errors
    /// When one fails for good, or the wait takes too long.
    pub fn wait_for_state(&self, texts: &[String], state: &str) -> Result<Vec<Message>> {
        self.wait_for_states(texts, &[state])
    }

    /// Waits until this person's own message `text` is on the friend's device.
    ///
    /// # Errors
    /// When it fails for good, or the wait takes too long.
    pub fn wait_for_delivery(&self, text: &str) -> Result<Message> {
        self.wait_for_state(&[text.to_owned()], "delivered")?
            .pop()
            .context("no message")
    }

    /// As [`wait_for_state`](Person::wait_for_state), with any of `states`.
    ///
    /// # Errors
    /// When one fails for good, or the wait takes too long.
    pub fn wait_for_states(&self, texts: &[String], states: &[&str]) -> Result<Vec<Message>> {
        let what = format!("{} messages of {} to be {states:?}", texts.len(), self.name);
        wait::until(&what, || {
            let mine = self.own_messages(texts)?;
            let waits = mine.iter().find(|m| !states.contains(&m.state()));
            Ok(if mine.len() == texts.len() && waits.is_none() {
                Seen::Done(mine)
            } else {
                Seen::NotYet(format!("{} written, then {waits:?}", mine.len()))
            })
        })
    }

    /// Waits until one or more of this person's own messages in `texts` are in
    /// `state`.
    ///
    /// # Errors
    /// When one fails for good, or the wait takes too long.
    pub fn wait_for_some(&self, texts: &[String], state: &str) -> Result<()> {
        wait::until(&format!("a message of {} to be {state}", self.name), || {
            let mine = self.own_messages(texts)?;
            Ok(Seen::when(mine.iter().any(|m| m.state() == state), mine))
        })
    }

    fn own_messages(&self, texts: &[String]) -> Result<Vec<Message>> {
        let mut mine = self.messages()?;
        mine.retain(|m| m.mine && texts.contains(&m.text));
        if let Some(failed) = mine.iter().find(|m| m.state() == "failed") {
            bail!("a message failed: {failed:?}");
        }
        Ok(mine)
    }

    /// Waits until at least `count` of the friend's messages in `texts` are
    /// here.
    ///
    /// # Errors
    /// When the wait takes too long.
    pub fn wait_for_received(&self, texts: &[String], count: usize) -> Result<()> {
        let what = format!("{count} messages to reach {}", self.name);
        wait::until(&what, || {
            let messages = self.messages()?;
            let here = messages
                .iter()
                .filter(|m| !m.mine && texts.contains(&m.text))
                .count();
            Ok(Seen::when(here >= count, here))
        })
    }

    /// What `status --json` says.
    ///
    /// # Errors
    /// When the command fails.
    pub fn status(&self) -> Result<Value> {
        self.ask(&["status"])
    }

    fn vault_state(&self) -> Result<String> {
        let status = self.status()?;
        let state = status["vault"].as_str().context("no vault state")?;
        Ok(state.to_owned())
    }

    /// Waits until the network is in the state named `state`; returns it whole.
    ///
    /// # Errors
    /// When the wait takes too long.
    pub fn wait_for_network(&self, state: &str) -> Result<Value> {
        let what = format!("{}'s network to be {state}", self.name);
        wait::until(&what, || {
            let network = self.status()?["network"].take();
            Ok(if network["state"] == state {
                Seen::Done(network)
            } else {
                Seen::NotYet(network.to_string())
            })
        })
    }

    /// Runs `hushwing --json ARGS` and returns its answer.
    ///
    /// # Errors
    /// When the command fails, with what it said.
    pub fn ask(&self, args: &[&str]) -> Result<Value> {
        self.run(args, None)
    }

    /// Tries everything that waits again, now.
    ///
    /// # Errors
    /// When the command fails.
    pub fn retry(&self) -> Result<()> {
        self.ask(&["retry"]).map(drop)
    }

    /// Locks the vault; the daemon runs on.
    ///
    /// # Errors
    /// When the command fails.
    pub fn lock(&self) -> Result<()> {
        self.ask(&["lock"]).map(drop)
    }

    /// Unlocks it.
    ///
    /// # Errors
    /// When the command fails.
    pub fn unlock(&self) -> Result<()> {
        self.ask_with_passphrase("unlock")
    }

    /// Changes the passphrase of the open vault to this one.
    ///
    /// # Errors
    /// When the command fails; the passphrase is then the old one.
    pub fn change_passphrase(&mut self, new: &str) -> Result<()> {
        let both = format!("{}\n{new}", self.passphrase);
        let args = ["passphrase", "change", "--passphrases-stdin"];
        self.run(&args, Some(&both))?;
        new.clone_into(&mut self.passphrase);
        Ok(())
    }

    /// What unlocking with this passphrase ends with: the exit code and the answer or error.
    ///
    /// # Errors
    /// When it answers nothing.
    pub fn try_to_unlock(&self, passphrase: &str) -> Result<(i32, Value)> {
        let args = ["unlock", "--passphrase-stdin"];
        let out = self.output_of(&args, Some(passphrase))?;
        let code = out.status.code().context("hushwing was killed")?;
        let told = if code == 0 { &out.stdout } else { &out.stderr };
        Ok((code, serde_json::from_slice(told)?))
    }

    fn ask_with_passphrase(&self, command: &str) -> Result<()> {
        self.run(&[command, "--passphrase-stdin"], Some(&self.passphrase))
            .map(drop)
    }

    /// As [`ask`](Person::ask), for a command whose exit code says something
    /// besides its answer.
    ///
    /// # Errors
    /// When it answers nothing.
    pub fn ask_with_code(&self, args: &[&str]) -> Result<(i32, Value)> {
        let out = self.output_of(args, None)?;
        let code = out.status.code().context("hushwing was killed")?;
        Ok((code, json_of(args, &out)?))
    }

    fn run(&self, args: &[&str], stdin: Option<&str>) -> Result<Value> {
        let out = self.output_of(args, stdin)?;
        if !out.status.success() {
            let complaint = String::from_utf8_lossy(&out.stderr);
            bail!("{}: hushwing {} failed: {complaint}", self.name, args[0]);
        }
        json_of(args, &out)
    }

    fn output_of(&self, args: &[&str], stdin: Option<&str>) -> Result<Output> {
        let mut child = Command::new(programs::find("hushwing")?)
            .arg("--dir")
            .arg(&self.dir)
            .arg("--json")
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot start hushwing")?;
        let mut pipe = child.stdin.take().context("stdin is piped")?;
        if let Some(text) = stdin {
            writeln!(pipe, "{text}").context("hushwing does not read its stdin")?;
        }
        drop(pipe);
        Ok(child.wait_with_output()?)
    }
}

fn json_of(args: &[&str], out: &Output) -> Result<Value> {
    let text = String::from_utf8_lossy(&out.stdout);
    let complaint = String::from_utf8_lossy(&out.stderr);
    serde_json::from_str(&text)
        .with_context(|| format!("hushwing {} answered no JSON: {text}{complaint}", args[0]))
}
