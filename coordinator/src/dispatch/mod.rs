//! The only loop of the coordinator: publishes what the run asks for, and takes outcomes in.
//!
//! An outcome is appended to the ledger and made durable in a group commit, and only then
//! acknowledged. What the ledger already holds is never published: its summary answers at once, so
//! resuming a run is replaying its ledger through the same state machine.
//!
//! Jobs are published many at a time, each awaited for its confirmation. When a fleet has nothing left of
//! what was asked for, and at the latest when a job stays unanswered for [`Options::patience`], it is
//! published again: the derived id makes a second answer harmless, and so a broker that lost everything
//! costs time only.
//!
//! Reading order: `content` (jobs and what they carry), `entry` (what the ledger keeps beside it), `heard` (what workers say),
//! `durable` (what is heard is kept before it is acknowledged), `look_around` (what is done now and then), `reconcile` and
//! `undeliverable` (jobs that are lost, or given up), `publishing`, `world`, `apart` (start states), `fresh`.

mod apart;
mod carried;
mod content;
mod durable;
mod entry;
mod fresh;
mod heard;
pub(crate) mod jobs;
mod look_around;
mod publishing;
mod reconcile;
mod undeliverable;
mod watch;
mod world;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use proto::error::ErrorKind;
use proto::ids::{JobId, RunId};
use proto::job::{Rollout, job_id};
use proto::queue::{Consumer, Delivery, Message, Queue, QueueError};
use proto::record::Money;
use proto::store::Board;
use proto::topology::{EPOCH_HEADER, INSTANCE_HEADER, Instance, Lane};
use proto::wire::{self, Kind, WireError};
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use worker::domains::Domain;
use worker::process::metrics::Metrics;
use worker::process::metrics::label::Planned;
use worker::process::telemetry::spans::{self, System};

use crate::archive::{Archive, ArchiveError};
use crate::ledger::{Ledger, LedgerError};
use crate::operations::Operations;
use crate::plan::Plan;
use crate::plan::cast::Casts;
use crate::plan::cells::Layout;
use crate::run::{Ask, Run};
use apart::Apart;
use content::Content;
use fresh::Fresh;
use publishing::{Publishing, Refused};
use reconcile::Reconciler;
use undeliverable::{Publisher, Undeliverable};
use world::Offering;

pub use apart::Aside;
pub use carried::Carried;
pub use entry::{came, failed, made, rollout_of};
pub use reconcile::CALM;
pub use watch::{Turn, Watch};
pub use world::{RunWorld, Untaken};

/// Outcomes in one group commit, at most.
pub const GROUP: usize = 512;
/// How long outcomes are gathered for one group commit.
const GATHER: Duration = Duration::from_millis(40);
/// How long an outcome lane is silent when it has nothing to pass on from a predecessor.
const INHERIT: Duration = Duration::from_millis(200);
/// Early answers that are held; what comes beyond them is let go, and its job done again.
const EARLY: usize = 4 * GROUP;
/// How often what is due is looked at.
const TICK: Duration = Duration::from_secs(1);
/// Results kept at hand for each job of the window.
const AT_HAND: usize = 4;

