//! Requests to become a contact: what is asked, decided, and seen from outside.

use std::collections::BTreeMap;

use hushwing_engine::view::{
    Command, ContactPhase, Event, FindingKind, InvitePolicy, InviteState, MessageState, Reply,
    RequestState, RequestView,
};
use hushwing_protocol::{
    Ctx, DirectKeys, Me, bundle_slot,
    store::{MemoryStore, Order, Store as _, Table},
};
use hushwing_testkit::{Came, FakeRelay, PersonId, PutAnswer, World};
use hushwing_wire::{InviteLink, Routes};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

use crate::common::assert_same_transcript;

const DAY_MS: u64 = 24 * 3_600_000;

/// The tables that a request may change: the outbox (the bundle is put no more), the
/// invites, the requests.
const CHANGED: [u8; 4] = [35, 36, 39, 44];
const REQUESTS: Table = Table(44);

fn requests(world: &mut World, who: PersonId) -> Vec<RequestView> {
    match world.call(who, Command::Requests) {
        Reply::Requests { requests } => requests,
        other => panic!("requests were asked for: {other:?}"),
    }
}

fn rows(store: &MemoryStore) -> BTreeMap<(u8, Vec<u8>), Vec<u8>> {
    let mut all = BTreeMap::new();
    for table in 0..=u8::MAX {
        let rows = store.scan(Table(table), &[], None, Order::Ascending, usize::MAX);
        for (key, value) in rows.expect("memory does not fail") {
            all.insert((table, key), value);
        }
    }
    all
}

/// Alice, who is away, an invite of hers that asks, and Bob, whose request lies at
/// the relay.
fn asked(seed: u64) -> (World, PersonId, PersonId) {
    let mut world = World::new(seed, 2, 1);
    let (alice, bob) = (world.person(0), world.person(1));
    let invite = world.invite_with(alice, InvitePolicy::Ask);
    world.stop(alice);
    let contact = world.redeem(bob, &invite.link);
    world.run_for(10_000);
    world.send(bob, &contact.id, "before you decided");
    (world, alice, bob)
}

/// Claim B0. `[HW-REQ-1]` `[HW-INV-10]`
#[test]
fn a_request_makes_one_row_and_nothing_else_until_it_is_accepted() {
    let (mut world, alice, bob) = asked(31);
    let before = rows(world.store(alice));
    world.start(alice);
    world.run_for(DAY_MS);
    assert!(world.contacts(alice).is_empty());
    assert!(
        hushwing_protocol::conversations(world.store(alice))
            .expect("memory")
            .is_empty()
    );
    let after = rows(world.store(alice));
    let touched: Vec<_> = before
        .keys()
        .chain(after.keys())
        .filter(|key| before.get(*key) != after.get(*key))
        .map(|(table, _)| *table)
        .collect();
    assert!(
        touched.iter().all(|table| CHANGED.contains(table)),
        "{touched:?}"
    );
    let left = world.left(alice).len();
    let request = requests(&mut world, alice).pop().expect("a request");
    assert_eq!(request.name, "the redeemer");
    assert_eq!(request.state, RequestState::Open);
    assert!(!request.used_twice);
    assert!(request.since_ms < request.expires_at_ms);
    let told = world.events(alice).iter();
    assert_eq!(
        told.filter(|event| matches!(event, Event::Request(_)))
            .count(),
        1
    );
    // A program that starts again asks the same.
    world.start(alice);
    world.run_for(60_000);
    assert_eq!(requests(&mut world, alice), std::slice::from_ref(&request));
    assert_eq!(world.left(alice).len(), left, "nothing left this machine");
    assert_eq!(world.contacts(bob)[0].phase, ContactPhase::Requested);

    let accept = Command::RequestAccept {
        id: request.id[..8].to_owned(),
    };
    let Reply::Contact(hers) = world.call(alice, accept) else {
        panic!("a contact was made");
    };
    assert_eq!(hers.safety_number, Some(request.safety_number));
    assert!(requests(&mut world, alice).is_empty());
    world.run_for(60_000);
    let his = world.contacts(bob).pop().expect("Alice");
    assert_eq!(his.phase, ContactPhase::Established);
    assert_eq!(his.safety_number, hers.safety_number);
    world.send(alice, &hers.id, "now we can write");
    world.run_for(60_000);
    assert_same_transcript(&mut world, (alice, &hers.id), (bob, &his.id));
    assert_eq!(world.read(alice, &hers.id).len(), 2);
}

