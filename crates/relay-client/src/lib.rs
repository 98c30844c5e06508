//! The client half of the relay protocol over any transport: TLS 1.3 with X25519MLKEM768, frames, pipelining.
