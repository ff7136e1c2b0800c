//! Tools as an agent sees them, and their use.

use serde::{Deserialize, Serialize};

use super::value::{Map, Value};

/// Who uses a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Actor {
    /// The agent under test.
    Assistant,
    /// The simulated user (domains where the user holds a device).
    User,
}

/// What a tool does to the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Looks something up.
    Read,
    /// Changes the world.
    Write,
    /// Neither (a calculator, a transfer to a human).
    Generic,
}

/// One tool: what an agent is told of it, in the `OpenAI` function form, and what it does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Name, unique within its domain.
    pub name: String,
    /// What it does, in a sentence or two.
    pub description: String,
    /// JSON Schema of the arguments (an object schema).
    pub parameters: Value,
    /// What it does to the world.
    pub effect: Effect,
    /// Who may use it.
    pub actor: Actor,
}

/// A wish to use a tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// Unique within its conversation.
    pub id: String,
    /// Name of the tool.
    pub name: String,
    /// Arguments by name.
    pub arguments: Map,
    /// The arguments as the agent wrote them, where they are no JSON object; there are none by name
    /// then.
    pub malformed: Option<String>,
}

/// What comes back from a tool. A tool error is an observation like any other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// What the caller reads.
    pub text: String,
    /// Whether the tool refused.
    pub error: bool,
}