/// What is done about Bob's request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Decision {
    NeverLooked,
    Undecided,
    Refused,
    Blocked,
    Revoked,
    Accepted,
}

/// All that Bob, and whoever reads the relay, can see in 60 days: what reached his
/// program, what it told him, his vault, and what lies at the relay.
fn seen_by_bob(
    world: &World,
    decision: Decision,
) -> (Vec<Came>, Vec<Event>, impl PartialEq, FakeRelay) {
    let mut world = world.fork();
    let (alice, bob) = (world.person(0), world.person(1));
    if decision == Decision::NeverLooked {
        world.run_for(10_000);
    } else {
        world.start(alice);
        world.run_for(10_000);
        let id = requests(&mut world, alice).pop().expect("a request").id;
        let command = match decision {
            Decision::Refused => Some(Command::RequestRefuse { id }),
            Decision::Blocked => Some(Command::RequestBlock { id }),
            Decision::Revoked => Some(Command::InviteRevoke { id }),
            Decision::Accepted => Some(Command::RequestAccept { id }),
            Decision::Undecided | Decision::NeverLooked => None,
        };
        if let Some(command) = command {
            world.call(alice, command);
        }
    }
    world.run_for(60 * DAY_MS);
    if decision != Decision::NeverLooked && decision != Decision::Accepted {
        // Nothing of it is left, whatever was decided or not.
        assert!(requests(&mut world, alice).is_empty());
        assert!(world.contacts(alice).is_empty());
        assert_eq!(world.left(alice), []);
        assert!(world.attends(alice).is_empty());
        let rows = rows(world.store(alice));
        assert!(
            !rows
                .keys()
                .any(|(table, _)| *table == REQUESTS.0 || *table < 32)
        );
    }
    (
        world.came(bob).to_vec(),
        world.events(bob).to_vec(),
        world.snapshot(bob),
        world.relay(0).clone(),
    )
}

/// Claim B0. `[HW-REQ-2]`
#[test]
fn a_refused_redeemer_and_one_at_whom_nobody_looked_see_the_same() {
    let (mut world, _, bob) = asked(32);
    let phase = world.contacts(bob)[0].phase.clone();
    assert_eq!(phase, ContactPhase::Requested);
    let unseen = seen_by_bob(&world, Decision::NeverLooked);
    assert!(!unseen.0.is_empty() || !unseen.1.is_empty());
    for decision in [
        Decision::Undecided,
        Decision::Refused,
        Decision::Blocked,
        Decision::Revoked,
    ] {
        let seen = seen_by_bob(&world, decision);
        assert_eq!(seen.0, unseen.0, "{decision:?}: what came");
        assert_eq!(seen.1, unseen.1, "{decision:?}: what was told");
        assert!(seen.2 == unseen.2, "{decision:?}: his vault");
        assert!(seen.3 == unseen.3, "{decision:?}: the relay");
    }
    // The comparison sees a difference where there is one.
    let accepted = seen_by_bob(&world, Decision::Accepted);
    assert_ne!(accepted.0, unseen.0);
    assert!(accepted.2 != unseen.2);
}

/// Claim B0. A blocked request can be looked at and accepted while it lasts.
/// `[HW-REQ-5]`
#[test]
fn a_blocked_request_is_kept_apart_and_can_be_accepted_later() {
    let (mut world, alice, bob) = asked(33);
    world.start(alice);
    world.run_for(10_000);
    let id = requests(&mut world, alice).pop().expect("a request").id;
    world.call(alice, Command::RequestBlock { id: id.clone() });
    world.run_for(5 * DAY_MS);
    world.start(alice);
    world.run_for(60_000);
    let blocked = requests(&mut world, alice);
    assert_eq!(blocked[0].state, RequestState::Blocked);
    assert_eq!(world.contacts(bob)[0].phase, ContactPhase::Requested);
    let refused = world.try_call(alice, Command::RequestAccept { id: "0".repeat(32) });
    assert!(refused.is_err());
    world.call(alice, Command::RequestAccept { id });
    world.run_for(60_000);
    assert_eq!(world.contacts(bob)[0].phase, ContactPhase::Established);
    let hers = world.contacts(alice).pop().expect("Bob").id;
    let heard = world.read(alice, &hers);
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].state, MessageState::Received);
}

