use super::*;

const WEAK: KdfParams = KdfParams::dangerously_weak_for_tests();

fn passphrase(text: &str) -> Passphrase {
    Passphrase::new(Zeroizing::new(text.to_owned())).unwrap()
}

fn right() -> Passphrase {
    passphrase("of the backup")
}

/// An archive of a database of these bytes.
fn archive(database: &[u8]) -> Vec<u8> {
    let preamble = Preamble {
        made_at_ms: 1_800_000_000_123,
        key: DatabaseKey::from_bytes(Zeroizing::new([9; KEY_LEN])),
        database_len: database.len() as u64,
    };
    let mut writer = Writer::begin(Vec::new(), &right(), WEAK, &preamble).unwrap();
    // In pieces that fit no chunk.
    for piece in database.chunks(1000) {
        writer.write(piece).unwrap();
    }
    writer.finish().unwrap()
}

/// Opens an archive and reads all of it.
fn read_all(archive: &[u8], passphrase: &Passphrase) -> Result<(u64, Vec<u8>), BackupError> {
    let (preamble, _, mut reader) = Locked::decode(archive)?.unlock(passphrase)?;
    assert_eq!(preamble.key.as_bytes(), &[9; KEY_LEN]);
    let mut all = Vec::new();
    let mut buffer = [0; 777];
    loop {
        match reader.read_some(&mut buffer)? {
            0 => break,
            read => all.extend_from_slice(&buffer[..read]),
        }
    }
    Ok((preamble.made_at_ms, all))
}

/// Bytes of which no two chunks are alike.
fn database(len: usize) -> Vec<u8> {
    (0..len)
        .map(|at| u8::try_from((at / 251 + at) % 256).unwrap())
        .collect()
}

/// A length of the database with which the plaintext fills `chunks` chunks.
fn filling(chunks: usize) -> usize {
    chunks * CHUNK_LEN - PREAMBLE_LEN
}

fn chunk_at(number: usize) -> usize {
    HEADER_LEN + number * (CHUNK_LEN + CHUNK_TAG_LEN)
}

#[test]
fn what_is_written_is_read_whatever_its_length() {
    for len in [
        0,
        1,
        filling(1) - 1,
        filling(1),
        filling(1) + 1,
        filling(3),
        filling(3) + 9,
    ] {
        let database = database(len);
        let read = read_all(&archive(&database), &right());
        assert_eq!(read.unwrap(), (1_800_000_000_123, database), "{len}");
    }
}

/// `[HW-BACKUP-1]` Claim S1.
#[test]
fn each_flipped_byte_of_the_header_is_refused_even_with_the_checksum_set_right() {
    let good = archive(b"database");
    for at in 0..HEADER_LEN {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert!(read_all(&bad, &right()).is_err(), "byte {at}");
        if at < TAGGED_LEN + TAG_LEN {
            let checksum = Sha256::digest(&bad[..TAGGED_LEN + TAG_LEN]);
            bad[TAGGED_LEN + TAG_LEN..HEADER_LEN].copy_from_slice(&checksum);
            assert!(read_all(&bad, &right()).is_err(), "byte {at} on purpose");
        }
    }
}

#[test]
fn a_wrong_passphrase_damage_another_file_and_a_newer_version_are_told_apart() {
    let good = archive(b"database");
    let wrong = read_all(&good, &passphrase("another"));
    assert_eq!(wrong.unwrap_err(), BackupError::WrongPassphrase);
    assert_eq!(
        read_all(b"another file", &right()).unwrap_err(),
        BackupError::NotABackup
    );
    let mut newer = good.clone();
    newer[9] = 2;
    assert_eq!(read_all(&newer, &right()).unwrap_err(), BackupError::Newer);
    let mut changed = good.clone();
    changed[60] ^= 1;
    assert!(matches!(
        read_all(&changed, &right()),
        Err(BackupError::Damaged(_))
    ));
}

/// `[HW-BACKUP-1]` Claim S1.
#[test]
fn hostile_costs_are_refused_before_any_memory_is_taken() {
    let mut bomb = archive(b"");
    bomb[11..15].copy_from_slice(&u32::MAX.to_be_bytes());
    let checksum = Sha256::digest(&bomb[..TAGGED_LEN + TAG_LEN]);
    bomb[TAGGED_LEN + TAG_LEN..HEADER_LEN].copy_from_slice(&checksum);
    assert!(matches!(
        Locked::decode(&bomb[..]).map(drop),
        Err(BackupError::Params(_))
    ));
    // What protects something cannot be made to look as if it needed to protect nothing.
    let mut lowered = archive(b"");
    lowered[10] = KIND_SOUND;
    let checksum = Sha256::digest(&lowered[..TAGGED_LEN + TAG_LEN]);
    lowered[TAGGED_LEN + TAG_LEN..HEADER_LEN].copy_from_slice(&checksum);
    assert!(matches!(
        Locked::decode(&lowered[..]).map(drop),
        Err(BackupError::Params(_))
    ));
}

