//! Outcomes: what came of a job. One job has one outcome, however often it was delivered.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ids::JobId;
use crate::job::Stage;
use crate::operation::Operation;
use crate::record::{Check, Episode, Exploration, Money, Part, Task};

/// What came of one job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// The job.
    pub job: JobId,
    /// What came of it.
    pub result: StageResult,
}

impl Outcome {
    /// The outcome of a job that itself failed, by no fault of the candidate.
    pub fn failed(job: JobId, stage: Stage, error: impl Into<String>) -> Self {
        let error = error.into();
        Self {
            job,
            result: StageResult::Failed { stage, error },
        }
    }
}

/// What a worker tells of a job beside its one outcome; the job stays open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Notice {
    /// The worker can't come by the job's base world or a start state that it names: publish the job again with
    /// that in it.
    Missing {
        /// Digest of what is nowhere.
        snapshot: Digest,
    },
    /// A process of its own that did the job died, while its parent lives.
    Crashed {
        /// How often that has happened to the job, this time included.
        times: u32,
        /// How it died.
        how: String,
    },
    /// The run's budget has too little left for what the job asks next; the worker lets go of it.
    Spent {
        /// What calls that ended have cost.
        spent: Money,
        /// What the next one may cost.
        wanted: Money,
    },
    /// What a delivery of the job took, whatever came of it.
    Took(Box<Operation>),
}

impl Notice {
    /// The name of [`Notice::Took`].
    pub const TOOK: &'static str = "took";

    /// What it is called in a header.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Missing { .. } => "missing",
            Self::Crashed { .. } => "crashed",
            Self::Spent { .. } => "spent",
            Self::Took(_) => Self::TOOK,
        }
    }
}

/// What a stage made, or why it made nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum StageResult {
    /// A walk with goals.
    Explored(Box<Exploration>),
    /// A draft, and the twin of an infeasible one.
    Drafted {
        /// The draft.
        task: Box<Task>,
        /// Its feasible twin.
        twin: Option<Box<Task>>,
    },
    /// A task with its proof, and the proven twin of an infeasible one.
    Admitted {
        /// The task.
        task: Box<Task>,
        /// Its feasible twin.
        twin: Option<Box<Task>>,
    },
    /// An episode.
    Played(Box<Episode>),
    /// The candidate is turned down, for a reason.
    Rejected(Rejection),
    /// The job itself failed: a fault of the software, never of the candidate.
    Failed {
        /// The stage.
        stage: Stage,
        /// What went wrong.
        error: String,
    },
}

/// Why a candidate is turned down.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rejection {
    /// Which ground.
    pub reason: Reason,
    /// What exactly, in words.
    pub detail: String,
    /// What models had to do with it in this stage; with the stages before, their records say.
    pub parts: Vec<Part>,
}

impl Rejection {
    /// A rejection on this ground.
    pub fn new(reason: Reason, detail: impl Into<String>) -> Self {
        Self {
            reason,
            detail: detail.into(),
            parts: Vec::new(),
        }
    }

    /// After models had these parts in it.
    #[must_use]
    pub fn after(self, parts: Vec<Part>) -> Self {
        Self { parts, ..self }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.reason.label(), self.detail)
    }
}

/// Grounds for turning a candidate down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reason {
    /// No person tried has what the slot asks for.
    NotAfforded,
    /// The world has it, but a model that explored did not find it.
    Unexplored,
    /// The world gives no such change of mind.
    NoChange,
    /// The goals get in each other's way.
    Entangled,
    /// A proof does not hold.
    Unproven(Check),
    /// Another slot holds the same intent.
    Duplicate,
    /// The model that judges gave too few votes that can be read.
    Unjudged,
}

impl Reason {
    /// All grounds, in the order of reports.
    pub fn all() -> Vec<Self> {
        let mut all = vec![
            Self::NotAfforded,
            Self::Unexplored,
            Self::NoChange,
            Self::Entangled,
        ];
        all.extend(Check::ALL.map(Self::Unproven));
        all.extend([Self::Duplicate, Self::Unjudged]);
        all
    }

    /// As written in reports.
    pub fn label(self) -> String {
        match self {
            Self::NotAfforded => "not afforded".to_owned(),
            Self::Unexplored => "not found".to_owned(),
            Self::NoChange => "no such change".to_owned(),
            Self::Entangled => "entangled goals".to_owned(),
            Self::Unproven(check) => format!("unproven: {}", check.label()),
            Self::Duplicate => "duplicate".to_owned(),
            Self::Unjudged => "no verdict of the judge".to_owned(),
        }
    }

    /// A number that stays the same for ever, for the ledger.
    pub fn code(self) -> u16 {
        match self {
            Self::NotAfforded => 1,
            Self::NoChange => 2,
            Self::Entangled => 3,
            Self::Duplicate => 4,
            Self::Unexplored => 5,
            Self::Unjudged => 6,
            Self::Unproven(check) => 16 + check as u16,
        }
    }

    /// The ground with this number.
    pub fn from_code(code: u16) -> Option<Self> {
        Self::all().into_iter().find(|reason| reason.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_read_back() {
        for reason in Reason::all() {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
        }
    }
}