/// Claim B0. Whoever decides is told when the link went through more than one pair
/// of hands; the second one is not let in either.
#[test]
fn a_request_says_when_somebody_else_answered_the_same_link() {
    let mut world = World::new(34, 3, 1);
    let (alice, bob, eve) = (world.person(0), world.person(1), world.person(2));
    let invite = world.invite_with(alice, InvitePolicy::Ask);
    world.redeem(eve, &invite.link);
    world.run_for(30_000);
    assert!(!requests(&mut world, alice)[0].used_twice);
    world.redeem(bob, &invite.link);
    world.run_for(60_000);
    let open = requests(&mut world, alice);
    assert_eq!(open.len(), 1);
    assert!(open[0].used_twice);
    let told = world.events(alice).iter();
    let told = told.filter(|event| matches!(event, Event::InviteUsedTwice { .. }));
    assert_eq!(told.count(), 1);
    assert!(matches!(
        world.contacts(bob)[0].phase,
        ContactPhase::Failed { .. }
    ));
    let id = open[0].id.clone();
    world.call(alice, Command::RequestRefuse { id });
    world.run_for(60_000);
    assert!(world.contacts(alice).is_empty());
}

/// `[HW-ENG-4]` `[HW-ENG-5]`
#[test]
fn a_damaged_request_closes_its_invite_and_stops_nothing_else() {
    let (mut world, alice, bob) = asked(37);
    world.start(alice);
    world.run_for(10_000);
    let id = requests(&mut world, alice).pop().expect("a request").id;
    let (key, mut row) = world
        .store(alice)
        .scan(REQUESTS, &[], None, Order::Ascending, 1)
        .expect("memory")
        .pop()
        .expect("a row");
    row[100] ^= 1;
    world.stop(alice);
    let put = world.store(alice).put(REQUESTS, &key, &row);
    put.expect("memory");
    world.start(alice);
    assert!(requests(&mut world, alice).is_empty());
    let accept = Command::RequestAccept { id: id.clone() };
    assert!(world.try_call(alice, accept).is_err());
    let Reply::Invites { invites } = world.call(alice, Command::InviteList) else {
        panic!("invites were asked for");
    };
    assert_eq!(invites[0].state, InviteState::Damaged);
    let Reply::Doctor { findings } = world.call(alice, Command::Doctor) else {
        panic!("findings were asked for");
    };
    assert!(
        findings
            .iter()
            .any(|found| found.about.as_ref() == Some(&id))
    );
    // The next one comes through.
    let next = world.invite_with(alice, InvitePolicy::Ask);
    world.redeem(bob, &next.link);
    world.run_for(30_000);
    assert_eq!(requests(&mut world, alice).len(), 1);
    world.call(alice, Command::InviteRevoke { id });
    assert_eq!(
        world
            .store(alice)
            .scan(REQUESTS, &[], None, Order::Ascending, 9)
            .expect("memory")
            .len(),
        1
    );
}

/// Puts what somebody who redeems `link` puts: at the first place, or at the second
/// where the first is taken.
fn put_request(relay: &mut FakeRelay, link: &InviteLink, number: u64, now_ms: u64) {
    let store = MemoryStore::new();
    let mut rng = ChaCha20Rng::seed_from_u64(number);
    let direct = DirectKeys::generate(&mut rng);
    let me = Me {
        name: format!("redeemer {number}"),
        routes: Routes {
            relays: vec![relay.address.clone()],
            direct: Some(direct.address()),
        },
        direct,
    };
    let bundle = relay.get(&bundle_slot(link)).expect("the bundle is there");
    let mut ctx = Ctx {
        store: &store,
        rng: &mut rng,
        now_ms,
    };
    let redeemed = hushwing_protocol::redeem(&mut ctx, link, &bundle, me).expect("it is redeemed");
    for (slot, request) in redeemed.request {
        if relay.put(slot, request) == PutAnswer::Stored {
            return;
        }
    }
}

