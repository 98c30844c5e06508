//! The relay: a write-once slot store behind TLS 1.3 with X25519MLKEM768, on an onion service.
