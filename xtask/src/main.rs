//! The project's own checks and the demo.
fn main() {}
