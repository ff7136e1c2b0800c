//! The only loop of a worker: takes a job, has it done, publishes its outcome, and only then
//! acknowledges the job. A crash between leads to a repeat, which the derived job id absorbs.
//!
//! A delivery is taken only when a slot is free to work on it. Each has one of these ends, all of which
//! leave something durable before the delivery is settled:
//!
//! | [`Done`] | what happens |
//! |---|---|
//! | `Outcome` | published to the coordinator, then the job is acknowledged |
//! | `Missing` | told to the coordinator, which publishes the job again with what is missing |
//! | `Later` | the job goes back, no attempt counted, to come again after a while: a service is down, or at its limit |
//! | `Again` | the job goes back with one more attempt counted; the last one is a failed outcome |
//! | `HandBack` | the job goes back at once: this worker stops, or held it for long enough |
//! | `Crashed` | told to the coordinator; the job goes back, and after `CRASHES` such ends it is poison |
//! | `Unwanted` | acknowledged and forgotten: its run was cancelled |
//! | `Spent` | told to the coordinator, then acknowledged: the run's budget does not cover it |
//!
//! What was sent to models in a delivery is told beside, whatever its end.
//! What can't be read as a job goes to the dead lane, and the coordinator hears of a failed job, except
//! where another release wrote it: that job waits there for a worker that can read it.

mod attempt;
mod report;
mod settle;

use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt as _;
use proto::digest::Digest;
use proto::job::{Job, Stage};
use proto::outcome::Outcome;
use proto::queue::{Consumer, Delivery, Queue, QueueError};
use proto::record::Money;
use proto::topology::Lane;
use proto::wire::{self, Kind};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use crate::process::metrics::Metrics;
use crate::process::metrics::label::Slot;
use crate::process::telemetry::spans::{self, System};

pub use attempt::{ATTEMPTS, Attempt, CRASHES};
use report::Report;
use settle::Answer;

/// A delivery that has waited in this process for such a part of [`Settings::hold`] goes before those of
/// preferred lanes: the broker counts that wait, too.
const PATIENCE: u32 = 4;
/// How long a job that is let go of may take to be settled: a broker may be away, or fail.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// Does jobs. What it does for one job is a function of the job; the attempt only says how careful to
/// be and when to hand back.
#[async_trait]
pub trait Perform: Send + Sync {
    /// Does a job. The future may be dropped at any of its awaits.
    async fn perform(&self, job: Job, attempt: &Attempt) -> Done;
}

/// What came of one delivery of a job.
#[derive(Debug)]
pub enum Done {
    /// The job is done.
    Outcome(Outcome),
    /// Its base world, or a start state that it names, can't be had.
    Missing {
        /// Digest of what is nowhere.
        snapshot: Digest,
    },
    /// A service that it needs is down, or at its limit: an attempt that does not count.
    Later {
        /// How long to wait.
        after: Duration,
        /// Whether it is a limit.
        limited: bool,
    },
    /// It failed in a way that may pass.
    Again {
        /// Why.
        error: String,
    },
    /// It is not finished, and what it came to so far is kept.
    HandBack,
    /// The process that did it died.
    Crashed {
        /// How.
        how: String,
    },
    /// Nobody wants its outcome any more.
    Unwanted,
    /// The run's budget does not cover what it asks next.
    Spent {
        /// What calls that ended have cost.
        spent: Money,
        /// What the next one may cost.
        wanted: Money,
    },
}

/// How a worker takes jobs.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which jobs, those to be preferred first.
    pub lanes: Vec<Lane>,
    /// Jobs under way at once.
    pub slots: NonZeroUsize,
    /// Deliveries of a lane that the broker hands over before they are settled.
    pub prefetch: NonZeroUsize,
    /// A job that was handed over so long ago is asked to hand back: safely below the broker's consumer timeout.
    pub hold: Duration,
    /// What the queue is, for traces.
    pub system: System,
    /// Name of this worker, for the operations of runs.
    pub name: String,
}

