//! A task: the problem given to an agent, with what the simulated user knows and what is right.

use serde::{Deserialize, Serialize};

use crate::ids::{BaseId, IntentId, StateId, TaskId};

use super::intent::{Intent, Kind, PlannedCall, Question, Resolution, Scenario, Trigger};
use super::model::Part;
use super::proof::Proof;
use super::tool::Observation;

/// A state that can be restored: a base and what differs from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The base world.
    pub base: BaseId,
    /// The domain's encoding of the changed entities; empty for the base itself.
    pub delta: Vec<u8>,
    /// Digest of the state.
    pub state: StateId,
}

/// One call of a trajectory with what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The call.
    pub call: PlannedCall,
    /// What came back.
    pub observation: Observation,
    /// State after it.
    pub state: StateId,
    /// The goal it serves, as a place in the intent's goals; none for authentication.
    pub goal: Option<usize>,
}

/// Ordered calls with observations and state ids.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trajectory {
    /// Where it starts.
    pub start: Snapshot,
    /// What was done.
    pub steps: Vec<Step>,
}

impl Trajectory {
    /// State after the last step.
    pub fn end(&self) -> StateId {
        self.steps
            .last()
            .map_or(self.start.state, |step| step.state)
    }
}

/// The problem given to an agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Derived from run, slot and candidate; a twin's from its task's.
    pub id: TaskId,
    /// Name of the domain.
    pub domain: String,
    /// Slot of the plan that it fills.
    pub slot: u32,
    /// How the request is adapted.
    pub scenario: Scenario,
    /// Cell of the scenario's table.
    pub kind: Kind,
    /// Digest of start state, scenario, kind and resolved goals.
    pub intent_id: IntentId,
    /// What the user wants.
    pub intent: Intent,
    /// What the simulated user says and knows.
    pub script: UserScript,
    /// A trajectory that solves it, minimal.
    pub golden: Trajectory,
    /// What is right.
    pub expected: Expected,
    /// The task this one is the feasible twin of.
    pub twin_of: Option<TaskId>,
    /// Who rendered the texts, such as `template/1`.
    pub writer: String,
    /// Why it was admitted; none for a draft.
    pub proof: Option<Proof>,
    /// What models had to do with it, by role.
    pub parts: Vec<Part>,
}

/// What makes an episode right.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Expected {
    /// End states reached by the golden's legitimate reorderings.
    pub states: Vec<StateId>,
    /// Successful calls that must be there.
    pub required: Vec<PlannedCall>,
    /// Calls that must not succeed: from the switch on for a changed goal, ever for a blocked one.
    pub forbidden: Vec<Forbidden>,
    /// Answers that must be told.
    pub told: Vec<Question>,
    /// What must be resolved, and on what evidence.
    pub resolutions: Vec<ExpectedResolution>,
    /// What must be asked before it is fixed.
    pub asked: Vec<Asked>,
}

/// A call that must not succeed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forbidden {
    /// The call; an executed call matches when name and all arguments are equal.
    pub call: PlannedCall,
    /// Only counts once the user has spoken the change.
    pub after_change: bool,
}

/// A blocked goal's right ending.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpectedResolution {
    /// What the policy asks for.
    pub resolution: Resolution,
    /// The rule.
    pub rule: String,
    /// The class of reasons that names the rule in text (domain lexicon).
    pub reason: String,
    /// As in `Blocked::evidence`.
    pub evidence: Vec<Vec<PlannedCall>>,
}

/// A slot that must be asked for before a proposal or write of `tool` fixes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Name in the domain's slot lexicon.
    pub slot: String,
    /// The tool whose proposal or write would fix it.
    pub tool: String,
}

/// What the simulated user knows, says and accepts. All texts are rendered when the task is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserScript {
    /// Said when the agent asks who is there (or within the opening when the persona offers it).
    pub identity: String,
    /// How this user behaves.
    pub persona: Persona,
    /// The first message.
    pub opening: String,
    /// Goals in the order of `Intent::first`.
    pub goals: Vec<GoalScript>,
    /// The change of mind, if any.
    pub change: Option<ChangeScript>,
}

/// How a simulated user behaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Persona {
    /// Style of speech, a key of the writer: "plain", "chatty", "terse", "polite", "annoyed".
    pub style: String,
    /// Gives name and zip or email in the opening, not only when asked.
    pub introduces: bool,
    /// States one goal at a time, the next when the last is settled.
    pub one_at_a_time: bool,
    /// Pushes back once when refused.
    pub insistent: bool,
    /// How this person speaks, in a sentence or two of a model that wrote the script: no fact of the
    /// case. Empty where templates wrote.
    pub manner: String,
}

/// What the user says of one goal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GoalScript {
    /// Place in the intent's goals.
    pub goal: usize,
    /// The goal as stated when its turn comes, or stated again; leaks no hidden slot.
    pub say: String,
    /// Answers by slot.
    pub reveals: Vec<Reveal>,
}

/// An answer to a question for a slot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reveal {
    /// Slot asked for.
    pub slot: String,
    /// What the user says.
    pub text: String,
}

/// A change of mind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChangeScript {
    /// When it is spoken.
    pub trigger: Trigger,
    /// The goal whose proposal or report the trigger waits for: a place in the intent's goals.
    pub at: usize,
    /// What is said.
    pub text: String,
    /// Goals in force from then on, in the order of `Intent::last`; settled ones included.
    pub goals: Vec<GoalScript>,
}
