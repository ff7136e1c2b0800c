//! Who takes part in a conversation: simulated users and scripted agents.
//!
//! A participant sees what its real counterpart would see: a user the agent's words, an agent the
//! user's words and the tools' answers. Scripted agents know the task, since they exist to show that
//! it can be solved (gold) or can't be passed without solving it (the controls).

pub mod agenda;
pub mod agents;

use proto::seed::Seed;

use crate::dialogue::conversation::{AgentTurn, Conversation, Limits, Next, UserTurn};
use crate::dialogue::hearing::Hearing;
use crate::domains::{Domain, RestoreError};
use proto::record::{Ending, Message, Task, Verdict};

/// A simulated user.
pub trait User: Send {
    /// Speaks or takes leave; the conversation is its to answer.
    fn turn(&mut self, conversation: &Conversation<'_>) -> UserTurn;
}

/// An agent under test.
pub trait Agent: Send {
    /// Speaks or uses tools.
    fn turn(&mut self, conversation: &Conversation<'_>) -> AgentTurn;
}

/// A finished conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Finished {
    /// What was said and done.
    pub messages: Vec<Message>,
    /// How it ended.
    pub ending: Ending,
    /// State at the end.
    pub state: proto::ids::StateId,
    /// What it earned.
    pub verdict: Verdict,
}

/// Runs a conversation of two participants that need no waiting for.
pub fn converse(
    domain: &dyn Domain,
    task: &Task,
    user: &mut dyn User,
    agent: &mut dyn Agent,
    thorough: bool,
    hearing: Option<&Hearing>,
) -> Result<Finished, RestoreError> {
    let conversation = Conversation::new(domain, task, Limits::default(), thorough)?;
    let mut conversation = conversation.hearing(hearing);
    loop {
        match conversation.next() {
            Next::User => {
                let turn = user.turn(&conversation);
                conversation.user(turn);
            }
            Next::Agent => {
                let turn = agent.turn(&conversation);
                conversation.agent(turn);
            }
            Next::Over(_) => break,
        }
    }
    let (messages, ending, state, verdict) = conversation.finish();
    Ok(Finished {
        messages,
        ending,
        state,
        verdict,
    })
}

/// Runs `agent` against the agenda user with the user's seed number `user_seed`.
pub fn rehearse(
    domain: &dyn Domain,
    task: &Task,
    agent: &mut dyn Agent,
    user_seed: Seed,
    thorough: bool,
) -> Result<Finished, RestoreError> {
    let mut user = agenda::Agenda::new(domain, task, user_seed);
    converse(domain, task, &mut user, agent, thorough, None)
}

/// [`rehearse`] for one of many conversations over a domain, which share what they read of texts.
pub fn rehearse_with(
    domain: &dyn Domain,
    task: &Task,
    agent: &mut dyn Agent,
    user_seed: Seed,
    thorough: bool,
    hearing: &Hearing,
) -> Result<Finished, RestoreError> {
    let mut user = agenda::Agenda::new(domain, task, user_seed);
    converse(domain, task, &mut user, agent, thorough, Some(hearing))
}
