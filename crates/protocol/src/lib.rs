//! Identity, invite and first contact, conversation, envelope, slots, content, safety numbers. Sans IO.

pub mod store;
