//! The command line: one definition for the parser and the help.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const AFTER_HELP: &str = "\
Exit codes:
  0  done
  1  failed; the message says why and what to do
  2  the command line is wrong
  3  no daemon runs, or the vault is locked
  4  wrong passphrase
  5  `hushwing doctor` found something that is stuck, or `vault check` damage

First steps:
  hushwing run                     in one terminal: the daemon
  hushwing open                    in another: the app, in your browser

Or without the app:
  hushwing create                  a vault
  hushwing restore FILE            or one that comes back from a backup
  hushwing relay add ADDRESS       a relay for your mail
  hushwing invite create           a link for one person";

/// Heading of the options that every command has.
const COMMON: &str = "Common options";

/// Private messages over Tor, without accounts.
///
/// `hushwing run` is the daemon: it keeps the vault and talks to Tor. All other
/// commands ask the daemon and end.
#[derive(Debug, Parser)]
#[command(name = "hushwing", version, after_help = AFTER_HELP, max_term_width = 100)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// Where the vault is [default: hushwing in the user's data folder].
    #[arg(long, global = true, value_name = "DIR", help_heading = COMMON)]
    pub(crate) dir: Option<PathBuf>,

    /// Print one line of JSON instead of sentences; errors too, on standard error.
    #[arg(long, global = true, help_heading = COMMON)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) action: Action,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// Run the daemon in the foreground; it starts locked.
    Run(RunArgs),
    /// Open the app in your browser.
    Open {
        /// Start no browser: print the address. It works once, within a minute.
        #[arg(long)]
        print: bool,
    },
    /// Make a vault.
    ///
    /// A passphrase that is easy to guess is refused. There is no way to recover
    /// a forgotten one.
    Create(PassphraseArgs),
    /// Open the vault and go online.
    Unlock(PassphraseArgs),
    /// Close the vault, forget all keys and go offline.
    Lock,
    /// Change the passphrase of the account.
    #[command(subcommand)]
    Passphrase(PassphraseAction),
    /// Write a backup of the account, or prove that one opens.
    #[command(subcommand)]
    Backup(BackupAction),
    /// Look for damage in the account's files, and open what is left.
    #[command(subcommand)]
    Vault(VaultAction),
    /// Make the account anew from a backup, in a folder where there is none.
    ///
    /// It opens with the passphrase of the backup. Each contact is asked for new keys,
    /// since the old ones may have been used after the backup; what they wrote meanwhile
    /// comes again. Do not go on with the account from which the backup was made: the two
    /// would be in each other's way.
    Restore {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Change nothing: prove that it opens and is whole, and say what is in it.
        #[arg(long)]
        check: bool,
        #[command(flatten)]
        passphrase: PassphraseArgs,
    },
    /// Destroy the account on this machine for ever, without a passphrase.
    ///
    /// Its keys are overwritten first, then all its files are removed, open or locked, whether
    /// the daemon runs or not. Nobody can bring it back but from a backup. Contacts are told
    /// nothing.
    Wipe {
        /// Do not ask: wipe.
        #[arg(long)]
        yes: bool,
    },
    /// Show where things stand: vault, Tor, relays, undelivered messages.
    Status,
    /// Tell everything that is stuck, the worst first, and what to do about it.
    ///
    /// Ends with exit code 0 when nothing is stuck and with 5 when something is.
    Doctor,
    /// Add, remove, list and test the relays where your mail waits while you are offline.
    #[command(subcommand)]
    Relay(RelayAction),
    /// Make, list, revoke and redeem invites.
    #[command(subcommand)]
    Invite(InviteAction),
    /// Show or change by which ways your messages leave.
    Delivery {
        /// The ways from now on; without it the present ones are shown.
        policy: Option<Policy>,
    },
    /// List who asks to become a contact, by invites that were made with --ask.
    Requests,
    /// Accept, refuse or block a request to become a contact.
    ///
    /// Whoever asks learns nothing unless it is accepted: neither that the request
    /// was seen nor what was decided.
    #[command(subcommand)]
    Request(RequestAction),
    /// List all contacts with their ids and safety numbers.
    Contacts,
    /// List your chats: what is unread, and what was said last.
    Chats,
    /// Make sure of who a contact is, block or delete it, or mend what the conversation lost.
    #[command(subcommand)]
    Contact(ContactAction),
    /// Send a text.
    Send {
        /// A contact's name, id, or the first 4 or more characters of the id.
        contact: String,
        /// The text, or - to read it from standard input; other users of this
        /// machine may see what stands on a command line.
        text: String,
    },
    /// Show the newest messages with a contact, with their ids and where each one is.
    ///
    /// What is shown counts as read, except with --json and --no-report. Contacts are
    /// told only where read reports are on: see `settings`.
    Read {
        /// A contact's name, id, or the first 4 or more characters of the id.
        contact: String,
        /// At most this many messages.
        #[arg(long, value_name = "N", default_value_t = 50,
              value_parser = clap::value_parser!(u32).range(1..=1000))]
        limit: u32,
        /// Only messages after this position (see --json), for paging on.
        #[arg(long, value_name = "POSITION")]
        after: Option<u64>,
        /// Only messages before this position, the newest of them, for paging back.
        #[arg(long, value_name = "POSITION", conflicts_with = "after")]
        before: Option<u64>,
        /// Do not take the messages as read: nothing is reported to the contact.
        #[arg(long)]
        no_report: bool,
    },
    /// Find messages by words that stand in them, the newest first.
    ///
    /// All words must be there, in any order, without regard to case and accents. A word of
    /// three letters or more also finds longer words that begin with it; Chinese, Japanese,
    /// Korean, Thai and the like are found by any part.
    Search {
        /// The words, or - to read them from standard input; other users of this machine may
        /// see what stands on a command line.
        #[arg(required = true, value_name = "WORDS")]
        words: Vec<String>,
        /// Only messages with this contact: a name, id, or the first 4 or more characters of
        /// the id.
        #[arg(long, value_name = "NAME")]
        with: Option<String>,
        /// Only messages of this day or minute and later: 2026-11-21 or "2026-11-21 23:57".
        #[arg(long, value_name = "DATE")]
        since: Option<String>,
        /// Only messages up to this day or minute, which is included.
        #[arg(long, value_name = "DATE")]
        until: Option<String>,
        /// At most this many messages.
        #[arg(long, value_name = "N", default_value_t = 20,
              value_parser = clap::value_parser!(u32).range(1..=100))]
        limit: u32,
        /// Go on where an earlier search ended; it says how.
        #[arg(long, value_name = "PLACE")]
        after: Option<String>,
    },
    /// Show or change what your account tells of you and when it locks.
    Settings {
        /// Tell contacts what you have read, and be told; both sides must have it on.
        #[arg(long, value_name = "WHEN", value_enum)]
        read_reports: Option<Switch>,
        /// How many of your relays contacts are told at once; the others are spare.
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=3))]
        relays_told: Option<u8>,
        /// Lock the account by itself after so many minutes without a command; 0: never.
        #[arg(long, value_name = "MINUTES",
              value_parser = clap::value_parser!(u32).range(0..=10_080))]
        lock_after: Option<u32>,
    },
    /// Show where one message is and what happened to it, give it up, or delete it.
    #[command(subcommand)]
    Message(MessageAction),
    /// Print what happens, as it happens, until the daemon ends.
    Watch,
    /// Try everything that waits again, now.
    Retry,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Use the private Tor network of this configuration file, for tests.
    #[arg(long, value_name = "FILE")]
    pub(crate) tor_network: Option<PathBuf>,

    /// Also use relays at 127.0.0.1, which are reached without Tor, for tests on one machine.
    #[arg(long)]
    pub(crate) allow_loopback: bool,

    /// Use no network but this machine's own: no Tor, only relays at 127.0.0.1, for tests.
    #[arg(long, conflicts_with = "tor_network")]
    pub(crate) without_tor: bool,

    /// How much to log to standard error. Never holds texts, names, keys or addresses.
    #[arg(long, value_name = "LEVEL", env = "HUSHWING_LOG", hide_env_values = true,
          value_enum, default_value_t = LogLevel::Warn)]
    pub(crate) log: LogLevel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// Where the passphrase comes from. Never the command line or the environment,
