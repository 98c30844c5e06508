//! Every decoder takes what its encoder makes and refuses everything else
//! without a panic.

mod common;

use common::{a_card, a_link, a_recovery_plaintext, a_succession, an_envelope, an_onion};
use hushwing_wire::{
    Body, BoxPlaintext, Bundle, ContactCard, DecodeError, Envelope, GateProof, GateTerms,
    InviteLink, LanePlace, NumberRange, RecoveryMessage, RecoveryPlaintext, Refusal, RelayAddress,
    RelayInfo, Request, RequestOp, RequestPlaintext, Response, ResponseOp, RouteRecord,
    RouteUpdate, Routes, SaidBefore, SealedBox, ServerKeyPin, Slot,
    address::{ClearAddr, Endpoint, HostName, LoopbackAddr, OnionAddress},
    limits::{BOX_LEN, BOX_PLAINTEXT_LEN, FRAME_LEN},
};
use proptest::prelude::*;

fn a_box(fill: u8) -> SealedBox {
    SealedBox::from_slice(&[fill; BOX_LEN]).expect("a box has this length")
}

fn requests() -> Vec<RequestOp> {
    let slot = Slot::new([7; 32]);
    vec![
        RequestOp::Put {
            slot,
            ttl_s: 60,
            boxed: a_box(1),
        },
        RequestOp::PutGated {
            slot,
            ttl_s: 60,
            boxed: a_box(1),
            proof: GateProof::Key { mac: [9; 32] },
        },
        RequestOp::PutGated {
            slot,
            ttl_s: 0,
            boxed: a_box(0),
            proof: GateProof::Work {
                nonce: [0; 16],
                solution: [0; 16],
            },
        },
        RequestOp::Get {
            slots: vec![slot; 8],
            wait_s: 120,
        },
        RequestOp::Drop { slots: vec![slot] },
        RequestOp::Info,
    ]
}

fn responses() -> Vec<ResponseOp> {
    vec![
        ResponseOp::Stored,
        ResponseOp::Same,
        ResponseOp::Taken(a_box(2)),
        ResponseOp::TakenAndDropped,
        ResponseOp::Full,
        ResponseOp::Found {
            index: 7,
            boxed: a_box(3),
        },
        ResponseOp::Nothing,
        ResponseOp::Dropped,
        ResponseOp::Info(RelayInfo {
            max_ttl_s: 1,
            max_wait_s: 2,
            accepting: 1,
        }),
        ResponseOp::Refused(Refusal::NotServed),
        ResponseOp::GateWanted(GateTerms {
            access_key: true,
            work_level: None,
        }),
        ResponseOp::GateWanted(GateTerms {
            access_key: true,
            work_level: Some(0),
        }),
        ResponseOp::GateWanted(GateTerms {
            access_key: false,
            work_level: Some(24),
        }),
    ]
}

#[test]
fn every_frame_comes_back_as_it_was_and_has_one_length() {
    for op in requests() {
        let request = Request { id: 3, op };
        let frame = request.to_frame().expect("encodes");
        assert_eq!(frame.len(), FRAME_LEN);
        assert_eq!(Request::from_frame(&frame), Ok(request));
    }
    for op in responses() {
        let response = Response { id: u32::MAX, op };
        let frame = response.to_frame().expect("encodes");
        assert_eq!(frame.len(), FRAME_LEN);
        assert_eq!(Response::from_frame(&frame), Ok(response));
    }
}

