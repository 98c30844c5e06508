//! Boxes that authenticate and should not have been written, deleted links, sizes.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use hushwing_wire::{
    Body, BoxPlaintext, DecodeError, Envelope, LaneEnd, NumberRange, Receipts, SealedBox, Slot,
    limits::BOX_PLAINTEXT_LEN,
};

use super::{
    BOX_LABEL, Happening, MAX_IN_FLIGHT, MAX_OPEN_LANES, MAX_UNRENEWED_MS, OpenError, Opened,
    Outgoing, RECEIPT_RESERVE, SealError, Unreadable,
    open::open,
    seal::Budget,
    state::{FIXED_TABLE, Fixed, Moving},
    unread_there, view,
};
use crate::{
    mls::{Group, LeafSigner, MlsError, provider::Provider},
    secret::{Blob, Secret32, write_row},
    store::Store as _,
    testing::{Person, friends, texts},
};

pub(super) fn fixed(person: &Person) -> Fixed {
    Fixed::read(&person.store, &person.conversation).unwrap()
}

pub(super) fn moving(person: &Person) -> Moving {
    Moving::read(&person.store, &person.conversation).unwrap()
}

/// What a hostile writer may change before it seals.
pub(super) struct Forge<'a> {
    pub(super) commit_as: Option<&'a [u8]>,
    pub(super) commit: Option<Vec<u8>>,
    pub(super) envelope: &'a dyn Fn(&mut Envelope),
    pub(super) message: Option<Vec<u8>>,
    pub(super) padded: Option<Vec<u8>>,
}

impl Default for Forge<'_> {
    fn default() -> Self {
        Self {
            commit_as: None,
            commit: None,
            envelope: &|_| {},
            message: None,
            padded: None,
        }
    }
}

/// Writes a box that an honest writer does not, in the writer's own lane.
pub(super) fn forge(writer: &mut Person, forge: Forge<'_>) -> (Slot, SealedBox) {
    let (fixed, mut state) = (fixed(writer), moving(writer));
    let id = writer.conversation;
    let ctx = writer.ctx();
    let store = ctx.store;
    let provider = Provider::new(store, ctx.rng, fixed.scope).unwrap();
    let signer = LeafSigner::new(&fixed.signer_seed);
    let mut group = Group::load(&provider, &fixed.group_id.0).unwrap();
    let made = forge.commit_as.map(|data| {
        let commit = group.commit(&provider, &signer, data).unwrap();
        let entered = group.entered(&provider).unwrap();
        state.enter(&entered, fixed.my_leaf, fixed.my_leaf, fixed.peer_leaf);
        commit
    });
    let pending = state
        .pending_commit
        .as_ref()
        .map_or(Vec::new(), |commit| commit.0.clone());
    state.sent += 1;
    state.clock += 1;
    let mut envelope = Envelope {
        number: state.sent,
        clock: state.clock,
        sent_at_ms: 0,
        received: state.received.report(),
        lane_ends: Vec::new(),
        epoch_authenticator: state.authenticator(state.epoch).unwrap().to_vec(),
        body: Body::Nothing,
    };
    (forge.envelope)(&mut envelope);
    let bytes = hushwing_wire::to_bytes(&envelope).unwrap();
    let encrypted = group.encrypt(&provider, &signer, &bytes).unwrap();
    let plaintext = BoxPlaintext {
        commit: forge.commit.or(made).unwrap_or(pending),
        message: forge.message.unwrap_or(encrypted),
    };
    let padded = forge
        .padded
        .unwrap_or_else(|| plaintext.to_padded().unwrap());
    let epoch = state.peer_epoch;
    let lane = state
        .write_lanes
        .iter_mut()
        .find(|lane| lane.epoch == epoch)
        .unwrap();
    let slot = lane.chain.slot();
    let key = lane.chain.key();
    let boxed = provider
        .with_rng(|rng| key.seal(rng, BOX_LABEL, &slot, &padded))
        .unwrap();
    lane.chain.advance();
    lane.next += 1;
    // The MLS rows stay as they were, but the message's generation is used.
    if forge.commit_as.is_none() {
        provider.overlay().accept();
        provider.overlay().flush().unwrap();
        state.write(store, &id).unwrap();
    }
    (slot, boxed)
}

