//! What a start of the program asks for: the words of its command line, checked, and the
//! same again from one start to the window that is already there.

use std::{ffi::OsString, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::link::Invite;

/// How the program is used. It is a window's: the rest is in the `hushwing` command.
pub(crate) const USAGE: &str = "\
usage: hushwing-window [--dir DIR] [--without-tor] [--show | --lock | --quit | --link [INVITE]]

  --dir DIR        the folder of the daemon (as with `hushwing --dir`)
  --without-tor    if the daemon has to be started: without a network, for tests
  --show           open the window, or bring it to the front (what happens without it, too)
  --lock           lock the account
  --quit           end the window, and the daemon if the window has started it
  --link INVITE    open the dialog that takes an invite, filled in; always the last one";

/// One start.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Start {
    /// The folder of the daemon.
    pub(crate) dir: PathBuf,
    /// Whether a daemon that is started has no network.
    pub(crate) is_without_tor: bool,
    /// What is asked of the window.
    pub(crate) request: Request,
}

/// What a start asks of the window.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Request {
    /// Come to the front.
    Show,
    /// Come to the front, and open the dialog that takes this invite. `[HW-WIN-4]`
    /// Nothing is redeemed by it.
    Redeem(Invite),
    /// Come to the front, and say that a link was none.
    NoInvite,
    /// Lock the account.
    Lock,
    /// End.
    Quit,
}

/// Why a command line is not understood: whoever wrote it is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Misunderstood;

/// Reads the arguments after the program's name. `default_dir` is where the daemon's folder
/// is when none is named.
///
/// `[HW-WIN-4]` What stands behind `--link` is a link and never an option, and nothing may
/// stand behind it: a link that begins with `-`, or comes in several words, asks for nothing.
///
/// # Errors
/// [`Misunderstood`].
pub(crate) fn read(
    arguments: impl IntoIterator<Item = OsString>,
    default_dir: Option<PathBuf>,
) -> Result<Start, Misunderstood> {
    let mut arguments = arguments.into_iter();
    let mut dir = default_dir;
    let mut is_without_tor = false;
    let mut request = None;
    while let Some(argument) = arguments.next() {
        let asked = match argument.to_str() {
            Some("--dir") => {
                dir = Some(arguments.next().ok_or(Misunderstood)?.into());
                continue;
            }
            Some("--without-tor") => {
                is_without_tor = true;
                continue;
            }
            Some("--show") => Request::Show,
            Some("--lock") => Request::Lock,
            Some("--quit") => Request::Quit,
            Some("--link") => {
                let asked = match arguments.next() {
                    // A menu starts the program without one.
                    None => Request::Show,
                    Some(link) => match link.to_str().map(Invite::parse) {
                        Some(Ok(invite)) if arguments.next().is_none() => Request::Redeem(invite),
                        _ => Request::NoInvite,
                    },
                };
                arguments.by_ref().for_each(drop);
                asked
            }
            _ => return Err(Misunderstood),
        };
        if request.replace(asked).is_some() {
            return Err(Misunderstood);
        }
    }
    Ok(Start {
        dir: dir.ok_or(Misunderstood)?,
        is_without_tor,
        request: request.unwrap_or(Request::Show),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_words(words: &[&str]) -> Result<Start, Misunderstood> {
        read(words.iter().map(OsString::from), Some("/data".into()))
    }

    fn asked(words: &[&str]) -> Request {
        read_words(words).unwrap().request
    }

    #[test]
    fn each_way_to_start_is_understood() {
        assert_eq!(asked(&[]), Request::Show);
        assert_eq!(asked(&["--show"]), Request::Show);
        assert_eq!(asked(&["--link"]), Request::Show);
        assert_eq!(asked(&["--lock"]), Request::Lock);
        assert_eq!(asked(&["--quit"]), Request::Quit);
        let start = read_words(&["--dir", "/elsewhere", "--without-tor"]).unwrap();
        assert_eq!(start.dir, PathBuf::from("/elsewhere"));
        assert!(start.is_without_tor);
        let invite = Invite::parse("hushwing:abc234").unwrap();
        assert_eq!(
            asked(&["--link", "hushwing:abc234"]),
            Request::Redeem(invite)
        );
    }

    #[test]
    fn a_hostile_link_asks_for_nothing() {
        for words in [
            &["--link", "--quit"][..],
            &["--link", "--dir"],
            &["--link", "--lock", "hushwing:abc"],
            &["--link", "hushwing:abc", "--quit"],
            &["--link", "hushwing:abc", "hushwing:def"],
            &["--link", "https://example.org"],
            &["--link", "hushwing:abc\u{7}"],
            &["--link", ""],
            &["--link", &"hushwing:a".repeat(100_000)],
        ] {
            assert_eq!(asked(words), Request::NoInvite, "{:.40}", words.join(" "));
        }
        use std::os::unix::ffi::OsStringExt;
        let raw = [
            OsString::from("--link"),
            OsString::from_vec(b"hushwing:\xff".to_vec()),
        ];
        let start = read(raw, Some("/data".into())).unwrap();
        assert_eq!(start.request, Request::NoInvite);
    }

    #[test]
    fn what_is_not_understood_does_nothing() {
        for words in [
            &["hushwing:abc"][..],
            &["--dir"],
            &["--help"],
            &["--lock", "--quit"],
            &["--quit", "--link", "hushwing:abc"],
            &["-"],
        ] {
            assert_eq!(read_words(words), Err(Misunderstood), "{words:?}");
        }
        assert_eq!(read([], None), Err(Misunderstood));
    }
}
