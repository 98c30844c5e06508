//! What is refused, one thing at a time: each value is sound but for one field, and each
//! limit is met exactly before it is passed by one.

mod common;

use common::{
    a_card, a_link, a_recovery_plaintext, a_repair_answer, a_repair_request, a_signature,
    a_succession, an_envelope, an_onion, an_update,
};
use hushwing_wire::{
    Body, BoxMark, BoxPlaintext, ContactCard, DecodeError, Envelope, HandOver, HybridSignature,
    InviteLink, LaneEnd, LanePlace, Need, NumberRange, RecoveryMessage, RecoveryPlaintext,
    RelayAddress, RepairAnswer, RepairRequest, RouteRecord, RouteUpdate, SaidBefore, Succession,
    address::Endpoint, from_bytes, limits::BOX_PLAINTEXT_LEN, to_bytes,
};
use sha2::{Digest as _, Sha256};

/// Asserts what the encoder says of `envelope` and the decoder of its encoding.
fn assert_envelope(envelope: &Envelope, refused: Option<DecodeError>) {
    assert_eq!(envelope.to_bytes().err(), refused);
    let bytes = to_bytes(envelope).expect("encodes");
    assert_eq!(Envelope::from_bytes(&bytes).err(), refused);
}

#[test]
fn an_envelope_holds_as_much_as_its_limits_and_not_one_more() {
    let lane_ends = |count| Envelope {
        lane_ends: vec![LaneEnd { epoch: 4, count: 2 }; count],
        ..an_envelope(Body::Nothing)
    };
    assert_envelope(&lane_ends(8), None);
    let refused = DecodeError::TooLong("the ends of lanes");
    assert_envelope(&lane_ends(9), Some(refused));
    assert_envelope(&lane_ends(10), Some(refused));

    let ranges = |count: u64| {
        let mut envelope = an_envelope(Body::Nothing);
        let apart = |n| NumberRange { first: n, last: n };
        envelope.received.beyond = (0..count).map(|i| apart(10 + 2 * i)).collect();
        envelope
    };
    assert_envelope(&ranges(16), None);
    let refused = DecodeError::TooLong("the receipts");
    assert_envelope(&ranges(17), Some(refused));
    assert_envelope(&ranges(18), Some(refused));

    let authenticator = |len| Envelope {
        epoch_authenticator: vec![8; len],
        ..an_envelope(Body::Nothing)
    };
    assert_envelope(&authenticator(32), None);
    let refused = DecodeError::Invalid("the epoch authenticator");
    assert_envelope(&authenticator(31), Some(refused));
    assert_envelope(&authenticator(33), Some(refused));
}

#[test]
fn what_an_envelope_says_is_as_long_as_its_limit_and_not_one_more() {
    let content = |len| an_envelope(Body::Content(vec![1; len]));
    let again = |len| {
        an_envelope(Body::Again(SaidBefore {
            clock: 3,
            content: vec![1; len],
        }))
    };
    let refused = DecodeError::TooLong("the message");
    for of_length in [&content as &dyn Fn(usize) -> Envelope, &again] {
        assert_envelope(&of_length(9_000), None);
        assert_envelope(&of_length(9_001), Some(refused));
        assert_envelope(&of_length(9_002), Some(refused));
    }
    let unread = |count| an_envelope(Body::Unread(vec![LanePlace { epoch: 3, index: 4 }; count]));
    let refused = DecodeError::TooLong("the boxes that could not be read");
    assert_envelope(&unread(16), None);
    assert_envelope(&unread(17), Some(refused));
    assert_envelope(&unread(18), Some(refused));
}