pub(super) fn read(
    reader: &mut Person,
    (slot, boxed): &(Slot, SealedBox),
) -> Result<Opened, OpenError> {
    let id = reader.conversation;
    open(&mut reader.ctx(), &id, slot, boxed)
}

pub(super) fn why(opened: &Opened) -> &Unreadable {
    match opened.happenings.as_slice() {
        [Happening::Unreadable { why, .. }] => why,
        others => panic!("{others:?}"),
    }
}

/// A poisoned box is used up, changes nothing but its lane, and what follows
/// arrives.
fn poisons(build: Forge<'_>) -> Unreadable {
    let (mut alice, mut bob) = friends(1);
    // Both have committed; Bob holds no turn.
    let hello = bob.say("hello");
    alice.read(&hello);
    let poison = forge(&mut bob, build);
    let (before, group_before) = (moving(&alice), mls_rows(&alice));
    let opened = read(&mut alice, &poison).unwrap();
    let after = moving(&alice);
    assert_eq!(opened.consumed, [poison.0]);
    assert!(!opened.receipt_owed);
    assert_eq!(
        (
            after.epoch,
            after.peer_epoch,
            after.clock,
            &after.received,
            &after.peer_received
        ),
        (
            before.epoch,
            before.peer_epoch,
            before.clock,
            &before.received,
            &before.peer_received
        )
    );
    assert_eq!(mls_rows(&alice), group_before);
    assert_eq!(read(&mut alice, &poison), Err(OpenError::UnknownSlot));
    let next = bob.say("after the poison");
    assert_eq!(texts(&alice.read(&next)), ["after the poison"]);
    why(&opened).clone()
}

fn mls_rows(person: &Person) -> Vec<(Vec<u8>, Vec<u8>)> {
    use crate::{mls::overlay::MLS_TABLE, store::Order};
    person
        .store
        .scan(MLS_TABLE, &[], None, Order::Ascending, usize::MAX)
        .unwrap()
}

/// Claim I1.
#[test]
fn a_box_with_rubbish_inside_does_not_jam_its_lane() {
    let padded = Some(vec![0xff; BOX_PLAINTEXT_LEN]);
    assert_eq!(
        poisons(Forge {
            padded,
            ..Forge::default()
        }),
        Unreadable::Structure(DecodeError::Version(0xff))
    );
    let mut long = vec![0; BOX_PLAINTEXT_LEN];
    (long[0], long[BOX_PLAINTEXT_LEN - 1]) = (1, 1);
    assert_eq!(
        poisons(Forge {
            padded: Some(long),
            ..Forge::default()
        }),
        Unreadable::Structure(DecodeError::Padding)
    );
}

/// Claim D0.
#[test]
fn a_box_with_a_bad_message_or_commit_does_not_jam_its_lane() {
    for message in [vec![], vec![1, 2, 3], vec![0; 500]] {
        let why = poisons(Forge {
            message: Some(message),
            ..Forge::default()
        });
        assert!(
            matches!(why, Unreadable::Mls(MlsError::Refused(_))),
            "{why}"
        );
    }
    for commit in [vec![1], vec![0; 4_000]] {
        let why = poisons(Forge {
            commit: Some(commit),
            ..Forge::default()
        });
        assert!(
            matches!(why, Unreadable::Mls(MlsError::Refused(_))),
            "{why}"
        );
    }
}

