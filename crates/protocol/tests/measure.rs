//! Figures for the record; run with `--ignored --nocapture`.
// A stopwatch needs a clock; the crate itself may not read one.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

mod common;

use std::time::{Duration, Instant};

use common::{Person, friends};

/// Steps of each kind.
const STEPS: u32 = 200;

fn timed<T>(total: &mut Duration, step: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = step();
    *total += start.elapsed();
    result
}

#[test]
#[ignore = "prints figures, decides nothing"]
fn how_long_steps_take_and_how_large_the_state_is() {
    let mut total = [Duration::ZERO; 7];
    for seed in 0..20 {
        let (mut alice, mut bob) = (Person::new(2 * seed), Person::new(2 * seed + 1));
        let created = timed(&mut total[0], || alice.invite());
        let redeemed = timed(&mut total[1], || bob.redeem(&created));
        timed(&mut total[2], || alice.accept(&created, &redeemed));
    }
    let (mut alice, mut bob) = friends(1);
    for _ in 0..STEPS {
        let sealed = timed(&mut total[3], || bob.say("a turn"));
        timed(&mut total[4], || alice.read(&sealed));
        let sealed = timed(&mut total[3], || alice.say("a turn"));
        timed(&mut total[4], || bob.read(&sealed));
    }
    let mut more = Vec::new();
    for _ in 0..STEPS {
        more.push(timed(&mut total[5], || bob.say("no turn")));
    }
    for sealed in &more {
        timed(&mut total[6], || alice.read(sealed));
    }
    let labels = [
        "invite",
        "redeem",
        "accept",
        "seal+commit",
        "open+commit",
        "seal",
        "open",
    ];
    let counts = [20, 20, 20, 2 * STEPS, 2 * STEPS, STEPS, STEPS];
    for ((label, total), count) in labels.iter().zip(total).zip(counts) {
        println!("{label}: {} µs", (total / count).as_micros());
    }
    let rows = alice.rows();
    let bytes: usize = rows
        .iter()
        .map(|(key, value)| key.len() + value.len())
        .sum();
    println!("state: {} rows, {bytes} bytes", rows.len());
}