#[test]
fn a_card_with_one_wrong_field_is_refused_by_its_name() {
    let check = |alter: &dyn Fn(&mut ContactCard), refused: Option<DecodeError>| {
        let mut card = a_card();
        alter(&mut card);
        assert_eq!(card.to_bytes().err(), refused);
        let bytes = to_bytes(&card).unwrap();
        assert_eq!(ContactCard::from_bytes(&bytes).err(), refused);
    };
    let invalid = |what| Some(DecodeError::Invalid(what));
    for len in [31, 33] {
        check(
            &|card| card.ed25519_public = vec![1; len],
            invalid("the Ed25519 key"),
        );
    }
    for len in [1_951, 1_953] {
        check(
            &|card| card.ml_dsa_65_public = vec![1; len],
            invalid("the ML-DSA-65 key"),
        );
    }
    for len in [63, 65] {
        check(
            &|card| card.ed25519_signature = vec![1; len],
            invalid("the Ed25519 signature"),
        );
    }
    for len in [3_308, 3_310] {
        check(
            &|card| card.ml_dsa_65_signature = vec![1; len],
            invalid("the ML-DSA-65 signature"),
        );
    }
    for len in [0, 64] {
        check(&|card| card.name = vec![b'a'; len], None);
    }
    for len in [65, 66] {
        check(
            &|card| card.name = vec![b'a'; len],
            Some(DecodeError::TooLong("the name")),
        );
    }
    check(&|card| card.name = vec![b'a', 0xff], invalid("the name"));

    let relays = |count: u8| (1..=count).map(an_onion).collect::<Vec<_>>();
    for count in [0, 3] {
        check(&|card| card.routes.relays = relays(count), None);
    }
    for count in [4, 5] {
        check(
            &|card| card.routes.relays = relays(count),
            Some(DecodeError::TooLong("the list of relays")),
        );
    }
    check(
        &|card| card.routes.relays = vec![an_onion(1), an_onion(2), an_onion(1)],
        invalid("the list of relays"),
    );
    check(&|card| card.routes.direct = None, None);
    for text in ["relay.example.org:443", "127.0.0.1:443"] {
        let direct = RelayAddress {
            endpoint: text.parse().unwrap(),
            pin: an_onion(1).pin,
            access: None,
        };
        check(
            &|card| card.routes.direct = Some(direct.clone()),
            invalid("the direct address"),
        );
    }
}

#[test]
fn an_address_is_sent_in_its_own_spelling_or_refused() {
    let text = |tag: u8, text: &str| [vec![tag], to_bytes(&text.as_bytes()).unwrap()].concat();
    let host = |name: &str, port: u16| [text(2, name), port.to_be_bytes().to_vec()].concat();
    let onion = |port: u16| [&[1][..], &[7; 32], &port.to_be_bytes()].concat();
    for sound in [
        onion(443),
        host("relay.example.org", 443),
        text(3, "127.0.0.1:80"),
        text(3, "127.9.9.9:80"),
        text(3, "[::1]:80"),
    ] {
        let endpoint: Endpoint = from_bytes(&sound).unwrap();
        assert_eq!(to_bytes(&endpoint), Ok(sound));
    }
    for odd in [
        onion(0),
        host("relay.example.org", 0),
        host("Relay.example.org", 443),
        host("example", 443),
        host("127.0.0.1", 443),
        [&[2, 1, 0xff][..], &443_u16.to_be_bytes()].concat(),
        text(3, "127.0.0.1:0"),
        text(3, "127.0.0.1:080"),
        text(3, "[::1]:0"),
        text(3, "[0:0:0:0:0:0:0:1]:80"),
        text(3, "[::ffff:127.0.0.1]:80"),
        text(3, "8.8.8.8:80"),
        text(3, "localhost:80"),
        text(0, "127.0.0.1:80"),
        text(4, "127.0.0.1:80"),
    ] {
        assert_eq!(
            from_bytes::<Endpoint>(&odd),
            Err(DecodeError::Malformed),
            "{odd:?}"
        );
    }
}

