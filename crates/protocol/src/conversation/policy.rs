//! Who may commit, and when.

use serde::{Deserialize, Serialize};

use super::lanes::ReadLane;

/// How the commits of a group are ordered; a conversation has one policy for
/// life. `[HW-CONV-3]`
///
/// # Two past epochs are enough
///
/// Let A be at epoch `m`, the peer B. All of B's boxes lie in lanes, and a box
/// in lane `x` is encrypted in epoch `x` or, once B has committed there, `x+1`.
///
/// 1. B's boxes of lane `x` in epoch `x` that come before B's commit `x → x+1`
///    lie before it in that lane. A learns of that commit only there, and reads a
///    lane in order, so A has read them all before it is past `x`.
/// 2. So what can come late from lane `x` is encrypted in `x+1` (B committed in
///    `x`) or in `x` (A did).
/// 3. A commits at `m` only if at most one lane of B is unfinished, and that
///    lane is `m-1` or `m` ([`CommitPolicy::may_commit`]). A's commit gives
///    `m+1`, B's answer `m+2`, and there A stays until the rule holds again.
///    Lane `m-1` may then still be unfinished. B committed in it (that made
///    `m`), so by 2 its late boxes are of `m`: two epochs back. Those of lane
///    `m` are of `m`: the same.
///
/// Hence also: never more than [`MAX_OPEN_LANES`](super::MAX_OPEN_LANES) lanes of
/// B are unfinished at A: at most one when A commits, and those of `m+1`, `m+2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CommitPolicy {
    /// Two leaves: a side may commit once after each commit of the other. No two
    /// commits can compete, so a commit is merged as soon as it is made.
    AlternatingPair,
    /// Three leaves or more: a commit counts once it is the first at its slot of
    /// the control lane, so none may be merged, or accepted, from a data lane.
    Ordered,
}

/// What [`CommitPolicy::may_commit`] looks at.
pub(super) struct Standing<'a> {
    pub(super) my_leaf: u32,
    /// Whose commit made the current epoch.
    pub(super) last_committer: u32,
    pub(super) epoch: u64,
    /// Whether we sent anything in the current epoch.
    pub(super) sent_in_epoch: bool,
    /// The unfinished lanes of other leaves.
    pub(super) open: &'a [ReadLane],
}

impl Standing<'_> {
    /// Whether this lane stays unfinished if we commit now. The peer writes in
    /// lane `epoch` only after it saw us there; if we have sent nothing in it
    /// and now leave it, the lane stays empty for ever.
    pub(super) fn stays_open(&self, lane: &ReadLane) -> bool {
        lane.epoch != self.epoch || self.sent_in_epoch
    }
}

impl CommitPolicy {
    /// Whether we may commit, and merge at once.
    pub(super) fn may_commit(self, standing: &Standing<'_>) -> bool {
        let mut open = standing
            .open
            .iter()
            .filter(|lane| standing.stays_open(lane));
        let late_boxes_bounded = match (open.next(), open.next()) {
            (None, _) => true,
            (Some(only), None) => only.epoch + 1 >= standing.epoch,
            _ => false,
        };
        self.has_turn(standing.my_leaf, standing.last_committer) && late_boxes_bounded
    }

    /// Whether it is for `leaf` to commit next, in a data lane.
    pub(super) fn has_turn(self, leaf: u32, last_committer: u32) -> bool {
        match self {
            Self::AlternatingPair => last_committer != leaf,
            Self::Ordered => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CommitPolicy, Standing};
    use crate::{
        conversation::lanes::{Chain, ReadLane},
        secret::Secret32,
    };

    fn lanes(epochs: &[u64]) -> Vec<ReadLane> {
        let chain = Chain::start(&Secret32::new([0; 32]), 1);
        let lane = |&epoch| ReadLane {
            epoch,
            leaf: 1,
            next: 0,
            end: None,
            chain: chain.clone(),
        };
        epochs.iter().map(lane).collect()
    }

    fn may_commit(last_committer: u32, sent_in_epoch: bool, open: &[u64]) -> bool {
        CommitPolicy::AlternatingPair.may_commit(&Standing {
            my_leaf: 0,
            last_committer,
            epoch: 9,
            sent_in_epoch,
            open: &lanes(open),
        })
    }

    /// Claim P1.
    #[test]
    fn a_side_commits_once_after_each_commit_of_the_other() {
        assert!(may_commit(1, false, &[9]));
        assert!(!may_commit(0, false, &[9]));
    }

    #[test]
    fn unfinished_old_lanes_hold_a_commit_back() {
        assert!(may_commit(1, false, &[8, 9]));
        assert!(!may_commit(1, true, &[8, 9]));
        assert!(may_commit(1, true, &[9]));
        assert!(!may_commit(1, false, &[7, 8, 9]));
        assert!(!may_commit(1, false, &[7, 9]));
    }

    #[test]
    fn no_commit_is_merged_from_a_data_lane_when_commits_are_ordered() {
        assert!(!CommitPolicy::Ordered.has_turn(0, 1));
        assert!(!CommitPolicy::Ordered.has_turn(1, 0));
    }
}