/// Why a run stops.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// The ledger's.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The queue's.
    #[error("failed to reach the queue: {0}")]
    Queue(#[from] QueueError),
    /// An outcome or a job that does not encode or decode.
    #[error("failed to read or write job {job}: {source}")]
    Wire {
        /// The job.
        job: JobId,
        /// What is wrong with the bytes.
        source: WireError,
    },
    /// A base world that no job can carry, and no store holds.
    #[error("the base world is too large to come with a job, and {0}")]
    Untaken(#[source] Untaken),
    /// A base world that workers can't be given.
    #[error("failed to encode the base world for workers elsewhere: {0}; make it smaller")]
    World(#[source] WireError),
    /// A record that is not what its job makes.
    #[error("the ledger's record of job {0} holds another stage's result")]
    Mixed(JobId),
    /// The run whose tasks are used can't be read.
    #[error("failed to read a task: {0}")]
    Tasks(#[from] ArchiveError),
}

/// What a dispatch needs of its run.
#[derive(Debug, Clone)]
pub struct Course {
    /// The run.
    pub run: RunId,
    /// The plan.
    pub plan: Plan,
    /// What each slot asks for.
    pub layout: Layout,
    /// Who plays which role.
    pub casts: Casts,
    /// The only slots that are begun, in order, where not all of them are.
    pub sample: Option<Arc<[u32]>>,
}

impl Course {
    /// The course of a plan, under this run id.
    pub fn new(run: RunId, plan: Plan, layout: Layout) -> Self {
        Self {
            run,
            casts: Casts::of(&plan),
            plan,
            layout,
            sample: None,
        }
    }

    /// The same course, of which only these slots are begun.
    #[must_use]
    pub fn only(self, mut slots: Vec<u32>) -> Self {
        slots.sort_unstable();
        Self {
            sample: Some(slots.into()),
            ..self
        }
    }

    /// How many slots are to be closed.
    pub fn slots(&self) -> u32 {
        match &self.sample {
            Some(sample) => sample.len() as u32,
            None => self.plan.own_slots(),
        }
    }

    /// Id of the job that an ask stands for.
    pub fn job(&self, ask: &Ask) -> JobId {
        let rollout = ask.rollout.map(|(agent, trial, twin)| Rollout {
            agent: self.casts.identity(agent),
            trial,
            twin,
        });
        job_id(self.run, ask.stage, ask.slot, ask.candidate, rollout)
    }
}

/// How a run is dispatched; no influence on its results.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where outcomes come back to.
    pub instance: Instance,
    /// The base world.
    pub world: RunWorld,
    /// Where large start states are put, instead of into jobs; none where jobs carry everything.
    pub aside: Option<Aside>,
    /// Jobs in flight.
    pub window: usize,
    /// A job that is not answered for so long is published again; never if there is none.
    pub patience: Option<Duration>,
    /// Where workers tell what they have in hand, so that a fleet that lost everything is noticed soon; without
    /// it only patience helps.
    pub board: Option<Arc<dyn Board>>,
    /// When the ledger can't be written, waits for room instead of ending.
    pub persistent: bool,
    /// Asked to stop, waits for what is in flight instead of leaving it to whoever goes on.
    pub finish_in_flight: bool,
    /// Where it is written down what deliveries took, if anywhere.
    pub operations: Option<PathBuf>,
    /// What the queue is, for traces.
    pub system: System,
    /// What is counted.
    pub metrics: Metrics,
}

impl Options {
    /// For workers in this process, which can't get lost.
    pub fn embedded(domain: &dyn Domain, window: usize, metrics: Metrics) -> Self {
        Self {
            instance: Instance::EMBEDDED,
            world: RunWorld::at_hand(domain),
            aside: None,
            window,
            patience: None,
            board: None,
            persistent: false,
            finish_in_flight: true,
            operations: None,
            system: System::Memory,
            metrics,
        }
    }
}

/// What a job has in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carries {
    /// What is large it names.
    Little,
    /// The base world, which its worker could not come by.
    World,
    /// Its start states, likewise.
    StartStates,
}

/// A job that was published and is not answered.
#[derive(Debug, Clone, Copy)]
struct Asked {
    ask: Ask,
    since: Instant,
    /// It was answered in a way that this release can't read. Asked again at once it would be so again.
    misread: bool,
}

/// A run being carried out.
#[derive(Debug)]
pub struct Dispatch<'a> {
    content: Content<'a>,
    run: Run,
    /// Slots that are to be closed.
    slots: u32,
    options: Options,
    publishing: Publishing,
    apart: Option<Apart>,
    undeliverable: Undeliverable,
    reconciler: Reconciler,
    operations: Option<Operations>,
    asked: BTreeMap<JobId, Asked>,
    /// Answers to jobs that are not asked for yet: a predecessor published them.
    early: BTreeMap<JobId, Delivery>,
    /// Deliveries whose content is appended, to be acknowledged after the next commit.
    appended: Vec<Delivery>,
    /// Deliveries that this release can't read, with the reason: for the dead lane.
    unreadable: Vec<(Delivery, String)>,
    /// When the first of them came.
    oldest: Option<Instant>,
    /// Puts the base world back where workers look first, when they do not find it there.
    offering: Offering,
    /// Cancelled when the run is to stop.
    stop: CancellationToken,
    /// What the run had spent when a job could not go on for want of money.
    spent: Option<Money>,
}