/// Claim B0.
#[test]
fn a_box_with_a_lying_envelope_does_not_jam_its_lane() {
    let poisoned = |envelope: &dyn Fn(&mut Envelope)| {
        poisons(Forge {
            envelope,
            ..Forge::default()
        })
    };
    assert_eq!(poisoned(&|e| e.number = 0), Unreadable::Number);
    assert_eq!(poisoned(&|e| e.number = 1), Unreadable::Number);
    assert_eq!(poisoned(&|e| e.number += 5_000), Unreadable::Number);
    assert_eq!(poisoned(&|e| e.clock = u64::MAX), Unreadable::Clock);
    assert_eq!(poisoned(&|e| e.clock = 0), Unreadable::Clock);
    assert_eq!(poisoned(&|e| e.received.up_to = 99), Unreadable::Receipts);
    let beyond = |e: &mut Envelope| {
        let range = NumberRange {
            first: 40,
            last: u64::MAX,
        };
        e.received = Receipts {
            up_to: 0,
            beyond: vec![range],
            mark: 0,
        };
    };
    assert_eq!(poisoned(&beyond), Unreadable::Receipts);
    assert_eq!(
        poisoned(&|e| e.lane_ends.push(LaneEnd {
            epoch: 1_000,
            count: 0
        })),
        Unreadable::LaneEnd
    );
    assert_eq!(
        poisoned(&|e| e.body = Body::Card(vec![1; 40])),
        Unreadable::Card
    );
    assert_eq!(
        poisoned(&|e| e.epoch_authenticator.push(0)),
        Unreadable::Structure(DecodeError::Invalid("the epoch authenticator"))
    );
}

#[test]
fn a_differing_epoch_authenticator_is_shown_as_a_fork() {
    let (mut alice, mut bob) = friends(1);
    let envelope: &dyn Fn(&mut Envelope) = &|e| e.epoch_authenticator = vec![1; 32];
    let hello = bob.say("hello");
    alice.read(&hello);
    let odd = forge(
        &mut bob,
        Forge {
            envelope,
            ..Forge::default()
        },
    );
    let opened = read(&mut alice, &odd).unwrap();
    assert_eq!(opened.happenings[0], Happening::Fork { epoch: 3 });
}

/// Claim P1.
#[test]
fn a_commit_out_of_turn_is_refused() {
    let (mut alice, mut bob) = friends(1);
    let first = bob.say("mine was the turn");
    assert!(first.committed);
    let second = forge(
        &mut bob,
        Forge {
            commit_as: Some(&[]),
            ..Forge::default()
        },
    );
    alice.read(&first);
    let opened = read(&mut alice, &second).unwrap();
    assert_eq!(*why(&opened), Unreadable::Turn);
}

#[test]
fn a_commit_with_data_after_the_first_contact_is_refused() {
    let (mut alice, mut bob) = friends(1);
    let odd = forge(
        &mut bob,
        Forge {
            commit_as: Some(b"data"),
            ..Forge::default()
        },
    );
    let opened = read(&mut alice, &odd).unwrap();
    assert_eq!(*why(&opened), Unreadable::CommitData);
}

/// Alice accepted; Bob waits for her first box.
fn accepted() -> (Person, Person) {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    let created = alice.invite();
    let redeemed = bob.redeem(&created);
    alice.accept(&created, &redeemed);
    (alice, bob)
}

/// Claim A2.
#[test]
fn a_first_commit_that_binds_another_first_contact_is_refused_and_changes_nothing() {
    let (mut alice, mut bob) = accepted();
    let honest = alice.store.snapshot();
    let mut wrong = fixed(&alice);
    wrong.binding = Secret32::new([0; 32]);
    let id = alice.conversation;
    write_row(&alice.store, FIXED_TABLE, id.as_bytes(), &wrong).unwrap();
    let lie = alice.say("trust me");
    let before = bob.store.snapshot();
    assert_eq!(bob.try_open(&lie.slot, &lie.boxed), Err(OpenError::Binding));
    assert_eq!(bob.store.snapshot(), before);
    assert_eq!(
        bob.try_seal(Outgoing::Nothing),
        Err(SealError::NotEstablished)
    );

    alice.store.restore(&honest);
    let truth = alice.say("hello");
    assert_eq!(truth.slot, lie.slot);
    assert_eq!(texts(&bob.read(&truth)), ["hello"]);
}

