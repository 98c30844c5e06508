//! `hostile-peer`: plays every attack and prints what became of it.
#![allow(clippy::print_stdout, reason = "it prints a table")]

use std::process::ExitCode;

use hushwing_hostile::{ATTACKS, play};

fn main() -> ExitCode {
    let mut worked = 0;
    println!("{:<52} {:<16} result", "attack", "entry");
    for attack in ATTACKS {
        let wrong = play(attack);
        let result = if wrong.is_empty() {
            "changed nothing that it must not".to_owned()
        } else {
            worked += 1;
            format!("WORKED: {}", wrong.join("; "))
        };
        println!("{:<52} {:<16} {result}", attack.name, attack.entry.name());
    }
    println!("\n{} attacks, {worked} worked", ATTACKS.len());
    ExitCode::from(u8::from(worked > 0))
}