impl Settings {
    /// All stages, later ones first, so that work begun is finished before more is begun.
    pub fn all_stages(slots: NonZeroUsize) -> Self {
        Self {
            lanes: Lane::JOBS.into_iter().rev().collect(),
            slots,
            prefetch: slots,
            hold: Duration::from_secs(20 * 60),
            system: System::Memory,
            name: "embedded".to_owned(),
        }
    }
}

/// How a worker is stopped, in three steps of which each includes the ones before.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// Takes no more jobs.
    pub drain: CancellationToken,
    /// What can be continued elsewhere is handed back.
    pub hand_back: CancellationToken,
    /// What is still under way is let go of.
    pub abandon: CancellationToken,
}

/// Takes jobs and has them done until `stop` is called or the queue closes; comes back when nothing is
/// in hand.
///
/// # Errors
/// The queue's, when it fails for good.
pub async fn work(
    queue: Arc<dyn Queue>,
    performer: Arc<dyn Perform>,
    settings: Settings,
    metrics: Metrics,
    stop: Stop,
) -> Result<(), QueueError> {
    work_from(queue, performer, settings, metrics, stop, || {}).await
}

/// The same; calls `listening` once, when it listens on all its lanes.
///
/// # Errors
/// As [`work`].
pub async fn work_from(
    queue: Arc<dyn Queue>,
    performer: Arc<dyn Perform>,
    settings: Settings,
    metrics: Metrics,
    stop: Stop,
    listening: impl FnOnce(),
) -> Result<(), QueueError> {
    let slots = Arc::new(Semaphore::new(settings.slots.get()));
    let mut lanes = tokio::select! {
        biased;
        // A broker that is away is waited for, but not by who is to leave.
        () = stop.drain.cancelled() => return Ok(()),
        lanes = Lanes::subscribe(&*queue, &settings) => lanes?,
    };
    listening();
    let hand = Hand {
        queue,
        performer,
        hold: settings.hold,
        system: settings.system,
        name: settings.name.into(),
        metrics,
        stop,
    };
    let (busy, free) = (Slot::Busy, Slot::Free);
    let states = hand.metrics.work.slots.clone();
    states.of((free,)).set(settings.slots.get() as i64);
    let mut crew = JoinSet::new();
    let ended = loop {
        while crew.try_join_next().is_some() {}
        let permit = tokio::select! {
            biased;
            () = hand.stop.drain.cancelled() => break Ok(()),
            permit = Arc::clone(&slots).acquire_owned() => permit.expect("the semaphore is never closed"),
        };
        let delivery = tokio::select! {
            biased;
            () = hand.stop.drain.cancelled() => break Ok(()),
            delivery = lanes.next() => delivery,
        };
        match delivery {
            Ok(Some(delivery)) => {
                let (hand, states) = (hand.clone(), states.clone());
                states.of((busy,)).inc();
                states.of((free,)).dec();
                crew.spawn(async move {
                    let span = spans::process(hand.system, &delivery);
                    hand.take(delivery).instrument(span).await;
                    states.of((busy,)).dec();
                    states.of((free,)).inc();
                    drop(permit);
                });
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    // Ends the subscriptions: what was handed over and not begun goes to others now.
    drop(lanes);
    while crew.join_next().await.is_some() {}
    ended
}

/// The lanes a worker listens on, those to be preferred first.
struct Lanes {
    consumers: Vec<Box<dyn Consumer>>,
    /// How long what was handed over may be left for preferred jobs.
    patience: Duration,
}

impl Lanes {
    async fn subscribe(queue: &dyn Queue, settings: &Settings) -> Result<Self, QueueError> {
        let mut consumers = Vec::with_capacity(settings.lanes.len());
        for &lane in &settings.lanes {
            consumers.push(queue.subscribe(lane, settings.prefetch).await?);
        }
        Ok(Self {
            consumers,
            patience: settings.hold / PATIENCE,
        })
    }

    /// The next job: one that waits for too long, or else of the first lane that has any. Dropping the
    /// future loses nothing.
    async fn next(&mut self) -> Result<Option<Delivery>, QueueError> {
        let late = |consumer: &dyn Consumer| consumer.ahead().filter(|wait| *wait > self.patience);
        let mut by_turn: Vec<_> = self.consumers.iter_mut().collect();
        // Stable: lanes without a late job stay as preferred.
        by_turn.sort_by_key(|consumer| std::cmp::Reverse(late(&***consumer)));
        let mut waiting: Vec<_> = by_turn
            .into_iter()
            .map(|consumer| consumer.next())
            .collect();
        std::future::poll_fn(|context| {
            for next in &mut waiting {
                if let std::task::Poll::Ready(delivery) = next.as_mut().poll(context) {
                    return std::task::Poll::Ready(delivery);
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}

/// What a slot needs for one job.
#[derive(Clone)]
struct Hand {
    queue: Arc<dyn Queue>,
    performer: Arc<dyn Perform>,
    hold: Duration,
    system: System,
    name: Arc<str>,
    metrics: Metrics,
    stop: Stop,
}

impl Hand {
    /// Works on a delivery to its end, or until it is let go of.
    async fn take(&self, delivery: Delivery) {
        tokio::select! {
            biased;
            () = self.see_to(delivery) => {}
            // Dropped, the delivery comes again.
            () = self.given_up() => tracing::warn!("let go of a job that could not be settled"),
        }
    }

    async fn see_to(&self, delivery: Delivery) {
        let Some(answers) = settle::answers_to(&delivery) else {
            let reason = "no header tells where its outcome goes: it was not published by t2t";
            settle::give_up(delivery, reason).await;
            return;
        };
        let answer = Answer {
            queue: &*self.queue,
            lane: answers,
            system: self.system,
            metrics: &self.metrics,
        };
        match wire::decode::<Job>(Kind::Job, delivery.body()) {
            Ok(job) => {
                let stage = job.input.stage();
                spans::of_run(job.run);
                let attempt = Attempt::of(&delivery, self.stop.hand_back.child_token());
                self.metrics.work.started.of((stage,)).inc();
                let began = Instant::now();
                // Without models there is nothing to tell that the metrics do not.
                let asks = !job.cast.models.is_empty();
                let report = asks.then(|| Report::begun(&job, &self.name, &attempt));
                let hold = self.hold.saturating_sub(delivery.held());
                let done = self.perform(job, &attempt, hold).await;
                self.metrics.work.duration.record((stage,), began.elapsed());
                if let Some(operation) = report.and_then(|it| it.ended(&done, &attempt)) {
                    answer.report(&delivery, operation).await;
                }
                answer.settle(delivery, &attempt, stage, done).await;
            }
            Err(error) => answer.unreadable(delivery, &error).await,
        }
    }

    /// Until what is under way was let go of, and had time for its last words.
    async fn given_up(&self) {
        self.stop.abandon.cancelled().await;
        tokio::time::sleep(LAST_WORDS).await;
    }

    async fn perform(&self, job: Job, attempt: &Attempt, hold: Duration) -> Done {
        let performing = unless_it_panics(&*self.performer, job, attempt);
        let mut performing = std::pin::pin!(performing);
        tokio::select! {
            biased;
            done = &mut performing => done,
            () = self.stop.abandon.cancelled() => Done::HandBack,
            () = tokio::time::sleep(hold) => {
                attempt.hand_back.cancel();
                tokio::select! {
                    biased;
                    done = performing => done,
                    () = self.stop.abandon.cancelled() => Done::HandBack,
                }
            }
        }
    }
}

/// Has a job done; a panic is its outcome.
pub(crate) async fn unless_it_panics(performer: &dyn Perform, job: Job, attempt: &Attempt) -> Done {
    let (id, stage) = (job.id, job.input.stage());
    let performing = AssertUnwindSafe(performer.perform(job, attempt)).catch_unwind();
    let performed = performing.await;
    performed.unwrap_or_else(|panic| Done::Outcome(panicked(id, stage, &*panic)))
}

/// A panic is a fault of the software that would come again, so it is the outcome of its job.
fn panicked(job: proto::ids::JobId, stage: Stage, panic: &(dyn std::any::Any + Send)) -> Outcome {
    let words = panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    let error = words.unwrap_or_else(|| "a panic without words".to_owned());
    Outcome::failed(job, stage, error)
}

#[cfg(test)]
mod tests;
