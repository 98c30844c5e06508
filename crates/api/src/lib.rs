//! The local API: axum on loopback, a secret for each session, Origin and Host checks, an event stream.
