//! What a coordinator does now and then: sees whether somebody took over, and which jobs nobody answers for.

use std::time::Duration;

use proto::ids::JobId;
use proto::job::Stage;
use proto::outcome::Outcome;
use proto::queue::UNDELIVERABLE;
use proto::wire::{self, Kind};
use tokio::time::Instant;

use super::undeliverable::Dead;
use super::{Asked, Carries, Dispatch, DispatchError};
use crate::run::Ask;

/// How long an early answer is held: well below the time after which a broker takes whoever holds a delivery for
/// dead (half an hour, unless it was told otherwise).
const HELD: Duration = Duration::from_secs(10 * 60);

impl Dispatch<'_> {
    /// Sees whether somebody took over, and publishes again what was not answered for too long.
    pub(super) async fn look_around(&mut self) -> Result<(), DispatchError> {
        self.commit().await?;
        let now = Instant::now();
        // Dropped, they come again, and the broker counts from then.
        self.early.retain(|_, delivery| delivery.held() < HELD);
        let open = self.asked.values();
        let open = open.map(|asked| (asked.ask.stage, asked.since));
        self.undeliverable.look(now, open);
        self.arrived().await?;
        if self.publishing.is_idle() {
            let open = self.asked.values().map(|asked| asked.ask.stage);
            self.reconciler.look(now, open);
        }
        let Some(patience) = self.options.patience else {
            return Ok(());
        };
        let overdue = self.open(|asked| now.duration_since(asked.since) >= patience);
        if !overdue.is_empty() {
            // What is held may be what fills the lane; its jobs are done again when their turn comes.
            let held = std::mem::take(&mut self.early);
            self.appended.extend(held.into_values());
        }
        self.publish_again(overdue, "unanswered for long, published again")
            .await
    }

    /// Publishes jobs that waited until their world was where workers find it.
    async fn arrived(&mut self) -> Result<(), DispatchError> {
        let arrived = self.offering.arrived(&self.options.world);
        for id in arrived.map_err(DispatchError::Untaken)? {
            if let Some(asked) = self.asked.get_mut(&id) {
                asked.since = Instant::now();
                let ask = asked.ask;
                self.publish(&ask, id, Carries::Little).await?;
            }
        }
        Ok(())
    }

    /// The fleet has nothing of what is asked for, but for what lies in dead lanes. What was put aside there
    /// is left to patience: published again at once it would come to the same.
    pub(super) async fn lost(&mut self, dead: Dead) -> Result<(), DispatchError> {
        self.given_up(dead.given_up).await?;
        for job in dead.put_aside {
            self.asked
                .entry(job)
                .and_modify(|asked| asked.misread = true);
        }
        let lost = self.open(|asked| !asked.misread);
        self.publish_again(lost, "the fleet has lost them, published again")
            .await
    }

    /// Jobs that were published and not answered, those of this kind.
    fn open(&self, which: impl Fn(&Asked) -> bool) -> Vec<(JobId, Ask)> {
        let published = |id: &JobId| !self.offering.holds(id);
        let open = self.asked.iter();
        let open = open.filter(|(id, asked)| published(id) && which(asked));
        open.map(|(id, asked)| (*id, asked.ask)).collect()
    }

    async fn publish_again(
        &mut self,
        jobs: Vec<(JobId, Ask)>,
        why: &str,
    ) -> Result<(), DispatchError> {
        if !jobs.is_empty() {
            tracing::warn!(jobs = jobs.len(), "{why}");
        }
        for (id, ask) in jobs {
            if let Some(asked) = self.asked.get_mut(&id) {
                asked.since = Instant::now();
                asked.misread = false;
            }
            self.publish(&ask, id, Carries::Little).await?;
        }
        Ok(())
    }

    /// Jobs that the queue delivers no more have failed.
    pub(super) async fn given_up(&mut self, jobs: Vec<JobId>) -> Result<(), DispatchError> {
        for job in jobs {
            if let Some(Asked { ask, .. }) = self.asked.get(&job).copied() {
                tracing::error!(%job, "handed over too often without an answer; the job has failed");
                let error =
                    format!("{UNDELIVERABLE}: handed over too often, and no worker answered");
                self.fail(job, ask.stage, error).await?;
            }
        }
        Ok(())
    }

    /// Closes a job that no worker can answer for.
    pub(super) async fn fail(
        &mut self,
        job: JobId,
        stage: Stage,
        error: String,
    ) -> Result<(), DispatchError> {
        let outcome = Outcome::failed(job, stage, error);
        let body = wire::encode(Kind::Outcome, &outcome)
            .map_err(|source| DispatchError::Wire { job, source })?;
        let answered = self.answer(job, &body).await?;
        answered.map_err(|source| DispatchError::Wire { job, source })
    }
}
