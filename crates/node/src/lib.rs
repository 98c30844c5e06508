//! The async driver: one task owns the engine and the vault; commands in, events out.

/// Commands, answers and events: the words of the local API.
pub use hushwing_engine::view as schema;
