//! Sound values of each kind.

#![allow(dead_code, reason = "each test file uses its part")]

use hushwing_wire::{
    Body, BoxMark, ContactCard, ED25519_PUBLIC_LEN, ED25519_SIGNATURE_LEN, Envelope, HandOver,
    HybridSignature, InviteLink, LaneEnd, ML_DSA_65_PUBLIC_LEN, ML_DSA_65_SIGNATURE_LEN, Need,
    NumberRange, Receipts, RecoveryMessage, RecoveryPlaintext, RelayAddress, RepairAnswer,
    RepairRequest, RouteUpdate, Routes, ServerKeyPin, Succession,
    address::{Endpoint, OnionAddress},
};

pub(crate) fn an_onion(fill: u8) -> RelayAddress {
    RelayAddress {
        endpoint: Endpoint::Onion {
            address: OnionAddress::from_public_key([fill; 32]),
            port: 443,
        },
        pin: ServerKeyPin::new([fill; 32]),
        access: None,
    }
}

pub(crate) fn a_card() -> ContactCard {
    ContactCard {
        ed25519_public: vec![1; ED25519_PUBLIC_LEN],
        ml_dsa_65_public: vec![2; ML_DSA_65_PUBLIC_LEN],
        ed25519_signature: vec![3; ED25519_SIGNATURE_LEN],
        ml_dsa_65_signature: vec![4; ML_DSA_65_SIGNATURE_LEN],
        name: "Ada".into(),
        routes: Routes {
            relays: vec![an_onion(1), an_onion(2)],
            direct: Some(an_onion(3)),
        },
    }
}

pub(crate) fn an_envelope(body: Body) -> Envelope {
    Envelope {
        number: 7,
        clock: 9,
        sent_at_ms: 1_700_000_000_000,
        received: Receipts {
            up_to: 3,
            beyond: vec![
                NumberRange { first: 5, last: 6 },
                NumberRange { first: 9, last: 9 },
            ],
            mark: 0x0102_0304_0506_0708,
        },
        lane_ends: vec![LaneEnd { epoch: 4, count: 2 }],
        epoch_authenticator: vec![8; 32],
        body,
    }
}

pub(crate) fn a_link(relays: u8) -> InviteLink {
    InviteLink {
        expires_at_min: 30_000_000,
        secret: [5; 32],
        bundle_hash: [6; 32],
        relays: (1..=relays).map(an_onion).collect(),
    }
}

pub(crate) fn a_signature() -> HybridSignature {
    HybridSignature {
        ed25519: vec![3; ED25519_SIGNATURE_LEN],
        ml_dsa_65: vec![4; ML_DSA_65_SIGNATURE_LEN],
    }
}

pub(crate) fn an_update() -> RouteUpdate {
    RouteUpdate {
        serial: 6,
        routes: a_card().routes,
    }
}

pub(crate) fn a_repair_request() -> RepairRequest {
    RepairRequest {
        key_package: vec![1; 2_642],
        generation: 5,
        received: an_envelope(Body::Nothing).received,
        received_in: 4,
        read_next: 2,
        write_next: 3,
        sent: 9,
        acknowledged: Receipts::default(),
        open: vec![BoxMark { number: 8, mark: 1 }],
        need: Need::IfTheyDiffer,
        routes: an_update(),
    }
}

pub(crate) fn a_repair_answer() -> RepairAnswer {
    RepairAnswer {
        request: vec![7; 32],
        welcome: vec![8; 5_600],
        generation: 5,
        old_generation: 4,
        received: an_envelope(Body::Nothing).received,
        write_next: 2,
        read_next: 3,
    }
}

pub(crate) fn a_succession() -> Succession {
    Succession {
        hand_over: HandOver {
            ed25519_public: vec![1; ED25519_PUBLIC_LEN],
            ml_dsa_65_public: vec![2; ML_DSA_65_PUBLIC_LEN],
            signature: a_signature(),
        },
        request: RepairRequest {
            open: Vec::new(),
            need: Need::Sure,
            ..a_repair_request()
        },
    }
}

pub(crate) fn recovery_messages() -> [RecoveryMessage; 4] {
    [
        RecoveryMessage::Routes(an_update()),
        RecoveryMessage::Request(a_repair_request()),
        RecoveryMessage::Answer(a_repair_answer()),
        RecoveryMessage::Succession(a_succession()),
    ]
}

pub(crate) fn a_recovery_plaintext(message: RecoveryMessage) -> RecoveryPlaintext {
    RecoveryPlaintext::new(message, a_signature())
}
