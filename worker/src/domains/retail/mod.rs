//! The retail domain: an online shop whose orders can be cancelled, modified, returned and exchanged.
//!
//! Tools, names, arguments, results and error texts equal those of τ²-bench's retail domain; policy,
//! descriptions and everything said are our own.

pub mod state;
