//! What a relay costs, against its store and its TLS library alone; and how
//! figures of all programs become rows.
//!
//! The relay under measure is its library in a process of its own, without Tor:
//! what Tor costs is the same for everything behind it.

mod cpu;
pub mod filling;
pub mod load;
mod row;
pub mod served;

pub use cpu::{Spent, cpu_of, instructions_of, median};
pub use row::{Rate, Row, folder, publish, say};
