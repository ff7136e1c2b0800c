//! One conversation as a report shows it, as plain data.

use serde::Serialize;

use super::Fact;

/// How an episode came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It earned 1.
    Passed,
    /// It earned 0.
    Failed,
    /// It has no score.
    Quarantined,
}

impl Outcome {
    /// As written in reports.
    pub fn label(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Quarantined => "quarantined",
        }
    }
}

/// One conversation with all that is known of its task.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sample {
    /// Id of the episode.
    pub episode: String,
    /// Id of the task.
    pub task: String,
    /// Slot of the plan.
    pub slot: u32,
    /// The scenario; `twin` for a feasible twin.
    pub scenario: String,
    /// The cell of its table.
    pub kind: String,
    /// Whether solving it needs a write.
    pub write: bool,
    /// The task is the feasible twin of this one.
    pub twin_of: Option<String>,
    /// Who acted.
    pub agent: String,
    /// Which simulated user spoke.
    pub user: String,
    /// Index of the trial.
    pub trial: u32,
    /// How it came out.
    pub outcome: Outcome,
    /// How it ended.
    pub ending: String,
    /// The reward.
    pub reward: f64,
    /// The reward when a lucky guess counts.
    pub lenient: f64,
    /// Components of the reward with whether each is met.
    pub components: Vec<ComponentMark>,
    /// Procedural rules broken.
    pub violations: Vec<String>,
    /// What was said and done.
    pub turns: Vec<Turn>,
    /// What the user knows and hides.
    pub script: Script,
    /// What the user wants.
    pub goals: Vec<GoalSummary>,
    /// The calls that solve it.
    pub golden: Vec<GoldenStep>,
    /// Why the task was admitted.
    pub proof: Vec<CheckSummary>,
}

/// A component of the reward.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComponentMark {
    /// Which.
    pub name: String,
    /// Whether it is met.
    pub met: bool,
}

/// One entry of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "sort", rename_all = "snake_case")]
pub enum Turn {
    /// The simulated user speaks.
    User {
        /// What is said.
        text: String,
    },
    /// The agent speaks.
    Agent {
        /// What is said.
        text: String,
    },
    /// The agent uses a tool.
    Call(CallTurn),
}

/// A tool call with what came back and what it changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallTurn {
    /// Name of the tool.
    pub name: String,
    /// Arguments as indented JSON.
    pub arguments: String,
    /// Arguments on one line, shortened.
    pub brief: String,
    /// What came back, indented where it is JSON; none when the conversation ended before.
    pub result: Option<String>,
    /// Whether the tool refused.
    pub error: bool,
    /// Whether the tool changes the world.
    pub write: bool,
    /// What it changed.
    pub changes: Vec<StateChange>,
}

/// One field of the world that a call changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StateChange {
    /// The entity, such as `orders/#W100`.
    pub entity: String,
    /// Path of the field within it.
    pub field: String,
    /// Value before; none where the field is new.
    pub before: Option<String>,
    /// Value after; none where the field went away.
    pub after: Option<String>,
}

/// What the simulated user knows, says and hides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Script {
    /// How the user behaves.
    pub persona: Vec<Fact>,
    /// Who the user says they are.
    pub identity: String,
    /// The first message.
    pub opening: String,
    /// What is said of each goal held at the start.
    pub goals: Vec<ScriptGoal>,
    /// The change of mind.
    pub change: Option<ScriptChange>,
}

/// What the user says of one goal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScriptGoal {
    /// The goal as stated.
    pub say: String,
    /// Answers when asked, by slot.
    pub reveals: Vec<Fact>,
}

/// A change of mind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScriptChange {
    /// When.
    pub trigger: String,
    /// What is said.
    pub text: String,
    /// Goals from then on.
    pub goals: Vec<ScriptGoal>,
}

/// One wish in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GoalSummary {
    /// `write`, `question` or `blocked`.
    pub sort: String,
    /// The call, the question with its answer, or the rule with the resolution asked for.
    pub wish: String,
    /// Whether it is held at the start, at the end, or both: `first`, `last`, `always`.
    pub held: String,
    /// Its parts.
    pub slots: Vec<SlotSummary>,
}

/// One part of a wish.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SlotSummary {
    /// Name of the slot.
    pub name: String,
    /// Resolved value as JSON.
    pub value: String,
    /// Where the agent can have it from.
    pub source: String,
    /// Whether the user keeps a part of it back until asked.
    pub hidden: bool,
}

/// One call of the golden trajectory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GoldenStep {
    /// Name of the tool.
    pub name: String,
    /// Arguments on one line.
    pub arguments: String,
    /// Whether it changes the world.
    pub write: bool,
    /// State after it.
    pub state: String,
}

/// One check of a proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckSummary {
    /// The check, such as `P5 null`.
    pub name: String,
    /// What it holds, in a sentence.
    pub meaning: String,
    /// Scripted runs it rests on.
    pub trials: Vec<TrialSummary>,
    /// Controls that mean nothing here.
    pub not_applicable: Vec<String>,
}

/// One run of a scripted agent within a proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrialSummary {
    /// The scripted agent.
    pub agent: String,
    /// Number of the user's seed.
    pub seed: u32,
    /// What it earned.
    pub reward: u8,
    /// Digest of the conversation, shortened.
    pub conversation: String,
}
