//! The light views of tasks and episodes that statistics are made from.

use proto::record::{Kind, Proof, Scenario, Task, Wish};

use super::entries::MAX_TRIALS;

/// Stages that a candidate goes through, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FunnelStage {
    /// A candidate was tried.
    Candidate,
    /// Exploration gave a trajectory.
    Explored,
    /// A draft was made of it.
    Drafted,
    /// Its proof holds.
    Admitted,
    /// It fills its slot.
    Settled,
}

impl FunnelStage {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [
        Self::Candidate,
        Self::Explored,
        Self::Drafted,
        Self::Admitted,
        Self::Settled,
    ];

    /// As written in reports.
    pub fn label(self) -> &'static str {
        match self {
            Self::Candidate => "candidates",
            Self::Explored => "explored",
            Self::Drafted => "drafted",
            Self::Admitted => "admitted",
            Self::Settled => "settled",
        }
    }
}

/// What the statistics look at in a task.
#[derive(Debug, Clone)]
pub struct TaskView<'a> {
    /// Place among all tasks and twins of the run; dense from 0, since entries are kept by it.
    pub index: u32,
    /// Index of the infeasible task this one is the twin of.
    pub twin_of: Option<u32>,
    /// The scenario.
    pub scenario: Scenario,
    /// The cell of its table.
    pub kind: &'a Kind,
    /// Whether solving it needs a write.
    pub write: bool,
    /// Tools of the golden trajectory, repeats allowed; their number is the golden length.
    pub tools: Vec<&'a str>,
    /// Ids of the goal-blocking rules in its way.
    pub rules: Vec<&'a str>,
    /// Its proof.
    pub proof: Option<&'a Proof>,
}

impl<'a> TaskView<'a> {
    /// The view of a task; `writes` tells which tools change the world.
    pub fn of(
        index: u32,
        twin_of: Option<u32>,
        task: &'a Task,
        writes: impl Fn(&str) -> bool,
    ) -> Self {
        let tools: Vec<&str> = task
            .golden
            .steps
            .iter()
            .map(|s| s.call.name.as_str())
            .collect();
        let rules = task
            .intent
            .goals
            .iter()
            .filter_map(|goal| match &goal.wish {
                Wish::Blocked(blocked) => Some(blocked.rule.as_str()),
                Wish::Write(_) | Wish::Question(_) => None,
            });
        Self {
            index,
            twin_of,
            scenario: task.scenario,
            kind: &task.kind,
            write: tools.iter().any(|tool| writes(tool)),
            tools,
            rules: rules.collect(),
            proof: task.proof.as_ref(),
        }
    }
}

/// What the statistics look at in an episode.
#[derive(Debug, Clone, Copy)]
pub struct EpisodeView<'a> {
    /// Index of its task.
    pub task: u32,
    /// The agent.
    pub agent: &'a str,
    /// Index of the trial, below [`MAX_TRIALS`].
    pub trial: u32,
    /// Whether the agent is answerable for the ending.
    pub scored: bool,
    /// The reward.
    pub reward: f64,
    /// The reward when a lucky guess counts.
    pub lenient: f64,
    /// Procedural rules broken, one entry a breach.
    pub violations: &'a [String],
    /// Messages of user and agent.
    pub turns: u32,
    /// Tool calls.
    pub calls: u32,
    /// How it ended, as `Ending::label` writes it.
    pub ending: &'a str,
}

/// An episode that cannot be counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatisticsError {
    /// Its task did not go by before it.
    #[error(
        "episode of `{agent}` over task {task}: that task is unknown; observe tasks before their episodes"
    )]
    UnknownTask {
        /// The agent.
        agent: String,
        /// Index of the task.
        task: u32,
    },
    /// Its trial has no bit.
    #[error(
        "episode of `{agent}` over task {task}: trial {trial} is past the limit of {MAX_TRIALS} trials; lower the plan's trials"
    )]
    TrialOutOfRange {
        /// The agent.
        agent: String,
        /// Index of the task.
        task: u32,
        /// The trial.
        trial: u32,
    },
    /// The same trial went by twice.
    #[error(
        "episode of `{agent}` over task {task}: trial {trial} was counted before; the ledger must hold an outcome once"
    )]
    Repeated {
        /// The agent.
        agent: String,
        /// Index of the task.
        task: u32,
        /// The trial.
        trial: u32,
    },
}
