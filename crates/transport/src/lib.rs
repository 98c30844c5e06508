//! Dial and listen, whatever carries the bytes.
//!
//! Everything above speaks to [`Dial`] and [`Listen`] with the address types of
//! `hushwing_wire::address`, and holds a [`Stream`]. The Tor transport lives in
//! a crate of its own; here is the one for this machine, [`DirectDialer`] and
//! [`TcpListen`].
//!
//! Fail closed `[HW-NET-2]`: an [`Endpoint`](hushwing_wire::address::Endpoint)
//! says by its variant how it may be reached. An onion address or a host name
//! goes through Tor or nowhere, and no error of Tor leads to another way.

mod dial;
mod direct;
mod listen;
mod state;
mod stream;

pub use dial::{Dial, DialError, IsolationClass};
pub use direct::{CONNECT_DEADLINE, DirectDialer};
pub use listen::{Listen, ListenError, TcpListen};
pub use state::NetworkState;
pub use stream::{AsyncStream, Stream};
