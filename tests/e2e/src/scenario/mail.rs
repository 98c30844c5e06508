//! Twenty messages each way: live without a relay, then by the relay with the
//! recipient away.

use std::time::Instant;

use anyhow::Result;

use super::{Cast, EACH_WAY, Who, millis, texts};
use crate::figures::Live;

/// Both online, the relay stopped: a message goes from daemon to daemon.
pub(super) fn play_direct(cast: &mut Cast) -> Result<()> {
    cast.narrator
        .chapter("Direct: both are online and there is no relay");
    cast.relay.stop()?;
    cast.narrator.says("Relay", "is stopped");
    cast.figures.direct = write_in_turns(cast, "direct")?;
    let line = format!("get {EACH_WAY} messages from each other, in turns, over Tor");
    cast.narrator.says("Both", &line);
    cast.relay.restart()?;
    cast.narrator.says("Relay", "is back");
    Ok(())
}

/// Both online, and neither can be reached directly: the recipient waits at the
/// relay.
pub(super) fn play_live_by_relay(cast: &mut Cast) -> Result<()> {
    cast.narrator.chapter("Live by relay: both are online");
    cast.figures.live_by_relay = write_in_turns(cast, "live by relay")?;
    let line = format!("get {EACH_WAY} messages from each other, in turns");
    cast.narrator.says("Both", &line);
    Ok(())
}

/// Each writes when the other's last text has arrived.
fn write_in_turns(cast: &mut Cast, kind: &str) -> Result<Live> {
    let mut live = Live::default();
    let alices = texts(kind, Who::Alice, EACH_WAY);
    let bobs = texts(kind, Who::Bob, EACH_WAY);
    for (hers, his) in alices.iter().zip(&bobs) {
        for (who, text) in [(Who::Alice, hers), (Who::Bob, his)] {
            cast.write(who, text)?;
            let delivered = cast.person(who).wait_for_delivery(text)?;
            live.delivered.add(delivered.took_ms());
        }
    }
    for who in Who::BOTH {
        for message in cast.person(who).messages()? {
            if !message.mine && message.text.starts_with(kind) {
                live.arrived.add(message.took_ms());
            }
        }
    }
    Ok(live)
}

/// The recipient is stopped while the other writes, and the writer is stopped
/// before the recipient returns.
pub(super) fn play_by_relay(cast: &mut Cast) -> Result<()> {
    cast.narrator
        .chapter("By relay: whoever a message is for is away");
    let alices = texts("by relay", Who::Alice, EACH_WAY);
    let bobs = texts("by relay", Who::Bob, EACH_WAY);
    leave_mail(cast, Who::Alice, &alices)?;
    leave_mail(cast, Who::Bob, &bobs)?;
    // Bob wrote last and is away; he learns now that his mail has arrived.
    cast.bring_online(Who::Bob)?;
    cast.alice.wait_for_state(&alices, "delivered")?;
    cast.bob.wait_for_state(&bobs, "delivered")?;
    cast.narrator
        .says("Both", "learn that all of it has arrived");
    Ok(())
}

/// `who` writes `texts` to somebody who is away, and goes away; then the other
/// returns and finds them. The other is online at the end, `who` is not.
///
/// # Errors
/// At the first step that does not work.
pub fn leave_mail(cast: &mut Cast, who: Who, texts: &[String]) -> Result<()> {
    let (writer, reader) = (cast.person(who).name(), cast.person(who.other()).name());
    let count = texts.len();
    if cast.person(who.other()).is_online() {
        cast.person_mut(who.other()).go_offline()?;
        cast.narrator.says(reader, "stops the daemon");
    }
    for text in texts {
        cast.write(who, text)?;
    }
    for message in cast.person(who).wait_for_state(texts, "at_relay")? {
        cast.figures.to_relay.add(message.took_ms());
    }
    cast.person_mut(who).go_offline()?;
    let line = format!("writes {count} messages, which the relay keeps, and stops the daemon");
    cast.narrator.says(writer, &line);

    let began = Instant::now();
    cast.bring_online(who.other())?;
    cast.person(who.other()).wait_for_received(texts, count)?;
    cast.figures.from_relay_ms.push(millis(began.elapsed()));
    cast.narrator.says(reader, "returns and finds all of them");
    Ok(())
}
