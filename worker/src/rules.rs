//! Executable policy: every sentence that a call can break is a rule with a checker.
//!
//! [`procedural`] has the checkers that domains share.

pub mod procedural;

use proto::record::{Effect, PlannedCall};

use crate::dialogue::facts::{AgentFacts, UserFacts};
use crate::environment::Environment;

/// Who stops a breach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enforced {
    /// The tool answers with an error.
    Tool,
    /// Nobody: a careless agent can do it.
    PolicyOnly,
}

/// What a rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// A wish it forbids, whatever the way: makes infeasible tasks and forbidden calls.
    GoalBlocking,
    /// How to act: makes violation scores.
    Procedural,
}

/// One sentence of the policy with its checker.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Short, stable, unique in the domain: `cancel-pending-only`.
    pub id: &'static str,
    /// The sentence, as in the policy text.
    pub sentence: &'static str,
    /// Who stops a breach.
    pub enforced: Enforced,
    /// What it is about.
    pub sort: Sort,
    /// The class of reasons that names it in text (`Lexicon::reasons`); empty for procedural rules.
    pub reason: &'static str,
    /// Whether the call would break the rule in this situation.
    pub breaks: fn(&Situation<'_>) -> bool,
}

impl Rule {
    /// A rule that forbids a wish.
    pub fn blocking(
        id: &'static str,
        reason: &'static str,
        enforced: Enforced,
        sentence: &'static str,
        breaks: fn(&Situation<'_>) -> bool,
    ) -> Self {
        Self {
            id,
            sentence,
            enforced,
            sort: Sort::GoalBlocking,
            reason,
            breaks,
        }
    }

    /// A rule on how to act, which no tool enforces.
    pub fn procedural(
        id: &'static str,
        sentence: &'static str,
        breaks: fn(&Situation<'_>) -> bool,
    ) -> Self {
        Self {
            id,
            sentence,
            enforced: Enforced::PolicyOnly,
            sort: Sort::Procedural,
            reason: "",
            breaks,
        }
    }
}

/// What a rule looks at: a call about to be made and everything before it.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The world before the call.
    pub world: &'a dyn Environment,
    /// The call.
    pub call: &'a PlannedCall,
    /// What the tool does.
    pub effect: Effect,
    /// The person authenticated so far: the person found by the last successful find call.
    pub person: Option<&'a str>,
    /// Earlier successful calls.
    pub earlier: &'a [PlannedCall],
    /// How many calls the message holds.
    pub calls_in_message: usize,
    /// Whether the message holds text as well.
    pub text_beside: bool,
    /// The agent's last message in words before the call and the user's answer to it, as facts; none
    /// when the rules are checked on a bare trajectory.
    pub exchange: Option<(&'a AgentFacts, UserFacts)>,
}
