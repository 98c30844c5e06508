//! The messenger as a deterministic state machine: contacts, outbox, inbox, retries.
//!
//! The engine has no clock, no randomness of its own and no input or output.
//! Each `handle`-like method of [`Engine`] runs inside one transaction of the
//! vault; when that has been committed, and only then, the driver takes what
//! must leave from [`Engine::poll_transmit`], what people should see from
//! [`Engine::poll_event`], and the wishes that hold until they change from
//! [`Engine::waits`], [`Engine::listeners`] and [`Engine::wake_at_ms`].
//!
//! When a transaction did not commit, the driver throws the engine away and
//! makes a new one from the vault with [`Engine::resume`]: what is only in
//! memory (flights, pauses, the state of relays) can always be made anew.

mod blocking;
mod care;
mod chats;
mod clock;
mod commands;
mod damage;
mod deleting;
mod doctor;
mod engine;
mod inbox;
mod io;
pub mod limits;
mod meeting;
mod naming;
mod outbox;
mod reading;
mod relays;
mod remembered;
mod room;
mod rows;
mod searching;
mod succession;
mod verification;
pub mod view;
mod views;
mod words;

pub use engine::Engine;
pub use hushwing_protocol::Ctx;
pub use io::{
    DirectAnswer, FlightId, Isolation, Listener, Operation, Outcome, Purpose, Transmit, Wait,
};
pub use outbox::UNREAD_THERE;
pub use relays::parse_relay;
pub use rows::{CONTACTS, ContactId, INVITES, MESSAGES, MessageId, OutId, Owner, REQUESTS};