impl<'a> Dispatch<'a> {
    /// Takes a run up where its ledger left it. With `tasks`, the run only rolls out, on the tasks of
    /// that run, which has the same run id.
    pub fn new(
        course: &'a Course,
        run: Run,
        ledger: Ledger,
        tasks: Option<Arc<Archive>>,
        queue: Arc<dyn Queue>,
        options: Options,
    ) -> Self {
        let fresh = Fresh::new(AT_HAND * options.window);
        let us = Publisher {
            instance: options.instance,
            epoch: ledger.epoch(),
        };
        Self {
            content: Content {
                course,
                ledger,
                tasks,
                fresh,
            },
            run,
            slots: course.slots(),
            undeliverable: Undeliverable::new(Arc::clone(&queue), us),
            operations: options.operations.clone().map(Operations::at),
            reconciler: Reconciler::new(Arc::clone(&queue), us, options.board.clone()),
            offering: Offering::to(options.aside.as_ref().map(|aside| Arc::clone(&aside.store))),
            apart: options.aside.clone().map(Apart::new),
            publishing: Publishing::new(queue),
            options,
            asked: BTreeMap::new(),
            early: BTreeMap::new(),
            appended: Vec::new(),
            unreadable: Vec::new(),
            oldest: None,
            stop: CancellationToken::new(),
            spent: None,
        }
    }

    /// Takes in what a predecessor's jobs came to, so that they are not published again. A broker that
    /// goes away meanwhile is waited for. Dropping the future loses nothing.
    pub async fn inherit(
        &mut self,
        outcomes: &mut dyn Consumer,
        queue: &dyn Queue,
    ) -> Result<(), DispatchError> {
        let lane = Lane::Outcomes(self.options.instance);
        loop {
            match tokio::time::timeout(INHERIT, outcomes.next()).await {
                Ok(Ok(Some(delivery))) => {
                    self.hear(delivery).await?;
                    // What is known already must not fill the hands that wait for the rest.
                    if self.appended.len() >= GROUP {
                        self.settle().await?;
                    }
                }
                Ok(Ok(None)) => return Err(QueueError::Closed(lane).into()),
                Ok(Err(error)) => return Err(error.into()),
                // What is in hand keeps the rest away: a lane hands over no more than is asked for ahead.
                Err(_) if !self.appended.is_empty() => self.settle().await?,
                Err(_) => match queue.ready(lane).await {
                    Ok(0) => return Ok(()),
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::Permanent => return Err(error.into()),
                    Err(error) => tracing::warn!(%error, "the broker does not say what waits"),
                },
            }
        }
    }

    /// Carries the run out over its outcome lane, until it is finished, its budget is spent or `stop` is called.
    pub async fn carry_out(
        mut self,
        outcomes: &mut dyn Consumer,
        watch: &mut dyn Watch,
        stop: CancellationToken,
    ) -> Result<Carried, DispatchError> {
        self.stop = stop.clone();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        if stop.is_cancelled() {
            self.run.drain();
        }
        self.ask(Some(watch)).await?;
        watch.caught_up(self.run.progress());
        loop {
            let stopped = stop.is_cancelled();
            if stopped {
                self.run.drain();
            }
            self.ask(Some(watch)).await?;
            self.settle().await?;
            // What is paid for comes in, if nobody is in a hurry.
            let leave = self.run.idle() || stopped && !self.options.finish_in_flight;
            if self.run.finished() || (stopped || self.spent.is_some()) && leave {
                break;
            }
            // In this order, so that a run is a function of what befalls it; the outcomes, of which there
            // may be one at any time, come last.
            tokio::select! {
                biased;
                () = stop.cancelled(), if !stopped => {}
                _ = tick.tick() => self.look_around().await?,
                published = self.publishing.next() => self.published(published).await?,
                jobs = self.undeliverable.next() => self.given_up(jobs).await?,
                given_up = self.reconciler.next() => self.lost(given_up).await?,
                delivery = outcomes.next() => self.take_in(delivery?, outcomes).await?,
            }
            self.measure();
            watch.progress(self.run.progress());
            watch.paid(self.operations.as_ref().and_then(Operations::cost));
        }
        self.settle().await?;
        self.commit().await?;
        watch.progress(self.run.progress());
        Ok(Carried {
            run: self.run,
            ledger: self.content.ledger,
            spent: self.spent,
        })
    }

    /// Shows where the run stands.
    fn measure(&self) {
        let (course, progress) = (&self.options.metrics.course, self.run.progress());
        course.in_flight.of(()).set(self.asked.len() as i64);
        course.window.of(()).set(self.options.window as i64);
        course.commit_lag.of(()).set(self.lag());
        let closed = progress.closed();
        for (planned, count) in [
            (Planned::Open, self.slots.saturating_sub(closed)),
            (Planned::Settled, progress.settled),
            (Planned::Exhausted, progress.exhausted),
            (Planned::Failed, progress.failed),
        ] {
            course.slots.of((planned,)).set(i64::from(count));
        }
        let ratio = f64::from(closed) / f64::from(self.slots.max(1));
        course.progress.of(()).set(ratio);
    }

