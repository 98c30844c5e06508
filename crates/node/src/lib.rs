//! The async driver: one task owns the engine and the vault; commands in, events out.
//!
//! Everything that changes state passes through one thread, the core, in the
//! order of arrival: it runs each step in one transaction of the vault and
//! hands what must leave to the effects (links to relays, waits, onion
//! services) only after the commit. The effects hold no state that matters:
//! when they are thrown away, the engine asks for the same again.

#[cfg(feature = "aead-recorder")]
mod aead_recorder;
mod attempts;
mod backups;
mod clock;
mod config;
mod core;
mod effects;
mod limits;
mod links;
mod listeners;
mod node;
mod session;
mod stack;
mod unused;
mod waits;
mod wiping;
mod words;

#[cfg(test)]
mod tests;

/// Commands, answers and events: the words of the local API.
pub use hushwing_engine::view as schema;
/// Which Tor network to use.
pub use hushwing_transport_tor::Network;

pub use self::stack::wipe_idle_stack;

pub use config::{KeyDerivation, NodeConfig, WayOut};
pub use node::{Node, StartError};
pub use wiping::{SPOOL, wipe};
