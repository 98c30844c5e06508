//! The proofs that open a relay's gate: made by clients, checked by relays.
//!
//! ```text
//! mac       = HMAC-SHA-256(access key, "hushwing gate key v1" || pin || slot)
//! puzzle    = SHA-256("hushwing gate work v1" || pin || slot || day || nonce)
//! solution  = a solution of Equi-X for the puzzle
//! worth     = SHA-256("hushwing gate worth v1" || puzzle || solution), as bits
//! ```
//!
//! `day` is the number of the day since 1970 as a uint32, by the client's own
//! clock: a relay that chose it could tell its clients apart by it. A solution
//! has a level when its worth begins with as many zero bits. `[HW-GATE-2]`

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use equix::{EquiXBuilder, RuntimeOption, Solution};
use hmac::{Hmac, KeyInit as _, Mac as _};
use hushwing_wire::{AccessKey, GateProof, ServerKeyPin, Slot};
use sha2::{Digest as _, Sha256};

const KEY_LABEL: &[u8] = b"hushwing gate key v1";
const WORK_LABEL: &[u8] = b"hushwing gate work v1";
const WORTH_LABEL: &[u8] = b"hushwing gate worth v1";

const DAY_S: u64 = 24 * 3_600;

/// The day of `now_s`, in seconds since 1970.
#[must_use]
pub fn day_of(now_s: u64) -> u32 {
    u32::try_from(now_s / DAY_S).unwrap_or(u32::MAX)
}

/// Today by this machine's clock; one that is set before 1970 says 0.
#[must_use]
pub fn today() -> u32 {
    day_of(
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs()),
    )
}

/// The proof that its maker knows `key`, for one slot at one relay.
#[must_use]
pub fn prove_key(key: &AccessKey, pin: &ServerKeyPin, slot: &Slot) -> GateProof {
    GateProof::Key {
        mac: key_mac(key, pin, slot).finalize().into_bytes().into(),
    }
}

/// Whether `mac` is that proof; takes the same time whatever `mac` is.
#[must_use]
pub fn key_is_proven(key: &AccessKey, pin: &ServerKeyPin, slot: &Slot, mac: &[u8; 32]) -> bool {
    key_mac(key, pin, slot).verify_slice(mac).is_ok()
}

fn key_mac(key: &AccessKey, pin: &ServerKeyPin, slot: &Slot) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes any key");
    mac.update(KEY_LABEL);
    mac.update(pin.as_bytes());
    mac.update(slot.as_bytes());
    mac
}

/// Works until a solution has `level` or `stop` is set; `None` then. Takes a
/// core meanwhile, some milliseconds for level 0 and twice as long for each
/// further one. `nonce` must be random: with one that somebody else chose, the
/// work may be theirs.
#[must_use]
pub fn work(
    pin: &ServerKeyPin,
    slot: &Slot,
    day: u32,
    level: u8,
    nonce: [u8; 16],
    stop: &AtomicBool,
) -> Option<GateProof> {
    let go_on = || !stop.load(Ordering::Relaxed);
    work_while(pin, slot, day, level, nonce, go_on)
}

/// The same as [`work`], which asks `go_on` before each puzzle, some milliseconds
/// of a core apart; it may also take its time.
pub(crate) fn work_while(
    pin: &ServerKeyPin,
    slot: &Slot,
    day: u32,
    level: u8,
    mut nonce: [u8; 16],
    mut go_on: impl FnMut() -> bool,
) -> Option<GateProof> {
    let mut equix = EquiXBuilder::new();
    equix.runtime(RuntimeOption::TryCompile);
    while go_on() {
        let puzzle = puzzle(pin, slot, day, &nonce);
        // Some puzzles have no solutions, and some seeds make no program.
        for solution in equix.solve(&puzzle).iter().flatten() {
            let solution = solution.to_bytes();
            if worth(&puzzle, &solution) >= u32::from(level) {
                return Some(GateProof::Work { nonce, solution });
            }
        }
        nonce = u128::from_be_bytes(nonce).wrapping_add(1).to_be_bytes();
    }
    None
}

