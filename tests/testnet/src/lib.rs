//! A private Tor network of real processes on loopback.
