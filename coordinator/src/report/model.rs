//! What a report shows, as plain data in a stable order.

mod sample;

use serde::Serialize;

pub use sample::*;

/// A named value, printed as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl Fact {
    /// The value of `name`.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
        }
    }
}

/// A name with how often it was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    /// What was counted.
    pub name: String,
    /// How often.
    pub count: u64,
}

/// Everything that the report of a run shows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportModel {
    /// Which run it is.
    pub run: RunFacts,
    /// How much there is.
    pub counts: Counts,
    /// From candidates to settled tasks.
    pub funnel: Funnel,
    /// Per check and scripted agent what the proofs ran, in the order of the checks.
    pub controls: Vec<ControlRow>,
    /// Per scripted control and scenario, how often it means nothing, beside the ceiling.
    pub not_applicable: Vec<NotApplicableRow>,
    /// pass^k by agent, scenario and need of a write; agents by name, scenarios in their own order.
    pub pass: Vec<PassRow>,
    /// Differences between agents on the same tasks and trials.
    pub differences: Vec<DifferenceRow>,
    /// Procedural rules broken, by agent and rule.
    pub violations: Vec<ViolationRow>,
    /// How conversations ended, by agent.
    pub endings: Vec<EndingRow>,
    /// Language models by role and name; empty where none had a part.
    pub models: Vec<ModelRow>,
    /// What they cost together, as far as the plan has prices; none without any.
    pub cost: Option<String>,
    /// What a model that judges found, beside the scorer; empty where none judged.
    pub judged: Vec<JudgedRow>,
    /// What the tasks cover.
    pub coverage: Coverage,
    /// How long things are.
    pub lengths: Lengths,
    /// Figures on the variety of language; empty when they were not measured.
    pub variety: Vec<VarietyRow>,
    /// Conversations for the reader.
    pub samples: Vec<Sample>,
}

/// Which run it is. Nothing here depends on when or where it ran.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RunFacts {
    /// Id of the run.
    pub id: String,
    /// Name of the domain.
    pub domain: String,
    /// The base world in a few words, such as `generated, 1,000 orders`.
    pub world: String,
    /// Seed of the run.
    pub seed: String,
    /// Whether every slot of the plan was settled and every episode rolled out.
    pub complete: bool,
    /// Further settings worth showing.
    pub plan: Vec<Fact>,
}

/// How much there is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Tasks admitted, twins apart.
    pub tasks: u64,
    /// Feasible twins of infeasible tasks.
    pub twins: u64,
    /// Of the tasks, those that need a write.
    pub write_tasks: u64,
    /// Of the tasks, those that need none.
    pub no_write_tasks: u64,
    /// Episodes in all, twins' included.
    pub episodes: u64,
    /// Of the episodes, those whose agent is answerable for the ending.
    pub scored: u64,
    /// Of the episodes, those left out of every score.
    pub quarantined: u64,
    /// Runs of the controls over all proofs: the agents that must earn nothing.
    pub control_runs: u64,
    /// Of them, those that earned something on a task and, where it has one, on its twin.
    pub control_passes: u64,
    /// Runs of the gold agent over all proofs.
    pub gold_runs: u64,
    /// Of them, those that earned 1.
    pub gold_passes: u64,
}

/// From candidates to settled tasks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Funnel {
    /// Stages in order, the count of each at most that of the one before.
    pub stages: Vec<Count>,
    /// Why candidates fell out, the most frequent first.
    pub rejections: Vec<RejectionRow>,
    /// Slots that no candidate filled, with the reason of the last rejection and how many there are.
    pub exhausted: Vec<Count>,
}

/// Candidates that fell out for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RejectionRow {
    /// Stage that rejected.
    pub stage: String,
    /// Check that failed, or `-` for a stage without checks.
    pub check: String,
    /// Code of the reason.
    pub reason: String,
    /// How many.
    pub count: u64,
}

/// Runs of one scripted agent within one check of all proofs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ControlRow {
    /// The check, such as `P5 null`.
    pub check: String,
    /// The scripted agent; its parameters (after a colon) are folded together.
    pub agent: String,
    /// How often it ran.
    pub runs: u64,
    /// How often it earned 1.
    pub passes: u64,
    /// Whether earning 1 is right (the gold agent) or must never be (a control).
    pub must_pass: bool,
    /// A control that passes one task of a pair but fails the other shows nothing wrong: how often a
    /// pass was excused so.
    pub excused: u64,
    /// Whether every run earned what it must.
    pub holds: bool,
}

/// How often a control means nothing for the tasks of a scenario.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NotApplicableRow {
    /// The control.
    pub control: String,
    /// The scenario.
    pub scenario: String,
    /// Tasks for which it means nothing.
    pub count: u64,
    /// Tasks of the scenario.
    pub tasks: u64,
    /// The highest share allowed, from 0 to 1; none where nothing bounds it.
    pub ceiling: Option<f64>,
    /// Whether the share is within its ceiling.
    pub within: bool,
}

/// Which tasks of a scenario a figure is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Slice {
    /// All of them.
    All,
    /// Those that need a write.
    Write,
    /// Those that need none.
    NoWrite,
}

impl Slice {
    /// All of them, in the order of reports.
    pub const ALL: [Self; 3] = [Self::All, Self::Write, Self::NoWrite];

    /// As written in reports.
    pub fn label(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Write => "write",
            Self::NoWrite => "no write",
        }
    }
}

