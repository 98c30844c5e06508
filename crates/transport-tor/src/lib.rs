//! Tor in process through arti: bootstrap stages, isolation, onion services.
