//! The only loop of a worker: takes a job, does it, publishes its outcome, and only then acknowledges
//! the job. A crash between leads to a repeat, which the derived job id absorbs.
//!
//! A slot takes a delivery only when it is free to work on it, so a job never waits in the hands of a
//! busy worker while another is idle.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use proto::job::Job;
use proto::outcome::{Outcome, StageResult};
use proto::queue::{Consumer, Delivery, Message, Queue, QueueError};
use proto::topology::Lane;
use proto::wire::{self, Kind};
use tokio_util::sync::CancellationToken;

use crate::domains::Domain;
use crate::stages::perform;

/// One slot's deliveries: one at a time from each lane of jobs.
struct Lanes {
    explore: Box<dyn Consumer>,
    synthesize: Box<dyn Consumer>,
    verify: Box<dyn Consumer>,
    rollout: Box<dyn Consumer>,
}

impl Lanes {
    async fn subscribe(queue: &dyn Queue) -> Result<Self, QueueError> {
        let one = NonZeroUsize::MIN;
        Ok(Self {
            explore: queue.subscribe(Lane::Explore, one).await?,
            synthesize: queue.subscribe(Lane::Synthesize, one).await?,
            verify: queue.subscribe(Lane::Verify, one).await?,
            rollout: queue.subscribe(Lane::Rollout, one).await?,
        })
    }

    /// The next job; later stages first, so that work begun is finished before more is begun.
    async fn next(&mut self) -> Result<Option<Delivery>, QueueError> {
        tokio::select! {
            biased;
            delivery = self.rollout.next() => delivery,
            delivery = self.verify.next() => delivery,
            delivery = self.synthesize.next() => delivery,
            delivery = self.explore.next() => delivery,
        }
    }
}

/// Runs one slot until the queue closes or `stop` is called; what is in hand is finished first.
///
/// # Errors
/// The queue's, when a subscription or a publication fails for good.
pub async fn work(
    queue: Arc<dyn Queue>,
    domain: Arc<dyn Domain>,
    stop: CancellationToken,
) -> Result<(), QueueError> {
    let mut lanes = Lanes::subscribe(&*queue).await?;
    loop {
        let delivery = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            delivery = lanes.next() => delivery?,
        };
        let Some(delivery) = delivery else {
            return Ok(());
        };
        let Some(outcome) = outcome_of(&*domain, &delivery) else {
            // Unreadable here, perhaps not elsewhere: it is kept in the dead lane, never dropped.
            drop(delivery.reject("not a job this worker can read").await);
            continue;
        };
        queue
            .publish(Lane::Outcomes, Message::new(delivery.message().id, outcome))
            .await?;
        // An ack that is lost means the job comes again, and its outcome is known by then.
        drop(delivery.ack().await);
    }
}

/// Does the job of a delivery; nothing if it cannot be read.
fn outcome_of(domain: &dyn Domain, delivery: &Delivery) -> Option<Vec<u8>> {
    let job: Job = wire::decode(Kind::Job, delivery.body()).ok()?;
    let (id, stage) = (job.id, job.input.stage());
    let done =
        tokio::task::block_in_place(|| catch_unwind(AssertUnwindSafe(|| perform(domain, job))));
    let outcome = done.unwrap_or_else(|panic| {
        let error = panic
            .downcast_ref::<String>()
            .cloned()
            .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let error = error.unwrap_or_else(|| "a panic without words".to_owned());
        Outcome {
            job: id,
            result: StageResult::Failed { stage, error },
        }
    });
    match wire::encode(Kind::Outcome, &outcome) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            let result = StageResult::Failed {
                stage,
                error: error.to_string(),
            };
            wire::encode(Kind::Outcome, &Outcome { job: id, result }).ok()
        }
    }
}
