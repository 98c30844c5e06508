//! How they meet, without ever having to be online together.

use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::{Cast, Who, millis};

/// The name that each of them shows to the other.
const ALICE: &str = "Alice of the demo";
const BOB: &str = "Bob of the demo";

/// Alice invites, Bob answers while she is away, she returns.
pub(super) fn play(cast: &mut Cast) -> Result<()> {
    cast.narrator
        .chapter("The meeting: Bob answers Alice's invite while she is offline");

    let took = cast.alice.come_online_fully()?;
    cast.figures.bootstrap_cold.add(millis(took));
    cast.alice.add_relay(cast.relay.address())?;
    let link = cast.alice.make_invite(ALICE)?;
    cast.narrator.says(
        "Alice",
        "makes a vault and an invite; she gives Bob the link by hand",
    );
    cast.alice.go_offline()?;
    cast.narrator.says("Alice", "stops her daemon");

    let took = cast.bob.come_online_fully()?;
    cast.figures.bootstrap_cold.add(millis(took));
    cast.bob.add_relay(cast.relay.address())?;
    cast.bob.redeem(&link, BOB)?;
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
        bob_at_alice.name == BOB,
        "Alice knows Bob as {bob_at_alice:?}"
    );
    ensure!(
        alice_at_bob.name == ALICE,
        "Bob knows Alice as {alice_at_bob:?}"
    );
    let hers = bob_at_alice
        .safety_number
        .context("Alice has no safety number")?;
    let his = alice_at_bob
        .safety_number
        .context("Bob has no safety number")?;
    ensure!(hers == his, "the safety numbers differ: {hers} and {his}");
    ensure!(
        hers.chars().filter(char::is_ascii_digit).count() == 40,
        "the safety number is not of 40 digits: {hers}"
    );
    cast.narrator
        .says("Alice", &format!("sees the safety number {hers}"));
    cast.narrator.says("Bob", "sees the same one");
    Ok(())
}
