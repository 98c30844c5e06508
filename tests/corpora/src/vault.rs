//! The vault's header and a backup, which are read before anything is authenticated.

use hushwing_vault::{KdfParams, Passphrase, fuzzing};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::edits::edited;

/// Most memory times passes, in KiB, that a target may spend on one derivation.
const MAX_WORK_KIB: u64 = 1024;

/// The bounds of what a header may ask for, as the specification gives them.
const CEILING_MEMORY_KIB: u32 = 4 * 1024 * 1024;
const CEILING_PASSES: u32 = 64;
const CEILING_LANES: u32 = 16;
const CEILING_WORK_KIB: u64 = 16 * 1024 * 1024;

const VAULT_KEY: [u8; 32] = [0x42; 32];

/// A header as it lies on the disk, or edits of a sound one (bit 0 of the first
/// byte), with the checksum set right (bit 1), as somebody does who changes it
/// on purpose; the sound one as it was made, or after its passphrase was changed (bit 2).
/// Bytes without authentication never cost more than the bounds, no altered header gives a
/// key, and one that opens, opens with another passphrase alone once that was changed.
pub fn vault_header(input: &[u8]) {
    let Some((&how, rest)) = input.split_first() else {
        return;
    };
    let sound = if how & 4 == 0 {
        sound()
    } else {
        changed_twice()
    };
    let mut bytes = if how & 1 == 0 {
        rest.to_vec()
    } else {
        edited(&sound, rest)
    };
    if how & 2 != 0 {
        bytes.truncate(bytes.len().saturating_sub(Sha256::output_size()));
        let checksum = Sha256::digest(&bytes);
        bytes.extend_from_slice(&checksum);
    }
    let Ok(params) = fuzzing::header_params(&bytes) else {
        return;
    };
    let work = u64::from(params.memory_kib()) * u64::from(params.passes());
    assert!(params.memory_kib() <= CEILING_MEMORY_KIB && work <= CEILING_WORK_KIB);
    assert!((1..=CEILING_PASSES).contains(&params.passes()));
    assert!((1..=CEILING_LANES).contains(&params.lanes()));
    assert!(params.memory_kib() >= 8 * params.lanes());
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        assert!(
            fuzzing::header_params(&damaged).is_err(),
            "damage at {at} was not noticed"
        );
    }
    if work <= MAX_WORK_KIB {
        match fuzzing::open_header(&bytes, &passphrase()) {
            Ok(key) => {
                assert_eq!(key, VAULT_KEY);
                // A whole one may be of another run, with another salt.
                assert!(bytes == sound || how & 1 == 0, "an altered header opened");
                let anew = changed(&bytes, &passphrase(), &other());
                assert_eq!(anew.len(), bytes.len());
                assert_eq!(fuzzing::open_header(&anew, &other()), Ok(VAULT_KEY));
                assert!(fuzzing::open_header(&anew, &passphrase()).is_err());
            }
            Err(_) => assert!(bytes != sound, "the sound header does not open"),
        }
    }
}

fn passphrase() -> Passphrase {
    Passphrase::new(Zeroizing::new("open sesame".to_owned())).unwrap()
}

fn other() -> Passphrase {
    Passphrase::new(Zeroizing::new("shut sesame".to_owned())).unwrap()
}

fn changed(header: &[u8], present: &Passphrase, new: &Passphrase) -> Vec<u8> {
    let params = KdfParams::dangerously_weak_for_tests();
    fuzzing::change_header(header, present, new, params).unwrap()
}

/// The header after its passphrase was changed, and back.
fn changed_twice() -> Vec<u8> {
    static MADE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    let make = || {
        let away = changed(&sound(), &passphrase(), &other());
        changed(&away, &other(), &passphrase())
    };
    MADE.get_or_init(make).clone()
}

/// One header for the life of the process: its salt and nonce are random.
pub(crate) fn sound() -> Vec<u8> {
    static MADE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    let make = || {
        let params = KdfParams::dangerously_weak_for_tests();
        fuzzing::seal_header(&passphrase(), params, VAULT_KEY).unwrap()
    };
    MADE.get_or_init(make).clone()
}

/// When the sound backup was made, and what it holds: three chunks.
const MADE_AT_MS: u64 = 1_800_000_000_000;
const DATABASE_LEN: usize = 150_000;

fn database() -> Vec<u8> {
    let numbers = (0..DATABASE_LEN).map(|at| (at / 509 + at).to_le_bytes()[0]);
    numbers.collect()
}

/// A backup as it lies on a stick, or edits of a sound one (bit 0 of the first byte), with
/// the checksum of its header set right (bit 1). Bytes without authentication never cost
/// more than the bounds, and what is read of an altered one is the beginning of what was
/// written, or nothing.
pub fn backup_archive(input: &[u8]) {
    let Some((&how, rest)) = input.split_first() else {
        return;
    };
    let sound = sound_backup();
    let mut bytes = if how & 1 == 0 {
        rest.to_vec()
    } else {
        edited(&sound, rest)
    };
    if how & 2 != 0 && bytes.len() >= BACKUP_HEADER_LEN {
        let (checked, behind) = bytes.split_at_mut(BACKUP_HEADER_LEN - Sha256::output_size());
        behind[..Sha256::output_size()].copy_from_slice(&Sha256::digest(checked));
    }
    let Ok(params) = fuzzing::archive_params(&bytes) else {
        return;
    };
    let work = u64::from(params.memory_kib()) * u64::from(params.passes());
    assert!(params.memory_kib() <= CEILING_MEMORY_KIB && work <= CEILING_WORK_KIB);
    assert!((1..=CEILING_PASSES).contains(&params.passes()));
    assert!((1..=CEILING_LANES).contains(&params.lanes()));
    if work > MAX_WORK_KIB {
        return;
    }
    match fuzzing::open_archive(&bytes, &passphrase()) {
        Ok((made_at_ms, _, len, held)) => {
            assert_eq!((made_at_ms, len), (MADE_AT_MS, DATABASE_LEN as u64));
            assert!(held == database());
            // A whole one may be of another run, with another salt.
            assert!(bytes == sound || how & 1 == 0, "an altered backup opened");
        }
        Err(_) => assert!(bytes != sound, "the sound backup does not open"),
    }
}

/// Bytes before the first chunk.
const BACKUP_HEADER_LEN: usize = 138;

/// One backup for the life of the process: its salt and nonce are random.
fn sound_backup() -> Vec<u8> {
    static MADE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    let make = || {
        let params = KdfParams::dangerously_weak_for_tests();
        fuzzing::seal_archive(&passphrase(), params, MADE_AT_MS, &database()).unwrap()
    };
    MADE.get_or_init(make).clone()
}

/// The beginning of it, short enough to be kept as an input.
pub(crate) fn beginning_of_a_backup() -> Vec<u8> {
    sound_backup()[..BACKUP_HEADER_LEN + 100].to_vec()
}
