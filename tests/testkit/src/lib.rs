//! People, clocks, seeded randomness and broken-message builders for tests.
