//! How dear a guess at the passphrase is made on this machine.

use std::{
    fs,
    time::{Duration, Instant},
};

use zeroize::Zeroizing;

use crate::{
    kdf::{KdfParams, SALT_LEN},
    passphrase::Passphrase,
};

/// What opening a vault may take: between these no other parameters are looked for.
const LEAST: Duration = Duration::from_millis(500);
const MOST: Duration = Duration::from_millis(1_000);
/// What is aimed at.
const AIM: Duration = Duration::from_millis(750);

/// Most memory that is taken, in KiB: 1 GiB, so that the vault opens on smaller machines too.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;
/// Most memory times passes, in KiB: 4 GiB, five times what takes a second today. Whatever a
/// broken clock says, the vault opens in a bearable time.
const MOST_WORK_KIB: u64 = 4 * 1024 * 1024;
/// Memory is taken in whole MiB.
const MIB: u32 = 1024;

/// How often the floor is timed. The fastest counts: what else the machine does makes a
/// derivation slower, never faster.
const FLOOR_RUNS: u32 = 3;
/// How often what comes out is timed and mended.
const MENDS: u32 = 2;

/// What the parameters of a new slot are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KdfCost {
    /// These.
    Fixed(KdfParams),
    /// Those that take half a second to a second on this machine: see
    /// [`KdfParams::calibrated`].
    Calibrated,
}

impl KdfCost {
    /// The parameters of a new vault.
    #[must_use]
    pub fn params(self) -> KdfParams {
        match self {
            Self::Fixed(params) => params,
            Self::Calibrated => KdfParams::calibrated(),
        }
    }

    /// The parameters after a derivation with others took so long. Where that is within the
    /// aim they stay.
    pub(crate) fn params_after(self, present: KdfParams, took: Duration) -> KdfParams {
        match self {
            Self::Calibrated if present.is_sound() && (LEAST..=MOST).contains(&took) => present,
            other => other.params(),
        }
    }
}

impl KdfParams {
    /// Parameters with which a derivation takes half a second to a second on this machine,
    /// as far as its memory allows. Takes one to three seconds.
    ///
    /// [HW-VAULT-23] They are never under the floor, however slow the machine is, and take at most 1 GiB, a quarter
    /// of the machine's memory and half of what is free of it now, or 256 MiB where that cannot
    /// be known; what memory does not give, passes do.
    #[must_use]
    pub fn calibrated() -> Self {
        calibrate(usable_memory_kib(), &mut time_of)
    }
}

/// Looks for parameters by how long a derivation takes with some; nothing, where there is
/// not the memory for it.
fn calibrate(
    usable_kib: Option<u64>,
    took: &mut dyn FnMut(KdfParams) -> Option<Duration>,
) -> KdfParams {
    let floor = KdfParams::FLOOR;
    let usable = usable_kib.map_or(KdfParams::DEFAULT.memory_kib(), |kib| {
        u32::try_from(kib).unwrap_or(u32::MAX)
    });
    let cap = usable.min(MOST_MEMORY_KIB).max(floor.memory_kib());
    let fastest = (0..FLOOR_RUNS).filter_map(|_| took(floor)).min();
    let Some(fastest) = fastest else {
        return floor;
    };
    let mut params = scaled(floor, fastest, cap);
    for _ in 0..MENDS {
        if params == floor {
            break;
        }
        match took(params) {
            None => return floor,
            Some(took) if (LEAST..=MOST).contains(&took) => break,
            Some(took) => params = scaled(params, took, cap),
        }
    }
    params
}

/// Parameters that should take as long as is aimed at, when these took so long.
fn scaled(from: KdfParams, took: Duration, cap_kib: u32) -> KdfParams {
    let floor = KdfParams::FLOOR;
    let work = u128::from(from.memory_kib()) * u128::from(from.passes());
    let wanted = work * AIM.as_micros() / took.as_micros().max(1);
    let wanted = u64::try_from(wanted).unwrap_or(u64::MAX).min(MOST_WORK_KIB);
    let memory = u32::try_from(wanted / u64::from(floor.passes())).unwrap_or(u32::MAX);
    let memory = memory.min(cap_kib) / MIB * MIB;
    let memory = memory.max(floor.memory_kib());
    let passes = u32::try_from(wanted / u64::from(memory)).unwrap_or(u32::MAX);
    // Out of bounds would be a mistake here; the floor is sound.
    KdfParams::new(memory, passes.max(floor.passes()), 1).unwrap_or(floor)
}

fn time_of(params: KdfParams) -> Option<Duration> {
    let passphrase = Passphrase::new(Zeroizing::new("to see how long it takes".to_owned())).ok()?;
    let began = Instant::now();
    params.derive(&passphrase, &[0; SALT_LEN]).ok()?;
    Some(began.elapsed())
}

