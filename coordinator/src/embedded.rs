//! Coordinator and workers in one process, over the in-memory queue: the same code as a fleet.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use proto::queue::{MemoryQueue, MemorySettings, Queue, QueueError};
use proto::topology::Lane;
use tokio_util::sync::CancellationToken;
use worker::chat::models::Models;
use worker::domains::Domain;
use worker::executor::{self, Settings, Stop};
use worker::perform::InProcess;
use worker::process::metrics::Metrics;
use worker::worlds::Worlds;

use crate::archive::{Archive, new_run};
use crate::dispatch::{Carried, Course, Dispatch, DispatchError, GROUP, Options, Watch};
use crate::ledger::Ledger;

/// Who does the work.
#[derive(Debug, Clone)]
pub struct Crew {
    /// The domain over the run's world.
    pub domain: Arc<dyn Domain>,
    /// How many work at once.
    pub workers: usize,
    /// What is counted.
    pub metrics: Metrics,
    /// The way to models, where the plan has some.
    pub models: Option<Arc<Models>>,
    /// Where it is written down what asking them took.
    pub operations: PathBuf,
}

impl Crew {
    /// Jobs under way at once: those with a model wait for it most of the time.
    fn slots(&self) -> usize {
        match self.models {
            Some(_) => self.workers.max(CONVERSATIONS),
            None => self.workers,
        }
    }
}

/// Jobs under way at once in one process, where models are asked; their own limits are in the plan.
const CONVERSATIONS: usize = 64;

/// Carries a run out with a crew; comes back when it is finished, or stopped or out of money, and idle. With
/// `tasks`, the run only rolls out, on the tasks of that run.
pub async fn carry_out(
    course: &Course,
    crew: Crew,
    ledger: Ledger,
    tasks: Option<Arc<Archive>>,
    watch: &mut dyn Watch,
    stop: CancellationToken,
) -> Result<Carried, DispatchError> {
    let slots = crew.slots();
    let Crew {
        domain,
        workers,
        metrics,
        models,
        operations,
    } = crew;
    let options = Options {
        operations: Some(operations),
        ..Options::embedded(&*domain, 128.max(slots * 32), metrics.clone())
    };
    let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new(MemorySettings {
        capacity: options.window * 4,
        ..MemorySettings::default()
    }));
    let mut performer = InProcess::new(Worlds::only(domain), workers);
    if let Some(models) = models {
        performer = performer.asking(models);
    }
    let hands_off = Stop::default();
    let crew = tokio::spawn(executor::work(
        Arc::clone(&queue),
        Arc::new(performer),
        Settings::all_stages(NonZeroUsize::new(slots).unwrap_or(NonZeroUsize::MIN)),
        metrics.clone(),
        hands_off.clone(),
    ));
    let prefetch = NonZeroUsize::new(4 * GROUP).expect("not zero");
    let lane = Lane::Outcomes(options.instance);
    let mut outcomes = queue.subscribe(lane, prefetch).await?;
    let run = new_run(course, options.window);
    let dispatch = Dispatch::new(course, run, ledger, tasks, Arc::clone(&queue), options);
    let mut crew = std::pin::pin!(crew);
    let done = tokio::select! {
        done = dispatch.carry_out(&mut *outcomes, watch, stop) => done,
        // Without workers nothing would ever be answered.
        lost = &mut crew => return Err(lost_workers(lost)),
    };
    hands_off.drain.cancel();
    queue.close().await;
    match crew.await {
        Ok(Ok(())) => {}
        // Workers that lost the queue while it was being closed have nothing left to say.
        Ok(Err(error)) => tracing::debug!(%error, "the workers stopped"),
        Err(panic) => tracing::error!(%panic, "the workers' loop panicked"),
    }
    done
}

fn lost_workers(ended: Result<Result<(), QueueError>, tokio::task::JoinError>) -> DispatchError {
    match ended {
        Ok(Err(error)) => error.into(),
        Ok(Ok(())) => QueueError::Closed(Lane::Rollout).into(),
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}
