//! Bob's machine is gone; he goes on from a backup that is hundreds of messages old.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::{Cast, Who, meet, texts};
use crate::{
    person::{Person, Setting, Way},
    relay::{Entrance, Relay},
    stage::{self, Folder, Narrator},
    wait::{self, Seen},
};

const ALICE: &str = "Alice of the backup";
const BOB: &str = "Bob of the backup";

/// Each writes so many before the backup.
const BEFORE: usize = 10;
/// Bob writes so many then.
const LOST: usize = 10;
/// Alice writes so many while nobody is there, and again while he is restored.
const AWAY: usize = 20;
/// Both write so many when he is back.
const AFTER: usize = 10;

/// Which network they have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Over {
    /// A private Tor network.
    Tor,
    /// A relay on this machine alone.
    Loopback,
}

/// What was seen.
#[derive(Debug)]
pub struct Restored {
    /// Pairs of key and nonce that sealed something, in both lives of Bob.
    pub pairs: usize,
    /// Of those, how many sealed again.
    pub repeated: usize,
}

/// Bob makes a backup while Alice writes, lives on for `later` messages of hers, loses his
/// machine, and restores the backup in another folder while she goes on writing. He is
/// killed right after that, too.
///
/// # Errors
/// At the first thing that is not as it must be.
pub fn play_restore(folder: &Folder, over: Over, later: usize) -> Result<Restored> {
    let narrator = Narrator::begin();
    let net = match over {
        Over::Tor => Some(stage::start_network(folder)?),
        Over::Loopback => None,
    };
    let network = net.as_ref().map(stage::network_file);
    let setting = Setting {
        way: network.clone().map_or(Way::Loopback, Way::Tor),
        log_level: "info",
    };
    let entrance = match network {
        Some(network) => Entrance::Onion { network },
        None => Entrance::free_port()?,
    };
    let (relay, _) = Relay::start(folder.path(), entrance, "info")?;
    let mut cast = Cast::new(folder, &setting, relay, narrator)?;
    let records = [Who::Alice, Who::Bob].map(|who| {
        let file = folder.path().join(format!("{who:?}.seals"));
        cast.person_mut(who).record_seals(&file);
        file
    });
    meet(&mut cast, ALICE, BOB)?;
    let mut hers = texts("before", Who::Alice, BEFORE);
    let mut his = texts("before", Who::Bob, BEFORE);
    write_all(&mut cast, Who::Alice, &hers)?;
    write_all(&mut cast, Who::Bob, &his)?;
    for (who, texts) in [(Who::Alice, &hers), (Who::Bob, &his)] {
        wait_for_all(&cast, who, texts)?;
    }

    cast.narrator
        .chapter("Bob makes a backup while Alice writes, and lives on");
    let file = folder.path().join("backup of Bob");
    let texts_later = texts("later", Who::Alice, later);
    let (during, rest) = texts_later.split_at(later / 10);
    write_all(&mut cast, Who::Alice, during)?;
    let made = cast.bob.back_up(&file)?;
    ensure!(made["contacts"] == 1, "{made}");
    let in_backup = made["messages"].as_u64().context("no count")?;
    ensure!(in_backup >= 2 * BEFORE as u64, "{made}");
    cast.narrator.says("Bob", &format!("has {made}"));
    write_all(&mut cast, Who::Alice, rest)?;
    let lost = texts("lost", Who::Bob, LOST);
    write_all(&mut cast, Who::Bob, &lost)?;
    wait_for_all(&cast, Who::Alice, &texts_later)?;
    cast.bob.wait_for_state(&lost, "delivered")?;
    hers.extend(texts_later);

    cast.narrator
        .chapter("His machine is gone; he restores on another one, and she goes on writing");
    cast.bob.crash()?;
    let mut anew = cast.bob.anew(&folder.path().join("another machine"))?;
    cast.bob = {
        let away = texts("away", Who::Alice, AWAY);
        write_all(&mut cast, Who::Alice, &away)?;
        hers.extend(away);
        anew.start_daemon()?;
        let checked = anew.check_backup(&file)?;
        ensure!(checked == made, "{checked} was made as {made}");
        let restored = anew.restore(&file)?;
        ensure!(restored == made, "{restored} was made as {made}");
        anew
    };
    cast.bob.crash()?;
    cast.bob.come_online()?;
    let away = texts("restored", Who::Alice, AWAY);
    write_all(&mut cast, Who::Alice, &away)?;
    hers.extend(away);
    cast.bob.wait_for_network("ready")?;
    cast.bob.wait_for_phase("established")?;
    for (who, texts_of) in [(Who::Alice, &mut hers), (Who::Bob, &mut his)] {
        let after = texts("after", who, AFTER);
        write_all(&mut cast, who, &after)?;
        texts_of.extend(after);
    }
    for (who, texts) in [(Who::Alice, &hers), (Who::Bob, &his)] {
        wait_for_all(&cast, who, texts)?;
    }
    wait::until("Bob's keys to be made anew", || {
        let contact = cast.bob.ask(&["contacts"])?["contacts"][0].take();
        Ok(Seen::when(contact["repairing"] == false, contact))
    })?;

    let report = cast.bob.ask(&["vault", "check"])?;
    ensure!(
        report["damaged_pages"] == 0 && report["losses"] == serde_json::json!([]),
        "his vault is not whole: {report}"
    );
    // What he wrote in the life that is lost is at her place alone.
    require_once(&cast.bob, &hers, false)?;
    require_once(&cast.bob, &his, true)?;
    require_once(&cast.alice, &hers, true)?;
    require_once(&cast.alice, &[his, lost].concat(), false)?;
    cast.narrator.says(
        "Both",
        "go on: nothing that they wrote is lost or twice there",
    );

    if over == Over::Loopback {
        salvage(&mut cast)?;
    }
    cast.leave()?;
    drop(net);
    stage::require_nobody_left(folder)?;
    search_twice(&records)
}

