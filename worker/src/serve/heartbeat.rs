//! What a worker tells of itself on the board: for `t2t status`, and for coordinators that have to know whether
//! anybody has work in hand.

use std::sync::Arc;
use std::time::Duration;

use proto::job::Stage;
use proto::store::{Board, StoreError};
use serde::{Deserialize, Serialize};

use crate::executor::Settings;
use crate::process::metrics::Metrics;
use crate::process::metrics::label::{Came, Ended, Slot};

/// Section of the board with the workers that live.
pub const WORKERS: &str = "workers";
/// How often the board hears of who lives.
pub const BEAT: Duration = Duration::from_secs(5);
/// How long who is not heard of counts as living.
pub const LIFE: Duration = Duration::from_secs(20);

/// A worker as the board shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worker {
    /// Host and process.
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
}

impl Worker {
    pub(super) fn new(name: &str, settings: &Settings) -> Self {
        Self {
            name: name.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            stages: settings
                .lanes
                .iter()
                .map(|lane| lane.name().to_owned())
                .collect(),
            slots: settings.slots.get() as u64,
            busy: 0,
            done: 0,
            retried: 0,
            failed: 0,
        }
    }
}

/// Who lives, as the board tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Living {
    /// Those whose notes read.
    pub workers: Vec<Worker>,
    /// Notes that do not: of workers of another release.
    pub unread: usize,
}

impl Living {
    /// Whether all of them are known to have nothing in hand. Of a board without any note nothing is known: it may
    /// have forgotten them.
    pub fn idle(&self) -> bool {
        let mut workers = self.workers.iter();
        !self.workers.is_empty() && self.unread == 0 && workers.all(|worker| worker.busy == 0)
    }
}

/// Who lives.
///
/// # Errors
/// The board's.
pub async fn living(board: &dyn Board) -> Result<Living, StoreError> {
    let mut living = Living::default();
    for note in board.list(WORKERS).await? {
        match serde_json::from_slice(&note.bytes) {
            Ok(worker) => living.workers.push(worker),
            Err(error) => {
                tracing::debug!(name = note.name, %error, "a note does not read");
                living.unread += 1;
            }
        }
    }
    Ok(living)
}

/// What all stages come to.
fn sum(count: impl Fn(Stage) -> u64) -> u64 {
    Stage::ALL.into_iter().map(count).sum()
}

/// Host and process, which tell workers of a fleet apart.
pub(super) fn name() -> String {
    let host = std::env::var("HOSTNAME").ok();
    let host = host
        .or_else(|| std::fs::read_to_string("/proc/sys/kernel/hostname").ok())
        .map_or_else(|| "host".to_owned(), |text| text.trim().to_owned());
    format!("{host}-{}", std::process::id())
}

/// Posts the worker again and again. A board that does not answer misses a beat.
pub(super) async fn keep(mut worker: Worker, metrics: Metrics, board: Arc<dyn Board>) {
    let mut beat = tokio::time::interval(BEAT);
    loop {
        beat.tick().await;
        let busy = metrics.work.slots.of((Slot::Busy,)).get();
        worker.busy = u64::try_from(busy).unwrap_or_default();
        let ended = |how| sum(|stage| metrics.work.finished.of((stage, how)).get());
        worker.done = ended(Ended::Answered);
        worker.retried = ended(Ended::Retried);
        worker.failed = sum(|stage| metrics.work.outcomes.of((stage, Came::Failed)).get());
        let note = serde_json::to_vec(&worker).expect("a worker is plain data");
        if let Err(error) = board.post(WORKERS, &worker.name, &note, LIFE).await {
            tracing::debug!(%error, "the board does not take the heartbeat");
        }
    }
}
