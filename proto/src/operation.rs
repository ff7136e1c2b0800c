//! What a delivery of a job took: attempts, waits and latencies.
//!
//! Rows hold logical facts only. How often something was tried, by whom and for how long goes to the operations
//! of a run instead, beside the dataset. A worker that is killed tells nothing, and what others tell may come twice.

use serde::{Deserialize, Serialize};

use crate::job::{Job, Stage, StageInput};
use crate::record::{Money, Role, Usage};

/// One delivery of a job that asks models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Who did it: host and process.
    pub worker: String,
    /// The stage.
    pub stage: Stage,
    /// Slot of the plan.
    pub slot: u32,
    /// Candidate of the slot.
    pub candidate: u16,
    /// Of a rollout: which one.
    pub rollout: Option<Trial>,
    /// Which attempt of the job it was, from 1.
    pub attempt: u32,
    /// How many hand-overs ended unsettled before, as far as the queue knows.
    pub redeliveries: u32,
    /// When it began, in milliseconds since 1970.
    pub began: u64,
    /// How long it took, milliseconds.
    pub millis: u64,
    /// How it ended: `answered`, `handed back` and so on.
    pub ended: String,
    /// Requests that were sent, in the order of their ends; the first some thousand.
    pub requests: Vec<Sent>,
}

impl Operation {
    /// One that has not begun.
    pub fn of(job: &Job, worker: &str) -> Self {
        let rollout = match &job.input {
            StageInput::Rollout { task, agent, trial } => Some(Trial {
                agent: agent.clone(),
                trial: *trial,
                twin: task.twin_of.is_some(),
            }),
            _ => None,
        };
        Self {
            worker: worker.to_owned(),
            stage: job.input.stage(),
            slot: job.cell.slot,
            candidate: job.candidate,
            rollout,
            attempt: 1,
            redeliveries: 0,
            began: 0,
            millis: 0,
            ended: String::new(),
            requests: Vec::new(),
        }
    }
}

impl Operation {
    /// What its requests cost.
    pub fn cost(&self) -> Money {
        self.requests.iter().map(|sent| sent.cost).sum()
    }
}

/// Which rollout of a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// Agent under test.
    pub agent: String,
    /// Its trial.
    pub trial: u32,
    /// Whether it is over the twin.
    pub twin: bool,
}

/// One request to a model, sent once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// For which role.
    pub role: Role,
    /// Name of the model in the plan.
    pub model: String,
    /// In which turn of the role.
    pub turn: u32,
    /// Which reply to the same request, after others that could not be used.
    pub regeneration: u32,
    /// How often the request was sent, this time included.
    pub attempt: u32,
    /// When it was sent, in milliseconds since the delivery began.
    pub after: u64,
    /// How long it waited for leave before, milliseconds.
    pub waited: u64,
    /// How long it took, milliseconds.
    pub millis: u64,
    /// What it came to, as the metrics say: `ok`, `timeout` and so on.
    pub came: String,
    /// Tokens that the answer says it took.
    pub usage: Usage,
    /// What the request cost by the plan's prices; where the answer does not say, the most that it can have cost.
    pub cost: Money,
}
