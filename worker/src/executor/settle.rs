//! How a delivery ends: first what replaces it is durable, then it is settled.
//!
//! A settlement that fails needs no answer: the delivery was lost, the job comes again, and its id
//! tells that its outcome is known.

use std::time::Duration;

use proto::digest::Digest;
use proto::error::ErrorKind;
use proto::ids::JobId;
use proto::job::Stage;
use proto::operation::Operation;
use proto::outcome::{Notice, Outcome, StageResult};
use proto::queue::{Delivery, Message, Queue, QueueError, Unsettled};
use proto::topology::{ATTEMPT_HEADER, CRASHES_HEADER, INSTANCE_HEADER, Lane, NOTICE_HEADER};
use proto::wire::{self, Kind, WireError};
use tokio::time::timeout;
use tracing::Instrument as _;

use super::Done;
use super::attempt::{ATTEMPTS, Attempt, CRASHES, backoff};
use crate::process::metrics::Metrics;
use crate::process::metrics::label::{Came, Class, Ended};
use crate::process::telemetry::spans::{self, System};

/// Pause before what could not be put aside is given back.
const UNBURIED: Duration = Duration::from_secs(1);
/// How long it may take to tell what a delivery took.
const TELLING: Duration = Duration::from_secs(1);

/// The lane of the coordinator that asks.
pub(super) fn answers_to(delivery: &Delivery) -> Option<Lane> {
    let instance = delivery.message().headers.get(INSTANCE_HEADER)?;
    instance.parse().ok().map(Lane::Outcomes)
}

/// To the dead lane, where someone will look.
pub(super) async fn give_up(delivery: Delivery, reason: &str) {
    tracing::error!(job = %of(&delivery), reason, "rejected a delivery");
    if let Err(unsettled) = delivery.reject(reason).await {
        tracing::warn!(error = %unsettled, "it can't be put aside, and comes again");
        // At once it would come as fast as a full dead lane refuses it.
        tokio::time::sleep(UNBURIED).await;
    }
}

fn settled(result: Result<(), Box<Unsettled>>) {
    if let Err(unsettled) = result {
        tracing::warn!(error = %unsettled, "the job comes again");
    }
}

/// Where the answer to a delivery goes.
pub(super) struct Answer<'a> {
    pub(super) queue: &'a dyn Queue,
    pub(super) lane: Lane,
    pub(super) system: System,
    pub(super) metrics: &'a Metrics,
}

