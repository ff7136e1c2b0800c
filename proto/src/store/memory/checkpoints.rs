//! Checkpoints within one process. Refuses when full; a job without a checkpoint starts anew.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use crate::ids::JobId;
use crate::store::{Checkpoint, Checkpoints, StoreError};

/// See the module documentation.
#[derive(Debug)]
pub struct MemoryCheckpoints {
    limit: usize,
    saved: Mutex<HashMap<(String, JobId), Checkpoint>>,
}

impl MemoryCheckpoints {
    /// Holds at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            saved: Mutex::default(),
        }
    }
}

#[async_trait]
impl Checkpoints for MemoryCheckpoints {
    async fn save(
        &self,
        run: &str,
        job: &JobId,
        checkpoint: Checkpoint,
    ) -> Result<bool, StoreError> {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (run.to_owned(), *job);
        if saved
            .get(&name)
            .is_some_and(|stored| stored.turn > checkpoint.turn)
        {
            return Ok(false);
        }
        // Few are unfinished at a time: as many as there are permits.
        let others = saved.iter().filter(|(other, _)| **other != name);
        let taken: usize = others.map(|(_, stored)| stored.bytes.len()).sum();
        if taken + checkpoint.bytes.len() > self.limit {
            return Err(StoreError::Full(format!(
                "{taken} of {} bytes are taken, {} more were asked for",
                self.limit,
                checkpoint.bytes.len()
            )));
        }
        saved.insert(name, checkpoint);
        Ok(true)
    }

    async fn load(&self, run: &str, job: &JobId) -> Result<Option<Checkpoint>, StoreError> {
        let saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(saved.get(&(run.to_owned(), *job)).cloned())
    }

    async fn remove(&self, run: &str, job: &JobId) -> Result<(), StoreError> {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        saved.remove(&(run.to_owned(), *job));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::digest::Digest;

    #[tokio::test]
    async fn conforms() {
        let fresh = async || Arc::new(MemoryCheckpoints::new(64 << 20)) as _;
        crate::store::conformance::checkpoints(fresh).await;
    }

    #[tokio::test]
    async fn its_own_earlier_turn_leaves_room_for_the_next() {
        let store = MemoryCheckpoints::new(100);
        let job = JobId(Digest::of(b"job"));
        let of = |turn| Checkpoint {
            turn,
            bytes: vec![0; 80].into(),
        };
        assert!(store.save("run", &job, of(1)).await.unwrap());
        assert!(store.save("run", &job, of(2)).await.unwrap());
        let other = store.save("other", &job, of(1)).await;
        assert!(matches!(other, Err(StoreError::Full(_))), "{other:?}");
    }
}
