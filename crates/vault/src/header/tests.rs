use super::*;

const WEAK: KdfParams = KdfParams::dangerously_weak_for_tests();

/// Where the fields of a one-slot header begin.
const COUNT_AT: usize = 10;
const KIND_AT: usize = 11;
const BODY_AT: usize = 14;
const MEMORY_AT: usize = BODY_AT;
const PASSES_AT: usize = BODY_AT + 4;
const LANES_AT: usize = BODY_AT + 8;
const SALT_AT: usize = BODY_AT + 12;
const SLOT_END: usize = BODY_AT + PASSPHRASE_BODY_LEN;
const TAG_END: usize = SLOT_END + TAG_LEN;

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(text.to_owned())).unwrap()
}

fn vault_key() -> VaultKey {
    VaultKey::from_bytes(Zeroizing::new([0x42; KEY_LEN]))
}

fn header() -> Vec<u8> {
    seal(&passphrase("open sesame"), WEAK, &vault_key()).unwrap()
}

fn open(bytes: &[u8], text: &str) -> Result<UnlockedHeader, HeaderError> {
    LockedHeader::decode(bytes)?.unlock(&passphrase(text))
}

fn refusal(bytes: &[u8]) -> HeaderError {
    match open(bytes, "open sesame") {
        Ok(_) => panic!("a changed header opened"),
        Err(error) => error,
    }
}

/// What somebody does who changes a header on purpose: sets the checksum right.
fn with_fresh_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() - CHECKSUM_LEN);
    bytes.extend(Sha256::digest(&bytes));
    bytes
}

/// What only somebody with the vault key can do: sets tag and checksum right.
fn with_fresh_tag(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.truncate(bytes.len() - CHECKSUM_LEN - TAG_LEN);
    bytes.extend(vault_key().header_key().tag(&bytes));
    bytes.extend(Sha256::digest(&bytes));
    bytes
}

#[test]
fn the_right_passphrase_gives_the_key_back() {
    let unlocked = open(&header(), "open sesame").unwrap();
    assert_eq!(unlocked.vault_key.as_bytes(), vault_key().as_bytes());
    assert_eq!(unlocked.params, WEAK);
}

/// A slot of a kind that only a later version knows stays as it is when the passphrase is
/// changed.
#[test]
fn a_header_that_is_sealed_anew_keeps_the_other_slots() {
    let plain = header();
    let mut both = plain[..SLOT_END].to_vec();
    both[COUNT_AT] = 2;
    both.extend([200, 0, 3, 7, 8, 9]);
    both.extend([0; TAG_LEN + CHECKSUM_LEN]);
    let both = with_fresh_tag(both);
    let unlocked = open(&both, "open sesame").unwrap();
    let anew = unlocked
        .seal_anew(&passphrase("shut sesame"), WEAK)
        .unwrap();
    assert_eq!(
        open(&anew, "open sesame").err(),
        Some(HeaderError::WrongPassphrase)
    );
    let again = open(&anew, "shut sesame").unwrap();
    assert_eq!(again.vault_key.as_bytes(), vault_key().as_bytes());
    assert_eq!(
        (again.others.count, again.others.encoded),
        (1, vec![200, 0, 3, 7, 8, 9])
    );
    assert_eq!(anew.len(), both.len());
}

#[test]
fn another_passphrase_is_told_from_damage() {
    let error = open(&header(), "open sesamE").err();
    assert_eq!(error, Some(HeaderError::WrongPassphrase));
}

/// Claim N1.
#[test]
fn two_headers_of_one_key_share_no_salt_nonce_or_ciphertext() {
    let (one, two) = (header(), header());
    for field in [
        SALT_AT..SALT_AT + SALT_LEN,
        SLOT_END - WRAPPED_LEN - NONCE_LEN..SLOT_END - WRAPPED_LEN,
        SLOT_END - WRAPPED_LEN..SLOT_END,
    ] {
        assert_ne!(one[field.clone()], two[field]);
    }
}

#[test]
fn each_flipped_bit_is_damage() {
    let good = header();
    for at in 0..good.len() {
        for bit in 0..8 {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << bit;
            let error = refusal(&bytes);
            assert_eq!(error, HeaderError::Damaged("the header has changed"));
        }
    }
}

/// Claim I1.
#[test]
fn each_flipped_bit_is_refused_even_with_the_checksum_set_right() {
    let good = header();
    for at in 0..good.len() - CHECKSUM_LEN {
        for bit in 0..8 {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << bit;
            let bytes = with_fresh_checksum(bytes);
            if LockedHeader::decode(&bytes).is_ok_and(|locked| dear(locked.slot.params)) {
                continue;
            }
            let error = refusal(&bytes);
            match at {
                8..10 => assert!(error == HeaderError::Newer || damaged(error)),
                MEMORY_AT..SALT_AT => assert!(
                    error == HeaderError::WrongPassphrase
                        || matches!(error, HeaderError::Params(_))
                ),
                SALT_AT..SLOT_END => assert_eq!(error, HeaderError::WrongPassphrase),
                _ => assert!(damaged(error), "byte {at}: {error:?}"),
            }
        }
    }
}

fn damaged(error: HeaderError) -> bool {
    matches!(error, HeaderError::Damaged(_))
}

