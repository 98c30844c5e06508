//! Invite links that the system hands over: `[HW-WIN-4]` from any program and any web page,
//! so nothing in one is believed but that it looks like an invite.

use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What an invite starts with (docs/spec/1-wire.md); its case does not matter.
const SCHEME: &str = "hushwing:";

/// Characters of a link at most: `MAX_LINK_CHARS` of the crate `wire`.
const MAX_LINK_CHARS: usize = 2_048;

/// The text of an invite: its scheme and base32, nothing else. Whoever holds one that is
/// good can redeem it, so it is not shown by `Debug` and wiped when dropped.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Invite(Zeroizing<String>);

/// Why a text is no invite. Whoever made the link is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoInvite;

impl Invite {
    /// Takes `text` if it can be an invite, in the alphabet of one and no longer than one.
    ///
    /// # Errors
    /// [`NoInvite`]; nothing of the text is told on.
    pub(crate) fn parse(text: &str) -> Result<Self, NoInvite> {
        if text.len() > MAX_LINK_CHARS {
            return Err(NoInvite);
        }
        let scheme = text.get(..SCHEME.len()).ok_or(NoInvite)?;
        let payload = &text[SCHEME.len()..];
        let is_base32 = |byte: u8| byte.is_ascii_alphabetic() || (b'2'..=b'7').contains(&byte);
        if !scheme.eq_ignore_ascii_case(SCHEME)
            || payload.is_empty()
            || !payload.bytes().all(is_base32)
        {
            return Err(NoInvite);
        }
        Ok(Self(Zeroizing::new(text.to_ascii_lowercase())))
    }

    /// The link, in lower case.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Invite {
    type Error = NoInvite;

    fn try_from(text: String) -> Result<Self, NoInvite> {
        Self::parse(&Zeroizing::new(text))
    }
}

impl From<Invite> for String {
    fn from(invite: Invite) -> Self {
        invite.expose().to_owned()
    }
}

impl fmt::Debug for Invite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Invite(..)")
    }
}

impl fmt::Display for NoInvite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this is no invite link")
    }
}

impl std::error::Error for NoInvite {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invite_is_taken_in_any_case() {
        for text in ["hushwing:abc234", "HUSHWING:ABC234", "Hushwing:aBc234"] {
            assert_eq!(Invite::parse(text).unwrap().expose(), "hushwing:abc234");
        }
        let longest = format!("hushwing:{}", "a".repeat(MAX_LINK_CHARS - 9));
        assert!(Invite::parse(&longest).is_ok());
        assert!(Invite::parse(&format!("{longest}a")).is_err());
    }

    #[test]
    fn nothing_else_is_taken() {
        for text in [
            "",
            "hushwing:",
            "hushwing",
            "hushwing:abc 234",
            "hushwing://abc",
            "hushwing:abc/",
            "hushwing:abc1",
            "hushwing:ab\u{202e}c",
            "hushwing:abc\n",
            "hushwing:abc\0",
            "hushwing:%61",
            "hushwing:');alert(1)//",
            "hushwing-relay:abc234",
            "hushwing-routes:abc234",
            "javascript:alert(1)",
            "http://127.0.0.1/#open=abc",
            "file:///etc/passwd",
            "--quit",
            "-",
            " hushwing:abc",
            "hüshwing:abc",
            "ｈushwing:abc",
        ] {
            assert_eq!(Invite::parse(text), Err(NoInvite), "{text:?}");
        }
        assert!(Invite::parse(&"hushwing:a".repeat(1_000_000)).is_err());
    }

    #[test]
    fn a_link_is_not_shown() {
        let invite = Invite::parse("hushwing:abc234").unwrap();
        assert!(!format!("{invite:?}").contains("abc"));
    }
}
