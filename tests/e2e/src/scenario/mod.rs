//! The demo: two people meet and talk over a private Tor network and one relay,
//! and nothing that is pulled out from under them loses a message.

mod backups;
mod cast;
mod crashes;
mod identity;
mod kills;
mod mail;
mod meeting;
mod relays;
mod returns;

pub use backups::{Over, Restored, play_restore};
pub use cast::{Cast, Who};
pub use identity::play_another_identity;
pub use kills::{Kills, play_kills};
pub use mail::leave_mail;
pub use meeting::meet;
pub use relays::play_dying_relays;
pub use returns::{Returns, measure_returns};

use std::time::Duration;

use anyhow::Result;

use crate::figures::Figures;
use crate::person::{Setting, Way};
use crate::relay::{Entrance, Relay};
use crate::stage::{self, Folder, Narrator};

/// Messages each way, for each way of delivery.
pub const EACH_WAY: usize = 20;

/// Plays the whole story below `folder` and returns what it measured.
///
/// # Errors
/// At the first thing that is not as it must be; whatever was started is
/// killed.
pub fn play(folder: &Folder) -> Result<Figures> {
    let narrator = Narrator::begin();
    narrator.chapter("The stage: a private Tor network on this machine, and a relay");
    let net = stage::start_network(folder)?;
    narrator.says(
        "Tor",
        "authorities and relays are up; all of it stays on loopback",
    );
    let setting = Setting {
        way: Way::Tor(stage::network_file(&net)),
        log_level: "info",
    };
    let entrance = Entrance::Onion {
        network: stage::network_file(&net),
    };
    let (relay, took) = Relay::start(folder.path(), entrance, "info")?;
    narrator.says("Relay", &format!("is up as {}", shortened(relay.address())));

    let mut cast = Cast::new(folder, &setting, relay, narrator)?;
    cast.figures.network_ready_ms = millis(net.ready_in());
    cast.figures.relay_ready_ms = millis(took);
    meet(&mut cast, "Alice of the demo", "Bob of the demo")?;
    mail::play_direct(&mut cast)?;
    mail::play_by_relay(&mut cast)?;
    crashes::play(&mut cast)?;
    cast.compare_transcripts()?;
    let (mut figures, narrator) = cast.leave()?;

    drop(net);
    stage::require_nobody_left(folder)?;
    narrator.says("Stage", "is empty: no process is left");
    figures.total_s = narrator.elapsed_s();
    Ok(figures)
}

/// Plays the same without Tor: the relay is at 127.0.0.1 and nobody can be
/// reached directly, so all mail goes by the relay, also while both are online.
///
/// # Errors
/// At the first thing that is not as it must be; whatever was started is
/// killed.
pub fn play_on_loopback(folder: &Folder) -> Result<Figures> {
    let narrator = Narrator::begin();
    narrator.chapter("The stage: a relay on this machine, and no Tor");
    let (relay, took) = Relay::start(folder.path(), Entrance::free_port()?, "info")?;
    let setting = Setting {
        way: Way::Loopback,
        log_level: "info",
    };
    let mut cast = Cast::new(folder, &setting, relay, narrator)?;
    cast.figures.relay_ready_ms = millis(took);
    meet(&mut cast, "Alice of the test", "Bob of the test")?;
    mail::play_live_by_relay(&mut cast)?;
    mail::play_by_relay(&mut cast)?;
    crashes::play(&mut cast)?;
    cast.compare_transcripts()?;
    let (mut figures, narrator) = cast.leave()?;
    stage::require_nobody_left(folder)?;
    figures.total_s = narrator.elapsed_s();
    Ok(figures)
}

/// `count` texts that occur nowhere else in the story.
fn texts(kind: &str, writer: Who, count: usize) -> Vec<String> {
    (1..=count)
        .map(|number| format!("{kind}, {writer:?} number {number}"))
        .collect()
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Enough of a long address to recognise it.
fn shortened(address: &str) -> String {
    let start: String = address.chars().take(32).collect();
    format!("{start}…")
}
