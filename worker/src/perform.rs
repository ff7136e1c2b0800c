//! Does jobs in this process: the [`Perform`] of every worker, embedded or of a fleet.

use async_trait::async_trait;
use proto::job::Job;
use proto::outcome::Outcome;
use tokio::sync::Semaphore;

use crate::blocking::in_place;
use crate::executor::{Attempt, Done, Perform};
use crate::serve::Cancelled;
use crate::stages::perform;
use crate::worlds::{Worlds, WorldsError};

/// Does jobs in this process, as many at once as it has processors for them.
#[derive(Debug)]
pub struct InProcess {
    worlds: Worlds,
    processors: Semaphore,
    cancelled: Option<Cancelled>,
}

impl InProcess {
    /// Over these worlds, computing for `processors` jobs at once.
    pub fn new(worlds: Worlds, processors: usize) -> Self {
        Self {
            worlds,
            processors: Semaphore::new(processors.max(1)),
            cancelled: None,
        }
    }

    /// Drops the jobs of runs that are cancelled.
    #[must_use]
    pub fn heeding(mut self, cancelled: Cancelled) -> Self {
        self.cancelled = Some(cancelled);
        self
    }
}

#[async_trait]
impl Perform for InProcess {
    async fn perform(&self, job: Job, attempt: &Attempt) -> Done {
        if let Some(cancelled) = &self.cancelled
            && cancelled.is(attempt.instance).await
        {
            return Done::Unwanted;
        }
        let (id, stage) = (job.id, job.input.stage());
        let domain = match self.worlds.domain(&job.world).await {
            Ok(domain) => domain,
            Err(WorldsError::Missing { snapshot }) => return Done::Missing { snapshot },
            Err(error) => {
                return Done::Outcome(Outcome::failed(id, stage, error.to_string()));
            }
        };
        let processor = self.processors.acquire().await;
        let outcome = in_place(|| perform(&*domain, job));
        drop(processor);
        Done::Outcome(outcome)
    }
}
