//! Who is connected, and who gives way when the relay is full. `[HW-RELAY-14]`
//!
//! Over Tor all clients look alike, so nobody can be favoured by where they
//! come from. What a connection is doing is known, though: one that has not
//! finished its handshake, or that asks for nothing, is the one whose loss
//! costs an honest client least, and the one that a flood is cheapest with.

use std::{collections::HashMap, time::Duration};

use hushwing_relay_client::{Activity, Phase};
use tokio::{task::Id, time::Instant};
use tokio_util::sync::CancellationToken;

/// How long a connection may be idle before it gives way to another: an honest
/// client between two requests is not cut off.
const IDLE_GRACE: Duration = Duration::from_secs(10);

/// One connection's entry. The server cancels `cut` to end it.
#[derive(Debug)]
struct Entry {
    activity: Activity,
    cut: CancellationToken,
}

/// All connections that have not been told to end.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    entries: HashMap<Id, Entry>,
}

impl Roster {
    /// Enters a connection under the id of its task.
    pub(crate) fn enter(&mut self, task: Id, activity: Activity, cut: CancellationToken) {
        self.entries.insert(task, Entry { activity, cut });
    }

    /// A connection has ended.
    pub(crate) fn leave(&mut self, task: Id) {
        self.entries.remove(&task);
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Ends the connection that matters least: the oldest handshake, else what
    /// has been idle longest. Says whether there was one.
    pub(crate) fn give_way(&mut self) -> bool {
        let now = Instant::now();
        let least = self
            .entries
            .iter()
            .filter_map(|(task, entry)| match entry.activity.now() {
                (Phase::Handshake, since) => Some((0, since, *task)),
                (Phase::Idle, since) if now.duration_since(since) >= IDLE_GRACE => {
                    Some((1, since, *task))
                }
                _ => None,
            })
            .min_by_key(|(class, since, _)| (*class, *since));
        let Some((_, _, task)) = least else {
            return false;
        };
        if let Some(entry) = self.entries.remove(&task) {
            entry.cut.cancel();
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_oldest_handshake_gives_way_and_nobody_who_just_came_idle() {
        let mut roster = Roster::default();
        let (first, second) = (CancellationToken::new(), CancellationToken::new());
        let tasks = [tokio::spawn(async {}).id(), tokio::spawn(async {}).id()];
        roster.enter(tasks[0], Activity::default(), first.clone());
        tokio::time::advance(Duration::from_secs(1)).await;
        roster.enter(tasks[1], Activity::default(), second.clone());
        assert!(roster.give_way());
        assert!(first.is_cancelled() && !second.is_cancelled());
        roster.leave(tasks[1]);
        assert!(!roster.give_way());
        assert_eq!(roster.len(), 0);
    }
}
