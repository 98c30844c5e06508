//! The relay: a write-once slot store behind TLS 1.3 with X25519MLKEM768.
//!
//! ```text
//! Listen ─▶ serve() ─▶ relay-client's frames ─▶ RelayService ─▶ SlotStore (memory, SQLite)
//!                                                   │
//!                                                   └─▶ waits: a PUT wakes the GETs of its slot
//! ```
//!
//! The relay knows no users, queues, conversations or order. The store does
//! not even know the slots: it sees a keyed hash of each ([`Place`]).
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod access;
pub mod archive;
mod clock;
mod dir;
mod figures;
pub mod gate;
mod keys;
mod monitor;
mod place;
mod roster;
mod seal;
mod server;
mod service;
pub mod store;
mod traces;
mod waits;

pub use access::{AccessKeys, AccessKeysError};
pub use clock::{Clock, SystemClock};
pub use dir::{DirError, RelayDir};
pub use figures::Figures;
pub use keys::{Keys, KeysError, OnionKeySeed};
pub use monitor::{FIGURES_STEP, Monitor};
pub use place::{BoxDigest, Place, StoreKey};
pub use seal::{NotASealKey, SealKey};
pub use server::{DRAIN_DEADLINE, MAX_CONNECTIONS, MAX_REQUESTS, ServerLimits, serve};
pub use service::{EXPIRY_STEP_S, RelayService, SWEEP_INTERVAL};
pub use waits::{MAX_WAITS, MAX_WAITS_AT_A_PLACE};
