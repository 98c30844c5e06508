//! The project's own checks.

pub mod docs;
pub mod layers;
