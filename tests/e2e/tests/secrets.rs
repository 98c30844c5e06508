//! Claims C1, M1 and Z1: texts, names, onion addresses and slots stand nowhere
//! in the clear: not at the relay, not on the wire, not on any disk, not in any
//! log at trace level.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    unreachable_pub,
    reason = "this is a test: it fails by panicking, and says what it saw"
)]

mod spy;

use std::str::FromStr;
use std::time::Duration;

use hushwing_e2e::needles::{Needles, Search, Searcher};
use hushwing_e2e::person::{Setting, Way};
use hushwing_e2e::privilege::{self, Turn};
use hushwing_e2e::relay::{Entrance, Relay};
use hushwing_e2e::scenario::{self, Cast, Who};
use hushwing_e2e::stage::{self, Folder, Narrator};
use hushwing_wire::RelayAddress;
use hushwing_wire::address::Endpoint;
use hushwing_wire::limits::BOX_LEN;
use spy::{Recorder, Spy};

/// Marked texts each way, live and by relay.
const TEXTS: usize = 5;

const ALICE: &str = "Marguerite Whitlock-Zarathustra";
const BOB: &str = "Bartholomew Quillfeather-Xylander";

/// How often the relay's memory is looked at until it holds nothing, a second
/// apart: connections end a moment after their clients.
const LOOKS: u32 = 30;

/// Claims C1, M1 and Z1.
#[test]
fn no_text_name_onion_address_or_slot_stands_anywhere_in_the_clear() {
    let name = "no_text_name_onion_address_or_slot_stands_anywhere_in_the_clear";
    match privilege::turn(name, &[]).unwrap() {
        Turn::Here | Turn::Nowhere => story(),
        Turn::Elsewhere(status) => assert!(status.success(), "the story failed: {status}"),
    }
}

fn story() {
    let folder = Folder::temporary().unwrap();
    let net = stage::start_network(&folder).unwrap();
    let setting = Setting {
        way: Way::TorAndLoopback(stage::network_file(&net)),
        log_level: "trace",
    };

    let entrance = Entrance::free_port().unwrap();
    let (relay, _) = Relay::start(folder.path(), entrance, "trace").unwrap();
    let known = RelayAddress::from_str(relay.address()).unwrap();
    let Endpoint::Loopback(place) = known.endpoint else {
        panic!("the relay is not on loopback");
    };
    let pin = known.pin;
    let inner = Recorder::before(place.socket_addr()).unwrap();
    let spy = Spy::start(inner.socket_addr(), pin).unwrap();
    let outer = Recorder::before(spy.socket_addr()).unwrap();

    let mut cast = Cast::new(&folder, &setting, relay, Narrator::begin()).unwrap();
    cast.relay_address = spy.address_through(outer.socket_addr()).unwrap();
    scenario::meet(&mut cast, ALICE, BOB).unwrap();
    let texts = talk(&mut cast);
    let safety_number = cast
        .bob
        .contacts()
        .unwrap()
        .remove(0)
        .safety_number
        .unwrap();
    cast.compare_transcripts().unwrap();
    cast.alice.go_offline().unwrap();
    cast.bob.go_offline().unwrap();

    let slots = spy.slots();
    assert!(
        slots.len() >= 4 * TEXTS,
        "the spy saw {} slots only",
        slots.len()
    );
    let mut needles = Needles::default();
    for text in &texts {
        needles.add("a text", text.as_bytes());
    }
    for name in ALICE.split(' ').chain(BOB.split(' ')) {
        needles.add("a name", name.as_bytes());
    }
    for slot in &slots {
        needles.add("a slot", slot.as_bytes());
    }
    for person in [&cast.alice, &cast.bob] {
        needles.add("a passphrase", person.passphrase().as_bytes());
    }
    let (_, payload) = cast.link.split_once(':').unwrap();
    needles.add("the invite link", payload.as_bytes());
    needles.add("the safety number", safety_number.as_bytes());
    let searcher = needles.searcher().unwrap();
    require_that_the_search_finds(&searcher, &slots);

    search_relay_memory(&searcher, &mut cast.relay);
    cast.relay.stop().unwrap();
    let mut search = Search::default();
    searcher.folder(cast.relay.dir(), &mut search).unwrap();
    require_found_nothing("the relay's disk", &search, 0);

    for person in [&cast.alice, &cast.bob] {
        let mut search = Search::default();
        searcher.folder(person.dir(), &mut search).unwrap();
        require_found_nothing(&format!("{}'s disk", person.name()), &search, 10_000);
    }
    let mut search = Search::default();
    for log in [cast.alice.log(), cast.bob.log(), cast.relay.log()] {
        searcher.file(log, &mut search).unwrap();
    }
    require_found_nothing("the logs", &search, 1_000);

    // Each text passed the wire in a box, the meeting in three more.
    let least = (2 * TEXTS * BOX_LEN) as u64;
    for (place, recorder) in [("outer wire", &outer), ("inner wire", &inner)] {
        let mut search = Search::default();
        for tape in recorder.tapes() {
            searcher.bytes(place, &tape, &mut search);
        }
        require_found_nothing(place, &search, least);
    }
}

