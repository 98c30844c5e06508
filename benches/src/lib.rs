//! What things cost, each against something outside of us on the same work in
//! the same run. Only ratios are judged; absolute figures are for the reader.

mod bare;
pub mod live;
mod pair;

pub use bare::BarePair;
pub use hushwing_benches_relay::{
    Rate, Row, Spent, cpu_of, folder, instructions_of, median, publish, say,
};
pub use pair::Pair;

/// The text of every message that is measured: a long sentence.
pub const TEXT: &str = "We meet at the old harbour at seven, behind the second crane; bring the \
    papers and nobody else, and if the lamp is out, walk on and come again tomorrow an hour \
    later. Ask for nothing at the gate.";
