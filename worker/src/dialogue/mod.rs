//! Conversations: who speaks next, what was meant, and the words by which it is recognised.
//!
//! [`facts`] reads a message (`refusal` whether it says no, and why); it splits it with `sentences`, finds phrases with `scan` (the
//! domain's own from its [`lexicon`], the rest from `markers`) and values with `numbers`. [`hearing`]
//! remembers what was read.

mod consent;
pub mod conversation;
pub mod facts;
pub mod grounding;
pub mod hearing;
#[cfg(test)]
mod labelled;
pub mod lexicon;
mod markers;
mod numbers;
mod refusal;
mod scan;
mod sentences;
mod told;