/// Marked texts, direct and by relay, in both directions; returns them all.
fn talk(cast: &mut Cast) -> Vec<String> {
    let mut all = Vec::new();
    for who in Who::BOTH {
        let live = marked("live", who);
        for text in &live {
            cast.write(who, text).unwrap();
        }
        cast.person(who).wait_for_state(&live, "delivered").unwrap();
        all.extend(live);
    }
    for who in Who::BOTH {
        let mail = marked("mail", who);
        scenario::leave_mail(cast, who, &mail).unwrap();
        all.extend(mail);
    }
    cast.bring_online(Who::Bob).unwrap();
    for who in Who::BOTH {
        let mail = marked("mail", who);
        cast.person(who).wait_for_state(&mail, "delivered").unwrap();
    }
    all
}

fn marked(kind: &str, who: Who) -> Vec<String> {
    (0..TEXTS)
        .map(|number| format!("the purple {kind} of {who:?} crosses bridge {number} at midnight"))
        .collect()
}

/// A search that cannot find would prove nothing: this process holds every
/// slot, and is searched by the same means.
fn require_that_the_search_finds(searcher: &Searcher, slots: &[hushwing_wire::Slot]) {
    let mut search = Search::default();
    searcher.memory(std::process::id(), &mut search).unwrap();
    let found = search
        .finds()
        .iter()
        .filter(|find| find.contains("a slot"))
        .count();
    assert!(
        found >= slots.len(),
        "{found} finds of {} slots",
        slots.len()
    );
}

fn search_relay_memory(searcher: &Searcher, relay: &mut Relay) {
    let pid = relay.daemon().unwrap().pid();
    let mut finds = Vec::new();
    for _ in 0..LOOKS {
        let mut search = Search::default();
        if let Err(why) = searcher.memory(pid, &mut search) {
            // The relay forbids other programs to read its memory; root may.
            println!("SKIPPED: the relay's memory cannot be read ({why}); run as root");
            return;
        }
        finds = search.finds().to_vec();
        if finds.is_empty() {
            require_found_nothing("the relay's memory", &search, 1 << 20);
            return;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    panic!("the relay's memory: {finds:#?}");
}

fn require_found_nothing(place: &str, search: &Search, least_bytes: u64) {
    let finds = &search.finds()[..search.finds().len().min(20)];
    assert!(
        finds.is_empty(),
        "{place}: {} finds: {finds:#?}",
        search.finds().len()
    );
    assert!(
        search.bytes() >= least_bytes,
        "{place}: only {} bytes were searched",
        search.bytes()
    );
    println!("{place}: {} bytes, nothing found", search.bytes());
}
