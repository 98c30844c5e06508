//! What the user gives: passphrases, links and texts.

use std::{
    fs::{File, OpenOptions},
    io::{self, BufRead, IsTerminal, Read, Write},
    path::Path,
};

use hushwing_api::passphrase;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::{
    args::{ChangeArgs, PassphraseArgs},
    failure::Failure,
};

/// Bytes of a passphrase from a pipe, line end included: the vault takes 1,024.
const MAX_PASSPHRASE_LEN: usize = 1024 + 2;

/// Bytes of a text, link or record from standard input or a file: above every limit behind it, so
/// that the daemon says which one it was.
const MAX_INPUT_LEN: usize = 16 * 1024;

/// A passphrase that must be right.
pub(crate) fn known_passphrase(args: &PassphraseArgs) -> Result<Zeroizing<String>, Failure> {
    match piped(args)? {
        Some(passphrase) => Ok(passphrase),
        None => Asking::begin()?.ask("Passphrase: "),
    }
}

/// A passphrase for a new vault: asked for twice, since nobody sees a slip.
pub(crate) fn new_passphrase(args: &PassphraseArgs) -> Result<Zeroizing<String>, Failure> {
    if let Some(passphrase) = piped(args)? {
        return Ok(passphrase);
    }
    Asking::begin()?.ask_for_new()
}

/// The present passphrase and the new one, for a change.
pub(crate) fn both_passphrases(
    args: &ChangeArgs,
) -> Result<(Zeroizing<String>, Zeroizing<String>), Failure> {
    if args.passphrases_stdin {
        let both = read_bounded(hidden_stdin()?, 2 * MAX_PASSPHRASE_LEN, "standard input")?;
        let (present, new) = both.split_once('\n').ok_or_else(|| {
            Failure::Here(
                "standard input has one line; it must have two, the present passphrase and the \
                 new one"
                    .into(),
            )
        })?;
        let present = present.strip_suffix('\r').unwrap_or(present);
        return Ok((
            Zeroizing::new(present.to_owned()),
            Zeroizing::new(new.to_owned()),
        ));
    }
    let present = args.passphrase_fd.map(from_descriptor).transpose()?;
    let new = args.new_passphrase_fd.map(from_descriptor).transpose()?;
    if let (Some(present), Some(new)) = (&present, &new) {
        return Ok((present.clone(), new.clone()));
    }
    let asking = Asking::begin()?;
    let present = present.map_or_else(|| asking.ask("Present passphrase: "), Ok)?;
    let new = new.map_or_else(|| asking.ask_for_new(), Ok)?;
    Ok((present, new))
}

/// Goes on only when somebody at the terminal types these words.
pub(crate) fn confirmed(words: &str) -> Result<(), Failure> {
    let mut stdin = io::stdin().lock();
    if !stdin.is_terminal() {
        return Err(Failure::Here(format!(
            "nobody is here to type '{words}'; nothing was done. To go on without being asked, \
             say --yes"
        )));
    }
    let mut stderr = io::stderr();
    let _ = write!(
        stderr,
        "Everything of this account on this machine is destroyed, for ever. Type '{words}': "
    )
    .and_then(|()| stderr.flush());
    let mut typed = String::new();
    let read = stdin.read_line(&mut typed);
    if read.is_ok() && typed.trim() == words {
        Ok(())
    } else {
        Err(Failure::Here(
            "that is something else; nothing was done".into(),
        ))
    }
}

/// A path as the daemon finds it, whose folder is another one.
pub(crate) fn absolute_path(given: &Path) -> Result<String, Failure> {
    let unusable = |why: &str| Failure::Here(format!("{}: {why}", given.display()));
    let path = std::path::absolute(given).map_err(|e| unusable(&e.to_string()))?;
    let path = path.to_str().map(str::to_owned);
    path.ok_or_else(|| unusable("a name that is not text (UTF-8) cannot be used here"))
}

/// `given`, or standard input for `-`, with one line end cut off.
pub(crate) fn or_stdin(given: &str) -> Result<Zeroizing<String>, Failure> {
    if given == "-" {
        read_bounded(io::stdin().lock(), MAX_INPUT_LEN, "standard input")
    } else {
        Ok(Zeroizing::new(given.to_owned()))
    }
}

/// How a route record begins.
const ROUTE_RECORD_SCHEME: &str = "hushwing-routes:";

/// The route record that `source` is, or that the file of this name or standard
/// input (`-`) holds. Spaces and line ends are left out: a record has none, and
/// mail programs put some in.
pub(crate) fn route_record(source: &str) -> Result<String, Failure> {
    let text = if source.starts_with(ROUTE_RECORD_SCHEME) || source == "-" {
        or_stdin(source)?
    } else {
        let file = File::open(source)
            .map_err(|e| Failure::Here(format!("{source} cannot be read: {e}")))?;
        read_bounded(file, MAX_INPUT_LEN, source)?
    };
    Ok(text.split_ascii_whitespace().collect())
}

