//! QR codes in a terminal.

use qrcode::{EcLevel, QrCode, Version, render::unicode::Dense1x2};
use zeroize::Zeroizing;

/// Largest code shown: 65 modules and a border of 4 fit a terminal of 80
/// columns, and a telephone still reads them from a screen.
const MAX_VERSION: i16 = 12;

/// Black on white by number, so that no theme turns it round, and back.
const BLACK_ON_WHITE: &str = "\u{1b}[38;5;16;48;5;231m";
const AS_BEFORE: &str = "\u{1b}[0m";

/// `text` as a code of half-block characters, black on white whatever the
/// terminal's colours; `None` when it would be too large.
///
/// It is encoded in capitals, for which the code has a mode that needs two
/// thirds of the room; links and addresses are read without regard to case.
pub(crate) fn in_terminal(text: &str) -> Option<String> {
    let capitals = Zeroizing::new(text.to_ascii_uppercase());
    let code = [EcLevel::M, EcLevel::L].into_iter().find_map(|level| {
        let code = QrCode::with_error_correction_level(capitals.as_bytes(), level).ok()?;
        matches!(code.version(), Version::Normal(v) if v <= MAX_VERSION).then_some(code)
    })?;
    let drawn = Zeroizing::new(code.render::<Dense1x2>().quiet_zone(true).build());
    let lines = drawn.lines();
    Some(
        lines
            .map(|line| format!("{BLACK_ON_WHITE}{line}{AS_BEFORE}\n"))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A link with three relays has about 520 characters.
    fn link(len: usize) -> String {
        let body = "abcdefghijklmnopqrstuvwxyz234567".chars().cycle();
        "hushwing:".chars().chain(body).take(len).collect()
    }

    #[test]
    fn the_longest_link_fits_a_terminal() {
        for len in [20, 290, 419, 520, 535] {
            let code = in_terminal(&link(len)).unwrap();
            for line in code.lines() {
                let drawn = line
                    .strip_prefix(BLACK_ON_WHITE)
                    .and_then(|line| line.strip_suffix(AS_BEFORE))
                    .unwrap();
                assert!(drawn.chars().count() <= 80, "{len}");
                assert!(drawn.chars().all(|c| " ▀▄█".contains(c)));
            }
            assert_eq!(
                code.lines().count(),
                code.lines().next().map_or(0, |line| {
                    (line.chars().count() - BLACK_ON_WHITE.len() - AS_BEFORE.len()).div_ceil(2)
                })
            );
        }
    }

    #[test]
    fn what_would_be_too_large_is_not_shown() {
        assert!(in_terminal(&link(536)).is_none());
        assert!(in_terminal(&link(20_000)).is_none());
        // No capitals mode for these.
        assert!(in_terminal(&"#".repeat(535)).is_none());
    }
}
