//! From passphrase to key-encryption key: Argon2id (RFC 9106) and its bounds.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::{Zeroize, Zeroizing};

use crate::{keys::KEY_LEN, passphrase::Passphrase};

/// Length of the Argon2id salt, in bytes (RFC 9106 §3.1 asks for 16 at least).
pub(crate) const SALT_LEN: usize = 32;

/// Least memory of a vault that protects anything, in KiB: 64 MiB, the second
/// recommendation of RFC 9106 §4.
const FLOOR_MEMORY_KIB: u32 = 64 * 1024;
/// Least number of passes, from the same place.
const FLOOR_PASSES: u32 = 3;

/// Most memory that a header may ask for, in KiB: 4 GiB. A header is input; it
/// must not be able to take the machine down.
const CEILING_MEMORY_KIB: u32 = 4 * 1024 * 1024;
/// Most passes that a header may ask for.
const CEILING_PASSES: u32 = 64;
/// Most lanes that a header may ask for. This build computes lanes one after
/// the other, so more would only help whoever guesses.
const CEILING_LANES: u32 = 16;
/// Most memory times passes, in KiB: 16 GiB, about a minute on a slow machine.
/// Without it the two ceilings together would allow half an hour.
const CEILING_WORK_KIB: u64 = 16 * 1024 * 1024;

/// How dear one guess at the passphrase is: parameters of Argon2id.
///
/// [HW-VAULT-2] Parameters are between a floor (64 MiB, 3 passes) and a ceiling
/// (4 GiB, 64 passes, 16 lanes, memory × passes of 16 GiB), both when a vault is
/// made and when a header is read, and before any memory is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KdfParams {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    strength: Strength,
}

/// Whether the floor holds for a set of parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strength {
    /// At or above [`KdfParams::FLOOR`].
    Sound,
    /// For tests: any cost, and the header says so.
    DangerouslyWeak,
}

/// Why parameters were refused.
#[derive(Debug, thiserror::Error, Clone, Copy, PartialEq, Eq)]
pub enum KdfParamsError {
    /// A guess would be too cheap: under [`KdfParams::FLOOR`].
    #[error("the key derivation is weaker than this version accepts")]
    TooWeak,
    /// Deriving the key would take more memory or time than is ever needed.
    #[error("the key derivation asks for more memory or time than this version accepts")]
    TooCostly,
}

/// There is not enough memory to derive the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OutOfMemory;

impl KdfParams {
    /// 256 MiB, 3 passes, 1 lane: 0.8 s on the machine it was measured on. A new vault
    /// takes [`KdfParams::calibrated`] ones. One lane, because lanes run one
    /// after the other here: more would speed up nobody but an attacker.
    pub const DEFAULT: Self = Self {
        memory_kib: 256 * 1024,
        passes: 3,
        lanes: 1,
        strength: Strength::Sound,
    };

    /// The weakest parameters that [`KdfParams::new`] accepts: 64 MiB, 3 passes.
    pub const FLOOR: Self = Self {
        memory_kib: FLOOR_MEMORY_KIB,
        passes: FLOOR_PASSES,
        lanes: 1,
        strength: Strength::Sound,
    };

    /// `memory_kib` KiB of memory, walked `passes` times, in `lanes` lanes.
    ///
    /// # Errors
    /// [`KdfParamsError`] when they are under the floor or over the ceiling.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, KdfParamsError> {
        Self::checked(memory_kib, passes, lanes, Strength::Sound)
    }

    /// Parameters that cost nothing and protect nothing, for tests. The header
    /// of a vault made with them says so, under authentication, and
    /// [`crate::Vault::is_dangerously_weak`] tells.
    #[must_use]
    pub const fn dangerously_weak_for_tests() -> Self {
        Self {
            memory_kib: 64,
            passes: 1,
            lanes: 1,
            strength: Strength::DangerouslyWeak,
        }
    }

    /// Parameters from a header: the same bounds, and a lower floor for those
    /// that are marked as weak.
    pub(crate) fn checked(
        memory_kib: u32,
        passes: u32,
        lanes: u32,
        strength: Strength,
    ) -> Result<Self, KdfParamsError> {
        let (least_memory_kib, least_passes) = match strength {
            Strength::Sound => (FLOOR_MEMORY_KIB, FLOOR_PASSES),
            Strength::DangerouslyWeak => (Params::MIN_M_COST, Params::MIN_T_COST),
        };
        let work_kib = u64::from(memory_kib) * u64::from(passes);
        if memory_kib > CEILING_MEMORY_KIB
            || passes > CEILING_PASSES
            || lanes > CEILING_LANES
            || work_kib > CEILING_WORK_KIB
        {
            return Err(KdfParamsError::TooCostly);
        }
        // RFC 9106 §3.1: at least one lane, and 8 KiB of memory for each.
        if memory_kib < least_memory_kib
            || passes < least_passes
            || lanes < 1
            || memory_kib < 8 * lanes
        {
            return Err(KdfParamsError::TooWeak);
        }
        Ok(Self {
            memory_kib,
            passes,
            lanes,
            strength,
        })
    }

    /// Memory, in KiB.
    #[must_use]
    pub const fn memory_kib(&self) -> u32 {
        self.memory_kib
    }

    /// Passes over the memory.
    #[must_use]
    pub const fn passes(&self) -> u32 {
        self.passes
    }

    /// Lanes.
    #[must_use]
    pub const fn lanes(&self) -> u32 {
        self.lanes
    }

    pub(crate) const fn strength(&self) -> Strength {
        self.strength
    }

    pub(crate) fn is_sound(&self) -> bool {
        self.strength == Strength::Sound
    }

    /// Argon2id, version 0x13, of `passphrase` and `salt`. The working memory is
    /// wiped: its last blocks are enough to compute the key.
    pub(crate) fn derive(
        &self,
        passphrase: &Passphrase,
        salt: &[u8; SALT_LEN],
    ) -> Result<Zeroizing<[u8; KEY_LEN]>, OutOfMemory> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(KEY_LEN))
            .expect("`checked` is stricter than the bounds of RFC 9106 §3.1");
        let mut memory = WorkingMemory::new(params.block_count())?;
        let mut key = Zeroizing::new([0; KEY_LEN]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into_with_memory(
                passphrase.as_bytes(),
                salt,
                &mut *key,
                &mut memory.0[..],
            )
            .expect("lengths of passphrase, salt, key and memory are in the range of RFC 9106");
        Ok(key)
    }
}

