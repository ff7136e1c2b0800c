//! What simulated users say, rendered from structured intents, and how the same is checked.
//!
//! Reading order: [`grammar`] (phrases with choices), [`surface`] (articles, capitals, lists),
//! [`phrasing`] (what a domain gives), [`writer`] (scripts), [`small_talk`] (what is said on the way),
//! [`fidelity`] (the texts say what the intent says), [`variety`] (how far texts differ).

pub mod agent;
pub mod fidelity;
pub mod grammar;
pub mod phrasing;
pub mod small_talk;
pub mod surface;
pub mod variety;
pub mod writer;

#[cfg(test)]
mod tests;