/// which other programs can read; without a flag it is asked for.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct PassphraseArgs {
    /// Read the passphrase from standard input, up to its end; one line end is cut off.
    #[arg(long)]
    pub(crate) passphrase_stdin: bool,

    /// The same from this open file descriptor.
    #[arg(long, value_name = "N")]
    pub(crate) passphrase_fd: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PassphraseAction {
    /// Open the account with another passphrase from now on.
    ///
    /// The account must be open. A passphrase that is easy to guess is refused. Backups go
    /// on to open with the passphrase that they were made with: if somebody may know the
    /// old one, destroy those too, and take a new identity for each contact.
    Change(ChangeArgs),
}

/// Where the present and the new passphrase come from; what no flag says is asked for.
#[derive(Debug, Args)]
pub(crate) struct ChangeArgs {
    /// Read both from standard input: the present one is its first line, the new one the next.
    #[arg(long, conflicts_with_all = ["passphrase_fd", "new_passphrase_fd"])]
    pub(crate) passphrases_stdin: bool,

    /// Read the present passphrase from this open file descriptor, up to its end; one line
    /// end is cut off.
    #[arg(long, value_name = "N")]
    pub(crate) passphrase_fd: Option<u32>,

    /// The same for the new one.
    #[arg(long, value_name = "N")]
    pub(crate) new_passphrase_fd: Option<u32>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BackupAction {
    /// Write everything of the account to one encrypted file, while it is in use.
    ///
    /// Contacts, messages, settings and keys are in it, the files of Tor are not. It is
    /// read again and checked to its last byte before it is called done. It opens with the
    /// passphrase that the account has now, or with one of its own, and goes on doing so
    /// when the passphrase of the account is changed.
    Create {
        /// The file, which must not be there yet.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Give the backup a passphrase of its own instead of the account's.
        #[arg(long)]
        own_passphrase: bool,
        #[command(flatten)]
        passphrase: PassphraseArgs,
    },
    /// Prove that a backup opens and is whole, and say what is in it.
    Check {
        /// The file.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        #[command(flatten)]
        passphrase: PassphraseArgs,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum VaultAction {
    /// Read all of the account's files and say whether they are whole.
    ///
    /// Ends with exit code 0 when nothing is damaged and with 5 when something is.
    Check,
    /// Open an account of which a part is damaged, and say what is lost.
    ///
    /// What can be read is kept; the rest comes from the newest snapshot where it can. The
    /// damaged files are kept aside. Each contact is asked for new keys.
    Salvage(PassphraseArgs),
    /// Delete the damaged files that were kept aside.
    ForgetDamaged,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RelayAction {
    /// Use a relay for mail to you from now on.
    Add(RelayAddressArg),
    /// Stop using a relay.
    ///
    /// Every contact is told where mail goes from now on; what waits at the relay
    /// is still fetched until they know.
    Remove(RelayAddressArg),
    /// List the relays in use.
    List,
    /// Connect to a relay and ask what it is.
    Test(RelayAddressArg),
}

#[derive(Debug, Args)]
pub(crate) struct RelayAddressArg {
    /// hushwing-relay:..., or - to read it from standard input.
    pub(crate) address: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum InviteAction {
    /// Make an invite for one person.
    Create {
        /// The name by which the other person will see you.
        #[arg(
            long,
            value_name = "NAME",
            default_value = "",
            hide_default_value = true
        )]
        name: String,
        /// Hours until it can no longer be redeemed.
        #[arg(long, value_name = "H", default_value_t = 168,
              value_parser = clap::value_parser!(u32).range(1..=8760))]
        expires_hours: u32,
        /// Ask before whoever answers becomes a contact: see `requests`.
        #[arg(long)]
        ask: bool,
    },
    /// List open invites.
    List,
    /// Take an open invite back.
    Revoke {
        /// Its id, from `invite list`.
        id: String,
    },
    /// Answer somebody's invite.
    Redeem {
        /// hushwing:..., or - to read it from standard input; other users of this
        /// machine may see what stands on a command line.
        link: String,
        /// The name by which the inviter will see you.
        #[arg(
            long,
            value_name = "NAME",
            default_value = "",
            hide_default_value = true
        )]
        name: String,
    },
}