/// Whether a proof of work has at least `level` on one of `days`. Costs two
/// hashes for each day, and 0.1 ms more where those are right.
#[must_use]
pub fn work_is_done(
    pin: &ServerKeyPin,
    slot: &Slot,
    days: &[u32],
    level: u8,
    nonce: &[u8; 16],
    solution: &[u8; 16],
) -> bool {
    let Ok(solved) = Solution::try_from_bytes(solution) else {
        return false;
    };
    let mut equix = EquiXBuilder::new();
    // A server has no use for memory that can be written and run.
    equix.runtime(RuntimeOption::InterpretOnly);
    days.iter().any(|day| {
        let puzzle = puzzle(pin, slot, *day, nonce);
        worth(&puzzle, solution) >= u32::from(level) && equix.verify(&puzzle, &solved).is_ok()
    })
}

fn puzzle(pin: &ServerKeyPin, slot: &Slot, day: u32, nonce: &[u8; 16]) -> [u8; 32] {
    Sha256::new()
        .chain_update(WORK_LABEL)
        .chain_update(pin.as_bytes())
        .chain_update(slot.as_bytes())
        .chain_update(day.to_be_bytes())
        .chain_update(nonce)
        .finalize()
        .into()
}

/// Zero bits in front.
fn worth(puzzle: &[u8; 32], solution: &[u8; 16]) -> u32 {
    let hash = Sha256::new()
        .chain_update(WORTH_LABEL)
        .chain_update(puzzle)
        .chain_update(solution)
        .finalize();
    let mut zeros = 0;
    for byte in hash {
        zeros += byte.leading_zeros();
        if byte != 0 {
            break;
        }
    }
    zeros
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pin(byte: u8) -> ServerKeyPin {
        ServerKeyPin::new([byte; 32])
    }

    fn slot(byte: u8) -> Slot {
        Slot::new([byte; 32])
    }

    const LEVEL: u8 = 2;

    fn solved() -> ([u8; 16], [u8; 16]) {
        let going = AtomicBool::new(false);
        match work(&pin(1), &slot(2), 100, LEVEL, [3; 16], &going) {
            Some(GateProof::Work { nonce, solution }) => (nonce, solution),
            other => panic!("{other:?}"),
        }
    }

    /// Claim R0.
    #[test]
    fn a_proof_of_the_key_is_for_one_key_relay_and_slot() {
        let key = AccessKey::new([7; 16]);
        let GateProof::Key { mac } = prove_key(&key, &pin(1), &slot(2)) else {
            panic!("not a proof of the key");
        };
        assert!(key_is_proven(&key, &pin(1), &slot(2), &mac));
        let other = AccessKey::new([8; 16]);
        assert!(!key_is_proven(&other, &pin(1), &slot(2), &mac));
        assert!(!key_is_proven(&key, &pin(2), &slot(2), &mac));
        assert!(!key_is_proven(&key, &pin(1), &slot(3), &mac));
        let mut changed = mac;
        changed[31] ^= 1;
        assert!(!key_is_proven(&key, &pin(1), &slot(2), &changed));
    }

    /// Claim R0.
    #[test]
    fn work_is_for_one_relay_slot_and_day() {
        let (nonce, solution) = solved();
        let done = |pin: &_, slot: &_, days: &[u32], level| {
            work_is_done(pin, slot, days, level, &nonce, &solution)
        };
        assert!(done(&pin(1), &slot(2), &[100], LEVEL));
        assert!(done(&pin(1), &slot(2), &[101, 100, 99], LEVEL));
        assert!(!done(&pin(9), &slot(2), &[100], 0));
        assert!(!done(&pin(1), &slot(9), &[100], 0));
        assert!(!done(&pin(1), &slot(2), &[98, 99, 101], 0));
        assert!(!done(&pin(1), &slot(2), &[100], 40));
    }

    /// Claim R0.
    #[test]
    fn a_changed_nonce_or_solution_is_no_work() {
        let (nonce, solution) = solved();
        for bit in 0..128 {
            let (mut other_nonce, mut other_solution) = (nonce, solution);
            other_nonce[bit / 8] ^= 1 << (bit % 8);
            other_solution[bit / 8] ^= 1 << (bit % 8);
            let (pin, slot) = (pin(1), slot(2));
            assert!(!work_is_done(
                &pin,
                &slot,
                &[100],
                0,
                &other_nonce,
                &solution
            ));
            assert!(!work_is_done(
                &pin,
                &slot,
                &[100],
                0,
                &nonce,
                &other_solution
            ));
        }
    }

    #[test]
    fn work_that_nobody_wants_any_more_ends() {
        let stop = AtomicBool::new(true);
        assert!(work(&pin(1), &slot(2), 100, 24, [3; 16], &stop).is_none());
    }
}