#[test]
fn padding_is_zero_in_every_bit_of_every_byte() {
    let boxed = BoxPlaintext {
        commit: vec![],
        message: vec![1; 40],
    };
    let sound = boxed.to_padded().unwrap();
    assert_eq!(BoxPlaintext::from_padded(&sound), Ok(boxed));
    let first = 1 + 1 + 1 + 40;
    let last = BOX_PLAINTEXT_LEN - 1;
    for changed in [
        &[(first, 1)][..],
        &[(last, 1)],
        &[(last, 0x80)],
        // Two that would cancel each other out, and two that would make a zero byte.
        &[(first, 1), (last, 1)],
        &[(first, 0x0f), (last, 0xf0)],
        &[(first, 0x80), (last, 0x80)],
    ] {
        let mut padded = sound.clone();
        for &(at, byte) in changed {
            padded[at] = byte;
        }
        assert_eq!(
            BoxPlaintext::from_padded(&padded),
            Err(DecodeError::Padding),
            "{changed:?}"
        );
    }
}

/// The text form as the specification has it.
fn text_form(scheme: &str, payload: &[u8]) -> String {
    let sum = Sha256::digest([scheme.as_bytes(), &[0], payload].concat());
    let bytes = [payload, &sum[..4]].concat();
    let base32 = data_encoding::BASE32_NOPAD.encode(&bytes);
    format!("{scheme}{}", base32.to_lowercase())
}

/// `text` with spaces behind it, of `len` bytes together.
fn wide(text: &str, len: usize) -> String {
    format!("{text:len$}")
}

#[test]
fn a_text_is_read_up_to_its_limit_and_no_further() {
    let too_long = DecodeError::TooLong("the text");

    let link = a_link(3);
    let text = link.to_string();
    assert_eq!(wide(&text, 2_048).parse(), Ok(link));
    for len in [2_049, 2_050] {
        assert_eq!(wide(&text, len).parse::<InviteLink>(), Err(too_long));
    }

    let relay = an_onion(1);
    let text = relay.to_string();
    assert_eq!(wide(&text, 2_048).parse(), Ok(relay));
    for len in [2_049, 2_050] {
        assert_eq!(wide(&text, len).parse::<RelayAddress>(), Err(too_long));
    }

    let record = RouteRecord::new(vec![9; 4_000]).unwrap();
    let text = record.to_string();
    assert_eq!(wide(&text, 12_288).parse(), Ok(record));
    for len in [12_289, 12_290] {
        assert_eq!(wide(&text, len).parse::<RouteRecord>(), Err(too_long));
    }
}

#[test]
fn a_record_is_as_long_as_its_text_may_be() {
    for len in [40, 41, 7_664, 7_665] {
        let record = RouteRecord::new(vec![9; len]).unwrap();
        assert_eq!(record.sealed(), vec![9; len]);
        let text = record.to_string();
        assert!(text.len() <= 12_288);
        assert_eq!(text.parse(), Ok(record));
    }
    for len in [0, 39, 7_666, 16_344] {
        let refused = RouteRecord::new(vec![9; len]);
        assert_eq!(refused, Err(DecodeError::Malformed));
    }
}

