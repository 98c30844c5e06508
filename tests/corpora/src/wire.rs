//! Decoders of `hushwing-wire`. What decodes is canonical: it encodes to the
//! same bytes again, so no two encodings of one value exist, and it keeps the
//! limits that its type documents.

use std::net::IpAddr;

use hushwing_wire::{
    Body, BoxPlaintext, Bundle, ContactCard, DecodeError, ED25519_PUBLIC_LEN, Envelope, InviteLink,
    Need, Receipts, RecoveryMessage, RecoveryPlaintext, RelayAddress, RepairRequest, Request,
    RequestOp, RequestPlaintext, Response, ResponseOp, RouteUpdate, Routes, SealedBox,
    address::Endpoint,
    from_bytes,
    limits::{
        BOX_LEN, BOX_PLAINTEXT_LEN, FRAME_LEN, MAX_CONTENT_LEN, MAX_GENERATION, MAX_HOST_LEN,
        MAX_LANE_ENDS, MAX_LINK_CHARS, MAX_NAME_LEN, MAX_PLACE, MAX_RECEIPT_RANGES, MAX_RELAYS,
        MAX_SLOTS_PER_REQUEST, MAX_UNREAD_PLACES, MAX_WAIT_S,
    },
    to_bytes,
};

use crate::edits::padded;

/// A client's frame, as a relay reads it.
pub fn request_frame(input: &[u8]) {
    if input.len() != FRAME_LEN {
        assert_eq!(Request::from_frame(input), Err(DecodeError::Malformed));
    }
    let frame = padded(input, FRAME_LEN);
    let Ok(request) = Request::from_frame(&frame) else {
        return;
    };
    assert_eq!(request.to_frame().unwrap(), frame);
    match request.op {
        RequestOp::Get { slots, wait_s } => {
            assert!((1..=MAX_SLOTS_PER_REQUEST).contains(&slots.len()));
            assert!(wait_s <= MAX_WAIT_S);
        }
        RequestOp::Drop { slots } => {
            assert!((1..=MAX_SLOTS_PER_REQUEST).contains(&slots.len()));
        }
        RequestOp::Put { .. } | RequestOp::PutGated { .. } | RequestOp::Info => {}
    }
}

/// A server's frame, as a client reads it.
pub fn response_frame(input: &[u8]) {
    if input.len() != FRAME_LEN {
        assert_eq!(Response::from_frame(input), Err(DecodeError::Malformed));
    }
    let frame = padded(input, FRAME_LEN);
    let Ok(response) = Response::from_frame(&frame) else {
        return;
    };
    assert_eq!(response.to_frame().unwrap(), frame);
    match response.op {
        ResponseOp::Found { index, .. } => assert!(usize::from(index) < MAX_SLOTS_PER_REQUEST),
        ResponseOp::GateWanted(terms) => assert_eq!(terms.check(), Ok(())),
        _ => {}
    }
}

/// The inside of a conversation's box, and the box itself, which has a length
/// and nothing else.
pub fn box_plaintext(input: &[u8]) {
    match SealedBox::from_slice(input) {
        Ok(boxed) => assert_eq!(boxed.as_bytes(), input),
        Err(error) => {
            assert_eq!(error, DecodeError::Malformed);
            assert_ne!(input.len(), BOX_LEN);
        }
    }
    let plaintext = padded(input, BOX_PLAINTEXT_LEN);
    if let Ok(decoded) = BoxPlaintext::from_padded(&plaintext) {
        assert_eq!(decoded.to_padded().unwrap(), plaintext);
    }
}

/// What an application message carries, and the receipts in it by themselves.
pub fn envelope(input: &[u8]) {
    if let Ok(receipts) = from_bytes::<Receipts>(input) {
        assert_eq!(to_bytes(&receipts).unwrap(), input);
    }
    let Ok(envelope) = Envelope::from_bytes(input) else {
        return;
    };
    assert_eq!(envelope.to_bytes().unwrap(), input);
    assert!(envelope.lane_ends.len() <= MAX_LANE_ENDS);
    match &envelope.body {
        Body::Content(content) => assert!(content.len() <= MAX_CONTENT_LEN),
        Body::Again(said) => assert!(said.content.len() <= MAX_CONTENT_LEN),
        Body::Unread(places) => assert!(places.len() <= MAX_UNREAD_PLACES),
        Body::Nothing | Body::Card(_) | Body::AskAgain | Body::Routes(_) => {}
    }
    check_receipts(&envelope.received);
}

/// Ascending ranges, apart from each other and from the prefix, that hold what
/// they say.
fn check_receipts(receipts: &Receipts) {
    assert!(receipts.beyond.len() <= MAX_RECEIPT_RANGES);
    let mut below = receipts.up_to;
    for range in &receipts.beyond {
        assert!(range.first > below && range.first <= range.last);
        assert!(receipts.contains(range.first) && receipts.contains(range.last));
        assert!(!receipts.contains(range.first - 1), "a gap is a gap");
        below = range.last;
    }
    assert!(receipts.contains(receipts.up_to));
    if let Some(next) = below.checked_add(1) {
        assert!(!receipts.contains(next));
    }
}

/// What waits behind an invite.
pub fn bundle(input: &[u8]) {
    let plaintext = padded(input, BOX_PLAINTEXT_LEN);
    if let Ok(bundle) = Bundle::from_padded(&plaintext) {
        assert_eq!(bundle.to_padded().unwrap(), plaintext);
        check_card(&bundle.card);
    }
}