/// The memory that one derivation may take, in KiB; nothing where the system does not tell.
fn usable_memory_kib() -> Option<u64> {
    let told = fs::read_to_string("/proc/meminfo").ok()?;
    let total = field_kib(&told, "MemTotal:")?;
    let free = field_kib(&told, "MemAvailable:")?;
    // A container may have less than the machine.
    let bound = fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let bound = bound.and_then(|bytes| bytes.trim().parse::<u64>().ok());
    let total = total.min(bound.map_or(u64::MAX, |bytes| bytes / 1024));
    Some((total / 4).min(free / 2))
}

fn field_kib(told: &str, name: &str) -> Option<u64> {
    let line = told.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1024 * 1024;

    /// A machine that derives so many KiB of memory times passes in a second.
    fn on_a_machine(kib_per_s: u64, usable_kib: Option<u64>) -> (KdfParams, Duration) {
        let time = |params: KdfParams| {
            let work = u64::from(params.memory_kib()) * u64::from(params.passes());
            Duration::from_micros(work * 1_000_000 / kib_per_s)
        };
        let params = calibrate(usable_kib, &mut |params| Some(time(params)));
        (params, time(params))
    }

    /// `[HW-VAULT-23]`
    #[test]
    fn a_derivation_takes_half_a_second_to_a_second_on_slow_and_fast_machines() {
        for kib_per_s in [300_000, 500_000, 1_000_000, 2_000_000, 4_000_000] {
            for usable in [None, Some(GIB / 4), Some(GIB), Some(16 * GIB)] {
                let (params, took) = on_a_machine(kib_per_s, usable);
                assert!((LEAST..=MOST).contains(&took), "{params:?} takes {took:?}");
            }
        }
    }

    /// `[HW-VAULT-23]` Claim S1.
    #[test]
    fn no_machine_and_no_clock_gets_less_than_the_floor_or_more_than_is_bearable() {
        let floor = KdfParams::FLOOR;
        for time in [0, 1, 1_000, 1_000_000, 60_000_000, u64::MAX] {
            for usable in [None, Some(0), Some(1), Some(GIB), Some(u64::MAX)] {
                let time = Duration::from_micros(time);
                let params = calibrate(usable, &mut |_| Some(time));
                assert!(params.memory_kib() >= floor.memory_kib(), "{params:?}");
                assert!(params.passes() >= floor.passes(), "{params:?}");
                assert!(params.memory_kib() <= MOST_MEMORY_KIB);
                let work = u64::from(params.memory_kib()) * u64::from(params.passes());
                assert!(work <= MOST_WORK_KIB.max(192 * 1024), "{params:?}");
            }
        }
        assert_eq!(calibrate(Some(GIB), &mut |_| None), floor);
        // There was memory for the floor alone.
        let only_the_floor = &mut |params| (params == floor).then_some(Duration::from_millis(50));
        assert_eq!(calibrate(Some(GIB), only_the_floor), floor);
    }

    #[test]
    fn memory_is_bounded_by_what_the_machine_has_and_passes_make_up_for_it() {
        let (params, took) = on_a_machine(3_000_000, Some(GIB / 8));
        assert_eq!(params.memory_kib(), 128 * 1024);
        assert!(params.passes() > KdfParams::FLOOR.passes());
        assert!((LEAST..=MOST).contains(&took));
        let (params, _) = on_a_machine(3_000_000, None);
        assert!(params.memory_kib() <= KdfParams::DEFAULT.memory_kib());
    }

    /// What else the machine does for a moment makes no weaker vault.
    #[test]
    fn the_fastest_run_counts() {
        let mut run = 0;
        let mut took = |params: KdfParams| {
            run += 1;
            let work = u64::from(params.memory_kib()) * u64::from(params.passes());
            let quiet = Duration::from_micros(work);
            Some(if run <= 2 { quiet * 20 } else { quiet })
        };
        let params = calibrate(Some(GIB), &mut took);
        assert!(
            params.memory_kib() > 3 * KdfParams::FLOOR.memory_kib(),
            "{params:?}"
        );
    }

    #[test]
    fn parameters_that_take_long_enough_stay_when_the_passphrase_is_changed() {
        let present = KdfParams::new(300 * 1024, 3, 1).unwrap();
        let kept = KdfCost::Calibrated.params_after(present, Duration::from_millis(600));
        assert_eq!(kept, present);
        let fixed = KdfCost::Fixed(KdfParams::DEFAULT);
        let took = Duration::from_millis(600);
        assert_eq!(fixed.params_after(present, took), KdfParams::DEFAULT);
    }

    #[test]
    fn what_the_system_tells_of_its_memory_is_understood() {
        let told = "MemTotal:       24609704 kB\nMemFree:  1 kB\nMemAvailable:   22000000 kB\n";
        assert_eq!(field_kib(told, "MemTotal:"), Some(24_609_704));
        assert_eq!(field_kib(told, "MemAvailable:"), Some(22_000_000));
        assert_eq!(field_kib("MemTotal: many", "MemTotal:"), None);
        assert_eq!(field_kib("", "MemTotal:"), None);
    }
}