fn limit_is_told(world: &mut World, who: PersonId) -> bool {
    match world.call(who, Command::Doctor) {
        Reply::Doctor { findings } => findings
            .iter()
            .any(|found| found.kind == FindingKind::Limit && found.what.contains("16 requests")),
        other => panic!("findings were asked for: {other:?}"),
    }
}

/// Claim B0. `[HW-REQ-3]`
#[test]
fn a_thousand_redeemers_of_many_invites_make_sixteen_requests_and_no_contact() {
    const LIMIT: usize = hushwing_engine::limits::MAX_OPEN_REQUESTS;
    let mut world = World::new(35, 1, 1);
    let alice = world.person(0);
    let links: Vec<InviteLink> = (0..hushwing_engine::limits::MAX_OPEN_INVITES)
        .map(|_| {
            let invite = world.invite_with(alice, InvitePolicy::Ask);
            invite.link.parse().expect("a link")
        })
        .collect();
    let one_more = Command::InviteCreate {
        name: String::new(),
        expires_hours: 1,
        policy: InvitePolicy::Ask,
    };
    assert!(world.try_call(alice, one_more).is_err());
    let left = world.left(alice).len();
    let now_ms = world.now_ms();
    assert!(!limit_is_told(&mut world, alice));
    for number in 0..1_000 {
        let link = &links[number % links.len()];
        put_request(world.relay(0), link, number as u64, now_ms);
    }
    world.run_for(600_000);
    let mut open = requests(&mut world, alice);
    assert_eq!(open.len(), LIMIT);
    assert!(limit_is_told(&mut world, alice));
    assert!(world.contacts(alice).is_empty());
    assert_eq!(world.left(alice).len(), left, "nobody was answered");
    // Also a program that starts again looks at no more.
    world.start(alice);
    world.run_for(600_000);
    assert_eq!(requests(&mut world, alice).len(), LIMIT);
    let kept = |world: &World| -> usize {
        let rows = rows(world.store(alice));
        let sizes = rows.iter().filter(|((table, _), _)| *table == REQUESTS.0);
        sizes.map(|(_, row)| row.len()).sum()
    };
    assert!(kept(&world) < LIMIT * 17_000, "{}", kept(&world));
    // Each decision lets one more in, until all invites are spent.
    let mut refused = 0;
    while let Some(request) = open.pop() {
        world.call(alice, Command::RequestRefuse { id: request.id });
        refused += 1;
        world.run_for(1_000);
        open = requests(&mut world, alice);
        assert_eq!(open.len(), LIMIT.min(links.len() - refused));
    }
    assert_eq!(refused, links.len());
    assert!(!limit_is_told(&mut world, alice));
    assert_eq!(kept(&world), 0);
    assert!(world.contacts(alice).is_empty());
    assert!(world.attends(alice).is_empty());
    let Reply::Invites { invites } = world.call(alice, Command::InviteList) else {
        panic!("invites were asked for");
    };
    assert!(invites.is_empty(), "{invites:?}");
}

/// `[HW-REQ-4]`
#[test]
fn a_request_about_which_nobody_decides_is_over_after_21_days() {
    let (mut world, alice, _) = asked(36);
    world.start(alice);
    world.run_for(10_000);
    let request = requests(&mut world, alice).pop().expect("a request");
    assert_eq!(request.expires_at_ms - request.since_ms, 21 * DAY_MS);
    let Reply::Invites { invites } = world.call(alice, Command::InviteList) else {
        panic!("invites were asked for");
    };
    assert_eq!(invites[0].state, InviteState::Asked);
    let rest = request.expires_at_ms - world.now_ms();
    world.run_for(rest - 1_000);
    assert_eq!(requests(&mut world, alice).len(), 1);
    world.run_for(2_000);
    assert!(requests(&mut world, alice).is_empty());
    assert!(world.events(alice).contains(&Event::RequestOver {
        request: request.id
    }));
}
