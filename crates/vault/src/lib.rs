//! The encrypted store: SQLCipher, Argon2id, one transaction a step.