/// Inside the bounds, but gigabytes that a test need not spend.
fn dear(params: KdfParams) -> bool {
    params.memory_kib() > 4096
}

#[test]
fn truncated_and_extended_headers_are_damage() {
    let good = header();
    for len in 0..good.len() {
        assert!(matches!(refusal(&good[..len]), HeaderError::Damaged(_)));
        if len >= CHECKSUM_LEN {
            let sealed = with_fresh_checksum(good[..len].to_vec());
            assert!(matches!(refusal(&sealed), HeaderError::Damaged(_)), "{len}");
        }
    }
    for more in [1, 2, 31, 32, 33, 200, MAX_HEADER_LEN, 1 << 20] {
        let mut bytes = good.clone();
        bytes.resize(good.len() + more, 0);
        assert!(matches!(refusal(&bytes), HeaderError::Damaged(_)));
        let sealed = with_fresh_checksum(bytes);
        assert!(matches!(refusal(&sealed), HeaderError::Damaged(_)));
    }
}

/// Claim S1.
#[test]
fn lowered_parameters_do_not_open() {
    // With a sound kind they are under the floor; with the kind of tests they
    // are other associated data.
    let params = KdfParams::FLOOR;
    let sound = seal(&passphrase("open sesame"), params, &vault_key()).unwrap();
    let mut lowered = sound.clone();
    lowered[MEMORY_AT..MEMORY_AT + 4].copy_from_slice(&64u32.to_be_bytes());
    lowered[PASSES_AT..PASSES_AT + 4].copy_from_slice(&1u32.to_be_bytes());
    let error = refusal(&with_fresh_checksum(lowered.clone()));
    assert_eq!(error, HeaderError::Params(KdfParamsError::TooWeak));
    lowered[KIND_AT] = KIND_WEAK_PASSPHRASE;
    let error = refusal(&with_fresh_checksum(lowered));
    assert_eq!(error, HeaderError::WrongPassphrase);
    // The kind alone: the derived key is the same, the associated data is not.
    let mut relabelled = sound.clone();
    relabelled[KIND_AT] = KIND_WEAK_PASSPHRASE;
    let error = refusal(&with_fresh_tag(relabelled));
    assert_eq!(error, HeaderError::WrongPassphrase);
    assert!(open(&sound, "open sesame").is_ok());
}

#[test]
fn a_header_that_asks_for_a_memory_bomb_is_refused_before_any_memory_is_taken() {
    for (at, value) in [
        (MEMORY_AT, u32::MAX),
        (PASSES_AT, u32::MAX),
        (LANES_AT, u32::MAX),
        (LANES_AT, 17),
    ] {
        let mut bytes = header();
        bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
        let decoded = LockedHeader::decode(&with_fresh_checksum(bytes));
        let error = decoded.err();
        assert_eq!(error, Some(HeaderError::Params(KdfParamsError::TooCostly)));
    }
}

#[test]
fn a_newer_version_is_named_as_such_whatever_follows() {
    let mut bytes = header();
    bytes[8..10].copy_from_slice(&2u16.to_be_bytes());
    bytes[COUNT_AT] = 0xff;
    assert_eq!(refusal(&with_fresh_checksum(bytes)), HeaderError::Newer);
    let mut bytes = header();
    bytes[8..10].fill(0);
    let error = refusal(&with_fresh_checksum(bytes));
    assert!(damaged(error));
}

#[test]
fn slots_of_unknown_kinds_are_passed_over_but_are_bound_by_the_tag() {
    let good = header();
    let mut with_unknown = good[..SLOT_END].to_vec();
    with_unknown[COUNT_AT] = 2;
    with_unknown.extend([9, 0, 3, 1, 2, 3]);
    with_unknown.extend(&good[SLOT_END..]);
    let error = refusal(&with_fresh_checksum(with_unknown.clone()));
    assert_eq!(error, HeaderError::Damaged("the header has been changed"));
    let bound = with_fresh_tag(with_unknown);
    assert!(open(&bound, "open sesame").is_ok());
}

#[test]
fn headers_with_no_two_or_too_many_passphrase_slots_are_damage() {
    let good = header();
    let slot = &good[KIND_AT..SLOT_END];
    for slots in [0, 2, usize::from(MAX_SLOTS) + 1] {
        let mut bytes = good[..COUNT_AT].to_vec();
        bytes.push(u8::try_from(slots).unwrap());
        bytes.extend(slot.repeat(slots));
        bytes.extend(&good[SLOT_END..]);
        let error = refusal(&with_fresh_tag(bytes));
        assert!(damaged(error), "{slots}: {error:?}");
    }
}

#[test]
fn the_layout_is_the_documented_one() {
    let bytes = header();
    assert_eq!(bytes.len(), TAG_END + CHECKSUM_LEN);
    assert_eq!(bytes.len(), 194);
    assert_eq!(bytes[..COUNT_AT], *b"hushwing\0\x01");
    assert_eq!(bytes[COUNT_AT..BODY_AT], [1, KIND_WEAK_PASSPHRASE, 0, 116]);
    assert_eq!(
        bytes[MEMORY_AT..SALT_AT],
        [0, 0, 0, 64, 0, 0, 0, 1, 0, 0, 0, 1]
    );
}
