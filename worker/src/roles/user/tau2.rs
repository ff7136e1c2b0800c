//! A language model as the simulated user, in the protocol of τ²-bench's users: free text, and a word in it
//! that stops the conversation.
//!
//! As there, the model sees the conversation with the roles turned round: the agent is its user, and speaks
//! first with a greeting; tools, their results and what is said beside calls are not seen. Whatever holds one of the stop words ends
//! the conversation, and nothing else that stands beside the word is said. As there, too, nobody compares
//! the word with what the agent did: the verdict looks at the world.
//!
//! Unlike there, an agent has the limits of every episode here (60 messages, where the benchmark counts 200 of
//! all sides; three calls in a row that are none), and does not see the greeting; the opening and the change of mind are the script's, and what the model says is held to the
//! script as every user's is (see [`super`]): a user that gives its secret away makes a task another one, and
//! its episode must not count for or against the agent.

use proto::record::{Endpoint, Message, Part, Role, Task, UserOutcome};

use super::heard::{Heard, without};
use super::{TRIES, Turn, context};
use crate::chat::models::Models;
use crate::chat::session::{Place, Session, Stop, Subject};
use crate::chat::{Finish, Request, ToolChoice};
use crate::dialogue::conversation::{Conversation, UserTurn};
use crate::domains::Domain;
use crate::language::fidelity::check_turn;
use crate::roles::prompts::{Prompt, PromptError, Prompts, USER_TAU2};

/// The benchmark's words by which a user stops.
const STOPS: [&str; 3] = ["###STOP###", "###TRANSFER###", "###OUT-OF-SCOPE###"];

/// What a user is told before anything is said.
#[derive(Debug)]
pub struct Instructions(Prompt);

impl Instructions {
    /// Over a task.
    ///
    /// # Errors
    /// When the plan's own prompt does not render.
    pub fn new(task: &Task, prompts: &Prompts) -> Result<Self, PromptError> {
        Ok(Self(prompts.prompt(USER_TAU2, &context(task))?))
    }
}

/// A model as the simulated user.
#[derive(Debug)]
pub struct Tau2User<'a> {
    session: Session<'a>,
    instructions: &'a Instructions,
    domain: &'a dyn Domain,
    task: &'a Task,
    opened: bool,
    heard: Heard<'a>,
    /// Whether the agent has declined something.
    refused: bool,
}

impl<'a> Tau2User<'a> {
    /// A user that has not spoken.
    pub fn new(
        session: (&'a Models, &'a Place, &'a Subject, &'a Endpoint),
        instructions: &'a Instructions,
        domain: &'a dyn Domain,
        task: &'a Task,
    ) -> Self {
        let (models, place, subject, endpoint) = session;
        let prompt = instructions.0.digest;
        Self {
            session: Session::new(models, place, subject, Role::User, endpoint, prompt),
            instructions,
            domain,
            task,
            opened: false,
            heard: Heard::new(domain, task),
            refused: false,
        }
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
        if !self.opened {
            self.opened = true;
            let opening = self.task.script.opening.clone();
            return Ok(Turn::Took(UserTurn::Say(opening)));
        }
        let heard = self.heard.take_in(conversation, false);
        self.refused |= heard.iter().any(|facts| facts.refusal.is_some());
        let mut messages = flipped(self.instructions.0.begin(), conversation.messages());
        let mut complaint = String::new();
        for regeneration in 0..TRIES {
            let request = Request {
                system: &self.instructions.0.system,
                messages: &messages,
                tools: &[],
                choice: ToolChoice::None,
                schema: None,
                seed: None,
            };
            let reply = match self.session.ask_within(&request, regeneration).await? {
                Ok(reply) => reply,
                Err(why) => return Ok(Turn::Fault(why)),
            };
            let fit = match reply.finish {
                Finish::Complete => self.fit(conversation, reply.text.trim()),
                Finish::Length => Err("it is cut short: say it in fewer words".to_owned()),
                Finish::Refused => Err("it declines to go on".to_owned()),
            };
            match fit {
                Ok(turn) => {
                    self.session.next_turn();
                    return Ok(Turn::Took(turn));
                }
                Err(why) => complaint = why,
            }
            // Of an empty reply there is nothing to show.
            if !reply.text.trim().is_empty() {
                messages.push(own(reply.text));
            }
            messages.push(self.instructions.0.again(&complaint));
        }
        Ok(Turn::Fault(format!(
            "{TRIES} unfit replies, lastly: {complaint}"
        )))
    }

    /// The turn that a reply stands for, or what is wrong with it.
    fn fit(&mut self, conversation: &Conversation<'_>, text: &str) -> Result<UserTurn, String> {
        if let Some(outcome) = self.stopped(text) {
            self.heard.check_changed(outcome)?;
            return Ok(UserTurn::End(outcome));
        }
        if text.is_empty() {
            return Err("it says nothing".to_owned());
        }
        let waits = self.heard.change();
        let change = waits.filter(|change| text.contains(&change.text));
        self.heard
            .check_time(change.is_some())
            .map_err(|complaint| match waits {
                Some(change) if !text.contains(&change.text) => {
                    format!("{complaint}, in these very words: {}", change.text)
                }
                _ => complaint,
            })?;
        // The script's own words for it are no slip, and the scorer knows the change by them.
        let rest = match change {
            Some(change) => without(text, &change.text),
            None => text.to_owned(),
        };
        if change.is_none() {
            self.heard.check_answer(text)?;
        }
        let moment = self.heard.moment(change.is_some());
        check_turn(self.domain, conversation.world(), self.task, &rest, &moment)?;
        self.heard.spoke(text);
        Ok(UserTurn::Say(text.to_owned()))
    }

    /// How the conversation ends, if a stop word stands in the reply. A user that stops after a no was
    /// turned down; one that lacks what it is asked for was led nowhere.
    fn stopped(&self, text: &str) -> Option<UserOutcome> {
        let first = STOPS.into_iter().find(|stop| text.contains(stop))?;
        Some(match first {
            "###TRANSFER###" => UserOutcome::Transferred,
            "###OUT-OF-SCOPE###" => UserOutcome::GaveUp,
            _ if self.refused => UserOutcome::Refused,
            _ => UserOutcome::Satisfied,
        })
    }
}

/// A conversation with the roles turned round, after what the agent is taken to have said before it.
fn flipped(greeting: Message, messages: &[Message]) -> Vec<Message> {
    let flip = |message: &Message| match message {
        Message::User { text } => Some(own(text.clone())),
        Message::Assistant { text, calls, .. } if !text.is_empty() && calls.is_empty() => {
            Some(Message::User { text: text.clone() })
        }
        Message::Assistant { .. } | Message::Tool { .. } => None,
    };
    std::iter::once(greeting)
        .chain(messages.iter().filter_map(flip))
        .collect()
}

fn own(text: String) -> Message {
    Message::Assistant {
        reasoning: String::new(),
        signed: None,
        text,
        calls: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
