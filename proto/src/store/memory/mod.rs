//! The seams within one process: the executable specification, and what an embedded run uses.
//! Bounded by bytes; time is the runtime's, so that it can be paused.

mod board;
mod budgets;
mod leases;
mod replies;
mod snapshots;
mod throttle;

pub use board::MemoryBoard;
pub use budgets::MemoryBudgets;
pub use leases::MemoryLeases;
pub use replies::MemoryReplies;
pub use snapshots::MemorySnapshots;
pub use throttle::MemoryThrottle;
