//! Does jobs in this process: the [`Perform`] of every worker, embedded or of a fleet.
//!
//! A job without models computes, and as many do at once as there are processors for them. One with a
//! model waits for it most of the time, and takes a processor for nothing.

use std::sync::Arc;

use async_trait::async_trait;
use proto::job::Job;
use proto::outcome::Outcome;
use proto::topology::Instance;
use tokio::sync::Semaphore;

use crate::blocking::in_place;
use crate::chat::given_up::LastAsked;
use crate::chat::models::Models;
use crate::chat::session::Place;
use crate::domains::Domain;
use crate::executor::{Attempt, Done, Perform};
use crate::roles::{self, work::Work};
use crate::serve::Cancelled;
use crate::stages::perform;
use crate::worlds::{Worlds, WorldsError};

/// Does jobs in this process, as many at once as it has processors for them.
#[derive(Debug)]
pub struct InProcess {
    worlds: Worlds,
    processors: Semaphore,
    cancelled: Option<Cancelled>,
    models: Option<Arc<Models>>,
}

impl InProcess {
    /// Over these worlds, computing for `processors` jobs at once.
    pub fn new(worlds: Worlds, processors: usize) -> Self {
        Self {
            worlds,
            processors: Semaphore::new(processors.max(1)),
            cancelled: None,
            models: None,
        }
    }

    /// Drops the jobs of runs that are cancelled.
    #[must_use]
    pub fn heeding(mut self, cancelled: Cancelled) -> Self {
        self.cancelled = Some(cancelled);
        self
    }

    /// Asks models where a job wants them.
    #[must_use]
    pub fn asking(mut self, models: Arc<Models>) -> Self {
        self.models = Some(models);
        self
    }

    async fn with_models(&self, domain: &dyn Domain, job: &Job, attempt: &Attempt) -> Done {
        let Some(models) = &self.models else {
            let error = "the job asks models, and this worker was started without any";
            return Done::Outcome(Outcome::failed(job.id, job.input.stage(), error));
        };
        let place = Place {
            run: match attempt.instance {
                Instance::EMBEDDED => job.run.to_string(),
                instance => instance.to_string(),
            },
            budget: job.cast.budget,
            hand_back: attempt.hand_back.clone(),
            journal: attempt.journal.clone(),
            put_off: attempt.put_off.clone(),
            last_asked: LastAsked::default(),
        };
        let work = Work {
            models,
            processors: &self.processors,
            domain,
            job,
            place: &place,
            attempt: attempt.number,
        };
        let doing = roles::perform(&work);
        roles::alone::alone(models.leases(), models.holder(), job.id, doing).await
    }
}

#[async_trait]
impl Perform for InProcess {
    async fn perform(&self, job: Job, attempt: &Attempt) -> Done {
        if self.unwanted(attempt).await {
            return Done::Unwanted;
        }
        let done = self.done(job, attempt).await;
        // Nobody would hear of it, and its lane may be gone.
        if self.unwanted(attempt).await {
            Done::Unwanted
        } else {
            done
        }
    }
}

impl InProcess {
    async fn unwanted(&self, attempt: &Attempt) -> bool {
        match &self.cancelled {
            Some(cancelled) => cancelled.is(attempt.instance).await,
            None => false,
        }
    }

    async fn done(&self, mut job: Job, attempt: &Attempt) -> Done {
        let (id, stage) = (job.id, job.input.stage());
        let whole = async {
            let domain = self.worlds.domain(&job.world).await?;
            self.worlds.complete(&mut job).await?;
            Ok(domain)
        };
        let domain = match whole.await {
            Ok(domain) => domain,
            Err(WorldsError::Missing { snapshot }) => return Done::Missing { snapshot },
            Err(error) if error.of_this_release() => {
                let error = error.to_string();
                return Done::Again { error };
            }
            Err(error) => {
                return Done::Outcome(Outcome::failed(id, stage, error.to_string()));
            }
        };
        if !job.cast.models.is_empty() {
            return self.with_models(&*domain, &job, attempt).await;
        }
        let processor = self.processors.acquire().await;
        let outcome = in_place(|| perform(&*domain, job));
        drop(processor);
        Done::Outcome(outcome)
    }
}

#[cfg(test)]
mod tests {
    use proto::digest::Digest;
    use proto::ids::{BaseId, JobId, RunId};
    use proto::job::{Cell, StageInput};
    use proto::record::{Cast, Kind, Recipe, Scenario, WorldRef, WorldSource};
    use proto::seed::Seed;
    use proto::store::{Builds, Shared};
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::chat::journal::Journal;
    use crate::chat::put_off::PutOff;

    fn job(domain: &str) -> Job {
        Job {
            id: JobId(Digest::of(b"job")),
            run: RunId(Digest::of(b"run")),
            world: WorldRef {
                domain: domain.to_owned(),
                base: BaseId(Digest::of(b"base")),
                source: WorldSource::Stored {
                    snapshot: Digest::of(b"snapshot"),
                    recipe: Some(Recipe {
                        seed: 1,
                        products: 12,
                        people: 40,
                        orders: 90,
                    }),
                },
            },
            cell: Cell {
                slot: 0,
                stratum: 0,
                strata: 1,
                scenario: Scenario::General,
                kind: Kind::Plain,
                wants: Vec::new(),
            },
            candidate: 0,
            seed: Seed::root(1),
            input: StageInput::Explore,
            cast: Cast::default(),
            apart: Vec::new(),
        }
    }

    #[tokio::test]
    async fn a_domain_of_another_release_is_left_to_a_worker_that_knows_it() {
        let shared = Shared::in_memory(1 << 20);
        let builds = Builds::new(shared.snapshots, shared.leases, "worker");
        let attempt = Attempt {
            number: 1,
            crashes: 0,
            redeliveries: 0,
            instance: Instance([7; 8]),
            hand_back: CancellationToken::new(),
            journal: Journal::default(),
            put_off: PutOff::default(),
        };
        let performer = InProcess::new(Worlds::new(1, builds), 1);
        let done = performer.perform(job("castle"), &attempt).await;
        assert!(
            matches!(&done, Done::Again { error } if error.contains("castle")),
            "{done:?}"
        );
    }
}
