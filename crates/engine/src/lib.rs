//! The messenger as a deterministic state machine: contacts, outbox, inbox, retries.
