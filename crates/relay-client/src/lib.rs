//! Both ends of the relay link over any transport: TLS 1.3 with
//! X25519MLKEM768 alone and a pinned raw public key, frames of one size,
//! pipelined requests.
//!
//! A relay and a person's own node serve the same protocol
//! ([`serve_connection`] over a [`Service`]); whoever puts, reads or drops
//! boxes uses a [`RelayClient`].
//!
//! ```text
//! RelayClient ── requests by id ──▶ frames ──▶ TLS ──▶ Stream ──▶ TLS ──▶ frames ──▶ Service
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test may panic"))]

mod client;
mod error;
mod frames;
pub mod gate;
mod opener;
mod server;
pub mod tls;

pub use client::{ANSWER_DEADLINE, CONNECT_DEADLINE, MAX_CALLS_IN_FLIGHT, PutOutcome, RelayClient};
pub use error::{CallError, ConnectError, Misbehaviour, ServeError};
pub use frames::FRAME_DEADLINE;
pub use opener::{MOST_WORK, Opener, TERMS_LIFE, WORK_AT_ONCE, WORK_DEADLINE, WORK_SHARE};
pub use server::{
    Activity, ConnectionLimits, HANDSHAKE_DEADLINE, IDLE_DEADLINE, MAX_REQUESTS_IN_FLIGHT, Phase,
    RequestBudget, RequestRate, Service, serve_connection, serve_connection_until,
};
pub use tls::TlsSeed;