impl Answer<'_> {
    /// Tells what a delivery took. Nothing waits for long because of that: a lane may be full, or a broker away.
    pub(super) async fn report(&self, delivery: &Delivery, operation: Operation) {
        let notice = Notice::Took(Box::new(operation));
        if timeout(TELLING, self.tell(delivery, &notice))
            .await
            .is_err()
        {
            tracing::debug!(job = %of(delivery), "what it took is not told");
        }
    }

    /// Ends a delivery.
    pub(super) async fn settle(
        &self,
        mut delivery: Delivery,
        attempt: &Attempt,
        stage: Stage,
        done: Done,
    ) {
        attempt.leave(&mut delivery);
        let last = match done {
            Done::Again { .. } => attempt.number >= ATTEMPTS,
            Done::Crashed { .. } => attempt.crashes + 1 >= CRASHES,
            _ => false,
        };
        self.count(stage, &done, last);
        match done {
            Done::Outcome(outcome) => self.finish(delivery, stage, &outcome).await,
            Done::Missing { snapshot } => {
                if self.tell(&delivery, &Notice::Missing { snapshot }).await {
                    settled(delivery.ack().await);
                }
            }
            Done::Later { after, .. } => settled(delivery.retry(after).await),
            Done::HandBack => settled(delivery.retry(Duration::ZERO).await),
            Done::Again { error } if last => {
                let error = format!("failed {ATTEMPTS} times, lastly: {error}");
                self.fail(delivery, stage, error).await;
            }
            Done::Again { error } => {
                tracing::warn!(job = %of(&delivery), attempt = attempt.number, error, "failed for now");
                let after = backoff(attempt.number);
                again(delivery, ATTEMPT_HEADER, attempt.number + 1, after).await;
            }
            Done::Crashed { how } => self.crashed(delivery, attempt, stage, how).await,
            Done::Unwanted => settled(delivery.ack().await),
            Done::Spent { spent, wanted } => {
                if self.tell(&delivery, &Notice::Spent { spent, wanted }).await {
                    settled(delivery.ack().await);
                }
            }
        }
    }

    /// A body that is no job: someone may want to look, and the run must go on. One of another release
    /// is put aside only, for a worker that can read it: its job did not fail, and stays open.
    pub(super) async fn unreadable(&self, delivery: Delivery, error: &WireError) {
        // Jobs come by the lanes of stages only; an outcome that strayed here is as good as no job.
        let stage = delivery.lane().stage().unwrap_or(Stage::Explore);
        let work = &self.metrics.work;
        let reason = format!("not a job this worker can read: {error}");
        if !matches!(error, WireError::UnknownVersion { .. }) {
            let outcome = failure(&delivery, stage, reason.as_str());
            if !self.publish_outcome(&delivery, stage, &outcome).await {
                return;
            }
            work.outcomes.of((stage, Came::Failed)).inc();
        }
        work.finished.of((stage, Ended::Dead)).inc();
        give_up(delivery, &reason).await;
    }

    async fn crashed(&self, delivery: Delivery, attempt: &Attempt, stage: Stage, how: String) {
        let times = attempt.crashes + 1;
        tracing::error!(job = %of(&delivery), times, how, "the process of a job died");
        let how_often = how.clone();
        if !self.tell(&delivery, &Notice::Crashed { times, how }).await {
            return;
        }
        if times >= CRASHES {
            let error = format!("poison: its own process died {times} times, lastly: {how_often}");
            self.fail(delivery, stage, error).await;
        } else {
            again(delivery, CRASHES_HEADER, times, backoff(times)).await;
        }
    }

    async fn fail(&self, delivery: Delivery, stage: Stage, error: String) {
        let outcome = failure(&delivery, stage, error);
        self.finish(delivery, stage, &outcome).await;
    }

    async fn finish(&self, delivery: Delivery, stage: Stage, outcome: &Outcome) {
        if self.publish_outcome(&delivery, stage, outcome).await {
            settled(delivery.ack().await);
        }
    }

    async fn publish_outcome(&self, delivery: &Delivery, stage: Stage, outcome: &Outcome) -> bool {
        let error = match wire::encode(Kind::Outcome, outcome) {
            Ok(body) => match self.publish(delivery, body, None).await {
                Ok(()) => return true,
                Err(error) => error,
            },
            Err(error) => {
                return self
                    .publish_failure(delivery, stage, error.to_string())
                    .await;
            }
        };
        match error {
            QueueError::TooLarge { .. } => {
                self.publish_failure(delivery, stage, error.to_string())
                    .await
            }
            other => told(&other),
        }
    }

    /// In place of an outcome that can't be carried.
    async fn publish_failure(&self, delivery: &Delivery, stage: Stage, error: String) -> bool {
        let outcome = failure(delivery, stage, error);
        let body = wire::encode(Kind::Outcome, &outcome).expect("a text fits into an envelope");
        match self.publish(delivery, body, None).await {
            Ok(()) => true,
            Err(error) => told(&error),
        }
    }

    async fn tell(&self, delivery: &Delivery, notice: &Notice) -> bool {
        let body = match wire::encode(Kind::Notice, notice) {
            Ok(body) => body,
            Err(error) => {
                tracing::error!(%error, notice = notice.name(), "a notice can't be told");
                return false;
            }
        };
        match self.publish(delivery, body, Some(notice.name())).await {
            Ok(()) => true,
            Err(error) => told(&error),
        }
    }

    /// Within the trace of the job, so that one trace shows the way there and back.
    async fn publish(
        &self,
        delivery: &Delivery,
        body: Vec<u8>,
        notice: Option<&str>,
    ) -> Result<(), QueueError> {
        let id: Digest = delivery.message().id;
        let mut message = Message::new(id, body);
        if let Some(notice) = notice {
            message = message.with(NOTICE_HEADER, notice);
        }
        let span = spans::publish(self.system, self.lane, &mut message);
        self.queue
            .publish(self.lane, message)
            .instrument(span)
            .await
    }

    fn count(&self, stage: Stage, done: &Done, last: bool) {
        let work = &self.metrics.work;
        let ended = match done {
            Done::Outcome(outcome) => {
                work.outcomes.of((stage, came(&outcome.result))).inc();
                Ended::Answered
            }
            Done::Missing { .. } | Done::Unwanted => Ended::Answered,
            Done::Later { limited, .. } => {
                let class = match limited {
                    true => Class::RateLimited,
                    false => Class::Infrastructure,
                };
                work.retries.of((class,)).inc();
                Ended::Retried
            }
            Done::Again { .. } | Done::Crashed { .. } if last => {
                work.outcomes.of((stage, Came::Failed)).inc();
                Ended::Answered
            }
            Done::Again { .. } | Done::Crashed { .. } => {
                work.retries.of((Class::Transient,)).inc();
                Ended::Retried
            }
            Done::HandBack | Done::Spent { .. } => Ended::Returned,
        };
        if last && matches!(done, Done::Crashed { .. }) {
            work.poison.of((stage,)).inc();
        }
        work.finished.of((stage, ended)).inc();
    }
}

/// The job that a delivery is about.
fn of(delivery: &Delivery) -> JobId {
    JobId(delivery.message().id)
}

fn failure(delivery: &Delivery, stage: Stage, error: impl Into<String>) -> Outcome {
    Outcome::failed(of(delivery), stage, error)
}

fn came(result: &StageResult) -> Came {
    match result {
        StageResult::Rejected(_) => Came::Rejected,
        StageResult::Failed { .. } => Came::Failed,
        StageResult::Explored(_)
        | StageResult::Drafted { .. }
        | StageResult::Admitted { .. }
        | StageResult::Played(_) => Came::Made,
    }
}

/// The delivery is dropped and comes again, to this worker or another.
fn told(error: &QueueError) -> bool {
    match error.kind() {
        ErrorKind::Permanent => tracing::warn!(%error, "an answer was not published"),
        ErrorKind::Transient | ErrorKind::Indeterminate => {
            tracing::warn!(%error, "an answer may not have been published");
        }
    }
    false
}

async fn again(mut delivery: Delivery, header: &str, value: u32, after: Duration) {
    delivery
        .headers_mut()
        .insert(header.to_owned(), value.to_string());
    settled(delivery.retry(after).await);
}