/// pass^k of one agent over the tasks of one scenario.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PassRow {
    /// The agent.
    pub agent: String,
    /// The scenario; `all` for the headline (twins left out), `twin` for the twins.
    pub scenario: String,
    /// Which of its tasks.
    pub slice: Slice,
    /// Tasks with an episode of this agent.
    pub tasks: u64,
    /// Trials of them; for infeasible tasks, of pairs.
    pub trials: u64,
    /// Trials without a score: one of their conversations was quarantined or is missing.
    pub quarantined: u64,
    /// Whether more than 2 % of the trials have no score.
    pub unreliable: bool,
    /// For k = 1, 2, … up to the number of trials.
    pub pass: Vec<PassAt>,
    /// pass^1 when a lucky guess counts; infeasible tasks still with their twins.
    pub lenient: Option<f64>,
    /// pass^1 of infeasible tasks without regard to their twins; none for other scenarios.
    pub unpaired: Option<f64>,
}

/// pass^k at one k, with its interval and its bounds; all figures from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PassAt {
    /// How many trials must all succeed.
    pub k: u32,
    /// Tasks with at least k scored trials, over which the figure is.
    pub tasks: u64,
    /// Mean of C(c,k)/C(n,k).
    pub mean: f64,
    /// Lower end of the 95 % bootstrap interval.
    pub low: f64,
    /// Upper end of it.
    pub high: f64,
    /// The figure if every trial without a score had failed.
    pub lower_bound: f64,
    /// The figure if every trial without a score had passed.
    pub upper_bound: f64,
}

/// Difference between two agents on the tasks and trials that both were scored on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DifferenceRow {
    /// The first agent.
    pub agent: String,
    /// The agent it is compared with.
    pub against: String,
    /// The scenario, or `all`.
    pub scenario: String,
    /// How many trials must all succeed.
    pub k: u32,
    /// Tasks with at least k trials in common.
    pub tasks: u64,
    /// Mean of pass^k of the first less that of the second, from -1 to 1.
    pub mean: f64,
    /// Lower end of the 95 % bootstrap interval.
    pub low: f64,
    /// Upper end of it.
    pub high: f64,
}

/// Breaches of one procedural rule by one agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ViolationRow {
    /// The agent.
    pub agent: String,
    /// Id of the rule.
    pub rule: String,
    /// Scored episodes with at least one breach.
    pub episodes: u64,
    /// Breaches.
    pub breaches: u64,
    /// Scored episodes of the agent.
    pub of: u64,
}

/// Conversations of one agent that ended in one way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndingRow {
    /// The agent.
    pub agent: String,
    /// How, such as `user.satisfied` or `agent.turn_limit`.
    pub ending: String,
    /// How many.
    pub count: u64,
    /// Episodes of the agent.
    pub of: u64,
}

/// What a language model had to do with tasks and episodes, or with candidates that fill no slot, in one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelRow {
    /// The role; with ", in no task" for what went into candidates that fill no slot.
    pub role: String,
    /// Its name in the plan.
    pub name: String,
    /// Replies that were used.
    pub replies: u64,
    /// Tokens of requests, cached ones included; of replies that were used or regenerated.
    pub input: u64,
    /// Of these, from the server's cache.
    pub cached: u64,
    /// Tokens of replies.
    pub output: u64,
    /// What they cost in dollars, at the plan's prices; none without prices.
    pub cost: Option<String>,
}

/// What a model that judges found in conversations, beside what the scorer found by exact means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct JudgedRow {
    /// The component of the scorer's that decides the same, or what nothing else decides.
    pub about: String,
    /// Conversations that were judged on it.
    pub episodes: u64,
    /// Of these, those in which it holds by most votes.
    pub holds: u64,
    /// Those in which the scorer finds it met; none where nothing else decides it.
    pub met: Option<u64>,
    /// Those in which both find the same.
    pub agree: Option<u64>,
}

/// What the tasks cover, twins left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Tasks whose golden uses a tool, by scenario.
    pub tools: Grid,
    /// Tasks that a goal-blocking rule makes infeasible, by rule.
    pub rules: Vec<Count>,
    /// Ambiguous tasks by the slot that is hidden.
    pub hidden: Vec<Count>,
    /// Changing tasks: what changes, by when.
    pub changes: Grid,
}

/// Counts by row and column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Grid {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Rows in order.
    pub rows: Vec<GridRow>,
}

/// One row of a grid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GridRow {
    /// Name of the row.
    pub name: String,
    /// One count a column.
    pub counts: Vec<u64>,
    /// How many in the whole row; tasks, so less than the sum where one counts in several columns.
    pub total: u64,
}

/// How long things are.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Lengths {
    /// Calls of the golden trajectories, twins left out.
    pub golden: Distribution,
    /// The same of a benchmark's tasks.
    pub benchmark: Option<Distribution>,
    /// What the agents' conversations took, by agent.
    pub episodes: Vec<EpisodeLengths>,
}

/// A distribution of small whole numbers.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Distribution {
    /// What it is of.
    pub name: String,
    /// How many values.
    pub count: u64,
    /// Their mean.
    pub mean: f64,
    /// Their median: the mean of the two in the middle of an even number.
    pub median: f64,
    /// The greatest.
    pub max: u32,
    /// Value and how often, ascending.
    pub bins: Vec<(u32, u64)>,
}

/// Lengths of one agent's conversations.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EpisodeLengths {
    /// The agent.
    pub agent: String,
    /// Turns of a conversation.
    pub turns: Distribution,
    /// Tool calls of a conversation.
    pub calls: Distribution,
}

/// A figure on the variety of language, beside that of texts written by people.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct VarietyRow {
    /// What is measured.
    pub name: String,
    /// The run's figure.
    pub ours: f64,
    /// The figure of the texts compared with.
    pub theirs: Option<f64>,
    /// What they are.
    pub beside: String,
}
