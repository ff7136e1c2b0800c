//! A whole run in one process: the same coordinator and the same workers over the in-memory queue.

use std::sync::Arc;

use proto::queue::{MemoryQueue, MemorySettings, Queue};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use worker::domains::Domain;
use worker::executor;

use crate::archive::{Archive, new_run};
use crate::dispatch::{Course, Dispatch, DispatchError, Watch};
use crate::ledger::Ledger;
use crate::run::Run;

/// Carries a run out with `workers` workers; comes back when it is finished, or stopped and idle. With
/// `tasks`, the run only rolls out, on the tasks of that run.
pub async fn carry_out(
    course: &Course,
    domain: Arc<dyn Domain>,
    ledger: Ledger,
    workers: usize,
    tasks: Option<Arc<Archive>>,
    watch: &mut dyn Watch,
    stop: CancellationToken,
) -> Result<(Run, Ledger), DispatchError> {
    let window = 128.max(workers * 32);
    let settings = MemorySettings {
        capacity: window * 4,
        ..MemorySettings::default()
    };
    let queue: Arc<dyn Queue> = Arc::new(MemoryQueue::new(settings));
    let hands_off = CancellationToken::new();
    let mut crew = JoinSet::new();
    for _ in 0..workers {
        crew.spawn(executor::work(
            Arc::clone(&queue),
            Arc::clone(&domain),
            hands_off.clone(),
        ));
    }
    let dispatch =
        Dispatch::new(course, new_run(course, window), ledger, Arc::clone(&queue)).over(tasks);
    let done = dispatch.carry_out(watch, stop).await;
    hands_off.cancel();
    queue.close().await;
    while let Some(worker) = crew.join_next().await {
        match worker {
            Ok(Ok(())) => {}
            // A worker that lost the queue while it was being closed has nothing left to say.
            Ok(Err(error)) => tracing::debug!(%error, "worker stopped"),
            Err(panic) => tracing::error!(%panic, "worker loop panicked"),
        }
    }
    done
}
