//! Every attack, against whole engines.

use hushwing_hostile::{ATTACKS, Entry, play};

fn nothing_works_at(entry: Entry) {
    let attacks: Vec<_> = ATTACKS.iter().filter(|one| one.entry == entry).collect();
    assert!(!attacks.is_empty());
    let worked: Vec<String> = attacks
        .into_iter()
        .filter_map(|attack| {
            let wrong = play(attack);
            (!wrong.is_empty()).then(|| format!("{attack:?}: {}", wrong.join("; ")))
        })
        .collect();
    assert!(worked.is_empty(), "{worked:#?}");
}

/// Claims B0 and I1.
#[test]
fn no_attack_works_by_boxes_of_a_lane() {
    nothing_works_at(Entry::Lane);
}

/// Claims A1 and B0.
#[test]
fn no_attack_works_outside_of_the_lanes() {
    nothing_works_at(Entry::Outside);
}

/// Claims A2 and B0.
#[test]
fn no_attack_works_by_requests_on_an_invite() {
    nothing_works_at(Entry::Request);
}

/// Claims A2 and B0.
#[test]
fn no_attack_works_by_what_lies_for_a_bundle() {
    nothing_works_at(Entry::Bundle);
}

/// Claim B0.
#[test]
fn no_attack_works_at_ones_own_node() {
    nothing_works_at(Entry::Node);
}
