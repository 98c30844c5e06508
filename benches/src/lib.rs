//! What things cost, each against something outside of us on the same work in
//! the same run. Only ratios are judged; absolute figures are for the reader.

mod bare;
mod cpu;
pub mod live;
mod pair;
mod row;

pub use bare::BarePair;
pub use cpu::{Spent, cpu_of, instructions_of, median};
pub use pair::Pair;
pub use row::{Rate, Row, folder, publish, say};

/// The text of every message that is measured: a long sentence.
pub const TEXT: &str = "We meet at the old harbour at seven, behind the second crane; bring the \
    papers and nobody else, and if the lamp is out, walk on and come again tomorrow an hour \
    later. Ask for nothing at the gate.";
