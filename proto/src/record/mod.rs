//! What was said, done, wanted and scored: the records that datasets, proofs and reports are made of.
//!
//! All are plain data. They are JSON in shards and `inspect`, and binary on the wire and in the
//! ledger, so none uses a serde feature that needs a self-describing format (`tag`, `flatten`,
//! `untagged`, `skip_serializing_if`).

pub mod tool;
pub mod value;

pub use tool::{Actor, Effect, Observation, ToolCall, ToolSpec};
pub use value::{Map, Value};
