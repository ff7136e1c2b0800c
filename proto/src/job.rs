//! Jobs: what the coordinator asks of a worker. A job is one stage over one candidate of one slot.

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, Hasher};
use crate::ids::{JobId, RunId};
use crate::record::{Cast, Exploration, Kind, Scenario, Snapshot, Task, WorldRef};
use crate::seed::Seed;

/// The stages, in the order of a candidate's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Stage {
    /// Base world and seed to a walk with goals.
    Explore,
    /// Walk and kind to task drafts.
    Synthesize,
    /// Draft to task with proof.
    Verify,
    /// Task, agent and trial to an episode.
    Rollout,
}

impl Stage {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Explore, Self::Synthesize, Self::Verify, Self::Rollout];

    /// As written in reports and ids.
    pub fn label(self) -> &'static str {
        match self {
            Self::Explore => "explore",
            Self::Synthesize => "synthesize",
            Self::Verify => "verify",
            Self::Rollout => "rollout",
        }
    }
}

/// What one slot of the plan asks for: a pure function of its index and the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cell {
    /// Index of the slot.
    pub slot: u32,
    /// The slot draws only people of this stratum.
    pub stratum: u32,
    /// Number of strata.
    pub strata: u32,
    /// How the request is adapted.
    pub scenario: Scenario,
    /// Cell of the scenario's table.
    pub kind: Kind,
    /// The goals asked for, in order.
    pub wants: Vec<Wanted>,
}

/// A goal asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wanted {
    /// A write with this tool.
    Write(String),
    /// A write with any other tool that the person's world affords: company for the first.
    AnyWrite,
    /// A question with a derived answer.
    Question,
    /// A wish that this rule blocks.
    Blocked(String),
}

/// What a stage works on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum StageInput {
    /// To explore.
    Explore,
    /// To synthesize from a walk.
    Synthesize(Box<Exploration>),
    /// To prove a draft and, for an infeasible one, its twin.
    Verify {
        /// The draft.
        task: Box<Task>,
        /// Its feasible twin.
        twin: Option<Box<Task>>,
    },
    /// To roll out.
    Rollout {
        /// The task.
        task: Box<Task>,
        /// The agent's name.
        agent: String,
        /// Which trial.
        trial: u32,
    },
}

impl StageInput {
    /// The stage it is for.
    pub fn stage(&self) -> Stage {
        match self {
            Self::Explore => Stage::Explore,
            Self::Synthesize(_) => Stage::Synthesize,
            Self::Verify { .. } => Stage::Verify,
            Self::Rollout { .. } => Stage::Rollout,
        }
    }

    /// The states that it starts from.
    pub fn starts(&mut self) -> Vec<&mut Snapshot> {
        match self {
            Self::Explore => Vec::new(),
            Self::Synthesize(walk) => std::iter::once(&mut walk.walk.start)
                .chain(&mut walk.twin)
                .collect(),
            Self::Verify { task, twin } => std::iter::once(task)
                .chain(twin)
                .map(|task| &mut task.golden.start)
                .collect(),
            Self::Rollout { task, .. } => vec![&mut task.golden.start],
        }
    }
}

/// One queue item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Derived from the rest.
    pub id: JobId,
    /// The run.
    pub run: RunId,
    /// The base world.
    pub world: WorldRef,
    /// Slot and what it asks for.
    pub cell: Cell,
    /// Which candidate of the slot.
    pub candidate: u16,
    /// Root of every random choice in it.
    pub seed: Seed,
    /// What to work on.
    pub input: StageInput,
    /// Who plays which role in it.
    pub cast: Cast,
    /// Start states whose changes lie in the snapshot store instead: places in [`StageInput::starts`], with
    /// the digests of the changes.
    pub apart: Vec<(u8, Digest)>,
}

/// What tells the rollouts of one candidate apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rollout<'a> {
    /// What stands for the agent: its name, with the settings of the models in the conversation
    /// ([`Cast::identity`]).
    pub agent: &'a str,
    /// Which trial.
    pub trial: u32,
    /// Over the twin rather than the task.
    pub twin: bool,
}

/// Id of a job: digest of run, stage, slot, candidate and parameters.
pub fn job_id(
    run: RunId,
    stage: Stage,
    slot: u32,
    candidate: u16,
    rollout: Option<Rollout<'_>>,
) -> JobId {
    let mut hasher = Hasher::new("t2t.job", 1);
    hasher
        .digest(&run.0)
        .text(stage.label())
        .number(u64::from(slot))
        .number(u64::from(candidate));
    if let Some(rollout) = rollout {
        hasher
            .text(rollout.agent)
            .number(u64::from(rollout.trial))
            .number(u64::from(rollout.twin));
    }
    JobId(hasher.finish())
}

/// Seed of a candidate: everything random about it descends from here.
pub fn candidate_seed(run: RunId, slot: u32, candidate: u16) -> Seed {
    Seed(run.0)
        .child("slot", u64::from(slot))
        .child("candidate", u64::from(candidate))
}
