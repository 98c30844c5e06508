//! The async driver: one task owns the engine and the vault; commands in, events out.