/// `[HW-BACKUP-2]` Claim I1.
#[test]
fn what_is_cut_extended_or_flipped_is_refused() {
    let good = archive(&database(filling(3)));
    assert_eq!(good.len(), chunk_at(3));
    let cuts = [
        chunk_at(3) - 1,
        chunk_at(2) + 100,
        chunk_at(2),
        chunk_at(1),
        chunk_at(0) + 5,
        chunk_at(0),
        HEADER_LEN - 1,
        9,
    ];
    for len in cuts {
        assert!(read_all(&good[..len], &right()).is_err(), "{len} bytes");
    }
    for more in [1, CHUNK_TAG_LEN, CHUNK_LEN + CHUNK_TAG_LEN] {
        let mut longer = good.clone();
        longer.resize(good.len() + more, 0);
        assert!(read_all(&longer, &right()).is_err(), "{more} bytes more");
    }
    for at in (HEADER_LEN..good.len()).step_by(4093) {
        let mut bad = good.clone();
        bad[at] ^= 0x80;
        assert!(read_all(&bad, &right()).is_err(), "byte {at}");
    }
}

/// `[HW-BACKUP-2]` Claim I1.
#[test]
fn chunks_that_are_exchanged_repeated_left_out_or_of_another_archive_are_refused() {
    let good = archive(&database(filling(4)));
    let other = archive(&database(filling(4)));
    let header = &good[..HEADER_LEN];
    let chunks: Vec<&[u8]> = good[HEADER_LEN..]
        .chunks(CHUNK_LEN + CHUNK_TAG_LEN)
        .collect();
    let others: Vec<&[u8]> = other[HEADER_LEN..]
        .chunks(CHUNK_LEN + CHUNK_TAG_LEN)
        .collect();
    let put_together = |order: &[&[u8]]| [header, &order.concat()].concat();
    let [a, b, c, d] = chunks[..] else {
        panic!("four chunks")
    };
    assert!(read_all(&put_together(&[a, b, c, d]), &right()).is_ok());
    for order in [
        &[a, c, b, d][..],
        &[a, b, b, d],
        &[a, b, d],
        &[a, b, c],
        &[a, b, c, d, d],
        &[b, c, d],
        &[a, others[1], c, d],
        &[a, b, c, others[3]],
    ] {
        assert!(read_all(&put_together(order), &right()).is_err());
    }
}

/// `[HW-BACKUP-2]` An archive has one form: its last chunk is not empty.
#[test]
fn an_empty_last_chunk_is_refused() {
    let preamble = Preamble {
        made_at_ms: 0,
        key: DatabaseKey::from_bytes(Zeroizing::new([9; KEY_LEN])),
        database_len: filling(1) as u64,
    };
    let mut writer = Writer::begin(Vec::new(), &right(), WEAK, &preamble).unwrap();
    writer.write(&database(filling(1))).unwrap();
    writer
        .stream
        .encrypt_next_in_place(b"", &mut *writer.chunk)
        .unwrap();
    writer.to.write_all(&writer.chunk).unwrap();
    writer.chunk.clear();
    let odd = writer.finish().unwrap();
    assert_eq!(odd.len(), chunk_at(1) + CHUNK_TAG_LEN);
    assert!(matches!(
        read_all(&odd, &right()),
        Err(BackupError::Damaged(_))
    ));
}

/// `[HW-BACKUP-2]` Claim N1.
#[test]
fn two_archives_of_one_database_share_no_salt_nonce_or_ciphertext() {
    let (one, two) = (archive(b"the same"), archive(b"the same"));
    assert_eq!(one.len(), two.len());
    assert_ne!(one[23..23 + SALT_LEN], two[23..23 + SALT_LEN]);
    assert_ne!(
        one[23 + SALT_LEN..TAGGED_LEN],
        two[23 + SALT_LEN..TAGGED_LEN]
    );
    let alike = |(one, two): (&u8, &u8)| one == two;
    let same = one
        .iter()
        .zip(&two)
        .skip(HEADER_LEN)
        .filter(|pair| alike(*pair));
    assert!(same.count() < 16);
}
