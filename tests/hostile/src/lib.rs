//! A hostile peer: somebody who has the keys of his own side, or found a link, or knows
//! where a node is, and says what no honest program can.
//!
//! Each [`Attack`] is played in a small world of whole engines: Alice, whom it is
//! against; Bob, her friend; and Mallory, with whom she has a contact too, and whose
//! program is off while he makes his boxes by hand. Whatever he does, the same must
//! hold afterwards, and [`play`] says in a sentence what does not:
//!
//! - what Alice sees of Bob is what it was, and they can write to each other;
//! - she has no contact, no request and no invite that she had not before, except those
//!   that an attack may make;
//! - nothing leaves her machine for a stranger, and to Mallory no more than a few boxes;
//! - her vault grows by a few rows at most;
//! - Mallory, should he become honest, can write to her again: nothing is jammed.
#![allow(
    clippy::missing_panics_doc,
    reason = "a scene that cannot be set up is a defect"
)]

mod attacks;
mod scene;

pub use attacks::{ATTACKS, Attack, Entry};
pub use scene::play;