/// The memory of one derivation, wiped when dropped.
struct WorkingMemory(Vec<Block>);

impl WorkingMemory {
    fn new(blocks: usize) -> Result<Self, OutOfMemory> {
        let mut memory = Vec::new();
        memory.try_reserve_exact(blocks).map_err(|_| OutOfMemory)?;
        memory.resize(blocks, Block::default());
        Ok(Self(memory))
    }
}

impl Drop for WorkingMemory {
    fn drop(&mut self) {
        for block in &mut self.0 {
            block.zeroize();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_floor_and_the_default_are_accepted_and_anything_under_the_floor_is_not() {
        for sound in [KdfParams::FLOOR, KdfParams::DEFAULT] {
            let again = KdfParams::new(sound.memory_kib, sound.passes, sound.lanes);
            assert_eq!(again, Ok(sound));
        }
        for (memory_kib, passes, lanes) in [
            (FLOOR_MEMORY_KIB - 1, FLOOR_PASSES, 1),
            (FLOOR_MEMORY_KIB, FLOOR_PASSES - 1, 1),
            (FLOOR_MEMORY_KIB, FLOOR_PASSES, 0),
            (0, 0, 0),
        ] {
            let refused = KdfParams::new(memory_kib, passes, lanes);
            assert_eq!(refused, Err(KdfParamsError::TooWeak));
        }
    }

    #[test]
    fn hostile_costs_are_refused() {
        for (memory_kib, passes, lanes) in [
            (u32::MAX, 3, 1),
            (CEILING_MEMORY_KIB + 1, 3, 1),
            (FLOOR_MEMORY_KIB, u32::MAX, 1),
            (FLOOR_MEMORY_KIB, CEILING_PASSES + 1, 1),
            (FLOOR_MEMORY_KIB, 3, u32::MAX),
            (FLOOR_MEMORY_KIB, 3, CEILING_LANES + 1),
            (CEILING_MEMORY_KIB, CEILING_PASSES, 1),
        ] {
            for strength in [Strength::Sound, Strength::DangerouslyWeak] {
                let refused = KdfParams::checked(memory_kib, passes, lanes, strength);
                assert_eq!(refused, Err(KdfParamsError::TooCostly));
            }
        }
    }

    #[test]
    fn weak_parameters_still_need_memory_for_each_lane() {
        let weak =
            |memory_kib, lanes| KdfParams::checked(memory_kib, 1, lanes, Strength::DangerouslyWeak);
        assert!(weak(32, 4).is_ok());
        assert_eq!(weak(31, 4), Err(KdfParamsError::TooWeak));
    }

    /// Argon2id without secret and associated data, computed with the reference
    /// implementation (`argon2` command): 64 KiB, 1 pass, 1 lane, tag of 32.
    #[test]
    fn derives_what_the_reference_implementation_derives() {
        let passphrase = Passphrase::new(Zeroizing::new("correct horse".to_owned())).unwrap();
        let key = KdfParams::dangerously_weak_for_tests()
            .derive(&passphrase, b"0123456789abcdef0123456789abcdef")
            .unwrap();
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, REFERENCE_TAG);
    }

    const REFERENCE_TAG: &str = "8f4780891c1a15b119d6ac71fc76c78507ca6abb3e55ab3583d1d36faae734f3";
}
