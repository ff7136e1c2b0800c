//! What crosses a wire or a disk in Trajectory2Task, and the seams that carry it.
//!
//! Reading order: [`record`] (messages, tasks, episodes, verdicts), [`ids`] and [`seed`] (how every
//! identity and every random choice is derived), [`job`] and [`outcome`] (one queue item and its one
//! result), [`wire`] (the only file that knows the binary encoding), then the seams [`queue`] and
//! [`store`], in memory and over services.
//!
//! Invariants: nothing here reads a random device or the environment of the process, and a clock only
//! for waits and times to live; the same values always encode to the same bytes.

pub mod digest;
pub mod error;
pub mod excerpt;
pub mod ids;
pub mod job;
pub mod operation;
pub mod outcome;
pub mod queue;
pub mod record;
pub mod seed;
pub mod store;
pub mod topology;
pub mod wire;
