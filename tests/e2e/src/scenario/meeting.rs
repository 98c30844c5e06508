//! How they meet, without ever having to be online together.

use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::{Cast, Who, millis};

/// Decimal digits of a safety number.
const SAFETY_DIGITS: usize = 40;

/// Alice makes an invite and goes offline, Bob redeems it, she returns: both
/// are established, with the same safety number, and stay online.
///
/// # Errors
/// At the first step that does not work.
pub fn meet(cast: &mut Cast, alices_name: &str, bobs_name: &str) -> Result<()> {
    cast.narrator
        .chapter("The meeting: Bob answers Alice's invite while she is offline");

    let took = cast.alice.come_online_fully()?;
    cast.figures.bootstrap_cold.add(millis(took));
    cast.alice.add_relay(&cast.relay_address)?;
    cast.link = cast.alice.make_invite(alices_name)?;
    cast.narrator.says(
        "Alice",
        "makes a vault and an invite; she gives Bob the link by hand",
    );
    cast.alice.go_offline()?;
    cast.narrator.says("Alice", "stops her daemon");

    let took = cast.bob.come_online_fully()?;
    cast.figures.bootstrap_cold.add(millis(took));
    cast.bob.add_relay(&cast.relay_address)?;
    cast.bob.redeem(&cast.link, bobs_name)?;
    cast.bob.wait_for_phase("requested")?;
    cast.narrator.says(
        "Bob",
        "redeems the link; his request waits for her at the relay",
    );

    let began = Instant::now();
    cast.bring_online(Who::Alice)?;
    let bob_at_alice = cast.alice.wait_for_phase("established")?;
    let alice_at_bob = cast.bob.wait_for_phase("established")?;
    cast.figures.meeting_ms = millis(began.elapsed());

    ensure!(
        bob_at_alice.name == bobs_name && alice_at_bob.name == alices_name,
        "they know each other as {bob_at_alice:?} and {alice_at_bob:?}"
    );
    let hers = bob_at_alice
        .safety_number
        .context("Alice has no safety number")?;
    let his = alice_at_bob
        .safety_number
        .context("Bob has no safety number")?;
    ensure!(hers == his, "the safety numbers differ: {hers} and {his}");
    ensure!(
        hers.chars().filter(char::is_ascii_digit).count() == SAFETY_DIGITS,
        "a safety number of another length: {hers}"
    );
    cast.narrator
        .says("Alice", &format!("sees the safety number {hers}"));
    let (at_alice, at_bob) = (cast.alice.safety(bobs_name)?, cast.bob.safety(alices_name)?);
    ensure!(
        at_alice.emoji == at_bob.emoji && at_alice.emoji.split(", ").count() == 16,
        "they see other emoji: {at_alice:?} and {at_bob:?}"
    );
    cast.alice.verify(bobs_name, &at_bob.code)?;
    cast.bob.verify(alices_name, &at_alice.code)?;
    cast.narrator.says(
        "Both",
        &format!(
            "take in the other's code and are verified: {}",
            at_alice.emoji
        ),
    );
    cast.narrator.says("Bob", "sees the same one");
    Ok(())
}
