//! What was said, done, wanted and scored: the records that datasets, proofs and reports are made of.
//!
//! All are plain data. They are JSON in shards and `inspect`, and binary on the wire and in the
//! ledger, so none uses a serde feature that needs a self-describing format (`tag`, `flatten`,
//! `untagged`, `skip_serializing_if`).

pub mod episode;
pub mod exploration;
pub mod intent;
pub mod message;
pub mod model;
pub mod money;
pub mod proof;
pub mod task;
pub mod tool;
pub mod value;
pub mod world;

pub use episode::{AgentFault, Component, Ending, Episode, Judged, UserOutcome, Verdict};
pub use exploration::{Exploration, Introduction};
pub use intent::{
    Answer, Blocked, Change, Descriptor, Goal, Intent, Kind, PlannedCall, Question, Resolution,
    Scenario, Slot, Source, Trigger, Visibility, Wish,
};
pub use message::Message;
pub use model::{
    CallForm, Cast, Dialect, Endpoint, Part, Patience, Prices, Protocol, Rates, Role, Sampling,
    Structured, Usage, UserProtocol, Writing, prompts_digest,
};
pub use money::{Money, ParseMoneyError};
pub use proof::{Check, Passed, Proof, Trial};
pub use task::{
    Asked, ChangeScript, Expected, ExpectedResolution, Forbidden, GoalScript, Persona, Reveal,
    Snapshot, Step, Task, Trajectory, UserScript,
};
pub use tool::{Actor, Effect, Observation, ToolCall, ToolSpec};
pub use value::{Map, Value};
pub use world::{Recipe, WorldRef, WorldSource};
