//! Dial and listen: address types that cannot be misspelt into a leak; loopback transport.
