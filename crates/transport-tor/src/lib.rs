//! Tor in this process, through arti: the only crate that names it.
//!
//! [`Tor::start`] returns at once; a supervisor brings Tor up in the background,
//! says how far it is and what is in the way, and never gives up. [`Tor`] dials
//! (onion addresses, and host names through an exit) and hosts onion services.
//!
//! Fail closed `[HW-NET-2]`: while Tor is not there, dialling is an error at
//! once. No error leads to another way out.
//!
//! Why a supervisor: arti does not notice that the network is gone, and after
//! it is back waits 40 to 60 s for its own back-off. So each client is an
//! *incarnation* with an async runtime of its own. When doubts arise (a dial
//! that failed on our side, relays that refuse connections, a stream that
//! broke) the incarnation must prove that it can still build a circuit; if it
//! cannot, it ends whole, and new ones are made until one proves itself. Guards
//! and directory stay on disk between incarnations, so an outage never makes us
//! choose other guards.

mod config;
mod hedge;
mod incarnation;
mod isolation;
mod links;
mod onion;
mod service;
mod supervisor;
mod tor;
mod watched;
mod words;

pub use config::{Network, StartError, TorConfig};
pub use isolation::MAX_CLASSES;
pub use onion::{HostError, OnionListener, OnionSeed, OnionState, onion_address};
pub use service::{ACCEPT_QUEUE, MAX_RENDEZVOUS_CIRCUITS, MAX_STREAMS_PER_CIRCUIT};
pub use supervisor::{RETRY_FIRST, RETRY_LAST};
pub use tor::Tor;