#[test]
fn a_text_of_another_scheme_or_version_says_so() {
    fn check<T>(scheme: &str, sound: &str, payload: &[u8])
    where
        T: std::str::FromStr<Err = DecodeError> + PartialEq + std::fmt::Debug,
    {
        let read = |text: &str| text.parse::<T>().err();
        assert_eq!(text_form(scheme, payload), sound);
        assert_eq!(read(sound), None);

        let wrong_scheme = Some(DecodeError::Invalid("the beginning of the text"));
        let other = scheme.replace(':', ";");
        assert_eq!(read(&sound.replace(scheme, &other)), wrong_scheme);
        assert_eq!(read(&text_form(&other, payload)), wrong_scheme);
        assert_eq!(read(&sound[1..]), wrong_scheme);
        assert_eq!(read(&scheme[1..]), wrong_scheme);
        assert_eq!(read(""), wrong_scheme);
        // Cut within a character of several bytes.
        let many_bytes = format!("{}é{}", &scheme[1..], "a".repeat(90));
        assert_eq!(read(&many_bytes), wrong_scheme);

        let newer = [&[2], &payload[1..]].concat();
        let text = text_form(scheme, &newer);
        assert_eq!(read(&text), Some(DecodeError::Version(2)));
        let text = text_form(scheme, &[]);
        assert_eq!(read(&text), Some(DecodeError::Malformed));
        assert_eq!(read(scheme), Some(DecodeError::Malformed));
        let text = text_form(scheme, &payload[..payload.len().min(30)]);
        assert_eq!(read(&text), Some(DecodeError::Malformed));
    }
    let link = a_link(1);
    let payload = link.to_bytes().unwrap();
    check::<InviteLink>("hushwing:", &link.to_string(), &payload);

    let relay = an_onion(1);
    let payload = [vec![1], to_bytes(&relay).unwrap()].concat();
    check::<RelayAddress>("hushwing-relay:", &relay.to_string(), &payload);

    let record = RouteRecord::new(vec![9; 50]).unwrap();
    let payload = [&[1][..], &[9; 50]].concat();
    check::<RouteRecord>("hushwing-routes:", &record.to_string(), &payload);
}

/// Asserts what the encoders say of `plaintext` and the decoders of its encoding.
fn assert_recovery(plaintext: &RecoveryPlaintext, refused: Option<DecodeError>) {
    assert_eq!(plaintext.to_bytes().err(), refused);
    assert_eq!(plaintext.to_padded().err(), refused);
    let mut bytes = to_bytes(plaintext).expect("encodes");
    assert_eq!(RecoveryPlaintext::from_bytes(&bytes).err(), refused);
    bytes.resize(BOX_PLAINTEXT_LEN, 0);
    assert_eq!(RecoveryPlaintext::from_padded(&bytes).err(), refused);
}

fn assert_message(message: RecoveryMessage, refused: Option<DecodeError>) {
    assert_eq!(message.to_bytes().err(), refused);
    assert_recovery(&a_recovery_plaintext(message), refused);
}

/// Signatures that have a wrong length in one place, and the error.
fn wrong_signatures() -> impl Iterator<Item = (HybridSignature, DecodeError)> {
    let ed25519 = [0, 63, 65].map(|len| {
        let signature = HybridSignature {
            ed25519: vec![3; len],
            ..a_signature()
        };
        (signature, DecodeError::Invalid("the Ed25519 signature"))
    });
    let ml_dsa_65 = [0, 3_308, 3_310].map(|len| {
        let signature = HybridSignature {
            ml_dsa_65: vec![3; len],
            ..a_signature()
        };
        (signature, DecodeError::Invalid("the ML-DSA-65 signature"))
    });
    ed25519.into_iter().chain(ml_dsa_65)
}

#[test]
fn a_recovery_message_with_a_signature_of_another_length_is_refused() {
    let message = || RecoveryMessage::Routes(an_update());
    assert_recovery(&RecoveryPlaintext::new(message(), a_signature()), None);
    for (signature, refused) in wrong_signatures() {
        assert_recovery(&RecoveryPlaintext::new(message(), signature), Some(refused));
    }
}

