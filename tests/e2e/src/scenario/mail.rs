//! Twenty messages each way: live without a relay, then by the relay with the
//! recipient away.

use std::time::Instant;

use anyhow::Result;

use super::{Cast, EACH_WAY, Who, millis, texts};

/// Both online, the relay stopped: a message goes from daemon to daemon.
pub(super) fn play_direct(cast: &mut Cast) -> Result<()> {
    cast.narrator
        .chapter("Direct: both are online and there is no relay");
    cast.relay.stop()?;
    cast.narrator.says("Relay", "is stopped");
    let alices = texts("direct", Who::Alice, EACH_WAY);
    let bobs = texts("direct", Who::Bob, EACH_WAY);
    for (hers, his) in alices.iter().zip(&bobs) {
        for (who, text) in [(Who::Alice, hers), (Who::Bob, his)] {
            cast.write(who, text)?;
            let (writer, _) = cast.roles(who);
            for message in writer.wait_for_state(std::slice::from_ref(text), "delivered")? {
                cast.figures.direct.add(message.took_ms());
            }
        }
    }
    let line = format!("get {EACH_WAY} messages from each other, in turns, over Tor");
    cast.narrator.says("Both", &line);
    Ok(())
}

/// The recipient is stopped while the other writes, and the writer is stopped
/// before the recipient returns.
pub(super) fn play_by_relay(cast: &mut Cast) -> Result<()> {
    cast.narrator
        .chapter("By relay: whoever a message is for is away");
    cast.relay.restart()?;
    cast.narrator.says("Relay", "is back");
    for writer in [Who::Alice, Who::Bob] {
        leave_mail(cast, writer)?;
    }
    // Whoever wrote first has been away since; now they learn what arrived.
    for who in [Who::Alice, Who::Bob] {
        let (person, _) = cast.roles(who);
        if person.daemon().is_err() {
            cast.bring_online(who)?;
        }
    }
    for who in [Who::Alice, Who::Bob] {
        let all = texts("by relay", who, EACH_WAY);
        let (writer, _) = cast.roles(who);
        writer.wait_for_state(&all, "delivered")?;
    }
    cast.narrator
        .says("Both", "learn that all of it has arrived");
    Ok(())
}

/// `who` writes to somebody who is away and goes away; then the other returns.
fn leave_mail(cast: &mut Cast, who: Who) -> Result<()> {
    let mail = texts("by relay", who, EACH_WAY);
    let (writer, reader) = cast.roles(who);
    let (writer_name, reader_name) = (writer.name(), reader.name());
    if reader.daemon().is_ok() {
        reader.go_offline()?;
    }
    cast.narrator.says(reader_name, "stops the daemon");
    for text in &mail {
        cast.write(who, text)?;
    }
    let (writer, _) = cast.roles(who);
    let kept = writer.wait_for_state(&mail, "at_relay")?;
    writer.go_offline()?;
    for message in &kept {
        cast.figures.to_relay.add(message.took_ms());
    }
    let line = format!("writes {EACH_WAY} messages; the relay keeps them; then stops the daemon");
    cast.narrator.says(writer_name, &line);

    let began = Instant::now();
    cast.bring_online(other(who))?;
    let (_, reader) = cast.roles(who);
    reader.wait_for_received(&mail, EACH_WAY)?;
    cast.figures.from_relay_ms.push(millis(began.elapsed()));
    cast.narrator
        .says(reader_name, "returns and finds all of them");
    Ok(())
}

fn other(who: Who) -> Who {
    match who {
        Who::Alice => Who::Bob,
        Who::Bob => Who::Alice,
    }
}