/// What answers an invite.
pub fn request_plaintext(input: &[u8]) {
    let plaintext = padded(input, BOX_PLAINTEXT_LEN);
    if let Ok(request) = RequestPlaintext::from_padded(&plaintext) {
        assert_eq!(request.to_padded().unwrap(), plaintext);
    }
}

/// Who somebody is, and the routes in it by themselves.
pub fn contact_card(input: &[u8]) {
    if let Ok(routes) = from_bytes::<Routes>(input) {
        assert_eq!(to_bytes(&routes).unwrap(), input);
    }
    if let Ok(card) = ContactCard::from_bytes(input) {
        assert_eq!(card.to_bytes().unwrap(), input);
        check_card(&card);
    }
}

fn check_card(card: &ContactCard) {
    assert!(card.name.len() <= MAX_NAME_LEN);
    assert!(std::str::from_utf8(&card.name).is_ok());
    check_routes(&card.routes);
}

fn check_routes(routes: &Routes) {
    assert!(routes.relays.len() <= MAX_RELAYS);
    for address in routes.relays.iter().chain(&routes.direct) {
        check_endpoint(&address.endpoint);
    }
    if let Some(direct) = &routes.direct {
        assert!(matches!(direct.endpoint, Endpoint::Onion { .. }));
    }
}

/// What lies at a recovery place, with and without padding, and a change of
/// routes by itself.
pub fn recovery_plaintext(input: &[u8]) {
    if let Ok(update) = RouteUpdate::from_bytes(input) {
        assert_eq!(update.to_bytes().unwrap(), input);
        check_routes(&update.routes);
    }
    if let Ok(plaintext) = RecoveryPlaintext::from_bytes(input) {
        assert_eq!(plaintext.to_bytes().unwrap(), input);
        check_recovery(&plaintext.message);
    }
    let padded = padded(input, BOX_PLAINTEXT_LEN);
    if let Ok(plaintext) = RecoveryPlaintext::from_padded(&padded) {
        assert_eq!(plaintext.to_padded().unwrap(), padded);
        check_recovery(&plaintext.message);
    }
}

fn check_request(request: &RepairRequest) {
    check_receipts(&request.received);
    check_routes(&request.routes.routes);
    assert!(request.generation <= MAX_GENERATION && request.read_next <= MAX_PLACE);
}

fn check_recovery(message: &RecoveryMessage) {
    match message {
        RecoveryMessage::Routes(update) => check_routes(&update.routes),
        RecoveryMessage::Request(request) => check_request(request),
        RecoveryMessage::Succession(succession) => {
            let request = &succession.request;
            assert!(request.need == Need::Sure && request.open.is_empty());
            assert_eq!(
                succession.hand_over.ed25519_public.len(),
                ED25519_PUBLIC_LEN
            );
            check_request(request);
        }
        RecoveryMessage::Answer(answer) => {
            check_receipts(&answer.received);
            assert_eq!(answer.request.len(), 32);
            assert!(answer.generation <= MAX_GENERATION && answer.write_next <= MAX_PLACE);
            assert!(answer.old_generation < answer.generation);
        }
    }
}

/// A relay's address: as bytes, as the text that is pasted, and the host and
/// port that a person types.
pub fn relay_address(input: &[u8]) {
    if let Ok(address) = from_bytes::<RelayAddress>(input) {
        assert_eq!(to_bytes(&address).unwrap(), input);
        check_endpoint(&address.endpoint);
    }
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    if let Ok(address) = text.parse::<RelayAddress>() {
        assert!(text.len() <= MAX_LINK_CHARS);
        assert_eq!(address.to_string(), without_wrapping(text));
        check_endpoint(&address.endpoint);
    }
    if let Ok(endpoint) = text.parse::<Endpoint>() {
        check_endpoint(&endpoint);
        let bytes = to_bytes(&endpoint).unwrap();
        assert_eq!(from_bytes::<Endpoint>(&bytes), Ok(endpoint));
    }
}

/// No address leads out of Tor: an onion, a name that is not an address in
/// disguise, or this machine.
fn check_endpoint(endpoint: &Endpoint) {
    match endpoint {
        Endpoint::Onion { address, port } => {
            assert_ne!(*port, 0);
            assert_eq!(address.to_host().parse(), Ok(*address));
        }
        Endpoint::Host { name, port } => {
            assert_ne!(*port, 0);
            let name = name.as_str();
            assert!(name.len() <= MAX_HOST_LEN && name.contains('.'));
            assert!(
                name.bytes()
                    .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'))
            );
            assert!(name.parse::<IpAddr>().is_err());
            assert!(!name.ends_with('.') && !name.ends_with(".onion"));
            assert!(!name.ends_with(".localhost") && !name.ends_with(".local"));
        }
        Endpoint::Loopback(address) => {
            assert!(address.socket_addr().ip().is_loopback());
            assert_ne!(address.socket_addr().port(), 0);
        }
        Endpoint::Clear(_) => panic!("an address outside Tor cannot be written or sent"),
    }
}

/// A pasted invite.
pub fn invite_link(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Ok(link) = text.parse::<InviteLink>() else {
        return;
    };
    assert!(text.len() <= MAX_LINK_CHARS);
    assert_eq!(link.to_string(), without_wrapping(text));
    assert!((1..=MAX_RELAYS).contains(&link.relays.len()));
    for relay in &link.relays {
        check_endpoint(&relay.endpoint);
    }
    assert!(link.to_bytes().is_ok());
}

/// A text as its encoder writes it: lower case and in one piece.
fn without_wrapping(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_ascii_lowercase())
        .collect()
}