/// By which ways messages leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Policy {
    /// To the contact's device, and to relays when it does not answer at once
    Automatic,
    /// To relays alone, never straight to a device
    RelayOnly,
    /// To the contact's device alone; both must be online at the same time
    DirectOnly,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    On,
    Off,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RequestAction {
    /// Make whoever asks a contact.
    Accept(RequestIdArg),
    /// Delete the request; its link is dead.
    Refuse(RequestIdArg),
    /// Keep the request apart until its time is over; it can still be accepted.
    Block(RequestIdArg),
}

#[derive(Debug, Args)]
pub(crate) struct RequestIdArg {
    /// Its id, or the first 4 or more characters of it, from `requests`.
    pub(crate) id: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ContactAction {
    /// Fetch nothing from a contact and send nothing to it from now on.
    ///
    /// The contact is told nothing: to them it looks as if you were away. Messages of
    /// yours that have not left wait until you unblock it.
    Block {
        /// A contact's name, id, or the first 4 or more characters of the id.
        contact: String,
    },
    /// Go on with a contact that you blocked; what they wrote meanwhile arrives.
    Unblock {
        /// A contact's name, id, or the first 4 or more characters of the id.
        contact: String,
    },
    /// Call a contact by another name here.
    ///
    /// The contact is told nothing. An empty name ("") gives it back the name that it gave
    /// itself.
    Rename {
        /// A contact's name, id, or the first 4 or more characters of the id.
        contact: String,
        /// The new name, 64 bytes at most.
        name: String,
    },
    /// Delete all messages with a contact here. The contact keeps theirs.
    Clear {
        /// A contact's name, id, or the first 4 or more characters of the id.
        contact: String,
        #[command(flatten)]
        force: ForceArg,
    },
    /// Delete a contact here, with all messages and keys.
    ///
    /// The contact is told nothing: to them it looks as if you were away for good. To write
    /// to each other again, meet with a new invite.
    Delete {
        /// A contact's name, id, or the first 4 or more characters of the id.
        contact: String,
        #[command(flatten)]
        force: ForceArg,
    },
    /// Hand routes over by hand, for when no relay that both know works any more.
    #[command(subcommand)]
    Routes(RoutesAction),
    /// Show what you and a contact compare to make sure that nobody stands between you.
    Safety {
        /// A contact's name, id, or the first 4 or more characters of the id.
        contact: String,
    },
    /// Mark a contact as verified, once you see the same safety number on both sides.
    ///
    /// Compare over a channel on which you know each other: side by side, or by voice.
    Verify(VerifyArgs),
    /// Take the mark of a verified contact away.
    Unverify {
        /// A contact's name, id, or the first 4 or more characters of the id.
        contact: String,
    },
    /// Take another identity, because somebody may have stolen the one that you have.
    ///
    /// The contact takes it when it comes online, with new keys and at new places; who
    /// holds the old one has no part in that. The safety number changes, and the
    /// contact is asked to compare it. Make a new backup afterwards: one of before
    /// cannot go on with the conversation.
    NewIdentity {
        /// A contact's name, id, or the first 4 or more characters of the id.
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        contact: Option<String>,
        /// Another one for each contact.
        #[arg(long)]
        all: bool,
    },
    /// Make the keys of a conversation anew, because one side can no longer read.
    ///
    /// What is written meanwhile goes out afterwards.
    Repair {
        /// A contact's name, id, or the first 4 or more characters of the id.
        contact: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RoutesAction {
    /// Print how one contact can reach you now, as a text that only they can use.
    Export {
        /// A contact's name, id, or the first 4 or more characters of the id.
        contact: String,
        /// Write it to this new file, which only you can read, instead.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Take in how a contact can be reached now; who it is stands in the text.
    Import {
        /// The file that holds it, the text itself (hushwing-routes:...), or - to
        /// read it from standard input.
        #[arg(value_name = "FILE", default_value = "-")]
        source: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// A contact's name, id, or the first 4 or more characters of the id.
    pub(crate) contact: String,

    #[command(flatten)]
    pub(crate) by: ComparedArgs,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct ComparedArgs {
    /// You have compared these yourself, and they are the same on both sides.
    #[arg(long, value_name = "WHAT", value_enum)]
    pub(crate) compared: Option<Compared>,
    /// The 40 digits that the other side shows, to be compared here.
    #[arg(long, value_name = "DIGITS")]
    pub(crate) digits: Option<String>,
    /// The text of the code that the other side shows, or - to read it from standard input.
    #[arg(long, value_name = "CODE")]
    pub(crate) code: Option<String>,
}

/// What two people compared by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Compared {
    /// The 16 emoji
    Emoji,
    /// The 40 digits
    Digits,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MessageAction {
    /// Show where a message is, by which ways it can go, and what happened to it.
    Show(MessageIdArg),
    /// Give up a message that has not left this machine yet.
    GiveUp(MessageIdArg),
    /// Delete a message here, in every file of the account. The contact keeps theirs.
    Delete {
        /// Its id, or the first 4 or more characters of it, from `read`.
        id: String,
        #[command(flatten)]
        force: ForceArg,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ForceArg {
    /// Also delete what is not on the contact's device yet: what is not encrypted yet
    /// never leaves, the rest still arrives.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MessageIdArg {
    /// Its id, or the first 4 or more characters of it, from `read`.
    pub(crate) id: String,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn two_sources_of_a_passphrase_are_a_usage_error() {
        let both = [
            "hushwing",
            "unlock",
            "--passphrase-stdin",
            "--passphrase-fd",
            "3",
        ];
        assert_eq!(Cli::try_parse_from(both).unwrap_err().exit_code(), 2);
    }
}