/// `[HW-GATE-1]`
#[test]
fn terms_that_nobody_can_meet_and_proofs_of_no_kind_are_refused() {
    let sound = Response {
        id: 1,
        op: ResponseOp::GateWanted(GateTerms {
            access_key: false,
            work_level: Some(3),
        }),
    };
    let frame = sound.to_frame().expect("encodes");
    // No way; an unknown way; work that is none of the ways; too much of it.
    for (ways, level) in [(0, 0), (4, 0), (7, 1), (1, 1), (2, 25), (3, 255)] {
        let mut bad = frame.clone();
        bad[6..8].copy_from_slice(&[ways, level]);
        assert!(Response::from_frame(&bad).is_err(), "{ways}, {level}");
    }
    for impossible in [
        GateTerms {
            access_key: false,
            work_level: None,
        },
        GateTerms {
            access_key: true,
            work_level: Some(25),
        },
    ] {
        let op = ResponseOp::GateWanted(impossible);
        assert!(Response { id: 1, op }.to_frame().is_err());
    }
    let put = Request {
        id: 1,
        op: RequestOp::PutGated {
            slot: Slot::new([7; 32]),
            ttl_s: 60,
            boxed: a_box(1),
            proof: GateProof::Key { mac: [9; 32] },
        },
    };
    let frame = put.to_frame().expect("encodes");
    let way = 6 + 32 + 4;
    for bad_way in [0, 3, 255] {
        let mut bad = frame.clone();
        bad[way] = bad_way;
        assert!(Request::from_frame(&bad).is_err(), "{bad_way}");
    }
    let mut longer = frame;
    longer[way + 33] = 1;
    assert_eq!(Request::from_frame(&longer), Err(DecodeError::Padding));
}

#[test]
fn a_request_names_one_to_eight_slots_and_waits_two_minutes_at_most() {
    let slot = Slot::new([7; 32]);
    for slots in [vec![], vec![slot; 9]] {
        assert!(
            Request {
                id: 1,
                op: RequestOp::Drop {
                    slots: slots.clone()
                }
            }
            .to_frame()
            .is_err()
        );
        assert!(
            Request {
                id: 1,
                op: RequestOp::Get { slots, wait_s: 1 }
            }
            .to_frame()
            .is_err()
        );
    }
    let long = Request {
        id: 1,
        op: RequestOp::Get {
            slots: vec![slot],
            wait_s: 121,
        },
    };
    let frame = long.to_frame().expect("encodes");
    assert_eq!(
        Request::from_frame(&frame),
        Err(DecodeError::TooLong("the wait"))
    );
}

/// Claim M1.
#[test]
fn a_frame_without_a_box_has_nothing_in_the_place_of_the_box() {
    let mut frame = Request {
        id: 1,
        op: RequestOp::Info,
    }
    .to_frame()
    .expect("encodes");
    frame[FRAME_LEN - 1] = 1;
    assert_eq!(Request::from_frame(&frame), Err(DecodeError::Padding));
}

#[test]
fn boxes_bundles_and_requests_fill_one_plaintext() {
    let boxed = BoxPlaintext {
        commit: vec![1; 4_000],
        message: vec![2; 9_500],
    };
    let padded = boxed.to_padded().expect("fits");
    assert_eq!(padded.len(), BOX_PLAINTEXT_LEN);
    assert_eq!(BoxPlaintext::from_padded(&padded), Ok(boxed));

    let bundle = Bundle {
        key_package: vec![1; 2_642],
        card: a_card(),
    };
    let padded = bundle.to_padded().expect("fits");
    assert_eq!(Bundle::from_padded(&padded), Ok(bundle));

    let request = RequestPlaintext {
        welcome: vec![1; 5_600],
        message: vec![2; 6_100],
    };
    let padded = request.to_padded().expect("fits");
    assert_eq!(RequestPlaintext::from_padded(&padded), Ok(request));

    let large = BoxPlaintext {
        commit: vec![],
        message: vec![2; BOX_PLAINTEXT_LEN],
    };
    assert_eq!(
        large.to_padded(),
        Err(DecodeError::TooLong("the content of the box"))
    );
}

#[test]
fn what_lies_outside_of_the_lanes_comes_back() {
    for message in common::recovery_messages() {
        let plaintext = a_recovery_plaintext(message);
        let bytes = plaintext.to_bytes().expect("encodes");
        assert_eq!(RecoveryPlaintext::from_bytes(&bytes), Ok(plaintext.clone()));
        let padded = plaintext.to_padded().expect("fits");
        assert_eq!(padded.len(), BOX_PLAINTEXT_LEN);
        assert_eq!(padded[..bytes.len()], bytes);
        assert_eq!(RecoveryPlaintext::from_padded(&padded), Ok(plaintext));
    }
}

