//! What crosses a wire or a disk in Trajectory2Task, and the two seams that carry it.
//!
//! Reading order: [`record`] (messages, tasks, episodes, verdicts), [`ids`] and [`seed`] (how every
//! identity and every random choice is derived), [`job`] and [`outcome`] (one queue item and its one
//! result), [`wire`] (the only file that knows the binary encoding), then the seams [`queue`] and
//! [`store`] with their in-memory twins.
//!
//! Invariants: nothing here reads a clock, a random device or the environment of the process; the
//! same values always encode to the same bytes.

pub mod digest;
pub mod error;
pub mod ids;
pub mod job;
pub mod outcome;
pub mod queue;
pub mod record;
pub mod seed;
pub mod store;
pub mod topology;
pub mod wire;
