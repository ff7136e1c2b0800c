//! A language model as the agent under test.

use std::borrow::Cow;

use proto::record::{Actor, AgentFault, CallForm, Ending, Endpoint, Part, Role, ToolSpec};
use serde_json::{Value as Json, json};

use super::prompts::{AGENT, AGENT_REACT, Prompt, PromptError, Prompts};
use super::react;
use crate::chat::models::Models;
use crate::chat::session::{Place, Session, Stop, Subject};
use crate::chat::{Finish, Reply, Request, ToolChoice};
use crate::dialogue::conversation::{AgentTurn, Conversation};
use crate::domains::Domain;

/// Replies to one request that may be empty or cut before that is the agent's fault: the first, and two
/// regenerations.
const TRIES: u32 = 3;

/// What an agent is told before anything is said: the same for every conversation over a domain.
#[derive(Debug)]
pub struct Briefing<'d> {
    prompt: Prompt,
    tools: Cow<'d, [ToolSpec]>,
}

impl<'d> Briefing<'d> {
    /// Over a domain, with tools called in text or by the protocol's means.
    ///
    /// # Errors
    /// When the plan's own prompt does not render.
    pub fn new(
        domain: &'d dyn Domain,
        in_text: bool,
        prompts: &Prompts,
    ) -> Result<Self, PromptError> {
        let tools = own_tools(domain);
        let name = if in_text { AGENT_REACT } else { AGENT };
        let context = json!({"policy": domain.policy(), "tools": described(&tools)});
        Ok(Self {
            prompt: prompts.prompt(name, &context)?,
            tools: if in_text { Cow::default() } else { tools },
        })
    }
}

/// The tools that whoever serves a customer has. A worker has a thousand conversations at once, and in most
/// domains nobody else has tools, so they are the domain's own and no copy of them.
pub(super) fn own_tools(domain: &dyn Domain) -> Cow<'_, [ToolSpec]> {
    let (all, own) = (domain.tools(), |tool: &&ToolSpec| {
        tool.actor == Actor::Assistant
    });
    if all.iter().all(|tool| own(&tool)) {
        return all.into();
    }
    all.iter().filter(own).cloned().collect()
}

/// Tools as a prompt tells of them.
pub(super) fn described(tools: &[ToolSpec]) -> Vec<Json> {
    let described = tools.iter().map(|tool| {
        json!({
            "name": tool.name,
            "description": tool.description,
            "parameters": tool.parameters.to_string(),
        })
    });
    described.collect()
}

/// What a model's turn came to.
#[derive(Debug)]
pub enum Turn {
    /// It spoke or used tools.
    Spoke(AgentTurn),
    /// It ended the conversation, by its own fault.
    Ended(Ending),
}

/// A model as the agent under test.
#[derive(Debug)]
pub struct ModelAgent<'a> {
    session: Session<'a>,
    briefing: &'a Briefing<'a>,
}

impl<'a> ModelAgent<'a> {
    /// An agent that has not spoken.
    pub fn new(
        models: &'a Models,
        place: &'a Place,
        subject: &'a Subject,
        endpoint: &'a Endpoint,
        briefing: &'a Briefing<'a>,
    ) -> Self {
        let role = Role::Agent;
        let digest = briefing.prompt.digest;
        let session = Session::new(models, place, subject, role, endpoint, digest);
        Self { session, briefing }
    }

    /// What it had to do with the episode.
    pub fn into_part(self) -> Part {
        self.session.into_part()
    }

    /// Its next turn.
    ///
    /// # Errors
    /// When it can't be asked now, or gives no reply.
    pub async fn turn(&mut self, conversation: &Conversation<'_>) -> Result<Turn, Stop> {
        let react = self.session.endpoint().form == CallForm::React;
        let written;
        let messages = if react {
            written = react::written(conversation.messages());
            &written
        } else {
            conversation.messages()
        };
        let request = Request {
            system: &self.briefing.prompt.system,
            messages,
            tools: &self.briefing.tools,
            choice: ToolChoice::Auto,
            schema: None,
            seed: None,
        };
        for regeneration in 0..TRIES {
            let Ok(reply) = self.session.ask_within(&request, regeneration).await? else {
                return Ok(Turn::Ended(Ending::Agent(AgentFault::ContextOverflow)));
            };
            if reply.finish == Finish::Refused {
                return Ok(Turn::Ended(Ending::Agent(AgentFault::ContentRefusal)));
            }
            let reply = if react { react::read(reply) } else { reply };
            if !reply.is_void() {
                self.session.next_turn();
                return Ok(Turn::Spoke(spoken(reply)));
            }
        }
        self.session.next_turn();
        Ok(Turn::Spoke(AgentTurn::default()))
    }
}

fn spoken(reply: Reply) -> AgentTurn {
    let said = !reply.text.trim().is_empty();
    AgentTurn {
        reasoning: reply.reasoning,
        signed: reply.signed,
        text: if said { reply.text } else { String::new() },
        calls: reply.calls,
    }
}