#[test]
fn a_newer_version_is_named_as_such() {
    let mut padded = BoxPlaintext {
        commit: vec![],
        message: vec![1],
    }
    .to_padded()
    .expect("fits");
    padded[0] = 2;
    assert_eq!(
        BoxPlaintext::from_padded(&padded),
        Err(DecodeError::Version(2))
    );
}

#[test]
fn envelopes_come_back_and_keep_their_limits() {
    for body in [
        Body::Nothing,
        Body::Content(vec![1; 9_000]),
        Body::Card(vec![2; 5_600]),
    ] {
        let envelope = an_envelope(body);
        let bytes = envelope.to_bytes().expect("encodes");
        assert_eq!(Envelope::from_bytes(&bytes), Ok(envelope));
    }
    assert!(
        an_envelope(Body::Content(vec![1; 9_001]))
            .to_bytes()
            .is_err()
    );
}

#[test]
fn receipts_are_ascending_and_apart() {
    let range = |first, last| NumberRange { first, last };
    for beyond in [
        vec![range(4, 5)],
        vec![range(3, 5)],
        vec![range(6, 5)],
        vec![range(6, 7), range(8, 9)],
        vec![range(9, 9), range(6, 6)],
        vec![range(5, 5); 17],
    ] {
        let mut envelope = an_envelope(Body::Nothing);
        envelope.received.beyond = beyond;
        assert!(envelope.to_bytes().is_err());
    }
    let receipts = an_envelope(Body::Nothing).received;
    let held: Vec<u64> = (0..12).filter(|n| receipts.contains(*n)).collect();
    assert_eq!(held, [0, 1, 2, 3, 5, 6, 9]);
}

#[test]
fn a_link_survives_case_wrapping_and_fits_a_qr_code_of_version_12() {
    for relays in 1..=3 {
        let link = a_link(relays);
        let text = link.to_string();
        // 535 alphanumeric characters: version 12, error correction L.
        assert!(text.len() <= 535, "{} characters", text.len());
        assert_eq!(text.parse(), Ok(link.clone()));
        assert_eq!(text.to_uppercase().parse(), Ok(link.clone()));
        let (head, tail) = text.split_at(60);
        assert_eq!(format!(" {head}\r\n {tail}\n").parse(), Ok(link));
    }
    assert!(a_link(0).to_bytes().is_err());
    assert!(a_link(4).to_bytes().is_err());
}

#[test]
fn one_wrong_character_in_a_link_is_told() {
    let text = a_link(1).to_string();
    for position in "hushwing:".len()..text.len() {
        let mut wrong = text.clone().into_bytes();
        wrong[position] = if wrong[position] == b'a' { b'b' } else { b'a' };
        let wrong = String::from_utf8(wrong).expect("ASCII");
        assert_eq!(wrong.parse::<InviteLink>(), Err(DecodeError::Checksum));
    }
    assert!("hushwing:".parse::<InviteLink>().is_err());
    assert!("https://example.org".parse::<InviteLink>().is_err());
    assert!("x".repeat(3_000).parse::<InviteLink>().is_err());
}

#[test]
fn relay_addresses_of_each_kind_come_back() {
    let pin = ServerKeyPin::new([1; 32]);
    let host = Endpoint::Host {
        name: "relay.example.org".parse().expect("a name"),
        port: 443,
    };
    let loopback = LoopbackAddr::new(([127, 0, 0, 1], 4_000).into()).expect("loopback");
    for endpoint in [an_onion(4).endpoint, host, Endpoint::Loopback(loopback)] {
        let address = RelayAddress {
            endpoint,
            pin,
            access: None,
        };
        assert_eq!(address.to_string().parse(), Ok(address));
    }
}

