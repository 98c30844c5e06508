//! A measurement: how long mail waits after an onion relay was killed and came
//! back at once.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::{Cast, Who, meet, millis, texts};
use crate::figures::Samples;
use crate::person::{Setting, Way};
use crate::relay::{Entrance, Relay};
use crate::stage::{self, Folder, Narrator};

/// Texts on their way when the relay is killed.
const LOAD: usize = 12;
/// When it is killed: with so many of them written.
const WRITTEN_BEFORE: usize = 6;
/// How long the relay stalls before it is killed, in the trials in which it does:
/// whoever dials it meanwhile has introduced himself and waits for its answer.
const STALL: Duration = Duration::from_secs(3);

/// Milliseconds from the kill until the relay has everything, its own new start
/// included.
#[derive(Debug, Default)]
pub struct Returns {
    /// It was killed while mail came in.
    pub killed: Samples,
    /// It stalled first, as before an out-of-memory kill, while it was dialled.
    pub stalled: Samples,
    /// How long it took to start, as part of these.
    pub restart: Samples,
}

impl fmt::Display for Returns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {:<46} {:>6} {:>6} {:>6}", "", "min", "median", "max")?;
        for (what, samples) in [
            ("killed under load -> relay has all", &self.killed),
            ("stalled, killed -> relay has all", &self.stalled),
            ("of that, the relay's start", &self.restart),
        ] {
            writeln!(f, "  {what:<46} {samples}")?;
        }
        writeln!(f, "  killed:  {:?}", self.killed.all())?;
        write!(f, "  stalled: {:?}", self.stalled.all())
    }
}

/// Kills and restarts a relay `trials` times in each of the two ways.
///
/// # Errors
/// When a message is lost, or anything does not work.
pub fn measure_returns(folder: &Folder, trials: u32) -> Result<Returns> {
    let narrator = Narrator::begin();
    narrator.chapter("The stage: a private Tor network, a relay, and Bob who is away");
    let net = stage::start_network(folder)?;
    let setting = Setting {
        way: Way::Tor(stage::network_file(&net)),
        log_level: "debug",
    };
    let entrance = Entrance::Onion {
        network: stage::network_file(&net),
    };
    let (relay, _) = Relay::start(folder.path(), entrance, "info")?;
    let mut cast = Cast::new(folder, &setting, relay, narrator)?;
    meet(&mut cast, "Alice of the returns", "Bob of the returns")?;
    cast.bob.go_offline()?;
    let mut returns = Returns::default();
    for trial in 1..=trials {
        let took = kill_under_load(&mut cast, trial, &mut returns)?;
        returns.killed.add(took);
        let took = stall_and_kill(&mut cast, trial, &mut returns)?;
        returns.stalled.add(took);
    }
    cast.bring_online(Who::Bob)?;
    cast.compare_when_all_arrived()?;
    cast.leave()?;
    drop(net);
    stage::require_nobody_left(folder)?;
    Ok(returns)
}

fn kill_under_load(cast: &mut Cast, trial: u32, returns: &mut Returns) -> Result<u64> {
    let mail = texts(&format!("killed {trial}"), Who::Alice, LOAD);
    let (before, after) = mail.split_at(WRITTEN_BEFORE);
    for text in before {
        cast.write(Who::Alice, text)?;
    }
    let began = Instant::now();
    cast.relay.kill()?;
    returns.restart.add(millis(cast.relay.restart()?));
    for text in after {
        cast.write(Who::Alice, text)?;
    }
    has_all(cast, &mail, began, &format!("trial {trial}, killed"))
}

/// The relay is restarted and stalls before anybody has a link to it; Alice, who
/// has mail for it, dials; then it is killed and started again.
fn stall_and_kill(cast: &mut Cast, trial: u32, returns: &mut Returns) -> Result<u64> {
    cast.relay.kill()?;
    let mail = texts(&format!("stalled {trial}"), Who::Alice, LOAD);
    for text in &mail {
        cast.write(Who::Alice, text)?;
    }
    cast.relay.restart()?;
    cast.relay.daemon()?.freeze()?;
    cast.alice.retry()?;
    std::thread::sleep(STALL);
    let began = Instant::now();
    cast.relay.kill()?;
    returns.restart.add(millis(cast.relay.restart()?));
    has_all(cast, &mail, began, &format!("trial {trial}, stalled"))
}

fn has_all(cast: &Cast, mail: &[String], began: Instant, trial: &str) -> Result<u64> {
    let kept = cast.alice.wait_for_state(mail, "at_relay")?;
    ensure!(kept.len() == mail.len(), "{trial}: not all is there");
    let took = millis(began.elapsed());
    cast.narrator
        .says("Relay", &format!("{trial}: has all after {took} ms"));
    Ok(took)
}
