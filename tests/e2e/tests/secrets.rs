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

use std::ops::Range;
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

/// Marked texts in all: a quarter for each way of each of the two, live and by relay.
const TEXTS: usize = 20;

/// Names how many marked texts there are instead; `./x soak secrets` sets it.
const TEXTS_ENV: &str = "HUSHWING_MARKED_TEXTS";

/// Live texts of one person that are written before their delivery is awaited, and before the
/// other's turn.
const LIVE_IN_A_ROW: usize = 100;

/// The same by relay, where a turn takes two starts of Tor. Well below what may be written
/// without fresh keys from the other side.
const MAIL_IN_A_ROW: usize = 200;

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
    let count = std::env::var(TEXTS_ENV).map_or(TEXTS, |count| count.parse().unwrap());
    let texts = talk(&mut cast, count.div_ceil(4));
    println!("{} marked texts", texts.len());
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
    // Those by relay pass where the spy looks, each by a slot of its own; the live ones do not.
    assert!(
        slots.len() >= texts.len() / 2,
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

    // Each text by relay passed the wire in a box twice, the meeting in three more.
    let least = (texts.len() * BOX_LEN) as u64;
    for (place, recorder) in [("outer wire", &outer), ("inner wire", &inner)] {
        let mut search = Search::default();
        for tape in recorder.tapes() {
            searcher.bytes(place, &tape, &mut search);
        }
        require_found_nothing(place, &search, least);
    }
}

/// Marked texts, direct and by relay, `each` in either direction; returns them all.
fn talk(cast: &mut Cast, each: usize) -> Vec<String> {
    let mut all = Vec::new();
    for turn in turns(each, LIVE_IN_A_ROW) {
        for who in Who::BOTH {
            let live = marked("live", who, turn.clone());
            for text in &live {
                cast.write(who, text).unwrap();
            }
            wait_for_delivery(cast, who, &live);
            all.extend(live);
        }
    }
    for turn in turns(each, MAIL_IN_A_ROW) {
        for who in Who::BOTH {
            let mail = marked("mail", who, turn.clone());
            scenario::leave_mail(cast, who, &mail).unwrap();
            all.extend(mail);
        }
        cast.bring_online(Who::Bob).unwrap();
        for who in Who::BOTH {
            wait_for_delivery(cast, who, &marked("mail", who, turn.clone()));
        }
    }
    all
}

/// `0..each` in parts of `most`.
fn turns(each: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    (0..each)
        .step_by(most)
        .map(move |from| from..each.min(from + most))
}

/// A part at a time: each may take as long as anything else may.
fn wait_for_delivery(cast: &Cast, who: Who, texts: &[String]) {
    for part in texts.chunks(50) {
        cast.person(who).wait_for_state(part, "delivered").unwrap();
    }
}

fn marked(kind: &str, who: Who, numbers: Range<usize>) -> Vec<String> {
    numbers
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
