//! The retail domain: an online shop whose orders can be cancelled, modified, returned and exchanged.
//!
//! Tools, names, arguments, results and error texts equal those of τ²-bench's retail domain; policy,
//! descriptions and everything said are our own.
//!
//! Reading order: [`state`] (records and worlds), [`base`] and [`load`] (where worlds come from),
//! [`world`] (calls by name), [`tools`] (what each does), [`identity`] and [`delta`] (what a state is
//! called and how it travels), [`benchmark`] and [`replay`] (comparison with τ²-bench).

mod afford;
pub mod arguments;
pub mod base;
pub mod benchmark;
mod calculate;
mod candidates;
mod changes;
pub mod delta;
mod domain;
pub mod generate;
pub mod identity;
pub mod json;
pub mod load;
pub mod object;
pub mod phrasing;
pub mod print;
pub mod python;
pub mod refusal;
pub mod replay;
pub mod rules;
#[cfg(test)]
pub(crate) mod sample;
pub mod specs;
pub mod speech;
pub mod state;
pub mod tools;
pub mod workload;
pub mod world;

pub use domain::{POLICY, Retail};