#[test]
fn a_first_box_without_the_binding_commit_establishes_nothing() {
    let (mut alice, mut bob) = accepted();
    let early = forge(&mut alice, Forge::default());
    let opened = read(&mut bob, &early).unwrap();
    assert_eq!(*why(&opened), Unreadable::NotEstablished);
    assert_eq!(
        bob.try_seal(Outgoing::Nothing),
        Err(SealError::NotEstablished)
    );
    let truth = alice.say("hello");
    assert_eq!(texts(&bob.read(&truth)), ["hello"]);
}

/// Claim I1.
#[test]
fn a_box_under_a_forged_key_at_an_awaited_slot_burns_nothing() {
    let (mut alice, mut bob) = friends(4);
    let sealed = [bob.say("one"), bob.say("two")];
    let before = alice.store.snapshot();
    // A relay that knows both slots swaps the boxes.
    for (slot, boxed) in [(0, 1), (1, 0)] {
        assert_eq!(
            alice.try_open(&sealed[slot].slot, &sealed[boxed].boxed),
            Err(OpenError::Forged)
        );
    }
    assert_eq!(alice.store.snapshot(), before);
    assert!(alice.read(&sealed[1]).parked);
    assert_eq!(texts(&alice.read(&sealed[0])), ["one", "two"]);
}

/// Claim F1.
#[test]
fn links_of_boxes_that_were_read_or_written_are_gone() {
    let (mut alice, mut bob) = friends(2);
    let mut past = BTreeSet::new();
    for round in 0..6 {
        for side in [true, false] {
            let (writer, reader) = if side {
                (&mut alice, &mut bob)
            } else {
                (&mut bob, &mut alice)
            };
            for _ in 0..=round % 3 {
                let state = moving(writer);
                let lane = state
                    .write_lanes
                    .iter()
                    .find(|l| l.epoch == state.peer_epoch);
                // The first box of a turn may go to the same lane in a new epoch.
                let chain = &lane.unwrap().chain;
                past.insert((chain.slot(), *chain.key().secret().expose()));
                let sealed = writer.say("some text");
                assert_eq!(sealed.slot, chain.slot());
                reader.read(&sealed);
            }
        }
    }
    for person in [&mut alice, &mut bob] {
        for (slot, key) in &past {
            assert!(!person.holds(slot.as_bytes()));
            assert!(!person.holds(key));
        }
        for slot in derivable(person) {
            assert!(!past.iter().any(|(old, _)| *old == slot));
        }
    }
    // The same search finds what is still to come, so it can find something.
    let next = bob.say("to come");
    assert!(derivable(&mut alice).contains(&next.slot));
}

/// Boxes seldom lie in a lane of the group's present epoch: only where a late lane
/// holds the next commit back. There a stored exporter would give them back.
/// Claims F1 and M7.
#[test]
fn links_of_the_present_epoch_cannot_be_derived_again() {
    let (mut alice, mut bob) = friends(3);
    let burst: Vec<_> = (0..5).map(|n| bob.say(&n.to_string())).collect();
    alice.read(&burst[0]);
    let turn = alice.say("a turn, while four are missing");
    bob.read(&turn);
    let answer = bob.say("another");
    alice.read(&answer);
    let held = alice.say("no turn");
    assert!(!held.committed);
    assert_eq!(held.place.epoch, moving(&alice).epoch);
    assert!(!derivable(&mut alice).contains(&held.slot));
}