#[test]
fn the_onion_address_of_the_tor_project_parses() {
    let text = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion";
    let address: OnionAddress = text.parse().expect("a valid address");
    assert_eq!(address.to_host(), text);
    assert_eq!(
        OnionAddress::from_public_key(*address.public_key()),
        address
    );
    let wrong = text.replacen('2', "3", 1);
    assert_eq!(wrong.parse::<OnionAddress>(), Err(DecodeError::Checksum));
}

#[test]
fn odd_spellings_of_addresses_are_refused() {
    for text in [
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "0x7f.1",
        "2130706433",
        "0177.0.0.1",
        "1.2.3.4",
        "1.2.3.0x4",
        "[::1]",
        "::1",
        "localhost",
        "localhost.",
        "a.localhost",
        "a.local",
        "example",
        "example.org.",
        ".example.org",
        "a..b",
        "-a.org",
        "a-.org",
        "ex_ample.org",
        "exa mple.org",
        "example.org:80",
        "user@example.org",
        "bücher.example",
        "e\u{3002}org",
        "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion",
        "a.onion",
        "",
        "facebookcorewwwi.onion",
        "%31.example.org",
        "example.org/",
        "example\u{0}.org",
    ] {
        assert!(
            text.parse::<HostName>().is_err(),
            "{text:?} was taken for a host name"
        );
    }
    let onion = "2gzyxa5ihm7nsggfxnu52rck2vv4rvmdlkiu3zzui5du4xyclen53wid.onion";
    for text in [
        format!("{onion}."),
        format!("www.{onion}"),
        format!(" {onion}"),
        "a.onion".into(),
        onion.replace(".onion", ""),
        "expyuzz4wqqyqhjn.onion".into(),
    ] {
        assert!(
            text.parse::<OnionAddress>().is_err(),
            "{text:?} was taken for an onion"
        );
    }
    for text in [
        "8.8.8.8:53",
        "[::ffff:127.0.0.1]:80",
        "[2001:db8::1]:80",
        "0.0.0.0:80",
        "10.0.0.1:80",
        "127.1:80",
        "127.0.0.1:0",
        "localhost:80",
        "example.org",
        "example.org:0",
        "example.org:+80",
        "example.org:65536",
        "example.org:80:80",
        "a.onion:80",
    ] {
        assert!(
            text.parse::<Endpoint>().is_err(),
            "{text:?} was taken for an endpoint"
        );
    }
    assert!("127.0.0.1:80".parse::<Endpoint>().is_ok());
    assert!("[::1]:80".parse::<Endpoint>().is_ok());
    assert!("Relay.Example.org:443".parse::<Endpoint>().is_ok());
    assert!(format!("{onion}:443").parse::<Endpoint>().is_ok());
}

/// Claim M2.
#[test]
fn nobody_can_send_an_impossible_route() {
    let mut card = a_card();
    card.routes.direct = Some(RelayAddress {
        endpoint: "relay.example.org:443".parse().expect("a host"),
        pin: ServerKeyPin::new([1; 32]),
        access: None,
    });
    assert!(card.to_bytes().is_err());
    let mut card = a_card();
    card.routes.relays = vec![an_onion(1), an_onion(1)];
    assert!(card.to_bytes().is_err());
    let mut card = a_card();
    card.name = vec![0xff];
    assert!(card.to_bytes().is_err());
}

