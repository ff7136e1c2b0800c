//! The domains: retail, and the tiny `tickets` that tests use.

pub mod retail;
