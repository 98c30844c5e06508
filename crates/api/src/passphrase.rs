//! How strong a new passphrase must be, for every front end alike.
//!
//! `[HW-API-11]` A vault is made only with a passphrase that is estimated to
//! take [`MIN_GUESSES`] or more guesses. Its length and its kinds of characters
//! do not count by themselves: `Password1!` has both and is among the first that
//! anybody tries.

use std::fmt;

use serde::Serialize;
use zxcvbn::zxcvbn;

/// Guesses that a new passphrase must be estimated to withstand. The vault's
/// key derivation holds a well-equipped thief of the file to some ten thousand
/// guesses a second; 10^10 keep him for weeks, and the estimate is a low one.
pub const MIN_GUESSES: u64 = 10_000_000_000;

/// Words that are near at hand when somebody thinks of a passphrase for this.
const NEAR_AT_HAND: [&str; 6] = ["hushwing", "messenger", "onion", "vault", "relay", "tor"];

/// A passphrase that is too easy to guess. The caller's choice to mend.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error(
    "this passphrase is too easy to guess: about 10^{} tries find it{}, and at least 10^10 are \
     needed. Take five or more words picked at random, or add more that follows no pattern",
    .guesses_log10.floor(),
    .because.map(|why| format!(" ({why})")).unwrap_or_default()
)]
pub struct WeakPassphrase {
    /// Decimal logarithm of the estimated number of guesses.
    pub guesses_log10: f64,
    /// What makes it weak, when that can be said.
    pub because: Option<Weakness>,
}

/// Whether `passphrase` may protect a new vault.
///
/// The estimate works on copies, which this function cannot wipe: a program
/// that calls it should have an allocator that wipes what is freed, as the
/// `hushwing` binary has.
///
/// # Errors
/// [`WeakPassphrase`], with the reason where one can be told.
pub fn check(passphrase: &str) -> Result<(), WeakPassphrase> {
    let strength = Strength::of(passphrase);
    if strength.enough {
        return Ok(());
    }
    Err(WeakPassphrase {
        guesses_log10: strength.guesses_log10,
        because: strength.because,
    })
}

/// How hard a passphrase is to guess.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Strength {
    /// Whether a vault can be made with it.
    pub enough: bool,
    /// Decimal logarithm of the estimated number of guesses.
    pub guesses_log10: f64,
    /// What makes it weak, where that can be told.
    pub because: Option<Weakness>,
}

impl Strength {
    /// What is estimated of `passphrase`; see [`check`] for its copies.
    #[must_use]
    pub fn of(passphrase: &str) -> Self {
        let estimate = zxcvbn(passphrase, &NEAR_AT_HAND);
        Self {
            enough: estimate.guesses() >= MIN_GUESSES,
            guesses_log10: estimate.guesses_log10().max(0.0),
            because: estimate
                .feedback()
                .and_then(zxcvbn::feedback::Feedback::warning)
                .and_then(in_our_words),
        }
    }
}

/// What makes a passphrase weak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Weakness {
    /// It follows the keyboard.
    Keyboard,
    /// It repeats itself.
    Repeats,
    /// It is a sequence, as `abc`.
    Sequence,
    /// It has a date or a year.
    Date,
    /// It is, or is like, a common password.
    Common,
    /// It is a single word.
    SingleWord,
    /// It is a name.
    Name,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Keyboard => "it follows the keyboard",
            Self::Repeats => "it repeats itself",
            Self::Sequence => "it is a sequence",
            Self::Date => "it has a date or a year",
            Self::Common => "it is, or is like, a common password",
            Self::SingleWord => "it is a single word",
            Self::Name => "it is a name",
        })
    }
}

fn in_our_words(warning: zxcvbn::feedback::Warning) -> Option<Weakness> {
    use zxcvbn::feedback::Warning;
    Some(match warning {
        Warning::StraightRowsOfKeysAreEasyToGuess
        | Warning::ShortKeyboardPatternsAreEasyToGuess => Weakness::Keyboard,
        Warning::RepeatsLikeAaaAreEasyToGuess
        | Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess => Weakness::Repeats,
        Warning::SequencesLikeAbcAreEasyToGuess => Weakness::Sequence,
        Warning::RecentYearsAreEasyToGuess | Warning::DatesAreOftenEasyToGuess => Weakness::Date,
        Warning::ThisIsATop10Password
        | Warning::ThisIsATop100Password
        | Warning::ThisIsACommonPassword
        | Warning::ThisIsSimilarToACommonlyUsedPassword => Weakness::Common,
        Warning::AWordByItselfIsEasyToGuess => Weakness::SingleWord,
        Warning::NamesAndSurnamesByThemselvesAreEasyToGuess
        | Warning::CommonNamesAndSurnamesAreEasyToGuess => Weakness::Name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn easy_passphrases_are_refused_with_a_reason_where_there_is_one() {
        for weak in [
            "",
            "a",
            "password",
            "Password1!",
            "correct horse",
            "qwertyuiop[]",
            "aaaaaaaaaaaaaaaaaaaaaaaa",
            "abcabcabcabcabcabcabc",
            "hushwing",
            "hushwingmessenger",
            "12345678901234567890",
            "Alexander1987",
        ] {
            let refused = check(weak).expect_err(weak);
            assert!(refused.guesses_log10 < 10.0, "{weak}");
        }
        let said = check("password").unwrap_err().to_string();
        assert!(said.contains("common password"), "{said}");
        assert!(said.contains("five or more words"), "{said}");
    }

    #[test]
    fn good_passphrases_pass_in_any_script() {
        for good in [
            "correct horse battery staple",
            "plover tundra eggshell wharf mimic",
            "x7Jq!vR2pLz0",
            "серебряный ключ под мостом",
            "夜空に光る銀色の梟が静かに飛ぶ",
        ] {
            check(good).unwrap_or_else(|weak| panic!("{good}: {weak}"));
        }
    }

    #[test]
    fn the_refusal_does_not_repeat_the_passphrase() {
        let refused = check("tr0ub4dor").unwrap_err();
        assert!(!format!("{refused} {refused:?}").contains("tr0ub4dor"));
    }
}
