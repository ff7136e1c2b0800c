//! What a worker tells of itself on the board: for `t2t status`, and for coordinators that have to know whether
//! anybody has work in hand.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::sync::Arc;
use std::time::Duration;

use proto::job::Stage;
use proto::store::{Board, StoreError};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::notes::notes;
use crate::executor::Settings;
use crate::process::metrics::Metrics;
use crate::process::metrics::label::{Came, Ended, Slot};

/// Section of the board with the workers that live.
pub const WORKERS: &str = "workers";
/// How often the board hears of who lives.
pub const BEAT: Duration = Duration::from_secs(5);
/// How long it may take to be taken off the board.
const LEAVING: Duration = Duration::from_secs(1);
/// How long who is not heard of counts as living.
pub const LIFE: Duration = Duration::from_secs(20);

/// A worker as the board shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Host and process, and what tells it from others of the same.
    pub name: String,
    /// Version of the program.
    pub version: String,
    /// Stages it does jobs of.
    pub stages: Vec<String>,
    /// Jobs it can have under way.
    pub slots: u64,
    /// Jobs it has under way.
    pub busy: u64,
    /// Jobs it has answered since it began.
    pub done: u64,
    /// Jobs it has given back to be tried again, since it began.
    #[serde(default)]
    pub retried: u64,
    /// Of the jobs it has answered, those that failed.
    #[serde(default)]
    pub failed: u64,
    /// Whether it was told to stop: it takes no more jobs, and finishes or gives back what it has.
    #[serde(default)]
    pub draining: bool,
}

impl Worker {
    /// One that has done nothing yet and does no jobs.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            stages: Vec::new(),
            slots: 0,
            busy: 0,
            done: 0,
            retried: 0,
            failed: 0,
            draining: false,
        }
    }

    pub(super) fn new(name: &str, settings: &Settings) -> Self {
        let lanes = settings.lanes.iter();
        Self {
            stages: lanes.map(|lane| lane.name().to_owned()).collect(),
            slots: settings.slots.get() as u64,
            ..Self::named(name)
        }
    }

    /// Tells of it for as long as `life`.
    ///
    /// # Errors
    /// The board's.
    pub async fn post(&self, board: &dyn Board, life: Duration) -> Result<(), StoreError> {
        let note = serde_json::to_vec(self).expect("a worker is plain data");
        board.post(WORKERS, &self.name, &note, life).await
    }
}

/// Whether all workers are known to have nothing in hand. Of a board without any note nothing is known, since it may
/// have forgotten them; nor is it of a worker of another release, whose note does not read.
///
/// # Errors
/// The board's.
pub async fn all_idle(board: &dyn Board) -> Result<bool, StoreError> {
    let workers = notes::<Worker>(board, WORKERS).await?;
    let mut read = workers.read.iter();
    let known = !workers.read.is_empty() && workers.unread == 0;
    Ok(known && read.all(|(_, worker)| worker.busy == 0))
}

/// What all stages come to.
fn sum(count: impl Fn(Stage) -> u64) -> u64 {
    Stage::ALL.into_iter().map(count).sum()
}

/// Host, process and four drawn digits: containers may share a host's name, and each has a process 1.
pub(super) fn name() -> String {
    let host = std::env::var("HOSTNAME").ok();
    let host = host
        .or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok())
        .map_or_else(|| "host".to_owned(), |text| text.trim().to_owned());
    let drawn = RandomState::new().build_hasher().finish() as u16;
    format!("{host}-{}-{drawn:04x}", std::process::id())
}

/// Posts the worker again and again, and once more as it begins to drain. A board that does not answer misses a
/// beat.
pub(super) async fn keep(
    mut worker: Worker,
    metrics: Metrics,
    board: Arc<dyn Board>,
    drain: CancellationToken,
) {
    let mut beat = tokio::time::interval(BEAT);
    loop {
        tokio::select! {
            _ = beat.tick() => {}
            () = drain.cancelled(), if !worker.draining => worker.draining = true,
        }
        let busy = metrics.work.slots.of((Slot::Busy,)).get();
        worker.busy = u64::try_from(busy).unwrap_or_default();
        let ended = |how| sum(|stage| metrics.work.finished.of((stage, how)).get());
        worker.done = ended(Ended::Answered);
        worker.retried = ended(Ended::Retried);
        worker.failed = sum(|stage| metrics.work.outcomes.of((stage, Came::Failed)).get());
        if let Err(error) = worker.post(&*board, LIFE).await {
            tracing::debug!(%error, "the board does not take the heartbeat");
        }
    }
}

/// Takes a worker that ends off the board. If that fails, it is forgotten there soon.
pub(super) async fn leave(name: &str, board: &dyn Board) {
    let left = timeout(LEAVING, board.withdraw(WORKERS, name)).await;
    if !matches!(left, Ok(Ok(()))) {
        tracing::debug!("the board does not take the leave");
    }
}
