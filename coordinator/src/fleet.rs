//! Coordinator here, workers elsewhere: the same dispatch over the services of a fleet.
//!
//! A run's folder has an instance id, drawn once, that names its lane of outcomes. While a coordinator
//! listens there, a second one is refused, unless it asks to stand by: then it listens too, is given
//! nothing as long as the first one lives, and goes on in its place afterwards. Which of the two writes
//! the ledger is decided by the ledger's epochs alone; the lane only saves them from meeting.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use proto::digest::Digest;
use proto::error::ErrorKind;
use proto::queue::{Consumer, Message, Queue, QueueError};
use proto::record::Recipe;
use proto::store::Shared;
use proto::topology::{Instance, Lane, PROBE_HEADER};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use worker::domains::Domain;
use worker::process::metrics::Metrics;
use worker::process::telemetry::spans::System;

use crate::archive::{Archive, new_run};
use crate::dispatch::{
    Aside, Carried as Worked, Course, Dispatch, DispatchError, GROUP, Options, RunWorld, Turn,
    Watch,
};
use crate::home::{Home, HomeError, OPERATIONS};
use crate::ledger::{Ledger, LedgerError};

/// How often a coordinator that stands by asks whether it is its turn.
const PROBE: Duration = Duration::from_secs(5);
/// How long the broker may take to see that a predecessor ended.
const LEAVING: Duration = Duration::from_secs(2);
/// How often it is asked.
const GLANCE: Duration = Duration::from_millis(100);

/// Why a run over a fleet stops.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// The dispatch's.
    #[error(transparent)]
    Dispatch(#[from] DispatchError),
    /// The folder's.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The ledger's.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The queue's.
    #[error("failed to reach the queue: {0}")]
    Queue(#[from] QueueError),
    /// Somebody else coordinates the run.
    #[error(
        "another coordinator is at this run (instance {0}): stop it first, or give --standby to take over when it ends"
    )]
    Busy(Instance),
}

/// What a coordinator works with.
#[derive(Debug, Clone)]
pub struct Services {
    /// Jobs and outcomes.
    pub queue: Arc<dyn Queue>,
    /// What the fleet shares.
    pub shared: Shared,
    /// What is counted.
    pub metrics: Metrics,
}

/// What is to be done.
#[derive(Debug, Clone)]
pub struct Work<'a> {
    /// The run.
    pub course: &'a Course,
    /// Its domain over its base world.
    pub domain: &'a dyn Domain,
    /// How the base world was generated, if it was.
    pub recipe: Option<Recipe>,
    /// The run whose tasks are used, if this one only rolls out. Both have the same run id.
    pub tasks: Option<Arc<Archive>>,
}

/// How a run is carried out over a fleet; no influence on its results.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Jobs in flight: the run's share of the fleet.
    pub window: usize,
    /// A job that is not answered for so long is published again.
    pub patience: Duration,
    /// Changes of a start state that a job still carries, bytes; larger ones lie in the cache.
    pub inline_delta: usize,
    /// Waits for the turn instead of being refused.
    pub standby: bool,
}

/// A run that was carried out. Its lane is kept until this is dropped, so that nobody takes over while
/// dataset and report are written.
#[must_use = "the lane is free for others once this is dropped"]
pub struct Carried {
    /// What it came to.
    pub work: Worked,
    /// Keeps the lane.
    pub lane: Box<dyn Consumer>,
}

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carried")
            .field("work", &self.work)
            .finish_non_exhaustive()
    }
}

/// Waits until it is this coordinator's turn: until nobody else has the lane of the folder's outcomes. Nothing
/// when it was stopped while it stood by.
///
/// # Errors
/// [`FleetError::Busy`] where somebody has it and `terms` do not say to stand by.
pub async fn turn(
    home: &Home,
    services: &Services,
    terms: Terms,
    watch: &mut dyn Watch,
    stop: &CancellationToken,
) -> Result<Option<Box<dyn Consumer>>, FleetError> {
    let instance = home.instance()?;
    tokio::select! {
        biased;
        lane = take_lane(services, instance, terms, watch) => lane.map(Some),
        () = stop.cancelled() => Ok(None),
    }
}