/// Bytes of a page of a vault's database.
const PAGE: usize = 4096;

/// A bit of Bob's vault turns while his program does not run: it is found, told and
/// survived by what he can do from the command line.
fn salvage(cast: &mut Cast) -> Result<()> {
    cast.narrator.chapter("A bit of Bob's vault turns");
    let database = cast.bob.dir().join("vault.db");
    let mut bytes;
    let mut further = 0;
    loop {
        cast.bob.go_offline()?;
        bytes = fs::read(&database)?;
        let page = bytes.len() / PAGE / 2 + further;
        ensure!((page + 1) * PAGE <= bytes.len(), "no page was in use");
        bytes[page * PAGE + 100] ^= 1;
        fs::write(&database, &bytes)?;
        cast.bob.start_daemon()?;
        // It opens if that page is not read for it; then a check finds it, unless it was a
        // free one and has been written to.
        if cast.bob.unlock().is_err() {
            break;
        }
        let (code, found) = cast.bob.ask_with_code(&["vault", "check"])?;
        cast.bob.lock()?;
        if found["damaged_pages"] == 1 {
            ensure!(code == 5, "{code}: {found}");
            break;
        }
        ensure!(code == 0 && found["damaged_pages"] == 0, "{code}: {found}");
        further += 1;
    }
    let report = cast.bob.salvage()?;
    ensure!(report["damaged_pages"] == 1, "{report}");
    ensure!(report["kept_aside"] != 0, "{report}");
    cast.narrator.says("Bob", &format!("is told {report}"));
    let aside = cast.bob.dir().join("vault.damaged-1");
    ensure!(aside.exists(), "nothing was kept aside");
    cast.bob.ask(&["vault", "forget-damaged"])?;
    ensure!(!aside.exists());
    let whole = cast.bob.ask(&["vault", "check"])?;
    ensure!(whole["damaged_pages"] == 0, "{whole}");
    ensure!(whole["kept_aside"] == 0, "{whole}");
    Ok(())
}

fn write_all(cast: &mut Cast, who: Who, texts: &[String]) -> Result<()> {
    texts
        .iter()
        .try_for_each(|text| cast.person(who).send(text))
}

/// Waits until all of them are delivered, a part at a time: each part may take as long as
/// anything else may.
fn wait_for_all(cast: &Cast, who: Who, texts: &[String]) -> Result<()> {
    let mut parts = texts.chunks(50);
    parts.try_for_each(|part| {
        let there = cast.person(who).wait_for_state(part, "delivered");
        there.map(drop)
    })
}

/// Requires that the person sees each of `texts` once, and no others from that side.
fn require_once(person: &Person, texts: &[String], mine: bool) -> Result<()> {
    let messages = person.messages()?;
    let mut seen: Vec<&str> = messages
        .iter()
        .filter(|message| message.mine == mine)
        .map(|message| message.text.as_str())
        .collect();
    let mut wanted: Vec<&str> = texts.iter().map(String::as_str).collect();
    seen.sort_unstable();
    wanted.sort_unstable();
    let missing = wanted.iter().find(|text| !seen.contains(text));
    ensure!(
        seen == wanted,
        "{} sees {} of {}, and lacks {missing:?}",
        person.name(),
        seen.len(),
        wanted.len()
    );
    Ok(())
}

/// Looks for pairs of key and nonce that sealed twice: of one person, in all lives.
fn search_twice(records: &[impl AsRef<Path>]) -> Result<Restored> {
    let mut found = Restored {
        pairs: 0,
        repeated: 0,
    };
    for record in records {
        let text = fs::read_to_string(record).context("no record of what was sealed")?;
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        for pair in text.lines() {
            *times.entry(pair).or_default() += 1;
        }
        found.pairs += times.len();
        found.repeated += times.values().filter(|times| **times > 1).count();
    }
    Ok(found)
}