/// Every slot that can be computed from the rows: from each chain, and anew from
/// the group's exporter.
fn derivable(person: &mut Person) -> BTreeSet<Slot> {
    let (fixed, mut state) = (fixed(person), moving(person));
    let id = person.conversation;
    let ctx = person.ctx();
    let provider = Provider::new(ctx.store, ctx.rng, id).unwrap();
    let group = Group::load(&provider, &fixed.group_id.0).unwrap();
    state.enter(&group.entered(&provider).unwrap(), 0, 0, 1);
    let written = state.write_lanes.into_iter().map(|lane| lane.chain);
    let read = state.read_lanes.into_iter().map(|lane| lane.chain);
    let mut slots = BTreeSet::new();
    for mut chain in written.chain(read) {
        for _ in 0..40 {
            slots.insert(chain.slot());
            chain.advance();
        }
    }
    slots
}

/// Claim P1.
#[test]
fn sending_stops_when_nothing_comes_back_and_goes_on_when_something_does() {
    let (mut alice, mut bob) = friends(3);
    alice.say("so that there is something to answer");
    let mut state = moving(&alice);
    state.sent += MAX_IN_FLIGHT;
    state.write(&alice.store, &alice.conversation).unwrap();
    assert_eq!(
        alice.try_seal(Outgoing::Text("one more")),
        Err(SealError::BudgetSpent(Budget::Unacknowledged))
    );
    let last = (0..)
        .find(|_| alice.try_seal(Outgoing::Nothing).is_err())
        .unwrap();
    assert!(last < RECEIPT_RESERVE);

    let mut state = moving(&alice);
    state.sent = 2;
    state.since_peer_commit.boxes = MAX_IN_FLIGHT;
    state.write(&alice.store, &alice.conversation).unwrap();
    assert_eq!(
        alice.try_seal(Outgoing::Text("one more")),
        Err(SealError::BudgetSpent(Budget::NoFreshKeys))
    );
    let fresh = bob.say("hello");
    assert!(fresh.committed);
    alice.read(&fresh);
    assert!(alice.try_seal(Outgoing::Text("on it goes")).is_ok());
}

/// Claim P1. Who acknowledges everything and renews nothing gives no more time than who is
/// silent.
#[test]
fn each_box_without_fresh_keys_from_the_other_side_counts() {
    let (mut alice, mut bob) = friends(3);
    alice.read(&bob.say("a turn"));
    bob.read(&alice.say("another"));
    let mut state = moving(&alice);
    let before = MAX_IN_FLIGHT - 3;
    state.since_peer_commit.boxes = before;
    state.write(&alice.store, &alice.conversation).unwrap();
    for _ in before..MAX_IN_FLIGHT {
        let said = alice.say("more");
        read(&mut bob, &(said.slot, said.boxed)).unwrap();
        let acknowledged = forge(&mut bob, Forge::default());
        read(&mut alice, &acknowledged).unwrap();
        assert_eq!(moving(&alice).unacknowledged(), 0);
    }
    assert_eq!(
        alice.try_seal(Outgoing::Text("one more")),
        Err(SealError::BudgetSpent(Budget::NoFreshKeys))
    );
    let receipts = (0..).find(|_| alice.try_seal(Outgoing::Nothing).is_err());
    assert_eq!(receipts, Some(RECEIPT_RESERVE));
}

/// Claim P1. Whoever stole the peer's keys and keeps the peer's boxes away reads what
/// is written for 14 days at most.
#[test]
fn sending_stops_after_14_days_without_fresh_keys_from_the_other_side() {
    let (mut alice, mut bob) = friends(3);
    bob.read(&alice.say("before a pause of a year"));
    alice.read(&bob.say("and the answer"));
    alice.now_ms += 365 * 24 * 3_600_000;
    let empty = alice.nothing();
    alice.now_ms += MAX_UNRENEWED_MS;
    let first = alice.say("a pause costs nothing: the time runs from here");

    // A clock that is set back gives no more time than one that is right.
    alice.now_ms -= 3_600_000;
    alice.say("an hour before");
    alice.now_ms += MAX_UNRENEWED_MS - 1;
    alice.say("in the last millisecond");
    alice.now_ms += 1;
    assert_eq!(
        alice.try_seal(Outgoing::Text("too late")),
        Err(SealError::BudgetSpent(Budget::NoFreshKeysInTime))
    );
    alice.nothing();

    bob.read(&empty);
    bob.read(&first);
    let fresh = bob.nothing();
    assert!(fresh.committed);
    alice.read(&fresh);
    alice.say("on it goes");
}

