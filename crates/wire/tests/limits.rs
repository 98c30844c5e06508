//! Lengths and bounds that other programs must have alike, as the specification gives them.

use hushwing_wire::limits;

#[test]
fn limits_are_those_of_the_specification() {
    assert_eq!(limits::BOX_LEN, 16_384);
    assert_eq!(limits::BOX_NONCE_LEN, 24);
    assert_eq!(limits::BOX_TAG_LEN, 16);
    assert_eq!(limits::BOX_PLAINTEXT_LEN, 16_344);
    assert_eq!(limits::SLOT_LEN, 32);
    assert_eq!(limits::FRAME_HEADER_LEN, 512);
    assert_eq!(limits::FRAME_LEN, 16_896);
    assert_eq!(limits::MAX_SLOTS_PER_REQUEST, 8);
    assert_eq!(limits::MAX_WAIT_S, 120);
    assert_eq!(limits::DEFAULT_TTL_S, 1_814_400);
    assert_eq!(limits::MAX_TTL_S, 7_776_000);
    assert_eq!(limits::MAX_RELAYS, 3);
    assert_eq!(limits::MAX_NAME_LEN, 64);
    assert_eq!(limits::MAX_CONTENT_LEN, 9_000);
    assert_eq!(limits::MAX_TEXT_LEN, 8_192);
    assert_eq!(limits::MAX_RECEIPT_RANGES, 16);
    assert_eq!(limits::MAX_OPEN_MARKS, 64);
    assert_eq!(limits::MAX_LANE_ENDS, 8);
    assert_eq!(limits::MAX_UNREAD_PLACES, 16);
    assert_eq!(limits::MAX_HOST_LEN, 253);
    assert_eq!(limits::MAX_LINK_CHARS, 2_048);
    assert_eq!(limits::MAX_ROUTE_RECORD_CHARS, 12_288);
    assert_eq!(limits::MAX_ROUTE_RECORD_LEN, 7_665);
    assert_eq!(limits::MAX_PLACE, 16_777_216);
    assert_eq!(limits::MAX_GENERATION, 2_147_483_648);
    assert_eq!(limits::MAX_GENERATION_STEP, 65_536);
}
