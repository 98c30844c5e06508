//! Scripts of two people that meet the interesting cases.

use super::Seeds;
use crate::interaction::Step;

fn script(steps: &[(Step, bool, u8)]) -> Vec<u8> {
    let bytes = steps
        .iter()
        .map(|&(step, bob, which)| step.bytes(bob, which));
    bytes.flatten().collect()
}

pub(crate) fn interaction() -> Seeds {
    use Step::{
        Again, Alter, AlterCall, AlterRecord, AskAgain, Copy, Deliver, DeliverAndFail,
        DeliverAnswer, DeliverCall, DeliverCallAndFail, DeliverOldest, Lose, LoseCall, Nothing,
        OfferRoutes, Record, Repair, RepairAndFail, Restore, RollBack, Routes, Say, SayAndFail,
    };
    let turns: Vec<_> = (0..24)
        .flat_map(|turn: u8| {
            let bob = turn.is_multiple_of(2);
            [(Say, bob, turn), (DeliverOldest, !bob, 0)]
        })
        .collect();
    // Both write at once and deliver in the opposite order.
    let crossed: Vec<_> = (0..8)
        .flat_map(|_| [(Say, true, 3), (Say, false, 4)])
        .chain((0..16).map(|which| (Deliver, which % 2 == 0, 16 - which)))
        .collect();
    // Late boxes of the lane before, over several turns.
    let late: Vec<_> = (0..12)
        .flat_map(|turn: u8| {
            let bob = turn.is_multiple_of(2);
            [
                (Say, bob, 1),
                (Say, bob, 1),
                (Say, bob, 1),
                (Deliver, !bob, turn),
                (DeliverOldest, !bob, 0),
            ]
        })
        .collect();
    vec![
        ("turns", script(&turns)),
        ("crossed", script(&crossed)),
        ("late", script(&late)),
        (
            "failures",
            script(&[
                (Say, true, 200),
                (SayAndFail, true, 0),
                (Alter, false, 3),
                (DeliverAndFail, false, 0),
                (DeliverOldest, false, 0),
                (Again, false, 0),
                (Nothing, false, 0),
                (Alter, true, 31),
                (DeliverOldest, true, 0),
            ]),
        ),
        (
            "lost_and_parked",
            script(&[
                (Say, false, 1),
                (Say, false, 1),
                (Say, false, 1),
                (Lose, false, 0),
                (Deliver, true, 1),
                (Deliver, true, 0),
                (Again, true, 1),
                (Say, true, 9),
                (DeliverOldest, false, 0),
            ]),
        ),
        (
            "writer_restored",
            script(&[
                (Copy, true, 0),
                (Say, true, 1),
                (DeliverOldest, false, 0),
                (RollBack, true, 0),
                (Say, true, 2),
                (DeliverOldest, false, 0),
                (Say, false, 2),
                (DeliverOldest, true, 0),
            ]),
        ),
        (
            "reader_restored",
            script(&[
                (Say, true, 1),
                (Copy, false, 0),
                (DeliverOldest, false, 0),
                (Say, false, 1),
                (DeliverOldest, true, 0),
                (RollBack, false, 0),
                (Again, false, 0),
                (Say, false, 5),
                (DeliverOldest, true, 0),
                (Say, true, 5),
                (DeliverOldest, false, 0),
            ]),
        ),
        (
            "asked_again",
            script(&[
                (Say, true, 1),
                (Say, true, 2),
                (Lose, true, 0),
                (DeliverOldest, false, 0),
                (AskAgain, false, 0),
                (DeliverOldest, true, 0),
                (DeliverOldest, false, 0),
            ]),
        ),
        (
            "routes",
            script(&[
                (Routes, true, 0),
                (DeliverOldest, false, 0),
                (OfferRoutes, true, 0),
                (AlterCall, false, 9),
                (DeliverCall, false, 0),
                (Record, true, 0),
                (AlterRecord, true, 7),
                (Routes, true, 0),
                (OfferRoutes, false, 0),
                (DeliverCallAndFail, true, 0),
                (LoseCall, false, 0),
            ]),
        ),
        (
            "repaired",
            script(&[
                (Say, true, 1),
                (Say, false, 1),
                (RepairAndFail, true, 0),
                (Repair, true, 0),
                (Say, true, 2),
                (DeliverCall, false, 0),
                (Say, false, 3),
                (DeliverAnswer, true, 0),
                (DeliverOldest, true, 0),
                (Say, true, 4),
                (DeliverOldest, false, 0),
                (DeliverAnswer, true, 0),
                (DeliverCall, false, 0),
            ]),
        ),
        (
            "asked_twice",
            script(&[
                (Repair, true, 0),
                (Repair, true, 0),
                (DeliverCall, false, 0),
                (DeliverCall, false, 1),
                (DeliverAnswer, true, 0),
                (Say, true, 1),
                (Say, false, 1),
            ]),
        ),
        (
            "asked_crosswise",
            script(&[
                (Say, true, 1),
                (Repair, true, 0),
                (Repair, false, 0),
                (DeliverCall, false, 0),
                (DeliverCall, true, 0),
                (DeliverAnswer, false, 0),
            ]),
        ),
        (
            "restored",
            script(&[
                (Say, true, 1),
                (Copy, true, 0),
                (DeliverOldest, false, 0),
                (Say, false, 1),
                (DeliverOldest, true, 0),
                (Say, true, 2),
                (DeliverOldest, false, 0),
                (Restore, true, 0),
                (Say, true, 3),
                (Say, false, 4),
                (DeliverCall, false, 0),
                (DeliverAnswer, true, 0),
                (DeliverOldest, true, 0),
            ]),
        ),
        (
            "restored_while_asking",
            script(&[
                (Repair, true, 0),
                (Copy, true, 0),
                (DeliverCall, false, 0),
                (DeliverAnswer, true, 0),
                (Say, true, 2),
                (DeliverOldest, false, 0),
                (Say, false, 2),
                (DeliverOldest, true, 0),
                (Restore, true, 0),
                (DeliverCall, false, 0),
                (DeliverAnswer, true, 0),
                (DeliverCall, false, 1),
                (DeliverAnswer, true, 1),
                (Say, true, 3),
            ]),
        ),
    ]
}