/// Carries a run out with the workers of a fleet, over its lane; comes back when it is finished or stopped.
pub async fn carry_out(
    work: Work<'_>,
    mut lane: Box<dyn Consumer>,
    home: &Home,
    services: &Services,
    terms: Terms,
    watch: &mut dyn Watch,
    stop: CancellationToken,
) -> Result<Carried, FleetError> {
    let instance = home.instance()?;
    // From here on a predecessor that still lives is fenced.
    let ledger = worker::blocking::in_place(|| Ledger::open(home.path()))?;
    services.metrics.course.epochs.of(()).inc();
    let world = RunWorld::encoded(work.domain, work.recipe)?;
    // Workers that miss it say so, and it is offered again.
    drop(world.offer(&*services.shared.snapshots).await);
    let aside = Aside {
        store: Arc::clone(&services.shared.snapshots),
        above: terms.inline_delta,
    };
    let options = Options {
        instance,
        world,
        aside: Some(aside),
        window: terms.window,
        patience: Some(terms.patience),
        board: Some(Arc::clone(&services.shared.board)),
        persistent: true,
        finish_in_flight: false,
        operations: Some(home.at(OPERATIONS)),
        system: System::RabbitMq,
        metrics: services.metrics.clone(),
    };
    let run = new_run(work.course, terms.window);
    watch.progress(run.progress());
    let queue = Arc::clone(&services.queue);
    let mut dispatch = Dispatch::new(work.course, run, ledger, work.tasks, queue, options);
    tokio::select! {
        biased;
        inherited = dispatch.inherit(&mut *lane, &*services.queue) => inherited?,
        () = stop.cancelled() => {}
    }
    let work = dispatch.carry_out(&mut *lane, watch, stop).await?;
    Ok(Carried { work, lane })
}

/// Listens on the lane of outcomes; comes back when it is this coordinator's.
async fn take_lane(
    services: &Services,
    instance: Instance,
    terms: Terms,
    watch: &mut dyn Watch,
) -> Result<Box<dyn Consumer>, FleetError> {
    let (queue, lane) = (&*services.queue, Lane::Outcomes(instance));
    let taken = taken(queue, lane).await?;
    if taken && !terms.standby {
        return Err(FleetError::Busy(instance));
    }
    let mut outcomes = queue.subscribe(lane, prefetch(terms.window)).await?;
    if !taken {
        return Ok(outcomes);
    }
    watch.turn(Turn::Others);
    loop {
        tokio::select! {
            biased;
            delivery = outcomes.next() => {
                // Whatever it is, it comes to the one whose turn it is; dropped, it comes again.
                drop(delivery?.ok_or(QueueError::Closed(lane))?);
                watch.turn(Turn::Ours);
                services.metrics.course.takeovers.of(()).inc();
                return Ok(outcomes);
            }
            asked = ask_whose_turn(queue, instance) => asked?,
        }
    }
}

/// Outcomes that the broker hands over before they are acknowledged: what a predecessor's jobs came to has
/// room beside one's own.
pub fn prefetch(window: usize) -> NonZeroUsize {
    NonZeroUsize::new(2 * window + 4 * GROUP).expect("not zero")
}

/// Puts a probe into the lane, and waits until it is time for the next one. A lane that is full, or a
/// broker that is away, only delays it: whoever stands by listens meanwhile.
async fn ask_whose_turn(queue: &dyn Queue, instance: Instance) -> Result<(), QueueError> {
    match queue
        .publish(Lane::Outcomes(instance), probe(instance))
        .await
    {
        Err(error) if error.kind() == ErrorKind::Permanent => return Err(error),
        Err(error) => tracing::warn!(%error, "a probe was not published"),
        Ok(()) => {}
    }
    tokio::time::sleep(PROBE).await;
    Ok(())
}

/// Whether somebody listens on a lane, and goes on to. One that was killed a moment ago is still counted.
/// A broker that is away is asked until it is back.
async fn taken(queue: &dyn Queue, lane: Lane) -> Result<bool, QueueError> {
    let mut deadline = Instant::now() + LEAVING;
    loop {
        match queue.consumers(lane).await {
            Ok(0) => return Ok(false),
            Ok(_) if Instant::now() >= deadline => return Ok(true),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Permanent => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "the broker does not say who listens");
                deadline = Instant::now() + LEAVING;
            }
        }
        tokio::time::sleep(GLANCE).await;
    }
}

/// A message that says nothing: who receives it has the lane.
fn probe(instance: Instance) -> Message {
    Message::new(Digest::of(&instance.0), Vec::new()).with(PROBE_HEADER, "1")
}