#[test]
fn a_text_that_is_too_long_is_refused_and_changes_nothing() {
    let (mut alice, mut bob) = friends(3);
    let before = alice.store.snapshot();
    assert_eq!(
        alice.try_seal(Outgoing::Text(&"x".repeat(8_193))),
        Err(SealError::TooLong)
    );
    assert_eq!(alice.store.snapshot(), before);
    let longest = "x".repeat(8_192);
    let sealed = alice.say(&longest);
    assert_eq!(texts(&bob.read(&sealed)), [longest]);
}

/// Claim D0.
#[test]
fn a_whole_window_that_comes_backwards_is_read_in_order() {
    let (mut alice, mut bob) = friends(3);
    let sealed: Vec<_> = (0..33).map(|n| bob.say(&n.to_string())).collect();
    let far = &sealed[32];
    assert_eq!(
        alice.try_open(&far.slot, &far.boxed),
        Err(OpenError::UnknownSlot)
    );
    for boxed in sealed[1..32].iter().rev() {
        let opened = alice.read(boxed);
        assert!(opened.parked && opened.happenings.is_empty());
    }
    let expected: Vec<_> = (0..32).map(|n| n.to_string()).collect();
    assert_eq!(texts(&alice.read(&sealed[0])), expected);
    assert_eq!(texts(&alice.read(far)), ["32"]);
    let parked = alice.store.scan(
        super::PARKED_TABLE,
        &[],
        None,
        crate::store::Order::Ascending,
        9,
    );
    assert!(parked.unwrap().is_empty());
}

#[test]
fn late_boxes_of_the_lane_before_hold_the_next_commit_back_until_they_are_read() {
    let (mut alice, mut bob) = friends(3);
    let burst: Vec<_> = (0..5).map(|n| bob.say(&n.to_string())).collect();
    alice.read(&burst[0]);
    let turn = alice.say("a turn, while four are missing");
    assert!(turn.committed);
    bob.read(&turn);
    let answer = bob.say("another");
    assert!(answer.committed);
    alice.read(&answer);
    let open = view(&alice.store, &alice.conversation).unwrap().open_lanes;
    assert_eq!(open, MAX_OPEN_LANES);
    let held = alice.say("no turn");
    assert!(!held.committed);
    for late in &burst[1..] {
        alice.read(late);
    }
    bob.read(&held);
    let end = bob.say("the lane before is over");
    alice.read(&end);
    assert!(alice.say("a turn again").committed);
    let open = view(&alice.store, &alice.conversation).unwrap().open_lanes;
    assert_eq!(open, 2);
}

/// A box that its reader could not read counts as acknowledged, and told it no lane's end:
/// the end is told further on. Without it the reader would wait for more of that lane for
/// ever, and never commit again. Claim D0.
#[test]
fn the_end_of_a_lane_is_told_until_a_box_that_tells_it_was_read() {
    let (mut alice, mut bob) = friends(3);
    let turn = bob.say("a turn");
    alice.read(&turn);
    let turn = alice.say("a turn");
    bob.read(&turn);
    let turn = bob.say("a turn");
    alice.read(&turn);
    let ends = moving(&alice).lane_ends();
    assert!(!ends.is_empty());

    let unread = alice.say("it cannot be read there");
    let given_up = unread_there(&alice.store, &alice.conversation, &[unread.place]).unwrap();
    assert_eq!(given_up, [unread.number]);
    let again = unread_there(&alice.store, &alice.conversation, &[unread.place]).unwrap();
    assert!(again.is_empty());
    let told = bob.say("what came before that was read");
    alice.read(&told);
    assert_eq!(moving(&alice).lane_ends(), ends);

    // The receipt of the first box that tells it ends it, and of the one before does not.
    let up_to = |up_to| Receipts {
        up_to,
        ..Receipts::default()
    };
    let mut state = moving(&alice);
    state.acknowledged(0, &up_to(unread.number - 1)).unwrap();
    assert_eq!(state.lane_ends(), ends);
    state.acknowledged(0, &up_to(unread.number)).unwrap();
    assert!(state.lane_ends().is_empty());
}

