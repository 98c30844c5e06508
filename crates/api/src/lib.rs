//! The local API: the one door through which front ends reach the daemon.
//!
//! Two paths, on 127.0.0.1 only:
//!
//! - `POST /v0/command`: one [`Command`](schema::Command) as JSON; the answer is
//!   a [`Reply`](schema::Reply), or a [`CommandError`](schema::CommandError)
//!   with a status of 400 or above.
//! - `GET /v0/events`: a WebSocket with one [`Event`](schema::Event) a text frame.
//!
//! Loopback is no wall: each web page in the user's browser and each account on
//! the machine reaches it. So every request is checked before anything else is
//! looked at, and a caller must show the session's secret, which only files of
//! this user hold.
//!
//! # The checks
//!
//! | id | check | against | refusal |
//! |---|---|---|---|
//! | HW-API-1 | `Host` is exactly `127.0.0.1:PORT`, once, and the target is a path | DNS rebinding | 403 |
//! | HW-API-2 | `Origin` is absent or exactly `http://127.0.0.1:PORT` | web pages: fetch, forms, WebSocket | 403 |
//! | HW-API-3 | `Sec-Fetch-Site` is absent, `none` or `same-origin` | the same, where `Origin` is not sent | 403 |
//! | HW-API-4 | `Authorization: Bearer` with the session's secret | other users, other programs | 401 |
//! | HW-API-5 | `Content-Type: application/json` | forms, which cannot send it without asking first | 415 |

mod backend;
mod command;
mod events;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod guard;
mod limits;
pub mod passphrase;
mod server;
pub mod session;

pub use backend::Backend;
pub use hushwing_node::schema;
pub use limits::Limits;
pub use server::{Server, StartError};
