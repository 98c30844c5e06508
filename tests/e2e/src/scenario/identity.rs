//! Alice fears that somebody else has her keys, and takes another identity.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{Cast, Who, meet};
use crate::{
    person::{Person, Setting, Way},
    relay::{Entrance, Relay},
    stage::{self, Folder, Narrator},
    wait::{self, Seen},
};

const ALICE: &str = "Alice of the story";
const BOB: &str = "Bob of the story";

/// Over a private Tor network: Bob is away when she does it, learns of it when he
/// returns, and writes to her only when he has compared. Afterwards both reach each
/// other directly again, although the keys of her node are others.
///
/// # Errors
/// At the first thing that is not as it must be.
pub fn play_another_identity(folder: &Folder) -> Result<()> {
    let narrator = Narrator::begin();
    let net = stage::start_network(folder)?;
    let setting = Setting {
        way: Way::Tor(stage::network_file(&net)),
        log_level: "info",
    };
    let entrance = Entrance::Onion {
        network: stage::network_file(&net),
    };
    let (relay, _) = Relay::start(folder.path(), entrance, "info")?;
    let mut cast = Cast::new(folder, &setting, relay, narrator)?;
    meet(&mut cast, ALICE, BOB)?;
    for (who, text) in [(Who::Alice, "before"), (Who::Bob, "before it")] {
        cast.write(who, text)?;
        cast.person(who).wait_for_delivery(text)?;
    }
    let before = contact(&cast.alice, BOB)?;

    cast.narrator
        .chapter("Alice takes another identity while Bob is away");
    cast.bob.go_offline()?;
    let changed = cast.alice.ask(&["contact", "new-identity", BOB])?;
    ensure!(changed["contacts"][0]["succeeding"] == true, "{changed}");
    cast.write(Who::Alice, "with the old keys")?;
    let texts = ["with the old keys".to_owned()];
    cast.alice.wait_for_state(&texts, "at_relay")?;
    cast.bring_online(Who::Bob)?;
    wait::until("both to see the same other number", || {
        let (hers, his) = (contact(&cast.alice, BOB)?, contact(&cast.bob, ALICE)?);
        let [hers, his] = [hers, his].map(|one| one["safety_number"].clone());
        let done = hers == his && hers != before["safety_number"];
        Ok(Seen::when(done, hers))
    })?;
    let (hers, his) = (contact(&cast.alice, BOB)?, contact(&cast.bob, ALICE)?);
    cast.narrator.says(
        "Both",
        &format!("see another safety number: {}", hers["safety_number"]),
    );
    ensure!(
        hers["verification"]["state"] == "verified",
        "Bob is who he was: {hers}"
    );
    ensure!(his["verification"]["state"] == "changed", "{his}");
    ensure!(
        cast.bob.send("too soon").is_err(),
        "he wrote to her before he had decided"
    );
    cast.alice.wait_for_delivery("with the old keys")?;
    let shown = cast.alice.safety(BOB)?;
    cast.bob.verify(ALICE, &shown.code)?;
    cast.narrator.says("Bob", "takes in her code and goes on");

    cast.relay.stop()?;
    for (who, text) in [
        (Who::Bob, "to whom you are now"),
        (Who::Alice, "from whom I am now"),
    ] {
        cast.write(who, text)?;
        cast.person(who).wait_for_delivery(text)?;
    }
    cast.relay.restart()?;
    cast.compare_transcripts()?;
    cast.leave()?;
    drop(net);
    stage::require_nobody_left(folder)
}

/// A contact as its holder's program shows it.
fn contact(person: &Person, name: &str) -> Result<Value> {
    let reply = person.ask(&["contacts"])?;
    let contacts = reply["contacts"].as_array().context("no contacts")?;
    let found = contacts.iter().find(|contact| contact["name"] == name);
    found.cloned().context("no such contact")
}
