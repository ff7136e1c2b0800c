//! What is known of a fleet at a moment: runs and workers as the board shows them, and the depth of the
//! lanes.

use proto::queue::{Queue, QueueError};
use proto::store::{Board, StoreError};
use proto::topology::Lane;
use serde::{Deserialize, Serialize};
use worker::serve::{WORKERS, Worker, notes};

use crate::dispatch::Course;
use crate::pace::Rates;
use crate::run::Progress;

/// Section of the board with the runs that go on.
pub const RUNS: &str = "runs";

/// A run as the board shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// Episodes that the filled slots ask for.
    #[serde(default)]
    pub due: u64,
    /// Jobs asked for and not answered, by stage.
    #[serde(default)]
    pub in_flight: [u32; 4],
    /// Jobs answered a second, over the last minute.
    #[serde(default)]
    pub jobs_per_second: f64,
    /// Episodes a second, over the last minute.
    #[serde(default)]
    pub episodes_per_second: f64,
    /// How long it will take at this pace, if it can be told.
    #[serde(default)]
    pub seconds_left: Option<u64>,
    /// What models were paid, in cents; none where none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spent_cents: Option<u64>,
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
            due: 0,
            in_flight: [0; 4],
            jobs_per_second: 0.0,
            episodes_per_second: 0.0,
            seconds_left: None,
            spent_cents: None,
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
            due: progress.due,
            in_flight: progress.in_flight,
            ..self
        }
    }

    /// The run as it stands in `progress`, going at these rates.
    #[must_use]
    pub fn going(self, rates: Rates, progress: Progress) -> Self {
        let tenths = |rate: f64| (rate * 10.0).round() / 10.0;
        Self {
            jobs_per_second: tenths(rates.jobs),
            episodes_per_second: tenths(rates.episodes),
            seconds_left: rates.left(self.tasks, progress).map(|left| left.as_secs()),
            ..self
        }
    }
}

/// A run with the name its coordinator goes by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// Messages that wait for their time, after a retry.
    #[serde(default)]
    pub delayed: u64,
    /// Jobs that workers have in hand, about: what the runs wait for and does not lie in the lane. None
    /// for outcomes.
    #[serde(default)]
    pub in_hand: Option<u64>,
    /// Who listens.
    pub consumers: u32,
    /// Messages in its dead lane.
    pub dead: u64,
}

/// A fleet at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    // A note of another release that does not read is passed over.
    let runs = notes(board, RUNS).await?.read.into_iter();
    let runs: Vec<NamedRun> = runs
        .map(|(instance, note)| NamedRun { instance, note })
        .collect();
    let workers = notes(board, WORKERS).await?.read.into_iter();
    let outcomes = runs
        .iter()
        .filter_map(|run| run.instance.parse().ok().map(Lane::Outcomes));
    let mut lanes = Vec::new();
    for lane in Lane::JOBS.into_iter().chain(outcomes) {
        let (ready, delayed) = (queue.ready(lane).await?, queue.delayed(lane).await?);
        lanes.push(LaneDepth {
            lane: lane.to_string(),
            ready,
            delayed,
            in_hand: lane.stage().map(|stage| {
                let asked = runs.iter().map(|run| run.note.in_flight[stage as usize]);
                asked
                    .map(u64::from)
                    .sum::<u64>()
                    .saturating_sub(ready + delayed)
            }),
            consumers: queue.consumers(lane).await?,
            dead: queue.buried(lane).await?,
        });
    }
    Ok(Status {
        runs,
        workers: workers.map(|(_, worker)| worker).collect(),
        lanes,
    })
}
