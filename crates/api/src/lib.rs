//! The local API: the one door through which front ends reach the daemon.
//!
//! On 127.0.0.1 only:
//!
//! - `POST /v0/command`: one [`Command`](schema::Command) as JSON; the answer is
//!   a [`Reply`](schema::Reply), or a [`CommandError`](schema::CommandError)
//!   with a status of 400 or above.
//! - `GET /v0/events`: a WebSocket with one [`Frame`] a text frame.
//! - `GET /` and the other files of the web app, which everybody may read.
//! - `POST /v0/session`: the app exchanges a code that opens it once for its token.
//! - `POST /v0/codes`, `/v0/codes/wait`: programs get such a code, and learn whether it
//!   was used.
//! - `PUT`, `GET`, `DELETE /v0/files/ID`: backups on their way from and to a page.
//! - `POST /v0/strength`: how hard a passphrase is to guess.
//!
//! Loopback is no wall: each web page in the user's browser and each account on
//! the machine reaches it. So every request is checked before anything else is
//! looked at, and a caller must show the session's secret, which only files of
//! this user hold, or the token of a page that was opened with such a code.
//!
//! # The checks
//!
//! | id | check | against | refusal |
//! |---|---|---|---|
//! | HW-API-1 | `Host` is exactly `127.0.0.1:PORT`, once, and the target is a path | DNS rebinding | 403 |
//! | HW-API-2 | `Origin` is absent or exactly `http://127.0.0.1:PORT` | web pages: fetch, forms, WebSocket | 403 |
//! | HW-API-3 | `Sec-Fetch-Site` is absent, `none` or `same-origin` | the same, where `Origin` is not sent | 403 |
//! | HW-API-4 | `Authorization: Bearer` with the session's secret or a page's token | other users, other programs | 401 |
//! | HW-API-5 | `Content-Type: application/json` | forms, which cannot send it without asking first | 415 |

mod backend;
mod command;
#[cfg(feature = "schema")]
pub mod described;
mod events;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod guard;
mod limits;
mod opening;
mod page;
mod pages;
pub mod passphrase;
mod ring;
mod server;
pub mod session;
mod spool;

pub use backend::Backend;
pub use hushwing_node::schema;
pub use limits::Limits;
pub use opening::{Code, CodeUsed};
pub use ring::{Beginning, Frame, Told};
pub use server::{Server, StartError};
