//! The plug is pulled: from Bob's daemon in mid-delivery, and from the relay
//! under load.

use anyhow::{Result, ensure};

use super::{Cast, EACH_WAY, Who, texts};

/// How many of the messages are out when the plug is pulled: some before it,
/// some after it.
const BEFORE_THE_CRASH: usize = 8;

pub(super) fn play(cast: &mut Cast) -> Result<()> {
    cast.narrator
        .chapter("Crashes: Bob's daemon in mid-delivery, the relay under load");
    bob_dies_in_mid_delivery(cast)?;
    relay_dies_under_load(cast)
}

/// Bob's daemon is killed while Alice writes to him, and once more while he
/// collects from the relay what came in the meantime.
fn bob_dies_in_mid_delivery(cast: &mut Cast) -> Result<()> {
    let mail = texts("while Bob crashes", Who::Alice, EACH_WAY);
    for (number, text) in mail.iter().enumerate() {
        if number == BEFORE_THE_CRASH {
            cast.bob.crash()?;
        }
        cast.write(Who::Alice, text)?;
    }
    cast.alice
        .wait_for_states(&mail, &["at_relay", "delivered"])?;
    cast.narrator
        .says("Bob", "is killed (kill -9) while Alice writes to him");

    cast.bob.come_online()?;
    cast.bob.wait_for_received(&mail, BEFORE_THE_CRASH + 1)?;
    cast.bob.crash()?;
    cast.narrator
        .says("Bob", "returns, and is killed while he collects the rest");

    cast.bring_online(Who::Bob)?;
    cast.bob.wait_for_received(&mail, EACH_WAY)?;
    cast.alice.wait_for_state(&mail, "delivered")?;
    cast.narrator
        .says("Bob", &format!("returns and has all {EACH_WAY}"));
    Ok(())
}

/// The relay is killed while it takes Alice's mail for Bob.
fn relay_dies_under_load(cast: &mut Cast) -> Result<()> {
    cast.bob.go_offline()?;
    let mail = texts("while the relay crashes", Who::Alice, EACH_WAY);
    for (number, text) in mail.iter().enumerate() {
        if number == BEFORE_THE_CRASH {
            cast.alice.wait_for_some(&mail, "at_relay")?;
            cast.relay.kill()?;
        }
        cast.write(Who::Alice, text)?;
    }
    let messages = cast.alice.messages()?;
    let kept = messages
        .iter()
        .filter(|m| mail.contains(&m.text) && m.state() == "at_relay")
        .count();
    ensure!(
        kept < EACH_WAY,
        "the relay took everything before it was killed"
    );
    cast.narrator.says(
        "Relay",
        &format!("is killed (kill -9) when it has acknowledged {kept} of {EACH_WAY} messages"),
    );

    cast.relay.restart()?;
    cast.alice.wait_for_state(&mail, "at_relay")?;
    cast.narrator.says("Relay", "is back and takes the others");
    cast.bring_online(Who::Bob)?;
    cast.bob.wait_for_received(&mail, EACH_WAY)?;
    cast.alice.wait_for_state(&mail, "delivered")?;
    cast.narrator
        .says("Bob", &format!("returns and has all {EACH_WAY}"));
    Ok(())
}