/// `[HW-CLI-3]` A passphrase comes from a prompt without echo, standard input or
/// a file descriptor; there is no flag and no variable that could hold one.
fn piped(args: &PassphraseArgs) -> Result<Option<Zeroizing<String>>, Failure> {
    if args.passphrase_stdin {
        return read_bounded(hidden_stdin()?, MAX_PASSPHRASE_LEN, "standard input").map(Some);
    }
    args.passphrase_fd.map(from_descriptor).transpose()
}

/// Standard input, unless it is a terminal.
fn hidden_stdin() -> Result<io::StdinLock<'static>, Failure> {
    let stdin = io::stdin().lock();
    if stdin.is_terminal() {
        return Err(Failure::Here(
            "standard input is a terminal, which would show the passphrase; leave the flag that \
             reads it away to be asked for it"
                .into(),
        ));
    }
    Ok(stdin)
}

fn from_descriptor(fd: u32) -> Result<Zeroizing<String>, Failure> {
    // The kernel's own names for open descriptors: no unsafe code is needed to
    // borrow a number. Linux, macOS and the BSDs have /dev/fd.
    let file = File::open(format!("/dev/fd/{fd}"))
        .map_err(|e| Failure::Here(format!("file descriptor {fd} cannot be read: {e}")))?;
    read_bounded(file, MAX_PASSPHRASE_LEN, "the file descriptor")
}

/// A terminal that shows nothing of what is typed, from before the first prompt
/// until this is dropped. The prompting library goes quiet only after it has
/// printed its prompt; what is typed or pasted in that instant would be shown.
struct Asking {
    terminal: File,
    before: Termios,
}

impl Asking {
    fn begin() -> Result<Self, Failure> {
        let quiet = || -> io::Result<Self> {
            let terminal = OpenOptions::new().read(true).write(true).open("/dev/tty")?;
            let before = tcgetattr(&terminal)?;
            let mut silent = before.clone();
            silent.local_modes.remove(LocalModes::ECHO);
            tcsetattr(&terminal, OptionalActions::Now, &silent)?;
            Ok(Self { terminal, before })
        };
        quiet().map_err(|_| {
            Failure::Here(
                "there is no terminal to ask for the passphrase; use --passphrase-stdin or \
                 --passphrase-fd"
                    .into(),
            )
        })
    }

    fn ask(&self, question: &str) -> Result<Zeroizing<String>, Failure> {
        rpassword::prompt_password(question)
            .map(Zeroizing::new)
            .map_err(|e| Failure::Here(format!("no passphrase was typed: {e}")))
    }

    /// Asks twice, since nobody sees a slip.
    fn ask_for_new(&self) -> Result<Zeroizing<String>, Failure> {
        let first = self.ask("New passphrase: ")?;
        // The daemon decides; asking here saves typing a weak one twice.
        passphrase::check(&first).map_err(|weak| Failure::Here(weak.to_string()))?;
        if *self.ask("The same again: ")? == *first {
            Ok(first)
        } else {
            Err(Failure::Here(
                "the two passphrases differ; try again".into(),
            ))
        }
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing back.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }
}

/// All of `source` in one buffer that never moves, so that none of it is left
/// behind.
fn read_bounded(source: impl Read, limit: usize, what: &str) -> Result<Zeroizing<String>, Failure> {
    let mut bytes = Zeroizing::new(vec![0u8; limit + 1]);
    let mut len = 0;
    let mut source = source;
    while len < bytes.len() {
        match source.read(&mut bytes[len..]) {
            Ok(0) => break,
            Ok(n) => len += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Failure::Here(format!("{what} cannot be read: {e}"))),
        }
    }
    if len > limit {
        return Err(Failure::Here(format!(
            "{what} holds more than {limit} bytes"
        )));
    }
    let text = std::str::from_utf8(&bytes[..len])
        .map_err(|_| Failure::Here(format!("{what} holds something that is not text (UTF-8)")))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    Ok(Zeroizing::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Result<String, Failure> {
        read_bounded(bytes, 8, "it").map(|text| (*text).clone())
    }

    #[test]
    fn one_line_end_is_cut_off_and_nothing_else() {
        for (given, kept) in [
            ("a b", "a b"),
            ("a b\n", "a b"),
            ("a b\r\n", "a b"),
            ("a b\n\n", "a b\n"),
            (" a b ", " a b "),
            ("\n", ""),
            ("", ""),
        ] {
            assert_eq!(read(given.as_bytes()).unwrap(), kept, "{given:?}");
        }
    }

    #[test]
    fn too_much_and_no_text_are_refused() {
        assert!(read(b"12345678").is_ok());
        assert!(read(b"123456789").is_err());
        assert!(read(b"\xff\xfe").is_err());
    }
}
