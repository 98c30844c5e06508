//! Chance that a seed determines, so that a story can be told again.

use std::time::Duration;

use anyhow::Result;

/// Numbers that look random and follow from a seed (SplitMix64).
#[derive(Debug, Clone)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// The numbers of this seed.
    #[must_use]
    pub fn of(seed: u64) -> Chance {
        Chance { state: seed }
    }

    /// A number below `bound`, which must not be 0. The bounds of stories are
    /// small, so the modulus favours none that anybody could notice.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// An instant of `span`, each as likely as any other.
    pub fn within(&mut self, span: Duration) -> Duration {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.below(micros.max(1)))
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// A seed that nobody chose.
///
/// # Errors
/// When the system gives no randomness.
pub fn fresh_seed() -> Result<u64> {
    let mut seed = [0; 8];
    getrandom::fill(&mut seed).map_err(|why| anyhow::anyhow!("no randomness: {why}"))?;
    Ok(u64::from_le_bytes(seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_tells_the_same_story_again_and_reaches_the_whole_span() {
        let draw = |seed| {
            let mut chance = Chance::of(seed);
            let span = Duration::from_millis(1_000);
            std::array::from_fn::<_, 200, _>(|_| chance.within(span))
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let drawn = draw(7);
        for tenth in 0..10 {
            let part = Duration::from_millis(100 * tenth)..Duration::from_millis(100 * (tenth + 1));
            let count = drawn.iter().filter(|at| part.contains(at)).count();
            assert!((5..50).contains(&count), "{count} of 200 in {part:?}");
        }
    }
}
