//! Whole stories, driven through the programs that people run.
//!
//! Nothing here calls the engine: Alice and Bob are two vaults, two daemons and
//! the `hushwing` command, and between them stand a `hushwing-relay` process
//! and a private Tor network of `tor` processes. The demo and the end-to-end
//! tests tell the same stories.

pub mod api;
pub mod chance;
pub mod figures;
pub mod ledger;
pub mod needles;
pub mod person;
pub mod privilege;
pub mod process;
pub mod programs;
pub mod relay;
pub mod scenario;
pub mod stage;
pub mod transcript;
pub mod wait;