/// Another version may look different in all that follows.
#[test]
fn a_recovery_message_of_another_version_is_told_before_the_rest_is_read() {
    let sound = a_recovery_plaintext(RecoveryMessage::Routes(an_update()));
    let mut bytes = sound.to_bytes().unwrap();
    bytes[0] = 2;
    let newer = Err(DecodeError::Version(2));
    assert_eq!(RecoveryPlaintext::from_bytes(&bytes), newer);
    assert_eq!(RecoveryPlaintext::from_bytes(&[2, 0xff]), newer);
    bytes.resize(BOX_PLAINTEXT_LEN, 0);
    assert_eq!(RecoveryPlaintext::from_padded(&bytes), newer);
    bytes[1..].fill(0xff);
    assert_eq!(RecoveryPlaintext::from_padded(&bytes), newer);

    let malformed = Err(DecodeError::Malformed);
    assert_eq!(RecoveryPlaintext::from_bytes(&[]), malformed);
    let padded = sound.to_padded().unwrap();
    assert_eq!(RecoveryPlaintext::from_padded(&padded[1..]), malformed);
    assert_eq!(
        RecoveryPlaintext::from_padded(&[padded, vec![0]].concat()),
        malformed
    );
}

#[test]
fn a_recovery_message_fills_a_box_and_goes_no_further() {
    let of = |key_package_len| {
        a_recovery_plaintext(RecoveryMessage::Request(RepairRequest {
            key_package: vec![1; key_package_len],
            ..a_repair_request()
        }))
    };
    let room = BOX_PLAINTEXT_LEN - of(9_000).to_bytes().unwrap().len();
    let full = of(9_000 + room);
    let bytes = full.to_bytes().unwrap();
    assert_eq!(bytes.len(), BOX_PLAINTEXT_LEN);
    assert_eq!(full.to_padded(), Ok(bytes));
    for more in [1, 2] {
        assert_eq!(
            of(9_000 + room + more).to_padded(),
            Err(DecodeError::TooLong("the content of the box"))
        );
    }
}

/// The greatest generation and the greatest number of a place.
const GENERATION: u32 = 1 << 31;
const PLACE: u32 = 1 << 24;

const WRONG_GENERATION: DecodeError = DecodeError::Invalid("the generation");
const WRONG_PLACE: DecodeError = DecodeError::Invalid("the place");

/// What a request may not say, and the error: `Succession` holds one as well.
fn wrong_requests(sound: &RepairRequest) -> Vec<(RepairRequest, DecodeError)> {
    let altered = |alter: &dyn Fn(&mut RepairRequest)| {
        let mut request = sound.clone();
        alter(&mut request);
        request
    };
    let overlapping = || vec![NumberRange { first: 1, last: 2 }];
    let receipts = DecodeError::Invalid("the receipts");
    vec![
        (
            altered(&|request| request.generation = GENERATION + 1),
            WRONG_GENERATION,
        ),
        (
            altered(&|request| request.generation = u32::MAX),
            WRONG_GENERATION,
        ),
        (
            altered(&|request| request.received_in = request.generation + 1),
            WRONG_GENERATION,
        ),
        (
            altered(&|request| request.read_next = PLACE + 1),
            WRONG_PLACE,
        ),
        (
            altered(&|request| request.write_next = PLACE + 1),
            WRONG_PLACE,
        ),
        (
            altered(&|request| request.received.beyond = overlapping()),
            receipts,
        ),
        (
            altered(&|request| {
                request.acknowledged.up_to = 1;
                request.acknowledged.beyond = overlapping();
            }),
            receipts,
        ),
        (
            altered(&|request| request.routes.routes.relays = vec![an_onion(1); 2]),
            DecodeError::Invalid("the list of relays"),
        ),
    ]
}

#[test]
fn a_request_for_new_keys_keeps_its_limits() {
    let sound = a_repair_request();
    assert_message(RecoveryMessage::Request(sound.clone()), None);
    for (request, refused) in wrong_requests(&sound) {
        assert_message(RecoveryMessage::Request(request), Some(refused));
    }
    let greatest = RepairRequest {
        generation: GENERATION,
        received_in: GENERATION,
        read_next: PLACE,
        write_next: PLACE,
        ..sound.clone()
    };
    assert_message(RecoveryMessage::Request(greatest), None);
    for (count, refused) in [
        (64, None),
        (65, Some(DecodeError::TooLong("the marks"))),
        (66, Some(DecodeError::TooLong("the marks"))),
    ] {
        let request = RepairRequest {
            open: vec![BoxMark { number: 8, mark: 1 }; count],
            ..sound.clone()
        };
        assert_message(RecoveryMessage::Request(request), refused);
    }
}

