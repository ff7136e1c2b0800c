//! An episode: one conversation over a task, and its verdict.

use serde::{Deserialize, Serialize};

use crate::ids::{EpisodeId, StateId, TaskId};

use super::message::Message;
use super::model::Part;

/// One conversation of an agent with a simulated user over a task.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Episode {
    /// Derived from task, agent and trial.
    pub id: EpisodeId,
    /// The task.
    pub task: TaskId,
    /// Who acted, such as `gold` or `noisy:0.2`.
    pub agent: String,
    /// Which simulated user spoke: `agenda`.
    pub user: String,
    /// Index among the trials of this task and agent.
    pub trial: u32,
    /// What was said and done, the policy and tools apart.
    pub messages: Vec<Message>,
    /// How it ended.
    pub ending: Ending,
    /// State at the end.
    pub state: StateId,
    /// What it earned.
    pub verdict: Verdict,
    /// What models had to do with it, by role.
    pub parts: Vec<Part>,
}

/// How a conversation ended, and so whose fault it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// The user ended it.
    User(UserOutcome),
    /// The agent is answerable for the end.
    Agent(AgentFault),
    /// Not scored: the service behind a model failed.
    Infrastructure(String),
    /// Not scored: the simulated user broke its script.
    UserFault(String),
    /// Not scored: the model that judges gave no judgement.
    JudgeFault(String),
    /// Not scored: the tool server failed.
    Environment(String),
}

impl Ending {
    /// Whether the agent is answerable, so that the episode is scored.
    pub fn scored(&self) -> bool {
        matches!(self, Self::User(_) | Self::Agent(_))
    }

    /// Short label for reports.
    pub fn label(&self) -> String {
        match self {
            Self::User(outcome) => format!("user.{outcome:?}").to_lowercase(),
            Self::Agent(fault) => format!("agent.{}", fault.label()),
            Self::Infrastructure(_) => "infrastructure".to_owned(),
            Self::UserFault(_) => "user_fault".to_owned(),
            Self::JudgeFault(_) => "judge_fault".to_owned(),
            Self::Environment(_) => "environment".to_owned(),
        }
    }
}

/// How the user took leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserOutcome {
    /// Everything asked for was reported done or answered.
    Satisfied,
    /// At least one wish was refused, the rest was settled.
    Refused,
    /// Handed to a human.
    Transferred,
    /// Patience ran out.
    GaveUp,
}

/// What an agent can do to end a conversation badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AgentFault {
    /// Arguments that are no JSON object, after the allowed repeats.
    MalformedArguments,
    /// A tool that does not exist, after the allowed repeats.
    UnknownTool,
    /// An empty reply or one cut at its token limit, after two regenerations.
    EmptyReply,
    /// The model declined on grounds of content.
    ContentRefusal,
    /// The conversation outgrew the model's context.
    ContextOverflow,
    /// More turns than allowed.
    TurnLimit,
    /// More tool errors than allowed.
    ToolErrorLimit,
}

impl AgentFault {
    /// As written in reports.
    pub fn label(self) -> &'static str {
        match self {
            Self::MalformedArguments => "malformed_arguments",
            Self::UnknownTool => "unknown_tool",
            Self::EmptyReply => "empty_reply",
            Self::ContentRefusal => "content_refusal",
            Self::ContextOverflow => "context_overflow",
            Self::TurnLimit => "turn_limit",
            Self::ToolErrorLimit => "tool_error_limit",
        }
    }
}

/// A part of the reward; each is met or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// The end state is an expected one.
    State,
    /// Every required call succeeded.
    Required,
    /// No forbidden call succeeded.
    Forbidden,
    /// Every answer was told.
    Told,
    /// Every blocked goal was resolved as the policy asks, on evidence.
    Resolution,
    /// Every hidden slot was asked for before it was fixed.
    Clarification,
    /// Every statement put to the model that judges holds by most votes.
    Judge,
}

impl Component {
    /// As written in rows and reports.
    pub fn label(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Required => "required",
            Self::Forbidden => "forbidden",
            Self::Told => "told",
            Self::Resolution => "resolution",
            Self::Clarification => "clarification",
            Self::Judge => "judge",
        }
    }
}

/// What an episode earned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// 1.0 when every component of the task's basis is met, and that of a judge where there is one, else 0.0.
    pub reward: f64,
    /// The same without clarification: a lucky guess counts here.
    pub lenient: f64,
    /// The components in the task's basis, in order, with whether each is met.
    pub components: Vec<(Component, bool)>,
    /// Ids of procedural rules broken, one entry a breach; they do not touch the reward.
    pub violations: Vec<String>,
    /// What a model voted, statement by statement; empty without one that judges.
    pub judged: Vec<Judged>,
}

/// A statement about a conversation, and what a model that judges votes on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judged {
    /// The component that decides the same, or nearly, by exact means; none if nothing else does.
    pub beside: Option<Component>,
    /// The statement.
    pub statement: String,
    /// Whether it holds, vote by vote; an odd number of them.
    pub votes: Vec<bool>,
}

impl Judged {
    /// Votes that are for it.
    pub fn for_it(&self) -> usize {
        self.votes.iter().filter(|&&vote| vote).count()
    }

    /// Whether it holds by most votes.
    pub fn holds(&self) -> bool {
        self.for_it() * 2 > self.votes.len()
    }
}

impl Verdict {
    /// Whether it has earned anything, if only by a lucky guess.
    pub fn earned(&self) -> bool {
        self.reward > 0.0 || self.lenient > 0.0
    }

    /// The verdict with one more factor, what a model judged: it can take a reward away, and give none.
    #[must_use]
    pub fn judged(mut self, judged: Vec<Judged>) -> Self {
        let met = judged.iter().all(Judged::holds);
        self.components.push((Component::Judge, met));
        if !met {
            self.reward = 0.0;
            self.lenient = 0.0;
        }
        self.judged = judged;
        self
    }
}

impl Episode {
    /// Ends it in another way, which is not the agent's: it earns nothing, and is not scored.
    pub fn unscored(&mut self, ending: Ending) {
        debug_assert!(!ending.scored(), "{ending:?} is scored");
        self.ending = ending;
        self.verdict.reward = 0.0;
        self.verdict.lenient = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(votes: &[bool]) -> Judged {
        Judged {
            beside: None,
            statement: "It is so.".to_owned(),
            votes: votes.to_vec(),
        }
    }

    fn verdict(reward: f64) -> Verdict {
        Verdict {
            reward,
            lenient: 1.0,
            components: vec![(Component::State, reward > 0.5)],
            violations: Vec::new(),
            judged: Vec::new(),
        }
    }

    #[test]
    fn a_judge_takes_a_reward_away_and_gives_none() {
        let (yes, no) = (judged(&[true, false, true]), judged(&[true, false, false]));
        let earned = |reward, judged: &[&Judged]| {
            let verdict = verdict(reward).judged(judged.iter().map(|&one| one.clone()).collect());
            (verdict.reward, verdict.lenient, verdict.components[1])
        };
        assert_eq!(earned(1.0, &[&yes]), (1.0, 1.0, (Component::Judge, true)));
        assert_eq!(
            earned(1.0, &[&yes, &no]),
            (0.0, 0.0, (Component::Judge, false))
        );
        assert_eq!(earned(0.0, &[&yes]), (0.0, 1.0, (Component::Judge, true)));
    }
}