/// Claim Z1.
#[test]
fn secrets_do_not_show_in_debug_output() {
    let onion = an_onion(65);
    let host: HostName = "relay.example.org".parse().expect("a name");
    let loopback = LoopbackAddr::new(([127, 0, 0, 1], 4_000).into()).expect("loopback");
    let clear = ClearAddr::dangerously_outside_tor(([8, 8, 8, 8], 53).into());
    let routes = a_card().routes;
    let update = RouteUpdate {
        serial: 6,
        routes: routes.clone(),
    };
    let hand_over = a_succession().hand_over;
    let record = RouteRecord::new(vec![65; 64]).expect("a record");
    let again = Body::Again(SaidBefore {
        clock: 65,
        content: vec![65],
    });
    let unread = Body::Unread(vec![LanePlace { epoch: 3, index: 4 }]);
    let shown: [(&dyn std::fmt::Debug, &str); 21] = [
        (&a_link(1), "InviteLink(..)"),
        (&Slot::new([65; 32]), "Slot(..)"),
        (&a_box(65), "SealedBox(..)"),
        (&OnionAddress::from_public_key([65; 32]), "OnionAddress(..)"),
        (&host, "HostName(..)"),
        (&loopback, "LoopbackAddr(127.0.0.1:4000)"),
        (&clear, "ClearAddr(..)"),
        (&onion, "RelayAddress(..)"),
        (&onion.pin, "ServerKeyPin(..)"),
        (&routes, "Routes(2 relays, direct: true)"),
        (&update, "RouteUpdate(6, Routes(2 relays, direct: true))"),
        (&record, "RouteRecord(..)"),
        (&a_card(), "ContactCard(..)"),
        (&hand_over, "HandOver(..)"),
        (&hand_over.signature, "HybridSignature(..)"),
        (&Body::Nothing, "Nothing"),
        (&Body::Content(vec![65]), "Content(..)"),
        (&Body::Card(vec![65]), "Card(..)"),
        (&again, "Again(SaidBefore(..))"),
        (&Body::Routes(vec![65]), "Routes(..)"),
        (&unread, "Unread([LanePlace { epoch: 3, index: 4 }])"),
    ];
    for (value, wanted) in shown {
        assert_eq!(format!("{value:?}"), wanted);
    }
}

proptest! {
    /// Claim I1.
    #[test]
    fn no_decoder_panics_on_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = Envelope::from_bytes(&bytes);
        let _ = ContactCard::from_bytes(&bytes);
        let _ = hushwing_wire::from_bytes::<RelayAddress>(&bytes);
        let _ = hushwing_wire::from_bytes::<Routes>(&bytes);
        let _ = hushwing_wire::from_bytes::<InviteLink>(&bytes);
        let _ = hushwing_wire::from_bytes::<RecoveryMessage>(&bytes);
        let _ = RouteUpdate::from_bytes(&bytes);
        let _ = RecoveryPlaintext::from_bytes(&bytes);
        let mut frame = bytes.clone();
        frame.resize(FRAME_LEN, 0);
        let _ = Request::from_frame(&frame);
        let _ = Response::from_frame(&frame);
        frame[0] = 1;
        let _ = Request::from_frame(&frame);
        let _ = Response::from_frame(&frame);
        let mut padded = bytes;
        padded.resize(BOX_PLAINTEXT_LEN, 0);
        padded[0] = 1;
        let _ = BoxPlaintext::from_padded(&padded);
        let _ = Bundle::from_padded(&padded);
        let _ = RequestPlaintext::from_padded(&padded);
        let _ = RecoveryPlaintext::from_padded(&padded);
    }

    #[test]
    fn a_changed_envelope_is_refused_or_differs(position in 0usize..400, bit in 0u8..8) {
        let envelope = an_envelope(Body::Content(vec![9; 300]));
        let mut bytes = envelope.to_bytes().expect("encodes");
        let position = position % bytes.len();
        bytes[position] ^= 1 << bit;
        prop_assert_ne!(Envelope::from_bytes(&bytes), Ok(envelope));
    }

    /// Claim I1.
    #[test]
    fn a_cut_or_extended_structure_is_refused(keep in 0usize..5_500, extra in 1usize..9) {
        let card = a_card().to_bytes().expect("encodes");
        let keep = keep % card.len();
        prop_assert!(ContactCard::from_bytes(&card[..keep]).is_err());
        let mut long = card;
        long.extend(vec![0; extra]);
        prop_assert!(ContactCard::from_bytes(&long).is_err());
    }
}
