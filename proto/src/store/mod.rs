//! What a fleet shares beside its queues, each behind a seam with a numbered contract:
//!
//! | seam | what it keeps | clauses |
//! |---|---|---|
//! | [`SnapshotStore`] | immutable bytes under their digest: worlds, deltas | S1 to S3 |
//! | [`ReplyStore`] | what a model answered, under the digest of what it was asked | R1 to R4 |
//! | [`Leases`] | who is at a piece of work just now | L1 to L5 |
//! | [`Board`] | short-lived facts: heartbeats, progress, cancellations | B1 to B4 |
//! | [`Throttle`] | how fast each model is asked, by all together | T1 to T9 |
//! | [`Budgets`] | what each run has spent and may spend | M1 to M9 |
//!
//! All of them may forget (a flush, an eviction, a time to live) and none lies: bytes are verified on
//! read, and what does not hold is absent. Forgetting costs time and, for replies, model calls; it
//! never changes a result. Leases and the board are advisory: no result depends on them. Throttle and
//! budgets decide when a call is made and whether, never what comes of it; [`meter`] is a process's way
//! through both.
//!
//! [`memory`] is the executable specification, [`conformance`] runs on every backend. [`redis`] is for
//! a fleet; [`recording`] keeps replies in a file of the run, [`spending`] what it spends.

pub mod budgets;
pub mod builds;
pub mod conformance;
pub mod memory;
pub mod meter;
pub mod recording;
pub mod redis;
pub mod spending;
pub mod throttle;

mod board;
mod error;
mod leases;
mod replies;
mod snapshots;

use std::sync::Arc;

pub use board::{Board, Note};
pub use budgets::{Balance, Budgets, Claim, Cost, Reservation};
pub use builds::{Builds, Had, Patience};
pub use error::StoreError;
pub use leases::{Lease, Leases};
pub use memory::{
    MemoryBoard, MemoryBudgets, MemoryLeases, MemoryReplies, MemorySnapshots, MemoryThrottle,
};
pub use meter::{Call, Entry, Meter, Pass};
pub use recording::Recording;
pub use redis::RedisStore;
pub use replies::{Kept, ReplyStore};
pub use snapshots::SnapshotStore;
pub use spending::Spending;
pub use throttle::{Admission, Ask, End, Permit, Throttle};

/// Everything a worker or coordinator shares with the others, whatever is behind it.
#[derive(Debug, Clone)]
pub struct Shared {
    /// Worlds and deltas.
    pub snapshots: Arc<dyn SnapshotStore>,
    /// Replies of models.
    pub replies: Arc<dyn ReplyStore>,
    /// Who is at what.
    pub leases: Arc<dyn Leases>,
    /// Heartbeats, progress, cancellations.
    pub board: Arc<dyn Board>,
    /// How fast models are asked.
    pub throttle: Arc<dyn Throttle>,
    /// What runs have spent.
    pub budgets: Arc<dyn Budgets>,
}

impl Shared {
    /// All of it in this process; each store of values holds at most `limit` bytes.
    pub fn in_memory(limit: usize) -> Self {
        Self {
            snapshots: Arc::new(MemorySnapshots::new(limit)),
            replies: Arc::new(MemoryReplies::new(limit)),
            leases: Arc::new(MemoryLeases::default()),
            board: Arc::new(MemoryBoard::default()),
            throttle: Arc::new(MemoryThrottle::default()),
            budgets: Arc::new(MemoryBudgets::default()),
        }
    }
}
