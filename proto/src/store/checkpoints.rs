//! The seam that keeps the last turn of an unfinished episode, so that the next delivery of its job
//! goes on from there.
//!
//! - **C1** [`Checkpoints::load`] gives what the last successful [`Checkpoints::save`] wrote, or
//!   `None`.
//! - **C2** A save never goes back: one of an earlier turn than the stored one changes nothing and
//!   says so. One of the same turn replaces it.
//! - **C3** [`Checkpoints::remove`] leaves nothing, and is harmless to repeat.
//! - **C4** Bytes are verified on read, and belong to the run and job they were saved for. What does
//!   not hold is absent.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::StoreError;
use crate::ids::JobId;

/// An unfinished episode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Turns it has had.
    pub turn: u32,
    /// The episode so far.
    pub bytes: Arc<[u8]>,
}

/// One checkpoint per job of a run; see the module documentation.
#[async_trait]
pub trait Checkpoints: Send + Sync + fmt::Debug {
    /// Stores a checkpoint; false if a later turn is stored already.
    async fn save(
        &self,
        run: &str,
        job: &JobId,
        checkpoint: Checkpoint,
    ) -> Result<bool, StoreError>;

    /// The checkpoint of this job.
    async fn load(&self, run: &str, job: &JobId) -> Result<Option<Checkpoint>, StoreError>;

    /// Removes it, when the job is done.
    async fn remove(&self, run: &str, job: &JobId) -> Result<(), StoreError>;
}