#[test]
fn the_authenticator_of_an_epoch_is_the_one_that_the_group_gave() {
    let (mut alice, mut bob) = friends(3);
    alice.read(&bob.say("a turn"));
    let (fixed, state) = (fixed(&alice), moving(&alice));
    let id = alice.conversation;
    let ctx = alice.ctx();
    let provider = Provider::new(ctx.store, ctx.rng, id).unwrap();
    let group = Group::load(&provider, &fixed.group_id.0).unwrap();
    let entered = group.entered(&provider).unwrap();
    let kept = state.authenticator(state.epoch);
    assert_eq!(kept, Some(&entered.authenticator));
    assert_ne!(state.authenticator(state.epoch - 1), kept);
    assert_eq!(state.authenticator(state.epoch + 1), None);
}

#[test]
fn a_row_of_a_newer_version_is_an_error_and_stays() {
    let (alice, _) = friends(3);
    let mut newer = fixed(&alice);
    newer.version = 2;
    write_row(
        &alice.store,
        FIXED_TABLE,
        alice.conversation.as_bytes(),
        &newer,
    )
    .unwrap();
    assert!(matches!(
        view(&alice.store, &alice.conversation),
        Err(crate::StateError::Store(crate::store::StoreError::Damaged(
            _
        )))
    ));
}

#[test]
fn the_state_of_a_long_conversation_stays_small() {
    let (mut alice, mut bob) = friends(8);
    let size = |person: &Person| -> usize {
        person
            .rows()
            .iter()
            .map(|(key, value)| key.len() + value.len())
            .sum()
    };
    let (rows, bytes) = (alice.rows().len(), size(&alice));
    for turn in 0..60 {
        let sealed = alice.say("ping");
        bob.read(&sealed);
        let sealed = bob.say("pong");
        alice.read(&sealed);
        assert!(turn == 0 || sealed.committed);
    }
    assert!(
        alice.rows().len() <= rows + 2,
        "{} rows, then {}",
        rows,
        alice.rows().len()
    );
    assert!(
        size(&alice) < bytes + 20_000,
        "{} bytes, then {}",
        bytes,
        size(&alice)
    );
    assert!(size(&alice) < 80_000, "{} bytes", size(&alice));
}

/// Claim D0.
#[test]
fn a_pending_commit_is_kept_until_the_peer_is_seen_behind_it() {
    let (mut alice, mut bob) = friends(8);
    let first = bob.say("one");
    let pending = moving(&bob).pending_commit;
    assert!(pending.is_some());
    let state = moving(&bob);
    let lane = state
        .write_lanes
        .iter()
        .find(|lane| lane.epoch == state.peer_epoch)
        .unwrap();
    let key = lane.chain.key();
    let second = bob.say("two");
    assert!(!second.committed);
    let padded = key.open(BOX_LABEL, &second.slot, &second.boxed).unwrap();
    let carried = BoxPlaintext::from_padded(&padded).unwrap().commit;
    assert_eq!(pending, Some(Blob(carried)));
    assert_eq!(moving(&bob).pending_commit, pending);
    assert!(
        pending
            .as_ref()
            .is_some_and(|Blob(bytes)| bytes.len() < 4_200)
    );
    alice.read(&first);
    alice.read(&second);
    let answer = alice.nothing();
    bob.read(&answer);
    assert_eq!(moving(&bob).pending_commit, None);
}
