//! The messenger as a deterministic state machine: contacts, outbox, inbox, retries.

pub mod view;