    /// Age in seconds of the oldest outcome that is not durable.
    fn lag(&self) -> f64 {
        self.oldest
            .map_or(0.0, |oldest| oldest.elapsed().as_secs_f64())
    }

    /// Publishes what the run asks for; what the ledger holds is answered from it.
    async fn ask(&mut self, mut watch: Option<&mut dyn Watch>) -> Result<(), DispatchError> {
        let mut answered = 0_u32;
        while let Some(ask) = self.run.ask() {
            let id = self.content.course.job(&ask);
            if let Some(summary) = self.content.known(&ask, &id) {
                self.run.outcome(ask, came(&summary));
                answered += 1;
                if answered.is_multiple_of(4096)
                    && let Some(watch) = &mut watch
                {
                    watch.progress(self.run.progress());
                }
                continue;
            }
            let since = Instant::now();
            let asked = Asked {
                ask,
                since,
                misread: false,
            };
            self.asked.insert(id, asked);
            if let Some(delivery) = self.early.remove(&id) {
                self.hear(delivery).await?;
                continue;
            }
            self.publish(&ask, id, Carries::Little).await?;
        }
        Ok(())
    }

    async fn publish(
        &mut self,
        ask: &Ask,
        id: JobId,
        carries: Carries,
    ) -> Result<(), DispatchError> {
        let world = match carries {
            Carries::World if self.options.world.outgrows_a_job() && self.offering.wait(id) => {
                return Ok(());
            }
            Carries::Little | Carries::StartStates => self.options.world.reference(),
            Carries::World => self.options.world.inline(),
        };
        let mut job = self.content.job(ask, id, world)?;
        let changes = match (&mut self.apart, carries) {
            (Some(apart), Carries::Little | Carries::World) => apart.take(&mut job),
            _ => Vec::new(),
        };
        let body = match wire::encode(Kind::Job, &job) {
            Ok(body) => body,
            Err(error @ WireError::TooLarge { .. }) if carries != Carries::World => {
                return self.fail(id, ask.stage, error.to_string()).await;
            }
            // No job can carry this world beside what else it needs.
            Err(WireError::TooLarge { .. }) if self.offering.wait(id) => return Ok(()),
            Err(source) => return Err(DispatchError::Wire { job: id, source }),
        };
        let epoch = self.content.ledger.epoch();
        let mut message = Message::new(id.0, body)
            .with(INSTANCE_HEADER, self.options.instance.to_string())
            .with(EPOCH_HEADER, epoch.to_string());
        let lane = Lane::of(ask.stage);
        let span = spans::publish(self.options.system, lane, &mut message);
        self.publishing.begin(lane, message, changes, span);
        self.reconciler.stirred();
        self.options.metrics.course.published.of((ask.stage,)).inc();
        Ok(())
    }

    /// A job that the queue will never carry has failed; anything else ends the run.
    async fn published(&mut self, refused: Refused) -> Result<(), DispatchError> {
        let job = refused.job;
        let Some(Asked { ask, .. }) = self.asked.get(&job).copied() else {
            return Ok(());
        };
        if !matches!(refused.error, QueueError::TooLarge { .. }) {
            return Err(refused.error.into());
        }
        self.fail(job, ask.stage, refused.error.to_string()).await
    }

    /// Takes an outcome, gathers what comes with it, commits, and acknowledges.
    async fn take_in(
        &mut self,
        first: Option<Delivery>,
        outcomes: &mut dyn Consumer,
    ) -> Result<(), DispatchError> {
        let Some(first) = first else {
            // Whoever closed the queue wants no more of it; waiting on would be turning in a circle.
            return Err(QueueError::Closed(Lane::Outcomes(self.options.instance)).into());
        };
        let deadline = Instant::now() + GATHER;
        let mut next = Some(first);
        while let Some(delivery) = next {
            self.hear(delivery).await?;
            // Asking while gathering keeps the workers busy.
            self.ask(None).await?;
            if self.appended.len() >= GROUP {
                break;
            }
            next = match tokio::time::timeout_at(deadline, outcomes.next()).await {
                Ok(delivery) => delivery?,
                Err(_) => break,
            };
        }
        self.settle().await
    }
}

#[cfg(test)]
mod tests;
