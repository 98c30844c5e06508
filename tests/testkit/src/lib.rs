//! People, relays and a clock for tests: whole engines on virtual time, in
//! one thread, from one seed.
//!
//! A [`World`] carries what the engines want to send to write-once relays and
//! to each other, with the faults that a test asks for. The same seed gives
//! the same run of events.

mod relay;
mod world;

pub use relay::{FakeRelay, PutAnswer};
pub use world::{Came, Faults, Left, Person, PersonId, RelayId, World, stepping};
