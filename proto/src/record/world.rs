//! The base world of a job, and how whoever does the job comes by it.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ids::BaseId;

/// A base world, named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorldRef {
    /// Name of its domain.
    pub domain: String,
    /// Its content id: whatever the source gives must have it.
    pub base: BaseId,
    /// Where it comes from.
    pub source: WorldSource,
}

/// Where a base world comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum WorldSource {
    /// Whoever does the job has it already: coordinator and worker are one process.
    AtHand,
    /// The snapshot store has it, unless it forgot; a generated one can be made anew.
    Stored {
        /// Digest of its encoded form.
        snapshot: Digest,
        /// How it was generated; none for one that came from a file.
        recipe: Option<Recipe>,
    },
    /// The job carries it, since the store did not keep it.
    Inline(Vec<u8>),
}

/// What a generated world is a function of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// Root of every random choice.
    pub seed: u64,
    /// Product types.
    pub products: u32,
    /// People.
    pub people: u32,
    /// Orders.
    pub orders: u32,
}