#[test]
fn an_answer_with_new_keys_keeps_its_limits() {
    let check = |alter: &dyn Fn(&mut RepairAnswer), refused| {
        let mut answer = a_repair_answer();
        alter(&mut answer);
        assert_message(RecoveryMessage::Answer(answer), refused);
    };
    check(&|_| {}, None);
    for len in [0, 31, 33] {
        check(
            &|answer| answer.request = vec![7; len],
            Some(DecodeError::Invalid("the request's hash")),
        );
    }
    for old_generation in [5, 6] {
        check(
            &|answer| answer.old_generation = old_generation,
            Some(WRONG_GENERATION),
        );
    }
    check(&|answer| answer.generation = GENERATION, None);
    check(
        &|answer| answer.generation = GENERATION + 1,
        Some(WRONG_GENERATION),
    );
    check(&|answer| answer.write_next = PLACE, None);
    check(&|answer| answer.write_next = PLACE + 1, Some(WRONG_PLACE));
    check(&|answer| answer.read_next = PLACE, None);
    check(&|answer| answer.read_next = PLACE + 1, Some(WRONG_PLACE));
    check(
        &|answer| answer.received.beyond = vec![NumberRange { first: 4, last: 4 }],
        Some(DecodeError::Invalid("the receipts")),
    );
}

#[test]
fn a_succession_keeps_its_limits_and_those_of_its_request() {
    let check = |alter: &dyn Fn(&mut Succession), refused| {
        let mut succession = a_succession();
        alter(&mut succession);
        assert_message(RecoveryMessage::Succession(succession), refused);
    };
    check(&|_| {}, None);
    check(
        &|succession| succession.request.open = vec![BoxMark { number: 8, mark: 1 }],
        Some(DecodeError::TooLong("the marks")),
    );
    check(
        &|succession| succession.request.need = Need::IfTheyDiffer,
        Some(DecodeError::Invalid("the need")),
    );
    let hand_over = |alter: &dyn Fn(&mut HandOver), refused| {
        check(
            &|succession| alter(&mut succession.hand_over),
            Some(refused),
        );
    };
    for len in [0, 31, 33] {
        hand_over(
            &|hand_over| hand_over.ed25519_public = vec![1; len],
            DecodeError::Invalid("the Ed25519 key"),
        );
    }
    for len in [0, 1_951, 1_953] {
        hand_over(
            &|hand_over| hand_over.ml_dsa_65_public = vec![1; len],
            DecodeError::Invalid("the ML-DSA-65 key"),
        );
    }
    for (signature, refused) in wrong_signatures() {
        hand_over(
            &|hand_over| hand_over.signature = signature.clone(),
            refused,
        );
    }
    for (request, refused) in wrong_requests(&a_succession().request) {
        check(
            &|succession| succession.request = request.clone(),
            Some(refused),
        );
    }
}

#[test]
fn changed_routes_are_possible_ones() {
    let check = |alter: &dyn Fn(&mut RouteUpdate), refused| {
        let mut update = an_update();
        alter(&mut update);
        assert_eq!(update.to_bytes().err(), refused);
        let bytes = to_bytes(&update).unwrap();
        assert_eq!(RouteUpdate::from_bytes(&bytes).err(), refused);
        assert_message(RecoveryMessage::Routes(update), refused);
    };
    check(&|_| {}, None);
    check(
        &|update| update.routes.relays = vec![an_onion(1); 2],
        Some(DecodeError::Invalid("the list of relays")),
    );
    check(
        &|update| update.routes.relays = (1..=4).map(an_onion).collect(),
        Some(DecodeError::TooLong("the list of relays")),
    );
}
