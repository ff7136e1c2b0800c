//! The seams within one process: the executable specification, and what an embedded run uses.
//! Bounded by bytes; time is the runtime's, so that it can be paused.

mod board;
mod checkpoints;
mod leases;
mod replies;
mod snapshots;

pub use board::MemoryBoard;
pub use checkpoints::MemoryCheckpoints;
pub use leases::MemoryLeases;
pub use replies::MemoryReplies;
pub use snapshots::MemorySnapshots;
