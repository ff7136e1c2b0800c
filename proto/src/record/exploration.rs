//! What the explorer hands on: a walk through a world and the goals found on it.

use serde::{Deserialize, Serialize};

use super::intent::{Goal, PlannedCall};
use super::model::Part;
use super::task::{Snapshot, Trajectory};

/// How a person can be authenticated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Introduction {
    /// The call that finds the person.
    pub call: PlannedCall,
    /// What the person can say of themselves, by name: `first_name`, `last_name`, `zip`, `email`.
    pub facts: Vec<(String, String)>,
}

/// A walk of one person through one world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exploration {
    /// Id of the person.
    pub person: String,
    /// How they are authenticated.
    pub introduction: Introduction,
    /// Goals, in the order they were reached.
    pub goals: Vec<Goal>,
    /// What was done for them, without what came to nothing.
    pub walk: Trajectory,
    /// For a blocked goal with a fact in the world: the world in which it is allowed.
    pub twin: Option<Snapshot>,
    /// What a model had to do with it.
    pub parts: Vec<Part>,
}
