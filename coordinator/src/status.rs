//! What is known of a fleet at a moment: runs and workers as the board shows them, and the depth of the
//! lanes.

use proto::queue::{Queue, QueueError};
use proto::store::{Board, StoreError};
use proto::topology::Lane;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use worker::serve::{WORKERS, Worker};

use crate::dispatch::Course;
use crate::run::Progress;

/// Section of the board with the runs that go on.
pub const RUNS: &str = "runs";

/// Dead letters that are counted; beyond, there are at least so many.
const COUNTED: usize = 1000;

/// A run as the board shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunNote {
    /// Its id.
    pub run: String,
    /// Its domain.
    pub domain: String,
    /// Slots of its plan, or of the part that its coordinator sees to.
    pub tasks: u32,
    /// Slots filled.
    pub settled: u32,
    /// Slots given up.
    pub exhausted: u32,
    /// Slots closed by a failed job.
    pub failed: u32,
    /// Candidates turned down.
    pub rejected: u64,
    /// Episodes done.
    pub rollouts: u64,
}

impl RunNote {
    /// A run that has not begun.
    pub fn new(course: &Course) -> Self {
        Self {
            run: course.run.to_string(),
            domain: course.plan.domain.clone(),
            tasks: course.plan.own_slots(),
            settled: 0,
            exhausted: 0,
            failed: 0,
            rejected: 0,
            rollouts: 0,
        }
    }

    /// The run, so far along.
    #[must_use]
    pub fn at(self, progress: Progress) -> Self {
        Self {
            settled: progress.settled,
            exhausted: progress.exhausted,
            failed: progress.failed,
            rejected: progress.rejected,
            rollouts: progress.rollouts,
            ..self
        }
    }
}

/// A run with the name its coordinator goes by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedRun {
    /// Instance.
    pub instance: String,
    /// What it tells.
    pub note: RunNote,
}

/// A lane at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneDepth {
    /// Its name.
    pub lane: String,
    /// Messages that wait.
    pub ready: u64,
    /// Who listens.
    pub consumers: u32,
    /// Messages in its dead lane, counted up to a thousand.
    pub dead: usize,
}

/// A fleet at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Runs that go on.
    pub runs: Vec<NamedRun>,
    /// Workers that live.
    pub workers: Vec<Worker>,
    /// Lanes of jobs, then those of the runs' outcomes.
    pub lanes: Vec<LaneDepth>,
}

/// Why the state of a fleet can't be had.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The board's.
    #[error(transparent)]
    Board(#[from] StoreError),
    /// The queue's.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// Looks at a fleet.
pub async fn look(queue: &dyn Queue, board: &dyn Board) -> Result<Status, StatusError> {
    let runs: Vec<NamedRun> = notes(board, RUNS)
        .await?
        .into_iter()
        .map(|(instance, note)| NamedRun { instance, note })
        .collect();
    let workers = notes(board, WORKERS).await?;
    let outcomes = runs
        .iter()
        .filter_map(|run| run.instance.parse().ok().map(Lane::Outcomes));
    let mut lanes = Vec::new();
    for lane in Lane::JOBS.into_iter().chain(outcomes) {
        lanes.push(LaneDepth {
            lane: lane.to_string(),
            ready: queue.ready(lane).await?,
            consumers: queue.consumers(lane).await?,
            dead: queue.dead(lane, COUNTED).await?.len(),
        });
    }
    Ok(Status {
        runs,
        workers: workers.into_iter().map(|(_, worker)| worker).collect(),
        lanes,
    })
}

/// The notes of a section; one of another release that does not read is passed over.
async fn notes<T: DeserializeOwned>(
    board: &dyn Board,
    section: &str,
) -> Result<Vec<(String, T)>, StoreError> {
    let notes = board.list(section).await?;
    let read = notes.into_iter().filter_map(|note| {
        serde_json::from_slice(&note.bytes)
            .inspect_err(
                |error| tracing::debug!(section, name = note.name, %error, "a note does not read"),
            )
            .ok()
            .map(|read| (note.name, read))
    });
    Ok(read.collect())
}
